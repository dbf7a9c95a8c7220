// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"html/template"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// hostLike finds the host in a text that looks like a web address.
var hostLike = regexp.MustCompile(`(?i)^(?:https?://)?(?:[^/@\s]*@)?((?:[\p{L}\p{N}-]+\.)+[\p{L}]{2,})(?:[:/?#]\S*)?$`)

// honest says where a link leads whose text names another host. The HTML must
// have been sanitised.
func honest(clean string) string {
	if !strings.Contains(clean, "<a ") {
		return clean
	}
	var out, text strings.Builder
	host := "" // that the open link leads to
	for z := html.NewTokenizer(strings.NewReader(clean)); z.Next() != html.ErrorToken; {
		raw := string(z.Raw())
		switch t := z.Token(); {
		case t.Type == html.StartTagToken && t.Data == "a":
			host = hostOf(t)
			text.Reset()
		case t.Type == html.TextToken:
			text.WriteString(t.Data)
		case t.Type == html.EndTagToken && t.Data == "a":
			if claims(text.String(), host) {
				out.WriteString(" (" + template.HTMLEscapeString(host) + ")")
			}
			host = ""
		}
		out.WriteString(raw)
	}
	return out.String()
}

// hostOf returns the host that a link leads to.
func hostOf(t html.Token) string {
	for _, a := range t.Attr {
		if a.Key == "href" {
			if u, err := url.Parse(a.Val); err == nil {
				return u.Hostname()
			}
		}
	}
	return ""
}

// claims reports whether the text of a link names a host other than host.
func claims(text, host string) bool {
	m := hostLike.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil || host == "" {
		return false
	}
	bare := func(s string) string { return strings.TrimPrefix(strings.ToLower(s), "www.") }
	return bare(m[1]) != bare(host)
}
