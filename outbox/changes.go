// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// Whoever answered an event hears of it when it is moved or called off: guests
// by mail, members by a notice, who voted by a direct message, and servers that
// understand events by the Update itself.

// An expectation is an event that people answered, as it was before a change.
type expectation struct {
	*federation.Object
	edges []*federation.Edge
}

// expected returns the event of ours that a changes, if it is still to come and
// somebody answered; nil if not.
func expected(ctx context.Context, tx *store.Tx, a *federation.Activity) (*expectation, error) {
	if a.Type != federation.Update && a.Type != federation.Delete || a.Object == a.Actor {
		return nil, nil
	}
	id := a.Object
	if a.Enclosed != nil && a.Enclosed.ID != "" {
		id = a.Enclosed.ID
	}
	o, err := tx.Object(ctx, id)
	if errors.Is(err, federation.ErrNotFound) || err == nil && (!o.Local || o.Type != "Event" || newest(o.Start, o.End).Before(tx.Now())) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	edges, err := tx.AllAnswers(ctx, id)
	if err != nil || len(edges) == 0 {
		return nil, err
	}
	return &expectation{o, edges}, nil
}

// differs names what became of an event; "" if nothing that matters to whoever
// wants to come.
func (x *expectation) differs(now *federation.Object) string {
	was, is := federation.EventOf(x.Object), federation.EventOf(now)
	off := now.Gone() || is.Status == federation.EventCancelled
	switch {
	case off && was.Status == federation.EventCancelled:
		return ""
	case off:
		return "cancelled"
	case was.Status == federation.EventCancelled:
		return "back"
	case is.Status == federation.EventPostponed && was.Status != is.Status:
		return "postponed"
	case !x.Start.Equal(now.Start) || !x.End.Equal(now.End):
		return "moved"
	case placeLine(x.Location) != placeLine(now.Location):
		return "elsewhere"
	}
	return ""
}

// tell tells everybody who answered what became of the event.
func (x *expectation) tell(ctx context.Context, tx *store.Tx) error {
	now, err := tx.Object(ctx, x.ID)
	if err != nil {
		return err
	}
	if err := x.tellHelpers(ctx, tx, now); err != nil {
		return err
	}
	what := x.differs(now)
	if what == "" {
		return nil
	}
	for _, e := range x.edges {
		switch {
		case federation.IsGuest(tx.Home(), e.From):
			err = x.writeTo(ctx, tx, e.From, now, what)
		case e.From.Origin() == tx.Home():
			err = tx.Notify(ctx, federation.Notice{For: e.From, Kind: "Event" + what, Actor: x.AttributedTo, Object: x.ID, At: tx.Now()})
		default:
			err = x.sayTo(ctx, tx, e, what)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sayTo tells somebody who voted.
func (x *expectation) sayTo(ctx context.Context, tx *store.Tx, e *federation.Edge, what string) error {
	owed, err := federation.Say(ctx, tx, what, e, x.AttributedTo)
	if err != nil {
		return err
	}
	for _, a := range owed {
		a.Saying.Was = x.Object
		if err := publish(ctx, tx, a); err != nil {
			return err
		}
	}
	return nil
}

// writeTo queues a letter to a guest. Who was reminded already is reminded of
// the new date, too.
func (x *expectation) writeTo(ctx context.Context, tx *store.Tx, guest federation.IRI, now *federation.Object, what string) error {
	g, err := tx.GuestNamed(ctx, guest)
	if errors.Is(err, federation.ErrNotFound) || err == nil && g.Address == "" {
		return nil
	}
	if err != nil {
		return err
	}
	if !g.Reminded.IsZero() {
		g.Reminded = time.Time{}
		if err := tx.PutGuest(ctx, g); err != nil {
			return err
		}
	}
	organiser, err := tx.Actor(ctx, x.AttributedTo)
	if err != nil {
		return err
	}
	words := locale.New(g.Language)
	if now.Gone() {
		now = x.Object
	}
	title := inLine(SourceOf(x.Object).Name)
	return tx.QueueMail(ctx, &store.Mail{
		Kind: "guest", To: g.Address, Subject: words.T("mail_change_subject_"+what, "Title", title),
		Body: words.T("mail_change_body", "What", words.T("mail_change_"+what, "Before", whenOf(words, x.Object), "Place", placeLine(x.Location)),
			"Title", title, "When", whenOf(words, now), "Where", placeLine(now.Location), "Page", x.ID, "URL", guestLink(tx, g),
			"Site", cmp.Or(organiser.Name, organiser.Username)),
	})
}

// whenOf writes the dates of an event on its own clocks.
func whenOf(p *locale.Printer, o *federation.Object) string {
	return writer{Printer: p, o: o}.when(federation.EventOf(o))
}

// placeLine is where something is, in a line.
func placeLine(p *federation.Place) string {
	if p == nil {
		return ""
	}
	var all []string
	for _, s := range []string{p.Name, p.Street, strings.TrimSpace(p.Postal + " " + p.City), p.URL} {
		if s != "" {
			all = append(all, inLine(s))
		}
	}
	return strings.Join(all, ", ")
}

// inLine takes line breaks out of what was typed.
func inLine(s string) string { return strings.Join(strings.Fields(s), " ") }
