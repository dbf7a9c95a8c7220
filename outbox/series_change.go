// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"context"
	"errors"
	"slices"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// What changes in a series, in one transaction each. Every date that was sent,
// or that somebody answered, is changed for all who have it; one that waits is
// changed here, and its readers find it changed.

// coming returns the dates of a series that are not over and not deleted, from
// a day on.
func coming(ctx context.Context, tx *store.Tx, s *store.Series, from string) ([]store.SeriesDate, error) {
	dates, err := tx.SeriesDates(ctx, s.ID)
	return slices.DeleteFunc(dates, func(d store.SeriesDate) bool {
		return d.Gone || d.Day < from || newest(d.Start, d.End).Before(tx.Now())
	}), err
}

// ReviseSeriesTx gives the dates to come, from a day on, what an edited date
// has: all but the day. What was changed by itself keeps its own unless own is
// true. o is the edited date, ready for an Update.
func ReviseSeriesTx(ctx context.Context, tx *store.Tx, s *store.Series, o *federation.Object, from string, own bool) error {
	dates, err := coming(ctx, tx, s, from)
	if err != nil {
		return err
	}
	before := *s
	like := *o
	like.Raw = nil
	s.Like = &like
	for _, d := range dates {
		if d.Own && !own && d.Object != o.ID {
			continue
		}
		if err := reviseDate(ctx, tx, s, &before, d); err != nil {
			return err
		}
	}
	if err := tx.PutSeries(ctx, s); err != nil {
		return err
	}
	if err := aheadTx(ctx, tx, s); err != nil {
		return err
	}
	if err := retell(ctx, tx, s); err != nil {
		return err
	}
	return tx.Record(ctx, store.Deed{Verb: federation.Update, Actor: s.Author, Object: string(s.ID)})
}

// reviseDate changes one date into what the series has now. What is called off
// stays so; a moved hour is said to whoever knew the other.
func reviseDate(ctx context.Context, tx *store.Tx, s, before *store.Series, d store.SeriesDate) error {
	old, err := tx.Object(ctx, d.Object)
	if err != nil {
		return err
	}
	start := onDay(s, d.Day)
	o, err := dateLike(s, d.Object, Date{d.Day, start, start.Add(s.Like.End.Sub(s.Like.Start))})
	if err != nil {
		return err
	}
	was, e := federation.EventOf(old), federation.EventOf(o)
	source := SourceOf(o)
	source.Repeats = SourceOf(old).Repeats
	source.put(o)
	switch {
	case was.Status == federation.EventCancelled && federation.EventOf(before.Like).Status != federation.EventCancelled:
		e.Status = was.Status
	case !old.Start.Equal(start) && !d.Waiting:
		e.Status, e.PreviousStart = federation.EventRescheduled, old.Start
	case was.Status == federation.EventRescheduled && !was.PreviousStart.Equal(start) && !d.Waiting:
		e.Status, e.PreviousStart = was.Status, was.PreviousStart
	}
	e.Put(o)
	if err := Readable(locale.New(o.Language), o, source.Content); err != nil {
		return err
	}
	d.Own = false
	if err := tx.PutSeriesDate(ctx, d); err != nil {
		return err
	}
	return changeDate(ctx, tx, d, o)
}

// changeDate publishes a new state of a date: to everyone who has it, or while
// it waits to those who answered it.
func changeDate(ctx context.Context, tx *store.Tx, d store.SeriesDate, o *federation.Object) error {
	a := &federation.Activity{Type: federation.Update, Actor: o.AttributedTo, Enclosed: o, To: o.To, Cc: o.Cc}
	if !d.Waiting {
		return publish(ctx, tx, a)
	}
	if err := quietly(ctx, tx, a); err != nil {
		return err
	}
	return tx.Behind(ctx, o.ID)
}

// CallOffTx calls an event off: for everyone who has it, or while it waits as
// one of several dates, for those who answered it.
func CallOffTx(ctx context.Context, tx *store.Tx, o *federation.Object) error {
	if o.Type == "Event" && federation.EventOf(o).Status == federation.EventCancelled {
		return nil
	}
	off := *o
	if err := Cancel(locale.New(o.Language), &off, tx.Now()); err != nil {
		return err
	}
	d, err := tx.SeriesDateOf(ctx, o.ID)
	if err == nil && d.Waiting {
		d.Own = true
		if err := tx.PutSeriesDate(ctx, d); err != nil {
			return err
		}
		return changeDate(ctx, tx, d, &off)
	}
	if err != nil && !errors.Is(err, federation.ErrNotFound) {
		return err
	}
	return PublishTx(ctx, tx, &federation.Activity{Type: federation.Update, Actor: o.AttributedTo, Enclosed: &off, To: o.To, Cc: o.Cc})
}

// CancelDatesTx calls off the dates of a series with these names, and tells
// whoever answered them.
func CancelDatesTx(ctx context.Context, tx *store.Tx, s *store.Series, days []string) error {
	dates, err := coming(ctx, tx, s, "")
	if err != nil {
		return err
	}
	for _, d := range dates {
		if !slices.Contains(days, d.Day) {
			continue
		}
		o, err := tx.Object(ctx, d.Object)
		if err == nil {
			err = CallOffTx(ctx, tx, o)
		}
		if err != nil {
			return err
		}
	}
	return retell(ctx, tx, s)
}

// EndSeriesTx makes a day the last one of a series. What was to come after it
// is called off if anybody knows of it, else deleted.
func EndSeriesTx(ctx context.Context, tx *store.Tx, s *store.Series, last time.Time) error {
	r, err := Recurrence(s)
	if err != nil {
		return err
	}
	next := last.AddDate(0, 0, 1).Format(time.DateOnly)
	r.EndBefore(onDay(s, next))
	s.Rule = r.Rule()
	later := func(day string) bool { return day >= next }
	s.Added, s.Skipped = slices.DeleteFunc(s.Added, later), slices.DeleteFunc(s.Skipped, later)
	dates, err := coming(ctx, tx, s, next)
	if err != nil {
		return err
	}
	for _, d := range dates {
		if err := dropDate(ctx, tx, d); err != nil {
			return err
		}
	}
	if err := aheadTx(ctx, tx, s); err != nil {
		return err
	}
	return retell(ctx, tx, s)
}

// dropDate takes a date out of a series that ends before it.
func dropDate(ctx context.Context, tx *store.Tx, d store.SeriesDate) error {
	o, err := tx.Object(ctx, d.Object)
	if err != nil {
		return err
	}
	answers, err := tx.AllAnswers(ctx, d.Object)
	if err != nil {
		return err
	}
	if !d.Waiting || len(answers) > 0 {
		return CallOffTx(ctx, tx, o)
	}
	return PublishTx(ctx, tx, &federation.Activity{Type: federation.Delete, Actor: o.AttributedTo, Object: o.ID})
}

// AddDateTx adds a day to a series, at its hour.
func AddDateTx(ctx context.Context, tx *store.Tx, s *store.Series, day time.Time) error {
	name := day.Format(time.DateOnly)
	made, err := tx.SeriesDates(ctx, s.ID)
	if err != nil {
		return err
	}
	taken := slices.ContainsFunc(made, func(d store.SeriesDate) bool { return d.Day == name })
	if taken || onDay(s, name).Before(tx.Now()) || len(s.Added) >= MaxAhead {
		return &federation.FieldError{Field: "day", Reason: "error_series_day_taken", Detail: name}
	}
	s.Added = append(s.Added, name)
	s.Skipped = slices.DeleteFunc(s.Skipped, func(d string) bool { return d == name })
	if err := aheadTx(ctx, tx, s); err != nil {
		return err
	}
	return retell(ctx, tx, s)
}

// retell writes anew, into the date that told followers of the series, when the
// others are. Its Update is what makes other servers look at all of them.
func retell(ctx context.Context, tx *store.Tx, s *store.Series) error {
	dates, err := tx.SeriesDates(ctx, s.ID)
	if err != nil {
		return err
	}
	for _, d := range dates {
		if d.Gone || d.Waiting {
			continue
		}
		old, err := tx.Object(ctx, d.Object)
		if err != nil {
			return err
		}
		if SourceOf(old).Repeats == "" {
			continue
		}
		o := *old
		if err := tellOfOthers(s, &o, dates); err != nil {
			return err
		}
		return changeDate(ctx, tx, d, &o)
	}
	return nil
}
