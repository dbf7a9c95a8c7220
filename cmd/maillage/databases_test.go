// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"testing"

	"codeberg.org/maillage/maillage/store"
	"codeberg.org/maillage/maillage/store/storetest"
)

// freshDatabase makes an empty database and returns its address, as --database
// takes it.
type freshDatabase func(t testing.TB) string

// eachDatabase runs a test on SQLite and on PostgreSQL, both at once.
func eachDatabase(t *testing.T, test func(t *testing.T, fresh freshDatabase)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db func(name string) string) {
		t.Parallel()
		test(t, fresh(db))
	})
}

// fresh numbers databases.
func fresh(db func(name string) string) freshDatabase {
	var n atomic.Int64
	return func(testing.TB) string { return db(fmt.Sprintf("maillage%d", n.Add(1))) }
}

// withPostgres runs tests and stops PostgreSQL after them.
type withPostgres struct{ m *testing.M }

func (w withPostgres) Run() int { return storetest.Run(w.m, opened) }

// opened is for storetest.
func opened(database string) (io.Closer, error) {
	return store.Open(context.Background(), store.Options{Database: database})
}

// sqliteFile and onPostgres are for what concerns one of them only.
func sqliteFile(t testing.TB) string { t.Helper(); return storetest.SQLite(t)("maillage") }

func onPostgres(t testing.TB) string { t.Helper(); return storetest.Postgres(t)("maillage") }
