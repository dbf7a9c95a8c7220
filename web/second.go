// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"net/url"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// secondLifetime is how long the second step of a sign-in may take.
const secondLifetime = 10 * time.Minute

// Kinds of challenges: what somebody is in the middle of.
const (
	halfway   = "second"   // knows the password or has a link, not yet the second factor
	enrolling = "register" // makes a passkey
	asserting = "passkey"  // signs in with one
)

// secondData is what the page of the second step shows.
type secondData struct {
	Form     *form
	Next     string
	Action   string
	Kept     []pair
	Token    string // of the challenge
	TOTP     bool
	Passkeys bool
}

// halfIn goes on with somebody who knows the password or has a link: to the
// second step if the account asks for one.
func (v *visit) halfIn(ctx context.Context, account *store.Account, next string) (*page, error) {
	var token string
	var f store.Factors
	err := v.DB.Update(ctx, func(tx *store.Tx) (err error) {
		if f, err = tx.Factors(ctx, account.ID); err != nil || !f.Any() {
			return err
		}
		token, err = tx.NewChallenge(ctx, account.ID, halfway, next, secondLifetime)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case !f.Any():
		return v.welcome(ctx, account, next)
	}
	return v.secondPage(v.form(url.Values{}), token, f), nil
}

func (v *visit) secondPage(f *form, token string, factors store.Factors) *page {
	d := secondData{Form: f, Token: token, Action: v.action(), Kept: v.kept(), TOTP: factors.TOTP, Passkeys: factors.Passkeys > 0}
	return &page{Name: "second", Title: v.words.T("page_second"), Data: d, NoIndex: true, Problems: f.mistakes}
}

// signInSecond checks the second factor.
func (v *visit) signInSecond(ctx context.Context) (*page, error) {
	if err := v.limitSignIn(""); err != nil {
		return nil, err
	}
	token := v.r.PostFormValue("token")
	account, next, factors, err := v.halfway(ctx, token)
	if errors.Is(err, federation.ErrNotFound) {
		return v.startOver(), nil
	}
	if err != nil {
		return nil, err
	}
	if err := v.limitCode(account.ID); err != nil {
		return nil, err
	}
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		if err := v.useCode(ctx, tx, account.ID, v.r.PostFormValue("code")); err != nil {
			return err
		}
		_, err := tx.UseChallenge(ctx, halfway, token)
		return err
	})
	if errors.Is(err, federation.ErrNotFound) {
		f := v.form(url.Values{})
		f.wrong("code", "form_code_wrong")
		return v.secondPage(f, token, factors), nil
	}
	if err != nil {
		return nil, err
	}
	return v.welcome(ctx, account, next)
}

// halfway returns whose second step a token belongs to.
func (v *visit) halfway(ctx context.Context, token string) (account *store.Account, next string, f store.Factors, err error) {
	err = v.DB.View(ctx, func(tx *store.Tx) error {
		c, err := tx.Challenge(ctx, halfway, token)
		if err != nil {
			return err
		}
		if account, err = tx.Account(ctx, c.Account); err != nil {
			return err
		}
		if account.Suspended {
			return federation.ErrNotFound
		}
		next = localPath(c.Data)
		f, err = tx.Factors(ctx, c.Account)
		return err
	})
	return account, next, f, err
}

// startOver asks to sign in from the beginning: the second step took too long.
func (v *visit) startOver() *page {
	f := v.form(url.Values{})
	f.wrong("name", "form_second_over")
	return v.signInForm(signInData{Form: f, Next: "/", Action: v.action(), Kept: v.kept()})
}
