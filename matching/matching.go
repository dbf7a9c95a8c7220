// SPDX-License-Identifier: AGPL-3.0-or-later

// Package matching puts offers and needs together: which offer answers which
// need, and why; and who could help each other in a round, where no two of
// them could ("A seeks what B has, B what C has, C what A has").
//
// It is given plain values and returns plain values. It does not know where
// they come from, who may see them, or what time it is: whoever calls it leaves
// out what is over, closed or not for everyone.
//
// What two items have in common is the hashtags, the stems of their words,
// rare ones above common ones and titles above texts, what they say they are
// (a URI), and their sector. Never put together are two items of one author,
// or such that cannot be exchanged because they agree on no kind of exchange
// or are not valid at the same time. Distance, quantity and unit only say what
// comes first: somebody may be glad of half of what they seek.
//
// A [Board] is made once for many questions. Items are found by their words
// and, where half the country has the same word, around where they are
// ([Board.For]), so that ten thousand needs are held against ten thousand
// offers in less than a second. The same items in the same order give the same
// answer.
package matching

import (
	"math"
	"slices"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// An Item is an offer or a need, as far as it is compared.
type Item struct {
	ID, Author  federation.IRI
	Need        bool
	Title, Text string // the text may be HTML
	Place       string // its names say nothing of what is offered: distance says that
	Language    string // BCP 47; may be empty
	What        string // a URI that says what it is; may be empty
	Category    string
	Tags, Modes []string
	Point       *federation.Point // nil: not known
	From, Until time.Time         // when it is valid; zero: no bound
	Unit        string            // may be empty
	Amount      *federation.Decimal
	Least       *federation.Decimal // that one may ask for
}

// ItemOf returns an offer or a need as it is compared, and whether o is one. Its
// text is all that o says; where what its author typed is known, that is better.
func ItemOf(o *federation.Object) (Item, bool) {
	p, ok := federation.ProposalOf(o)
	if !ok {
		return Item{}, false
	}
	x := federation.IndexOf(o)
	i := Item{
		ID: o.ID, Author: o.AttributedTo, Need: p.Purpose == federation.PurposeRequest,
		Title: o.Name, Text: o.Content, Language: o.Language, What: p.Primary.ConformsTo,
		Category: x.Category, Tags: x.Tags, Modes: x.Modes, Point: x.Point, From: x.Start, Until: x.End,
	}
	q := p.Primary.Available
	if q == nil && (p.UnitBased == nil || !*p.UnitBased) { // else it is the unit that the price is for
		q = p.Primary.Quantity
	}
	if q != nil {
		i.Unit, i.Amount = q.Unit, &q.Value
	} else if p.Primary.Quantity != nil {
		i.Unit = p.Primary.Quantity.Unit
	}
	if o.Location != nil {
		i.Place = o.Location.Name + " " + o.Location.City + " " + o.Location.Region
	}
	if p.Primary.Minimum != nil {
		i.Least = &p.Primary.Minimum.Value
	}
	return i, true
}

// A Match is an offer that may answer a need.
type Match struct {
	Need, Offer int     // numbers of items on the board
	Score       float64 // more is better
	Km          float64 // between them; -1 if not known
}

// NearKm is how far away is still near: one can go there and back for it.
const NearKm = 50

// Near reports whether the two are near each other.
func (m Match) Near() bool { return near(m.Km) }

func near(km float64) bool { return km >= 0 && km <= NearKm }

// modeBits writes kinds of exchange as bits; none at all is any.
func modeBits(modes []string) (bits uint32) {
	for _, m := range modes {
		if n := slices.Index(federation.ExchangeModes, m); n >= 0 {
			bits |= 1 << n
		} else {
			bits |= 1 << 31 // one that we do not know
		}
	}
	if bits == 0 {
		return math.MaxUint32
	}
	return bits
}
