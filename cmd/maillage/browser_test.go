// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdp "github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// A browser is headless Chromium with scripts switched off: every page must
// work without.
type browser struct {
	t      *testing.T
	ctx    context.Context
	origin string
	shots  int
	// asked are the addresses that the pages made the browser ask for.
	asked []string
}

// browse opens a browser on an instance.
func browse(t *testing.T, origin string) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("MAILLAGE_REQUIRE") != "" {
			t.Fatal("chromium is not installed")
		}
		t.Skip("chromium is not installed: the pages are not looked at in a browser")
	}
	profile, err := os.MkdirTemp("", "maillage-chromium")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // its processes may write a moment longer
		eventually(t, "the browser has left", func() bool { return os.RemoveAll(profile) == nil })
	})
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(profile),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("lang", "fr"),
		chromedp.WSURLReadTimeout(time.Minute))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, closeTab := chromedp.NewContext(alloc)
	ctx, cancel := context.WithTimeout(ctx, 12*time.Minute)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits for the browser, which writes until it ends
		cancel()
		closeTab()
		stop()
	})
	if err := chromedp.Run(ctx); err != nil { // the browser lives as long as the context it was started in
		t.Fatal(err)
	}
	b := &browser{t: t, ctx: ctx, origin: origin}
	chromedp.ListenTarget(ctx, func(ev any) {
		if r, ok := ev.(*cdp.EventRequestWillBeSent); ok {
			b.asked = append(b.asked, r.Request.URL)
		}
	})
	b.do(cdp.Enable(), cdp.SetExtraHTTPHeaders(cdp.Headers{"Accept-Language": "fr"}),
		emulation.SetScriptExecutionDisabled(true), emulation.SetDeviceMetricsOverride(1280, 900, 1, false))
	return b
}

// browserTime is how long the browser waits for what is not there.
const browserTime = time.Minute

func (b *browser) do(actions ...chromedp.Action) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, browserTime)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// open shows a page and wants it to say what.
func (b *browser) open(path string, what ...string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.origin + path))
	b.says(what...)
}

// says wants the words to stand on the page.
func (b *browser) says(what ...string) {
	b.t.Helper()
	text := b.text()
	for _, w := range what {
		if !strings.Contains(text, w) {
			b.t.Errorf("%s does not say %q:\n%s", b.where(), w, text)
		}
	}
}

func (b *browser) text() (s string) {
	eventually(b.t, "the page can be read", func() bool { // it may be changing
		return chromedp.Run(b.ctx, chromedp.WaitReady("footer", chromedp.ByQuery), chromedp.Text("body", &s, chromedp.ByQuery)) == nil
	})
	return strings.NewReplacer("\u202f", " ", "\u00a0", " ").Replace(s)
}

func (b *browser) where() (u string) {
	b.do(chromedp.Location(&u))
	return u
}

// path is that of the page shown, without its query.
func (b *browser) path() string {
	path, _, _ := strings.Cut(strings.TrimPrefix(b.where(), b.origin), "?")
	return path
}

// fill types into the fields of a form, by their names.
func (b *browser) fill(fields ...string) {
	b.t.Helper()
	for i := 0; i < len(fields); i += 2 {
		b.do(chromedp.SetValue(fmt.Sprintf(`main [name="%s"]`, fields[i]), fields[i+1], chromedp.ByQuery))
	}
}

// press submits by a button and waits for the next page.
func (b *browser) press(selector string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, browserTime)
	defer cancel()
	_, err := chromedp.RunResponse(ctx, chromedp.Click(selector, chromedp.ByQuery))
	if err != nil {
		b.t.Fatalf("press %s: %v", selector, err)
	}
}

// shoot keeps a picture of the page at three widths, for people to look at,
// where MAILLAGE_SCREENSHOTS names a folder. It wants no page to be wider than
// the screen.
func (b *browser) shoot(name string) {
	b.t.Helper()
	b.shots++
	for _, width := range []int64{360, 1280} {
		var wide int64
		b.do(emulation.SetDeviceMetricsOverride(width, 900, 1, width < 500))
		b.do(chromedp.ActionFunc(func(ctx context.Context) error {
			_, _, _, _, _, size, err := page.GetLayoutMetrics().Do(ctx)
			if err == nil {
				wide = int64(size.Width)
			}
			return err
		}))
		if wide > width {
			b.t.Errorf("%s: %d pixels wide on a screen of %d", name, wide, width)
		}
		folder := os.Getenv("MAILLAGE_SCREENSHOTS")
		if folder == "" {
			continue
		}
		var picture []byte
		b.do(chromedp.FullScreenshot(&picture, 100))
		file := filepath.Join(folder, fmt.Sprintf("%02d-%s-%d.png", b.shots, name, width))
		if err := os.WriteFile(file, picture, 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
	b.do(emulation.SetDeviceMetricsOverride(1280, 900, 1, false))
}

// The first hour of an initiative: sign in by the link of the first start,
// publish an offer, a need and an event, look at them, change and cancel.
func TestBrowserFirstHour(t *testing.T) {
	i := launch(t, "ferme", variant{database: sqliteFile(t)})
	b := browse(t, i.Origin)

	b.open("/", "Initiative ferme")
	b.shoot("home-empty")
	b.do(chromedp.Navigate(i.SignIn))
	b.shoot("sign-in-link")
	b.press("main button")

	b.open("/publish/offer")
	b.shoot("publish-offer-empty")
	b.fill("title", "Paniers de légumes", "description", "Récoltés le matin même.", "price", "18",
		"available", "12", "place.name", "Ferme du Moulin", "place.city", "Valence", "hashtags", "AMAP CircuitsCourts")
	b.do(chromedp.Click(`#f-parts summary`, chromedp.ByQuery))
	b.do(chromedp.SetValue(`#part-name-1`, "Récolte", chromedp.ByQuery), chromedp.SetValue(`#part-amount-1`, "12", chromedp.ByQuery))
	b.press("main form .submit button")
	var title string
	b.do(chromedp.Value(`main [name="title"]`, &title, chromedp.ByQuery))
	if title != "Paniers de légumes" || strings.Contains(b.where(), "/objects/") {
		t.Errorf("parts that do not add up: at %s, the title is %q", b.where(), title)
	}
	b.says("font 12", "18")
	b.shoot("publish-offer-wrong")
	b.do(chromedp.SetValue(`#part-amount-1`, "18", chromedp.ByQuery))
	b.press("main form .submit button")
	b.says("Paniers de légumes", "18", "Valence")
	offer := b.path()
	b.shoot("offer")

	b.open("/publish/need")
	b.fill("title", "Une remorque le samedi", "description", "Pour aller chercher du compost.")
	b.do(chromedp.Click(`main [name="modes"][value="loan"]`, chromedp.ByQuery))
	b.press("main form .submit button")
	b.says("Une remorque le samedi")
	b.shoot("need")

	b.open("/publish/event")
	b.shoot("publish-event-empty")
	day := time.Now().AddDate(0, 0, 9).Format(time.DateOnly)
	b.fill("title", "Chantier participatif", "start.date", day, "start.time", "14:00", "end.date", day, "end.time", "18:00",
		"description", "On plante les poireaux.", "place.name", "Ferme du Moulin", "place.city", "Valence")
	b.press("main form .submit button")
	b.says("Chantier participatif", "14 h", "18 h", "Valence")
	event := b.path()
	b.shoot("event")

	pages := map[string]string{
		"home": "/", "events": "/events", "offers": "/offers", "needs": "/needs", "feed": "/feed", "search": "/search?q=legumes",
		"notifications": "/notifications", "followers": "/followers", "following": "/following", "follow": "/follow",
		"account": "/account", "settings": "/settings", "circuits": "/settings/circuits", "accounts": "/settings/accounts",
		"peers": "/settings/peers", "reports": "/settings/reports", "suspensions": "/settings/suspensions", "tag": "/tags/amap",
		"note": "/publish/note", "unknown": "/there-is-no-such-page", "edit": event + "/edit", "delete": offer + "/delete",
		"initiative": "/@ferme", "profile": "/profile",
	}
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		b.open(pages[name])
		if name != "unknown" && strings.Contains(b.text(), "Page introuvable") {
			t.Errorf("%s: there is no such page", pages[name])
		}
		b.shoot(name)
	}
	b.open("/", "Paniers de légumes", "Une remorque le samedi", "Chantier participatif")

	b.open(event)
	b.press(`form[action$="/cancel"] button`)
	b.open(event, "Annulé")
	b.shoot("event-cancelled")
	b.open(offer + "/delete")
	b.press("main form button")
	b.open(offer)
	if text := b.text(); strings.Contains(text, "Paniers de légumes") {
		t.Errorf("deleted, but still shown:\n%s", text)
	}
	b.shoot("deleted")

	for _, u := range b.asked {
		if !strings.HasPrefix(u, i.Origin+"/") && !strings.HasPrefix(u, "data:") {
			t.Errorf("a page asked somebody else: %s", u)
		}
	}
}
