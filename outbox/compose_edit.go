// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"fmt"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
)

// What happens to a post after it was published: an offer finds its taker, an
// event is called off, and both may come back. Each of these changes the
// fields and the text of o, which has to be the caller's own copy, and leaves
// it ready for an Update.

// Close marks an offer or a need as fulfilled: nothing is left of it.
func Close(p *locale.Printer, o *federation.Object, now time.Time) error {
	proposal, ok := federation.ProposalOf(o)
	if !ok {
		return fmt.Errorf("%w: %s is neither an offer nor a need", federation.ErrConflict, o.ID)
	}
	left := &federation.Quantity{Unit: "one", Value: "0"}
	if q := proposal.Primary.Quantity; q != nil {
		left.Unit = q.Unit
	}
	s := SourceOf(o)
	if a := proposal.Primary.Available; a != nil && !a.Value.Zero() {
		s.Available = a.Value
	}
	proposal.Primary.Available = left
	s.put(o)
	proposal.Put(o)
	return rewrite(p, o, now)
}

// Cancel calls an event off.
func Cancel(p *locale.Printer, o *federation.Object, now time.Time) error {
	return SetStatus(p, o, federation.EventCancelled, now)
}

// SetStatus changes the status of an event, to one of locale.EventStatuses.
func SetStatus(p *locale.Printer, o *federation.Object, status string, now time.Time) error {
	if o.Type != "Event" {
		return fmt.Errorf("%w: %s is no event", federation.ErrConflict, o.ID)
	}
	e := federation.EventOf(o)
	e.Status = status
	putExtra(o, "eventStatus", status) // gives o a map of its own before Put writes into it
	e.Put(o)
	return rewrite(p, o, now)
}

// Reopen takes back Close and Cancel: what was left is left again, and an
// event takes place, on its new date if it had been moved.
func Reopen(p *locale.Printer, o *federation.Object, now time.Time) error {
	if o.Type == "Event" {
		status := federation.EventScheduled
		if !federation.EventOf(o).PreviousStart.IsZero() {
			status = federation.EventRescheduled
		}
		return SetStatus(p, o, status, now)
	}
	proposal, ok := federation.ProposalOf(o)
	if !ok {
		return fmt.Errorf("%w: %s was never closed", federation.ErrConflict, o.ID)
	}
	s := SourceOf(o)
	if a := proposal.Primary.Available; a != nil && a.Value.Zero() {
		if proposal.Primary.Available = nil; s.Available != "" {
			proposal.Primary.Available = &federation.Quantity{Unit: a.Unit, Value: s.Available}
		}
	}
	s.Available = ""
	s.put(o)
	proposal.Put(o)
	return rewrite(p, o, now)
}

// rewrite makes the text of a changed object anew, in its own language if we
// speak it.
func rewrite(p *locale.Printer, o *federation.Object, now time.Time) error {
	if o.Language != "" {
		p = locale.New(o.Language)
	}
	o.Updated = later(o, now)
	return Readable(p, o, SourceOf(o).Content)
}
