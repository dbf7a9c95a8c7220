// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"strings"
)

// walkByWords reads the beginning of one list of all kinds, and then, if that
// does not fill the page, everything that has the words.
func (tx *Tx) walkByWords(ctx context.Context, q Query, after *hit) (_ []hit, err error) {
	if p, ok := q.list(); ok {
		if p.from, err = tx.window(ctx, q, after, p); err != nil {
			return nil, err
		}
		hits, err := tx.inOrder(ctx, q, after, p)
		if err != nil || p.from == nil || len(hits) > q.Limit {
			return hits, err
		}
	}
	return tx.ask(ctx, q, q.Kinds, after, plan{by: "words"})
}

// inOrder reads one list of all kinds.
func (tx *Tx) inOrder(ctx context.Context, q Query, after *hit, p plan) ([]hit, error) {
	if len(q.Kinds) == 1 {
		hits, err := tx.spans(ctx, q, q.Kinds[0], after, p)
		return hits[:min(len(hits), q.Limit+1)], err
	}
	return tx.ask(ctx, q, q.Kinds, after, p)
}

// list is the plan that reads all kinds in order, if there is one.
func (q Query) list() (p plan, ok bool) {
	switch {
	case q.starts() && len(q.Kinds) != 1:
		return p, false
	case q.starts() && q.LocalOnly:
		p.index = "objects_own_start"
	case q.starts():
		p.index = "objects_by_start"
	case q.LocalOnly:
		p.index = "objects_local"
	case !isListed(q.Kinds...):
		return p, false
	default:
		p.index = "objects_listed"
	}
	return p, true
}

// A window is the beginning of a list.
type window struct {
	end       int64 // the time of its last row
	low, high int64 // the numbers of its rows are between these
}

// window returns the beginning of a list; nil if that is the whole list.
func (tx *Tx) window(ctx context.Context, q Query, after *hit, p plan) (*window, error) {
	w := new(where)
	w.and(`o.gone = 0`)
	if q.starts() {
		w.and(`o.kind = ? AND o.start_at > 0`, q.Kinds[0])
	}
	if q.LocalOnly {
		w.and(`o.local = 1`)
	}
	if p.index == "objects_listed" {
		w.and(listed)
	}
	if q.Sort == SortStart && !q.From.IsZero() { // what is over is not on the way
		w.and(`(o.end_at >= ? OR o.end_at = 0)`, q.From)
		if q.ongoing(q.Kinds[0]) {
			plan{span: shortSpan}.within(q, w)
		}
	}
	if !q.Ended.IsZero() { // nor is what is to come
		w.and(`o.start_at < ?`, q.Ended)
	}
	_, order, _ := q.order(w, after, p)
	at, last := p.column(q.by()), `MIN(at)`
	if q.Sort == SortStart {
		last = `MAX(at)`
	}
	n := 0
	list, err := all(ctx, tx, func(r row) (b window, err error) { err = r.Scan(&n, &b.end, &b.low, &b.high); return b, err },
		`SELECT COUNT(*), COALESCE(`+last+`, 0), COALESCE(MIN(seq), 0), COALESCE(MAX(seq), 0) FROM (
			SELECT `+at+` AS at, o.seq FROM objects o`+tx.hint(p)+` WHERE `+strings.Join(w.conditions, ` AND `)+` ORDER BY `+order+` LIMIT ?)`,
		append(w.args, q.few)...)
	if err != nil || n < q.few {
		return nil, err
	}
	if q.starts() && q.ongoing(q.Kinds[0]) {
		err = tx.widen(ctx, q, &list[0])
	}
	return &list[0], err
}

// widen takes events into a window that began long before it and go on.
func (tx *Tx) widen(ctx context.Context, q Query, b *window) error {
	w := new(where)
	w.and(`o.kind = ? AND o.gone = 0 AND o.start_at > 0`, q.Kinds[0])
	plan{span: longSpan}.within(q, w)
	return tx.each(ctx, func(r row) error {
		var low, high int64
		err := r.Scan(&low, &high)
		if low > 0 {
			b.low, b.high = min(b.low, low), max(b.high, high)
		}
		return err
	}, `SELECT COALESCE(MIN(o.seq), 0), COALESCE(MAX(o.seq), 0) FROM objects o INDEXED BY objects_long WHERE `+strings.Join(w.conditions, ` AND `), w.args...)
}

// within keeps a list to its window.
func (w *where) within(q Query, p plan) {
	switch at := p.column(q.by()); {
	case p.from == nil:
	case q.Sort == SortStart:
		w.and(at+` <= ?`, p.from.end)
	default:
		w.and(at+` >= ?`, p.from.end)
	}
	if p.from != nil {
		w.and(`o.seq BETWEEN ? AND ?`, p.from.low, p.from.high)
	}
}
