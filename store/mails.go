// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"time"
)

// A Mail is a letter that waits to be sent, or was. Its text is plain, and
// forgotten once it is no longer needed: there may be a link in it that signs
// in.
type Mail struct {
	ID          int64
	Kind        string // what it is about, such as "invitation"
	To          string // one bare address
	Subject     string
	Body        string
	ReplyTo     string    // where an answer goes; empty: to nobody
	Calendar    string    // an event, iCalendar, beside the text; may be empty
	Method      string    // of that, RFC 5546
	Unsubscribe string    // an address at which one POST ends such mail, RFC 8058; may be empty
	Due         time.Time // not before; zero: now
	Created     time.Time
	Attempts    int    // times it was claimed
	State       string // pending, sent or failed
	Error       string // of the last attempt
	Done        time.Time
}

const mailColumns = `id, kind, recipient, subject, body, unsubscribe, due, created, attempts, state, error, done, reply_to, calendar, method`

func scanMail(r row) (*Mail, error) {
	m := new(Mail)
	var due, created, done int64
	err := r.Scan(&m.ID, &m.Kind, &m.To, &m.Subject, &m.Body, &m.Unsubscribe, &due, &created, &m.Attempts, &m.State, &m.Error, &done, &m.ReplyTo, &m.Calendar, &m.Method)
	m.Due, m.Created, m.Done = moment(due), moment(created), moment(done)
	return m, err
}

// QueueMail puts a letter into the queue and sets its ID. It leaves with the
// transaction: if that fails nothing is sent.
func (tx *Tx) QueueMail(ctx context.Context, m *Mail) error {
	if m.Due.IsZero() {
		m.Due = tx.now
	}
	m.Created, m.State = tx.now, "pending"
	id, err := tx.number(ctx, `
		INSERT INTO mails (kind, recipient, subject, body, unsubscribe, created, due, reply_to, calendar, method)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		m.Kind, m.To, m.Subject, m.Body, m.Unsubscribe, m.Created, m.Due, m.ReplyTo, m.Calendar, m.Method)
	m.ID = id
	tx.queue(QueueMails)
	return named(err, "mail to", m.Kind)
}

// QueueMailOnce is QueueMail, unless a letter of the same kind went to the same
// address less than every ago: then it does nothing and returns false. What
// anybody can ask for in somebody else's name goes out by this.
func (tx *Tx) QueueMailOnce(ctx context.Context, m *Mail, every time.Duration) (queued bool, err error) {
	recent, err := tx.exists(ctx, `SELECT 1 FROM mails WHERE recipient = ? AND kind = ? AND created > ?`,
		m.To, m.Kind, tx.now.Add(-every))
	if err != nil || recent {
		return false, err
	}
	return true, tx.QueueMail(ctx, m)
}

// ClaimMails leases the letters that are due to owner, oldest first, but the
// weekly one after all others: a sign-in link does not wait behind it. What it
// neither finishes nor gives back until the lease is over can be claimed again.
func (tx *Tx) ClaimMails(ctx context.Context, owner string, lease time.Duration, limit int) ([]*Mail, error) {
	query := `
		SELECT ` + mailColumns + ` FROM mails
		WHERE state = 'pending' AND due <= ? AND lease_until <= ? ORDER BY CASE WHEN kind = 'digest' THEN 1 ELSE 0 END, due, id LIMIT ?`
	if tx.postgres() {
		query += ` FOR UPDATE SKIP LOCKED`
	}
	list, err := all(ctx, tx, scanMail, query, tx.now, tx.now, limited(limit))
	if err != nil || len(list) == 0 {
		return nil, err
	}
	ids := make([]int64, len(list))
	for i, m := range list {
		m.Attempts++
		ids[i] = m.ID
	}
	_, err = tx.exec(ctx, `
		UPDATE mails SET lease_owner = ?, lease_until = ?, attempts = attempts + 1 WHERE id IN (?)`,
		owner, tx.now.Add(lease), among(ids))
	return list, err
}

// SentMail records that a letter was taken by the mail server.
func (tx *Tx) SentMail(ctx context.Context, id int64) error {
	return tx.finishMail(ctx, id, "sent", "")
}

// FailMail gives up on a letter.
func (tx *Tx) FailMail(ctx context.Context, id int64, reason string) error {
	return tx.finishMail(ctx, id, "failed", short(reason))
}

func (tx *Tx) finishMail(ctx context.Context, id int64, state, reason string) error {
	n, err := tx.exec(ctx, `
		UPDATE mails SET state = ?, error = ?, done = ?, body = '', unsubscribe = '', reply_to = '', calendar = '', lease_owner = '', lease_until = 0
		WHERE id = ? AND state = 'pending'`, state, reason, tx.now, id)
	return named(changed(n, err), "mail", id)
}

// RetryMail gives a letter back, to be claimed again at a time.
func (tx *Tx) RetryMail(ctx context.Context, id int64, at time.Time, reason string) error {
	n, err := tx.exec(ctx, `
		UPDATE mails SET due = ?, error = ?, lease_owner = '', lease_until = 0
		WHERE id = ? AND state = 'pending'`, at, short(reason), id)
	return named(changed(n, err), "mail", id)
}

// ReleaseMails gives back what owner claimed and did not finish.
func (tx *Tx) ReleaseMails(ctx context.Context, owner string) error {
	_, err := tx.exec(ctx, `
		UPDATE mails SET lease_owner = '', lease_until = 0
		WHERE state = 'pending' AND lease_until > 0 AND lease_owner = ?`, owner)
	return err
}

// MailDepth returns how many letters wait, and since when the oldest does.
func (tx *Tx) MailDepth(ctx context.Context) (pending int, oldest time.Time, err error) {
	return tx.depth(ctx, `SELECT COUNT(*), COALESCE(MIN(created), 0) FROM mails WHERE state = 'pending'`)
}

// Mail returns a letter and what became of it.
func (tx *Tx) Mail(ctx context.Context, id int64) (*Mail, error) {
	m, err := first(ctx, tx, scanMail, `SELECT `+mailColumns+` FROM mails WHERE id = ?`, id)
	return m, named(err, "mail", id)
}

// MailsIn returns letters of a state, newest first: for those who look after
// the instance.
func (tx *Tx) MailsIn(ctx context.Context, state, cursor string, limit int) ([]*Mail, string, error) {
	limit = limited(limit)
	b, err := boundOf(cursor, newest)
	if err != nil {
		return nil, "", err
	}
	list, err := all(ctx, tx, scanMail, `
		SELECT `+mailColumns+` FROM mails WHERE state = ? AND (created, id) < (?, ?)
		ORDER BY created DESC, id DESC LIMIT ?`, state, b.at, b.seq, limit+1)
	if err != nil {
		return nil, "", err
	}
	list, next := cut(list, limit, func(m *Mail) bound { return bound{micros(m.Created), m.ID} })
	return list, next, nil
}

// MailCounts returns how many letters there are in each state, as long as they
// are remembered.
func (tx *Tx) MailCounts(ctx context.Context) (map[string]int, error) {
	return tx.countStates(ctx, `SELECT state, COUNT(*) FROM mails GROUP BY state`)
}
