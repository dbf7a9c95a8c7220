// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// signInData is what the page of signing in shows.
type signInData struct {
	Form   *form
	Next   string
	Action string // what was to be sent when the session was over
	Kept   []pair // its fields
	Token  string // of a sign-in link
	Safe   bool   // the form is kept as a draft, whatever happens here
	Lost   bool   // a photo was not kept
	Mail   bool   // a link can be sent
}

// A pair is a field of a form that is kept for later.
type pair struct{ Name, Value string }

func (v *visit) signInPage(context.Context, *store.Tx) (*page, error) {
	if v.account != nil {
		return see(localPath(v.r.URL.Query().Get("next")), ""), nil
	}
	return v.signInForm(signInData{Next: localPath(v.r.URL.Query().Get("next"))}), nil
}

func (v *visit) signInForm(d signInData) *page {
	if d.Form == nil {
		d.Form = v.form(url.Values{})
	}
	d.Mail = v.Mail
	return &page{Name: "signin", Title: v.words.T("page_sign_in"), Data: d, NoIndex: true, Problems: d.Form.mistakes}
}

// askToSignIn answers whoever must sign in first. A form that was sent when
// the session was over is kept, to be sent again.
func (v *visit) askToSignIn() *page {
	if v.r.Method == http.MethodGet || v.r.Method == http.MethodHead {
		return see("/sign-in?next="+url.QueryEscape(localPath(v.r.URL.RequestURI())), "")
	}
	f := v.posted()
	draft, lost, err := v.rescue(v.r.Context(), f)
	if err != nil {
		v.Log.ErrorContext(v.r.Context(), "keep a form", "err", err)
	}
	if draft != nil {
		f.values.Set("draft", draft.ID)
	}
	d := signInData{
		Next: "/", Action: localPath(v.r.URL.RequestURI()), Kept: keep(f.values), Safe: draft != nil, Lost: lost || err != nil && v.files("photo.file") != nil,
	}
	p := v.signInForm(d)
	p.Status = http.StatusUnauthorized
	return p
}

// maxKept is how many fields of a form are kept.
const maxKept = 300

// keep lists the fields of a form, but no password.
func keep(values url.Values) []pair {
	var all []pair
	for name, list := range values {
		if strings.Contains(name, "password") || len(name) > 100 {
			continue
		}
		for _, value := range list {
			if len(all) < maxKept {
				all = append(all, pair{name, value})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b pair) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// signIn checks name and password.
func (v *visit) signIn(ctx context.Context) (*page, error) {
	name := strings.ToLower(strings.TrimSpace(v.r.PostFormValue("name")))
	if err := v.limitSignIn(name); err != nil {
		return nil, err
	}
	account, err := v.accountOf(ctx, name)
	if err != nil {
		return nil, err
	}
	ok, err := v.passwords.match(ctx, v.r.PostFormValue("password"), account.Password)
	if err != nil {
		return nil, err
	}
	if !ok || account.Suspended {
		f := v.form(url.Values{"name": {v.r.PostFormValue("name")}})
		f.wrong("name", "form_sign_in_wrong")
		return v.signInForm(signInData{Form: f, Next: localPath(v.r.PostFormValue("next")), Action: v.action(), Kept: v.kept()}), nil
	}
	return v.halfIn(ctx, account, localPath(v.r.PostFormValue("next")))
}

// limitSignIn counts attempts by network and by name, known or not.
func (v *visit) limitSignIn(name string) error {
	now := v.Now()
	if wait, ok := v.signIns.allow("net "+network(v.r), now); !ok {
		return v.tooMany(wait)
	}
	if len(name) > 320 {
		name = name[:320]
	}
	if wait, ok := v.signIns.allow("name "+name, now); name != "" && !ok {
		return v.tooMany(wait)
	}
	return nil
}

// accountOf finds an account by its name or mail address; one without a
// password if there is none.
func (v *visit) accountOf(ctx context.Context, name string) (account *store.Account, err error) {
	err = v.DB.View(ctx, func(tx *store.Tx) error {
		if strings.Contains(name, "@") {
			account, err = tx.AccountByEmail(ctx, name)
		} else {
			account, err = tx.AccountByName(ctx, name)
		}
		return err
	})
	if errors.Is(err, federation.ErrNotFound) {
		return &store.Account{}, nil
	}
	return account, err
}

// welcome opens the session, then goes on to next or sends again what was
// kept.
func (v *visit) welcome(ctx context.Context, account *store.Account, next string) (*page, error) {
	var secret string
	err := v.DB.Update(ctx, func(tx *store.Tx) (err error) {
		secret, err = v.open(ctx, tx, account.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	return v.admitted(account, secret, next), nil
}

func (v *visit) admitted(account *store.Account, secret, next string) *page {
	v.setSession(secret)
	action := v.action()
	if action == "" {
		if d := v.interrupted(v.r.Context(), account); d != nil {
			v.account = account
			return v.resumePage(d)
		}
		return see(next, "")
	}
	v.account = account
	d := &store.Draft{Kind: otherForm, Action: action, Fields: map[string][]string{}}
	for _, p := range v.kept() {
		d.Fields[p.Name] = append(d.Fields[p.Name], p.Value)
	}
	d.Title, d.ID = cut(at(d.Fields["title"], 0), 120), at(d.Fields["draft"], 0)
	delete(d.Fields, "draft")
	if kind, ok := v.resumableKind(action); ok {
		d.Kind = kind
	}
	return v.resumePage(d)
}

// action returns what was to be done when the session was over, if anything.
func (v *visit) action() string {
	if a := localPath(v.r.PostFormValue("kept.action")); a != "/" {
		return a
	}
	return ""
}

// kept returns the fields of what was to be done.
func (v *visit) kept() []pair {
	inner := url.Values{}
	for name, list := range v.r.PostForm {
		if field, ok := strings.CutPrefix(name, "kept.field."); ok {
			inner[field] = list
		}
	}
	return keep(inner)
}

// signInLinkPage shows a button: a link that signed in by itself would be used
// up by the programs that look at mail first.
func (v *visit) signInLinkPage(context.Context, *store.Tx) (*page, error) {
	d := signInData{Token: v.r.URL.Query().Get("token"), Next: localPath(v.r.URL.Query().Get("next"))}
	return &page{Name: "signin_link", Title: v.words.T("page_sign_in"), Data: d, NoIndex: true, hard: true}, nil
}

func (v *visit) signInLink(ctx context.Context) (*page, error) {
	if err := v.limitSignIn(""); err != nil {
		return nil, err
	}
	var account *store.Account
	err := v.DB.Update(ctx, func(tx *store.Tx) (err error) {
		if account, err = tx.UseSignIn(ctx, v.r.PostFormValue("token")); err != nil {
			return err
		}
		if account.Suspended {
			return federation.ErrNotFound
		}
		return nil
	})
	if errors.Is(err, federation.ErrNotFound) || errors.Is(err, federation.ErrGone) {
		return &page{Name: "signin_link", Title: v.words.T("page_sign_in"), Data: signInData{}, NoIndex: true, Status: http.StatusUnprocessableEntity}, nil
	}
	if err != nil {
		return nil, err
	}
	next := localPath(v.r.PostFormValue("next"))
	if next == "/" {
		next = v.landing(account)
	}
	return v.halfIn(ctx, account, next)
}

func (v *visit) signOut(ctx context.Context) (*page, error) {
	err := v.DB.Update(ctx, func(tx *store.Tx) error { return v.end(ctx, tx) })
	if err != nil {
		return nil, err
	}
	v.setSession("")
	return see("/", "signed_out"), nil
}
