// SPDX-License-Identifier: AGPL-3.0-or-later

package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/signature"
)

func TestFetchIsSignedByTheInstanceActor(t *testing.T) {
	n, clk := newNetwork(t), newClock()
	v := &signature.Verifier{Keys: ourKeys{}, Origin: "https://there.example", Now: clk.now}
	n.hosts["there.example"] = func(w http.ResponseWriter, r *http.Request) {
		if _, id, err := v.Verify(r, nil); err != nil || id != ourKey {
			t.Errorf("key %s: %v", id, err)
		}
		for name, want := range map[string]string{
			"User-Agent": "Maillage/test",
			"Accept":     `application/activity+json, application/ld+json; profile="https://www.w3.org/ns/activitystreams"`,
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %s", name, got)
			}
		}
		answerActivity(w, noteDoc("https://there.example/author/?author=2&x=%C3%A9", ann))
	}
	doc, err := clientOf(n, clk).Fetch(context.Background(), "https://there.example/author/?author=2&x=%C3%A9")
	if err != nil || !strings.Contains(string(doc), "hello") {
		t.Fatal(err)
	}
}

// ourKeys knows the instance actor's key.
type ourKeys struct{}

func (ourKeys) PublicKey(_ context.Context, id federation.IRI, _ bool) (signature.PublicKey, error) {
	return signature.PublicKey{ID: id, Owner: id.Document(), Key: key1().Public()}, nil
}

func TestFetchErrors(t *testing.T) {
	for status, want := range map[int]error{
		400: federation.ErrForbidden, 401: federation.ErrForbidden, 403: federation.ErrForbidden,
		404: federation.ErrNotFound, 410: federation.ErrGone, 429: federation.ErrUnavailable,
		408: federation.ErrUnavailable, 500: federation.ErrUnavailable, 503: federation.ErrUnavailable,
		204: federation.ErrForbidden, 304: federation.ErrForbidden, 302: federation.ErrForbidden,
	} {
		n := newNetwork(t)
		n.hosts["there.example"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
		_, err := clientOf(n, newClock()).Fetch(context.Background(), ann)
		if !errors.Is(err, want) {
			t.Errorf("%d: %v", status, err)
		}
	}
	_, err := clientOf(newNetwork(t), newClock()).Fetch(context.Background(), ann)
	wantErr(t, err, federation.ErrUnavailable)
}

func TestRedirectIsSignedAnew(t *testing.T) {
	n, clk := newNetwork(t), newClock()
	n.hosts["there.example"] = func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://moved.example/users/ann?x=1", http.StatusFound)
	}
	v := &signature.Verifier{Keys: ourKeys{}, Origin: "https://moved.example", Now: clk.now}
	n.hosts["moved.example"] = func(w http.ResponseWriter, r *http.Request) {
		if _, _, err := v.Verify(r, nil); err != nil {
			t.Error(err)
		}
		answerActivity(w, noteDoc("https://moved.example/users/ann?x=1", "https://moved.example/a"))
	}
	if _, err := clientOf(n, clk).Fetch(context.Background(), ann); err != nil {
		t.Fatal(err)
	}
	wantRequests(t, n, 2)
}

func TestDoubleKnock(t *testing.T) {
	// modern is a server that knows RFC 9421 only.
	modern := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Signature-Input") == "" {
				w.WriteHeader(status)
				return
			}
			answerActivity(w, noteDoc(ann, ann))
		}
	}
	ctx, clk := context.Background(), newClock()
	signer := must(instance(ctx))
	t.Run("fetching", func(t *testing.T) {
		n := newNetwork(t)
		n.hosts["there.example"] = modern(401)
		c := clientOf(n, clk)
		for _, want := range []int{2, 1, 1} {
			if _, err := c.Fetch(ctx, ann); err != nil {
				t.Fatal(err)
			}
			wantRequests(t, n, want)
		}
	})
	for _, status := range []int{400, 401, 500} {
		t.Run(fmt.Sprint("delivering, refused with ", status), func(t *testing.T) {
			n := newNetwork(t)
			n.hosts["there.example"] = modern(status)
			c := clientOf(n, clk)
			for _, want := range []int{2, 1, 1} {
				a, err := c.Post(ctx, ann+"/inbox", []byte("{}"), signer)
				if err != nil || a.Status != 200 {
					t.Fatal(a, err)
				}
				wantRequests(t, n, want)
			}
			n.hosts["there.example"] = func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Signature-Input") != "" {
					w.WriteHeader(500)
				}
			}
			for _, want := range []int{2, 1} { // it was replaced by an older server
				a, err := c.Post(ctx, ann+"/inbox", []byte("{}"), signer)
				if err != nil || a.Status != 200 {
					t.Fatal(a, err)
				}
				wantRequests(t, n, want)
			}
		})
	}
	t.Run("refused both ways", func(t *testing.T) {
		n := newNetwork(t)
		n.hosts["there.example"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }
		c := clientOf(n, clk)
		for range 2 {
			a, err := c.Post(ctx, ann+"/inbox", []byte("{}"), signer)
			if err != nil || a.Status != 401 {
				t.Fatal(a, err)
			}
			wantRequests(t, n, 2)
		}
	})
	for _, status := range []int{202, 403, 404, 410, 429, 502, 503, 504} {
		n := newNetwork(t)
		n.hosts["there.example"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
		a, err := clientOf(n, clk).Post(ctx, ann+"/inbox", []byte("{}"), signer)
		if err != nil || a.Status != status {
			t.Error(a, err)
		}
		wantRequests(t, n, 1)
	}
}

func TestPost(t *testing.T) {
	ctx, clk := context.Background(), newClock()
	signer := must(instance(ctx))
	body := []byte(`{"type":"Follow"}`)
	t.Run("is signed with its body", func(t *testing.T) {
		n := newNetwork(t)
		v := &signature.Verifier{Keys: ourKeys{}, Origin: "https://there.example", Now: clk.now}
		n.hosts["there.example"] = func(w http.ResponseWriter, r *http.Request) {
			got, _ := io.ReadAll(r.Body)
			if _, _, err := v.Verify(r, got); err != nil || string(got) != string(body) {
				t.Errorf("%s: %v", got, err)
			}
			if ct := r.Header.Get("Content-Type"); ct != "application/activity+json" {
				t.Error(ct)
			}
			w.WriteHeader(http.StatusAccepted)
		}
		if a, err := clientOf(n, clk).Post(ctx, "https://there.example/inbox?x=1", body, signer); err != nil || a.Status != 202 {
			t.Error(a, err)
		}
	})
	t.Run("does not follow redirects", func(t *testing.T) {
		n := newNetwork(t)
		n.hosts["there.example"] = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://evil.example/%zz")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}
		if a, err := clientOf(n, clk).Post(ctx, ann+"/inbox", body, signer); err != nil || a.Status != 307 {
			t.Error(a, err)
		}
		wantRequests(t, n, 1)
	})
	t.Run("reads how long to wait", func(t *testing.T) {
		for text, want := range map[string]time.Duration{
			"": 0, "120": 2 * time.Minute, "-5": 0, "soon": 0, "99999999": maxRetryAfter, "99999999999999999999": 0,
			clk.now().Add(time.Hour).Format(http.TimeFormat):  time.Hour,
			clk.now().Add(-time.Hour).Format(http.TimeFormat): 0,
		} {
			if got := retryAfter(http.Header{"Retry-After": {text}}, clk.now()); got != want {
				t.Errorf("%q: %s", text, got)
			}
		}
	})
	t.Run("reaches nobody", func(t *testing.T) {
		_, err := clientOf(newNetwork(t), clk).Post(ctx, ann+"/inbox", body, signer)
		wantErr(t, err, federation.ErrUnavailable)
	})
	t.Run("never to ourselves", func(t *testing.T) {
		n := newNetwork(t)
		_, err := clientOf(n, clk).Post(ctx, here+"/inbox", body, signer)
		wantErr(t, err, federation.ErrForbidden)
		wantRequests(t, n, 0)
	})
	t.Run("uses the connection again", func(t *testing.T) {
		var connections atomic.Int32
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, strings.Repeat("thanks ", 1000))
		}))
		s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				connections.Add(1)
			}
		}
		s.Start()
		defer s.Close()
		c := New(Options{AllowPrivate: true})
		defer c.Close()
		for range 5 {
			if a, err := c.Post(ctx, federation.IRI(s.URL+"/inbox"), body, signer); err != nil || a.Status != 202 {
				t.Fatal(a, err)
			}
		}
		if n := connections.Load(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

func TestBudget(t *testing.T) {
	n, clk := newNetwork(t), newClock()
	n.serve(map[federation.IRI]string{ann: actorDoc(ann, annKey, key1())})
	c := clientOf(n, clk)
	ctx := WithBudget(context.Background(), 2)
	for range 2 {
		if _, err := c.Fetch(ctx, ann); err != nil {
			t.Fatal(err)
		}
	}
	_, err := c.Fetch(ctx, ann)
	wantErr(t, err, ErrBudget)
	wantErr(t, err, federation.ErrForbidden)
	wantRequests(t, n, 2)
	if _, err := c.Fetch(context.Background(), ann); err != nil {
		t.Error("no budget is no limit: ", err)
	}
}

func TestSuspendedHostIsNotAsked(t *testing.T) {
	n, clk := newNetwork(t), newClock()
	n.hosts["there.example"] = func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, string(mallory), http.StatusFound)
	}
	c := New(Options{
		Origin: here, Now: clk.now, RoundTripper: n,
		Refuse: func(_ context.Context, host string) bool { return host == "evil.example" },
	})
	for _, id := range []federation.IRI{mallory, ann} {
		_, err := c.Fetch(context.Background(), id)
		wantErr(t, err, federation.ErrForbidden)
	}
	wantRequests(t, n, 1)
}

func TestCollection(t *testing.T) {
	const outbox = ann + "/outbox"
	page := func(id, next federation.IRI, items ...int) string {
		return fmt.Sprintf(`{"@context":"https://www.w3.org/ns/activitystreams","id":%q,"type":"OrderedCollectionPage",
			"partOf":%q,"next":%q,"orderedItems":%s}`, id, outbox, next, must(json.Marshal(ids(items))))
	}
	docs := map[federation.IRI]string{
		outbox: `{"@context":"https://www.w3.org/ns/activitystreams","id":"` + string(outbox) + `","type":"OrderedCollection",
			"totalItems":5,"first":"` + string(outbox) + `?page=1"}`,
		outbox + "?page=1": page(outbox+"?page=1", outbox+"?page=2", 1, 2, 3),
		outbox + "?page=2": page(outbox+"?page=2", "", 4, 5),
	}
	n := newNetwork(t)
	n.serve(docs)
	c := clientOf(n, newClock())
	for limit, want := range map[int]int{100: 5, 5: 5, 4: 4, 2: 2} {
		items, total, err := c.Collection(context.Background(), outbox, limit)
		if err != nil || len(items) != want || total != 5 {
			t.Errorf("limit %d: %d items of %d: %v", limit, len(items), total, err)
		}
	}
	docs[outbox+"?page=1"] = page(outbox+"?page=1", mallory, 1)
	items, _, err := c.Collection(context.Background(), outbox, 100)
	wantErr(t, err, federation.ErrForbidden)
	if len(items) != 1 {
		t.Error(items)
	}
}

func ids(numbers []int) []string {
	all := []string{}
	for _, i := range numbers {
		all = append(all, fmt.Sprintf("%s/%d", ann, i))
	}
	return all
}

func TestTransportIgnoresProxies(t *testing.T) {
	for _, private := range []bool{true, false} {
		if tr := transport(private, nil); tr.Proxy != nil || !tr.DisableCompression {
			t.Error("proxy or compression")
		}
	}
}

func TestUnreachableTellsWhoGaveUp(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	n := newNetwork(t)
	err := unreachable(ctx, context.Canceled)
	if errors.Is(err, federation.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	d, _, _ := directory(n)
	if _, err := d.Actor(ctx, ann); !errors.Is(err, context.Canceled) && !errors.Is(err, federation.ErrUnavailable) {
		t.Error(err)
	}
	if slices.Contains([]time.Duration{refreshWait, failureAge}, patience(err, refreshWait)) {
		t.Error("remembered")
	}
}
