// SPDX-License-Identifier: AGPL-3.0-or-later

package locale

import "testing"

func TestZone(t *testing.T) {
	for _, name := range []string{"Europe/Paris", "Europe/Paris", "UTC", "Indian/Reunion"} { // one of them twice
		if z, ok := Zone(name); !ok || z.String() != name {
			t.Errorf("%s: %v, %v", name, z, ok)
		}
	}
	for _, name := range []string{"", "Local", "Europe/Nowhere", "../../etc/passwd"} {
		if z, ok := Zone(name); ok {
			t.Errorf("%q is %v", name, z)
		}
	}
}
