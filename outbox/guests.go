// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"context"
	"errors"
	"fmt"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// AnswerTx takes in what a guest who confirmed answers, and publishes what
// others are owed who move up. It returns what became of it, and notes in the
// guest that they know.
func AnswerTx(ctx context.Context, tx *store.Tx, g *store.Guest) (state string, err error) {
	kinds := map[string]string{store.GuestYes: federation.Join, store.GuestMaybe: federation.TentativeAccept, store.GuestNo: federation.Leave}
	kind, ok := kinds[g.Answer]
	if !ok {
		return "", fmt.Errorf("%w: answer %q", federation.ErrMalformed, g.Answer)
	}
	owed, err := federation.Answer(ctx, tx, &federation.Edge{
		Kind: kind, From: g.Guest, To: g.Event, Companions: g.Companions, Content: g.Message, Slots: g.Slots,
	})
	if err != nil {
		return "", err
	}
	for _, a := range owed {
		if err := publish(ctx, tx, a); err != nil {
			return "", err
		}
	}
	g.Slots = nil // they have them now, or cannot
	if g.Told, err = GuestState(ctx, tx, g); err != nil {
		return "", err
	}
	return g.Told, tx.PutGuest(ctx, g)
}

// GuestState names what became of a guest's answer: yes, waiting, maybe or no.
func GuestState(ctx context.Context, tx *store.Tx, g *store.Guest) (string, error) {
	given, err := tx.AnswersBy(ctx, g.Guest, g.Event)
	if err != nil {
		return "", err
	}
	e := given[g.Event]
	switch {
	case e == nil:
		return store.GuestNo, nil
	case e.Kind == federation.TentativeAccept:
		return store.GuestMaybe, nil
	case e.Pending:
		return store.GuestWaiting, nil
	}
	return store.GuestYes, nil
}

// Respond publishes what a person of ours answers to an event: g holds the
// answer as a guest would give it.
func Respond(ctx context.Context, tx *store.Tx, person federation.IRI, g *store.Guest) error {
	o, err := tx.Object(ctx, g.Event)
	if err != nil {
		return err
	}
	kinds := map[string]string{store.GuestYes: federation.Join, store.GuestMaybe: federation.TentativeAccept, store.GuestNo: federation.Leave}
	a := &federation.Activity{Type: kinds[g.Answer], Actor: person, Object: o.ID, To: []federation.IRI{o.AttributedTo}}
	if a.Type == "" {
		return fmt.Errorf("%w: answer %q", federation.ErrMalformed, g.Answer)
	}
	if a.Type != federation.Leave {
		federation.WithParty(a, g.Companions, g.Message)
	}
	if g.Slots != nil && a.Type == federation.Join {
		federation.WithSlots(a, g.Slots)
	}
	a.Type = federation.AnswerBy(o, a.Type)
	return PublishTx(ctx, tx, a)
}

// AnswerAsMember lets the answer of a guest who confirms be that of the account
// with their address, if there is one: the same person is one row. Then the
// guest is forgotten.
func AnswerAsMember(ctx context.Context, tx *store.Tx, g *store.Guest) (member bool, err error) {
	account, err := tx.AccountByEmail(ctx, g.Address)
	if errors.Is(err, federation.ErrNotFound) || err == nil && (account.Suspended || account.Person == "") {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := Respond(ctx, tx, account.Person, g); err != nil {
		return true, err
	}
	return true, tx.DropGuest(ctx, g.ID)
}
