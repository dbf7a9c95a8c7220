// SPDX-License-Identifier: AGPL-3.0-or-later

package inbox

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/signature"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/store"
)

// proof checks the proof of a receipt, if it has one: it has to be by the actor
// who says to have written it. Without one, or with one of a kind we do not know,
// it is as good as the signature of the request that brought it; a wrong one is
// refused. FEP-8b32.
func proof(ctx context.Context, tx *store.Tx, a *federation.Activity) error {
	o := a.Enclosed
	if o == nil || o.Type != "Document" || o.Context == "" || len(o.Extra["proof"]) == 0 || o.AttributedTo != a.Actor {
		return nil
	}
	author, err := tx.Actor(ctx, o.AttributedTo)
	if err != nil {
		return err
	}
	_, err = vocab.CheckProof(o.Raw, tx.Now(), func(method federation.IRI) (ed25519.PublicKey, error) {
		for _, k := range author.Keys {
			if k.ID != method {
				continue
			}
			public, _, err := signature.ParsePublicKey(k.PEM)
			if key, ok := public.(ed25519.PublicKey); ok && err == nil {
				return key, nil
			}
		}
		return nil, fmt.Errorf("%w: %s is no Ed25519 key of %s", federation.ErrForbidden, method, author.ID)
	})
	if o.Proven = err == nil; errors.Is(err, federation.ErrUnsupported) {
		return nil
	}
	return err
}
