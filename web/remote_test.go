// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"codeberg.org/maillage/maillage/federation/remote"
	"codeberg.org/maillage/maillage/federation/signature"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// world answers for all other servers.
type world map[string]string

func (w world) RoundTrip(r *http.Request) (*http.Response, error) {
	body, ok := w[r.URL.String()]
	res := &http.Response{StatusCode: 200, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
	switch {
	case !ok:
		res.StatusCode = 404
	case strings.Contains(r.URL.Path, "webfinger"):
		res.Header.Set("Content-Type", "application/jrd+json")
	default:
		res.Header.Set("Content-Type", "application/activity+json")
	}
	return res, nil
}

// connect lets an instance ask the world.
func (i *instance) connect(w world) {
	client := remote.New(remote.Options{
		Origin: origin, UserAgent: "test", Now: i.now, RoundTripper: w,
		Refuse: func(ctx context.Context, host string) (is bool) {
			must(i.t, i.db.View(ctx, func(tx *store.Tx) (err error) { is, err = tx.SuspendedHost(ctx, host); return err }))
			return is
		},
		Signer: func(ctx context.Context) (signature.Signer, error) {
			return (&outbox.Signers{DB: i.db, Now: i.now}).Of(ctx, outbox.InstanceActor(origin))
		},
	})
	i.t.(interface{ Cleanup(func()) }).Cleanup(client.Close)
	i.site.Directory = &remote.Directory{Client: client, Cache: i.db, Now: i.now}
}

// bob is an actor that nobody here knows yet.
func bob(i *instance) world {
	key := strings.ReplaceAll(i.initiative.Keys[0].PEM, "\n", `\n`) // any will do
	const id = "https://peer.example/users/bob"
	return world{
		id: `{"@context":["https://www.w3.org/ns/activitystreams","https://w3id.org/security/v1"],"type":"Person","id":"` + id + `","preferredUsername":"bob",
			"name":"Bob <script>alert(1)</script>","inbox":"` + id + `/inbox","outbox":"` + id + `/outbox","followers":"` + id + `/followers",
			"publicKey":{"id":"` + id + `#main-key","owner":"` + id + `","publicKeyPem":"` + key + `"}}`,
		"https://peer.example/notes/1": `{"@context":"https://www.w3.org/ns/activitystreams","type":"Note","id":"https://peer.example/notes/1","attributedTo":"` + id + `",
			"content":"<p>Des courges</p>","published":"2026-08-01T10:00:00Z","to":["https://www.w3.org/ns/activitystreams#Public"]}`,
		"https://peer.example/.well-known/webfinger?resource=acct%3Abob%40peer.example": `{"subject":"acct:bob@peer.example","links":[
			{"rel":"self","type":"application/activity+json","href":"` + id + `"},
			{"rel":"http://ostatus.org/schema/1.0/subscribe","template":"https://peer.example/authorize_interaction?uri={uri}"}]}`,
		"https://peer.example/.well-known/webfinger?resource=acct%3Aeve%40peer.example": `{"subject":"acct:eve@peer.example","links":[
			{"rel":"http://ostatus.org/schema/1.0/subscribe","template":"https://evil.example/steal?uri={uri}"}]}`,
	}
}

func TestLookUpAndFollow(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.connect(bob(i))
		b := i.as("editor")
		for _, address := range []string{"@bob@peer.example", "bob@peer.example", "https://peer.example/users/bob"} {
			page := b.post("/follow", url.Values{"address": {address}}).wants(t, 303)
			b.get(page.Header.Get("Location")).wants(t, 200, "@bob@peer.example", "Bob", "Suivre")
		}
		b.post("/follow", url.Values{"address": {"@nobody@peer.example"}}).wants(t, 422, "Personne n’a été trouvé", `value="@nobody@peer.example"`)
		b.post("/follow", url.Values{"address": {"pas une adresse"}}).wants(t, 422, "n’est pas une adresse")
		b.post("/follow", url.Values{"address": {"@amap@amap.example"}}).wants(t, 303)
		post := b.post("/follow", url.Values{"address": {"https://peer.example/notes/1"}}).wants(t, 303)
		b.get(post.Header.Get("Location")).wants(t, 200, "Des courges")
		b.post("/follow/actor", url.Values{"actor": {"https://peer.example/users/bob"}}).wants(t, 303)
		b.get("/following").wants(t, 200, "Bob")
		inert(t, "following", b.get("/following").body)
	})
}

// elsewhere are servers of visitors, by what their WebFinger says.
func elsewhere(i *instance) world {
	w := bob(i)
	for resource, links := range map[string]string{
		"acct:ann@mastodon.example": `{"rel":"http://ostatus.org/schema/1.0/subscribe","template":"https://mastodon.example/authorize_interaction?uri={uri}"},
			{"rel":"https://w3id.org/fep/3b86/Object","template":"https://mastodon.example/authorize_interaction?uri={object}"}`,
		"acct:mastodon.example@mastodon.example": `{"rel":"http://ostatus.org/schema/1.0/subscribe","template":"https://mastodon.example/authorize_interaction?uri={uri}"}`,
		"acct:ann@pleroma.example":               `{"rel":"http://ostatus.org/schema/1.0/subscribe","template":"https://pleroma.example/ostatus_subscribe?acct={uri}"}`,
		"acct:ann@mobilizon.example":             `{"rel":"http://ostatus.org/schema/1.0/subscribe","template":"https://mobilizon.example/interact?uri={uri}"}`,
		"acct:ann@gotosocial.example":            `{"rel":"self","type":"application/activity+json","href":"https://gotosocial.example/users/ann"}`,
		"acct:ann@full.example": `{"rel":"https://w3id.org/fep/3b86/Like","template":"https://full.example/like?o={object}"},
			{"rel":"https://w3id.org/fep/3b86/Follow","template":"https://full.example/follow?o={object}"},
			{"rel":"https://w3id.org/fep/3b86/Announce","template":"https://full.example/share?o={object}"},
			{"rel":"https://w3id.org/fep/3b86/Object","template":"https://full.example/see?o={object}"}`,
	} {
		_, host, _ := strings.Cut(resource, "@")
		w["https://"+host+"/.well-known/webfinger?resource="+url.QueryEscape(resource)] = `{"subject":"` + resource + `","links":[` + links + `]}`
	}
	return w
}

// Following from elsewhere shows where one goes, and goes nowhere else.
func TestRemoteFollow(t *testing.T) {
	i := lone(t)
	i.connect(elsewhere(i))
	for yours, href := range map[string]string{
		"@bob@peer.example":      `href="https://peer.example/authorize_interaction?uri=amap%40amap.example"`,
		"ann@mastodon.example":   `href="https://mastodon.example/authorize_interaction?uri=https%3A%2F%2Famap.example%2Factors%2Famap"`,
		"mastodon.example":       `href="https://mastodon.example/authorize_interaction?uri=amap%40amap.example"`,
		"ann@pleroma.example":    `href="https://pleroma.example/ostatus_subscribe?acct=amap%40amap.example"`,
		"ann@mobilizon.example":  `href="https://mobilizon.example/interact?uri=amap%40amap.example"`,
		"ann@full.example":       `href="https://full.example/follow?o=https%3A%2F%2Famap.example%2Factors%2Famap"`,
		"ann@gotosocial.example": `gotosocial.example ne dit pas où confirmer`,
	} {
		i.as("").post("/remote-follow", url.Values{"yours": {yours}}).wants(t, 200, href, hostIn(yours), "@amap@amap.example", `<svg class="qr"`)
	}
	b := i.as("")
	page := b.post("/remote-follow", url.Values{"yours": {"@eve@peer.example"}}).wants(t, 200, "@amap@amap.example")
	if strings.Contains(page.body, "evil.example") {
		t.Error("it leads to another host than that of the handle")
	}
	b.post("/remote-follow", url.Values{"yours": {"@bob@peer.example"}, "actor": {"camille-member"}}).wants(t, 200, "@camille-member@amap.example")
	b.post("/remote-follow", url.Values{"yours": {"@bob@peer.example"}, "actor": {"nobody"}}).wants(t, 404)
	b.get("/remote-follow?actor=nobody").wants(t, 404)
	b.post("/remote-follow", url.Values{"yours": {"@x@amap.example"}}).wants(t, 422, "Ce compte est ici même")
}

// B50: what is no server is not asked, and is shown as it was typed.
func TestRemoteFollowOfNoServer(t *testing.T) {
	i := lone(t)
	i.connect(world{}) // which answers 404 to everything: that would be "does not say where"
	for _, yours := range []string{
		"", "bob", "@bob@", "@bob@peer.example/../x", "<script>@x", "127.0.0.1", "bob@127.0.0.1", "bob@[::1]", "bob@peer.example:8443",
		"https://u:p@peer.example/", "http://peer.example/@bob", "amap.example", "javascript:alert(1)", strings.Repeat("a", 400) + ".example",
	} {
		page := i.as("").post("/remote-follow", url.Values{"yours": {yours}}).wants(t, 422, `name="yours"`)
		inert(t, yours, page.body)
	}
	b := i.as("")
	for range 30 {
		b.post("/remote-follow", url.Values{"yours": {"@bob@peer.example"}})
	}
	if got := b.post("/remote-follow", url.Values{"yours": {"@bob@peer.example"}}).wants(t, 429); got.Header.Get("Retry-After") == "" {
		t.Error("it does not say when to come back")
	}
}

// The server, not the account, is remembered by a cookie, which leads there at
// once and nowhere else, and can be forgotten.
func TestTheServerIsRemembered(t *testing.T) {
	i := lone(t)
	i.connect(elsewhere(i))
	b := i.as("")
	if got := b.get("/remote-follow/go?actor=amap").wants(t, 303).Header.Get("Location"); got != "/remote-follow?actor=amap" {
		t.Error("without a cookie it leads to", got)
	}
	page := b.post("/remote-follow", url.Values{"yours": {"ann@mastodon.example"}}).wants(t, 200, "Oublier ce serveur")
	cookies := page.Cookies()
	if len(cookies) != 1 || cookies[0].Value != "mastodon.example" || !cookies[0].HttpOnly || cookies[0].MaxAge != serverYear {
		t.Fatalf("%v", cookies)
	}
	b.get("/").wants(t, 200, "Continuer sur mastodon.example", `href="/remote-follow/go?actor=amap"`)
	b.get("/@camille-member").wants(t, 200, `href="/remote-follow/go?actor=camille-member"`)
	if got := b.get("/remote-follow/go?actor=amap").wants(t, 303).Header.Get("Location"); got != "https://mastodon.example/authorize_interaction?uri=amap%40amap.example" {
		t.Error("it leads to", got)
	}
	if strings.Contains(i.as("").get("/").body, "mastodon.example") {
		t.Error("somebody else is shown the server")
	}
	b.post("/remote-follow/forget", url.Values{"actor": {"amap"}}).wants(t, 303)
	if strings.Contains(b.get("/").body, "mastodon.example") {
		t.Error("it is not forgotten")
	}
	// With scripts the browser remembers by itself.
	page = i.as("").post("/remote-follow", url.Values{"yours": {"ann@mastodon.example"}, "remember": {"browser"}}).
		wants(t, 200, `data-host="mastodon.example"`, `data-pattern="https://mastodon.example/authorize_interaction?uri={object}"`)
	if len(page.Cookies()) != 0 {
		t.Error("a cookie where the browser remembers")
	}
	u, err := url.Parse(i.server.URL)
	must(t, err)
	for _, evil := range []string{"evil.example/x", "127.0.0.1", "a@evil.example", "evil.example:8443", "amap.example"} {
		b := i.browser()
		b.client.Jar.SetCookies(u, []*http.Cookie{{Name: "server", Value: evil, Path: "/"}})
		if got := b.get("/remote-follow/go?actor=amap").wants(t, 303).Header.Get("Location"); got != "/remote-follow?actor=amap" {
			t.Errorf("%s leads to %s", evil, got)
		}
	}
}

// An event, an offer or a post is opened on the own server.
func TestAnswerFromElsewhere(t *testing.T) {
	i := lone(t)
	i.connect(elsewhere(i))
	made := i.as("admin").post("/publish/offer", offer()).wants(t, 303)
	path := strings.TrimSuffix(made.Header.Get("Location"), "?done=published")
	id := origin + path
	b := i.as("")
	b.get(path).wants(t, 200, "Répondre depuis votre serveur", `name="object" value="`+id+`"`, ">"+id+"</code>")
	b.post("/remote-follow", url.Values{"yours": {"ann@full.example"}, "object": {id}}).wants(t, 200,
		`href="https://full.example/see?o=`+url.QueryEscape(id)+`"`, `href="https://full.example/like?o=`, `href="https://full.example/share?o=`)
	b.post("/remote-follow", url.Values{"yours": {"ann@mobilizon.example"}, "object": {id}}).wants(t, 200, `href="https://mobilizon.example/interact?uri=`+url.QueryEscape(id)+`"`)
	secret := i.publish(i.accounts["editor"].Person, note("pour Camille", i.accounts["moderator"].Person))
	for _, missing := range []string{string(secret.ID), "https://peer.example/notes/1", origin + "/objects/none"} {
		b.post("/remote-follow", url.Values{"yours": {"ann@full.example"}, "object": {missing}}).wants(t, 404)
		i.as("moderator").get("/remote-follow?object="+url.QueryEscape(missing)).wants(t, 404)
	}
}

// Other sites send our members here to confirm.
func TestAuthorizeInteraction(t *testing.T) {
	i := lone(t)
	i.connect(bob(i))
	note := i.publish(i.initiative.ID, note("bonjour"))
	carl := i.peer("carl")
	b := i.as("editor")
	for uri, want := range map[string]string{
		string(note.ID): strings.TrimPrefix(string(note.ID), origin), string(i.initiative.ID): "/@amap", "acct:amap@amap.example": "/@amap",
		origin + "/@amap": "/@amap", string(carl.ID): peerPath("actors", carl.ID), "@carl@peer.example": peerPath("actors", carl.ID),
	} {
		if got := b.get("/authorize_interaction?uri="+url.QueryEscape(uri)).wants(t, 303).Header.Get("Location"); got != want {
			t.Errorf("%s leads to %s, not %s", uri, got, want)
		}
	}
	unknown := "https://peer.example/users/bob"
	page := b.get("/authorize_interaction?uri="+url.QueryEscape(unknown)).wants(t, 200, `value="`+unknown+`"`)
	inert(t, "authorize", page.body)
	b.post("/follow", url.Values{"address": {unknown}}).wants(t, 303)
	b.get("/authorize_interaction?uri="+url.QueryEscape(unknown)).wants(t, 303)
	if got := i.as("").get("/authorize_interaction?uri=x").wants(t, 303).Header.Get("Location"); !strings.HasPrefix(got, "/sign-in?next=%2Fauthorize_interaction") {
		t.Error(got)
	}
	b.get("/share?title=Titre&text="+url.QueryEscape("<b>Lisez</b>")+"&url=https://peer.example/1").wants(t, 200, "Titre", "&lt;b&gt;Lisez", "https://peer.example/1")
	b.get("/share?reply="+url.QueryEscape(string(note.ID))).wants(t, 303)
	b.get("/share?text="+strings.Repeat("%E9", 6000)).wants(t, 200)
}

// Members are told that a server is blocked here; visitors are told nothing.
func TestABlockedServerIsCalledSo(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.connect(bob(i))
		i.as("admin").post("/settings/suspensions", url.Values{"target": {"peer.example"}, "reason": {"spam"}}).wants(t, 303)
		for _, address := range []string{"@bob@peer.example", "https://peer.example/users/bob"} {
			i.as("member").post("/follow", url.Values{"address": {address}}).wants(t, 422, "serveur bloqué ici", `value="`+address+`"`)
		}
		if r := i.browser().post("/follow", url.Values{"address": {"@bob@peer.example"}}); strings.Contains(r.body, "bloqué") {
			t.Error("visitors are told who is blocked")
		}
	})
}
