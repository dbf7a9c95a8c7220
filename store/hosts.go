// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// HostWork is what owner of a claim is to deliver to one host.
type HostWork struct {
	Host       string
	Failures   int       // in a row
	Since      time.Time // of the first of those; zero if there is none
	Deliveries []*Delivery
}

// An Outcome is what came of an attempt to deliver.
type Outcome string

// Retry is to be tried again; the others are final.
const (
	Delivered Outcome = "delivered"
	Retry     Outcome = "retry"
	Failed    Outcome = "failed"
	Gone      Outcome = "gone" // the inbox is no more
)

// A DeliveryResult says what came of a delivery.
type DeliveryResult struct {
	ID      int64
	Outcome Outcome
	Due     time.Time // of a Retry: not before
	Status  int       // of HTTP; 0: no answer
	Error   string
}

// ClaimHosts leases hosts to owner, those that waited longest first, each with
// its next deliveries: those that are due, and of what goes to one inbox in
// one lane only the first. A host is claimed and not a row, so that a slow or
// dead one is nobody else's matter.
func (tx *Tx) ClaimHosts(ctx context.Context, owner string, lease time.Duration, hosts, each int) ([]*HostWork, error) {
	query := `
		SELECT host, failures, first_failure FROM hosts
		WHERE due > 0 AND due <= ? AND lease_until <= ? ORDER BY due, host LIMIT ?`
	if tx.postgres() {
		query += ` FOR UPDATE SKIP LOCKED`
	}
	list, err := all(ctx, tx, func(r row) (*HostWork, error) {
		w := new(HostWork)
		var since int64
		err := r.Scan(&w.Host, &w.Failures, &since)
		w.Since = moment(since)
		return w, err
	}, query, tx.now, tx.now, hosts)
	if err != nil {
		return nil, err
	}
	var claimed []*HostWork
	var names []string
	for _, w := range list {
		if w.Deliveries, err = tx.work(ctx, w.Host, each); err != nil {
			return nil, err
		}
		if len(w.Deliveries) == 0 { // superseded meanwhile, or not due after all
			if err := tx.settle(ctx, w.Host); err != nil {
				return nil, err
			}
			continue
		}
		claimed, names = append(claimed, w), append(names, w.Host)
	}
	if len(claimed) == 0 {
		return nil, nil
	}
	_, err = tx.exec(ctx, `UPDATE hosts SET lease_owner = ?, lease_until = ? WHERE host IN (?)`, owner, tx.now.Add(lease), among(names))
	return claimed, err
}

// firstInLane is the condition that nothing to the same inbox in the same lane
// comes before delivery d.
const firstInLane = `NOT EXISTS (
	SELECT 1 FROM deliveries e
	WHERE e.inbox = d.inbox AND e.lane = d.lane AND e.state = 'pending' AND e.id < d.id)`

// work returns what a host is to get next. What lost its document because its
// object was deleted is superseded.
func (tx *Tx) work(ctx context.Context, host string, each int) ([]*Delivery, error) {
	for {
		list, err := all(ctx, tx, func(r row) (*Delivery, error) {
			var document []byte
			d, err := scanDelivery(r, &document)
			d.Document = document
			return d, err
		}, `
			SELECT `+deliveryColumns+`, a.document FROM deliveries d JOIN activities a ON a.seq = d.activity
			WHERE d.host = ? AND d.state = 'pending' AND d.due <= ? AND `+firstInLane+`
			ORDER BY d.due, d.id LIMIT ?`, host, tx.now, each)
		if err != nil {
			return nil, err
		}
		var empty []int64
		for _, d := range list {
			if len(d.Document) == 0 {
				empty = append(empty, d.ID)
			}
		}
		if len(empty) == 0 {
			slices.SortFunc(list, func(a, b *Delivery) int {
				return cmp.Or(cmp.Compare(a.Attempts, b.Attempts), cmp.Compare(a.ID, b.ID)) // what failed shall hold nothing up
			})
			return list, nil
		}
		_, err = tx.exec(ctx, `UPDATE deliveries SET state = 'superseded', done = ? WHERE id IN (?)`, tx.now, among(empty))
		if err != nil {
			return nil, err
		}
	}
}

// nextDelivery returns when there is something to deliver to a host next; zero
// if there is nothing.
func (tx *Tx) nextDelivery(ctx context.Context, host string) (time.Time, error) {
	due, err := tx.number(ctx, `
		SELECT d.due FROM deliveries d
		WHERE d.host = ? AND d.state = 'pending' AND `+firstInLane+`
		ORDER BY d.due LIMIT 1`, host)
	if errors.Is(err, federation.ErrNotFound) {
		err = nil
	}
	return moment(due), err
}

// settle corrects when a host is due, after its back-off.
func (tx *Tx) settle(ctx context.Context, host string) error {
	due, err := tx.nextDelivery(ctx, host)
	if err != nil {
		return err
	}
	query, args := `UPDATE hosts SET due = 0 WHERE host = ?`, []any{host}
	if !due.IsZero() {
		query = `UPDATE hosts SET due = CASE WHEN not_before > ? THEN not_before ELSE ? END WHERE host = ?`
		args = []any{due, due, host}
	}
	_, err = tx.exec(ctx, query, args...)
	return err
}

// FinishHost stores what came of a claim and gives the host back. next is when
// to try the host again, because it did not answer or asked to wait; zero: as
// soon as there is work.
//
// If another owner has the host by now, what was delivered is still noted, and
// the host is left alone.
func (tx *Tx) FinishHost(ctx context.Context, owner, host string, results []DeliveryResult, next time.Time) error {
	query := `SELECT lease_owner FROM hosts WHERE host = ?`
	if tx.postgres() { // and what is due is computed after that
		query += ` FOR UPDATE`
	}
	has, err := first(ctx, tx, column[string], query, host)
	if err != nil {
		return named(err, "host", host)
	}
	if err := tx.putResults(ctx, host, results); err != nil {
		return err
	}
	if has != owner {
		return nil
	}
	due, err := tx.nextDelivery(ctx, host)
	if err != nil {
		return err
	}
	if !due.IsZero() && due.Before(next) {
		due = next
	}
	return tx.release(ctx, host, results, next, due)
}

// putResults stores results, equal ones in one statement.
func (tx *Tx) putResults(ctx context.Context, host string, results []DeliveryResult) error {
	alike := map[DeliveryResult][]int64{}
	for _, r := range results {
		id := r.ID
		r.ID, r.Error = 0, short(r.Error)
		alike[r] = append(alike[r], id)
	}
	for r, ids := range alike {
		query, args := `
			UPDATE deliveries SET attempts = attempts + 1, state = ?, done = ?, status = ?, error = ?
			WHERE host = ? AND state = 'pending' AND id IN (?)`,
			[]any{r.Outcome, tx.now, r.Status, r.Error, host, among(ids)}
		if r.Outcome == Retry {
			query, args = `
				UPDATE deliveries SET attempts = attempts + 1, due = ?, status = ?, error = ?
				WHERE host = ? AND state = 'pending' AND id IN (?)`,
				[]any{max(micros(r.Due), micros(tx.now)), r.Status, r.Error, host, among(ids)}
		}
		if _, err := tx.exec(ctx, query, args...); err != nil {
			return fmt.Errorf("host %s: %w", host, err)
		}
	}
	return nil
}

// release ends a lease and notes how the host is: well if it took something,
// worse if it is to be left alone for a while.
func (tx *Tx) release(ctx context.Context, host string, results []DeliveryResult, next, due time.Time) error {
	var delivered bool
	var last string
	for _, r := range results {
		delivered = delivered || r.Outcome == Delivered
		if r.Error != "" {
			last = short(r.Error)
		}
	}
	const free = `UPDATE hosts SET lease_owner = '', lease_until = 0, not_before = ?, due = ?`
	var err error
	switch {
	case delivered:
		_, err = tx.exec(ctx, free+`, failures = 0, first_failure = 0, last_success = ?, last_error = '', seen = ?
			WHERE host = ?`, next, due, tx.now, tx.now, host)
	case !next.IsZero():
		_, err = tx.exec(ctx, free+`, failures = failures + 1, last_error = ?,
			first_failure = CASE WHEN first_failure = 0 THEN ? ELSE first_failure END
			WHERE host = ?`, next, due, last, tx.now, host)
	default:
		_, err = tx.exec(ctx, free+`, last_error = ? WHERE host = ?`, next, due, last, host)
	}
	return named(err, "host", host)
}

// RenewHost prolongs a lease: federation.ErrConflict if another owner has it.
func (tx *Tx) RenewHost(ctx context.Context, owner, host string, lease time.Duration) error {
	n, err := tx.exec(ctx, `UPDATE hosts SET lease_until = ? WHERE host = ? AND lease_owner = ?`, tx.now.Add(lease), host, owner)
	if err == nil && n == 0 {
		err = federation.ErrConflict
	}
	return named(err, "lease of", host)
}

// ReleaseHosts gives back every host that owner claimed, unfinished.
func (tx *Tx) ReleaseHosts(ctx context.Context, owner string) error {
	_, err := tx.exec(ctx, `UPDATE hosts SET lease_owner = '', lease_until = 0 WHERE lease_until > 0 AND lease_owner = ?`, owner)
	return err
}

// ReviveHost notes that a host is alive, because it spoke to us: its back-off
// ends, and what waits for it is due.
func (tx *Tx) ReviveHost(ctx context.Context, host string) error {
	ill, err := tx.exists(ctx, `SELECT 1 FROM hosts WHERE host = ? AND (failures > 0 OR not_before > 0)`, host)
	if err != nil || !ill {
		return err
	}
	return tx.revive(ctx, host)
}

// revive changes the host first, as everybody does who changes its deliveries:
// so nobody waits in a circle.
func (tx *Tx) revive(ctx context.Context, host string) error {
	_, err := tx.exec(ctx, `
		UPDATE hosts SET failures = 0, first_failure = 0, not_before = 0, seen = ? WHERE host = ?`, tx.now, host)
	if err != nil {
		return named(err, "host", host)
	}
	_, err = tx.exec(ctx, `UPDATE deliveries SET due = ? WHERE host = ? AND state = 'pending' AND due > ?`, tx.now, host, tx.now)
	if err != nil {
		return named(err, "host", host)
	}
	n, err := tx.exec(ctx, `
		UPDATE hosts SET due = ? WHERE host = ? AND EXISTS (
			SELECT 1 FROM deliveries d WHERE d.host = hosts.host AND d.state = 'pending')`, tx.now, host)
	if n > 0 {
		tx.queue(QueueDeliveries)
	}
	return named(err, "host", host)
}

// RetryHost tries everything for a host again, also what failed.
func (tx *Tx) RetryHost(ctx context.Context, host string) error {
	_, err := tx.exec(ctx, `
		UPDATE deliveries SET state = 'pending', attempts = 0, due = ?, done = 0 WHERE host = ? AND state = 'failed'`, tx.now, host)
	if err != nil {
		return named(err, "host", host)
	}
	return tx.revive(ctx, host)
}

// NextDue returns when the next host can be claimed; zero if there is no work.
func (tx *Tx) NextDue(ctx context.Context) (time.Time, error) {
	at, err := tx.number(ctx, `
		SELECT COALESCE(MIN(CASE WHEN lease_until > due THEN lease_until ELSE due END), 0) FROM hosts WHERE due > 0`)
	return moment(at), err
}

// A Host is a server that we deliver to.
type Host struct {
	Name         string
	State        string // ok, failing, or dormant after 7 days of failures
	Failures     int    // in a row
	FirstFailure time.Time
	LastSuccess  time.Time
	LastError    string
	Due          time.Time // when there is work next
	Pending      int
	Aside        bool // an administrator set it aside, until it speaks to us
}

// dormancy is how long a host fails until it is called dormant.
const dormancy = 7 * 24 * time.Hour

// Hosts returns the hosts, those in trouble first: at most 1,000.
func (tx *Tx) Hosts(ctx context.Context) ([]Host, error) {
	return all(ctx, tx, func(r row) (h Host, err error) {
		var firstFailure, success, due, notBefore int64
		err = r.Scan(&h.Name, &h.Failures, &firstFailure, &success, &h.LastError, &due, &notBefore, &h.Pending)
		h.Aside = tx.setAside(moment(notBefore))
		h.FirstFailure, h.LastSuccess, h.Due = moment(firstFailure), moment(success), moment(due)
		switch {
		case h.Failures == 0:
			h.State = "ok"
		case tx.now.Sub(h.FirstFailure) >= dormancy:
			h.State = "dormant"
		default:
			h.State = "failing"
		}
		return h, err
	}, `
		SELECT h.host, h.failures, h.first_failure, h.last_success, h.last_error, h.due, h.not_before,
			(SELECT COUNT(*) FROM deliveries d WHERE d.host = h.host AND d.state = 'pending')
		FROM hosts h ORDER BY h.failures DESC, h.host LIMIT 1000`)
}
