// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// feast is an event of ours, next day.
func (t *fixture) feast(by *federation.Actor, name string) *federation.Object {
	o := note(by, name, t.now())
	o.Type, o.Name, o.Start, o.End = "Event", "Fête", t.now().Add(24*time.Hour), t.now().Add(26*time.Hour)
	t.objects(o)
	return o
}

func TestGuests(t *testing.T) {
	each(t, func(t *fixture) {
		amap := local("amap")
		t.actors(amap)
		o := t.feast(amap, "feast")
		zoe := &Guest{Event: o.ID, Name: "Zoé", Address: "Zoe@Example.org", Answer: GuestYes, Companions: 2}
		t.update(func(tx *Tx) error { return tx.PutGuest(t.ctx, zoe) })
		t.update(func(tx *Tx) error {
			g, err := tx.Guest(t.ctx, zoe.ID, zoe.Secret)
			if err != nil || g.Address != "zoe@example.org" || g.Companions != 2 || !federation.IsGuest(home, g.Guest) {
				t.Errorf("%+v %v", g, err)
			}
			if _, err := tx.Guest(t.ctx, zoe.ID, "guessed"); !errors.Is(err, federation.ErrNotFound) {
				t.Error("a wrong secret:", err)
			}
			if g, err := tx.Invited(t.ctx, o.ID, "ZOE@example.org"); err != nil || g.ID != zoe.ID {
				t.Error(g, err)
			}
			if _, err := tx.Invited(t.ctx, o.ID, ""); !errors.Is(err, federation.ErrNotFound) {
				t.Error("nobody has no address:", err)
			}
			if list, err := tx.Guests(t.ctx, o.ID); err != nil || len(list) != 0 {
				t.Error("listed before confirming", list, err)
			}
			return nil
		})
		if err := t.db.Update(t.ctx, func(tx *Tx) error {
			return tx.PutGuest(t.ctx, &Guest{Event: o.ID, Name: "Zoé", Address: "zoe@example.org", Answer: GuestYes})
		}); err == nil {
			t.Error("the same address twice")
		}

		// What waits is told of its place once there is one.
		zoe.Confirmed, zoe.Told, zoe.Remind = t.now(), GuestWaiting, true
		e := &federation.Edge{Kind: federation.Join, From: zoe.Guest, To: o.ID, Pending: true, Companions: 2}
		t.update(func(tx *Tx) error { return errors.Join(tx.PutGuest(t.ctx, zoe), tx.PutEdge(t.ctx, e)) })
		up := func() (n int) {
			t.update(func(tx *Tx) error {
				list, err := tx.GuestsMovedUp(t.ctx, 10)
				n = len(list)
				return err
			})
			return n
		}
		if up() != 0 {
			t.Error("told before there is a place")
		}
		e.Pending = false
		t.edge(e)
		if up() != 1 {
			t.Error("not told")
		}
		t.update(func(tx *Tx) error {
			if n, err := tx.Taken(t.ctx, o.ID); err != nil || n != 3 {
				t.Errorf("%d places taken, %v", n, err)
			}
			soon, err := tx.GuestsToRemind(t.ctx, t.now().Add(23*time.Hour), 10)
			late, err2 := tx.GuestsToRemind(t.ctx, t.now().Add(25*time.Hour), 10)
			if len(soon) != 0 || len(late) != 1 {
				t.Error("reminded", len(soon), len(late))
			}
			return errors.Join(err, err2)
		})

		// An account takes the row over, with its place.
		bob := local("bob")
		t.actors(bob)
		t.update(func(tx *Tx) error { return tx.TakeOver(t.ctx, zoe, bob.ID, "by") })
		t.view(func(tx *Tx) error {
			e, err := tx.Edge(t.ctx, federation.Join, bob.ID, o.ID)
			if err != nil || e.Companions != 2 || e.Pending {
				t.Errorf("%+v %v", e, err)
			}
			if n, _ := tx.Taken(t.ctx, o.ID); n != 3 {
				t.Error(n, "places taken")
			}
			_, err = tx.GuestNamed(t.ctx, zoe.Guest)
			if !errors.Is(err, federation.ErrNotFound) {
				t.Error("the guest is still there", err)
			}
			return nil
		})
	})
}

// Who came is nobody's business a month later.
func TestAnswersAreForgotten(t *testing.T) {
	each(t, func(t *fixture) {
		amap, bob := local("amap"), remote("b.example", "bob")
		t.actors(amap, bob)
		o, later, theirs := t.feast(amap, "feast"), t.feast(amap, "later"), note(bob, "theirs", t.now())
		later.Start, later.End = t.now().Add(90*24*time.Hour), t.now().Add(91*24*time.Hour)
		theirs.Type, theirs.Name, theirs.Start = "Event", "Fête", t.now().Add(24*time.Hour)
		t.objects(later, theirs)
		for n, id := range []federation.IRI{o.ID, later.ID} {
			t.update(func(tx *Tx) error {
				g := &Guest{Event: id, Name: "Zoé", Address: "zoe@example.org", Answer: GuestYes, Confirmed: t.now()}
				err := tx.PutGuest(t.ctx, g)
				return errors.Join(err, tx.PutEdge(t.ctx, &federation.Edge{Kind: federation.Join, From: g.Guest, To: id}),
					tx.PutEdge(t.ctx, &federation.Edge{Kind: federation.TentativeAccept, From: bob.ID, To: id}),
					tx.PutGuest(t.ctx, &Guest{Event: id, Name: "?", Address: fmt.Sprintf("x%d@example.org", n), Answer: GuestYes}))
			})
		}
		t.edge(&federation.Edge{Kind: federation.Join, From: amap.ID, To: theirs.ID})
		count := func(query string) (n int64) {
			t.view(func(tx *Tx) (err error) { n, err = tx.number(t.ctx, query); return err })
			return n
		}
		retain := func() {
			t.Helper()
			if _, err := t.db.Retention(t.ctx); err != nil {
				t.Fatal(err)
			}
		}
		t.advance(20 * 24 * time.Hour)
		retain()
		if guests, edges := count(`SELECT COUNT(*) FROM guests`), count(`SELECT COUNT(*) FROM edges`); guests != 2 || edges != 5 {
			t.Errorf("after 20 days: %d guests, %d answers", guests, edges)
		}
		t.advance(12 * 24 * time.Hour)
		retain()
		if guests, edges := count(`SELECT COUNT(*) FROM guests`), count(`SELECT COUNT(*) FROM edges WHERE target = '`+string(o.ID)+`'`); guests != 1 || edges != 0 {
			t.Errorf("after 32 days: %d guests, %d answers", guests, edges)
		}
		if edges := count(`SELECT COUNT(*) FROM edges`); edges != 3 {
			t.Errorf("%d answers to what is to come, and elsewhere", edges)
		}
	})
}
