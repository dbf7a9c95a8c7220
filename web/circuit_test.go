// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
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

// Who looks after a circuit takes posts out of it and lets them in again; the
// followers see what it passes on, and by whom.
func TestWhatTheCircuitPassesOn(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		circuit := i.actor("Group", "circuit", "Circuit de la Drôme")
		i.update(func(ctx context.Context, tx *store.Tx) error {
			m, err := tx.ActorByUsername(ctx, "camille-member")
			if err != nil {
				return err
			}
			return outbox.PublishTx(ctx, tx, &federation.Activity{Type: federation.Follow, Actor: m.ID, Object: circuit.ID, To: []federation.IRI{circuit.ID}})
		})
		f := offer()
		f.Set("circuit", string(circuit.ID))
		page := i.as("admin").post("/publish/offer", f).wants(t, 303).Header.Get("Location")
		page, _, _ = strings.Cut(page, "?")
		i.as("member").get("/feed").wants(t, 200, "Paniers de légumes", "Via", "Circuit de la Drôme")
		i.as("admin").get(page).wants(t, 200, "Retirer du circuit")
		if strings.Contains(i.as("member").get(page).body, "Retirer du circuit") {
			t.Error("a member may take it out")
		}
		object := url.Values{"object": {origin + page}, "as": {"circuit"}, "verb": {"unshare"}}
		i.as("member").post("/react", object).wants(t, 404)
		i.as("admin").post("/react", object).wants(t, 303)
		for _, path := range []string{"/@circuit", "/@circuit?show=offer", "/feed", "/embed/offers?circuit=circuit"} {
			if strings.Contains(i.as("member").get(path).body, "Paniers de légumes") {
				t.Errorf("it is still on %s", path)
			}
		}
		i.as("admin").get("/@circuit").wants(t, 200, "Publications qui ne circulent pas", "Paniers de légumes")
		i.as("admin").get(page).wants(t, 200, "Faire circuler")
		object.Set("verb", "share")
		i.as("admin").post("/react", object).wants(t, 303)
		i.as("").get("/@circuit").wants(t, 200, "Paniers de légumes")
	})
}
