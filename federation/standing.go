// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"math/big"
	"slices"
	"time"
)

// A standing order is a season with an open end: the same thing each week, each
// two weeks or each month, until one of the two ends it. Its dates are planned
// some weeks ahead, on both servers from the same terms, so that each of them
// can be handed over, skipped or changed like a date of a season.

// How often something is handed over: durations of ISO 8601.
const (
	Weekly      = "P7D"
	Fortnightly = "P14D"
	Monthly     = "P1M"
)

// Rhythms lists them.
var Rhythms = []string{Weekly, Fortnightly, Monthly}

// Bounds of what an author may ask for.
const (
	MaxNoticeDays  = 366
	MaxChangeHours = 31 * 24
)

// How far ahead dates are planned, how many at least, and how many commitments
// are kept: what both confirmed longer ago is folded away.
const (
	plannedAhead   = 8 * 7 * 24 * time.Hour
	fewestPlanned  = 3
	mostPlanned    = 208
	maxPauses      = 50
	travelOfAMark  = time.Hour // a peer's word that something is skipped may be under way so long
	longestPending = 8 * 24 * time.Hour
)

// Standing are the terms of a standing order.
type Standing struct {
	Every       string    // one of Rhythms
	First       time.Time // any of its dates: all others follow from it
	Zone        string    // whose clocks it goes by, an IANA name
	NoticeDays  int       // how long before the end one has to say so
	ChangeHours int       // how long before a date who receives it may still skip or change it

	Planned time.Time `json:",omitzero"` // until when dates were planned
	Last    time.Time `json:",omitzero"` // nothing is handed over after that; zero: no end yet
	Pauses  []Pause   `json:",omitempty"`
}

// A Pause is a time in which nothing is handed over, ends included.
type Pause struct{ From, Until time.Time }

// standing returns the terms of a proposal that is handed over again and again;
// nil if it is not.
func (p Proposal) standing() *Standing {
	if p.Every == "" || len(p.Dates) == 0 {
		return nil
	}
	return &Standing{Every: p.Every, First: p.Dates[0], Zone: p.Zone, NoticeDays: p.NoticeDays, ChangeHours: p.ChangeHours}
}

// date is the nth date. A month that is too short has it on its last day.
func (st *Standing) date(n int) time.Time {
	first := st.First
	if zone, err := time.LoadLocation(st.Zone); err == nil && st.Zone != "" {
		first = first.In(zone)
	}
	switch st.Every {
	case Weekly:
		return first.AddDate(0, 0, 7*n)
	case Fortnightly:
		return first.AddDate(0, 0, 14*n)
	}
	d := first.AddDate(0, n, 0)
	if d.Day() != first.Day() {
		return d.AddDate(0, 0, -d.Day())
	}
	return d
}

// between lists the dates after one time and not after another, but a few at
// least.
func (st *Standing) between(after, until time.Time, fewest int) (dates []time.Time) {
	n := 0
	if d := after.Sub(st.First); d > 0 { // no rhythm is slower than this
		n = max(0, int(d/(31*24*time.Hour))-1)
	}
	for ; len(dates) < maxDates; n++ {
		d := st.date(n)
		if d.After(until) && (len(dates) >= fewest || !st.Last.IsZero() && d.After(st.Last)) {
			return dates
		}
		if d.After(after) {
			dates = append(dates, d)
		}
	}
	return dates
}

// paused reports whether a date is in a pause.
func (st *Standing) paused(d time.Time) bool {
	return slices.ContainsFunc(st.Pauses, func(p Pause) bool { return !d.Before(p.From) && !d.After(p.Until) })
}

// Running reports whether an exchange is a standing order that nobody ended.
func (x *Exchange) Running() bool {
	return x.State == ExchangeAgreed && x.Terms.Standing != nil && x.Terms.Standing.Last.IsZero()
}

// Plan makes the dates that come next of a standing order into commitments, and
// folds away what is long settled. It reports whether there were any.
func (x *Exchange) Plan(now time.Time) bool {
	return x.State == ExchangeAgreed && x.plan(now)
}

func (x *Exchange) plan(now time.Time) bool {
	st := x.Terms.Standing
	if st == nil {
		return false
	}
	until, fewest := now.Add(plannedAhead), fewestPlanned
	if !st.Last.IsZero() {
		until, fewest = st.Last, 0
	}
	ahead := len(slices.DeleteFunc(x.dates(), func(d time.Time) bool { return !d.After(now) }))
	dates := st.between(st.Planned, until, max(0, fewest-ahead))
	for _, d := range dates {
		x.Terms.Schedule = append(x.Terms.Schedule, x.Terms.on(d, x.Terms.Quantity.Value, st.paused(d))...)
		st.Planned = d
	}
	x.fold()
	return len(dates) > 0
}

// begin plans the dates of a standing order from when it was agreed on.
func (x *Exchange) begin(agreed, now time.Time) {
	if st := x.Terms.Standing; st != nil {
		if agreed.IsZero() || agreed.After(now) || now.Sub(agreed) > longestPending {
			agreed = now
		}
		x.Terms.Schedule, st.Planned = nil, agreed
		x.plan(now)
	}
}

// dates are the days on which something is handed over.
func (x *Exchange) dates() (all []time.Time) {
	for _, c := range x.Terms.Schedule {
		if c.Kind == StepDelivered {
			all = append(all, c.Due)
		}
	}
	return all
}

// on is what falls on one date of a standing order: so much of it, and what that
// costs.
func (t Terms) on(d time.Time, quantity Decimal, skipped bool) []Commitment {
	all := []Commitment{{Kind: StepDelivered, Due: d, Quantity: quantity, Skipped: skipped}}
	if t.Price != nil {
		all = append(all, Commitment{Kind: StepPaid, Due: d, Quantity: t.share(quantity), Skipped: skipped})
	}
	return all
}

// share is what so much costs where the price is for the quantity that was
// agreed on.
func (t Terms) share(quantity Decimal) Decimal {
	if t.Quantity.Value.Zero() {
		return t.Price.Value
	}
	return decimalOf(new(big.Rat).Mul(t.Price.Value.Rat(), new(big.Rat).Quo(quantity.Rat(), t.Quantity.Value.Rat())))
}

// change sets how much is handed over on a date, nothing where it is skipped.
func (x *Exchange) change(d time.Time, quantity Decimal, skipped bool) {
	for i := range x.Terms.Schedule {
		c := &x.Terms.Schedule[i]
		switch {
		case !c.Due.Equal(d) || c.Kind == StepPaid && x.Terms.Standing == nil:
		case c.Kind == StepDelivered:
			c.Quantity, c.Skipped = quantity, skipped
		case c.Kind == StepPaid:
			c.Quantity, c.Skipped = x.Terms.share(quantity), skipped
		}
	}
}

// end takes back what was planned after the last day, and plans until then.
func (x *Exchange) end(last, now time.Time) {
	st := x.Terms.Standing
	x.Plan(now)
	st.Last = last
	x.Terms.Schedule = slices.DeleteFunc(x.Terms.Schedule, func(c Commitment) bool { return c.Due.After(last) })
	x.Plan(now)
	x.Renewed = true // who ends it does not have to be asked
}

// fold drops commitments that both kept long ago, and what they said of them: a
// standing order may go on for years.
func (x *Exchange) fold() {
	over := len(x.Terms.Schedule) - mostPlanned
	x.Terms.Schedule = slices.DeleteFunc(x.Terms.Schedule, func(c Commitment) bool {
		mine, theirs := x.DoneOn(c, x.Publisher), x.DoneOn(c, x.Partner)
		if over <= 0 || !c.Skipped && !(mine && theirs) && !(c.Kind == StepPaid && mine == theirs) {
			return false
		}
		over--
		before := len(x.Steps)
		x.Steps = slices.DeleteFunc(x.Steps, func(s Step) bool { return s.Kind == c.Kind && s.Due.Equal(c.Due) })
		x.Folded += before - len(x.Steps)
		return true
	})
	if more := len(x.Marks) - maxSteps/2; more > 0 && x.Terms.Standing != nil {
		x.Marks = slices.Clone(x.Marks[more:])
		x.Folded += more
	}
}

// Earliest is when a standing order can end, if one says so now.
func (st *Standing) Earliest(now time.Time) time.Time { return now.AddDate(0, 0, st.NoticeDays) }

// Changeable reports whether a date may still be skipped or changed by whoever
// receives it.
func (st *Standing) Changeable(due, now time.Time) bool {
	return st != nil && !now.After(due.Add(-time.Duration(st.ChangeHours)*time.Hour))
}
