// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// What a guest may answer.
const (
	GuestYes   = "yes"
	GuestMaybe = "maybe"
	GuestNo    = "no"

	GuestWaiting = "waiting" // what may become of yes
)

// A Guest is somebody who answers one event without an account. Their answer
// counts when they have confirmed it: then it is an edge, like all others.
type Guest struct {
	ID         int64
	Guest      federation.IRI // their name in edges
	Event      federation.IRI
	Name       string
	Address    string // in lower case; empty if the organiser wrote them down
	Secret     string // stands in the links of letters
	Language   string
	Answer     string // one of the GuestXxx constants
	Companions int
	Message    string // to the organiser
	Remind     bool   // wants a letter the day before
	Created    time.Time
	Confirmed  time.Time // zero: not yet
	Told       string    // what they were last told of their answer: yes, waiting, maybe or no
	Reminded   time.Time
	Invited    time.Time // by the organiser, with a letter; zero: they came by themselves

	// Slots are those of the event that they want to take, until they have
	// confirmed; nil: nothing changes.
	Slots []federation.IRI
}

// What strangers can make us keep.
const (
	maxGuests     = 2000 // of one event
	maxUnanswered = 2000 // of all, not confirmed
)

const guestColumns = `g.id, g.guest, g.event, g.name, g.address, g.secret, g.language, g.answer, g.companions, g.message, g.remind,
	g.created, g.confirmed, g.told, g.reminded, g.slots, g.invited`

func scanGuest(r row) (*Guest, error) {
	g := new(Guest)
	var created, confirmed, reminded, invited int64
	var slots string
	err := r.Scan(&g.ID, &g.Guest, &g.Event, &g.Name, &g.Address, &g.Secret, &g.Language, &g.Answer, &g.Companions, &g.Message,
		&g.Remind, &created, &confirmed, &g.Told, &reminded, &slots, &invited)
	for _, s := range strings.Fields(slots) {
		g.Slots = append(g.Slots, federation.IRI(s))
	}
	g.Created, g.Confirmed, g.Reminded, g.Invited = moment(created), moment(confirmed), moment(reminded), moment(invited)
	return g, err
}

// Invited returns the guest with an address at an event; federation.ErrNotFound
// if there is none.
func (tx *Tx) Invited(ctx context.Context, event federation.IRI, address string) (*Guest, error) {
	g, err := first(ctx, tx, scanGuest, `
		SELECT `+guestColumns+` FROM guests g WHERE g.event = ? AND g.address = ? AND g.address <> ''`, event, accountForm(address))
	return g, named(err, "guest of", event)
}

// Guest returns the guest that a link names; federation.ErrNotFound if it has
// another secret, or was not confirmed in time.
func (tx *Tx) Guest(ctx context.Context, id int64, secret string) (*Guest, error) {
	g, err := first(ctx, tx, scanGuest, `SELECT `+guestColumns+` FROM guests g WHERE g.id = ?`, id)
	if err == nil && (subtle.ConstantTimeCompare([]byte(g.Secret), []byte(secret)) != 1 ||
		tx.lapsed(g)) {
		err = federation.ErrNotFound
	}
	if err != nil {
		return nil, named(err, "guest", id)
	}
	return g, nil
}

// GuestNamed returns the guest whose name in edges is id.
func (tx *Tx) GuestNamed(ctx context.Context, id federation.IRI) (*Guest, error) {
	g, err := first(ctx, tx, scanGuest, `SELECT `+guestColumns+` FROM guests g WHERE g.guest = ?`, id)
	return g, named(err, "guest", id)
}

// Guests returns those who confirmed that they answer an event, the oldest
// first.
func (tx *Tx) Guests(ctx context.Context, event federation.IRI) ([]*Guest, error) {
	return all(ctx, tx, scanGuest, `
		SELECT `+guestColumns+` FROM guests g WHERE g.event = ? AND g.confirmed > 0 ORDER BY g.created, g.id LIMIT ?`, event, maxGuests)
}

// PutGuest stores a new guest or what changed of one, by its ID, and sets what
// is empty: the names by which it is known. federation.ErrConflict if there are
// too many.
func (tx *Tx) PutGuest(ctx context.Context, g *Guest) error {
	g.Address = accountForm(g.Address)
	if g.ID != 0 {
		n, err := tx.exec(ctx, `
			UPDATE guests SET name = ?, language = ?, answer = ?, companions = ?, message = ?, remind = ?, created = ?, confirmed = ?,
				told = ?, reminded = ?, slots = ?, invited = ? WHERE id = ?`,
			g.Name, g.Language, g.Answer, g.Companions, g.Message, g.Remind, g.Created, g.Confirmed, g.Told, g.Reminded, g.slots(), g.Invited, g.ID)
		return named(changed(n, err), "guest", g.ID)
	}
	if err := tx.roomForGuest(ctx, g.Event); err != nil {
		return err
	}
	g.Secret, _ = newSecret()
	g.Guest = federation.GuestID(tx.Home(), strings.ToLower(rand.Text()))
	if g.Created.IsZero() {
		g.Created = tx.now
	}
	id, err := tx.number(ctx, `
		INSERT INTO guests (guest, event, name, address, secret, language, answer, companions, message, remind, created, confirmed, told, slots, invited)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		g.Guest, g.Event, g.Name, g.Address, g.Secret, g.Language, g.Answer, g.Companions, g.Message, g.Remind, g.Created, g.Confirmed, g.Told, g.slots(), g.Invited)
	g.ID = id
	return named(err, "guest of", g.Event)
}

// slots joins what is asked for; an id has no space in it.
func (g *Guest) slots() string {
	var b strings.Builder
	for _, s := range g.Slots {
		b.WriteString(string(s) + " ")
	}
	return strings.TrimSpace(b.String())
}

// MailKey returns what stands in the address that a guest's answers by mail come
// to. It is made when it is first asked for.
func (tx *Tx) MailKey(ctx context.Context, g *Guest) (string, error) {
	key, err := first(ctx, tx, column[string], `SELECT mail_key FROM guests WHERE id = ?`, g.ID)
	if err != nil || key != "" {
		return key, named(err, "guest", g.ID)
	}
	key = strings.ToLower(rand.Text())
	n, err := tx.exec(ctx, `UPDATE guests SET mail_key = ? WHERE id = ?`, key, g.ID)
	return key, named(changed(n, err), "guest", g.ID)
}

// GuestByMailKey returns the guest to whose own address an answer came.
func (tx *Tx) GuestByMailKey(ctx context.Context, key string) (*Guest, error) {
	g, err := first(ctx, tx, scanGuest, `SELECT `+guestColumns+` FROM guests g WHERE g.mail_key = ? AND g.mail_key <> ''`, key)
	if err == nil && tx.lapsed(g) {
		err = federation.ErrNotFound
	}
	if err != nil {
		return nil, named(err, "guest", "by an address")
	}
	return g, nil
}

// lapsed reports whether somebody did not confirm in time. Who is invited has
// until the event.
func (tx *Tx) lapsed(g *Guest) bool {
	return g.Confirmed.IsZero() && g.Invited.IsZero() && g.Created.Before(tx.now.Add(-confirmWithin))
}

// GuestsInvited returns those who were invited to an event by letter, and have
// not answered.
func (tx *Tx) GuestsInvited(ctx context.Context, event federation.IRI) ([]*Guest, error) {
	return all(ctx, tx, scanGuest, `
		SELECT `+guestColumns+` FROM guests g WHERE g.event = ? AND g.confirmed = 0 AND g.invited > 0 ORDER BY g.created, g.id LIMIT ?`, event, maxGuests)
}

// InvitedSince counts the letters by which people were invited since a time.
func (tx *Tx) InvitedSince(ctx context.Context, since time.Time) (int, error) {
	n, err := tx.number(ctx, `SELECT COUNT(*) FROM guests WHERE invited > ?`, since)
	return int(n), err
}

// RefuseInvitations remembers that an address wants no more invitations.
func (tx *Tx) RefuseInvitations(ctx context.Context, address string) error {
	_, err := tx.exec(ctx, `INSERT INTO mail_refusals (address, created) VALUES (?, ?) ON CONFLICT (address) DO NOTHING`, accountForm(address), tx.now)
	return named(err, "refusal", "of invitations")
}

// RefusesInvitations reports whether an address wants none.
func (tx *Tx) RefusesInvitations(ctx context.Context, address string) (bool, error) {
	return tx.exists(ctx, `SELECT 1 FROM mail_refusals WHERE address = ?`, accountForm(address))
}

func (tx *Tx) roomForGuest(ctx context.Context, event federation.IRI) error {
	n, err := tx.number(ctx, `SELECT COUNT(*) FROM guests WHERE event = ?`, event)
	if err != nil {
		return err
	}
	waiting, err := tx.number(ctx, `SELECT COUNT(*) FROM guests WHERE confirmed = 0 AND invited = 0`)
	if err == nil && (n >= maxGuests || waiting >= maxUnanswered) {
		err = fmt.Errorf("guests of %s: %w: too many", event, federation.ErrConflict)
	}
	return err
}

// GuestsMovedUp returns guests who waited and have a place now.
func (tx *Tx) GuestsMovedUp(ctx context.Context, limit int) ([]*Guest, error) {
	return tx.guests(ctx, `
		SELECT `+guestColumns+` FROM guests g JOIN edges e ON e.source = g.guest AND e.kind = 'Join' AND e.pending = 0
		WHERE g.told = 'waiting' ORDER BY g.id LIMIT ?`, limit)
}

// GuestsToRemind returns guests who come and want to be reminded of an event
// that begins before a time.
func (tx *Tx) GuestsToRemind(ctx context.Context, before time.Time, limit int) ([]*Guest, error) {
	return tx.guests(ctx, `
		SELECT `+guestColumns+` FROM guests g JOIN edges e ON e.source = g.guest AND e.pending = 0
		JOIN objects o ON o.id = g.event AND o.gone = 0 AND o.start_at > ? AND o.start_at < ? AND o.closed = 0
		WHERE g.remind = 1 AND g.reminded = 0 ORDER BY g.id LIMIT ?`, tx.now, before, limit)
}

// guests reads guests for a letter; of several processes each writes to others.
func (tx *Tx) guests(ctx context.Context, query string, args ...any) ([]*Guest, error) {
	if tx.postgres() {
		query += ` FOR UPDATE OF g SKIP LOCKED`
	}
	return all(ctx, tx, scanGuest, query, args...)
}

// DropGuest forgets a guest. Their answer is taken back before.
func (tx *Tx) DropGuest(ctx context.Context, id int64) error {
	_, err := tx.exec(ctx, `DELETE FROM guests WHERE id = ?`, id)
	return named(err, "guest", id)
}

// TakeOver makes the answer of a guest that of an actor, who is the same
// person: the place, and the place in the line, stay. An answer of the actor's
// own stands over it.
func (tx *Tx) TakeOver(ctx context.Context, g *Guest, actor, by federation.IRI) error {
	mine, err := tx.AnswersBy(ctx, actor, g.Event)
	if err != nil {
		return err
	}
	if mine[g.Event] == nil {
		_, err = tx.exec(ctx, `UPDATE edges SET source = ?, made_by = ? WHERE source = ? AND target = ?`, actor, by, g.Guest, g.Event)
	}
	if err == nil { // what they are to do there is theirs, too
		_, err = tx.exec(ctx, `
			UPDATE edges SET source = ? WHERE source = ? AND kind = 'Slot'
				AND target NOT IN (SELECT target FROM edges WHERE source = ? AND kind = 'Slot')`, actor, g.Guest, actor)
	}
	if err == nil {
		_, err = tx.exec(ctx, `DELETE FROM edges WHERE source = ?`, g.Guest)
	}
	return errors.Join(err, tx.DropGuest(ctx, g.ID))
}

// over are events of ours that ended long ago, or are gone, and have answers.
const over = `
	SELECT e.seq FROM edges e LEFT JOIN objects o ON o.id = e.target
	WHERE e.kind = ? AND e.at < ? AND (o.id IS NULL OR o.local = 1 AND (o.gone = 1 OR o.end_at < ?)) LIMIT ?`

// overSlots are who was to do something at such events: a slot is called after
// its event.
func (tx *Tx) overSlots() string {
	event := `SUBSTR(e.target, 1, INSTR(e.target, '#') - 1)`
	if tx.postgres() {
		event = `SPLIT_PART(e.target, '#', 1)`
	}
	return `
		SELECT e.seq FROM edges e LEFT JOIN objects o ON o.id = ` + event + `
		WHERE e.kind = 'Slot' AND e.at < ? AND (o.id IS NULL OR o.local = 1 AND (o.gone = 1 OR o.end_at < ?)) LIMIT ?`
}

// forgetAnswers removes who came to events that are over, and guests who never
// confirmed. An answer is never older than its event is away, so that only old
// ones are looked at.
func (tx *Tx) forgetAnswers(ctx context.Context) (removed int, err error) {
	before := tx.now.Add(-keepAnswers)
	queries := []struct {
		query string
		args  []any
	}{
		{`DELETE FROM guests WHERE id IN (SELECT id FROM guests WHERE confirmed = 0 AND invited = 0 AND created < ? LIMIT ?)`, []any{tx.now.Add(-confirmWithin), retentionBatch}},
		{`DELETE FROM guests WHERE id IN (
			SELECT g.id FROM guests g LEFT JOIN objects o ON o.id = g.event WHERE o.id IS NULL OR o.gone = 1 OR o.end_at < ? LIMIT ?)`, []any{before, retentionBatch}},
	}
	queries = append(queries, struct {
		query string
		args  []any
	}{`DELETE FROM reminders WHERE id IN (
		SELECT r.id FROM reminders r LEFT JOIN objects o ON o.id = r.event WHERE o.id IS NULL OR o.gone = 1 OR o.end_at < ? LIMIT ?)`, []any{before, retentionBatch}})
	queries = append(queries, struct {
		query string
		args  []any
	}{`DELETE FROM edges WHERE seq IN (` + tx.overSlots() + `)`, []any{before, before, retentionBatch}})
	for _, kind := range []string{federation.Join, federation.TentativeAccept, federation.Asked, federation.Invite} {
		queries = append(queries, struct {
			query string
			args  []any
		}{`DELETE FROM edges WHERE seq IN (` + over + `)`, []any{kind, before, before, retentionBatch}})
	}
	for _, q := range queries {
		n, err := tx.exec(ctx, q.query, q.args...)
		if removed += n; err != nil {
			return removed, err
		}
	}
	return removed, nil
}
