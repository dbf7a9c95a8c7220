// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"errors"
	"fmt"
)

// accept agrees to what another actor proposed. ActivityPub 7.6. Of an event
// itself it is an answer: I come; of an Offer it makes an agreement.
var accept = Verb{Type: Accept, Apply: func(ctx context.Context, s State, a *Activity) ([]*Activity, error) {
	if owed, ok, err := rsvp(ctx, s, a); ok || err != nil {
		return owed, err
	}
	if owed, ok, err := agreement(ctx, s, a); ok || err != nil {
		return owed, err
	}
	e, err := proposed(ctx, s, a)
	if err != nil {
		return nil, err
	}
	if e.Kind == Join {
		if err := granted(ctx, s, a, e); err != nil {
			return nil, err
		}
	}
	if !e.Pending {
		return nil, nil // accepted before
	}
	e.Pending = false
	if err := s.PutEdge(ctx, e); err != nil {
		return nil, err
	}
	if e.Kind == Join {
		if err := tellAnswerer(ctx, s, a.Type, e, a.Actor); err != nil {
			return nil, err
		}
		return say(ctx, s, SayPlace, e, a.Actor)
	}
	return nil, nil
}}

// reject refuses it, or ends later what was accepted. ActivityPub 7.7. Of an
// event itself it is an answer: I do not come; of an Offer, that there is no
// agreement.
var reject = Verb{Type: Reject, Apply: func(ctx context.Context, s State, a *Activity) ([]*Activity, error) {
	if owed, ok, err := rsvp(ctx, s, a); ok || err != nil {
		return owed, err
	}
	if ok, err := refusal(ctx, s, a); ok || err != nil {
		return nil, err
	}
	e, err := proposed(ctx, s, a)
	if errors.Is(err, ErrNotFound) && a.Local && a.Inner != nil && (a.Inner.Type == Join || a.Inner.Type == Follow && a.Inner.Object == a.Actor) {
		return nil, nil // never taken in, or dropped by a Block: the other has to be told
	}
	if err != nil {
		return nil, err
	}
	if err := s.DropEdge(ctx, e.Kind, e.From, e.To); err != nil || e.Kind != Join {
		return nil, err
	}
	o, err := s.Object(ctx, e.To)
	if err != nil {
		return nil, err
	}
	if err := freeSlots(ctx, s, o, e.From); err != nil {
		return nil, err
	}
	if err := tellAnswerer(ctx, s, a.Type, e, a.Actor); err != nil {
		return nil, err
	}
	owed, err := say(ctx, s, SayRefused, e, a.Actor)
	if err != nil {
		return nil, err
	}
	freed, err := moveUp(ctx, s, e.To, "")
	return append(owed, freed...), err
}}

// proposed finds the Follow or the Join that a answers: by its id, or by what
// came along, because some peers answer with another id or with none. It must
// have been addressed to the one who answers: R14.
func proposed(ctx context.Context, s State, a *Activity) (*Edge, error) {
	e, err := s.EdgeBy(ctx, a.Object)
	if errors.Is(err, ErrNotFound) && a.Inner != nil && (a.Inner.Type == Follow || a.Inner.Type == Join) {
		e, err = s.Edge(ctx, a.Inner.Type, a.Inner.Actor, a.Inner.Object)
	}
	if err != nil {
		return nil, err
	}
	may := e.To // who may answer
	switch e.Kind {
	case Follow:
	case Join:
		o, err := s.Object(ctx, e.To)
		if err != nil {
			return nil, err
		}
		may = o.AttributedTo
	default:
		return nil, fmt.Errorf("%w: cannot answer a %s", ErrUnsupported, e.Kind)
	}
	if may != a.Actor {
		return nil, fmt.Errorf("%w: only %s may answer", ErrForbidden, may)
	}
	return e, nil
}
