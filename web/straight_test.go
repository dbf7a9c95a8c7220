// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import "testing"

// B40.
func TestNothingTurnsTextAround(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "\xe2": "\xe2", "l’été «\u202fici\u202f» — …": "l’été «\u202fici\u202f» — …", "a\u202eb\u2066c\x00d’": "abcd’", "\u2065\u206a\u2029\u202f": "\u2065\u206a\u2029\u202f",
	} {
		if got := string(straight([]byte(in))); got != want {
			t.Errorf("%q becomes %q", in, got)
		}
	}
}
