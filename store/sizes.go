// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"time"
)

// Sizes says how much an instance holds.
type Sizes struct {
	Ours      int   // objects of our actors
	Peers     int   // objects of peers, to [MostCounted] and one more
	Actors    int   // of peers, likewise
	Media     int   // pictures
	MediaSize int64 // their bytes
	Database  int64 // bytes of the whole database
}

// MostCounted is how far [Tx.Sizes] counts what may be millions.
const MostCounted = 100_000

// Sizes counts.
func (tx *Tx) Sizes(ctx context.Context) (Sizes, error) { return tx.sizes(ctx, MostCounted) }

func (tx *Tx) sizes(ctx context.Context, most int) (s Sizes, err error) {
	database := `SELECT (SELECT page_count FROM pragma_page_count()) * (SELECT page_size FROM pragma_page_size())`
	if tx.postgres() {
		database = `SELECT pg_database_size(current_database())`
	}
	err = tx.each(ctx, func(r row) error {
		return r.Scan(&s.Ours, &s.Peers, &s.Actors, &s.Media, &s.MediaSize)
	}, `
		SELECT (SELECT COUNT(*) FROM objects WHERE local = 1 AND gone = 0), (SELECT COUNT(*) FROM (SELECT 1 FROM objects WHERE local = 0 AND gone = 0 LIMIT ?) o),
			(SELECT COUNT(*) FROM (SELECT 1 FROM actors WHERE local = 0 LIMIT ?) a), (SELECT COUNT(*) FROM media),
			(SELECT COALESCE(SUM(LENGTH(bytes) + LENGTH(thumb)), 0) FROM media)`, most+1, most+1)
	if err != nil {
		return s, err
	}
	s.Database, err = tx.number(ctx, database)
	return s, err
}

// ForgetPeers removes what peers said and was not looked at for so long, as
// [DB.Retention] does after three months: nothing that anybody here answered,
// liked, shares or is named in. It returns how much went; call it again while
// there is something.
func (db *DB) ForgetPeers(ctx context.Context, age time.Duration) (removed int, err error) {
	err = db.Update(ctx, func(tx *Tx) error {
		removed, err = tx.forgetOlder(ctx, max(age, 24*time.Hour))
		return err
	})
	return removed, err
}

// KeepPeers is for how long what peers said is kept of itself.
const KeepPeers = keepObjects
