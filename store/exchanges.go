// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"encoding/json"
	"fmt"

	"codeberg.org/maillage/maillage/federation"
)

// undone are the states of exchanges that came to nothing, or not yet to
// anything.
const undone = `'proposed', 'countered', 'refused', 'withdrawn'`

type placedExchange struct {
	*federation.Exchange

	bound bound
}

const exchangeColumns = `x.seq, x.updated, x.data`

func scanExchange(r row) (placedExchange, error) {
	p := placedExchange{Exchange: new(federation.Exchange)}
	var data string
	if err := r.Scan(&p.bound.seq, &p.bound.at, &data); err != nil {
		return p, err
	}
	return p, json.Unmarshal([]byte(data), p.Exchange)
}

// Exchange returns the exchange that its page, its latest Offer or its
// Agreement names.
func (tx *Tx) Exchange(ctx context.Context, id federation.IRI) (*federation.Exchange, error) {
	p, err := first(ctx, tx, scanExchange, `
		SELECT `+exchangeColumns+` FROM exchanges x WHERE x.seq IN (
			SELECT seq FROM exchanges WHERE id = ?
			UNION ALL SELECT seq FROM exchanges WHERE offer = ?
			UNION ALL SELECT seq FROM exchanges WHERE agreement = ? AND agreement <> '') LIMIT 1`, id, id, id)
	return p.Exchange, named(err, "exchange", id)
}

// OpenExchange returns what a partner asked of a proposal and nobody decided
// yet.
func (tx *Tx) OpenExchange(ctx context.Context, proposal, partner federation.IRI) (*federation.Exchange, error) {
	p, err := first(ctx, tx, scanExchange, `
		SELECT `+exchangeColumns+` FROM exchanges x
		WHERE x.proposal = ? AND x.partner = ? AND x.state IN ('proposed', 'countered')`, proposal, partner)
	return p.Exchange, named(err, "open exchange of", proposal)
}

// OpenExchanges returns what was asked of a proposal and waits for its
// publisher, the oldest first.
func (tx *Tx) OpenExchanges(ctx context.Context, proposal federation.IRI) ([]*federation.Exchange, error) {
	return bare(all(ctx, tx, scanExchange, `
		SELECT `+exchangeColumns+` FROM exchanges x
		WHERE x.proposal = ? AND x.state = 'proposed' ORDER BY x.at, x.seq LIMIT ?`, proposal, maxAnswers))
}

// PutExchange stores an exchange, replacing what was known of it.
func (tx *Tx) PutExchange(ctx context.Context, x *federation.Exchange) error {
	data, err := json.Marshal(x)
	if err != nil {
		return fmt.Errorf("exchange %s: %w", x.ID, err)
	}
	_, err = tx.exec(ctx, `
		INSERT INTO exchanges (id, proposal, publisher, partner, offer, agreement, state, due, at, updated, data)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET offer = excluded.offer, agreement = excluded.agreement, state = excluded.state,
			due = excluded.due, updated = excluded.updated, data = excluded.data`,
		x.ID, x.Proposal, x.Publisher, x.Partner, x.Offer, x.Agreement, x.State, x.RemindAt(), x.At, x.Updated, string(data))
	return named(err, "exchange", x.ID)
}

// ExchangesToRemind returns exchanges of which there is something to remind the
// two; of several processes each gets others.
func (tx *Tx) ExchangesToRemind(ctx context.Context, limit int) ([]*federation.Exchange, error) {
	query := `
		SELECT ` + exchangeColumns + ` FROM exchanges x WHERE x.due > 0 AND x.due <= ? ORDER BY x.due LIMIT ?`
	if tx.postgres() {
		query += ` FOR UPDATE SKIP LOCKED`
	}
	return bare(all(ctx, tx, scanExchange, query, tx.now, limit))
}

// Exchanges returns what an actor published and others ask for (published), or
// what it asked of others; what changed last first.
func (tx *Tx) Exchanges(ctx context.Context, actor federation.IRI, published bool, cursor string, limit int) ([]*federation.Exchange, string, error) {
	side := "partner"
	if published {
		side = "publisher"
	}
	limit = limited(limit)
	b, err := boundOf(cursor, newest)
	if err != nil {
		return nil, "", err
	}
	found, err := all(ctx, tx, scanExchange, `
		SELECT `+exchangeColumns+` FROM exchanges x
		WHERE x.`+side+` = ? AND (x.updated, x.seq) < (?, ?) ORDER BY x.updated DESC, x.seq DESC LIMIT ?`,
		actor, b.at, b.seq, limit+1)
	if err != nil {
		return nil, "", err
	}
	found, next := cut(found, limit, func(p placedExchange) bound { return p.bound })
	list, err := bare(found, nil)
	return list, next, err
}

// ExchangesOf returns everything that is or was between others and the
// publisher of a proposal about it, the oldest first.
func (tx *Tx) ExchangesOf(ctx context.Context, proposal federation.IRI) ([]*federation.Exchange, error) {
	return bare(all(ctx, tx, scanExchange, `
		SELECT `+exchangeColumns+` FROM exchanges x WHERE x.proposal = ? ORDER BY x.at, x.seq LIMIT ?`, proposal, maxAnswers))
}

// Ledger returns all that stands between an actor and others, as publisher or as
// partner, that was agreed on, the oldest first.
func (tx *Tx) Ledger(ctx context.Context, actor federation.IRI) ([]*federation.Exchange, error) {
	return bare(all(ctx, tx, scanExchange, `
		SELECT `+exchangeColumns+` FROM exchanges x
		WHERE x.seq IN (SELECT seq FROM exchanges WHERE publisher = ? UNION SELECT seq FROM exchanges WHERE partner = ?)
			AND x.state IN ('agreed', 'fulfilled') ORDER BY x.updated, x.seq LIMIT ?`, actor, actor, maxExport))
}

func bare(found []placedExchange, err error) ([]*federation.Exchange, error) {
	list := make([]*federation.Exchange, len(found))
	for i, p := range found {
		list[i] = p.Exchange
	}
	return list, err
}
