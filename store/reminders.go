// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// When a member is reminded of an event that they come to, and how: words of
// [Account.Remind], and of what they chose for one event.
const (
	RemindDay   = "day"   // the day before
	RemindHours = "hours" // two hours before
	RemindMail  = "mail"  // by mail, beside the notice
	RemindNever = "never" // for one event: not at all
)

// remindBefore is how long before an event each reminder is.
var remindBefore = map[string]time.Duration{RemindDay: 24 * time.Hour, RemindHours: 2 * time.Hour}

// A Reminder is due: a member comes to an event that begins soon.
type Reminder struct {
	Account int64
	Event   federation.IRI
	Start   time.Time
	Mail    bool // also by mail
}

// RemindChoice returns what a member chose for one event: words, or "" if it is
// as for all events.
func (tx *Tx) RemindChoice(ctx context.Context, person, event federation.IRI) (string, error) {
	choice, err := first(ctx, tx, column[string], `SELECT choice FROM reminders WHERE person = ? AND event = ?`, person, event)
	if errors.Is(err, federation.ErrNotFound) {
		return "", nil
	}
	return choice, named(err, "reminder of", event)
}

// RemindChoices returns what a member chose for single events.
func (tx *Tx) RemindChoices(ctx context.Context, person federation.IRI) (map[federation.IRI]string, error) {
	choices := map[federation.IRI]string{}
	err := tx.each(ctx, func(r row) error {
		var event federation.IRI
		var choice string
		err := r.Scan(&event, &choice)
		choices[event] = choice
		return err
	}, `SELECT event, choice FROM reminders WHERE person = ? AND choice <> '' LIMIT ?`, person, maxExport)
	return choices, err
}

// SetRemindChoice keeps what a member chose for one event.
func (tx *Tx) SetRemindChoice(ctx context.Context, person, event federation.IRI, choice string) error {
	_, err := tx.exec(ctx, `
		INSERT INTO reminders (person, event, choice) VALUES (?, ?, ?)
		ON CONFLICT (person, event) DO UPDATE SET choice = excluded.choice`, person, event, choice)
	return named(err, "reminder of", event)
}

// TakeReminders returns reminders of a kind that are due, and notes that they
// were given: of several processes one gets each. An event that is moved is
// reminded of again. Who answered when it was soon already needs no reminder.
func (tx *Tx) TakeReminders(ctx context.Context, kind string, limit int) ([]*Reminder, error) {
	before, ok := remindBefore[kind]
	if !ok {
		return nil, nil
	}
	due, err := all(ctx, tx, func(r row) (*dueReminder, error) {
		d := new(dueReminder)
		err := r.Scan(&d.Account, &d.person, &d.Event, &d.start, &d.words)
		d.Start, d.Mail = moment(d.start), strings.Contains(d.words, RemindMail)
		return d, err
	}, `
		SELECT a.id, e.source, e.target, o.start_at, a.remind FROM objects o
		JOIN edges e ON e.target = o.id AND e.kind = 'Join' AND e.pending = 0 AND e.at < o.start_at - ?
		JOIN accounts a ON a.person = e.source AND a.suspended = 0
		LEFT JOIN reminders r ON r.person = e.source AND r.event = e.target
		WHERE o.kind = 'event' AND o.gone = 0 AND o.start_at > ? AND o.start_at < ?
			AND COALESCE(r.`+kind+`_for, 0) <> o.start_at
			AND (CASE WHEN COALESCE(r.choice, '') = '' THEN a.remind ELSE r.choice END) LIKE ?
		ORDER BY o.start_at, e.seq LIMIT ?`, before.Microseconds(), tx.now, tx.now.Add(before), "%"+kind+"%", limit)
	if err != nil {
		return nil, err
	}
	var list []*Reminder
	for _, d := range due {
		n, err := tx.exec(ctx, `
			INSERT INTO reminders (person, event, `+kind+`_for) VALUES (?, ?, ?)
			ON CONFLICT (person, event) DO UPDATE SET `+kind+`_for = excluded.`+kind+`_for
			WHERE reminders.`+kind+`_for <> excluded.`+kind+`_for`, d.person, d.Event, d.start)
		if err != nil {
			return nil, named(err, "reminder of", d.Event)
		}
		if n > 0 {
			list = append(list, &d.Reminder)
		}
	}
	return list, nil
}

type dueReminder struct {
	Reminder

	person federation.IRI
	start  int64
	words  string
}
