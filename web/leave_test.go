// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// exported returns the files of an export.
func (b *browser) exported() map[string]string {
	b.t.Helper()
	got := b.get("/account/export").wants(b.t, 200)
	if kind := got.Header.Get("Content-Type"); kind != "application/zip" || !strings.Contains(got.Header.Get("Cache-Control"), "no-store") {
		b.t.Errorf("%v", got.Header)
	}
	z, err := zip.NewReader(strings.NewReader(got.body), int64(len(got.body)))
	must(b.t, err)
	files := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		must(b.t, err)
		body, err := io.ReadAll(r)
		must(b.t, err)
		files[f.Name] = string(body)
	}
	return files
}

func TestTheExportHoldsEverything(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.password("member", "trois petits chats")
		me, bob := i.accounts["member"], i.peer("bob")
		o := i.publish(me.Person, note("Bonjour à toutes"))
		private := &federation.Object{
			ID: bob.ID + "/notes/1", Type: "Note", AttributedTo: bob.ID, Content: "<p>Entre nous</p>", To: []federation.IRI{me.Person},
			Published: i.now(), Raw: []byte(`{"id":"` + string(bob.ID) + `/notes/1","type":"Note","content":"Entre nous"}`),
		}
		i.update(func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(
				tx.PutObject(ctx, private),
				tx.LogActivity(ctx, &federation.Activity{ID: bob.ID + "/1", Type: federation.Create, Actor: bob.ID, Object: private.ID, To: private.To}),
				tx.PutEdge(ctx, &federation.Edge{Kind: federation.Follow, From: me.Person, To: bob.ID, By: me.Person + "/f"}),
				tx.PutEdge(ctx, &federation.Edge{Kind: federation.Like, From: me.Person, To: private.ID}),
				tx.PutEdge(ctx, &federation.Edge{Kind: federation.Block, From: me.Person, To: i.initiative.ID}),
				tx.PutEdge(ctx, &federation.Edge{Kind: federation.Flag, From: bob.ID, To: me.Person, Content: "secret report"}),
				tx.PutEdge(ctx, &federation.Edge{Kind: federation.Follow, From: bob.ID, To: me.Person}),
				tx.Notify(ctx, federation.Notice{For: me.Person, Kind: "Like", Actor: bob.ID, Object: o.ID}),
				tx.PutMedia(ctx, &store.Media{ID: "picture", Account: me.ID, MediaType: "image/jpeg", Alt: "Un panier", Bytes: []byte("JPEG")}),
				tx.QueueMail(ctx, &store.Mail{Kind: "test", To: me.Email, Subject: "Réunion", Body: "a secret link"}),
			)
		})
		b := i.as("member")
		b.post("/account/tokens", url.Values{"name": {"Mon robot"}}).wants(t, 200)
		files := b.exported()
		for name, words := range map[string]string{
			"actor.json": string(me.Person), "outbox.json": "Bonjour à toutes", "inbox.json": "Entre nous", "relations.json": string(private.ID),
			"follows.csv": "Account address,Show boosts,Notify on new posts,Languages\nbob@peer.example,true,false,", "followers.csv": "bob@peer.example",
			"blocks.csv": "amap@amap.example", "likes.json": string(private.ID), "notices.json": string(bob.ID), "account.json": "Mon robot",
			"audit.json": "token.add", "mails.json": "Réunion", "media/picture.jpg": "JPEG", "media/descriptions.json": "Un panier",
			"README.txt": "Your data on AMAP du Moulin",
		} {
			if !strings.Contains(files[name], words) {
				t.Errorf("%s lacks %q:\n%s", name, words, files[name])
			}
			if strings.HasSuffix(name, ".json") && !json.Valid([]byte(files[name])) {
				t.Errorf("%s is no JSON", name)
			}
		}
		for table, part := range store.Personal {
			if _, ok := files[part]; !ok && !strings.HasPrefix(part, "-") && part != "media" {
				t.Errorf("table %s is to be in %s, which is not there", table, part)
			}
		}
		var all bytes.Buffer
		for _, body := range files {
			all.WriteString(body)
		}
		for _, secret := range []string{"secret report", "a secret link", "$argon2id$", "PRIVATE KEY", "Camille editor"} {
			if strings.Contains(all.String(), secret) {
				t.Errorf("the export holds %q", secret)
			}
		}
	})
}

func TestLeavingErasesEverythingAndTellsEverybody(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.password("editor", "trois petits chats")
		me, bob := i.accounts["editor"], i.peer("bob")
		own := i.publish(me.Person, note("À moi"))
		b := i.as("editor")
		common := b.post("/publish/offer", offer()).wants(t, 303).Header.Get("Location")
		i.update(func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(
				tx.PutEdge(ctx, &federation.Edge{Kind: federation.Follow, From: bob.ID, To: me.Person}),
				tx.PutMedia(ctx, &store.Media{ID: "mine", Account: me.ID, MediaType: "image/png", Bytes: []byte("x")}))
		})
		b.post("/account/data", url.Values{"name": {"editor"}, "password": {"no"}}).wants(t, 422, "votre mot de passe", `value="editor"`)
		b.post("/account/data", url.Values{"name": {"me"}, "password": {"trois petits chats"}}).wants(t, 422, "exactement editor")
		if to := b.post("/account/data", url.Values{"name": {"Editor"}, "password": {"trois petits chats"}}).wants(t, 303).Header.Get("Location"); to != "/goodbye" {
			t.Errorf("sent to %s", to)
		}
		b.get("/goodbye").wants(t, 200, "Votre compte est supprimé")
		b.get("/account").wants(t, 303)
		i.browser().post("/sign-in", url.Values{"name": {"editor"}, "password": {"trois petits chats"}}).wants(t, 422)
		i.browser().get("/actors/camille-editor").wants(t, 410)
		if got := i.browser().get(strings.TrimPrefix(string(own.ID), origin)); got.StatusCode < 400 {
			t.Errorf("what was published under one's own name is still there: %d", got.StatusCode)
		}
		i.browser().get(common).wants(t, 200, "Paniers de légumes") // the initiative's
		i.browser().get("/media/mine").wants(t, 404)
		i.update(func(ctx context.Context, tx *store.Tx) error {
			if _, err := tx.Account(ctx, me.ID); !errors.Is(err, federation.ErrNotFound) {
				t.Errorf("the account: %v", err)
			}
			// The farewell waits for its peer, and can still be signed.
			list, err := tx.Departures(ctx, 10)
			if len(list) != 1 || list[0].Host != "peer.example" || list[0].State != "pending" {
				t.Errorf("told %+v", list)
			}
			_, key, err2 := tx.SigningKey(ctx, me.Person, "rsa")
			if key == "" {
				t.Error("nobody can sign the farewell")
			}
			return errors.Join(err, err2)
		})
		i.as("admin").get("/settings/departures").wants(t, 200, "peer.example", "pas encore")
		i.as("admin").get("/settings/audit").wants(t, 200, "a supprimé un compte")
		// The name is not given away again.
		token := i.as("admin").invited(url.Values{"role": {"member"}, "most": {"1"}})
		i.browser().post("/invitation", newcomer(token, "camille-editor")).wants(t, 422, "déjà pris")
		// Who looks after the instance hands that on first.
		i.as("admin").post("/account/data", url.Values{"name": {"admin"}}).wants(t, 422, "dernière personne")
	})
}

// What went with its author is gone for people as it is for servers.
func TestThePostsOfWhoLeftAreGone(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		me := i.accounts["member"].Person
		o := i.publish(me, note("Bonjour"))
		path := strings.TrimPrefix(string(o.ID), origin)
		i.browser().get(path).wants(t, 200, "Bonjour")
		must(t, outbox.Publish(t.Context(), i.db, &federation.Activity{Type: federation.Delete, Actor: me, Object: me, To: []federation.IRI{federation.Public}}))
		for _, b := range []*browser{i.browser(), i.as("editor")} {
			b.get(path).wants(t, http.StatusGone, "supprimé", "/events")
		}
		i.browser().get("/objects/neverwas").wants(t, 404)
	})
}
