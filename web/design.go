// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// designData is every component in every state. The samples are objects like
// those that are stored, and pass through the same functions and templates.
type designData struct {
	Tokens, Kinds []string
	Icons         []string
	Cards, Off    []*card
	Circuits      []*who
	People        []*who
	Bar           *priceBar
	Facts         []fact
	Answers       []*answering
	Form, Wrong   *form
	Options       []option
	Alerts        []sampleAlert
	Replies       []*replyData
	Deals         []*exchangeView
	Story         *priceStory
}

type sampleAlert struct{ Class, Icon, Text string }

// design shows what pages are put together from.
func (v *visit) design(context.Context, *store.Tx) (*page, error) {
	offer, event := v.sampleOffer(), v.sampleEvent()
	people := v.samplePeople()
	d := designData{
		Tokens:   []string{"paper", "card", "well", "tint", "ink", "soft", "line", "edge", "accent", "brand", "sun", "danger", "danger-tint", "warn", "warn-tint", "focus"},
		Kinds:    []string{"offer", "need", "event", "circuit", "initiative", "article", "note"},
		Icons:    slices.Sorted(maps.Keys(icons)),
		Circuits: people[:2], People: people,
		Form:    v.form(url.Values{"title": {"Paniers d’automne"}, "modes": {"sale"}}),
		Wrong:   v.form(url.Values{"price": {"dix-huit"}}),
		Options: []option{{Value: "sale", Label: v.words.T("mode_sale")}, {Value: "barter", Label: v.words.T("mode_barter")}, {Value: "gift", Label: v.words.T("mode_gift")}},
		Alerts: []sampleAlert{
			{"", "info", "alert"}, {"warn", "triangle-alert", "alert warn"}, {"bad", "circle-alert", "alert bad"},
		},
	}
	d.Wrong.wrong("price", "error_number")
	d.Deals = v.sampleDeals(offer)
	p, _ := federation.ProposalOf(offer)
	d.Bar, d.Facts = v.priceBar(p), v.factsOf(offer)
	for _, o := range []*federation.Object{offer, v.sampleNeed(), event, v.sampleNote("Article"), v.sampleNote("Note")} {
		c := v.card(o)
		c.Author = people[1]
		d.Cards = append(d.Cards, c)
	}
	d.Story = v.storyOf(offer, v.samplePrices(p))
	d.Cards = append(d.Cards, v.card(withheldSample(offer)))
	d.Cards[2].Answer = v.answering(event)
	var err error
	if d.Off, err = v.sampleOff(people[1]); err != nil {
		return nil, err
	}
	for _, given := range []string{"", "yes", "maybe", "waiting", "unsure"} {
		d.Answers = append(d.Answers, &answering{Printer: v.words, ID: event.ID, Page: "/design", Open: true, Perhaps: true, SignedIn: true, Given: given, Coming: 12, Left: 3})
	}
	d.Answers = append(d.Answers, &answering{
		Printer: v.words, ID: event.ID, Page: "/design", Open: true, SignedIn: true, Coming: 12, Left: -1,
		Refused: v.words.DateTime(v.Now().In(v.zone())), By: people[1], Form: v.form(url.Values{}),
	})
	note := v.card(v.sampleNote("Note"))
	note.Author = people[2]
	d.Replies = []*replyData{{card: note, Content: safe("<p>J’apporte la soupe !</p>"), Counts: store.Counts{Likes: 2}}}
	return &page{Name: "design", Title: v.words.T("page_design"), Data: d, NoIndex: true}, nil
}

func (v *visit) samplePeople() []*who {
	var all []*who
	for _, s := range []struct{ kind, username, name, about string }{
		{"Group", "circuit", "Circuit légumes", "Qui cultive quoi, pour qui, et comment cela voyage."},
		{"Organization", "initiative", "AMAP du Moulin", "Quarante familles et deux maraîchers."},
		{"Person", "camille", "Camille Martin", "Bénévole le samedi."},
		{"Person", "dominique", "Dominique Roux", ""},
	} {
		all = append(all, v.actorOf(&federation.Actor{
			ID: v.local("/design#" + s.username), Type: s.kind, Username: s.username, Name: s.name, Summary: "<p>" + s.about + "</p>",
			Handle: s.username + "@" + v.local("/").Host(), URL: v.Origin + "/design", Local: true,
		}, ""))
	}
	for _, w := range all {
		w.URL = "/design"
	}
	return all
}

// sample makes an object that is stored nowhere.
func (v *visit) sample(kind, name string) *federation.Object {
	return &federation.Object{
		ID: v.local("/design"), Type: kind, Name: name, Local: true, Published: v.Now().Add(-26 * time.Hour),
		To:       []federation.IRI{federation.Public},
		Location: &federation.Place{Type: "Place", Name: "Ferme du Moulin", City: "Valence"},
	}
}

func (v *visit) sampleOffer() *federation.Object {
	o, unit, direct := v.sample("Note", "Paniers de légumes"), true, 0
	o.End = v.Now().AddDate(0, 0, 20)
	federation.Proposal{
		Purpose: federation.PurposeOffer, UnitBased: &unit, Modes: []string{"sale", "localCurrency"}, Category: "alimentation",
		Intermediaries: &direct, Produced: &federation.Place{Name: "Crest"},
		Primary: federation.Intent{
			Action: "transfer", Quantity: &federation.Quantity{Unit: "one", Value: "1"}, Available: &federation.Quantity{Unit: "one", Value: "12"},
		},
		Reciprocal: &federation.Intent{
			Action: "transfer", ConformsTo: federation.Currencies["EUR"], Quantity: &federation.Quantity{Unit: "one", Value: "18"},
		},
		Breakdown: []federation.PricePart{
			{Kind: "production", Amount: "12"}, {Kind: "logistics", Amount: "3"}, {Kind: "distribution", Amount: "2"}, {Kind: "solidarity", Amount: "1"},
		},
	}.Put(o)
	return o
}

// withheldSample is an offer of which the price is not for everybody.
func withheldSample(offer *federation.Object) *federation.Object {
	o := *offer
	o.Extra = maps.Clone(offer.Extra)
	federation.Readers{federation.DetailPrice: federation.ReadersNetwork}.Put(&o)
	return federation.Everyones(&o)
}

// samplePrices are what an offer cost before, and what it costs.
func (v *visit) samplePrices(p federation.Proposal) (all []federation.PriceRecord) {
	for n, amount := range []federation.Decimal{"16", "17", "18"} {
		r := federation.PriceRecord{At: v.Now().AddDate(0, 3*(n-2), 0), Amount: amount, Currency: federation.Currencies["EUR"], Unit: "one", Each: p.UnitBased, Per: p.Primary.Quantity}
		all = append(all, r)
	}
	return all
}

func (v *visit) sampleNeed() *federation.Object {
	o := v.sample("Note", "Une remorque le samedi")
	federation.Proposal{
		Purpose: federation.PurposeRequest, Modes: []string{"loan", "barter", "volunteering"},
		Primary: federation.Intent{Action: "transfer", Available: &federation.Quantity{Unit: "hour", Value: "6"}},
	}.Put(o)
	return o
}

func (v *visit) sampleEvent() *federation.Object {
	o := v.sample("Event", "Chantier participatif")
	o.Start = v.Now().AddDate(0, 0, 9)
	o.End = o.Start.Add(3 * time.Hour)
	federation.Event{Timezone: locale.DefaultZone, JoinMode: federation.JoinFree, Capacity: 15}.Put(o)
	return o
}

func (v *visit) sampleNote(kind string) *federation.Object {
	o := v.sample(kind, "")
	o.Content, o.Location = "<p>Merci à toutes et à tous pour la récolte de samedi : 300 kg de courges, et une soupe.</p>", nil
	if kind == "Article" {
		o.Name = "Commencer un compost partagé"
	}
	return o
}

// sampleOff are cards of what is over.
func (v *visit) sampleOff(author *who) ([]*card, error) {
	offer, event, moved := v.sampleOffer(), v.sampleEvent(), v.sampleEvent()
	federation.Event{Timezone: locale.DefaultZone, Status: federation.EventCancelled}.Put(event)
	federation.Event{Timezone: locale.DefaultZone, Status: federation.EventPostponed}.Put(moved)
	if err := outbox.Close(v.words, offer, v.Now()); err != nil {
		return nil, err
	}
	var all []*card
	for _, o := range []*federation.Object{offer, event, moved} {
		c := v.card(o)
		c.Author = author
		all = append(all, c)
	}
	return all, nil
}

// sampleDeals are exchanges as lists show them.
func (v *visit) sampleDeals(o *federation.Object) (all []*exchangeView) {
	for _, state := range []string{federation.ExchangeProposed, federation.ExchangeAgreed, federation.ExchangeRefused} {
		x := &federation.Exchange{
			ID: v.local("/exchanges/sample"), Proposal: o.ID, Publisher: o.AttributedTo, Partner: v.local("/actors/sample"), State: state, Updated: v.Now(),
			Terms: federation.Terms{Quantity: &federation.Quantity{Unit: "one", Value: "2"}, Mode: "sale", Due: v.Now().AddDate(0, 0, 3)},
		}
		e := v.exchangeView(x, o, x.Publisher)
		e.URL, e.OtherName = "#main", "Camille Martin"
		e.Now = v.words.T(e.nowWord(), "Name", e.OtherName)
		all = append(all, e)
	}
	return all
}
