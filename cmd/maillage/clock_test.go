// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/signature"
)

// A clock goes on only when it is told to.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Now().UTC().Truncate(time.Second)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
	return c.at
}

// set moves the clock forward to a time; never back.
func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at.After(c.at) {
		c.at = at
	}
}

// sendAt signs and sends at the time of another clock.
func (s *stranger) sendAt(now time.Time, signer signature.Signer, inbox federation.IRI, document any) *httpAnswer {
	s.peer.t.Helper()
	r := s.letter(signer, inbox, document)
	body := encode(s.peer.t, document)
	if err := signature.Sign(r, body, signer, now); err != nil {
		s.peer.t.Fatal(err)
	}
	return send(s.peer.t, s.peer.client, r)
}

func sign(t testing.TB, r *http.Request, s signature.Signer) {
	t.Helper()
	if err := signature.Sign(r, nil, s, time.Now()); err != nil {
		t.Fatal(err)
	}
}
