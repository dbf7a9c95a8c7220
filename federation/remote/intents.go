// SPDX-License-Identifier: AGPL-3.0-or-later

package remote

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"codeberg.org/maillage/maillage/federation"
)

// Links of WebFinger to the pages on which people of a server confirm what
// they began elsewhere.
const (
	relIntent    = "https://w3id.org/fep/3b86/" // and a verb, or Object
	relSubscribe = "http://ostatus.org/schema/1.0/subscribe"
)

// Intents are the pages of somebody's own server on which they confirm what
// they began elsewhere: templates by what for. FEP-3b86, and OStatus before it.
type Intents struct {
	Host      string // that was asked; their pages may be on another
	templates map[string]string
}

// Intents asks the server of somebody, whom text names by handle, by the
// address of their page or only by their server, where they confirm:
// federation.ErrNotFound if it does not say.
//
// The pages are on the host that was named, or on the one that its answer says
// the account lives on: a server of example.org may be social.example.org.
// Everything else is left out.
func (c *Client) Intents(ctx context.Context, text string) (*Intents, error) {
	host, resources, err := c.account(text)
	if err != nil {
		return nil, err
	}
	var f *finger
	for _, resource := range resources {
		f, err = c.point(ctx, host, resource)
		if !errors.Is(err, federation.ErrNotFound) && !errors.Is(err, federation.ErrMalformed) && !errors.Is(err, federation.ErrGone) {
			break // the others would be answered alike
		}
	}
	if err != nil {
		return nil, err
	}
	i := &Intents{Host: host, templates: map[string]string{}}
	for _, l := range f.Links {
		verb, ok := strings.CutPrefix(l.Rel, relIntent)
		if l.Rel == relSubscribe {
			verb, ok = relSubscribe, true
		}
		if ok && i.templates[verb] == "" && c.fits(f, host, l.Template) {
			i.templates[verb] = l.Template
		}
	}
	if len(i.templates) == 0 {
		return nil, fmt.Errorf("%w: %s does not say where to confirm", federation.ErrNotFound, host)
	}
	return i, nil
}

// account reads how people name themselves: it returns the host to ask and by
// which resources. Of a server alone its own actor is asked for, by its
// address (FEP-d556) and as Mastodon calls it.
func (c *Client) account(text string) (host string, resources []string, err error) {
	text = strings.TrimSpace(text)
	if page, ok := strings.CutPrefix(text, "https://"); ok || c.opts.AllowPrivate && strings.HasPrefix(text, "http://") {
		if !ok {
			page = strings.TrimPrefix(text, "http://")
		}
		host, path, _ := strings.Cut(page, "/")
		h, err := c.parseHandle("x@" + host)
		if err != nil || len(path) > 500 || strings.ContainsAny(path, " \t\r\n\"<>\\") {
			return "", nil, malformed("%.200q is not the address of a page", text)
		}
		if path == "" {
			return h.host, c.itself(h.host), nil
		}
		return h.host, []string{c.scheme() + "://" + h.host + "/" + path}, nil
	}
	if !strings.Contains(strings.TrimPrefix(text, "@"), "@") {
		h, err := c.parseHandle("x@" + strings.TrimPrefix(text, "@"))
		if err != nil {
			return "", nil, err
		}
		return h.host, c.itself(h.host), nil
	}
	h, err := c.parseHandle(text)
	return h.host, []string{"acct:" + h.String()}, err
}

func (c *Client) itself(host string) []string {
	return []string{"acct:" + host + "@" + host, c.scheme() + "://" + host + "/"}
}

// fits reports whether people may be sent where a template leads.
func (c *Client) fits(f *finger, host, template string) bool {
	if !strings.Contains(template, "{uri}") && !strings.Contains(template, "{object}") {
		return false
	}
	id, err := federation.ParseIRI(fill(template, map[string]string{"uri": "x", "object": "x"}))
	if err != nil {
		return false
	}
	if _, err := c.check(id); err != nil {
		return false
	}
	if before, _, _ := strings.Cut(template, "{"); len(before) <= len(id.Origin()) {
		return false // the host itself is not to be filled in
	}
	if id.Host() == host {
		return true
	}
	self, err := f.self()
	return err == nil && id.Host() == self.Host()
}

// variable is a part of a template to be filled in.
var variable = regexp.MustCompile(`\{[^{}]*\}`)

// fill puts values into a template, percent-encoded; what it asks for that we
// do not have is empty. FEP-3b86 3.2.
func fill(template string, values map[string]string) string {
	escaped := map[string]string{}
	for name, v := range values {
		escaped[name] = url.QueryEscape(v)
	}
	return replace(template, escaped)
}

func replace(template string, values map[string]string) string {
	return variable.ReplaceAllStringFunc(template, func(s string) string { return values[s[1:len(s)-1]] })
}

// Pattern returns the page on which to confirm a verb, with {object} where its
// id belongs or {handle} for an actor's handle; "" if there is none. A verb that
// the server has no page for is found on the page about the object, and of old
// servers on the one for following: it takes anything's address as well.
func (i *Intents) Pattern(verb string) string {
	for _, v := range []string{verb, "Object"} {
		if t := i.templates[v]; t != "" {
			return replace(t, map[string]string{"object": "{object}", "uri": "{object}"})
		}
	}
	return replace(i.templates[relSubscribe], map[string]string{"object": "{handle}", "uri": "{handle}"})
}

// URL returns the page on which to confirm a verb about an object, whose
// handle is given if it is an actor; "" if there is none.
func (i *Intents) URL(verb string, object federation.IRI, handle string) string {
	if handle == "" {
		handle = string(object)
	}
	return fill(i.Pattern(verb), map[string]string{"object": string(object), "handle": handle})
}
