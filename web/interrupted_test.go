// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"image/color"
	"net/url"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/store"
)

// The session ends in the middle of each form, with a photo in it; its author
// signs in again by password, or by a link that is opened in the same browser.
func TestNoFormIsLostWhenTheSessionEnds(t *testing.T) {
	i := lone(t)
	i.password("admin", "une phrase longue")
	edited := led(i.as("admin").post("/publish/offer", offer()).wants(t, 303)) + "/edit"
	for _, test := range []struct {
		name, path string
		form       url.Values
	}{
		{"offer", "/publish/offer", offer()},
		{"need", "/publish/need", offer()},
		{"event", "/publish/event", event()},
		{"note", "/publish/note", url.Values{"description": {"Paniers prêts"}, "as": {"amap"}}},
		{"article", "/publish/article", article()},
		{"edit", edited, offer()},
	} {
		for _, way := range []string{"password", "link"} {
			t.Run(test.name+" by "+way, func(t *testing.T) {
				b := i.as("admin")
				i.pass(2 * time.Hour)
				f := with(test.form, "alt", "Une photo de "+test.name)
				asked := b.upload(test.path, f, shot(t, color.White)).wants(t, 401, "gardé dans vos brouillons")
				if strings.Contains(asked.body, "n’a pas pu être gardée") {
					t.Error("the photo is said to be lost")
				}
				var page response
				if way == "password" {
					kept := hidden(t, asked.body)
					kept.Set("name", "admin")
					kept.Set("password", "une phrase longue")
					page = b.post("/sign-in", kept)
				} else {
					page = b.post("/sign-in/link", url.Values{"token": {i.signInToken("admin")}})
				}
				page.wants(t, 200, "de nouveau connecté", `action="`+test.path+`"`, "/thumb", "Relire avant d’envoyer")
				sound(t, test.name, page.body)
				made := b.post(test.path, hidden(t, page.body)).wants(t, 303)
				o := i.object(led(made))
				if len(o.Attachments) == 0 || o.Attachments[0].Name != "Une photo de "+test.name {
					t.Errorf("photos %v", o.Attachments)
				}
				if !strings.Contains(o.Content+o.Name, "Paniers") && test.form.Get("title") != "" && !strings.Contains(o.Name, test.form.Get("title")) {
					t.Errorf("%q %q", o.Name, o.Content)
				}
				b.get("/drafts").wants(t, 200, "Aucun brouillon")
			})
		}
	}
}

// signInToken makes a sign-in link.
func (i *instance) signInToken(account string) (token string) {
	i.t.Helper()
	i.update(func(ctx context.Context, tx *store.Tx) (err error) {
		token, err = tx.NewSignIn(ctx, i.accounts[account].ID, time.Hour)
		return err
	})
	return token
}

func TestOtherWordsAreKeptToo(t *testing.T) {
	i := lone(t)
	o := led(i.as("admin").post("/publish/offer", offer()).wants(t, 303))
	b := i.as("member")
	i.pass(2 * time.Hour)
	b.post("/reply", url.Values{"object": {origin + o}, "description": {"Il en reste ?"}}).wants(t, 401, "Il en reste ?")
	page := b.post("/sign-in/link", url.Values{"token": {i.signInToken("member")}}).wants(t, 200, "de nouveau connecté", "Il en reste ?", `action="/reply"`)
	b.post("/reply", hidden(t, page.body)).wants(t, 303)
	i.as("").get(o).wants(t, 200, "Il en reste ?")
	b.get("/drafts").wants(t, 200, "Aucun brouillon")

	// It is shown once at once, and waits in the list.
	b = i.as("member")
	i.pass(2 * time.Hour)
	b.post("/reply", url.Values{"object": {origin + o}, "description": {"Et samedi ?"}}).wants(t, 401)
	b.post("/sign-in/link", url.Values{"token": {i.signInToken("member")}}).wants(t, 200, "Et samedi ?")
	i.browser().post("/sign-in/link", url.Values{"token": {i.signInToken("member")}}).wants(t, 303)
	list := b.get("/drafts").wants(t, 200, "Et samedi ?", "Autre formulaire")
	at := strings.Index(list.body, `href="/drafts/`)
	path, _, _ := strings.Cut(list.body[at+len(`href="`):], `"`)
	b.get(path).wants(t, 200, "Et samedi ?", `action="/reply"`)
	i.as("admin").get(path).wants(t, 404)
}

// Whoever has no session that ended by itself leaves nothing here: not a
// stranger with a cookie of his own, not a session that was ended.
func TestStrangersLeaveNothing(t *testing.T) {
	i := lone(t)
	count := func() (n int) {
		i.update(func(ctx context.Context, tx *store.Tx) error {
			for _, a := range i.accounts {
				drafts, err := tx.Drafts(ctx, a.ID)
				if err != nil {
					return err
				}
				media, err := tx.MediaOf(ctx, a.ID)
				if n += len(drafts) + len(media); err != nil {
					return err
				}
			}
			return nil
		})
		return n
	}
	photo := shot(t, color.White)
	i.browser().upload("/publish/offer", offer(), photo).wants(t, 401, "Paniers de légumes", "n’a pas pu être gardée")

	r := i.browser().request("POST", "/publish/offer", strings.NewReader(offer().Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Cookie", "session=of-my-own-making")
	i.browser().send(r).wants(t, 401, "Paniers de légumes")

	ended := i.as("admin")
	old := i.as("admin")
	i.update(func(ctx context.Context, tx *store.Tx) error { return tx.EndSessions(ctx, i.accounts["admin"].ID) })
	for _, b := range []*browser{ended, old} {
		page := b.upload("/publish/offer", offer(), photo).wants(t, 401, "Paniers de légumes", "n’a pas pu être gardée")
		if kept := hidden(t, page.body); kept.Get("kept.field.photo") != "" || kept.Get("kept.field.draft") != "" {
			t.Errorf("kept %v", kept)
		}
	}
	if n := count(); n != 0 {
		t.Errorf("%d things were left", n)
	}

	// A form that changes something in passing is not worth keeping.
	b := i.as("member")
	i.pass(2 * time.Hour)
	b.post("/react", url.Values{"verb": {"like"}, "object": {origin + "/objects/x"}}).wants(t, 401)
	if n := count(); n != 0 {
		t.Errorf("%d things were left", n)
	}
}
