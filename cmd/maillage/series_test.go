// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// TestASeriesReachesAnotherInstance: one date is sent, and the follower's
// agenda has them all; a change of all is one delivery, and arrives in each.
func TestASeriesReachesAnotherInstance(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		clock, wire := newClock(), newTap()
		amap := launch(t, "amap", variant{database: fresh(t), settings: []setting{withClock(clock.now), withTransport(wire)}})
		cafe := launch(t, "cafe", variant{database: fresh(t), settings: []setting{withClock(clock.now)}})
		t.Cleanup(wire.next.(*http.Transport).CloseIdleConnections)
		cafe.follow(cafe.Actor, amap.Actor.ID)
		settled(cafe, amap)

		form := repairForm(clock.now())
		o, problems := form.Object(amap.composer())
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		s := &store.Series{Rule: "FREQ=WEEKLY;COUNT=22", First: form.StartDate}
		amap.update(func(ctx context.Context, tx *store.Tx) error {
			a := &federation.Activity{Type: federation.Create, Actor: amap.Actor.ID, Enclosed: o, To: o.To, Cc: o.Cc}
			return outbox.StartSeriesTx(ctx, tx, a, s)
		})
		var dates []store.SeriesDate
		amap.view(func(ctx context.Context, tx *store.Tx) (err error) {
			dates, err = tx.SeriesDates(ctx, s.ID)
			return err
		})
		if len(dates) != 22 {
			t.Fatalf("%d dates", len(dates))
		}
		posted := func() (n int) {
			for _, d := range dates {
				times, _ := wire.sent(d.Object)
				for _, k := range times {
					n += k
				}
			}
			return n
		}
		known := func() (n int) {
			return cafe.number(fmt.Sprintf("SELECT count(*) FROM objects WHERE context = %s AND gone = 0", cafe.quoted(string(s.ID))))
		}
		eventually(t, "the café knows all dates", func() bool { return known() == 22 })
		settled(amap, cafe)
		if n := posted(); n != 1 {
			t.Errorf("%d deliveries, want one", n)
		}
		if feed := cafe.feed(cafe.Actor.ID); len(feed) != 22 || feed[0] != o.ID {
			t.Errorf("the feed has %d and begins with %s", len(feed), feed[0])
		}
		cafe.view(func(ctx context.Context, tx *store.Tx) error {
			list, _, err := tx.Upcoming(ctx, cafe.Actor.ID, "", 50)
			if len(list) != 22 {
				t.Errorf("the agenda has %d", len(list))
			}
			return err
		})

		doc := amap.get(string(s.ID[len(amap.Origin):]), "Accept", "application/activity+json").doc(t)
		if doc["type"] != "OrderedCollection" || fmt.Sprint(doc["totalItems"]) != "22" {
			t.Errorf("the collection is %v", doc)
		}

		// The second is sent when its time has come: at a follower's it is news then.
		clock.advance(dates[1].Start.Add(-6 * 24 * time.Hour).Sub(clock.now()))
		step := func() {
			t.Helper()
			if err := (&outbox.Ahead{DB: amap.DB, Log: slog.Default(), Now: clock.now}).Step(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		step()
		step()
		second := dates[1].Object
		eventually(t, "the second date is news", func() bool { return cafe.feed(cafe.Actor.ID)[0] == second })
		settled(amap, cafe)
		if n := posted(); n != 2 {
			t.Errorf("%d deliveries, want two", n)
		}

		// All of them move to another hall: two deliveries and the one that tells of it.
		clock.advance(time.Minute)
		amap.update(func(ctx context.Context, tx *store.Tx) error {
			s, err := tx.Series(ctx, s.ID)
			if err != nil {
				return err
			}
			old, err := tx.Object(ctx, second)
			if err != nil {
				return err
			}
			edited := *old
			place := *old.Location
			place.Name = "Halle du marché"
			edited.Location = &place
			return outbox.ReviseSeriesTx(ctx, tx, s, &edited, "", false)
		})
		last := dates[21].Object
		eventually(t, "the last date has moved", func() bool {
			o := cafe.object(last)
			return o.Location != nil && o.Location.Name == "Halle du marché"
		})
		settled(amap, cafe)
		if n := posted(); n > 5 {
			t.Errorf("%d deliveries", n)
		}
		if cafe.holds("nothing of the kind") || !strings.Contains(cafe.object(second).Content, string(s.ID)) {
			t.Error("the second date does not name its series")
		}
	})
}
