// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"slices"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/store"
)

// A calendar that cannot hold everything leaves out what is over, not what
// comes.
func TestACalendarHasWhatComesBeforeWhatWas(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		for _, e := range []struct{ title, day string }{
			{"Hier", "2026-09-02"}, {"Avant-hier", "2026-09-01"}, {"Demain", "2026-09-11"}, {"Après-demain", "2026-09-12"},
		} {
			f := meeting(e.title, e.day)
			i.as("admin").post("/publish/event", f).wants(t, 303)
		}
		i.pass(9 * 24 * time.Hour) // it is the 10th
		v := &visit{Site: i.site}
		for most, want := range map[int][]string{
			1: {"Demain"}, 2: {"Demain", "Après-demain"}, 3: {"Demain", "Après-demain", "Hier"},
			10: {"Demain", "Après-demain", "Hier", "Avant-hier"},
		} {
			var got []string
			i.update(func(ctx context.Context, tx *store.Tx) error {
				list, err := v.datesOf(ctx, tx, store.Query{}, most)
				for _, o := range list {
					got = append(got, o.Name)
				}
				return err
			})
			if !slices.Equal(got, want) {
				t.Errorf("%d at most: %q, want %q", most, got, want)
			}
		}
	})
}
