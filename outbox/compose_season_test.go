// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"strings"
	"testing"

	"codeberg.org/maillage/maillage/federation"
)

func TestASeasonAsPeopleTypeIt(t *testing.T) {
	f := saleForm()
	f.Per = "unit"
	f.Dates, f.Payments = "15/10/2026 18h30 x 4\n- 22/10/2026\n\n2026-12-24 17:00\n15/10/2026 18:30\n", "3"
	o, problems := f.Object(composer(t, "fr"))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	p, _ := federation.ProposalOf(o)
	var got []string
	for _, d := range p.Dates {
		got = append(got, d.In(paris(t)).Format("02/01 15:04 -07"))
	}
	// Over the change of clocks in October it stays half past six.
	want := "15/10 18:30 +02, 29/10 18:30 +01, 05/11 18:30 +01, 24/12 17:00 +01"
	if s := strings.Join(got, ", "); s != want || p.Payments != 3 {
		t.Errorf("got %s, in %d parts", s, p.Payments)
	}
	if !strings.Contains(o.Content, "4 dates") {
		t.Errorf("readers are not told: %s", o.Content)
	}
	back := OfferFormOf(o, paris(t))
	if back.Dates != "15/10/2026 18:30\n29/10/2026 18:30\n05/11/2026 18:30\n24/12/2026 17:00\n" || back.Payments != "3" {
		t.Errorf("comes back as %q", back.Dates)
	}
}

func TestMistakesOfASeasonAreNamed(t *testing.T) {
	for dates, field := range map[string]string{
		"jeudi": "dates", "32/10/2026": "dates", "15/10/2026 25:00": "dates", "15/10/2026 x 500": "dates",
		"15/10/2026 x 60\n16/10/2026 x 60": "dates",
	} {
		f := saleForm()
		f.Dates = dates
		if _, problems := f.Object(composer(t, "fr")); len(problems.Of(field)) == 0 {
			t.Errorf("%q: %v", dates, problems)
		}
	}
	f := saleForm()
	f.Per, f.Dates = "lot", "15/10/2026"
	if _, problems := f.Object(composer(t, "fr")); len(problems.Of("unitBased")) == 0 {
		t.Errorf("a lot: %v", problems)
	}
	f = saleForm()
	f.Payments = "13"
	if _, problems := f.Object(composer(t, "fr")); len(problems.Of("payments")) == 0 {
		t.Errorf("thirteen parts: %v", problems)
	}
}
