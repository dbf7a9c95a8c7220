// SPDX-License-Identifier: AGPL-3.0-or-later

package signature

import (
	"bytes"
	"context"
	"net/http/httptest"
	"testing"

	"codeberg.org/maillage/maillage/federation"
)

func FuzzVerifyHeaders(f *testing.F) {
	r := byHand{alg: "hs2019", covered: "(request-target) (created) host date digest", created: noon.Unix()}.request(&testing.T{})
	f.Add(r.Header.Get("Signature"), "", r.Header.Get("Digest"), r.Header.Get("Date"), "")
	m := messageByHand{}.request()
	f.Add(m.Header.Get("Signature"), m.Header.Get("Signature-Input"), m.Header.Get("Content-Digest"), "", "x")
	f.Add(`sig1=:AA==:`, `sig1=("@method" "@target-uri" "content-digest" "x");created=1782043200;keyid="https://a.example/#k"`, `sha-256=1`, "", "a\nb")
	f.Fuzz(func(t *testing.T, sig, input, digest, date, extra string) {
		r := httptest.NewRequest("POST", inbox+"?a=1", nil)
		r.Host = "here.example"
		for name, v := range map[string]string{
			"Signature": sig, "Signature-Input": input, "Digest": digest, "Content-Digest": digest,
			"Date": date, "X": extra,
		} {
			if v != "" {
				r.Header.Set(name, v)
			}
		}
		keys := Keys(anyKey{})
		owner, _, err := verifier(keys).Verify(r, []byte(body))
		if (owner == "") != (err != nil) {
			t.Fatalf("owner %q, error %v", owner, err)
		}
		if err != nil && !definitive(err) {
			t.Fatalf("unexpected kind: %v", err)
		}
		if id, ok := Sender(r); ok && (id.Host() == "" || len(id) > federation.MaxIRI) {
			t.Fatalf("key id %q", id)
		}
	})
}

// anyKey has the same key for everyone, so that the fuzzer gets to the end.
type anyKey struct{}

func (anyKey) PublicKey(_ context.Context, id federation.IRI, _ bool) (PublicKey, error) {
	return PublicKey{ID: id, Owner: id.Document(), Key: rsaKey().Public()}, nil
}

func BenchmarkSign(b *testing.B) {
	for scheme, sign := range schemes() {
		b.Run(scheme, func(b *testing.B) {
			b.ReportAllocs()
			r := outgoing("POST", inbox, body)
			for b.Loop() {
				if err := sign(r, []byte(body), Signer{annRSA, rsaKey()}, noon); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	large := bytes.Repeat([]byte("x"), 2000)
	for scheme, sign := range schemes() {
		b.Run(scheme, func(b *testing.B) {
			b.ReportAllocs()
			r := outgoing("POST", inbox, string(large))
			must(0, sign(r, large, Signer{annRSA, rsaKey()}, noon))
			in, v := arrive(r), verifier(annsKeys())
			for b.Loop() {
				if _, _, err := v.Verify(in, large); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
