// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/calendar"
	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
)

// An EventForm is an event as typed: every field is what stood in the form.
type EventForm struct {
	CommonForm
	StartDate, StartTime string
	EndDate, EndTime     string // without a day: the same day; without either: unknown
	Minutes              int    // how long it lasts, where no end is typed; 0: unknown
	Timezone             string // IANA name; empty: the instance's own
	Online               string // the address to join at
	Capacity             string
	Category             string // one of locale.EventCategories
	Price                string // in words: "gratuit"
	Status               string // one of locale.EventStatuses; empty: scheduled
	JoinMode             string // one of locale.JoinModes; empty: free
	ExternalURL          string // where to register, when JoinMode is external
	PreviousStart        string // RFC 3339, of a rescheduled event
	Slots                []SlotForm
	HelpersShown         bool // everybody may see who helps
}

const (
	// websiteName is the name by which Mobilizon knows the page of an event.
	websiteName = "Website"

	// usualLength is how long an event lasts whose end nobody told: peers want
	// an end, and displayEndTime false says that it is a guess.
	usualLength = 2 * time.Hour
)

// Object makes the event, or tells all that is wrong. When the start of a
// published event changes, the event is rescheduled.
func (f EventForm) Object(c Composer) (*federation.Object, Problems) {
	var ps Problems
	o, s := c.object("Event", f.CommonForm, &ps)
	s.Price = cleanTitle(f.Price)
	e := federation.Event{Category: f.Category, Status: f.Status, JoinMode: f.JoinMode}
	if c.Old != nil {
		e.Series = federation.EventOf(c.Old).Series
	}
	f.times(c, o, &e, &ps)
	f.codes(&e, &ps)
	f.links(c, o, &e, &ps)
	f.reschedule(c, o, &e, &ps)
	f.slots(c, o, &ps)
	if o.Image == nil && c.DefaultCover != nil {
		cover := *c.DefaultCover
		o.Image = &cover
		o.Attachments = append([]federation.Media{cover}, o.Attachments...)
	}
	e.Put(o)
	return c.finish(o, s, ps)
}

// times reads start and end on the clocks of the event's own time zone.
func (f EventForm) times(c Composer, o *federation.Object, e *federation.Event, ps *Problems) {
	zone, ok := f.zone(c)
	if !ok {
		ps.add("timezone", "error_timezone")
		zone = time.UTC
	}
	e.Timezone = zone.String()
	if f.StartDate == "" || f.StartTime == "" {
		ps.add("startTime", "error_start_missing")
	} else {
		o.Start = moment(f.StartDate, f.StartTime, zone, "startTime", ps)
	}
	switch {
	case f.EndDate == "" && f.EndTime == "" && f.Minutes > 0 && !o.Start.IsZero():
		o.End = o.Start.Add(time.Duration(f.Minutes) * time.Minute)
	case f.EndDate == "" && f.EndTime == "":
		e.HideEnd = true
		if !o.Start.IsZero() {
			o.End = o.Start.Add(usualLength)
		}
		c.sane(o.Start, "startTime", ps)
		return
	case f.EndDate == "":
		o.End = moment(f.StartDate, f.EndTime, zone, "endTime", ps)
	case f.EndTime == "":
		o.End = moment(f.EndDate, "23:59", zone, "endTime", ps)
	default:
		o.End = moment(f.EndDate, f.EndTime, zone, "endTime", ps)
	}
	if !o.End.IsZero() && !o.Start.IsZero() && o.End.Before(o.Start) {
		ps.add("endTime", "error_end_before_start", "Start", c.words("").DateTime(o.Start), "End", c.words("").DateTime(o.End))
	}
	c.sane(o.Start, "startTime", ps)
	c.sane(o.End, "endTime", ps)
}

func (f EventForm) zone(c Composer) (*time.Location, bool) {
	name := strings.TrimSpace(f.Timezone)
	switch name {
	case "":
		return c.zone(), true
	case "Local": // the server's: it says nothing to anybody else
		return nil, false
	}
	z, err := time.LoadLocation(name)
	return z, err == nil
}

// moment reads a day and an hour of the clocks of zone. An hour that the
// change to summer time leaves out does not exist; of one that is there twice, in
// October, it is the first.
func moment(date, hour string, zone *time.Location, field string, ps *Problems) time.Time {
	d, ok := day(date, zone)
	if !ok {
		ps.add(field, "error_date")
	}
	h, m, okTime := clock(hour)
	if !okTime {
		ps.add(field, "error_time")
	}
	if !ok || !okTime {
		return time.Time{}
	}
	t := calendar.At(time.Date(d.Year(), d.Month(), d.Day(), h, m, 0, 0, time.UTC), zone)
	if t.Hour() != h || t.Minute() != m {
		ps.add(field, "error_time_skipped")
	}
	return t
}

// codes reads what is chosen from a list, and the number of places.
func (f EventForm) codes(e *federation.Event, ps *Problems) {
	if f.Category != "" && !slices.Contains(locale.EventCategories, f.Category) {
		ps.add("category", "error_category")
	}
	if f.Status != "" && !slices.Contains(locale.EventStatuses, f.Status) {
		ps.add("eventStatus", "error_status")
	}
	if f.JoinMode != "" && !slices.Contains(locale.JoinModes, f.JoinMode) {
		ps.add("joinMode", "error_join_mode")
	}
	if s := strings.TrimSpace(f.Capacity); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 || n > 1_000_000 {
			ps.add("maximumAttendeeCapacity", "error_capacity")
		}
		e.Capacity = n
	}
}

// links reads where an event takes place online and where one registers.
func (f EventForm) links(c Composer, o *federation.Object, e *federation.Event, ps *Problems) {
	online := webAddress(f.Online, "location", ps)
	e.Online = online != ""
	e.ExternalURL = webAddress(f.ExternalURL, "externalParticipationUrl", ps)
	if f.JoinMode == "external" && strings.TrimSpace(f.ExternalURL) == "" {
		ps.add("externalParticipationUrl", "error_external_missing")
	}
	if online != "" && o.Location == nil {
		o.Location = &federation.Place{Type: "VirtualLocation", Name: c.words(o.Language).T("post_online"), URL: online}
	}
	site := online
	if site == "" {
		site = e.ExternalURL
	}
	if site != "" && site != o.URL {
		o.Attachments = append(o.Attachments, federation.Media{Type: "Link", MediaType: "text/html", Name: websiteName, URL: site})
	}
}

// webAddress reads an address that people can open.
func webAddress(typed, field string, ps *Problems) string {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return ""
	}
	iri, err := federation.ParseIRI(typed)
	if err != nil || iri == federation.Public {
		ps.add(field, "error_url")
		return ""
	}
	return string(iri)
}

// reschedule remembers when an event was to begin before its date changed.
func (f EventForm) reschedule(c Composer, o *federation.Object, e *federation.Event, ps *Problems) {
	if f.PreviousStart != "" {
		t, err := time.Parse(time.RFC3339, f.PreviousStart)
		if err != nil {
			ps.add("previousStartTime", "error_date")
		}
		e.PreviousStart = t
	}
	moved := c.Old != nil && !c.Old.Start.IsZero() && !c.Old.Start.Equal(o.Start)
	if moved && (f.Status == "" || f.Status == federation.EventScheduled) {
		e.Status = federation.EventRescheduled
	}
	if e.Status != federation.EventRescheduled {
		e.PreviousStart = time.Time{}
		return
	}
	if moved {
		e.PreviousStart = c.Old.Start
	}
}

// EventFormOf returns the form that makes the event o, to edit it.
func EventFormOf(o *federation.Object) EventForm {
	e := federation.EventOf(o)
	f := EventForm{
		CommonForm: commonFormOf(o), Timezone: e.Timezone, Category: e.Category, Price: SourceOf(o).Price,
		Status: e.Status, JoinMode: e.JoinMode, ExternalURL: e.ExternalURL,
		Slots: slotForms(o, e.Timezone), HelpersShown: federation.HelpersShown(o),
	}
	start := inZone(o.Start, e.Timezone)
	f.StartDate, f.StartTime = start.Format(time.DateOnly), start.Format("15:04")
	if !o.End.IsZero() && !e.HideEnd {
		end := inZone(o.End, e.Timezone)
		f.EndDate, f.EndTime = end.Format(time.DateOnly), end.Format("15:04")
	}
	if e.Online {
		f.Online = website(o)
		if o.Location != nil && o.Location.URL != "" {
			f.Online = o.Location.URL
		}
	}
	if e.Capacity > 0 {
		f.Capacity = strconv.Itoa(e.Capacity)
	}
	if !e.PreviousStart.IsZero() {
		f.PreviousStart = e.PreviousStart.Format(time.RFC3339)
	}
	return f
}
