// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"html/template"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// A who is an actor as pages name it.
type who struct {
	*locale.Printer
	ID      federation.IRI
	Name    string
	Handle  string // @user@host
	URL     string
	Kind    string // "Initiative", "Circuit" ...
	Type    string // of ActivityStreams; "" if we do not know the actor
	Picture *picture
	Summary template.HTML
	Local   bool
}

// A picture is one of ours. Those of peers are not loaded but linked.
type picture struct {
	Src, Thumb, Alt string
	Width, Height   int
}

// A card is an object as lists show it.
type card struct {
	*locale.Printer
	ID       federation.IRI
	URL      string
	Kind     string // offer, need, event, article, note ...
	Title    string
	Untitled bool // the title is how its text begins
	Excerpt  string
	Author   *who
	By       *who // who announced it
	When     string
	Begins   string // RFC 3339
	Weekday  string
	Day      string
	Month    string
	Where    string
	Far      string
	Price    string // "18 € le panier"
	Left     string // "il en reste 12"
	Origin   string // "Directement du producteur, produit à Die, à 12 km de Valence"
	Withheld string // that the price is not for everybody
	Parts    *priceBar
	Ways     []way
	Until    string
	Status   string // "Annulé", "Pourvu"
	Off      bool
	Photo    *picture
	Written  string // how long ago
	WrittenT string // RFC 3339
	Local    bool
	Answer   *answering // how one answers an event

	Further int // dates of the same series that are not shown

	series federation.IRI    // that it is a date of
	point  *federation.Point // where it is
	start  time.Time         // of an event, on its own clocks
}

// actorOf makes a who; of an actor we do not know, from its address.
func (v *visit) actorOf(a *federation.Actor, id federation.IRI) *who {
	if a == nil {
		return &who{Printer: v.words, ID: id, Name: id.Host(), Handle: id.Host(), URL: peerPath("actors", id), Kind: ""}
	}
	w := &who{
		Printer: v.words, ID: a.ID, Name: a.Name, Handle: "@" + handleOf(a), Kind: v.words.T("page_actor_" + a.Type),
		Type: a.Type, Summary: safe(a.Summary), Local: a.Local, Picture: v.pictureOf(a.Icon),
	}
	if w.Name == "" {
		w.Name = a.Username
	}
	switch {
	case a.Local:
		w.URL = "/@" + url.PathEscape(a.Username)
	case v.account != nil:
		w.URL = peerPath("actors", a.ID)
	default:
		w.URL = webLink(a.URL, a.ID)
	}
	return w
}

// handleOf returns the handle without its first @: as proven, else what the
// host of the id says.
func handleOf(a *federation.Actor) string {
	if a.Handle != "" {
		return a.Handle
	}
	return a.Username + "@" + a.ID.Host()
}

// webLink returns where people read something of a peer: its page if that is a
// web address, else its id.
func webLink(page string, id federation.IRI) string {
	if iri, err := federation.ParseIRI(page); err == nil && iri != federation.Public {
		return page
	}
	return string(id)
}

// peerPath is our page about something of a peer.
func peerPath(kind string, id federation.IRI) string {
	return "/peer/" + kind + "?id=" + url.QueryEscape(string(id))
}

// pictureOf returns a picture that we serve ourselves; nil for others.
func (s *Site) pictureOf(m *federation.Media) *picture {
	if m == nil {
		return nil
	}
	id, ok := strings.CutPrefix(m.URL, s.Origin+"/media/")
	if !ok || id == "" || strings.Contains(id, "/") {
		return nil
	}
	return &picture{Src: "/media/" + id, Thumb: "/media/" + id + "/thumb", Alt: m.Name, Width: m.Width, Height: m.Height}
}

// photoOf returns the picture of an object.
func (s *Site) photoOf(o *federation.Object) *picture {
	if p := s.pictureOf(o.Image); p != nil {
		return p
	}
	for i := range o.Attachments {
		if p := s.pictureOf(&o.Attachments[i]); p != nil {
			return p
		}
	}
	return nil
}

// safe lets through the little HTML that posts may have. It was cleaned when
// it was stored; what cleaned it then may have been older than what we know
// now.
func safe(html string) template.HTML {
	return template.HTML(honest(vocab.SanitizeHTML(shut(html)))) //nolint:gosec // sanitised in this very line
}

// doors are links that open something to whoever has no account.
var doors = regexp.MustCompile(`<a [^>]*/(exchanges/[0-9a-f]+|guest)\?g=[0-9]+&(amp;)?k=[A-Z2-7]+[^>]*>[^<]*</a>`)

// shut takes them out of a text: who sent one may read the letter later, but not
// confirm in the other's name.
func shut(html string) string { return doors.ReplaceAllString(html, "…") }

// href returns the page of an object.
func (v *visit) href(o *federation.Object) string {
	switch {
	case o.Local:
		return strings.TrimPrefix(string(o.ID), v.Origin)
	case v.account != nil:
		return peerPath("objects", o.ID)
	}
	return webLink(o.URL, o.ID)
}

// cards shows objects as the visitor may see them; their authors are read
// together.
func (v *visit) cards(ctx context.Context, tx *store.Tx, list []*federation.Object) ([]*card, error) {
	list, err := v.seen(ctx, tx, list...)
	if err != nil {
		return nil, err
	}
	var ids []federation.IRI
	for _, o := range list {
		ids = append(ids, o.AttributedTo)
	}
	authors, err := tx.Actors(ctx, ids...)
	if err != nil {
		return nil, err
	}
	answers, err := v.answers(ctx, tx, list)
	if err != nil {
		return nil, err
	}
	all := make([]*card, 0, len(list))
	for _, o := range list {
		c := v.card(o)
		c.Answer = answers[o.ID]
		c.Author = v.actorOf(authors[o.AttributedTo], o.AttributedTo)
		all = append(all, c)
	}
	return all, nil
}

// card shows an object without its author.
func (v *visit) card(o *federation.Object) *card {
	x := federation.IndexOf(o)
	c := &card{
		Printer: v.words, ID: o.ID, URL: v.href(o), Kind: x.Kind, Title: o.Name, Off: x.Closed, Local: o.Local,
		Where: where(o.Location), point: x.Point, Photo: v.photoOf(o),
		Written: v.words.Ago(o.Published, v.Now()), WrittenT: stamp(o.Published),
	}
	switch x.Kind {
	case "offer", "need":
		v.proposalCard(c, o)
	case "event":
		v.eventCard(c, o)
	default:
		c.Excerpt = cut(vocab.Text(shut(o.Content)), 280)
	}
	if o.Sensitive && x.Kind == "note" && o.Summary != "" {
		c.Excerpt = cut(vocab.Text(o.Summary), 200)
	}
	if c.Title == "" {
		c.Untitled = true
		c.Title = cut(c.Excerpt, 80)
		if begun, ok := strings.CutSuffix(c.Title, "…"); ok {
			c.Excerpt = "…" + strings.TrimPrefix(c.Excerpt, begun)
		} else {
			c.Excerpt = ""
		}
	}
	if c.Title == "" {
		c.Title = v.words.T("page_untitled")
	}
	c.Title, c.Excerpt = glued(c.Title), glued(c.Excerpt)
	return c
}

func (v *visit) proposalCard(c *card, o *federation.Object) {
	p, _ := federation.ProposalOf(o)
	c.Price = v.pricePer(o, p)
	c.Ways = v.ways(p.Modes)
	c.Parts = v.priceBar(p)
	c.Origin = outbox.OriginWords(v.words, o, p)
	if group := federation.ReadersOf(o).Of(federation.DetailPrice); group != federation.ReadersPublic && p.Reciprocal == nil && o.Partial {
		c.Withheld = v.words.T("page_readers_price_" + group)
	}
	if q := p.Primary.Available; q != nil && !c.Off {
		c.Left = v.words.T("post_left_"+p.Purpose, "Quantity", v.words.Quantity(q.Value, q.Unit))
	}
	if c.Off {
		c.Status = v.words.T("post_fulfilled")
	}
	if !o.End.IsZero() {
		c.Until = v.words.T("post_until", "Until", v.words.Day(o.End.In(v.zone())))
	}
	c.Excerpt = cut(typed(o), 160)
}

func (v *visit) eventCard(c *card, o *federation.Object) {
	e := federation.EventOf(o)
	c.When = v.when(o, e)
	c.Begins = stamp(o.Start)
	start := inZone(o.Start, e.Timezone)
	c.start, c.series = start, e.Series
	c.Weekday = v.words.T("page_weekday_" + strconv.Itoa(int(start.Weekday())))
	c.Day, c.Month = start.Format("2"), v.words.T("page_month_"+start.Format("1"))
	if e.Status != federation.EventScheduled {
		c.Status = v.words.Word("status", e.Status)
		c.Off = e.Status == federation.EventCancelled
	}
	if name := outbox.BareTitle(o.Name); name != "" {
		c.Title = name
	}
	c.Excerpt = cut(typed(o), 160)
}

// when writes from when to when an event lasts, on its own clocks.
func (v *visit) when(o *federation.Object, e federation.Event) string {
	end := o.End
	if e.HideEnd {
		end = time.Time{}
	}
	start := o.Start
	if e.Timezone == "" && start.Location() == time.UTC {
		start = start.In(v.zone())
	}
	return v.words.DateRange(inZone(start, e.Timezone), end, e.Timezone)
}

// typed returns what the author of o wrote, without the facts around it.
func typed(o *federation.Object) string { return outbox.SourceOf(o).Content }

// price writes what is asked in return.
func (v *visit) price(p federation.Proposal) string {
	amount, currency := p.Price()
	switch {
	case amount == "":
		return ""
	case amount.Zero():
		return v.words.T("post_free")
	case p.Reciprocal.Quantity.Unit != "" && p.Reciprocal.Quantity.Unit != "one":
		return v.words.Quantity(amount, p.Reciprocal.Quantity.Unit)
	}
	return v.words.Money(amount, currency)
}

// pricePer writes what is asked in return, and for what.
func (v *visit) pricePer(o *federation.Object, p federation.Proposal) string {
	price := v.price(p)
	if price == "" || p.UnitBased == nil || p.Reciprocal.Quantity == nil || p.Reciprocal.Quantity.Value.Zero() {
		return price
	}
	switch unit := outbox.SourceOf(o).UnitName; {
	case !*p.UnitBased:
		return v.words.T("page_price_lot", "Price", price)
	case unit != "":
		return outbox.PerNamed(v.words, price, unit)
	}
	switch q := p.Primary.Quantity; {
	case q == nil || q.Unit == "one" && q.Value.Cmp("1") == 0:
		return v.words.T("page_price_each", "Price", price)
	case q.Value.Cmp("1") == 0:
		return v.words.T("per_"+q.Unit, "Price", price)
	default:
		return v.words.T("per_quantity", "Price", price, "Quantity", v.words.Quantity(q.Value, q.Unit))
	}
}

// where writes a place in a few words.
func where(p *federation.Place) string {
	if p == nil {
		return ""
	}
	var all []string
	for _, s := range []string{p.Name, p.City} {
		if s != "" && (len(all) == 0 || all[0] != s) {
			all = append(all, s)
		}
	}
	return strings.Join(all, ", ")
}

func inZone(t time.Time, name string) time.Time {
	return locale.Local(t, name)
}

// stamp writes a moment for programs; "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// cut shortens a text to so many characters, at a word.
func cut(s string, most int) string {
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	r := []rune(s)[:most]
	short := string(r)
	if i := strings.LastIndexByte(short, ' '); i > len(short)/2 {
		short = short[:i]
	}
	return short + "…"
}

// glue keeps high punctuation with the word before it, where its author put a
// space between them as French does.
var glue = strings.NewReplacer(" :", "\u00a0:", " ;", "\u202f;", " !", "\u202f!", " ?", "\u202f?", " »", "\u00a0»", "« ", "«\u00a0")

func glued(s string) string { return glue.Replace(s) }

// KindWord names the kind of thing it is.
func (c *card) KindWord() string {
	if id := "page_kind_" + c.Kind; c.Has(id) {
		return c.T(id)
	}
	return c.T("page_kind_other")
}
