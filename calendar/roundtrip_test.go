// SPDX-License-Identifier: AGPL-3.0-or-later

package calendar

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestWhatWeWriteWeReadBack: every field, zones, letters folded in their
// middle, and what has to be escaped.
func TestWhatWeWriteWeReadBack(t *testing.T) {
	p, reunion := zone(t, "Europe/Paris"), zone(t, "Indian/Reunion")
	stamp := time.Date(2026, 9, 1, 10, 0, 0, 0, time.UTC)
	long := strings.Repeat("Légumes, œufs; fromages \\ miel 🐝\\n ", 30) + "\nfin: « voilà »\n\n— \"merci\""
	events := []Event{
		{
			UID: "https://amap.example/objects/1", Sequence: 3, Status: Confirmed, Zone: p, Title: "Distribution, puis fête; entrée \\ libre: 18 h",
			Start: time.Date(2026, 10, 24, 18, 30, 0, 0, p), End: time.Date(2026, 10, 25, 4, 0, 0, 0, p), Description: long,
			Location: "Ferme du Plateau, 3 rue de l'Église; Étampes", Point: &Point{48.43, -2.16}, URL: "https://amap.example/objects/1?a=b;c,d",
			Tags: []string{"AMAP", "fête,locale", "a;b"}, Created: stamp, Modified: stamp.Add(time.Hour),
		},
		{UID: "2", Status: Cancelled, Zone: reunion, Title: strings.Repeat("é", 150), Start: time.Date(2026, 7, 1, 8, 0, 0, 0, reunion), Modified: stamp},
		{UID: "3", Status: Tentative, Zone: time.UTC, Title: "x", Start: time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC), Modified: stamp},
		{UID: "4", Status: Confirmed, Zone: p, AllDay: true, Title: "Fête", Start: time.Date(2026, 3, 28, 0, 0, 0, 0, p), End: time.Date(2026, 3, 30, 0, 0, 0, 0, p), Modified: stamp},
		{UID: "5", Status: Confirmed, Zone: p, Title: "Une heure qui est là deux fois", Start: time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC), Modified: stamp},
		{UID: "6", Status: Confirmed, Zone: p, Title: "La même, une heure après", Start: time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC), End: time.Date(2026, 10, 25, 3, 0, 0, 0, time.UTC), Modified: stamp},
	}
	var b bytes.Buffer
	if err := Write(&b, &Calendar{Name: "Agenda de l’AMAP, à Étampes; 2026", URL: "https://amap.example/events", Events: events}); err != nil {
		t.Fatal(err)
	}
	f, err := Read(&b, Options{Zone: p})
	if err != nil {
		t.Fatal(err)
	}
	if f.Name != "Agenda de l’AMAP, à Étampes; 2026" || f.Method != "" || len(f.Entries) != len(events) || ids(f.Report) != "report_zone_other" {
		t.Fatal(told(f))
	}
	for i, e := range f.Entries {
		got := Event{
			UID: e.UID, Sequence: e.Sequence, Status: e.Status, Start: e.Start, End: e.End, Zone: events[i].Zone, AllDay: e.AllDay, Title: e.Title,
			Description: e.Text, Location: e.Place, Point: e.Point, URL: e.URL, Tags: e.Categories, Created: events[i].Created, Modified: e.Modified,
		}
		same := cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })
		if diff := cmp.Diff(events[i], got, same); diff != "" {
			t.Error(diff)
		}
		if events[i].Zone != time.UTC && e.Start.Location().String() != events[i].Zone.String() {
			t.Error(e.Start)
		}
	}
}

// TestASeriesInAFile: the lines of a recurrence are those of a VEVENT, also for
// others.
func TestASeriesInAFile(t *testing.T) {
	r := recurrence(t, zone(t, "Europe/Paris"), "DTSTART;TZID=Europe/Paris:20260305T183000", "DTEND;TZID=Europe/Paris:20260305T193000",
		"RRULE:FREQ=WEEKLY;UNTIL=20260730", "EXDATE;TZID=Europe/Paris:20260416T183000", "RDATE;TZID=Europe/Paris:20260418T100000")
	text := "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:x\r\n" + strings.Join(r.Lines(), "\r\n") + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	if !strings.Contains(text, "UNTIL=20260730T215959Z") { // RFC 5545 3.3.10: in UTC beside a zone
		t.Error(text)
	}
	f, err := Read(strings.NewReader(text), Options{})
	if err != nil || len(f.Entries) != 1 || len(f.Report.Remarks) != 1 { // that Paris is not UTC
		t.Fatal(err, told(f))
	}
	if diff := cmp.Diff(r.String(), f.Entries[0].Recurrence.String()); diff != "" {
		t.Error(diff)
	}
}
