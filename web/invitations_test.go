// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

var invitationLink = regexp.MustCompile(`/invitation\?token=([A-Z2-7]+)`)

// invited makes an invitation on its page and returns the token of its link.
func (b *browser) invited(values url.Values) string {
	b.t.Helper()
	page := b.post("/settings/invitations", values).wants(b.t, 200, "ne sera plus affiché")
	m := invitationLink.FindStringSubmatch(page.body)
	if m == nil {
		b.t.Fatalf("no link in\n%s", page.body)
	}
	return m[1]
}

func newcomer(token, name string) url.Values {
	return url.Values{
		"token": {token}, "name": {"Fatou " + name}, "username": {name}, "email": {name + "@example.org"}, "language": {"fr"},
		"password": {"des carottes et des navets"}, "agreed": {"1"},
	}
}

func TestAnInvitationMakesAnAccount(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		admin := i.as("admin")
		admin.post("/settings/invitations", url.Values{"email": {"no"}, "role": {"queen"}}).wants(t, 422, `value="no"`, "Choisissez un rôle")
		admin.post("/settings/invitations", url.Values{"role": {"member"}, "most": {"51"}}).wants(t, 422, "de 1 à 50")
		token := admin.invited(url.Values{"email": {"fatou@example.org"}, "role": {"editor"}})
		admin.get("/settings/invitations").wants(t, 200, "fatou@example.org")
		if strings.Contains(admin.get("/settings/invitations").body, token) {
			t.Error("the link is shown again")
		}
		c := i.browser()
		c.get("/invitation?token="+token).wants(t, 200, "Camille admin vous invite", "fatou@example.org", "Rédaction")
		form := newcomer(token, "fatou")
		form.Del("agreed")
		form.Set("password", "12345678")
		c.post("/invitation", form).wants(t, 422, `value="fatou"`, "cochez la case", "Trop facile")
		form = newcomer(token, "camille-member") // another account has it
		c.post("/invitation", form).wants(t, 422, "déjà pris")
		form = newcomer(token, "fatou")
		form.Set("email", "Member@example.org")
		c.post("/invitation", form).wants(t, 422, "ne peut pas être utilisée")
		form = newcomer(token, "fatou")
		form.Set("role", "admin") // B59
		form.Set("invited_by", "9")
		c.post("/invitation", form).wants(t, 303)
		c.get("/feed").wants(t, 200)
		i.update(func(ctx context.Context, tx *store.Tx) error {
			a, err := tx.AccountByName(ctx, "fatou")
			if err == nil && (a.Role != store.RoleEditor || a.InvitedBy != i.accounts["admin"].ID || a.Password == "") {
				t.Errorf("%+v", a)
			}
			return err
		})
		i.browser().post("/invitation", newcomer(token, "again")).wants(t, 404, "plus valable")
		admin.get("/settings/invitations").wants(t, 200, "Qui a invité qui", "fatou")
	})
}

func TestInvitationsEnd(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		editor := i.as("editor")
		editor.post("/settings/invitations", url.Values{"role": {"admin"}, "most": {"1"}}).wants(t, 422, "Choisissez un rôle")
		twice := editor.invited(url.Values{"role": {"member"}, "most": {"2"}})
		i.browser().post("/invitation", newcomer(twice, "one")).wants(t, 303)
		i.browser().post("/invitation", newcomer(twice, "two")).wants(t, 303)
		i.browser().post("/invitation", newcomer(twice, "three")).wants(t, 404)

		// Renewed: the old link is over. Revoked: the new one, too.
		old := editor.invited(url.Values{"role": {"member"}, "most": {"1"}})
		form := hidden(t, editor.get("/settings/invitations").body)
		renewed := invitationLink.FindStringSubmatch(editor.post("/settings/invitations/change",
			url.Values{"invitation": {form.Get("invitation")}, "action": {"renew"}}).wants(t, 200).body)[1]
		i.browser().get("/invitation?token="+old).wants(t, 404)
		i.browser().get("/invitation?token="+renewed).wants(t, 200)
		editor.post("/settings/invitations/change", url.Values{"invitation": {form.Get("invitation")}, "action": {"revoke"}}).wants(t, 303)
		i.browser().get("/invitation?token="+renewed).wants(t, 404)

		// What an administrator sent is not an editor's to change.
		i.as("admin").invited(url.Values{"role": {"member"}, "most": {"1"}})
		others := hidden(t, i.as("admin").get("/settings/invitations").body)
		editor.post("/settings/invitations/change", url.Values{"invitation": {others["invitation"][0]}, "action": {"revoke"}}).wants(t, 404)

		// Whoever may not invite any more has not invited.
		late := editor.invited(url.Values{"role": {"member"}, "most": {"1"}})
		week := editor.invited(url.Values{"role": {"member"}, "most": {"1"}})
		i.pass(8 * 24 * time.Hour)
		i.browser().get("/invitation?token="+week).wants(t, 404)
		i.pass(-8 * 24 * time.Hour)
		i.update(func(ctx context.Context, tx *store.Tx) error {
			a, err := tx.Account(ctx, i.accounts["editor"].ID)
			if err == nil {
				a.Role = store.RoleMember
				err = tx.UpdateAccount(ctx, a)
			}
			return err
		})
		i.browser().get("/invitation?token="+late).wants(t, 404)
	})
}

func TestTheLastAdministratorStays(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.account("second", "admin")
		b := i.as("second")
		b.post("/settings/accounts/"+number(i.accounts["admin"].ID), url.Values{"action": {"suspend"}}).wants(t, 303)
		// The other one could only be taken down from outside of the pages.
		err := i.db.Update(t.Context(), func(tx *store.Tx) error {
			a, err := tx.Account(t.Context(), i.accounts["second"].ID)
			if err == nil {
				a.Role = store.RoleMember
				err = tx.UpdateAccount(t.Context(), a)
			}
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "last administrator") {
			t.Errorf("got %v", err)
		}
	})
}

func TestACircuitIsEntrustedToAMember(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.actor("Group", "paniers", "Paniers solidaires")
		admin, b := i.as("admin"), i.as("member")
		if strings.Contains(b.get("/publish/offer").body, `<option value="paniers"`) {
			t.Error("a member speaks for the circuit")
		}
		admin.get("/settings/circuits").wants(t, 200, "Paniers solidaires", `<option value="member"`)
		admin.post("/settings/circuits/grant", url.Values{"circuit": {"paniers"}, "account": {"member"}}).wants(t, 303)
		b.get("/publish/offer").wants(t, 200, `<option value="paniers"`)
		form := offer()
		form.Set("as", "paniers")
		made := b.post("/publish/offer", form).wants(t, 303).Header.Get("Location")
		// Who typed it is for those who may speak for the circuit.
		b.get(made).wants(t, 200, "Publié par member au nom de Paniers solidaires")
		admin.get(made).wants(t, 200, "Publié par member")
		if strings.Contains(i.as("").get(made).body, "Publié par") || strings.Contains(i.as("moderator").get(made).body, "Publié par") {
			t.Error("others are told who typed it")
		}
		admin.post("/settings/circuits/grant", url.Values{"circuit": {"paniers"}, "account": {"member"}, "action": {"revoke"}}).wants(t, 303)
		form.Set("title", "Encore")
		b.post("/publish/offer", form).wants(t, 404)
		// The initiative itself is not given away like that.
		admin.post("/settings/circuits/grant", url.Values{"circuit": {"amap"}, "account": {"member"}}).wants(t, 404)
	})
}

func TestWhoDidWhatIsRecorded(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.as("editor").post("/publish/offer", offer()).wants(t, 303)
		admin := i.as("admin")
		admin.post("/settings/accounts/"+number(i.accounts["member"].ID), url.Values{"action": {"role"}, "role": {"moderator"}}).wants(t, 303)
		admin.post("/settings/suspensions", url.Values{"target": {"bad.example"}, "reason": {"spam"}}).wants(t, 303)
		page := admin.get("/settings/audit").wants(t, 200, "editor", "a publié", "AMAP du Moulin", "Paniers de légumes", "Membre → Modération", "bad.example")
		if strings.Contains(page.body, "127.0.0.1") {
			t.Error("an address is kept")
		}
		only := admin.get("/settings/audit?account=editor").wants(t, 200, "a publié").body
		if strings.Contains(only, "bad.example") {
			t.Error("not filtered by account")
		}
		only = admin.get("/settings/audit?verb=account.role&from=2026-09-01&until=2026-09-01").wants(t, 200, "Membre → Modération").body
		if strings.Contains(only, "bad.example") {
			t.Error("not filtered by verb")
		}
		if strings.Contains(only, "au nom de") {
			t.Error("who changes the role of a member does not act in its name")
		}
		admin.post("/settings/circuits", url.Values{"name": {"Paniers solidaires"}, "username": {"paniers"}}).wants(t, 303)
		admin.get("/settings/audit?verb=circuit.add").wants(t, 200, "<bdi>Paniers solidaires</bdi>")
		admin.get("/settings/audit?until=2026-08-31").wants(t, 200, "Rien ne correspond")
		table := admin.get("/settings/audit/table").wants(t, 200, "editor,"+string(i.initiative.ID)+",Create,"+origin+"/objects/")
		if kind := table.Header.Get("Content-Type"); kind != "text/csv; charset=utf-8" {
			t.Errorf("a table of %s", kind)
		}
		// A client acts for its owner, too; peers and the program itself do not.
		i.update(func(ctx context.Context, tx *store.Tx) error {
			list, _, err := tx.Deeds(ctx, store.DeedQuery{Verb: federation.Announce}, "", 10)
			if len(list) > 0 {
				t.Errorf("recorded what nobody did: %+v", list)
			}
			return err
		})
	})
}

func TestTablesHoldNoFormulas(t *testing.T) {
	for _, cell := range []string{"=HYPERLINK(1)", "+1", "-1", "@SUM", "\t=1"} {
		if got := string(sheetOf([][]string{{cell}})); !strings.Contains(got, "'"+cell[:1]) {
			t.Errorf("%q became %q", cell, got)
		}
	}
}

func number(id int64) string { return strconv.FormatInt(id, 10) }

// The audit speaks of settings and of what is deleted in words.
func TestTheAuditHasWordsForSettingsAndForWhatIsGone(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b, admin := i.as("editor"), i.as("admin")
		path := b.post("/publish/offer", offer()).wants(t, 303).Header.Get("Location")
		path, _, _ = strings.Cut(path, "?")
		b.post(path+"/delete", nil).wants(t, 303)
		admin.post("/settings/map", url.Values{"choice": {"osm-fr"}}).wants(t, 303)
		ctx := store.Acting(t.Context(), i.accounts["admin"].ID, "admin")
		must(t, i.db.Update(ctx, func(tx *store.Tx) error {
			return errors.Join(tx.PutSetting(ctx, "setup.done", "1"), tx.PutSetting(ctx, "of.later", "1"))
		}))
		page := admin.get("/settings/audit").wants(t, 200, "a supprimé", "une publication supprimée", "fond de carte", "fin de la mise en place", "un réglage interne").body
		_, page, _ = strings.Cut(page, `<ul class="rows deeds">`)
		for _, raw := range []string{"setup.done", "map.tiles", "of.later", "/objects/"} {
			if strings.Contains(page, raw) {
				t.Errorf("the audit shows %q", raw)
			}
		}
	})
}
