// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// What became of an entry of somebody's calendar.
const (
	EntryPublished = "published"
	EntryDouble    = "double"   // somebody else published it, it seems
	EntryWanted    = "wanted"   // to be published all the same
	EntryUnwanted  = "unwanted" // not to be published: so somebody here decided
	EntryRefused   = "refused"
	EntryRemoved   = "removed" // it no longer stands in the calendar
)

// A CalendarEvent is one time of an entry of somebody's calendar.
type CalendarEvent struct {
	ID           int64
	Calendar     int64
	Key, UID     string
	Title        string
	Starts, Ends time.Time
	Object       federation.IRI // the event here; of a double, the other one
	Digest       string         // of what it says
	Sequence     int
	Modified     time.Time
	State        string
	Reason       string    // why it was refused: a message id
	Announced    time.Time // when followers were told
	Changed      time.Time
}

const calendarEventColumns = `e.id, e.calendar, e.key, e.uid, e.title, e.starts, e.ends, e.object, e.digest, e.sequence, e.modified,
	e.state, e.reason, e.announced, e.changed`

func scanCalendarEvent(r row) (*CalendarEvent, error) {
	e := new(CalendarEvent)
	var starts, ends, modified, announced, changed int64
	err := r.Scan(&e.ID, &e.Calendar, &e.Key, &e.UID, &e.Title, &starts, &ends, &e.Object, &e.Digest, &e.Sequence, &modified,
		&e.State, &e.Reason, &announced, &changed)
	e.Starts, e.Ends, e.Modified, e.Announced, e.Changed = moment(starts), moment(ends), moment(modified), moment(announced), moment(changed)
	return e, err
}

// maxCalendarEvents bounds what is remembered of one calendar.
const maxCalendarEvents = 10_000

// CalendarEvents returns what is known of a calendar, in the order of time.
func (tx *Tx) CalendarEvents(ctx context.Context, calendar int64) ([]*CalendarEvent, error) {
	return all(ctx, tx, scanCalendarEvent, `
		SELECT `+calendarEventColumns+` FROM calendar_events e WHERE e.calendar = ? ORDER BY e.starts, e.id LIMIT ?`, calendar, maxCalendarEvents)
}

// CalendarEvent returns what is known of one entry.
func (tx *Tx) CalendarEvent(ctx context.Context, calendar int64, key string) (*CalendarEvent, error) {
	e, err := first(ctx, tx, scanCalendarEvent, `
		SELECT `+calendarEventColumns+` FROM calendar_events e WHERE e.calendar = ? AND e.key = ?`, calendar, key)
	return e, named(err, "entry", key)
}

// PutCalendarEvent stores what became of an entry, by its ID if it has one.
func (tx *Tx) PutCalendarEvent(ctx context.Context, e *CalendarEvent) (err error) {
	e.Changed = tx.now
	if e.ID == 0 {
		e.ID, err = tx.number(ctx, `
			INSERT INTO calendar_events (calendar, key, uid, title, starts, ends, object, digest, sequence, modified, state, reason, announced, changed)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
			e.Calendar, e.Key, e.UID, e.Title, e.Starts, e.Ends, e.Object, e.Digest, e.Sequence, e.Modified, e.State, e.Reason, e.Announced, e.Changed)
		return named(err, "entry", e.Key)
	}
	n, err := tx.exec(ctx, `
		UPDATE calendar_events SET key = ?, uid = ?, title = ?, starts = ?, ends = ?, object = ?, digest = ?, sequence = ?, modified = ?,
			state = ?, reason = ?, announced = ?, changed = ? WHERE id = ?`,
		e.Key, e.UID, e.Title, e.Starts, e.Ends, e.Object, e.Digest, e.Sequence, e.Modified, e.State, e.Reason, e.Announced, e.Changed, e.ID)
	return named(changed(n, err), "entry", e.Key)
}

// CalendarEventsOf returns what stands in calendars of an event here.
func (tx *Tx) CalendarEventsOf(ctx context.Context, object federation.IRI) ([]*CalendarEvent, error) {
	return all(ctx, tx, scanCalendarEvent, `
		SELECT `+calendarEventColumns+` FROM calendar_events e WHERE e.object = ? AND e.object <> '' ORDER BY e.id LIMIT 10`, object)
}

// SameEntry returns an entry of another calendar that has the name and the
// start of this one and is published; federation.ErrNotFound if there is none.
func (tx *Tx) SameEntry(ctx context.Context, e *CalendarEvent) (*CalendarEvent, error) {
	return first(ctx, tx, scanCalendarEvent, `
		SELECT `+calendarEventColumns+` FROM calendar_events e JOIN objects o ON o.id = e.object AND o.gone = 0
		WHERE e.uid = ? AND e.starts = ? AND e.calendar <> ? AND e.state = 'published' ORDER BY e.id LIMIT 1`, e.UID, e.Starts, e.Calendar)
}

// EventsAt returns the events of ours that begin at a time and did not come
// from that calendar.
func (tx *Tx) EventsAt(ctx context.Context, starts time.Time, calendar int64) ([]*federation.Object, error) {
	list, err := all(ctx, tx, column[federation.IRI], `
		SELECT o.id FROM objects o
		WHERE o.kind = 'event' AND o.start_at = ? AND o.gone = 0 AND o.local = 1
			AND NOT EXISTS (SELECT 1 FROM calendar_events e WHERE e.object = o.id AND e.object <> '' AND e.calendar = ? AND e.state <> 'double')
		ORDER BY o.seq LIMIT 50`, starts, calendar)
	if err != nil {
		return nil, err
	}
	var found []*federation.Object
	for _, id := range list {
		o, err := tx.Object(ctx, id)
		if err != nil {
			return nil, err
		}
		found = append(found, o)
	}
	return found, nil
}

// UntoldEvents returns entries that are published, that nobody was told of and
// that begin between two times, the first ones first.
func (tx *Tx) UntoldEvents(ctx context.Context, from, until time.Time, limit int) ([]*CalendarEvent, error) {
	return all(ctx, tx, scanCalendarEvent, `
		SELECT `+calendarEventColumns+` FROM calendar_events e
		WHERE e.announced = 0 AND e.state = 'published' AND e.starts > ? AND e.starts <= ? ORDER BY e.starts, e.id LIMIT ?`, from, until, limited(limit))
}

// ToldSince counts what the followers of an actor were told from calendars
// since a time.
func (tx *Tx) ToldSince(ctx context.Context, actor federation.IRI, since time.Time) (int, error) {
	n, err := tx.number(ctx, `
		SELECT COUNT(*) FROM calendars c JOIN calendar_events e ON e.calendar = c.id AND e.announced > ? WHERE c.actor = ?`, since, actor)
	return int(n), err
}

// EntryCounts returns how many entries of a calendar there are in each state,
// of those that are not over.
func (tx *Tx) EntryCounts(ctx context.Context, calendar int64) (map[string]int, error) {
	return tx.countStates(ctx, `SELECT state, COUNT(*) FROM calendar_events WHERE calendar = ? AND ends >= ? GROUP BY state`, calendar, tx.now)
}
