// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"errors"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// MarkFeed notes that an account has read the feed of an actor up to a time.
func (tx *Tx) MarkFeed(ctx context.Context, account int64, actor federation.IRI, at time.Time) error {
	_, err := tx.exec(ctx, `
		INSERT INTO feed_marks (account, actor, at) VALUES (?, ?, ?)
		ON CONFLICT (account, actor) DO UPDATE SET at = excluded.at`, account, actor, at)
	return named(err, "feed of", actor)
}

// FeedMark returns up to when an account has read the feed of an actor: what
// it said, or what was there when it was here before. Zero: it is new here.
func (tx *Tx) FeedMark(ctx context.Context, account int64, actor federation.IRI) (time.Time, error) {
	at, err := tx.number(ctx, `SELECT at FROM feed_marks WHERE account = ? AND actor = ?`, account, actor)
	if err != nil && !errors.Is(err, federation.ErrNotFound) {
		return time.Time{}, err
	}
	before, err := tx.number(ctx, `SELECT visited FROM accounts WHERE id = ?`, account)
	return moment(max(at, before)), named(err, "account", account)
}
