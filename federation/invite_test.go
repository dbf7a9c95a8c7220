// SPDX-License-Identifier: AGPL-3.0-or-later

package federation_test

import (
	"testing"

	. "codeberg.org/maillage/maillage/federation"
)

// invitation is an Invite of somebody to an event.
func invitation(by IRI, o *Object, who IRI) *Activity {
	a := act(Invite, by, o.ID)
	a.Target, a.To = who, []IRI{who}
	return a
}

func TestInvite(t *testing.T) {
	t.Run("who is invited may answer what is for nobody else, also by the Invite itself", func(t *testing.T) {
		s := newMemory()
		o := s.feast(ann, JoinInvite, 0)
		o.To, o.Cc = []IRI{ann}, nil
		s.objects[o.ID] = *o
		s.refuses(t, act(Join, vera, o.ID), ErrForbidden)
		i := invitation(ann, o, vera)
		s.must(t, i)
		if got := s.answer(Invite, vera, o); got != "waits" {
			t.Fatal(got)
		}
		owes(t, s.must(t, act(Accept, vera, i.ID)), Accept, vera)
		if s.answer(Join, vera, o) != "comes" || s.answer(Invite, vera, o) != "comes" {
			t.Errorf("%+v", s.edges)
		}
		embedded := act(TentativeAccept, vera, i.ID)
		embedded.Inner = i
		s.must(t, embedded)
		if s.answer(TentativeAccept, vera, o) != "comes" {
			t.Errorf("%+v", s.edges)
		}
		s.must(t, act(Reject, vera, i.ID))
		if s.answer(TentativeAccept, vera, o) != "none" {
			t.Errorf("%+v", s.edges)
		}
		s.refuses(t, act(Accept, mal, i.ID), ErrUnsupported) // not their invitation
		s.refuses(t, act(Join, mal, o.ID), ErrForbidden)
	})
	t.Run("only the organiser invites, and nobody twice", func(t *testing.T) {
		s := newMemory()
		o := s.feast(vera, JoinFree, 0)
		s.refuses(t, invitation(mal, o, ann), ErrForbidden)
		s.must(t, invitation(vera, o, ann))
		again := invitation(vera, o, ann)
		again.ID += "/again"
		s.must(t, again)
		n := 0
		for _, notice := range s.notices {
			if notice.For == ann && notice.Kind == Invite {
				n++
			}
		}
		if n != 1 {
			t.Errorf("told %d times", n)
		}
	})
	t.Run("who blocked the organiser hears nothing", func(t *testing.T) {
		s := newMemory()
		o := s.feast(vera, JoinFree, 0)
		s.edges[edgeKey(Block, ann, vera)] = Edge{Kind: Block, From: ann, To: vera}
		s.must(t, invitation(vera, o, ann))
		if len(s.notices) != 0 || s.answer(Invite, ann, o) != "none" {
			t.Errorf("%+v", s.notices)
		}
	})
}
