// SPDX-License-Identifier: AGPL-3.0-or-later

package harvest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/store"
)

// originProperty is where an event says what it was taken from. schema.org.
const originProperty = "isBasedOn"

// An Origin is what an event was taken from.
type Origin struct {
	Name string // of the calendar
	URL  string // of the calendar, if that is no secret
	Page string // of the event itself, elsewhere
}

// The form in which an origin travels with its event: a document of
// ActivityStreams.
type originDocument struct {
	Type      string       `json:"type"`
	MediaType string       `json:"mediaType"`
	Name      string       `json:"name,omitempty"`
	URL       []originLink `json:"url,omitempty"`
}

type originLink struct {
	Type      string `json:"type"`
	MediaType string `json:"mediaType"`
	Href      string `json:"href"`
}

// The kinds of links of an origin.
const (
	typeCalendar = "text/calendar"
	typePage     = "text/html"
)

// OriginOf says where an item comes from.
func OriginOf(c *store.Calendar, i Item) Origin {
	o := Origin{Name: c.Name, Page: i.URL}
	if !c.Secret {
		o.URL = c.URL
	}
	return o
}

// put writes an origin into an event.
func (from Origin) put(o *federation.Object) {
	d := originDocument{Type: "Document", MediaType: typeCalendar, Name: from.Name}
	for _, l := range []originLink{{"Link", typeCalendar, from.URL}, {"Link", typePage, from.Page}} {
		if l.Href != "" {
			d.URL = append(d.URL, l)
		}
	}
	raw, err := json.Marshal(d)
	if err != nil { // our own plain values
		return
	}
	if o.Extra = maps.Clone(o.Extra); o.Extra == nil {
		o.Extra = map[string]json.RawMessage{}
	}
	o.Extra[originProperty] = raw
}

// From returns what an event, of ours or of a peer, says it was taken from;
// false if it says nothing.
func From(o *federation.Object) (Origin, bool) {
	var d originDocument
	raw := o.Extra[originProperty]
	if len(raw) == 0 || json.Unmarshal(raw, &d) != nil || d.MediaType != typeCalendar {
		return Origin{}, false
	}
	from := Origin{Name: cut(oneLine(vocab.CleanText(d.Name)), 200)}
	for _, l := range d.URL[:min(len(d.URL), 5)] {
		switch l.MediaType {
		case typeCalendar:
			from.URL = webLink(l.Href)
		case typePage:
			from.Page = webLink(l.Href)
		}
	}
	return from, true
}

// secretParts stand in addresses that let in whoever knows them.
var secretParts = []string{"/private-", "/feed/private", "token=", "key=", "secret", "auth=", "signature="}

// LooksSecret reports whether an address of a calendar seems to be meant for
// few.
func LooksSecret(address string) bool {
	lower := strings.ToLower(address)
	for _, part := range secretParts {
		if strings.Contains(lower, part) {
			return true
		}
	}
	return false
}

// short names something in a few letters.
func short(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "calendar-" + hex.EncodeToString(sum[:8])
}
