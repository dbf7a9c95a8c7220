// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/store"
	"github.com/pquerna/otp/totp"
)

// code is what the application of whoever has the secret shows.
func (i *instance) code(t *testing.T, secret string) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, i.now())
	must(t, err)
	return code
}

var (
	inCode   = regexp.MustCompile(`<code>([A-Z2-7]{4}(?: [A-Z2-7]{4}){7})</code>`)
	recovery = regexp.MustCompile(`<code>([a-z2-7]{4}(?:-[a-z2-7]{4}){3})</code>`)
)

// protect sets one-time codes up as a person does, and returns the secret and
// the recovery codes.
func (i *instance) protect(t *testing.T, b *browser, password string) (secret string, codes []string) {
	t.Helper()
	b.post("/account/security", url.Values{"action": {"begin"}, "password": {"not this"}}).wants(t, 422, "Ce n’est pas votre mot de passe")
	b.post("/account/security", url.Values{"action": {"begin"}, "password": {password}}).wants(t, 303)
	page := b.get("/account/security?setup=1").wants(t, 200, `<svg class="qr"`, "Mettre en service")
	m := inCode.FindStringSubmatch(page.body)
	if m == nil {
		t.Fatalf("no secret in\n%s", page.body)
	}
	secret = strings.ReplaceAll(m[1], " ", "")
	b.post("/account/security", url.Values{"action": {"confirm"}, "code": {"000000"}}).wants(t, 422, "Ce code n’est pas bon", m[1])
	done := b.post("/account/security", url.Values{"action": {"confirm"}, "code": {i.code(t, secret)}}).wants(t, 200, "Vos codes de secours")
	for _, m := range recovery.FindAllStringSubmatch(done.body, -1) {
		codes = append(codes, m[1])
	}
	if len(codes) != 10 {
		t.Fatalf("%d recovery codes", len(codes))
	}
	if again := b.get("/account/security"); recovery.MatchString(again.body) || inCode.MatchString(again.body) {
		t.Error("secrets are shown again")
	}
	return secret, codes
}

func TestSigningInTakesTheSecondStep(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.password("member", "trois petits chats")
		other, b := i.as("member"), i.as("member")
		secret, codes := i.protect(t, b, "trois petits chats")
		other.get("/account").wants(t, 303) // it came in without the second step

		enter := func() (*browser, url.Values) {
			c := i.browser()
			page := c.post("/sign-in", url.Values{"name": {"member"}, "password": {"trois petits chats"}, "next": {"/feed"}}).
				wants(t, 200, "Encore une étape")
			c.get("/account").wants(t, 303) // not yet
			return c, hidden(t, page.body)
		}
		// The code that confirmed is used up; the next one is not.
		c, form := enter()
		form.Set("code", i.code(t, secret))
		c.post("/sign-in/second", form).wants(t, 422, "Ce code n’est pas bon")
		i.pass(time.Minute)
		form.Set("code", i.code(t, secret))
		if to := c.post("/sign-in/second", form).wants(t, 303).Header.Get("Location"); to != "/feed" {
			t.Errorf("went to %s", to)
		}
		c.get("/account").wants(t, 200)
		c.post("/sign-in/second", form).wants(t, 422, "Recommencez") // that step was taken

		// A recovery code serves once, however it is written.
		c, form = enter()
		form.Set("code", " "+strings.ToUpper(strings.ReplaceAll(codes[3], "-", " ")))
		c.post("/sign-in/second", form).wants(t, 303)
		c, form = enter()
		form.Set("code", codes[3])
		c.post("/sign-in/second", form).wants(t, 422)

		// It takes a while, it is over.
		i.pass(11 * time.Minute)
		form.Set("code", codes[4])
		c.post("/sign-in/second", form).wants(t, 422, "Recommencez")
	})
}

func TestALinkAsksForTheSecondStepToo(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.password("member", "trois petits chats")
		secret, _ := i.protect(t, i.as("member"), "trois petits chats")
		var link string
		i.update(func(ctx context.Context, tx *store.Tx) (err error) {
			link, err = tx.NewSignIn(ctx, i.accounts["member"].ID, time.Hour)
			return err
		})
		i.pass(time.Minute)
		c := i.browser()
		page := c.post("/sign-in/link", url.Values{"token": {link}}).wants(t, 200, "Encore une étape")
		c.get("/account").wants(t, 303)
		form := hidden(t, page.body)
		form.Set("code", i.code(t, secret))
		c.post("/sign-in/second", form).wants(t, 303)
		c.get("/account").wants(t, 200)
	})
}

func TestCodesAreNotGuessed(t *testing.T) {
	i := lone(t)
	i.password("member", "trois petits chats")
	secret, codes := i.protect(t, i.as("member"), "trois petits chats")
	i.pass(2 * time.Hour)
	c := i.browser()
	page := c.post("/sign-in", url.Values{"name": {"member"}, "password": {"trois petits chats"}}).wants(t, 200)
	form := hidden(t, page.body)
	form.Set("code", "123456")
	for range 10 {
		c.post("/sign-in/second", form).wants(t, 422)
	}
	form.Set("code", i.code(t, secret))
	if got := c.post("/sign-in/second", form).wants(t, 429); got.Header.Get("Retry-After") == "" {
		t.Error("when to come back is not said")
	}
	form.Set("code", codes[0])
	c.post("/sign-in/second", form).wants(t, 429)
}

// A letter replaces the password, not the code; and one goes on where one came
// from after both.
func TestTheSecondStepComesAfterALetterToo(t *testing.T) {
	i := lone(t)
	i.site.Mail = true
	i.password("editor", "trois petits chats")
	secret, _ := i.protect(t, i.as("editor"), "trois petits chats")
	i.pass(2 * time.Hour)
	c := i.browser()
	const next = "/authorize_interaction?uri=https%3A%2F%2Fpeer.example%2Fann"
	c.post("/sign-in/mail", url.Values{"name": {"editor"}, "next": {next}}).wants(t, 303)
	letters := i.letters()
	page := c.get(link(t, letters[len(letters)-1], "/sign-in/link")).wants(t, 200)
	page = c.post("/sign-in/link", hidden(t, page.body)).wants(t, 200, `name="code"`)
	c.get("/account").wants(t, 303)
	form := hidden(t, page.body)
	form.Set("code", i.code(t, secret))
	if got := c.post("/sign-in/second", form).wants(t, 303).Header.Get("Location"); got != next {
		t.Errorf("leads to %s", got)
	}
	c.get("/account").wants(t, 200)
}

func TestTheSecondStepIsTakenAwayByItsOwnerOrTheCommandLine(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.password("member", "trois petits chats")
		b := i.as("member")
		i.protect(t, b, "trois petits chats")
		b.post("/account/security", url.Values{"action": {"end"}, "password": {"no"}}).wants(t, 422)
		b.post("/account/security", url.Values{"action": {"end"}, "password": {"trois petits chats"}}).wants(t, 303)
		i.browser().post("/sign-in", url.Values{"name": {"member"}, "password": {"trois petits chats"}}).wants(t, 303)

		i.pass(time.Minute)
		i.protect(t, b, "trois petits chats")
		i.update(func(ctx context.Context, tx *store.Tx) error { return tx.ResetFactors(ctx, i.accounts["member"].ID) })
		b.get("/account").wants(t, 303) // every session is over
		i.browser().post("/sign-in", url.Values{"name": {"member"}, "password": {"trois petits chats"}}).wants(t, 303)
	})
}
