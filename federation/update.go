// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"errors"
	"fmt"
)

// update replaces an object or an actor by a newer state. ActivityPub 7.3.
//
// Of a peer's actor the sent copy is not believed: its keys and addresses come
// from its origin only (R2), so the inbox is asked to read it again.
var update = Verb{
	Type: Update,
	Needs: func(a *Activity) Needs {
		switch {
		case a.Object == a.Actor:
			return Needs{Refresh: []IRI{a.Actor}}
		case a.Enclosed == nil || checkOwn(a.Enclosed, a.Actor) != nil:
			return Needs{Objects: []IRI{a.Object}}
		}
		return Needs{}
	},
	Apply: func(ctx context.Context, s State, a *Activity) ([]*Activity, error) {
		if a.Object == a.Actor {
			return nil, updateActor(ctx, s, a)
		}
		if ok, err := standing(ctx, s, a); ok || err != nil {
			return nil, err
		}
		o := a.Enclosed
		if o == nil {
			return nil, fmt.Errorf("%w: Update without an object of its own", ErrForbidden)
		}
		if err := checkOwn(o, a.Actor); err != nil {
			return nil, err
		}
		old, err := s.Object(ctx, o.ID)
		if errors.Is(err, ErrNotFound) {
			return nil, publish(ctx, s, a, o) // it overtook its Create
		}
		if err != nil {
			return nil, err
		}
		if err := revise(ctx, s, a, old, o); err != nil || !a.Local || o.Type != event.Type {
			return nil, err
		}
		return moveUp(ctx, s, o.ID, "") // there may be more places now
	},
}

// revise puts o in the place of old. Owner and type never change, nor does the
// date of publication; the newest state wins: R8, R13.
func revise(ctx context.Context, s State, a *Activity, old, o *Object) error {
	switch {
	case old.AttributedTo != a.Actor:
		return fmt.Errorf("%w: %s belongs to %s", ErrForbidden, o.ID, old.AttributedTo)
	case old.Gone():
		return nil // not revived
	case old.Type != o.Type:
		return fmt.Errorf("%w: a %s does not become a %s", ErrForbidden, old.Type, o.Type)
	}
	if o.Updated.IsZero() || !a.Local && o.Updated.After(s.Now()) {
		// A peer that does not say when, or says a time to come: when it came.
		// Our own times run ahead when there are several changes in a second.
		o.Updated = s.Now()
	}
	if !o.Updated.After(stamp(old)) {
		return nil // overtaken by a newer one
	}
	if err := checkNoun(o); err != nil {
		return err
	}
	o.Local, o.Published = old.Local, old.Published
	if err := s.PutObject(ctx, o); err != nil {
		return err
	}
	return changed(ctx, s, old, o)
}

// updateActor changes one of our own actors. Keys, inboxes and the name
// before the @ stay what they are.
func updateActor(ctx context.Context, s State, a *Activity) error {
	if !a.Local {
		return nil // read from its origin before we came here
	}
	if a.Profile == nil {
		return fmt.Errorf("%w: Update without its actor", ErrMalformed)
	}
	old, err := s.Actor(ctx, a.Actor)
	if err != nil {
		return err
	}
	a.Profile = Edited(old, a.Profile)
	return s.PutActor(ctx, a.Profile)
}

// Edited returns an actor of ours as it is after an edit: all that its owner
// may change is taken from edit.
func Edited(old, edit *Actor) *Actor {
	p := *old
	p.Name, p.Summary, p.Icon, p.Image = edit.Name, edit.Summary, edit.Icon, edit.Image
	p.Locked, p.Discoverable, p.Indexable = edit.Locked, edit.Discoverable, edit.Indexable
	p.Location, p.Fields, p.Tags, p.AlsoKnownAs = edit.Location, edit.Fields, edit.Tags, edit.AlsoKnownAs
	if old.Local {
		p.Network, p.Closed = edit.Network, edit.Closed
	}
	p.Updated = edit.Updated
	return &p
}
