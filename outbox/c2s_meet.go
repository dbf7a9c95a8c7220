// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/remote"
	"codeberg.org/maillage/maillage/store"
)

// What a client's activity may make us read before it is published.
const (
	meetBudget = 20
	meetTime   = 30 * time.Second
)

// meet reads from its origin what a speaks of and we do not know: a verb never
// waits for the network. Whom it is addressed to is read too, or nothing could
// be delivered to them.
func (d *Documents) meet(ctx context.Context, a *federation.Activity) error {
	if d.Directory == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(remote.WithBudget(ctx, meetBudget), meetTime)
	defer cancel()
	needs := federation.NeedsOf(a)
	for _, id := range slices.Concat(needs.Actors, needs.Refresh) {
		if err := d.meetActor(ctx, id); err != nil {
			return notReadable(id, err)
		}
	}
	objects := needs.Objects
	if a.Type == federation.Like {
		objects = append(objects, a.Object)
	}
	for _, id := range objects {
		if err := d.meetObject(ctx, id); err != nil {
			return notReadable(id, err)
		}
	}
	for _, id := range a.Addressees() {
		if err := d.meetActor(ctx, id); err != nil {
			d.Log.DebugContext(ctx, "addressee", "actor", id, "err", err) // a collection, or nobody
		}
	}
	return nil
}

// meetActor reads an actor of a peer, unless we know it.
func (d *Documents) meetActor(ctx context.Context, id federation.IRI) error {
	if id == "" || id == federation.Public || id.Origin() == d.Origin {
		return nil
	}
	_, err := d.Directory.Actor(ctx, id)
	return err
}

// meetObject reads an object of a peer, unless we hold it.
func (d *Documents) meetObject(ctx context.Context, id federation.IRI) error {
	if id == "" || id.Origin() == d.Origin {
		return nil
	}
	err := d.DB.View(ctx, func(tx *store.Tx) error {
		_, err := tx.Object(ctx, id)
		return err
	})
	if !errors.Is(err, federation.ErrNotFound) {
		return err
	}
	o, err := d.Directory.Object(ctx, id)
	if err != nil {
		return err
	}
	return d.DB.Update(ctx, func(tx *store.Tx) error { return federation.Learn(ctx, tx, o) })
}

// notReadable says that what a client names cannot be had. That nobody answers
// now stays what it is.
func notReadable(id federation.IRI, err error) error {
	if errors.Is(err, federation.ErrUnavailable) {
		return fmt.Errorf("read %s: %w", id, err)
	}
	return &federation.FieldError{Field: "object", Reason: "error_object", Detail: fmt.Sprintf("%s cannot be read: %v", id, err)}
}
