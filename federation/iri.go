// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"fmt"
	"net/url"
	"strings"
)

// An IRI names an actor, an object, an activity, a key or a collection, here
// or on another server. An IRI made by [ParseIRI] is absolute, has a host and
// is in canonical form, so that two of them are compared with ==.
type IRI string

// Public is the collection that stands for everyone. ActivityPub 5.6.
const Public IRI = "https://www.w3.org/ns/activitystreams#Public"

// MaxIRI is the longest IRI we take, in bytes.
const MaxIRI = 2048

// ParseIRI checks that s can name something on the web and returns its one
// canonical form: scheme and host in lower case, no default port, no dot after
// the host, no user. Path, query and fragment stay as they are, because peers
// compare them byte by byte. The three spellings of Public become [Public].
func ParseIRI(s string) (IRI, error) {
	if s == "as:Public" || s == "Public" {
		return Public, nil
	}
	if len(s) > MaxIRI {
		return "", fmt.Errorf("%w: address of %d bytes", ErrMalformed, len(s))
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == 0x7f || c == '\\' || c == '"' || c == '<' || c == '>' {
			return "", fmt.Errorf("%w: %q is not a web address", ErrMalformed, s)
		}
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return "", fmt.Errorf("%w: %q is not a web address", ErrMalformed, s)
	case u.Scheme != "https" && u.Scheme != "http", u.Host == "", u.User != nil, u.Opaque != "":
		return "", fmt.Errorf("%w: %q is not a web address", ErrMalformed, s)
	}
	host := strings.ToLower(u.Host)
	name, port := strings.TrimSuffix(u.Hostname(), "."), u.Port()
	if name == "" || strings.HasSuffix(host, ":") || strings.HasSuffix(name, ".") || strings.HasPrefix(name, ".") || strings.Contains(name, "..") {
		return "", fmt.Errorf("%w: %q has no host", ErrMalformed, s)
	}
	name = strings.ToLower(name)
	for i := range len(name) {
		if name[i] >= 0x80 { // hosts travel as ASCII (punycode)
			return "", fmt.Errorf("%w: host %q is not ASCII", ErrMalformed, name)
		}
	}
	if strings.Contains(name, ":") {
		name = "[" + name + "]"
	}
	if port != "" && (u.Scheme != "https" || port != "443") && (u.Scheme != "http" || port != "80") {
		name += ":" + port
	}
	// Cut the authority out of the text itself: url.URL.String would rewrite
	// the escapes of the path.
	rest := s[len(u.Scheme)+len("://"):]
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[i:]
	} else {
		rest = ""
	}
	return IRI(u.Scheme + "://" + name + rest), nil
}

// Origin returns scheme, host and port: what FEP-fe34 compares. It is empty
// for an IRI that has none, and empty is the origin of nothing.
func (i IRI) Origin() string {
	scheme, rest, ok := strings.Cut(string(i), "://")
	if !ok {
		return ""
	}
	if n := strings.IndexAny(rest, "/?#"); n >= 0 {
		rest = rest[:n]
	}
	if rest == "" {
		return ""
	}
	return scheme + "://" + rest
}

// Host returns the host, with its port if it has one.
func (i IRI) Host() string {
	_, host, _ := strings.Cut(i.Origin(), "://")
	return host
}

// SameOrigin reports whether i and j live on the same server, so that one may
// speak for the other. Empty never equals empty.
func (i IRI) SameOrigin(j IRI) bool { o := i.Origin(); return o != "" && o == j.Origin() }

// Document returns i without its fragment: the document that holds it.
func (i IRI) Document() IRI {
	d, _, _ := strings.Cut(string(i), "#")
	return IRI(d)
}
