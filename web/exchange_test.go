// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// basket publishes an offer of so many baskets at 18 € each, and returns its
// page.
func (i *instance) basket(left string, more ...string) string {
	i.t.Helper()
	f := url.Values{
		"title": {"Paniers de légumes"}, "modes": {"sale"}, "available": {left}, "unit": {"one"}, "unit.name": {"le panier"}, "price": {"18"},
		"currency": {"EUR"}, "per": {"unit"},
	}
	for n := 0; n < len(more); n += 2 {
		f[more[n]] = strings.Fields(more[n+1])
	}
	return led(i.as("admin").post("/publish/offer", f).wants(i.t, 303))
}

// wish is what somebody types who wants so many baskets, and has seen the price.
func wish(path, quantity, shown string) url.Values {
	return url.Values{
		"id": {origin + path}, "quantity": {quantity}, "shown": {shown}, "do": {"send"}, "due.date": {"2026-09-10"}, "due.time": {"18:30"},
		"place": {"Maison de la vie associative"}, "message": {"Merci, sans poireaux"},
	}
}

// went returns where a response sends the browser, without what was done.
func went(t testing.TB, r response) string {
	t.Helper()
	u, err := url.Parse(r.wants(t, 303).Header.Get("Location"))
	must(t, err)
	return u.Path
}

func (i *instance) left(path string) string {
	i.t.Helper()
	var left string
	i.update(func(ctx context.Context, tx *store.Tx) error {
		o, err := tx.Object(ctx, federation.IRI(origin+path))
		if err == nil {
			p, _ := federation.ProposalOf(o)
			left = string(p.Primary.Available.Value)
		}
		return err
	})
	return left
}

func TestMembersAskForWhatIsOffered(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		path := i.basket("12", "minimum", "2")
		i.as("member").get(path).wants(t, 200, "Ça m’intéresse", "Combien", "panier", "au moins 2 × panier", "il reste 12 × panier")
		i.as("").get(path).wants(t, 200, "Connectez-vous pour répondre")
		i.as("admin").get(path).wants(t, 200, "0 demande", path+"/exchanges")

		b := i.as("member")
		b.get("/respond?"+url.Values{"id": {origin + path}, "quantity": {"3"}}.Encode()).wants(t, 200, "54\u202f€", `name="shown" value="54"`, `value="3"`)
		b.get("/respond?"+url.Values{"id": {origin + path}, "quantity": {"40"}}.Encode()).wants(t, 422, "Il n’en reste pas autant")
		b.post("/respond", wish(path, "1", "18")).wants(t, 422, "C’est moins que le minimum", "sans poireaux", `value="2026-09-10"`)
		b.post("/respond", wish(path, "deux", "18")).wants(t, 422, `value="deux"`, "f-quantity-error")
		b.post("/respond", wish(path, "3", "36")).wants(t, 422, "54\u202f€", `name="shown" value="54"`) // another price than was seen
		past := wish(path, "2", "36")
		past.Set("due.date", "2025-01-01")
		b.post("/respond", past).wants(t, 422, "Cette date est passée")
		reckon := wish(path, "4", "36")
		reckon.Set("do", "price")
		b.post("/respond", reckon).wants(t, 200, "72\u202f€")

		made := b.post("/respond", wish(path, "2", "36"))
		page := went(t, made)
		if !strings.HasPrefix(page, "/exchanges/") {
			t.Fatalf("sent on to %s", page)
		}
		b.get(page).wants(t, 200, "2 × panier", "36\u202f€", "jeudi 10 septembre 2026", "18", "Maison de la vie associative", "sans poireaux", "Retirer ma demande", "demandé")
		b.get(path).wants(t, 200, "Vous avez déjà demandé", page)
		i.as("admin").get(page).wants(t, 200, "Accepter", "Proposer autre chose", "Refuser", "sans poireaux", "Camille member")
		i.as("admin").get("/notifications").wants(t, 200, "demande un échange", page, "2 × panier")
		i.as("admin").get("/exchanges").wants(t, 200, "En attente de réponse", "2 × panier", "à vous")
		i.as("admin").get("/").wants(t, 200, "qui vous attendent")
		b.get("/exchanges?side=asked&as=camille-member").wants(t, 200, "En attente de réponse", page)

		// To everybody else it is what does not exist.
		none := i.as("moderator").get("/exchanges/0123456789abcdef0123456789abcdef").wants(t, 404)
		if other := i.as("moderator").get(page).wants(t, 404); other.body != none.body {
			t.Error("a third can tell that there is an exchange")
		}
		if r := i.as("").get(page).wants(t, 303); !strings.HasPrefix(r.Header.Get("Location"), "/sign-in") {
			t.Errorf("sent on to %s", r.Header.Get("Location"))
		}
		i.as("moderator").post(page, url.Values{"do": {"accept"}}).wants(t, 404)
		i.as("moderator").get(page+"/receipt").wants(t, 404)
	})
}

func TestTwoAgreeAndHandOver(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		path := i.basket("12")
		amap, me := i.as("admin"), i.as("member")
		page := went(t, me.post("/respond", wish(path, "3", "54")))
		do := func(b *browser, what string, more ...string) response {
			t.Helper()
			f := url.Values{"do": {what}}
			for n := 0; n < len(more); n += 2 {
				f.Set(more[n], more[n+1])
			}
			return b.post(page, f)
		}
		do(amap, "refuse").wants(t, 422, "Dites pourquoi")
		do(amap, "counter", "quantity", "40").wants(t, 422, "Il n’en reste pas autant", `value="40"`)
		do(me, "accept").wants(t, 303)
		if got := i.left(path); got != "12" {
			t.Fatalf("who asked agreed for the publisher: %s left", got)
		}
		do(amap, "counter", "quantity", "2", "price", "30", "due.date", "2026-09-17", "reason", "Il en reste peu").wants(t, 303)
		me.get(page).wants(t, 200, "vous fait une autre proposition", "2 × panier", "30\u202f€", "Il en reste peu", "Accepter cette proposition")
		me.get("/").wants(t, 200, "qui vous attendent")
		do(me, "take").wants(t, 303)
		me.get(page).wants(t, 200, "convenu", "30\u202f€", "17 septembre", "Bien reçu")
		if got := i.left(path); got != "10" {
			t.Errorf("%s left", got)
		}
		do(amap, "accept").wants(t, 303) // pressed late
		do(amap, "delivered", "handed", "5").wants(t, 422, "plus que ce qui reste", `value="5"`)
		do(amap, "delivered", "handed", "1").wants(t, 303)
		me.get(page).wants(t, 200, "a noté une remise", "dit vous avoir remis")
		do(amap, "delivered").wants(t, 303)
		do(me, "cancel", "reason", "Trop tard").wants(t, 422, "Une partie a déjà été remise")
		do(me, "paid").wants(t, 303)
		do(me, "delivered").wants(t, 303)
		amap.get(page).wants(t, 200, "terminé", "paiement de 30\u202f€", "Reçu à imprimer")
		amap.get(page+"/receipt?as=amap").wants(t, 200, "Reçu", "2 × panier", "30\u202f€", "Camille member")
		do(amap, "dance").wants(t, 400)
	})
}

func TestWhatWasAgreedIsCancelled(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		path := i.basket("3")
		me := i.as("member")
		page := went(t, me.post("/respond", wish(path, "3", "54")))
		i.as("admin").post(page, url.Values{"do": {"accept"}}).wants(t, 303)
		i.as("admin").get(path).wants(t, 200, "Pourvu")
		me.post(page, url.Values{"do": {"cancel"}}).wants(t, 422, "Dites pourquoi")
		me.post(page, url.Values{"do": {"cancel"}, "reason": {"Je pars en voyage"}}).wants(t, 303)
		if got := i.left(path); got != "3" {
			t.Errorf("%s left", got)
		}
		i.as("admin").get(page).wants(t, 200, "annulé", "Je pars en voyage")
		i.as("admin").get("/notifications").wants(t, 200, "annule un échange")
		again := went(t, me.post("/respond", wish(path, "1", "18")))
		me.post(again, url.Values{"do": {"cancel"}}).wants(t, 303) // nobody counts on it yet
		me.get(again).wants(t, 200, "retiré", "Faire une nouvelle demande")
	})
}

func TestTheTwoWriteToEachOther(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		path := i.basket("3")
		amap, me := i.as("admin"), i.as("member")
		page := went(t, me.post("/respond", wish(path, "1", "18")))
		amap.post(page, url.Values{"do": {"write"}, "words": {""}}).wants(t, 422)
		amap.post(page, url.Values{"do": {"write"}, "words": {"Avec les fanes ?"}}).wants(t, 303)
		me.get(page).wants(t, 200, "Avec les fanes")
		me.post(page, url.Values{"do": {"write"}, "words": {"Oui, volontiers"}}).wants(t, 303)
		amap.get(page).wants(t, 200, "Avec les fanes", "Oui, volontiers")
		me.get("/notifications?as=camille-member").wants(t, 200, page)
		for _, where := range []string{"/", "/@amap", "/offers", path, "/search?q=fanes", "/actors/amap/outbox"} {
			for _, who := range []string{"", "moderator"} {
				if got := i.as(who).get(where); strings.Contains(got.body, "fanes") && !strings.HasPrefix(where, "/search") {
					t.Errorf("%s shows to %q what the two wrote", where, who)
				}
			}
		}
	})
}

func TestCapitalIsInformationOnly(t *testing.T) {
	i := lone(t)
	path := i.basket("3", "modes", "capital")
	i.as("member").get(path).wants(t, 200, "simple information", "Prendre contact")
	i.as("member").get("/respond?id="+url.QueryEscape(origin+path)).wants(t, 404)
	i.as("member").post("/respond", wish(path, "1", "18")).wants(t, 404)
}

// What somebody chooses to give stands nowhere: not on pages, in no file that
// leaves, and in no row of the database.
func TestAFreePriceIsNotKept(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		const chosen = "7391" // unlike anything else there is
		path := i.basket("3", "modes", "freePrice", "price", "")
		me, amap := i.as("member"), i.as("admin")
		me.get("/respond?id="+url.QueryEscape(origin+path)).wants(t, 200, "jamais noté")
		f := wish(path, "1", "")
		f.Set("price", chosen)
		page := went(t, me.post("/respond", f))
		amap.post(page, url.Values{"do": {"accept"}}).wants(t, 303)
		for _, b := range []*browser{amap, me} {
			b.post(page, url.Values{"do": {"delivered"}, "price": {chosen}}).wants(t, 303)
		}
		me.post(page, url.Values{"do": {"paid"}, "price": {chosen}}).wants(t, 303) // there is nothing to note
		for _, where := range []string{page, page + "/receipt", "/exchanges/table?as=camille-member", "/ledger/export?format=json&as=camille-member"} {
			if body := me.get(where).wants(t, 200).body; strings.Contains(body, chosen) {
				t.Errorf("%s has what somebody gives", where)
			}
		}
		me.get(page).wants(t, 200, "prix libre")
		for _, where := range []string{path + "/exchanges", path + "/exchanges/table", "/exchanges/table?as=amap"} {
			if body := amap.get(where).wants(t, 200).body; strings.Contains(body, chosen) {
				t.Errorf("%s has what somebody gives", where)
			}
		}
		i.update(func(ctx context.Context, tx *store.Tx) error {
			x, err := tx.Exchange(ctx, federation.IRI(origin+page))
			if err != nil {
				return err
			}
			raw, err := json.Marshal(x)
			if strings.Contains(string(raw), chosen) || x.Terms.Price != nil || !x.Done(federation.StepPaid, x.Partner).Zero() {
				t.Errorf("it is kept: %s", raw)
			}
			return err
		})
		copied := t.TempDir() + "/copy"
		must(t, i.db.Backup(t.Context(), copied))
		raw, err := os.ReadFile(copied)
		must(t, err)
		if bytes.Contains(raw, []byte(chosen)) {
			t.Error("a copy of the database has it")
		}
	})
}

// What is asked about how an agreement comes about is kept, and comes back with
// what is wrong.
func TestHowAnAgreementComesAbout(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		f := offer()
		for name, value := range map[string]string{"agree": "once", "cancel.hours": "48", "payment": "https://pay.example/amap"} {
			f.Set(name, value)
		}
		b := i.as("admin")
		path := led(b.post("/publish/offer", f).wants(t, 303))
		b.get(path+"/edit").wants(t, 200, `value="https://pay.example/amap"`, `value="48"`, "C’est accepté tout de suite")
		page := went(t, i.as("member").post("/respond", wish(path, "2", "36")))
		i.as("member").get(page).wants(t, 200, "convenu", "https://pay.example/amap", "Vous pouvez annuler jusqu’au")
		if got := i.left(path); got != "10" {
			t.Errorf("%s left", got)
		}
		late := wish(path, "1", "18")
		late.Set("due.date", "2026-09-02")
		page = went(t, i.as("member").post("/respond", late))
		i.as("member").post(page, url.Values{"do": {"cancel"}, "reason": {"Malade"}}).wants(t, 422, "trop tard pour annuler", "Malade")

		for name, value := range map[string]string{"threshold": "20", "cancel.hours": "-3", "payment": "javascript:alert(1)", "until": ""} {
			f.Set(name, value)
		}
		b.post("/publish/offer", f).wants(t, 422, `value="-3"`, "nombre d’heures", "f-payment-error", "Choisissez")
		f.Set("agree", "ask")
		b.post("/publish/offer", f).wants(t, 422, "jusqu’à quand on peut se joindre")
	})
}

// What is bought in common is agreed on with everybody, or refused with the
// reason.
func TestBoughtInCommon(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		f := offer()
		f.Set("threshold", "5")
		publish := func() string { return led(i.as("admin").post("/publish/offer", f).wants(t, 303)) }
		lapses := &outbox.Lapses{DB: i.db}
		path, short := publish(), publish()
		one := went(t, i.as("member").post("/respond", wish(path, "2", "36")))
		alone := went(t, i.as("member").post("/respond", wish(short, "2", "36")))
		i.as("member").get(one).wants(t, 200, "demandé")
		two := went(t, i.as("moderator").post("/respond", wish(path, "3", "54")))
		i.as("member").get(one).wants(t, 200, "convenu")
		i.as("moderator").get(two).wants(t, 200, "convenu")
		must(t, lapses.Step(t.Context()))
		i.as("member").get(alone).wants(t, 200, "demandé")
		i.pass(111 * 24 * time.Hour) // after the last day
		must(t, lapses.Step(t.Context()))
		i.as("member").get(alone).wants(t, 200, "refusé", "n’a pas atteint la quantité")
	})
}
