// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"fmt"
	stdhtml "html"
	"net/url"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
	"codeberg.org/maillage/maillage/watch"
)

// watched is an instance whose watch looks when it is told to.
func watched(t *testing.T) (*instance, func()) {
	i := lone(t)
	w := &watch.Watch{DB: i.db, Log: i.site.Log, Now: i.now}
	i.site.Watch = w
	return i, func() {
		t.Helper()
		must(t, w.Once(t.Context()))
		i.site.front.clear()
	}
}

// proposal makes an offer or a need of somebody known.
func (i *instance) proposal(by *federation.Actor, purpose, title string, change ...func(*federation.Object)) *federation.Object {
	i.t.Helper()
	o := &federation.Object{
		ID: federation.IRI(by.ID.Origin() + "/objects/" + purpose + "-" + strings.ReplaceAll(title, " ", "-")), Type: "Note", AttributedTo: by.ID, Name: title, Content: "<p>" + title + "</p>",
		To: []federation.IRI{federation.Public}, Published: i.now(), Local: by.Local,
	}
	federation.Proposal{Purpose: purpose, Modes: []string{"barter"}, Category: "alimentation"}.Put(o)
	for _, c := range change {
		c(o)
	}
	i.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutObject(ctx, o) })
	return o
}

func in(lat, lon float64) func(*federation.Object) {
	return func(o *federation.Object) {
		o.Location = &federation.Place{Name: "Die", Point: &federation.Point{Latitude: lat, Longitude: lon}}
	}
}

func TestWhatMayAnswerOursIsShownWithItsReason(t *testing.T) {
	i, look := watched(t)
	farm, fool := i.peer("farm"), i.peer("fool")
	need := i.proposal(i.initiative, federation.PurposeRequest, "Légumes de saison", in(44.75, 5.37))
	i.proposal(farm, federation.PurposeOffer, "Paniers de légumes", in(44.73, 5.02))
	i.proposal(fool, federation.PurposeOffer, "Légumes louches", in(44.75, 5.37))
	far := i.proposal(farm, federation.PurposeOffer, "Légumes de Lille", in(50.6, 3.06))
	look()
	i.update(func(ctx context.Context, tx *store.Tx) error { return tx.Suspend(ctx, string(fool.ID), "spam") })

	page := i.as("admin").get("/matches").wants(t, 200)
	for _, want := range []string{"Légumes de saison", "Paniers de légumes", "on parle des deux côtés de", "légumes", "même secteur (Alimentation)", "troc", "à 28", "Légumes de Lille"} {
		page.wants(t, 200, want)
	}
	page.lacks(t, "Légumes louches")
	i.as("admin").get("/matches?radius=50").wants(t, 200).lacks(t, "Légumes de Lille")
	i.as("member").get("/matches").wants(t, 200).lacks(t, "Paniers de légumes")

	path := strings.TrimPrefix(string(need.ID), origin)
	i.as("member").get(path).wants(t, 200, "Ça pourrait répondre à ce besoin", "Paniers de légumes")
	i.browser().get(path).wants(t, 200).lacks(t, "Paniers de légumes")

	i.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.PutObject(ctx, &federation.Object{ID: far.ID, Type: "Tombstone", FormerType: "Note", AttributedTo: farm.ID})
	})
	i.as("admin").get("/matches").wants(t, 200).lacks(t, "Légumes de Lille")
}

func TestMatchesArePagedAndTheRoundsStandOnTheFirstPage(t *testing.T) {
	i, look := watched(t)
	farm := i.peer("farm")
	for n := range maxAnswered + 1 {
		i.proposal(i.initiative, federation.PurposeRequest, fmt.Sprintf("besoin %d de légumes", n))
	}
	i.proposal(farm, federation.PurposeOffer, "Paniers de légumes")
	look()
	page := i.as("admin").get("/matches?as=amap&radius=").wants(t, 200, "besoin 8 de légumes", `id="loops"`)
	page.lacks(t, "besoin 0 de légumes")
	_, more, _ := strings.Cut(page.body, `rel="next" href="`)
	more, _, _ = strings.Cut(more, `"`)
	last := i.as("admin").get(stdhtml.UnescapeString(more)).wants(t, 200, "besoin 0 de légumes", "Paniers de légumes")
	last.lacks(t, "besoin 8 de légumes")
	last.lacks(t, `id="loops"`)
	last.lacks(t, `rel="next"`)
}

func TestARoundOfBarterIsToldAndOneCanWriteToTheOthers(t *testing.T) {
	i, look := watched(t)
	cafe, workshop := i.peer("cafe"), i.peer("atelier")
	i.proposal(cafe, federation.PurposeRequest, "légumes pour la soupe")
	i.proposal(i.initiative, federation.PurposeOffer, "légumes du jardin")
	i.proposal(i.initiative, federation.PurposeRequest, "réparer notre vélo cargo")
	i.proposal(workshop, federation.PurposeOffer, "réparation de vélo")
	i.proposal(workshop, federation.PurposeRequest, "repas chauds")
	i.proposal(cafe, federation.PurposeOffer, "repas chauds")
	look()
	page := i.as("admin").get("/matches?as=amap").wants(t, 200)
	page.wants(t, 200, "Avec l’une de nos initiatives", "Leur écrire")
	_, letter, _ := strings.Cut(page.body, `href="/share`)
	letter, _, _ = strings.Cut(letter, `"`)
	letter = "/share" + stdhtml.UnescapeString(letter)
	i.as("admin").get(letter).wants(t, 200, "@cafe@peer.example", "@atelier@peer.example", "légumes pour la soupe")
	i.as("member").get("/matches").wants(t, 200, "légumes pour la soupe").lacks(t, "Leur écrire")

	i.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.PutEdge(ctx, &federation.Edge{Kind: federation.Block, From: cafe.ID, To: i.initiative.ID, By: "https://peer.example/b"})
	})
	i.pass(20 * time.Minute) // that nothing else changed does not matter then
	look()
	i.as("admin").get("/matches?as=amap").wants(t, 200).lacks(t, "légumes pour la soupe")
}

func TestAnAlertIsMadeOfASearchAndTellsOfWhatComes(t *testing.T) {
	i, look := watched(t)
	farm := i.peer("farm")
	member := i.as("member")
	member.get("/offers").wants(t, 200).lacks(t, "M’avertir")
	member.get("/offers?q=pain&lat=44.75&lon=5.37&radius=10").wants(t, 200, "M’avertir")
	i.browser().get("/offers?q=pain").wants(t, 200).lacks(t, "M’avertir")

	values := url.Values{"q": {"pain"}, "kind": {"offer"}, "lat": {"44.75"}, "lon": {"5.37"}, "radius": {"10"}}
	member.post("/alerts", values).wants(t, 303)
	member.post("/alerts", values).wants(t, 303) // twice is once
	page := member.get("/alerts").wants(t, 200)
	if n := strings.Count(page.body, "<strong><bdi>pain, offres, à moins de 10"); n != 1 {
		t.Errorf("%d alerts are shown", n)
	}
	member.post("/alerts", url.Values{}).wants(t, 422, "Dites ce que vous attendez")
	member.post("/alerts", url.Values{"q": {"fête"}, "kind": {"event"}}).wants(t, 422, "Choisissez l’un des deux")

	i.proposal(farm, federation.PurposeOffer, "Pains au levain", in(44.76, 5.38))
	i.proposal(farm, federation.PurposeOffer, "Pain lointain", in(50.6, 3.06))
	i.proposal(farm, federation.PurposeRequest, "Pain cherché", in(44.76, 5.38))
	look()
	look()
	notices := member.get("/notifications?as=camille-member").wants(t, 200)
	notices.wants(t, 200, "a publié ce que vous attendez (pain, offres, à moins de 10", "Pains au levain").lacks(t, "Pain lointain", "Pain cherché")
	member.get("/alerts").wants(t, 200, "A trouvé")

	action := "/alerts/1"
	i.as("editor").post(action, url.Values{"do": {"delete"}}).wants(t, 303)
	member.get("/alerts").wants(t, 200, "pain, offres") // it was not theirs
	member.post(action, url.Values{"do": {"pause"}}).wants(t, 303)
	member.get("/alerts").wants(t, 200, "En pause")
	i.proposal(farm, federation.PurposeOffer, "Pain de pause", in(44.76, 5.38))
	look()
	member.get("/notifications?as=camille-member").wants(t, 200).lacks(t, "Pain de pause")
	member.post(action, url.Values{"do": {"delete"}}).wants(t, 303)
	member.get("/alerts").wants(t, 200, "Pas encore d’alerte")
}
