// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// A Wish is somebody whom an actor of ours is to follow, by handle: from a list
// brought along from elsewhere.
type Wish struct {
	Actor    federation.IRI
	Handle   string
	Account  int64
	Attempts int
	Failed   bool
}

const (
	// MaxWishes is how many wishes an actor has at once.
	MaxWishes    = 1000
	wishAttempts = 3
)

// WishFollows queues handles for an actor to follow, as many as there is room
// for, and returns how many were new.
func (tx *Tx) WishFollows(ctx context.Context, account int64, actor federation.IRI, handles []string) (added int, err error) {
	if _, err := tx.exec(ctx, `DELETE FROM follow_wishes WHERE actor = ? AND failed = 1`, actor); err != nil {
		return 0, err
	}
	have, err := tx.number(ctx, `SELECT COUNT(*) FROM follow_wishes WHERE actor = ?`, actor)
	if err != nil {
		return 0, err
	}
	for _, h := range handles {
		if int(have)+added >= MaxWishes {
			break
		}
		n, err := tx.exec(ctx, `
			INSERT INTO follow_wishes (actor, handle, account, due) VALUES (?, ?, ?, ?)
			ON CONFLICT (actor, handle) DO NOTHING`, actor, h, account, tx.now)
		if err != nil {
			return added, err
		}
		added += n
	}
	return added, nil
}

const wishColumns = `actor, handle, account, attempts, failed`

func scanWish(r row) (w Wish, err error) {
	err = r.Scan(&w.Actor, &w.Handle, &w.Account, &w.Attempts, &w.Failed)
	return w, err
}

// Wishes lists whom an actor is still to follow, and whom it could not.
func (tx *Tx) Wishes(ctx context.Context, actor federation.IRI) ([]Wish, error) {
	return all(ctx, tx, scanWish, `
		SELECT `+wishColumns+` FROM follow_wishes WHERE actor = ? ORDER BY failed DESC, handle LIMIT ?`, actor, MaxWishes)
}

// DueWish returns the wish that is due; federation.ErrNotFound if there is none.
func (tx *Tx) DueWish(ctx context.Context) (Wish, error) {
	return first(ctx, tx, scanWish, `
		SELECT `+wishColumns+` FROM follow_wishes WHERE failed = 0 AND due <= ? ORDER BY due LIMIT 1`, tx.now)
}

// ClaimWish returns the wish that is due, for a while for nobody else.
func (tx *Tx) ClaimWish(ctx context.Context) (Wish, error) {
	w, err := tx.DueWish(ctx)
	if err != nil {
		return w, err
	}
	n, err := tx.exec(ctx, `
		UPDATE follow_wishes SET due = ?, attempts = attempts + 1 WHERE actor = ? AND handle = ? AND attempts = ?`,
		tx.now.Add(10*time.Minute), w.Actor, w.Handle, w.Attempts)
	w.Attempts++
	return w, changed(n, err)
}

// DropWish removes a wish that came true.
func (tx *Tx) DropWish(ctx context.Context, w Wish) error {
	_, err := tx.exec(ctx, `DELETE FROM follow_wishes WHERE actor = ? AND handle = ?`, w.Actor, w.Handle)
	return err
}

// FailWish gives a wish up if it was tried often enough, or at once.
func (tx *Tx) FailWish(ctx context.Context, w Wish, forGood bool) error {
	if !forGood && w.Attempts < wishAttempts {
		return nil // it is due again later
	}
	_, err := tx.exec(ctx, `UPDATE follow_wishes SET failed = 1 WHERE actor = ? AND handle = ?`, w.Actor, w.Handle)
	return err
}
