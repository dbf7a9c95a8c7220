// SPDX-License-Identifier: AGPL-3.0-or-later

package watch

import (
	"context"
	"slices"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/matching"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// A Result is what was found. It is not changed any more.
type Result struct {
	pairs  map[federation.IRI][]Pair
	Ours   []Loop // rounds that one of ours takes part in, the best first
	Others []Loop
}

// Pairs returns what may answer an offer or a need of ours, the best first.
func (r *Result) Pairs(id federation.IRI) []Pair { return r.pairs[id] }

// A Pair is what may answer something. There are many: why, is found out when
// somebody looks ([Pair.Why]).
type Pair struct {
	Other federation.IRI
	words string // that they share
}

// Why says why a need and an offer are a pair, as they are now.
func (p Pair) Why(need, offer *matching.Item) matching.Reason {
	var words []string
	if p.words != "" {
		words = strings.Split(p.words, "\n")
	}
	return matching.Why(need, offer, words)
}

// A Loop is a round of barter.
type Loop struct{ Steps []Step }

// A Step of a round: the seeker needs what the giver has, who is the seeker of
// the next step.
type Step struct {
	Seeker, Giver federation.IRI
	Need, Offer   federation.IRI
	Why           matching.Reason
}

// How much is kept.
const (
	perItem  = 8 // near, and far
	perNeed  = 8 // of which rounds are made
	maxLoops = 50
	maxText  = 2000 // bytes of each text that are compared
)

// A market is what is put together, and who may not be.
type market struct {
	items   []matching.Item
	ours    map[federation.IRI]bool                    // actors of ours that have something there
	blocked map[federation.IRI]map[federation.IRI]bool // by actor of ours
	home    federation.IRI                             // the initiative; may be empty
	texts   map[string]string                          // that are kept: each once, and apart from what they were cut of
}

// keep returns a text that lasts as long as the result.
func (m *market) keep(text string) string {
	kept, ok := m.texts[text]
	if !ok {
		kept = strings.Clone(text)
		m.texts[kept] = kept
	}
	return kept
}

// find reads what there is and puts it together, outside of any transaction.
func (w *Watch) find(ctx context.Context) (*Result, error) {
	m := &market{ours: map[federation.IRI]bool{}, blocked: map[federation.IRI]map[federation.IRI]bool{}, texts: map[string]string{}}
	if err := w.DB.View(ctx, func(tx *store.Tx) error { return m.read(ctx, tx) }); err != nil {
		return nil, err
	}
	r := &Result{pairs: map[federation.IRI][]Pair{}}
	if len(m.ours) == 0 && len(m.items) < 2 {
		return r, nil
	}
	b := matching.NewBoard(m.items)
	for n := range m.items {
		if i := &m.items[n]; m.ours[i.Author] {
			r.pairs[federation.IRI(m.keep(string(i.ID)))] = m.pairs(b, n)
		}
	}
	ours, others := b.Loops(b.All(perNeed), maxLoops, func(a federation.IRI) bool { return m.ours[a] })
	r.Ours, r.Others = m.loops(b, ours), m.loops(b, others)
	return r, nil
}

// read reads open offers and needs, but not those of whoever is suspended.
func (m *market) read(ctx context.Context, tx *store.Tx) error {
	for _, kind := range []string{"offer", "need"} {
		err := tx.OpenProposals(ctx, kind, func(o *federation.Object) {
			if i, ok := matching.ItemOf(o); ok {
				i.Text = outbox.SourceOf(o).Content // without the facts that are written into posts
				if len(i.Text) > maxText {
					i.Text = strings.ToValidUTF8(i.Text[:maxText], "")
				}
				m.items = append(m.items, i)
				if o.Local {
					m.ours[o.AttributedTo] = true
				}
			}
		})
		if err != nil {
			return err
		}
	}
	if err := m.leaveOut(ctx, tx); err != nil {
		return err
	}
	if home, err := tx.Initiative(ctx); err == nil {
		m.home = home.ID
	}
	for id := range m.ours {
		var err error
		if m.blocked[id], err = tx.Blocked(ctx, id); err != nil {
			return err
		}
	}
	if _, ok := m.blocked[m.home]; !ok && m.home != "" {
		var err error
		m.blocked[m.home], err = tx.Blocked(ctx, m.home)
		return err
	}
	return nil
}

// leaveOut takes away what is of somebody who is suspended.
func (m *market) leaveOut(ctx context.Context, tx *store.Tx) error {
	suspended := map[federation.IRI]bool{}
	kept := m.items[:0]
	for _, i := range m.items {
		bad, known := suspended[i.Author]
		if !known {
			var err error
			if bad, err = tx.Suspended(ctx, i.Author); err != nil {
				return err
			}
			suspended[i.Author] = bad
		}
		if !bad {
			kept = append(kept, i)
		}
	}
	m.items = kept
	return nil
}

// pairs returns what may answer an item of ours.
func (m *market) pairs(b *matching.Board, n int) (list []Pair) {
	own := &m.items[n]
	for _, found := range b.For(n, perItem) {
		other := &m.items[found.Offer]
		if !own.Need {
			other = &m.items[found.Need]
		}
		if !m.blocked[own.Author][other.Author] {
			list = append(list, Pair{federation.IRI(m.keep(string(other.ID))), m.keep(strings.Join(b.Words(found), "\n"))})
		}
	}
	return slices.Clip(list)
}

// loops writes rounds by the names of things. Those of ours begin with one of
// ours.
func (m *market) loops(b *matching.Board, found []matching.Loop) (list []Loop) {
	for _, f := range found {
		l, start := Loop{}, 0
		for n, s := range f.Steps {
			need, offer := &m.items[s.Need], &m.items[s.Offer]
			l.Steps = append(l.Steps, Step{need.Author, offer.Author, need.ID, offer.ID, matching.Why(need, offer, b.Words(s))})
			if m.ours[need.Author] && !m.ours[l.Steps[start].Seeker] {
				start = n
			}
		}
		if m.peaceful(l) {
			l.Steps = append(l.Steps[start:], l.Steps[:start]...)
			list = append(list, l)
		}
	}
	return list
}

// peaceful reports whether nobody of ours blocks, or is blocked by, somebody in
// a round that they or the initiative would be told of.
func (m *market) peaceful(l Loop) bool {
	for _, a := range l.Steps {
		for _, b := range l.Steps {
			if m.blocked[a.Seeker][b.Seeker] || m.blocked[m.home][b.Seeker] {
				return false
			}
		}
	}
	return true
}
