// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/maillage/maillage/federation"
)

func (f *fixture) file(actor string, n int, lane int64) *Received {
	f.Helper()
	r := &Received{
		Activity: federation.IRI(fmt.Sprintf("https://%s/a/%d", actor, n)), Actor: federation.IRI("https://" + actor + "/x"),
		Type: "Create", Lane: lane, Document: []byte("{}"), Recipient: home + "/amap",
	}
	f.update(func(tx *Tx) error { return tx.File(f.ctx, r) })
	return r
}

func (f *fixture) claim(owner string, limit int) (list []*Received) {
	f.Helper()
	f.update(func(tx *Tx) (err error) {
		list, err = tx.ClaimReceived(f.ctx, owner, time.Minute, limit)
		return err
	})
	return list
}

func idsOf(list []*Received) (ids []int64) {
	for _, r := range list {
		ids = append(ids, r.ID)
	}
	return ids
}

func TestFileOnce(t *testing.T) {
	each(t, func(t *fixture) {
		r := t.file("b.example", 1, 1)
		again := *r
		if err := t.db.Update(t.ctx, func(tx *Tx) error { return tx.File(t.ctx, &again) }); !errors.Is(err, federation.ErrSeen) {
			t.Errorf("got %v", err)
		}
		got := t.claim("me", 10)
		if len(got) != 1 || string(got[0].Document) != "{}" || got[0].Recipient != r.Recipient || got[0].Attempts != 1 || !got[0].At.Equal(t.now()) {
			t.Errorf("%+v", got[0])
		}
		t.update(func(tx *Tx) error { return tx.DoneReceived(t.ctx, r.ID) })
		t.file("b.example", 1, 1) // that it was applied is for LogActivity to say
	})
}

func TestALaneWaitsForItsFirst(t *testing.T) {
	each(t, func(t *fixture) {
		first, second, other := t.file("b.example", 1, 7), t.file("b.example", 2, 7), t.file("b.example", 3, 8)
		if got := t.claim("one", 1); len(got) != 1 || got[0].ID != first.ID {
			t.Fatalf("claimed %v", idsOf(got))
		}
		if got := t.claim("two", 10); len(got) != 1 || got[0].ID != other.ID {
			t.Fatalf("claimed %v: the second is behind the first", idsOf(got))
		}
		t.update(func(tx *Tx) error {
			return tx.RetryReceived(t.ctx, first.ID, t.now().Add(time.Hour), "no answer")
		})
		if got := t.claim("two", 10); len(got) != 0 {
			t.Fatalf("claimed %v: the first is not due", idsOf(got))
		}
		t.view(func(tx *Tx) error {
			n, _, err := tx.ReceivedDepth(t.ctx)
			due, err2 := tx.ReceivedDue(t.ctx)
			if n != 3 || !due.Equal(t.now()) {
				t.Errorf("%d, due %v", n, due)
			}
			return errors.Join(err, err2)
		})
		t.advance(time.Hour)
		got := t.claim("two", 10) // the lease of the third has passed
		if len(got) != 3 || got[0].ID != first.ID || got[0].Attempts != 2 || got[0].Reason != "no answer" {
			t.Fatalf("claimed %v", idsOf(got))
		}
		t.update(func(tx *Tx) error {
			return errors.Join(tx.RefuseReceived(t.ctx, first.ID, "not theirs"), tx.FailReceived(t.ctx, second.ID, "gave up"),
				tx.ReleaseReceived(t.ctx, "two"))
		})
		if got := t.claim("three", 10); len(got) != 1 || got[0].ID != other.ID {
			t.Errorf("claimed %v", idsOf(got))
		}
		t.view(func(tx *Tx) error {
			refused, _, err := tx.ReceivedIn(t.ctx, "refused", "", 10)
			failed, _, err2 := tx.ReceivedIn(t.ctx, "failed", "", 10)
			pending, _, err3 := tx.ReceivedIn(t.ctx, "pending", "", 10)
			if len(refused) != 1 || refused[0].Reason != "not theirs" || len(failed) != 1 || len(pending) != 1 {
				t.Errorf("%v %v %v", refused, failed, pending)
			}
			return errors.Join(err, err2, err3)
		})
	})
}

func TestWhatWaitsIsCountedByHost(t *testing.T) {
	each(t, func(t *fixture) {
		for n := range 3 {
			t.file("b.example", n, int64(n))
		}
		t.file("c.example:8443", 1, 1)
		done := t.file("b.example", 9, 9)
		t.update(func(tx *Tx) error { return tx.RefuseReceived(t.ctx, done.ID, "no") })
		t.view(func(tx *Tx) error {
			hosts, err := tx.ReceivedByHost(t.ctx)
			if d := cmp.Diff(map[string]int{"b.example": 3, "c.example:8443": 1}, hosts); d != "" {
				t.Error(d)
			}
			return err
		})
	})
}

// Two owners claim and finish at random: nobody has what another has, each
// row is done once, and within a lane in order.
func TestTwoClaimersNeverOverlap(t *testing.T) {
	each(t, func(t *fixture) {
		const n = 120
		lane := map[int64]string{}
		t.update(func(tx *Tx) error {
			for i := range n {
				r := &Received{Activity: federation.IRI(fmt.Sprint("https://b.example/", i)), Actor: federation.IRI(fmt.Sprint("https://b.example/actor", i%3)), Lane: int64(i % 4), Document: []byte("{}")}
				if err := tx.File(t.ctx, r); err != nil {
					return err
				}
				lane[r.ID] = fmt.Sprint(r.Actor, r.Lane)
			}
			return nil
		})
		var lock sync.Mutex
		held, done, last := map[int64]bool{}, 0, map[string]int64{}
		var group sync.WaitGroup
		for _, owner := range []string{"one", "two", "three"} {
			group.Go(func() {
				r := rand.New(rand.NewPCG(uint64(len(owner)), 7))
				for {
					var list []*Received
					err := t.db.Update(t.ctx, func(tx *Tx) (err error) {
						list, err = tx.ClaimReceived(t.ctx, owner, time.Minute, 1+r.IntN(10))
						return err
					})
					if err != nil {
						t.Error(err)
						return
					}
					lock.Lock()
					for _, c := range list {
						if held[c.ID] {
							t.Errorf("%d has two owners", c.ID)
						}
						held[c.ID] = true
					}
					finished := done == n
					lock.Unlock()
					if finished {
						return
					}
					for i, c := range list {
						if r.IntN(5) == 0 { // gives the rest back
							rest := idsOf(list[i:])
							lock.Lock()
							for _, id := range rest {
								delete(held, id)
							}
							lock.Unlock()
							for _, id := range rest {
								if err := t.db.Update(t.ctx, func(tx *Tx) error { return tx.RetryReceived(t.ctx, id, t.now(), "") }); err != nil {
									t.Error(err)
								}
							}
							break
						}
						lock.Lock()
						if last[lane[c.ID]] > c.ID {
							t.Errorf("%d came after %d of its lane", c.ID, last[lane[c.ID]])
						}
						last[lane[c.ID]] = c.ID
						done++
						lock.Unlock()
						if err := t.db.Update(t.ctx, func(tx *Tx) error { return tx.DoneReceived(t.ctx, c.ID) }); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		group.Wait()
		if done != n {
			t.Errorf("%d done", done)
		}
	})
}
