// SPDX-License-Identifier: AGPL-3.0-or-later

package federation_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	. "codeberg.org/maillage/maillage/federation"
)

// must applies a and fails the test if it is refused.
func (s *memory) must(t *testing.T, a *Activity) []*Activity {
	t.Helper()
	owed, err := Apply(t.Context(), s, a)
	if err != nil {
		t.Fatalf("%s: %v", a.Type, err)
	}
	return owed
}

// refuses wants a to fail with kind and to leave no trace but in the log that
// a rolled back transaction undoes.
func (s *memory) refuses(t *testing.T, a *Activity, kind error) {
	t.Helper()
	before := s.world()
	if _, err := Apply(t.Context(), s, a); !errors.Is(err, kind) {
		t.Fatalf("%s by %s: got %v, want %v", a.Type, a.Actor, err, kind)
	}
	if s.world() != before {
		t.Errorf("%s by %s was refused, but changed something", a.Type, a.Actor)
	}
}

// unchanged wants a to be taken, without any effect.
func (s *memory) unchanged(t *testing.T, a *Activity) {
	t.Helper()
	before := s.world()
	s.must(t, a)
	if s.world() != before {
		t.Errorf("%s by %s changed something", a.Type, a.Actor)
	}
}

func TestGate(t *testing.T) {
	known := note(vera, "known")
	cases := []struct {
		name string
		a    func(t *testing.T, s *memory) *Activity
		want error
	}{
		{"R4 a peer does not speak for us", func(*testing.T, *memory) *Activity {
			a := post(note(ann, "x"))
			a.Local = false
			return a
		}, ErrForbidden},
		{"R4 a local flag does not make a peer ours", func(*testing.T, *memory) *Activity {
			a := post(note(vera, "x"))
			a.Local = true
			return a
		}, ErrForbidden},
		{"R5 activity id of another host", func(*testing.T, *memory) *Activity {
			a := post(note(vera, "x"))
			a.ID = "https://victim.example/1"
			return a
		}, ErrForbidden},
		{"R5 object id of another host", func(*testing.T, *memory) *Activity {
			o := note(vera, "x")
			o.ID = "https://victim.example/1"
			return post(o)
		}, ErrForbidden},
		{"R6 suspended actor", func(t *testing.T, s *memory) *Activity { s.suspended[vera] = true; return post(note(vera, "x")) }, ErrForbidden},
		{"R6 suspended host", func(t *testing.T, s *memory) *Activity {
			s.suspended["other.example"] = true
			return post(note(vera, "x"))
		}, ErrForbidden},
		{"R6 owner of what is spoken of", func(t *testing.T, s *memory) *Activity {
			s.suspended["other.example"] = true
			a := act(Announce, evil, known.ID)
			return a
		}, ErrForbidden},
		{"R8 Create for another owner", func(*testing.T, *memory) *Activity {
			a := post(note(mal, "x"))
			a.Actor = vera
			return a
		}, ErrForbidden},
		{"R8 Update by another of the same host", func(*testing.T, *memory) *Activity {
			o := *known
			o.Content, o.Updated = "changed", noon
			a := act(Update, mal, o.ID)
			a.Enclosed = &o
			return a
		}, ErrForbidden},
		{"R8 Update that claims the object", func(*testing.T, *memory) *Activity {
			o := *known
			o.AttributedTo, o.Updated = mal, noon
			a := act(Update, mal, o.ID)
			a.Enclosed = &o
			return a
		}, ErrForbidden},
		{"R8 Update changes the type", func(*testing.T, *memory) *Activity {
			o := *known
			o.Type, o.Name, o.Updated = "Article", "x", noon
			a := act(Update, vera, o.ID)
			a.Enclosed = &o
			return a
		}, ErrForbidden},
		{"R8 Delete by another of the same host", func(*testing.T, *memory) *Activity { return act(Delete, mal, known.ID) }, ErrForbidden},
		{"R4 remote Delete of our actor", func(*testing.T, *memory) *Activity { return act(Delete, vera, ann) }, ErrForbidden},
		{"R8 Undo of another's Follow", func(t *testing.T, s *memory) *Activity {
			s.follows(vera, ann)
			return act(Undo, mal, vera+"#follow")
		}, ErrForbidden},
		{"R14 Accept by the wrong actor", func(t *testing.T, s *memory) *Activity {
			s.must(t, act(Follow, ann, vera))
			f := act(Follow, ann, vera)
			a := act(Accept, mal, f.ID)
			a.Inner = f
			return a
		}, ErrForbidden},
		{"R14 Accept of nothing", func(*testing.T, *memory) *Activity { return act(Accept, vera, ann+"/follows/none") }, ErrNotFound},
		{"R15 Add to our followers", func(t *testing.T, s *memory) *Activity {
			a := act(Add, vera, vera)
			a.Target = ann + "/followers"
			return a
		}, ErrForbidden},
		{"R15 Remove from another's featured", func(t *testing.T, s *memory) *Activity {
			a := act(Remove, vera, known.ID)
			a.Target = mal + "/featured"
			return a
		}, ErrForbidden},
		{"unknown verb", func(*testing.T, *memory) *Activity { return act("Dance", vera, known.ID) }, ErrUnsupported},
		{"unknown actor", func(*testing.T, *memory) *Activity { return act(Like, "https://x.example/u", known.ID) }, ErrNotFound},
		{"deleted actor", func(t *testing.T, s *memory) *Activity {
			s.must(t, act(Delete, vera, vera))
			return act(Like, vera, known.ID)
		}, ErrGone},
		{"deleted actor deletes what went with it", func(t *testing.T, s *memory) *Activity {
			s.must(t, act(Delete, vera, vera))
			return act(Delete, vera, known.ID)
		}, ErrNotConcerned},
		{"of no concern to anybody", func(*testing.T, *memory) *Activity { return post(note(evil, "spam")) }, ErrNotConcerned},
		{"Announce of what is not public", func(t *testing.T, s *memory) *Activity {
			o := note(ann, "secret")
			o.To, o.Cc = []IRI{bob}, nil
			s.objects[o.ID] = *o
			return act(Announce, vera, o.ID)
		}, ErrForbidden},
		{"Like of what one cannot see", func(t *testing.T, s *memory) *Activity {
			o := note(ann, "secret")
			o.To, o.Cc = []IRI{ann + "/followers"}, nil
			s.objects[o.ID] = *o
			return act(Like, vera, o.ID)
		}, ErrForbidden},
		{"Move to one who does not agree", func(*testing.T, *memory) *Activity {
			a := act(Move, vera, vera)
			a.Target = evil
			return a
		}, ErrForbidden},
		{"Follow of oneself", func(*testing.T, *memory) *Activity { return act(Follow, ann, ann) }, ErrMalformed},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newMemory()
			s.follows(ann, vera)
			s.objects[known.ID] = *known
			if c.name == "R14 Accept by the wrong actor" {
				s = newMemory()
			}
			s.refuses(t, c.a(t, s), c.want)
		})
	}
}

func TestFollow(t *testing.T) {
	t.Run("an open actor accepts at once", func(t *testing.T) {
		s := newMemory()
		owed := s.must(t, act(Follow, vera, ann))
		if len(owed) != 1 || owed[0].Type != Accept || owed[0].To[0] != vera || owed[0].Inner == nil {
			t.Fatalf("owed %+v", owed)
		}
		if e := s.edges[edgeKey(Follow, vera, ann)]; e.Pending {
			t.Error("still pending")
		}
	})
	t.Run("a locked actor lets a person decide", func(t *testing.T) { // B31
		s := newMemory()
		if owed := s.must(t, act(Follow, vera, bob)); len(owed) != 0 {
			t.Fatalf("owed %+v", owed)
		}
		if e := s.edges[edgeKey(Follow, vera, bob)]; !e.Pending {
			t.Error("not pending")
		}
		if len(s.notices) != 1 || s.notices[0].For != bob {
			t.Errorf("notices %+v", s.notices)
		}
	})
	t.Run("asked again, answered again", func(t *testing.T) {
		s := newMemory()
		s.must(t, act(Follow, vera, ann))
		again := act(Follow, vera, ann)
		again.ID += "/again"
		if owed := s.must(t, again); len(owed) != 1 || owed[0].Object != again.ID {
			t.Fatalf("owed %+v", owed)
		}
	})
	t.Run("the blocked are refused", func(t *testing.T) {
		s := newMemory()
		s.must(t, act(Block, ann, vera))
		if owed := s.must(t, act(Follow, vera, ann)); len(owed) != 1 || owed[0].Type != Reject {
			t.Fatalf("owed %+v", owed)
		}
		if _, ok := s.edges[edgeKey(Follow, vera, ann)]; ok {
			t.Error("follows")
		}
	})
	t.Run("a peer's Accept, by id or with the Follow inside", func(t *testing.T) {
		for _, byID := range []bool{true, false} {
			s := newMemory()
			f := act(Follow, ann, vera)
			s.must(t, f)
			if !s.edges[edgeKey(Follow, ann, vera)].Pending {
				t.Fatal("accepted before the peer said so")
			}
			a := act(Accept, vera, f.ID)
			if !byID {
				a.Object, a.Inner = "https://other.example/made-up", &Activity{Type: Follow, Actor: ann, Object: vera}
			}
			s.must(t, a)
			if s.edges[edgeKey(Follow, ann, vera)].Pending {
				t.Error("still pending")
			}
			r := act(Reject, vera, f.ID)
			r.Inner = &Activity{Type: Follow, Actor: ann, Object: vera}
			s.must(t, r)
			if _, ok := s.edges[edgeKey(Follow, ann, vera)]; ok {
				t.Error("rejected, but follows")
			}
		}
	})
}

// What is done and undone leaves the world as it was; what is done twice is
// done once.
func TestProperties(t *testing.T) {
	o := note(vera, "o")
	for _, verb := range []string{Follow, Like, Announce, Block} {
		t.Run(verb, func(t *testing.T) {
			s := newMemory()
			s.follows(ann, vera)
			s.objects[o.ID] = *o
			object := o.ID
			if verb == Follow || verb == Block {
				object = evil
			}
			before := s.world()
			a := act(verb, ann, object)
			s.must(t, a)
			once := s.world()
			if once == before {
				t.Fatal("no effect")
			}
			s.must(t, a)
			if s.world() != once {
				t.Error("twice is not once")
			}
			u := act(Undo, ann, a.ID)
			u.Inner = a
			s.must(t, u)
			if s.world() != before {
				t.Error("undone, but not as before")
			}
		})
	}
}

func TestUndoForestalls(t *testing.T) {
	s := newMemory()
	f := act(Follow, vera, ann)
	u := act(Undo, vera, f.ID)
	u.Inner = f
	s.must(t, u)
	s.unchanged(t, f)
}

func TestCreate(t *testing.T) {
	t.Run("known ids are not written again", func(t *testing.T) { // B8
		s := newMemory()
		s.follows(ann, vera)
		first := note(vera, "x")
		first.To, first.Cc = []IRI{vera + "/followers"}, nil
		s.must(t, post(first))
		wide := post(note(vera, "x"))
		wide.ID += "/2"
		s.unchanged(t, wide)
	})
	t.Run("a tombstone stays", func(t *testing.T) { // B35
		s := newMemory()
		s.follows(ann, vera)
		o := note(vera, "x")
		s.must(t, act(Delete, vera, o.ID))
		s.unchanged(t, post(o))
	})
	t.Run("another's early Delete does not forbid it", func(t *testing.T) {
		s := newMemory()
		s.follows(ann, vera)
		o := note(vera, "x")
		s.must(t, act(Delete, mal, o.ID))
		s.must(t, post(o))
		if got := s.objects[o.ID]; got.Type != "Note" {
			t.Errorf("got a %s", got.Type)
		}
	})
	t.Run("dates from the future are clamped", func(t *testing.T) {
		s := newMemory()
		s.follows(ann, vera)
		o := note(vera, "x")
		o.Published = noon.AddDate(1, 0, 0)
		s.must(t, post(o))
		if got := s.objects[o.ID].Published; !got.Equal(noon) {
			t.Errorf("published %s", got)
		}
	})
	t.Run("mentions and replies are told", func(t *testing.T) {
		s := newMemory()
		mine := note(ann, "mine")
		s.objects[mine.ID] = *mine
		o := note(vera, "x")
		o.InReplyTo, o.Tags = mine.ID, []Tag{{Type: "Mention", Href: string(bob)}}
		s.must(t, post(o))
		kinds := []string{s.notices[0].Kind, s.notices[1].Kind}
		if !slices.Equal(kinds, []string{"Reply", "Mention"}) {
			t.Errorf("told %v", kinds)
		}
	})
	t.Run("bto and bcc may read it, and are not shown", func(t *testing.T) {
		s := newMemory()
		o := note(vera, "x")
		o.To, o.Cc = nil, nil
		a := post(o)
		a.Bto = []IRI{ann}
		s.must(t, a)
		if got := s.objects[o.ID]; !slices.Equal(got.Bto, []IRI{ann}) || len(got.To) != 0 {
			t.Errorf("got %+v", got)
		}
	})
}

func TestUpdate(t *testing.T) {
	s := newMemory()
	s.follows(ann, vera)
	o := note(vera, "x")
	s.must(t, post(o))
	revised := func(text string, at time.Time) *Activity {
		n := *o
		n.Content, n.Updated = text, at
		a := act(Update, vera, o.ID)
		a.ID += IRI("/" + text)
		a.Enclosed = &n
		return a
	}
	s.must(t, revised("second", noon.Add(-time.Minute)))
	s.unchanged(t, revised("older", noon.Add(-2*time.Minute))) // B35
	if got := s.objects[o.ID]; got.Content != "second" || !got.Published.Equal(o.Published) {
		t.Errorf("got %+v", got)
	}
	early := note(vera, "early")
	early.Updated = noon
	a := act(Update, vera, early.ID)
	a.Enclosed = early
	s.must(t, a)
	if _, ok := s.objects[early.ID]; !ok {
		t.Error("an Update that overtook its Create is lost")
	}
	s.must(t, act(Delete, vera, o.ID))
	s.unchanged(t, revised("late", noon))
}

func TestMove(t *testing.T) {
	s := newMemory()
	s.follows(ann, vera)
	to := s.actors[evil]
	to.AlsoKnownAs = []IRI{vera}
	s.actors[evil] = to
	a := act(Move, vera, vera)
	a.Target = evil
	owed := s.must(t, a)
	if len(owed) != 2 || owed[0].Type != Undo || owed[1].Type != Follow || owed[1].Object != evil || owed[1].Actor != ann {
		t.Fatalf("owed %+v", owed)
	}
	again := act(Move, vera, vera)
	again.ID, again.Target = again.ID+"/2", evil
	if owed := s.must(t, again); len(owed) != 0 {
		t.Errorf("moved twice: %+v", owed)
	}
}

func TestFeatured(t *testing.T) {
	s := newMemory()
	o := note(ann, "x")
	s.objects[o.ID] = *o
	a := act(Add, ann, o.ID)
	a.Target = ann + "/featured"
	before := s.world()
	s.must(t, a)
	if _, ok := s.edges[edgeKey(Add, ann, o.ID)]; !ok {
		t.Error("not pinned")
	}
	r := act(Remove, ann, o.ID)
	r.Target = a.Target
	s.must(t, r)
	if s.world() != before {
		t.Error("not taken down")
	}
}

func TestFlag(t *testing.T) {
	s := newMemory()
	a := act(Flag, vera, ann)
	a.Objects, a.Content = []IRI{ann, mal}, "rude"
	s.must(t, a)
	if e := s.edges[edgeKey(Flag, vera, ann)]; e.Content != "rude" {
		t.Errorf("got %+v", e)
	}
	if _, ok := s.edges[edgeKey(Flag, vera, mal)]; ok {
		t.Error("a report about somebody else's actor was kept")
	}
}

func TestBlockEndsFollows(t *testing.T) {
	s := newMemory()
	s.follows(vera, ann)
	s.follows(ann, vera)
	owed := s.must(t, act(Block, ann, vera))
	if len(owed) != 1 || owed[0].Type != Reject || owed[0].Object != vera+"#follow" {
		t.Fatalf("owed %+v", owed)
	}
	if len(s.edges) != 1 {
		t.Errorf("edges left: %v", s.edges)
	}
}

func TestLearn(t *testing.T) {
	s := newMemory()
	o := note(vera, "x")
	if err := Learn(t.Context(), s, o); err != nil {
		t.Fatal(err)
	}
	forged := note(mal, "y")
	forged.ID = ann + "/notes/1"
	if err := Learn(t.Context(), s, forged); !errors.Is(err, ErrForbidden) {
		t.Errorf("learned something of ours: %v", err)
	}
	foreign := note(vera, "z")
	foreign.AttributedTo = evil
	if err := Learn(t.Context(), s, foreign); !errors.Is(err, ErrForbidden) {
		t.Errorf("learned for another owner: %v", err)
	}
}

func TestProposal(t *testing.T) {
	offer := func(parts ...PricePart) *Object {
		o := note(ann, "offer")
		o.Name = "Paniers"
		per := true
		Proposal{
			Purpose: PurposeOffer, UnitBased: &per, Modes: []string{"sale"},
			Primary: Intent{
				Action: "transfer", Quantity: &Quantity{"one", "1"}, Available: &Quantity{"one", "12"}, Minimum: &Quantity{"one", "1"},
			},
			Reciprocal: &Intent{ConformsTo: Currencies["EUR"], Quantity: &Quantity{"one", "18"}},
			Breakdown:  parts,
		}.Put(o)
		return o
	}
	s := newMemory()
	s.must(t, post(offer(PricePart{"Récolte", "production", "12.50"}, PricePart{"Trajet", "logistics", "5.50"})))
	got := s.objects[offer().ID]
	p, ok := ProposalOf(&got)
	if !ok || p.Primary.Available.Value != "12" || *p.UnitBased != true || len(p.Breakdown) != 2 {
		t.Errorf("read back %+v", p)
	}
	if amount, currency := p.Price(); amount != "18" || currency != "EUR" {
		t.Errorf("price %s %s", amount, currency)
	}
	if x := IndexOf(&got); x.Kind != "offer" || x.Closed || !slices.Equal(x.Modes, []string{"sale"}) {
		t.Errorf("index %+v", x)
	}
	wrong := offer(PricePart{"Récolte", "production", "12.50"}, PricePart{"Trajet", "logistics", "5.49"})
	wrong.ID += "-2"
	_, err := Apply(t.Context(), s, post(wrong))
	var fe *FieldError
	if !errors.As(err, &fe) || fe.Field != "priceBreakdown" || !strings.Contains(fe.Detail, "17.99") {
		t.Errorf("parts that do not add up: %v", err)
	}
}

func TestEvent(t *testing.T) {
	ev := func() *Object {
		o := note(ann, "event")
		o.Type, o.Name, o.Start, o.End = "Event", "Repair café", noon, noon.Add(4*time.Hour)
		Event{Timezone: "Europe/Paris", Status: EventCancelled, Capacity: 40}.Put(o)
		return o
	}
	if e := EventOf(ev()); e.Status != EventCancelled || e.Capacity != 40 || e.Timezone != "Europe/Paris" {
		t.Errorf("read back %+v", e)
	}
	s := newMemory()
	s.must(t, post(ev()))
	backwards := ev()
	backwards.ID, backwards.End = backwards.ID+"-2", noon.Add(-time.Hour)
	s.refuses(t, post(backwards), ErrMalformed)
}

func TestParseIRI(t *testing.T) {
	for in, want := range map[string]IRI{
		"https://Example.ORG./u/Ann?x=%C3%A9#k": "https://example.org/u/Ann?x=%C3%A9#k",
		"https://example.org:443/":              "https://example.org/",
		"http://127.0.0.1:8080/x":               "http://127.0.0.1:8080/x",
		"as:Public":                             Public,
		"Public":                                Public,
	} {
		if got, err := ParseIRI(in); err != nil || got != want {
			t.Errorf("%s: got %s, %v", in, got, err)
		}
	}
	for _, bad := range []string{
		"", "x", "/path", "ftp://a.example/", "https:///x", "https://u:p@a.example/", "https://exa mple/", "https://exa\nmple/",
		"javascript:alert(1)", "https://a.example\\@b.example/", "https://\u00e9.example/", "https://a.example:/", "https://a.../", "https://.a/", "https://a..b/", "https://" + strings.Repeat("a", 3000),
	} {
		if got, err := ParseIRI(bad); err == nil {
			t.Errorf("%q: taken as %s", bad, got)
		}
	}
	if IRI("").SameOrigin("") || IRI("x").SameOrigin("x") {
		t.Error("empty equals empty")
	}
}

func FuzzParseIRI(f *testing.F) {
	f.Add("https://a.example/x?y#z")
	f.Fuzz(func(t *testing.T, s string) {
		i, err := ParseIRI(s)
		if err != nil {
			return
		}
		if again, err := ParseIRI(string(i)); err != nil || again != i {
			t.Errorf("%q: %q is not canonical: %q, %v", s, i, again, err)
		}
	})
}

func TestParseDecimal(t *testing.T) {
	for in, want := range map[string]Decimal{"2,5": "2.5", " 18 € ": "18", "007": "7", "0,50": "0.50", "1 200": "1200"} {
		if got, err := ParseDecimal(in); err != nil || got != want {
			t.Errorf("%q: got %q, %v", in, got, err)
		}
	}
	for _, bad := range []string{"", "-1", "1e9", "1.2.3", ".", "5.", "abc", "1234567890123", "NaN", "1/2"} {
		if got, err := ParseDecimal(bad); err == nil {
			t.Errorf("%q: taken as %q", bad, got)
		}
	}
}
