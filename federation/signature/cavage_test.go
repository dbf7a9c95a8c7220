// SPDX-License-Identifier: AGPL-3.0-or-later

package signature

import (
	"crypto"
	"crypto/ed25519"
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

// text builds what draft-cavage signs, independently of the code under test.
func text(r *http.Request, target string, created, expires int64, covered []string) string {
	var lines []string
	for _, name := range covered {
		switch name {
		case "(request-target)":
			lines = append(lines, name+": "+strings.ToLower(r.Method)+" "+target)
		case "(created)":
			lines = append(lines, name+": "+strconv.FormatInt(created, 10))
		case "(expires)":
			lines = append(lines, name+": "+strconv.FormatInt(expires, 10))
		case "host":
			lines = append(lines, "host: here.example")
		default:
			lines = append(lines, name+": "+r.Header.Get(name))
		}
	}
	return strings.Join(lines, "\n")
}

// byHand signs by draft-cavage in every way a peer could think of.
type byHand struct {
	covered   string
	target    string // what is signed as target; inbox if empty
	created   int64
	expires   int64
	format    string // of the header; %s is the base64 signature
	alg       string
	keyID     federation.IRI
	date      string
	digest    string
	sep       string
	authorize bool
	hash      crypto.Hash
}

func (h byHand) request(t *testing.T) *http.Request {
	t.Helper()
	r := httptest.NewRequest("POST", inbox, nil)
	r.Host = "here.example"
	r.Header.Set("Date", or(h.date, noon.Format(http.TimeFormat)))
	r.Header.Set("Digest", or(h.digest, "SHA-256="+digest([]byte(body))))
	r.Header.Set("Content-Type", "application/activity+json")
	covered := or(h.covered, "(request-target) host date digest")
	signed := text(r, or(h.target, inbox), h.created, h.expires, strings.Fields(covered))
	var sig []byte
	if id := or(h.keyID, annRSA); id == annEd {
		sig = ed25519.Sign(edKey(), []byte(signed))
	} else if h.hash == crypto.SHA512 {
		sum := sha512.Sum512([]byte(signed))
		sig = must(rsa.SignPKCS1v15(nil, rsaKey(), crypto.SHA512, sum[:]))
	} else {
		sum := sha256.Sum256([]byte(signed))
		sig = must(rsa.SignPKCS1v15(nil, rsaKey(), crypto.SHA256, sum[:]))
	}
	params := []string{`keyId="` + string(or(h.keyID, annRSA)) + `"`}
	if h.alg != "-" {
		params = append(params, `algorithm="`+or(h.alg, "rsa-sha256")+`"`)
	}
	if h.created != 0 {
		params = append(params, "created="+strconv.FormatInt(h.created, 10))
	}
	if h.expires != 0 {
		params = append(params, "expires="+strconv.FormatInt(h.expires, 10))
	}
	params = append(params, `headers="`+covered+`"`, `signature="`+base64.StdEncoding.EncodeToString(sig)+`"`)
	value := strings.Join(params, or(h.sep, ","))
	if h.format != "" {
		value = fmt.Sprintf(h.format, value)
	}
	if h.authorize {
		r.Header.Set("Authorization", "Signature "+value)
	} else {
		r.Header.Set("Signature", value)
	}
	return r
}

func or[T ~string](a, b T) T {
	if a == "" {
		return b
	}
	return a
}

func TestCavage(t *testing.T) {
	const all = "(request-target) host date digest"
	at := noon.Unix()
	unauthorized, malformed := federation.ErrUnauthorized, federation.ErrMalformed
	for name, c := range map[string]struct {
		byHand
		want error
	}{
		"plain":                            {byHand{}, nil},
		"parameters separated by a space":  {byHand{sep: ", "}, nil},
		"in Authorization":                 {byHand{authorize: true}, nil},
		"hs2019":                           {byHand{alg: "hs2019"}, nil},
		"no algorithm":                     {byHand{alg: "-"}, nil},
		"digest name in lower case":        {byHand{digest: "sha-256=" + digest([]byte(body))}, nil},
		"two digests in one header":        {byHand{digest: "SHA-512=AAAA,SHA-256=" + digest([]byte(body))}, nil},
		"more covered":                     {byHand{covered: all + " content-type"}, nil},
		"other order":                      {byHand{covered: "digest date host (request-target)"}, nil},
		"created":                          {byHand{alg: "hs2019", covered: "(request-target) (created) host digest", created: at}, nil},
		"created first":                    {byHand{alg: "hs2019", covered: "(created) (request-target) host digest", created: at}, nil},
		"created last":                     {byHand{alg: "hs2019", covered: "(request-target) host digest (created)", created: at}, nil},
		"created ahead":                    {byHand{alg: "hs2019", covered: "(request-target) (created) host digest", created: at + 3500}, nil},
		"created and expires":              {byHand{alg: "hs2019", covered: "(request-target) (created) (expires) host digest", created: at, expires: at + 30}, nil},
		"created beside date":              {byHand{alg: "hs2019", covered: all + " (created)", created: at}, nil},
		"Ed25519":                          {byHand{keyID: annEd, alg: "hs2019"}, nil},
		"Ed25519 by name":                  {byHand{keyID: annEd, alg: "ed25519"}, nil},
		"target not covered":               {byHand{covered: "host date digest"}, unauthorized},
		"host not covered":                 {byHand{covered: "(request-target) date digest"}, unauthorized},
		"date not covered":                 {byHand{covered: "(request-target) host digest"}, unauthorized},
		"digest not covered":               {byHand{covered: "(request-target) host date"}, unauthorized},
		"date only":                        {byHand{covered: "date"}, unauthorized},
		"digest by MD5":                    {byHand{digest: "MD5=Sd/dVLAcvNLSq16eXua5uQ=="}, unauthorized},
		"digest by SHA-512 only":           {byHand{digest: "SHA-512=AAAA"}, unauthorized},
		"digest without value":             {byHand{digest: "SHA-256"}, malformed},
		"digest not base64":                {byHand{digest: "SHA-256=???"}, malformed},
		"digest of nothing":                {byHand{digest: "SHA-256=" + digest(nil)}, unauthorized},
		"date old":                         {byHand{date: "Sun, 05 Jan 2014 21:31:40 GMT"}, unauthorized},
		"date of tomorrow":                 {byHand{date: noon.Add(24 * time.Hour).Format(http.TimeFormat)}, unauthorized},
		"date nonsense":                    {byHand{date: "yesterday"}, malformed},
		"created old":                      {byHand{alg: "hs2019", covered: "(request-target) (created) host digest", created: at - 3700}, unauthorized},
		"created far ahead":                {byHand{alg: "hs2019", covered: "(request-target) (created) host digest", created: at + 3700}, unauthorized},
		"created right, date old":          {byHand{alg: "hs2019", covered: all + " (created)", created: at, date: "Sun, 05 Jan 2014 21:31:40 GMT"}, unauthorized},
		"created covered but not given":    {byHand{alg: "hs2019", covered: "(request-target) (created) host digest"}, unauthorized},
		"created with rsa-sha256":          {byHand{covered: "(request-target) (created) host digest", created: at}, unauthorized},
		"expired":                          {byHand{alg: "hs2019", covered: "(request-target) (created) (expires) host digest", created: at - 60, expires: at - 1}, unauthorized},
		"expired, not covered":             {byHand{alg: "hs2019", expires: at - 1}, unauthorized},
		"algorithm of another key":         {byHand{alg: "ed25519"}, unauthorized},
		"RSA named for an Ed25519 key":     {byHand{keyID: annEd, alg: "rsa-sha256"}, unauthorized},
		"HMAC":                             {byHand{alg: "hmac-sha256"}, unauthorized},
		"SHA-1":                            {byHand{alg: "rsa-sha1"}, unauthorized},
		"SHA-512":                          {byHand{alg: "hs2019", hash: crypto.SHA512}, unauthorized},
		"unknown key":                      {byHand{keyID: ann + "#other"}, unauthorized},
		"header covered but missing":       {byHand{covered: all + " x-nothing"}, unauthorized},
		"header covered twice":             {byHand{covered: all + " date"}, malformed},
		"signature covered":                {byHand{covered: all + " signature"}, unauthorized},
		"signed for another path":          {byHand{target: "/users/eve/inbox"}, unauthorized},
		"key id twice":                     {byHand{format: `keyId="https://evil.example/#k",%s`}, malformed},
		"key id twice, last":               {byHand{format: `%s,keyId="https://evil.example/#k"`}, malformed},
		"headers twice":                    {byHand{format: `%s,headers="date"`}, malformed},
		"unknown parameter":                {byHand{format: `%s,opaque="x"`}, nil},
		"unknown parameter twice":          {byHand{format: `%s,opaque="x",opaque="y"`}, malformed},
		"no comma":                         {byHand{sep: " "}, malformed},
		"comma at the end":                 {byHand{format: "%s,"}, malformed},
		"two commas":                       {byHand{sep: ",,"}, malformed},
		"unclosed":                         {byHand{format: `%s,opaque="x`}, malformed},
		"escape":                           {byHand{format: `%s,opaque="\""`}, malformed},
		"garbage":                          {byHand{format: `%[1].0s"`}, malformed},
		"empty":                            {byHand{format: `%[1].0s`}, malformed},
		"key id no IRI":                    {byHand{keyID: "Test"}, malformed},
		"key id too long":                  {byHand{keyID: federation.IRI("https://there.example/" + strings.Repeat("x", 2048))}, malformed},
		"header too long":                  {byHand{format: "%s,x=" + strings.Repeat("x", 9000)}, malformed},
		"headers too many":                 {byHand{covered: all + many(40)}, malformed},
		"key id with a fragment to nobody": {byHand{keyID: "https://there.example#main-key"}, unauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			owner, _, err := verifier(annsKeys()).Verify(c.request(t), []byte(body))
			if !errors.Is(err, c.want) || (err == nil) != (owner == ann) {
				t.Fatalf("owner %q, error %v; want %v", owner, err, c.want)
			}
		})
	}
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " x-%d", i)
	}
	return b.String()
}

func TestTargetMayBeSignedWithoutItsQuery(t *testing.T) {
	r := byHand{}.request(t)
	goTo(r, inbox+"?page=1")
	if _, _, err := verifier(annsKeys()).Verify(r, []byte(body)); err != nil {
		t.Fatal(err)
	}
}

func TestBothPlacesAtOnce(t *testing.T) {
	r := byHand{}.request(t)
	r.Header.Set("Authorization", "Signature "+r.Header.Get("Signature"))
	if _, _, err := verifier(annsKeys()).Verify(r, []byte(body)); !errors.Is(err, federation.ErrMalformed) {
		t.Fatal(err)
	}
	r = byHand{}.request(t)
	r.Header.Set("Authorization", "Bearer abc")
	if _, _, err := verifier(annsKeys()).Verify(r, []byte(body)); err != nil {
		t.Fatal("a bearer token is not a signature: ", err)
	}
}

func TestHeadersAreNotChanged(t *testing.T) {
	r := byHand{}.request(t)
	before := r.Header.Clone()
	if _, _, err := verifier(annsKeys()).Verify(r, []byte(body)); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(before) != fmt.Sprint(r.Header) {
		t.Error(r.Header)
	}
}

// httpsig reads the wall clock; we must not depend on it.
func TestSignedTimesAreReadByOurClock(t *testing.T) {
	future := time.Now().Add(10 * 365 * 24 * time.Hour)
	at := future.Unix()
	h := byHand{
		alg: "hs2019", covered: "(request-target) (created) host (expires) digest", created: at + 3500, expires: at + 1,
	}
	v := &Verifier{Keys: annsKeys(), Origin: origin, Now: func() time.Time { return future }}
	if _, _, err := v.Verify(h.request(t), []byte(body)); err != nil {
		t.Error("ahead of the wall clock: ", err)
	}
	past := time.Unix(1_000_000_000, 0)
	h.created, h.expires = past.Unix(), past.Unix()+1
	v.Now = func() time.Time { return past }
	if _, _, err := v.Verify(h.request(t), []byte(body)); err != nil {
		t.Error("expired by the wall clock: ", err)
	}
	h.covered = "(request-target) host digest (expires)"
	if _, _, err := v.Verify(h.request(t), []byte(body)); err == nil {
		t.Error("no time of signing, and believed")
	}
}
