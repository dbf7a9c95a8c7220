// SPDX-License-Identifier: AGPL-3.0-or-later

package calendar

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// What reading a file is bounded by.
const (
	MaxBytes      = 5 << 20 // of a file
	MaxEntries    = 20_000  // events taken from it
	maxDepth      = 6       // of components in components
	maxProperties = 3000    // of one event
	maxZoneParts  = 50      // times that one definition of a zone has
	maxCounting   = 100_000 // COUNT of all rules together: to count takes time, each time
)

// Options say what is known about a file beside its content.
type Options struct {
	Zone *time.Location // of times that do not say theirs, if the file does not either

	// WallClock names zones that this calendar puts beside times that are
	// really those of Zone: "UTC" where it stamps its wall clock Z, or
	// "Europe/London" where a site does so to everybody's events. Only a person
	// can know that.
	WallClock []string
}

// A File is a calendar that was read.
type File struct {
	Name, Description string // X-WR-CALNAME, X-WR-CALDESC
	Program           string // PRODID
	Method            string // PUBLISH, REQUEST, REPLY, CANCEL ...; "" for a plain file
	Zone              *time.Location
	Refresh           time.Duration // how often it asks to be read again; 0: it does not say
	Entries           []*Entry      // in the order of the file
	Report            Report
}

// Read reads a calendar that somebody else wrote. It takes what makes sense and
// says in the report what it changed or left out. Only what is no calendar, or
// is too large, is an error: a [federation.FieldError] of the field calendar.
func Read(r io.Reader, o Options) (*File, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("calendar: %w", err)
	}
	if len(data) > MaxBytes {
		return nil, refused("error_calendar_large", "more than %d bytes", MaxBytes)
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	f := &File{}
	p := &parser{file: f, defined: map[string]definition{}}
	for l := range contentLines(data, &f.Report) {
		p.line(l)
	}
	if !p.calendar {
		return nil, refused("error_calendar_kind", "no BEGIN:VCALENDAR in %d bytes", len(data))
	}
	p.end()
	f.interpret(p, o)
	return f, nil
}

// refused makes the error of a file that is not taken.
func refused(reason, detail string, args ...any) error {
	return &federation.FieldError{Field: "calendar", Reason: reason, Detail: fmt.Sprintf(detail, args...)}
}

// A component is a VEVENT before it is understood.
type component struct {
	properties []property
	number     int // of the line at which it began
}

// A parser sorts lines into components. Zones may be defined after the events
// that name them, so nothing is understood before the end.
type parser struct {
	file     *File
	calendar bool     // there was one
	open     []string // the components that we are in, without VCALENDAR
	event    *component
	events   []*component
	zone     definition
	changes  int // parts of that zone
	defined  map[string]definition
}

func (p *parser) line(l contentLine) {
	prop, ok := parseProperty(l.text)
	switch prop.number = l.number; {
	case !ok && p.calendar:
		p.file.Report.add("report_line_broken", l.number)
	case !ok: // what is before the calendar
	case prop.name == "BEGIN":
		p.begin(strings.ToUpper(strings.TrimSpace(prop.value)), l.number)
	case prop.name == "END":
		p.close(strings.ToUpper(strings.TrimSpace(prop.value)), l.number)
	case !p.calendar:
	case len(p.open) == 0:
		p.file.property(prop)
	case p.open[0] == "VEVENT" && len(p.open) == 1:
		p.ofEvent(prop)
	case p.open[0] == "VTIMEZONE":
		p.ofZone(prop)
	}
}

func (p *parser) begin(name string, number int) {
	if name == "VCALENDAR" {
		p.finish()
		p.calendar, p.open = true, nil
		return
	}
	if name == "VEVENT" && (len(p.open) > 0 || !p.calendar) { // one that was not closed, or has nothing around it
		p.finish()
		p.calendar, p.open = true, nil
	}
	if len(p.open) >= maxDepth {
		p.file.Report.add("report_nested", number)
		return
	}
	p.open = append(p.open, name)
	if len(p.open) > 1 {
		return
	}
	switch name {
	case "VEVENT":
		p.event = &component{number: number}
	case "VTIMEZONE":
		p.zone, p.changes = definition{}, 0
	case "VTODO", "VJOURNAL", "VFREEBUSY":
		p.file.Report.add("report_component", number, "Name", name)
	}
}

func (p *parser) close(name string, number int) {
	if name == "VCALENDAR" {
		p.finish()
		p.open = nil
		return
	}
	i := slices.Index(p.open, name)
	if i < 0 {
		p.file.Report.add("report_line_broken", number)
		return
	}
	if i == 0 {
		p.finish()
	}
	p.open = p.open[:i]
}

// finish keeps the component that is open.
func (p *parser) finish() {
	if len(p.open) > 0 && p.open[0] == "VTIMEZONE" && p.zone.id != "" && len(p.defined) < maxZones {
		p.defined[p.zone.id] = p.zone
	}
	if p.event == nil {
		return
	}
	if len(p.events) < MaxEntries {
		p.events = append(p.events, p.event)
	} else {
		p.file.Report.add("report_too_many", p.event.number)
	}
	p.event = nil
}

// end keeps what the file did not close: it was cut off.
func (p *parser) end() {
	if p.event != nil {
		p.file.Report.add("report_cut", p.event.number)
	}
	p.finish()
}

func (p *parser) ofEvent(prop property) {
	if len(p.events) >= MaxEntries {
		return
	}
	if len(p.event.properties) >= maxProperties {
		p.file.Report.add("report_long_event", prop.number)
		return
	}
	if strings.HasPrefix(prop.name, "X-") && !ours[prop.name] {
		return
	}
	p.event.properties = append(p.event.properties, prop)
}

// ours are the properties of programs that we understand.
var ours = map[string]bool{"X-ALT-DESC": true, "X-MICROSOFT-CDO-ALLDAYEVENT": true, "X-APPLE-STRUCTURED-LOCATION": true}

// ofZone takes what a VTIMEZONE says. Of several standard times the last counts:
// they are in the order of history.
func (p *parser) ofZone(prop property) {
	switch {
	case len(p.open) == 1 && prop.name == "TZID":
		p.zone.id = prop.value
	case len(p.open) == 1 && prop.name == "X-LIC-LOCATION":
		p.zone.place = prop.value
	case len(p.open) == 2 && prop.name == "TZOFFSETTO":
		ahead, ok := utcOffset(prop.value)
		if p.changes++; !ok || p.changes > maxZoneParts {
			return
		}
		switch p.open[1] {
		case "STANDARD":
			p.zone.standard, p.zone.hasStandard = ahead, true
		case "DAYLIGHT":
			p.zone.summer, p.zone.both = ahead, true
		}
	}
}

// property takes what stands beside the events.
func (f *File) property(p property) {
	text := oneLine(unescape(p.value), maxName)
	switch p.name {
	case "X-WR-CALNAME", "NAME": // RFC 7986
		f.Name = text
	case "X-WR-CALDESC", "DESCRIPTION":
		f.Description = cut(unescape(p.value), maxText)
	case "PRODID":
		f.Program = text
	case "METHOD":
		f.Method = strings.ToUpper(text)
	case "REFRESH-INTERVAL", "X-PUBLISHED-TTL": // RFC 7986 5.7
		if d, ok := parseSpan(p.value); ok && (f.Refresh == 0 || p.name == "REFRESH-INTERVAL") {
			f.Refresh = time.Duration(d.days)*24*time.Hour + d.exact
		}
	case "X-WR-TIMEZONE", "TIMEZONE-ID":
		if zone, ok := ianaZone(p.value); ok {
			f.Zone = zone
		} else {
			f.Report.add("report_zone_unknown", p.number, "Zone", text, "Used", "")
		}
	}
}

// interpret makes entries of what was parsed.
func (f *File) interpret(p *parser, o Options) {
	z := &zones{ours: o.Zone, defined: p.defined, wallClock: map[string]bool{}, report: &f.Report}
	declared := f.Zone != nil
	if declared {
		z.ours = f.Zone
	}
	for _, name := range o.WallClock {
		z.wallClock[name], z.ours = true, o.Zone
	}
	f.Zone = z.ours
	doubt := doubts{zones: z, instance: o.Zone, declared: declared && !strings.Contains(f.Program, "Google")}
	for _, c := range p.events {
		if e := entryOf(c, f.Method, z); e != nil {
			f.Entries = append(f.Entries, e)
			doubt.about(c, e)
		}
	}
	f.joinChanges()
}

// doubts notes what only a person can know about a calendar's hours.
type doubts struct {
	zones    *zones
	instance *time.Location
	declared bool // the file says its zone, and is not Google's
}

// about looks at one entry. Google writes UTC and says the calendar's zone, and
// means both; with others, Z beside a zone is often the wall clock. And a zone
// whose clocks differ from those here may be what a site puts beside
// everybody's hours.
func (d *doubts) about(c *component, e *Entry) {
	i := slices.IndexFunc(c.properties, func(p property) bool { return p.name == "DTSTART" })
	if e.AllDay || i < 0 {
		return
	}
	p := c.properties[i]
	_, k, _ := parseTime(p.value)
	z := d.zones
	if k == isUTC && e.Recurrence != nil && e.Recurrence.rule != nil && !z.wallClock["UTC"] && changing(z.ours) {
		z.report.add("report_utc_repeats", p.number, "Zone", z.ours.String())
	}
	switch {
	case k == isUTC && p.params["TZID"] != "":
		z.report.add("report_zone_and_utc", p.number, "Zone", p.params["TZID"])
	case k == isUTC && d.declared && e.Recurrence == nil && !z.wallClock["UTC"] && offset(e.Start, z.ours) != 0:
		z.report.add("report_utc_doubt", p.number, "Zone", z.ours.String())
	case k == isLocal && p.params["TZID"] == "":
		z.report.add("report_floating", p.number, "Zone", z.ours.String())
	case k == isLocal && offset(e.Start, e.Start.Location()) != offset(e.Start, d.instance):
		z.report.add("report_zone_other", p.number, "Zone", e.Start.Location().String())
	}
}

// changing reports whether the clocks of a zone are changed in our time.
func changing(zone *time.Location) bool {
	winter, summer := time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC), time.Date(2026, 7, 15, 0, 0, 0, 0, time.UTC)
	return offset(winter, zone) != offset(summer, zone)
}
