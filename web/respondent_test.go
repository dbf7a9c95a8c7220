// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/store"
)

// stranger is what somebody without an account types.
func stranger(path, address, quantity, shown string) url.Values {
	f := wish(path, quantity, shown)
	f.Set("name", "Zoé Blanc")
	f.Set("address", address)
	return f
}

// letter returns the one letter that was queued, and what its link leads to.
func (i *instance) letter(to, path string) (*store.Mail, string) {
	i.t.Helper()
	l := i.letters()
	if len(l) != 1 || l[0].To != to {
		i.t.Fatalf("%+v", l)
	}
	return l[0], link(i.t, l[0], path)
}

// keyOf is what the link of a letter holds.
func keyOf(t testing.TB, where string) url.Values {
	t.Helper()
	u, err := url.Parse(where)
	must(t, err)
	return u.Query()
}

func TestAskWithoutAnAccount(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.site.Mail = true
		path := i.basket("12")
		b, amap := i.as(""), i.as("admin")
		b.get(path).wants(t, 200, "Ça m’intéresse", "il reste 12")
		b.get("/respond?"+url.Values{"id": {origin + path}, "quantity": {"2"}}.Encode()).wants(t, 200, "36\u202f€", "Sans compte", `name="address"`)
		b.post("/respond", stranger(path, "zoe", "2", "36")).wants(t, 422, "adresse de courriel", `value="Zoé Blanc"`, "sans poireaux")
		b.post("/respond", stranger(path, "zoe@example.org", "2", "36")).wants(t, 200, "Un message vient de partir")
		amap.get(path+"/exchanges").wants(t, 200, "Personne n’a encore répondu")

		letter, where := i.letter("zoe@example.org", "/respond/confirm")
		if !strings.Contains(letter.Body, "2 × panier") || !strings.Contains(letter.Body, "10 septembre 2026") {
			t.Error(letter.Body)
		}
		b.get(where).wants(t, 200, "Confirmer votre demande", "2 × panier", "36\u202f€")
		page := b.post("/respond/confirm", keyOf(t, where)).wants(t, 303).Header.Get("Location")
		again := b.post("/respond/confirm", keyOf(t, where)).wants(t, 303).Header.Get("Location") // pressed twice
		if page != again || !strings.HasPrefix(page, "/exchanges/") {
			t.Fatalf("%s and %s", page, again)
		}
		b.get(page).wants(t, 200, "Votre demande est partie", "2 × panier", "Retirer ma demande")
		path2, _, _ := strings.Cut(page, "?")
		b.get(path2).wants(t, 303) // without the key
		i.as("member").get(path2).wants(t, 404)
		i.as("member").get(path2+"?g=1&k=nonsense").wants(t, 404)
		amap.get(path2).wants(t, 200, "Zoé Blanc", "zoe@example.org", "sans poireaux")
		amap.get("/notifications").wants(t, 200, "a reçu une demande, sans compte", path2)
		if body := i.as("member").get(path).body; strings.Contains(body, "Zoé") {
			t.Error("others see who asks")
		}

		// Another proposal, accepted by the link.
		amap.post(path2, url.Values{"do": {"counter"}, "quantity": {"1"}, "reason": {"Un seul cette semaine"}}).wants(t, 303)
		letter, where = i.letter("zoe@example.org", "/exchanges/")
		if !strings.Contains(letter.Body, "Un seul cette semaine") || !strings.Contains(letter.Body, "1 × panier, 18") {
			t.Error(letter.Body)
		}
		key := keyOf(t, where)
		b.get(where).wants(t, 200, "vous fait une autre proposition", "Accepter cette proposition")
		act := func(do string, more ...string) response {
			t.Helper()
			return b.post(path2, pressing(key, do, more...))
		}
		act("accept").wants(t, 303) // not theirs to press
		if got := i.left(path); got != "12" {
			t.Errorf("%s left", got)
		}
		act("take").wants(t, 303)
		if got := i.left(path); got != "11" {
			t.Errorf("%s left", got)
		}
		i.letter("zoe@example.org", "/exchanges/") // that it is agreed

		// A word each way, then the hand-over.
		act("write", "words", "À quelle heure ?").wants(t, 303)
		amap.get(path2).wants(t, 200, "À quelle heure")
		amap.post(path2, url.Values{"do": {"write"}, "words": {"Vers 18 h"}}).wants(t, 303)
		if letter, _ = i.letter("zoe@example.org", "/exchanges/"); !strings.Contains(letter.Body, "Vers 18 h") {
			t.Error(letter.Body)
		}
		amap.post(path2, url.Values{"do": {"delivered"}}).wants(t, 303)
		if letter, _ = i.letter("zoe@example.org", "/exchanges/"); !strings.Contains(letter.Subject, "bien reçu") {
			t.Error(letter.Subject)
		}
		act("delivered").wants(t, 303)
		amap.get(path2).wants(t, 200, "terminé")
		b.get(path2+"/receipt?"+key.Encode()).wants(t, 200, "1 × panier")

		// What is forgotten is forgotten.
		i.pass(91 * 24 * time.Hour)
		for n := 1; n > 0; {
			var err error
			n, err = i.db.Retention(t.Context())
			must(t, err)
		}
		if body := i.as("admin").get(path2).wants(t, 200).body; strings.Contains(body, "Zoé") || strings.Contains(body, "zoe@") || strings.Contains(body, "quelle heure") {
			t.Error("who asked is still known")
		}
		b.get(where).wants(t, 404)
	})
}

func TestAskWithoutAnAccountIsRefusedWithdrawnAndForgotten(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.site.Mail = true
		path := i.basket("3")
		b, amap := i.as(""), i.as("admin")
		ask := func(address string) (page string, key url.Values) {
			t.Helper()
			b.post("/respond", stranger(path, address, "1", "18")).wants(t, 200)
			_, where := i.letter(address, "/respond/confirm")
			page = led(b.post("/respond/confirm", keyOf(t, where)).wants(t, 303))
			return page, keyOf(t, where)
		}
		page, _ := ask("zoe@example.org")
		amap.post(page, url.Values{"do": {"refuse"}, "reason": {"La récolte est perdue"}}).wants(t, 303)
		if letter, where := i.letter("zoe@example.org", "/exchanges/"); !strings.Contains(letter.Body, "La récolte est perdue") {
			t.Error(letter.Body)
		} else {
			b.get(where).wants(t, 200, "refusé", "La récolte est perdue")
		}
		page, key := ask("yann@example.org")
		amap.post(page, url.Values{"do": {"accept"}}).wants(t, 303)
		i.letters()
		b.post(page, pressing(key, "cancel", "reason", "Malade")).wants(t, 303)
		amap.get(page).wants(t, 200, "annulé", "Malade")
		if got := i.left(path); got != "3" {
			t.Errorf("%s left", got)
		}
		page, key = ask("xavier@example.org")
		b.post("/respond/forget", key).wants(t, 200, "C’est oublié")
		amap.get(page).wants(t, 200, "retiré", "une personne sans compte")
		b.post("/respond/forget", key).wants(t, 200, "ne sert plus")
	})
}

// What somebody asked is not changed by whoever knows their address; who has an
// account asks as themselves; and there are limits.
func TestAskWithoutAnAccountBadInput(t *testing.T) {
	i := lone(t)
	path := i.basket("3")
	b := i.as("")
	b.post("/respond", stranger(path, "zoe@example.org", "1", "18")).wants(t, 401) // no mail is sent here
	i.site.Mail = true
	b.post("/respond", stranger(path, "zoe@example.org", "9", "162")).wants(t, 422, "Il n’en reste pas autant")
	b.post("/respond", stranger(path, "zoe@example.org", "1", "18")).wants(t, 200)
	_, where := i.letter("zoe@example.org", "/respond/confirm")
	page := led(b.post("/respond/confirm", keyOf(t, where)).wants(t, 303))
	b.post("/respond", stranger(path, "Zoe@example.org", "3", "54")).wants(t, 200, "Un message vient de partir")
	if letter, again := i.letter("zoe@example.org", "/exchanges/"); !strings.Contains(letter.Body, "déjà une demande") || led(b.get(again)) == page {
		t.Error(letter.Body)
	}
	i.as("admin").get(page).wants(t, 200, "1 × panier")

	i.pass(time.Hour)
	b.post("/respond", stranger(path, "member@example.org", "1", "18")).wants(t, 200)
	_, where = i.letter("member@example.org", "/respond/confirm")
	b.post("/respond/confirm", keyOf(t, where)).wants(t, 200, "a un compte ici")
	i.as("member").get("/exchanges?side=asked&as=camille-member").wants(t, 200, "1 × panier")

	// What is gone when it is confirmed.
	b.post("/respond", stranger(path, "yann@example.org", "3", "54")).wants(t, 200)
	_, where = i.letter("yann@example.org", "/respond/confirm")
	i.as("admin").post(page, url.Values{"do": {"accept"}}).wants(t, 303)
	i.letters()
	b.get(where).wants(t, 200, "Il n’en reste pas autant", "Demander autre chose")
	b.post("/respond/confirm", keyOf(t, where)).wants(t, 200, "Il n’en reste pas autant")
	i.pass(49 * time.Hour)
	b.get(where).wants(t, 200, "ne sert plus")

	i.pass(time.Hour)
	for n := range 5 {
		b.post("/respond", stranger(path, fmt.Sprintf("z%d@example.org", n), "1", "18")).wants(t, 200)
	}
	b.post("/respond", stranger(path, "y@example.org", "1", "18")).wants(t, 429)
}
