// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"codeberg.org/maillage/maillage/federation"
)

// A SlotForm is something to do at an event, as typed. A row without words is
// no slot.
type SlotForm struct {
	Key      string // of a slot that was there before
	Name     string
	People   string // empty: one
	From, To string // hours on the clocks of the event; may be empty
}

const (
	slotMark    = "#slot-" // before the key, in the id of a slot
	maxSlotName = 80

	// slotsBefore is how long before an event one may help: at hours that are
	// earlier, it is the day after.
	slotsBefore = 12 * time.Hour
)

// SlotKey returns the part of a slot's id that tells it from others of the same
// event.
func SlotKey(id federation.IRI) string {
	_, key, _ := strings.Cut(string(id), slotMark)
	return key
}

// SlotID is the inverse.
func SlotID(event federation.IRI, key string) federation.IRI {
	return event + slotMark + federation.IRI(key)
}

// slots reads who is wanted for what. A slot keeps its id as long as it stands
// in the form.
func (f EventForm) slots(c Composer, o *federation.Object, ps *Problems) {
	var list []federation.Slot
	taken := map[string]bool{}
	if c.Old != nil {
		for _, s := range federation.SlotsOf(c.Old) {
			taken[SlotKey(s.ID)] = true
		}
	}
	kept := map[string]bool{}
	for i, row := range f.Slots {
		s := federation.Slot{Name: cleanTitle(row.Name), People: 1}
		if s.Name == "" {
			if strings.TrimSpace(row.People+row.From+row.To) != "" {
				ps.add("slots", "error_slot_name")
			}
			continue
		}
		key := row.Key
		if !taken[key] || kept[key] {
			key = strconv.FormatInt(c.Now.UnixMicro()+int64(i), 36)
		}
		kept[key] = true
		s.ID = SlotID(o.ID, key)
		if utf8.RuneCountInString(s.Name) > maxSlotName {
			ps.add("slots", "error_slot_long", "Max", maxSlotName)
		}
		if typed := strings.TrimSpace(row.People); typed != "" {
			n, err := strconv.Atoi(typed)
			if err != nil || n < 1 || n > federation.MaxSlotPeople {
				ps.add("slots", "error_slot_people", "Max", federation.MaxSlotPeople)
			}
			s.People = n
		}
		s.Start, s.End = f.slotTimes(c, o, row, ps)
		list = append(list, s)
	}
	if len(list) > federation.MaxSlots {
		ps.add("slots", "error_slot_many", "Max", federation.MaxSlots)
	}
	federation.PutSlots(o, list)
	federation.ShowHelpers(o, f.HelpersShown && len(list) > 0)
}

// slotTimes puts the hours of a slot on the day of the event, or the night
// after.
func (f EventForm) slotTimes(c Composer, o *federation.Object, row SlotForm, ps *Problems) (from, to time.Time) {
	if o.Start.IsZero() {
		return from, to // said already
	}
	zone, ok := f.zone(c)
	if !ok {
		return from, to
	}
	after := o.Start.Add(-slotsBefore)
	read := func(typed string) time.Time {
		if strings.TrimSpace(typed) == "" {
			return time.Time{}
		}
		h, m, ok := clock(typed)
		if !ok {
			ps.add("slots", "error_slot_time")
			return time.Time{}
		}
		day := after.In(zone)
		t := time.Date(day.Year(), day.Month(), day.Day(), h, m, 0, 0, zone)
		if t.Before(after) {
			t = time.Date(day.Year(), day.Month(), day.Day()+1, h, m, 0, 0, zone)
		}
		return t
	}
	if from = read(row.From); !from.IsZero() {
		after = from
	}
	to = read(row.To)
	if from.IsZero() && !to.IsZero() {
		ps.add("slots", "error_slot_time")
	}
	return from, to
}

// slotForms is the inverse of slots.
func slotForms(o *federation.Object, zone string) (rows []SlotForm) {
	hour := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return inZone(t, zone).Format("15:04")
	}
	for _, s := range federation.SlotsOf(o) {
		rows = append(rows, SlotForm{Key: SlotKey(s.ID), Name: s.Name, People: strconv.Itoa(s.People), From: hour(s.Start), To: hour(s.End)})
	}
	return rows
}

// slotLines writes who is wanted for what, each in a few words.
func (w writer) slotLines(e federation.Event) (lines []string) {
	for _, s := range federation.SlotsOf(w.o) {
		line := w.T("post_slot", "Count", s.People, "What", s.Name)
		if hours := w.Hours(s.Start, s.End, e.Timezone); hours != "" {
			line = w.T("post_slot_when", "Slot", line, "When", hours)
		}
		lines = append(lines, line)
	}
	return lines
}
