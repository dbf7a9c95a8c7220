// SPDX-License-Identifier: AGPL-3.0-or-later

// Maillage is a social network server for initiatives of the social and
// solidarity economy: offers, needs and events that federate by ActivityPub.
//
// This command joins the parts. Each thing it can be asked to do is a struct
// in a file of its own, named in [commands]: its fields are its flags, and its
// method
//
//	Run(ctx context.Context, e *env) error
//
// does it. Flags common to several commands are in config.go. Nothing below
// this package reads a flag, the environment or the standard streams: what the
// parts need is passed to them as plain values.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit statuses.
const (
	exitDone   = 0
	exitFailed = 1 // it was tried, and one line on stderr says what to do
	exitUsage  = 2 // it was not understood

	exitLater = 75 // of mail-in: the mail server shall try again; EX_TEMPFAIL of sysexits
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends us at once
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}

// commands is everything the program can be asked to do.
type commands struct {
	Serve   serveCommand   `cmd:"" help:"Run the instance."`
	Demo    demoCommand    `cmd:"" help:"Show three instances that follow each other, with sample data, on this machine only."`
	Account accountCommand `cmd:"" help:"Make logins and tokens."`
	Backup  backupCommand  `cmd:"" help:"Write a consistent copy of the whole instance into one file, while it serves."`
	Restore restoreCommand `cmd:"" help:"Read a copy back into an empty data directory or database."`
	Doctor  doctorCommand  `cmd:"" help:"Check that the instance can work, and say in plain words what is wrong."`
	MailIn  mailInCommand  `cmd:"" help:"Read one letter from standard input, and let the answer to an event in it count: for a mail server's pipe."`
	Bench   benchCommand   `cmd:"" help:"Measure an instance of its own against peers of its own, all on this machine."`

	Version versionFlag `help:"Print the version and leave."`
}

// env is the world a command runs in, so that tests can give it another.
type env struct {
	getenv         func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer
}

// run does what args ask for and returns the exit status.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	e := &env{getenv: getenv, stdin: stdin, stdout: stdout, stderr: stderr}
	call, err := parse(args, e)
	if err != nil {
		fmt.Fprintf(stderr, "maillage: %v\n", err)
		return exitUsage
	}
	if call == nil { // help or the version was asked for, and given
		return exitDone
	}
	call.BindTo(ctx, (*context.Context)(nil))
	if err := call.Run(e); err != nil {
		fmt.Fprintf(stderr, "maillage: %v\n", err)
		if errors.Is(err, errLater) {
			return exitLater
		}
		return exitFailed
	}
	return exitDone
}
