// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"regexp"
	"time"
)

// Pictures that were sent with a form and never used go after two days: long
// enough for a form that is sent again. After a month they are taken for used;
// so what has to be read is what was published in a month.
const (
	keepUploads  = 2 * 24 * time.Hour
	knownUploads = 30 * 24 * time.Hour
)

// whereUploads are the texts that may name a picture: what we published, who
// we are, what is not finished, and settings.
var whereUploads = []string{
	`SELECT d.data FROM objects o JOIN object_documents d ON d.object = o.seq WHERE o.local = 1 AND o.gone = 0 AND o.stored >= ?`,
	`SELECT data FROM actors WHERE local = 1`,
	`SELECT fields FROM drafts`,
	`SELECT value FROM settings`,
}

// mayBeID finds what may be the id of a picture in any of those.
var mayBeID = regexp.MustCompile(`[A-Za-z0-9_-]+`)

// forgetUploads removes the pictures that nothing names.
func (tx *Tx) forgetUploads(ctx context.Context) (removed int, err error) {
	unused := map[string]bool{}
	oldest := tx.now
	err = tx.each(ctx, func(r row) error {
		var id string
		var created int64
		err := r.Scan(&id, &created)
		unused[id] = true
		if at := moment(created); at.Before(oldest) {
			oldest = at
		}
		return err
	}, `SELECT id, created FROM media WHERE created < ? AND created >= ? ORDER BY created LIMIT ?`,
		tx.now.Add(-keepUploads), tx.now.Add(-knownUploads), 10*retentionBatch)
	if err != nil || len(unused) == 0 {
		return 0, err
	}
	for i, query := range whereUploads {
		var args []any
		if i == 0 { // only of the first there is too much
			args = append(args, oldest)
		}
		err := tx.each(ctx, func(r row) error {
			var text string
			err := r.Scan(&text)
			for _, id := range mayBeID.FindAllString(text, -1) {
				delete(unused, id)
			}
			return err
		}, query, args...)
		if err != nil {
			return removed, err
		}
	}
	for id := range unused {
		if err := tx.DropMedia(ctx, id); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, nil
}
