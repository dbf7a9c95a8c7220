// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"fmt"
)

// block keeps an actor away from the one who blocks: neither follows the other
// any more, and nothing that is not public is shown. ActivityPub 7.9. It is
// never delivered; the blocked follower is told that it follows no more.
var block = Verb{Type: Block, Apply: func(ctx context.Context, s State, a *Activity) ([]*Activity, error) {
	if a.Object == a.Actor {
		return nil, fmt.Errorf("%w: nobody blocks themselves", ErrMalformed)
	}
	if err := s.PutEdge(ctx, &Edge{Kind: a.Type, From: a.Actor, To: a.Object, By: a.ID, At: s.Now()}); err != nil {
		return nil, err
	}
	if err := ignoreMissing(s.DropEdge(ctx, Follow, a.Actor, a.Object)); err != nil {
		return nil, err
	}
	e, err := s.Edge(ctx, Follow, a.Object, a.Actor)
	if err != nil {
		return nil, ignoreMissing(err)
	}
	if err := s.DropEdge(ctx, e.Kind, e.From, e.To); err != nil || !a.Local {
		return nil, err
	}
	f := &Activity{ID: e.By, Type: Follow, Actor: e.From, Object: e.To}
	return []*Activity{answer(Reject, a.Actor, f)}, nil
}}
