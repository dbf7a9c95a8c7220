// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/store"
)

// season publishes a contract of three Thursdays, two of which members take.
func (i *instance) season(members ...string) (path string, pages []string) {
	i.t.Helper()
	path = led(i.as("admin").post("/publish/offer", url.Values{
		"title": {"Paniers d’automne"}, "modes": {"commitment"}, "available": {"4"}, "unit": {"one"}, "unit.name": {"le panier"}, "price": {"18"},
		"currency": {"EUR"}, "per": {"unit"}, "dates": {"10/09/2026 18:30 x 3"}, "part.name": {""}, "part.kind": {"production"}, "part.amount": {"18"},
	}).wants(i.t, 303))
	for _, who := range members {
		page := went(i.t, i.as(who).post("/respond", url.Values{"id": {origin + path}, "quantity": {"1"}, "shown": {"54"}, "do": {"send"}}))
		i.as("admin").post(page, url.Values{"do": {"accept"}}).wants(i.t, 303)
		pages = append(pages, page)
	}
	return path, pages
}

func TestTheNextSeasonIsOfferedAndTakenOrNot(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		path, pages := i.season("member", "moderator", "editor")
		i.pass(20 * 24 * time.Hour)
		amap := i.as("admin")
		amap.get(pages[0]+"?as=amap").wants(t, 200, "Préparer la saison suivante", path+"/renewal")
		i.as("member").get(path+"/renewal").wants(t, 404)
		amap.get(path+"/renewal").wants(t, 200, "3 personnes seront invitées", "01/10/2026 18:30\n08/10/2026 18:30\n15/10/2026 18:30", `value="18"`, `value="4"`)
		amap.post(path+"/renewal", url.Values{"dates": {"jeudi"}, "price": {"19"}, "available": {"4"}}).wants(t, 422, "f-dates-error", `value="19"`)
		next := went(t, amap.post(path+"/renewal", url.Values{"dates": {"01/10/2026 18:30 x 3"}, "price": {"19"}, "available": {"4"}}))
		again := went(t, amap.post(path+"/renewal", url.Values{"dates": {"01/10/2026 18:30 x 3"}, "price": {"19"}, "available": {"4"}}))
		if again != next {
			t.Errorf("pressed twice: %s and %s", next, again)
		}
		amap.get(path+"/renewal").wants(t, 200, "déjà publiée")

		yes, no, silent := i.as("member"), i.as("moderator"), i.as("editor")
		yes.get("/notifications?as=camille-member").wants(t, 200, "propose de continuer", pages[0])
		yes.get(pages[0]).wants(t, 200, "Continuer avec", "18\u202f€", "19\u202f€", "&#43; 1\u202f€", "Oui, je continue", "Non merci", "rien n’est reconduit")
		yes.post(pages[0], url.Values{"do": {"renew"}}).wants(t, 303)
		yes.post(pages[0], url.Values{"do": {"renew"}}).wants(t, 303)
		yes.get(pages[0]).wants(t, 200, "C’est reconduit")
		no.post(pages[1], url.Values{"do": {"decline"}}).wants(t, 303)
		no.get(pages[1]).wants(t, 200, "Vous avez dit non")
		amap.get(pages[1]+"?as=amap").wants(t, 200, "a dit non")
		amap.get("/notifications?as=amap").wants(t, 200, "ne continue pas")
		silent.get(pages[2]).wants(t, 200, "Oui, je continue")
		if got := i.left(next); got != "3" {
			t.Errorf("%s shares left of the next season", got)
		}
		amap.get(next+"/exchanges").wants(t, 200, "Camille member")

		// Whoever did not take part asks like everybody else, and so does who wants more.
		i.account("newcomer", store.RoleMember)
		other := went(t, i.as("newcomer").post("/respond", url.Values{"id": {origin + next}, "quantity": {"1"}, "shown": {"57"}, "do": {"send"}}))
		i.as("newcomer").get(other).wants(t, 200, "demandé")
		more := went(t, silent.post("/respond", url.Values{"id": {origin + next}, "quantity": {"2"}, "shown": {"114"}, "do": {"send"}}))
		silent.get(more).wants(t, 200, "demandé")
	})
}

// Who has no account is asked by a letter, and answers by its link.
func TestTheNextSeasonByMail(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.site.Mail = true
		path, _ := i.season()
		b, amap := i.as(""), i.as("admin")
		f := url.Values{"id": {origin + path}, "quantity": {"1"}, "shown": {"54"}, "do": {"send"}, "name": {"Zoé Blanc"}, "address": {"zoe@example.org"}}
		b.post("/respond", f).wants(t, 200)
		_, where := i.letter("zoe@example.org", "/respond/confirm")
		page, _, _ := strings.Cut(b.post("/respond/confirm", keyOf(t, where)).wants(t, 303).Header.Get("Location"), "?")
		amap.post(page, url.Values{"do": {"accept"}}).wants(t, 303)
		i.letter("zoe@example.org", "/exchanges/")
		i.pass(20 * 24 * time.Hour)
		amap = i.as("admin")
		amap.post(path+"/renewal", url.Values{"dates": {"01/10/2026 18:30 x 3"}, "price": {"18"}, "available": {"4"}}).wants(t, 303)
		letter, where := i.letter("zoe@example.org", "/exchanges/")
		if !strings.Contains(letter.Body, "oui ou non") {
			t.Error(letter.Body)
		}
		b.get(where).wants(t, 200, "Oui, je continue", "pareil")
		key := keyOf(t, where)
		key.Set("do", "renew")
		b.post(page, key).wants(t, 303)
		b.get(where).wants(t, 200, "C’est reconduit")
		_, again := i.letter("zoe@example.org", "/exchanges/")
		if strings.HasPrefix(again, page) {
			t.Error("the letter leads to the season before")
		}
		b.get(again).wants(t, 200, "convenu", "54\u202f€")
	})
}

func TestASeasonIsMovedOnByWholeWeeks(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	must(t, err)
	day := func(month time.Month, d int) time.Time { return time.Date(2026, month, d, 18, 30, 0, 0, paris) }
	moved, weeks := nextSeason([]time.Time{day(9, 10), day(9, 17), day(10, 1)}, day(9, 20), paris)
	if weeks != 4 || !moved[0].Equal(day(10, 8)) || !moved[2].Equal(day(10, 29)) { // over the change of the clocks
		t.Errorf("%d weeks: %v", weeks, moved)
	}
	if moved, _ := nextSeason([]time.Time{day(1, 8)}, day(9, 20), paris); !moved[0].After(day(9, 20)) || moved[0].Weekday() != time.Thursday {
		t.Error(moved)
	}
}
