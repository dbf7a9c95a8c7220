// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
	"codeberg.org/maillage/maillage/store/storetest"
	"golang.org/x/net/html"
)

func TestMain(m *testing.M) { storetest.Main(m, opened) }

// opened is for storetest.
func opened(database string) (io.Closer, error) {
	return store.Open(context.Background(), store.Options{Database: database})
}

const origin = "https://amap.example"

// An instance is a site with its data, and a clock that stands still unless
// moved.
type instance struct {
	t      testing.TB
	db     *store.DB
	site   *Site
	server *httptest.Server
	log    *bytes.Buffer

	mu         sync.Mutex
	clock      time.Time
	initiative *federation.Actor
	accounts   map[string]*store.Account
}

// keyPairs are the same for all actors of the tests: making them takes long.
var keyPairs = sync.OnceValues(outbox.NewKeyPairs)

// start makes an instance with an initiative and one account for each role.
func start(t testing.TB, database string) *instance {
	t.Helper()
	i := &instance{t: t, clock: time.Date(2026, 9, 1, 10, 0, 0, 0, time.UTC), accounts: map[string]*store.Account{}, log: new(bytes.Buffer)}
	log := slog.New(slog.NewTextHandler(i.log, nil))
	db, err := store.Open(t.Context(), store.Options{Database: database, Origin: origin, Now: i.now, Log: log})
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	i.db = db
	i.site = &Site{DB: db, Origin: origin, Log: log, Now: i.now, Version: "test"}
	i.initiative = i.actor("Organization", "amap", "AMAP du Moulin")
	i.actor("Application", "instance", "amap.example")
	i.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.PutSetting(ctx, "initiative", string(i.initiative.ID))
	})
	i.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.PutSetting(ctx, "instance", string(outbox.InstanceActor(origin)))
	})
	for _, role := range []string{"admin", "editor", "moderator", "member"} {
		i.account(role, role)
	}
	i.server = httptest.NewServer(i.site.Routes())
	t.Cleanup(i.server.Close)
	return i
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (i *instance) now() time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.clock
}

func (i *instance) pass(d time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.clock = i.clock.Add(d)
}

func (i *instance) update(f func(context.Context, *store.Tx) error) {
	i.t.Helper()
	ctx := context.Background()
	must(i.t, i.db.Update(ctx, func(tx *store.Tx) error { return f(ctx, tx) }))
}

func (i *instance) actor(kind, username, name string) (a *federation.Actor) {
	i.t.Helper()
	keys, err := keyPairs()
	must(i.t, err)
	i.update(func(ctx context.Context, tx *store.Tx) (err error) {
		a, err = outbox.NewActor(ctx, tx, outbox.ActorSpec{Type: kind, Username: username, Name: name, Keys: keys})
		return err
	})
	return a
}

func (i *instance) account(name, role string) *store.Account {
	i.t.Helper()
	person := i.actor("Person", "camille-"+name, "Camille "+name)
	a := &store.Account{Name: name, Email: name + "@example.org", Role: role, Person: person.ID, Locale: "fr"}
	i.update(func(ctx context.Context, tx *store.Tx) error { return tx.AddAccount(ctx, a) })
	i.accounts[name] = a
	return a
}

// peer makes an actor of another server known.
func (i *instance) peer(name string) *federation.Actor {
	i.t.Helper()
	id := federation.IRI("https://peer.example/users/" + name)
	a := &federation.Actor{
		ID: id, Type: "Person", Username: name, Handle: name + "@peer.example", Name: name, URL: "https://peer.example/@" + name,
		Inbox: id + "/inbox", Followers: id + "/followers", Fetched: i.now(),
	}
	i.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutActor(ctx, a) })
	return a
}

// publish publishes an object of one of our actors.
func (i *instance) publish(by federation.IRI, o *federation.Object) *federation.Object {
	i.t.Helper()
	a := &federation.Activity{Type: federation.Create, Actor: by, Enclosed: o, To: o.To, Cc: o.Cc}
	must(i.t, outbox.Publish(context.Background(), i.db, a))
	return a.Enclosed
}

// note makes a note to everybody, or to those named.
func note(text string, to ...federation.IRI) *federation.Object {
	if len(to) == 0 {
		to = []federation.IRI{federation.Public}
	}
	return &federation.Object{Type: "Note", Content: "<p>" + text + "</p>", To: to}
}

// A browser keeps cookies and follows nothing by itself.
type browser struct {
	*instance
	t      testing.TB
	client *http.Client
}

// A response is what a browser got.
type response struct {
	*http.Response
	body string
}

func (i *instance) browser() *browser {
	jar, err := cookiejar.New(nil)
	must(i.t, err)
	return &browser{i, i.t, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// as is a browser in which an account has signed in; "" is nobody.
func (i *instance) as(name string) *browser {
	i.t.Helper()
	b := i.browser()
	if name == "" {
		return b
	}
	var secret string
	i.update(func(ctx context.Context, tx *store.Tx) (err error) {
		secret, err = tx.NewSession(ctx, i.accounts[name].ID, time.Hour, "")
		return err
	})
	u, err := url.Parse(i.server.URL)
	must(i.t, err)
	b.client.Jar.SetCookies(u, []*http.Cookie{{Name: "session", Value: secret, Path: "/"}})
	return b
}

func (b *browser) send(r *http.Request) response {
	b.t.Helper()
	res, err := b.client.Do(r)
	must(b.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	must(b.t, err)
	return response{res, string(body)}
}

func (b *browser) request(method, path string, body io.Reader) *http.Request {
	b.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, b.server.URL+path, body)
	must(b.t, err)
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Accept-Language", "fr")
	return r
}

func (b *browser) get(path string) response {
	b.t.Helper()
	return b.send(b.request(http.MethodGet, path, nil))
}

func (b *browser) post(path string, values url.Values) response {
	b.t.Helper()
	r := b.request(http.MethodPost, path, strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.send(r)
}

// upload posts a form with a file.
func (b *browser) upload(path string, values url.Values, file []byte) response {
	b.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, list := range values {
		for _, v := range list {
			must(b.t, w.WriteField(name, v))
		}
	}
	part, err := w.CreateFormFile("photo.file", "photo.png")
	must(b.t, err)
	_, err = part.Write(file)
	must(b.t, err)
	must(b.t, w.Close())
	r := b.request(http.MethodPost, path, &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return b.send(r)
}

// wants checks status and words of a response.
func (r response) wants(t testing.TB, status int, words ...string) response {
	t.Helper()
	if r.StatusCode != status {
		t.Errorf("%s %s: status %d, want %d\n%s", r.Request.Method, r.Request.URL, r.StatusCode, status, cut(r.body, 1500))
	}
	for _, w := range words {
		if !strings.Contains(r.body, w) {
			t.Errorf("%s %s: no %q in\n%s", r.Request.Method, r.Request.URL, w, r.body)
		}
	}
	return r
}

// lone starts an instance on SQLite, for what concerns pages alone.
func lone(t testing.TB) *instance {
	t.Helper()
	return start(t, storetest.SQLite(t)("web"))
}

// each runs f with an instance on each database.
func each(t *testing.T, f func(t *testing.T, i *instance)) {
	storetest.Each(t, func(t *testing.T, db func(string) string) {
		f(t, start(t, db("web")))
	})
}

// hidden returns the fields of the last form of a page that people do not see.
func hidden(t testing.TB, body string) url.Values {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	must(t, err)
	values := url.Values{}
	walk(doc, func(n *html.Node) {
		if n.Data == "input" && attr(n, "type") == "hidden" {
			values.Add(attr(n, "name"), attr(n, "value"))
		}
	})
	return values
}
