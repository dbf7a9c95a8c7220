// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/mail"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// How many people one may invite at once, and how many letters with invitations
// leave the instance in a day.
const (
	maxInvited      = 30
	maxInvitedToday = 200
	maxInviteWords  = 500
)

// An invitee is somebody to invite: an actor, or an address.
type invitee struct {
	actor   *federation.Actor
	address string
}

// inviteTo invites people to an event, for its organiser: people here and
// elsewhere by their handles, others by letter. Nobody is invited twice, nor
// who wants no invitations; which of them that is is not told.
func (v *visit) inviteTo(ctx context.Context) (p *page, err error) {
	f := v.posted()
	err = v.DB.View(ctx, func(tx *store.Tx) error { // before anybody is looked up
		o, err := v.own(ctx, tx)
		if err == nil && v.answering(o) == nil {
			err = fmt.Errorf("%s takes no answers: %w", o.ID, federation.ErrNotFound)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	list, err := v.invitees(ctx, f)
	if err != nil {
		return nil, err
	}
	words := strings.TrimSpace(f.Value("invite.words"))
	if utf8.RuneCountInString(words) > maxInviteWords {
		f.wrong("invite.words", "form_write_long", "Most", maxInviteWords)
	}
	for range list {
		if wait, ok := v.invites.allow(v.account.Name, v.Now()); !ok && len(f.mistakes) == 0 {
			return nil, v.tooMany(wait)
		}
	}
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		o, err := v.own(ctx, tx)
		if err != nil {
			return err
		}
		if err := v.roomToInvite(ctx, tx, list, f); err != nil {
			return err
		}
		if len(f.mistakes) > 0 {
			p, err = v.answersList(ctx, tx, f)
			return err
		}
		return v.invitesAll(ctx, tx, o, list, words)
	})
	if err != nil || p != nil {
		return p, err
	}
	return see("/objects/"+v.r.PathValue("id")+"/answers", "invited"), nil
}

// invitees reads whom to invite, and finds those who are named by their handle.
func (v *visit) invitees(ctx context.Context, f *form) (list []invitee, err error) {
	typed := strings.FieldsFunc(f.Value("whom"), func(r rune) bool { return strings.ContainsRune(" \t\r\n,;", r) })
	switch {
	case len(typed) == 0:
		f.wrong("whom", "form_invite_missing")
	case len(typed) > maxInvited:
		f.wrong("whom", "form_invite_many", "Most", maxInvited)
		return nil, nil
	}
	for _, t := range typed {
		i, err := v.invitee(ctx, t)
		if err != nil {
			return nil, err
		}
		if i.actor == nil && i.address == "" {
			f.wrong("whom", "form_invite_unknown", "Who", cut(t, 100))
			continue
		}
		list = append(list, i)
	}
	return list, nil
}

func (v *visit) invitee(ctx context.Context, typed string) (i invitee, err error) {
	handle, ok := strings.CutPrefix(typed, "@")
	if !ok {
		if v.Mail {
			i.address, _ = mail.ParseAddress(typed) // or nobody is found
		}
		return i, nil
	}
	if !strings.Contains(handle, "@") {
		handle += "@" + v.local("/").Host()
	}
	if i.actor, err = v.byHandle(ctx, handle); i.actor != nil && (i.actor.Gone || i.actor.Type == "Application") {
		i.actor = nil
	}
	return i, err
}

// roomToInvite wants no more letters in a day than are fitting.
func (v *visit) roomToInvite(ctx context.Context, tx *store.Tx, list []invitee, f *form) error {
	letters := 0
	for _, i := range list {
		if i.address != "" {
			letters++
		}
	}
	sent, err := tx.InvitedSince(ctx, v.Now().Add(-24*time.Hour))
	if err == nil && letters > 0 && sent+letters > maxInvitedToday {
		f.wrong("whom", "form_invite_today", "Most", maxInvitedToday)
	}
	return err
}

func (v *visit) invitesAll(ctx context.Context, tx *store.Tx, o *federation.Object, list []invitee, words string) error {
	for _, i := range list {
		var err error
		switch {
		case i.address != "":
			_, err = outbox.InviteByLetterTx(ctx, tx, o, i.address, words, v.words.Lang())
		case i.actor.ID != o.AttributedTo:
			_, err = outbox.InviteTx(ctx, tx, o, i.actor.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// stopPage asks whoever was invited by letter whether they want no more of that.
func (v *visit) stopPage(ctx context.Context, tx *store.Tx) (*page, error) {
	g, err := v.guest(ctx, tx)
	if errors.Is(err, federation.ErrNotFound) {
		return v.guestOver("over"), nil
	}
	if err != nil {
		return nil, err
	}
	p := v.guestOver("stop")
	p.Data = guestData{Do: "stop", Form: v.form(nil), ID: g.ID, Secret: g.Secret}
	return p, nil
}

// stopInvitations lets no more invitations go to an address, and forgets the one
// that was not answered: by a button, or by one click in a mail program, RFC
// 8058.
func (v *visit) stopInvitations(ctx context.Context) (*page, error) {
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		g, err := v.guest(ctx, tx)
		if err != nil {
			return err
		}
		if err := tx.RefuseInvitations(ctx, g.Address); err != nil || !g.Confirmed.IsZero() {
			return err
		}
		return errors.Join(ignoreMissing(tx.DropEdge(ctx, federation.Invite, g.Guest, g.Event)), tx.DropGuest(ctx, g.ID))
	})
	if errors.Is(err, federation.ErrNotFound) {
		return v.guestOver("over"), nil
	}
	if err != nil {
		return nil, err
	}
	return v.guestOver("stopped"), nil
}
