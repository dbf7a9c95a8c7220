// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"slices"
	"strconv"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
)

// How open the terms of an exchange are: where something comes from, by how many
// hands, whom to ask, and who may see which of it.

// maxContact is how long a contact may be, in characters.
const maxContact = 200

// An OpenForm is what the author of an offer or a need says of that, as typed.
type OpenForm struct {
	Contact        string
	Intermediaries string             // a number; empty: not said
	Produced       string             // the commune it is made in
	ProducedAt     *federation.Point  // the middle of that; nil if it is not known
	Readers        federation.Readers // who may see which detail
}

// put reads the form into a proposal and its object.
func (f OpenForm) put(p *federation.Proposal, ps *Problems) {
	p.Contact = inLine(printable(f.Contact))
	if len([]rune(p.Contact)) > maxContact {
		ps.add("contact", "error_text_long", "Max", maxContact)
	}
	if typed := strings.TrimSpace(f.Intermediaries); typed != "" {
		n, err := strconv.Atoi(typed)
		if err != nil || n < 0 || n > federation.MaxIntermediaries {
			ps.add("intermediaries", "error_intermediaries", "Most", federation.MaxIntermediaries)
		}
		p.Intermediaries = &n
	}
	if name := cleanTitle(f.Produced); name != "" {
		p.Produced = &federation.Place{Type: "Place", Name: name, Point: f.ProducedAt}
	}
	for detail, group := range f.Readers {
		if !slices.Contains(federation.Details, detail) || !slices.Contains(federation.ReaderGroups, group) {
			ps.add("readers", "error_readers")
		}
	}
}

// readers says in o who may see which detail of it, and what everybody may know
// of a place that is not for all.
func (f OpenForm) readers(o *federation.Object, town *federation.Point) {
	f.Readers.Put(o)
	if o.Location != nil && f.Readers.Of(federation.DetailPlace) != federation.ReadersPublic {
		o.Location.Town = town
	}
}

// openFormOf is the inverse.
func openFormOf(o *federation.Object, p federation.Proposal) OpenForm {
	f := OpenForm{Contact: p.Contact, Readers: federation.ReadersOf(o)}
	if p.Intermediaries != nil {
		f.Intermediaries = strconv.Itoa(*p.Intermediaries)
	}
	if p.Produced != nil {
		f.Produced, f.ProducedAt = p.Produced.Name, p.Produced.Point
	}
	return f
}

// OriginWords says by how many hands something comes and how far, as facts:
// nothing that is not known.
func OriginWords(words *locale.Printer, o *federation.Object, p federation.Proposal) string {
	var all []string
	if p.Intermediaries != nil {
		all = append(all, IntermediaryWords(words, *p.Intermediaries))
	}
	if p.Produced != nil {
		all = append(all, ProducedWords(words, o, p))
	}
	return capital(strings.Join(all, ", "))
}

// IntermediaryWords says how many stand between who makes something and who uses
// it.
func IntermediaryWords(words *locale.Printer, n int) string {
	if n == 0 {
		return words.T("post_direct")
	}
	return words.T("post_intermediaries", n)
}

// ProducedWords says where something is made, and how far that is from where it
// is handed over.
func ProducedWords(words *locale.Printer, o *federation.Object, p federation.Proposal) string {
	km, ok := p.ProducedKm(o)
	if !ok {
		return words.T("post_produced", "Place", p.Produced.Name)
	}
	to := o.Location.City
	if to == "" {
		to = o.Location.Name
	}
	if to == "" || strings.EqualFold(to, p.Produced.Name) {
		return words.T("post_produced", "Place", p.Produced.Name)
	}
	return words.T("post_produced_far", "Place", p.Produced.Name, "Far", words.Km(km), "To", to)
}
