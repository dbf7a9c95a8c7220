// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/calendar"
	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/harvest"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// keptCalendarData is what the page of one calendar shows.
type keptCalendarData struct {
	calendarLine

	Form     *form
	Everies  []option
	Summary  string
	Outcome  string
	Remarks  []string
	More     int
	Doubles  entryList
	Refused  entryList
	Unwanted entryList
	Dates    entryList
	Further  int
	Action   string
}

// An entryList is dates of a calendar that something can be done with.
type entryList struct {
	*locale.Printer

	Entries       []entryLine
	Action        string
	Publish, Skip bool // the buttons
}

// An entryLine is one date of a calendar.
type entryLine struct {
	ID                    int64
	Title, When, URL, Why string
	Told, Removed         bool
}

// shownEntries is how many dates of each kind a page shows.
const shownEntries = 60

// keptCalendar returns the calendar of a page; to those who do not look after
// it, it is not there.
func (v *visit) keptCalendar(ctx context.Context, tx *store.Tx) (*store.Calendar, error) {
	id, err := strconv.ParseInt(v.r.PathValue("calendar"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("calendar: %w", federation.ErrNotFound)
	}
	c, err := tx.Calendar(ctx, id)
	if err == nil && !v.looksAfter(c) {
		err = fmt.Errorf("calendar %d: %w", id, federation.ErrNotFound)
	}
	return c, err
}

func (v *visit) calendarPage(ctx context.Context, tx *store.Tx) (*page, error) {
	c, err := v.keptCalendar(ctx, tx)
	if err != nil {
		return nil, err
	}
	f := v.form(url.Values{"name": {c.Name}, "every": {strconv.Itoa(int(c.Every / time.Minute))}})
	if c.WallClock {
		f.values.Set("wallclock", "1")
	}
	if c.Secret {
		f.values.Set("secret", "1")
	}
	d := &keptCalendarData{Form: f, Everies: options(v.words, "form_every_", everies), Action: "/settings/calendars/" + strconv.FormatInt(c.ID, 10)}
	if d.calendarLine, err = v.calendarLine(ctx, tx, c); err != nil {
		return nil, err
	}
	d.Doubles = entryList{Printer: v.words, Action: d.Action, Publish: true, Skip: true}
	d.Unwanted = entryList{Printer: v.words, Action: d.Action, Publish: true}
	d.Refused, d.Dates = entryList{Printer: v.words}, entryList{Printer: v.words}
	v.reportOn(d, harvest.ReportOf(c))
	rows, err := tx.CalendarEvents(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if r.Ends.Before(v.Now()) {
			continue
		}
		d.add(v, r)
	}
	return &page{Name: "calendar_kept", Title: d.Name, Data: d, NoIndex: true}, nil
}

// add shows a date among those of its kind.
func (d *keptCalendarData) add(v *visit, r *store.CalendarEvent) {
	l := entryLine{ID: r.ID, Title: r.Title, When: v.words.DateRange(r.Starts.In(v.zone()), r.Ends.In(v.zone()), v.zone().String()), Told: !r.Announced.IsZero(), Removed: r.State == store.EntryRemoved}
	if l.Title == "" {
		l.Title = v.words.T("page_untitled")
	}
	if r.Object != "" {
		l.URL = v.href(&federation.Object{ID: r.Object, Local: true})
	}
	if r.Reason != "" {
		l.Why = v.words.T(r.Reason, "Date", v.words.Day(r.Starts.In(v.zone())), "Start", v.words.DateTime(r.Starts.In(v.zone())), "End", v.words.DateTime(r.Ends.In(v.zone())))
	}
	list := map[string]*entryList{
		store.EntryDouble: &d.Doubles, store.EntryRefused: &d.Refused, store.EntryUnwanted: &d.Unwanted,
	}[r.State]
	if list == nil {
		list = &d.Dates
	}
	if len(list.Entries) >= shownEntries {
		d.Further++
		return
	}
	list.Entries = append(list.Entries, l)
}

// reportOn says what came of the last reading.
func (v *visit) reportOn(d *keptCalendarData, r harvest.Report) {
	if r.Entries == 0 && len(r.Remarks) == 0 && r.Dates == 0 {
		return
	}
	d.Summary = v.words.T("page_calendar_summary", "Entries", r.Entries, "Count", r.Dates)
	d.Outcome = v.outcome(r.Outcome)
	d.Remarks, d.More = v.remarks(r.Remarks), r.More
	if r.Cut > 0 {
		d.Remarks = append(d.Remarks, v.words.T("page_calendar_cut", "Count", r.Cut, "Max", harvest.MaxItems))
	}
}

func (v *visit) remarks(list []calendar.Remark) (all []string) {
	for _, m := range list {
		all = append(all, m.Text(v.words))
	}
	return all
}

// outcome says what a reading changed.
func (v *visit) outcome(o harvest.Outcome) string {
	if !o.Done() {
		return v.words.T("page_calendar_nothing")
	}
	var all []string
	for _, part := range []struct {
		id string
		n  int
	}{{"new", o.New}, {"changed", o.Changed}, {"removed", o.Removed}, {"same", o.Same}} {
		if part.n > 0 {
			all = append(all, v.words.T("page_calendar_did_"+part.id, "Count", part.n))
		}
	}
	return strings.Join(all, " · ")
}

// changeCalendar does what a button of the page of a calendar says.
func (v *visit) changeCalendar(ctx context.Context) (*page, error) {
	f := v.posted()
	here := v.r.URL.Path
	action := f.Value("action")
	var c *store.Calendar
	err := v.DB.Update(ctx, func(tx *store.Tx) (err error) {
		if c, err = v.keptCalendar(ctx, tx); err != nil {
			return err
		}
		switch action {
		case "read":
			return tx.SetCalendar(ctx, c)
		case "pause":
			c.State = store.CalendarPaused
			return tx.SetCalendar(ctx, c)
		case "resume":
			c.State = store.CalendarActive
			return tx.SetCalendar(ctx, c)
		case "confirm":
			return tx.ConfirmCalendar(ctx, c.ID)
		case "save":
			f.calendarChoices(c)
			return tx.SetCalendar(ctx, c)
		case "publish", "skip":
			return v.decideEntry(ctx, tx, c, f)
		case "keep", "withdraw":
			return nil
		}
		return fmt.Errorf("%w: action %q", federation.ErrMalformed, cut(action, 40))
	})
	if err != nil {
		return nil, err
	}
	if action == "keep" || action == "withdraw" {
		h := &harvest.Harvest{DB: v.DB, Log: v.Log, Now: v.Now}
		if err := h.Stop(ctx, c, action == "withdraw"); err != nil {
			return nil, err
		}
		return see("/settings/calendars", "calendar_"+action), nil
	}
	return see(here, "calendar_"+action), nil
}

// decideEntry publishes a date that seems to be here already, or not.
func (v *visit) decideEntry(ctx context.Context, tx *store.Tx, c *store.Calendar, f *form) error {
	rows, err := tx.CalendarEvents(ctx, c.ID)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if strconv.FormatInt(r.ID, 10) != f.Value("entry") {
			continue
		}
		if r.State != store.EntryDouble && r.State != store.EntryUnwanted {
			return nil // decided meanwhile
		}
		r.State = map[string]string{"publish": store.EntryWanted, "skip": store.EntryUnwanted}[f.Value("action")]
		if err := tx.PutCalendarEvent(ctx, r); err != nil || r.State != store.EntryWanted {
			return err
		}
		return tx.SetCalendar(ctx, c)
	}
	return fmt.Errorf("entry: %w", federation.ErrNotFound)
}

// A taken event says which calendar it comes from.
type takenFrom struct {
	Text, URL, Page string
	Later           string // for its author: that followers do not have it yet
}

// takenFrom says where an event comes from that was not typed here; nil if it
// was.
func (v *visit) takenFrom(ctx context.Context, tx *store.Tx, o *federation.Object) (*takenFrom, error) {
	from, ok := harvest.From(o)
	if !ok {
		return nil, nil
	}
	t := &takenFrom{URL: from.URL, Page: from.Page}
	name := from.Name
	if name == "" {
		name = federation.IRI(from.URL).Host()
	}
	t.Text = v.words.T("page_taken_from", "Name", name)
	if !o.Local {
		return t, nil
	}
	rows, err := tx.CalendarEventsOf(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		c, err := tx.Calendar(ctx, r.Calendar)
		if err != nil {
			return nil, err
		}
		if r.Announced.IsZero() && r.Starts.After(v.Now()) && v.speaksFor(o.AttributedTo) {
			t.Later = v.words.T("page_taken_later")
		}
		switch {
		case r.State == store.EntryDouble:
			continue
		case c.State == store.CalendarFile:
			t.Text = v.words.T("page_taken_file", "Name", name, "When", v.words.Ago(r.Changed, v.Now()))
		case !c.Read.IsZero():
			t.Text = v.words.T("page_taken_read", "Name", name, "When", v.words.Ago(c.Read, v.Now()))
		}
		break
	}
	return t, nil
}
