// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"cmp"
	"fmt"
	"log"
	"slices"
	"strings"
)

// A place is a line of the gazetteer.
type place struct {
	code, name string
	area       string // country and code of the département, province or canton
	at         *point
	population int
	former     []string // names it had, or of what became part of it
}

type point struct{ lat, lon float64 }

// places writes the communes of all countries.
func (s sources) places(name string) error {
	areas, geonames, err := s.geonames()
	if err != nil {
		return err
	}
	french, communes, err := s.france(geonames)
	if err != nil {
		return err
	}
	var all []place
	for _, p := range slices.Concat(communes, neighbours(geonames)) {
		if p.at == nil {
			log.Printf("no coordinates: %s %s", p.code, p.name)
			continue
		}
		all = append(all, p)
	}
	slices.SortStableFunc(all, func(a, b place) int { return cmp.Or(cmp.Compare(a.area, b.area), cmp.Compare(a.code, b.code)) })
	lines := append(french, areas...)
	for i, p := range all {
		if i == 0 || all[i-1].area != p.area {
			lines = append(lines, "@\t"+p.area)
		}
		lines = append(lines, p.line())
		for _, f := range p.former {
			lines = append(lines, "=\t"+f)
		}
	}
	log.Printf("%d places", len(all))
	return write(name, lines)
}

func (p place) line() string {
	return fmt.Sprintf("%s\t%s\t%d\t%d\t%d", p.code, p.name, round(p.at.lat), round(p.at.lon), p.population)
}

// round gives ten-thousandths of a degree, about ten metres.
func round(degrees float64) int {
	if degrees < 0 {
		return -int(-degrees*1e4 + 0.5)
	}
	return int(degrees*1e4 + 0.5)
}

// key is what names are compared by when sources are joined.
func key(name string) string {
	return strings.NewReplacer("-", " ", "'", " ", "’", " ", "œ", "oe", "æ", "ae").Replace(strings.ToLower(name))
}
