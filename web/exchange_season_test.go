// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"net/url"
	"regexp"
	"testing"
)

// TestASeasonOnItsPage goes from the form of an offer with three Thursdays to the
// last of them.
func TestASeasonOnItsPage(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		form := url.Values{
			"title": {"Paniers de l'automne"}, "modes": {"commitment"}, "available": {"12"}, "unit": {"one"}, "unit.name": {"le panier"},
			"price": {"18"}, "currency": {"EUR"}, "per": {"unit"}, "dates": {"15/10/2026 18:30 x 4\n- 22/10/2026"}, "payments": {"2"},
		}
		wrong := url.Values{}
		for name, values := range form {
			wrong[name] = values
		}
		wrong.Set("dates", "chaque jeudi")
		i.as("admin").post("/publish/offer", wrong).wants(t, 422, "f-dates-error", "chaque jeudi")
		path := led(i.as("admin").post("/publish/offer", form).wants(t, 303))
		i.as("").get(path).wants(t, 200, "3 dates")
		i.as("admin").get(path+"/edit").wants(t, 200, "15/10/2026 18:30\n29/10/2026 18:30\n05/11/2026 18:30\n")
		later := url.Values{}
		for name, values := range form {
			later[name] = values
		}
		later.Set("dates", "15/10/2026 18:30 x 2")
		i.as("admin").post(path+"/edit", later).wants(t, 303)
		i.as("").get(path).wants(t, 200, "2 dates")
		i.as("admin").post(path+"/edit", form).wants(t, 303)
		amap, me := i.as("admin"), i.as("member")
		page := went(t, me.post("/respond", url.Values{"id": {origin + path}, "quantity": {"1"}, "shown": {"54"}, "do": {"send"}}))
		amap.post(page, url.Values{"do": {"accept"}}).wants(t, 303)
		body := me.get(page).wants(t, 200, "Les dates", "jeudi 15 octobre 2026", "18\u202fh\u202f30", "27\u202f€ à régler").body
		var days []string
		for _, m := range regexp.MustCompile(`name="due" value="([^"]+)"><input type="hidden" name="kind" value="delivered"><button class="quiet small" name="do" value="kept">`).FindAllStringSubmatch(body, -1) {
			days = append(days, m[1])
		}
		if len(days) != 3 {
			t.Fatalf("%d dates to note: %v", len(days), days)
		}
		on := func(b *browser, do, due string, more ...string) response {
			f := url.Values{"do": {do}, "due": {due}, "kind": {"delivered"}}
			for n := 0; n < len(more); n += 2 {
				f.Set(more[n], more[n+1])
			}
			return b.post(page, f)
		}
		on(me, "pass", days[1]).wants(t, 422, "Dites qui prendra")
		on(me, "pass", days[1], "taker", "Zoé").wants(t, 303)
		amap.get(page).wants(t, 200, "pour Zoé")
		on(amap, "skip", days[2]).wants(t, 303)
		me.get(page).wants(t, 200, "pas de remise ce jour-là")
		on(me, "skip", days[0]).wants(t, 404)
		for _, day := range days[:2] {
			on(amap, "kept", day).wants(t, 303)
			on(me, "kept", day).wants(t, 303)
		}
		me.get(page).wants(t, 200, "terminé")
		on(me, "kept", days[0]).wants(t, 303) // pressed twice
		on(me, "kept", "gestern").wants(t, 400)
	})
}

// TestLessOnADate: what was missing on a date is noted beside the dates later.
func TestLessOnADate(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		path := led(i.as("admin").post("/publish/offer", url.Values{
			"title": {"Paniers de l'automne"}, "modes": {"commitment"}, "available": {"12"}, "unit": {"one"}, "unit.name": {"le panier"},
			"price": {"18"}, "currency": {"EUR"}, "per": {"unit"}, "dates": {"15/10/2026 18:30 x 2"},
		}).wants(t, 303))
		amap, me := i.as("admin"), i.as("member")
		page := went(t, me.post("/respond", url.Values{"id": {origin + path}, "quantity": {"2"}, "shown": {"72"}, "do": {"send"}}))
		amap.post(page, url.Values{"do": {"accept"}}).wants(t, 303)
		days := regexp.MustCompile(`id="part-([^"]+)"`).FindAllStringSubmatch(me.get(page).wants(t, 200, "Une partie seulement").body, -1)
		if len(days) != 2 {
			t.Fatalf("%d dates may be noted in part", len(days))
		}
		note := func(b *browser, day int, part string) response {
			return b.post(page, url.Values{"do": {"kept"}, "kind": {"delivered"}, "due": {days[day][1]}, "part": {part}})
		}
		note(me, 0, "un seul").wants(t, 422, `id="f-part"`, "un seul")
		note(me, 0, "7").wants(t, 422, `id="f-part"`)
		note(me, 0, "1").wants(t, 303)
		me.get(page).wants(t, 200, "noté · compté", "Il manque 1 × panier")
		amap.get(page).wants(t, 200, "compté").lacks(t, "Il manque 1 × panier")
		note(amap, 0, "1").wants(t, 303)
		for _, b := range []*browser{me, amap} {
			note(b, 1, "").wants(t, 303)
			b.get(page).wants(t, 200, "Il manque 1 × panier").lacks(t, "terminé")
			b.post(page, url.Values{"do": {"delivered"}, "handed": {"1"}}).wants(t, 303)
		}
		me.get(page).wants(t, 200, "terminé").lacks(t, "Il manque")
	})
}
