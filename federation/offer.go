// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// offer asks for an agreement on a proposal. FEP-0837, decision 0025. What was asked before on
// the same proposal and not yet decided is replaced: a party may offer several
// times until they agree.
//
// Of what cannot be agreed on, the publisher's server says why, by a Reject.
var offer = Verb{
	Type: Offer,
	Needs: func(a *Activity) Needs {
		if a.Object == "" {
			return Needs{}
		}
		return Needs{Objects: []IRI{a.Object}}
	},
	Apply: func(ctx context.Context, s State, a *Activity) ([]*Activity, error) {
		if a.Enclosed == nil || a.Enclosed.Type != agreementType {
			return nil, fmt.Errorf("%w: Offer of something else than an agreement", ErrUnsupported)
		}
		t, id, wrong := termsIn(a.Enclosed.Extra)
		if id == "" {
			return nil, wrong
		}
		t.Message = a.Enclosed.Content
		if l := a.Enclosed.Location; l != nil {
			t.Place = brief(l.Name)
		}
		if !a.Enclosed.End.IsZero() {
			t.Until = a.Enclosed.End
		}
		o, publisher, err := offered(ctx, s, id, a.Actor)
		if err != nil {
			return nil, err
		}
		x := &Exchange{
			ID: ExchangeID(s.Home(), a.ID), Proposal: id, Publisher: publisher.ID, Partner: a.Actor, Offer: a.ID,
			Terms: t, At: s.Now(),
		}
		switch {
		case !a.Local && !publisher.Local:
			return nil, fmt.Errorf("%w: %s is not of anybody here", ErrForbidden, id)
		case wrong != nil && a.Local:
			return nil, wrong
		case wrong != nil:
			return turnDown(ctx, s, x, o, wrong)
		}
		return propose(ctx, s, x, o, publisher, a.Local)
	},
}

// name gives the agreement that an Offer proposes the name of the Offer, as it
// has none of its own, and says which proposal it is about.
func (a *Activity) name() {
	o := a.Enclosed
	if a.Type != Offer || o == nil || o.Type != agreementType {
		return
	}
	if o.ID == "" {
		o.ID = a.ID
	}
	if o.AttributedTo == "" {
		o.AttributedTo = a.Actor
	}
	if _, id, err := termsIn(o.Extra); err == nil {
		a.Object = id
	}
}

// NewOffer asks on behalf of one of ours for an agreement on a proposal.
func NewOffer(o *Object, t Terms, from IRI) *Activity {
	a := &Activity{Type: Offer, Actor: from, Object: o.ID, To: []IRI{o.AttributedTo}}
	a.Enclosed = &Object{Type: agreementType, Content: t.Message}
	t.Message, t.Schedule = "", nil
	read(t.Agreement(o, "", ""), &a.Enclosed.Extra)
	delete(a.Enclosed.Extra, "type")
	return a
}

// NewAnswer is what a publisher of ours answers to an exchange: an Accept with
// the agreement, or a Reject with a reason, and with other terms if counter is
// not nil.
func NewAnswer(verb string, x *Exchange, o *Object, reason string, counter *Terms) *Activity {
	a := answer(verb, x.Publisher, &Activity{ID: x.Offer, Type: Offer, Actor: x.Partner, Object: x.Proposal})
	a.Content = reason
	switch {
	case verb == Accept:
		id := x.ID
		t := x.Terms
		t.Message = ""
		a.put("result", t.Agreement(o, id, x.Publisher))
	case counter != nil:
		a.put("result", counter.Agreement(o, "", ""))
	}
	return a
}

func (a *Activity) put(name string, v json.RawMessage) {
	if a.Extra == nil {
		a.Extra = map[string]json.RawMessage{}
	}
	a.Extra[name] = v
}

// offered returns a proposal that somebody may know of, and who published it.
func offered(ctx context.Context, s State, id, who IRI) (*Object, *Actor, error) {
	o, err := s.Whole(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if _, ok := ProposalOf(o); !ok && !o.Gone() {
		return nil, nil, fmt.Errorf("%w: %s is no proposal", ErrUnsupported, id)
	}
	publisher, err := s.Actor(ctx, o.AttributedTo)
	switch {
	case err != nil:
		return nil, nil, err
	case o.Gone():
		return nil, nil, fmt.Errorf("%w: %s", ErrGone, id)
	case publisher.ID == who:
		return nil, nil, fmt.Errorf("%w: nobody agrees with themselves", ErrForbidden)
	}
	if o.Visibility(publisher.Followers) > VisibleUnlisted && !IsGuest(s.Home(), who) {
		if ok, err := addressed(ctx, s, o, publisher, who); err != nil || !ok {
			return nil, nil, orForbidden(err, id)
		}
	}
	return o, publisher, nil
}

// Respond takes in what a guest asks for; there is no activity to it, so it
// does not pass the gate. x names the proposal, the guest, the terms and an
// Offer that nobody else has.
func Respond(ctx context.Context, s State, x *Exchange) ([]*Activity, error) {
	if !IsGuest(s.Home(), x.Partner) {
		return nil, fmt.Errorf("%w: %s is no guest", ErrForbidden, x.Partner)
	}
	if err := s.Lock(ctx, x.Proposal); err != nil {
		return nil, err
	}
	o, publisher, err := offered(ctx, s, x.Proposal, x.Partner)
	if err != nil {
		return nil, err
	}
	x.ID, x.Publisher, x.At = ExchangeID(s.Home(), x.Offer), publisher.ID, s.Now()
	return propose(ctx, s, x, o, publisher, true)
}

// propose takes in what is asked of a proposal. A mistake of one of ours goes
// back to their form; a peer's is answered.
func propose(ctx context.Context, s State, x *Exchange, o *Object, publisher *Actor, ours bool) ([]*Activity, error) {
	p, _ := ProposalOf(o)
	x.Purpose = p.Purpose
	before, err := s.OpenExchange(ctx, x.Proposal, x.Partner)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	wished := before != nil && before.Counter != nil && before.Counter.same(x.Terms)
	secret := publisher.Local && untold(s, o, x)
	if secret { // their server may not know the price: then it is to be agreed
		p.Reciprocal, p.Breakdown = nil, nil
	}
	t, wrong := p.Check(o, x.Terms, s.Now())
	if blocked, err := has(ctx, s, Block, publisher.ID, x.Partner); err != nil {
		return nil, err
	} else if blocked && publisher.Local {
		wrong = field("object", "error_proposal_closed", "%s is blocked", x.Partner)
	}
	if wished && isPriceOf(wrong) { // the publisher named that price
		t, wrong = p.schedule(x.Terms, s.Now()), nil
	}
	expected, err := goesOn(ctx, s, p, o, x)
	if err != nil {
		return nil, err
	}
	if wrong == nil {
		if wrong, err = wouldOwe(ctx, s, x, t, before, publisher.Local && (wished || expected || p.AtOnce)); err != nil {
			return nil, err
		}
	}
	if wrong != nil && (ours || !publisher.Local) {
		return nil, wrong
	}
	if before != nil {
		x.ID, x.At, x.Counter, x.Steps = before.ID, before.At, before.Counter, before.Steps
		x.Turns, x.Said = before.Turns, before.Said
		if x.Former = before.Former; x.Offer != before.Offer && len(x.Former) < maxFormer {
			x.Former = append(x.Former, before.Offer)
		}
	}
	if wrong != nil {
		return turnDown(ctx, s, x, o, wrong)
	}
	x.Terms = t
	if err := become(ctx, s, x, ExchangeProposed); err != nil || !publisher.Local {
		return nil, err
	}
	if wished || (p.AtOnce || expected) && !secret {
		return []*Activity{NewAnswer(Accept, x, o, "", nil)}, tellParty(ctx, s, x, x.Publisher, "Taken")
	}
	if err := tellParty(ctx, s, x, x.Publisher, Offer); err != nil {
		return nil, err
	}
	return together(ctx, s, p, o)
}

// untold reports whether somebody on another server asks without a price that
// not everybody is told.
func untold(s State, o *Object, x *Exchange) bool {
	return x.Terms.Price == nil && x.Partner.Origin() != s.Home() && ReadersOf(o).Of(DetailPrice) != ReadersPublic
}

// goesOn reports whether a partner of the season before takes no more of the
// next one than they were asked to go on with: the publisher agreed to that by
// asking.
func goesOn(ctx context.Context, s State, p Proposal, o *Object, x *Exchange) (bool, error) {
	if p.Renews == "" {
		return false, nil
	}
	before, err := s.ExchangeWith(ctx, p.Renews, x.Partner)
	if err != nil {
		return false, ignoreMissing(err)
	}
	return before.Publisher == x.Publisher && before.Renewal == o.ID && before.Terms.Quantity.Unit == x.Terms.Quantity.Unit &&
		before.Terms.Quantity.Value.Cmp(x.Terms.Quantity.Value) >= 0, nil
}

// wouldOwe says what is wrong if an exchange would take whoever owes by it beyond
// the limit: who asks, at once; who published, where it would be agreed to at once.
func wouldOwe(ctx context.Context, s State, x *Exchange, t Terms, before *Exchange, atOnce bool) (wrong, err error) {
	asked := *x
	if asked.Terms = t; before != nil {
		asked.ID = before.ID
	}
	if asked.Provider() == asked.Partner && !atOnce {
		return nil, nil
	}
	var f *FieldError
	if err := withinLimit(ctx, s, &asked); errors.As(err, &f) {
		return f, nil
	} else if err != nil {
		return nil, err
	}
	return nil, nil
}

// turnDown refuses what cannot be, and tells both why.
func turnDown(ctx context.Context, s State, x *Exchange, o *Object, wrong error) ([]*Activity, error) {
	var f *FieldError
	if errors.As(wrong, &f) {
		x.Reason = f.Reason
	}
	if err := become(ctx, s, x, ExchangeRefused); err != nil {
		return nil, err
	}
	a := NewAnswer(Reject, x, o, "", nil)
	a.Saying = &Saying{Kind: SayReason, Reason: x.Reason, Event: o.ID}
	return []*Activity{a}, tellParty(ctx, s, x, x.Publisher, "TurnedDown")
}

// isPriceOf reports whether only the price was wrong.
func isPriceOf(err error) bool {
	var f *FieldError
	return errors.As(err, &f) && f.Field == "reciprocal"
}

// together agrees with everyone at once, when enough was asked for of what is
// bought in common.
func together(ctx context.Context, s State, p Proposal, o *Object) ([]*Activity, error) {
	if p.Threshold == nil {
		return nil, nil
	}
	open, err := s.OpenExchanges(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	var sum Decimal
	var owed []*Activity
	for _, x := range open {
		var f *FieldError
		switch err := withinLimit(ctx, s, x); {
		case errors.As(err, &f): // all others are not to wait for them
			a := NewAnswer(Reject, x, o, "", nil)
			a.Saying = &Saying{Kind: SayReason, Reason: f.Reason, Event: o.ID}
			owed = append(owed, a)
		case err != nil:
			return nil, err
		default:
			sum = sum.Plus(x.Terms.Quantity.Value)
			owed = append(owed, NewAnswer(Accept, x, o, "", nil))
		}
	}
	if sum.Cmp(p.Threshold.Value) < 0 {
		return nil, nil
	}
	return owed, nil
}
