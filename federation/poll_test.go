// SPDX-License-Identifier: AGPL-3.0-or-later

package federation_test

import (
	"fmt"
	"testing"
	"time"

	. "codeberg.org/maillage/maillage/federation"
)

// reply is a public reply of somebody's, taken in.
func (s *memory) reply(t *testing.T, who, to IRI, name string, mentions ...IRI) []*Activity {
	t.Helper()
	o := note(who, name)
	o.InReplyTo = to
	for _, m := range mentions {
		o.Tags = append(o.Tags, Tag{Type: "Mention", Href: string(m)})
	}
	return s.must(t, post(o))
}

// polled wants one poll, and publishes it as the outbox does.
func (s *memory) polled(t *testing.T, owed []*Activity, to IRI) IRI {
	t.Helper()
	if len(owed) != 1 || owed[0].Type != Create || owed[0].Saying == nil || owed[0].Saying.Kind != SayPoll || owed[0].To[0] != to {
		t.Fatalf("owed %+v, want a poll for %s", owed, to)
	}
	a := owed[0]
	o := a.Enclosed
	o.ID, o.AttributedTo, o.Content, o.To = IRI(fmt.Sprintf("%s/objects/poll-%d", home, len(s.objects))), a.Actor, "<p>?</p>", a.To
	PutOptions(o, []string{"Je viens", "Peut-être", "Je ne viens pas"}, -1)
	a.ID, a.Object = o.ID+"/create", o.ID
	if more := s.must(t, a); len(more) != 0 {
		t.Errorf("a poll owes %+v", more)
	}
	return o.ID
}

// votes is a vote as Mastodon sends it.
func votes(who, poll IRI, option string, n int) *Activity {
	o := &Object{ID: who + IRI(fmt.Sprintf("#votes/%d", n)), Type: "Note", AttributedTo: who, Name: option, InReplyTo: poll, To: []IRI{ann}}
	a := post(o)
	a.ID = o.ID + "/activity"
	return a
}

func TestAnswerByPoll(t *testing.T) {
	t.Run("who replies to an event is asked once, and votes", func(t *testing.T) {
		s := newMemory()
		o := s.feast(ann, JoinFree, 1)
		poll := s.polled(t, s.reply(t, vera, o.ID, "nice"), vera)
		if owed := s.reply(t, vera, o.ID, "again"); len(owed) != 0 {
			t.Errorf("asked twice: %+v", owed)
		}
		owed := s.must(t, votes(vera, poll, "Je viens", 1))
		if len(owed) != 1 || owed[0].Type != Update || owed[0].Enclosed.ID != poll || s.answer(Join, vera, o) != "comes" {
			t.Fatalf("owed %+v, %s", owed, s.answer(Join, vera, o))
		}
		if _, kept := s.objects[vera+"#votes/1"]; kept {
			t.Error("a vote is kept as a post")
		}
		if n := s.notices[len(s.notices)-1]; n.Kind != Join || n.Actor != vera {
			t.Errorf("notice %+v", n)
		}
		// The last place is taken: who comes next waits, is told so, and of their place.
		next := s.polled(t, s.reply(t, mal, o.ID, "me too"), mal)
		owed = s.must(t, votes(mal, next, "Je viens", 1))
		if len(owed) != 2 || owed[0].Saying == nil || owed[0].Saying.Kind != SayWaiting || owed[0].Enclosed.InReplyTo != next {
			t.Fatalf("owed %+v", owed)
		}
		s.now = s.now.Add(time.Minute)
		owed = s.must(t, votes(vera, poll, "Je ne viens pas", 2))
		if len(owed) != 2 || owed[0].Saying == nil || owed[0].Saying.Kind != SayPlace || owed[0].To[0] != mal || s.answer(Join, mal, o) != "comes" || s.answer(Join, vera, o) != "none" {
			t.Fatalf("owed %+v; %s", owed, s.answer(Join, mal, o))
		}
		s.must(t, votes(mal, next, "Peut-être", 2)) // a changed vote is a new vote
		if s.answer(Join, mal, o) != "none" || s.answer(TentativeAccept, mal, o) != "comes" {
			t.Errorf("%+v", s.edges)
		}
	})
	t.Run("further down it takes a mention of the organiser", func(t *testing.T) {
		s := newMemory()
		o := s.feast(ann, JoinFree, 0)
		s.reply(t, vera, o.ID, "first")
		first := IRI(other + "/notes/first")
		if owed := s.reply(t, mal, first, "chat"); len(owed) != 0 {
			t.Errorf("asked without a mention: %+v", owed)
		}
		s.polled(t, s.reply(t, mal, first, "and me", ann), mal)
	})
	t.Run("who voted and replies to the poll is sent another", func(t *testing.T) {
		s := newMemory()
		o := s.feast(ann, JoinFree, 1)
		s.must(t, act(Join, mal, o.ID)) // the one place
		first := s.polled(t, s.reply(t, vera, o.ID, "nice"), vera)
		if owed := s.reply(t, vera, first, "whats-this-about", ann); len(owed) != 0 {
			t.Errorf("asked again before they voted: %+v", owed)
		}
		shown := func(owed []*Activity) {
			t.Helper()
			a := owed[len(owed)-1]
			if a.Type != Update || a.Saying != nil {
				t.Fatalf("owed %+v, want the tally", owed)
			}
			a.ID, a.Object = a.Enclosed.ID+IRI(fmt.Sprintf("/update-%d", len(s.objects))), a.Enclosed.ID
			s.now = s.now.Add(time.Minute)
			a.Enclosed.Updated = s.now
			s.must(t, a)
		}
		shown(s.must(t, votes(vera, first, "Je viens", 1)))
		if owed := s.reply(t, vera, o.ID, "thanks", ann); len(owed) != 0 {
			t.Errorf("asked again for a word to everyone: %+v", owed)
		}
		second := s.polled(t, s.reply(t, vera, first, "rather-not", ann), vera)
		if owed := s.reply(t, vera, second, "hm", ann); len(owed) != 0 {
			t.Errorf("asked a third time before they voted: %+v", owed)
		}
		if owed := s.must(t, votes(vera, first, "Peut-être", 2)); len(owed) != 0 || s.answer(Join, vera, o) != "waits" {
			t.Errorf("the old poll counts: %+v, %s", owed, s.answer(Join, vera, o))
		}
		if _, kept := s.objects[vera+"#votes/2"]; kept {
			t.Error("a vote in the old poll is kept as a post")
		}
		// They have another poll that they did not vote in, and are told of their place.
		owed := s.must(t, act(Leave, mal, o.ID))
		if len(owed) != 1 || owed[0].Saying == nil || owed[0].Saying.Kind != SayPlace || owed[0].Enclosed.InReplyTo != second {
			t.Fatalf("owed %+v", owed)
		}
		shown(s.must(t, votes(vera, second, "Je ne viens pas", 3)))
		if s.answer(Join, vera, o) != "none" {
			t.Errorf("after another vote: %s", s.answer(Join, vera, o))
		}
		s.polled(t, s.reply(t, vera, second, "yes-then", ann), vera)
	})
	t.Run("who did not vote before the poll closed is asked again about the new date", func(t *testing.T) {
		s := newMemory()
		o := s.feast(ann, JoinFree, 0)
		s.polled(t, s.reply(t, vera, o.ID, "nice"), vera)
		for id, q := range s.objects {
			if q.Type == "Question" {
				q.End = noon.Add(-time.Hour) // the event was to be then
				s.objects[id] = q
			}
		}
		s.polled(t, s.reply(t, vera, o.ID, "and now"), vera)
	})
	t.Run("nobody is asked where", func(t *testing.T) {
		for _, c := range []struct {
			name string
			bend func(s *memory, o *Object)
		}{
			{"no answers are taken", func(_ *memory, o *Object) { Event{JoinMode: JoinNone}.Put(o) }},
			{"it is cancelled", func(_ *memory, o *Object) { Event{JoinMode: JoinFree, Status: EventCancelled}.Put(o) }},
			{"it is over", func(s *memory, _ *Object) { s.now = noon.Add(48 * time.Hour) }},
			{"it is a peer's", func(_ *memory, o *Object) { o.Local = false }},
			{"they answered", func(s *memory, o *Object) {
				s.edges[edgeKey(Join, vera, o.ID)] = Edge{Kind: Join, From: vera, To: o.ID}
			}},
			{"they are blocked", func(s *memory, _ *Object) {
				s.edges[edgeKey(Block, ann, vera)] = Edge{Kind: Block, From: ann, To: vera}
			}},
			{"they are no person", func(s *memory, _ *Object) {
				a := s.actors[vera]
				a.Type = "Service"
				s.actors[vera] = a
			}},
			{"they may not know of it", func(_ *memory, o *Object) { o.To, o.Cc = []IRI{bob}, nil }},
		} {
			s := newMemory()
			o := s.feast(ann, JoinFree, 0)
			c.bend(s, o)
			s.objects[o.ID] = *o
			if owed := s.reply(t, vera, o.ID, "hello"); len(owed) != 0 {
				t.Errorf("%s: owed %+v", c.name, owed)
			}
		}
	})
	t.Run("votes that count for nothing", func(t *testing.T) {
		s := newMemory()
		o := s.feast(ann, JoinFree, 0)
		poll := s.polled(t, s.reply(t, vera, o.ID, "nice"), vera)
		s.refuses(t, votes(mal, poll, "Je viens", 1), ErrForbidden)
		if owed := s.must(t, votes(vera, poll, "Je danse", 1)); len(owed) != 0 || s.answer(Join, vera, o) != "none" {
			t.Errorf("owed %+v", owed)
		}
		words := votes(vera, poll, "", 2)
		words.Enclosed.Content = "<p>Je viens</p>"
		s.must(t, words) // a reply in words: kept, not understood
		if _, kept := s.objects[words.Enclosed.ID]; !kept || s.answer(Join, vera, o) != "none" {
			t.Error("a reply to the poll was taken for a vote")
		}
		Event{JoinMode: JoinFree, Status: EventCancelled}.Put(o)
		s.objects[o.ID] = *o
		s.must(t, votes(vera, poll, "Je viens", 3))
		if s.answer(Join, vera, o) != "none" {
			t.Error("came to what is cancelled")
		}
	})
	t.Run("where the organiser decides, the voter is told in words", func(t *testing.T) {
		s := newMemory()
		o := s.feast(ann, JoinRestricted, 0)
		poll := s.polled(t, s.reply(t, vera, o.ID, "nice"), vera)
		s.must(t, votes(vera, poll, "Je viens", 1))
		e := s.edges[edgeKey(Join, vera, o.ID)]
		for n, c := range []struct{ verb, says string }{{Accept, SayPlace}, {Reject, SayRefused}} {
			a := act(c.verb, ann, e.By)
			a.ID += IRI(fmt.Sprint(n))
			a.Inner = &Activity{ID: e.By, Type: Join, Actor: vera, Object: o.ID}
			if owed := s.must(t, a); len(owed) != 1 || owed[0].Saying == nil || owed[0].Saying.Kind != c.says {
				t.Errorf("%s: owed %+v", c.verb, owed)
			}
		}
		// Who joins by an activity later is answered by one.
		s.must(t, act(Join, vera, o.ID))
		a := act(Accept, ann, act(Join, vera, o.ID).ID)
		if owed := s.must(t, a); len(owed) != 0 {
			t.Errorf("owed %+v", owed)
		}
	})
}
