// SPDX-License-Identifier: AGPL-3.0-or-later

package signature

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// messageByHand signs by RFC 9421, independently of the code under test.
type messageByHand struct {
	components string // as in the header
	params     string // after the list
	alg        string
	label      string
	input      string // format of the header; %s is the value
	values     map[string]string
}

func (m messageByHand) request() *http.Request {
	r := httptest.NewRequest("POST", inbox+"?a=1", nil)
	r.Host = "here.example"
	d := "sha-256=:" + digest([]byte(body)) + ":"
	r.Header.Set("Content-Digest", d)
	r.Header.Set("Content-Type", "application/activity+json")
	values := map[string]string{
		"@method": "POST", "@target-uri": origin + inbox + "?a=1", "@authority": "here.example",
		"@path": inbox, "@query": "?a=1", "@scheme": "https",
		"content-digest": d, "content-type": "application/activity+json", "host": "here.example",
	}
	list := or(m.components, `"@method" "@target-uri" "content-digest"`)
	var base strings.Builder
	for item := range strings.FieldsSeq(list) {
		name := strings.Trim(item, `"`)
		v, ok := m.values[name]
		if !ok {
			v = values[name]
		}
		base.WriteString(item + ": " + v + "\n")
	}
	params := "(" + list + ")" + or(m.params, `;created=`+strconv.FormatInt(noon.Unix(), 10)+`;keyid="`+string(annRSA)+`"`)
	base.WriteString(`"@signature-params": ` + params)
	label := or(m.label, "sig1")
	r.Header.Set("Signature-Input", fmt.Sprintf(or(m.input, label+"=%s"), params))
	r.Header.Set("Signature", label+"=:"+base64.StdEncoding.EncodeToString(m.sign(base.String()))+":")
	return r
}

func (m messageByHand) sign(base string) []byte {
	switch m.alg {
	case "pss":
		sum := sha512.Sum512([]byte(base))
		return must(rsa.SignPSS(rand.Reader, rsaKey(), crypto.SHA512, sum[:], nil))
	case "ed25519":
		return ed25519.Sign(edKey(), []byte(base))
	}
	sum := sha256.Sum256([]byte(base))
	return must(rsa.SignPKCS1v15(nil, rsaKey(), crypto.SHA256, sum[:]))
}

func TestMessage(t *testing.T) {
	unauthorized, malformed := federation.ErrUnauthorized, federation.ErrMalformed
	created := func(t time.Time) string { return ";created=" + strconv.FormatInt(t.Unix(), 10) }
	now, keyid := created(noon), `;keyid="`+string(annRSA)+`"`
	for name, c := range map[string]struct {
		messageByHand
		want error
	}{
		"plain":                         {messageByHand{}, nil},
		"any label":                     {messageByHand{label: "main-1"}, nil},
		"parts of the target":           {messageByHand{components: `"@method" "@authority" "@path" "@query" "content-digest"`}, nil},
		"more headers":                  {messageByHand{components: `"@method" "@target-uri" "content-type" "host" "content-digest"`}, nil},
		"v1.5 by name":                  {messageByHand{params: now + keyid + `;alg="rsa-v1_5-sha256"`}, nil},
		"PSS by name":                   {messageByHand{params: now + keyid + `;alg="rsa-pss-sha512"`, alg: "pss"}, nil},
		"Ed25519":                       {messageByHand{params: now + `;keyid="` + string(annEd) + `"`, alg: "ed25519"}, nil},
		"nonce and tag":                 {messageByHand{params: now + keyid + `;nonce="b3k2=="` + `;tag="x"`}, nil},
		"expires":                       {messageByHand{params: now + keyid + ";expires=" + strconv.FormatInt(noon.Unix()+9, 10)}, nil},
		"PSS unnamed":                   {messageByHand{alg: "pss"}, unauthorized},
		"PSS named, v1.5 used":          {messageByHand{params: now + keyid + `;alg="rsa-pss-sha512"`}, unauthorized},
		"Ed25519 named for RSA":         {messageByHand{params: now + keyid + `;alg="ed25519"`}, unauthorized},
		"HMAC":                          {messageByHand{params: now + keyid + `;alg="hmac-sha256"`}, unauthorized},
		"method not covered":            {messageByHand{components: `"@target-uri" "content-digest"`}, unauthorized},
		"target not covered":            {messageByHand{components: `"@method" "content-digest"`}, unauthorized},
		"query not covered":             {messageByHand{components: `"@method" "@authority" "@path" "content-digest"`}, unauthorized},
		"authority not covered":         {messageByHand{components: `"@method" "@path" "@query" "content-digest"`}, unauthorized},
		"digest not covered":            {messageByHand{components: `"@method" "@target-uri"`}, unauthorized},
		"nothing covered":               {messageByHand{components: " "}, unauthorized},
		"not created":                   {messageByHand{params: keyid}, unauthorized},
		"no key id":                     {messageByHand{params: now}, malformed},
		"old":                           {messageByHand{params: created(noon.Add(-61*time.Minute)) + keyid}, unauthorized},
		"of the future":                 {messageByHand{params: created(noon.Add(61*time.Minute)) + keyid}, unauthorized},
		"expired":                       {messageByHand{params: now + keyid + ";expires=" + strconv.FormatInt(noon.Unix()-1, 10)}, unauthorized},
		"created as a string":           {messageByHand{params: `;created="1"` + keyid}, malformed},
		"created twice":                 {messageByHand{params: created(noon.Add(-99*time.Hour)) + now + keyid}, malformed},
		"key id twice":                  {messageByHand{params: now + `;keyid="https://evil.example/#k"` + keyid}, malformed},
		"key id a number":               {messageByHand{params: now + `;keyid=7`}, malformed},
		"key id a token":                {messageByHand{params: now + `;keyid=abc`}, malformed},
		"key id no IRI":                 {messageByHand{params: now + `;keyid="test-key-rsa"`}, malformed},
		"alg a number":                  {messageByHand{params: now + keyid + ";alg=1"}, malformed},
		"flag":                          {messageByHand{params: now + keyid + ";x"}, malformed},
		"component twice":               {messageByHand{components: `"@method" "@method" "@target-uri" "content-digest"`}, malformed},
		"component with a parameter":    {messageByHand{components: `"@method" "@target-uri" "content-digest";sf=1`}, malformed},
		"component with bytes":          {messageByHand{components: `"@method" "@target-uri" "content-digest";key=:AAAA:`}, malformed},
		"component of the answer":       {messageByHand{components: `"@method" "@target-uri" "@status" "content-digest"`}, malformed},
		"component in upper case":       {messageByHand{components: `"@method" "@target-uri" "Content-Digest"`}, malformed},
		"component not quoted":          {messageByHand{components: `@method "@target-uri" "content-digest"`}, malformed},
		"component missing":             {messageByHand{components: `"@method" "@target-uri" "content-digest" "x-none"`}, unauthorized},
		"two signatures in one header":  {messageByHand{input: `sig1=%s, sig2=();created=1;keyid="https://x.example/"`}, malformed},
		"other label":                   {messageByHand{input: "sig2=%s"}, malformed},
		"label in upper case":           {messageByHand{label: "Sig1"}, malformed},
		"not a list":                    {messageByHand{input: `sig1="%s"`}, malformed},
		"no list":                       {messageByHand{input: "sig1=1%.0s"}, malformed},
		"garbage":                       {messageByHand{input: "%.0s((("}, malformed},
		"trailing comma":                {messageByHand{input: "sig1=%s,"}, malformed},
		"signed over http":              {messageByHand{values: map[string]string{"@target-uri": "http://here.example" + inbox + "?a=1"}}, unauthorized},
		"signed for another host":       {messageByHand{values: map[string]string{"@target-uri": "https://other.example" + inbox + "?a=1"}}, unauthorized},
		"signed without the query":      {messageByHand{values: map[string]string{"@target-uri": origin + inbox}}, unauthorized},
		"key id under another's origin": {messageByHand{params: now + `;keyid="https://evil.example/ann#main-key"`}, unauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			owner, _, err := verifier(annsKeys()).Verify(c.request(), []byte(body))
			if !errors.Is(err, c.want) || (err == nil) != (owner == ann) {
				t.Fatalf("owner %q, error %v; want %v", owner, err, c.want)
			}
		})
	}
	t.Run("two inputs", func(t *testing.T) {
		r := messageByHand{}.request()
		r.Header.Add("Signature-Input", r.Header.Get("Signature-Input"))
		if _, _, err := verifier(annsKeys()).Verify(r, []byte(body)); !errors.Is(err, malformed) {
			t.Fatal(err)
		}
	})
	t.Run("digest by SHA-512", func(t *testing.T) {
		sum := sha512.Sum512([]byte(body))
		d := "sha-512=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
		r := messageByHand{values: map[string]string{"content-digest": d}}.request()
		r.Header.Set("Content-Digest", d)
		if _, _, err := verifier(annsKeys()).Verify(r, []byte(body)); err != nil {
			t.Fatal(err)
		}
	})
}
