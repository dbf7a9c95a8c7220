// SPDX-License-Identifier: AGPL-3.0-or-later

package harvest

import (
	"context"
	"fmt"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// Tell tells followers of the dates that are near enough, the first ones first,
// and of a few a day only.
func (w *Worker) Tell(ctx context.Context) error {
	var list []*store.CalendarEvent
	err := w.DB.View(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.UntoldEvents(ctx, w.Now(), w.Now().Add(tellBefore), 100)
		return err
	})
	if err != nil {
		return err
	}
	for _, e := range list {
		if err := w.DB.Update(ctx, func(tx *store.Tx) error { return tell(ctx, tx, e) }); err != nil {
			return fmt.Errorf("entry %d: %w", e.ID, err)
		}
	}
	return nil
}

// tell tells of one, unless enough was told today.
func tell(ctx context.Context, tx *store.Tx, known *store.CalendarEvent) error {
	if err := tx.Lock(ctx, federation.IRI(fmt.Sprint("calendar:", known.Calendar))); err != nil {
		return err
	}
	e, err := tx.CalendarEvent(ctx, known.Calendar, known.Key)
	if err != nil || e.State != store.EntryPublished || !e.Announced.IsZero() {
		return ignoreMissing(err)
	}
	c, err := tx.Calendar(ctx, e.Calendar)
	if err != nil {
		return ignoreMissing(err)
	}
	told, err := tx.ToldSince(ctx, c.Actor, tx.Now().Add(-24*time.Hour))
	if err != nil || told >= tellPerDay {
		return err
	}
	o, err := tx.Object(ctx, e.Object)
	if err != nil || o.Gone() || federation.EventOf(o).Status == federation.EventCancelled {
		return ignoreMissing(err)
	}
	if err := outbox.TellTx(ctx, tx, e.Object); err != nil {
		return err
	}
	e.Announced = tx.Now()
	return tx.PutCalendarEvent(ctx, e)
}
