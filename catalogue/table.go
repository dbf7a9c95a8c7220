// SPDX-License-Identifier: AGPL-3.0-or-later

package catalogue

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/words"
	"golang.org/x/text/encoding/charmap"
)

// names are what columns are called, in folded words: in French, in English,
// by spreadsheets and by Open Food Network.
var names = map[string]string{
	"reference":      "reference|ref|sku|code|code article|id|identifiant|reference article|numero",
	"kind":           "type|sen|nature|offre ou besoin|offer or need|kind",
	"title":          "titre|nom|name|title|produit|product|designation|libelle|article|nom du produit|product name",
	"variant":        "display name|variante|variant",
	"description":    "description|texte|detail|details|presentation|notes",
	"category":       "categorie|category|secteur|sector|rayon|famille",
	"modes":          "mode|facon d echanger|mode d echange|kind of exchange|exchange mode|echange",
	"quantity":       "quantite|quantity|pour|contenance|poid|poids|unit count",
	"unit":           "unite|unit|mesure|measure",
	"pack":           "vendu par|conditionnement|packaging|pack|sold by|nom de l unite",
	"available":      "disponible|stock|available|on hand|en stock|reste|quantite disponible|left",
	"minimum":        "minimum|quantite minimum|quantite minimale|min|minimum quantity|au moin",
	"price":          "prix|price|tarif|prix ttc|prix unitaire|prix de vente|unit price|prix eur|prix euro",
	"currency":       "devise|currency|monnaie",
	"from":           "du|debut|a partir du|from|start|disponible du|valable du",
	"until":          "au|fin|jusqu au|until|end|date limite|valable jusqu au|disponible jusqu au",
	"tags":           "mot cle|mots cle|hashtag|tag|etiquette|mot clic",
	"place":          "lieu|commune|ville|city|town|place",
	"postal":         "code postal|cp|postal code|postcode|zip",
	"intermediaries": "intermediaire|nombre d intermediaire|intermediary|number of intermediaries",
	"origin":         "produit a|lieu de production|origine|commune de production|made in|origin|place of production",
	"packs":          "unit type|variant unit name", // of Open Food Network
}

// meanings finds what a column is for by its name.
var meanings = func() map[string]string {
	all := map[string]string{}
	for meaning, list := range names {
		for name := range strings.SplitSeq(list, "|") {
			all[folded(name)] = meaning
		}
	}
	return all
}()

// folded writes a name in folded words.
func folded(name string) string { return strings.Join(words.Of(name), " ") }

// meaning of a column; "" if there is none.
func meaning(name string) string {
	switch strings.ToLower(strings.TrimSpace(name)) { // whose words fold to others'
	case "units":
		return "number"
	case "unit_type":
		return "unit"
	case "variant_unit_name":
		return "packs"
	}
	return meanings[folded(strings.ReplaceAll(name, "_", " "))]
}

// readTable reads CSV as it comes: with commas, semicolons or tabs, in UTF-8 or
// as older spreadsheets write it.
func readTable(body []byte) (*List, error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if !utf8.Valid(body) {
		decoded, err := charmap.Windows1252.NewDecoder().Bytes(body)
		if err != nil {
			return nil, wrong("error_list_unreadable")
		}
		body = decoded
	}
	if bytes.IndexByte(body, 0) >= 0 {
		return nil, wrong("error_list_unreadable")
	}
	r := csv.NewReader(bytes.NewReader(body))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = separator(body), -1, true
	l := &List{Kind: KindTable}
	header, err := r.Read()
	if err != nil {
		return nil, wrong("error_list_empty")
	}
	l.Header = header
	seen := map[string]bool{}
	for _, name := range header {
		c := Column{Name: clean(name), Meaning: meaning(name)}
		if seen[c.Meaning] {
			c.Meaning = ""
		}
		seen[c.Meaning] = true
		l.Columns = append(l.Columns, c)
	}
	if !seen["title"] {
		return nil, wrong("error_list_header")
	}
	return l, l.readRows(r)
}

// separator is what stands between the cells of the first line.
func separator(body []byte) rune {
	first, _, _ := bytes.Cut(body, []byte("\n"))
	best, most := ',', -1
	for _, c := range []rune{';', '\t', ','} {
		if n := bytes.Count(first, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

func (l *List) readRows(r *csv.Reader) error {
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return wrong("error_list_unreadable")
		}
		if strings.TrimSpace(strings.Join(cells, "")) == "" {
			continue
		}
		if len(l.Rows) == MaxRows {
			l.More++
			continue
		}
		line, _ := r.FieldPos(0)
		l.Rows = append(l.Rows, l.row(line, cells))
	}
	if len(l.Rows) == 0 {
		return wrong("error_list_empty")
	}
	l.repeated()
	return nil
}

// row reads a line of a table.
func (l *List) row(line int, cells []string) *Row {
	r := &Row{Line: line, Cells: cells, fields: map[string]string{}}
	raw := map[string]string{}
	for i, c := range l.Columns {
		if c.Meaning != "" && i < len(cells) {
			raw[c.Meaning] = plain(cells[i])
		}
	}
	r.Reference = raw["reference"]
	if len(r.Reference) > 200 {
		r.problem("reference", "error_list_reference")
	}
	for _, name := range []string{"description", "place", "postal", "quantity", "available", "minimum"} {
		if value, ok := raw[name]; ok {
			r.fields[name] = value
		}
	}
	r.fields["title"] = clean(raw["title"])
	if v := clean(raw["variant"]); v != "" && v != r.fields["title"] {
		r.fields["title"] += " – " + v
	}
	r.kind(raw)
	r.category(raw)
	r.ways(raw)
	r.price(raw)
	r.days(raw)
	if has := l.has("number") || l.has("packs"); has {
		r.pack(raw["number"], raw["unit"], raw["packs"])
		if r.fields["category"] == "" { // that network is of food
			r.fields["category"] = "alimentation"
		}
	} else {
		r.unit(raw)
	}
	return r
}

func (l *List) has(meaning string) bool {
	return slices.ContainsFunc(l.Columns, func(c Column) bool { return c.Meaning == meaning })
}

// plain takes away what a spreadsheet puts before text that looks like a
// formula.
func plain(cell string) string {
	cell = strings.TrimSpace(cell)
	if len(cell) > 1 && cell[0] == '\'' && strings.ContainsRune("=+-@", rune(cell[1])) {
		return cell[1:]
	}
	return cell
}

func (r *Row) kind(raw map[string]string) {
	switch value := folded(raw["kind"]); value {
	case "":
		r.fields["kind"] = federation.PurposeOffer
	case "offre", "offer", "vente", "propose":
		r.fields["kind"] = federation.PurposeOffer
	case "besoin", "need", "demande", "request", "recherche", "cherche":
		r.fields["kind"] = federation.PurposeRequest
	default:
		r.problem("purpose", "error_list_kind", "Value", raw["kind"])
	}
}
