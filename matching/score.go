// SPDX-License-Identifier: AGPL-3.0-or-later

package matching

import (
	"cmp"
	"math"
	"slices"
)

// How much what two items have in common counts. The figures are a choice: one
// rare word in both titles is about as good as being in the same street.
const (
	pointsWhat     = 5
	pointsTag      = 4
	pointsTitles   = 4
	pointsTitle    = 1.4 // in one title, in the other text
	pointsTexts    = 0.4
	pointsCategory = 1
	pointsMode     = 0.5 // both name it
	pointsEnough   = 0.5
	pointsNear     = 2 // next door; none at NearKm
	lossUnit       = 0.7
	lossLeast      = 1

	enough = 1.2 // similarity of what may be shown at all
)

// Bounds of the work for one item.
const (
	budget = 1500 // items looked at
	ranked = 48   // items compared thoroughly
)

// points of a term that stands in two places.
func points(a, b uint8) float64 {
	switch {
	case a == asWhat || b == asWhat:
		return pointsWhat
	case a == inTag || b == inTag:
		return pointsTag
	case a == inTitle && b == inTitle:
		return pointsTitles
	case a == inTitle || b == inTitle:
		return pointsTitle
	}
	return pointsTexts
}

// A scratch is what is reused from one question to the next.
type scratch struct {
	sums  []float64
	seen  []int32 // items with a sum
	terms []term
	best  []candidate
}

type candidate struct {
	item  int32
	score float64
}

func newScratch(n int) scratch { return scratch{sums: make([]float64, n)} }

// For returns what answers item n, or what it answers: up to most that are
// near and up to most that are not, the best first.
func (b *Board) For(n, most int) []Match {
	b.gather(n)
	var list []Match
	near, far := 0, 0
	matches := make([]Match, 0, len(b.marks.best))
	for _, c := range b.marks.best {
		if m, ok := b.compare(n, int(c.item)); ok {
			matches = append(matches, m)
		}
	}
	slices.SortFunc(matches, b.better)
	for _, m := range matches {
		count := &far
		if m.Near() {
			count = &near
		}
		if *count++; *count <= most {
			list = append(list, m)
		}
	}
	return list
}

// All returns what answers each need: of each up to most that are near and up
// to most that are not.
func (b *Board) All(most int) []Match {
	var all []Match
	for n := range b.items {
		if b.items[n].Need {
			all = append(all, b.For(n, most)...)
		}
	}
	return all
}

func (b *Board) better(m, o Match) int {
	return cmp.Or(cmp.Compare(o.Score, m.Score), cmp.Compare(b.items[m.Offer].ID, b.items[o.Offer].ID), cmp.Compare(b.items[m.Need].ID, b.items[o.Need].ID))
}

// gather finds the likeliest candidates by their terms: rare terms first, until
// enough items were looked at.
func (b *Board) gather(n int) {
	s, k := &b.sides[1-sideOf(&b.items[n])], &b.marks
	k.terms = append(k.terms[:0], b.facts[n].terms...)
	slices.SortFunc(k.terms, func(x, y term) int {
		return cmp.Or(cmp.Compare(b.weights[y.id], b.weights[x.id]), cmp.Compare(x.id, y.id))
	})
	left := budget
	for _, t := range k.terms {
		if left <= 0 {
			break
		}
		found := func(p post) { b.count(n, t, p); left-- }
		posts := s.posts[t.id]
		if len(posts) <= common {
			for _, p := range posts {
				found(p)
			}
			continue
		}
		if f := &b.facts[n]; f.placed {
			b.grid(s, t.id).around(cellOf(f), found)
		}
		for _, p := range posts[:newest] {
			found(p)
		}
	}
	b.rank(n)
}

// count adds a common term to what is known of another item. Words that stand
// in no title lead nowhere.
func (b *Board) count(n int, t term, p post) {
	if t.where == inText && p.where == inText {
		return
	}
	k := &b.marks
	if k.sums[p.item] == 0 {
		k.seen = append(k.seen, p.item)
	}
	k.sums[p.item] += b.weights[t.id] * points(t.where, p.where)
}

// rank keeps the best of what was seen, and forgets the sums.
func (b *Board) rank(n int) {
	k, f := &b.marks, &b.facts[n]
	k.best = k.best[:0]
	for _, item := range k.seen {
		c := candidate{item, k.sums[item]}
		k.sums[item] = 0
		g := &b.facts[item]
		if !f.compatible(g) {
			continue
		}
		if f.placed && g.placed {
			c.score += pointsNear * max(0, 1-f.about(g)/NearKm)
		}
		k.best = append(k.best, c)
	}
	k.seen = k.seen[:0]
	slices.SortFunc(k.best, func(x, y candidate) int {
		return cmp.Or(cmp.Compare(y.score, x.score), cmp.Compare(x.item, y.item))
	})
	k.best = k.best[:min(len(k.best), ranked)]
}

// compatible reports whether two items can be exchanged at all.
func (f *fact) compatible(g *fact) bool {
	return f.author != g.author && f.modes&g.modes != 0 &&
		(f.until == 0 || g.from == 0 || f.until >= g.from) && (g.until == 0 || f.from == 0 || g.until >= f.from)
}

// about is how far two items are apart, in kilometres, well enough to put them
// in order.
func (f *fact) about(g *fact) float64 {
	dy, dx := f.lat-g.lat, (f.lon-g.lon)*f.shrink
	return 111.19 * math.Sqrt(dy*dy+dx*dx)
}

// compare weighs two items thoroughly, and reports whether they fit.
func (b *Board) compare(n, o int) (Match, bool) {
	m := Match{Need: n, Offer: o, Km: -1}
	if !b.items[n].Need {
		m.Need, m.Offer = o, n
	}
	f, g := &b.facts[m.Need], &b.facts[m.Offer]
	score := b.alike(f, g)
	if f.category != 0 && f.category == g.category {
		score += pointsCategory
	}
	if score < enough {
		return m, false
	}
	if f.modes != math.MaxUint32 && g.modes != math.MaxUint32 {
		score += pointsMode
	}
	switch amount, unit := supply(f.unit, g.unit, f.amount, g.amount); {
	case amount == Whole:
		score += pointsEnough
	case !unit:
		score -= lossUnit
	}
	if g.least > 0 && f.amount >= 0 && f.unit == g.unit && g.least > f.amount {
		score -= lossLeast
	}
	if f.placed && g.placed {
		m.Km = b.items[m.Need].Point.Kilometres(*b.items[m.Offer].Point)
		score += pointsNear * max(0, 1-m.Km/NearKm)
	}
	m.Score = score
	return m, true
}

// alike adds up the terms that two items share.
func (b *Board) alike(f, g *fact) (score float64) {
	for i, j := 0, 0; i < len(f.terms) && j < len(g.terms); {
		switch t, u := f.terms[i], g.terms[j]; {
		case t.id < u.id:
			i++
		case t.id > u.id:
			j++
		default:
			score += b.weights[t.id] * points(t.where, u.where)
			i++
			j++
		}
	}
	return score
}

// A Supply says whether an offer covers a need.
type Supply int

// What is known of it.
const (
	Unknown Supply = iota // one of them does not say how much, or the units differ
	Part                  // of what is sought
	Whole
)

// supply says how much of a need an offer covers, and whether their units can
// be compared where both have one: see measured.
func supply[Unit comparable](unit, other Unit, sought, offered int64) (s Supply, comparable bool) {
	var none Unit
	switch {
	case unit == none || other == none:
		return Unknown, true
	case unit != other:
		return Unknown, false
	case sought < 0 || offered < 0:
		return Unknown, true
	case offered < sought:
		return Part, true
	}
	return Whole, true
}
