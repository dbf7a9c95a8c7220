// SPDX-License-Identifier: AGPL-3.0-or-later

package calendar

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/locale"
	"github.com/teambition/rrule-go"
)

// maxListed is how many skipped or added days are named; more are counted.
const maxListed = 6

// Describe says in words when it happens: "tous les jeudis de 18 h 30 à 19 h 30,
// du 5 mars au 30 juillet 2026, sauf les 16 et 23 avril".
func (r *Recurrence) Describe(p *locale.Printer) string {
	words := []string{strings.TrimSuffix(r.often(p)+r.hours(p), ","), r.during(p)}
	year := r.Start.Year()
	skipped := slices.Clone(r.Skipped)
	for _, c := range r.Changed {
		if c.Cancelled {
			skipped = append(skipped, c.Was)
		}
	}
	if len(skipped) > 0 {
		words = append(words, p.T("recurrence_except", "Dates", r.dateList(p, skipped, year)))
	}
	if len(r.Added) > 0 {
		words = append(words, p.T("recurrence_also", "Dates", r.dateList(p, r.Added, year)))
	}
	return strings.Join(words, ", ")
}

// often says how often, as far as people have words for it.
func (r *Recurrence) often(p *locale.Printer) string {
	if r.rule == nil {
		return p.T("recurrence_dates_only")
	}
	o := r.rule.from(wall(r.Start))
	if len(o.Byyearday)+len(r.rule.weeks) > 0 || len(o.Bymonth) > 0 && o.Freq != rrule.YEARLY || len(o.Byhour)*len(o.Byminute) > 1 {
		return p.T("recurrence_other")
	}
	switch o.Freq {
	case rrule.DAILY:
		if len(o.Bymonthday) > 0 || len(o.Bysetpos) > 0 || len(o.Byweekday) > 0 && o.Interval > 1 {
			return p.T("recurrence_other")
		}
		if len(o.Byweekday) > 0 {
			return weekly(p, o)
		}
		return p.T("recurrence_daily", "Count", o.Interval)
	case rrule.WEEKLY:
		if len(o.Bysetpos) > 0 {
			return p.T("recurrence_other")
		}
		return weekly(p, o)
	case rrule.MONTHLY:
		if on, ok := inMonth(p, o); ok {
			return p.T("recurrence_monthly", "Count", o.Interval, "On", on)
		}
	case rrule.YEARLY:
		if len(o.Bymonth) != 1 {
			break
		}
		if on, ok := inMonth(p, o); ok {
			month := p.T("month_" + strconv.Itoa(o.Bymonth[0]))
			return p.T("recurrence_yearly", "Count", o.Interval, "On", on, "Month", month, "Date", len(o.Bymonthday) > 0)
		}
	}
	return p.T("recurrence_other")
}

// weekly says on which days of the week.
func weekly(p *locale.Printer, o rrule.ROption) string {
	var days []int
	for _, d := range o.Byweekday {
		days = append(days, d.Day())
	}
	slices.Sort(days)
	days = slices.Compact(days)
	if slices.Equal(days, []int{0, 1, 2, 3, 4}) && o.Interval == 1 {
		return p.T("recurrence_workdays")
	}
	if len(days) == 7 && o.Interval == 1 {
		return p.T("recurrence_daily", "Count", 1)
	}
	var names []string
	for _, d := range days {
		id := "recurrence_days_" + strconv.Itoa((d+1)%7)
		if o.Interval > 1 && len(days) > 1 {
			id = "weekday_" + strconv.Itoa((d+1)%7)
		}
		if o.Interval > 1 && len(days) == 1 {
			return p.T("recurrence_one_day_in", "Count", o.Interval, "Day", p.T("weekday_"+strconv.Itoa((d+1)%7)))
		}
		names = append(names, p.T(id))
	}
	return p.T("recurrence_weekly", "Count", o.Interval, "Days", and(p, names))
}

// inMonth says which day of the month, if it is one for which there are words.
func inMonth(p *locale.Printer, o rrule.ROption) (string, bool) {
	switch {
	case len(o.Bymonthday) > 0 && len(o.Byweekday)+len(o.Bysetpos) == 0:
		var days []string
		for _, n := range o.Bymonthday {
			if n < -1 {
				return "", false
			}
			days = append(days, dayOfMonth(p, n))
		}
		return and(p, days), true
	case len(o.Byweekday) == 1 && len(o.Bymonthday) == 0 && len(o.Bysetpos) <= 1:
		n := o.Byweekday[0].N()
		if n == 0 && len(o.Bysetpos) == 1 {
			n = o.Bysetpos[0]
		} else if len(o.Bysetpos) == 1 {
			return "", false
		}
		return nth(p, n, o.Byweekday[0])
	case len(o.Byweekday) > 1 && len(o.Bymonthday)+len(o.Bysetpos) == 0:
		var days []string
		for _, d := range o.Byweekday {
			words, ok := nth(p, d.N(), d)
			if !ok {
				return "", false
			}
			days = append(days, words)
		}
		return and(p, days), true
	}
	return "", false
}

func dayOfMonth(p *locale.Printer, n int) string {
	if n == -1 {
		return p.T("recurrence_last_day")
	}
	return p.T("recurrence_day", "Day", dayNumber(p, n))
}

func dayNumber(p *locale.Printer, n int) string {
	if n == 1 {
		return p.T("date_first")
	}
	return strconv.Itoa(n)
}

// nth says "the first Thursday".
func nth(p *locale.Printer, n int, d rrule.Weekday) (string, bool) {
	id := "recurrence_nth_" + strconv.Itoa(n)
	if n == -1 {
		id = "recurrence_nth_last"
	}
	if n == 0 || n < -1 || n > 5 {
		return "", false
	}
	return p.T(id, "Day", p.T("weekday_"+strconv.Itoa((d.Day()+1)%7))), true
}

// hours says from when to when on the day.
func (r *Recurrence) hours(p *locale.Printer) string {
	switch {
	case r.AllDay, r.rule != nil && len(r.rule.opts.Byhour)+len(r.rule.opts.Byminute) > 0:
		return ""
	case !r.End.After(r.Start) || r.End.Sub(r.Start) >= 24*time.Hour:
		return " " + p.T("recurrence_at", "Time", p.Time(r.Start))
	}
	return " " + p.T("recurrence_hours", "From", p.Time(r.Start), "To", p.Time(r.End))
}

// during says from which day to which.
func (r *Recurrence) during(p *locale.Printer) string {
	last, ok := r.Last()
	switch {
	case !ok && r.Ends():
		return p.T("recurrence_from", "From", p.Day(r.Start))
	case !ok:
		return p.T("recurrence_without_end", "From", p.Day(r.Start))
	case wall(last).Format(date) == wall(r.Start).Format(date):
		return p.T("recurrence_on", "Date", p.Day(last))
	case last.Year() == r.Start.Year():
		return p.T("recurrence_range", "From", p.DayMonth(r.Start), "To", p.Day(last))
	}
	return p.T("recurrence_range", "From", p.Day(r.Start), "To", p.Day(last))
}

// dateList names days, those of a month together: "les 16 et 23 avril et le 7
// mai"; many are counted. The year is said where it is not that of the start.
func (r *Recurrence) dateList(p *locale.Printer, dates []time.Time, year int) string {
	dates = slices.Clone(dates)
	for i, t := range dates {
		dates[i] = day(wall(t.In(r.Start.Location())))
	}
	slices.SortFunc(dates, time.Time.Compare)
	if dates = slices.CompactFunc(dates, time.Time.Equal); len(dates) > maxListed {
		return p.T("recurrence_many", "Count", len(dates))
	}
	var months []string
	for from := 0; from < len(dates); {
		first := dates[from]
		var days []string
		for ; from < len(dates) && dates[from].Year() == first.Year() && dates[from].Month() == first.Month(); from++ {
			days = append(days, dayNumber(p, dates[from].Day()))
		}
		args := map[string]any{"Count": len(days), "Days": and(p, days), "Month": p.T("month_" + strconv.Itoa(int(first.Month())))}
		if first.Year() != year {
			args["Year"] = first.Year()
		}
		months = append(months, p.T("recurrence_days", args))
	}
	return and(p, months)
}

// and joins words: "a, b et c".
func and(p *locale.Printer, words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return p.T("recurrence_and", "First", strings.Join(words[:last], ", "), "Last", words[last])
}
