// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/store"
)

// homeData is what the first page shows.
type homeData struct {
	Who      *who // the initiative; nil before there is one
	Username string
	Address  string
	Map      *mapView
	Fields   []profileField
	Events   []*card
	Offers   []*card
	Needs    []*card
	Circuits []*who // ours, and those we follow
	Follow   *followPart
	Blank    bool // nothing was published yet
	Mine     bool // the visitor speaks for the initiative
}

// How much of each the first page shows.
const (
	homeEvents   = 5
	homeLook     = 60 // events among which these are, each series once
	homeItems    = 6
	homeCircuits = 12
)

// home says who is here and what they offer, seek and organise.
func (v *visit) home(ctx context.Context, tx *store.Tx) (*page, error) {
	d := homeData{}
	p := &page{Name: "home", Title: v.facts.name(), Scripts: []string{"follow.js"}}
	initiative, err := tx.Initiative(ctx)
	switch {
	case err == nil:
		d.Who = v.actorOf(initiative, initiative.ID)
		d.Username = initiative.Username
		d.Address = address(initiative.Location)
		d.Mine = v.speaksFor(initiative.ID)
		d.Fields = profileFields(initiative)
		d.Follow = v.followActor(initiative)
		p.Title = d.Who.Name
		p.Head = v.profileHead(initiative, d.Who)
		p.Head.Canonical = v.Origin + "/"
		p.Head.Feeds = v.feedsAt("/", p.Title, true)
		d.Follow.Ways = v.waysAt("/")
	case !errors.Is(err, federation.ErrNotFound):
		return nil, err
	}
	if err := v.homeLists(ctx, tx, &d); err != nil {
		return nil, err
	}
	if err := v.homeCircuits(ctx, tx, &d); err != nil {
		return nil, err
	}
	d.Blank = len(d.Events)+len(d.Offers)+len(d.Needs) == 0
	d.Map = v.homeMap(initiative, &d)
	p.Data = d
	return v.withMap(p, d.Map), nil
}

// homeLists reads the next events and the newest offers and needs.
func (v *visit) homeLists(ctx context.Context, tx *store.Tx, d *homeData) error {
	for _, l := range []struct {
		to *[]*card
		q  store.Query
	}{
		{&d.Offers, store.Query{Kinds: []string{"offer"}, LocalOnly: true, OpenOnly: true, Limit: homeItems}},
		{&d.Needs, store.Query{Kinds: []string{"need"}, LocalOnly: true, OpenOnly: true, Limit: homeItems}},
	} {
		found, _, err := tx.Search(ctx, l.q)
		if err != nil {
			return err
		}
		if *l.to, err = v.foundCards(ctx, tx, found); err != nil {
			return err
		}
	}
	return v.homeNext(ctx, tx, d)
}

// homeNext reads the next events, each series once. Only where there is one are
// more read than shown.
func (v *visit) homeNext(ctx context.Context, tx *store.Tx, d *homeData) error {
	q := store.Query{Kinds: []string{"event"}, From: v.Now(), Sort: "start", LocalOnly: true, Limit: homeEvents}
	found, _, err := tx.Search(ctx, q)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(found, func(f store.Found) bool { return federation.EventOf(f.Object).Series != "" }) {
		q.Limit = homeLook
		if found, _, err = tx.Search(ctx, q); err != nil {
			return err
		}
	}
	cards, err := v.foundCards(ctx, tx, found)
	d.Events = grouped(cards, homeEvents)
	return err
}

// homeMap shows where the initiative is, and what the page lists.
func (v *visit) homeMap(initiative *federation.Actor, d *homeData) *mapView {
	spots, _ := spotsOf(d.Events, d.Offers, d.Needs)
	if d.Who != nil {
		if s, ok := spotOfActor(initiative, d.Who); ok {
			spots = append([]spot{s}, spots...)
		}
	}
	m := v.mapView(spots)
	if m != nil {
		m.Folded = true
	}
	return m
}

// homeCircuits reads the circuits that the initiative keeps or follows.
func (v *visit) homeCircuits(ctx context.Context, tx *store.Tx, d *homeData) error {
	groups, err := tx.LocalActors(ctx, "Group")
	if err != nil {
		return err
	}
	if d.Who != nil {
		edges, _, err := tx.Following(ctx, d.Who.ID, "", 50)
		if err != nil {
			return err
		}
		var ids []federation.IRI
		for _, e := range edges {
			ids = append(ids, e.To)
		}
		followed, err := tx.Actors(ctx, ids...)
		if err != nil {
			return err
		}
		for _, id := range ids { // in the order of following
			if a := followed[id]; a != nil && a.Type == "Group" && !a.Local {
				groups = append(groups, a)
			}
		}
	}
	for _, g := range groups {
		if !g.Gone && len(d.Circuits) < homeCircuits {
			d.Circuits = append(d.Circuits, v.actorOf(g, g.ID))
		}
	}
	return nil
}

// profileHead tells other programs whom a page is about.
func (v *visit) profileHead(a *federation.Actor, w *who) *head {
	h := &head{
		Canonical: v.Origin + w.URL, Alternate: a.ID, Kind: "profile",
		Description: cut(vocab.Text(a.Summary), 300), Creator: w.Handle,
	}
	if w.Picture != nil {
		h.Image, h.ImageAlt = v.Origin+w.Picture.Src, w.Picture.Alt
	}
	return h
}

// frontLifetime is how old the first page may be for those nobody knows.
const frontLifetime = 2 * time.Second

// A front keeps the first page for those who have not signed in, one for each
// language. Every form that is sent clears it.
type front struct {
	mu    sync.RWMutex
	pages map[string]frontPage // by language
}

type frontPage struct {
	page *page
	body []byte
	at   time.Time
}

// plain reports whether a visit asks for the first page as anybody does.
func (f *front) plain(v *visit) bool {
	if v.r.URL.Path != "/" || v.r.URL.RawQuery != "" || v.r.Method != http.MethodGet {
		return false
	}
	if v.homeServer() != "" {
		return false
	}
	_, err := v.r.Cookie(v.cookieName())
	return err != nil
}

func (f *front) serve(v *visit) bool {
	if !f.plain(v) {
		return false
	}
	f.mu.RLock()
	kept, ok := f.pages[v.words.Lang()]
	f.mu.RUnlock()
	if age := v.Now().Sub(kept.at); !ok || age < 0 || age > frontLifetime {
		return false
	}
	v.write(kept.page, kept.body)
	return true
}

func (f *front) keep(v *visit, p *page, body []byte) {
	if p.Name != "home" || p.Status != 0 || !f.plain(v) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pages == nil {
		f.pages = map[string]frontPage{}
	}
	f.pages[v.words.Lang()] = frontPage{p, body, v.Now()}
}

func (f *front) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pages = nil
}
