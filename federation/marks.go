// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Marks change what falls on the dates of an agreement; they travel as notes
// about it.
const (
	MarkSkipped  = "skipped"  // nothing is handed over on a date
	MarkPassed   = "passed"   // by the partner: somebody else takes it
	MarkChanged  = "changed"  // by the partner, of a standing order: more or less of it on a date
	MarkPaused   = "paused"   // of a standing order: nothing from one day to another
	MarkEnded    = "ended"    // of a standing order: nothing after a day
	MarkLonger   = "longer"   // of a loan, by who borrows: may it stay until a day?
	MarkExtended = "extended" // by who lends: it may
	MarkKept     = "kept"     // by the publisher: that cannot be, it stays as it was
	MarkRenewed  = "renewed"  // by the publisher: there is a next season
	MarkDeclined = "declined" // by the partner: not with me
)

// notices of marks, to the other of the two.
var markNotices = map[string]string{
	MarkSkipped: "Skipped", MarkPassed: "Passed", MarkChanged: "Changed", MarkPaused: "Paused", MarkEnded: "Ended",
	MarkLonger: "Longer", MarkExtended: "Extended", MarkKept: "Kept", MarkRenewed: "Renewed", MarkDeclined: "Declined",
}

// A Mark is what one of the two says about dates of an agreement.
type Mark struct {
	Kind     string
	Due      time.Time // the date; of a pause the first day, of an end the last
	Until    time.Time // of a pause, and of a loan that takes longer
	Quantity Decimal   // of a change
	Taker    string    // of a share that is passed on, in words
	Next     IRI       // of a renewal: the proposal of the next season
	Refused  string    // of what is kept: the kind of mark that was refused
	Reason   string    // and why: a message id
}

// NewMark is the activity in which one of the two says so.
func NewMark(x *Exchange, by IRI, m Mark) *Activity {
	o := &Object{
		ID: x.document(len(x.Marks)+x.Folded, "mark"), Type: note.Type, Content: m.Taker,
		Context: first(string(x.Agreement), string(x.Offer)), To: []IRI{x.Other(by)},
	}
	o.put("kind", m.Kind)
	if !m.Due.IsZero() {
		o.put("due", m.Due.Format(time.RFC3339))
	}
	o.End = m.Until
	if m.Quantity != "" {
		o.put("resourceQuantity", Quantity{x.Terms.Quantity.Unit, m.Quantity})
	}
	if m.Next != "" {
		o.put("renewal", m.Next)
	}
	if m.Refused != "" {
		o.put("refuses", m.Refused)
		o.Content = m.Reason
	}
	return &Activity{Type: Create, Actor: by, Enclosed: o, To: []IRI{x.Other(by)}}
}

// MarkOf reads a mark; ok is false if o is something else.
func MarkOf(o *Object) (m Mark, ok bool) {
	m = Mark{Kind: text(o.Extra["kind"]), Until: o.End, Refused: text(o.Extra["refuses"])}
	if o.Type != note.Type || o.Context == "" || markNotices[m.Kind] == "" {
		return m, false
	}
	m.Due, _ = time.Parse(time.RFC3339, text(o.Extra["due"]))
	if q := quantityOf(valueFlows(o.Extra, "resourceQuantity")); q != nil {
		m.Quantity = q.Value
	}
	m.Next, _ = ParseIRI(text(o.Extra["renewal"]))
	if m.Refused != "" {
		m.Reason = brief(o.Content)
	} else {
		m.Taker = brief(o.Content)
	}
	return m, true
}

// mark takes in such a note. What a peer's partner asks for and cannot be is
// answered, so that both see the same dates.
func mark(ctx context.Context, s State, a *Activity, o *Object) (owed []*Activity, ok bool, err error) {
	m, ok := MarkOf(o)
	if !ok {
		return nil, false, nil
	}
	x, ok, err := exchangeOf(ctx, s, a, IRI(o.Context))
	if !ok || err != nil {
		return nil, ok, err
	}
	if slices.Contains(x.Marks, o.ID) {
		return nil, true, nil
	}
	x.Plan(s.Now())
	before := x.State
	owed, err = x.marked(ctx, s, a, m)
	var wrong *FieldError
	if errors.As(err, &wrong) && !a.Local && a.Actor == x.Partner && x.Publisher.Origin() == s.Home() {
		return x.keep(ctx, s, m, o.ID, wrong)
	}
	if err != nil {
		return nil, true, err
	}
	x.Marks = append(x.Marks, o.ID)
	after := x.State
	x.State = before
	return owed, true, errors.Join(become(ctx, s, x, after), tellParty(ctx, s, x, x.Other(a.Actor), markNotices[m.Kind]))
}

// keep tells a partner on another server that something stays as it was.
func (x *Exchange) keep(ctx context.Context, s State, m Mark, id IRI, wrong *FieldError) ([]*Activity, bool, error) {
	x.Marks = append(x.Marks, id)
	kept := Mark{Kind: MarkKept, Due: m.Due, Refused: m.Kind, Reason: wrong.Reason}
	if c := x.Commitment(StepDelivered, m.Due); c != nil && !c.Skipped {
		kept.Quantity = c.Quantity
	}
	err := errors.Join(become(ctx, s, x, x.State), tellParty(ctx, s, x, x.Publisher, "TurnedDown"))
	return []*Activity{NewMark(x, x.Publisher, kept)}, true, err
}

// marked does what a mark says.
func (x *Exchange) marked(ctx context.Context, s State, a *Activity, m Mark) ([]*Activity, error) {
	if m.Kind == MarkRenewed || m.Kind == MarkDeclined {
		return nil, x.renewedBy(a, m)
	}
	if m.Kind == MarkKept && m.Refused == ExchangeCancelled {
		x.resume(a, m)
		return nil, nil
	}
	if x.State != ExchangeAgreed {
		return nil, fmt.Errorf("%w: the exchange is %s", ErrConflict, x.State)
	}
	if len(x.Marks) >= maxSteps {
		return nil, fmt.Errorf("%w: %d changes", ErrConflict, maxSteps)
	}
	late := s.Now()
	if !a.Local {
		late = late.Add(-travelOfAMark)
	}
	switch m.Kind {
	case MarkSkipped, MarkPassed, MarkChanged:
		return nil, x.markDate(ctx, s, a, m, late)
	case MarkPaused:
		return nil, x.pause(a, m, late)
	case MarkEnded:
		return x.markEnd(ctx, s, a, m)
	case MarkLonger, MarkExtended:
		return nil, x.longer(a, m)
	}
	return nil, x.kept(a, m)
}

// markDate is a mark that changes one date.
func (x *Exchange) markDate(ctx context.Context, s State, a *Activity, m Mark, now time.Time) error {
	c, st := x.Commitment(StepDelivered, m.Due), x.Terms.Standing
	switch {
	case c == nil:
		return field("due", "error_commitment_none", "nothing is planned on %s", m.Due)
	case m.Kind == MarkSkipped && a.Actor != x.Publisher && st == nil, m.Kind != MarkSkipped && a.Actor != x.Partner:
		return fmt.Errorf("%w: %s may not say so", ErrForbidden, a.Actor)
	case x.DoneOn(*c, x.Publisher) || x.DoneOn(*c, x.Partner):
		return fmt.Errorf("%w: it was handed over", ErrConflict)
	case m.Kind != MarkPassed && a.Actor == x.Partner && !st.Changeable(c.Due, now):
		return field("due", "error_change_late", "the date %s cannot be changed any more", m.Due)
	case m.Kind == MarkPassed:
		c.Taker = m.Taker
	case m.Kind == MarkSkipped:
		x.change(m.Due, c.Quantity, true)
	default:
		if err := x.mayTake(ctx, s, m.Quantity); err != nil {
			return err
		}
		x.change(m.Due, m.Quantity, false)
	}
	return nil
}

// mayTake reports whether so much of a standing order may be had on one date:
// the share, and what is left beside it.
func (x *Exchange) mayTake(ctx context.Context, s State, quantity Decimal) error {
	o, err := s.Whole(ctx, x.Proposal)
	if err != nil || o.Gone() {
		return ignoreMissing(err)
	}
	p, ok := ProposalOf(o)
	if !ok || x.Terms.Standing == nil {
		return fmt.Errorf("%w: no standing order", ErrConflict)
	}
	if left := p.Primary.Available; left != nil {
		p.Primary.Available = &Quantity{left.Unit, left.Value.Plus(x.Terms.Quantity.Value)}
	}
	_, err = p.quantity(&Quantity{x.Terms.Quantity.Unit, quantity})
	return err
}

// pause leaves out all dates of a time.
func (x *Exchange) pause(a *Activity, m Mark, now time.Time) error {
	st := x.Terms.Standing
	switch {
	case st == nil:
		return fmt.Errorf("%w: no standing order", ErrConflict)
	case m.Due.IsZero() || m.Until.Before(m.Due) || m.Until.Sub(m.Due) > 366*24*time.Hour:
		return field("endTime", "error_pause", "from %s until %s", m.Due, m.Until)
	case len(st.Pauses) >= maxPauses:
		st.Pauses = slices.Clone(st.Pauses[1:])
	}
	pause := Pause{m.Due, m.Until}
	for _, c := range x.Terms.Schedule {
		if c.Kind != StepDelivered || c.Due.Before(pause.From) || c.Due.After(pause.Until) || c.Skipped {
			continue
		}
		if x.DoneOn(c, x.Publisher) || a.Actor == x.Partner && !st.Changeable(c.Due, now) {
			return field("due", "error_change_late", "the date %s cannot be changed any more", c.Due)
		}
	}
	st.Pauses = append(st.Pauses, pause)
	for _, d := range x.dates() {
		if st.paused(d) {
			x.change(d, x.Commitment(StepDelivered, d).Quantity, true)
		}
	}
	return nil
}

// markEnd ends a standing order, after the time of notice. A peer's word counts
// from when it was said, as long as it may have been under way.
func (x *Exchange) markEnd(ctx context.Context, s State, a *Activity, m Mark) ([]*Activity, error) {
	st, said := x.Terms.Standing, s.Now()
	if at := a.Published; !a.Local && at.Before(said) && said.Sub(at) <= longestPending {
		said = at
	}
	switch {
	case !x.Running():
		return nil, fmt.Errorf("%w: it has an end", ErrConflict)
	case m.Due.Before(st.Earliest(said).Add(-time.Minute)) || m.Due.After(s.Now().AddDate(1, 1, 0)):
		return nil, field("due", "error_standing_notice", "it cannot end on %s, only from %s on", m.Due, st.Earliest(said))
	}
	x.end(m.Due, s.Now())
	x.turn(MarkEnded, "", s.Now())
	switch {
	case x.Total().Zero() && len(x.Steps)+x.Folded == 0:
		x.State = ExchangeCancelled
	case x.settled():
		x.State = ExchangeFulfilled
	default:
		return nil, nil
	}
	return addStock(ctx, s, x, x.Terms.Quantity.Value)
}

// longer asks for a later day on which a loan comes back, or grants it.
func (x *Exchange) longer(a *Activity, m Mark) error {
	may := x.Provider()
	if m.Kind == MarkLonger {
		may = x.Other(may)
	}
	c := x.Commitment(StepReturned, x.Terms.Until)
	switch {
	case a.Actor != may:
		return fmt.Errorf("%w: only %s may say so", ErrForbidden, may)
	case c == nil || x.DoneOn(*c, x.Provider()):
		return fmt.Errorf("%w: nothing is to come back", ErrConflict)
	case !m.Until.After(x.Terms.Until):
		return field("endTime", "error_longer", "%s is not after %s", m.Until, x.Terms.Until)
	case m.Kind == MarkLonger:
		x.Longer = m.Until
		return nil
	case !m.Until.Equal(x.Longer):
		return fmt.Errorf("%w: that was not asked for", ErrConflict)
	}
	x.turn(MarkExtended, "", a.Published)
	c.Due, x.Terms.Until, x.Longer = m.Until, m.Until, time.Time{}
	x.Reminded = time.Time{}
	return nil
}

// kept is the publisher's word that something stays as it was.
func (x *Exchange) kept(a *Activity, m Mark) error {
	c, st := x.Commitment(StepDelivered, m.Due), x.Terms.Standing
	switch {
	case m.Refused == MarkLonger && a.Actor == x.Provider():
		x.Longer = time.Time{}
	case a.Actor != x.Publisher || st == nil:
		return fmt.Errorf("%w: only %s may say so", ErrForbidden, x.Publisher)
	case m.Refused == MarkEnded:
		st.Last, x.Renewed = time.Time{}, false
	case m.Refused == MarkPaused:
		st.Pauses = slices.DeleteFunc(st.Pauses, func(p Pause) bool { return p.From.Equal(m.Due) })
	case c == nil || m.Quantity.Cmp(x.Terms.Quantity.Value) > 0 && m.Quantity.Cmp(c.Quantity) > 0:
		return fmt.Errorf("%w: nothing is planned on %s", ErrConflict, m.Due)
	default:
		x.change(m.Due, Decimal(first(string(m.Quantity), string(c.Quantity))), m.Quantity == "")
	}
	x.turn(MarkKept, m.Reason, a.Published)
	return nil
}

// renewedBy notes that the publisher offers a next season.
func (x *Exchange) renewedBy(a *Activity, m Mark) error {
	switch {
	case m.Kind == MarkDeclined && a.Actor == x.Partner && x.Renewal != "":
		x.Declined = true
		return nil
	case m.Kind == MarkDeclined || a.Actor != x.Publisher || !m.Next.SameOrigin(x.Publisher):
		return fmt.Errorf("%w: only %s may say so", ErrForbidden, x.Publisher)
	case x.State != ExchangeAgreed && x.State != ExchangeFulfilled || m.Next == x.Proposal:
		return fmt.Errorf("%w: the exchange is %s", ErrConflict, x.State)
	}
	x.Renewal, x.Renewed = m.Next, true
	return nil
}

// renewal names the proposal that a mark in a speaks of, to be read first.
func renewal(o *Object) []IRI {
	if m, ok := MarkOf(o); ok && m.Kind == MarkRenewed && m.Next != "" {
		return []IRI{m.Next}
	}
	return nil
}

// putRenews says which proposal of the same author another one goes on with.
func (p Proposal) putRenews(o *Object) {
	if delete(o.Extra, "renews"); p.Renews != "" {
		o.put("renews", p.Renews)
	}
}

// renewsIn reads that.
func renewsIn(raw json.RawMessage) IRI {
	id, err := ParseIRI(text(raw))
	if err != nil {
		return ""
	}
	return id
}
