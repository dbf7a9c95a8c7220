// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"

	"codeberg.org/maillage/maillage/federation"
)

// objectFields are the properties that have a field in [federation.Object].
var objectFields = set("@context", "id", "type", "actor", "attributedTo", "name", "nameMap", "summary", "summaryMap",
	"content", "contentMap", "mediaType", "inLanguage", "url", "inReplyTo", "context", "audience", "to", "cc", "bto", "bcc",
	"published", "updated", "startTime", "endTime", "location", "image", "attachment", "tag", "sensitive",
	"formerType", "deleted", "signature")

// DecodeObject reads an object. An activity or an actor is none:
// [federation.ErrUnsupported]. The object keeps doc; the caller must not change
// it. An object that is only about to be published has no id yet.
func DecodeObject(doc []byte) (o *federation.Object, err error) {
	defer recovered(&err)
	n, _, err := read(doc, false)
	if err != nil {
		return nil, err
	}
	if c := classes[typeOf(n.tree)]; c == isActor || c == isLink || n.isActivity() {
		return nil, unsupported("%s is no object", typeOf(n.tree))
	}
	return n.object()
}

func (n *node) object() (*federation.Object, error) {
	m := n.tree
	id, err := ownID(m)
	if err != nil {
		return nil, err
	}
	o := &federation.Object{
		ID: id, Type: typeOf(m), AttributedTo: idOf(m["attributedTo"]),
		Name:      oneLine(cut(localised(m, "name"), maxName)),
		Summary:   SanitizeHTML(cut(localised(m, "summary"), maxSummary)),
		Content:   content(m),
		Language:  language(m),
		URL:       link(m["url"], "text/html"),
		InReplyTo: idOf(m["inReplyTo"]),
		Context:   conversation(m["context"]),
		Audience:  idOf(m["audience"]),
		To:        idsOf(m["to"], maxList), Cc: idsOf(m["cc"], maxList),
		Bto:       hidden(m),
		Published: moment(m["published"]), Updated: moment(m["updated"]),
		Location:   place(m["location"]),
		Sensitive:  truth(m["sensitive"]),
		FormerType: CleanText(cut(text(m["formerType"]), 100)),
		Deleted:    moment(m["deleted"]),
		Extra:      n.extra(objectFields),
		Raw:        n.raw,
	}
	if o.AttributedTo == "" { // Hubzilla's events
		o.AttributedTo = idOf(m["actor"])
	}
	o.Start, o.End = times(m)
	o.Image = picture(m["image"])
	o.Attachments = attachments(m["attachment"])
	if l := elsewhere(m["location"], o.Location); l != nil && !slices.ContainsFunc(o.Attachments, func(a federation.Media) bool { return a.URL == l.URL }) {
		o.Attachments = append(o.Attachments, *l)
	}
	o.Tags = tags(m["tag"])
	return o, nil
}

// hidden returns the addressees that are not shown to others.
func hidden(m map[string]any) []federation.IRI {
	return idsOf(append(slices.Clone(list(m["bto"])), list(m["bcc"])...), maxList)
}

// content returns the text of an object as safe HTML.
func content(m map[string]any) string {
	s := cut(localised(m, "content"), maxContent)
	switch text(m["mediaType"]) {
	case "text/plain", "text/markdown": // PeerTube
		s = paragraphs(s)
	}
	return SanitizeHTML(s)
}

// paragraphs makes HTML of plain text.
func paragraphs(s string) string {
	s = html.EscapeString(strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")))
	if s == "" {
		return ""
	}
	s = strings.ReplaceAll(s, "\n\n", "</p><p>")
	return "<p>" + strings.ReplaceAll(s, "\n", "<br>") + "</p>"
}

// localised returns a natural language property: itself, or the first entry of
// its language map.
func localised(m map[string]any, name string) string {
	if s := text(m[name]); s != "" {
		return s
	}
	byLanguage, _ := m[name+"Map"].(map[string]any)
	for _, l := range slices.Sorted(maps.Keys(byLanguage)) {
		if s := text(byLanguage[l]); s != "" {
			return s
		}
	}
	return ""
}

// tongue is the form of a BCP 47 tag, as far as we care.
var tongue = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$`)

// language returns the language of an object: of the text in its language maps
// that equals the plain one, or else of the first.
func language(m map[string]any) string {
	for _, name := range []string{"content", "name", "summary"} {
		byLanguage, _ := m[name+"Map"].(map[string]any)
		plain, first := text(m[name]), ""
		for _, l := range slices.Sorted(maps.Keys(byLanguage)) {
			if !tongue.MatchString(l) || l == "und" {
				continue
			}
			if text(byLanguage[l]) == plain {
				return l
			}
			if first == "" {
				first = l
			}
		}
		if first != "" {
			return first
		}
	}
	if l := text(m["inLanguage"]); tongue.MatchString(l) {
		return l
	}
	return ""
}

// conversation returns the id of a conversation: any string.
func conversation(v any) string {
	if m := embedded(v); m != nil {
		v = m["id"]
	}
	return oneLine(cut(text(v), federation.MaxIRI))
}

// place returns the first place in v that can be shown.
func place(v any) *federation.Place {
	for _, e := range list(v) {
		switch e := e.(type) {
		case string:
			if webURL(e) == "" && e != "" {
				return &federation.Place{Type: "Place", Name: oneLine(cut(e, maxName))}
			}
		case map[string]any:
			if p := placeOf(e); p != nil {
				return p
			}
		}
	}
	return nil
}

// elsewhere returns the address of an event that is at a place, but that one can
// also come to by a screen; nil if it is not so.
func elsewhere(v any, at *federation.Place) *federation.Media {
	if at == nil || at.Type == "VirtualLocation" {
		return nil
	}
	for _, e := range list(v) {
		m, ok := e.(map[string]any)
		if !ok {
			continue
		}
		if p := placeOf(m); p != nil && p.URL != "" {
			return &federation.Media{Type: "Link", MediaType: "text/html", Name: p.Name, URL: p.URL}
		}
	}
	return nil
}

func placeOf(m map[string]any) *federation.Place {
	word := func(v any) string { return oneLine(cut(text(v), maxName)) }
	p := &federation.Place{Type: "Place", Name: word(m["name"])}
	if p.Name == "" { // Hubzilla
		p.Name = oneLine(Text(cut(text(m["content"]), maxName)))
	}
	online := m
	if a := embedded(m["address"]); typeOf(a) == "VirtualLocation" { // Gancio
		online = a
	}
	if typeOf(online) == "VirtualLocation" {
		p.Type, p.URL = "VirtualLocation", link(online["url"], "text/html")
		if p.Name == "" && p.URL == "" {
			return nil
		}
		return p
	}
	if a := embedded(m["address"]); a != nil {
		p.Street, p.Postal, p.City = word(a["streetAddress"]), word(a["postalCode"]), word(a["addressLocality"])
		p.Region, p.Country = word(a["addressRegion"]), word(a["addressCountry"])
	} else {
		p.Street = word(m["address"])
	}
	p.Point = point(m)
	if *p == (federation.Place{Type: "Place"}) {
		return nil
	}
	return p
}

// point returns the coordinates of a place, numbers or numeric strings.
func point(m map[string]any) *federation.Point {
	lat, ok := number(m["latitude"])
	lon, ok2 := number(m["longitude"])
	p := federation.Point{Latitude: lat, Longitude: lon}
	if !ok || !ok2 || !p.Valid() {
		return nil
	}
	return &p
}

// picture returns the first picture in v: an object or an address.
func picture(v any) *federation.Media {
	for _, e := range list(v) {
		if p, ok := media(e); ok {
			if p.Type == "Link" {
				p.Type = "Image"
			}
			return &p
		}
	}
	return nil
}

func attachments(v any) (all []federation.Media) {
	for _, e := range list(v) {
		if p, ok := media(e); ok && len(all) < maxAttachments {
			all = append(all, p)
		}
	}
	return all
}

// media reads a file or a link beside an object.
func media(v any) (federation.Media, bool) {
	if s, ok := v.(string); ok {
		p := federation.Media{Type: "Link", URL: webURL(s)}
		return p, p.URL != ""
	}
	m, ok := v.(map[string]any)
	if !ok {
		return federation.Media{}, false
	}
	p := federation.Media{
		Type: typeOf(m), MediaType: oneLine(cut(text(m["mediaType"]), 127)), Name: CleanText(cut(caption(m), maxCaption)),
		Width: count(m["width"]), Height: count(m["height"]), Blurhash: oneLine(cut(text(m["blurhash"]), 200)),
		FocalPoint: focus(m["focalPoint"]),
	}
	switch p.Type {
	case "Image", "Document", "Video", "Audio", "Link":
	case "", "Page", "Note", "Article", "Object":
		p.Type = "Document"
	default: // a PropertyValue, say
		return p, false
	}
	kind, _, _ := strings.Cut(p.MediaType, "/")
	if p.URL = link(m["url"], kind); p.URL == "" {
		p.URL = webURL(text(m["href"]))
	}
	return p, p.URL != ""
}

// caption returns the description of a picture: Mastodon's summary or name.
func caption(m map[string]any) string {
	if s := localised(m, "summary"); s != "" {
		return s
	}
	return localised(m, "name")
}

// focus returns a focal point, or nil.
func focus(v any) []float64 {
	l, _ := v.([]any)
	if len(l) != 2 {
		return nil
	}
	x, ok := number(l[0])
	y, ok2 := number(l[1])
	if !ok || !ok2 || max(x, y) > 1 || min(x, y) < -1 {
		return nil
	}
	return []float64{x, y}
}

func tags(v any) (all []federation.Tag) {
	for _, e := range list(v) {
		m, ok := e.(map[string]any)
		if !ok || len(all) == maxTags {
			continue
		}
		t := federation.Tag{Type: typeOf(m), Name: oneLine(cut(localised(m, "name"), 256)), Href: webURL(text(m["href"]))}
		switch t.Type {
		case "Hashtag", "Mention", "Link":
		case "Emoji":
			if p := picture(m["icon"]); p != nil {
				t.Href = p.URL
			}
		default:
			continue
		}
		if t.Name != "" || t.Href != "" {
			all = append(all, t)
		}
	}
	return all
}
