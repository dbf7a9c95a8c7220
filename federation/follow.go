// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"errors"
	"fmt"
)

// follow asks to receive what an actor publishes. ActivityPub 7.5.
var follow = Verb{
	Type:  Follow,
	Needs: func(a *Activity) Needs { return Needs{Actors: []IRI{a.Object}} },
	Apply: func(ctx context.Context, s State, a *Activity) ([]*Activity, error) {
		target, err := s.Actor(ctx, a.Object)
		switch {
		case err != nil:
			return nil, err
		case target.Gone:
			return nil, fmt.Errorf("%w: %s", ErrGone, target.ID)
		case target.ID == a.Actor:
			return nil, fmt.Errorf("%w: nobody follows themselves", ErrMalformed)
		}
		if blocked, err := has(ctx, s, Block, target.ID, a.Actor); err != nil || blocked && target.Local {
			return refuse(target, a), err
		}
		old, err := s.Edge(ctx, a.Type, a.Actor, target.ID)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		accepted := old != nil && !old.Pending // asked again: the answer got lost
		e := &Edge{Kind: a.Type, From: a.Actor, To: target.ID, Pending: !accepted, By: a.ID, At: s.Now()}
		if !target.Local {
			return nil, s.PutEdge(ctx, e) // theirs to accept
		}
		e.Pending = target.Locked && !accepted
		if err := s.PutEdge(ctx, e); err != nil {
			return nil, err
		}
		if old == nil {
			if err := s.Notify(ctx, Notice{For: target.ID, Kind: a.Type, Actor: a.Actor, At: s.Now()}); err != nil {
				return nil, err
			}
		}
		if e.Pending {
			return nil, nil // a person decides
		}
		return []*Activity{answer(Accept, target.ID, a)}, nil
	},
}

// refuse is what a local target answers; a remote one answers for itself.
func refuse(target *Actor, a *Activity) []*Activity {
	if !target.Local {
		return nil
	}
	return []*Activity{answer(Reject, target.ID, a)}
}

// answer is a reply to what another actor proposed, with the proposal inside.
func answer(verb string, from IRI, a *Activity) *Activity {
	return &Activity{Type: verb, Actor: from, Object: a.ID, Inner: a, To: []IRI{a.Actor}, Local: true}
}

// has reports whether there is an accepted edge.
func has(ctx context.Context, s State, kind string, from, to IRI) (bool, error) {
	e, err := s.Edge(ctx, kind, from, to)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil && !e.Pending, err
}
