// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// benchSchema makes an empty schema in a PostgreSQL database and returns the
// address that works in it, and how to drop it.
func benchSchema(ctx context.Context, database string) (dsn string, drop func(), err error) {
	u, err := url.Parse(database)
	if err != nil {
		return "", nil, errors.New("--database cannot be read") // it may hold a password
	}
	schema := "maillage_bench_" + strings.ToLower(rand.Text()[:10])
	if err := execPostgres(ctx, database, "CREATE SCHEMA "+schema); err != nil {
		return "", nil, fmt.Errorf("--database: %w", err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String(), func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		_ = execPostgres(ctx, database, "DROP SCHEMA "+schema+" CASCADE") // it is named for what it is
	}, nil
}

func execPostgres(ctx context.Context, database, query string) error {
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, query)
	return err
}
