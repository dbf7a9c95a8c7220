// SPDX-License-Identifier: AGPL-3.0-or-later

package remote

import (
	"context"
	"encoding/json"
	"fmt"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
)

// accept is what we ask for: the words of ActivityPub 3.2, and those that the
// peers prefer.
const accept = vocab.ActivityJSON + ", " + vocab.MediaType

// Fetch returns the document that is named id, as its origin serves it to our
// instance actor. A fragment is left to the reader of the document.
//
// If the address answers for another document of the same origin, as pages for
// people do, that one is read in its place: compare the id in the document with
// the one you asked for where it matters. A document that names an origin
// other than its own is discarded with ErrForbidden.
//
// ErrNotFound, ErrGone and ErrForbidden are the peer's words, or the guard's;
// ErrUnavailable means to ask again later.
func (c *Client) Fetch(ctx context.Context, id federation.IRI) ([]byte, error) {
	p, err := c.page(ctx, id.Document())
	if err != nil || p.id == p.at {
		return p.doc, err
	}
	if !p.id.SameOrigin(p.at) {
		return nil, forbidden("%s serves %s", p.at, p.id)
	}
	again, err := c.page(ctx, p.id)
	if err != nil {
		return nil, err
	}
	if again.id != again.at || again.id != p.id {
		return nil, forbidden("%s serves %s", again.at, again.id)
	}
	return again.doc, nil
}

// A page is a document of ActivityStreams, and where it was found.
type page struct {
	at  federation.IRI
	id  federation.IRI // what it says of itself; may be empty in collections
	doc []byte
}

// page asks for a document and says what its id is, believing nothing. FEP-fe34.
func (c *Client) page(ctx context.Context, id federation.IRI) (page, error) {
	a, err := c.get(ctx, id, accept, true)
	if err != nil {
		return page{}, err
	}
	return readPage(a)
}

func readPage(a *answer) (page, error) {
	if err := a.problem(); err != nil {
		return page{}, err
	}
	if t := a.header.Get("Content-Type"); !vocab.IsActivityJSON(t) {
		return page{}, forbidden("%s is %.80q, not ActivityStreams", a.at, t)
	}
	if err := vocab.Gate(a.body); err != nil {
		return page{}, fmt.Errorf("%s: %w", a.at, err)
	}
	p := page{at: a.at, doc: a.body}
	if text := members(a.body).text("id"); text != "" {
		id, err := federation.ParseIRI(text)
		if err != nil {
			return page{}, fmt.Errorf("%s: %w", a.at, err)
		}
		p.id = id
	}
	return p, nil
}

// An object is a JSON object by its exact names; a struct would match them
// without case.
type object map[string]json.RawMessage

// members splits a document that passed the gate.
func members(doc []byte) object {
	var m object
	if json.Unmarshal(doc, &m) != nil {
		return nil
	}
	return m
}

// text returns a member that is a string, or the id of one that is an object.
func (m object) text(name string) string {
	var s string
	if json.Unmarshal(m[name], &s) == nil {
		return s
	}
	if json.Unmarshal(members(m[name])["id"], &s) == nil {
		return s
	}
	return ""
}
