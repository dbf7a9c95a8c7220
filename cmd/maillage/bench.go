// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"errors"
)

// benchCommand measures an instance of its own against peers of its own.
type benchCommand struct {
	JSON bool `name:"json" help:"Print figures for machines."`

	Inbox  benchInbox  `cmd:"" help:"Activities received and applied per second."`
	Fanout benchFanout `cmd:"" help:"Deliveries of one post to many servers per second."`
	Read   benchRead   `cmd:"" help:"Pages and documents served per second."`
}

type (
	benchInbox  struct{}
	benchFanout struct{}
	benchRead   struct{}
)

// Run does it.
func (c *benchInbox) Run(context.Context, *env, *benchCommand) error {
	return errors.New("bench inbox: not yet")
}

// Run does it.
func (c *benchFanout) Run(context.Context, *env, *benchCommand) error {
	return errors.New("bench fanout: not yet")
}

// Run does it.
func (c *benchRead) Run(context.Context, *env, *benchCommand) error {
	return errors.New("bench read: not yet")
}
