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
		return depart(ctx, s, a.Actor)
	}
	if owed, ok, err := revocation(ctx, s, a); ok || err != nil {
		return owed, err
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
		old = &Object{ID: a.Object, AttributedTo: a.Actor, Published: s.Now(), Local: a.Local}
	case err != nil:
		return nil, err
	case old.AttributedTo != a.Actor:
		return nil, fmt.Errorf("%w: %s belongs to %s", ErrForbidden, a.Object, old.AttributedTo)
	case old.Gone():
		return nil, nil
	}
	return nil, bury(ctx, s, a, old)
}}

// depart lets an actor go: whoever wanted to come to an event of theirs hears
// that there is none, and their own places go to who waits for one.
func depart(ctx context.Context, s State, who IRI) (owed []*Activity, err error) {
	organised, answered, err := s.Engaged(ctx, who)
	if err != nil {
		return nil, err
	}
	for _, id := range organised {
		o, err := s.Object(ctx, id)
		if err == nil {
			err = bury(ctx, s, nil, o)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, id := range answered {
		freed, err := decline(ctx, s, who, id)
		if err != nil {
			return nil, err
		}
		owed = append(owed, freed...)
	}
	return owed, s.DropActor(ctx, who)
}

// bury leaves a tombstone of an object.
func bury(ctx context.Context, s State, a *Activity, old *Object) error {
	stone := &Object{
		ID: old.ID, Type: "Tombstone", FormerType: old.Type, AttributedTo: old.AttributedTo, To: old.To, Cc: old.Cc,
		Audience: old.Audience, Published: old.Published, Deleted: s.Now(), Local: old.Local,
	}
	if a != nil && a.Enclosed != nil && a.Local {
		stone.Raw = a.Enclosed.Raw
	}
	if err := s.PutObject(ctx, stone); err != nil {
		return err
	}
	return changed(ctx, s, old, stone)
}

// Forget takes in that the origin of an object says that it is no more.
func Forget(ctx context.Context, s State, id IRI) error {
	old, err := s.Object(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && old.Gone():
		return nil
	case err != nil:
		return err
	case old.Local:
		return fmt.Errorf("%w: %s is ours", ErrForbidden, id)
	}
	return bury(ctx, s, nil, old)
}
