// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"fmt"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// Sent returns the inboxes that what one of our actors said about an object
// went or goes to: who has to learn that it changed.
func (tx *Tx) Sent(ctx context.Context, sender, object federation.IRI) ([]federation.IRI, error) {
	return all(ctx, tx, column[federation.IRI], `
		SELECT DISTINCT d.inbox FROM activities a JOIN deliveries d ON d.activity = a.seq
		WHERE a.object = ? AND a.object <> '' AND a.actor = ? AND a.local = 1 AND d.state IN ('pending', 'delivered')`, object, sender)
}

// KnownInboxes returns one inbox for every server we know, a shared one where
// there is one: who has to learn that one of our actors is gone.
func (tx *Tx) KnownInboxes(ctx context.Context) ([]federation.IRI, error) {
	return all(ctx, tx, column[federation.IRI], `
		SELECT MIN(CASE WHEN shared_inbox <> '' THEN shared_inbox ELSE inbox END) FROM actors
		WHERE local = 0 AND gone = 0 AND inbox <> '' GROUP BY host`)
}

// Forward queues the bytes of a peer's activity, as they came, for the
// followers that a collection of one of our actors stands for, signed by that
// actor. ActivityPub 7.1.2.
func (tx *Tx) Forward(ctx context.Context, a *federation.Activity, by federation.IRI, lane int64, collection federation.IRI) error {
	seq, documented, err := tx.activitySeq(ctx, a)
	if err != nil {
		return err
	}
	if !documented {
		if err := tx.PutDocument(ctx, a); err != nil {
			return err
		}
	}
	d := delivering{tx: tx, activity: seq, sender: by, lane: lane}
	if err := d.toFollowers(ctx, []federation.IRI{collection}); err != nil {
		return fmt.Errorf("forward %s: %w", a.ID, err)
	}
	if _, err := d.finish(ctx, a); err != nil {
		return fmt.Errorf("forward %s: %w", a.ID, err)
	}
	return nil
}

// CountBy counts the public objects of an author that are of these kinds, are
// open and are not over by a time; the zero time counts the past too.
func (tx *Tx) CountBy(ctx context.Context, author federation.IRI, from time.Time, kinds ...string) (int, error) {
	n, err := tx.number(ctx, `
		SELECT COUNT(*) FROM objects
		WHERE attributed_to = ? AND gone = 0 AND visibility <= 1 AND closed = 0
			AND (end_at = 0 OR end_at >= ?) AND kind IN (?)`,
		author, from, among(kinds))
	return int(n), err
}

// SuspendedHost reports whether this instance refuses everything from a host.
func (tx *Tx) SuspendedHost(ctx context.Context, host string) (bool, error) {
	bad, err := tx.suspendedHosts(ctx, []string{host})
	return len(bad) > 0, err
}
