// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"math"
	"strconv"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// The functions of this file read one property each, in every shape that peers send it.
// What is of another shape is as good as absent.

// list returns v as a list.
func list(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

// embedded returns the object in v: itself, or the only one in a list of one.
func embedded(v any) map[string]any {
	if l, ok := v.([]any); ok && len(l) == 1 {
		v = l[0]
	}
	m, _ := v.(map[string]any)
	return m
}

// text returns a string, or the first one of a list.
func text(v any) string {
	for _, e := range list(v) {
		switch e := e.(type) {
		case string:
			return e
		case map[string]any:
			if s, ok := e["@value"].(string); ok {
				return s
			}
		}
	}
	return ""
}

// idOf returns the first address in v, given or inside an object.
func idOf(v any) federation.IRI {
	for _, e := range list(v) {
		if m, ok := e.(map[string]any); ok {
			e = m["id"]
		}
		if s, ok := e.(string); ok {
			if i, err := federation.ParseIRI(s); err == nil {
				return i
			}
		}
	}
	return ""
}

// idsOf returns the addresses in v, each once.
func idsOf(v any, most int) (ids []federation.IRI) {
	seen := map[federation.IRI]bool{}
	for _, e := range list(v) {
		if i := idOf(e); i != "" && !seen[i] && len(ids) < most {
			seen[i] = true
			ids = append(ids, i)
		}
	}
	return ids
}

// sole returns the one address in v. Several are an attempt to be believed to
// be somebody else.
func sole(v any) (federation.IRI, error) {
	if l, ok := v.([]any); ok {
		if len(l) != 1 {
			return "", malformed("%d of them", len(l))
		}
		v = l[0]
	}
	if m, ok := v.(map[string]any); ok {
		v = m["id"]
	}
	s, ok := v.(string)
	if !ok {
		return "", malformed("not an address")
	}
	return federation.ParseIRI(s)
}

// ownID returns the id of an object, or "" if it has none.
func ownID(m map[string]any) (federation.IRI, error) {
	switch id := m["id"].(type) {
	case nil:
		return "", nil
	case string:
		if id == "" {
			return "", nil
		}
		return federation.ParseIRI(id)
	}
	return "", malformed("an id that is no address")
}

// bad reports whether v can be no object at all: a number, or a list with one.
func bad(v any) bool {
	for _, e := range list(v) {
		switch e.(type) {
		case string, map[string]any:
		default:
			return true
		}
	}
	return false
}

// truth returns a boolean, false if it is none.
func truth(v any) bool {
	b, _ := v.(bool)
	return b || text(v) == "true"
}

// number returns a number, or one written as a string.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
	}
	return 0, false
}

// count returns a small whole number, or 0.
func count(v any) int {
	if f, ok := number(v); ok && f >= 0 && f <= math.MaxInt32 {
		return int(f)
	}
	return 0
}

// layouts of times that peers send. Mobilizon has some without an offset.
var layouts = []string{
	time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02T15:04",
	"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02",
}

// moment returns a time, or zero: WordPress sends years before Christ and
// Gancio empty strings.
func moment(v any) time.Time { return momentIn(v, time.UTC) }

// momentIn is [moment], of a time that says no offset on the clocks of a zone.
func momentIn(v any, zone *time.Location) time.Time {
	s := strings.TrimSpace(text(v))
	if s == "" || len(s) > 40 {
		return time.Time{}
	}
	if wall, floats := strings.CutSuffix(s, "-00:00"); floats { // Hubzilla
		s = wall
	}
	for _, layout := range layouts {
		t, err := time.ParseInLocation(layout, s, zone)
		if err != nil {
			continue
		}
		if _, err := t.MarshalJSON(); err != nil || t.Year() < 1 {
			return time.Time{}
		}
		return t
	}
	return time.Time{}
}

// homeZone has the clocks of an event that names none, and says no offset.
const homeZone = "Europe/Paris"

// times returns when something begins and ends. A time that says no offset is
// read on the clocks that are named, or on ours.
func times(m map[string]any) (start, end time.Time) {
	name := cut(text(m["timezone"]), 64)
	if name == "" || name == "Local" {
		name = homeZone
	}
	zone, err := time.LoadLocation(name)
	if err != nil { // Outlook's names
		zone, err = time.LoadLocation(homeZone)
	}
	if err != nil {
		zone = time.UTC
	}
	start, end = momentIn(m["startTime"], zone), momentIn(m["endTime"], zone)
	if adjust, said := m["dfrn:adjust"].(bool); said && !adjust { // Friendica: the same hour everywhere
		start, end = onClocks(start, zone), onClocks(end, zone)
	}
	return start, end
}

// onClocks returns the moment when the clocks of a zone show what t shows.
func onClocks(t time.Time, zone *time.Location) time.Time {
	if t.IsZero() {
		return t
	}
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	return time.Date(year, month, day, hour, minute, second, 0, zone)
}

// webURL returns s if it is an address that a browser may follow, canonical.
// Anything but http and https is dropped.
func webURL(s string) string {
	i, err := federation.ParseIRI(strings.TrimSpace(s))
	if err != nil || i == federation.Public {
		return ""
	}
	return string(i)
}

// link returns the address in a url property: a string, a Link, or the best of
// a list of them. The best has a media type that begins with prefer.
func link(v any, prefer string) string {
	best := ""
	for _, e := range list(v) {
		url, media := "", ""
		switch e := e.(type) {
		case string:
			url = webURL(e)
		case map[string]any:
			if url = webURL(text(e["href"])); url == "" {
				url = webURL(text(e["url"]))
			}
			media = text(e["mediaType"])
		}
		if url != "" && strings.HasPrefix(media, prefer) && media != "" {
			return url
		}
		if best == "" {
			best = url
		}
	}
	return best
}
