// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/store"
)

// subscriptions returns how many follow by mail and how many did not confirm.
func (i *instance) subscriptions() (confirmed, waiting int) {
	i.t.Helper()
	i.update(func(ctx context.Context, tx *store.Tx) (err error) {
		confirmed, waiting, err = tx.CountSubscriptions(ctx)
		return err
	})
	return confirmed, waiting
}

func TestFollowByMail(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.site.Mail = true
		b := i.as("")
		b.get("/").wants(t, 200, `href="/subscribe"`)
		b.get("/subscribe").wants(t, 200, "Suivre par courriel", "Aucune lettre quand il n’y a rien à dire")
		b.post("/subscribe", url.Values{"address": {"Zoe@Example.org"}, "what": {"events"}, "language": {"fr"}}).wants(t, 200, "un message vient de partir")
		letters := i.letters()
		if len(letters) != 1 || letters[0].To != "zoe@example.org" || !strings.Contains(letters[0].Subject, "AMAP du Moulin") {
			t.Fatalf("%+v", letters)
		}
		confirm := link(t, letters[0], "/mail/confirm")
		b.get(confirm).wants(t, 200, "zoe@example.org", "Oui, je veux recevoir la lettre")
		if n, waiting := i.subscriptions(); n != 0 || waiting != 1 {
			t.Error("looking at the link confirms", n, waiting)
		}
		u, err := url.Parse(confirm)
		must(t, err)
		b.post("/mail/confirm", u.Query()).wants(t, 200, "La prochaine lettre arrivera jeudi")
		if n, waiting := i.subscriptions(); n != 1 || waiting != 0 {
			t.Error(n, waiting)
		}
		b.post("/mail/confirm", u.Query()).wants(t, 200) // pressed twice

		// Who follows already is told so by mail, not on the page.
		i.pass(11 * time.Minute)
		b.post("/subscribe", url.Values{"address": {"zoe@example.org"}}).wants(t, 200, "un message vient de partir")
		b.get(link(t, i.letters()[0], "/mail/manage")).wants(t, 200, "zoe@example.org", `value="events" selected`)
		change := u.Query()
		change.Set("what", "offers")
		change.Set("language", "en")
		b.post("/mail/manage", change).wants(t, 200, "C’est enregistré", `value="offers" selected`)

		// One click in the mail program: no cookie, no page before it.
		r := b.request(http.MethodPost, "/mail/stop?"+u.RawQuery, strings.NewReader("List-Unsubscribe=One-Click"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		i.browser().send(r).wants(t, 200, "est effacée")
		if n, waiting := i.subscriptions(); n+waiting != 0 {
			t.Error("it goes on", n, waiting)
		}
		for _, path := range []string{confirm, "/mail/manage?" + u.RawQuery, "/mail/stop?" + u.RawQuery, "/mail/manage?s=1&k=x", "/mail/manage?s=x"} {
			b.get(path).wants(t, 200, "Ce lien ne sert plus")
		}
		b.post("/mail/manage", change).wants(t, 200, "Ce lien ne sert plus")
	})
}

func TestFollowByMailConfirmsWithinTwoDays(t *testing.T) {
	i := lone(t)
	i.site.Mail = true
	b := i.as("")
	b.post("/subscribe", url.Values{"address": {"zoe@example.org"}})
	u, err := url.Parse(link(t, i.letters()[0], "/mail/confirm"))
	must(t, err)
	i.pass(49 * time.Hour)
	b.post("/mail/confirm", u.Query()).wants(t, 200, "Ce lien ne sert plus")
	if n, _ := i.subscriptions(); n != 0 {
		t.Error("it was confirmed too late")
	}
	_, err = i.db.Retention(t.Context())
	must(t, err)
	if _, waiting := i.subscriptions(); waiting != 0 {
		t.Error("the address is kept")
	}
}

// B51, and the limits.
func TestFollowByMailBadAddresses(t *testing.T) {
	i := lone(t)
	i.site.Mail = true
	for _, address := range []string{
		"", "zoe", "zoe@example.org\r\nBcc: x@example.org", "a%b@example.org", "a,b@example.org", `"a b"@example.org`,
		strings.Repeat("a", 400) + "@example.org", "<script>@example.org", "zoe@127.0.0.1",
	} {
		page := i.as("").post("/subscribe", url.Values{"address": {address}}).wants(t, 422, "adresse de courriel", `name="address"`)
		inert(t, address, page.body)
	}
	if len(i.letters()) != 0 {
		t.Error("a letter went")
	}
	for n := range 5 {
		i.as("").post("/subscribe", url.Values{"address": {strings.Repeat("a", n+1) + "@example.org"}}).wants(t, 200)
	}
	i.as("").post("/subscribe", url.Values{"address": {"b@example.org"}}).wants(t, 429)
}
