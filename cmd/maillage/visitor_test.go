// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"codeberg.org/maillage/maillage/store"
)

// A visitor reads pages and presses their buttons, by plain HTTP: what stands in
// a form is sent as a browser without scripts would send it.
type visitor struct {
	t      *testing.T
	origin string
	client *http.Client
	answer *httpAnswer // the page that is shown
}

// visits is somebody who has not signed in.
func visits(t *testing.T, origin string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{t: t, origin: origin, client: &http.Client{Jar: jar, Timeout: patience, Transport: &http.Transport{}}}
	t.Cleanup(v.client.CloseIdleConnections)
	return v
}

// signedIn is the browser of an account.
func (i *instance) signedIn(t *testing.T, account string) *visitor {
	t.Helper()
	v := visits(t, i.Origin)
	u, err := url.Parse(i.Origin)
	if err != nil {
		t.Fatal(err)
	}
	i.update(func(ctx context.Context, tx *store.Tx) error {
		a, err := tx.AccountByName(ctx, account)
		if err != nil {
			return err
		}
		secret, err := tx.NewSession(ctx, a.ID, 300*24*time.Hour, "")
		v.client.Jar.SetCookies(u, []*http.Cookie{{Name: "session-" + u.Port(), Value: secret, Path: "/"}})
		return err
	})
	return v
}

// open asks for a page; says is what it must say.
func (v *visitor) open(where string, says ...string) *visitor {
	v.t.Helper()
	return v.get(where, http.StatusOK, says...)
}

func (v *visitor) get(where string, status int, says ...string) *visitor {
	v.t.Helper()
	if strings.HasPrefix(where, "/") {
		where = v.origin + where
	}
	r, err := http.NewRequestWithContext(context.WithoutCancel(v.t.Context()), http.MethodGet, where, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	v.send(r)
	if v.answer.StatusCode != status {
		v.t.Errorf("%s: %d, want %d", where, v.answer.StatusCode, status)
	}
	return v.says(says...)
}

func (v *visitor) send(r *http.Request) {
	v.t.Helper()
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Accept-Language", "fr")
	v.answer = send(v.t, v.client, r)
}

// says wants words to stand on the page.
func (v *visitor) says(words ...string) *visitor {
	v.t.Helper()
	text := v.text()
	for _, w := range words {
		if !strings.Contains(text, w) {
			v.t.Errorf("%s does not say %q:\n%s", v.answer.Request.URL, w, text)
		}
	}
	return v
}

// text is what people read of the page.
func (v *visitor) text() string {
	v.t.Helper()
	var b strings.Builder
	v.each(func(n *html.Node) {
		if n.Type == html.TextNode && (n.Parent == nil || n.Parent.Data != "script" && n.Parent.Data != "style") {
			b.WriteString(n.Data)
			b.WriteByte(' ')
		}
	})
	return strings.Join(strings.Fields(strings.NewReplacer("\u202f", " ", "\u00a0", " ").Replace(b.String())), " ")
}

func (v *visitor) each(f func(*html.Node)) {
	v.t.Helper()
	doc, err := html.Parse(strings.NewReader(string(v.answer.Body)))
	if err != nil {
		v.t.Fatal(err)
	}
	for n := range doc.Descendants() {
		f(n)
	}
}

// where is the path of the page that is shown.
func (v *visitor) where() string { return v.answer.Request.URL.Path }

// follow opens the first link to a page whose address has a part.
func (v *visitor) follow(part string, says ...string) *visitor {
	v.t.Helper()
	var found string
	v.each(func(n *html.Node) {
		file := slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "download" })
		if href := attribute(n, "href"); n.Data == "a" && found == "" && !file && strings.Contains(href, part) {
			found = href
		}
	})
	if found == "" {
		v.t.Fatalf("%s has no link to %s:\n%s", v.answer.Request.URL, part, v.text())
	}
	u, err := v.answer.Request.URL.Parse(found)
	if err != nil {
		v.t.Fatal(err)
	}
	return v.open(u.String(), says...)
}

// A sheet is a form of a page, as it stands.
type sheet struct {
	action  string
	asks    bool // it is no deed: a GET
	values  url.Values
	buttons []string // the values of its buttons
}

// sheets are the forms of the page.
func (v *visitor) sheets() (all []sheet) {
	v.t.Helper()
	v.each(func(n *html.Node) {
		if n.Data != "form" {
			return
		}
		f := sheet{action: attribute(n, "action"), values: url.Values{}, asks: attribute(n, "method") != "post"}
		for c := range n.Descendants() {
			f.read(c)
		}
		all = append(all, f)
	})
	return all
}

// read takes in a field or a button of a form.
func (f *sheet) read(n *html.Node) {
	name, value := attribute(n, "name"), attribute(n, "value")
	switch n.Data {
	case "button":
		f.buttons = append(f.buttons, value)
	case "textarea":
		if n.FirstChild != nil {
			value = strings.TrimPrefix(n.FirstChild.Data, "\n")
		}
		f.values.Add(name, value)
	case "select":
		f.choose(n, name)
	case "input":
		kind := attribute(n, "type")
		ticked := slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "checked" })
		if name != "" && kind != "file" && (kind != "checkbox" && kind != "radio" || ticked) {
			f.values.Add(name, value)
		}
	}
}

// choose takes the choice of a list: what is selected, or the first.
func (f *sheet) choose(list *html.Node, name string) {
	first, chosen := "", ""
	for o := range list.Descendants() {
		if o.Data != "option" {
			continue
		}
		value := attribute(o, "value")
		if first == "" {
			first = value
		}
		if slices.ContainsFunc(o.Attr, func(a html.Attribute) bool { return a.Key == "selected" }) {
			chosen = value
		}
	}
	if chosen == "" {
		chosen = first
	}
	f.values.Add(name, chosen)
}

// press sends the form that has a button of that value, or that is sent to that
// path; fields are what is typed or chosen in it. With a due date and a kind it is
// the form of that date.
func (v *visitor) press(button string, fields ...string) *visitor {
	v.t.Helper()
	for _, f := range v.sheets() {
		path, _, _ := strings.Cut(f.action, "#")
		isButton := slices.Contains(f.buttons, button)
		if !isButton && path != button {
			continue
		}
		fits := true
		for n := 0; n+1 < len(fields); n += 2 {
			has := f.values.Has(fields[n])
			which := fields[n] == "due" || fields[n] == "kind"
			fits = fits && has && (!which || f.values.Get(fields[n]) == fields[n+1])
			f.values.Set(fields[n], fields[n+1])
		}
		if !fits {
			continue
		}
		if isButton {
			f.values.Set("do", button)
		}
		if f.asks {
			return v.open(path + "?" + f.values.Encode())
		}
		return v.submit(path, f.values)
	}
	v.t.Fatalf("%s has no button %q with %v:\n%s", v.answer.Request.URL, button, fields, v.text())
	return v
}

// submit posts a form and follows where that leads.
func (v *visitor) submit(action string, values url.Values) *visitor {
	v.t.Helper()
	u, err := v.answer.Request.URL.Parse(action)
	if err != nil {
		v.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(context.WithoutCancel(v.t.Context()), http.MethodPost, u.String(), strings.NewReader(values.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	v.send(r)
	return v
}

// shows waits until a page says something: what others do takes a moment.
func (v *visitor) shows(where, word string) *visitor {
	v.t.Helper()
	said := false
	defer func() {
		if !said {
			v.t.Log(v.text())
		}
	}()
	eventually(v.t, where+" says "+word, func() bool {
		v.open(where)
		said = strings.Contains(v.text(), word)
		return said
	})
	return v
}
