// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// A season is 22 deliveries over the change of clocks, without the holidays.
type season struct {
	*trade

	clock        *clock
	desk, member *visitor // of the publisher, of the partner
	page         string   // of the exchange, on both
	dates        []time.Time
	paid         []time.Time // when a payment is due
}

// TestASeasonFromTheFirstDeliveryToTheLast runs through it with a clock that is
// moved, on the pages of two instances: the publisher's on SQLite, the partner's on
// PostgreSQL.
func TestASeasonFromTheFirstDeliveryToTheLast(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	s.agrees(t)
	s.runs(t)
	s.ends(t)
	s.addsUp(t)
}

func newSeason(t *testing.T) *season {
	t.Helper()
	s := &season{clock: newClock()}
	year := s.clock.now().Year() + 1
	s.clock.set(time.Date(year, 8, 20, 8, 0, 0, 0, time.UTC))
	box := newMailbox(t)
	in := func(name, database string) *instance {
		i := launch(t, name, variant{database: database, smtp: "smtp://" + box.address, settings: []setting{withClock(s.clock.now), withPace(time.Minute, 50*time.Millisecond)}})
		i.writesNotices(t)
		return i
	}
	amap, cafe := in("amap", sqliteFile(t)), in("cafe", onPostgres(t))
	cafe.follow(cafe.Actor, amap.Actor.ID)
	f := vegetables("12")
	first := time.Date(year, 9, 1, 0, 0, 0, 0, time.UTC)
	for first.Weekday() != time.Thursday {
		first = first.AddDate(0, 0, 1)
	}
	winter := func(month time.Month, day int) time.Time { // the Thursday of that week
		d := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
		return d.AddDate(0, 0, int(time.Thursday-d.Weekday()))
	}
	f.Dates = fmt.Sprintf("%s 18:30 x 24\n- %s\n- %s", first.Format("02/01/2006"), winter(12, 22).Format("02/01/2006"), winter(12, 29).Format("02/01/2006"))
	f.Payments = "3"
	s.trade = &trade{t: t, publisher: amap, partner: cafe, about: amap.offers(f)}
	eventually(t, "the offer arrives", func() bool { return cafe.object(s.about.ID) != nil })
	s.desk, s.member = amap.signedIn(t, "admin-amap"), cafe.signedIn(t, "admin-cafe")
	return s
}

// agrees asks for two shares and accepts: both know the same 22 dates, at half past
// six in summer and in winter.
func (s *season) agrees(t *testing.T) {
	t.Helper()
	s.ask("2")
	s.same("")
	s.clock.advance(time.Minute)
	s.accept()
	s.same("publisher with partner: agreed 2 for 792; left 10; reason \"\"; ")
	plan := func(i *instance) (all []string) {
		for _, c := range i.exchange(s.offer).Terms.Schedule {
			all = append(all, fmt.Sprintf("%s %s %s", c.Due.UTC().Format(time.RFC3339), c.Kind, c.Quantity))
		}
		return all
	}
	if a, b := plan(s.publisher), plan(s.partner); !slices.Equal(a, b) {
		t.Fatalf("the publisher plans %v\nthe partner %v", a, b)
	}
	hours := map[string]int{}
	for _, c := range s.publisher.exchange(s.offer).Terms.Schedule {
		if c.Kind == federation.StepPaid {
			s.paid = append(s.paid, c.Due)
			continue
		}
		s.dates = append(s.dates, c.Due)
		hours[c.Due.UTC().Format("15:04")]++
		if day := c.Due.In(s.publisher.composer().Zone).Format("15:04 Mon"); day != "18:30 Thu" {
			t.Errorf("a delivery on %s", day)
		}
	}
	if len(s.dates) != 22 || len(s.paid) != 3 || hours["16:30"] < 5 || hours["17:30"] < 5 {
		t.Fatalf("%d deliveries, %d payments, at %v", len(s.dates), len(s.paid), hours)
	}
	for n := 1; n < len(s.dates); n++ {
		if gap := s.dates[n].Sub(s.dates[n-1]); gap > 8*24*time.Hour && gap < 20*24*time.Hour {
			t.Errorf("no holidays, but a gap of %s", gap)
		}
	}
	s.page = strings.TrimPrefix(string(s.publisher.exchange(s.offer).ID), s.publisher.Origin)
}

// What happens on single dates.
const (
	passedOn   = 4
	inPart     = 8
	calledOff  = 12
	afterwards = inPart + 1
)

// runs goes from date to date: a reminder the day before, then both note what was
// handed over, and paid when that is due.
func (s *season) runs(t *testing.T) {
	t.Helper()
	for n, due := range s.dates {
		stamp := due.UTC().Format(time.RFC3339)
		s.payBefore(t, due)
		switch n {
		case passedOn:
			s.member.open(s.page).press("pass", "due", stamp, "kind", federation.StepDelivered, "taker", "Zoé")
			s.desk.shows(s.page, "pour Zoé")
		case calledOff:
			s.desk.open(s.page).press("skip", "due", stamp, "kind", federation.StepDelivered)
			s.member.shows(s.page, "pas de remise ce jour-là")
			continue
		}
		s.clock.set(due.Add(-24*time.Hour + time.Minute))
		s.isTold(t, "Due")
		s.clock.set(due.Add(time.Hour))
		for side, v := range map[*instance]*visitor{s.publisher: s.desk, s.partner: s.member} {
			if n == inPart {
				s.keeps(side, due, "Une part manque")
				continue
			}
			v.open(s.page).press("kept", "due", stamp, "kind", federation.StepDelivered)
			if n == afterwards {
				s.keeps(side, time.Time{}, "La part qui manquait")
			}
		}
		if n == 0 {
			s.pays(s.paid[0])
		}
		s.settlesWeek(t)
		s.untold(t, "Due")
	}
}

// keeps notes one share, of a date or beside them.
func (s *season) keeps(side *instance, due time.Time, words string) {
	s.t.Helper()
	s.does(side, func(ctx context.Context, tx *store.Tx, x *federation.Exchange) error {
		return outbox.KeepTx(ctx, tx, x, side.Actor.ID, federation.StepDelivered, due, "1", words)
	})
}

// payBefore notes the payments that fall due before a delivery.
func (s *season) payBefore(t *testing.T, next time.Time) {
	t.Helper()
	for n, due := range s.paid {
		if n == 0 || !due.After(s.clock.now()) || due.After(next.Add(-24*time.Hour)) {
			continue
		}
		s.clock.set(due.Add(-24*time.Hour + time.Minute))
		s.isTold(t, "Due")
		s.clock.set(due.Add(time.Hour))
		s.pays(due)
	}
}

func (s *season) pays(due time.Time) {
	s.t.Helper()
	stamp := due.UTC().Format(time.RFC3339)
	s.member.open(s.page).press("kept", "due", stamp, "kind", federation.StepPaid)
	s.desk.open(s.page).press("kept", "due", stamp, "kind", federation.StepPaid)
}

// isTold waits until each side is told something, which was not said before, and
// reads it.
func (s *season) isTold(t *testing.T, kind string) {
	t.Helper()
	for _, i := range []*instance{s.publisher, s.partner} {
		eventually(t, fmt.Sprintf("%s is told %s at %s", i.name, kind, s.clock.now()), func() bool { return s.unread(i, kind) == 1 })
		i.update(func(ctx context.Context, tx *store.Tx) error { return tx.ReadNotices(ctx, i.Actor.ID, tx.Now()) })
	}
}

// untold checks that nobody was told a second time.
func (s *season) untold(t *testing.T, kind string) {
	t.Helper()
	for _, i := range []*instance{s.publisher, s.partner} {
		if s.unread(i, kind) != 0 {
			t.Errorf("%s is told %s once more, until %s", i.name, kind, s.clock.now())
		}
	}
}

func (s *season) unread(i *instance, kind string) int {
	s.t.Helper()
	x := i.exchange(s.offer)
	return i.number(fmt.Sprintf("SELECT count(*) FROM notices WHERE read = 0 AND kind = '%s' AND object = %s", kind, i.quoted(string(x.ID))))
}

// settlesWeek waits until both know the same.
func (s *season) settlesWeek(t *testing.T) {
	t.Helper()
	eventually(t, "both know what was done", func() bool {
		a, b := s.publisher.exchange(s.offer), s.partner.exchange(s.offer)
		return len(a.Steps) == len(b.Steps) && a.Done(federation.StepDelivered, a.Publisher).Cmp(b.Done(federation.StepDelivered, b.Publisher)) == 0
	})
}

// ends is what is so after the last date: all was handed over, and both are asked,
// once, whether to go on.
func (s *season) ends(t *testing.T) {
	t.Helper()
	s.clock.advance(time.Hour)
	s.isTold(t, "Renewal")
	s.clock.advance(30 * 24 * time.Hour)
	for _, v := range []*visitor{s.desk, s.member} {
		v.shows(s.page, "terminé")
	}
	for _, i := range []*instance{s.publisher, s.partner} {
		x := i.exchange(s.offer)
		if x.State != federation.ExchangeFulfilled || x.Done(federation.StepDelivered, x.Publisher) != "42" || x.Done(federation.StepDelivered, x.Partner) != "42" || x.Done(federation.StepPaid, x.Partner) != "792" {
			t.Errorf("%s: %s, %s handed over, %s received, %s paid", i.name, x.State, x.Done(federation.StepDelivered, x.Publisher), x.Done(federation.StepDelivered, x.Partner), x.Done(federation.StepPaid, x.Partner))
		}
		if c := x.Commitment(federation.StepDelivered, s.dates[passedOn]); c.Taker != "Zoé" {
			t.Errorf("%s: the share of %s is for %q", i.name, c.Due, c.Taker)
		}
	}
	s.untold(t, "Due")
	s.untold(t, "Renewal")
}

// addsUp recomputes from the table of exchanges that each side can take away what
// was agreed on.
func (s *season) addsUp(t *testing.T) {
	t.Helper()
	for v, as := range map[*visitor]string{s.desk: "amap", s.member: "cafe"} {
		v.open("/exchanges/table?as=" + as)
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(v.answer.Body), "\ufeff"))).ReadAll()
		if err != nil || len(rows) != 2 {
			t.Fatalf("%d rows: %v", len(rows), err)
		}
		cell := map[string]string{}
		for n, name := range rows[0] {
			cell[name] = rows[1][n]
		}
		shares, price := federation.Decimal(cell["Quantité"]), federation.Decimal(cell["Prix"])
		var sum federation.Decimal
		for range s.dates {
			for range 2 {
				sum = sum.Plus("18")
			}
		}
		if shares != "2" || price.Cmp(sum) != 0 {
			t.Errorf("%v: %s shares for %s, want 2 for %s", rows, shares, price, sum)
		}
	}
}
