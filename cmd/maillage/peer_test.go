// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
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

// A foreign server is a peer on loopback, friendly or hostile: it serves what
// it is told to, counts what it is asked, remembers what it is sent, and its
// actors sign and send whatever a test makes up.
type foreign struct {
	*httptest.Server

	t    testing.TB
	Host string // with its port

	mu     sync.Mutex
	served map[string]servedDoc // by path and query
	gets   map[string]int
	signed map[string]int // those of the GETs that had a signature
	posts  []posted
	answer http.HandlerFunc // takes every POST, if set
	takes  map[string]http.HandlerFunc
	client *http.Client
}

// servedDoc is a document of a peer.
type servedDoc struct {
	status      int
	contentType string
	header      http.Header
	body        []byte
}

// posted is what was sent to a peer's inbox.
type posted struct {
	path   string
	header http.Header
	body   []byte
	at     time.Time
}

func (p posted) doc() jsonDoc {
	var m jsonDoc
	_ = json.Unmarshal(p.body, &m) // what is no document has no members
	return m
}

// newForeign starts a peer on an address of its own, such as 127.0.0.2: hosts are
// suspended by their address.
func newForeign(t testing.TB, ip string) *foreign {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", ip+":0")
	if err != nil {
		t.Fatal(err)
	}
	p := &foreign{
		t: t, Host: l.Addr().String(), served: map[string]servedDoc{}, gets: map[string]int{}, signed: map[string]int{},
		takes: map[string]http.HandlerFunc{}, client: &http.Client{Timeout: patience, Transport: &http.Transport{}},
	}
	p.Server = &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(p.serve), ReadHeaderTimeout: time.Minute}}
	p.Start()
	t.Cleanup(func() {
		p.client.CloseIdleConnections()
		p.CloseClientConnections()
		p.Close()
	})
	return p
}

func (p *foreign) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 2<<20)) // what did not arrive is not there
	p.mu.Lock()
	take := p.takes[r.URL.RequestURI()]
	doc, known := p.served[r.URL.RequestURI()]
	answer := p.answer
	if r.Method == http.MethodGet {
		p.gets[r.URL.RequestURI()]++
		if r.Header.Get("Signature") != "" {
			p.signed[r.URL.RequestURI()]++
		}
	} else {
		p.posts = append(p.posts, posted{r.URL.RequestURI(), r.Header.Clone(), body, time.Now()})
	}
	p.mu.Unlock()
	switch {
	case take != nil:
		take(w, r)
	case r.Method == http.MethodPost && answer != nil:
		answer(w, r)
	case r.Method == http.MethodPost:
		w.WriteHeader(http.StatusAccepted)
	case !known:
		http.NotFound(w, r)
	default:
		for name, values := range doc.header {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Type", doc.contentType)
		w.WriteHeader(doc.status)
		_, _ = w.Write(doc.body)
	}
}

// url is an address of the peer.
func (p *foreign) url(path string) federation.IRI { return federation.IRI(p.URL + path) }

// publish serves a document at a path.
func (p *foreign) publish(path string, document any) {
	p.publishAs(path, vocab.ActivityJSON, http.StatusOK, document)
}

func (p *foreign) publishAs(path, contentType string, status int, document any, header ...string) {
	p.t.Helper()
	h := http.Header{}
	for n := 0; n+1 < len(header); n += 2 {
		h.Add(header[n], header[n+1])
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.served[path] = servedDoc{status, contentType, h, encode(p.t, document)}
}

// take lets a handler answer at a path.
func (p *foreign) take(path string, h http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.takes[path] = h
}

// answers lets a handler answer every POST; nil: 202.
func (p *foreign) answers(h http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = h
}

// asked returns how often a path was asked for; all of them if it is empty.
func (p *foreign) asked(path string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if path != "" {
		return p.gets[path]
	}
	for _, c := range p.gets {
		n += c
	}
	return n
}

// paths returns how often each path was asked for.
func (p *foreign) paths() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.gets)
}

// received returns what came to the inboxes of the peer, of a type if one is
// given, in order.
func (p *foreign) received(kind string) (list []posted) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, post := range p.posts {
		if kind == "" || post.doc()["type"] == kind {
			list = append(list, post)
		}
	}
	return list
}

// awaits waits for an activity of a type about an object.
func (p *foreign) awaits(kind string, object federation.IRI) jsonDoc {
	p.t.Helper()
	var found jsonDoc
	eventually(p.t, fmt.Sprintf("%s of %s arrives at %s", kind, object, p.Host), func() bool {
		for _, post := range p.received(kind) {
			if d := post.doc(); idIn(d["object"]) == string(object) {
				found = d
				return true
			}
		}
		return false
	})
	return found
}

// idIn returns the id in a reference or in what is embedded.
func idIn(v any) string {
	if m, ok := v.(jsonDoc); ok {
		v = m["id"]
	}
	switch v := v.(type) {
	case string:
		return v
	case federation.IRI:
		return string(v)
	}
	return ""
}

// encode makes bytes of a document; text and bytes are as they are.
func encode(t testing.TB, document any) []byte {
	t.Helper()
	switch d := document.(type) {
	case []byte:
		return d
	case string:
		return []byte(d)
	}
	raw, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// A stranger is an actor of a peer.
type stranger struct {
	peer   *foreign
	ID     federation.IRI
	Path   string
	Signer signature.Signer
	public string
	extra  jsonDoc
}

// actor makes an actor of the peer with a key of its own, and serves it.
func (p *foreign) actor(name string) *stranger {
	p.t.Helper()
	s := &stranger{peer: p, Path: "/users/" + name, ID: p.url("/users/" + name), extra: jsonDoc{}}
	s.newKey()
	s.show()
	return s
}

// newKey gives the actor another key under the same id. It is shown by show.
func (s *stranger) newKey() {
	s.peer.t.Helper()
	private, public, err := signature.GenerateEd25519()
	if err != nil {
		s.peer.t.Fatal(err)
	}
	s.useKey(private, public)
}

// newRSAKey is newKey, of the kind that nearly everybody has.
func (s *stranger) newRSAKey() {
	s.peer.t.Helper()
	private, public, err := signature.GenerateRSA()
	if err != nil {
		s.peer.t.Fatal(err)
	}
	s.useKey(private, public)
}

func (s *stranger) useKey(private, public string) {
	s.peer.t.Helper()
	key, err := signature.ParsePrivateKey(private)
	if err != nil {
		s.peer.t.Fatal(err)
	}
	s.Signer, s.public = signature.Signer{KeyID: s.ID + "#main-key", Key: key}, public
}

// document is the actor as it is served.
func (s *stranger) document() jsonDoc {
	d := jsonDoc{
		"@context": []string{"https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"},
		"id":       s.ID, "type": "Person", "preferredUsername": strings.TrimPrefix(s.Path, "/users/"), "name": "N. " + s.Path,
		"inbox": s.ID + "/inbox", "outbox": s.ID + "/outbox", "followers": s.ID + "/followers", "following": s.ID + "/following",
		"featured": s.ID + "/featured", "endpoints": jsonDoc{"sharedInbox": s.peer.url("/inbox")},
		"publicKey": jsonDoc{"id": s.Signer.KeyID, "owner": s.ID, "publicKeyPem": s.public},
	}
	for name, v := range s.extra {
		d[name] = v
	}
	return d
}

// show serves the actor as it is now.
func (s *stranger) show() { s.peer.t.Helper(); s.peer.publish(s.Path, s.document()) }

// id makes an address of the actor's server that was never used.
func (s *stranger) id(kind string) federation.IRI {
	return s.peer.url("/" + kind + "/" + strings.ToLower(rand.Text()))
}

// note makes a note of the actor; extra members replace its own.
func (s *stranger) note(text string, extra jsonDoc) jsonDoc {
	n := jsonDoc{
		"id": s.id("notes"), "type": "Note", "attributedTo": s.ID, "content": "<p>" + text + "</p>",
		"published": time.Now().UTC().Format(time.RFC3339), "to": []federation.IRI{federation.Public}, "cc": []federation.IRI{s.ID + "/followers"},
	}
	for name, v := range extra {
		n[name] = v
	}
	return n
}

// says makes an activity of the actor; extra members replace its own.
func (s *stranger) says(verb string, object any, extra jsonDoc) jsonDoc {
	a := jsonDoc{
		"@context": "https://www.w3.org/ns/activitystreams", "id": s.id("activities"), "type": verb, "actor": s.ID, "object": object,
	}
	if o, ok := object.(jsonDoc); ok && verb == "Create" {
		a["to"], a["cc"] = o["to"], o["cc"]
	}
	for name, v := range extra {
		a[name] = v
	}
	return a
}

// send signs a document and sends it to an inbox.
func (s *stranger) send(inbox federation.IRI, document any) *httpAnswer {
	s.peer.t.Helper()
	return s.sendAs(s.Signer, inbox, document)
}

func (s *stranger) sendAs(signer signature.Signer, inbox federation.IRI, document any) *httpAnswer {
	s.peer.t.Helper()
	r := s.letter(signer, inbox, document)
	return send(s.peer.t, s.peer.client, r)
}

// letter is a signed request that was not sent yet.
func (s *stranger) letter(signer signature.Signer, inbox federation.IRI, document any) *http.Request {
	s.peer.t.Helper()
	body := encode(s.peer.t, document)
	r, err := http.NewRequestWithContext(context.WithoutCancel(s.peer.t.Context()), http.MethodPost, string(inbox), bytes.NewReader(body))
	if err != nil {
		s.peer.t.Fatal(err)
	}
	r.Header.Set("Content-Type", vocab.ActivityJSON)
	if err := signature.Sign(r, body, signer, time.Now()); err != nil {
		s.peer.t.Fatal(err)
	}
	return r
}

// reads asks for a document, signed.
func (s *stranger) reads(id federation.IRI) *httpAnswer {
	s.peer.t.Helper()
	r, err := http.NewRequestWithContext(context.WithoutCancel(s.peer.t.Context()), http.MethodGet, string(id), nil)
	if err != nil {
		s.peer.t.Fatal(err)
	}
	r.Header.Set("Accept", vocab.ActivityJSON)
	if err := signature.Sign(r, nil, s.Signer, time.Now()); err != nil {
		s.peer.t.Fatal(err)
	}
	return send(s.peer.t, s.peer.client, r)
}

// follows lets the actor follow one of an instance, and returns the Follow.
func (s *stranger) follows(i *instance, target *federation.Actor) jsonDoc {
	s.peer.t.Helper()
	f := s.says("Follow", target.ID, nil)
	if a := s.send(target.Inbox, f); a.StatusCode != http.StatusAccepted {
		s.peer.t.Fatalf("Follow of %s: %d", target.ID, a.StatusCode)
	}
	i.settle()
	return f
}

// accepts accepts the Follow that an instance sent.
func (s *stranger) accepts(i *instance, follower *federation.Actor) {
	s.peer.t.Helper()
	f := s.peer.awaits("Follow", s.ID)
	if a := s.send(follower.Inbox, s.says("Accept", f["id"], nil)); a.StatusCode != http.StatusAccepted {
		s.peer.t.Fatalf("Accept: %d", a.StatusCode)
	}
	eventually(s.peer.t, "the follow is accepted", func() bool { return i.follows(follower.ID, s.ID) })
}
