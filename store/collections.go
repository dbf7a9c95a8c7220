// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"

	"codeberg.org/maillage/maillage/federation"
)

// A list of objects is a statement that finds places in it: rows of time and
// number, after two arguments that bound them, and a limit. What a viewer may
// not read is left out afterwards.
type objectList struct {
	query     string
	args      []any // those before the bound
	ascending bool
}

// atMost is the visibility that a statement need not look beyond.
func atMost(viewer federation.IRI) federation.Visibility {
	if viewer == "" {
		return federation.VisibleUnlisted
	}
	return federation.VisibleDirect
}

func scanBound(r row) (b bound, err error) {
	err = r.Scan(&b.at, &b.seq)
	return b, err
}

// maxRounds bounds how long one page is sought among what may not be read.
const maxRounds = 20

// readable returns a page of a list.
func (tx *Tx) readable(ctx context.Context, l objectList, viewer federation.IRI, cursor string, limit int) ([]*federation.Object, string, error) {
	limit = limited(limit)
	start := newest
	if l.ascending {
		start = oldest
	}
	b, err := boundOf(cursor, start)
	if err != nil {
		return nil, "", err
	}
	var page []*federation.Object
	for range maxRounds {
		places, err := all(ctx, tx, scanBound, l.query, append(append([]any{}, l.args...), b.at, b.seq, limit+1)...)
		if err != nil {
			return nil, "", err
		}
		more := len(places) > limit
		places = places[:min(len(places), limit)]
		objects, err := tx.objectsAt(ctx, objectColumns, seqs(places))
		if err != nil {
			return nil, "", err
		}
		for i, p := range places {
			b = p
			o := objects[p.seq]
			if o == nil {
				continue
			}
			ok, err := tx.MayRead(ctx, viewer, o)
			if err != nil {
				return nil, "", err
			}
			if ok {
				page = append(page, o)
			}
			if len(page) == limit && (more || i < len(places)-1) {
				return page, b.cursor(), nil
			}
		}
		if !more {
			return page, "", nil
		}
	}
	return page, b.cursor(), nil
}

func seqs(places []bound) []int64 {
	list := make([]int64, len(places))
	for i, p := range places {
		list[i] = p.seq
	}
	return list
}

// ObjectsBy returns what author wrote, as far as viewer may read it, newest
// first.
func (tx *Tx) ObjectsBy(ctx context.Context, author, viewer federation.IRI, cursor string, limit int) ([]*federation.Object, string, error) {
	return tx.readable(ctx, objectList{query: `
		SELECT published, seq FROM objects
		WHERE attributed_to = ? AND gone = 0 AND visibility <= ? AND (published, seq) < (?, ?)
		ORDER BY published DESC, seq DESC LIMIT ?`, args: []any{author, atMost(viewer)}}, viewer, cursor, limit)
}

// turnedDown leaves out of what was published for a circuit what it did not take
// in: the Announce of it is pending.
const turnedDown = `NOT EXISTS (SELECT 1 FROM edges t WHERE t.kind = 'Announce' AND t.source = o.audience AND t.target = o.id AND t.pending = 1)`

// ObjectsIn returns what was published to a circuit and taken in by it, newest
// first, without replies.
func (tx *Tx) ObjectsIn(ctx context.Context, audience, viewer federation.IRI, cursor string, limit int) ([]*federation.Object, string, error) {
	return tx.readable(ctx, objectList{query: `
		SELECT published, seq FROM objects o
		WHERE audience = ? AND audience <> '' AND gone = 0 AND in_reply_to = '' AND visibility <= ? AND ` + turnedDown + `
			AND (published, seq) < (?, ?)
		ORDER BY published DESC, seq DESC LIMIT ?`, args: []any{audience, atMost(viewer)}}, viewer, cursor, limit)
}

// Recent returns our own public objects that are not replies, newest first.
func (tx *Tx) Recent(ctx context.Context, cursor string, limit int) ([]*federation.Object, string, error) {
	return tx.readable(ctx, objectList{query: `
		SELECT published, seq FROM objects
		WHERE local = 1 AND gone = 0 AND in_reply_to = '' AND visibility = 0 AND (published, seq) < (?, ?)
		ORDER BY published DESC, seq DESC LIMIT ?`}, "", cursor, limit)
}

// Replies returns the answers to an object that viewer may read, oldest first.
func (tx *Tx) Replies(ctx context.Context, object, viewer federation.IRI, cursor string, limit int) ([]*federation.Object, string, error) {
	return tx.readable(ctx, objectList{query: `
		SELECT published, seq FROM objects
		WHERE in_reply_to = ? AND in_reply_to <> '' AND gone = 0 AND visibility <= ? AND (published, seq) > (?, ?)
		ORDER BY published, seq LIMIT ?`, args: []any{object, atMost(viewer)}, ascending: true}, viewer, cursor, limit)
}

// Featured returns what an actor put on top of its profile, newest first: at
// most 100, public ones only.
func (tx *Tx) Featured(ctx context.Context, actor federation.IRI) ([]*federation.Object, error) {
	page, _, err := tx.readable(ctx, objectList{query: `
		SELECT e.at, o.seq FROM edges e JOIN objects o ON o.id = e.target AND o.gone = 0 AND o.visibility <= 1
		WHERE e.kind = 'Add' AND e.source = ? AND e.pending = 0 AND (e.at, o.seq) < (?, ?)
		ORDER BY e.at DESC, o.seq DESC LIMIT ?`, args: []any{actor}}, "", "", maxLimit)
	return page, err
}

// CountObjects returns how many public objects of ours there are of a kind;
// "" counts them all, replies included.
func (tx *Tx) CountObjects(ctx context.Context, kind string) (int, error) {
	query, args := `SELECT COUNT(*) FROM objects WHERE local = 1 AND gone = 0 AND visibility = 0`, []any{}
	if kind != "" {
		query, args = query+` AND kind = ?`, []any{kind}
	}
	n, err := tx.number(ctx, query, args...)
	return int(n), err
}

// Counts are the reactions to an object. That our own instance passes everything
// on is none.
type Counts struct{ Likes, Shares, Replies int }

// Counts returns the reactions to objects; of each, if only zeros.
func (tx *Tx) Counts(ctx context.Context, objects ...federation.IRI) (map[federation.IRI]Counts, error) {
	counts := make(map[federation.IRI]Counts, len(objects))
	for _, id := range objects {
		counts[id] = Counts{}
	}
	add := func(r row) error {
		var id federation.IRI
		var kind string
		var n int
		if err := r.Scan(&id, &kind, &n); err != nil {
			return err
		}
		c := counts[id]
		switch kind {
		case federation.Like:
			c.Likes = n
		case federation.Announce:
			c.Shares = n
		default:
			c.Replies = n
		}
		counts[id] = c
		return nil
	}
	err := tx.each(ctx, add, `
		SELECT target, kind, COUNT(*) FROM edges
		WHERE target IN (?) AND kind IN ('Like', 'Announce') AND pending = 0
			AND source NOT IN (SELECT value FROM settings WHERE key = 'instance')
		GROUP BY target, kind`, among(objects))
	if err != nil {
		return nil, err
	}
	err = tx.each(ctx, add, `
		SELECT in_reply_to, 'Reply', COUNT(*) FROM objects
		WHERE in_reply_to IN (?) AND in_reply_to <> '' AND gone = 0 AND visibility <= 1
		GROUP BY in_reply_to`, among(objects))
	return counts, err
}
