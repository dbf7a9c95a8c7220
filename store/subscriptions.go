// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// What one may follow by mail.
const (
	SubscribedAll    = "all"
	SubscribedEvents = "events"
	SubscribedOffers = "offers" // and needs
)

// A Subscription is somebody who follows by mail, without an account.
type Subscription struct {
	ID        int64
	Address   string // in lower case
	Secret    string // stands in the links of letters
	Language  string
	What      string // one of the SubscribedXxx constants
	Created   time.Time
	Confirmed time.Time // zero: not yet
	Sent      time.Time // when the last weekly letter was written
	Bounces   int       // in a row
}

const (
	// confirmWithin is how long a subscription may be confirmed.
	confirmWithin = 48 * time.Hour
	// maxBounces is how many letters in a row may be refused.
	maxBounces = 3
	// maxWaiting bounds what strangers can make us keep, and send.
	maxWaiting = 2000
)

const subscriptionColumns = `id, address, secret, language, what, created, confirmed, sent, bounces`

func scanSubscription(r row) (*Subscription, error) {
	s := new(Subscription)
	var created, confirmed, sent int64
	err := r.Scan(&s.ID, &s.Address, &s.Secret, &s.Language, &s.What, &created, &confirmed, &sent, &s.Bounces)
	s.Created, s.Confirmed, s.Sent = moment(created), moment(confirmed), moment(sent)
	return s, err
}

// Subscribe stores that somebody asked to follow by mail, and returns it as it
// is kept. One that was confirmed stays as it is. federation.ErrConflict if too
// many wait to be confirmed.
func (tx *Tx) Subscribe(ctx context.Context, address, language, what string) (*Subscription, error) {
	address = accountForm(address)
	old, err := first(ctx, tx, scanSubscription, `SELECT `+subscriptionColumns+` FROM subscriptions WHERE address = ?`, address)
	switch {
	case err == nil && !old.Confirmed.IsZero():
		return old, nil
	case err != nil && !errors.Is(err, federation.ErrNotFound):
		return nil, err
	}
	_, waiting, err := tx.CountSubscriptions(ctx)
	if err != nil {
		return nil, err
	}
	if old == nil && waiting >= maxWaiting {
		return nil, fmt.Errorf("subscriptions: %w: too many wait to be confirmed", federation.ErrConflict)
	}
	secret, _ := newSecret()
	return first(ctx, tx, scanSubscription, `
		INSERT INTO subscriptions (address, secret, language, what, created) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (address) DO UPDATE SET language = excluded.language, what = excluded.what, created = excluded.created
		RETURNING `+subscriptionColumns, address, secret, language, what, tx.now)
}

// Subscription returns the subscription that a link names; ErrNotFound if it
// has another secret.
func (tx *Tx) Subscription(ctx context.Context, id int64, secret string) (*Subscription, error) {
	s, err := first(ctx, tx, scanSubscription, `SELECT `+subscriptionColumns+` FROM subscriptions WHERE id = ?`, id)
	if err == nil && subtle.ConstantTimeCompare([]byte(s.Secret), []byte(secret)) != 1 {
		err = federation.ErrNotFound
	}
	if err != nil {
		return nil, named(err, "subscription", id)
	}
	return s, nil
}

// ConfirmSubscription makes a subscription last: once, and within two days. The
// first weekly letter is the next one.
func (tx *Tx) ConfirmSubscription(ctx context.Context, id int64) error {
	n, err := tx.exec(ctx, `UPDATE subscriptions SET confirmed = ?, sent = ? WHERE id = ? AND confirmed = 0 AND created > ?`,
		tx.now, tx.now, id, tx.now.Add(-confirmWithin))
	return named(changed(n, err), "subscription", id)
}

// ChangeSubscription changes what is followed, and in which language.
func (tx *Tx) ChangeSubscription(ctx context.Context, id int64, language, what string) error {
	n, err := tx.exec(ctx, `UPDATE subscriptions SET language = ?, what = ? WHERE id = ?`, language, what, id)
	return named(changed(n, err), "subscription", id)
}

// EndSubscription forgets who followed.
func (tx *Tx) EndSubscription(ctx context.Context, id int64) error {
	_, err := tx.exec(ctx, `DELETE FROM subscriptions WHERE id = ?`, id)
	return named(err, "subscription", id)
}

// SubscriptionArrived notes whether a weekly letter was taken. After three in
// a row that were refused for good nobody is written to any more.
func (tx *Tx) SubscriptionArrived(ctx context.Context, address string, arrived bool) error {
	if arrived {
		_, err := tx.exec(ctx, `UPDATE subscriptions SET bounces = 0 WHERE address = ? AND bounces > 0`, address)
		return err
	}
	if _, err := tx.exec(ctx, `UPDATE subscriptions SET bounces = bounces + 1 WHERE address = ?`, address); err != nil {
		return err
	}
	_, err := tx.exec(ctx, `DELETE FROM subscriptions WHERE address = ? AND bounces >= ?`, address, maxBounces)
	return err
}

// TakeSubscriptions returns subscriptions whose last letter was written before
// a time, and notes that one is written now.
func (tx *Tx) TakeSubscriptions(ctx context.Context, before time.Time, limit int) ([]*Subscription, error) {
	query := `SELECT ` + subscriptionColumns + ` FROM subscriptions WHERE confirmed > 0 AND sent < ? ORDER BY sent, id LIMIT ?`
	if tx.postgres() {
		query += ` FOR UPDATE SKIP LOCKED`
	}
	list, err := all(ctx, tx, scanSubscription, query, before, limited(limit))
	if err != nil || len(list) == 0 {
		return nil, err
	}
	ids := make([]int64, len(list))
	for i, s := range list {
		ids[i] = s.ID
	}
	_, err = tx.exec(ctx, `UPDATE subscriptions SET sent = ? WHERE id IN (?)`, tx.now, among(ids))
	return list, err
}

// CountSubscriptions returns how many follow by mail, and how many asked to and
// did not confirm.
func (tx *Tx) CountSubscriptions(ctx context.Context) (confirmed, waiting int, err error) {
	err = tx.each(ctx, func(r row) error { return r.Scan(&confirmed, &waiting) }, `
		SELECT COALESCE(SUM(CASE WHEN confirmed > 0 THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN confirmed = 0 THEN 1 ELSE 0 END), 0)
		FROM subscriptions`)
	return confirmed, waiting, err
}

// NoticesMailed returns up to when an account was told of notices by mail;
// zero if never.
func (tx *Tx) NoticesMailed(ctx context.Context, account int64) (time.Time, error) {
	at, err := tx.number(ctx, `SELECT at FROM notice_mails WHERE account = ?`, account)
	if errors.Is(err, federation.ErrNotFound) {
		return time.Time{}, nil
	}
	return moment(at), err
}

// SetNoticesMailed notes that an account was told of all notices up to now. Of
// two that do so at once only one succeeds: federation.ErrConflict.
func (tx *Tx) SetNoticesMailed(ctx context.Context, account int64, before time.Time) error {
	n, err := tx.exec(ctx, `
		INSERT INTO notice_mails (account, at) VALUES (?, ?)
		ON CONFLICT (account) DO UPDATE SET at = excluded.at WHERE notice_mails.at = ?`, account, tx.now, before)
	if err == nil && n == 0 {
		err = federation.ErrConflict
	}
	return named(err, "notices mailed to account", account)
}
