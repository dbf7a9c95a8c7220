// SPDX-License-Identifier: AGPL-3.0-or-later

package gazetteer

import (
	"strings"

	"codeberg.org/maillage/maillage/federation"
)

// Likeliest returns which of communes of one name is meant, if that is plain:
// by coordinates, by the postal code, because it is near home, or
// because the others are hamlets beside it.
func Likeliest(all []Place, postal string, point, home *federation.Point) *Place {
	only := func(keep func(Place) bool) *Place {
		var found *Place
		for i := range all {
			if !keep(all[i]) {
				continue
			}
			if found != nil {
				return nil
			}
			found = &all[i]
		}
		return found
	}
	if point != nil {
		return only(func(p Place) bool { return p.Point.Kilometres(*point) < 25 })
	}
	if postal = strings.TrimSpace(postal); len(postal) == 5 {
		if c := only(func(p Place) bool {
			return strings.HasPrefix(strings.NewReplacer("2A", "20", "2B", "20").Replace(p.RegionCode), postal[:2])
		}); c != nil {
			return c
		}
	}
	if len(all) == 1 {
		return &all[0]
	}
	if home != nil {
		if c := only(func(p Place) bool { return p.Point.Kilometres(*home) < 50 }); c != nil {
			return c
		}
	}
	if len(all) > 1 && all[0].Population > 10*max(all[1].Population, 500) {
		return &all[0]
	}
	return nil
}
