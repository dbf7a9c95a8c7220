// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// meeting is the form of an event.
func meeting(title, day string) url.Values {
	return url.Values{
		"title": {title}, "description": {"Venez."}, "start.date": {day}, "start.time": {"18:00"}, "end.date": {day}, "end.time": {"19:30"},
		"place.name": {"Salle des fêtes"}, "place.city": {"Valence"}, "audience": {"public"}, "timezone": {"Europe/Paris"},
	}
}

func TestAnEmbedKnowsNobody(t *testing.T) {
	i := lone(t)
	i.as("admin").post("/publish/event", meeting("Distribution", "2026-09-10")).wants(t, 303)
	b := i.as("admin")
	r := b.request(http.MethodGet, "/embed/events?theme=dark&lang=en", nil)
	r.AddCookie(&http.Cookie{Name: "lang", Value: "fr"})
	got := b.send(r).wants(t, 200, "Distribution", `data-theme="dark"`, `target="_blank"`, `lang="en"`, "Salle des fêtes")
	for name, want := range map[string]string{
		"Content-Security-Policy": embedPolicy, "Cache-Control": "public, max-age=300", "Referrer-Policy": "no-referrer", "Set-Cookie": "", "X-Robots-Tag": "noindex",
	} {
		if have := got.Header.Get(name); have != want {
			t.Errorf("%s: %q, want %q", name, have, want)
		}
	}
	if strings.Contains(got.body, "<form") || strings.Contains(got.body, "<script") {
		t.Error("it is not inert")
	}
	if body := i.as("").get("/embed/events?lang=en").wants(t, 200).body; strings.Contains(body, "camille") {
		t.Error("it knows who looks")
	}
	i.as("").get("/embed/needs").wants(t, 200)
	i.as("").get("/embed/feed").wants(t, 404)
	i.as("").get("/embed/events?count=-3&tag=%23&circuit=nobody&theme=%22").wants(t, 200)
}

func TestNothingElseCanBeFramed(t *testing.T) {
	i := lone(t)
	for _, path := range []string{"/", "/events", "/events/print", "/settings/embeds", "/report?id=x"} {
		if csp := i.as("admin").get(path).Header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: %s", path, csp)
		}
	}
}

func TestTheCodeOfAnEmbedIsWhatWasChosen(t *testing.T) {
	i := lone(t)
	i.as("admin").get("/settings/embeds?list=offers&count=3&theme=light&tag=%23AMAP%22%3E&lang=fr").wants(t, 200,
		`src="/embed/offers?count=3&amp;lang=fr&amp;tag=AMAP%22%3E&amp;theme=light"`, "&lt;iframe src=", origin+"/embed/offers?count=3")
}

func TestTheAgendaAndAPosterFitOnPaper(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.as("admin")
		made := b.post("/publish/event", meeting("Distribution", "2026-09-10")).wants(t, 303)
		b.post("/publish/event", meeting("Assemblée", "2026-09-10")).wants(t, 303)
		past := meeting("Hier", "2026-08-10")
		b.post("/publish/event", past)
		page := i.as("").get("/events/print?count=6").wants(t, 200, "Distribution", "Assemblée", "jeudi 10 septembre 2026", "18", `class="qr"`, "amap.example/events", "large")
		if strings.Contains(page.body, "Hier") || strings.Count(page.body, "<section>") != 1 {
			t.Errorf("not one day with two events:\n%s", page.body)
		}
		path, _, _ := strings.Cut(made.Header.Get("Location"), "?")
		i.as("").get(path+"/poster").wants(t, 200, "Distribution", "jeudi", "10 septembre 2026", "Salle des fêtes", `class="qr"`)
		i.as("").get(path).wants(t, 200, path+"/poster", "/report?id=")
		o := i.publish(i.accounts["member"].Person, note("bonjour"))
		i.as("").get(strings.TrimPrefix(string(o.ID), origin)+"/poster").wants(t, 404)
		i.as("").get("/objects/none/poster").wants(t, 404)
	})
}
