// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A stop is where the focus is after a Tab.
type stop struct {
	N      int    // in the order of the page; 0: nowhere
	What   string // as it is written
	Hidden string // behind what
	Ring   bool   // it can be seen that the focus is here
}

// stops numbers all that the keyboard should reach, and returns how many.
const stops = `(() => {
	const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
		.filter(e => e.tabIndex >= 0 && !e.disabled && e.checkVisibility({visibilityProperty: true}) && !(e.type === "radio" && !e.checked) && e.type !== "hidden");
	all.forEach((e, i) => e.dataset.stop = i + 1);
	return all.length;
})()`

// here says where the focus is.
const here = `(() => {
	const e = document.activeElement;
	if (!e || e === document.body || !e.dataset.stop) return {N: 0, What: e ? e.outerHTML.slice(0, 120) : "", Hidden: "", Ring: true};
	const box = e.getBoundingClientRect();
	let hidden = "";
	for (const bar of document.querySelectorAll("header.top, nav.main")) {
		if (bar.contains(e) || e.matches(".skip") || !["sticky", "fixed"].includes(getComputedStyle(bar).position)) continue;
		const b = bar.getBoundingClientRect();
		const over = Math.min(box.bottom, b.bottom) - Math.max(box.top, b.top);
		// Of a textarea the browser brings the line with the caret into sight, which is enough (WCAG 2.4.11).
		const whole = e.matches("textarea") ? box.height / 2 : box.height < 200 ? 1 : box.height - 1;
		if (over > 1 && over >= whole) hidden = bar.className;
	}
	if (!e.closest("header.top, nav.main, .skip") && (box.bottom < 0 || box.top > innerHeight)) hidden = "the edge of the window";
	const rings = [e, e.closest("label"), e.parentElement].filter(Boolean).some(x => getComputedStyle(x).outlineStyle !== "none" || getComputedStyle(x, "::after").outlineStyle !== "none");
	return {N: Number(e.dataset.stop), What: e.outerHTML.slice(0, 120), Hidden: hidden, Ring: rings || !!e.closest("svg")};
})()`

// TestTheKeyboardReachesEverything walks through pages with the Tab key: it
// stops at everything in the order of the page, where it is can be seen, and
// the bars that stay in place hide none of it.
func TestTheKeyboardReachesEverything(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a demo and a browser")
	}
	s := showDemo(t)
	t.Cleanup(func() { _, _ = s.stop() })
	c := crawl(t, s.origins[0], "admin")
	c.do(chromedp.Navigate(s.links[0]))
	c.press("main form button")
	for _, path := range []string{"/", "/events", "/publish/offer", "/objects/distribution", "/settings/accounts"} {
		for _, width := range []int64{360, 1280} {
			t.Run(fmt.Sprintf("%s at %d", path, width), func(t *testing.T) {
				c.t = t
				c.screen(width, "light")
				c.do(chromedp.Navigate(c.origin + path))
				c.walk()
			})
		}
	}
}

// walk presses Tab until the page is over.
func (c *crawler) walk() {
	c.t.Helper()
	var most int
	c.do(chromedp.Evaluate(stops, &most))
	last, reached := 0, 0
	for range 2*most + 20 { // a date has several stops
		var at stop
		c.do(chromedp.KeyEvent(kb.Tab), chromedp.Evaluate(here, &at))
		if at.N == 0 || at.N < last && last == most { // it begins anew
			break
		}
		if at.N < last {
			c.t.Errorf("the focus jumps back to %s", at.What)
		}
		if at.Hidden != "" {
			c.t.Errorf("the focus is behind %s: %s", at.Hidden, at.What)
		}
		if !at.Ring {
			c.t.Errorf("the focus cannot be seen: %s", at.What)
		}
		if at.N != last {
			reached++
		}
		last = at.N
	}
	if reached < most {
		c.t.Errorf("the keyboard reached %d of %d", reached, most)
	}
}

// TestMenusObeyTheKeyboard opens a menu, goes through it, and closes it by
// Escape and by leaving it.
func TestMenusObeyTheKeyboard(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a browser")
	}
	s := showDemo(t)
	t.Cleanup(func() { _, _ = s.stop() })
	c := crawl(t, s.origins[0], "admin")
	c.do(chromedp.Navigate(s.links[0]))
	c.press("main form button")
	is := func(what, script string) {
		t.Helper()
		var yes bool
		if c.do(chromedp.Evaluate(script, &yes)); !yes {
			t.Error(what)
		}
	}
	const menu = `document.querySelector("details.menu")`
	c.do(chromedp.Focus("details.menu > summary", chromedp.ByQuery), chromedp.KeyEvent(kb.Enter))
	is("Enter does not open the menu", menu+`.open`)
	c.do(chromedp.KeyEvent(kb.Tab))
	is("Tab does not go into the menu", menu+`.querySelector("nav a") === document.activeElement`)
	c.do(chromedp.KeyEvent(kb.Escape))
	is("Escape does not close the menu", `!`+menu+`.open`)
	is("the focus is lost with the menu", menu+`.querySelector("summary") === document.activeElement`)
	c.do(chromedp.KeyEvent(kb.Enter))
	for range 12 {
		c.do(chromedp.KeyEvent(kb.Tab))
	}
	is("the menu stays open when the focus has left", `!`+menu+`.open`)
}
