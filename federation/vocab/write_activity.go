// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"encoding/json"

	"codeberg.org/maillage/maillage/federation"
)

// EncodeActivity writes an activity of ours as it is stored, served and
// delivered. bto and bcc are never written.
//
// An object that came along is embedded: its Raw bytes if it has any, so that
// what is delivered is what is served; set Raw to nil, or to what EncodeObject
// returned, after changing one. Of an inner activity, an answer names id,
// type, actor and object; only a circuit's Announce carries it whole and
// unchanged. FEP-1b12.
func EncodeActivity(a *federation.Activity) ([]byte, error) {
	w := &writer{}
	c := contextOf(a)
	w.open()
	w.raw("@context", json.RawMessage(c))
	w.iri("id", a.ID)
	w.must("type", a.Type)
	w.iri("actor", a.Actor)
	w.stamp("published", a.Published)
	w.iris("to", a.To)
	if len(a.Cc) > 0 {
		w.iris("cc", a.Cc)
	}
	if a.Enclosed != nil {
		w.iri("audience", a.Enclosed.Audience)
	}
	w.done(a, c)
	w.iri("target", a.Target)
	w.iri("origin", a.Origin)
	w.text("content", a.Content)
	w.extra(a.Extra)
	w.close()
	return w.document()
}

// contextOf returns the "@context" of an activity: of what it carries, or the
// shared one if it has properties of its own.
func contextOf(a *federation.Activity) string {
	switch {
	case a.Enclosed != nil:
		c := string(contextIn(a.Enclosed.Raw))
		if c == federation.ActorContext || federation.Covered(c) {
			return c
		}
		return federation.ContextOf(a.Enclosed)
	case a.Inner == nil && a.Profile != nil:
		return federation.ActorContext
	case len(a.Extra) > 0:
		return federation.SharedContext
	}
	return federation.PlainContext
}

// done writes what the activity is done to. c is the context around it.
func (w *writer) done(a *federation.Activity, c string) {
	switch o := a.Enclosed; {
	case o != nil && len(o.Raw) > 0:
		w.key("object")
		w.embed(o.Raw, c)
	case o != nil:
		w.object("object", func() { w.properties(o) })
	case a.Inner != nil && a.Type == "Announce" && len(a.Inner.Raw) > 0:
		w.raw("object", a.Inner.Raw)
	case a.Inner != nil && a.Inner.ID != "" && (a.Inner.Type == "Offer" || a.Type == "Announce"):
		w.iri("object", a.Inner.ID) // FEP-0837 wants the id of an Offer
	case a.Inner != nil:
		w.object("object", func() { w.gist(a.Inner) })
	case a.Profile != nil:
		w.object("object", func() { w.actor(a.Profile, LinksOf(a.Profile)) })
	case len(a.Objects) > 1:
		w.iris("object", a.Objects)
	default:
		w.iri("object", a.Object)
	}
}

// gist writes what identifies an activity, and nothing that was said in
// confidence.
func (w *writer) gist(a *federation.Activity) {
	w.iri("id", a.ID)
	w.must("type", a.Type)
	w.iri("actor", a.Actor)
	w.iri("object", a.Object)
}

// embed writes a document inside another one of context c: without its own
// context if that says the same, and without its hidden addressees. What is
// signed keeps its context: the signature covers it.
func (w *writer) embed(doc []byte, c string) {
	signed := false
	each(doc, func(name string, _ json.RawMessage) { signed = signed || name == "proof" })
	w.open()
	each(doc, func(name string, value json.RawMessage) {
		switch {
		case name == "bto", name == "bcc":
		case name == "@context" && !signed && says(c, string(value)):
		default:
			w.raw(name, value)
		}
	})
	w.close()
}

// says reports whether context outer defines what inner does.
func says(outer, inner string) bool {
	return inner == outer || inner == federation.PlainContext || outer == federation.SharedContext && federation.Covered(inner)
}

// contextIn returns the context of a document, or nil.
func contextIn(doc []byte) (c json.RawMessage) {
	if len(doc) == 0 {
		return nil
	}
	each(doc, func(name string, value json.RawMessage) {
		if name == "@context" {
			c = value
		}
	})
	return c
}
