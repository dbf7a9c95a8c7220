// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// toots is a direct message as Mastodon writes it; about is what it replies to.
func (s *stranger) toots(i *instance, about federation.IRI, text string) federation.IRI {
	s.peer.t.Helper()
	id := s.id(strings.TrimPrefix(s.Path, "/") + "/statuses")
	host, name := hostOf(s.peer.URL), strings.TrimPrefix(s.Path, "/users/")
	content := fmt.Sprintf(`<p><span class="h-card" translate="no"><a href="%s/@%s" class="u-url mention">@<span>%s</span></a></span> %s</p>`, i.Origin, i.name, i.name, text)
	var reply any
	if about != "" {
		reply = about
	}
	note := jsonDoc{
		"id": id, "type": "Note", "summary": nil, "inReplyTo": reply, "published": time.Now().UTC().Format(time.RFC3339),
		"url": s.peer.url("/@" + name + "/1145"), "attributedTo": s.ID, "to": []federation.IRI{i.Actor.ID}, "cc": []string{}, "sensitive": false,
		"atomUri": id, "inReplyToAtomUri": reply, "conversation": "tag:" + host + ",2026-05-01:objectId=77:objectType=Conversation",
		"content": content, "contentMap": jsonDoc{"fr": content}, "attachment": []any{},
		"tag": []jsonDoc{{"type": "Mention", "href": i.Actor.ID, "name": "@" + i.name + "@" + hostOf(i.Origin)}},
		"replies": jsonDoc{"id": id + "/replies", "type": "Collection", "first": jsonDoc{
			"type": "CollectionPage", "next": id + "/replies?only_other_accounts=true&page=true", "partOf": id + "/replies", "items": []any{},
		}},
	}
	create := jsonDoc{
		"@context": []any{"https://www.w3.org/ns/activitystreams", jsonDoc{
			"ostatus": "http://ostatus.org#", "atomUri": "ostatus:atomUri", "inReplyToAtomUri": "ostatus:inReplyToAtomUri",
			"conversation": "ostatus:conversation", "sensitive": "as:sensitive", "toot": "http://joinmastodon.org/ns#", "votersCount": "toot:votersCount",
		}},
		"id": id + "/activity", "type": "Create", "actor": s.ID, "published": note["published"], "to": note["to"], "cc": note["cc"], "object": note,
	}
	if a := s.send(i.Actor.Inbox, create); a.StatusCode != 202 {
		s.peer.t.Fatalf("answered %d", a.StatusCode)
	}
	i.settle()
	return id
}

// hears waits for the next direct message to an actor that has these words, and
// wants it to be for them alone, readable where exchanges are unknown.
func (s *stranger) hears(t *testing.T, words ...string) (note jsonDoc, link string) {
	t.Helper()
	eventually(t, fmt.Sprintf("%s hears %q", s.ID, words), func() bool {
		for _, post := range slices.Backward(s.peer.received("Create")) {
			o, _ := post.doc()["object"].(jsonDoc)
			text := strings.NewReplacer("\u202f", " ", "\u00a0", " ", "&nbsp;", " ").Replace(fmt.Sprint(o["content"]))
			if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) {
				note, link = o, strings.ReplaceAll(noteLink.FindString(text), "&amp;", "&")
				return true
			}
		}
		return false
	})
	if fmt.Sprint(note["to"]) != fmt.Sprint([]federation.IRI{s.ID}) && note["to"] != string(s.ID) || note["cc"] != nil && fmt.Sprint(note["cc"]) != "[]" {
		t.Errorf("it is for %v and %v", note["to"], note["cc"])
	}
	if !strings.Contains(fmt.Sprint(note["tag"]), string(s.ID)) || note["type"] != "Note" {
		t.Errorf("Mastodon would not show it: %v", note)
	}
	return note, link
}

// noteLink is the address of an exchange, with its key, in a note.
var noteLink = regexp.MustCompile(`http://[^"<\s]+/exchanges/[^"<\s]+[?]g=\d+&amp;k=\w+`)

// TestAnExchangeFromMastodon: who writes a direct message from Mastodon reads an
// answer at each step, and says yes or no by a reply or by the link in it.
func TestAnExchangeFromMastodon(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		amap := launch(t, "amap", variant{database: fresh(t)})
		o := amap.offers(vegetables("10"))
		p := newForeign(t, "127.0.0.2")
		ann, third := p.actor("ann"), newForeign(t, "127.0.0.3").actor("third")
		ann.newRSAKey()
		ann.show()
		desk := amap.signedIn(t, "admin-amap")
		records := func(about federation.IRI, text, quantity string) (page string, said federation.IRI) {
			t.Helper()
			said = ann.toots(amap, about, text)
			desk.open("/notifications?as=amap", text).follow("/record?", text)
			page = desk.press("/record", "proposal", string(o.ID), "quantity", quantity).says("convenu", quantity+" × panier").where()
			return page, said
		}

		// In reply to the offer, handed over in parts, with a word each way.
		page, said := records(o.ID, "Bonjour, je voudrais 2 paniers", "2")
		note, link := ann.hears(t, "C’est convenu", "2 × panier", "36 €")
		if note["inReplyTo"] != string(said) || link == "" {
			t.Errorf("it replies to %v, with the link %q", note["inReplyTo"], link)
		}
		desk.open(page).press("delivered", "handed", "1")
		note, _ = ann.hears(t, "Une remise ou un paiement est noté")
		ann.toots(amap, federation.IRI(fmt.Sprint(note["id"])), "Oui, j’en ai reçu un, merci !")
		desk.shows(page, "Oui, j’en ai reçu un")
		desk.press("write", "words", "Le second vendredi")
		ann.hears(t, "Le second vendredi")
		v := visits(t, amap.Origin)
		v.open(link, "2 × panier", "Le second vendredi").press("delivered", "handed", "1")
		desk.open(page).press("delivered")
		v.open(link).press("delivered").says("terminé")
		desk.open(page, "terminé")

		// Who says no by the link gives back the stock.
		page, _ = records("", "Encore 3 paniers ?", "3")
		_, link = ann.hears(t, "C’est convenu", "3 × panier")
		v.open(link).press("cancel", "reason", "Finalement non").says("annulé")
		desk.open(page, "annulé", "Finalement non")
		if amap.left(o.ID) != "8" {
			t.Errorf("%s left", amap.left(o.ID))
		}

		// Who says no by a reply is heard, and the publisher cancels.
		page, _ = records("", "Plutôt 4 paniers", "4")
		note, _ = ann.hears(t, "C’est convenu", "4 × panier")
		ann.toots(amap, federation.IRI(fmt.Sprint(note["id"])), "Non merci, je pars en voyage")
		desk.shows(page, "Non merci").press("cancel", "reason", "Comme convenu")
		ann.hears(t, "annulé", "Comme convenu")
		if amap.left(o.ID) != "8" {
			t.Errorf("%s left", amap.left(o.ID))
		}
		for _, said := range p.received("Create") {
			o, _ := said.doc()["object"].(jsonDoc)
			if a := third.reads(federation.IRI(fmt.Sprint(o["id"]))); !isAbout(o, ann) || a.StatusCode != 404 {
				t.Errorf("a third reads %v: %d", o["id"], a.StatusCode)
			}
		}
	})
}

// isAbout reports whether a note is for somebody.
func isAbout(note jsonDoc, s *stranger) bool {
	return strings.Contains(fmt.Sprint(note["to"]), string(s.ID))
}
