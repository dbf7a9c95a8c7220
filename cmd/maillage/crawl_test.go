// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	cdp "github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// axe is axe-core by Deque, as published (MPL-2.0, see the licence beside it):
// it looks for what keeps people from using a page.
//
//go:embed testdata/axe/axe.min.js
var axe string

// A crawler opens every page that links lead to, once for each kind of page,
// in a browser with scripts on, and looks for faults.
type crawler struct {
	*browser
	who    string
	seen   map[string]bool // kinds of pages
	things map[string]int  // pages of objects, by what comes after the object
	said   []string        // by the browser's console
	mu     sync.Mutex      // guards said and asked: they come from the browser
	todo   []link
}

// A link leads from a page to another.
type link struct{ from, to string }

// TestEveryPage walks through all pages of the demo as a visitor, a member and
// an administrator see them. None is dead, wider than a phone, or hard to use
// for somebody who reads with a screen reader, a keyboard or bad eyes; none
// asks another server for anything, and no script fails.
func TestEveryPage(t *testing.T) {
	if testing.Short() {
		t.Skip("opens some hundred pages in a browser")
	}
	if _, err := exec.LookPath("chromium"); err != nil && os.Getenv("MAILLAGE_REQUIRE") == "" {
		t.Skip("chromium is not installed: the pages are not looked at in a browser")
	}
	s := showDemo(t)
	t.Cleanup(func() {
		if code, stderr := s.stop(); code != 0 {
			t.Errorf("the demo ended with status %d: %s", code, stderr)
		}
	})
	for i, who := range []string{"visitor", "member", "admin"} {
		t.Run(who, func(t *testing.T) {
			c := crawl(t, s.origins[0], who)
			c.todo = []link{{"", "/"}, {"", "/design"}, {"", "/there-is-no-such-page"}}
			if i > 0 {
				c.do(chromedp.Navigate(s.links[2-i])) // the administrator's link comes first
				c.press("main form button")
				c.todo = append(c.todo, link{"", "/account"})
			}
			for len(c.todo) > 0 && len(c.seen) < 250 {
				next := c.todo[0]
				c.todo = c.todo[1:]
				c.visit(next)
			}
			t.Logf("%d kinds of pages", len(c.seen))
			if len(c.seen) < 12 {
				t.Errorf("only %d kinds of pages were found", len(c.seen))
			}
		})
	}
}

// crawl makes a crawler with a browser of its own.
func crawl(t *testing.T, origin, who string) *crawler {
	c := &crawler{browser: browse(t, origin), who: who, seen: map[string]bool{}, things: map[string]int{}}
	chromedp.ListenTarget(c.ctx, func(ev any) {
		c.mu.Lock()
		defer c.mu.Unlock()
		switch e := ev.(type) {
		case *cdplog.EventEntryAdded:
			if e.Entry.Level == cdplog.LevelError && !strings.Contains(e.Entry.Text, "the server responded with a status of") {
				c.said = append(c.said, e.Entry.Text+" "+e.Entry.URL)
			}
		case *runtime.EventExceptionThrown:
			c.said = append(c.said, e.ExceptionDetails.Error())
		}
	})
	c.do(cdplog.Enable(), runtime.Enable(), emulation.SetScriptExecutionDisabled(false))
	return c
}

var (
	ids     = regexp.MustCompile(`/(objects|activities|media|drafts)/[0-9A-Za-z]{16,}`)
	numbers = regexp.MustCompile(`/[0-9]+`)
	things  = regexp.MustCompile(`^/objects/[^/?]+(/[^?]*)?\?`)
	names   = regexp.MustCompile(`^/(@|tags/)[^/]+`)
)

// kindOfPage is the same for pages that one template makes of other data.
func kindOfPage(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	kind := names.ReplaceAllString(numbers.ReplaceAllString(ids.ReplaceAllString(u.Path, "/$1/ID"), "/N"), "/${1}NAME")
	var keys []string
	for k := range u.Query() {
		if k != "after" && k != "as" && k != "lang" && k != "done" {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return kind + "?" + strings.Join(keys, "&")
}

// pages reports whether an address is a page of ours, to be opened by a click.
func (c *crawler) isPage(address string) bool {
	path, ours := strings.CutPrefix(address, c.origin)
	if !ours {
		return false
	}
	path, _, _ = strings.Cut(path, "?")
	switch filepath.Ext(path) {
	case ".ics", ".csv", ".atom", ".rss", ".json", ".zip", ".svg", ".png", ".webmanifest", ".maillage":
		return false
	}
	return !strings.HasPrefix(path, "/media/") && !strings.HasPrefix(path, "/static/") && !strings.HasSuffix(path, "/download")
}

// visit opens a page and looks at it.
func (c *crawler) visit(l link) {
	kind := kindOfPage(l.to)
	if c.seen[kind] {
		return
	}
	if m := things.FindStringSubmatch(kind); m != nil {
		if c.things[m[1]]++; c.things[m[1]] > 4 && m[1] != "" || c.things[m[1]] > 12 {
			return // enough of that kind
		}
	}
	c.seen[kind] = true
	c.t.Run(kind, func(t *testing.T) {
		was := c.t
		c.t = t
		defer func() { c.t = was }()
		c.mu.Lock()
		c.said, c.asked = nil, nil
		c.mu.Unlock()
		c.screen(1280, "light")
		answer, err := chromedp.RunResponse(c.ctx, chromedp.Navigate(c.origin+l.to))
		if err != nil {
			t.Fatalf("open %s, linked from %s: %v", l.to, l.from, err)
		}
		if answer != nil && answer.Status >= 400 && l.to != "/there-is-no-such-page" {
			t.Errorf("%s, linked from %s, answers %d", l.to, l.from, answer.Status)
			return
		}
		c.read(l.to)
		c.valid()
		c.outlined()
		c.filled()
		c.accessible("1280 light")
		c.shoot(kind)
		c.screen(360, "dark")
		c.accessible("360 dark")
		c.fits(320)
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, s := range c.said {
			t.Errorf("the browser complains: %s", s)
		}
		for _, u := range c.asked {
			if !strings.HasPrefix(u, c.origin+"/") && !strings.HasPrefix(u, "data:") && !strings.HasPrefix(u, "blob:") {
				t.Errorf("the page asks somebody else: %s", u)
			}
		}
	})
}

// screen sets the width of the screen and which colours are preferred.
func (c *crawler) screen(width int64, scheme string) {
	c.do(emulation.SetDeviceMetricsOverride(width, 900, 1, width < 500),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}))
}

// read collects the links of a page.
func (c *crawler) read(from string) {
	c.t.Helper()
	var all []string
	c.do(chromedp.Evaluate(`[...document.querySelectorAll("a[href]:not([download])")].map(a => new URL(a.getAttribute("href"), location).href)`, &all))
	for _, to := range all {
		to, _, _ = strings.Cut(to, "#")
		if c.isPage(to) {
			c.todo = append(c.todo, link{from, strings.TrimPrefix(to, c.origin)})
		}
	}
}

// groups takes out what tidy does not know: since HTML 5.2 the terms of a list
// and what they mean may stand in pairs, and headings in what unfolds.
var groups = strings.NewReplacer("<div><dt", "<dt", "</dd></div>", "</dd>", "<summary><h2>", "<summary>", "</h2></summary>", "</summary>")

// valid wants the HTML as it was sent to be well formed, where Debian's tidy is
// installed.
func (c *crawler) valid() {
	c.t.Helper()
	tidy, err := exec.LookPath("tidy")
	if err != nil {
		if os.Getenv("MAILLAGE_REQUIRE") != "" {
			c.t.Error("tidy is not installed")
		}
		return
	}
	var sent string
	c.do(chromedp.Evaluate(`fetch(location.href).then(r => r.text())`, &sent, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	cmd := exec.Command(tidy, "-errors", "-quiet", "-utf8", "--warn-proprietary-attributes", "no", "--drop-empty-elements", "no", "--mute", "TRIM_EMPTY_ELEMENT,BLANK_TITLE_ELEMENT")
	cmd.Stdin = strings.NewReader(groups.Replace(sent))
	if said, err := cmd.CombinedOutput(); err != nil {
		c.t.Errorf("the HTML is not valid:\n%s", said)
	}
}

// A violation is a rule of axe that a page breaks.
type violation struct {
	ID, Help string
	Nodes    []struct {
		HTML           string `json:"html"`
		FailureSummary string `json:"failureSummary"`
	}
}

// accessible wants no violation of WCAG 2.2 AA, nor of what is good practice.
func (c *crawler) accessible(how string) {
	c.t.Helper()
	var raw string
	run := `axe.run(document, {resultTypes: ["violations"], runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}})
		.then(r => JSON.stringify(r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.slice(0, 4).map(n => ({html: n.html.slice(0, 300), failureSummary: n.failureSummary}))}))))`
	var there bool
	c.do(chromedp.Evaluate(`"axe" in window`, &there))
	if !there {
		c.do(chromedp.Evaluate(axe+";0", nil))
	}
	err := chromedp.Run(c.ctx, chromedp.Evaluate(run, &raw, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	if err != nil {
		c.t.Errorf("axe: %v", err)
		return
	}
	var found []violation
	if err := json.Unmarshal([]byte(raw), &found); err != nil {
		c.t.Fatal(err)
	}
	for _, v := range found {
		var where []string
		for _, n := range v.Nodes {
			where = append(where, n.HTML+"\n      "+strings.ReplaceAll(n.FailureSummary, "\n", "\n      "))
		}
		c.t.Errorf("%s: %s: %s\n    %s", how, v.ID, v.Help, strings.Join(where, "\n    "))
	}
}

// filled wants no void in a column of cards where others have a photo.
func (c *crawler) filled() {
	c.t.Helper()
	var voids int
	c.do(chromedp.Evaluate(`[...document.querySelectorAll(".stream .blank")].filter(b => b.offsetHeight > 0).length`, &voids))
	if voids > 0 {
		c.t.Errorf("%d cards of a column have a sign in place of a photo", voids)
	}
}

// fits wants the page to be no wider than a screen of that width.
func (c *crawler) fits(width int64) {
	c.t.Helper()
	c.screen(width, "light")
	var wide int64
	c.do(chromedp.ActionFunc(func(ctx context.Context) error {
		_, _, _, _, _, size, err := page.GetLayoutMetrics().Do(ctx)
		if err == nil {
			wide = int64(size.Width)
		}
		return err
	}))
	if wide > width {
		c.t.Errorf("%d pixels wide on a screen of %d", wide, width)
	}
}

// shoot keeps pictures of the page where MAILLAGE_SCREENSHOTS names a folder.
func (c *crawler) shoot(kind string) {
	folder := os.Getenv("MAILLAGE_SCREENSHOTS")
	if folder == "" {
		return
	}
	name := strings.Trim(regexp.MustCompile(`[^0-9A-Za-z]+`).ReplaceAllString(kind, "-"), "-")
	if name == "" {
		name = "home"
	}
	for _, width := range []int64{360, 768, 1280} {
		for _, scheme := range []string{"light", "dark"} {
			c.screen(width, scheme)
			var picture []byte
			c.do(chromedp.FullScreenshot(&picture, 100))
			file := filepath.Join(folder, fmt.Sprintf("%s-%s-%d-%s.png", c.who, name, width, scheme))
			if err := os.WriteFile(file, picture, 0o600); err != nil {
				c.t.Fatal(err)
			}
		}
	}
}

// TestTheFirstPageIsLight measures what a phone has to load for the first page
// of the AMAP, and how long it takes until its largest part is shown on a slow
// connection.
func TestTheFirstPageIsLight(t *testing.T) {
	if _, err := exec.LookPath("chromium"); err != nil && os.Getenv("MAILLAGE_REQUIRE") == "" {
		t.Skip("chromium is not installed: the pages are not looked at in a browser")
	}
	s := showDemo(t)
	t.Cleanup(func() { _, _ = s.stop() })
	c := crawl(t, s.origins[0], "visitor")
	var bytes float64
	requests := map[cdp.RequestID]bool{}
	chromedp.ListenTarget(c.ctx, func(ev any) {
		c.mu.Lock()
		defer c.mu.Unlock()
		switch e := ev.(type) {
		case *cdp.EventRequestWillBeSent:
			requests[e.RequestID] = true
		case *cdp.EventLoadingFinished:
			bytes += e.EncodedDataLength
		}
	})
	c.screen(360, "light")
	var lcp float64
	c.do(
		cdp.EmulateNetworkConditions(false, 150, 1.6e6/8, 750e3/8), // a slow 4G, as Lighthouse has it
		emulation.SetCPUThrottlingRate(4),
		chromedp.Navigate(c.origin+"/"),
		chromedp.Evaluate(`new Promise(done => new PerformanceObserver(list => done(list.getEntries().at(-1).startTime)).observe({type: "largest-contentful-paint", buffered: true}))`,
			&lcp, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }),
	)
	c.mu.Lock()
	defer c.mu.Unlock()
	t.Logf("%.0f bytes, %d requests, largest paint after %.0f ms", bytes, len(requests), lcp)
	if bytes > 100_000 {
		t.Errorf("the first page takes %.0f bytes", bytes)
	}
	if len(requests) >= 20 {
		t.Errorf("the first page takes %d requests", len(requests))
	}
}
