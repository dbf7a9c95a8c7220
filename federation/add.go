// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"fmt"
)

// add pins an object of one's own on top of one's profile: the collection
// "featured". ActivityPub 7.8.
var add = Verb{Type: Add, Needs: needsObject, Apply: func(ctx context.Context, s State, a *Activity) ([]*Activity, error) {
	o, err := pinned(ctx, s, a)
	if err != nil {
		return nil, err
	}
	return nil, s.PutEdge(ctx, &Edge{Kind: Add, From: a.Actor, To: o.ID, By: a.ID, At: s.Now(), Public: true})
}}

// remove takes it down again.
var remove = Verb{Type: Remove, Apply: func(ctx context.Context, s State, a *Activity) ([]*Activity, error) {
	if _, err := pinned(ctx, s, a); err != nil {
		return nil, err
	}
	return nil, ignoreMissing(s.DropEdge(ctx, Add, a.Actor, a.Object))
}}

// pinned returns the object, if it is the actor's own and the collection is the
// actor's own featured: R15. No other collection is changed by a peer.
func pinned(ctx context.Context, s State, a *Activity) (*Object, error) {
	actor, err := s.Actor(ctx, a.Actor)
	if err != nil {
		return nil, err
	}
	if a.Target == "" || a.Target != actor.Featured {
		return nil, fmt.Errorf("%w: %s is not the featured collection of %s", ErrForbidden, a.Target, a.Actor)
	}
	o, err := s.Object(ctx, a.Object)
	if err == nil && o.AttributedTo != a.Actor {
		err = fmt.Errorf("%w: %s belongs to %s", ErrForbidden, o.ID, o.AttributedTo)
	}
	return o, err
}
