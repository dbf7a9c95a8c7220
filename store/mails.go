// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"time"
)

// A Mail is a letter that waits to be sent. Its text is plain.
type Mail struct {
	ID          int64
	Kind        string // what it is about, such as "invitation"
	To          string // one bare address
	Subject     string
	Body        string
	Unsubscribe string    // an address at which one POST ends such mail, RFC 8058; may be empty
	Due         time.Time // not before; zero: now
	Created     time.Time
	Attempts    int
	State       string // pending, sent or failed
	Error       string // of the last attempt
}

// QueueMail puts a letter into the queue and sets its ID. It leaves with the
// transaction: if that fails nothing is sent.
func (tx *Tx) QueueMail(ctx context.Context, m *Mail) error {
	if m.Due.IsZero() {
		m.Due = tx.now
	}
	m.Created = tx.now
	id, err := tx.number(ctx, `
		INSERT INTO mails (kind, recipient, subject, body, unsubscribe, created, due)
		VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		m.Kind, m.To, m.Subject, m.Body, m.Unsubscribe, m.Created, m.Due)
	m.ID = id
	tx.queue(QueueMails)
	return named(err, "mail to", m.Kind)
}
