// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"codeberg.org/maillage/maillage/federation"
)

// A backup is a SQLite file with our tables, whichever database it was made
// of. On SQLite the database writes it; on PostgreSQL the rows are copied from
// one snapshot. What is computed from other columns (words, places) is made
// anew when it is restored.

// newFile makes an empty file that only its owner may read: a backup holds
// private keys.
func newFile(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return f.Close()
}

func (s *sqlite) backup(ctx context.Context, _ *DB, path string) error {
	if err := newFile(path); err != nil {
		return err
	}
	err := s.vacuumInto(ctx, path)
	if err != nil {
		_ = os.Remove(path) // half a backup is none
		return fmt.Errorf("backup: %w", err)
	}
	return nil
}

// vacuumInto uses a connection of its own: it reads for as long as it takes.
func (s *sqlite) vacuumInto(ctx context.Context, path string) error {
	name, err := sqliteName(s.path, "deferred")
	if err != nil {
		return err
	}
	pool, err := sql.Open("sqlite", name)
	if err != nil {
		return err
	}
	defer pool.Close()
	_, err = pool.ExecContext(ctx, `VACUUM INTO ?`, path)
	return err
}

func (p *postgres) backup(ctx context.Context, db *DB, path string) (err error) {
	if err := newFile(path); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(path) // half a backup is none
			err = fmt.Errorf("backup: %w", err)
		}
	}()
	out, err := Open(ctx, Options{Database: "sqlite:" + path, Origin: db.origin, Now: db.now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	return db.View(ctx, func(from *Tx) error {
		return out.Update(ctx, func(to *Tx) error {
			if err := copyTables(ctx, from, to); err != nil {
				return err
			}
			return to.derive(ctx)
		})
	})
}

// ErrNotEmpty says that there is something already where a backup was to be
// restored.
var ErrNotEmpty = errors.New("the database is not empty: restore into a new one")

// Restore copies a backup into an empty database, after checking that it is
// whole. A backup made by an older version is brought up to date on the way;
// the file itself stays as it is. The setting "epoch" counts restores, so that
// others can tell that what we said since the backup is forgotten.
func (db *DB) Restore(ctx context.Context, path string) (err error) {
	dir, err := os.MkdirTemp(filepath.Dir(path), ".restore-")
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	work := filepath.Join(dir, "backup")
	if err := copyFile(work, path); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := checkBackup(ctx, work); err != nil {
		return fmt.Errorf("restore: %s: %w", path, err)
	}
	in, err := Open(ctx, Options{Database: "sqlite:" + work, Origin: db.origin, Now: db.now})
	if err != nil {
		return fmt.Errorf("restore: %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	err = in.View(ctx, func(from *Tx) error {
		return db.Update(ctx, func(to *Tx) error { return restore(ctx, from, to) })
	})
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}

func restore(ctx context.Context, from, to *Tx) error {
	for _, q := range []string{`SELECT 1 FROM accounts LIMIT 1`, `SELECT 1 FROM actors LIMIT 1`, `SELECT 1 FROM settings LIMIT 1`} {
		full, err := to.exists(ctx, q)
		if err != nil {
			return err
		}
		if full {
			return ErrNotEmpty
		}
	}
	if err := copyTables(ctx, from, to); err != nil {
		return err
	}
	if err := to.derive(ctx); err != nil {
		return err
	}
	// Nobody holds what was claimed when the backup was made.
	for _, q := range []string{
		`UPDATE hosts SET lease_owner = '', lease_until = 0 WHERE lease_until > 0`,
		`UPDATE received SET lease_owner = '', lease_until = 0 WHERE lease_until > 0`,
	} {
		if _, err := to.exec(ctx, q); err != nil {
			return err
		}
	}
	return to.raiseEpoch(ctx)
}

func (tx *Tx) raiseEpoch(ctx context.Context) error {
	old, err := tx.Setting(ctx, "epoch")
	if err != nil && !errors.Is(err, federation.ErrNotFound) {
		return err
	}
	n, _ := strconv.Atoi(old) // never put: 0
	return tx.PutSetting(ctx, "epoch", strconv.Itoa(n+1))
}

func copyFile(to, from string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := newFile(to); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, in)
	return err
}

// checkBackup reports what is wrong with a file that should be a backup.
func checkBackup(ctx context.Context, path string) error {
	name, err := sqliteName(path, "deferred")
	if err != nil {
		return err
	}
	pool, err := sql.Open("sqlite", name)
	if err != nil {
		return err
	}
	defer pool.Close()
	var answer string
	if err := pool.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&answer); err != nil {
		return fmt.Errorf("this is no backup: %w", err)
	}
	if answer != "ok" {
		return fmt.Errorf("the backup is damaged: %s", answer)
	}
	var orphans int
	if err := pool.QueryRowContext(ctx, `SELECT COUNT(*) FROM pragma_foreign_key_check`).Scan(&orphans); err != nil {
		return err
	}
	if orphans > 0 {
		return fmt.Errorf("the backup is damaged: %d rows refer to what is not there", orphans)
	}
	var version int64
	if err := pool.QueryRowContext(ctx, `SELECT MAX(version_id) FROM goose_db_version`).Scan(&version); err != nil {
		return fmt.Errorf("this is no backup of maillage: %w", err)
	}
	return nil
}

// A table as it is copied.
type table struct {
	name    string
	columns []string
	number  string // the column that numbers its rows, if one does
}

// tables returns what is to be copied, in an order in which nothing refers to
// what comes later. It is read from SQLite, so that no migration has to think
// of it.
func tables(ctx context.Context, tx *Tx) ([]table, error) {
	names, err := all(ctx, tx, column[string], `
		SELECT name FROM sqlite_master
		WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%'
			AND name NOT LIKE 'object_words%' AND name NOT LIKE 'object_places%'
		ORDER BY rowid`)
	if err != nil {
		return nil, err
	}
	var list []table
	for _, name := range names {
		t := table{name: name}
		err := tx.each(ctx, func(r row) error {
			var column, kind string
			var key int
			if err := r.Scan(&column, &key, &kind); err != nil {
				return err
			}
			t.columns = append(t.columns, column)
			if key == 1 && kind == "INTEGER" && (column == "seq" || column == "id") {
				t.number = column
			}
			return nil
		}, `SELECT name, pk, type FROM pragma_table_info(?) ORDER BY cid`, name)
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return list, nil
}

// copyTables copies all rows. One of both is SQLite, and says what there is.
func copyTables(ctx context.Context, from, to *Tx) error {
	asked := from
	if from.postgres() {
		asked = to
	}
	list, err := tables(ctx, asked)
	if err != nil {
		return err
	}
	for _, t := range list {
		if err := t.copy(ctx, from, to); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return nil
}

// copyBytes and copyRows bound how much is written in one statement.
const (
	copyBytes = 1 << 20
	copyRows  = 100
)

func (t table) copy(ctx context.Context, from, to *Tx) error {
	names := strings.Join(t.columns, ", ")
	one := "(" + strings.Repeat("?, ", len(t.columns)-1) + "?)"
	insert := `INSERT INTO ` + t.name + ` (` + names + `) VALUES `
	var args []any
	rows, size := 0, 0
	flush := func() error {
		if rows == 0 {
			return nil
		}
		_, err := to.exec(ctx, insert+strings.Repeat(one+", ", rows-1)+one, args...)
		args, rows, size = nil, 0, 0
		return err
	}
	err := from.each(ctx, func(r row) error {
		values, ends := make([]any, len(t.columns)), make([]any, len(t.columns))
		for i := range values {
			ends[i] = &values[i]
		}
		if err := r.Scan(ends...); err != nil {
			return err
		}
		for _, v := range values {
			size += 16
			switch v := v.(type) {
			case string:
				size += len(v)
			case []byte:
				size += len(v)
			}
		}
		args = append(args, values...)
		if rows++; rows < copyRows && size < copyBytes {
			return nil
		}
		return flush()
	}, `SELECT `+names+` FROM `+t.name)
	if err != nil {
		return err
	}
	if err := flush(); err != nil {
		return err
	}
	if t.number == "" || !to.postgres() {
		return nil
	}
	_, err = to.exec(ctx, `
		SELECT setval(pg_get_serial_sequence('`+t.name+`', '`+t.number+`'),
			COALESCE((SELECT MAX(`+t.number+`) FROM `+t.name+`), 0) + 1, false)`)
	return err
}

// derive makes what is computed from the rows: places and words.
func (tx *Tx) derive(ctx context.Context) error {
	if !tx.postgres() {
		_, err := tx.exec(ctx, `
			INSERT INTO object_places (object, min_lat, max_lat, min_lon, max_lon)
			SELECT seq, lat, lat, lon, lon FROM objects WHERE placed = 1 AND gone = 0`)
		if err != nil {
			return err
		}
	}
	for after := int64(0); ; {
		page, err := all(ctx, tx, scanObject, `
			SELECT `+objectColumns+` FROM objects o JOIN object_documents d ON d.object = o.seq
			WHERE o.seq > ? AND o.gone = 0 ORDER BY o.seq LIMIT 500`, after)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, s := range page {
			after = s.seq
			if x := federation.IndexOf(s.Object); searchable(s.Object, x) {
				if err := tx.putWords(ctx, s.seq, x.Text); err != nil {
					return err
				}
			}
		}
	}
}
