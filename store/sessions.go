// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// Secrets that stand for an account: sessions of a browser, links that sign in
// once, and bearer tokens. Each has 260 random bits and is returned once; what
// is kept is its SHA-256, so that whoever reads the database signs in nowhere.

// newSecret returns a secret and what is kept of it.
func newSecret() (secret, kept string) {
	secret = rand.Text() + rand.Text() // 2 x 130 bits
	return secret, keptOf(secret)
}

func keptOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// secretAccount returns the account behind a secret, unless it is suspended.
func (tx *Tx) secretAccount(ctx context.Context, what, query string, args ...any) (*Account, error) {
	id, err := tx.number(ctx, query, args...)
	if err != nil {
		return nil, named(err, what, "of nobody")
	}
	a, err := tx.Account(ctx, id)
	if err == nil && a.Suspended {
		err = named(federation.ErrNotFound, what, "of a suspended account")
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}

// NewSession returns a fresh secret that stands for an account.
func (tx *Tx) NewSession(ctx context.Context, account int64, lifetime time.Duration, userAgent string) (secret string, err error) {
	secret, kept := newSecret()
	if len(userAgent) > 200 {
		userAgent = userAgent[:200]
	}
	_, err = tx.exec(ctx, `
		INSERT INTO sessions (token, account, created, last_seen, expires, user_agent) VALUES (?, ?, ?, ?, ?, ?)`,
		kept, account, tx.now, tx.now, tx.now.Add(lifetime), userAgent)
	return secret, named(err, "session of account", account)
}

// Session returns the account of a session that lasts; federation.ErrNotFound
// if there is none.
func (tx *Tx) Session(ctx context.Context, secret string) (*Account, error) {
	return tx.secretAccount(ctx, "session", `
		SELECT account FROM sessions WHERE token = ? AND expires > ?`, keptOf(secret), tx.now)
}

// TouchSession notes that a session is in use, and prolongs it to last as long
// again. When it was in use before is when the account was here last.
func (tx *Tx) TouchSession(ctx context.Context, secret string) error {
	_, err := tx.exec(ctx, `
		UPDATE accounts SET visited = COALESCE((SELECT s.last_seen FROM sessions s WHERE s.token = ?), 0)
		WHERE id = (SELECT s.account FROM sessions s WHERE s.token = ? AND s.expires > ?)`, keptOf(secret), keptOf(secret), tx.now)
	if err != nil {
		return err
	}
	n, err := tx.exec(ctx, `
		UPDATE sessions SET expires = expires + (? - last_seen), last_seen = ? WHERE token = ? AND expires > ?`,
		tx.now, tx.now, keptOf(secret), tx.now)
	return named(changed(n, err), "session", "of nobody")
}

// SessionSeen returns when a session was last in use.
func (tx *Tx) SessionSeen(ctx context.Context, secret string) (time.Time, error) {
	at, err := tx.number(ctx, `SELECT last_seen FROM sessions WHERE token = ?`, keptOf(secret))
	return moment(at), named(err, "session", "of nobody")
}

// SessionBegan returns when a session was opened.
func (tx *Tx) SessionBegan(ctx context.Context, secret string) (time.Time, error) {
	at, err := tx.number(ctx, `SELECT created FROM sessions WHERE token = ?`, keptOf(secret))
	return moment(at), named(err, "session", "of nobody")
}

// EndSession ends a session, if it lasts.
func (tx *Tx) EndSession(ctx context.Context, secret string) error {
	_, err := tx.exec(ctx, `DELETE FROM sessions WHERE token = ?`, keptOf(secret))
	return named(err, "session", "of nobody")
}

// EndSessions ends every session of an account.
func (tx *Tx) EndSessions(ctx context.Context, account int64) error {
	_, err := tx.exec(ctx, `DELETE FROM sessions WHERE account = ?`, account)
	return named(err, "sessions of account", account)
}

// A Device is a session as its owner sees it.
type Device struct {
	ID        string // not the secret
	UserAgent string
	Created   time.Time
	Seen      time.Time
}

// Devices lists the sessions of an account that last, the last used first.
func (tx *Tx) Devices(ctx context.Context, account int64) ([]Device, error) {
	return all(ctx, tx, func(r row) (d Device, err error) {
		var created, seen int64
		err = r.Scan(&d.ID, &d.UserAgent, &created, &seen)
		d.Created, d.Seen = moment(created), moment(seen)
		return d, err
	}, `
		SELECT token, user_agent, created, last_seen FROM sessions
		WHERE account = ? AND expires > ? ORDER BY last_seen DESC, token LIMIT 200`, account, tx.now)
}

// DeviceOf is the ID that the session of a secret has in the list of devices.
func DeviceOf(secret string) string { return keptOf(secret) }

// EndDevice ends one session of an account by its [Device.ID].
func (tx *Tx) EndDevice(ctx context.Context, account int64, id string) error {
	n, err := tx.exec(ctx, `DELETE FROM sessions WHERE account = ? AND token = ?`, account, id)
	if err = changed(n, err); err != nil {
		return named(err, "session", "of another account")
	}
	return tx.recordAbout(ctx, "session.end", account)
}

// EndOthers ends every session of an account but the one of a secret.
func (tx *Tx) EndOthers(ctx context.Context, account int64, secret string) error {
	_, err := tx.exec(ctx, `DELETE FROM sessions WHERE account = ? AND token <> ?`, account, keptOf(secret))
	if err != nil {
		return err
	}
	return tx.recordAbout(ctx, "session.end", account)
}

// endEverything leaves no secret that stands for an account.
func (tx *Tx) endEverything(ctx context.Context, account int64) error {
	for _, q := range []string{
		`DELETE FROM sessions WHERE account = ?`,
		`DELETE FROM tokens WHERE account = ?`,
		`DELETE FROM signins WHERE account = ?`,
		`DELETE FROM challenges WHERE account = ?`,
	} {
		if _, err := tx.exec(ctx, q, account); err != nil {
			return err
		}
	}
	return nil
}

// NewSignIn returns the secret of a link that signs in once.
func (tx *Tx) NewSignIn(ctx context.Context, account int64, lifetime time.Duration) (secret string, err error) {
	secret, kept := newSecret()
	_, err = tx.exec(ctx, `INSERT INTO signins (token, account, created, expires) VALUES (?, ?, ?, ?)`,
		kept, account, tx.now, tx.now.Add(lifetime))
	return secret, named(err, "sign-in of account", account)
}

// SignIn returns the account of a link that was not used, without using it:
// for the page that asks whether to.
func (tx *Tx) SignIn(ctx context.Context, secret string) (*Account, error) {
	return tx.secretAccount(ctx, "sign-in", `
		SELECT account FROM signins WHERE token = ? AND used = 0 AND expires > ?`, keptOf(secret), tx.now)
}

// UseSignIn uses a link up and returns its account; federation.ErrNotFound if
// it was used, or is too old.
func (tx *Tx) UseSignIn(ctx context.Context, secret string) (*Account, error) {
	return tx.secretAccount(ctx, "sign-in", `
		UPDATE signins SET used = ? WHERE token = ? AND used = 0 AND expires > ? RETURNING account`,
		tx.now, keptOf(secret), tx.now)
}
