// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
)

// Somebody on a server without a button to join replies to an event, gets a
// poll, and votes. What is sent here is what Mastodon sends.
func TestAnswerByPollFromAnotherServer(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		cafe := launch(t, "cafe", variant{database: fresh(t)})
		mastodon := newForeign(t, "127.0.0.2")
		form := repairForm(time.Now())
		form.Capacity = "1"
		o := cafe.invites(form)
		sends := func(who *stranger, document jsonDoc) {
			t.Helper()
			if a := who.send(cafe.Actor.Inbox, document); a.StatusCode != http.StatusAccepted {
				t.Fatalf("answered %d", a.StatusCode)
			}
			cafe.settle()
		}
		// What arrives at the peer for somebody: what was created, in order.
		got := func(who *stranger, kind string) (list []jsonDoc) {
			for _, p := range mastodon.received("Create") {
				d := p.doc()
				if n, ok := d["object"].(jsonDoc); ok && n["type"] == kind && strings.Contains(fmt.Sprint(n["to"]), string(who.ID)) {
					list = append(list, n)
				}
			}
			return list
		}
		asks := func(name string) (*stranger, jsonDoc) {
			t.Helper()
			who := mastodon.actor(name)
			for _, text := range []string{"Ça a l'air bien", "Je viens, oui"} {
				n := who.note("@cafe "+text, jsonDoc{
					"inReplyTo": o.ID, "cc": []federation.IRI{cafe.Actor.ID},
					"tag": []jsonDoc{{"type": "Mention", "href": cafe.Actor.ID, "name": "@cafe"}},
				})
				sends(who, who.says("Create", n, nil))
			}
			eventually(t, "a poll arrives", func() bool { return len(got(who, "Question")) > 0 })
			if all := got(who, "Question"); len(all) != 1 {
				t.Fatalf("%d polls", len(all))
			}
			return who, got(who, "Question")[0]
		}
		vote := func(who *stranger, poll jsonDoc, option string, n int) jsonDoc {
			id := fmt.Sprintf("%s#votes/%d", who.ID, n)
			return jsonDoc{
				"@context": "https://www.w3.org/ns/activitystreams", "id": id + "/activity", "type": "Create", "actor": who.ID, "to": cafe.Actor.ID,
				"object": jsonDoc{"id": id, "type": "Note", "name": option, "attributedTo": who.ID, "to": cafe.Actor.ID, "inReplyTo": poll["id"]},
			}
		}

		zoe, poll := asks("zoe")
		if e := cafe.edge(federation.Join, zoe.ID, o.ID); e != nil {
			t.Error("the words of a reply were interpreted")
		}
		if ends, _ := time.Parse(time.RFC3339, fmt.Sprint(poll["endTime"])); !ends.Equal(o.Start) {
			t.Errorf("it closes at %v", poll["endTime"])
		}
		var names []string
		for _, v := range poll["oneOf"].([]any) {
			names = append(names, fmt.Sprint(v.(jsonDoc)["name"]))
		}
		if fmt.Sprint(names) != "[Je viens Peut-être Je ne viens pas]" || poll["votersCount"] != float64(0) {
			t.Errorf("%v, %v voters", names, poll["votersCount"])
		}
		if to := fmt.Sprint(poll["to"], poll["cc"]); strings.Contains(to, "Public") || strings.Contains(to, "followers") {
			t.Errorf("the poll is for %s", to)
		}

		// It is there for the one who was asked.
		id := federation.IRI(fmt.Sprint(poll["id"]))
		if a := zoe.reads(id); a.StatusCode != http.StatusOK || !strings.Contains(string(a.Body), "Peut-être") {
			t.Errorf("the voter reads the poll: %d", a.StatusCode)
		}
		eve := mastodon.actor("eve")
		if a := eve.reads(id); a.StatusCode != http.StatusNotFound {
			t.Errorf("somebody else reads the poll: %d", a.StatusCode)
		}
		sends(eve, vote(eve, poll, "Je viens", 1))
		if e := cafe.edge(federation.Join, eve.ID, o.ID); e != nil {
			t.Error("somebody else voted")
		}

		sends(zoe, vote(zoe, poll, "Je viens", 1))
		if e := cafe.edge(federation.Join, zoe.ID, o.ID); e == nil || e.Pending {
			t.Fatalf("the vote is no answer: %+v", e)
		}
		if cafe.object(zoe.ID+"#votes/1") != nil {
			t.Error("the vote is kept as a post")
		}
		served := zoe.reads(o.ID).doc(t)
		if served["participantCount"] != float64(1) || served["remainingAttendeeCapacity"] != float64(0) {
			t.Errorf("served with %v, %v", served["participantCount"], served["remainingAttendeeCapacity"])
		}
		if n := zoe.reads(o.ID + "/attendees").doc(t)["totalItems"]; n != float64(1) {
			t.Errorf("%v attendees", n)
		}
		tally := mastodon.awaits("Update", id)["object"].(jsonDoc)
		if tally["votersCount"] != float64(1) {
			t.Errorf("%v voters", tally["votersCount"])
		}

		// No place is left for the next, until one is free.
		bob, second := asks("bob")
		sends(bob, vote(bob, second, "Je viens", 1))
		eventually(t, "it is said that they wait", func() bool { return len(got(bob, "Note")) == 1 })
		sends(zoe, vote(zoe, poll, "Je ne viens pas", 2))
		eventually(t, "it is said that there is a place", func() bool { return len(got(bob, "Note")) == 2 })
		if n := got(bob, "Note")[1]; !strings.Contains(fmt.Sprint(n["content"]), "vous avez une place") || n["inReplyTo"] != second["id"] {
			t.Errorf("%v", n)
		}
		if e := cafe.edge(federation.Join, bob.ID, o.ID); e == nil || e.Pending {
			t.Errorf("%+v", e)
		}

		// Nobody travels to what is called off: not who follows nobody here either.
		off := *cafe.object(o.ID)
		if err := outbox.Cancel(locale.New("fr"), &off, time.Now()); err != nil {
			t.Fatal(err)
		}
		cafe.publish(&federation.Activity{Type: federation.Update, Actor: cafe.Actor.ID, Enclosed: &off})
		mastodon.awaits("Update", o.ID)
		eventually(t, "it is said that it is cancelled", func() bool { return len(got(bob, "Note")) == 3 })
		if n := got(bob, "Note")[2]; !strings.Contains(fmt.Sprint(n["content"]), "est annulé") {
			t.Errorf("%v", n)
		}
	})
}
