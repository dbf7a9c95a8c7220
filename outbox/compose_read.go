// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
)

// Places, hashtags, days and hours as people type them.

// place reads a place; nil if nothing was typed.
func (f PlaceForm) place(ps *Problems) *federation.Place {
	clean := cleanTitle
	p := &federation.Place{
		Type: "Place", Name: clean(f.Name), Street: clean(f.Street), Postal: clean(f.Postal),
		City: clean(f.City), Region: clean(f.Region), Country: clean(f.Country),
	}
	lat, lon := strings.TrimSpace(f.Lat), strings.TrimSpace(f.Lon)
	if lat != "" || lon != "" {
		point, ok := pointOf(lat, lon)
		if !ok {
			ps.add("location", "error_place")
		}
		p.Point = point
	}
	if p.Name == "" { // peers want one
		p.Name = p.City
	}
	if *p == (federation.Place{Type: "Place", Country: p.Country}) {
		return nil // a country alone, as forms preselect it, is no place
	}
	return p
}

func pointOf(lat, lon string) (*federation.Point, bool) {
	y, err1 := strconv.ParseFloat(strings.ReplaceAll(lat, ",", "."), 64)
	x, err2 := strconv.ParseFloat(strings.ReplaceAll(lon, ",", "."), 64)
	p := &federation.Point{Latitude: y, Longitude: x}
	if err1 != nil || err2 != nil || !p.Valid() {
		return nil, false
	}
	return p, true
}

// placeFormOf is the inverse of place.
func placeFormOf(p *federation.Place) PlaceForm {
	if p == nil || p.Type == "VirtualLocation" {
		return PlaceForm{}
	}
	f := PlaceForm{Name: p.Name, Street: p.Street, Postal: p.Postal, City: p.City, Region: p.Region, Country: p.Country, Town: p.Town}
	if p.Point != nil {
		f.Lat = strconv.FormatFloat(p.Point.Latitude, 'f', -1, 64)
		f.Lon = strconv.FormatFloat(p.Point.Longitude, 'f', -1, 64)
	}
	return f
}

// hashtags reads "#a #b" or "a, b". FEP-eb48.
func hashtags(typed, origin string, ps *Problems) []federation.Tag {
	var all []federation.Tag
	seen := map[string]bool{}
	words := strings.FieldsFunc(typed, func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == ';' })
	for _, word := range words {
		name := strings.TrimLeft(word, "#")
		key := federation.Hashtag(name)
		switch {
		case name == "" || seen[key]:
			continue
		case !isHashtag(name):
			ps.add("tag", "error_hashtag", "Value", word)
			continue
		}
		seen[key] = true
		all = append(all, federation.Tag{Type: "Hashtag", Name: "#" + name, Href: origin + "/tags/" + url.PathEscape(key)})
	}
	if len(all) > maxHashtags {
		ps.add("tag", "error_hashtags", "Max", maxHashtags)
	}
	return all
}

// isHashtag: letters, marks, digits and underscores, not digits alone, as
// Mastodon reads them.
func isHashtag(s string) bool {
	letters := 0
	for _, r := range s {
		switch {
		case unicode.IsLetter(r):
			letters++
		case unicode.IsDigit(r), unicode.IsMark(r), r == '_':
		default:
			return false
		}
	}
	return letters > 0 && utf8.RuneCountInString(s) <= maxHashtag
}

var (
	frenchDay = regexp.MustCompile(`^(\d{1,2})[/.](\d{1,2})[/.](\d{4})$`)
	clockTime = regexp.MustCompile(`^(\d{1,2})(?:\s*[:h]\s*(\d{2})?)?$`)
)

// day reads a day, as browsers send it (2026-09-12) or as people type it
// (12/09/2026), at midnight in zone.
func day(typed string, zone *time.Location) (time.Time, bool) {
	typed = strings.TrimSpace(typed)
	if m := frenchDay.FindStringSubmatch(typed); m != nil {
		typed = fmt.Sprintf("%s-%02s-%02s", m[3], m[2], m[1])
	}
	t, err := time.Parse(time.DateOnly, typed)
	if err != nil || t.Year() < 1900 {
		return time.Time{}, false
	}
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, zone), true
}

// clock reads an hour: "18:30", "18h30", "18 h", "18".
func clock(typed string) (hour, minute int, ok bool) {
	typed = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, typed)
	m := clockTime.FindStringSubmatch(typed)
	if m == nil {
		return 0, 0, false
	}
	hour, _ = strconv.Atoi(m[1])
	minute, _ = strconv.Atoi(m[2])
	return hour, minute, hour < 24 && minute < 60
}

func inZone(t time.Time, timezone string) time.Time {
	return locale.Local(t, timezone)
}

// How far from today a date may be before it is taken for a slip of the pen.
const (
	yearsBack  = 2
	yearsAhead = 5
)

// sane notes a date of a new post that is too far away to be meant. What was
// published once may be edited whatever its age.
func (c Composer) sane(t time.Time, field string, ps *Problems) {
	if t.IsZero() || c.Old != nil || c.Now.IsZero() {
		return
	}
	if t.Before(c.Now.AddDate(-yearsBack, 0, 0)) || t.After(c.Now.AddDate(yearsAhead, 0, 0)) {
		ps.add(field, "error_date_far", "Date", c.words("").Day(t))
	}
}
