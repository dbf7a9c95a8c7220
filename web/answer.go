// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"fmt"
	"net/mail"
	"net/url"
	"strconv"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// An answering is how one answers an event, and what was answered: the
// template part "answer" shows it. Everybody sees numbers, nobody names.
type answering struct {
	*locale.Printer
	ID        federation.IRI // of the event
	Page      string         // of the event
	Open      bool           // answers are taken here
	Outside   string         // where to register instead
	Given     string         // by the visitor: yes, maybe, waiting, unsure; "" for none
	Perhaps   bool           // one may come perhaps
	Refused   string         // when the organiser declined what the visitor asked
	By        *who           // the organiser, to write to; where something was declined
	SignedIn  bool
	Local     bool   // the event is ours
	Unsure    bool   // nobody knows whether an answer is understood
	Elsewhere string // the page of such an event
	Mail      bool   // one may answer without an account
	Form      *form
	Coming    int
	Maybe     int
	Waiting   int
	Left      int // places; -1: no limit

	Slots []*slotLine // what there is to do; on the page of the event alone
	Named bool        // everybody sees who does it

	Reminds []option // when to be reminded, for whoever comes

	given        *federation.Edge
	byInvitation bool
}

// Companions is how many the visitor brings along.
func (a *answering) Companions() int {
	if a.given == nil {
		return 0
	}
	return a.given.Companions
}

// GuestChoices are what somebody without an account may answer.
func (a *answering) GuestChoices() []option { return options(a.Printer, "form_guest_", guestAnswers) }

// askAnswer gives the answer of a page its form, with what was answered.
func (v *visit) askAnswer(ctx context.Context, tx *store.Tx, o *federation.Object, a *answering) (err error) {
	if a == nil {
		return nil
	}
	var me federation.IRI
	if v.account != nil {
		me = v.account.Person
	}
	a.Named = federation.HelpersShown(o)
	if a.Given != "" && a.Given != "maybe" {
		choice, err := tx.RemindChoice(ctx, me, o.ID)
		if err != nil {
			return err
		}
		a.Reminds = v.remindChoices(choice)
	}
	if a.Slots, err = v.slotsOf(ctx, tx, o, me); err != nil {
		return err
	}
	values := url.Values{"answer": {store.GuestYes}}
	if given := a.given; given != nil {
		values.Set("message", given.Content)
		if given.Companions > 0 {
			values.Set("companions", strconv.Itoa(given.Companions))
		}
	}
	a.Form = v.form(values)
	return nil
}

// SlotChoices are the slots that somebody without an account may take.
func (a *answering) SlotChoices() []option { return slotOptions(a.Slots) }

// Places writes how many places are left; "" where there is no limit.
func (a *answering) Places() string {
	switch {
	case a.Left < 0:
		return ""
	case a.Left == 0:
		return a.T("page_places_none")
	}
	return a.T("page_places", a.Left)
}

// Numbers writes how many come.
func (a *answering) Numbers() string {
	if a.Coming == 0 {
		return ""
	}
	return a.T("page_coming", a.Coming)
}

// answers reads how events are answered; those that are over or that nobody
// answers have none.
func (v *visit) answers(ctx context.Context, tx *store.Tx, list []*federation.Object) (map[federation.IRI]*answering, error) {
	all := map[federation.IRI]*answering{}
	var ids []federation.IRI
	for _, o := range list {
		if a := v.answering(o); a != nil {
			all[o.ID] = a
			ids = append(ids, o.ID)
		}
	}
	if len(ids) == 0 {
		return all, nil
	}
	counts, err := tx.Answers(ctx, ids...)
	if err != nil {
		return nil, err
	}
	given := map[federation.IRI]*federation.Edge{}
	if v.account != nil {
		if given, err = tx.AnswersBy(ctx, v.account.Person, ids...); err != nil {
			return nil, err
		}
	}
	for id, a := range all {
		if err := v.openTo(ctx, tx, a); err != nil {
			return nil, err
		}
		n := counts[id]
		a.Coming, a.Maybe, a.Waiting = n.Coming, n.Maybe, n.Waiting
		if a.Left >= 0 {
			a.Left = max(a.Left-n.Coming, 0)
		}
		a.Given = givenAnswer(given[id])
		if a.Unsure && a.Given == "waiting" {
			a.Given = "unsure"
		}
		a.given = given[id]
	}
	return all, v.refusals(ctx, tx, list, all)
}

// refusals notes in answers what organisers declined.
func (v *visit) refusals(ctx context.Context, tx *store.Tx, list []*federation.Object, all map[federation.IRI]*answering) error {
	var ids, organisers []federation.IRI
	for _, o := range list {
		if a := all[o.ID]; a != nil && a.Given == "" {
			ids, organisers = append(ids, o.ID), append(organisers, o.AttributedTo)
		}
	}
	if v.account == nil || len(ids) == 0 {
		return nil
	}
	refused, err := tx.Refusals(ctx, v.account.Person, ids...)
	if err != nil || len(refused) == 0 {
		return err
	}
	known, err := tx.Actors(ctx, organisers...)
	for i, id := range ids {
		if at, ok := refused[id]; ok {
			all[id].Refused, all[id].By = v.words.DateTime(at.In(v.zone())), v.actorOf(known[organisers[i]], organisers[i])
		}
	}
	return err
}

// givenAnswer names an answer.
func givenAnswer(e *federation.Edge) string {
	switch {
	case e == nil:
		return ""
	case e.Kind == federation.TentativeAccept:
		return "maybe"
	case e.Pending:
		return "waiting"
	}
	return "yes"
}

// answering is how one may answer an event; nil if it is none, is over or was
// called off.
func (v *visit) answering(o *federation.Object) *answering {
	if o.Type != "Event" || o.Gone() {
		return nil
	}
	e := federation.EventOf(o)
	end := o.End
	if end.IsZero() {
		end = o.Start
	}
	if e.Status == federation.EventCancelled || v.Now().After(end) {
		return nil
	}
	a := &answering{Printer: v.words, ID: o.ID, Page: v.href(o), Open: e.TakesAnswers(), byInvitation: e.JoinMode == federation.JoinInvite, SignedIn: v.account != nil, Local: o.Local, Mail: v.Mail, Left: -1}
	if o.Local && e.Capacity > 0 {
		a.Left = e.Capacity
	}
	if e.JoinMode == federation.JoinExternal {
		a.Outside = outside(e.ExternalURL)
	}
	a.Perhaps = federation.TakesPerhaps(o)
	if a.Unsure = federation.DoorOf(o) == federation.DoorUnknown; a.Unsure {
		a.Elsewhere = webLink(o.URL, o.ID)
	}
	return a
}

// outside is where one registers for an event elsewhere: a page, or a letter;
// "" if it is neither.
func outside(address string) string {
	if m, err := mail.ParseAddress(strings.TrimPrefix(address, "mailto:")); err == nil && strings.HasPrefix(address, "mailto:") {
		return "mailto:" + m.Address
	}
	iri, err := federation.ParseIRI(address)
	if err != nil {
		return ""
	}
	return string(iri)
}

// openTo lets those who are invited answer an event that is for them only.
func (v *visit) openTo(ctx context.Context, tx *store.Tx, a *answering) error {
	if !a.byInvitation || v.account == nil {
		return nil
	}
	_, err := tx.Edge(ctx, federation.Invite, v.account.Person, a.ID)
	a.Open = err == nil
	return ignoreMissing(err)
}

// answerEvent says, for the visitor themselves, whether they come to an event.
func (v *visit) answerEvent(ctx context.Context) (*page, error) {
	f := v.posted()
	companions, message := party(f)
	if len(f.mistakes) > 0 {
		return v.answerAgain(ctx, f)
	}
	var where, done string
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		o, err := v.readable(ctx, tx, federation.IRI(v.r.PostFormValue("object")))
		if err != nil {
			return err
		}
		if v.answering(o) == nil {
			return fmt.Errorf("%s takes no answers: %w", o.ID, federation.ErrConflict)
		}
		where = v.href(o)
		if err := v.takeOver(ctx, tx, o); err != nil {
			return err
		}
		if err := outbox.Respond(ctx, tx, v.account.Person, &store.Guest{
			Event: o.ID, Answer: v.r.PostFormValue("answer"), Companions: companions, Message: message,
		}); err != nil {
			return err
		}
		given, err := tx.AnswersBy(ctx, v.account.Person, o.ID)
		done = answerDone(o, given[o.ID])
		return err
	})
	if err != nil {
		return nil, err
	}
	return see(where+"#answer", done), nil
}

// answerDone names what an answer led to, to be said.
func answerDone(o *federation.Object, given *federation.Edge) string {
	switch now := givenAnswer(given); {
	case now == "":
		return "not_coming"
	case now == "waiting" && federation.DoorOf(o) == federation.DoorUnknown:
		return "answered_unsure"
	default:
		return "answered_" + now
	}
}

// answerAgain shows the page of the event with what is wrong in the answer.
func (v *visit) answerAgain(ctx context.Context, f *form) (p *page, err error) {
	err = v.DB.View(ctx, func(tx *store.Tx) error {
		o, err := v.readable(ctx, tx, federation.IRI(f.Value("object")))
		if err != nil {
			return err
		}
		if p, err = v.objectPage(ctx, tx, o, nil); err != nil {
			return err
		}
		d, ok := p.Data.(*objectData)
		if !ok || d.Answer == nil {
			return fmt.Errorf("%s takes no answers: %w", o.ID, federation.ErrConflict)
		}
		d.Answer.Form, p.Problems = f, f.mistakes
		return nil
	})
	return p, err
}

// takeOver makes what the visitor answered without their account theirs.
func (v *visit) takeOver(ctx context.Context, tx *store.Tx, o *federation.Object) error {
	if !o.Local || v.account.Email == "" {
		return nil
	}
	g, err := tx.Invited(ctx, o.ID, v.account.Email)
	if err != nil {
		return ignoreMissing(err)
	}
	return tx.TakeOver(ctx, g, v.account.Person, v.account.Person+"#was-guest")
}
