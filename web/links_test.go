// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import "testing"

// B41.
func TestLinksSayWhereTheyLead(t *testing.T) {
	for in, want := range map[string]string{
		`<p>x</p>`: `<p>x</p>`,
		`<a href="https://evil.example/x">https://bank.example/login</a>`:               `<a href="https://evil.example/x">https://bank.example/login (evil.example)</a>`,
		`<a href="https://evil.example/x">bank.example</a>`:                             `<a href="https://evil.example/x">bank.example (evil.example)</a>`,
		`<a href="https://evil.example/x"><strong>bank</strong>.example</a>`:            `<a href="https://evil.example/x"><strong>bank</strong>.example (evil.example)</a>`,
		`<a href="https://bank.example/x">www.bank.example</a>`:                         `<a href="https://bank.example/x">www.bank.example</a>`,
		`<a href="https://bank.example@evil.example/x">https://bank.example</a>`:        `<a href="https://bank.example@evil.example/x">https://bank.example (evil.example)</a>`,
		`<a href="https://peer.example/@bob">@<span>bob</span></a>`:                     `<a href="https://peer.example/@bob">@<span>bob</span></a>`,
		`<a href="https://evil.example/">Réserver</a> <a href="/x">&lt;b&gt;</a> &amp;`: `<a href="https://evil.example/">Réserver</a> <a href="/x">&lt;b&gt;</a> &amp;`,
	} {
		if got := honest(in); got != want {
			t.Errorf("%s\nbecomes %s", in, got)
		}
	}
}
