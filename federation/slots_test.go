// SPDX-License-Identifier: AGPL-3.0-or-later

package federation_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	. "codeberg.org/maillage/maillage/federation"
)

// party is an event of ann's with a slot for one, and one for two.
func (s *memory) party(mode string) (*Object, IRI, IRI) {
	o := s.feast(ann, mode, 0)
	one, two := o.ID+"#slot-1", o.ID+"#slot-2"
	PutSlots(o, []Slot{{ID: one, Name: "Vaisselle", People: 1}, {ID: two, Name: "Accueil", People: 2}})
	s.objects[o.ID] = *o
	return o, one, two
}

// takes is a Join with slots.
func (s *memory) takes(t *testing.T, who IRI, o *Object, slots ...IRI) []*Activity {
	t.Helper()
	j := act(Join, who, o.ID)
	s.now = s.now.Add(time.Minute)
	j.ID += IRI("/" + s.now.Format("1504"))
	WithSlots(j, slots)
	return s.must(t, j)
}

func (s *memory) has(who, slot IRI) bool { _, ok := s.edges[edgeKey(TakesSlot, who, slot)]; return ok }

func TestSlots(t *testing.T) {
	t.Run("who takes one comes, and the last place goes to one", func(t *testing.T) {
		s := newMemory()
		o, one, two := s.party(JoinFree)
		owed := s.takes(t, vera, o, one)
		owes(t, owed, Accept, vera)
		if string(owed[0].Extra["slots"]) != `["`+string(one)+`"]` {
			t.Errorf("granted %s", owed[0].Extra["slots"])
		}
		owed = s.takes(t, mal, o, one, two)
		if string(owed[0].Extra["slots"]) != `["`+string(two)+`"]` || s.has(mal, one) || s.answer(Join, mal, o) != "comes" {
			t.Errorf("granted %s", owed[0].Extra["slots"])
		}
	})
	t.Run("who says nothing of slots keeps them, who names others changes, who leaves frees them", func(t *testing.T) {
		s := newMemory()
		o, one, two := s.party(JoinFree)
		s.takes(t, vera, o, one)
		s.must(t, act(Join, vera, o.ID))
		if !s.has(vera, one) {
			t.Fatal("a plain Join took it away")
		}
		s.takes(t, vera, o, two)
		if s.has(vera, one) || !s.has(vera, two) {
			t.Fatalf("%+v", s.edges)
		}
		s.must(t, act(TentativeAccept, vera, o.ID))
		if s.has(vera, two) {
			t.Error("who comes perhaps does something")
		}
		var kinds []string
		for _, n := range s.notices {
			if n.For == ann {
				kinds = append(kinds, n.Kind)
			}
		}
		if !slices.Contains(kinds, "Slot") || !slices.Contains(kinds, "SlotFreed") {
			t.Errorf("the organiser hears %v", kinds)
		}
	})
	t.Run("a slot is kept for who waits, and free when they are refused", func(t *testing.T) {
		s := newMemory()
		o, one, _ := s.party(JoinRestricted)
		s.takes(t, vera, o, one)
		if !s.has(vera, one) || s.answer(Join, vera, o) != "waits" {
			t.Fatalf("%+v", s.edges)
		}
		e := s.edges[edgeKey(Join, vera, o.ID)]
		r := act(Reject, ann, e.By)
		r.Inner = &Activity{Type: Join, Actor: vera, Object: o.ID, ID: e.By}
		s.must(t, r)
		if s.has(vera, one) {
			t.Error("it is still theirs")
		}
	})
	t.Run("of a peer's event the peer decides", func(t *testing.T) {
		s := newMemory()
		o := s.feast(vera, JoinFree, 0)
		one, two := o.ID+"#a", o.ID+"#b"
		PutSlots(o, []Slot{{ID: one, Name: "Vaisselle", People: 1}, {ID: two, Name: "Accueil", People: 1}})
		s.objects[o.ID] = *o
		s.takes(t, ann, o, one)
		if e := s.edges[edgeKey(TakesSlot, ann, one)]; !e.Pending {
			t.Fatalf("%+v", s.edges)
		}
		says := func(who IRI, slots ...IRI) *Activity {
			a := act(Accept, who, "https://other.example/made-up")
			s.now = s.now.Add(time.Minute)
			a.ID += IRI("/" + s.now.Format("1504"))
			a.Inner = &Activity{Type: Join, Actor: ann, Object: o.ID}
			WithSlots(a, slots)
			return a
		}
		s.refuses(t, says(mal, one), ErrForbidden)
		s.must(t, says(vera, one))
		if e := s.edges[edgeKey(TakesSlot, ann, one)]; e.Pending {
			t.Error("not granted")
		}
		s.must(t, says(vera, two)) // the organiser asks for something else
		if s.has(ann, one) || !s.has(ann, two) {
			t.Errorf("%+v", s.edges)
		}
	})
	t.Run("the organiser assigns, also more than were wanted", func(t *testing.T) {
		s := newMemory()
		o, one, _ := s.party(JoinFree)
		s.takes(t, vera, o, one)
		s.must(t, act(Join, mal, o.ID))
		if err := Assign(t.Context(), s, o, one, mal, true); err != nil || !s.has(mal, one) {
			t.Error(err)
		}
		if err := Assign(t.Context(), s, o, one, mal, false); err != nil || s.has(mal, one) {
			t.Error(err)
		}
		if err := Assign(t.Context(), s, o, o.ID+"#none", mal, true); err == nil {
			t.Error("there is no such slot")
		}
	})
}

func TestSlotsThatMakeNoSense(t *testing.T) {
	o := &Object{ID: "https://other.example/1", Extra: map[string]json.RawMessage{}}
	for _, raw := range []string{
		``, `1`, `"x"`, `{}`, `[1]`, `[{"id":"https://other.example/1#a"}]`,
		`[{"id":"https://evil.example/1#a","name":"x","resourceQuantity":{"hasNumericalValue":"1"}}]`,
		`[{"id":"https://other.example/1#a","name":"x","resourceQuantity":{"hasNumericalValue":"1000000"}}]`,
		`[{"id":"https://other.example/1#a","name":"x","resourceQuantity":{"hasNumericalValue":"-1"}}]`,
	} {
		o.Extra["slots"] = json.RawMessage(raw)
		if got := SlotsOf(o); len(got) != 0 {
			t.Errorf("%s: %+v", raw, got)
		}
	}
	o.Extra["slots"] = json.RawMessage(`[{"id":"https://other.example/1#a","name":"x","vf:resourceQuantity":{"hasNumericalValue":2}},
		{"id":"https://other.example/1#a","name":"twice","resourceQuantity":{"hasNumericalValue":"1"}}]`)
	if got := SlotsOf(o); len(got) != 1 || got[0].People != 2 {
		t.Errorf("%+v", got)
	}
}
