// SPDX-License-Identifier: AGPL-3.0-or-later

package inbox

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/remote"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

const (
	batch       = 128              // rows claimed at once
	inFlight    = 512              // rows worked on at once
	slowPool    = 64               // of which may wait for the network
	lease       = 2 * time.Minute  // how long a crashed worker keeps rows
	idle        = time.Second      // how often the queue is looked at when nothing wakes us
	fetchBudget = 20               // requests that one activity may cause: R11
	fetchTime   = 60 * time.Second // and how long they may take together
	maxAttempts = 8
)

// A gate is [federation.Apply], or what a test puts before it.
type gate func(context.Context, federation.State, *federation.Activity) ([]*federation.Activity, error)

// A Worker applies what was filed. Several workers, in several processes, may
// share a PostgreSQL database.
type Worker struct {
	DB        *store.DB
	Directory *remote.Directory
	Log       *slog.Logger
	Now       func() time.Time
	// Owner names the worker to the others. What one of that name left behind
	// when it was killed is taken up at once. Empty: a name of its own; then it
	// is taken up when the lease is over.
	Owner string
	// Lease is how long rows are kept for a worker. Zero: two minutes.
	Lease time.Duration
	// Idle is how often the queue is looked at when nothing wakes the worker.
	// Zero: a second.
	Idle time.Duration

	gate  gate
	slow  chan struct{}
	freed chan struct{} // rows were finished: others may have waited for them

	seriesMu   sync.Mutex
	seriesRead map[federation.IRI]time.Time // lately
}

// Run works until ctx ends, then waits for what is in hand.
func (w *Worker) Run(ctx context.Context) error {
	w.Owner, w.Lease, w.Idle = cmp.Or(w.Owner, rand.Text()), cmp.Or(w.Lease, lease), cmp.Or(w.Idle, idle)
	if w.gate == nil {
		w.gate = federation.Apply
	}
	w.slow, w.freed = make(chan struct{}, slowPool), make(chan struct{}, 1)
	if err := w.DB.Update(ctx, func(tx *store.Tx) error { return tx.ReleaseReceived(ctx, w.Owner) }); err != nil {
		return fmt.Errorf("release received: %w", err)
	}
	var busy sync.WaitGroup
	defer busy.Wait()
	slots := make(chan struct{}, inFlight)
	w.DB.Attend(ctx, store.QueueReceived, w.Idle, w.freed, func() (bool, error) {
		n, err := w.claim(ctx, slots, &busy)
		return n > 0, err
	})
	return nil
}

// claim takes rows and starts on them; rows of one actor about one subject run
// one after the other.
func (w *Worker) claim(ctx context.Context, slots chan struct{}, busy *sync.WaitGroup) (int, error) {
	free := min(cap(slots)-len(slots), batch)
	if free == 0 {
		select {
		case slots <- struct{}{}:
			<-slots
			free = 1
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	var rows []*store.Received
	err := w.DB.Update(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.ClaimReceived(ctx, w.Owner, w.Lease, free)
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, chain := range chains(rows) {
		for range chain {
			slots <- struct{}{}
		}
		busy.Go(func() {
			w.chain(context.WithoutCancel(ctx), chain)
			for range chain {
				<-slots
			}
			select {
			case w.freed <- struct{}{}:
			default: // said already
			}
		})
	}
	return len(rows), nil
}

// chains groups rows that must be applied in order.
func chains(rows []*store.Received) [][]*store.Received {
	type key struct {
		actor federation.IRI
		lane  int64
	}
	at := map[key]int{}
	var list [][]*store.Received
	for _, r := range rows {
		k := key{r.Actor, r.Lane}
		i, ok := at[k]
		if !ok {
			i = len(list)
			at[k] = i
			list = append(list, nil)
		}
		list[i] = append(list[i], r)
	}
	return list
}

// chain works off rows in order. What follows one that has to wait, waits too.
func (w *Worker) chain(ctx context.Context, rows []*store.Received) {
	for i, r := range rows {
		err := w.apply(ctx, r)
		if err == nil {
			continue
		}
		if at := w.judge(ctx, r, err); !at.IsZero() {
			w.postpone(ctx, rows[i+1:], at)
			return
		}
	}
}

// judge records why r was not applied. It returns when r is tried again; zero
// if never.
func (w *Worker) judge(ctx context.Context, r *store.Received, cause error) (again time.Time) {
	log := w.Log.With("activity", r.Activity, "actor", r.Actor, "attempt", r.Attempts, "err", cause)
	err := w.DB.Update(ctx, func(tx *store.Tx) error {
		switch {
		case errors.Is(cause, federation.ErrNotConcerned), errors.Is(cause, federation.ErrUnsupported):
			log.DebugContext(ctx, "received, of no concern")
			return tx.DoneReceived(ctx, r.ID)
		case final(cause):
			log.InfoContext(ctx, "received, refused")
			return tx.RefuseReceived(ctx, r.ID, cause.Error())
		case r.Attempts >= maxAttempts && !errors.Is(cause, errBusy):
			log.WarnContext(ctx, "received, given up")
			return tx.FailReceived(ctx, r.ID, cause.Error())
		}
		again = w.Now().Add(wait(r.Attempts - 1))
		log.InfoContext(ctx, "received, waits")
		return tx.RetryReceived(ctx, r.ID, again, cause.Error())
	})
	if err != nil {
		w.Log.ErrorContext(ctx, "record a refusal", "activity", r.Activity, "err", err)
	}
	return again
}

// final reports whether trying again would end the same way.
func final(err error) bool {
	for _, kind := range []error{
		federation.ErrMalformed, federation.ErrForbidden, federation.ErrUnauthorized, federation.ErrNotFound,
		federation.ErrGone, federation.ErrConflict, errPanic, store.ErrPanic,
	} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// postpone puts rows behind one that waits.
func (w *Worker) postpone(ctx context.Context, rows []*store.Received, at time.Time) {
	if len(rows) == 0 {
		return
	}
	err := w.DB.Update(ctx, func(tx *store.Tx) error {
		for _, r := range rows {
			if err := tx.RetryReceived(ctx, r.ID, at, "behind an earlier one"); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.Log.ErrorContext(ctx, "postpone", "err", err)
	}
}

var (
	errBusy  = fmt.Errorf("%w: all fetches are taken", federation.ErrUnavailable)
	errPanic = errors.New("panic")
)

// apply decodes r, reads what it needs and passes it through the gate, in one
// transaction with the answers it causes and the end of r.
func (w *Worker) apply(ctx context.Context, r *store.Received) (err error) {
	defer func() {
		if p := recover(); p != nil {
			w.Log.ErrorContext(ctx, "panic on a received activity", "activity", r.Activity, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("%w: %v", errPanic, p)
		}
	}()
	a, err := vocab.DecodeActivity(r.Document)
	if err != nil {
		return err
	}
	if a.Actor != r.Actor || a.ID != r.Activity {
		return fmt.Errorf("%w: filed as %s of %s", federation.ErrMalformed, r.Activity, r.Actor)
	}
	if r.Recipient != "" {
		a.Bto = append(a.Bto, r.Recipient) // it came to that inbox: bto, bcc
	}
	if err := w.prepare(ctx, a); err != nil {
		return err
	}
	err = w.DB.Update(ctx, func(tx *store.Tx) error {
		if err := proof(ctx, tx, a); err != nil {
			return err
		}
		owed, err := w.gate(ctx, tx, a)
		if err != nil {
			return err
		}
		if err := forward(ctx, tx, a); err != nil {
			return err
		}
		for _, answer := range owed {
			if err := outbox.PublishTx(ctx, tx, answer); err != nil {
				return err
			}
		}
		return tx.DoneReceived(ctx, r.ID)
	})
	if err == nil {
		w.ancestors(ctx, a)
		w.siblings(ctx, a)
		w.withheld(ctx, a)
	}
	return err
}

// forward passes on, byte for byte, what was sent to the followers of one of
// our actors about something of ours: they are known to us alone.
// ActivityPub 7.1.2. Private exchanges stay where they are.
func forward(ctx context.Context, tx *store.Tx, a *federation.Activity) error {
	if a.Enclosed == nil || a.Enclosed.InReplyTo == "" || a.Enclosed.Visibility("") > federation.VisibleUnlisted {
		return nil
	}
	parent, err := tx.Object(ctx, a.Enclosed.InReplyTo)
	if errors.Is(err, federation.ErrNotFound) {
		return nil
	}
	if err != nil || !parent.Local {
		return err
	}
	for _, to := range a.Addressees() {
		if to.Origin() != tx.Home() {
			continue
		}
		owner, err := tx.ActorByFollowers(ctx, to)
		if errors.Is(err, federation.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if err := tx.Forward(ctx, a, owner.ID, outbox.Lane(a.Subject()), to); err != nil {
			return err
		}
	}
	return nil
}
