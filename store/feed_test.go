// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/maillage/maillage/federation"
)

func (f *fixture) feed(actor federation.IRI, limit int) (list []string) {
	f.Helper()
	cursor := ""
	for {
		var items []FeedItem
		f.view(func(tx *Tx) (err error) {
			items, cursor, err = tx.Feed(f.ctx, actor, cursor, limit)
			return err
		})
		for _, i := range items {
			s := string(i.Object.ID)
			if i.By != "" {
				s += " by " + string(i.By)
			}
			list = append(list, s)
		}
		if cursor == "" {
			return list
		}
	}
}

func TestFeed(t *testing.T) {
	each(t, func(t *fixture) {
		amap, bob, carl, eve := local("amap"), remote("b.example", "bob"), remote("c.example", "carl"), remote("e.example", "eve")
		t.actors(amap, bob, carl, eve)
		t.follow(amap, bob)
		t.follow(amap, carl)
		t.edge(&federation.Edge{Kind: federation.Follow, From: amap.ID, To: eve.ID, Pending: true})
		at := func(minutes int) time.Time { return t.now().Add(time.Duration(minutes) * time.Minute) }
		b1, b2 := note(bob, "b1", at(1)), note(bob, "b2", at(2))
		b2.To, b2.Cc = []federation.IRI{bob.Followers}, nil
		toCarl, toStranger, toUnknown := note(bob, "to-carl", at(4)), note(bob, "to-stranger", at(5)), note(bob, "to-unknown", at(6))
		c1, e1, e2, own := note(carl, "c1", at(3)), note(eve, "e1", at(0)), note(eve, "e2", at(7)), note(amap, "own", at(8))
		toCarl.InReplyTo, toStranger.InReplyTo, toUnknown.InReplyTo = c1.ID, e1.ID, "https://x.example/none"
		e2.To, e2.Cc = []federation.IRI{amap.ID}, nil
		hidden := note(bob, "hidden", at(9))
		hidden.To, hidden.Cc = []federation.IRI{eve.ID}, nil
		gone := note(bob, "gone", at(10))
		mention := note(eve, "mention", at(11))
		mention.Cc = append(mention.Cc, amap.ID)
		t.objects(b1, b2, c1, toCarl, toStranger, toUnknown, e1, e2, own, hidden, gone, mention)
		t.objects(&federation.Object{ID: gone.ID, Type: "Tombstone", AttributedTo: bob.ID})
		t.edge(&federation.Edge{Kind: federation.Announce, From: carl.ID, To: e1.ID, At: at(12), Public: true})
		t.edge(&federation.Edge{Kind: federation.Announce, From: carl.ID, To: gone.ID, At: at(13), Public: true})
		t.edge(&federation.Edge{Kind: federation.Announce, From: eve.ID, To: b1.ID, At: at(14), Public: true})
		want := []string{
			string(e1.ID) + " by " + string(carl.ID), string(mention.ID), string(own.ID), string(e2.ID), string(toCarl.ID),
			string(c1.ID), string(b2.ID), string(b1.ID),
		}
		for _, limit := range []int{0, 1, 2, 3, 8} {
			if d := cmp.Diff(want, t.feed(amap.ID, limit)); d != "" {
				t.Errorf("%d a page: %s", limit, d)
			}
		}
	})
}

// However many share a moment, and however long the pages are, the feed holds
// each post of those followed once.
func TestFeedLosesNothing(t *testing.T) {
	each(t, func(t *fixture) {
		amap := local("amap")
		t.actors(amap)
		r := rand.New(rand.NewPCG(5, 6))
		var list []*federation.Object
		count := 0
		for i := range 5 {
			bob := remote(fmt.Sprintf("b%d.example", i), "bob")
			t.actors(bob)
			if i > 0 {
				t.follow(amap, bob)
			}
			for n := range 25 {
				o := note(bob, fmt.Sprint(n), t.now().Add(time.Duration(r.IntN(6))*time.Second))
				list = append(list, o)
				if i > 0 {
					count++
				}
			}
		}
		t.objects(list...)
		for i, o := range list[:25] { // of somebody whom amap does not follow
			if i%2 == 0 {
				t.edge(&federation.Edge{Kind: federation.Announce, From: list[30].AttributedTo, To: o.ID, At: t.now().Add(time.Duration(r.IntN(6)) * time.Second)})
				count++
			}
		}
		for _, limit := range []int{0, 1, 7, 50} {
			seen := map[string]bool{}
			for _, s := range t.feed(amap.ID, limit) {
				if seen[s] {
					t.Errorf("%d a page: %s again", limit, s)
				}
				seen[s] = true
			}
			if len(seen) != count {
				t.Errorf("%d a page: %d of %d", limit, len(seen), count)
			}
		}
	})
}
