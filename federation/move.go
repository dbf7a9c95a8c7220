// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"fmt"
	"slices"
)

// move says that an actor lives at another address from now on. Our followers
// of the old address follow the new one, if that says it is the same: R8,
// FEP-7628.
var move = Verb{
	Type: Move,
	Needs: func(a *Activity) Needs {
		return Needs{Actors: []IRI{a.Target}, Refresh: []IRI{a.Target}}
	},
	Apply: func(ctx context.Context, s State, a *Activity) ([]*Activity, error) {
		if a.Object != a.Actor || a.Target == "" || a.Target == a.Actor {
			return nil, fmt.Errorf("%w: Move needs its own actor and another target", ErrMalformed)
		}
		old, err := s.Actor(ctx, a.Actor)
		if err != nil {
			return nil, err
		}
		target, err := s.Actor(ctx, a.Target)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(target.AlsoKnownAs, old.ID) || target.Gone {
			return nil, fmt.Errorf("%w: %s does not say it is %s", ErrForbidden, target.ID, old.ID)
		}
		if old.MovedTo == target.ID {
			return nil, nil
		}
		moved := *old
		moved.MovedTo = target.ID
		if err := s.PutActor(ctx, &moved); err != nil {
			return nil, err
		}
		return followAlong(ctx, s, old.ID, target.ID)
	},
}

// followAlong lets our followers of the old address follow the new one.
func followAlong(ctx context.Context, s State, from, to IRI) ([]*Activity, error) {
	followers, err := s.LocalFollowers(ctx, from)
	if err != nil {
		return nil, err
	}
	var owed []*Activity
	for _, who := range followers {
		e, err := s.Edge(ctx, Follow, who, from)
		if err != nil {
			return nil, err
		}
		f := &Activity{ID: e.By, Type: Follow, Actor: who, Object: from}
		owed = append(owed, &Activity{Type: Undo, Actor: who, Object: e.By, Inner: f, To: []IRI{from}, Local: true})
		if who == to {
			continue
		}
		if already, err := has(ctx, s, Follow, who, to); err != nil {
			return nil, err
		} else if !already {
			owed = append(owed, &Activity{Type: Follow, Actor: who, Object: to, To: []IRI{to}, Local: true})
		}
	}
	return owed, nil
}
