// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"codeberg.org/maillage/maillage/store"
)

// benchCommand measures an instance of its own against peers of its own. It
// prints what was reached beside what this machine can do at all, measured in
// the same run: a figure alone says more about the machine than about us.
//
// Everything runs on one machine and shares its cores: the instance, the peers
// and whoever asks. So the others are made to cost little: requests are signed
// and written beforehand, and peers believe what they are sent.
type benchCommand struct {
	JSON       bool   `name:"json" help:"Print figures for machines."`
	Dir        string `placeholder:"DIR" help:"Where to put the data, which is removed afterwards: best on the disk that is to serve. Default: /var/tmp."`
	Database   string `placeholder:"URL" help:"postgres://USER@HOST/NAME to measure PostgreSQL, in a schema that is dropped afterwards. Not taken from the environment. Default: SQLite."`
	CPUProfile string `name:"cpuprofile" hidden:"" placeholder:"FILE" help:"Write a CPU profile of what is measured first."`

	Inbox  benchInbox  `cmd:"" help:"Activities received and applied per second."`
	Fanout benchFanout `cmd:"" help:"Deliveries of one post to many servers per second."`
	Read   benchRead   `cmd:"" help:"Pages and documents served per second."`
}

// AfterApply drops a database that the environment names: it belongs to an
// instance that serves, and is not to be loaded by accident.
func (c *benchCommand) AfterApply(call *kong.Context) error {
	for _, step := range call.Path {
		if step.Resolved && step.Flag != nil && step.Flag.Name == "database" {
			c.Database = ""
		}
	}
	if c.Database == "" {
		return nil
	}
	u, err := url.Parse(c.Database)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return wrong("--database", "write postgres://USER:PASSWORD@HOST/NAME, or leave it out for SQLite")
	}
	return nil
}

// positive refuses counts that measure nothing.
func positive(flag string, n int) error {
	if n < 1 {
		return wrong(flag, "must be 1 or more")
	}
	return nil
}

// A benchInstance is an instance that lives as long as one measurement.
type benchInstance struct {
	*program

	config *Config
	remove func() // takes its data away
}

// instance starts an instance on data of its own.
func (c *benchCommand) instance(ctx context.Context, e *env, settings ...setting) (_ *benchInstance, err error) {
	t := &benchInstance{}
	if t.config, t.remove, err = c.data(ctx); err != nil {
		return nil, err
	}
	if t.program, err = start(ctx, t.config, benchLog(e.stderr), settings...); err != nil {
		t.remove()
		return nil, err
	}
	return t, nil
}

// end stops the instance and removes its data.
func (t *benchInstance) end() {
	t.stop()
	t.Client.Close()
	t.remove()
}

// data makes an empty place for an instance and says how it is configured.
func (c *benchCommand) data(ctx context.Context) (*Config, func(), error) {
	dir := c.Dir
	if dir == "" {
		dir = os.TempDir() // often in memory, where a commit costs nothing
		if i, err := os.Stat("/var/tmp"); err == nil && i.IsDir() {
			dir = "/var/tmp"
		}
	}
	dir, err := os.MkdirTemp(dir, "maillage-bench-")
	if err != nil {
		return nil, nil, fmt.Errorf("--dir: %w; name a directory that this user may write", err)
	}
	config := &Config{
		Storage: Storage{Data: dir, Database: "sqlite:" + filepath.Join(dir, "maillage.db")},
		Listen:  []string{"127.0.0.1:0"}, AllowPrivateNetworks: true, LogFormat: "text", LogLevel: "error",
	}
	remove := func() { _ = os.RemoveAll(dir) }
	if c.Database != "" {
		dsn, drop, err := benchSchema(ctx, c.Database)
		if err != nil {
			remove()
			return nil, nil, err
		}
		config.Database = dsn
		remove = func() { drop(); _ = os.RemoveAll(dir) }
	}
	return config, remove, nil
}

// engine names the database that is measured.
func (c *benchCommand) engine() string {
	if c.Database != "" {
		return "PostgreSQL"
	}
	return "SQLite, synchronous=FULL"
}

// benchLog shows what goes wrong, and nothing of what is usual.
func benchLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelError}))
}

// profile measures what is done until the function it returns is called.
func (c *benchCommand) profile() (stop func(), err error) {
	if c.CPUProfile == "" {
		return func() {}, nil
	}
	f, err := os.Create(c.CPUProfile)
	if err != nil {
		return nil, fmt.Errorf("--cpuprofile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	c.CPUProfile = "" // once
	return func() { pprof.StopCPUProfile(); _ = f.Close() }, nil
}

// say tells a person what is being done. Machines read stdout.
func (e *env) say(format string, args ...any) { fmt.Fprintf(e.stderr, format+"\n", args...) }

// until waits for a queue to be empty.
func (t *benchInstance) until(ctx context.Context, depth func(*store.Tx, context.Context) (int, time.Time, error)) error {
	for {
		n := 0
		err := t.DB.View(ctx, func(tx *store.Tx) (err error) {
			n, _, err = depth(tx, ctx)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d still in the queue: %w", n, ctx.Err())
		case err := <-t.failed:
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// address is where the instance listens.
func (t *benchInstance) address() string { return strings.TrimPrefix(t.Origin, "http://") }
