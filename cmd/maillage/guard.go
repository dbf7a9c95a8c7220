// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"
)

// maxHeaders is how many header fields a request may have.
const maxHeaders = 100

// guard refuses requests that are not meant for this instance or that no
// honest client sends, and finds out who asks behind a proxy.
func (p *program) guard(c *Config, next http.Handler) http.Handler {
	host := hostOf(p.Origin)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			p.healthz(w, r)
			return
		}
		believe(c.Proxies, r)
		switch status := judge(r, host); {
		case status == http.StatusPermanentRedirect:
			http.Redirect(w, r, p.Origin+r.URL.RequestURI(), status)
		case status == 0 && r.Method == http.MethodOptions:
			preflight(w)
		case status != 0:
			w.Header().Set("Cache-Control", "no-store")
			if status == http.StatusMethodNotAllowed {
				w.Header().Set("Allow", methods)
			}
			http.Error(w, http.StatusText(status), status)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// methods are all that anything here is asked with.
const methods = "GET, HEAD, POST, OPTIONS"

// preflight lets pages of other sites read our documents, which are public, and
// do nothing else: an Accept that names a profile is asked about first.
func preflight(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Allow", methods)
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET, HEAD")
	h.Set("Access-Control-Allow-Headers", "Accept")
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
}

// judge returns the status with which r is refused; 0 if it is not.
func judge(r *http.Request, host string) int {
	fields := 0
	for _, values := range r.Header {
		fields += len(values)
	}
	switch {
	case fields > maxHeaders:
		return http.StatusRequestHeaderFieldsTooLarge
	case r.URL.IsAbs() || r.URL.Host != "": // absolute form: the proxies' own
		return http.StatusBadRequest
	case !strings.EqualFold(strings.TrimSuffix(r.Host, "."), host):
		if r.Method == http.MethodGet && isLoopback(hostname(host)) && isLoopback(hostname(r.Host)) {
			return http.StatusPermanentRedirect // localhost for 127.0.0.1, in a trial
		}
		return http.StatusMisdirectedRequest
	case !plainPath(r.URL):
		return http.StatusNotFound
	case !slices.Contains(strings.Split(methods, ", "), r.Method):
		return http.StatusMethodNotAllowed
	}
	return 0
}

// plainPath reports whether a path says what it means: no dot segments, no
// doubled or encoded slashes, no control characters.
func plainPath(u *url.URL) bool {
	if strings.Contains(strings.ToLower(u.EscapedPath()), "%2f") || strings.ContainsFunc(u.Path, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) {
		return false
	}
	clean := path.Clean(u.Path)
	return clean == u.Path || clean+"/" == u.Path
}

// believe takes the client's address and the host that people asked for from a
// proxy that is trusted; from anybody else such headers are dropped.
func believe(proxies []netip.Prefix, r *http.Request) {
	forwarded, host := r.Header.Values("X-Forwarded-For"), r.Header.Get("X-Forwarded-Host")
	for _, h := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded"} {
		r.Header.Del(h)
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !trusted(proxies, from.Addr()) {
		return
	}
	if host != "" {
		r.Host = host
	}
	// From the right: the first address that is not a proxy of ours.
	list := strings.Split(strings.Join(forwarded, ","), ",")
	for i := len(list) - 1; i >= 0; i-- {
		ip, err := netip.ParseAddr(strings.TrimSpace(list[i]))
		if err != nil {
			return
		}
		r.RemoteAddr = net.JoinHostPort(ip.Unmap().String(), "0")
		if !trusted(proxies, ip) {
			return
		}
	}
}

func trusted(proxies []netip.Prefix, ip netip.Addr) bool {
	for _, p := range proxies {
		if p.Contains(ip.Unmap()) {
			return true
		}
	}
	return false
}

// healthz answers 200 while we serve and 503 once we stop.
func (p *program) healthz(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if p.stopping.Load() {
		http.Error(w, "stopping", http.StatusServiceUnavailable)
		return
	}
	if err := p.DB.Ping(r.Context()); err != nil {
		http.Error(w, "database", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

func hostOf(origin string) string {
	_, host, _ := strings.Cut(origin, "://")
	return host
}

func hostname(hostport string) string {
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		return h
	}
	return strings.Trim(hostport, "[]")
}
