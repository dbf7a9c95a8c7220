// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"bytes"
	"cmp"
	"context"
	"encoding/xml"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/feeds"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// Feeds in Atom and RSS: of the initiative, of each list, of an actor and of a
// hashtag. Only what is public and ours, newest first.

// feedSize is how many entries a feed has.
const feedSize = 40

// A source is what a feed or a calendar is about.
type source struct {
	title string
	page  string // path of the page for people
	query store.Query
}

// feedsOf are the lists that have feeds, by their path.
var feedsOf = []string{"/", "/events/", "/offers/", "/needs/", "/tags/{tag}/"}

// feedRoutes adds the addresses of feeds and calendars.
func (s *Site) feedRoutes(handle func(pattern string, h serving)) {
	for _, base := range feedsOf {
		handle("GET "+base+"feed.atom", (*visit).atom)
		handle("GET "+base+"feed.rss", (*visit).rss)
	}
	handle("GET /events/calendar.ics", (*visit).calendar)
	handle("GET /tags/{tag}/calendar.ics", (*visit).calendar)
	handle("GET /objects/{id}/calendar.ics", (*visit).eventCalendar)
	handle("GET /series/{id}/calendar.ics", (*visit).seriesCalendar)
	handle("GET /{handle}/{file}", (*visit).ofActor)
}

// A feedLink lets programs find a feed.
type feedLink struct{ Type, Title, URL string }

// feedsAt are the feeds of the page at path; with events, its calendar too.
func (v *visit) feedsAt(path, title string, events bool) []feedLink {
	path = strings.TrimSuffix(path, "/")
	list := []feedLink{{"application/atom+xml", title, path + "/feed.atom"}, {"application/rss+xml", title + " (RSS)", path + "/feed.rss"}}
	if events {
		list = append(list, feedLink{"text/calendar", title, calendarAt(path)})
	}
	return list
}

// calendarAt is where the calendar of a page is: that of the initiative has all
// events.
func calendarAt(path string) string {
	if path == "" {
		path = "/events"
	}
	return path + "/calendar.ics"
}

// A serving makes a document.
type serving func(v *visit, ctx context.Context, tx *store.Tx) (*document, error)

// ofActor serves the feeds and the calendar of an actor: /@name/feed.atom.
func (v *visit) ofActor(ctx context.Context, tx *store.Tx) (*document, error) {
	switch v.r.PathValue("file") {
	case "feed.atom":
		return v.atom(ctx, tx)
	case "feed.rss":
		return v.rss(ctx, tx)
	case "calendar.ics":
		return v.calendar(ctx, tx)
	}
	return nil, fmt.Errorf("%s: %w", v.r.URL.Path, federation.ErrNotFound)
}

// source reads what a path is about.
func (v *visit) source(ctx context.Context, tx *store.Tx) (*source, error) {
	f := v.form(v.r.URL.Query())
	q, err := v.query(ctx, tx, f)
	if err != nil {
		return nil, err
	}
	if len(f.mistakes) > 0 {
		return nil, fmt.Errorf("%w: %s", federation.ErrMalformed, f.mistakes[0].Field)
	}
	s := &source{title: v.facts.name(), page: "/", query: q}
	s.query.Kinds = []string{"offer", "need", "event", "article", "note"}
	list, _, _ := strings.Cut(strings.TrimPrefix(v.r.URL.Path, "/"), "/")
	switch tag, handle := v.r.PathValue("tag"), v.r.PathValue("handle"); {
	case tag != "":
		s.query.Tag = federation.Hashtag(tag)
		s.title, s.page = "#"+s.query.Tag+" · "+s.title, "/tags/"+url.PathEscape(s.query.Tag)
		if len(s.query.Tag) > 200 {
			return nil, fmt.Errorf("tag: %w", federation.ErrNotFound)
		}
	case handle != "":
		return s, v.sourceActor(ctx, tx, s, handle)
	case list == "events", list == "offers", list == "needs":
		s.query.Kinds = []string{strings.TrimSuffix(list, "s")}
		s.title, s.page = v.words.T("page_"+list)+" · "+s.title, "/"+list
		if place := cut(strings.TrimSpace(f.Value("place")), 100); place != "" { // one may follow several
			s.title, s.page = place+" · "+s.title, s.page+"?"+v.r.URL.RawQuery
		}
	}
	return s, nil
}

func (v *visit) sourceActor(ctx context.Context, tx *store.Tx, s *source, handle string) error {
	name, ok := strings.CutPrefix(handle, "@")
	if !ok {
		return fmt.Errorf("%s: %w", handle, federation.ErrNotFound)
	}
	a, err := tx.ActorByUsername(ctx, strings.ToLower(name))
	if err == nil && (a.Gone || !a.Local) {
		err = fmt.Errorf("%s: %w", handle, federation.ErrNotFound)
	}
	if err != nil {
		return err
	}
	w := v.actorOf(a, a.ID)
	s.title, s.page = w.Name, w.URL
	if s.query.Author = a.ID; a.Type == "Group" { // what others publish for it
		s.query.Author, s.query.Circuit = "", a.ID
	}
	return nil
}

func (v *visit) atom(ctx context.Context, tx *store.Tx) (*document, error) {
	f, err := v.entries(ctx, tx)
	if err != nil {
		return nil, err
	}
	a := &atomFeed{AtomFeed: (&feeds.Atom{Feed: f}).AtomFeed()}
	self := v.Origin + v.r.URL.RequestURI()
	a.Id = self
	a.Links = []feeds.AtomLink{{Href: f.Link.Href, Rel: "alternate", Type: "text/html"}, {Href: self, Rel: "self", Type: "application/atom+xml"}}
	return v.xml(a, f, "feed.atom", "application/atom+xml; charset=utf-8")
}

// An atomFeed has a link to itself, which Atom asks for.
type atomFeed struct {
	*feeds.AtomFeed

	Links []feeds.AtomLink `xml:"link"`
}

func (v *visit) rss(ctx context.Context, tx *store.Tx) (*document, error) {
	f, err := v.entries(ctx, tx)
	if err != nil {
		return nil, err
	}
	for _, i := range f.Items {
		i.Author = nil // RSS wants a mail address there
	}
	return v.xml((&feeds.Rss{Feed: f}).FeedXml(), f, "feed.rss", "application/rss+xml; charset=utf-8")
}

func (v *visit) xml(doc any, f *feeds.Feed, name, mediaType string) (*document, error) {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	e := xml.NewEncoder(&b)
	e.Indent("", " ")
	if err := e.Encode(doc); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &document{name: name, mediaType: mediaType, body: straight(b.Bytes()), modified: f.Updated}, nil
}

// entries reads what stands in a feed.
func (v *visit) entries(ctx context.Context, tx *store.Tx) (*feeds.Feed, error) {
	s, err := v.source(ctx, tx)
	if err != nil {
		return nil, err
	}
	s.query.LocalOnly, s.query.Limit, s.query.Cursor, s.query.From, s.query.Sort = true, feedSize, "", time.Time{}, store.SortDate
	found, _, err := tx.Search(ctx, s.query)
	if err != nil {
		return nil, err
	}
	f := &feeds.Feed{Title: s.title, Link: &feeds.Link{Href: v.Origin + s.page}, Description: v.words.T("page_feed_of", "Site", v.facts.name())}
	var list []*federation.Object
	for _, x := range found {
		list = append(list, x.Object)
	}
	cards, err := v.cards(ctx, tx, list)
	if err != nil {
		return nil, err
	}
	sizes, err := v.photoSizes(ctx, tx, cards)
	if err != nil {
		return nil, err
	}
	for i, o := range list {
		item := v.entry(o, cards[i], sizes)
		if item.Updated.After(f.Updated) {
			f.Updated = item.Updated
		}
		f.Items = append(f.Items, item)
	}
	if f.Updated.IsZero() { // there is nothing: since when does not matter
		f.Updated = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return f, nil
}

// photoSizes tells how many bytes the photos of cards have, by their ids.
func (v *visit) photoSizes(ctx context.Context, tx *store.Tx, cards []*card) (map[string]int64, error) {
	var ids []string
	for _, c := range cards {
		if c.Photo != nil {
			ids = append(ids, strings.TrimPrefix(c.Photo.Src, "/media/"))
		}
	}
	return tx.MediaSizes(ctx, ids...)
}

// entry makes an entry. Nothing in it depends on when it is read.
func (v *visit) entry(o *federation.Object, c *card, sizes map[string]int64) *feeds.Item {
	title := c.Title
	if c.Status != "" {
		title = c.Status + " : " + title
	}
	if title == "" {
		title = c.Excerpt
	}
	item := &feeds.Item{
		Title: cut(title, 200), Id: string(o.ID), IsPermaLink: "true", Link: &feeds.Link{Href: string(o.ID)},
		Author: &feeds.Author{Name: c.Author.Name}, Created: o.Published.UTC(), Updated: cmp.Or(o.Updated, o.Published).UTC(),
	}
	var facts []string
	for _, s := range []string{c.When, c.Where, c.Price, c.Left, c.Until} {
		if s != "" {
			facts = append(facts, "<p>"+html.EscapeString(s)+"</p>")
		}
	}
	content := strings.Join(facts, "\n") + string(v.content(o))
	if p := v.photoOf(o); p != nil {
		content = `<p><img src="` + html.EscapeString(v.Origin+p.Src) + `" alt="` + html.EscapeString(p.Alt) + `"></p>` + content
		item.Enclosure = &feeds.Enclosure{Url: v.Origin + p.Src, Type: imageType(o), Length: strconv.FormatInt(sizes[strings.TrimPrefix(p.Src, "/media/")], 10)}
	}
	item.Content = content
	item.Description = html.EscapeString(cut(strings.Join([]string{c.When, c.Where, c.Excerpt}, " "), 300))
	return item
}

func imageType(o *federation.Object) string {
	if o.Image != nil && o.Image.MediaType != "" {
		return o.Image.MediaType
	}
	for _, m := range o.Attachments {
		if strings.HasPrefix(m.MediaType, "image/") {
			return m.MediaType
		}
	}
	return "image/jpeg"
}
