// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"fmt"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// A Complaint is what somebody without an account told us is wrong.
type Complaint struct {
	ID      int64
	Target  federation.IRI // an object or an actor
	Reason  string         // a code
	Content string
	Name    string
	Email   string
	Locale  string
	At      time.Time
}

// maxComplaints is how many may be open: whoever sends more is not read sooner.
const maxComplaints = 1000

// Complain files a complaint: federation.ErrConflict if there are too many.
func (tx *Tx) Complain(ctx context.Context, c *Complaint) error {
	open, err := tx.OpenComplaints(ctx)
	if err != nil {
		return err
	}
	if open >= maxComplaints {
		return fmt.Errorf("complaints: %w: %d are open", federation.ErrConflict, open)
	}
	c.At = tx.now
	c.ID, err = tx.number(ctx, `
		INSERT INTO complaints (target, reason, content, name, email, locale, at) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		c.Target, c.Reason, c.Content, c.Name, c.Email, c.Locale, c.At)
	return named(err, "complaint about", c.Target)
}

const complaintColumns = `id, target, reason, content, name, email, locale, at`

func scanComplaint(r row) (*Complaint, error) {
	c := new(Complaint)
	var at int64
	err := r.Scan(&c.ID, &c.Target, &c.Reason, &c.Content, &c.Name, &c.Email, &c.Locale, &at)
	c.At = moment(at)
	return c, err
}

// Complaints returns those that nobody decided about, oldest first.
func (tx *Tx) Complaints(ctx context.Context, limit int) ([]*Complaint, error) {
	return all(ctx, tx, scanComplaint,
		`SELECT `+complaintColumns+` FROM complaints WHERE settled = 0 ORDER BY at, id LIMIT ?`, limited(limit))
}

// Complaint returns one that nobody decided about.
func (tx *Tx) Complaint(ctx context.Context, id int64) (*Complaint, error) {
	c, err := first(ctx, tx, scanComplaint, `SELECT `+complaintColumns+` FROM complaints WHERE id = ? AND settled = 0`, id)
	return c, named(err, "complaint", id)
}

// OpenComplaints counts them.
func (tx *Tx) OpenComplaints(ctx context.Context) (int, error) {
	n, err := tx.number(ctx, `SELECT COUNT(*) FROM complaints WHERE settled = 0`)
	return int(n), err
}

// SettleComplaint notes that it was decided about. Who sent it is forgotten;
// what was said is kept for a while.
func (tx *Tx) SettleComplaint(ctx context.Context, id int64) error {
	n, err := tx.exec(ctx, `UPDATE complaints SET settled = ?, name = '', email = '' WHERE id = ? AND settled = 0`, tx.now, id)
	return named(changed(n, err), "complaint", id)
}

// A Decision is what a moderator decided about something.
type Decision struct {
	ID      int64
	At      time.Time
	Account int64
	Target  string // an object, an actor or a host
	Action  string // dismiss, hide, block, block_host or delete
	Note    string
	Told    string // to whom a statement was sent
}

// Decide notes a decision.
func (tx *Tx) Decide(ctx context.Context, d *Decision) (err error) {
	d.At = tx.now
	d.ID, err = tx.number(ctx, `
		INSERT INTO decisions (at, account, target, action, note, told) VALUES (?, ?, ?, ?, ?, ?) RETURNING id`,
		d.At, d.Account, d.Target, d.Action, d.Note, d.Told)
	return named(err, "decision about", d.Target)
}

// Decisions returns what was decided, newest first.
func (tx *Tx) Decisions(ctx context.Context, cursor string, limit int) ([]*Decision, string, error) {
	limit = limited(limit)
	b, err := boundOf(cursor, newest)
	if err != nil {
		return nil, "", err
	}
	list, err := all(ctx, tx, func(r row) (*Decision, error) {
		d := new(Decision)
		var at int64
		err := r.Scan(&d.ID, &at, &d.Account, &d.Target, &d.Action, &d.Note, &d.Told)
		d.At = moment(at)
		return d, err
	}, `
		SELECT id, at, account, target, action, note, told FROM decisions
		WHERE (at, id) < (?, ?) ORDER BY at DESC, id DESC LIMIT ?`, b.at, b.seq, limit+1)
	if err != nil {
		return nil, "", err
	}
	list, next := cut(list, limit, func(d *Decision) bound { return bound{micros(d.At), d.ID} })
	return list, next, nil
}

// HideObject leaves a tombstone in place of our copy of a peer's object: it is
// shown nowhere here, and later versions are not taken.
func (tx *Tx) HideObject(ctx context.Context, id federation.IRI) error {
	o, err := tx.Object(ctx, id)
	if err != nil {
		return err
	}
	if o.Local {
		return fmt.Errorf("object %s: %w: it is ours", id, federation.ErrConflict)
	}
	if o.Gone() {
		return nil
	}
	return tx.PutObject(ctx, &federation.Object{
		ID: o.ID, Type: "Tombstone", FormerType: o.Type, AttributedTo: o.AttributedTo, To: o.To, Cc: o.Cc,
		Published: o.Published, Deleted: tx.now,
	})
}

// DecisionsAbout returns what was decided about the objects of some actors,
// newest first, at most 100.
func (tx *Tx) DecisionsAbout(ctx context.Context, authors ...federation.IRI) ([]*Decision, error) {
	if len(authors) == 0 {
		return nil, nil
	}
	return all(ctx, tx, func(r row) (*Decision, error) {
		d := new(Decision)
		var at int64
		err := r.Scan(&d.ID, &at, &d.Account, &d.Target, &d.Action, &d.Note, &d.Told)
		d.At = moment(at)
		return d, err
	}, `
		SELECT d.id, d.at, d.account, d.target, d.action, d.note, d.told
		FROM decisions d JOIN objects o ON o.id = d.target
		WHERE o.attributed_to IN (?) AND d.action = 'delete' ORDER BY d.at DESC, d.id DESC LIMIT 100`, among(authors))
}
