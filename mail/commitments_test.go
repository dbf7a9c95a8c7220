// SPDX-License-Identifier: AGPL-3.0-or-later

package mail

import (
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

func TestBothAreRemindedOfWhatFallsDue(t *testing.T) {
	eachDesk(t, func(d *desk) {
		o := d.event("Distribution", d.now().Add(time.Hour)) // whatever: it gives the member something to do with us
		ann := d.comer("ann", "", o)
		first := d.now().Add(7 * 24 * time.Hour)
		x := &federation.Exchange{
			ID: d.initiative.ID + "/x", Proposal: o.ID, Publisher: d.initiative.ID, Partner: ann.Person, Offer: ann.Person + "/offer",
			State: federation.ExchangeAgreed, Terms: federation.Terms{Quantity: &federation.Quantity{Unit: "one", Value: "1"}},
		}
		for week := range 3 {
			x.Terms.Schedule = append(x.Terms.Schedule, federation.Commitment{
				Kind: federation.StepDelivered, Due: first.AddDate(0, 0, 7*week), Quantity: "1",
			})
		}
		d.update(func(tx *store.Tx) error { return tx.PutExchange(d.ctx, x) })
		told := func(kind string) (n int) {
			t.Helper()
			for range 3 {
				if err := d.writer.commitments(d.ctx); err != nil {
					t.Fatal(err)
				}
			}
			d.update(func(tx *store.Tx) error {
				list, _, err := tx.NoticesOf(d.ctx, ann.Person, store.NoticeQuery{Kinds: []string{kind}, Unread: true}, "", 10)
				n = len(list)
				if err != nil {
					return err
				}
				return tx.ReadNotices(d.ctx, ann.Person, d.now())
			})
			return n
		}
		for _, step := range []struct {
			after time.Duration
			kind  string
			want  int
		}{
			{0, "Due", 0},
			{6*24*time.Hour + time.Hour, "Due", 1},
			{time.Hour, "Due", 0},
			{14 * 24 * time.Hour, "Due", 1}, // the server was off for the second
			{30 * 24 * time.Hour, "Renewal", 1},
			{30 * 24 * time.Hour, "Renewal", 0},
		} {
			d.at = d.at.Add(step.after)
			if n := told(step.kind); n != step.want {
				t.Errorf("%s after %s more: %d notices, want %d", step.kind, step.after, n, step.want)
			}
		}
	})
}
