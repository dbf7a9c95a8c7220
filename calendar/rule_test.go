// SPDX-License-Identifier: AGPL-3.0-or-later

package calendar

import (
	"errors"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"github.com/google/go-cmp/cmp"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// recurrence makes one of lines of iCalendar.
func recurrence(t testing.TB, in *time.Location, lines ...string) *Recurrence {
	t.Helper()
	r, err := ParseRecurrence(strings.Join(lines, "\n"), in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// written lists when occurrences begin: the day, and the hour where it is not
// what most of them have.
func written(all []Occurrence, usual string) string {
	var words []string
	for _, o := range all {
		s := o.Start.Format("20060102")
		if hour := o.Start.Format("1504"); hour != usual {
			s += "T" + hour
		}
		words = append(words, s)
	}
	return strings.Join(words, " ")
}

// TestExamplesOfTheRFC has all examples of RFC 5545 3.8.5.3, in its order, with
// the dates that it prints; "..." follows where it goes on for ever or is long.
// All are on New York's clocks and at nine.
func TestExamplesOfTheRFC(t *testing.T) {
	ny := zone(t, "America/New_York")
	for _, c := range []struct{ start, rule, want string }{
		{"19970902", "FREQ=DAILY;COUNT=10", "19970902 19970903 19970904 19970905 19970906 19970907 19970908 19970909 19970910 19970911"},
		{"19970902", "FREQ=DAILY;UNTIL=19971224T000000Z", "19970902 19970903 ... 19971222 19971223"},
		{"19970902", "FREQ=DAILY;INTERVAL=2", "19970902 19970904 19970906 ..."},
		{"19970902", "FREQ=DAILY;INTERVAL=10;COUNT=5", "19970902 19970912 19970922 19971002 19971012"},
		{"19980101", "FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA", "19980101 19980102 ... 20000130 20000131"},
		{"19980101", "FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1", "19980101 19980102 ... 20000130 20000131"},
		{"19970902", "FREQ=WEEKLY;COUNT=10", "19970902 19970909 19970916 19970923 19970930 19971007 19971014 19971021 19971028 19971104"},
		{"19970902", "FREQ=WEEKLY;UNTIL=19971224T000000Z", "19970902 19970909 19970916 19970923 19970930 19971007 19971014 19971021 19971028 19971104 19971111 19971118 19971125 19971202 19971209 19971216 19971223"},
		{"19970902", "FREQ=WEEKLY;INTERVAL=2;WKST=SU", "19970902 19970916 19970930 19971014 19971028 19971111 19971125 19971209 19971223 19980106 19980120 19980203 19980217 ..."},
		{"19970902", "FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH", "19970902 19970904 19970909 19970911 19970916 19970918 19970923 19970925 19970930 19971002"},
		{"19970902", "FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH", "19970902 19970904 19970909 19970911 19970916 19970918 19970923 19970925 19970930 19971002"},
		{"19970901", "FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR", "19970901 19970903 19970905 19970915 19970917 19970919 19970929 19971001 19971003 19971013 19971015 19971017 19971027 19971029 19971031 19971110 19971112 19971114 19971124 19971126 19971128 19971208 19971210 19971212 19971222"},
		{"19970902", "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH", "19970902 19970904 19970916 19970918 19970930 19971002 19971014 19971016"},
		{"19970905", "FREQ=MONTHLY;COUNT=10;BYDAY=1FR", "19970905 19971003 19971107 19971205 19980102 19980206 19980306 19980403 19980501 19980605"},
		{"19970905", "FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR", "19970905 19971003 19971107 19971205"},
		{"19970907", "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU", "19970907 19970928 19971102 19971130 19980104 19980125 19980301 19980329 19980503 19980531"},
		{"19970922", "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO", "19970922 19971020 19971117 19971222 19980119 19980216"},
		{"19970928", "FREQ=MONTHLY;BYMONTHDAY=-3", "19970928 19971029 19971128 19971229 19980129 19980226 ..."},
		{"19970902", "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15", "19970902 19970915 19971002 19971015 19971102 19971115 19971202 19971215 19980102 19980115"},
		{"19970930", "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1", "19970930 19971001 19971031 19971101 19971130 19971201 19971231 19980101 19980131 19980201"},
		{"19970910", "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15", "19970910 19970911 19970912 19970913 19970914 19970915 19990310 19990311 19990312 19990313"},
		{"19970902", "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU", "19970902 19970909 19970916 19970923 19970930 19971104 19971111 19971118 19971125 19980106 19980113 19980120 19980127 19980303 19980310 19980317 19980324 19980331 ..."},
		{"19970610", "FREQ=YEARLY;COUNT=10;BYMONTH=6,7", "19970610 19970710 19980610 19980710 19990610 19990710 20000610 20000710 20010610 20010710"},
		{"19970310", "FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3", "19970310 19990110 19990210 19990310 20010110 20010210 20010310 20030110 20030210 20030310"},
		{"19970101", "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200", "19970101 19970410 19970719 20000101 20000409 20000718 20030101 20030410 20030719 20060101"},
		{"19970519", "FREQ=YEARLY;BYDAY=20MO", "19970519 19980518 19990517 ..."},
		{"19970512", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "19970512 19980511 19990517 ..."},
		{"19970313", "FREQ=YEARLY;BYMONTH=3;BYDAY=TH", "19970313 19970320 19970327 19980305 19980312 19980319 19980326 19990304 19990311 19990318 19990325 ..."},
		{"19970605", "FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8", "19970605 19970612 19970619 19970626 19970703 19970710 19970717 19970724 19970731 19970807 19970814 19970821 19970828 19980604 19980611 19980618 ..."},
		{"19970902", "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13\nEXDATE;TZID=America/New_York:19970902T090000", "19980213 19980313 19981113 19990813 20001013 ..."},
		{"19970913", "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13", "19970913 19971011 19971108 19971213 19980110 19980207 19980307 19980411 19980509 19980613 ..."},
		{"19961105", "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8", "19961105 20001107 ..."},
		{"19970904", "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "19970904 19971007 19971106"},
		{"19970929", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", "19970929 19971030 19971127 19971230 19980129 19980226 19980330 ..."},
		{"19970902", "FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40", "19970902 19970902T0920 19970902T0940 19970902T1000 ..."},
		{"19970805", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "19970805 19970810 19970819 19970824"},
		{"19970805", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "19970805 19970817 19970819 19970831"},
		{"20070115", "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "20070115 20070130 20070215 20070315 20070330"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			r := recurrence(t, ny, "DTSTART;TZID=America/New_York:"+c.start+"T090000", "RRULE:"+c.rule)
			all, more := r.between(r.Start, r.Start.AddDate(10, 0, 0), MaxOccurrences)
			got := written(all, "0900")
			first, last, open := strings.Cut(c.want, " ...")
			if last = strings.TrimSpace(last); !strings.HasPrefix(got, first) || !strings.HasSuffix(got, last) || !open && got != c.want {
				t.Errorf("got  %.400s\nwant %s", got, c.want)
			}
			if ends := r.Ends(); ends == (open && last == "") || ends && more && len(all) < MaxOccurrences {
				t.Errorf("it ends: %v; more: %v", ends, more)
			}
		})
	}
}

// B61: and what goes on until 9999, or says nonsense, is bounded ([TestTheYear9999]).
func TestRulesThatAreRefused(t *testing.T) {
	for text, reason := range map[string]string{
		// The four examples of the RFC that are more often than daily.
		"FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000Z":           "error_recurrence_often",
		"FREQ=MINUTELY;INTERVAL=15;COUNT=6":                       "error_recurrence_often",
		"FREQ=MINUTELY;INTERVAL=90;COUNT=4":                       "error_recurrence_often",
		"FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16": "error_recurrence_often",
		"FREQ=SECONDLY": "error_recurrence_often",
		"FREQ=DAILY;BYHOUR=1,2,3,4,5;BYMINUTE=0,1,2,3,4;BYSECOND=0": "error_recurrence_often",
		"":                                          "error_recurrence",
		"COUNT=3":                                   "error_recurrence",
		"FREQ=FORTNIGHTLY":                          "error_recurrence",
		"FREQ=DAILY;FREQ=WEEKLY":                    "error_recurrence",
		"FREQ=WEEKLY;BYDAY=XX":                      "error_recurrence",
		"FREQ=WEEKLY;BYDAY=":                        "error_recurrence",
		"FREQ=WEEKLY;BYEASTER=1":                    "error_recurrence",
		"FREQ=YEARLY;RSCALE=HEBREW":                 "error_recurrence",
		"FREQ=MONTHLY;BYDAY=53MO":                   "error_recurrence",
		"FREQ=MONTHLY;BYMONTHDAY=32":                "error_recurrence",
		"FREQ=MONTHLY;BYWEEKNO=2":                   "error_recurrence",
		"FREQ=WEEKLY;BYMONTHDAY=2":                  "error_recurrence",
		"FREQ=WEEKLY;INTERVAL=99999999999999999999": "error_recurrence",
		"FREQ=WEEKLY;INTERVAL=0":                    "error_recurrence_interval",
		"FREQ=WEEKLY;INTERVAL=-1":                   "error_recurrence_interval",
		"FREQ=WEEKLY;COUNT=0":                       "error_recurrence_count",
		"FREQ=WEEKLY;COUNT=many":                    "error_recurrence_count",
		"FREQ=WEEKLY;UNTIL=tomorrow":                "error_recurrence_until",
		"FREQ=WEEKLY;COUNT=10001":                   "error_recurrence_count",
		"FREQ=WEEKLY;UNTIL=18990101":                "error_recurrence_until",
		"FREQ=WEEKLY;BYDAY=" + strings.Repeat("MO,", maxRule) + "MO": "error_recurrence",
	} {
		r := &Recurrence{Start: time.Date(2026, 3, 5, 18, 30, 0, 0, time.UTC)}
		err := r.SetRule(text)
		if text == "" {
			_, err = parseRule(text, time.UTC)
		}
		wrong, ok := errors.AsType[*federation.FieldError](err)
		if !ok || wrong.Field != "recurrence" || wrong.Reason != reason {
			t.Errorf("%.60s: %v, want %s", text, err, reason)
		}
	}
}

// TestWhereTheLibraryDiffers has what rrule-go alone takes otherwise than the
// RFC, or does not survive.
func TestWhereTheLibraryDiffers(t *testing.T) {
	for _, c := range []struct{ what, start, rule, want string }{
		{"the first time is one, and counts, though the rule would not have it", "20260304T090000", "FREQ=WEEKLY;BYDAY=TH;COUNT=3", "20260304 20260305 20260312"},
		{"a week without a day has the first one's", "20260511T090000", "FREQ=YEARLY;BYWEEKNO=20;COUNT=3", "20260511 20270517 20280515"},
		{"either a day or a numbered day", "20260302T090000", "FREQ=MONTHLY;BYDAY=MO,1TU;COUNT=7", "20260302 20260303 20260309 20260316 20260323 20260330 20260406"},
		{"positions count in the whole of the first week", "20260304T090000", "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=1;COUNT=3", "20260304 20260309 20260316"},
		{"the last week of a year that has 52", "20241228T090000", "FREQ=YEARLY;BYWEEKNO=-1;BYDAY=SA;COUNT=3", "20241228 20251227 20270102"},
		{"no 53rd Monday in a month", "20260302T090000", "FREQ=MONTHLY;BYDAY=53MO,1MO;COUNT=2", "20260302 20260406"},
		{"no 53rd Monday before the end of March", "20260302T090000", "FREQ=YEARLY;BYMONTH=3;BYDAY=-53MO,1MO;COUNT=2", "20260302 20270301"},
		{"a number that makes no sense is nothing", "20260302T090000", "FREQ=WEEKLY;BYDAY=2MO;COUNT=2", "20260302 20260309"},
		{"the 60th second", "20260302T090000", "FREQ=DAILY;BYSECOND=60;COUNT=2", "20260302 20260302"},
	} {
		t.Run(c.what, func(t *testing.T) {
			r := recurrence(t, zone(t, "Europe/Paris"), "DTSTART;TZID=Europe/Paris:"+c.start, "RRULE:"+c.rule)
			all, _ := r.Between(r.Start, r.Start.AddDate(5, 0, 0), 20)
			if got := written(all, "0900"); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// TestWeekNumbers compares the library's weeks with those of package time, in
// every year until 2100.
func TestWeekNumbers(t *testing.T) {
	for _, week := range []int{1, 2, 20, 52, 53} {
		var got, want []string
		start := time.Date(1998, 1, 1, 9, 0, 0, 0, time.UTC)
		r := &Recurrence{Start: start}
		rule := "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYWEEKNO=" + map[int]string{1: "1", 2: "2", 20: "20", 52: "52", 53: "53"}[week]
		if err := r.SetRule(rule); err != nil {
			t.Fatal(err)
		}
		end := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
		for from := start.AddDate(0, 0, 1); from.Before(end); from = from.AddDate(5, 0, 0) {
			all, _ := r.between(from, from.AddDate(5, 0, 0), MaxOccurrences)
			for _, o := range all {
				if o.Start.Before(end) {
					got = append(got, o.Start.Format("20060102"))
				}
			}
		}
		for d := start.AddDate(0, 0, 1); d.Before(end); d = d.AddDate(0, 0, 1) {
			if _, w := d.ISOWeek(); w == week {
				want = append(want, d.Format("20060102"))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("week %d (-want +got):\n%.1500s", week, diff)
		}
	}
}
