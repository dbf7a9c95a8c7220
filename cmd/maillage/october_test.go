// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/calendar"
	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// october returns the day on which the clocks go back next.
func october(now time.Time) time.Time {
	for y := now.Year(); ; y++ {
		last := time.Date(y, time.October, 31, 0, 0, 0, 0, time.UTC)
		last = last.AddDate(0, 0, -int(last.Weekday()))
		if last.After(now.AddDate(0, 0, 20)) {
			return last
		}
	}
}

// browse returns a page of an instance as a member sees it.
func (i *instance) browse(who *federation.Actor, path string) string {
	i.t.Helper()
	var secret string
	i.update(func(ctx context.Context, tx *store.Tx) error {
		a, err := tx.AccountByEmail(ctx, who.Username+"@members.example")
		if err == nil {
			secret, err = tx.NewSession(ctx, a.ID, time.Hour, "test")
		}
		return err
	})
	_, port, _ := strings.Cut(hostOf(i.Origin), ":")
	r := i.request(http.MethodGet, path, nil, "Accept", "text/html", "Accept-Language", "fr")
	r.AddCookie(&http.Cookie{Name: "session-" + port, Value: secret})
	a := i.do(r)
	if a.StatusCode != http.StatusOK {
		i.t.Fatalf("%s: %d", path, a.StatusCode)
	}
	return strings.NewReplacer("\u00a0", " ", "\u202f", " ", "&nbsp;", " ").Replace(string(a.Body))
}

// TestTheClocksGoBack follows events over the change of October from the form to
// the wire, to the feed, and to a follower's agenda: what people typed is what
// they see, and it is the same moment everywhere.
func TestTheClocksGoBack(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		clock := newClock()
		change := october(clock.now())
		clock.set(change.AddDate(0, 0, -20).Add(10 * time.Hour))
		amap := launch(t, "amap", variant{database: fresh(t), settings: []setting{withClock(clock.now)}})
		cafe := launch(t, "cafe", variant{database: fresh(t), settings: []setting{withClock(clock.now)}})
		ann := cafe.member("Person", "ann", false)
		cafe.account(ann)
		cafe.follow(ann, amap.Actor.ID)
		settled(cafe, amap)

		form := func(title, zone string, day time.Time, from, to string) outbox.EventForm {
			f := repairForm(clock.now())
			f.Title, f.Timezone = title, zone
			f.StartDate, f.StartTime, f.EndDate, f.EndTime = day.Format(time.DateOnly), from, day.Format(time.DateOnly), to
			return f
		}
		// Every Thursday at half past six, two before and two after the change.
		thursday := change.AddDate(0, 0, -10)
		o, problems := form("Distribution", "Europe/Paris", thursday, "18:30", "19:30").Object(amap.composer())
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		amap.update(func(ctx context.Context, tx *store.Tx) error {
			s := &store.Series{Rule: "FREQ=WEEKLY;COUNT=4", First: thursday.Format(time.DateOnly)}
			return outbox.StartSeriesTx(ctx, tx, &federation.Activity{Type: federation.Create, Actor: amap.Actor.ID, Enclosed: o, To: o.To, Cc: o.Cc}, s)
		})
		// In the hour that is there twice, and on clocks that never change.
		night := amap.invites(form("Nuit du hérisson", "Europe/Paris", change, "02:30", "03:30"))
		island := amap.invites(form("Visio avec Fort-de-France", "America/Martinique", change, "18:30", "20:00"))

		type moment struct{ title, start, end, zone, clock string }
		utc := func(day time.Time, hours string) string { return day.Format(time.DateOnly) + "T" + hours + ":00Z" }
		want := []moment{
			{"Nuit du hérisson", utc(change, "00:30"), utc(change, "02:30"), "Europe/Paris", "02:30"}, // the first of the two
			{"Visio avec Fort-de-France", utc(change, "22:30"), utc(change.AddDate(0, 0, 1), "00:00"), "America/Martinique", "18:30"},
		}
		for n, hours := range []string{"16:30 17:30", "16:30 17:30", "17:30 18:30", "17:30 18:30"} {
			day := thursday.AddDate(0, 0, 7*n)
			from, to, _ := strings.Cut(hours, " ")
			want = append(want, moment{"Distribution", utc(day, from), utc(day, to), "Europe/Paris", "18:30"})
		}
		same := func(what string, got map[moment]bool) {
			t.Helper()
			for _, m := range want {
				if !got[m] {
					t.Errorf("%s: no %v in %v", what, m, got)
				}
			}
			if len(got) != len(want) {
				t.Errorf("%s has %d", what, len(got))
			}
		}
		add := func(all map[moment]bool, title string, start, end time.Time, zone string) {
			z, err := time.LoadLocation(zone)
			if err != nil {
				t.Fatal(err)
			}
			all[moment{title, start.UTC().Format(time.RFC3339), end.UTC().Format(time.RFC3339), zone, start.In(z).Format("15:04")}] = true
		}

		// On the wire.
		wire := map[moment]bool{}
		ids := []string{string(night.ID), string(island.ID)}
		ids = append(ids, amap.column("SELECT object FROM series_dates", 0)...)
		for _, id := range ids {
			doc := amap.get(strings.TrimPrefix(id, amap.Origin), "Accept", "application/activity+json").doc(t)
			start, err := time.Parse(time.RFC3339, fmt.Sprint(doc["startTime"]))
			end, err2 := time.Parse(time.RFC3339, fmt.Sprint(doc["endTime"]))
			if err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
			add(wire, fmt.Sprint(doc["name"]), start, end, fmt.Sprint(doc["timezone"]))
		}
		same("the wire", wire)

		// In the feed, as another calendar reads it.
		f, err := calendar.Read(strings.NewReader(string(amap.get("/events/calendar.ics").Body)), calendar.Options{})
		if err != nil {
			t.Fatal(err)
		}
		feed := map[moment]bool{}
		for _, e := range f.Entries {
			add(feed, e.Title, e.Start, e.End, e.Start.Location().String())
		}
		same("the feed", feed)

		// In the follower's agenda, before the change and after it.
		eventually(t, "the follower has all of them", func() bool {
			return cafe.number("SELECT count(*) FROM objects WHERE kind = 'event' AND gone = 0") == len(want)
		})
		agenda := map[moment]bool{}
		cafe.view(func(ctx context.Context, tx *store.Tx) error {
			list, _, err := tx.Upcoming(ctx, ann.ID, "", 50)
			for _, o := range list {
				add(agenda, o.Name, o.Start, o.End, federation.EventOf(o).Timezone)
			}
			return err
		})
		same("the agenda", agenda)
		shown := func(path string) {
			t.Helper()
			page := cafe.browse(ann, path)
			for _, words := range []string{"18 h 30", "2 h 30", "Fort-de-France"} {
				if !strings.Contains(page, words) {
					t.Errorf("%s: no %q in\n%s", path, words, page)
				}
			}
			if strings.Contains(page, "17 h 30") || strings.Contains(page, "22 h 30") {
				t.Errorf("%s: an hour is another one:\n%s", path, page)
			}
		}
		shown("/events")
		shown("/events?view=month&month=" + change.Format("2006-01"))
		clock.set(change.Add(50 * time.Minute)) // between the two half past two
		if page := cafe.browse(ann, "/events"); !strings.Contains(page, "Nuit du hérisson") {
			t.Error("what goes on in the doubled hour is gone from the agenda")
		}
	})
}
