// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"context"
	"fmt"
	"sync"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/signature"
	"codeberg.org/maillage/maillage/store"
)

// keyFresh is how long a signing key is remembered.
const keyFresh = time.Minute

// Signers knows the keys that our actors sign requests with. Reading and
// checking one takes longer than signing, so they are remembered for a minute.
type Signers struct {
	DB  *store.DB
	Now func() time.Time

	keys sync.Map // federation.IRI -> cachedKey
}

type cachedKey struct {
	signer signature.Signer
	until  time.Time
}

// Of returns the RSA key of one of our actors.
func (s *Signers) Of(ctx context.Context, actor federation.IRI) (signature.Signer, error) {
	if c, ok := s.keys.Load(actor); ok && s.Now().Before(c.(cachedKey).until) {
		return c.(cachedKey).signer, nil
	}
	signer, err := s.read(ctx, actor)
	if err == nil {
		s.keys.Store(actor, cachedKey{signer, s.Now().Add(keyFresh)})
	}
	return signer, err
}

func (s *Signers) read(ctx context.Context, actor federation.IRI) (signer signature.Signer, err error) {
	var secret string
	err = s.DB.View(ctx, func(tx *store.Tx) (err error) {
		signer.KeyID, secret, err = tx.SigningKey(ctx, actor, "rsa")
		return err
	})
	if err != nil {
		return signer, fmt.Errorf("signing key of %s: %w", actor, err)
	}
	signer.Key, err = signature.ParsePrivateKey(secret)
	return signer, err
}
