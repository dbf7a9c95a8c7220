// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The organiser of an event may look for hands: two people for the dishes,
// from 18:00 to 20:00. Such a slot is a ValueFlows intent of work in the
// event's document, and who takes it an edge of the kind [TakesSlot]. One takes
// slots with the answer that one comes: a Join names all of them, the Accept
// those that one has. A slot is kept for somebody who waits for a place.

// TakesSlot is the kind of edge from whoever takes a slot to it; pending while
// a peer has not agreed.
const TakesSlot = "Slot"

// Limits of the slots of an event.
const (
	MaxSlots      = 20
	MaxSlotPeople = 99
	maxSlotName   = 100
)

// A Slot is something to do at an event, and for how many people.
type Slot struct {
	ID         IRI // that of the event, and a fragment
	Name       string
	People     int
	Start, End time.Time // zero: not said
}

// slotWire is a slot in a document: a ValueFlows intent.
type slotWire struct {
	Type     string   `json:"type"`
	ID       IRI      `json:"id"`
	Action   string   `json:"action"`
	Name     string   `json:"name"`
	Start    string   `json:"startTime,omitempty"`
	End      string   `json:"endTime,omitempty"`
	Quantity Quantity `json:"resourceQuantity"`
}

// PutSlots writes the slots of an event into its properties.
func PutSlots(o *Object, list []Slot) {
	delete(o.Extra, "slots")
	if len(list) == 0 {
		return
	}
	var wire []slotWire
	for _, s := range list {
		w := slotWire{Type: "Intent", ID: s.ID, Action: "work", Name: s.Name, Quantity: Quantity{"one", Decimal(strconv.Itoa(s.People))}}
		for to, t := range map[*string]time.Time{&w.Start: s.Start, &w.End: s.End} {
			if !t.IsZero() {
				*to = t.Format(time.RFC3339)
			}
		}
		wire = append(wire, w)
	}
	o.put("slots", wire)
}

// SlotsOf reads the slots of an event. What makes no sense is left out.
func SlotsOf(o *Object) (list []Slot) {
	var all []map[string]json.RawMessage
	read(o.Extra["slots"], &all)
	for _, m := range all {
		s := Slot{ID: IRI(text(m["id"])), Name: strings.Join(strings.Fields(text(m["name"])), " ")}
		s.Start, _ = time.Parse(time.RFC3339, text(m["startTime"]))
		s.End, _ = time.Parse(time.RFC3339, text(m["endTime"]))
		if q := quantityOf(valueFlows(m, "resourceQuantity")); q != nil {
			s.People, _ = strconv.Atoi(string(q.Value))
		}
		if r := []rune(s.Name); len(r) > maxSlotName {
			s.Name = string(r[:maxSlotName])
		}
		twice := slices.ContainsFunc(list, func(t Slot) bool { return t.ID == s.ID })
		if twice || s.Name == "" || s.People < 1 || s.People > MaxSlotPeople || !strings.HasPrefix(string(s.ID), string(o.ID)+"#") {
			continue
		}
		if list = append(list, s); len(list) == MaxSlots {
			break
		}
	}
	return list
}

// ShowHelpers says whether everybody may see who helps at an event.
func ShowHelpers(o *Object, shown bool) {
	delete(o.Extra, "helpersShown")
	if shown {
		o.put("helpersShown", true)
	}
}

// HelpersShown reports whether everybody may see who helps at an event.
func HelpersShown(o *Object) (shown bool) {
	read(o.Extra["helpersShown"], &shown)
	return shown
}

// WithSlots puts into a Join which slots one takes, or into an Accept which one
// has: all of them; others are free again.
func WithSlots(a *Activity, slots []IRI) {
	raw, err := json.Marshal(append([]IRI{}, slots...))
	if err != nil {
		return // strings are always written
	}
	if a.Extra == nil {
		a.Extra = map[string]json.RawMessage{}
	}
	a.Extra["slots"] = raw
}

// slotsIn returns the slots that an activity names; nil if it says nothing of
// them.
func slotsIn(a *Activity) []IRI {
	raw, ok := a.Extra["slots"]
	if !ok {
		return nil
	}
	list := []IRI{}
	for _, s := range texts(raw) {
		if len(list) < MaxSlots {
			list = append(list, IRI(s))
		}
	}
	return list
}

// Held returns the slots of an event that somebody has, or asked for.
func Held(ctx context.Context, s State, o *Object, who IRI) (held []IRI, err error) {
	for _, slot := range SlotsOf(o) {
		_, err := s.Edge(ctx, TakesSlot, who, slot.ID)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		held = append(held, slot.ID)
	}
	return held, nil
}

// takeSlots gives somebody the slots that their answer names, as long as
// somebody is wanted, and takes the others back. It changes nothing if the
// answer says nothing of slots. The caller holds the lock of the event.
func takeSlots(ctx context.Context, s State, o *Object, e *Edge) error {
	if e.Slots == nil {
		return nil
	}
	took, freed := false, false
	for _, slot := range SlotsOf(o) {
		_, err := s.Edge(ctx, TakesSlot, e.From, slot.ID)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		switch has, wants := err == nil, slices.Contains(e.Slots, slot.ID); {
		case has && !wants:
			freed = true
			err = s.DropEdge(ctx, TakesSlot, e.From, slot.ID)
		case wants && !has:
			var ok bool
			ok, err = takeSlot(ctx, s, o, slot, e.From)
			took = took || ok
		default:
			err = nil
		}
		if err != nil {
			return err
		}
	}
	if took {
		if err := tellOfSlots(ctx, s, o, e.From, "Slot"); err != nil {
			return err
		}
	}
	if freed {
		return tellOfSlots(ctx, s, o, e.From, "SlotFreed")
	}
	return nil
}

// takeSlot gives somebody a slot if it is not full; of a peer's event it asks.
func takeSlot(ctx context.Context, s State, o *Object, slot Slot, who IRI) (bool, error) {
	if o.Local {
		taken, err := s.CountTo(ctx, TakesSlot, slot.ID)
		if err != nil || taken >= slot.People {
			return false, err
		}
	}
	return true, s.PutEdge(ctx, &Edge{Kind: TakesSlot, From: who, To: slot.ID, Pending: !o.Local, At: s.Now()})
}

// freeSlots takes back all that somebody was to do at an event: they do not
// come, or perhaps only.
func freeSlots(ctx context.Context, s State, o *Object, who IRI) error {
	freed := false
	for _, slot := range SlotsOf(o) {
		err := s.DropEdge(ctx, TakesSlot, who, slot.ID)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		freed = freed || err == nil
	}
	if !freed {
		return nil
	}
	return tellOfSlots(ctx, s, o, who, "SlotFreed")
}

// Assign gives somebody who answered an event of ours a slot, or takes it from
// them, as the organiser wishes: also more people than were wanted.
func Assign(ctx context.Context, s State, o *Object, slot, who IRI, has bool) error {
	if err := s.Lock(ctx, o.ID); err != nil {
		return err
	}
	if !slices.ContainsFunc(SlotsOf(o), func(t Slot) bool { return t.ID == slot }) {
		return ErrNotFound
	}
	kind := "SlotGone"
	if has {
		kind = "SlotGiven"
		if err := s.PutEdge(ctx, &Edge{Kind: TakesSlot, From: who, To: slot, At: s.Now()}); err != nil {
			return err
		}
	} else if err := s.DropEdge(ctx, TakesSlot, who, slot); err != nil {
		return err
	}
	return tellHelper(ctx, s, o, who, kind)
}

// granted takes in what the organiser of a peer's event says of the slots of
// one of ours.
func granted(ctx context.Context, s State, a *Activity, e *Edge) error {
	given := slotsIn(a)
	if given == nil || e.From.Origin() != s.Home() {
		return nil
	}
	o, err := s.Object(ctx, e.To)
	if err != nil || o.Local {
		return err
	}
	kind := ""
	for _, slot := range SlotsOf(o) {
		old, err := s.Edge(ctx, TakesSlot, e.From, slot.ID)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		switch has := slices.Contains(given, slot.ID); {
		case has && (old == nil || old.Pending):
			kind = first(kind, "SlotGiven")
			err = s.PutEdge(ctx, &Edge{Kind: TakesSlot, From: e.From, To: slot.ID, At: s.Now()})
		case !has && old != nil:
			kind = "SlotGone"
			err = s.DropEdge(ctx, TakesSlot, e.From, slot.ID)
		default:
			err = nil
		}
		if err != nil {
			return err
		}
	}
	if kind == "" {
		return nil
	}
	return tellHelper(ctx, s, o, e.From, kind)
}

// tellOfSlots notifies the organiser of what somebody does about slots, each
// time.
func tellOfSlots(ctx context.Context, s State, o *Object, who IRI, kind string) error {
	if !o.Local || o.AttributedTo == who {
		return nil
	}
	n := Notice{For: o.AttributedTo, Kind: kind, Actor: who, Object: o.ID, At: s.Now(), Again: true}
	if IsGuest(s.Home(), who) {
		n.Kind, n.Actor = "Guest"+kind, o.AttributedTo
	}
	return s.Notify(ctx, n)
}

// tellHelper notifies one of ours of what the organiser did about their slots.
func tellHelper(ctx context.Context, s State, o *Object, who IRI, kind string) error {
	if who.Origin() != s.Home() || IsGuest(s.Home(), who) || who == o.AttributedTo {
		return nil
	}
	return s.Notify(ctx, Notice{For: who, Kind: kind, Actor: o.AttributedTo, Object: o.ID, At: s.Now(), Again: true})
}

// Agreement is the Accept of an answer to an event of ours, with the slots that
// go with it.
func Agreement(ctx context.Context, s State, o *Object, e *Edge) (*Activity, error) {
	a := answer(Accept, o.AttributedTo, &Activity{ID: e.By, Type: Join, Actor: e.From, Object: e.To})
	if len(SlotsOf(o)) == 0 {
		return a, nil
	}
	held, err := Held(ctx, s, o, e.From)
	if err == nil {
		WithSlots(a, held)
	}
	return a, err
}
