// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"slices"
	"time"
)

// A PriceRecord is what an offer or a need cost from a moment on: what is asked
// in return, for how much of it, and what that is made of.
type PriceRecord struct {
	At       time.Time   `json:"-"`
	Amount   Decimal     `json:"amount,omitempty"` // empty: no price was named any more
	Currency string      `json:"currency,omitempty"`
	Unit     string      `json:"unit,omitempty"` // of the amount
	Each     *bool       `json:"each,omitempty"` // as unitBased
	Per      *Quantity   `json:"per,omitempty"`
	Parts    []PricePart `json:"parts,omitempty"`

	// Readers is who could see it then: what was kept from the public does not
	// come out when a later price is for everybody.
	Readers string `json:"-"`
}

// PriceRecordOf returns what o costs now; false if it is no proposal.
func PriceRecordOf(o *Object) (PriceRecord, bool) {
	p, ok := ProposalOf(o)
	if !ok {
		return PriceRecord{}, false
	}
	named := ReadersOf(o)
	r := PriceRecord{At: stamp(o), Readers: Narrower(named.Of(DetailPrice), named.Of(DetailBreakdown))}
	if p.Reciprocal != nil && p.Reciprocal.Quantity != nil {
		q := p.Reciprocal.Quantity
		r.Amount, r.Unit, r.Currency = q.Value, q.Unit, p.Reciprocal.ConformsTo
		r.Each, r.Per, r.Parts = p.UnitBased, p.Primary.Quantity, p.Breakdown
	}
	return r, true
}

// Same reports whether two records name the same price.
func (r PriceRecord) Same(s PriceRecord) bool {
	amount := r.Amount == s.Amount || r.Amount != "" && s.Amount != "" && r.Amount.Cmp(s.Amount) == 0
	each := r.Each == nil && s.Each == nil || r.Each != nil && s.Each != nil && *r.Each == *s.Each
	parts := slices.EqualFunc(r.Parts, s.Parts, func(a, b PricePart) bool {
		return a.Name == b.Name && a.Kind == b.Kind && a.Amount.Cmp(b.Amount) == 0
	})
	return amount && each && parts && r.Unit == s.Unit && r.Currency == s.Currency && sameQuantity(r.Per, s.Per)
}

// Proposal returns r as a proposal that costs so much.
func (r PriceRecord) Proposal() Proposal {
	p := Proposal{UnitBased: r.Each, Breakdown: r.Parts}
	p.Primary.Quantity = r.Per
	if r.Amount != "" {
		p.Reciprocal = &Intent{ConformsTo: r.Currency, Quantity: &Quantity{Unit: r.Unit, Value: r.Amount}}
	}
	return p
}
