// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// Who wants what is offered, or has what is sought, asks for it here: members
// in their own name or in that of an initiative, others by mail (respondent.go).
// The price is reckoned by the server and seen before anything is sent.

// How long what is typed may be.
const (
	maxExchangePlace = 200
	maxExchangeWords = 2000
)

// A respondPart is the beginning of an answer, on the page of a proposal.
type respondPart struct {
	*locale.Printer
	Title  string
	ID     federation.IRI
	Ask    *asking // how much; nil: it cannot be answered
	Info   string  // why not
	Open   []fact  // what the visitor asked already
	SignIn string  // where to sign in first
	Orders string  // the list of those who asked, for the publisher
	Count  string  // in words
}

// asking is what there is to choose of a proposal.
type asking struct {
	*form
	Need     bool
	Lot      bool     // all or nothing
	Hint     string   // the least, the multiple, what is left
	Unit     string   // in words
	Modes    []option // where several are offered
	Mode     string   // in words, where there is one
	Free     bool     // what one gives is one's own business
	OpenPri  bool     // a price may be proposed
	Price    string   // of what was typed
	Shown    string   // its amount, so that nobody sends what they have not seen
	Currency string
	Dates    string // when it is handed over, where that is not asked
	Loan     bool   // it comes back
}

// respondData is what the page that asks for an exchange shows.
type respondData struct {
	Card    *card
	Do      string // ask, asked, confirm, account, over
	Ask     *asking
	ID      federation.IRI
	Guest   bool // nobody has signed in
	Voices  []option
	Asked   []fact // what is to be confirmed
	Problem string // why it cannot be
	Key     int64
	Secret  string
}

// exchangeInputs maps what the core names to the inputs of these forms.
var exchangeInputs = map[string]string{
	"resourceQuantity": "quantity", "reciprocal": "price", "exchangeMode": "mode", "due": "due.date", "object": "quantity", "endTime": "until",
}

// wrongTerms notes in a form what the core says cannot be; false if that is
// something else.
func (f *form) wrongTerms(err error) bool {
	var wrong *federation.FieldError
	if !errors.As(err, &wrong) {
		return false
	}
	f.wrong(exchangeInputs[wrong.Field], wrong.Reason)
	return true
}

// askingOf makes the questions about a proposal. The form may have none of their
// answers yet.
func (v *visit) askingOf(o *federation.Object, f *form) *asking {
	p, _ := federation.ProposalOf(o)
	a := &asking{form: f, Need: p.Purpose == federation.PurposeRequest, Lot: p.UnitBased != nil && !*p.UnitBased, Unit: v.unitWords(o, p)}
	if f.Value("quantity") == "" {
		f.values.Set("quantity", v.words.Number(p.Usual().Value))
	}
	a.Hint = v.quantityHint(o, p)
	for _, m := range p.Modes {
		if federation.Informational(m) {
			continue
		}
		a.Modes = append(a.Modes, option{Value: m, Label: v.words.Word("mode", m)})
	}
	if len(a.Modes) == 1 {
		a.Mode, a.Modes = a.Modes[0].Label, nil
	}
	a.Dates, a.Loan = v.seasonWords(p), slices.Contains(p.Modes, "loan")
	a.OpenPri = p.Reciprocal != nil && p.Reciprocal.Quantity != nil && p.UnitBased == nil
	t, _ := v.termsTyped(v.form(f.values), o, p)
	if t, err := p.Check(o, t, v.Now()); err == nil {
		a.Free = t.Mode == "freePrice"
		if t.Price != nil {
			a.Price, a.Shown = outbox.SumWords(v.words, o, t.Price), string(t.Price.Value)
		}
	}
	return a
}

// seasonWords says when what has dates of its own is handed over.
func (v *visit) seasonWords(p federation.Proposal) string {
	coming := slices.DeleteFunc(slices.Clone(p.Dates), func(d time.Time) bool { return d.Before(v.Now()) })
	switch n := len(coming); {
	case p.Every != "" && len(p.Dates) > 0:
		return outbox.RhythmWords(v.words, p.Every, p.Dates[0].In(v.zone())) + " · " + v.standingNotice(p)
	case n > 0:
		return v.words.T("post_season", "Count", n, "From", v.words.Date(coming[0].In(v.zone())), "Until", v.words.Date(coming[n-1].In(v.zone())))
	}
	return ""
}

// unitWords names what is counted: "kilogramme", or as the author calls it.
func (v *visit) unitWords(o *federation.Object, p federation.Proposal) string {
	if unit := outbox.BareUnit(o); unit != "" {
		return unit
	}
	if q := p.Primary.Quantity; q != nil && q.Unit != "one" && q.Unit != "" {
		return v.words.Word("unit", q.Unit)
	}
	return ""
}

// quantityHint says how much may be asked for.
func (v *visit) quantityHint(o *federation.Object, p federation.Proposal) string {
	var all []string
	add := func(id string, q *federation.Quantity) {
		all = append(all, v.words.T(id, "Quantity", outbox.AmountWords(v.words, o, q)))
	}
	unit := p.Primary.Quantity
	if unit != nil && p.UnitBased != nil && *p.UnitBased && unit.Value.Cmp("1") != 0 {
		add("form_exchange_multiple", unit)
	}
	if q := p.Primary.Minimum; q != nil && !q.Value.Zero() {
		add("form_exchange_least", q)
	}
	if q := p.Primary.Available; q != nil {
		add("form_exchange_left_"+p.Purpose, q)
	}
	return strings.Join(all, " · ")
}

// termsTyped reads what was typed; what is no number or no day is noted. typed
// is false if something was wrong.
func (v *visit) termsTyped(f *form, o *federation.Object, p federation.Proposal) (t federation.Terms, typed bool) {
	before := len(f.mistakes)
	t.Quantity = f.amount("quantity", p.Usual())
	t.Mode = f.Value("mode")
	if p.Reciprocal != nil && p.Reciprocal.Quantity != nil && p.UnitBased == nil && federation.Priced(cmpMode(t.Mode, p)) {
		t.Price = f.amount("price", federation.Quantity{Unit: p.Reciprocal.Quantity.Unit})
	}
	t.Due = v.due(f)
	if cmpMode(t.Mode, p) == "loan" && strings.TrimSpace(f.Value("until")) != "" {
		day, err := time.ParseInLocation(time.DateOnly, strings.TrimSpace(f.Value("until")), v.zone())
		if err != nil {
			f.wrong("until", "error_date")
		}
		t.Until = time.Date(day.Year(), day.Month(), day.Day(), 23, 59, 0, 0, v.zone())
	}
	t.Place = cut(f.Value("place"), maxExchangePlace)
	if text := strings.TrimSpace(f.Value("message")); text != "" {
		t.Message = v.html(string([]rune(text)[:min(len([]rune(text)), maxExchangeWords)]))
	}
	return t, len(f.mistakes) == before
}

// cmpMode is the mode that was chosen, or the only one.
func cmpMode(mode string, p federation.Proposal) string {
	if mode == "" && len(p.Modes) > 0 {
		return p.Modes[0]
	}
	return mode
}

// amount reads a number of units; nothing typed is what is usual, if anything.
func (f *form) amount(name string, usual federation.Quantity) *federation.Quantity {
	typed := strings.TrimSpace(f.Value(name))
	if typed == "" {
		if usual.Value == "" {
			return nil
		}
		return &usual
	}
	d, err := federation.ParseDecimal(typed)
	if err != nil {
		f.wrong(name, "error_number", "Value", typed)
		return &usual
	}
	return &federation.Quantity{Unit: usual.Unit, Value: d}
}

// due reads the day, and the hour if there is one.
func (v *visit) due(f *form) time.Time {
	day, clock := strings.TrimSpace(f.Value("due.date")), strings.TrimSpace(f.Value("due.time"))
	if day == "" {
		if clock != "" {
			f.wrong("due.date", "error_date")
		}
		return time.Time{}
	}
	if clock == "" {
		clock = "00:00"
	}
	t, err := time.ParseInLocation("2006-01-02 15:04", day+" "+clock, v.zone())
	if err != nil {
		f.wrong("due.date", "error_date")
	}
	return t
}

// respondPart is the beginning of an answer to a proposal; nil if o is none.
func (v *visit) respondPart(ctx context.Context, tx *store.Tx, o *federation.Object) (*respondPart, error) {
	p, ok := federation.ProposalOf(o)
	if !ok {
		return nil, nil
	}
	r := &respondPart{Printer: v.words, ID: o.ID, Title: v.words.T("page_respond_" + p.Purpose)}
	if v.speaksFor(o.AttributedTo) && o.Local {
		return r, v.ordersPart(ctx, tx, o, r)
	}
	if err := v.askedBefore(ctx, tx, o, r); err != nil {
		return nil, err
	}
	switch {
	case !p.Answerable():
		r.Info = v.words.T("error_capital")
	case p.Closed(o, v.Now()):
		if len(r.Open) == 0 {
			return nil, nil
		}
	case v.account == nil && (!o.Local || !v.Mail):
		r.SignIn = "/sign-in?next=" + url.QueryEscape(v.href(o))
	default:
		r.Ask = v.askingOf(o, v.form(url.Values{}))
	}
	return r, nil
}

// askedBefore lists what the visitor asked of a proposal and nobody decided.
func (v *visit) askedBefore(ctx context.Context, tx *store.Tx, o *federation.Object, r *respondPart) error {
	for _, a := range v.voices {
		x, err := tx.OpenExchange(ctx, o.ID, a.ID)
		if errors.Is(err, federation.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		r.Open = append(r.Open, fact{Text: outbox.AmountWords(v.words, o, x.Terms.Quantity), Label: v.words.T("page_exchange_" + x.State), URL: v.exchangePath(x)})
	}
	return nil
}

// ordersPart leads the publisher to the list of those who asked.
func (v *visit) ordersPart(ctx context.Context, tx *store.Tx, o *federation.Object, r *respondPart) error {
	n, waiting, err := tx.CountExchangesOf(ctx, o.ID)
	if err != nil {
		return err
	}
	r.Title, r.Orders = v.words.T("page_orders"), v.href(o)+"/exchanges"
	r.Count = v.words.T("page_orders_count", n)
	if waiting > 0 {
		r.Count += " · " + v.words.T("page_orders_waiting", waiting)
	}
	return nil
}

// proposal returns what the visitor may answer, and who of them may.
func (v *visit) proposal(ctx context.Context, tx *store.Tx, id federation.IRI) (*federation.Object, error) {
	if v.account == nil && !v.Mail {
		return nil, errSignIn
	}
	o, err := v.readable(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	p, ok := federation.ProposalOf(o)
	if !ok || o.Gone() || !p.Answerable() || v.account == nil && !o.Local {
		return nil, fmt.Errorf("%s cannot be answered here: %w", id, federation.ErrNotFound)
	}
	return o, nil
}

// respondPage asks how much, when and where.
func (v *visit) respondPage(ctx context.Context, tx *store.Tx) (*page, error) {
	q := v.r.URL.Query()
	o, err := v.proposal(ctx, tx, federation.IRI(q.Get("id")))
	if err != nil {
		return nil, err
	}
	values := url.Values{}
	for _, name := range []string{"quantity", "mode", "as", "price"} {
		values.Set(name, q.Get(name))
	}
	f := v.form(values)
	switch {
	case q.Get("again") != "":
		err = v.fillAgain(ctx, tx, o, f)
	case q.Get("quantity") != "":
		v.terms(f, o)
	}
	if err != nil {
		return nil, err
	}
	return v.respondForm(o, f, "ask"), nil
}

// fillAgain fills in what the visitor asked before and may change.
func (v *visit) fillAgain(ctx context.Context, tx *store.Tx, o *federation.Object, f *form) error {
	voice, err := v.respondent(o, f.Value("as"))
	if err != nil {
		return ignoreMissing(err)
	}
	x, err := tx.OpenExchange(ctx, o.ID, voice.ID)
	if err != nil {
		return ignoreMissing(err)
	}
	v.putTerms(f, x.Terms)
	return nil
}

// putTerms is the inverse of termsTyped, but for the message.
func (v *visit) putTerms(f *form, t federation.Terms) {
	f.values.Set("quantity", f.Number(t.Quantity.Value))
	f.values.Set("mode", t.Mode)
	f.values.Set("place", t.Place)
	if t.Price != nil {
		f.values.Set("price", f.Number(t.Price.Value))
	}
	if !t.Until.IsZero() {
		f.values.Set("until", t.Until.In(v.zone()).Format(time.DateOnly))
	}
	if !t.Due.IsZero() {
		due := t.Due.In(v.zone())
		f.values.Set("due.date", due.Format(time.DateOnly))
		if clock := due.Format("15:04"); clock != "00:00" {
			f.values.Set("due.time", clock)
		}
	}
}

// respondent is the voice that asks: the one that was chosen, else the first
// that has not published the proposal.
func (v *visit) respondent(o *federation.Object, as string) (*federation.Actor, error) {
	voice, err := v.voiceNamed(as)
	if err != nil || voice.ID != o.AttributedTo {
		return voice, err
	}
	i := slices.IndexFunc(v.voices, func(a *federation.Actor) bool { return a.ID != o.AttributedTo })
	if as != "" || i < 0 {
		return nil, fmt.Errorf("%s published it: %w", voice.ID, federation.ErrNotFound)
	}
	return v.voices[i], nil
}

func (v *visit) respondForm(o *federation.Object, f *form, do string) *page {
	d := respondData{Card: v.card(o), Do: do, ID: o.ID, Guest: v.account == nil, Ask: v.askingOf(o, f)}
	if voice, err := v.respondent(o, f.Value("as")); err == nil {
		d.Voices = slices.DeleteFunc(v.voiceOptions(voice), func(c option) bool { return v.local("/actors/"+c.Value) == o.AttributedTo })
	}
	title := "page_respond_request"
	if !d.Ask.Need {
		title = "page_respond_offer"
	}
	if do != "ask" {
		title = "page_respond_" + do
	}
	p := &page{Name: "respond", Title: v.words.T(title), Data: d, NoIndex: true, Problems: f.mistakes, Scripts: []string{"sum.js"}}
	if len(f.mistakes) > 0 {
		p.Status = http.StatusUnprocessableEntity // where the table of offers leads, by GET
	}
	return p
}

// respond sends what was typed, or reckons its price.
func (v *visit) respond(ctx context.Context) (p *page, err error) {
	f := v.posted()
	var o *federation.Object
	var t federation.Terms
	err = v.DB.View(ctx, func(tx *store.Tx) (err error) {
		o, err = v.proposal(ctx, tx, federation.IRI(f.Value("id")))
		return err
	})
	if err != nil {
		return nil, err
	}
	t = v.terms(f, o)
	if f.Value("do") != "price" {
		v.priceSeen(f, o, t)
	}
	if f.Value("do") == "price" || v.account != nil && len(f.mistakes) > 0 {
		return v.respondForm(o, f, "ask"), nil
	}
	if v.account == nil {
		return v.askRespondent(ctx, o, f, t)
	}
	voice, err := v.respondent(o, f.Value("as"))
	if err != nil {
		return nil, err
	}
	var x *federation.Exchange
	err = v.DB.Update(ctx, func(tx *store.Tx) (err error) {
		if o, err = v.proposal(ctx, tx, o.ID); err == nil {
			x, err = outbox.AskTx(ctx, tx, voice.ID, o.ID, t)
		}
		return err
	})
	if f.wrongTerms(err) {
		return v.respondForm(o, f, "ask"), nil
	}
	if err != nil {
		return nil, err
	}
	return see(v.exchangePath(x), "exchange_"+x.State), nil
}

// terms reads and checks what was typed.
func (v *visit) terms(f *form, o *federation.Object) federation.Terms {
	p, _ := federation.ProposalOf(o)
	t, typed := v.termsTyped(f, o, p)
	if !typed {
		return t
	}
	t, err := p.Check(o, t, v.Now())
	f.wrongTerms(err)
	return t
}

// priceSeen wants the price to be the one that the form showed.
func (v *visit) priceSeen(f *form, o *federation.Object, t federation.Terms) {
	if t.Price != nil && len(f.mistakes) == 0 && f.Value("shown") != string(t.Price.Value) && f.Value("price") == "" {
		f.wrong("quantity", "form_exchange_price_new", "Price", outbox.SumWords(v.words, o, t.Price))
	}
}

// exchangePath is the page of an exchange here.
func (v *visit) exchangePath(x *federation.Exchange) string {
	return strings.TrimPrefix(string(x.ID), v.Origin)
}
