// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"context"
	"errors"
	"fmt"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// InviteTx invites an actor to an event of ours, once. The event goes along for
// a peer, who may not be able to read it.
func InviteTx(ctx context.Context, tx *store.Tx, o *federation.Object, who federation.IRI) (invited bool, err error) {
	_, err = tx.Edge(ctx, federation.Invite, who, o.ID)
	if !errors.Is(err, federation.ErrNotFound) {
		return false, err
	}
	a := &federation.Activity{Type: federation.Invite, Actor: o.AttributedTo, Object: o.ID, Target: who, To: []federation.IRI{who}}
	if who.Origin() != tx.Home() {
		along := *o
		a.Enclosed = &along
	}
	return true, PublishTx(ctx, tx, a)
}

// InviteByLetterTx invites somebody without an account to an event of ours: once,
// not if they want none, and not if they answered already. words are the
// organiser's.
func InviteByLetterTx(ctx context.Context, tx *store.Tx, o *federation.Object, address, words, language string) (invited bool, err error) {
	account, err := tx.AccountByEmail(ctx, address)
	switch {
	case err == nil && !account.Suspended && account.Person != "": // the same person is one row
		return InviteTx(ctx, tx, o, account.Person)
	case err != nil && !errors.Is(err, federation.ErrNotFound):
		return false, err
	}
	refuses, err := tx.RefusesInvitations(ctx, address)
	if err != nil || refuses {
		return false, err
	}
	_, err = tx.Invited(ctx, o.ID, address)
	if !errors.Is(err, federation.ErrNotFound) {
		return false, err
	}
	g := &store.Guest{Event: o.ID, Name: address, Address: address, Language: language, Answer: store.GuestYes, Invited: tx.Now()}
	if err := tx.PutGuest(ctx, g); err != nil {
		return false, err
	}
	if err := federation.AskTo(ctx, tx, &federation.Edge{From: g.Guest, To: o.ID}); err != nil {
		return false, err
	}
	organiser, err := tx.Actor(ctx, o.AttributedTo)
	if err != nil {
		return false, err
	}
	return true, writeInvitation(ctx, tx, o, g, organiser, words)
}

func writeInvitation(ctx context.Context, tx *store.Tx, o *federation.Object, g *store.Guest, organiser *federation.Actor, words string) error {
	p := locale.New(g.Language)
	title, link := inLine(SourceOf(o).Name), guestLink(tx, g)
	stop := fmt.Sprintf("%s/guest/stop?g=%d&k=%s", tx.Home(), g.ID, g.Secret)
	m := &store.Mail{
		Kind: "invite", To: g.Address, Subject: p.T("mail_invite_subject", "Who", inLine(organiser.Name), "Title", title),
		Body: p.T("mail_invite_body", "Who", inLine(organiser.Name), "Title", title, "When", whenOf(p, o), "Where", placeLine(o.Location),
			"Words", words, "Yes", link+"&a=yes", "Maybe", link+"&a=maybe", "No", link+"&a=no", "Stop", stop),
		Unsubscribe: stop,
	}
	if err := AddInvitation(ctx, tx, m, o, g, "REQUEST"); err != nil {
		return err
	}
	return tx.QueueMail(ctx, m)
}
