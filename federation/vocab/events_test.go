// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"fmt"
	"strings"
	"testing"

	"codeberg.org/maillage/maillage/federation"
)

// Events as others write them: each quirk was seen somewhere.
func TestEventsOfOthers(t *testing.T) {
	when := func(o *federation.Object) string {
		s := o.Start.Format("2006-01-02T15:04Z07:00")
		if !o.End.IsZero() {
			s += " " + o.End.Format("2006-01-02T15:04Z07:00")
		}
		return s
	}
	where := func(o *federation.Object) string {
		p := o.Location
		if p == nil {
			return ""
		}
		s := strings.Join([]string{p.Type, p.Name, p.Street, p.Postal, p.City, p.URL}, "|")
		if p.Point != nil {
			s += fmt.Sprintf("|%.2f %.2f", p.Point.Latitude, p.Point.Longitude)
		}
		return s
	}
	links := func(o *federation.Object) (s string) {
		for _, a := range o.Attachments {
			s += a.Type + " " + a.URL + ";"
		}
		return s
	}
	event := func(f func(federation.Event) any) func(*federation.Object) string {
		return func(o *federation.Object) string { return fmt.Sprint(f(federation.EventOf(o))) }
	}
	for _, c := range []struct {
		name, doc string
		read      func(*federation.Object) string
		want      string
	}{
		{"no offset, a zone", `"startTime":"2026-10-24T18:30:00","timezone":"Europe/Brussels"`, when, "2026-10-24T18:30+02:00"},
		{"no offset, no zone", `"startTime":"2026-12-24T18:30:00"`, when, "2026-12-24T18:30+01:00"},
		{"no offset, no seconds, a space", `"startTime":"2026-12-24 18:30"`, when, "2026-12-24T18:30+01:00"},
		{"a day", `"startTime":"2026-07-14","timezone":"Europe/Paris"`, when, "2026-07-14T00:00+02:00"},
		{"a zone of Outlook's", `"startTime":"2026-07-14T10:00:00","timezone":"Romance Standard Time"`, when, "2026-07-14T10:00+02:00"},
		{"the zone of the machine", `"startTime":"2026-07-14T10:00:00","timezone":"Local"`, when, "2026-07-14T10:00+02:00"},
		{"floating, as Hubzilla has it", `"startTime":"2026-07-14T10:00:00-00:00"`, when, "2026-07-14T10:00+02:00"},
		{"floating, as Friendica has it", `"startTime":"2026-07-14T10:00:00Z","dfrn:adjust":false`, when, "2026-07-14T10:00+02:00"},
		{"UTC", `"startTime":"2026-07-14T10:00:00Z","endTime":"2026-07-14T12:00:00.000Z"`, when, "2026-07-14T10:00Z 2026-07-14T12:00Z"},
		{"an end before Christ", `"startTime":"2026-07-14T10:00:00Z","endTime":"-0001-11-30T00:00:00Z"`, when, "2026-07-14T10:00Z"},
		{"an empty end", `"startTime":"2026-07-14T10:00:00Z","endTime":""`, when, "2026-07-14T10:00Z"},
		{"a place", `"location":{"type":"Place","name":"MJC","address":{"type":"PostalAddress","streetAddress":"1 rue Haute","postalCode":"26000","addressLocality":"Valence"},"latitude":"44.93","longitude":"4.89"}`, where, "Place|MJC|1 rue Haute|26000|Valence||44.93 4.89"},
		{"an address in a line", `"location":{"type":"Place","name":"MJC","address":"1 rue Haute, Valence"}`, where, "Place|MJC|1 rue Haute, Valence|||"},
		{"a text", `"location":"Sous le marronnier"`, where, "Place|Sous le marronnier||||"},
		{"a place without a name", `"location":{"type":"Place","id":"https://gancio.example/p/1"}`, where, ""},
		{"null", `"location":null`, where, ""},
		{"no coordinates", `"location":{"type":"Place","name":"MJC","latitude":null,"longitude":null}`, where, "Place|MJC||||"},
		{"coordinates of nowhere", `"location":{"type":"Place","name":"MJC","latitude":444,"longitude":4}`, where, "Place|MJC||||"},
		{"online", `"location":{"type":"VirtualLocation","name":"Visio","url":"https://visio.example/a"}`, where, "VirtualLocation|Visio||||https://visio.example/a"},
		{"online, as Gancio has it", `"location":{"type":"Place","name":"Visio","id":"https://visio.example/a","address":{"type":"VirtualLocation","url":"https://visio.example/a"}}`, where, "VirtualLocation|Visio||||https://visio.example/a"},
		{
			"a place and a screen", `"location":[{"type":"Place","name":"MJC"},{"type":"VirtualLocation","name":"Visio","url":"https://visio.example/a"}]`,
			func(o *federation.Object) string { return where(o) + " " + links(o) }, "Place|MJC|||| Link https://visio.example/a;",
		},
		{"several places", `"location":[{"type":"Place","id":"https://gancio.example/p/1"},{"type":"Place","name":"MJC"},{"type":"Place","name":"Halle"}]`, where, "Place|MJC||||"},
		{"a limit in a string", `"maximumAttendeeCapacity":"40"`, event(func(e federation.Event) any { return e.Capacity }), "40"},
		{"a limit in words", `"maximumAttendeeCapacity":"forty"`, event(func(e federation.Event) any { return e.Capacity }), "0"},
		{"several categories", `"category":["MUSIC","PARTY"]`, event(func(e federation.Event) any { return e.Category }), "MUSIC"},
		{"called off, as Mobilizon has it", `"ical:status":"CANCELLED"`, event(func(e federation.Event) any { return e.Status }), "EventCancelled"},
		{"called off, in small letters", `"status":"cancelled"`, event(func(e federation.Event) any { return e.Status }), "EventCancelled"},
		{"called off, as schema.org has it", `"eventStatus":"https://schema.org/EventCancelled"`, event(func(e federation.Event) any { return e.Status }), "EventCancelled"},
		{"put off, behind a prefix", `"eventStatus":"fep8a8e:EventPostponed"`, event(func(e federation.Event) any { return e.Status }), "EventPostponed"},
		{"several authors", `"attributedTo":["https://blog.example/?author=1",{"id":"https://blog.example/?author=2"}]`, func(o *federation.Object) string { return string(o.AttributedTo) }, "https://blog.example/?author=1"},
		{"no author, but an actor", `"actor":"https://hub.example/bob"`, func(o *federation.Object) string { return string(o.AttributedTo) }, "https://hub.example/bob"},
		{"a picture among other things", `"attachment":[{"type":"PropertyValue","name":"x","value":"y"},{"type":"Document","mediaType":"image/png","url":"https://gancio.example/a.png","name":"Affiche"}]`, links, "Document https://gancio.example/a.png;"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, err := DecodeObject([]byte(`{"id":"https://gancio.example/1","type":"Event","name":"Fête",` + c.doc + `}`))
			if err != nil {
				t.Fatal(err)
			}
			if got := c.read(o); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if _, err := o.Start.MarshalJSON(); err != nil {
				t.Error(err)
			}
		})
	}
}
