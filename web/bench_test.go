// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// stock stores many offers and events.
func (i *instance) stock(n int) {
	i.t.Helper()
	for from := 0; from < n; from += 1000 {
		i.update(func(ctx context.Context, tx *store.Tx) error {
			for k := from; k < from+1000; k++ {
				o := &federation.Object{
					ID: federation.IRI(fmt.Sprintf("%s/objects/o%d", origin, k)), Type: "Note", AttributedTo: i.initiative.ID, Name: fmt.Sprint("Paniers ", k),
					Content: "<p>5 kg de légumes de saison</p>", To: []federation.IRI{federation.Public}, Local: true, Published: i.now().Add(-time.Duration(k) * time.Minute),
					Location: &federation.Place{Type: "Place", Name: "Ferme", City: "Valence", Point: &federation.Point{Latitude: 44.9, Longitude: 4.9}},
				}
				federation.Proposal{Purpose: federation.PurposeOffer, Modes: []string{"sale"}}.Put(o)
				e := &federation.Object{
					ID: federation.IRI(fmt.Sprintf("%s/objects/e%d", origin, k)), Type: "Event", AttributedTo: i.initiative.ID, Name: fmt.Sprint("Atelier ", k),
					Content: "<p>On répare ensemble</p>", To: []federation.IRI{federation.Public}, Local: true, Published: o.Published,
					Start: i.now().Add(time.Duration(k-n/2) * time.Hour), End: i.now().Add(time.Duration(k-n/2+2) * time.Hour), Location: o.Location,
				}
				for _, o := range []*federation.Object{o, e} {
					if err := tx.PutObject(ctx, o); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	must(i.t, i.db.Maintain(context.Background()))
}

// BenchmarkPages renders pages with 10,000 offers and 10,000 events stored.
func BenchmarkPages(b *testing.B) {
	i := lone(b)
	i.stock(10_000)
	h := i.site.Routes()
	get := func(b *testing.B, path string) {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 200 {
			b.Fatal(path, w.Code, w.Body)
		}
	}
	b.Run("home", func(b *testing.B) {
		for b.Loop() {
			get(b, "/")
		}
	})
	b.Run("home made anew", func(b *testing.B) {
		for b.Loop() {
			i.site.front.clear()
			get(b, "/")
		}
	})
	for _, path := range []string{"/offers", "/events", "/objects/o17", "/objects/e17", "/@amap", "/search?q=atelier+12", "/search?lat=44.9&lon=4.9&radius=10", "/nothing"} {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				r := httptest.NewRequest(http.MethodGet, path, nil)
				h.ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
}
