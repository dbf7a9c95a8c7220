// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/calendar"
	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// How far ahead the dates of a series are made. What comes later is made as
// time goes on.
const (
	MaxAhead  = 60 // dates to come
	AheadDays = 366
)

// Recurrence returns when a series takes place, on the clocks of its event.
// What makes no sense is a [federation.FieldError] of the field recurrence.
func Recurrence(s *store.Series) (*calendar.Recurrence, error) {
	r := &calendar.Recurrence{Start: onDay(s, s.First)}
	if e := federation.EventOf(s.Like); !e.HideEnd && s.Like.End.After(s.Like.Start) {
		r.End = r.Start.Add(s.Like.End.Sub(s.Like.Start))
	}
	for _, d := range s.Skipped {
		r.Skipped = append(r.Skipped, onDay(s, d))
	}
	for _, d := range s.Added {
		r.Added = append(r.Added, onDay(s, d))
	}
	return r, r.SetRule(s.Rule)
}

// onDay returns the moment at which a series begins on a day: at the hour of
// its event, whatever the clocks do in between.
func onDay(s *store.Series, name string) time.Time {
	start := inZone(s.Like.Start, federation.EventOf(s.Like).Timezone)
	d, err := time.Parse(time.DateOnly, name)
	if err != nil { // days are checked before they are stored
		return start
	}
	return calendar.At(time.Date(d.Year(), d.Month(), d.Day(), start.Hour(), start.Minute(), 0, 0, time.UTC), start.Location())
}

// A Date is one time at which a series takes place, by its rule.
type Date struct {
	Day        string // its name
	Start, End time.Time
}

// Dates returns when a series takes place from now on, so far ahead as dates
// are made, and whether there are more.
func Dates(s *store.Series, now time.Time) (list []Date, more bool, err error) {
	r, err := Recurrence(s)
	if err != nil {
		return nil, false, err
	}
	all, more := r.Between(now, now.AddDate(calendar.MaxYears, 0, 0), MaxAhead)
	more = more || !r.Ends()
	horizon := now.AddDate(0, 0, AheadDays)
	seen := map[string]bool{}
	for _, o := range all {
		if o.Start.After(horizon) {
			return list, true, nil
		}
		d := Date{o.Was.Format(time.DateOnly), o.Start, o.Start.Add(s.Like.End.Sub(s.Like.Start))}
		switch {
		case slices.Contains(s.Skipped, d.Day):
			continue // an hour that the change of clocks moved
		case seen[d.Day]:
			return nil, false, &federation.FieldError{Field: "recurrence", Reason: "error_series_twice", Detail: s.Rule + " is more than once on " + d.Day}
		}
		seen[d.Day] = true
		list = append(list, d)
	}
	return list, more, nil
}

// SeriesWords says in words when a series takes place. Dates that were called
// off are exceptions like those that were skipped.
func SeriesWords(p *locale.Printer, s *store.Series, dates []store.SeriesDate) string {
	r, err := Recurrence(s)
	if err != nil { // was checked before it was stored
		return ""
	}
	for _, d := range dates {
		if day := onDay(s, d.Day); d.Closed || d.Gone {
			r.Skipped = append(r.Skipped, day)
			r.Added = slices.DeleteFunc(r.Added, func(t time.Time) bool { return t.Equal(day) })
		}
	}
	return r.Describe(p)
}

// StartSeriesTx publishes a series: a creates the event that each of its dates
// is like. Its first date is published as a, and tells followers of the others;
// these are made ahead, and are no news. The series gets its id here.
func StartSeriesTx(ctx context.Context, tx *store.Tx, a *federation.Activity, s *store.Series) error {
	s.ID = federation.IRI(tx.Home() + "/series/" + strings.ToLower(rand.Text()))
	s.Author, s.Like, s.Told = a.Actor, a.Enclosed, tx.Now()
	s.Like.Raw = nil
	dates, _, err := Dates(s, tx.Now())
	if err == nil && len(dates) == 0 {
		err = &federation.FieldError{Field: "recurrence", Reason: "error_series_none", Detail: "no date of " + s.Rule}
	}
	if err == nil {
		err = tx.PutSeries(ctx, s)
	}
	if err != nil {
		return err
	}
	first := dates[0]
	o, err := dateLike(s, s.Like.ID, first)
	if err != nil {
		return err
	}
	o.Published = s.Like.Published
	if err := tellOfOthers(s, o, nil); err != nil {
		return err
	}
	if _, err := tx.AddSeriesDate(ctx, store.SeriesDate{Series: s.ID, Day: first.Day, Object: o.ID}); err != nil {
		return err
	}
	a.Enclosed, a.Object = o, o.ID
	if err := PublishTx(ctx, tx, a); err != nil {
		return err
	}
	return aheadTx(ctx, tx, s)
}

// dateLike makes the event of one date, like the series has it. The pictures,
// the place and the words are the same; so is the author's language.
func dateLike(s *store.Series, id federation.IRI, d Date) (*federation.Object, error) {
	o := *s.Like
	o.ID, o.URL, o.Context = id, string(id), string(s.ID)
	o.Published, o.Updated, o.Raw = time.Time{}, time.Time{}, nil
	o.Start, o.End = d.Start, d.End
	o.Extra = maps.Clone(o.Extra)
	e := federation.EventOf(&o)
	e.Series, e.PreviousStart = s.ID, time.Time{}
	if e.Status == federation.EventRescheduled {
		e.Status = federation.EventScheduled
	}
	source := SourceOf(&o)
	source.Repeats = ""
	source.put(&o)
	e.Put(&o)
	slots := federation.SlotsOf(s.Like)
	for i, slot := range slots {
		slots[i].ID = SlotID(id, SlotKey(slot.ID))
		for _, t := range []*time.Time{&slots[i].Start, &slots[i].End} {
			if !t.IsZero() {
				*t = d.Start.Add(t.Sub(s.Like.Start))
			}
		}
	}
	federation.PutSlots(&o, slots)
	return &o, Readable(locale.New(o.Language), &o, source.Content)
}

// tellOfOthers writes into the first date of a series when the others are.
func tellOfOthers(s *store.Series, o *federation.Object, dates []store.SeriesDate) error {
	words := locale.New(o.Language)
	source := SourceOf(o)
	source.Repeats = capital(SeriesWords(words, s, dates))
	source.put(o)
	return Readable(words, o, source.Content)
}

// aheadTx makes the dates of a series that are missing, quietly: they can be
// found and read, but are sent to nobody. Doing it again makes none twice.
func aheadTx(ctx context.Context, tx *store.Tx, s *store.Series) error {
	made, err := tx.SeriesDates(ctx, s.ID)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, d := range made {
		known[d.Day] = true
	}
	dates, more, err := Dates(s, tx.Now())
	if err != nil {
		return err
	}
	for _, d := range dates {
		if known[d.Day] {
			continue
		}
		if err := makeDate(ctx, tx, s, d); err != nil {
			return err
		}
	}
	s.More = more
	return tx.PutSeries(ctx, s)
}

// makeDate makes the event of one date, unless somebody else did.
func makeDate(ctx context.Context, tx *store.Tx, s *store.Series, d Date) error {
	o, err := dateLike(s, NewObjectID(tx.Home()), d)
	if err != nil {
		return err
	}
	free, err := tx.AddSeriesDate(ctx, store.SeriesDate{Series: s.ID, Day: d.Day, Object: o.ID, Waiting: true})
	if err != nil || !free {
		return err
	}
	a := &federation.Activity{Type: federation.Create, Actor: s.Author, Enclosed: o, To: o.To, Cc: o.Cc}
	if err := quietly(ctx, tx, a); err != nil {
		return err
	}
	return tx.Behind(ctx, o.ID)
}

// ownDate notes that a date of a series was changed by itself: what changes
// all of them leaves it alone. What was no news stays none.
func ownDate(ctx context.Context, tx *store.Tx, a *federation.Activity) error {
	if a.Type != federation.Update || a.Enclosed == nil || federation.EventOf(a.Enclosed).Series == "" {
		return nil
	}
	d, err := tx.SeriesDateOf(ctx, a.Enclosed.ID)
	if errors.Is(err, federation.ErrNotFound) {
		return nil
	}
	if err == nil && d.Waiting {
		err = tx.Behind(ctx, d.Object)
	}
	if err != nil || d.Own {
		return err
	}
	if s, err := tx.Series(ctx, d.Series); err != nil || s.Kept { // each of its dates is as the calendar has it
		return err
	}
	d.Own = true
	return tx.PutSeriesDate(ctx, d)
}
