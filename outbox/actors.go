// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/signature"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/store"
)

// An ActorSpec says what a new actor of ours is to be.
type ActorSpec struct {
	Type     string // Organization, Person, Group or Application
	Username string // a-z, 0-9, - and _; unique among all our actors, for ever
	Name     string
	Summary  string // sanitised HTML
	Locked   bool   // follows wait for a person
	// Keys may be made beforehand: making RSA keys takes a tenth of a second,
	// which nobody else should wait for.
	Keys *KeyPairs
}

// KeyPairs are the keys of one actor, in PEM.
type KeyPairs struct {
	rsaPrivate, rsaPublic         string
	ed25519Private, ed25519Public string
}

// NewKeyPairs makes an RSA key, with which requests are signed, and an Ed25519
// key, with which documents are.
func NewKeyPairs() (k *KeyPairs, err error) {
	k = &KeyPairs{}
	if k.rsaPrivate, k.rsaPublic, err = signature.GenerateRSA(); err != nil {
		return nil, fmt.Errorf("make an RSA key: %w", err)
	}
	if k.ed25519Private, k.ed25519Public, err = signature.GenerateEd25519(); err != nil {
		return nil, fmt.Errorf("make an Ed25519 key: %w", err)
	}
	return k, nil
}

var username = regexp.MustCompile(`^[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?$`)

// reserved are the names that stand for something else in a handle or a path.
var reserved = map[string]bool{
	"instance": true, "relay": true, "inbox": true, "admin": true, "root": true, "postmaster": true, "abuse": true, "me": true,
}

// Username checks a name for a new actor and returns it in lower case.
func Username(name string) (string, error) {
	name = strings.ToLower(strings.TrimSpace(name))
	if !username.MatchString(name) {
		return "", &federation.FieldError{
			Field: "preferredUsername", Reason: "error_username",
			Detail: fmt.Sprintf("%q: use a to z, 0 to 9, - and _", name),
		}
	}
	return name, nil
}

// NewActor makes an actor of ours with its keys. Its id never changes;
// federation.ErrConflict if the name is or was taken.
func NewActor(ctx context.Context, tx *store.Tx, spec ActorSpec) (*federation.Actor, error) {
	name, err := Username(spec.Username)
	if err != nil {
		return nil, err
	}
	if reserved[name] && spec.Type != "Application" {
		return nil, fmt.Errorf("the name %q is reserved: %w", name, federation.ErrConflict)
	}
	id := federation.IRI(tx.Home() + "/actors/" + name)
	if _, err := tx.Actor(ctx, id); !errors.Is(err, federation.ErrNotFound) {
		if err == nil {
			err = fmt.Errorf("the name %q is taken: %w", name, federation.ErrConflict)
		}
		return nil, err
	}
	keys := spec.Keys
	if keys == nil {
		if keys, err = NewKeyPairs(); err != nil {
			return nil, err
		}
	}
	a := newActor(tx, id, name, spec)
	for _, k := range []store.PrivateKey{
		{ID: id + "#main-key", Actor: id, Algorithm: "rsa", Private: keys.rsaPrivate, Public: keys.rsaPublic},
		{ID: id + "#ed25519-key", Actor: id, Algorithm: "ed25519", Private: keys.ed25519Private, Public: keys.ed25519Public},
	} {
		k.Created = tx.Now()
		if err := tx.PutKey(ctx, k); err != nil {
			return nil, err
		}
		a.Keys = append(a.Keys, federation.Key{ID: k.ID, Owner: id, Algorithm: k.Algorithm, PEM: k.Public})
	}
	return a, tx.PutActor(ctx, a)
}

func newActor(tx *store.Tx, id federation.IRI, name string, spec ActorSpec) *federation.Actor {
	return &federation.Actor{
		ID: id, Type: spec.Type, Username: name, Handle: name + "@" + id.Host(), Name: spec.Name, Summary: spec.Summary,
		URL: tx.Home() + "/@" + name, Inbox: id + "/inbox", SharedInbox: federation.IRI(tx.Home() + "/inbox"),
		Outbox: id + "/outbox", Followers: id + "/followers", Following: id + "/following", Featured: id + "/featured",
		Locked: spec.Locked, Discoverable: true, Indexable: spec.Type != "Person", Published: tx.Now(), Local: true,
	}
}

// EncodeActor writes the document of one of our actors, with the collections
// that we serve for it.
func EncodeActor(a *federation.Actor) ([]byte, error) {
	links := vocab.ActorLinks{UpcomingEvents: a.ID + "/upcoming-events", Offers: a.ID + "/offers", Webfinger: a.Handle}
	return vocab.EncodeActor(a, links)
}
