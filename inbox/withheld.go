// SPDX-License-Identifier: AGPL-3.0-or-later

package inbox

import (
	"context"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/remote"
	"codeberg.org/maillage/maillage/store"
)

// withheld reads, in our name, what a peer does not tell everybody of an offer
// or a need that it just published or changed, or that was just agreed on: what
// is delivered is what everybody may read. It is a courtesy: who may know no
// more is answered the same again, and failing is no matter.
func (w *Worker) withheld(ctx context.Context, a *federation.Activity) {
	id := w.keptFrom(ctx, a)
	if id == "" {
		return
	}
	release, err := w.slot()
	if err != nil {
		return
	}
	defer release()
	ctx, cancel := context.WithTimeout(remote.WithBudget(ctx, fetchBudget), fetchTime)
	defer cancel()
	o, err := w.Directory.Object(ctx, id)
	if err == nil {
		err = w.DB.Update(ctx, func(tx *store.Tx) error { return tx.PutWhole(ctx, o) })
	}
	if err != nil {
		w.Log.DebugContext(ctx, "withheld", "object", id, "err", err)
	}
}

// keptFrom returns the proposal of a peer that a is about and that is not for
// everybody; "" if there is none.
func (w *Worker) keptFrom(ctx context.Context, a *federation.Activity) (id federation.IRI) {
	var o *federation.Object
	switch {
	case (a.Type == federation.Create || a.Type == federation.Update) && a.Enclosed != nil:
		o = a.Enclosed
	case a.Type == federation.Accept || a.Type == federation.Reject:
		err := w.DB.View(ctx, func(tx *store.Tx) error {
			x, err := tx.Exchange(ctx, a.Object)
			if err == nil {
				o, err = tx.Object(ctx, x.Proposal)
			}
			return err
		})
		if err != nil {
			return ""
		}
	}
	if o == nil || o.Local || o.ID.Origin() != a.Actor.Origin() || !federation.Withholds(o) {
		return ""
	}
	return o.ID
}
