// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// spotOf shows a card on a map; not ok if it has no place.
func spotOf(c *card) (spot, bool) {
	if c.point == nil {
		return spot{}, false
	}
	return spot{Kind: spotKind(c.Kind), Title: c.Title, URL: c.URL, Where: c.Where, When: c.When, Far: c.Far, Point: *c.point}, true
}

func spotKind(kind string) string {
	switch kind {
	case "offer", "need", "event":
		return kind
	}
	return "other"
}

// spotOfObject is spotOf without making the card: a map has a hundred of them.
func (v *visit) spotOfObject(f store.Found) (spot, bool) {
	o := f.Object
	x := federation.IndexOf(o)
	if x.Point == nil {
		return spot{}, false
	}
	s := spot{Kind: spotKind(x.Kind), Title: glued(o.Name), URL: v.href(o), Where: where(o.Location), Point: *x.Point}
	if x.Kind == "event" {
		s.Title, s.When = glued(outbox.BareTitle(o.Name)), v.when(o, federation.EventOf(o))
	}
	if s.Title == "" {
		s.Title = v.card(o).Title
	}
	if f.Km >= 0 {
		s.Far = v.words.Km(f.Km)
	}
	return s, true
}

// spotsOf are the places of cards, each once, and how many have none.
func spotsOf(lists ...[]*card) (spots []spot, missing int) {
	seen := map[federation.IRI]bool{}
	for _, list := range lists {
		for _, c := range list {
			if seen[c.ID] {
				continue
			}
			seen[c.ID] = true
			if s, ok := spotOf(c); ok {
				spots = append(spots, s)
			} else {
				missing++
			}
		}
	}
	return spots, missing
}

// spotOfActor shows an initiative or a circuit.
func spotOfActor(a *federation.Actor, w *who) (spot, bool) {
	if a == nil || a.Location == nil || a.Location.Point == nil {
		return spot{}, false
	}
	return spot{Kind: "initiative", Title: w.Name, URL: w.URL, Where: a.Location.City, Point: *a.Location.Point}, true
}
