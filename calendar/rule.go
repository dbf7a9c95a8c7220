// SPDX-License-Identifier: AGPL-3.0-or-later

package calendar

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"github.com/teambition/rrule-go"
)

// A rule is a RRULE that was checked. RFC 5545 3.3.10.
type rule struct {
	parts map[string]string // as it was written, in capitals
	opts  rrule.ROption     // without DTSTART, COUNT and UNTIL
	weeks []int             // BYWEEKNO, which we reckon ourselves
	count int               // 0: no such limit
	until time.Time         // the last moment at which one may start; zero: no such limit
}

// ruleOrder is the order in which the parts of a rule are written; it has all
// that there are.
var ruleOrder = []string{
	"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY", "BYHOUR",
	"BYMINUTE", "BYSECOND", "BYSETPOS", "WKST",
}

const (
	maxRule     = 2000    // bytes of a rule
	maxCount    = 10_000  // COUNT: more nobody waits for, and each is counted
	maxInterval = 120_000 // INTERVAL: more is beyond every calendar
	maxTimes    = 24      // hours in a day at which something may happen
)

// wrong makes the error of a rule that we do not take.
func wrong(reason, detail string, args ...any) error {
	return &federation.FieldError{Field: "recurrence", Reason: reason, Detail: fmt.Sprintf(detail, args...)}
}

// parseRule reads a RRULE; zone is that of the event.
func parseRule(text string, zone *time.Location) (*rule, error) {
	parts, err := ruleParts(text)
	if err != nil {
		return nil, err
	}
	r := &rule{parts: parts}
	if err := r.limits(zone); err != nil {
		return nil, err
	}
	var words []string
	for _, key := range ruleOrder {
		if value, ok := parts[key]; ok && key != "COUNT" && key != "UNTIL" {
			words = append(words, key+"="+value)
		}
	}
	opts, err := rrule.StrToROption(strings.Join(words, ";"))
	if err != nil {
		return nil, wrong("error_recurrence", "%s: %v", text, err)
	}
	r.opts = *opts
	return r, r.check()
}

// ruleParts splits a rule into its parts.
func ruleParts(text string) (map[string]string, error) {
	text = strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(text), " ", ""))
	text = strings.TrimPrefix(text, "RRULE:")
	if len(text) > maxRule {
		return nil, wrong("error_recurrence", "a rule of %d bytes", len(text))
	}
	parts := map[string]string{}
	for part := range strings.SplitSeq(text, ";") {
		key, value, _ := strings.Cut(part, "=")
		if part == "" || strings.HasPrefix(key, "X-") {
			continue
		}
		if _, twice := parts[key]; twice || value == "" || !slices.Contains(ruleOrder, key) {
			return nil, wrong("error_recurrence", "%s: the part %s", text, key)
		}
		parts[key] = value
	}
	switch parts["FREQ"] {
	case "DAILY", "WEEKLY", "MONTHLY", "YEARLY":
		return parts, nil
	case "HOURLY", "MINUTELY", "SECONDLY":
		return nil, wrong("error_recurrence_often", "%s is more often than daily", parts["FREQ"])
	}
	return nil, wrong("error_recurrence", "the frequency %q", parts["FREQ"])
}

// limits reads what ends the rule.
func (r *rule) limits(zone *time.Location) error {
	if value, ok := r.parts["COUNT"]; ok {
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > maxCount {
			return wrong("error_recurrence_count", "a count of %s", value)
		}
		r.count = n
	}
	value, ok := r.parts["UNTIL"]
	if !ok {
		return nil
	}
	w, kind, ok := parseTime(value)
	if year, err := strconv.Atoi(value[:min(len(value), 4)]); !ok && err == nil && year > lastYear {
		return nil // the year 9999, which some write for ever
	}
	if !ok {
		return wrong("error_recurrence_until", "until %s", value)
	}
	switch kind {
	case isDate: // the whole of that day
		r.until = At(w.AddDate(0, 0, 1), zone).Add(-time.Second)
	case isUTC:
		r.until = w
	default:
		r.until = At(w, zone)
	}
	return nil
}

// check refuses what is too often or has no meaning, and mends what the
// library takes otherwise than the RFC.
func (r *rule) check() error {
	o := &r.opts
	if r.parts["INTERVAL"] != "" && o.Interval < 1 {
		return wrong("error_recurrence_interval", "an interval of %s", r.parts["INTERVAL"])
	}
	o.Interval = min(max(o.Interval, 1), maxInterval)
	for i, s := range o.Bysecond {
		o.Bysecond[i] = min(s, 59) // a leap second, which no clock here has
	}
	if max(len(o.Byhour), 1)*max(len(o.Byminute), 1)*max(len(o.Bysecond), 1) > maxTimes {
		return wrong("error_recurrence_often", "more than %d times a day", maxTimes)
	}
	yearly := o.Freq == rrule.YEARLY
	if !yearly && (len(o.Byweekno) > 0 || len(o.Byyearday) > 0) || o.Freq == rrule.WEEKLY && len(o.Bymonthday) > 0 {
		return wrong("error_recurrence", "%s: a part that does not go with its frequency", r)
	}
	if len(o.Byweekno) > 0 && len(o.Bysetpos) > 0 {
		return wrong("error_recurrence", "%s: positions among weeks", r)
	}
	if err := r.weekdays(); err != nil {
		return err
	}
	if _, err := rrule.NewRRule(*o); err != nil {
		return wrong("error_recurrence", "%s: %v", r, err)
	}
	r.weeks, o.Byweekno = o.Byweekno, nil
	return nil
}

// weekdays makes BYDAY safe. A number makes sense in months and years only, and
// the library panics on the 53rd Monday of a month; of "MO,2TU" it takes what
// is both, where the RFC means either.
func (r *rule) weekdays() error {
	o := &r.opts
	numbered := o.Freq <= rrule.MONTHLY && len(o.Byweekno) == 0
	last := 53
	if o.Freq == rrule.MONTHLY || len(o.Bymonth) > 0 {
		last = 5
	}
	var days []rrule.Weekday
	for _, d := range o.Byweekday {
		switch {
		case !numbered:
			days = append(days, d.Nth(0))
		case d.N() <= last && d.N() >= -last:
			days = append(days, d)
		}
	}
	if len(days) == 0 && len(o.Byweekday) > 0 {
		return wrong("error_recurrence", "%s: no such day", r)
	}
	o.Byweekday = either(days, last)
	return nil
}

// either makes all days numbered if some are.
func either(days []rrule.Weekday, last int) []rrule.Weekday {
	plain := func(d rrule.Weekday) bool { return d.N() == 0 }
	if !slices.ContainsFunc(days, plain) || !slices.ContainsFunc(days, func(d rrule.Weekday) bool { return !plain(d) }) {
		return days
	}
	var all []rrule.Weekday
	for _, d := range days {
		if !plain(d) {
			all = append(all, d)
			continue
		}
		for n := 1; n <= last; n++ {
			all = append(all, d.Nth(n))
		}
	}
	return all
}

// String writes the rule as RRULE has it, its parts in one order.
func (r *rule) String() string {
	var words []string
	for _, key := range ruleOrder {
		if value, ok := r.parts[key]; ok {
			words = append(words, key+"="+value)
		}
	}
	return strings.Join(words, ";")
}

// from completes the rule by what it leaves to the first occurrence.
func (r *rule) from(start time.Time) rrule.ROption {
	o := r.opts
	fill := func(list *[]int, n int) {
		if len(*list) == 0 {
			*list = []int{n}
		}
	}
	fill(&o.Byhour, start.Hour())
	fill(&o.Byminute, start.Minute())
	fill(&o.Bysecond, start.Second())
	free := len(o.Byweekday)+len(o.Bymonthday)+len(o.Byyearday) == 0
	weekday := rruleDays[start.Weekday()]
	switch {
	case !free:
	case len(r.weeks) > 0, o.Freq == rrule.WEEKLY:
		o.Byweekday = []rrule.Weekday{weekday}
	case o.Freq == rrule.YEARLY:
		fill(&o.Bymonth, int(start.Month()))
		fill(&o.Bymonthday, start.Day())
	case o.Freq == rrule.MONTHLY:
		fill(&o.Bymonthday, start.Day())
	}
	o.Dtstart = start
	if o.Freq == rrule.WEEKLY { // BYSETPOS counts in whole weeks, also in the first
		o.Dtstart = day(start).AddDate(0, 0, -((weekday.Day() - o.Wkst.Day() + 7) % 7))
	}
	return o
}

// rruleDays are the library's weekdays by ours.
var rruleDays = [7]rrule.Weekday{rrule.SU, rrule.MO, rrule.TU, rrule.WE, rrule.TH, rrule.FR, rrule.SA}

// The library looks for days until the year 9999, also for a rule that fits
// none, such as every 30 February. So the dates are moved ahead before it sees
// them, close to that year, by as many years that the calendar is the same.
const (
	libraryEnd = 9999
	cycle      = 19 * 400 // years after which every calendar is the same
	maxCounted = 60       // years for which a rule with a count is followed
)

// ahead returns by how many years to move dates of the years first to last.
func ahead(first, last int) int {
	for n := libraryEnd - last; n > cycle; n-- {
		y := first
		for y <= last && alike(y, y+n) {
			y++
		}
		if y > last {
			return n
		}
	}
	return cycle
}

// alike reports whether two years have the same calendar.
func alike(a, b int) bool {
	january := func(y int) time.Weekday { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC).Weekday() }
	return january(a) == january(b) && january(a+1) == january(b+1)
}

// moved moves a time by years in which the calendar is the same.
func moved(w time.Time, years int) time.Time {
	return time.Date(w.Year()+years, w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second(), 0, time.UTC)
}

// times yields when the rule says that it happens, on the wall clock, after
// start and until last. What is before first may be left out, unless it is to
// be counted.
func (r *rule) times(start, first, last time.Time) func(yield func(time.Time) bool) {
	return func(yield func(time.Time) bool) {
		o := r.from(start)
		if r.count == 0 && first.After(start) {
			o.Dtstart = jump(o, first)
		}
		if horizon := start.AddDate(maxCounted, 0, 0); r.count > 0 && last.After(horizon) {
			last = horizon
		}
		years := ahead(o.Dtstart.Year()-1, max(o.Dtstart.Year(), last.Year())+1)
		o.Dtstart, o.Until = moved(o.Dtstart, years), moved(last, years)
		lib, err := rrule.NewRRule(o)
		if err != nil {
			return // check has seen it
		}
		next := lib.Iterator()
		for range maxSteps {
			w, ok := next()
			if !ok {
				return
			}
			if w = moved(w, -years); w.After(start) && r.inWeek(w) && !yield(w) {
				return
			}
		}
	}
}

// jump returns where the rule may begin so that nothing after first is missed:
// the beginning of a day, week, month or year that is a whole number of
// intervals after its own.
func jump(o rrule.ROption, first time.Time) time.Time {
	from := day(o.Dtstart)
	whole := func(passed int) int { return max(passed, 0) / o.Interval * o.Interval }
	switch o.Freq {
	case rrule.DAILY:
		return from.AddDate(0, 0, whole(int(first.Sub(from)/(24*time.Hour))))
	case rrule.WEEKLY: // from is the first day of a week
		return from.AddDate(0, 0, 7*whole(int(first.Sub(from)/(7*24*time.Hour))))
	case rrule.MONTHLY:
		months := (first.Year()-from.Year())*12 + int(first.Month()) - int(from.Month())
		return time.Date(from.Year(), from.Month()+time.Month(whole(months)), 1, 0, 0, 0, 0, time.UTC)
	}
	return time.Date(from.Year()+whole(first.Year()-from.Year()), 1, 1, 0, 0, 0, 0, time.UTC)
}

// inWeek reports whether w is in a week of BYWEEKNO. The library takes the
// first days of a year for week 53 where they are in week 52, as in 2022.
func (r *rule) inWeek(w time.Time) bool {
	if len(r.weeks) == 0 {
		return true
	}
	since := (rruleDays[w.Weekday()].Day() - r.opts.Wkst.Day() + 7) % 7
	middle := w.AddDate(0, 0, 3-since) // its year is that of the week. RFC 5545 3.3.10
	n := (middle.YearDay()-1)/7 + 1
	inYear := n + (time.Date(middle.Year(), 12, 31, 0, 0, 0, 0, time.UTC).YearDay()-middle.YearDay())/7
	return slices.Contains(r.weeks, n) || slices.Contains(r.weeks, n-inYear-1)
}
