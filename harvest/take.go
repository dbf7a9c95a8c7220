// SPDX-License-Identifier: AGPL-3.0-or-later

package harvest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// A Harvest brings what we publish in line with calendars.
type Harvest struct {
	DB  *store.DB
	Log *slog.Logger
	Now func() time.Time
}

// batch is how many dates change in one transaction: nobody shall wait long
// behind it.
const batch = 10

// How much of a calendar has to be missing before we doubt it, and for how long
// we do.
const (
	massMissing = 3
	holdTime    = 24 * time.Hour
)

// Options say how items are taken.
type Options struct {
	Withdraw bool // what is no longer there; else it stays, as with files
	Empty    bool // there is no event at all in the calendar, not even past ones
	Force    bool // publish also what seems to be here already
	Cut      bool // the items are not all there are
}

// An Outcome counts what was done.
type Outcome struct {
	New, Changed, Same, Removed, Doubles, Refused, Unwanted, Held int
}

// Done reports whether anything was.
func (o Outcome) Done() bool { return o.New+o.Changed+o.Removed > 0 }

// A step is an item that needs to be looked at in a transaction.
type step struct {
	Item

	was string // the key under which it is known, if that changed
}

// A taking is one call of Take.
type taking struct {
	*Harvest
	Options

	calendar *store.Calendar
	author   *federation.Actor
	language string
	now      time.Time
	coming   int // dates to come that were published before
	out      Outcome
}

// Take brings what is published of a calendar in line with items. It sets Held
// and HeldCount of c, and stores nothing of it. An error leaves what was done
// until then; doing it again goes on from there.
func (h *Harvest) Take(ctx context.Context, c *store.Calendar, items []Item, o Options) (Outcome, error) {
	t := &taking{Harvest: h, Options: o, calendar: c, now: h.Now()}
	var steps []step
	var missing []*store.CalendarEvent
	err := h.DB.View(ctx, func(tx *store.Tx) (err error) {
		if t.author, err = tx.Actor(ctx, c.Actor); err != nil {
			return err
		}
		if t.author.Gone {
			return fmt.Errorf("%s: %w", c.Actor, federation.ErrGone)
		}
		if t.language, err = tx.Setting(ctx, "language"); errors.Is(err, federation.ErrNotFound) {
			t.language, err = "fr", nil
		}
		if err != nil {
			return err
		}
		rows, err := tx.CalendarEvents(ctx, c.ID)
		if err != nil {
			return err
		}
		steps, missing, err = t.plan(ctx, tx, rows, items)
		return err
	})
	if err != nil {
		return t.out, err
	}
	if err := inBatches(ctx, t, steps, t.take); err != nil {
		return t.out, err
	}
	if !o.Withdraw || t.hold(missing) {
		return t.out, nil
	}
	return t.out, inBatches(ctx, t, missing, t.withdraw)
}

// inBatches does something for each of a list, some in one transaction, and
// counts what. Of one calendar only one is under way at a time.
func inBatches[T any](ctx context.Context, t *taking, list []T, do func(context.Context, *store.Tx, T) (string, error)) error {
	for part := range slices.Chunk(list, batch) {
		var done []string
		err := t.DB.Update(ctx, func(tx *store.Tx) error {
			done = done[:0] // it may run again
			if err := tx.Lock(ctx, federation.IRI(fmt.Sprint("calendar:", t.calendar.ID))); err != nil {
				return err
			}
			for _, x := range part {
				what, err := do(ctx, tx, x)
				if err != nil {
					return err
				}
				done = append(done, what)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, what := range done {
			t.out.count(what)
		}
	}
	return nil
}

// What was done with an item; else the state of its entry.
const (
	didNew     = "new"
	didChange  = "changed"
	didNothing = "same"
)

func (o *Outcome) count(what string) {
	switch what {
	case didNew:
		o.New++
	case didChange:
		o.Changed++
	case store.EntryRemoved:
		o.Removed++
	case store.EntryDouble:
		o.Doubles++
	case store.EntryRefused:
		o.Refused++
	case store.EntryUnwanted:
		o.Unwanted++
	case didNothing:
		o.Same++
	}
}

// plan returns what has to be done for items, and what is known of dates to
// come that are not among them.
func (t *taking) plan(ctx context.Context, tx *store.Tx, rows []*store.CalendarEvent, items []Item) (steps []step, missing []*store.CalendarEvent, err error) {
	known := map[string]*store.CalendarEvent{}
	for _, r := range rows {
		known[r.Key] = r
	}
	there := map[string]bool{}
	for _, i := range items {
		there[i.Key] = true
	}
	renamed := renames(rows, items, known, there)
	for _, i := range items {
		row := known[i.Key]
		s := step{Item: i}
		if row == nil && renamed[i.Key] != nil {
			row, s.was = renamed[i.Key], renamed[i.Key].Key
			there[s.was] = true
		}
		if row != nil && s.was == "" {
			settled, err := t.settled(ctx, tx, row, i)
			if err != nil {
				return nil, nil, err
			}
			if settled {
				t.out.count(map[bool]string{true: didNothing, false: row.State}[row.State == store.EntryPublished])
				continue
			}
		}
		if row == nil && i.off() {
			continue // called off before we knew of it
		}
		steps = append(steps, s)
	}
	last := t.now.AddDate(100, 0, 0)
	if t.Cut && len(items) > 0 {
		last = items[len(items)-1].Start
	}
	for _, r := range rows {
		if r.State == store.EntryPublished && r.Starts.After(t.now) && r.Starts.Before(last) {
			if t.coming++; !there[r.Key] {
				missing = append(missing, r)
			}
		}
	}
	return steps, missing, nil
}

// renames finds the entries that have another name than last time: what was
// once and is now repeated, or has a name that is made anew for each reading.
func renames(rows []*store.CalendarEvent, items []Item, known map[string]*store.CalendarEvent, there map[string]bool) map[string]*store.CalendarEvent {
	byStart := map[int64][]*store.CalendarEvent{}
	for _, r := range rows {
		if !there[r.Key] && r.State != store.EntryRemoved {
			byStart[r.Starts.Unix()] = append(byStart[r.Starts.Unix()], r)
		}
	}
	found := map[string]*store.CalendarEvent{}
	for _, i := range items {
		if known[i.Key] != nil {
			continue
		}
		list := byStart[i.Start.Unix()]
		n := slices.IndexFunc(list, func(r *store.CalendarEvent) bool {
			return r.UID == i.UID || i.MadeUID && isMade(r.UID) || fold(r.Title) == fold(i.Title)
		})
		if n >= 0 {
			found[i.Key] = list[n]
			byStart[i.Start.Unix()] = slices.Delete(slices.Clone(list), n, n+1)
		}
	}
	return found
}

// settled reports whether nothing has to be done for an item that is known.
func (t *taking) settled(ctx context.Context, tx *store.Tx, row *store.CalendarEvent, i Item) (bool, error) {
	same := row.Digest == i.Digest()
	switch row.State {
	case store.EntryPublished, store.EntryRefused:
		return same, nil
	case store.EntryUnwanted:
		return same && !t.Force, nil
	case store.EntryDouble:
		if !same || t.Force {
			return false, nil
		}
		other, err := tx.Object(ctx, row.Object)
		if errors.Is(err, federation.ErrNotFound) {
			return false, nil
		}
		return err == nil && !other.Gone(), err
	}
	return false, nil
}

// hold reports whether so much is missing that nothing is withdrawn for a day.
func (t *taking) hold(missing []*store.CalendarEvent) bool {
	c := t.calendar
	mass := len(missing) >= massMissing && 2*len(missing) > t.coming || t.Empty && len(missing) > 0
	if !mass {
		c.Held, c.HeldCount = time.Time{}, 0
		return false
	}
	if c.Held.IsZero() {
		c.Held = t.now
	}
	if t.now.Sub(c.Held) >= holdTime {
		c.Held, c.HeldCount = time.Time{}, 0
		return false
	}
	c.HeldCount, t.out.Held = len(missing), len(missing)
	return true
}

// take does what an item needs and says what that was.
func (t *taking) take(ctx context.Context, tx *store.Tx, s step) (string, error) {
	row, err := tx.CalendarEvent(ctx, t.calendar.ID, cmp.Or(s.was, s.Key))
	if errors.Is(err, federation.ErrNotFound) {
		row, err = &store.CalendarEvent{Calendar: t.calendar.ID}, nil
		if s.was != "" { // somebody else was faster
			return didNothing, nil
		}
	}
	if err != nil {
		return "", err
	}
	was := *row
	digest := s.Digest()
	if row.ID != 0 && s.was == "" && row.State == store.EntryPublished && row.Digest == digest {
		return didNothing, nil
	}
	row.Key, row.UID, row.Title, row.Starts, row.Ends = s.Key, s.UID, cut(s.Title, maxTitle), s.Start, s.ends()
	if row.State == store.EntryUnwanted && !t.Force {
		row.Digest = digest
		return row.State, tx.PutCalendarEvent(ctx, row)
	}
	old, err := t.object(ctx, tx, row)
	if err != nil {
		return "", err
	}
	switch {
	case row.State == store.EntryPublished && old == nil: // somebody here deleted it
		row.State, row.Digest = store.EntryUnwanted, digest
		if t.Force {
			return t.publish(ctx, tx, row, s.Item)
		}
		return row.State, tx.PutCalendarEvent(ctx, row)
	case old == nil:
		return t.publish(ctx, tx, row, s.Item)
	case s.Sequence < was.Sequence && s.Modified.Before(was.Modified): // an old copy
		return didNothing, nil
	}
	return t.change(ctx, tx, row, s.Item, old, was.Digest == digest && was.State == store.EntryPublished)
}

// object returns the event of an entry, for us to change; nil if there is none.
func (t *taking) object(ctx context.Context, tx *store.Tx, row *store.CalendarEvent) (*federation.Object, error) {
	if row.Object == "" || row.State != store.EntryPublished && row.State != store.EntryRemoved {
		return nil, nil
	}
	o, err := tx.Object(ctx, row.Object)
	if errors.Is(err, federation.ErrNotFound) || err == nil && o.Gone() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	mine := *o // the store may show the same copy to others
	return &mine, nil
}

// publish publishes an item that is new, unless it seems to be here already.
func (t *taking) publish(ctx context.Context, tx *store.Tx, row *store.CalendarEvent, i Item) (string, error) {
	if i.off() {
		return didNothing, nil
	}
	row.Digest, row.Sequence, row.Modified, row.Reason, row.Announced = i.Digest(), i.Sequence, i.Modified, "", time.Time{}
	if row.State != store.EntryWanted && !t.Force {
		other, err := double(ctx, tx, row, i)
		if err != nil {
			return "", err
		}
		if other != "" {
			row.State, row.Object = store.EntryDouble, other
			return row.State, tx.PutCalendarEvent(ctx, row)
		}
	}
	o, problems := compose(t.calendar, t.author, i, nil, t.now, t.language)
	if len(problems) > 0 {
		return t.refuse(ctx, tx, row, problems[0].Reason)
	}
	if err := t.join(ctx, tx, i, o); err != nil {
		return "", err
	}
	a := &federation.Activity{Type: federation.Create, Actor: t.author.ID, Enclosed: o, To: o.To, Cc: o.Cc}
	if err := outbox.PublishQuietlyTx(ctx, tx, a); err != nil {
		return t.refused(ctx, tx, row, err)
	}
	row.State, row.Object = store.EntryPublished, o.ID
	return didNew, tx.PutCalendarEvent(ctx, row)
}

// change changes an event that we publish; same says that only its entry has
// another name.
func (t *taking) change(ctx context.Context, tx *store.Tx, row *store.CalendarEvent, i Item, old *federation.Object, same bool) (string, error) {
	row.Digest, row.Sequence, row.Modified, row.Reason, row.State = i.Digest(), i.Sequence, i.Modified, "", store.EntryPublished
	if same {
		return didNothing, tx.PutCalendarEvent(ctx, row)
	}
	o, problems := compose(t.calendar, t.author, i, old, t.now, t.language)
	if len(problems) > 0 { // what is published stays as it was
		row.Reason = problems[0].Reason
		return store.EntryRefused, tx.PutCalendarEvent(ctx, row)
	}
	if err := t.join(ctx, tx, i, o); err != nil {
		return "", err
	}
	if err := t.tell(ctx, tx, row, o); err != nil {
		return t.refused(ctx, tx, row, err)
	}
	return didChange, tx.PutCalendarEvent(ctx, row)
}

// tell publishes what changed of an event: to everybody, if they know of it.
func (t *taking) tell(ctx context.Context, tx *store.Tx, row *store.CalendarEvent, o *federation.Object) error {
	a := &federation.Activity{Type: federation.Update, Actor: t.author.ID, Enclosed: o}
	if row.Announced.IsZero() {
		return outbox.PublishQuietlyTx(ctx, tx, a)
	}
	return outbox.PublishTx(ctx, tx, a)
}

func (t *taking) refuse(ctx context.Context, tx *store.Tx, row *store.CalendarEvent, reason string) (string, error) {
	row.State, row.Reason, row.Object = store.EntryRefused, reason, ""
	return row.State, tx.PutCalendarEvent(ctx, row)
}

// refused notes what the gate does not let through; other errors stay errors.
func (t *taking) refused(ctx context.Context, tx *store.Tx, row *store.CalendarEvent, err error) (string, error) {
	var wrong *federation.FieldError
	if !errors.As(err, &wrong) {
		return "", err
	}
	return t.refuse(ctx, tx, row, wrong.Reason)
}

// withdraw calls off an event to come that no longer stands in the calendar; one
// that nobody was told of and nobody answers goes without a trace.
func (t *taking) withdraw(ctx context.Context, tx *store.Tx, known *store.CalendarEvent) (string, error) {
	row, err := tx.CalendarEvent(ctx, t.calendar.ID, known.Key)
	if errors.Is(err, federation.ErrNotFound) || err == nil && row.State != store.EntryPublished {
		return didNothing, nil
	}
	if err != nil {
		return "", err
	}
	if err := Withdraw(ctx, tx, row, t.language); err != nil {
		return "", err
	}
	return store.EntryRemoved, nil
}
