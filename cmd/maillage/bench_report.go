// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// A report is what a bench found.
type report struct {
	Bench    string   `json:"bench"`
	Setting  string   `json:"setting"` // what was measured, in words
	Database string   `json:"database"`
	System   string   `json:"system"`
	Cores    int      `json:"cores"`
	Limits   limits   `json:"limits"`
	Figures  []figure `json:"figures"`
}

// A figure is one thing measured, and what it should be.
type figure struct {
	Name    string  `json:"name"`
	Value   float64 `json:"value"`
	Unit    string  `json:"unit"`
	AtLeast float64 `json:"at_least,omitzero"`
	AtMost  float64 `json:"at_most,omitzero"`
	Before  float64 `json:"before,omitzero"` // the same, before more was stored
}

func (c *benchCommand) report(bench, setting string) *report {
	return &report{
		Bench: bench, Setting: setting, Database: c.engine(), Cores: runtime.NumCPU(),
		System: runtime.GOOS + "/" + runtime.GOARCH + ", " + runtime.Version(),
	}
}

// add notes a figure that has no target.
func (r *report) add(name string, value float64, unit string) {
	r.Figures = append(r.Figures, figure{Name: name, Value: value, Unit: unit})
}

// atLeast notes a figure that should not be lower.
func (r *report) atLeast(name string, value float64, unit string, target float64) {
	r.Figures = append(r.Figures, figure{Name: name, Value: value, Unit: unit, AtLeast: target})
}

// atMost notes a figure that should not be higher.
func (r *report) atMost(name string, value float64, unit string, target float64) {
	r.Figures = append(r.Figures, figure{Name: name, Value: value, Unit: unit, AtMost: target})
}

// print writes a report for people or for machines.
func (r *report) print(w io.Writer, machine bool) error {
	if machine {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	fmt.Fprintf(w, "bench %s: %s\n%s; %d cores, %s\n\n", r.Bench, r.Setting, r.Database, r.Cores, r.System)
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, f := range slices.Concat(r.Limits.figures(), r.Figures) {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", f.Name, f, f.before(), f.target(), f.verdict())
	}
	return t.Flush()
}

// String writes the value with as many digits as mean something.
func (f figure) String() string {
	digits := max(0, 2-int(math.Floor(math.Log10(max(math.Abs(f.Value), 0.01)))))
	return unit(strconv.FormatFloat(f.Value, 'f', min(digits, 2), 64), f.Unit)
}

// before tells what the figure was before more was stored.
func (f figure) before() string {
	if f.Before == 0 {
		return ""
	}
	return "before " + figure{Value: f.Before, Unit: f.Unit}.String()
}

func unit(number, unit string) string { return strings.TrimSpace(number + " " + unit) }

func (f figure) target() string {
	switch {
	case f.AtLeast != 0:
		return "at least " + unit(strconv.FormatFloat(f.AtLeast, 'f', -1, 64), f.Unit)
	case f.AtMost != 0:
		return "at most " + unit(strconv.FormatFloat(f.AtMost, 'f', -1, 64), f.Unit)
	}
	return ""
}

// verdict says whether the target was reached.
func (f figure) verdict() string {
	switch {
	case f.AtLeast == 0 && f.AtMost == 0:
		return ""
	case f.AtLeast != 0 && f.Value < f.AtLeast, f.AtMost != 0 && f.Value > f.AtMost:
		return "missed"
	}
	return "reached"
}

// per returns how many there were in a second.
func per(n int, d time.Duration) float64 { return float64(n) / max(d.Seconds(), 1e-9) }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// quantile returns what a share q of the sorted durations does not exceed.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
