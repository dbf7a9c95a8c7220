// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// Who arrives says so first; who leaves is asked for the password, and can go
// only to an account that says it is theirs.
func TestMoveToAnotherServer(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		w := bob(i)
		i.connect(w)
		i.password("member", "trois petits chats")
		me := i.accounts["member"].Person
		fan := i.peer("fan")
		i.update(func(ctx context.Context, tx *store.Tx) error {
			return tx.PutEdge(ctx, &federation.Edge{Kind: federation.Follow, From: fan.ID, To: me, By: fan.ID + "/follow"})
		})
		b := i.as("member")
		mine := func() (a *federation.Actor) {
			i.view(func(ctx context.Context, tx *store.Tx) (err error) { a, err = tx.Actor(ctx, me); return err })
			return a
		}
		b.get("/account").wants(t, 200, "/account/moving")
		b.get("/account/moving").wants(t, 200, "@camille-member@amap.example", "mot de passe")

		b.post("/account/moving", url.Values{"former": {"@nobody@peer.example"}}).wants(t, 422, "f-former-error", `value="@nobody@peer.example"`)
		b.post("/account/moving", url.Values{"former": {"@camille-member@amap.example"}}).wants(t, 422, "de ce compte-ci")
		b.post("/account/moving", url.Values{"former": {"@bob@peer.example"}}).wants(t, 303)
		b.get("/account/moving").wants(t, 200, "Vos anciennes adresses", "@bob@peer.example")
		if !slices.Contains(mine().AlsoKnownAs, "https://peer.example/users/bob") {
			t.Error("the former address is not said")
		}
		b.post("/account/moving/forget", url.Values{"actor": {"https://peer.example/users/bob"}}).wants(t, 303)
		if len(mine().AlsoKnownAs) != 0 {
			t.Error("still said")
		}

		to := url.Values{"target": {"@bob@peer.example"}, "password": {"no"}}
		b.post("/account/moving/go", to).wants(t, 422, "f-password-error", `value="@bob@peer.example"`)
		to.Set("password", "trois petits chats")
		b.post("/account/moving/go", to).wants(t, 422, "f-target-error", "ne dit pas encore")
		if mine().MovedTo != "" {
			t.Fatal("moved to somebody else's account")
		}
		w["https://peer.example/users/bob"] = strings.Replace(w["https://peer.example/users/bob"], `"name":`, `"alsoKnownAs":["`+string(me)+`"],"name":`, 1)
		i.pass(10 * time.Minute) // an actor is not read again at once
		b.post("/account/moving/go", to).wants(t, 303)
		if mine().MovedTo != "https://peer.example/users/bob" {
			t.Errorf("moved to %q", mine().MovedTo)
		}
		b.get("/account/moving").wants(t, 200, "a déménagé", "@bob@peer.example")
		i.browser().get("/@camille-member").wants(t, 200, "https://peer.example/users/bob")
		i.view(func(ctx context.Context, tx *store.Tx) error {
			list, _, err := tx.Outbox(ctx, me, fan.ID, "", 20)
			if n := len(list); n == 0 || list[0].Type != federation.Move {
				t.Errorf("the followers are not told: %d activities", n)
			}
			return err
		})
	})
}
