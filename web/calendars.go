// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/harvest"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// calendarsData is what the page of calendars that are kept elsewhere shows.
type calendarsData struct {
	Form      *form
	Calendars []calendarLine
	Voices    []option
	Everies   []option
	Brought   []fact // files that were not published yet
}

// A calendarLine is a calendar as its list and its page show it.
type calendarLine struct {
	*locale.Printer

	ID                     int64
	Name, Who, Address     string
	State                  string // in words
	Trouble                string // what somebody should look at; "" if nothing
	Counts                 string
	File, Paused, Failing  bool
	Held                   bool
	Next, Interval, Detail string
}

// everies are how often a calendar may be read, in minutes; 0: as it says.
var everies = []string{"0", "15", "60", "360", "1440"}

func (v *visit) calendars(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.calendarsPage(ctx, tx, v.form(url.Values{"every": {"0"}}))
}

func (v *visit) calendarsPage(ctx context.Context, tx *store.Tx, f *form) (*page, error) {
	d := calendarsData{Form: f, Voices: v.publishers(), Everies: options(v.words, "form_every_", everies)}
	list, err := tx.Calendars(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		if !v.looksAfter(c) {
			continue
		}
		l, err := v.calendarLine(ctx, tx, c)
		if err != nil {
			return nil, err
		}
		d.Calendars = append(d.Calendars, l)
	}
	files, err := tx.BroughtFiles(ctx, v.account.ID, store.FileCalendar)
	if err != nil {
		return nil, err
	}
	for _, u := range files {
		d.Brought = append(d.Brought, fact{URL: "/settings/calendars/import/" + u.ID, Text: u.Name, Label: v.words.Ago(u.Created, v.Now())})
	}
	return &page{Name: "calendars", Title: v.words.T("page_calendars"), Data: d, NoIndex: true, Problems: f.mistakes}, nil
}

// publishers are those for whom a calendar may be published: an initiative or a
// circuit, no person.
func (v *visit) publishers() (all []option) {
	for _, a := range v.voices {
		if a.Type != "Person" {
			all = append(all, option{Value: a.Username, Label: v.actorOf(a, a.ID).Name})
		}
	}
	return all
}

// publisher returns the one that was chosen.
func (v *visit) publisher(f *form) *federation.Actor {
	for _, a := range v.voices {
		if a.Type != "Person" && a.Username == f.Value("as") {
			return a
		}
	}
	f.wrong("as", "error_calendar_as")
	return nil
}

// looksAfter reports whether a calendar is the visitor's to change.
func (v *visit) looksAfter(c *store.Calendar) bool {
	return admin.allows(v.account) || v.speaksFor(c.Actor)
}

// calendarLine says in words how a calendar is.
func (v *visit) calendarLine(ctx context.Context, tx *store.Tx, c *store.Calendar) (calendarLine, error) {
	l := calendarLine{
		Printer: v.words, ID: c.ID, Name: c.Name, Address: c.URL, File: c.State == store.CalendarFile, Paused: c.State == store.CalendarPaused,
		Failing: !c.Failing.IsZero() && c.State == store.CalendarActive, Held: !c.Held.IsZero(), Detail: c.Detail,
	}
	if l.Name == "" {
		l.Name = v.words.T("page_calendar_unnamed", "Host", federation.IRI(c.URL).Host())
	}
	who, err := tx.Actor(ctx, c.Actor)
	if err != nil {
		return l, err
	}
	l.Who = v.actorOf(who, who.ID).Name
	counts, err := tx.EntryCounts(ctx, c.ID)
	if err != nil {
		return l, err
	}
	l.Counts = v.entryCounts(counts)
	v.calendarState(&l, c)
	return l, nil
}

// calendarState says when a calendar was read and what is wrong with it.
func (v *visit) calendarState(l *calendarLine, c *store.Calendar) {
	ago := func(t time.Time) string { return v.words.Ago(t, v.Now()) }
	switch {
	case l.File:
		l.State = v.words.T("page_calendar_file", "When", ago(c.Read))
		return
	case l.Paused:
		l.State = v.words.T("page_calendar_paused")
	case c.Read.IsZero() && !l.Failing:
		l.State = v.words.T("page_calendar_soon")
	case !c.Read.IsZero():
		l.State = v.words.T("page_calendar_read", "When", ago(c.Read))
	default:
		l.State = v.words.T("page_calendar_never")
	}
	l.Interval = v.words.T("page_calendar_every", "Minutes", int(harvest.Interval(c)/time.Minute))
	switch {
	case l.Paused:
	case l.Failing:
		l.Trouble = v.words.T("page_calendar_failing", "When", ago(c.Failing), "Why", v.words.T(c.Fault))
		l.Next = v.askedAgain(c)
	case l.Held:
		l.Trouble = v.words.T("page_calendar_held", "Count", c.HeldCount)
	}
}

// askedAgain says when a calendar is asked again.
func (v *visit) askedAgain(c *store.Calendar) string {
	left := c.Due.Sub(v.Now())
	if left < time.Minute {
		return v.words.T("page_calendar_soon")
	}
	return v.words.T("page_calendar_again", "Minutes", int(left/time.Minute))
}

// entryCounts says how many entries there are, and what became of them.
func (v *visit) entryCounts(counts map[string]int) string {
	var all []string
	for _, state := range []string{store.EntryPublished, store.EntryDouble, store.EntryRefused, store.EntryUnwanted} {
		if n := counts[state]; n > 0 {
			all = append(all, v.words.T("page_calendar_count_"+state, "Count", n))
		}
	}
	return strings.Join(all, " · ")
}

// addCalendar begins to read a calendar.
func (v *visit) addCalendar(ctx context.Context) (p *page, err error) {
	f := v.posted()
	c := &store.Calendar{State: store.CalendarActive, Account: v.account.ID}
	if a := v.publisher(f); a != nil {
		c.Actor = a.ID
	}
	c.URL = v.calendarAddress(f)
	f.calendarChoices(c)
	if len(f.mistakes) == 0 {
		err = v.DB.Update(ctx, func(tx *store.Tx) error { return tx.AddCalendar(ctx, c) })
		if errors.Is(err, federation.ErrConflict) {
			f.wrong("address", "error_calendar_known", "Max", store.MaxCalendars)
			err = nil
		}
	}
	if err != nil {
		return nil, err
	}
	if len(f.mistakes) > 0 {
		err = v.DB.View(ctx, func(tx *store.Tx) error {
			p, err = v.calendarsPage(ctx, tx, f)
			return err
		})
		return p, err
	}
	return see("/settings/calendars/"+strconv.FormatInt(c.ID, 10), "calendar_added"), nil
}

// calendarAddress reads the address of a form.
func (v *visit) calendarAddress(f *form) string {
	typed := strings.TrimSpace(f.Value("address"))
	if typed == "" {
		f.wrong("address", "error_calendar_address_missing")
		return ""
	}
	if v.Directory == nil {
		f.wrong("address", "error_calendar_address")
		return ""
	}
	iri, err := v.Directory.Client.CalendarAddress(typed)
	switch {
	case errors.Is(err, federation.ErrForbidden):
		f.wrong("address", "error_calendar_own")
	case err != nil:
		f.wrong("address", "error_calendar_address")
	}
	return string(iri)
}

// calendarChoices reads what one chooses of a calendar.
func (f *form) calendarChoices(c *store.Calendar) {
	c.Name = cut(f.Value("name"), 100)
	c.WallClock = f.Value("wallclock") != ""
	c.Secret = f.Value("secret") != "" || harvest.LooksSecret(c.URL)
	if n, err := strconv.Atoi(f.Value("every")); err == nil && slices.Contains(everies, f.Value("every")) {
		c.Every = time.Duration(n) * time.Minute
	}
}

// calendarTasks are calendars that somebody should look at.
func (v *visit) calendarTasks(ctx context.Context, tx *store.Tx) ([]task, error) {
	failing, err := tx.FailingCalendars(ctx, v.Now().Add(-24*time.Hour))
	if err != nil {
		return nil, err
	}
	held, err := tx.HeldCalendars(ctx)
	all := v.counted("page_task_calendars", failing, "/settings/calendars", "calendar-sync", false)
	return append(all, v.counted("page_task_calendars_held", held, "/settings/calendars", "calendar-sync", true)...), err
}
