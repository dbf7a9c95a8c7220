// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"errors"
	"fmt"
)

// create publishes a new object. ActivityPub 7.2.
var create = Verb{
	Type: Create,
	Needs: func(a *Activity) Needs {
		if a.Enclosed == nil || checkOwn(a.Enclosed, a.Actor) != nil {
			return Needs{Objects: []IRI{a.Object}} // sent by reference
		}
		return Needs{Objects: renewal(a.Enclosed)}
	},
	Apply: func(ctx context.Context, s State, a *Activity) ([]*Activity, error) {
		o := a.Enclosed
		if o == nil {
			return nil, fmt.Errorf("%w: Create without an object of its own", ErrForbidden)
		}
		if err := checkOwn(o, a.Actor); err != nil {
			return nil, err
		}
		if owed, ok, err := vote(ctx, s, a, o); ok || err != nil {
			return owed, err
		}
		if owed, ok, err := fulfilment(ctx, s, a, o); ok || err != nil {
			return owed, err
		}
		if owed, ok, err := mark(ctx, s, a, o); ok || err != nil {
			return owed, err
		}
		old, err := s.Object(ctx, o.ID)
		switch {
		case errors.Is(err, ErrNotFound):
		case err != nil:
			return nil, err
		case ahead(o, old):
			return nil, makeNews(ctx, s, a, o)
		case old.AttributedTo == a.Actor || !old.Gone():
			return nil, nil // known, or deleted before it came: R13; or somebody else's: R8
		}
		if err := errors.Join(publish(ctx, s, a, o), sent(ctx, s, a)); err != nil {
			return nil, err
		}
		return poll(ctx, s, o)
	},
}

// ahead reports whether old is a date of a series that was read, or made, ahead
// of time, and o the same when it is announced.
func ahead(o, old *Object) bool {
	return old.Type == event.Type && o.Type == event.Type && old.AttributedTo == o.AttributedTo && EventOf(o).Series != "" &&
		EventOf(o).Series == EventOf(old).Series && o.Published.After(stamp(old))
}

// makeNews makes news of what was there ahead of time.
func makeNews(ctx context.Context, s State, a *Activity, o *Object) error {
	if err := checkNoun(o); err != nil {
		return err
	}
	o.Local = a.Local
	clamp(o, s.Now())
	return s.PutObject(ctx, o)
}

// publish takes in a new object and tells those of ours whom it concerns.
func publish(ctx context.Context, s State, a *Activity, o *Object) error {
	if err := checkNoun(o); err != nil {
		return err
	}
	o.Local, o.Bto = a.Local, unique(o.Bto, a.Bto, a.Bcc)
	clamp(o, s.Now())
	concerned, err := concerns(ctx, s, a, o)
	if err != nil {
		return err
	}
	if !a.Local && !concerned {
		return fmt.Errorf("%w: %s concerns nobody here", ErrNotConcerned, o.ID)
	}
	if err := s.PutObject(ctx, o); err != nil {
		return err
	}
	return tell(ctx, s, o)
}

// concerns reports whether somebody here wants o: a follower of its author or
// of the circuit it was published to, somebody addressed or mentioned, or the
// author of what it replies to.
func concerns(ctx context.Context, s State, a *Activity, o *Object) (bool, error) {
	for _, to := range unique(o.To, o.Cc, a.Addressees()) {
		if to.Origin() == s.Home() {
			return true, nil
		}
	}
	if o.InReplyTo != "" {
		if _, err := s.Object(ctx, o.InReplyTo); !errors.Is(err, ErrNotFound) {
			return true, err
		}
	}
	for _, id := range unique([]IRI{a.Actor, o.Audience}) {
		if list, err := s.LocalFollowers(ctx, id); err != nil || len(list) > 0 {
			return true, err
		}
	}
	return false, nil
}

// tell notifies the local actors who are mentioned in o or whom it answers.
func tell(ctx context.Context, s State, o *Object) error {
	told := map[IRI]bool{o.AttributedTo: true}
	notify := func(id IRI, kind string) error {
		if told[id] || id.Origin() != s.Home() {
			return nil
		}
		told[id] = true
		who, err := s.Actor(ctx, id)
		if err != nil || !who.Local {
			return ignoreMissing(err)
		}
		if who.Closed {
			if familiar, err := has(ctx, s, Follow, id, o.AttributedTo); err != nil || !familiar {
				return err
			}
		}
		if blocked, err := has(ctx, s, Block, id, o.AttributedTo); err != nil || blocked {
			return err
		}
		return s.Notify(ctx, Notice{For: id, Kind: kind, Actor: o.AttributedTo, Object: o.ID, At: s.Now()})
	}
	if o.InReplyTo != "" {
		parent, err := s.Object(ctx, o.InReplyTo)
		if err == nil {
			err = notify(parent.AttributedTo, "Reply")
		}
		if ignoreMissing(err) != nil {
			return err
		}
	}
	for _, t := range o.Tags {
		if t.Type != "Mention" {
			continue
		}
		if id, err := ParseIRI(t.Href); err == nil {
			if err := notify(id, "Mention"); err != nil {
				return err
			}
		}
	}
	return nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
