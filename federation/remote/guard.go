// SPDX-License-Identifier: AGPL-3.0-or-later

package remote

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"syscall"

	"code.dny.dev/ssrf"

	"codeberg.org/maillage/maillage/federation"
)

// guard checks an address when it is dialled, after the name was resolved: a
// name that resolved well before may not now. It lets through 443 on public
// addresses: of IPv4 all that is not special, of IPv6 only 2000::/3 without the
// special parts of it. Forms of IPv4 inside IPv6 (mapped, compatible, NAT64,
// 6to4, Teredo) are among what it refuses.
func guard() func(network, address string, _ syscall.RawConn) error {
	return ssrf.New(
		ssrf.WithPorts(443),
		// A public address with a private meaning: the host agent of Azure.
		ssrf.WithDeniedV4Prefixes(netip.MustParsePrefix("168.63.129.16/32")),
	).Safe
}

// check parses the address of a request and refuses what no peer has: another
// scheme than https, a user, a port, an IP address, a name without a dot.
func (c *Client) check(id federation.IRI) (*url.URL, error) {
	u, err := url.Parse(string(id))
	if err != nil {
		return nil, malformed("%q is not a web address", id)
	}
	switch {
	case u.User != nil, u.Opaque != "", u.Host == "":
		return nil, malformed("%q is not a web address", id)
	case c.ours(id):
		return nil, fmt.Errorf("%w: %s is our own", federation.ErrForbidden, id)
	case u.Scheme == "https", u.Scheme == "http" && c.opts.AllowPrivate:
	default:
		return nil, malformed("%s is not https", id)
	}
	u.Fragment, u.RawFragment = "", ""
	return u, c.checkHost(u.Host)
}

// checkHost refuses hosts that cannot be a public server.
func (c *Client) checkHost(host string) error {
	if c.opts.AllowPrivate {
		return nil
	}
	name := strings.TrimSuffix(host, ":443")
	if len(name) > 253 {
		return malformed("host of %d bytes", len(name))
	}
	labels := strings.Split(name, ".")
	for _, l := range labels {
		if !isHostLabel(l) {
			return malformed("host %q", host)
		}
	}
	// A name that ends in a number is an IPv4 address to somebody. WHATWG URL
	// 3.5.
	last := labels[len(labels)-1]
	if len(labels) < 2 || last[0] >= '0' && last[0] <= '9' {
		return malformed("host %q is not a public name", host)
	}
	return nil
}

// isHostLabel reports whether s is letters, digits, hyphens and underscores.
func isHostLabel(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 63
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", federation.ErrMalformed, fmt.Sprintf(format, args...))
}

// ErrSuspended says that we ask nothing of a host, because it is suspended here.
var ErrSuspended = fmt.Errorf("%w: suspended here", federation.ErrForbidden)

func forbidden(format string, args ...any) error {
	return fmt.Errorf("%w: %s", federation.ErrForbidden, fmt.Sprintf(format, args...))
}
