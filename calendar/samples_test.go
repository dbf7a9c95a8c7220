// SPDX-License-Identifier: AGPL-3.0-or-later

package calendar

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/maillage/maillage/locale"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what reading the samples gives")

// told writes a file as it was understood, for people to compare.
func told(f *File) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s | %s | %s | %s\n", f.Name, f.Description, f.Method, f.Zone)
	for _, e := range f.Entries {
		tellEntry(&b, e, "")
	}
	for _, m := range f.Report.Remarks {
		fmt.Fprintf(&b, "! %s\n", m.Text(locale.New("en")))
	}
	return b.String()
}

func tellEntry(b *strings.Builder, e *Entry, indent string) {
	fmt.Fprintf(b, "%s%s #%d %s: %s\n", indent, e.UID, e.Sequence, e.Status, e.Title)
	line := func(name string, value any) {
		if s := fmt.Sprint(value); s != "" && s != "[]" && s != "{ }" {
			fmt.Fprintf(b, "%s  %s: %q\n", indent, name, s)
		}
	}
	when := e.Start.Format("2006-01-02 15:04 -0700") + " "
	if !e.End.IsZero() {
		when += e.End.Format("2006-01-02 15:04 -0700")
	}
	if e.AllDay {
		when += " all day"
	}
	line("when", when+" "+e.Start.Location().String())
	if !e.Was.IsZero() {
		line("was", e.Was.Format("2006-01-02 15:04 -0700"))
	}
	if r := e.Recurrence; r != nil {
		all, more := r.Between(r.Start, r.Start.AddDate(1, 0, 0), 100)
		line("repeats", r.Rule())
		line("times", written(all, ""))
		if more {
			line("more", more)
		}
	}
	line("text", e.Text)
	line("html", e.HTML)
	line("place", e.Place)
	if e.Point != nil {
		line("point", *e.Point)
	}
	line("url", e.URL)
	line("categories", strings.Join(e.Categories, "|"))
	line("organizer", e.Organizer)
	line("images", strings.Join(e.Images, " "))
	for _, a := range e.Answers {
		line("answer", a)
	}
	for _, c := range e.Changes {
		tellEntry(b, c, indent+"    ")
	}
}

// TestSamples reads calendars as programs write them, each with what is known
// of that program. Look at the differences before you run it with -update.
func TestSamples(t *testing.T) {
	files, err := filepath.Glob("testdata/read/*.ics")
	if err != nil || len(files) < 8 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			f, err := Read(bytes.NewReader(data), Options{Zone: zone(t, "Europe/Paris")})
			if err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(path, ".ics") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(told(f)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), told(f)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
