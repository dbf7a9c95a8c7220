// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A served instance is one that answers, in a process of its own or, to be
// profiled, in ours.
type served struct {
	end    func() error
	memory func() memory
}

// starts is how often the start is measured.
const starts = 5

// serve starts the instance on data that exists already.
func (s *reading) serve(ctx context.Context, r *report) (served, error) {
	if s.command.CPUProfile != "" {
		p, err := start(ctx, s.config, benchLog(s.env.stderr))
		if err != nil {
			return served{}, err
		}
		return served{end: func() error { p.stop(); return nil }, memory: func() memory { return memory{} }}, nil
	}
	var took []time.Duration
	for range starts - 1 {
		p, d, err := spawn(ctx, s.config)
		if err != nil {
			return served{}, err
		}
		took = append(took, d)
		if err := p.end(); err != nil {
			return served{}, err
		}
	}
	p, d, err := spawn(ctx, s.config)
	if err != nil {
		return served{}, err
	}
	took = append(took, d)
	slices.Sort(took)
	r.atMost("start until ready, median of "+strconv.Itoa(starts), milliseconds(quantile(took, 0.5)), "ms", 300)
	if m := atRest(ctx, p.memory); m.own > 0 {
		r.atMost("idle memory", m.own, "MB", 60)
		r.add("idle memory, with pages of the program's file that the system may drop", m.resident, "MB")
	}
	return served{p.end, p.memory}, nil
}

// atRest waits until memory hardly changes: an instance begins by putting
// offers and needs together.
func atRest(ctx context.Context, now func() memory) (m memory) {
	for quiet, n := 0, 0; quiet < 3 && n < 30; n++ {
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return m
		}
		before := m
		if m = now(); math.Abs(m.own-before.own) > before.own/100 {
			quiet = 0
		} else {
			quiet++
		}
	}
	return m
}

// A process is another maillage.
type process struct {
	cmd    *exec.Cmd
	errors bytes.Buffer
}

// spawn runs "maillage serve", and returns once it is ready and how long that
// took.
func spawn(ctx context.Context, c *Config) (*process, time.Duration, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, 0, err
	}
	p := &process{cmd: exec.CommandContext(ctx, self)}
	// By that name a test binary is the program too.
	p.cmd.Args = []string{"maillage", "serve", "--data", c.Data, "--origin", c.Origin, "--listen", c.Listen[0], "--allow-private-networks", "--log-level", "error"}
	p.cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, envPrefix) }),
		envName("database")+"="+c.Database) // it may hold a password
	p.cmd.Stderr = &p.errors
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(os.Interrupt) }
	p.cmd.WaitDelay = 15 * time.Second
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, 0, err
	}
	begin := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, 0, fmt.Errorf("start %s: %w", filepath.Base(self), err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "ready ") {
		_ = p.cmd.Cancel() // it may have ended by itself
		_ = p.cmd.Wait()
		return nil, 0, fmt.Errorf("the instance did not become ready: %q %s", line, bytes.TrimSpace(p.errors.Bytes()))
	}
	return p, time.Since(begin), nil
}

// end stops the process.
func (p *process) end() error {
	err := p.cmd.Cancel()
	if e := p.cmd.Wait(); e != nil {
		err = errors.Join(err, fmt.Errorf("the instance: %w: %s", e, bytes.TrimSpace(p.errors.Bytes())))
	}
	return err
}

// A memory is what a process holds, in MB; 0 if the system does not tell.
type memory struct {
	own      float64 // that nothing else can give back
	resident float64 // with what is mapped of files
}

// memory reads what Linux says of a process.
func (p *process) memory() memory {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return memory{}
	}
	megabytes := func(name string) float64 {
		_, rest, _ := strings.Cut(string(raw), name+":")
		fields := strings.Fields(rest)
		if len(fields) == 0 {
			return 0
		}
		kb, err := strconv.ParseFloat(fields[0], 64)
		if err != nil {
			return 0
		}
		return kb / 1024
	}
	return memory{megabytes("RssAnon"), megabytes("VmRSS")}
}
