// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"fmt"
	"html/template"
	"net/url"
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
	Banner    string // what became of an event
	Address   string // to find it by, from elsewhere
	Warning   string // what to be warned of before reading
	Facts     []fact
	Further   []picture // after the first
	Map       *mapView
	Tags      []fact
	Links     []fact // attachments, and pictures of peers
	Counts    store.Counts
	Parent    *card
	Replies   []*replyData
	More      string
	Private   bool
	Elsewhere string     // the page on the author's own server
	Mine      *mine      // what the author may do
	Taken     *takenFrom // the calendar it comes from
	Typed     string     // who published it in the author's name, for those who may as well
	React     *reactData
	Circuit   *circuitPart // of those who look after the circuit it is for
	Follow    *followPart  // to do the same from elsewhere
	Series    *seriesPart  // that it is a date of
	Respond   *respondPart // to an offer or a need
	Matches   []*matchLine // what may answer it
	Prices    *priceStory  // what it cost over time
	Hidden    []string     // what the public does not see, for its author
}

// mine is what the author of an object may do with it.
type mine struct {
	Edit, Close, Reopen, Cancel bool
	Delivered, Waiting          int // inboxes
	Duplicate                   bool
	Next                        []fact // what to do after publishing
}

// reactData is what others may do with an object.
type reactData struct {
	As            string
	Voices        []option
	Liked, Shared bool
	MayShare      bool
	Form          *form
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
	if err != nil {
		return o, err
	}
	return one(v.seen(ctx, tx, o))
}

// seen returns objects as the visitor may read them.
func (v *visit) seen(ctx context.Context, tx *store.Tx, list ...*federation.Object) ([]*federation.Object, error) {
	return tx.SeenBy(ctx, v.viewers(), list...)
}

// viewers are the actors that the visitor speaks as.
func (v *visit) viewers() []federation.IRI {
	ids := make([]federation.IRI, len(v.voices))
	for i, a := range v.voices {
		ids[i] = a.ID
	}
	return ids
}

func one(list []*federation.Object, err error) (*federation.Object, error) {
	if err != nil {
		return nil, err
	}
	return list[0], nil
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
	if err := v.askAnswer(ctx, tx, o, d.Answer); err != nil {
		return nil, err
	}
	d.Private = o.Visibility("") > federation.VisibleUnlisted
	if o.Sensitive {
		d.Warning = cut(vocab.Text(o.Summary), 500)
	}
	d.Address = string(o.ID)
	d.Banner = v.banner(o)
	d.Facts = v.factsOf(o)
	if all := v.pictures(o); len(all) > 1 {
		d.Further = all[1:]
	}
	if s, ok := spotOf(d.card); ok {
		d.Map = v.mapView([]spot{s})
	}
	if !o.Local {
		d.Elsewhere = webLink(o.URL, o.ID)
	}
	if o.Local && !d.Private && v.account == nil {
		d.Follow = v.followObject(o)
	}
	if d.Taken, err = v.takenFrom(ctx, tx, o); err != nil {
		return nil, err
	}
	if d.Series, err = v.seriesOf(ctx, tx, o); err != nil {
		return nil, err
	}
	if d.Respond, err = v.respondPart(ctx, tx, o); err != nil {
		return nil, err
	}
	if d.Matches, err = v.matchesOf(ctx, tx, o); err != nil {
		return nil, err
	}
	if d.Prices, err = v.priceStory(ctx, tx, o); err != nil {
		return nil, err
	}
	if o.Local && !o.Partial && v.speaksFor(o.AttributedTo) {
		d.Hidden = v.hiddenLines(o)
	}
	if d.Typed, err = v.publishedBy(ctx, tx, o); err != nil {
		return nil, err
	}
	if err := v.conversation(ctx, tx, o, d); err != nil {
		return nil, err
	}
	if err := v.possible(ctx, tx, o, d, reply); err != nil {
		return nil, err
	}
	p := &page{Name: "object", Title: d.Title, Data: d, Head: v.objectHead(o, d), NoIndex: d.Private || !o.Local, Scripts: []string{"follow.js"}}
	if reply != nil {
		p.Problems = reply.mistakes
	}
	return v.withMap(p, d.Map), nil
}

// Card is the object as lists show it, for the parts that a card and a page
// share.
func (d *objectData) Card() *card { return d.card }

// AuthorWord says what the author does.
func (d *objectData) AuthorWord() string {
	if d.Kind == "event" {
		return d.T("page_organiser")
	}
	return d.T("page_author")
}

// banner says in a sentence what became of an event that is not as announced.
func (v *visit) banner(o *federation.Object) string {
	if o.Type != "Event" {
		return ""
	}
	e := federation.EventOf(o)
	id := "page_banner_" + e.Status
	if !v.words.Has(id) {
		return ""
	}
	if e.PreviousStart.IsZero() {
		return v.words.T(id)
	}
	return v.words.T(id, "Before", v.words.DateTime(inZone(e.PreviousStart, e.Timezone)))
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
		e, err := tx.Edge(ctx, kind, voice.ID, o.ID)
		if ignoreMissing(err) != nil {
			return err
		}
		*to = err == nil && !e.Pending
	}
	d.React = r
	d.Circuit, err = v.circuitPart(ctx, tx, o)
	return err
}

// mine reads what the author of an object may do, and how far it went.
func (v *visit) mine(ctx context.Context, tx *store.Tx, o *federation.Object, off bool) (*mine, error) {
	m := &mine{Edit: editable(o), Duplicate: editable(o), Next: v.next(o)}
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
