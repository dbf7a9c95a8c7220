// SPDX-License-Identifier: AGPL-3.0-or-later

// Package gazetteer knows where communes are: those of France with its
// overseas départements, and the towns and villages of Belgium, Switzerland
// and Luxembourg. It answers what a form asks when somebody types the name of
// a place, so that no address is ever sent to another server; and it has the
// outlines that maps without tiles are drawn on.
//
// It never asks the network, never stores anything and knows no streets. What
// it knows is compiled in: open data, named in data/README.md, which every
// page that shows it has to name too ([Attribution]). It is unpacked when it
// is first asked for and takes some four megabytes then.
package gazetteer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"sync"

	"codeberg.org/maillage/maillage/federation"
)

// Attribution is what the licences of the data ask to be shown with it.
const Attribution = "INSEE, IGN (Licence Ouverte) · GeoNames (CC BY 4.0) · OFS, swisstopo · Natural Earth"

// A Place is a commune, or a town or village of a neighbour of France.
type Place struct {
	Code       string // of INSEE; elsewhere ours: country, area and name
	Name       string
	Was        string // the name it was found by, if it has another now
	Region     string // the name of the département, province or canton
	RegionCode string
	Country    string // FR, BE, CH or LU
	Point      federation.Point
	Population int // 0 if unknown
}

//go:embed data/places.tsv.gz
var packedPlaces []byte

// An atlas is the unpacked data. Names lie in one text each, so that forty
// thousand places are few objects for the garbage collector.
type atlas struct {
	areas  []area
	places []entry
	names  string // all names, one after the other
	folded string // what is searched: lines of folded words, each after a space
	lines  []line // of folded
}

type area struct{ country, code, name string }

// An entry is a place.
type entry struct {
	lat, lon   int32 // ten-thousandths of a degree
	population uint32
	code, name span // in names
	area       uint16
}

// A span is a part of a text.
type span struct {
	from uint32
	size uint16
}

// A line is a name in folded: of which place, and which name it is.
type line struct {
	from  uint32 // in folded
	place uint32
	name  span
}

func (a *atlas) text(s span) string { return a.names[s.from : s.from+uint32(s.size)] }

// world is the atlas, unpacked once.
var world = sync.OnceValue(func() *atlas {
	a, err := unpack(packedPlaces)
	if err != nil {
		panic(err) // compiled in, and tested
	}
	return a
})

// unpack reads the lines that gazetteer/generate wrote.
func unpack(packed []byte) (*atlas, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	a := &atlas{places: make([]entry, 0, 39000), lines: make([]line, 0, 47000)}
	names, folded := make([]byte, 0, 900<<10), make([]byte, 0, 700<<10)
	keep := func(s string) span {
		from := len(names)
		names = append(names, s...)
		return span{uint32(from), uint16(len(s))}
	}
	index := func(name string, at span) {
		a.lines = append(a.lines, line{uint32(len(folded)), uint32(len(a.places) - 1), at})
		folded = append(appendFolded(folded, name), '\n')
	}
	here := uint16(0)
	scan := bufio.NewScanner(z)
	for scan.Scan() {
		var cells [5]string
		for i, rest := 0, scan.Text(); i < len(cells); i++ {
			cells[i], rest, _ = strings.Cut(rest, "\t")
		}
		switch cells[0] {
		case "#":
			a.areas = append(a.areas, area{strings.Clone(cells[1]), strings.Clone(cells[2]), strings.Clone(cells[3])})
		case "@":
			here = a.area(cells[1], cells[2])
		case "=":
			index(cells[1], keep(cells[1]))
		default:
			e := entry{code: keep(cells[0]), name: keep(cells[1]), area: here}
			lat, _ := strconv.Atoi(cells[2]) // the generator wrote numbers
			lon, _ := strconv.Atoi(cells[3])
			people, _ := strconv.Atoi(cells[4])
			e.lat, e.lon, e.population = int32(lat), int32(lon), uint32(people)
			a.places = append(a.places, e)
			index(cells[1], e.name)
		}
	}
	a.names, a.folded = string(names), string(folded)
	a.lines, a.places = slices.Clip(a.lines), slices.Clip(a.places)
	return a, scan.Err()
}

func (a *atlas) area(country, code string) uint16 {
	for i, r := range a.areas {
		if r.country == country && r.code == code {
			return uint16(i)
		}
	}
	a.areas = append(a.areas, area{country, code, ""})
	return uint16(len(a.areas) - 1)
}

// place makes a Place of an entry; was is the name it was found by.
func (a *atlas) place(i uint32, was span) Place {
	e := &a.places[i]
	r := a.areas[e.area]
	p := Place{
		Code: a.text(e.code), Name: a.text(e.name), Region: r.name, RegionCode: r.code, Country: r.country,
		Point:      federation.Point{Latitude: float64(e.lat) / 1e4, Longitude: float64(e.lon) / 1e4},
		Population: int(e.population),
	}
	if was != e.name && was.size > 0 {
		p.Was = a.text(was)
	}
	return p
}

// ByCode returns the place with a code.
func ByCode(code string) (Place, bool) {
	a := world()
	if code == "" {
		return Place{}, false
	}
	for i := range a.places {
		if a.text(a.places[i].code) == code {
			return a.place(uint32(i), span{}), true
		}
	}
	return Place{}, false
}

// Largest returns the n places with most inhabitants in a rectangle.
func Largest(south, west, north, east float64, n int) []Place {
	a := world()
	var best []uint32
	for i := range a.places {
		e := &a.places[i]
		lat, lon := float64(e.lat)/1e4, float64(e.lon)/1e4
		if lat < south || lat > north || lon < west || lon > east {
			continue
		}
		if len(best) == n && a.places[best[n-1]].population >= e.population {
			continue
		}
		at := len(best)
		for at > 0 && a.places[best[at-1]].population < e.population {
			at--
		}
		best = append(best[:at], append([]uint32{uint32(i)}, best[at:]...)...)
		best = best[:min(len(best), n)]
	}
	var list []Place
	for _, i := range best {
		list = append(list, a.place(i, span{}))
	}
	return list
}
