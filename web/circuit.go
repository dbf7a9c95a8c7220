// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// A circuitPart lets those who look after a circuit of ours decide what it
// passes on of what is published for it.
type circuitPart struct {
	*who

	Username string
	In       bool // it was passed on
	May      bool // it can be: it is for everybody
}

// circuitPart reads how a circuit stands to what is published for it; nil for
// whoever does not speak for it.
func (v *visit) circuitPart(ctx context.Context, tx *store.Tx, o *federation.Object) (*circuitPart, error) {
	if o.Audience == "" || o.AttributedTo == o.Audience || !v.speaksFor(o.Audience) {
		return nil, nil
	}
	a, err := tx.Actor(ctx, o.Audience)
	if err != nil || !a.Local || a.Type != "Group" {
		return nil, ignoreMissing(err)
	}
	c := &circuitPart{who: v.actorOf(a, a.ID), Username: a.Username, May: o.Visibility("") <= federation.VisibleUnlisted}
	e, err := tx.Edge(ctx, federation.Announce, a.ID, o.ID)
	if errors.Is(err, federation.ErrNotFound) { // from before circuits passed anything on, or for members alone
		c.In = !c.May
		return c, nil
	}
	c.In = err == nil && !e.Pending
	return c, err
}

// turnedAway reports whether a circuit, if there is one, did not take a post in.
func (v *visit) turnedAway(ctx context.Context, tx *store.Tx, circuit, id federation.IRI) (bool, error) {
	if circuit == "" {
		return false, nil
	}
	e, err := tx.Edge(ctx, federation.Announce, circuit, id)
	return err == nil && e.Pending, ignoreMissing(err)
}

// maxWaiting is how many posts are shown that a circuit did not take in.
const maxWaiting = 20

// turnedDown shows those who look after a circuit what it does not pass on.
func (v *visit) turnedDown(ctx context.Context, tx *store.Tx, circuit *federation.Actor) ([]*card, error) {
	if !circuit.Local || circuit.Type != "Group" || v.after() != "" || !v.speaksFor(circuit.ID) {
		return nil, nil
	}
	edges, _, err := tx.EdgesFrom(ctx, federation.Announce, circuit.ID, true, "", maxWaiting)
	if err != nil || len(edges) == 0 {
		return nil, err
	}
	var ids []federation.IRI
	for _, e := range edges {
		ids = append(ids, e.To)
	}
	known, err := tx.Objects(ctx, ids...)
	if err != nil {
		return nil, err
	}
	var list []*federation.Object
	for _, id := range ids {
		o := known[id]
		if o == nil || o.Gone() {
			continue
		}
		if ok, err := tx.MayRead(ctx, circuit.ID, o); err != nil {
			return nil, err
		} else if ok {
			list = append(list, o)
		}
	}
	return v.cards(ctx, tx, list)
}
