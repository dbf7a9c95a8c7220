// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	cdp "github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/security"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// What the modules make more comfortable, on one instance: choosing a commune,
// moving a map, the menus, and following from elsewhere a second time.
func TestBrowserModules(t *testing.T) {
	i := launch(t, "ferme", variant{database: sqliteFile(t)})
	form := basketForm()
	i.offers(form)
	form.Title, form.Place.City, form.Place.Lat, form.Place.Lon = "Miel de tilleul", "Dijon", "47.32", "5.04"
	i.offers(form)
	b := browse(t, i.Origin)
	b.do(emulation.SetScriptExecutionDisabled(false))
	t.Run("follow.js remembers a server", func(t *testing.T) { b.remembersAServer(t, i) })
	t.Run("map.js moves a map", func(t *testing.T) { b.movesAMap(t) })
	b.do(chromedp.Navigate(i.SignIn))
	b.press("main button")
	t.Run("map.js shows tiles where they were chosen", func(t *testing.T) { b.showsTiles(t, i) })
	t.Run("place.js suggests communes", func(t *testing.T) { b.choosesACommune(t) })
	t.Run("shell.js closes menus", func(t *testing.T) { b.closesMenus(t) })
}

// js asks the page for something.
func (b *browser) js(expression string) (s string) {
	b.t.Helper()
	b.do(chromedp.Evaluate(`String(`+expression+`)`, &s))
	return s
}

// becomes waits until the page answers so.
func (b *browser) becomes(expression, want string) {
	b.t.Helper()
	eventually(b.t, expression+" is "+want, func() bool { return b.js(expression) == want })
}

// keys presses keys where the focus is.
func (b *browser) keys(keys string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys))
}

// enter presses Enter as keyboards do: it types nothing where a script has
// taken the key.
func (b *browser) enter() {
	b.t.Helper()
	down := input.DispatchKeyEvent(input.KeyDown).WithKey("Enter").WithCode("Enter").WithText("\r").WithWindowsVirtualKeyCode(13)
	b.do(down, input.DispatchKeyEvent(input.KeyUp).WithKey("Enter").WithCode("Enter").WithWindowsVirtualKeyCode(13))
}

// choosesACommune goes through the combobox with keys alone, as the ARIA
// Authoring Practices want it.
func (b *browser) choosesACommune(t *testing.T) {
	b.t = t
	b.open("/publish/event")
	const box = `document.querySelector('[name="place.city"]')`
	attribute := func(name string) string { return box + `.getAttribute("` + name + `")` }
	options := `document.querySelectorAll('[role="option"]')`
	b.becomes(attribute("role"), "combobox")
	if got := b.js(`document.getElementById(` + attribute("aria-controls") + `).getAttribute("role")`); got != "listbox" {
		t.Errorf("it controls a %s", got)
	}
	b.do(chromedp.Focus(`[name="place.city"]`, chromedp.ByQuery))
	b.keys("Saint-Denis")
	b.becomes(attribute("aria-expanded"), "true")
	b.becomes(`document.querySelector('.combobox [role="status"]').textContent.startsWith(`+options+`.length)`, "true")
	if got := b.js(attribute("aria-activedescendant")); got != "null" {
		t.Errorf("%s is marked before a key", got)
	}
	b.keys(kb.ArrowDown)
	b.keys(kb.ArrowDown)
	b.keys(kb.ArrowUp)
	if b.js(options+`[0].getAttribute("aria-selected")`) != "true" || b.js(attribute("aria-activedescendant")) != b.js(options+`[0].id`) {
		t.Error("down, down, up does not mark the first")
	}
	b.keys(kb.ArrowUp) // round to the last
	if b.js(`[...`+options+`].at(-1).getAttribute("aria-selected")`) != "true" || b.js(`document.querySelectorAll('[aria-selected="true"]').length`) != "1" {
		t.Error("up from the first does not mark the last alone")
	}
	b.keys(kb.Escape)
	if b.js(attribute("aria-expanded")) != "false" || b.js(attribute("aria-activedescendant")) != "null" || b.js(box+`.value`) != "Saint-Denis" {
		t.Error("Escape does not close the list and leave what was typed")
	}
	b.keys(kb.ArrowDown) // asks again
	b.becomes(attribute("aria-expanded"), "true")
	at := b.js(`[...` + options + `].findIndex((o) => o.textContent.includes("Seine"))`)
	for b.js(`[...`+options+`].findIndex((o) => o.getAttribute("aria-selected") === "true")`) != at {
		b.keys(kb.ArrowDown)
	}
	b.enter()
	if code := b.js(`document.querySelector('[name="place.code"]').value`); !strings.Contains(code, "93066") {
		t.Errorf("Saint-Denis in Seine-Saint-Denis is chosen, its code is %q", code)
	}
	if b.path() != "/publish/event" || b.js(attribute("aria-expanded")) != "false" {
		t.Error("Enter in the list sends the form, or leaves the list open")
	}
	b.keys("e") // another name is another place
	b.becomes(`document.querySelector('[name="place.code"]').value`, "")
}

// movesAMap pans and zooms by buttons, keyboard and dragging, without loading
// the page again.
func (b *browser) movesAMap(t *testing.T) {
	b.t = t
	b.open("/offers?view=map")
	const frame = `document.querySelector(".map").dataset.box`
	b.do(chromedp.Evaluate(`window.stays = true`, nil))
	moved := func(what string, do func()) (was, is string) {
		was = b.js(frame)
		do()
		eventually(t, what+" moves the map", func() bool { return b.js(frame) != was })
		if b.js(`window.stays`) != "true" {
			t.Fatalf("%s loads the page again", what)
		}
		return was, b.js(frame)
	}
	was, is := moved("the button", func() { b.do(chromedp.Click(`.moves a:first-child`, chromedp.ByQuery)) })
	if width(t, is) >= width(t, was) {
		t.Errorf("nearer: from %s to %s", was, is)
	}
	title := b.js(`document.querySelectorAll(".moves a")[1].title`)
	was, is = moved("the key", func() {
		b.do(chromedp.Evaluate(`document.querySelectorAll(".moves a")[1].focus()`, nil))
		b.enter()
	})
	if width(t, is) <= width(t, was) {
		t.Errorf("away: from %s to %s", was, is)
	}
	b.becomes(`document.activeElement.title`, title) // one goes on from there
	if !strings.Contains(b.where(), "map=") {
		t.Error("the view is not in the address")
	}
	var corner []float64
	b.do(chromedp.Evaluate(`(() => { const c = document.querySelector(".canvas"); c.scrollIntoView({ block: "center" }); const r = c.getBoundingClientRect(); return [r.left + r.width / 4, r.top + r.height / 4]; })()`, &corner))
	moved("dragging", func() {
		b.do(chromedp.ActionFunc(func(ctx context.Context) error {
			for n, kind := range []string{"mousePressed", "mouseMoved", "mouseMoved", "mouseReleased"} {
				if err := mouse(ctx, kind, corner[0]+float64(30*n), corner[1]+float64(20*n)); err != nil {
					return err
				}
			}
			return nil
		}))
	})
	middle := func(then func(ctx context.Context, x, y float64) error) chromedp.Action {
		var at []float64
		b.do(chromedp.Evaluate(`(() => { const c = document.querySelector(".canvas"); c.scrollIntoView({ block: "center" }); const r = c.getBoundingClientRect(); return [r.left + r.width / 2, r.top + r.height / 2]; })()`, &at))
		return chromedp.ActionFunc(func(ctx context.Context) error { return then(ctx, at[0], at[1]) })
	}
	was, is = moved("the wheel with Ctrl", func() {
		b.do(middle(func(ctx context.Context, x, y float64) error {
			return input.DispatchMouseEvent(input.MouseWheel, x, y).WithDeltaX(0).WithDeltaY(-240).WithModifiers(input.ModifierCtrl).Do(ctx)
		}))
	})
	if width(t, is) >= width(t, was) {
		t.Errorf("the wheel: from %s to %s", was, is)
	}
	b.do(emulation.SetTouchEmulationEnabled(true).WithMaxTouchPoints(2))
	defer b.do(emulation.SetTouchEmulationEnabled(false))
	was, is = moved("two fingers", func() { b.do(middle(pinch)) })
	if width(t, is) >= width(t, was) {
		t.Errorf("two fingers apart: from %s to %s", was, is)
	}
}

// pinch moves two fingers apart.
func pinch(ctx context.Context, x, y float64) error {
	for _, apart := range []float64{20, 30, 45, 60, 80} {
		kind := input.TouchMove
		if apart == 20 {
			kind = input.TouchStart
		}
		fingers := []*input.TouchPoint{{X: x - apart, Y: y, ID: 1}, {X: x + apart, Y: y, ID: 2}}
		if err := input.DispatchTouchEvent(kind, fingers).Do(ctx); err != nil {
			return err
		}
	}
	return input.DispatchTouchEvent(input.TouchEnd, []*input.TouchPoint{}).Do(ctx)
}

func mouse(ctx context.Context, kind string, x, y float64) error {
	return input.DispatchMouseEvent(input.MouseType(kind), x, y).WithButton(input.Left).WithClickCount(1).Do(ctx)
}

// width is how many degrees a box goes from west to east.
func width(t *testing.T, box string) float64 {
	t.Helper()
	var at [4]float64
	if _, err := fmt.Sscanf(box, "%f,%f,%f,%f", &at[0], &at[1], &at[2], &at[3]); err != nil {
		t.Fatalf("%q: %v", box, err)
	}
	return at[3] - at[1]
}

// showsTiles asks another server for tiles only where an administrator chose
// it, and the policy of the page names that host alone.
func (b *browser) showsTiles(t *testing.T, i *instance) {
	b.t = t
	var mu sync.Mutex
	var asked []*http.Request
	var tile bytes.Buffer
	if err := png.Encode(&tile, image.NewGray(image.Rect(0, 0, 256, 256))); err != nil {
		t.Fatal(err)
	}
	tiles := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r)
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write(tile.Bytes())
	}))
	tiles.Config.ErrorLog = log.New(io.Discard, "", 0) // its certificate is its own
	tiles.StartTLS()
	defer tiles.Close()
	b.open("/offers?view=map")
	if policy := i.get("/offers?view=map", "Accept", "text/html").Header.Get("Content-Security-Policy"); strings.Contains(policy, "http") {
		t.Errorf("without tiles the policy is %s", policy)
	}
	b.do(security.SetIgnoreCertificateErrors(true))
	b.open("/settings/map")
	b.do(chromedp.Click(`main [name="choice"][value="own"]`, chromedp.ByQuery))
	b.fill("tiles", tiles.URL+"/{z}/{x}/{y}.png", "attribution", "© <b>Cartes</b> d’ici")
	b.press("main .submit button")
	if policy := i.get("/offers?view=map", "Accept", "text/html").Header.Get("Content-Security-Policy"); !strings.Contains(policy, "img-src 'self' data: "+tiles.URL+";") {
		t.Errorf("with tiles the policy is %s", policy)
	}
	if len(asked) > 0 {
		t.Error("tiles were asked for before they were chosen")
	}
	b.open("/offers?view=map")
	b.becomes(`document.querySelectorAll(".leaflet-tile-loaded").length > 0`, "true")
	if n := b.js(`document.querySelectorAll(".leaflet-marker-icon").length`); n != "2" {
		t.Errorf("%s markers", n)
	}
	b.says("© <b>Cartes</b> d’ici") // text, no markup
	mu.Lock()
	defer mu.Unlock()
	for _, r := range asked {
		if ref := r.Header.Get("Referer"); ref != i.Origin+"/" { // which OpenStreetMap demands
			t.Errorf("the server of tiles is told %q", ref)
		}
		if r.Header.Get("Cookie") != "" {
			t.Error("the server of tiles gets cookies")
		}
	}
}

// closesMenus closes a menu by Escape, and by going elsewhere.
func (b *browser) closesMenus(t *testing.T) {
	b.t = t
	b.open("/")
	const open = `document.querySelectorAll("details.menu[open]").length`
	b.do(chromedp.Click(`details.menu summary`, chromedp.ByQuery))
	b.becomes(open, "1")
	b.keys(kb.Escape)
	b.becomes(open, "0")
	if b.js(`document.activeElement.tagName`) != "SUMMARY" {
		t.Error("the focus is lost with the menu")
	}
	b.enter()
	b.becomes(open, "1")
	b.do(chromedp.Click(`h1, h2`, chromedp.ByQuery))
	b.becomes(open, "0")
}

// remembersAServer follows from another server: after the first time one
// button is left, and nothing of it reaches us in a cookie.
func (b *browser) remembersAServer(t *testing.T, i *instance) {
	b.t = t
	other := launch(t, "cafe", variant{database: sqliteFile(t)})
	b.open("/remote-follow")
	b.fill("yours", hostOf(other.Origin))
	b.press("form.yours button")
	b.says("Continuer sur")
	var kept struct {
		Host     string            `json:"host"`
		Patterns map[string]string `json:"patterns"`
	}
	if err := json.Unmarshal([]byte(b.js(`localStorage.getItem("server")`)), &kept); err != nil || kept.Host != hostOf(other.Origin) || kept.Patterns["Follow"] == "" {
		t.Fatalf("kept: %+v, %v", kept, err)
	}
	for _, path := range []string{"/", "/remote-follow", "/@ferme#follow"} {
		b.open(path, "Continuer sur")
		to := b.js(`document.querySelector(".known a").href`)
		if !strings.HasPrefix(to, other.Origin+"/") || !strings.Contains(to, "ferme") {
			t.Errorf("%s: the button leads to %s", path, to)
		}
	}
	b.do(chromedp.ActionFunc(func(ctx context.Context) error {
		all, err := cdp.GetCookies().Do(ctx)
		for _, c := range all {
			t.Errorf("a cookie: %s", c.Name)
		}
		return err
	}))
	b.do(chromedp.Navigate(b.js(`document.querySelector(".known a").href`))) // once more, there: they sign in first
	if !strings.HasPrefix(b.where(), other.Origin+"/") {
		t.Errorf("the button leads to %s", b.where())
	}
	// What somebody else put there leads nowhere.
	b.open("/remote-follow")
	b.do(chromedp.Evaluate(`localStorage.setItem("server", JSON.stringify({ host: "evil", patterns: { Follow: "javascript:alert(1)//{object}" } }))`, nil))
	b.open("/remote-follow")
	if n := b.js(`document.querySelectorAll(".known").length`); n != "0" {
		t.Error("a script is offered as a server")
	}
	b.do(chromedp.Evaluate(`localStorage.clear()`, nil))
}
