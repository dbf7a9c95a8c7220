// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

func TestAFrameShowsAllItsSpots(t *testing.T) {
	for name, points := range map[string][]federation.Point{
		"one town":       {{Latitude: 44.93, Longitude: 4.89}},
		"the same twice": {{Latitude: 44.93, Longitude: 4.89}, {Latitude: 44.93, Longitude: 4.89}},
		"two towns":      {{Latitude: 44.93, Longitude: 4.89}, {Latitude: 44.73, Longitude: 5.02}},
		"the world":      {{Latitude: 48.85, Longitude: 2.35}, {Latitude: -21.1, Longitude: 55.5}, {Latitude: 4.9, Longitude: -52.3}},
	} {
		var spots []spot
		for _, p := range points {
			spots = append(spots, spot{Point: p})
		}
		f := fit(spots)
		for _, p := range points {
			if x, y := f.place(p); x < 0 || x > mapWidth || y < 0 || y > mapHeight {
				t.Errorf("%s: %v lies at %.0f, %.0f", name, p, x, y)
			}
			x, y := f.place(p)
			if back := f.at(x, y); back.Kilometres(p) > 0.01 {
				t.Errorf("%s: %v comes back as %v", name, p, back)
			}
		}
	}
}

func TestAViewIsReadFromItsAddress(t *testing.T) {
	f, ok := frameOf("44.93,4.89,9.5")
	if !ok || f.zoom != 9.5 || f.String() != "44.9300,4.8900,9.5" {
		t.Errorf("%v %v", f, ok)
	}
	if f, _ := frameOf("44.93,4.89,99"); f.zoom != maxZoom {
		t.Errorf("zoom %v", f.zoom)
	}
	for _, text := range []string{"", "1,2", "91,0,5", "a,b,c", "1,2,NaN", "1,2,3,4"} {
		if _, ok := frameOf(text); ok {
			t.Errorf("%q is a view", text)
		}
	}
}

func TestTilesComeFromOneHost(t *testing.T) {
	for template, host := range map[string]string{
		"":                                     "",
		"https://tile.example/{z}/{x}/{y}.png": "https://tile.example",
		"https://tile.example:8443/{z}/{x}/{y}.png":      "https://tile.example:8443",
		"https://{s}.tile.example/{z}/{x}/{y}.png":       "",
		"http://tile.example/{z}/{x}/{y}.png":            "",
		"https://tile.example;script-src */{z}":          "",
		"https://*/{z}/{x}/{y}.png":                      "",
		"javascript:alert(1)":                            "",
		"https://user@tile.example/{z}/{x}/{y}.png":      "",
		"https://tile.example 'unsafe-inline'/{z}/{x}/p": "",
	} {
		if got := tileSource(template); got != host {
			t.Errorf("%q: %q, want %q", template, got, host)
		}
	}
}

func TestMapsHaveATableOfTheSame(t *testing.T) {
	i := lone(t)
	b := i.as("admin")
	for _, city := range []string{"Crest", "Die", "Crest"} {
		i.offerAt(b, url.Values{"title": {"Pain de " + city}, "place.city": {city}})
	}
	body := i.browser().get("/").wants(t, http.StatusOK, `class="map"`, "Pain de Crest", "Pain de Die", "<caption>").body
	if n := strings.Count(body, "data-lat=") - strings.Count(body, `class="offer" data-lat=`); n != 0 {
		t.Errorf("%d things on the map are no offers", n)
	}
	if marks, rows := strings.Count(body, `class="touch"`), strings.Count(body, "<tr class=\"offer\""); marks != 2 || rows != 3 {
		t.Errorf("%d markers and %d rows for three offers in two towns", marks, rows)
	}
	if strings.Contains(body, "style=") {
		t.Error("a style in the page")
	}
}

func TestTilesAreAllowedWhereAnAdministratorChoseThem(t *testing.T) {
	i := lone(t)
	i.offerAt(i.as("admin"), url.Values{"place.city": {"Crest"}})
	b := i.browser()
	before := b.get("/")
	if policy := before.Header.Get("Content-Security-Policy"); strings.Contains(policy, "tile.example") || strings.Contains(before.body, "data-tiles") {
		t.Errorf("tiles unasked: %s", policy)
	}
	i.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.PutSetting(ctx, "map.tiles", "https://tile.example/{z}/{x}/{y}.png")
	})
	i.site.facts.forget()
	i.site.front.clear()
	for range 2 { // the second comes from the kept page
		r := b.get("/").wants(t, http.StatusOK, `data-tiles="https://tile.example/{z}/{x}/{y}.png"`)
		if policy := r.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "img-src 'self' data: https://tile.example;") {
			t.Errorf("policy %s", policy)
		}
	}
	if policy := b.get("/about").Header.Get("Content-Security-Policy"); strings.Contains(policy, "tile.example") {
		t.Errorf("tiles where no map is: %s", policy)
	}
}

func BenchmarkMap(b *testing.B) {
	f := frame{zoom: 6}.centred(federation.Point{Latitude: 46.5, Longitude: 2.5})
	b.ReportAllocs()
	for b.Loop() {
		if len(land(f)) < 1000 || math.IsNaN(f.x) {
			b.Fatal("no land")
		}
		towns(f, nil)
	}
}
