// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/maillage/maillage/federation"
)

// publish logs an activity and enqueues it.
func (f *fixture) publish(a *federation.Activity, lane int64, extra ...federation.IRI) (n int) {
	f.Helper()
	f.update(func(tx *Tx) (err error) {
		if err := tx.LogActivity(f.ctx, a); err != nil {
			return err
		}
		n, err = tx.Enqueue(f.ctx, a, lane, a.Addressees(), extra...)
		return err
	})
	return n
}

func (f *fixture) claimHosts(owner string, hosts, each int) (list []*HostWork) {
	f.Helper()
	f.update(func(tx *Tx) (err error) {
		list, err = tx.ClaimHosts(f.ctx, owner, time.Minute, hosts, each)
		return err
	})
	return list
}

func (f *fixture) finish(owner string, w *HostWork, o Outcome, next time.Time) {
	f.Helper()
	var results []DeliveryResult
	for _, d := range w.Deliveries {
		results = append(results, DeliveryResult{ID: d.ID, Outcome: o, Due: next, Status: 200})
	}
	f.update(func(tx *Tx) error { return tx.FinishHost(f.ctx, owner, w.Host, results, next) })
}

func (f *fixture) inboxes(activity federation.IRI) (list []string) {
	f.Helper()
	f.view(func(tx *Tx) error {
		all, err := tx.DeliveriesOf(f.ctx, activity)
		for _, d := range all {
			list = append(list, string(d.Inbox))
		}
		return err
	})
	slices.Sort(list)
	return list
}

func TestEnqueueFoldsAndLeavesOut(t *testing.T) {
	each(t, func(t *fixture) {
		amap, ann := local("amap"), local("ann")
		b1, b2, c1 := remote("b.example", "b1"), remote("b.example", "b2"), remote("c.example", "c1")
		d1, d2 := remote("d.example", "d1"), remote("d.example", "d2")
		alone := remote("e.example", "alone")
		alone.SharedInbox = ""
		gone, bad, worse := remote("gone.example", "x"), remote("bad.example", "x"), remote("f.example", "worse")
		gone.Gone = true
		pending := remote("pending.example", "x")
		t.actors(amap, ann, b1, b2, c1, d1, d2, alone, gone, bad, worse, pending)
		for _, a := range []*federation.Actor{ann, b1, b2, alone, gone, bad, worse} {
			t.follow(a, amap)
		}
		t.edge(&federation.Edge{Kind: "Follow", From: pending.ID, To: amap.ID, Pending: true})
		t.update(func(tx *Tx) error {
			return errors.Join(tx.Suspend(t.ctx, "bad.example", ""), tx.Suspend(t.ctx, string(worse.ID), ""))
		})
		a := say(amap, federation.Create, "1", amap.ID+"/n/1", federation.Public, amap.Followers, b1.ID, c1.ID, d1.ID, d2.ID, ann.ID, "https://b.example/b1/followers")
		n := t.publish(a, 1, "https://x.example/extra", amap.Inbox, "https://bad.example/inbox")
		want := []string{
			"https://b.example/inbox",    // followers: folded
			"https://c.example/c1/inbox", // named and alone there
			"https://d.example/inbox",    // two named: folded
			"https://e.example/alone/inbox", "https://x.example/extra",
		}
		if d := cmp.Diff(want, t.inboxes(a.ID)); d != "" || n != len(want) {
			t.Errorf("%d: %s", n, d)
		}
		if d := cmp.Diff(want, t.inboxes(a.Object)); d != "" {
			t.Errorf("by object: %s", d)
		}
		t.view(func(tx *Tx) error {
			list, err := tx.Inboxes(t.ctx, a.Addressees())
			if len(list) != 6 { // bad.example is left out by Enqueue
				t.Errorf("%v", list)
			}
			return err
		})
	})
}

func TestADocumentIsStoredWhenItIsKnown(t *testing.T) {
	each(t, func(t *fixture) {
		amap, bob := local("amap"), remote("b.example", "bob")
		t.actors(amap, bob)
		a := say(amap, federation.Like, "1", bob.ID+"/1", bob.ID)
		raw := a.Raw
		a.Raw = nil
		t.update(func(tx *Tx) error {
			if err := tx.LogActivity(t.ctx, a); err != nil {
				return err
			}
			a.Raw = raw
			return second(tx.Enqueue(t.ctx, a, 1, a.Addressees()))
		})
		w := t.claimHosts("me", 10, 10)
		if len(w) != 1 || string(w[0].Deliveries[0].Document) != string(raw) || w[0].Deliveries[0].Sender != amap.ID || w[0].Deliveries[0].Activity != a.ID {
			t.Errorf("%+v", w)
		}
		t.update(func(tx *Tx) error { // to nobody
			b := say(amap, federation.Like, "2", bob.ID+"/1")
			n, err := tx.Enqueue(t.ctx, b, 1, nil)
			if !errors.Is(err, federation.ErrNotFound) || n != 0 {
				t.Errorf("%d, %v: it was never logged", n, err)
			}
			return errors.Join(tx.LogActivity(t.ctx, b), second(tx.Enqueue(t.ctx, b, 1, nil)))
		})
	})
}

func TestHostIsDeliveredToInOrder(t *testing.T) {
	each(t, func(t *fixture) {
		amap, bob, eve := local("amap"), remote("b.example", "bob"), remote("e.example", "eve")
		t.actors(amap, bob, eve)
		for i, lane := range []int64{1, 1, 2} {
			t.publish(say(amap, federation.Create, fmt.Sprint(i), amap.ID+federation.IRI(fmt.Sprint("/n/", lane)), bob.ID, eve.ID), lane)
			t.advance(time.Second)
		}
		w := t.claimHosts("me", 10, 10)
		if len(w) != 2 || w[0].Host != "b.example" || len(w[0].Deliveries) != 2 || w[0].Deliveries[0].ID > w[0].Deliveries[1].ID {
			t.Fatalf("%+v", w)
		}
		if other := t.claimHosts("you", 10, 10); len(other) != 0 {
			t.Fatalf("two have it: %+v", other)
		}
		// One fails: the rest of its lane waits, other lanes and hosts do not.
		t.update(func(tx *Tx) error {
			return errors.Join(
				tx.FinishHost(t.ctx, "me", "b.example", []DeliveryResult{
					{ID: w[0].Deliveries[0].ID, Outcome: Retry, Due: t.now().Add(time.Hour), Status: 503, Error: "busy"},
					{ID: w[0].Deliveries[1].ID, Outcome: Delivered, Status: 202},
				}, time.Time{}),
				tx.FinishHost(t.ctx, "me", "e.example", []DeliveryResult{
					{ID: w[1].Deliveries[0].ID, Outcome: Delivered, Status: 202},
					{ID: w[1].Deliveries[1].ID, Outcome: Failed, Status: 404},
				}, time.Time{}))
		})
		w = t.claimHosts("me", 10, 10)
		if len(w) != 1 || w[0].Host != "e.example" || len(w[0].Deliveries) != 1 {
			t.Fatalf("%+v", w)
		}
		t.finish("me", w[0], Delivered, time.Time{})
		t.view(func(tx *Tx) error {
			due, err := tx.NextDue(t.ctx)
			if !due.Equal(t.now().Add(time.Hour)) {
				t.Errorf("due %v", due)
			}
			n, _, err2 := tx.DeliveryDepth(t.ctx)
			if n != 2 {
				t.Errorf("%d pending", n)
			}
			return errors.Join(err, err2)
		})
		t.advance(time.Hour)
		for range 2 {
			w = t.claimHosts("me", 10, 10)
			if len(w) != 1 || len(w[0].Deliveries) != 1 {
				t.Fatalf("%+v", w)
			}
			t.finish("me", w[0], Delivered, time.Time{})
		}
		if w = t.claimHosts("me", 10, 10); len(w) != 0 {
			t.Errorf("%+v", w)
		}
		t.view(func(tx *Tx) error {
			list, err := tx.DeliveriesOf(t.ctx, amap.ID+"/n/1")
			for _, d := range list {
				if d.State != "delivered" || d.Done.IsZero() || d.Attempts == 0 {
					t.Errorf("%+v", d)
				}
			}
			due, err2 := tx.NextDue(t.ctx)
			if len(list) != 4 || !due.IsZero() {
				t.Errorf("%v, due %v", list, due)
			}
			return errors.Join(err, err2)
		})
	})
}

func TestADeadHostBacksOffAndRevives(t *testing.T) {
	each(t, func(t *fixture) {
		amap, bob := local("amap"), remote("b.example", "bob")
		t.actors(amap, bob)
		t.publish(say(amap, federation.Create, "1", amap.ID+"/n/1", bob.ID), 1)
		for i := range 3 {
			w := t.claimHosts("me", 10, 10)
			if len(w) != 1 || w[0].Failures != i {
				t.Fatalf("%+v", w)
			}
			t.finish("me", w[0], Retry, t.now().Add(time.Hour))
			t.publish(say(amap, federation.Create, fmt.Sprint("more", i), amap.ID+"/n/2", bob.ID), 2)
			if w := t.claimHosts("me", 10, 10); len(w) != 0 {
				t.Fatalf("new work does not end a back-off: %+v", w)
			}
			t.advance(time.Hour)
		}
		hosts := func() (list []Host) {
			t.view(func(tx *Tx) (err error) { list, err = tx.Hosts(t.ctx); return err })
			return list
		}
		if h := hosts(); len(h) != 1 || h[0].State != "failing" || h[0].Failures != 3 || h[0].Pending != 4 {
			t.Errorf("%+v", h)
		}
		t.finish("me", t.claimHosts("me", 1, 10)[0], Retry, t.now().Add(24*time.Hour))
		t.advance(6 * 24 * time.Hour)
		t.finish("me", t.claimHosts("me", 1, 10)[0], Retry, t.now().Add(48*time.Hour))
		t.advance(24 * time.Hour)
		if h := hosts(); h[0].State != "dormant" {
			t.Errorf("%+v", h)
		}
		t.update(func(tx *Tx) error { return tx.ReviveHost(t.ctx, "b.example") })
		w := t.claimHosts("me", 10, 10)
		if len(w) != 1 || w[0].Failures != 0 || len(w[0].Deliveries) != 2 {
			t.Fatalf("%+v", w)
		}
		t.finish("me", w[0], Failed, time.Time{})
		t.update(func(tx *Tx) error { return tx.ReviveHost(t.ctx, "unknown.example") })
		t.update(func(tx *Tx) error { return tx.RetryHost(t.ctx, "b.example") })
		if h := hosts(); h[0].Pending != 4 || h[0].State != "ok" {
			t.Errorf("%+v", h)
		}
	})
}

func TestADeleteSupersedesWhatWasNotSent(t *testing.T) {
	each(t, func(t *fixture) {
		amap, bob, eve := local("amap"), remote("b.example", "bob"), remote("e.example", "eve")
		t.actors(amap, bob, eve)
		object := amap.ID + "/n/1"
		t.publish(say(amap, federation.Create, "1", object, bob.ID, eve.ID), 1)
		flying := t.claimHosts("me", 1, 10) // b.example, on its way
		t.publish(say(amap, federation.Update, "2", object, bob.ID, eve.ID), 1)
		t.publish(say(amap, federation.Create, "other", amap.ID+"/n/2", bob.ID, eve.ID), 1) // of the same lane by chance
		t.publish(say(amap, federation.Delete, "3", object, bob.ID, eve.ID), 1)
		t.objects(&federation.Object{ID: object, Type: "Tombstone", AttributedTo: amap.ID, Local: true})
		states := func() map[string]int {
			count := map[string]int{}
			t.view(func(tx *Tx) error {
				list, err := tx.DeliveriesOf(t.ctx, object)
				for _, d := range list {
					count[d.Host+" "+d.State]++
				}
				return err
			})
			return count
		}
		want := map[string]int{"e.example superseded": 2, "e.example pending": 1, "b.example pending": 3}
		if d := cmp.Diff(want, states()); d != "" {
			t.Error(d)
		}
		// What was on its way failed, and has nothing to say any more.
		t.finish("me", flying[0], Retry, time.Time{})
		var sent []string
		for range 3 {
			for _, w := range t.claimHosts("me", 10, 10) {
				for _, d := range w.Deliveries {
					sent = append(sent, w.Host+" "+string(d.Activity))
				}
				t.finish("me", w, Delivered, time.Time{})
			}
		}
		slices.Sort(sent)
		other, last := string(amap.ID)+"/activities/other", string(amap.ID)+"/activities/3"
		if d := cmp.Diff([]string{"b.example " + last, "b.example " + other, "e.example " + last, "e.example " + other}, sent); d != "" {
			t.Error(d)
		}
	})
}

func TestALeaseThatWasLostMarksButDoesNotRelease(t *testing.T) {
	each(t, func(t *fixture) {
		amap, bob := local("amap"), remote("b.example", "bob")
		t.actors(amap, bob)
		t.publish(say(amap, federation.Create, "1", amap.ID+"/n/1", bob.ID), 1)
		slow := t.claimHosts("slow", 1, 10)
		t.update(func(tx *Tx) error { return tx.RenewHost(t.ctx, "slow", "b.example", 2*time.Minute) })
		t.advance(90 * time.Second)
		if w := t.claimHosts("fast", 1, 10); len(w) != 0 {
			t.Fatalf("the lease was renewed: %+v", w)
		}
		t.advance(time.Minute)
		fast := t.claimHosts("fast", 1, 10)
		if len(fast) != 1 {
			t.Fatal("the lease never ends")
		}
		if err := t.db.Update(t.ctx, func(tx *Tx) error { return tx.RenewHost(t.ctx, "slow", "b.example", time.Minute) }); !errors.Is(err, federation.ErrConflict) {
			t.Errorf("got %v", err)
		}
		t.finish("slow", slow[0], Delivered, time.Time{})
		t.publish(say(amap, federation.Create, "2", amap.ID+"/n/2", bob.ID), 2)
		if w := t.claimHosts("third", 1, 10); len(w) != 0 {
			t.Errorf("the lease of another was released: %+v", w)
		}
		t.finish("fast", fast[0], Failed, time.Time{})
		t.view(func(tx *Tx) error {
			list, err := tx.DeliveriesOf(t.ctx, amap.ID+"/n/1")
			if list[0].State != "delivered" {
				t.Errorf("%+v", list[0])
			}
			return err
		})
		w := t.claimHosts("third", 1, 10)
		if len(w) != 1 {
			t.Fatal("not released")
		}
		t.update(func(tx *Tx) error { return tx.ReleaseHosts(t.ctx, "third") })
		if w := t.claimHosts("fourth", 1, 10); len(w) != 1 {
			t.Error("not released")
		}
	})
}

// Several owners deliver everything, each row once, and within a lane in order.
func TestOwnersOfHostsNeverOverlap(t *testing.T) {
	each(t, func(t *fixture) {
		amap := local("amap")
		t.actors(amap)
		const hosts, activities = 8, 12
		for h := range hosts {
			bob := remote(fmt.Sprintf("h%d.example", h), "bob")
			t.actors(bob)
			t.follow(bob, amap)
		}
		for i := range activities {
			t.publish(say(amap, federation.Create, fmt.Sprint(i), amap.ID+"/n/1", amap.Followers), int64(i%3))
		}
		var lock sync.Mutex
		held, last, done := map[string]bool{}, map[string]int64{}, 0
		var group sync.WaitGroup
		for _, owner := range []string{"a", "b", "c"} {
			group.Go(func() {
				for {
					var list []*HostWork
					err := t.db.Update(t.ctx, func(tx *Tx) (err error) {
						list, err = tx.ClaimHosts(t.ctx, owner, time.Minute, 2, 2)
						return err
					})
					if err != nil {
						t.Error(err)
						return
					}
					for _, w := range list {
						lock.Lock()
						if held[w.Host] {
							t.Errorf("%s has two owners", w.Host)
						}
						held[w.Host] = true
						var results []DeliveryResult
						for _, d := range w.Deliveries {
							lane := fmt.Sprint(d.Inbox, d.Lane)
							if last[lane] >= d.ID {
								t.Errorf("%d came after %d", d.ID, last[lane])
							}
							last[lane] = d.ID
							done++
							results = append(results, DeliveryResult{ID: d.ID, Outcome: Delivered})
						}
						delete(held, w.Host)
						lock.Unlock()
						if err := t.db.Update(t.ctx, func(tx *Tx) error { return tx.FinishHost(t.ctx, owner, w.Host, results, time.Time{}) }); err != nil {
							t.Error(err)
							return
						}
					}
					lock.Lock()
					finished := done >= hosts*activities
					lock.Unlock()
					if finished {
						return
					}
				}
			})
		}
		group.Wait()
		if done != hosts*activities {
			t.Errorf("%d done", done)
		}
	})
}
