// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// A Received is an activity that came in and waits to be applied.
//
// Those of one actor and lane are applied in the order they came. Whoever
// claims some has a lease on them: if it neither finishes nor gives them back
// until then, they can be claimed again.
type Received struct {
	ID        int64
	Activity  federation.IRI
	Actor     federation.IRI
	Type      string
	Recipient federation.IRI // whose personal inbox; empty for the shared one
	Lane      int64
	Document  []byte
	At        time.Time
	Due       time.Time
	Attempts  int    // times it was claimed, this one included
	State     string // pending, refused or failed
	Reason    string
}

const receivedColumns = `id, activity, actor, type, recipient, lane, at, due, attempts, state, reason`

func scanReceived(r row, more ...any) (*Received, error) {
	v := new(Received)
	var at, due int64
	err := r.Scan(append([]any{
		&v.ID, &v.Activity, &v.Actor, &v.Type, &v.Recipient, &v.Lane, &at, &due,
		&v.Attempts, &v.State, &v.Reason,
	}, more...)...)
	v.At, v.Due = moment(at), moment(due)
	return v, err
}

// File puts an activity into the queue and sets its ID: federation.ErrSeen if
// it waits there already.
func (tx *Tx) File(ctx context.Context, r *Received) error {
	if r.At.IsZero() {
		r.At = tx.now
	}
	id, err := tx.number(ctx, `
		INSERT INTO received (activity, actor, type, recipient, lane, at, due, document)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (activity, actor) WHERE state = 'pending' DO NOTHING RETURNING id`,
		r.Activity, r.Actor, r.Type, r.Recipient, r.Lane, r.At, r.At, r.Document)
	if errors.Is(err, federation.ErrNotFound) {
		err = federation.ErrSeen
	}
	if err != nil {
		return named(err, "received", r.Activity)
	}
	r.ID = id
	tx.queue(QueueReceived)
	return nil
}

// queue makes the workers of a queue wake after the commit.
func (tx *Tx) queue(name string) {
	if !slices.Contains(tx.queued, name) {
		tx.queued = append(tx.queued, name)
	}
}

// ClaimReceived leases the next rows to owner, in the order they came: those
// that are due and that nobody has, and of each actor's lane none behind one
// that is not.
func (tx *Tx) ClaimReceived(ctx context.Context, owner string, lease time.Duration, limit int) ([]*Received, error) {
	if tx.postgres() { // one claims at a time, or two would see the same lane free
		if _, err := tx.exec(ctx, `SELECT pg_advisory_xact_lock(?)`, claimLock); err != nil {
			return nil, err
		}
	}
	list, err := all(ctx, tx, func(r row) (*Received, error) {
		var document []byte
		v, err := scanReceived(r, &document)
		v.Document = document
		v.Attempts++
		return v, err
	}, `
		SELECT `+receivedColumns+`, document FROM received r
		WHERE r.state = 'pending' AND r.due <= ? AND r.lease_until <= ? AND NOT EXISTS (
			SELECT 1 FROM received e
			WHERE e.actor = r.actor AND e.lane = r.lane AND e.state = 'pending' AND e.id < r.id
				AND (e.due > ? OR e.lease_until > ?))
		ORDER BY r.id LIMIT ?`, tx.now, tx.now, tx.now, tx.now, limit)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	ids := make([]int64, len(list))
	for i, r := range list {
		ids[i] = r.ID
	}
	_, err = tx.exec(ctx, `
		UPDATE received SET lease_owner = ?, lease_until = ?, attempts = attempts + 1 WHERE id IN (?)`,
		owner, tx.now.Add(lease), among(ids))
	return list, err
}

// claimLock is a number that only this lock has.
const claimLock = 0x6d61696c6c616765

// DoneReceived removes rows that were applied.
func (tx *Tx) DoneReceived(ctx context.Context, ids ...int64) error {
	if len(ids) == 1 {
		_, err := tx.exec(ctx, `DELETE FROM received WHERE id = ?`, ids[0])
		return err
	}
	_, err := tx.exec(ctx, `DELETE FROM received WHERE id IN (?)`, among(ids))
	return err
}

// RefuseReceived keeps for a week that an activity was refused and why, but
// not what it said.
func (tx *Tx) RefuseReceived(ctx context.Context, id int64, reason string) error {
	n, err := tx.exec(ctx, `
		UPDATE received SET state = 'refused', reason = ?, document = ?, lease_owner = '', lease_until = 0
		WHERE id = ? AND state = 'pending'`, short(reason), []byte{}, id)
	return named(changed(n, err), "received", id)
}

// RetryReceived gives a row back, to be claimed again at a time.
func (tx *Tx) RetryReceived(ctx context.Context, id int64, at time.Time, reason string) error {
	n, err := tx.exec(ctx, `
		UPDATE received SET due = ?, reason = ?, lease_owner = '', lease_until = 0
		WHERE id = ? AND state = 'pending'`, at, short(reason), id)
	return named(changed(n, err), "received", id)
}

// FailReceived gives up on a row. It is kept for a week, document and all.
func (tx *Tx) FailReceived(ctx context.Context, id int64, reason string) error {
	n, err := tx.exec(ctx, `
		UPDATE received SET state = 'failed', reason = ?, lease_owner = '', lease_until = 0
		WHERE id = ? AND state = 'pending'`, short(reason), id)
	return named(changed(n, err), "received", id)
}

// ReleaseReceived gives back what owner claimed and did not finish.
func (tx *Tx) ReleaseReceived(ctx context.Context, owner string) error {
	_, err := tx.exec(ctx, `
		UPDATE received SET lease_owner = '', lease_until = 0
		WHERE state = 'pending' AND lease_until > 0 AND lease_owner = ?`, owner)
	return err
}

// ReceivedDepth returns how many rows are pending, and when the oldest came.
func (tx *Tx) ReceivedDepth(ctx context.Context) (pending int, oldest time.Time, err error) {
	return tx.depth(ctx, `
		SELECT COUNT(*), COALESCE((SELECT at FROM received WHERE state = 'pending' ORDER BY id LIMIT 1), 0)
		FROM received WHERE state = 'pending'`)
}

// ReceivedByHost counts what is pending by the host of its actor.
func (tx *Tx) ReceivedByHost(ctx context.Context) (map[string]int, error) {
	hosts := map[string]int{}
	err := tx.each(ctx, func(r row) error {
		var actor federation.IRI
		var n int
		err := r.Scan(&actor, &n)
		hosts[actor.Host()] += n
		return err
	}, `SELECT actor, COUNT(*) FROM received WHERE state = 'pending' GROUP BY actor`)
	return hosts, err
}

func (tx *Tx) depth(ctx context.Context, query string) (pending int, oldest time.Time, err error) {
	err = tx.each(ctx, func(r row) error {
		var at int64
		err := r.Scan(&pending, &at)
		oldest = moment(at)
		return err
	}, query)
	return pending, oldest, err
}

// ReceivedDue returns when the next row can be claimed, as far as it alone
// decides; zero if there is none.
func (tx *Tx) ReceivedDue(ctx context.Context) (time.Time, error) {
	at, err := tx.number(ctx, `
		SELECT COALESCE(MIN(CASE WHEN lease_until > due THEN lease_until ELSE due END), 0)
		FROM received WHERE state = 'pending'`)
	return moment(at), err
}

// ReceivedIn returns rows of a state, newest first, without their documents.
func (tx *Tx) ReceivedIn(ctx context.Context, state, cursor string, limit int) ([]*Received, string, error) {
	limit = limited(limit)
	b, err := boundOf(cursor, newest)
	if err != nil {
		return nil, "", err
	}
	query := `
		SELECT ` + receivedColumns + ` FROM received
		WHERE state = ? AND (at, id) < (?, ?)`
	if state != "pending" {
		query += ` AND state <> 'pending'` // for those there is an index
	}
	list, err := all(ctx, tx, func(r row) (*Received, error) { return scanReceived(r) },
		query+` ORDER BY at DESC, id DESC LIMIT ?`, state, b.at, b.seq, limit+1)
	if err != nil {
		return nil, "", err
	}
	list, next := cut(list, limit, func(r *Received) bound { return bound{micros(r.At), r.ID} })
	return list, next, nil
}

// short keeps the beginning of a reason: peers may answer at length.
func short(reason string) string {
	if len(reason) > 500 {
		return reason[:500]
	}
	return reason
}
