// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/gazetteer"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// searchOptions are what a search may choose from.
type searchOptions struct{ Kinds, Categories, Modes, Radii, Who, Sorts []option }

func (v *visit) searchOptions(ctx context.Context, tx *store.Tx, name string, f *form) (o searchOptions, err error) {
	anything := option{Label: v.words.T("form_any")}
	if name == "search" {
		o.Kinds = []option{anything}
		for _, k := range kinds {
			o.Kinds = append(o.Kinds, option{Value: k, Label: v.words.T("page_kind_" + k)})
		}
	}
	if name == "events" {
		o.Categories = append([]option{anything}, options(v.words, "category_", locale.EventCategories)...)
	} else {
		o.Categories = append([]option{anything}, options(v.words, "sector_", locale.Sectors)...)
		o.Modes = append([]option{anything}, options(v.words, "mode_", federation.ExchangeModes)...)
		o.Sorts = options(v.words, "form_sort_", []string{"date", "near"})
	}
	o.Radii = []option{{Label: v.words.T("form_anywhere")}}
	for _, km := range []string{"5", "10", "25", "50", "100"} {
		o.Radii = append(o.Radii, option{Value: km, Label: v.words.Quantity(federation.Decimal(km), "kilometre")})
	}
	o.Who = []option{anything}
	for _, kind := range []string{"Organization", "Group"} {
		list, err := tx.LocalActors(ctx, kind)
		if err != nil {
			return o, err
		}
		for _, a := range list[:min(len(list), 100)] {
			if !a.Gone {
				o.Who = append(o.Who, option{Value: a.Username, Label: v.actorOf(a, a.ID).Name})
			}
		}
	}
	if len(o.Who) < 3 && f.Value("who") == "" {
		o.Who = nil // one publisher is no choice
	}
	return o, nil
}

// maxQuery is how long the words of a search may be, in bytes.
const maxQuery = 200

// query reads a search. What makes no sense in it is left out, or is a mistake
// where leaving it out would mislead.
func (v *visit) query(ctx context.Context, tx *store.Tx, f *form) (store.Query, error) {
	q := store.Query{Text: f.Value("q"), Category: f.Value("category"), Mode: f.Value("mode"), Tag: federation.Hashtag(f.Value("tag"))}
	if len(q.Text) > maxQuery {
		q.Text = strings.ToValidUTF8(q.Text[:maxQuery], "")
	}
	if kind := f.Value("kind"); kind != "" {
		for _, k := range kinds {
			if k == kind {
				q.Kinds = []string{kind}
			}
		}
	}
	if f.Value("upcoming") != "" || len(q.Kinds) == 1 && q.Kinds[0] == "event" && f.Value("past") == "" {
		q.From = v.Now()
		if len(q.Kinds) == 1 && q.Kinds[0] == "event" {
			q.Sort = store.SortStart
		}
	}
	q.OpenOnly = f.Value("open") != ""
	v.available(f, &q)
	if err := v.by(ctx, tx, f, &q); err != nil {
		return q, err
	}
	return q, v.near(ctx, tx, f, &q)
}

// available narrows to what there is on a day.
func (v *visit) available(f *form, q *store.Query) {
	typed := f.Value("on")
	if typed == "" {
		return
	}
	day, err := time.ParseInLocation(time.DateOnly, typed, v.zone())
	if err != nil || day.Year() < 2000 || day.Year() > 2200 {
		f.wrong("on", "error_day")
		return
	}
	q.From, q.Until = day, day.AddDate(0, 0, 1)
}

// by narrows to who published it, or for which circuit.
func (v *visit) by(ctx context.Context, tx *store.Tx, f *form, q *store.Query) error {
	name := f.Value("who")
	if name == "" {
		return nil
	}
	a, err := tx.ActorByUsername(ctx, strings.ToLower(strings.TrimPrefix(name, "@")))
	if errors.Is(err, federation.ErrNotFound) {
		f.wrong("who", "error_who")
		return nil
	}
	if err != nil {
		return err
	}
	if a.Type == "Group" {
		q.Circuit = a.ID
	} else {
		q.Author = a.ID
	}
	return nil
}

// near reads around which point to search: a commune, coordinates, the place
// of an object, or that of the initiative.
func (v *visit) near(ctx context.Context, tx *store.Tx, f *form, q *store.Query) error {
	if !f.any("radius", "lat", "lon", "near", "place") && f.Value("sort") != store.SortNear {
		return nil
	}
	radius, err := strconv.ParseFloat(strings.ReplaceAll(f.Value("radius"), ",", "."), 64)
	if err == nil && radius > 0 {
		q.RadiusKm = min(radius, 1000)
	}
	q.Near, err = v.point(ctx, tx, f)
	if q.Near == nil {
		q.RadiusKm = 0
		return err
	}
	if q.Sort == "" && f.Value("sort") != store.SortDate {
		q.Sort = store.SortNear
	}
	return err
}

func (v *visit) point(ctx context.Context, tx *store.Tx, f *form) (*federation.Point, error) {
	if f.any("place") {
		if c := f.around(); c != nil {
			return &c.Point, nil
		}
		f.wrong("place", "page_town_none")
		return nil, nil
	}
	if f.Value("lat") != "" || f.Value("lon") != "" {
		if p := pointOf(f.Value("lat"), f.Value("lon")); p != nil {
			return p, nil
		}
		f.wrong("place", "error_place")
		return nil, nil
	}
	if id := f.Value("near"); id != "" {
		o, err := tx.Object(ctx, federation.IRI(id))
		if err != nil || o.Location == nil {
			return nil, ignoreMissing(err)
		}
		_, ok, err := v.viewer(ctx, tx, o)
		if err != nil || !ok {
			return nil, err
		}
		return o.Location.Point, nil
	}
	return f.near, nil
}

// around is the commune that a list is about: the one that was chosen, else
// the likeliest of that name.
func (f *form) around() *gazetteer.Place {
	text := strings.TrimSpace(f.Value("place"))
	if text == "" {
		return nil
	}
	if p, ok := gazetteer.ByCode(f.Value("code")); ok && (gazetteer.Same(p.Name, text) || gazetteer.Same(placeLabel(p), text)) {
		return &p
	}
	if list := f.search(text, 1); len(list) == 1 {
		return &list[0]
	}
	return nil
}

// others are communes that may have been meant instead.
func (v *visit) others(f *form) (all []chip) {
	here := f.around()
	if here == nil || f.Value("code") == here.Code {
		return nil
	}
	exact := gazetteer.Same(here.Name, f.Value("place"))
	for _, p := range f.search(f.Value("place"), 8) {
		if p.Code != here.Code && (!exact || gazetteer.Same(p.Name, here.Name)) {
			all = append(all, chip{placeLabel(p), v.with("place", p.Name, "code", p.Code)})
		}
	}
	return all
}

// order says what comes first, and why.
func (v *visit) order(f *form, q store.Query) string {
	switch q.Sort {
	case store.SortStart, store.SortLast:
		return v.words.T("page_order_" + q.Sort)
	case store.SortNear:
		where := v.facts.name()
		if c := f.around(); c != nil {
			where = placeLabel(*c)
		}
		return v.words.T("page_order_near", "Place", where)
	}
	return v.words.T("page_order_date")
}

// chips are what narrows the list down.
func (v *visit) chips(d *listData) (all []chip) {
	f := d.Form
	add := func(name, text string, more ...string) {
		if f.Value(name) != "" && text != "" {
			all = append(all, chip{text, v.with(name, "", more...)})
		}
	}
	label := func(name string, list []option) string {
		for _, o := range list {
			if o.Value == f.Value(name) && o.Value != "" {
				return o.Label
			}
		}
		return ""
	}
	add("q", "« "+cut(f.Value("q"), 60)+" »")
	add("kind", label("kind", d.Options.Kinds))
	add("category", label("category", d.Options.Categories))
	add("mode", label("mode", d.Options.Modes))
	add("tag", "#"+cut(federation.Hashtag(f.Value("tag")), 60))
	add("who", label("who", d.Options.Who))
	if c := f.around(); c != nil {
		text := placeLabel(*c)
		if r := label("radius", d.Options.Radii); r != "" {
			text = v.words.T("page_around", "Km", r, "Place", text)
		}
		add("place", text, "code", "", "radius", "")
	} else if r := label("radius", d.Options.Radii); r != "" {
		add("radius", v.words.T("page_around", "Km", r, "Place", v.facts.name()))
	}
	if day, err := time.ParseInLocation(time.DateOnly, f.Value("on"), v.zone()); err == nil {
		add("on", v.words.T("page_available_on", "Day", v.words.Day(day)))
	}
	add("upcoming", v.words.T("form_upcoming"))
	add("open", v.words.T("form_open"))
	add("past", v.words.T("page_agenda_past"))
	return all
}

// wider are searches that would find more.
func (v *visit) wider(d *listData) (all []chip) {
	f := d.Form
	switch f.Value("radius") {
	case "5", "10", "25":
		all = append(all, chip{v.words.T("page_wider_radius"), v.with("radius", "100")})
	case "50", "100":
		all = append(all, chip{v.words.T("page_wider_anywhere"), v.with("radius", "", "place", "", "code", "")})
	}
	if f.any("category", "mode", "who", "on", "kind", "tag") {
		all = append(all, chip{v.words.T("page_wider_words"), v.with("category", "", "mode", "", "who", "", "on", "", "kind", "", "tag", "")})
	}
	if d.Name == "events" && f.Value("past") == "" {
		all = append(all, chip{v.words.T("page_agenda_see_past"), v.with("past", "1")})
	}
	if len(d.Chips) > 1 || len(d.Chips) == 1 && len(all) == 0 {
		all = append(all, chip{v.words.T("page_wider_all"), v.r.URL.EscapedPath()})
	}
	return all
}

// pointOf reads coordinates; nil if they are none.
func pointOf(lat, lon string) *federation.Point {
	y, err1 := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(lat), ",", "."), 64)
	x, err2 := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(lon), ",", "."), 64)
	p := &federation.Point{Latitude: y, Longitude: x}
	if err1 != nil || err2 != nil || !p.Valid() {
		return nil
	}
	return p
}
