// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"net/url"
	"slices"

	"codeberg.org/maillage/maillage/calendar"
	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/harvest"
	"codeberg.org/maillage/maillage/store"
)

// draftCalendar makes drafts of what was chosen of a file, to be looked through
// one by one before anybody is told; all of them or none.
func (v *visit) draftCalendar(ctx context.Context, f *form, u *store.BroughtFile, file *calendar.File) (*page, error) {
	n := slices.IndexFunc(v.voices, func(a *federation.Actor) bool { return a.ID == u.Actor })
	if n < 0 {
		return nil, federation.ErrNotFound
	}
	author := v.voices[n]
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		items, _ := harvest.Items(file, v.Now())
		lines, err := harvest.Preview(ctx, tx, u.Actor, file, items)
		if err != nil {
			return err
		}
		begun, err := tx.Drafts(ctx, v.account.ID)
		if err != nil {
			return err
		}
		for _, l := range lines {
			if !slices.Contains(f.values["entry"], l.Items[0].UID) {
				continue
			}
			d := v.draftOf("event", "/publish/event", v.form(v.sketched(l.Sketch(author, v.words.Lang()), author)))
			if slices.ContainsFunc(begun, func(b *store.Draft) bool { return sameDraft(b, d) }) {
				continue // brought before
			}
			if err := tx.PutDraft(ctx, d); err != nil {
				return err
			}
		}
		return tx.DropBrought(ctx, v.account.ID, u.ID)
	})
	if err == nil {
		return see("/drafts", "calendar_drafts"), nil
	}
	if !f.refuseDraft(err) {
		return nil, err
	}
	f.mistakes = nil
	f.wrong("entry", "error_calendar_drafts")
	return v.previewAgain(ctx, f)
}

// sketched fills the form of an event.
func (v *visit) sketched(s harvest.Sketch, author *federation.Actor) url.Values {
	values := eventValues(s.EventForm)
	values.Set("as", author.Username)
	if s.Rule != "" || len(s.Added) > 0 {
		values.Set("repeat", "rule")
		values.Set("repeat.rule", s.Rule)
		values["repeat.listed"] = s.Skipped // and not kept
		values["repeat.add"] = s.Added[:min(len(s.Added), maxExtra)]
	}
	return values
}

// sameDraft reports whether two drafts are of one event.
func sameDraft(a, b *store.Draft) bool {
	return a.Kind == b.Kind && a.Title == b.Title && slices.Equal(a.Fields["start.date"], b.Fields["start.date"]) && slices.Equal(a.Fields["start.time"], b.Fields["start.time"])
}
