// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"codeberg.org/maillage/maillage/store"
)

// secrets are the words of an exchange that nobody else may ever read.
var secrets = []string{"Zanzibar", "Ouagadougou", "Popocatepetl", "Titicaca", "Kilimandjaro", "Tegucigalpa"}

// confided makes exchanges of two members that hold all secrets, and returns
// the page of the offer and those of the exchanges.
func (i *instance) confided() (offered string, pages []string) {
	i.t.Helper()
	f := offer()
	f.Set("as", "camille-member")
	f.Set("cancel.hours", "0")
	path := led(i.as("member").post("/publish/offer", f).wants(i.t, 303))
	ask := func() string {
		w := wish(path, "2", "36")
		w.Set("as", "camille-editor")
		w.Set("message", secrets[0])
		w.Set("place", secrets[1])
		page := went(i.t, i.as("editor").post("/respond", w))
		pages = append(pages, page)
		return page
	}
	mine, yours := i.as("member"), i.as("editor")
	one := ask()
	mine.post(one, url.Values{"do": {"write"}, "words": {secrets[2]}}).wants(i.t, 303)
	mine.post(one, url.Values{"do": {"accept"}}).wants(i.t, 303)
	yours.post(one, url.Values{"do": {"write"}, "words": {secrets[2]}}).wants(i.t, 303)
	mine.post(one, url.Values{"do": {"delivered"}, "words": {secrets[3]}}).wants(i.t, 303)
	two := ask()
	mine.post(two, url.Values{"do": {"counter"}, "quantity": {"1"}, "place": {secrets[1]}, "reason": {secrets[4]}}).wants(i.t, 303)
	three := two
	yours.post(three, url.Values{"do": {"take"}}).wants(i.t, 303)
	mine.post(three, url.Values{"do": {"cancel"}, "reason": {secrets[5]}}).wants(i.t, 303)
	return path, append(pages, i.confidedByMail(path), i.confidedSeason())
}

// confidedByMail is what somebody without an account asks.
func (i *instance) confidedByMail(path string) (page string) {
	i.t.Helper()
	i.site.Mail = true
	f := stranger(path, "zoe@example.org", "1", "18")
	f.Set("name", secrets[1])
	f.Set("message", secrets[0])
	i.letters()
	i.as("").post("/respond", f).wants(i.t, 200)
	_, where := i.letter("zoe@example.org", "/respond/confirm")
	page = led(i.as("").post("/respond/confirm", keyOf(i.t, where)).wants(i.t, 303))
	page, _, _ = strings.Cut(page, "?")
	i.as("").post(page, pressing(keyOf(i.t, where), "write", "words", secrets[2])).wants(i.t, 303)
	i.as("member").post(page, url.Values{"do": {"counter"}, "quantity": {"1"}, "reason": {secrets[4]}}).wants(i.t, 303)
	return page
}

// confidedSeason is a season of which a share is passed on.
func (i *instance) confidedSeason() (page string) {
	i.t.Helper()
	f := url.Values{
		"as": {"camille-member"}, "title": {"Paniers de l'automne"}, "modes": {"commitment"}, "available": {"12"}, "unit": {"one"}, "price": {"18"},
		"currency": {"EUR"}, "per": {"unit"}, "dates": {"15/10/2026 18:30 x 3"},
	}
	path := led(i.as("member").post("/publish/offer", f).wants(i.t, 303))
	asked := url.Values{"id": {origin + path}, "quantity": {"1"}, "shown": {"54"}, "do": {"send"}, "as": {"camille-editor"}, "place": {secrets[1]}}
	page = went(i.t, i.as("editor").post("/respond", asked))
	i.as("member").post(page, url.Values{"do": {"accept"}}).wants(i.t, 303)
	i.as("editor").post(page, url.Values{
		"do": {"pass"}, "due": {"2026-10-22T16:30:00Z"}, "kind": {"delivered"}, "taker": {secrets[5]}, "as": {"camille-editor"},
	}).wants(i.t, 303)
	return page
}

// everything lists the ends of the addresses of all there is.
func (i *instance) everything() (ids []string) {
	i.t.Helper()
	i.update(func(ctx context.Context, tx *store.Tx) error {
		for _, who := range []string{"member", "editor"} {
			person := i.accounts[who].Person
			list, _, err := tx.ObjectsBy(ctx, person, person, "", 100)
			if err != nil {
				return err
			}
			for _, o := range list {
				ids = append(ids, string(o.ID)[strings.LastIndexByte(string(o.ID), '/')+1:])
			}
			notes, _, err := tx.Notices(ctx, person, "", 100)
			if err != nil {
				return err
			}
			for _, n := range notes {
				ids = append(ids, string(n.Object)[strings.LastIndexByte(string(n.Object), '/')+1:])
			}
		}
		return nil
	})
	return ids
}

// patterns is every pattern that is answered.
type patterns []string

func (p *patterns) Handle(pattern string, _ http.Handler) { *p = append(*p, pattern) }

// placeholders are what stands for the parts of patterns; ids stand for {id}.
var placeholders = map[string][]string{
	"handle": {"@camille-member", "@camille-editor"}, "name": {"camille-member"}, "collection": {"outbox", "followers", "following", "featured"},
	"tag": {"amap"}, "account": {"1"}, "step": {"who"}, "draft": {"none"}, "calendar": {"1"}, "secret": {"none"}, "alert": {"1"},
	"file": {"1", "feed.atom", "feed.rss", "calendar.ics"}, "list": {"offers", "needs", "events"},
}

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

// addresses are the paths that a pattern stands for. Who adds a pattern with a part
// of a new name has to say what can stand there.
func addresses(t testing.TB, pattern string, ids []string) []string {
	t.Helper()
	all := []string{strings.ReplaceAll(pattern, "{$}", "")}
	for m := placeholder.FindStringSubmatch(all[0]); m != nil; m = placeholder.FindStringSubmatch(all[0]) {
		values := placeholders[m[1]]
		if m[1] == "id" {
			values = ids
		}
		if len(values) == 0 {
			t.Fatalf("what stands for %s in %s? Say so in placeholders", m[0], pattern)
		}
		var more []string
		for _, path := range all {
			for _, value := range values {
				more = append(more, strings.Replace(path, m[0], value, 1))
			}
		}
		all = more
	}
	return all
}

// Nothing of an exchange is readable for anybody but the two, at any address.
func TestNoPageTellsOfAnExchange(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		_, pages := i.confided()
		all := ""
		for _, p := range pages {
			all += i.as("member").get(p).wants(t, 200).body + i.as("editor").get(p+"?as=camille-editor").body
		}
		for _, s := range secrets {
			if !strings.Contains(all, s) {
				t.Errorf("the two do not read %s", s)
			}
		}
		ids := append(i.everything(), "none")
		for _, p := range pages {
			ids = append(ids, strings.TrimPrefix(p, "/exchanges/"))
		}
		slices.Sort(ids)
		ids = slices.Compact(ids)
		var known patterns
		i.site.register(&known)
		before := i.exchanged()
		for _, who := range []string{"", "moderator", "admin"} {
			b := i.as(who)
			for _, pattern := range known {
				method, path, _ := strings.Cut(pattern, " ")
				for _, address := range addresses(t, path, ids) {
					switch method {
					case "GET":
						b.looks(t, who, address, ids)
					case "POST":
						b.meddles(t, who, address, ids)
					}
				}
			}
			for _, s := range secrets {
				if got := b.get("/search?q=" + s); strings.Contains(strings.ReplaceAll(got.body, `value="`+s, ""), "Camille") {
					t.Errorf("%q finds %s", who, s)
				}
			}
		}
		if after := i.exchanged(); after != before {
			t.Errorf("a third changed an exchange:\n%s\nbecame\n%s", before, after)
		}
	})
}

// looks asks for an address, about each thing there is.
func (b *browser) looks(t *testing.T, who, address string, ids []string) {
	t.Helper()
	queries := []string{""}
	if !strings.Contains(address, "/objects/") && !strings.Contains(address, "/static/") && who != "admin" {
		for _, id := range ids {
			queries = append(queries, "?"+url.Values{"id": {origin + "/objects/" + id}, "note": {origin + "/objects/" + id}, "object": {origin + "/exchanges/" + id}}.Encode())
		}
	}
	for _, q := range queries {
		if got := b.get(address + q); tells(got.body) != "" {
			t.Errorf("%s%s tells %q of %s", address, q, who, tells(got.body))
		}
	}
}

// meddles presses the buttons of others.
func (b *browser) meddles(t *testing.T, who, address string, ids []string) {
	t.Helper()
	for _, mine := range []string{"/sign-", "/account", "/settings", "/setup", "/invitation"} {
		if strings.HasPrefix(address, mine) {
			return
		}
	}
	b.site.signIns, b.site.mails, b.site.lookups = newLimiter(1e9, 1e9), newLimiter(1e9, 1e9), newLimiter(1e9, 1e9)
	for _, id := range ids[:min(2, len(ids))] {
		f := url.Values{"exchange": {id}, "g": {"1"}, "k": {"none"}, "quantity": {"1"}, "reason": {"Parce que"}, "as": {"camille-member"}}
		for _, name := range []string{"id", "note", "object", "proposal"} {
			f.Set(name, origin+"/objects/"+id)
		}
		tries := []string{"send"}
		if strings.HasPrefix(address, "/exchanges/") {
			tries = slices.Sorted(maps.Keys(deals))
		}
		for _, do := range tries {
			f.Set("do", do)
			if got := b.post(address, f); tells(got.body) != "" {
				t.Errorf("%s tells %q, who posts to it, of %s", address, who, tells(got.body))
			}
		}
		if strings.Contains(address, id) {
			break
		}
	}
}

// exchanged is everything that is kept of exchanges.
func (i *instance) exchanged() string {
	i.t.Helper()
	var b strings.Builder
	i.update(func(ctx context.Context, tx *store.Tx) error {
		list, _, err := tx.Exchanges(ctx, i.accounts["member"].Person, true, "", 100)
		if err == nil {
			err = json.NewEncoder(&b).Encode(list)
		}
		return err
	})
	return b.String()
}

// tells returns the first secret in a text.
func tells(body string) string {
	for _, s := range secrets {
		if strings.Contains(body, s) {
			return s
		}
	}
	return ""
}
