// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"fmt"
	"strconv"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// A door is how somebody came to an exchange: who of the two they are.
type door struct {
	x      *federation.Exchange
	me     federation.IRI
	as     string            // their voice
	by     *store.Respondent // came by the link of a letter
	author *store.Respondent // who takes part by our pages alone, if anybody does
}

// exchangeDoor lets in whoever may see the exchange of the path.
func (v *visit) exchangeDoor(ctx context.Context, tx *store.Tx) (*door, error) {
	id := v.local("/exchanges/" + v.r.PathValue("id"))
	none := fmt.Errorf("exchange %s: %w", id, federation.ErrNotFound)
	if v.r.FormValue("k") != "" {
		return v.letterDoor(ctx, tx, id)
	}
	if v.account == nil {
		return nil, errSignIn // whether or not there is one
	}
	x, err := tx.Exchange(ctx, id)
	if err != nil {
		return nil, err
	}
	if x.ID != id {
		return nil, none
	}
	d := &door{x: x}
	for _, a := range v.voices {
		if x.Party(a.ID) && (d.me == "" || a.Username == v.r.FormValue("as") || d.me != x.Waits() && a.ID == x.Waits() && v.r.FormValue("as") == "") {
			d.me, d.as = a.ID, a.Username
		}
	}
	if d.me == "" {
		return nil, none
	}
	d.author, err = tx.RespondentOf(ctx, x.ID)
	return d, ignoreMissing(err)
}

// letterDoor lets in whoever has the link of a letter.
func (v *visit) letterDoor(ctx context.Context, tx *store.Tx, id federation.IRI) (*door, error) {
	n, err := strconv.ParseInt(v.r.FormValue("g"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("exchange %s: %w", id, federation.ErrNotFound)
	}
	r, err := tx.Respondent(ctx, n, v.r.FormValue("k"))
	if err != nil {
		return nil, err
	}
	if r.Exchange != id {
		return nil, fmt.Errorf("exchange %s: %w", id, federation.ErrNotFound)
	}
	x, err := tx.Exchange(ctx, id)
	if err != nil {
		return nil, err
	}
	return &door{x: x, me: x.Partner, by: r, author: r}, nil
}
