// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
)

// A fact is a line of what is known: a label and what it says, which may lead
// somewhere.
type fact struct {
	Label, Text, URL string
	Icon             string
	Time             string // RFC 3339, where it is a moment
	Class            string // of a microformat
}

// factsOf lists what the fields of an object say.
func (v *visit) factsOf(o *federation.Object) []fact {
	var all []fact
	add := func(label, text string) {
		if text != "" {
			f := fact{Label: v.words.T(label), Text: text, Icon: factIcons[label]}
			switch label {
			case "page_when":
				f.Time = stamp(o.Start)
			case "page_where":
				f.Class = "p-location"
			case "page_price":
				f.Class = "p-price"
			}
			all = append(all, f)
		}
	}
	switch federation.IndexOf(o).Kind {
	case "offer", "need":
		v.proposalFacts(o, add)
	case "event":
		v.eventFacts(o, add)
	}
	add("page_where", address(o.Location))
	if o.Location != nil && o.Location.Type == "VirtualLocation" {
		if iri, err := federation.ParseIRI(o.Location.URL); err == nil {
			all = append(all, fact{Label: v.words.T("page_online"), Text: iri.Host(), URL: o.Location.URL, Icon: factIcons["page_online"]})
		}
	}
	return all
}

func (v *visit) proposalFacts(o *federation.Object, add func(label, text string)) {
	p, _ := federation.ProposalOf(o)
	var modes []string
	for _, m := range p.Modes {
		modes = append(modes, v.words.Word("mode", m))
	}
	add("page_price", v.pricePer(o, p))
	v.withheldFacts(o, p, add)
	add("page_origin", outbox.OriginWords(v.words, o, p))
	add("page_modes", strings.Join(modes, ", "))
	add("page_contact_of", p.Contact)
	for _, q := range []struct {
		label string
		q     *federation.Quantity
	}{{"page_quantity", p.Primary.Quantity}, {"page_available_" + p.Purpose, p.Primary.Available}, {"page_minimum", p.Primary.Minimum}} {
		if q.q != nil && !(q.q.Unit == "one" && q.q.Value == "1") {
			add(q.label, v.words.Quantity(q.q.Value, q.q.Unit))
		}
	}
	if p.Category != "" {
		add("page_category", v.words.Word("sector", p.Category))
	}
	if p.Every != "" && len(p.Dates) > 0 {
		add("page_rhythm", outbox.RhythmWords(v.words, p.Every, p.Dates[0].In(v.zone())))
		add("page_standing_notice", v.standingNotice(p))
	} else if n := len(p.Dates); n > 0 {
		first, last := v.words.Date(p.Dates[0].In(v.zone())), v.words.Date(p.Dates[n-1].In(v.zone()))
		add("page_season", v.words.T("post_season", "Count", n, "From", first, "Until", last))
	}
	if !o.Start.IsZero() {
		add("page_valid_from", v.words.Date(o.Start.In(v.zone())))
	}
	if !o.End.IsZero() {
		add("page_valid_until", v.words.Date(o.End.In(v.zone())))
	}
}

// withheldFacts says that there is more than the visitor may see, and for whom:
// of the price and the place, since one looks for them. Whoever sees what others
// do not is told so.
func (v *visit) withheldFacts(o *federation.Object, p federation.Proposal, add func(label, text string)) {
	r := federation.ReadersOf(o)
	if group := r.Of(federation.DetailPrice); group != federation.ReadersPublic && p.Reciprocal == nil && o.Partial {
		add("page_price", capitalised(v.words.T("page_readers_"+group)))
	}
	if group := r.Of(federation.DetailPlace); group != federation.ReadersPublic && o.Partial && (o.Location == nil || o.Location.Street == "" && o.Location.Name == o.Location.City) {
		add("page_exact_place", capitalised(v.words.T("page_readers_"+group)))
	}
}

func capitalised(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

func (v *visit) eventFacts(o *federation.Object, add func(label, text string)) {
	e := federation.EventOf(o)
	add("page_when", v.when(o, e))
	if e.Timezone != "" && e.Timezone != v.zone().String() {
		add("page_timezone", e.Timezone)
	}
	if !e.PreviousStart.IsZero() {
		add("page_previously", v.words.DateTime(inZone(e.PreviousStart, e.Timezone)))
	}
	add("page_price", outbox.SourceOf(o).Price)
	if e.Category != "" && e.Category != "MEETING" {
		add("page_category", v.words.Word("category", e.Category))
	}
	if e.JoinMode != "" {
		add("page_join", v.words.Word("join", e.JoinMode))
	}
	if e.Capacity > 0 {
		add("page_capacity", strconv.Itoa(e.Capacity))
	}
	if e.Online {
		add("page_online", v.words.T("post_online"))
	}
}

func (v *visit) tags(o *federation.Object) []fact {
	var all []fact
	for _, t := range o.Tags {
		if t.Type == "Hashtag" && federation.Hashtag(t.Name) != "" && len(all) < 50 {
			all = append(all, fact{Text: "#" + strings.TrimPrefix(t.Name, "#"), URL: "/tags/" + url.PathEscape(federation.Hashtag(t.Name))})
		}
	}
	return all
}

// links lists what hangs on an object and is not shown: links, and the
// pictures of peers by what they show.
func (v *visit) links(o *federation.Object) []fact {
	var all []fact
	seen := map[string]bool{}
	list := o.Attachments
	if o.Image != nil {
		list = append([]federation.Media{*o.Image}, list...)
	}
	for i := range list {
		m := &list[i]
		iri, err := federation.ParseIRI(m.URL)
		if err != nil || seen[m.URL] || len(all) == 20 || v.pictureOf(m) != nil {
			continue
		}
		seen[m.URL] = true
		label := v.words.T("page_attachment_link")
		if m.Type != "Link" {
			label = v.words.T("page_attachment_file")
		}
		if m.Type == "Image" || strings.HasPrefix(m.MediaType, "image/") {
			label = v.words.T("page_attachment_image")
		}
		text := m.Name
		if text == "" || text == "Website" {
			text = iri.Host()
		}
		all = append(all, fact{Label: label, Text: cut(text, 300), URL: m.URL})
	}
	return all
}
