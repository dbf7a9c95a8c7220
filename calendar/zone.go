// SPDX-License-Identifier: AGPL-3.0-or-later

package calendar

import (
	"fmt"
	"slices"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
)

// maxTransitions bounds the description of a zone: 50 years of summer time.
const maxTransitions = 100

// addZones describes each zone that an event names, over the time of its
// events. RFC 5545 3.6.5.
func addZones(cal *ics.Calendar, events []Event) {
	type span struct{ from, until time.Time }
	spans := map[string]span{}
	zones := map[string]*time.Location{}
	for i := range events {
		e := &events[i]
		z := e.zone()
		if z == time.UTC || e.AllDay {
			continue
		}
		zones[z.String()] = z
		s, ok := spans[z.String()]
		if !ok || e.Start.Before(s.from) {
			s.from = e.Start
		}
		for _, t := range []time.Time{e.Start, e.End} {
			if t.After(s.until) {
				s.until = t
			}
		}
		spans[z.String()] = s
	}
	names := make([]string, 0, len(spans))
	for name := range spans {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		cal.AddVTimezone(describe(zones[name], spans[name].from, spans[name].until))
	}
}

// describe writes what a zone's clocks do from the time before an event to the
// time after another: one observance for each change, and one for what was
// before the first.
func describe(zone *time.Location, from, until time.Time) *ics.VTimezone {
	tz := ics.NewTimezone(zone.String())
	at := from.In(zone)
	for n := 0; n < maxTransitions; n++ {
		start, end := at.ZoneBounds()
		before := at
		if !start.IsZero() {
			before = start.Add(-time.Second).In(zone)
		}
		tz.Components = append(tz.Components, observance(at, before, start))
		if end.IsZero() || end.After(until) {
			return tz
		}
		at = end.In(zone)
	}
	return tz
}

// observance describes the clocks at a time: since when they show so, and what
// they showed before.
func observance(at, before, since time.Time) ics.Component {
	_, offsetBefore := before.Zone()
	name, offset := at.Zone()
	begins := "19700101T000000"
	if !since.IsZero() { // on the clocks of before
		begins = since.UTC().Add(time.Duration(offsetBefore) * time.Second).Format(local)
	}
	var c *ics.ComponentBase
	var component ics.Component
	if at.IsDST() {
		d := &ics.Daylight{}
		c, component = &d.ComponentBase, d
	} else {
		s := ics.NewStandard()
		c, component = &s.ComponentBase, s
	}
	c.AddProperty(ics.ComponentPropertyDtStart, begins)
	c.AddProperty(ics.ComponentProperty(ics.PropertyTzoffsetfrom), offsetText(offsetBefore))
	c.AddProperty(ics.ComponentProperty(ics.PropertyTzoffsetto), offsetText(offset))
	if !strings.ContainsAny(name, "+-") { // +03 is no name
		c.AddProperty(ics.ComponentProperty(ics.PropertyTzname), name)
	}
	return component
}

func offsetText(seconds int) string {
	sign := '+'
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	s := fmt.Sprintf("%c%02d%02d", sign, seconds/3600, seconds/60%60)
	if rest := seconds % 60; rest != 0 {
		s += fmt.Sprintf("%02d", rest)
	}
	return s
}
