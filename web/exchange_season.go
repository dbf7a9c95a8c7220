// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/mail"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// A dateLine is what falls on one day of a season, or when a loan comes back.
type dateLine struct {
	Due, When, What string
	Kind            string
	Done            bool   // they who look noted it
	Told            bool   // the other did
	Noted           string // how much, where that is not what was planned
	Skipped         bool
	Late            bool // it should have come back
	Taker           string
	Note            string // the button that notes it; "" if there is none
	MaySkip         bool
	MayPass         bool
	MayChange       bool
	MayPart         bool   // a part of it can be noted
	Amount          string // as it is typed
	over            bool   // nothing is to be done any more
}

// A dateDay is all that falls on one moment.
type dateDay struct {
	Due, When string
	Lines     []shownDate
}

// Still reports whether nothing is left to be done on a day.
func (d dateDay) Still() bool {
	return !slices.ContainsFunc(d.Lines, func(l shownDate) bool { return !l.Skipped && !l.Done })
}

// soonest is how many days to come are seen at once; the others are one tap away.
const soonest = 3

// dateDays lists what an exchange plans, in order: what is to be done next, what
// comes later, and what is over.
func (v *visit) dateDays(d *exchangeData, o *federation.Object, me federation.IRI) {
	plan := slices.Clone(d.Terms.Schedule)
	slices.SortStableFunc(plan, func(a, b federation.Commitment) int { return a.Due.Compare(b.Due) })
	for len(plan) > 0 {
		n := 1
		for n < len(plan) && plan[n].Due.Equal(plan[0].Due) {
			n++
		}
		day, over := dateDay{}, true
		for _, c := range plan[:n] {
			l := v.dateLine(d.Exchange, o, c, me)
			day.Due, day.When, over = l.Due, l.When, over && l.over
			day.Lines = append(day.Lines, shownDate{d.Printer, l, d.URL, d.As, d.Secret, d.Key, d.Mail})
		}
		switch plan = plan[n:]; {
		case over:
			d.Past = append(d.Past, day)
		case len(d.Dates) < soonest:
			d.Dates = append(d.Dates, day)
		default:
			d.Later = append(d.Later, day)
		}
	}
}

func (v *visit) dateLine(x *federation.Exchange, o *federation.Object, c federation.Commitment, me federation.IRI) dateLine {
	l := dateLine{
		Due: c.Due.UTC().Format(time.RFC3339), When: outbox.DueWords(v.words, c.Due, v.zone()), Kind: c.Kind, Amount: v.words.Number(c.Quantity),
		Done: x.DoneOn(c, me), Told: x.DoneOn(c, x.Other(me)), Skipped: c.Skipped, Taker: c.Taker,
	}
	past := c.Due.Before(v.Now())
	l.over = l.Skipped && past || l.Done && l.Told || x.State != federation.ExchangeAgreed
	if c.Kind == federation.StepPaid {
		l.What = v.words.T("page_date_paid", "Price", v.words.Money(c.Quantity, currencyCode(x.Terms.Currency)))
	} else {
		l.What = v.words.T("page_date_"+c.Kind, "What", outbox.AmountWords(v.words, o, &federation.Quantity{Unit: x.Terms.Quantity.Unit, Value: c.Quantity}))
	}
	for _, by := range []federation.IRI{x.Other(me), me} {
		if n := x.Noted(c, by); x.DoneOn(c, by) && n.Cmp(c.Quantity) != 0 {
			l.Noted = outbox.AmountWords(v.words, o, &federation.Quantity{Unit: x.Terms.Quantity.Unit, Value: n})
		}
	}
	l.Late = c.Kind == federation.StepReturned && past && !l.Done && !l.Told
	if x.State != federation.ExchangeAgreed || l.Skipped {
		return l
	}
	if !l.Done {
		l.Note = v.words.T("form_date_" + c.Kind)
		l.MayPart = c.Kind == federation.StepDelivered && c.Quantity.Cmp("1") > 0
	}
	free := c.Kind == federation.StepDelivered && !l.Done && !l.Told
	inTime := x.Terms.Standing.Changeable(c.Due, v.Now())
	l.MaySkip = free && (me == x.Publisher || inTime)
	l.MayPass, l.MayChange = free && me == x.Partner && !past, free && me == x.Partner && inTime
	return l
}

// A shownDate is a line with all that its forms need.
type shownDate struct {
	*locale.Printer
	dateLine

	URL, As, Secret string
	Key             int64
	Mail            bool // whoever takes a share can be written to
}

// currencyCode is the ISO code of a currency, or the URI that names it.
func currencyCode(uri string) string {
	for code, known := range federation.Currencies {
		if known == uri {
			return code
		}
	}
	return uri
}

// A standingPart is what there is to know and to do about a standing order.
type standingPart struct {
	Running  bool
	Rhythm   string
	Notice   string
	Ends     string // the last day, once there is one
	Earliest string // on which it could end, as inputs have it
	Pauses   []string
}

func (v *visit) standingPart(x *federation.Exchange) *standingPart {
	st := x.Terms.Standing
	if st == nil {
		return nil
	}
	d := &standingPart{
		Running: x.Running(), Rhythm: outbox.RhythmWords(v.words, st.Every, st.First.In(v.zone())),
		Notice:   v.standingNotice(federation.Proposal{NoticeDays: st.NoticeDays, ChangeHours: st.ChangeHours}),
		Earliest: st.Earliest(v.Now()).In(v.zone()).Format(time.DateOnly),
	}
	if !st.Last.IsZero() {
		d.Ends = v.words.Date(st.Last.In(v.zone()))
	}
	for _, p := range st.Pauses {
		if p.Until.After(v.Now()) {
			d.Pauses = append(d.Pauses, v.words.T("page_standing_pause", "From", v.words.Date(p.From.In(v.zone())), "Until", v.words.Date(p.Until.In(v.zone()))))
		}
	}
	return d
}

// standingNotice says how long before something can be changed, and ended.
func (v *visit) standingNotice(p federation.Proposal) string {
	end := v.words.T("page_standing_free")
	if p.NoticeDays > 0 {
		end = v.words.T("page_standing_days", p.NoticeDays)
	}
	if p.ChangeHours == 0 {
		return end
	}
	return v.words.T("page_standing_change", p.ChangeHours) + ", " + end
}

// A loanPart is what there is to do about when something comes back.
type loanPart struct {
	Until  string
	Late   string // how long it should have been back, in words
	Lender bool   // they look
	Asked  string // until when who borrows asks to keep it
	MayAsk bool
}

func (v *visit) loanPart(x *federation.Exchange, me federation.IRI) *loanPart {
	c := x.Commitment(federation.StepReturned, x.Terms.Until)
	if c == nil || x.State != federation.ExchangeAgreed || x.DoneOn(*c, x.Provider()) {
		return nil
	}
	d := &loanPart{Until: outbox.DueWords(v.words, c.Due, v.zone()), Lender: me == x.Provider(), MayAsk: me != x.Provider()}
	if c.Due.Before(v.Now()) && !x.DoneOn(*c, x.Other(x.Provider())) {
		d.Late = v.words.Ago(c.Due, v.Now())
	}
	if !x.Longer.IsZero() {
		d.Asked = outbox.DueWords(v.words, x.Longer, v.zone())
	}
	return d
}

// date reads which date of the exchange is meant.
func (d *deal) date() (*federation.Commitment, error) {
	due, err := time.Parse(time.RFC3339, d.f.Value("due"))
	if err != nil {
		return nil, fmt.Errorf("%w: due", federation.ErrMalformed)
	}
	c := d.x.Commitment(d.f.Value("kind"), due)
	if c == nil {
		return nil, fmt.Errorf("%w: nothing falls on %s", federation.ErrConflict, due)
	}
	return c, nil
}

// keptDate notes that what fell on a day was handed over, paid or came back.
func (v *visit) keptDate(ctx context.Context, tx *store.Tx, d *deal) (string, error) {
	c, err := d.date()
	if err != nil {
		return "", err
	}
	if d.x.DoneOn(*c, d.me) {
		return "", federation.ErrConflict
	}
	var part federation.Decimal
	if typed := strings.TrimSpace(d.f.Value("part")); typed != "" {
		if part, err = federation.ParseDecimal(typed); err != nil {
			d.f.wrong("part", "error_number", "Value", typed)
			return "", nil
		}
	}
	return "exchange_delivered", outbox.KeepTx(ctx, tx, d.x, d.me, c.Kind, c.Due, part, "")
}

// say sends a mark about the dates.
func (d *deal) say(ctx context.Context, tx *store.Tx, m federation.Mark) (string, error) {
	return "saved", outbox.MarkTx(ctx, tx, d.x, d.me, m)
}

// skipDate says that nothing is handed over on a day.
func (v *visit) skipDate(ctx context.Context, tx *store.Tx, d *deal) (string, error) {
	c, err := d.date()
	if err != nil {
		return "", err
	}
	return d.say(ctx, tx, federation.Mark{Kind: federation.MarkSkipped, Due: c.Due})
}

// changeDate says that it is more or less of it on a day.
func (v *visit) changeDate(ctx context.Context, tx *store.Tx, d *deal) (string, error) {
	c, err := d.date()
	if err != nil {
		return "", err
	}
	q := d.f.amount("changed", federation.Quantity{Unit: d.x.Terms.Quantity.Unit})
	if q == nil {
		d.f.wrong("changed", "error_number", "Value", "")
	}
	if len(d.f.mistakes) > 0 {
		return "", nil
	}
	return d.say(ctx, tx, federation.Mark{Kind: federation.MarkChanged, Due: c.Due, Quantity: q.Value})
}

// passDate says who takes the share of a day, and writes to them if there is an
// address: they need no account.
func (v *visit) passDate(ctx context.Context, tx *store.Tx, d *deal) (string, error) {
	c, err := d.date()
	if err != nil {
		return "", err
	}
	taker := strings.TrimSpace(cut(d.f.Value("taker"), 100))
	if taker == "" {
		d.f.wrong("taker", "error_date_taker")
		return "", nil
	}
	done, err := d.say(ctx, tx, federation.Mark{Kind: federation.MarkPassed, Due: c.Due, Taker: taker})
	if typed := strings.TrimSpace(d.f.Value("taker.address")); err == nil && typed != "" {
		err = v.writeTaker(ctx, tx, d, *c, taker, typed)
	}
	return done, err
}

// writeTaker tells who takes a share when and where it is. The address is not
// kept.
func (v *visit) writeTaker(ctx context.Context, tx *store.Tx, d *deal, c federation.Commitment, name, typed string) error {
	address, err := mail.ParseAddress(typed)
	if err != nil {
		d.f.wrong("taker", "form_mail_address_wrong")
		return nil
	}
	for _, key := range []string{"taker " + string(d.x.ID), "to " + address} {
		if wait, ok := v.mails.allow(key, v.Now()); !ok {
			return v.tooMany(wait)
		}
	}
	from, err := v.partyCalled(ctx, tx, d, d.me)
	if err != nil {
		return err
	}
	at, err := v.partyCalled(ctx, tx, d, d.x.Publisher)
	if err != nil {
		return err
	}
	words := locale.New(v.words.Lang())
	args := []any{
		"Name", name, "From", from, "Site", at, "Title", cut(cmp.Or(outbox.SourceOf(d.o).Name, d.o.Name), 100), "When", outbox.DueWords(words, c.Due, v.zone()),
		"What", outbox.AmountWords(words, d.o, &federation.Quantity{Unit: d.x.Terms.Quantity.Unit, Value: c.Quantity}), "Where", cmp.Or(d.x.Terms.Place, placeLine(d.o.Location)),
	}
	return tx.QueueMail(ctx, &store.Mail{
		Kind: "exchange", To: address, Subject: words.T("mail_exchange_taker_subject", args...), Body: words.T("mail_exchange_taker_body", args...),
	})
}

// partyCalled is what one of the two is called.
func (v *visit) partyCalled(ctx context.Context, tx *store.Tx, d *deal, id federation.IRI) (string, error) {
	if id == d.x.Partner && d.author != nil {
		return d.author.Name, nil
	}
	a, err := tx.Actor(ctx, id)
	if err != nil {
		return "", ignoreMissing(err)
	}
	return cmp.Or(a.Name, a.Username), nil
}

// placeLine names a place in one line.
func placeLine(p *federation.Place) string {
	if p == nil {
		return ""
	}
	return strings.Join(slices.DeleteFunc([]string{p.Name, p.Street, p.City}, func(s string) bool { return s == "" }), ", ")
}

// typedDay reads a day; end is whether all of it counts.
func (d *deal) typedDay(v *visit, name string, end bool) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, strings.TrimSpace(d.f.Value(name)), v.zone())
	if err != nil {
		d.f.wrong(name, "error_date")
		return t
	}
	if end {
		return time.Date(t.Year(), t.Month(), t.Day(), 23, 59, 59, 0, v.zone())
	}
	return t
}

// pauseOrder leaves out the dates of a time.
func (v *visit) pauseOrder(ctx context.Context, tx *store.Tx, d *deal) (string, error) {
	from, until := d.typedDay(v, "pause.from", false), d.typedDay(v, "pause.until", true)
	if len(d.f.mistakes) > 0 {
		return "", nil
	}
	return d.say(ctx, tx, federation.Mark{Kind: federation.MarkPaused, Due: from, Until: until})
}

// endOrder ends a standing order.
func (v *visit) endOrder(ctx context.Context, tx *store.Tx, d *deal) (string, error) {
	last := d.typedDay(v, "end.date", true)
	if len(d.f.mistakes) > 0 {
		return "", nil
	}
	if _, err := d.say(ctx, tx, federation.Mark{Kind: federation.MarkEnded, Due: last}); err != nil {
		return "", err
	}
	return "exchange_ending", nil
}

// askLonger asks to keep what was lent until another day.
func (v *visit) askLonger(ctx context.Context, tx *store.Tx, d *deal) (string, error) {
	until := d.typedDay(v, "longer.date", true)
	if len(d.f.mistakes) > 0 {
		return "", nil
	}
	if _, err := d.say(ctx, tx, federation.Mark{Kind: federation.MarkLonger, Until: until}); err != nil {
		return "", err
	}
	return "exchange_longer", nil
}

// grantLonger lets it stay so long.
func (v *visit) grantLonger(ctx context.Context, tx *store.Tx, d *deal) (string, error) {
	if d.x.Longer.IsZero() {
		return "", federation.ErrConflict
	}
	return d.say(ctx, tx, federation.Mark{Kind: federation.MarkExtended, Until: d.x.Longer})
}

// denyLonger leaves it as it was agreed.
func (v *visit) denyLonger(ctx context.Context, tx *store.Tx, d *deal) (string, error) {
	if d.x.Longer.IsZero() {
		return "", federation.ErrConflict
	}
	return d.say(ctx, tx, federation.Mark{Kind: federation.MarkKept, Refused: federation.MarkLonger})
}
