// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// A Delivery is an activity on its way to one inbox.
type Delivery struct {
	ID       int64
	Activity federation.IRI
	Sender   federation.IRI
	Inbox    federation.IRI
	Host     string
	Lane     int64  // hash of the object's id: one after another to each inbox
	Document []byte // of a claimed one
	Attempts int
	State    string // pending, delivered, failed, gone or superseded
	Status   int    // the last HTTP status; 0: no answer
	Error    string
	Created  time.Time
	Due      time.Time
	Done     time.Time
}

const deliveryColumns = `d.id, a.id, d.sender, d.inbox, d.host, d.lane, d.attempts, d.state, d.status, d.error,
	d.created, d.due, d.done`

func scanDelivery(r row, more ...any) (*Delivery, error) {
	d := new(Delivery)
	var created, due, done int64
	err := r.Scan(append([]any{
		&d.ID, &d.Activity, &d.Sender, &d.Inbox, &d.Host, &d.Lane, &d.Attempts, &d.State,
		&d.Status, &d.Error, &created, &due, &done,
	}, more...)...)
	d.Created, d.Due, d.Done = moment(created), moment(due), moment(done)
	return d, err
}

// Enqueue makes a logged activity go to the inboxes of its addressees, and
// returns to how many: of the peers' actors among them, and of the accepted
// followers of those of our actors whose followers collections are. Shared
// inboxes are folded: for followers always, else where several share one.
// extra inboxes are added. Our own, and those of actors who are gone or
// suspended, are left out.
//
// a.Raw is what will be sent, the same to all. A Delete takes the place of
// what was not sent yet of the same object and lane.
func (tx *Tx) Enqueue(ctx context.Context, a *federation.Activity, lane int64, addressees []federation.IRI, extra ...federation.IRI) (int, error) {
	seq, documented, err := tx.activitySeq(ctx, a)
	if err != nil {
		return 0, err
	}
	if !documented {
		if err := tx.PutDocument(ctx, a); err != nil {
			return 0, err
		}
	}
	d := delivering{tx: tx, activity: seq, sender: a.Actor, lane: lane}
	if err := d.toFollowers(ctx, addressees); err != nil {
		return 0, fmt.Errorf("deliver %s: %w", a.ID, err)
	}
	if err := d.toActors(ctx, addressees); err != nil {
		return 0, fmt.Errorf("deliver %s: %w", a.ID, err)
	}
	for _, inbox := range extra {
		if err := d.to(ctx, inbox); err != nil {
			return 0, fmt.Errorf("deliver %s: %w", a.ID, err)
		}
	}
	n, err := d.finish(ctx, a)
	if err != nil {
		return 0, fmt.Errorf("deliver %s: %w", a.ID, err)
	}
	return n, nil
}

// Inboxes returns where Enqueue would deliver to. An actor that is about to be
// deleted has to be asked before, while it still has followers.
func (tx *Tx) Inboxes(ctx context.Context, addressees []federation.IRI) ([]federation.IRI, error) {
	list, err := all(ctx, tx, column[federation.IRI], `
		SELECT DISTINCT CASE WHEN f.shared_inbox <> '' THEN f.shared_inbox ELSE f.inbox END
		FROM actors c
		JOIN edges e ON e.target = c.id AND e.kind = 'Follow' AND e.pending = 0
		JOIN actors f ON f.id = e.source AND f.local = 0 AND f.gone = 0 AND f.inbox <> ''
		WHERE c.local = 1 AND c.followers <> '' AND c.followers IN (?)`, among(addressees))
	if err != nil {
		return nil, err
	}
	named, err := tx.namedInboxes(ctx, addressees, func(shared federation.IRI) (bool, error) {
		return slices.Contains(list, shared), nil
	})
	list = append(list, named...)
	slices.Sort(list)
	return slices.Compact(list), err
}

// namedInboxes returns the inboxes of peers' actors among addressees: shared
// ones where several share one, or where it is used already.
func (tx *Tx) namedInboxes(ctx context.Context, addressees []federation.IRI, used func(shared federation.IRI) (bool, error)) ([]federation.IRI, error) {
	type inboxes struct{ own, shared federation.IRI }
	found, err := all(ctx, tx, func(r row) (i inboxes, err error) { err = r.Scan(&i.own, &i.shared); return i, err }, `
		SELECT inbox, shared_inbox FROM actors
		WHERE id IN (?) AND local = 0 AND gone = 0 AND inbox <> ''
			AND id NOT IN (SELECT target FROM suspensions)
		ORDER BY seq`, among(addressees))
	if err != nil {
		return nil, err
	}
	sharing := map[federation.IRI]int{}
	for _, i := range found {
		sharing[i.shared]++
	}
	var list []federation.IRI
	for _, i := range found {
		inbox := i.own
		if i.shared != "" {
			fold := sharing[i.shared] > 1
			if !fold {
				if fold, err = used(i.shared); err != nil {
					return nil, err
				}
			}
			if fold {
				inbox = i.shared
			}
		}
		if !slices.Contains(list, inbox) {
			list = append(list, inbox)
		}
	}
	return list, nil
}

// delivering is an Enqueue under way.
type delivering struct {
	tx       *Tx
	activity int64
	sender   federation.IRI
	lane     int64
}

// toFollowers adds a row for each inbox of followers, in one statement however
// many they are.
func (d delivering) toFollowers(ctx context.Context, addressees []federation.IRI) error {
	followed, err := all(ctx, d.tx, column[federation.IRI], `
		SELECT id FROM actors WHERE followers <> '' AND followers IN (?) AND local = 1`, among(addressees))
	if err != nil || len(followed) == 0 {
		return err
	}
	_, err = d.tx.exec(ctx, `
		INSERT INTO deliveries (activity, sender, inbox, host, lane, created, due)
		SELECT ?, ?, t.inbox, MIN(t.host), ?, ?, ? FROM (
			SELECT CASE WHEN f.shared_inbox <> '' THEN f.shared_inbox ELSE f.inbox END AS inbox,
				CASE WHEN f.shared_inbox <> '' THEN f.shared_host ELSE f.inbox_host END AS host
			FROM edges e JOIN actors f ON f.id = e.source
			WHERE e.target IN (?) AND e.kind = 'Follow' AND e.pending = 0
				AND f.local = 0 AND f.gone = 0 AND f.inbox <> ''
				AND f.id NOT IN (SELECT target FROM suspensions)) t
		WHERE t.inbox <> ''
		GROUP BY t.inbox
		ON CONFLICT (activity, inbox) DO NOTHING`,
		d.activity, d.sender, d.lane, d.tx.now, d.tx.now, among(followed))
	return err
}

// toActors adds rows for the peers' actors who are named.
func (d delivering) toActors(ctx context.Context, addressees []federation.IRI) error {
	inboxes, err := d.tx.namedInboxes(ctx, addressees, func(shared federation.IRI) (bool, error) {
		return d.tx.exists(ctx, `SELECT 1 FROM deliveries WHERE activity = ? AND inbox = ?`, d.activity, shared)
	})
	if err != nil {
		return err
	}
	for _, inbox := range inboxes {
		if err := d.to(ctx, inbox); err != nil {
			return err
		}
	}
	return nil
}

// to adds a row for an inbox, unless it is ours.
func (d delivering) to(ctx context.Context, inbox federation.IRI) error {
	if inbox.Host() == "" || inbox.Origin() == d.tx.Home() {
		return nil
	}
	_, err := d.tx.exec(ctx, `
		INSERT INTO deliveries (activity, sender, inbox, host, lane, created, due)
		VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (activity, inbox) DO NOTHING`,
		d.activity, d.sender, inbox, inbox.Host(), d.lane, d.tx.now, d.tx.now)
	return err
}

// finish takes suspended hosts out again, lets a Delete supersede, and gives
// the hosts work.
func (d delivering) finish(ctx context.Context, a *federation.Activity) (int, error) {
	hosts, err := all(ctx, d.tx, column[string], `SELECT DISTINCT host FROM deliveries WHERE activity = ?`, d.activity)
	if err != nil {
		return 0, err
	}
	bad, err := d.tx.suspendedHosts(ctx, hosts)
	if err != nil {
		return 0, err
	}
	if len(bad) > 0 {
		if _, err := d.tx.exec(ctx, `DELETE FROM deliveries WHERE activity = ? AND host IN (?)`, d.activity, among(bad)); err != nil {
			return 0, err
		}
	}
	if a.Type == federation.Delete {
		if err := d.supersede(ctx, a.Object); err != nil {
			return 0, err
		}
	}
	n, err := d.tx.number(ctx, `SELECT COUNT(*) FROM deliveries WHERE activity = ?`, d.activity)
	if err != nil || n == 0 {
		return 0, err
	}
	d.tx.queue(QueueDeliveries)
	return int(n), d.giveWork(ctx)
}

// supersede marks what was not sent yet of a deleted object, except to a host
// that is being delivered to: that may be on its way.
func (d delivering) supersede(ctx context.Context, object federation.IRI) error {
	_, err := d.tx.exec(ctx, `
		UPDATE deliveries SET state = 'superseded', done = ?
		WHERE state = 'pending' AND lane = ?
			AND inbox IN (SELECT n.inbox FROM deliveries n WHERE n.activity = ?)
			AND activity IN (SELECT a.seq FROM activities a WHERE a.object = ? AND a.object <> '' AND a.seq < ?)
			AND NOT EXISTS (SELECT 1 FROM hosts h WHERE h.host = deliveries.host AND h.lease_until > ?)`,
		d.tx.now, d.lane, d.activity, object, d.activity, d.tx.now)
	return err
}

// giveWork makes the hosts of the activity due, as soon as their back-off
// allows. In the order of their names, so that two transactions do not wait
// for each other.
func (d delivering) giveWork(ctx context.Context) error {
	_, err := d.tx.exec(ctx, `
		INSERT INTO hosts (host, due, seen)
		SELECT n.host, ?, ? FROM deliveries n WHERE n.activity = ? GROUP BY n.host ORDER BY n.host
		ON CONFLICT (host) DO UPDATE SET seen = excluded.seen, due = CASE
			WHEN hosts.due > 0 AND hosts.due <= excluded.due THEN hosts.due
			WHEN hosts.not_before > excluded.due THEN hosts.not_before
			ELSE excluded.due END`,
		d.tx.now, d.tx.now, d.activity)
	return err
}

// DeliveriesOf returns who received, or will, an activity or the activities
// about an object: newest first, at most 1,000.
func (tx *Tx) DeliveriesOf(ctx context.Context, id federation.IRI) ([]*Delivery, error) {
	return all(ctx, tx, func(r row) (*Delivery, error) { return scanDelivery(r) }, `
		SELECT `+deliveryColumns+` FROM activities a CROSS JOIN deliveries d
		WHERE d.activity = a.seq AND a.seq IN (
			SELECT x.seq FROM activities x WHERE x.id = ?
			UNION SELECT y.seq FROM activities y WHERE y.object = ? AND y.object <> '' AND y.local = 1)
		ORDER BY d.id DESC LIMIT 1000`, id, id)
}

// DeliveryDepth returns how many deliveries are pending, and since when the
// oldest is.
func (tx *Tx) DeliveryDepth(ctx context.Context) (pending int, oldest time.Time, err error) {
	return tx.depth(ctx, `SELECT COUNT(*), COALESCE(MIN(created), 0) FROM deliveries WHERE state = 'pending'`)
}
