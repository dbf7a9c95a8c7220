// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"errors"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

func (f *fixture) host(name string) (h Host) {
	f.Helper()
	f.view(func(tx *Tx) error {
		hosts, err := tx.Hosts(f.ctx)
		for _, x := range hosts {
			if x.Name == name {
				h = x
			}
		}
		return err
	})
	return h
}

// sending is an instance with one delivery to b.example.
func (f *fixture) sending() (amap *federation.Actor) {
	f.Helper()
	amap, bob := local("amap"), remote("b.example", "bob")
	f.actors(amap, bob)
	f.follow(bob, amap)
	f.publish(say(amap, federation.Create, "1", "", federation.Public, amap.Followers), 1)
	return amap
}

func TestAHostSetAsideIsLeftAloneUntilItSpeaks(t *testing.T) {
	each(t, func(t *fixture) {
		amap := t.sending()
		t.update(func(tx *Tx) error { return tx.SetHostAside(t.ctx, "b.example") })
		if h := t.host("b.example"); !h.Aside || h.Pending != 0 {
			t.Errorf("set aside: %+v", h)
		}
		t.publish(say(amap, federation.Create, "2", "", federation.Public, amap.Followers), 2)
		t.advance(48 * time.Hour)
		if got := t.claimHosts("me", 10, 10); len(got) != 0 {
			t.Errorf("delivers to a host that was set aside: %v", got)
		}
		t.update(func(tx *Tx) error { return tx.ReviveHost(t.ctx, "b.example") })
		if h := t.host("b.example"); h.Aside || h.Pending != 1 {
			t.Errorf("after it spoke: %+v", h)
		}
		if got := t.claimHosts("me", 10, 10); len(got) != 1 {
			t.Errorf("after it spoke: %d hosts to deliver to", len(got))
		}
	})
}

func TestWhatWaitsForAHostSetAsideIsForgottenOneDay(t *testing.T) {
	each(t, func(t *fixture) {
		amap := t.sending()
		t.update(func(tx *Tx) error { return tx.SetHostAside(t.ctx, "b.example") })
		t.publish(say(amap, federation.Create, "2", "", federation.Public, amap.Followers), 2)
		t.advance(31 * 24 * time.Hour)
		if _, err := t.db.Retention(t.ctx); err != nil {
			t.Fatal(err)
		}
		if h := t.host("b.example"); h.Pending != 0 {
			t.Errorf("%d still wait", h.Pending)
		}
	})
}

func TestADeliveryIsTriedAgainOrDropped(t *testing.T) {
	each(t, func(t *fixture) {
		t.sending()
		work := t.claimHosts("me", 1, 1)
		id := work[0].Deliveries[0].ID
		t.update(func(tx *Tx) error {
			return tx.FinishHost(t.ctx, "me", "b.example", []DeliveryResult{{ID: id, Outcome: Failed, Status: 404, Error: "answered 404"}}, time.Time{})
		})
		in := func(state string) (n int) {
			t.view(func(tx *Tx) error {
				list, _, err := tx.DeliveriesIn(t.ctx, state, "", 10)
				n = len(list)
				return err
			})
			return n
		}
		if in("failed") != 1 || in("pending") != 0 {
			t.Fatalf("failed %d, pending %d", in("failed"), in("pending"))
		}
		t.update(func(tx *Tx) error { return tx.RetryDelivery(t.ctx, id) })
		if in("pending") != 1 || len(t.claimHosts("me", 1, 1)) != 1 {
			t.Error("is not tried again")
		}
		t.update(func(tx *Tx) error { return tx.ReleaseHosts(t.ctx, "me") })
		t.update(func(tx *Tx) error { return tx.DropDelivery(t.ctx, id) })
		if in("pending") != 0 || len(t.claimHosts("me", 1, 1)) != 0 {
			t.Error("is still there")
		}
		err := t.db.Update(t.ctx, func(tx *Tx) error { return tx.DropDelivery(t.ctx, id) })
		if !errors.Is(err, federation.ErrNotFound) {
			t.Errorf("dropped twice: %v", err)
		}
	})
}

func TestALetterIsDropped(t *testing.T) {
	each(t, func(t *fixture) {
		m := &Mail{Kind: "test", To: "ann@example.org", Subject: "Réunion", Body: "À jeudi."}
		t.update(func(tx *Tx) error { return tx.QueueMail(t.ctx, m) })
		t.update(func(tx *Tx) error { return tx.DropMail(t.ctx, m.ID) })
		err := t.db.Update(t.ctx, func(tx *Tx) error { return tx.DropMail(t.ctx, m.ID) })
		if !errors.Is(err, federation.ErrNotFound) {
			t.Errorf("dropped twice: %v", err)
		}
	})
}

func TestWhatCameInAndFailedIsTriedAgainOrDropped(t *testing.T) {
	each(t, func(t *fixture) {
		r := &Received{Activity: "https://b.example/1", Actor: "https://b.example/bob", Type: "Create", Document: []byte("{}")}
		t.update(func(tx *Tx) error { return tx.File(t.ctx, r) })
		t.update(func(tx *Tx) error { return tx.FailReceived(t.ctx, r.ID, "broken") })
		t.update(func(tx *Tx) error { return tx.RequeueReceived(t.ctx, r.ID) })
		t.view(func(tx *Tx) error {
			counts, err := tx.CountReceived(t.ctx)
			if counts["pending"] != 1 || counts["failed"] != 0 {
				t.Errorf("counts: %v", counts)
			}
			return err
		})
		t.update(func(tx *Tx) error { return tx.DropReceived(t.ctx, r.ID) })
		err := t.db.Update(t.ctx, func(tx *Tx) error { return tx.RequeueReceived(t.ctx, r.ID) })
		if !errors.Is(err, federation.ErrNotFound) {
			t.Errorf("after it was dropped: %v", err)
		}
	})
}
