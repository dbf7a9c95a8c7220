// SPDX-License-Identifier: AGPL-3.0-or-later

package remote

import (
	"context"
	"fmt"
	"slices"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/signature"
)

const (
	farewellAge = 24 * time.Hour // how long a replaced key is good for a farewell
	maxFormer   = 8              // how many of them are kept of an actor
)

// Former returns the keys that an actor replaced in the last day. They are good
// for one thing: its own deletion, which a server may still have in its queue
// when the key changes, and which cannot be proven otherwise once the actor is
// gone. Whoever stole an old key must not be able to say anything else.
func (d *Directory) Former(actor federation.IRI) signature.Keys { return former{d, actor} }

type former struct {
	d     *Directory
	actor federation.IRI
}

// PublicKey implements [signature.Keys]. Nothing is ever read from the origin,
// which does not know the key any more.
func (f former) PublicKey(ctx context.Context, keyID federation.IRI, _ bool) (signature.PublicKey, error) {
	a, err := f.d.Cache.Actor(ctx, f.actor)
	if err != nil {
		return signature.PublicKey{}, fmt.Errorf("former key %s: %w", keyID, err)
	}
	for _, k := range a.Former {
		if k.ID == keyID && f.d.now().Sub(k.Retired) < farewellAge {
			key, _, err := signature.ParsePublicKey(k.PEM)
			if err != nil {
				return signature.PublicKey{}, fmt.Errorf("former key %s: %w", keyID, err)
			}
			return signature.PublicKey{ID: keyID, Owner: a.ID, Key: key}, nil
		}
	}
	return signature.PublicKey{}, forbidden("actor %s did not replace the key %s lately", a.ID, keyID)
}

// formerKeys returns the keys of an actor that were replaced in the last day,
// the latest first: what old had and a has no more, and what was replaced
// before that.
func formerKeys(old, a *federation.Actor, now time.Time) (list []federation.Key) {
	if old == nil || old.Gone {
		return nil
	}
	var replaced []federation.Key
	for _, k := range ownKeys(old) {
		k.Retired = now
		replaced = append(replaced, k)
	}
	for _, k := range append(replaced, old.Former...) {
		inUse := slices.ContainsFunc(a.Keys, func(in federation.Key) bool { return in.ID == k.ID && in.PEM == k.PEM })
		known := slices.ContainsFunc(list, func(in federation.Key) bool { return in.ID == k.ID })
		if !inUse && !known && now.Sub(k.Retired) < farewellAge && len(list) < maxFormer {
			list = append(list, k)
		}
	}
	return list
}
