// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// What cannot be mistaken for anything else: each value stands for a detail.
var kept = map[string][]string{
	federation.DetailPrice:     {"73919", "73 919", "73\u202f919", "73\u00a0919"},
	federation.DetailBreakdown: {"71771", "71 771", "71\u202f771", "71\u00a0771", "Tchoupinette"},
	federation.DetailHistory:   {"62837", "62 837", "62\u202f837", "62\u00a0837"},
	federation.DetailQuantity:  {"86421", "86 421", "86\u202f421", "86\u00a0421"},
	federation.DetailPlace:     {"Quincaillerie", "Farfadets", "44.9123", "4.9123"},
	federation.DetailContact:   {"Zanzibarine"},
}

// discreet publishes an offer of which every detail is for a group, and whose
// price was another one before. It returns its page.
func (i *instance) discreet(group string) string {
	i.t.Helper()
	f := url.Values{
		"title": {"Panier discret"}, "description": {"De saison."}, "modes": {"sale"}, "as": {"amap"},
		"price": {"62837"}, "currency": {"EUR"}, "per": {"unit"}, "available": {"86421"}, "contact": {"Zanzibarine, au portail"},
		"place.name": {"Quincaillerie Bleue"}, "place.street": {"3 rue des Farfadets"}, "place.city": {"Valence"},
		"place.lat": {"44.9123"}, "place.lon": {"4.9123"}, "readers": {group}, "cancel.hours": {"0"}, "hashtags": {"#Discret"},
	}
	path := led(i.as("admin").post("/publish/offer", f).wants(i.t, 303))
	i.pass(time.Hour)
	f.Set("price", "73919")
	f["part.name"], f["part.kind"], f["part.amount"] = []string{"Tchoupinette", ""}, []string{"production", "logistics"}, []string{"71771", "2148"}
	i.as("admin").post(path+"/edit", f).wants(i.t, 303)
	return path
}

// told lists the details that a text tells of.
func told(text string) (all []string) {
	text = strings.ReplaceAll(text, "&nbsp;", "\u00a0")
	for _, detail := range federation.Details {
		if slices.ContainsFunc(kept[detail], func(s string) bool { return strings.Contains(text, s) }) {
			all = append(all, detail)
		}
	}
	return all
}

// readable lists every address that answers about an object, and those that
// take questions.
func (i *instance) readable(path string) (all []string) {
	i.t.Helper()
	id, whole := strings.TrimPrefix(path, "/objects/"), url.QueryEscape(origin+path)
	ours := strings.NewReplacer("camille-member", "amap", "camille-editor", "amap", "/outbox", "/offers", "/tags/amap", "/tags/discret")
	var known patterns
	i.site.register(&known)
	for _, pattern := range known {
		method, route, _ := strings.Cut(pattern, " ")
		if method != "GET" || strings.HasPrefix(route, "/static/") {
			continue
		}
		for _, at := range addresses(i.t, route, []string{id}) {
			at = ours.Replace(at)
			all = append(all, at, at+"?id="+whole, at+"?q=discret&object="+whole+"&as=camille-member")
		}
	}
	return append(all, "/offers?near=Valence&km=50", "/offers?view=map", "/search?q=discret", "/search?q=panier&view=map", "/respond?id="+whole+"&quantity=999999")
}

// Nobody reads of an offer what is not for them, on any page; whom it is for
// reads it.
func TestNoPageTellsWhatIsWithheld(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		for _, group := range []string{federation.ReadersNetwork, federation.ReadersParties} {
			path := i.discreet(group)
			for _, who := range []string{"", "member"} {
				if who == "member" && group == federation.ReadersNetwork {
					continue
				}
				b := i.as(who)
				for _, at := range i.readable(path) {
					if got := told(b.get(at).body); len(got) > 0 {
						t.Errorf("%s tells %q of %v", at, who, got)
					}
				}
				for _, words := range kept {
					for _, w := range words {
						if got := b.get("/search?q=" + url.QueryEscape(w)); strings.Contains(got.body, "Panier discret") {
							t.Errorf("%q finds the offer by %s", who, w)
						}
					}
				}
			}
			if got := told(i.as("admin").get(path).wants(t, 200).body); len(got) != len(federation.Details) {
				t.Errorf("for %s: its author reads only %v", group, got)
			}
			member := i.as("member").get(path).wants(t, 200).body
			if group == federation.ReadersNetwork && len(told(member)) != len(federation.Details) {
				t.Errorf("a member of the network reads only %v", told(member))
			}
			i.as("admin").post(path+"/delete", nil).wants(t, 303)
		}
	})
}

// Who has an exchange about an offer reads its price; where to come and whom to
// ask, once it was agreed on.
func TestThePartiesReadWhatIsForThem(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		path := i.discreet(federation.ReadersParties)
		b := i.as("member")
		w := url.Values{"id": {origin + path}, "as": {"camille-member"}, "quantity": {"2"}}
		b.get("/respond?"+w.Encode()).wants(t, 200)
		exchange := went(t, b.post("/respond", w))
		if got := told(b.get(path).body); !slices.Contains(got, federation.DetailPrice) || slices.Contains(got, federation.DetailPlace) || slices.Contains(got, federation.DetailContact) {
			t.Errorf("who asked reads %v", got)
		}
		i.as("admin").post(exchange, url.Values{"do": {"accept"}, "as": {"amap"}}).wants(t, 303)
		if got := told(b.get(path).body); len(got) != len(federation.Details)-1 { // the quantity has changed
			t.Errorf("who agreed reads %v", got)
		}
		b.get(exchange).wants(t, 200, "147")
		if got := told(i.as("moderator").get(path).body); len(got) > 0 {
			t.Errorf("somebody else reads %v", got)
		}
		i.view(func(ctx context.Context, tx *store.Tx) error {
			o, err := tx.Whole(ctx, origin+federation.IRI(path))
			if p, _ := federation.ProposalOf(o); err == nil && p.Primary.Available.Value != "86419" {
				t.Errorf("%s are left", p.Primary.Available.Value)
			}
			return err
		})
	})
}

func TestTheFormSaysWhoSeesWhat(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		f := offer()
		f.Set("readers", "network")
		f.Set("readers.quantity", "public")
		f.Set("readers.place", "parties")
		f.Set("produced", "Saint-Martin")
		f.Set("intermediaries", "0")
		b := i.as("admin")
		b.post("/publish/offer", f).wants(t, 422, "Plusieurs communes", `name="produced.code"`, "Qui voit quoi")
		f.Set("produced", "Crest")
		f.Set("do", "preview")
		b.post("/publish/offer", f).wants(t, 200, "Le public ne verra pas", "pour le réseau seulement", "pour qui échange avec vous", "Réservé au réseau")
		f.Set("do", "publish")
		f.Set("readers.price", "nobody")
		b.post("/publish/offer", f).wants(t, 422, "Choisissez qui peut voir")
		f.Del("readers.price")
		path := led(b.post("/publish/offer", f).wants(t, 303))
		page := b.get(path).wants(t, 200, "Directement du producteur, produit à Crest, à", "18 €", "Le public ne voit pas")
		if strings.Contains(page.body, "quantité restante") {
			t.Error("the quantity is said to be withheld")
		}
		i.as("").get(path).wants(t, 200, "Réservé au réseau", "12", "Directement du producteur")
		edit := b.get(path+"/edit").wants(t, 200, `value="Crest"`).body
		for _, want := range []string{`name="readers.quantity"`, `<option value="parties" selected>`} {
			if !strings.Contains(edit, want) {
				t.Errorf("the form to edit lacks %s", want)
			}
		}
	})
}

func TestAPriceHasAStory(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		f := offer()
		path := led(i.as("admin").post("/publish/offer", f).wants(t, 303))
		if strings.Contains(i.as("admin").get(path).body, "ce qui a changé") {
			t.Error("a price that never changed has a story")
		}
		i.pass(24 * time.Hour)
		f.Set("price", "20")
		f["part.amount"] = []string{"17", "3"}
		i.as("admin").post(path+"/edit", f).wants(t, 303)
		i.pass(24 * time.Hour)
		f["part.amount"] = []string{"16", "4"}
		i.as("admin").post(path+"/edit", f).wants(t, 303)
		i.as("").get(path).wants(t, 200, "ce qui a changé", "pricebars", "#43;11", "répartition modifiée", "le panier", "premier prix connu")
	})
}
