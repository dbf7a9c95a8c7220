// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// When the dates of a series go out. Followers get one a week at most, however
// often it takes place; servers that list events hear of each.
const (
	tellBefore = 7 * 24 * time.Hour // a date begins
	tellPause  = 6 * 24 * time.Hour // between two dates of a series
	listBefore = 48 * time.Hour     // a date begins, if followers were not told
)

// An Ahead makes the dates of series ahead of time and sends each when its time
// has come. Whatever it did not get to do it does the next time.
type Ahead struct {
	DB    *store.DB
	Log   *slog.Logger
	Now   func() time.Time
	Every time.Duration // 0: five minutes
}

// Run works until ctx ends.
func (w *Ahead) Run(ctx context.Context) error {
	tick := time.NewTicker(cmp.Or(w.Every, 5*time.Minute))
	defer tick.Stop()
	for {
		if err := w.Step(ctx); err != nil && ctx.Err() == nil {
			w.Log.ErrorContext(ctx, "dates of series", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Step does what is due, one transaction for each series.
func (w *Ahead) Step(ctx context.Context) error {
	var list []federation.IRI
	err := w.DB.View(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.SeriesToDo(ctx, w.Now().Add(tellBefore))
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range list {
		due := false
		err := w.DB.View(ctx, func(tx *store.Tx) (err error) { due, err = isDue(ctx, tx, id); return err })
		if err == nil && due {
			err = w.DB.Update(ctx, func(tx *store.Tx) error { return AheadTx(ctx, tx, id) })
		}
		if err != nil {
			w.Log.ErrorContext(ctx, "dates of a series", "series", id, "err", err)
		}
	}
	return ctx.Err()
}

// AheadTx makes the dates of a series that are missing and sends those whose
// time has come.
func AheadTx(ctx context.Context, tx *store.Tx, id federation.IRI) error {
	s, err := tx.Series(ctx, id)
	if err != nil {
		return err
	}
	if err := aheadTx(ctx, tx, s); err != nil {
		return err
	}
	steps, err := stepsOf(ctx, tx, s)
	if err != nil {
		return err
	}
	for _, step := range steps {
		if err := step.take(ctx, tx, s); err != nil {
			return err
		}
	}
	return tx.PutSeries(ctx, s)
}

// A dateStep is what becomes of a date that waited.
type dateStep struct {
	store.SeriesDate
	tell, list bool // neither: it is over, or will not take place
}

// stepsOf returns which dates of a series wait no longer.
func stepsOf(ctx context.Context, tx *store.Tx, s *store.Series) (steps []dateStep, err error) {
	dates, err := tx.SeriesDates(ctx, s.ID)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(dates, func(a, b store.SeriesDate) int { return a.Start.Compare(b.Start) })
	told := s.Told
	for _, d := range dates {
		left := d.Start.Sub(tx.Now())
		switch {
		case !d.Waiting || !d.Gone && left > tellBefore:
		case d.Gone || d.Closed || left < 0:
			steps = append(steps, dateStep{SeriesDate: d})
		case tx.Now().Sub(told) >= tellPause:
			told = tx.Now()
			steps = append(steps, dateStep{SeriesDate: d, tell: true})
		case left <= listBefore:
			steps = append(steps, dateStep{SeriesDate: d, list: true})
		}
	}
	return steps, nil
}

// take sends a date to followers, or lets servers that list events know.
func (d dateStep) take(ctx context.Context, tx *store.Tx, s *store.Series) error {
	d.Waiting = false
	if err := tx.PutSeriesDate(ctx, d.SeriesDate); err != nil || !d.tell && !d.list {
		return err
	}
	if d.tell {
		s.Told = tx.Now()
		return TellTx(ctx, tx, d.Object)
	}
	o, err := tx.Object(ctx, d.Object)
	if err != nil {
		return err
	}
	made := &federation.Activity{Type: federation.Create, Object: o.ID, Enclosed: o, Actor: s.Author}
	if listed := list(tx, made); listed != nil {
		return publish(ctx, tx, listed)
	}
	return nil
}

// isDue reports whether there is anything to do for a series, so that nothing
// is written where there is not.
func isDue(ctx context.Context, tx *store.Tx, id federation.IRI) (bool, error) {
	s, err := tx.Series(ctx, id)
	if err != nil {
		return false, err
	}
	if author, err := tx.Actor(ctx, s.Author); err != nil || author.Gone {
		return false, err
	}
	if steps, err := stepsOf(ctx, tx, s); err != nil || len(steps) > 0 || !s.More {
		return len(steps) > 0, err
	}
	made, err := tx.SeriesDates(ctx, id)
	if err != nil {
		return false, err
	}
	dates, more, err := Dates(s, tx.Now())
	return !more || slices.ContainsFunc(dates, func(d Date) bool {
		return !slices.ContainsFunc(made, func(m store.SeriesDate) bool { return m.Day == d.Day })
	}), err
}
