// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// How many files of a kind wait to be published for one account.
const maxFiles = 3

// Kinds of files.
const (
	FileCalendar = "calendar"
	FileOffers   = "offers"
)

// A BroughtFile is a file that somebody brought and looks through.
type BroughtFile struct {
	ID        string // set by PutBrought
	Kind      string // one of the FileXxx constants
	Account   int64
	Name      string // of the file
	Actor     federation.IRI
	WallClock bool // of a calendar
	Body      []byte
	Created   time.Time
}

// PutBrought keeps a file for a day. The oldest go when an account has too many.
func (tx *Tx) PutBrought(ctx context.Context, f *BroughtFile) error {
	f.ID, f.Created = strings.ToLower(rand.Text()), tx.now
	_, err := tx.exec(ctx, `
		INSERT INTO calendar_files (id, kind, account, name, actor, wall_clock, body, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		f.ID, f.Kind, f.Account, f.Name, f.Actor, f.WallClock, f.Body, f.Created)
	if err != nil {
		return fmt.Errorf("file of account %d: %w", f.Account, err)
	}
	_, err = tx.exec(ctx, `
		DELETE FROM calendar_files WHERE account = ? AND kind = ? AND id NOT IN (
			SELECT id FROM calendar_files WHERE account = ? AND kind = ? ORDER BY created DESC, id LIMIT ?)`,
		f.Account, f.Kind, f.Account, f.Kind, maxFiles)
	return err
}

// SetWallClock says how the hours of a calendar are meant.
func (tx *Tx) SetWallClock(ctx context.Context, f *BroughtFile) error {
	n, err := tx.exec(ctx, `UPDATE calendar_files SET wall_clock = ? WHERE id = ? AND account = ?`, f.WallClock, f.ID, f.Account)
	return named(changed(n, err), "file", f.ID)
}

// BroughtFile returns a file of an account; to others it is not there.
func (tx *Tx) BroughtFile(ctx context.Context, account int64, kind, id string) (*BroughtFile, error) {
	f, err := first(ctx, tx, func(r row) (*BroughtFile, error) {
		f := new(BroughtFile)
		var created int64
		err := r.Scan(&f.ID, &f.Kind, &f.Account, &f.Name, &f.Actor, &f.WallClock, &f.Body, &created)
		f.Created = moment(created)
		return f, err
	}, `SELECT id, kind, account, name, actor, wall_clock, body, created FROM calendar_files WHERE id = ? AND account = ? AND kind = ?`, id, account, kind)
	return f, named(err, "file", id)
}

// BroughtFiles returns the files that an account has not published yet, by their
// names only, the latest first.
func (tx *Tx) BroughtFiles(ctx context.Context, account int64, kind string) ([]*BroughtFile, error) {
	return all(ctx, tx, func(r row) (*BroughtFile, error) {
		f := &BroughtFile{Kind: kind, Account: account}
		var created int64
		err := r.Scan(&f.ID, &f.Name, &created)
		f.Created = moment(created)
		return f, err
	}, `SELECT id, name, created FROM calendar_files WHERE account = ? AND kind = ? ORDER BY created DESC, id LIMIT ?`, account, kind, maxFiles)
}

// DropBrought forgets a file.
func (tx *Tx) DropBrought(ctx context.Context, account int64, id string) error {
	_, err := tx.exec(ctx, `DELETE FROM calendar_files WHERE id = ? AND account = ?`, id, account)
	return named(err, "file", id)
}
