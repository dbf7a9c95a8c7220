// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"net/url"
	"strconv"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/gazetteer"
	"codeberg.org/maillage/maillage/outbox"
)

// sameReaders is the choice of who wants for a detail what they want for all.
const sameReaders = "same"

// openForm reads where something comes from, whom to ask, and who may see which
// of it.
func openForm(f *form) outbox.OpenForm {
	o := outbox.OpenForm{Contact: f.Value("contact"), Intermediaries: f.Value("intermediaries"), Readers: federation.Readers{}}
	o.Produced, o.ProducedAt = f.produced()
	all := f.Value("readers")
	for _, detail := range federation.Details {
		group := f.Value("readers." + detail)
		if group == "" || group == sameReaders {
			group = all
		}
		if group != "" && group != federation.ReadersPublic {
			o.Readers[detail] = group
		}
	}
	return o
}

// produced reads the commune where something is made. What the gazetteer does
// not know is a name without a place; what several are called is asked.
func (f *form) produced() (string, *federation.Point) {
	name := strings.TrimSpace(f.Value("produced"))
	if name == "" {
		return "", nil
	}
	if known, ok := gazetteer.ByCode(f.Value("produced.code")); ok && gazetteer.Same(known.Name, name) {
		return known.Name, &known.Point
	}
	all := gazetteer.Named(name, 40)
	switch len(all) {
	case 0:
		return name, nil
	case 1:
		return all[0].Name, &all[0].Point
	}
	if f.origins == nil {
		for _, p := range all[:min(len(all), 12)] {
			f.origins = append(f.origins, option{Value: p.Code, Label: placeLabel(p)})
		}
		f.wrongOnce("produced", "error_produced_many", "Place", all[0].Name)
	}
	return name, nil
}

// Origins are the communes that the name typed for where something is made may
// mean, if that has to be asked.
func (f *form) Origins() []option { return f.origins }

// openValues is the inverse of openForm.
func openValues(values url.Values, o outbox.OpenForm) {
	values.Set("contact", o.Contact)
	values.Set("intermediaries", o.Intermediaries)
	values.Set("produced", o.Produced)
	if o.ProducedAt != nil {
		for _, p := range gazetteer.Named(o.Produced, 40) {
			if p.Point.Kilometres(*o.ProducedAt) < 1 {
				values.Set("produced.code", p.Code)
			}
		}
	}
	all := o.Readers[federation.Details[0]]
	for _, detail := range federation.Details {
		if o.Readers[detail] != all {
			all = ""
		}
	}
	values.Set("readers", all)
	for _, detail := range federation.Details {
		if group := o.Readers[detail]; group != all {
			values.Set("readers."+detail, group)
		}
	}
}

// A readerRow is the choice of who may see one detail.
type readerRow struct {
	Detail  string
	Options []option
}

// openVocabularies lists what can be chosen.
func (v *visit) openVocabularies(d *composeData) {
	d.Hands = []option{{Label: v.words.T("form_intermediaries_none")}, {Value: "0", Label: v.words.T("form_intermediaries_zero")}}
	for n := 1; n <= federation.MaxIntermediaries; n++ {
		d.Hands = append(d.Hands, option{Value: strconv.Itoa(n), Label: v.words.T("post_intermediaries", n)})
	}
	d.Readers = options(v.words, "form_readers_", federation.ReaderGroups)
	each := append([]option{{Value: sameReaders, Label: v.words.T("form_readers_same")}}, d.Readers...)
	for _, detail := range federation.Details {
		d.EachReader = append(d.EachReader, readerRow{detail, each})
	}
}

// ReadersEach reports whether somebody chose detail by detail.
func (d *composeData) ReadersEach() bool {
	for _, detail := range federation.Details {
		if group := d.Form.Value("readers." + detail); group != "" && group != sameReaders {
			return true
		}
	}
	return false
}

// saidReaders says in a few words who sees what.
func saidReaders(d *composeData) string {
	if d.ReadersEach() {
		return d.Form.T("form_readers_each")
	}
	if group := d.Form.Value("readers"); group != federation.ReadersPublic {
		return chosen(d.Readers, group)
	}
	return ""
}

// hiddenLines says what of o is not for everybody, and for whom it is: only of
// what there is.
func (v *visit) hiddenLines(o *federation.Object) (all []string) {
	r := federation.ReadersOf(o)
	p, _ := federation.ProposalOf(o)
	for _, detail := range federation.Details {
		group := r.Of(detail)
		if group == federation.ReadersPublic || !holds(o, p, detail) {
			continue
		}
		all = append(all, v.words.T("page_readers_line_"+group, "What", v.words.T("page_readers_word_"+detail)))
	}
	return all
}

// holds reports whether there is something to a detail.
func holds(o *federation.Object, p federation.Proposal, detail string) bool {
	switch detail {
	case federation.DetailPrice, federation.DetailHistory:
		return p.Reciprocal != nil
	case federation.DetailBreakdown:
		return len(p.Breakdown) > 0
	case federation.DetailQuantity:
		return p.Primary.Available != nil
	case federation.DetailPlace:
		return o.Location != nil && (o.Location.Street != "" || o.Location.Name != o.Location.City || o.Location.Point != nil)
	}
	return p.Contact != ""
}
