// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"codeberg.org/maillage/maillage/federation"
)

// A PrivateKey signs for one of our actors.
type PrivateKey struct {
	ID        federation.IRI
	Actor     federation.IRI
	Algorithm string // "rsa" or "ed25519"
	Private   string // PKCS #8 in PEM
	Public    string // SubjectPublicKeyInfo in PEM
	Created   time.Time
	Retired   time.Time // zero: in use
}

type keyRow struct {
	bun.BaseModel `bun:"table:keys"`

	KeyID      federation.IRI `bun:",pk"`
	Actor      federation.IRI
	Algorithm  string
	PrivatePEM string
	PublicPEM  string
	Created    int64
	Retired    int64
}

// SigningKey returns the newest key of an actor that is in use.
func (tx *Tx) SigningKey(ctx context.Context, actor federation.IRI, algorithm string) (keyID federation.IRI, privatePEM string, err error) {
	type pair struct {
		id  federation.IRI
		pem string
	}
	k, err := first(ctx, tx, func(r row) (k pair, err error) { err = r.Scan(&k.id, &k.pem); return k, err }, `
		SELECT key_id, private_pem FROM keys
		WHERE actor = ? AND algorithm = ? AND retired = 0 ORDER BY created DESC, key_id LIMIT 1`, actor, algorithm)
	return k.id, k.pem, named(err, algorithm+" key of", actor)
}

// PutKey stores a key of one of our own actors. That its public half stands in
// the actor's document is PutActor's.
func (tx *Tx) PutKey(ctx context.Context, k PrivateKey) error {
	if k.Created.IsZero() {
		k.Created = tx.now
	}
	r := keyRow{
		KeyID: k.ID, Actor: k.Actor, Algorithm: k.Algorithm, PrivatePEM: k.Private, PublicPEM: k.Public,
		Created: micros(k.Created), Retired: micros(k.Retired),
	}
	_, err := tx.bun.NewInsert().Model(&r).
		On("CONFLICT (key_id) DO UPDATE").Set("retired = EXCLUDED.retired").
		Exec(tx.within(ctx))
	return named(err, "key", k.ID)
}
