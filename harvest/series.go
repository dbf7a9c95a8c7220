// SPDX-License-Identifier: AGPL-3.0-or-later

package harvest

import (
	"context"
	"errors"
	"slices"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// maxKept is how many series calendars make for one actor; what they repeat
// beyond that is published as events alone.
const maxKept = store.MaxSeries / 2

// seriesOf names the series of what a calendar repeats, the same each time.
func (t *taking) seriesOf(i Item) federation.IRI {
	return federation.IRI(t.author.ID.Origin() + "/series/" + short(string(t.author.ID)+" "+i.UID))
}

// join makes an event a date of a series, so that people find the others: it has
// a page, a calendar and a collection like one that was published here, but its
// dates come from the calendar alone.
func (t *taking) join(ctx context.Context, tx *store.Tx, i Item, o *federation.Object) error {
	if i.recurrence == nil {
		return nil
	}
	id := t.seriesOf(i)
	known, err := tx.SeriesDateOf(ctx, o.ID)
	switch {
	case err == nil && known.Series == id:
		return errors.Join(t.follow(ctx, tx, id, i, o), mark(o, id))
	case !errors.Is(err, federation.ErrNotFound): // it was moved here out of another
		return err
	}
	if ok, err := t.room(ctx, tx, id); err != nil || !ok {
		return err
	}
	if err := t.follow(ctx, tx, id, i, o); err != nil { // first: dates refer to it
		return err
	}
	free, err := t.nameDate(ctx, tx, store.SeriesDate{Series: id, Day: i.day, Object: o.ID})
	if err != nil || !free {
		return err
	}
	return mark(o, id)
}

// mark lets an event say which series it is a date of.
func mark(o *federation.Object, id federation.IRI) error {
	e := federation.EventOf(o)
	e.Series, o.Context = id, string(id)
	e.Put(o)
	return outbox.Readable(locale.New(o.Language), o, outbox.SourceOf(o).Content)
}

// room reports whether a series is there, or may be made.
func (t *taking) room(ctx context.Context, tx *store.Tx, id federation.IRI) (bool, error) {
	if _, err := tx.Series(ctx, id); err == nil || !errors.Is(err, federation.ErrNotFound) {
		return err == nil, err
	}
	all, err := tx.SeriesBy(ctx, t.author.ID)
	kept := slices.DeleteFunc(all, func(s *store.Series) bool { return !s.Kept })
	return len(kept) < maxKept, err
}

// nameDate takes the name of a date; that of one that was deleted is free again.
func (t *taking) nameDate(ctx context.Context, tx *store.Tx, d store.SeriesDate) (bool, error) {
	free, err := tx.AddSeriesDate(ctx, d)
	if err != nil || free {
		return free, err
	}
	dates, err := tx.SeriesDates(ctx, d.Series)
	n := slices.IndexFunc(dates, func(old store.SeriesDate) bool { return old.Day == d.Day })
	if err != nil || n < 0 || !dates[n].Gone {
		return false, err
	}
	return true, tx.PutSeriesDate(ctx, d)
}

// follow brings a series in line with the calendar.
func (t *taking) follow(ctx context.Context, tx *store.Tx, id federation.IRI, i Item, o *federation.Object) error {
	s, err := tx.Series(ctx, id)
	if errors.Is(err, federation.ErrNotFound) {
		s, err = &store.Series{ID: id, Author: t.author.ID, Kept: true, Told: t.now}, nil
	}
	if err != nil {
		return err
	}
	r := i.recurrence
	if s.Like == nil || !i.moved {
		like := *o
		like.Raw = nil
		like.Start = r.Start
		like.End = r.Start.Add(max(0, o.End.Sub(o.Start)))
		s.Like = &like
	}
	day := func(at time.Time) string { return at.In(r.Start.Location()).Format(time.DateOnly) }
	s.Rule, s.First, s.Skipped, s.Added = r.Rule(), day(r.Start), nil, nil
	for _, at := range r.Skipped {
		s.Skipped = append(s.Skipped, day(at))
	}
	for _, at := range r.Added {
		s.Added = append(s.Added, day(at))
	}
	return tx.PutSeries(ctx, s)
}
