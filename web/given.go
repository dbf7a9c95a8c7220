// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// given shows the visitor the events to come that they answered, here and
// elsewhere, to change that or take it back.
func (v *visit) given(ctx context.Context, tx *store.Tx) (*page, error) {
	found, err := tx.Given(ctx, v.account.Person)
	if err != nil {
		return nil, err
	}
	var list []*federation.Object
	for _, o := range found {
		ok, err := tx.MayRead(ctx, v.account.Person, o)
		if err != nil {
			return nil, err
		}
		if ok {
			list = append(list, o)
		}
	}
	cards, err := v.cards(ctx, tx, list)
	if err != nil {
		return nil, err
	}
	return &page{Name: "given", Title: v.words.T("page_given"), Data: cards, NoIndex: true}, nil
}
