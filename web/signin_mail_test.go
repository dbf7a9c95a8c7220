// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/store"
)

// letters returns what waits to be sent, oldest first, and takes it away.
func (i *instance) letters() (list []*store.Mail) {
	i.t.Helper()
	i.update(func(ctx context.Context, tx *store.Tx) (err error) {
		if list, err = tx.ClaimMails(ctx, "test", time.Minute, 100); err != nil {
			return err
		}
		for _, m := range list {
			if err := tx.SentMail(ctx, m.ID); err != nil {
				return err
			}
		}
		return nil
	})
	return list
}

// link returns the address of ours in a letter whose path begins so, without
// our origin.
func link(t testing.TB, m *store.Mail, path string) string {
	t.Helper()
	found := regexp.MustCompile(regexp.QuoteMeta(origin) + `(` + path + `\S*)`).FindStringSubmatch(m.Body)
	if found == nil {
		t.Fatalf("no link to %s in\n%s", path, m.Body)
	}
	return found[1]
}

func TestSignInByMail(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.site.Mail = true
		b := i.as("")
		b.get("/sign-in").wants(t, 200, "Recevoir un lien par courriel")
		known := b.post("/sign-in/mail", url.Values{"name": {" Editor@Example.org"}}).wants(t, 303)
		list := i.letters()
		if len(list) != 1 || list[0].To != "editor@example.org" || list[0].Kind != "sign-in" {
			t.Fatalf("%+v", list)
		}
		unknown := i.as("").post("/sign-in/mail", url.Values{"name": {"nobody@example.org"}}).wants(t, 303)
		same(t, known, unknown)
		if len(i.letters()) != 0 {
			t.Error("somebody unknown got a letter")
		}
		b.get(known.Header.Get("Location")).wants(t, 200, "un lien vient de partir")
		path := link(t, list[0], "/sign-in/link")
		b.post("/sign-in/mail", url.Values{"name": {"editor"}}).wants(t, 303)
		if len(i.letters()) != 0 {
			t.Error("two letters at once")
		}
		token := url.Values{"token": {path[len("/sign-in/link?token="):]}}
		b.post("/sign-in/link", token).wants(t, 303)
		b.get("/account").wants(t, 200, "editor")
		i.as("").post("/sign-in/link", token).wants(t, 422) // once

		i.pass(11 * time.Minute)
		i.as("").post("/sign-in/mail", url.Values{"name": {"editor"}}).wants(t, 303)
		path = link(t, i.letters()[0], "/sign-in/link")
		i.pass(31 * time.Minute)
		i.as("").post("/sign-in/link", url.Values{"token": {path[len("/sign-in/link?token="):]}}).wants(t, 422)
	})
}

// Who comes from another site to follow or to answer, and has no password, is
// led back there by the letter; another site is not reached that way. B49
func TestSignInByMailGoesOnWhereOneCameFrom(t *testing.T) {
	for next, want := range map[string]string{
		"/authorize_interaction?uri=https%3A%2F%2Fpeer.example%2Fann": "/authorize_interaction?uri=https%3A%2F%2Fpeer.example%2Fann",
		"//evil.example": "/", "/\\evil.example": "/", "https:evil.example": "/",
	} {
		i := lone(t)
		i.site.Mail = true
		b := i.as("")
		sent := b.post("/sign-in/mail", url.Values{"name": {"editor"}, "next": {next}}).wants(t, 303)
		again := b.get(sent.Header.Get("Location")).wants(t, 200, `name="next" value="`+html.EscapeString(want)+`"`)
		again.lacks(t, "evil.example")
		path := link(t, i.letters()[0], "/sign-in/link")
		page := b.get(path).wants(t, 200, `name="next" value="`+html.EscapeString(want)+`"`)
		page.lacks(t, "evil.example")
		u, err := url.Parse(path)
		if err != nil {
			t.Fatal(err)
		}
		done := b.post("/sign-in/link", url.Values{"token": u.Query()["token"], "next": {next}}).wants(t, 303)
		if got := done.Header.Get("Location"); want != "/" && got != want || strings.Contains(got, "evil") {
			t.Errorf("%s leads to %s", next, got)
		}
	}
}

// B45: the 6th is one too many, whether there is such an account or not.
func TestSignInByMailIsLimited(t *testing.T) {
	for _, name := range []string{"editor", "nobody"} {
		i := lone(t)
		i.site.Mail = true
		for range 5 {
			i.as("").post("/sign-in/mail", url.Values{"name": {name}}).wants(t, 303)
		}
		if got := i.as("").post("/sign-in/mail", url.Values{"name": {name}}).wants(t, 429); got.Header.Get("Retry-After") == "" {
			t.Error("it does not say when to come back")
		}
	}
}

func TestSignInByMailWithoutMail(t *testing.T) {
	i := lone(t)
	i.as("").get("/sign-in").wants(t, 200, "Demandez un lien de connexion")
	i.as("").post("/sign-in/mail", url.Values{"name": {"editor"}}).wants(t, 422)
	if len(i.letters()) != 0 {
		t.Error("a letter that nobody sends")
	}
}
