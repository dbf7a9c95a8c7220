// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"strings"
	"testing"
)

func TestSanitizeHTML(t *testing.T) {
	for in, want := range map[string]string{
		"":                                    "",
		"plain & simple <3":                   "plain &amp; simple &lt;3",
		"l'été \"doux\"":                      "l'été \"doux\"",
		"<p>a</p>":                            "<p>a</p>",
		"<script>alert(1)</script>b":          "b",
		"<img src=x onerror=alert(1)>b":       "b",
		"<p onclick=x style=y id=z>a</p>":     "<p>a</p>",
		"<div>a</div><div>b</div>":            "a  b",
		"<h1>a</h1><h6>b</h6>":                "<h1>a</h1><h6>b</h6>",
		"<ruby>字<rp>(</rp><rt>zi</rt></ruby>": "<ruby>字<rp>(</rp><rt>zi</rt></ruby>",
		`<a href="https://a.example/?x=1&y=2" rel="me" target="_blank">a</a>`: `<a href="https://a.example/?x=1&amp;y=2" rel="nofollow noopener noreferrer ugc">a</a>`,
		`<a href="http://a.example" class="mention hashtag">#a</a>`:           `<a href="http://a.example" class="mention hashtag" rel="nofollow noopener noreferrer ugc">#a</a>`,
		`<a href="mailto:a@b.example">a</a>`:                                  "a",
		`<a href="javascript:x">a</a>`:                                        "a",
		`<a href="/x">a</a>`:                                                  "a",
		`<span class="invisible">a</span>`:                                    `<span class="invisible">a</span>`,
		`<span class="admin-button">a</span>`:                                 "<span>a</span>",
		"<p><strong>open":                                                     "<p><strong>open</strong></p>",
		"</p></div>closed</strong>":                                           "closed",
		"<b><i>crossed</b></i>":                                               "<b><i>crossed</i></b>",
		"a<br/>b<br>c":                                                        "a<br>b<br>c",
		"<p>&#x338;x</p>":                                                     "<p>x</p>",
		"<!-- secret -->a":                                                    "a",
		"<svg><style><img src=x onerror=1>":                                   "",
		"caf\u0065\u0301":                                                     "caf\u00e9",
		"<a href='https://a.example'><a href='https://b.example'>x</a>":       `<a href="https://a.example" rel="nofollow noopener noreferrer ugc">x</a>`,
	} {
		got := SanitizeHTML(in)
		if got != want {
			t.Errorf("%q\n got %q\nwant %q", in, got, want)
		}
		if twice := SanitizeHTML(got); twice != got {
			t.Errorf("%q: twice is %q", got, twice)
		}
	}
	deep := SanitizeHTML(strings.Repeat("<b>", 60000) + "x")
	if strings.Count(deep, "<b>") > maxOpen || !strings.Contains(deep, "x") {
		t.Errorf("%d elements are open", strings.Count(deep, "<b>"))
	}
}

func TestCleanText(t *testing.T) {
	for in, want := range map[string]string{
		"":                            "",
		"Café & Co, 5 < 6":            "Café & Co, 5 < 6",
		" a\tb\nc ":                   "a\tb\nc",
		"<b>bold</b> and <scr<b>ipt>": "bold and",
		"a&lt;b":                      "a&lt;b",
		"e\u0301":                     "\u00e9",
		"\u200fשלום":                  "\u200fשלום",
		"a\xffb":                      "a\ufffdb",
		"👩\u200d🌾":                    "👩\u200d🌾",
	} {
		if got := CleanText(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"":                                      "",
		"plain":                                 "plain",
		"<p>One <b>two</b></p><p>three</p>":     "One two\nthree",
		"a<br>b &amp; c":                        "a\nb & c",
		"<ul><li>x</li><li>y</li></ul>":         "x\ny",
		"1 < 2":                                 "1 < 2",
		"<a><span>https://</span>a.example</a>": "https://a.example",
	} {
		if got := Text(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
