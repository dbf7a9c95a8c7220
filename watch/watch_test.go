// SPDX-License-Identifier: AGPL-3.0-or-later

package watch

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
	"codeberg.org/maillage/maillage/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m, opened) }

// opened is for storetest.
func opened(database string) (io.Closer, error) {
	return store.Open(context.Background(), store.Options{Database: database})
}

const home = "https://amap.example"

// A scene is an instance with a member and a peer.
type scene struct {
	*testing.T
	db     *store.DB
	watch  *Watch
	clock  time.Time
	ann    *store.Account
	amap   *federation.Actor
	farm   *federation.Actor
	number int
}

func each(t *testing.T, f func(s *scene)) {
	storetest.Each(t, func(t *testing.T, database func(string) string) {
		s := &scene{T: t, clock: time.Date(2026, 9, 1, 10, 0, 0, 0, time.UTC)}
		now := func() time.Time { return s.clock }
		db, err := store.Open(t.Context(), store.Options{Database: database("watch"), Origin: home, Now: now, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		s.db, s.watch = db, &Watch{DB: db, Log: slog.New(slog.DiscardHandler), Now: now}
		s.amap, s.farm = s.actor(home+"/actors/amap", "Organization"), s.actor("https://farm.example/actor", "Person")
		person := s.actor(home+"/actors/ann", "Person")
		s.ann = &store.Account{Name: "ann", Role: store.RoleEditor, Person: person.ID, Locale: "fr"}
		s.update(func(ctx context.Context, tx *store.Tx) error {
			if err := tx.PutSetting(ctx, "initiative", string(s.amap.ID)); err != nil {
				return err
			}
			return tx.AddAccount(ctx, s.ann)
		})
		f(s)
	})
}

func (s *scene) update(f func(context.Context, *store.Tx) error) {
	s.Helper()
	if err := s.db.Update(s.Context(), func(tx *store.Tx) error { return f(s.Context(), tx) }); err != nil {
		s.Fatal(err)
	}
}

func (s *scene) actor(id federation.IRI, kind string) *federation.Actor {
	s.Helper()
	name := string(id[len("https://"):])
	a := &federation.Actor{ID: id, Type: kind, Username: name, Name: name, Inbox: id + "/inbox", Followers: id + "/followers", Local: id.Origin() == home, Fetched: s.clock}
	s.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutActor(ctx, a) })
	return a
}

// put publishes something, and lets time go by.
func (s *scene) put(by *federation.Actor, purpose, title string) *federation.Object {
	s.Helper()
	s.number++
	o := &federation.Object{
		ID: federation.IRI(fmt.Sprintf("%s/%d", by.ID, s.number)), Type: "Note", AttributedTo: by.ID, Name: title, Content: "<p>" + title + "</p>",
		To: []federation.IRI{federation.Public}, Published: s.clock, Local: by.Local,
	}
	federation.Proposal{Purpose: purpose}.Put(o)
	s.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutObject(ctx, o) })
	s.clock = s.clock.Add(time.Minute)
	return o
}

// look lets the watch look, and lists what ann was told.
func (s *scene) look() (told []string) {
	s.Helper()
	if err := s.watch.Once(s.Context()); err != nil {
		s.Fatal(err)
	}
	err := s.db.View(s.Context(), func(tx *store.Tx) error {
		list, _, err := tx.Notices(s.Context(), s.ann.Person, "", 100)
		for _, n := range list {
			o, err := tx.Object(s.Context(), n.Object)
			if err != nil {
				return err
			}
			told = append(told, n.Kind+" "+n.Title+": "+o.Name)
		}
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	return told
}

func (s *scene) alert(a store.Alert) {
	s.Helper()
	a.Account = s.ann.ID
	s.update(func(ctx context.Context, tx *store.Tx) error { return tx.AddAlert(ctx, &a) })
}

func TestNobodyIsToldOfTheirOwnOrOfTheBlockedOrTheSuspended(t *testing.T) {
	each(t, func(s *scene) {
		blocked, suspended := s.actor("https://b.example/actor", "Person"), s.actor("https://s.example/actor", "Person")
		s.alert(store.Alert{Words: "pain"})
		s.alert(store.Alert{Words: "pain", Kind: "offer"}) // two alerts, one notice
		s.update(func(ctx context.Context, tx *store.Tx) error {
			if err := tx.Suspend(ctx, "s.example", "spam"); err != nil {
				return err
			}
			return tx.PutEdge(ctx, &federation.Edge{Kind: federation.Block, From: s.ann.Person, To: blocked.ID, By: home + "/b"})
		})
		for _, by := range []*federation.Actor{s.amap, blocked, suspended, s.farm} {
			s.put(by, federation.PurposeOffer, "Pain de "+string(by.ID))
		}
		s.put(s.farm, federation.PurposeOffer, "Brioche")
		if got := fmt.Sprint(s.look()); got != "[Alert pain: Pain de https://farm.example/actor]" {
			s.Error(got)
		}
	})
}

func TestADayHasSoManyAnnouncements(t *testing.T) {
	each(t, func(s *scene) {
		s.alert(store.Alert{Words: "pain"})
		for range MaxPerDay + 5 {
			s.put(s.farm, federation.PurposeOffer, "Pain")
		}
		if n := len(s.look()); n != MaxPerDay {
			s.Errorf("%d announcements", n)
		}
		s.clock = s.clock.Add(25 * time.Hour)
		s.put(s.farm, federation.PurposeOffer, "Pain du lendemain")
		if n := len(s.look()); n != MaxPerDay+1 {
			s.Errorf("%d announcements on the next day", n)
		}
	})
}

func TestAlertsWaitAsASearchFinds(t *testing.T) {
	x := federation.Index{Kind: "offer", Category: "alimentation", Modes: []string{"barter"}, Tags: []string{"bio"}, Point: &federation.Point{Latitude: 44.75, Longitude: 5.37}}
	has := []string{"pain", "levain"}
	near := &federation.Point{Latitude: 44.7, Longitude: 5.3}
	for _, test := range []struct {
		alert store.Alert
		want  bool
	}{
		{store.Alert{Words: "Pains lev"}, true},
		{store.Alert{Words: "pain brioche"}, false},
		{store.Alert{Kind: "need"}, false},
		{store.Alert{Kind: "offer", Category: "alimentation", Mode: "barter", Tag: "#Bio"}, true},
		{store.Alert{Category: "energie"}, false},
		{store.Alert{Mode: "gift"}, false},
		{store.Alert{Tag: "amap"}, false},
		{store.Alert{Near: near, RadiusKm: 10}, true},
		{store.Alert{Near: near, RadiusKm: 5}, false},
	} {
		if got := fits(&test.alert, x, has); got != test.want {
			t.Errorf("%+v: %v", test.alert, got)
		}
	}
	if x.Point = nil; fits(&store.Alert{Near: near, RadiusKm: 10}, x, has) {
		t.Error("what is nowhere is near")
	}
}

func TestWhatIsFoundIsFoundAgainOnlyWhenSomethingChanged(t *testing.T) {
	each(t, func(s *scene) {
		need := s.put(s.amap, federation.PurposeRequest, "Pommes à jus")
		s.put(s.farm, federation.PurposeOffer, "Pommes tombées")
		s.look()
		first := s.watch.Latest()
		if n := len(first.Pairs(need.ID)); n != 1 {
			s.Fatalf("%d pairs", n)
		}
		s.look()
		if s.watch.Latest() != first {
			s.Error("it was found again")
		}
		s.put(s.farm, federation.PurposeOffer, "Pommes de garde")
		s.look()
		if n := len(s.watch.Latest().Pairs(need.ID)); n != 2 {
			s.Errorf("%d pairs after another came", n)
		}
		if n := len((*Watch)(nil).Latest().Pairs(need.ID)); n != 0 {
			s.Errorf("nobody watches and found %d", n)
		}
	})
}
