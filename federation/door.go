// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

// A Door is how an event takes answers, as far as its document says.
type Door string

// The doors of events.
const (
	DoorJoin    Door = "join"    // Mobilizon, ActivityPods and we: a Join, which is answered
	DoorAccept  Door = "accept"  // Friendica and Hubzilla: an Accept of the event, which is not
	DoorUnknown Door = "unknown" // Gancio, say, which understands neither
)

// DoorOf returns how an event takes answers.
func DoorOf(o *Object) Door {
	for _, name := range []string{"dfrn:adjust", "diaspora:guid"} {
		if _, ok := o.Extra[name]; ok {
			return DoorAccept
		}
	}
	var source struct{ MediaType string }
	if read(o.Extra["source"], &source); source.MediaType == "text/bbcode" {
		return DoorAccept
	}
	for _, name := range []string{"joinMode", "attendees", "participantCount", "anonymousParticipationEnabled", "apods:attendees"} {
		if raw := o.Extra[name]; len(raw) > 0 && string(raw) != "null" {
			return DoorJoin
		}
	}
	if o.Local {
		return DoorJoin
	}
	return DoorUnknown
}

// TakesPerhaps reports whether whoever organises an event learns of somebody that
// they come perhaps. Mobilizon knows a Join only, and Gancio no answers at all;
// who speaks FEP-8a8e, as we do, says what became of an event in its words.
func TakesPerhaps(o *Object) bool {
	return o.Local || DoorOf(o) == DoorAccept || DoorOf(o) == DoorJoin && text(o.Extra["eventStatus"]) != ""
}

// AnswerBy returns the verb by which an event is answered through its door: a
// Join, a TentativeAccept or a Leave, or what says the same there.
func AnswerBy(o *Object, verb string) string {
	if DoorOf(o) != DoorAccept {
		return verb
	}
	switch verb {
	case Join:
		return Accept
	case Leave:
		return Reject
	}
	return verb
}
