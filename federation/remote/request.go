// SPDX-License-Identifier: AGPL-3.0-or-later

package remote

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/signature"
)

// An answer is a response whose body has been read.
type answer struct {
	at     federation.IRI // where it came from, after redirects
	status int
	header http.Header
	body   []byte
}

// A signFunc signs a request in one of two ways.
type signFunc func(*http.Request, []byte, signature.Signer, time.Time) error

// A want is what is asked for, and how much of it may come.
type want struct {
	accept string
	signed bool
	most   int64       // bytes
	ifNew  http.Header // what makes the answer depend on whether anything changed; may be nil
}

// get asks for an address, following redirects. Signed or not, each hop is a
// request of its own: nothing that was made for one host reaches another.
func (c *Client) get(ctx context.Context, id federation.IRI, accept string, signed bool) (*answer, error) {
	return c.getWanted(ctx, id, want{accept: accept, signed: signed, most: maxBody})
}

func (c *Client) getWanted(ctx context.Context, id federation.IRI, w want) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.total)
	defer cancel()
	for range maxRedirects + 1 {
		u, err := c.check(id)
		if err != nil {
			return nil, err
		}
		if c.opts.Refuse != nil && c.opts.Refuse(ctx, id.Host()) {
			return nil, fmt.Errorf("%w: %s", ErrSuspended, id.Host())
		}
		a, err := c.ask(ctx, u, w)
		if err != nil {
			return nil, fmt.Errorf("get %s: %w", id, err)
		}
		location := a.header.Get("Location")
		if !isRedirect(a.status) || location == "" {
			a.at = id.Document()
			return a, nil
		}
		if id, err = resolve(u, location); err != nil {
			return nil, err
		}
	}
	return nil, forbidden("more than %d redirects, the last to %s", maxRedirects, id)
}

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// resolve makes a link found at base absolute and canonical.
func resolve(base *url.URL, link string) (federation.IRI, error) {
	u, err := base.Parse(link)
	if err != nil {
		return "", malformed("link %q", link)
	}
	return federation.ParseIRI(u.String())
}

// ask sends one GET, and a second one signed the other way if the first is
// refused.
func (c *Client) ask(ctx context.Context, u *url.URL, w want) (*answer, error) {
	send := func(sign signFunc) (*answer, error) {
		if err := spend(ctx); err != nil {
			return nil, err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
		if err != nil {
			return nil, malformed("%v", err)
		}
		maps.Copy(r.Header, w.ifNew)
		r.Header.Set("Accept", w.accept)
		if sign != nil {
			s, err := c.opts.Signer(ctx)
			if err != nil {
				return nil, fmt.Errorf("instance actor: %w", err)
			}
			if err := sign(r, nil, s, c.opts.Now()); err != nil {
				return nil, err
			}
		}
		return c.do(r, w.most)
	}
	if !w.signed || c.opts.Signer == nil {
		return send(nil)
	}
	return c.knock(u.Host, refusedGet, send)
}

func refusedGet(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusBadRequest
}

// knock sends a request signed by draft-cavage and, if it is refused, once more
// signed by RFC 9421; the other way round with a host that wanted the latter
// before. Most peers know the first only, a few will know the second only.
func (c *Client) knock(host string, refused func(status int) bool, send func(signFunc) (*answer, error)) (*answer, error) {
	first, second := signature.Sign, signature.SignMessage
	_, newer := c.newer.GetIfPresent(host)
	if newer {
		first, second = second, first
	}
	a, err := send(first)
	if err != nil || !refused(a.status) {
		return a, err
	}
	again, err := send(second)
	if err != nil || refused(again.status) {
		return a, nil // the first answer is the one to our usual way of signing
	}
	if ok := again.status >= 200 && again.status < 300; ok && newer {
		c.newer.Invalidate(host)
	} else if ok {
		c.newer.Set(host, struct{}{})
	}
	return again, nil
}

// do sends one request and reads the answer, so that the connection can be used
// again.
func (c *Client) do(r *http.Request, most int64) (*answer, error) {
	r.Header.Set("User-Agent", c.opts.UserAgent)
	resp, err := c.net.RoundTrip(r)
	if err != nil {
		return nil, unreachable(r.Context(), err)
	}
	defer func() { _ = resp.Body.Close() }() // nothing depends on it: what matters was read
	a := &answer{status: resp.StatusCode, header: resp.Header}
	if r.Method != http.MethodGet || resp.StatusCode != http.StatusOK {
		// An error's text is for nobody; a failure to read it changes nothing.
		_, _ = io.CopyN(io.Discard, resp.Body, maxDiscard)
		return a, nil
	}
	if e := resp.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return nil, fmt.Errorf("%w: %w: %.40q", federation.ErrForbidden, ErrPacked, e)
	}
	// Content-Length is what the peer says; what counts is what comes.
	var b bytes.Buffer
	n, err := b.ReadFrom(io.LimitReader(resp.Body, most+1))
	switch {
	case n > most:
		return nil, fmt.Errorf("%w: %w: answer of more than %d bytes", federation.ErrForbidden, ErrLarge, most)
	case err != nil:
		return nil, unreachable(r.Context(), err)
	}
	a.body = b.Bytes()
	return a, nil
}

// problem is what the status of an answer to a GET means.
func (a *answer) problem() error {
	kind := federation.ErrUnavailable
	switch {
	case a.status == http.StatusOK:
		return nil
	case a.status == http.StatusNotFound:
		kind = federation.ErrNotFound
	case a.status == http.StatusGone:
		kind = federation.ErrGone
	case a.status == http.StatusTooManyRequests, a.status == http.StatusRequestTimeout, a.status >= 500:
	default:
		kind = federation.ErrForbidden
	}
	return fmt.Errorf("%w: %s answered %s", kind, a.at, strconv.Itoa(a.status))
}
