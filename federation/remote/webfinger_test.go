// SPDX-License-Identifier: AGPL-3.0-or-later

package remote

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"codeberg.org/maillage/maillage/federation"
)

func jrd(subject string, self federation.IRI, template string) string {
	return fmt.Sprintf(`{"subject":%q,"links":[
		{"rel":"http://webfinger.net/rel/profile-page","type":"text/html","href":"https://there.example/@ann"},
		{"rel":"self","type":"application/activity+json","href":%q},
		{"rel":"http://ostatus.org/schema/1.0/subscribe","template":%q}]}`, subject, self, template)
}

// fingers answers WebFinger requests by resource.
func (n *network) fingers(host string, answers map[string]string) {
	n.hosts[host] = func(w http.ResponseWriter, r *http.Request) {
		doc, ok := answers[r.URL.Query().Get("resource")]
		if r.URL.Path != "/.well-known/webfinger" || !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/jrd+json")
		_, _ = io.WriteString(w, doc)
	}
}

func TestWebFinger(t *testing.T) {
	ctx, n := context.Background(), newNetwork(t)
	n.fingers("there.example", map[string]string{
		"acct:ann@there.example":   jrd("acct:ann@there.example", ann, ""),
		"acct:ANN@there.example":   jrd("acct:ann@there.example", ann, ""),
		"acct:bare@there.example":  jrd("", ann, ""),
		"acct:split@there.example": jrd("acct:split@short.example", ann, ""),
		"acct:liar@there.example":  jrd("acct:victim@short.example", ann, ""),
		"acct:none@there.example":  `{"subject":"acct:none@there.example"}`,
		"acct:bad@there.example":   `{"subject":`,
		"acct:local@there.example": jrd("acct:local@there.example", "http://127.0.0.1/x", ""),
	})
	n.fingers("short.example", map[string]string{
		"acct:split@short.example":  jrd("acct:split@short.example", ann, ""),
		"acct:victim@short.example": jrd("acct:victim@short.example", "https://short.example/users/victim", ""),
	})
	n.fingers("xn--caf-dma.example", map[string]string{
		"acct:bob@xn--caf-dma.example": jrd("acct:bob@xn--caf-dma.example", "https://xn--caf-dma.example/bob", ""),
	})
	c := clientOf(n, newClock())
	for text, want := range map[string]federation.IRI{
		"@ann@there.example": ann, "ann@there.example": ann, "acct:ann@there.example": ann, " ann@THERE.example ": ann,
		"ANN@there.example": ann, "bare@there.example": ann, "split@there.example": ann,
		"bob@café.example": "https://xn--caf-dma.example/bob",
	} {
		if id, err := c.WebFinger(ctx, text); err != nil || id != want {
			t.Errorf("%s: %s %v", text, id, err)
		}
	}
	for text, want := range map[string]error{
		"liar@there.example": federation.ErrForbidden, "none@there.example": federation.ErrNotFound,
		"bad@there.example": federation.ErrMalformed, "nobody@there.example": federation.ErrNotFound,
	} {
		_, err := c.WebFinger(ctx, text)
		wantErr(t, err, want)
	}
	h, err := c.Handle(ctx, &federation.Actor{ID: ann, Username: "split"})
	if err != nil || h != "split@short.example" {
		t.Error(h, err)
	}
	_, err = c.Handle(ctx, &federation.Actor{ID: "https://there.example/users/eve", Username: "ann"})
	wantErr(t, err, federation.ErrForbidden)
}

func TestHostMeta(t *testing.T) {
	ctx, n := context.Background(), newNetwork(t)
	n.hosts["there.example"] = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.well-known/host-meta" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, `<?xml version="1.0"?><XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">
			<Link rel="lrdd" type="application/jrd+json" template="https://finger.example/.well-known/webfinger?resource={uri}"/></XRD>`)
	}
	n.fingers("finger.example", map[string]string{"acct:ann@there.example": jrd("acct:ann@there.example", ann, "")})
	if id, err := clientOf(n, newClock()).WebFinger(ctx, "ann@there.example"); err != nil || id != ann {
		t.Error(id, err)
	}
	wantRequests(t, n, 3)
}

func TestResolve(t *testing.T) {
	ctx := context.Background()
	page := func(head string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/users/ann":
				answerActivity(w, actorDoc(ann, annKey, key1()))
			case "/alias":
				answerActivity(w, actorDoc(ann, annKey, key1()))
			case "/foreign":
				answerActivity(w, actorDoc(mallory, mallory+"#k", key1()))
			case "/linked":
				w.Header().Set("Link", `<https://there.example/style>; rel=preload; as="style", <https://there.example/users/ann>; rel="alternate"; type="application/activity+json"`)
				w.Header().Set("Content-Type", "text/html")
			default:
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				_, _ = io.WriteString(w, "<!doctype html><html><head>"+head+"</head><body>")
			}
		}
	}
	const good = `<link rel="alternate" type="application/activity+json" href="/users/ann">`
	for name, c := range map[string]struct {
		input, head string
		want        federation.IRI
		err         error
	}{
		"an id":               {string(ann), "", ann, nil},
		"an alias":            {"https://there.example/alias", "", ann, nil},
		"a page":              {"https://there.example/@ann", good, ann, nil},
		"a page with more":    {"https://there.example/@ann", `<link rel="alternate" type="application/rss+xml" href="/rss">` + strings.ReplaceAll(good, "alternate", "Alternate me"), ann, nil},
		"a page with headers": {"https://there.example/linked", "", ann, nil},
		"a page without":      {"https://there.example/@ann", "", "", federation.ErrNotFound},
		"a link in the text":  {"https://there.example/@ann", "</head><body>" + good, "", federation.ErrNotFound},
		"a page to a page":    {"https://there.example/@ann", strings.ReplaceAll(good, "/users/ann", "/@bob"), "", federation.ErrForbidden},
		"a page to us":        {"https://there.example/@ann", strings.ReplaceAll(good, "/users/ann", here+"/users/bob"), "", federation.ErrForbidden},
		"a page to the host":  {"https://there.example/@ann", strings.ReplaceAll(good, "/users/ann", "https://127.0.0.1/"), "", federation.ErrMalformed},
		"a foreign document":  {"https://there.example/foreign", "", "", federation.ErrForbidden},
		"a handle of nobody":  {"ann@nowhere.example", "", "", federation.ErrUnavailable},
		"a word":              {"bonjour", "", "", federation.ErrMalformed},
		"nothing":             {"", "", "", federation.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t)
			n.hosts["there.example"] = page(c.head)
			id, err := clientOf(n, newClock()).Resolve(ctx, c.input)
			if id != c.want {
				t.Error(id)
			}
			wantErr(t, err, c.err)
		})
	}
}

func TestWebFingerBetweenDevelopmentServers(t *testing.T) {
	s := httptest.NewServer(nil)
	defer s.Close()
	host := strings.TrimPrefix(s.URL, "http://")
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, jrd(r.URL.Query().Get("resource"), federation.IRI(s.URL+"/users/ann"), ""))
	})
	c := New(Options{AllowPrivate: true, Origin: "http://127.0.0.1:1"})
	defer c.Close()
	id, err := c.WebFinger(context.Background(), "@ann@"+host)
	if err != nil || id != federation.IRI(s.URL+"/users/ann") {
		t.Error(id, err)
	}
}
