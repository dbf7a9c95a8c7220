// SPDX-License-Identifier: AGPL-3.0-or-later

package mail

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// comer is a member who comes to an event and wants to be reminded so.
func (d *desk) comer(name, remind string, o *federation.Object) *store.Account {
	d.Helper()
	keys, err := outbox.NewKeyPairs()
	if err != nil {
		d.Fatal(err)
	}
	var a *store.Account
	d.update(func(tx *store.Tx) error {
		p, err := outbox.NewActor(d.ctx, tx, outbox.ActorSpec{Type: "Person", Username: "p-" + name, Name: name, Keys: keys})
		if err != nil {
			return err
		}
		a = &store.Account{Name: name, Email: name + "@example.org", Role: store.RoleMember, Person: p.ID, Locale: "fr", Notify: store.MailNone}
		if err := tx.AddAccount(d.ctx, a); err != nil {
			return err
		}
		a.Remind = remind
		join := &federation.Activity{Type: federation.Join, Actor: p.ID, Object: o.ID, To: []federation.IRI{o.AttributedTo}}
		return errors.Join(tx.UpdateAccount(d.ctx, a), outbox.PublishTx(d.ctx, tx, join))
	})
	return a
}

// reminded counts the reminders that an account was given and has not read, and
// reads them.
func (d *desk) reminded(a *store.Account) (n int) {
	d.Helper()
	d.update(func(tx *store.Tx) error {
		list, _, err := tx.NoticesOf(d.ctx, a.Person, store.NoticeQuery{Kinds: []string{"Remind"}, Unread: true}, "", 10)
		n = len(list)
		return errors.Join(err, tx.ReadNotices(d.ctx, a.Person, d.now()))
	})
	return n
}

func (d *desk) change(o *federation.Object, alter func(*federation.Object, *federation.Event)) {
	d.Helper()
	d.update(func(tx *store.Tx) error {
		old, err := tx.Object(d.ctx, o.ID)
		if err != nil {
			return err
		}
		now := *old
		e := federation.EventOf(old)
		now.Extra = nil
		alter(&now, &e)
		e.Put(&now)
		return outbox.PublishTx(d.ctx, tx, &federation.Activity{Type: federation.Update, Actor: d.initiative.ID, Enclosed: &now})
	})
}

func TestMembersAreReminded(t *testing.T) {
	eachDesk(t, func(d *desk) {
		o := d.event("Repair café", d.now().Add(72*time.Hour))
		both, mute := d.comer("both", "day hours mail", o), d.comer("mute", "", o)
		chose, never := d.comer("chose", "", o), d.comer("never", "day mail", o)
		d.update(func(tx *store.Tx) error {
			return errors.Join(tx.SetRemindChoice(d.ctx, chose.Person, o.ID, store.RemindDay), tx.SetRemindChoice(d.ctx, never.Person, o.ID, store.RemindNever))
		})
		wants := func(when string, letters int, counts map[*store.Account]int) {
			t.Helper()
			l := d.write()
			if len(l) != letters || letters > 0 && (l[0].to != "both@example.org" || !strings.Contains(l[0].body, "Repair")) {
				t.Errorf("%s: %+v", when, l)
			}
			for a, want := range counts {
				if n := d.reminded(a); n != want {
					t.Errorf("%s: %s was reminded %d times, want %d", when, a.Name, n, want)
				}
			}
		}
		wants("early", 0, map[*store.Account]int{both: 0, chose: 0})
		d.at = d.at.Add(49 * time.Hour)
		wants("the day before", 1, map[*store.Account]int{both: 1, chose: 1, mute: 0, never: 0})
		wants("again", 0, map[*store.Account]int{both: 0, chose: 0})
		d.change(o, func(o *federation.Object, _ *federation.Event) {
			o.Start, o.End = o.Start.Add(48*time.Hour), o.End.Add(48*time.Hour)
		})
		wants("moved", 0, map[*store.Account]int{both: 0})
		d.at = d.at.Add(48 * time.Hour)
		wants("the day before the new date", 1, map[*store.Account]int{both: 1, chose: 1})
		d.at = d.at.Add(22 * time.Hour)
		wants("two hours before", 1, map[*store.Account]int{both: 1, chose: 0})

		off := d.event("Annulé", d.now().Add(72*time.Hour))
		late := d.comer("late", "day mail", off)
		d.change(off, func(_ *federation.Object, e *federation.Event) { e.Status = federation.EventCancelled })
		d.at = d.at.Add(49 * time.Hour)
		wants("called off", 0, map[*store.Account]int{late: 0})
		soon := d.event("Tout de suite", d.now().Add(20*time.Hour))
		hasty := d.comer("hasty", "day mail", soon)
		wants("answered the day before", 0, map[*store.Account]int{hasty: 0})
	})
}

// Two processes remind once.
func TestRemindersAreGivenOnce(t *testing.T) {
	eachDesk(t, func(d *desk) {
		o := d.event("Repair café", d.now().Add(72*time.Hour))
		d.comer("ann", "day mail", o)
		d.at = d.at.Add(49 * time.Hour)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if err := d.writer.reminders(d.ctx); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		d.send()
		if l := d.sink.take(); len(l) != 1 {
			t.Errorf("%+v", l)
		}
	})
}
