// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"strings"

	"codeberg.org/maillage/maillage/federation"
)

// A FeedQuery says what of a feed is wanted; the zero one, everything.
type FeedQuery struct {
	Kind     string // offer, need, event; or post for what is none of these
	Near     *federation.Point
	RadiusKm float64
}

// KindPost is what is neither offer nor need nor event.
const KindPost = "post"

// where is what the query asks of an object, as a condition on a table. It is
// part of the statement that reads the newest few: of ten thousand posts, the
// only event is found without reading them.
func (q FeedQuery) where(alias string) (where string, args []any) {
	switch q.Kind {
	case "":
	case KindPost:
		where += ` AND o.kind NOT IN ('offer', 'need', 'event')`
	default:
		where, args = where+` AND o.kind = ?`, append(args, q.Kind)
	}
	if q.Near != nil {
		south, north, west, east := rectangle(*q.Near, q.RadiusKm)
		where += ` AND o.placed = 1 AND o.lat BETWEEN ? AND ? AND o.lon BETWEEN ? AND ?`
		args = append(args, south, north, west, east)
	}
	if where == "" {
		return "", nil
	}
	if alias == "d" {
		return ` AND EXISTS (SELECT 1 FROM objects o WHERE o.seq = d.object` + where + `)`, args
	}
	return strings.ReplaceAll(where, "o.", alias+"."), args
}

// near reports whether an object is as near as is asked: the statement looks
// in a box, this within the circle.
func (q FeedQuery) near(o *federation.Object) bool {
	if q.Near == nil {
		return true
	}
	return o.Location != nil && o.Location.Point != nil && q.Near.Kilometres(*o.Location.Point) <= q.RadiusKm
}
