// SPDX-License-Identifier: AGPL-3.0-or-later

package harvest

import (
	"context"
	"errors"
	"slices"

	"codeberg.org/maillage/maillage/calendar"
	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// A Line is an entry of a file as somebody looks through it: all the times of
// what is repeated are one.
type Line struct {
	*calendar.Entry

	Items  []Item         // its times that are to come
	State  string         // as a message says it: new, changed, same, double, unwanted or off
	Double federation.IRI // the event here that it seems to be
}

// States of a line that are none of an entry.
const (
	LineNew     = "new"
	LineChanged = "changed"
	LineSame    = "same"
	LineOff     = "off" // called off, and never published
)

// Preview compares a file with what an actor publishes.
func Preview(ctx context.Context, tx *store.Tx, actor federation.IRI, f *calendar.File, items []Item) ([]*Line, error) {
	known := map[string]*store.CalendarEvent{}
	var id int64
	c, err := tx.FileCalendar(ctx, actor)
	if err == nil {
		id = c.ID
		rows, err := tx.CalendarEvents(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			known[r.Key] = r
		}
	} else if !errors.Is(err, federation.ErrNotFound) {
		return nil, err
	}
	entries := map[string]*calendar.Entry{}
	for _, e := range f.Entries {
		if entries[e.UID] == nil {
			entries[e.UID] = e
		}
	}
	var lines []*Line
	byUID := map[string]*Line{}
	for _, i := range items {
		l := byUID[i.UID]
		if l == nil {
			l = &Line{Entry: entries[i.UID]}
			byUID[i.UID] = l
			lines = append(lines, l)
		}
		l.Items = append(l.Items, i)
	}
	for _, l := range lines {
		if err := l.compare(ctx, tx, id, known); err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// compare says what would become of a line.
func (l *Line) compare(ctx context.Context, tx *store.Tx, calendar int64, known map[string]*store.CalendarEvent) error {
	states := map[string]int{}
	for _, i := range l.Items {
		row := known[i.Key]
		switch {
		case row == nil && i.off():
			states[LineOff]++
		case row == nil, row.State == store.EntryRemoved, row.State == store.EntryRefused:
			other, err := double(ctx, tx, &store.CalendarEvent{Calendar: calendar, UID: i.UID, Starts: i.Start}, i)
			if err != nil {
				return err
			}
			if other != "" {
				l.Double = other
				states[store.EntryDouble]++
			} else {
				states[LineNew]++
			}
		case row.State == store.EntryUnwanted, row.State == store.EntryDouble:
			l.Double = row.Object
			states[row.State]++
		case row.Digest != i.Digest():
			states[LineChanged]++
		default:
			states[LineSame]++
		}
	}
	for _, s := range []string{LineNew, LineChanged, store.EntryDouble, store.EntryUnwanted, LineSame, LineOff} {
		if states[s] > 0 {
			l.State = s
			return nil
		}
	}
	return nil
}

// Ticked reports whether the line is to be published unless somebody says
// otherwise.
func (l *Line) Ticked() bool {
	return l.State == LineNew || l.State == LineChanged || l.State == LineSame
}

// TakeFile publishes the entries of a file that were chosen, by their UIDs, for
// an actor, or changes them if they were brought before.
func (h *Harvest) TakeFile(ctx context.Context, actor federation.IRI, account int64, name string, f *calendar.File, chosen []string) (Outcome, error) {
	c := &store.Calendar{Actor: actor, Name: name, Account: account, State: store.CalendarFile}
	err := h.DB.Update(ctx, func(tx *store.Tx) error {
		known, err := tx.FileCalendar(ctx, actor)
		if errors.Is(err, federation.ErrNotFound) {
			return tx.AddCalendar(ctx, c)
		}
		if err == nil {
			c = known
		}
		return err
	})
	if err != nil {
		return Outcome{}, err
	}
	c.Name = name // of this one
	items, more := Items(f, h.Now())
	items = slices.DeleteFunc(items, func(i Item) bool { return !slices.Contains(chosen, i.UID) })
	out, err := h.Take(ctx, c, items, Options{Force: true})
	if err != nil {
		return out, err
	}
	c.Read, c.Taken = h.Now(), h.Now()
	if out.Done() {
		c.Changed = h.Now()
	}
	report(c, f, len(items), more, out)
	return out, h.DB.Update(ctx, func(tx *store.Tx) error { return tx.PutCalendarReport(ctx, c) })
}

func ignoreMissing(err error) error {
	if errors.Is(err, federation.ErrNotFound) {
		return nil
	}
	return err
}
