// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// A Noticed is a notice as its page shows it.
type Noticed struct {
	federation.Notice

	Read  bool
	Asked bool `json:",omitempty"` // to follow, and waits for an answer
	seq   int64
}

// Did says what was done, for words: the kind of the notice, or FollowAsked.
func (n Noticed) Did() string {
	if n.Asked {
		return n.Kind + "Asked"
	}
	return n.Kind
}

// Notify tells one of our actors of something. Of the same thing done twice
// the actor is told once, unless the notice says otherwise.
func (tx *Tx) Notify(ctx context.Context, n federation.Notice) error {
	if n.At.IsZero() {
		n.At = tx.now
	}
	_, err := tx.exec(ctx, `
		INSERT INTO notices (owner, kind, actor, object, title, at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (owner, kind, actor, object) DO UPDATE SET at = excluded.at, title = excluded.title, read = 0
			WHERE ? = 1`, n.For, n.Kind, n.Actor, n.Object, n.Title, n.At, n.Again)
	return named(err, "notice for", n.For)
}

// stillThere leaves out what was said of an object that was deleted since, but
// for that it was removed or deleted.
const stillThere = `(n.kind IN ('Removed', 'Eventdeleted') OR NOT EXISTS (SELECT 1 FROM objects o WHERE o.id = n.object AND o.gone = 1))`

// Notices returns what an actor was told, newest first.
func (tx *Tx) Notices(ctx context.Context, owner federation.IRI, cursor string, limit int) ([]Noticed, string, error) {
	return tx.NoticesOf(ctx, owner, NoticeQuery{}, cursor, limit)
}

// A NoticeQuery says which notices are wanted; the zero one, all.
type NoticeQuery struct {
	Kinds  []string
	Unread bool
}

// NoticesOf is [Tx.Notices], of what q asks for.
func (tx *Tx) NoticesOf(ctx context.Context, owner federation.IRI, q NoticeQuery, cursor string, limit int) ([]Noticed, string, error) {
	limit = limited(limit)
	b, err := boundOf(cursor, newest)
	if err != nil {
		return nil, "", err
	}
	list, err := all(ctx, tx, func(r row) (n Noticed, err error) {
		var at int64
		err = r.Scan(&n.seq, &n.For, &n.Kind, &n.Actor, &n.Object, &n.Title, &at, &n.Read, &n.Asked)
		n.At = moment(at)
		return n, err
	}, `
		SELECT seq, owner, kind, actor, object, title, at, read, CASE WHEN kind = 'Follow' AND EXISTS (
			SELECT 1 FROM edges e WHERE e.kind = 'Follow' AND e.source = n.actor AND e.target = n.owner AND e.pending = 1) THEN 1 ELSE 0 END
		FROM notices n
		WHERE owner = ? AND (at, seq) < (?, ?) AND (? = 0 OR kind IN (?)) AND (? = 0 OR read = 0) AND `+stillThere+`
		ORDER BY at DESC, seq DESC LIMIT ?`, owner, b.at, b.seq, len(q.Kinds) > 0, among(append(q.Kinds, "")), q.Unread, limit+1)
	if err != nil {
		return nil, "", err
	}
	list, next := cut(list, limit, func(n Noticed) bound { return bound{micros(n.At), n.seq} })
	return list, next, nil
}

// Refusals returns when organisers declined what somebody asked, for events to
// which their last word was that.
func (tx *Tx) Refusals(ctx context.Context, person federation.IRI, events ...federation.IRI) (map[federation.IRI]time.Time, error) {
	if len(events) == 0 {
		return nil, nil
	}
	refused := map[federation.IRI]time.Time{}
	err := tx.each(ctx, func(r row) error {
		var kind string
		var id federation.IRI
		var at int64
		if err := r.Scan(&id, &kind, &at); err != nil {
			return err
		}
		if delete(refused, id); kind != federation.Accept {
			refused[id] = moment(at)
		}
		return nil
	}, `SELECT object, kind, at FROM notices WHERE owner = ? AND kind IN ('Accept', 'Reject', 'Ignore') AND object IN (?) ORDER BY at, seq`, person, among(events))
	return refused, named(err, "notices of", person)
}

// UnreadNotices counts what an actor was told and did not read.
func (tx *Tx) UnreadNotices(ctx context.Context, owner federation.IRI) (int, error) {
	n, err := tx.number(ctx, `SELECT COUNT(*) FROM notices n WHERE owner = ? AND read = 0 AND `+stillThere, owner)
	return int(n), err
}

// ReadNotices marks what an actor was told up to a time as read.
func (tx *Tx) ReadNotices(ctx context.Context, owner federation.IRI, until time.Time) error {
	_, err := tx.exec(ctx, `UPDATE notices SET read = 1 WHERE owner = ? AND read = 0 AND at <= ?`, owner, until)
	return named(err, "notices of", owner)
}
