// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// Seven doors, seven rows: an account here, a member of another instance,
// Mobilizon, Friendica, a vote from Mastodon, the link of a letter, an answer by
// mail. The eighth waits, until a place is free.
func TestSevenDoors(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		cafe := launch(t, "cafe", variant{database: fresh(t)})
		amap := launch(t, "amap", variant{database: fresh(t)})
		amap.follow(amap.Actor, cafe.Actor.ID)
		elsewhere := newForeign(t, "127.0.0.2")
		form := repairForm(time.Now())
		form.Capacity = "7"
		o := cafe.invites(form)
		eventually(t, "the event arrives", func() bool { return amap.object(o.ID) != nil })
		sends := func(who *stranger, document jsonDoc) {
			t.Helper()
			if a := who.send(cafe.Actor.Inbox, document); a.StatusCode != http.StatusAccepted {
				t.Fatalf("answered %d", a.StatusCode)
			}
			cafe.settle()
		}
		to := jsonDoc{"to": []federation.IRI{cafe.Actor.ID}}
		comes := func(id federation.IRI) string {
			switch e := cafe.edge(federation.Join, id, o.ID); {
			case e == nil:
				return "none"
			case e.Pending:
				return "waits"
			}
			return "comes"
		}

		ann, bob := cafe.member("Person", "ann", false), amap.member("Person", "bob", false)
		cafe.publish(&federation.Activity{Type: federation.Join, Actor: ann.ID, Object: o.ID, To: []federation.IRI{cafe.Actor.ID}})
		amap.publish(&federation.Activity{Type: federation.Join, Actor: bob.ID, Object: o.ID, To: []federation.IRI{cafe.Actor.ID}})
		settled(amap, cafe)
		eventually(t, "bob comes", func() bool { return comes(bob.ID) == "comes" })

		lea := elsewhere.actor("lea")
		sends(lea, lea.says("Join", o.ID, jsonDoc{"to": []federation.IRI{cafe.Actor.ID}, "participationMessage": "J'apporte un grille-pain"}))
		fred := elsewhere.actor("fred")
		sends(fred, fred.says("Accept", o.ID, to))
		zoe := elsewhere.actor("zoe")
		reply := zoe.note("@cafe je viens", jsonDoc{
			"inReplyTo": o.ID, "cc": []federation.IRI{cafe.Actor.ID}, "tag": []jsonDoc{{"type": "Mention", "href": cafe.Actor.ID, "name": "@cafe"}},
		})
		sends(zoe, zoe.says("Create", reply, nil))
		var poll jsonDoc
		eventually(t, "a poll arrives", func() bool {
			for _, p := range elsewhere.received("Create") {
				if n, ok := p.doc()["object"].(jsonDoc); ok && n["type"] == "Question" {
					poll = n
				}
			}
			return poll != nil
		})
		sends(zoe, jsonDoc{
			"@context": "https://www.w3.org/ns/activitystreams", "id": zoe.ID + "#votes/1/activity", "type": "Create", "actor": zoe.ID, "to": cafe.Actor.ID,
			"object": jsonDoc{"id": zoe.ID + "#votes/1", "type": "Note", "name": "Je viens", "attributedTo": zoe.ID, "to": cafe.Actor.ID, "inReplyTo": poll["id"]},
		})

		byLink, byMail := cafe.guest(o.ID, "max@example.org"), cafe.guest(o.ID, "eve@example.org")
		body := url.Values{"g": {fmt.Sprint(byLink.ID)}, "k": {byLink.Secret}, "do": {"confirm"}}.Encode()
		r := cafe.request(http.MethodPost, "/guest", []byte(body), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin", "Accept", "text/html")
		if a := cafe.do(r); a.StatusCode != http.StatusOK {
			t.Fatalf("the link of the letter: %d", a.StatusCode)
		}
		cafe.mailIn(byMail, outbox.EntryOf(o, "", time.UTC).UID, "ACCEPTED")
		for who, id := range map[string]federation.IRI{
			"an account": ann.ID, "another instance": bob.ID, "Mobilizon": lea.ID, "Friendica": fred.ID, "a vote": zoe.ID, "a link": byLink.Guest, "mail": byMail.Guest,
		} {
			if got := comes(id); got != "comes" {
				t.Errorf("%s: %s", who, got)
			}
		}

		gil := elsewhere.actor("gil")
		join := gil.says("Join", o.ID, to)
		sends(gil, join)
		if got := comes(gil.ID); got != "waits" {
			t.Errorf("the eighth %s", got)
		}
		sends(zoe, zoe.says("Join", o.ID, to)) // the same person by another door
		rows := func() (n int) {
			cafe.view(func(ctx context.Context, tx *store.Tx) error {
				list, err := tx.AllAnswers(ctx, o.ID)
				n = len(list)
				return err
			})
			return n
		}
		if n := rows(); n != 8 {
			t.Errorf("%d rows", n)
		}
		cafe.mailIn(byMail, outbox.EntryOf(o, "", time.UTC).UID, "DECLINED")
		cafe.settle()
		if got := comes(gil.ID); got != "comes" || rows() != 7 {
			t.Errorf("when a place is free the eighth %s, of %d", got, rows())
		}
		eventually(t, "the eighth is told", func() bool {
			for _, p := range elsewhere.received("Accept") {
				if strings.Contains(fmt.Sprint(p.doc()["object"]), fmt.Sprint(join["id"])) {
					return true
				}
			}
			return false
		})
	})
}

// guest is somebody who was sent a letter and has not confirmed.
func (i *instance) guest(event federation.IRI, address string) *store.Guest {
	i.t.Helper()
	g := &store.Guest{Event: event, Name: "Max", Address: address, Language: "fr", Answer: store.GuestYes}
	i.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutGuest(ctx, g) })
	return g
}

// mailIn hands an answer by mail to the command for a mail server's pipe.
func (i *instance) mailIn(g *store.Guest, uid, partstat string) {
	i.t.Helper()
	var to string
	i.update(func(ctx context.Context, tx *store.Tx) (err error) {
		if err := tx.PutSetting(ctx, outbox.RepliesTo, "reponses@cafe.example"); err != nil {
			return err
		}
		to, err = outbox.ReplyAddress(ctx, tx, g)
		return err
	})
	letter := "From: x@example.net\r\nTo: " + to + "\r\nContent-Type: text/calendar; method=REPLY; charset=utf-8\r\n\r\n" +
		"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\nUID:" + uid + "\r\nDTSTAMP:20260912T090000Z\r\n" +
		"DTSTART:20260912T100000Z\r\nORGANIZER:mailto:" + to + "\r\nATTENDEE;PARTSTAT=" + partstat + ":mailto:x@example.net\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	var out, errs bytes.Buffer
	if status := run(i.t.Context(), []string{"mail-in", "--database", i.config.Database}, func(string) string { return "" }, strings.NewReader(letter), &out, &errs); status != exitDone || !strings.Contains(errs.String(), "answer by mail") {
		i.t.Fatalf("mail-in: status %d\n%s%s", status, out.String(), errs.String())
	}
}
