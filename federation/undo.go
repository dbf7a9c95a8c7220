// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"errors"
	"fmt"
)

// undo takes back an earlier activity of the same actor. ActivityPub 7.12.
var undo = Verb{Type: Undo, Apply: func(ctx context.Context, s State, a *Activity) ([]*Activity, error) {
	if owed, ok, err := withdrawal(ctx, s, a); ok || err != nil {
		return owed, err
	}
	e, err := undone(ctx, s, a)
	if errors.Is(err, ErrNotFound) {
		return nil, forestall(ctx, s, a)
	}
	if err != nil {
		return nil, err
	}
	if e.From != a.Actor {
		return nil, fmt.Errorf("%w: only %s may undo", ErrForbidden, e.From)
	}
	if e.Kind == Join || e.Kind == TentativeAccept {
		return decline(ctx, s, e.From, e.To)
	}
	if done, err := takeOut(ctx, s, e); done || err != nil {
		return nil, err
	}
	return nil, s.DropEdge(ctx, e.Kind, e.From, e.To)
}}

// undone finds the edge that a takes back: by the id of the activity that made
// it, or by the activity that came along.
func undone(ctx context.Context, s State, a *Activity) (*Edge, error) {
	e, err := s.EdgeBy(ctx, a.Object)
	if errors.Is(err, ErrNotFound) && a.Inner != nil && a.Inner.Actor == a.Actor {
		return s.Edge(ctx, a.Inner.Type, a.Actor, a.Inner.Object)
	}
	return e, err
}

// forestall remembers an activity that was undone before it came, so that it
// does nothing when it does come.
func forestall(ctx context.Context, s State, a *Activity) error {
	if a.Inner == nil || a.Inner.Actor != a.Actor || !a.Object.SameOrigin(a.Actor) {
		return nil
	}
	err := s.LogActivity(ctx, &Activity{ID: a.Object, Type: a.Inner.Type, Actor: a.Actor, Object: a.Inner.Object, Published: s.Now(), Local: a.Local})
	if errors.Is(err, ErrSeen) {
		return nil
	}
	return err
}
