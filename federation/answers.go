// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
)

// Whoever answers an event of ours, by whatever door, is one edge: an actor of
// ours or a peer's, or a guest, who has no actor and whose name and address
// the store keeps. So one count and one waiting list serve them all.

// maxAnswer is how many characters one may say to the organiser with an answer.
const maxAnswer = 500

// MaxCompanions is how many people somebody may bring along.
const MaxCompanions = 9

// guests is the path under which people without an actor have their names.
const guests = "/guests/"

// GuestID is the name of a guest in edges. Nothing is found under it.
func GuestID(home, name string) IRI { return IRI(home + guests + name) }

// IsGuest reports whether id is the name of somebody who answered without an
// actor.
func IsGuest(home string, id IRI) bool { return strings.HasPrefix(string(id), home+guests) }

// Answer takes in what a guest answers to an event of ours: e is a Join, a
// TentativeAccept or, to say no, a Leave. What it returns is owed to others, who
// may have moved up. There is no activity to it, so it does not pass the gate.
func Answer(ctx context.Context, s State, e *Edge) ([]*Activity, error) {
	o, err := s.Object(ctx, e.To)
	if err != nil {
		return nil, err
	}
	if e.Kind == Leave {
		return decline(ctx, s, e.From, e.To)
	}
	if !IsGuest(s.Home(), e.From) || !o.Local || o.Type != event.Type || !admits(ctx, s, o, e.From) {
		return nil, ErrConflict
	}
	e.At = s.Now()
	if e.Kind == TentativeAccept {
		return perhaps(ctx, s, o, e)
	}
	return come(ctx, s, o, e)
}

// Admit gives a guest a place, as the organiser wishes, whether or not there is
// one left.
func Admit(ctx context.Context, s State, guest, event IRI) error {
	if err := s.Lock(ctx, event); err != nil {
		return err
	}
	e, err := s.Edge(ctx, Join, guest, event)
	if err != nil {
		return err
	}
	e.Pending = false
	return s.PutEdge(ctx, e)
}

// replyOf is the edge that an activity asks for.
func replyOf(a *Activity, o *Object) *Edge {
	e := &Edge{Kind: a.Type, From: a.Actor, To: o.ID, By: a.ID, Content: first(text(a.Extra["participationMessage"]), a.Content), Slots: slotsIn(a)}
	read(a.Extra["companions"], &e.Companions)
	return e
}

// WithParty puts into an answer how many come along and what is said to the
// organiser: Mobilizon's participationMessage, and a term of ours.
func WithParty(a *Activity, companions int, message string) {
	a.Extra = map[string]json.RawMessage{}
	for name, v := range map[string]any{"companions": companions, "participationMessage": message} {
		if raw, err := json.Marshal(v); err == nil && v != 0 && v != "" {
			a.Extra[name] = raw
		}
	}
}

// come takes in that somebody comes to an event of ours: at once where there
// is room and nobody waits, else at the end of the line; where a person decides,
// when they do. Who comes already and wants to bring more gets as many as there
// is room for.
func come(ctx context.Context, s State, o *Object, e *Edge) ([]*Activity, error) {
	if err := s.Lock(ctx, o.ID); err != nil {
		return nil, err
	}
	old, err := s.Edge(ctx, Join, e.From, o.ID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	v := EventOf(o)
	e.Companions = max(0, min(e.Companions, MaxCompanions))
	if v.Capacity > 0 {
		e.Companions = min(e.Companions, v.Capacity-1) // or they would block the line for ever
	}
	e.Pending, e.At = true, s.Now()
	if old != nil {
		e.Pending, e.At = old.Pending, old.At
	}
	if more := companionsOf(old); !e.Pending && e.Companions > more && v.JoinMode != JoinRestricted {
		free, err := free(ctx, s, o)
		if err != nil {
			return nil, err
		}
		e.Companions = more + max(0, min(e.Companions-more, free))
	}
	if err := putAnswer(ctx, s, e); err != nil {
		return nil, err
	}
	if old == nil {
		if err := tellOrganiser(ctx, s, o, e); err != nil {
			return nil, err
		}
	}
	if err := takeSlots(ctx, s, o, e); err != nil {
		return nil, err
	}
	owed, err := moveUp(ctx, s, o.ID, e.From)
	if err != nil || e.Pending {
		return owed, err
	}
	again, err := agreed(ctx, s, o, e, true) // asked again: the answer got lost
	return append(again, owed...), err
}

func companionsOf(e *Edge) int {
	if e == nil {
		return 0
	}
	return e.Companions
}

// perhaps takes in that somebody comes perhaps; the place they had is free.
func perhaps(ctx context.Context, s State, o *Object, e *Edge) ([]*Activity, error) {
	freed, err := decline(ctx, s, e.From, o.ID)
	if err != nil {
		return nil, err
	}
	e.Companions, e.At = max(0, min(e.Companions, MaxCompanions)), s.Now()
	if err := putAnswer(ctx, s, e); err != nil {
		return nil, err
	}
	return freed, tellOrganiser(ctx, s, o, e)
}

// putAnswer stores an answer in place of the one that was.
func putAnswer(ctx context.Context, s State, e *Edge) error {
	if err := errors.Join(dropAnswers(ctx, s, e.From, e.To, e.Kind), settleInvite(ctx, s, e.From, e.To)); err != nil {
		return err
	}
	e.Content = brief(e.Content)
	if e.At.IsZero() {
		e.At = s.Now()
	}
	return s.PutEdge(ctx, e)
}

// dropAnswers forgets what somebody answered, but for one kind of answer.
func dropAnswers(ctx context.Context, s State, who, id IRI, except string) error {
	for _, kind := range []string{Join, TentativeAccept} {
		if kind == except {
			continue
		}
		if err := s.DropEdge(ctx, kind, who, id); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return nil
}

// free returns how many places an event of ours has left.
func free(ctx context.Context, s State, o *Object) (int, error) {
	capacity := EventOf(o).Capacity
	if capacity == 0 {
		return math.MaxInt, nil
	}
	taken, err := s.Taken(ctx, o.ID)
	return capacity - taken, err
}

// decline drops whatever somebody answered to an event. A place that becomes
// free in one of ours goes to whoever has waited longest.
func decline(ctx context.Context, s State, who, id IRI) ([]*Activity, error) {
	if err := s.Lock(ctx, id); err != nil {
		return nil, err
	}
	if err := errors.Join(dropAnswers(ctx, s, who, id, ""), settleInvite(ctx, s, who, id)); err != nil {
		return nil, err
	}
	o, err := s.Object(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := freeSlots(ctx, s, o, who); err != nil {
		return nil, err
	}
	return moveUp(ctx, s, id, "")
}

// moveUp accepts who waits for a place of an event of ours, in order, while
// there is room for them and whom they bring. asking is who asks just now, and
// needs no notice.
func moveUp(ctx context.Context, s State, id, asking IRI) ([]*Activity, error) {
	o, err := s.Object(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil || !o.Local || o.Type != event.Type {
		return nil, err
	}
	if err := s.Lock(ctx, id); err != nil {
		return nil, err
	}
	v := EventOf(o)
	if v.JoinMode == JoinRestricted || v.Status == EventCancelled {
		return nil, nil // a person decides; or nobody comes
	}
	var owed []*Activity
	for {
		next, err := s.FirstPending(ctx, Join, id)
		if errors.Is(err, ErrNotFound) {
			return owed, nil
		}
		if err != nil {
			return nil, err
		}
		left, err := free(ctx, s, o)
		if err != nil || left < 1+next.Companions {
			return owed, err
		}
		next.Pending = false
		if err := s.PutEdge(ctx, next); err != nil {
			return nil, err
		}
		more, err := agreed(ctx, s, o, next, next.From == asking)
		if err != nil {
			return nil, err
		}
		owed = append(owed, more...)
		if next.From != asking {
			if err := tellAnswerer(ctx, s, Accept, next, o.AttributedTo); err != nil {
				return nil, err
			}
		}
	}
}

// agreed is what the organiser owes to somebody who comes: an Accept; words, if
// they voted and it is not by that vote that they have a place. Guests are told
// by mail.
func agreed(ctx context.Context, s State, o *Object, e *Edge, asking bool) ([]*Activity, error) {
	if IsGuest(s.Home(), e.From) {
		return nil, nil
	}
	words, err := say(ctx, s, SayPlace, e, o.AttributedTo)
	if err != nil || len(words) > 0 {
		if asking {
			words = nil
		}
		return words, err
	}
	a, err := Agreement(ctx, s, o, e)
	return []*Activity{a}, err
}

// tellAnswerer notifies an actor of ours of what became of their answer.
func tellAnswerer(ctx context.Context, s State, verb string, e *Edge, organiser IRI) error {
	if e.From.Origin() != s.Home() || IsGuest(s.Home(), e.From) {
		return nil
	}
	return s.Notify(ctx, Notice{For: e.From, Kind: verb, Actor: organiser, Object: e.To, At: s.Now(), Again: true})
}

// tellOrganiser notifies an organiser of ours of an answer.
func tellOrganiser(ctx context.Context, s State, o *Object, e *Edge) error {
	if !o.Local || o.AttributedTo == e.From {
		return nil
	}
	n := Notice{For: o.AttributedTo, Kind: e.Kind, Actor: e.From, Object: o.ID, At: s.Now()}
	if IsGuest(s.Home(), e.From) {
		n.Kind, n.Actor = "Guest", o.AttributedTo // there is nobody to name
	}
	return s.Notify(ctx, n)
}
