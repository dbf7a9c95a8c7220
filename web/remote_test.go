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

// Following from elsewhere shows where one goes, and goes nowhere else.
func TestRemoteFollow(t *testing.T) {
	i := start(t, "sqlite:"+t.TempDir()+"/web.db")
	i.connect(bob(i))
	b := i.as("")
	b.post("/remote-follow", url.Values{"yours": {"@bob@peer.example"}}).wants(t, 200, `href="https://peer.example/authorize_interaction?uri=amap%40amap.example"`, "peer.example", "@amap@amap.example")
	page := b.post("/remote-follow", url.Values{"yours": {"@eve@peer.example"}}).wants(t, 200, "@amap@amap.example")
	if strings.Contains(page.body, "evil.example") {
		t.Error("it leads to another host than that of the handle")
	}
	for _, yours := range []string{"", "bob", "https://peer.example/@bob", "@bob@", "@bob@peer.example/../x", "<script>@x"} {
		b.post("/remote-follow", url.Values{"yours": {yours}}).wants(t, 422, "adresse en entier")
	}
	b.post("/remote-follow", url.Values{"yours": {"@bob@peer.example"}, "actor": {"camille-member"}}).wants(t, 200, "@camille-member@amap.example")
	b.post("/remote-follow", url.Values{"yours": {"@bob@peer.example"}, "actor": {"nobody"}}).wants(t, 404)
	for range 30 {
		b.post("/remote-follow", url.Values{"yours": {"@bob@peer.example"}})
	}
	if got := b.post("/remote-follow", url.Values{"yours": {"@bob@peer.example"}}).wants(t, 429); got.Header.Get("Retry-After") == "" {
		t.Error("it does not say when to come back")
	}
}
