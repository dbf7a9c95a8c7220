// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"net/url"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/store"
)

// link makes a link that signs an account in once.
func (i *instance) link(account string) (token string) {
	i.t.Helper()
	i.update(func(ctx context.Context, tx *store.Tx) (err error) {
		token, err = tx.NewSignIn(ctx, i.accounts[account].ID, time.Hour)
		return err
	})
	return token
}

func TestTheFirstSignInLeadsThroughTheSetup(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.browser()
		if at := b.post("/sign-in/link", url.Values{"token": {i.link("admin")}}).wants(t, 303).Header.Get("Location"); at != "/setup" {
			t.Fatalf("leads to %q", at)
		}
		next := func(step string, form url.Values, want string) {
			t.Helper()
			got := b.post("/setup/"+step, form).wants(t, 303).Header.Get("Location")
			if path, _, _ := strings.Cut(got, "?"); path != want {
				t.Errorf("%s leads to %q, want %q", step, got, want)
			}
		}
		b.get("/setup/who").wants(t, 200, "Qui êtes-vous", `name="username"`, "ne peut plus changer")
		b.post("/setup/who", url.Values{"name": {""}, "summary": {"Des paniers"}, "username": {"x y"}}).wants(t, 422, "f-name-error", "Des paniers")
		b.post("/setup/who", url.Values{"name": {"AMAP"}, "username": {"x y"}}).wants(t, 422, "f-username-error")
		b.post("/setup/who", url.Values{"name": {"AMAP"}, "username": {"instance"}}).wants(t, 422, "f-username-error")
		next("who", url.Values{"name": {"AMAP de la Gare"}, "summary": {"Des paniers."}, "kind": {"amap"}, "username": {"gare"}}, "/setup/place")
		i.as("").get("/@gare").wants(t, 200, "AMAP de la Gare", "Des paniers.")
		i.as("").get("/@amap").wants(t, 404)
		next("place", url.Values{"skip": {"1"}}, "/setup/look")
		b.post("/setup/look", url.Values{"colour": {"vert"}}).wants(t, 422, "f-colour-error")
		next("look", url.Values{"colour.proposed": {"#1f5a99"}, "colour": {"#1b5e3f"}, "colour.was": {"#1b5e3f"}}, "/setup/language")
		b.post("/setup/language", url.Values{"language": {"tlh"}, "locale": {"fr"}}).wants(t, 422, "f-language-error")
		next("language", url.Values{"language": {"fr"}, "locale": {"fr"}}, "/setup/you")
		if at := b.get("/setup").wants(t, 303).Header.Get("Location"); at != "/setup/you" {
			t.Errorf("taken up again at %q", at)
		}
		b.post("/setup/you", url.Values{"name": {"Ann"}, "password.new": {""}}).wants(t, 422, "Choisissez un mot de passe")
		b.post("/setup/you", url.Values{"name": {"Ann"}, "email": {"nope"}, "password.new": {"abc"}}).wants(t, 422, "f-email-error", "f-password-new-error", `value="Ann"`)
		b.post("/setup/you", url.Values{"name": {"Ann"}, "email": {"member@example.org"}, "password.new": {"une petite phrase"}}).wants(t, 422, "f-email-error")
		next("you", url.Values{"name": {"Ann Onyme"}, "username": {"ann"}, "email": {"ann@example.org"}, "password.new": {"une petite phrase"}}, "/setup/mail")
		next("mail", url.Values{}, "/setup/publish")
		b.get("/setup/publish").wants(t, 200, "/publish/offer", "/publish/need", "/publish/event")
		next("publish", url.Values{}, "/setup/share")
		b.get("/setup/share").wants(t, 200, "@gare@amap.example", `class="qr"`)
		next("share", url.Values{}, "/")
		i.as("").get("/@ann").wants(t, 200, "Ann Onyme")
		i.view(func(ctx context.Context, tx *store.Tx) error {
			s, err := tx.Settings(ctx)
			if s["setup.done"] != "1" || s["appearance.colour"] != "#1f5a99" || s["initiative.kind"] != "amap" {
				t.Errorf("settings: %v", s)
			}
			return err
		})
		fresh := i.browser()
		fresh.post("/sign-in", url.Values{"name": {"ann"}, "password": {"une petite phrase"}}).wants(t, 303)
		if at := i.browser().post("/sign-in/link", url.Values{"token": {i.link("admin")}}).Header.Get("Location"); at != "/" {
			t.Errorf("once it is done a link leads to %q", at)
		}
	})
}

func (i *instance) view(f func(context.Context, *store.Tx) error) {
	i.t.Helper()
	ctx := context.Background()
	must(i.t, i.db.View(ctx, func(tx *store.Tx) error { return f(ctx, tx) }))
}

func TestTheHandleStaysOnceSomethingWasSaid(t *testing.T) {
	i := lone(t)
	i.publish(i.initiative.ID, note("bonjour"))
	b := i.as("admin")
	if page := b.get("/setup/who").wants(t, 200, "Elle ne peut plus changer"); strings.Contains(page.body, `name="username"`) {
		t.Error("asks for a handle")
	}
	b.post("/setup/who", url.Values{"name": {"AMAP"}, "username": {"autre"}}).wants(t, 303)
	i.as("").get("/@amap").wants(t, 200)
	i.as("").get("/@autre").wants(t, 404)
}

func TestATestMailIsQueuedWhereThereIsAMailServer(t *testing.T) {
	i := lone(t)
	i.as("admin").get("/setup/mail").wants(t, 200, "Aucun serveur de courriel", "--smtp")
	i.site.Mail = true
	b := i.as("admin")
	b.post("/setup/mail", url.Values{"email": {"nope"}}).wants(t, 422, "f-email-error")
	b.post("/setup/mail", url.Values{"email": {"ann@example.org"}}).wants(t, 303)
	i.view(func(ctx context.Context, tx *store.Tx) error {
		list, _, err := tx.MailsIn(ctx, "pending", "", 10)
		if len(list) != 1 || list[0].To != "ann@example.org" || list[0].Kind != "test" {
			t.Errorf("letters: %v", list)
		}
		return err
	})
}

func TestTheLogoIsThePictureOfTheInitiative(t *testing.T) {
	i := lone(t)
	b := i.as("admin")
	var photo bytes.Buffer
	must(t, png.Encode(&photo, image.NewGray(image.Rect(0, 0, 40, 40))))
	b.upload("/settings/appearance", url.Values{"colour": {"#5b3f98"}}, photo.Bytes()).wants(t, 422, "Décrivez la photo")
	b.upload("/settings/appearance", url.Values{"colour": {"#5b3f98"}, "alt": {"Un panier"}}, photo.Bytes()).wants(t, 303)
	i.view(func(ctx context.Context, tx *store.Tx) error {
		logo, err := tx.Setting(ctx, "appearance.logo")
		a, err2 := tx.Initiative(ctx)
		if err == nil && err2 == nil && (a.Icon == nil || a.Icon.URL != origin+"/media/"+logo || a.Icon.Name != "Un panier") {
			t.Errorf("logo %q, picture %v", logo, a.Icon)
		}
		return err2
	})
	b.get("/settings/appearance?colour=%23ffe000").wants(t, 200, "adaptée") // yellow on a light page
}
