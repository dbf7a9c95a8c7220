// SPDX-License-Identifier: AGPL-3.0-or-later

package signature

import (
	"bufio"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// A published request, as the appendices print it.
type published struct {
	Method, Target, Host, Body string
	Headers                    [][2]string
}

func (p published) request(t *testing.T) *http.Request {
	t.Helper()
	var b strings.Builder
	b.WriteString(p.Method + " " + p.Target + " HTTP/1.1\r\n")
	for _, h := range p.Headers {
		b.WriteString(h[0] + ": " + h[1] + "\r\n")
	}
	b.WriteString("\r\n" + p.Body)
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(b.String())))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func read(t *testing.T, name string, into any) {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

// publishedKey reads a key of any size.
func publishedKey(t *testing.T, text string) crypto.PublicKey {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		t.Fatal("no PEM")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// named gives the published requests a key id that is an IRI: it is not signed
// in draft-cavage, so the signature stays right.
func named(s string) string {
	return strings.Replace(s, `keyId="Test"`, `keyId="`+string(annRSA)+`"`, 1)
}

func TestCavageVectors(t *testing.T) {
	var file struct {
		Now       string
		Request   published
		PublicKey string `json:"public_key_pem"`
		Vectors   []struct {
			Name, Authorization string
			SigningString       string `json:"signing_string"`
		}
	}
	read(t, "cavage-appendix-c.json", &file)
	key := publishedKey(t, file.PublicKey)
	now, err := http.ParseTime(file.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, vector := range file.Vectors {
		t.Run(vector.Name, func(t *testing.T) {
			r := file.Request.request(t)
			r.Header.Set("Authorization", named(vector.Authorization))
			c, err := parseCavage(r.Header)
			if err != nil {
				t.Fatal(err)
			}
			if len(c.covered) == 0 {
				c.covered = []string{"date"} // the default, which Verify never takes
			}
			if got := text(r, target(r), 0, 0, []string{"date"}); len(c.covered) == 1 && got != vector.SigningString {
				t.Fatalf("signing string %q", got)
			}
			if err := c.verify(r, "", key); err != nil {
				t.Errorf("signature: %v", err)
			}
			r.Header.Set("Date", "Sun, 05 Jan 2014 21:31:41 GMT")
			if err := c.verify(r, "", key); err == nil {
				t.Error("another date verifies")
			}
			// None of them is believed: C.1 and C.2 cover too little, and the
			// key has 1024 bits.
			r = file.Request.request(t)
			r.Header.Set("Authorization", named(vector.Authorization))
			v := &Verifier{
				Keys:   &keyring{keys: map[federation.IRI]crypto.PublicKey{annRSA: key}},
				Origin: "https://example.com", Now: func() time.Time { return now },
			}
			if _, _, err := v.Verify(r, []byte(file.Request.Body)); !errors.Is(err, federation.ErrUnauthorized) {
				t.Errorf("Verify: %v", err)
			}
		})
	}
}

func TestMessageVectors(t *testing.T) {
	var file struct {
		Request published
		Keys    map[string]string
		Vectors []struct {
			Name, Algorithm, Message, Signature string
			Input                               string `json:"signature_input"`
		}
	}
	read(t, "rfc9421-appendix-b.json", &file)
	keys := map[string]string{
		"rsa-pss-sha512": "rsa_pss_pub", "ed25519": "ed25519_pub", "ecdsa-p256-sha256": "ecc_p256_pub",
	}
	verified := 0
	for _, vector := range file.Vectors {
		t.Run(vector.Name, func(t *testing.T) {
			r := file.Request.request(t)
			r.Header.Set("Signature-Input", vector.Input)
			r.Header.Set("Signature", vector.Signature)
			v := &Verifier{
				Keys: annsKeys(), Origin: "https://example.com",
				Now: func() time.Time { return time.Unix(1618884473, 0) },
			}
			// None is believed: their key ids are no IRIs, to begin with.
			if _, _, err := v.Verify(r, []byte(file.Request.Body)); !errors.Is(err, federation.ErrMalformed) {
				t.Errorf("Verify: %v", err)
			}
			m, ok := parsePublished(vector.Input, vector.Algorithm)
			if !ok || vector.Message != "request" || keys[vector.Algorithm] == "" {
				return // a response, an HMAC, or components with parameters
			}
			verified++
			key := publishedKey(t, file.Keys[keys[vector.Algorithm]])
			if err := m.verify(r, "https://example.com", key); err != nil {
				t.Errorf("signature: %v", err)
			}
			if err := m.verify(r, "https://example.org", key); err == nil && m.covers("@authority") {
				t.Error("another host verifies")
			}
			r.Method = "PUT"
			if err := m.verify(r, "https://example.com", key); err == nil && m.covers("@method") {
				t.Error("another method verifies")
			}
		})
	}
	if verified < 3 {
		t.Errorf("only %d vectors verified", verified)
	}
}

// parsePublished reads an input whose key id is no IRI, for which parseMessage
// is too strict.
func parsePublished(input, algorithm string) (*message, bool) {
	label, rest, _ := strings.Cut(input, "=")
	m := &message{label: label, algorithm: algorithm}
	_, err := m.parseComponents(rest)
	return m, err == nil
}
