// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"context"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// What is published quietly can be found and read here, and is news to nobody:
// a calendar with a hundred dates does not fill the home pages of those who
// follow it. Each is told when its time has come.

// PublishQuietlyTx is [PublishTx] without telling followers. Whoever was sent
// the object before, or answered, hears of what changed.
func PublishQuietlyTx(ctx context.Context, tx *store.Tx, a *federation.Activity) error {
	if err := quietly(ctx, tx, a); err != nil {
		return err
	}
	if a.Type == federation.Create || a.Type == federation.Update { // no news to those here either
		if err := tx.Behind(ctx, a.Object); err != nil {
			return err
		}
	}
	return tx.Record(ctx, store.Deed{Verb: a.Type, Actor: a.Actor, Object: string(a.Subject())})
}

func quietly(ctx context.Context, tx *store.Tx, a *federation.Activity) error {
	return do(ctx, tx, a, func() error {
		if a.Type != federation.Update && a.Type != federation.Delete {
			return nil
		}
		sent, err := tx.Sent(ctx, a.Actor, a.Object)
		if err != nil {
			return err
		}
		answered, err := tx.AnswererInboxes(ctx, a.Object)
		if err != nil {
			return err
		}
		_, err = tx.Enqueue(ctx, a, Lane(a.Subject()), nil, append(sent, answered...)...)
		return err
	})
}

// TellTx tells everybody of an object that was published quietly, as of now:
// servers put into the pages of those who follow only what is new.
func TellTx(ctx context.Context, tx *store.Tx, id federation.IRI) error {
	o, err := tx.Object(ctx, id)
	if err != nil {
		return err
	}
	news := *o
	news.Published, news.Updated = after(tx.Now(), newest(o.Published, o.Updated)), time.Time{}
	a := &federation.Activity{Type: federation.Create, Actor: o.AttributedTo, Object: o.ID, Enclosed: &news, To: o.To, Cc: o.Cc}
	if err := publish(ctx, tx, a); err != nil {
		return err
	}
	return tx.PutObject(ctx, &news) // Create leaves alone what is known
}
