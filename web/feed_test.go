// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

func TestTheFeedByKindPlaceAndWhatIsNew(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		bob, me := i.peer("bob"), i.accounts["member"].Person
		put := func(name, kind, title string, at time.Duration, place *federation.Place) *federation.Object {
			o := &federation.Object{
				ID: bob.ID + "/o/" + federation.IRI(name), Type: kind, AttributedTo: bob.ID, Name: title, Content: "<p>" + title + "</p>",
				To: []federation.IRI{federation.Public}, Published: i.now().Add(at), Location: place, Raw: []byte(`{}`),
			}
			if kind == "Event" {
				o.Start = i.now().Add(48 * time.Hour)
			}
			return o
		}
		valence := &federation.Place{Type: "Place", City: "Valence", Point: &federation.Point{Latitude: 44.93, Longitude: 4.89}}
		lyon := &federation.Place{Type: "Place", City: "Lyon", Point: &federation.Point{Latitude: 45.76, Longitude: 4.84}}
		i.update(func(ctx context.Context, tx *store.Tx) error {
			person, err := tx.Actor(ctx, me)
			if err == nil {
				moved := *person
				moved.Location = valence
				err = tx.PutActor(ctx, &moved)
			}
			return errors.Join(err,
				tx.PutEdge(ctx, &federation.Edge{Kind: federation.Follow, From: me, To: bob.ID}),
				tx.PutObject(ctx, put("1", "Note", "Vieille nouvelle", -9*24*time.Hour, nil)),
				tx.PutObject(ctx, put("2", "Event", "Bal à Lyon", -2*time.Hour, lyon)),
				tx.PutObject(ctx, put("3", "Event", "Fête à Valence", -1*time.Hour, valence)))
		})
		b := i.as("member")
		feed := func(query string, want, not string) {
			t.Helper()
			got := b.get("/feed?as=camille-member"+query).wants(t, 200)
			for w := range strings.SplitSeq(want, ",") {
				if !strings.Contains(got.body, w) {
					t.Errorf("%s: no %q", query, w)
				}
			}
			for w := range strings.SplitSeq(not, ",") {
				if strings.Contains(got.body, w) {
					t.Errorf("%s: there is %q", query, w)
				}
			}
		}
		feed("", "Vieille nouvelle,Bal à Lyon,Fête à Valence", "Nouveau depuis") // the first visit: nothing is old
		feed("&kind=event", "Bal à Lyon,Fête à Valence", "Vieille nouvelle")
		feed("&kind=post", "Vieille nouvelle", "Bal à Lyon,Fête à Valence")
		feed("&kind=offer", "Fil", "Vieille nouvelle,Bal à Lyon")
		feed("&within=25", "Fête à Valence,autour de", "Bal à Lyon,Vieille nouvelle")
		feed("&kind=event&within=100", "Fête à Valence,Bal à Lyon", "Vieille nouvelle")

		// Read up to three days ago: what came since is new.
		until := i.now().Add(-3 * 24 * time.Hour)
		b.post("/feed/read", url.Values{"as": {"camille-member"}, "until": {until.Format(time.RFC3339)}}).wants(t, 303)
		feed("", "Nouveau depuis samedi,Déjà vu", "nothing")
		b.post("/feed/read", url.Values{"as": {"camille-member"}}).wants(t, 303)
		feed("", "Déjà vu", "Nouveau depuis")
	})
}
