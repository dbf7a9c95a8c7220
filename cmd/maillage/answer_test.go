// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// A member of one instance comes to the event of another: the organiser's
// server decides, and both know.
func TestAnswersBetweenInstances(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		cafe := launch(t, "cafe", variant{database: fresh(t)})
		amap := launch(t, "amap", variant{database: fresh(t)})
		amap.follow(amap.Actor, cafe.Actor.ID)
		form := repairForm(time.Now())
		form.Capacity = "1"
		o := cafe.invites(form)
		eventually(t, "the event arrives", func() bool { return amap.object(o.ID) != nil })
		ann, bob := amap.member("Person", "ann", false), amap.member("Person", "bob", false)
		answers := func(who *federation.Actor, verb string) {
			t.Helper()
			amap.publish(&federation.Activity{Type: verb, Actor: who.ID, Object: o.ID, To: []federation.IRI{cafe.Actor.ID}})
			settled(amap, cafe)
		}
		state := func(i *instance, who *federation.Actor) string {
			switch e := i.edge(federation.Join, who.ID, o.ID); {
			case e == nil:
				return "none"
			case e.Pending:
				return "waits"
			}
			return "comes"
		}
		both := func(who *federation.Actor, want string) {
			t.Helper()
			eventually(t, who.Username+" "+want+" on both sides", func() bool {
				return state(amap, who) == want && state(cafe, who) == want
			})
		}
		answers(ann, federation.Join)
		both(ann, "comes")
		answers(bob, federation.Join)
		both(bob, "waits")
		answers(ann, federation.Leave)
		both(ann, "none")
		both(bob, "comes") // the place became free
		answers(bob, federation.TentativeAccept)
		both(bob, "none")
		if e := cafe.edge(federation.TentativeAccept, bob.ID, o.ID); e == nil {
			t.Error("the organiser does not know that somebody comes perhaps")
		}
	})
}

// A member of one instance does something at the event of another: what is full
// is full, and both know who does it.
func TestSlotsBetweenInstances(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		cafe := launch(t, "cafe", variant{database: fresh(t)})
		amap := launch(t, "amap", variant{database: fresh(t)})
		amap.follow(amap.Actor, cafe.Actor.ID)
		form := repairForm(time.Now())
		form.Slots = []outbox.SlotForm{{Name: "Vaisselle", People: "1", From: "18:00", To: "20:00"}, {Name: "Accueil", People: "2"}}
		o := cafe.invites(form)
		eventually(t, "the event arrives", func() bool { return amap.object(o.ID) != nil })
		slots := federation.SlotsOf(amap.object(o.ID))
		if len(slots) != 2 || slots[0].Name != "Vaisselle" || slots[0].People != 1 || slots[0].End.IsZero() {
			t.Fatalf("a peer reads %+v", slots)
		}
		ann, bob := amap.member("Person", "ann", false), amap.member("Person", "bob", false)
		takes := func(who *federation.Actor, slots ...federation.IRI) {
			t.Helper()
			a := &federation.Activity{Type: federation.Join, Actor: who.ID, Object: o.ID, To: []federation.IRI{cafe.Actor.ID}}
			federation.WithSlots(a, slots)
			amap.publish(a)
			settled(amap, cafe)
		}
		has := func(who *federation.Actor, slot federation.Slot, want bool) {
			t.Helper()
			eventually(t, fmt.Sprint(who.Username, " has ", slot.Name, ": ", want, ", on both sides"), func() bool {
				here, there := amap.edge(federation.TakesSlot, who.ID, slot.ID), cafe.edge(federation.TakesSlot, who.ID, slot.ID)
				return (here != nil && !here.Pending) == want && (there != nil) == want
			})
		}
		takes(ann, slots[0].ID)
		has(ann, slots[0], true)
		takes(bob, slots[0].ID, slots[1].ID)
		has(bob, slots[0], false) // it is full
		has(bob, slots[1], true)
		takes(ann, slots[1].ID) // and no longer the other
		has(ann, slots[0], false)
		has(ann, slots[1], true)
		takes(bob, slots[0].ID)
		has(bob, slots[0], true)
		amap.publish(&federation.Activity{Type: federation.Leave, Actor: bob.ID, Object: o.ID, To: []federation.IRI{cafe.Actor.ID}})
		settled(amap, cafe)
		has(bob, slots[0], false)
	})
}

// Somebody elsewhere is invited to an event that nobody else may know of.
func TestInvitationsBetweenInstances(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		cafe := launch(t, "cafe", variant{database: fresh(t)})
		amap := launch(t, "amap", variant{database: fresh(t)})
		ann, bob := amap.member("Person", "ann", false), amap.member("Person", "bob", false)
		cafe.meets(ann.ID)
		form := repairForm(time.Now())
		form.Audience, form.JoinMode = "invited", "invite"
		o := cafe.invites(form)
		cafe.update(func(ctx context.Context, tx *store.Tx) error {
			_, err := outbox.InviteTx(ctx, tx, o, ann.ID)
			return err
		})
		eventually(t, "the invitation arrives", func() bool { return amap.edge(federation.Invite, ann.ID, o.ID) != nil })
		amap.view(func(ctx context.Context, tx *store.Tx) error {
			for who, want := range map[federation.IRI]bool{ann.ID: true, bob.ID: false, "": false} {
				if got, err := tx.MayRead(ctx, who, amap.object(o.ID)); err != nil || got != want {
					t.Errorf("%s reads it: %v %v", who, got, err)
				}
			}
			return nil
		})
		amap.publish(&federation.Activity{Type: federation.Join, Actor: ann.ID, Object: o.ID, To: []federation.IRI{cafe.Actor.ID}})
		settled(amap, cafe)
		eventually(t, "ann comes, on both sides", func() bool {
			here, there := amap.edge(federation.Join, ann.ID, o.ID), cafe.edge(federation.Join, ann.ID, o.ID)
			return here != nil && there != nil && !here.Pending && !there.Pending
		})
		if e := cafe.edge(federation.Invite, ann.ID, o.ID); e == nil || e.Pending {
			t.Errorf("the invitation is still open: %+v", e)
		}
	})
}
