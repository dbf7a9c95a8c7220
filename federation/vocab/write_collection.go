// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"encoding/json"

	"codeberg.org/maillage/maillage/federation"
)

// A Collection is an ordered collection, newest first, or one page of it.
type Collection struct {
	Unordered   bool // nothing is said of its order
	ID          federation.IRI
	Owner       federation.IRI // whose it is; may be empty
	Total       int
	First, Last federation.IRI
	PartOf      federation.IRI // makes it a page
	Next, Prev  federation.IRI
	Items       []json.RawMessage // documents or addresses, see [IRIs]; nil: not shown
}

// EncodeCollection writes a collection or a page. Its items are always an
// array; activities in it are embedded whole, which is how Gancio reads an
// outbox.
func EncodeCollection(c *Collection) ([]byte, error) {
	w := &writer{}
	context := federation.PlainContext
	for _, item := range c.Items {
		if len(item) > 0 && item[0] == '{' {
			context = federation.SharedContext
		}
	}
	kind, items := "OrderedCollection", "orderedItems"
	if c.Unordered {
		kind, items = "Collection", "items"
	}
	if c.PartOf != "" {
		kind += "Page"
	}
	w.open()
	w.raw("@context", json.RawMessage(context))
	w.iri("id", c.ID)
	w.must("type", kind)
	w.iri("attributedTo", c.Owner)
	w.iri("partOf", c.PartOf)
	w.count("totalItems", c.Total)
	w.iri("first", c.First)
	w.iri("last", c.Last)
	w.iri("next", c.Next)
	w.iri("prev", c.Prev)
	if c.Items != nil || c.PartOf != "" {
		w.list(items, len(c.Items), func(i int) { w.item(c.Items[i], context) })
	}
	w.close()
	return w.document()
}

func (w *writer) item(item json.RawMessage, context string) {
	if len(item) > 0 && item[0] == '{' {
		w.embed(item, context)
		return
	}
	w.verbatim(item)
}

// IRIs makes items of a collection of addresses.
func IRIs(ids []federation.IRI) []json.RawMessage {
	items := make([]json.RawMessage, len(ids))
	for i, id := range ids {
		w := writer{}
		w.quote(string(id))
		items[i] = w.b
	}
	return items
}
