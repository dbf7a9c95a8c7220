// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"errors"
	"testing"

	"codeberg.org/maillage/maillage/federation"
)

func TestAnActorIsErasedOnlyBeforeItsFirstWord(t *testing.T) {
	each(t, func(t *fixture) {
		quiet, loud := local("quiet"), local("loud")
		t.actors(quiet, loud)
		t.objects(note(loud, "hello", t.now()))
		t.update(func(tx *Tx) error { return tx.EraseActor(t.ctx, quiet.ID) })
		t.view(func(tx *Tx) error {
			if _, err := tx.Actor(t.ctx, quiet.ID); !errors.Is(err, federation.ErrNotFound) {
				t.Errorf("still there: %v", err)
			}
			if _, err := tx.ActorByKey(t.ctx, quiet.ID+"#main-key"); !errors.Is(err, federation.ErrNotFound) {
				t.Errorf("its key is still there: %v", err)
			}
			return nil
		})
		err := t.db.Update(t.ctx, func(tx *Tx) error { return tx.EraseActor(t.ctx, loud.ID) })
		if !errors.Is(err, federation.ErrConflict) {
			t.Errorf("an actor that has spoken: %v", err)
		}
	})
}

func TestAnAccountTakesAFreeName(t *testing.T) {
	each(t, func(t *fixture) {
		ann := t.account(&Account{Name: "ann", Role: RoleAdmin})
		t.account(&Account{Name: "bob", Role: RoleMember})
		t.update(func(tx *Tx) error { return tx.RenameAccount(t.ctx, ann.ID, " Claire ") })
		t.view(func(tx *Tx) error {
			a, err := tx.AccountByName(t.ctx, "claire")
			if err == nil && a.ID != ann.ID {
				t.Errorf("account %d", a.ID)
			}
			return err
		})
		err := t.db.Update(t.ctx, func(tx *Tx) error { return tx.RenameAccount(t.ctx, ann.ID, "bob") })
		if !errors.Is(err, federation.ErrConflict) {
			t.Errorf("a name that is taken: %v", err)
		}
	})
}
