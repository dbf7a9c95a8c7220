// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"testing"

	"codeberg.org/maillage/maillage/federation"
)

// TestConversationsHaveAName: a post, what answers it and what becomes of it
// carry the same context. FEP-7888.
func TestConversationsHaveAName(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		i := launch(t, "amap", variant{database: fresh(t)})
		name := func(o *federation.Object) string {
			t.Helper()
			s, _ := i.get(string(o.ID)).doc(t)["context"].(string)
			return s
		}
		offer := i.offers(basketForm())
		root := name(offer)
		if root == "" {
			t.Fatal("the offer has no context")
		}
		if other := name(i.offers(harvestForm())); other == root {
			t.Errorf("another offer has the same: %s", other)
		}
		answer := func(to federation.IRI) *federation.Object {
			o := &federation.Object{Type: "Note", Content: "<p>oui</p>", AttributedTo: i.Actor.ID, InReplyTo: to, To: []federation.IRI{federation.Public}}
			i.publish(&federation.Activity{Type: federation.Create, Enclosed: o})
			return o
		}
		first := answer(offer.ID)
		for _, o := range []*federation.Object{first, answer(first.ID), i.changes(offer.ID, func(o *federation.Object) error {
			o.Context = ""
			return nil
		})} {
			if got := name(o); got != root {
				t.Errorf("%s: %q, want %q", o.ID, got, root)
			}
		}
		if got := name(answer("https://elsewhere.example/unknown")); got != "" {
			t.Errorf("an answer to we do not know what: %q", got)
		}
	})
}
