// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"net/url"
	"strings"
	"testing"
)

// The page of a circuit shows what was published for it, by whomever.
func TestTheCircuitShowsWhatIsPublishedForIt(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		circuit := i.actor("Group", "circuit", "Circuit de la Drôme")
		f := offer()
		f.Set("circuit", string(circuit.ID))
		i.as("admin").post("/publish/offer", f).wants(t, 303)
		own := url.Values{"description": {"Bienvenue dans le circuit."}, "as": {"circuit"}, "audience": {"public"}}
		i.as("admin").post("/publish/note", own).wants(t, 303)
		for _, who := range []string{"", "member"} {
			i.as(who).get("/@circuit").wants(t, 200, "Paniers de légumes", "Bienvenue dans le circuit")
			i.as(who).get("/@circuit?show=offer").wants(t, 200, "Paniers de légumes")
		}
		f.Set("title", "Pour les membres")
		f.Set("audience", "circuit")
		i.as("admin").post("/publish/offer", f).wants(t, 303)
		if strings.Contains(i.as("").get("/@circuit").body, "Pour les membres") {
			t.Error("what is for members is shown to everybody")
		}
	})
}
