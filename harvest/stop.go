// SPDX-License-Identifier: AGPL-3.0-or-later

package harvest

import (
	"context"
	"errors"
	"slices"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// Stop ends the reading of a calendar. What came from it stays, or what is to
// come of it is withdrawn first.
func (h *Harvest) Stop(ctx context.Context, c *store.Calendar, withdraw bool) error {
	t := &taking{Harvest: h, calendar: c, now: h.Now(), language: "fr"}
	var coming []*store.CalendarEvent
	err := h.DB.Update(ctx, func(tx *store.Tx) (err error) {
		if lang, err := tx.Setting(ctx, "language"); err == nil {
			t.language = lang
		} else if !errors.Is(err, federation.ErrNotFound) {
			return err
		}
		if c.State == store.CalendarActive { // that nothing comes back meanwhile
			c.State = store.CalendarPaused
			if err := tx.SetCalendar(ctx, c); err != nil {
				return err
			}
		}
		coming, err = tx.CalendarEvents(ctx, c.ID)
		return err
	})
	if err != nil {
		return err
	}
	if withdraw {
		coming = slices.DeleteFunc(coming, func(r *store.CalendarEvent) bool { return r.State != store.EntryPublished || r.Starts.Before(t.now) })
		if err := inBatches(ctx, t, coming, t.withdraw); err != nil {
			return err
		}
	}
	return h.DB.Update(ctx, func(tx *store.Tx) error { return tx.DropCalendar(ctx, c) })
}
