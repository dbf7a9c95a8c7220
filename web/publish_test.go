// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

func TestMistakesSayHowToMendThem(t *testing.T) {
	i := lone(t)
	b := i.as("admin")
	for name, test := range map[string]struct {
		path  string
		form  url.Values
		words []string
	}{
		"a gift with a price":      {"/publish/offer", with(offer(), "modes", "gift"), []string{"n’ont pas de prix", "f-price-error", `class="priced typed"`}},
		"both sums":                {"/publish/offer", with(offer(), "price", "20"), []string{"elles font 18\u202f€", "le prix est 20\u202f€", "Les parts font"}},
		"both times":               {"/publish/event", with(event(), "end.time", "13:00"), []string{"début samedi 12 septembre 2026", "fin samedi 12 septembre 2026"}},
		"both days":                {"/publish/offer", with(offer(), "from", "2026-12-24"), []string{"début 24 décembre 2026", "fin 19 décembre 2026"}},
		"a far future":             {"/publish/event", with(event(), "start.date", "2062-09-12", "end.date", ""), []string{"très loin", "12 septembre 2062", "f-start-date-error"}},
		"a far past":               {"/publish/event", with(event(), "start.date", "1962-09-12", "end.date", ""), []string{"très loin", "1962"}},
		"an end in the far future": {"/publish/event", with(event(), "end.date", "2066-09-12"), []string{"très loin", "f-end-date-error"}},
		"an article of no words":   {"/publish/article", with(article(), "description", " "), []string{"quelques mots"}},
		"an article of no title":   {"/publish/article", with(article(), "title", ""), []string{"Donnez un titre"}},
	} {
		page := b.post(test.path, test.form).wants(t, 422, test.words...)
		sound(t, name, page.body)
	}
	if i.objects() != 0 {
		t.Error("something was published")
	}
}

func TestDurations(t *testing.T) {
	i := lone(t)
	b := i.as("admin")
	for name, test := range map[string]struct {
		change   []string
		lasts    time.Duration
		hidden   bool
		duration string // in the form that edits it
	}{
		"two hours":        {[]string{"duration", "120"}, 2 * time.Hour, false, "120"},
		"an unknown end":   {[]string{"duration", ""}, 2 * time.Hour, true, ""},
		"a whole day":      {[]string{"duration", "day", "start.time", ""}, 24*time.Hour - time.Minute, false, "day"},
		"three whole days": {[]string{"duration", "day", "end.date", "2026-09-14"}, 72*time.Hour - time.Minute, false, "day"},
		"an end of its own": {
			[]string{"duration", "120", "end.date", "2026-09-13", "end.time", "01:00"}, 11 * time.Hour, false, "",
		},
		"no duration of ours": {[]string{"duration", "77"}, 2 * time.Hour, true, ""},
	} {
		f := with(with(event(), "end.date", "", "end.time", ""), test.change...)
		made := b.post("/publish/event", f).wants(t, 303)
		o := i.object(led(made))
		if got := o.End.Sub(o.Start); got != test.lasts || federation.EventOf(o).HideEnd != test.hidden {
			t.Errorf("%s: lasts %s, hidden %v", name, got, federation.EventOf(o).HideEnd)
		}
		again := filled(t, b.get(led(made)+"/edit").wants(t, 200).body)
		if again.Get("duration") != test.duration {
			t.Errorf("%s: the form says %q", name, again.Get("duration"))
		}
		b.post(led(made)+"/edit", again).wants(t, 303)
		if o := i.object(led(made)); o.End.Sub(o.Start) != test.lasts || !federation.EventOf(o).PreviousStart.IsZero() {
			t.Errorf("%s: edited without a change, it lasts %s", name, o.End.Sub(o.Start))
		}
	}
}

func TestWhatIsLikelyStandsInTheForm(t *testing.T) {
	i := lone(t)
	b := i.as("admin")
	if f := filled(t, b.get("/publish/offer").body); f.Get("modes") != "sale" || f.Get("as") != "amap" || f.Get("audience") != "public" || f.Get("language") != "fr" {
		t.Errorf("%v", f)
	}
	if f := filled(t, i.as("member").get("/publish/offer").body); f.Get("modes") != "" || f.Get("as") != "camille-member" {
		t.Errorf("%v", f)
	}
	b.post("/publish/offer", with(offer(), "modes", "commitment")).wants(t, 303)
	i.pass(time.Minute)
	b.post("/publish/need", with(offer(), "modes", "sharedUse")).wants(t, 303)
	if f := filled(t, b.get("/publish/offer").body); len(f["modes"]) != 1 || f.Get("modes") != "commitment" {
		t.Errorf("not those of the last time: %v", f["modes"])
	}
	if f := filled(t, b.get("/publish/event").body); f.Get("duration") != "120" || f.Get("timezone") != "Europe/Paris" {
		t.Errorf("%v", f)
	}
	b.get("/publish").wants(t, 200, "/publish/article", "/publish/event")
}

func TestAnArticleIsMarkdownAndNothingElse(t *testing.T) {
	i := lone(t)
	b := i.as("editor")
	f := article()
	f.Set("description", f.Get("description")+"\n\n<script>alert(1)</script>\n\n<img src=x onerror=alert(2)>\n\n[piège](javascript:alert(3)) ![image](https://evil.example/x.png)\n\n"+strings.Repeat("mot ", 200))
	made := b.post("/publish/article", f).wants(t, 303)
	page := i.as("").get(led(made)).wants(t, 200, "<h2>Avant</h2>", "<strong>tout le monde</strong>", "<li>les clés</li>", `href="https://amap.example/charte"`, "#Guide")
	sound(t, "article", page.body)
	o := i.object(led(made))
	for _, bad := range []string{"<script", "onerror", "javascript:", "<img", "<h1"} {
		if strings.Contains(o.Content+o.Summary, bad) {
			t.Errorf("%q in %s", bad, o.Content)
		}
	}
	if o.Type != "Article" || len([]rune(o.Summary)) > 400 || !strings.HasPrefix(o.Summary, "Avant On prévient tout le monde.") || !strings.HasSuffix(o.Summary, "…") {
		t.Errorf("%s, summary %q", o.Type, o.Summary)
	}
	again := filled(t, b.get(led(made)+"/edit").wants(t, 200).body)
	if strings.TrimSpace(strings.ReplaceAll(again.Get("description"), "\r", "")) != strings.TrimSpace(f.Get("description")) {
		t.Errorf("the source is %q", again.Get("description"))
	}
	b.post(led(made)+"/edit", again).wants(t, 303)
}

// B51 and B59: line breaks in a title, and fields that no form has.
func TestTitlesAreOneLineAndNothingIsAssigned(t *testing.T) {
	i := lone(t)
	f := with(event(), "title", "Fête\r\nEND:VEVENT\r\nBcc: eve@example.org", "id", origin+"/objects/mine", "attributedTo", origin+"/actors/camille-admin", "published", "2001-01-01T00:00:00Z")
	made := i.as("editor").post("/publish/event", f).wants(t, 303)
	o := i.object(led(made))
	if o.Name != "Fête END:VEVENT Bcc: eve@example.org" || o.AttributedTo != i.initiative.ID || o.ID == origin+"/objects/mine" || !o.Published.Equal(i.now()) {
		t.Errorf("%+v", o)
	}
}

func TestWhoReceivedIt(t *testing.T) {
	i := lone(t)
	for _, name := range []string{"bob", "eve"} {
		p := i.peer(name)
		i.update(func(ctx context.Context, tx *store.Tx) error {
			p.ID = federation.IRI("https://" + name + ".example/u")
			p.Inbox, p.Followers, p.Handle = p.ID+"/inbox", p.ID+"/followers", name+"@"+name+".example"
			if err := tx.PutActor(ctx, p); err != nil {
				return err
			}
			return tx.PutEdge(ctx, &federation.Edge{Kind: federation.Follow, From: p.ID, To: i.initiative.ID, By: p.ID + "/follow", At: i.now()})
		})
	}
	b := i.as("admin")
	made := b.post("/publish/offer", offer()).wants(t, 303)
	b.get(made.Header.Get("Location")).wants(t, 200, "C’est publié", "/deliveries", "/duplicate", origin+led(made))
	path := led(made) + "/deliveries"
	waiting := b.get(path).wants(t, 200, "2 serveurs l’attendent encore", "bob.example", "eve.example", "en attente depuis")
	if strings.Contains(waiting.body, "l’a reçu.") {
		t.Error("nobody has it yet")
	}
	i.pass(time.Minute)
	i.deliver("bob.example", 202)
	i.deliver("eve.example", 503)
	page := b.get(path).wants(t, 200, "Un serveur l’a reçu", "Un serveur l’attend encore", "en panne (erreur 503)", "Prochain essai", "Réessayer maintenant")
	sound(t, "deliveries", page.body)
	page = i.as("editor").get(path).wants(t, 200, "Une personne qui administre")
	if strings.Contains(page.body, "Réessayer maintenant") {
		t.Error("an editor may retry")
	}
	i.as("editor").post(path, url.Values{"host": {"eve.example"}}).wants(t, 403)
	i.as("member").get(path).wants(t, 404)
	i.as("").get(path).wants(t, 303)
	b.post(path, url.Values{"host": {"eve.example"}}).wants(t, 303)
	i.pass(time.Minute)
	i.deliver("eve.example", 410)
	b.get(path).wants(t, 200, "Un serveur ne l’aura pas", "n’existe plus là-bas")
}

// deliver ends the next try to deliver to a host with a status.
func (i *instance) deliver(host string, status int) {
	i.t.Helper()
	i.update(func(ctx context.Context, tx *store.Tx) error {
		work, err := tx.ClaimHosts(ctx, "test", time.Minute, 10, 10)
		if err != nil {
			return err
		}
		for _, w := range work {
			var results []store.DeliveryResult
			for _, d := range w.Deliveries {
				r := store.DeliveryResult{ID: d.ID, Outcome: store.Delivered, Status: status}
				switch {
				case w.Host != host:
					continue
				case status >= 500:
					r.Outcome, r.Due, r.Error = store.Retry, i.now().Add(time.Hour), "busy"
				case status >= 400:
					r.Outcome = store.Failed
				}
				results = append(results, r)
			}
			next := time.Time{}
			if w.Host == host && status >= 500 {
				next = i.now().Add(time.Hour)
			}
			if err := tx.FinishHost(ctx, "test", w.Host, results, next); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestWithoutFollowersNoServerGetsAPost(t *testing.T) {
	i := lone(t)
	b := i.as("admin")
	path := led(b.post("/publish/offer", offer()).wants(t, 303)) + "/deliveries"
	// In French none is singular: "Un serveur l’a reçu" must not stand for it.
	if page := b.get(path).wants(t, 200, "Aucun serveur ne l’a reçu"); strings.Contains(page.body, "Un serveur") {
		t.Error("a server has it")
	}
}

func TestWhatToDoAfterPublishing(t *testing.T) {
	i := lone(t)
	b := i.as("admin")
	for kind, test := range map[string]struct {
		form  url.Values
		steps []string
	}{
		"event": {event(), []string{"/deliveries", "/calendar.ics", "/poster", "/duplicate"}},
		"offer": {offer(), []string{"/deliveries", "/poster", "/duplicate"}},
		"article": {
			url.Values{"title": {"Une année"}, "description": {"De **bons** légumes."}, "as": {"amap"}, "audience": {"public"}, "language": {"fr"}},
			[]string{"/deliveries", "/duplicate"},
		},
	} {
		made := b.post("/publish/"+kind, test.form).wants(t, 303)
		page := b.get(made.Header.Get("Location")).wants(t, 200, "Et maintenant")
		for _, step := range test.steps {
			if !strings.Contains(page.body, `<li><a href="`+led(made)+step+`"`) {
				t.Errorf("%s: no link to %s", kind, step)
			}
			b.get(led(made)+step).wants(t, 200)
		}
		if kind == "offer" && strings.Contains(page.body, `<li><a href="`+led(made)+`/calendar.ics`) {
			t.Error("an offer is no event")
		}
		if kind == "article" && strings.Contains(page.body, led(made)+"/poster") {
			t.Error("there is no poster of an article")
		}
	}
}
