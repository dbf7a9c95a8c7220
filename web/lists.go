// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// pageSize is how many things a page of a list shows.
const pageSize = 20

// listData is a list of cards, page by page.
type listData struct {
	Intro   string
	Cards   []*card
	More    string // address of the next page
	Empty   string
	Form    *form // of the search
	Options searchOptions
	Publish string // where to add to the list
}

// searchOptions are what a search may choose from.
type searchOptions struct{ Kinds, Sectors, Modes, Radii []option }

// kinds are what lists show.
var kinds = []string{"offer", "need", "event", "article"}

func (v *visit) events(ctx context.Context, tx *store.Tx) (*page, error) {
	q := store.Query{Kinds: []string{"event"}, From: v.Now(), Sort: "start"}
	return v.list(ctx, tx, "events", q, "/publish/event")
}

func (v *visit) offers(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.list(ctx, tx, "offers", store.Query{Kinds: []string{"offer"}, OpenOnly: true}, "/publish/offer")
}

func (v *visit) needs(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.list(ctx, tx, "needs", store.Query{Kinds: []string{"need"}, OpenOnly: true}, "/publish/need")
}

// list shows what a query finds: of our own to everyone, of peers also to
// those who have signed in.
func (v *visit) list(ctx context.Context, tx *store.Tx, name string, q store.Query, publish string) (*page, error) {
	cards, next, err := v.find(ctx, tx, q)
	if err != nil {
		return nil, err
	}
	d := listData{Cards: cards, More: v.more(next), Empty: v.words.T("page_" + name + "_empty")}
	if v.account != nil {
		d.Publish = publish
	}
	p := &page{Name: "list", Title: v.words.T("page_" + name), Data: d}
	p.Head = &head{Canonical: v.Origin + "/" + name, Kind: "website", Description: v.words.T("page_" + name + "_intro")}
	p.Head.Feeds = v.feedsAt("/"+name, p.Title, name == "events")
	return p, nil
}

// find runs a query for the visitor.
func (v *visit) find(ctx context.Context, tx *store.Tx, q store.Query) ([]*card, string, error) {
	q.Cursor, q.Limit = v.after(), pageSize
	if v.account == nil {
		q.LocalOnly = true
	} else if a, err := v.voice(); err == nil {
		q.Viewer = a.ID
	}
	found, next, err := tx.Search(ctx, q)
	if err != nil {
		return nil, "", err
	}
	cards, err := v.foundCards(ctx, tx, found)
	return cards, next, err
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
	d := listData{Cards: cards, More: v.more(next), Empty: v.words.T("page_tag_empty")}
	p := &page{Name: "list", Title: "#" + name, Data: d, NoIndex: len(cards) == 0}
	p.Head = &head{Canonical: v.Origin + "/tags/" + url.PathEscape(name), Kind: "website"}
	p.Head.Feeds = v.feedsAt("/tags/"+url.PathEscape(name), p.Title, true)
	return p, nil
}

// search finds by words, kind, category, way of exchange, place and time.
func (v *visit) search(ctx context.Context, tx *store.Tx) (*page, error) {
	f := v.form(v.r.URL.Query())
	q, err := v.query(ctx, tx, f)
	if err != nil {
		return nil, err
	}
	d := listData{Form: f, Empty: v.words.T("page_search_empty"), Options: v.searchOptions()}
	if len(f.mistakes) == 0 {
		cards, next, err := v.find(ctx, tx, q)
		if err != nil {
			return nil, err
		}
		d.Cards, d.More = cards, v.more(next)
	}
	return &page{Name: "list", Title: v.words.T("page_search"), Data: d, NoIndex: true, Problems: f.mistakes}, nil
}

func (v *visit) searchOptions() searchOptions {
	anything := option{Label: v.words.T("form_any")}
	o := searchOptions{
		Kinds:   []option{anything},
		Sectors: append([]option{anything}, options(v.words, "sector_", locale.Sectors)...),
		Modes:   append([]option{anything}, options(v.words, "mode_", federation.ExchangeModes)...),
		Radii:   []option{{Label: v.words.T("form_anywhere")}},
	}
	for _, k := range kinds {
		o.Kinds = append(o.Kinds, option{Value: k, Label: v.words.T("page_kind_" + k)})
	}
	for _, km := range []string{"5", "10", "25", "50", "100"} {
		o.Radii = append(o.Radii, option{Value: km, Label: v.words.Quantity(federation.Decimal(km), "kilometre")})
	}
	return o
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
			q.Sort = "start"
		}
	}
	q.OpenOnly = f.Value("open") != ""
	return q, v.near(ctx, tx, f, &q)
}

// near reads around which point to search: coordinates, the place of an
// object, or that of the initiative.
func (v *visit) near(ctx context.Context, tx *store.Tx, f *form, q *store.Query) error {
	radius, err := strconv.ParseFloat(strings.ReplaceAll(f.Value("radius"), ",", "."), 64)
	if f.Value("radius") == "" && f.Value("lat") == "" && f.Value("lon") == "" && f.Value("near") == "" {
		return nil
	}
	if err == nil && radius > 0 {
		q.RadiusKm = min(radius, 1000)
	}
	q.Near, err = v.point(ctx, tx, f)
	if q.Near == nil {
		q.RadiusKm = 0
		return err
	}
	if q.Sort == "" {
		q.Sort = "near"
	}
	return err
}

func (v *visit) point(ctx context.Context, tx *store.Tx, f *form) (*federation.Point, error) {
	if f.Value("lat") != "" || f.Value("lon") != "" {
		if p := pointOf(f.Value("lat"), f.Value("lon")); p != nil {
			return p, nil
		}
		f.wrong("lat", "error_place")
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
	a, err := tx.Initiative(ctx)
	if err != nil || a.Location == nil {
		return nil, ignoreMissing(err)
	}
	return a.Location.Point, nil
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
