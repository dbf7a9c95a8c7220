// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// TestAnExchangeWithFedify goes through the flow of FEP-0837, in both directions,
// with documents as Fedify 2.3.6 wrote them with its own classes for the FEP: the
// context of an activity has none of its names, so they are spelled out, and what
// is no plain string is wrapped.
func TestAnExchangeWithFedify(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		amap := launch(t, "amap", variant{database: fresh(t)})
		p := newForeign(t, "127.0.0.2")
		vera := p.actor("vera")
		o := amap.offers(baskets("12"))
		recorded := func(name string, ours ...string) (doc jsonDoc) {
			t.Helper()
			raw, err := os.ReadFile(filepath.Join("..", "..", "federation", "vocab", "testdata", "fedify", name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			names := append(ours, "https://home.example/actors/amap", string(amap.Actor.ID), "https://market.example", p.URL)
			for n := 0; n < len(names); n += 2 {
				raw = bytes.ReplaceAll(raw, []byte(names[n]), []byte(names[n+1]))
			}
			if err := json.Unmarshal(raw, &doc); err != nil {
				t.Fatal(err)
			}
			return doc
		}

		t.Run("they ask for what we offer", func(t *testing.T) {
			offer := recorded("offer-agreement", "https://home.example/objects/paniers", string(o.ID))
			wantStatus(t, vera.send(amap.Actor.Inbox, offer), 202)
			x := &federation.Exchange{}
			eventually(t, "the Offer is understood", func() bool { x = amap.exchange(federation.IRI(idIn(offer))); return x != nil })
			if x.State != federation.ExchangeProposed || x.Terms.Quantity.Value != "2" || x.Terms.Price == nil || x.Terms.Price.Value != "36" || x.Terms.Message != "<p>Deux paniers</p>" {
				t.Errorf("%+v, %+v", x, x.Terms)
			}
		})

		t.Run("we ask for what they offer", func(t *testing.T) {
			proposal := recorded("proposal")
			p.publish("/proposals/1", proposal)
			amap.asks(amap.Actor, vera.ID)
			wantStatus(t, vera.send(amap.Actor.Inbox, vera.says("Accept", idIn(p.awaits("Follow", vera.ID)), nil)), 202)
			amap.settle()
			wantStatus(t, vera.send(amap.Actor.Inbox, recorded("create-proposal")), 202)
			id := p.url("/proposals/1")
			eventually(t, "the Proposal arrives", func() bool { return amap.object(id) != nil })
			theirs, ok := federation.ProposalOf(amap.object(id))
			if price, currency := theirs.Price(); !ok || price != "7.5" || currency != "EUR" || theirs.Primary.Available == nil || theirs.Primary.Available.Value != "10" {
				t.Fatalf("%+v", theirs)
			}
			var x *federation.Exchange
			amap.update(func(ctx context.Context, tx *store.Tx) (err error) {
				known, err := tx.Object(ctx, id)
				if err == nil {
					x, err = outbox.AskTx(ctx, tx, amap.Actor.ID, known.ID, federation.Terms{Quantity: &federation.Quantity{Unit: "one", Value: "3"}})
				}
				return err
			})
			eventually(t, "our Offer arrives", func() bool { return len(p.received("Offer")) == 1 })
			accept := recorded("accept-agreement", "https://home.example/activities/offer", string(x.Offer))
			wantStatus(t, vera.send(amap.Actor.Inbox, accept), 202)
			eventually(t, "it is agreed", func() bool { return amap.exchange(x.ID).State == federation.ExchangeAgreed })
			if got := amap.exchange(x.ID).Agreement; got != p.url("/agreements/1") {
				t.Errorf("the agreement is %s", got)
			}
			wantStatus(t, vera.send(amap.Actor.Inbox, recorded("create-receipt")), 202)
			eventually(t, "the receipt is understood", func() bool { return len(amap.exchange(x.ID).Steps) > 0 })
		})
	})
}
