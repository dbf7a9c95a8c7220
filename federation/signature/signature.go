// SPDX-License-Identifier: AGPL-3.0-or-later

// Package signature proves who sent a request, and signs our own.
//
// A signature that is valid only says that somebody holds a key. Three more
// questions have to be asked before a request is believed, and the libraries
// underneath ask none of them: does the signature cover enough of the request,
// is it recent and meant for us, and does the body match the digest?
// [Verifier.Verify] asks all of them, and answers with the owner of the key.
// Whether that owner may do what the request says is not its business.
//
// Two schemes are spoken. Nearly every peer signs by the draft
// draft-cavage-http-signatures-12 (cavage.go, over go-fed/httpsig); newer ones
// also by RFC 9421 (message.go, over yaronf/httpsign). The header
// Signature-Input tells them apart. Both are read by strict parsers of our own
// first, and only what those understood reaches the libraries.
//
// The order of a verification is: parse, check what needs no key (coverage,
// host, time, digest), find the key, verify. Nothing is fetched for a request
// that could not be believed anyway. A key that does not fit is read again
// once, because peers rotate their keys.
package signature

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// Skew is how far a signature's time may be from ours, either way. Mastodon
// allows the same hour.
const Skew = time.Hour

// maxHeader bounds each header that speaks of a signature, in bytes: enough
// for the longest key id and a signature by the largest key.
const maxHeader = 8 << 10

// maxCovered is the most components one signature may cover.
const maxCovered = 32

// A PublicKey is a key whose owner is proven.
type PublicKey struct {
	ID    federation.IRI
	Owner federation.IRI
	Key   crypto.PublicKey // *rsa.PublicKey or ed25519.PublicKey
}

// Keys finds the public key behind a key id, and whose it is. It vouches that
// the owner's own document lists the key. With refresh it reads the key again
// from its origin if it has not done so lately, and else answers as before.
type Keys interface {
	PublicKey(ctx context.Context, keyID federation.IRI, refresh bool) (PublicKey, error)
}

// A Verifier tells who sent a request.
type Verifier struct {
	Keys   Keys
	Now    func() time.Time // time.Now if nil
	Origin string           // ours, "https://host": a request signed for another host is refused
}

// A proof is a signature that was parsed but not yet believed.
type proof interface {
	// key names the key that is said to have made the signature.
	key() federation.IRI
	// check refuses what covers too little, is too old, is not for us or
	// belongs to another body: all that needs no key.
	check(r *http.Request, body []byte, now time.Time) error
	// verify checks the signature itself.
	verify(r *http.Request, origin string, key crypto.PublicKey) error
}

// Verify returns the actor who owns the key that signed r, and the key's id.
// The body of r has been read and is passed beside it. The owner is empty
// unless err is nil; the key id is not, if one could be read.
//
// The error is ErrMalformed for headers that make no sense, ErrUnauthorized
// for a signature that proves nothing, ErrUnavailable if the key cannot be
// read now, and ErrGone if its owner is deleted.
func (v *Verifier) Verify(r *http.Request, body []byte) (owner, keyID federation.IRI, err error) {
	p, err := parse(r)
	if err != nil {
		return "", "", err
	}
	keyID = p.key()
	if !sameHost(r.Host, v.Origin) {
		return "", keyID, refuse("signed for host %q", r.Host)
	}
	if err := p.check(r, body, v.now()); err != nil {
		return "", keyID, err
	}
	key, err := v.find(r.Context(), keyID, false)
	if err != nil {
		return "", keyID, err
	}
	if first := p.verify(r, v.Origin, key.Key); first != nil {
		if key, err = v.again(r, p, key); err != nil {
			return "", keyID, fmt.Errorf("%w (first: %v)", err, first)
		}
	}
	return key.Owner, keyID, nil
}

// again verifies with the key as its origin shows it now.
func (v *Verifier) again(r *http.Request, p proof, old PublicKey) (PublicKey, error) {
	key, err := v.find(r.Context(), old.ID, true)
	if err != nil {
		return PublicKey{}, err
	}
	if equal(key.Key, old.Key) {
		return PublicKey{}, refuse("signature of %s is wrong", old.ID)
	}
	return key, p.verify(r, v.Origin, key.Key)
}

// find asks for a key and reduces the ways not to get one to those that matter
// to the sender.
func (v *Verifier) find(ctx context.Context, id federation.IRI, refresh bool) (PublicKey, error) {
	key, err := v.Keys.PublicKey(ctx, id, refresh)
	switch {
	case err == nil && (key.ID != id || key.Owner == "" || !id.SameOrigin(key.Owner)):
		return PublicKey{}, refuse("key %s is not proven", id)
	case err == nil:
		return key, checkKey(key.Key)
	case errors.Is(err, federation.ErrUnavailable), errors.Is(err, federation.ErrGone):
		return PublicKey{}, fmt.Errorf("key %s: %w", id, err)
	case definitive(err):
		return PublicKey{}, refuse("key %s: %v", id, err)
	}
	return PublicKey{}, fmt.Errorf("key %s: %w", id, err)
}

// definitive reports whether asking again for a key would not help.
func definitive(err error) bool {
	for _, kind := range []error{
		federation.ErrMalformed, federation.ErrUnauthorized, federation.ErrForbidden,
		federation.ErrNotFound, federation.ErrUnsupported, federation.ErrConflict,
	} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

func (v *Verifier) now() time.Time {
	if v.Now == nil {
		return time.Now()
	}
	return v.Now()
}

// Sender returns the key id a request claims, without verifying anything: for
// decisions that must not cost a key, such as refusing a blocked host.
func Sender(r *http.Request) (keyID federation.IRI, ok bool) {
	p, err := parse(r)
	if err != nil {
		return "", false
	}
	return p.key(), true
}

func parse(r *http.Request) (proof, error) {
	if len(r.Header.Values("Signature-Input")) > 0 {
		return parseMessage(r.Header)
	}
	return parseCavage(r.Header)
}

// sameHost compares the Host header with our origin. A port that is the
// default of its scheme says nothing. No origin has no host.
func sameHost(host, origin string) bool {
	scheme, ours, ok := strings.Cut(origin, "://")
	if !ok || ours == "" {
		return false
	}
	host = strings.ToLower(host)
	switch scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return host == strings.ToLower(ours)
}

// window checks the times of a signature; zero means that there is none.
func window(now, made, expires time.Time) error {
	if !made.IsZero() && now.Sub(made).Abs() > Skew {
		return refuse("signed at %s, it is %s", made.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	if !expires.IsZero() && now.After(expires) {
		return refuse("signature expired at %s", expires.UTC().Format(time.RFC3339))
	}
	return nil
}

// single returns the value of a header that must be there exactly once.
func single(h http.Header, name string) (string, error) {
	switch values := h.Values(name); len(values) {
	case 0:
		return "", refuse("no %s header", name)
	case 1:
		return values[0], nil
	default:
		return "", malformed("%d %s headers", len(values), name)
	}
}

// carriesBody reports whether a digest must be signed.
func carriesBody(r *http.Request, body []byte) bool {
	switch r.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		return true
	}
	return len(body) > 0
}

// parseKeyID checks a key id, which is an IRI in its canonical form or becomes
// one.
func parseKeyID(s string) (federation.IRI, error) {
	id, err := federation.ParseIRI(s)
	if err != nil {
		return "", fmt.Errorf("key id: %w", err)
	}
	return id, nil
}

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %s", federation.ErrUnauthorized, fmt.Sprintf(format, args...))
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", federation.ErrMalformed, fmt.Sprintf(format, args...))
}
