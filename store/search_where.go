// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"math"
	"slices"
	"strings"

	"codeberg.org/maillage/maillage/federation"
)

// A where collects conditions.
type where struct {
	conditions []string
	args       []any
}

func (w *where) and(condition string, args ...any) {
	w.conditions = append(w.conditions, condition)
	w.args = append(w.args, args...)
}

func (tx *Tx) searchQuery(q Query, kinds []string, after *hit, p plan) (string, []any) {
	w := new(where)
	from := `objects o` + tx.hint(p)
	switch {
	case p.facet.name != "":
		from = tx.tags(w, q, kinds, p)
	case len(kinds) == 1:
		w.and(`o.gone = 0 AND o.kind = ?`, kinds[0])
	default:
		w.and(`o.gone = 0 AND o.kind IN (?)`, among(kinds))
	}
	if p.index == "objects_listed" || tx.postgres() && len(kinds) > 1 && isListed(kinds...) {
		w.and(listed)
	}
	if q.starts() {
		w.and(p.column("start_at") + ` > 0`)
	}
	w.within(q, p)
	p.within(q, w)
	w.visible(q.Viewer, p)
	tx.filter(w, q, kinds, p)
	if c, args := tx.match(q.Text, p.from); c != "" {
		if p.checks("words") && !tx.postgres() {
			c = "+" + c // no index on that
		}
		w.and(c, args...)
	}
	if q.Near != nil && (q.RadiusKm > 0 || q.Sort == SortNear) {
		tx.near(w, q, p)
	}
	rank, order, args := q.order(w, after, p)
	return `SELECT ` + rank + `, o.seq FROM ` + from + ` WHERE ` + strings.Join(w.conditions, ` AND `) +
		` ORDER BY ` + order + ` LIMIT ?`, append(append(args, w.args...), q.Limit+1)
}

// filter adds the conditions that are columns, and tags.
func (tx *Tx) filter(w *where, q Query, kinds []string, p plan) {
	if q.Category != "" {
		w.and(`o.category = ? AND o.category <> ''`, q.Category)
	}
	for _, f := range q.facets() {
		tx.tagged(w, f, kinds, p)
	}
	if q.Author != "" {
		w.and(`o.attributed_to = ?`, q.Author)
	}
	if q.Circuit != "" {
		w.and(`o.audience = ? AND o.audience <> '' AND `+turnedDown, q.Circuit)
	}
	if !q.Ended.IsZero() {
		w.and(`o.end_at > 0 AND o.end_at < ? AND `+p.column("start_at")+` < ?`, q.Ended, q.Ended) // the second is where an index begins
	}
	if q.LocalOnly {
		w.and(`o.local = 1`)
	}
	if q.OpenOnly {
		w.and(`o.closed = 0`)
	}
	if !q.From.IsZero() {
		w.and(`(o.end_at >= ? OR o.end_at = 0)`, q.From)
	}
	if !q.Until.IsZero() {
		w.and(p.column("start_at")+` < ?`, q.Until)
	}
}

// A facet is what an object has several of, of those a query asks for.
type facet struct{ name, tag string }

// facets are those that a query asks for.
func (q Query) facets() (list []facet) {
	if q.Tag != "" {
		list = append(list, facet{"tag", federation.Hashtag(q.Tag)})
	}
	if q.Mode != "" {
		list = append(list, facet{"mode", q.Mode})
	}
	return list
}

// tagged asks for a tag or a mode.
func (tx *Tx) tagged(w *where, f facet, kinds []string, p plan) {
	if p.facet == f {
		return // the rows come by it
	}
	condition := `o.seq IN (SELECT object FROM object_tags WHERE facet = '` + f.name + `' AND tag = ? AND kind IN (?))`
	if !p.checks(f.name) {
		w.and(condition, f.tag, among(kinds))
		return
	}
	hint := ` INDEXED BY object_tags_by_object` // SQLite must not begin with all that have it
	if tx.postgres() {
		hint = ``
	}
	w.and(`EXISTS (SELECT 1 FROM object_tags t`+hint+` WHERE t.facet = '`+f.name+`' AND t.tag = ? AND t.object = o.seq)`, f.tag)
}

// visible leaves out what viewer surely may not read; MayRead decides on the
// rest. Unlisted objects are not to be found, except by their author.
func (w *where) visible(viewer federation.IRI, p plan) {
	open, restricted := `o.visibility = 0`, `o.visibility > 0`
	if p.facet.name != "" {
		open, restricted = `t.open = 1`, `t.open = 0`
	}
	switch {
	case viewer == "" || p.part == openPart:
		w.and(open)
		return
	case p.by == "readers":
		w.and(`t.object IN (`+readableBy+`) AND (o.visibility > 1 OR o.attributed_to = ?)`, viewer, viewer, viewer, viewer)
		return
	}
	named := `o.visibility > 1 AND EXISTS (SELECT 1 FROM object_addressees d WHERE d.object = o.seq AND d.actor IN (` + readersOf + `))`
	some := `o.attributed_to = ? OR ` + named
	if p.part == allParts {
		w.and(`(`+open+` OR `+some+`)`, viewer, viewer, viewer)
	} else {
		w.and(restricted+` AND (`+some+`)`, viewer, viewer, viewer)
	}
}

// readersOf is whom what ? may read names: them, or the followers of an actor.
const readersOf = `SELECT ? UNION ALL SELECT c.followers FROM edges e JOIN actors c ON c.id = e.target AND c.followers <> ''
	WHERE e.kind = 'Follow' AND e.source = ? AND e.pending = 0`

// readableBy is what ? wrote or may read, of what not everybody finds.
const readableBy = `SELECT seq FROM objects WHERE attributed_to = ? AND visibility > 0 AND gone = 0
	UNION ALL SELECT d.object FROM object_addressees d WHERE d.actor IN (` + readersOf + `)`

// everywhere is a radius, in kilometres, that reaches around the Earth.
const everywhere = 20100

// earth is twice the mean radius, in kilometres: distance = earth * asin(sqrt(h)).
const earth = 2 * 6371

// haversine is h of the distance between the point (?, ?) and an object. It
// grows with the distance and takes ? thrice: latitude twice, longitude once.
const haversine = `(POWER(SIN((o.lat - ?) * 0.008726646259971648), 2) +
	COS(o.lat * 0.017453292519943295) * ? * POWER(SIN((o.lon - ?) * 0.008726646259971648), 2))`

func haversineArgs(p federation.Point) []any {
	return []any{p.Latitude, math.Cos(p.Latitude * math.Pi / 180), p.Longitude}
}

// inBox is what PostgreSQL has an index for: west, south, east and north.
const inBox = `point(o.lon, o.lat) <@ box(point(?, ?), point(?, ?))`

// near narrows to a rectangle, which an index finds, and then to the circle
// within.
func (tx *Tx) near(w *where, q Query, p plan) {
	w.and(`o.placed = 1`)
	if !q.around() {
		return
	}
	south, north, west, east := rectangle(*q.Near, q.RadiusKm)
	switch {
	case p.checks("place"):
		w.and(`o.lat BETWEEN ? AND ? AND o.lon BETWEEN ? AND ?`, south, north, west, east)
	case tx.postgres():
		w.and(inBox, west, south, east, north)
	default:
		w.and(`o.seq IN (SELECT object FROM object_places WHERE max_lat >= ? AND min_lat <= ? AND max_lon >= ? AND min_lon <= ?)`,
			south, north, west, east)
	}
	s := math.Sin(q.RadiusKm / earth)
	w.and(haversine+` <= ?`, append(haversineArgs(*q.Near), s*s)...)
}

// around reports whether a circle is searched.
func (q Query) around() bool { return q.Near != nil && q.RadiusKm > 0 && q.RadiusKm < everywhere }

// rectangle returns what a circle lies in. Where it crosses a pole or the
// date line, all longitudes do.
func rectangle(p federation.Point, km float64) (south, north, west, east float64) {
	const degree = 111.19 // kilometres of latitude
	d := km/degree + 0.001
	south, north = p.Latitude-d, p.Latitude+d
	west, east = -180, 180
	if north < 89 && south > -89 {
		// The circle is widest nearer to the pole than its centre.
		wide := math.Asin(math.Min(1, math.Sin(km/6371)/math.Cos(p.Latitude*math.Pi/180)))*180/math.Pi + 0.001
		if km < 6371 && p.Longitude-wide >= -180 && p.Longitude+wide <= 180 {
			west, east = p.Longitude-wide, p.Longitude+wide
		}
	}
	return south, north, west, east
}

// order returns what is ranked by, with its arguments, and adds where the page
// begins.
func (q Query) order(w *where, after *hit, p plan) (rank, order string, args []any) {
	if q.Sort == SortNear {
		if after != nil {
			args := haversineArgs(*q.Near)
			w.and(`(`+haversine+` > ? OR `+haversine+` = ? AND o.seq > ?)`,
				slices.Concat(args, []any{after.rank}, args, []any{after.rank, after.seq})...)
		}
		return haversine, `1, o.seq`, haversineArgs(*q.Near)
	}
	seq := p.column("seq")
	switch at := p.column(q.by()); {
	case q.Sort == SortStart:
		if after != nil {
			w.and(`(`+at+`, `+seq+`) > (?, ?)`, int64(after.rank), after.seq)
		}
		return at, at + `, ` + seq, nil
	default:
		if after != nil {
			w.and(`(`+at+`, `+seq+`) < (?, ?)`, -int64(after.rank), after.seq)
		}
		return `-` + at, at + ` DESC, ` + seq + ` DESC`, nil
	}
}
