// SPDX-License-Identifier: AGPL-3.0-or-later

package federation_test

import (
	"errors"
	"testing"
	"time"

	. "codeberg.org/maillage/maillage/federation"
)

// guest is the name of somebody without an actor.
func guest(name string) IRI { return GuestID(home, name) }

// says takes in an answer of a guest.
func (s *memory) says(t *testing.T, kind, name string, o *Object, companions int) []*Activity {
	t.Helper()
	owed, err := Answer(t.Context(), s, &Edge{Kind: kind, From: guest(name), To: o.ID, Companions: companions})
	if err != nil {
		t.Fatal(err)
	}
	s.now = s.now.Add(time.Minute)
	return owed
}

func TestOneListOfAnswers(t *testing.T) {
	t.Run("companions take places", func(t *testing.T) {
		s := newMemory()
		o := s.feast(ann, JoinFree, 4)
		j := act(Join, vera, o.ID)
		WithParty(j, 2, "avec les enfants")
		s.must(t, j)
		e := s.edges[edgeKey(Join, vera, o.ID)]
		if e.Companions != 2 || e.Content != "avec les enfants" || e.Pending {
			t.Fatalf("%+v", e)
		}
		s.says(t, Join, "zoe", o, 1)
		if got := s.answer(Join, guest("zoe"), o); got != "waits" {
			t.Errorf("five in four places: %s", got)
		}
		s.says(t, Join, "zoe", o, 0) // comes alone after all
		if got := s.answer(Join, guest("zoe"), o); got != "comes" {
			t.Error(got)
		}
	})
	t.Run("nobody overtakes the line, and it moves up across doors", func(t *testing.T) {
		s := newMemory()
		o := s.feast(ann, JoinFree, 2)
		s.must(t, act(Join, vera, o.ID))
		s.now = s.now.Add(time.Minute)
		s.says(t, Join, "zoe", o, 1) // two, and one place
		s.must(t, act(Join, mal, o.ID))
		if s.answer(Join, guest("zoe"), o) != "waits" || s.answer(Join, mal, o) != "waits" {
			t.Fatalf("%+v", s.edges)
		}
		if owed := s.must(t, act(Leave, vera, o.ID)); len(owed) != 0 {
			t.Errorf("owed %+v: guests are told by mail", owed)
		}
		if s.answer(Join, guest("zoe"), o) != "comes" || s.answer(Join, mal, o) != "waits" {
			t.Fatalf("%+v", s.edges)
		}
		owes(t, s.says(t, Leave, "zoe", o, 0), Accept, mal)
	})
	t.Run("who comes and wants to bring more gets what is left", func(t *testing.T) {
		s := newMemory()
		o := s.feast(ann, JoinFree, 4)
		s.says(t, Join, "zoe", o, 0)
		s.must(t, act(Join, vera, o.ID))
		s.says(t, Join, "zoe", o, 5)
		if e := s.edges[edgeKey(Join, guest("zoe"), o.ID)]; e.Pending || e.Companions != 2 {
			t.Errorf("%+v", e)
		}
	})
	t.Run("more companions than there are, or than one may bring", func(t *testing.T) {
		s := newMemory()
		o := s.feast(ann, JoinFree, 0)
		j := act(Join, vera, o.ID)
		WithParty(j, 1000000, "")
		s.must(t, j)
		if e := s.edges[edgeKey(Join, vera, o.ID)]; e.Companions != MaxCompanions {
			t.Errorf("%+v", e)
		}
		j = act(Join, mal, o.ID)
		WithParty(j, -5, "")
		s.must(t, j)
		if e := s.edges[edgeKey(Join, mal, o.ID)]; e.Companions != 0 {
			t.Errorf("%+v", e)
		}
	})
	t.Run("more places, and the line moves", func(t *testing.T) {
		s := newMemory()
		o := s.feast(ann, JoinFree, 1)
		s.must(t, act(Join, vera, o.ID))
		s.says(t, Join, "zoe", o, 0)
		more := *o
		more.Extra = nil
		Event{JoinMode: JoinFree, Capacity: 2}.Put(&more)
		more.Updated = s.now
		a := act(Update, ann, o.ID)
		a.Enclosed = &more
		s.must(t, a)
		if got := s.answer(Join, guest("zoe"), o); got != "comes" {
			t.Error(got)
		}
	})
	t.Run("the organiser admits a guest", func(t *testing.T) {
		s := newMemory()
		o := s.feast(ann, JoinRestricted, 0)
		s.says(t, Join, "zoe", o, 0)
		if got := s.answer(Join, guest("zoe"), o); got != "waits" {
			t.Fatal(got)
		}
		if n := s.notices[0]; n.For != ann || n.Kind != "Guest" {
			t.Errorf("notice %+v", n)
		}
		if err := Admit(t.Context(), s, guest("zoe"), o.ID); err != nil || s.answer(Join, guest("zoe"), o) != "comes" {
			t.Error(err, s.edges)
		}
	})
	t.Run("answers that cannot be", func(t *testing.T) {
		s := newMemory()
		theirs := s.feast(vera, JoinFree, 0)
		o := s.feast(ann, JoinFree, 0)
		for _, e := range []*Edge{
			{Kind: Join, From: guest("zoe"), To: theirs.ID},
			{Kind: Join, From: vera, To: o.ID},
			{Kind: TentativeAccept, From: mal, To: o.ID},
		} {
			if _, err := Answer(t.Context(), s, e); !errors.Is(err, ErrConflict) {
				t.Errorf("%+v: %v", e, err)
			}
		}
		s.now = noon.Add(48 * time.Hour)
		if _, err := Answer(t.Context(), s, &Edge{Kind: Join, From: guest("zoe"), To: o.ID}); !errors.Is(err, ErrConflict) {
			t.Error("it is over:", err)
		}
		if len(s.edges) != 0 {
			t.Errorf("%+v", s.edges)
		}
	})
	t.Run("nobody is a guest by saying so", func(t *testing.T) {
		s := newMemory()
		o := s.feast(ann, JoinFree, 0)
		j := act(Join, vera, o.ID)
		j.Actor = guest("zoe")
		s.refuses(t, j, ErrForbidden)
	})
}
