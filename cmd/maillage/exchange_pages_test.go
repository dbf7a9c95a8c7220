// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
)

// vegetables is an offer whose unit has a name.
func vegetables(left string) outbox.OfferForm {
	f := baskets(left)
	f.UnitName = "le panier"
	return f
}

// TestAnExchangeByThePagesOfTwoInstances: a member of one finds the offer of the
// other on the pages of their own, and both do all they have to by forms.
func TestAnExchangeByThePagesOfTwoInstances(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		amap, cafe := launch(t, "amap", variant{database: fresh(t)}), launch(t, "cafe", variant{database: fresh(t)})
		cafe.follow(cafe.Actor, amap.Actor.ID)
		o := amap.offers(vegetables("6"))
		eventually(t, "the offer arrives", func() bool { return cafe.object(o.ID) != nil })
		desk, member := amap.signedIn(t, "admin-amap"), cafe.signedIn(t, "admin-cafe")
		asks := func(quantity, sum string) (mine, theirs string) {
			t.Helper()
			member.open("/offers", "Paniers de légumes").follow("/peer/objects", "Initiative amap", "Récoltés le matin même")
			member.press("/respond", "quantity", quantity).says(sum)
			mine = member.press("send", "message", "Sans poireaux", "place", "Au marché").says("demandé", sum).where()
			theirs = amap.waiting()
			desk.open("/exchanges?as=amap").follow(theirs, "Sans poireaux", "Au marché", sum)
			return mine, theirs
		}

		mine, theirs := asks("2", "36 €")
		desk.press("accept").says("convenu")
		member.shows(mine, "convenu").says("2 × panier")
		member.open("/exchanges?side=asked", "2 × panier", "Initiative amap")
		desk.press("delivered", "handed", "1")
		member.shows(mine, "dit vous avoir remis").press("delivered", "handed", "1")
		desk.shows(theirs, "Initiative cafe : 1 × panier, c’est fait").press("delivered")
		member.shows(mine, "dit vous avoir remis").press("delivered").says("terminé")
		member.press("paid")
		desk.shows(theirs, "terminé").press("paid")
		for v, page := range map[*visitor]string{member: mine, desk: theirs} {
			v.shows(page, "paiement de 36 €").follow("/receipt", "Reçu", "2 × panier", "36 €", "Initiative amap")
		}

		// Other terms, and what is agreed on is cancelled with a reason.
		mine, theirs = asks("3", "54 €")
		desk.press("counter", "quantity", "1", "reason", "Il en reste peu")
		member.shows(mine, "vous fait une autre proposition").says("Il en reste peu", "1 × panier").press("take")
		desk.shows(theirs, "convenu").says("1 × panier", "18 €")
		member.shows(mine, "convenu").press("cancel").says("Dites pourquoi")
		member.press("cancel", "reason", "Je pars en voyage").says("annulé")
		desk.shows(theirs, "annulé").says("Je pars en voyage")
		if amap.left(o.ID) != "4" {
			t.Errorf("%s left", amap.left(o.ID))
		}

		// A refusal, and one who takes it back.
		mine, _ = asks("1", "18 €")
		desk.press("refuse").says("Dites pourquoi")
		desk.press("refuse", "reason", "La récolte est perdue")
		member.shows(mine, "refusé").says("La récolte est perdue")
		mine, theirs = asks("1", "18 €")
		member.open(mine).press("cancel").says("retiré")
		desk.shows(theirs, "retiré")
		eventually(t, "both have the same stock", func() bool { return cafe.left(o.ID) == "4" && amap.left(o.ID) == "4" })
	})
}

// waiting waits for a request that nobody answered yet, and returns its page.
func (i *instance) waiting() (page string) {
	i.t.Helper()
	eventually(i.t, "the request arrives", func() bool {
		list := i.column("SELECT id FROM exchanges WHERE state = 'proposed'", 0)
		if len(list) == 1 {
			page = strings.TrimPrefix(list[0], i.Origin)
		}
		return len(list) == 1
	})
	return page
}

// TestBrowserTwoInstances is the same in a browser, without its scripts.
func TestBrowserTwoInstances(t *testing.T) {
	file := func(name string) variant { return variant{database: "sqlite:" + filepath.Join(t.TempDir(), name)} }
	amap, cafe := launch(t, "amap", file("amap.db")), launch(t, "cafe", file("cafe.db"))
	cafe.follow(cafe.Actor, amap.Actor.ID)
	o := amap.offers(vegetables("6"))
	eventually(t, "the offer arrives", func() bool { return cafe.object(o.ID) != nil })
	b := browse(t, amap.Origin)
	for _, i := range []*instance{amap, cafe} {
		b.do(chromedp.Navigate(i.SignIn))
		b.press("main button")
	}
	b.origin = cafe.Origin
	b.open("/offers", "Paniers de légumes")
	b.press(`main a[href*="/peer/objects"]`)
	b.fill("quantity", "2")
	b.press("#respond form button")
	b.fill("message", "Sans poireaux")
	b.press(".submit button")
	b.says("demandé", "2 × panier", "36 €")
	mine := b.path()
	b.origin = amap.Origin
	theirs := amap.waiting()
	b.open("/exchanges?as=amap", "2 × panier")
	b.press(`main a[href*="` + theirs + `"]`)
	b.press(`button[value="accept"]`)
	b.press(`.buttons button[value="delivered"]`)
	b.says("convenu")
	id := federation.IRI(amap.Origin + theirs)
	eventually(t, "the hand-over arrives", func() bool {
		x := cafe.exchange(federation.IRI(cafe.Origin + mine))
		return len(x.Steps) == 1
	})
	b.origin = cafe.Origin
	b.open(mine, "dit vous avoir remis")
	b.press(`.buttons button[value="delivered"]`)
	b.says("terminé")
	eventually(t, "both are done", func() bool { return amap.exchange(id).State == federation.ExchangeFulfilled })
	b.press(`main a[href*="/receipt"]`)
	b.says("Reçu", "2 × panier", "36 €")
	for _, u := range b.asked {
		if !strings.HasPrefix(u, amap.Origin+"/") && !strings.HasPrefix(u, cafe.Origin+"/") && !strings.HasPrefix(u, "data:") {
			t.Errorf("a page asked somebody else: %s", u)
		}
	}
}
