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

// objectColumns come from objects o LEFT JOIN object_documents d.
const objectColumns = `o.seq, o.id, o.type, o.attributed_to, o.local, o.gone, o.published, o.updated,
	COALESCE(d.data, ''), d.document`

// listedColumns are those without the document, which lists do not show and
// which is most of what is stored.
const listedColumns = `o.seq, o.id, o.type, o.attributed_to, o.local, o.gone, o.published, o.updated,
	COALESCE(d.data, ''), ''`

// A stored object knows its place in lists.
type stored struct {
	*federation.Object

	seq int64
}

func scanObject(r row) (stored, error) {
	var s stored
	var data string
	var document []byte
	var local, gone bool
	var published, updated int64
	o := new(federation.Object)
	if err := r.Scan(&s.seq, &o.ID, &o.Type, &o.AttributedTo, &local, &gone, &published, &updated, &data, &document); err != nil {
		return s, err
	}
	if data == "" { // swept away with its actor
		o.FormerType, o.Type = o.Type, "Tombstone"
		o.Published, o.Deleted = moment(published), moment(updated)
	} else if err := json.Unmarshal([]byte(data), o); err != nil {
		return s, fmt.Errorf("object %s: %w", o.ID, err)
	}
	if len(document) > 0 {
		o.Raw = document
	}
	o.Local, o.Partial = local, federation.Withholds(o)
	s.Object = o
	return s, nil
}

// Object returns an object we hold; a deleted one is a Tombstone.
func (tx *Tx) Object(ctx context.Context, id federation.IRI) (*federation.Object, error) {
	s, err := first(ctx, tx, scanObject, `
		SELECT `+objectColumns+` FROM objects o LEFT JOIN object_documents d ON d.object = o.seq
		WHERE o.id = ?`, id)
	return s.Object, named(err, "object", id)
}

// Objects returns those of ids that are known, tombstones included.
func (tx *Tx) Objects(ctx context.Context, ids ...federation.IRI) (map[federation.IRI]*federation.Object, error) {
	known := make(map[federation.IRI]*federation.Object, len(ids))
	err := tx.each(ctx, func(r row) error {
		s, err := scanObject(r)
		if err == nil {
			known[s.ID] = s.Object
		}
		return err
	}, `SELECT `+objectColumns+` FROM objects o LEFT JOIN object_documents d ON d.object = o.seq
		WHERE o.id IN (?)`, among(ids))
	return known, err
}

// objectsAt returns the objects with these numbers.
func (tx *Tx) objectsAt(ctx context.Context, columns string, seqs []int64) (map[int64]*federation.Object, error) {
	known := make(map[int64]*federation.Object, len(seqs))
	if len(seqs) == 0 {
		return known, nil
	}
	err := tx.each(ctx, func(r row) error {
		s, err := scanObject(r)
		if err == nil {
			known[s.seq] = s.Object
		}
		return err
	}, `SELECT `+columns+` FROM objects o LEFT JOIN object_documents d ON d.object = o.seq
		WHERE o.seq IN (?)`, among(seqs))
	return known, err
}

// PutObject stores an object, replacing an earlier version, and makes it found
// by what federation.IndexOf says of what everybody may read of it. A Tombstone is found no more, and what was
// said of it in activities is forgotten.
func (tx *Tx) PutObject(ctx context.Context, o *federation.Object) error {
	return named(tx.putObject(ctx, o), "object", o.ID)
}

func (tx *Tx) putObject(ctx context.Context, whole *federation.Object) error {
	seq, err := tx.number(ctx, `SELECT seq FROM objects WHERE id = ?`, whole.ID)
	known := err == nil
	if err != nil && !errors.Is(err, federation.ErrNotFound) {
		return err
	}
	if whole.Gone() {
		return tx.bury(ctx, whole, seq, known)
	}
	o := federation.Everyones(whole)
	if o != whole && whole.Local { // the document is for everybody (vocab.EncodeObject)
		o.Raw = whole.Raw
	}
	x := federation.IndexOf(o)
	var old *federation.Object
	if known && (x.Kind == "offer" || x.Kind == "need") {
		if old, err = tx.Whole(ctx, whole.ID); err != nil {
			return err
		}
	}
	if seq, err = tx.putObjectRow(ctx, o, x); err != nil {
		return err
	}
	if known {
		if err := tx.unindex(ctx, seq); err != nil {
			return err
		}
	}
	if err := tx.putDocument(ctx, seq, o); err != nil {
		return err
	}
	if known || o != whole {
		if err := errors.Join(tx.putWithheld(ctx, seq, whole), tx.recordPrice(ctx, seq, old, whole)); err != nil {
			return err
		}
	}
	return tx.index(ctx, seq, o, x)
}

func (tx *Tx) putObjectRow(ctx context.Context, o *federation.Object, x federation.Index) (int64, error) {
	visibility, err := tx.visibility(ctx, o.AttributedTo, o.To, o.Cc)
	if err != nil {
		return 0, err
	}
	var p federation.Point
	if x.Point != nil {
		p = *x.Point
	}
	return tx.number(ctx, `
		INSERT INTO objects (id, type, kind, attributed_to, in_reply_to, context, audience, category,
			visibility, local, gone, closed, placed, lat, lon, published, updated, start_at, end_at, stored)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET type = excluded.type, kind = excluded.kind,
			attributed_to = excluded.attributed_to, in_reply_to = excluded.in_reply_to,
			context = excluded.context, audience = excluded.audience, category = excluded.category,
			visibility = excluded.visibility, local = excluded.local, gone = 0, closed = excluded.closed,
			placed = excluded.placed, lat = excluded.lat, lon = excluded.lon,
			published = excluded.published, updated = excluded.updated,
			start_at = excluded.start_at, end_at = excluded.end_at, stored = excluded.stored
		RETURNING seq`,
		o.ID, o.Type, x.Kind, o.AttributedTo, o.InReplyTo, o.Context, o.Audience, x.Category,
		visibility, o.Local, x.Closed, x.Point != nil, p.Latitude, p.Longitude,
		o.Published, o.Updated, x.Start, x.End, tx.now)
}

// visibility computes who may see what author addressed so.
func (tx *Tx) visibility(ctx context.Context, author federation.IRI, to, cc []federation.IRI) (federation.Visibility, error) {
	o := federation.Object{To: to, Cc: cc}
	if v := o.Visibility(""); v != federation.VisibleDirect {
		return v, nil
	}
	f, err := first(ctx, tx, column[federation.IRI], `SELECT followers FROM actors WHERE id = ?`, author)
	if err != nil && !errors.Is(err, federation.ErrNotFound) {
		return federation.VisibleDirect, err
	}
	return o.Visibility(f), nil
}

func (tx *Tx) putDocument(ctx context.Context, seq int64, o *federation.Object) error {
	data, err := json.Marshal(o)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, `
		INSERT INTO object_documents (object, data, document) VALUES (?, ?, ?)
		ON CONFLICT (object) DO UPDATE SET data = excluded.data, document = excluded.document`,
		seq, string(data), o.Raw)
	return err
}

// unindex takes an object out of every index but its row.
func (tx *Tx) unindex(ctx context.Context, seq int64) error {
	queries := []string{
		`DELETE FROM object_tags WHERE object = ?`,
		`DELETE FROM object_addressees WHERE object = ?`,
	}
	if tx.postgres() {
		queries = append(queries, `UPDATE objects SET searchable = 0, words = '' WHERE seq = ? AND searchable = 1`)
	} else {
		queries = append(queries, `DELETE FROM object_places WHERE object = ?`, `DELETE FROM object_words WHERE rowid = ?`)
	}
	for _, q := range queries {
		if _, err := tx.exec(ctx, q, seq); err != nil {
			return err
		}
	}
	return nil
}

// index makes an object found by its tags, modes, addressees, place and words.
func (tx *Tx) index(ctx context.Context, seq int64, o *federation.Object, x federation.Index) error {
	if err := errors.Join(tx.putTags(ctx, seq, "tag", x.Tags), tx.putTags(ctx, seq, "mode", x.Modes)); err != nil {
		return err
	}
	if err := tx.putAddressees(ctx, seq, o); err != nil {
		return err
	}
	if x.Point != nil && !tx.postgres() {
		_, err := tx.exec(ctx, `
			INSERT INTO object_places (object, min_lat, max_lat, min_lon, max_lon) VALUES (?, ?, ?, ?, ?)`,
			seq, x.Point.Latitude, x.Point.Latitude, x.Point.Longitude, x.Point.Longitude)
		if err != nil {
			return err
		}
	}
	if !searchable(o, x) {
		return nil
	}
	return tx.putWords(ctx, seq, x.Text)
}

func (tx *Tx) putTags(ctx context.Context, seq int64, facet string, tags []string) error {
	for _, tag := range tags {
		if tag == "" {
			continue
		}
		_, err := tx.exec(ctx, `
			INSERT INTO object_tags (object, facet, tag, kind, open, published, start_at, local)
			SELECT seq, ?, ?, kind, CASE visibility WHEN 0 THEN 1 ELSE 0 END, published, start_at, local FROM objects WHERE seq = ?
			ON CONFLICT (object, facet, tag) DO NOTHING`, facet, tag, seq)
		if err != nil {
			return err
		}
	}
	return nil
}

// putAddressees remembers who is named: everybody when it is not public, only
// our own actors when it is.
func (tx *Tx) putAddressees(ctx context.Context, seq int64, o *federation.Object) error {
	open := o.Visibility("") <= federation.VisibleUnlisted
	for _, id := range slices.Concat(o.To, o.Cc, o.Bto) {
		if id == federation.Public || open && id.Origin() != tx.Home() {
			continue
		}
		_, err := tx.exec(ctx, `
			INSERT INTO object_addressees (object, actor, published) VALUES (?, ?, ?)
			ON CONFLICT (actor, published, object) DO NOTHING`, seq, id, o.Published)
		if err != nil {
			return err
		}
	}
	return nil
}

// bury leaves a tombstone where an object was, or might come late. Who might
// read it stays as it was.
func (tx *Tx) bury(ctx context.Context, o *federation.Object, seq int64, known bool) error {
	deleted := o.Deleted
	if deleted.IsZero() {
		deleted = tx.now
	}
	if !known {
		var err error
		seq, err = tx.number(ctx, `
			INSERT INTO objects (id, type, kind, attributed_to, visibility, local, gone, published, updated, stored)
			VALUES (?, ?, '', ?, 0, ?, 1, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET gone = 1, stored = excluded.stored
			RETURNING seq`, o.ID, o.FormerType, o.AttributedTo, o.Local, o.Published, deleted, tx.now)
		if err != nil {
			return err
		}
	} else if _, err := tx.exec(ctx, `
		UPDATE objects SET gone = 1, kind = '', in_reply_to = '', category = '', placed = 0, lat = 0, lon = 0,
			start_at = 0, end_at = 0, updated = ?, stored = ? WHERE seq = ?`, deleted, tx.now, seq); err != nil {
		return err
	}
	if err := tx.unindex(ctx, seq); err != nil {
		return err
	}
	if _, err := tx.exec(ctx, `DELETE FROM offer_references WHERE object = ?`, o.ID); err != nil {
		return err
	}
	for _, q := range []string{`DELETE FROM withheld WHERE object = ?`, `DELETE FROM prices WHERE object = ?`} {
		if _, err := tx.exec(ctx, q, seq); err != nil {
			return err
		}
	}
	if err := tx.putDocument(ctx, seq, o); err != nil {
		return err
	}
	_, err := tx.exec(ctx, `
		UPDATE activities SET document = '', visibility = 3
		WHERE object = ? AND object <> '' AND type IN ('Create', 'Update')`, o.ID)
	return err
}

// dropObjectsOf turns everything an actor wrote into tombstones.
func (tx *Tx) dropObjectsOf(ctx context.Context, author federation.IRI) error {
	queries := []string{
		`DELETE FROM object_tags WHERE object IN (SELECT seq FROM objects WHERE attributed_to = ? AND gone = 0)`,
		`DELETE FROM object_addressees WHERE object IN (SELECT seq FROM objects WHERE attributed_to = ? AND gone = 0)`,
		`DELETE FROM object_documents WHERE object IN (SELECT seq FROM objects WHERE attributed_to = ? AND gone = 0)`,
		`DELETE FROM offer_references WHERE actor = ?`,
		`DELETE FROM withheld WHERE object IN (SELECT seq FROM objects WHERE attributed_to = ? AND gone = 0)`,
		`DELETE FROM prices WHERE object IN (SELECT seq FROM objects WHERE attributed_to = ? AND gone = 0)`,
	}
	if !tx.postgres() {
		queries = append(queries,
			`DELETE FROM object_places WHERE object IN (SELECT seq FROM objects WHERE attributed_to = ? AND gone = 0 AND placed = 1)`,
			`DELETE FROM object_words WHERE rowid IN (SELECT seq FROM objects WHERE attributed_to = ? AND gone = 0)`)
	}
	for _, q := range queries {
		if _, err := tx.exec(ctx, q, author); err != nil {
			return err
		}
	}
	if tx.postgres() {
		_, err := tx.exec(ctx, `UPDATE objects SET searchable = 0, words = '' WHERE attributed_to = ? AND searchable = 1`, author)
		if err != nil {
			return err
		}
	}
	_, err := tx.exec(ctx, `
		UPDATE objects SET gone = 1, kind = '', in_reply_to = '', category = '', placed = 0, lat = 0, lon = 0,
			start_at = 0, end_at = 0, updated = ?, stored = ?
		WHERE attributed_to = ? AND gone = 0`, tx.now, tx.now, author)
	return err
}

// MayRead reports whether viewer, empty for anyone, may read o. This is the
// one place that says so:
//
//   - everyone, what is public or unlisted;
//   - its author;
//   - unless its author blocks them, who is named in it;
//   - and likewise the accepted followers of an actor whose followers are.
//
// Of a deleted object nothing is left to be read: everyone may know that.
func (tx *Tx) MayRead(ctx context.Context, viewer federation.IRI, o *federation.Object) (bool, error) {
	switch {
	case o.Gone(), o.Visibility("") <= federation.VisibleUnlisted:
		return true, nil
	case viewer == "" || viewer == federation.Public:
		return false, nil
	case viewer == o.AttributedTo:
		return true, nil
	}
	blocked, err := tx.exists(ctx, `SELECT 1 FROM edges WHERE kind = 'Block' AND source = ? AND target = ?`, o.AttributedTo, viewer)
	if err != nil || blocked {
		return false, err
	}
	to := slices.Concat(o.To, o.Cc, o.Bto)
	if slices.Contains(to, viewer) {
		return true, nil
	}
	if o.Type == "Event" {
		invited, err := tx.exists(ctx, `SELECT 1 FROM edges WHERE kind = 'Invite' AND source = ? AND target = ?`, viewer, o.ID)
		if err != nil || invited {
			return invited, err
		}
	}
	return tx.exists(ctx, `
		SELECT 1 FROM actors c JOIN edges e ON e.kind = 'Follow' AND e.source = ? AND e.target = c.id AND e.pending = 0
		WHERE c.followers <> '' AND c.followers IN (?) LIMIT 1`, viewer, among(to))
}
