// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// baskets is an offer of so many baskets at 18 € each.
func baskets(left string) outbox.OfferForm {
	return outbox.OfferForm{
		CommonForm: outbox.CommonForm{Title: "Paniers de légumes", Description: "Récoltés le matin même."},
		Purpose:    federation.PurposeOffer, Modes: []string{"sale"}, Quantity: "1", Unit: "one", Available: left,
		Price: "18", Currency: "EUR", Per: "unit",
	}
}

// exchange returns what an instance knows of an exchange; nil if nothing.
func (i *instance) exchange(id federation.IRI) (x *federation.Exchange) {
	i.t.Helper()
	i.view(func(ctx context.Context, tx *store.Tx) (err error) {
		if x, err = tx.Exchange(ctx, id); errors.Is(err, federation.ErrNotFound) {
			err = nil
		}
		return err
	})
	return x
}

func (i *instance) left(id federation.IRI) string {
	i.t.Helper()
	p, _ := federation.ProposalOf(i.object(id))
	return string(p.Primary.Available.Value)
}

// TestAnExchangeWithAServerThatKnowsFEP0837Only goes through the flow of the
// FEP with documents written from its text.
func TestAnExchangeWithAServerThatKnowsFEP0837Only(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		amap := launch(t, "amap", variant{database: fresh(t)})
		o := amap.offers(baskets("12"))
		p := newForeign(t, "127.0.0.2")
		buyer, third := p.actor("buyer"), p.actor("third")

		var doc struct {
			Publishes struct {
				ID string `json:"id"`
			} `json:"publishes"`
			Reciprocal struct {
				ID string `json:"id"`
			} `json:"reciprocal"`
		}
		decode(t, buyer.reads(o.ID).Body, &doc)
		offer := func(quantity, price string) jsonDoc {
			return buyer.says("Offer", jsonDoc{
				"type": "Agreement", "content": "<p>Bonjour !</p>",
				"stipulates":           jsonDoc{"type": "Commitment", "satisfies": doc.Publishes.ID, "resourceQuantity": jsonDoc{"hasUnit": "one", "hasNumericalValue": quantity}},
				"stipulatesReciprocal": jsonDoc{"type": "Commitment", "satisfies": doc.Reciprocal.ID, "resourceQuantity": jsonDoc{"hasUnit": "one", "hasNumericalValue": price}},
			}, jsonDoc{"to": []federation.IRI{amap.Actor.ID}})
		}

		dear := offer("2", "30")
		wantStatus(t, buyer.send(amap.Actor.Inbox, dear), 202)
		eventually(t, "a wrong price is refused", func() bool { return len(p.received("Reject")) == 1 })
		if r := p.received("Reject")[0].doc(); r["object"] != idIn(dear) || !strings.Contains(fmt.Sprint(r["content"]), "prix") {
			t.Errorf("%v", r)
		}

		good := offer("2", "36")
		id := federation.IRI(idIn(good))
		wantStatus(t, buyer.send(amap.Actor.Inbox, good), 202)
		eventually(t, "the Offer arrives", func() bool { return amap.exchange(id) != nil })
		if x := amap.exchange(id); x.State != federation.ExchangeProposed || x.Terms.Message != "<p>Bonjour !</p>" {
			t.Fatalf("%+v", x)
		}
		wantStatus(t, third.send(amap.Actor.Inbox, third.says("Accept", id, nil)), 202)
		wantStatus(t, third.send(amap.Actor.Inbox, third.says("Undo", id, nil)), 202)
		amap.settle()
		amap.update(func(ctx context.Context, tx *store.Tx) error {
			x, err := tx.Exchange(ctx, id)
			if err != nil {
				return err
			}
			return outbox.AnswerOfferTx(ctx, tx, x, federation.Accept, "", nil)
		})
		eventually(t, "the Accept arrives", func() bool { return len(p.received("Accept")) == 1 })
		accept := p.received("Accept")[0].doc()
		result, _ := accept["result"].(map[string]any)
		if accept["object"] != idIn(good) || result == nil || result["type"] != "Agreement" || result["attributedTo"] != string(amap.Actor.ID) {
			t.Fatalf("%v", accept)
		}
		agreement := federation.IRI(fmt.Sprint(result["id"]))
		if got := amap.left(o.ID); got != "10" {
			t.Errorf("%s left, want 10", got)
		}

		wantStatus(t, buyer.reads(agreement), 200)
		wantStatus(t, third.reads(agreement), 404)
		wantStatus(t, amap.get(strings.TrimPrefix(string(agreement), amap.Origin), "Accept", "application/activity+json"), 404)
		wantStatus(t, third.reads(federation.IRI(fmt.Sprint(accept["id"]))), 404)

		receipt := buyer.says("Create", jsonDoc{
			"type": "Document", "id": p.url("/receipts/1"), "attributedTo": buyer.ID, "name": "Reçu", "context": agreement,
			"to": []federation.IRI{amap.Actor.ID}, "fulfills": []string{fmt.Sprint(agreement, "#primary"), fmt.Sprint(agreement, "#reciprocal")},
		}, nil)
		wantStatus(t, buyer.send(amap.Actor.Inbox, receipt), 202)
		eventually(t, "the buyer's confirmation arrives", func() bool { return len(amap.exchange(id).Steps) == 2 })
		amap.update(func(ctx context.Context, tx *store.Tx) error {
			return outbox.HandOverTx(ctx, tx, amapExchange(ctx, t, tx, id), amap.Actor.ID, federation.StepDelivered, "", "Deux paniers")
		})
		if x := amap.exchange(id); x.State != federation.ExchangeFulfilled {
			t.Errorf("%+v", x)
		}
		eventually(t, "the receipt arrives", func() bool {
			return slices.ContainsFunc(p.received("Create"), func(c posted) bool {
				o, _ := c.doc()["object"].(map[string]any)
				return o["type"] == "Document" && o["context"] == string(agreement)
			})
		})
	})
}

func amapExchange(ctx context.Context, t *testing.T, tx *store.Tx, id federation.IRI) *federation.Exchange {
	t.Helper()
	x, err := tx.Exchange(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func decode(t *testing.T, body []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(body, v); err != nil {
		t.Fatal(err)
	}
}

// TestAnExchangeBetweenTwoInstances walks through what two initiatives do, and
// compares what both know after each step.
func TestAnExchangeBetweenTwoInstances(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		amap, cafe := launch(t, "amap", variant{database: fresh(t)}), launch(t, "cafe", variant{database: fresh(t)})
		cafe.follow(cafe.Actor, amap.Actor.ID)
		o := amap.offers(baskets("3"))
		eventually(t, "the offer arrives", func() bool { return cafe.object(o.ID) != nil })

		ask := func(n federation.Decimal) (x *federation.Exchange) {
			cafe.update(func(ctx context.Context, tx *store.Tx) (err error) {
				known, err := tx.Object(ctx, o.ID)
				if err == nil {
					x, err = outbox.AskTx(ctx, tx, cafe.Actor.ID, known.ID, federation.Terms{Quantity: &federation.Quantity{Unit: "one", Value: n}})
				}
				return err
			})
			return x
		}
		same := func(what string, offer federation.IRI, state string) {
			t.Helper()
			eventually(t, what, func() bool {
				a, b := amap.exchange(offer), cafe.exchange(offer)
				return a != nil && b != nil && a.State == state && b.State == state
			})
		}
		x := ask("2")
		same("both know of it", x.Offer, federation.ExchangeProposed)
		answer := func(verb, reason string, counter *federation.Terms) {
			amap.update(func(ctx context.Context, tx *store.Tx) error {
				return outbox.AnswerOfferTx(ctx, tx, amapExchange(ctx, t, tx, x.Offer), verb, reason, counter)
			})
		}
		answer(federation.Reject, "Un seul cette semaine", &federation.Terms{Quantity: &federation.Quantity{Unit: "one", Value: "1"}})
		same("another proposal", x.Offer, federation.ExchangeCountered)
		if c := cafe.exchange(x.Offer); c.Counter == nil || c.Counter.Price == nil || c.Counter.Price.Value != "18" || c.Reason != "Un seul cette semaine" {
			t.Fatalf("%+v", c)
		}
		x = ask("1") // what was proposed is agreed at once
		same("agreed", x.Offer, federation.ExchangeAgreed)
		eventually(t, "everyone sees what is left", func() bool { return cafe.left(o.ID) == "2" })

		for _, side := range []*instance{amap, cafe} {
			side.update(func(ctx context.Context, tx *store.Tx) error {
				return outbox.HandOverTx(ctx, tx, amapExchange(ctx, t, tx, x.Offer), side.Actor.ID, federation.StepDelivered, "", "")
			})
		}
		same("fulfilled", x.Offer, federation.ExchangeFulfilled)
		for _, side := range []*instance{amap, cafe} {
			for _, step := range side.exchange(x.Offer).Steps {
				if step.Signed == nil {
					t.Errorf("%s has no proof that %s said %s", side.name, step.By, step.Kind)
				}
			}
		}

		x = ask("2")
		same("asked again", x.Offer, federation.ExchangeProposed)
		answer(federation.Accept, "", nil)
		same("agreed again", x.Offer, federation.ExchangeAgreed)
		eventually(t, "nothing is left", func() bool { return cafe.left(o.ID) == "0" })
		amap.update(func(ctx context.Context, tx *store.Tx) error {
			return outbox.CancelTx(ctx, tx, amapExchange(ctx, t, tx, x.Offer), amap.Actor.ID, "La récolte est perdue")
		})
		same("cancelled", x.Offer, federation.ExchangeCancelled)
		eventually(t, "it is there for others", func() bool { return cafe.left(o.ID) == "2" })
	})
}

// person is somebody with an account here.
func (i *instance) person(ctx context.Context, tx *store.Tx) federation.IRI {
	i.t.Helper()
	list, err := tx.LocalActors(ctx, "Person")
	if err != nil || len(list) == 0 {
		i.t.Fatalf("no person: %v", err)
	}
	return list[0].ID
}

// ids lists what is stored in a table that has ids.
func (i *instance) ids(table string) (all []federation.IRI) {
	i.t.Helper()
	for _, id := range i.column("SELECT id FROM "+table+" ORDER BY id", 0) {
		all = append(all, federation.IRI(id))
	}
	return all
}
