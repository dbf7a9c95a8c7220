// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"fmt"
)

// serveCommand runs the instance until it is told to stop.
type serveCommand struct {
	Config
}

// Run does it.
func (c *serveCommand) Run(ctx context.Context, e *env) error {
	p, err := start(ctx, &c.Config, c.Logger(e.stderr))
	if err != nil {
		return err
	}
	if p.SignIn != "" {
		fmt.Fprintf(e.stdout, "first start: sign in as administrator, once, within 7 days, at %s\n", p.SignIn)
	}
	fmt.Fprintf(e.stdout, "ready %s\n", p.Origin)
	return p.wait(ctx)
}
