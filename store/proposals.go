// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// ProposalsStamp changes when an offer or a need comes, changes or goes.
func (tx *Tx) ProposalsStamp(ctx context.Context) (count int, last time.Time, err error) {
	var at int64
	err = tx.each(ctx, func(r row) error { return r.Scan(&count, &at) },
		`SELECT COUNT(*), COALESCE(MAX(stored), 0) FROM objects WHERE kind IN ('offer', 'need')`)
	return count, moment(at), err
}

// MaxProposals is how many offers, and how many needs, are put together.
const MaxProposals = 10_000

// OpenProposals calls f for the latest public offers or needs that are not
// closed and not over, newest first.
func (tx *Tx) OpenProposals(ctx context.Context, kind string, f func(*federation.Object)) error {
	return tx.each(ctx, func(r row) error {
		s, err := scanObject(r)
		if err == nil {
			f(s.Object)
		}
		return err
	}, `SELECT `+listedColumns+` FROM objects o JOIN object_documents d ON d.object = o.seq
		WHERE o.kind = ? AND o.gone = 0 AND o.visibility = 0 AND o.closed = 0 AND (o.end_at = 0 OR o.end_at >= ?)
		ORDER BY o.published DESC, o.seq DESC LIMIT ?`, kind, tx.now, MaxProposals)
}

// Blocked returns whom an actor blocks, and by whom it is blocked.
func (tx *Tx) Blocked(ctx context.Context, actor federation.IRI) (map[federation.IRI]bool, error) {
	blocked := map[federation.IRI]bool{}
	err := tx.each(ctx, func(r row) error {
		var id federation.IRI
		err := r.Scan(&id)
		blocked[id] = true
		return err
	}, `SELECT target FROM edges WHERE source = ? AND kind = 'Block' UNION SELECT source FROM edges WHERE target = ? AND kind = 'Block'`, actor, actor)
	return blocked, err
}

// Referred returns what an actor published under references of their own, from
// a list that they brought; what was deleted since is left out.
func (tx *Tx) Referred(ctx context.Context, actor federation.IRI, references []string) (map[string]federation.IRI, error) {
	known := map[string]federation.IRI{}
	err := tx.each(ctx, func(r row) error {
		var reference string
		var object federation.IRI
		err := r.Scan(&reference, &object)
		known[reference] = object
		return err
	}, `SELECT r.reference, r.object FROM offer_references r JOIN objects o ON o.id = r.object
		WHERE r.actor = ? AND r.reference IN (?) AND o.gone = 0`, actor, among(references))
	return known, err
}

// Refer notes under which reference an actor published something.
func (tx *Tx) Refer(ctx context.Context, actor federation.IRI, reference string, object federation.IRI) error {
	_, err := tx.exec(ctx, `
		INSERT INTO offer_references (actor, reference, object) VALUES (?, ?, ?)
		ON CONFLICT (actor, reference) DO UPDATE SET object = excluded.object`, actor, reference, object)
	return named(err, "reference", reference)
}

// References returns the references of an actor's offers and needs, by object.
func (tx *Tx) References(ctx context.Context, actor federation.IRI) (map[federation.IRI]string, error) {
	known := map[federation.IRI]string{}
	err := tx.each(ctx, func(r row) error {
		var reference string
		var object federation.IRI
		err := r.Scan(&reference, &object)
		known[object] = reference
		return err
	}, `SELECT reference, object FROM offer_references WHERE actor = ? ORDER BY reference LIMIT ?`, actor, maxExport)
	return known, err
}
