// SPDX-License-Identifier: AGPL-3.0-or-later

package remote

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
)

// Resolve finds what somebody typed or pasted: a handle, the id of an actor or
// an object, or the address of its page. It returns the id; what it names is
// then in reach of [Directory.Actor] or [Directory.Object].
func (c *Client) Resolve(ctx context.Context, input string) (federation.IRI, error) {
	input = strings.TrimSpace(input)
	if !strings.HasPrefix(input, "https://") && !strings.HasPrefix(input, "http://") {
		return c.WebFinger(ctx, input)
	}
	id, err := federation.ParseIRI(input)
	if err != nil {
		return "", err
	}
	a, err := c.get(ctx, id, accept+", text/html;q=0.1", true)
	if err != nil {
		return "", err
	}
	if err := a.problem(); err != nil {
		return "", err
	}
	if isHTML(a.header.Get("Content-Type")) {
		// Once only: a page must not lead to another page.
		link, err := alternate(a)
		if err != nil {
			return "", err
		}
		return c.identify(ctx, link)
	}
	p, err := readPage(a)
	switch {
	case err != nil:
		return "", err
	case p.id == p.at:
		return p.id, nil
	case !p.id.SameOrigin(p.at):
		return "", forbidden("%s serves %s", p.at, p.id)
	}
	return c.identify(ctx, p.id)
}

// identify returns the id of the document at an address.
func (c *Client) identify(ctx context.Context, at federation.IRI) (federation.IRI, error) {
	doc, err := c.Fetch(ctx, at)
	if err != nil {
		return "", err
	}
	return federation.ParseIRI(members(doc).text("id"))
}

func isHTML(contentType string) bool {
	t, _, _ := mime.ParseMediaType(contentType)
	return t == "text/html" || t == "application/xhtml+xml"
}

// alternate returns where a page has its ActivityStreams document: by a Link
// header, or by a link in the text.
func alternate(a *answer) (federation.IRI, error) {
	base, err := url.Parse(string(a.at))
	if err != nil {
		return "", malformed("%s", a.at)
	}
	href := linkInHeader(a.header)
	if href == "" {
		href = linkInText(a.body)
	}
	if href == "" {
		return "", fmt.Errorf("%w: %s has no ActivityStreams document", federation.ErrNotFound, a.at)
	}
	return resolve(base, href)
}

// linkInHeader looks for <href>; rel="alternate"; type="application/activity+json".
// RFC 8288 3.
func linkInHeader(h http.Header) string {
	for _, value := range h.Values("Link") {
		for value != "" {
			_, rest, _ := strings.Cut(value, "<")
			href, rest, ok := strings.Cut(rest, ">")
			if !ok {
				break
			}
			params, _, _ := strings.Cut(rest, ",<")
			params, _, _ = strings.Cut(params, ", <")
			value = rest[len(params):]
			// The parameters are written like those of a media type.
			_, p, err := mime.ParseMediaType("x/x" + params)
			if err == nil && isAlternate(p["rel"], p["type"]) {
				return href
			}
		}
	}
	return ""
}

// linkInText looks for <link rel="alternate" type="application/activity+json">.
func linkInText(body []byte) string {
	for z := html.NewTokenizer(bytes.NewReader(body)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return ""
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			switch t.DataAtom {
			case atom.Body:
				return ""
			case atom.Link:
				if attr := attributes(t); isAlternate(attr["rel"], attr["type"]) && attr["href"] != "" {
					return attr["href"]
				}
			}
		}
	}
}

func attributes(t html.Token) map[string]string {
	m := map[string]string{}
	for _, a := range t.Attr {
		m[a.Key] = a.Val
	}
	return m
}

func isAlternate(rel, mediaType string) bool {
	for r := range strings.FieldsSeq(rel) {
		if strings.EqualFold(r, "alternate") {
			return vocab.IsActivityJSON(mediaType)
		}
	}
	return false
}
