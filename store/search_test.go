// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/maillage/maillage/federation"
)

// offer makes a public offer or need somewhere.
func offer(by *federation.Actor, name, purpose string, at time.Time, p *federation.Point) *federation.Object {
	o := note(by, name, at)
	o.Name = name
	if p != nil {
		o.Location = &federation.Place{Point: p}
	}
	federation.Proposal{Purpose: purpose, Category: "food", Modes: []string{"gift"}}.Put(o)
	return o
}

func event(by *federation.Actor, name string, start, end time.Time) *federation.Object {
	o := note(by, name, start.Add(-time.Hour*24*30))
	o.Type, o.Name, o.Start, o.End = "Event", name, start, end
	return o
}

func (f *fixture) search(q Query) (names []string) {
	f.Helper()
	f.view(func(tx *Tx) error {
		for {
			found, next, err := tx.Search(f.ctx, q)
			if err != nil {
				return err
			}
			for _, o := range found {
				names = append(names, o.Object.Name)
			}
			if next == "" {
				return nil
			}
			q.Cursor = next
		}
	})
	return names
}

// Whatever somebody types, it is a search and not an error.
func FuzzSearchText(f *testing.F) {
	for _, s := range []string{"pomme", "\"", "a OR b", "x*", "NEAR(a b)", "É'", "\x00", "\xff", "<", "ʼn ǆ ﷺ", "日本語", "½ ² ٣"} {
		f.Add(s)
	}
	lite := open(f, "sqlite:"+f.TempDir()+"/a.db")
	f.Fuzz(func(t *testing.T, s string) {
		err := lite.db.Update(lite.ctx, func(tx *Tx) error {
			o := note(local("amap"), "fuzz", lite.now())
			o.Content = s
			return tx.PutObject(lite.ctx, o)
		})
		if err != nil {
			t.Fatal(err)
		}
		err = lite.db.View(lite.ctx, func(tx *Tx) error {
			found, _, err := tx.Search(lite.ctx, Query{Kinds: []string{"note"}, Text: s})
			if err == nil && len(found) != 1 {
				t.Errorf("%q does not find itself", s)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestSearchTakesAnyText(t *testing.T) {
	each(t, func(t *fixture) {
		amap := local("amap")
		t.actors(amap)
		for _, s := range []string{"\"", "a OR b", "x*", "É'\\", "\x00a", "\xffb", "<", "ʼn ǆ ﷺ", "日本語", "½ ² ٣", "'' & !"} {
			o := note(amap, "it", t.now())
			o.Name, o.Content = "it", s
			t.objects(o)
			if got := t.search(Query{Kinds: []string{"note"}, Text: s}); len(got) != 1 {
				t.Errorf("%q found %v", s, got)
			}
		}
	})
}

func TestSearchByEverything(t *testing.T) {
	each(t, func(t *fixture) {
		amap, bob := local("amap"), remote("b.example", "bob")
		t.actors(amap, bob)
		rennes, brest := &federation.Point{Latitude: 48.117, Longitude: -1.677}, &federation.Point{Latitude: 48.39, Longitude: -4.486}
		at := t.now()
		apples := offer(amap, "Pommes à cidre", "offer", at, rennes)
		apples.Tags = []federation.Tag{{Type: "Hashtag", Name: "#CircuitsCourts"}}
		closed := offer(amap, "Épuisé", "offer", at.Add(-time.Hour), brest)
		p, _ := federation.ProposalOf(closed)
		p.Primary.Quantity = &federation.Quantity{Unit: "one", Value: "3"}
		p.Primary.Available = &federation.Quantity{Unit: "one", Value: "0"}
		p.Put(closed)
		need := offer(bob, "Cherche pommier", "request", at.Add(-2*time.Hour), brest)
		need.Start, need.End = at.Add(-24*time.Hour), at.Add(24*time.Hour)
		past, ball := event(amap, "Bal passé", at.Add(-48*time.Hour), time.Time{}), event(bob, "Bal folk", at.Add(48*time.Hour), at.Add(50*time.Hour))
		fair := event(amap, "Foire", at.Add(-time.Hour), at.Add(72*time.Hour))
		unlisted := offer(amap, "Discret", "offer", at, nil)
		unlisted.To, unlisted.Cc = []federation.IRI{amap.Followers}, []federation.IRI{federation.Public}
		chatter := note(bob, "pomme", at)
		t.objects(apples, closed, need, past, ball, fair, unlisted, chatter)
		for what, row := range map[string]struct {
			q    Query
			want []string
		}{
			"all":        {Query{}, []string{"Pommes à cidre", "Épuisé", "Cherche pommier", "Bal folk", "Foire", "Bal passé"}},
			"text":       {Query{Text: "POMM"}, []string{"Pommes à cidre", "Cherche pommier"}},
			"two words":  {Query{Text: "cidres pommes"}, []string{"Pommes à cidre"}},
			"accents":    {Query{Text: "epuise"}, []string{"Épuisé"}},
			"nothing":    {Query{Text: "poire"}, nil},
			"kind":       {Query{Kinds: []string{"need"}}, []string{"Cherche pommier"}},
			"tag":        {Query{Tag: "#circuitscourts"}, []string{"Pommes à cidre"}},
			"category":   {Query{Category: "food", Kinds: []string{"offer", "need"}}, []string{"Pommes à cidre", "Épuisé", "Cherche pommier"}},
			"mode":       {Query{Mode: "gift", LocalOnly: true}, []string{"Pommes à cidre", "Épuisé"}},
			"open":       {Query{Kinds: []string{"offer"}, OpenOnly: true}, []string{"Pommes à cidre"}},
			"author":     {Query{Author: bob.ID}, []string{"Cherche pommier", "Bal folk"}},
			"place":      {Query{Near: rennes, RadiusKm: 10}, []string{"Pommes à cidre"}},
			"near":       {Query{Near: rennes, Sort: SortNear}, []string{"Pommes à cidre", "Épuisé", "Cherche pommier"}},
			"far":        {Query{Near: brest, RadiusKm: 300, Sort: SortNear}, []string{"Épuisé", "Cherche pommier", "Pommes à cidre"}},
			"upcoming":   {Query{Kinds: []string{"event"}, From: at, Sort: SortStart}, []string{"Foire", "Bal folk"}},
			"until":      {Query{Kinds: []string{"event"}, Until: at, Sort: SortStart}, []string{"Bal passé", "Foire"}},
			"last first": {Query{Kinds: []string{"event"}, Ended: at, Sort: SortLast}, []string{"Bal passé"}},
			"ball":       {Query{Kinds: []string{"event"}, Text: "bal", Sort: SortStart}, []string{"Bal passé", "Bal folk"}},
			"our ball":   {Query{Kinds: []string{"event"}, Text: "bal", Sort: SortLast, LocalOnly: true}, []string{"Bal passé"}},
			"our words":  {Query{Text: "pomme", LocalOnly: true}, []string{"Pommes à cidre"}},
			"notes too":  {Query{Kinds: []string{"offer", "note"}, Text: "pomme"}, []string{"Pommes à cidre"}},
			"word near":  {Query{Text: "pomm", Near: rennes, Sort: SortNear}, []string{"Pommes à cidre", "Cherche pommier"}},
			"over":       {Query{Kinds: []string{"need"}, From: at.Add(25 * time.Hour)}, nil},
			"own":        {Query{Viewer: amap.ID, Kinds: []string{"offer"}, OpenOnly: true}, []string{"Discret", "Pommes à cidre"}},
			"everything": {Query{Text: "pomme", Tag: "CircuitsCourts", Mode: "gift", Category: "food", Near: rennes, RadiusKm: 1, From: at.Add(-time.Hour), Until: at.Add(time.Hour), Author: amap.ID, LocalOnly: true, OpenOnly: true, Viewer: bob.ID, Sort: SortNear}, []string{"Pommes à cidre"}},
		} {
			for _, limit := range []int{0, 1, 2} {
				for _, few := range []int{0, 1} { // 1: as if there was so much that lists are read in their order
					row.q.Limit, row.q.few = limit, few
					if d := cmp.Diff(row.want, t.search(row.q)); d != "" {
						t.Errorf("%s, %d a page, few %d: %s", what, limit, few, d)
					}
				}
			}
		}
		t.view(func(tx *Tx) error {
			list, _, err := tx.Upcoming(t.ctx, "", "", 1)
			if len(list) != 1 || list[0].Name != "Foire" {
				t.Errorf("%v", list)
			}
			for from, want := range map[time.Time]int{{}: 2, at: 1} {
				if n, err := tx.CountBy(t.ctx, amap.ID, from, "event"); n != want || err != nil {
					t.Errorf("%d events, %v", n, err)
				}
			}
			if n, err := tx.CountBy(t.ctx, amap.ID, at, "offer"); n != 2 || err != nil {
				t.Errorf("%d offers, %v", n, err)
			}
			return err
		})
		err := t.db.View(t.ctx, func(tx *Tx) error { _, _, err := tx.Search(t.ctx, Query{Cursor: "x"}); return err })
		if !errors.Is(err, federation.ErrMalformed) {
			t.Errorf("got %v", err)
		}
	})
}

// Whichever way a tag or a mode is looked for, what is found is what would be
// found without it, but for what does not have it, in the same order.
func TestTagsAreFoundInTheOrderOfTheList(t *testing.T) {
	each(t, func(t *fixture) {
		amap, ann, bob := local("amap"), local("ann"), remote("b.example", "bob")
		t.actors(amap, ann, bob)
		t.follow(ann, bob)
		tagged := map[string]bool{}
		var list []*federation.Object
		for i := range 60 {
			by := []*federation.Actor{amap, bob}[i%2]
			name, at := fmt.Sprint("chose ", i), t.now().Add(-time.Duration(i*7%60)*time.Hour)
			o := offer(by, name, []string{"offer", "request"}[i/2%2], at, &federation.Point{Latitude: 48 + float64(i)/100, Longitude: 2})
			if i%3 == 0 {
				start := t.now().Add(time.Duration(i-30) * 24 * time.Hour)
				o = event(by, name, start, start.Add(time.Duration(1+i%7*200)*time.Hour))
			}
			if tagged[name] = i%5 < 2; tagged[name] {
				o.Tags = []federation.Tag{{Type: "Hashtag", Name: "#Miel"}, {Type: "Hashtag", Name: "#miel"}}
			}
			if i%4 < 2 && i%3 < 2 {
				o.To, o.Cc = []federation.IRI{by.Followers}, nil
			}
			list = append(list, o)
		}
		t.objects(list...)
		t.update(func(tx *Tx) error { return tx.Behind(t.ctx, list[2*5].ID) })
		near := &federation.Point{Latitude: 48.3, Longitude: 2}
		for what, q := range map[string]Query{
			"all": {}, "own": {LocalOnly: true}, "author": {Viewer: amap.ID}, "follower": {Viewer: ann.ID}, "open": {OpenOnly: true},
			"next":     {Kinds: []string{"event"}, From: t.now(), Sort: SortStart},
			"her next": {Kinds: []string{"event"}, From: t.now(), Sort: SortStart, Viewer: ann.ID},
			"own next": {Kinds: []string{"event"}, From: t.now(), Sort: SortStart, LocalOnly: true},
			"ended":    {Kinds: []string{"event"}, Ended: t.now(), Sort: SortLast},
			"a week":   {Kinds: []string{"event"}, From: t.now(), Until: t.now().Add(7 * 24 * time.Hour), Sort: SortStart},
			"near":     {Near: near, Sort: SortNear}, "around": {Near: near, RadiusKm: 20}, "of bob": {Author: bob.ID}, "words": {Text: "chose"},
			"gift": {Mode: "gift", Kinds: []string{"offer"}},
		} {
			var want []string
			for _, name := range t.search(q) {
				if tagged[name] {
					want = append(want, name)
				}
			}
			q.Tag = "MIEL"
			for _, limit := range []int{0, 1, 3} {
				for _, few := range []int{0, 1, 12} { // 12: they may read less than has the tag
					q.Limit, q.few = limit, few
					if d := cmp.Diff(want, t.search(q)); d != "" || len(want) == 0 {
						t.Errorf("%s, %d a page, few %d: %s", what, limit, few, d)
					}
				}
			}
		}
	})
}

func TestSearchShowsWhatOneMayRead(t *testing.T) {
	each(t, func(t *fixture) {
		amap, ann, bob := local("amap"), local("ann"), remote("b.example", "bob")
		t.actors(amap, ann, bob)
		t.follow(bob, amap)
		var list []*federation.Object
		for i := range 30 {
			o := offer(amap, fmt.Sprint("offre ", i), "offer", t.now().Add(time.Duration(i)*time.Second), nil)
			switch i % 3 {
			case 1:
				o.To, o.Cc = []federation.IRI{amap.Followers}, nil
			case 2:
				o.To, o.Cc = []federation.IRI{ann.ID}, nil
			}
			list = append(list, o)
		}
		t.objects(list...)
		for viewer, want := range map[federation.IRI]int{"": 10, bob.ID: 20, ann.ID: 20, amap.ID: 30, "https://x.example/eve": 10} {
			for _, limit := range []int{3, 10, 0} {
				if got := t.search(Query{Viewer: viewer, Text: "offre", Limit: limit}); len(got) != want {
					t.Errorf("%q finds %d, %d a page", viewer, len(got), limit)
				}
			}
		}
		t.edge(&federation.Edge{Kind: federation.Block, From: amap.ID, To: bob.ID})
		if got := t.search(Query{Viewer: bob.ID, Limit: 3}); len(got) != 10 {
			t.Errorf("blocked, and yet finds %d", len(got))
		}
	})
}

// The rectangle, the index and the formula of the database agree with what
// federation.Point says, everywhere on Earth.
func TestSearchByRadiusAgreesWithHaversine(t *testing.T) {
	each(t, func(t *fixture) {
		amap := local("amap")
		t.actors(amap)
		r := rand.New(rand.NewPCG(3, 4))
		spots := []federation.Point{{Latitude: 90}, {Latitude: -90}, {Longitude: 180}, {Longitude: -180}, {}, {Latitude: 48.1, Longitude: -1.6}}
		for range 60 {
			spots = append(spots, federation.Point{Latitude: math.Asin(2*r.Float64()-1) * 180 / math.Pi, Longitude: r.Float64()*360 - 180})
		}
		var list []*federation.Object
		for i, p := range spots {
			list = append(list, offer(amap, fmt.Sprint(i), "offer", t.now(), &p))
		}
		t.objects(list...)
		for _, km := range []float64{1, 100, 1000, 5000, 15000, 19999} {
			for _, near := range append([]federation.Point{{Latitude: 85, Longitude: 10}, {Latitude: 10, Longitude: 179.9}, {Latitude: -60, Longitude: -179}}, spots[:8]...) {
				var want []string
				for i, p := range spots {
					if near.Kilometres(p) <= km {
						want = append(want, fmt.Sprint(i))
					}
				}
				got := t.search(Query{Near: &near, RadiusKm: km, Sort: SortNear})
				last := 0.0
				for _, name := range got {
					i, err := strconv.Atoi(name)
					if err != nil {
						t.Fatal(err)
					}
					if far := near.Kilometres(spots[i]); far < last-1e-6 {
						t.Errorf("%v km around %v: %d is nearer than what came before", km, near, i)
					} else {
						last = far
					}
				}
				slices.Sort(want)
				slices.Sort(got)
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("%v km around %v: %s", km, near, d)
				}
			}
		}
	})
}

func TestLists(t *testing.T) {
	each(t, func(t *fixture) {
		amap, ann, bob := local("amap"), local("ann"), remote("b.example", "bob")
		t.actors(amap, ann, bob)
		t.follow(bob, amap)
		first := note(amap, "first", t.now())
		first.Audience = home + "/circuit"
		secret := note(amap, "secret", t.now().Add(time.Second))
		secret.To, secret.Cc = []federation.IRI{amap.Followers}, nil
		reply := note(bob, "reply", t.now().Add(2*time.Second))
		reply.InReplyTo = first.ID
		whisper := note(ann, "whisper", t.now().Add(3*time.Second))
		whisper.InReplyTo, whisper.To, whisper.Cc = first.ID, []federation.IRI{amap.ID}, nil
		t.objects(first, secret, reply, whisper)
		t.edge(&federation.Edge{Kind: federation.Add, From: amap.ID, To: first.ID})
		t.edge(&federation.Edge{Kind: federation.Add, From: amap.ID, To: secret.ID})
		t.edge(&federation.Edge{Kind: federation.Like, From: bob.ID, To: first.ID})
		t.edge(&federation.Edge{Kind: federation.Announce, From: bob.ID, To: first.ID})
		relay := local("instance")
		t.actors(relay)
		t.edge(&federation.Edge{Kind: federation.Announce, From: relay.ID, To: first.ID})
		t.update(func(tx *Tx) error { return tx.PutSetting(t.ctx, "instance", string(relay.ID)) })
		t.view(func(tx *Tx) error {
			for what, row := range map[string]struct {
				list func() ([]*federation.Object, string, error)
				want []string
			}{
				"by, anybody":     {func() ([]*federation.Object, string, error) { return tx.ObjectsBy(t.ctx, amap.ID, "", "", 9) }, ids([]*federation.Object{first})},
				"by, follower":    {func() ([]*federation.Object, string, error) { return tx.ObjectsBy(t.ctx, amap.ID, bob.ID, "", 9) }, ids([]*federation.Object{secret, first})},
				"in":              {func() ([]*federation.Object, string, error) { return tx.ObjectsIn(t.ctx, home+"/circuit", "", "", 9) }, ids([]*federation.Object{first})},
				"recent":          {func() ([]*federation.Object, string, error) { return tx.Recent(t.ctx, "", 9) }, ids([]*federation.Object{first})},
				"replies":         {func() ([]*federation.Object, string, error) { return tx.Replies(t.ctx, first.ID, "", "", 9) }, ids([]*federation.Object{reply})},
				"replies to me":   {func() ([]*federation.Object, string, error) { return tx.Replies(t.ctx, first.ID, amap.ID, "", 9) }, ids([]*federation.Object{reply, whisper})},
				"featured":        {func() ([]*federation.Object, string, error) { l, err := tx.Featured(t.ctx, amap.ID); return l, "", err }, ids([]*federation.Object{first})},
				"replies to none": {func() ([]*federation.Object, string, error) { return tx.Replies(t.ctx, "", "", "", 9) }, nil},
			} {
				list, _, err := row.list()
				if err != nil {
					return err
				}
				if d := cmp.Diff(row.want, ids(list)); d != "" {
					t.Errorf("%s: %s", what, d)
				}
			}
			counts, err := tx.Counts(t.ctx, first.ID, secret.ID) // without the instance's own share
			if d := cmp.Diff(map[federation.IRI]Counts{first.ID: {1, 1, 1}, secret.ID: {}}, counts); d != "" {
				t.Error(d)
			}
			n, err2 := tx.CountObjects(t.ctx, "")
			m, err3 := tx.CountObjects(t.ctx, "event")
			if n != 1 || m != 0 {
				t.Errorf("%d, %d", n, m)
			}
			return errors.Join(err, err2, err3)
		})
	})
}

// An agenda has all that is not over in the order in which it began, however
// long it goes on, and whatever is sought in it.
func TestAgendasHaveWhatGoesOnForLong(t *testing.T) {
	each(t, func(f *fixture) {
		amap := local("amap")
		f.actors(amap)
		r := rand.New(rand.NewPCG(3, 4))
		var all []*federation.Object
		for n := range 300 {
			start := f.now().Add(time.Duration(r.IntN(400)-200) * 24 * time.Hour)
			days := r.IntN(3)
			if n%7 == 0 {
				days = r.IntN(150)
			}
			o := event(amap, fmt.Sprintf("%s %d", []string{"atelier", "fournée"}[n%2], n), start, start.Add(time.Duration(days)*24*time.Hour+time.Duration(n)*time.Second))
			all = append(all, o)
		}
		f.objects(all...)
		slices.SortStableFunc(all, func(a, b *federation.Object) int { return a.Start.Compare(b.Start) })
		for name, q := range map[string]Query{
			"all": {}, "own": {LocalOnly: true}, "words": {Text: "atelier"}, "own, words": {Text: "atelier", LocalOnly: true},
			"until": {Until: f.now().Add(20 * 24 * time.Hour)},
		} {
			for _, few := range []int{5, 40, 2000} {
				q.Kinds, q.From, q.Sort, q.Limit, q.few = []string{"event"}, f.now(), SortStart, 9, few
				var want []string
				for _, o := range all {
					if !o.End.Before(q.From) && (q.Until.IsZero() || o.Start.Before(q.Until)) && strings.HasPrefix(o.Name, q.Text) {
						want = append(want, o.Name)
					}
				}
				got := f.search(q)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s, %d: %s", name, few, diff)
				}
			}
		}
		past := Query{Kinds: []string{"event"}, Ended: f.now(), Sort: SortLast, Limit: 9, few: 40, Text: "atelier"}
		var want []string
		for _, o := range slices.Backward(all) {
			if o.End.Before(f.now()) && strings.HasPrefix(o.Name, "atelier") {
				want = append(want, o.Name)
			}
		}
		got := f.search(past)
		slices.Sort(want) // of those that begin together, the order is theirs
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}
