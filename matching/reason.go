// SPDX-License-Identifier: AGPL-3.0-or-later

package matching

import (
	"cmp"
	"slices"

	"codeberg.org/maillage/maillage/federation"
)

// A Reason says why an offer may answer a need: what they have in common, for
// people to judge.
type Reason struct {
	Same     bool     // both say by a URI that they are the same thing
	Tags     []string // hashtags of both, without #
	Words    []string // of both, as they are written in the need, the telling ones first
	Category string   // of both
	Modes    []string // kinds of exchange that both name
	Km       float64  // -1 if not known
	Supply   Supply
	Bounded  bool // one of them is valid for a time only, and they are at the same time
}

// Near reports whether the two are near each other.
func (r Reason) Near() bool { return near(r.Km) }

// maxWords is how many common words a reason names.
const maxWords = 4

// Why says why a need and an offer were put together. It takes the words that
// they share from [Board.Words]; all else the items say themselves.
func Why(need, offer *Item, words []string) Reason {
	r := Reason{Km: -1, Same: need.What != "" && need.What == offer.What, Words: words}
	r.Bounded = !need.From.IsZero() || !need.Until.IsZero() || !offer.From.IsZero() || !offer.Until.IsZero()
	unit, sought, _ := measured(need)
	other, offered, _ := measured(offer)
	r.Supply, _ = supply(unit, other, sought, offered)
	if need.Point != nil && offer.Point != nil && need.Point.Valid() && offer.Point.Valid() {
		r.Km = need.Point.Kilometres(*offer.Point)
	}
	if need.Category == offer.Category {
		r.Category = need.Category
	}
	for _, t := range need.Tags {
		if slices.Contains(offer.Tags, t) && len(r.Tags) < maxWords {
			r.Tags = append(r.Tags, t)
		}
	}
	for _, mode := range federation.ExchangeModes {
		if slices.Contains(need.Modes, mode) && slices.Contains(offer.Modes, mode) {
			r.Modes = append(r.Modes, mode)
		}
	}
	return r
}

// Words returns the words that two items share, as the need writes them, the
// telling ones first.
func (b *Board) Words(m Match) []string {
	type word struct {
		text   string
		points float64
	}
	where := func(f *fact, id int32) (uint8, bool) {
		i, ok := slices.BinarySearchFunc(f.terms, id, func(t term, id int32) int { return cmp.Compare(t.id, id) })
		if !ok {
			return 0, false
		}
		return f.terms[i].where, true
	}
	need := &b.items[m.Need]
	var list []word
	for _, text := range []string{need.Title, need.Text} {
		for _, s := range b.stemmer.Stems(text, need.Language) {
			id, ok := b.names[s.Key]
			if !ok || slices.ContainsFunc(list, func(w word) bool { return w.text == s.Word }) {
				continue
			}
			x, _ := where(&b.facts[m.Need], id)
			if y, ok := where(&b.facts[m.Offer], id); ok {
				list = append(list, word{s.Word, b.weights[id] * points(x, y)})
			}
		}
	}
	slices.SortStableFunc(list, func(x, y word) int { return cmp.Compare(y.points, x.points) })
	var texts []string
	for _, w := range list[:min(len(list), maxWords)] {
		texts = append(texts, w.text)
	}
	return texts
}
