// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import "encoding/json"

// A producedWire is where something is made: a Place of ActivityStreams.
type producedWire struct {
	Type      string   `json:"type"`
	Name      string   `json:"name"`
	Latitude  *float64 `json:"latitude,omitempty"`
	Longitude *float64 `json:"longitude,omitempty"`
}

func placeOf(p *Place) *producedWire {
	if p == nil || p.Name == "" {
		return nil
	}
	w := &producedWire{Type: "Place", Name: p.Name}
	if p.Point != nil {
		w.Latitude, w.Longitude = &p.Point.Latitude, &p.Point.Longitude
	}
	return w
}

// producedAt reads it; without a name there is nothing to say.
func producedAt(raw json.RawMessage) *Place {
	var w producedWire
	if read(raw, &w); w.Name == "" {
		return nil
	}
	p := &Place{Type: "Place", Name: w.Name}
	if w.Latitude != nil && w.Longitude != nil {
		if at := (Point{*w.Latitude, *w.Longitude}); at.Valid() {
			p.Point = &at
		}
	}
	return p
}

// ProducedKm returns how far what o offers comes from where it is made to where
// it is handed over; false where either is not known.
func (p Proposal) ProducedKm(o *Object) (float64, bool) {
	if p.Produced == nil || p.Produced.Point == nil || o.Location == nil || o.Location.Point == nil {
		return 0, false
	}
	return p.Produced.Point.Kilometres(*o.Location.Point), true
}
