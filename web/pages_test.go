// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"net/url"
	"testing"
)

// offer is a form that is well.
func offer() url.Values {
	return url.Values{
		"title": {"Paniers de légumes"}, "description": {"Récoltés le **matin**."}, "modes": {"sale", "barter"},
		"price": {"18"}, "currency": {"EUR"}, "per": {"unit"}, "unit.name": {"le panier"}, "available": {"12"},
		"part.name": {"Ferme", "Livraison"}, "part.kind": {"production", "logistics"}, "part.amount": {"15", "3"},
		"until": {"2026-12-19"}, "place.name": {"Ferme du Moulin"}, "place.city": {"Valence"}, "place.lat": {"44.93"}, "place.lon": {"4.89"},
		"hashtags": {"#AMAP"}, "as": {"amap"},
	}
}

func TestOfferFromFormToPage(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.as("admin")
		b.get("/publish/offer").wants(t, 200, "Publier une offre", `name="modes"`)
		made := b.post("/publish/offer", offer()).wants(t, 303)
		where := made.Header.Get("Location")
		page := b.get(where).wants(t, 200, "Publié.", "Paniers de légumes", "18", "Ferme du Moulin", "Livraison", "<strong>matin</strong>", "/edit")
		_ = page
		i.as("").get(where).wants(t, 200, "Détail du prix", `rel="alternate" type="application/activity+json"`, `property="og:title"`)
		i.as("").get("/").wants(t, 200, "AMAP du Moulin", "Paniers de légumes", "@amap@amap.example")
		i.as("").get("/offers").wants(t, 200, "Paniers de légumes")
		i.as("").get("/tags/amap").wants(t, 200, "Paniers de légumes")
		i.as("").get("/search?q=legumes&radius=10&lat=44.9&lon=4.9").wants(t, 200, "Paniers de légumes", "km")
		i.as("").get("/@amap").wants(t, 200, "Paniers de légumes")
	})
}
