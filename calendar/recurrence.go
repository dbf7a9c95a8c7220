// SPDX-License-Identifier: AGPL-3.0-or-later

package calendar

import (
	"slices"
	"time"
)

// What a recurrence is bounded by. An event without end is expanded as far as
// somebody looks, and nobody looks further than this.
const (
	MaxOccurrences = 500    // given at once
	MaxYears       = 5      // from the first day asked for
	MaxDates       = 1000   // of each: skipped, added and changed
	maxSteps       = 20_000 // of a rule that counts, before the days asked for are reached
)

// A Recurrence is when something happens that happens more than once: a first
// time, a rule (RFC 5545 RRULE), and what differs from it. The rule is reckoned
// on the clocks of the zone of Start, so that a Thursday at 18:30 stays at 18:30
// when the clocks change.
type Recurrence struct {
	Start   time.Time // in the zone of the event
	End     time.Time // of the first time; zero: not said
	AllDay  bool      // days without hours; Start and End are midnights
	Skipped []time.Time
	Added   []time.Time
	Changed []Change

	rule *rule // nil: Start and Added are all there is
}

// A Change is one time that differs from the rule. RFC 5545 3.8.4.4.
type Change struct {
	Was        time.Time // when it would have been: its RECURRENCE-ID
	Start, End time.Time
	Cancelled  bool // it does not take place
}

// An Occurrence is one time at which it happens.
type Occurrence struct {
	Was        time.Time // when the rule has it: this names it, also if it was moved
	Start, End time.Time // End is zero if it is not said
	Changed    bool
}

// SetRule gives the recurrence a rule, as in "FREQ=WEEKLY;COUNT=22"; "" takes it
// away. What is refused is a [federation.FieldError] of the field recurrence.
func (r *Recurrence) SetRule(text string) error {
	if text == "" {
		r.rule = nil
		return nil
	}
	rule, err := parseRule(text, r.Start.Location())
	if err != nil {
		return err
	}
	r.rule = rule
	return nil
}

// EndBefore makes the rule end before t, if it does not end earlier, and forgets
// the dates from then on that were added.
func (r *Recurrence) EndBefore(t time.Time) {
	r.Added = slices.DeleteFunc(r.Added, func(a time.Time) bool { return !a.Before(t) })
	last, ends := r.Last()
	if r.rule == nil || ends && last.Before(t) {
		return
	}
	r.rule.count, r.rule.until = 0, t.Add(-time.Second)
	delete(r.rule.parts, "COUNT")
	r.rule.parts["UNTIL"] = r.rule.until.UTC().Format(utc)
}

// Rule returns the rule as RRULE has it; "" if there is none.
func (r *Recurrence) Rule() string {
	if r.rule == nil {
		return ""
	}
	return r.rule.String()
}

// Ends reports whether there is a last time.
func (r *Recurrence) Ends() bool { return r.rule == nil || r.rule.count > 0 || !r.rule.until.IsZero() }

// Between returns the occurrences that begin before to and are not over at
// from, in the order of time: limit of them at most, and never more than
// [MaxOccurrences] or later than [MaxYears] after from. More reports whether
// there are others before to that this left out.
func (r *Recurrence) Between(from, to time.Time, limit int) (all []Occurrence, more bool) {
	limit = min(max(limit, 0), MaxOccurrences)
	if horizon := from.AddDate(MaxYears, 0, 0); to.After(horizon) {
		to, more = horizon, !r.Ends() || r.mayBeAfter(horizon)
	}
	all, left := r.between(from, to, limit)
	return all, left || more
}

// mayBeAfter reports whether something that ends may happen at t or later.
func (r *Recurrence) mayBeAfter(t time.Time) bool {
	return r.rule != nil && (r.rule.until.IsZero() || !r.rule.until.Before(t))
}

// between is Between within bounds that were checked.
func (r *Recurrence) between(from, to time.Time, limit int) (all []Occurrence, more bool) {
	taken := r.exceptions()
	add := func(o Occurrence) {
		if o.Start.Before(to) && (!o.Start.Before(from) || o.End.After(from)) {
			all = append(all, o)
		}
	}
	for t := range r.starts(from, to) {
		if !taken[t.Unix()] {
			add(r.occurrence(t))
		}
		if len(all) > limit {
			break
		}
	}
	for _, t := range r.Added[:min(len(r.Added), MaxDates)] {
		if !taken[t.Unix()] {
			add(r.occurrence(t))
		}
	}
	for _, c := range r.Changed[:min(len(r.Changed), MaxDates)] {
		if !c.Cancelled {
			add(Occurrence{Was: c.Was, Start: c.Start, End: c.End, Changed: true})
		}
	}
	slices.SortStableFunc(all, func(a, b Occurrence) int { return a.Start.Compare(b.Start) })
	all = slices.CompactFunc(all, func(a, b Occurrence) bool { return a.Was.Equal(b.Was) && a.Start.Equal(b.Start) })
	if len(all) > limit {
		return all[:limit:limit], true
	}
	return all, false
}

// exceptions returns when the rule does not hold: what is skipped, and what is
// changed.
func (r *Recurrence) exceptions() map[int64]bool {
	taken := make(map[int64]bool, len(r.Skipped)+len(r.Changed))
	for _, t := range r.Skipped {
		taken[t.Unix()] = true
	}
	for _, c := range r.Changed {
		taken[c.Was.Unix()] = true
	}
	return taken
}

// starts yields when it begins by its rule and before to, exceptions not yet
// taken off; what is over at from may be missing. The first time is always one, and counts, even if the rule would
// not have it. RFC 5545 3.8.5.3.
func (r *Recurrence) starts(from, to time.Time) func(yield func(time.Time) bool) {
	return func(yield func(time.Time) bool) {
		if !yield(r.Start) || r.rule == nil {
			return
		}
		last := to
		if u := r.rule.until; !u.IsZero() && u.Before(to) {
			last = u.Add(time.Second)
		}
		zone := r.Start.Location()
		left := r.rule.count - 1
		clock := clock{zone: zone}
		first := wall(from.In(zone)).AddDate(0, 0, -2)
		if lasts := r.End.Sub(r.Start); lasts > 0 {
			first = first.Add(-lasts)
		}
		for w := range r.rule.times(wall(r.Start), first, wall(last.In(zone)).AddDate(0, 0, 1)) {
			t := clock.at(w)
			if r.rule.count > 0 && left == 0 || !t.Before(last) || !yield(t) {
				return
			}
			left--
		}
	}
}

// occurrence returns the one that starts at t. It is as long as the first: in
// days if it has no hours, else exactly. RFC 5545 3.8.5.3.
func (r *Recurrence) occurrence(t time.Time) Occurrence {
	o := Occurrence{Was: t, Start: t}
	switch {
	case !r.End.After(r.Start):
	case r.AllDay:
		days := int(wall(r.End).Sub(wall(r.Start)) / (24 * time.Hour))
		o.End = At(day(wall(t)).AddDate(0, 0, days), t.Location())
	default:
		o.End = t.Add(r.End.Sub(r.Start)).In(t.Location())
	}
	return o
}

// Skip leaves out what would begin from the day of first to the day of last,
// both included, as in the school holidays, and returns how many that are. They
// become exceptions one by one, because other calendars know no other way.
func (r *Recurrence) Skip(first, last time.Time) int {
	zone := r.Start.Location()
	from := At(day(wall(first)), zone)
	to := At(day(wall(last)).AddDate(0, 0, 1), zone)
	n := 0
	all, _ := r.Between(from, to, MaxOccurrences)
	for _, o := range all {
		if o.Changed || o.Start.Before(from) || len(r.Skipped) >= MaxDates {
			continue
		}
		r.Skipped = append(r.Skipped, o.Was)
		n++
	}
	return n
}

// Last returns when the last one begins; false if there is no last one, or if
// it is further away than we look.
func (r *Recurrence) Last() (time.Time, bool) {
	if !r.Ends() {
		return time.Time{}, false
	}
	last, steps := time.Time{}, 0
	taken := r.exceptions()
	for t := range r.starts(r.Start, time.Date(lastYear, 1, 1, 0, 0, 0, 0, time.UTC)) {
		if steps++; steps > 20*MaxOccurrences {
			return time.Time{}, false
		}
		if !taken[t.Unix()] {
			last = t
		}
	}
	later := func(t time.Time) {
		if t.After(last) {
			last = t
		}
	}
	for _, t := range r.Added {
		if !taken[t.Unix()] {
			later(t)
		}
	}
	for _, c := range r.Changed {
		if !c.Cancelled {
			later(c.Start)
		}
	}
	return last, !last.IsZero()
}
