// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// eventOn publishes an event from one day to another.
func (i *instance) eventOn(b *browser, title, from, to string, more url.Values) string {
	i.t.Helper()
	values := event()
	values.Set("title", title)
	values.Set("start.date", from)
	values.Set("start.time", "10:00")
	values.Set("end.date", to)
	values.Set("end.time", "18:00")
	for name, value := range more {
		values[name] = value
	}
	return led(b.post("/publish/event", values).wants(i.t, http.StatusSeeOther))
}

// lacks fails if a page has any of these words.
func (r response) lacks(t testing.TB, words ...string) response {
	t.Helper()
	for _, w := range words {
		if strings.Contains(r.body, w) {
			t.Errorf("%q is on the page", w)
		}
	}
	return r
}

func TestTheAgendaHasListMonthMapAndPast(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b, guest := i.as("admin"), i.browser()
		i.eventOn(b, "Marché de septembre", "2026-09-05", "2026-09-05", nil)
		i.eventOn(b, "Festival", "2026-09-29", "2026-10-02", url.Values{"place.city": {"Crest"}})
		guest.get("/events").wants(t, 200, "samedi 5 septembre 2026", "Marché de septembre", "mardi 29 septembre 2026", "webcal://", "/events/feed.atom")
		month := guest.get("/events?view=month&month=2026-10").wants(t, 200, "octobre 2026", "month=2026-09", "month=2026-11").lacks(t, "Marché").body
		if n := strings.Count(month, "Festival"); n != 2 {
			t.Errorf("the festival is on %d days of October, want 2", n)
		}
		guest.get("/events?view=map").wants(t, 200, `class="map"`, "Festival", "<caption>")
		guest.get("/events?past=1").wants(t, 200, "Aucun rendez-vous")
		i.pass(10 * 24 * time.Hour)
		guest.get("/events?past=1").wants(t, 200, "Marché de septembre").lacks(t, "Festival")
		guest.get("/events").wants(t, 200, "Festival").lacks(t, "Marché de septembre")
		guest.get("/events?view=month&month=2026-09").wants(t, 200, "Marché de septembre", "Festival")
		guest.get("/events?view=month&month=nonsense").wants(t, 200, "septembre 2026")
	})
}

func TestListsAreNarrowedDown(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b, guest := i.as("admin"), i.browser()
		i.offerAt(b, url.Values{"title": {"Miel de Crest"}, "place.city": {"Crest"}, "until": {"2026-09-20"}})
		i.offerAt(b, url.Values{"title": {"Fromage de Gap"}, "place.city": {"Gap"}, "modes": {"gift"}, "price": {""}, "part.name": nil, "part.kind": nil, "part.amount": nil})
		guest.get("/offers").wants(t, 200, "Miel de Crest", "Fromage de Gap", "les plus récentes")
		guest.get("/offers?place=crest&radius=25").wants(t, 200, "Miel de Crest", "Crest (Drôme)", "Du plus près", "Retirer le filtre").lacks(t, "Fromage de Gap")
		near := guest.get("/offers?place=Gap&sort=near").wants(t, 200, "Miel de Crest", "Fromage de Gap").body
		if strings.Index(near, "Fromage de Gap") > strings.Index(near, "Miel de Crest") {
			t.Error("what is far comes first")
		}
		guest.get("/offers?mode=gift").wants(t, 200, "Fromage de Gap").lacks(t, "Miel de Crest")
		guest.get("/offers?on=2026-09-25").wants(t, 200, "Fromage de Gap").lacks(t, "Miel de Crest")
		guest.get("/offers?q=miel").wants(t, 200, "Miel de Crest").lacks(t, "Fromage de Gap")
		guest.get("/offers?who=nobody").wants(t, 200, "Personne ici")
		guest.get("/offers?on=yesterday").wants(t, 200, "Écrivez une date")
		guest.get("/offers?place=xqzwv").wants(t, 200, "Aucune commune de ce nom")
		guest.get("/offers?place=Calais&radius=5").wants(t, 200, "Rien ne correspond", "Chercher à 100")
		guest.get("/offers?view=map").wants(t, 200, `class="map"`, "Fromage de Gap")
		guest.get("/search?q=miel&radius=50&lat=44.73&lon=5.02").wants(t, 200, "Miel de Crest")
		guest.get("/needs").wants(t, 200, "Aucun besoin")
	})
}

// A tag can be typed into the filter of a list, and taken out again.
func TestListsAreFilteredByTag(t *testing.T) {
	i := lone(t)
	b := i.as("editor")
	i.eventOn(b, "Atelier vélo", "2026-09-10", "", url.Values{"hashtags": {"#velo"}})
	i.eventOn(b, "Fête du pain", "2026-09-11", "", url.Values{"hashtags": {"#pain"}})
	page := i.browser().get("/events?tag=%23Velo").wants(t, 200, `name="tag"`, `value="#Velo"`, "Atelier vélo").body
	if strings.Contains(page, "Fête du pain") || strings.Contains(page, `type="hidden" name="tag"`) {
		t.Error("not filtered, or twice in the form")
	}
	for _, path := range []string{"/offers", "/needs", "/search"} {
		i.browser().get(path).wants(t, 200, `name="tag"`)
	}
}
