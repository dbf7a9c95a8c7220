// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"math/big"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// A priceStory is what a price was over time: bars to scale in SVG, and the
// table that says the same.
type priceStory struct {
	*locale.Printer
	Bars  []priceBarOf
	Lines []priceLine
	Words string // for those who do not see the bars
}

// A priceBarOf is one bar, in hundredths of the drawing.
type priceBarOf struct {
	From, Width, Top, Height string
	Last                     bool
}

// A priceLine is a row of the table.
type priceLine struct {
	Date, Stamp, Price, Change string
}

// priceStory reads what o cost over time, as the visitor may see it; nil if that
// never changed.
func (v *visit) priceStory(ctx context.Context, tx *store.Tx, o *federation.Object) (*priceStory, error) {
	if _, ok := federation.ProposalOf(o); !ok {
		return nil, nil
	}
	list, err := tx.Prices(ctx, v.viewers(), o)
	if err != nil || len(list) < 2 {
		return nil, err
	}
	return v.storyOf(o, list), nil
}

// storyOf makes the story of an object's prices, the oldest first.
func (v *visit) storyOf(o *federation.Object, list []federation.PriceRecord) *priceStory {
	s := &priceStory{Printer: v.words}
	for i := len(list) - 1; i >= 0; i-- {
		r := list[i]
		l := priceLine{Date: v.words.Day(r.At.In(v.zone())), Stamp: stamp(r.At), Price: v.pricePer(o, r.Proposal())}
		if l.Price == "" {
			l.Price = v.words.T("page_prices_none")
		}
		if l.Change = v.words.T("page_prices_first"); i > 0 {
			l.Change = v.priceChange(list[i-1], r)
		}
		s.Lines = append(s.Lines, l)
	}
	s.Bars = priceBars(list)
	s.Words = v.words.T("page_prices_drawn", "First", s.Lines[len(s.Lines)-1].Price, "Last", s.Lines[0].Price)
	return s
}

// comparable reports whether two prices are of the same kind.
func comparable(a, b federation.PriceRecord) bool {
	bare := func(r federation.PriceRecord) federation.PriceRecord {
		r.Amount, r.Parts = "1", nil
		return r
	}
	return a.Amount != "" && b.Amount != "" && bare(a).Same(bare(b))
}

// priceChange says what a price changed by.
func (v *visit) priceChange(was, is federation.PriceRecord) string {
	switch {
	case is.Amount == "":
		return v.words.T("page_prices_none")
	case !comparable(was, is):
		return v.words.T("page_prices_terms")
	case was.Amount.Cmp(is.Amount) == 0:
		return v.words.T("page_prices_parts")
	case was.Amount.Zero():
		return v.words.T("page_prices_terms")
	}
	share := new(big.Rat).Quo(is.Amount.Rat(), was.Amount.Rat())
	share.Sub(share, big.NewRat(1, 1)).Mul(share, big.NewRat(100, 1))
	id := "page_prices_up"
	if share.Sign() < 0 {
		id = "page_prices_down"
		share.Neg(share)
	}
	return v.words.T(id, "Percent", v.words.T("page_percent", "Number", v.words.Number(federation.Decimal(share.FloatString(0)))))
}

// How bars stand, in hundredths: of the drawing, the most that one takes up; of
// that, what stays free.
const (
	barRoom = 10
	barGap  = 16
)

// priceBars draws the prices that compare with the latest one; where there was
// another kind of price, or none, is a gap.
func priceBars(list []federation.PriceRecord) (bars []priceBarOf) {
	last := list[len(list)-1]
	most := new(big.Rat)
	for _, r := range list {
		if comparable(r, last) && r.Amount.Rat().Cmp(most) > 0 {
			most = r.Amount.Rat()
		}
	}
	if most.Sign() == 0 {
		return nil
	}
	room := big.NewRat(100, int64(max(len(list), 100/barRoom)))
	width := new(big.Rat).Mul(room, big.NewRat(100-barGap, 100))
	for i, r := range list {
		if !comparable(r, last) {
			continue
		}
		height := new(big.Rat).Quo(new(big.Rat).Mul(r.Amount.Rat(), big.NewRat(100, 1)), most)
		bars = append(bars, priceBarOf{
			From:  new(big.Rat).Mul(room, big.NewRat(int64(i), 1)).FloatString(3),
			Width: width.FloatString(3), Height: height.FloatString(3), Top: new(big.Rat).Sub(big.NewRat(100, 1), height).FloatString(3),
			Last: i == len(list)-1,
		})
	}
	return bars
}
