// SPDX-License-Identifier: AGPL-3.0-or-later

package calendar

import (
	"strings"
	"time"

	"codeberg.org/maillage/maillage/locale"
)

// A Report says what reading a file changed or left out, for the person who
// wants to have it here. It is bounded: the same remark about many lines is one.
type Report struct {
	Remarks []Remark
	More    int // remarks that there was no room for

	known map[string]int // where a remark stands, by what it says
}

// A Remark is one thing that was changed or left out.
type Remark struct {
	ID    string            // a message of package locale: report_...
	Args  map[string]string // what the message has to hold
	Line  int               // where it is so first
	Count int               // how many times
}

// maxRemarks bounds a report.
const maxRemarks = 100

// add notes a remark; its arguments are pairs.
func (r *Report) add(id string, line int, args ...string) {
	if r == nil {
		return
	}
	key := id + "\x00" + strings.Join(args, "\x00")
	if i, ok := r.known[key]; ok {
		r.Remarks[i].Count++
		return
	}
	if len(r.Remarks) >= maxRemarks {
		r.More++
		return
	}
	m := Remark{ID: id, Line: line, Count: 1, Args: map[string]string{}}
	for i := 0; i+1 < len(args); i += 2 {
		m.Args[args[i]] = short(args[i+1], 80)
	}
	if r.known == nil {
		r.known = map[string]int{}
	}
	r.known[key] = len(r.Remarks)
	r.Remarks = append(r.Remarks, m)
}

// Has reports whether there is a remark of that id.
func (r *Report) Has(id string) bool {
	for _, m := range r.Remarks {
		if m.ID == id {
			return true
		}
	}
	return false
}

// Text writes the remark as a sentence, with its line.
func (m Remark) Text(p *locale.Printer) string {
	args := map[string]any{}
	for key, value := range m.Args {
		args[key] = value
	}
	for _, key := range []string{"Start", "End"} { // moments, on the clocks of the event
		if t, err := time.Parse(time.RFC3339, m.Args[key]); err == nil {
			args[key] = p.DateTime(t)
		}
	}
	if reason, ok := m.Args["Reason"]; ok { // itself a message
		args["Reason"] = p.T(reason)
	}
	text := p.T("report_line", "Line", m.Line, "Text", p.T(m.ID, args))
	if m.Count > 1 {
		text = p.T("report_times", "Text", text, "Count", m.Count-1)
	}
	return text
}

// short returns the first runes of s.
func short(s string, most int) string {
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "…"
		}
	}
	return s
}
