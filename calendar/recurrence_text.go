// SPDX-License-Identifier: AGPL-3.0-or-later

package calendar

import (
	"slices"
	"strings"
	"time"
)

// maxRecurrence bounds the text of a recurrence, in bytes.
const maxRecurrence = 200_000

// String writes the recurrence as lines of iCalendar, which [ParseRecurrence]
// reads: to be stored, and to be copied into a VEVENT up to the first
// RECURRENCE-ID. Changed times follow, each with its own start and end.
func (r *Recurrence) String() string {
	lines := r.Lines()
	for _, c := range r.Changed {
		lines = append(lines, r.line("RECURRENCE-ID", c.Was))
		if c.Cancelled {
			lines = append(lines, "STATUS:CANCELLED")
			continue
		}
		lines = append(lines, r.line("DTSTART", c.Start))
		if !c.End.IsZero() {
			lines = append(lines, r.line("DTEND", c.End))
		}
	}
	return strings.Join(lines, "\n")
}

// Lines returns the lines that a VEVENT of the whole has: DTSTART, DTEND, RRULE,
// RDATE and EXDATE, not folded.
func (r *Recurrence) Lines() []string {
	lines := []string{r.line("DTSTART", r.Start)}
	if !r.End.IsZero() {
		lines = append(lines, r.line("DTEND", r.End))
	}
	if r.rule != nil {
		lines = append(lines, "RRULE:"+r.ruleFor())
	}
	for _, t := range r.Added {
		lines = append(lines, r.line("RDATE", t))
	}
	for _, t := range r.Skipped {
		lines = append(lines, r.line("EXDATE", t))
	}
	return lines
}

// ruleFor writes the rule with its end as the RFC wants it: a date beside
// dates, else in UTC.
func (r *Recurrence) ruleFor() string {
	if r.rule.until.IsZero() {
		return r.rule.String()
	}
	copied := *r.rule
	copied.parts = map[string]string{}
	for key, value := range r.rule.parts {
		copied.parts[key] = value
	}
	copied.parts["UNTIL"] = r.rule.until.UTC().Format(utc)
	if r.AllDay {
		copied.parts["UNTIL"] = r.rule.until.In(r.Start.Location()).Format(date)
	}
	return copied.String()
}

// line writes a property that is a time.
func (r *Recurrence) line(name string, t time.Time) string {
	zone := r.Start.Location()
	switch t = t.In(zone); {
	case r.AllDay:
		return name + ";VALUE=DATE:" + t.Format(date)
	case zone == time.UTC || zone.String() == "UTC":
		return name + ":" + t.Format(utc)
	case !At(wall(t), zone).Equal(t): // the second of an hour that is there twice
		return name + ":" + t.UTC().Format(utc)
	}
	return name + ";TZID=" + zone.String() + ":" + t.Format(local)
}

// ParseRecurrence reads the lines that [Recurrence.String] writes, or those of
// another program: DTSTART, DTEND or DURATION, RRULE, RDATE, EXDATE, then
// changed times. zone is that of times and days without one. What is refused is
// a [federation.FieldError] of the field recurrence.
func ParseRecurrence(text string, zone *time.Location) (*Recurrence, error) {
	if len(text) > maxRecurrence {
		return nil, wrong("error_recurrence", "%d bytes", len(text))
	}
	z := &zones{ours: zone}
	var r *Recurrence
	var head []property
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		p, ok := parseProperty(line)
		if !ok {
			return nil, wrong("error_recurrence", "the line %.100q", line)
		}
		if p.name == "RECURRENCE-ID" && r == nil {
			var err error
			if r, err = recurrenceOf(head, z); err != nil {
				return nil, err
			}
		}
		if r == nil {
			head = append(head, p)
		} else if err := r.change(p, z); err != nil {
			return nil, err
		}
	}
	if r != nil {
		return r, nil
	}
	return recurrenceOf(head, z)
}

// recurrenceOf makes a recurrence of the properties of a VEVENT.
func recurrenceOf(head []property, z *zones) (*Recurrence, error) {
	i := slices.IndexFunc(head, func(p property) bool { return p.name == "DTSTART" })
	if i < 0 {
		return nil, wrong("error_recurrence_start", "no DTSTART")
	}
	start, kind, ok := head[i].time(z)
	if !ok {
		return nil, wrong("error_recurrence_start", "the start %.100q", head[i].value)
	}
	r := &Recurrence{Start: start, AllDay: kind == isDate}
	for _, p := range head {
		if err := r.read(p, z); err != nil && !z.note(err, p) {
			return nil, err
		}
	}
	return r, nil
}

// read takes one property of the whole.
func (r *Recurrence) read(p property, z *zones) error {
	switch p.name {
	case "DTEND":
		t, _, ok := p.time(z)
		if !ok {
			return wrong("error_recurrence", "the end %.100q", p.value)
		}
		r.End = t
	case "DURATION":
		d, ok := parseSpan(p.value)
		if !ok {
			return wrong("error_recurrence", "the duration %.100q", p.value)
		}
		r.End = d.after(r.Start)
	case "RRULE":
		if r.rule != nil {
			return wrong("error_recurrence", "a second rule")
		}
		return r.SetRule(p.value)
	case "RDATE", "EXDATE":
		return r.dates(p, z)
	}
	return nil
}

// dates takes an RDATE or EXDATE. A day beside hours means the hour at which it
// starts; of a period, the start counts.
func (r *Recurrence) dates(p property, z *zones) error {
	list := &r.Skipped
	if p.name == "RDATE" {
		list = &r.Added
	}
	for value := range strings.SplitSeq(p.value, ",") {
		value, _, _ = strings.Cut(value, "/")
		one := p
		one.value = value
		t, kind, ok := one.time(z)
		if !ok || len(*list) >= MaxDates {
			err := wrong("error_recurrence_dates", "%s %.100q, after %d", p.name, value, len(*list))
			if !z.note(err, p) {
				return err
			}
			continue
		}
		*list = append(*list, r.asStart(t, kind))
	}
	return nil
}

// asStart returns t as a time at which this could start.
func (r *Recurrence) asStart(t time.Time, k kind) time.Time {
	zone := r.Start.Location()
	switch {
	case r.AllDay && k == isUTC && wall(t).Equal(day(wall(t))): // midnight, written as if it were here
		return At(wall(t), zone)
	case r.AllDay:
		return At(day(wall(t.In(zone))), zone)
	case k == isDate:
		w, first := wall(t), wall(r.Start)
		return At(w.Add(first.Sub(day(first))), zone)
	}
	return t.In(zone)
}

// change takes one property of a changed time.
func (r *Recurrence) change(p property, z *zones) error {
	if p.name == "STATUS" {
		r.Changed[len(r.Changed)-1].Cancelled = true
		return nil
	}
	t, kind, ok := p.time(z)
	if !ok {
		return wrong("error_recurrence", "%s %.100q", p.name, p.value)
	}
	t = t.In(r.Start.Location())
	switch p.name {
	case "RECURRENCE-ID":
		if len(r.Changed) >= MaxDates {
			return wrong("error_recurrence_dates", "more than %d changes", MaxDates)
		}
		was := r.asStart(t, kind)
		r.Changed = append(r.Changed, Change{Was: was, Start: was})
	case "DTSTART":
		r.Changed[len(r.Changed)-1].Start = t
	case "DTEND":
		r.Changed[len(r.Changed)-1].End = t
	}
	return nil
}
