// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// Limits of a process's use of PostgreSQL.
const (
	postgresConns = 16
	postgresTries = 8 // of a transaction that collides
)

// postgres is a database that several processes may serve from.
type postgres struct{ bun *bun.DB }

func openPostgres(ctx context.Context, dsn string) (_ *postgres, err error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("the postgres:// address cannot be read") // it holds a password
	}
	// One round trip for each statement, with nothing to prepare; but see glance.
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	pool := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(quick))
	pool.SetMaxOpenConns(postgresConns)
	pool.SetMaxIdleConns(postgresConns)
	defer func() {
		if err != nil {
			_ = pool.Close() // the first error counts
		}
	}()
	if err := pool.PingContext(ctx); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrUnreachable, oneLine(err))
	}
	files, err := migrationFiles("postgres")
	if err != nil {
		return nil, err
	}
	// Several processes may start at once: one migrates, the others wait.
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, err
	}
	p, err := goose.NewProvider(goose.DialectPostgres, pool, files,
		goose.WithDisableGlobalRegistry(true), goose.WithSessionLocker(locker))
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, p); err != nil {
		return nil, err
	}
	return &postgres{bun.NewDB(pool, pgdialect.New())}, nil
}

// quick keeps the server from compiling statements: that takes a tenth of a
// second, and ours are over in a few thousandths.
func quick(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `SET jit = off`)
	return err
}

// oneLine is the last thing that a driver says of all the addresses it tried.
func oneLine(err error) string {
	lines := strings.Split(strings.TrimSpace(err.Error()), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

func (p *postgres) update(ctx context.Context, db *DB, fn func(*Tx) error) (err error) {
	for try := range postgresTries {
		var tx *Tx
		tx, err = p.try(ctx, db, nil, fn)
		if err == nil {
			db.wake(tx.queued)
			return nil
		}
		if !collided(err) {
			return err
		}
		pause := time.Duration(rand.Int64N(int64(5*time.Millisecond) << try))
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
	return err
}

func (p *postgres) view(ctx context.Context, db *DB, fn func(*Tx) error) error {
	_, err := p.try(ctx, db, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, fn)
	return err
}

func (p *postgres) glance(ctx context.Context, db *DB, fn func(*Tx) error) error {
	return protect(fn, db.tx(&single{session: &positional{p.bun.DB, true}}, nil, true))
}

// try runs a transaction once.
func (p *postgres) try(ctx context.Context, db *DB, o *sql.TxOptions, fn func(*Tx) error) (*Tx, error) {
	b, err := p.bun.BeginTx(ctx, o)
	if err != nil {
		if errors.Is(err, sql.ErrConnDone) || err.Error() == "sql: database is closed" {
			return nil, ErrClosed
		}
		return nil, fmt.Errorf("store: %w", err)
	}
	done := false
	defer func() {
		if !done { // fn failed, or ended the goroutine
			_ = b.Rollback() // what failed before is the error
		}
	}()
	tx := db.begin(&positional{tx: b.Tx}, b)
	if err := protect(fn, tx); err != nil {
		return nil, err
	}
	done = true
	if err := b.Commit(); err != nil {
		return nil, fmt.Errorf("store: commit: %w", err)
	}
	return tx, nil
}

// collided reports whether a transaction failed only because of another one:
// it could not be serialised, or they waited for each other.
func collided(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

func (p *postgres) ping(ctx context.Context, _ *DB) error { return p.bun.PingContext(ctx) }

func (p *postgres) maintain(ctx context.Context, _ *DB) error {
	_, err := p.bun.ExecContext(ctx, "ANALYZE")
	return err
}

func (p *postgres) close() error { return p.bun.Close() }
