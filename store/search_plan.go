// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"slices"
	"time"
)

// How a search finds its page. PostgreSQL knows how often each word and value
// occurs and chooses well. SQLite knows averages only: it would read all ten
// thousand rows that have a word, and sort them, to show twenty. So it is told:
//
//   - Where few rows meet one of the conditions, they are read and sorted.
//   - Otherwise an index is read in the order of the list until the page is
//     full, which is soon, and the conditions are only checked. Tags and modes
//     have such indexes of their own, and apart in them what everybody finds:
//     a tag may be in the posts of peers a hundred thousand times.
//
// How often words occur is not known before they are looked up, which is most
// of the work. So with words the beginning of the list is read first, and if
// that does not fill the page, they are rare enough to be sorted.

// few is how many rows are rather sorted than looked for in order.
const few = 2000

// A plan says by what a statement finds its rows. The zero one leaves it to
// the database.
type plan struct {
	index string  // that is read
	facet facet   // whose rows are read, in the order of the list, and then objects
	part  part    // of what is found
	by    string  // the condition that finds rows without one, of the criteria
	from  *window // what part of the list is read; nil for all
	span  span    // which events are read
}

// A part of what a query finds.
type part int

const (
	allParts       part = iota
	openPart            // what everybody finds
	restrictedPart      // what only some do
)

// A span is which events are read of those that are not over at a time.
type span int

const (
	anySpan   span = iota
	shortSpan      // those that began a month before it at most
	longSpan       // those that go on for longer
)

// month is what a long event is longer than: as the index objects_long has it,
// in words that the database finds there.
const (
	month    = 31 * 24 * time.Hour
	longerBy = `o.end_at > o.start_at + 2678400000000`
)

// ongoing reports whether a list begins with what is not over: where all that
// ever was has an earlier start.
func (q Query) ongoing(kind string) bool {
	return q.Sort == SortStart && !q.From.IsZero() && kind == "event"
}

// within keeps a list to what a plan reads of it.
func (p plan) within(q Query, w *where) {
	switch p.span {
	case shortSpan:
		w.and(p.column("start_at")+` >= ?`, q.From.Add(-month))
	case longSpan:
		w.and(longerBy+` AND o.end_at >= ? AND o.start_at < ?`, q.From, q.From.Add(-month))
	}
}

// spans asks for one kind; where most of the list is over, for what began
// lately and for what goes on for long.
func (tx *Tx) spans(ctx context.Context, q Query, kind string, after *hit, p plan) ([]hit, error) {
	if !q.ongoing(kind) {
		return tx.ask(ctx, q, []string{kind}, after, p)
	}
	p.span = longSpan
	long := p
	if long.facet = (facet{}); !tx.postgres() {
		long.index = "objects_long"
	}
	list, err := tx.ask(ctx, q, []string{kind}, after, long)
	if err != nil {
		return nil, err
	}
	p.span = shortSpan
	short, err := tx.ask(ctx, q, []string{kind}, after, p)
	return append(list, short...), err // each in its order: long ones began before
}

// hint is what SQLite has after the name of the table.
func (tx *Tx) hint(p plan) string {
	switch {
	case tx.postgres():
	case p.index != "":
		return ` INDEXED BY ` + p.index
	case p.by != "":
		return ` NOT INDEXED` // but by its number
	}
	return ""
}

// tags has the rows of one facet found, of one kind in the order of the list
// unless they come by who reads them, and each object by its number. It returns
// what to read from.
func (tx *Tx) tags(w *where, q Query, kinds []string, p plan) string {
	w.and(`t.facet = ? AND t.tag = ?`, p.facet.name, p.facet.tag)
	if len(kinds) == 1 {
		w.and(`t.kind = ?`, kinds[0])
	} else {
		w.and(`t.kind IN (?)`, among(kinds))
	}
	if q.LocalOnly {
		w.and(`t.local = 1`)
	}
	w.and(`o.seq = t.object AND o.gone = 0`)
	index := `NOT INDEXED` // but by the table's own order
	switch {
	case tx.postgres():
		index = ``
	case p.by == "readers":
		index = `INDEXED BY object_tags_by_object`
	case q.LocalOnly && q.starts():
		index = `INDEXED BY object_tags_own_start`
	case q.LocalOnly:
		index = `INDEXED BY object_tags_own`
	case q.starts():
		index = `INDEXED BY object_tags_by_start`
	}
	return `object_tags t ` + index + ` CROSS JOIN objects o` + tx.hint(plan{by: "seq"})
}

// column names one that tags have too.
func (p plan) column(name string) string {
	switch {
	case p.facet.name == "":
		return "o." + name
	case name == "seq":
		return "t.object"
	}
	return "t." + name
}

// checks reports whether a condition is not what finds the rows: it has to be
// asked of each.
func (p plan) checks(by string) bool {
	p.span = anySpan
	return p != plan{} && p.by != by
}

// A criterion is a condition that an index can answer.
type criterion struct {
	plan

	query string
	args  []any
}

// criteria are those of a query, without its words.
func (q Query) criteria(kinds []string) (all []criterion) {
	add := func(p plan, query string, args ...any) { all = append(all, criterion{p, query, args}) }
	if q.Author != "" {
		add(plan{index: "objects_by_author"}, `objects WHERE attributed_to = ? AND gone = 0`, q.Author)
	}
	if q.Circuit != "" {
		add(plan{index: "objects_by_audience"}, `objects WHERE audience = ? AND audience <> '' AND gone = 0`, q.Circuit)
	}
	if q.Category != "" {
		add(plan{index: "objects_by_category"}, `objects WHERE kind IN (?) AND category = ? AND category <> '' AND gone = 0`, among(kinds), q.Category)
	}
	for _, f := range q.facets() {
		add(plan{by: f.name}, `object_tags WHERE facet = ? AND tag = ? AND kind IN (?)`, f.name, f.tag, among(kinds))
	}
	if q.around() {
		south, north, west, east := rectangle(*q.Near, q.RadiusKm)
		add(plan{by: "place"}, `object_places WHERE max_lat >= ? AND min_lat <= ? AND max_lon >= ? AND min_lon <= ?`, south, north, west, east)
	}
	return all
}

// narrow returns the plan that reads fewest rows, if they are few.
func (tx *Tx) narrow(ctx context.Context, q Query) (best plan, ok bool, err error) {
	least := int64(q.few) + 1
	for _, c := range q.criteria(q.Kinds) {
		n, err := tx.number(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM `+c.query+` LIMIT ?)`, append(c.args, least)...)
		if err != nil {
			return best, false, err
		}
		if n < least {
			best, least, ok = c.plan, n, true
		}
	}
	return best, ok, nil
}

// rare reports whether few objects have the words of a query.
func (tx *Tx) rare(ctx context.Context, q Query) (bool, error) {
	_, words := tx.match(q.Text, nil)
	n, err := tx.number(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM object_words WHERE object_words MATCH ? LIMIT ?)`, words[0], q.few+1)
	return n <= int64(q.few), err
}

// planned is [Tx.hits] for SQLite.
func (tx *Tx) planned(ctx context.Context, q Query, after *hit) ([]hit, error) {
	p, ok, err := tx.narrow(ctx, q)
	switch c, _ := tx.match(q.Text, nil); {
	case err != nil:
		return nil, err
	case ok:
		return tx.ask(ctx, q, q.Kinds, after, p)
	case q.Sort == SortNear:
		return tx.nearest(ctx, q, after)
	case c == "":
		return tx.walk(ctx, q, after)
	}
	return tx.walkByWords(ctx, q, after)
}

// walk reads the list of each kind in its order.
func (tx *Tx) walk(ctx context.Context, q Query, after *hit) ([]hit, error) {
	if f := q.facets(); len(f) > 0 {
		return tx.byFacet(ctx, q, after, plan{facet: f[0]})
	}
	p := plan{index: "objects_by_kind"}
	if q.LocalOnly {
		p.index = "objects_own"
	}
	if q.starts() {
		p.index = "objects_by_start"
		if q.LocalOnly {
			p.index = "objects_own_start"
		}
	}
	return tx.byKind(ctx, q, after, p)
}

// byFacet reads what has one facet, kind by kind: what everybody finds, and then
// what only some do.
func (tx *Tx) byFacet(ctx context.Context, q Query, after *hit, p plan) ([]hit, error) {
	p.part = openPart
	list, err := tx.byKind(ctx, q, after, p)
	if err != nil || q.Viewer == "" {
		return list, err
	}
	p.part = restrictedPart
	n, err := tx.number(ctx, `
		SELECT COUNT(*) FROM (SELECT 1 FROM object_tags WHERE facet = ? AND tag = ? AND kind IN (?) AND open = 0 LIMIT ?) x`,
		p.facet.name, p.facet.tag, among(q.Kinds), q.few/10+1)
	switch {
	case err != nil || n == 0:
		return list, err
	case n <= int64(q.few/10):
		return tx.byKind(ctx, q, after, p, list...)
	}
	little, err := tx.readsLittle(ctx, q)
	if err != nil {
		return nil, err
	}
	if !little {
		return tx.byKind(ctx, q, after, p, list...)
	}
	p.by = "readers"
	more, err := tx.ask(ctx, q, q.Kinds, after, p)
	return q.merged(append(list, more...)), err
}

// readsLittle reports whether the viewer may read little of what only some find:
// then that is where to begin.
func (tx *Tx) readsLittle(ctx context.Context, q Query) (bool, error) {
	n, err := tx.number(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM (`+readableBy+`) r LIMIT ?) x`, q.Viewer, q.Viewer, q.Viewer, q.few+1)
	return n <= int64(q.few), err
}

// by is the column that a list is ordered by, unless by nearness.
func (q Query) by() string {
	if q.starts() {
		return "start_at"
	}
	return "published"
}

// starts reports whether the order is that of when things begin.
func (q Query) starts() bool { return q.Sort == SortStart || q.Sort == SortLast }

// listed is the condition of the index of that name, word by word.
const listed = `o.kind IN ('offer', 'need', 'event', 'article')`

// isListed reports whether all of kinds are in that index.
func isListed(kinds ...string) bool {
	return !slices.ContainsFunc(kinds, func(k string) bool { return !slices.Contains(searchKinds, k) })
}
