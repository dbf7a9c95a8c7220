// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"math/big"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
)

// A priceBar shows what a price is made of, drawn to scale: a bar of SVG, and
// the table that says the same. Its parts differ by colour and by pattern.
type priceBar struct {
	*locale.Printer
	Parts  []priceSlice
	Total  string
	Words  string // for those who do not see it
	IsThin bool   // on a card, without figures
}

// A priceSlice is one part of it.
type priceSlice struct {
	Name, Amount, Share string
	N, Hatch            int    // which colour, which pattern; 0 is none
	From, Width         string // in hundredths of the bar
	Middle              string // where its share is written; "" if there is no room
}

// How many slices are told apart, and from which share on it is written.
const (
	maxSlices  = 24
	hues       = 8
	hatches    = 4
	roomInside = 12 // per cent
)

// priceBar makes the bar of a proposal; nil if its price is not broken up.
func (v *visit) priceBar(p federation.Proposal) *priceBar {
	if len(p.Breakdown) == 0 || len(p.Breakdown) > maxSlices {
		return nil
	}
	total := new(big.Rat)
	for _, part := range p.Breakdown {
		total.Add(total, part.Amount.Rat())
	}
	if total.Sign() <= 0 {
		return nil
	}
	_, currency := p.Price()
	b := &priceBar{Printer: v.words, Total: v.price(p)}
	from := new(big.Rat)
	var said []string
	for n, part := range p.Breakdown {
		width := new(big.Rat).Quo(new(big.Rat).Mul(part.Amount.Rat(), big.NewRat(100, 1)), total)
		s := priceSlice{
			Name: part.Name, Amount: v.words.Money(part.Amount, currency), N: n % hues, Hatch: n % hatches,
			From: from.FloatString(3), Width: width.FloatString(3),
			Share: v.words.T("page_percent", "Number", v.words.Number(federation.Decimal(width.FloatString(0)))),
		}
		if s.Name == "" {
			s.Name = v.words.Word("part", part.Kind)
		}
		if width.Cmp(big.NewRat(roomInside, 1)) >= 0 {
			s.Middle = new(big.Rat).Add(from, new(big.Rat).Quo(width, big.NewRat(2, 1))).FloatString(3)
		}
		b.Parts = append(b.Parts, s)
		said = append(said, s.Name+" "+s.Share)
		from.Add(from, width)
	}
	b.Words = v.words.T("page_parts") + ": " + strings.Join(said, ", ")
	return b
}

// Thin is the bar as a card shows it.
func (b *priceBar) Thin() *priceBar {
	thin := *b
	thin.IsThin = true
	return &thin
}
