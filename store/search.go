// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// searchKinds are what a search looks for unless told.
var searchKinds = []string{"offer", "need", "event", "article"}

// Orders of a search.
const (
	SortDate  = "date"  // newest first
	SortNear  = "near"  // nearest first
	SortStart = "start" // next one first
	SortLast  = "last"  // the one that began last first
)

// A Query finds objects. Its zero value finds every public offer, need, event
// and article, newest first.
type Query struct {
	Kinds     []string // of federation.Index
	Text      string   // every word must occur, or begin a word
	Tag       string
	Category  string
	Mode      string
	Near      *federation.Point
	RadiusKm  float64   // 0: anywhere
	From      time.Time // ends at or after
	Until     time.Time // begins before
	Ended     time.Time // is over by then
	Author    federation.IRI
	Circuit   federation.IRI // that it was published for
	LocalOnly bool
	OpenOnly  bool
	Viewer    federation.IRI // sees, besides what is public, what they may read
	Sort      string         // one of the SortXxx constants
	Cursor    string
	Limit     int

	few int // see the constant; in tests less
}

// maxFound is how much one search finds at most: what a calendar of a month
// shows.
const maxFound = 300

// A Found is an object, without its document in Raw, and its distance from
// Query.Near, -1 if unknown.
type Found struct {
	Object *federation.Object
	Km     float64
}

// A hit is where a found object stands in the order of the search: rank
// ascends, whatever the sort.
type hit struct {
	rank float64
	seq  int64
}

// Search returns a page of what a query finds.
func (tx *Tx) Search(ctx context.Context, q Query) (found []Found, next string, err error) {
	if q.few = cmp.Or(q.few, few); q.Limit <= 0 || q.Limit > maxFound {
		q.Limit = maxLimit
	}
	if q.Near == nil && q.Sort == SortNear {
		q.Sort = SortDate
	}
	if len(q.Kinds) == 0 {
		q.Kinds = searchKinds
	}
	after, err := hitOf(q.Cursor)
	if err != nil {
		return nil, "", err
	}
	for range maxRounds {
		hits, err := tx.hits(ctx, q, after)
		if err != nil {
			return nil, "", err
		}
		more := len(hits) > q.Limit
		hits = hits[:min(len(hits), q.Limit)]
		objects, err := tx.objectsAt(ctx, listedColumns, hitSeqs(hits))
		if err != nil {
			return nil, "", err
		}
		for i, h := range hits {
			after = &h
			o := objects[h.seq]
			if o == nil {
				continue
			}
			if ok, err := tx.MayRead(ctx, q.Viewer, o); err != nil {
				return nil, "", err
			} else if ok {
				found = append(found, Found{o, q.km(o)})
			}
			if len(found) == q.Limit && (more || i < len(hits)-1) {
				return found, h.cursor(), nil
			}
		}
		if !more {
			return found, "", nil
		}
	}
	return found, after.cursor(), nil
}

// Upcoming returns events that are not over, the next one first.
func (tx *Tx) Upcoming(ctx context.Context, viewer federation.IRI, cursor string, limit int) ([]*federation.Object, string, error) {
	found, next, err := tx.Search(ctx, Query{
		Kinds: []string{"event"}, From: tx.now, Sort: SortStart, Viewer: viewer, Cursor: cursor, Limit: limit,
	})
	var events []*federation.Object
	for _, f := range found {
		events = append(events, f.Object)
	}
	return events, next, err
}

// hits returns what comes after a hit, and one more than a page if there is.
func (tx *Tx) hits(ctx context.Context, q Query, after *hit) ([]hit, error) {
	switch {
	case !tx.postgres():
		return tx.planned(ctx, q, after)
	case q.Sort == SortNear:
		return tx.nearest(ctx, q, after)
	case q.starts() && len(q.Kinds) > 1:
		return tx.ask(ctx, q, q.Kinds, after, plan{})
	}
	return tx.byIndex(ctx, q, after)
}

// byIndex asks PostgreSQL so that it can read an index in the order of the list
// and stop, if it finds that better: for all that is in objects_listed at once,
// and for other kinds one at a time.
func (tx *Tx) byIndex(ctx context.Context, q Query, after *hit) (list []hit, err error) {
	p, err := tx.crowded(ctx, q)
	if err != nil {
		return nil, err
	}
	if f := q.facets(); len(f) > 0 && q.Text == "" && (p.by != "" || !q.around()) {
		p.facet = f[0].name
		return tx.byFacet(ctx, q, after, p)
	}
	together := slices.DeleteFunc(slices.Clone(q.Kinds), func(k string) bool { return !isListed(k) })
	if len(together) > 1 {
		if list, err = tx.ask(ctx, q, together, after, p); err != nil {
			return nil, err
		}
		q.Kinds = slices.DeleteFunc(slices.Clone(q.Kinds), func(k string) bool { return isListed(k) })
	}
	return tx.byKind(ctx, q, after, p, list...)
}

// crowded tells PostgreSQL not to begin with the place where there is much: of
// how much lies in a rectangle it knows nothing.
func (tx *Tx) crowded(ctx context.Context, q Query) (p plan, err error) {
	if !q.around() {
		return p, nil
	}
	south, north, west, east := rectangle(*q.Near, q.RadiusKm)
	n, err := tx.number(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM objects o WHERE o.placed = 1 AND `+inBox+` LIMIT ?) x`,
		west, south, east, north, q.few+1)
	if n > int64(q.few) {
		p.by = "list"
	}
	return p, err
}

// byKind asks for one kind at a time, so that each statement reads an index in
// its order and stops. What was found before is put in its place.
func (tx *Tx) byKind(ctx context.Context, q Query, after *hit, p plan, list ...hit) ([]hit, error) {
	for _, kind := range q.Kinds {
		hits, err := tx.spans(ctx, q, kind, after, p)
		if err != nil {
			return nil, err
		}
		list = append(list, hits...)
	}
	return q.merged(list), nil
}

// merged puts what several statements found in its order.
func (q Query) merged(list []hit) []hit {
	sign := int64(1)
	if q.Sort != SortStart {
		sign = -1
	}
	slices.SortFunc(list, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(sign*a.seq, sign*b.seq))
	})
	return list[:min(len(list), q.Limit+1)]
}

// nearest widens its circle until it holds a page: what is sought is mostly
// near, and the rest need not be sorted.
func (tx *Tx) nearest(ctx context.Context, q Query, after *hit) ([]hit, error) {
	reach := q.RadiusKm
	if reach <= 0 {
		reach = everywhere
	}
	circle := 1.0
	if q.Text != "" { // each look at the words costs more than a wide circle
		circle = 8
	}
	if after != nil {
		circle = max(circle, 2*earth*math.Asin(math.Sqrt(min(1, max(0, after.rank)))))
	}
	for first := circle; ; circle *= 4 {
		q.RadiusKm = min(circle, reach)
		p := plan{}
		if !tx.postgres() && q.RadiusKm < everywhere {
			p.by = "place"
		}
		hits, err := tx.ask(ctx, q, q.Kinds, after, p)
		if err != nil || len(hits) > q.Limit || circle >= reach {
			return hits, err
		}
		if circle == first && p.by != "" && q.Text != "" {
			if rare, err := tx.rare(ctx, q); err != nil {
				return nil, err
			} else if rare {
				q.RadiusKm = reach
				return tx.ask(ctx, q, q.Kinds, after, plan{by: "words"})
			}
		}
	}
}

func (tx *Tx) ask(ctx context.Context, q Query, kinds []string, after *hit, p plan) ([]hit, error) {
	query, args := tx.searchQuery(q, kinds, after, p)
	return all(ctx, tx, func(r row) (h hit, err error) { err = r.Scan(&h.rank, &h.seq); return h, err }, query, args...)
}

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
	case p.facet != "": // which has one kind only
		from = tx.ordered(w, q, kinds[0], p)
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
	if p.facet == f.name {
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
	open := `o.visibility = 0`
	if p.facet != "" {
		open = `t.open = 1`
	}
	switch {
	case viewer == "" || p.part == openPart:
		w.and(open)
		return
	case p.by == "readers":
		w.and(`o.visibility > 0 AND (o.visibility > 1 OR o.attributed_to = ?) AND o.seq IN (`+readableBy+`)`, viewer, viewer, viewer, viewer)
		return
	case p.part == restrictedPart && p.facet != "":
		w.and(`t.open = 0`)
	case p.part == restrictedPart:
		w.and(`o.visibility > 0`)
	}
	named := `o.visibility > 1 AND EXISTS (SELECT 1 FROM object_addressees d WHERE d.object = o.seq AND d.actor IN (` + readersOf + `))`
	if p.part == restrictedPart {
		w.and(`(o.attributed_to = ? OR `+named+`)`, viewer, viewer, viewer)
		return
	}
	w.and(`(o.visibility = 0 OR o.attributed_to = ? OR `+named+`)`, viewer, viewer, viewer)
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

// km is how far o is from where the query looks.
func (q Query) km(o *federation.Object) float64 {
	if q.Near != nil {
		if p := federation.IndexOf(o).Point; p != nil {
			return q.Near.Kilometres(*p)
		}
	}
	return -1
}

func (h hit) cursor() string {
	return strconv.FormatFloat(h.rank, 'g', -1, 64) + "_" + strconv.FormatInt(h.seq, 36)
}

func hitOf(cursor string) (*hit, error) {
	if cursor == "" {
		return nil, nil
	}
	rank, seq, _ := strings.Cut(cursor, "_")
	r, err := strconv.ParseFloat(rank, 64)
	n, err2 := strconv.ParseInt(seq, 36, 64)
	if err != nil || err2 != nil || math.IsNaN(r) || math.IsInf(r, 0) {
		return nil, fmt.Errorf("%w: cursor %q", federation.ErrMalformed, cursor)
	}
	return &hit{r, n}, nil
}

func hitSeqs(hits []hit) []int64 {
	list := make([]int64, len(hits))
	for i, h := range hits {
		list[i] = h.seq
	}
	return list
}
