// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// A Token is a bearer token as its owner sees it.
type Token struct {
	ID      string // not the secret
	Name    string
	Actor   federation.IRI // for whom it speaks
	Created time.Time
	Used    time.Time // to about a day; zero: never
}

// maxTokens is how many tokens an account has.
const maxTokens = 50

// NewToken returns a bearer token with which an account speaks for actor.
// federation.ErrConflict if the account has too many.
func (tx *Tx) NewToken(ctx context.Context, account int64, actor federation.IRI, name string) (secret string, err error) {
	n, err := tx.number(ctx, `SELECT COUNT(*) FROM tokens WHERE account = ?`, account)
	if err != nil {
		return "", err
	}
	if n >= maxTokens {
		return "", named(federation.ErrConflict, "too many tokens of account", account)
	}
	secret, kept := newSecret()
	_, err = tx.exec(ctx, `INSERT INTO tokens (token, account, actor, created, name) VALUES (?, ?, ?, ?, ?)`,
		kept, account, actor, tx.now, name)
	if err != nil {
		return "", named(err, "token of account", account)
	}
	return secret, tx.Record(ctx, Deed{Verb: "token.add", Actor: actor, Object: name})
}

// Tokens lists the bearer tokens of an account, the newest first.
func (tx *Tx) Tokens(ctx context.Context, account int64) ([]Token, error) {
	return all(ctx, tx, func(r row) (t Token, err error) {
		var created, used int64
		err = r.Scan(&t.ID, &t.Name, &t.Actor, &created, &used)
		t.Created, t.Used = moment(created), moment(used)
		return t, err
	}, `SELECT token, name, actor, created, used FROM tokens WHERE account = ? ORDER BY created DESC, token`, account)
}

// Token returns the account of a bearer token, and the actor it speaks for.
// Whether it still may is [Tx.MaySpeak]'s to say.
func (tx *Tx) Token(ctx context.Context, secret string) (*Account, federation.IRI, error) {
	a, err := tx.secretAccount(ctx, "token", `SELECT account FROM tokens WHERE token = ?`, keptOf(secret))
	if err != nil {
		return nil, "", err
	}
	actor, err := first(ctx, tx, column[federation.IRI], `SELECT actor FROM tokens WHERE token = ?`, keptOf(secret))
	return a, actor, named(err, "token", "of nobody")
}

// UseToken notes that a token is in use, unless that was noted within a day.
func (tx *Tx) UseToken(ctx context.Context, secret string) error {
	_, err := tx.exec(ctx, `UPDATE tokens SET used = ? WHERE token = ? AND used < ?`,
		tx.now, keptOf(secret), tx.now.Add(-24*time.Hour))
	return named(err, "token", "of nobody")
}

// DropToken ends a bearer token.
func (tx *Tx) DropToken(ctx context.Context, secret string) error {
	_, err := tx.exec(ctx, `DELETE FROM tokens WHERE token = ?`, keptOf(secret))
	return named(err, "token", "of nobody")
}

// EndToken ends a token of an account by its [Token.ID].
func (tx *Tx) EndToken(ctx context.Context, account int64, id string) error {
	n, err := tx.exec(ctx, `DELETE FROM tokens WHERE account = ? AND token = ?`, account, id)
	if err = changed(n, err); err != nil {
		return named(err, "token", "of another account")
	}
	return tx.recordAbout(ctx, "token.end", account)
}
