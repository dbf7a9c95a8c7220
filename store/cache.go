// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"fmt"

	"codeberg.org/maillage/maillage/federation"
)

// The methods below make a DB the cache of actors that federation/remote asks
// before it asks other servers. Each is a transaction of its own.

// Actor is [Tx.Actor].
func (db *DB) Actor(ctx context.Context, id federation.IRI) (a *federation.Actor, err error) {
	err = db.View(ctx, func(tx *Tx) (err error) {
		a, err = tx.Actor(ctx, id)
		return err
	})
	return a, err
}

// ActorByKey is [Tx.ActorByKey].
func (db *DB) ActorByKey(ctx context.Context, keyID federation.IRI) (a *federation.Actor, err error) {
	err = db.View(ctx, func(tx *Tx) (err error) {
		a, err = tx.ActorByKey(ctx, keyID)
		return err
	})
	return a, err
}

// PutActor stores what was read of a peer's actor. One of ours is never read
// from anywhere else.
func (db *DB) PutActor(ctx context.Context, a *federation.Actor) error {
	if a.Local || a.ID.Origin() == db.origin {
		return fmt.Errorf("%w: %s is ours", federation.ErrForbidden, a.ID)
	}
	return db.Update(ctx, func(tx *Tx) error { return tx.PutActor(ctx, a) })
}

// DropActor deletes a peer's actor whose origin says that it is gone.
func (db *DB) DropActor(ctx context.Context, id federation.IRI) error {
	if id.Origin() == db.origin {
		return fmt.Errorf("%w: %s is ours", federation.ErrForbidden, id)
	}
	return db.Update(ctx, func(tx *Tx) error { return tx.DropActor(ctx, id) })
}
