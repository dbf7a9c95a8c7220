// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"slices"
	"testing"

	"codeberg.org/maillage/maillage/store/storetest"
)

// A new table that holds an account or an actor must be part of the export of
// people's data, or say why not.
func TestEveryTableAboutPeopleIsExportedOrSaysWhyNot(t *testing.T) {
	f := open(t, storetest.SQLite(t)("columns"))
	about := []string{
		"account", "actor", "owner", "person", "source", "target", "attributed_to", "sender", "recipient", "email", "invited_by",
		"author", "voice", "subscriber", "address",
	}
	known := map[string]bool{}
	f.view(func(tx *Tx) error {
		list, err := tables(f.ctx, tx)
		for _, tab := range list {
			known[tab.name] = true
			personal := slices.ContainsFunc(tab.columns, func(c string) bool { return slices.Contains(about, c) })
			if _, ok := Personal[tab.name]; personal && !ok {
				t.Errorf("table %s %v has no line in Personal", tab.name, tab.columns)
			}
		}
		return err
	})
	for name := range Personal {
		if !known[name] {
			t.Errorf("there is no table %s", name)
		}
	}
}
