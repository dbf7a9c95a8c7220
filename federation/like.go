// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"fmt"
)

// like says that somebody likes an object. ActivityPub 7.10.
var like = Verb{Type: Like, Apply: func(ctx context.Context, s State, a *Activity) ([]*Activity, error) {
	return nil, attach(ctx, s, a, true)
}}

// announce shares an object with the announcer's own followers. It never shows
// an object to more people than its author did. ActivityPub 7.11.
//
// A group announces its members' activities too (FEP-1b12): of those a Create
// or an Update is a share of its object, and the others are nothing to us.
var announce = Verb{
	Type: Announce,
	Needs: func(a *Activity) Needs {
		if foreignDeed(a) {
			return Needs{}
		}
		return needsObject(a)
	},
	Apply: func(ctx context.Context, s State, a *Activity) ([]*Activity, error) {
		if foreignDeed(a) {
			return nil, fmt.Errorf("%w: Announce of a %s", ErrUnsupported, a.Inner.Type)
		}
		return nil, attach(ctx, s, a, false)
	},
}

func foreignDeed(a *Activity) bool {
	return a.Inner != nil && a.Inner.Type != Create && a.Inner.Type != Update
}

func needsObject(a *Activity) Needs { return Needs{Objects: []IRI{a.Object}} }

// attach makes an edge from the actor to an object that we hold.
func attach(ctx context.Context, s State, a *Activity, private bool) error {
	o, err := s.Object(ctx, a.Object)
	if err != nil {
		return err
	}
	owner, err := s.Actor(ctx, o.AttributedTo)
	if err != nil {
		return err
	}
	switch v := o.Visibility(owner.Followers); {
	case o.Gone():
		return fmt.Errorf("%w: %s", ErrGone, o.ID)
	case v > VisibleUnlisted && o.AttributedTo != a.Actor && !private:
		return fmt.Errorf("%w: %s is not for everybody", ErrForbidden, o.ID)
	case v > VisibleUnlisted && o.AttributedTo != a.Actor:
		if ok, err := addressed(ctx, s, o, owner, a.Actor); err != nil || !ok {
			return orForbidden(err, o.ID)
		}
	}
	if blocked, err := has(ctx, s, Block, owner.ID, a.Actor); err != nil || blocked {
		return orForbidden(err, o.ID)
	}
	if _, err := s.Edge(ctx, a.Type, a.Actor, o.ID); err == nil {
		return nil // once is enough
	}
	e := &Edge{Kind: a.Type, From: a.Actor, To: o.ID, By: a.ID, At: s.Now(), Public: visibility(a.To, a.Cc, "") <= VisibleUnlisted}
	if err := s.PutEdge(ctx, e); err != nil {
		return err
	}
	if !owner.Local || owner.ID == a.Actor || a.Type == Announce && a.Local && serves(ctx, s, a.Actor) {
		return nil
	}
	return s.Notify(ctx, Notice{For: owner.ID, Kind: a.Type, Actor: a.Actor, Object: o.ID, At: s.Now()})
}

// serves reports whether id is our instance actor, which announces every
// public event as a matter of course.
func serves(ctx context.Context, s State, id IRI) bool {
	who, err := s.Actor(ctx, id)
	return err == nil && who.Local && who.Type == "Application"
}

// addressed reports whether who is among those o was written for.
func addressed(ctx context.Context, s State, o *Object, owner *Actor, who IRI) (bool, error) {
	for _, to := range unique(o.To, o.Cc, o.Bto) {
		if to == who {
			return true, nil
		}
		if to == owner.Followers {
			if ok, err := has(ctx, s, Follow, who, owner.ID); err != nil || ok {
				return ok, err
			}
		}
	}
	return false, nil
}

// orForbidden is err, or that id may not be touched. To strangers it reads as
// if there were no such thing.
func orForbidden(err error, id IRI) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: %s", ErrForbidden, id)
}
