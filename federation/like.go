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
// is a share of its object. Of an Update and a Delete the group's word is not
// enough: the origin is asked what became of the object. The others are nothing
// to us.
var announce = Verb{
	Type: Announce,
	Needs: func(a *Activity) Needs {
		switch deed(a) {
		case "", Create:
			return needsObject(a)
		case Update, Delete:
			return Needs{Renew: []IRI{a.Object}}
		}
		return Needs{}
	},
	Apply: func(ctx context.Context, s State, a *Activity) ([]*Activity, error) {
		switch deed(a) {
		case "", Create, Update:
			return nil, attach(ctx, s, a, false)
		case Delete:
			return nil, nil
		}
		return nil, fmt.Errorf("%w: Announce of a %s", ErrUnsupported, a.Inner.Type)
	},
}

// deed is what the group announces that somebody did; "" if it is an object.
func deed(a *Activity) string {
	if a.Inner == nil {
		return ""
	}
	return a.Inner.Type
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
	if old, err := s.Edge(ctx, a.Type, a.Actor, o.ID); err == nil && !old.Pending {
		return nil // once is enough
	}
	e := &Edge{Kind: a.Type, From: a.Actor, To: o.ID, By: a.ID, At: s.Now(), Public: visibility(a.To, a.Cc, "") <= VisibleUnlisted}
	if err := s.PutEdge(ctx, e); err != nil {
		return err
	}
	if !owner.Local || owner.ID == a.Actor || a.Type == Announce && (publishedFor(o, a.Actor) || a.Local && serves(ctx, s, a.Actor)) {
		return nil // a matter of course, of the circuit it was for and of our instance
	}
	return s.Notify(ctx, Notice{For: owner.ID, Kind: a.Type, Actor: a.Actor, Object: o.ID, At: s.Now()})
}

// serves reports whether id is our instance actor, which announces every
// public event.
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
