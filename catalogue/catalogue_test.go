// SPDX-License-Identifier: AGPL-3.0-or-later

package catalogue

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
)

// read reads a list and types each row into an empty form.
func read(t *testing.T, body string) (*List, []outbox.OfferForm) {
	t.Helper()
	l, err := Read([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	forms := make([]outbox.OfferForm, len(l.Rows))
	for i, r := range l.Rows {
		r.Fill(&forms[i])
	}
	return l, forms
}

const french = "Référence;Type;Nom du produit;Catégorie;Façons d'échanger;Prix TTC;Unité;Stock;Jusqu'au;Mots-clés;Commune;Remarque\r\n" +
	"P1;offre;Pommes à couteau;Alimentation;vente, troc;2,40 €;kg;120;31/10/2026;#Pommes;Die;ignorée\r\n" +
	"P2;besoin;Bocaux;Fruits secs;don;;botte;;;;;\r\n" +
	";;\"Pain; de seigle\";;prix libre;12 CHF;cl;;2026-10-05;;;\r\n"

func TestATableOfASpreadsheetIsUnderstood(t *testing.T) {
	latin, err := charmap.Windows1252.NewEncoder().String(french)
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{
		"UTF-8": french, "with a mark": "\ufeff" + french, "Windows": latin,
	} {
		t.Run(name, func(t *testing.T) {
			l, forms := read(t, body)
			want := []outbox.OfferForm{
				{
					CommonForm: outbox.CommonForm{Title: "Pommes à couteau", Hashtags: "#Pommes", Place: outbox.PlaceForm{City: "Die", Country: "France"}},
					Purpose:    "offer", Modes: []string{"sale", "barter"}, Category: "alimentation", Price: "2,40", Currency: "EUR", Per: "unit", Unit: "kilogram", Available: "120", Until: "2026-10-31",
				},
				{
					CommonForm: outbox.CommonForm{Title: "Bocaux", Hashtags: "#FruitsSecs"},
					Purpose:    "request", Modes: []string{"gift"}, Per: "open", Unit: "one", UnitName: "botte",
				},
				{
					CommonForm: outbox.CommonForm{Title: "Pain; de seigle"},
					Purpose:    "offer", Modes: []string{"freePrice"}, Price: "12", Currency: "CHF", Per: "unit", Unit: "litre", Quantity: "0.01", Until: "2026-10-05",
				},
			}
			if d := cmp.Diff(want, forms); d != "" {
				t.Error(d)
			}
			if l.Rows[0].Reference != "P1" || l.Rows[1].Line != 3 || l.Columns[11].Meaning != "" {
				t.Errorf("%+v", l.Columns)
			}
			for _, r := range l.Rows {
				if len(r.Problems)+len(r.Remarks) > 0 {
					t.Errorf("line %d: %v %v", r.Line, r.Problems, r.Remarks)
				}
			}
		})
	}
}

// Open Food Network's table: packs, names in English, columns of its own.
const network = `producer,sku,name,display_name,category,description,units,unit_type,variant_unit_name,price,on_hand,on_demand,shipping_category,tax_category
Ferme,A1,Carottes,Botte,Vegetables,,500,g,,2,100,,Frais,TVA
Ferme,A2,Tomates,,Vegetables,,1,kg,,3.50,40,,Frais,TVA
Ferme,A3,Radis,,Vegetables,,1,,bunch,1.20,8,,Frais,TVA
Ferme,A4,Jus,,Drinks,,750,mL,,4,,1,Frais,TVA
`

func TestATableOfOpenFoodNetworkIsUnderstood(t *testing.T) {
	_, forms := read(t, network)
	var got []string
	for _, f := range forms {
		got = append(got, fmt.Sprintf("%s: %s for %s %s %s, %s left %s %s", f.Title, f.Price, f.Quantity, f.Unit, f.UnitName, f.Available, f.Hashtags, f.Category))
	}
	want := []string{
		"Carottes – Botte: 2 for 500 gram , 50000 left #Vegetables alimentation",
		"Tomates: 3.50 for 1 kilogram , 40 left #Vegetables alimentation",
		"Radis: 1.20 for 1 one bunch, 8 left #Vegetables alimentation",
		"Jus: 4 for 0.75 litre ,  left #Drinks alimentation",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// A catalogue with the quirks of those in use: blank nodes, numbers as text and
// as numbers, links either way, nodes within others, whole names of properties.
const dfc = `{"@context": "https://www.datafoodconsortium.org", "@graph": [
 {"@id": "_:q1", "@type": "dfc-b:QuantitativeValue", "dfc-b:hasUnit": "dfc-m:Kilogram", "dfc-b:value": "0.4"},
 {"@id": "_:p1", "@type": "dfc-b:Price", "dfc-b:VATrate": "0", "dfc-b:hasUnit": "dfc-m:Euro", "dfc-b:value": "3.99"},
 {"@id": "https://ferme.example/p/1", "@type": "dfc-b:SuppliedProduct", "dfc-b:name": "Haricots secs", "dfc-b:description": "<table><tr><td>De <b>Die</b></td></tr></table>",
  "dfc-b:hasQuantity": "_:q1", "dfc-b:referencedBy": "https://ferme.example/p/1/item"},
 {"@id": "https://ferme.example/p/1/item", "@type": "dfc-b:CatalogItem", "dfc-b:offeredThrough": "https://ferme.example/p/1/offer", "dfc-b:sku": "HAR/4", "dfc-b:stockLimitation": "5"},
 {"@id": "https://ferme.example/p/1/offer", "@type": "dfc-b:Offer", "dfc-b:hasPrice": {"@id": "_:p1"}},
 {"@id": "https://ferme.example/p/2", "@type": ["dfc-b:SuppliedProduct"], "https://github.com/datafoodconsortium/ontology/releases/latest/download/DFC_BusinessOntology.owl#name": {"@value": "Œufs"},
  "dfc-b:hasQuantity": {"@type": "dfc-b:QuantitativeValue", "dfc-b:value": 6, "dfc-b:hasUnit": {"@id": "dfc-m:Piece"}}},
 {"@id": "https://ferme.example/i/2", "@type": "dfc-b:CatalogItem", "dfc-b:references": {"@id": "https://ferme.example/p/2"}, "dfc-b:stockLimitation": -1},
 {"@id": "https://ferme.example/o/2", "@type": "dfc-b:Offer", "dfc-b:offeredItem": "https://ferme.example/i/2", "dfc-b:hasPrice": {"@type": "dfc-b:Price", "dfc-b:value": 2.1, "dfc-b:hasUnit": "dfc-m:PoundSterling"}},
 {"@id": "_:x", "@type": "dfc-b:SuppliedProduct", "dfc-b:name": "Sans rien", "dfc-b:hasQuantity": {"dfc-b:value": "0", "dfc-b:hasUnit": "dfc-m:Kilogram"}}
]}`

func TestACatalogueOfTheDataFoodConsortiumIsUnderstood(t *testing.T) {
	l, forms := read(t, dfc)
	var got []string
	for i, f := range forms {
		got = append(got, fmt.Sprintf("%s %s: %s %s for %s %s, %s left; %s; %d remarks", l.Rows[i].Reference, f.Title, f.Price, f.Currency, f.Quantity, f.Unit, f.Available, f.Description, len(l.Rows[i].Remarks)))
	}
	want := []string{
		"HAR/4 Haricots secs: 3.99 EUR for 0.4 kilogram, 2 left; De Die; 0 remarks",
		"https://ferme.example/p/2 Œufs:   for 6 one,  left; ; 1 remarks",
		" Sans rien:   for 1 one,  left; ; 0 remarks",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestWhatIsNoListIsRefusedAndWhatIsWrongIsSaidOfTheLine(t *testing.T) {
	for body, reason := range map[string]string{
		"":                              "error_list_empty",
		"Nom;Prix\n":                    "error_list_empty",
		"Couleur;Taille\nbleu;3\n":      "error_list_header",
		"{":                             "error_list_json",
		`{"@graph": []}`:                "error_list_dfc",
		"a\x00b":                        "error_list_unreadable",
		strings.Repeat("x", MaxBytes+1): "error_list_large",
	} {
		_, err := Read([]byte(body))
		var wrong *federation.FieldError
		if !errors.As(err, &wrong) || wrong.Field != "file" || wrong.Reason != reason {
			t.Errorf("%.20q: %v, want %s", body, err, reason)
		}
	}
	l, _ := read(t, "Référence;Titre;Type;Mode;Jusqu'au\nA;Pain;prêté;vol;jeudi\nA;Brioche;offre;don;\n")
	var got []string
	for _, r := range l.Rows {
		for _, p := range r.Problems {
			got = append(got, fmt.Sprintf("%d %s %s", r.Line, p.Field, p.Reason))
		}
	}
	want := []string{"2 purpose error_list_kind", "2 exchangeMode error_mode", "2 endTime error_list_day", "3 reference error_list_twice"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	table := Rejects(locale.New("fr"), l, l.Rows[1:])
	if len(table) != 2 || table[0][5] == "" || table[1][1] != "Brioche" || !strings.Contains(table[1][5], "ligne 2") {
		t.Errorf("rejects: %q", table)
	}
}

func TestAListHasSoManyRows(t *testing.T) {
	l, forms := read(t, "Titre\n"+strings.Repeat("Pain\n", MaxRows+7))
	if len(forms) != MaxRows || l.More != 7 {
		t.Errorf("%d rows, %d more", len(forms), l.More)
	}
}

// What we write we read again as it was.
func TestOurOwnListsComeBack(t *testing.T) {
	form := outbox.OfferForm{
		CommonForm: outbox.CommonForm{Title: "Pommes, à croquer", Description: "De Die.\n\nEt d'ailleurs.", Hashtags: "#pommes #bio", Place: outbox.PlaceForm{City: "Die", Postal: "26150", Country: "France"}},
		Purpose:    "offer", Modes: []string{"sale", "localCurrency"}, Quantity: "2", Unit: "kilogram", Available: "40", Minimum: "4",
		Price: "3.50", Currency: "EUR", Per: "unit", From: "2026-09-01", Until: "2026-10-31", Category: "alimentation",
	}
	for _, lang := range locale.Languages() {
		var text strings.Builder
		for _, row := range Table(locale.New(lang), []Entry{{Reference: "P1", ID: "https://a.example/1", Form: form}}) {
			for i, c := range row {
				row[i] = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
			}
			text.WriteString(strings.Join(row, ",") + "\n")
		}
		l, forms := read(t, text.String())
		if d := cmp.Diff(form, forms[0]); d != "" || l.Rows[0].Reference != "P1" {
			t.Errorf("%s: %s", lang, d)
		}
	}
	body, err := DFC([]Entry{{ID: "https://a.example/1", Form: form}, {ID: "https://a.example/2", Form: outbox.OfferForm{Purpose: "request"}}})
	if err != nil {
		t.Fatal(err)
	}
	l, forms := read(t, string(body))
	if f := forms[0]; len(forms) != 1 || f.Title != form.Title || f.Price != "3.50" || f.Quantity != "2" || f.Unit != "kilogram" || f.Available != "40" || l.Rows[0].Reference != "https://a.example/1" {
		t.Errorf("%+v", forms)
	}
}

// A good row makes a good offer.
func TestRowsMakeOffers(t *testing.T) {
	for _, body := range []string{french, network, dfc} {
		l, _ := read(t, body)
		for _, r := range l.Rows {
			f := outbox.OfferForm{Modes: []string{"sale"}}
			r.Fill(&f)
			f.Place = outbox.PlaceForm{}
			author := &federation.Actor{ID: "https://a.example/actor", Followers: "https://a.example/followers"}
			_, problems := f.Object(outbox.Composer{Now: time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC), Words: locale.New("fr"), Author: author, ID: "https://a.example/1"})
			if len(problems) > 0 {
				t.Errorf("%s: %s", r.Title(), Reasons(locale.New("fr"), problems))
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{french, network, dfc, `[{"@id":"a","x":["a",{"@id":"a"}]}]`, "Titre;Prix\n=1;,\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		l, err := Read(body)
		if err != nil {
			return
		}
		for _, r := range l.Rows {
			form := outbox.OfferForm{}
			r.Fill(&form)
		}
	})
}

// A name that folds to that of another column would be one or the other by
// chance.
func TestEachNameStandsForOneColumn(t *testing.T) {
	of := map[string]string{}
	for meaning, list := range names {
		for name := range strings.SplitSeq(list, "|") {
			f := folded(name)
			if other, ok := of[f]; ok && other != meaning {
				t.Errorf("%q is %s and %s", name, other, meaning)
			}
			of[f] = meaning
		}
	}
}
