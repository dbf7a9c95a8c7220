// SPDX-License-Identifier: AGPL-3.0-or-later

package federation_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	. "codeberg.org/maillage/maillage/federation"
)

// TestTheSumOfALedgerIsNought exchanges at random among a few people, in two
// units, and recomputes every balance from the entries.
func TestTheSumOfALedgerIsNought(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	people := []IRI{ann, bob, vera, mal, evil}
	var all []*Exchange
	for n := range 500 {
		i := random.IntN(len(people))
		x := &Exchange{
			ID: IRI(fmt.Sprint(home, "/exchanges/", n)), Publisher: people[i], Partner: people[(i+1+random.IntN(4))%5],
			State: []string{ExchangeFulfilled, ExchangeAgreed, ExchangeCancelled}[random.IntN(3)], Purpose: []string{PurposeOffer, PurposeRequest}[random.IntN(2)],
		}
		amount := Decimal(fmt.Sprintf("%d.%02d", random.IntN(9), random.IntN(100)))
		x.Terms = Terms{Mode: "timeBank", Quantity: &Quantity{"one", "1"}, Price: &Quantity{"hour", amount}}
		if n%2 == 0 {
			x.Terms = Terms{Mode: "localCurrency", Quantity: &Quantity{"one", "1"}, Price: &Quantity{"one", amount}, Currency: "https://gonette.example/#"}
		}
		all = append(all, x)
	}
	for _, unit := range []string{HourUnit, "https://gonette.example/#"} {
		total, entries := new(big.Rat), new(big.Rat)
		for _, who := range people {
			for _, b := range Balances(who, all) {
				if b.Unit != unit {
					continue
				}
				sum, owes := b.Sum()
				if owes {
					total.Sub(total, sum.Rat())
				} else {
					total.Add(total, sum.Rat())
				}
			}
		}
		for _, x := range all {
			if e, ok := x.Entry(); ok && e.Unit == unit && x.State == ExchangeFulfilled {
				entries.Add(entries, e.Amount.Rat())
			}
		}
		if total.Sign() != 0 || entries.Sign() == 0 {
			t.Errorf("%s: the balances make %s, the entries %s", unit, total, entries)
		}
	}
}

func TestALimitHoldsWhatIsAgreedToo(t *testing.T) {
	b := Balance{Earned: "2", Spent: "5", Bound: "4"} // owes 3, will owe 7
	for _, test := range []struct {
		limit, more Decimal
		want        bool
	}{{"10", "3", true}, {"10", "3.01", false}, {"", "1000", true}, {"0", "0", false}} {
		if got := b.Within(test.limit, test.more); got != test.want {
			t.Errorf("limit %s, %s more: %t", test.limit, test.more, got)
		}
	}
	if (Balance{Earned: "9", Spent: "1", Bound: "0"}).Within("0", "8") != true {
		t.Error("what was earned may be spent")
	}
}

func TestWhatGoesIntoALedger(t *testing.T) {
	x := &Exchange{
		ID: "x", Publisher: ann, Partner: vera, State: ExchangeFulfilled, Purpose: PurposeRequest,
		Terms: Terms{Mode: "timeBank", Quantity: &Quantity{"hour", "3"}},
		Steps: []Step{{By: ann, Kind: StepDelivered, Quantity: "3", Signed: []byte(`{}`)}, {By: vera, Kind: StepDelivered, Quantity: "3"}},
	}
	e, ok := x.Entry()
	if !ok || e.From != ann || e.To != vera || e.Amount != "3" || e.Both || len(e.Signed) != 1 {
		t.Errorf("%+v", e)
	}
	x.Steps[1].Signed = []byte(`{}`)
	if e, _ := x.Entry(); !e.Both {
		t.Error("both signed")
	}
	for name, change := range map[string]func(*Exchange){
		"a sale":           func(x *Exchange) { x.Terms.Mode = "sale" },
		"a gift of hours":  func(x *Exchange) { x.Terms.Mode = "volunteering" },
		"what was refused": func(x *Exchange) { x.State = ExchangeRefused },
	} {
		y := *x
		change(&y)
		if _, ok := y.Entry(); ok {
			t.Errorf("%s is in the ledger", name)
		}
	}
}
