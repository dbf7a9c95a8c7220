// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"crypto/rand"
	"strings"
)

// NewCalendarKey makes the secret in the address of an account's own calendar.
// An earlier one opens nothing any more.
func (tx *Tx) NewCalendarKey(ctx context.Context, account int64) (secret string, err error) {
	secret = strings.ToLower(rand.Text())
	_, err = tx.exec(ctx, `
		INSERT INTO calendar_keys (account, secret, created) VALUES (?, ?, ?)
		ON CONFLICT (account) DO UPDATE SET secret = excluded.secret, created = excluded.created`, account, secret, tx.now)
	return secret, named(err, "calendar of account", account)
}

// CalendarKey returns the secret of an account's calendar; "" if it has none.
func (tx *Tx) CalendarKey(ctx context.Context, account int64) (string, error) {
	list, err := all(ctx, tx, column[string], `SELECT secret FROM calendar_keys WHERE account = ?`, account)
	return strings.Join(list, ""), named(err, "calendar of account", account)
}

// EndCalendarKey takes the address of an account's calendar away.
func (tx *Tx) EndCalendarKey(ctx context.Context, account int64) error {
	_, err := tx.exec(ctx, `DELETE FROM calendar_keys WHERE account = ?`, account)
	return named(err, "calendar of account", account)
}

// CalendarAccount returns whose calendar a secret opens.
func (tx *Tx) CalendarAccount(ctx context.Context, secret string) (*Account, error) {
	return tx.secretAccount(ctx, "calendar", `SELECT account FROM calendar_keys WHERE secret = ?`, secret)
}
