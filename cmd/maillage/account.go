// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"errors"
)

// accountCommand makes logins and tokens.
type accountCommand struct {
	Add   accountAdd   `cmd:"" help:"Make a login with its Person actor, and print a sign-in link that works once."`
	Token accountToken `cmd:"" help:"Print a bearer token for the ActivityPub client-to-server endpoints."`
}

// accountAdd makes a login.
type accountAdd struct {
	Storage

	Name  string `arg:"" help:"Name of the login and handle of the person."`
	Email string `required:"" placeholder:"ADDRESS" help:"Where to reach them; never shown."`
	Role  string `default:"member" enum:"admin,editor,moderator,member" help:"admin, editor, moderator or member."`
}

// Run does it.
func (c *accountAdd) Run(context.Context, *env) error {
	return errors.New("account add: not yet")
}

// accountToken makes a token.
type accountToken struct {
	Storage

	Name  string `arg:"" help:"Name of the login."`
	Actor string `placeholder:"ACTOR" help:"Handle or id of the initiative or circuit to speak for. Default: the person."`
}

// Run does it.
func (c *accountToken) Run(context.Context, *env) error {
	return errors.New("account token: not yet")
}
