// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"

	"codeberg.org/maillage/maillage/federation"
)

// Answers count what was answered to an event: people, with those whom others
// bring along.
type Answers struct {
	Coming  int // accepted
	Waiting int // for the organiser, or for a place
	Maybe   int
}

// Answers counts the answers to events.
func (tx *Tx) Answers(ctx context.Context, events ...federation.IRI) (map[federation.IRI]Answers, error) {
	counts := make(map[federation.IRI]Answers, len(events))
	err := tx.each(ctx, func(r row) error {
		var id federation.IRI
		var kind string
		var pending bool
		var n int
		if err := r.Scan(&id, &kind, &pending, &n); err != nil {
			return err
		}
		c := counts[id]
		switch {
		case kind == federation.TentativeAccept:
			c.Maybe = n
		case pending:
			c.Waiting = n
		default:
			c.Coming = n
		}
		counts[id] = c
		return nil
	}, `
		SELECT target, kind, pending, COUNT(*) + SUM(companions) FROM edges
		WHERE target IN (?) AND kind IN ('Join', 'TentativeAccept')
		GROUP BY target, kind, pending`, among(events))
	return counts, err
}

// AnswersBy returns what one actor answered to events, where it answered.
func (tx *Tx) AnswersBy(ctx context.Context, actor federation.IRI, events ...federation.IRI) (map[federation.IRI]*federation.Edge, error) {
	found, err := all(ctx, tx, scanEdge, `
		SELECT `+edgeColumns+` FROM edges e
		WHERE e.source = ? AND e.kind IN ('Join', 'TentativeAccept') AND e.target IN (?)`, actor, among(events))
	answers := make(map[federation.IRI]*federation.Edge, len(found))
	for _, p := range found {
		answers[p.To] = p.Edge
	}
	return answers, err
}

// taken counts the places of an event, named by what follows.
const taken = `SELECT COUNT(*) + COALESCE(SUM(companions), 0) FROM edges WHERE kind = 'Join' AND pending = 0 AND target = `

// Taken counts the places of an event that were given: everybody who comes, and
// whom they bring along.
func (tx *Tx) Taken(ctx context.Context, event federation.IRI) (int, error) {
	n, err := tx.number(ctx, taken+`?`, event)
	return int(n), err
}

// ObjectTaken is [Tx.Object] and, for an event, [Tx.Taken], asked at once: what
// the document of an object is made of.
func (tx *Tx) ObjectTaken(ctx context.Context, id federation.IRI) (*federation.Object, int, error) {
	var n int
	s, err := first(ctx, tx, func(r row) (stored, error) { return scanObject(longer{r, &n}) }, `
		SELECT `+objectColumns+`, CASE WHEN o.kind = 'event' THEN (`+taken+`o.id) ELSE 0 END
		FROM objects o LEFT JOIN object_documents d ON d.object = o.seq
		WHERE o.id = ?`, id)
	return s.Object, n, named(err, "object", id)
}

// A longer row has a column more than what scans it knows of.
type longer struct {
	row

	last any
}

func (l longer) Scan(dest ...any) error { return l.row.Scan(append(dest, l.last)...) }

// AllAnswers returns everybody who comes to an event, perhaps or for sure, or
// waits.
func (tx *Tx) AllAnswers(ctx context.Context, event federation.IRI) ([]*federation.Edge, error) {
	found, err := all(ctx, tx, scanEdge, `
		SELECT `+edgeColumns+` FROM edges e
		WHERE e.target = ? AND e.kind IN ('Join', 'TentativeAccept') ORDER BY e.at, e.seq LIMIT ?`, event, maxAnswers)
	list := make([]*federation.Edge, len(found))
	for i, p := range found {
		list[i] = p.Edge
	}
	return list, err
}

// Helpers returns who takes slots of events, in the order they took them.
func (tx *Tx) Helpers(ctx context.Context, slots ...federation.IRI) ([]*federation.Edge, error) {
	found, err := all(ctx, tx, scanEdge, `
		SELECT `+edgeColumns+` FROM edges e
		WHERE e.target IN (?) AND e.kind = 'Slot' ORDER BY e.at, e.seq LIMIT ?`, among(slots), maxAnswers)
	list := make([]*federation.Edge, len(found))
	for i, p := range found {
		list[i] = p.Edge
	}
	return list, err
}

// LocalAnswerers returns those of our actors who come to an event, perhaps or
// for sure, or wait.
func (tx *Tx) LocalAnswerers(ctx context.Context, event federation.IRI) ([]federation.IRI, error) {
	return all(ctx, tx, column[federation.IRI], `
		SELECT a.id FROM edges e JOIN actors a ON a.id = e.source AND a.local = 1
		WHERE e.target = ? AND e.kind IN ('Join', 'TentativeAccept') ORDER BY e.seq LIMIT ?`, event, maxAnswers)
}

// maxEngaged is how many events, of each kind, an actor who leaves is known for.
const maxEngaged = 500

// Engaged returns the events to come that an actor organises and somebody
// answered, and those that the actor answered, here and elsewhere.
func (tx *Tx) Engaged(ctx context.Context, actor federation.IRI) (organised, answered []federation.IRI, err error) {
	const coming = `o.gone = 0 AND o.kind = 'event' AND (o.end_at >= ? OR o.start_at >= ?) `
	organised, err = all(ctx, tx, column[federation.IRI], `
		SELECT o.id FROM objects o WHERE o.attributed_to = ? AND `+coming+`AND EXISTS (
			SELECT 1 FROM edges e WHERE e.target = o.id AND e.kind IN ('Join', 'TentativeAccept'))
		ORDER BY o.start_at, o.seq LIMIT ?`, actor, tx.now, tx.now, maxEngaged)
	if err != nil {
		return nil, nil, err
	}
	answered, err = all(ctx, tx, column[federation.IRI], `
		SELECT o.id FROM edges e JOIN objects o ON o.id = e.target
		WHERE e.source = ? AND e.kind IN ('Join', 'TentativeAccept') AND `+coming+`
		ORDER BY o.start_at, o.seq LIMIT ?`, actor, tx.now, tx.now, maxEngaged)
	return organised, answered, err
}

// maxGiven is how many events somebody answered are listed.
const maxGiven = 100

// Given returns the events to come that an actor answered, the next first, here
// and elsewhere; called off ones too.
func (tx *Tx) Given(ctx context.Context, actor federation.IRI) ([]*federation.Object, error) {
	places, err := all(ctx, tx, scanBound, `
		SELECT o.start_at, o.seq FROM edges e JOIN objects o ON o.id = e.target AND o.gone = 0
		WHERE e.source = ? AND e.kind IN ('Join', 'TentativeAccept') AND (o.end_at >= ? OR o.start_at >= ?)
		ORDER BY o.start_at, o.seq LIMIT ?`, actor, tx.now, tx.now, maxGiven)
	if err != nil {
		return nil, err
	}
	found, err := tx.objectsAt(ctx, listedColumns, seqs(places))
	var list []*federation.Object
	for _, p := range places {
		if o := found[p.seq]; o != nil {
			list = append(list, o)
		}
	}
	return list, err
}

// maxAnswers is how many are told of a change.
const maxAnswers = 5000

// AnswererInboxes returns the inboxes of the peers' actors who come to
// something of ours; none if it is no event.
func (tx *Tx) AnswererInboxes(ctx context.Context, event federation.IRI) ([]federation.IRI, error) {
	return all(ctx, tx, column[federation.IRI], `
		SELECT DISTINCT CASE WHEN a.shared_inbox <> '' THEN a.shared_inbox ELSE a.inbox END
		FROM edges e JOIN actors a ON a.id = e.source
		WHERE e.target = ? AND e.kind IN ('Join', 'TentativeAccept') AND a.local = 0 AND a.gone = 0 AND a.inbox <> ''`, event)
}
