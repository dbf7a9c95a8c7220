// SPDX-License-Identifier: AGPL-3.0-or-later

package harvest

import (
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
	"codeberg.org/maillage/maillage/store/storetest"
)

// A server that answers badly changes nothing of what is published, and why is
// said; it is asked ever less often, and taken back when it is well.
func TestServersThatAnswerBadly(t *testing.T) {
	write := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); _, _ = w.Write([]byte(body)) }
	}
	for _, test := range []struct {
		name, fault string
		answer      http.HandlerFunc
	}{
		{"a page", "error_calendar_page", write(200, "\n<!DOCTYPE html><html><body>Connexion</body></html>")},
		{"something else", "error_calendar_kind", write(200, `{"events":[]}`)},
		{"nothing", "error_calendar_kind", write(200, "")},
		{"not found", "error_calendar_missing", write(404, "")},
		{"gone", "error_calendar_gone", write(410, "")},
		{"a password", "error_calendar_closed", write(401, "")},
		{"broken", "error_calendar_silent", write(500, "")},
		{"a teapot", "error_calendar_silent", write(418, "")},
		{"a gzip bomb", "error_calendar_packed", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(make([]byte, 64<<20))
			_ = z.Close()
		}},
		{"a hundred megabytes", "error_calendar_large", func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte("BEGIN:VCALENDAR\r\n"))
			line := []byte(strings.Repeat("X-LONG:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n", 1000))
			for range 2200 {
				if _, err := w.Write(line); err != nil || r.Context().Err() != nil {
					return
				}
			}
		}},
		{"redirects without end", "error_calendar_private", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/a.ics", http.StatusFound)
		}},
		{"the way to us", "error_calendar_private", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, home+"/events/calendar.ics", http.StatusFound)
		}},
		{"hangs up", "error_calendar_silent", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := start(t, storetest.SQLite(t)("harvest"))
			b.put("/a.ics", workshop("1@x", 20, "Vélo"))
			c := b.follow("/a.ics")
			b.read()
			page := b.pages["/a.ics"]
			b.answers(page, test.answer)
			for n := range 3 {
				b.pass(25 * time.Hour)
				read, err := b.worker.ReadNext(b.ctx)
				b.must(err)
				c := b.calendar(c.ID)
				if !read || c.Fault != test.fault || c.Faults != n+1 || c.Failing.IsZero() || c.Detail == "" {
					t.Fatalf("read %v: fault %q (%s), %d in a row", read, c.Fault, c.Detail, c.Faults)
				}
				if left := c.Due.Sub(b.now()); left < time.Duration(1<<n)*50*time.Minute || left > 25*time.Hour {
					t.Errorf("asked again in %v after %d faults", left, n+1)
				}
			}
			b.wants("20.09 14:00 Vélo")
			b.answers(page, nil)
			b.pass(25 * time.Hour)
			b.read()
			if c := b.calendar(c.ID); c.Fault != "" || c.Faults != 0 || !c.Failing.IsZero() {
				t.Errorf("still at fault: %q", c.Fault)
			}
		})
	}
}

func TestAServerThatAsksToWaitIsNotAskedBefore(t *testing.T) {
	b := start(t, storetest.SQLite(t)("harvest"))
	b.put("/a.ics", workshop("1@x", 20, "Vélo"))
	b.pages["/a.ics"].status = http.StatusServiceUnavailable
	b.pages["/a.ics"].header = http.Header{"Retry-After": {"20000"}}
	c := b.follow("/a.ics")
	b.read()
	if left := b.calendar(c.ID).Due.Sub(b.now()); left < 20000*time.Second {
		t.Errorf("asked again in %v", left)
	}
}

func TestHowOftenACalendarIsRead(t *testing.T) {
	for _, test := range []struct{ chosen, own, want time.Duration }{
		{0, 0, time.Hour},
		{0, 12 * time.Hour, 12 * time.Hour},
		{0, time.Minute, Shortest},
		{0, 30 * 24 * time.Hour, Longest},
		{Shortest, 12 * time.Hour, Shortest},
	} {
		if got := Interval(&store.Calendar{Every: test.chosen, OwnEvery: test.own}); got != test.want {
			t.Errorf("chosen %v, own %v: %v", test.chosen, test.own, got)
		}
	}
	b := start(t, storetest.SQLite(t)("harvest"))
	b.put("/a.ics", "REFRESH-INTERVAL;VALUE=DURATION:PT6H\r\n", workshop("1@x", 20, "Vélo"))
	c := b.follow("/a.ics")
	b.read()
	if c := b.calendar(c.ID); c.OwnEvery != 6*time.Hour {
		t.Errorf("it asks to be read every %v", c.OwnEvery)
	}
}

// What makes no sense in a calendar is said; the rest is published.
func TestCalendarsWithNonsense(t *testing.T) {
	for _, test := range []struct {
		name   string
		events []string
		want   []string
		remark string
	}{
		{"no name", []string{vevent("SUMMARY:Vélo", "DTSTART:20260912T140000")}, []string{"12.09 14:00 Vélo"}, "report_no_uid"},
		{"one name for all", []string{workshop("1", 12, "Vélo"), workshop("1", 13, "Bois")}, []string{"12.09 14:00 Vélo", "13.09 14:00 Bois"}, "report_same_uid"},
		{"an unknown zone", []string{vevent("UID:1", "SUMMARY:Vélo", "DTSTART;TZID=Mars/Olympus:20260912T140000")}, []string{"12.09 14:00 Vélo"}, "report_zone_unknown"},
		{"days without hours", []string{vevent("UID:1", "SUMMARY:Foire", "DTSTART;VALUE=DATE:20260912", "DTEND;VALUE=DATE:20260914")}, []string{"12.09 00:00 Foire"}, ""},
		{"an end before the start", []string{vevent("UID:1", "SUMMARY:Vélo", "DTSTART:20260912T140000", "DTEND:20260912T130000")}, []string{"12.09 14:00 Vélo"}, "report_end_before_start"},
		{"every second", []string{vevent("UID:1", "SUMMARY:Tic", "DTSTART:20260912T140000", "RRULE:FREQ=SECONDLY")}, []string{"12.09 14:00 Tic"}, "report_recurrence"},
		{"no title", []string{vevent("UID:1", "DTSTART:20260912T140000"), workshop("2", 13, "Bois")}, []string{"13.09 14:00 Bois"}, "report_no_title"},
		{"no start", []string{vevent("UID:1", "SUMMARY:Un jour"), workshop("2", 13, "Bois")}, []string{"13.09 14:00 Bois"}, "report_no_start"},
		{"year 9999", []string{vevent("UID:1", "SUMMARY:Loin", "DTSTART:20900912T140000"), workshop("2", 13, "Bois")}, []string{"13.09 14:00 Bois"}, ""},
		{"a line break in a title", []string{vevent("UID:1", `SUMMARY:Vélo\r\nEND:VEVENT\nBEGIN:VEVENT\nSUMMARY:Autre`, "DTSTART:20260912T140000")}, []string{`12.09 14:00 Vélo\r END:VEVENT BEGIN:VEVENT SUMMARY:Autre`}, ""},
		{"private", []string{workshop("1", 12, "Médecin", "CLASS:PRIVATE"), workshop("2", 13, "Bois")}, []string{"13.09 14:00 Bois"}, "report_private"},
		{"cut off", []string{workshop("1", 12, "Vélo"), "BEGIN:VEVENT\r\nUID:2\r\nSUMMARY:Coupé"}, []string{"12.09 14:00 Vélo"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := start(t, storetest.SQLite(t)("harvest"))
			b.put("/a.ics", test.events...)
			c := b.follow("/a.ics")
			b.read()
			b.wants(test.want...)
			found := test.remark == ""
			for _, m := range ReportOf(b.calendar(c.ID)).Remarks {
				found = found || m.ID == test.remark
			}
			if !found {
				t.Errorf("no %s in %+v", test.remark, ReportOf(b.calendar(c.ID)).Remarks)
			}
			before := b.rows(c.ID)
			b.pass(25 * time.Hour)
			b.read()
			if out := ReportOf(b.calendar(c.ID)).Outcome; out.Done() {
				t.Errorf("read a second time: %+v", out)
			}
			if after := b.rows(c.ID); len(after) != len(before) {
				t.Errorf("%d rows, then %d", len(before), len(after))
			}
		})
	}
}

func TestAWallClockStampedZ(t *testing.T) {
	b := start(t, storetest.SQLite(t)("harvest"))
	b.put("/a.ics", vevent("UID:1", "SUMMARY:Vélo", "DTSTART:20260912T140000Z", "RRULE:FREQ=WEEKLY;COUNT=8"))
	c := b.follow("/a.ics")
	b.read()
	if got := b.titles()[0]; got != "12.09 16:00 Vélo" {
		t.Fatal(got)
	}
	c = b.calendar(c.ID)
	c.WallClock = true
	b.update(func(tx *store.Tx) error { return tx.SetCalendar(b.ctx, c) })
	b.read()
	got := b.titles()
	if len(got) != 8 || got[0] != "12.09 14:00 Vélo" || got[7] != "31.10 14:00 Vélo" {
		t.Errorf("%q", got)
	}
}

func TestTextsOfACalendarAreOnlyText(t *testing.T) {
	b := start(t, storetest.SQLite(t)("harvest"))
	b.put("/a.ics", workshop("1@x", 12, "<img src=x onerror=alert(1)>Vélo", `LOCATION:<script>x</script>Salle`,
		`DESCRIPTION:<p onclick="x">Bonjour</p><script>alert(1)</script><a href="javascript:x">ici</a> et [là](javascript:alert)`, "URL:javascript:alert(1)"))
	c := b.follow("/a.ics")
	b.read()
	var o *federation.Object
	b.view(func(tx *store.Tx) (err error) { o, err = tx.Object(b.ctx, b.rows(c.ID)[0].Object); return err })
	all := strings.ToLower(o.Content + o.Summary + o.Name + fmt.Sprint(o.Location) + string(o.Raw))
	for _, bad := range []string{"<script", "onerror", "onclick", `href=\"javascript`, `href="javascript`} {
		if strings.Contains(all, bad) {
			t.Errorf("%q in %s", bad, all)
		}
	}
	if outbox.SourceOf(o).Name != "Vélo" || !strings.Contains(o.Content, "Bonjour") {
		t.Errorf("%s: %s", o.Name, o.Content)
	}
}

// Ten thousand events, in whatever order the file has them: those that come
// first are taken, and the same again.
func TestTenThousandEvents(t *testing.T) {
	b := start(t, storetest.SQLite(t)("harvest"))
	var text strings.Builder
	for i := 9999; i >= 0; i-- {
		at := b.now().Add(time.Duration(i+1) * time.Hour).Format("20060102T150405Z")
		fmt.Fprintf(&text, "BEGIN:VEVENT\r\nUID:%d@x\r\nSUMMARY:Date %d\r\nDTSTART:%s\r\nLOCATION:Salle des fêtes\\, 26000 Valence\r\nEND:VEVENT\r\n", i, i, at)
	}
	f, err := Parse([]byte(calendarOf(text.String())), false)
	b.must(err)
	items, more := Items(f, b.now())
	if len(f.Entries) != 10_000 || len(items) != MaxItems || more != 9000 || items[0].Title != "Date 0" || items[999].Title != "Date 999" {
		t.Fatalf("%d entries, %d items from %q, %d more", len(f.Entries), len(items), items[0].Title, more)
	}
	b.put("/a.ics", text.String())
	c := b.follow("/a.ics")
	b.read()
	if rows := b.rows(c.ID); len(rows) != MaxItems {
		t.Fatalf("%d rows", len(rows))
	}
	b.pass(25 * time.Hour) // 26 of them are over, so that 26 others come into sight
	b.read()
	r := ReportOf(b.calendar(c.ID))
	if r.Outcome.New < 20 || r.Outcome.New > 40 || r.Outcome.Removed+r.Outcome.Changed != 0 {
		t.Errorf("a day later: %+v", r.Outcome)
	}
}
