// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"fmt"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// States of a calendar that somebody keeps elsewhere.
const (
	CalendarActive = "active"
	CalendarPaused = "paused"
	CalendarFile   = "file" // stands for the files that were brought for an actor
)

// MaxCalendars is how many an instance reads.
const MaxCalendars = 500

// A Calendar is kept elsewhere; its events are published here.
type Calendar struct {
	ID        int64
	Actor     federation.IRI // who publishes what stands in it
	URL       string         // empty: files
	Name      string
	Account   int64 // who added it
	WallClock bool  // what it calls universal time is the local one
	Secret    bool  // its address is shown to nobody
	State     string
	Every     time.Duration // between two readings; 0: as it says itself
	OwnEvery  time.Duration // what it says itself; 0: nothing
	Created   time.Time
	Due       time.Time

	ETag, Modified string // of the last answer, as they were sent
	Digest         string // of its bytes
	Read           time.Time
	Taken          time.Time // when its events were last gone through
	Changed        time.Time // when that last changed something

	Faults  int       // in a row
	Failing time.Time // since when; zero: it is not
	Fault   string    // a message id
	Detail  string

	Held      time.Time // since when much of it is missing; zero: it is not
	HeldCount int
	Report    string // JSON
}

const calendarColumns = `c.id, c.actor, c.url, c.name, c.account, c.wall_clock, c.secret, c.state, c.every, c.own_every, c.created, c.due,
	c.etag, c.modified, c.digest, c.read_at, c.taken_at, c.changed_at, c.faults, c.failing, c.fault, c.detail, c.held, c.held_count, c.report`

func scanCalendar(r row) (*Calendar, error) {
	c := new(Calendar)
	var every, own, created, due, read, taken, changed, failing, held int64
	err := r.Scan(&c.ID, &c.Actor, &c.URL, &c.Name, &c.Account, &c.WallClock, &c.Secret, &c.State, &every, &own, &created, &due,
		&c.ETag, &c.Modified, &c.Digest, &read, &taken, &changed, &c.Faults, &failing, &c.Fault, &c.Detail, &held, &c.HeldCount, &c.Report)
	c.Every, c.OwnEvery = time.Duration(every)*time.Microsecond, time.Duration(own)*time.Microsecond
	c.Created, c.Due, c.Read, c.Taken = moment(created), moment(due), moment(read), moment(taken)
	c.Changed, c.Failing, c.Held = moment(changed), moment(failing), moment(held)
	return c, err
}

// AddCalendar stores a calendar and sets its ID. federation.ErrConflict says
// that its actor has it already, or that there are too many.
func (tx *Tx) AddCalendar(ctx context.Context, c *Calendar) error {
	n, err := tx.number(ctx, `SELECT COUNT(*) FROM calendars WHERE state <> 'file'`)
	if err == nil && n >= MaxCalendars && c.State != CalendarFile {
		err = fmt.Errorf("%w: %d calendars", federation.ErrConflict, n)
	}
	if err != nil {
		return named(err, "calendar of", c.Actor)
	}
	known, err := tx.exists(ctx, `SELECT 1 FROM calendars WHERE actor = ? AND url = ?`, c.Actor, c.URL)
	if err == nil && known {
		err = federation.ErrConflict
	}
	if err != nil {
		return named(err, "calendar of", c.Actor)
	}
	c.Created, c.Due = tx.now, tx.now
	c.ID, err = tx.number(ctx, `
		INSERT INTO calendars (actor, url, name, account, wall_clock, secret, state, every, created, due)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		c.Actor, c.URL, c.Name, c.Account, c.WallClock, c.Secret, c.State, c.Every.Microseconds(), c.Created, c.Due)
	tx.queue(QueueCalendars)
	if err != nil {
		return named(err, "calendar of", c.Actor)
	}
	return tx.Record(ctx, Deed{Verb: "calendar.add", Actor: c.Actor, Object: c.Name})
}

// Calendar returns a calendar.
func (tx *Tx) Calendar(ctx context.Context, id int64) (*Calendar, error) {
	c, err := first(ctx, tx, scanCalendar, `SELECT `+calendarColumns+` FROM calendars c WHERE c.id = ?`, id)
	return c, named(err, "calendar", id)
}

// FileCalendar returns the calendar that stands for the files of an actor;
// federation.ErrNotFound if none was brought.
func (tx *Tx) FileCalendar(ctx context.Context, actor federation.IRI) (*Calendar, error) {
	c, err := first(ctx, tx, scanCalendar, `SELECT `+calendarColumns+` FROM calendars c WHERE c.actor = ? AND c.url = ''`, actor)
	return c, named(err, "files of", actor)
}

// Calendars returns all of them, in the order they were added.
func (tx *Tx) Calendars(ctx context.Context) ([]*Calendar, error) {
	return all(ctx, tx, scanCalendar, `SELECT `+calendarColumns+` FROM calendars c ORDER BY c.id LIMIT ?`, 2*MaxCalendars)
}

// SetCalendar stores what people choose of a calendar, and reads it anew.
func (tx *Tx) SetCalendar(ctx context.Context, c *Calendar) error {
	n, err := tx.exec(ctx, `
		UPDATE calendars SET name = ?, wall_clock = ?, secret = ?, state = ?, every = ?, due = ?, etag = '', modified = '', digest = ''
		WHERE id = ?`, c.Name, c.WallClock, c.Secret, c.State, c.Every.Microseconds(), tx.now, c.ID)
	tx.queue(QueueCalendars)
	if err = changed(n, err); err != nil {
		return named(err, "calendar", c.ID)
	}
	return tx.Record(ctx, Deed{Verb: "calendar." + c.State, Actor: c.Actor, Object: c.Name})
}

// ConfirmCalendar lets what is missing from a calendar be withdrawn at the next
// reading, which is now.
func (tx *Tx) ConfirmCalendar(ctx context.Context, id int64) error {
	n, err := tx.exec(ctx, `
		UPDATE calendars SET held = CASE WHEN held > 0 THEN 1 ELSE 0 END, due = ?, etag = '', modified = '', digest = '' WHERE id = ?`, tx.now, id)
	tx.queue(QueueCalendars)
	return named(changed(n, err), "calendar", id)
}

// DropCalendar forgets a calendar and what it knew of its events, which stay.
func (tx *Tx) DropCalendar(ctx context.Context, c *Calendar) error {
	if _, err := tx.exec(ctx, `DELETE FROM calendar_events WHERE calendar = ?`, c.ID); err != nil {
		return named(err, "calendar", c.ID)
	}
	n, err := tx.exec(ctx, `DELETE FROM calendars WHERE id = ?`, c.ID)
	if err = changed(n, err); err != nil {
		return named(err, "calendar", c.ID)
	}
	return tx.Record(ctx, Deed{Verb: "calendar.drop", Actor: c.Actor, Object: c.Name})
}

// CalendarDue reports whether there is one to be claimed.
func (tx *Tx) CalendarDue(ctx context.Context) (bool, error) {
	return tx.exists(ctx, `SELECT 1 FROM calendars WHERE state = 'active' AND due <= ? AND lease_until <= ? LIMIT 1`, tx.now, tx.now)
}

// ClaimCalendar leases the calendar that is due for longest to owner;
// federation.ErrNotFound if none is. What was neither finished nor given back
// when the lease is over can be claimed again.
func (tx *Tx) ClaimCalendar(ctx context.Context, owner string, lease time.Duration) (*Calendar, error) {
	query := `
		SELECT ` + calendarColumns + ` FROM calendars c
		WHERE c.state = 'active' AND c.due <= ? AND c.lease_until <= ? ORDER BY c.due, c.id LIMIT 1`
	if tx.postgres() {
		query += ` FOR UPDATE SKIP LOCKED`
	}
	c, err := first(ctx, tx, scanCalendar, query, tx.now, tx.now)
	if err != nil {
		return nil, err
	}
	_, err = tx.exec(ctx, `UPDATE calendars SET lease_owner = ?, lease_until = ? WHERE id = ?`, owner, tx.now.Add(lease), c.ID)
	return c, err
}

// FinishCalendar stores what came of a reading, and when the next one is due;
// what people changed meanwhile stays. Only who holds the lease may.
func (tx *Tx) FinishCalendar(ctx context.Context, c *Calendar, owner string) error {
	_, err := tx.exec(ctx, `
		UPDATE calendars SET own_every = ?, due = ?, etag = ?, modified = ?, digest = ?, read_at = ?, taken_at = ?, changed_at = ?,
			faults = ?, failing = ?, fault = ?, detail = ?, held = ?, held_count = ?, report = ?, lease_owner = '', lease_until = 0,
			name = CASE WHEN name = '' THEN ? ELSE name END
		WHERE id = ? AND lease_owner = ?`,
		c.OwnEvery.Microseconds(), c.Due, c.ETag, c.Modified, c.Digest, c.Read, c.Taken, c.Changed,
		c.Faults, c.Failing, c.Fault, short(c.Detail), c.Held, c.HeldCount, c.Report, c.Name, c.ID, owner)
	return named(err, "calendar", c.ID)
}

// PutCalendarReport stores what came of a file.
func (tx *Tx) PutCalendarReport(ctx context.Context, c *Calendar) error {
	n, err := tx.exec(ctx, `UPDATE calendars SET read_at = ?, taken_at = ?, changed_at = ?, report = ? WHERE id = ?`,
		c.Read, c.Taken, c.Changed, c.Report, c.ID)
	return named(changed(n, err), "calendar", c.ID)
}

// ReleaseCalendars gives back what owner claimed and did not finish.
func (tx *Tx) ReleaseCalendars(ctx context.Context, owner string) error {
	_, err := tx.exec(ctx, `UPDATE calendars SET lease_owner = '', lease_until = 0 WHERE lease_until > 0 AND lease_owner = ?`, owner)
	return err
}

// FailingCalendars counts those that have not answered well since a time.
func (tx *Tx) FailingCalendars(ctx context.Context, since time.Time) (int, error) {
	n, err := tx.number(ctx, `SELECT COUNT(*) FROM calendars WHERE state = 'active' AND failing > 0 AND failing <= ?`, since)
	return int(n), err
}

// HeldCalendars counts those that are suddenly so short that somebody should
// look.
func (tx *Tx) HeldCalendars(ctx context.Context) (int, error) {
	n, err := tx.number(ctx, `SELECT COUNT(*) FROM calendars WHERE state = 'active' AND held > 0`)
	return int(n), err
}
