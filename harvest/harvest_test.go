// SPDX-License-Identifier: AGPL-3.0-or-later

package harvest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
	"codeberg.org/maillage/maillage/store/storetest"
)

func TestACalendarIsPublishedAndFollowed(t *testing.T) {
	each(t, func(b *bench) {
		b.put("/a.ics", workshop("1@x", 12, "Atelier vélo"), workshop("2@x", 26, `Couture\, reprise`, `LOCATION:Salle des fêtes\, 26000 Valence`))
		c := b.follow("/a.ics")
		b.read()
		b.wants("12.09 14:00 Atelier vélo", "26.09 14:00 Couture, reprise")
		if c := b.calendar(c.ID); c.Name != "Agenda du repair café" || c.Fault != "" || c.Read.IsZero() {
			t.Errorf("calendar %+v", c)
		}
		if sent := b.sent(); len(sent) != 0 {
			t.Errorf("followers were told at the first reading: %v", sent)
		}
		b.view(func(tx *store.Tx) error {
			behind, err := tx.IsBehind(b.ctx, b.rows(c.ID)[0].Object)
			if !behind {
				t.Error("a date that nobody was told of is news here")
			}
			return err
		})

		// Nothing changed: not even read.
		b.read()
		if p := b.pages["/a.ics"]; p.asked != 2 || p.unread != 1 {
			t.Errorf("asked %d times, answered 304 %d times", p.asked, p.unread)
		}

		// One is moved, one is renamed, one is new.
		b.put("/a.ics", workshop("1@x", 13, "Atelier vélo", "SEQUENCE:1"), workshop("2@x", 26, "Couture"), workshop("3@x", 27, "Soudure"))
		before := b.rows(c.ID)
		b.read()
		b.wants("13.09 14:00 Atelier vélo", "26.09 14:00 Couture", "27.09 14:00 Soudure")
		after := b.rows(c.ID)
		if before[0].Object != after[0].Object {
			t.Error("a moved event became another one")
		}
	})
}

func TestFollowersAreToldOfAFewADay(t *testing.T) {
	each(t, func(b *bench) {
		var events []string
		for day := 2; day <= 30; day++ {
			events = append(events, workshop(time.Date(2026, 9, day, 0, 0, 0, 0, time.UTC).Format("0201")+"@x", day, "Atelier"))
		}
		b.put("/a.ics", events...)
		c := b.follow("/a.ics")
		b.read()
		b.must(b.worker.Tell(b.ctx))
		b.must(b.worker.Tell(b.ctx))
		if sent := b.sent(); len(sent) != tellPerDay {
			t.Fatalf("told of %d dates at once, want %d: %v", len(sent), tellPerDay, sent)
		}
		rows := b.rows(c.ID)
		for i, r := range rows {
			if r.Announced.IsZero() != (i >= tellPerDay) {
				t.Errorf("date %d told: %v", i, r.Announced)
			}
		}
		var o *federation.Object
		b.view(func(tx *store.Tx) (err error) { o, err = tx.Object(b.ctx, rows[0].Object); return err })
		b.view(func(tx *store.Tx) error {
			behind, err := tx.IsBehind(b.ctx, o.ID)
			if behind {
				t.Error("a date that is told of is no news here")
			}
			return err
		})
		if o.Published.Before(b.now().Add(-time.Minute)) {
			t.Errorf("a date that is told of was published %s, now it is %s: servers take it for old", o.Published, b.now())
		}
		b.pass(25 * time.Hour)
		b.must(b.worker.Tell(b.ctx))
		if sent := b.sent(); len(sent) != 2*tellPerDay {
			t.Errorf("the next day: %d", len(sent))
		}
	})
}

func TestWhatIsRemovedThereIsWithdrawnHere(t *testing.T) {
	each(t, func(b *bench) {
		b.put("/a.ics", workshop("1@x", 5, "Vélo"), workshop("2@x", 20, "Couture"), workshop("3@x", 28, "Soudure"), workshop("4@x", 29, "Bois"))
		c := b.follow("/a.ics")
		b.read()
		b.must(b.worker.Tell(b.ctx)) // of the first
		b.put("/a.ics", workshop("3@x", 28, "Soudure"), workshop("4@x", 29, "Bois"))
		b.read()
		b.wants("05.09 14:00 Vélo (off)", "28.09 14:00 Soudure", "29.09 14:00 Bois")
		if sent := b.sent(); !slices.Equal(sent, []string{"Create", "Create", "Update"}) {
			t.Errorf("sent %v, want the event, that it is called off, and a note that says so", sent)
		}
		// It comes back.
		b.put("/a.ics", workshop("1@x", 5, "Vélo"), workshop("2@x", 20, "Couture"), workshop("3@x", 28, "Soudure"), workshop("4@x", 29, "Bois"))
		b.read()
		b.wants("05.09 14:00 Vélo", "20.09 14:00 Couture", "28.09 14:00 Soudure", "29.09 14:00 Bois")
		// What is past stays.
		b.pass(20 * 24 * time.Hour)
		b.put("/a.ics", workshop("3@x", 28, "Soudure"), workshop("4@x", 29, "Bois"))
		b.read()
		for _, r := range b.rows(c.ID) {
			if r.State != store.EntryPublished {
				t.Errorf("%s is %s", r.Title, r.State)
			}
		}
	})
}

func TestASuddenlyEmptyCalendarIsHeldForADay(t *testing.T) {
	each(t, func(b *bench) {
		all := []string{workshop("1@x", 20, "Vélo"), workshop("2@x", 21, "Couture"), workshop("3@x", 28, "Soudure"), workshop("4@x", 29, "Bois")}
		titles := []string{"20.09 14:00 Vélo", "21.09 14:00 Couture", "28.09 14:00 Soudure", "29.09 14:00 Bois"}
		b.put("/a.ics", all...)
		c := b.follow("/a.ics")
		b.read()
		b.put("/a.ics")
		b.read()
		b.wants(titles...)
		if c := b.calendar(c.ID); c.Held.IsZero() || c.HeldCount != 4 {
			t.Errorf("held since %v, %d", c.Held, c.HeldCount)
		}
		b.put("/a.ics", all...)
		b.read()
		if c := b.calendar(c.ID); !c.Held.IsZero() {
			t.Error("still held after everything came back")
		}
		b.put("/a.ics", all[3])
		b.read()
		b.wants(titles...)
		b.pass(24 * time.Hour)
		b.read()
		b.wants("29.09 14:00 Bois")

		// Somebody confirms it.
		b.put("/a.ics")
		b.read()
		b.wants("29.09 14:00 Bois")
		b.update(func(tx *store.Tx) error { return tx.ConfirmCalendar(b.ctx, c.ID) })
		b.read()
		b.wants()
	})
}

func TestWhatIsRepeatedIsOneEventForEachDate(t *testing.T) {
	each(t, func(b *bench) {
		weekly := []string{
			"UID:w@x", "SUMMARY:Distribution", "DTSTART;TZID=Europe/Paris:20260903T183000", "DTEND;TZID=Europe/Paris:20260903T193000",
			"RRULE:FREQ=WEEKLY;COUNT=6", "EXDATE;TZID=Europe/Paris:20260910T183000",
		}
		moved := vevent("UID:w@x", "RECURRENCE-ID;TZID=Europe/Paris:20260917T183000", "SUMMARY:Distribution décalée", "DTSTART;TZID=Europe/Paris:20260918T190000", "DTEND;TZID=Europe/Paris:20260918T200000")
		b.put("/a.ics", vevent(weekly...), moved)
		c := b.follow("/a.ics")
		b.read()
		b.wants("03.09 18:30 Distribution", "18.09 19:00 Distribution décalée", "24.09 18:30 Distribution", "01.10 18:30 Distribution", "08.10 18:30 Distribution")
		contexts := map[string]bool{}
		b.view(func(tx *store.Tx) error {
			for _, r := range b.rows(c.ID) {
				o, err := tx.Object(b.ctx, r.Object)
				if err != nil {
					return err
				}
				contexts[o.Context] = true
			}
			return nil
		})
		if len(contexts) != 1 {
			t.Errorf("contexts %v, want one", contexts)
		}

		// They are the dates of one series, as ours are; a further reading, a change
		// and a follower being told leave them so.
		series := func() (dates []store.SeriesDate) {
			t.Helper()
			b.view(func(tx *store.Tx) error {
				all, err := tx.SeriesBy(b.ctx, c.Actor)
				if len(all) != 1 || err != nil {
					t.Fatalf("%d series: %v", len(all), err)
				}
				if s := all[0]; !s.Kept || s.More || !strings.Contains(s.Rule, "FREQ=WEEKLY") || !contexts[string(s.ID)] {
					t.Errorf("the series is %+v", s)
				}
				dates, err = tx.SeriesDates(b.ctx, all[0].ID)
				return err
			})
			return dates
		}
		was := series()
		if len(was) != 5 || was[0].Day != "2026-09-03" || was[1].Day != "2026-09-17" {
			t.Errorf("dates %+v", was)
		}
		b.pass(2 * time.Hour)
		b.must(b.worker.Tell(b.ctx))
		b.put("/a.ics", vevent(append(slices.Clone(weekly), "LOCATION:Halle")...), moved)
		b.pass(2 * time.Hour)
		b.read()
		for n, d := range series() {
			if d.Object != was[n].Object || d.Own || d.Waiting || d.Gone {
				t.Errorf("date %d became %+v", n, d)
			}
			b.view(func(tx *store.Tx) error {
				o, err := tx.Object(b.ctx, d.Object)
				if federation.EventOf(o).Series != d.Series || !strings.Contains(o.Content, string(d.Series)) {
					t.Errorf("%s does not name its series", o.ID)
				}
				return err
			})
		}
	})
}

func TestARuleWithoutEndGoesOnAsTimeDoes(t *testing.T) {
	each(t, func(b *bench) {
		b.put("/a.ics", vevent("UID:w@x", "SUMMARY:Marché", "DTSTART;TZID=Europe/Paris:20260905T090000", "RRULE:FREQ=WEEKLY"))
		c := b.follow("/a.ics")
		b.read()
		first := b.rows(c.ID)
		if n := len(first); n < 35 || n > perSeries {
			t.Fatalf("%d dates", n)
		}
		b.pass(28 * 24 * time.Hour)
		b.read()
		later := b.rows(c.ID)
		if len(later) != len(first)+4 {
			t.Errorf("%d dates four weeks later, %d before", len(later), len(first))
		}
		if p := b.pages["/a.ics"]; p.unread != 0 {
			t.Error("nothing was read anew though a day had passed")
		}
	})
}

func TestWhatBecomesRepeatedStaysTheSameEvent(t *testing.T) {
	each(t, func(b *bench) {
		b.put("/a.ics", workshop("1@x", 5, "Vélo"))
		c := b.follow("/a.ics")
		b.read()
		was := b.rows(c.ID)[0].Object
		b.put("/a.ics", workshop("1@x", 5, "Vélo", "RRULE:FREQ=WEEKLY;COUNT=2"))
		b.read()
		b.wants("05.09 14:00 Vélo", "12.09 14:00 Vélo")
		if rows := b.rows(c.ID); rows[0].Object != was || len(rows) != 2 {
			t.Errorf("%d rows, first %s, was %s", len(rows), rows[0].Object, was)
		}
	})
}

func TestNamesMadeAnewForEachReadingChangeNothing(t *testing.T) {
	each(t, func(b *bench) {
		b.put("/a.ics", workshop("aaaa@x", 5, "Vélo"), workshop("bbbb@x", 6, "Couture"))
		c := b.follow("/a.ics")
		b.read()
		was := b.rows(c.ID)
		b.put("/a.ics", workshop("cccc@x", 5, "Vélo"), workshop("dddd@x", 6, "Couture"))
		b.read()
		now := b.rows(c.ID)
		if len(now) != 2 || now[0].Object != was[0].Object || now[1].Object != was[1].Object {
			t.Errorf("was %v %v, now %d rows", was[0].Object, was[1].Object, len(now))
		}
	})
}

func TestDoublesAreNotPublishedTwice(t *testing.T) {
	each(t, func(b *bench) {
		f := outbox.EventForm{CommonForm: outbox.CommonForm{Title: "Atelier Vélo !"}, StartDate: "2026-09-12", StartTime: "14:00", Timezone: "Europe/Paris"}
		o, problems := f.Object(outbox.Composer{Now: b.now(), Author: b.author, ID: outbox.NewObjectID(home)})
		b.must(problems.Err())
		b.must(outbox.Publish(b.ctx, b.db, &federation.Activity{Type: federation.Create, Actor: b.author.ID, Enclosed: o, To: o.To, Cc: o.Cc}))
		b.put("/a.ics", workshop("1@x", 12, "atelier velo"), workshop("2@x", 13, "Couture"))
		b.put("/b.ics", workshop("2@x", 13, "Couture (copie)"))
		first := b.follow("/a.ics")
		b.read()
		second := b.follow("/b.ics")
		b.read()
		b.wants("12.09 14:00 Atelier Vélo !", "13.09 14:00 Couture")
		if r := b.rows(first.ID)[0]; r.State != store.EntryDouble || r.Object != o.ID {
			t.Errorf("typed by hand: %s of %s", r.State, r.Object)
		}
		r := b.rows(second.ID)[0]
		if r.State != store.EntryDouble {
			t.Errorf("in two calendars: %s", r.State)
		}
		r.State = store.EntryWanted
		b.update(func(tx *store.Tx) error { return tx.PutCalendarEvent(b.ctx, r) })
		b.update(func(tx *store.Tx) error { return tx.SetCalendar(b.ctx, second) })
		b.read()
		b.wants("12.09 14:00 Atelier Vélo !", "13.09 14:00 Couture", "13.09 14:00 Couture (copie)")
	})
}

func TestWhatWasDeletedHereDoesNotComeBack(t *testing.T) {
	each(t, func(b *bench) {
		b.put("/a.ics", workshop("1@x", 12, "Vélo"), workshop("2@x", 13, "Couture"))
		c := b.follow("/a.ics")
		b.read()
		b.must(outbox.Publish(b.ctx, b.db, &federation.Activity{Type: federation.Delete, Actor: b.author.ID, Object: b.rows(c.ID)[0].Object}))
		b.put("/a.ics", workshop("1@x", 12, "Vélo et trottinette"), workshop("2@x", 13, "Couture"))
		b.read()
		b.wants("13.09 14:00 Couture")
		if r := b.rows(c.ID)[0]; r.State != store.EntryUnwanted {
			t.Errorf("state %s", r.State)
		}
	})
}

func TestWhatPeopleAddedHereStays(t *testing.T) {
	each(t, func(b *bench) {
		b.put("/a.ics", workshop("1@x", 12, "Vélo"))
		c := b.follow("/a.ics")
		b.read()
		var old *federation.Object
		b.view(func(tx *store.Tx) (err error) { old, err = tx.Object(b.ctx, b.rows(c.ID)[0].Object); return err })
		f := outbox.EventFormOf(old)
		f.Capacity, f.JoinMode = "12", federation.JoinFree
		o, problems := f.Object(outbox.Composer{Now: b.now(), Author: b.author, Old: old})
		b.must(problems.Err())
		b.must(outbox.Publish(b.ctx, b.db, &federation.Activity{Type: federation.Update, Actor: b.author.ID, Enclosed: o}))
		b.put("/a.ics", workshop("1@x", 12, "Vélo", `DESCRIPTION:Apportez <script>alert(1)</script>vos outils`))
		b.read()
		b.view(func(tx *store.Tx) (err error) { o, err = tx.Object(b.ctx, old.ID); return err })
		e := federation.EventOf(o)
		if e.Capacity != 12 || e.JoinMode != federation.JoinFree || !strings.Contains(o.Content, "vos outils") || strings.Contains(o.Content, "<script") {
			t.Errorf("%+v\n%s", e, o.Content)
		}
		if from, ok := From(o); !ok || from.Name != "Agenda du repair café" || from.URL != c.URL {
			t.Errorf("origin %+v", from)
		}
	})
}

func TestASecretAddressStaysSecret(t *testing.T) {
	if !LooksSecret("https://calendar.google.com/calendar/ical/x/private-0123/basic.ics") || LooksSecret("https://cloud.example/remote.php/dav/public-calendars/x?export") {
		t.Error("what is a secret?")
	}
	b := start(t, storetest.SQLite(t)("harvest"))
	b.put("/a.ics", workshop("1@x", 12, "Vélo", "URL:https://repair.example.org/velo"))
	c := &store.Calendar{Actor: b.author.ID, URL: b.server.URL + "/a.ics", State: store.CalendarActive, Secret: true}
	b.update(func(tx *store.Tx) error { return tx.AddCalendar(b.ctx, c) })
	b.read()
	var o *federation.Object
	b.view(func(tx *store.Tx) (err error) { o, err = tx.Object(b.ctx, b.rows(c.ID)[0].Object); return err })
	if strings.Contains(string(o.Raw), "/a.ics") {
		t.Errorf("the address is in %s", o.Raw)
	}
	const want = `"isBasedOn":{"type":"Document","mediaType":"text/calendar","name":"Agenda du repair café","url":[{"type":"Link","mediaType":"text/html","href":"https://repair.example.org/velo"}]}`
	if !strings.Contains(string(o.Raw), want) {
		t.Errorf("no %s in %s", want, o.Raw)
	}
}

func TestSignsThatNoDatabaseTakes(t *testing.T) {
	each(t, func(b *bench) {
		b.put("/a.ics", workshop("1\x00\xff@x", 12, "V\x00\xe9lo", "LOCATION:\x00\xff", "DESCRIPTION:\x00a\u202eb", "CATEGORIES:\x00,a"))
		b.pages["/a.ics"].body = strings.Replace(b.pages["/a.ics"].body, "Agenda du", "A\x00\xff", 1)
		c := b.follow("/a.ics")
		b.read()
		if c := b.calendar(c.ID); c.Fault != "" {
			t.Error(c.Fault, c.Detail)
		}
		if n := len(b.titles()); n != 1 {
			t.Errorf("%d events", n)
		}
	})
}
