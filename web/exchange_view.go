// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"slices"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// An exchangeView is an exchange as one of the two sees it.
type exchangeView struct {
	*locale.Printer
	*federation.Exchange

	URL       string
	Title     string // of the proposal
	About     string // its page; "" if there is none any more
	Need      bool
	Publisher bool // it is they who look
	Gives     bool // they hand over, rather than receive
	Other     *who // nil: somebody without an account
	OtherName string
	Address   string // of somebody without an account, for the publisher
	What      string
	Price     string
	Way       string
	Day       string
	Rhythm    string // of a standing order
	Back      string // when what is lent comes back
	Word      string // the state, in a word
	Class     string // of the badge
	Waiting   bool   // for them
	Now       string // what is to be done, in a sentence
	When      string // it last changed, how long ago
}

// A moment is a line of what happened.
type moment struct {
	At    time.Time
	When  string
	Stamp string
	Text  string
	Words string
	Icon  string
}

// exchangeViews shows exchanges, each as one of its two sees it.
func (v *visit) exchangeViews(ctx context.Context, tx *store.Tx, list []*federation.Exchange, me func(*federation.Exchange) federation.IRI) ([]*exchangeView, error) {
	var ids, proposals, people []federation.IRI
	for _, x := range list {
		ids, proposals, people = append(ids, x.ID), append(proposals, x.Proposal), append(people, x.Other(me(x)))
	}
	objects, err := tx.Objects(ctx, proposals...)
	if err != nil {
		return nil, err
	}
	actors, err := tx.Actors(ctx, people...)
	if err != nil {
		return nil, err
	}
	authors, err := tx.Respondents(ctx, ids...)
	if err != nil {
		return nil, err
	}
	var all []*exchangeView
	for _, x := range list {
		o := objects[x.Proposal]
		if o == nil || o.Gone() {
			o = &federation.Object{ID: x.Proposal}
		}
		if o, err = one(tx.SeenBy(ctx, []federation.IRI{me(x)}, o)); err != nil {
			return nil, err
		}
		e := v.exchangeView(x, o, me(x))
		if other := x.Other(me(x)); federation.IsGuest(v.Origin, other) {
			e.OtherName = v.words.T("page_exchange_somebody")
			if r := authors[x.ID]; r != nil {
				e.OtherName, e.Address = r.Name, r.Address
			}
		} else {
			e.Other = v.actorOf(actors[other], other)
			e.OtherName = e.Other.Name
		}
		e.Now = v.words.T(e.nowWord(), "Name", e.OtherName)
		all = append(all, e)
	}
	return all, nil
}

// nowWord names the sentence that says who must do what.
func (e *exchangeView) nowWord() string {
	side := "partner"
	if e.Publisher {
		side = "publisher"
	}
	id := "page_exchange_now_" + e.State + "_" + side
	if e.State == federation.ExchangeAgreed {
		id = "page_exchange_now_agreed_waits"
		if !e.Waiting {
			id = "page_exchange_now_agreed"
		}
	}
	if !e.Has(id) {
		return "page_exchange_now_" + e.State
	}
	return id
}

// priceWords is the price, or what stands in its place.
func (e *exchangeView) priceWords() string {
	switch {
	case e.Price != "" && e.Rhythm != "":
		return e.T("page_exchange_each_time", "Price", e.Price)
	case e.Price != "":
		return e.Price
	case e.Terms.Mode == "freePrice":
		return e.T("page_exchange_free")
	case federation.Priced(e.Terms.Mode):
		return e.T("page_exchange_open_price")
	}
	return ""
}

// timeline lists what happened.
func (v *visit) timeline(x *federation.Exchange, o *federation.Object, e *exchangeView) (all []moment) {
	who := func(by federation.IRI) string {
		if (by == x.Publisher) == e.Publisher {
			return v.words.T("page_exchange_you")
		}
		return e.OtherName
	}
	add := func(at time.Time, icon, text, words string) {
		all = append(all, moment{at, v.words.DateTime(at.In(v.zone())), stamp(at), text, words, icon})
	}
	for _, m := range x.Turns {
		by := x.Publisher
		switch m.State {
		case federation.ExchangeProposed, federation.ExchangeWithdrawn:
			by = x.Partner
		case federation.MarkExtended:
			by = x.Provider()
		}
		words := m.Words
		if m.State == federation.ExchangeFulfilled {
			words = ""
		}
		add(m.At, momentIcons[m.State], v.words.T("page_exchange_line_"+m.State, "Name", who(by)), outbox.ReasonWords(v.words, words))
	}
	for _, s := range x.Steps {
		q := &federation.Quantity{Unit: x.Terms.Quantity.Unit, Value: s.Quantity}
		text := outbox.AmountWords(v.words, o, q)
		icon := "package-check"
		if s.Kind == federation.StepPaid {
			icon = "banknote"
			text = outbox.SumWords(v.words, o, &federation.Quantity{Unit: priceUnit(x), Value: s.Quantity})
		}
		add(s.At, icon, v.words.T("page_exchange_step_"+s.Kind, "Name", who(s.By), "What", text), vocab.Text(s.Words))
	}
	slices.SortStableFunc(all, func(a, b moment) int { return a.At.Compare(b.At) })
	return all
}

func priceUnit(x *federation.Exchange) string {
	if x.Terms.Price == nil {
		return "one"
	}
	return x.Terms.Price.Unit
}

// exchangeView shows an exchange to one of its two.
func (v *visit) exchangeView(x *federation.Exchange, o *federation.Object, me federation.IRI) *exchangeView {
	p, ok := federation.ProposalOf(o)
	e := &exchangeView{
		Printer: v.words, Exchange: x, URL: v.exchangePath(x), Publisher: me == x.Publisher, Need: ok && p.Purpose == federation.PurposeRequest,
		What: outbox.AmountWords(v.words, o, x.Terms.Quantity), Price: outbox.SumWords(v.words, o, x.Terms.Price),
		Day: outbox.DueWords(v.words, x.Terms.Due, v.zone()), Word: v.words.T("page_exchange_" + x.State), Class: exchangeClasses[x.State],
		Waiting: x.Waits() == me, When: v.words.Ago(x.Updated, v.Now()),
	}
	e.Gives = e.Publisher != e.Need
	if st := x.Terms.Standing; st != nil {
		e.Rhythm = outbox.RhythmWords(v.words, st.Every, st.First.In(v.zone()))
	}
	e.Back = outbox.DueWords(v.words, x.Terms.Until, v.zone())
	if x.Terms.Mode != "" {
		e.Way = v.words.Word("mode", x.Terms.Mode)
	}
	if e.Title = glued(o.Name); ok {
		e.Title, e.About = v.card(o).Title, v.href(o)
	}
	if e.Title == "" {
		e.Title = v.words.T("page_exchange_untitled")
	}
	return e
}
