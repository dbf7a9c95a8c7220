// SPDX-License-Identifier: AGPL-3.0-or-later

package calendar

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"github.com/google/go-cmp/cmp"
)

// read reads events; each is the lines of one.
func read(t testing.TB, o Options, events ...string) *File {
	t.Helper()
	text := "BEGIN:VCALENDAR\nVERSION:2.0\n"
	for i, e := range events {
		if !strings.Contains(e, "UID:") {
			e = fmt.Sprintf("UID:%d\n", i) + e
		}
		text += "BEGIN:VEVENT\n" + e + "\nEND:VEVENT\n"
	}
	if o.Zone == nil {
		o.Zone = zone(t, "Europe/Paris")
	}
	f, err := Read(strings.NewReader(text+"END:VCALENDAR\n"), o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func ids(r Report) string {
	var all []string
	for _, m := range r.Remarks {
		all = append(all, m.ID)
	}
	return strings.Join(all, " ")
}

func TestTimesOfAnEvent(t *testing.T) {
	for _, c := range []struct{ lines, want, report string }{
		{"DTSTART;TZID=Europe/Paris:20260305T183000\nDTEND;TZID=Europe/Paris:20260305T193000", "0305 18:30 +0100 - 0305 19:30 +0100", ""},
		{"DTSTART;TZID=Europe/Paris:20260305T183000\nDURATION:PT1H30M", "0305 18:30 +0100 - 0305 20:00 +0100", ""},
		{"DTSTART;TZID=Europe/Paris:20260328T183000\nDURATION:P1D", "0328 18:30 +0100 - 0329 18:30 +0200", ""},
		{"DTSTART;TZID=Europe/Paris:20260328T183000\nDURATION:PT24H", "0328 18:30 +0100 - 0329 19:30 +0200", ""},
		{"DTSTART:20260305T183000", "0305 18:30 +0100", "report_floating"},
		{"DTSTART:20260305T1830", "0305 18:30 +0100", "report_floating"},
		{"DTSTART:2026-03-05T18:30:00", "0305 18:30 +0100", "report_floating"},
		{"DTSTART:20260305T183000Z", "0305 19:30 +0100", ""},
		{"DTSTART:20260305T183000Z\nRRULE:FREQ=WEEKLY", "0305 18:30 +0000", "report_utc_repeats"},
		{"DTSTART;TZID=Europe/Paris:20260305T183000Z", "0305 19:30 +0100", "report_zone_and_utc"},
		{"DTSTART;TZID=W. Europe Standard Time:20260305T183000", "0305 18:30 +0100", ""},
		{"DTSTART;TZID=Europe/Berlin:20260305T183000", "0305 18:30 +0100", ""},
		{"DTSTART;TZID=America/Martinique:20260305T183000", "0305 18:30 -0400", "report_zone_other"},
		{"DTSTART;TZID=Mars/Olympus:20260305T183000", "0305 18:30 +0100", "report_zone_unknown"},
		{"DTSTART;TZID=../../etc/passwd:20260305T183000", "0305 18:30 +0100", "report_zone_unknown"},
		{"DTSTART;TZID=Local:20260305T183000", "0305 18:30 +0100", "report_zone_unknown"},
		{"DTSTART;VALUE=DATE:20260305", "0305 00:00 +0100 - 0306 00:00 +0100 all day", ""},
		{"DTSTART:20260305\nDTEND:20260305", "0305 00:00 +0100 - 0306 00:00 +0100 all day", ""},
		{"DTSTART;VALUE=DATE:20260328\nDTEND;VALUE=DATE:20260330", "0328 00:00 +0100 - 0330 00:00 +0200 all day", ""},
		{"DTSTART;VALUE=DATE:20260328\nDURATION:P2D", "0328 00:00 +0100 - 0330 00:00 +0200 all day", ""},
		{"DTSTART;TZID=Europe/Paris:20260305T183000\nDTEND;TZID=Europe/Paris:20260305T173000", "0305 18:30 +0100", "report_end_before_start"},
		{"DTSTART;TZID=Europe/Paris:20260305T183000\nDTEND;TZID=Europe/Paris:20260305T183000", "0305 18:30 +0100", ""},
		{"DTSTART;TZID=Europe/Paris:20260305T183000\nDTEND:soon", "0305 18:30 +0100", "report_recurrence"},
		{"DTSTART;TZID=Europe/Paris:20260305T183000\nRRULE:FREQ=MINUTELY", "0305 18:30 +0100", "report_recurrence"},
		{"DTEND;TZID=Europe/Paris:20260305T183000", "", "report_no_start"},
		{"DTSTART:20261305T183000", "", "report_no_start"},
		{"DTSTART:99991231T235959Z", "", "report_no_start"},
	} {
		f := read(t, Options{}, c.lines+"\nSUMMARY:x")
		got := ""
		for _, e := range f.Entries {
			got = e.Start.Format("0102 15:04 -0700")
			if !e.End.IsZero() {
				got += e.End.Format(" - 0102 15:04 -0700")
			}
			if e.AllDay {
				got += " all day"
			}
		}
		if got != c.want || ids(f.Report) != c.report {
			t.Errorf("%s\ngot  %s, %s\nwant %s, %s", c.lines, got, ids(f.Report), c.want, c.report)
		}
	}
}

// TestAWallClockIsNotGuessed: only who reads can say that a calendar's Z, or its
// London, is the wall clock here.
func TestAWallClockIsNotGuessed(t *testing.T) {
	o := Options{WallClock: []string{"UTC", "Europe/London"}}
	f := read(t, o, "SUMMARY:a\nDTSTART:20260705T183000Z\nRRULE:FREQ=WEEKLY;COUNT=2", "SUMMARY:b\nDTSTART;TZID=Europe/London:20260705T183000", "SUMMARY:c\nDTSTART;TZID=Europe/Lisbon:20260705T183000")
	var got []string
	for _, e := range f.Entries {
		got = append(got, e.Start.Format("15:04 -0700"))
	}
	if diff := cmp.Diff([]string{"18:30 +0200", "18:30 +0200", "18:30 +0100"}, got); diff != "" || ids(f.Report) != "report_zone_other" {
		t.Error(diff, ids(f.Report))
	}
}

func TestZonesThatAFileDefines(t *testing.T) {
	define := func(id, place, standard, summer string) string {
		s := "BEGIN:VTIMEZONE\nTZID:" + id + "\n"
		if place != "" {
			s += "X-LIC-LOCATION:" + place + "\n"
		}
		s += "BEGIN:STANDARD\nDTSTART:19701025T030000\nTZOFFSETFROM:" + summer + "\nTZOFFSETTO:" + standard + "\nEND:STANDARD\n"
		if summer != standard {
			s += "BEGIN:DAYLIGHT\nDTSTART:19700329T020000\nTZOFFSETFROM:" + standard + "\nTZOFFSETTO:" + summer + "\nEND:DAYLIGHT\n"
		}
		return s + "END:VTIMEZONE\n"
	}
	for _, c := range []struct{ define, want, report string }{
		{define("Mine", "", "+0100", "+0200"), "Europe/Paris", "report_zone_guessed"},
		{define("Mine", "Europe/Rome", "+0100", "+0200"), "Europe/Rome", ""},
		{define("Mine", "", "+0000", "+0100"), "Europe/London", "report_zone_guessed report_zone_other"},
		{define("Mine", "", "-0400", "-0400"), "America/Martinique", "report_zone_guessed report_zone_other"},
		{define("Mine", "", "+0100", "+0100"), "Africa/Lagos", "report_zone_guessed report_zone_other"},
		{define("Mine", "", "+0123", "+0123"), "Europe/Paris", "report_zone_unknown"},
		{"BEGIN:VTIMEZONE\nTZID:Mine\nEND:VTIMEZONE\n", "Europe/Paris", "report_zone_unknown"},
		{"", "Europe/Paris", "report_zone_unknown"},
	} {
		text := "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:x\nDTSTART;TZID=Mine:20260705T183000\nEND:VEVENT\n" + c.define + "END:VCALENDAR\n"
		f, err := Read(strings.NewReader(text), Options{Zone: zone(t, "Europe/Paris")})
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Entries[0].Start; got.Location().String() != c.want || got.Format("15:04") != "18:30" || ids(f.Report) != c.report {
			t.Errorf("%s\n%s, %s; want %s, %s", c.define, got, ids(f.Report), c.want, c.report)
		}
	}
}

func TestLettersAndLines(t *testing.T) {
	event := "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART;TZID=Europe/Paris:20260705T183000\nSUMMARY:Fête à l'île — été\nEND:VEVENT\nEND:VCALENDAR\n"
	latin := strings.NewReplacer("ê", "\xea", "à", "\xe0", "î", "\xee", "é", "\xe9", "—", "\x97").Replace(event)
	folded := strings.Replace(event, "ê", "\xc3\r\n \xaa", 1)
	utf16 := []byte{0xff, 0xfe}
	for _, r := range event {
		utf16 = append(utf16, byte(r), byte(r>>8))
	}
	for name, c := range map[string]struct{ text, report string }{
		"plain":                     {event, ""},
		"CRLF":                      {strings.ReplaceAll(event, "\n", "\r\n"), ""},
		"CR":                        {strings.ReplaceAll(event, "\n", "\r"), ""},
		"byte order mark":           {"\ufeff" + event, ""},
		"Windows-1252":              {latin, "report_latin1"},
		"folded within a letter":    {folded, ""},
		"UTF-16":                    {string(utf16), ""},
		"blank lines":               {strings.ReplaceAll(event, "\n", "\n\n"), ""},
		"doubled ends of lines":     {strings.ReplaceAll(strings.ReplaceAll(folded, "\r\n", "\n"), "\n", "\r\r\n\r\n"), ""},
		"small letters":             {strings.NewReplacer("SUMMARY", "Summary", "BEGIN:VEVENT", "begin:vevent", "DTSTART;TZID", "dtstart;tzid").Replace(event), ""},
		"no VCALENDAR":              {event[len("BEGIN:VCALENDAR\n"):], ""},
		"two calendars":             {"BEGIN:VCALENDAR\nEND:VCALENDAR\n" + event, ""},
		"a broken line":             {strings.Replace(event, "SUMMARY", "nonsense\nSUMMARY", 1), "report_line_broken"},
		"cut off":                   {event[:strings.Index(event, "\nEND:VEVENT")], "report_cut"},
		"not closed":                {strings.Replace(event, "END:VEVENT\n", "", 1), ""},
		"control characters":        {strings.Replace(event, "Fête", "Fê\x00\x07te", 1), ""},
		"something before":          {"X-Header: 1\n\n" + event, ""},
		"a comma in a parameter":    {strings.Replace(event, "SUMMARY:", `SUMMARY;ALTREP="http://x.example/a,b;c:d";LANGUAGE=fr:`, 1), ""},
		"an END that nothing began": {strings.Replace(event, "END:VCALENDAR", "END:VALARM\nEND:VCALENDAR", 1), "report_line_broken"},
	} {
		f, err := Read(strings.NewReader(c.text), Options{Zone: zone(t, "Europe/Paris")})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(f.Entries) != 1 || f.Entries[0].Title != "Fête à l'île — été" || ids(f.Report) != c.report {
			t.Errorf("%s: %s", name, told(f))
		}
	}
}

func TestATitleIsOneTitle(t *testing.T) {
	f := read(t, Options{}, `DTSTART;VALUE=DATE:20260705`+"\n"+`SUMMARY:Fête\nEND:VEVENT\nBEGIN:VEVENT\, \; \\n \: fin`)
	if len(f.Entries) != 1 || f.Entries[0].Title != `Fête END:VEVENT BEGIN:VEVENT, ; \n : fin` {
		t.Error(told(f))
	}
}

func TestNamesAreStable(t *testing.T) {
	lines := "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Repas\nDTSTART:20260705T183000Z\nDTSTAMP:%s\nEND:VEVENT\nEND:VCALENDAR\n"
	var uids []string
	for _, stamp := range []string{"20260101T000000Z", "20260202T000000Z"} {
		f, err := Read(strings.NewReader(fmt.Sprintf(lines, stamp)), Options{})
		if err != nil || len(f.Entries) != 1 || !f.Entries[0].MadeUID || !f.Report.Has("report_no_uid") {
			t.Fatal(f, err)
		}
		uids = append(uids, f.Entries[0].UID)
	}
	if uids[0] != uids[1] || !strings.HasSuffix(uids[0], "@made.invalid") {
		t.Error(uids)
	}
}

func TestTheNewerOfTwoIsKept(t *testing.T) {
	for _, c := range []struct{ first, second, want string }{
		{"SEQUENCE:2\nSUMMARY:a", "SEQUENCE:1\nSUMMARY:b", "a"},
		{"SEQUENCE:1\nSUMMARY:a", "SEQUENCE:2\nSUMMARY:b", "b"},
		{"DTSTAMP:20260101T000000Z\nSUMMARY:a", "DTSTAMP:20260102T000000Z\nSUMMARY:b", "b"},
		{"SUMMARY:a", "SUMMARY:a", "a"},
	} {
		f := read(t, Options{}, "UID:1\nDTSTART;VALUE=DATE:20260705\n"+c.first, "UID:1\nDTSTART;VALUE=DATE:20260705\n"+c.second)
		if len(f.Entries) != 1 || f.Entries[0].Title != c.want || ids(f.Report) != "report_twice" {
			t.Errorf("%v: %s", c, told(f))
		}
	}
}

// TestADayNamesOneTime: some programs name a changed time by its day.
func TestADayNamesOneTime(t *testing.T) {
	f := read(t, Options{}, "UID:1\nSUMMARY:a\nDTSTART;TZID=Europe/Paris:20260305T183000\nRRULE:FREQ=WEEKLY;COUNT=3",
		"UID:1\nSUMMARY:a\nRECURRENCE-ID;VALUE=DATE:20260312\nDTSTART;TZID=Europe/Paris:20260313T100000",
		"UID:2\nSUMMARY:b\nRECURRENCE-ID;TZID=Europe/Paris:20260312T183000\nDTSTART;TZID=Europe/Paris:20260313T100000")
	r := f.Entries[0].Recurrence
	all, _ := r.Between(r.Start, r.Start.AddDate(1, 0, 0), 10)
	if got := written(all, "1830"); got != "20260305 20260313T1000 20260319" || len(f.Entries) != 2 {
		t.Error(got, told(f))
	}
}

// TestAnAnswer reads what Outlook and others send by mail when somebody who was
// invited answers. RFC 5546 3.2.3.
func TestAnAnswer(t *testing.T) {
	text := "BEGIN:VCALENDAR\nMETHOD:REPLY\nPRODID:Microsoft Exchange Server 2010\nVERSION:2.0\nBEGIN:VEVENT\n" +
		"ATTENDEE;PARTSTAT=ACCEPTED;CN=Sacha Dupont:MAILTO:sacha%2Bamap@vallon.example\nCOMMENT;LANGUAGE=fr-FR:À deux\\n\n" +
		"UID:https://amap.example/events/1\nSUMMARY;LANGUAGE=fr-FR:Accepté : Distribution\nDTSTART;TZID=Romance Standard Time:20260705T183000\n" +
		"RECURRENCE-ID;TZID=Romance Standard Time:20260705T183000\nSEQUENCE:3\nDTSTAMP:20260701T080000Z\nEND:VEVENT\nEND:VCALENDAR\n"
	f, err := Read(strings.NewReader(text), Options{Zone: zone(t, "Europe/Paris")})
	if err != nil || f.Method != "REPLY" || len(f.Entries) != 1 {
		t.Fatal(f, err)
	}
	e := f.Entries[0]
	want := []Answer{{Person{"Sacha Dupont", "sacha+amap@vallon.example"}, "ACCEPTED", "À deux\n"}}
	if diff := cmp.Diff(want, e.Answers); diff != "" {
		t.Error(diff)
	}
	if e.UID != "https://amap.example/events/1" || e.Sequence != 3 || e.Was.Format("15:04 -0700") != "18:30 +0200" || e.Key() != "https://amap.example/events/1 1783269000" {
		t.Error(e.Key(), e.Sequence, e.Was)
	}
	f, err = Read(strings.NewReader(strings.Replace(text, "METHOD:REPLY", "METHOD:PUBLISH", 1)), Options{})
	if err != nil || len(f.Entries[0].Answers) != 0 {
		t.Error("who is invited was read from a public calendar", err)
	}
}

func TestWhatIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		r      io.Reader
		reason string
	}{
		"a page":         {strings.NewReader("<!doctype html><title>Connexion</title>"), "error_calendar_kind"},
		"nothing":        {strings.NewReader(""), "error_calendar_kind"},
		"a picture":      {bytes.NewReader([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")), "error_calendar_kind"},
		"100 MB":         {io.MultiReader(strings.NewReader("BEGIN:VCALENDAR\n"), &endless{left: 100 << 20}), "error_calendar_large"},
		"one byte more":  {strings.NewReader("BEGIN:VCALENDAR\n" + strings.Repeat("x", MaxBytes)), "error_calendar_large"},
		"only a journal": {strings.NewReader("BEGIN:VJOURNAL\nEND:VJOURNAL\n"), "error_calendar_kind"},
	} {
		_, err := Read(c.r, Options{})
		wrong, ok := errors.AsType[*federation.FieldError](err)
		if !ok || wrong.Reason != c.reason || wrong.Field != "calendar" {
			t.Errorf("%s: %v", name, err)
		}
		if e, ok := c.r.(*endless); ok && e.left < 90<<20 {
			t.Errorf("%s: read on to the end", name)
		}
	}
	if _, err := Read(io.MultiReader(strings.NewReader("BEGIN:"), broken{}), Options{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
}

// endless gives that many bytes.
type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.left)
	e.left -= n
	return n, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestTooMuchIsBounded(t *testing.T) {
	many := "BEGIN:VCALENDAR\n" + strings.Repeat("BEGIN:VEVENT\nDTSTART:20260705\nEND:VEVENT\n", 100_000) + "END:VCALENDAR\n"
	if len(many) > MaxBytes {
		t.Fatal("too large for this test")
	}
	f, err := Read(strings.NewReader(many), Options{})
	if err != nil || !f.Report.Has("report_too_many") || len(f.Report.Remarks) > maxRemarks {
		t.Fatal(err, ids(f.Report))
	}
	deep := "BEGIN:VCALENDAR\n" + strings.Repeat("BEGIN:VALARM\n", 300_000)
	if f, err = Read(strings.NewReader(deep), Options{}); err != nil || !f.Report.Has("report_nested") {
		t.Error(err)
	}
	long := "DTSTART:20260705\nSUMMARY:" + strings.Repeat("é", 1<<18) + "\nDESCRIPTION:" + strings.Repeat("é", 1<<18) + "\nUID:" + strings.Repeat("u", 1<<18)
	f = read(t, Options{}, long)
	if e := f.Entries[0]; len(e.Title) > 2*maxName+3 || len(e.Text) > 2*maxText+3 || !strings.HasSuffix(e.UID, "@long.invalid") || !f.Report.Has("report_line_long") {
		t.Error(len(e.Title), len(e.Text), len(e.UID), ids(f.Report))
	}
	zones := ""
	for i := range 3000 {
		zones += fmt.Sprintf("BEGIN:VEVENT\nUID:%d\nSUMMARY:x\nDTSTART;TZID=Zone/%d:20260705T100000\nEND:VEVENT\n", i, i)
	}
	if f, err = Read(strings.NewReader("BEGIN:VCALENDAR\n"+zones), Options{}); err != nil || len(f.Entries) != 3000 || f.Report.More == 0 {
		t.Error(err, len(f.Entries), f.Report.More)
	}
	lines := read(t, Options{}, "DTSTART:20260705\n"+strings.Repeat("COMMENT:x\n", 5000)+"SUMMARY:late")
	if !lines.Report.Has("report_long_event") {
		t.Error(ids(lines.Report))
	}
	dates := read(t, Options{}, "DTSTART:20260705\nRRULE:FREQ=DAILY\nEXDATE:"+strings.Repeat("20260706,", 5000)+"x")
	if len(dates.Entries[0].Recurrence.Skipped) != MaxDates || !dates.Report.Has("report_recurrence") {
		t.Error(ids(dates.Report))
	}
}

func TestRemarksAreSentences(t *testing.T) {
	var r Report
	r.add("report_recurrence", 12, "Property", "RRULE", "Reason", "error_recurrence_interval")
	r.add("report_recurrence", 14, "Property", "RRULE", "Reason", "error_recurrence_interval")
	got := strings.NewReplacer("\u202f", " ", "\u00a0", " ").Replace(r.Remarks[0].Text(locale.New("fr")))
	if want := "Ligne 12 : RRULE : L’intervalle est un nombre entier, 1 au moins. Cette partie est laissée de côté. (et 1 fois encore)"; got != want {
		t.Error(got)
	}
}

// BenchmarkRead reads a calendar of 5,000 events.
func BenchmarkRead(b *testing.B) {
	const events = 5000
	var text strings.Builder
	text.WriteString("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
	for i := range events {
		start := time.Date(2026, 1, 1, 18, 30, 0, 0, time.UTC).Add(time.Duration(i) * time.Hour).Format(local)
		fmt.Fprintf(&text, "BEGIN:VEVENT\r\nUID:%d@x.example\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Paris:%s\r\nDURATION:PT1H\r\nSUMMARY:Distribution %d\r\nLOCATION:Salle des fêtes\\, Le Vallon\r\nDESCRIPTION:Apportez vos sacs\\, et de quoi\r\n  emballer.\r\nRRULE:FREQ=WEEKLY;COUNT=22\r\nEND:VEVENT\r\n", i, start, i)
	}
	text.WriteString("END:VCALENDAR\r\n")
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		f, err := Read(strings.NewReader(text.String()), Options{})
		if err != nil || len(f.Entries) != events {
			b.Fatal(err)
		}
	}
}

// What is wrong with the times of an event is said with its name and both times,
// on its clocks and as people write them.
func TestAnEndBeforeTheStartIsSaidWithBothTimes(t *testing.T) {
	f := read(t, Options{}, "SUMMARY:Atelier vélo\nDTSTART;TZID=Europe/Paris:20260305T183000\nDTEND;TZID=Europe/Paris:20260305T173000")
	if len(f.Report.Remarks) != 1 {
		t.Fatal(ids(f.Report))
	}
	for lang, words := range map[string][]string{
		"fr": {"Atelier vélo", "jeudi 5 mars 2026, 18 h 30", "jeudi 5 mars 2026, 17 h 30"}, "en": {"Atelier vélo", "5 March 2026, 6:30 pm", "5 March 2026, 5:30 pm"},
	} {
		text := strings.ReplaceAll(strings.ReplaceAll(f.Report.Remarks[0].Text(locale.New(lang)), "\u00a0", " "), "\u202f", " ")
		for _, w := range words {
			if !strings.Contains(text, w) {
				t.Errorf("%s: no %q in %s", lang, w, text)
			}
		}
	}
}
