// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/store"
)

// Pages for the notice board: each is made to fill one sheet of A4.

// agendaData is what the printed agenda shows.
type agendaData struct {
	Form    *form
	Counts  []option
	Groups  []option
	Who     *who
	Days    []agendaDay
	Size    string // how large the letters are: large, medium, small or tiny
	Address string // of the agenda, as people type it
	QR      template.HTML
	Printed string
}

// An agendaDay is a day and what happens on it.
type agendaDay struct {
	Date   string
	Events []agendaLine
}

// An agendaLine is one event on paper.
type agendaLine struct{ Time, Title, Where, Status string }

// sheetCounts are how many events one sheet may show.
var sheetCounts = []string{"6", "12", "20", "30"}

// printAgenda is the agenda of the next weeks on one sheet.
func (v *visit) printAgenda(ctx context.Context, tx *store.Tx) (*page, error) {
	f := v.form(v.r.URL.Query())
	d := agendaData{Form: f, Address: bare(v.Origin) + "/events", QR: qrSVG(v.Origin + "/events"), Printed: v.words.Day(v.Now().In(v.zone()))}
	count := 12
	for _, c := range sheetCounts {
		n, _ := strconv.Atoi(c) // a number in the source
		chosen := c == f.Value("count") || c == "12" && f.Value("count") == ""
		if chosen {
			count = n
		}
		d.Counts = append(d.Counts, option{Value: c, Label: v.words.T("page_events_count", "Count", n), Chosen: chosen})
	}
	if a := v.facts.initiative(); a != nil {
		d.Who = v.actorOf(a, a.ID)
	}
	groups, err := tx.LocalActors(ctx, "Group")
	if err != nil {
		return nil, err
	}
	if len(groups) > 0 {
		d.Groups = []option{{Label: v.words.T("form_circuit_all")}}
		for _, g := range groups[:min(len(groups), 100)] {
			d.Groups = append(d.Groups, option{Value: g.Username, Label: v.actorOf(g, g.ID).Name, Chosen: g.Username == f.Value("circuit")})
		}
	}
	if d.Days, err = v.agendaDays(ctx, tx, count, f); err != nil {
		return nil, err
	}
	d.Size = letters(d.Days)
	return &page{Name: "agenda_print", Title: v.words.T("page_print_agenda"), Data: d, NoIndex: true}, nil
}

// letters chooses how large the letters can be for all to fit on the sheet.
func letters(days []agendaDay) string {
	n := 0
	for _, d := range days {
		n += len(d.Events)
	}
	switch {
	case n <= 6:
		return "large"
	case n <= 12:
		return "medium"
	case n <= 20:
		return "small"
	}
	return "tiny"
}

// bare is an address without what nobody types.
func bare(u string) string {
	_, rest, _ := strings.Cut(u, "://")
	return rest
}

func (v *visit) agendaDays(ctx context.Context, tx *store.Tx, count int, f *form) ([]agendaDay, error) {
	q := store.Query{Kinds: []string{"event"}, From: v.Now(), Sort: store.SortStart, LocalOnly: true, Limit: count, Tag: federation.Hashtag(f.Value("tag"))}
	objects, err := v.publicObjects(ctx, tx, q, f.Value("circuit"))
	if err != nil {
		return nil, err
	}
	var days []agendaDay
	for _, o := range objects {
		e := federation.EventOf(o)
		start := inZone(o.Start, e.Timezone)
		if e.Timezone == "" {
			start = o.Start.In(v.zone())
		}
		c := v.card(o)
		line := agendaLine{Time: v.words.Time(start), Title: glued(cut(c.Title, 70)), Where: cut(c.Where, 60), Status: c.Status}
		if date := v.words.Date(start); len(days) > 0 && days[len(days)-1].Date == date {
			days[len(days)-1].Events = append(days[len(days)-1].Events, line)
		} else {
			days = append(days, agendaDay{date, []agendaLine{line}})
		}
	}
	return days, nil
}

// posterData is what a poster shows.
type posterData struct {
	*card

	Object  string // its page
	Weekday string
	Date    string
	Hours   string
	Words   string
	Address []string
	Who     *who
	QR      template.HTML
	Short   string // its page as people type it
	Large   bool   // a short title
}

// printable are the kinds that a poster can be made of.
var printable = []string{"event", "offer", "need"}

// Printable reports whether there is a poster of what a page shows.
func (d *objectData) Printable() bool { return d.Local && slices.Contains(printable, d.Kind) }

// poster is an event, an offer or a need on a sheet.
func (v *visit) poster(ctx context.Context, tx *store.Tx) (*page, error) {
	o, err := v.readable(ctx, tx, v.local("/objects/"+v.r.PathValue("id")))
	if err != nil {
		return nil, err
	}
	kind := federation.IndexOf(o).Kind
	if !o.Local || o.Gone() || !slices.Contains(printable, kind) {
		return nil, fmt.Errorf("poster: %w", federation.ErrNotFound)
	}
	cards, err := v.cards(ctx, tx, []*federation.Object{o})
	if err != nil {
		return nil, err
	}
	link := v.Origin + cards[0].URL
	d := posterData{
		card: cards[0], Object: cards[0].URL, Words: cut(vocab.Text(string(v.content(o))), 420), Who: cards[0].Author,
		QR: qrSVG(link), Short: bare(link), Address: posterAddress(o.Location), Large: len([]rune(cards[0].Title)) < 32,
	}
	if kind == "event" {
		e := federation.EventOf(o)
		start := inZone(o.Start, e.Timezone)
		if e.Timezone == "" {
			start = o.Start.In(v.zone())
		}
		d.Weekday = v.words.T("weekday_" + strconv.Itoa(int(start.Weekday())))
		d.Date = v.words.Day(start)
		d.Hours = v.words.Time(start)
		if end := inZone(o.End, e.Timezone); !o.End.IsZero() && !e.HideEnd && o.End.Sub(o.Start).Hours() < 20 {
			if e.Timezone == "" {
				end = o.End.In(v.zone())
			}
			d.Hours = v.words.T("page_hours", "From", v.words.Time(start), "To", v.words.Time(end))
		}
	}
	return &page{Name: "poster", Title: v.words.T("page_poster", "Title", cards[0].Title), Data: d, NoIndex: true}, nil
}

// posterAddress is a place in lines.
func posterAddress(p *federation.Place) []string {
	if p == nil {
		return nil
	}
	var all []string
	for _, line := range []string{p.Name, p.Street, strings.TrimSpace(p.Postal + " " + p.City)} {
		if line != "" && (len(all) == 0 || all[len(all)-1] != line) {
			all = append(all, line)
		}
	}
	return all
}

// paperData is what the page about paper shows.
type paperData struct{ Events []fact }

// paper lists what can be printed.
func (v *visit) paper(ctx context.Context, tx *store.Tx) (*page, error) {
	var d paperData
	for _, kind := range []string{"event", "offer"} {
		q := store.Query{Kinds: []string{kind}, LocalOnly: true, OpenOnly: true, Limit: 8}
		if kind == "event" {
			q = store.Query{Kinds: []string{kind}, LocalOnly: true, From: v.Now(), Sort: store.SortStart, Limit: 12}
		}
		objects, err := v.publicObjects(ctx, tx, q, "")
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			c := v.card(o)
			d.Events = append(d.Events, fact{Label: c.Title, Text: c.When, URL: c.URL + "/poster"})
		}
	}
	return &page{Name: "paper", Title: v.words.T("page_paper"), Data: d, NoIndex: true}, nil
}
