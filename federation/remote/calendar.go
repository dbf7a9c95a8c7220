// SPDX-License-Identifier: AGPL-3.0-or-later

package remote

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// acceptCalendar names what some servers send for a calendar first; what came
// is for the reader to judge.
const acceptCalendar = "text/calendar, application/ics;q=0.9, text/plain;q=0.5, */*;q=0.1"

// maxValidator bounds an ETag or a date that we send back.
const maxValidator = 512

// A Reading is what a server answered for a calendar.
type Reading struct {
	Unchanged bool   // it is as it was when Seen was learned
	Body      []byte // empty if it is unchanged
	Type      string // Content-Type
	Seen      Seen
	// Again is how long the server asks us to wait; 0: it does not. It may be
	// set beside an error.
	Again time.Duration
}

// Seen is by what a server knows the version that we have.
type Seen struct{ ETag, Modified string }

// CalendarAddress returns the address at which a calendar is read that people
// know as webcal://, http:// or without a scheme; or why nothing is asked
// there.
func (c *Client) CalendarAddress(typed string) (federation.IRI, error) {
	typed = strings.TrimSpace(typed)
	scheme, rest, ok := strings.Cut(typed, "://")
	if !ok {
		scheme, rest = "https", typed
	}
	switch strings.ToLower(scheme) {
	case "webcal", "http":
		scheme = "https"
		if c.opts.AllowPrivate && isLocal(rest) {
			scheme = "http"
		}
	case "webcals", "https":
		scheme = "https"
	default:
		return "", malformed("%q is not a web address", scheme)
	}
	id, err := federation.ParseIRI(scheme + "://" + strings.ReplaceAll(rest, " ", "%20"))
	if err != nil {
		return "", err
	}
	id = id.Document()
	_, err = c.check(id)
	return id, err
}

// isLocal reports whether an address without its scheme is on this machine.
func isLocal(rest string) bool {
	u, err := url.Parse("//" + rest)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return ip != nil && ip.IsLoopback() || u.Hostname() == "localhost"
}

// Calendar reads a calendar, unless it is as it was when seen was learned, and
// nothing more than most bytes of it.
//
// ErrNotFound, ErrGone and ErrForbidden are the server's words, or the guard's;
// ErrUnavailable means to ask again later.
func (c *Client) Calendar(ctx context.Context, id federation.IRI, seen Seen, most int64) (Reading, error) {
	ifNew := http.Header{}
	if seen.ETag != "" {
		ifNew.Set("If-None-Match", seen.ETag)
	}
	if seen.Modified != "" {
		ifNew.Set("If-Modified-Since", seen.Modified)
	}
	a, err := c.getWanted(ctx, id, want{accept: acceptCalendar, most: most, ifNew: ifNew})
	if err != nil {
		return Reading{}, err
	}
	r := Reading{Again: retryAfter(a.header, c.opts.Now()), Type: a.header.Get("Content-Type"), Seen: Seen{validator(a.header, "ETag"), validator(a.header, "Last-Modified")}}
	if a.status == http.StatusNotModified && (seen.ETag != "" || seen.Modified != "") {
		r.Unchanged = true
		if r.Seen.ETag == "" {
			r.Seen.ETag = seen.ETag
		}
		if r.Seen.Modified == "" {
			r.Seen.Modified = seen.Modified
		}
		return r, nil
	}
	switch a.status {
	case http.StatusOK, http.StatusNotFound, http.StatusGone:
		r.Body = a.body
		return r, a.problem()
	case http.StatusUnauthorized, http.StatusForbidden:
		return r, fmt.Errorf("%w: %w: %s answered %d", federation.ErrForbidden, ErrClosed, a.at, a.status)
	}
	return r, fmt.Errorf("%w: %s answered %d", federation.ErrUnavailable, a.at, a.status)
}

// validator returns a header by which a version is known, if it is fit to be
// sent back.
func validator(h http.Header, name string) string {
	v := h.Get(name)
	if len(v) > maxValidator || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return v
}
