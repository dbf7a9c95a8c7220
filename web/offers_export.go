// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"slices"
	"time"

	"codeberg.org/maillage/maillage/catalogue"
	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// maxListRows is how many rows a table has.
const maxListRows = 10_000

// ownEntries reads what a voice offers and seeks, but for what is for some only
// where that is not to leave with it.
func (v *visit) ownEntries(ctx context.Context, tx *store.Tx, voice *federation.Actor, public bool) ([]catalogue.Entry, error) {
	references, err := tx.References(ctx, voice.ID)
	if err != nil {
		return nil, err
	}
	var list []catalogue.Entry
	q := store.Query{Kinds: []string{"offer", "need"}, Author: voice.ID, Viewer: voice.ID, OpenOnly: public, Limit: 100}
	if public {
		q.Viewer, q.From = "", v.Now()
	}
	for {
		found, next, err := tx.Search(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			o := f.Object
			if !public && federation.Withholds(o) {
				if o, err = tx.Whole(ctx, o.ID); err != nil {
					return nil, err
				}
			}
			list = append(list, catalogue.Entry{Reference: references[o.ID], ID: o.ID, Form: outbox.OfferFormOf(o, v.zone())})
		}
		if q.Cursor = next; next == "" || len(list) >= maxListRows {
			return list, nil
		}
	}
}

// offersTable answers with what a voice offers and seeks, as a table that can be
// brought again.
func (v *visit) offersTable(ctx context.Context, tx *store.Tx) (*page, error) {
	voice, err := v.voice()
	if err != nil {
		return nil, err
	}
	entries, err := v.ownEntries(ctx, tx, voice, false)
	if err != nil {
		return nil, err
	}
	return v.sheet("offers", voice, catalogue.Table(v.words, entries)), nil
}

func (v *visit) sheet(name string, voice *federation.Actor, rows [][]string) *page {
	name += "-" + voice.Username + "-" + v.Now().In(v.zone()).Format(time.DateOnly) + ".csv"
	return fetch(name, "text/csv; charset=utf-8", append([]byte("\ufeff"), sheetOf(rows)...)) // the mark is for spreadsheets
}

// offersCatalogue answers with what a voice offers to everyone, as a catalogue
// of the Data Food Consortium.
func (v *visit) offersCatalogue(ctx context.Context, tx *store.Tx) (*page, error) {
	voice, err := v.voice()
	if err != nil {
		return nil, err
	}
	entries, err := v.ownEntries(ctx, tx, voice, true)
	if err != nil {
		return nil, err
	}
	body, err := catalogue.DFC(entries)
	return fetch("catalogue-"+voice.Username+".jsonld", "application/ld+json", body), err
}

// exchangeColumns are those of the table of exchanges.
var exchangeColumns = []string{"asked", "state", "side", "title", "partner", "quantity", "unit", "price", "currency", "mode", "due", "place", "page"}

// exchangesTable answers with all exchanges of a voice.
func (v *visit) exchangesTable(ctx context.Context, tx *store.Tx) (*page, error) {
	voice, err := v.voice()
	if err != nil {
		return nil, err
	}
	head := make([]string, len(exchangeColumns))
	for i, name := range exchangeColumns {
		head[i] = v.words.T("list_exchange_" + name)
	}
	rows := [][]string{head}
	for _, published := range []bool{true, false} {
		more, err := v.exchangeRows(ctx, tx, voice, published)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return v.sheet("exchanges", voice, rows), nil
}

// exchangeRows are the exchanges that a voice published the proposal of, or
// asked for.
func (v *visit) exchangeRows(ctx context.Context, tx *store.Tx, voice *federation.Actor, published bool) (rows [][]string, err error) {
	for cursor := ""; ; {
		list, next, err := tx.Exchanges(ctx, voice.ID, published, cursor, 100)
		if err != nil {
			return nil, err
		}
		var about, people []federation.IRI
		for _, x := range list {
			about, people = append(about, x.Proposal), append(people, x.Publisher, x.Partner)
		}
		objects, err := tx.Objects(ctx, about...)
		if err != nil {
			return nil, err
		}
		actors, err := tx.Actors(ctx, people...)
		if err != nil {
			return nil, err
		}
		for _, x := range list {
			o, err := one(tx.SeenBy(ctx, []federation.IRI{voice.ID}, objects[x.Proposal]))
			if err != nil {
				return nil, err
			}
			rows = append(rows, v.exchangeRow(x, published, o, actors))
		}
		if cursor = next; next == "" || len(rows) >= maxListRows {
			return rows, nil
		}
	}
}

func (v *visit) exchangeRow(x *federation.Exchange, published bool, o *federation.Object, actors map[federation.IRI]*federation.Actor) []string {
	side, other := "received", x.Partner
	if !published {
		side, other = "asked", x.Publisher
	}
	cells := map[string]string{
		"asked": x.At.In(v.zone()).Format(time.DateOnly), "state": v.words.T("list_state_" + x.State), "side": v.words.T("page_exchanges_" + side),
		"partner": v.partyName(actors[other], other), "place": x.Terms.Place, "page": string(x.ID),
	}
	if x.Terms.Mode != "" {
		cells["mode"] = v.words.Word("mode", x.Terms.Mode)
	}
	if o != nil && !o.Gone() {
		cells["title"] = o.Name
	}
	if q := x.Terms.Quantity; q != nil {
		cells["quantity"], cells["unit"] = string(q.Value), v.words.Word("unit", q.Unit)
	}
	if q := x.Terms.Price; q != nil {
		cells["price"] = string(q.Value)
		cells["currency"] = v.currencyOf(o, q)
	}
	if !x.Terms.Due.IsZero() {
		cells["due"] = x.Terms.Due.In(v.zone()).Format(time.DateOnly)
	}
	row := make([]string, len(exchangeColumns))
	for i, name := range exchangeColumns {
		row[i] = cells[name]
	}
	return row
}

// partyName names who the other one is.
func (v *visit) partyName(a *federation.Actor, id federation.IRI) string {
	if a == nil {
		if federation.IsGuest(v.Origin, id) {
			return v.words.T("list_guest")
		}
		return string(id)
	}
	w := v.actorOf(a, id)
	return w.Name + " (" + w.Handle + ")"
}

// currencyOf names what a price is in.
func (v *visit) currencyOf(o *federation.Object, q *federation.Quantity) string {
	if slices.Contains(federation.Units, q.Unit) && q.Unit != "one" {
		return v.words.Word("unit", q.Unit)
	}
	if o == nil {
		return ""
	}
	p, _ := federation.ProposalOf(o)
	_, currency := p.Price()
	return currency
}
