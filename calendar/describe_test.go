// SPDX-License-Identifier: AGPL-3.0-or-later

package calendar

import (
	"strings"
	"testing"

	"codeberg.org/maillage/maillage/locale"
)

func TestRepetitionInWords(t *testing.T) {
	paris := zone(t, "Europe/Paris")
	spaces := strings.NewReplacer("\u202f", " ", "\u00a0", " ")
	for _, c := range []struct{ lines, fr, en string }{
		{
			"DTSTART:20260305T183000\nDTEND:20260305T193000\nRRULE:FREQ=WEEKLY;COUNT=22\nEXDATE:20260416T183000,20260423T183000",
			"tous les jeudis de 18 h 30 à 19 h 30, du 5 mars au 30 juillet 2026, sauf les 16 et 23 avril",
			"every Thursday from 6:30 pm to 7:30 pm, 5 March to 30 July 2026, except 16 and 23 April",
		},
		{
			"DTSTART:20260303T180000\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH",
			"une semaine sur deux, mardi et jeudi, à 18 h, à partir du 3 mars 2026, sans date de fin",
			"every other week on Tuesday and Thursday at 6 pm, from 3 March 2026, with no end date",
		},
		{
			"DTSTART:20260303T180000\nRRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=20270131",
			"un mardi sur deux à 18 h, du 3 mars 2026 au 19 janvier 2027",
			"every other Tuesday at 6 pm, 3 March 2026 to 19 January 2027",
		},
		{
			"DTSTART:20260303T180000\nRRULE:FREQ=WEEKLY;INTERVAL=3;COUNT=1",
			"un mardi sur 3 à 18 h, le 3 mars 2026",
			"every 3 weeks on Tuesday at 6 pm, on 3 March 2026",
		},
		{
			"DTSTART;VALUE=DATE:20260302\nRRULE:FREQ=DAILY;COUNT=5\nEXDATE;VALUE=DATE:20260304",
			"tous les jours, du 2 mars au 6 mars 2026, sauf le 4 mars",
			"every day, 2 March to 6 March 2026, except 4 March",
		},
		{
			"DTSTART:20260302T090000\nDTEND:20260302T170000\nRRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;UNTIL=20260313",
			"du lundi au vendredi de 9 h à 17 h, du 2 mars au 13 mars 2026",
			"from Monday to Friday from 9 am to 5 pm, 2 March to 13 March 2026",
		},
		{
			"DTSTART:20261205T100000\nRRULE:FREQ=MONTHLY;BYDAY=1SA;COUNT=4\nRDATE:20270213T100000",
			"le premier samedi de chaque mois à 10 h, du 5 décembre 2026 au 6 mars 2027, et aussi le 13 février 2027",
			"on the first Saturday of every month at 10 am, 5 December 2026 to 6 March 2027, and also 13 February 2027",
		},
		{
			"DTSTART:20260501T100000\nRRULE:FREQ=MONTHLY;BYMONTHDAY=1,-1;INTERVAL=2;COUNT=4",
			"un mois sur deux, le 1er et le dernier jour, à 10 h, du 1er mai au 31 juillet 2026",
			"every other month, on day 1 and on the last day, at 10 am, 1 May to 31 July 2026",
		},
		{
			"DTSTART:20260427T100000\nRRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1",
			"le dernier lundi de chaque mois à 10 h, à partir du 27 avril 2026, sans date de fin",
			"on the last Monday of every month at 10 am, from 27 April 2026, with no end date",
		},
		{
			"DTSTART;VALUE=DATE:20260426\nRRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=-1SU",
			"tous les ans en avril, le dernier dimanche, à partir du 26 avril 2026, sans date de fin",
			"every year in April, on the last Sunday, from 26 April 2026, with no end date",
		},
		{
			"DTSTART;VALUE=DATE:20260501\nRRULE:FREQ=YEARLY",
			"tous les ans, le 1er mai, à partir du 1er mai 2026, sans date de fin",
			"every year, on day 1 of May, from 1 May 2026, with no end date",
		},
		{
			"DTSTART:20260501T100000\nRRULE:FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=2",
			"à des dates particulières à 10 h, du 1er mai au 13 novembre 2026",
			"on particular dates at 10 am, 1 May to 13 November 2026",
		},
		{
			"DTSTART:20260501T100000\nDTEND:20260501T120000\nRDATE:20260508T100000,20260612T100000",
			"à des dates choisies de 10 h à 12 h, du 1er mai au 12 juin 2026, et aussi le 8 mai et le 12 juin",
			"on chosen dates from 10 am to 12 pm, 1 May to 12 June 2026, and also 8 May and 12 June",
		},
		{
			"DTSTART:20260305T183000\nRRULE:FREQ=WEEKLY;COUNT=30\nEXDATE:20260312T183000,20260319T183000,20260326T183000,20260402T183000,20260409T183000,20260416T183000\nRECURRENCE-ID:20260423T183000\nSTATUS:CANCELLED",
			"tous les jeudis à 18 h 30, du 5 mars au 24 septembre 2026, sauf 7 dates",
			"every Thursday at 6:30 pm, 5 March to 24 September 2026, except 7 dates",
		},
	} {
		r := recurrence(t, paris, strings.Split(c.lines, "\n")...)
		for lang, want := range map[string]string{"fr": c.fr, "en": c.en} {
			if got := spaces.Replace(r.Describe(locale.New(lang))); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		}
	}
}
