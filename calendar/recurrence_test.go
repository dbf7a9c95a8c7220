// SPDX-License-Identifier: AGPL-3.0-or-later

package calendar

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAThursdayStaysAtHalfPastSix(t *testing.T) {
	paris := zone(t, "Europe/Paris")
	r := recurrence(t, time.UTC, "DTSTART;TZID=Europe/Paris:20260305T183000", "DTEND;TZID=Europe/Paris:20260305T193000", "RRULE:FREQ=WEEKLY;BYDAY=TH;UNTIL=20261231T183000Z")
	all, more := r.Between(r.Start, r.Start.AddDate(1, 0, 0), 100)
	if len(all) != 44 || more {
		t.Fatal(len(all), more)
	}
	offsets := map[string]int{}
	for _, o := range all {
		if o.Start.Weekday() != time.Thursday || o.Start.Format("15:04 ")+o.End.Format("15:04") != "18:30 19:30" || o.Start.Location().String() != paris.String() {
			t.Error(o)
		}
		offsets[o.Start.Format("-07:00")]++
	}
	if diff := cmp.Diff(map[string]int{"+01:00": 4 + 10, "+02:00": 30}, offsets); diff != "" {
		t.Error(diff)
	}
}

// TestHoursThatAreSkippedOrTwice: what does not exist is reckoned with the
// offset before, what is twice is the first. RFC 5545 3.3.5 has these examples.
func TestHoursThatAreSkippedOrTwice(t *testing.T) {
	for _, c := range []struct{ zone, wall, want string }{
		{"America/New_York", "20070311T023000", "2007-03-11T03:30:00-04:00"}, // of the RFC
		{"America/New_York", "20071104T013000", "2007-11-04T01:30:00-04:00"}, // of the RFC
		{"Europe/Paris", "20260329T023000", "2026-03-29T03:30:00+02:00"},
		{"Europe/Paris", "20260329T015959", "2026-03-29T01:59:59+01:00"},
		{"Europe/Paris", "20260329T030000", "2026-03-29T03:00:00+02:00"},
		{"Europe/Paris", "20261025T023000", "2026-10-25T02:30:00+02:00"},
		{"Europe/Paris", "20261025T015959", "2026-10-25T01:59:59+02:00"},
		{"Europe/Paris", "20261025T030000", "2026-10-25T03:00:00+01:00"},
		{"Pacific/Apia", "20111230T120000", "2011-12-31T12:00:00+14:00"}, // a day that was skipped
		{"Asia/Kathmandu", "20260329T023000", "2026-03-29T02:30:00+05:45"},
	} {
		w, _, ok := parseTime(c.wall)
		if got := At(w, zone(t, c.zone)).Format(time.RFC3339); !ok || got != c.want {
			t.Errorf("%s in %s is %s, want %s", c.wall, c.zone, got, c.want)
		}
	}
	r := recurrence(t, time.UTC, "DTSTART;TZID=Europe/Paris:20260328T023000", "RRULE:FREQ=DAILY;COUNT=3")
	all, _ := r.Between(r.Start, r.Start.AddDate(1, 0, 0), 10)
	if got := written(all, "0230"); got != "20260328 20260329T0330 20260330" {
		t.Error(got)
	}
}

// TestASeason: 22 distributions, of which some are skipped: COUNT counts those
// too. RFC 5545 3.3.10.
func TestASeason(t *testing.T) {
	r := recurrence(t, time.UTC, "DTSTART;TZID=Europe/Paris:20260305T183000", "DTEND;TZID=Europe/Paris:20260305T193000", "RRULE:FREQ=WEEKLY;COUNT=22", "EXDATE;TZID=Europe/Paris:20260416T183000")
	holidays := func(from, to string) int {
		first, _ := time.Parse(time.DateOnly, from)
		last, _ := time.Parse(time.DateOnly, to)
		return r.Skip(first, last)
	}
	if n := holidays("2026-04-16", "2026-05-07"); n != 3 {
		t.Errorf("%d skipped", n)
	}
	if n := holidays("2026-04-16", "2026-05-07"); n != 0 {
		t.Errorf("%d skipped again", n)
	}
	if n := holidays("2026-12-19", "2027-01-04"); n != 0 {
		t.Errorf("%d skipped after the end", n)
	}
	all, more := r.Between(r.Start, r.Start.AddDate(1, 0, 0), 500)
	want := "20260305 20260312 20260319 20260326 20260402 20260409 20260514 20260521 20260528 20260604 20260611 20260618 20260625 20260702 20260709 20260716 20260723 20260730"
	if got := written(all, "1830"); got != want || more {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if last, ok := r.Last(); !ok || last.Format(time.DateOnly) != "2026-07-30" {
		t.Error(last, ok)
	}
}

func TestUntil(t *testing.T) {
	for _, c := range []struct{ start, until, want string }{
		{";TZID=Europe/Paris:20260305T183000", "20260319", "20260305 20260312 20260319"},
		{";TZID=Europe/Paris:20260305T183000", "20260318", "20260305 20260312"},
		{";TZID=Europe/Paris:20260305T183000", "20260319T183000", "20260305 20260312 20260319"},
		{";TZID=Europe/Paris:20260305T183000", "20260319T182959", "20260305 20260312"},
		{";TZID=Europe/Paris:20260305T183000", "20260319T173000Z", "20260305 20260312 20260319"},
		{";TZID=Europe/Paris:20260305T183000", "20260319T172959Z", "20260305 20260312"},
		{";TZID=Europe/Paris:20260305T183000", "20260301", "20260305"},
		{";VALUE=DATE:20260305", "20260319", "20260305T0000 20260312T0000 20260319T0000"},
		{";VALUE=DATE:20260305", "20260318T230000Z", "20260305T0000 20260312T0000 20260319T0000"},
		{";VALUE=DATE:20260305", "20260318T225959Z", "20260305T0000 20260312T0000"},
		{":20260305T183000Z", "20260319T183000Z", "20260305 20260312 20260319"},
	} {
		r := recurrence(t, zone(t, "Europe/Paris"), "DTSTART"+c.start, "RRULE:FREQ=WEEKLY;UNTIL="+c.until)
		all, more := r.Between(r.Start, r.Start.AddDate(1, 0, 0), 100)
		if got := written(all, "1830"); got != c.want || more {
			t.Errorf("until %s of %s: %s, want %s", c.until, c.start, got, c.want)
		}
	}
}

// TestTheYear9999 is how some programs write "for ever".
func TestTheYear9999(t *testing.T) {
	r := recurrence(t, time.UTC, "DTSTART:20260305T183000Z", "RRULE:FREQ=WEEKLY;UNTIL=99991231T235959Z")
	if r.Ends() || !strings.Contains(r.String(), "UNTIL=99991231T235959Z") {
		t.Error(r)
	}
}

func TestWhatDiffersFromTheRule(t *testing.T) {
	r := recurrence(t, zone(t, "Europe/Paris"),
		"DTSTART;TZID=Europe/Paris:20260305T183000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=6",
		"EXDATE;VALUE=DATE:20260312", "EXDATE:20260319T173000Z", "RDATE;TZID=Europe/Paris:20260307T100000,20260308T100000",
		"RDATE;VALUE=PERIOD:20260309T090000Z/PT2H",
		"RECURRENCE-ID;TZID=Europe/Paris:20260326T183000", "DTSTART;TZID=Europe/Paris:20260327T190000", "DTEND;TZID=Europe/Paris:20260327T200000",
		"RECURRENCE-ID;TZID=Europe/Paris:20260402T183000", "STATUS:CANCELLED",
		"RECURRENCE-ID;TZID=Europe/Paris:20260307T100000", "DTSTART;TZID=Europe/Paris:20260501T100000")
	all, more := r.Between(r.Start, r.Start.AddDate(1, 0, 0), 100)
	if got := written(all, "1830"); got != "20260305 20260308T1000 20260309T1000 20260327T1900 20260409 20260501T1000" || more {
		t.Fatal(got)
	}
	if o := all[3]; !o.Changed || o.Was.Format("0102 15:04") != "0326 18:30" || o.End.Format("15:04") != "20:00" {
		t.Error(o)
	}
	again, err := ParseRecurrence(r.String(), time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r.String(), again.String()); diff != "" {
		t.Error(diff)
	}
	more2, _ := again.Between(r.Start, r.Start.AddDate(1, 0, 0), 100)
	if written(more2, "") != written(all, "") {
		t.Error(written(more2, ""))
	}
	if all, _ := r.Between(r.Start.AddDate(0, 1, 20), r.Start.AddDate(1, 0, 0), 100); written(all, "") != "20260501T1000" {
		t.Error("moved into what is asked for:", written(all, ""))
	}
}

func TestWholeDaysAgain(t *testing.T) {
	r := recurrence(t, zone(t, "Europe/Paris"), "DTSTART;VALUE=DATE:20260328", "DTEND;VALUE=DATE:20260330", "RRULE:FREQ=YEARLY;COUNT=2", "EXDATE:20270328T000000Z", "RDATE;VALUE=DATE:20261024")
	all, _ := r.Between(r.Start, r.Start.AddDate(2, 0, 0), 10)
	var got []string
	for _, o := range all {
		got = append(got, o.Start.Format(time.DateTime)+" "+o.End.Format(time.DateTime))
	}
	if diff := cmp.Diff([]string{"2026-03-28 00:00:00 2026-03-30 00:00:00", "2026-10-24 00:00:00 2026-10-26 00:00:00"}, got); diff != "" {
		t.Error(diff)
	}
	if want := "DTSTART;VALUE=DATE:20260328\nDTEND;VALUE=DATE:20260330\nRRULE:FREQ=YEARLY;COUNT=2\nRDATE;VALUE=DATE:20261024\nEXDATE;VALUE=DATE:20270328"; r.String() != want {
		t.Error(r.String())
	}
}

// TestAMidnightStampedZ means the day, also where the sun rises later.
func TestAMidnightStampedZ(t *testing.T) {
	r := recurrence(t, zone(t, "America/Martinique"), "DTSTART;VALUE=DATE:20260328", "RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20260329T000000Z")
	all, _ := r.Between(r.Start, r.Start.AddDate(1, 0, 0), 10)
	if got := written(all, "0000"); got != "20260328 20260330" {
		t.Error(got)
	}
}

func TestWhatIsGoingOnIsGiven(t *testing.T) {
	r := recurrence(t, time.UTC, "DTSTART:20260305T180000Z", "DTEND:20260305T200000Z", "RRULE:FREQ=DAILY")
	all, more := r.Between(time.Date(2026, 3, 7, 19, 0, 0, 0, time.UTC), time.Date(2026, 3, 8, 18, 0, 0, 0, time.UTC), 10)
	if written(all, "1800") != "20260307" || more {
		t.Error(written(all, ""), more)
	}
}

func TestItIsBounded(t *testing.T) {
	r := recurrence(t, time.UTC, "DTSTART:20260305T180000Z", "RRULE:FREQ=DAILY")
	if r.Ends() {
		t.Error("it ends")
	}
	if _, ok := r.Last(); ok {
		t.Error("it has a last one")
	}
	all, more := r.Between(r.Start, r.Start.AddDate(1000, 0, 0), 1_000_000)
	if len(all) != MaxOccurrences || !more {
		t.Error(len(all), more)
	}
	weekly := recurrence(t, time.UTC, "DTSTART:20260305T180000Z", "RRULE:FREQ=WEEKLY")
	all, more = weekly.Between(r.Start, r.Start.AddDate(1000, 0, 0), 1_000_000)
	if len(all) != 261 || !more {
		t.Error(len(all), more)
	}
	if all, more := weekly.Between(r.Start, r.Start.AddDate(1, 0, 0), -1); len(all) != 0 || !more {
		t.Error(len(all), more)
	}
	if all, more := r.Between(r.Start, r.Start, 10); len(all) != 0 || more {
		t.Error(len(all), more)
	}
}

// TestNothingToFind: rules that fit no day, or hardly one, cost little. The
// library alone looks until the year 9999.
func TestNothingToFind(t *testing.T) {
	for _, rule := range []string{
		"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31", "FREQ=DAILY;BYMONTHDAY=31;BYMONTH=4,6;BYHOUR=1,2,3,4,5,6,7,8",
		"FREQ=DAILY;INTERVAL=2147483647", "FREQ=WEEKLY;INTERVAL=9223372036854775807", "FREQ=MONTHLY;INTERVAL=99999;BYDAY=5WE", "FREQ=YEARLY;INTERVAL=5000",
		"FREQ=MONTHLY;BYDAY=TH;BYSETPOS=300", "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29", "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6",
	} {
		r := &Recurrence{Start: time.Date(1903, 3, 5, 18, 30, 0, 0, time.UTC)}
		if err := r.SetRule(rule); err != nil {
			t.Fatal(rule, err)
		}
		steps := 0
		for range r.starts(r.Start, time.Date(2098, 1, 1, 0, 0, 0, 0, time.UTC)) {
			steps++
		}
		if steps != 1 {
			t.Errorf("%s: %d", rule, steps)
		}
	}
}

func TestTextsThatAreNoRecurrence(t *testing.T) {
	for _, text := range []string{
		"", "RRULE:FREQ=DAILY", "DTSTART", "DTSTART:yesterday", "DTSTART:20260230", "DTSTART:00010101", "STATUS:CANCELLED\nDTSTART:20260305",
		"DTSTART:20260305T180000\nRRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY", "DTSTART:20260305\nDURATION:P", "DTSTART:20260305\nDTEND:x",
		"DTSTART:20260305\nEXDATE:20260306,", "RECURRENCE-ID:20260305", "DTSTART:20260305\nRECURRENCE-ID:x", "\x00\n:", strings.Repeat("DTSTART:20260305\n", 20_000),
		"DTSTART:20260305\nRDATE:" + strings.Repeat("20260306,", MaxDates) + "20260307",
	} {
		r, err := ParseRecurrence(text, time.UTC)
		if text == "STATUS:CANCELLED\nDTSTART:20260305" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		if err == nil {
			t.Errorf("%.60q: %v", text, r)
		}
	}
}

// BenchmarkTenThousand expands 10,000 occurrences in Paris, in one go.
func BenchmarkTenThousand(b *testing.B) {
	r := recurrence(b, time.UTC, "DTSTART;TZID=Europe/Paris:20260305T183000", "DTEND;TZID=Europe/Paris:20260305T193000", "RRULE:FREQ=DAILY;COUNT=10000")
	for b.Loop() {
		all, _ := r.between(r.Start, r.Start.AddDate(40, 0, 0), 20_000)
		if len(all) != 10_000 {
			b.Fatal(len(all))
		}
	}
}

// BenchmarkAgenda asks 400 weekly events for a month, as an agenda does.
func BenchmarkAgenda(b *testing.B) {
	r := recurrence(b, time.UTC, "DTSTART;TZID=Europe/Paris:20240307T183000", "RRULE:FREQ=WEEKLY")
	from := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for b.Loop() {
		for range 400 {
			if all, _ := r.Between(from, from.AddDate(0, 1, 0), 50); len(all) != 4 {
				b.Fatal(len(all))
			}
		}
	}
}

func ExampleRecurrence_Between() {
	paris, _ := time.LoadLocation("Europe/Paris")
	r := &Recurrence{Start: time.Date(2026, 10, 22, 18, 30, 0, 0, paris)}
	if err := r.SetRule("FREQ=WEEKLY;COUNT=2"); err != nil {
		return
	}
	all, _ := r.Between(r.Start, r.Start.AddDate(1, 0, 0), 10)
	for _, o := range all {
		fmt.Println(o.Start)
	}
	// Output:
	// 2026-10-22 18:30:00 +0200 CEST
	// 2026-10-29 18:30:00 +0100 CET
}

// TestFarFromTheStart: what is asked for years after the start is what one
// comes to step by step.
func TestFarFromTheStart(t *testing.T) {
	for _, rule := range []string{
		"FREQ=DAILY", "FREQ=DAILY;INTERVAL=3", "FREQ=DAILY;INTERVAL=7;BYMONTH=3,10", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU", "FREQ=WEEKLY;INTERVAL=3;WKST=WE",
		"FREQ=MONTHLY;BYMONTHDAY=31", "FREQ=MONTHLY;INTERVAL=5;BYDAY=-1TH", "FREQ=MONTHLY;INTERVAL=7;BYDAY=MO,TU;BYSETPOS=-2", "FREQ=YEARLY", "FREQ=YEARLY;INTERVAL=3;BYDAY=10MO", "FREQ=YEARLY;BYWEEKNO=1",
	} {
		r := recurrence(t, time.UTC, "DTSTART;TZID=Europe/Paris:20040131T233000", "DTEND;TZID=Europe/Paris:20040201T013000", "RRULE:"+rule)
		from := time.Date(2026, 2, 27, 23, 0, 0, 0, time.UTC)
		got, _ := r.between(from, from.AddDate(4, 0, 0), 2000)
		var want []Occurrence
		for s := range r.starts(r.Start, from.AddDate(4, 0, 0)) {
			if o := r.occurrence(s); o.End.After(from) {
				want = append(want, o)
			}
		}
		if written(got, "2330") != written(want, "2330") || len(got) == 0 {
			t.Errorf("%s: %.200s\nwant %.200s", rule, written(got, "2330"), written(want, "2330"))
		}
	}
}

// TestAnOldRuleCostsLittle: a stranger's file may hold 5,000 of these.
func TestAnOldRuleCostsLittle(t *testing.T) {
	all := "FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23"
	r := recurrence(t, time.UTC, "DTSTART:19020101T000000Z", "RRULE:"+all)
	from := time.Date(2026, 2, 27, 23, 0, 0, 0, time.UTC)
	if got, more := r.Between(from, from.AddDate(0, 0, 2), 100); len(got) != 48 || more {
		t.Error(len(got), more)
	}
}
