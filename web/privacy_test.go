// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

func TestAProfileSaysWhoMaySeeAndWrite(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b, person := i.as("member"), i.accounts["member"].Person
		b.post("/profile", url.Values{
			"name": {"Camille"}, "locked": {"1"}, "closed": {"1"}, "discoverable": {"1"}, "network": {"shown"},
		}).wants(t, 303)
		i.update(func(ctx context.Context, tx *store.Tx) error {
			a, err := tx.Actor(ctx, person)
			if err == nil && (!a.Locked || !a.Closed || !a.Discoverable || a.Indexable || !a.ShowsNetwork()) {
				t.Errorf("%+v", a)
			}
			return err
		})
		bob := i.peer("bob")
		write := func(n string) error {
			return i.db.Update(t.Context(), func(tx *store.Tx) error {
				_, err := federation.Apply(t.Context(), tx, &federation.Activity{
					ID: bob.ID + "/c" + federation.IRI(n), Type: federation.Create, Actor: bob.ID, To: []federation.IRI{person},
					Enclosed: &federation.Object{
						ID: bob.ID + "/n" + federation.IRI(n), Type: "Note", AttributedTo: bob.ID, Content: "<p>Lettre " + n + "</p>", To: []federation.IRI{person},
						Published: i.now(), Tags: []federation.Tag{{Type: "Mention", Name: "@camille-member", Href: string(person)}}, Raw: []byte(`{}`),
					},
					Object: bob.ID + "/n" + federation.IRI(n),
				})
				return err
			})
		}
		must(t, write("un"))
		if got := b.get("/notifications?as=camille-member"); strings.Contains(got.body, "Lettre un") {
			t.Error("told of a stranger's letter")
		}
		if got := b.get("/feed?as=camille-member"); strings.Contains(got.body, "Lettre un") {
			t.Error("a stranger's letter is in the feed")
		}
		i.update(func(ctx context.Context, tx *store.Tx) error {
			return tx.PutEdge(ctx, &federation.Edge{Kind: federation.Follow, From: person, To: bob.ID})
		})
		must(t, write("deux"))
		b.get("/notifications?as=camille-member").wants(t, 200, "Lettre deux")
		b.get("/feed?as=camille-member").wants(t, 200, "Lettre deux")
	})
}

func TestNoticesStandTogether(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		me := i.accounts["member"].Person
		o := i.publish(me, note("Bonjour à toutes"))
		i.update(func(ctx context.Context, tx *store.Tx) error {
			var all []error
			for _, name := range []string{"ann", "bob", "eve"} {
				all = append(all, tx.Notify(ctx, federation.Notice{For: me, Kind: "Like", Actor: federation.IRI("https://peer.example/users/" + name), Object: o.ID}))
			}
			return errors.Join(append(all, tx.Notify(ctx, federation.Notice{For: me, Kind: "Follow", Actor: "https://peer.example/users/dan"}))...)
		})
		b := i.as("member")
		page := b.get("/notifications?as=camille-member").wants(t, 200, "et 2 autres personnes", "mardi 1er septembre 2026", "a commencé à vous suivre")
		if strings.Count(page.body, "a aimé") != 1 {
			t.Error("the likes do not stand together")
		}
		if got := b.get("/notifications?as=camille-member&show=follows").wants(t, 200, "a commencé à vous suivre"); strings.Contains(got.body, "a aimé") {
			t.Error("likes among the follows")
		}
		b.post("/notifications/read", url.Values{"as": {"camille-member"}}).wants(t, 303)
		b.get("/notifications?as=camille-member&show=unread").wants(t, 200, "Rien de nouveau")
	})
}
