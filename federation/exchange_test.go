// SPDX-License-Identifier: AGPL-3.0-or-later

package federation_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	. "codeberg.org/maillage/maillage/federation"
)

// baskets is an offer of ann's: so many baskets at 18 € each.
func (s *memory) baskets(left Decimal, change func(*Proposal)) *Object {
	o := note(ann, "baskets")
	o.Name, o.Local, o.End = "Paniers", true, noon.Add(30*24*time.Hour)
	each := true
	p := Proposal{
		Purpose: PurposeOffer, Modes: []string{"sale"}, UnitBased: &each,
		Primary: Intent{Action: "transfer", Quantity: &Quantity{"one", "1"}, Available: &Quantity{"one", left}, Minimum: &Quantity{"one", "1"}},
		Reciprocal: &Intent{
			Action: "transfer", ConformsTo: Currencies["EUR"], Quantity: &Quantity{"one", "18"},
		},
	}
	if change != nil {
		change(&p)
	}
	p.Put(o)
	s.objects[o.ID] = *o
	return o
}

var asked int

// asks is an Offer for so many of o, as a program sends it that knows FEP-0837
// and nothing of us.
func asks(who IRI, o *Object, quantity, price string) *Activity {
	asked++
	a := act(Offer, who, "")
	a.ID = IRI(fmt.Sprintf("%s/offers/%d", who.Origin(), asked))
	a.To = []IRI{o.AttributedTo}
	a.Enclosed = &Object{Type: "Agreement", Extra: map[string]json.RawMessage{
		"stipulates": json.RawMessage(fmt.Sprintf(`{"type":"Commitment","satisfies":"%s#primary","resourceQuantity":{"hasUnit":"one","hasNumericalValue":"%s"}}`, o.ID, quantity)),
	}}
	if price != "" {
		a.Enclosed.Extra["stipulatesReciprocal"] = json.RawMessage(fmt.Sprintf(`{"type":"Commitment","satisfies":"%s#reciprocal","resourceQuantity":{"hasUnit":"one","hasNumericalValue":"%s"}}`, o.ID, price))
	}
	return a
}

// exchange returns the one that an Offer began.
func (s *memory) exchange(t *testing.T, offer IRI) *Exchange {
	t.Helper()
	x, err := s.Exchange(t.Context(), offer)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func (s *memory) left(o *Object) Decimal {
	now := s.objects[o.ID]
	p, _ := ProposalOf(&now)
	return p.Primary.Available.Value
}

// say lets one of ours speak, and does what is owed for it, as the outbox does.
func (s *memory) say(t *testing.T, a *Activity) {
	t.Helper()
	asked++
	a.ID, a.Local = IRI(fmt.Sprintf("%s/activities/%d", home, asked)), true
	if a.Type == Update && a.Enclosed != nil {
		a.Enclosed.Updated = s.now.Add(time.Duration(asked) * time.Second)
	}
	if a.Type == Create && a.Enclosed != nil {
		a.Enclosed.AttributedTo, a.Object = a.Actor, a.Enclosed.ID
	}
	for _, owed := range s.must(t, a) {
		s.say(t, owed)
	}
}

func TestAnExchangeFromOfferToFulfilment(t *testing.T) {
	s := newMemory()
	o := s.baskets("12", nil)
	ask := asks(vera, o, "2", "36")
	if owed := s.must(t, ask); len(owed) != 0 {
		t.Fatalf("owed %+v before anybody decided", owed)
	}
	x := s.exchange(t, ask.ID)
	if x.State != ExchangeProposed || x.Publisher != ann || x.Partner != vera || x.Terms.Price.Value != "36" || x.Terms.Mode != "sale" {
		t.Fatalf("%+v", x)
	}
	if len(s.notices) != 1 || s.notices[0].For != ann || s.notices[0].Kind != Offer || s.notices[0].Object != x.ID {
		t.Errorf("notices %+v", s.notices)
	}
	s.say(t, NewAnswer(Accept, x, o, "", nil))
	if x = s.exchange(t, ask.ID); x.State != ExchangeAgreed || x.Agreement != x.ID || s.left(o) != "10" {
		t.Fatalf("%+v, %s left", x, s.left(o))
	}
	s.say(t, NewStep(x, ann, StepDelivered, time.Time{}, "1", "un panier"))
	if x = s.exchange(t, ask.ID); x.Remaining(ann) != "1" || x.Remaining(vera) != "2" || x.State != ExchangeAgreed {
		t.Fatalf("%+v", x)
	}
	s.say(t, NewStep(x, ann, StepDelivered, time.Time{}, "", "le reste"))
	x = s.exchange(t, ask.ID)

	// The other confirms, as FEP-0837 shows it.
	receipt := &Object{
		ID: other + "/receipts/1", Type: "Document", AttributedTo: vera, Name: "Reçu", Context: string(x.Agreement), To: []IRI{ann},
		Extra: map[string]json.RawMessage{"fulfills": json.RawMessage(fmt.Sprintf(`["%s#primary","%s#reciprocal"]`, x.Agreement, x.Agreement))},
	}
	s.must(t, post(receipt))
	if x = s.exchange(t, ask.ID); x.State != ExchangeFulfilled || x.Done(StepPaid, vera) != "36" {
		t.Errorf("%+v", x)
	}
	if _, ok := s.objects[receipt.ID]; ok {
		t.Error("the receipt became an object that lists could show")
	}
}

func TestWhatCannotBeAgreedOn(t *testing.T) {
	lot, open := false, (*bool)(nil)
	for _, test := range []struct {
		name            string
		change          func(*Proposal)
		quantity, price string
		reason          string
	}{
		{"more than is left", nil, "13", "234", "error_stock"},
		{"nothing", nil, "0", "0", "error_quantity_none"},
		{"half of one", nil, "1.5", "27", "error_quantity_multiple"},
		{"another price", nil, "2", "35.99", "error_price"},
		{"less than the least", func(p *Proposal) { p.Primary.Minimum.Value = "3" }, "2", "36", "error_quantity_least"},
		{"a part of a lot", func(p *Proposal) { p.UnitBased = &lot; p.Primary.Quantity.Value = "4" }, "2", "18", "error_quantity_lot"},
		{"capital", func(p *Proposal) { p.Modes = []string{"capital"} }, "1", "18", "error_capital"},
		{"kilograms of pieces", func(p *Proposal) {
			p.Primary.Quantity.Unit, p.Primary.Available.Unit, p.Primary.Minimum.Unit = "kilogram", "kilogram", "kilogram"
		}, "2", "36", "error_unit"},
		{"what is closed", func(p *Proposal) { p.Primary.Available.Value = "0" }, "1", "18", "error_proposal_closed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newMemory()
			o := s.baskets("12", test.change)
			left := s.left(o)
			a := asks(vera, o, test.quantity, test.price)
			owed := s.must(t, a)
			if len(owed) != 1 || owed[0].Type != Reject || owed[0].Object != a.ID || owed[0].Saying.Reason != test.reason {
				t.Fatalf("owed %+v, want a Reject: %s", owed, test.reason)
			}
			if x := s.exchange(t, a.ID); x.State != ExchangeRefused || x.Reason != test.reason || s.left(o) != left {
				t.Errorf("%+v, %s left", x, s.left(o))
			}
			if len(s.notices) != 1 || s.notices[0].For != ann {
				t.Errorf("its publisher does not hear of it: %+v", s.notices)
			}
			ours := asks(bob, o, test.quantity, test.price)
			var f *FieldError
			if _, err := Apply(t.Context(), s, ours); !errors.As(err, &f) || f.Reason != test.reason {
				t.Errorf("one of ours is told %v", err)
			}
		})
	}
	t.Run("a price to be agreed is taken as it comes", func(t *testing.T) {
		s := newMemory()
		o := s.baskets("12", func(p *Proposal) { p.UnitBased = open })
		s.must(t, asks(vera, o, "1.5", "20"))
	})
	t.Run("what somebody chooses to give is not kept", func(t *testing.T) {
		s := newMemory()
		o := s.baskets("12", func(p *Proposal) { p.Modes = []string{"freePrice"} })
		a := asks(vera, o, "2", "5")
		s.must(t, a)
		if x := s.exchange(t, a.ID); x.Terms.Price != nil {
			t.Errorf("kept %+v", x.Terms.Price)
		}
	})
}

func TestOnlyTheTwoMaySpeak(t *testing.T) {
	s := newMemory()
	o := s.baskets("12", nil)
	ask := asks(vera, o, "2", "36")
	s.must(t, ask)
	x := s.exchange(t, ask.ID)
	for _, verb := range []string{Accept, Reject, Undo, Delete} {
		a := act(verb, mal, ask.ID)
		s.refuses(t, a, ErrNotFound)
	}
	s.refuses(t, act(Accept, vera, ask.ID), ErrForbidden)
	s.refuses(t, act(Undo, ann, ask.ID), ErrForbidden)
	s.say(t, NewAnswer(Accept, x, o, "", nil))
	s.refuses(t, act(Delete, vera, x.ID), ErrForbidden)
	forged := &Object{ID: "https://evil.example/r", Type: "Document", AttributedTo: evil, Context: string(x.ID), To: []IRI{ann}}
	s.refuses(t, post(forged), ErrNotFound)
	s.refuses(t, asks(ann, o, "1", "18"), ErrForbidden)
}

func TestAPeerAgreesToWhatWasAskedForOnly(t *testing.T) {
	s := newMemory()
	o := s.baskets("12", nil)
	o.AttributedTo, o.ID, o.Local, o.Cc = vera, other+"/baskets", false, nil
	Proposal{
		Purpose: PurposeOffer, Modes: []string{"sale"}, Primary: Intent{Quantity: &Quantity{"one", "1"}},
	}.Put(o)
	s.objects[o.ID] = *o
	ask := asks(ann, o, "2", "36")
	s.must(t, ask)
	accept := func(result string) *Activity {
		asked++
		a := act(Accept, vera, ask.ID)
		a.ID = IRI(fmt.Sprintf("%s/accept/%d", other, asked))
		a.Extra = map[string]json.RawMessage{"result": json.RawMessage(result)}
		return a
	}
	agreement := func(id, quantity string) string {
		return fmt.Sprintf(`{"type":"Agreement","id":%q,"attributedTo":%q,"url":{"type":"Link","href":"https://pay.example/1","rel":"payment"},
			"stipulates":{"type":"Commitment","satisfies":"%s#primary","resourceQuantity":{"hasUnit":"one","hasNumericalValue":%q}},
			"stipulatesReciprocal":{"type":"Commitment","satisfies":"%s#reciprocal","resourceQuantity":{"hasUnit":"one","hasNumericalValue":"36"}}}`,
			id, vera, o.ID, quantity, o.ID)
	}
	s.refuses(t, accept(agreement(other+"/agreements/1", "3")), ErrForbidden)
	s.refuses(t, accept(agreement("https://evil.example/agreements/1", "2")), ErrForbidden)
	s.must(t, accept(agreement(other+"/agreements/1", "2")))
	x := s.exchange(t, other+"/agreements/1")
	if x.State != ExchangeAgreed || x.Payment != "https://pay.example/1" || x.ID.Origin() != home {
		t.Errorf("%+v", x)
	}
}

func TestCounterProposal(t *testing.T) {
	s := newMemory()
	o := s.baskets("12", nil)
	ask := asks(vera, o, "2", "36")
	s.must(t, ask)
	x := s.exchange(t, ask.ID)
	s.say(t, NewAnswer(Reject, x, o, "Un seul, mais moins cher", &Terms{Quantity: &Quantity{"one", "1"}, Price: &Quantity{"one", "15"}}))
	if x = s.exchange(t, ask.ID); x.State != ExchangeCountered || x.Reason != "Un seul, mais moins cher" || x.Counter.Price.Value != "15" {
		t.Fatalf("%+v", x)
	}
	again := asks(vera, o, "1", "15") // the price that was named
	owed := s.must(t, again)
	if len(owed) != 1 || owed[0].Type != Accept {
		t.Fatalf("owed %+v", owed)
	}
	s.say(t, owed[0])
	if x = s.exchange(t, again.ID); x.State != ExchangeAgreed || x.Terms.Price.Value != "15" || s.left(o) != "11" || len(s.exchanges) != 1 {
		t.Errorf("%+v, %s left, %d exchanges", x, s.left(o), len(s.exchanges))
	}
}

func TestCancelling(t *testing.T) {
	agreed := func(t *testing.T, change func(*Proposal)) (*memory, *Object, *Exchange) {
		s := newMemory()
		o := s.baskets("12", change)
		ask := asks(vera, o, "2", "36")
		s.must(t, ask)
		s.say(t, NewAnswer(Accept, s.exchange(t, ask.ID), o, "", nil))
		return s, o, s.exchange(t, ask.ID)
	}
	t.Run("who asked gives it up, and it is there for others", func(t *testing.T) {
		s, o, x := agreed(t, nil)
		for _, owed := range s.must(t, act(Undo, vera, x.Offer)) {
			s.say(t, owed)
		}
		if got := s.exchange(t, x.ID); got.State != ExchangeCancelled || s.left(o) != "12" {
			t.Errorf("%s, %s left", got.State, s.left(o))
		}
		s.refuses(t, &Activity{ID: home + "/late", Type: Accept, Actor: ann, Object: x.Offer, Local: true}, ErrConflict)
	})
	t.Run("who published takes it back", func(t *testing.T) {
		s, o, x := agreed(t, nil)
		s.say(t, &Activity{Type: Delete, Actor: ann, Object: x.ID, Content: "La récolte est perdue"})
		if got := s.exchange(t, x.ID); got.State != ExchangeCancelled || got.Reason != "La récolte est perdue" || s.left(o) != "12" {
			t.Errorf("%+v, %s left", got, s.left(o))
		}
	})
	t.Run("not once something was handed over", func(t *testing.T) {
		s, _, x := agreed(t, nil)
		s.say(t, NewStep(x, ann, StepDelivered, time.Time{}, "1", ""))
		stays(t, s, x, "error_exchange_begun")
	})
	t.Run("not later than the publisher allows", func(t *testing.T) {
		s, _, x := agreed(t, func(p *Proposal) { p.CancelHours = 48 })
		x.Terms.Due = noon.Add(24 * time.Hour)
		s.exchanges[x.ID] = *x
		stays(t, s, x, "error_exchange_late")
	})
	t.Run("before it was agreed it is simply withdrawn", func(t *testing.T) {
		s := newMemory()
		o := s.baskets("12", nil)
		ask := asks(vera, o, "2", "36")
		s.must(t, ask)
		s.must(t, act(Undo, vera, ask.ID))
		if x := s.exchange(t, ask.ID); x.State != ExchangeWithdrawn || s.left(o) != "12" {
			t.Errorf("%+v", x)
		}
	})
}

// stays wants a partner's server that cancelled to be told that it stands, and why.
func stays(t *testing.T, s *memory, x *Exchange, why string) {
	t.Helper()
	owed := s.must(t, act(Undo, vera, x.Offer))
	if got := s.exchange(t, x.ID); got.State != ExchangeAgreed || len(owed) != 1 {
		t.Fatalf("%s, answered by %d", got.State, len(owed))
	}
	m, ok := MarkOf(owed[0].Enclosed)
	if !ok || m.Kind != MarkKept || m.Refused != ExchangeCancelled || m.Reason != why || owed[0].To[0] != vera {
		t.Errorf("%+v to %v", m, owed[0].To)
	}
}

func TestWhatIsLeftGoesToOne(t *testing.T) {
	s := newMemory()
	o := s.baskets("2", func(p *Proposal) { p.AtOnce = true })
	for n, want := range []string{ExchangeAgreed, ExchangeRefused} {
		a := asks([]IRI{vera, mal}[n], o, "2", "36")
		for _, owed := range s.must(t, a) {
			s.say(t, owed)
		}
		if x := s.exchange(t, a.ID); x.State != want {
			t.Errorf("number %d: %s, want %s", n, x.State, want)
		}
	}
}

// Who takes what leaves less than the least that may be asked for gets it; what is
// left may then be asked for as a whole.
func TestLessThanTheLeastMayBeLeft(t *testing.T) {
	s := newMemory()
	o := s.baskets("6", func(p *Proposal) { p.AtOnce, p.Primary.Minimum = true, &Quantity{"one", "4"} })
	for n, a := range []*Activity{asks(vera, o, "4", "72"), asks(mal, o, "2", "36")} {
		for _, owed := range s.must(t, a) {
			s.say(t, owed)
		}
		if x := s.exchange(t, a.ID); x.State != ExchangeAgreed || s.left(o) != []Decimal{"2", "0"}[n] {
			t.Errorf("number %d: %s %s, %s left", n, x.State, x.Reason, s.left(o))
		}
	}
}

func TestBoughtInCommon(t *testing.T) {
	s := newMemory()
	o := s.baskets("12", func(p *Proposal) { p.Threshold = &Quantity{"one", "5"} })
	first, second := asks(vera, o, "2", "36"), asks(mal, o, "3", "54")
	if owed := s.must(t, first); len(owed) != 0 {
		t.Fatalf("agreed with 2 of 5: %+v", owed)
	}
	for _, owed := range s.must(t, second) {
		s.say(t, owed)
	}
	if a, b := s.exchange(t, first.ID), s.exchange(t, second.ID); a.State != ExchangeAgreed || b.State != ExchangeAgreed || s.left(o) != "7" {
		t.Errorf("%s, %s, %s left", a.State, b.State, s.left(o))
	}
}

func TestWhatBadInputGets(t *testing.T) {
	t.Run("an intent of somebody else's offer", func(t *testing.T) {
		s := newMemory()
		o := s.baskets("12", nil)
		theirs := note(vera, "theirs")
		theirs.Name, theirs.ID, theirs.AttributedTo = "Paniers", other+"/theirs", vera
		p, _ := ProposalOf(o)
		p.Primary.ID = ""
		p.Put(theirs)
		s.objects[theirs.ID] = *theirs
		s.refuses(t, asks(mal, theirs, "2", "36"), ErrForbidden) // it is nobody's here
		if len(s.exchanges) != 0 {
			t.Error("an exchange of two strangers is kept")
		}

		// Its price is that of another proposal: both are told why not.
		ask := asks(vera, o, "2", "")
		ask.Enclosed.Extra["stipulatesReciprocal"] = json.RawMessage(fmt.Sprintf(`{"type":"Commitment","satisfies":"%s#reciprocal","resourceQuantity":{"hasUnit":"one","hasNumericalValue":"1"}}`, theirs.ID))
		owed := s.must(t, ask)
		if len(owed) != 1 || owed[0].Type != Reject || owed[0].Saying.Reason != "error_intent_other" || s.exchange(t, ask.ID).State != ExchangeRefused {
			t.Errorf("owed %+v", owed)
		}
		if len(s.notices) != 1 || s.notices[0].For != ann || s.notices[0].Kind != "TurnedDown" {
			t.Errorf("notices %+v", s.notices)
		}
		mine := asks(bob, o, "2", "")
		mine.Enclosed.Extra["stipulatesReciprocal"] = ask.Enclosed.Extra["stipulatesReciprocal"]
		s.refuses(t, mine, ErrMalformed)
	})
	t.Run("a replay", func(t *testing.T) {
		s := newMemory()
		o := s.baskets("12", func(p *Proposal) { p.AtOnce = true })
		ask := asks(vera, o, "2", "36")
		for range 3 {
			for _, owed := range s.must(t, ask) {
				s.say(t, owed)
			}
		}
		step := NewStep(s.exchange(t, ask.ID), vera, StepDelivered, time.Time{}, "1", "")
		step.Enclosed.ID, step.Enclosed.AttributedTo = other+"/receipt", vera
		for n := range 3 { // the same, and the same document in another activity
			a := post(step.Enclosed)
			if n == 2 {
				a = fresh(a)
			}
			s.must(t, a)
		}
		x := s.exchange(t, ask.ID)
		if s.left(o) != "10" || len(s.exchanges) != 1 || x.Done(StepDelivered, vera) != "1" {
			t.Errorf("%s left, %d exchanges, %s handed over", s.left(o), len(s.exchanges), x.Done(StepDelivered, vera))
		}
	})
	t.Run("parts that do not add up", func(t *testing.T) {
		s := newMemory()
		o := note(vera, "parts")
		o.Name, o.AttributedTo, o.ID = "Paniers", vera, other+"/parts"
		Proposal{
			Purpose: PurposeOffer, Primary: Intent{Quantity: &Quantity{"one", "1"}}, Reciprocal: &Intent{Quantity: &Quantity{"one", "18"}},
			Breakdown: []PricePart{{Kind: "production", Amount: "11"}, {Kind: "logistics", Amount: "6"}},
		}.Put(o)
		s.refuses(t, post(o), ErrMalformed)
	})
}
