// SPDX-License-Identifier: AGPL-3.0-or-later

package locale

import (
	"sync"
	"time"
)

// maxZones bounds what is kept: there are some 600 names of zones, and events
// of peers name them as they like.
const maxZones = 700

// zones keeps what was loaded: that takes a tenth of a millisecond, and a page
// of a list asks for each of its events.
var zones = struct {
	sync.RWMutex
	byName map[string]*time.Location
}{byName: map[string]*time.Location{}}

// Zone returns the clocks that an IANA name means, such as Europe/Paris; this
// machine's own are none.
func Zone(name string) (*time.Location, bool) {
	if name == "" || name == "Local" {
		return nil, false
	}
	zones.RLock()
	z, ok := zones.byName[name]
	zones.RUnlock()
	if ok {
		return z, true
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		return nil, false
	}
	zones.Lock()
	defer zones.Unlock()
	if len(zones.byName) < maxZones {
		zones.byName[name] = z
	}
	return z, true
}
