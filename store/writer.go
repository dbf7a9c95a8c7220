// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/uptrace/bun"
)

// How much work one commit may gather. A caller who comes first waits for
// those after it, so there is an end to it.
const (
	groupSize = 256
	groupTime = 20 * time.Millisecond
)

// A writer owns the one connection of SQLite that writes.
//
// A commit that is durable costs a write to the disk, whatever is in it. So
// the writer runs whatever functions are waiting within one transaction, each
// inside a savepoint of its own, commits once and only then answers everybody.
// One that fails takes back what it did and nothing else. When nobody waits
// the commit follows at once: grouping never delays a lone caller.
type writer struct {
	conn    bun.Conn
	session *prepared
	jobs    chan *job
	quit    chan struct{} // closed by close
	done    chan struct{} // closed when the goroutine ended
	once    sync.Once
	running []*job // of the goroutine alone
}

// A job is one call of Update.
type job struct {
	ctx      context.Context
	db       *DB
	fn       func(*Tx) error
	queued   []string
	err      error
	answered chan struct{}
}

func newWriter(conn bun.Conn) *writer {
	w := &writer{
		conn: conn, session: &prepared{conn.Conn, map[string]*sql.Stmt{}},
		jobs: make(chan *job), quit: make(chan struct{}), done: make(chan struct{}),
	}
	go w.run()
	return w
}

func (w *writer) update(ctx context.Context, db *DB, fn func(*Tx) error) error {
	j := &job{ctx: ctx, db: db, fn: fn, answered: make(chan struct{})}
	select {
	case w.jobs <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.quit:
		return ErrClosed
	}
	<-j.answered // it runs: what came of it must be known
	return j.err
}

func (w *writer) close() error {
	w.once.Do(func() { close(w.quit) })
	<-w.done
	return w.session.close()
}

func (w *writer) run() {
	asked := false
	defer func() {
		if asked {
			close(w.done)
			return
		}
		// A function ended its goroutine (a test that failed). Nothing of the
		// group was committed.
		w.answer(errors.Join(errors.New("a transaction ended its goroutine"), w.do(context.Background(), "ROLLBACK")))
		go w.run()
	}()
	for {
		select {
		case <-w.quit:
			asked = true
			return
		case j := <-w.jobs:
			w.group(j)
		}
	}
}

// group runs j and those that wait behind it, commits and answers.
func (w *writer) group(j *job) {
	ctx := context.Background()
	w.running = append(w.running[:0], j)
	err := w.do(ctx, "BEGIN IMMEDIATE")
	if err != nil {
		w.answer(err)
		return
	}
	if err = w.gather(ctx, j); err == nil {
		err = w.do(ctx, "COMMIT")
	}
	if err != nil {
		_ = w.do(ctx, "ROLLBACK") // SQLite may have done so already: disk full
	}
	w.answer(err)
}

// gather runs j and then whoever waits, within bounds.
func (w *writer) gather(ctx context.Context, j *job) error {
	end := time.Now().Add(groupTime)
	err := w.one(ctx, j)
	for err == nil && len(w.running) < groupSize && time.Now().Before(end) {
		if j = w.next(); j == nil {
			return nil
		}
		w.running = append(w.running, j)
		err = w.one(ctx, j)
	}
	return err
}

// answer tells everybody what came of the commit.
func (w *writer) answer(err error) {
	for _, j := range w.running {
		switch {
		case err != nil:
			j.err = fmt.Errorf("store: commit: %w", err)
		case j.err == nil:
			j.db.wake(j.queued)
		}
		close(j.answered)
	}
	clear(w.running)
	w.running = w.running[:0]
}

// next returns a job that waits, or nil.
func (w *writer) next() *job {
	select {
	case j := <-w.jobs:
		return j
	default:
		return nil
	}
}

// one runs a job inside a savepoint. The error it returns is one that spoils
// the whole transaction; that of the job itself goes to the job.
func (w *writer) one(ctx context.Context, j *job) error {
	if j.err = j.ctx.Err(); j.err != nil {
		return nil
	}
	if err := w.do(ctx, "SAVEPOINT job"); err != nil {
		return err
	}
	tx := j.db.begin(w.session, w.conn)
	if j.err = protect(j.fn, tx); j.err != nil {
		if err := w.do(ctx, "ROLLBACK TO job"); err != nil {
			return errors.Join(j.err, err)
		}
	}
	j.queued = tx.queued
	return w.do(ctx, "RELEASE job")
}

func (w *writer) do(ctx context.Context, query string) error {
	_, err := w.session.exec(ctx, query, nil)
	return err
}

// protect calls fn and turns a panic into an error, so that it harms nobody
// else's transaction.
func protect(fn func(*Tx) error, tx *Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v\n%s", ErrPanic, p, debug.Stack())
		}
	}()
	return fn(tx)
}
