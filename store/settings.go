// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
)

// Setting returns the value of a setting; federation.ErrNotFound if it was
// never put.
func (tx *Tx) Setting(ctx context.Context, key string) (string, error) {
	v, err := first(ctx, tx, column[string], `SELECT value FROM settings WHERE key = ?`, key)
	return v, named(err, "setting", key)
}

// Settings returns all settings.
func (tx *Tx) Settings(ctx context.Context) (map[string]string, error) {
	all := map[string]string{}
	err := tx.each(ctx, func(r row) error {
		var key, value string
		err := r.Scan(&key, &value)
		all[key] = value
		return err
	}, `SELECT key, value FROM settings`)
	return all, err
}

// PutSetting stores a setting.
func (tx *Tx) PutSetting(ctx context.Context, key, value string) error {
	_, err := tx.exec(ctx, `
		INSERT INTO settings (key, value) VALUES (?, ?)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value)
	if err != nil {
		return named(err, "setting", key)
	}
	return tx.Record(ctx, Deed{Verb: "setting", Object: key})
}
