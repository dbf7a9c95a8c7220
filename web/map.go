// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/gazetteer"
	"codeberg.org/maillage/maillage/locale"
)

// A mapView is a map as the template part "map" shows it: drawn here, over the
// outlines of the territory, with the same things in a table below. It needs
// no script and no other server; map.js makes it move, and puts tiles under it
// where an administrator has chosen some.
//
// Make one of [spot]s with visit.mapView, put it into the page's data as Map,
// and hand the page to visit.withMap.
type mapView struct {
	*locale.Printer
	Land    template.HTML // the path of the outlines; ours alone
	Towns   []mapTown
	Markers []*marker
	Rows    []mapRow
	Kinds   []mapKind // what the shapes mean
	Bar     mapBar
	Folded  bool   // the table is to be opened
	Single  bool   // one thing only, which the page tells all about
	Missing int    // things that have no place
	OSM     string // the same place on openstreetmap.org
	Tiles   string // a template of addresses; "" for none
	Credit  string
	Box     string // south,west,north,east, for map.js
	Moves   []mapMove
}

// A spot is something to show on a map.
type spot struct {
	Kind, Title, URL string
	Where, When, Far string
	Point            federation.Point
}

// A marker is one spot, or several that would cover each other.
type marker struct {
	N        int
	X, Y     float64 // percent
	Kind     string  // of all of them, or "several"
	Label    string
	URL      string
	More     int // spots besides the first
	Lat, Lon float64
}

type mapTown struct {
	X, Y float64
	Name string
	Left bool // its name is on the left
}

type mapRow struct {
	spot
	N    int
	Word string // of the kind
}

type mapKind struct{ Kind, Word string }

type mapBar struct {
	Width float64 // percent
	Text  string
}

// A mapMove leads to another view of the map.
type mapMove struct{ Icon, Text, URL string }

// The view is a plane of so many units; the page stretches it to its width.
const (
	mapWidth  = 1200.0
	mapHeight = 900.0
	clutter   = 84.0 // nearer to each other than this, markers become one
)

// Zoom levels are those of web maps: at 0 the world is 256 of their pixels
// wide, and two of our units are one.
const minZoom, maxZoom = 1.0, 14.0

// A frame is which part of the world is seen.
type frame struct {
	x, y float64 // the centre, on a world one wide
	zoom float64
}

// mercator places a point on a world one wide and one high.
func mercator(p federation.Point) (x, y float64) {
	sin := math.Sin(max(-85, min(85, p.Latitude)) * math.Pi / 180)
	return p.Longitude/360 + 0.5, 0.5 - math.Log((1+sin)/(1-sin))/(4*math.Pi)
}

// unmercator is the inverse.
func unmercator(x, y float64) federation.Point {
	return federation.Point{
		Latitude: math.Atan(math.Sinh(math.Pi*(1-2*y))) * 180 / math.Pi, Longitude: (x - 0.5) * 360,
	}
}

func (f frame) units() float64 { return 512 * math.Exp2(f.zoom) }

// place returns where a point is, in units of the view.
func (f frame) place(p federation.Point) (x, y float64) {
	x, y = mercator(p)
	return (x-f.x)*f.units() + mapWidth/2, (y-f.y)*f.units() + mapHeight/2
}

func (f frame) at(x, y float64) federation.Point {
	return unmercator(f.x+(x-mapWidth/2)/f.units(), f.y+(y-mapHeight/2)/f.units())
}

// fit returns the frame that shows all spots with some room around.
func fit(spots []spot) frame {
	west, north, east, south := 1.0, 1.0, 0.0, 0.0
	for _, s := range spots {
		x, y := mercator(s.Point)
		west, east, north, south = min(west, x), max(east, x), min(north, y), max(south, y)
	}
	f := frame{x: (west + east) / 2, y: (north + south) / 2, zoom: 10}
	if wide := max((east-west)/mapWidth, (south-north)/mapHeight) * 1.35 * 512; wide > 0 {
		f.zoom = min(10, math.Floor(-math.Log2(wide)*2)/2)
	}
	f.zoom = max(minZoom, f.zoom)
	return f
}

// frameOf returns the frame that the visitor chose: "latitude,longitude,zoom".
func frameOf(text string) (f frame, ok bool) {
	cells := strings.Split(text, ",")
	if len(cells) != 3 {
		return f, false
	}
	p := pointOf(cells[0], cells[1])
	zoom, err := strconv.ParseFloat(cells[2], 64)
	if p == nil || err != nil || math.IsNaN(zoom) {
		return f, false
	}
	f.x, f.y = mercator(*p)
	f.zoom = max(minZoom, min(maxZoom, zoom))
	return f, true
}

func (f frame) String() string {
	p := unmercator(f.x, f.y)
	return fmt.Sprintf("%.4f,%.4f,%g", p.Latitude, p.Longitude, f.zoom)
}

// mapView draws spots; nil if there are none.
func (v *visit) mapView(spots []spot) *mapView {
	if len(spots) == 0 {
		return nil
	}
	f, ok := frameOf(v.r.URL.Query().Get("map"))
	if !ok {
		f = fit(spots)
	}
	m := &mapView{Printer: v.words, Land: land(f), Single: len(spots) == 1, Tiles: v.facts.setting("map.tiles"), Credit: gazetteer.Attribution}
	if m.Tiles != "" {
		m.Credit = v.facts.setting("map.attribution")
	}
	m.mark(v, f, spots)
	m.Towns = towns(f, m.Markers)
	m.Bar = v.bar(f)
	m.Moves = v.moves(f)
	south, north := f.at(0, mapHeight), f.at(mapWidth, 0)
	m.Box = fmt.Sprintf("%.5f,%.5f,%.5f,%.5f", south.Latitude, south.Longitude, north.Latitude, north.Longitude)
	if m.Single {
		m.OSM = openStreetMap(spots[0].Point)
	}
	return m
}

func openStreetMap(p federation.Point) string {
	lat, lon := degrees(p, 5)
	return "https://www.openstreetmap.org/?mlat=" + lat + "&mlon=" + lon + "#map=15/" + lat + "/" + lon
}

// mark makes the markers, each of spots that lie near to each other, and the
// rows of the table.
func (m *mapView) mark(v *visit, f frame, spots []spot) {
	known := map[string]bool{}
	for _, s := range spots {
		x, y := f.place(s.Point)
		k := m.at(x, y)
		word := v.words.T("page_map_" + s.Kind)
		if k == nil {
			k = &marker{
				N: len(m.Markers) + 1, X: percent(x, mapWidth), Y: percent(y, mapHeight), Kind: s.Kind, URL: s.URL,
				Label: word + " : " + s.Title, Lat: s.Point.Latitude, Lon: s.Point.Longitude,
			}
			m.Markers = append(m.Markers, k)
		} else {
			if k.More++; k.Kind != s.Kind {
				k.Kind = "several"
			}
			k.Label = v.words.T("page_map_cluster", "Count", k.More+1)
			k.URL = v.mapURL(frame{zoom: min(maxZoom, f.zoom+2)}.centred(federation.Point{Latitude: k.Lat, Longitude: k.Lon}))
			if f.zoom >= maxZoom-1 || k.Lat == s.Point.Latitude && k.Lon == s.Point.Longitude {
				k.URL = "#map-" + strconv.Itoa(k.N)
			}
		}
		if !known[s.Kind] {
			known[s.Kind] = true
			m.Kinds = append(m.Kinds, mapKind{s.Kind, word})
		}
		m.Rows = append(m.Rows, mapRow{s, k.N, word})
	}
	slices.SortStableFunc(m.Rows, func(a, b mapRow) int { return cmp.Compare(a.N, b.N) })
}

func (f frame) centred(p federation.Point) frame {
	f.x, f.y = mercator(p)
	return f
}

func percent(x, of float64) float64 { return math.Round(x/of*1e4) / 100 }

// at returns the marker that would be covered by one there.
func (m *mapView) at(x, y float64) *marker {
	for _, k := range m.Markers {
		if math.Hypot(k.X*mapWidth/100-x, k.Y*mapHeight/100-y) < clutter {
			return k
		}
	}
	return nil
}

// Seen reports whether a marker is in the view.
func (k *marker) Seen() bool { return k.X >= 0 && k.X <= 100 && k.Y >= 0 && k.Y <= 100 }

// First reports whether a row is the first of its marker, which links to it.
func (m *mapView) First(i int) bool { return i == 0 || m.Rows[i-1].N != m.Rows[i].N }

// land draws the outlines that are seen, as the data of a path.
func land(f frame) template.HTML {
	a, b := f.at(-mapWidth/4, mapHeight*1.25), f.at(mapWidth*1.25, -mapHeight/4)
	west, south, east, north := int32(a.Longitude*gazetteer.Unit), int32(a.Latitude*gazetteer.Unit), int32(b.Longitude*gazetteer.Unit), int32(b.Latitude*gazetteer.Unit)
	var d []byte
	for _, r := range plane() {
		if r.East >= west && r.West <= east && r.North >= south && r.South <= north {
			d = r.outline(d, f)
		}
	}
	return template.HTML(`<path d="` + string(d) + `"/>`) //nolint:gosec // digits
}

// A planeRing is a ring with its points on a world one wide and one high.
type planeRing struct {
	gazetteer.Ring
	points [][2]float64
}

// plane is every ring there is, placed once.
var plane = sync.OnceValue(func() (all []planeRing) {
	for _, area := range gazetteer.Areas() {
		for _, r := range area.Rings {
			p := planeRing{Ring: r, points: make([][2]float64, len(r.Line)/2)}
			for i := range p.points {
				x, y := mercator(federation.Point{Latitude: float64(r.Line[2*i+1]) / gazetteer.Unit, Longitude: float64(r.Line[2*i]) / gazetteer.Unit})
				p.points[i] = [2]float64{x, y}
			}
			all = append(all, p)
		}
	}
	return all
})

// outline adds a ring, without the points that would not be seen.
func (r planeRing) outline(d []byte, f frame) []byte {
	const least = 3 // units
	var px, py int
	begun, n := len(d), 0
	units := f.units()
	for _, p := range r.points {
		x, y := int(math.Round((p[0]-f.x)*units+mapWidth/2)), int(math.Round((p[1]-f.y)*units+mapHeight/2))
		switch {
		case n == 0:
			d = append(d, 'M')
			d = strconv.AppendInt(d, int64(x), 10)
			d = append(d, ' ')
			d = strconv.AppendInt(d, int64(y), 10)
			d = append(d, 'l')
		case max(x-px, px-x)+max(y-py, py-y) < least:
			continue
		default:
			d = append(d, ' ')
			d = strconv.AppendInt(d, int64(x-px), 10)
			d = append(d, ' ')
			d = strconv.AppendInt(d, int64(y-py), 10)
		}
		px, py = x, y
		n++
	}
	if n < 3 {
		return d[:begun]
	}
	return append(d, 'z')
}

// towns are the largest in view, for orientation, where nothing else is.
func towns(f frame, markers []*marker) (list []mapTown) {
	const wide, high = 32.0, 6.5 // percent that a name takes, on a phone
	a, b := f.at(mapWidth*0.02, mapHeight*0.94), f.at(mapWidth*0.98, mapHeight*0.06)
	begin := func(t mapTown) float64 {
		if t.Left {
			return t.X - wide
		}
		return t.X - 1
	}
	for _, p := range gazetteer.Largest(a.Latitude, a.Longitude, b.Latitude, b.Longitude, 60) {
		x, y := f.place(p.Point)
		t := mapTown{X: percent(x, mapWidth), Y: percent(y, mapHeight), Name: p.Name, Left: x > mapWidth*0.6}
		free := len(list) < 10 && (t.X < 80 || t.Y > 30) && (t.X > 35 || t.Y < 86) // there are the links to move, and the bar
		for _, o := range list {
			free = free && (math.Abs(begin(o)-begin(t)) > wide || math.Abs(o.Y-t.Y) > high)
		}
		for _, k := range markers {
			free = free && (k.X < begin(t)-5 || k.X > begin(t)+wide+5 || math.Abs(k.Y-t.Y) > high)
		}
		if free {
			list = append(list, t)
		}
	}
	return list
}

// bar is a length that the view shows, with a round number of kilometres.
func (v *visit) bar(f frame) mapBar {
	perUnit := f.at(0, mapHeight/2).Kilometres(f.at(mapWidth/4, mapHeight/2)) / (mapWidth / 4)
	km := 0.1
	for _, next := range []float64{0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000} {
		if next/perUnit < mapWidth/4 {
			km = next
		}
	}
	return mapBar{percent(km/perUnit, mapWidth), v.words.Quantity(federation.Decimal(strconv.FormatFloat(km, 'f', -1, 64)), "kilometre")}
}

// moves lead nearer, farther, and to each side.
func (v *visit) moves(f frame) []mapMove {
	step := 1 / f.units()
	move := func(icon, id string, dx, dy, zoom float64) mapMove {
		g := f
		g.x, g.y, g.zoom = max(0, min(1, f.x+dx*step)), max(0, min(1, f.y+dy*step)), max(minZoom, min(maxZoom, f.zoom+zoom))
		return mapMove{icon, v.words.T(id), v.mapURL(g)}
	}
	all := []mapMove{
		move("plus", "page_map_in", 0, 0, 1), move("minus", "page_map_out", 0, 0, -1),
		move("arrow-left", "page_map_west", -mapWidth/3, 0, 0), move("arrow-up", "page_map_north", 0, -mapHeight/3, 0),
		move("arrow-down", "page_map_south", 0, mapHeight/3, 0), move("arrow-right", "page_map_east", mapWidth/3, 0, 0),
	}
	if v.r.URL.Query().Has("map") {
		all = append(all, mapMove{"refresh-cw", v.words.T("page_map_all"), v.with("map", "") + "#map"})
	}
	return all
}

func (v *visit) mapURL(f frame) string { return v.with("map", f.String()) + "#map" }

// with returns the address of this page with another value of a parameter;
// without it, if the value is empty.
func (v *visit) with(name, value string, more ...string) string {
	q := v.r.URL.Query()
	for _, n := range []string{"done", "lang", "after"} {
		q.Del(n)
	}
	pairs := append([]string{name, value}, more...)
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Del(pairs[i])
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return v.r.URL.EscapedPath()
	}
	return v.r.URL.EscapedPath() + "?" + q.Encode()
}

// withMap makes a page load what its map needs, and from where.
func (v *visit) withMap(p *page, m *mapView) *page {
	if m == nil {
		return p
	}
	p.Scripts = append(p.Scripts[:len(p.Scripts):len(p.Scripts)], "map.js")
	p.tiles = tileSource(m.Tiles)
	return p
}

// tileSource returns the one source of pictures that a template of tiles names,
// as a Content-Security-Policy has it; "" if it names none: https, of a host,
// and nothing that could end the directive.
func tileSource(template string) string {
	u, err := url.Parse(strings.NewReplacer("{z}", "0", "{x}", "0", "{y}", "0").Replace(template))
	host, _, _ := strings.Cut(strings.TrimPrefix(template, "https://"), "/")
	if err != nil || u.Scheme != "https" || u.User != nil || u.Fragment != "" || !tileHost.MatchString(host) || strings.ContainsAny(template, " ;,'\"<>\\") {
		return ""
	}
	return "https://" + host
}

var tileHost = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$`)
