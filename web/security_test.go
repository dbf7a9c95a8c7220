// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// B46.
func TestFormsOfOtherSites(t *testing.T) {
	i := lone(t)
	for _, r := range routes() {
		if r.post == nil {
			continue
		}
		for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
			b := i.as("admin")
			req := b.request(http.MethodPost, fill(r.path, &federation.Object{ID: origin + "/objects/x"}), strings.NewReader(""))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set(name, value)
			b.send(req).wants(t, 403, "autre site")
		}
	}
	i.as("admin").get("/account").wants(t, 200) // still signed in
}

// B49.
func TestNextStaysHere(t *testing.T) {
	for _, next := range []string{
		"", "//evil.example", `/\evil.example`, `\\evil.example`, "https:evil.example", "https://evil.example/", "javascript:alert(1)",
		"/\t/evil.example", "/\n/evil.example", " //evil.example", "http:///evil.example", "%2f%2fevil.example", "evil", "///evil.example", "/\\/evil",
		"/" + strings.Repeat("a", 3000), "\x00/", "/\x00",
	} {
		if got := localPath(next); got != "/" {
			t.Errorf("%q leads to %q", next, got)
		}
	}
	for _, next := range []string{"/", "/feed", "/peer/objects?id=https%3A%2F%2Fa.example%2Fb", "/objects/x#reply"} {
		if got := localPath(next); got != next {
			t.Errorf("%q leads to %q", next, got)
		}
	}
	i := lone(t)
	if got := i.as("admin").get("/sign-in?next=%2f%2fevil.example").wants(t, 303).Header.Get("Location"); got != "/" {
		t.Errorf("leads to %q", got)
	}
}

// B29: what one may not read is not there.
func TestPrivateIsMissing(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		secret := i.publish(i.accounts["editor"].Person, note("pour Camille", i.accounts["moderator"].Person))
		gone := i.publish(i.accounts["editor"].Person, note("effacé", i.accounts["moderator"].Person))
		must(t, outbox.Publish(t.Context(), i.db, &federation.Activity{Type: federation.Delete, Actor: i.accounts["editor"].Person, Object: gone.ID}))
		path := func(o *federation.Object) string { return strings.TrimPrefix(string(o.ID), origin) }
		i.as("moderator").get(path(secret)).wants(t, 200, "pour Camille")
		for _, who := range []string{"", "member", "admin"} {
			missing := i.as(who).get("/objects/aaaaaaaaaaaaaaaaaaaaaaaaaa").wants(t, 404)
			for _, o := range []*federation.Object{secret, gone} {
				got := i.as(who).get(path(o)).wants(t, 404)
				same(t, missing, got)
			}
			if who == "" {
				continue
			}
			missing = i.as(who).get("/peer/objects?id=https://peer.example/none").wants(t, 404)
			same(t, missing, i.as(who).get("/peer/objects?id="+url.QueryEscape(string(secret.ID))))
			for _, form := range []struct {
				path   string
				values url.Values
			}{
				{"/react", url.Values{"verb": {"like"}, "object": {string(secret.ID)}}},
				{"/reply", url.Values{"description": {"ah ?"}, "object": {string(secret.ID)}}},
				{"/report", url.Values{"content": {"ah ?"}, "id": {string(secret.ID)}}},
			} {
				same(t, missing, i.as(who).post(form.path, form.values))
			}
		}
		if body := i.as("").get("/search?q=camille&kind=").body; strings.Contains(body, "pour Camille") {
			t.Error("a search finds what is not public")
		}
		if body := i.as("").get("/@camille-editor").body; strings.Contains(body, "pour Camille") {
			t.Error("a profile shows what is not public")
		}
	})
}

// same wants two answers to be the same to the byte.
func same(t *testing.T, want, got response) {
	t.Helper()
	if got.StatusCode != want.StatusCode || got.body != want.body {
		t.Errorf("%s: %d, want %d as for %s\n%s\n%s", got.Request.URL, got.StatusCode, want.StatusCode, want.Request.URL, got.body, want.body)
	}
	a, b := want.Header.Clone(), got.Header.Clone()
	a.Del("Date")
	b.Del("Date")
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("%s: headers %v, want %v", got.Request.URL, b, a)
	}
}

// B60: what belongs to others cannot be changed through any form.
func TestObjectsOfOthers(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		o := i.publish(i.accounts["editor"].Person, note("à moi"))
		path := strings.TrimPrefix(string(o.ID), origin)
		before := i.as("").get(path).wants(t, 200).body
		for _, who := range []string{"member", "moderator", "admin"} {
			b := i.as(who)
			for _, action := range []string{"/edit", "/close", "/reopen", "/cancel", "/delete"} {
				b.post(path+action, url.Values{"description": {"à toi"}, "as": {"camille-editor"}}).wants(t, 404)
			}
			for _, action := range []string{"/edit", "/delete"} {
				b.get(path+action).wants(t, 404)
			}
			for _, form := range []string{"/publish/note", "/publish/offer", "/react", "/reply", "/follow/actor", "/unfollow", "/block", "/notifications/read", "/followers/remove"} {
				b.post(form, url.Values{"description": {"à toi"}, "title": {"x"}, "modes": {"gift"}, "as": {"camille-editor"}, "verb": {"like"}, "object": {string(o.ID)}, "actor": {string(i.initiative.ID)}}).wants(t, 404)
			}
			for _, page := range []string{"/feed", "/notifications", "/followers", "/following"} {
				b.get(page+"?as=camille-editor").wants(t, 404)
			}
		}
		i.as("member").post("/publish/note", url.Values{"description": {"au nom de tous"}, "as": {"amap"}}).wants(t, 404)
		if after := i.as("").get(path).body; after != before {
			t.Error("it was changed")
		}
	})
}

// B59: fields that a form does not have are ignored.
func TestMassAssignment(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		greedy := url.Values{
			"role": {"admin"}, "Role": {"admin"}, "id": {"https://evil.example/x"}, "attributedTo": {string(i.initiative.ID)}, "owner": {"1"},
			"account": {"1"}, "suspended": {"0"}, "local": {"false"}, "published": {"1999-01-01T00:00:00Z"}, "inbox": {"https://evil.example"},
			"username": {"root"}, "to": {"https://evil.example"}, "description": {"bonjour"}, "name": {"Camille"}, "language": {"fr"},
		}
		b := i.as("member")
		made := b.post("/publish/note", greedy).wants(t, 303).Header.Get("Location")
		b.post("/profile", greedy).wants(t, 303)
		b.post("/account/language", greedy).wants(t, 303)
		b.post("/account", greedy).wants(t, 422)
		i.update(func(ctx context.Context, tx *store.Tx) error {
			a, err := tx.AccountByName(ctx, "member")
			if err != nil {
				return err
			}
			if a.Role != store.RoleMember || a.Person != i.accounts["member"].Person || a.Password != "" {
				t.Errorf("the account: %+v", a)
			}
			p, err := tx.Actor(ctx, a.Person)
			if err != nil {
				return err
			}
			if p.Username != "camille-member" || p.Inbox != p.ID+"/inbox" || p.Name != "Camille" || !p.Local {
				t.Errorf("the actor: %+v", p)
			}
			o, err := tx.Object(ctx, federation.IRI(origin+strings.TrimSuffix(made, "?done=published")))
			if err != nil {
				return err
			}
			if o.AttributedTo != a.Person || o.Published.Year() != 2026 || len(o.To) != 1 || o.To[0] != federation.Public || !o.Local {
				t.Errorf("the object: %+v", o)
			}
			return nil
		})
	})
}

// hostile is what people type who mean harm.
var hostile = []string{
	`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `<svg/onload=alert(1)>`, `"><script>alert(1)</script>`, `'"><img src=x onerror=alert(1)>`,
	`<a href="javascript:alert(1)">x</a>`, `<a href="JaVaScRiPt:alert(1)">x</a>`, `<a href=" &#106;avascript:alert(1)">x</a>`, `<a href="data:text/html,<script>alert(1)</script>">x</a>`,
	`<a href="vbscript:x">x</a>`, `<iframe src="https://evil.example"></iframe>`, `<object data="https://evil.example"></object>`, `<embed src="https://evil.example">`,
	`<base href="https://evil.example/">`, `<meta http-equiv="refresh" content="0;url=https://evil.example">`, `<link rel="stylesheet" href="https://evil.example/x.css">`,
	`<style>body{background:url(https://evil.example)}</style>`, `<p style="background:url(https://evil.example)">x</p>`, `<form action="https://evil.example"><input name=password></form>`,
	`<math><mtext></p><script>alert(1)</script></math>`, `<svg><script>alert(1)</script></svg>`, `<svg><a xlink:href="javascript:alert(1)">x</a></svg>`, `<img src="https://evil.example/pixel">`,
	`<img srcset="https://evil.example/pixel 1x">`, `<video src="https://evil.example" autoplay onplay=alert(1)>`, `<details open ontoggle=alert(1)>`, `<body onload=alert(1)>`,
	`</main><script>alert(1)</script>`, `</bdi></a><script>alert(1)</script>`, `</textarea><script>alert(1)</script>`, `</title><script>alert(1)</script>`, `--><script>alert(1)</script>`,
	`<!--<script>alert(1)</script>-->`, `<![CDATA[<script>alert(1)</script>]]>`, `<noscript><p title="</noscript><img src=x onerror=alert(1)>">`, `<template><script>alert(1)</script></template>`,
	`{{.Account.Password}}`, `<scr<script>ipt>alert(1)</scr</script>ipt>`, `<IMG """><SCRIPT>alert(1)</SCRIPT>">`, `<input onfocus=alert(1) autofocus>`, `<marquee onstart=alert(1)>`,
	"<img src=x\x00 onerror=alert(1)>", "\u202egnp.exe", "<p onclick\x0c=alert(1)>x</p>", `<a href="//evil.example" ping="https://evil.example">x</a>`,
}

// B38: of what people type here.
func TestHostileForms(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.as("admin")
		tried := hostile
		if strings.HasSuffix(t.Name(), "postgres") { // only what a database may choke on
			tried = hostile[len(hostile)-5:]
		}
		for n, bad := range tried {
			f := offer()
			for _, name := range []string{"title", "description", "place.name", "place.city", "unit.name", "part.name"} {
				f[name] = append([]string{}, f[name]...)
				f.Set(name, bad+fmt.Sprint(" x", n))
			}
			f.Set("part.name", bad)
			f["part.name"] = []string{bad, bad}
			made := b.post("/publish/offer", f)
			inert(t, bad, made.body)
			if made.StatusCode != 303 {
				continue // refused, and shown again
			}
			where := made.Header.Get("Location")
			inert(t, bad, b.get(where).body)
			inert(t, bad, b.get(strings.TrimSuffix(where, "?done=published")+"/edit").body)
			f.Set("done", bad)
			inert(t, bad, b.get("/search?"+f.Encode()+"&q="+url.QueryEscape(bad)).body)
			b.post("/publish/note", url.Values{"description": {bad}, "warning": {bad}})
			b.post("/report", url.Values{"content": {bad}, "id": {string(i.initiative.ID)}})
		}
		b.post("/profile", url.Values{"name": {hostile[0]}, "summary": {strings.Join(hostile, "\n\n")}, "field.name": hostile[:4], "field.value": hostile[4:8]}).wants(t, 303)
		for _, page := range []string{"/", "/offers", "/search?q=x", "/@amap", "/@camille-admin", "/profile", "/feed?as=camille-admin", "/settings/reports"} {
			inert(t, page, b.get(page).body)
		}
	})
}

// B38, B39: of what peers send, even if it was not cleaned when it came.
func TestHostilePeers(t *testing.T) {
	i := lone(t)
	i.as("admin").post("/follow/actor", url.Values{"actor": {string(i.peer("mallory").ID)}}).wants(t, 303)
	for n, bad := range hostile {
		i.update(func(ctx context.Context, tx *store.Tx) error {
			a, err := tx.Actor(ctx, "https://peer.example/users/mallory")
			if err != nil {
				return err
			}
			m := *a
			m.Name, m.Summary, m.URL, m.Handle = bad, bad, "javascript:alert(1)", bad+"@peer.example"
			m.Fields = []federation.Field{{Name: bad, Value: bad}}
			m.Icon = &federation.Media{URL: "https://evil.example/pixel", Name: bad}
			if err := tx.PutActor(ctx, &m); err != nil {
				return err
			}
			return tx.PutObject(ctx, &federation.Object{
				ID: federation.IRI(fmt.Sprintf("https://peer.example/notes/%d", n)), Type: "Event", AttributedTo: a.ID, Name: bad, Summary: bad, Content: bad,
				URL: "javascript:alert(1)", To: []federation.IRI{federation.Public}, Published: i.now(), Start: i.now().Add(time.Hour), Language: bad,
				Location: &federation.Place{Type: "VirtualLocation", Name: bad, City: bad, URL: "javascript:alert(1)"},
				Image:    &federation.Media{Type: "Image", URL: "data:image/svg+xml,<svg onload=alert(1)>", Name: bad},
				Attachments: []federation.Media{
					{Type: "Image", URL: "https://evil.example/pixel", Name: bad}, {Type: "Link", URL: "javascript:alert(1)", Name: bad},
				},
				Tags: []federation.Tag{{Type: "Hashtag", Name: bad, Href: "javascript:alert(1)"}, {Type: "Mention", Name: bad, Href: "javascript:alert(1)"}},
			})
		})
		b := i.as("admin")
		for _, page := range []string{fmt.Sprintf("/peer/objects?id=https://peer.example/notes/%d", n), "/peer/actors?id=https://peer.example/users/mallory"} {
			inert(t, page+" "+bad, b.get(page).wants(t, 200).body)
		}
	}
	for _, page := range []string{"/feed", "/events", "/following", "/search?q=x"} {
		inert(t, page, i.as("admin").get(page).wants(t, 200).body)
	}
}

// B58.
func TestGarbageInQueries(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.as("admin").post("/publish/offer", offer()).wants(t, 303)
		b := i.as("admin")
		garbage := []string{"1000000000", "-1", "'; DROP TABLE objects; --", "\x00", "%", strings.Repeat("a", 5000), "NaN", "1e309", "\xff\xfe", "../../etc/passwd", "0-0-0", "9223372036854775808"}
		for _, path := range []string{"/events", "/offers", "/search", "/tags/amap", "/feed", "/notifications", "/followers", "/following", "/@amap", "/settings/peers"} {
			for _, bad := range garbage {
				for _, name := range []string{"after", "limit", "page", "sort", "lang", "done"} {
					if got := b.get(path + "?" + name + "=" + url.QueryEscape(bad)); got.StatusCode != 200 && got.StatusCode != 400 {
						t.Errorf("%s %s=%q: %d", path, name, bad, got.StatusCode)
					}
				}
			}
		}
		for _, bad := range garbage {
			for _, name := range []string{"q", "kind", "category", "mode", "tag", "lat", "lon", "radius", "near", "upcoming", "open"} {
				if got := b.get("/search?" + name + "=" + url.QueryEscape(bad)); got.StatusCode != 200 {
					t.Errorf("/search %s=%q: %d", name, bad, got.StatusCode)
				}
			}
		}
		if i.log.Len() > 0 {
			t.Errorf("logged: %s", i.log)
		}
	})
}

// sign sets the password of an account.
func (i *instance) password(name, password string) {
	i.t.Helper()
	hash, err := newPasswords().hash(i.t.Context(), password)
	must(i.t, err)
	i.update(func(ctx context.Context, tx *store.Tx) error { return tx.SetPassword(ctx, i.accounts[name].ID, hash) })
}

func session(r response) *http.Cookie {
	for _, c := range r.Cookies() {
		if c.Name == "session" || c.Name == "__Host-session" {
			return c
		}
	}
	return nil
}

// B43: a session that was planted before signing in is worth nothing after.
func TestSessionFixation(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.password("member", "une phrase longue")
		mallory := i.as("moderator") // her own session, given to the victim
		u, err := url.Parse(i.server.URL)
		must(t, err)
		planted := mallory.client.Jar.Cookies(u)[0]
		victim := i.browser()
		victim.client.Jar.SetCookies(u, []*http.Cookie{planted})
		got := victim.post("/sign-in", url.Values{"name": {"Member "}, "password": {"une phrase longue"}, "next": {"/feed"}}).wants(t, 303)
		c := session(got)
		if c == nil || c.Value == planted.Value || len(c.Value) < 43 || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Fatalf("the cookie: %+v", c)
		}
		if got.Header.Get("Location") != "/feed" {
			t.Errorf("leads to %q", got.Header.Get("Location"))
		}
		mallory.get("/account").wants(t, 303)
		victim.get("/account").wants(t, 200, "member@example.org")
	})
}

// B42.
func TestPasswordChangeEndsSessions(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.password("member", "une phrase longue")
		one, two := i.as("member"), i.as("member")
		one.post("/account", url.Values{"password.old": {"faux"}, "password.new": {"une autre phrase"}}).wants(t, 422, "pas votre mot de passe actuel")
		one.post("/account", url.Values{"password.old": {"une phrase longue"}, "password.new": {"court"}}).wants(t, 422, "Trop court")
		one.post("/account", url.Values{"password.old": {"une phrase longue"}, "password.new": {"motdepasse"}}).wants(t, 422, "Trop facile")
		two.get("/account").wants(t, 200)
		one.post("/account", url.Values{"password.old": {"une phrase longue"}, "password.new": {"une autre phrase"}}).wants(t, 303)
		one.get("/account").wants(t, 200)
		two.get("/account").wants(t, 303)
		i.browser().post("/sign-in", url.Values{"name": {"member@example.org"}, "password": {"une phrase longue"}}).wants(t, 422)
		again := i.browser()
		again.post("/sign-in", url.Values{"name": {"member@example.org"}, "password": {"une autre phrase"}}).wants(t, 303)
		i.as("admin").post(fmt.Sprintf("/settings/accounts/%d", i.accounts["member"].ID), url.Values{"action": {"suspend"}}).wants(t, 303)
		again.get("/account").wants(t, 303)
		one.get("/account").wants(t, 303)
		i.browser().post("/sign-in", url.Values{"name": {"member"}, "password": {"une autre phrase"}}).wants(t, 422)
	})
}

// B45, and no difference between names that exist and others.
func TestSignInIsLimited(t *testing.T) {
	for _, name := range []string{"member", "nobody-here"} {
		i := lone(t)
		i.password("member", "une phrase longue")
		h := i.site.Routes()
		try := func(from string) *httptest.ResponseRecorder {
			r := httptest.NewRequest(http.MethodPost, "/sign-in", strings.NewReader(url.Values{"name": {name}, "password": {"faux"}}.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Accept-Language", "fr")
			r.RemoteAddr = from
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w
		}
		for n := range 25 {
			if w := try(fmt.Sprintf("[2001:db8:1:2::%d]:4000", n+1)); w.Code != 422 || !strings.Contains(w.Body.String(), "pas le bon") {
				t.Fatalf("%s, attempt %d: %d", name, n+1, w.Code)
			}
		}
		if w := try("[2001:db8:1:2:ffff::1]:4000"); w.Code != 429 || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s, attempt 26 of a network: %d", name, w.Code)
		}
		if w := try("192.0.2.1:4000"); w.Code != 429 {
			t.Errorf("%s, attempt 26 of an account, from elsewhere: %d", name, w.Code)
		}
		i.pass(10 * time.Minute)
		if w := try("[2001:db8:1:2::1]:4000"); w.Code != 422 {
			t.Errorf("%s, later: %d", name, w.Code)
		}
	}
}

func TestLimiterForgets(t *testing.T) {
	l := newLimiter(1, 1)
	now := time.Now()
	for n := range 3 * maxKeys {
		l.allow(fmt.Sprint(n), now)
	}
	if n := len(l.recent) + len(l.older); n > 2*maxKeys {
		t.Errorf("%d keys are remembered", n)
	}
}

func TestSignInLink(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		var token string
		i.update(func(ctx context.Context, tx *store.Tx) (err error) {
			token, err = tx.NewSignIn(ctx, i.accounts["member"].ID, time.Hour)
			return err
		})
		b := i.browser()
		for range 2 { // programs that read mail open links too
			b.get("/sign-in/link?token="+token).wants(t, 200, token)
		}
		if got := b.post("/sign-in/link", url.Values{"token": {token}}).wants(t, 303).Header.Get("Location"); got != "/account?done=welcome" {
			t.Errorf("leads to %q", got)
		}
		b.get("/account?done=welcome").wants(t, 200, "Bienvenue", "Choisir un mot de passe")
		i.browser().post("/sign-in/link", url.Values{"token": {token}}).wants(t, 422, "déjà servi")
		b.post("/sign-out", nil).wants(t, 303)
		b.get("/account").wants(t, 303)
	})
}

// What was typed when the session ended is sent again after signing in.
func TestNothingIsLostWhenASessionEnds(t *testing.T) {
	i := lone(t)
	i.password("admin", "une phrase longue")
	b := i.as("admin")
	i.pass(2 * time.Hour)
	page := b.upload("/publish/offer", offer(), nil).wants(t, 401, "ce que vous aviez écrit", "Paniers de légumes", `name="kept.field.modes" value="barter"`)
	kept := hidden(t, page.body)
	if kept.Get("kept.action") != "/publish/offer" || len(kept["kept.field.part.amount"]) != 2 {
		t.Fatalf("kept: %v", kept)
	}
	kept.Set("name", "admin")
	kept.Set("password", "faux")
	page = b.post("/sign-in", kept).wants(t, 422, "Paniers de légumes")
	kept = hidden(t, page.body)
	kept.Set("name", "admin")
	kept.Set("password", "une phrase longue")
	page = b.post("/sign-in", kept).wants(t, 200, "de nouveau connecté", `action="/publish/offer"`)
	if strings.Contains(page.body, "une phrase longue") {
		t.Error("the password is on the page")
	}
	b.post("/publish/offer", hidden(t, page.body)).wants(t, 303)
	i.as("").get("/offers").wants(t, 200, "Paniers de légumes")
}

// B47, at the door.
func TestUploads(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		var photo bytes.Buffer
		img := image.NewRGBA(image.Rect(0, 0, 60, 40))
		img.Set(1, 1, color.White)
		must(t, png.Encode(&photo, img))
		b := i.as("admin")
		header := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x4e\x20\x00\x00\x4e\x20\x08\x02\x00\x00\x00"), make([]byte, 50)...)
		for name, file := range map[string][]byte{
			"json": []byte(`{"@context":"https://www.w3.org/ns/activitystreams","type":"Person","id":"https://amap.example/actors/amap"}`),
			"svg":  []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`),
			"html": []byte(`<!doctype html><script>alert(1)</script>`), "zip": []byte("PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaa"), "bomb": header, "empty image": photo.Bytes()[:20],
		} {
			f := offer()
			f.Set("alt", "Une cagette")
			page := b.upload("/publish/offer", f, file).wants(t, 422, "f-photo-error", "Paniers de légumes")
			if v := hidden(t, page.body).Get("photo"); v != "" {
				t.Errorf("%s was stored", name)
			}
		}
		if got := b.upload("/publish/offer", offer(), make([]byte, 10<<20)); got.StatusCode != 413 && got.StatusCode != 422 {
			t.Errorf("10 MB: %d", got.StatusCode)
		}
		// Without words for it, a photo is kept until there are some.
		page := b.upload("/publish/offer", offer(), photo.Bytes()).wants(t, 422, "Décrivez la photo", "f-alt-error")
		id := hidden(t, page.body).Get("photo")
		f := offer()
		f.Set("photo", id)
		f.Set("alt", "Une cagette de courges")
		i.as("editor").post("/publish/offer", f).wants(t, 422, "n’est plus là") // it is not theirs
		where := b.post("/publish/offer", f).wants(t, 303).Header.Get("Location")
		i.as("").get(where).wants(t, 200, `alt="Une cagette de courges"`, `src="/media/`+id+`"`, `og:image" content="https://amap.example/media/`+id)
		for _, path := range []string{"/media/" + id, "/media/" + id + "/thumb"} {
			r := b.request(http.MethodGet, path, nil)
			r.Header.Set("Accept", "application/activity+json")
			got := b.send(r).wants(t, 200)
			if k := got.Header.Get("Content-Type"); k != "image/png" && k != "image/jpeg" {
				t.Errorf("%s is %s", path, k)
			}
			if got.Header.Get("Content-Security-Policy") != "default-src 'none'; sandbox" || got.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(got.Header.Get("Cache-Control"), "immutable") {
				t.Errorf("%s: %v", path, got.Header)
			}
		}
	})
}

func TestPasswordsAreBounded(t *testing.T) {
	p := newPasswords()
	hash, err := p.hash(t.Context(), "une phrase longue")
	must(t, err)
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("%s", hash)
	}
	for _, test := range []struct {
		password, hash string
		want           bool
	}{{"une phrase longue", hash, true}, {"une phrase", hash, false}, {"", hash, false}, {"", "", false}, {"x", "", false}, {strings.Repeat("x", 1<<20), hash, false}} {
		if got, err := p.match(t.Context(), test.password, test.hash); err != nil || got != test.want {
			t.Errorf("%.20q: %v %v", test.password, got, err)
		}
	}
	for range cap(p.slots) {
		p.slots <- struct{}{}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := p.match(ctx, "x", hash); !errors.Is(err, federation.ErrUnavailable) {
		t.Errorf("more hashes than processors: %v", err)
	}
}

func TestCookieOverHTTPS(t *testing.T) {
	i := lone(t)
	i.password("member", "une phrase longue")
	s := &Site{DB: i.db, Origin: origin, Now: i.now, Secure: true}
	r := httptest.NewRequest(http.MethodPost, "https://amap.example/sign-in", strings.NewReader(url.Values{"name": {"member"}, "password": {"une phrase longue"}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.Routes().ServeHTTP(w, r)
	c := session(response{Response: w.Result()})
	if c == nil || c.Name != "__Host-session" || !c.Secure || c.Path != "/" || c.Domain != "" {
		t.Errorf("the cookie: %+v", c)
	}
}

func TestSessionsInUseGoOn(t *testing.T) {
	i := lone(t)
	i.password("member", "une phrase longue")
	b := i.browser()
	b.post("/sign-in", url.Values{"name": {"member"}, "password": {"une phrase longue"}}).wants(t, 303)
	for range 4 {
		i.pass(20 * 24 * time.Hour)
		if c := session(b.get("/account").wants(t, 200)); c == nil || c.MaxAge < 29*24*3600 {
			t.Errorf("the cookie: %+v", c)
		}
		if session(b.get("/account")) != nil {
			t.Error("prolonged twice a day")
		}
	}
	i.pass(31 * 24 * time.Hour)
	b.get("/account").wants(t, 303)
}

// The search for communes answers so many times in a row.
func TestPlacesAreLimited(t *testing.T) {
	i := lone(t)
	i.site.Routes()
	i.site.searches = newLimiter(0.1, 3)
	b := i.browser()
	for range 3 {
		b.get("/places?q=die").wants(t, 200, "Die")
	}
	if r := b.get("/places?q=die").wants(t, 429); r.Header.Get("Retry-After") == "" {
		t.Error("does not say when to come back")
	}
}
