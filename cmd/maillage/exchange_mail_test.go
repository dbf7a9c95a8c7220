// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// link waits for a letter to somebody that has these words, and returns where it
// leads.
func (m *mailbox) link(t *testing.T, to string, words ...string) string {
	t.Helper()
	var found string
	eventually(t, fmt.Sprintf("a letter to %s that says %q", to, words), func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, letter := range slices.Backward(m.came) {
			all := strings.HasPrefix(letter, to+"\n")
			for _, w := range words {
				all = all && strings.Contains(strings.NewReplacer("\u202f", " ", "\u00a0", " ").Replace(letter), w)
			}
			if all {
				found = letterLink.FindString(letter)
				return true
			}
		}
		return false
	})
	return found
}

// letterLink is the address in a letter that has a key.
var letterLink = regexp.MustCompile(`http://\S+[?]g=\d+&k=\w+`)

// letters counts what came for somebody.
func (m *mailbox) letters(to string) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, letter := range m.came {
		if strings.HasPrefix(letter, to+"\n") {
			n++
		}
	}
	return n
}

// altered changes one thing of a link: its key, its number, or the page.
func altered(t *testing.T, link string, change func(u *url.URL, q url.Values)) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	change(u, q)
	u.RawQuery = q.Encode()
	return u.String()
}

// TestAnExchangeByMail is everything that somebody without an account does, with
// nothing but the pages and the links of real letters.
func TestAnExchangeByMail(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		box, clock := newMailbox(t), newClock()
		amap := launch(t, "amap", variant{database: fresh(t), smtp: "smtp://" + box.address, settings: []setting{withClock(clock.now), withPace(time.Minute, 50*time.Millisecond)}})
		o := amap.offers(vegetables("10"))
		desk := amap.signedIn(t, "admin-amap")
		asks := func(address, quantity string) *visitor {
			t.Helper()
			clock.advance(time.Hour) // so much mail may be asked for
			z := visits(t, amap.Origin)
			z.open("/respond?" + url.Values{"id": {string(o.ID)}, "quantity": {quantity}}.Encode())
			return z.press("send", "name", "Zoé", "address", address, "message", "Sans poireaux").says("Un message vient de partir")
		}

		const zoe = "zoe@example.org"
		z := asks(zoe, "3")
		first := box.link(t, zoe, "Confirmez votre demande", "3 ×", "54 €")
		none := func(where string) {
			t.Helper()
			v := visits(t, amap.Origin)
			v.open(where, "ne sert plus")
			for _, f := range v.sheets() {
				if !f.asks {
					t.Errorf("%s has a form to %s", where, f.action)
				}
			}
		}
		none(altered(t, first, func(_ *url.URL, q url.Values) { q.Set("k", q.Get("k")[1:]+"x") }))
		none(altered(t, first, func(_ *url.URL, q url.Values) { q.Set("g", "999") }))
		z.open(first, "Confirmer votre demande", "3 ×", "54 €")
		if n := amap.number("SELECT count(*) FROM exchanges"); n != 0 {
			t.Fatalf("%d exchanges before it was confirmed: programs open links, too", n)
		}
		z.press("/respond/confirm").says("3 ×", "54 €")
		its := z.where()
		z.open(first) // once more: it leads to the exchange
		visits(t, amap.Origin).open(first).says("3 ×")
		if n := amap.number("SELECT count(*) FROM exchanges"); n != 1 || z.where() != its {
			t.Fatalf("%d exchanges of one letter, at %s and %s", n, its, z.where())
		}

		desk.open(its, "Zoé", zoe, "Sans poireaux").press("counter", "quantity", "2", "reason", "Il en reste peu")
		second := box.link(t, zoe, "Une autre proposition", "2 ×", "36 €", "Il en reste peu")
		for _, wrong := range []string{
			altered(t, second, func(_ *url.URL, q url.Values) { q.Set("k", "abc") }),
			altered(t, second, func(u *url.URL, _ url.Values) { u.Path = "/exchanges/0123456789abcdef0123456789abcdef" }),
		} {
			visits(t, amap.Origin).get(wrong, http.StatusNotFound)
		}
		z.open(second, "vous fait une autre proposition").press("take").says("2 ×", "36 €")
		if amap.left(o.ID) != "8" {
			t.Errorf("%s left", amap.left(o.ID))
		}
		box.link(t, zoe, "C’est d’accord", "2 ×")
		z.open(second).submit(its, pressed(t, second, "do", "take")) // the same button of an old page
		if amap.left(o.ID) != "8" || amap.number("SELECT count(*) FROM exchanges") != 1 {
			t.Errorf("pressed twice: %s left", amap.left(o.ID))
		}

		desk.open(its).press("delivered", "handed", "1")
		told := box.link(t, zoe, "Avez-vous bien reçu")
		z.open(told).press("delivered", "handed", "1").says("2 ×")
		desk.open(its).press("delivered")
		z.open(told).press("delivered").says("terminé")
		z.submit(its, pressed(t, told, "do", "delivered")) // and again
		x := amap.exchange(federation.IRI(amap.Origin + its))
		if x.State != federation.ExchangeFulfilled || len(x.Steps) != 4 {
			t.Errorf("%s in %d steps", x.State, len(x.Steps))
		}
		z.open(told).follow("/receipt", "2 ×", "36 €")

		// What was asked is not changed by whoever knows the address: the link comes
		// again, to withdraw and to ask for something else.
		const yann = "yann@example.org"
		asks(yann, "1").open(box.link(t, yann, "Confirmez votre demande")).press("/respond/confirm")
		y := asks(yann, "5")
		y.open(box.link(t, yann, "déjà une demande"), "1 ×").press("cancel").says("retiré")
		y = asks(yann, "5")
		y.open(box.link(t, yann, "Confirmez votre demande", "5 ×")).press("/respond/confirm")
		theirs := y.where()
		desk.open(theirs).press("accept")
		if amap.left(o.ID) != "3" {
			t.Errorf("%s left", amap.left(o.ID))
		}
		y.open(box.link(t, yann, "C’est d’accord", "5 ×")).press("cancel", "reason", "Malade").says("annulé")
		desk.open(theirs, "annulé", "Malade")
		if amap.left(o.ID) != "8" {
			t.Errorf("%s left after it was cancelled", amap.left(o.ID))
		}

		// A link that nobody opened is worth nothing later, and one of an exchange
		// that is over for long.
		const xavier = "xavier@example.org"
		asks(xavier, "1")
		late := box.link(t, xavier, "Confirmez votre demande")
		clock.advance(8 * 24 * time.Hour)
		none(late)
		visits(t, amap.Origin).open(late).submit("/respond/confirm", pressed(t, late)).says("ne sert plus")
		if n := amap.number("SELECT count(*) FROM exchanges WHERE state = 'proposed'"); n != 0 {
			t.Errorf("%d were made of a link that is over", n)
		}
		z.open(told)
		clock.advance(91 * 24 * time.Hour)
		for n := 1; n > 0; {
			var err error
			if n, err = amap.DB.Retention(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		z.get(told, http.StatusNotFound)
		if got := box.letters(zoe); got != 5 {
			t.Errorf("%d letters to %s, want 5", got, zoe)
		}
	})
}

// pressed is what a page that was opened by a link sends for a button; more are
// names and values.
func pressed(t *testing.T, link string, more ...string) url.Values {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for n := 0; n+1 < len(more); n += 2 {
		q.Set(more[n], more[n+1])
	}
	return q
}
