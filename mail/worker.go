// SPDX-License-Identifier: AGPL-3.0-or-later

package mail

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

const (
	batch  = 8               // letters claimed at once: all of them take less than a lease, at the slowest
	lease  = 5 * time.Minute // how long a crashed worker keeps letters
	idle   = 5 * time.Second // how often the queue is looked at when nothing wakes us
	giveUp = 48 * time.Hour
)

// backOff is how long a letter waits after its n-th attempt; the last step
// repeats until [giveUp].
var backOff = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour}

// errNoServer is why nothing is sent.
var errNoServer = errors.New("no mail server is configured (--smtp)")

// A Worker sends what is queued. Several workers, in several processes, may
// share a PostgreSQL database.
type Worker struct {
	DB *store.DB
	// Server takes the letters. Without one they wait, and fail after two days.
	Server *Server
	Log    *slog.Logger
	Now    func() time.Time
	// Owner names the worker to the others. What one of that name left behind
	// when it was killed is taken up at once. Empty: a name of its own; then it
	// is taken up when the lease is over.
	Owner string
	// Lease is how long letters are kept for a worker. Zero: five minutes.
	Lease time.Duration
	// Idle is how often the queue is looked at when nothing wakes the worker.
	// Zero: five seconds.
	Idle time.Duration
}

// Run works until ctx ends.
func (w *Worker) Run(ctx context.Context) error {
	w.Owner, w.Lease, w.Idle = cmp.Or(w.Owner, rand.Text()), cmp.Or(w.Lease, lease), cmp.Or(w.Idle, idle)
	if err := w.DB.Update(ctx, func(tx *store.Tx) error { return tx.ReleaseMails(ctx, w.Owner) }); err != nil {
		return fmt.Errorf("release mails: %w", err)
	}
	w.DB.Attend(ctx, store.QueueMails, w.Idle, nil, func() (bool, error) {
		n, err := w.work(ctx)
		return n > 0, err
	})
	return nil
}

// work claims letters and sends them, one after the other over one connection.
// It returns how many there were.
func (w *Worker) work(ctx context.Context) (int, error) {
	var list []*store.Mail
	var name string
	err := w.DB.Update(ctx, func(tx *store.Tx) (err error) {
		if list, err = tx.ClaimMails(ctx, w.Owner, w.Lease, batch); err != nil || len(list) == 0 {
			return err
		}
		initiative, err := tx.Initiative(ctx)
		if errors.Is(err, federation.ErrNotFound) {
			return nil
		}
		if err == nil {
			name = initiative.Name
		}
		return err
	})
	if err != nil || len(list) == 0 {
		return 0, err
	}
	ctx = context.WithoutCancel(ctx) // what was claimed is finished or given back
	if w.Server == nil {
		return len(list), w.all(ctx, list, errNoServer)
	}
	c, err := w.Server.connect(ctx)
	if err != nil {
		w.Log.WarnContext(ctx, "the mail server does not take us in", "err", err)
		return len(list), w.all(ctx, list, err)
	}
	defer c.close()
	for _, m := range list {
		if err := w.record(ctx, m, c.send(m, name, w.Now())); err != nil {
			return len(list), err
		}
	}
	return len(list), nil
}

// all records that none could be sent.
func (w *Worker) all(ctx context.Context, list []*store.Mail, cause error) error {
	for _, m := range list {
		if err := w.record(ctx, m, cause); err != nil {
			return err
		}
	}
	return nil
}

// record keeps what came of a letter. The log does not say whose it was.
func (w *Worker) record(ctx context.Context, m *store.Mail, cause error) error {
	log := w.Log.With("mail", m.ID, "kind", m.Kind, "attempt", m.Attempts)
	now := w.Now()
	return w.DB.Update(ctx, func(tx *store.Tx) error {
		switch {
		case cause == nil:
			log.InfoContext(ctx, "mail sent")
			if err := tx.SentMail(ctx, m.ID); err != nil || m.Kind != kindDigest {
				return err
			}
			return tx.SubscriptionArrived(ctx, m.To, true)
		case errors.Is(cause, errRefused), now.Sub(m.Created) >= giveUp:
			log.WarnContext(ctx, "mail given up")
			if err := tx.FailMail(ctx, m.ID, cause.Error()); err != nil || m.Kind != kindDigest || !errors.Is(cause, errRefused) {
				return err
			}
			return tx.SubscriptionArrived(ctx, m.To, false)
		}
		again := now.Add(backOff[min(max(m.Attempts, 1), len(backOff))-1])
		log.InfoContext(ctx, "mail waits", "until", again)
		return tx.RetryMail(ctx, m.ID, again, cause.Error())
	})
}
