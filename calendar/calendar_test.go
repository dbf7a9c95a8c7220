// SPDX-License-Identifier: AGPL-3.0-or-later

package calendar

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	ics "github.com/arran4/golang-ical"
)

func paris(t testing.TB) *time.Location {
	t.Helper()
	z, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func write(t testing.TB, events ...Event) string {
	t.Helper()
	var b strings.Builder
	if err := Write(&b, &Calendar{Name: "Agenda de l’AMAP, à Étampes; 2026", URL: "https://amap.example/events", Events: events}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// lines unfolds, and checks what RFC 5545 3.1 asks of each line.
func lines(t testing.TB, s string) []string {
	t.Helper()
	if !strings.HasSuffix(s, "\r\n") || strings.Contains(strings.ReplaceAll(s, "\r\n", ""), "\n") {
		t.Errorf("lines do not end in CRLF")
	}
	for l := range strings.SplitSeq(s, "\r\n") {
		if len(l) > 75 || !utf8.ValidString(l) {
			t.Errorf("a line of %d octets: %q", len(l), l)
		}
	}
	return strings.Split(strings.ReplaceAll(s, "\r\n ", ""), "\r\n")
}

func has(t testing.TB, all []string, want ...string) {
	t.Helper()
	for _, w := range want {
		found := false
		for _, l := range all {
			found = found || l == w
		}
		if !found {
			t.Errorf("no %q in\n%s", w, strings.Join(all, "\n"))
		}
	}
}

func TestAnEvent(t *testing.T) {
	z := paris(t)
	created := time.Date(2026, 9, 1, 10, 0, 0, 0, time.UTC)
	long := "Très longue description : " + strings.Repeat("légumes, œufs; fromages \\ miel 🐝 ", 20) + "\n\nVenez !"
	all := lines(t, write(t, Event{
		UID: "abc@amap.example", Sequence: 3, Status: Tentative, Zone: z,
		Start: time.Date(2026, 10, 24, 18, 30, 0, 0, z), End: time.Date(2026, 10, 25, 4, 0, 0, 0, z),
		Title: "Distribution, puis fête; entrée libre", Description: long, Location: "Ferme du Plateau, Étampes",
		Point: &Point{48.43, 2.16}, URL: "https://amap.example/objects/abc", Tags: []string{"AMAP", "fête,locale"},
		Created: created, Modified: created.Add(time.Hour),
	}))
	has(t, all,
		"VERSION:2.0", `X-WR-CALNAME:Agenda de l’AMAP\, à Étampes\; 2026`, "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
		"UID:abc@amap.example", "SEQUENCE:3", "STATUS:TENTATIVE", "DTSTAMP:20260901T110000Z", "LAST-MODIFIED:20260901T110000Z", "CREATED:20260901T100000Z",
		"DTSTART;TZID=Europe/Paris:20261024T183000", "DTEND;TZID=Europe/Paris:20261025T040000",
		`SUMMARY:Distribution\, puis fête\; entrée libre`, `LOCATION:Ferme du Plateau\, Étampes`, "GEO:48.430000;2.160000",
		"URL:https://amap.example/objects/abc", "CATEGORIES:AMAP", `CATEGORIES:fête\,locale`,
		// The night in which the clocks go back.
		"BEGIN:VTIMEZONE", "TZID:Europe/Paris",
		"DTSTART:20260329T020000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200", "TZNAME:CEST",
		"DTSTART:20261025T030000", "TZOFFSETTO:+0100", "TZNAME:CET",
	)
	for _, l := range all { // strict readers, libical among them, want an ORGANIZER with it
		if strings.HasPrefix(l, "METHOD:") {
			t.Errorf("a feed says %s", l)
		}
	}
}

// What was written is read back by the library as it was meant.
func TestReadBack(t *testing.T) {
	z := paris(t)
	start := time.Date(2027, 1, 9, 9, 0, 0, 0, z)
	description := "Ligne un, avec virgule; et \\ barre.\nLigne deux " + strings.Repeat("é", 200)
	text := write(t, Event{UID: "u@x", Status: Confirmed, Zone: z, Start: start, End: start.Add(90 * time.Minute), Title: "Café", Description: description})
	cal, err := ics.ParseCalendar(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	list := cal.Events()
	if len(list) != 1 {
		t.Fatalf("%d events", len(list))
	}
	got, err := list[0].GetStartAt()
	if err != nil || !got.Equal(start) {
		t.Errorf("starts %s, %v", got, err)
	}
	if got, err := list[0].GetEndAt(); err != nil || got.Sub(start) != 90*time.Minute {
		t.Errorf("ends %s, %v", got, err)
	}
	if got := list[0].GetProperty(ics.ComponentPropertyDescription).Value; got != description {
		t.Errorf("%q", got)
	}
}

// B52: a title makes no second event, nor anything else.
func TestOneTitleIsOneEvent(t *testing.T) {
	bad := "Fête\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:evil\nSUMMARY:x\x00\x1b[0m\u2028ATTACH:https://evil.example/"
	z := paris(t)
	all := lines(t, write(t, Event{
		UID: "a\r\nSEQUENCE:9", Status: Cancelled, Zone: z, Start: time.Date(2026, 9, 1, 0, 0, 0, 0, z),
		Title: bad, Description: bad, Location: bad, URL: bad, Tags: []string{bad},
	}))
	counts := map[string]int{}
	for _, l := range all {
		name, _, _ := strings.Cut(l, ":")
		counts[name]++
	}
	if counts["UID"] != 1 || counts["SUMMARY"] != 1 || counts["ATTACH"] != 0 || counts["SEQUENCE"] != 1 {
		t.Errorf("%v\n%s", counts, strings.Join(all, "\n"))
	}
	has(t, all, "STATUS:CANCELLED")
}

func TestWholeDays(t *testing.T) {
	z := paris(t)
	all := lines(t, write(t, Event{
		UID: "a", Status: Confirmed, Zone: z, AllDay: true,
		Start: time.Date(2026, 9, 12, 0, 0, 0, 0, z), End: time.Date(2026, 9, 14, 0, 0, 0, 0, z), Title: "Week-end",
	}))
	has(t, all, "DTSTART;VALUE=DATE:20260912", "DTEND;VALUE=DATE:20260914")
	if strings.Contains(strings.Join(all, "\n"), "VTIMEZONE") {
		t.Error("a zone that nothing names")
	}
}

func TestZones(t *testing.T) {
	for name, want := range map[string][]string{
		"Indian/Reunion":   {"TZID:Indian/Reunion", "TZOFFSETTO:+0400"},
		"America/St_Johns": {"TZOFFSETFROM:-0330", "TZOFFSETTO:-0230"},
		"Europe/Brussels":  {"TZNAME:CEST"},
	} {
		z, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		at := time.Date(2026, 6, 1, 12, 0, 0, 0, z)
		has(t, lines(t, write(t, Event{UID: "a", Status: Confirmed, Zone: z, Start: at, Title: "x"})), want...)
	}
	all := lines(t, write(t, Event{UID: "a", Status: Confirmed, Start: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC), Title: "x"}))
	has(t, all, "DTSTART:20260601T120000Z")
}

func TestNothing(t *testing.T) {
	has(t, lines(t, write(t)), "BEGIN:VCALENDAR", "END:VCALENDAR")
}

func FuzzText(f *testing.F) {
	f.Add("a\r\nEND:VEVENT", "b\\;,\n", "https://x/ y")
	f.Fuzz(func(t *testing.T, title, description, url string) {
		all := lines(t, write(t, Event{UID: "a", Status: Confirmed, Start: time.Unix(0, 0), Title: title, Description: description, URL: url}))
		n := 0
		for _, l := range all {
			if l == "BEGIN:VEVENT" || l == "END:VEVENT" {
				n++
			}
		}
		if n != 2 {
			t.Errorf("%d ends of events", n)
		}
	})
}
