// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"codeberg.org/maillage/maillage/federation"
)

// Roles of an account, from most to least.
const (
	RoleAdmin     = "admin"
	RoleEditor    = "editor"
	RoleModerator = "moderator"
	RoleMember    = "member"
)

// An Account is a login here.
type Account struct {
	ID        int64
	Name      string // in lower case
	Email     string // in lower case
	Role      string // one of the RoleXxx constants
	Password  string // a hash; empty: signs in by link
	Person    federation.IRI
	Locale    string
	Suspended bool
	Created   time.Time
}

type accountRow struct {
	bun.BaseModel `bun:"table:accounts,alias:a"`

	ID        int64 `bun:",pk,autoincrement"`
	Name      string
	Email     string
	Role      string
	Password  string
	Person    federation.IRI
	Locale    string
	Suspended int
	Created   int64
}

func (r *accountRow) account() *Account {
	return &Account{
		ID: r.ID, Name: r.Name, Email: r.Email, Role: r.Role, Password: r.Password, Person: r.Person,
		Locale: r.Locale, Suspended: r.Suspended != 0, Created: moment(r.Created),
	}
}

// accountForm is the form that names and addresses are compared in.
func accountForm(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// AddAccount stores a new account and sets its ID and Created:
// federation.ErrConflict if its name or address is taken.
func (tx *Tx) AddAccount(ctx context.Context, a *Account) error {
	a.Name, a.Email = accountForm(a.Name), accountForm(a.Email)
	if a.Created.IsZero() {
		a.Created = tx.now
	}
	id, err := tx.number(ctx, `
		INSERT INTO accounts (name, email, role, password, person, locale, suspended, created)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING RETURNING id`,
		a.Name, a.Email, a.Role, a.Password, a.Person, a.Locale, a.Suspended, a.Created)
	if errors.Is(err, federation.ErrNotFound) {
		return fmt.Errorf("account %s: %w: the name or address is taken", a.Name, federation.ErrConflict)
	}
	a.ID = id
	return named(err, "account", a.Name)
}

// UpdateAccount stores everything of an account but its name, password and
// time. A suspended account has no sessions and no tokens.
func (tx *Tx) UpdateAccount(ctx context.Context, a *Account) error {
	a.Email = accountForm(a.Email)
	taken, err := tx.exists(ctx, `SELECT 1 FROM accounts WHERE email = ? AND email <> '' AND id <> ?`, a.Email, a.ID)
	if err != nil {
		return err
	}
	if taken {
		return fmt.Errorf("account %s: %w: the address is taken", a.Name, federation.ErrConflict)
	}
	n, err := tx.exec(ctx, `
		UPDATE accounts SET email = ?, role = ?, person = ?, locale = ?, suspended = ? WHERE id = ?`,
		a.Email, a.Role, a.Person, a.Locale, a.Suspended, a.ID)
	if err = changed(n, err); err != nil {
		return named(err, "account", a.ID)
	}
	if a.Suspended {
		return tx.endEverything(ctx, a.ID)
	}
	return nil
}

// Account returns an account by its number.
func (tx *Tx) Account(ctx context.Context, id int64) (*Account, error) {
	return tx.account(ctx, "id", id)
}

// AccountByName returns an account, whatever the case of name.
func (tx *Tx) AccountByName(ctx context.Context, name string) (*Account, error) {
	return tx.account(ctx, "name", accountForm(name))
}

// AccountByEmail returns an account, whatever the case of its address.
func (tx *Tx) AccountByEmail(ctx context.Context, email string) (*Account, error) {
	if email = accountForm(email); email == "" {
		return nil, named(federation.ErrNotFound, "account", email)
	}
	return tx.account(ctx, "email", email)
}

// AccountByPerson returns the account whose actor person is.
func (tx *Tx) AccountByPerson(ctx context.Context, person federation.IRI) (*Account, error) {
	if person == "" {
		return nil, named(federation.ErrNotFound, "account", person)
	}
	return tx.account(ctx, "person", string(person))
}

func (tx *Tx) account(ctx context.Context, column string, value any) (*Account, error) {
	var r accountRow
	err := tx.bun.NewSelect().Model(&r).Where("? = ?", bun.Ident(column), value).Limit(1).Scan(tx.within(ctx))
	if err != nil {
		return nil, named(err, "account", value)
	}
	return r.account(), nil
}

// Accounts returns every account in the order of their names.
func (tx *Tx) Accounts(ctx context.Context) ([]*Account, error) {
	var rows []*accountRow
	if err := tx.bun.NewSelect().Model(&rows).Order("name").Scan(tx.within(ctx)); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	var list []*Account
	for _, r := range rows {
		list = append(list, r.account())
	}
	return list, nil
}

// SetPassword stores the hash of a password and ends every session, token and
// sign-in link: whoever knew the old one is out.
func (tx *Tx) SetPassword(ctx context.Context, account int64, hash string) error {
	n, err := tx.exec(ctx, `UPDATE accounts SET password = ? WHERE id = ?`, hash, account)
	if err = changed(n, err); err != nil {
		return named(err, "account", account)
	}
	return tx.endEverything(ctx, account)
}

// Grant lets an account speak for one more of our actors.
func (tx *Tx) Grant(ctx context.Context, account int64, actor federation.IRI) error {
	_, err := tx.exec(ctx, `
		INSERT INTO account_actors (account, actor) VALUES (?, ?)
		ON CONFLICT (account, actor) DO NOTHING`, account, actor)
	return named(err, "grant of", actor)
}

// Revoke ends what Grant began.
func (tx *Tx) Revoke(ctx context.Context, account int64, actor federation.IRI) error {
	if _, err := tx.exec(ctx, `DELETE FROM tokens WHERE account = ? AND actor = ?`, account, actor); err != nil {
		return err
	}
	_, err := tx.exec(ctx, `DELETE FROM account_actors WHERE account = ? AND actor = ?`, account, actor)
	return named(err, "grant of", actor)
}

// Speaks returns the actors an account may speak for, its person first. Those
// who are administrators or editors speak for the initiative and its circuits.
func (tx *Tx) Speaks(ctx context.Context, a *Account) ([]*federation.Actor, error) {
	if a.Suspended {
		return nil, nil
	}
	shared := a.Role == RoleAdmin || a.Role == RoleEditor
	return all(ctx, tx, scanActor, `
		SELECT `+actorColumns+` FROM actors a
		WHERE a.local = 1 AND a.gone = 0 AND (a.id = ? OR ? = 1 AND a.type IN ('Organization', 'Group')
			OR a.id IN (SELECT g.actor FROM account_actors g WHERE g.account = ?))
		ORDER BY CASE WHEN a.id = ? THEN 0 ELSE 1 END, a.seq`, a.Person, shared, a.ID, a.Person)
}

// MaySpeak reports whether an account may speak for actor.
func (tx *Tx) MaySpeak(ctx context.Context, a *Account, actor federation.IRI) (bool, error) {
	list, err := tx.Speaks(ctx, a)
	for _, s := range list {
		if s.ID == actor {
			return true, nil
		}
	}
	return false, err
}
