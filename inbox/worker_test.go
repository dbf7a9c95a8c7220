// SPDX-License-Identifier: AGPL-3.0-or-later

package inbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

func TestWhatIsAcceptedIsApplied(t *testing.T) {
	each(t, func(t *fixture) {
		t.work(nil)
		vera := t.peer()
		note := vera.note("bonjour", t.anne.ID)
		vera.accepted("/actors/anne/inbox", vera.says("Create", note))
		t.eventually("the note is stored", func() bool { return t.object(note["id"]) != nil })
		follow := vera.says("Follow", t.amap.ID)
		vera.accepted("/inbox", follow)
		t.empties()
		t.view(func(tx *store.Tx) error {
			e, err := tx.Edge(t.ctx, federation.Follow, vera.ID, t.amap.ID)
			if err == nil && (e.Pending || string(e.By) != fmt.Sprint(follow["id"])) {
				t.Errorf("%+v", e)
			}
			n, _, err2 := tx.DeliveryDepth(t.ctx)
			if n != 1 { // the Accept, in the same transaction
				t.Errorf("%d deliveries", n)
			}
			return errors.Join(err, err2)
		})
	})
}

// What came to a personal inbox is addressed to it, whatever it says.
func TestAHiddenAddresseeIsTheOneWhoseInboxItIs(t *testing.T) {
	each(t, func(t *fixture) {
		t.work(nil)
		vera := t.peer()
		note := vera.note("en copie cachée")
		vera.accepted("/actors/anne/inbox", vera.says("Create", note))
		t.empties()
		o := t.object(note["id"])
		if o == nil {
			t.Fatal("it was dropped")
		}
		for who, want := range map[federation.IRI]bool{t.anne.ID: true, t.amap.ID: false, "": false} {
			t.view(func(tx *store.Tx) error {
				ok, err := tx.MayRead(t.ctx, who, o)
				if ok != want {
					t.Errorf("%q may read it: %t", who, ok)
				}
				return err
			})
		}
	})
}

// What concerns nobody here leaves nothing behind, and nothing is fetched for
// it: strangers cannot fill the disk.
func TestWhatConcernsNobodyIsDropped(t *testing.T) {
	each(t, func(t *fixture) {
		t.work(nil)
		vera := t.peer()
		vera.accepted("/inbox", vera.says("Create", vera.note("bonjour", t.anne.ID))) // now she is known
		t.empties()
		asked := vera.asked.Load()
		for _, d := range []doc{
			vera.says("Create", vera.note("à tous", federation.Public)),
			vera.says("Announce", vera.id("notes")),
			vera.says("Like", vera.id("notes")),
			vera.says("Update", vera.note("à tous", federation.Public)),
		} {
			vera.accepted("/inbox", d)
		}
		t.empties()
		if n := vera.asked.Load() - asked; n > 0 {
			t.Errorf("%d requests were made for it", n)
		}
		t.view(func(tx *store.Tx) error {
			list, _, err := tx.ActivitiesFor(t.ctx, t.anne.ID, "", 10)
			if len(list) != 1 {
				t.Errorf("%d activities are remembered", len(list))
			}
			return err
		})
	})
}

// What is refused for good is shown to the administrator with its reason, and
// what it said is not kept.
func TestWhatIsRefusedIsKeptWithoutItsWords(t *testing.T) {
	each(t, func(t *fixture) {
		t.work(nil)
		vera := t.peer()
		vera.accepted("/inbox", vera.says("Accept", doc{"type": "Follow", "id": t.server.URL + "/activities/none", "actor": t.amap.ID, "object": vera.ID}))
		t.empties()
		list := t.rows("refused")
		if len(list) != 1 || list[0].Attempts != 1 || list[0].Reason == "" {
			t.Fatalf("%+v", list)
		}
	})
}

// A peer that cannot be asked now is asked again, later each time, and what it
// sent is applied when it answers.
func TestAPassingFailureIsTriedAgain(t *testing.T) {
	each(t, func(t *fixture) {
		vera, friend := t.peer(), t.peer()
		note := friend.note("chez une amie", federation.Public)
		friend.serve(note)
		t.work(nil)
		vera.accepted("/inbox", vera.says("Create", vera.note("bonjour", t.anne.ID)))
		t.empties()
		friend.fails(http.StatusBadGateway)
		share := with(vera.says("Announce", note["id"]), doc{"to": []federation.IRI{t.anne.ID}})
		vera.accepted("/inbox", share)
		waits := func(attempts int) func() bool {
			return func() bool {
				list := t.rows("pending")
				return len(list) == 1 && list[0].Attempts == attempts && list[0].Reason != "" && list[0].Due.After(t.now())
			}
		}
		t.eventually("it waits", waits(1))
		first := t.rows("pending")[0].Due.Sub(t.now())
		if first < 5*time.Second || first > 10*time.Second {
			t.Errorf("it is tried again after %s", first)
		}
		t.advance(2 * time.Minute) // what failed a moment ago is not asked again
		t.eventually("it waits again", waits(2))
		friend.fails(0)
		t.advance(10 * time.Minute)
		t.empties()
		if t.object(note["id"]) == nil {
			t.Error("what was shared is not here")
		}
	})
}

// After a day of trying it is given up, with its words, for somebody to look at.
func TestGivenUpAfterEightAttempts(t *testing.T) {
	each(t, func(t *fixture) {
		vera := t.peer()
		vera.accepted("/inbox", vera.says("Create", vera.note("bonjour", t.anne.ID)))
		w := &Worker{DB: t.db, Directory: t.directory, Log: t.log(), Now: t.now}
		for n := 1; n <= maxAttempts; n++ {
			var rows []*store.Received
			t.update(func(tx *store.Tx) (err error) {
				rows, err = tx.ClaimReceived(t.ctx, "me", time.Minute, 10)
				return err
			})
			if len(rows) != 1 {
				t.Fatalf("attempt %d: %d rows", n, len(rows))
			}
			again := w.judge(t.ctx, rows[0], fmt.Errorf("%w: no answer", federation.ErrUnavailable))
			if again.IsZero() != (n == maxAttempts) {
				t.Fatalf("attempt %d: again at %v", n, again)
			}
			t.advance(13 * time.Hour)
		}
		if list := t.rows("failed"); len(list) != 1 || !strings.Contains(list[0].Reason, "no answer") {
			t.Errorf("%+v", list)
		}
	})
}

// A panic, in a verb or before it, refuses what caused it, and nothing else:
// the worker goes on.
func TestAPanicIsARefusal(t *testing.T) {
	each(t, func(t *fixture) {
		vera := t.peer()
		vera.accepted("/inbox", vera.says("Create", vera.note("bonjour", t.anne.ID)))
		ill := vera.note("malade", t.anne.ID)
		t.work(func(w *Worker) {
			w.gate = func(ctx context.Context, s federation.State, a *federation.Activity) ([]*federation.Activity, error) {
				answers, err := federation.Apply(ctx, s, a)
				if a.Enclosed != nil && a.Enclosed.ID == federation.IRI(fmt.Sprint(ill["id"])) {
					panic("a verb with a mistake")
				}
				return answers, err
			}
		})
		t.empties()
		vera.accepted("/inbox", vera.says("Create", ill))
		well := vera.note("bien portant", t.anne.ID)
		vera.accepted("/inbox", vera.says("Create", well))
		t.empties()
		if list := t.rows("refused"); len(list) != 1 || !strings.Contains(list[0].Reason, "a verb with a mistake") || list[0].Attempts != 1 {
			t.Errorf("%+v", list)
		}
		if t.object(ill["id"]) != nil {
			t.Error("half of it happened")
		}
		if t.object(well["id"]) == nil {
			t.Error("the next one did not happen")
		}
	})
}

func TestAPanicOutsideATransaction(t *testing.T) {
	each(t, func(t *fixture) {
		vera := t.peer()
		vera.accepted("/inbox", vera.says("Create", vera.note("bonjour", t.anne.ID)))
		t.work(func(w *Worker) { w.Directory = nil }) // it dereferences what is not there
		vera.accepted("/inbox", with(vera.says("Announce", vera.id("notes")), doc{"to": []federation.IRI{t.anne.ID}}))
		t.empties()
		if list := t.rows("refused"); len(list) != 1 || !strings.HasPrefix(list[0].Reason, "panic") {
			t.Errorf("%+v", list)
		}
	})
}

// What one actor does about one thing happens in the order it was done, while
// others are not held up.
func TestOrderWithinALane(t *testing.T) {
	each(t, func(t *fixture) {
		vera, rosa := t.peer(), t.peer()
		for _, p := range []*peer{vera, rosa} { // known to each other: nothing has to be read
			p.accepted("/inbox", p.says("Create", p.note("bonjour", t.anne.ID)))
		}
		stop := t.work(nil)
		t.empties()
		stop()

		var mu sync.Mutex
		var order []string
		note := with(vera.note("0", t.anne.ID), doc{"published": t.now().Add(-time.Hour).UTC().Format(time.RFC3339)})
		vera.accepted("/inbox", vera.says("Create", note))
		for i := 1; i <= 5; i++ {
			vera.accepted("/inbox", vera.says("Update", with(note, doc{
				"content": fmt.Sprint(i), "updated": t.now().Add(time.Duration(i-10) * time.Minute).UTC().Format(time.RFC3339),
			})))
		}
		other := rosa.note("d’ailleurs", t.anne.ID)
		rosa.accepted("/inbox", rosa.says("Create", other))
		t.work(func(w *Worker) {
			w.gate = func(ctx context.Context, s federation.State, a *federation.Activity) ([]*federation.Activity, error) {
				answers, err := federation.Apply(ctx, s, a)
				if a.Actor == vera.ID {
					mu.Lock()
					order = append(order, a.Type+" "+a.Enclosed.Content)
					first := len(order) == 1
					mu.Unlock()
					if first {
						return nil, fmt.Errorf("%w: not yet", federation.ErrUnavailable)
					}
				}
				return answers, err
			}
		})
		t.eventually("the other is applied", func() bool { return t.object(other["id"]) != nil })
		t.advance(time.Minute)
		t.empties()
		mu.Lock()
		defer mu.Unlock()
		want := []string{"Create 0", "Create 0", "Update 1", "Update 2", "Update 3", "Update 4", "Update 5"}
		if !slices.Equal(order, want) {
			t.Errorf("%q", order)
		}
		if o := t.object(note["id"]); o == nil || o.Content != "5" {
			t.Errorf("it says %v", o)
		}
	})
}

// A worker that dies keeps what it claimed until its lease is over; then
// another takes it. One of the same name takes it up at once.
func TestALeaseIsTakenOver(t *testing.T) {
	each(t, func(t *fixture) {
		vera := t.peer()
		claim := func(owner string) doc {
			t.Helper()
			note := vera.note("bonjour", t.anne.ID)
			vera.accepted("/inbox", vera.says("Create", note))
			t.update(func(tx *store.Tx) error { // it claims, and dies
				list, err := tx.ClaimReceived(t.ctx, owner, time.Hour, 10)
				if len(list) != 1 {
					t.Errorf("it claimed %d", len(list))
				}
				return err
			})
			return note
		}
		first := claim("the dead")
		stop := t.work(func(w *Worker) { w.Owner = "an heir" })
		other := vera.note("autre chose", t.anne.ID)
		vera.accepted("/inbox", vera.says("Create", other))
		t.eventually("the heir works", func() bool { return t.object(other["id"]) != nil })
		if t.object(first["id"]) != nil {
			t.Error("it was taken while the lease ran")
		}
		t.advance(time.Hour)
		t.eventually("it is taken over", func() bool { return t.object(first["id"]) != nil })
		stop()

		second := claim("the only one")
		t.work(func(w *Worker) { w.Owner = "the only one" })
		t.eventually("it is taken up", func() bool { return t.object(second["id"]) != nil })
	})
}

// A worker that is stopped finishes what it has in hand.
func TestStoppingFinishesWhatIsInHand(t *testing.T) {
	each(t, func(t *fixture) {
		vera := t.peer()
		note := vera.note("bonjour", t.anne.ID)
		vera.accepted("/inbox", vera.says("Create", note))
		entered, release := make(chan struct{}), make(chan struct{})
		stop := t.work(func(w *Worker) {
			w.gate = func(ctx context.Context, s federation.State, a *federation.Activity) ([]*federation.Activity, error) {
				close(entered)
				<-release
				return federation.Apply(ctx, s, a)
			}
		})
		<-entered
		stopped := make(chan struct{})
		go func() { stop(); close(stopped) }()
		close(release)
		<-stopped
		if t.object(note["id"]) == nil || len(t.rows("pending")) > 0 {
			t.Error("it was dropped on the way")
		}
	})
}

func TestWaitGrows(t *testing.T) {
	last := time.Duration(0)
	for n := range maxAttempts - 1 {
		if wait(n) <= last {
			t.Errorf("after %d attempts: %s", n, wait(n))
		}
		last = wait(n)
	}
	if wait(-1) != wait(0) || wait(1000) != last {
		t.Errorf("%s, %s", wait(-1), wait(1000))
	}
}
