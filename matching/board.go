// SPDX-License-Identifier: AGPL-3.0-or-later

package matching

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/words"
)

// A Board is a number of items, ready to be compared. It is not for several
// goroutines at once.
type Board struct {
	items   []Item
	facts   []fact
	names   map[string]int32 // of terms
	keys    []string         // of terms, by their number
	weights []float64        // of terms: rare ones weigh more
	sides   [2]side          // offers, needs
	stemmer words.Stemmer
	marks   scratch
}

// Where a term of an item stands.
const (
	inText uint8 = iota
	inTitle
	inTag
	asWhat
)

// A term is a word, a hashtag or a URI of an item.
type term struct {
	id    int32
	where uint8
}

// A fact is an item as it is compared: no text, no pointers but one.
type fact struct {
	terms       []term // by id
	author      int32
	category    int32
	modes       uint32
	placed      bool
	lat, lon    float64
	shrink      float64 // of a degree of longitude at that latitude
	from, until int64
	unit        int32
	amount      int64 // see measured
	least       int64
}

// A side is all offers, or all needs: by term, which items have it.
type side struct {
	posts [][]post
	grids map[int32]grid // of terms that many have
}

// A post says that an item has a term.
type post struct {
	item  int32
	where uint8
}

// NewBoard takes items, the most recent first: where too many have the same
// word, those are looked at.
func NewBoard(items []Item) *Board {
	b := &Board{items: items, facts: make([]fact, len(items)), names: map[string]int32{}}
	authors, codes := numbers{}, numbers{"": 0}
	for n := range items {
		b.facts[n] = b.fact(&items[n], authors, codes)
	}
	b.weights = make([]float64, len(b.keys))
	for s := range b.sides {
		b.sides[s] = side{posts: make([][]post, len(b.keys)), grids: map[int32]grid{}}
	}
	for n := range b.facts {
		s := &b.sides[sideOf(&items[n])]
		for _, t := range b.facts[n].terms {
			s.posts[t.id] = append(s.posts[t.id], post{int32(n), t.where})
			b.weights[t.id]++
		}
	}
	all := float64(len(items))
	for t, n := range b.weights {
		b.weights[t] = math.Log(1+all/(1+n)) / math.Log(1+all)
	}
	b.marks = newScratch(len(items))
	return b
}

func sideOf(i *Item) int {
	if i.Need {
		return 1
	}
	return 0
}

// numbers gives names numbers in the order they come.
type numbers map[string]int32

func (n numbers) of(name string) int32 {
	id, ok := n[name]
	if !ok {
		id = int32(len(n))
		n[name] = id
	}
	return id
}

func (b *Board) fact(i *Item, authors, codes numbers) fact {
	f := fact{
		author: authors.of(string(i.Author)), category: codes.of(i.Category), modes: modeBits(i.Modes),
		from: unix(i.From), until: unix(i.Until), terms: b.terms(i),
	}
	if i.Point != nil && i.Point.Valid() {
		f.placed, f.lat, f.lon = true, i.Point.Latitude, i.Point.Longitude
		f.shrink = math.Cos(f.lat * math.Pi / 180)
	}
	unit, amount, least := measured(i)
	f.unit, f.amount, f.least = codes.of(unit), amount, least
	return f
}

// terms returns what an item is found by.
func (b *Board) terms(i *Item) []term {
	var list []term
	places := b.stemmer.Stems(i.Place, i.Language)
	add := func(key string, where uint8) {
		if slices.ContainsFunc(places, func(s words.Stem) bool { return s.Key == key }) {
			return
		}
		id, ok := b.names[key]
		if !ok {
			id = int32(len(b.keys))
			b.names[key] = id
			b.keys = append(b.keys, key)
		}
		list = append(list, term{id, where})
	}
	if i.What != "" {
		add(" "+i.What, asWhat)
	}
	for _, t := range i.Tags {
		add("#"+words.Fold(t), inTag)
		for _, s := range b.stemmer.Stems(t, i.Language) {
			add(s.Key, inTitle)
		}
	}
	for _, s := range b.stemmer.Stems(i.Title, i.Language) {
		add(s.Key, inTitle)
	}
	for _, s := range b.stemmer.Stems(i.Text, i.Language) {
		add(s.Key, inText)
	}
	slices.SortFunc(list, func(a, b term) int { return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(b.where, a.where)) })
	return slices.Clip(slices.CompactFunc(list, func(a, b term) bool { return a.id == b.id }))
}

// measured returns the amount of an item and the least that one may ask for, in
// millionths of a unit that can be compared. An amount of -1 is not said.
func measured(i *Item) (unit string, amount, least int64) {
	unit, amount = i.Unit, -1
	factor := int64(1)
	if unit == "kilogram" {
		unit, factor = "gram", 1000
	}
	if i.Amount != nil {
		amount = millionths(*i.Amount, factor)
	}
	if i.Least != nil {
		least = millionths(*i.Least, factor)
	}
	return unit, amount, least
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// millionths returns an amount as a whole number, the largest there is for
// what is larger.
func millionths(d federation.Decimal, factor int64) int64 {
	r := new(big.Rat).Mul(d.Rat(), new(big.Rat).SetInt64(factor*1_000_000))
	n := new(big.Int).Quo(r.Num(), r.Denom())
	if !n.IsInt64() {
		return math.MaxInt64
	}
	return n.Int64()
}
