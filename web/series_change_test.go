// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// pathOf is the page of an object of ours.
func pathOf(id federation.IRI) string { return strings.TrimPrefix(string(id), origin) }

// hours are when the dates of a series begin, by their names.
func (i *instance) hours(page string) map[string]string {
	i.t.Helper()
	all := map[string]string{}
	for _, d := range i.dates(page) {
		o := i.object(pathOf(d.Object))
		if o.Gone() {
			all[d.Day] = "deleted"
			continue
		}
		all[d.Day] = o.Start.In(locale.Clocks("")).Format("02 15:04")
		if e := federation.EventOf(o); e.Status != federation.EventScheduled {
			all[d.Day] += " " + e.Status
		}
	}
	return all
}

func TestOneDateSomeDatesAllDates(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.as("admin")
		_, page := i.series(distributions("repeat.count", "6"))
		dates := i.dates(page)
		edit := func(n int, pairs ...string) response {
			where := pathOf(dates[n].Object) + "/edit"
			return b.post(where, with(filled(t, b.get(where).wants(t, 200, "Ce changement vaut pour").body), pairs...))
		}
		wants := func(what string, want ...string) {
			t.Helper()
			got := i.hours(page)
			for n, d := range dates {
				if got[d.Day] != want[n] {
					t.Errorf("%s: %s is %s, want %s", what, d.Day, got[d.Day], want[n])
				}
			}
		}
		const moved = " " + federation.EventRescheduled
		edit(2, "start.date", "2026-10-16", "start.time", "17:00").wants(t, 303)
		wants("one moved", "01 18:30", "08 18:30", "16 17:00"+moved, "22 18:30", "29 18:30", "05 18:30")
		i.as("").get(page).wants(t, 200, "modifiée à part", "vendredi 16 octobre 2026")

		sound(t, "another day for all", edit(1, "scope", "all", "start.date", "2026-10-09").wants(t, 422, "f-start-date-error", "une date à la fois").body)
		edit(3, "scope", "following", "start.time", "19:00", "title", "Distribution d’hiver").wants(t, 303)
		wants("some moved", "01 18:30", "08 18:30", "16 17:00"+moved, "22 19:00", "29 19:00", "05 19:00")
		edit(1, "scope", "all", "start.time", "18:00", "place.name", "Halle").wants(t, 303)
		wants("all but one", "01 18:00"+moved, "08 18:00", "16 17:00"+moved, "22 18:00", "29 18:00", "05 18:00")
		if o := i.object(pathOf(dates[2].Object)); o.Location.Name != "MJC" {
			t.Errorf("one that was changed by itself is now at %s", o.Location.Name)
		}
		if o := i.object(pathOf(dates[5].Object)); o.Location.Name != "Halle" || !o.Published.Equal(i.now()) {
			t.Errorf("the last is at %s, of %s", o.Location.Name, o.Published)
		}
		edit(1, "scope", "all", "scope.own", "1", "start.time", "18:15").wants(t, 303)
		wants("all", "01 18:15"+moved, "08 18:15", "15 18:15", "22 18:15", "29 18:15", "05 18:15")
		if e := federation.EventOf(i.object(pathOf(dates[0].Object))); e.PreviousStart.In(locale.Clocks("")).Format("15:04") != "18:00" {
			t.Errorf("previously at %s", e.PreviousStart)
		}
		first := i.object(pathOf(dates[0].Object))
		if !strings.Contains(first.Summary, "18\u202fh\u202f15") || !strings.Contains(first.Summary, "ous les jeudis") {
			t.Errorf("the first says %s", first.Summary)
		}
		i.as("").get(page).wants(t, 200, "Tous les jeudis de 18\u202fh\u202f15", "6 dates à venir")
	})
}

func TestDatesAreCalledOffAddedAndTheSeriesEnded(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.as("admin")
		i.site.Mail = true
		_, page := i.series(distributions("repeat.count", "8"))
		dates := i.dates(page)
		guest := func(n int) {
			key := i.invited(pathOf(dates[n].Object), "zoe@example.org", "0")
			i.as("").post("/guest", pressing(key, "confirm")).wants(t, 200, "Vous venez.")
		}
		guest(1)
		guest(6)
		letters := func() (list []string) {
			i.update(func(ctx context.Context, tx *store.Tx) error {
				claimed, err := tx.ClaimMails(ctx, "test", time.Minute, 50)
				for _, m := range claimed {
					list = append(list, m.Subject)
				}
				return err
			})
			return list
		}
		letters()
		sound(t, "nothing ticked", b.post(page+"/cancel", url.Values{}).wants(t, 422, "au moins une date").body)
		b.post(page+"/cancel", url.Values{"day": {"2026-10-08", "2026-10-22", "2031-01-01"}}).wants(t, 303)
		if l := letters(); len(l) != 1 || !strings.Contains(l[0], "nnul") {
			t.Errorf("told of the week called off: %q", l)
		}
		i.as("").get(page).wants(t, 200, "sauf les 8 et 22 octobre", "Annulé")
		i.as("").get(pathOf(dates[1].Object)).wants(t, 200, "Annulé")

		sound(t, "a last day that is none", b.post(page+"/end", url.Values{"last": {"bientôt"}}).wants(t, 422, "f-last-error", `value="bientôt"`).body)
		b.post(page+"/end", url.Values{"last": {"2026-11-05"}}).wants(t, 303)
		if l := letters(); len(l) != 1 {
			t.Errorf("told of the end: %q", l)
		}
		const off = " " + federation.EventCancelled
		got := i.hours(page)
		for n, want := range []string{"01 18:30", "08 18:30" + off, "15 18:30", "22 18:30" + off, "29 18:30", "05 18:30", "12 18:30" + off, "deleted"} {
			if got[dates[n].Day] != want {
				t.Errorf("after the end %s is %s, want %s", dates[n].Day, got[dates[n].Day], want)
			}
		}
		sound(t, "a date that is there", b.post(page+"/add", url.Values{"day": {"2026-10-15"}}).wants(t, 422, "f-day-error").body)
		b.post(page+"/add", url.Values{"day": {"2026-11-14"}}).wants(t, 303)
		if got := i.hours(page)["2026-11-14"]; got != "14 18:30" {
			t.Errorf("the added one is %q", got)
		}
		i.ahead()
		if n := len(i.dates(page)); n != 9 {
			t.Errorf("%d dates", n)
		}
		i.as("").get(page).wants(t, 200, "et aussi le 14 novembre")
	})
}
