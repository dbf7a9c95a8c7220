// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"fmt"
	"math/rand/v2"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// A load is how much there is of what. Most of it is chatter of peers, as it
// is on an instance that has run for a year.
type load struct {
	peers     int // each with an actor
	followed  int // of those, by our initiative
	followers int
	offers    int
	events    int
	notes     int
	own       int // offers of ours, of which a tenth has the hashtag #amap
	tagged    int // notes of peers with the hashtag #amap, which few offers and events have
	likes     int
	queue     int // activities sent to all followers
}

var names = []string{"Pommes", "Vélo", "Atelier", "Légumes", "Scie", "Cours", "Covoiturage", "Panneaux", "Bois", "Miel"}

// load fills a database and has it analysed.
func (f *fixture) load(l load) *federation.Actor {
	f.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	amap := local("amap")
	peers := make([]*federation.Actor, l.peers)
	var steps []func(*Tx) error
	for i := range peers {
		peers[i] = remote(fmt.Sprintf("h%d.example", i), "bob")
		steps = append(steps, func(tx *Tx) error { return tx.PutActor(f.ctx, peers[i]) })
	}
	follow := func(from, to *federation.Actor) {
		steps = append(steps, func(tx *Tx) error {
			return tx.PutEdge(f.ctx, &federation.Edge{Kind: federation.Follow, From: from.ID, To: to.ID, By: from.ID + "/f/" + federation.IRI(to.ID.Host())})
		})
	}
	for i := range l.followed {
		follow(amap, peers[i])
	}
	for i := range l.followers {
		follow(peers[i], amap)
	}
	put := func(o *federation.Object) {
		steps = append(steps, func(tx *Tx) error { return tx.PutObject(f.ctx, o) })
	}
	author := func() *federation.Actor { return peers[int(float64(len(peers))*r.Float64()*r.Float64())] } // some say more than others
	at := func() time.Time { return f.now().Add(-time.Duration(r.IntN(365*24*3600)) * time.Second) }
	point := func() *federation.Point {
		return &federation.Point{Latitude: 42 + 9*r.Float64(), Longitude: -4 + 12*r.Float64()}
	}
	rarely := func(i int, o *federation.Object) {
		if i%1000 == 7 {
			o.Tags = append(o.Tags, federation.Tag{Type: "Hashtag", Name: "#amap"})
		}
	}
	for i := range l.offers {
		o := offer(author(), fmt.Sprintf("%s de saison %d", names[i%len(names)], i), []string{"offer", "request"}[i%3/2], at(), point())
		o.Tags = []federation.Tag{{Type: "Hashtag", Name: "#" + names[i%len(names)]}}
		rarely(i, o)
		put(o)
	}
	for i := range l.own {
		o := offer(amap, fmt.Sprintf("%s d'ici %d", names[i%len(names)], i), "offer", at(), point())
		o.Tags = []federation.Tag{{Type: "Hashtag", Name: "#" + []string{"amap", "miel"}[min(i%10, 1)]}}
		put(o)
	}
	for i := range l.events {
		start := at().Add(180 * 24 * time.Hour)
		o := event(author(), fmt.Sprintf("%s pour tous %d", names[i%len(names)], i), start, start.Add(2*time.Hour))
		o.Location = &federation.Place{Point: point()}
		o.Tags = []federation.Tag{{Type: "Hashtag", Name: "#" + names[i%len(names)]}}
		rarely(i, o)
		put(o)
	}
	for i := range l.notes {
		o := note(author(), fmt.Sprintf("note%d", i), at())
		if i%3 == 0 && i > 0 {
			o.InReplyTo = o.ID + "x"
		}
		put(o)
	}
	for i := range l.tagged {
		o := note(author(), fmt.Sprintf("tagged%d", i), at())
		o.Tags = []federation.Tag{{Type: "Hashtag", Name: "#amap"}}
		if i%5 > 0 { // mostly to others than us
			o.To, o.Cc = o.Cc, nil
		}
		put(o)
	}
	for i := range l.likes {
		steps = append(steps, func(tx *Tx) error {
			kind := []string{federation.Like, federation.Announce}[i%2]
			return tx.PutEdge(f.ctx, &federation.Edge{Kind: kind, From: author().ID, To: federation.IRI(fmt.Sprint(home, "/liked/", i%100)), By: federation.IRI(fmt.Sprint("https://likes.example/", i)), At: at()})
		})
	}
	for i := range l.likes {
		steps = append(steps, func(tx *Tx) error {
			return tx.LogActivity(f.ctx, say(author(), federation.Like, fmt.Sprint("like", i), federation.IRI(fmt.Sprint(home, "/liked/", i)), amap.ID))
		})
	}
	for i := range l.queue {
		steps = append(steps, func(tx *Tx) error {
			a := say(amap, federation.Create, fmt.Sprint("load", i), amap.ID+federation.IRI(fmt.Sprint("/n/", i)), federation.Public, amap.Followers)
			if err := tx.LogActivity(f.ctx, a); err != nil {
				return err
			}
			return second(tx.Enqueue(f.ctx, a, int64(i), a.Addressees()))
		})
	}
	f.actors(amap)
	for len(steps) > 0 {
		n := min(len(steps), 1000)
		f.update(func(tx *Tx) error {
			for _, s := range steps[:n] {
				if err := s(tx); err != nil {
					return err
				}
			}
			return nil
		})
		steps = steps[n:]
	}
	if err := f.db.Maintain(f.ctx); err != nil {
		f.Fatal(err)
	}
	return amap
}
