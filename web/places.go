// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"codeberg.org/maillage/maillage/gazetteer"
	"codeberg.org/maillage/maillage/store"
)

// shownPlaces is how many places a search for one shows.
const shownPlaces = 20

// placesData is what the search for communes shows.
type placesData struct {
	Form   *form
	Asked  string
	Places []suggestion
}

// A suggestion is a commune as place.js gets it.
type suggestion struct {
	Code    string  `json:"code"`
	Name    string  `json:"name"`
	Label   string  `json:"label"`
	Region  string  `json:"region"`
	Country string  `json:"country"`
	Lat     float64 `json:"lat"`
	Lon     float64 `json:"lon"`
}

// places finds communes by name: on a page, and for place.js as JSON.
func (s *Site) places(w http.ResponseWriter, r *http.Request) {
	if wait, ok := s.searches.allow(network(r), s.Now()); !ok { // a look at forty thousand names each
		v := s.visit(w, r)
		v.answer(nil, v.tooMany(wait))
		return
	}
	if !strings.Contains(r.Header.Get("Accept"), "application/json") {
		s.read(anyone, (*visit).placesPage).ServeHTTP(w, r)
		return
	}
	v := s.visit(w, r)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Vary", "Accept, Accept-Language, Cookie")
	w.Header().Set("Cache-Control", "private, max-age=3600")
	_ = json.NewEncoder(w).Encode(v.suggestions(v.form(r.URL.Query()), 8)) // whoever hung up does not care
}

func (v *visit) placesPage(context.Context, *store.Tx) (*page, error) {
	f := v.form(v.r.URL.Query())
	d := placesData{Form: f, Asked: strings.TrimSpace(f.Value("q")), Places: v.suggestions(f, shownPlaces)}
	return &page{Name: "places", Title: v.words.T("page_town_find"), Data: d, NoIndex: true}, nil
}

func (v *visit) suggestions(f *form, n int) []suggestion {
	list := []suggestion{}
	for _, p := range f.search(f.Value("q"), n) {
		list = append(list, v.suggestion(p))
	}
	return list
}

func (v *visit) suggestion(p gazetteer.Place) suggestion {
	return suggestion{
		Code: p.Code, Name: p.Name, Label: placeLabel(p), Region: p.Region, Country: v.words.T("country_" + p.Country),
		Lat: p.Point.Latitude, Lon: p.Point.Longitude,
	}
}
