// SPDX-License-Identifier: AGPL-3.0-or-later

package remote

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/signature"
)

// An entry is what we hold in memory of a key: itself, or why there is none.
type entry struct {
	key   signature.PublicKey
	err   error
	read  time.Time // from its origin; zero if from the Cache
	until time.Time
}

var _ signature.Keys = (*Directory)(nil)

// PublicKey implements [signature.Keys]. A key is its owner's if the owner's
// document, read from the owner's address, lists it. Rule R2. A key of ours is
// looked up in the Cache only.
func (d *Directory) PublicKey(ctx context.Context, keyID federation.IRI, refresh bool) (signature.PublicKey, error) {
	d.init()
	if d.Client.ours(keyID) {
		return d.knownKey(ctx, keyID)
	}
	e, ok := d.keys.GetIfPresent(keyID)
	if ok && d.holds(e, refresh) {
		return e.key, e.err
	}
	if !refresh {
		key, err := d.knownKey(ctx, keyID)
		if err == nil {
			d.keys.Set(keyID, entry{key: key, until: d.now().Add(keyAge)})
		}
		if !errors.Is(err, federation.ErrNotFound) {
			return key, err
		}
	}
	return join(ctx, &d.flights, "key "+string(keyID), func(ctx context.Context) (signature.PublicKey, error) {
		if e, ok := d.keys.GetIfPresent(keyID); ok && d.holds(e, refresh) {
			return e.key, e.err // somebody was faster
		}
		key, err := d.findKey(ctx, keyID)
		if wait := patience(err, refusalAge); wait > 0 {
			d.keys.Set(keyID, entry{key: key, err: err, read: d.now(), until: d.now().Add(wait)})
		}
		return key, err
	})
}

// holds reports whether an entry answers the question. One that was read from
// its origin a moment ago is not refreshed: otherwise anybody could make us ask
// a peer as often as they like, by signing badly.
func (d *Directory) holds(e entry, refresh bool) bool {
	if refresh {
		return d.now().Sub(e.read) < refreshWait
	}
	return d.now().Before(e.until)
}

// knownKey takes a key from the Cache.
func (d *Directory) knownKey(ctx context.Context, keyID federation.IRI) (signature.PublicKey, error) {
	a, err := d.Cache.ActorByKey(ctx, keyID)
	if err != nil {
		return signature.PublicKey{}, fmt.Errorf("key %s: %w", keyID, err)
	}
	return keyOf(a, keyID)
}

// findKey reads a key from its origin.
func (d *Directory) findKey(ctx context.Context, keyID federation.IRI) (signature.PublicKey, error) {
	owner, stated := keyID.Document(), crypto.PublicKey(nil)
	if owner == keyID {
		var err error
		if owner, stated, err = d.keyDocument(ctx, keyID); err != nil {
			return signature.PublicKey{}, fmt.Errorf("key %s: %w", keyID, err)
		}
	}
	if !owner.SameOrigin(keyID) {
		return signature.PublicKey{}, forbidden("key %s claims the owner %q", keyID, owner)
	}
	a, err := d.renew(ctx, owner)
	if err != nil {
		return signature.PublicKey{}, err
	}
	key, err := keyOf(a, keyID)
	if err == nil && stated != nil && !same(key.Key, stated) {
		return signature.PublicKey{}, forbidden("key %s is not the one of %s", keyID, owner)
	}
	return key, err
}

// keyDocument reads a key that has an address of its own and returns who owns
// it and, if it says so, what it is. GoToSocial serves the actor there.
func (d *Directory) keyDocument(ctx context.Context, keyID federation.IRI) (owner federation.IRI, key crypto.PublicKey, err error) {
	p, err := d.Client.page(ctx, keyID)
	if err != nil {
		return "", nil, err
	}
	m := members(p.doc)
	if !p.at.SameOrigin(keyID) || p.id == "" {
		return "", nil, forbidden("%s serves %q", p.at, p.id)
	}
	if m["publicKey"] != nil {
		return p.id, nil, nil // an actor; whether it is that one, its own address will tell
	}
	if p.id != keyID {
		return "", nil, forbidden("%s serves %s", p.at, p.id)
	}
	text := m.text("owner")
	if text == "" {
		text = m.text("controller")
	}
	if owner, err = federation.ParseIRI(text); err != nil {
		return "", nil, fmt.Errorf("owner: %w", err)
	}
	if text := m.text("publicKeyPem"); text != "" {
		key, _, err = signature.ParsePublicKey(text)
	}
	return owner, key, err
}

// keyOf returns a key that an actor lists as its own.
func keyOf(a *federation.Actor, keyID federation.IRI) (signature.PublicKey, error) {
	if a.Gone {
		return signature.PublicKey{}, fmt.Errorf("actor %s: %w", a.ID, federation.ErrGone)
	}
	for _, k := range ownKeys(a) {
		if k.ID == keyID {
			key, _, err := signature.ParsePublicKey(k.PEM)
			if err != nil {
				return signature.PublicKey{}, fmt.Errorf("key %s: %w", keyID, err)
			}
			return signature.PublicKey{ID: keyID, Owner: a.ID, Key: key}, nil
		}
	}
	return signature.PublicKey{}, forbidden("actor %s does not list the key %s", a.ID, keyID)
}

// ownKeys leaves out keys that are another's, or that live on another server.
func ownKeys(a *federation.Actor) []federation.Key {
	var own []federation.Key
	for _, k := range a.Keys {
		if k.Owner == a.ID && k.ID.SameOrigin(a.ID) {
			own = append(own, k)
		}
	}
	return own
}

// remember puts the keys of an actor that was just read into memory.
func (d *Directory) remember(a *federation.Actor) {
	for _, k := range a.Keys {
		if key, err := keyOf(a, k.ID); err == nil {
			d.keys.Set(k.ID, entry{key: key, read: d.now(), until: d.now().Add(keyAge)})
		}
	}
}

// forget removes the keys of an actor from memory.
func (d *Directory) forget(a *federation.Actor) {
	for _, k := range a.Keys {
		d.keys.Invalidate(k.ID)
	}
}

func same(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(x crypto.PublicKey) bool })
	return ok && k.Equal(b)
}
