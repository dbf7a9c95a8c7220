// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"errors"
	"fmt"
)

// An answer to an event is an edge from whoever answers: a [Join] for coming,
// pending while the organiser has not agreed or there is no place left, or a
// [TentativeAccept] for perhaps. There is one of the two at most; who is not
// coming has none. Answers are between the actor and the organiser alone.
//
// This file has the verbs; answers.go is the one list that they, polls and
// people without an actor come into.

// join asks to take part in an event. Where everybody may, the organiser
// accepts at once while there is room; who comes later waits for a place.
// ActivityStreams vocabulary, FEP-8a8e.
var join = Verb{
	Type:  Join,
	Needs: needsObject,
	Apply: func(ctx context.Context, s State, a *Activity) ([]*Activity, error) {
		o, organiser, err := invited(ctx, s, a)
		if err != nil {
			return nil, err
		}
		e := replyOf(a, o)
		if !organiser.Local {
			e.Pending = true // theirs to accept
			if err := takeSlots(ctx, s, o, e); err != nil {
				return nil, err
			}
			return nil, putAnswer(ctx, s, e)
		}
		ok, err := takes(ctx, s, o, a.Actor)
		if err != nil {
			return nil, err
		}
		if !ok {
			return []*Activity{answer(Ignore, organiser.ID, a)}, nil
		}
		if !admits(ctx, s, o, a.Actor) {
			return []*Activity{answer(Reject, organiser.ID, a)}, nil
		}
		if err := joined(ctx, s, a.Actor, o.ID); err != nil {
			return nil, err
		}
		return come(ctx, s, o, e)
	},
}

// leave says that one does not come after all. ActivityStreams vocabulary.
var leave = Verb{
	Type:  Leave,
	Needs: needsObject,
	Apply: func(ctx context.Context, s State, a *Activity) ([]*Activity, error) {
		return decline(ctx, s, a.Actor, a.Object)
	},
}

// tentativeAccept says that one comes perhaps, as Friendica does.
var tentativeAccept = Verb{
	Type:  TentativeAccept,
	Needs: needsObject,
	Apply: func(ctx context.Context, s State, a *Activity) ([]*Activity, error) {
		about, err := answered(ctx, s, a)
		if err != nil {
			return nil, err
		}
		perchance := *a
		perchance.Object = about.ID
		a = &perchance
		o, organiser, err := invited(ctx, s, a)
		if err != nil {
			return nil, err
		}
		if organiser.Local && !admits(ctx, s, o, a.Actor) {
			return nil, fmt.Errorf("%w: %s takes no answers", ErrForbidden, o.ID)
		}
		return perhaps(ctx, s, o, replyOf(a, o))
	},
}

// ignore says that something will not be answered: an organiser who takes no
// answers here. FEP-8a8e.
var ignore = Verb{Type: Ignore, Apply: func(ctx context.Context, s State, a *Activity) ([]*Activity, error) {
	return reject.Apply(ctx, s, a)
}}

// invited returns the event that a answers, and who organises it, if a's actor
// may know of it.
func invited(ctx context.Context, s State, a *Activity) (*Object, *Actor, error) {
	o, err := s.Object(ctx, a.Object)
	if err != nil {
		return nil, nil, err
	}
	organiser, err := s.Actor(ctx, o.AttributedTo)
	switch {
	case err != nil:
		return nil, nil, err
	case o.Gone():
		return nil, nil, fmt.Errorf("%w: %s", ErrGone, o.ID)
	case o.Type != event.Type:
		return nil, nil, fmt.Errorf("%w: %s of a %s", ErrUnsupported, a.Type, o.Type)
	}
	if o.Visibility(organiser.Followers) > VisibleUnlisted && organiser.ID != a.Actor {
		ok, err := addressed(ctx, s, o, organiser, a.Actor)
		if err == nil && !ok {
			ok, err = wasAsked(ctx, s, a.Actor, o.ID)
		}
		if err != nil || !ok {
			return nil, nil, orForbidden(err, o.ID)
		}
	}
	return o, organiser, nil
}

// admits reports whether an event of ours takes answers of somebody now.
func admits(ctx context.Context, s State, o *Object, who IRI) bool {
	e := EventOf(o)
	end := o.End
	if end.IsZero() {
		end = o.Start
	}
	blocked, err := has(ctx, s, Block, o.AttributedTo, who)
	if err != nil || blocked || e.Status == EventCancelled || s.Now().After(end) {
		return false
	}
	ok, err := takes(ctx, s, o, who)
	return err == nil && ok
}

// rsvp is what an Accept or a Reject is whose object is an event itself: the
// answer of somebody on Friendica. ok is false if it is something else.
func rsvp(ctx context.Context, s State, a *Activity) (owed []*Activity, ok bool, err error) {
	o, err := answered(ctx, s, a)
	if errors.Is(err, ErrNotFound) {
		return nil, false, nil
	}
	if err != nil || o.Type != event.Type {
		return nil, false, err
	}
	if a.Type == Reject {
		owed, err = decline(ctx, s, a.Actor, o.ID)
		return owed, true, err
	}
	coming := *a
	coming.Type, coming.Object, coming.Inner = Join, o.ID, nil
	if owed, err = join.Apply(ctx, s, &coming); err != nil || o.Local {
		return owed, true, err
	}
	e, err := s.Edge(ctx, Join, a.Actor, o.ID)
	if err != nil {
		return nil, true, err
	}
	e.Pending = false // nobody answers that: who comes, comes
	return owed, true, s.PutEdge(ctx, e)
}
