// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// With scripts on, a form is kept while one types and when one leaves, and the
// parts of a price are added up. The clock of the page is the test's: a tick
// is what happens every twenty seconds.
func TestBrowserKeepsWhatIsTyped(t *testing.T) {
	i := launch(t, "ferme", variant{database: sqliteFile(t)})
	b := browse(t, i.Origin)
	b.do(chromedp.Navigate(i.SignIn))
	b.press("main button")
	b.do(emulation.SetScriptExecutionDisabled(false), chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(`window.setInterval = (tick) => { window.tick = tick; }`).Do(ctx)
		return err
	}))
	b.open("/publish/offer")
	b.types("title", "Paniers d’hiver")
	b.do(chromedp.Evaluate(`tick()`, nil))
	b.eventuallySays("Brouillon enregistré à")
	first := b.value("draft")
	if first == "" {
		t.Fatal("no draft")
	}
	b.do(chromedp.Evaluate(`tick()`, nil)) // nothing changed
	b.types("description", "Choux et poireaux.")
	b.do(chromedp.Evaluate(`tick()`, nil))
	eventually(t, "the draft is kept again", func() bool {
		return strings.Contains(b.fetched("/publish/offer?draft="+first), "Choux et poireaux.")
	})

	// Leaving keeps what was typed since.
	b.types("title", "Paniers de Noël")
	b.do(chromedp.Evaluate(`Object.defineProperty(document, "visibilityState", { value: "hidden" }); document.dispatchEvent(new Event("visibilitychange"))`, nil))
	eventually(t, "the draft is kept on leaving", func() bool { return strings.Contains(b.fetched("/drafts"), "Paniers de Noël") })
	if n := strings.Count(b.fetched("/drafts"), "draft card"); n != 1 {
		t.Errorf("%d drafts", n)
	}

	// Opened again, it is offered; its parts are added up while one types.
	b.open("/publish/offer", "Vous avez un brouillon", "Paniers de Noël")
	b.do(chromedp.Click(`.begun a`, chromedp.ByQuery), chromedp.WaitVisible(`.compose [name="title"]`, chromedp.ByQuery))
	b.do(chromedp.Click(`#f-parts summary`, chromedp.ByQuery))
	b.types("price", "18,30")
	b.do(chromedp.SendKeys(`#part-amount-1`, "12,10", chromedp.ByQuery))
	b.eventuallySays("Les parts font 12,1 €, le prix est 18,3 € : il manque 6,2 €.")
	b.do(chromedp.SendKeys(`#part-amount-2`, "6.20", chromedp.ByQuery))
	b.eventuallySays("Les parts font 18,3 € : c’est bien le prix.")
	b.do(chromedp.SendKeys(`#part-amount-3`, "1", chromedp.ByQuery))
	b.eventuallySays("1 € de trop")
	b.do(chromedp.Evaluate(`document.querySelector("#part-amount-3").value = ""`, nil))
	b.press(`.submit button[value="preview"]`)
	b.says("Vu depuis Mastodon", "Paniers de Noël", "Choux et poireaux.")
	b.press(`.submit button[value="publish"]`)
	b.says("Publié.", "Paniers de Noël", "Voir qui l’a reçu")
	b.open("/drafts", "Aucun brouillon")

	// The price is out of sight where nobody pays.
	b.open("/publish/offer")
	var shown bool
	seen := chromedp.Evaluate(`document.querySelector(".priced").checkVisibility()`, &shown)
	if b.do(seen); !shown {
		t.Error("no price for a sale")
	}
	b.do(chromedp.Click(`[name="modes"][value="sale"]`, chromedp.ByQuery), chromedp.Click(`[name="modes"][value="gift"]`, chromedp.ByQuery))
	if b.do(seen); shown {
		t.Error("a price for a gift")
	}
}

// types writes into a field as people do, so that scripts notice.
func (b *browser) types(name, text string) {
	b.t.Helper()
	field := `.compose [name="` + name + `"]`
	b.do(chromedp.Evaluate(`document.querySelector('`+field+`').value = ""`, nil), chromedp.SendKeys(field, text, chromedp.ByQuery))
}

func (b *browser) value(name string) (v string) {
	b.t.Helper()
	b.do(chromedp.Value(`.compose [name="`+name+`"]`, &v, chromedp.ByQuery))
	return v
}

func (b *browser) eventuallySays(what string) {
	b.t.Helper()
	eventually(b.t, "the page says "+what, func() bool { return strings.Contains(b.text(), what) })
}

// fetched returns another page without leaving this one.
func (b *browser) fetched(path string) (body string) {
	b.t.Helper()
	b.do(chromedp.Evaluate(`fetch("`+path+`").then((r) => r.text())`, &body, awaited))
	return body
}

// awaited makes Evaluate wait for a promise.
func awaited(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }
