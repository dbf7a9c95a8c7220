// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// offer is a form that is well.
func offer() url.Values {
	return url.Values{
		"title": {"Paniers de légumes"}, "description": {"Récoltés le **matin**."}, "modes": {"sale", "barter"},
		"price": {"18"}, "currency": {"EUR"}, "per": {"unit"}, "unit.name": {"le panier"}, "available": {"12"},
		"part.name": {"Ferme", "Livraison"}, "part.kind": {"production", "logistics"}, "part.amount": {"15", "3"},
		"until": {"2026-12-19"}, "place.name": {"Ferme du Moulin"}, "place.city": {"Valence"}, "place.lat": {"44.93"}, "place.lon": {"4.89"},
		"hashtags": {"#AMAP"}, "as": {"amap"},
	}
}

// event is a form that is well.
func event() url.Values {
	return url.Values{
		"title": {"Repair café de rentrée"}, "description": {"On répare ensemble."}, "start.date": {"2026-09-12"}, "start.time": {"14:00"},
		"end.date": {"2026-09-12"}, "end.time": {"18:00"}, "timezone": {"Europe/Paris"}, "place.name": {"MJC"}, "place.city": {"Valence"},
		"price": {"gratuit"}, "capacity": {"40"}, "category": {"WORKSHOPS_SKILL_SHARING"}, "join": {"free"}, "as": {"amap"},
	}
}

// led is the page a form led to.
func led(r response) string {
	path, _, _ := strings.Cut(r.Header.Get("Location"), "?")
	return path
}

func TestOfferFromFormToPage(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.as("admin")
		b.get("/publish/offer").wants(t, 200, "Publier une offre", `name="modes"`)
		made := b.post("/publish/offer", offer()).wants(t, 303)
		b.get(made.Header.Get("Location")).wants(t, 200, "Publié.", "Paniers de légumes", "18", "Ferme du Moulin", "Livraison", "<strong>matin</strong>", "/edit")
		got := i.as("").get(led(made)).wants(t, 200, "Détail du prix", `rel="alternate" type="application/activity+json"`, `property="og:title"`)
		if link := got.Header.Get("Link"); !strings.Contains(link, origin+led(made)) || !strings.Contains(link, `type="application/activity+json"`) {
			t.Errorf("Link: %q", link)
		}
		for _, path := range []string{"/", "/offers", "/tags/AMAP", "/tags/amap", "/@amap", "/actors/amap", "/search?q=legumes&radius=10&lat=44,9&lon=4.9", "/search?kind=offer&mode=barter"} {
			i.as("").get(path).wants(t, 200, "Paniers de légumes")
		}
		i.as("").get("/search?near="+url.QueryEscape(origin+led(made))+"&radius=5").wants(t, 200, "Paniers de légumes", "0\u202fm")
		i.as("").get("/").wants(t, 200, "AMAP du Moulin", "@amap@amap.example")
		i.as("").get("/?lang=en").wants(t, 200, `lang="en"`, "We offer")
		i.as("").get("/search?kind=need").wants(t, 200, "Rien ne correspond")

		// Closed, it is no longer on offer but still there.
		b.post(led(made)+"/close", nil).wants(t, 303)
		i.as("").get(led(made)).wants(t, 200, "Pourvu")
		if strings.Contains(i.as("").get("/offers").body, "Paniers de légumes") {
			t.Error("what is closed is still offered")
		}
		b.post(led(made)+"/reopen", nil).wants(t, 303)
		i.as("").get("/offers").wants(t, 200, "Paniers de légumes")

		b.get(led(made)+"/delete").wants(t, 200, "définitive", "Paniers de légumes")
		b.post(led(made)+"/delete", nil).wants(t, 303)
		i.as("").get(led(made)).wants(t, 410, "Supprimé")
	})
}

func TestFormsComeBackFilledIn(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.as("admin")
		for name, test := range map[string]struct {
			path   string
			form   url.Values
			change url.Values
			field  string
			words  []string
		}{
			"a price whose parts do not make it": {"/publish/offer", offer(), url.Values{"part.amount": {"15", "2,50"}}, "f-parts", []string{"elles font 17,50\u202f€", `value="2,50"`, `value="Livraison"`}},
			"no title":                           {"/publish/offer", offer(), url.Values{"title": {" "}}, "f-title", []string{"Donnez un titre"}},
			"no way of exchange":                 {"/publish/need", offer(), url.Values{"modes": nil}, "f-modes", []string{"mode d’échange"}},
			"a price that is no number":          {"/publish/offer", offer(), url.Values{"price": {"dix-huit"}}, "f-price", []string{`value="dix-huit"`}},
			"a place that is nowhere":            {"/publish/offer", offer(), url.Values{"place.lat": {"91"}}, "f-place-lat", []string{`value="91"`}},
			"a day that does not exist":          {"/publish/offer", offer(), url.Values{"until": {"2026-02-30"}}, "f-until", []string{"n’existe pas"}},
			"a circuit that was not offered":     {"/publish/offer", offer(), url.Values{"circuit": {"https://evil.example/actors/x"}}, "f-circuit", []string{"Choisissez le circuit"}},
			"an end before the start":            {"/publish/event", event(), url.Values{"end.time": {"13:00"}}, "f-end-date", []string{"avant le début"}},
			"an hour that does not exist":        {"/publish/event", event(), url.Values{"start.time": {"25:00"}}, "f-start-time", []string{`value="25:00"`}},
			"no start":                           {"/publish/event", event(), url.Values{"start.date": {""}}, "f-start-date", []string{"jour et l’heure du début"}},
			"a capacity that is no number":       {"/publish/event", event(), url.Values{"capacity": {"beaucoup"}}, "f-capacity", []string{`value="beaucoup"`}},
			"an empty note":                      {"/publish/note", url.Values{"as": {"amap"}}, nil, "f-description", []string{"quelques mots"}},
		} {
			f := url.Values{}
			for _, from := range []url.Values{test.form, test.change} {
				maps.Copy(f, from)
			}
			page := b.post(test.path, f).wants(t, 422, append(test.words, `href="#`+test.field+`"`, `id="`+test.field, `role="alert"`, "<title>Erreur")...)
			sound(t, name, page.body)
			if title := f.Get("title"); strings.TrimSpace(title) != "" && !strings.Contains(page.body, `value="`+title+`"`) {
				t.Errorf("%s: the title is lost", name)
			}
		}
	})
}

func TestEventIsPublishedMovedAndCancelled(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.as("editor")
		peer := i.peer("zoe") // without anybody elsewhere, nobody has to be told
		i.update(func(ctx context.Context, tx *store.Tx) error {
			return tx.PutEdge(ctx, &federation.Edge{Kind: federation.Follow, From: peer.ID, To: i.initiative.ID})
		})
		made := b.post("/publish/event", event()).wants(t, 303)
		i.as("").get(led(made)).wants(t, 200, "samedi 12 septembre 2026, 14", "MJC", "gratuit", "40", "On répare ensemble.")
		i.as("").get("/events").wants(t, 200, "Repair café de rentrée", "sept.")
		page := b.get(led(made)+"/edit").wants(t, 200, `value="2026-09-12"`, `value="14:00"`, `value="Repair café de rentrée"`, "On répare ensemble.")
		sound(t, "edit", page.body)
		f := event()
		f.Set("start.date", "2026-09-19")
		f.Set("end.date", "2026-09-19")
		b.post(led(made)+"/edit", f).wants(t, 303)
		i.as("").get(led(made)).wants(t, 200, "samedi 19 septembre 2026", "Nouvelle date", "Date d’abord annoncée")
		b.post(led(made)+"/cancel", nil).wants(t, 303)
		b.post(led(made)+"/cancel", nil).wants(t, 303)
		page = i.as("").get(led(made)).wants(t, 200, "Annulé", ") est annulé.")
		if n := strings.Count(page.body, ") est annulé."); n != 1 {
			t.Errorf("cancelled %d times", n)
		}
		i.pass(365 * 24 * time.Hour)
		if strings.Contains(i.as("").get("/events").body, "Repair café de rentrée") {
			t.Error("what is over is still announced")
		}
	})
}

func TestNoteWithLinks(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		bob := i.peer("bob")
		made := i.as("member").post("/publish/note", url.Values{"description": {"Merci @bob@peer.example et @camille-admin@amap.example pour les #Courges ! https://peer.example/@bob@peer.example"}}).wants(t, 303)
		i.as("").get(led(made)).wants(t, 200, `href="https://peer.example/@bob"`, `@<span>bob</span>`, `href="https://amap.example/tags/courges"`)
		i.update(func(ctx context.Context, tx *store.Tx) error {
			o, err := tx.Object(ctx, federation.IRI(origin+led(made)))
			if err != nil {
				return err
			}
			if len(o.Tags) != 3 || o.To[0] != federation.Public || len(o.Cc) != 3 || o.Cc[1] != bob.ID {
				t.Errorf("tags %v, cc %v", o.Tags, o.Cc)
			}
			if strings.Count(o.Content, "h-card") != 2 {
				t.Errorf("content %s", o.Content)
			}
			return nil
		})
		i.as("admin").get("/notifications?as=camille-admin").wants(t, 200, "vous a mentionné")
		i.as("admin").post("/notifications/read", url.Values{"as": {"camille-admin"}}).wants(t, 303)
		if strings.Contains(i.as("admin").get("/notifications?as=camille-admin").body, "Tout marquer") {
			t.Error("still unread")
		}
		private := i.as("member").post("/publish/note", url.Values{"description": {"entre nous"}, "audience": {"followers"}}).wants(t, 303)
		i.as("").get(led(private)).wants(t, 404)
		i.as("member").get(led(private)).wants(t, 200, "entre nous", "non public")
		edited := i.as("member").post(led(made)+"/edit", url.Values{"description": {"Merci à tous"}, "warning": {"gratitude"}}).wants(t, 303)
		i.as("").get(led(edited)).wants(t, 200, "Merci à tous", "<summary>gratitude</summary>")
	})
}

func TestReactAndReply(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		bob := i.peer("bob")
		theirs := &federation.Object{
			ID: "https://peer.example/notes/1", Type: "Note", AttributedTo: bob.ID, Content: "<p>Des courges !</p>", To: []federation.IRI{federation.Public},
			Published: i.now(), Attachments: []federation.Media{{Type: "Image", MediaType: "image/jpeg", URL: "https://peer.example/p.jpg", Name: "Une courge"}},
		}
		i.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutObject(ctx, theirs) })
		b := i.as("member")
		path := "/peer/objects?id=" + url.QueryEscape(string(theirs.ID))
		b.get(path).wants(t, 200, "Des courges !", "Une courge", "https://peer.example/p.jpg", "J’aime", "X-Robots"[:0])
		for verb, after := range map[string]string{"like": "1 j’aime", "share": "1 partage"} {
			b.post("/react", url.Values{"verb": {verb}, "object": {string(theirs.ID)}}).wants(t, 303)
			b.get(path).wants(t, 200, after, "un"+verb)
			b.post("/react", url.Values{"verb": {"un" + verb}, "object": {string(theirs.ID)}}).wants(t, 303)
			if strings.Contains(b.get(path).body, after) {
				t.Errorf("%s was not taken back", verb)
			}
		}
		page := b.post("/reply", url.Values{"object": {string(theirs.ID)}, "description": {" "}}).wants(t, 422, "quelques mots", "Des courges !")
		sound(t, "reply", page.body)
		b.post("/reply", url.Values{"object": {string(theirs.ID)}, "description": {"Combien ?"}}).wants(t, 303)
		b.get(path).wants(t, 200, "Combien ?", "@<span>bob</span>", "1 réponse")
		i.as("").get("/@camille-member").wants(t, 200, "Combien\u202f?")
		i.update(func(ctx context.Context, tx *store.Tx) error {
			list, _, err := tx.Replies(ctx, theirs.ID, "", "", 5)
			if err == nil && (len(list) != 1 || list[0].To[0] != federation.Public || list[0].Cc[1] != bob.ID || list[0].Tags[0].Name != "@bob@peer.example") {
				t.Errorf("the reply: %+v", list[0])
			}
			return err
		})
	})
}

func TestFollowAndBeFollowed(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		bob := i.peer("bob")
		b := i.as("editor")
		actor := url.Values{"actor": {string(bob.ID)}, "as": {"amap"}}
		b.get("/peer/actors?id="+url.QueryEscape(string(bob.ID))).wants(t, 200, "@bob@peer.example", "Suivre")
		b.post("/follow/actor", actor).wants(t, 303)
		b.get("/following").wants(t, 200, "Demandes envoyées", "bob")
		b.post("/unfollow", actor).wants(t, 303)
		if strings.Contains(b.get("/following").body, "bob") {
			t.Error("still followed")
		}

		// A locked circuit answers itself.
		i.as("admin").post("/settings/circuits", url.Values{"name": {"Circuit légumes"}, "username": {"legumes"}, "locked": {"1"}}).wants(t, 303)
		circuit := federation.IRI(origin + "/actors/legumes")
		ask := func(n string) {
			i.update(func(ctx context.Context, tx *store.Tx) error {
				_, err := federation.Apply(ctx, tx, &federation.Activity{
					ID: federation.IRI("https://peer.example/follows/" + n), Type: federation.Follow, Actor: bob.ID, Object: circuit, Published: i.now(),
				})
				return err
			})
		}
		of := url.Values{"actor": {string(bob.ID)}, "as": {"legumes"}}
		ask("1")
		b.get("/notifications?as=legumes").wants(t, 200, "Demandes d’abonnement", "bob", "demande à vous suivre")
		b.post("/followers/accept", of).wants(t, 400, "sans votre réponse")
		b.get("/followers?as=legumes").wants(t, 200, "Abonnés (0)")
		of.Set("answer", "accept")
		b.post("/followers/accept", of).wants(t, 303)
		b.get("/notifications?as=legumes").wants(t, 200, "a commencé à vous suivre")
		b.get("/followers?as=legumes").wants(t, 200, "Abonnés (1)", "bob")
		b.post("/followers/remove", of).wants(t, 303)
		b.get("/followers?as=legumes").wants(t, 200, "Abonnés (0)")
		ask("2")
		of.Set("answer", "reject")
		b.post("/followers/accept", of).wants(t, 303)
		b.get("/followers?as=legumes").wants(t, 200, "Abonnés (0)")
		b.post("/block", of).wants(t, 303)
		b.get("/followers?as=legumes").wants(t, 200, "Bloqués", "bob")
		b.post("/unblock", of).wants(t, 303)
		if strings.Contains(b.get("/followers?as=legumes").body, "bob") {
			t.Error("still blocked")
		}
		i.update(func(ctx context.Context, tx *store.Tx) error {
			n, _, err := tx.DeliveryDepth(ctx)
			if n != 5 { // Follow, Undo, Accept, Reject, Reject
				t.Errorf("%d deliveries", n)
			}
			return err
		})
		// A circuit is a place to publish to.
		f := offer()
		f.Set("circuit", string(circuit))
		f.Set("audience", "circuit")
		made := b.post("/publish/offer", f).wants(t, 303)
		i.as("").get(led(made)).wants(t, 404)
	})
}

func TestFeed(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		bob, eve := i.peer("bob"), i.peer("eve")
		i.update(func(ctx context.Context, tx *store.Tx) error {
			if err := tx.PutEdge(ctx, &federation.Edge{Kind: federation.Follow, From: i.initiative.ID, To: bob.ID, By: "https://amap.example/activities/f", At: i.now()}); err != nil {
				return err
			}
			for n := range 30 {
				o := &federation.Object{ID: federation.IRI("https://peer.example/notes/" + string(rune('A'+n))), Type: "Note", AttributedTo: bob.ID, Content: "<p>note " + string(rune('A'+n)) + "</p>", To: []federation.IRI{federation.Public}, Published: i.now().Add(time.Duration(n) * time.Minute)}
				if n == 29 {
					o.AttributedTo = eve.ID
				}
				if err := tx.PutObject(ctx, o); err != nil {
					return err
				}
			}
			return tx.PutEdge(ctx, &federation.Edge{Kind: federation.Announce, From: bob.ID, To: "https://peer.example/notes/^", By: "https://peer.example/a", At: i.now().Add(time.Hour), Public: true})
		})
		page := i.as("admin").get("/feed").wants(t, 200, "Partagé par", "note ^", "note \\", "Page suivante")
		next := page.body[strings.Index(page.body, `rel="next" href="`)+len(`rel="next" href="`):]
		next = strings.ReplaceAll(next[:strings.Index(next, `"`)], "&amp;", "&")
		i.as("admin").get(next).wants(t, 200, "note A")
		i.as("member").get("/feed").wants(t, 200, "Rien à lire")
	})
}

func TestSettings(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.as("admin")
		b.post("/settings/profile", url.Values{
			"name": {"AMAP de la Drôme"}, "summary": {"Des légumes.\n\nEt des œufs."}, "place.city": {"Valence"}, "place.lat": {"44.93"}, "place.lon": {"4.89"},
			"field.name": {"Site"}, "field.value": {"https://amap.example/x"}, "locked": {"1"},
		}).wants(t, 303)
		i.as("").get("/").wants(t, 200, "AMAP de la Drôme", "<p>Et des œufs.</p>", "Valence", `href="https://amap.example/x"`)
		b.get("/settings/profile").wants(t, 200, "AMAP de la Drôme", "Et des œufs.", `value="https://amap.example/x"`, "checked")
		b.post("/settings/profile", url.Values{"name": {""}}).wants(t, 422, "f-name-error")

		page := b.post("/settings/accounts", url.Values{"username": {"dominique"}, "email": {"dominique@example.org"}, "role": {"editor"}}).wants(t, 200, "/sign-in/link?token=", "dominique")
		token := page.body[strings.Index(page.body, "token=")+6:]
		token = token[:strings.IndexByte(token, '<')]
		new := i.browser()
		new.post("/sign-in/link", url.Values{"token": {token}}).wants(t, 303)
		new.get("/publish/offer").wants(t, 200, "AMAP de la Drôme") // editors speak for the initiative
		new.get("/settings").wants(t, 403, "Accès refusé")
		for change, id := range map[string]string{"username=dominique": "f-username", "username=a+b": "f-username", "username=ann&email=nope": "f-email", "username=ann&role=king": "f-role", "username=admin": "f-username"} {
			f, err := url.ParseQuery("role=member&" + change)
			must(t, err)
			if strings.Count(change, "role") > 0 {
				f.Set("role", "king")
			}
			b.post("/settings/accounts", f).wants(t, 422, id+"-error")
		}
		own := "/settings/accounts/1"
		b.post(own, url.Values{"action": {"role"}, "role": {"member"}}).wants(t, 409)

		b.post("/settings/suspensions", url.Values{"target": {"Spam.example"}, "reason": {"spam"}}).wants(t, 303)
		b.get("/settings/suspensions").wants(t, 200, "spam.example")
		b.post("/settings/suspensions", url.Values{"target": {"amap.example"}}).wants(t, 422, "f-target-error")
		b.post("/settings/suspensions/lift", url.Values{"target": {"spam.example"}}).wants(t, 303)
		b.get("/settings/suspensions").wants(t, 200, "Aucune suspension")

		bob := i.peer("bob")
		i.as("member").post("/report", url.Values{"id": {string(bob.ID)}, "content": {"Il est odieux."}, "forward": {"1"}}).wants(t, 303)
		i.as("moderator").get("/settings/reports").wants(t, 200, "Il est odieux.", "bob")
		i.as("moderator").post("/settings/reports", url.Values{"from": {string(outbox.InstanceActor(origin))}, "about": {string(bob.ID)}, "action": {"dismiss"}}).wants(t, 303)
		i.as("moderator").get("/settings/reports").wants(t, 200, "Aucun signalement")
		b.get("/settings/peers").wants(t, 200, "peer.example", "Un envoi l’attend")
		b.post("/settings/peers", url.Values{"host": {"peer.example"}, "action": {"retry"}}).wants(t, 303)
	})
}

func TestWhatWasWrittenForEveryoneIsFoundByPeople(t *testing.T) {
	i := lone(t)
	var id federation.IRI
	i.update(func(ctx context.Context, tx *store.Tx) error {
		a := &federation.Activity{Type: federation.Create, Actor: i.initiative.ID, Enclosed: note("bonjour"), To: []federation.IRI{federation.Public}}
		err := outbox.PublishTx(ctx, tx, a)
		id = a.ID
		return err
	})
	if got := i.as("").get(strings.TrimPrefix(string(id), origin)).wants(t, 303).Header.Get("Location"); !strings.HasPrefix(got, "/objects/") {
		t.Errorf("leads to %q", got)
	}
}

func TestFrontIsFresh(t *testing.T) {
	i := lone(t)
	one := i.as("").get("/").body
	i.publish(i.initiative.ID, note("pour plus tard"))
	o := &federation.Object{Type: "Event", Name: "Demain", Start: i.now().Add(time.Hour), To: []federation.IRI{federation.Public}}
	i.publish(i.initiative.ID, o)
	if two := i.as("").get("/").body; two != one {
		t.Error("it was not kept")
	}
	i.pass(frontLifetime + time.Second)
	i.as("").get("/").wants(t, 200, "Demain")
	i.as("admin").get("/").wants(t, 200, "Mon compte")
	if strings.Contains(i.as("").get("/").body, "Mon compte") {
		t.Error("what is personal was kept")
	}
	i.as("admin").post("/publish/event", event()).wants(t, 303)
	i.as("").get("/").wants(t, 200, "Repair café")
}

// Pages are parsed when they are first shown; here all of them are.
func TestTemplatesParse(t *testing.T) {
	if len(templates) < 60 {
		t.Errorf("only %d", len(templates))
	}
	for name, parsed := range templates {
		if parsed().Lookup("layout.html") == nil {
			t.Errorf("%s lacks the layout", name)
		}
	}
}
