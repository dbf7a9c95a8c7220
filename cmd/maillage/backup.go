// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"

	"codeberg.org/maillage/maillage/store"
)

// backupCommand writes a consistent copy while the instance serves.
type backupCommand struct {
	Storage

	File string `arg:"" help:"File to write; it must not exist. It holds private keys: keep it safe."`
}

// Run does it.
func (c *backupCommand) Run(ctx context.Context, e *env) error {
	db, _, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	switch err := db.Backup(ctx, c.File); {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("backup: %s is there already; name a file that is not", c.File)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w; name a file in a folder that is there and that this user may write", err)
	case err != nil:
		return err
	}
	info, err := os.Stat(c.File)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	fmt.Fprintf(e.stdout, "%s: %d bytes, complete with photos and private keys; keep it where nobody else can read it\n", c.File, info.Size())
	return nil
}

// restoreCommand reads such a copy into an empty place.
type restoreCommand struct {
	Storage

	File string `arg:"" help:"File that backup wrote."`
}

// Run does it.
func (c *restoreCommand) Run(ctx context.Context, e *env) error {
	if _, err := os.Stat(c.File); err != nil {
		return fmt.Errorf("restore: %w; name a file that backup wrote", err)
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	db, err := store.Open(ctx, store.Options{Database: c.Database, Exclusive: true})
	if err != nil {
		return reachable(err)
	}
	defer db.Close()
	if err := db.Restore(ctx, c.File); err != nil {
		return err
	}
	var origin string
	err = db.View(ctx, func(tx *store.Tx) (err error) {
		origin, err = tx.Setting(ctx, "origin")
		return err
	})
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	fmt.Fprintf(e.stdout, "restored %s; what happened since the backup is unknown here, peers may know more\n", origin)
	return nil
}

// reachable adds what to do to an error of a database that does not answer.
func reachable(err error) error {
	if errors.Is(err, store.ErrUnreachable) {
		return fmt.Errorf("--database: %w; check the address, that PostgreSQL runs, and that this user and database exist there", err)
	}
	return err
}

// where names the database for people, without its password.
func (s *Storage) where() string {
	if path, ok := strings.CutPrefix(s.Database, "sqlite:"); ok {
		return path
	}
	u, err := url.Parse(s.Database)
	if err != nil {
		return "the database"
	}
	return u.Redacted()
}

// exists wants a SQLite file to be there already, rather than make a new one
// beside the one that was meant.
func (s *Storage) exists() error {
	path, ok := strings.CutPrefix(s.Database, "sqlite:")
	if !ok {
		return nil
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no database at %s; give --data or --database as to serve, or start the instance once with: maillage serve", path)
	}
	return nil
}
