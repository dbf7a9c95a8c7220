// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// Whoever has an account on Mastodon or the like answers an offer by a message.
// The publisher makes an exchange of it with one form: what was agreed on is
// written down, stock is taken, and the other is told by a direct note, with the
// link to their page of the exchange.

// recordData is what the form that writes an exchange down shows.
type recordData struct {
	As      string
	Note    federation.IRI
	Who     *who
	Words   string // the message
	Form    *form
	Choices []option // proposals
}

// maxRecorded is how many proposals there are to choose from.
const maxRecorded = 100

// recordable returns the voice that a message is for, if it can become an
// exchange: somebody else wrote it to that voice, or in answer to what it
// publishes.
func (v *visit) recordable(ctx context.Context, tx *store.Tx, id federation.IRI, as string) (*federation.Object, *federation.Actor, error) {
	voice, err := v.voiceNamed(as)
	if err != nil {
		return nil, nil, err
	}
	n, err := tx.Object(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	may, err := tx.MayRead(ctx, voice.ID, n)
	if err != nil {
		return nil, nil, err
	}
	written := slices.Contains(slices.Concat(n.To, n.Cc), voice.ID)
	if n.InReplyTo != "" && !written {
		parent, err := tx.Object(ctx, n.InReplyTo)
		if ignoreMissing(err) != nil {
			return nil, nil, err
		}
		written = err == nil && parent.AttributedTo == voice.ID
	}
	if !may || !written || n.Gone() || n.Type != "Note" || v.speaksFor(n.AttributedTo) {
		return nil, nil, fmt.Errorf("%s is no message to %s: %w", id, voice.ID, federation.ErrNotFound)
	}
	return n, voice, nil
}

// recordPage asks what was agreed on.
func (v *visit) recordPage(ctx context.Context, tx *store.Tx) (*page, error) {
	q := v.r.URL.Query()
	n, voice, err := v.recordable(ctx, tx, federation.IRI(q.Get("note")), q.Get("as"))
	if err != nil {
		return nil, err
	}
	f := v.form(url.Values{"proposal": {string(n.InReplyTo)}})
	if found := amountTyped.FindString(vocab.Text(n.Content)); found != "" {
		f.values.Set("quantity", found)
	}
	return v.recordForm(ctx, tx, n, voice, f)
}

// amountTyped finds how much somebody may have asked for: a number that is no part
// of a word, a time or an address.
var amountTyped = regexp.MustCompile(`\b\d{1,4}(?:[.,]\d{1,2})?\b`)

func (v *visit) recordForm(ctx context.Context, tx *store.Tx, n *federation.Object, voice *federation.Actor, f *form) (*page, error) {
	author, err := tx.Actor(ctx, n.AttributedTo)
	if err != nil {
		return nil, err
	}
	d := recordData{As: voice.Username, Note: n.ID, Who: v.actorOf(author, n.AttributedTo), Words: cut(vocab.Text(n.Content), 1000), Form: f}
	list, _, err := tx.ObjectsBy(ctx, voice.ID, voice.ID, "", maxRecorded)
	if err != nil {
		return nil, err
	}
	for _, o := range list {
		if p, ok := federation.ProposalOf(o); ok && p.Answerable() && !p.Closed(o, v.Now()) {
			label := v.card(o).Title
			if left := v.quantityHint(o, p); left != "" {
				label += " (" + left + ")"
			}
			d.Choices = append(d.Choices, option{Value: string(o.ID), Label: label})
		}
	}
	return &page{Name: "record", Title: v.words.T("page_record"), Data: d, NoIndex: true, Problems: f.mistakes}, nil
}

// record writes down what was agreed on.
func (v *visit) record(ctx context.Context) (p *page, err error) {
	f := v.posted()
	var x *federation.Exchange
	again := func(tx *store.Tx) error {
		n, voice, err := v.recordable(ctx, tx, federation.IRI(f.Value("note")), f.Value("as"))
		if err == nil {
			p, err = v.recordForm(ctx, tx, n, voice, f)
		}
		return err
	}
	err = v.DB.Update(ctx, func(tx *store.Tx) (err error) {
		f.mistakes = nil // of an attempt before this
		n, voice, err := v.recordable(ctx, tx, federation.IRI(f.Value("note")), f.Value("as"))
		if err != nil {
			return err
		}
		x, err = v.recorded(ctx, tx, f, n, voice)
		return err
	})
	if f.wrongTerms(err) || len(f.mistakes) > 0 {
		err = v.DB.View(ctx, again)
		return p, err
	}
	if err != nil {
		return nil, err
	}
	return see(v.exchangePath(x), "exchange_recorded"), nil
}

// recorded does so, and tells the other.
func (v *visit) recorded(ctx context.Context, tx *store.Tx, f *form, n *federation.Object, voice *federation.Actor) (*federation.Exchange, error) {
	o, err := tx.Whole(ctx, federation.IRI(f.Value("proposal")))
	if ignoreMissing(err) != nil {
		return nil, err
	}
	var p federation.Proposal
	ok := false
	if err == nil && !o.Gone() && o.AttributedTo == voice.ID {
		p, ok = federation.ProposalOf(o)
	}
	if !ok {
		f.wrong("proposal", "form_record_proposal_missing")
		return nil, errTyped
	}
	t, _ := v.termsTyped(f, o, p)
	if strings.TrimSpace(f.Value("price")) != "" && p.Reciprocal != nil && p.Reciprocal.Quantity != nil {
		t.Price = f.amount("price", federation.Quantity{Unit: p.Reciprocal.Quantity.Unit})
	}
	if len(f.mistakes) > 0 {
		return nil, errTyped
	}
	if t.Price == nil {
		t.Price = p.PriceOf(t.Quantity)
	}
	x := &federation.Exchange{Proposal: o.ID, Publisher: voice.ID, Partner: n.AttributedTo, Offer: n.ID + "#agreed", Terms: t}
	known, err := tx.Exchange(ctx, federation.ExchangeID(v.Origin, x.Offer))
	if ignoreMissing(err) != nil || err == nil {
		return known, err // pressed twice
	}
	author, err := tx.Actor(ctx, n.AttributedTo)
	if err != nil {
		return nil, err
	}
	if err := outbox.RecordTx(ctx, tx, x); err != nil {
		return nil, err
	}
	r := &store.Respondent{Partner: x.Partner, Proposal: o.ID, Exchange: x.ID, Name: v.actorOf(author, author.ID).Name, Language: v.words.Lang(), Confirmed: tx.Now()}
	if err := tx.PutRespondent(ctx, r); err != nil {
		return nil, err
	}
	return x, outbox.WriteRespondentTx(ctx, tx, x, federation.ExchangeAgreed, "")
}
