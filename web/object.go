// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/url"
	"strconv"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// objectData is what the page of an object shows.
type objectData struct {
	*card
	Content   template.HTML
	Language  string
	Warning   string // what to be warned of before reading
	Facts     []fact
	Parts     []fact // of the price
	Map       string // an address of the place on a map
	Tags      []fact
	Links     []fact // attachments, and pictures of peers
	Counts    store.Counts
	Parent    *card
	Replies   []*replyData
	More      string
	Private   bool
	Elsewhere string // the page on the author's own server
	Mine      *mine  // what the author may do
	React     *reactData
}

// A fact is a line of what is known: a label and what it says, which may lead
// somewhere.
type fact struct{ Label, Text, URL string }

// mine is what the author of an object may do with it.
type mine struct {
	Edit, Close, Reopen, Cancel bool
	Delivered, Waiting          int // inboxes
}

// reactData is what others may do with an object.
type reactData struct {
	As            string
	Voices        []option
	Liked, Shared bool
	MayShare      bool
	Form          *form
}

// A replyData is an answer below an object.
type replyData struct {
	*card
	Content template.HTML
	Counts  store.Counts
}

// object shows something of ours.
func (v *visit) object(ctx context.Context, tx *store.Tx) (*page, error) {
	o, err := v.readable(ctx, tx, v.local("/objects/"+v.r.PathValue("id")))
	if err != nil {
		return nil, err
	}
	if !o.Local {
		return v.nowhere(ctx, tx)
	}
	return v.objectPage(ctx, tx, o, nil)
}

// readable returns an object that the visitor may read; ErrNotFound is the
// answer for all others.
func (v *visit) readable(ctx context.Context, tx *store.Tx, id federation.IRI) (*federation.Object, error) {
	o, err := tx.Object(ctx, id)
	if err != nil {
		return nil, err
	}
	_, ok, err := v.viewer(ctx, tx, o)
	if err == nil && !ok {
		err = fmt.Errorf("%s: %w", id, federation.ErrNotFound)
	}
	return o, err
}

// objectPage shows an object; reply is the form of an answer that had
// mistakes, if any.
func (v *visit) objectPage(ctx context.Context, tx *store.Tx, o *federation.Object, reply *form) (*page, error) {
	if o.Gone() {
		return v.stone(), nil
	}
	cards, err := v.cards(ctx, tx, []*federation.Object{o})
	if err != nil {
		return nil, err
	}
	d := &objectData{card: cards[0], Content: v.content(o), Language: o.Language, Links: v.links(o), Tags: v.tags(o)}
	d.Private = o.Visibility("") > federation.VisibleUnlisted
	if o.Sensitive {
		d.Warning = cut(vocab.Text(o.Summary), 500)
	}
	d.Facts = v.factsOf(o)
	d.Parts = v.partsOf(o)
	d.Map = mapOf(o.Location)
	if !o.Local {
		d.Elsewhere = webLink(o.URL, o.ID)
	}
	if err := v.conversation(ctx, tx, o, d); err != nil {
		return nil, err
	}
	if err := v.possible(ctx, tx, o, d, reply); err != nil {
		return nil, err
	}
	p := &page{Name: "object", Title: d.Title, Data: d, Head: v.objectHead(o, d), NoIndex: d.Private || !o.Local}
	if reply != nil {
		p.Problems = reply.mistakes
	}
	return p, nil
}

// content is what the author wrote, as HTML. What was typed here is written
// anew without the facts that the page shows beside it.
func (v *visit) content(o *federation.Object) template.HTML {
	html := o.Content
	if o.Local && (o.Type == "Event" || federation.IndexOf(o).Kind != strings.ToLower(o.Type)) {
		html = v.html(outbox.SourceOf(o).Content)
	}
	if html == "" && !o.Sensitive {
		html = o.Summary
	}
	return safe(html)
}

// html writes typed text as HTML, as outbox does for every post.
func (v *visit) html(text string) string {
	o := &federation.Object{Type: "Note"}
	if err := outbox.Readable(v.words, o, text); err != nil {
		return template.HTMLEscapeString(text)
	}
	return o.Content
}

// factsOf lists what the fields of an object say.
func (v *visit) factsOf(o *federation.Object) []fact {
	var all []fact
	add := func(label, text string) {
		if text != "" {
			all = append(all, fact{Label: v.words.T(label), Text: text})
		}
	}
	switch federation.IndexOf(o).Kind {
	case "offer", "need":
		v.proposalFacts(o, add)
	case "event":
		v.eventFacts(o, add)
	}
	add("page_where", address(o.Location))
	if o.Location != nil && o.Location.Type == "VirtualLocation" {
		if iri, err := federation.ParseIRI(o.Location.URL); err == nil {
			all = append(all, fact{v.words.T("page_online"), iri.Host(), o.Location.URL})
		}
	}
	return all
}

func (v *visit) proposalFacts(o *federation.Object, add func(label, text string)) {
	p, _ := federation.ProposalOf(o)
	var modes []string
	for _, m := range p.Modes {
		modes = append(modes, v.words.Word("mode", m))
	}
	price := v.price(p)
	switch unit := outbox.SourceOf(o).UnitName; {
	case price == "" || p.UnitBased == nil:
	case !*p.UnitBased:
		price = v.words.T("page_price_lot", "Price", price)
	case unit != "":
		price = v.words.T("page_price_unit", "Price", price, "Unit", unit)
	default:
		price = v.words.T("page_price_each", "Price", price)
	}
	add("page_price", price)
	add("page_modes", strings.Join(modes, ", "))
	for _, q := range []struct {
		label string
		q     *federation.Quantity
	}{{"page_quantity", p.Primary.Quantity}, {"page_available_" + p.Purpose, p.Primary.Available}, {"page_minimum", p.Primary.Minimum}} {
		if q.q != nil && !(q.q.Unit == "one" && q.q.Value == "1") {
			add(q.label, v.words.Quantity(q.q.Value, q.q.Unit))
		}
	}
	if p.Category != "" {
		add("page_category", v.words.Word("sector", p.Category))
	}
	if !o.Start.IsZero() {
		add("page_valid_from", v.words.Date(o.Start.In(zone)))
	}
	if !o.End.IsZero() {
		add("page_valid_until", v.words.Date(o.End.In(zone)))
	}
}

func (v *visit) eventFacts(o *federation.Object, add func(label, text string)) {
	e := federation.EventOf(o)
	add("page_when", v.when(o, e))
	if e.Timezone != "" && e.Timezone != defaultZone {
		add("page_timezone", e.Timezone)
	}
	if !e.PreviousStart.IsZero() {
		add("page_previously", v.words.DateTime(inZone(e.PreviousStart, e.Timezone)))
	}
	add("page_price", outbox.SourceOf(o).Price)
	if e.Category != "" && e.Category != "MEETING" {
		add("page_category", v.words.Word("category", e.Category))
	}
	if e.JoinMode != "" {
		add("page_join", v.words.Word("join", e.JoinMode))
	}
	if e.Capacity > 0 {
		add("page_capacity", strconv.Itoa(e.Capacity))
	}
	if e.Online {
		add("page_online", v.words.T("post_online"))
	}
}

// partsOf lists what a price is made of.
func (v *visit) partsOf(o *federation.Object) []fact {
	p, ok := federation.ProposalOf(o)
	if !ok {
		return nil
	}
	_, currency := p.Price()
	var all []fact
	for _, part := range p.Breakdown {
		name := part.Name
		if name == "" {
			name = v.words.Word("part", part.Kind)
		}
		all = append(all, fact{Label: name, Text: v.words.Money(part.Amount, currency)})
	}
	return all
}

// mapOf links to a map of a place; nothing of it is loaded.
func mapOf(p *federation.Place) string {
	if p == nil || p.Point == nil {
		return ""
	}
	lat, lon := strconv.FormatFloat(p.Point.Latitude, 'f', 5, 64), strconv.FormatFloat(p.Point.Longitude, 'f', 5, 64)
	return "https://www.openstreetmap.org/?mlat=" + lat + "&mlon=" + lon + "#map=16/" + lat + "/" + lon
}

func (v *visit) tags(o *federation.Object) []fact {
	var all []fact
	for _, t := range o.Tags {
		if t.Type == "Hashtag" && federation.Hashtag(t.Name) != "" && len(all) < 50 {
			all = append(all, fact{Text: "#" + strings.TrimPrefix(t.Name, "#"), URL: "/tags/" + url.PathEscape(federation.Hashtag(t.Name))})
		}
	}
	return all
}

// links lists what hangs on an object and is not shown: links, and the
// pictures of peers by what they show.
func (v *visit) links(o *federation.Object) []fact {
	var all []fact
	seen := map[string]bool{}
	list := o.Attachments
	if o.Image != nil {
		list = append([]federation.Media{*o.Image}, list...)
	}
	for i := range list {
		m := &list[i]
		iri, err := federation.ParseIRI(m.URL)
		if err != nil || seen[m.URL] || len(all) == 20 || v.pictureOf(m) != nil {
			continue
		}
		seen[m.URL] = true
		label := v.words.T("page_attachment_link")
		if m.Type != "Link" {
			label = v.words.T("page_attachment_file")
		}
		if m.Type == "Image" || strings.HasPrefix(m.MediaType, "image/") {
			label = v.words.T("page_attachment_image")
		}
		text := m.Name
		if text == "" || text == "Website" {
			text = iri.Host()
		}
		all = append(all, fact{Label: label, Text: cut(text, 300), URL: m.URL})
	}
	return all
}

// conversation reads what an object answers, and the answers to it.
func (v *visit) conversation(ctx context.Context, tx *store.Tx, o *federation.Object, d *objectData) error {
	viewer, _, err := v.viewer(ctx, tx, o)
	if err != nil {
		return err
	}
	if viewer == "" && len(v.voices) > 0 {
		viewer = v.voices[0].ID
	}
	if o.InReplyTo != "" {
		parent, err := v.readable(ctx, tx, o.InReplyTo)
		if ignoreMissing(err) != nil {
			return err
		}
		if err == nil && !parent.Gone() {
			cards, err := v.cards(ctx, tx, []*federation.Object{parent})
			if err != nil {
				return err
			}
			d.Parent = cards[0]
		}
	}
	list, next, err := tx.Replies(ctx, o.ID, viewer, v.after(), 50)
	if err != nil {
		return err
	}
	d.More = v.more(next)
	cards, err := v.cards(ctx, tx, list)
	if err != nil {
		return err
	}
	ids := []federation.IRI{o.ID}
	for i, reply := range list {
		ids = append(ids, reply.ID)
		d.Replies = append(d.Replies, &replyData{card: cards[i], Content: safe(reply.Content)})
	}
	counts, err := tx.Counts(ctx, ids...)
	if err != nil {
		return err
	}
	d.Counts = counts[o.ID]
	for i := range d.Replies {
		d.Replies[i].Counts = counts[list[i].ID]
	}
	return nil
}

// possible reads what the visitor may do with an object.
func (v *visit) possible(ctx context.Context, tx *store.Tx, o *federation.Object, d *objectData, reply *form) error {
	voice, err := v.voice()
	if err != nil {
		return ignoreMissing(err)
	}
	if o.Local && v.speaksFor(o.AttributedTo) {
		if d.Mine, err = v.mine(ctx, tx, o, d.Off); err != nil {
			return err
		}
	}
	if reply == nil {
		reply = v.form(url.Values{})
	}
	r := &reactData{As: voice.Username, Voices: v.voiceOptions(voice), Form: reply, MayShare: !d.Private}
	for kind, to := range map[string]*bool{federation.Like: &r.Liked, federation.Announce: &r.Shared} {
		_, err := tx.Edge(ctx, kind, voice.ID, o.ID)
		if ignoreMissing(err) != nil {
			return err
		}
		*to = err == nil
	}
	d.React = r
	return nil
}

// mine reads what the author of an object may do, and how far it went.
func (v *visit) mine(ctx context.Context, tx *store.Tx, o *federation.Object, off bool) (*mine, error) {
	m := &mine{Edit: editable(o)}
	if _, ok := federation.ProposalOf(o); ok {
		m.Close, m.Reopen = !off, off
	}
	if o.Type == "Event" {
		m.Cancel, m.Reopen = !off, off
	}
	list, err := tx.DeliveriesOf(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	reached := map[federation.IRI]bool{}
	for _, l := range list {
		switch l.State {
		case "delivered":
			reached[l.Inbox] = true
		case "pending":
			m.Waiting++
		}
	}
	m.Delivered = len(reached)
	return m, nil
}

// objectHead tells other programs what a page is about.
func (v *visit) objectHead(o *federation.Object, d *objectData) *head {
	h := &head{Canonical: webLink(o.URL, o.ID), Kind: "article", Published: stamp(o.Published), Creator: d.Author.Handle}
	if o.Local {
		h.Canonical = string(o.ID)
		h.Alternate = o.ID
	}
	var all []string
	for _, s := range []string{d.When, d.Where, d.Price, cut(vocab.Text(string(d.Content)), 240)} {
		if s != "" {
			all = append(all, s)
		}
	}
	h.Description = cut(strings.Join(all, " · "), 300)
	if d.Photo != nil {
		h.Image, h.ImageAlt = v.Origin+d.Photo.Src, d.Photo.Alt
	}
	return h
}

// activity sends people who open a public activity to what it was about.
func (v *visit) activity(ctx context.Context, tx *store.Tx) (*page, error) {
	a, err := tx.Activity(ctx, v.local("/activities/"+v.r.PathValue("id")))
	if err != nil {
		return nil, err
	}
	if !a.Public || !a.Local {
		return v.nowhere(ctx, tx)
	}
	o, err := v.readable(ctx, tx, a.Object)
	if errors.Is(err, federation.ErrNotFound) {
		return see(strings.Replace(strings.TrimPrefix(string(a.Actor), v.Origin), "/actors/", "/@", 1), ""), nil
	}
	if err != nil {
		return nil, err
	}
	if o.Local {
		return see(v.href(o), ""), nil
	}
	if v.account == nil { // an open redirect would be no service to anybody
		return v.nowhere(ctx, tx)
	}
	return see(peerPath("objects", o.ID), ""), nil
}

// peerObject shows what a peer published, to those who have signed in.
func (v *visit) peerObject(ctx context.Context, tx *store.Tx) (*page, error) {
	o, err := v.readable(ctx, tx, federation.IRI(v.r.URL.Query().Get("id")))
	if err != nil {
		return nil, err
	}
	if o.Local {
		return see(v.href(o), ""), nil
	}
	return v.objectPage(ctx, tx, o, nil)
}

// peerActor shows a peer's actor, to those who have signed in.
func (v *visit) peerActor(ctx context.Context, tx *store.Tx) (*page, error) {
	a, err := tx.Actor(ctx, federation.IRI(v.r.URL.Query().Get("id")))
	if err != nil {
		return nil, err
	}
	switch {
	case a.Local:
		return see(v.actorOf(a, a.ID).URL, ""), nil
	case a.Gone:
		return v.stone(), nil
	}
	d, err := v.actorData(ctx, tx, a)
	return &page{Name: "actor", Title: d.Who.Name, Data: d, NoIndex: true}, err
}

// reactions writes how many people liked, shared and answered something.
func (c *card) reactions(n store.Counts) string {
	var all []string
	for _, r := range []struct {
		id string
		n  int
	}{{"page_likes", n.Likes}, {"page_shares", n.Shares}, {"page_replies_count", n.Replies}} {
		if r.n > 0 {
			all = append(all, c.T(r.id, r.n))
		}
	}
	return strings.Join(all, " · ")
}

// Reactions are those to the object of the page.
func (d *objectData) Reactions() string { return d.reactions(d.Counts) }

// Reactions are those to an answer.
func (r *replyData) Reactions() string { return r.reactions(r.Counts) }
