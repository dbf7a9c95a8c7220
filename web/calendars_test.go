// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation/remote"
	"codeberg.org/maillage/maillage/harvest"
	"codeberg.org/maillage/maillage/store"
)

const season = "BEGIN:VCALENDAR\r\nX-WR-CALNAME:Saison du Moulin\r\n" +
	"BEGIN:VEVENT\r\nUID:1@x\r\nSUMMARY:Distribution\r\nDTSTART;TZID=Europe/Paris:20260903T183000\r\nDTEND;TZID=Europe/Paris:20260903T193000\r\nRRULE:FREQ=WEEKLY;COUNT=4\r\nEND:VEVENT\r\n" +
	"BEGIN:VEVENT\r\nUID:2@x\r\nSUMMARY:Visite de la ferme\r\nLOCATION:Ferme du Moulin\r\nDTSTART;VALUE=DATE:20260912\r\nEND:VEVENT\r\n" +
	"BEGIN:VEVENT\r\nUID:3@x\r\nSUMMARY:Fête de <script>alert(1)</script>l'an dernier\r\nDTSTART:20250912T100000Z\r\nEND:VEVENT\r\n" +
	"BEGIN:VEVENT\r\nUID:4@x\r\nSUMMARY:À l'envers\r\nDTSTART;TZID=Europe/Paris:20260920T180000\r\nDTEND;TZID=Europe/Paris:20260920T170000\r\nEND:VEVENT\r\n" +
	"END:VCALENDAR\r\n"

// bring uploads a calendar and returns the path of its page.
func (b *browser) bring(name, text string) response {
	b.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	must(b.t, w.WriteField("as", "amap"))
	part, err := w.CreateFormFile("file", name)
	must(b.t, err)
	_, err = part.Write([]byte(text))
	must(b.t, err)
	must(b.t, w.Close())
	r := b.request(http.MethodPost, "/settings/calendars/import", &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return b.send(r)
}

func TestAFileIsLookedThroughAndPublished(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.as("editor")
		b.get("/settings/calendars").wants(t, 200, "Importer un fichier")
		r := b.bring("saison.ics", season).wants(t, http.StatusSeeOther)
		path := r.Header.Get("Location")
		p := b.get(path).wants(t, 200, "Saison du Moulin", "Distribution", "4 dates à publier", "Visite de la ferme", "Ferme du Moulin", "samedi 12 septembre",
			"est avant le début", "nouveau")
		if strings.Contains(p.body, "l’an dernier") || strings.Contains(p.body, "<script>alert") {
			t.Error("what is over is offered, or a script came through")
		}
		b.post(path, url.Values{}).wants(t, http.StatusUnprocessableEntity, "Cochez au moins un événement")
		r = b.post(path, url.Values{"entry": {"1@x", "2@x"}}).wants(t, http.StatusSeeOther)
		page := strings.TrimSuffix(r.Header.Get("Location"), "?done=calendar_imported")
		b.get(page).wants(t, 200, "5 dates publiées", "5 nouvelles", "Distribution", "Fichier importé")
		list := i.as("").get("/events").wants(t, 200, "Distribution", "Visite de la ferme")
		if strings.Contains(list.body, "À l’envers") || strings.Contains(list.body, "À l'envers") {
			t.Error("what was not ticked is published")
		}
		b.get(path).wants(t, http.StatusNotFound)

		// Once more, with a change: nothing is there twice.
		again := strings.Replace(season, "Visite de la ferme", "Visite du verger", 1)
		path = b.bring("saison (1).ics", again).Header.Get("Location")
		b.get(path).wants(t, 200, "déjà importé", "a changé", "Vous avez déjà importé")
		r = b.post(path, url.Values{"entry": {"1@x", "2@x"}}).wants(t, http.StatusSeeOther)
		b.get(r.Header.Get("Location")).wants(t, 200, "5 dates publiées", "1 changée", "4 inchangées")
		list = i.as("").get("/events").wants(t, 200, "Visite du verger")
		if strings.Contains(list.body, "Visite de la ferme") || strings.Count(list.body, "Visite du verger</") != 1 {
			t.Error("the changed event is there twice, or not changed")
		}
	})
}

func TestTheEventSaysWhereItComesFrom(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.as("editor")
		path := b.bring("saison.ics", season).Header.Get("Location")
		b.post(path, url.Values{"entry": {"2@x"}}).wants(t, http.StatusSeeOther)
		i.as("").get(i.eventAt("Visite de la ferme")).wants(t, 200, "Importé du fichier", "à l’instant")
	})
}

// eventAt returns the page of an event.
func (i *instance) eventAt(title string) (path string) {
	i.t.Helper()
	i.update(func(ctx context.Context, tx *store.Tx) error {
		found, _, err := tx.Search(ctx, store.Query{Kinds: []string{"event"}, From: i.now(), Sort: store.SortStart, Limit: 100})
		for _, f := range found {
			if f.Object.Name == title {
				path = strings.TrimPrefix(string(f.Object.ID), origin)
			}
		}
		return err
	})
	if path == "" {
		i.t.Fatalf("no event %q", title)
	}
	return path
}

func TestWhatIsNoCalendarIsSaid(t *testing.T) {
	i := lone(t)
	b := i.as("editor")
	b.bring("page.ics", "<!doctype html><html>").wants(t, http.StatusUnprocessableEntity, "BEGIN:VCALENDAR")
	b.bring("large.ics", "BEGIN:VCALENDAR\r\n"+strings.Repeat("X:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n", 120_000)).
		wants(t, http.StatusUnprocessableEntity, "5 Mo au plus")
	b.bring("empty.ics", "").wants(t, http.StatusUnprocessableEntity, "Choisissez un fichier")
	b.bring("old.ics", strings.ReplaceAll(season, "2026", "2024")).wants(t, http.StatusSeeOther)
	i.as("member").get("/settings/calendars").wants(t, http.StatusForbidden)
	i.as("").get("/settings/calendars/import").wants(t, http.StatusSeeOther)
}

func TestAFileIsOnlyForWhoBroughtIt(t *testing.T) {
	i := lone(t)
	path := i.as("editor").bring("saison.ics", season).Header.Get("Location")
	i.as("admin").get(path).wants(t, http.StatusNotFound)
	i.as("admin").post(path, url.Values{"entry": {"1@x"}}).wants(t, http.StatusNotFound)
}

func TestHoursOfAFileAreReadAnotherWay(t *testing.T) {
	i := lone(t)
	b := i.as("editor")
	file := "BEGIN:VCALENDAR\r\nX-WR-TIMEZONE:Europe/Paris\r\nBEGIN:VEVENT\r\nUID:1@x\r\nSUMMARY:Marché\r\nDTSTART:20260912T090000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	path := b.bring("a.ics", file).Header.Get("Location")
	b.get(path).wants(t, 200, "11\u202fh", "Comparez une heure")
	b.post(path, url.Values{"do": {"clock"}}).wants(t, http.StatusSeeOther)
	b.get(path).wants(t, 200, "9\u202fh", "lues comme des heures locales")
}

// A calendar server, and a worker that reads it.
func (i *instance) calendarServer(body *string) (address string, read func()) {
	i.t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if *body == "" {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte(*body))
	}))
	i.t.Cleanup(server.Close)
	client := remote.New(remote.Options{AllowPrivate: true, Origin: origin, Now: i.now})
	i.site.Directory = &remote.Directory{Client: client, Cache: i.db, Now: i.now}
	w := &harvest.Worker{Harvest: harvest.Harvest{DB: i.db, Log: slog.New(slog.DiscardHandler), Now: i.now}, Client: client, Owner: "test"}
	return server.URL, func() {
		i.t.Helper()
		for {
			found, err := w.ReadNext(i.t.Context())
			must(i.t, err)
			if !found {
				return
			}
		}
	}
}

func TestACalendarIsFollowedFromItsPage(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		body := season
		address, read := i.calendarServer(&body)
		b := i.as("editor")
		b.post("/settings/calendars", url.Values{"address": {"ftp://x"}, "as": {"amap"}, "name": {"Le Moulin"}, "every": {"15"}}).
			wants(t, http.StatusUnprocessableEntity, "https:// ou webcal://", `value="ftp://x"`, `value="Le Moulin"`, `value="15" selected`)
		b.post("/settings/calendars", url.Values{"address": {origin + "/events/calendar.ics"}, "as": {"amap"}}).
			wants(t, http.StatusUnprocessableEntity, "est déjà d’ici")
		b.post("/settings/calendars", url.Values{"address": {address}, "as": {"camille-editor"}}).wants(t, http.StatusUnprocessableEntity, "Choisissez qui publie")
		webcal := strings.Replace(address, "http://", "webcal://", 1) + "/a.ics"
		r := b.post("/settings/calendars", url.Values{"address": {webcal}, "as": {"amap"}, "every": {"15"}}).wants(t, http.StatusSeeOther)
		page, _, _ := strings.Cut(r.Header.Get("Location"), "?")
		b.get(page).wants(t, 200, "Il sera lu dans un instant")
		b.post("/settings/calendars", url.Values{"address": {webcal}, "as": {"amap"}}).wants(t, http.StatusUnprocessableEntity, "déjà suivi")
		read()
		i.pass(12 * time.Minute)
		b.get(page).wants(t, 200, "Saison du Moulin", "Lu il y a 12 minutes", "toutes les 15 minutes", "6 dates publiées", "est avant le début")
		i.as("").get(i.eventAt("Visite de la ferme")).wants(t, 200, "Repris de l’agenda", ", lu il y a 12 minutes", strings.TrimPrefix(address, "http://")+"/a.ics")

		body = ""
		b.post(page, url.Values{"action": {"read"}}).wants(t, http.StatusSeeOther)
		read()
		b.get("/settings/calendars").wants(t, 200, "Nous n’arrivons plus à le lire", "ne répond pas", "Prochain essai")
		i.pass(25 * time.Hour)
		i.as("admin").get("/settings").wants(t, 200, "1 agenda n’a pas pu être lu")
		b = i.as("editor") // the session is over

		body = season
		b.post(page, url.Values{"action": {"pause"}}).wants(t, http.StatusSeeOther)
		b.get(page).wants(t, 200, "En pause")
		b.post(page, url.Values{"action": {"resume"}}).wants(t, http.StatusSeeOther)
		read()
		b.post(page, url.Values{"action": {"save"}, "name": {"Autre nom"}, "every": {"1440"}, "secret": {"1"}}).wants(t, http.StatusSeeOther)
		read()
		b.get(page).wants(t, 200, "Autre nom")
		b.post(page, url.Values{"action": {"withdraw"}}).wants(t, http.StatusSeeOther)
		b.get(page).wants(t, http.StatusNotFound)
		if list := i.as("").get("/events"); strings.Contains(list.body, "Visite de la ferme") {
			t.Error("what was withdrawn is still there")
		}
	})
}

func TestADoubleIsDecidedByAPerson(t *testing.T) {
	i := lone(t)
	first, second := season, strings.Replace(season, "Saison du Moulin", "Une copie", 1)
	one, read := i.calendarServer(&first)
	b := i.as("editor")
	b.post("/settings/calendars", url.Values{"address": {one + "/1"}, "as": {"amap"}}).wants(t, http.StatusSeeOther)
	read()
	two, read := i.calendarServer(&second)
	r := b.post("/settings/calendars", url.Values{"address": {two + "/2"}, "as": {"amap"}}).wants(t, http.StatusSeeOther)
	read()
	page, _, _ := strings.Cut(r.Header.Get("Location"), "?")
	body := b.get(page).wants(t, 200, "Peut-être déjà là", "6 peut-être en double", "Publier quand même").body
	entry := hidden(t, body).Get("entry")
	b.post(page, url.Values{"action": {"skip"}, "entry": {entry}}).wants(t, http.StatusSeeOther)
	b.get(page).wants(t, 200, "5 peut-être en double", "1 non voulue")
	b.post(page, url.Values{"action": {"publish"}, "entry": {entry}}).wants(t, http.StatusSeeOther)
	read()
	b.get(page).wants(t, 200, "1 date publiée")
}

// What is kept as drafts is seen by nobody else until it is published, one by
// one, as events and series of one's own.
func TestAFileBecomesDrafts(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.as("editor")
		path := b.bring("saison.ics", season).Header.Get("Location")
		sound(t, "a file to look through", b.get(path).wants(t, 200, "Garder comme brouillons").body)
		b.post(path, url.Values{"do": {"draft"}}).wants(t, http.StatusUnprocessableEntity, "Cochez au moins un événement")
		chosen := url.Values{"do": {"draft"}, "entry": {"1@x", "2@x"}}
		if to := b.post(path, chosen).wants(t, http.StatusSeeOther).Header.Get("Location"); !strings.HasPrefix(to, "/drafts") {
			t.Errorf("sent on to %s", to)
		}
		list := b.get("/drafts").wants(t, 200, "Distribution", "Visite de la ferme").body
		for _, who := range []string{"", "admin"} {
			if page := i.as(who).get("/events").body; strings.Contains(page, "Distribution") || strings.Contains(page, "Visite de la ferme") {
				t.Errorf("%q sees what is no more than a draft", who)
			}
		}
		// A second time makes no second drafts.
		again := b.bring("saison.ics", season).Header.Get("Location")
		b.post(again, chosen).wants(t, http.StatusSeeOther)
		if now := b.get("/drafts").body; strings.Count(now, "/publish/event?draft=") != strings.Count(list, "/publish/event?draft=") {
			t.Error("drafts are there twice")
		}
		var drafts []*store.Draft
		i.update(func(ctx context.Context, tx *store.Tx) (err error) {
			drafts, err = tx.Drafts(ctx, i.accounts["editor"].ID)
			return err
		})
		for _, d := range drafts {
			page := b.get("/publish/event?draft="+d.ID).wants(t, 200, d.Title)
			f := url.Values(d.Fields)
			f.Set("draft", d.ID)
			r := b.post("/publish/event", f)
			if d.Title == "Distribution" { // when it takes place is shown first
				page = r.wants(t, 200, "Tous les jeudis")
				r = b.post("/publish/event", filled(t, page.body))
			}
			r.wants(t, http.StatusSeeOther)
		}
		i.as("").get("/events").wants(t, 200, "Distribution", "Visite de la ferme")
		i.update(func(ctx context.Context, tx *store.Tx) error {
			list, err := tx.SeriesBy(ctx, i.initiative.ID)
			if len(list) != 1 {
				t.Fatalf("%d series", len(list))
			}
			dates, err2 := tx.SeriesDates(ctx, list[0].ID)
			if len(dates) != 4 {
				t.Errorf("%d dates", len(dates))
			}
			return errors.Join(err, err2)
		})
		b.get("/drafts").wants(t, 200, "Aucun brouillon")
	})
}
