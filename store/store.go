// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/uptrace/bun"

	"codeberg.org/maillage/maillage/federation"
)

//go:embed migrations
var migrations embed.FS

// Options say which database to open and for whom.
type Options struct {
	Database  string           // "sqlite:PATH" or "postgres://..."
	Origin    string           // our own origin, such as "https://amap.example"
	Now       func() time.Time // nil: time.Now
	Log       *slog.Logger     // nil: none
	Exclusive bool             // to serve: no second process may serve the same SQLite file
}

// DB is an open database, migrated to the current schema.
//
// One process serves a SQLite file at a time. Others may open it meanwhile, to
// look or to back it up, and wait for each other's writes up to five seconds.
type DB struct {
	engine engine
	origin string
	now    func() time.Time
	log    *slog.Logger
	wakes  map[string]chan struct{}
}

// An engine is one of the two databases.
type engine interface {
	update(ctx context.Context, db *DB, fn func(*Tx) error) error
	view(ctx context.Context, db *DB, fn func(*Tx) error) error
	glance(ctx context.Context, db *DB, fn func(*Tx) error) error
	ping(ctx context.Context, db *DB) error
	maintain(ctx context.Context, db *DB) error
	backup(ctx context.Context, db *DB, path string) error
	close() error
}

// Queues that wake their workers.
const (
	QueueReceived   = "received"
	QueueDeliveries = "deliveries"
	QueueMails      = "mails"
	QueueCalendars  = "calendars"
)

// ErrPanic is returned for a transaction whose function panicked. Nothing of it
// remains.
var ErrPanic = errors.New("store: panic in a transaction")

// ErrUnreachable is returned by [Open] for a server that does not let us in.
var ErrUnreachable = errors.New("no way into the database")

// ErrClosed is returned by everything after [DB.Close].
var ErrClosed = errors.New("store: database is closed")

// Open opens a database, creates it if need be, and brings its schema up to
// date.
func Open(ctx context.Context, o Options) (*DB, error) {
	db := &DB{origin: o.Origin, now: o.Now, log: o.Log, wakes: map[string]chan struct{}{
		QueueReceived: make(chan struct{}, 1), QueueDeliveries: make(chan struct{}, 1),
		QueueMails: make(chan struct{}, 1), QueueCalendars: make(chan struct{}, 1),
	}}
	if db.now == nil {
		db.now = time.Now
	}
	if db.log == nil {
		db.log = slog.New(slog.DiscardHandler)
	}
	var err error
	path, isFile := strings.CutPrefix(o.Database, "sqlite:")
	switch {
	case isFile:
		db.engine, err = openSQLite(ctx, path, o.Exclusive)
	case strings.HasPrefix(o.Database, "postgres://"), strings.HasPrefix(o.Database, "postgresql://"):
		db.engine, err = openPostgres(ctx, o.Database)
	default:
		err = errors.New(`the database is neither "sqlite:PATH" nor "postgres://..."`)
	}
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return db, nil
}

// Close waits for the transactions under way and closes the database.
func (db *DB) Close() error { return db.engine.close() }

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.engine.ping(ctx, db) }

// Update runs fn in a transaction that commits if fn returns nil, and returns
// only when that is durable.
//
// fn may run more than once (PostgreSQL asks to try again when transactions
// collide), and on SQLite it runs in the goroutine that writes: it must not
// call Update, wait for another transaction or use the network. A panic in fn
// comes back as an error.
func (db *DB) Update(ctx context.Context, fn func(*Tx) error) error {
	return db.engine.update(ctx, db, fn)
}

// View runs fn in a transaction that sees one state and cannot write.
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error {
	return db.engine.view(ctx, db, fn)
}

// Glance is [DB.View] for a function that asks a single thing: one statement
// sees one state by itself. PostgreSQL is spared two of three round trips, which
// is most of what a document costs. A second statement is an error.
func (db *DB) Glance(ctx context.Context, fn func(*Tx) error) error {
	return db.engine.glance(ctx, db, fn)
}

// Attend does the work of a queue until ctx ends: again at once while step says
// that there is more, else when a transaction of this process queued work, when
// something was freed, or every idle: other processes have to be polled.
func (db *DB) Attend(ctx context.Context, queue string, idle time.Duration, freed <-chan struct{}, step func() (more bool, err error)) {
	tick := time.NewTicker(idle)
	defer tick.Stop()
	for {
		more, err := step()
		if err != nil && ctx.Err() == nil {
			db.log.ErrorContext(ctx, "work of a queue", "queue", queue, "err", err)
		}
		if more && err == nil && ctx.Err() == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-db.wakes[queue]:
		case <-freed:
		case <-tick.C:
		}
	}
}

// Maintain refreshes the statistics that queries are planned by. Once a day,
// and after a lot was stored.
func (db *DB) Maintain(ctx context.Context) error { return db.engine.maintain(ctx, db) }

// Backup writes everything into a new SQLite file that only its owner may
// read, while others work. The backup of a PostgreSQL database is the same
// kind of file: an instance can move from one to the other by [DB.Restore].
func (db *DB) Backup(ctx context.Context, path string) error { return db.engine.backup(ctx, db, path) }

func (db *DB) wake(queues []string) {
	for _, q := range queues {
		select {
		case db.wakes[q] <- struct{}{}:
		default: // already awake
		}
	}
}

// A Tx sees one consistent state. It is the federation.State of verbs.
type Tx struct {
	db      *DB
	session session
	bun     bun.IDB
	now     time.Time
	queued  []string // queues to wake after the commit
	pg      bool
}

var _ federation.State = (*Tx)(nil)

// Now is the time of the transaction, to the microsecond.
func (tx *Tx) Now() time.Time { return tx.now }

// Home is our own origin.
func (tx *Tx) Home() string { return tx.db.origin }

// Lock waits until no other transaction works on id. SQLite has one writer.
func (tx *Tx) Lock(ctx context.Context, id federation.IRI) error {
	if !tx.postgres() || id == "" {
		return nil
	}
	_, err := tx.exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended(?, 0))`, id)
	return err
}

func (tx *Tx) postgres() bool { return tx.pg }

// begin makes the Tx of one call of fn.
func (db *DB) begin(s session, b bun.IDB) *Tx {
	_, lite := s.(*prepared)
	return db.tx(s, b, !lite)
}

func (db *DB) tx(s session, b bun.IDB, pg bool) *Tx {
	return &Tx{db: db, session: s, bun: b, now: db.now().UTC().Truncate(time.Microsecond), pg: pg}
}

func migrationFiles(engine string) (fs.FS, error) { return fs.Sub(migrations, "migrations/"+engine) }

// errNewer says that a newer program has used a database.
var errNewer = errors.New("use a newer maillage")

func migrate(ctx context.Context, p *goose.Provider) error {
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	have, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	sources := p.ListSources()
	if newest := sources[len(sources)-1].Version; have > newest {
		return fmt.Errorf("%w: the database has version %d, this program knows %d", errNewer, have, newest)
	}
	return nil
}
