// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"

	"codeberg.org/maillage/maillage/store"
)

// acting is the context of whoever has signed in: what they change is recorded
// under their name.
func (v *visit) acting(ctx context.Context) context.Context {
	if v.account == nil {
		return ctx
	}
	return store.Acting(ctx, v.account.ID, v.account.Name)
}
