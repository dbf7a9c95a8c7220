// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// The second factor of an account: one-time codes, passkeys, and recovery
// codes for the day both are lost. Whether a code is right is for others to
// say; here it is used up.

// A Passkey is a key pair of a device. The private half never leaves it.
type Passkey struct {
	Credential string // its id in base64
	Account    int64
	Name       string
	Data       string // what verifies it, as JSON
	Created    time.Time
	Used       time.Time
}

// MaxPasskeys is how many passkeys an account has.
const MaxPasskeys = 20

// Passkeys lists the passkeys of an account, the oldest first.
func (tx *Tx) Passkeys(ctx context.Context, account int64) ([]Passkey, error) {
	return all(ctx, tx, func(r row) (p Passkey, err error) {
		var created, used int64
		err = r.Scan(&p.Credential, &p.Account, &p.Name, &p.Data, &created, &used)
		p.Created, p.Used = moment(created), moment(used)
		return p, err
	}, `
		SELECT credential, account, name, data, created, used FROM passkeys
		WHERE account = ? ORDER BY created, credential LIMIT ?`, account, MaxPasskeys)
}

// AddPasskey stores a passkey; federation.ErrConflict if it is known already.
func (tx *Tx) AddPasskey(ctx context.Context, p Passkey) error {
	have, err := tx.number(ctx, `SELECT COUNT(*) FROM passkeys WHERE account = ?`, p.Account)
	if err != nil {
		return err
	}
	if have >= MaxPasskeys {
		return named(federation.ErrConflict, "too many passkeys of account", p.Account)
	}
	n, err := tx.exec(ctx, `
		INSERT INTO passkeys (credential, account, name, data, created) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (credential) DO NOTHING`, p.Credential, p.Account, p.Name, p.Data, tx.now)
	if err != nil || n == 0 {
		return named(orConflict(err), "passkey of account", p.Account)
	}
	return tx.recordAbout(ctx, "passkey.add", p.Account)
}

func orConflict(err error) error {
	if err == nil {
		return federation.ErrConflict
	}
	return err
}

// UsePasskey stores what a passkey's use changed.
func (tx *Tx) UsePasskey(ctx context.Context, credential, data string) error {
	n, err := tx.exec(ctx, `UPDATE passkeys SET data = ?, used = ? WHERE credential = ?`, data, tx.now, credential)
	return named(changed(n, err), "passkey", credential)
}

// DropPasskey removes a passkey of an account. With the last second factor its
// recovery codes go.
func (tx *Tx) DropPasskey(ctx context.Context, account int64, credential string) error {
	n, err := tx.exec(ctx, `DELETE FROM passkeys WHERE account = ? AND credential = ?`, account, credential)
	if err = changed(n, err); err != nil {
		return named(err, "passkey of account", account)
	}
	if err := tx.tidyFactors(ctx, account); err != nil {
		return err
	}
	return tx.recordAbout(ctx, "passkey.end", account)
}

// SetTOTP stores the secret of one-time codes, not yet confirmed.
func (tx *Tx) SetTOTP(ctx context.Context, account int64, secret string) error {
	n, err := tx.exec(ctx, `UPDATE accounts SET totp = ?, totp_since = 0, totp_step = 0 WHERE id = ? AND totp_since = 0`, secret, account)
	return named(changed(n, err), "account", account)
}

// ConfirmTOTP puts the secret that was set into use.
func (tx *Tx) ConfirmTOTP(ctx context.Context, account int64) error {
	n, err := tx.exec(ctx, `UPDATE accounts SET totp_since = ? WHERE id = ? AND totp <> ''`, tx.now, account)
	if err = changed(n, err); err != nil {
		return named(err, "account", account)
	}
	return tx.recordAbout(ctx, "totp.add", account)
}

// UseTOTP uses a code up, by the number of its half minute: it and the older
// ones are worth nothing from now on. federation.ErrNotFound if they were not
// worth anything before.
func (tx *Tx) UseTOTP(ctx context.Context, account, step int64) error {
	n, err := tx.exec(ctx, `UPDATE accounts SET totp_step = ? WHERE id = ? AND totp_step < ?`, step, account, step)
	return named(changed(n, err), "one-time code of account", account)
}

// DropTOTP takes one-time codes out of use.
func (tx *Tx) DropTOTP(ctx context.Context, account int64) error {
	_, err := tx.exec(ctx, `UPDATE accounts SET totp = '', totp_since = 0, totp_step = 0 WHERE id = ?`, account)
	if err != nil {
		return named(err, "account", account)
	}
	if err := tx.tidyFactors(ctx, account); err != nil {
		return err
	}
	return tx.recordAbout(ctx, "totp.end", account)
}

// tidyFactors leaves no recovery codes where there is nothing to recover.
func (tx *Tx) tidyFactors(ctx context.Context, account int64) error {
	_, err := tx.exec(ctx, `
		DELETE FROM recovery_codes WHERE account = ?
			AND NOT EXISTS (SELECT 1 FROM passkeys p WHERE p.account = recovery_codes.account)
			AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.id = recovery_codes.account AND a.totp_since > 0)`, account)
	return err
}

// ResetFactors takes every second factor of an account away, and every session:
// for someone who is locked out.
func (tx *Tx) ResetFactors(ctx context.Context, account int64) error {
	if _, err := tx.exec(ctx, `DELETE FROM passkeys WHERE account = ?`, account); err != nil {
		return err
	}
	if err := tx.DropTOTP(ctx, account); err != nil {
		return err
	}
	if err := tx.endEverything(ctx, account); err != nil {
		return err
	}
	return tx.recordAbout(ctx, "account.reset", account)
}

// Factors says what second factors an account has.
type Factors struct {
	TOTP     bool
	Passkeys int
	Codes    int // recovery codes that were not used
}

// Any reports whether signing in takes a second step.
func (f Factors) Any() bool { return f.TOTP || f.Passkeys > 0 }

// Factors returns the second factors of an account.
func (tx *Tx) Factors(ctx context.Context, account int64) (Factors, error) {
	return first(ctx, tx, func(r row) (f Factors, err error) {
		err = r.Scan(&f.TOTP, &f.Passkeys, &f.Codes)
		return f, err
	}, `
		SELECT CASE WHEN a.totp_since > 0 THEN 1 ELSE 0 END,
			(SELECT COUNT(*) FROM passkeys p WHERE p.account = a.id),
			(SELECT COUNT(*) FROM recovery_codes c WHERE c.account = a.id)
		FROM accounts a WHERE a.id = ?`, account)
}

// PutCodes replaces the recovery codes of an account.
func (tx *Tx) PutCodes(ctx context.Context, account int64, codes []string) error {
	if _, err := tx.exec(ctx, `DELETE FROM recovery_codes WHERE account = ?`, account); err != nil {
		return err
	}
	for _, c := range codes {
		if _, err := tx.exec(ctx, `INSERT INTO recovery_codes (account, code) VALUES (?, ?)`, account, keptOf(codeForm(c))); err != nil {
			return err
		}
	}
	return tx.recordAbout(ctx, "codes.add", account)
}

// UseCode uses a recovery code up; federation.ErrNotFound if it is none.
func (tx *Tx) UseCode(ctx context.Context, account int64, code string) error {
	n, err := tx.exec(ctx, `DELETE FROM recovery_codes WHERE account = ? AND code = ?`, account, keptOf(codeForm(code)))
	return named(changed(n, err), "recovery code of account", account)
}

// codeForm is how codes are compared: whatever their case and spaces.
func codeForm(s string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(s))
}

// NewChallenge remembers what somebody is in the middle of, and returns the
// secret that goes on with it.
func (tx *Tx) NewChallenge(ctx context.Context, account int64, kind, data string, lifetime time.Duration) (secret string, err error) {
	secret, kept := newSecret()
	_, err = tx.exec(ctx, `INSERT INTO challenges (token, account, kind, data, expires) VALUES (?, ?, ?, ?, ?)`,
		kept, account, kind, data, tx.now.Add(lifetime))
	return secret, named(err, "challenge of account", account)
}

// A Challenge is what somebody is in the middle of.
type Challenge struct {
	Account int64
	Data    string
}

// Challenge returns what a secret goes on with; federation.ErrNotFound if it
// is over.
func (tx *Tx) Challenge(ctx context.Context, kind, secret string) (Challenge, error) {
	c, err := first(ctx, tx, scanChallenge, `
		SELECT account, data FROM challenges WHERE token = ? AND kind = ? AND expires > ?`, keptOf(secret), kind, tx.now)
	return c, named(err, "challenge", kind)
}

// UseChallenge is [Tx.Challenge], and ends it.
func (tx *Tx) UseChallenge(ctx context.Context, kind, secret string) (Challenge, error) {
	c, err := first(ctx, tx, scanChallenge, `
		DELETE FROM challenges WHERE token = ? AND kind = ? AND expires > ? RETURNING account, data`, keptOf(secret), kind, tx.now)
	return c, named(err, "challenge", kind)
}

func scanChallenge(r row) (c Challenge, err error) {
	err = r.Scan(&c.Account, &c.Data)
	return c, err
}
