// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import "testing"

func TestHighPunctuationStaysWithItsWord(t *testing.T) {
	for typed, want := range map[string]string{
		"Chantier participatif : récolte": "Chantier participatif\u00a0: récolte",
		"On vient ?":                      "On vient\u202f?",
		"Merci !":                         "Merci\u202f!",
		"Pain ; beurre":                   "Pain\u202f; beurre",
		"« Le Moulin »":                   "«\u00a0Le Moulin\u00a0»",
		"Repair café: fix it!":            "Repair café: fix it!", // as English writes it
		"de 18:00 à 19:30":                "de 18:00 à 19:30",
	} {
		if got := glued(typed); got != want {
			t.Errorf("%q became %q", typed, got)
		}
	}
	if got := glued(cut("Chantier : "+"récolte des pommes de terre", 20)); got != "Chantier\u00a0: récolte…" {
		t.Errorf("cut to %q", got)
	}
}
