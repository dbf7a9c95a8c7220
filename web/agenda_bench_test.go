// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"syscall"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
	"codeberg.org/maillage/maillage/store/storetest"
)

// crowd stores many events as there are: most of them where most people are, by
// those who publish most, with the same few words, over three years of which two
// are past. Every tenth is a circuit's, and as many are a peer's.
func (i *instance) crowd(n int, circuit *federation.Actor) {
	i.t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	authors := []*federation.Actor{i.initiative, i.initiative, i.initiative, i.actor("Organization", "repair", "Repair café"), i.peer("anna")}
	what := []string{"Distribution de paniers", "Distribution de légumes", "Atelier de réparation", "Atelier couture", "Repas partagé", "Fournée de pain", "Bourse aux vélos", "Chantier au jardin"}
	for from := 0; from < n; from += 1000 {
		i.update(func(ctx context.Context, tx *store.Tx) error {
			for k := from; k < from+1000; k++ {
				by := authors[int(float64(len(authors))*r.Float64()*r.Float64())]
				w := what[int(float64(len(what))*r.Float64()*r.Float64())]
				at := i.now().Add(time.Duration(r.IntN(3*365*24)-2*365*24) * time.Hour)
				p := federation.Point{Latitude: 44.93 + r.NormFloat64()/10, Longitude: 4.89 + r.NormFloat64()/10}
				if k%4 == 0 {
					p = federation.Point{Latitude: 42 + 9*r.Float64(), Longitude: -4 + 12*r.Float64()}
				}
				o := &federation.Object{
					ID: federation.IRI(fmt.Sprintf("%s/objects/x%d", by.ID.Origin(), k)), Type: "Event", AttributedTo: by.ID, Local: by.Local,
					Name: fmt.Sprintf("%s %d", w, k), Content: "<p>On se retrouve pour partager un moment, voisins et voisines. Apportez vos cabas.</p>",
					To: []federation.IRI{federation.Public}, Published: at.Add(-30 * 24 * time.Hour), Start: at, End: at.Add(2 * time.Hour),
					Location: &federation.Place{Type: "Place", Name: "Maison de quartier", City: "Valence", Point: &p},
				}
				if k%2 == 0 {
					o.Tags = []federation.Tag{{Type: "Hashtag", Name: "#AMAP"}}
				}
				if k%500 == 0 {
					o.Tags = append(o.Tags, federation.Tag{Type: "Hashtag", Name: "#levain"})
				}
				if k%10 == 0 {
					o.Audience = circuit.ID
				}
				federation.Event{Timezone: "Europe/Paris", Category: []string{"MEETING", "WORKSHOPS_SKILL_SHARING", "ARTS"}[k%3*k%2]}.Put(o)
				if err := tx.PutObject(ctx, o); err != nil {
					return err
				}
			}
			return nil
		})
	}
	must(i.t, i.db.Maintain(context.Background()))
}

// processorTime is what this process used: on a machine that does other things
// too it says more than the clock.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkAgenda asks for pages of an agenda of 50,000 events, of each of which
// the median is to be below 20 ms on a machine that has nothing else to do.
func BenchmarkAgenda(b *testing.B) {
	storetest.EachB(b, func(b *testing.B, db func(string) string) {
		i := start(b, db("web"))
		circuit := i.actor("Group", "circuit", "Circuit de la Drôme")
		i.crowd(50_000, circuit)
		h := i.site.Routes()
		near := "lat=44.93&lon=4.89&place=Valence&radius="
		for _, who := range []string{"", "member"} {
			session := i.as(who)
			for _, path := range []string{
				"/events", "/events?past=1", "/events?view=month", "/events?view=month&month=2025-03", "/events?view=map",
				"/events?tag=amap", "/events?tag=levain", "/tags/amap", "/events?category=ARTS", "/events?" + near + "10", "/events?past=1&" + near + "25",
				"/events?view=map&" + near + "25", "/events?view=month&" + near + "25", "/events?lat=48.85&lon=2.35&place=Paris&radius=50",
				"/events?q=atelier", "/events?q=paniers+voisins", "/events?q=pain", "/events?q=4711", "/events?q=zzz", "/events?past=1&q=atelier", "/events?view=map&q=atelier",
				"/events?who=camille", "/events?who=repair", "/@circuit", "/@circuit?show=event", "/@repair", "/events/calendar.ics", "/@circuit/calendar.ics", "/events/feed.atom", "/events/print",
			} {
				b.Run(who+path, func(b *testing.B) {
					var took []time.Duration
					cpu := processorTime()
					for b.Loop() {
						r := session.request(http.MethodGet, path, nil)
						r.URL, _ = url.ParseRequestURI(path)
						r.RequestURI = path
						for _, c := range session.client.Jar.Cookies(&url.URL{Scheme: "http", Host: "127.0.0.1", Path: "/"}) {
							r.AddCookie(c)
						}
						w := httptest.NewRecorder()
						begin := time.Now()
						h.ServeHTTP(w, r)
						took = append(took, time.Since(begin))
						if w.Code != http.StatusOK {
							b.Fatal(path, w.Code)
						}
					}
					b.ReportMetric(float64(processorTime()-cpu)/float64(b.N)/1e6, "cpu-ms/op")
					slices.Sort(took)
					b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-median")
				})
			}
		}
	})
}
