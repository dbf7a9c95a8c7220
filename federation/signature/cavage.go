// SPDX-License-Identifier: AGPL-3.0-or-later

package signature

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-fed/httpsig"

	"codeberg.org/maillage/maillage/federation"
)

// The components of a signature that are not headers. draft-cavage 2.3.
const (
	pseudoCreated = "(created)"
	pseudoExpires = "(expires)"
)

// A cavage is a signature by draft-cavage-http-signatures-12.
type cavage struct {
	keyID     federation.IRI
	algorithm string   // as written; it never chooses the algorithm
	covered   []string // in the signed order, lower case
	signature string   // base64
	created   int64    // seconds; 0 if absent
	expires   int64
}

// parseCavage reads the one signature that the headers must hold, in Signature
// or in Authorization. draft-cavage 3.1 and 4.1.
func parseCavage(h http.Header) (*cavage, error) {
	values := slices.Clone(h.Values("Signature"))
	for _, a := range h.Values("Authorization") {
		if scheme, rest, _ := strings.Cut(a, " "); strings.EqualFold(scheme, "Signature") {
			values = append(values, rest)
		}
	}
	switch {
	case len(values) == 0:
		return nil, refuse("not signed")
	case len(values) > 1:
		return nil, malformed("%d signatures", len(values))
	}
	params, err := parseParams(values[0])
	if err != nil {
		return nil, err
	}
	return newCavage(params)
}

func newCavage(params map[string]string) (*cavage, error) {
	id, err := parseKeyID(params["keyId"])
	if err != nil {
		return nil, err
	}
	c := &cavage{keyID: id, algorithm: strings.ToLower(params["algorithm"]), signature: params["signature"]}
	if c.signature == "" {
		return nil, malformed("signature parameter is missing")
	}
	if c.created, err = seconds(params, "created"); err != nil {
		return nil, err
	}
	if c.expires, err = seconds(params, "expires"); err != nil {
		return nil, err
	}
	c.covered = strings.Fields(strings.ToLower(params["headers"]))
	if len(c.covered) > maxCovered {
		return nil, malformed("%d signed headers", len(c.covered))
	}
	for i, name := range c.covered {
		if slices.Contains(c.covered[:i], name) || !isWord(strings.Trim(name, "()")) {
			return nil, malformed("signed header %q", name)
		}
	}
	return c, nil
}

// parseParams reads name="value" pairs. Peers separate them by "," or ", ".
// A name may appear once: httpsig would take the last, others take the first.
func parseParams(s string) (map[string]string, error) {
	if len(s) > maxHeader {
		return nil, malformed("signature header of %d bytes", len(s))
	}
	params := map[string]string{}
	for s = strings.TrimSpace(s); s != ""; {
		name, rest, ok := strings.Cut(s, "=")
		if !ok || !isWord(name) {
			return nil, malformed("signature parameter %q", s)
		}
		value, rest, err := parseValue(rest)
		if err != nil {
			return nil, err
		}
		if _, twice := params[name]; twice {
			return nil, malformed("signature parameter %s given twice", name)
		}
		params[name] = value
		if s, err = nextParam(rest); err != nil {
			return nil, err
		}
	}
	return params, nil
}

// nextParam skips the comma between two parameters.
func nextParam(s string) (string, error) {
	s = strings.TrimLeft(s, " \t")
	if s == "" {
		return "", nil
	}
	s, comma := strings.CutPrefix(s, ",")
	s = strings.TrimLeft(s, " \t")
	if !comma || s == "" {
		return "", malformed("signature parameters are not separated by commas")
	}
	return s, nil
}

// parseValue reads "quoted" or a bare word from the start of s. Escapes have
// no use in any parameter, so there are none.
func parseValue(s string) (value, rest string, err error) {
	if quoted, ok := strings.CutPrefix(s, `"`); ok {
		value, rest, ok = strings.Cut(quoted, `"`)
		if !ok || strings.ContainsAny(value, "\\\r\n\x00") {
			return "", "", malformed("signature parameter with a bad quoted value")
		}
		return value, rest, nil
	}
	end := strings.IndexAny(s, ", \t")
	if end < 0 {
		end = len(s)
	}
	if !isWord(s[:end]) {
		return "", "", malformed("signature parameter value %q", s[:end])
	}
	return s[:end], s[end:], nil
}

// isWord reports whether s is a name or a number.
func isWord(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return s != ""
}

// seconds reads a parameter that holds a Unix time.
func seconds(params map[string]string, name string) (int64, error) {
	s, ok := params[name]
	if !ok {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 || n > 1<<40 {
		return 0, malformed("%s is %q", name, s)
	}
	return n, nil
}

func (c *cavage) key() federation.IRI { return c.keyID }

func (c *cavage) check(r *http.Request, body []byte, now time.Time) error {
	if err := c.checkCoverage(carriesBody(r, body)); err != nil {
		return err
	}
	if err := c.checkTime(r, now); err != nil {
		return err
	}
	switch c.algorithm {
	case "", "hs2019", "rsa-sha256", "ed25519":
	default:
		return refuse("algorithm %q", c.algorithm)
	}
	if _, present := r.Header["Digest"]; present || carriesBody(r, body) {
		return checkDigest(r.Header, body)
	}
	return nil
}

// checkCoverage demands that the signature holds the request together: where
// it goes, when it was made and what it says.
func (c *cavage) checkCoverage(body bool) error {
	required := []string{httpsig.RequestTarget, "host"}
	if body {
		required = append(required, "digest")
	}
	for _, name := range required {
		if !c.covers(name) {
			return refuse("%s is not signed", name)
		}
	}
	if !c.covers("date") && !c.covers(pseudoCreated) {
		return refuse("neither date nor (created) is signed")
	}
	return nil
}

func (c *cavage) covers(name string) bool { return slices.Contains(c.covered, name) }

// checkTime checks every time that is signed, and expires even if it is not.
func (c *cavage) checkTime(r *http.Request, now time.Time) error {
	if c.covers(pseudoCreated) || c.covers(pseudoExpires) {
		// draft-cavage 2.3: these belong to hs2019 and newer names only.
		if strings.HasPrefix(c.algorithm, "rsa") {
			return refuse("%s does not go with (created)", c.algorithm)
		}
		if c.covers(pseudoCreated) && c.created == 0 || c.covers(pseudoExpires) && c.expires == 0 {
			return refuse("a signed time is missing")
		}
	}
	if err := window(now, unix(c.created), unix(c.expires)); err != nil {
		return err
	}
	if !c.covers("date") {
		return nil
	}
	text, err := single(r.Header, "Date")
	if err != nil {
		return err
	}
	date, err := http.ParseTime(text)
	if err != nil {
		return malformed("date %q", text)
	}
	return window(now, date, time.Time{})
}

// unix is time.Unix, but the zero time for 0.
func unix(sec int64) time.Time {
	if sec == 0 {
		return time.Time{}
	}
	return time.Unix(sec, 0)
}

// verify tries the request target as it came, and then without its query:
// older versions of Mastodon sign it that way.
func (c *cavage) verify(r *http.Request, _ string, key crypto.PublicKey) error {
	algorithm, err := c.choose(key)
	if err != nil {
		return err
	}
	full := target(r)
	err = c.verifyTarget(r, full, key, algorithm)
	if path, _, query := strings.Cut(full, "?"); err != nil && query {
		return c.verifyTarget(r, path, key, algorithm)
	}
	return err
}

// choose takes the algorithm from the key alone. The parameter may only agree.
func (c *cavage) choose(key crypto.PublicKey) (httpsig.Algorithm, error) {
	switch key.(type) {
	case *rsa.PublicKey:
		if c.algorithm != "ed25519" {
			return httpsig.RSA_SHA256, nil
		}
	case ed25519.PublicKey:
		if c.algorithm != "rsa-sha256" {
			return httpsig.ED25519, nil
		}
	}
	return "", refuse("algorithm %q with a key of type %T", c.algorithm, key)
}

// target returns the path and query as they stood in the request line.
// Decoding and encoding again would not always give the bytes that were signed.
func target(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		return r.RequestURI
	}
	return r.URL.RequestURI()
}

// verifyTarget lets httpsig verify a request that holds the signed components
// and nothing else.
func (c *cavage) verifyTarget(r *http.Request, target string, key crypto.PublicKey, a httpsig.Algorithm) error {
	q := &http.Request{Method: r.Method, URL: &url.URL{Path: target}, Header: http.Header{}}
	names := make([]string, 0, len(c.covered))
	for _, name := range c.covered {
		if (name == pseudoCreated || name == pseudoExpires) && fold(q, names, c.line(name)) {
			continue
		}
		names = append(names, name)
		if strings.HasPrefix(name, "(") {
			continue
		}
		value, err := headerValue(r, name)
		if err != nil {
			return err
		}
		q.Header[textproto.CanonicalMIMEHeaderKey(name)] = []string{value}
	}
	q.Header["Signature"] = []string{c.rewritten(names)}
	v, err := httpsig.NewVerifier(q)
	if err != nil {
		return refuse("%v", err)
	}
	if err := v.Verify(key, a); err != nil {
		return refuse("%v", err)
	}
	return nil
}

// fold hides a signed time in the line before it. httpsig compares (created)
// and (expires) with the wall clock and allows ten seconds, where we allow an
// hour by our own clock; the signed text is the same either way. A time that
// comes first has no line before it and is left to httpsig.
func fold(q *http.Request, names []string, line string) bool {
	if len(names) == 0 {
		return false
	}
	switch last := names[len(names)-1]; last {
	case pseudoCreated, pseudoExpires:
		return false
	case httpsig.RequestTarget:
		q.URL.Path += "\n" + line
	default:
		q.Header[textproto.CanonicalMIMEHeaderKey(last)][0] += "\n" + line
	}
	return true
}

// line is how a signed time reads in the signed text.
func (c *cavage) line(name string) string {
	n := c.created
	if name == pseudoExpires {
		n = c.expires
	}
	return name + ": " + strconv.FormatInt(n, 10)
}

// rewritten is the Signature header in the one form that httpsig understands.
// The key id is not looked at again.
func (c *cavage) rewritten(names []string) string {
	var b strings.Builder
	b.WriteString(`keyId="-",`)
	if slices.Contains(names, pseudoCreated) {
		b.WriteString("created=" + strconv.FormatInt(c.created, 10) + ",")
	}
	if slices.Contains(names, pseudoExpires) {
		b.WriteString("expires=" + strconv.FormatInt(c.expires, 10) + ",")
	}
	b.WriteString(`headers="` + strings.Join(names, " ") + `",signature="` + c.signature + `"`)
	return b.String()
}

// headerValue returns a header as it is signed: values trimmed and joined.
func headerValue(r *http.Request, name string) (string, error) {
	if name == "host" {
		return r.Host, nil
	}
	values := r.Header.Values(name)
	if len(values) == 0 {
		return "", refuse("signed header %s is missing", name)
	}
	trimmed := make([]string, len(values))
	for i, v := range values {
		trimmed[i] = strings.TrimSpace(v)
	}
	value := strings.Join(trimmed, ", ")
	if strings.ContainsAny(value, "\r\n") {
		return "", malformed("header %s has a line break", name)
	}
	return value, nil
}
