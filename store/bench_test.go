// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store/storetest"
)

// eachB runs f on a database of each kind, loaded with l.
func eachB(b *testing.B, l load, f func(b *testing.B, t *fixture, amap *federation.Actor)) {
	b.Helper()
	storetest.EachB(b, func(b *testing.B, db func(string) string) {
		t := open(b, db("a"))
		amap := t.load(l)
		b.ResetTimer()
		cpu := processorTime()
		f(b, t, amap)
		b.ReportMetric(float64(processorTime()-cpu)/float64(b.N)/1e6, "cpu-ms/op")
	})
}

// processorTime is what this process used: on a machine that does other
// things too it says more than the clock.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// How many small transactions become durable in a second.
func BenchmarkUpdate(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			eachB(b, load{}, func(b *testing.B, t *fixture, _ *federation.Actor) {
				var n atomic.Int64
				b.SetParallelism(callers)
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						i := n.Add(1)
						err := t.db.Update(t.ctx, func(tx *Tx) error {
							return tx.File(t.ctx, &Received{
								Activity: federation.IRI(fmt.Sprint("https://b.example/", i)), Actor: "https://b.example/bob",
								Type: "Create", Lane: i, Document: make([]byte, 1500),
							})
						})
						if err != nil {
							b.Error(err)
						}
					}
				})
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
			})
		})
	}
}

// What applying a peer's Create costs the store, 64 at once.
func BenchmarkPutObject(b *testing.B) {
	eachB(b, load{peers: 100}, func(b *testing.B, t *fixture, amap *federation.Actor) {
		var n atomic.Int64
		b.SetParallelism(64)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				i := n.Add(1)
				bob := remote(fmt.Sprintf("h%d.example", i%100), "bob")
				o := note(bob, fmt.Sprint("bench", i), t.now())
				a := say(bob, federation.Create, fmt.Sprint("bench", i), o.ID, federation.Public)
				err := t.db.Update(t.ctx, func(tx *Tx) error {
					if _, err := tx.Actor(t.ctx, bob.ID); err != nil {
						return err
					}
					if _, err := tx.Suspended(t.ctx, bob.ID); err != nil {
						return err
					}
					if err := tx.LogActivity(t.ctx, a); err != nil {
						return err
					}
					return tx.PutObject(t.ctx, o)
				})
				if err != nil {
					b.Error(err)
				}
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "objects/s")
	})
}

var busy = load{peers: 2000, followed: 200, offers: 10000, events: 10000, notes: 30000, likes: 2000}

func BenchmarkFeed(b *testing.B) {
	eachB(b, busy, func(b *testing.B, t *fixture, amap *federation.Actor) {
		for b.Loop() {
			t.view(func(tx *Tx) error {
				items, _, err := tx.Feed(t.ctx, amap.ID, "", 20)
				if len(items) != 20 {
					b.Fatalf("%d items", len(items))
				}
				return err
			})
		}
	})
}

func BenchmarkSearch(b *testing.B) {
	storetest.EachB(b, func(b *testing.B, db func(string) string) {
		t := open(b, db("a"))
		t.load(load{peers: 2000, offers: 50000, events: 10000})
		paris := &federation.Point{Latitude: 48.85, Longitude: 2.35}
		for what, q := range map[string]Query{
			"text":           {Text: "pommes saison"},
			"rare":           {Text: "4711"},
			"radius near":    {Near: paris, RadiusKm: 30, Sort: SortNear},
			"radius date":    {Near: paris, RadiusKm: 30},
			"radius wide":    {Near: paris, RadiusKm: 300, Sort: SortNear},
			"all near":       {Near: paris, Sort: SortNear},
			"newest":         {},
			"upcoming":       {Kinds: []string{"event"}, From: t.now(), Sort: SortStart},
			"tag and radius": {Tag: "miel", Near: paris, RadiusKm: 50},
		} {
			b.Run(what, func(b *testing.B) {
				q.Limit = 20
				cpu := processorTime()
				defer func() { b.ReportMetric(float64(processorTime()-cpu)/float64(b.N)/1e6, "cpu-ms/op") }()
				for b.Loop() {
					t.view(func(tx *Tx) error { return third(tx.Search(t.ctx, q)) })
				}
			})
		}
	})
}

// What has a hashtag that peers use all the time and few of our things have.
func BenchmarkTag(b *testing.B) {
	storetest.EachB(b, func(b *testing.B, db func(string) string) {
		t := open(b, db("a"))
		t.load(load{peers: 500, offers: 10000, events: 10000, own: 10000, tagged: 50000})
		for what, q := range map[string]Query{
			"all":      {Kinds: append([]string{"note"}, searchKinds...)},
			"listed":   {},
			"member":   {Kinds: append([]string{"note"}, searchKinds...), Viewer: home + "/users/amap"},
			"upcoming": {Kinds: []string{"event"}, From: t.now(), Sort: SortStart},
			"ended":    {Kinds: []string{"event"}, Ended: t.now(), Sort: SortLast},
			"own":      {LocalOnly: true},
			"own next": {Kinds: []string{"event"}, From: t.now(), Sort: SortStart, LocalOnly: true},
			"near":     {Near: &federation.Point{Latitude: 48.85, Longitude: 2.35}, Sort: SortNear},
			"around":   {Near: &federation.Point{Latitude: 48.85, Longitude: 2.35}, RadiusKm: 300},
		} {
			q.Tag, q.Limit = "amap", 20
			b.Run(what, func(b *testing.B) {
				for b.Loop() {
					t.view(func(tx *Tx) error { return third(tx.Search(t.ctx, q)) })
				}
			})
		}
	})
}

// To 5,000 followers on as many servers.
func BenchmarkEnqueue(b *testing.B) {
	eachB(b, load{peers: 5000, followers: 5000}, func(b *testing.B, t *fixture, amap *federation.Actor) {
		for i := 0; b.Loop(); i++ {
			t.publish(say(amap, federation.Create, fmt.Sprint("bench", i), amap.ID+"/n/1", federation.Public, amap.Followers), 1)
			b.StopTimer()
			t.update(func(tx *Tx) error { return second(tx.exec(t.ctx, `UPDATE deliveries SET state = 'delivered'`)) })
			b.StartTimer()
		}
	})
}

// Claiming and finishing the work of 64 hosts, of 5,000.
func BenchmarkClaimHosts(b *testing.B) {
	eachB(b, load{peers: 5000, followers: 5000, queue: 1}, func(b *testing.B, t *fixture, amap *federation.Actor) {
		done := 0
		for i := 0; b.Loop(); i++ {
			var list []*HostWork
			t.update(func(tx *Tx) (err error) {
				list, err = tx.ClaimHosts(t.ctx, "me", time.Minute, 64, 2)
				return err
			})
			if len(list) == 0 {
				b.StopTimer()
				t.publish(say(amap, federation.Create, fmt.Sprint("bench", i), amap.ID+"/n/1", amap.Followers), int64(i))
				b.StartTimer()
			}
			t.update(func(tx *Tx) error {
				for _, w := range list {
					var results []DeliveryResult
					for _, d := range w.Deliveries {
						results = append(results, DeliveryResult{ID: d.ID, Outcome: Delivered, Status: 202})
						done++
					}
					if err := tx.FinishHost(t.ctx, "me", w.Host, results, time.Time{}); err != nil {
						return err
					}
				}
				return nil
			})
		}
		b.ReportMetric(float64(done)/b.Elapsed().Seconds(), "deliveries/s")
	})
}
