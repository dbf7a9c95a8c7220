// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"codeberg.org/maillage/maillage/federation"
)

// What the author of an offer or a need keeps from the public stands in a table
// of its own, as the whole object. Whoever reads objects gets what everybody
// may read; [Tx.Whole] is for what is reckoned and decided, [Tx.SeenBy] for what
// is shown.

// Whole returns an object with all that we hold of it.
func (tx *Tx) Whole(ctx context.Context, id federation.IRI) (*federation.Object, error) {
	o, err := tx.Object(ctx, id)
	if err != nil || !federation.Withholds(o) {
		return o, err
	}
	known, err := tx.wholes(ctx, o)
	if whole := known[id]; whole != nil && err == nil {
		return whole, nil
	}
	return o, err
}

// wholes returns what is held of those of list that are not for everybody.
func (tx *Tx) wholes(ctx context.Context, list ...*federation.Object) (map[federation.IRI]*federation.Object, error) {
	public := map[federation.IRI]*federation.Object{}
	var ids []federation.IRI
	for _, o := range list {
		if o != nil && !o.Gone() && federation.Withholds(o) && public[o.ID] == nil {
			public[o.ID], ids = o, append(ids, o.ID)
		}
	}
	known := map[federation.IRI]*federation.Object{}
	if len(ids) == 0 {
		return known, nil
	}
	err := tx.each(ctx, func(r row) error {
		var data string
		o := new(federation.Object)
		if err := r.Scan(&data); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(data), o); err != nil {
			return fmt.Errorf("withheld: %w", err)
		}
		was := public[o.ID]
		if was == nil {
			return nil
		}
		o.Local, o.Raw = was.Local, was.Raw
		known[o.ID] = o
		return nil
	}, `SELECT w.data FROM objects o JOIN withheld w ON w.object = o.seq WHERE o.id IN (?)`, among(ids))
	return known, err
}

// SeenBy returns objects as somebody may read them, who speaks as any of
// viewers: actors of ours, the guest of an exchange, or a peer's actor that
// signed a request. It is the one place that says who may see which detail of
// an object, for whoever may read the object at all ([Tx.MayRead]):
//
//   - its author, all;
//   - what is for the network: members of the author's server, and of servers
//     where somebody follows the author or is followed by them;
//   - what is for the parties: who has an exchange about it that came to no
//     refusal; the exact place and the contact, once it was agreed on;
//   - whom its author blocks, what everybody sees.
//
// Between servers a server is asked for: it keeps the same rule towards its own
// members, who are all that it shows those details to.
func (tx *Tx) SeenBy(ctx context.Context, viewers []federation.IRI, list ...*federation.Object) ([]*federation.Object, error) {
	if len(viewers) == 0 || !slices.ContainsFunc(list, func(o *federation.Object) bool { return o != nil && federation.Withholds(o) }) {
		return list, nil
	}
	known, err := tx.wholes(ctx, list...)
	if err != nil {
		return nil, err
	}
	seen := slices.Clone(list)
	for i, o := range list {
		if o == nil || known[o.ID] == nil {
			continue
		}
		s, err := tx.sight(ctx, viewers, o)
		if err != nil {
			return nil, err
		}
		seen[i] = s.of(known[o.ID])
	}
	return seen, nil
}

// A sight is what somebody is to an object.
type sight struct{ author, network, asked, agreed bool }

// of returns o as it is seen so.
func (s sight) of(o *federation.Object) *federation.Object {
	if s.author {
		return o
	}
	r := federation.ReadersOf(o)
	shown := federation.Without(o, func(detail string) bool { return !s.sees(r.Of(detail), detail) })
	shown.Raw = o.Raw
	return shown
}

// sees reports whether a detail that is for a group is seen so.
func (s sight) sees(group, detail string) bool {
	party := s.agreed || s.asked && detail != federation.DetailPlace && detail != federation.DetailContact
	switch {
	case s.author, group == federation.ReadersPublic:
		return true
	case group == federation.ReadersNetwork:
		return s.network || party
	}
	return party
}

// sight finds out what viewers are to o.
func (tx *Tx) sight(ctx context.Context, viewers []federation.IRI, o *federation.Object) (s sight, err error) {
	for _, who := range viewers {
		if who == o.AttributedTo {
			s.author = true
			return s, nil
		}
		unwelcome, err := tx.unwelcome(ctx, who, o)
		if err != nil {
			return s, err
		}
		if unwelcome {
			continue
		}
		if !s.network {
			if s.network, err = tx.inNetwork(ctx, who, o); err != nil {
				return s, err
			}
		}
		asked, agreed, err := tx.party(ctx, who, o)
		if err != nil {
			return s, err
		}
		s.asked, s.agreed = s.asked || asked, s.agreed || agreed
	}
	return s, nil
}

// unwelcome reports whether who gets no more than everybody: blocked by the
// author, suspended, or a peer that asks for what is not ours to give.
func (tx *Tx) unwelcome(ctx context.Context, who federation.IRI, o *federation.Object) (bool, error) {
	if who == "" || who == federation.Public || who.Origin() != tx.Home() && !o.Local {
		return true, nil
	}
	if who.Origin() != tx.Home() {
		if suspended, err := tx.Suspended(ctx, who); err != nil || suspended {
			return true, err
		}
	}
	return tx.exists(ctx, `SELECT 1 FROM edges WHERE kind = 'Block' AND source = ? AND target = ?`, o.AttributedTo, who)
}

// inNetwork reports whether the server of who is in the network of o's author.
func (tx *Tx) inNetwork(ctx context.Context, who federation.IRI, o *federation.Object) (bool, error) {
	switch {
	case federation.IsGuest(tx.Home(), who):
		return false, nil
	case who.Origin() == o.AttributedTo.Origin():
		return true, nil
	}
	return tx.exists(ctx, `
		SELECT 1 FROM edges e JOIN actors a ON a.id = e.source
		WHERE e.kind = 'Follow' AND e.pending = 0 AND e.target = ? AND a.host = ? AND a.gone = 0
		UNION ALL
		SELECT 1 FROM edges e JOIN actors a ON a.id = e.target
		WHERE e.kind = 'Follow' AND e.pending = 0 AND e.source = ? AND a.host = ? AND a.gone = 0
		LIMIT 1`, o.AttributedTo, who.Host(), o.AttributedTo, who.Host())
}

// party reports whether who, or for a peer somebody of the same server, asked
// for o, and whether it was agreed on.
func (tx *Tx) party(ctx context.Context, who federation.IRI, o *federation.Object) (asked, agreed bool, err error) {
	err = tx.each(ctx, func(r row) error {
		var partner federation.IRI
		var state string
		if err := r.Scan(&partner, &state); err != nil {
			return err
		}
		if partner != who && (who.Origin() == tx.Home() || partner.Origin() != who.Origin()) {
			return nil
		}
		asked = true
		agreed = agreed || state == federation.ExchangeAgreed || state == federation.ExchangeFulfilled
		return nil
	}, `SELECT partner, state FROM exchanges WHERE proposal = ? AND state IN ('proposed', 'countered', 'agreed', 'fulfilled')`, o.ID)
	return asked, agreed, err
}

// PutWhole keeps what a peer told us of an object of its own beyond what
// everybody may read. It is not for the public rows.
func (tx *Tx) PutWhole(ctx context.Context, o *federation.Object) error {
	old, err := tx.Whole(ctx, o.ID)
	if err != nil {
		return err
	}
	if old.Local || old.Gone() || o.Gone() || old.AttributedTo != o.AttributedTo || old.Type != o.Type {
		return fmt.Errorf("%w: %s", federation.ErrForbidden, o.ID)
	}
	seq, err := tx.number(ctx, `SELECT seq FROM objects WHERE id = ?`, o.ID)
	if err != nil {
		return err
	}
	if err := tx.putWithheld(ctx, seq, o); err != nil {
		return err
	}
	return tx.recordPrice(ctx, seq, old, o)
}

// putWithheld keeps the whole of an object beside what everybody may read.
func (tx *Tx) putWithheld(ctx context.Context, seq int64, o *federation.Object) error {
	switch {
	case o.Local && o.Partial:
		return nil // what was left out when it was read is still there
	case !federation.Withholds(o) || federation.Everyones(o) == o:
		_, err := tx.exec(ctx, `DELETE FROM withheld WHERE object = ?`, seq)
		return err
	}
	data, err := json.Marshal(o)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, `
		INSERT INTO withheld (object, data) VALUES (?, ?)
		ON CONFLICT (object) DO UPDATE SET data = excluded.data`, seq, string(data))
	return err
}

// BareActivities takes an object out of what was said of it, but for its id: it
// said more than everybody may know now. Whoever is still to be sent it, or
// reads the activity, asks for the object itself.
func (tx *Tx) BareActivities(ctx context.Context, id federation.IRI) error {
	type said struct {
		seq int64
		raw []byte
	}
	list, err := all(ctx, tx, func(r row) (s said, err error) { return s, r.Scan(&s.seq, &s.raw) }, `
		SELECT seq, document FROM activities WHERE object = ? AND object <> '' AND type IN ('Create', 'Update') AND local = 1`, id)
	if err != nil {
		return err
	}
	bare, err := json.Marshal(id)
	if err != nil {
		return err
	}
	for _, s := range list {
		var m map[string]json.RawMessage
		if err := json.Unmarshal(s.raw, &m); err != nil {
			continue // nothing is in it any more
		}
		m["object"] = bare
		raw, err := json.Marshal(m)
		if err != nil {
			return err
		}
		if _, err := tx.exec(ctx, `UPDATE activities SET document = ? WHERE seq = ?`, raw, s.seq); err != nil {
			return err
		}
	}
	return nil
}

// WithheldOf returns, whole, what an actor keeps from the public, for its own
// export.
func (tx *Tx) WithheldOf(ctx context.Context, actor federation.IRI) ([]*federation.Object, error) {
	list, err := all(ctx, tx, scanObject, `
		SELECT o.seq, o.id, o.type, o.attributed_to, o.local, o.gone, o.published, o.updated, w.data, ''
		FROM objects o JOIN withheld w ON w.object = o.seq WHERE o.attributed_to = ? ORDER BY o.seq LIMIT ?`, actor, maxExport)
	whole := make([]*federation.Object, len(list))
	for i, s := range list {
		whole[i] = s.Object
		whole[i].Partial = false
	}
	return whole, err
}

// maxPrices is how many prices of one object are kept: the latest.
const maxPrices = 40

// recordPrice notes what o costs if that is something else than what old cost.
// The first time it notes both. What we were not told is no change.
func (tx *Tx) recordPrice(ctx context.Context, seq int64, old, o *federation.Object) error {
	if old == nil || old.Gone() || o.Partial || federation.Withholds(o) && federation.Everyones(o) == o {
		return nil
	}
	was, ok1 := federation.PriceRecordOf(old)
	is, ok2 := federation.PriceRecordOf(o)
	untold := is.Amount == "" && !o.Local && is.Readers != federation.ReadersPublic
	if !ok1 || !ok2 || was.Same(is) || untold || old.Partial && was.Amount == "" {
		return nil
	}
	known, err := tx.exists(ctx, `SELECT 1 FROM prices WHERE object = ?`, seq)
	if err != nil {
		return err
	}
	records := []federation.PriceRecord{is}
	if !known && was.At.Before(is.At) {
		records = []federation.PriceRecord{was, is}
	}
	for _, r := range records {
		data, err := json.Marshal(r)
		if err != nil {
			return err
		}
		_, err = tx.exec(ctx, `
			INSERT INTO prices (object, at, readers, data) VALUES (?, ?, ?, ?)
			ON CONFLICT (object, at) DO UPDATE SET readers = excluded.readers, data = excluded.data`, seq, r.At, r.Readers, string(data))
		if err != nil {
			return err
		}
	}
	_, err = tx.exec(ctx, `
		DELETE FROM prices WHERE object = ? AND at NOT IN (
			SELECT at FROM prices WHERE object = ? ORDER BY at DESC LIMIT ?)`, seq, seq, maxPrices)
	return err
}

// Prices returns what an object cost over time as viewers may see it, the oldest
// first; none if it never changed.
func (tx *Tx) Prices(ctx context.Context, viewers []federation.IRI, o *federation.Object) ([]federation.PriceRecord, error) {
	s, err := tx.sight(ctx, viewers, o)
	if err != nil || !s.sees(federation.ReadersOf(o).Of(federation.DetailHistory), federation.DetailHistory) {
		return nil, err
	}
	found, err := all(ctx, tx, func(r row) (p federation.PriceRecord, err error) {
		var at int64
		var data string
		if err := r.Scan(&at, &p.Readers, &data); err != nil {
			return p, err
		}
		p.At = moment(at)
		return p, json.Unmarshal([]byte(data), &p)
	}, `
		SELECT p.at, p.readers, p.data FROM objects o JOIN prices p ON p.object = o.seq WHERE o.id = ? ORDER BY p.at LIMIT ?`, o.ID, maxPrices)
	if errors.Is(err, federation.ErrNotFound) {
		return nil, nil
	}
	return slices.DeleteFunc(found, func(p federation.PriceRecord) bool { return !s.sees(p.Readers, federation.DetailPrice) }), err
}
