// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// The list of those who asked for something is what its publisher works with:
// who still wants an answer, and for each day who takes what, to print or to
// tick on a telephone at the market. Each tick is a step of its exchange.

// ordersData is what the list of requests shows.
type ordersData struct {
	Card    *card
	Need    bool
	Form    *form
	Waiting []*exchangeView // for an answer
	Days    []orderDay
	Tabs    []navLink
	Over    []*exchangeView
	Day     string // today, for the sheet
	Blank   []struct{}
	Query   string // that keeps the day
}

// An orderDay is what is handed over on one day.
type orderDay struct {
	Key, Title string
	Lines      []*orderLine
	Total      string
	Open       int // lines that are not done
}

// An orderLine is what one of them takes.
type orderLine struct {
	*exchangeView
	Left  string // not handed over yet
	Part  bool
	Paid  bool
	Wrong string // what is wrong with what was typed
	Typed string
	Words string // that they wrote
}

// ordersPage shows the publisher who asked for a proposal.
func (v *visit) ordersPage(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.ordersList(ctx, tx, v.form(url.Values{}), "")
}

func (v *visit) ordersList(ctx context.Context, tx *store.Tx, f *form, wrong string) (*page, error) {
	d, err := v.ordersOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	d.Form = f
	for _, day := range d.Days {
		for _, l := range day.Lines {
			if l.Number() == wrong {
				l.Wrong, l.Typed = f.Wrong("handed-"+wrong), f.Value("handed")
			}
		}
	}
	show := v.r.FormValue("day")
	here := d.Card.URL + "/exchanges"
	d.Tabs = []navLink{{URL: here, Name: v.words.T("page_orders_all"), Current: show == ""}}
	shown := d.Days
	for _, day := range d.Days {
		l := navLink{URL: here + "?day=" + day.Key, Name: fmt.Sprintf("%s (%d)", day.Title, day.Open), Current: day.Key == show}
		if l.Current {
			shown, d.Query = []orderDay{day}, "?day="+day.Key
		}
		d.Tabs = append(d.Tabs, l)
	}
	d.Days = shown
	p := &page{Name: "orders", Title: v.words.T("page_orders"), Data: d, NoIndex: true, Problems: f.mistakes}
	if len(f.mistakes) > 0 {
		p.Status = http.StatusUnprocessableEntity
	}
	return p, nil
}

// ordersOf reads who asked for the proposal in the path, for its publisher.
func (v *visit) ordersOf(ctx context.Context, tx *store.Tx) (*ordersData, error) {
	o, err := v.own(ctx, tx)
	if err != nil {
		return nil, err
	}
	p, ok := federation.ProposalOf(o)
	if !ok {
		return nil, fmt.Errorf("%s is no proposal: %w", o.ID, federation.ErrNotFound)
	}
	list, err := tx.ExchangesOf(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	views, err := v.exchangeViews(ctx, tx, list, func(*federation.Exchange) federation.IRI { return o.AttributedTo })
	if err != nil {
		return nil, err
	}
	d := &ordersData{Card: v.card(o), Need: p.Purpose == federation.PurposeRequest, Day: v.words.Day(v.Now().In(v.zone())), Blank: make([]struct{}, 6)}
	days := map[string]*orderDay{}
	sums := map[string]federation.Decimal{}
	for _, e := range views {
		switch {
		case e.Open():
			d.Waiting = append(d.Waiting, e)
		case e.State == federation.ExchangeAgreed || e.State == federation.ExchangeFulfilled:
			key, title := v.dayOf(e.Terms.Due)
			if days[key] == nil {
				days[key] = &orderDay{Key: key, Title: title}
			}
			l := v.orderLine(o, e)
			days[key].Lines = append(days[key].Lines, l)
			sums[key] = sums[key].Plus(e.Terms.Quantity.Value)
			if l.Left != "" {
				days[key].Open++
			}
		default:
			d.Over = append(d.Over, e)
		}
	}
	for key, day := range days {
		day.Total = outbox.AmountWords(v.words, o, &federation.Quantity{Unit: p.Usual().Unit, Value: sums[key]})
		slices.SortStableFunc(day.Lines, func(a, b *orderLine) int {
			return cmp.Compare(strings.ToLower(a.OtherName), strings.ToLower(b.OtherName))
		})
		d.Days = append(d.Days, *day)
	}
	slices.SortFunc(d.Days, func(a, b orderDay) int { return cmp.Compare(a.Key, b.Key) })
	return d, nil
}

// dayOf names the day on which something is handed over; what has none comes
// last.
func (v *visit) dayOf(due time.Time) (key, title string) {
	if due.IsZero() {
		return "none", v.words.T("page_orders_no_day")
	}
	due = due.In(v.zone())
	return due.Format(time.DateOnly), v.words.Date(due)
}

func (v *visit) orderLine(o *federation.Object, e *exchangeView) *orderLine {
	l := &orderLine{exchangeView: e, Words: vocab.Text(e.Terms.Message), Paid: !e.Done(federation.StepPaid, e.Exchange.Publisher).Zero()}
	left := federation.Quantity{Unit: e.Terms.Quantity.Unit, Value: e.Remaining(e.Exchange.Publisher)}
	if !left.Value.Zero() {
		l.Left, l.Part = outbox.AmountWords(v.words, o, &left), left.Value.Cmp("1") > 0
	}
	return l
}

// Number is the end of the address of an exchange: how lists name it.
func (e *exchangeView) Number() string { return e.URL[strings.LastIndexByte(e.URL, '/')+1:] }

// tickOrder notes that something was handed over, or paid, at the market.
func (v *visit) tickOrder(ctx context.Context) (p *page, err error) {
	f := v.posted()
	number := f.Value("exchange")
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		o, err := v.own(ctx, tx)
		if err != nil {
			return err
		}
		x, err := tx.Exchange(ctx, v.local("/exchanges/"+number))
		if err != nil {
			return err
		}
		if x.Proposal != o.ID || x.Publisher != o.AttributedTo {
			return fmt.Errorf("exchange %s: %w", x.ID, federation.ErrNotFound)
		}
		return v.tick(ctx, tx, f, x)
	})
	if f.wrongTerms(err) || errors.Is(err, errTyped) {
		for i := range f.mistakes {
			f.mistakes[i].Field = "handed-" + number
		}
		err = v.DB.View(ctx, func(tx *store.Tx) (err error) {
			p, err = v.ordersList(ctx, tx, f, number)
			return err
		})
		return p, err
	}
	if err != nil {
		return nil, err
	}
	where := "/objects/" + v.r.PathValue("id") + "/exchanges"
	if day := f.Value("day"); day != "" {
		where += "?" + url.Values{"day": {day}}.Encode()
	}
	return see(where+"#x-"+number, "exchange_delivered"), nil
}

// tick does so: all that remains, unless an amount was typed. Who ticks what
// was ticked a moment ago by somebody else changes nothing.
func (v *visit) tick(ctx context.Context, tx *store.Tx, f *form, x *federation.Exchange) error {
	if f.Value("do") == "paid" {
		if x.Terms.Price == nil || !x.Terms.Price.Value.Minus(x.Done(federation.StepPaid, x.Publisher)).Zero() {
			return outbox.HandOverTx(ctx, tx, x, x.Publisher, federation.StepPaid, "", "")
		}
		return nil
	}
	var quantity federation.Decimal
	if typed := strings.TrimSpace(f.Value("handed")); typed != "" {
		n, err := federation.ParseDecimal(typed)
		if err != nil {
			f.wrong("handed", "error_number", "Value", typed)
			return errTyped
		}
		quantity = n
	} else if x.Remaining(x.Publisher).Zero() {
		return nil
	}
	return outbox.HandOverTx(ctx, tx, x, x.Publisher, federation.StepDelivered, quantity, "")
}

// ordersSheet is the list to print, for all days or for one.
func (v *visit) ordersSheet(ctx context.Context, tx *store.Tx) (*page, error) {
	p, err := v.ordersPage(ctx, tx)
	if err != nil {
		return nil, err
	}
	p.Name, p.Title = "orders_sheet", v.words.T("page_orders_sheet")
	return p, nil
}

// ordersTable is the list for spreadsheets.
func (v *visit) ordersTable(ctx context.Context, tx *store.Tx) (*page, error) {
	d, err := v.ordersOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	var head []string
	for _, id := range []string{"form_answers_name", "page_answers_address", "page_exchange_what", "page_price", "page_modes", "page_exchange_day", "page_where", "page_exchange_state", "page_orders_left", "page_orders_words", "page_answers_since"} {
		head = append(head, v.words.T(id))
	}
	rows := [][]string{head}
	add := func(e *exchangeView, left, words string) {
		address := e.Address
		if e.Other != nil {
			address = e.Other.Handle
		}
		rows = append(rows, []string{
			e.OtherName, address, e.What, e.Price, e.Way, e.DueDay(), e.Terms.Place, e.Word, left, words, v.words.Date(e.At.In(v.zone())),
		})
	}
	for _, day := range d.Days {
		for _, l := range day.Lines {
			add(l.exchangeView, l.Left, l.Words)
		}
	}
	for _, e := range slices.Concat(d.Waiting, d.Over) {
		add(e, "", vocab.Text(e.Terms.Message))
	}
	name := strings.Trim(d.Card.URL[strings.LastIndexByte(d.Card.URL, '/')+1:], ".")
	return fetch("orders-"+name+".csv", "text/csv; charset=utf-8", sheetOf(rows)), nil
}

// DueDay is the day of the hand-over as spreadsheets read it.
func (e *exchangeView) DueDay() string {
	if e.Terms.Due.IsZero() {
		return ""
	}
	return e.Day
}
