// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"errors"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

func TestAComplaintIsSettledOnceAndItsAuthorForgotten(t *testing.T) {
	each(t, func(t *fixture) {
		c := &Complaint{Target: home + "/objects/1", Reason: "illegal", Content: "Arnaque", Name: "Ève", Email: "eve@example.org", Locale: "fr"}
		t.update(func(tx *Tx) error { return tx.Complain(t.ctx, c) })
		t.view(func(tx *Tx) error {
			list, err := tx.Complaints(t.ctx, 10)
			if len(list) != 1 || *list[0] != *c {
				t.Errorf("complaints: %+v, want %+v", list, c)
			}
			return err
		})
		t.update(func(tx *Tx) error { return tx.SettleComplaint(t.ctx, c.ID) })
		err := t.db.Update(t.ctx, func(tx *Tx) error { return tx.SettleComplaint(t.ctx, c.ID) })
		if !errors.Is(err, federation.ErrNotFound) {
			t.Errorf("settled twice: %v", err)
		}
		t.view(func(tx *Tx) error {
			email, err := first(t.ctx, tx, column[string], `SELECT email || name FROM complaints WHERE id = ?`, c.ID)
			if email != "" {
				t.Errorf("still knows %q", email)
			}
			return err
		})
		t.advance(keepComplaints + time.Hour)
		if _, err := t.db.Retention(t.ctx); err != nil {
			t.Fatal(err)
		}
		t.view(func(tx *Tx) error {
			some, err := tx.exists(t.ctx, `SELECT 1 FROM complaints`)
			if some {
				t.Error("kept for ever")
			}
			return err
		})
	})
}

func TestDecisionsAreListedNewestFirst(t *testing.T) {
	each(t, func(t *fixture) {
		for _, action := range []string{"dismiss", "hide", "delete"} {
			t.update(func(tx *Tx) error {
				return tx.Decide(t.ctx, &Decision{Account: 1, Target: home + "/objects/1", Action: action})
			})
			t.advance(time.Minute)
		}
		t.view(func(tx *Tx) error {
			list, next, err := tx.Decisions(t.ctx, "", 2)
			if len(list) != 2 || list[0].Action != "delete" || next == "" {
				t.Errorf("first page: %v, then %q", list, next)
			}
			list, next, err2 := tx.Decisions(t.ctx, next, 2)
			if len(list) != 1 || list[0].Action != "dismiss" || next != "" {
				t.Errorf("second page: %v, then %q", list, next)
			}
			return errors.Join(err, err2)
		})
	})
}

func TestAHiddenObjectOfAPeerIsGoneHere(t *testing.T) {
	each(t, func(t *fixture) {
		bob, amap := remote("b.example", "bob"), local("amap")
		t.actors(bob, amap)
		theirs, ours := note(bob, "spam", t.now()), note(amap, "news", t.now())
		t.objects(theirs, ours)
		t.update(func(tx *Tx) error { return tx.HideObject(t.ctx, theirs.ID) })
		t.view(func(tx *Tx) error {
			o, err := tx.Object(t.ctx, theirs.ID)
			if err == nil && !o.Gone() {
				t.Error("is still shown")
			}
			return err
		})
		err := t.db.Update(t.ctx, func(tx *Tx) error { return tx.HideObject(t.ctx, ours.ID) })
		if !errors.Is(err, federation.ErrConflict) {
			t.Errorf("one of ours: %v", err)
		}
	})
}

func TestSizesCountWhatIsThere(t *testing.T) {
	each(t, func(t *fixture) {
		t.fill()
		t.view(func(tx *Tx) error {
			s, err := tx.Sizes(t.ctx)
			if s.Ours != 2 || s.Peers != 1 || s.Actors != 1 || s.Media != 1 || s.MediaSize != 2 || s.Database < 4096 {
				t.Errorf("sizes: %+v", s)
			}
			return err
		})
		bob := remote("b.example", "bob")
		t.objects(note(bob, "x", t.now()), note(bob, "y", t.now()), note(bob, "z", t.now()))
		t.view(func(tx *Tx) error {
			s, err := tx.sizes(t.ctx, 1)
			if s.Peers != 2 {
				t.Errorf("counted to one and one more: %d", s.Peers)
			}
			return err
		})
	})
}

func TestOldWordsOfPeersAreForgottenOnRequest(t *testing.T) {
	each(t, func(t *fixture) {
		bob := remote("b.example", "bob")
		t.actors(bob)
		t.objects(note(bob, "old", t.now()))
		t.advance(30 * 24 * time.Hour)
		t.objects(note(bob, "new", t.now()))
		n, err := t.db.ForgetPeers(t.ctx, 20*24*time.Hour)
		if n != 1 || err != nil {
			t.Errorf("forgot %d, %v", n, err)
		}
	})
}
