// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"strings"

	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"
)

// outlined wants what a screen reader jumps by: one h1, no level of headings
// left out on the way down, and a name for each landmark that is not the same
// on every page, different from those of its kind.
func (c *crawler) outlined() {
	c.t.Helper()
	var page string
	c.do(chromedp.OuterHTML("html", &page, chromedp.ByQuery))
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		c.t.Fatal(err)
	}
	words := map[string]string{} // by id
	for n := range doc.Descendants() {
		if id := attribute(n, "id"); id != "" {
			words[id] = textOf(n)
		}
	}
	first, last := 0, 1
	names := map[string]bool{}
	for n := range doc.Descendants() {
		if level := levelOf(n); level > 0 {
			if level > last+1 {
				c.t.Errorf("after a heading of level %d comes %q of level %d", last, textOf(n), level)
			}
			if last = level; level == 1 {
				first++
			}
		}
		kind := landmarkOf(n)
		if kind == "" {
			continue
		}
		name := attribute(n, "aria-label")
		for id := range strings.FieldsSeq(attribute(n, "aria-labelledby")) {
			name += words[id]
		}
		if strings.TrimSpace(name) == "" {
			c.t.Errorf("a landmark has no name: <%s class=%q>", n.Data, attribute(n, "class"))
		} else if names[kind+name] {
			c.t.Errorf("two landmarks have the name %q", name)
		}
		names[kind+name] = true
	}
	if first != 1 {
		c.t.Errorf("%d headings of level 1", first)
	}
}

// levelOf returns that of a heading; 0 of anything else.
func levelOf(n *html.Node) int {
	if n.Type == html.ElementNode && len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6' {
		return int(n.Data[1] - '0')
	}
	return 0
}

// landmarkOf returns the kind of landmark that needs a name.
func landmarkOf(n *html.Node) string {
	switch {
	case n.Type != html.ElementNode:
		return ""
	case n.Data == "nav", n.Data == "aside":
		return n.Data
	case attribute(n, "role") == "search", attribute(n, "role") == "region":
		return attribute(n, "role")
	}
	return ""
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
