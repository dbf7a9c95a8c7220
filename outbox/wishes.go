// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/remote"
	"codeberg.org/maillage/maillage/store"
)

// Wishes follows those whom somebody brought on a list, one after another: a
// list of a thousand must not keep anybody's request waiting, nor their server.
type Wishes struct {
	DB        *store.DB
	Directory *remote.Directory
	Log       *slog.Logger
	Idle      time.Duration // between looking for work; 0: ten seconds
}

// wishTime is how long one server may take to say who somebody is.
const wishTime = 30 * time.Second

// Run works until ctx ends.
func (w *Wishes) Run(ctx context.Context) error {
	idle := w.Idle
	if idle <= 0 {
		idle = 10 * time.Second
	}
	for {
		worked, err := w.Step(ctx)
		if err != nil && ctx.Err() == nil {
			w.Log.ErrorContext(ctx, "follow from a list", "err", err)
		}
		wait := time.Second // also politeness
		if !worked || err != nil {
			wait = idle
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// Step tries one wish, and reports whether there was any.
func (w *Wishes) Step(ctx context.Context) (bool, error) {
	var wish store.Wish
	err := w.DB.View(ctx, func(tx *store.Tx) error { // mostly there is none: no need to write
		_, err := tx.DueWish(ctx)
		return err
	})
	if err == nil {
		err = w.DB.Update(ctx, func(tx *store.Tx) (err error) { wish, err = tx.ClaimWish(ctx); return err })
	}
	if errors.Is(err, federation.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	target, err := w.find(ctx, wish.Handle)
	if err == nil {
		err = w.follow(ctx, wish, target)
	}
	if err == nil {
		return true, nil
	}
	w.Log.DebugContext(ctx, "follow from a list", "handle", wish.Handle, "err", err)
	return true, w.DB.Update(ctx, func(tx *store.Tx) error {
		return tx.FailWish(ctx, wish, !errors.Is(err, federation.ErrUnavailable))
	})
}

// find asks who a handle is, here or on its server.
func (w *Wishes) find(ctx context.Context, handle string) (id federation.IRI, err error) {
	err = w.DB.View(ctx, func(tx *store.Tx) error {
		a, err := tx.ActorByHandle(ctx, handle)
		if err == nil {
			id = a.ID
		}
		return err
	})
	if err == nil || !errors.Is(err, federation.ErrNotFound) {
		return id, err
	}
	if w.Directory == nil {
		return "", fmt.Errorf("%w: no directory", federation.ErrUnavailable)
	}
	ctx, cancel := context.WithTimeout(ctx, wishTime)
	defer cancel()
	if id, err = w.Directory.Client.Resolve(ctx, strings.TrimPrefix(handle, "@")); err != nil {
		return "", err
	}
	_, err = w.Directory.Actor(ctx, id)
	return id, err
}

// follow asks for it in the name of whoever brought the list, if they still
// may.
func (w *Wishes) follow(ctx context.Context, wish store.Wish, target federation.IRI) error {
	return w.DB.Update(ctx, func(tx *store.Tx) error {
		if err := tx.DropWish(ctx, wish); err != nil {
			return err
		}
		account, err := tx.Account(ctx, wish.Account)
		if err != nil {
			return err
		}
		if may, err := tx.MaySpeak(ctx, account, wish.Actor); err != nil || !may {
			return err
		}
		if _, err := tx.Edge(ctx, federation.Follow, wish.Actor, target); !errors.Is(err, federation.ErrNotFound) {
			return err // asked already
		}
		return PublishTx(store.Acting(ctx, account.ID, account.Name), tx, &federation.Activity{
			Type: federation.Follow, Actor: wish.Actor, Object: target, To: []federation.IRI{target},
		})
	})
}
