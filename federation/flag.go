// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"fmt"
)

// flag reports objects or actors of ours to the moderators of this instance.
var flag = Verb{Type: Flag, Apply: func(ctx context.Context, s State, a *Activity) ([]*Activity, error) {
	about := unique([]IRI{a.Object}, a.Objects)
	if len(about) > maxFlagged {
		about = about[:maxFlagged]
	}
	ours := 0
	for _, id := range about {
		if !a.Local && id.Origin() != s.Home() {
			continue
		}
		ours++
		if err := s.PutEdge(ctx, &Edge{Kind: a.Type, From: a.Actor, To: id, By: a.ID, Content: a.Content, At: s.Now()}); err != nil {
			return nil, err
		}
	}
	if ours == 0 {
		return nil, fmt.Errorf("%w: the report names nothing of ours", ErrMalformed)
	}
	return nil, nil
}}

// maxFlagged is how many things one report may name.
const maxFlagged = 50
