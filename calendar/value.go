// SPDX-License-Identifier: AGPL-3.0-or-later

package calendar

import (
	"strconv"
	"strings"
	"time"
)

// A kind tells how a time is written. RFC 5545 3.3.5.
type kind int

const (
	isLocal kind = iota // on the clocks of a zone that stands elsewhere
	isUTC
	isDate
)

// layouts are the forms of a time: the RFC's, one without seconds, and ISO's,
// which calendars made by hand have.
var layouts = []string{"20060102T150405", "20060102", "20060102T1504", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"}

// parseTime reads a DATE or DATE-TIME: what the clocks show, as if in UTC.
func parseTime(s string) (w time.Time, k kind, ok bool) {
	s, zulu := strings.CutSuffix(strings.ToUpper(strings.TrimSpace(s)), "Z")
	for _, layout := range layouts {
		if len(s) != len(layout) {
			continue
		}
		w, err := time.Parse(layout, s)
		if err != nil || w.Year() < firstYear || w.Year() > lastYear {
			continue
		}
		switch {
		case !strings.Contains(layout, "T"):
			return w, isDate, true
		case zulu:
			return w, isUTC, true
		}
		return w, isLocal, true
	}
	return time.Time{}, 0, false
}

// What is before or after these years is a mistake or an attack. Between them
// every fourth year is a leap year.
const (
	firstYear = 1902
	lastYear  = 2098
)

// A span is a DURATION: days are those of the clocks, the rest is exact. RFC
// 5545 3.3.6.
type span struct {
	days  int
	exact time.Duration
}

// parseSpan reads "P1DT2H30M". What is negative or without end is none.
func parseSpan(s string) (span, bool) {
	s = strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(s)), "+")
	s, ok := strings.CutPrefix(s, "P")
	if !ok || s == "" || len(s) > 30 {
		return span{}, false
	}
	var d span
	units := map[byte]func(n int){
		'W': func(n int) { d.days += 7 * n }, 'D': func(n int) { d.days += n },
		'H': func(n int) { d.exact += time.Duration(n) * time.Hour },
		'M': func(n int) { d.exact += time.Duration(n) * time.Minute },
		'S': func(n int) { d.exact += time.Duration(n) * time.Second },
	}
	for s != "" {
		if s = strings.TrimPrefix(s, "T"); s == "" {
			break
		}
		digits := 0
		for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
			digits++
		}
		if digits == 0 || digits > 8 || digits == len(s) || units[s[digits]] == nil {
			return span{}, false
		}
		n, err := strconv.Atoi(s[:digits])
		if err != nil {
			return span{}, false
		}
		units[s[digits]](n)
		s = s[digits+1:]
	}
	return d, d.days <= 3660 && d.exact <= 24*3660*time.Hour
}

// after returns the end of what starts at t and lasts d.
func (d span) after(t time.Time) time.Time {
	if d.days > 0 {
		t = At(wall(t).AddDate(0, 0, d.days), t.Location())
	}
	return t.Add(d.exact)
}

// unescape reads a TEXT. RFC 5545 3.3.11; what escapes nothing is left alone,
// but for the colons and quotes that some programs escape too.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 'n', 'N':
			b.WriteByte('\n')
		case '\\', ',', ';', ':', '"':
			b.WriteByte(s[i])
		default:
			b.WriteByte('\\')
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// list splits a value at the commas that are not escaped, and reads each.
func list(s string) []string {
	var all []string
	from := 0
	for i := 0; i <= len(s); i++ {
		switch {
		case i == len(s) || s[i] == ',':
			if item := strings.TrimSpace(unescape(s[from:i])); item != "" {
				all = append(all, item)
			}
			from = i + 1
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
	}
	return all
}
