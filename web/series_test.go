// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/calendar"
	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// distributions is the form of an AMAP's distributions: every Thursday from the first
// of October.
func distributions(pairs ...string) url.Values {
	return with(with(event(), "title", "Distribution des paniers", "start.date", "2026-10-01", "start.time", "18:30",
		"end.date", "", "end.time", "", "duration", "60", "repeat", "weekly", "repeat.count", "22"), pairs...)
}

// untick leaves days out of a form that shows dates.
func untick(f url.Values, days ...string) url.Values {
	f["repeat.keep"] = slices.DeleteFunc(slices.Clone(f["repeat.keep"]), func(d string) bool { return slices.Contains(days, d) })
	return f
}

// series publishes a season without the days named, and returns its first date
// and its page.
func (i *instance) series(f url.Values, without ...string) (first, page string) {
	i.t.Helper()
	b := i.as("admin")
	shown := filled(i.t, b.post("/publish/event", f).wants(i.t, 200, "Publier ces").body)
	made := b.post("/publish/event", untick(shown, without...)).wants(i.t, 303)
	first = led(made)
	return first, strings.TrimPrefix(string(federation.EventOf(i.object(first)).Series), origin)
}

// dates returns the dates of a series in order.
func (i *instance) dates(page string) (list []store.SeriesDate) {
	i.t.Helper()
	i.update(func(ctx context.Context, tx *store.Tx) (err error) {
		list, err = tx.SeriesDates(ctx, federation.IRI(origin+page))
		return err
	})
	return list
}

// ahead does what is due for series.
func (i *instance) ahead() {
	i.t.Helper()
	must(i.t, (&outbox.Ahead{DB: i.db, Log: slog.Default(), Now: i.now}).Step(i.t.Context()))
}

func TestASeasonOfDistributions(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.as("admin")
		page := b.post("/publish/event", with(distributions(), "do", "publish")).wants(t, 200,
			"Tous les jeudis de 18\u202fh\u202f30 à 19\u202fh\u202f30, du 1er octobre 2026 au 25 février 2027", "22 dates", "Publier ces 22 dates", "jeudi 29 octobre 2026")
		sound(t, "a series to publish", page.body)
		if i.objects() != 0 {
			t.Fatal("dates were published that nobody saw")
		}
		f := untick(filled(t, page.body), "2026-12-24", "2026-12-31")
		again := b.post("/publish/event", with(f, "do", "preview")).wants(t, 200, "sauf les 24 et 31 décembre", "Publier ces 20 dates")
		made := b.post("/publish/event", with(filled(t, again.body), "do", "publish")).wants(t, 303)
		b.post("/publish/event", with(filled(t, again.body), "do", "publish")).wants(t, 303) // sent twice
		first := i.object(led(made))
		series := strings.TrimPrefix(string(federation.EventOf(first).Series), origin)
		dates := i.dates(series)
		if len(dates) != 20 {
			t.Fatalf("%d dates", len(dates))
		}
		paris, err := time.LoadLocation("Europe/Paris")
		must(t, err)
		for _, d := range dates {
			o := i.object(strings.TrimPrefix(string(d.Object), origin))
			if at := o.Start.In(paris); at.Format("Mon 15:04") != "Thu 18:30" || o.End.Sub(o.Start) != time.Hour || at.Format(time.DateOnly) != d.Day {
				t.Errorf("%s is at %s for %s", d.Day, at, o.End.Sub(o.Start))
			}
			if o.Context != origin+series || d.Waiting != (d.Day != "2026-10-01") {
				t.Errorf("%s: context %s, waiting %v", d.Day, o.Context, d.Waiting)
			}
		}
		if dates[19].Day != "2027-02-25" {
			t.Errorf("the last is on %s", dates[19].Day)
		}
		if !strings.Contains(first.Summary, "Tous les jeudis") || !strings.Contains(first.Content, origin+series) {
			t.Errorf("followers read of no series: %s", first.Summary)
		}
		i.seriesPages(t, series, led(made))
	})
}

// seriesPages looks at what people see of a season.
func (i *instance) seriesPages(t *testing.T, series, first string) {
	b := i.as("")
	body := b.get(series).wants(t, 200, "20 dates à venir", "Tous les jeudis", "sauf les 24 et 31 décembre", "webcal://amap.example"+series+"/calendar.ics", "Suivre depuis votre serveur", `rel="alternate" type="application/activity+json"`).body
	sound(t, "a series", body)
	if strings.Contains(body, "Terminer la série") {
		t.Error("strangers may change it")
	}
	sound(t, "a series of one's own", i.as("admin").get(series).wants(t, 200, "Terminer la série", "Annuler les dates cochées").body)
	body = b.get(first).wants(t, 200, "Fait partie d’une série", "Date suivante", "jeudi 8 octobre 2026").body
	sound(t, "one date of a series", body)
	if strings.Contains(body, "Date précédente") {
		t.Error("there is something before the first")
	}
	if n := strings.Count(b.get("/events").body, "Distribution des paniers"); n < 10 {
		t.Errorf("the agenda has %d dates", n)
	}
	b.get("/events?view=month&month=2026-11").wants(t, 200, "Distribution des paniers")
	home := b.get("/").wants(t, 200, "et 19 autres dates").body
	if n := strings.Count(home, "<bdi>Distribution des paniers"); n != 1 {
		t.Errorf("the first page has it %d times", n)
	}
	if n := strings.Count(b.get("/feed.atom").body, "<entry>"); n != 20 {
		t.Errorf("the feed has %d", n)
	}
	cal, err := calendar.Read(strings.NewReader(b.get(series+"/calendar.ics").wants(t, 200).body), calendar.Options{Zone: locale.Clocks("")})
	must(t, err)
	if len(cal.Entries) != 20 || len(cal.Report.Remarks) != 0 {
		t.Errorf("the calendar has %d entries: %+v", len(cal.Entries), cal.Report)
	}
	for path, status := range map[string]int{"/series/nothing": 404, "/series/nothing/calendar.ics": 404} {
		b.get(path).wants(t, status)
	}
	b.post(series+"/end", url.Values{"last": {"2026-11-01"}}).wants(t, 401)
	i.as("member").post(series+"/end", url.Values{"last": {"2026-11-01"}}).wants(t, 404)
	i.as("member").post(series+"/cancel", url.Values{"day": {"2026-10-01"}}).wants(t, 404)
	i.as("member").post(series+"/add", url.Values{"day": {"2026-10-02"}}).wants(t, 404)
}

func TestMistakesInASeries(t *testing.T) {
	i := lone(t)
	b := i.as("admin")
	for name, test := range map[string]struct {
		change []string
		words  []string
	}{
		"two ends":             {[]string{"repeat.until", "2026-12-01"}, []string{"f-repeat-count-error", "l’un des deux"}},
		"an end before":        {[]string{"repeat.count", "", "repeat.until", "2026-09-30"}, []string{"f-repeat-until-error", "avant de commencer"}},
		"a day that is none":   {[]string{"repeat.count", "", "repeat.until", "demain"}, []string{"f-repeat-until-error"}},
		"no number":            {[]string{"repeat.count", "beaucoup"}, []string{"f-repeat-count-error", `value="beaucoup"`}},
		"no rule":              {[]string{"repeat", "rule"}, []string{"f-repeat-rule-error"}},
		"by the second":        {[]string{"repeat", "rule", "repeat.rule", "FREQ=SECONDLY"}, []string{"f-repeat-rule-error", "trop souvent"}},
		"twice a day":          {[]string{"repeat", "rule", "repeat.rule", "FREQ=DAILY;BYHOUR=9,15"}, []string{"f-repeat-rule-error", "une fois par jour"}},
		"a rule with two ends": {[]string{"repeat", "rule", "repeat.rule", "FREQ=DAILY;COUNT=3"}, []string{"f-repeat-rule-error"}},
		"nothing to come":      {[]string{"start.date", "2026-08-01", "repeat.count", "2"}, []string{"aucune date à venir"}},
		"an extra that is none": {
			[]string{"repeat.add", "quelquefois"}, []string{"f-repeat-add-error", `value="quelquefois"`},
		},
	} {
		sound(t, name, b.post("/publish/event", distributions(test.change...)).wants(t, 422, test.words...).body)
	}
	f := filled(t, b.post("/publish/event", distributions("repeat.count", "2")).wants(t, 200).body)
	sound(t, "nothing ticked", b.post("/publish/event", untick(f, "2026-10-01", "2026-10-08")).wants(t, 422, "aucune date").body)
	if i.objects() != 0 {
		t.Error("something was published")
	}
}

// What has no end is bounded, and said to be.
func TestASeriesWithoutEnd(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		shown := i.as("admin").post("/publish/event", distributions("repeat", "rule", "repeat.rule", "FREQ=DAILY", "repeat.count", "")).
			wants(t, 200, "Sans fin", "les 60 prochaines dates", "Publier ces 60 dates")
		made := i.as("admin").post("/publish/event", filled(t, shown.body)).wants(t, 303)
		page := strings.TrimPrefix(string(federation.EventOf(i.object(led(made))).Series), origin)
		i.as("").get(page).wants(t, 200, "60 dates à venir", "au fil du temps")
		i.ahead()
		i.ahead()
		if n := len(i.dates(page)); n != 60 {
			t.Fatalf("%d dates", n)
		}
		i.pass(40 * 24 * time.Hour) // to the 11th of October
		i.ahead()
		i.ahead()
		dates := i.dates(page)
		if n := len(dates); n != 70 || dates[69].Day != "2026-12-09" {
			t.Fatalf("%d dates, the last on %s", n, dates[len(dates)-1].Day)
		}
		days := map[string]bool{}
		for _, d := range dates {
			if days[d.Day] {
				t.Errorf("%s twice", d.Day)
			}
			days[d.Day] = true
		}
	})
}

// Dates that two processes make at once are made once, and what a crash left
// undone is done the next time.
func TestDatesAreMadeOnce(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		_, page := i.series(distributions("repeat.count", ""))
		before := len(i.dates(page))
		i.pass(90 * 24 * time.Hour)
		err := i.db.Update(t.Context(), func(tx *store.Tx) error { // killed before the end
			if err := outbox.AheadTx(t.Context(), tx, federation.IRI(origin+page)); err != nil {
				return err
			}
			return context.Canceled
		})
		if err == nil || len(i.dates(page)) != before {
			t.Fatal(err, "half of it happened")
		}
		done := make(chan error)
		for range 4 {
			go func() {
				done <- (&outbox.Ahead{DB: i.db, Log: slog.Default(), Now: i.now}).Step(t.Context())
			}()
		}
		for range 4 {
			must(t, <-done)
		}
		i.ahead()
		objects := map[federation.IRI]bool{}
		dates := i.dates(page)
		for _, d := range dates {
			objects[d.Object] = true
		}
		if len(dates) <= before || len(objects) != len(dates) {
			t.Errorf("%d dates before, %d now, %d events", before, len(dates), len(objects))
		}
	})
}

// deliveriesTo counts what was queued for an inbox, by type.
func (i *instance) deliveriesTo(objects ...federation.IRI) map[string]int {
	i.t.Helper()
	n := map[string]int{}
	i.update(func(ctx context.Context, tx *store.Tx) error {
		for _, o := range objects {
			list, err := tx.DeliveriesOf(ctx, o)
			if err != nil {
				return err
			}
			for _, d := range list {
				a, err := tx.Activity(ctx, d.Activity)
				if err != nil {
					return err
				}
				n[a.Type]++
			}
		}
		return nil
	})
	return n
}

// Followers get one date when a series is published, and one a week.
func TestFollowersAreNotFlooded(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		peer := i.peer("zoe")
		i.update(func(ctx context.Context, tx *store.Tx) error {
			return tx.PutEdge(ctx, &federation.Edge{Kind: federation.Follow, From: peer.ID, To: i.initiative.ID})
		})
		first, page := i.series(distributions())
		all := func() (ids []federation.IRI) {
			for _, d := range i.dates(page) {
				ids = append(ids, d.Object)
			}
			return ids
		}
		if n := i.deliveriesTo(all()...); n["Create"] != 1 || len(n) != 1 {
			t.Fatalf("at first: %v", n)
		}
		if n := i.deliveriesTo(federation.IRI(origin + first)); n["Create"] != 1 {
			t.Errorf("it was not the first date: %v", n)
		}
		i.ahead()
		if n := i.deliveriesTo(all()...); n["Create"] != 1 {
			t.Errorf("at once: %v", n)
		}
		for day := range 42 { // to the 13th of October
			i.pass(24 * time.Hour)
			i.ahead()
			i.ahead()
			if n := i.deliveriesTo(all()...)["Create"]; n > 1+day/6 {
				t.Errorf("after %d days: %d", day, n)
			}
		}
		if n := i.deliveriesTo(all()...); n["Create"] != 3 { // those of the 1st, the 8th and the 15th
			t.Errorf("after six weeks: %v", n)
		}
		told := i.object(strings.TrimPrefix(string(all()[1]), origin))
		if now := i.now(); now.Sub(told.Published) > 14*24*time.Hour {
			t.Errorf("it was told as news of %s", told.Published)
		}
	})
}

// What a member answered, and what those they follow organise, is at an address
// that only they know, until they change it.
func TestAMembersOwnCalendar(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.as("member")
		first, _ := i.series(distributions("title", "Distribution\r\nBEGIN:VEVENT"))
		sound(t, "no calendar yet", b.get("/account/calendar").wants(t, 200, "Créer l’adresse").body)
		b.post("/account/calendar", url.Values{"do": {"new"}}).wants(t, 303)
		page := b.get("/account/calendar").wants(t, 200, origin+"/calendars/", "webcal://")
		sound(t, "one's own calendar", page.body)
		_, address, _ := strings.Cut(page.body, origin+"/calendars/")
		address = "/calendars/" + address[:strings.IndexByte(address, '"')]
		read := func(path string) (*calendar.File, string) {
			t.Helper()
			body := i.as("").get(path).wants(t, 200).body
			f, err := calendar.Read(strings.NewReader(body), calendar.Options{Zone: i.site.zone()})
			must(t, err)
			return f, body
		}
		if f, _ := read(address); len(f.Entries) != 0 {
			t.Errorf("%d entries of nothing", len(f.Entries))
		}
		b.post("/answer", url.Values{"object": {origin + first}, "answer": {"yes"}}).wants(t, 303)
		f, body := read(address + "?alarm=60")
		if len(f.Entries) != 1 || strings.Count(body, "\r\nBEGIN:VEVENT") != 1 || !strings.Contains(body, "TRIGGER:-PT60M\r\n") {
			t.Errorf("%d entries of one answer:\n%s", len(f.Entries), body)
		}
		b.post("/follow/actor", url.Values{"actor": {string(i.initiative.ID)}}).wants(t, 303)
		if f, body := read(address); len(f.Entries) != 22 || strings.Contains(body, "VALARM") {
			t.Errorf("%d entries of a season", len(f.Entries))
		}
		b.post("/account/calendar", url.Values{"do": {"new"}}).wants(t, 303)
		i.as("").get(address).wants(t, 404)
		b.post("/account/calendar", url.Values{"do": {"end"}}).wants(t, 303)
		b.get("/account/calendar").wants(t, 200, "Créer l’adresse")
	})
}

// One date that changes leaves the entries of the others as they were.
func TestEntriesOfASeriesAreStable(t *testing.T) {
	i := lone(t)
	_, page := i.series(distributions("repeat.count", "6"))
	entries := func(path string) map[string]*calendar.Entry {
		t.Helper()
		f, err := calendar.Read(strings.NewReader(i.as("").get(path).wants(t, 200).body), calendar.Options{Zone: i.site.zone()})
		must(t, err)
		all := map[string]*calendar.Entry{}
		for _, e := range f.Entries {
			all[e.UID] = e
		}
		return all
	}
	before := entries(page + "/calendar.ics")
	i.pass(time.Hour)
	third := i.dates(page)[2]
	i.as("admin").post(page+"/cancel", url.Values{"day": {third.Day}}).wants(t, 303)
	changed := 0
	for uid, now := range entries(page + "/calendar.ics?alarm=30") {
		was, ok := before[uid]
		switch {
		case !ok:
			t.Errorf("%s is new", uid)
		case now.Sequence < was.Sequence:
			t.Errorf("%s went back from %d to %d", uid, was.Sequence, now.Sequence)
		case now.Status == calendar.Cancelled:
			if changed++; now.Sequence == was.Sequence {
				t.Errorf("%s is called off without a sequence", uid)
			}
		}
	}
	if changed != 1 || len(before) != 6 {
		t.Errorf("%d of %d are called off", changed, len(before))
	}
	if n := len(entries("/@amap/calendar.ics")); n != 6 {
		t.Errorf("the initiative's has %d", n)
	}
}

// Each date looks for hands of its own, at its own hours.
func TestDatesHaveSlotsOfTheirOwn(t *testing.T) {
	i := lone(t)
	_, page := i.series(distributions("repeat.count", "6", "slot.key", "1", "slot.what", "Peser", "slot.people", "2", "slot.from", "18:00", "slot.to", "19:00"))
	for _, d := range i.dates(page) {
		o := i.object(strings.TrimPrefix(string(d.Object), origin))
		slots := federation.SlotsOf(o)
		if len(slots) != 1 || slots[0].Start.In(i.site.zone()).Format("2006-01-02 15:04") != d.Day+" 18:00" {
			t.Errorf("%s: %+v", d.Day, slots)
		}
	}
}

// What a calendar elsewhere repeats has a page like a series of ours; it is
// changed there alone.
func TestARepeatedEntryOfACalendarIsASeries(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.as("editor")
		path := b.bring("saison.ics", season).Header.Get("Location")
		b.post(path, url.Values{"entry": {"1@x"}}).wants(t, 303)
		date := i.eventAt("Distribution")
		page := strings.TrimPrefix(string(federation.EventOf(i.object(date)).Series), origin)
		if page == "" || len(i.dates(page)) != 4 {
			t.Fatalf("%q has %d dates", page, len(i.dates(page)))
		}
		i.as("").get(date).wants(t, 200, page, "Tous les jeudis")
		got := b.get(page).wants(t, 200, "Tous les jeudis de 18\u202fh\u202f30 à 19\u202fh\u202f30", "4 dates à venir", "un calendrier tenu ailleurs")
		sound(t, "a series of a calendar", got.body)
		if strings.Contains(got.body, page+"/end") || strings.Contains(b.get(date+"/edit").wants(t, 200).body, `name="scope"`) {
			t.Error("several dates can be changed at once")
		}
		b.post(page+"/end", url.Values{"last": {"2026-09-10"}}).wants(t, 404)
		if all, _ := i.feed(page + "/calendar.ics"); len(all) != 4 {
			t.Errorf("its calendar has %d entries", len(all))
		}
		// A date that is edited by hand, with an old form, is changed alone.
		f := filled(t, b.get(date+"/edit").body)
		b.post(date+"/edit", with(f, "title", "Grande distribution", "scope", "all")).wants(t, 303)
		titles := map[string]int{}
		for _, d := range i.dates(page) {
			titles[i.object(strings.TrimPrefix(string(d.Object), origin)).Name]++
		}
		if titles["Grande distribution"] != 1 || titles["Distribution"] != 3 {
			t.Errorf("titles %v", titles)
		}
	})
}
