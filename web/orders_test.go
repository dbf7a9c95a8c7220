// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// agreed lets somebody ask for so much, and the publisher agree.
func (i *instance) agreed(path, who, quantity, shown string) (page string) {
	i.t.Helper()
	page = went(i.t, i.as(who).post("/respond", wish(path, quantity, shown)))
	i.as("admin").post(page, url.Values{"do": {"accept"}}).wants(i.t, 303)
	return page
}

func TestHandOverListIsTicked(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		path := i.basket("12")
		one, two := i.agreed(path, "member", "3", "54"), i.agreed(path, "moderator", "1", "18")
		number := strings.TrimPrefix(one, "/exchanges/")
		b := i.as("editor")
		b.get(path+"/exchanges").wants(t, 200, "Camille member", "Camille moderator", "jeudi 10 septembre 2026", "En tout", "4 × panier", "sans poireaux")
		b.get(path+"/exchanges?day=2026-09-10").wants(t, 200, "Camille member")
		tick := func(more ...string) response {
			f := url.Values{"exchange": {number}, "do": {"delivered"}}
			for n := 0; n < len(more); n += 2 {
				f.Set(more[n], more[n+1])
			}
			return b.post(path+"/exchanges", f)
		}
		tick("handed", "trois").wants(t, 422, `value="trois"`, "handed-"+number)
		tick("handed", "9").wants(t, 422, "plus que ce qui reste", `value="9"`)
		tick("handed", "1").wants(t, 303)
		b.get(path+"/exchanges").wants(t, 200, "reste 2 × panier")
		tick().wants(t, 303)
		tick().wants(t, 303) // and once more
		tick("do", "paid").wants(t, 303)
		tick("do", "paid").wants(t, 303)
		b.get(path+"/exchanges").wants(t, 200, "remis", "payé")
		i.as("member").get(one).wants(t, 200, "vous a", "Bien reçu")
		i.as("member").post(path+"/exchanges", url.Values{"exchange": {number}, "do": {"delivered"}}).wants(t, 404)
		other := i.basket("3")
		b.post(other+"/exchanges", url.Values{"exchange": {strings.TrimPrefix(two, "/exchanges/")}, "do": {"delivered"}}).wants(t, 404)

		b.get(path+"/exchanges/sheet").wants(t, 200, "Liste de remise", "Camille member", "2026")
		table := b.get(path+"/exchanges/table").wants(t, 200, "Camille member", "convenu").body
		if strings.Contains(table, "\n=") {
			t.Error(table)
		}
		for _, p := range []string{"", "/sheet", "/table"} {
			i.as("member").get(path+"/exchanges"+p).wants(t, 404)
			i.as("").get(path+"/exchanges"+p).wants(t, 303)
		}
	})
}

// Two who tick at the same moment do not undo what the other did.
func TestTwoTickAtOnce(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		path := i.basket("40")
		page := i.agreed(path, "member", "20", "360")
		number := strings.TrimPrefix(page, "/exchanges/")
		done := make(chan int, 20)
		for range 20 {
			b := i.as("admin")
			go func() {
				done <- b.post(path+"/exchanges", url.Values{"exchange": {number}, "do": {"delivered"}, "handed": {"1"}}).StatusCode
			}()
		}
		for range 20 {
			if status := <-done; status != 303 {
				t.Errorf("answered %d", status)
			}
		}
		i.update(func(ctx context.Context, tx *store.Tx) error {
			x, err := tx.Exchange(ctx, federation.IRI(origin+page))
			if err == nil && (x.Done(federation.StepDelivered, x.Publisher) != "20" || len(x.Steps) != 20) {
				t.Errorf("%s handed over in %d steps", x.Done(federation.StepDelivered, x.Publisher), len(x.Steps))
			}
			return err
		})
	})
}
