// SPDX-License-Identifier: AGPL-3.0-or-later

package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/store"
)

const (
	maxSiblings   = 120              // dates of a series that are read at once
	siblingsPause = 10 * time.Second // between two readings of a series
)

// siblings reads the other dates of a series when one of them came: its author
// sends one at a time, so that nobody is flooded. They go into the agenda and
// are no news until they are sent. It is a courtesy: failing is no matter.
func (w *Worker) siblings(ctx context.Context, a *federation.Activity) {
	if a.Type != federation.Create && a.Type != federation.Update || a.Enclosed == nil || a.Enclosed.Type != "Event" {
		return
	}
	series := federation.EventOf(a.Enclosed).Series
	if series == "" || !series.SameOrigin(a.Actor) || w.readLately(series) {
		return
	}
	ctx, done, err := w.slot(ctx)
	if err != nil {
		return // one can do without
	}
	defer done()
	items, _, err := w.Directory.Client.Collection(ctx, series, maxSiblings)
	if err != nil && len(items) == 0 {
		w.Log.DebugContext(ctx, "series", "id", series, "err", err)
		return
	}
	for _, item := range items {
		if err := w.learnSibling(ctx, a.Actor, series, item); err != nil {
			w.Log.DebugContext(ctx, "date of a series", "id", series, "err", err)
		}
	}
}

// learnSibling takes in one date, if it is what it says it is. Its origin is
// the server that was asked.
func (w *Worker) learnSibling(ctx context.Context, author, series federation.IRI, item json.RawMessage) error {
	o, err := vocab.DecodeObject(item)
	if err != nil {
		return err
	}
	if o.Type != "Event" || o.AttributedTo != author || !o.ID.SameOrigin(series) || federation.EventOf(o).Series != series {
		return nil
	}
	return w.DB.Update(ctx, func(tx *store.Tx) error {
		old, err := tx.Object(ctx, o.ID)
		unknown := errors.Is(err, federation.ErrNotFound)
		if err != nil && !unknown {
			return err
		}
		behind := unknown
		if !unknown {
			if old.Gone() {
				return nil
			}
			if behind, err = tx.IsBehind(ctx, o.ID); err != nil {
				return err
			}
		}
		if err := federation.Learn(ctx, tx, o); err != nil || !behind {
			return err
		}
		return tx.Behind(ctx, o.ID)
	})
}

// readLately reports whether a series was read a moment ago, and notes that it
// is read now: several of its dates may change together.
func (w *Worker) readLately(series federation.IRI) bool {
	w.seriesMu.Lock()
	defer w.seriesMu.Unlock()
	now := w.Now()
	for id, at := range w.seriesRead {
		if now.Sub(at) >= siblingsPause {
			delete(w.seriesRead, id)
		}
	}
	if _, lately := w.seriesRead[series]; lately {
		return true
	}
	if w.seriesRead == nil {
		w.seriesRead = map[federation.IRI]time.Time{}
	}
	w.seriesRead[series] = now
	return false
}
