// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// readers is how many transactions read at once.
const readers = 4

// sqlite is one file: one connection that writes and some that read.
type sqlite struct {
	path    string
	lock    *os.File // nil unless exclusive
	pools   []*bun.DB
	writer  *writer
	readers chan *reader
	opened  int // readers, idle or not
	closed  chan struct{}
}

// A reader is a connection that cannot write.
type reader struct {
	prepared
	bun bun.IDB
}

// sqliteName is what the driver calls a file opened with some pragmas.
//
// WAL lets readers and the writer work at once; synchronous=FULL makes a
// commit survive a power cut.
func sqliteName(path, lock string, pragmas ...string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	q := url.Values{"_txlock": {lock}, "_pragma": append([]string{
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
		"cache_size(-4096)", "temp_store(MEMORY)", "journal_size_limit(67108864)",
	}, pragmas...)}
	return "file://" + (&url.URL{Path: abs}).EscapedPath() + "?" + q.Encode(), nil
}

func openSQLite(ctx context.Context, path string, exclusive bool) (_ *sqlite, err error) {
	s := &sqlite{path: path, readers: make(chan *reader, readers), closed: make(chan struct{})}
	defer func() {
		if err != nil {
			_ = s.close() // the first error counts
		}
	}()
	if path == "" || strings.HasPrefix(path, ":") {
		return nil, fmt.Errorf("%q is not the path of a file", path)
	}
	if exclusive {
		if s.lock, err = lockFile(path + ".lock"); err != nil {
			return nil, err
		}
	}
	if err := ownFile(path); err != nil {
		return nil, err
	}
	if err := s.openWriter(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := s.openReaders(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// ownFile makes the file if there is none. It holds private keys: no one else
// may read it. One that exists is not even opened: closing it would drop the
// locks that SQLite has on it in this process.
func ownFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

func (s *sqlite) pool(lock string, pragmas ...string) (*bun.DB, error) {
	name, err := sqliteName(s.path, lock, pragmas...)
	if err != nil {
		return nil, err
	}
	pool, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, err
	}
	b := bun.NewDB(pool, sqlitedialect.New())
	s.pools = append(s.pools, b)
	return b, nil
}

func (s *sqlite) openWriter(ctx context.Context) error {
	pool, err := s.pool("immediate")
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(1)
	files, err := migrationFiles("sqlite")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, pool.DB, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	// Where two processes start at once, the slower one fails, and then finds
	// that there is nothing left to do.
	for try := range 5 {
		if err = migrate(ctx, p); err == nil || errors.Is(err, errNewer) {
			break
		}
		time.Sleep(time.Duration(try) * 50 * time.Millisecond)
	}
	if err != nil {
		return err
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	s.writer = newWriter(conn)
	return nil
}

func (s *sqlite) openReaders(ctx context.Context) error {
	pool, err := s.pool("deferred", "query_only(1)")
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(readers)
	for range readers {
		conn, err := pool.Conn(ctx)
		if err != nil {
			return err
		}
		s.readers <- &reader{prepared{conn.Conn, map[string]*sql.Stmt{}}, conn}
		s.opened++
	}
	return nil
}

func (s *sqlite) update(ctx context.Context, db *DB, fn func(*Tx) error) error {
	return s.writer.update(ctx, db, fn)
}

func (s *sqlite) view(ctx context.Context, db *DB, fn func(*Tx) error) error {
	return s.reading(ctx, func(r *reader) (err error) {
		if _, err := r.exec(ctx, "BEGIN", nil); err != nil {
			return fmt.Errorf("store: %w", err)
		}
		defer func() {
			if _, e := r.exec(context.WithoutCancel(ctx), "ROLLBACK", nil); e != nil && err == nil {
				err = fmt.Errorf("store: %w", e)
			}
		}()
		return protect(fn, db.begin(&r.prepared, r.bun))
	})
}

// reading lends one of the connections that read.
func (s *sqlite) reading(ctx context.Context, fn func(*reader) error) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closed:
		return ErrClosed
	case r := <-s.readers:
		defer func() { s.readers <- r }()
		return fn(r)
	}
}

func (s *sqlite) glance(ctx context.Context, db *DB, fn func(*Tx) error) (err error) {
	return s.reading(ctx, func(r *reader) error {
		return protect(fn, db.tx(&single{session: &r.prepared}, nil, false))
	})
}

func (s *sqlite) ping(ctx context.Context, db *DB) error {
	return s.view(ctx, db, func(tx *Tx) error {
		_, err := tx.number(ctx, "SELECT 1")
		return err
	})
}

func (s *sqlite) maintain(ctx context.Context, db *DB) error {
	return s.writer.update(ctx, db, func(tx *Tx) error {
		for _, q := range []string{"PRAGMA analysis_limit = 1000", "PRAGMA optimize = 0x10002"} {
			if err := tx.each(ctx, func(row) error { return nil }, q); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *sqlite) close() error {
	select {
	case <-s.closed:
		return nil
	default:
		close(s.closed)
	}
	var errs []error
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	for range s.opened {
		errs = append(errs, (<-s.readers).close())
	}
	for _, p := range s.pools {
		errs = append(errs, p.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}
