// SPDX-License-Identifier: AGPL-3.0-or-later

package signature

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yaronf/httpsign"

	"codeberg.org/maillage/maillage/federation"
)

// A message is a signature by RFC 9421.
type message struct {
	keyID     federation.IRI
	algorithm string // empty if the key is to say
	label     string
	covered   []string
	created   int64 // seconds; 0 if absent
	expires   int64
}

// parseMessage reads the one signature that the headers must hold. It takes a
// part of the grammar of RFC 9421 that every peer we know stays within: one
// label, components without parameters, strings without escapes. Outside of it
// the library panics on some inputs, and two parsers could read one header
// differently.
func parseMessage(h http.Header) (*message, error) {
	input, err := single(h, "Signature-Input")
	if err != nil {
		return nil, err
	}
	sig, err := single(h, "Signature")
	if err != nil {
		return nil, err
	}
	if len(input) > maxHeader || len(sig) > maxHeader {
		return nil, malformed("signature header of %d bytes", max(len(input), len(sig)))
	}
	m := &message{}
	label, rest, ok := strings.Cut(strings.Trim(input, " "), "=")
	if !ok || !isLabel(label) {
		return nil, malformed("signature input %q", input)
	}
	m.label = label
	if err := checkSignatureValue(sig, label); err != nil {
		return nil, err
	}
	if rest, err = m.parseComponents(rest); err != nil {
		return nil, err
	}
	return m, m.parseParams(rest)
}

// checkSignatureValue demands label=:base64: and nothing more.
func checkSignatureValue(sig, label string) error {
	value, ok := strings.CutPrefix(strings.Trim(sig, " "), label+"=:")
	value, end := strings.CutSuffix(value, ":")
	if _, err := base64.StdEncoding.DecodeString(value); !ok || !end || err != nil {
		return malformed("no signature for %s", label)
	}
	return nil
}

// isLabel reports whether s is a dictionary key. RFC 8941 3.1.2.
func isLabel(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (i == 0 || (c < '0' || c > '9') && c != '_' && c != '-' && c != '.') {
			return false
		}
	}
	return s != ""
}

// parseComponents reads ("a" "b" ...) from the start of s.
func (m *message) parseComponents(s string) (rest string, err error) {
	s, open := strings.CutPrefix(s, "(")
	list, rest, closed := strings.Cut(s, ")")
	if !open || !closed {
		return "", malformed("signature input has no list of components")
	}
	for item := range strings.FieldsSeq(list) {
		name, ok := unquote(item)
		if !ok || !isComponent(name) {
			return "", malformed("component %s", item)
		}
		if slices.Contains(m.covered, name) {
			return "", malformed("component %s is signed twice", item)
		}
		m.covered = append(m.covered, name)
	}
	if len(m.covered) > maxCovered {
		return "", malformed("%d components", len(m.covered))
	}
	return rest, nil
}

// unquote returns what stands between quotes.
func unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return "", false
	}
	s = s[1 : len(s)-1]
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return "", false
		}
	}
	return s, true
}

// isComponent reports whether s is a header in lower case, or a part of the
// request with @ before it. RFC 9421 2.
func isComponent(s string) bool {
	switch s {
	case "@method", "@target-uri", "@authority", "@scheme", "@path", "@query":
		return true
	}
	return isWord(s) && s == strings.ToLower(s)
}

// parseParams reads ;name=value pairs up to the end of the header.
func (m *message) parseParams(s string) error {
	params := map[string]string{}
	for s != "" {
		rest, ok := strings.CutPrefix(s, ";")
		if !ok {
			return malformed("signature parameters %q", s)
		}
		// No value holds a semicolon but a quoted one.
		name, value, _ := strings.Cut(strings.TrimLeft(rest, " "), "=")
		value, s, ok = cutParam(value)
		if !ok || !isLabel(name) {
			return malformed("signature parameter %q", rest)
		}
		if _, twice := params[name]; twice {
			return malformed("signature parameter %s given twice", name)
		}
		params[name] = value
	}
	return m.fill(params)
}

// cutParam takes "quoted" or a number from the start of s. Strings keep their
// opening quote, so that fill can tell them from numbers.
func cutParam(s string) (value, rest string, ok bool) {
	if quoted, isString := strings.CutPrefix(s, `"`); isString {
		text, rest, _ := strings.Cut(quoted, `"`)
		_, ok := unquote(s[:min(len(s), len(text)+2)])
		return `"` + text, rest, ok
	}
	value, rest, more := strings.Cut(s, ";")
	if more {
		rest = ";" + rest
	}
	value = strings.TrimRight(value, " ")
	_, err := strconv.ParseInt(value, 10, 64)
	return value, rest, err == nil && len(value) <= 15 && value[0] != '+'
}

func (m *message) fill(params map[string]string) (err error) {
	for name, into := range map[string]*int64{"created": &m.created, "expires": &m.expires} {
		if *into, err = seconds(params, name); err != nil {
			return err
		}
	}
	alg, ok := strings.CutPrefix(params["alg"], `"`)
	if !ok && alg != "" {
		return malformed("alg %s", alg)
	}
	m.algorithm = alg
	id, ok := strings.CutPrefix(params["keyid"], `"`)
	if !ok {
		return malformed("keyid is missing")
	}
	m.keyID, err = parseKeyID(id)
	return err
}

func (m *message) key() federation.IRI { return m.keyID }

func (m *message) covers(name string) bool { return slices.Contains(m.covered, name) }

func (m *message) check(r *http.Request, body []byte, now time.Time) error {
	whole := m.covers("@target-uri") ||
		m.covers("@authority") && m.covers("@path") && (r.URL.RawQuery == "" || m.covers("@query"))
	switch {
	case !m.covers("@method") || !whole:
		return refuse("the request line is not signed")
	case carriesBody(r, body) && !m.covers("content-digest"):
		return refuse("content-digest is not signed")
	case m.created == 0:
		return refuse("no time of signing")
	}
	if err := window(now, unix(m.created), unix(m.expires)); err != nil {
		return err
	}
	if _, present := r.Header["Content-Digest"]; present || carriesBody(r, body) {
		return checkContentDigest(r.Header, body)
	}
	return nil
}

func (m *message) verify(r *http.Request, origin string, key crypto.PublicKey) error {
	v, err := m.verifier(key)
	if err != nil {
		return err
	}
	// Behind a proxy the request knows neither its scheme nor its host; our
	// origin, with which the Host header was compared, does.
	scheme, host, _ := strings.Cut(origin, "://")
	u := *r.URL
	u.Scheme, u.Host, u.User, u.Fragment, u.RawFragment = scheme, host, nil, "", ""
	h := r.Header
	if m.covers("host") {
		h = h.Clone()
		h.Set("Host", r.Host)
	}
	msg, err := httpsign.NewMessage(httpsign.NewMessageConfig().
		WithMethod(r.Method).WithURL(&u).WithHeaders(h).WithAuthority(host).WithScheme(scheme))
	if err != nil {
		return refuse("%v", err)
	}
	if _, err := msg.Verify(m.label, *v); err != nil {
		return refuse("%v", err)
	}
	return nil
}

// verifier chooses the algorithm by the type of the key. The parameter alg may
// only agree with it, or choose between the two that RSA has. RFC 9421 3.3.
// Times were checked before, by our own clock.
func (m *message) verifier(key crypto.PublicKey) (*httpsign.Verifier, error) {
	cfg := httpsign.NewVerifyConfig().SetVerifyCreated(false).SetRejectExpired(false)
	fields := httpsign.Headers(m.covered...)
	switch k := key.(type) {
	case *rsa.PublicKey:
		switch m.algorithm {
		case "", "rsa-v1_5-sha256":
			return httpsign.NewRSAVerifier(*k, cfg, fields)
		case "rsa-pss-sha512":
			return httpsign.NewRSAPSSVerifier(*k, cfg, fields)
		}
	case ed25519.PublicKey:
		if m.algorithm == "" || m.algorithm == "ed25519" {
			return httpsign.NewEd25519Verifier(k, cfg, fields)
		}
	}
	return nil, refuse("algorithm %q with a key of type %T", m.algorithm, key)
}
