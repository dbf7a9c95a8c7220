// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"strings"
	"unicode"
)

// What became of an event, as far as it matters to whoever wants to come: other
// changes are nobody's business. With "Event" before it, it is the kind of a
// notice.
const (
	ChangeNone      = ""
	ChangeCancelled = "cancelled"
	ChangeDeleted   = "deleted"
	ChangeBack      = "back" // it takes place after all
	ChangePostponed = "postponed"
	ChangeOnline    = "online"
	ChangeMoved     = "moved" // in time
	ChangeElsewhere = "elsewhere"
)

// Changes lists all that may become of an event.
var Changes = []string{
	ChangeCancelled, ChangeDeleted, ChangeBack, ChangePostponed, ChangeOnline, ChangeMoved, ChangeElsewhere,
}

// ChangeOf names what became of an event that was and is; the most important,
// if there is more than one.
func ChangeOf(was, is *Object) string {
	before, now := EventOf(was), EventOf(is)
	switch {
	case was.Gone() || was.Type != event.Type:
		return ChangeNone
	case is.Gone() && before.Status == EventCancelled:
		return ChangeNone
	case is.Gone():
		return ChangeDeleted
	case now.Status == EventCancelled && before.Status == EventCancelled:
		return ChangeNone
	case now.Status == EventCancelled:
		return ChangeCancelled
	case before.Status == EventCancelled:
		return ChangeBack
	case now.Status == EventPostponed && before.Status != EventPostponed:
		return ChangePostponed
	case online(is) && !online(was):
		return ChangeOnline
	case !was.Start.Equal(is.Start), !before.HideEnd && !now.HideEnd && !was.End.Equal(is.End):
		return ChangeMoved
	case spot(was.Location) != spot(is.Location):
		return ChangeElsewhere
	}
	return ChangeNone
}

// online reports whether one can only come to an event by a screen.
func online(o *Object) bool {
	return EventOf(o).Status == EventMovedOnline || o.Location != nil && o.Location.Type == "VirtualLocation"
}

// spot is where something is, without what is but a slip of the pen: capitals,
// punctuation and spaces.
func spot(p *Place) string {
	if p == nil {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, p.Name+p.Street+p.Postal+p.City+p.URL)
}

// over reports whether an event lies behind us.
func over(o *Object, s State) bool {
	end := o.End
	if end.Before(o.Start) {
		end = o.Start
	}
	return end.Before(s.Now())
}

// changed tells those of ours who answered an event, a peer's or ours, what
// became of it. Whoever answered by another door is told by the outbox.
func changed(ctx context.Context, s State, was, is *Object) error {
	what := ChangeOf(was, is)
	if what == ChangeNone || over(was, s) && over(is, s) {
		return nil
	}
	list, err := s.LocalAnswerers(ctx, was.ID)
	if err != nil {
		return err
	}
	for _, id := range list {
		if id == was.AttributedTo || IsGuest(s.Home(), id) {
			continue
		}
		n := Notice{For: id, Kind: "Event" + what, Actor: was.AttributedTo, Object: was.ID, At: s.Now(), Again: true}
		if is.Gone() {
			n.Title = was.Name
		}
		if err := s.Notify(ctx, n); err != nil {
			return err
		}
	}
	return nil
}
