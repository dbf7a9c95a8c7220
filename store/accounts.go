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
	Notify    string    // by mail: one of the MailXxx constants
	Visited   time.Time // the last use before the present visit; zero: this is the first
	InvitedBy int64     // an account, which may be gone; 0: nobody
	Remind    string    // of events they come to: words out of RemindXxx
	TOTP      string    // the secret of one-time codes
	TOTPSince time.Time // when that was confirmed; zero: it is not in use
}

// When an account is told by mail what is also a notice.
const (
	MailNone   = "none"
	MailDirect = "direct" // at once
	MailDaily  = "daily"  // all of a day together
)

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

	NotifyMail string
	Visited    int64
	InvitedBy  int64
	Remind     string
	TOTP       string `bun:"totp"`
	TOTPSince  int64  `bun:"totp_since"`
	TOTPStep   int64  `bun:"totp_step"`
}

func (r *accountRow) account() *Account {
	return &Account{
		ID: r.ID, Name: r.Name, Email: r.Email, Role: r.Role, Password: r.Password, Person: r.Person,
		Locale: r.Locale, Suspended: r.Suspended != 0, Created: moment(r.Created), Notify: r.NotifyMail,
		Visited: moment(r.Visited), InvitedBy: r.InvitedBy, Remind: r.Remind, TOTP: r.TOTP, TOTPSince: moment(r.TOTPSince),
	}
}

// accountForm is the form that names and addresses are compared in.
func accountForm(s string) string { return strings.ToLower(strings.TrimSpace(clean(s))) }

// AddAccount stores a new account and sets its ID and Created:
// federation.ErrConflict if its name or address is taken.
func (tx *Tx) AddAccount(ctx context.Context, a *Account) error {
	a.Name, a.Email = accountForm(a.Name), accountForm(a.Email)
	if a.Created.IsZero() {
		a.Created = tx.now
	}
	switch {
	case a.Notify != "":
	case a.Email == "":
		a.Notify = MailNone
	default: // whoever gave an address wants to hear of an answer
		a.Notify = MailDaily
	}
	id, err := tx.number(ctx, `
		INSERT INTO accounts (name, email, role, password, person, locale, suspended, created, notify_mail, invited_by)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING RETURNING id`,
		a.Name, a.Email, a.Role, a.Password, a.Person, a.Locale, a.Suspended, a.Created, a.Notify, a.InvitedBy)
	if errors.Is(err, federation.ErrNotFound) {
		return fmt.Errorf("account %s: %w: the name or address is taken", a.Name, federation.ErrConflict)
	}
	if err != nil {
		return named(err, "account", a.Name)
	}
	a.ID = id
	return tx.Record(ctx, Deed{Verb: "account.add", Actor: a.Person, Object: a.Name, Detail: a.Role})
}

// UpdateAccount stores everything of an account but its name, password and
// time. A suspended account has no sessions and no tokens. The last
// administrator stays one: federation.ErrConflict.
func (tx *Tx) UpdateAccount(ctx context.Context, a *Account) error {
	a.Email = accountForm(a.Email)
	old, err := tx.Account(ctx, a.ID)
	if err != nil {
		return err
	}
	if a.Role != RoleAdmin || a.Suspended {
		if err := tx.notTheLast(ctx, old); err != nil {
			return err
		}
	}
	taken, err := tx.exists(ctx, `SELECT 1 FROM accounts WHERE email = ? AND email <> '' AND id <> ?`, a.Email, a.ID)
	if err != nil {
		return err
	}
	if taken {
		return fmt.Errorf("account %s: %w: the address is taken", a.Name, federation.ErrConflict)
	}
	if a.Notify == "" {
		a.Notify = MailNone
	}
	n, err := tx.exec(ctx, `
		UPDATE accounts SET email = ?, role = ?, person = ?, locale = ?, suspended = ?, notify_mail = ?, remind = ? WHERE id = ?`,
		a.Email, a.Role, a.Person, a.Locale, a.Suspended, a.Notify, a.Remind, a.ID)
	if err = changed(n, err); err != nil {
		return named(err, "account", a.ID)
	}
	if err := tx.recordAccount(ctx, old, a); err != nil {
		return err
	}
	if a.Suspended {
		return tx.endEverything(ctx, a.ID)
	}
	return nil
}

// notTheLast refuses what would leave nobody to look after the instance.
func (tx *Tx) notTheLast(ctx context.Context, a *Account) error {
	if a.Role != RoleAdmin || a.Suspended {
		return nil
	}
	if err := tx.Lock(ctx, "accounts"); err != nil { // two at once might each think of the other
		return err
	}
	others, err := tx.exists(ctx, `SELECT 1 FROM accounts WHERE role = ? AND suspended = 0 AND id <> ?`, RoleAdmin, a.ID)
	if err == nil && !others {
		err = fmt.Errorf("account %s: %w: %w", a.Name, ErrLastAdmin, federation.ErrConflict)
	}
	return err
}

// ErrLastAdmin says that somebody has to be an administrator.
var ErrLastAdmin = errors.New("the last administrator")

// recordAccount notes what of an account was changed.
func (tx *Tx) recordAccount(ctx context.Context, old, a *Account) error {
	d := Deed{Actor: a.Person, Object: a.Name}
	switch {
	case old.Role != a.Role:
		d.Verb, d.Detail = "account.role", old.Role+" → "+a.Role
	case old.Suspended != a.Suspended && a.Suspended:
		d.Verb = "account.suspend"
	case old.Suspended != a.Suspended:
		d.Verb = "account.restore"
	case old.Email != a.Email:
		d.Verb = "account.email"
	default:
		return nil
	}
	return tx.Record(ctx, d)
}

// RemoveAccount removes an account with every secret that stands for it. Its
// person is an actor, which deletes itself.
func (tx *Tx) RemoveAccount(ctx context.Context, id int64) error {
	a, err := tx.Account(ctx, id)
	if err != nil {
		return err
	}
	if err := tx.notTheLast(ctx, a); err != nil {
		return err
	}
	if err := tx.Record(ctx, Deed{Verb: "account.delete", Actor: a.Person, Object: a.Name}); err != nil {
		return err
	}
	if err := tx.dropPictures(ctx, a); err != nil {
		return err
	}
	for _, q := range []string{
		`DELETE FROM challenges WHERE account = ?`,
		`DELETE FROM invitations WHERE account = ?`,
		`DELETE FROM follow_wishes WHERE account = ?`,
		`UPDATE accounts SET invited_by = 0 WHERE invited_by = ?`,
	} {
		if _, err := tx.exec(ctx, q, id); err != nil {
			return err
		}
	}
	_, err = tx.exec(ctx, `DELETE FROM accounts WHERE id = ?`, id) // the rest goes along
	return named(err, "account", id)
}

// dropPictures removes the pictures of an account, but those on what it
// published in the name of others: these stay, as nobody's.
func (tx *Tx) dropPictures(ctx context.Context, a *Account) error {
	_, err := tx.exec(ctx, `
		DELETE FROM media WHERE account = ? AND NOT EXISTS (
			SELECT 1 FROM audit u JOIN objects o ON o.id = u.object AND o.gone = 0
			JOIN object_documents d ON d.object = o.seq
			WHERE u.account = ? AND o.attributed_to <> ? AND d.data LIKE '%/media/' || media.id || '%')
		AND NOT EXISTS (SELECT 1 FROM actors p WHERE p.local = 1 AND p.id <> ? AND p.data LIKE '%/media/' || media.id || '%')`,
		a.ID, a.ID, a.Person, a.Person)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, `UPDATE media SET account = 0 WHERE account = ?`, a.ID)
	return err
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
	if err := tx.recordAbout(ctx, "account.password", account); err != nil {
		return err
	}
	return tx.endEverything(ctx, account)
}

// Grant lets an account speak for one more of our actors.
func (tx *Tx) Grant(ctx context.Context, account int64, actor federation.IRI) error {
	_, err := tx.exec(ctx, `
		INSERT INTO account_actors (account, actor) VALUES (?, ?)
		ON CONFLICT (account, actor) DO NOTHING`, account, actor)
	if err != nil {
		return named(err, "grant of", actor)
	}
	return tx.recordGrant(ctx, "account.grant", account, actor)
}

// Revoke ends what Grant began.
func (tx *Tx) Revoke(ctx context.Context, account int64, actor federation.IRI) error {
	if _, err := tx.exec(ctx, `DELETE FROM tokens WHERE account = ? AND actor = ?`, account, actor); err != nil {
		return err
	}
	n, err := tx.exec(ctx, `DELETE FROM account_actors WHERE account = ? AND actor = ?`, account, actor)
	if err != nil || n == 0 {
		return named(err, "grant of", actor)
	}
	return tx.recordGrant(ctx, "account.revoke", account, actor)
}

func (tx *Tx) recordGrant(ctx context.Context, verb string, account int64, actor federation.IRI) error {
	a, err := tx.Account(ctx, account)
	if errors.Is(err, federation.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return tx.Record(ctx, Deed{Verb: verb, Actor: actor, Object: a.Name})
}

// Granted returns the accounts that were granted to speak for an actor.
func (tx *Tx) Granted(ctx context.Context, actor federation.IRI) ([]*Account, error) {
	ids, err := all(ctx, tx, column[int64], `SELECT account FROM account_actors WHERE actor = ? ORDER BY account LIMIT 500`, actor)
	if err != nil {
		return nil, err
	}
	var list []*Account
	for _, id := range ids {
		a, err := tx.Account(ctx, id)
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, nil
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
