// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"fmt"
	"strings"

	"codeberg.org/maillage/maillage/federation"
)

const edgeColumns = `e.seq, e.kind, e.source, e.target, e.pending, e.made_by, e.content, e.at, e.public, e.companions`

// An edge knows its place in lists.
type placedEdge struct {
	*federation.Edge

	bound bound
}

func scanEdge(r row) (placedEdge, error) {
	e := new(federation.Edge)
	p := placedEdge{Edge: e}
	err := r.Scan(&p.bound.seq, &e.Kind, &e.From, &e.To, &e.Pending, &e.By, &e.Content, &p.bound.at, &e.Public, &e.Companions)
	e.At = moment(p.bound.at)
	return p, err
}

// Edge returns the edge of a kind between two things.
func (tx *Tx) Edge(ctx context.Context, kind string, from, to federation.IRI) (*federation.Edge, error) {
	e, err := first(ctx, tx, scanEdge, `
		SELECT `+edgeColumns+` FROM edges e WHERE e.kind = ? AND e.source = ? AND e.target = ?`, kind, from, to)
	if err != nil {
		return nil, fmt.Errorf("%s of %s by %s: %w", kind, to, from, err)
	}
	return e.Edge, nil
}

// EdgeBy returns the edge that an activity made.
func (tx *Tx) EdgeBy(ctx context.Context, by federation.IRI) (*federation.Edge, error) {
	e, err := first(ctx, tx, scanEdge, `
		SELECT `+edgeColumns+` FROM edges e WHERE e.made_by = ? AND e.made_by <> '' ORDER BY e.seq LIMIT 1`, by)
	if err != nil {
		return nil, named(err, "edge by", by)
	}
	return e.Edge, nil
}

// PutEdge stores an edge, replacing one of the same kind and ends.
func (tx *Tx) PutEdge(ctx context.Context, e *federation.Edge) error {
	at := e.At
	if at.IsZero() {
		at = tx.now
	}
	_, err := tx.exec(ctx, `
		INSERT INTO edges (kind, source, target, pending, made_by, content, at, public, companions)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (kind, source, target) DO UPDATE SET pending = excluded.pending,
			made_by = excluded.made_by, content = excluded.content, at = excluded.at, public = excluded.public,
			companions = excluded.companions`,
		e.Kind, e.From, e.To, e.Pending, e.By, e.Content, at, e.Public, e.Companions)
	return named(err, e.Kind+" of", e.To)
}

// DropEdge removes an edge; federation.ErrNotFound if there is none.
func (tx *Tx) DropEdge(ctx context.Context, kind string, from, to federation.IRI) error {
	n, err := tx.exec(ctx, `DELETE FROM edges WHERE kind = ? AND source = ? AND target = ?`, kind, from, to)
	if err = changed(n, err); err != nil {
		return fmt.Errorf("%s of %s by %s: %w", kind, to, from, err)
	}
	return nil
}

// localFollowers looks for the edge of each actor of ours, who are few, rather
// than through all followers of id, who may be many.
const localFollowers = `
	SELECT a.id FROM actors a CROSS JOIN edges e
	WHERE a.local = 1 AND e.kind = 'Follow' AND e.source = a.id AND e.target = ? AND e.pending = 0`

// LocalFollowers returns those of our actors who follow id.
func (tx *Tx) LocalFollowers(ctx context.Context, id federation.IRI) ([]federation.IRI, error) {
	return all(ctx, tx, column[federation.IRI], localFollowers+` ORDER BY a.seq`, id)
}

// Followed reports whether one of our actors follows id.
func (tx *Tx) Followed(ctx context.Context, id federation.IRI) (bool, error) {
	list, err := all(ctx, tx, column[string], localFollowers+` LIMIT 1`, id)
	return len(list) > 0, err
}

// follows reports whether from is an accepted follower of to.
func (tx *Tx) follows(ctx context.Context, from, to federation.IRI) (bool, error) {
	return tx.exists(ctx, `
		SELECT 1 FROM edges WHERE kind = 'Follow' AND source = ? AND target = ? AND pending = 0`, from, to)
}

// Followers returns the accepted followers of an actor, newest first.
func (tx *Tx) Followers(ctx context.Context, actor federation.IRI, cursor string, limit int) ([]*federation.Edge, string, error) {
	return tx.EdgesTo(ctx, federation.Follow, actor, false, cursor, limit)
}

// Following returns whom an actor follows and was accepted by, newest first.
func (tx *Tx) Following(ctx context.Context, actor federation.IRI, cursor string, limit int) ([]*federation.Edge, string, error) {
	return tx.EdgesFrom(ctx, federation.Follow, actor, false, cursor, limit)
}

// EdgesTo returns the edges of a kind to something, newest first: those that
// are pending, or those that are not.
func (tx *Tx) EdgesTo(ctx context.Context, kind string, to federation.IRI, pending bool, cursor string, limit int) ([]*federation.Edge, string, error) {
	return tx.edges(ctx, `
		SELECT `+edgeColumns+` FROM edges e
		WHERE e.target = ? AND e.kind = ? AND e.pending = ? AND (e.at, e.seq) < (?, ?)
		ORDER BY e.at DESC, e.seq DESC LIMIT ?`, to, kind, pending, cursor, limit)
}

// EdgesOf returns the newest edges of a kind that few have, such as reports.
func (tx *Tx) EdgesOf(ctx context.Context, kind string, limit int) ([]*federation.Edge, error) {
	found, err := all(ctx, tx, scanEdge, `
		SELECT `+edgeColumns+` FROM edges e WHERE e.kind = ? AND e.pending = 0
		ORDER BY e.at DESC, e.seq DESC LIMIT ?`, kind, limited(limit))
	list := make([]*federation.Edge, len(found))
	for i, p := range found {
		list[i] = p.Edge
	}
	return list, err
}

// EdgesFrom returns the edges of a kind from something, newest first: those
// that are pending, or those that are not.
func (tx *Tx) EdgesFrom(ctx context.Context, kind string, from federation.IRI, pending bool, cursor string, limit int) ([]*federation.Edge, string, error) {
	return tx.edges(ctx, `
		SELECT `+edgeColumns+` FROM edges e
		WHERE e.source = ? AND e.kind = ? AND e.pending = ? AND (e.at, e.seq) < (?, ?)
		ORDER BY e.at DESC, e.seq DESC LIMIT ?`, from, kind, pending, cursor, limit)
}

func (tx *Tx) edges(ctx context.Context, query string, end federation.IRI, kind string, pending bool, cursor string, limit int) ([]*federation.Edge, string, error) {
	limit = limited(limit)
	b, err := boundOf(cursor, newest)
	if err != nil {
		return nil, "", err
	}
	found, err := all(ctx, tx, scanEdge, query, end, kind, pending, b.at, b.seq, limit+1)
	if err != nil {
		return nil, "", err
	}
	found, next := cut(found, limit, func(p placedEdge) bound { return p.bound })
	list := make([]*federation.Edge, len(found))
	for i, p := range found {
		list[i] = p.Edge
	}
	return list, next, nil
}

// Found returns the edges of a kind from an actor (or, towards, to it) whose
// other end has text in its name or handle.
func (tx *Tx) Found(ctx context.Context, kind string, actor federation.IRI, towards bool, text string, limit int) ([]*federation.Edge, error) {
	here, there := "source", "target"
	if towards {
		here, there = there, here
	}
	like := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(text)) + "%"
	found, err := all(ctx, tx, scanEdge, `
		SELECT `+edgeColumns+` FROM edges e JOIN actors a ON a.id = e.`+there+`
		WHERE e.`+here+` = ? AND e.kind = ? AND e.pending = 0 AND (LOWER(a.name) LIKE ? ESCAPE '\' OR a.handle LIKE ? ESCAPE '\')
		ORDER BY e.at DESC, e.seq DESC LIMIT ?`, actor, kind, like, like, limited(limit))
	var list []*federation.Edge
	for _, f := range found {
		list = append(list, f.Edge)
	}
	return list, err
}

// FirstPending returns the oldest pending edge of a kind to something;
// federation.ErrNotFound if there is none.
func (tx *Tx) FirstPending(ctx context.Context, kind string, to federation.IRI) (*federation.Edge, error) {
	e, err := first(ctx, tx, scanEdge, `
		SELECT `+edgeColumns+` FROM edges e
		WHERE e.target = ? AND e.kind = ? AND e.pending = 1 ORDER BY e.at, e.seq LIMIT 1`, to, kind)
	if err != nil {
		return nil, fmt.Errorf("pending %s of %s: %w", kind, to, err)
	}
	return e.Edge, nil
}

// CountTo counts the edges of a kind to something that are not pending.
func (tx *Tx) CountTo(ctx context.Context, kind string, to federation.IRI) (int, error) {
	n, err := tx.number(ctx, `SELECT COUNT(*) FROM edges WHERE target = ? AND kind = ? AND pending = 0`, to, kind)
	return int(n), err
}

// CountFrom counts the edges of a kind from something that are not pending.
func (tx *Tx) CountFrom(ctx context.Context, kind string, from federation.IRI) (int, error) {
	n, err := tx.number(ctx, `SELECT COUNT(*) FROM edges WHERE source = ? AND kind = ? AND pending = 0`, from, kind)
	return int(n), err
}
