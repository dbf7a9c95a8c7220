// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/remote"
	"codeberg.org/maillage/maillage/store"
)

// How the queue is worked off. A host is claimed, not a row, so that its cap,
// its order and its back-off are one row's business.
const (
	perHost   = 2           // deliveries in flight to one host
	perClaim  = 20          // rows taken from a host at once
	lease     = time.Minute // how long a crashed worker keeps a host
	idle      = time.Second // how often the queue is looked at when nothing wakes us
	giveUp    = 7 * 24 * time.Hour
	refusals  = 3 // tries of what a peer refuses for a reason of its own (4xx)
	maxErrLen = 300
)

// backOff is how long a host rests after its n-th failure in a row; the last
// step repeats until [giveUp].
var backOff = []time.Duration{
	time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

// A Worker delivers what is queued. Several workers, in several processes, may
// share a PostgreSQL database.
type Worker struct {
	DB     *store.DB
	Client *remote.Client
	Log    *slog.Logger
	Now    func() time.Time
	Keys   *Signers
	// Hosts is how many hosts are worked on at once; each has at most two
	// deliveries in flight. Zero: 128.
	Hosts int
	// Owner names the worker to the others. What one of that name left behind
	// when it was killed is taken up at once. Empty: a name of its own; then it
	// is taken up when the lease is over.
	Owner string
	// Lease is how long a host is kept for a worker that gives no sign of
	// life. Zero: a minute.
	Lease time.Duration
	// Idle is how often the queue is looked at when nothing wakes the worker.
	// Zero: a second.
	Idle time.Duration

	freed chan struct{} // a host was given back: it may have more work
}

// Run works until ctx ends, then waits for what is in flight.
func (w *Worker) Run(ctx context.Context) error {
	w.Hosts = cmp.Or(w.Hosts, 128)
	w.Owner, w.Lease, w.Idle = cmp.Or(w.Owner, rand.Text()), cmp.Or(w.Lease, lease), cmp.Or(w.Idle, idle)
	w.freed = make(chan struct{}, 1)
	if err := w.DB.Update(ctx, func(tx *store.Tx) error { return tx.ReleaseHosts(ctx, w.Owner) }); err != nil {
		return fmt.Errorf("release deliveries: %w", err)
	}
	var busy sync.WaitGroup
	defer busy.Wait()
	slots := make(chan struct{}, w.Hosts)
	w.DB.Attend(ctx, store.QueueDeliveries, w.Idle, w.freed, func() (bool, error) { return w.claim(ctx, slots, &busy) })
	return nil
}

// claim takes hosts with work, as many as there are free slots, and starts on
// them. It reports whether there may be more at once.
func (w *Worker) claim(ctx context.Context, slots chan struct{}, busy *sync.WaitGroup) (more bool, err error) {
	free := cap(slots) - len(slots)
	if free == 0 {
		select { // wait for one
		case slots <- struct{}{}:
			<-slots
		case <-ctx.Done():
			return false, ctx.Err()
		}
		free = 1
	}
	var works []*store.HostWork
	err = w.DB.Update(ctx, func(tx *store.Tx) (err error) {
		works, err = tx.ClaimHosts(ctx, w.Owner, w.Lease, free, perClaim)
		return err
	})
	if err != nil {
		return false, err
	}
	for _, hw := range works {
		slots <- struct{}{}
		busy.Go(func() {
			w.host(context.WithoutCancel(ctx), ctx, hw)
			<-slots
			select {
			case w.freed <- struct{}{}:
			default: // said already
			}
		})
	}
	return len(works) > 0, nil
}

// host delivers what was claimed for one host. Once stop ends no further
// delivery begins.
func (w *Worker) host(ctx, stop context.Context, hw *store.HostWork) {
	run := &hostRun{work: hw, lanes: map[int64]bool{}}
	done := make(chan struct{})
	var both, lease sync.WaitGroup
	lease.Go(func() { w.keep(ctx, hw.Host, run, done) })
	for range min(perHost, len(hw.Deliveries)) {
		both.Go(func() {
			for d := run.next(stop); d != nil; d = run.next(stop) {
				run.done(d, w.deliver(ctx, hw, d))
			}
		})
	}
	both.Wait()
	close(done)
	lease.Wait()
	if err := w.finish(ctx, hw, run); err != nil {
		w.Log.ErrorContext(ctx, "finish deliveries", "host", hw.Host, "err", err)
	}
}

// keep prolongs the lease of a host that takes long, until done. If another
// worker has the host nevertheless, no further delivery begins.
func (w *Worker) keep(ctx context.Context, host string, run *hostRun, done <-chan struct{}) {
	tick := time.NewTicker(w.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
		}
		err := w.DB.Update(ctx, func(tx *store.Tx) error { return tx.RenewHost(ctx, w.Owner, host, w.Lease) })
		if errors.Is(err, federation.ErrConflict) {
			run.lose()
			return
		}
		if err != nil {
			w.Log.ErrorContext(ctx, "prolong a lease", "host", host, "err", err)
		}
	}
}

// finish records what became of a claim and when the host is to be tried again.
func (w *Worker) finish(ctx context.Context, hw *store.HostWork, run *hostRun) error {
	var next time.Time
	switch {
	case run.down && run.took && !run.busy:
		run.putOff(w.Now()) // the host is well: it is the document that it cannot take
	case run.down:
		step := backOff[min(hw.Failures, len(backOff)-1)]
		next = w.Now().Add(max(jitter(step), run.retryAfter))
	}
	return w.DB.Update(ctx, func(tx *store.Tx) error {
		if err := tx.FinishHost(ctx, w.Owner, hw.Host, run.results, next); err != nil {
			return err
		}
		for _, d := range run.gone {
			if err := forget(ctx, tx, d); err != nil {
				return err
			}
		}
		return nil
	})
}

// forget drops the follows of those whose inbox is gone.
func forget(ctx context.Context, tx *store.Tx, d *store.Delivery) error {
	list, err := tx.ActorsByInbox(ctx, d.Inbox)
	if err != nil {
		return err
	}
	for _, a := range list {
		if a.Local {
			continue
		}
		if err := tx.DropEdge(ctx, federation.Follow, a.ID, d.Sender); err != nil && !errors.Is(err, federation.ErrNotFound) {
			return err
		}
	}
	return nil
}

// jitter spreads retries by a fifth to either side.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*mathrand.Float64()))
}

// A hostRun hands out a host's deliveries in order: never two of one lane at
// once, nothing of a lane behind one that failed, nothing at all once the host
// seems down.
type hostRun struct {
	work *store.HostWork

	mu         sync.Mutex
	taken      int
	skipped    []*store.Delivery // left for later because their lane was busy
	lanes      map[int64]bool    // true: in flight or failed
	results    []store.DeliveryResult
	gone       []*store.Delivery // their inbox is no more
	lost       bool              // another worker has the host
	down       bool
	busy       bool // it asked to be left alone
	took       bool // it took something
	retryAfter time.Duration
}

// next returns the next delivery that may begin, or nil.
func (r *hostRun) next(stop context.Context) *store.Delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.down || r.lost || stop.Err() != nil {
		return nil
	}
	for i, d := range r.skipped {
		if !r.lanes[d.Lane] {
			r.skipped = append(r.skipped[:i], r.skipped[i+1:]...)
			r.lanes[d.Lane] = true
			return d
		}
	}
	for r.taken < len(r.work.Deliveries) {
		d := r.work.Deliveries[r.taken]
		r.taken++
		if r.lanes[d.Lane] || r.waiting(d.Lane) {
			r.skipped = append(r.skipped, d)
			continue
		}
		r.lanes[d.Lane] = true
		return d
	}
	return nil // what is skipped waits for the other half, or for the next claim
}

// lose says that another worker has the host.
func (r *hostRun) lose() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost = true
}

// waiting reports whether an earlier delivery of the lane was skipped.
func (r *hostRun) waiting(lane int64) bool {
	for _, d := range r.skipped {
		if d.Lane == lane {
			return true
		}
	}
	return false
}

// done notes what became of d.
func (r *hostRun) done(d *store.Delivery, o outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.results = append(r.results, o.DeliveryResult)
	if o.Outcome != store.Retry {
		delete(r.lanes, d.Lane)
	}
	if o.Outcome == store.Gone {
		r.gone = append(r.gone, d)
	}
	r.took = r.took || o.Outcome == store.Delivered
	if o.down {
		r.down, r.busy = true, r.busy || o.busy
		r.retryAfter = max(r.retryAfter, o.retryAfter)
	}
}

// putOff lets what failed rest, each for as long as it has failed, and nothing
// else.
func (r *hostRun) putOff(now time.Time) {
	for n := range r.results {
		if r.results[n].Outcome != store.Retry || !r.results[n].Due.IsZero() {
			continue
		}
		for _, d := range r.work.Deliveries {
			if d.ID == r.results[n].ID {
				r.results[n].Due = now.Add(jitter(backOff[min(d.Attempts, len(backOff)-1)]))
			}
		}
	}
}

// An outcome is what became of one delivery; down says that the trouble seems to
// be the host's, not the document's, and busy that the host says so.
type outcome struct {
	store.DeliveryResult
	down, busy bool
	retryAfter time.Duration
}

// deliver posts one document and judges the answer.
func (w *Worker) deliver(ctx context.Context, hw *store.HostWork, d *store.Delivery) outcome {
	signer, err := w.Keys.Of(ctx, d.Sender)
	if err != nil {
		return w.result(d, store.Failed, 0, err)
	}
	ctx, cancel := context.WithTimeout(ctx, 45*time.Second)
	defer cancel()
	answer, err := w.Client.Post(ctx, d.Inbox, d.Document, signer)
	if err != nil {
		o := w.result(d, store.Retry, 0, err)
		if errors.Is(err, federation.ErrForbidden) || errors.Is(err, federation.ErrMalformed) {
			return w.result(d, store.Failed, 0, err) // an address we never call
		}
		return w.expire(hw, d, o)
	}
	return w.judge(hw, d, answer)
}

func (w *Worker) judge(hw *store.HostWork, d *store.Delivery, a remote.Answer) outcome {
	switch s := a.Status; {
	case s >= 200 && s < 300:
		return w.result(d, store.Delivered, s, nil)
	case s == 410:
		return w.result(d, store.Gone, s, errors.New("the inbox is gone"))
	case s == 408, s == 425, s == 429, s >= 500 && s != 501:
		o := w.result(d, store.Retry, s, fmt.Errorf("answered %d", s))
		o.retryAfter, o.busy = min(a.RetryAfter, 24*time.Hour), s != 500 || a.RetryAfter > 0
		return w.expire(hw, d, o)
	}
	// Refused for a reason of its own: it may be a passing one, a key that the
	// peer has yet to fetch.
	err := fmt.Errorf("answered %d", a.Status)
	if d.Attempts+1 >= refusals {
		return w.result(d, store.Failed, a.Status, err)
	}
	o := w.result(d, store.Retry, a.Status, err)
	o.Due = w.Now().Add(jitter([]time.Duration{10 * time.Minute, 12 * time.Hour}[min(d.Attempts, 1)]))
	return o
}

// expire makes a retry of a host's trouble a failure once it has lasted too long.
func (w *Worker) expire(hw *store.HostWork, d *store.Delivery, o outcome) outcome {
	o.down = true
	if w.Now().Sub(d.Created) > giveUp {
		o.Outcome = store.Failed
		w.Log.Warn("delivery given up", "host", hw.Host, "inbox", d.Inbox, "activity", d.Activity, "attempt", d.Attempts+1)
	}
	return o
}

func (w *Worker) result(d *store.Delivery, outcome_ store.Outcome, status int, err error) outcome {
	r := outcome{DeliveryResult: store.DeliveryResult{ID: d.ID, Outcome: outcome_, Status: status}}
	if err != nil {
		r.Error = err.Error()[:min(len(err.Error()), maxErrLen)]
		w.Log.Info("delivery", "inbox", d.Inbox, "activity", d.Activity, "attempt", d.Attempts+1, "err", err)
	}
	return r
}
