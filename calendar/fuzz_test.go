// SPDX-License-Identifier: AGPL-3.0-or-later

package calendar

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/maillage/maillage/locale"
)

// FuzzRead reads anything: it neither panics nor takes long, and what it takes
// keeps within its bounds and is told the same way twice.
func FuzzRead(f *testing.F) {
	files, _ := filepath.Glob("testdata/read/*.ics")
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260705T010203\nRRULE:FREQ=MONTHLY;BYDAY=-5MO,TU;BYSETPOS=-1\nRDATE:20260706\nRECURRENCE-ID:20260705\n"))
	paris := zone(f, "Europe/Paris")
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Read(bytes.NewReader(data), Options{Zone: paris})
		if err != nil {
			return
		}
		if len(file.Entries) > MaxEntries || len(file.Report.Remarks) > maxRemarks {
			t.Fatal(len(file.Entries), len(file.Report.Remarks))
		}
		keys := map[string]bool{}
		for _, e := range file.Entries {
			if e.UID == "" || e.Start.IsZero() || !e.End.IsZero() && e.End.Before(e.Start) || strings.ContainsAny(e.Title+e.UID+e.Place, "\r\n") {
				t.Errorf("%+v", e)
			}
			if e.Was.IsZero() && keys[e.UID] {
				t.Errorf("two of %q", e.UID)
			}
			keys[e.UID] = keys[e.UID] || e.Was.IsZero()
			if r := e.Recurrence; r != nil {
				checkRecurrence(t, r)
			}
		}
		_ = told(file)
	})
}

// checkRecurrence wants a recurrence to be the same when it was written and
// read again.
func checkRecurrence(t *testing.T, r *Recurrence) {
	t.Helper()
	all, _ := r.Between(r.Start, r.Start.AddDate(1, 0, 0), 50)
	for i, o := range all {
		if i > 0 && o.Start.Before(all[i-1].Start) {
			t.Errorf("out of order: %v", all)
		}
	}
	again, err := ParseRecurrence(r.String(), r.Start.Location())
	if err != nil {
		t.Fatalf("%s: %v", r, err)
	}
	if again.String() != r.String() {
		t.Errorf("written %s\nagain %s", r, again)
	}
	_ = r.Describe(locale.New("fr"))
}
