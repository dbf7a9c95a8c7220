// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"net/url"
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
	return path, pages
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

// Nothing of an exchange is readable for anybody but the two, on any page.
func TestNoPageTellsOfAnExchange(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		_, pages := i.confided()
		all := ""
		for _, p := range pages {
			all += i.as("member").get(p).wants(t, 200).body + i.as("editor").get(p+"?as=camille-editor").wants(t, 200).body
		}
		for _, s := range secrets {
			if !strings.Contains(all, s) {
				t.Errorf("the two do not read %s", s)
			}
		}
		ids := i.everything()
		for _, who := range []string{"", "moderator", "admin"} {
			b := i.as(who)
			for _, r := range routes() {
				if r.get == nil {
					continue
				}
				for _, id := range append(ids, "none") {
					path := strings.NewReplacer("{$}", "", "{handle}", "@camille-member", "{name}", "camille-member", "{collection}", "outbox",
						"{tag}", "amap", "{id}", id, "{account}", "1", "{step}", "who", "{draft}", "none", "{calendar}", "1", "{file}", "1", "{secret}", "none").Replace(r.path)
					for _, q := range []string{"", "?id=" + url.QueryEscape(origin+"/objects/"+id), "?id=" + url.QueryEscape(origin+"/exchanges/"+id)} {
						if got := b.get(path + q); tells(got.body) != "" {
							t.Errorf("%s%s tells %q of %s", path, q, who, tells(got.body))
						}
					}
					if !strings.Contains(r.path, "{id}") {
						break
					}
				}
			}
			for _, s := range secrets {
				if got := b.get("/search?q=" + s); strings.Contains(strings.ReplaceAll(got.body, `value="`+s, ""), "Camille") {
					t.Errorf("%q finds %s", who, s)
				}
			}
		}
	})
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
