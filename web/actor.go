// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// actorData is what the page of an actor shows.
type actorData struct {
	Who       *who
	Username  string
	Address   string
	Fields    []profileField
	Featured  []*card
	Tabs      []navLink // the kinds of what there is
	Cards     []*card
	Waiting   []*card // of a circuit: what it does not pass on
	More      string
	Followers int
	Following int
	Relation  *relation // to a peer's actor, of the voice that looks
	Elsewhere string    // the page on its own server
	Moved     string
	Follow    *followPart // from elsewhere
}

// A profileField is a line of a profile.
type profileField struct {
	Name  string
	Value template.HTML
}

// A relation is what stands between one of our actors and another.
type relation struct {
	As        string
	Voices    []option
	Follows   bool
	Asked     bool // to follow, not yet answered
	FollowsUs bool
	Blocked   bool
}

// handle answers /@name, and 404 for whatever else has one segment.
func (v *visit) handle(ctx context.Context, tx *store.Tx) (*page, error) {
	name, ok := strings.CutPrefix(v.r.PathValue("handle"), "@")
	if !ok {
		return v.nowhere(ctx, tx)
	}
	name, _ = strings.CutSuffix(name, "@"+v.local("/").Host())
	return v.actorPage(ctx, tx, name)
}

func (v *visit) actor(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.actorPage(ctx, tx, v.r.PathValue("name"))
}

// actorPage shows one of our own actors.
func (v *visit) actorPage(ctx context.Context, tx *store.Tx, name string) (*page, error) {
	a, err := tx.Actor(ctx, v.local("/actors/"+strings.ToLower(name)))
	switch {
	case err != nil:
		return nil, err
	case !a.Local:
		return nil, fmt.Errorf("%s: %w", a.ID, federation.ErrNotFound)
	case a.Gone:
		return v.stone(), nil
	}
	d, err := v.actorData(ctx, tx, a)
	if err != nil {
		return nil, err
	}
	p := &page{Name: "actor", Title: d.Who.Name, Data: d, Head: v.profileHead(a, d.Who), NoIndex: !a.Indexable, Scripts: []string{"follow.js"}}
	p.Head.Feeds = v.feedsAt(d.Who.URL, p.Title, true)
	return p, nil
}

// stone is the page of what was deleted.
func (v *visit) stone() *page {
	d := faultData{Status: http.StatusGone, Help: v.words.T("page_fault_410_help")}
	return &page{Name: "fault", Title: v.words.T("page_fault_410"), Status: http.StatusGone, Data: d, NoIndex: true, hard: true}
}

// actorData reads what there is about an actor, ours or a peer's.
func (v *visit) actorData(ctx context.Context, tx *store.Tx, a *federation.Actor) (d actorData, err error) {
	d = actorData{Who: v.actorOf(a, a.ID), Username: a.Username, Address: address(a.Location), Fields: profileFields(a)}
	d.Moved = string(a.MovedTo)
	var viewer federation.IRI
	if voice, err := v.voice(); err == nil {
		viewer = voice.ID
	}
	d.Tabs = v.tabs()
	if err := v.posts(ctx, tx, a, viewer, &d); err != nil {
		return d, err
	}
	if v.after() == "" && v.shown() == "" {
		featured, err := tx.Featured(ctx, a.ID)
		if err != nil {
			return d, err
		}
		if d.Featured, err = v.cards(ctx, tx, featured[:min(len(featured), 5)]); err != nil {
			return d, err
		}
	}
	if d.Waiting, err = v.turnedDown(ctx, tx, a); err != nil {
		return d, err
	}
	if a.Local {
		d.Follow = v.followActor(a)
		if d.Followers, err = tx.CountTo(ctx, federation.Follow, a.ID); err != nil {
			return d, err
		}
		d.Following, err = tx.CountFrom(ctx, federation.Follow, a.ID)
		return d, err
	}
	d.Elsewhere = webLink(a.URL, a.ID)
	d.Relation, err = v.relation(ctx, tx, a.ID)
	return d, err
}

// shown is the kind of things that the page of an actor is asked to show; ""
// for all.
func (v *visit) shown() string {
	if kind := v.r.URL.Query().Get("show"); slices.Contains(shownKinds, kind) {
		return kind
	}
	return ""
}

// shownKinds are the kinds that have a tab.
var shownKinds = []string{"event", "offer", "need", "note"}

// tabs links to each kind of what an actor published.
func (v *visit) tabs() []navLink {
	q := v.r.URL.Query()
	q.Del("after")
	q.Del("done")
	link := func(kind, icon string) navLink {
		if q.Del("show"); kind != "" {
			q.Set("show", kind)
		}
		return navLink{URL: "?" + q.Encode(), Name: v.words.T("page_tab_" + cmp.Or(kind, "all")), Icon: icon, Current: v.shown() == kind}
	}
	all := []navLink{link("", "")}
	for _, kind := range shownKinds {
		all = append(all, link(kind, (&card{Kind: kind}).Icon()))
	}
	return all
}

// posts reads what an actor published: all of it, or of the kind that is
// asked for.
//
// Of a circuit it is what was published for it, by whomever; what it wrote
// itself stands among the newest.
func (v *visit) posts(ctx context.Context, tx *store.Tx, a *federation.Actor, viewer federation.IRI, d *actorData) error {
	id, circuit := a.ID, a.Type == "Group"
	var list []*federation.Object
	next, err := "", error(nil)
	switch kind := v.shown(); {
	case kind == "" && circuit:
		list, next, err = v.circuitPosts(ctx, tx, id, viewer)
	case kind == "":
		list, next, err = tx.ObjectsBy(ctx, id, viewer, v.after(), pageSize)
	default:
		q := store.Query{Kinds: []string{kind}, Viewer: viewer, Cursor: v.after(), Limit: pageSize}
		if q.Author = id; circuit {
			q.Author, q.Circuit = "", id
		}
		if kind == "event" {
			q.From, q.Sort = v.Now(), store.SortStart
		}
		var found []store.Found
		found, next, err = tx.Search(ctx, q)
		for _, f := range found {
			list = append(list, f.Object)
		}
	}
	if err != nil {
		return err
	}
	d.More = v.more(next)
	d.Cards, err = v.cards(ctx, tx, list)
	return err
}

// circuitPosts reads what was published for a circuit, and on the first page
// what it wrote itself.
func (v *visit) circuitPosts(ctx context.Context, tx *store.Tx, id, viewer federation.IRI) ([]*federation.Object, string, error) {
	list, next, err := tx.ObjectsIn(ctx, id, viewer, v.after(), pageSize)
	if err != nil || v.after() != "" {
		return list, next, err
	}
	own, _, err := tx.ObjectsBy(ctx, id, viewer, "", pageSize)
	for _, o := range own {
		if o.Audience != id {
			list = append(list, o)
		}
	}
	slices.SortStableFunc(list, func(a, b *federation.Object) int { return b.Published.Compare(a.Published) })
	return list, next, err
}

// relation reads what stands between the visitor's voice and an actor.
func (v *visit) relation(ctx context.Context, tx *store.Tx, id federation.IRI) (*relation, error) {
	voice, err := v.voice()
	if err != nil {
		return nil, ignoreMissing(err)
	}
	r := &relation{As: voice.Username, Voices: v.voiceOptions(voice)}
	for _, e := range []struct {
		kind     string
		from, to federation.IRI
		note     func(*federation.Edge)
	}{
		{federation.Follow, voice.ID, id, func(e *federation.Edge) { r.Follows, r.Asked = !e.Pending, e.Pending }},
		{federation.Follow, id, voice.ID, func(e *federation.Edge) { r.FollowsUs = !e.Pending }},
		{federation.Block, voice.ID, id, func(*federation.Edge) { r.Blocked = true }},
	} {
		edge, err := tx.Edge(ctx, e.kind, e.from, e.to)
		if err == nil {
			e.note(edge)
		} else if !errors.Is(err, federation.ErrNotFound) {
			return nil, err
		}
	}
	return r, nil
}

// voiceOptions lists those the visitor may speak for.
func (v *visit) voiceOptions(chosen *federation.Actor) []option {
	var all []option
	for _, a := range v.voices {
		label := a.Name
		if label == "" {
			label = a.Username
		}
		all = append(all, option{Value: a.Username, Label: label, Chosen: a == chosen})
	}
	return all
}

// actorCollection sends people who open a collection to whose it is.
func (v *visit) actorCollection(ctx context.Context, tx *store.Tx) (*page, error) {
	switch v.r.PathValue("collection") {
	case "followers", "following", "featured", "outbox", "events", "offers", "needs", "members":
	default:
		return v.nowhere(ctx, tx)
	}
	a, err := tx.Actor(ctx, v.local("/actors/"+strings.ToLower(v.r.PathValue("name"))))
	if err != nil {
		return nil, err
	}
	if a.Gone {
		return v.stone(), nil
	}
	return see(v.actorOf(a, a.ID).URL, ""), nil
}

// profileFields are the lines of a profile.
func profileFields(a *federation.Actor) []profileField {
	var all []profileField
	for _, f := range a.Fields {
		all = append(all, profileField{f.Name, safe(f.Value)})
	}
	return all
}

// address writes a place as one addresses a letter, in one line.
func address(p *federation.Place) string {
	if p == nil {
		return ""
	}
	var all []string
	for _, s := range []string{p.Name, p.Street, strings.TrimSpace(p.Postal + " " + p.City)} {
		if s != "" && (len(all) == 0 || all[len(all)-1] != s) {
			all = append(all, s)
		}
	}
	return strings.Join(all, ", ")
}

// ignoreMissing is err, unless something merely is not there.
func ignoreMissing(err error) error {
	if errors.Is(err, federation.ErrNotFound) {
		return nil
	}
	return err
}
