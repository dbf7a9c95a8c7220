// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
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
	Others  []navLink // days further away
	Over    []*exchangeView
	Day     string // today, for the sheet
	Query   string // that keeps the day
	Renewal string // where the next season is prepared
	More    string // the next part of a long list
	Capped  string // says that there is more
}

// maxOrderLines is how many lines the page shows at once; paper and the table
// have all.
const maxOrderLines = 300

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
	What  string // that day
	Price string
	Left  string // not handed over yet
	Due   string // which date of a season it is; "" for what has none
	Taker string // who comes instead
	Part  bool
	Paid  bool
	Owes  bool   // a payment can be noted
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
			if l.Number() == wrong && l.Due == f.Value("due") {
				l.Wrong, l.Typed = f.Wrong("handed-"+wrong), f.Value("handed")
			}
		}
	}
	v.chooseDay(d)
	if d.Capped, d.More = v.capOrders(d); d.Capped != "" && wrong != "" {
		d.Capped, d.More = "", "" // the line that was typed in must be there
	}
	return &page{Name: "orders", Title: v.words.T("page_orders"), Data: d, NoIndex: true, Problems: f.mistakes}, nil
}

// chooseDay shows the day that was asked for; of a season, the one that comes
// next.
func (v *visit) chooseDay(d *ordersData) {
	show, here := v.r.FormValue("day"), d.Card.URL+"/exchanges"
	if show == "" && len(d.Days) > 3 {
		show = d.Days[len(d.Days)-1].Key
		for _, day := range slices.Backward(d.Days) {
			if day.Key >= v.Now().In(v.zone()).Format(time.DateOnly) && day.Key != "none" {
				show = day.Key
			}
		}
	}
	every := show == "" || show == "all"
	d.Tabs = []navLink{{URL: here + "?day=all", Name: v.words.T("page_orders_all"), Current: every}}
	if !every {
		d.Query = "?day=" + url.QueryEscape(show)
	} else if show != "" {
		d.Query = "?day=all"
	}
	shown := d.Days
	at := slices.IndexFunc(d.Days, func(day orderDay) bool { return day.Key == show })
	for n, day := range d.Days {
		l := navLink{URL: here + "?day=" + day.Key, Name: fmt.Sprintf("%s (%d)", day.Title, day.Open), Current: day.Key == show}
		if l.Current {
			shown = []orderDay{day}
		}
		if n >= at-1 && n <= max(at, 0)+2 {
			d.Tabs = append(d.Tabs, l)
		} else {
			d.Others = append(d.Others, l)
		}
	}
	d.Days = shown
}

// capOrders leaves so many lines as a page can bear, and says so.
func (v *visit) capOrders(d *ordersData) (words, more string) {
	total := 0
	for _, day := range d.Days {
		total += len(day.Lines)
	}
	if total <= maxOrderLines {
		return "", ""
	}
	first, _ := strconv.Atoi(v.r.FormValue("from"))
	first = max(0, min(first, total-1))
	last := min(first+maxOrderLines, total)
	n := 0
	var days []orderDay
	for _, day := range d.Days {
		from, until := max(0, first-n), min(len(day.Lines), last-n)
		n += len(day.Lines)
		if from < until {
			day.Lines = day.Lines[from:until]
			days = append(days, day)
		}
	}
	d.Days = days
	if last < total {
		q, _ := url.ParseQuery(strings.TrimPrefix(d.Query, "?"))
		q.Set("from", strconv.Itoa(last))
		more = d.Card.URL + "/exchanges?" + q.Encode()
	}
	return v.words.T("page_orders_capped", "From", first+1, "Until", last, "Total", total), more
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
	var views []*exchangeView
	for part := range slices.Chunk(list, 1000) {
		more, err := v.exchangeViews(ctx, tx, part, func(*federation.Exchange) federation.IRI { return o.AttributedTo })
		if err != nil {
			return nil, err
		}
		views = append(views, more...)
	}
	d := &ordersData{Card: v.card(o), Need: p.Purpose == federation.PurposeRequest, Day: v.words.Day(v.Now().In(v.zone()))}
	if len(p.Dates) > 0 && p.Every == "" {
		d.Renewal = d.Card.URL + "/renewal"
	}
	days := map[string]*orderDay{}
	sums := map[string]federation.Decimal{}
	add := func(due time.Time, l *orderLine, quantity federation.Decimal) {
		key, title := v.dayOf(due)
		if days[key] == nil {
			days[key] = &orderDay{Key: key, Title: title}
		}
		days[key].Lines = append(days[key].Lines, l)
		sums[key] = sums[key].Plus(quantity)
		if l.Left != "" {
			days[key].Open++
		}
	}
	for _, e := range views {
		switch {
		case e.Open():
			d.Waiting = append(d.Waiting, e)
		case e.State != federation.ExchangeAgreed && e.State != federation.ExchangeFulfilled:
			d.Over = append(d.Over, e)
		case !e.dated():
			add(e.Terms.Due, v.orderLine(o, e), e.Terms.Quantity.Value)
		}
		if e.State != federation.ExchangeAgreed && e.State != federation.ExchangeFulfilled {
			continue
		}
		for _, c := range e.Terms.Schedule {
			if c.Kind == federation.StepDelivered && !c.Skipped {
				add(c.Due, v.dateOrder(o, e, c), c.Quantity)
			}
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
	l := &orderLine{exchangeView: e, What: e.What, Price: e.Price, Words: vocab.Text(e.Terms.Message), Paid: !e.Done(federation.StepPaid, e.Exchange.Publisher).Zero()}
	l.Owes = l.Price != "" && !l.Paid
	left := federation.Quantity{Unit: e.Terms.Quantity.Unit, Value: e.Remaining(e.Exchange.Publisher)}
	if !left.Value.Zero() {
		l.Left, l.Part = outbox.AmountWords(v.words, o, &left), left.Value.Cmp("1") > 0
	}
	return l
}

// dated reports whether something is handed over on dates of its own.
func (e *exchangeView) dated() bool {
	return e.Terms.Standing != nil || slices.ContainsFunc(e.Terms.Schedule, func(c federation.Commitment) bool { return c.Kind == federation.StepDelivered })
}

// dateOrder is what one of them takes on one date.
func (v *visit) dateOrder(o *federation.Object, e *exchangeView, c federation.Commitment) *orderLine {
	me := e.Exchange.Publisher
	l := &orderLine{
		exchangeView: e, Due: c.Due.UTC().Format(time.RFC3339), Taker: c.Taker, Words: vocab.Text(e.Terms.Message),
		What: outbox.AmountWords(v.words, o, &federation.Quantity{Unit: e.Terms.Quantity.Unit, Value: c.Quantity}),
	}
	if !e.DoneOn(c, me) {
		l.Left = l.What
	}
	if pay := e.Commitment(federation.StepPaid, c.Due); pay != nil {
		l.Price = v.words.Money(pay.Quantity, currencyCode(e.Terms.Currency))
		l.Paid = e.DoneOn(*pay, me)
		l.Owes = !l.Paid
	}
	return l
}

// Mark names the line in the page.
func (l *orderLine) Mark() string {
	if l.Due == "" {
		return l.Number()
	}
	return l.Number() + "-" + strings.NewReplacer(":", "", "-", "").Replace(l.Due)
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
	kind := federation.StepDelivered
	if f.Value("do") == "paid" {
		kind = federation.StepPaid
	}
	due, err := time.Parse(time.RFC3339, f.Value("due"))
	if c := x.Commitment(kind, due); err == nil && c != nil && x.DoneOn(*c, x.Publisher) {
		return nil
	}
	if f.Value("do") == "paid" && err == nil {
		return outbox.KeepTx(ctx, tx, x, x.Publisher, kind, due, "", "")
	}
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
	} else if due.IsZero() && x.Remaining(x.Publisher).Zero() {
		return nil
	}
	return outbox.KeepTx(ctx, tx, x, x.Publisher, kind, due, quantity, "")
}

// ordersSheet is the list to print, for all days or for one: all of it.
func (v *visit) ordersSheet(ctx context.Context, tx *store.Tx) (*page, error) {
	d, err := v.ordersOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	v.chooseDay(d)
	return &page{Name: "orders_sheet", Title: v.words.T("page_orders_sheet"), Data: d, NoIndex: true}, nil
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
	add := func(l *orderLine, day string) {
		address := l.Address
		if l.Other != nil {
			address = l.Other.Handle
		}
		rows = append(rows, []string{
			cmp.Or(l.Taker, l.OtherName), address, l.What, l.Price, l.Way, day, l.Terms.Place, l.Word, l.Left, l.Words, v.words.Date(l.At.In(v.zone())),
		})
	}
	for _, day := range d.Days {
		for _, l := range day.Lines {
			title := l.DueDay()
			if l.Due != "" {
				title = day.Title
			}
			add(l, title)
		}
	}
	for _, e := range slices.Concat(d.Waiting, d.Over) {
		add(&orderLine{exchangeView: e, What: e.What, Price: e.Price, Words: vocab.Text(e.Terms.Message)}, e.DueDay())
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
