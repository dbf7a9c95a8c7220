// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// An Alert is what a member wants to be told of as soon as it is published,
// here or by a peer: an offer or a need that a search would find.
type Alert struct {
	ID       int64
	Account  int64
	Words    string // every one must occur, or begin a word
	Kind     string // offer or need; empty: both
	Category string
	Mode     string
	Tag      string
	Place    string            // what Near is called; may be empty
	Near     *federation.Point // nil: anywhere
	RadiusKm float64
	Paused   bool
	Seen     int64     // objects up to this one were held against it
	Found    time.Time // when it last found something; zero: never
	Created  time.Time
}

// MaxAlerts is how many alerts an account has at most.
const MaxAlerts = 20

const alertColumns = `id, account, words, kind, category, mode, tag, place, lat, lon, radius, paused, seen, found, created`

func scanAlert(r row) (*Alert, error) {
	a := new(Alert)
	var p federation.Point
	var found, created int64
	err := r.Scan(&a.ID, &a.Account, &a.Words, &a.Kind, &a.Category, &a.Mode, &a.Tag, &a.Place, &p.Latitude, &p.Longitude,
		&a.RadiusKm, &a.Paused, &a.Seen, &found, &created)
	if a.RadiusKm > 0 {
		a.Near = &p
	}
	a.Found, a.Created = moment(found), moment(created)
	return a, err
}

// AddAlert keeps an alert for what comes from now on, and sets its ID. The same
// one again is the one that is there. federation.ErrConflict if the account has
// as many as it may.
func (tx *Tx) AddAlert(ctx context.Context, a *Alert) error {
	var p federation.Point
	if a.Near != nil && a.RadiusKm > 0 {
		p = *a.Near
	} else {
		a.RadiusKm = 0
	}
	list, err := tx.Alerts(ctx, a.Account)
	if err != nil {
		return err
	}
	for _, old := range list {
		if old.same(a) {
			a.ID = old.ID
			return nil
		}
	}
	if len(list) >= MaxAlerts {
		return fmt.Errorf("alerts of account %d: %w: no more than %d", a.Account, federation.ErrConflict, MaxAlerts)
	}
	if a.Seen, err = tx.lastObject(ctx); err != nil {
		return err
	}
	a.Created = tx.now
	a.ID, err = tx.number(ctx, `
		INSERT INTO alerts (account, words, kind, category, mode, tag, place, lat, lon, radius, seen, created)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		a.Account, a.Words, a.Kind, a.Category, a.Mode, a.Tag, a.Place, p.Latitude, p.Longitude, a.RadiusKm, a.Seen, a.Created)
	return named(err, "alert of account", a.Account)
}

// same reports whether two alerts wait for the same.
func (a *Alert) same(b *Alert) bool {
	x, y := *a, *b
	for _, z := range []*Alert{&x, &y} {
		z.ID, z.Near, z.Paused, z.Seen, z.Found, z.Created = 0, nil, false, 0, time.Time{}, time.Time{}
	}
	return x == y && (a.Near == nil) == (b.Near == nil) && (a.Near == nil || *a.Near == *b.Near)
}

func (tx *Tx) lastObject(ctx context.Context) (int64, error) {
	return tx.number(ctx, `SELECT COALESCE(MAX(seq), 0) FROM objects`)
}

// Alerts returns those of an account, the oldest first.
func (tx *Tx) Alerts(ctx context.Context, account int64) ([]*Alert, error) {
	return all(ctx, tx, scanAlert, `SELECT `+alertColumns+` FROM alerts WHERE account = ? ORDER BY id LIMIT ?`, account, MaxAlerts)
}

// PauseAlert stops an alert of an account for a while, or lets it go on with
// what comes from then on.
func (tx *Tx) PauseAlert(ctx context.Context, account, id int64, paused bool) error {
	last, err := tx.lastObject(ctx)
	if err != nil {
		return err
	}
	n, err := tx.exec(ctx, `UPDATE alerts SET paused = ?, seen = ? WHERE id = ? AND account = ?`, paused, last, id, account)
	return named(changed(n, err), "alert", id)
}

// DropAlert forgets an alert of an account, if it is there.
func (tx *Tx) DropAlert(ctx context.Context, account, id int64) error {
	_, err := tx.exec(ctx, `DELETE FROM alerts WHERE id = ? AND account = ?`, id, account)
	return named(err, "alert", id)
}

// AlertFound notes that an alert found something.
func (tx *Tx) AlertFound(ctx context.Context, id int64) error {
	_, err := tx.exec(ctx, `UPDATE alerts SET found = ? WHERE id = ?`, tx.now, id)
	return named(err, "alert", id)
}

// News is what alerts were not held against yet.
type News struct {
	Alerts  []*Alert
	Objects []stored // public offers and needs, oldest first
	upTo    int64
}

// Each calls f for each object and each alert that was not held against it.
func (n *News) Each(f func(o *federation.Object, a *Alert) error) error {
	for _, o := range n.Objects {
		for _, a := range n.Alerts {
			if a.Seen >= o.seq {
				continue
			}
			if err := f(o.Object, a); err != nil {
				return err
			}
		}
	}
	return nil
}

const (
	newsBatch = 200
	// settles is after what time whatever was numbered before something is
	// committed too: on PostgreSQL, numbers are given before that.
	settles = 10 * time.Second
)

// News returns the offers and needs that came since alerts were last looked at,
// a bounded number; nil if there are none, or no alerts.
func (tx *Tx) News(ctx context.Context) (*News, error) {
	from, err := tx.number(ctx, `SELECT seen FROM alerts WHERE paused = 0 ORDER BY seen LIMIT 1`)
	if errors.Is(err, federation.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	fresh, err := all(ctx, tx, func(r row) (f [2]int64, err error) { err = r.Scan(&f[0], &f[1]); return f, err }, `
		SELECT seq, stored FROM objects WHERE seq > ? AND kind IN ('offer', 'need') AND gone = 0 AND visibility = 0 AND closed = 0
		ORDER BY seq LIMIT ?`, from, newsBatch)
	if err != nil {
		return nil, err
	}
	n := &News{}
	var seqs []int64
	for _, f := range fresh {
		if tx.postgres() && moment(f[1]).After(tx.now.Add(-settles)) {
			break
		}
		seqs, n.upTo = append(seqs, f[0]), f[0]
	}
	if len(seqs) == 0 {
		return nil, nil
	}
	objects, err := tx.objectsAt(ctx, listedColumns, seqs)
	if err != nil {
		return nil, err
	}
	for _, seq := range seqs {
		if o := objects[seq]; o != nil {
			n.Objects = append(n.Objects, stored{o, seq})
		}
	}
	n.Alerts, err = all(ctx, tx, scanAlert, `SELECT `+alertColumns+` FROM alerts WHERE paused = 0 AND seen < ? ORDER BY seen, id`, n.upTo)
	return n, err
}

// Told notes that all alerts were held against some news.
func (tx *Tx) Told(ctx context.Context, n *News) error {
	_, err := tx.exec(ctx, `UPDATE alerts SET seen = ? WHERE paused = 0 AND seen < ?`, n.upTo, n.upTo)
	return err
}

// NoticesSince counts what of a kind an actor was told since a time.
func (tx *Tx) NoticesSince(ctx context.Context, owner federation.IRI, kind string, since time.Time) (int, error) {
	n, err := tx.number(ctx, `SELECT COUNT(*) FROM notices WHERE owner = ? AND at > ? AND kind = ?`, owner, since, kind)
	return int(n), err
}
