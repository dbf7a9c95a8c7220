// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"
	"time"
	"unicode/utf8"
)

// event happens at a time, and mostly at a place. FEP-8a8e.
var event = Noun{
	Type:    "Event",
	Context: eventContext,
	Check: func(o *Object) error {
		e := EventOf(o)
		switch {
		case o.Name == "":
			return field("name", "error_name_missing", "event without a name")
		case o.Start.IsZero():
			return field("startTime", "error_start_missing", "event without a start")
		case !o.End.IsZero() && o.End.Before(o.Start):
			return field("endTime", "error_end_before_start", "it ends at %s, before it starts at %s",
				o.End.Format(time.RFC3339), o.Start.Format(time.RFC3339))
		case e.Capacity < 0:
			return field("maximumAttendeeCapacity", "error_capacity", "a capacity of %d", e.Capacity)
		}
		return nil
	},
	Index: func(o *Object) Index {
		x := index(o)
		x.Kind, x.Closed = "event", EventOf(o).Status == EventCancelled
		if x.End.IsZero() {
			x.End = o.Start
		}
		return x
	},
}

// Statuses of an event. FEP-8a8e eventStatus.
const (
	EventScheduled   = "EventScheduled"
	EventCancelled   = "EventCancelled"
	EventPostponed   = "EventPostponed"
	EventRescheduled = "EventRescheduled"
	EventMovedOnline = "EventMovedOnline"
	EventTentative   = "EventTentative"
)

// How one takes part in an event: Mobilizon's joinMode.
const (
	JoinFree       = "free"
	JoinRestricted = "restricted" // the organiser agrees to each
	JoinExternal   = "external"   // on another site
	JoinNone       = "none"       // one just comes
	JoinInvite     = "invite"
)

// An Event is the typed view of an object that happens: the properties of
// FEP-8a8e and Mobilizon that ActivityStreams does not name.
type Event struct {
	Timezone        string    // IANA name, such as Europe/Paris
	Status          string    // one of the EventXxx constants
	PreviousStart   time.Time // of a rescheduled event
	HideEnd         bool      // displayEndTime false: the end is a guess
	JoinMode        string    // free, restricted, external, none or invite
	ExternalURL     string    // where to take part, when JoinMode is external
	Capacity        int       // 0: no limit
	Category        string    // upper case, FEP-8a8e's list
	Online          bool
	Organizers      []IRI
	AttendeesHidden bool
	Series          IRI // the collection of the dates of which this is one
}

// EventOf reads what is particular to an event. It never fails: what is
// missing or broken is left at its default.
func EventOf(o *Object) Event {
	e := Event{
		Timezone: text(o.Extra["timezone"]), Status: text(o.Extra["eventStatus"]),
		JoinMode: text(o.Extra["joinMode"]), ExternalURL: text(o.Extra["externalParticipationUrl"]),
		Category: first(append(texts(o.Extra["category"]), "")...), Series: IRI(text(o.Extra["series"])),
	}
	e.Status = e.Status[strings.LastIndexAny(e.Status, "/#:")+1:] // schema.org's, or behind a prefix
	if e.Status == "" {
		switch strings.ToUpper(first(text(o.Extra["status"]), text(o.Extra["ical:status"]))) {
		case "CANCELLED":
			e.Status = EventCancelled
		case "TENTATIVE":
			e.Status = EventTentative
		default:
			e.Status = EventScheduled
		}
	}
	e.PreviousStart, _ = time.Parse(time.RFC3339, text(o.Extra["previousStartTime"]))
	e.Capacity = wholeNumber(o.Extra["maximumAttendeeCapacity"])
	read(o.Extra["isOnline"], &e.Online)
	shown := true
	read(o.Extra["displayEndTime"], &shown)
	e.HideEnd = !shown
	return e
}

// mend leaves out of a peer's event what is a slip and would keep all of it away:
// an end before the start.
func mend(o *Object) {
	if o != nil && o.Type == event.Type && o.End.Before(o.Start) {
		o.End = time.Time{}
	}
}

// TakesAnswers reports whether one may ask to take part, by a Join. An event
// that does not say is open to everybody.
func (e Event) TakesAnswers() bool {
	return e.JoinMode == "" || e.JoinMode == JoinFree || e.JoinMode == JoinRestricted
}

// Put writes e into the properties of o, as protocol section "Event" has them.
func (e Event) Put(o *Object) {
	status := map[string]string{EventCancelled: "CANCELLED", EventTentative: "TENTATIVE", EventPostponed: "TENTATIVE"}[e.Status]
	o.put("timezone", e.Timezone)
	o.put("eventStatus", first(e.Status, EventScheduled))
	o.put("status", first(status, "CONFIRMED"))
	o.put("displayEndTime", !e.HideEnd)
	o.put("joinMode", first(e.JoinMode, JoinFree))
	o.put("externalParticipationUrl", e.ExternalURL)
	o.put("category", first(e.Category, "MEETING"))
	o.put("series", string(e.Series))
	o.put("isOnline", e.Online)
	o.put("anonymousParticipationEnabled", false)
	o.put("commentsEnabled", true)
	delete(o.Extra, "maximumAttendeeCapacity")
	if e.Capacity > 0 {
		o.put("maximumAttendeeCapacity", e.Capacity)
	}
	delete(o.Extra, "previousStartTime")
	if !e.PreviousStart.IsZero() {
		o.put("previousStartTime", e.PreviousStart.Format(time.RFC3339))
	}
}

// Extras of an object are raw JSON; these read and write them.

// text returns the string in a property, or "".
func text(raw json.RawMessage) (s string) {
	if n := len(raw) - 1; n > 0 && raw[0] == '"' && raw[n] == '"' && !bytes.ContainsFunc(raw[1:n], escaped) {
		return string(raw[1:n]) // most are: a page of a list reads a thousand
	}
	read(raw, &s)
	return s
}

// escaped reports whether a character does not stand for itself in a string of
// JSON.
func escaped(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r == utf8.RuneError }

// read decodes a property into v and leaves v alone if it is of another kind.
func read(raw json.RawMessage, v any) {
	if len(raw) > 0 {
		_ = json.Unmarshal(raw, v) // of another kind: as good as absent
	}
}

// wholeNumber returns a whole number in a property, that careless peers write as a
// string; 0 if there is none.
func wholeNumber(raw json.RawMessage) (n int) {
	if s := text(raw); s != "" {
		raw = json.RawMessage(s)
	}
	read(raw, &n)
	return n
}

// put sets a property of o, or removes it if v is the empty string.
func (o *Object) put(name string, v any) {
	if s, ok := v.(string); ok && s == "" {
		delete(o.Extra, name)
		return
	}
	if o.Extra == nil {
		o.Extra = map[string]json.RawMessage{}
	}
	raw, err := json.Marshal(v)
	if err != nil { // only our own plain values come here
		return
	}
	o.Extra[name] = raw
}

// edited returns a copy of o to change: with properties of its own, and without
// the bytes that said what it was.
func (o *Object) edited() *Object {
	e := *o
	e.Extra, e.Raw = maps.Clone(o.Extra), nil
	return &e
}

// first returns the first string that is not empty.
func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}
