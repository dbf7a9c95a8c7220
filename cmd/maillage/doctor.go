// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"errors"
)

// doctorCommand looks for what keeps an instance from working. It takes the
// flags of serve, and checks what serve would do with them.
type doctorCommand struct {
	Config
}

// Run does it.
func (c *doctorCommand) Run(context.Context, *env) error {
	return errors.New("doctor: not yet")
}
