// SPDX-License-Identifier: AGPL-3.0-or-later

package matching

import "math"

// A grid is the items that have one term, by the square of the map they are
// in. It is made for terms that many have, when somebody first asks.
type grid map[cell][]post

// A cell is a square of a tenth of a degree: eleven kilometres from south to
// north.
type cell struct{ y, x int16 }

const cellsPerDegree = 10

func cellOf(f *fact) cell {
	return cell{int16(math.Floor(f.lat * cellsPerDegree)), int16(math.Floor(f.lon * cellsPerDegree))}
}

// Bounds of what is looked at for one term that many have.
const (
	common  = 256 // more items than that are many
	nearest = 160 // that are looked at around a place
	newest  = 64  // that are looked at wherever they are
	rings   = 6   // of cells around the own one: some seventy kilometres
)

// grid returns the grid of a term.
func (b *Board) grid(s *side, t int32) grid {
	g, ok := s.grids[t]
	if !ok {
		g = grid{}
		for _, p := range s.posts[t] {
			if f := &b.facts[p.item]; f.placed {
				g[cellOf(f)] = append(g[cellOf(f)], p)
			}
		}
		s.grids[t] = g
	}
	return g
}

// around goes through items of a grid, those of the own cell first and then
// ring by ring, until there are enough.
func (g grid) around(c cell, found func(post)) {
	count := 0
	look := func(y, x int16) {
		for _, p := range g[cell{y, x}] {
			if count++; count > nearest {
				return
			}
			found(p)
		}
	}
	look(c.y, c.x)
	for r := int16(1); r <= rings && count < nearest; r++ {
		for d := -r; d <= r; d++ {
			look(c.y-r, c.x+d)
			look(c.y+r, c.x+d)
		}
		for d := -r + 1; d < r; d++ {
			look(c.y+d, c.x-r)
			look(c.y+d, c.x+r)
		}
	}
}
