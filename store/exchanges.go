// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

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

// ExchangeWith returns what was agreed on last of a proposal with a partner.
func (tx *Tx) ExchangeWith(ctx context.Context, proposal, partner federation.IRI) (*federation.Exchange, error) {
	p, err := first(ctx, tx, scanExchange, `
		SELECT `+exchangeColumns+` FROM exchanges x
		WHERE x.proposal = ? AND x.partner = ? AND x.state IN ('agreed', 'fulfilled') ORDER BY x.seq DESC LIMIT 1`, proposal, partner)
	return p.Exchange, named(err, "agreed exchange of", proposal)
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
		INSERT INTO exchanges (id, proposal, publisher, partner, offer, agreement, state, due, waits, at, updated, data)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET offer = excluded.offer, agreement = excluded.agreement, state = excluded.state,
			due = excluded.due, waits = excluded.waits, updated = excluded.updated, data = excluded.data`,
		x.ID, x.Proposal, x.Publisher, x.Partner, x.Offer, x.Agreement, x.State, x.RemindAt(), x.Waits(), x.At, x.Updated, string(data))
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
	return tx.ExchangesIn(ctx, actor, published, nil, cursor, limit)
}

// ExchangesIn is [Tx.Exchanges], of those in some states; nil: in all.
func (tx *Tx) ExchangesIn(ctx context.Context, actor federation.IRI, published bool, states []string, cursor string, limit int) ([]*federation.Exchange, string, error) {
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
		WHERE x.`+side+` = ? AND (x.updated, x.seq) < (?, ?) AND (? = 0 OR x.state IN (?)) ORDER BY x.updated DESC, x.seq DESC LIMIT ?`,
		actor, b.at, b.seq, len(states) > 0, among(append(states, "")), limit+1)
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
		SELECT `+exchangeColumns+` FROM exchanges x WHERE x.proposal = ? ORDER BY x.at, x.seq LIMIT ?`, proposal, maxExport))
}

// CountExchangesOf counts them, and those that wait for their publisher.
func (tx *Tx) CountExchangesOf(ctx context.Context, proposal federation.IRI) (n, waiting int, err error) {
	count, err := tx.number(ctx, `SELECT COUNT(*) FROM exchanges WHERE proposal = ?`, proposal)
	if err != nil {
		return 0, 0, err
	}
	of, err := tx.number(ctx, `SELECT COUNT(*) FROM exchanges WHERE proposal = ? AND waits <> '' AND waits = publisher`, proposal)
	return int(count), int(of), err
}

// LedgerLimitSetting is how far below nought a balance may go here, in each unit;
// empty: as far as they like.
const LedgerLimitSetting = "ledger.limit"

// LedgerLimit returns it.
func (tx *Tx) LedgerLimit(ctx context.Context) (federation.Decimal, error) {
	limit, err := tx.Setting(ctx, LedgerLimitSetting)
	if errors.Is(err, federation.ErrNotFound) {
		err = nil
	}
	return federation.Decimal(limit), err
}

// Ledger returns all that stands between an actor and others, as publisher or as
// partner, that was agreed on or is asked for, the oldest first.
func (tx *Tx) Ledger(ctx context.Context, actor federation.IRI) ([]*federation.Exchange, error) {
	return bare(all(ctx, tx, scanExchange, `
		SELECT `+exchangeColumns+` FROM exchanges x
		WHERE x.seq IN (SELECT seq FROM exchanges WHERE publisher = ? UNION SELECT seq FROM exchanges WHERE partner = ?)
			AND x.state IN ('proposed', 'countered', 'agreed', 'fulfilled') ORDER BY x.updated, x.seq LIMIT ?`, actor, actor, maxExport))
}

// WaitingExchanges counts the exchanges that wait for one of these actors.
func (tx *Tx) WaitingExchanges(ctx context.Context, actors ...federation.IRI) (int, error) {
	n, err := tx.number(ctx, `SELECT COUNT(*) FROM exchanges WHERE waits <> '' AND waits IN (?)`, among(actors))
	return int(n), err
}

// LapsedExchanges returns what was asked of proposals of ours that ended before
// a time and was not decided, the oldest first.
func (tx *Tx) LapsedExchanges(ctx context.Context, ended time.Time, after int64, limit int) (list []*federation.Exchange, last int64, err error) {
	found, err := all(ctx, tx, scanExchange, `
		SELECT `+exchangeColumns+` FROM exchanges x JOIN objects o ON o.id = x.proposal
		WHERE x.waits <> '' AND x.waits = x.publisher AND x.state = 'proposed' AND x.seq > ?
			AND o.local = 1 AND o.end_at > 0 AND o.end_at < ? ORDER BY x.seq LIMIT ?`, after, ended, limited(limit))
	if err != nil || len(found) == 0 {
		return nil, after, err
	}
	list, err = bare(found, nil)
	return list, found[len(found)-1].bound.seq, err
}

// maxTalk is how many messages of one conversation are shown.
const maxTalk = 200

// Talk returns what two actors said to each other alone in a conversation that
// one of its names leads to, and in answer to that, the oldest first.
func (tx *Tx) Talk(ctx context.Context, one, other federation.IRI, names ...federation.IRI) ([]*federation.Object, error) {
	query := `
		WITH RECURSIVE talk (seq, id, depth) AS (
			SELECT o.seq, o.id, 0 FROM objects o WHERE o.visibility = 3 AND o.gone = 0 AND o.context <> '' AND o.context IN (?)
			UNION
			SELECT r.seq, r.id, t.depth + 1 FROM talk t JOIN objects r ON r.in_reply_to = t.id AND r.in_reply_to <> '' AND r.gone = 0 AND r.visibility = 3
			WHERE t.depth < 50)
		SELECT ` + objectColumns + ` FROM objects o LEFT JOIN object_documents d ON d.object = o.seq
		WHERE o.seq IN (SELECT seq FROM talk) AND o.attributed_to IN (?, ?) ORDER BY o.published, o.seq LIMIT ?`
	found, err := all(ctx, tx, scanObject, query, among(names), one, other, maxTalk)
	list := make([]*federation.Object, 0, len(found))
	for _, s := range found {
		list = append(list, s.Object)
	}
	return list, err
}

func bare(found []placedExchange, err error) ([]*federation.Exchange, error) {
	list := make([]*federation.Exchange, len(found))
	for i, p := range found {
		list[i] = p.Exchange
	}
	return list, err
}
