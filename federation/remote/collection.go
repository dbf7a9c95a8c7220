// SPDX-License-Identifier: AGPL-3.0-or-later

package remote

import (
	"context"
	"encoding/json"
	"fmt"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
)

// maxPages bounds a collection. Rule R11.
const maxPages = 10

// Collection reads up to limit items of a collection, and how many it says it
// has. Items are as received, addresses or objects; they are the collection's
// word about others, to be fetched before they are believed. If a later page
// fails, the items before it are returned with the error.
func (c *Client) Collection(ctx context.Context, id federation.IRI, limit int) (items []json.RawMessage, total int, err error) {
	seen := map[federation.IRI]bool{}
	for next := id; next != "" && len(items) < limit && len(seen) < maxPages && !seen[next]; {
		if !next.SameOrigin(id) {
			return items, total, forbidden("collection %s goes on at %s", id, next)
		}
		seen[next] = true
		p, err := c.page(ctx, next)
		if err != nil {
			return items, total, fmt.Errorf("collection %s: %w", id, err)
		}
		if !p.at.SameOrigin(id) {
			return items, total, forbidden("collection %s goes on at %s", id, p.at)
		}
		found, after, n, err := vocab.DecodeCollection(p.doc)
		if err != nil {
			return items, total, fmt.Errorf("collection %s: %w", id, err)
		}
		items, next, total = append(items, found...), after, max(total, n)
	}
	return items[:min(len(items), limit)], total, nil
}
