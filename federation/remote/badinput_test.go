// SPDX-License-Identifier: AGPL-3.0-or-later

package remote

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"code.dny.dev/ssrf"
	"golang.org/x/net/dns/dnsmessage"

	"codeberg.org/maillage/maillage/federation"
)

// The bad inputs that an evil peer can send to the client, by their numbers in
// the table of SECURITY.
func TestBadInput(t *testing.T) {
	t.Run("B3 key document claims another's actor", testForeignOwner)
	t.Run("B4 key redirects to the victim", testKeyRedirects)
	t.Run("B11 body of 1 MiB + 1 and without end", testLargeAnswers)
	t.Run("B21 document with a foreign id, type or none", testForeignDocuments)
	t.Run("B22 redirects", testRedirects)
	t.Run("B23 special addresses", testSpecialAddresses)
	t.Run("B24 compressed, overstated, slow", testHostileAnswers)
	t.Run("B25 collection without end", testEndlessCollections)
	t.Run("B50 addresses with IP, port, user, our own host", testAddresses)
}

func testForeignOwner(t *testing.T) {
	keyID := federation.IRI("https://evil.example/key")
	n := newNetwork(t)
	n.serve(map[federation.IRI]string{
		ann:     actorDoc(ann, annKey, key1()),
		keyID:   keyDoc(keyID, "owner", ann, key2()),
		mallory: strings.ReplaceAll(actorDoc(mallory, mallory+"#k", key2()), `"owner":"`+string(mallory), `"owner":"`+string(ann)),
	})
	d, _, c := directory(n)
	for _, id := range []federation.IRI{keyID, mallory + "#k", mallory + "#other"} {
		_, err := d.PublicKey(context.Background(), id, false)
		wantErr(t, err, federation.ErrForbidden)
	}
	if _, err := c.Actor(context.Background(), ann); err == nil {
		t.Error("ann was touched")
	}
	// Nor may an actor list another's key id as its own.
	n.serve(map[federation.IRI]string{"https://worse.example/eve": actorDoc("https://worse.example/eve", annKey, key2())})
	if a, err := d.Actor(context.Background(), "https://worse.example/eve"); err != nil || len(a.Keys) != 0 {
		t.Error(a, err)
	}
	wantKey(t, d, annKey, ann, key1())
}

func testKeyRedirects(t *testing.T) {
	n := newNetwork(t)
	n.serve(map[federation.IRI]string{ann: actorDoc(ann, annKey, key1())})
	n.hosts["evil.example"] = func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, string(ann), http.StatusFound)
	}
	d, _, _ := directory(n)
	for _, id := range []federation.IRI{mallory + "#main-key", "https://evil.example/key"} {
		_, err := d.PublicKey(context.Background(), id, false)
		wantErr(t, err, federation.ErrForbidden)
	}
}

// hostile is a real server, a client that may reach it, and short patience.
func hostile(t *testing.T, h http.HandlerFunc) (*Client, federation.IRI) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	t.Cleanup(s.CloseClientConnections)
	c := New(Options{AllowPrivate: true})
	t.Cleanup(c.Close)
	c.total = 300 * time.Millisecond
	return c, federation.IRI(s.URL + "/x")
}

func testLargeAnswers(t *testing.T) {
	for name, large := range map[string]func(w http.ResponseWriter){
		"one byte too many": func(w http.ResponseWriter) { _, _ = w.Write(make([]byte, maxBody+1)) },
		"without end": func(w http.ResponseWriter) {
			for _, err := w.Write(make([]byte, 1<<16)); err == nil; {
				_, err = w.Write(make([]byte, 1<<16))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, id := hostile(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/activity+json")
				large(w)
			})
			c.total = totalTimeout
			_, err := c.Fetch(context.Background(), id)
			wantErr(t, err, federation.ErrForbidden)
		})
	}
	t.Run("answer to a delivery without end", func(t *testing.T) {
		c, id := hostile(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			for {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		})
		if a, err := c.Post(context.Background(), id, []byte("{}"), must(instance(t.Context()))); err != nil || a.Status != 200 {
			t.Error(a, err)
		}
	})
}

func testForeignDocuments(t *testing.T) {
	const victim = federation.IRI("https://there.example/users/victim")
	serve := func(contentType, doc string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			_, _ = io.WriteString(w, doc)
		}
	}
	const activity = "application/activity+json"
	own := noteDoc(ann, ann)
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    error
	}{
		"id of another host":      {serve(activity, noteDoc(mallory, mallory)), federation.ErrForbidden},
		"id of another, same":     {serve(activity, noteDoc(victim, victim)), federation.ErrForbidden}, // asked there, it says it is another again
		"id of ours":              {serve(activity, noteDoc(here+"/notes/1", here+"/users/bob")), federation.ErrForbidden},
		"no id":                   {serve(activity, `{"type":"Note"}`), federation.ErrForbidden},
		"id a number":             {serve(activity, `{"id":7,"type":"Note"}`), federation.ErrForbidden},
		"id no address":           {serve(activity, `{"id":"urn:x","type":"Note"}`), federation.ErrMalformed},
		"id in another case":      {serve(activity, strings.ReplaceAll(own, `"id"`, `"ID"`)), federation.ErrForbidden},
		"id twice":                {serve(activity, `{"id":"`+string(ann)+`",`+own[1:]), federation.ErrMalformed},
		"no JSON":                 {serve(activity, "<html>"), federation.ErrMalformed},
		"a list":                  {serve(activity, "["+own+"]"), federation.ErrMalformed},
		"text/html":               {serve("text/html", own), federation.ErrForbidden},
		"application/json":        {serve("application/json", own), federation.ErrForbidden},
		"ld+json without profile": {serve("application/ld+json", own), federation.ErrForbidden},
		"an upload":               {serve("image/png", own), federation.ErrForbidden},
		"no type":                 {serve("", own), federation.ErrForbidden},
		"as it should be":         {serve(`application/ld+json; profile="https://www.w3.org/ns/activitystreams"`, own), nil},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t)
			n.hosts["there.example"] = func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/users/victim" {
					answerActivity(w, noteDoc(mallory, mallory))
					return
				}
				c.handler(w, r)
			}
			_, err := clientOf(n, newClock()).Fetch(context.Background(), ann)
			wantErr(t, err, c.want)
		})
	}
}

func testRedirects(t *testing.T) {
	for name, c := range map[string]struct {
		to       func(r *http.Request) string
		requests int
		want     error
	}{
		"to loopback":   {func(*http.Request) string { return "https://127.0.0.1/" }, 1, federation.ErrMalformed},
		"to IPv6":       {func(*http.Request) string { return "https://[::1]/" }, 1, federation.ErrMalformed},
		"to a number":   {func(*http.Request) string { return "https://2130706433/" }, 1, federation.ErrMalformed},
		"to localhost":  {func(*http.Request) string { return "https://localhost/" }, 1, federation.ErrMalformed},
		"to http":       {func(*http.Request) string { return "http://evil.example/2" }, 1, federation.ErrMalformed},
		"to data":       {func(*http.Request) string { return "data:application/activity+json,{}" }, 1, federation.ErrMalformed},
		"to a file":     {func(*http.Request) string { return "file:///etc/passwd" }, 1, federation.ErrMalformed},
		"to a port":     {func(*http.Request) string { return "https://evil.example:8443/" }, 1, federation.ErrMalformed},
		"with a user":   {func(*http.Request) string { return "https://a:b@evil.example/" }, 1, federation.ErrMalformed},
		"to us":         {func(*http.Request) string { return here + "/users/bob" }, 1, federation.ErrForbidden},
		"to garbage":    {func(*http.Request) string { return "https://evil.example/%zz" }, 1, federation.ErrMalformed},
		"in a loop":     {func(r *http.Request) string { return r.URL.String() }, 4, federation.ErrForbidden},
		"six hops":      {func(r *http.Request) string { return r.URL.String() + "x" }, 4, federation.ErrForbidden},
		"to no address": {func(*http.Request) string { return "" }, 1, federation.ErrForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t)
			n.hosts["evil.example"] = func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", c.to(r))
				w.WriteHeader(http.StatusFound)
			}
			_, err := clientOf(n, newClock()).Fetch(context.Background(), mallory)
			wantErr(t, err, c.want)
			wantRequests(t, n, c.requests)
		})
	}
}

// special are addresses that no peer has: the IANA registries of special
// purposes, forms of IPv4 inside IPv6, and what lies beyond global unicast.
var special = strings.Fields(`
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.254 127.0.0.1 127.255.255.254
168.63.129.16 169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.8 192.0.0.170
192.0.0.192 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.168.0.1 192.168.255.255 192.175.48.1 198.18.0.1
198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
:: ::1 ::7f00:1 ::a9fe:a9fe ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1
64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::7f00:1 100::1 100:0:0:1::1 1fff::1
2001::1 2001:0:7f00:1::1 2001:1::1 2001:2::1 2001:3::1 2001:4:112::1 2001:10::1 2001:20::1 2001:30::1 2001:1ff::1
2001:db8::1 2002:7f00:1::1 2002:a9fe:a9fe::1 2002:808:808::1 2620:4f:8000::1 3fff::1 3fff:fff::1
4000::1 5f00::1 8000::1 a000::1 c000::1 e000::1 f000::1 fc00::1 fd00:ec2::254 fdff::1 fe00::1 fe80::1 febf::1 fec0::1
feff::1 ff00::1 ff02::1 ff0e::1`)

func testSpecialAddresses(t *testing.T) {
	control := guard()
	dial := func(a netip.Addr, port uint16) error {
		network := "tcp4"
		if a.Is6() {
			network = "tcp6"
		}
		return control(network, netip.AddrPortFrom(a, port).String(), nil)
	}
	if len(special) < 68 {
		t.Errorf("only %d addresses", len(special))
	}
	for _, s := range special {
		if err := dial(netip.MustParseAddr(s), 443); !errors.Is(err, ssrf.ErrProhibitedIP) {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, s := range []string{"1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.32.0.1", "192.0.1.1", "2606:4700::1111", "2a00:1450::1", "2001:4860::8888", "2400::1"} {
		if err := dial(netip.MustParseAddr(s), 443); err != nil {
			t.Errorf("%s: %v", s, err)
		}
		for _, port := range []uint16{22, 80, 8443, 0} {
			if err := dial(netip.MustParseAddr(s), port); err == nil {
				t.Errorf("%s port %d", s, port)
			}
		}
	}
	if err := control("tcp6", "[fe80::1%lo]:443", nil); err == nil {
		t.Error("an address with a zone")
	}
	if err := control("udp4", "1.1.1.1:443", nil); err == nil {
		t.Error("UDP")
	}
	t.Run("name that resolves to one when dialled", func(t *testing.T) {
		for _, answer := range [][]string{{"127.0.0.1"}, {"::1"}, {"169.254.169.254", "::1"}, {"10.0.0.1", "fd00::1"}} {
			c := New(Options{Now: newClock().now})
			c.net = transport(false, nameserver(t, answer...))
			_, err := c.Fetch(context.Background(), "https://rebinding.example/")
			wantErr(t, err, federation.ErrForbidden)
			wantErr(t, err, ssrf.ErrProhibitedIP)
			_, err = c.Post(context.Background(), "https://rebinding.example/inbox", nil, must(instance(t.Context())))
			wantErr(t, err, federation.ErrForbidden)
		}
	})
}

// nameserver is a resolver that answers every question with the same addresses.
func nameserver(t *testing.T, addresses ...string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer func() { _ = theirs.Close() }()
			for {
				head := make([]byte, 2)
				if _, err := io.ReadFull(theirs, head); err != nil {
					return
				}
				question := make([]byte, int(head[0])<<8|int(head[1]))
				if _, err := io.ReadFull(theirs, question); err != nil {
					return
				}
				reply := resolveAll(t, question, addresses)
				if _, err := theirs.Write(append([]byte{byte(len(reply) >> 8), byte(len(reply))}, reply...)); err != nil {
					return
				}
			}
		}()
		return ours, nil
	}}
}

func resolveAll(t *testing.T, question []byte, addresses []string) []byte {
	var m dnsmessage.Message
	if err := m.Unpack(question); err != nil {
		t.Error(err)
		return nil
	}
	q := m.Questions[0]
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	for _, s := range addresses {
		a := netip.MustParseAddr(s)
		h := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}
		switch {
		case a.Is4() && q.Type == dnsmessage.TypeA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AResource{A: a.As4()}})
		case a.Is6() && q.Type == dnsmessage.TypeAAAA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}})
		}
	}
	return must(m.Pack())
}

func testHostileAnswers(t *testing.T) {
	t.Run("gzip bomb", func(t *testing.T) {
		var member bytes.Buffer
		z := must(gzip.NewWriterLevel(&member, gzip.BestCompression))
		_, _ = z.Write(make([]byte, 8<<20))
		_ = z.Close()
		bomb := bytes.Repeat(member.Bytes(), 128) // 1 GiB
		c, id := hostile(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Accept-Encoding") != "" {
				t.Error("asked for compression")
			}
			w.Header().Set("Content-Type", "application/activity+json")
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb)
		})
		c.total = totalTimeout
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := c.Fetch(context.Background(), id)
		runtime.ReadMemStats(&after)
		wantErr(t, err, federation.ErrForbidden)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
			t.Errorf("%d bytes allocated", grown)
		}
	})
	t.Run("Content-Length of 10 GB", func(t *testing.T) {
		c, id := hostile(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/activity+json")
			w.Header().Set("Content-Length", strconv.Itoa(10<<30))
			_, _ = io.WriteString(w, `{"id":`)
		})
		_, err := c.Fetch(context.Background(), id)
		wantErr(t, err, federation.ErrUnavailable)
	})
	t.Run("a byte at a time", func(t *testing.T) {
		c, id := hostile(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/activity+json")
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, " ")
				_ = http.NewResponseController(w).Flush()
				select {
				case <-time.After(10 * time.Millisecond):
				case <-r.Context().Done():
				}
			}
		})
		start := time.Now()
		_, err := c.Fetch(context.Background(), id)
		wantErr(t, err, federation.ErrUnavailable)
		if d := time.Since(start); d > 5*time.Second {
			t.Error(d)
		}
	})
	t.Run("no answer", func(t *testing.T) {
		c, id := hostile(t, func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // else the server does not notice that we left
			<-r.Context().Done()
		})
		_, err := c.Post(context.Background(), id, []byte("{}"), must(instance(t.Context())))
		wantErr(t, err, federation.ErrUnavailable)
	})
}

func testEndlessCollections(t *testing.T) {
	const outbox = federation.IRI("https://evil.example/outbox")
	endless := func(next func(r *http.Request) string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			answerActivity(w, fmt.Sprintf(`{"@context":"https://www.w3.org/ns/activitystreams","id":%q,
				"type":"OrderedCollectionPage","orderedItems":["https://evil.example/1"],"next":%q}`, "https://evil.example"+r.RequestURI, next(r)))
		}
	}
	n := newNetwork(t)
	c := clientOf(n, newClock())
	n.hosts["evil.example"] = endless(func(r *http.Request) string { return "https://evil.example" + r.RequestURI })
	if items, _, err := c.Collection(context.Background(), outbox, 1000); err != nil || len(items) != 1 {
		t.Error(len(items), err)
	}
	wantRequests(t, n, 1)
	n.hosts["evil.example"] = endless(func(r *http.Request) string { return "https://evil.example" + r.RequestURI + "x" })
	if items, _, err := c.Collection(context.Background(), outbox, 1000); err != nil || len(items) != maxPages {
		t.Error(len(items), err)
	}
	wantRequests(t, n, maxPages)
}

func testAddresses(t *testing.T) {
	n := newNetwork(t)
	c := clientOf(n, newClock())
	ctx := context.Background()
	for _, host := range []string{
		"127.0.0.1", "[::1]", "localhost", "127.1", "0x7f.1", "2130706433", "a.0x7f", "there.example:8443", "u:p@there.example",
		"there..example", ".example", "example.", "here.example", "HERE.example:443", "a b.example", "there.example%2f.evil.example",
		strings.Repeat("a.", 130) + "example", strings.Repeat("a", 64) + ".example", "exa/mple", "",
	} {
		for _, text := range []string{"https://" + host + "/users/ann", "http://" + host + "/", "ann@" + host} {
			if host == "exa/mple" && text[0] == 'h' || host == "example." && text[0] == 'h' {
				continue // a path, and a name that the canonical form makes too short
			}
			_, err := c.Resolve(ctx, text)
			if !errors.Is(err, federation.ErrMalformed) && !errors.Is(err, federation.ErrForbidden) {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
	for _, text := range []string{
		"@", "@@", "ann@", "@there.example", "a@b@there.example", "a/b@there.example", "a b@there.example",
		strings.Repeat("a", 200) + "@there.example", "acct:", "a\n@there.example", "a%40b@there.example",
	} {
		_, err := c.WebFinger(ctx, text)
		wantErr(t, err, federation.ErrMalformed)
		if text != "@there.example" { // a server: that is enough there
			_, err = c.Intents(ctx, text)
			wantErr(t, err, federation.ErrMalformed)
		}
	}
	for _, id := range []federation.IRI{"", "ftp://there.example/", "http://there.example/", "https:", "//there.example", "https://there"} {
		_, err := c.Fetch(ctx, id)
		wantErr(t, err, federation.ErrMalformed)
		_, err = c.Post(ctx, id, nil, must(instance(ctx)))
		wantErr(t, err, federation.ErrMalformed)
	}
	wantRequests(t, n, 0)
}
