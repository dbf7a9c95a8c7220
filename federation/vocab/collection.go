// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"encoding/json"

	"codeberg.org/maillage/maillage/federation"
)

// DecodeCollection reads a collection or a page of one: its items as received
// (addresses or objects), where to go on, and how many there are in all. The
// items of a first page that came along are among them.
func DecodeCollection(doc []byte) (items []json.RawMessage, next federation.IRI, total int, err error) {
	defer recovered(&err)
	n, _, err := read(doc, false)
	if err != nil {
		return nil, "", 0, err
	}
	switch typeOf(n.tree) {
	case "Collection", "OrderedCollection", "CollectionPage", "OrderedCollectionPage":
	default:
		return nil, "", 0, unsupported("%s is no collection", typeOf(n.tree))
	}
	total = count(n.tree["totalItems"])
	items, next = n.items(), idOf(n.tree["next"])
	if next != "" {
		return items, next, total, nil
	}
	if first := n.child("first"); first.holds() {
		return append(items, first.items()...), idOf(first.tree["next"]), total, nil
	}
	if len(items) == 0 {
		next = idOf(n.tree["first"])
	}
	return items, next, total, nil
}

// holds reports whether a page came along with its items.
func (n *node) holds() bool {
	return n != nil && (n.tree["orderedItems"] != nil || n.tree["items"] != nil)
}

func (n *node) items() []json.RawMessage {
	if n == nil {
		return nil
	}
	if raw, ok := n.members()["orderedItems"]; ok {
		return elements(raw)
	}
	return elements(n.members()["items"])
}
