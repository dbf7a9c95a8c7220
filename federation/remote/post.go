// SPDX-License-Identifier: AGPL-3.0-or-later

package remote

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/signature"
	"codeberg.org/maillage/maillage/federation/vocab"
)

// maxRetryAfter is the longest wait we let a peer ask for.
const maxRetryAfter = 24 * time.Hour

// An Answer is what an inbox said.
type Answer struct {
	Status     int
	RetryAfter time.Duration // 0 if it did not say
}

// Post delivers an activity to an inbox. Any status is an answer and no error,
// redirects included: an inbox that moved is announced by its actor. The error
// is ErrUnavailable if there was no answer, ErrForbidden or ErrMalformed if the
// address is not one we deliver to.
func (c *Client) Post(ctx context.Context, inbox federation.IRI, body []byte, signer signature.Signer) (Answer, error) {
	u, err := c.check(inbox)
	if err != nil {
		return Answer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.total)
	defer cancel()
	a, err := c.knock(u.Host, refusedPost, func(sign signFunc) (*answer, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
		if err != nil {
			return nil, malformed("%v", err)
		}
		r.Header.Set("Content-Type", vocab.ActivityJSON)
		if err := sign(r, body, signer, c.opts.Now()); err != nil {
			return nil, err
		}
		return c.do(r, maxBody)
	})
	if err != nil {
		return Answer{}, fmt.Errorf("post to %s: %w", inbox, err)
	}
	return Answer{Status: a.status, RetryAfter: retryAfter(a.header, c.opts.Now())}, nil
}

// refusedPost is wider than refusedGet: Gancio answers 500 to a signature it
// does not understand. A gateway that has no answer has not read ours.
func refusedPost(status int) bool {
	switch status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return false
	}
	return refusedGet(status) || status >= 500
}

// retryAfter reads a number of seconds or a date. RFC 9110 10.2.3.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	var d time.Duration
	if n, err := strconv.ParseUint(text, 10, 32); err == nil {
		d = time.Duration(n) * time.Second
	} else if t, err := http.ParseTime(text); err == nil {
		d = t.Sub(now)
	}
	return min(max(d, 0), maxRetryAfter)
}
