// SPDX-License-Identifier: AGPL-3.0-or-later

package signature

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-fed/httpsig"

	"codeberg.org/maillage/maillage/federation"
)

// A Signer is a private key and the id under which peers find its public half.
type Signer struct {
	KeyID federation.IRI
	Key   crypto.Signer // *rsa.PrivateKey or ed25519.PrivateKey
}

// What we sign: Mastodon wants no less, and no peer wants more.
var (
	signedGet  = []string{httpsig.RequestTarget, "host", "date"}
	signedPost = []string{httpsig.RequestTarget, "host", "date", "digest", "content-type"}
)

// Sign signs r by draft-cavage-12, replacing any signature it has. A body that
// is not nil is signed with its digest and its content type, which must be set.
func Sign(r *http.Request, body []byte, s Signer, now time.Time) error {
	algorithm := httpsig.RSA_SHA256
	if _, ok := s.Key.(ed25519.PrivateKey); ok {
		algorithm = httpsig.ED25519
	}
	covered := signedGet
	if body != nil {
		covered = signedPost
	}
	// A Signer of httpsig is for one request: it holds a hash.
	hs, _, err := httpsig.NewSigner([]httpsig.Algorithm{algorithm}, httpsig.DigestSha256, covered, httpsig.Signature, 0)
	if err != nil {
		return fmt.Errorf("sign as %s: %w", s.KeyID, err)
	}
	clearSignature(r.Header)
	r.Header.Set("Date", now.UTC().Format(http.TimeFormat))
	// httpsig signs the decoded path and reads the host from the headers; so
	// it gets a request that has the path as it travels, and a host.
	q := &http.Request{Method: r.Method, URL: &url.URL{Path: r.URL.RequestURI()}, Header: r.Header}
	r.Header["Host"] = []string{host(r)}
	err = hs.SignRequest(s.Key, string(s.KeyID), q, body)
	delete(r.Header, "Host")
	if err != nil {
		return fmt.Errorf("sign as %s: %w", s.KeyID, err)
	}
	if algorithm == httpsig.RSA_SHA256 {
		// httpsig writes hs2019, which older peers do not know. The parameter
		// is not signed, and a key id cannot hold a quote.
		v := r.Header.Get("Signature")
		r.Header.Set("Signature", strings.Replace(v, `algorithm="hs2019"`, `algorithm="rsa-sha256"`, 1))
	}
	return nil
}

// SignMessage signs r by RFC 9421, replacing any signature it has. A body that
// is not nil is signed with its digest.
//
// The text is put together here because httpsign takes the time of signing
// from the wall clock only; our tests let httpsign verify it.
func SignMessage(r *http.Request, body []byte, s Signer, now time.Time) error {
	clearSignature(r.Header)
	components := `("@method" "@target-uri"`
	base := `"@method": ` + r.Method + "\n" +
		`"@target-uri": ` + r.URL.Scheme + "://" + host(r) + r.URL.RequestURI() + "\n"
	if body != nil {
		d := "sha-256=:" + digest(body) + ":"
		r.Header.Set("Content-Digest", d)
		components += ` "content-digest"`
		base += `"content-digest": ` + d + "\n"
	}
	input := components + ");created=" + strconv.FormatInt(now.Unix(), 10) +
		`;keyid="` + string(s.KeyID) + `";alg="` + messageAlgorithm(s.Key) + `"`
	sig, err := signText(s.Key, base+`"@signature-params": `+input)
	if err != nil {
		return fmt.Errorf("sign as %s: %w", s.KeyID, err)
	}
	r.Header.Set("Date", now.UTC().Format(http.TimeFormat))
	r.Header.Set("Signature-Input", "sig1="+input)
	r.Header.Set("Signature", "sig1=:"+base64.StdEncoding.EncodeToString(sig)+":")
	return nil
}

func messageAlgorithm(key crypto.Signer) string {
	if _, ok := key.(ed25519.PrivateKey); ok {
		return "ed25519"
	}
	return "rsa-v1_5-sha256"
}

func signText(key crypto.Signer, text string) ([]byte, error) {
	switch k := key.(type) {
	case ed25519.PrivateKey:
		return ed25519.Sign(k, []byte(text)), nil
	case *rsa.PrivateKey:
		sum := sha256.Sum256([]byte(text))
		return rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, sum[:])
	}
	return nil, fmt.Errorf("key of type %T", key)
}

// host is what the client will send as Host.
func host(r *http.Request) string {
	if r.Host != "" {
		return r.Host
	}
	return r.URL.Host
}

func clearSignature(h http.Header) {
	for _, name := range []string{"Signature", "Signature-Input", "Digest", "Content-Digest"} {
		h.Del(name)
	}
}
