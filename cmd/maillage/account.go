// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// accountLink is how long the link of a new account lasts.
const accountLink = 24 * time.Hour

// accountCommand makes logins and tokens.
type accountCommand struct {
	Add   accountAdd   `cmd:"" help:"Make a login with its Person actor, and print a sign-in link that works once."`
	Reset accountReset `cmd:"" help:"Take the second factor and every session of a login away, and print a sign-in link: for someone locked out."`
	Token accountToken `cmd:"" help:"Print a bearer token for the ActivityPub client-to-server endpoints."`
}

// accountAdd makes a login.
type accountAdd struct {
	Storage

	Name  string `arg:"" help:"Name of the login and handle of the person."`
	Email string `required:"" placeholder:"ADDRESS" help:"Where to reach them; never shown."`
	Role  string `default:"member" enum:"admin,editor,moderator,member" help:"admin, editor, moderator or member."`
}

// AfterApply refuses an address that mail could not be sent to.
func (c *accountAdd) AfterApply() error {
	address, err := mail.ParseAddress(c.Email)
	if err != nil || address.Name != "" || len(c.Email) > 320 || strings.ContainsAny(c.Email, "\r\n%,\"") {
		return wrong("--email", "%q is not an address; write it as ann@example.org", c.Email)
	}
	c.Email = address.Address
	return nil
}

// Run does it.
func (c *accountAdd) Run(ctx context.Context, e *env) error {
	db, origin, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	keys, err := outbox.NewKeyPairs()
	if err != nil {
		return err
	}
	var link string
	ctx = store.Acting(ctx, 0, store.CommandLine)
	err = db.Update(ctx, func(tx *store.Tx) error {
		person, err := outbox.NewActor(ctx, tx, outbox.ActorSpec{Type: "Person", Username: c.Name, Name: c.Name, Keys: keys})
		if err != nil {
			return err
		}
		account := &store.Account{Name: person.Username, Email: c.Email, Role: c.Role, Person: person.ID, Locale: "fr"}
		if err := tx.AddAccount(ctx, account); err != nil {
			return err
		}
		link, err = signInLink(ctx, tx, origin, account.ID, accountLink)
		return err
	})
	if err != nil {
		return fmt.Errorf("account add %s: %w", c.Name, err)
	}
	fmt.Fprintln(e.stdout, link)
	return nil
}

// accountReset lets someone in who lost their second factor.
type accountReset struct {
	Storage

	Name string `arg:"" help:"Name of the login."`
}

// Run does it.
func (c *accountReset) Run(ctx context.Context, e *env) error {
	db, origin, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	var link string
	ctx = store.Acting(ctx, 0, store.CommandLine)
	err = db.Update(ctx, func(tx *store.Tx) error {
		account, err := accountNamed(ctx, tx, c.Name)
		if err != nil {
			return err
		}
		if err := tx.ResetFactors(ctx, account.ID); err != nil {
			return err
		}
		link, err = signInLink(ctx, tx, origin, account.ID, accountLink)
		return err
	})
	if err != nil {
		return fmt.Errorf("account reset: %w", err)
	}
	fmt.Fprintln(e.stdout, link)
	return nil
}

// accountNamed returns the account of that name.
func accountNamed(ctx context.Context, tx *store.Tx, name string) (*store.Account, error) {
	account, err := tx.AccountByName(ctx, name)
	if errors.Is(err, federation.ErrNotFound) {
		return nil, fmt.Errorf("there is no account %q; make it with: maillage account add", name)
	}
	return account, err
}

// accountToken makes a token.
type accountToken struct {
	Storage

	Name  string `arg:"" help:"Name of the login."`
	Actor string `placeholder:"ACTOR" help:"Handle or id of the initiative or circuit to speak for. Default: the person."`
}

// Run does it.
func (c *accountToken) Run(ctx context.Context, e *env) error {
	db, _, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	var token string
	ctx = store.Acting(ctx, 0, store.CommandLine)
	err = db.Update(ctx, func(tx *store.Tx) error {
		account, err := accountNamed(ctx, tx, c.Name)
		if err != nil {
			return err
		}
		actor, err := c.actor(ctx, tx, account)
		if err != nil {
			return err
		}
		token, err = tx.NewToken(ctx, account.ID, actor, "maillage account token")
		return err
	})
	if err != nil {
		return fmt.Errorf("account token: %w", err)
	}
	fmt.Fprintln(e.stdout, token)
	return nil
}

// actor returns whom the token is to speak for.
func (c *accountToken) actor(ctx context.Context, tx *store.Tx, account *store.Account) (federation.IRI, error) {
	if c.Actor == "" {
		return account.Person, nil
	}
	id := federation.IRI(c.Actor)
	if !strings.Contains(c.Actor, "://") {
		name, _, _ := strings.Cut(strings.TrimPrefix(c.Actor, "@"), "@")
		a, err := tx.ActorByUsername(ctx, strings.ToLower(name))
		if err != nil {
			return "", fmt.Errorf("--actor: no actor %q here", c.Actor)
		}
		id = a.ID
	}
	ok, err := tx.MaySpeak(ctx, account, id)
	if err == nil && !ok {
		err = fmt.Errorf("--actor: %s may not speak for %s", account.Name, c.Actor)
	}
	return id, err
}

// openExisting opens the data of an instance that has been started before, and
// returns its origin. A server may be running on it.
func (s *Storage) openExisting(ctx context.Context) (*store.DB, string, error) {
	if err := s.exists(); err != nil {
		return nil, "", err
	}
	db, err := store.Open(ctx, store.Options{Database: s.Database})
	if err != nil {
		return nil, "", reachable(err)
	}
	var origin string
	err = db.View(ctx, func(tx *store.Tx) (err error) {
		origin, err = tx.Setting(ctx, "origin")
		return err
	})
	if err != nil || origin == "" {
		_ = db.Close()
		return nil, "", fmt.Errorf("nothing in %s yet; start it once with: maillage serve", s.where())
	}
	_ = db.Close()
	db, err = store.Open(ctx, store.Options{Database: s.Database, Origin: origin})
	return db, origin, err
}
