// SPDX-License-Identifier: AGPL-3.0-or-later

package calendar

import (
	"errors"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// wall returns what the clocks of t's zone show, as if it were UTC. Repetition
// is reckoned on such times: a day there is always 24 hours.
func wall(t time.Time) time.Time {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	return time.Date(year, month, day, hour, minute, second, 0, time.UTC)
}

// At returns the moment at which the clocks of a zone show w. An hour that is
// there twice is the first of the two; one that is skipped is reckoned with
// the offset before the gap, so that half past two becomes half past three.
// RFC 5545 3.3.5.
func At(w time.Time, zone *time.Location) time.Time {
	before := offset(w.Add(-15*time.Hour), zone)
	after := offset(w.Add(15*time.Hour), zone)
	first := w.Add(-before)
	if before == after || offset(first, zone) == before {
		return first.In(zone)
	}
	if second := w.Add(-after); offset(second, zone) == after {
		return second.In(zone)
	}
	return first.In(zone)
}

// offset returns how far ahead of UTC a zone is at t.
func offset(t time.Time, zone *time.Location) time.Duration {
	_, seconds := t.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}

// A clock is [At] for many times in order: it remembers between which changes
// of the clock the last one was, since looking that up is what takes time.
type clock struct {
	zone     *time.Location
	ahead    time.Duration
	from, to time.Time // well within those changes
}

func (c *clock) at(w time.Time) time.Time {
	if t := w.Add(-c.ahead); t.After(c.from) && t.Before(c.to) {
		return t.In(c.zone)
	}
	t := At(w, c.zone)
	c.ahead = offset(t, c.zone)
	from, to := t.ZoneBounds()
	if to.IsZero() { // never again
		to = time.Date(lastYear+1, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	c.from, c.to = from.Add(15*time.Hour), to.Add(-15*time.Hour)
	return t
}

// day returns the midnight that begins w.
func day(w time.Time) time.Time {
	return time.Date(w.Year(), w.Month(), w.Day(), 0, 0, 0, 0, time.UTC)
}

// ianaZone finds the zone that a calendar's name for it means: an IANA name,
// also behind the prefix of an old program ("/mozilla.org/20070129_1/Europe/
// Paris"), or a name that Windows uses.
func ianaZone(name string) (*time.Location, bool) {
	name = strings.TrimSpace(strings.Trim(strings.TrimSpace(name), `"`))
	if name == "" || len(name) > 100 {
		return nil, false
	}
	if iana, ok := windowsZones[strings.ToLower(name)]; ok {
		name = iana
	}
	parts := strings.FieldsFunc(name, func(r rune) bool { return r == '/' })
	for _, n := range []int{len(parts), 3, 2} { // America/Indiana/Knox, Europe/Paris
		if n > len(parts) || n == 0 {
			continue
		}
		if zone, ok := load(strings.Join(parts[len(parts)-n:], "/")); ok {
			return zone, true
		}
	}
	return nil, false
}

// load finds a zone of the IANA database. Names that mean a place in the file
// system, or this machine's own zone, are none.
func load(name string) (*time.Location, bool) {
	if name == "" || strings.EqualFold(name, "local") || strings.Contains(name, "..") || strings.ContainsAny(name, `\ `) {
		return nil, false
	}
	if strings.EqualFold(name, "utc") || strings.EqualFold(name, "z") || strings.EqualFold(name, "gmt") {
		return time.UTC, true
	}
	zone, err := time.LoadLocation(name)
	return zone, err == nil
}

// A definition is what a VTIMEZONE says of a zone.
type definition struct {
	id, place         string        // TZID and X-LIC-LOCATION
	standard, summer  time.Duration // ahead of UTC
	hasStandard, both bool          // it has a standard time; it has both
}

// likely are the zones that a definition by offsets may mean, the nearest to
// us first: of two that agree, ours is meant.
var likely = []string{
	"Europe/Paris", "Europe/London", "Europe/Lisbon", "Europe/Athens", "Europe/Istanbul", "Europe/Moscow",
	"America/Martinique", "America/Guadeloupe", "America/Cayenne", "Indian/Reunion", "Indian/Mayotte",
	"Pacific/Noumea", "Pacific/Tahiti", "America/Miquelon", "America/New_York", "America/Chicago", "America/Denver",
	"America/Phoenix", "America/Los_Angeles", "America/Sao_Paulo", "Africa/Lagos", "Africa/Johannesburg",
	"Asia/Kolkata", "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland", "UTC",
}

// zone finds the zone that a definition means; ours is asked first when only
// the offsets can tell. It reports how sure that is.
func (d definition) zone(ours *time.Location) (zone *time.Location, sure, ok bool) {
	for _, name := range []string{d.place, d.id} {
		if zone, ok := ianaZone(name); ok {
			return zone, true, true
		}
	}
	if !d.hasStandard {
		return nil, false, false
	}
	if d.fits(ours) {
		return ours, false, true
	}
	for _, name := range likely {
		if zone, ok := load(name); ok && d.fits(zone) {
			return zone, false, true
		}
	}
	return nil, false, false
}

// fits reports whether a zone had those offsets in a year of our time. That the
// clocks change on the same days is left to the offsets: a definition is often
// written without.
func (d definition) fits(zone *time.Location) bool {
	winter := offset(time.Date(2024, 1, 15, 12, 0, 0, 0, time.UTC), zone)
	summer := offset(time.Date(2024, 7, 15, 12, 0, 0, 0, time.UTC), zone)
	if !d.both {
		return winter == d.standard && summer == d.standard
	}
	return min(winter, summer) == d.standard && max(winter, summer) == d.summer
}

// utcOffset reads "+0100" or "+01:00:00". RFC 5545 3.3.14.
func utcOffset(s string) (time.Duration, bool) {
	s = strings.ReplaceAll(strings.TrimSpace(s), ":", "")
	if len(s) != 5 && len(s) != 7 || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	var n [3]int
	for i := range (len(s) - 1) / 2 {
		a, b := s[1+2*i], s[2+2*i]
		if a < '0' || a > '9' || b < '0' || b > '9' {
			return 0, false
		}
		n[i] = int(a-'0')*10 + int(b-'0')
	}
	d := time.Duration(n[0])*time.Hour + time.Duration(n[1])*time.Minute + time.Duration(n[2])*time.Second
	if d > 15*time.Hour {
		return 0, false
	}
	if s[0] == '-' {
		d = -d
	}
	return d, true
}

// zones finds the zones that one calendar names.
type zones struct {
	ours      *time.Location            // meant where none is said
	defined   map[string]definition     // by the calendar itself
	wallClock map[string]bool           // whose times are really ours
	found     map[string]*time.Location // already looked up
	report    *Report                   // nil: what is wrong is an error
	counted   int                       // by all rules so far
}

// maxZones bounds how many different names are looked up for one calendar.
const maxZones = 200

// of returns the zone that a TZID means.
func (z *zones) of(id string, line int) *time.Location {
	if zone, ok := z.found[id]; ok {
		return zone
	}
	zone, ok := z.look(id, line)
	if !ok {
		z.report.add("report_zone_unknown", line, "Zone", id, "Used", z.ours.String())
		zone = z.ours
	}
	if z.found == nil {
		z.found = map[string]*time.Location{}
	}
	if len(z.found) < maxZones {
		z.found[id] = zone
	}
	return zone
}

func (z *zones) look(id string, line int) (*time.Location, bool) {
	if id == "" {
		return z.ours, true
	}
	if len(z.found) >= maxZones {
		return nil, false
	}
	if zone, ok := ianaZone(id); ok {
		return zone, true
	}
	d, ok := z.defined[id]
	if !ok {
		return nil, false
	}
	zone, sure, ok := d.zone(z.ours)
	if ok && !sure {
		z.report.add("report_zone_guessed", line, "Zone", id, "Used", zone.String())
	}
	return zone, ok
}

// note puts what is wrong into the report, if there is one.
func (z *zones) note(err error, p property) bool {
	if z.report == nil {
		return false
	}
	reason := "error_unknown"
	if wrong, ok := errors.AsType[*federation.FieldError](err); ok {
		reason = wrong.Reason
	}
	z.report.add("report_recurrence", p.number, "Property", p.name, "Reason", reason)
	return true
}

// time reads the property's value as a time.
func (p property) time(z *zones) (t time.Time, k kind, ok bool) {
	w, k, ok := parseTime(p.value)
	switch {
	case !ok:
		return time.Time{}, k, false
	case k == isDate:
		return At(w, z.ours), k, true
	case k == isUTC && !z.wallClock["UTC"]:
		return w, k, true
	case k == isUTC:
		return At(w, z.ours), isLocal, true
	}
	zone := z.of(p.params["TZID"], p.number)
	if z.wallClock[zone.String()] {
		zone = z.ours
	}
	return At(w, zone), k, true
}
