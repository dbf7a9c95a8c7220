// SPDX-License-Identifier: AGPL-3.0-or-later

package harvest

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/remote"
	"codeberg.org/maillage/maillage/store"
)

// The process that TestKilledInTheMiddleOfAReading starts and kills.
const (
	childDatabase = "HARVEST_TEST_DATABASE"
	childClock    = "HARVEST_TEST_CLOCK"
)

// readInAnotherProcess reads what is due and waits to be killed.
func readInAnotherProcess(database string) error {
	ctx := context.Background()
	at, err := time.Parse(time.RFC3339, os.Getenv(childClock))
	if err != nil {
		return err
	}
	now := func() time.Time { return at }
	db, err := store.Open(ctx, store.Options{Database: database, Origin: home, Now: now})
	if err != nil {
		return err
	}
	w := &Worker{
		Harvest: Harvest{DB: db, Log: slog.New(slog.DiscardHandler), Now: now}, Owner: "other",
		Client: remote.New(remote.Options{AllowPrivate: true, Origin: home, Now: now}),
	}
	if _, err := w.ReadNext(ctx); err != nil {
		return err
	}
	select {}
}

// A process that is killed in the middle of a reading leaves nothing half done,
// and the next one does nothing twice.
func TestKilledInTheMiddleOfAReading(t *testing.T) {
	const dates = 300
	eachDatabase(t, func(b *bench, database string) {
		var events []string
		for i := range dates {
			at := b.now().Add(time.Duration(i+100) * time.Hour).Format("20060102T150405Z")
			events = append(events, vevent(fmt.Sprintf("UID:%d@x", i), fmt.Sprintf("SUMMARY:Date %d", i), "DTSTART:"+at))
		}
		b.put("/a.ics", events...)
		c := b.follow("/a.ics")
		killed := 0
		for _, after := range []int{1, 100, 200} {
			n := b.readKilled(database, c.ID, after)
			if n < dates {
				killed++
			}
			b.update(func(tx *store.Tx) error { return tx.ReleaseCalendars(b.ctx, "other") })
		}
		if killed == 0 {
			b.Fatal("it was never killed in the middle")
		}
		b.read()
		b.published(c.ID, dates)
		b.read()
		b.published(c.ID, dates)
	})
}

// readKilled lets another process read, kills it when so many dates are there,
// and returns how many that were.
func (b *bench) readKilled(database string, calendar int64, after int) (n int) {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDatabase+"="+database, childClock+"="+b.now().Format(time.RFC3339))
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	b.must(cmd.Start())
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		n = len(b.rows(calendar))
	}()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		if n = len(b.rows(calendar)); n >= after {
			return n
		}
		time.Sleep(time.Millisecond) // the other one needs the machine, too
	}
	b.Fatalf("only %d dates: %s", n, out.String())
	return n
}

// published checks that every date is there once.
func (b *bench) published(calendar int64, want int) {
	b.Helper()
	rows := b.rows(calendar)
	objects := map[federation.IRI]bool{}
	for _, r := range rows {
		objects[r.Object] = true
	}
	events := 0
	b.view(func(tx *store.Tx) error {
		for cursor := ""; ; {
			list, next, err := tx.Search(b.ctx, store.Query{Kinds: []string{"event"}, From: b.now(), Sort: store.SortStart, Limit: 100, Cursor: cursor})
			if err != nil {
				return err
			}
			events += len(list)
			if cursor = next; cursor == "" {
				return nil
			}
		}
	})
	if len(rows) != want || len(objects) != want || events != want {
		b.Errorf("%d rows of %d objects, %d events; want %d of each", len(rows), len(objects), events, want)
	}
}

// Of several processes one reads a calendar, and what one left when it died
// another takes up when the lease is over.
func TestACalendarIsReadByOneAtATime(t *testing.T) {
	each(t, func(b *bench) {
		for i := range 6 {
			b.put(fmt.Sprintf("/%d.ics", i), workshop(fmt.Sprintf("%d@x", i), 10+i, "Vélo"))
			b.follow(fmt.Sprintf("/%d.ics", i))
		}
		var group sync.WaitGroup
		for n := range 4 {
			w := &Worker{Harvest: b.worker.Harvest, Client: b.worker.Client, Owner: fmt.Sprint("process ", n)}
			group.Go(func() {
				for range 10 {
					if _, err := w.ReadNext(b.ctx); err != nil {
						b.Error(err)
					}
				}
			})
		}
		group.Wait()
		for path, s := range b.pages {
			if s.asked != 1 {
				b.Errorf("%s was asked for %d times", path, s.asked)
			}
		}
		if n := len(b.titles()); n != 6 {
			b.Errorf("%d events", n)
		}
		b.pass(2 * time.Hour)
		b.update(func(tx *store.Tx) error { _, err := tx.ClaimCalendar(b.ctx, "dead", lease); return err })
		for range 6 {
			_, err := b.worker.ReadNext(b.ctx)
			b.must(err)
		}
		asked := func() (n int) {
			for _, s := range b.pages {
				n += s.asked
			}
			return n
		}
		if n := asked(); n != 11 {
			b.Errorf("%d readings, want 11: one is somebody else's", n)
		}
		b.pass(lease + time.Second)
		_, err := b.worker.ReadNext(b.ctx)
		b.must(err)
		if n := asked(); n != 12 {
			b.Errorf("%d readings after the lease, want 12", n)
		}
	})
}

// A worker that is told to stop gives back what it was reading.
func TestAWorkerThatStopsGivesBack(t *testing.T) {
	each(t, func(b *bench) {
		asked := make(chan bool)
		var first sync.Once
		b.put("/a.ics", workshop("1@x", 12, "Vélo"))
		body := b.pages["/a.ics"].body
		b.answers(b.pages["/a.ics"], func(w http.ResponseWriter, r *http.Request) {
			first.Do(func() {
				close(asked)
				<-r.Context().Done()
			})
			_, _ = w.Write([]byte(body))
		})
		b.follow("/a.ics")
		ctx, stop := context.WithCancel(b.ctx)
		ended := make(chan error, 1)
		go func() { ended <- b.worker.Run(ctx) }()
		<-asked
		stop()
		b.must(<-ended)
		b.worker.Owner = "another"
		_, err := b.worker.ReadNext(b.ctx)
		b.must(err)
		b.wants("12.09 14:00 Vélo")
	})
}
