// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"cmp"
	"context"
	"errors"
	"html"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// Whoever answered an event hears of it when it is moved or called off: guests
// by mail, members by a notice (federation), who voted by a direct message, and
// servers that understand events by the Update itself. For those that do not,
// and show what they got first, the organiser replies to it in public.

// An expectation is an event of ours as it was before a change, and what people
// answered.
type expectation struct {
	*federation.Object
	edges []*federation.Edge
}

// expected returns the event of ours that a changes, if it is still to come;
// nil if not.
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
	return &expectation{o, edges}, err
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
	what := federation.ChangeOf(x.Object, now)
	switch what {
	case federation.ChangeNone:
		return nil
	case federation.ChangeDeleted: // to whoever wanted to come it is the same
		what = federation.ChangeCancelled
	}
	for _, e := range x.edges {
		switch {
		case federation.IsGuest(tx.Home(), e.From):
			err = x.writeTo(ctx, tx, e.From, now, what)
		case e.From.Origin() != tx.Home():
			err = x.sayTo(ctx, tx, e, what)
		}
		if err != nil {
			return err
		}
	}
	return x.reply(ctx, tx, now, what)
}

// replyFor is how long a reply may be changed rather than followed by another:
// whoever corrects a date twice in a row does not speak twice.
const replyFor = 10 * time.Minute

// said is the kind of edge from an organiser to an event of theirs that they
// said a change of: its content. It is made by the reply.
const said = "Said"

// reply says in public what became of an event, below it, once for each change:
// Mastodon, before 4.5, shows an event for ever as it came first. Nothing, if it
// went to no other server, or is not for everybody.
func (x *expectation) reply(ctx context.Context, tx *store.Tx, now *federation.Object, what string) error {
	if now.Gone() || now.Visibility("") > federation.VisibleUnlisted {
		return nil
	}
	inboxes, err := tx.Sent(ctx, now.AttributedTo, now.ID)
	if err != nil || len(inboxes) == 0 {
		return err
	}
	words := locale.New(now.Language)
	o := &federation.Object{
		Type: "Note", InReplyTo: now.ID, Language: words.Lang(), Audience: now.Audience, To: now.To, Cc: now.Cc,
		Content: x.change(words, now, what),
	}
	a := &federation.Activity{Type: federation.Create, Actor: now.AttributedTo, Enclosed: o, To: o.To, Cc: o.Cc}
	last, err := tx.Edge(ctx, said, now.AttributedTo, now.ID)
	if err != nil && !errors.Is(err, federation.ErrNotFound) {
		return err
	}
	if err == nil && last.Content == what && tx.Now().Sub(last.At) < replyFor {
		if old, err := tx.Object(ctx, last.By); err == nil && !old.Gone() {
			a.Type, o.ID, o.URL = federation.Update, old.ID, old.URL
		}
	}
	if err := publish(ctx, tx, a); err != nil {
		return err
	}
	return tx.PutEdge(ctx, &federation.Edge{Kind: said, From: now.AttributedTo, To: now.ID, By: o.ID, Content: what, At: tx.Now()})
}

// changeEmoji stands before what became of an event, as before its status.
var changeEmoji = map[string]string{
	federation.ChangeCancelled: "❌", federation.ChangeBack: "✅", federation.ChangePostponed: "⏸️",
	federation.ChangeOnline: "🌐", federation.ChangeMoved: "🔁", federation.ChangeElsewhere: "📍",
}

// change writes what became of an event, for everybody.
func (x *expectation) change(words *locale.Printer, now *federation.Object, what string) string {
	text := words.T("poll_"+what, "Title", SourceOf(now).Name, "When", whenOf(words, now), "Where", whereOf(now), "Before", whenOf(words, x.Object))
	link := html.EscapeString(string(now.ID))
	return "<p>" + changeEmoji[what] + " " + html.EscapeString(text) + `</p><p><a href="` + link + `">` + link + `</a></p>`
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
	method := "REQUEST"
	if now.Gone() || what == "cancelled" {
		method = "CANCEL"
	}
	if now.Gone() {
		now = x.Object
	}
	title := inLine(SourceOf(x.Object).Name)
	m := &store.Mail{
		Kind: "guest", To: g.Address, Subject: words.T("mail_change_subject_"+what, "Title", title),
		Body: words.T("mail_change_body", "What", words.T("mail_change_"+what, "Before", whenOf(words, x.Object), "Place", placeLine(x.Location)),
			"Title", title, "When", whenOf(words, now), "Where", whereOf(now), "Page", x.ID, "URL", guestLink(tx, g),
			"Site", cmp.Or(organiser.Name, organiser.Username)),
	}
	if err := AddInvitation(ctx, tx, m, now, g, method); err != nil {
		return err
	}
	return tx.QueueMail(ctx, m)
}

// whenOf writes the dates of an event on its own clocks.
func whenOf(p *locale.Printer, o *federation.Object) string {
	return writer{Printer: p, o: o}.when(federation.EventOf(o))
}

// whereOf is where one goes to an event: of one that was moved online, its
// address there, whatever place it was to be at.
func whereOf(o *federation.Object) string {
	e := federation.EventOf(o)
	if site := website(o); e.Status == federation.EventMovedOnline && site != "" && (o.Location == nil || o.Location.URL == "") {
		return site
	}
	return placeLine(o.Location)
}

// placeLine is where something is, in a line.
func placeLine(p *federation.Place) string {
	if p == nil {
		return ""
	}
	var all []string
	for _, s := range []string{p.Name, p.Street, strings.TrimSpace(p.Postal + " " + p.City), p.URL} {
		if s = inLine(s); s != "" && (len(all) == 0 || all[len(all)-1] != s) {
			all = append(all, s)
		}
	}
	return strings.Join(all, ", ")
}

// inLine takes line breaks out of what was typed.
func inLine(s string) string { return strings.Join(strings.Fields(s), " ") }
