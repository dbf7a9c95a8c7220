// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"slices"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// acceptInvitation makes an account for whoever was invited, and signs in.
func (v *visit) acceptInvitation(ctx context.Context) (p *page, err error) {
	if err := v.limitSignIn(""); err != nil {
		return nil, err
	}
	token := v.r.PostFormValue("token")
	var i *store.Invitation
	err = v.DB.View(ctx, func(tx *store.Tx) error {
		i, err = tx.InvitationOf(ctx, token)
		return err
	})
	if errors.Is(err, federation.ErrNotFound) {
		return v.invitationOver(), nil
	}
	if err != nil {
		return nil, err
	}
	f := v.posted()
	a := v.invitedAccount(f, i)
	if len(f.mistakes) == 0 {
		if err := v.join(ctx, f, a, i, v.r.PostFormValue("password")); err != nil {
			return nil, err
		}
	}
	if len(f.mistakes) > 0 {
		err = v.DB.View(ctx, func(tx *store.Tx) error {
			p, err = v.invitedForm(ctx, tx, f, i, token)
			return err
		})
		return p, err
	}
	return v.welcome(ctx, a, "/feed?done=joined")
}

// invitedAccount reads the form. What the account may do, only the invitation
// says.
func (v *visit) invitedAccount(f *form, i *store.Invitation) *store.Account {
	a := &store.Account{
		Name: strings.ToLower(strings.TrimSpace(f.Value("username"))), Email: f.email("email"),
		Role: i.Role, Locale: f.Value("language"), InvitedBy: i.Account,
	}
	if !slices.Contains(locale.Languages(), a.Locale) {
		a.Locale = locale.Default
	}
	if cut(f.Value("name"), 100) == "" {
		f.wrong("name", "error_name_missing")
	}
	if a.Email == "" && f.Value("password") == "" {
		f.wrong("email", "form_email_or_password")
	}
	password := f.Value("password")
	if id := badPassword(password, a.Name, a.Email); id != "" && (password != "" || !v.Mail) {
		f.wrong("password", id)
	}
	if f.Value("agreed") == "" {
		f.wrong("agreed", "form_agreed_missing")
	}
	return a
}

// join makes the account and its person, and counts the invitation as used.
func (v *visit) join(ctx context.Context, f *form, a *store.Account, i *store.Invitation, password string) error {
	if password != "" {
		hash, err := v.passwords.hash(ctx, password)
		if err != nil {
			return err
		}
		a.Password = hash
	}
	if a.Email != "" {
		err := v.DB.View(ctx, func(tx *store.Tx) error {
			_, err := tx.AccountByEmail(ctx, a.Email)
			return err
		})
		if err == nil {
			f.wrong("email", "form_email_taken")
			return nil
		}
		if !errors.Is(err, federation.ErrNotFound) {
			return err
		}
	}
	ctx = store.Acting(ctx, 0, a.Name)
	spec := outbox.ActorSpec{Type: "Person", Username: a.Name, Name: cut(f.Value("name"), 100)}
	return v.makeActor(ctx, f, spec, func(tx *store.Tx, person *federation.Actor) error {
		if err := tx.UseInvitation(ctx, i.ID); err != nil {
			return err
		}
		a.Name, a.Person = person.Username, person.ID
		return tx.AddAccount(ctx, a)
	})
}
