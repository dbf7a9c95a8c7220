// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import "math"

// place is somewhere, published for its own sake: a pick-up point, a hall.
var place = Noun{Type: "Place", Check: func(o *Object) error {
	if o.Name == "" && (o.Location == nil || o.Location.Point == nil) {
		return field("name", "error_name_missing", "a place without name or coordinates")
	}
	return nil
}}

// Valid reports whether p is on Earth.
func (p Point) Valid() bool {
	return p.Latitude >= -90 && p.Latitude <= 90 && p.Longitude >= -180 && p.Longitude <= 180
}

// Kilometres returns the great-circle distance to q (haversine, mean radius
// 6371 km).
func (p Point) Kilometres(q Point) float64 {
	const degree = math.Pi / 180
	dLat, dLon := (q.Latitude-p.Latitude)*degree/2, (q.Longitude-p.Longitude)*degree/2
	h := math.Pow(math.Sin(dLat), 2) + math.Cos(p.Latitude*degree)*math.Cos(q.Latitude*degree)*math.Pow(math.Sin(dLon), 2)
	return 2 * 6371 * math.Asin(math.Min(1, math.Sqrt(h)))
}
