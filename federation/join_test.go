// SPDX-License-Identifier: AGPL-3.0-or-later

package federation_test

import (
	"testing"
	"time"

	. "codeberg.org/maillage/maillage/federation"
)

// feast is a public event of an actor's, tomorrow, with so many places.
func (s *memory) feast(by IRI, mode string, places int) *Object {
	o := note(by, "feast")
	o.Type, o.Name, o.Start, o.End, o.Local = "Event", "Fête", noon.Add(24*time.Hour), noon.Add(26*time.Hour), by.Origin() == home
	Event{JoinMode: mode, Capacity: places}.Put(o)
	s.objects[o.ID] = *o
	return o
}

func (s *memory) answer(kind string, who IRI, o *Object) string {
	e, ok := s.edges[edgeKey(kind, who, o.ID)]
	switch {
	case !ok:
		return "none"
	case e.Pending:
		return "waits"
	}
	return "comes"
}

// owes wants one answer of a type, to somebody.
func owes(t *testing.T, owed []*Activity, verb string, to IRI) {
	t.Helper()
	if len(owed) != 1 || owed[0].Type != verb || owed[0].To[0] != to || owed[0].Inner == nil {
		t.Fatalf("owed %+v, want %s to %s", owed, verb, to)
	}
}

func TestJoin(t *testing.T) {
	t.Run("an open event accepts at once, and its organiser hears of it", func(t *testing.T) {
		s := newMemory()
		o := s.feast(ann, JoinFree, 0)
		owes(t, s.must(t, act(Join, vera, o.ID)), Accept, vera)
		if got := s.answer(Join, vera, o); got != "comes" {
			t.Error(got)
		}
		if len(s.notices) != 1 || s.notices[0].For != ann || s.notices[0].Kind != Join {
			t.Errorf("notices %+v", s.notices)
		}
	})
	t.Run("the last place goes to one, and the next in line moves up", func(t *testing.T) {
		s := newMemory()
		o := s.feast(ann, JoinFree, 1)
		s.must(t, act(Join, vera, o.ID))
		for _, who := range []IRI{mal, evil} {
			if owed := s.must(t, act(Join, who, o.ID)); len(owed) != 0 || s.answer(Join, who, o) != "waits" {
				t.Fatalf("%s: %s, owed %+v", who, s.answer(Join, who, o), owed)
			}
			s.now = s.now.Add(time.Minute)
		}
		owes(t, s.must(t, act(Leave, vera, o.ID)), Accept, mal)
		if s.answer(Join, vera, o) != "none" || s.answer(Join, mal, o) != "comes" || s.answer(Join, evil, o) != "waits" {
			t.Errorf("%+v", s.edges)
		}
		undo := act(Undo, mal, act(Join, mal, o.ID).ID)
		owes(t, s.must(t, undo), Accept, evil)
	})
	t.Run("perhaps frees a place", func(t *testing.T) {
		s := newMemory()
		o := s.feast(ann, JoinFree, 1)
		s.must(t, act(Join, vera, o.ID))
		s.must(t, act(Join, mal, o.ID))
		owes(t, s.must(t, act(TentativeAccept, vera, o.ID)), Accept, mal)
		if s.answer(Join, vera, o) != "none" || s.answer(TentativeAccept, vera, o) != "comes" {
			t.Errorf("%+v", s.edges)
		}
	})
	t.Run("where a person decides, the organiser alone accepts or refuses", func(t *testing.T) {
		s := newMemory()
		o := s.feast(ann, JoinRestricted, 0)
		j := act(Join, vera, o.ID)
		if owed := s.must(t, j); len(owed) != 0 || s.answer(Join, vera, o) != "waits" {
			t.Fatalf("%s, owed %+v", s.answer(Join, vera, o), owed)
		}
		for _, who := range []IRI{bob, mal} {
			a := act(Accept, who, j.ID)
			a.Inner = j
			s.refuses(t, a, ErrForbidden)
		}
		a := act(Accept, ann, j.ID)
		a.Inner = j
		s.must(t, a)
		if got := s.answer(Join, vera, o); got != "comes" {
			t.Error(got)
		}
		r := act(Reject, ann, j.ID)
		r.Inner = j
		s.must(t, r)
		if got := s.answer(Join, vera, o); got != "none" {
			t.Error(got)
		}
	})
	t.Run("a peer's event waits for the peer", func(t *testing.T) {
		s := newMemory()
		o := s.feast(vera, JoinFree, 0)
		j := act(Join, ann, o.ID)
		if owed := s.must(t, j); len(owed) != 0 || s.answer(Join, ann, o) != "waits" {
			t.Fatalf("%s, owed %+v", s.answer(Join, ann, o), owed)
		}
		a := act(Accept, vera, "https://other.example/made-up")
		a.Inner = &Activity{Type: Join, Actor: ann, Object: o.ID}
		s.must(t, a)
		if got := s.answer(Join, ann, o); got != "comes" {
			t.Error(got)
		}
		if n := s.notices[len(s.notices)-1]; n.For != ann || n.Kind != Accept {
			t.Errorf("notice %+v", n)
		}
	})
	t.Run("Friendica accepts or rejects the event itself", func(t *testing.T) {
		s := newMemory()
		o := s.feast(ann, JoinFree, 0)
		s.must(t, act(Accept, vera, o.ID))
		if got := s.answer(Join, vera, o); got != "comes" {
			t.Fatal(got)
		}
		s.must(t, act(Reject, vera, o.ID))
		if got := s.answer(Join, vera, o); got != "none" {
			t.Error(got)
		}
	})
	t.Run("answers that cannot be", func(t *testing.T) {
		for _, c := range []struct {
			name string
			bend func(s *memory, o *Object)
			verb string // owed
		}{
			{"no answers are taken here", func(_ *memory, o *Object) { Event{JoinMode: JoinNone}.Put(o) }, Ignore},
			{"over", func(s *memory, _ *Object) { s.now = noon.Add(48 * time.Hour) }, Reject},
			{"cancelled", func(_ *memory, o *Object) { Event{JoinMode: JoinFree, Status: EventCancelled}.Put(o) }, Reject},
			{"blocked", func(s *memory, _ *Object) {
				s.edges[edgeKey(Block, ann, vera)] = Edge{Kind: Block, From: ann, To: vera}
			}, Reject},
		} {
			t.Run(c.name, func(t *testing.T) {
				s := newMemory()
				o := s.feast(ann, JoinFree, 0)
				c.bend(s, o)
				s.objects[o.ID] = *o
				owed := s.must(t, act(Join, vera, o.ID))
				owes(t, owed, c.verb, vera)
				if got := s.answer(Join, vera, o); got != "none" {
					t.Error(got)
				}
				owed[0].ID = ann + "/activities/refusal"
				s.must(t, owed[0]) // what is owed is published through the same gate
			})
		}
		s := newMemory()
		secret := s.feast(ann, JoinFree, 0)
		secret.To, secret.Cc = []IRI{bob}, nil
		s.objects[secret.ID] = *secret
		s.refuses(t, act(Join, vera, secret.ID), ErrForbidden)
		n := note(ann, "no event")
		s.objects[n.ID] = *n
		s.refuses(t, act(Join, vera, n.ID), ErrUnsupported)
	})
	t.Run("twice is once", func(t *testing.T) {
		s := newMemory()
		o := s.feast(ann, JoinFree, 2)
		j := act(Join, vera, o.ID)
		s.must(t, j)
		s.unchanged(t, j)
		again := act(Join, vera, o.ID)
		again.ID += "/again"
		owes(t, s.must(t, again), Accept, vera)
		if n, _ := s.CountTo(t.Context(), Join, o.ID); n != 1 {
			t.Errorf("%d come", n)
		}
	})
}
