// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// A slotLine is something to do at an event, as its page shows it: how many are
// still wanted, and whether the visitor does it. Names are for the organiser,
// unless the event says otherwise.
type slotLine struct {
	*locale.Printer
	ID         federation.IRI
	Key        string
	Name, When string
	People     int
	Left       int // who are still wanted; -1: a peer knows
	Mine       bool
	Asked      bool // of a peer, who has not answered
	Helpers    []helper
}

// A helper is somebody who takes a slot.
type helper struct {
	ID   federation.IRI
	Name string
}

// Wanted says how many are wanted.
func (s *slotLine) Wanted() string {
	switch {
	case s.Left < 0:
		return s.T("page_slot_people", s.People)
	case s.Left == 0:
		return s.T("page_slot_full")
	}
	return s.T("page_slot_left", s.Left)
}

// Taken says how many do it, of how many.
func (s *slotLine) Taken() string {
	return s.T("page_slot_taken", "Taken", len(s.Helpers), "People", s.People)
}

// Names lists who does it. Each name is apart, whichever way it is written: one in
// Arabic would turn its neighbours round.
func (s *slotLine) Names() string {
	var names []string
	for _, h := range s.Helpers {
		names = append(names, "\u2068"+h.Name+"\u2069")
	}
	return strings.Join(names, ", ")
}

// slotsOf reads what there is to do at an event, and who does it. me is whose
// slots are told apart.
func (v *visit) slotsOf(ctx context.Context, tx *store.Tx, o *federation.Object, me federation.IRI) (list []*slotLine, err error) {
	slots := federation.SlotsOf(o)
	if len(slots) == 0 {
		return nil, nil
	}
	var ids []federation.IRI
	for _, s := range slots {
		ids = append(ids, s.ID)
	}
	taken, err := tx.Helpers(ctx, ids...)
	if err != nil {
		return nil, err
	}
	names, err := v.helperNames(ctx, tx, o, taken)
	if err != nil {
		return nil, err
	}
	zone := federation.EventOf(o).Timezone
	for _, s := range slots {
		l := &slotLine{Printer: v.words, ID: s.ID, Key: outbox.SlotKey(s.ID), Name: s.Name, When: v.words.Hours(s.Start, s.End, zone), People: s.People, Left: -1}
		for _, e := range taken {
			if e.To == s.ID {
				l.Helpers = append(l.Helpers, helper{e.From, names[e.From]})
			}
			if e.To == s.ID && e.From == me {
				l.Mine, l.Asked = !e.Pending, e.Pending
			}
		}
		if o.Local {
			l.Left = max(s.People-len(l.Helpers), 0)
		}
		list = append(list, l)
	}
	return list, nil
}

// helperNames finds what those who help are called.
func (v *visit) helperNames(ctx context.Context, tx *store.Tx, o *federation.Object, taken []*federation.Edge) (map[federation.IRI]string, error) {
	names := map[federation.IRI]string{}
	if len(taken) == 0 || !o.Local {
		return names, nil
	}
	people, err := v.people(ctx, tx, taken, func(e *federation.Edge) federation.IRI { return e.From })
	if err != nil {
		return nil, err
	}
	for i, e := range taken {
		names[e.From] = people[i].Name
	}
	guests, err := tx.Guests(ctx, o.ID)
	for _, g := range guests {
		names[g.Guest] = g.Name
	}
	return names, err
}

// slotOptions are the slots that may be ticked in a form: those for which
// somebody is wanted, and those that one has.
func slotOptions(list []*slotLine) (all []option) {
	for _, s := range list {
		if s.Left == 0 && !s.Mine {
			continue
		}
		label := s.Name
		if s.When != "" {
			label += " · " + s.When
		}
		all = append(all, option{Value: s.Key, Label: label + " (" + s.Wanted() + ")"})
	}
	return all
}

// slotsTyped reads which slots were ticked; nil if the event has none.
func slotsTyped(f *form, o *federation.Object) []federation.IRI {
	var ticked []federation.IRI
	for _, s := range federation.SlotsOf(o) {
		if ticked == nil {
			ticked = []federation.IRI{}
		}
		if slices.Contains(f.values["slot"], outbox.SlotKey(s.ID)) {
			ticked = append(ticked, s.ID)
		}
	}
	return ticked
}

// takeSlot says that the visitor does something at an event, or after all does
// not. Who takes a slot comes.
func (v *visit) takeSlot(ctx context.Context) (*page, error) {
	var where, done string
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		o, err := v.readable(ctx, tx, federation.IRI(v.r.PostFormValue("object")))
		if err != nil {
			return err
		}
		open, err := v.answers(ctx, tx, []*federation.Object{o})
		if err != nil {
			return err
		}
		if a := open[o.ID]; a == nil || !a.Open {
			return fmt.Errorf("%s takes no answers: %w", o.ID, federation.ErrConflict)
		}
		slot := federation.IRI(v.r.PostFormValue("slot"))
		if !slices.ContainsFunc(federation.SlotsOf(o), func(s federation.Slot) bool { return s.ID == slot }) {
			return fmt.Errorf("slot %s: %w", slot, federation.ErrNotFound)
		}
		where = v.href(o) + "#slots"
		if err := v.takeOver(ctx, tx, o); err != nil {
			return err
		}
		done, err = v.changeSlot(ctx, tx, o, slot, v.r.PostFormValue("do") == "drop")
		return err
	})
	if err != nil {
		return nil, err
	}
	return see(where, done), nil
}

// changeSlot takes a slot or gives it back; done names what came of it.
func (v *visit) changeSlot(ctx context.Context, tx *store.Tx, o *federation.Object, slot federation.IRI, drop bool) (done string, err error) {
	if err := tx.Lock(ctx, o.ID); err != nil {
		return "", err
	}
	me := v.account.Person
	before, err := tx.AnswersBy(ctx, me, o.ID)
	if err != nil {
		return "", err
	}
	held, err := federation.Held(ctx, tx, o, me)
	if err != nil {
		return "", err
	}
	held = slices.DeleteFunc(held, func(id federation.IRI) bool { return id == slot })
	given := before[o.ID]
	if drop && given == nil {
		return "slot_dropped", nil
	}
	a := &federation.Activity{Type: federation.Join, Actor: me, Object: o.ID, To: []federation.IRI{o.AttributedTo}}
	if given != nil {
		federation.WithParty(a, given.Companions, given.Content)
	}
	if !drop {
		held = append(held, slot)
	}
	federation.WithSlots(a, held)
	if err := outbox.PublishTx(ctx, tx, a); err != nil || drop {
		return "slot_dropped", err
	}
	return v.slotDone(ctx, tx, o, slot, givenAnswer(given))
}

// slotDone names what came of asking for a slot, and of the answer that goes
// with it.
func (v *visit) slotDone(ctx context.Context, tx *store.Tx, o *federation.Object, slot federation.IRI, before string) (string, error) {
	held, err := federation.Held(ctx, tx, o, v.account.Person)
	if err != nil {
		return "", err
	}
	after, err := tx.AnswersBy(ctx, v.account.Person, o.ID)
	if err != nil {
		return "", err
	}
	switch now := givenAnswer(after[o.ID]); {
	case !slices.Contains(held, slot):
		return "slot_full", nil
	case !o.Local:
		return "slot_asked", nil
	case now == "waiting":
		return "slot_waiting", nil
	case before != "yes":
		return "slot_coming", nil
	}
	return "slot_taken", nil
}

// assignSlot gives somebody a slot of an event, or takes it back, for the
// organiser.
func (v *visit) assignSlot(ctx context.Context) (*page, error) {
	has := v.r.PostFormValue("do") != "remove"
	done := "slot_assigned"
	if !has {
		done = "slot_removed"
	}
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		o, err := v.own(ctx, tx)
		if err != nil {
			return err
		}
		who, slot := federation.IRI(v.r.PostFormValue("actor")), outbox.SlotID(o.ID, v.r.PostFormValue("slot"))
		given, err := tx.AnswersBy(ctx, who, o.ID)
		if err != nil {
			return err
		}
		if given[o.ID] == nil {
			return fmt.Errorf("%s did not answer: %w", who, federation.ErrNotFound)
		}
		if err := federation.Assign(ctx, tx, o, slot, who, has); err != nil {
			return fmt.Errorf("slot %s: %w", slot, err)
		}
		return v.tellAssigned(ctx, tx, o, given[o.ID], slot, has)
	})
	if err != nil {
		return nil, err
	}
	return see("/objects/"+v.r.PathValue("id")+"/answers#slots", done), nil
}

// tellAssigned tells whoever is not told by a notice: a guest by mail, somebody
// elsewhere by a new Accept.
func (v *visit) tellAssigned(ctx context.Context, tx *store.Tx, o *federation.Object, e *federation.Edge, slot federation.IRI, has bool) error {
	if federation.IsGuest(v.Origin, e.From) {
		what, name := "gone", ""
		if has {
			what = "given"
		}
		for _, s := range federation.SlotsOf(o) {
			if s.ID == slot {
				name = s.Name
			}
		}
		return outbox.WriteHelper(ctx, tx, o, e.From, what, name)
	}
	if e.From.Origin() == v.Origin || e.Kind != federation.Join || e.Pending {
		return nil
	}
	a, err := federation.Agreement(ctx, tx, o, e)
	if err != nil {
		return err
	}
	return outbox.PublishTx(ctx, tx, a)
}

// A slotRow is a row of the form of an event: a slot, or room for one.
type slotRow struct {
	*locale.Printer
	N                           int
	Key, Name, People, From, To string
}

// emptySlots is how many rows a form has for more slots.
const emptySlots = 3

// slotRows are the slots of a form as typed, and a few empty rows.
func (v *visit) slotRows(f *form) (rows []slotRow) {
	for _, s := range slotsInForm(f) {
		if strings.TrimSpace(s.Name+s.People+s.From+s.To) != "" {
			rows = append(rows, slotRow{v.words, len(rows) + 1, s.Key, s.Name, s.People, s.From, s.To})
		}
	}
	for n := 0; n < emptySlots && len(rows) < federation.MaxSlots; n++ {
		rows = append(rows, slotRow{Printer: v.words, N: len(rows) + 1})
	}
	return rows
}

// slotsInForm reads the rows of a form.
func slotsInForm(f *form) (list []outbox.SlotForm) {
	for i := range min(len(f.values["slot.what"]), 2*federation.MaxSlots) {
		list = append(list, outbox.SlotForm{
			Key: at(f.values["slot.key"], i), Name: at(f.values["slot.what"], i), People: at(f.values["slot.people"], i),
			From: at(f.values["slot.from"], i), To: at(f.values["slot.to"], i),
		})
	}
	return list
}

// putSlots is the inverse.
func putSlots(values url.Values, list []outbox.SlotForm, shown bool) {
	for _, s := range list {
		values.Add("slot.key", s.Key)
		values.Add("slot.what", s.Name)
		values.Add("slot.people", s.People)
		values.Add("slot.from", s.From)
		values.Add("slot.to", s.To)
	}
	if shown {
		values.Set("helpers", "1")
	}
}

// saidSlots says in few words what a form has of slots.
func saidSlots(f *form) string {
	n := 0
	for _, s := range slotsInForm(f) {
		if strings.TrimSpace(s.Name) != "" {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return f.T("form_said_slots", n)
}
