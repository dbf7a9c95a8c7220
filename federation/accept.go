// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"errors"
	"fmt"
)

// accept agrees to what another actor proposed. ActivityPub 7.6.
var accept = Verb{Type: Accept, Apply: func(ctx context.Context, s State, a *Activity) ([]*Activity, error) {
	e, err := proposed(ctx, s, a)
	if err != nil {
		return nil, err
	}
	if !e.Pending {
		return nil, nil // accepted before
	}
	e.Pending = false
	return nil, s.PutEdge(ctx, e)
}}

// reject refuses it, or ends later what was accepted. ActivityPub 7.7.
var reject = Verb{Type: Reject, Apply: func(ctx context.Context, s State, a *Activity) ([]*Activity, error) {
	e, err := proposed(ctx, s, a)
	if errors.Is(err, ErrNotFound) && a.Local && a.Inner != nil && a.Inner.Type == Follow && a.Inner.Object == a.Actor {
		return nil, nil // never taken in, or dropped by a Block: the other has to be told
	}
	if err != nil {
		return nil, err
	}
	return nil, s.DropEdge(ctx, e.Kind, e.From, e.To)
}}

// proposed finds the Follow that a answers: by its id, or by the Follow that
// came along, because some peers answer with another id or with none. It must
// have been addressed to the one who answers: R14.
func proposed(ctx context.Context, s State, a *Activity) (*Edge, error) {
	e, err := s.EdgeBy(ctx, a.Object)
	if errors.Is(err, ErrNotFound) && a.Inner != nil && a.Inner.Type == Follow {
		e, err = s.Edge(ctx, Follow, a.Inner.Actor, a.Inner.Object)
	}
	switch {
	case err != nil:
		return nil, err
	case e.Kind != Follow:
		return nil, fmt.Errorf("%w: cannot answer a %s", ErrUnsupported, e.Kind)
	case e.To != a.Actor:
		return nil, fmt.Errorf("%w: only %s may answer", ErrForbidden, e.To)
	}
	return e, nil
}
