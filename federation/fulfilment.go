// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// fulfilment takes in a document in which one of the two says what was done
// towards an agreement: FEP-0837's confirmation. It is kept with the exchange,
// not as an object. ok is false if o is something else.
//
// fulfills names the commitments: the primary one was handed over, the
// reciprocal one paid. Without a resourceQuantity that is all of it. What was lent
// and came back is there for others.
func fulfilment(ctx context.Context, s State, a *Activity, o *Object) (owed []*Activity, ok bool, err error) {
	if o.Type != document.Type || o.Context == "" {
		return nil, false, nil
	}
	x, ok, err := exchangeOf(ctx, s, a, IRI(o.Context))
	if !ok || err != nil {
		return nil, ok, err
	}
	x.Plan(s.Now())
	for _, step := range stepsOf(x, a, o) {
		if slices.ContainsFunc(x.Steps, func(known Step) bool { return known.ID == step.ID && known.Kind == step.Kind }) {
			continue
		}
		if err := take(x, step, !a.Local); err != nil {
			return nil, true, err
		}
		if step.Kind == StepReturned && step.By == x.Provider() {
			if owed, err = addStock(ctx, s, x, step.Quantity); err != nil {
				return nil, true, err
			}
		}
	}
	state := x.State
	if x.settled() {
		state = ExchangeFulfilled
		if x.Terms.Standing != nil { // the share is free again
			if owed, err = addStock(ctx, s, x, x.Terms.Quantity.Value); err != nil {
				return nil, true, err
			}
		}
	}
	return owed, true, errors.Join(become(ctx, s, x, state), tellParty(ctx, s, x, x.Other(a.Actor), "Fulfilled"))
}

// stepsOf reads what a document tells of.
func stepsOf(x *Exchange, a *Activity, o *Object) (steps []Step) {
	commitments := addresses(valueFlows(o.Extra, "fulfills"))
	names := func(part string) bool {
		return slices.ContainsFunc(commitments, func(c string) bool { return strings.HasSuffix(c, part) })
	}
	step := Step{ID: o.ID, By: a.Actor, Words: brief(o.Name)}
	if o.Proven && json.Valid(o.Raw) {
		step.Signed = o.Raw
	}
	step.Due, _ = time.Parse(time.RFC3339, text(o.Extra["due"]))
	if step.At = o.Published; step.At.IsZero() {
		step.At = a.Published
	}
	q := quantityOf(valueFlows(o.Extra, "resourceQuantity"))
	if text(o.Extra["kind"]) == StepReturned {
		step.Kind, step.Quantity = StepReturned, x.Total().Minus(x.Done(StepReturned, a.Actor))
		if q != nil {
			step.Quantity = q.Value
		}
		return []Step{step}
	}
	if x.Terms.Standing != nil && step.Due.IsZero() { // a peer that knows the FEP alone: the next one
		kind := StepDelivered
		if len(commitments) > 0 && !names("#primary") {
			kind = StepPaid
		}
		step.Due = x.undone(kind, a.Actor)
	}
	planned := func(kind string, rest Decimal) Decimal {
		if c := x.Commitment(kind, step.Due); c != nil {
			return c.Quantity
		}
		return rest
	}
	if len(commitments) == 0 || names("#primary") {
		step.Kind, step.Quantity = StepDelivered, planned(StepDelivered, x.Remaining(a.Actor))
		if q != nil {
			step.Quantity = q.Value
		}
		steps = append(steps, step)
		q = nil // of what was handed over; the price is paid whole
	}
	if names("#reciprocal") && x.Terms.Price != nil {
		step.Kind, step.Quantity = StepPaid, planned(StepPaid, x.Terms.Price.Value.Minus(x.Done(StepPaid, a.Actor)))
		if q != nil {
			step.Quantity = q.Value
		}
		steps = append(steps, step)
	}
	return steps
}

// undone is the first date of a kind that somebody has not noted.
func (x *Exchange) undone(kind string, by IRI) time.Time {
	for _, c := range x.Terms.Schedule {
		if c.Kind == kind && !c.Skipped && !x.DoneOn(c, by) {
			return c.Due
		}
	}
	return time.Time{}
}

// take adds a step to an exchange. Of one that was cancelled, a peer may tell what
// was done before they heard of it.
func take(x *Exchange, step Step, far bool) error {
	open := x.State == ExchangeAgreed || x.State == ExchangeFulfilled && step.Kind == StepPaid || x.State == ExchangeCancelled && far
	switch {
	case !open:
		return fmt.Errorf("%w: the exchange is %s", ErrConflict, x.State)
	case len(x.Steps) >= maxSteps:
		return fmt.Errorf("%w: %d steps", ErrConflict, maxSteps)
	case (!step.Due.IsZero() || x.Terms.Standing != nil && step.Kind != StepReturned) && x.misdated(step):
		return field("due", "error_commitment_none", "nothing is planned on %s, or it was noted before", step.Due)
	case step.Quantity.Zero():
		return field("resourceQuantity", "error_quantity_none", "nothing was handed over, or all of it was before")
	case step.Kind == StepReturned && x.Done(StepDelivered, step.By).Minus(x.Done(StepReturned, step.By)).Cmp(step.Quantity) < 0:
		return field("resourceQuantity", "error_returned", "%s came back, more than was handed over", step.Quantity)
	case step.Kind == StepDelivered && x.Remaining(step.By).Cmp(step.Quantity) < 0:
		return field("resourceQuantity", "error_delivered", "%s, but only %s remain", step.Quantity, x.Remaining(step.By))
	}
	x.Steps = append(x.Steps, step)
	return nil
}

// misdated reports whether a step keeps no commitment of the schedule, or one
// that the same side noted before.
func (x *Exchange) misdated(step Step) bool {
	c := x.Commitment(step.Kind, step.Due)
	return c == nil || c.Skipped || x.DoneOn(*c, step.By)
}

// settled reports whether both said that all of it was handed over, and what
// was lent is back.
func (x *Exchange) settled() bool {
	return x.State == ExchangeAgreed && !x.Running() && x.Remaining(x.Publisher).Zero() && x.Remaining(x.Partner).Zero() && x.back()
}

// standing takes in what the publisher says of an agreement: an Update of it,
// as Mitra tells that something was paid.
func standing(ctx context.Context, s State, a *Activity) (ok bool, err error) {
	if a.Enclosed == nil || a.Enclosed.Type != agreementType {
		return false, nil
	}
	x, ok, err := exchangeOf(ctx, s, a, a.Object)
	if !ok || err != nil {
		return ok, err
	}
	_, t, err := agreementIn(a.Enclosed.Raw, a.Actor)
	switch {
	case a.Actor != x.Publisher:
		return true, fmt.Errorf("%w: only %s may change the agreement", ErrForbidden, x.Publisher)
	case err != nil:
		return true, err
	case t != nil && !t.same(x.Terms):
		return true, fmt.Errorf("%w: an agreement is not changed by one side", ErrForbidden)
	}
	x.Status = brief(text(members(a.Enclosed.Extra["preview"])["name"]))
	if pay := paymentOf(a.Enclosed.Raw); pay != "" {
		x.Payment = pay
	}
	return true, errors.Join(become(ctx, s, x, x.State), tellParty(ctx, s, x, x.Partner, "Standing"))
}

// NewStep tells the other of the two what was done towards an agreement: so much
// was handed over, paid or came back; all that remains if quantity is empty. due
// is when the commitment of a season fell that it keeps; zero if there is none.
func NewStep(x *Exchange, by IRI, kind string, due time.Time, quantity Decimal, words string) *Activity {
	part, unit := "#primary", x.Terms.Quantity.Unit
	if kind == StepPaid {
		part, unit = "#reciprocal", "one"
	}
	id := IRI(first(string(x.Agreement), string(x.Offer)))
	o := &Object{ID: x.document(len(x.Steps)+x.Folded, "step"), Type: document.Type, Name: words, Context: string(id), To: []IRI{x.Other(by)}}
	if kind == StepReturned {
		o.put("kind", kind)
	}
	if !due.IsZero() {
		o.put("due", due.Format(time.RFC3339))
	}
	o.put("fulfills", []IRI{id + IRI(part)})
	if quantity != "" {
		o.put("resourceQuantity", Quantity{unit, quantity})
	}
	return &Activity{Type: Create, Actor: by, Enclosed: o, To: []IRI{x.Other(by)}}
}
