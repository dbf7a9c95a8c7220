// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// silent makes peer.example fail with an error since some hours ago.
func (i *instance) silent(why string) {
	i.t.Helper()
	bob := i.peer("bob")
	i.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.PutEdge(ctx, &federation.Edge{Kind: federation.Follow, From: bob.ID, To: i.initiative.ID, By: bob.ID + "/follow"})
	})
	i.publish(i.initiative.ID, &federation.Object{Type: "Note", Content: "<p>bonjour</p>", To: []federation.IRI{federation.Public}, Cc: []federation.IRI{i.initiative.Followers}})
	i.update(func(ctx context.Context, tx *store.Tx) error {
		work, err := tx.ClaimHosts(ctx, "me", time.Minute, 1, 1)
		if err != nil {
			return err
		}
		r := store.DeliveryResult{ID: work[0].Deliveries[0].ID, Outcome: store.Retry, Due: i.now().Add(time.Hour), Error: why}
		return tx.FinishHost(ctx, "me", "peer.example", []store.DeliveryResult{r}, i.now().Add(time.Hour))
	})
}

func TestASilentServerIsExplainedInWords(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.silent("dial tcp 192.0.2.1:443: connect: connection refused")
		b := i.as("admin")
		if strings.Contains(b.get("/settings").body, "ne répond plus") {
			t.Error("a server that just failed is news already")
		}
		i.pass(49 * time.Hour)
		b = i.as("admin")
		b.get("/settings").wants(t, 200, "Un serveur ne répond plus depuis mardi")
		b.get("/settings/peers").wants(t, 200, "peer.example", "depuis mardi", "Personne n’ouvre", "Un envoi l’attend", "connection refused")
		if strings.Contains(b.get("/settings/peers?q=autre").body, "<bdi>peer.example") {
			t.Error("the search finds everything")
		}
		b.post("/settings/peers", url.Values{"host": {"peer.example"}, "action": {"retry"}}).wants(t, 303)
		b.post("/settings/peers", url.Values{"host": {"peer.example"}, "action": {"aside"}}).wants(t, 303)
		b.get("/settings/peers").wants(t, 200, "Un serveur mis de côté")
		if at := b.post("/settings/peers", url.Values{"host": {"peer.example"}, "action": {"block"}}).wants(t, 303).Header.Get("Location"); at != "/settings/suspensions?target=peer.example" {
			t.Errorf("leads to %q", at)
		}
		b.post("/settings/peers", url.Values{"host": {"nobody.example"}, "action": {"aside"}}).wants(t, 404)
	})
}

func TestErrorsHaveAMeaning(t *testing.T) {
	for err, want := range map[string]string{
		"lookup peer.example: no such host": "name", "x509: certificate has expired or is not yet valid": "expired",
		"tls: failed to verify certificate: x509: unknown authority": "certificate", "context deadline exceeded": "timeout",
		"answered 404": "gone", "answered 401": "signature", "answered 403": "blocked", "answered 502": "broken", "answered 429": "busy",
		"answered 418": "odd", "something else": "unknown", "EOF": "reset",
	} {
		if got := trouble(err); got != want {
			t.Errorf("%q means %s, want %s", err, got, want)
		}
	}
}

func TestTheQueueIsShownRetriedAndDropped(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.silent("answered 502")
		b := i.as("admin")
		page := b.get("/settings/queue").wants(t, 200, "À envoyer", "peer.example", "Il répond qu’il est en panne")
		form := hidden(t, page.body)
		form.Set("action", "retry")
		b.post("/settings/queue", form).wants(t, 303)
		form.Set("action", "explode")
		b.post("/settings/queue", form).wants(t, 400)
		form.Set("action", "drop")
		b.post("/settings/queue", form).wants(t, 303)
		b.post("/settings/queue", form).wants(t, 404)
		b.get("/settings/queue").wants(t, 200, "Rien n’attend")
	})
}

func TestABackupIsOnlyForWhoProvesToBeThemselves(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.site.Backups = t.TempDir() + "/backups"
		hash, err := i.site.passwords.hash(t.Context(), "une petite phrase")
		must(t, err)
		i.update(func(ctx context.Context, tx *store.Tx) error {
			return tx.SetPassword(ctx, i.accounts["admin"].ID, hash)
		})
		b := i.as("admin")
		b.get("/settings/backups").wants(t, 200, "Aucune sauvegarde")
		got := b.post("/settings/backups", url.Values{"action": {"download"}}).wants(t, 200) // signed in just now
		if !strings.HasPrefix(got.body, "SQLite format 3") || !strings.Contains(got.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("no copy: %q", cut(got.body, 40))
		}
		i.pass(20 * time.Minute)
		b.get("/settings/backups").wants(t, 200, "Dernière sauvegarde", `name="password"`)
		b.post("/settings/backups", url.Values{"action": {"download"}, "password": {"faux"}}).wants(t, 422, "f-password-error")
		if got := b.post("/settings/backups", url.Values{"action": {"download"}, "password": {"une petite phrase"}}); !strings.HasPrefix(got.body, "SQLite format 3") {
			t.Errorf("no copy with the password: %d %q", got.StatusCode, cut(got.body, 200))
		}
		b.post("/settings/backups", url.Values{"action": {"now"}}).wants(t, 303)
		b.post("/settings/backups", url.Values{"action": {"daily"}, "daily": {"1"}}).wants(t, 303)
		b.get("/settings/backups").wants(t, 200, "maillage-2026", "checked")
		list, err := store.Copies(i.site.Backups)
		if len(list) != 1 || err != nil {
			t.Errorf("copies: %v, %v", list, err)
		}
	})
}

func TestMapTilesComeFromWhereAnAdministratorChose(t *testing.T) {
	i := lone(t)
	b := i.as("admin")
	b.get("/settings/map").wants(t, 200, "un autre service", "OpenStreetMap France")
	for _, bad := range []string{
		"http://a.example/{z}/{x}/{y}.png", "https://a.example/{z}/{x}.png", "https://{s}.a.example/{z}/{x}/{y}.png", "https://u:p@a.example/{z}/{x}/{y}",
		"https://a.example; script-src *;/{z}/{x}/{y}", "https:///{z}/{x}/{y}", "javascript:{z}{x}{y}", "https://a.example/{z}/{x}/{y}/{z}", "https://{z}.example/{x}/{y}/",
	} {
		b.post("/settings/map", url.Values{"choice": {"own"}, "tiles": {bad}, "attribution": {"x"}}).wants(t, 422, "f-tiles-error")
	}
	b.post("/settings/map", url.Values{"choice": {"own"}, "tiles": {"https://cartes.example/{z}/{x}/{y}.png"}}).wants(t, 422, "f-attribution-error")
	b.post("/settings/map", url.Values{"choice": {"osm-fr"}}).wants(t, 303)
	b.get("/settings/map").wants(t, 200, "a.tile.openstreetmap.fr")
	b.post("/settings/map", url.Values{"choice": {"none"}}).wants(t, 303)
	i.view(func(ctx context.Context, tx *store.Tx) error {
		tiles, err := tx.Setting(ctx, "map.tiles")
		if tiles != "" {
			t.Errorf("tiles still come from %q", tiles)
		}
		return err
	})
}

func TestRulesAndContactAreOnTheAboutPage(t *testing.T) {
	i := lone(t)
	b := i.as("admin")
	b.post("/settings/about", url.Values{"about.rules": {"Respect."}}).wants(t, 422, "f-about-contact-error", "Respect.")
	b.post("/settings/about", url.Values{"about.contact": {"06 00 00 00 00"}, "about.moderators": {"Ann"}, "about.rules": {"Respect.\n\n<b>Vraiment.</b>"}}).wants(t, 303)
	page := i.as("").get("/about").wants(t, 200, "06 00 00 00 00", "Ann", "Respect.", "Vraiment.")
	if strings.Contains(page.body, "<b>Vraiment") {
		t.Error("what was typed is taken as HTML")
	}
}

func TestWhatIsNotCountedToItsEndSaysSo(t *testing.T) {
	v := &visit{words: locale.New("fr")}
	for n, want := range map[int]string{1: "1 publication", store.MostCounted: "100\u202f000 publications", store.MostCounted + 1: "plus de 100\u202f000 publications"} {
		if got := v.upTo("page_count_posts", n); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
}

func TestStorageIsCountedAndCleaned(t *testing.T) {
	i := lone(t)
	bob := i.peer("bob")
	i.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.PutObject(ctx, &federation.Object{ID: bob.ID + "/1", Type: "Note", AttributedTo: bob.ID, Content: "x", To: []federation.IRI{federation.Public}, Published: i.now()})
	})
	i.pass(15 * 24 * time.Hour)
	b := i.as("admin")
	b.get("/settings/storage").wants(t, 200, "1 publication", "Photos", "Mo")
	b.post("/settings/storage", url.Values{"days": {"14"}}).wants(t, 303)
	i.view(func(ctx context.Context, tx *store.Tx) error {
		s, err := tx.Sizes(ctx)
		if s.Peers != 0 {
			t.Errorf("%d posts of peers are left", s.Peers)
		}
		return err
	})
}
