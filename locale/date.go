// SPDX-License-Identifier: AGPL-3.0-or-later

package locale

import (
	"fmt"
	"strconv"
	"time"
	_ "time/tzdata" // a server in a bare container knows Europe/Paris too
)

// Date writes a day in full: "samedi 12 septembre 2026", as t's own zone has it.
func (p *Printer) Date(t time.Time) string { return p.T("date_full", p.day(t)) }

// Day writes a day without its weekday: "12 septembre 2026".
func (p *Printer) Day(t time.Time) string { return p.T("date_plain", p.day(t)) }

// DayMonth writes a day of a year that is clear: "12 septembre".
func (p *Printer) DayMonth(t time.Time) string { return p.T("date_day_month", p.day(t)) }

// Time writes an hour as people say it: "18 h 30", "18 h", "6:30 pm".
func (p *Printer) Time(t time.Time) string {
	minute, half, hour12 := "", "am", t.Hour()%12
	if t.Minute() > 0 {
		minute = fmt.Sprintf("%02d", t.Minute())
	}
	if t.Hour() >= 12 {
		half = "pm"
	}
	if hour12 == 0 {
		hour12 = 12
	}
	return p.T("time", "Hour", t.Hour(), "Hour12", hour12, "Minute", minute, "Half", half)
}

// DateTime writes a moment: "samedi 12 septembre 2026, 18 h 30".
func (p *Printer) DateTime(t time.Time) string {
	return p.T("date_time", "Date", p.Date(t), "Time", p.Time(t))
}

// DateRange writes from when to when, on the clocks of timezone (an IANA name;
// without one that exists, on those of start): "samedi 12 septembre 2026,
// 14 h – 18 h". An end that is zero or no later than the start is left out, and
// so are hours that only mean whole days.
func (p *Printer) DateRange(start, end time.Time, timezone string) string {
	start = Local(start, timezone)
	zone := start.Location()
	if !end.After(start) {
		return p.DateTime(start)
	}
	end = end.In(zone)
	if wholeDays(start, end) {
		return p.days(start, lastDay(end))
	}
	if sameDay(start, end) || intoTheNight(start, end) {
		return p.T("date_hours", "Date", p.Date(start), "From", p.Time(start), "To", p.Time(end))
	}
	return p.T("date_days_hours", "From", p.from(start, end), "To", p.Date(end),
		"FromTime", p.Time(start), "ToTime", p.Time(end))
}

// Hours writes the hours from when to when: "18 h – 20 h", or "dès 18 h"
// without an end; "" without a start.
func (p *Printer) Hours(start, end time.Time, timezone string) string {
	if start.IsZero() {
		return ""
	}
	start = Local(start, timezone)
	zone := start.Location()
	from := p.Time(start)
	if end.IsZero() {
		return p.T("date_hour_from", "From", from)
	}
	return p.T("date_hours_only", "From", from, "To", p.Time(end.In(zone)))
}

// days writes one whole day, or several.
func (p *Printer) days(start, end time.Time) string {
	if sameDay(start, end) {
		return p.Date(start)
	}
	return p.T("date_days", "From", p.from(start, end), "To", p.Date(end))
}

// from writes the first day of several, without the year if the last has it.
func (p *Printer) from(start, end time.Time) string {
	if start.Year() == end.Year() {
		return p.T("date_no_year", p.day(start))
	}
	return p.Date(start)
}

// day returns the words of a date, for the messages to put in order.
func (p *Printer) day(t time.Time) map[string]any {
	day := strconv.Itoa(t.Day())
	if t.Day() == 1 {
		day = p.T("date_first")
	}
	return map[string]any{
		"Weekday": p.T("weekday_" + strconv.Itoa(int(t.Weekday()))),
		"Day":     day,
		"Month":   p.T("month_" + strconv.Itoa(int(t.Month()))),
		"Year":    t.Year(),
	}
}

// Ago writes how long before now t was; after a week it is the date.
func (p *Printer) Ago(t, now time.Time) string {
	switch d := now.Sub(t); {
	case d < time.Minute: // a peer's clock may be ahead of ours
		return p.T("ago_now")
	case d < time.Hour:
		return p.T("ago_minutes", "Count", int(d/time.Minute))
	case d < 24*time.Hour:
		return p.T("ago_hours", "Count", int(d/time.Hour))
	case d < 7*24*time.Hour:
		return p.T("ago_days", "Count", int(d/(24*time.Hour)))
	}
	return p.T("ago_date", "Date", p.Day(t))
}

func sameDay(a, b time.Time) bool {
	return a.YearDay() == b.YearDay() && a.Year() == b.Year()
}

// intoTheNight: who dances from 20 h to 2 h calls it one evening.
func intoTheNight(start, end time.Time) bool {
	return end.Sub(start) < 12*time.Hour && end.Hour() < 6 && sameDay(start.AddDate(0, 0, 1), end)
}

// wholeDays: from midnight to midnight, or to the minute before, as calendars
// without hours are sent.
func wholeDays(start, end time.Time) bool {
	midnight := func(t time.Time) bool { return t.Hour() == 0 && t.Minute() == 0 }
	return midnight(start) && (midnight(end) || end.Hour() == 23 && end.Minute() == 59)
}

// lastDay returns the day that an end at midnight closes.
func lastDay(end time.Time) time.Time {
	if end.Hour() == 0 && end.Minute() == 0 {
		return end.AddDate(0, 0, -1)
	}
	return end
}
