// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"codeberg.org/maillage/maillage/federation"
)

// A session runs statements within one transaction. Both databases take the
// same statements, with ? for arguments.
type session interface {
	exec(ctx context.Context, query string, args []any) (sql.Result, error)
	query(ctx context.Context, query string, args []any) (*sql.Rows, error)
}

// anyOf is an argument that stands for a list: IN (?).
type anyOf []any

// among makes a list argument. An empty list matches nothing. The last element
// is repeated until there is a power of two of them: so there are few lengths,
// and few statements to keep prepared.
func among[T any](list []T) anyOf {
	if len(list) == 0 {
		return anyOf{nil}
	}
	size := 1
	for size < len(list) {
		size *= 2
	}
	if size > maxRepeated {
		size = len(list)
	}
	out := make(anyOf, size)
	for i := range out {
		out[i] = list[min(i, len(list)-1)]
	}
	return out
}

// maxRepeated is the longest list that is made longer.
const maxRepeated = 256

// prepared is a connection to SQLite that keeps its statements prepared:
// parsing them again would take longer than running them.
//
// It runs them to their end even if the caller has left: interrupting one
// would undo the whole commit, and with it the work of others.
type prepared struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

func (p *prepared) exec(ctx context.Context, query string, args []any) (sql.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	query, args, fixed := expand(query, args)
	if !fixed {
		return p.conn.ExecContext(ctx, query, args...)
	}
	s, err := p.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

func (p *prepared) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	query, args, fixed := expand(query, args)
	if !fixed {
		return p.conn.QueryContext(ctx, query, args...)
	}
	s, err := p.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

func (p *prepared) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if s := p.stmts[query]; s != nil {
		return s, nil
	}
	if len(p.stmts) >= maxPrepared { // never, but for a statement made of other words each time
		for q, s := range p.stmts {
			_ = s.Close() // rows are read to their end before the next statement
			delete(p.stmts, q)
		}
	}
	s, err := p.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	p.stmts[query] = s
	return s, nil
}

// maxPrepared bounds the memory of a connection.
const maxPrepared = 500

func (p *prepared) close() error {
	for _, s := range p.stmts {
		_ = s.Close() // the connection goes with it
	}
	return p.conn.Close()
}

// single is a session that reads once.
type single struct {
	session

	asked bool
}

var errSecond = errors.New("store: a glance asks a single thing")

func (s *single) exec(context.Context, string, []any) (sql.Result, error) { return nil, errSecond }

func (s *single) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	if s.asked {
		return nil, errSecond
	}
	s.asked = true
	return s.session.query(ctx, query, args)
}

// positional speaks to PostgreSQL, which numbers its arguments: within a
// transaction, or each statement by itself.
type positional struct {
	tx interface {
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	}
	prepared bool // statements are kept prepared: one that finds its row by an id costs less than its plan
}

func (p *positional) exec(ctx context.Context, query string, args []any) (sql.Result, error) {
	query, args, fixed := expand(query, args)
	return p.tx.ExecContext(ctx, numbered(query, fixed), args...)
}

func (p *positional) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	query, args, fixed := expand(query, args)
	if p.prepared {
		args = slices.Insert(args, 0, any(pgx.QueryExecModeCacheStatement))
	}
	return p.tx.QueryContext(ctx, numbered(query, fixed), args...)
}

var numberedQueries sync.Map // the text with ? -> the text with $1, $2 ...

// numbered replaces each ? by $1, $2 ... No statement of ours has another ?.
func numbered(query string, fixed bool) string {
	if fixed {
		if q, ok := numberedQueries.Load(query); ok {
			return q.(string)
		}
	}
	var b strings.Builder
	n := 0
	for part := range strings.SplitSeq(query, "?") {
		if n > 0 {
			b.WriteString("$" + strconv.Itoa(n))
		}
		b.WriteString(part)
		n++
	}
	if fixed {
		numberedQueries.Store(query, b.String())
	}
	return b.String()
}

// expand writes lists out and turns arguments into what drivers take. fixed
// says that the text is one of few.
func expand(query string, args []any) (text string, out []any, fixed bool) {
	if !slices.ContainsFunc(args, func(a any) bool { _, ok := a.(anyOf); return ok }) {
		for i, a := range args {
			args[i] = plain(a)
		}
		return query, args, true
	}
	var b strings.Builder
	fixed = true
	for i, part := range strings.Split(query, "?") {
		if i > 0 {
			list, ok := args[i-1].(anyOf)
			if !ok {
				list = anyOf{args[i-1]}
			}
			fixed = fixed && len(list) <= maxRepeated
			b.WriteString(strings.Repeat("?, ", len(list)-1) + "?")
			for _, a := range list {
				out = append(out, plain(a))
			}
		}
		b.WriteString(part)
	}
	return b.String(), out, fixed
}

// plain turns an argument into what both drivers take.
func plain(a any) any {
	switch v := a.(type) {
	case federation.IRI:
		return clean(string(v))
	case string:
		return clean(v)
	case time.Time:
		return micros(v)
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	case int:
		return int64(v)
	case federation.Visibility:
		return int64(v)
	case Outcome:
		return string(v)
	case []byte:
		if v == nil {
			return []byte{}
		}
	}
	return a
}

// clean makes s what PostgreSQL takes for text.
func clean(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return s
}

// exec runs a statement and returns how many rows it changed.
func (tx *Tx) exec(ctx context.Context, query string, args ...any) (int, error) {
	res, err := tx.session.exec(ctx, query, args)
	if err != nil {
		return 0, fmt.Errorf("store: %w", err)
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// A row is what a scan function reads columns from.
type row interface{ Scan(dest ...any) error }

// each calls scan for every row of a query.
func (tx *Tx) each(ctx context.Context, scan func(row) error, query string, args ...any) error {
	rows, err := tx.session.query(ctx, query, args)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return fmt.Errorf("store: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

// all collects the rows of a query.
func all[T any](ctx context.Context, tx *Tx, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	var list []T
	err := tx.each(ctx, func(r row) error {
		v, err := scan(r)
		list = append(list, v)
		return err
	}, query, args...)
	return list, err
}

// first returns the first row of a query; federation.ErrNotFound if none.
func first[T any](ctx context.Context, tx *Tx, scan func(row) (T, error), query string, args ...any) (v T, err error) {
	found := false
	err = tx.each(ctx, func(r row) error {
		if found {
			return nil
		}
		found = true
		v, err = scan(r)
		return err
	}, query, args...)
	if err == nil && !found {
		err = federation.ErrNotFound
	}
	return v, err
}

// number reads a single number.
func (tx *Tx) number(ctx context.Context, query string, args ...any) (int64, error) {
	return first(ctx, tx, column[int64], query, args...)
}

// exists reports whether a query has rows.
func (tx *Tx) exists(ctx context.Context, query string, args ...any) (bool, error) {
	_, err := tx.number(ctx, query, args...)
	if errors.Is(err, federation.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// column scans rows of one column.
func column[T any](r row) (v T, err error) {
	err = r.Scan(&v)
	return v, err
}

// named says which thing an error is about.
func named(err error, what string, id any) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = federation.ErrNotFound
	}
	return fmt.Errorf("%s %v: %w", what, id, err)
}

// changed makes a statement that changed nothing federation.ErrNotFound.
func changed(n int, err error) error {
	if err == nil && n == 0 {
		return federation.ErrNotFound
	}
	return err
}

// micros is how times are stored; 0 is no time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// moment is the reverse of micros.
func moment(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// within is the context for statements that bun writes: as in [prepared], they
// run to their end on SQLite.
func (tx *Tx) within(ctx context.Context) context.Context {
	if tx.postgres() {
		return ctx
	}
	return context.WithoutCancel(ctx)
}
