// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"errors"
	"math/big"
	"slices"
	"time"
)

// A season is a proposal with dates: an AMAP contract is a share handed over on
// each of them. Who asks asks for so many shares; what is agreed on is the dates
// that are still to come, and what they cost together. A loan is handed over,
// and comes back.

// A Commitment is a part of what was agreed on that falls on a day. ValueFlows.
type Commitment struct {
	Kind     string // StepDelivered, StepPaid or StepReturned
	Due      time.Time
	Quantity Decimal
	Skipped  bool   `json:",omitempty"` // nothing is handed over that day
	Taker    string `json:",omitempty"` // who takes it instead, in words
}

// maxDates is how many dates a season has at most: a year of twice a week.
const maxDates = 104

// upcoming returns the dates of a season after a time, of a standing order those
// that are planned.
func (p Proposal) upcoming(now time.Time) []time.Time {
	if st := p.standing(); st != nil {
		return st.between(now, now.Add(plannedAhead), fewestPlanned)
	}
	return slices.DeleteFunc(slices.Clone(p.Dates), func(d time.Time) bool { return !d.After(now) })
}

// schedule plans what is handed over and paid when. The price is for one date;
// the sum is paid in as many parts as the publisher takes, a month apart, the
// odd cents with the first.
func (p Proposal) schedule(t Terms, now time.Time) Terms {
	dates := p.upcoming(now)
	if len(dates) == 0 {
		if t.Mode == "loan" && !t.Until.IsZero() {
			t.Schedule = []Commitment{{Kind: StepReturned, Due: t.Until, Quantity: t.Quantity.Value}}
		}
		return t
	}
	if t.Standing = p.standing(); t.Standing != nil {
		for _, d := range dates {
			t.Schedule = append(t.Schedule, t.on(d, t.Quantity.Value, false)...)
		}
		return t
	}
	for _, d := range dates {
		t.Schedule = append(t.Schedule, Commitment{Kind: StepDelivered, Due: d, Quantity: t.Quantity.Value})
	}
	if t.Price == nil {
		return t
	}
	for i, part := range parts(t.Price.Value, max(1, p.Payments)) {
		t.Schedule = append(t.Schedule, Commitment{Kind: StepPaid, Due: dates[0].AddDate(0, i, 0), Quantity: part})
	}
	return t
}

// season is what so many dates cost together; a standing order is paid by the
// date.
func (p Proposal) season(price *Quantity, now time.Time) *Quantity {
	n := len(p.upcoming(now))
	if price == nil || n == 0 || p.Every != "" {
		return price
	}
	return &Quantity{price.Unit, decimalOf(new(big.Rat).Mul(price.Value.Rat(), big.NewRat(int64(n), 1)))}
}

// parts divides a sum into n, in cents, of which the first takes what does not
// divide.
func parts(sum Decimal, n int) []Decimal {
	cents := new(big.Int).Quo(new(big.Rat).Mul(sum.Rat(), big.NewRat(100, 1)).Num(), new(big.Rat).Mul(sum.Rat(), big.NewRat(100, 1)).Denom())
	each := decimalOf(new(big.Rat).SetFrac(new(big.Int).Quo(cents, big.NewInt(int64(n))), big.NewInt(100)))
	list := slices.Repeat([]Decimal{each}, n)
	for range n - 1 {
		sum = sum.Minus(each)
	}
	list[0] = sum
	return list
}

// checkDates wants the dates of a season to be few enough, and in order.
func (p Proposal) checkDates() error {
	if len(p.Dates) > maxDates {
		return field("dates", "error_dates_many", "%d dates, at most %d", len(p.Dates), maxDates)
	}
	if p.Every != "" && len(p.Dates) != 1 {
		return field("dates", "error_standing_first", "%d dates, of something that is handed over again and again", len(p.Dates))
	}
	if !slices.IsSortedFunc(p.Dates, time.Time.Compare) {
		return field("dates", "error_dates_order", "the dates are not in order")
	}
	return nil
}

// Total is how much is handed over in all.
func (x *Exchange) Total() Decimal {
	var sum Decimal
	dated := false
	for _, c := range x.Terms.Schedule {
		if c.Kind == StepDelivered {
			dated = true
			if !c.Skipped {
				sum = sum.Plus(c.Quantity)
			}
		}
	}
	if !dated && x.Terms.Standing == nil {
		return x.Terms.Quantity.Value
	}
	return sum
}

// Commitment returns what falls on a day, nil if nothing does.
func (x *Exchange) Commitment(kind string, due time.Time) *Commitment {
	for i := range x.Terms.Schedule {
		if c := &x.Terms.Schedule[i]; c.Kind == kind && c.Due.Equal(due) {
			return c
		}
	}
	return nil
}

// DoneOn reports whether somebody said that a commitment was kept.
func (x *Exchange) DoneOn(c Commitment, by IRI) bool {
	return slices.ContainsFunc(x.Steps, func(s Step) bool { return s.Kind == c.Kind && s.By == by && s.Due.Equal(c.Due) })
}

// Short is what is missing of the dates that somebody noted: they noted less than
// was planned, and not more since.
func (x *Exchange) Short(by IRI) Decimal {
	var planned Decimal
	for _, c := range x.Terms.Schedule {
		if c.Kind == StepDelivered && !c.Skipped && x.DoneOn(c, by) {
			planned = planned.Plus(c.Quantity)
		}
	}
	return planned.Minus(x.Done(StepDelivered, by))
}

// Noted is how much somebody said of a commitment.
func (x *Exchange) Noted(c Commitment, by IRI) (sum Decimal) {
	for _, s := range x.Steps {
		if s.Kind == c.Kind && s.By == by && s.Due.Equal(c.Due) {
			sum = sum.Plus(s.Quantity)
		}
	}
	return sum
}

// Next returns what falls due next of what the publisher has not noted as done;
// nil if nothing does.
func (x *Exchange) Next() *Commitment { return x.nextAfter(time.Time{}) }

// nextAfter returns the same after a time.
func (x *Exchange) nextAfter(t time.Time) *Commitment {
	if x.State != ExchangeAgreed {
		return nil
	}
	all := x.Terms.Schedule
	if len(all) == 0 && !x.Terms.Due.IsZero() && !x.Remaining(x.Publisher).Zero() {
		all = []Commitment{{Kind: StepDelivered, Due: x.Terms.Due, Quantity: x.Remaining(x.Publisher)}}
	}
	var next *Commitment
	for i := range all {
		c := &all[i]
		if c.Due.After(t) && !c.Skipped && !x.DoneOn(*c, x.Publisher) && (next == nil || c.Due.Before(next.Due)) {
			next = c
		}
	}
	return next
}

// Ends returns when the season of an exchange is over; zero if it has none.
func (x *Exchange) Ends() (end time.Time) {
	for _, c := range x.Terms.Schedule {
		if c.Kind == StepDelivered && c.Due.After(end) {
			end = c.Due
		}
	}
	return end
}

// back reports whether what was lent came back, as the lender says.
func (x *Exchange) back() bool {
	for _, c := range x.Terms.Schedule {
		if c.Kind == StepReturned && x.Done(StepReturned, x.Provider()).Cmp(c.Quantity) < 0 {
			return false
		}
	}
	return true
}

// remindBefore is how long before a commitment both are reminded of it.
const remindBefore = 24 * time.Hour

// RemindAt is when there is something to remind the two of; zero if there is
// nothing.
func (x *Exchange) RemindAt() time.Time {
	if next := x.nextAfter(x.Reminded); next != nil {
		return next.Due.Add(-remindBefore)
	}
	if at := x.overdueAt(); !at.IsZero() {
		return at
	}
	if x.Running() {
		return x.Terms.Standing.Planned.Add(-remindBefore) // to plan further
	}
	if x.Renewed || x.State != ExchangeAgreed && x.State != ExchangeFulfilled {
		return time.Time{}
	}
	return x.Ends()
}

// Remind tells both of what falls due soon, who borrows of what should be back,
// and asks whether to go on when a season is over; each once, and not of what is
// past. It returns what it told the partner; "" if nothing.
func Remind(ctx context.Context, s State, x *Exchange) (told string, err error) {
	now, err := Alone(ctx, s, x) // another process may have reminded, or noted something
	if err != nil {
		return "", ignoreMissing(err)
	}
	*x = *now
	if at := x.RemindAt(); at.IsZero() || at.After(s.Now()) {
		return "", nil
	}
	if at := x.overdueAt(); !at.IsZero() && !at.After(s.Now()) {
		x.Chased = x.Terms.Until
		return "Overdue", errors.Join(s.PutExchange(ctx, x), tellParty(ctx, s, x, x.Partner, "Overdue"), tellParty(ctx, s, x, x.Publisher, "Overdue"))
	}
	kind := "Due"
	x.Plan(s.Now())
	if next := x.nextAfter(x.Reminded); next == nil && (x.Running() || !x.overdueAt().IsZero()) {
		return "", s.PutExchange(ctx, x)
	} else if next == nil {
		x.Renewed, kind = true, "Renewal"
	} else if x.Reminded = next.Due; next.Due.Before(s.Now()) {
		return "", s.PutExchange(ctx, x)
	}
	return kind, errors.Join(
		s.PutExchange(ctx, x), tellParty(ctx, s, x, x.Partner, kind), tellParty(ctx, s, x, x.Publisher, kind))
}

// overdueAt is when both are told that what was lent should be back: a day after,
// and once for each day that was agreed on.
func (x *Exchange) overdueAt() time.Time {
	c := x.Commitment(StepReturned, x.Terms.Until)
	if c == nil || x.State != ExchangeAgreed || x.Chased.Equal(c.Due) || x.DoneOn(*c, x.Publisher) || x.DoneOn(*c, x.Partner) || x.Done(StepDelivered, x.Provider()).Zero() {
		return time.Time{}
	}
	return c.Due.Add(24 * time.Hour)
}
