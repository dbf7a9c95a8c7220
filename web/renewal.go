// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// At the end of a season nobody is renewed silently. Who published it prepares the
// next one with a click: the same, with its dates moved on. Whoever took part
// is asked, sees what changes, and says yes or no with a click of theirs.

// renewalData is what the page that prepares the next season shows.
type renewalData struct {
	Card  *card
	Form  *form
	Was   []fact // the season that ends
	Asked int    // who will be asked
	Parts bool   // the price is broken up
	Next  string // there is a next one already: its page
}

// A renewalPart is what the partner sees of the next season.
type renewalPart struct {
	Title    string
	URL      string
	Rows     []renewalRow
	Declined bool
	Done     string // the exchange that goes on with it
	Closed   bool
}

// A renewalRow compares the two seasons.
type renewalRow struct{ Label, Was, Is, Difference string }

// nextSeason moves the dates of a season on, by whole weeks, to after its end and
// after now.
func nextSeason(dates []time.Time, now time.Time, zone *time.Location) (moved []time.Time, weeks int) {
	if len(dates) == 0 {
		return nil, 0
	}
	first, last := dates[0].In(zone), dates[len(dates)-1]
	for weeks = 1; !first.AddDate(0, 0, 7*weeks).After(last) || !first.AddDate(0, 0, 7*weeks).After(now); weeks++ {
	}
	for _, d := range dates {
		moved = append(moved, d.In(zone).AddDate(0, 0, 7*weeks))
	}
	return moved, weeks
}

// renewable returns a season of ours in the path, and what it is about.
func (v *visit) renewable(ctx context.Context, tx *store.Tx) (*federation.Object, federation.Proposal, error) {
	o, err := v.own(ctx, tx)
	if err != nil {
		return nil, federation.Proposal{}, err
	}
	p, ok := federation.ProposalOf(o)
	if !ok || len(p.Dates) == 0 || p.Every != "" {
		return nil, p, fmt.Errorf("%s is no season: %w", o.ID, federation.ErrNotFound)
	}
	return o, p, nil
}

// takers are those who take part in a season and were not asked about the next.
func takers(ctx context.Context, tx *store.Tx, o *federation.Object) (list []*federation.Exchange, next federation.IRI, err error) {
	all, err := tx.ExchangesOf(ctx, o.ID)
	for _, x := range all {
		switch {
		case x.State != federation.ExchangeAgreed && x.State != federation.ExchangeFulfilled:
		case x.Renewal != "":
			next = x.Renewal
		default:
			list = append(list, x)
		}
	}
	return list, next, err
}

// renewalPage prepares the next season.
func (v *visit) renewalPage(ctx context.Context, tx *store.Tx) (*page, error) {
	o, p, err := v.renewable(ctx, tx)
	if err != nil {
		return nil, err
	}
	moved, _ := nextSeason(p.Dates, v.Now(), v.zone())
	list, _, err := takers(ctx, tx, o)
	if err != nil {
		return nil, err
	}
	shares := federation.Decimal("0")
	if p.Primary.Available != nil {
		shares = p.Primary.Available.Value
	}
	for _, x := range list {
		shares = shares.Plus(x.Terms.Quantity.Value)
	}
	price, _ := p.Price()
	values := url.Values{"dates": {outbox.DatesTyped(moved, v.zone())}}
	if p.Primary.Available != nil {
		values.Set("available", v.words.Number(shares))
	}
	if price != "" {
		values.Set("price", v.words.Number(price))
	}
	return v.renewalForm(ctx, tx, o, v.form(values))
}

func (v *visit) renewalForm(ctx context.Context, tx *store.Tx, o *federation.Object, f *form) (*page, error) {
	p, _ := federation.ProposalOf(o)
	list, next, err := takers(ctx, tx, o)
	if err != nil {
		return nil, err
	}
	d := renewalData{Card: v.card(o), Form: f, Asked: len(list), Parts: len(p.Breakdown) > 0}
	if next != "" {
		d.Next = strings.TrimPrefix(string(next), v.Origin)
	}
	n := len(p.Dates)
	for _, was := range []fact{
		{Label: v.words.T("page_season"), Text: v.words.T("post_season", "Count", n, "From", v.words.Date(p.Dates[0].In(v.zone())), "Until", v.words.Date(p.Dates[n-1].In(v.zone()))), Icon: "calendar-days"},
		{Label: v.words.T("page_price"), Text: v.pricePer(o, p), Icon: "tag"},
	} {
		if was.Text != "" {
			d.Was = append(d.Was, was)
		}
	}
	return &page{Name: "renewal", Title: v.words.T("page_renewal"), Data: d, NoIndex: true, Problems: f.mistakes}, nil
}

// offerNext publishes the next season, and asks everyone of this one.
func (v *visit) offerNext(ctx context.Context) (pg *page, err error) {
	f := v.posted()
	var made *federation.Object
	again := func(tx *store.Tx) error {
		o, _, err := v.renewable(ctx, tx)
		if err == nil {
			pg, err = v.renewalForm(ctx, tx, o, f)
		}
		return err
	}
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		f.mistakes = nil // of an attempt before this
		o, p, err := v.renewable(ctx, tx)
		if err != nil {
			return err
		}
		list, next, err := takers(ctx, tx, o)
		if err != nil {
			return err
		}
		if next != "" { // pressed twice, or somebody joined since
			made, err = tx.Object(ctx, next)
		} else {
			made, err = v.publishNext(ctx, tx, f, o, p)
		}
		if err != nil || made == nil {
			return errors.Join(err, errTyped)
		}
		for _, x := range list {
			if err := outbox.MarkTx(ctx, tx, x, x.Publisher, federation.Mark{Kind: federation.MarkRenewed, Next: made.ID}); err != nil {
				return err
			}
		}
		return nil
	})
	if len(f.mistakes) > 0 || f.wrongTerms(err) {
		err = v.DB.View(ctx, again)
		return pg, err
	}
	if err != nil {
		return nil, err
	}
	return see(v.href(made), "renewed"), nil
}

// publishNext publishes a season like o with what was typed; nil if something
// was wrong with that.
func (v *visit) publishNext(ctx context.Context, tx *store.Tx, f *form, o *federation.Object, p federation.Proposal) (*federation.Object, error) {
	_, weeks := nextSeason(p.Dates, v.Now(), v.zone())
	kind := "offer"
	if p.Purpose == federation.PurposeRequest {
		kind = "need"
	}
	values := v.valuesOf(o, kind)
	v.renew(values, o)
	for _, name := range []string{"dates", "price", "available"} {
		values.Set(name, f.Value(name))
	}
	for name, day := range map[string]time.Time{"from": o.Start, "until": o.End} {
		if !day.IsZero() {
			values.Set(name, day.In(v.zone()).AddDate(0, 0, 7*weeks).Format(time.DateOnly))
		}
	}
	if price, _ := p.Price(); strings.TrimSpace(f.Value("price")) != "" {
		if typed, err := federation.ParseDecimal(f.Value("price")); err == nil && typed.Cmp(price) != 0 {
			for _, name := range []string{"part.name", "part.kind", "part.amount"} {
				values.Del(name) // they made up another price
			}
		}
	}
	values.Set("renews", string(o.ID))
	next := v.form(values)
	a, err := v.draft(ctx, tx, kind, next, nil, nil)
	if err != nil {
		return nil, err
	}
	if a == nil {
		f.mistakes = next.mistakes
		return nil, nil
	}
	return a.Enclosed, outbox.PublishTx(ctx, tx, a)
}

// renewalPart compares the next season with the one that ends; nil if there is
// none.
func (v *visit) renewalPart(ctx context.Context, tx *store.Tx, x *federation.Exchange, was *federation.Object) (*renewalPart, error) {
	if x.Renewal == "" {
		return nil, nil
	}
	o, err := tx.Whole(ctx, x.Renewal)
	if err != nil || o.Gone() {
		return nil, ignoreMissing(err)
	}
	p, ok := federation.ProposalOf(o)
	if !ok || o.AttributedTo != x.Publisher {
		return nil, nil
	}
	d := &renewalPart{Title: v.card(o).Title, URL: v.href(o), Declined: x.Declined, Closed: p.Closed(o, v.Now())}
	if next, err := tx.ExchangeWith(ctx, o.ID, x.Partner); err == nil {
		d.Done = v.exchangePath(next)
	} else if !errors.Is(err, federation.ErrNotFound) {
		return nil, err
	}
	old, _ := federation.ProposalOf(was)
	share := outbox.AmountWords(v.words, was, x.Terms.Quantity)
	d.Rows = []renewalRow{
		{v.words.T("page_exchange_what"), share, outbox.AmountWords(v.words, o, x.Terms.Quantity), v.words.T("page_renewal_same")},
		{Label: v.words.T("page_season"), Was: v.agreedDates(x.Terms), Is: v.seasonWords(p)},
	}
	before, now := old.PriceOf(x.Terms.Quantity), p.PriceOf(x.Terms.Quantity)
	if now != nil {
		row := renewalRow{Label: v.words.T("page_renewal_price"), Was: outbox.SumWords(v.words, was, before), Is: outbox.SumWords(v.words, o, now)}
		row.Difference = v.difference(o, before, now)
		d.Rows = append(d.Rows, row)
	}
	return d, nil
}

// agreedDates says when a season was, that was agreed on.
func (v *visit) agreedDates(t federation.Terms) string {
	var p federation.Proposal
	for _, c := range t.Schedule {
		if c.Kind == federation.StepDelivered {
			p.Dates = append(p.Dates, c.Due)
		}
	}
	n := len(p.Dates)
	if n == 0 {
		return ""
	}
	return v.words.T("post_season", "Count", n, "From", v.words.Date(p.Dates[0].In(v.zone())), "Until", v.words.Date(p.Dates[n-1].In(v.zone())))
}

// difference says what a price changes by.
func (v *visit) difference(o *federation.Object, before, now *federation.Quantity) string {
	if before == nil || before.Unit != now.Unit {
		return ""
	}
	change := new(big.Rat).Sub(now.Value.Rat(), before.Value.Rat())
	amount := outbox.SumWords(v.words, o, &federation.Quantity{Unit: now.Unit, Value: federation.Decimal(strings.TrimSuffix(strings.TrimRight(new(big.Rat).Abs(change).FloatString(6), "0"), "."))})
	switch change.Sign() {
	case 1:
		return "+ " + amount
	case -1:
		return "− " + amount
	}
	return v.words.T("page_renewal_same")
}

// goOn takes the same share of the next season.
func (v *visit) goOn(ctx context.Context, tx *store.Tx, d *deal) (string, error) {
	if d.me != d.x.Partner || d.x.Renewal == "" {
		return "", federation.ErrConflict
	}
	o, err := tx.Whole(ctx, d.x.Renewal)
	if err != nil {
		return "", err
	}
	if _, err := tx.ExchangeWith(ctx, o.ID, d.me); !errors.Is(err, federation.ErrNotFound) {
		return "exchange_renewed", err // pressed twice
	}
	t := federation.Terms{Quantity: d.x.Terms.Quantity, Mode: d.x.Terms.Mode, Place: d.x.Terms.Place}
	if !d.x.ByPage(v.Origin) {
		_, err := outbox.AskTx(ctx, tx, d.me, o.ID, t)
		return "exchange_renewed", err
	}
	return "exchange_renewed", v.goOnByPage(ctx, tx, d, o, t)
}

// goOnByPage does so for somebody who takes part by our pages: their next exchange
// has a link of its own.
func (v *visit) goOnByPage(ctx context.Context, tx *store.Tx, d *deal, o *federation.Object, t federation.Terms) error {
	if d.author == nil {
		return federation.ErrConflict
	}
	x := &federation.Exchange{Proposal: o.ID, Publisher: d.x.Publisher, Partner: d.x.Partner, Terms: t, Offer: d.x.Offer.Document() + federation.IRI("#renewal-"+lastPart(o.ID))}
	r := *d.author
	r.ID, r.Secret, r.Proposal, r.Exchange = 0, "", o.ID, federation.ExchangeID(v.Origin, x.Offer)
	r.Confirmed, r.Asked = tx.Now(), federation.Terms{}
	if err := tx.PutRespondent(ctx, &r); err != nil {
		return err
	}
	if federation.IsGuest(v.Origin, x.Partner) {
		return outbox.RespondTx(ctx, tx, x)
	}
	if err := outbox.RecordTx(ctx, tx, x); err != nil {
		return err
	}
	return outbox.WriteRespondentTx(ctx, tx, x, federation.ExchangeAgreed, "")
}

// lastPart is the end of an address.
func lastPart(id federation.IRI) string { return string(id)[strings.LastIndexByte(string(id), '/')+1:] }

// goNot says that they do not go on.
func (v *visit) goNot(ctx context.Context, tx *store.Tx, d *deal) (string, error) {
	if d.me != d.x.Partner || d.x.Renewal == "" {
		return "", federation.ErrConflict
	}
	_, err := d.say(ctx, tx, federation.Mark{Kind: federation.MarkDeclined})
	return "exchange_declined", err
}
