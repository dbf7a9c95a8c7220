// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// A Respondent takes part in one exchange by our pages alone: somebody without
// an account, who is written to by mail, or an actor whose server does not know
// what an exchange is.
type Respondent struct {
	ID        int64
	Partner   federation.IRI // their name in exchanges
	Proposal  federation.IRI
	Exchange  federation.IRI // empty: they did not confirm yet
	Name      string
	Address   string // in lower case; empty: an actor
	Secret    string // stands in the links of letters
	Language  string
	Asked     federation.Terms // until it is confirmed
	Created   time.Time
	Confirmed time.Time
}

// maxRespondents is how many people without an account may ask of one proposal.
const maxRespondents = 2000

const respondentColumns = `r.id, r.partner, r.proposal, r.exchange, r.name, r.address, r.secret, r.language, r.asked, r.created, r.confirmed`

func scanRespondent(row row) (*Respondent, error) {
	r := new(Respondent)
	var asked string
	var created, confirmed int64
	err := row.Scan(&r.ID, &r.Partner, &r.Proposal, &r.Exchange, &r.Name, &r.Address, &r.Secret, &r.Language, &asked, &created, &confirmed)
	if err == nil && asked != "" {
		err = json.Unmarshal([]byte(asked), &r.Asked)
	}
	r.Created, r.Confirmed = moment(created), moment(confirmed)
	return r, err
}

// Respondent returns the one that a link names; federation.ErrNotFound if it
// has another secret, or was not confirmed in time.
func (tx *Tx) Respondent(ctx context.Context, id int64, secret string) (*Respondent, error) {
	r, err := first(ctx, tx, scanRespondent, `SELECT `+respondentColumns+` FROM respondents r WHERE r.id = ?`, id)
	if err == nil && (subtle.ConstantTimeCompare([]byte(r.Secret), []byte(secret)) != 1 ||
		r.Confirmed.IsZero() && r.Created.Before(tx.now.Add(-confirmWithin))) {
		err = federation.ErrNotFound
	}
	if err != nil {
		return nil, named(err, "respondent", id)
	}
	return r, nil
}

// RespondentOf returns who takes part in an exchange; federation.ErrNotFound if
// it is no respondent.
func (tx *Tx) RespondentOf(ctx context.Context, exchange federation.IRI) (*Respondent, error) {
	r, err := first(ctx, tx, scanRespondent, `SELECT `+respondentColumns+` FROM respondents r WHERE r.exchange = ? AND r.exchange <> ''`, exchange)
	return r, named(err, "respondent of", exchange)
}

// Respondents returns those who take part in some exchanges, by exchange.
func (tx *Tx) Respondents(ctx context.Context, exchanges ...federation.IRI) (map[federation.IRI]*Respondent, error) {
	found := map[federation.IRI]*Respondent{}
	if len(exchanges) == 0 {
		return found, nil
	}
	list, err := all(ctx, tx, scanRespondent, `
		SELECT `+respondentColumns+` FROM respondents r WHERE r.exchange IN (?) AND r.exchange <> ''`, among(exchanges))
	for _, r := range list {
		found[r.Exchange] = r
	}
	return found, err
}

// Asking returns the latest who asks something of a proposal with an address,
// confirmed or not.
func (tx *Tx) Asking(ctx context.Context, proposal federation.IRI, address string) (*Respondent, error) {
	r, err := first(ctx, tx, scanRespondent, `
		SELECT `+respondentColumns+` FROM respondents r WHERE r.proposal = ? AND r.address = ? AND r.address <> ''
		ORDER BY r.confirmed = 0 DESC, r.id DESC LIMIT 1`, proposal, accountForm(address))
	return r, named(err, "respondent to", proposal)
}

// PutRespondent stores a new respondent or what changed of one, by its ID, and
// sets what is empty. federation.ErrConflict if there are too many.
func (tx *Tx) PutRespondent(ctx context.Context, r *Respondent) error {
	r.Address = accountForm(r.Address)
	asked := ""
	if r.Confirmed.IsZero() {
		raw, err := json.Marshal(r.Asked)
		if err != nil {
			return fmt.Errorf("respondent to %s: %w", r.Proposal, err)
		}
		asked = string(raw)
	}
	if r.ID != 0 {
		n, err := tx.exec(ctx, `
			UPDATE respondents SET exchange = ?, name = ?, language = ?, asked = ?, created = ?, confirmed = ? WHERE id = ?`,
			r.Exchange, r.Name, r.Language, asked, r.Created, r.Confirmed, r.ID)
		return named(changed(n, err), "respondent", r.ID)
	}
	if err := tx.roomForRespondent(ctx, r.Proposal); err != nil {
		return err
	}
	r.Secret, _ = newSecret()
	if r.Partner == "" {
		r.Partner = federation.GuestID(tx.Home(), strings.ToLower(rand.Text()))
	}
	if r.Created.IsZero() {
		r.Created = tx.now
	}
	id, err := tx.number(ctx, `
		INSERT INTO respondents (partner, proposal, exchange, name, address, secret, language, asked, created, confirmed)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		r.Partner, r.Proposal, r.Exchange, r.Name, r.Address, r.Secret, r.Language, asked, r.Created, r.Confirmed)
	r.ID = id
	return named(err, "respondent to", r.Proposal)
}

func (tx *Tx) roomForRespondent(ctx context.Context, proposal federation.IRI) error {
	n, err := tx.number(ctx, `SELECT COUNT(*) FROM respondents WHERE proposal = ?`, proposal)
	if err != nil {
		return err
	}
	waiting, err := tx.number(ctx, `SELECT COUNT(*) FROM respondents WHERE confirmed = 0`)
	if err == nil && (n >= maxRespondents || waiting >= maxUnanswered) {
		err = fmt.Errorf("respondents to %s: %w: too many", proposal, federation.ErrConflict)
	}
	return err
}

// DropRespondent forgets a respondent, and what was written by and to them.
func (tx *Tx) DropRespondent(ctx context.Context, r *Respondent) error {
	if r.Exchange != "" {
		x, err := tx.Exchange(ctx, r.Exchange)
		if err != nil && !errors.Is(err, federation.ErrNotFound) {
			return err
		}
		if err == nil && federation.IsGuest(tx.Home(), x.Partner) {
			x.Terms.Message, x.Said = "", nil
			if err := tx.PutExchange(ctx, x); err != nil {
				return err
			}
		}
	}
	_, err := tx.exec(ctx, `DELETE FROM respondents WHERE id = ?`, r.ID)
	return named(err, "respondent", r.ID)
}

// forgetRespondents removes those who did not confirm in time, and those whose
// exchange is over for a while.
func (tx *Tx) forgetRespondents(ctx context.Context) (removed int, err error) {
	for _, q := range []struct {
		query string
		args  []any
	}{
		{`SELECT ` + respondentColumns + ` FROM respondents r WHERE r.confirmed = 0 AND r.created < ? LIMIT ?`, []any{tx.now.Add(-confirmWithin), retentionBatch}},
		{`SELECT ` + respondentColumns + ` FROM respondents r JOIN exchanges x ON x.id = r.exchange
			WHERE x.state IN ('fulfilled', 'refused', 'withdrawn', 'cancelled') AND x.updated < ? LIMIT ?`, []any{tx.now.Add(-keepRespondents), retentionBatch}},
	} {
		list, err := all(ctx, tx, scanRespondent, q.query, q.args...)
		if err != nil {
			return removed, err
		}
		for _, r := range list {
			if err := tx.DropRespondent(ctx, r); err != nil {
				return removed, err
			}
			removed++
		}
	}
	return removed, nil
}
