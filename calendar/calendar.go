// SPDX-License-Identifier: AGPL-3.0-or-later

// Package calendar writes events as iCalendar, for the calendars that people
// have on their phones and computers, reads what other programs write, and
// knows when something happens that happens again. RFC 5545 and 7986.
//
// It knows nothing of objects or requests: an [Event] is plain values, and what
// is not plain in them (line breaks in a title, say) ends here. golang-ical
// escapes and folds; the description of time zones, which it does not make, is
// made from Go's, for just the years that are spoken of.
//
// [Read] takes what makes sense in a file and says in its [Report] what it
// changed or left out; what comes of it is an [Entry], whose texts nobody has
// looked at yet. A [Recurrence] is a rule and what differs from it; it is
// always asked about a stretch of time, and always bounded. The package has no
// clock and reaches no network.
package calendar

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	ics "github.com/arran4/golang-ical"
)

// Statuses of an event.
const (
	Confirmed = "CONFIRMED"
	Tentative = "TENTATIVE"
	Cancelled = "CANCELLED"
)

// A Calendar is a list of events that programs read again and again.
type Calendar struct {
	Name   string
	URL    string // the page for people
	Events []Event
	Method string // of RFC 5546, such as REQUEST; empty: a feed
}

// An Event is one entry.
type Event struct {
	UID         string // the same for ever
	Sequence    int    // grows with each change
	Status      string // one of the constants
	Start, End  time.Time
	Zone        *time.Location // whose clocks they are told by
	AllDay      bool           // End, if any, is the day after the last
	Title       string
	Description string // plain text
	Location    string
	Point       *Point
	URL         string
	Tags        []string
	Created     time.Time
	Modified    time.Time
	Alarm       time.Duration // how long before it rings; 0: not at all

	// Who invites and who is invited, where there is a method.
	Organizer Person
	Attendee  Answer
}

// A Point is where on the earth something is.
type Point struct{ Latitude, Longitude float64 }

// Forms of times.
const (
	local = "20060102T150405"
	utc   = "20060102T150405Z"
	date  = "20060102"
)

// Write writes a calendar.
func Write(w io.Writer, c *Calendar) error {
	cal := ics.NewCalendar()
	cal.SetProductId("-//Maillage//Maillage//EN")
	if c.Method != "" { // PUBLISH would need an ORGANIZER, which is an address to write to: RFC 5546 3.2.1
		cal.SetMethod(ics.Method(c.Method))
	}
	if name := line(c.Name); name != "" {
		cal.SetName(name)
		cal.SetXWRCalName(name)
	}
	if c.URL != "" {
		cal.SetUrl(c.URL)
	}
	if c.Method == "" { // a feed, which is read again
		cal.SetRefreshInterval("PT1H")
		cal.SetXPublishedTTL("PT1H")
	}
	addZones(cal, c.Events)
	for i := range c.Events {
		cal.AddVEvent(c.Events[i].vevent())
	}
	return cal.SerializeTo(w, ics.WithNewLine("\r\n"))
}

// vevent makes the component of an event.
func (e *Event) vevent() *ics.VEvent {
	v := ics.NewEvent(line(e.UID))
	changed := e.Modified
	if changed.IsZero() {
		changed = e.Created
	}
	v.SetProperty(ics.ComponentPropertyDtstamp, changed.UTC().Format(utc))
	v.SetProperty(ics.ComponentPropertyLastModified, changed.UTC().Format(utc))
	if !e.Created.IsZero() {
		v.SetProperty(ics.ComponentPropertyCreated, e.Created.UTC().Format(utc))
	}
	v.SetSequence(max(e.Sequence, 0))
	e.put(v, ics.ComponentPropertyDtStart, e.Start)
	if e.End.After(e.Start) {
		e.put(v, ics.ComponentPropertyDtEnd, e.End)
	}
	v.SetStatus(ics.ObjectStatus(e.Status))
	for _, p := range []struct {
		name  ics.ComponentProperty
		value string
	}{
		{ics.ComponentPropertySummary, line(e.Title)},
		{ics.ComponentPropertyDescription, text(e.Description)},
		{ics.ComponentPropertyLocation, line(e.Location)},
		{ics.ComponentPropertyUrl, line(e.URL)},
	} {
		if p.value != "" {
			v.SetProperty(p.name, p.value)
		}
	}
	if p := e.Point; p != nil {
		v.SetProperty(ics.ComponentPropertyGeo, fmt.Sprintf("%.6f;%.6f", p.Latitude, p.Longitude))
	}
	for _, tag := range e.Tags {
		v.AddProperty(ics.ComponentPropertyCategories, line(tag))
	}
	if p := e.Organizer; p.Address != "" {
		v.SetOrganizer(p.Address, ics.WithCN(called(p.Name)))
	}
	if p := e.Attendee; p.Address != "" {
		v.AddAttendee(p.Address, ics.WithCN(called(p.Name)), ics.ParticipationRoleReqParticipant, ics.ParticipationStatus(p.Status), &ics.KeyValues{Key: string(ics.ParameterRsvp), Value: []string{"TRUE"}})
	}
	if e.Alarm > 0 && e.Status != Cancelled {
		a := v.AddAlarm()
		a.SetAction(ics.ActionDisplay)
		a.SetTrigger(fmt.Sprintf("-PT%dM", int(e.Alarm/time.Minute)))
		a.SetProperty(ics.ComponentPropertyDescription, line(e.Title))
	}
	return v
}

// put writes a time: a day, a time on the clocks of a place, or UTC.
func (e *Event) put(v *ics.VEvent, name ics.ComponentProperty, t time.Time) {
	switch {
	case e.AllDay:
		v.SetProperty(name, t.In(e.zone()).Format(date), ics.WithValue("DATE"))
	case e.zone() == time.UTC || !At(wall(t.In(e.zone())), e.zone()).Equal(t): // or the second of an hour that is there twice
		v.SetProperty(name, t.UTC().Format(utc))
	default:
		v.SetProperty(name, t.In(e.zone()).Format(local), ics.WithTZID(e.zone().String()))
	}
}

func (e *Event) zone() *time.Location {
	if e.Zone == nil {
		return time.UTC
	}
	return e.Zone
}

// called makes a name fit to stand in a parameter: RFC 5545 3.2 has no escape
// for quotes in one.
func called(name string) string { return strings.ReplaceAll(line(name), `"`, "'") }

// line makes s one line.
func line(s string) string { return strings.Join(strings.Fields(plain(s, false)), " ") }

// text keeps the lines of s, but no other control characters.
func text(s string) string {
	return strings.TrimSpace(plain(strings.ReplaceAll(s, "\r\n", "\n"), true))
}

func plain(s string, lines bool) string {
	return strings.Map(func(r rune) rune {
		if lines && r == '\n' {
			return r
		}
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}
