// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"errors"
	"fmt"
)

// del deletes an object, or the actor itself. What remains is a tombstone, so
// that a late Create cannot revive it. ActivityPub 7.4.
var del = Verb{Type: Delete, Apply: func(ctx context.Context, s State, a *Activity) ([]*Activity, error) {
	if a.Object == a.Actor {
		return nil, s.DropActor(ctx, a.Actor)
	}
	old, err := s.Object(ctx, a.Object)
	switch {
	case errors.Is(err, ErrNotFound):
		if !a.Object.SameOrigin(a.Actor) {
			return nil, fmt.Errorf("%w: %s is not of the host of %s", ErrForbidden, a.Object, a.Actor)
		}
		if _, err := s.Actor(ctx, a.Object); !errors.Is(err, ErrNotFound) {
			return nil, orForbidden(err, a.Object) // an actor is deleted by itself only
		}
		old = &Object{ID: a.Object, AttributedTo: a.Actor, Published: s.Now()}
	case err != nil:
		return nil, err
	case old.AttributedTo != a.Actor:
		return nil, fmt.Errorf("%w: %s belongs to %s", ErrForbidden, a.Object, old.AttributedTo)
	case old.Gone():
		return nil, nil
	}
	stone := &Object{
		ID: old.ID, Type: "Tombstone", FormerType: old.Type, AttributedTo: a.Actor, To: old.To, Cc: old.Cc,
		Published: old.Published, Deleted: s.Now(), Local: a.Local,
	}
	if a.Enclosed != nil && a.Local {
		stone.Raw = a.Enclosed.Raw
	}
	return nil, s.PutObject(ctx, stone)
}}
