// SPDX-License-Identifier: AGPL-3.0-or-later

package federation_test

import (
	"fmt"
	"testing"

	. "codeberg.org/maillage/maillage/federation"
)

// BenchmarkApply passes posts of a followed actor through the gate, against a
// State that costs next to nothing.
func BenchmarkApply(b *testing.B) {
	s := newMemory()
	if err := s.PutEdge(b.Context(), &Edge{Kind: Follow, From: ann, To: vera, By: ann + "/follow"}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%1000 == 0 { // the maps are not what is measured
			clear(s.objects)
			clear(s.activities)
		}
		if _, err := Apply(b.Context(), s, post(note(vera, fmt.Sprint(i)))); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkIndexOf reads what an offer is found by.
func BenchmarkIndexOf(b *testing.B) {
	o := note(ann, "offer")
	o.Name, o.Content = "Courges", "<p>Des courges, à prendre à la ferme.</p>"
	Proposal{
		Purpose: PurposeOffer, Modes: []string{"sale", "gift"}, Category: "alimentation",
		Primary: Intent{Action: "transfer", Quantity: &Quantity{Unit: "kilogram", Value: "1"}, Available: &Quantity{Unit: "kilogram", Value: "40"}},
	}.Put(o)
	b.ReportAllocs()
	for b.Loop() {
		if x := IndexOf(o); x.Kind != "offer" {
			b.Fatal(x.Kind)
		}
	}
}
