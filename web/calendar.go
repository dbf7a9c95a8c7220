// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"time"

	"codeberg.org/maillage/maillage/calendar"
	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// A calendar to subscribe to has what was in the last 90 days and all that
// comes.
const (
	calendarPast = 90 * 24 * time.Hour
	calendarSize = 1000
)

// calendar serves the events of a list, an actor or a hashtag.
func (v *visit) calendar(ctx context.Context, tx *store.Tx) (*document, error) {
	s, err := v.source(ctx, tx)
	if err != nil {
		return nil, err
	}
	list, err := v.datesOf(ctx, tx, s.query, calendarSize)
	if err != nil {
		return nil, err
	}
	return v.calendarOf(&calendar.Calendar{Name: s.title, URL: v.Origin + s.page}, list, "calendar.ics")
}

// datesOf finds the events of a selection for a calendar, so many at most: what
// comes first, then what was, the latest before.
func (v *visit) datesOf(ctx context.Context, tx *store.Tx, q store.Query, most int) ([]*federation.Object, error) {
	q.Kinds, q.OpenOnly, q.Limit = []string{"event"}, false, min(most, 100)
	q.LocalOnly = q.Circuit == "" // its members are elsewhere, too
	coming, past := q, q
	coming.From, coming.Sort = v.Now(), store.SortStart
	past.From, past.Ended, past.Sort = v.Now().Add(-calendarPast), v.Now(), store.SortLast
	var list []*federation.Object
	for _, q := range []store.Query{coming, past} {
		q.Cursor = ""
		for len(list) < most {
			found, next, err := tx.Search(ctx, q)
			if err != nil {
				return nil, err
			}
			for _, f := range found[:min(len(found), most-len(list))] {
				list = append(list, f.Object)
			}
			if q.Cursor = next; next == "" {
				break
			}
		}
	}
	return list, nil
}

// eventCalendar serves one event, to be put into one's own calendar.
func (v *visit) eventCalendar(ctx context.Context, tx *store.Tx) (*document, error) {
	o, err := v.readable(ctx, tx, v.local("/objects/"+v.r.PathValue("id")))
	if err != nil {
		return nil, err
	}
	if o.Gone() || !o.Local || o.Type != "Event" {
		return nil, fmt.Errorf("calendar of %s: %w", o.ID, federation.ErrNotFound)
	}
	return v.calendarOf(&calendar.Calendar{Name: o.Name, URL: string(o.ID)}, []*federation.Object{o}, "event.ics")
}

// seriesCalendar serves the dates of a series. Each is an entry of its own, so
// that the others stay as they are when one changes.
func (v *visit) seriesCalendar(ctx context.Context, tx *store.Tx) (*document, error) {
	s, err := v.seriesHere(ctx, tx)
	if err != nil {
		return nil, err
	}
	dates, err := tx.SeriesDates(ctx, s.ID)
	if err != nil {
		return nil, err
	}
	var ids []federation.IRI
	for _, d := range dates {
		if !d.Gone && d.End.After(v.Now().Add(-calendarPast)) {
			ids = append(ids, d.Object)
		}
	}
	known, err := tx.Objects(ctx, ids...)
	if err != nil {
		return nil, err
	}
	var list []*federation.Object
	for _, id := range ids {
		list = append(list, known[id])
	}
	title := outbox.SourceOf(s.Like).Name
	return v.calendarOf(&calendar.Calendar{Name: title, URL: string(s.ID)}, list, "calendar.ics")
}

func (v *visit) calendarOf(c *calendar.Calendar, list []*federation.Object, name string) (*document, error) {
	modified := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, o := range list {
		e := v.entryOf(o)
		if e.Modified.After(modified) {
			modified = e.Modified
		}
		c.Events = append(c.Events, e)
	}
	v.alarm(c)
	var b bytes.Buffer
	if err := calendar.Write(&b, c); err != nil {
		return nil, fmt.Errorf("calendar: %w", err)
	}
	return &document{name: name, mediaType: "text/calendar; charset=utf-8; method=PUBLISH", body: b.Bytes(), modified: modified}, nil
}

// maxAlarm is how many minutes before an event a calendar may ring: a week.
const maxAlarm = 7 * 24 * 60

// alarm lets the events of a calendar ring beforehand, for whoever asks for it
// in the address: ?alarm=60, in minutes.
func (v *visit) alarm(c *calendar.Calendar) {
	minutes, err := strconv.Atoi(v.r.URL.Query().Get("alarm"))
	if err != nil || minutes < 1 || minutes > maxAlarm {
		return
	}
	for i := range c.Events {
		c.Events[i].Alarm = time.Duration(minutes) * time.Minute
	}
}

// entryOf makes the entry of an event; one from elsewhere is named by its whole
// address, and leads to its page there.
func (v *visit) entryOf(o *federation.Object) calendar.Event {
	e := outbox.EntryOf(o, vocab.Text(string(v.content(o))), v.zoneOf(federation.EventOf(o).Timezone))
	if !o.Local {
		e.UID, e.URL = string(o.ID), webLink(o.URL, o.ID)
	}
	return e
}

// zoneOf finds the clocks of an event.
func (s *Site) zoneOf(name string) *time.Location {
	if z, ok := locale.Zone(name); ok {
		return z
	}
	return s.zone()
}
