// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"errors"
)

// demoCommand runs three instances in one process: an AMAP, a repair café and
// an energy co-operative, following each other.
type demoCommand struct {
	Data string `placeholder:"DIR" help:"Directory to keep the three instances in. Default: nothing is kept."`
}

// Run does it.
func (c *demoCommand) Run(context.Context, *env) error {
	return errors.New("demo: not yet")
}
