// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// The page of an exchange is for the two alone: a member who speaks for one of
// them, or whoever has the link from a letter. For all others it is the page of
// what does not exist.

// exchangeData is what the page of an exchange shows.
type exchangeData struct {
	*exchangeView

	Form     *form
	As       string // who looks, if there are several
	Key      int64  // of the link of a letter; 0: signed in
	Secret   string
	Message  template.HTML
	Offered  []fact // other terms that are proposed
	Reason   string
	Line     []moment
	Talk     []talkLine
	Left     string // what they did not hand over or receive yet
	Part     bool   // it can be handed over in parts
	Told     string // what the other handed over, and they did not confirm
	PayLink  template.URL
	Pays     bool // there is something to pay, and not noted as paid by them
	PaidSum  string
	Priced   bool   // a price may be proposed in return
	Unpriced bool   // the other was not told what it costs, and nothing is agreed about that
	Meet     string // where it is handed over, once it is agreed
	Contact  string // whom to ask then
	Until    string // how long it may be cancelled
	Again    string // where to ask again, or for something else
	MayWrite bool
	Dates    []dateDay // of a season or a loan, the next ones
	Later    []dateDay
	Past     []dateDay // those that are over
	Dated    bool      // what is handed over is noted by the date
	Short    string    // what is missing of dates that they noted
	ShortAs  string    // as it is typed
	Standing *standingPart
	Loan     *loanPart
	Renewal  *renewalPart
	Prepare  string // where the publisher prepares the next season
	Receipt  string
	Mail     bool // letters can be sent
}

// A talkLine is something that one of the two wrote.
type talkLine struct {
	at      time.Time
	Name    string
	Mine    bool
	Content template.HTML
	When    string
	Stamp   string
}

// exchangePage shows an exchange.
func (v *visit) exchangePage(ctx context.Context, tx *store.Tx) (*page, error) {
	d, err := v.exchangeDoor(ctx, tx)
	if err != nil {
		return nil, err
	}
	return v.exchangeShown(ctx, tx, d, nil)
}

// exchangeShown is the page for whoever came by a door; f is a form that had
// mistakes, if any.
func (v *visit) exchangeShown(ctx context.Context, tx *store.Tx, in *door, f *form) (*page, error) {
	o, err := v.proposalOf(ctx, tx, in.x, in.me)
	if err != nil {
		return nil, err
	}
	views, err := v.exchangeViews(ctx, tx, []*federation.Exchange{in.x}, func(*federation.Exchange) federation.IRI { return in.me })
	if err != nil {
		return nil, err
	}
	d := &exchangeData{exchangeView: views[0], As: in.as, Mail: v.Mail}
	if in.by != nil {
		d.Key, d.Secret, d.About = in.by.ID, in.by.Secret, v.publicPage(ctx, tx, o)
	}
	if d.Form = f; f == nil {
		d.Form = v.form(url.Values{})
		v.putTerms(d.Form, in.x.Terms)
		if st := in.x.Terms.Standing; st != nil {
			d.Form.values.Set("end.date", st.Earliest(v.Now()).In(v.zone()).Format(time.DateOnly))
		}
	}
	v.exchangeTerms(d, o, in.me)
	v.dateDays(d, o, in.me)
	d.Standing, d.Loan = v.standingPart(in.x), v.loanPart(in.x, in.me)
	if d.Renewal, err = v.renewalPart(ctx, tx, in.x, o); err != nil {
		return nil, err
	}
	if ends := in.x.Ends(); d.Publisher && d.Standing == nil && o.Local && !ends.IsZero() && in.x.Renewal == "" && ends.Before(v.Now().AddDate(0, 1, 0)) {
		d.Prepare = v.href(o) + "/renewal"
	}
	d.Line = v.timeline(in.x, o, d.exchangeView)
	if d.Talk, err = v.talkOf(ctx, tx, in, d.exchangeView); err != nil {
		return nil, err
	}
	return &page{Name: "exchange", Title: v.words.T("page_exchange_of", "What", d.What, "Title", d.Title), Data: d, NoIndex: true, hard: in.by != nil, Problems: d.Form.mistakes}, nil
}

// publicPage is the page of a proposal that anybody may read; "" otherwise.
func (v *visit) publicPage(ctx context.Context, tx *store.Tx, o *federation.Object) string {
	if ok, err := tx.MayRead(ctx, "", o); err != nil || !ok || o.Gone() || !o.Local {
		return ""
	}
	return v.href(o)
}

// proposalOf returns the proposal that an exchange is about, as one of the two
// sees it, or one that says no more than its id.
func (v *visit) proposalOf(ctx context.Context, tx *store.Tx, x *federation.Exchange, me federation.IRI) (*federation.Object, error) {
	o, err := tx.Object(ctx, x.Proposal)
	if errors.Is(err, federation.ErrNotFound) || err == nil && o.Gone() {
		return &federation.Object{ID: x.Proposal}, nil
	}
	if err != nil {
		return nil, err
	}
	return one(tx.SeenBy(ctx, []federation.IRI{me}, o))
}

// exchangeClasses are the classes of the badges of states.
var exchangeClasses = map[string]string{
	federation.ExchangeProposed: "warn", federation.ExchangeCountered: "warn", federation.ExchangeAgreed: "good", federation.ExchangeFulfilled: "good",
	federation.ExchangeRefused: "bad", federation.ExchangeCancelled: "bad",
}

// exchangeTerms fills in what may be done, and what is to be known for that.
func (v *visit) exchangeTerms(d *exchangeData, o *federation.Object, me federation.IRI) {
	x := d.Exchange
	p, _ := federation.ProposalOf(o)
	d.Message = safe(x.Terms.Message)
	d.Reason = outbox.ReasonWords(v.words, x.Reason)
	if x.Counter != nil && x.State == federation.ExchangeCountered {
		d.Offered = v.termFacts(o, *x.Counter)
	}
	left := federation.Quantity{Unit: x.Terms.Quantity.Unit, Value: x.Remaining(me)}
	if !left.Value.Zero() {
		d.Left = outbox.AmountWords(v.words, o, &left)
		d.Part = left.Value.Cmp("1") > 0 && (p.UnitBased == nil || *p.UnitBased)
	}
	if ahead := x.Done(federation.StepDelivered, x.Other(me)).Minus(x.Done(federation.StepDelivered, me)); !ahead.Zero() {
		d.Told = outbox.AmountWords(v.words, o, &federation.Quantity{Unit: left.Unit, Value: ahead})
	}
	if price := x.Terms.Price; price != nil {
		owed := federation.Quantity{Unit: price.Unit, Value: price.Value.Minus(x.Done(federation.StepPaid, me))}
		d.Pays = !owed.Value.Zero()
		d.PaidSum = outbox.SumWords(v.words, o, &owed)
	}
	if iri, err := federation.ParseIRI(x.Payment); err == nil && !d.Gives {
		d.PayLink = template.URL(iri) //nolint:gosec // ParseIRI takes http and https alone
	}
	if p.PriceOf(x.Terms.Quantity) != nil && len(d.Form.mistakes) == 0 {
		d.Form.values.Del("price") // it follows from the quantity
	}
	d.Priced = p.Reciprocal != nil && federation.Priced(x.Terms.Mode)
	d.Unpriced = d.Priced && d.Publisher && x.State == federation.ExchangeProposed && x.Terms.Price == nil && p.PriceOf(x.Terms.Quantity) != nil
	if p.CancelHours > 0 && !x.Terms.Due.IsZero() && !d.Publisher {
		d.Until = v.words.DateTime(x.Terms.Due.Add(-time.Duration(p.CancelHours) * time.Hour).In(v.zone()))
	}
	if d.About != "" && !d.Publisher && !p.Closed(o, v.Now()) {
		d.Again = "/respond?" + url.Values{"id": {string(x.Proposal)}, "again": {"1"}, "as": {d.As}}.Encode()
	}
	for _, c := range x.Terms.Schedule {
		switch c.Kind {
		case federation.StepDelivered:
			d.Dated = true
		case federation.StepPaid:
			d.Pays = false // each part by its date
		}
	}
	if short := x.Short(me); d.Dated && x.Terms.Standing == nil && !short.Zero() {
		d.Short = outbox.AmountWords(v.words, o, &federation.Quantity{Unit: left.Unit, Value: short})
		d.ShortAs = string(short)
	}
	d.MayWrite = true
	if x.State == federation.ExchangeAgreed || x.State == federation.ExchangeFulfilled {
		d.Receipt = d.URL + "/receipt" + d.Query()
		d.Meet, d.Contact = cmp.Or(x.Terms.Place, address(o.Location)), p.Contact
	}
}

// Query is what every address about the exchange ends in: who looks.
func (d *exchangeData) Query() string {
	if d.Key != 0 {
		return "?" + url.Values{"g": {strconv.FormatInt(d.Key, 10)}, "k": {d.Secret}}.Encode()
	}
	return "?" + url.Values{"as": {d.As}}.Encode()
}

// termFacts lists terms.
func (v *visit) termFacts(o *federation.Object, t federation.Terms) (all []fact) {
	for _, f := range []fact{
		{Label: "page_exchange_what", Text: outbox.AmountWords(v.words, o, t.Quantity), Icon: "package"},
		{Label: "page_price", Text: outbox.SumWords(v.words, o, t.Price), Icon: "tag"},
		{Label: "page_exchange_day", Text: outbox.DueWords(v.words, t.Due, v.zone()), Icon: "calendar"},
		{Label: "page_where", Text: t.Place, Icon: "map-pin"},
		{Label: "page_exchange_back", Text: outbox.DueWords(v.words, t.Until, v.zone()), Icon: "undo-2"},
	} {
		if f.Text != "" {
			f.Label = v.words.T(f.Label)
			all = append(all, f)
		}
	}
	return all
}

// Facts are the terms as they stand.
func (d *exchangeData) Facts() []fact {
	var all []fact
	for _, f := range []fact{
		{Label: d.T("page_exchange_what"), Text: d.What, Icon: "package"},
		{Label: d.T("page_modes"), Text: d.Way, Icon: "handshake"},
		{Label: d.T("page_price"), Text: d.priceWords(), Icon: "tag"},
		{Label: d.T("page_rhythm"), Text: d.Rhythm, Icon: "repeat"},
		{Label: d.T("page_exchange_day"), Text: d.Day, Icon: "calendar"},
		{Label: d.T("page_exchange_back"), Text: d.Back, Icon: "undo-2"},
		{Label: d.T("page_where"), Text: cmp.Or(d.Meet, d.Terms.Place), Icon: "map-pin"},
		{Label: d.T("page_contact_of"), Text: d.Contact, Icon: "message-circle"},
	} {
		if f.Text != "" {
			all = append(all, f)
		}
	}
	return all
}

var momentIcons = map[string]string{
	federation.ExchangeProposed: "send", federation.ExchangeCountered: "repeat-2", federation.ExchangeAgreed: "handshake", federation.ExchangeFulfilled: "circle-check",
	federation.ExchangeRefused: "ban", federation.ExchangeWithdrawn: "undo-2", federation.ExchangeCancelled: "ban",
	federation.MarkEnded: "calendar-check", federation.MarkKept: "info", federation.MarkExtended: "hourglass",
}

// talkOf reads what the two wrote to each other.
func (v *visit) talkOf(ctx context.Context, tx *store.Tx, in *door, e *exchangeView) (all []talkLine, err error) {
	x := in.x
	name := func(by federation.IRI) (string, bool) {
		if by == in.me {
			return v.words.T("page_exchange_you"), true
		}
		return e.OtherName, false
	}
	for _, s := range x.Said {
		n, mine := name(s.By)
		all = append(all, talkLine{s.At, n, mine, template.HTML(template.HTMLEscapeString(s.Text)), v.words.Ago(s.At, v.Now()), stamp(s.At)}) //nolint:gosec // escaped in this line
	}
	if !federation.IsGuest(v.Origin, x.Partner) {
		notes, err := tx.Talk(ctx, x.Publisher, x.Partner, x.ID, x.Offer, x.Agreement)
		if err != nil {
			return nil, err
		}
		if x.Recorded { // the message that it began with
			first, err := tx.Object(ctx, x.Offer.Document())
			if ignoreMissing(err) != nil {
				return nil, err
			}
			if err == nil && !first.Gone() {
				notes = append(notes, first)
			}
		}
		for _, n := range notes {
			if !slices.Contains(slices.Concat(n.To, n.Cc), x.Other(n.AttributedTo)) {
				continue // to others
			}
			by, mine := name(n.AttributedTo)
			all = append(all, talkLine{n.Published, by, mine, safe(n.Content), v.words.Ago(n.Published, v.Now()), stamp(n.Published)})
		}
	}
	slices.SortStableFunc(all, func(a, b talkLine) int { return a.at.Compare(b.at) })
	return all, nil
}

// receiptPage is what was agreed and handed over, to print.
func (v *visit) receiptPage(ctx context.Context, tx *store.Tx) (*page, error) {
	p, err := v.exchangePage(ctx, tx)
	if err != nil {
		return nil, err
	}
	d, ok := p.Data.(*exchangeData)
	if !ok || d.Receipt == "" {
		return nil, fmt.Errorf("a receipt: %w", federation.ErrNotFound)
	}
	p.Name, p.Title = "receipt", v.words.T("page_receipt")
	return p, nil
}
