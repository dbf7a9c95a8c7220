// SPDX-License-Identifier: AGPL-3.0-or-later

package harvest

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"codeberg.org/maillage/maillage/calendar"
	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/gazetteer"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// How much of the texts of a calendar is taken.
const (
	maxTitle = 200
	maxText  = 9000
	maxTags  = 10
)

// compose makes the event of an item, or of old what it is to be now: what
// people added here stays.
func compose(c *store.Calendar, author *federation.Actor, i Item, old *federation.Object, now time.Time, lang string) (*federation.Object, outbox.Problems) {
	f := outbox.EventForm{JoinMode: federation.JoinNone}
	f.Language = lang
	if old != nil {
		f = outbox.EventFormOf(old)
	}
	i.fill(&f, author)
	composer := outbox.Composer{
		Now: now, Words: locale.New(lang), Author: author, ID: outbox.NewObjectID(author.ID.Origin()), Old: old, Zone: i.Start.Location(),
	}
	o, problems := f.Object(composer)
	if o == nil {
		return nil, problems
	}
	OriginOf(c, i).put(o)
	if old == nil && i.Repeats {
		o.Context = string(author.ID) + "#" + short(i.UID)
	}
	return o, nil
}

// fill puts into a form what a calendar says of an event.
func (i Item) fill(f *outbox.EventForm, author *federation.Actor) {
	zone := i.zone()
	start := i.Start.In(zone)
	f.Timezone = zone.String()
	f.Title, f.Description = cut(i.Title, maxTitle), i.body()
	f.StartDate, f.StartTime = start.Format(time.DateOnly), start.Format("15:04")
	f.EndDate, f.EndTime = "", ""
	if i.End.After(i.Start) {
		end := i.End.In(zone)
		if i.AllDay { // the day after the last
			end = end.Add(-time.Minute)
		}
		f.EndDate, f.EndTime = end.Format(time.DateOnly), end.Format("15:04")
	}
	switch {
	case i.Status == calendar.Cancelled:
		f.Status = federation.EventCancelled
	case i.Status == calendar.Tentative:
		f.Status = federation.EventTentative
	case f.Status == federation.EventCancelled, f.Status == federation.EventTentative:
		f.Status = ""
	}
	if online := webLink(i.Place); online != "" {
		f.Online, f.Place = online, outbox.PlaceForm{}
	} else {
		f.Online, f.Place = "", i.place(author)
	}
	if f.Hashtags == "" {
		f.Hashtags = i.hashtags()
	}
}

// zone returns clocks that others know by name.
func (i Item) zone() *time.Location {
	if z, ok := locale.Zone(i.Start.Location().String()); ok {
		return z
	}
	return time.UTC
}

// body is the text of an item, with nothing in it that somebody's program could
// take for more than text.
func (i Item) body() string { return cut(vocab.CleanText(i.Text), maxText) }

// place reads where something is: a name, and at its end mostly the commune.
func (i Item) place(author *federation.Actor) outbox.PlaceForm {
	var home *federation.Point
	if author.Location != nil {
		home = author.Location.Point
	}
	p := outbox.PlaceForm{Name: cut(i.Place, 300)}
	if i.Place == "" && i.Point == nil {
		return p
	}
	city := commune(i.Place, home)
	if city.Name != "" {
		p.City, p.Postal, p.Region = city.Name, city.postal, city.Region
		p.Name = city.rest
	}
	switch {
	case i.Point != nil:
		p.Lat, p.Lon = degrees(i.Point.Latitude), degrees(i.Point.Longitude)
	case city.Name != "":
		p.Lat, p.Lon = degrees(city.Point.Latitude), degrees(city.Point.Longitude)
	}
	return p
}

// A found commune, and what stands before it.
type found struct {
	gazetteer.Place

	postal, rest string
}

var postalCity = regexp.MustCompile(`^(?:[A-Z]{1,2}-)?(\d{4,5})\s+(.+)$`)

// commune finds the commune at the end of an address, if it is plain which one
// is meant: by its postal code, or because it is near home.
func commune(address string, home *federation.Point) found {
	parts := strings.FieldsFunc(address, func(r rune) bool { return r == ',' || r == '\n' || r == ';' })
	for n := len(parts) - 1; n >= 0 && n >= len(parts)-3; n-- {
		part := strings.TrimSpace(parts[n])
		postal, name := "", part
		if m := postalCity.FindStringSubmatch(part); m != nil {
			postal, name = m[1], m[2]
		} else if j := strings.LastIndexFunc(part, unicode.IsDigit); j >= 4 { // "12 rue X 35000 Rennes"
			k := j
			for k > 0 && unicode.IsDigit(rune(part[k-1])) {
				k--
			}
			if j-k == 4 && (k == 0 || part[k-1] == ' ') {
				postal, name = part[k:j+1], strings.TrimSpace(part[j+1:])
			}
		}
		name, _, _ = strings.Cut(name, " - ")
		name = strings.TrimSuffix(strings.TrimSuffix(name, " France"), " Cedex")
		if postal == "" && (home == nil || n == 0 && len(parts) > 1) {
			continue
		}
		p := gazetteer.Likeliest(gazetteer.Named(name, 40), postal, nil, home)
		if p == nil || postal == "" && p.Point.Kilometres(*home) > 50 {
			continue
		}
		rest := strings.Join(parts[:n], ",")
		if before, _, ok := strings.Cut(part, postal); ok && postal != "" && before != "" && !strings.HasSuffix(before, "-") {
			rest = strings.Trim(rest+", "+before, ", ")
		}
		return found{*p, postal, strings.TrimSpace(rest)}
	}
	return found{}
}

func degrees(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// webLink returns the address that a place consists of, as that of a meeting
// online; "" if it is none.
func webLink(place string) string {
	u, err := url.Parse(strings.TrimSpace(place))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return ""
	}
	if iri, err := federation.ParseIRI(u.String()); err == nil {
		return string(iri)
	}
	return ""
}

// hashtags makes hashtags of categories.
func (i Item) hashtags() string {
	var all []string
	for _, name := range i.Tags {
		var b strings.Builder
		letters := false
		for _, r := range name {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				b.WriteRune(r)
				letters = letters || unicode.IsLetter(r)
			}
		}
		if letters && utf8.RuneCountInString(b.String()) <= 38 && len(all) < maxTags {
			all = append(all, "#"+b.String())
		}
	}
	return strings.Join(all, " ")
}

// cut bounds a text.
func cut(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:most-1])) + "…"
}
