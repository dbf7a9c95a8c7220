// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// An exchange is what two parties say to each other about a proposal: one asks
// ([Offer] of an Agreement), the one who published the proposal agrees
// (Accept) or does not (Reject), and both say what was handed over. FEP-0837,
// ValueFlows. It is between the two alone, so it is no object: nothing that
// lists or shows objects can come upon it.
//
// Each server keeps its own copy of an exchange and moves it on by the
// activities that pass the gate; between two members of one server there is one
// copy. This file has what an exchange is; offer.go how it comes about,
// fulfilment.go how it is carried out, terms.go what may be agreed on.

// The type of what an Offer proposes and an Accept results in.
const agreementType = "Agreement"

// The states of an exchange.
const (
	ExchangeProposed  = "proposed"  // the publisher has to answer
	ExchangeCountered = "countered" // refused as it is; the publisher would agree to other terms
	ExchangeAgreed    = "agreed"
	ExchangeFulfilled = "fulfilled" // both said that all of it was handed over
	ExchangeRefused   = "refused"
	ExchangeWithdrawn = "withdrawn" // taken back before anybody agreed
	ExchangeCancelled = "cancelled" // after that
)

// An Exchange is one server's copy of it.
type Exchange struct {
	ID        IRI // its page here; where the publisher is ours, the agreement's id, too
	Proposal  IRI // the offer or need it is about
	Publisher IRI // who published that, and agrees or not
	Partner   IRI // who asks; an actor, or a guest ([IsGuest])
	Offer     IRI // the activity that asked, the latest
	Agreement IRI // once agreed: its id on the publisher's server; may be empty if a peer named none

	State   string
	Terms   Terms
	Counter *Terms `json:",omitempty"` // what the publisher would agree to
	Reason  string // of a refusal or a cancellation: a message id of package locale, or plain text
	Payment string // where one may pay: an address outside
	Status  string // what the publisher last said of it, in words
	Steps   []Step `json:",omitempty"`
	Purpose string // of the proposal: who of the two gives

	Marks    []IRI     `json:",omitempty"` // notes that changed the schedule
	Reminded time.Time `json:",omitzero"`  // of what falls due until then
	Renewed  bool      `json:",omitempty"` // both were asked whether to go on
	Renewal  IRI       `json:",omitempty"` // the proposal of the next season, once there is one
	Declined bool      `json:",omitempty"` // the partner does not go on with it
	Chased   time.Time `json:",omitzero"`  // the day of return of which both were told that it is over
	Longer   time.Time `json:",omitzero"`  // until when who borrows asks to keep what was lent
	Folded   int       `json:",omitempty"` // how many steps and marks of a standing order were dropped

	At, Updated time.Time

	Turns []Turn `json:",omitempty"` // what became of it, the oldest first
	Said  []Said `json:",omitempty"` // what the two said to each other, where one is no actor who could be written to
	// EndedBy is who cancelled it. Former are Offers that a later one replaced: the
	// publisher may agree to one before they hear of the other.
	EndedBy IRI   `json:",omitempty"`
	Former  []IRI `json:",omitempty"`
	// Recorded says that the publisher wrote down what was agreed elsewhere,
	// as by a message: the server of the partner knows nothing of it.
	Recorded bool `json:",omitempty"`
}

// A Turn is a state that an exchange came into.
type Turn struct {
	State string
	At    time.Time
	Words string // the reason that was given
}

// A Said is something that one of the two said to the other.
type Said struct {
	By   IRI
	Text string // plain
	At   time.Time
}

// maxSaid is how many turns, and how many messages, an exchange has at most.
const maxSaid = 200

// A Step is something that was done towards an agreement: a ValueFlows
// EconomicEvent, told by one of the two in a Document. Payments are noted here,
// never made.
type Step struct {
	ID       IRI // of the document
	By       IRI // who says so
	Kind     string
	Quantity Decimal // of what was handed over, in the agreement's unit; of a payment, the amount
	Words    string  // plain text
	At       time.Time
	Due      time.Time `json:",omitzero"` // which commitment of the schedule it keeps

	// Signed is the document with its author's proof, to show to others; nil if
	// it had none.
	Signed json.RawMessage `json:",omitempty"`
}

// The kinds of a step.
const (
	StepDelivered = "delivered"
	StepPaid      = "paid"
	StepReturned  = "returned" // what was lent
)

// maxSteps is how many steps an exchange has at most.
const maxSteps = 500

// ExchangeID is the page of the exchange that an Offer began, on the server at
// home. It tells nothing, and cannot be guessed by who does not know the Offer.
func ExchangeID(home string, offer IRI) IRI {
	sum := sha256.Sum256([]byte(offer))
	return IRI(home + "/exchanges/" + hex.EncodeToString(sum[:16]))
}

// Open reports whether nobody has decided yet.
func (x *Exchange) Open() bool { return x.State == ExchangeProposed || x.State == ExchangeCountered }

// Party reports whether somebody is one of the two.
func (x *Exchange) Party(who IRI) bool { return who != "" && (who == x.Publisher || who == x.Partner) }

// Other returns the other one.
func (x *Exchange) Other(who IRI) IRI {
	if who == x.Publisher {
		return x.Partner
	}
	return x.Publisher
}

// Provider is who of the two gives what the exchange is about.
func (x *Exchange) Provider() IRI {
	if x.Purpose == PurposeRequest {
		return x.Partner
	}
	return x.Publisher
}

// document names what one of ours says of an exchange: a part of its page.
func (x *Exchange) document(n int, what string) IRI {
	return IRI(fmt.Sprintf("%s#%s-%d", x.ID, what, n+1))
}

// ByPage reports whether the partner takes part by our pages alone, because
// there is no server of theirs that speaks of exchanges with us.
func (x *Exchange) ByPage(home string) bool { return x.Recorded || IsGuest(home, x.Partner) }

// Waits returns the one of the two whom the exchange waits for; "" if for
// nobody.
func (x *Exchange) Waits() IRI {
	switch x.State {
	case ExchangeProposed:
		return x.Publisher
	case ExchangeCountered:
		return x.Partner
	case ExchangeAgreed: // what one handed over the other may confirm
		switch x.Done(StepDelivered, x.Publisher).Cmp(x.Done(StepDelivered, x.Partner)) {
		case 1:
			return x.Partner
		case -1:
			return x.Publisher
		}
	}
	return ""
}

// Done sums up the steps of a kind that one of the two told of.
func (x *Exchange) Done(kind string, by IRI) Decimal {
	var sum Decimal
	for _, step := range x.Steps {
		if step.Kind == kind && step.By == by {
			sum = sum.Plus(step.Quantity)
		}
	}
	return sum
}

// Remaining is what was not handed over yet, as somebody says.
func (x *Exchange) Remaining(by IRI) Decimal {
	return x.Total().Minus(x.Done(StepDelivered, by))
}

// ExchangeNotices are the kinds of notices that tell of an exchange; their object
// is its page. With "Guest" before it, one is about somebody without an account.
var ExchangeNotices = func() (all []string) {
	kinds := []string{
		Offer, "Taken", "Agreed", "Refused", "Countered", "Withdrawn", "Cancelled", "TurnedDown", "Fulfilled", "Standing", "Remark",
		"Due", "Renewal", "Overdue",
	}
	kinds = append(kinds, slices.Sorted(maps.Values(markNotices))...)
	for _, kind := range kinds {
		all = append(all, kind, "Guest"+kind)
	}
	return all
}()

// tellParty notifies one of the two, if it is an actor of ours, of what the
// other did.
func tellParty(ctx context.Context, s State, x *Exchange, to IRI, kind string) error {
	if to.Origin() != s.Home() || IsGuest(s.Home(), to) {
		return nil
	}
	n := Notice{For: to, Kind: kind, Actor: x.Other(to), Object: x.ID, At: s.Now(), Again: true}
	if IsGuest(s.Home(), n.Actor) {
		n.Actor, n.Kind = x.Publisher, "Guest"+kind // there is nobody to name
	}
	return s.Notify(ctx, n)
}

// become puts an exchange into another state.
func become(ctx context.Context, s State, x *Exchange, state string) error {
	if (x.State != state || len(x.Turns) == 0) && len(x.Turns) < maxSaid {
		m := Turn{State: state, At: s.Now()}
		if state != ExchangeProposed && state != ExchangeAgreed {
			m.Words = x.Reason
		}
		x.Turns = append(x.Turns, m)
	}
	x.State, x.Updated = state, s.Now()
	return s.PutExchange(ctx, x)
}

// turn notes what happened while the state stays the same.
func (x *Exchange) turn(what, words string, at time.Time) {
	if len(x.Turns) < maxSaid {
		x.Turns = append(x.Turns, Turn{State: what, At: at, Words: words})
	}
}

// exchangeOf finds the exchange that a speaks of, by its Offer or its
// Agreement, and waits until nobody else works on its proposal. ok is false if
// there is none. Only the two parties may speak of it; to others it is as if it
// did not exist: R14.
func exchangeOf(ctx context.Context, s State, a *Activity, id IRI) (x *Exchange, ok bool, err error) {
	x, err = s.Exchange(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	if !x.Party(a.Actor) {
		return nil, true, fmt.Errorf("exchange %s: %w", id, ErrNotFound)
	}
	x, err = Alone(ctx, s, x)
	return x, true, err
}

// Alone returns x as it is now, once nobody else works on its proposal: two who
// tick at once must not name their steps alike.
func Alone(ctx context.Context, s State, x *Exchange) (*Exchange, error) {
	if err := s.Lock(ctx, x.Proposal); err != nil {
		return nil, err
	}
	return s.Exchange(ctx, x.ID)
}

// agreement accepts what was asked for, once: stock and price are as they were
// agreed when the same transaction ends.
func agreement(ctx context.Context, s State, a *Activity) (owed []*Activity, ok bool, err error) {
	x, ok, err := exchangeOf(ctx, s, a, a.Object)
	if !ok && err == nil {
		return outdated(ctx, s, a)
	}
	if err != nil {
		return nil, ok, err
	}
	switch {
	case a.Actor != x.Publisher:
		return nil, true, fmt.Errorf("%w: only %s may agree", ErrForbidden, x.Publisher)
	case x.State == ExchangeAgreed || x.State == ExchangeFulfilled:
		return nil, true, nil
	case x.State == ExchangeWithdrawn && !a.Local:
		return nil, true, crossed(ctx, s, a, x)
	case !x.Open():
		return nil, true, fmt.Errorf("%w: the exchange is %s", ErrConflict, x.State)
	}
	id, terms, err := agreementIn(a.Extra["result"], a.Actor)
	if err != nil {
		return nil, true, err
	}
	if terms != nil && !terms.same(x.Terms) {
		return nil, true, fmt.Errorf("%w: %s agrees to something that was not asked for", ErrForbidden, a.ID)
	}
	if x.Publisher.Origin() == s.Home() { // a peer holds to its own limit, and we did when we asked
		if err := withinLimit(ctx, s, x); err != nil {
			return nil, true, err
		}
	}
	if owed, err = takeStock(ctx, s, x); err != nil {
		return nil, true, err
	}
	x.Agreement, x.Payment, x.Counter = id, paymentOf(a.Extra["result"]), nil
	x.begin(a.Published, s.Now())
	if err := become(ctx, s, x, ExchangeAgreed); err != nil {
		return nil, true, err
	}
	return owed, true, tellParty(ctx, s, x, x.Partner, "Agreed")
}

// refusal refuses what was asked for, with the terms that would be agreed to if
// there are any; the partner refuses those by the same verb.
func refusal(ctx context.Context, s State, a *Activity) (ok bool, err error) {
	x, ok, err := exchangeOf(ctx, s, a, a.Object)
	if !ok || err != nil {
		return ok, err
	}
	if x.State == ExchangeRefused || x.State == ExchangeWithdrawn {
		return true, nil
	}
	if !x.Open() {
		return true, fmt.Errorf("%w: the exchange is %s", ErrConflict, x.State)
	}
	x.Reason = brief(a.Content)
	if a.Actor == x.Partner {
		return true, errors.Join(become(ctx, s, x, ExchangeWithdrawn), tellParty(ctx, s, x, x.Publisher, "Withdrawn"))
	}
	state, notice := ExchangeRefused, "Refused"
	if _, terms, err := agreementIn(a.Extra["result"], a.Actor); err == nil && terms != nil {
		x.Counter, state, notice = terms, ExchangeCountered, "Countered"
	}
	return true, errors.Join(become(ctx, s, x, state), tellParty(ctx, s, x, x.Partner, notice))
}

// withdrawal takes an Offer back. What was agreed can be given up by whoever
// asked for it while nothing of it was handed over, and in the time the
// publisher set for that.
func withdrawal(ctx context.Context, s State, a *Activity) (owed []*Activity, ok bool, err error) {
	x, ok, err := exchangeOf(ctx, s, a, a.Object)
	if !ok || err != nil {
		return nil, ok, err
	}
	if a.Actor != x.Partner {
		return nil, true, fmt.Errorf("%w: only %s may take it back", ErrForbidden, x.Partner)
	}
	switch {
	case x.Open():
		x.Reason = brief(a.Content)
		return nil, true, errors.Join(become(ctx, s, x, ExchangeWithdrawn), tellParty(ctx, s, x, x.Publisher, "Withdrawn"))
	case x.State != ExchangeAgreed:
		return nil, true, nil
	}
	if wrong := mayCancel(ctx, s, x); wrong != nil {
		owed, err = stands(ctx, s, a, x, wrong)
		return owed, true, err
	}
	owed, err = cancel(ctx, s, x, brief(a.Content), x.Partner)
	return owed, true, err
}

// revocation is the publisher's Delete of an agreement.
func revocation(ctx context.Context, s State, a *Activity) (owed []*Activity, ok bool, err error) {
	x, ok, err := exchangeOf(ctx, s, a, a.Object)
	if !ok || err != nil {
		return nil, ok, err
	}
	switch {
	case a.Actor != x.Publisher:
		return nil, true, fmt.Errorf("%w: only %s may delete the agreement", ErrForbidden, x.Publisher)
	case x.State != ExchangeAgreed:
		return nil, true, nil
	}
	owed, err = cancel(ctx, s, x, brief(a.Content), x.Publisher)
	return owed, true, err
}

func cancel(ctx context.Context, s State, x *Exchange, reason string, by IRI) ([]*Activity, error) {
	owed, err := returnStock(ctx, s, x)
	if err != nil {
		return nil, err
	}
	x.Reason, x.EndedBy = reason, by
	return owed, errors.Join(become(ctx, s, x, ExchangeCancelled), tellParty(ctx, s, x, x.Other(by), "Cancelled"))
}

// mayCancel holds the partner to the time that the publisher set, and to what
// was handed over already.
func mayCancel(ctx context.Context, s State, x *Exchange) error {
	if !x.Done(StepDelivered, x.Publisher).Zero() || !x.Done(StepDelivered, x.Partner).Zero() {
		return field("object", "error_exchange_begun", "something of it was handed over already")
	}
	o, err := s.Whole(ctx, x.Proposal)
	if err != nil || o.Gone() || x.Terms.Due.IsZero() {
		return ignoreMissing(err)
	}
	p, _ := ProposalOf(o)
	if latest := x.Terms.Due.Add(-time.Duration(p.CancelHours) * time.Hour); p.CancelHours > 0 && s.Now().After(latest) {
		return field("object", "error_exchange_late", "it could be cancelled until %s", latest)
	}
	return nil
}

// takeStock takes what was agreed on from what is left of a proposal of ours.
func takeStock(ctx context.Context, s State, x *Exchange) ([]*Activity, error) {
	return changeStock(ctx, s, x, func(p *Proposal) error {
		left := p.Primary.Available
		if left.Value.Cmp(x.Terms.Quantity.Value) < 0 {
			return field("resourceQuantity", "error_stock", "%s asked for, %s left", x.Terms.Quantity.Value, left.Value)
		}
		left.Value = left.Value.Minus(x.Terms.Quantity.Value)
		return nil
	})
}

// returnStock puts it back: the share of a season, else what was not handed
// over.
func returnStock(ctx context.Context, s State, x *Exchange) ([]*Activity, error) {
	back := x.Remaining(x.Publisher)
	if !x.Ends().IsZero() {
		back = x.Terms.Quantity.Value
	}
	return addStock(ctx, s, x, back)
}

func addStock(ctx context.Context, s State, x *Exchange, more Decimal) ([]*Activity, error) {
	return changeStock(ctx, s, x, func(p *Proposal) error {
		p.Primary.Available.Value = p.Primary.Available.Value.Plus(more)
		return nil
	})
}

// changeStock changes what is left of a proposal of ours that is counted. What
// is owed is the Update that tells everyone.
func changeStock(ctx context.Context, s State, x *Exchange, change func(*Proposal) error) ([]*Activity, error) {
	o, err := s.Whole(ctx, x.Proposal)
	if errors.Is(err, ErrNotFound) || err == nil && (!o.Local || o.Gone()) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p, ok := ProposalOf(o)
	if !ok || p.Primary.Available == nil {
		return nil, nil
	}
	if err := change(&p); err != nil {
		return nil, err
	}
	edit := o.edited()
	p.Put(edit)
	return []*Activity{{
		Type: Update, Actor: o.AttributedTo, Object: o.ID, Enclosed: edit, To: o.To, Cc: o.Cc, Local: true,
		Saying: &Saying{Kind: SayStock},
	}}, nil
}

// brief bounds what one says to the other, of an event or an exchange.
func brief(s string) string {
	if r := []rune(s); len(r) > maxAnswer {
		return string(r[:maxAnswer])
	}
	return s
}
