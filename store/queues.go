// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"time"
)

// What administrators see of the queues, and do about what is stuck in them.

// aside is a back-off that only the peer itself ends, by speaking to us.
const aside = 100 * 365 * 24 * time.Hour

// setAside reports whether a host that is not to be tried before a time was
// set aside.
func (tx *Tx) setAside(notBefore time.Time) bool { return notBefore.Sub(tx.now) > aside/2 }

// SetHostAside stops delivering to a host until it speaks to us, and forgets
// what waits for it.
func (tx *Tx) SetHostAside(ctx context.Context, host string) error {
	until := tx.now.Add(aside)
	n, err := tx.exec(ctx, `UPDATE hosts SET not_before = ?, due = 0 WHERE host = ?`, until, host)
	if err = changed(n, err); err != nil {
		return named(err, "host", host)
	}
	_, err = tx.exec(ctx, `
		UPDATE deliveries SET state = 'superseded', done = ?, error = 'set aside' WHERE host = ? AND state = 'pending'`, tx.now, host)
	return named(err, "host", host)
}

// RequeueReceived tries again what failed, as if it had just come.
func (tx *Tx) RequeueReceived(ctx context.Context, id int64) error {
	n, err := tx.exec(ctx, `
		UPDATE received SET state = 'pending', due = ?, attempts = 0, reason = '' WHERE id = ? AND state = 'failed'
			AND NOT EXISTS (SELECT 1 FROM received o WHERE o.activity = received.activity AND o.actor = received.actor AND o.state = 'pending')`,
		tx.now, id)
	tx.queue(QueueReceived)
	return named(changed(n, err), "received", id)
}

// DropReceived forgets what came in and is not being worked on.
func (tx *Tx) DropReceived(ctx context.Context, id int64) error {
	n, err := tx.exec(ctx, `DELETE FROM received WHERE id = ? AND lease_until <= ?`, id, tx.now)
	return named(changed(n, err), "received", id)
}

// DeliveriesIn returns deliveries of a state, newest first, without their
// documents.
func (tx *Tx) DeliveriesIn(ctx context.Context, state, cursor string, limit int) ([]*Delivery, string, error) {
	limit = limited(limit)
	b, err := boundOf(cursor, newest)
	if err != nil {
		return nil, "", err
	}
	list, err := all(ctx, tx, func(r row) (*Delivery, error) { return scanDelivery(r) }, `
		SELECT `+deliveryColumns+` FROM deliveries d JOIN activities a ON a.seq = d.activity
		WHERE d.state = ? AND d.id < ? ORDER BY d.id DESC LIMIT ?`, state, b.seq, limit+1)
	if err != nil {
		return nil, "", err
	}
	list, next := cut(list, limit, func(d *Delivery) bound { return bound{0, d.ID} })
	return list, next, nil
}

// RetryDelivery sends again what failed, or what waits, now.
func (tx *Tx) RetryDelivery(ctx context.Context, id int64) error {
	host, err := first(ctx, tx, column[string], `SELECT host FROM deliveries WHERE id = ? AND state IN ('failed', 'pending')`, id)
	if err != nil {
		return named(err, "delivery", id)
	}
	_, err = tx.exec(ctx, `
		UPDATE deliveries SET state = 'pending', attempts = 0, due = ?, created = ?, done = 0 WHERE id = ?`, tx.now, tx.now, id)
	if err != nil {
		return named(err, "delivery", id)
	}
	return tx.revive(ctx, host)
}

// DropDelivery forgets that something was to be sent.
func (tx *Tx) DropDelivery(ctx context.Context, id int64) error {
	host, err := first(ctx, tx, column[string], `SELECT host FROM deliveries WHERE id = ? AND state IN ('failed', 'pending')`, id)
	if err != nil {
		return named(err, "delivery", id)
	}
	if _, err := tx.exec(ctx, `UPDATE deliveries SET state = 'superseded', done = ? WHERE id = ?`, tx.now, id); err != nil {
		return named(err, "delivery", id)
	}
	return tx.settle(ctx, host)
}

// CountReceived counts what came in and is not done, by state.
func (tx *Tx) CountReceived(ctx context.Context) (map[string]int, error) {
	return tx.countStates(ctx, `SELECT state, COUNT(*) FROM received GROUP BY state`)
}

// CountDeliveries counts what is to be sent, and what could not be.
func (tx *Tx) CountDeliveries(ctx context.Context) (map[string]int, error) {
	return tx.countStates(ctx, `SELECT state, COUNT(*) FROM deliveries WHERE state IN ('pending', 'failed') GROUP BY state`)
}

// countStates counts by the state that a query gives first.
func (tx *Tx) countStates(ctx context.Context, query string, args ...any) (map[string]int, error) {
	counts := map[string]int{}
	err := tx.each(ctx, func(r row) error {
		var state string
		var n int
		err := r.Scan(&state, &n)
		counts[state] = n
		return err
	}, query, args...)
	return counts, err
}

// DropMail forgets a letter that was not sent and is not being sent.
func (tx *Tx) DropMail(ctx context.Context, id int64) error {
	n, err := tx.exec(ctx, `DELETE FROM mails WHERE id = ? AND state <> 'sent' AND lease_until <= ?`, id, tx.now)
	return named(changed(n, err), "mail", id)
}
