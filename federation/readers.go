// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// The author of an offer or a need may keep details of it from the public. What
// is stored, indexed, listed and delivered as the object is then only what
// everybody may read ([Everyones]); the rest lies beside it, and is laid over
// it for one reader at a time (store.Tx.SeenBy, which alone says who may see
// what). So nothing that lists or shows objects can tell of it by accident.
//
// Which details those are is said in the property readers, so that everybody
// knows that there is more, and peers keep it as well as we do.

// The details of a proposal that may be kept from the public.
const (
	DetailPrice     = "price"
	DetailBreakdown = "breakdown" // what the price is made of
	DetailQuantity  = "quantity"  // how much is left
	DetailPlace     = "place"     // more of where it is than the town
	DetailContact   = "contact"
	DetailHistory   = "history" // of the price
)

// Parts lists them, in the order of forms.
var Details = []string{DetailPrice, DetailBreakdown, DetailHistory, DetailQuantity, DetailPlace, DetailContact}

// Who may see a detail.
const (
	ReadersPublic  = "public"
	ReadersNetwork = "network" // members of the author's server, and of those that follow the author or that the author follows
	ReadersParties = "parties" // who has an exchange about it
)

// ReaderGroups lists them, the widest first.
var ReaderGroups = []string{ReadersPublic, ReadersNetwork, ReadersParties}

// Readers says who may see which detail of a proposal. A detail that it does not
// name is public.
type Readers map[string]string

// ReadersOf reads who may see which detail of o.
func ReadersOf(o *Object) Readers {
	raw, ok := o.Extra["readers"]
	if !ok || !isProposal(o) {
		return nil
	}
	var said map[string]string
	if read(raw, &said); len(said) == 0 {
		return nil
	}
	r := Readers{}
	for detail, group := range said {
		switch {
		case !slices.Contains(Details, detail) || group == ReadersPublic:
		case group == ReadersNetwork:
			r[detail] = group
		default: // what we do not know is for fewer rather than for more
			r[detail] = ReadersParties
		}
	}
	return r
}

// Put writes r into o.
func (r Readers) Put(o *Object) {
	said := map[string]string{}
	for detail, group := range r {
		if group != "" && group != ReadersPublic {
			said[detail] = group
		}
	}
	if len(said) == 0 {
		delete(o.Extra, "readers")
		return
	}
	o.put("readers", said)
}

// implied lists the details that tell of another: what a price is made of adds up
// to it.
var implied = map[string][]string{
	DetailBreakdown: {DetailPrice},
	DetailHistory:   {DetailPrice, DetailBreakdown},
}

// Of returns who may see a detail. Who may not see the price sees none of what it
// is made of either.
func (r Readers) Of(detail string) string {
	narrowest := 0
	for _, p := range append(implied[detail], detail) {
		narrowest = max(narrowest, slices.Index(ReaderGroups, r[p]))
	}
	return ReaderGroups[narrowest]
}

// Narrower returns who may see what both groups may see; neither may be
// unknown.
func Narrower(group, other string) string {
	return ReaderGroups[max(slices.Index(ReaderGroups, group), slices.Index(ReaderGroups, other), 0)]
}

// Withholds reports whether some detail of o is not for everybody.
func Withholds(o *Object) bool { return len(ReadersOf(o)) > 0 }

// Everyones returns o as everybody may read it: itself, if that is all of it.
// Its document says so (excerpt), so that it is not cut short twice.
func Everyones(o *Object) *Object {
	var excerpt bool
	if read(o.Extra["excerpt"], &excerpt); excerpt || !Withholds(o) {
		return o
	}
	r := ReadersOf(o)
	shown := Without(o, func(detail string) bool { return r.Of(detail) != ReadersPublic })
	shown.put("excerpt", true)
	return shown
}

// Without returns a copy of o without the details that are hidden: the one place
// that takes them away.
func Without(o *Object, hidden func(detail string) bool) *Object {
	shown := *o
	shown.Extra, shown.Raw, shown.Partial = bareNames(o.Extra), nil, true
	delete(shown.Extra, "excerpt")
	p, _ := ProposalOf(o)
	if hidden(DetailPrice) {
		p.Reciprocal, p.Payment = nil, "" // a page to pay at says how much
	}
	if hidden(DetailBreakdown) {
		p.Breakdown = nil
	}
	if hidden(DetailQuantity) {
		if a := p.Primary.Available; a != nil && !a.Value.Zero() { // that nothing is left is for everybody to know
			p.Primary.Available = nil
		}
		withoutSource(&shown, "available")
	}
	if hidden(DetailContact) {
		p.Contact = ""
	}
	if hidden(DetailPlace) {
		shown.Location = townOf(o.Location)
	}
	p.Put(&shown)
	return &shown
}

// bareNames returns the properties under one name each: what stood behind the
// prefix of ValueFlows would otherwise remain when its bare name is taken away.
func bareNames(extra map[string]json.RawMessage) map[string]json.RawMessage {
	m := make(map[string]json.RawMessage, len(extra))
	for name, raw := range extra {
		if bare, ok := strings.CutPrefix(name, "vf:"); !ok {
			m[name] = raw
		} else if _, known := extra[bare]; !known {
			m[bare] = raw
		}
	}
	return m
}

// withoutSource takes a member out of what the author typed.
func withoutSource(o *Object, name string) {
	m := maps.Clone(members(o.Extra["source"]))
	if _, ok := m[name]; !ok {
		return
	}
	delete(m, name)
	o.put("source", m)
}

// townOf is what everybody may know of a place that is kept from them: its
// town, and the middle of that if we know it.
func townOf(p *Place) *Place {
	if p == nil || p.Type == "VirtualLocation" || p.City == "" {
		return nil
	}
	return &Place{Type: "Place", Name: p.City, City: p.City, Region: p.Region, Country: p.Country, Point: p.Town}
}
