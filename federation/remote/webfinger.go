// SPDX-License-Identifier: AGPL-3.0-or-later

package remote

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/net/idna"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
)

// maxUser bounds the part of a handle before the @, in bytes.
const maxUser = 128

// A handle is user@host, as people write it.
type handle struct{ user, host string }

func (h handle) String() string { return h.user + "@" + h.host }

// A finger is the answer of WebFinger. RFC 7033 4.4.
type finger struct {
	Subject string `json:"subject"`
	Links   []struct {
		Rel      string `json:"rel"`
		Type     string `json:"type"`
		Href     string `json:"href"`
		Template string `json:"template"`
	} `json:"links"`
}

// WebFinger returns the id of the actor with a handle: "@user@host",
// "user@host" or "acct:user@host". If the answer is about another handle, that
// one's host must name the same actor. The actor itself is not fetched.
func (c *Client) WebFinger(ctx context.Context, text string) (federation.IRI, error) {
	h, err := c.parseHandle(text)
	if err != nil {
		return "", err
	}
	id, _, err := c.prove(ctx, h)
	return id, err
}

// Handle returns the handle under which WebFinger knows an actor: proven both
// ways, or ErrForbidden.
func (c *Client) Handle(ctx context.Context, a *federation.Actor) (string, error) {
	h, err := c.parseHandle(a.Username + "@" + a.ID.Host())
	if err != nil {
		return "", err
	}
	id, proven, err := c.prove(ctx, h)
	switch {
	case err != nil:
		return "", err
	case id != a.ID:
		return "", forbidden("%s is %s, not %s", h, id, a.ID)
	}
	return proven.String(), nil
}

// parseHandle reads a handle. Host names with accents become punycode.
func (c *Client) parseHandle(text string) (handle, error) {
	s := strings.TrimPrefix(strings.TrimSpace(text), "acct:")
	user, host, ok := strings.Cut(strings.TrimPrefix(s, "@"), "@")
	if !ok || user == "" || len(user) > maxUser || strings.ContainsAny(user, "/?#%:@&=+ \t\r\n\"<>\\") {
		return handle{}, malformed("%.200q is not a handle", text)
	}
	if !c.opts.AllowPrivate {
		ascii, err := idna.Lookup.ToASCII(host)
		if err != nil {
			return handle{}, malformed("%.200q is not a handle", text)
		}
		host = ascii
	}
	id, err := federation.ParseIRI(c.scheme() + "://" + host)
	if err != nil || id.Host() != strings.ToLower(host) {
		return handle{}, malformed("%.200q is not a handle", text)
	}
	if _, err := c.check(id); err != nil {
		return handle{}, err
	}
	return handle{user, id.Host()}, nil
}

// scheme is https, except between development servers.
func (c *Client) scheme() string {
	if c.opts.AllowPrivate && strings.HasPrefix(c.opts.Origin, "http://") {
		return "http"
	}
	return "https"
}

// prove asks WebFinger, and asks again where the answer says it belongs.
func (c *Client) prove(ctx context.Context, h handle) (federation.IRI, handle, error) {
	f, err := c.finger(ctx, h)
	if err != nil {
		return "", h, err
	}
	id, err := f.self()
	if err != nil {
		return "", h, fmt.Errorf("%s: %w", h, err)
	}
	if f.Subject == "" || f.Subject == string(id) {
		return id, h, nil // it names no other handle
	}
	subject, err := c.parseHandle(f.Subject)
	if err != nil {
		return "", h, fmt.Errorf("%s: subject: %w", h, err)
	}
	if strings.EqualFold(subject.String(), h.String()) {
		return id, subject, nil
	}
	g, err := c.finger(ctx, subject)
	if err != nil {
		return "", h, err
	}
	back, err := g.self()
	if err != nil || back != id || !strings.EqualFold(strings.TrimPrefix(g.Subject, "acct:"), subject.String()) {
		return "", h, forbidden("%s claims to be %s, who disagrees", h, subject)
	}
	return id, subject, nil
}

// self returns the actor of an answer.
func (f *finger) self() (federation.IRI, error) {
	for _, l := range f.Links {
		if l.Rel == "self" && vocab.IsActivityJSON(l.Type) {
			return federation.ParseIRI(l.Href)
		}
	}
	return "", fmt.Errorf("%w: no actor in WebFinger", federation.ErrNotFound)
}

// finger asks the host of a handle about it.
func (c *Client) finger(ctx context.Context, h handle) (*finger, error) {
	return c.point(ctx, h.host, "acct:"+h.String())
}

// point asks a host about a resource. If the host does not know the well-known
// address, its host-meta may name another. RFC 6415.
func (c *Client) point(ctx context.Context, host, resource string) (*finger, error) {
	base := c.scheme() + "://" + host + "/.well-known/"
	f, err := c.readFinger(ctx, base+"webfinger?resource="+url.QueryEscape(resource))
	if !errors.Is(err, federation.ErrNotFound) {
		return f, err
	}
	template, failed := c.hostMeta(ctx, base+"host-meta")
	if failed != nil {
		return nil, err // what the first answer said
	}
	return c.readFinger(ctx, strings.ReplaceAll(template, "{uri}", url.QueryEscape(resource)))
}

func (c *Client) readFinger(ctx context.Context, address string) (*finger, error) {
	id, err := federation.ParseIRI(address)
	if err != nil {
		return nil, err
	}
	a, err := c.get(ctx, id, "application/jrd+json, application/json", false)
	if err != nil {
		return nil, err
	}
	if err := a.problem(); err != nil {
		return nil, err
	}
	f := new(finger)
	if err := json.Unmarshal(a.body, f); err != nil {
		return nil, malformed("%s: %v", id, err)
	}
	return f, nil
}

// hostMeta returns the template for WebFinger requests.
func (c *Client) hostMeta(ctx context.Context, address string) (string, error) {
	a, err := c.get(ctx, federation.IRI(address), "application/xrd+xml", false)
	if err != nil {
		return "", err
	}
	if err := a.problem(); err != nil {
		return "", err
	}
	var doc struct {
		Links []struct {
			Rel      string `xml:"rel,attr"`
			Template string `xml:"template,attr"`
		} `xml:"Link"`
	}
	if err := xml.Unmarshal(a.body, &doc); err != nil {
		return "", malformed("%s: %v", address, err)
	}
	for _, l := range doc.Links {
		if l.Rel == "lrdd" && strings.Contains(l.Template, "{uri}") {
			return l.Template, nil
		}
	}
	return "", fmt.Errorf("%w: no template in %s", federation.ErrNotFound, address)
}
