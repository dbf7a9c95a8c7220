// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// Lapses refuses what was asked of proposals that are over: at once where not
// enough was asked for in common, and after a week where the publisher did not
// answer.
type Lapses struct {
	DB  *store.DB
	Log *slog.Logger
}

// unanswered is how long after the end of a proposal its publisher may still
// agree to what was asked.
const unanswered = 7 * 24 * time.Hour

// Run works until ctx ends.
func (l *Lapses) Run(ctx context.Context) error {
	for {
		if err := l.Step(ctx); err != nil && ctx.Err() == nil {
			l.Log.ErrorContext(ctx, "refuse what is over", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Minute):
		}
	}
}

// Step refuses all that is over now.
func (l *Lapses) Step(ctx context.Context) error {
	for after := int64(0); ; {
		var list []*federation.Exchange
		err := l.DB.View(ctx, func(tx *store.Tx) (err error) {
			list, after, err = tx.LapsedExchanges(ctx, tx.Now(), after, 100)
			return err
		})
		if err != nil || len(list) == 0 {
			return err
		}
		for _, x := range list {
			if err := l.DB.Update(ctx, func(tx *store.Tx) error { return lapse(ctx, tx, x.ID) }); err != nil {
				return err
			}
		}
	}
}

// lapse refuses an exchange if its time is over.
func lapse(ctx context.Context, tx *store.Tx, id federation.IRI) error {
	x, err := tx.Exchange(ctx, id)
	if errors.Is(err, federation.ErrNotFound) || err == nil && x.State != federation.ExchangeProposed {
		return nil // decided meanwhile
	}
	if err != nil {
		return err
	}
	o, err := tx.Whole(ctx, x.Proposal)
	if err != nil || o.Gone() {
		return err
	}
	p, _ := federation.ProposalOf(o)
	reason := "error_threshold"
	switch {
	case p.Threshold == nil && tx.Now().Before(o.End.Add(unanswered)):
		return nil
	case p.Threshold == nil:
		reason = "error_unanswered"
	}
	a := federation.NewAnswer(federation.Reject, x, o, "", nil)
	a.Saying = &federation.Saying{Kind: federation.SayReason, Reason: reason, Event: o.ID}
	err = publish(ctx, tx, a)
	if errors.Is(err, federation.ErrConflict) {
		return nil
	}
	return err
}
