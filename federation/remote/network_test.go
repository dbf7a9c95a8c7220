// SPDX-License-Identifier: AGPL-3.0-or-later

package remote

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/signature"
	"codeberg.org/maillage/maillage/federation/vocab"
)

const (
	here    = "https://here.example"
	ann     = federation.IRI("https://there.example/users/ann")
	annKey  = ann + "#main-key"
	ourKey  = federation.IRI(here + "/actor#main-key")
	mallory = federation.IRI("https://evil.example/users/mallory")
)

var (
	key1 = sync.OnceValue(newKey)
	key2 = sync.OnceValue(newKey)
)

func newKey() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func public(k *rsa.PrivateKey) string { return must(signature.EncodePublicKey(k.Public())) }

// A network is a web of hosts in memory. It is reached with the guard on: it
// has https and names only.
type network struct {
	t     *testing.T
	mu    sync.Mutex
	hosts map[string]http.HandlerFunc
	log   []string // "GET https://there.example/users/ann"
}

func newNetwork(t *testing.T) *network {
	return &network{t: t, hosts: map[string]http.HandlerFunc{}}
}

func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	n.mu.Lock()
	h := n.hosts[r.URL.Host]
	n.log = append(n.log, r.Method+" "+r.URL.String())
	n.mu.Unlock()
	if h == nil {
		return nil, fmt.Errorf("dial %s: no such host", r.URL.Host)
	}
	in := r.Clone(r.Context())
	in.RequestURI, in.Host = r.URL.RequestURI(), r.URL.Host
	w := httptest.NewRecorder()
	h(w, in)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

// requests returns how many there were since the last call.
func (n *network) requests() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	defer func() { n.log = nil }()
	return len(n.log)
}

// serve makes documents available under their addresses.
func (n *network) serve(docs map[federation.IRI]string) {
	for id := range docs {
		host := id.Host()
		if n.hosts[host] != nil {
			continue
		}
		n.hosts[host] = func(w http.ResponseWriter, r *http.Request) {
			n.mu.Lock()
			doc, ok := docs[federation.IRI("https://"+host+r.RequestURI)]
			n.mu.Unlock()
			if !ok {
				http.NotFound(w, r)
				return
			}
			answerActivity(w, doc)
		}
	}
}

func answerActivity(w http.ResponseWriter, doc string) {
	w.Header().Set("Content-Type", vocab.ActivityJSON+"; charset=utf-8")
	_, _ = io.WriteString(w, doc)
}

// actorDoc is an actor with one key.
func actorDoc(id, keyID federation.IRI, key *rsa.PrivateKey) string {
	return fmt.Sprintf(`{"@context":"https://www.w3.org/ns/activitystreams","id":%q,"type":"Person",
		"preferredUsername":"ann","inbox":"%s/inbox","outbox":"%[1]s/outbox",
		"publicKey":{"id":%[3]q,"owner":%[1]q,"publicKeyPem":%[4]q}}`, id, id, keyID, public(key))
}

func noteDoc(id, owner federation.IRI) string {
	return fmt.Sprintf(`{"@context":"https://www.w3.org/ns/activitystreams","id":%q,"type":"Note",
		"attributedTo":%q,"content":"hello"}`, id, owner)
}

// clock is a clock that is set by hand.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 6, 21, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func instance(context.Context) (signature.Signer, error) {
	return signature.Signer{KeyID: ourKey, Key: key1()}, nil
}

func clientOf(n *network, clk *clock) *Client {
	return New(Options{Origin: here, Signer: instance, Now: clk.now, RoundTripper: n, UserAgent: "Maillage/test"})
}

// cache is a Cache in memory.
type cache struct {
	mu     sync.Mutex
	actors map[federation.IRI]*federation.Actor
	reads  int // of keys
}

func newCache(actors ...*federation.Actor) *cache {
	c := &cache{actors: map[federation.IRI]*federation.Actor{}}
	for _, a := range actors {
		c.actors[a.ID] = a
	}
	return c
}

func (c *cache) Actor(_ context.Context, id federation.IRI) (*federation.Actor, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a, ok := c.actors[id]; ok {
		return a, nil
	}
	return nil, fmt.Errorf("actor %s: %w", id, federation.ErrNotFound)
}

func (c *cache) PutActor(_ context.Context, a *federation.Actor) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.actors[a.ID] = a
	return nil
}

func (c *cache) ActorByKey(_ context.Context, id federation.IRI) (*federation.Actor, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reads++
	for _, a := range c.actors {
		for _, k := range a.Keys {
			if k.ID == id {
				return a, nil
			}
		}
	}
	return nil, fmt.Errorf("key %s: %w", id, federation.ErrNotFound)
}

func (c *cache) DropActor(_ context.Context, id federation.IRI) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.actors, id)
	return nil
}

// directory is a whole directory over a network, with its clock and cache.
func directory(n *network, actors ...*federation.Actor) (*Directory, *clock, *cache) {
	clk, c := newClock(), newCache(actors...)
	return &Directory{Client: clientOf(n, clk), Cache: c, Now: clk.now}, clk, c
}

func wantErr(t *testing.T, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("error %v; want %v", err, kind)
	}
}

func wantRequests(t *testing.T, n *network, want int) {
	t.Helper()
	n.mu.Lock()
	log := strings.Join(n.log, "\n")
	n.mu.Unlock()
	if got := n.requests(); got != want {
		t.Errorf("%d requests; want %d\n%s", got, want, log)
	}
}
