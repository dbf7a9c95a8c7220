// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"encoding/json"
	"slices"

	"codeberg.org/maillage/maillage/federation"
)

// EncodeObject writes an object of ours as it is served and delivered: what
// everybody may read of it. bto and bcc are never written.
func EncodeObject(o *federation.Object) ([]byte, error) { return encodeObject(o, false) }

// EncodeSeen writes an object of ours as somebody who proved who they are may
// read it: all that o still holds (store.Tx.SeenBy).
func EncodeSeen(o *federation.Object) ([]byte, error) { return encodeObject(o, true) }

func encodeObject(o *federation.Object, seen bool) ([]byte, error) {
	w := &writer{seen: seen}
	w.open()
	w.raw("@context", json.RawMessage(federation.ContextOf(o)))
	w.properties(o)
	w.close()
	return w.document()
}

// EncodeTombstone writes what is left of a deleted object: its id, what it was
// and when it went. Gancio wants to know that it was an Event.
func EncodeTombstone(o *federation.Object) ([]byte, error) {
	w := &writer{}
	w.open()
	w.raw("@context", json.RawMessage(federation.PlainContext))
	w.tombstone(o)
	w.close()
	return w.document()
}

func (w *writer) tombstone(o *federation.Object) {
	w.iri("id", o.ID)
	w.must("type", "Tombstone")
	if o.Type != "Tombstone" && o.FormerType == "" {
		w.text("formerType", o.Type)
	} else {
		w.text("formerType", o.FormerType)
	}
	w.stamp("deleted", o.Deleted)
}

// posts are the types that people see as a post: everything that other
// software expects of one is written, even if it is empty.
var posts = []string{"Note", "Article", "Event", "Question", "Page", "Image", "Document", "Video", "Audio"}

// properties writes the members of o after its "@context".
func (w *writer) properties(o *federation.Object) {
	if o.Gone() {
		w.tombstone(o)
		return
	}
	if !w.seen {
		o = federation.Everyones(o)
	}
	post := slices.Contains(posts, o.Type) && o.ID != ""
	w.iri("id", o.ID)
	w.must("type", o.Type)
	if o.Type == "Event" {
		w.iri("actor", o.AttributedTo) // Mobilizon, Hubzilla
	}
	w.iri("attributedTo", o.AttributedTo)
	w.audience(o, post)
	w.stamp("published", o.Published)
	w.stamp("updated", o.Updated)
	w.text("url", o.URL)
	w.iri("inReplyTo", o.InReplyTo)
	w.words(o)
	w.moment("startTime", o.Start)
	w.moment("endTime", o.End)
	if post {
		w.truth("sensitive", o.Sensitive)
	}
	w.files(o, post)
	if post || len(o.Tags) > 0 {
		w.tags(o.Tags)
	}
	w.place(o.Location)
	w.text("context", o.Context)
	if post && o.Local {
		w.social(o)
	}
	if o.Type == "Event" {
		w.event(o)
	}
	w.extra(o.Extra)
}

func (w *writer) audience(o *federation.Object, post bool) {
	if post || len(o.To) > 0 {
		w.iris("to", o.To)
	}
	if post || len(o.Cc) > 0 {
		w.iris("cc", o.Cc)
	}
	w.iri("audience", o.Audience)
}

// words writes the texts, once plain and once by language: Mastodon learns the
// language from the map.
func (w *writer) words(o *federation.Object) {
	w.text("name", o.Name)
	if o.Type != "Note" && o.Name != "" && o.Language != "" {
		w.object("nameMap", func() { w.must(o.Language, o.Name) })
	}
	w.text("summary", o.Summary)
	w.text("content", o.Content)
	if o.Content != "" && o.Language != "" {
		w.object("contentMap", func() { w.must(o.Language, o.Content) })
	}
	if o.Type == "Event" || o.Type == "Article" {
		w.must("mediaType", "text/html")
		w.text("inLanguage", o.Language)
	}
}

// files writes image and attachment. The image of an event comes first among
// its attachments, as its banner: Gancio takes it from there, Mobilizon and
// WordPress from image. FEP-8a8e.
func (w *writer) files(o *federation.Object, post bool) {
	all := o.Attachments
	banner := o.Type == "Event" && o.Image != nil
	if o.Image != nil {
		w.key("image")
		w.media(*o.Image, o.Name, false)
	}
	if banner {
		all = slices.DeleteFunc(slices.Clone(all), func(m federation.Media) bool { return m.URL == o.Image.URL })
		all = slices.Insert(all, 0, *o.Image)
	}
	if !post && len(all) == 0 {
		return
	}
	w.list("attachment", len(all), func(i int) { w.media(all[i], o.Name, banner && i == 0) })
}

// media writes a file or a link. A picture always has a description, because
// Mobilizon crashes without: that of what it illustrates if it has none.
func (w *writer) media(m federation.Media, about string, banner bool) {
	w.open()
	defer w.close()
	kind := m.Type
	if kind == "" {
		kind = "Document"
	}
	w.must("type", kind)
	w.text("mediaType", m.MediaType)
	if kind == "Link" {
		w.text("name", m.Name)
		w.must("href", m.URL)
		return
	}
	w.must("url", m.URL)
	if m.Name == "" {
		m.Name = about
	}
	w.must("name", m.Name)
	if m.Width > 0 && m.Height > 0 {
		w.count("width", m.Width)
		w.count("height", m.Height)
	}
	w.text("blurhash", m.Blurhash)
	if len(m.FocalPoint) == 2 {
		w.list("focalPoint", 2, func(i int) { w.float(m.FocalPoint[i]) })
	}
	if banner {
		w.truth("isBannerImage", true)
	}
}

func (w *writer) tags(tags []federation.Tag) {
	w.list("tag", len(tags), func(i int) {
		w.open()
		w.must("type", tags[i].Type)
		w.must("name", tags[i].Name)
		w.text("href", tags[i].Href)
		if tags[i].Type == "Link" { // FEP-e232
			w.must("mediaType", MediaType)
		}
		w.close()
	})
}

// place writes where something is: one place, never a list of them.
func (w *writer) place(p *federation.Place) {
	if p == nil {
		return
	}
	w.object("location", func() {
		if p.Type == "VirtualLocation" {
			w.must("type", p.Type)
			w.must("name", p.Name)
			w.text("url", p.URL)
			return
		}
		w.must("type", "Place")
		name := p.Name
		if name == "" {
			name = p.City
		}
		w.must("name", name)
		w.address(p)
		if p.Point != nil {
			w.key("latitude")
			w.float(p.Point.Latitude)
			w.key("longitude")
			w.float(p.Point.Longitude)
		}
	})
}

func (w *writer) address(p *federation.Place) {
	if p.Street+p.Postal+p.City+p.Region+p.Country == "" {
		return
	}
	w.object("address", func() {
		w.must("type", "PostalAddress")
		w.text("streetAddress", p.Street)
		w.text("postalCode", p.Postal)
		w.text("addressLocality", p.City)
		w.text("addressRegion", p.Region)
		w.text("addressCountry", p.Country)
	})
}

// social writes where answers, likes and boosts of a post of ours are, and
// that a public one may be quoted. FEP-044f.
func (w *writer) social(o *federation.Object) {
	w.replies(o.ID + "/replies")
	w.iri("likes", o.ID+"/likes")
	w.iri("shares", o.ID+"/shares")
	if slices.Contains(o.To, federation.Public) || slices.Contains(o.Cc, federation.Public) {
		w.object("interactionPolicy", func() { w.approval("canQuote") })
	}
}

// replies writes where answers are. GoToSocial reads them only if a first page
// comes along, and Pleroma refuses a post whose first page is not as Mastodon's
// is: without an id, with items. Ours has none, because the bytes of a post do
// not change with every answer: they are on the next one.
func (w *writer) replies(id federation.IRI) {
	w.object("replies", func() {
		w.iri("id", id)
		w.must("type", "Collection")
		w.object("first", func() {
			w.must("type", "CollectionPage")
			w.iri("next", id+"?page=")
			w.iri("partOf", id)
			w.iris("items", nil)
		})
	})
}

// approval writes that everyone may, without asking.
func (w *writer) approval(name string) {
	w.object(name, func() { w.iris("automaticApproval", []federation.IRI{federation.Public}) })
}

// event writes who takes part in an event and who holds it: what its own
// properties say, or the collections that we serve.
func (w *writer) event(o *federation.Object) {
	if raw, ok := o.Extra["attendees"]; ok {
		w.raw("attendees", raw)
	} else if o.Local {
		w.iri("attendees", o.ID+"/attendees")
	}
	if raw, ok := o.Extra["organizers"]; ok {
		w.raw("organizers", raw)
	} else if o.Local {
		w.object("organizers", func() {
			w.must("type", "Collection")
			w.iri("id", o.ID+"/organizers")
			w.count("totalItems", 1)
			w.iris("items", []federation.IRI{o.AttributedTo})
		})
	}
}
