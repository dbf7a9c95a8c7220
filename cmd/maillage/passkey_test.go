// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// A browser with a fingerprint reader makes a passkey and signs in with it,
// alone; without scripts the page says what to do instead.
func TestBrowserPasskey(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	// A passkey belongs to a name: an address of numbers will not do.
	i := launch(t, "ferme", variant{
		database: sqliteFile(t), listen: "127.0.0.1:" + port, origin: "http://localhost:" + port,
	})
	b := browse(t, i.Origin)
	b.do(chromedp.Navigate(i.SignIn))
	b.press("main button")
	b.open("/account/security", "Double vérification", "Clés d’accès")
	b.shoot("security")
	b.fill("name", "Mon ordinateur")
	b.press(`form[action="/account/passkeys"] button`)
	b.says("ont besoin de JavaScript")
	b.shoot("passkey-without-script")

	b.do(emulation.SetScriptExecutionDisabled(false), webauthn.Enable(), chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := webauthn.AddVirtualAuthenticator(&webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		}).Do(ctx)
		return err
	}))
	b.open("/account/security")
	b.fill("name", "Mon ordinateur")
	b.press(`form[action="/account/passkeys"] button`)
	eventually(t, "the passkey is made", func() bool { return strings.Contains(b.text(), "Vos codes de secours") })
	b.says("Mon ordinateur")
	b.shoot("recovery-codes")

	b.do(chromedp.Click(`.tools > details:last-of-type > summary`, chromedp.ByQuery))
	b.press(`header form[action="/sign-out"] button`)
	b.open("/sign-in?next=/account/security")
	b.shoot("sign-in")
	b.press(`main button[formaction="/sign-in/passkey"]`)
	eventually(t, "the passkey signs in", func() bool { return b.path() == "/account/security" })
	b.says("Mon ordinateur", "utilisé")
}
