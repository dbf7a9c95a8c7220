// SPDX-License-Identifier: AGPL-3.0-or-later

package federation_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	. "codeberg.org/maillage/maillage/federation"
)

// secretOf are values that stand in one detail of discreet alone.
var secretOf = map[string][]string{
	DetailPrice: {"73919", "pay.example"}, DetailBreakdown: {"Tchoupinette"}, DetailQuantity: {"86421", "97531"},
	DetailPlace: {"Farfadets", "Cave bleue", "44.9123", "26000"}, DetailContact: {"Zanzibarine"},
}

// discreet is an offer with a value in every detail.
func discreet(prefix string) *Object {
	o := note(ann, "discreet")
	o.Name, o.Local = "Panier", true
	o.Location = &Place{
		Type: "Place", Name: "Cave bleue", Street: "3 rue des Farfadets", Postal: "26000", City: "Valence",
		Point: &Point{Latitude: 44.9123, Longitude: 4.9123}, Town: &Point{Latitude: 44.93, Longitude: 4.89},
	}
	each := true
	p := Proposal{
		Purpose: PurposeOffer, UnitBased: &each, Contact: "Zanzibarine", Payment: "https://pay.example/x",
		Primary:    Intent{Quantity: &Quantity{"one", "1"}, Available: &Quantity{"one", "86421"}},
		Reciprocal: &Intent{ConformsTo: Currencies["EUR"], Quantity: &Quantity{"one", "73919"}},
		Breakdown:  []PricePart{{Name: "Tchoupinette", Kind: "production", Amount: "73919"}},
	}
	o.Extra = map[string]json.RawMessage{"source": json.RawMessage(`{"content":"x","available":"97531"}`)}
	p.Put(o)
	for _, name := range []string{"reciprocal", "publishes", "purpose"} {
		if raw, ok := o.Extra[name]; ok && prefix != "" {
			delete(o.Extra, name)
			o.Extra[prefix+name] = raw
		}
	}
	return o
}

// Whatever is kept from whom, nothing of it remains, and all else does.
func TestWhatIsNotForEverybodyIsGone(t *testing.T) {
	for range 300 {
		r, o := Readers{}, discreet([]string{"", "vf:"}[rand.IntN(2)])
		for _, detail := range Details {
			r[detail] = ReaderGroups[rand.IntN(3)]
		}
		r.Put(o)
		before, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		shown := Everyones(o)
		raw, err := json.Marshal(shown)
		if err != nil {
			t.Fatal(err)
		}
		for detail, words := range secretOf {
			for _, w := range words {
				if public, is := r.Of(detail) == ReadersPublic, strings.Contains(string(raw), w); is != public && (public || w != "73919" || r.Of(DetailPrice) != ReadersPublic) {
					t.Fatalf("%v: %q of the %s is there: %v\n%s", r, w, detail, is, raw)
				}
			}
		}
		if after, err := json.Marshal(o); err != nil || string(after) != string(before) {
			t.Fatal("the whole was changed")
		}
		if again := Everyones(shown); again != shown {
			t.Fatal("cut short twice")
		}
		if n, ok := NounOf(shown); !ok || n.Check(shown) != nil {
			t.Fatalf("what is left is no offer: %v", n.Check(shown))
		}
	}
}

func TestReaders(t *testing.T) {
	o := discreet("")
	if Withholds(o) || Everyones(o) != o {
		t.Error("all is for everybody unless it is said")
	}
	o.Extra["readers"] = json.RawMessage(`{"price":"friends","quantity":"public","shoe":"network","place":7}`)
	if r := ReadersOf(o); r.Of(DetailPrice) != ReadersParties || r.Of(DetailPlace) != ReadersParties {
		t.Errorf("%v: what is not understood is for too many", r)
	}
	o.Extra["readers"] = json.RawMessage(`{"price":"friends","quantity":"public","shoe":"network","contact":"network"}`)
	r := ReadersOf(o)
	if len(r) != 2 || r.Of(DetailPrice) != ReadersParties || r.Of(DetailContact) != ReadersNetwork || r.Of(DetailQuantity) != ReadersPublic {
		t.Errorf("%v", r)
	}
	for _, detail := range []string{DetailBreakdown, DetailHistory} {
		if r.Of(detail) != ReadersParties {
			t.Errorf("the %s tells of the price", detail)
		}
	}
	p, _ := ProposalOf(Everyones(o))
	if p.Primary.Available == nil || p.Reciprocal != nil || !slices.Equal(p.Modes, []string{}) && p.Modes != nil {
		t.Errorf("%+v", p)
	}
}

func TestNothingLeftIsForEverybodyToKnow(t *testing.T) {
	o := discreet("")
	p, _ := ProposalOf(o)
	p.Primary.Available.Value = "0"
	p.Put(o)
	Readers{DetailQuantity: ReadersParties}.Put(o)
	if !IndexOf(Everyones(o)).Closed {
		t.Error("it is offered as if there were some")
	}
}

func TestAnErrorSaysNoFiguresOfWhatIsWithheld(t *testing.T) {
	for _, terms := range []Terms{
		{Quantity: &Quantity{"one", "1"}, Price: &Quantity{"one", "2"}, Mode: "sale"}, {Quantity: &Quantity{"one", "99999"}, Mode: "sale"},
	} {
		o := discreet("")
		Readers{DetailPrice: ReadersParties, DetailQuantity: ReadersParties}.Put(o)
		p, _ := ProposalOf(o)
		_, err := p.Check(o, terms, noon)
		if err == nil || strings.Contains(err.Error(), "73919") || strings.Contains(err.Error(), "86421") {
			t.Errorf("%v", err)
		}
	}
}
