// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// invite asks somebody to come to an event. Only its organiser does so, to each
// alone. That somebody was asked is an edge from them to the event, pending
// until they answer; it lets them read the event, whoever else may not, and
// answer one that is for those invited only. ActivityStreams vocabulary;
// Hubzilla sends the event along.
var invite = Verb{
	Type: Invite,
	Needs: func(a *Activity) Needs {
		if a.Enclosed == nil || checkOwn(a.Enclosed, a.Actor) != nil {
			return Needs{Objects: []IRI{a.Object}}
		}
		return Needs{}
	},
	Apply: func(ctx context.Context, s State, a *Activity) ([]*Activity, error) {
		o, err := s.Object(ctx, a.Object)
		if errors.Is(err, ErrNotFound) && !a.Local && a.Enclosed != nil {
			if err := learnInvited(ctx, s, a); err != nil {
				return nil, err
			}
			o, err = a.Enclosed, nil
		}
		switch {
		case err != nil:
			return nil, err
		case o.Type != event.Type:
			return nil, fmt.Errorf("%w: Invite to a %s", ErrUnsupported, o.Type)
		case o.AttributedTo != a.Actor:
			return nil, fmt.Errorf("%w: %s does not organise %s", ErrForbidden, a.Actor, o.ID)
		}
		for _, who := range invitees(s, a) {
			if err := asked(ctx, s, a, o, who); err != nil {
				return nil, err
			}
		}
		return nil, nil
	},
}

// maxInvitees is how many of ours one activity may invite.
const maxInvitees = 20

// learnInvited keeps the event that came with an invitation of one of ours.
func learnInvited(ctx context.Context, s State, a *Activity) error {
	o := a.Enclosed
	if err := checkOwn(o, a.Actor); err != nil {
		return err
	}
	if err := checkNoun(o); err != nil {
		return err
	}
	if len(invitees(s, a)) == 0 {
		return fmt.Errorf("%w: nobody here is invited to %s", ErrNotConcerned, o.ID)
	}
	clamp(o, s.Now())
	return s.PutObject(ctx, o)
}

// invitees are whom an activity invites: the target, or the addressees. Of a
// peer's, those here.
func invitees(s State, a *Activity) []IRI {
	list := []IRI{a.Target}
	if a.Target == "" {
		list = unique(a.To)
	}
	list = slices.DeleteFunc(list, func(id IRI) bool {
		return id == "" || id == Public || id == a.Actor || !a.Local && id.Origin() != s.Home()
	})
	return list[:min(len(list), maxInvitees)]
}

// asked notes that somebody is invited, once, and tells them if they are ours.
// Who blocked the organiser hears nothing, nor does who only hears of those
// they follow.
func asked(ctx context.Context, s State, a *Activity, o *Object, who IRI) error {
	actor, err := s.Actor(ctx, who)
	if err != nil {
		return ignoreMissing(err)
	}
	blocked, err := has(ctx, s, Block, who, a.Actor)
	if err != nil || blocked || actor.Gone {
		return err
	}
	if actor.Local && actor.Closed {
		if familiar, err := has(ctx, s, Follow, who, a.Actor); err != nil || !familiar {
			return err
		}
	}
	if _, err := s.Edge(ctx, Invite, who, o.ID); !errors.Is(err, ErrNotFound) {
		return err // once
	}
	return AskTo(ctx, s, &Edge{From: who, To: o.ID, By: a.ID})
}

// AskTo notes that somebody is invited to an event: an actor by an Invite, or a
// guest by a letter.
func AskTo(ctx context.Context, s State, e *Edge) error {
	e.Kind, e.Pending, e.At = Invite, true, s.Now()
	for _, kind := range []string{Join, TentativeAccept} {
		_, err := s.Edge(ctx, kind, e.From, e.To)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		e.Pending = e.Pending && err != nil // they answered before they were asked
	}
	if err := s.PutEdge(ctx, e); err != nil || e.From.Origin() != s.Home() || IsGuest(s.Home(), e.From) {
		return err
	}
	o, err := s.Object(ctx, e.To)
	if err != nil {
		return err
	}
	return s.Notify(ctx, Notice{For: e.From, Kind: Invite, Actor: o.AttributedTo, Object: e.To, At: s.Now()})
}

// wasAsked reports whether somebody is invited to an event, whatever they said.
func wasAsked(ctx context.Context, s State, who, event IRI) (bool, error) {
	_, err := s.Edge(ctx, Invite, who, event)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// settleInvite notes that somebody answered the invitation.
func settleInvite(ctx context.Context, s State, who, event IRI) error {
	e, err := s.Edge(ctx, Invite, who, event)
	if err != nil || !e.Pending {
		return ignoreMissing(err)
	}
	e.Pending = false
	return s.PutEdge(ctx, e)
}

// takes reports whether an event takes an answer of somebody: of everybody, or
// of those who are invited.
func takes(ctx context.Context, s State, o *Object, who IRI) (bool, error) {
	e := EventOf(o)
	if e.JoinMode != JoinInvite {
		return e.TakesAnswers(), nil
	}
	return wasAsked(ctx, s, who, o.ID)
}

// answered returns the event that an Accept, a Reject or a TentativeAccept is
// about: itself, or by the Invite to it. ErrNotFound if it is about none.
func answered(ctx context.Context, s State, a *Activity) (*Object, error) {
	id := a.Object
	if a.Inner != nil {
		if a.Inner.Type != Invite {
			return nil, fmt.Errorf("event: %w", ErrNotFound)
		}
		id = a.Inner.Object
	}
	o, err := s.Object(ctx, id)
	if !errors.Is(err, ErrNotFound) {
		return o, err
	}
	e, err := s.EdgeBy(ctx, a.Object)
	if err != nil || e.Kind != Invite || e.From != a.Actor {
		return nil, errors.Join(err, fmt.Errorf("event: %w", ErrNotFound))
	}
	return s.Object(ctx, e.To)
}
