// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/mail"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// errLater is in the error of what a mail server shall try again.
var errLater = errors.New("try again later")

// mailInCommand takes one letter in. One that is no answer is dropped, with a
// line that says why: a mail server that heard of a failure would write to
// whoever is named as the sender, who may be anybody.
type mailInCommand struct {
	Storage
}

// Run does it.
func (c *mailInCommand) Run(ctx context.Context, e *env) error {
	db, _, err := c.openExisting(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", errLater, err)
	}
	defer db.Close()
	r := &mail.Replies{DB: db, Log: slog.New(slog.NewTextHandler(e.stderr, nil))}
	err = db.View(ctx, func(tx *store.Tx) (err error) {
		r.Address, err = tx.Setting(ctx, outbox.RepliesTo)
		if errors.Is(err, federation.ErrNotFound) {
			err = nil
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("%w: %w", errLater, err)
	}
	if r.Address == "" {
		return fmt.Errorf("%w: the instance asks for no answers by mail; start it once with --mail-replies", errLater)
	}
	switch err := r.Take(ctx, e.stdin); {
	case errors.Is(err, mail.ErrNoReply):
		fmt.Fprintf(e.stderr, "maillage: %v\n", err)
	case err != nil:
		return fmt.Errorf("%w: %w", errLater, err)
	}
	return nil
}
