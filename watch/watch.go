// SPDX-License-Identifier: AGPL-3.0-or-later

// Package watch keeps an eye on what is offered and sought, here and by peers.
//
// It tells members when something is published that one of their alerts waits
// for ([Watch.alerts]), and it keeps what package matching finds: what may
// answer the offers and needs of ours, and rounds of barter ([Watch.Latest]).
// Pages show that as it was found a moment ago; they never wait for it. Nobody
// else is told of it, and it is not stored: it can be found again.
//
// Only what is public is looked at, and nothing of whoever is suspended. Two
// of whom one blocks the other are not put together.
package watch

import (
	"cmp"
	"context"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"codeberg.org/maillage/maillage/store"
)

// A Watch works for one process. Its fields are set before it runs.
type Watch struct {
	DB  *store.DB
	Log *slog.Logger
	Now func() time.Time
	// Every is how often it looks. Zero: ten seconds.
	Every time.Duration

	latest atomic.Pointer[Result]
	seen   stamp
}

// A stamp says what was there when it was last looked at.
type stamp struct {
	count int
	last  time.Time
	at    time.Time     // of the looking
	took  time.Duration // by the clock of the machine
}

const (
	// share is how many times longer than the work the pause after it is.
	share = 100
	// stale is after what time it is done again although nothing came: what
	// ends, ends.
	stale = 15 * time.Minute
)

// Run works until ctx ends.
func (w *Watch) Run(ctx context.Context) error {
	every := cmp.Or(w.Every, 10*time.Second)
	tick := time.NewTicker(every)
	defer tick.Stop()
	var rest time.Duration
	for {
		if err := w.alerts(ctx); err != nil && ctx.Err() == nil {
			w.Log.ErrorContext(ctx, "alerts", "err", err)
		}
		if rest -= every; rest <= 0 {
			if err := w.match(ctx); err != nil && ctx.Err() == nil {
				w.Log.ErrorContext(ctx, "put offers and needs together", "err", err)
			}
			rest = share * w.seen.took
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Once does now what Run does again and again.
func (w *Watch) Once(ctx context.Context) error {
	if err := w.alerts(ctx); err != nil {
		return err
	}
	return w.match(ctx)
}

// match finds what goes together, if something changed.
func (w *Watch) match(ctx context.Context) error {
	now := stamp{at: w.Now()}
	err := w.DB.View(ctx, func(tx *store.Tx) (err error) {
		now.count, now.last, err = tx.ProposalsStamp(ctx)
		return err
	})
	w.seen.took = 0
	if err != nil || now.count == w.seen.count && now.last.Equal(w.seen.last) && now.at.Sub(w.seen.at) < stale {
		return err
	}
	began := time.Now() // how long the machine works, not what time it is
	r, err := w.find(ctx)
	if err != nil {
		return err
	}
	w.latest.Store(r)
	// What was read for it is many times what is kept, and it is rarely done:
	// a small machine shall have that back.
	debug.FreeOSMemory()
	now.took = time.Since(began)
	w.seen = now
	if now.took > time.Second {
		w.Log.InfoContext(ctx, "put offers and needs together", "count", now.count, "took", now.took)
	}
	return nil
}

// Latest returns what was found last; never nil. A nil Watch finds nothing.
func (w *Watch) Latest() *Result {
	if w != nil {
		if r := w.latest.Load(); r != nil {
			return r
		}
	}
	return &Result{}
}
