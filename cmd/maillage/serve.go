// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"errors"
)

// serveCommand runs the instance until it is told to stop.
type serveCommand struct {
	Config
}

// Run does it.
func (c *serveCommand) Run(context.Context, *env) error {
	return errors.New("serve: not yet")
}
