// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/gazetteer"
	"codeberg.org/maillage/maillage/outbox"
)

// Precisions of a place, as its author wants them. What is less than exact is
// made so before anything is stored, so that nobody else can know better.
const (
	precisionExact  = "exact"
	precisionStreet = "street" // coordinates to about a hundred metres, no house number
	precisionTown   = "town"   // the middle of the commune, no street
)

// asTyped is the answer of those whose place the gazetteer does not know.
const asTyped = "none"

// placeScripts make the field of a place more comfortable.
var placeScripts = []string{"place.js"}

// farKm is how far from the middle of its commune a place may lie: the
// largest ones of France reach that far.
const farKm = 60

// placed returns the place of the form as it is to be stored: its commune as
// the gazetteer has it, and no more precise than wanted. Where it is not clear
// which commune is meant, that is a mistake, and the form asks.
func (f *form) placed() outbox.PlaceForm {
	p := outbox.PlaceForm{
		Name: f.Value("place.name"), Street: f.Value("place.street"), Postal: f.Value("place.postal"),
		City: f.Value("place.city"), Region: f.Value("place.region"), Country: f.Value("place.country"),
		Lat: f.Value("place.lat"), Lon: f.Value("place.lon"),
	}
	point := pointOf(p.Lat, p.Lon)
	typed := strings.TrimSpace(p.Lat+p.Lon) != ""
	commune := f.commune(p, point)
	if commune != nil {
		p.City, p.Region, p.Country, p.Town = commune.Name, commune.Region, f.T("country_"+commune.Country), &commune.Point
		if km := 0.0; point != nil {
			if km = commune.Point.Kilometres(*point); km > farKm {
				f.wrongOnce("place.lat", "error_place_far", "Km", f.Km(km), "Place", commune.Name)
			}
		}
	} else if !gazetteer.Same(p.City, f.Value("place.known")) {
		p.Region = "" // that of the place before
	}
	switch f.Value("place.precision") {
	case precisionTown:
		p.Street = ""
		if commune != nil {
			p.Lat, p.Lon = degrees(commune.Point, 4)
		} else if point != nil {
			p.Lat, p.Lon = degrees(*point, 2)
		}
		return p
	case precisionStreet:
		p.Street = houseNumber.ReplaceAllString(p.Street, "")
		if point != nil {
			p.Lat, p.Lon = degrees(*point, 3)
		}
	}
	if !typed && commune != nil {
		p.Lat, p.Lon = degrees(commune.Point, 4)
	}
	return p
}

// houseNumber is how French addresses begin: "12 bis, ".
var houseNumber = regexp.MustCompile(`(?i)^\s*\d+\s*((bis|ter|quater|[a-d])\b)?\s*,?\s*`)

// degrees writes a point with so many decimals.
func degrees(p federation.Point, decimals int) (lat, lon string) {
	write := func(x float64) string {
		return strings.TrimRight(strings.TrimRight(strconv.FormatFloat(x, 'f', decimals, 64), "0"), ".")
	}
	return write(p.Latitude), write(p.Longitude)
}

// commune finds the commune that is meant; nil if none is known. Whoever gives
// coordinates is not asked.
func (f *form) commune(p outbox.PlaceForm, point *federation.Point) *gazetteer.Place {
	city, code := strings.TrimSpace(p.City), f.Value("place.code")
	if city == "" || code == asTyped && slices.Contains([]string{"", city}, strings.TrimSpace(f.Value("place.asked"))) {
		return nil
	}
	if known, ok := gazetteer.ByCode(code); ok {
		if gazetteer.Same(known.Name, city) || f.Value("place.asked") == city {
			return &known
		}
	}
	all := gazetteer.Named(city, 40)
	if c := gazetteer.Likeliest(all, p.Postal, point, f.near); c != nil {
		return c
	}
	if point != nil {
		return nil
	}
	if len(all) == 0 {
		all = f.search(city, 8)
	}
	if len(all) > 0 {
		id := "error_place_many"
		if !gazetteer.Same(all[0].Name, city) {
			id = "error_place_unknown"
		}
		f.candidates = all[:min(len(all), 12)]
		f.wrongOnce("place.city", id, "Place", city)
	} else if !gazetteer.Same(city, f.Value("place.known")) {
		f.nowhere = true
		f.wrongOnce("place.city", "error_place_nowhere", "Place", city)
	}
	return nil
}

// search looks a name up, as somebody at the initiative may mean it.
func (f *form) search(text string, n int) []gazetteer.Place {
	if f.near == nil {
		return gazetteer.Search(text, n)
	}
	return gazetteer.SearchNear(text, *f.near, n)
}

// wrongOnce notes a mistake unless that input has it already.
func (f *form) wrongOnce(field, id string, args ...any) {
	m := mistake{field, f.T(id, args...)}
	if !slices.Contains(f.mistakes, m) {
		f.mistakes = append(f.mistakes, m)
	}
}

// knowPlace adds to the values of a form what its place says already: which
// commune it is, and how precise. Coordinates that are just the middle of the
// commune are left out, so that they follow when another one is typed.
func knowPlace(values map[string][]string) {
	get := func(name string) string { return at(values[name], 0) }
	set := func(name, value string) { values[name] = []string{value} }
	city := get("place.city")
	if city == "" {
		return
	}
	set("place.known", city)
	point := pointOf(get("place.lat"), get("place.lon"))
	commune := gazetteer.Likeliest(gazetteer.Named(city, 40), get("place.postal"), point, nil)
	if commune == nil {
		return
	}
	set("place.code", commune.Code)
	lat, lon := degrees(commune.Point, 4)
	if get("place.lat") != lat || get("place.lon") != lon {
		return
	}
	set("place.lat", "")
	set("place.lon", "")
	if get("place.street") == "" {
		set("place.precision", precisionTown)
	}
}

// placeLabel names a place so that it is told from others of its name.
func placeLabel(p gazetteer.Place) string {
	if p.Was != "" {
		return fmt.Sprintf("%s (%s, %s)", p.Was, p.Name, p.Region)
	}
	return fmt.Sprintf("%s (%s)", p.Name, p.Region)
}

// Asks reports whether it has to be said which commune is meant, or that it is
// none of those we know.
func (f *form) Asks() bool { return f.nowhere || len(f.candidates) > 0 }

// Candidates are the communes that the typed name may mean, if it has to be
// asked.
func (f *form) Candidates() (all []option) {
	for _, p := range f.candidates {
		label := placeLabel(p)
		if p.Country != "FR" {
			label += ", " + f.T("country_"+p.Country)
		}
		all = append(all, option{Value: p.Code, Label: label, Chosen: p.Code == f.Value("place.code")})
	}
	return all
}

// Precisions are what an author may choose from.
func (f *form) Precisions() []option {
	all := options(f.Printer, "form_precision_", []string{precisionExact, precisionStreet, precisionTown})
	chosen := max(0, slices.IndexFunc(all, func(o option) bool { return o.Value == f.Value("place.precision") }))
	all[chosen].Chosen = true
	return all
}

// Address reports whether more than the commune is said about a place.
func (f *form) Address() bool {
	return f.any("place.street", "place.postal") || f.Coordinates() || f.Value("place.precision") == precisionStreet
}

// Coordinates reports whether coordinates were typed.
func (f *form) Coordinates() bool {
	return f.any("place.lat", "place.lon") || f.Wrong("place.lat") != ""
}

// Attribution names the sources of what the gazetteer knows.
func (f *form) Attribution() string { return gazetteer.Attribution }
