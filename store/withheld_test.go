// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// priced gives an offer a price that the network alone may see.
func priced(o *federation.Object, amount federation.Decimal) {
	p, _ := federation.ProposalOf(o)
	each := true
	p.UnitBased, p.Contact = &each, "Chez Dalila"
	p.Reciprocal = &federation.Intent{ConformsTo: federation.Currencies["EUR"], Quantity: &federation.Quantity{Unit: "one", Value: amount}}
	p.Put(o)
	federation.Readers{federation.DetailPrice: federation.ReadersNetwork, federation.DetailContact: federation.ReadersParties}.Put(o)
}

// sold makes an offer of ours with a price for the network.
func (t *fixture) sold(by *federation.Actor, amount federation.Decimal) *federation.Object {
	t.Helper()
	o := offer(by, "Pommes à couteau", "offer", t.now(), nil)
	priced(o, amount)
	t.objects(o)
	return o
}

// seenAs returns the price and the contact as somebody sees them.
func (t *fixture) seenAs(id federation.IRI, viewers ...federation.IRI) string {
	t.Helper()
	var all string
	t.view(func(tx *Tx) error {
		o, err := tx.Object(t.ctx, id)
		if err != nil {
			return err
		}
		list, err := tx.SeenBy(t.ctx, viewers, o)
		if err != nil {
			return err
		}
		p, _ := federation.ProposalOf(list[0])
		price, _ := p.Price()
		all = fmt.Sprint(price, " ", p.Contact)
		return nil
	})
	return strings.TrimSpace(all)
}

func TestWhatIsWithheldIsSeenByThoseItIsForAlone(t *testing.T) {
	each(t, func(t *fixture) {
		amap, ann := local("amap"), local("ann")
		eve, bob, carl := remote("e.example", "eve"), remote("b.example", "bob"), remote("b.example", "carl")
		dan, fan := remote("d.example", "dan"), remote("f.example", "fan")
		t.actors(amap, ann, eve, bob, carl, dan, fan)
		t.follow(bob, amap)
		t.edge(&federation.Edge{Kind: federation.Follow, From: fan.ID, To: amap.ID, Pending: true, By: fan.ID + "/follow"})
		o := t.sold(amap, "12")
		t.update(func(tx *Tx) error {
			agreed := exchange(o, dan, federation.ExchangeAgreed)
			refused := exchange(o, eve, federation.ExchangeRefused)
			refused.ID, refused.Offer = agreed.ID+"2", agreed.Offer+"2"
			return errors.Join(tx.PutExchange(t.ctx, agreed), tx.PutExchange(t.ctx, refused))
		})
		for _, c := range []struct {
			who  string
			ids  []federation.IRI
			want string
		}{
			{"anybody", nil, ""},
			{"the author", []federation.IRI{amap.ID}, "12 Chez Dalila"},
			{"a member", []federation.IRI{ann.ID}, "12"},
			{"a follower", []federation.IRI{bob.ID}, "12"},
			{"somebody of the follower's server", []federation.IRI{carl.ID}, "12"},
			{"who waits to be accepted", []federation.IRI{fan.ID}, ""},
			{"a stranger, refused before", []federation.IRI{eve.ID}, ""},
			{"who agreed on it", []federation.IRI{dan.ID}, "12 Chez Dalila"},
			{"a guest of something else", []federation.IRI{home + "/guests/7"}, ""},
		} {
			if got := t.seenAs(o.ID, c.ids...); got != c.want {
				t.Errorf("%s sees %q, not %q", c.who, got, c.want)
			}
		}
		t.edge(&federation.Edge{Kind: federation.Block, From: amap.ID, To: ann.ID, By: amap.ID + "/block"})
		if got := t.seenAs(o.ID, ann.ID); got != "" {
			t.Errorf("who is blocked sees %q", got)
		}
	})
}

func TestWhatAPublicCopyIsStoredOfKeepsTheRest(t *testing.T) {
	each(t, func(t *fixture) {
		amap := local("amap")
		t.actors(amap)
		o := t.sold(amap, "12")
		t.update(func(tx *Tx) error {
			public, err := tx.Object(t.ctx, o.ID)
			if err != nil {
				return err
			}
			if p, _ := federation.ProposalOf(public); p.Reciprocal != nil || !public.Partial {
				t.Errorf("everybody reads %+v", p.Reciprocal)
			}
			return tx.PutObject(t.ctx, public)
		})
		if got := t.seenAs(o.ID, amap.ID); got != "12 Chez Dalila" {
			t.Errorf("the author sees %q", got)
		}
		t.update(func(tx *Tx) error {
			whole, err := tx.Whole(t.ctx, o.ID)
			if err != nil {
				return err
			}
			federation.Readers{}.Put(whole)
			return tx.PutObject(t.ctx, whole)
		})
		if got := t.seenAs(o.ID); got != "12 Chez Dalila" {
			t.Errorf("now that it is for everybody, they see %q", got)
		}
	})
}

func TestPricesAreKeptWhereTheyChange(t *testing.T) {
	each(t, func(t *fixture) {
		amap, ann := local("amap"), local("ann")
		t.actors(amap, ann)
		o := t.sold(amap, "12")
		change := func(amount federation.Decimal, public bool) {
			t.advance(time.Hour)
			n := *o
			priced(&n, amount)
			if n.Updated = t.now(); public {
				federation.Readers{}.Put(&n)
			}
			t.objects(&n)
		}
		amounts := func(viewers ...federation.IRI) (all string) {
			t.view(func(tx *Tx) error {
				now, err := tx.Object(t.ctx, o.ID)
				if err != nil {
					return err
				}
				list, err := tx.Prices(t.ctx, viewers, now)
				for _, r := range list {
					all += string(r.Amount) + " "
				}
				return err
			})
			return all
		}
		change("12", false)
		if got := amounts(amap.ID); got != "" {
			t.Errorf("nothing changed, but %q", got)
		}
		change("13", false)
		change("13", false)
		change("14.50", true)
		if got := amounts(amap.ID); got != "12 13 14.5 " && got != "12 13 14.50 " {
			t.Errorf("the author reads %q", got)
		}
		if got := amounts(); strings.Contains(got, "12") || strings.Contains(got, "13") {
			t.Errorf("what was for the network is read by everybody: %q", got)
		}
		for n := range maxPrices + 5 {
			change(federation.Decimal(fmt.Sprint(20+n)), false)
		}
		if got := len(strings.Fields(amounts(ann.ID))); got != maxPrices {
			t.Errorf("%d prices are kept", got)
		}
		t.objects(&federation.Object{ID: o.ID, Type: "Tombstone", FormerType: "Note", AttributedTo: amap.ID, Local: true})
		t.view(func(tx *Tx) error {
			for _, table := range []string{"prices", "withheld"} {
				if n, err := tx.number(t.ctx, `SELECT COUNT(*) FROM `+table); err != nil || n != 0 {
					t.Errorf("%s: %d rows of what was deleted, %v", table, n, err)
				}
			}
			return nil
		})
	})
}

// What a peer tells beyond what everybody may read is kept beside the object,
// however it comes in.
func TestWhatAPeerTellsUsIsNotForEverybodyHere(t *testing.T) {
	each(t, func(t *fixture) {
		ann, bob, carl := local("ann"), remote("b.example", "bob"), remote("b.example", "carl")
		t.actors(ann, bob, carl)
		t.follow(ann, bob)
		o := offer(bob, "Pommes", "offer", t.now(), nil)
		priced(o, "12")
		o.Raw = []byte(`{"price":"12"}`)
		t.objects(o)
		if got := t.seenAs(o.ID); got != "" {
			t.Errorf("everybody sees %q", got)
		}
		if got := t.seenAs(o.ID, ann.ID); got != "12" {
			t.Errorf("a member of the network sees %q", got)
		}
		if got := t.seenAs(o.ID, carl.ID); got != "" {
			t.Errorf("a peer that asks us sees %q", got)
		}
		t.view(func(tx *Tx) error {
			public, err := tx.Object(t.ctx, o.ID)
			if err == nil && len(public.Raw) > 0 {
				t.Errorf("the document holds %s", public.Raw)
			}
			return err
		})
		forged := *o
		forged.AttributedTo = ann.ID
		err := t.db.Update(t.ctx, func(tx *Tx) error { return tx.PutWhole(t.ctx, &forged) })
		if !errors.Is(err, federation.ErrForbidden) {
			t.Errorf("what somebody else wrote: %v", err)
		}
	})
}
