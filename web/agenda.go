// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"strconv"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// A listDay is what begins on one day.
type listDay struct {
	Title string
	Cards []*card
}

// An agendaMonth is a calendar of one month.
type agendaMonth struct {
	Title          string
	Weekdays       []string
	Weeks          [][]agendaCell
	Earlier, Later viewLink
	Full           bool // there is more than it can show
	Any            bool
}

// An agendaCell is a day of the calendar.
type agendaCell struct {
	Day    int // 0: of another month
	Date   string
	Today  bool
	Events []agendaEntry
}

type agendaEntry struct {
	Time, Title, URL string
	Off              bool
}

// monthSize is how many events a month shows.
const monthSize = 300

func (v *visit) events(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.list(ctx, tx, "events", store.Query{Kinds: []string{"event"}})
}

// agendaQuery narrows to what is to come, or was.
func (v *visit) agendaQuery(f *form, q *store.Query) {
	if f.Value("past") != "" {
		q.Ended, q.Sort = v.Now(), store.SortLast
		return
	}
	if q.From.IsZero() {
		q.From = v.Now()
	}
	q.Sort = store.SortStart
}

// days groups events by the day they begin on, on their own clocks. What began
// before today and goes on comes under one heading.
func (v *visit) days(cards []*card, past bool) (all []listDay) {
	now := v.Now().In(v.zone())
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, v.zone())
	for _, c := range cards {
		title := v.words.Date(c.start)
		if !past && c.start.Before(today) {
			title = v.words.T("page_agenda_now")
		}
		if n := len(all); n == 0 || all[n-1].Title != title {
			all = append(all, listDay{Title: title})
		}
		all[len(all)-1].Cards = append(all[len(all)-1].Cards, c)
	}
	return all
}

// month reads a month of events: the one that is asked for, else this one.
func (v *visit) month(ctx context.Context, tx *store.Tx, q store.Query) (*agendaMonth, error) {
	now := v.Now().In(v.zone())
	first, err := time.ParseInLocation("2006-01", v.r.URL.Query().Get("month"), v.zone())
	if err != nil || first.Year() < 2000 || first.Year() > 2200 {
		first = time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, v.zone())
	}
	next := first.AddDate(0, 1, 0)
	q.From, q.Until, q.Ended, q.Sort, q.Limit, q.Cursor = first, next, time.Time{}, store.SortStart, monthSize, ""
	m := &agendaMonth{Title: v.words.T("month_"+strconv.Itoa(int(first.Month()))) + " " + strconv.Itoa(first.Year())}
	days := make([][]agendaEntry, next.AddDate(0, 0, -1).Day()+1)
	if v.account == nil {
		q.LocalOnly = true
	} else if a, err := v.voice(); err == nil {
		q.Viewer = a.ID
	}
	found, more, err := tx.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		v.enterDays(days, first, f.Object)
	}
	m.Any, m.Full = len(found) > 0, more != ""
	v.weeks(m, first, days)
	m.Earlier = v.monthLink(first.AddDate(0, -1, 0), "arrow-left")
	m.Later = v.monthLink(next, "arrow-right")
	return m, nil
}

func (v *visit) monthLink(t time.Time, icon string) viewLink {
	text := v.words.T("month_"+strconv.Itoa(int(t.Month()))) + " " + strconv.Itoa(t.Year())
	return viewLink{text, icon, v.with("month", t.Format("2006-01"), "view", "month"), false}
}

// enterDays notes an event on each of its days in the month.
func (v *visit) enterDays(days [][]agendaEntry, first time.Time, o *federation.Object) {
	e := federation.EventOf(o)
	start := inZone(o.Start, e.Timezone)
	end := start
	if !e.HideEnd && o.End.After(o.Start) {
		end = inZone(o.End.Add(-time.Minute), e.Timezone) // until midnight is not the next day
	}
	entry := agendaEntry{Time: v.words.Time(start), Title: glued(outbox.BareTitle(o.Name)), URL: v.href(o), Off: federation.IndexOf(o).Closed}
	if entry.Title == "" {
		entry.Title = v.card(o).Title
	}
	day := 1
	if start.Year() == first.Year() && start.Month() == first.Month() {
		day = start.Day()
	}
	for ; day < len(days); day++ {
		midnight := time.Date(first.Year(), first.Month(), day, 0, 0, 0, 0, start.Location())
		if end.Before(midnight) {
			break
		}
		if start.Before(midnight.AddDate(0, 0, 1)) {
			days[day] = append(days[day], entry)
			entry.Time = "" // it goes on
		}
	}
}

// weeks lays the days out, Monday first.
func (v *visit) weeks(m *agendaMonth, first time.Time, days [][]agendaEntry) {
	today := v.Now().In(v.zone()).Format(time.DateOnly)
	for day := range 7 {
		m.Weekdays = append(m.Weekdays, v.words.T("weekday_"+strconv.Itoa((day+1)%7)))
	}
	lead := (int(first.Weekday()) + 6) % 7
	for cell := 0; cell < lead+len(days)-1 || cell%7 != 0; cell++ {
		if cell%7 == 0 {
			m.Weeks = append(m.Weeks, nil)
		}
		c := agendaCell{}
		if day := cell - lead + 1; day >= 1 && day < len(days) {
			date := first.AddDate(0, 0, day-1)
			c = agendaCell{Day: day, Date: v.words.Date(date), Today: date.Format(time.DateOnly) == today, Events: days[day]}
		}
		m.Weeks[len(m.Weeks)-1] = append(m.Weeks[len(m.Weeks)-1], c)
	}
}
