// SPDX-License-Identifier: AGPL-3.0-or-later

package mail

import (
	"errors"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// A guest who waited hears of their place, once, and of the day before if they
// wish.
func TestGuestsAreTold(t *testing.T) {
	eachDesk(t, func(d *desk) {
		o := d.event("Repair café", d.now().Add(72*time.Hour))
		e := federation.EventOf(o)
		e.Capacity = 1
		more := *o
		more.Extra = nil
		e.Put(&more)
		d.update(func(tx *store.Tx) error {
			return outbox.PublishTx(d.ctx, tx, &federation.Activity{Type: federation.Update, Actor: d.initiative.ID, Enclosed: &more})
		})
		var first, second *store.Guest
		answer := func(g *store.Guest, want string) {
			d.Helper()
			d.update(func(tx *store.Tx) error {
				state, err := outbox.AnswerTx(d.ctx, tx, g)
				if state != want {
					d.Errorf("%s: %s, want %s", g.Name, state, want)
				}
				return err
			})
		}
		d.update(func(tx *store.Tx) error {
			first = &store.Guest{Event: o.ID, Name: "Zoé", Address: "zoe@example.org", Language: "fr", Answer: store.GuestYes, Confirmed: d.now()}
			second = &store.Guest{Event: o.ID, Name: "Bob", Address: "bob@example.org", Language: "en", Answer: store.GuestYes, Confirmed: d.now(), Remind: true}
			return errors.Join(tx.PutGuest(d.ctx, first), tx.PutGuest(d.ctx, second))
		})
		answer(first, store.GuestYes)
		answer(second, store.GuestWaiting)
		if l := d.write(); len(l) != 0 {
			t.Fatalf("%+v", l)
		}
		first.Answer = store.GuestNo
		answer(first, store.GuestNo)
		l := d.write()
		if len(l) != 1 || l[0].to != "bob@example.org" || !strings.Contains(l[0].body, "you have a place") || !strings.Contains(l[0].body, "/guest?") {
			t.Fatalf("%+v", l)
		}
		d.at = d.at.Add(47 * time.Hour)
		if l := d.write(); len(l) != 0 {
			t.Fatalf("too early: %+v", l)
		}
		d.at = d.at.Add(2 * time.Hour)
		if l = d.write(); len(l) != 1 || !strings.Contains(l[0].body, "asked for this reminder") || !strings.Contains(l[0].body, "Ferme du Moulin") {
			t.Fatalf("%+v", l)
		}
		if l := d.write(); len(l) != 0 {
			t.Fatalf("twice: %+v", l)
		}
	})
}
