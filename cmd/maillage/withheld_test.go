// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// Values that cannot be mistaken, for the details that they are of.
var withheldWords = map[string]string{
	federation.DetailPrice: "73919", federation.DetailBreakdown: "Tchoupinette", federation.DetailQuantity: "86421",
	federation.DetailPlace: "Farfadets", federation.DetailContact: "Zanzibarine",
}

// discreet is an offer of which the price is for the network, and the place and
// the contact for the parties.
func discreet() outbox.OfferForm {
	f := baskets("86421")
	f.Title, f.Price = "Panier discret", "73919"
	f.Parts = []outbox.PartForm{{Name: "Tchoupinette", Kind: "production", Amount: "73919"}}
	f.Contact = "Zanzibarine, au portail"
	f.Place = outbox.PlaceForm{Name: "Cave", Street: "3 rue des Farfadets", City: "Valence", Lat: "44.9123", Lon: "4.9123", Town: &federation.Point{Latitude: 44.93, Longitude: 4.89}}
	f.Readers = federation.Readers{
		federation.DetailPrice: federation.ReadersNetwork, federation.DetailQuantity: federation.ReadersNetwork,
		federation.DetailPlace: federation.ReadersParties, federation.DetailContact: federation.ReadersParties,
	}
	return f
}

// tellsOf lists the details that a text tells of.
func tellsOf(text string) (all []string) {
	for _, detail := range federation.Details {
		if word := withheldWords[detail]; word != "" && strings.Contains(text, word) {
			all = append(all, detail)
		}
	}
	return all
}

// shows lists the details that an instance shows to somebody.
func (i *instance) shows(id federation.IRI, viewers ...federation.IRI) (all []string) {
	i.t.Helper()
	i.view(func(ctx context.Context, tx *store.Tx) error {
		o, err := tx.Object(ctx, id)
		if err != nil {
			return err
		}
		list, err := tx.SeenBy(ctx, viewers, o)
		if err != nil {
			return err
		}
		raw, err := json.Marshal(list[0])
		all = tellsOf(string(raw))
		return err
	})
	return all
}

// TestNoDocumentTellsWhatIsWithheld asks for all that there is about an offer,
// as nobody, as a server that nobody knows, as one of a follower and as one that
// agreed on it.
func TestNoDocumentTellsWhatIsWithheld(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		amap := launch(t, "amap", variant{database: fresh(t)})
		known, unknown := newForeign(t, "127.0.0.2"), newForeign(t, "127.0.0.3")
		vera, eve := known.actor("vera"), unknown.actor("eve")
		vera.follows(amap, amap.Actor)
		before := baskets("5")
		before.Title, before.Price = "Panier discret", "73919"
		shown := amap.offers(before)
		known.awaits("Create", shown.ID)
		network := []string{federation.DetailPrice, federation.DetailBreakdown, federation.DetailQuantity}

		o := amap.offers(discreet())
		known.awaits("Create", o.ID)
		amap.changes(shown.ID, func(o *federation.Object) error { // what was for everybody is no more
			federation.Readers{federation.DetailPrice: federation.ReadersNetwork}.Put(o)
			return nil
		})
		known.awaits("Update", shown.ID)
		amap.settle()
		for _, p := range known.received("Create") {
			if got := tellsOf(string(p.body)); strings.Contains(string(p.body), string(o.ID)) && len(got) > 0 {
				t.Errorf("followers were sent %v", got)
			}
		}
		ids := append([]federation.IRI{amap.Actor.Outbox, amap.Actor.Outbox + "?page=", amap.Actor.ID + "/offers?page=", amap.Actor.Featured, o.ID + "/replies"}, amap.ids("activities")...)
		ids = append(ids, amap.ids("objects")...)
		for _, id := range ids {
			path := strings.TrimPrefix(string(id), amap.Origin)
			for who, body := range map[string][]byte{
				"nobody":          amap.get(path, "Accept", "application/activity+json").Body,
				"nobody, a page":  amap.get(path, "Accept", "text/html").Body,
				"a stranger":      eve.reads(id).Body,
				"a follower":      vera.reads(id).Body,
				"nobody, JSON-LD": amap.get(path, "Accept", `application/ld+json; profile="https://www.w3.org/ns/activitystreams"`).Body,
			} {
				got := tellsOf(string(body))
				if may := who == "a follower" && (id == o.ID || id == shown.ID); !may && len(got) > 0 {
					t.Errorf("%s tells %s of %v", id, who, got)
				} else if may && id == o.ID && !slices.Equal(got, network) {
					t.Errorf("the follower's server reads %v of %s", got, id)
				}
			}
		}
		a := vera.reads(o.ID)
		if !strings.HasPrefix(a.Header.Get("Cache-Control"), "private") {
			t.Errorf("%v may be kept by others", a.Header)
		}
		if doc := amap.get(string(o.ID), "Accept", "application/activity+json").doc(t); doc["excerpt"] != true {
			t.Errorf("%v is not said to be an excerpt", doc["readers"])
		}
	})
}

// TestAPeerKeepsWhatIsWithheld lets a second instance take an offer in, whose
// members see what is for the network, and agree on it.
func TestAPeerKeepsWhatIsWithheld(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		amap, cafe := launch(t, "amap", variant{database: fresh(t)}), launch(t, "cafe", variant{database: fresh(t)})
		cafe.follow(cafe.Actor, amap.Actor.ID)
		f := discreet()
		f.Readers = federation.Readers{}
		for _, detail := range federation.Details {
			f.Readers[detail] = federation.ReadersParties
		}
		f.Readers[federation.DetailPrice] = federation.ReadersNetwork
		f.Intermediaries, f.Produced, f.ProducedAt = "0", "Crest", &federation.Point{Latitude: 44.7281, Longitude: 5.0226}
		o := amap.offers(f)
		eventually(t, "members of the follower's server see the price", func() bool {
			return cafe.object(o.ID) != nil && slices.Equal(cafe.shows(o.ID, cafe.Actor.ID), []string{federation.DetailPrice})
		})
		if got := cafe.shows(o.ID); len(got) > 0 {
			t.Errorf("everybody sees %v there", got)
		}
		known := cafe.object(o.ID)
		p, _ := federation.ProposalOf(known)
		if km, ok := p.ProducedKm(known); p.Intermediaries == nil || *p.Intermediaries != 0 || p.Produced == nil || p.Produced.Name != "Crest" || !ok || km < 20 || km > 30 {
			t.Errorf("it comes by %v from %v, %v km", p.Intermediaries, p.Produced, km)
		}
		if got := tellsOf(string(cafe.get("/offers").Body)); len(got) > 0 {
			t.Errorf("its pages tell everybody of %v", got)
		}
		var x *federation.Exchange
		cafe.update(func(ctx context.Context, tx *store.Tx) (err error) {
			x, err = outbox.AskTx(ctx, tx, cafe.Actor.ID, o.ID, federation.Terms{Quantity: &federation.Quantity{Unit: "one", Value: "1"}})
			return err
		})
		eventually(t, "the offer is asked for", func() bool { return amap.exchange(x.Offer) != nil })
		amap.update(func(ctx context.Context, tx *store.Tx) error {
			return outbox.AnswerOfferTx(ctx, tx, amapExchange(ctx, t, tx, x.Offer), federation.Accept, "", nil)
		})
		eventually(t, "where to come, and whom to ask, is known when it is agreed", func() bool {
			got := cafe.shows(o.ID, cafe.Actor.ID)
			return slices.Contains(got, federation.DetailPlace) && slices.Contains(got, federation.DetailContact)
		})
		if y := cafe.exchange(x.Offer); y.Terms.Price == nil || y.Terms.Price.Value.Cmp("73919") != 0 {
			t.Errorf("agreed at %v", y.Terms.Price)
		}
		if got := cafe.shows(o.ID); len(got) > 0 {
			t.Errorf("everybody sees %v there", got)
		}
	})
}

// TestAPriceThatIsNotToldIsNamedLater: who may not see a price asks without one;
// the publisher names it, and only that is agreed on.
func TestAPriceThatIsNotToldIsNamedLater(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		amap, cafe := launch(t, "amap", variant{database: fresh(t)}), launch(t, "cafe", variant{database: fresh(t)})
		cafe.follow(cafe.Actor, amap.Actor.ID)
		f := baskets("3")
		f.AtOnce = true
		f.Readers = federation.Readers{federation.DetailPrice: federation.ReadersParties}
		o := amap.offers(f)
		eventually(t, "the offer arrives", func() bool { return cafe.object(o.ID) != nil })
		var x *federation.Exchange
		cafe.update(func(ctx context.Context, tx *store.Tx) (err error) {
			x, err = outbox.AskTx(ctx, tx, cafe.Actor.ID, o.ID, federation.Terms{Quantity: &federation.Quantity{Unit: "one", Value: "2"}})
			return err
		})
		eventually(t, "the offer is asked for", func() bool {
			y := amap.exchange(x.Offer)
			return y != nil && y.State == federation.ExchangeProposed && y.Terms.Price == nil
		})
		amap.update(func(ctx context.Context, tx *store.Tx) error {
			y := amapExchange(ctx, t, tx, x.Offer)
			return outbox.AnswerOfferTx(ctx, tx, y, federation.Reject, "", &federation.Terms{Quantity: y.Terms.Quantity, Mode: y.Terms.Mode})
		})
		eventually(t, "the price is named", func() bool {
			y := cafe.exchange(x.Offer)
			return y.State == federation.ExchangeCountered && y.Counter.Price != nil && y.Counter.Price.Value == "36"
		})
		cafe.update(func(ctx context.Context, tx *store.Tx) error {
			return outbox.AcceptCounterTx(ctx, tx, cafe.exchange(x.Offer))
		})
		eventually(t, "both agree", func() bool {
			list := 0
			for _, i := range []*instance{amap, cafe} {
				list += i.number("SELECT COUNT(*) FROM exchanges WHERE state = 'agreed' AND data LIKE '%\"36\"%'")
			}
			return list == 2 && amap.left(o.ID) == "1"
		})
	})
}

// TestANewFollowerLearnsWhatIsForTheNetwork: the copy that a server holds of an
// offer is completed when one of its members begins to follow the author.
func TestANewFollowerLearnsWhatIsForTheNetwork(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		amap, cafe := launch(t, "amap", variant{database: fresh(t)}), launch(t, "cafe", variant{database: fresh(t)})
		o := amap.offers(discreet())
		cafe.meets(amap.Actor.ID)
		cafe.reads(o.ID)
		if got := cafe.shows(o.ID, cafe.Actor.ID); len(got) > 0 {
			t.Errorf("a stranger's server shows %v", got)
		}
		cafe.follow(cafe.Actor, amap.Actor.ID)
		eventually(t, "the price is shown to members", func() bool {
			return slices.Contains(cafe.shows(o.ID, cafe.Actor.ID), federation.DetailPrice)
		})
	})
}
