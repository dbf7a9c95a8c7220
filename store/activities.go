// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// A Spoken is an activity that was applied.
type Spoken struct {
	Seq        int64
	ID         federation.IRI
	Type       string
	Actor      federation.IRI
	Object     federation.IRI
	Published  time.Time
	Visibility federation.Visibility
	Public     bool // or unlisted
	Local      bool
	// Document is empty for a peer's Create and Update, whose object has a
	// document of its own, and for those whose object was deleted.
	Document []byte
}

const spokenColumns = `a.seq, a.id, a.type, a.actor, a.object, a.published, a.visibility, a.local, a.document`

func scanSpoken(r row) (s Spoken, err error) {
	var at int64
	err = r.Scan(&s.Seq, &s.ID, &s.Type, &s.Actor, &s.Object, &at, &s.Visibility, &s.Local, &s.Document)
	s.Published, s.Public = moment(at), s.Visibility <= federation.VisibleUnlisted
	return s, err
}

func (s Spoken) bound() bound { return bound{micros(s.Published), s.Seq} }

// LogActivity remembers that an activity was applied: federation.ErrSeen if it
// was remembered before.
func (tx *Tx) LogActivity(ctx context.Context, a *federation.Activity) error {
	visibility, err := tx.visibility(ctx, a.Actor, a.To, a.Cc)
	if err != nil {
		return err
	}
	at := a.Published
	if at.IsZero() || at.After(tx.now) {
		at = tx.now
	}
	document := a.Raw
	if !a.Local && (a.Type == federation.Create || a.Type == federation.Update) {
		document = nil
	}
	seq, err := tx.number(ctx, `
		INSERT INTO activities (id, actor, type, object, published, logged, local, visibility, document)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id, actor) DO NOTHING RETURNING seq`,
		a.ID, a.Actor, a.Type, a.Object, at, tx.now, a.Local, visibility, document)
	if errors.Is(err, federation.ErrNotFound) {
		err = federation.ErrSeen
	}
	if err != nil {
		return named(err, "activity", a.ID)
	}
	for _, to := range a.Addressees() {
		if to == a.Actor || to == federation.Public || to.Origin() != tx.Home() {
			continue
		}
		_, err := tx.exec(ctx, `
			INSERT INTO activity_addressees (activity, actor, published) VALUES (?, ?, ?)
			ON CONFLICT (actor, published, activity) DO NOTHING`, seq, to, at)
		if err != nil {
			return named(err, "activity", a.ID)
		}
	}
	return nil
}

// PutDocument stores the document of an activity that was logged without it.
func (tx *Tx) PutDocument(ctx context.Context, a *federation.Activity) error {
	n, err := tx.exec(ctx, `UPDATE activities SET document = ? WHERE id = ? AND actor = ?`, a.Raw, a.ID, a.Actor)
	return named(changed(n, err), "activity", a.ID)
}

// Activity returns an activity that was applied.
func (tx *Tx) Activity(ctx context.Context, id federation.IRI) (*Spoken, error) {
	s, err := first(ctx, tx, scanSpoken, `SELECT `+spokenColumns+` FROM activities a WHERE a.id = ? ORDER BY a.seq LIMIT 1`, id)
	if err != nil {
		return nil, named(err, "activity", id)
	}
	return &s, nil
}

// MaySee reports whether viewer, empty for anyone, may read an activity.
func (tx *Tx) MaySee(ctx context.Context, viewer federation.IRI, s *Spoken) (bool, error) {
	switch {
	case s.Visibility <= federation.VisibleUnlisted:
		return true, nil
	case viewer == "":
		return false, nil
	case viewer == s.Actor:
		return true, nil
	}
	blocked, err := tx.exists(ctx, `SELECT 1 FROM edges WHERE kind = 'Block' AND source = ? AND target = ?`, s.Actor, viewer)
	if err != nil || blocked {
		return false, err
	}
	if s.Visibility == federation.VisibleFollowers {
		follows, err := tx.follows(ctx, viewer, s.Actor)
		if err != nil || follows {
			return follows, err
		}
	}
	return tx.exists(ctx, `SELECT 1 FROM activity_addressees WHERE activity = ? AND actor = ?`, s.Seq, viewer)
}

// Outbox returns the activities of one of our actors that viewer may read,
// newest first. Those without a document are left out.
func (tx *Tx) Outbox(ctx context.Context, actor, viewer federation.IRI, cursor string, limit int) ([]Spoken, string, error) {
	return tx.spoken(ctx, viewer, cursor, limit, func(b bound, n int) ([]Spoken, error) {
		return all(ctx, tx, scanSpoken, `
			SELECT `+spokenColumns+` FROM activities a
			WHERE a.actor = ? AND a.local = 1 AND a.visibility <= ? AND (a.published, a.seq) < (?, ?) AND a.document <> ?
			ORDER BY a.published DESC, a.seq DESC LIMIT ?`, actor, atMost(viewer), b.at, b.seq, []byte{}, n)
	})
}

// OutboxCount counts the public activities of one of our actors.
func (tx *Tx) OutboxCount(ctx context.Context, actor federation.IRI) (int, error) {
	n, err := tx.number(ctx, `SELECT COUNT(*) FROM activities WHERE actor = ? AND visibility <= 1`, actor)
	return int(n), err
}

// ActivitiesFor returns what one of our actors received, newest first: what
// names it, and what those it follows said to everyone or to their followers.
func (tx *Tx) ActivitiesFor(ctx context.Context, actor federation.IRI, cursor string, limit int) ([]Spoken, string, error) {
	return tx.spoken(ctx, actor, cursor, limit, func(b bound, n int) ([]Spoken, error) {
		named, err := all(ctx, tx, scanSpoken, `
			SELECT `+spokenColumns+` FROM activity_addressees t JOIN activities a ON a.seq = t.activity
			WHERE t.actor = ? AND (t.published, t.activity) < (?, ?)
			ORDER BY t.published DESC, t.activity DESC LIMIT ?`, actor, b.at, b.seq, n)
		if err != nil {
			return nil, err
		}
		query := followedSQLite
		if tx.postgres() {
			query = followedPostgres
		}
		if err := tx.readInOrder(ctx, true); err != nil {
			return nil, err
		}
		list, err := all(ctx, tx, scanSpoken, query, b.at, b.seq, n, actor, n)
		if err != nil {
			return nil, err
		}
		list = append(list, named...)
		slices.SortFunc(list, func(a, b Spoken) int {
			return cmp.Or(b.Published.Compare(a.Published), cmp.Compare(b.Seq, a.Seq))
		})
		list = slices.CompactFunc(list, func(a, b Spoken) bool { return a.Seq == b.Seq })
		return list[:min(len(list), n)], tx.readInOrder(ctx, false)
	})
}

const (
	followedSQLite = `
		SELECT ` + spokenColumns + `
		FROM edges e CROSS JOIN activities a ON a.seq IN (
			SELECT i.seq FROM activities i
			WHERE i.actor = e.target AND i.visibility <= 2 AND (i.published, i.seq) < (?, ?)
			ORDER BY i.published DESC, i.seq DESC LIMIT ?)
		WHERE e.kind = 'Follow' AND e.source = ? AND e.pending = 0
		ORDER BY a.published DESC, a.seq DESC LIMIT ?`
	followedPostgres = `
		SELECT ` + spokenColumns + `
		FROM edges e CROSS JOIN LATERAL (
			SELECT i.seq, i.id, i.type, i.actor, i.object, i.published, i.visibility, i.local, i.document
			FROM activities i
			WHERE i.actor = e.target AND i.visibility <= 2 AND (i.published, i.seq) < (?, ?)
			ORDER BY i.published DESC, i.seq DESC LIMIT ?) a
		WHERE e.kind = 'Follow' AND e.source = ? AND e.pending = 0
		ORDER BY a.published DESC, a.seq DESC LIMIT ?`
)

// spoken returns a page of what fetch finds and viewer may read.
func (tx *Tx) spoken(ctx context.Context, viewer federation.IRI, cursor string, limit int, fetch func(bound, int) ([]Spoken, error)) (page []Spoken, next string, err error) {
	limit = limited(limit)
	b, err := boundOf(cursor, newest)
	if err != nil {
		return nil, "", err
	}
	for range maxRounds {
		list, err := fetch(b, limit+1)
		if err != nil {
			return nil, "", err
		}
		more := len(list) > limit
		for i, s := range list[:min(len(list), limit)] {
			b = s.bound()
			ok, err := tx.MaySee(ctx, viewer, &s)
			if err != nil {
				return nil, "", err
			}
			if ok {
				page = append(page, s)
			}
			if len(page) == limit && (more || i < len(list)-1) {
				return page, b.cursor(), nil
			}
		}
		if !more {
			return page, "", nil
		}
	}
	return page, b.cursor(), nil
}

// activitySeq returns the number of a logged activity and whether its document
// is there.
func (tx *Tx) activitySeq(ctx context.Context, a *federation.Activity) (seq int64, documented bool, err error) {
	type found struct {
		seq    int64
		length int
	}
	f, err := first(ctx, tx, func(r row) (f found, err error) { err = r.Scan(&f.seq, &f.length); return f, err },
		`SELECT seq, LENGTH(document) FROM activities WHERE id = ? AND actor = ?`, a.ID, a.Actor)
	if err != nil {
		return 0, false, fmt.Errorf("activity %s: %w", a.ID, err)
	}
	return f.seq, f.length > 0, nil
}
