// SPDX-License-Identifier: AGPL-3.0-or-later

package matching

import (
	"cmp"
	"slices"

	"codeberg.org/maillage/maillage/federation"
)

// A Loop is two, three or four initiatives that can help each other in a round:
// the first seeks what the second has, and so on; the last seeks what the first
// has.
type Loop struct {
	Steps []Match // the author of a step's offer is that of the next step's need
	Score float64 // of its weakest step, less for longer ones
}

// maxPartners is how many others somebody is thought to deal with: those whose
// offers fit their needs best.
const maxPartners = 16

// moneyless are the kinds of exchange that a round can be made of.
var moneyless = modeBits([]string{"barter", "gift", "loan", "sharedUse", "volunteering", "timeBank"})

// Loops finds rounds among matches that need no money. It returns up to most of
// those that an author takes part in whom first names, and up to most of the
// others, the best first. A round is found once, whoever it is told from.
func (b *Board) Loops(matches []Match, most int, first func(author federation.IRI) bool) (ours, others []Loop) {
	w := newWeb(b, matches)
	w.ours.most, w.others.most = most, most
	for n, name := range w.names {
		w.first[n] = first != nil && first(name)
	}
	for n := range w.edges {
		w.from(int32(n))
	}
	return w.ours.loops, w.others.loops
}

// A web is who seeks what whom has. Its authors are numbered by their names.
type web struct {
	names        []federation.IRI
	first        []bool
	edges        [][]edge  // by author: whose offers fit, the best first
	seekers      [][]*edge // by author: who seeks something of them
	back         []*edge   // by author: what they seek of the one that rounds begin with
	path         []*edge
	ours, others podium
}

// An edge says that one author seeks what another has.
type edge struct {
	from, to int32
	match    Match
}

func newWeb(b *Board, matches []Match) *web {
	w := &web{path: make([]*edge, 0, maxSteps)}
	numbers := map[federation.IRI]int32{}
	for _, m := range matches {
		numbers[b.items[m.Need].Author], numbers[b.items[m.Offer].Author] = 0, 0
	}
	for name := range numbers {
		w.names = append(w.names, name)
	}
	slices.Sort(w.names)
	for n, name := range w.names {
		numbers[name] = int32(n)
	}
	w.first, w.back = make([]bool, len(w.names)), make([]*edge, len(w.names))
	w.edges, w.seekers = make([][]edge, len(w.names)), make([][]*edge, len(w.names))
	for _, m := range matches {
		if b.facts[m.Need].modes&b.facts[m.Offer].modes&moneyless != 0 {
			e := edge{numbers[b.items[m.Need].Author], numbers[b.items[m.Offer].Author], m}
			w.edges[e.from] = append(w.edges[e.from], e)
		}
	}
	for n := range w.edges {
		w.edges[n] = partners(b, w.edges[n])
		for i := range w.edges[n] {
			e := &w.edges[n][i]
			w.seekers[e.to] = append(w.seekers[e.to], e)
		}
	}
	return w
}

// partners keeps the best match with each of the best partners.
func partners(b *Board, list []edge) []edge {
	slices.SortFunc(list, func(x, y edge) int { return cmp.Or(cmp.Compare(x.to, y.to), b.better(x.match, y.match)) })
	list = slices.CompactFunc(list, func(x, y edge) bool { return x.to == y.to })
	slices.SortFunc(list, func(x, y edge) int { return b.better(x.match, y.match) })
	return slices.Clone(list[:min(len(list), maxPartners)])
}

// from finds the rounds whose author of the lowest number is n.
func (w *web) from(n int32) {
	some := false
	for _, e := range w.seekers[n] {
		if e.from > n {
			w.back[e.from], some = e, true
		}
	}
	if some {
		w.walk(n, n)
	}
	for _, e := range w.seekers[n] {
		w.back[e.from] = nil
	}
}

// maxSteps is how many take part in the longest round that is sought.
const maxSteps = 4

// walk goes on from author a on a path that began at n.
func (w *web) walk(n, a int32) {
	for i := range w.edges[a] {
		e := &w.edges[a][i]
		if e.to <= n || slices.ContainsFunc(w.path, func(p *edge) bool { return p.to == e.to }) {
			continue
		}
		w.path = append(w.path, e)
		if !w.hopeless() {
			if last := w.back[e.to]; last != nil {
				w.found(last)
			}
			if len(w.path) < maxSteps-1 {
				w.walk(n, e.to)
			}
		}
		w.path = w.path[:len(w.path)-1]
	}
}

// hopeless reports whether whatever the path leads to is worse than what was
// found.
func (w *web) hopeless() bool {
	s := score(w.path, len(w.path)+1)
	return !w.ours.takes(s) && !w.others.takes(s)
}

// score of a round of so many steps that has these.
func score(steps []*edge, length int) float64 {
	weakest := steps[0].match.Score
	for _, e := range steps[1:] {
		weakest = min(weakest, e.match.Score)
	}
	return weakest * (1 - 0.1*float64(length-2))
}

// found notes a round.
func (w *web) found(last *edge) {
	steps := append(w.path, last)
	p := &w.others
	for _, e := range steps {
		if w.first[e.from] {
			p = &w.ours
		}
	}
	s := score(steps, len(steps))
	if !p.takes(s) {
		return
	}
	l := Loop{Score: s}
	for _, e := range steps {
		l.Steps = append(l.Steps, e.match)
	}
	p.put(l)
}

// A podium keeps the best rounds, in order.
type podium struct {
	most  int
	loops []Loop
}

// takes reports whether a round of that score has a place.
func (p *podium) takes(score float64) bool {
	return len(p.loops) < p.most || p.most > 0 && score > p.loops[len(p.loops)-1].Score
}

func (p *podium) put(l Loop) {
	at, _ := slices.BinarySearchFunc(p.loops, l, func(x, l Loop) int {
		if x.Score >= l.Score { // who came first stays before
			return -1
		}
		return 1
	})
	p.loops = slices.Insert(p.loops, at, l)
	p.loops = p.loops[:min(len(p.loops), p.most)]
}
