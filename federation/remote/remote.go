// SPDX-License-Identifier: AGPL-3.0-or-later

// Package remote asks and tells other servers: it is the only outgoing HTTP.
//
// A [Client] makes the requests. Whatever address it is given, by a peer, a
// document or a person, it guards in the same way: https to a public name, the
// dialled address checked as it is dialled, few redirects, small answers, short
// waits. Requests are signed, one way first and the other way if the peer
// refuses; what worked is remembered for its host.
//
// What comes back is not believed for having come back. [Client.Fetch] returns
// a document only from the address that the document itself gives as its id,
// and only if it was served as ActivityStreams and not as somebody's upload.
//
// A [Directory] knows actors and their keys. It keeps actors in a [Cache] that
// the store provides, and parsed keys in memory. A key is believed if its
// owner's own document, read from the owner's own address, lists it; it changes
// only when that document is read again, which a stranger can provoke at most
// once in five minutes.
//
// A calendar is no document of ActivityPub: [Client.Calendar] reads it from
// whatever address a person gave, under the same guard.
//
// How much may be fetched on behalf of one activity is limited by a budget in
// the context, see [WithBudget].
package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"code.dny.dev/ssrf"
	"github.com/maypok86/otter/v2"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/signature"
)

// The bounds of one request. Mastodon has the same.
const (
	maxBody        = 1 << 20 // bytes of an answer we read
	maxDiscard     = 64 << 10
	maxRedirects   = 3
	connectTimeout = 5 * time.Second
	tlsTimeout     = 5 * time.Second
	headerTimeout  = 10 * time.Second
	totalTimeout   = 30 * time.Second
)

// maxHosts is how many hosts we remember the preferred signature of.
const maxHosts = 20_000

// Options say how a [Client] behaves.
type Options struct {
	// AllowPrivate lifts the guard: private addresses, http, any port, any
	// name. For development and tests on one machine.
	AllowPrivate bool
	// UserAgent names us: software, version and address.
	UserAgent string
	// Origin is ours, "https://host". Nothing is ever asked of it over the
	// network.
	Origin string
	// Signer returns the key of the instance actor, which signs what we ask.
	// If it is nil, we ask without a signature.
	Signer func(context.Context) (signature.Signer, error)
	// Refuse reports whether nothing may be asked of a host, because it is
	// suspended. It is called before every fetch and every redirect. May be
	// nil.
	Refuse func(ctx context.Context, host string) bool
	// Now is the clock; time.Now if nil.
	Now func() time.Time
	// RoundTripper replaces the guarded transport, but not the checks of
	// addresses: for tests with a faulty network.
	RoundTripper http.RoundTripper
}

// A Client makes requests of other servers. It is safe for concurrent use.
type Client struct {
	opts  Options
	net   http.RoundTripper // not an http.Client: redirects are followed by hand
	total time.Duration
	// newer holds the hosts that refused draft-cavage and took RFC 9421.
	newer *otter.Cache[string, struct{}]
}

// New returns a client.
func New(o Options) *Client {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.UserAgent == "" {
		o.UserAgent = "Maillage"
	}
	t := o.RoundTripper
	if t == nil {
		t = transport(o.AllowPrivate, nil)
	}
	return &Client{
		opts:  o,
		total: totalTimeout,
		net:   t,
		newer: otter.Must(&otter.Options[string, struct{}]{MaximumSize: maxHosts}),
	}
}

// Close closes the connections that are idle.
func (c *Client) Close() {
	if t, ok := c.net.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
}

// transport is sized for delivering to many hosts, a few requests each.
func transport(allowPrivate bool, resolver *net.Resolver) *http.Transport {
	d := &net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second, Resolver: resolver}
	if !allowPrivate {
		d.Control = guard()
	}
	return &http.Transport{
		Proxy:                  nil, // a proxy of the environment would dial for us, unguarded
		DialContext:            d.DialContext,
		TLSHandshakeTimeout:    tlsTimeout,
		ResponseHeaderTimeout:  headerTimeout,
		MaxResponseHeaderBytes: 32 << 10,
		MaxIdleConns:           1024,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        60 * time.Second,
		ForceAttemptHTTP2:      true,
		// We ask for no compression, and refuse it: what is counted is what
		// is read.
		DisableCompression: true,
	}
}

// ErrBudget means that enough was fetched on behalf of one activity. It is an
// [federation.ErrForbidden].
var ErrBudget = fmt.Errorf("%w: fetch budget is spent", federation.ErrForbidden)

// ErrLarge, ErrPacked and ErrClosed say why an answer was not read: it is too
// long, it was compressed though nobody asked for that, or the server wants to
// know who asks.
var (
	ErrLarge  = errors.New("too long")
	ErrClosed = errors.New("not for us to read")
	ErrPacked = errors.New("compressed answer, which we did not ask for")
)

// unreachable tells a network failure from a refusal of our own.
func unreachable(ctx context.Context, err error) error {
	for _, kind := range []error{ssrf.ErrProhibitedIP, ssrf.ErrProhibitedPort, ssrf.ErrProhibitedNetwork, ssrf.ErrInvalidHostPort} {
		if errors.Is(err, kind) {
			return fmt.Errorf("%w: %w", federation.ErrForbidden, err)
		}
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return err // nobody waits for the answer any more: that says nothing about the peer
	}
	return fmt.Errorf("%w: %w", federation.ErrUnavailable, err)
}

// ours reports whether id is on this server.
func (c *Client) ours(id federation.IRI) bool {
	return c.opts.Origin != "" && strings.EqualFold(id.Origin(), c.opts.Origin)
}
