// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// firstLink is how long the first administrator's link lasts.
const firstLink = 7 * 24 * time.Hour

// setUp makes, on the first start, the actors that every instance has and its
// first administrator. It returns the administrator's sign-in link then.
// Later it only checks that the data belongs to this origin.
func setUp(ctx context.Context, db *store.DB, c *Config, origin string) (link string, err error) {
	done, err := belongs(ctx, db, origin)
	if done || err != nil {
		return "", err
	}
	handle, name := c.Handle, c.Name
	if handle == "" {
		handle = "initiative"
	}
	if name == "" {
		name = "Mon initiative"
	}
	specs := []outbox.ActorSpec{
		{Type: "Application", Username: "instance", Name: hostOf(origin)},
		{Type: "Organization", Username: handle, Name: name},
		{Type: "Person", Username: "admin-" + handle, Name: "Administration"},
	}
	if len(specs[2].Username) > 64 {
		specs[2].Username = "administration"
	}
	for i := range specs { // outside the transaction: it takes a while
		if specs[i].Keys, err = outbox.NewKeyPairs(); err != nil {
			return "", err
		}
	}
	err = db.Update(ctx, func(tx *store.Tx) error {
		var actors []*federation.Actor
		for _, spec := range specs {
			a, err := outbox.NewActor(ctx, tx, spec)
			if err != nil {
				return fmt.Errorf("make %s: %w", spec.Username, err)
			}
			actors = append(actors, a)
		}
		for key, value := range map[string]string{
			"origin": origin, "instance": string(actors[0].ID), "initiative": string(actors[1].ID), "language": "fr",
		} {
			if err := tx.PutSetting(ctx, key, value); err != nil {
				return err
			}
		}
		admin := &store.Account{Name: specs[2].Username, Role: store.RoleAdmin, Person: actors[2].ID, Locale: "fr"}
		if err := tx.AddAccount(ctx, admin); err != nil {
			return err
		}
		link, err = signInLink(ctx, tx, origin, admin.ID, firstLink)
		return err
	})
	return link, err
}

// belongs reports whether the data has been set up, and refuses another origin
// than then: every id in it begins with the old one.
func belongs(ctx context.Context, db *store.DB, origin string) (bool, error) {
	var was string
	err := db.View(ctx, func(tx *store.Tx) (err error) {
		was, err = tx.Setting(ctx, "origin")
		return err
	})
	switch {
	case errors.Is(err, federation.ErrNotFound) || err == nil && was == "":
		return false, nil
	case err != nil:
		return false, err
	case was != origin:
		return false, fmt.Errorf("--origin: this data belongs to %s and cannot serve %s, because every address in it begins with the former; use --origin %s, or another --data", was, origin, was)
	}
	return true, nil
}

// signInLink makes a link that signs an account in once.
func signInLink(ctx context.Context, tx *store.Tx, origin string, account int64, lifetime time.Duration) (string, error) {
	secret, err := tx.NewSignIn(ctx, account, lifetime)
	return strings.TrimSuffix(origin, "/") + "/sign-in/link?token=" + secret, err
}
