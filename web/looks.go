// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"hash/fnv"
	"strings"
	"unicode"
	"unicode/utf8"

	"codeberg.org/maillage/maillage/federation/vocab"
)

// kindIcons are the icons of kinds of things; their colours are in 10-base.css.
var kindIcons = map[string]string{
	"offer": "shopping-basket", "need": "hand-helping", "event": "calendar", "article": "book-open", "question": "circle-help",
}

// wayIcons are the icons of ways to exchange.
var wayIcons = map[string]string{
	"sale": "banknote", "localCurrency": "coins", "barter": "repeat-2", "gift": "gift", "loan": "history", "sharedUse": "users",
	"volunteering": "heart-handshake", "timeBank": "clock", "freePrice": "hand-coins", "commitment": "handshake",
	"capital": "chart-pie", "publicFunding": "landmark",
}

// factIcons are the icons of what is known of a thing, by the message that
// labels it.
var factIcons = map[string]string{
	"page_price": "tag", "page_modes": "handshake", "page_quantity": "package", "page_available_offer": "package-open",
	"page_available_request": "package-open", "page_minimum": "scale", "page_category": "layout-grid", "page_valid_from": "calendar",
	"page_valid_until": "hourglass", "page_season": "calendar-days", "page_rhythm": "repeat", "page_standing_notice": "info", "page_when": "clock", "page_timezone": "globe", "page_previously": "history", "page_join": "ticket",
	"page_capacity": "users", "page_online": "video", "page_where": "map-pin", "page_origin": "sprout", "page_contact_of": "message-circle", "page_exact_place": "lock",
}

// A way is how an exchange may be made.
type way struct{ Icon, Name string }

func (v *visit) ways(modes []string) []way {
	var all []way
	for _, m := range modes {
		icon := wayIcons[m]
		if icon == "" {
			icon = "handshake"
		}
		all = append(all, way{icon, v.words.Word("mode", m)})
	}
	return all
}

// Icon is that of the kind of thing it is.
func (c *card) Icon() string {
	if icon := kindIcons[c.Kind]; icon != "" {
		return icon
	}
	return "message-circle"
}

// Format is the class by which programs find what a card is about: a
// microformat.
func (c *card) Format() string {
	if c.Kind == "event" {
		return "h-event"
	}
	return "h-entry"
}

// Class is the kind of actor, as style sheets name it.
func (w *who) Class() string {
	switch w.Type {
	case "Organization":
		return "initiative"
	case "Group":
		return "circuit"
	}
	return "person"
}

// Icon is that of the kind of actor.
func (w *who) Icon() string {
	return map[string]string{"initiative": "sprout", "circuit": "waypoints", "person": "user"}[w.Class()]
}

// Brought says how something comes by somebody: a circuit passes on what its
// members publish, others share what they like.
func (w *who) Brought() string {
	if w.Class() == "circuit" {
		return "page_via"
	}
	return "page_shared_by"
}

// BroughtIcon goes with it.
func (w *who) BroughtIcon() string {
	if w.Class() == "circuit" {
		return w.Icon()
	}
	return "repeat-2"
}

// Initials stand where there is no picture: of the first two words.
func (w *who) Initials() string {
	var all []rune
	for word := range strings.FieldsFuncSeq(w.Name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		r, _ := utf8.DecodeRuneInString(word)
		if all = append(all, unicode.ToUpper(r)); len(all) == 2 {
			break
		}
	}
	if len(all) == 0 {
		return "?"
	}
	return string(all)
}

// Hue chooses a colour for the initials, always the same for the same actor.
func (w *who) Hue() int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(w.ID))
	return int(h.Sum32() % 6)
}

// Excerpt is the beginning of what an actor says of itself.
func (w *who) Excerpt() string { return glued(cut(vocab.Text(string(w.Summary)), 140)) }

// An empty is what stands where nothing is yet: what will be here, and the
// verb that begins it.
type empty struct{ Class, Icon, Title, Text, URL, Verb string }

// Empty makes one for a kind of thing: its words are those of the messages id
// and id + "_text". An address and the id of a verb may follow.
func (s sheet) Empty(class, icon, id string, verb ...string) empty {
	e := empty{Class: class, Icon: icon, Title: s.T(id)}
	if s.Has(id + "_text") {
		e.Text = s.T(id + "_text")
	}
	if len(verb) == 2 {
		e.URL, e.Verb = verb[0], s.T(verb[1])
	}
	return e
}

// A copying is a text with a button that copies it, where scripts run.
type copying struct{ ID, Text, Verb, Copied string }

// Copy makes one; id is that of the element in the page.
func (s sheet) Copy(id, text string) copying {
	return copying{id, text, s.T("form_copy"), s.T("form_copied")}
}
