// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// activity sends people who open a public activity to what it was about.
func (v *visit) activity(ctx context.Context, tx *store.Tx) (*page, error) {
	a, err := tx.Activity(ctx, v.local("/activities/"+v.r.PathValue("id")))
	if err != nil {
		return nil, err
	}
	if !a.Public || !a.Local {
		return v.nowhere(ctx, tx)
	}
	o, err := v.readable(ctx, tx, a.Object)
	if errors.Is(err, federation.ErrNotFound) {
		return see(strings.Replace(strings.TrimPrefix(string(a.Actor), v.Origin), "/actors/", "/@", 1), ""), nil
	}
	if err != nil {
		return nil, err
	}
	if o.Local {
		return see(v.href(o), ""), nil
	}
	if v.account == nil { // an open redirect would be no service to anybody
		return v.nowhere(ctx, tx)
	}
	return see(peerPath("objects", o.ID), ""), nil
}

// peerObject shows what a peer published, to those who have signed in.
func (v *visit) peerObject(ctx context.Context, tx *store.Tx) (*page, error) {
	o, err := v.readable(ctx, tx, federation.IRI(v.r.URL.Query().Get("id")))
	if err != nil {
		return nil, err
	}
	if o.Local {
		return see(v.href(o), ""), nil
	}
	return v.objectPage(ctx, tx, o, nil)
}

// peerActor shows a peer's actor, to those who have signed in.
func (v *visit) peerActor(ctx context.Context, tx *store.Tx) (*page, error) {
	a, err := tx.Actor(ctx, federation.IRI(v.r.URL.Query().Get("id")))
	if err != nil {
		return nil, err
	}
	switch {
	case a.Local:
		return see(v.actorOf(a, a.ID).URL, ""), nil
	case a.Gone:
		return v.stone(), nil
	}
	d, err := v.actorData(ctx, tx, a)
	return &page{Name: "actor", Title: d.Who.Name, Data: d, NoIndex: true}, err
}
