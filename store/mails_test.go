// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"errors"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// Nobody can fill somebody else's letter box by asking again.
func TestOneLetterOfAKind(t *testing.T) {
	each(t, func(t *fixture) {
		ask := func(kind, to string) (queued bool) {
			t.update(func(tx *Tx) (err error) {
				queued, err = tx.QueueMailOnce(t.ctx, &Mail{Kind: kind, To: to, Subject: "x", Body: "y"}, 10*time.Minute)
				return err
			})
			return queued
		}
		if !ask("sign-in", "a@example.org") || ask("sign-in", "a@example.org") || !ask("sign-in", "b@example.org") || !ask("follow", "a@example.org") {
			t.Error("not one of a kind to an address")
		}
		t.advance(10 * time.Minute)
		if !ask("sign-in", "a@example.org") {
			t.Error("never again")
		}
	})
}

func TestLettersAreListedAndForgotten(t *testing.T) {
	each(t, func(t *fixture) {
		t.update(func(tx *Tx) error {
			for range 3 {
				if err := tx.QueueMail(t.ctx, &Mail{Kind: "notice", To: "a@example.org", Subject: "x", Body: "a secret link"}); err != nil {
					return err
				}
			}
			list, err := tx.ClaimMails(t.ctx, "us", time.Minute, 2)
			if err != nil || len(list) != 2 || list[0].Attempts != 1 {
				t.Errorf("%v %v", list, err)
			}
			return errors.Join(tx.SentMail(t.ctx, list[0].ID), tx.FailMail(t.ctx, list[1].ID, "no such user"))
		})
		t.update(func(tx *Tx) error {
			list, _, err := tx.MailsIn(t.ctx, "failed", "", 10)
			if err != nil || len(list) != 1 || list[0].Error != "no such user" || list[0].Body != "" {
				t.Errorf("%+v %v", list, err)
			}
			counts, err := tx.MailCounts(t.ctx)
			if counts["pending"] != 1 || counts["sent"] != 1 || counts["failed"] != 1 {
				t.Error(counts, err)
			}
			if n, oldest, err := tx.MailDepth(t.ctx); n != 1 || oldest.IsZero() || err != nil {
				t.Error(n, oldest, err)
			}
			if err := tx.SentMail(t.ctx, list[0].ID); !errors.Is(err, federation.ErrNotFound) {
				t.Error("what failed was sent", err)
			}
			return err
		})
		t.advance(keepUnsent + time.Hour)
		if n, err := t.db.Retention(t.ctx); n != 1 || err != nil {
			t.Error("what nobody sends stays", n, err)
		}
		t.advance(keepMails)
		if n, err := t.db.Retention(t.ctx); n != 2 || err != nil {
			t.Error("what was sent stays", n, err)
		}
	})
}
