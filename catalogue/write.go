// SPDX-License-Identifier: AGPL-3.0-or-later

package catalogue

import (
	"encoding/json"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
)

// An Entry is an offer or a need of ours, to be written.
type Entry struct {
	Reference string // empty: its id
	ID        federation.IRI
	Form      outbox.OfferForm
}

func (e Entry) reference() string {
	if e.Reference != "" {
		return e.Reference
	}
	return string(e.ID)
}

// Table writes offers and needs as rows that Read reads again, the first of
// them what the columns are called.
func Table(p *locale.Printer, entries []Entry) [][]string {
	head := make([]string, len(Fields))
	for i, name := range Fields {
		head[i] = p.T("list_" + name)
	}
	rows := [][]string{head}
	for _, e := range entries {
		f := e.Form
		var modes []string
		for _, m := range f.Modes {
			modes = append(modes, p.Word("mode", m))
		}
		kind := "offer"
		if f.Purpose == federation.PurposeRequest {
			kind = "need"
		}
		unit := f.Unit
		if unit == "one" {
			unit = ""
		}
		cells := map[string]string{
			"reference": e.reference(), "kind": p.T("list_kind_" + kind), "title": f.Title, "description": f.Description, "modes": strings.Join(modes, ", "),
			"quantity": f.Quantity, "unit": unit, "pack": f.UnitName, "available": f.Available, "minimum": f.Minimum,
			"price": f.Price, "currency": f.Currency, "from": f.From, "until": f.Until, "tags": f.Hashtags, "place": f.Place.City, "postal": f.Place.Postal,
			"intermediaries": f.Intermediaries, "origin": f.Produced,
		}
		if f.Category != "" {
			cells["category"] = p.Word("sector", f.Category)
		}
		row := make([]string, len(Fields))
		for i, name := range Fields {
			row[i] = cells[name]
		}
		rows = append(rows, row)
	}
	return rows
}

// Rejects writes the rows of a list that have problems as they were, with the
// reason in a last column.
func Rejects(p *locale.Printer, l *List, rows []*Row) [][]string {
	table := [][]string{append(append([]string{}, l.Header...), p.T("list_reason"))}
	for _, r := range rows {
		cells := make([]string, len(l.Header)+1)
		copy(cells, r.Cells[:min(len(r.Cells), len(l.Header))])
		cells[len(l.Header)] = Reasons(p, r.Problems)
		table = append(table, cells)
	}
	return table
}

// Reasons says what is wrong with a row, each thing once.
func Reasons(p *locale.Printer, problems outbox.Problems) string {
	var all []string
	seen := map[string]bool{}
	for _, one := range problems {
		if text := one.Text(p); !seen[text] {
			seen[text] = true
			all = append(all, text)
		}
	}
	return strings.Join(all, " ")
}

// dfcUnits are our units in the words of the Data Food Consortium.
var dfcUnits = map[string]string{
	"one": "Piece", "kilogram": "Kilogram", "gram": "Gram", "litre": "Litre", "metre": "Metre", "kilometre": "Kilometre",
}

// DFC writes offers as a catalogue of the Data Food Consortium. What has no
// place in one (needs, services, other money than euros) is left out.
func DFC(entries []Entry) ([]byte, error) {
	var things []map[string]any
	for _, e := range entries {
		f := e.Form
		unit, ok := dfcUnits[f.Unit]
		if f.Unit == "" {
			unit, ok = "Piece", true
		}
		if f.Purpose != federation.PurposeOffer || f.Action == "service" || !ok {
			continue
		}
		id := string(e.ID)
		item := map[string]any{"@id": id + "#item", "@type": "dfc-b:CatalogItem", "dfc-b:sku": e.reference(), "dfc-b:offeredThrough": map[string]any{"@id": id + "#offer"}}
		if f.Available != "" {
			item["dfc-b:stockLimitation"] = packs(f.Available, f.Quantity)
		}
		offer := map[string]any{"@id": id + "#offer", "@type": "dfc-b:Offer"}
		if f.Price != "" && f.Per == "unit" && (f.Currency == "" || f.Currency == "EUR") {
			offer["dfc-b:hasPrice"] = map[string]any{"@type": "dfc-b:Price", "dfc-b:value": f.Price, "dfc-b:hasUnit": map[string]any{"@id": "dfc-m:Euro"}}
		}
		if f.Intermediaries != "" {
			offer[federation.Namespace+"intermediaries"] = f.Intermediaries
		}
		if f.Produced != "" {
			item[federation.Namespace+"producedAt"] = map[string]any{"https://www.w3.org/ns/activitystreams#name": f.Produced}
		}
		things = append(things, map[string]any{
			"@id": id, "@type": "dfc-b:SuppliedProduct", "dfc-b:name": f.Title, "dfc-b:description": f.Description,
			"dfc-b:hasQuantity":  map[string]any{"@type": "dfc-b:QuantitativeValue", "dfc-b:value": f.Quantity, "dfc-b:hasUnit": map[string]any{"@id": "dfc-m:" + unit}},
			"dfc-b:referencedBy": map[string]any{"@id": id + "#item"},
		}, item, offer)
	}
	return json.MarshalIndent(map[string]any{"@context": "https://www.datafoodconsortium.org", "@graph": things}, "", "\t")
}
