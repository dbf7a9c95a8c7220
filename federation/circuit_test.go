// SPDX-License-Identifier: AGPL-3.0-or-later

package federation_test

import (
	"strings"
	"testing"

	. "codeberg.org/maillage/maillage/federation"
)

const ring = IRI(home + "/actors/ring") // a circuit of ours

// circled is a world with a circuit that vera is a member of.
func circled() *memory {
	s := newMemory()
	s.actors[ring] = Actor{ID: ring, Type: "Group", Local: true, Followers: ring + "/followers", Inbox: ring + "/inbox"}
	s.follows(vera, ring)
	return s
}

// forRing is a public note of author's for the circuit.
func forRing(author IRI, name string) *Object {
	o := note(author, name)
	o.Audience, o.Cc = ring, append(o.Cc, ring)
	return o
}

// told is an activity with bytes, as it came.
func told(verb string, o *Object) *Activity {
	a := act(verb, o.AttributedTo, o.ID)
	a.ID += IRI("/" + verb + o.Content)
	a.To, a.Cc, a.Raw = o.To, o.Cc, []byte("{}")
	if verb != Delete {
		a.Enclosed = o
	}
	return a
}

// owedBy describes what is owed: "Announce Create", "Announce", "Undo Announce".
func owedBy(list []*Activity) string {
	var all []string
	for _, a := range list {
		words := a.Type
		if a.Inner != nil {
			words += " " + a.Inner.Type
		}
		if a.Actor != ring {
			words += " by " + string(a.Actor)
		}
		all = append(all, words)
	}
	return strings.Join(all, ", ")
}

// spoken passes what is owed through the gate, as the outbox does.
func (s *memory) spoken(t *testing.T, list []*Activity) {
	t.Helper()
	for n, a := range list {
		a.ID = IRI(home + "/activities/" + strings.Repeat("i", n+1) + a.Type + string(a.Object[len(a.Object)-3:]))
		if more := s.must(t, a); len(more) > 0 {
			t.Errorf("%s of the circuit causes %s", a.Type, owedBy(more))
		}
	}
}

func TestACircuitPassesOn(t *testing.T) {
	t.Run("what a member publishes, changes and deletes", func(t *testing.T) {
		s := circled()
		o := forRing(vera, "bread")
		for _, step := range []struct{ verb, want string }{
			{Create, "Announce, Announce Create"},
			{Create, ""}, // once
			{Update, "Announce Update"},
			{Delete, "Announce Delete, Undo Announce"},
			{Delete, ""},
		} {
			if step.verb == Update {
				newer := *o
				newer.Updated, newer.Content = noon, "<p>newer</p>"
				o = &newer
			}
			a := told(step.verb, o)
			a.ID += IRI("/" + step.want)
			owed := s.must(t, a)
			if got := owedBy(owed); got != step.want {
				t.Fatalf("%s: %q is owed, want %q", step.verb, got, step.want)
			}
			s.spoken(t, owed)
		}
		if _, ok := s.edges[edgeKey(Announce, ring, o.ID)]; ok {
			t.Error("what is gone is still announced")
		}
		if len(s.notices) > 0 {
			t.Errorf("notices %v", s.notices)
		}
	})
	t.Run("only what is for everybody", func(t *testing.T) {
		for _, to := range [][2][]IRI{{{ring}, {}}, {{vera + "/followers"}, {ring}}, {{ring}, {Public}}} {
			s := circled()
			o := forRing(vera, "x")
			o.To, o.Cc = to[0], to[1]
			if got := owedBy(s.must(t, told(Create, o))); got != "" {
				t.Errorf("to %v: %s", to, got)
			}
		}
	})
	t.Run("not what a stranger publishes, until it is taken in", func(t *testing.T) {
		s := circled()
		o := forRing(mal, "spam")
		if got := owedBy(s.must(t, told(Create, o))); got != "" {
			t.Fatal(got)
		}
		if e := s.edges[edgeKey(Announce, ring, o.ID)]; !e.Pending {
			t.Errorf("it does not wait: %+v", e)
		}
		newer := *o
		newer.Updated = noon
		if got := owedBy(s.must(t, told(Update, &newer))); got != "" {
			t.Errorf("its change is passed on: %s", got)
		}
		s.must(t, act(Announce, ring, o.ID))
		if e := s.edges[edgeKey(Announce, ring, o.ID)]; e.Pending {
			t.Error("it still waits")
		}
	})
	t.Run("no more what a moderator took out", func(t *testing.T) {
		s := circled()
		o := forRing(vera, "bread")
		s.spoken(t, s.must(t, told(Create, o)))
		e := s.edges[edgeKey(Announce, ring, o.ID)]
		u := act(Undo, ring, e.By)
		s.must(t, u)
		newer := *o
		newer.Updated = noon
		if got := owedBy(s.must(t, told(Update, &newer))); got != "" {
			t.Errorf("its change is passed on: %s", got)
		}
	})
	t.Run("nothing of whom it blocked, nor of who asks to join", func(t *testing.T) {
		s := circled()
		s.edges[edgeKey(Block, ring, vera)] = Edge{Kind: Block, From: ring, To: vera}
		s.edges[edgeKey(Follow, mal, ring)] = Edge{Kind: Follow, From: mal, To: ring, Pending: true}
		for _, who := range []IRI{vera, mal} {
			if got := owedBy(s.must(t, told(Create, forRing(who, "x")))); got != "" {
				t.Errorf("%s: %s", who, got)
			}
		}
	})
	t.Run("what people of this server publish, if everybody may join", func(t *testing.T) {
		s := circled()
		if got := owedBy(s.must(t, told(Create, forRing(ann, "open")))); got != "Announce, Announce Create" {
			t.Error(got)
		}
		closed := s.actors[ring]
		closed.Locked = true
		s.actors[ring] = closed
		if got := owedBy(s.must(t, told(Create, forRing(ann, "closed")))); got != "" {
			t.Error(got)
		}
	})
	t.Run("no answers, but those with which somebody goes on themselves", func(t *testing.T) {
		s := circled()
		o := forRing(vera, "bread")
		s.spoken(t, s.must(t, told(Create, o)))
		s.follows(mal, ring)
		for who, want := range map[IRI]string{mal: "", vera: "Announce, Announce Create"} {
			re := forRing(who, "re")
			re.ID, re.InReplyTo = re.ID+IRI(who[len(who)-2:]), o.ID
			if got := owedBy(s.must(t, told(Create, re))); got != want {
				t.Errorf("%s: %q", who, got)
			}
		}
	})
	t.Run("no Announce: so there are no loops", func(t *testing.T) {
		s := circled()
		o := forRing(mal, "x")
		s.objects[o.ID] = *o
		a := act(Announce, vera, o.ID)
		a.Cc, a.Raw = []IRI{ring}, []byte("{}")
		if got := owedBy(s.must(t, a)); got != "" {
			t.Error(got)
		}
	})
	t.Run("what leaves the circuit is withdrawn", func(t *testing.T) {
		s := circled()
		o := forRing(vera, "bread")
		s.spoken(t, s.must(t, told(Create, o)))
		left := *o
		left.Updated, left.Audience, left.Cc = noon, "", []IRI{vera + "/followers"}
		a := told(Update, &left)
		a.Cc = append(a.Cc, ring)
		if got := owedBy(s.must(t, a)); got != "Undo Announce" {
			t.Error(got)
		}
	})
}

// Of what a circuit elsewhere says that others changed, the origin is asked.
func TestWhatACircuitPassesOnIsReadAgain(t *testing.T) {
	o := note(mal, "x")
	for verb, want := range map[string]Needs{
		Create: {Actors: []IRI{evil}, Objects: []IRI{o.ID}},
		Update: {Actors: []IRI{evil}, Renew: []IRI{o.ID}},
		Delete: {Actors: []IRI{evil}, Renew: []IRI{o.ID}},
	} {
		a := act(Announce, evil, o.ID)
		a.Inner = told(verb, o)
		if got := NeedsOf(a); len(got.Objects) != len(want.Objects) || len(got.Renew) != len(want.Renew) {
			t.Errorf("%s: %+v", verb, got)
		}
	}
	s := newMemory()
	s.objects[o.ID] = *o
	a := act(Announce, evil, o.ID)
	a.Inner = told(Delete, o)
	s.unchanged(t, a)
}
