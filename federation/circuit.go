// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"errors"
	"slices"
)

// A circuit is a Group, and what is published for it reaches whoever follows it
// and nobody else there: it announces what its members do, once as it came for
// servers that know groups (FEP-1b12), and a new post once by its id, which
// Mastodon shows as a boost.
//
// Whether a circuit took a post in is its Announce of it, an edge. A pending one
// is a post that it did not: a stranger's, or one that a moderator took out.

// group is the type of a circuit.
const group = "Group"

// passOn returns what the circuits of ours owe their followers when somebody
// did a. Only a Create, an Update and a Delete are passed on, never an
// Announce: so two circuits that follow each other make no loop.
func passOn(ctx context.Context, s State, a *Activity) (owed []*Activity, err error) {
	if a.Type != Create && a.Type != Update && a.Type != Delete || a.Object == a.Actor {
		return nil, nil
	}
	o, err := s.Object(ctx, a.Object)
	if err != nil {
		return nil, ignoreMissing(err) // a vote
	}
	for _, id := range unique([]IRI{o.Audience}, o.To, o.Cc, a.To, a.Cc) {
		if id.Origin() != s.Home() || id == a.Actor {
			continue
		}
		circuit, err := s.Actor(ctx, id)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if circuit.Type != group || !circuit.Local || circuit.Gone {
			continue
		}
		more, err := passOnBy(ctx, s, a, o, circuit)
		if err != nil {
			return nil, err
		}
		owed = append(owed, more...)
	}
	return owed, nil
}

// passOnBy is passOn of one circuit.
func passOnBy(ctx context.Context, s State, a *Activity, o *Object, circuit *Actor) ([]*Activity, error) {
	e, err := s.Edge(ctx, Announce, circuit.ID, o.ID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	switch {
	case e == nil && o.Gone(), e != nil && e.Pending:
		return nil, nil
	case o.Gone():
		return append(carried(circuit, o, a), withdrawn(circuit, o, e)), nil
	case e != nil && (o.Visibility("") != VisiblePublic || !publishedFor(o, circuit.ID)):
		return []*Activity{withdrawn(circuit, o, e)}, nil
	case e != nil && a.Type == Create:
		return nil, nil // once
	case e != nil:
		return carried(circuit, o, a), nil
	case !publishedFor(o, circuit.ID):
		return nil, nil
	}
	if ok, err := contributes(ctx, s, circuit, o); err != nil || !ok {
		return nil, err
	}
	if o.Visibility("") != VisiblePublic {
		return nil, nil
	}
	return append([]*Activity{announced(circuit, o)}, carried(circuit, o, a)...), nil
}

// contributes reports whether a circuit takes in what o is: a post of a member
// that begins a conversation, or with which somebody goes on in their own. What
// a stranger publishes for it waits for whoever looks after it.
func contributes(ctx context.Context, s State, circuit *Actor, o *Object) (bool, error) {
	if o.InReplyTo != "" {
		parent, err := s.Object(ctx, o.InReplyTo)
		if err != nil || parent.AttributedTo != o.AttributedTo {
			return false, ignoreMissing(err)
		}
		return has(ctx, s, Announce, circuit.ID, parent.ID)
	}
	ok, err := belongs(ctx, s, circuit, o.AttributedTo)
	if err != nil || ok {
		return ok, err
	}
	e := &Edge{Kind: Announce, From: circuit.ID, To: o.ID, Pending: true, At: s.Now()}
	return false, s.PutEdge(ctx, e)
}

// belongs reports whether somebody is a member of a circuit of ours: who follows
// it and was accepted, the initiative that keeps it, and where everybody may
// join, everybody of this server.
func belongs(ctx context.Context, s State, circuit *Actor, id IRI) (bool, error) {
	if blocked, err := has(ctx, s, Block, circuit.ID, id); err != nil || blocked {
		return false, err
	}
	who, err := s.Actor(ctx, id)
	if err != nil {
		return false, ignoreMissing(err)
	}
	if who.Local && (who.Type == "Organization" || !circuit.Locked) {
		return true, nil
	}
	return has(ctx, s, Follow, id, circuit.ID)
}

// announced is the Announce of a post by its id, which everybody understands.
func announced(circuit *Actor, o *Object) *Activity {
	return &Activity{
		Type: Announce, Actor: circuit.ID, Object: o.ID, Local: true,
		To: []IRI{Public}, Cc: unique([]IRI{circuit.Followers, o.AttributedTo}),
	}
}

// carried is the Announce of what was done, as it was said; nothing if that was
// not kept, as of what was sent by reference. FEP-1b12.
func carried(circuit *Actor, o *Object, a *Activity) []*Activity {
	if len(a.Raw) == 0 {
		return nil
	}
	c := announced(circuit, o)
	c.Inner = a
	return []*Activity{c}
}

// withdrawn takes the Announce of a post back.
func withdrawn(circuit *Actor, o *Object, e *Edge) *Activity {
	u := announced(circuit, o)
	u.Type, u.Object = Undo, e.By
	u.Inner = &Activity{ID: e.By, Type: Announce, Actor: circuit.ID, Object: o.ID}
	return u
}

// publishedFor reports whether an object names somebody as whom it is for.
func publishedFor(o *Object, id IRI) bool {
	return o.Audience == id || slices.Contains(o.To, id) || slices.Contains(o.Cc, id)
}

// takeOut takes a post out of a circuit of ours that it was published for: it
// is not passed on any more, until the circuit announces it again.
func takeOut(ctx context.Context, s State, e *Edge) (bool, error) {
	if e.Kind != Announce || e.From.Origin() != s.Home() {
		return false, nil
	}
	circuit, err := s.Actor(ctx, e.From)
	if err != nil || circuit.Type != group {
		return false, err
	}
	o, err := s.Object(ctx, e.To)
	if err != nil || o.Gone() || !publishedFor(o, e.From) {
		return false, ignoreMissing(err)
	}
	out := *e
	out.Pending = true
	return true, s.PutEdge(ctx, &out)
}
