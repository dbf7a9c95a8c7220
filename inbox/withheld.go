// SPDX-License-Identifier: AGPL-3.0-or-later

package inbox

import (
	"context"
	"errors"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// maxWithheld is how many offers and needs of one peer are read again when they
// let one of ours follow them.
const maxWithheld = 5

// withheld reads, in our name, what a peer does not tell everybody of an offer
// or a need that it just published or changed, that was just agreed on, or that
// it published before one of ours might follow it: what is delivered is what
// everybody may read. It is a courtesy: who may know no more is answered the
// same again, and failing is no matter.
func (w *Worker) withheld(ctx context.Context, a *federation.Activity) {
	list := w.keptFrom(ctx, a)
	if len(list) == 0 {
		return
	}
	ctx, done, err := w.slot(ctx)
	if err != nil {
		return // one can do without
	}
	defer done()
	for _, id := range list {
		o, err := w.Directory.Object(ctx, id)
		if err == nil {
			err = w.DB.Update(ctx, func(tx *store.Tx) error { return tx.PutWhole(ctx, o) })
		}
		if err != nil {
			w.Log.DebugContext(ctx, "withheld", "object", id, "err", err)
		}
	}
}

// keptFrom returns the proposals of a peer that a is about and that are not for
// everybody.
func (w *Worker) keptFrom(ctx context.Context, a *federation.Activity) (ids []federation.IRI) {
	var list []*federation.Object
	switch {
	case (a.Type == federation.Create || a.Type == federation.Update) && a.Enclosed != nil:
		list = []*federation.Object{a.Enclosed}
	case a.Type == federation.Accept || a.Type == federation.Reject:
		err := w.DB.View(ctx, func(tx *store.Tx) (err error) {
			list, err = answered(ctx, tx, a)
			return err
		})
		if err != nil {
			return nil
		}
	}
	for _, o := range list {
		if !o.Local && o.ID.Origin() == a.Actor.Origin() && federation.Withholds(o) && len(ids) < maxWithheld {
			ids = append(ids, o.ID)
		}
	}
	return ids
}

// answered returns what an answer opens: the proposal of an exchange, or what
// whoever lets one of ours follow them published lately.
func answered(ctx context.Context, tx *store.Tx, a *federation.Activity) ([]*federation.Object, error) {
	x, err := tx.Exchange(ctx, a.Object)
	if err == nil {
		o, err := tx.Object(ctx, x.Proposal)
		return []*federation.Object{o}, err
	}
	if !errors.Is(err, federation.ErrNotFound) || a.Type != federation.Accept {
		return nil, err
	}
	list, _, err := tx.ObjectsBy(ctx, a.Actor, "", "", 30)
	return list, err
}
