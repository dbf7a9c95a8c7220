// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be the program: scripts, and tests that start
// a process of their own to kill it, run "maillage".
func TestMain(m *testing.M) {
	testscript.Main(withPostgres{m}, map[string]func(){"maillage": main, "maillage-brief": brief})
}

// TestScripts runs the command line as people type it.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status, "ready": ready, "ask": ask, "terminate": terminate, "within": within,
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("GORACE", "atexit_sleep_ms=0") // each process would wait a second before it leaves
			for _, name := range []string{"HOST", "OTHER"} {
				address, err := freeAddress()
				if err != nil {
					return err
				}
				e.Setenv(name, address)
			}
			return nil
		},
	})
}

// freeAddress returns an address on loopback where nobody listens: $HOST and
// $OTHER in scripts, for a server that is to keep its origin.
func freeAddress() (string, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// scriptTime is how long a script waits for a server to answer.
const scriptTime = 2 * time.Minute

// ready waits until the server at an address says that it is:
//
//	ready $HOST
func ready(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ready HOST")
	}
	end := time.Now().Add(scriptTime)
	for {
		resp, err := askOnce(http.MethodGet, "http://"+args[0]+"/healthz", "", "", nil)
		if err == nil && resp.status == http.StatusOK {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("%s was never ready: %v", args[0], err)
		}
		time.Sleep(20 * time.Millisecond) // another process: nothing to wait for but the clock
	}
}

// ask sends a request and prints the answer's status, Location and body. The
// token stands in a file, and so does the body, which is ActivityStreams:
//
//	ask GET $HOST/actors/marie
//	ask POST $HOST/actors/marie/outbox token.txt note.json
func ask(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 4 {
		ts.Fatalf("usage: ask METHOD ADDRESS [TOKEN-FILE [BODY-FILE]]")
	}
	token, body, accept := "", "", "text/html"
	if len(args) > 2 {
		token = strings.TrimSpace(ts.ReadFile(args[2]))
		accept = "application/activity+json"
	}
	if len(args) > 3 {
		body = ts.ReadFile(args[3])
	}
	address := args[1]
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	resp, err := askOnce(args[0], address, accept, token, strings.NewReader(body))
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "status %d\nlocation %s\n%s\n", resp.status, resp.location, resp.body)
}

// A scriptAnswer is what a script wants to know of one.
type scriptAnswer struct {
	status         int
	location, body string
}

func askOnce(method, address, accept, token string, body io.Reader) (*scriptAnswer, error) {
	r, err := http.NewRequestWithContext(context.Background(), method, address, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", accept)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/activity+json")
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: scriptTime}
	resp, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return &scriptAnswer{resp.StatusCode, resp.Header.Get("Location"), string(text)}, err
}

// terminate asks the servers in the background to stop, as service managers do:
//
//	terminate
func terminate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: terminate")
	}
	ts.Setenv("TERMINATED", time.Now().Format(time.RFC3339Nano))
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	}
}

// within fails if terminate is longer ago:
//
//	within 10s
func within(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: within DURATION")
	}
	most, err := time.ParseDuration(args[0])
	ts.Check(err)
	since, err := time.Parse(time.RFC3339Nano, ts.Getenv("TERMINATED"))
	ts.Check(err)
	if took := time.Since(since); took > most {
		ts.Fatalf("it took %s to stop", took)
	}
}

// status runs a program and wants a certain exit status:
//
//	status 2 maillage serve --nonsense
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status CODE PROGRAM ARGUMENTS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit := new(exec.ExitError)
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}
