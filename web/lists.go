// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"fmt"
	"html/template"
	"net/url"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// pageSize is how many things a page of a list shows; mapSize, how many a map.
const (
	pageSize = 20
	mapSize  = 100
)

// listData is a list of cards, page by page, and how to narrow it down.
type listData struct {
	Name    string // events, offers, needs or search
	Class   string // of what there is, for its colour
	Order   string // says in a sentence what comes first
	Action  string
	Form    *form // what is sought; nil where nothing can be
	Open    bool  // the form
	Options searchOptions
	Chips   []chip
	Others  []chip // places that were perhaps meant instead
	Views   []viewLink
	Cards   []*card
	Days    []listDay
	Month   *agendaMonth
	Map     *mapView
	More    string // address of the next page
	Empty   string
	Wider   []chip // what would find more
	Publish string // where to add to the list
	Verb    string
	Feeds   []followLink
	Alarm   map[string]string // what an alert would wait for
}

// A chip is something that narrows the list down, and the list without it.
type chip struct{ Text, URL string }

// A viewLink shows the same things otherwise.
type viewLink struct {
	Text, Icon, URL string
	Current         bool
}

// kinds are what lists show.
var kinds = []string{"offer", "need", "event", "article"}

func (v *visit) offers(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.list(ctx, tx, "offers", store.Query{Kinds: []string{"offer"}, OpenOnly: true})
}

func (v *visit) needs(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.list(ctx, tx, "needs", store.Query{Kinds: []string{"need"}, OpenOnly: true})
}

// search finds by words, kind, category, way of exchange, place and time.
func (v *visit) search(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.list(ctx, tx, "search", store.Query{})
}

// list shows what a query finds, narrowed down by what the visitor wants: of
// our own to everyone, of peers also to those who have signed in.
func (v *visit) list(ctx context.Context, tx *store.Tx, name string, base store.Query) (*page, error) {
	f := v.form(v.r.URL.Query())
	q, err := v.query(ctx, tx, f)
	if err != nil {
		return nil, err
	}
	if len(base.Kinds) > 0 {
		q.Kinds, q.OpenOnly = base.Kinds, q.OpenOnly || base.OpenOnly
	}
	if name == "events" {
		v.agendaQuery(f, &q)
	}
	d := &listData{Name: name, Form: f, Action: v.r.URL.Path, Empty: v.words.T("page_" + name + "_empty")}
	if d.Options, err = v.searchOptions(ctx, tx, name, f); err != nil {
		return nil, err
	}
	if len(f.mistakes) == 0 {
		if err := v.fill(ctx, tx, d, q); err != nil {
			return nil, err
		}
	}
	v.dress(d, q)
	d.Alarm = v.waitFor(d)
	p := &page{Name: "list", Title: v.words.T("page_" + name), Data: d, Problems: f.mistakes, Scripts: placeScripts}
	p.NoIndex = name == "search" || v.r.URL.RawQuery != ""
	p.Head = &head{Canonical: v.Origin + "/" + name, Kind: "website", Description: v.words.T("page_" + name + "_intro")}
	if name != "search" {
		p.Head.Feeds = v.feedsAt("/"+name, p.Title, name == "events")
	}
	return v.withMap(p, d.Map), nil
}

// fill reads what the list shows, in the view that is wanted.
func (v *visit) fill(ctx context.Context, tx *store.Tx, d *listData, q store.Query) (err error) {
	view := d.Form.Value("view")
	switch {
	case view == "map":
		return v.fillMap(ctx, tx, d, q)
	case view == "month" && d.Name == "events":
		d.Month, err = v.month(ctx, tx, q)
		return err
	}
	cards, next, err := v.find(ctx, tx, q)
	if err != nil {
		return err
	}
	d.More = v.more(next)
	if d.Name == "events" {
		d.Days = v.days(cards, q.Sort == store.SortLast)
	} else {
		d.Cards = cards
	}
	return nil
}

// fillMap draws what a list has, without what only a card tells.
func (v *visit) fillMap(ctx context.Context, tx *store.Tx, d *listData, q store.Query) error {
	q.Limit = mapSize
	found, next, err := v.found(ctx, tx, q)
	if err != nil {
		return err
	}
	d.More = v.more(next)
	var spots []spot
	for _, f := range found {
		if s, ok := v.spotOfObject(f); ok {
			spots = append(spots, s)
		}
	}
	if d.Map = v.mapView(spots); d.Map != nil {
		d.Map.Missing, d.Map.Single = len(found)-len(spots), false
	}
	return nil
}

// dress adds what stands around the list.
func (v *visit) dress(d *listData, q store.Query) {
	d.Order = v.order(d.Form, q)
	d.Chips = v.chips(d)
	if d.Form.any("q", "place", "category", "mode", "who", "on", "kind", "tag") {
		d.Empty = v.words.T("page_search_empty")
	}
	d.Others = v.others(d.Form)
	d.Wider = v.wider(d)
	d.Open = len(d.Form.mistakes) > 0 || d.Name == "search" && len(d.Chips) == 0
	views := []string{"list", "map"}
	if d.Name == "events" {
		views = []string{"list", "month", "map"}
	}
	icons := map[string]string{"list": "list", "month": "calendar", "map": "map"}
	for _, view := range views {
		value := view
		if view == "list" {
			value = ""
		}
		l := viewLink{v.words.T("page_view_" + view), icons[view], v.with("view", value, "map", "", "month", ""), d.Form.Value("view") == value}
		d.Views = append(d.Views, l)
	}
	if d.Name != "search" {
		d.Class = strings.TrimSuffix(d.Name, "s")
		d.Feeds = v.feedsOfList(d)
		if v.account != nil {
			d.Publish, d.Verb = "/publish/"+d.Class, v.words.T("page_publish_"+d.Class)
		}
	}
}

// A followLink is a list to be read elsewhere.
type followLink struct {
	Text, Icon string
	URL        template.URL // webcal too; made here
}

// feedsOfList are the feeds and the calendar of the same selection.
func (v *visit) feedsOfList(d *listData) (all []followLink) {
	for _, l := range v.feedsAt("/"+d.Name, "", d.Name == "events") {
		link := followLink{Icon: "rss", URL: template.URL(l.URL + v.selection())} //nolint:gosec // a path of ours, and an encoded query
		switch l.Type {
		case "text/calendar":
			_, host, _ := strings.Cut(v.Origin, "://")
			link.Text, link.Icon, link.URL = v.words.T("page_agenda_webcal"), "calendar-plus", "webcal://"+template.URL(host)+link.URL //nolint:gosec // our own host
		case "application/rss+xml":
			link.Text = "RSS"
		default:
			link.Text = "Atom"
		}
		all = append(all, link)
	}
	return all
}

// Kept are the parts of the query that the form does not ask for.
func (d *listData) Kept() map[string]string {
	all := map[string]string{}
	for _, name := range []string{"view", "past", "month", "lat", "lon", "near"} {
		if value := d.Form.Value(name); value != "" {
			all[name] = value
		}
	}
	return all
}

// selection is the query of this page without what only its view needs.
func (v *visit) selection() string {
	_, query, _ := strings.Cut(v.with("view", "", "map", "", "month", "", "past", ""), "?")
	if query == "" {
		return ""
	}
	return "?" + query
}

// find runs a query for the visitor, and shows what it found.
func (v *visit) find(ctx context.Context, tx *store.Tx, q store.Query) ([]*card, string, error) {
	found, next, err := v.found(ctx, tx, q)
	if err != nil {
		return nil, "", err
	}
	cards, err := v.foundCards(ctx, tx, found)
	return cards, next, err
}

// found runs a query for the visitor.
func (v *visit) found(ctx context.Context, tx *store.Tx, q store.Query) ([]store.Found, string, error) {
	if q.Cursor = v.after(); q.Limit == 0 {
		q.Limit = pageSize
	}
	if v.account == nil {
		q.LocalOnly = true
	} else if a, err := v.voice(); err == nil {
		q.Viewer = a.ID
	}
	return tx.Search(ctx, q)
}

// foundCards shows what a search found, with distances.
func (v *visit) foundCards(ctx context.Context, tx *store.Tx, found []store.Found) ([]*card, error) {
	var list []*federation.Object
	for _, f := range found {
		list = append(list, f.Object)
	}
	cards, err := v.cards(ctx, tx, list)
	for i := range cards {
		if found[i].Km >= 0 {
			cards[i].Far = v.words.Km(found[i].Km)
		}
	}
	return cards, err
}

// tag lists what has a hashtag.
func (v *visit) tag(ctx context.Context, tx *store.Tx) (*page, error) {
	name := federation.Hashtag(v.r.PathValue("tag"))
	if len(name) > 200 {
		return nil, fmt.Errorf("tag: %w", federation.ErrNotFound)
	}
	cards, next, err := v.find(ctx, tx, store.Query{Kinds: []string{"offer", "need", "event", "article", "note"}, Tag: name})
	if err != nil {
		return nil, err
	}
	d := &listData{Cards: cards, More: v.more(next), Empty: v.words.T("page_tag_empty")}
	p := &page{Name: "list", Title: "#" + name, Data: d, NoIndex: len(cards) == 0}
	p.Head = &head{Canonical: v.Origin + "/tags/" + url.PathEscape(name), Kind: "website"}
	p.Head.Feeds = v.feedsAt("/tags/"+url.PathEscape(name), p.Title, true)
	return p, nil
}
