// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/calendar"
	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// feed reads a calendar as a program that subscribed to it does.
func (i *instance) feed(path string) (entries map[string]*calendar.Entry, body string) {
	i.t.Helper()
	body = i.as("").get(path).wants(i.t, 200).body
	f, err := calendar.Read(strings.NewReader(body), calendar.Options{Zone: time.UTC})
	must(i.t, err)
	entries = map[string]*calendar.Entry{}
	for _, e := range f.Entries {
		entries[e.UID] = e
	}
	return entries, body
}

// ownAddress makes the address of a member's own calendar.
func (i *instance) ownAddress(who string) string {
	i.t.Helper()
	b := i.as(who)
	b.post("/account/calendar", url.Values{"do": {"new"}}).wants(i.t, 303)
	_, address, _ := strings.Cut(b.get("/account/calendar").wants(i.t, 200).body, origin+"/calendars/")
	return "/calendars/" + address[:strings.IndexByte(address, '"')]
}

// Every feed that has an event says the same of it: its name for ever, where and
// when it is and by whose clocks, and that it was called off.
func TestEveryFeedSaysTheSameOfAnEvent(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		circuit := i.actor("Group", "circuit", "Circuit de la Drôme")
		f := meeting("Atelier vélo", "2026-11-05")
		for name, value := range map[string]string{
			"circuit": string(circuit.ID), "hashtags": "#velo", "place.name": "Halle", "place.city": "Étampes", "place.lat": "48.43", "place.lon": "2.16",
		} {
			f.Set(name, value)
		}
		page := led(i.as("admin").post("/publish/event", f).wants(t, 303))
		far := meeting("Ailleurs", "2026-11-06")
		far.Set("place.city", "Brest")
		far.Set("place.lat", "48.39")
		far.Set("place.lon", "-4.48")
		i.as("admin").post("/publish/event", far).wants(t, 303)
		i.as("member").post("/answer", url.Values{"object": {origin + page}, "answer": {"yes"}}).wants(t, 303)
		near := "/events/calendar.ics?" + url.Values{"lat": {"48.4"}, "lon": {"2.2"}, "place": {"Étampes"}, "radius": {"10"}}.Encode()
		paths := []string{"/events/calendar.ics", near, "/tags/velo/calendar.ics", "/@amap/calendar.ics", "/@circuit/calendar.ics", page + "/calendar.ics", i.ownAddress("member")}
		uid, sequences := "", map[string]int{}
		look := func(path string) (*calendar.Entry, string) {
			t.Helper()
			ring := "?alarm=60"
			if strings.Contains(path, "?") {
				ring = "&alarm=60"
			}
			all, body := i.feed(path + ring)
			for _, e := range all {
				if e.Title == "Atelier vélo" || e.Title == "[Annulé] Atelier vélo" {
					if uid == "" {
						uid = e.UID
					}
					if e.UID != uid {
						t.Errorf("%s calls it %s, others %s", path, e.UID, uid)
					}
					return e, body
				}
			}
			t.Fatalf("%s does not have it:\n%s", path, body)
			return nil, ""
		}
		for _, path := range paths {
			e, body := look(path)
			sequences[path] = e.Sequence
			if at := e.Start; e.Status != calendar.Confirmed || at.Location().String() != "Europe/Paris" || at.Format("2006-01-02 15:04 -0700") != "2026-11-05 18:00 +0100" {
				t.Errorf("%s: %s at %s", path, e.Status, at)
			}
			if e.Point == nil || e.Point.Latitude != 48.43 || e.Point.Longitude != 2.16 {
				t.Errorf("%s: it is at %v", path, e.Point)
			}
			for _, line := range []string{"BEGIN:VTIMEZONE", "TZID:Europe/Paris", "DTSTART;TZID=Europe/Paris:20261105T180000", "TRIGGER:-PT60M", "END:VALARM"} {
				if !strings.Contains(body, line+"\r\n") {
					t.Errorf("%s: no %s in\n%s", path, line, body)
				}
			}
		}
		if all, _ := i.feed(near); len(all) != 1 {
			t.Errorf("the feed of a place has %d events", len(all))
		}
		i.as("").get(near).wants(t, 200, "NAME:Étampes · ")
		i.pass(time.Hour)
		i.as("admin").post(page+"/cancel", nil).wants(t, 303)
		for _, path := range paths {
			if e, body := look(path); e.Status != calendar.Cancelled || e.Sequence <= sequences[path] || path == page+"/calendar.ics" && strings.Contains(body, "VALARM") {
				t.Errorf("%s: %s, sequence %d after %d", path, e.Status, e.Sequence, sequences[path])
			}
		}
	})
}

// The calendar of a circuit has what its members publish, wherever they are.
func TestTheCalendarOfACircuitHasEventsOfAllItsMembers(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		circuit, anna := i.actor("Group", "circuit", "Circuit de la Drôme"), i.peer("anna")
		o := theirEvent(i, anna, "Fête des voisins")
		o.Audience = circuit.ID
		i.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutObject(ctx, o) })
		if all, body := i.feed("/@circuit/calendar.ics"); all[string(o.ID)] == nil {
			t.Errorf("it is not there:\n%s", body)
		}
		if all, _ := i.feed("/events/calendar.ics"); len(all) != 0 {
			t.Error("the instance's own calendar has what others publish")
		}
	})
}

// theirEvent is an event of a peer.
func theirEvent(i *instance, by *federation.Actor, name string) *federation.Object {
	return &federation.Object{
		ID: "https://peer.example/events/1", Type: "Event", Name: name, AttributedTo: by.ID, To: []federation.IRI{federation.Public},
		Published: i.now(), Start: i.now().Add(48 * time.Hour), End: i.now().Add(50 * time.Hour),
		Extra: map[string]json.RawMessage{"timezone": json.RawMessage(`"Europe/Paris"`), "joinMode": json.RawMessage(`"free"`)},
	}
}

// What calendars have of an event elsewhere never becomes older: an Update that
// was overtaken on its way changes nothing.
func TestAnEventFromElsewhereDoesNotGoBack(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		anna := i.peer("anna")
		first := theirEvent(i, anna, "Fête")
		i.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutObject(ctx, first) })
		i.as("member").post("/answer", url.Values{"object": {string(first.ID)}, "answer": {"yes"}}).wants(t, 303)
		address := i.ownAddress("member")
		update := func(name string, at time.Time) {
			t.Helper()
			o := *first
			o.Name, o.Updated = name, at
			i.update(func(ctx context.Context, tx *store.Tx) error {
				_, err := federation.Apply(ctx, tx, &federation.Activity{
					ID: federation.IRI("https://peer.example/updates/" + url.PathEscape(name)), Type: federation.Update, Actor: anna.ID, Object: o.ID, Enclosed: &o, To: o.To,
				})
				return err
			})
		}
		entry := func() *calendar.Entry {
			t.Helper()
			all, body := i.feed(address)
			if all[string(first.ID)] == nil {
				t.Fatal(body)
			}
			return all[string(first.ID)]
		}
		was := entry().Sequence
		i.pass(time.Hour)
		update("Fête sous la pluie", i.now())
		newest := entry()
		i.pass(time.Hour)
		update("Fête au soleil", i.now().Add(-90*time.Minute))
		if e := entry(); newest.Sequence <= was || e.Sequence != newest.Sequence || e.Title != "Fête sous la pluie" || !e.Modified.Equal(newest.Modified) {
			t.Errorf("%q, sequence %d, was %d and %d", e.Title, e.Sequence, was, newest.Sequence)
		}
	})
}
