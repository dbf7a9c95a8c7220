// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"fmt"

	"codeberg.org/maillage/maillage/federation"
)

// Unspoken reports whether one of our actors has said nothing yet, wrote
// nothing, and knows nobody: then nobody needs to remember its name.
func (tx *Tx) Unspoken(ctx context.Context, actor federation.IRI) (bool, error) {
	for _, q := range []string{
		`SELECT 1 FROM activities WHERE actor = ? LIMIT 1`,
		`SELECT 1 FROM objects WHERE attributed_to = ? LIMIT 1`,
		`SELECT 1 FROM edges WHERE source = ? LIMIT 1`,
		`SELECT 1 FROM edges WHERE target = ? LIMIT 1`,
	} {
		spoke, err := tx.exists(ctx, q, actor)
		if spoke || err != nil {
			return false, err
		}
	}
	return true, nil
}

// EraseActor removes one of our actors as if it had never been, so that
// another name can be chosen before the first word: federation.ErrConflict if
// it has spoken.
func (tx *Tx) EraseActor(ctx context.Context, actor federation.IRI) error {
	ok, err := tx.Unspoken(ctx, actor)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("actor %s: %w: it has spoken", actor, federation.ErrConflict)
	}
	for _, q := range []string{
		`DELETE FROM notices WHERE owner = ?`,
		`DELETE FROM account_actors WHERE actor = ?`,
		`DELETE FROM tokens WHERE actor = ?`,
		`DELETE FROM actor_keys WHERE actor = ?`,
		`DELETE FROM keys WHERE actor = ?`,
	} {
		if _, err := tx.exec(ctx, q, actor); err != nil {
			return named(err, "actor", actor)
		}
	}
	n, err := tx.exec(ctx, `DELETE FROM actors WHERE id = ? AND local = 1`, actor)
	return named(changed(n, err), "actor", actor)
}

// RenameAccount gives an account another name to sign in by:
// federation.ErrConflict if it is taken.
func (tx *Tx) RenameAccount(ctx context.Context, account int64, name string) error {
	name = accountForm(name)
	taken, err := tx.exists(ctx, `SELECT 1 FROM accounts WHERE name = ? AND id <> ?`, name, account)
	if err != nil {
		return err
	}
	if taken {
		return fmt.Errorf("account %s: %w: the name is taken", name, federation.ErrConflict)
	}
	n, err := tx.exec(ctx, `UPDATE accounts SET name = ? WHERE id = ?`, name, account)
	return named(changed(n, err), "account", account)
}
