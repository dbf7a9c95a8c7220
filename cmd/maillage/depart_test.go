// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// TestWhoLeavesTellsEverybody: an organiser who goes for good calls off what is
// to come, by every door, and frees the places they had with others.
func TestWhoLeavesTellsEverybody(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		box := newMailbox(t)
		cafe := launch(t, "cafe", variant{database: fresh(t), smtp: "smtp://" + box.address})
		amap := launch(t, "amap", variant{database: fresh(t)})
		foreign := newForeign(t, "127.0.0.4")

		// Others come to what the café organises: from here, from there, by a poll and
		// by mail.
		o := cafe.invites(repairForm(time.Now()))
		ann, bob := cafe.member("Person", "ann", false), amap.member("Person", "bob", false)
		cafe.publish(&federation.Activity{Type: federation.Join, Actor: ann.ID, Object: o.ID, To: []federation.IRI{cafe.Actor.ID}})
		amap.meets(cafe.Actor.ID)
		amap.reads(o.ID)
		amap.publish(&federation.Activity{Type: federation.Join, Actor: bob.ID, Object: o.ID, To: []federation.IRI{cafe.Actor.ID}})
		zoe := votes(t, cafe, foreign, o)
		cafe.update(func(ctx context.Context, tx *store.Tx) error {
			g := &store.Guest{Event: o.ID, Name: "Gisèle", Address: "gisele@guests.example", Language: "fr", Answer: store.GuestYes}
			if err := tx.PutGuest(ctx, g); err != nil {
				return err
			}
			_, err := outbox.AnswerTx(ctx, tx, g)
			return err
		})
		eventually(t, "everybody comes", func() bool {
			e := amap.edge(federation.Join, bob.ID, o.ID)
			return e != nil && !e.Pending && cafe.number("SELECT count(*) FROM edges WHERE kind = 'Join' AND pending = 0 AND target = "+cafe.quoted(string(o.ID))) == 4
		})

		// And it has the only place at the AMAP, where bob waits for one.
		form := repairForm(time.Now())
		form.Title, form.Capacity = "Bal des récoltes", "1"
		ball := amap.invites(form)
		cafe.meets(amap.Actor.ID)
		cafe.reads(ball.ID)
		cafe.publish(&federation.Activity{Type: federation.Join, Actor: cafe.Actor.ID, Object: ball.ID, To: []federation.IRI{amap.Actor.ID}})
		eventually(t, "the café has the place", func() bool {
			e := amap.edge(federation.Join, cafe.Actor.ID, ball.ID)
			return e != nil && !e.Pending
		})
		amap.publish(&federation.Activity{Type: federation.Join, Actor: bob.ID, Object: ball.ID, To: []federation.IRI{amap.Actor.ID}})
		if e := amap.edge(federation.Join, bob.ID, ball.ID); e == nil || !e.Pending {
			t.Fatalf("bob does not wait: %+v", e)
		}

		cafe.update(func(ctx context.Context, tx *store.Tx) error { return outbox.DepartTx(ctx, tx, cafe.Actor.ID) })

		eventually(t, "the guest gets a letter", func() bool { return box.holds("gisele@guests.example", "Annulé", "Repair café") })
		eventually(t, "the voter is told, by somebody who stays", func() bool {
			return created(foreign, func(n jsonDoc) bool {
				return strings.Contains(fmt.Sprint(n["to"]), string(zoe.ID)) && strings.Contains(fmt.Sprint(n["content"]), "est annulé") && n["attributedTo"] == string(outbox.InstanceActor(cafe.Origin))
			}) == 1
		})
		told := "Eventdeleted " + string(cafe.Actor.ID) + " " + string(o.ID)
		for who, i := range map[*federation.Actor]*instance{ann: cafe, bob: amap} {
			eventually(t, who.Username+" is told", func() bool { return count(i.notices(who.ID), told) == 1 })
		}
		eventually(t, "the other server knows that the café is gone", func() bool { return amap.knownActor(cafe.Actor.ID).Gone })
		eventually(t, "the place is bob's", func() bool {
			e := amap.edge(federation.Join, bob.ID, ball.ID)
			return e != nil && !e.Pending && amap.edge(federation.Join, cafe.Actor.ID, ball.ID) == nil
		})
		settled(cafe, amap)
		for _, i := range []*instance{cafe, amap} {
			if n := count(i.notices(map[*instance]federation.IRI{cafe: ann.ID, amap: bob.ID}[i]), told); n != 1 {
				t.Errorf("%s: %d notices are left when the actor is gone", i.Origin, n)
			}
		}
	})
}

// TestThePlaceOfWhoIsDeletedIsFree: a server that only says that an actor is no
// more says that they do not come.
func TestThePlaceOfWhoIsDeletedIsFree(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		cafe := launch(t, "cafe", variant{database: fresh(t)})
		foreign := newForeign(t, "127.0.0.4")
		form := repairForm(time.Now())
		form.Capacity = "1"
		o := cafe.invites(form)
		mia, ann := foreign.actor("mia"), cafe.member("Person", "ann", false)
		mia.send(cafe.Actor.Inbox, mia.says("Join", o.ID, jsonDoc{"to": []federation.IRI{cafe.Actor.ID}}))
		eventually(t, "mia comes", func() bool {
			e := cafe.edge(federation.Join, mia.ID, o.ID)
			return e != nil && !e.Pending
		})
		cafe.publish(&federation.Activity{Type: federation.Join, Actor: ann.ID, Object: o.ID, To: []federation.IRI{cafe.Actor.ID}})
		foreign.publishAs(mia.Path, "application/activity+json", 410, jsonDoc{"id": mia.ID, "type": "Tombstone"})
		mia.send(cafe.Actor.Inbox, mia.says("Delete", mia.ID, jsonDoc{"to": []federation.IRI{federation.Public}}))
		eventually(t, "ann has the place", func() bool {
			e := cafe.edge(federation.Join, ann.ID, o.ID)
			return e != nil && !e.Pending
		})
	})
}
