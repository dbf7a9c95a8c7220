// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// A FeedItem is an object, without its document in Raw, and who brought it.
type FeedItem struct {
	Object *federation.Object
	By     federation.IRI // who announced it; empty if its author published it
	At     time.Time
}

// Ways an object comes into a feed. They order what has the same time.
const (
	published = iota
	announced
	addressed
	written
	ways
)

// A candidate for a feed.
type candidate struct {
	bound // its time, and its number among those that came the same way

	way    int
	object int64
	by     federation.IRI
	parent federation.IRI // what it replies to
}

// Feed returns what those whom actor follows published or announced, what
// names actor and what actor wrote, newest first. Replies to strangers, and
// what actor may not read, are left out.
//
// Of each followed actor only the newest few are looked at, so that it does
// not matter how much is stored.
func (tx *Tx) Feed(ctx context.Context, actor federation.IRI, cursor string, limit int) (items []FeedItem, next string, err error) {
	return tx.FeedOf(ctx, actor, FeedQuery{}, cursor, limit)
}

// FeedOf is [Tx.Feed], of what q asks for.
func (tx *Tx) FeedOf(ctx context.Context, actor federation.IRI, q FeedQuery, cursor string, limit int) (items []FeedItem, next string, err error) {
	limit = limited(limit)
	after, err := candidateOf(cursor)
	if err != nil {
		return nil, "", err
	}
	closed, err := tx.closed(ctx, actor)
	if err != nil {
		return nil, "", err
	}
	shown := map[federation.IRI]bool{}
	for range maxRounds {
		list, more, err := tx.candidates(ctx, actor, q, after, limit+1)
		if err != nil {
			return nil, "", err
		}
		objects, err := tx.objectsAt(ctx, listedColumns, candidateSeqs(list))
		if err != nil {
			return nil, "", err
		}
		strange, err := tx.strangers(ctx, actor, list)
		if err != nil {
			return nil, "", err
		}
		for i, c := range list {
			if len(items) == limit {
				return items, after.cursor(), nil
			}
			after = &list[i]
			o := objects[c.object]
			if o == nil || o.Gone() || shown[o.ID] || c.way == published && strange[c.parent] || !q.near(o) {
				continue
			}
			ok, err := tx.MayRead(ctx, actor, o)
			if err == nil && ok && closed && c.way == addressed {
				ok, err = tx.follows(ctx, actor, o.AttributedTo)
			}
			if err != nil {
				return nil, "", err
			}
			if ok {
				shown[o.ID] = true
				items = append(items, FeedItem{Object: o, By: c.by, At: moment(c.at)})
			}
		}
		if !more {
			return items, "", nil
		}
	}
	return items, after.cursor(), nil
}

// The newest of each followed actor, before a bound, in one statement.
const (
	publishedSQLite = `
		SELECT o.published, o.seq, o.seq, '', o.in_reply_to
		FROM edges e CROSS JOIN objects o ON o.seq IN (
			SELECT i.seq FROM objects i
			WHERE i.attributed_to = e.target AND i.gone = 0 AND (i.published, i.seq) < (?, ?)/* of i */
			ORDER BY i.published DESC, i.seq DESC LIMIT ?)
		WHERE e.kind = 'Follow' AND e.source = ? AND e.pending = 0
		ORDER BY o.published DESC, o.seq DESC LIMIT ?`
	publishedPostgres = `
		SELECT o.published, o.seq, o.seq, '', o.in_reply_to
		FROM edges e CROSS JOIN LATERAL (
			SELECT i.published, i.seq, i.in_reply_to FROM objects i
			WHERE i.attributed_to = e.target AND i.gone = 0 AND (i.published, i.seq) < (?, ?)/* of i */
			ORDER BY i.published DESC, i.seq DESC LIMIT ?) o
		WHERE e.kind = 'Follow' AND e.source = ? AND e.pending = 0
		ORDER BY o.published DESC, o.seq DESC LIMIT ?`
	announcedSQLite = `
		SELECT s.at, s.seq, o.seq, s.source, ''
		FROM edges e CROSS JOIN edges s ON s.seq IN (
			SELECT i.seq FROM edges i CROSS JOIN objects p ON p.id = i.target AND p.gone = 0
			WHERE i.source = e.target AND i.kind = 'Announce' AND i.pending = 0 AND (i.at, i.seq) < (?, ?)/* of p */
			ORDER BY i.at DESC, i.seq DESC LIMIT ?)
		CROSS JOIN objects o ON o.id = s.target
		WHERE e.kind = 'Follow' AND e.source = ? AND e.pending = 0
		ORDER BY s.at DESC, s.seq DESC LIMIT ?`
	announcedPostgres = `
		SELECT s.at, s.seq, s.object, s.source, ''
		FROM edges e CROSS JOIN LATERAL (
			SELECT i.at, i.seq, i.source, p.seq AS object FROM edges i JOIN objects p ON p.id = i.target AND p.gone = 0
			WHERE i.source = e.target AND i.kind = 'Announce' AND i.pending = 0 AND (i.at, i.seq) < (?, ?)/* of p */
			ORDER BY i.at DESC, i.seq DESC LIMIT ?) s
		WHERE e.kind = 'Follow' AND e.source = ? AND e.pending = 0
		ORDER BY s.at DESC, s.seq DESC LIMIT ?`
	addressedQuery = `
		SELECT d.published, d.object, d.object, '', ''
		FROM object_addressees d
		WHERE d.actor = ? AND (d.published, d.object) < (?, ?)/* of d */
		ORDER BY d.published DESC, d.object DESC LIMIT ?`
	writtenQuery = `
		SELECT o.published, o.seq, o.seq, '', ''
		FROM objects o
		WHERE o.attributed_to = ? AND (o.published, o.seq) < (?, ?) AND o.gone = 0/* of o */
		ORDER BY o.published DESC, o.seq DESC LIMIT ?`
)

// wayQuery returns the statement for a way, with its arguments.
func (tx *Tx) wayQuery(way int, actor federation.IRI, q FeedQuery, b bound, n int) (string, []any) {
	var query, alias string
	switch {
	case way == published && tx.postgres():
		query, alias = publishedPostgres, "i"
	case way == published:
		query, alias = publishedSQLite, "i"
	case way == announced && tx.postgres():
		query, alias = announcedPostgres, "p"
	case way == announced:
		query, alias = announcedSQLite, "p"
	case way == addressed:
		query, alias = addressedQuery, "d"
	default:
		query, alias = writtenQuery, "o"
	}
	where, args := q.where(alias)
	query = strings.Replace(query, "/* of "+alias+" */", where, 1)
	if way == published || way == announced {
		return query, slices.Concat([]any{b.at, b.seq}, args, []any{n, actor, n})
	}
	return query, slices.Concat([]any{actor, b.at, b.seq}, args, []any{n})
}

// candidates returns the next n, and whether there may be more.
func (tx *Tx) candidates(ctx context.Context, actor federation.IRI, q FeedQuery, after *candidate, n int) (list []candidate, more bool, err error) {
	if err := tx.readInOrder(ctx, true); err != nil {
		return nil, false, err
	}
	for way := range ways {
		b := after.bound
		switch { // at the very time of after, the ways come one after another
		case way > after.way:
			b.seq = math.MaxInt64
		case way < after.way:
			b.seq = 0
		}
		query, args := tx.wayQuery(way, actor, q, b, n)
		found, err := all(ctx, tx, func(r row) (candidate, error) {
			c := candidate{way: way}
			err := r.Scan(&c.at, &c.seq, &c.object, &c.by, &c.parent)
			return c, err
		}, query, args...)
		if err != nil {
			return nil, false, err
		}
		more = more || len(found) == n
		list = append(list, found...)
	}
	if err := tx.readInOrder(ctx, false); err != nil {
		return nil, false, err
	}
	slices.SortFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.at, a.at), cmp.Compare(a.way, b.way), cmp.Compare(b.seq, a.seq))
	})
	return list[:min(len(list), n)], more || len(list) > n, nil
}

// readInOrder makes PostgreSQL read the newest few of an author from an index,
// in its order. It thinks of the average author, of whom it would rather read
// everything and sort: that is slow for one who wrote a hundred thousand.
func (tx *Tx) readInOrder(ctx context.Context, on bool) error {
	if !tx.postgres() {
		return nil
	}
	query := `SET LOCAL enable_bitmapscan = on`
	if on {
		query = `SET LOCAL enable_bitmapscan = off`
	}
	_, err := tx.exec(ctx, query)
	return err
}

// closed reports whether an actor wants to hear from those it follows alone.
func (tx *Tx) closed(ctx context.Context, actor federation.IRI) (bool, error) {
	a, err := tx.Actor(ctx, actor)
	if errors.Is(err, federation.ErrNotFound) {
		return false, nil
	}
	return err == nil && a.Closed, err
}

// strangers returns those parents among the candidates that are by somebody
// actor neither is nor follows, or are not known.
func (tx *Tx) strangers(ctx context.Context, actor federation.IRI, list []candidate) (map[federation.IRI]bool, error) {
	strange := map[federation.IRI]bool{}
	var parents []federation.IRI
	for _, c := range list {
		if c.parent != "" && !strange[c.parent] {
			strange[c.parent] = true
			parents = append(parents, c.parent)
		}
	}
	if len(parents) == 0 {
		return strange, nil
	}
	familiar, err := all(ctx, tx, column[federation.IRI], `
		SELECT o.id FROM objects o
		WHERE o.id IN (?) AND (o.attributed_to = ? OR EXISTS (
			SELECT 1 FROM edges e
			WHERE e.kind = 'Follow' AND e.source = ? AND e.target = o.attributed_to AND e.pending = 0))`,
		among(parents), actor, actor)
	for _, id := range familiar {
		delete(strange, id)
	}
	return strange, err
}

func (c *candidate) cursor() string { return fmt.Sprintf("%d-%s", c.way, c.bound.cursor()) }

func candidateOf(cursor string) (*candidate, error) {
	if cursor == "" {
		return &candidate{bound: newest}, nil
	}
	c := new(candidate)
	way, rest, _ := strings.Cut(cursor, "-")
	if _, err := fmt.Sscanf(way, "%d", &c.way); err != nil {
		return nil, fmt.Errorf("%w: cursor %q", federation.ErrMalformed, cursor)
	}
	var err error
	c.bound, err = boundOf(rest, newest)
	return c, err
}

func candidateSeqs(list []candidate) []int64 {
	seqs := make([]int64, len(list))
	for i, c := range list {
		seqs[i] = c.object
	}
	return seqs
}
