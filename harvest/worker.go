// SPDX-License-Identifier: AGPL-3.0-or-later

package harvest

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/remote"
	"codeberg.org/maillage/maillage/store"
)

// How often a calendar is read.
const (
	Usual    = time.Hour // if neither a person nor the calendar says so
	Shortest = 15 * time.Minute
	Longest  = 24 * time.Hour

	readers  = 4                // calendars read at once
	lease    = 10 * time.Minute // how long a crashed worker keeps a calendar
	idle     = 20 * time.Second // how often we look which are due
	allAnew  = 24 * time.Hour   // even if nothing changed: dates come into sight as time goes on
	tellStep = time.Minute
)

// When followers are told of a date, and of how many a day.
const (
	tellBefore = 14 * 24 * time.Hour
	tellPerDay = 5
)

// A Worker reads the calendars that are due and tells followers of the dates.
// Several, in several processes, may share a PostgreSQL database: each calendar
// is read by one of them.
type Worker struct {
	Harvest

	Client *remote.Client
	// Owner names the worker to the others. What one of that name left behind
	// when it was killed is taken up at once. Empty: a name of its own; then it
	// is taken up when the lease is over.
	Owner string
	// Lease is how long a calendar is kept for a worker. Zero: ten minutes.
	Lease time.Duration
	// Idle is how often it is looked which are due. Zero: twenty seconds.
	Idle time.Duration
}

// Run works until ctx ends.
func (w *Worker) Run(ctx context.Context) error {
	w.Owner, w.Lease, w.Idle = cmp.Or(w.Owner, rand.Text()), cmp.Or(w.Lease, lease), cmp.Or(w.Idle, idle)
	if err := w.DB.Update(ctx, func(tx *store.Tx) error { return tx.ReleaseCalendars(ctx, w.Owner) }); err != nil {
		return fmt.Errorf("release calendars: %w", err)
	}
	g, ctx := errgroup.WithContext(ctx)
	for range readers {
		g.Go(func() error {
			w.DB.Attend(ctx, store.QueueCalendars, w.Idle, nil, func() (bool, error) { return w.ReadNext(ctx) })
			return nil
		})
	}
	g.Go(func() error { return w.tellAll(ctx) })
	return g.Wait()
}

// ReadNext reads the calendar that is due for longest; false if none is.
func (w *Worker) ReadNext(ctx context.Context) (bool, error) {
	due := false // looking costs less than the right to write
	err := w.DB.View(ctx, func(tx *store.Tx) (err error) {
		due, err = tx.CalendarDue(ctx)
		return err
	})
	if err != nil || !due {
		return false, err
	}
	var c *store.Calendar
	err = w.DB.Update(ctx, func(tx *store.Tx) (err error) {
		c, err = tx.ClaimCalendar(ctx, w.Owner, cmp.Or(w.Lease, lease))
		return err
	})
	if errors.Is(err, federation.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	err = w.read(ctx, c)
	if ctx.Err() != nil {
		return true, w.release()
	}
	if err != nil { // nothing the calendar can help
		w.fault(c, "error_calendar_ours", err, 0)
	}
	return true, errors.Join(err, w.DB.Update(ctx, func(tx *store.Tx) error { return tx.FinishCalendar(ctx, c, w.Owner) }))
}

// release gives a calendar back that we were told to stop reading: it is due
// as before.
func (w *Worker) release() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return w.DB.Update(ctx, func(tx *store.Tx) error { return tx.ReleaseCalendars(ctx, w.Owner) })
}

// next returns when a calendar is to be read again: a little earlier or later
// than its time, so that not all are read in the same minute. One that does not
// answer is asked ever less often.
func (w *Worker) next(c *store.Calendar, again time.Duration) time.Time {
	every := Interval(c)
	for range min(c.Faults-1, 8) {
		every = min(2*every, Longest)
	}
	every += time.Duration((mathrand.Float64() - 0.5) / 5 * float64(every))
	return w.Now().Add(max(every, again))
}

// Interval is how often a calendar is read while it answers.
func Interval(c *store.Calendar) time.Duration {
	every := cmp.Or(c.Every, c.OwnEvery, Usual)
	return min(max(every, Shortest), Longest)
}

// tellAll tells followers of what is near, again and again.
func (w *Worker) tellAll(ctx context.Context) error {
	tick := time.NewTicker(tellStep)
	defer tick.Stop()
	for {
		if err := w.Tell(ctx); err != nil && ctx.Err() == nil {
			w.Log.ErrorContext(ctx, "tell of dates", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// log names a calendar in the log, but not its address: that may be a secret.
func (w *Worker) log(c *store.Calendar) *slog.Logger { return w.Log.With("calendar", c.ID) }
