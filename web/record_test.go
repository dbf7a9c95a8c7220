// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// writes is a direct message as it comes from Mastodon.
func (i *instance) writes(p *federation.Actor, about federation.IRI, text string) federation.IRI {
	i.t.Helper()
	n := &federation.Object{
		ID: p.ID + "/statuses/1", Type: "Note", AttributedTo: p.ID, InReplyTo: about, Content: "<p>" + text + "</p>", To: []federation.IRI{i.initiative.ID},
		Published: i.now(), Tags: []federation.Tag{{Type: "Mention", Name: "@amap", Href: string(i.initiative.ID)}}, Raw: []byte(`{}`),
	}
	i.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := federation.Apply(ctx, tx, &federation.Activity{ID: n.ID + "/activity", Type: federation.Create, Actor: p.ID, Object: n.ID, Enclosed: n, To: n.To})
		return err
	})
	return n.ID
}

func TestAMessageBecomesAnExchange(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		path := i.basket("12")
		bob := i.peer("bob")
		note := i.writes(bob, federation.IRI(origin+path), "Bonjour, je voudrais 2 paniers")
		amap := i.as("admin")
		amap.get("/notifications").wants(t, 200, "En faire un échange", "/record?")
		where := "/record?" + url.Values{"note": {string(note)}, "as": {"amap"}}.Encode()
		amap.get(where).wants(t, 200, "je voudrais 2 paniers", `value="2"`, "Paniers de légumes", "selected")
		i.as("member").get(where).wants(t, 404)

		f := url.Values{"note": {string(note)}, "as": {"amap"}, "proposal": {origin + path}, "quantity": {"40"}}
		amap.post("/record", f).wants(t, 422, "Il n’en reste pas autant", `value="40"`)
		f.Set("quantity", "2")
		f.Set("proposal", origin+"/objects/none")
		amap.post("/record", f).wants(t, 422, "Choisissez une de vos annonces")
		f.Set("proposal", origin+path)
		f.Set("due.date", "2026-09-10")
		page := went(t, amap.post("/record", f))
		if again := went(t, amap.post("/record", f)); again != page || i.left(path) != "10" {
			t.Errorf("recorded twice: %s, %s left", again, i.left(path))
		}
		amap.get(page).wants(t, 200, "convenu", "2 × panier", "36\u202f€", "je voudrais 2 paniers", "bob")
		i.as("member").get(page).wants(t, 404)
		i.as("member").post("/record", f).wants(t, 404)

		// The link in the note that was sent is their door.
		var link string
		i.update(func(ctx context.Context, tx *store.Tx) error {
			notes, err := tx.Talk(ctx, i.initiative.ID, bob.ID, federation.IRI(origin+page))
			if err != nil || len(notes) != 1 {
				t.Fatalf("%+v, %v", notes, err)
			}
			n := notes[0]
			if n.InReplyTo != note || len(n.To) != 1 || n.To[0] != bob.ID || !strings.Contains(n.Content, "2 × panier") {
				t.Errorf("%+v", n)
			}
			r, err := tx.RespondentOf(ctx, federation.IRI(origin+page))
			if err == nil {
				link = page + "?" + url.Values{"g": {"1"}, "k": {r.Secret}}.Encode()
			}
			return err
		})
		b := i.as("")
		b.get(link).wants(t, 200, "2 × panier", "Bien reçu")
		key := keyOf(t, link)
		for _, where := range []string{page, "/feed?as=amap"} {
			if body := amap.get(where).wants(t, 200, "Votre page, pour confirmer la remise").body; strings.Contains(body, key.Get("k")) {
				t.Errorf("%s shows who sent it the other's key", where)
			}
		}
		amap.post(page, url.Values{"do": {"delivered"}}).wants(t, 303)
		b.post(page, pressing(key, "delivered")).wants(t, 303)
		amap.get(page).wants(t, 200, "terminé")
	})
}
