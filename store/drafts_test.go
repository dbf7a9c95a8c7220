// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"github.com/google/go-cmp/cmp"
)

func TestDraftsAreKeptForTheirAuthorOnly(t *testing.T) {
	each(t, func(t *fixture) {
		ann := t.account(&Account{Name: "ann", Role: RoleMember})
		eve := t.account(&Account{Name: "eve", Role: RoleMember})
		d := &Draft{
			Account: ann.ID, Kind: "offer", Action: "/publish/offer", Title: "Œufs", Interrupted: true,
			Fields: map[string][]string{"title": {"Œufs"}, "modes": {"sale", "gift"}},
		}
		t.update(func(tx *Tx) error { return tx.PutDraft(t.ctx, d) })
		t.advance(time.Minute)
		d.Title, d.Interrupted, d.Fields["title"] = "Œufs frais", false, []string{"Œufs frais"}
		t.update(func(tx *Tx) error { return tx.PutDraft(t.ctx, d) })
		t.view(func(tx *Tx) error {
			got, err := tx.Draft(t.ctx, ann.ID, d.ID)
			if diff := cmp.Diff(d, got); diff != "" {
				t.Error(diff)
			}
			list, err2 := tx.Drafts(t.ctx, ann.ID)
			if len(list) != 1 || !list[0].Created.Equal(t.now().Add(-time.Minute)) {
				t.Errorf("%+v", list)
			}
			return errors.Join(err, err2)
		})
		theirs := *d
		theirs.Account = eve.ID
		t.update(func(tx *Tx) error {
			if _, err := tx.Draft(t.ctx, eve.ID, d.ID); !errors.Is(err, federation.ErrNotFound) {
				t.Errorf("read by another: %v", err)
			}
			if err := tx.PutDraft(t.ctx, &theirs); !errors.Is(err, federation.ErrNotFound) {
				t.Errorf("written by another: %v", err)
			}
			return tx.DropDraft(t.ctx, eve.ID, d.ID)
		})
		t.update(func(tx *Tx) error {
			if _, err := tx.Draft(t.ctx, ann.ID, d.ID); err != nil {
				t.Errorf("dropped by another: %v", err)
			}
			return tx.DropDraft(t.ctx, ann.ID, d.ID)
		})
		if err := t.db.Update(t.ctx, func(tx *Tx) error { return tx.PutDraft(t.ctx, d) }); !errors.Is(err, federation.ErrNotFound) {
			t.Errorf("what was dropped came back: %v", err)
		}
	})
}

func TestDraftsAreBounded(t *testing.T) {
	each(t, func(t *fixture) {
		ann := t.account(&Account{Name: "ann", Role: RoleMember})
		long := &Draft{Account: ann.ID, Fields: map[string][]string{"description": {strings.Repeat("é", maxDraftSize/2)}}}
		if err := t.db.Update(t.ctx, func(tx *Tx) error { return tx.PutDraft(t.ctx, long) }); !errors.Is(err, federation.ErrMalformed) {
			t.Errorf("too long: %v", err)
		}
		t.update(func(tx *Tx) error {
			for n := range maxDrafts {
				if err := tx.PutDraft(t.ctx, &Draft{Account: ann.ID, Title: fmt.Sprint(n)}); err != nil {
					return err
				}
			}
			return nil
		})
		if err := t.db.Update(t.ctx, func(tx *Tx) error { return tx.PutDraft(t.ctx, &Draft{Account: ann.ID}) }); !errors.Is(err, federation.ErrConflict) {
			t.Errorf("one too many: %v", err)
		}
		t.advance(keepDrafts + time.Hour)
		if n, err := t.db.Retention(t.ctx); n != maxDrafts || err != nil {
			t.Errorf("retention removed %d, %v", n, err)
		}
	})
}

func TestAFormSentTwiceMakesOneThing(t *testing.T) {
	each(t, func(t *fixture) {
		ann := t.account(&Account{Name: "ann", Role: RoleMember})
		eve := t.account(&Account{Name: "eve", Role: RoleMember})
		send := func(account int64, object federation.IRI) (got federation.IRI) {
			t.update(func(tx *Tx) (err error) {
				made, again, err := tx.SendForm(t.ctx, account, "digest", object)
				if got = made; again != (made != object) {
					t.Errorf("%s: again %v", object, again)
				}
				return err
			})
			return got
		}
		for _, test := range []struct {
			account      int64
			object, want federation.IRI
		}{{ann.ID, home + "/1", home + "/1"}, {ann.ID, home + "/2", home + "/1"}, {eve.ID, home + "/3", home + "/3"}} {
			if got := send(test.account, test.object); got != test.want {
				t.Errorf("%d sent %s: %s", test.account, test.object, got)
			}
		}
		t.advance(keepSent + time.Hour)
		if n, err := t.db.Retention(t.ctx); n != 2 || err != nil {
			t.Errorf("retention removed %d, %v", n, err)
		}
	})
}

func TestALapsedSessionIsKnownForAWhile(t *testing.T) {
	each(t, func(t *fixture) {
		ann := t.account(&Account{Name: "ann", Role: RoleMember})
		var secret string
		t.update(func(tx *Tx) (err error) {
			secret, err = tx.NewSession(t.ctx, ann.ID, time.Hour, "")
			return err
		})
		lapsed := func() error {
			return t.db.View(t.ctx, func(tx *Tx) error {
				_, err := tx.LapsedSession(t.ctx, secret)
				return err
			})
		}
		if err := lapsed(); !errors.Is(err, federation.ErrNotFound) {
			t.Errorf("while it lasts: %v", err)
		}
		t.advance(2 * time.Hour)
		if _, err := t.db.Retention(t.ctx); err != nil {
			t.Fatal(err)
		}
		if err := lapsed(); err != nil {
			t.Errorf("after it ended: %v", err)
		}
		t.update(func(tx *Tx) error {
			if _, err := tx.Session(t.ctx, secret); !errors.Is(err, federation.ErrNotFound) {
				t.Errorf("it still opens doors: %v", err)
			}
			return tx.SetPassword(t.ctx, ann.ID, "new")
		})
		if err := lapsed(); !errors.Is(err, federation.ErrNotFound) {
			t.Errorf("after a new password: %v", err)
		}
	})
}
