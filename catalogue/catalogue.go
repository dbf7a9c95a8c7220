// SPDX-License-Identifier: AGPL-3.0-or-later

// Package catalogue reads lists of offers that people keep elsewhere, and
// writes ours for them: tables (CSV) as spreadsheets and Open Food Network
// have them, and catalogues of the Data Food Consortium (JSON-LD).
//
// Nothing is refused as a whole that can be read at all. A list becomes rows;
// each is what would be typed into the form of an offer ([Row.Fill]), and what
// could not be understood is said of the row, so that whoever brought the list
// can mend that line. What makes a good offer is decided where it always is,
// by outbox.OfferForm.
//
// Prices and amounts stay decimal numbers. What is sold in packs (five packs of
// 400 g, 3.99 € each) becomes an offer of that much at a time: 3.99 € for 400 g,
// 2000 g left.
package catalogue

import (
	"bytes"
	"slices"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
)

// Bounds of a list.
const (
	MaxBytes = 2 << 20
	MaxRows  = 1000
)

// Kinds of lists.
const (
	KindTable = "table"
	KindDFC   = "dfc"
)

// A List is what was read.
type List struct {
	Kind    string
	Header  []string // of the table, as it is written
	Columns []Column
	Rows    []*Row
	More    int // rows that are too many
}

// A Column is what a column of a table was taken for.
type Column struct {
	Name    string
	Meaning string // one of the Fields; empty: it is not read
}

// A Row is one offer or need of a list.
type Row struct {
	Line      int // in the file; in a catalogue, which product it is
	Reference string
	Cells     []string // of a table, as they are written
	Problems  outbox.Problems
	Remarks   outbox.Problems // what was left out, which does not matter as much

	fields map[string]string // by Fields: what would be typed
	modes  []string
}

// Fields are what a list may say of an offer, in the order of our own lists.
var Fields = []string{
	"reference", "kind", "title", "description", "category", "modes", "quantity", "unit", "pack", "available", "minimum",
	"price", "currency", "from", "until", "tags", "place", "postal", "intermediaries", "origin",
}

// Read reads a list of either kind. What is none is a federation.FieldError of
// the file.
func Read(body []byte) (*List, error) {
	if len(body) > MaxBytes {
		return nil, wrong("error_list_large")
	}
	if start := bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff"))); len(start) > 0 && (start[0] == '{' || start[0] == '[') {
		return readDFC(start)
	}
	return readTable(body)
}

func wrong(reason string) error {
	return &federation.FieldError{Field: "file", Reason: reason}
}

// Title is what the offer is called.
func (r *Row) Title() string { return r.fields["title"] }

// Fill types what a row says into a form; what it says nothing of stays.
func (r *Row) Fill(f *outbox.OfferForm) {
	for name, to := range map[string]*string{
		"title": &f.Title, "description": &f.Description, "category": &f.Category, "quantity": &f.Quantity, "unit": &f.Unit,
		"pack": &f.UnitName, "available": &f.Available, "minimum": &f.Minimum, "price": &f.Price, "currency": &f.Currency,
		"from": &f.From, "until": &f.Until, "kind": &f.Purpose,
		"intermediaries": &f.Intermediaries,
	} {
		if value, ok := r.fields[name]; ok {
			*to = value
		}
	}
	if _, ok := r.fields["price"]; ok {
		f.Per = "open"
		if f.Price != "" {
			f.Per = "unit"
		}
		f.Parts = nil // they would not make up another price
	}
	if len(r.modes) > 0 {
		f.Modes = slices.Clone(r.modes)
	}
	if origin, ok := r.fields["origin"]; ok && origin != f.Produced {
		f.Produced, f.ProducedAt = origin, nil
	}
	if tags, ok := r.fields["tags"]; ok {
		f.Hashtags = tags
	}
	if city := r.fields["place"]; city != "" && city != f.Place.City {
		f.Place = outbox.PlaceForm{City: city, Postal: r.fields["postal"], Country: "France"}
	}
}

func (r *Row) problem(field, reason string, args ...any) {
	r.Problems = append(r.Problems, outbox.Problem{Field: field, Reason: reason, Args: args})
}

func (r *Row) remark(reason string, args ...any) {
	r.Remarks = append(r.Remarks, outbox.Problem{Reason: reason, Args: args})
}

// repeated finds references that stand twice: the second would change what the
// first published.
func (l *List) repeated() {
	lines := map[string]int{}
	for _, r := range l.Rows {
		if r.Reference == "" {
			continue
		}
		if first := lines[r.Reference]; first > 0 {
			r.problem("reference", "error_list_twice", "Reference", r.Reference, "Line", first)
			continue
		}
		lines[r.Reference] = r.Line
	}
}

// clean puts a cell into one line.
func clean(s string) string { return strings.Join(strings.Fields(s), " ") }
