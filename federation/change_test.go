// SPDX-License-Identifier: AGPL-3.0-or-later

package federation_test

import (
	"encoding/json"
	"testing"
	"time"

	. "codeberg.org/maillage/maillage/federation"
)

func TestWhatBecameOfAnEvent(t *testing.T) {
	made := func(change func(o *Object)) *Object {
		o := &Object{
			ID: vera + "/event", Type: "Event", AttributedTo: vera, Name: "Fête", Start: noon.AddDate(0, 0, 7), End: noon.AddDate(0, 0, 7).Add(time.Hour),
			Location: &Place{Type: "Place", Name: "Salle Jean-Moulin", City: "Valence"}, To: []IRI{Public}, Published: noon.Add(-time.Hour),
			Extra: map[string]json.RawMessage{},
		}
		change(o)
		return o
	}
	status := func(s string) func(*Object) {
		return func(o *Object) { o.Extra["eventStatus"] = json.RawMessage(`"` + s + `"`) }
	}
	same := func(*Object) {}
	for _, c := range []struct {
		name    string
		was, is func(*Object)
		want    string
	}{
		{"nothing", same, same, ChangeNone},
		{"words", same, func(o *Object) { o.Name, o.Content = "La fête", "<p>Venez</p>" }, ChangeNone},
		{"a slip of the pen", same, func(o *Object) { o.Location = &Place{Type: "Place", Name: "salle Jean Moulin,", City: "VALENCE"} }, ChangeNone},
		{"another room", same, func(o *Object) { o.Location = &Place{Type: "Place", Name: "Salle Jean-Moulin 2", City: "Valence"} }, ChangeElsewhere},
		{"another day", same, func(o *Object) { o.Start, o.End = o.Start.AddDate(0, 0, 1), o.End.AddDate(0, 0, 1) }, ChangeMoved},
		{"the same moment on another clock", same, func(o *Object) { o.Start = o.Start.In(time.FixedZone("", 7200)) }, ChangeNone},
		{"an end that was a guess", func(o *Object) { o.Extra["displayEndTime"] = json.RawMessage("false") }, func(o *Object) { o.End = o.End.Add(time.Hour) }, ChangeNone},
		{"another end", same, func(o *Object) { o.End = o.End.Add(time.Hour) }, ChangeMoved},
		{"called off", same, status(EventCancelled), ChangeCancelled},
		{"called off as iCalendar says it", same, func(o *Object) { o.Extra["status"] = json.RawMessage(`"CANCELLED"`) }, ChangeCancelled},
		{"called off twice", status(EventCancelled), status(EventCancelled), ChangeNone},
		{"takes place after all", status(EventCancelled), same, ChangeBack},
		{"put off", same, status(EventPostponed), ChangePostponed},
		{"moved online", same, status(EventMovedOnline), ChangeOnline},
		{"a screen for a place", same, func(o *Object) { o.Location = &Place{Type: "VirtualLocation", URL: "https://visio.example"} }, ChangeOnline},
		{"deleted", same, func(o *Object) { o.Type = "Tombstone" }, ChangeDeleted},
		{"deleted after it was called off", status(EventCancelled), func(o *Object) { o.Type = "Tombstone" }, ChangeNone},
	} {
		t.Run(c.name, func(t *testing.T) {
			was, is := made(c.was), made(c.is)
			if got := ChangeOf(was, is); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			// Who answered a peer's event is told, whether or not they follow anybody.
			s := newMemory()
			s.objects[was.ID] = *was
			s.edges[edgeKey(Join, ann, was.ID)] = Edge{Kind: Join, From: ann, To: was.ID}
			is.Updated = noon
			if is.Gone() {
				s.must(t, act(Delete, vera, is.ID))
			} else {
				a := act(Update, vera, is.ID)
				a.Enclosed = is
				s.must(t, a)
			}
			switch {
			case c.want == ChangeNone && len(s.notices) > 0:
				t.Errorf("told %+v", s.notices)
			case c.want != ChangeNone && (len(s.notices) != 1 || s.notices[0].Kind != "Event"+c.want || s.notices[0].For != ann):
				t.Errorf("told %+v", s.notices)
			}
		})
	}
}

// A slip in a date does not keep a peer's event away; our own forms say so.
func TestAnEndBeforeTheStart(t *testing.T) {
	s := newMemory()
	s.follows(ann, vera)
	for who, want := range map[IRI]bool{vera: true, ann: false} {
		o := note(who, "party")
		o.Type, o.Name, o.Start, o.End = "Event", "Fête", noon.AddDate(0, 0, 1), noon
		_, err := Apply(t.Context(), s, post(o))
		if taken := err == nil; taken != want {
			t.Errorf("%s: %v", who, err)
		}
		if got := s.objects[o.ID]; want && !got.End.IsZero() {
			t.Errorf("it ends at %s", got.End)
		}
	}
}
