// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"testing"
	"time"

	"codeberg.org/maillage/maillage/store"
	"codeberg.org/maillage/maillage/web"
)

func TestACopyIsMadeEachDayUnlessNobodyWantsOne(t *testing.T) {
	now := time.Now()
	i := launch(t, "amap", variant{database: sqliteFile(t), settings: []setting{withClock(func() time.Time { return now })}})
	s := &Storage{Data: t.TempDir(), Database: "sqlite:x"}
	count := func() int {
		t.Helper()
		list, err := store.Copies(s.copies())
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	i.copyDaily(t.Context(), s)
	i.copyDaily(t.Context(), s)
	if count() != 1 {
		t.Errorf("%d copies on the first day", count())
	}
	now = now.Add(25 * time.Hour)
	i.copyDaily(t.Context(), s)
	if count() != 2 {
		t.Errorf("%d copies on the second day", count())
	}
	err := i.DB.Update(t.Context(), func(tx *store.Tx) error { return tx.PutSetting(t.Context(), web.DailySetting, "off") })
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(25 * time.Hour)
	i.copyDaily(t.Context(), s)
	if count() != 2 {
		t.Errorf("%d copies though nobody wants them", count())
	}
}
