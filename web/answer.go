// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"fmt"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// An answering is how one answers an event, and what was answered: the
// template part "answer" shows it. Everybody sees numbers, nobody names.
type answering struct {
	*locale.Printer
	ID       federation.IRI // of the event
	Page     string         // of the event
	Open     bool           // answers are taken here
	Outside  string         // where to register instead
	Given    string         // by the visitor: yes, maybe, waiting; "" for none
	SignedIn bool
	Coming   int
	Maybe    int
	Waiting  int
	Left     int // places; -1: no limit
}

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
		n := counts[id]
		a.Coming, a.Maybe, a.Waiting = n.Coming, n.Maybe, n.Waiting
		if a.Left >= 0 {
			a.Left = max(a.Left-n.Coming, 0)
		}
		a.Given = givenAnswer(given[id])
	}
	return all, nil
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
	a := &answering{Printer: v.words, ID: o.ID, Page: v.href(o), Open: e.TakesAnswers(), SignedIn: v.account != nil, Left: -1}
	if o.Local && e.Capacity > 0 {
		a.Left = e.Capacity
	}
	if iri, err := federation.ParseIRI(e.ExternalURL); err == nil && e.JoinMode == federation.JoinExternal {
		a.Outside = string(iri)
	}
	return a
}

// answerEvent says, for the visitor themselves, whether they come to an event.
func (v *visit) answerEvent(ctx context.Context) (*page, error) {
	person := v.account.Person
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
		a := &federation.Activity{Actor: person, Object: o.ID, To: []federation.IRI{o.AttributedTo}}
		switch v.r.PostFormValue("answer") {
		case "yes":
			a.Type = federation.Join
		case "maybe":
			a.Type = federation.TentativeAccept
		case "no":
			a.Type, done = federation.Leave, "not_coming"
		default:
			return fmt.Errorf("%w: answer", federation.ErrMalformed)
		}
		if err := outbox.PublishTx(ctx, tx, a); err != nil || done != "" {
			return err
		}
		given, err := tx.AnswersBy(ctx, person, o.ID)
		done = "answered_" + givenAnswer(given[o.ID])
		return err
	})
	if err != nil {
		return nil, err
	}
	return see(where+"#answer", done), nil
}

// answersData is what the organiser of an event sees of the answers.
type answersData struct {
	Event                  *card
	Numbers                *answering
	Coming, Waiting, Maybe []answerLine
}

// An answerLine is somebody's answer.
type answerLine struct {
	Who   *who
	Words string // to the organiser
	At    string
}

// maxAnswers is how many answers of a kind the organiser's page shows.
const maxAnswers = 500

// answersPage shows the organiser who comes.
func (v *visit) answersPage(ctx context.Context, tx *store.Tx) (*page, error) {
	o, err := v.own(ctx, tx)
	if err != nil {
		return nil, err
	}
	if o.Type != "Event" {
		return v.nowhere(ctx, tx)
	}
	d := answersData{Event: v.card(o)}
	all, err := v.answers(ctx, tx, []*federation.Object{o})
	if err != nil {
		return nil, err
	}
	d.Numbers = all[o.ID]
	for _, l := range []struct {
		to      *[]answerLine
		kind    string
		pending bool
	}{{&d.Coming, federation.Join, false}, {&d.Waiting, federation.Join, true}, {&d.Maybe, federation.TentativeAccept, false}} {
		if *l.to, err = v.answerLines(ctx, tx, l.kind, o.ID, l.pending); err != nil {
			return nil, err
		}
	}
	return &page{Name: "answers", Title: v.words.T("page_answers"), Data: d, NoIndex: true}, nil
}

func (v *visit) answerLines(ctx context.Context, tx *store.Tx, kind string, event federation.IRI, pending bool) ([]answerLine, error) {
	var all []answerLine
	cursor := ""
	for len(all) < maxAnswers {
		edges, next, err := tx.EdgesTo(ctx, kind, event, pending, cursor, 100)
		if err != nil {
			return nil, err
		}
		people, err := v.people(ctx, tx, edges, func(e *federation.Edge) federation.IRI { return e.From })
		if err != nil {
			return nil, err
		}
		for i, e := range edges {
			all = append(all, answerLine{Who: people[i], Words: e.Content, At: v.words.Ago(e.At, v.Now())})
		}
		if cursor = next; next == "" {
			break
		}
	}
	return all, nil
}

// decideAnswer accepts or refuses, for the organiser, that somebody comes.
func (v *visit) decideAnswer(ctx context.Context) (*page, error) {
	verb, done := federation.Accept, "accepted"
	if v.r.PostFormValue("answer") == "reject" {
		verb, done = federation.Reject, "rejected"
	}
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		o, err := v.own(ctx, tx)
		if err != nil {
			return err
		}
		e, err := tx.Edge(ctx, federation.Join, federation.IRI(v.r.PostFormValue("actor")), o.ID)
		if err != nil {
			return err
		}
		return outbox.PublishTx(ctx, tx, &federation.Activity{
			Type: verb, Actor: o.AttributedTo, Object: e.By, To: []federation.IRI{e.From},
			Inner: &federation.Activity{ID: e.By, Type: federation.Join, Actor: e.From, Object: e.To},
		})
	})
	if err != nil {
		return nil, err
	}
	return see("/objects/"+v.r.PathValue("id")+"/answers", done), nil
}
