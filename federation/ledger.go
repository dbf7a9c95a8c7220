// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Where time or a local currency is exchanged, what was done for each other is
// kept in a ledger: every exchange that both confirmed is one entry, which takes
// from one what it gives to the other. So the sum of all balances is nought by
// construction, and there is no bank: an entry is what both signed.

// HourUnit is the unit of time exchanges, in an entry: that of OM 2.
const HourUnit = "hour"

// An Entry is one statement of a ledger, in double entry.
type Entry struct {
	Exchange IRI       `json:"exchange"`
	From     IRI       `json:"from"` // who received what was done, and owes
	To       IRI       `json:"to"`   // who did it, and earned
	Amount   Decimal   `json:"amount"`
	Unit     string    `json:"unit"` // HourUnit, or the URI of a local currency
	At       time.Time `json:"at"`
	// Signed are the receipts with their authors' proofs (FEP-8b32).
	Signed []json.RawMessage `json:"signed"`
	Both   bool              `json:"both"` // each of the two signed
}

// Entry returns what an exchange writes into the ledger; ok is false if that is
// nothing: it is not counted so, or not agreed on, or was called off.
func (x *Exchange) Entry() (e Entry, ok bool) {
	if x.State != ExchangeAgreed && x.State != ExchangeFulfilled {
		return e, false
	}
	e = Entry{Exchange: x.ID, To: x.Provider(), From: x.Other(x.Provider()), At: x.Updated}
	switch t := x.Terms; {
	case t.Mode == "timeBank" && t.Price != nil && t.Price.Unit == HourUnit:
		e.Amount, e.Unit = t.Price.Value, HourUnit
	case t.Mode == "timeBank" && t.Quantity.Unit == HourUnit:
		e.Amount, e.Unit = x.Total(), HourUnit
	case t.Mode == "localCurrency" && t.Price != nil && t.Currency != "":
		e.Amount, e.Unit = t.Price.Value, t.Currency
	default:
		return e, false
	}
	by := map[IRI]bool{}
	for _, step := range x.Steps {
		if step.Signed != nil {
			e.Signed = append(e.Signed, step.Signed)
			by[step.By] = true
		}
	}
	e.Both = by[x.Publisher] && by[x.Partner]
	return e, true
}

// A Balance is what somebody earned less what they owe, in one unit.
type Balance struct {
	Unit   string
	Earned Decimal // by what both confirmed
	Spent  Decimal
	Bound  Decimal // of what is agreed and not confirmed yet: what will be owed
}

// Sum is Earned less Spent, and whether it is below nought.
func (b Balance) Sum() (amount Decimal, owes bool) {
	if b.Earned.Cmp(b.Spent) < 0 {
		return b.Spent.Minus(b.Earned), true
	}
	return b.Earned.Minus(b.Spent), false
}

// Balances sums up exchanges as they stand for one of the parties, by unit.
func Balances(who IRI, list []*Exchange) (all []Balance) {
	for _, x := range list {
		e, ok := x.Entry()
		if !ok {
			continue
		}
		i := slices.IndexFunc(all, func(b Balance) bool { return b.Unit == e.Unit })
		if i < 0 {
			i, all = len(all), append(all, Balance{Unit: e.Unit, Earned: "0", Spent: "0", Bound: "0"})
		}
		switch b := &all[i]; {
		case x.State == ExchangeAgreed && e.From == who:
			b.Bound = b.Bound.Plus(e.Amount)
		case x.State == ExchangeAgreed:
		case e.From == who:
			b.Spent = b.Spent.Plus(e.Amount)
		case e.To == who:
			b.Earned = b.Earned.Plus(e.Amount)
		}
	}
	slices.SortFunc(all, func(a, b Balance) int { return strings.Compare(a.Unit, b.Unit) })
	return all
}

// Within reports whether b, with so much more to owe, stays above a limit below
// nought. An empty limit is none.
func (b Balance) Within(limit, more Decimal) bool {
	if limit == "" {
		return true
	}
	owed := new(big.Rat).Add(b.Spent.Rat(), b.Bound.Rat())
	owed.Add(owed, more.Rat()).Sub(owed, b.Earned.Rat())
	return owed.Cmp(limit.Rat()) <= 0
}

// withinLimit holds whoever would owe by an exchange to the limit of balances,
// with what they owe, agreed to, and asked for already. Whichever of the two it
// is, and however the two came to agree. No two of their exchanges are agreed
// on at once.
func withinLimit(ctx context.Context, s State, x *Exchange) error {
	agreed := *x
	agreed.State = ExchangeAgreed
	e, ok := agreed.Entry()
	if !ok {
		return nil
	}
	limit, err := s.LedgerLimit(ctx)
	if err != nil || limit == "" {
		return err
	}
	if err := s.Lock(ctx, "ledger "+e.From); err != nil {
		return err
	}
	list, err := s.Ledger(ctx, e.From)
	if err != nil {
		return err
	}
	var others []*Exchange
	for _, o := range list {
		if o.ID == x.ID {
			continue
		}
		if o.Open() && o.Partner == e.From {
			asked := *o
			asked.State = ExchangeAgreed
			o = &asked
		}
		others = append(others, o)
	}
	balance := Balance{Unit: e.Unit}
	for _, b := range Balances(e.From, others) {
		if b.Unit == e.Unit {
			balance = b
		}
	}
	if balance.Within(limit, e.Amount) {
		return nil
	}
	reason := "error_ledger_limit"
	if e.From == x.Publisher {
		reason = "error_ledger_limit_publisher"
	}
	return field("reciprocal", reason, "%s more would be beyond %s", e.Amount, limit)
}

// Signature is the value of the proof of the last receipt that one of the two
// signed.
func (e Entry) Signature(by IRI) string {
	for _, doc := range slices.Backward(e.Signed) {
		m := members(doc)
		if IRI(text(m["attributedTo"])) == by {
			return text(members(m["proof"])["proofValue"])
		}
	}
	return ""
}
