// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// seriesData is what the page of a series shows.
type seriesData struct {
	*card // of the event that the dates are like

	Path    string
	Words   string
	Dates   []seriesDate // to come
	Past    []seriesDate // the latest first
	Open    bool         // others are added as time goes on
	Kept    bool         // by a calendar elsewhere
	Private bool
	Webcal  template.URL
	Follow  *followPart
	Form    *form  // for whoever may change it
	Edit    string // the form that changes all dates
}

// A seriesDate is one date as pages list it.
type seriesDate struct {
	Day, Text, URL, Begins string
	Off, Own               bool
}

// maxPastDates is how many past dates the page of a series lists.
const maxPastDates = 60

// seriesHere returns the series in the path, if the visitor may read it.
func (v *visit) seriesHere(ctx context.Context, tx *store.Tx) (*store.Series, error) {
	s, err := tx.Series(ctx, v.local("/series/"+v.r.PathValue("id")))
	if err != nil {
		return nil, err
	}
	_, ok, err := v.viewer(ctx, tx, s.Like)
	if err == nil && !ok {
		err = fmt.Errorf("%s: %w", s.ID, federation.ErrNotFound)
	}
	return s, err
}

// series shows a series and all its dates.
func (v *visit) series(ctx context.Context, tx *store.Tx) (*page, error) {
	s, err := v.seriesHere(ctx, tx)
	if err != nil {
		return nil, err
	}
	return v.seriesPage(ctx, tx, s, v.form(url.Values{}))
}

// seriesPath is where the page of a series is.
func (v *visit) seriesPath(id federation.IRI) string {
	return strings.TrimPrefix(string(id), v.Origin)
}

func (v *visit) seriesPage(ctx context.Context, tx *store.Tx, s *store.Series, f *form) (*page, error) {
	dates, err := tx.SeriesDates(ctx, s.ID)
	if err != nil {
		return nil, err
	}
	cards, err := v.cards(ctx, tx, []*federation.Object{s.Like})
	if err != nil {
		return nil, err
	}
	path := v.seriesPath(s.ID)
	d := &seriesData{
		card: cards[0], Path: path, Words: capitalized(outbox.SeriesWords(v.words, s, dates)), Open: s.More,
		Private: s.Like.Visibility("") > federation.VisibleUnlisted, Webcal: v.webcal(path),
	}
	d.Title = outbox.SourceOf(s.Like).Name
	v.listDates(d, s, dates)
	if !d.Private && v.account == nil {
		if a, err := tx.Actor(ctx, s.Author); err == nil {
			d.Follow = v.followActor(a)
		}
	}
	if d.Kept = s.Kept; v.speaksFor(s.Author) && !s.Kept {
		d.Form = f
	}
	p := &page{Name: "series", Title: d.Title, Data: d, NoIndex: d.Private, Problems: f.mistakes, Scripts: []string{"follow.js"}}
	p.Head = &head{Canonical: v.Origin + path, Alternate: s.ID, Kind: "website", Description: cut(d.Words, 300)}
	if !d.Private {
		p.Head.Feeds = []feedLink{{"text/calendar", d.Title, calendarAt(path)}}
	}
	return p, nil
}

// webcal is the address that calendars subscribe to.
func (v *visit) webcal(path string) template.URL {
	_, host, _ := strings.Cut(v.Origin, "://")
	return template.URL("webcal://" + host + calendarAt(path)) //nolint:gosec // our own origin and path
}

// listDates sorts the dates of a series into those to come and the others.
func (v *visit) listDates(d *seriesData, s *store.Series, dates []store.SeriesDate) {
	dates = slices.DeleteFunc(slices.Clone(dates), func(d store.SeriesDate) bool { return d.Gone })
	slices.SortStableFunc(dates, func(a, b store.SeriesDate) int { return a.Start.Compare(b.Start) })
	e := federation.EventOf(s.Like)
	for _, date := range dates {
		start := inZone(date.Start, e.Timezone)
		row := seriesDate{
			Day: date.Day, Text: v.words.DateTime(start), URL: strings.TrimPrefix(string(date.Object), v.Origin),
			Begins: stamp(date.Start), Off: date.Closed, Own: date.Own && !date.Closed,
		}
		if date.End.Before(v.Now()) {
			d.Past = append(d.Past, row)
			continue
		}
		if d.Edit == "" && !date.Closed {
			d.Edit = row.URL + "/edit"
		}
		d.Dates = append(d.Dates, row)
	}
	slices.Reverse(d.Past)
	d.Past = d.Past[:min(len(d.Past), maxPastDates)]
}

// changeSeries changes a series of the visitor's, or shows its page again with
// what is wrong.
func (v *visit) changeSeries(ctx context.Context, done string, change func(tx *store.Tx, s *store.Series, f *form) error) (p *page, err error) {
	f := v.posted()
	where := ""
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		s, err := v.seriesHere(ctx, tx)
		if err == nil && (s.Kept || !v.speaksFor(s.Author)) {
			err = fmt.Errorf("%s: %w", s.ID, federation.ErrNotFound)
		}
		if err != nil {
			return err
		}
		where = v.seriesPath(s.ID)
		return change(tx, s, f)
	})
	var wrong *federation.FieldError
	if errors.As(err, &wrong) {
		f.wrong(wrong.Field, wrong.Reason)
		err = v.DB.View(ctx, func(tx *store.Tx) error {
			s, err := v.seriesHere(ctx, tx)
			if err == nil {
				p, err = v.seriesPage(ctx, tx, s, f)
			}
			return err
		})
		return p, err
	}
	if err != nil {
		return nil, err
	}
	return see(where, done), nil
}

// cancelDates calls off the dates that were ticked.
func (v *visit) cancelDates(ctx context.Context) (*page, error) {
	return v.changeSeries(ctx, "series_cancelled", func(tx *store.Tx, s *store.Series, f *form) error {
		if len(f.values["day"]) == 0 {
			return &federation.FieldError{Field: "off", Reason: "error_series_chosen"}
		}
		return outbox.CancelDatesTx(ctx, tx, s, f.values["day"])
	})
}

// endSeries ends a series at a day.
func (v *visit) endSeries(ctx context.Context) (*page, error) {
	return v.changeSeries(ctx, "series_ended", func(tx *store.Tx, s *store.Series, f *form) error {
		last, err := typedSeriesDay(f, "last")
		if err != nil {
			return err
		}
		return outbox.EndSeriesTx(ctx, tx, s, last)
	})
}

// addDate adds a date to a series.
func (v *visit) addDate(ctx context.Context) (*page, error) {
	return v.changeSeries(ctx, "series_added", func(tx *store.Tx, s *store.Series, f *form) error {
		day, err := typedSeriesDay(f, "day")
		if err != nil {
			return err
		}
		return outbox.AddDateTx(ctx, tx, s, day)
	})
}

func typedSeriesDay(f *form, field string) (time.Time, error) {
	d, ok := dayTyped(f.Value(field))
	if !ok {
		return d, &federation.FieldError{Field: field, Reason: "error_series_day"}
	}
	return d, nil
}

// seriesPart is what the page of one date shows of its series.
type seriesPart struct {
	URL, Words     string
	Before, Next   *seriesDate
	Calendar       string
	Dates          []seriesDate // the next ones
	Elsewhere, May bool         // May: the visitor may change it
}

// maxNextDates is how many further dates the page of one lists.
const maxNextDates = 5

// seriesOf reads what the page of an event shows of its series; nil if it is
// in none.
func (v *visit) seriesOf(ctx context.Context, tx *store.Tx, o *federation.Object) (*seriesPart, error) {
	id := federation.EventOf(o).Series
	if o.Type != "Event" || id == "" {
		return nil, nil
	}
	if !o.Local {
		if !id.SameOrigin(o.ID) {
			return nil, nil
		}
		return &seriesPart{URL: string(id), Elsewhere: true}, nil
	}
	s, err := tx.Series(ctx, id)
	if err != nil {
		return nil, ignoreMissing(err)
	}
	dates, err := tx.SeriesDates(ctx, id)
	if err != nil {
		return nil, err
	}
	path := v.seriesPath(id)
	part := &seriesPart{URL: path, Words: capitalized(outbox.SeriesWords(v.words, s, dates)), Calendar: calendarAt(path), May: v.speaksFor(s.Author) && !s.Kept}
	all := &seriesData{}
	v.listDates(all, s, dates)
	slices.Reverse(all.Past)
	list := append(all.Past, all.Dates...)
	here := strings.TrimPrefix(string(o.ID), v.Origin)
	i := slices.IndexFunc(list, func(d seriesDate) bool { return d.URL == here })
	if i > 0 {
		part.Before = &list[i-1]
	}
	if i >= 0 && i+1 < len(list) {
		part.Next = &list[i+1]
	}
	for _, d := range all.Dates {
		if d.URL != here && len(part.Dates) < maxNextDates {
			part.Dates = append(part.Dates, d)
		}
	}
	return part, nil
}

// SeriesURL is the page of the series that a card is a date of.
func (c *card) SeriesURL() string {
	if !c.Local {
		return string(c.series)
	}
	return "/series/" + string(c.series)[strings.LastIndexByte(string(c.series), '/')+1:]
}

// grouped leaves of each series the first card alone, which then counts the
// others: one that takes place every week shall not hide all else.
func grouped(cards []*card, most int) (list []*card) {
	first := map[federation.IRI]*card{}
	for _, c := range cards {
		if f := first[c.series]; c.series != "" && f != nil {
			f.Further++
			continue
		}
		if c.series != "" {
			first[c.series] = c
		}
		list = append(list, c)
	}
	return list[:min(len(list), most)]
}
