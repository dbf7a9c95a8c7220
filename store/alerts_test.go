// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// told lists what alerts are held against now, and notes that they were.
func (f *fixture) told() (all []string) {
	f.Helper()
	f.update(func(tx *Tx) error {
		n, err := tx.News(f.ctx)
		if err != nil || n == nil {
			return err
		}
		err = n.Each(func(o *federation.Object, a *Alert) error {
			all = append(all, fmt.Sprintf("%d %s", a.ID, o.Name))
			return nil
		})
		return errors.Join(err, tx.Told(f.ctx, n))
	})
	return all
}

func TestAlertsAreHeldAgainstWhatComesOnce(t *testing.T) {
	each(t, func(t *fixture) {
		amap, bob := local("amap"), remote("b.example", "bob")
		t.actors(amap, bob)
		ann := t.account(&Account{Name: "ann", Person: amap.ID})
		t.objects(offer(bob, "before", "offer", t.now(), nil))
		var first, again Alert
		t.update(func(tx *Tx) error {
			first = Alert{Account: ann.ID, Words: "pain"}
			again = first
			err := tx.AddAlert(t.ctx, &first)
			return errors.Join(err, tx.AddAlert(t.ctx, &again))
		})
		if first.ID != again.ID || first.ID == 0 {
			t.Errorf("the same alert twice: %d and %d", first.ID, again.ID)
		}
		private := offer(bob, "private", "offer", t.now(), nil)
		private.To, private.Cc = []federation.IRI{amap.ID}, nil
		t.objects(offer(bob, "bread", "offer", t.now(), nil), private, note(bob, "chat", t.now()))
		t.set(t.now().Add(time.Minute))
		if got := fmt.Sprint(t.told()); got != fmt.Sprintf("[%d bread]", first.ID) {
			t.Errorf("told %s", got)
		}
		if got := t.told(); len(got) != 0 {
			t.Errorf("told again: %v", got)
		}
		t.update(func(tx *Tx) error { return tx.PauseAlert(t.ctx, ann.ID, first.ID, true) })
		t.objects(offer(bob, "meanwhile", "request", t.now(), nil))
		t.set(t.now().Add(time.Minute))
		if got := t.told(); len(got) != 0 {
			t.Errorf("told while paused: %v", got)
		}
		t.update(func(tx *Tx) error { return tx.PauseAlert(t.ctx, ann.ID, first.ID, false) })
		t.objects(offer(bob, "after", "request", t.now(), nil))
		t.set(t.now().Add(time.Minute))
		if got := fmt.Sprint(t.told()); got != fmt.Sprintf("[%d after]", first.ID) {
			t.Errorf("told %s", got)
		}
	})
}

func TestAlertsAreOfOneAccountAndBounded(t *testing.T) {
	each(t, func(t *fixture) {
		amap, bob := local("amap"), local("bob")
		t.actors(amap, bob)
		ann, eve := t.account(&Account{Name: "ann", Person: amap.ID}), t.account(&Account{Name: "eve", Person: bob.ID})
		near := &federation.Point{Latitude: 44.75, Longitude: 5.37}
		t.update(func(tx *Tx) error {
			for i := range MaxAlerts {
				if err := tx.AddAlert(t.ctx, &Alert{Account: ann.ID, Words: fmt.Sprint(i), Near: near, RadiusKm: 10}); err != nil {
					return err
				}
			}
			if err := tx.AddAlert(t.ctx, &Alert{Account: ann.ID, Words: "more"}); !errors.Is(err, federation.ErrConflict) {
				t.Errorf("one too many: %v", err)
			}
			list, err := tx.Alerts(t.ctx, ann.ID)
			if err != nil || len(list) != MaxAlerts || *list[0].Near != *near || list[0].RadiusKm != 10 {
				t.Fatalf("%d alerts, %v", len(list), err)
			}
			if err := tx.PauseAlert(t.ctx, eve.ID, list[0].ID, true); !errors.Is(err, federation.ErrNotFound) {
				t.Errorf("another's alert was paused: %v", err)
			}
			err = errors.Join(tx.DropAlert(t.ctx, eve.ID, list[0].ID), tx.DropAlert(t.ctx, ann.ID, list[1].ID))
			if list, err2 := tx.Alerts(t.ctx, ann.ID); len(list) != MaxAlerts-1 || err2 != nil {
				t.Errorf("%d alerts are left, %v", len(list), err2)
			}
			return err
		})
	})
}

func TestOnlyOpenPublicProposalsArePutTogether(t *testing.T) {
	each(t, func(t *fixture) {
		bob := remote("b.example", "bob")
		t.actors(bob)
		over, private, open := offer(bob, "over", "offer", t.now(), nil), offer(bob, "private", "offer", t.now(), nil), offer(bob, "open", "offer", t.now(), nil)
		over.End = t.now().Add(-time.Hour)
		private.To, private.Cc = []federation.IRI{bob.Followers}, nil
		t.objects(over, private, open, offer(bob, "sought", "request", t.now(), nil))
		t.view(func(tx *Tx) error {
			var names []string
			err := tx.OpenProposals(t.ctx, "offer", func(o *federation.Object) { names = append(names, o.Name) })
			if len(names) != 1 || names[0] != "open" {
				t.Errorf("open: %v", names)
			}
			if n, last, err := tx.ProposalsStamp(t.ctx); n != 4 || !last.Equal(t.now()) || err != nil {
				t.Errorf("stamp: %d, %v, %v", n, last, err)
			}
			return err
		})
	})
}

func TestReferencesFindWhatWasPublishedUnderThem(t *testing.T) {
	each(t, func(t *fixture) {
		amap, bob := local("amap"), local("bob")
		t.actors(amap, bob)
		o, gone := offer(amap, "a", "offer", t.now(), nil), offer(amap, "b", "offer", t.now(), nil)
		t.objects(o, gone)
		t.update(func(tx *Tx) error {
			return errors.Join(tx.Refer(t.ctx, amap.ID, "1", gone.ID), tx.Refer(t.ctx, amap.ID, "1", o.ID), tx.Refer(t.ctx, amap.ID, "2", gone.ID))
		})
		t.objects(&federation.Object{ID: gone.ID, Type: "Tombstone", FormerType: "Note", AttributedTo: amap.ID, Local: true})
		t.view(func(tx *Tx) error {
			got, err := tx.Referred(t.ctx, amap.ID, []string{"1", "2", "3"})
			if len(got) != 1 || got["1"] != o.ID {
				t.Errorf("referred: %v", got)
			}
			if got, err := tx.Referred(t.ctx, bob.ID, []string{"1"}); len(got) != 0 || err != nil {
				t.Errorf("of another: %v, %v", got, err)
			}
			return err
		})
	})
}
