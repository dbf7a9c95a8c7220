// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// How much an account may leave unfinished.
const (
	maxDrafts    = 50
	maxDraftSize = 64 << 10 // of its fields, as they are kept
)

// A Draft is what somebody typed into a form and did not send yet. Pictures
// that came with it are media of the same account, which its fields name.
type Draft struct {
	ID          string // made by PutDraft if empty
	Account     int64
	Kind        string // offer, need, event, note or article; other for any other form
	Action      string // the path that the form is sent to
	Title       string
	Fields      map[string][]string
	Interrupted bool // it was sent when the session was over
	Created     time.Time
	Changed     time.Time
}

// PutDraft stores a draft, or the next state of one. federation.ErrNotFound
// says that it was dropped meanwhile: what was published does not come back.
// federation.ErrConflict says that the account has too many, ErrMalformed that
// it is too long.
func (tx *Tx) PutDraft(ctx context.Context, d *Draft) error {
	fields, err := json.Marshal(d.Fields)
	if err != nil {
		return fmt.Errorf("draft: %w", err)
	}
	if len(fields) > maxDraftSize {
		return fmt.Errorf("%w: a draft of %d bytes", federation.ErrMalformed, len(fields))
	}
	d.Changed = tx.now
	if d.ID != "" {
		n, err := tx.exec(ctx, `
			UPDATE drafts SET kind = ?, action = ?, title = ?, fields = ?, interrupted = ?, changed = ?
			WHERE id = ? AND account = ?`,
			d.Kind, d.Action, d.Title, string(fields), d.Interrupted, d.Changed, d.ID, d.Account)
		return named(changed(n, err), "draft", d.ID)
	}
	n, err := tx.number(ctx, `SELECT COUNT(*) FROM drafts WHERE account = ?`, d.Account)
	if err == nil && n >= maxDrafts {
		err = fmt.Errorf("%w: %d drafts", federation.ErrConflict, n)
	}
	if err != nil {
		return named(err, "draft of account", d.Account)
	}
	d.ID, d.Created = strings.ToLower(rand.Text()), tx.now
	_, err = tx.exec(ctx, `
		INSERT INTO drafts (id, account, kind, action, title, fields, interrupted, created, changed)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		d.ID, d.Account, d.Kind, d.Action, d.Title, string(fields), d.Interrupted, d.Created, d.Changed)
	return named(err, "draft of account", d.Account)
}

const draftColumns = `id, account, kind, action, title, fields, interrupted, created, changed`

func scanDraft(r row) (*Draft, error) {
	d := new(Draft)
	var fields string
	var created, changed int64
	err := r.Scan(&d.ID, &d.Account, &d.Kind, &d.Action, &d.Title, &fields, &d.Interrupted, &created, &changed)
	if err == nil {
		err = json.Unmarshal([]byte(fields), &d.Fields)
	}
	d.Created, d.Changed = moment(created), moment(changed)
	return d, err
}

// Draft returns a draft of an account; to others it is not there.
func (tx *Tx) Draft(ctx context.Context, account int64, id string) (*Draft, error) {
	d, err := first(ctx, tx, scanDraft, `SELECT `+draftColumns+` FROM drafts WHERE id = ? AND account = ?`, id, account)
	return d, named(err, "draft", id)
}

// Drafts returns what an account left unfinished, latest first.
func (tx *Tx) Drafts(ctx context.Context, account int64) ([]*Draft, error) {
	return all(ctx, tx, scanDraft, `
		SELECT `+draftColumns+` FROM drafts WHERE account = ? ORDER BY changed DESC, id LIMIT ?`, account, maxDrafts)
}

// DropDraft removes a draft of an account, if it is there.
func (tx *Tx) DropDraft(ctx context.Context, account int64, id string) error {
	_, err := tx.exec(ctx, `DELETE FROM drafts WHERE id = ? AND account = ?`, id, account)
	return named(err, "draft", id)
}

// SendForm notes that a form made an object. Of a form that was sent before it
// returns what came of it then: whatever was to be done is done already.
func (tx *Tx) SendForm(ctx context.Context, account int64, digest string, object federation.IRI) (made federation.IRI, again bool, err error) {
	n, err := tx.exec(ctx, `
		INSERT INTO sent_forms (account, digest, object, at) VALUES (?, ?, ?, ?)
		ON CONFLICT (account, digest) DO NOTHING`, account, digest, object, tx.now)
	if err != nil || n == 1 {
		return object, false, named(err, "form of account", account)
	}
	made, err = first(ctx, tx, column[federation.IRI], `
		SELECT object FROM sent_forms WHERE account = ? AND digest = ?`, account, digest)
	return made, true, named(err, "form of account", account)
}

// LapsedSession returns the account of a session that ended by itself a short
// while ago. It opens no door: what is sent with it is kept for that account,
// and nothing else.
func (tx *Tx) LapsedSession(ctx context.Context, secret string) (*Account, error) {
	return tx.secretAccount(ctx, "lapsed session", `
		SELECT account FROM sessions WHERE token = ? AND expires <= ?`, keptOf(secret), tx.now)
}
