// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// complaint is a form that somebody without an account fills in.
func complaint(about federation.IRI) url.Values {
	return url.Values{"id": {string(about)}, "reason": {"fraud"}, "content": {"On ne reçoit jamais rien."}, "email": {"eve@example.org"}, "faith": {"1"}}
}

func TestSomebodyWithoutAnAccountReportsAndIsAnswered(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.site.Mail = true
		o := i.publish(i.accounts["member"].Person, note("Paniers à moitié prix"))
		secret := i.publish(i.accounts["member"].Person, note("secret", i.accounts["editor"].Person))
		eve := i.as("")
		eve.get("/report?id="+url.QueryEscape(string(o.ID))).wants(t, 200, "pas besoin de compte", "moitié prix")
		eve.get("/report?id="+url.QueryEscape(string(secret.ID))).wants(t, 404)
		eve.post("/report", url.Values{"id": {string(o.ID)}, "content": {" "}, "email": {"nope"}}).wants(t, 422, "f-content-error", "f-reason-error", "f-email-error", "f-faith-error", `value="nope"`)
		eve.post("/report", complaint(o.ID)).wants(t, 303)

		b := i.as("moderator")
		b.get("/settings").wants(t, 200, "Un signalement attend")
		b.get("/settings/reports").wants(t, 200, "On ne reçoit jamais rien.", "eve@example.org", "moitié prix", "arnaque", "Supprimer cette publication")
		form := url.Values{"complaint": {"1"}, "from": {""}, "about": {string(o.ID)}, "action": {"delete"}, "note": {" "}}
		b.post("/settings/reports", form).wants(t, 422, "a le droit de le savoir")
		form.Set("note", "Publicité mensongère")
		b.post("/settings/reports", form).wants(t, 303)
		b.post("/settings/reports", form).wants(t, 404) // decided already
		eve.get(strings.TrimPrefix(string(o.ID), origin)).wants(t, 410)
		if body := b.get("/settings/reports").wants(t, 200, "Publicité mensongère", "a été prévenu").body; strings.Contains(body, "eve@example.org") {
			t.Error("who reported is still known")
		}
		member := i.as("member")
		member.get("/notifications?as=camille-member").wants(t, 200, "a retiré une de vos publications")
		member.get("/statements").wants(t, 200, "Publicité mensongère")
		if strings.Contains(i.as("editor").get("/statements").body, "mensongère") {
			t.Error("others read the statement")
		}
		i.view(func(ctx context.Context, tx *store.Tx) error {
			list, _, err := tx.MailsIn(ctx, "pending", "", 10)
			to := map[string]string{}
			for _, m := range list {
				to[m.Kind+" "+m.To] = m.Body
			}
			if len(list) != 3 || !strings.Contains(to["statement member@example.org"], "Publicité mensongère") || to["complaint eve@example.org"] == "" {
				t.Errorf("letters: %v", to)
			}
			return err
		})
	})
}

func TestReportsOfStrangersAreFew(t *testing.T) {
	i := lone(t)
	o := i.publish(i.initiative.ID, note("bonjour"))
	for range 5 {
		i.as("").post("/report", complaint(o.ID)).wants(t, 303)
	}
	i.as("").post("/report", complaint(o.ID)).wants(t, 429)
	i.pass(time.Hour)
	i.as("").post("/report", complaint(o.ID)).wants(t, 303)
}

func TestWhatPeersSayIsHiddenOrTheyAreBlocked(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		bob := i.peer("bob")
		for n, action := range []string{"hide", "block", "block_host"} {
			o := &federation.Object{
				ID: federation.IRI(fmt.Sprint("https://peer.example/notes/", n)), Type: "Note", AttributedTo: bob.ID, Content: "<p>odieux</p>",
				To: []federation.IRI{federation.Public}, Published: i.now(),
			}
			i.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutObject(ctx, o) })
			i.as("member").post("/report", url.Values{"id": {string(o.ID)}, "content": {"Odieux."}}).wants(t, 303)
			form := url.Values{"from": {origin + "/actors/instance"}, "about": {string(o.ID)}, "complaint": {"0"}, "action": {"delete"}}
			b := i.as("moderator")
			b.post("/settings/reports", form).wants(t, 400) // it is not ours to delete
			form.Set("action", action)
			b.post("/settings/reports", form).wants(t, 303)
			i.view(func(ctx context.Context, tx *store.Tx) error {
				got, err := tx.Object(ctx, o.ID)
				suspended, err2 := tx.Suspended(ctx, bob.ID)
				if err == nil && got.Gone() != (action == "hide") || suspended != (action != "hide") {
					t.Errorf("%s: gone %v, suspended %v", action, got.Gone(), suspended)
				}
				return errors.Join(err, err2)
			})
			i.update(func(ctx context.Context, tx *store.Tx) error {
				if action == "hide" {
					return nil
				}
				return tx.Unsuspend(ctx, map[string]string{"block": string(bob.ID), "block_host": "peer.example"}[action])
			})
		}
	})
}

func TestABlocklistIsSeenBeforeItCounts(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.as("moderator")
		b.post("/settings/suspensions/import", url.Values{}).wants(t, 422, "Choisissez un fichier")
		list := "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate\n" +
			"Bad.example,suspend,True,True,\"harcèlement, menaces\",False\nloud.example,silence,False,False,,False\n" +
			"b*d.example,suspend,,,,True\namap.example,suspend,,,,\nbad.example,suspend,,,,\n"
		page := b.post("/settings/suspensions/import", url.Values{"text": {list}}).wants(t, 200, "Un serveur serait bloqué", "bad.example", "harcèlement, menaces", "1 n’est que limité", "2 lignes ne sont pas")
		i.view(func(ctx context.Context, tx *store.Tx) error {
			bad, err := tx.SuspendedHost(ctx, "bad.example")
			if bad {
				t.Error("is blocked before it was confirmed")
			}
			return err
		})
		b.post("/settings/suspensions/import", hidden(t, page.body)).wants(t, 303)
		// In French none is singular: the words of one must not stand for it.
		b.post("/settings/suspensions/import", url.Values{"text": {list}}).wants(t, 200, "Aucun nouveau serveur ne serait bloqué")
		b.get("/settings/suspensions").wants(t, 200, "bad.example", "harcèlement")
		b.post("/settings/suspensions/import", url.Values{"text": {strings.Repeat("a.example\n", maxBlockLines+1)}}).wants(t, 422, "trop longue")
		i.update(func(ctx context.Context, tx *store.Tx) error { return tx.Suspend(ctx, "sum.example", "=1+1") })
		got := b.get("/settings/suspensions/export.csv").wants(t, 200, "#domain,#severity", "bad.example,suspend", "'=1+1")
		if !strings.HasPrefix(got.Header.Get("Content-Type"), "text/csv") {
			t.Errorf("sent as %s", got.Header.Get("Content-Type"))
		}
		i.update(func(ctx context.Context, tx *store.Tx) error { return tx.Unsuspend(ctx, "bad.example") })
		b.post("/settings/suspensions/import", url.Values{"text": {got.body}}).wants(t, 200, "Un serveur serait bloqué", "bad.example")
	})
}
