// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Most servers have no button to join an event, but every one has polls. Who
// replies to an event of ours is sent a poll, once and alone, by its organiser;
// their vote is their answer. What the reply says is not interpreted. Gathio
// does so, too. That somebody was asked is an edge of the kind [Asked], pending
// until they vote. Mastodon lets nobody change a vote: who voted and replies to the
// poll is sent another.

// Asked is the kind of edge from whoever was sent a poll to the event; made by
// the poll.
const Asked = "Question"

// A Saying is what an activity that we owe is to say to its one addressee; the
// outbox has the words.
type Saying struct {
	Kind  string // one of the SayXxx constants, or what became of the event
	Event IRI
	Was   *Object // the event before it changed; may be nil

	Reason string // a message id of package locale, of SayReason
}

// What is said to those who answer by poll.
const (
	SayPoll    = "poll"    // do you come?
	SayWaiting = "waiting" // for a place, or the organiser
	SayPlace   = "place"   // there is one now
	SayRefused = "refused"
	SayReason  = "reason" // why there is no agreement
	SayStock   = "stock"  // how much of a proposal is left: its text is made anew
)

// The options of our polls, in this order.
const (
	optionYes = iota
	optionMaybe
	optionNo
)

// PutOptions gives a poll its options, none or one of which is chosen.
func PutOptions(o *Object, names []string, chosen int) {
	type tally struct {
		Type  string `json:"type"`
		Total int    `json:"totalItems"`
	}
	type option struct {
		Type    string `json:"type"`
		Name    string `json:"name"`
		Replies tally  `json:"replies"`
	}
	var list []option
	voters := 0
	for i, name := range names {
		n := 0
		if i == chosen {
			n, voters = 1, 1
		}
		list = append(list, option{"Note", name, tally{"Collection", n}})
	}
	o.put("oneOf", list)
	o.put("votersCount", voters)
}

// voters returns how many voted in a poll of ours.
func voters(paper *Object) (n int) {
	read(paper.Extra["votersCount"], &n)
	return n
}

// poll is owed to whoever replies to an event of ours, or mentions its
// organiser further down, from elsewhere: a person who did not answer and was
// not asked before, or who wants another one.
func poll(ctx context.Context, s State, o *Object) ([]*Activity, error) {
	if o.Type != note.Type || o.InReplyTo == "" || o.ID.Origin() == s.Home() {
		return nil, nil
	}
	about, err := eventAbove(ctx, s, o)
	if err != nil || about == nil || !EventOf(about).TakesAnswers() || !admits(ctx, s, about, o.AttributedTo) {
		return nil, err
	}
	who, err := s.Actor(ctx, o.AttributedTo)
	if err != nil || who.Type != "Person" {
		return nil, ignoreMissing(err)
	}
	if _, _, err := invited(ctx, s, &Activity{Type: Join, Actor: who.ID, Object: about.ID}); err != nil {
		return nil, nil //nolint:nilerr // not for them to know of: not asked
	}
	if ok, err := maySend(ctx, s, o, about); err != nil || !ok {
		return nil, err
	}
	return []*Activity{{
		Type: Create, Actor: about.AttributedTo, Local: true, To: []IRI{who.ID}, Saying: &Saying{Kind: SayPoll, Event: about.ID},
		Enclosed: &Object{Type: question.Type, InReplyTo: o.ID, End: about.Start},
	}}, nil
}

// maySend reports whether whoever says o is sent a poll about an event: once, and
// again if they cannot vote in the one they have. That is so when it closed, because
// the event is later than it said, and when they voted in it; who did says so by
// replying to what the organiser wrote to them alone.
func maySend(ctx context.Context, s State, o, about *Object) (bool, error) {
	asked, err := s.Edge(ctx, Asked, o.AttributedTo, about.ID)
	if err == nil {
		paper, err := s.Object(ctx, asked.By)
		switch {
		case err != nil:
			return false, ignoreMissing(err)
		case !asked.Pending && voters(paper) > 0:
			return toldAlone(ctx, s, o, about)
		case paper.End.IsZero() || paper.End.After(s.Now()):
			return false, nil
		}
	} else if !errors.Is(err, ErrNotFound) {
		return false, err
	}
	for _, kind := range []string{Join, TentativeAccept} {
		if _, err := s.Edge(ctx, kind, o.AttributedTo, about.ID); !errors.Is(err, ErrNotFound) {
			return false, err
		}
	}
	return true, nil
}

// toldAlone reports whether o replies to what the organiser of an event told its
// author and nobody else.
func toldAlone(ctx context.Context, s State, o, about *Object) (bool, error) {
	told, err := s.Object(ctx, o.InReplyTo)
	if err != nil {
		return false, ignoreMissing(err)
	}
	alone := len(told.To) == 1 && told.To[0] == o.AttributedTo && len(told.Cc) == 0
	return alone && told.Local && told.AttributedTo == about.AttributedTo, nil
}

// maxThread is how far down a conversation one may answer an event.
const maxThread = 8

// eventAbove returns the event of ours that o replies to; nil if there is none,
// or if o is further down and does not mention the organiser.
func eventAbove(ctx context.Context, s State, o *Object) (*Object, error) {
	above := o
	for depth := range maxThread {
		parent, err := s.Object(ctx, above.InReplyTo)
		if err != nil || parent.Gone() {
			return nil, ignoreMissing(err)
		}
		if parent.Local && parent.Type == event.Type {
			if depth > 0 && !mentions(o, parent.AttributedTo) {
				return nil, nil
			}
			return parent, nil
		}
		if above = parent; above.InReplyTo == "" {
			return nil, nil
		}
	}
	return nil, nil
}

func mentions(o *Object, id IRI) bool {
	return slices.ContainsFunc(o.Tags, func(t Tag) bool { return t.Type == "Mention" && t.Href == string(id) })
}

// sent remembers that somebody was sent a poll. Who voted in one before is still
// told in words what becomes of it.
func sent(ctx context.Context, s State, a *Activity) error {
	if !a.Local || a.Saying == nil || a.Saying.Kind != SayPoll {
		return nil
	}
	old, err := s.Edge(ctx, Asked, a.To[0], a.Saying.Event)
	if ignoreMissing(err) != nil {
		return err
	}
	return s.PutEdge(ctx, &Edge{
		Kind: Asked, From: a.To[0], To: a.Saying.Event, By: a.Enclosed.ID, Pending: old == nil || old.Pending, At: s.Now(),
	})
}

// vote takes in an answer to one of our polls: a Note with a name and no
// content. ok is false if o is something else. A vote is not kept; the last one
// counts; an option that there is not is no answer.
func vote(ctx context.Context, s State, a *Activity, o *Object) (owed []*Activity, ok bool, err error) {
	if o.Type != note.Type || o.Name == "" || o.Content != "" || o.InReplyTo == "" || o.InReplyTo.Origin() != s.Home() {
		return nil, false, nil
	}
	asked, err := s.EdgeBy(ctx, o.InReplyTo)
	if errors.Is(err, ErrNotFound) || err == nil && asked.Kind != Asked {
		paper, err := s.Object(ctx, o.InReplyTo) // there is a newer one, or it was never about an event
		return nil, err == nil && paper.Type == question.Type, ignoreMissing(err)
	}
	if err == nil && asked.From != a.Actor {
		err = fmt.Errorf("%w: the poll is for %s", ErrForbidden, asked.From)
	}
	if err != nil {
		return nil, true, err
	}
	about, err := s.Object(ctx, asked.To)
	if err != nil {
		return nil, true, err
	}
	paper, err := s.Object(ctx, o.InReplyTo)
	if err != nil {
		return nil, true, err
	}
	chosen := slices.Index(Answers(paper), o.Name)
	if chosen < 0 || about.Gone() || !EventOf(about).TakesAnswers() || !admits(ctx, s, about, a.Actor) {
		return nil, true, nil
	}
	asked.Pending, asked.At = false, s.Now()
	if err := s.PutEdge(ctx, asked); err != nil {
		return nil, true, err
	}
	if owed, err = voted(ctx, s, about, asked, o.ID, chosen); err != nil {
		return nil, true, err
	}
	return append(owed, tallied(paper, chosen)), true, nil
}

// voted does what was chosen.
func voted(ctx context.Context, s State, about *Object, asked *Edge, by IRI, chosen int) ([]*Activity, error) {
	e := &Edge{Kind: Join, From: asked.From, To: about.ID, By: by}
	switch chosen {
	case optionMaybe:
		e.Kind = TentativeAccept
		return perhaps(ctx, s, about, e)
	case optionNo:
		return decline(ctx, s, e.From, about.ID)
	case optionYes:
	default:
		return nil, nil
	}
	owed, err := come(ctx, s, about, e)
	if err != nil {
		return nil, err
	}
	if now, err := s.Edge(ctx, Join, e.From, about.ID); err != nil || !now.Pending {
		return owed, err
	}
	more, err := say(ctx, s, SayWaiting, e, about.AttributedTo)
	return append(owed, more...), err
}

// tallied is the Update that shows a voter their vote.
func tallied(paper *Object, chosen int) *Activity {
	o := paper.edited()
	PutOptions(o, Answers(paper), chosen)
	return &Activity{Type: Update, Actor: o.AttributedTo, Local: true, To: o.To, Cc: o.Cc, Enclosed: o}
}

// say is what we owe in words to whoever answered by poll: their server does
// not understand more. Nothing to others.
func say(ctx context.Context, s State, kind string, e *Edge, organiser IRI) ([]*Activity, error) {
	asked, err := s.Edge(ctx, Asked, e.From, e.To)
	if errors.Is(err, ErrNotFound) || err == nil && asked.Pending || organiser.Origin() != s.Home() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []*Activity{{
		Type: Create, Actor: organiser, Local: true, To: []IRI{e.From}, Saying: &Saying{Kind: kind, Event: e.To},
		Enclosed: &Object{Type: note.Type, InReplyTo: asked.By},
	}}, nil
}

// Say is what an organiser of ours says to whoever answered their event by poll;
// nothing to others.
func Say(ctx context.Context, s State, kind string, e *Edge, organiser IRI) ([]*Activity, error) {
	return say(ctx, s, kind, e, organiser)
}

// joined notes that somebody answers with an activity of their own, whatever
// they voted before: from now on they are answered so, too.
func joined(ctx context.Context, s State, who, event IRI) error {
	asked, err := s.Edge(ctx, Asked, who, event)
	if errors.Is(err, ErrNotFound) || err == nil && asked.Pending {
		return nil
	}
	if err != nil {
		return err
	}
	asked.Pending = true
	return s.PutEdge(ctx, asked)
}
