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
		if !organiser.Local {
			return nil, answerEvent(ctx, s, a, o.ID, true) // theirs to accept
		}
		if !EventOf(o).TakesAnswers() {
			return []*Activity{answer(Ignore, organiser.ID, a)}, nil
		}
		if !admits(ctx, s, o, a) {
			return []*Activity{answer(Reject, organiser.ID, a)}, nil
		}
		old, err := s.Edge(ctx, Join, a.Actor, o.ID)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		waits := true
		if old != nil && !old.Pending {
			waits = false // asked again: the answer got lost
		} else if EventOf(o).JoinMode != JoinRestricted {
			if waits, err = full(ctx, s, o); err != nil {
				return nil, err
			}
		}
		if err := answerEvent(ctx, s, a, o.ID, waits); err != nil {
			return nil, err
		}
		if old == nil {
			if err := tellOrganiser(ctx, s, organiser, a, o.ID); err != nil {
				return nil, err
			}
		}
		if waits {
			return nil, nil
		}
		return []*Activity{answer(Accept, organiser.ID, a)}, nil
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
		o, organiser, err := invited(ctx, s, a)
		if err != nil {
			return nil, err
		}
		if organiser.Local && !admits(ctx, s, o, a) {
			return nil, fmt.Errorf("%w: %s takes no answers", ErrForbidden, o.ID)
		}
		freed, err := decline(ctx, s, a.Actor, o.ID)
		if err != nil {
			return nil, err
		}
		if err := answerEvent(ctx, s, a, o.ID, false); err != nil {
			return nil, err
		}
		return freed, tellOrganiser(ctx, s, organiser, a, o.ID)
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
		if ok, err := addressed(ctx, s, o, organiser, a.Actor); err != nil || !ok {
			return nil, nil, orForbidden(err, o.ID)
		}
	}
	return o, organiser, nil
}

// admits reports whether an event of ours takes answers of a's actor now.
func admits(ctx context.Context, s State, o *Object, a *Activity) bool {
	e := EventOf(o)
	end := o.End
	if end.IsZero() {
		end = o.Start
	}
	blocked, err := has(ctx, s, Block, o.AttributedTo, a.Actor)
	return err == nil && !blocked && e.Status != EventCancelled && e.TakesAnswers() && !s.Now().After(end)
}

// full reports whether all places of an event are taken.
func full(ctx context.Context, s State, o *Object) (bool, error) {
	capacity := EventOf(o).Capacity
	if capacity == 0 {
		return false, nil
	}
	coming, err := s.CountTo(ctx, Join, o.ID)
	return coming >= capacity, err
}

// answerEvent stores an answer in place of the one that was.
func answerEvent(ctx context.Context, s State, a *Activity, id IRI, pending bool) error {
	for _, kind := range []string{Join, TentativeAccept} {
		if kind == a.Type {
			continue
		}
		if err := s.DropEdge(ctx, kind, a.Actor, id); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	words := first(text(a.Extra["participationMessage"]), a.Content)
	if r := []rune(words); len(r) > maxAnswer {
		words = string(r[:maxAnswer])
	}
	return s.PutEdge(ctx, &Edge{Kind: a.Type, From: a.Actor, To: id, Pending: pending, By: a.ID, Content: words, At: s.Now()})
}

// maxAnswer is how many characters one may say to the organiser with an answer.
const maxAnswer = 500

func tellOrganiser(ctx context.Context, s State, organiser *Actor, a *Activity, id IRI) error {
	if !organiser.Local || organiser.ID == a.Actor {
		return nil
	}
	return s.Notify(ctx, Notice{For: organiser.ID, Kind: a.Type, Actor: a.Actor, Object: id, At: s.Now()})
}

// decline drops whatever somebody answered to an event. A place that becomes
// free in one of ours goes to whoever has waited longest.
func decline(ctx context.Context, s State, who, id IRI) ([]*Activity, error) {
	if err := s.Lock(ctx, id); err != nil {
		return nil, err
	}
	for _, kind := range []string{Join, TentativeAccept} {
		if err := s.DropEdge(ctx, kind, who, id); err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
	}
	return moveUp(ctx, s, id)
}

// moveUp accepts who waits for a place of an event of ours, while there is one.
func moveUp(ctx context.Context, s State, id IRI) ([]*Activity, error) {
	o, err := s.Object(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil || !o.Local || o.Type != event.Type {
		return nil, err
	}
	e := EventOf(o)
	if e.JoinMode == JoinRestricted || e.Status == EventCancelled {
		return nil, nil // a person decides; or nobody comes
	}
	var owed []*Activity
	for {
		taken, err := full(ctx, s, o)
		if err != nil || taken {
			return owed, err
		}
		next, err := s.FirstPending(ctx, Join, id)
		if errors.Is(err, ErrNotFound) {
			return owed, nil
		}
		if err != nil {
			return nil, err
		}
		next.Pending = false
		if err := s.PutEdge(ctx, next); err != nil {
			return nil, err
		}
		owed = append(owed, answer(Accept, o.AttributedTo, &Activity{ID: next.By, Type: Join, Actor: next.From, Object: id}))
		if next.From.Origin() == s.Home() {
			if err := s.Notify(ctx, Notice{For: next.From, Kind: Accept, Actor: o.AttributedTo, Object: id, At: s.Now()}); err != nil {
				return nil, err
			}
		}
	}
}

// rsvp is what an Accept or a Reject is whose object is an event itself: the
// answer of somebody on Friendica. ok is false if it is something else.
func rsvp(ctx context.Context, s State, a *Activity) (owed []*Activity, ok bool, err error) {
	if a.Inner != nil {
		return nil, false, nil
	}
	o, err := s.Object(ctx, a.Object)
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
	coming.Type = Join
	owed, err = join.Apply(ctx, s, &coming)
	return owed, true, err
}
