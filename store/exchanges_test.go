// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"errors"
	"fmt"
	"testing"

	"codeberg.org/maillage/maillage/federation"
)

// exchange is what partner asks of a proposal.
func exchange(o *federation.Object, partner *federation.Actor, state string) *federation.Exchange {
	return &federation.Exchange{
		ID: o.ID + "/x", Proposal: o.ID, Publisher: o.AttributedTo, Partner: partner.ID, Offer: partner.ID + "/offers/1", State: state,
		Terms: federation.Terms{Quantity: &federation.Quantity{Unit: "one", Value: "2"}, Mode: "sale"},
	}
}

func TestExchangesAreFoundByEachOfTheirNames(t *testing.T) {
	each(t, func(t *fixture) {
		amap, bob, eve := local("amap"), remote("b.example", "bob"), remote("e.example", "eve")
		t.actors(amap, bob, eve)
		o := offer(amap, "Pommes", "offer", t.now(), nil)
		t.objects(o)
		x := exchange(o, bob, federation.ExchangeProposed)
		t.update(func(tx *Tx) error { return tx.PutExchange(t.ctx, x) })
		t.view(func(tx *Tx) error {
			open, err := tx.OpenExchange(t.ctx, o.ID, bob.ID)
			if err != nil || open.ID != x.ID || open.Terms.Quantity.Value != "2" {
				t.Errorf("%+v, %v", open, err)
			}
			if _, err := tx.OpenExchange(t.ctx, o.ID, eve.ID); !errors.Is(err, federation.ErrNotFound) {
				t.Errorf("of somebody else: %v", err)
			}
			list, err := tx.OpenExchanges(t.ctx, o.ID)
			if err != nil || len(list) != 1 {
				t.Errorf("%v, %v", list, err)
			}
			return nil
		})
		x.State, x.Agreement = federation.ExchangeAgreed, o.ID+"/agreement"
		t.update(func(tx *Tx) error { return tx.PutExchange(t.ctx, x) })
		t.view(func(tx *Tx) error {
			for _, id := range []federation.IRI{x.ID, x.Offer, x.Agreement} {
				if got, err := tx.Exchange(t.ctx, id); err != nil || got.State != federation.ExchangeAgreed {
					t.Errorf("by %s: %+v, %v", id, got, err)
				}
			}
			if _, err := tx.Exchange(t.ctx, ""); !errors.Is(err, federation.ErrNotFound) {
				t.Errorf("by nothing: %v", err)
			}
			if _, err := tx.OpenExchange(t.ctx, o.ID, bob.ID); !errors.Is(err, federation.ErrNotFound) {
				t.Errorf("agreed, but still open: %v", err)
			}
			return nil
		})
	})
}

func TestExchangesOfAnActorPageByPage(t *testing.T) {
	each(t, func(t *fixture) {
		amap, bob := local("amap"), remote("b.example", "bob")
		t.actors(amap, bob)
		o := offer(amap, "Pommes", "offer", t.now(), nil)
		t.objects(o)
		t.update(func(tx *Tx) error {
			for n := range 7 {
				x := exchange(o, bob, federation.ExchangeRefused)
				x.ID, x.Offer = federation.IRI(fmt.Sprintf("%s-%d", x.ID, n)), federation.IRI(fmt.Sprintf("%s-%d", x.Offer, n))
				if err := tx.PutExchange(t.ctx, x); err != nil {
					return err
				}
			}
			return nil
		})
		seen := map[federation.IRI]bool{}
		t.view(func(tx *Tx) error {
			for cursor := ""; ; {
				list, next, err := tx.Exchanges(t.ctx, amap.ID, true, cursor, 3)
				if err != nil {
					return err
				}
				for _, x := range list {
					seen[x.ID] = true
				}
				if cursor = next; next == "" {
					break
				}
			}
			theirs, _, err := tx.Exchanges(t.ctx, bob.ID, true, "", 10)
			if len(theirs) != 0 {
				t.Errorf("bob published nothing, but has %d", len(theirs))
			}
			return err
		})
		if len(seen) != 7 {
			t.Errorf("%d of 7", len(seen))
		}
		t.update(func(tx *Tx) error { return tx.DropActor(t.ctx, bob.ID) })
		t.view(func(tx *Tx) error {
			left, err := tx.ExchangesOf(t.ctx, o.ID)
			if len(left) != 0 {
				t.Errorf("%d that came to nothing outlive who asked", len(left))
			}
			return err
		})
	})
}
