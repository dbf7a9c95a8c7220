// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// linkLifetime is how long a sign-in link lasts.
const linkLifetime = 24 * time.Hour

// roles are those an account can have.
var roles = []string{store.RoleMember, store.RoleEditor, store.RoleModerator, store.RoleAdmin}

// accountsData is what the page of accounts shows.
type accountsData struct {
	Form     *form
	Accounts []accountLine
	Roles    []option
	Rules    []roleLine
	Link     string // to sign in once, shown this one time
	LinkFor  string
}

// An accountLine is one account in the list.
type accountLine struct {
	*store.Account
	Roles []option
	Self  bool
}

func (v *visit) accounts(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.accountsPage(ctx, tx, v.form(url.Values{"role": {store.RoleMember}}), "", "")
}

func (v *visit) accountsPage(ctx context.Context, tx *store.Tx, f *form, link, linkFor string) (*page, error) {
	list, err := tx.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	d := accountsData{Form: f, Roles: options(v.words, "page_role_", roles), Rules: v.roleLines(roles), Link: link, LinkFor: linkFor}
	for _, a := range list {
		line := accountLine{Account: a, Roles: options(v.words, "page_role_", roles), Self: a.ID == v.account.ID}
		for i := range line.Roles {
			line.Roles[i].Chosen = line.Roles[i].Value == a.Role
		}
		d.Accounts = append(d.Accounts, line)
	}
	return &page{Name: "accounts", Title: v.words.T("page_accounts"), Data: d, NoIndex: true, Problems: f.mistakes}, nil
}

// showAccounts shows the accounts after something was done to one.
func (v *visit) showAccounts(ctx context.Context, f *form, link, linkFor string) (p *page, err error) {
	err = v.DB.View(ctx, func(tx *store.Tx) error {
		p, err = v.accountsPage(ctx, tx, f, link, linkFor)
		return err
	})
	return p, err
}

// addAccount makes a login and its Person, and shows the link that signs in
// once.
func (v *visit) addAccount(ctx context.Context) (*page, error) {
	f := v.posted()
	email := f.email("email")
	role := f.Value("role")
	if !slices.Contains(roles, role) {
		f.wrong("role", "form_role_wrong")
	}
	var link, name string
	if len(f.mistakes) == 0 {
		name = strings.ToLower(strings.TrimSpace(f.Value("username")))
		spec := outbox.ActorSpec{Type: "Person", Username: name, Name: cut(f.Value("name"), 100)}
		err := v.makeActor(ctx, f, spec, func(tx *store.Tx, person *federation.Actor) error {
			a := &store.Account{Name: person.Username, Email: email, Role: role, Person: person.ID, Locale: locale.Default}
			err := tx.AddAccount(ctx, a)
			if err == nil {
				link, err = v.signInURL(ctx, tx, a.ID)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if len(f.mistakes) == 0 {
		f = v.form(url.Values{"role": {store.RoleMember}})
	}
	return v.showAccounts(ctx, f, link, name)
}

// signInURL makes a link that signs an account in once.
func (v *visit) signInURL(ctx context.Context, tx *store.Tx, account int64) (string, error) {
	secret, err := tx.NewSignIn(ctx, account, linkLifetime)
	return v.Origin + "/sign-in/link?token=" + url.QueryEscape(secret), err
}

// changeAccount changes the role of an account, suspends it, or makes it a new
// sign-in link. Nobody takes their own rights away by mistake.
func (v *visit) changeAccount(ctx context.Context) (*page, error) {
	id, err := strconv.ParseInt(v.r.PathValue("account"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("account: %w", federation.ErrNotFound)
	}
	var link, name string
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		a, err := tx.Account(ctx, id)
		if err != nil {
			return err
		}
		name = a.Name
		switch action := v.r.PostFormValue("action"); {
		case action == "link":
			link, err = v.signInURL(ctx, tx, a.ID)
			return err
		case a.ID == v.account.ID:
			return fmt.Errorf("%w: one's own account", federation.ErrConflict)
		case action == "role" && slices.Contains(roles, v.r.PostFormValue("role")):
			a.Role = v.r.PostFormValue("role")
		case action == "suspend", action == "restore":
			a.Suspended = action == "suspend"
		default:
			return fmt.Errorf("%w: action", federation.ErrMalformed)
		}
		return tx.UpdateAccount(ctx, a)
	})
	if errors.Is(err, store.ErrLastAdmin) {
		f := v.form(url.Values{"role": {store.RoleMember}})
		f.wrong("role-"+strconv.FormatInt(id, 10), "form_last_admin")
		return v.showAccounts(ctx, f, "", "")
	}
	if err != nil {
		return nil, err
	}
	if link != "" {
		return v.showAccounts(ctx, v.form(url.Values{"role": {store.RoleMember}}), link, name)
	}
	return see("/settings/accounts", "saved"), nil
}
