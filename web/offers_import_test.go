// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// bringList sends a list.
func (b *browser) bringList(name, body string, values url.Values) response {
	b.t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for key := range values {
		must(b.t, w.WriteField(key, values.Get(key)))
	}
	part, err := w.CreateFormFile("file", name)
	must(b.t, err)
	_, err = part.Write([]byte(body))
	must(b.t, err)
	must(b.t, w.Close())
	r := b.request("POST", "/publish/import", &form)
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.send(r)
}

const shoppingList = "Référence;Titre;Prix;Unité;Stock;Jusqu'au;Couleur\n" +
	"P1;Pommes;2,40 €;kg;120;;rouge\n" +
	"P2;Poires;3 €;kg;;jeudi;verte\n" +
	"P3;=Pain;4;;;;\n"

func TestAListIsLookedThroughPublishedAndBroughtAgain(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.as("admin")
		as := url.Values{"as": {"amap"}}
		b.get("/publish/import").wants(t, 200, "Importer une liste", "Titre", "Obligatoire")
		b.bringList("liste.csv", "Couleur\nrouge\n", as).wants(t, 422, "Aucune colonne ne s’appelle")
		page := b.bringList("liste.csv", shoppingList, as).wants(t, 303).Header.Get("Location")
		preview := b.get(page).wants(t, 200, "Pommes", "Colonnes que nous n’avons pas lues", "Couleur", "Ligne 3", "n’est pas une date")
		if n := strings.Count(preview.body, `name="row"`); n != 2 {
			t.Errorf("%d rows to choose", n)
		}
		i.as("editor").get(page).wants(t, 404) // another's
		rejects, err := csv.NewReader(strings.NewReader(b.get(page+"/rejects").wants(t, 200).body)).ReadAll()
		if err != nil || len(rejects) != 2 || rejects[1][0] != "P2" || rejects[1][6] != "verte" || !strings.Contains(rejects[1][7], "jeudi") {
			t.Errorf("rejects: %q, %v", rejects, err)
		}
		b.post(page, url.Values{}).wants(t, 422, "Cochez au moins une ligne")
		if n := len(i.offersOf(i.initiative.ID)); n != 0 {
			t.Errorf("%d offers before anything was chosen", n)
		}
		chosen := url.Values{"row": {"2", "4"}}
		b.post(page, chosen).wants(t, 303)
		b.post(page, chosen).wants(t, 303) // sent twice
		list := i.offersOf(i.initiative.ID)
		if len(list) != 2 {
			t.Fatalf("%d offers", len(list))
		}
		b.get(page).wants(t, 200, "sans changement")

		page = b.bringList("liste.csv", strings.Replace(shoppingList, "2,40", "2,60", 1), as).wants(t, 303).Header.Get("Location")
		b.get(page).wants(t, 200, "à mettre à jour", "sans changement")
		b.post(page, url.Values{"row": {"2"}}).wants(t, 303)
		if list = i.offersOf(i.initiative.ID); len(list) != 2 {
			t.Errorf("%d offers after the list came again", len(list))
		}
		for _, o := range list {
			if p, _ := federation.ProposalOf(o); o.Name == "Pommes" && (p.Reciprocal.Quantity.Value != "2.60" || p.Primary.Available.Value != "120") {
				t.Errorf("not updated: %s", o.Extra["reciprocal"])
			}
		}
		b.post(page, url.Values{"do": {"drop"}}).wants(t, 303)
		b.get(page).wants(t, 404)
	})
}

func (i *instance) offersOf(author federation.IRI) (list []*federation.Object) {
	i.t.Helper()
	must(i.t, i.db.View(context.Background(), func(tx *store.Tx) error {
		found, _, err := tx.Search(context.Background(), store.Query{Kinds: []string{"offer", "need"}, Author: author, Viewer: author})
		for _, f := range found {
			list = append(list, f.Object)
		}
		return err
	}))
	return list
}

func TestAListBecomesDrafts(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.as("member")
		page := b.bringList("liste.csv", shoppingList, url.Values{"as": {"camille-member"}}).wants(t, 303).Header.Get("Location")
		b.post(page, url.Values{"row": {"2", "4"}, "do": {"draft"}}).wants(t, 303)
		b.get("/drafts").wants(t, 200, "Pommes", "=Pain")
		if n := len(i.offersOf(i.accounts["member"].Person)); n != 0 {
			t.Errorf("%d offers", n)
		}
		b.bringList("liste.csv", shoppingList, url.Values{"as": {"amap"}}).wants(t, 404) // not their voice

		// The same list again changes its drafts; once they are published, it finds them.
		drafts := func() (list []*store.Draft) {
			i.update(func(ctx context.Context, tx *store.Tx) (err error) {
				list, err = tx.Drafts(ctx, i.accounts["member"].ID)
				return err
			})
			return list
		}
		again := b.bringList("liste.csv", shoppingList, url.Values{"as": {"camille-member"}}).wants(t, 303).Header.Get("Location")
		b.post(again, url.Values{"row": {"2"}, "do": {"draft"}}).wants(t, 303)
		if n := len(drafts()); n != 2 {
			t.Fatalf("%d drafts of two rows", n)
		}
		for _, d := range drafts() {
			if d.Title == "Pommes" {
				b.get("/publish/offer?draft="+d.ID).wants(t, 200, `name="reference" value="P1"`)
				f := url.Values(d.Fields)
				f.Set("draft", d.ID)
				b.post("/publish/offer", f).wants(t, 303)
			}
		}
		third := b.bringList("liste.csv", shoppingList, url.Values{"as": {"camille-member"}}).wants(t, 303).Header.Get("Location")
		b.get(third).wants(t, 200, "sans changement")
		b.post(third, url.Values{"row": {"2"}}).wants(t, 303)
		if n := len(i.offersOf(i.accounts["member"].Person)); n != 1 {
			t.Errorf("%d offers of one row", n)
		}
	})
}

func TestOffersLeaveAsATableAndAsACatalogue(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.as("admin")
		page := b.bringList("liste.csv", shoppingList, url.Values{"as": {"amap"}}).wants(t, 303).Header.Get("Location")
		b.post(page, url.Values{"row": {"2", "4"}}).wants(t, 303)

		table := b.get("/offers/table?as=amap").wants(t, 200, "\ufeffRéférence,Type,Titre", "P1,offre,Pommes", "'=Pain")
		page = b.bringList("encore.csv", table.body, url.Values{"as": {"amap"}}).wants(t, 303).Header.Get("Location")
		b.get(page).wants(t, 200, "Sans changement", "sans changement").lacks(t, "à mettre à jour</span>")

		var doc struct {
			Graph []map[string]any `json:"@graph"`
		}
		must(t, json.Unmarshal([]byte(b.get("/offers/catalogue?as=amap").wants(t, 200).body), &doc))
		if len(doc.Graph) != 6 { // product, item and offer of each
			t.Errorf("%d things in the catalogue", len(doc.Graph))
		}
		i.as("member").get("/offers/table?as=amap").wants(t, 404)
	})
}

func TestExchangesLeaveAsATable(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		bob := i.peer("=bob")
		o := i.proposal(i.initiative, federation.PurposeOffer, "Pommes")
		i.update(func(ctx context.Context, tx *store.Tx) error {
			return tx.PutExchange(ctx, &federation.Exchange{
				ID: o.ID + "-x", Proposal: o.ID, Publisher: i.initiative.ID, Partner: bob.ID, Offer: bob.ID + "#1", State: federation.ExchangeAgreed, At: i.now(), Updated: i.now(),
				Terms: federation.Terms{Quantity: &federation.Quantity{Unit: "kilogram", Value: "5"}, Price: &federation.Quantity{Unit: "one", Value: "12"}, Mode: "sale"},
			})
		})
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(i.as("admin").get("/exchanges/table?as=amap").wants(t, 200).body, "\ufeff"))).ReadAll()
		must(t, err)
		if got := fmt.Sprint(rows[1:]); len(rows) != 2 || !strings.Contains(got, "convenu") || !strings.Contains(got, "'=bob (") || !strings.Contains(got, "5 kilogramme 12") {
			t.Errorf("%q", rows)
		}
		i.as("member").get("/exchanges/table?as=amap").wants(t, 404)
	})
}
