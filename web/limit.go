// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// A limiter counts attempts by key. It remembers so many keys at most: when
// there are more, the ones not seen for longest are forgotten together.
type limiter struct {
	every rate.Limit
	burst int

	mu     sync.Mutex
	recent map[string]*rate.Limiter
	older  map[string]*rate.Limiter
}

// maxKeys is how many keys are recent before they grow old.
const maxKeys = 20000

func newLimiter(every rate.Limit, burst int) *limiter {
	return &limiter{every: every, burst: burst, recent: map[string]*rate.Limiter{}}
}

// allow takes one attempt, or says how long to wait for the next.
func (l *limiter) allow(key string, now time.Time) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.of(key).ReserveN(now, 1)
	if wait = r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return wait, false
	}
	return 0, true
}

func (l *limiter) of(key string) *rate.Limiter {
	if r, ok := l.recent[key]; ok {
		return r
	}
	r, ok := l.older[key]
	if !ok {
		r = rate.NewLimiter(l.every, l.burst)
	}
	if len(l.recent) >= maxKeys {
		l.older, l.recent = l.recent, map[string]*rate.Limiter{}
	}
	l.recent[key] = r
	return r
}

// network returns where a request comes from: the address, or of an IPv6
// address the network of which one household has all.
func network(r *http.Request) string {
	host := r.RemoteAddr
	if ap, err := netip.ParseAddrPort(host); err == nil {
		host = ap.Addr().String()
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	if a = a.Unmap().WithZone(""); a.Is6() {
		p, _ := a.Prefix(64) // 64 bits always fit
		return p.String()
	}
	return a.String()
}
