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

// ZoneSetting is the setting that names the zone of an instance.
const ZoneSetting = "timezone"

// DefaultZone is that of an instance that does not say where it is.
const DefaultZone = "Europe/Paris"

// Clocks are those of a zone, or the default for one that is none.
func Clocks(name string) *time.Location {
	for _, name := range []string{name, DefaultZone} {
		if z, ok := Zone(name); ok {
			return z
		}
	}
	return time.UTC
}

// Local returns t on the clocks of a zone. Where none is named that we know, it
// stays on its own; but a peer that counts in UTC and says no more (Friendica,
// Hubzilla) means that readers look at theirs.
func Local(t time.Time, name string) time.Time {
	if z, ok := Zone(name); ok {
		return t.In(z)
	}
	if z, ok := Zone(DefaultZone); ok && t.Location() == time.UTC && !t.IsZero() {
		return t.In(z)
	}
	return t
}
