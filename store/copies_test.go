// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestTheNewestCopiesAreKept(t *testing.T) {
	each(t, func(t *fixture) {
		t.fill()
		dir := filepath.Join(t.TempDir(), "backups")
		if list, err := Copies(dir); len(list) != 0 || err != nil {
			t.Errorf("before the first: %v, %v", list, err)
		}
		for range 3 {
			t.advance(24 * time.Hour)
			if _, err := t.db.Copy(t.ctx, dir, 2); err != nil {
				t.Fatal(err)
			}
		}
		list, err := Copies(dir)
		if err != nil || len(list) != 2 || !list[0].At.Equal(t.now()) || list[0].Size < 4096 {
			t.Fatalf("copies: %v, %v", list, err)
		}
		info, err := os.Stat(filepath.Join(dir, list[0].Name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("others may read it: %v, %v", info.Mode(), err)
		}
		if err := checkBackup(t.ctx, filepath.Join(dir, list[0].Name)); err != nil {
			t.Error(err)
		}
		all, err := os.ReadDir(dir)
		if len(all) != 2 || err != nil {
			t.Errorf("left over: %v, %v", all, err)
		}
	})
}
