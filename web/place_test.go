// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// offerAt publishes the offer at a place and returns what was stored.
func (i *instance) offerAt(b *browser, place url.Values) *federation.Place {
	i.t.Helper()
	values := offer()
	for _, name := range []string{"place.lat", "place.lon"} {
		values.Del(name)
	}
	for name, value := range place {
		values[name] = value
	}
	path := led(b.post("/publish/offer", values).wants(i.t, http.StatusSeeOther))
	return i.object(path).Location
}

// object reads what is stored under a path.
func (i *instance) object(path string) (o *federation.Object) {
	i.t.Helper()
	must(i.t, i.db.View(i.t.Context(), func(tx *store.Tx) (err error) {
		o, err = tx.Object(i.t.Context(), federation.IRI(origin+path))
		return err
	}))
	return o
}

func TestACommuneIsEnoughForAPlace(t *testing.T) {
	i := lone(t)
	p := i.offerAt(i.as("admin"), url.Values{"place.city": {"crest"}})
	if p.City != "Crest" || p.Region != "Drôme" || p.Country != "France" || p.Point == nil || p.Point.Kilometres(federation.Point{Latitude: 44.728, Longitude: 5.022}) > 3 {
		t.Errorf("stored %+v at %v", p, p.Point)
	}
}

func TestAnAmbiguousCommuneIsAskedFor(t *testing.T) {
	i := lone(t)
	b := i.as("admin")
	values := offer()
	values.Del("place.lat")
	values.Del("place.lon")
	values.Set("place.city", "St-Denis")
	r := b.post("/publish/offer", values).wants(t, http.StatusUnprocessableEntity,
		`value="St-Denis"`, "Saint-Denis (Seine-Saint-Denis)", "Saint-Denis (La Réunion)", `value="97411"`, `id="f-place-city-error"`, "Ferme du Moulin")
	if !strings.Contains(r.body, `name="place.asked" value="St-Denis"`) {
		t.Error("the form does not remember what it asked for")
	}
	p := i.offerAt(b, url.Values{"place.city": {"St-Denis"}, "place.code": {"97411"}, "place.asked": {"St-Denis"}})
	if p.City != "Saint-Denis" || p.Region != "La Réunion" || p.Point.Latitude > -20 {
		t.Errorf("stored %+v at %v", p, p.Point)
	}
}

func TestAMistypedCommuneIsAskedForAndMayBeKept(t *testing.T) {
	i := lone(t)
	b := i.as("admin")
	values := offer()
	values.Del("place.lat")
	values.Del("place.lon")
	values.Set("place.city", "Roma")
	b.post("/publish/offer", values).wants(t, http.StatusUnprocessableEntity, "Romans-sur-Isère (Drôme)", `value="none"`)
	p := i.offerAt(b, url.Values{"place.city": {"Roma"}, "place.code": {"none"}})
	if p.City != "Roma" || p.Point != nil {
		t.Errorf("stored %+v", p)
	}
}

func TestACommuneNobodyKnowsIsAskedForAndMayBeKept(t *testing.T) {
	i := lone(t)
	b := i.as("admin")
	values := offer()
	values.Del("place.lat")
	values.Del("place.lon")
	values.Set("place.city", "Xyzzyville")
	page := b.post("/publish/offer", values).wants(t, http.StatusUnprocessableEntity, "f-place-city-error", "pas sur la carte", `value="none"`)
	if asked := hidden(t, page.body).Get("place.asked"); asked != "Xyzzyville" {
		t.Errorf("it was asked about %q", asked)
	}
	p := i.offerAt(b, url.Values{"place.city": {"Xyzzyville"}, "place.code": {"none"}, "place.asked": {"Xyzzyville"}})
	if p.City != "Xyzzyville" || p.Point != nil {
		t.Errorf("stored %+v", p)
	}
	// That answer is about that name, and is not asked again when editing.
	values.Set("place.code", "none")
	values.Set("place.asked", "Xyzzyville")
	values.Set("place.city", "Saint-Denis")
	b.post("/publish/offer", values).wants(t, http.StatusUnprocessableEntity, "Saint-Denis (Seine-Saint-Denis)")
	i.offerAt(b, url.Values{"place.city": {"Xyzzyville"}, "place.known": {"Xyzzyville"}})
}

func TestNoMoreIsStoredThanThePrecisionAllows(t *testing.T) {
	i := lone(t)
	b := i.as("admin")
	typed := url.Values{
		"place.city": {"Valence"}, "place.postal": {"26000"}, "place.street": {"12 bis, rue des Alpes"},
		"place.lat": {"44.931234"}, "place.lon": {"4.891234"},
	}
	for _, row := range []struct {
		precision, street string
		lat, lon          float64
	}{
		{"exact", "12 bis, rue des Alpes", 44.931234, 4.891234},
		{"street", "rue des Alpes", 44.931, 4.891},
		{"town", "", 44.9256, 4.9096},
	} {
		typed.Set("place.precision", row.precision)
		p := i.offerAt(b, typed)
		if p.Street != row.street || p.Point.Latitude != row.lat || p.Point.Longitude != row.lon {
			t.Errorf("%s: stored %q at %v", row.precision, p.Street, *p.Point)
		}
	}
}

func TestCoordinatesFarFromTheCommuneAreAMistake(t *testing.T) {
	i := lone(t)
	values := offer()
	values.Set("place.code", "26362")
	values.Set("place.lat", "4.89")
	values.Set("place.lon", "44.93")
	i.as("admin").post("/publish/offer", values).wants(t, http.StatusUnprocessableEntity, `id="f-place-lat-error"`, `value="4.89"`)
}

// Editing without changing anything must not move a thing, and changing the
// commune must move it there.
func TestAPlaceSurvivesEditing(t *testing.T) {
	i := lone(t)
	b := i.as("admin")
	values := offer()
	values.Set("place.city", "Crest")
	values.Set("place.postal", "26400")
	values.Del("place.lat")
	values.Del("place.lon")
	path := led(b.post("/publish/offer", values).wants(t, http.StatusSeeOther))
	before := *i.object(path).Location
	form := hidden(t, b.get(path+"/edit").wants(t, http.StatusOK, `value="Crest"`, `value="26400"`).body)
	for name, value := range offer() {
		form[name] = value
	}
	for name, value := range map[string]string{"place.city": "Crest", "place.postal": "26400", "place.lat": "", "place.lon": ""} {
		form.Set(name, value)
	}
	b.post(path+"/edit", form).wants(t, http.StatusSeeOther)
	if after := i.object(path).Location; after.City != before.City || after.Postal != before.Postal || *after.Point != *before.Point || after.Region != before.Region {
		t.Errorf("was %+v, is %+v", before, *after)
	}
	form.Set("place.city", "Die")
	form.Set("place.postal", "")
	b.post(path+"/edit", form).wants(t, http.StatusSeeOther)
	if after := i.object(path).Location; after.City != "Die" || after.Point.Kilometres(*before.Point) < 20 {
		t.Errorf("moved to %+v at %v", *after, after.Point)
	}
}

func TestPlacesAreSuggested(t *testing.T) {
	i := lone(t)
	b := i.browser()
	b.get("/places?q=romans").wants(t, http.StatusOK, "Romans-sur-Isère (Drôme)", "GeoNames", "/search?place=Romans-sur-Is%c3%a8re&amp;code=26281")
	b.get("/places?q=xqzwv").wants(t, http.StatusOK, "Aucune commune")
	r := b.request(http.MethodGet, "/places?q=romans", nil)
	r.Header.Set("Accept", "application/json")
	var list []struct{ Code, Name, Label string }
	must(t, json.Unmarshal([]byte(b.send(r).body), &list))
	if len(list) == 0 || list[0].Code != "26281" || list[0].Label != "Romans-sur-Isère (Drôme)" {
		t.Errorf("suggested %+v", list)
	}
}
