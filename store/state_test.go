// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/maillage/maillage/federation"
)

func TestActorIsFoundByEveryName(t *testing.T) {
	each(t, func(t *fixture) {
		amap, bob := local("Amap"), remote("b.example", "bob")
		t.actors(amap, bob)
		t.view(func(tx *Tx) error {
			got, err := tx.Actor(t.ctx, bob.ID)
			if d := cmp.Diff(bob, got); d != "" {
				t.Error(d)
			}
			if err != nil {
				return err
			}
			for what, find := range map[string]func() (*federation.Actor, error){
				"username":  func() (*federation.Actor, error) { return tx.ActorByUsername(t.ctx, "aMAP") },
				"key":       func() (*federation.Actor, error) { return tx.ActorByKey(t.ctx, amap.ID+"#main-key") },
				"handle":    func() (*federation.Actor, error) { return tx.ActorByHandle(t.ctx, "@Amap@amap.example") },
				"followers": func() (*federation.Actor, error) { return tx.ActorByFollowers(t.ctx, amap.Followers) },
			} {
				if a, err := find(); err != nil || a.ID != amap.ID {
					t.Errorf("by %s: %v, %v", what, a, err)
				}
			}
			if _, err := tx.ActorByUsername(t.ctx, "bob"); !errors.Is(err, federation.ErrNotFound) {
				t.Errorf("bob is not ours: %v", err)
			}
			at, err := tx.ActorsByInbox(t.ctx, bob.Inbox)
			if len(at) != 1 || at[0].ID != bob.ID {
				t.Errorf("by inbox: %v", at)
			}
			known, err2 := tx.Actors(t.ctx, bob.ID, "https://x.example/none", amap.ID)
			if len(known) != 2 {
				t.Errorf("known: %v", known)
			}
			ours, err3 := tx.LocalActors(t.ctx, "Organization", "Group")
			if len(ours) != 1 {
				t.Errorf("ours: %v", ours)
			}
			return errors.Join(err, err2, err3)
		})
	})
}

func TestAKeyChangesHandsWithItsActorOnly(t *testing.T) {
	each(t, func(t *fixture) {
		bob, eve := remote("b.example", "bob"), remote("evil.example", "eve")
		eve.Keys = append(eve.Keys, federation.Key{ID: bob.ID + "#main-key", Owner: eve.ID})
		eve.Followers = bob.Followers
		t.actors(bob, eve)
		bob.Keys[0].ID = bob.ID + "#second"
		t.actors(bob)
		t.view(func(tx *Tx) error {
			if _, err := tx.ActorByKey(t.ctx, bob.ID+"#main-key"); !errors.Is(err, federation.ErrNotFound) {
				t.Errorf("the old key still speaks: %v", err)
			}
			a, err := tx.ActorByKey(t.ctx, bob.ID+"#second")
			if err == nil && a.ID != bob.ID {
				t.Errorf("key of %s", a.ID)
			}
			if f, err := tx.ActorByFollowers(t.ctx, bob.Followers); err != nil || f.ID != bob.ID {
				t.Errorf("followers of %v, %v", f, err)
			}
			return err
		})
	})
}

func TestSigningKeyIsTheNewestInUse(t *testing.T) {
	each(t, func(t *fixture) {
		amap := local("amap")
		t.update(func(tx *Tx) error {
			for i, k := range []PrivateKey{{ID: "old", Retired: t.now()}, {ID: "first"}, {ID: "second"}} {
				k.ID, k.Actor, k.Algorithm, k.Private = amap.ID+"#"+k.ID, amap.ID, "rsa", "PEM "+string(k.ID)
				k.Created = t.now().Add(time.Duration(i) * time.Hour)
				if err := tx.PutKey(t.ctx, k); err != nil {
					return err
				}
			}
			return nil
		})
		t.view(func(tx *Tx) error {
			id, pem, err := tx.SigningKey(t.ctx, amap.ID, "rsa")
			if id != amap.ID+"#second" || pem != "PEM second" {
				t.Errorf("%s %s", id, pem)
			}
			if _, _, err := tx.SigningKey(t.ctx, amap.ID, "ed25519"); !errors.Is(err, federation.ErrNotFound) {
				t.Errorf("got %v", err)
			}
			return err
		})
	})
}

func TestObjectComesBackAsItWasPut(t *testing.T) {
	each(t, func(t *fixture) {
		bob := remote("b.example", "bob")
		t.actors(bob)
		paris := time.FixedZone("", 2*3600)
		o := &federation.Object{
			ID: bob.ID + "/e/1", Type: "Event", AttributedTo: bob.ID, Name: "Bal\x00 trad", Content: "<p>É</p>", Language: "fr",
			To: []federation.IRI{federation.Public}, Published: t.now(), Start: time.Date(2026, 6, 1, 20, 0, 0, 0, paris),
			Location: &federation.Place{Type: "Place", Name: "Salle", Point: &federation.Point{Latitude: 48.1, Longitude: -1.6}},
			Tags:     []federation.Tag{{Type: "Hashtag", Name: "#Bal"}, {Type: "Hashtag", Name: "#bal"}},
			Extra:    map[string]json.RawMessage{"maximumAttendeeCapacity": json.RawMessage(`12`)},
			Raw:      []byte("{\"name\":\"Bal\"}"),
		}
		for range 2 { // the second time replaces
			t.objects(o)
			t.view(func(tx *Tx) error {
				got, err := tx.Object(t.ctx, o.ID)
				if d := cmp.Diff(o, got); d != "" {
					t.Error(d)
				}
				return err
			})
		}
		t.view(func(tx *Tx) error {
			n, err := tx.number(t.ctx, `SELECT COUNT(*) FROM object_tags`)
			if n != 1 {
				t.Errorf("%d tags", n)
			}
			if _, err := tx.Object(t.ctx, "https://x.example/none"); !errors.Is(err, federation.ErrNotFound) {
				t.Errorf("got %v", err)
			}
			return err
		})
	})
}

func TestTombstoneIsFoundNoMoreAndNothingIsLeftOfIt(t *testing.T) {
	each(t, func(t *fixture) {
		amap := local("amap")
		t.actors(amap)
		o := note(amap, "pommes", t.now())
		o.Location = &federation.Place{Point: &federation.Point{Latitude: 48, Longitude: 2}}
		o.Tags = []federation.Tag{{Type: "Hashtag", Name: "#pommes"}}
		t.objects(o)
		create := say(amap, federation.Create, "1", o.ID, federation.Public)
		t.update(func(tx *Tx) error { return tx.LogActivity(t.ctx, create) })
		found := func(tx *Tx) int {
			list, _, err := tx.Search(t.ctx, Query{Kinds: []string{"note"}, Text: "pomme", Near: &federation.Point{Latitude: 48, Longitude: 2}, RadiusKm: 1, Tag: "pommes"})
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		t.view(func(tx *Tx) error {
			if n := found(tx); n != 1 {
				t.Errorf("found %d", n)
			}
			return nil
		})
		t.objects(&federation.Object{ID: o.ID, Type: "Tombstone", FormerType: "Note", AttributedTo: amap.ID, Deleted: t.now(), Local: true})
		t.view(func(tx *Tx) error {
			got, err := tx.Object(t.ctx, o.ID)
			if err != nil {
				return err
			}
			if !got.Gone() || got.FormerType != "Note" || got.Content != "" || got.Raw != nil || !got.Deleted.Equal(t.now()) {
				t.Errorf("%+v", got)
			}
			if n := found(tx); n != 0 {
				t.Errorf("found %d", n)
			}
			out, _, err := tx.Outbox(t.ctx, amap.ID, "", "", 10)
			n, err2 := tx.OutboxCount(t.ctx, amap.ID)
			if len(out) != 0 || n != 0 {
				t.Errorf("the outbox still has %v (%d)", out, n)
			}
			a, err3 := tx.Activity(t.ctx, create.ID)
			if len(a.Document) != 0 {
				t.Errorf("still said: %s", a.Document)
			}
			return errors.Join(err, err2, err3)
		})
	})
}

func TestATombstoneMayComeBeforeTheObject(t *testing.T) {
	each(t, func(t *fixture) {
		bob := remote("b.example", "bob")
		t.actors(bob)
		t.objects(&federation.Object{ID: bob.ID + "/1", Type: "Tombstone", AttributedTo: bob.ID})
		t.view(func(tx *Tx) error {
			o, err := tx.Object(t.ctx, bob.ID+"/1")
			if err == nil && !o.Gone() {
				t.Errorf("%+v", o)
			}
			return err
		})
	})
}

func TestDropActorLeavesATombstone(t *testing.T) {
	each(t, func(t *fixture) {
		amap, bob := local("amap"), remote("b.example", "bob")
		t.actors(amap, bob)
		o := note(bob, "un", t.now())
		o.Location = &federation.Place{Point: &federation.Point{Latitude: 48, Longitude: 2}}
		t.objects(o, note(amap, "deux", t.now()))
		t.follow(amap, bob)
		t.follow(bob, amap)
		t.update(func(tx *Tx) error {
			return errors.Join(tx.Notify(t.ctx, federation.Notice{For: amap.ID, Kind: "Like", Actor: bob.ID}), tx.DropActor(t.ctx, bob.ID))
		})
		t.view(func(tx *Tx) error {
			a, err := tx.Actor(t.ctx, bob.ID)
			if err != nil {
				return err
			}
			if !a.Gone || a.Name != "" || a.Inbox != "" || len(a.Keys) != 1 {
				t.Errorf("%+v", a)
			}
			got, err := tx.Object(t.ctx, o.ID)
			if err != nil {
				return err
			}
			if !got.Gone() || got.FormerType != "Note" || got.AttributedTo != bob.ID || got.Content != "" {
				t.Errorf("%+v", got)
			}
			if other, err := tx.Object(t.ctx, amap.ID+"/notes/deux"); err != nil || other.Gone() {
				t.Errorf("%+v %v", other, err)
			}
			for _, q := range []string{`SELECT COUNT(*) FROM edges`, `SELECT COUNT(*) FROM notices`} {
				if n, err := tx.number(t.ctx, q); n != 0 || err != nil {
					t.Errorf("%s: %d, %v", q, n, err)
				}
			}
			return nil
		})
		if err := t.db.Update(t.ctx, func(tx *Tx) error { return tx.DropActor(t.ctx, "https://x.example/none") }); !errors.Is(err, federation.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

func TestEdges(t *testing.T) {
	each(t, func(t *fixture) {
		amap, bob, eve := local("amap"), remote("b.example", "bob"), remote("e.example", "eve")
		other := local("other")
		t.actors(amap, bob, eve, other)
		e := &federation.Edge{Kind: "Follow", From: amap.ID, To: bob.ID, Pending: true, By: amap.ID + "/1", Content: "x", At: t.now(), Public: true}
		t.edge(e)
		t.view(func(tx *Tx) error {
			got, err := tx.Edge(t.ctx, "Follow", amap.ID, bob.ID)
			if d := cmp.Diff(e, got); d != "" {
				t.Error(d)
			}
			by, err2 := tx.EdgeBy(t.ctx, e.By)
			if d := cmp.Diff(e, by); d != "" {
				t.Error(d)
			}
			if l, err := tx.LocalFollowers(t.ctx, bob.ID); len(l) != 0 || err != nil {
				t.Errorf("pending, and yet %v %v", l, err)
			}
			return errors.Join(err, err2)
		})
		t.edge(&federation.Edge{Kind: "Follow", From: amap.ID, To: bob.ID, By: amap.ID + "/2"})
		t.follow(eve, bob)
		t.view(func(tx *Tx) error {
			l, err := tx.LocalFollowers(t.ctx, bob.ID)
			if d := cmp.Diff([]federation.IRI{amap.ID}, l); d != "" {
				t.Error(d)
			}
			yes, err2 := tx.Followed(t.ctx, bob.ID)
			no, err3 := tx.Followed(t.ctx, eve.ID)
			if !yes || no {
				t.Errorf("followed: %v, %v", yes, no)
			}
			n, err4 := tx.CountTo(t.ctx, "Follow", bob.ID)
			if n != 2 {
				t.Errorf("%d followers", n)
			}
			if _, err := tx.EdgeBy(t.ctx, e.By); !errors.Is(err, federation.ErrNotFound) {
				t.Errorf("the edge was made anew: %v", err)
			}
			if _, err := tx.EdgeBy(t.ctx, ""); !errors.Is(err, federation.ErrNotFound) {
				t.Errorf("nobody made it: %v", err)
			}
			return errors.Join(err, err2, err3, err4)
		})
		t.update(func(tx *Tx) error { return tx.DropEdge(t.ctx, "Follow", amap.ID, bob.ID) })
		err := t.db.Update(t.ctx, func(tx *Tx) error { return tx.DropEdge(t.ctx, "Follow", amap.ID, bob.ID) })
		if !errors.Is(err, federation.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

// Whatever pages are asked for, they hold each edge once, newest first.
func TestPagesHoldEverythingOnce(t *testing.T) {
	each(t, func(t *fixture) {
		amap := local("amap")
		t.actors(amap)
		r := rand.New(rand.NewPCG(1, 2))
		const n = 57
		t.update(func(tx *Tx) error {
			for i := range n {
				at := t.now().Add(time.Duration(r.IntN(10)) * time.Second) // many at once
				err := tx.PutEdge(t.ctx, &federation.Edge{Kind: "Follow", From: federation.IRI(fmt.Sprintf("https://b.example/%d", i)), To: amap.ID, At: at})
				if err != nil {
					return err
				}
			}
			return nil
		})
		for _, limit := range []int{1, 7, 56, 57, 58, 0} {
			seen, cursor, last := map[federation.IRI]bool{}, "", time.Time{}
			for {
				var page []*federation.Edge
				t.view(func(tx *Tx) (err error) {
					page, cursor, err = tx.Followers(t.ctx, amap.ID, cursor, limit)
					return err
				})
				for _, e := range page {
					if seen[e.From] || !last.IsZero() && e.At.After(last) {
						t.Fatalf("limit %d: %s again, or too late", limit, e.From)
					}
					seen[e.From], last = true, e.At
				}
				if cursor == "" {
					break
				}
			}
			if len(seen) != n {
				t.Errorf("limit %d: %d of %d", limit, len(seen), n)
			}
		}
		err := t.db.View(t.ctx, func(tx *Tx) error { _, _, err := tx.Followers(t.ctx, amap.ID, "bad!", 1); return err })
		if !errors.Is(err, federation.ErrMalformed) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAnActivityIsLoggedOnce(t *testing.T) {
	each(t, func(t *fixture) {
		amap, bob := local("amap"), remote("b.example", "bob")
		t.actors(amap, bob)
		like := say(bob, federation.Like, "1", amap.ID+"/notes/1", amap.ID)
		t.update(func(tx *Tx) error { return tx.LogActivity(t.ctx, like) })
		if err := t.db.Update(t.ctx, func(tx *Tx) error { return tx.LogActivity(t.ctx, like) }); !errors.Is(err, federation.ErrSeen) {
			t.Errorf("got %v", err)
		}
		create := say(bob, federation.Create, "2", bob.ID+"/notes/1", federation.Public)
		t.update(func(tx *Tx) error { return tx.LogActivity(t.ctx, create) })
		t.view(func(tx *Tx) error {
			l, err := tx.Activity(t.ctx, like.ID)
			c, err2 := tx.Activity(t.ctx, create.ID)
			if err := errors.Join(err, err2); err != nil {
				return err
			}
			if string(l.Document) != string(like.Raw) || len(c.Document) != 0 || l.Public || !c.Public {
				t.Errorf("%+v %+v", l, c)
			}
			mine, _, err := tx.ActivitiesFor(t.ctx, amap.ID, "", 10)
			if len(mine) != 1 || mine[0].ID != like.ID {
				t.Errorf("%+v", mine)
			}
			return err
		})
		t.follow(amap, bob)
		t.view(func(tx *Tx) error {
			mine, _, err := tx.ActivitiesFor(t.ctx, amap.ID, "", 10)
			if len(mine) != 2 {
				t.Errorf("%+v", mine)
			}
			return err
		})
	})
}

func TestOutboxShowsEachViewerTheirs(t *testing.T) {
	each(t, func(t *fixture) {
		amap, ann, bob, eve := local("amap"), local("ann"), remote("b.example", "bob"), remote("e.example", "eve")
		t.actors(amap, ann, bob, eve)
		t.follow(bob, amap)
		t.update(func(tx *Tx) error {
			for i, to := range []federation.IRI{federation.Public, amap.Followers, ann.ID} {
				a := say(amap, federation.Create, fmt.Sprint(i), amap.ID+"/notes/1", to)
				a.Published = t.now().Add(time.Duration(i) * time.Second)
				t.advance(time.Second)
				if err := tx.LogActivity(t.ctx, a); err != nil {
					return err
				}
			}
			return nil
		})
		t.view(func(tx *Tx) error {
			for viewer, want := range map[federation.IRI]int{"": 1, eve.ID: 1, bob.ID: 2, ann.ID: 2, amap.ID: 3} {
				list, _, err := tx.Outbox(t.ctx, amap.ID, viewer, "", 10)
				if err != nil {
					return err
				}
				if len(list) != want {
					t.Errorf("%q sees %d, want %d", viewer, len(list), want)
				}
			}
			n, err := tx.OutboxCount(t.ctx, amap.ID)
			if n != 1 {
				t.Errorf("counted %d", n)
			}
			return err
		})
		// Blocked: nothing that is not public.
		t.edge(&federation.Edge{Kind: federation.Block, From: amap.ID, To: bob.ID})
		t.view(func(tx *Tx) error {
			list, next, err := tx.Outbox(t.ctx, amap.ID, bob.ID, "", 1)
			if len(list) != 1 || !list[0].Public || next != "" {
				t.Errorf("%v %q", list, next)
			}
			return err
		})
	})
}

func TestMayRead(t *testing.T) {
	each(t, func(t *fixture) {
		amap, ann, bob, eve := local("amap"), local("ann"), remote("b.example", "bob"), remote("e.example", "eve")
		circuit := local("circuit")
		t.actors(amap, ann, bob, eve, circuit)
		t.follow(bob, amap)
		t.follow(ann, circuit)
		t.edge(&federation.Edge{Kind: federation.Follow, From: eve.ID, To: amap.ID, Pending: true})
		to := func(list ...federation.IRI) *federation.Object {
			return &federation.Object{ID: amap.ID + "/1", Type: "Note", AttributedTo: amap.ID, To: list}
		}
		unlisted := to(amap.Followers)
		unlisted.Cc = []federation.IRI{federation.Public}
		nobody := federation.IRI("")
		rows := []struct {
			what string
			o    *federation.Object
			may  []federation.IRI
		}{
			{"public", to(federation.Public), []federation.IRI{nobody, amap.ID, ann.ID, bob.ID, eve.ID}},
			{"unlisted", unlisted, []federation.IRI{nobody, amap.ID, ann.ID, bob.ID, eve.ID}},
			{"followers", to(amap.Followers), []federation.IRI{amap.ID, bob.ID}},
			{"followers of a circuit", to(circuit.Followers), []federation.IRI{amap.ID, ann.ID}},
			{"one", to(ann.ID), []federation.IRI{amap.ID, ann.ID}},
			{"nobody", to(), []federation.IRI{amap.ID}},
			{"a tombstone", &federation.Object{Type: "Tombstone"}, []federation.IRI{nobody, amap.ID, ann.ID, bob.ID, eve.ID}},
		}
		check := func(blocked federation.IRI) {
			t.view(func(tx *Tx) error {
				for _, row := range rows {
					for _, viewer := range []federation.IRI{nobody, amap.ID, ann.ID, bob.ID, eve.ID} {
						got, err := tx.MayRead(t.ctx, viewer, row.o)
						if err != nil {
							return err
						}
						want := false
						for _, v := range row.may {
							want = want || v == viewer
						}
						if viewer == blocked && viewer != "" && len(row.may) < 5 {
							want = false
						}
						if got != want {
							t.Errorf("%s read by %q: %v", row.what, viewer, got)
						}
					}
				}
				return nil
			})
		}
		check("")
		t.edge(&federation.Edge{Kind: federation.Block, From: amap.ID, To: bob.ID})
		check(bob.ID)
	})
}

func TestSuspended(t *testing.T) {
	each(t, func(t *fixture) {
		wrong := errors.New("wrong")
		suspended := func(id federation.IRI) (s bool) {
			t.view(func(tx *Tx) (err error) { s, err = tx.Suspended(t.ctx, id); return err })
			return s
		}
		err := t.db.Update(t.ctx, func(tx *Tx) error {
			return errors.Join(tx.Suspend(t.ctx, "bad.example", "spam"), wrong)
		})
		if !errors.Is(err, wrong) || suspended("https://bad.example/x") {
			t.Errorf("a suspension that was not committed counts: %v", err)
		}
		t.update(func(tx *Tx) error {
			return errors.Join(tx.Suspend(t.ctx, "*.Bad.example", "spam"), tx.Suspend(t.ctx, "https://c.example/eve", ""))
		})
		for id, want := range map[federation.IRI]bool{
			"https://bad.example/x": true, "https://a.b.bad.example/x": true, "https://bad.example:8443/x": true,
			"https://notbad.example/x": false, "https://example/x": false, "https://c.example/bob": false,
			"https://c.example/eve": true, "https://c.example/eve#key": true, "": false,
			"https://1.2.3.4.5.6.7.8.9.10.11.bad.example/x": true,
		} {
			if got := suspended(id); got != want {
				t.Errorf("%s: %v", id, got)
			}
		}
		t.update(func(tx *Tx) error { return tx.Suspend(t.ctx, "127.0.0.3:8443", "") })
		if !suspended("http://127.0.0.3:8443/x") || suspended("http://127.0.0.3:8444/x") {
			t.Error("a host with a port is not told by its port")
		}
		t.update(func(tx *Tx) error { return tx.Unsuspend(t.ctx, "127.0.0.3:8443") })
		t.update(func(tx *Tx) error { return tx.Unsuspend(t.ctx, "bad.example") })
		if suspended("https://bad.example/x") {
			t.Error("still")
		}
		t.view(func(tx *Tx) error {
			list, err := tx.Suspensions(t.ctx)
			if len(list) != 1 {
				t.Errorf("%v", list)
			}
			return err
		})
	})
}

func TestNoticesEndWithWhatTheyAreAbout(t *testing.T) {
	each(t, func(t *fixture) {
		amap, bob := local("amap"), remote("b.example", "bob")
		t.actors(amap, bob)
		o := &federation.Object{ID: bob.ID + "/1", Type: "Note", AttributedTo: bob.ID, Content: "x", To: []federation.IRI{amap.ID}, Published: t.now()}
		t.update(func(tx *Tx) error {
			return errors.Join(tx.PutObject(t.ctx, o),
				tx.Notify(t.ctx, federation.Notice{For: amap.ID, Kind: "Mention", Actor: bob.ID, Object: o.ID}),
				tx.Notify(t.ctx, federation.Notice{For: amap.ID, Kind: "Follow", Actor: bob.ID, Object: amap.ID}))
		})
		want := func(n int) {
			t.Helper()
			t.view(func(tx *Tx) error {
				list, _, err := tx.Notices(t.ctx, amap.ID, "", 10)
				unread, err2 := tx.UnreadNotices(t.ctx, amap.ID)
				if len(list) != n || unread != n {
					t.Errorf("%d notices, %d unread; want %d", len(list), unread, n)
				}
				return errors.Join(err, err2)
			})
		}
		want(2)
		t.update(func(tx *Tx) error {
			return tx.PutObject(t.ctx, &federation.Object{ID: o.ID, Type: "Tombstone", FormerType: "Note", AttributedTo: bob.ID, Published: t.now(), Deleted: t.now()})
		})
		want(1)
	})
}

func TestNotices(t *testing.T) {
	each(t, func(t *fixture) {
		amap := local("amap")
		t.update(func(tx *Tx) error {
			for i := range 5 {
				n := federation.Notice{For: amap.ID, Kind: "Like", Actor: federation.IRI(fmt.Sprint("https://b.example/", i%4)), At: t.now().Add(time.Duration(i) * time.Second)}
				if err := tx.Notify(t.ctx, n); err != nil {
					return err
				}
			}
			return tx.ReadNotices(t.ctx, amap.ID, t.now().Add(time.Second))
		})
		t.view(func(tx *Tx) error {
			list, next, err := tx.Notices(t.ctx, amap.ID, "", 3)
			rest, end, err2 := tx.Notices(t.ctx, amap.ID, next, 3)
			if len(list) != 3 || len(rest) != 1 || end != "" || list[0].Read || !rest[0].Read || list[0].Actor != "https://b.example/3" {
				t.Errorf("%v, %v", list, rest)
			}
			n, err3 := tx.UnreadNotices(t.ctx, amap.ID)
			if n != 2 {
				t.Errorf("%d unread", n)
			}
			return errors.Join(err, err2, err3)
		})
	})
}
