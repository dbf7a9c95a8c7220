// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"net/http/httptest"
	"net/netip"
	"testing"
)

// B44: only a proxy that is trusted says who asks, and for which host.
func TestB44ForwardedHeadersOfStrangersAreDropped(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for name, c := range map[string]struct{ from, forwarded, address, host string }{
		"a stranger":                 {"203.0.113.7:999", "198.51.100.1", "203.0.113.7:999", "amap.example"},
		"a proxy of ours":            {"10.0.0.1:999", "198.51.100.1", "198.51.100.1:0", "other.example"},
		"a client that lies to it":   {"10.0.0.1:999", "127.0.0.1, 198.51.100.1", "198.51.100.1:0", "other.example"},
		"two proxies":                {"10.0.0.1:999", "198.51.100.1, 10.0.0.2", "198.51.100.1:0", "other.example"},
		"a proxy that says nonsense": {"10.0.0.1:999", "nonsense", "10.0.0.1:999", "other.example"},
		"an address mapped to IPv6":  {"[::ffff:10.0.0.1]:999", "198.51.100.1", "198.51.100.1:0", "other.example"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "http://amap.example/", nil)
			r.RemoteAddr = c.from
			r.Header.Set("X-Forwarded-For", c.forwarded)
			r.Header.Set("X-Forwarded-Host", "other.example")
			r.Header.Set("X-Real-IP", "127.0.0.1")
			believe(proxies, r)
			if r.RemoteAddr != c.address || r.Host != c.host {
				t.Errorf("%s asks for %s", r.RemoteAddr, r.Host)
			}
			for _, h := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip"} {
				if r.Header.Get(h) != "" {
					t.Errorf("%s is passed on", h)
				}
			}
		})
	}
}
