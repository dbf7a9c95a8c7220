// SPDX-License-Identifier: AGPL-3.0-or-later

package signature

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

const (
	origin = "https://here.example"
	ann    = federation.IRI("https://there.example/users/ann")
	annRSA = ann + "#main-key"
	annEd  = ann + "#ed25519-key"
	inbox  = "/users/bob/inbox"
	body   = `{"type":"Follow"}`
)

var (
	noon    = time.Date(2026, 6, 21, 12, 0, 0, 0, time.UTC)
	rsaKey  = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	rsaKey2 = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	edKey   = sync.OnceValue(func() ed25519.PrivateKey {
		_, k, err := ed25519.GenerateKey(rand.Reader)
		return must(k, err)
	})
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// keyring holds ann's keys and counts what it is asked.
type keyring struct {
	keys           map[federation.IRI]crypto.PublicKey
	fresh          map[federation.IRI]crypto.PublicKey // after a refresh
	err            error
	asked, renewed int
}

func annsKeys() *keyring {
	return &keyring{keys: map[federation.IRI]crypto.PublicKey{
		annRSA: rsaKey().Public(), annEd: edKey().Public(),
	}}
}

func (k *keyring) PublicKey(_ context.Context, id federation.IRI, refresh bool) (PublicKey, error) {
	k.asked++
	if k.err != nil {
		return PublicKey{}, k.err
	}
	key, ok := k.keys[id]
	if refresh {
		k.renewed++
		if f, renewed := k.fresh[id]; renewed {
			key, ok = f, true
		}
	}
	if !ok {
		return PublicKey{}, fmt.Errorf("key %s: %w", id, federation.ErrNotFound)
	}
	return PublicKey{ID: id, Owner: ann, Key: key}, nil
}

func verifier(k Keys) *Verifier {
	return &Verifier{Keys: k, Origin: origin, Now: func() time.Time { return noon }}
}

// outgoing makes a request as a peer's client would.
func outgoing(method, target, body string) *http.Request {
	var r *http.Request
	if body == "" {
		r = must(http.NewRequest(method, origin+target, nil))
	} else {
		r = must(http.NewRequest(method, origin+target, strings.NewReader(body)))
		r.Header.Set("Content-Type", "application/activity+json")
	}
	return r
}

// arrive turns an outgoing request into the one our server would see.
func arrive(r *http.Request) *http.Request {
	in := httptest.NewRequest(r.Method, r.URL.RequestURI(), nil)
	in.Host = host(r)
	in.Header = r.Header.Clone()
	return in
}

func bytesOf(body string) []byte {
	if body == "" {
		return nil
	}
	return []byte(body)
}

type signFunc func(*http.Request, []byte, Signer, time.Time) error

func schemes() map[string]signFunc {
	return map[string]signFunc{"draft-cavage": Sign, "RFC 9421": SignMessage}
}

func signers() map[string]Signer {
	return map[string]Signer{"RSA": {annRSA, rsaKey()}, "Ed25519": {annEd, edKey()}}
}

func TestSignedRequestIsBelieved(t *testing.T) {
	requests := map[string]struct{ method, target, body string }{
		"POST":                {"POST", inbox, body},
		"POST with a query":   {"POST", inbox + "?id=7&x=%20y", body},
		"GET":                 {"GET", "/users/bob", ""},
		"GET with a query":    {"GET", "/author/?author=2", ""},
		"GET of an escape":    {"GET", "/caf%C3%A9/a%2Fb/%7Ebob", ""},
		"GET of the root":     {"GET", "", ""},
		"GET, empty query":    {"GET", "/x?", ""},
		"POST, empty body":    {"POST", inbox, " "},
		"GET with semicolons": {"GET", "/x;y=1/z,2", ""},
	}
	for scheme, sign := range schemes() {
		for algorithm, s := range signers() {
			for name, q := range requests {
				t.Run(scheme+"/"+algorithm+"/"+name, func(t *testing.T) {
					r := outgoing(q.method, q.target, q.body)
					if err := sign(r, bytesOf(q.body), s, noon); err != nil {
						t.Fatal(err)
					}
					in := arrive(r)
					if id, ok := Sender(in); !ok || id != s.KeyID {
						t.Errorf("Sender = %s, %v", id, ok)
					}
					owner, keyID, err := verifier(annsKeys()).Verify(in, bytesOf(q.body))
					if err != nil || owner != ann || keyID != s.KeyID {
						t.Fatalf("owner %q key %q: %v", owner, keyID, err)
					}
				})
			}
		}
	}
}

func TestSigningAgainReplacesTheSignature(t *testing.T) {
	r := outgoing("POST", inbox, body)
	for range 2 {
		for _, sign := range schemes() {
			if err := sign(r, []byte(body), Signer{annRSA, rsaKey()}, noon); err != nil {
				t.Fatal(err)
			}
			if _, _, err := verifier(annsKeys()).Verify(arrive(r), []byte(body)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestRSAIsNamed(t *testing.T) {
	r := outgoing("POST", inbox, body)
	if err := Sign(r, []byte(body), Signer{annRSA, rsaKey()}, noon); err != nil {
		t.Fatal(err)
	}
	if h := r.Header.Get("Signature"); !strings.Contains(h, `algorithm="rsa-sha256"`) {
		t.Error(h)
	}
	if _, ok := r.Header["Host"]; ok {
		t.Error("Host header left behind")
	}
}

// Everything a signed request may be changed in, whatever its scheme.
func TestChangedRequestIsRefused(t *testing.T) {
	changes := map[string]struct {
		change func(r *http.Request, body *[]byte)
		want   error
	}{
		"body":          {func(_ *http.Request, b *[]byte) { *b = []byte(`{"type":"Delete"}`) }, federation.ErrUnauthorized},
		"no body":       {func(_ *http.Request, b *[]byte) { *b = nil }, federation.ErrUnauthorized},
		"method":        {func(r *http.Request, _ *[]byte) { r.Method = "PUT" }, federation.ErrUnauthorized},
		"path":          {func(r *http.Request, _ *[]byte) { goTo(r, "/users/eve/inbox?a=1") }, federation.ErrUnauthorized},
		"query":         {func(r *http.Request, _ *[]byte) { goTo(r, inbox+"?a=2") }, federation.ErrUnauthorized},
		"query dropped": {func(r *http.Request, _ *[]byte) { goTo(r, inbox) }, federation.ErrUnauthorized},
		"host":          {func(r *http.Request, _ *[]byte) { r.Host = "other.example" }, federation.ErrUnauthorized},
		"host, port":    {func(r *http.Request, _ *[]byte) { r.Host = "here.example:8443" }, federation.ErrUnauthorized},
		"no host":       {func(r *http.Request, _ *[]byte) { r.Host = "" }, federation.ErrUnauthorized},
		"digest": {func(r *http.Request, b *[]byte) {
			*b = []byte("{}")
			r.Header.Set("Digest", "SHA-256="+digest(*b))
			r.Header.Set("Content-Digest", "sha-256=:"+digest(*b)+":")
		}, federation.ErrUnauthorized},
		"two signatures": {func(r *http.Request, _ *[]byte) {
			r.Header.Add("Signature", r.Header.Get("Signature"))
		}, federation.ErrMalformed},
		"no signature": {func(r *http.Request, _ *[]byte) { r.Header.Del("Signature") }, federation.ErrUnauthorized},
		"two digests": {func(r *http.Request, _ *[]byte) {
			for _, n := range []string{"Digest", "Content-Digest"} {
				if v := r.Header.Get(n); v != "" {
					r.Header.Add(n, v)
				}
			}
		}, federation.ErrMalformed},
		"no digest": {func(r *http.Request, _ *[]byte) {
			r.Header.Del("Digest")
			r.Header.Del("Content-Digest")
		}, federation.ErrUnauthorized},
	}
	for scheme, sign := range schemes() {
		for name, c := range changes {
			t.Run(scheme+"/"+name, func(t *testing.T) {
				r := outgoing("POST", inbox+"?a=1", body)
				if err := sign(r, []byte(body), Signer{annRSA, rsaKey()}, noon); err != nil {
					t.Fatal(err)
				}
				in, b := arrive(r), []byte(body)
				c.change(in, &b)
				owner, _, err := verifier(annsKeys()).Verify(in, b)
				if owner != "" || !errors.Is(err, c.want) {
					t.Fatalf("owner %q, error %v; want %v", owner, err, c.want)
				}
			})
		}
	}
}

func goTo(r *http.Request, target string) {
	n := httptest.NewRequest("POST", target, nil)
	r.URL, r.RequestURI = n.URL, n.RequestURI
}

func TestTimeWindow(t *testing.T) {
	for scheme, sign := range schemes() {
		for _, c := range []struct {
			off time.Duration
			ok  bool
		}{
			{0, true},
			{59 * time.Minute, true},
			{-59 * time.Minute, true},
			{61 * time.Minute, false},
			{-61 * time.Minute, false},
			{-20 * 365 * 24 * time.Hour, false},
		} {
			t.Run(fmt.Sprint(scheme, " ", c.off), func(t *testing.T) {
				r := outgoing("POST", inbox, body)
				if err := sign(r, []byte(body), Signer{annRSA, rsaKey()}, noon.Add(c.off)); err != nil {
					t.Fatal(err)
				}
				keys := annsKeys()
				_, _, err := verifier(keys).Verify(arrive(r), []byte(body))
				if c.ok != (err == nil) || err != nil && !errors.Is(err, federation.ErrUnauthorized) {
					t.Fatal(err)
				}
				if !c.ok && keys.asked > 0 {
					t.Error("asked for a key in vain")
				}
			})
		}
	}
}

func TestHostIsComparedInCanonicalForm(t *testing.T) {
	for host, want := range map[string]bool{
		"here.example": true, "HERE.example:443": true, "here.example:80": false,
		"here.example.": false, "xhere.example": false, "": false,
	} {
		if sameHost(host, origin) != want {
			t.Error(host)
		}
	}
	if sameHost("", "") || sameHost("", "https://") || sameHost("x", "x") {
		t.Error("an empty origin has a host")
	}
	if !sameHost("[::1]:8080", "http://[::1]:8080") {
		t.Error("IPv6")
	}
}

func TestKeyRotation(t *testing.T) {
	signed := func(key *rsa.PrivateKey) *http.Request {
		r := outgoing("POST", inbox, body)
		must(0, Sign(r, []byte(body), Signer{annRSA, key}, noon))
		return arrive(r)
	}
	t.Run("a new key is read once", func(t *testing.T) {
		keys := annsKeys()
		keys.fresh = map[federation.IRI]crypto.PublicKey{annRSA: rsaKey2().Public()}
		owner, _, err := verifier(keys).Verify(signed(rsaKey2()), []byte(body))
		if err != nil || owner != ann || keys.renewed != 1 {
			t.Fatalf("owner %q renewed %d: %v", owner, keys.renewed, err)
		}
	})
	t.Run("a forger gains nothing by it", func(t *testing.T) {
		keys := annsKeys()
		_, _, err := verifier(keys).Verify(signed(rsaKey2()), []byte(body))
		if !errors.Is(err, federation.ErrUnauthorized) || keys.renewed != 1 || keys.asked != 2 {
			t.Fatalf("renewed %d asked %d: %v", keys.renewed, keys.asked, err)
		}
	})
	t.Run("a right key is not read again", func(t *testing.T) {
		keys := annsKeys()
		if _, _, err := verifier(keys).Verify(signed(rsaKey()), []byte(body)); err != nil || keys.renewed != 0 {
			t.Fatalf("renewed %d: %v", keys.renewed, err)
		}
	})
}

func TestKeyErrors(t *testing.T) {
	disk := errors.New("disk is full")
	for _, c := range []struct{ got, want error }{
		{federation.ErrUnavailable, federation.ErrUnavailable},
		{federation.ErrGone, federation.ErrGone},
		{federation.ErrNotFound, federation.ErrUnauthorized},
		{federation.ErrForbidden, federation.ErrUnauthorized},
		{federation.ErrMalformed, federation.ErrUnauthorized},
		{disk, disk},
	} {
		keys := annsKeys()
		keys.err = fmt.Errorf("asked: %w", c.got)
		_, keyID, err := verifier(keys).Verify(byHand{}.request(t), []byte(body))
		if !errors.Is(err, c.want) || keyID != annRSA {
			t.Errorf("%v became %v", c.got, err)
		}
		if c.want == federation.ErrUnauthorized && errors.Is(err, c.got) {
			t.Errorf("%v shows through", c.got)
		}
	}
}

// strayKey answers with the key of somebody else.
type strayKey PublicKey

func (k strayKey) PublicKey(context.Context, federation.IRI, bool) (PublicKey, error) {
	return PublicKey(k), nil
}

func TestStrayKeyIsRefused(t *testing.T) {
	for _, k := range []PublicKey{
		{ID: annRSA, Owner: "https://evil.example/ann", Key: rsaKey().Public()},
		{ID: annRSA + "2", Owner: ann, Key: rsaKey().Public()},
		{ID: annRSA, Key: rsaKey().Public()},
		{ID: annRSA, Owner: ann},
	} {
		if _, _, err := verifier(strayKey(k)).Verify(byHand{}.request(t), []byte(body)); !errors.Is(err, federation.ErrUnauthorized) {
			t.Error(k.ID, k.Owner, err)
		}
	}
}

func TestSmallKeyIsRefused(t *testing.T) {
	small := must(rsa.GenerateKey(rand.Reader, 1024))
	r := outgoing("POST", inbox, body)
	must(0, Sign(r, []byte(body), Signer{annRSA, small}, noon))
	keys := &keyring{keys: map[federation.IRI]crypto.PublicKey{annRSA: small.Public()}}
	if _, _, err := verifier(keys).Verify(arrive(r), []byte(body)); !errors.Is(err, federation.ErrUnauthorized) {
		t.Fatal(err)
	}
}

func TestUnsignedRequest(t *testing.T) {
	r := httptest.NewRequest("POST", inbox, nil)
	if _, _, err := verifier(annsKeys()).Verify(r, nil); !errors.Is(err, federation.ErrUnauthorized) {
		t.Error(err)
	}
	if _, ok := Sender(r); ok {
		t.Error("an unsigned request has a sender")
	}
}
