// SPDX-License-Identifier: AGPL-3.0-or-later

package inbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/remote"
	"codeberg.org/maillage/maillage/federation/signature"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
	"codeberg.org/maillage/maillage/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m, opened) }

// opened is for storetest.
func opened(database string) (io.Closer, error) {
	return store.Open(context.Background(), store.Options{Database: database})
}

type doc = map[string]any

// A fixture is our inbox on loopback, with an initiative and a member.
type fixture struct {
	*testing.T
	ctx        context.Context
	db         *store.DB
	server     *httptest.Server
	handler    *Handler
	directory  *remote.Directory
	amap, anne *federation.Actor
	ahead      atomic.Int64 // how far our clock is ahead of the machine's
}

// each runs f with each database.
func each(t *testing.T, f func(t *fixture)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, database func(string) string) { f(open(t, database("a"))) })
}

var ourKeys = sync.OnceValues(outbox.NewKeyPairs)

func open(t *testing.T, database string) *fixture {
	t.Helper()
	f := &fixture{T: t, ctx: context.Background()}
	mux := http.NewServeMux()
	f.server = httptest.NewServer(mux)
	t.Cleanup(f.server.Close)
	db, err := store.Open(f.ctx, store.Options{Database: database, Origin: f.server.URL, Now: f.now})
	if err != nil {
		t.Fatal(err)
	}
	f.db = db
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	client := remote.New(remote.Options{AllowPrivate: true, Origin: f.server.URL, Now: f.now})
	t.Cleanup(client.Close)
	f.directory = &remote.Directory{Client: client, Cache: db, Now: f.now}
	f.handler = &Handler{
		DB: db, Former: f.directory.Former, Log: f.log(),
		Verifier: &signature.Verifier{Keys: f.directory, Now: f.now, Origin: f.server.URL},
	}
	mux.Handle("POST /inbox", f.handler)
	mux.Handle("POST /actors/{name}/inbox", f.handler)
	f.amap, f.anne = f.member("Organization", "amap"), f.member("Person", "anne")
	return f
}

func (f *fixture) now() time.Time          { return time.Now().Add(time.Duration(f.ahead.Load())) }
func (f *fixture) advance(d time.Duration) { f.ahead.Add(int64(d)) }

func (f *fixture) log() *slog.Logger {
	return slog.New(slog.NewTextHandler(&lateLog{w: f.Output(), done: f.Context().Done()}, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// A lateLog writes to the log of a test while that runs.
type lateLog struct {
	w    io.Writer
	done <-chan struct{}
}

func (l *lateLog) Write(p []byte) (int, error) {
	select {
	case <-l.done:
		return len(p), nil
	default:
		return l.w.Write(p)
	}
}

func (f *fixture) update(fn func(*store.Tx) error) {
	f.Helper()
	if err := f.db.Update(f.ctx, fn); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) view(fn func(*store.Tx) error) {
	f.Helper()
	if err := f.db.View(f.ctx, fn); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) member(kind, name string) (a *federation.Actor) {
	f.Helper()
	keys, err := ourKeys()
	if err != nil {
		f.Fatal(err)
	}
	f.update(func(tx *store.Tx) (err error) {
		a, err = outbox.NewActor(f.ctx, tx, outbox.ActorSpec{Type: kind, Username: name, Name: name, Keys: keys})
		return err
	})
	return a
}

// work starts a worker, which the end of the test stops.
func (f *fixture) work(change func(*Worker)) (stop func()) {
	w := &Worker{DB: f.db, Directory: f.directory, Log: f.log(), Now: f.now, Idle: 5 * time.Millisecond}
	if change != nil {
		change(w)
	}
	ctx, cancel := context.WithCancel(f.ctx)
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			f.Error(err)
		}
	})
	f.Cleanup(stop)
	return stop
}

// eventually waits until something is so. Machines are busy.
func (f *fixture) eventually(what string, so func() bool) {
	f.Helper()
	for end := time.Now().Add(30 * time.Second); !so(); {
		if time.Now().After(end) {
			f.Fatalf("it never happened: %s", what)
		}
		select {
		case <-f.Context().Done():
			f.Fatalf("the test ended before: %s", what)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// rows returns what is in the queue in a state.
func (f *fixture) rows(state string) (list []*store.Received) {
	f.Helper()
	f.view(func(tx *store.Tx) (err error) {
		list, _, err = tx.ReceivedIn(f.ctx, state, "", 100)
		return err
	})
	return list
}

// empties waits until nothing is pending.
func (f *fixture) empties() {
	f.Helper()
	f.eventually("the queue is empty", func() bool { return len(f.rows("pending")) == 0 })
}

// object returns an object that is stored; nil if it is not.
func (f *fixture) object(id any) (o *federation.Object) {
	f.Helper()
	f.view(func(tx *store.Tx) (err error) {
		o, err = tx.Object(f.ctx, federation.IRI(fmt.Sprint(id)))
		if errors.Is(err, federation.ErrNotFound) {
			o, err = nil, nil
		}
		return err
	})
	return o
}

// A peer is a server of others on loopback with one actor, who signs.
type peer struct {
	*fixture
	server *httptest.Server
	ID     federation.IRI
	signer signature.Signer
	public string

	mu     sync.Mutex
	docs   map[string][]byte
	status int // instead of an answer
	asked  atomic.Int64
	made   atomic.Int64
}

func (f *fixture) peer() *peer {
	f.Helper()
	return f.peerAt("127.0.0.1")
}

// peerAt starts a peer at an address: hosts are suspended by theirs.
func (f *fixture) peerAt(ip string) *peer {
	f.Helper()
	l, err := new(net.ListenConfig).Listen(f.ctx, "tcp", ip+":0")
	if err != nil {
		f.Fatal(err)
	}
	p := &peer{fixture: f, docs: map[string][]byte{}}
	p.server = &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(p.answer), ReadHeaderTimeout: time.Minute}}
	p.server.Start()
	f.Cleanup(p.server.Close)
	p.ID = federation.IRI(p.server.URL + "/vera")
	p.rotate()
	return p
}

func (p *peer) answer(w http.ResponseWriter, r *http.Request) {
	p.asked.Add(1)
	p.mu.Lock()
	defer p.mu.Unlock()
	body, ok := p.docs[r.URL.Path]
	switch {
	case p.status != 0:
		w.WriteHeader(p.status)
	case !ok:
		http.NotFound(w, r)
	default:
		w.Header().Set("Content-Type", vocab.ActivityJSON)
		_, _ = w.Write(body)
	}
}

// fails lets every answer be a status; 0: as before.
func (p *peer) fails(status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status = status
}

func (p *peer) serve(d doc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.docs[strings.TrimPrefix(fmt.Sprint(d["id"]), p.server.URL)] = encode(p.T, d)
}

// rotate gives the actor another key under the same id and shows it.
func (p *peer) rotate() {
	p.Helper()
	private, public, err := signature.GenerateEd25519()
	if err != nil {
		p.Fatal(err)
	}
	key, err := signature.ParsePrivateKey(private)
	if err != nil {
		p.Fatal(err)
	}
	p.signer = signature.Signer{KeyID: p.ID + "#main-key", Key: key}
	p.public = public
	p.serve(doc{
		"@context": []string{"https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"},
		"id":       p.ID, "type": "Person", "preferredUsername": "vera", "inbox": p.ID + "/inbox", "outbox": p.ID + "/outbox",
		"followers": p.ID + "/followers",
		"publicKey": doc{"id": p.signer.KeyID, "owner": p.ID, "publicKeyPem": public},
	})
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	switch v := v.(type) {
	case []byte:
		return v
	case string:
		return []byte(v)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func (p *peer) id(kind string) federation.IRI {
	return federation.IRI(fmt.Sprintf("%s/%s/%d", p.server.URL, kind, p.made.Add(1)))
}

// note makes a note of vera's to somebody here.
func (p *peer) note(text string, to ...federation.IRI) doc {
	return doc{
		"id": p.id("notes"), "type": "Note", "attributedTo": p.ID, "content": text, "to": to,
		"published": p.now().UTC().Format(time.RFC3339),
	}
}

// says makes an activity of vera's.
func (p *peer) says(verb string, object any) doc {
	a := doc{"@context": "https://www.w3.org/ns/activitystreams", "id": p.id("activities"), "type": verb, "actor": p.ID, "object": object}
	if o, ok := object.(doc); ok && o["to"] != nil {
		a["to"] = o["to"]
	}
	return a
}

// with returns a document with other members.
func with(d doc, members doc) doc {
	c := doc{}
	for k, v := range d {
		c[k] = v
	}
	for k, v := range members {
		c[k] = v
	}
	return c
}

// send signs and sends, and returns the status.
func (p *peer) send(path string, document any, header ...string) int {
	p.Helper()
	return p.sendAs(p.signer, path, document, header...)
}

func (p *peer) sendAs(s signature.Signer, path string, document any, header ...string) int {
	p.Helper()
	body := encode(p.T, document)
	r, err := http.NewRequestWithContext(p.ctx, http.MethodPost, p.fixture.server.URL+path, bytes.NewReader(body))
	if err != nil {
		p.Fatal(err)
	}
	r.Header.Set("Content-Type", vocab.ActivityJSON)
	if s.Key != nil {
		if err := signature.Sign(r, body, s, p.now()); err != nil {
			p.Fatal(err)
		}
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := p.fixture.server.Client().Do(r)
	if err != nil {
		p.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// accepted sends what must be taken.
func (p *peer) accepted(path string, document any) {
	p.Helper()
	if status := p.send(path, document); status != http.StatusAccepted {
		p.Fatalf("%s: %d", encode(p.T, document), status)
	}
}
