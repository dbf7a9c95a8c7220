// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// accountData is what the page of one's own account shows.
type accountData struct {
	Form      *form
	Name      string
	Email     string
	Role      string
	Handle    string
	First     bool // there is no password yet
	Languages []option
	Sending   bool // mail is configured
	Notify    []option
	Remind    []option
}

func (v *visit) accountPage(context.Context, *store.Tx) (*page, error) {
	return v.accountForm(v.form(url.Values{"email": {v.account.Email}, "notify": {v.account.Notify}})), nil
}

// notifies are the ways to be told by mail.
var notifies = []string{store.MailNone, store.MailDirect, store.MailDaily}

func (v *visit) accountForm(f *form) *page {
	a := v.account
	d := accountData{
		Form: f, Name: a.Name, Email: a.Email, Role: v.words.T("page_role_" + a.Role), First: a.Password == "",
		Sending: v.Mail, Notify: options(v.words, "page_notify_", notifies), Remind: v.remindOptions(a.Remind),
	}
	for _, who := range v.voices {
		if who.ID == a.Person {
			d.Handle = "@" + handleOf(who)
		}
	}
	for _, lang := range locale.Languages() {
		d.Languages = append(d.Languages, option{Value: lang, Label: locale.New(lang).T("language_name"), Chosen: lang == v.words.Lang()})
	}
	return &page{Name: "account", Title: v.words.T("page_account"), Data: d, NoIndex: true, Problems: f.mistakes}
}

// changePassword sets a new password, which ends every other session.
func (v *visit) changePassword(ctx context.Context) (*page, error) {
	if err := v.limitSignIn(v.account.Name); err != nil {
		return nil, err
	}
	f := v.form(url.Values{"email": {v.account.Email}, "notify": {v.account.Notify}})
	password := v.r.PostFormValue("password.new")
	if v.account.Password != "" {
		ok, err := v.passwords.match(ctx, v.r.PostFormValue("password.old"), v.account.Password)
		if err != nil {
			return nil, err
		}
		if !ok {
			f.wrong("password.old", "form_password_wrong")
		}
	}
	if id := badPassword(password, v.account.Name, v.account.Email); id != "" {
		f.wrong("password.new", id)
	}
	if len(f.mistakes) > 0 {
		return v.accountForm(f), nil
	}
	hash, err := v.passwords.hash(ctx, password)
	if err != nil {
		return nil, err
	}
	var secret string
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		if err := tx.SetPassword(ctx, v.account.ID, hash); err != nil {
			return err
		}
		secret, err = tx.NewSession(ctx, v.account.ID, sessionLifetime, v.r.UserAgent())
		return err
	})
	if err != nil {
		return nil, err
	}
	v.setSession(secret)
	return see("/account", "password"), nil
}

// changeLanguage sets the language that pages are shown in.
func (v *visit) changeLanguage(ctx context.Context) (*page, error) {
	lang := v.r.PostFormValue("language")
	if !slices.Contains(locale.Languages(), lang) {
		lang = locale.Default
	}
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		a, err := tx.Account(ctx, v.account.ID)
		if err != nil {
			return err
		}
		a.Locale = lang
		return tx.UpdateAccount(ctx, a)
	})
	if err != nil {
		return nil, err
	}
	return see("/account", "saved"), nil
}

// changeMail sets where an account is reached by mail, and when.
func (v *visit) changeMail(ctx context.Context) (*page, error) {
	f := v.posted()
	email := f.email("email")
	notify := f.Value("notify")
	if !slices.Contains(notifies, notify) {
		f.wrong("notify", "form_notify_wrong")
	}
	if email == "" && notify != store.MailNone && len(f.mistakes) == 0 {
		f.wrong("email", "form_email_missing")
	}
	if len(f.mistakes) == 0 {
		err := v.DB.Update(ctx, func(tx *store.Tx) error {
			a, err := tx.Account(ctx, v.account.ID)
			if err != nil {
				return err
			}
			a.Email, a.Notify = email, notify
			return tx.UpdateAccount(ctx, a)
		})
		switch {
		case errors.Is(err, federation.ErrConflict):
			f.wrong("email", "form_email_taken")
		case err != nil:
			return nil, err
		}
	}
	if len(f.mistakes) > 0 {
		return v.accountForm(f), nil
	}
	return see("/account", "saved"), nil
}
