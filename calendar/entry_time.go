// SPDX-License-Identifier: AGPL-3.0-or-later

package calendar

import (
	"strconv"
	"strings"
	"time"
)

// when takes what a VEVENT says of its times; false if it says nothing that
// makes sense.
func (e *Entry) when(c *component, z *zones) bool {
	properties := e.wholeDays(c.properties)
	r, err := recurrenceOf(properties, z)
	if err != nil {
		z.report.add("report_no_start", c.number, "Title", e.Title)
		return false
	}
	e.Start, e.AllDay = r.Start, r.AllDay
	r.End = e.end(r, c.number, z)
	e.End = r.End
	for _, p := range properties {
		switch p.name {
		case "RECURRENCE-ID":
			e.changed(p, z)
		case "EXRULE": // of RFC 2445; RFC 5545 has it no more
			z.report.add("report_recurrence", p.number, "Property", p.name, "Reason", "error_recurrence")
		}
	}
	if r.rule != nil {
		if z.counted += r.rule.count; z.counted > maxCounting && r.rule.count > 0 {
			z.report.add("report_too_many_times", c.number)
			r.rule = nil
		}
	}
	if e.Was.IsZero() && (r.rule != nil || len(r.Added) > 0) {
		e.Recurrence = r
		return true
	}
	if zone := e.Start.Location().String(); zone == "UTC" || zone == "Etc/UTC" { // once, and so for us to show
		e.Start = e.Start.In(z.ours)
		if !e.End.IsZero() {
			e.End = e.End.In(z.ours)
		}
	}
	return true
}

// changed takes a RECURRENCE-ID.
func (e *Entry) changed(p property, z *zones) {
	t, kind, ok := p.time(z)
	if !ok {
		z.report.add("report_recurrence", p.number, "Property", p.name, "Reason", "error_recurrence_dates")
		return
	}
	e.Was, e.wasDay = t, kind == isDate && !e.AllDay
	if strings.EqualFold(p.params["RANGE"], "THISANDFUTURE") {
		z.report.add("report_this_and_future", p.number)
	}
}

// wholeDays mends events of whole days that Outlook writes with hours.
func (e *Entry) wholeDays(properties []property) []property {
	for _, p := range properties {
		if p.name != "X-MICROSOFT-CDO-ALLDAYEVENT" || !strings.EqualFold(strings.TrimSpace(p.value), "TRUE") {
			continue
		}
		mended := make([]property, len(properties))
		for i, p := range properties {
			if p.name == "DTSTART" || p.name == "DTEND" {
				if w, k, ok := parseTime(p.value); ok && k == isLocal && w.Equal(day(w)) {
					p.value = w.Format(date)
				}
			}
			mended[i] = p
		}
		return mended
	}
	return properties
}

// end returns a sound end: of whole days at least the next day, and none before
// the start.
func (e *Entry) end(r *Recurrence, number int, z *zones) time.Time {
	end := r.End
	if end.Before(r.Start) && !end.IsZero() {
		z.report.add("report_end_before_start", number, "Title", e.Title, "Start", r.Start.Format(time.RFC3339), "End", end.Format(time.RFC3339))
		end = time.Time{}
	}
	if r.AllDay && !end.After(r.Start) {
		return At(day(wall(r.Start)).AddDate(0, 0, 1), r.Start.Location())
	}
	if !end.After(r.Start) {
		return time.Time{}
	}
	return end.In(r.Start.Location())
}

// joinChanges puts changed times to the events that they belong to, and keeps
// one of what is there twice.
func (f *File) joinChanges() {
	wholes := map[string]*Entry{}
	var kept []*Entry
	for _, e := range f.Entries {
		if !e.Was.IsZero() {
			continue
		}
		switch old := wholes[e.UID]; {
		case old == nil:
		case old.same(e) || e.MadeUID:
			f.Report.add("report_twice", e.Line)
			if e.newer(old) {
				*old = *e
			}
			continue
		default: // some programs give all events one name
			f.Report.add("report_same_uid", e.Line)
			if e.makeUID(); wholes[e.UID] != nil {
				continue
			}
		}
		wholes[e.UID] = e
		kept = append(kept, e)
	}
	for _, e := range f.Entries {
		if e.Was.IsZero() {
			continue
		}
		if whole := wholes[e.UID]; whole != nil && whole.Recurrence != nil {
			whole.take(e)
			continue
		}
		kept = append(kept, e) // one time of an event that is not in the file
	}
	f.Entries = kept
}

// same reports whether two entries of one UID are versions of one event: they
// begin together, or have one title and say which of them is newer. Anything
// else would lose an event where all have one UID.
func (e *Entry) same(o *Entry) bool {
	return e.Start.Equal(o.Start) || e.Title == o.Title && (e.Sequence != o.Sequence || !e.Modified.Equal(o.Modified))
}

func (e *Entry) newer(o *Entry) bool {
	if e.Sequence != o.Sequence {
		return e.Sequence > o.Sequence
	}
	return e.Modified.After(o.Modified)
}

// take takes in a changed time; a later one of the same replaces it.
func (e *Entry) take(change *Entry) {
	if change.wasDay { // the one that begins on that day
		change.Was = e.Recurrence.asStart(change.Was, isDate)
	}
	c := Change{Was: change.Was, Start: change.Start, End: change.End, Cancelled: change.Status == Cancelled}
	for i, old := range e.Changes {
		if old.Was.Equal(change.Was) {
			if change.newer(old) {
				e.Changes[i], e.Recurrence.Changed[i] = change, c
			}
			return
		}
	}
	if len(e.Changes) < MaxDates {
		e.Changes = append(e.Changes, change)
		e.Recurrence.Changed = append(e.Recurrence.Changed, c)
	}
}

// Key names an entry among those of its calendar: its UID, and for a changed
// time when it would have been.
func (e *Entry) Key() string {
	if e.Was.IsZero() {
		return e.UID
	}
	return e.UID + " " + strconv.FormatInt(e.Was.Unix(), 10)
}
