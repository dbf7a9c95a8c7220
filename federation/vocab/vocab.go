// SPDX-License-Identifier: AGPL-3.0-or-later

// Package vocab is the border between ActivityStreams documents and our model.
//
// What comes in passes [Gate] first: one JSON document of bounded depth and
// size, without duplicate names. [Peek] then reads the little that filing an
// activity needs, and the Decode functions read all of it into plain
// [federation] values. go-fed says what a document is (an activity, an actor,
// an object); the values themselves are read from the same tree by helpers
// that take what peers really send, because go-fed rewrites addresses and drops
// language maps. Contexts are never fetched and never interpreted: a property
// is known by its plain name, exactly as written, or not at all.
//
// What goes out is written by the Encode functions from our own values, in one
// fixed order and with a fixed "@context"; go-fed reads it back in the tests.
// Its bytes are what is stored, served and delivered.
//
// Text is cleaned here, once, on its way in: see [CleanText] and
// [SanitizeHTML].
package vocab

import (
	"mime"
	"strconv"
	"strings"
)

// MediaType is what we ask for.
const MediaType = `application/ld+json; profile="https://www.w3.org/ns/activitystreams"`

// ActivityJSON is what we answer with and post.
const ActivityJSON = "application/activity+json"

const profile = "https://www.w3.org/ns/activitystreams"

// IsActivityJSON reports whether contentType is an ActivityStreams document:
// application/activity+json, or application/ld+json with the profile among its
// profiles. A user's upload on a peer has neither. FEP-fe34.
func IsActivityJSON(contentType string) bool {
	t, params, err := mime.ParseMediaType(contentType)
	switch {
	case t == ActivityJSON: // whatever its parameters are
		return true
	case err != nil || t != "application/ld+json":
		return false
	}
	for p := range strings.FieldsSeq(params["profile"]) {
		if strings.TrimSuffix(p, "#") == profile {
			return true
		}
	}
	return false
}

// Wants reports whether a request with that Accept header is to be answered
// with the document rather than with the page for people. Wildcards mean the
// page; of two equal wishes the first one named wins.
func Wants(accept string) bool {
	var doc, page float64 // the best wish for either
	docFirst := true
	for _, part := range split(accept) {
		t, params, _ := mime.ParseMediaType(part)
		q := 1.0
		if s, ok := params["q"]; ok {
			q, _ = strconv.ParseFloat(s, 64)
		}
		switch t {
		case ActivityJSON, "application/ld+json":
			if q > doc {
				doc, docFirst = q, q > page
			}
		case "text/html", "application/xhtml+xml":
			page = max(page, q)
		}
	}
	return doc > page || doc > 0 && doc == page && docFirst
}

// split cuts a header at its commas, but not inside quotes.
func split(header string) (parts []string) {
	quoted, start := false, 0
	for i := range len(header) {
		switch {
		case header[i] == '"':
			quoted = !quoted
		case header[i] == ',' && !quoted:
			parts = append(parts, header[start:i])
			start = i + 1
		}
	}
	return append(parts, header[start:])
}
