// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// bread publishes a standing order of a loaf at 5 € each week.
func (i *instance) bread(more ...string) string {
	i.t.Helper()
	f := url.Values{
		"title": {"Pain au levain"}, "modes": {"sale"}, "available": {"10"}, "unit": {"one"}, "unit.name": {"le pain"}, "price": {"5"}, "currency": {"EUR"},
		"per": {"unit"}, "dates": {"10/09/2026 18:30"}, "every": {"P7D"}, "change.hours": {"48"}, "notice.days": {"14"},
	}
	for n := 0; n < len(more); n += 2 {
		f.Set(more[n], more[n+1])
	}
	return led(i.as("admin").post("/publish/offer", f).wants(i.t, 303))
}

// falls lists on which days a kind of commitment can be noted on a page.
func falls(body, kind string) (days []string) {
	for _, m := range regexp.MustCompile(`name="due" value="([^"]+)"><input type="hidden" name="kind" value="`+kind+`"><button class="quiet small" name="do" value="kept">`).FindAllStringSubmatch(body, -1) {
		days = append(days, m[1])
	}
	return days
}

func TestAStandingOrderIsTyped(t *testing.T) {
	i := start(t, "sqlite:"+t.TempDir()+"/web.db")
	b := i.as("admin")
	form := url.Values{
		"title": {"Pain"}, "modes": {"sale", "timeBank"}, "price": {"5"}, "currency": {"EUR"}, "per": {"unit"}, "dates": {"10/09/2026 18:30 x 3"},
		"every": {"P7D"}, "change.hours": {"bientôt"}, "notice.days": {"-2"},
	}
	b.post("/publish/offer", form).wants(t, 422, "une seule date", "nombre d’heures", "nombre de jours", "ni en heures ni en monnaie locale", `value="bientôt"`, `value="-2"`)
	form.Set("every", "P3Y")
	b.post("/publish/offer", form).wants(t, 422, "Choisissez un rythme")
	path := i.bread()
	i.as("").get(path).wants(t, 200, "chaque semaine, à partir du", "48 heures avant", "14 jours de préavis")
	b.get(path+"/edit").wants(t, 200, "10/09/2026 18:30", `<option value="P7D" selected>`, `name="notice.days" type="text" value="14"`)
}

// TestAStandingOrderOnItsPage goes from a loaf each week to the last one.
func TestAStandingOrderOnItsPage(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		path := i.bread()
		baker, me := i.as("admin"), i.as("member")
		me.get("/respond?"+url.Values{"id": {origin + path}, "quantity": {"2"}}.Encode()).wants(t, 200, "chaque semaine", "10\u202f€")
		page := went(t, me.post("/respond", url.Values{"id": {origin + path}, "quantity": {"2"}, "shown": {"10"}, "do": {"send"}}))
		baker.post(page, url.Values{"do": {"accept"}}).wants(t, 303)
		body := me.get(page).wants(t, 200, "Les dates", "chaque semaine", "10\u202f€ à chaque remise", "Faire une pause", "Arrêter la commande").body
		days := falls(body, "delivered")
		if len(days) < 7 || days[0] != "2026-09-10T16:30:00Z" {
			t.Fatalf("dates to note: %v", days)
		}
		on := func(b *browser, do, due string, more ...string) response {
			t.Helper()
			f := url.Values{"do": {do}, "due": {due}, "kind": {"delivered"}}
			for n := 0; n < len(more); n += 2 {
				f.Set(more[n], more[n+1])
			}
			return b.post(page, f)
		}
		on(me, "change", days[0], "changed", "12").wants(t, 422, "Il n’en reste pas autant")
		on(me, "change", days[0], "changed", "").wants(t, 422, "f-changed")
		on(me, "change", days[0], "changed", "3").wants(t, 303)
		on(me, "skip", days[1]).wants(t, 303)
		baker.get(page).wants(t, 200, "3 × pain", "15\u202f€ à régler", "pas de remise ce jour-là")
		baker.get("/notifications?as=amap").wants(t, 200, "change la quantité", "annule une date", page)

		// At the market.
		list := baker.get(path+"/exchanges").wants(t, 200, "jeudi 10 septembre 2026", "3 × pain", "15\u202f€").body
		if strings.Contains(list, "2026-09-17") {
			t.Error("a date that is skipped is on the list")
		}
		baker.get(path+"/exchanges?day=all").wants(t, 200, "jeudi 24 septembre 2026")
		baker.get(path+"/exchanges/sheet?day=2026-09-10").wants(t, 200, "Camille member", "3 × pain")
		tick := url.Values{"exchange": {strings.TrimPrefix(page, "/exchanges/")}, "due": {days[0]}, "do": {"delivered"}}
		for range 2 {
			baker.post(path+"/exchanges", tick).wants(t, 303)
		}
		tick.Set("do", "paid")
		baker.post(path+"/exchanges", tick).wants(t, 303)
		baker.get(path+"/exchanges?day=2026-09-10").wants(t, 200, "payé", "remis")
		if table := baker.get(path+"/exchanges/table").wants(t, 200).body; strings.Count(table, "Camille member") < 6 {
			t.Error(table)
		}
		on(me, "kept", days[0]).wants(t, 303)

		on(me, "pause", "", "pause.from", "2026-10-20", "pause.until", "2026-10-01").wants(t, 422, "dernier jour de la pause", `value="2026-10-20"`)
		on(me, "pause", "", "pause.from", "2026-09-20", "pause.until", "2026-10-04").wants(t, 303)
		me.get(page).wants(t, 200, "Pause du", "4 octobre")
		on(me, "end", "", "end.date", "2026-09-03").wants(t, 422, "préavis", `value="2026-09-03"`)
		on(me, "end", "", "end.date", "2026-10-16").wants(t, 303)
		baker.get(page).wants(t, 200, "Dernier jour", "16 octobre", "La commande régulière a une fin")
		baker.get("/notifications?as=amap").wants(t, 200, "arrête une commande régulière")
		i.pass(60 * 24 * time.Hour)
		baker, me = i.as("admin"), i.as("member") // their sessions are over
		for _, kind := range []string{"delivered", "paid"} {
			for _, b := range []*browser{baker, me} {
				for _, day := range falls(b.get(page).wants(t, 200).body, kind) {
					on(b, "kept", day, "kind", kind).wants(t, 303)
				}
			}
		}
		me.get(page).wants(t, 200, "terminé")
		if got := i.left(path); got != "10" {
			t.Errorf("%s left after the end", got)
		}
		me.post(page, url.Values{"do": {"end"}, "end.date": {"2027-01-01"}}).wants(t, 303) // pressed late
	})
}
