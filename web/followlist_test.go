// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

func TestAListFromElsewhereIsFollowed(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.as("member")
		as := url.Values{"as": {"camille-member"}}
		bad := url.Values{"as": as["as"], "list": {"Account address\nlocalhost\neve@127.0.0.1\nann@host:8080\n"}}
		b.post("/following/import", bad).wants(t, 422, "Aucune adresse trouvée", "ann@host:8080")
		list := url.Values{"as": as["as"], "list": {"Account address,Show boosts\n@amap@amap.example,true\nAmap@amap.example\ncamille-editor@amap.example\nnobody@amap.example\n"}}
		b.post("/following/import", list).wants(t, 303)
		b.get("/following?as=camille-member").wants(t, 200, "3 abonnements de votre liste")
		w := &outbox.Wishes{DB: i.db, Log: i.site.Log}
		for range 3 {
			if worked, err := w.Step(t.Context()); err != nil || !worked {
				t.Fatalf("worked %v: %v", worked, err)
			}
		}
		if worked, _ := w.Step(t.Context()); worked {
			t.Error("there was more to do")
		}
		b.get("/following?as=camille-member").wants(t, 200, "AMAP du Moulin", "Camille editor")
		found := b.get("/following?as=camille-member&q=MOULIN").wants(t, 200, "AMAP du Moulin")
		if strings.Contains(found.body, "Camille editor") {
			t.Error("found somebody else")
		}
		b.get("/following?as=camille-member&q=%25").wants(t, 200, "ne suivez") // no wildcard
		table := b.get("/following/table?as=camille-member").wants(t, 200, "Account address,Show boosts,Notify on new posts,Languages\n")
		if !strings.Contains(table.body, "amap@amap.example,true,false,\n") {
			t.Errorf("the table:\n%s", table.body)
		}
		// Whom nobody finds is tried again, then given up.
		for range 2 {
			i.pass(time.Hour)
			if _, err := w.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		i.as("member").get("/following?as=camille-member").wants(t, 200, "nobody@amap.example", "1 personne n’a pas été trouvée")
		i.update(func(ctx context.Context, tx *store.Tx) error {
			e, err := tx.Edge(ctx, federation.Follow, i.accounts["member"].Person, i.initiative.ID)
			if err == nil && e.Pending {
				t.Error("still pending")
			}
			return err
		})
	})
}
