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
		p.facet = f[0]
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
