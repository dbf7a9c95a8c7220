// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"errors"
)

// backupCommand copies an instance, even while it serves.
type backupCommand struct {
	Storage

	File string `arg:"" help:"File to write; it must not exist."`
}

// Run does it.
func (c *backupCommand) Run(context.Context, *env) error {
	return errors.New("backup: not yet")
}

// restoreCommand brings a copy back.
type restoreCommand struct {
	Storage

	File string `arg:"" help:"File that backup wrote."`
}

// Run does it.
func (c *restoreCommand) Run(context.Context, *env) error {
	return errors.New("restore: not yet")
}
