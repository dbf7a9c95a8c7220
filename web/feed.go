// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// feedData is what the page of the feed shows.
type feedData struct {
	As     string
	Voices []option
	Tabs   []navLink
	Kind   string
	Within input   // how far around
	Place  string  // around what; empty: nobody said where they are
	New    []*card // since the last visit
	Since  string  // when that was
	Cards  []*card
	Until  string // of what is marked as read
	More   string
}

// tabs are the kinds that a feed can be narrowed to.
var tabs = []string{"", "event", "offer", "need", store.KindPost}

// radii are how far around one can look, in kilometres.
var radii = []string{"", "5", "10", "25", "50", "100"}

// feed shows what those whom a voice follows published and shared.
func (v *visit) feed(ctx context.Context, tx *store.Tx) (*page, error) {
	voice, err := v.voice()
	if err != nil {
		return nil, err
	}
	d := feedData{As: voice.Username, Voices: v.voiceOptions(voice), Until: v.Now().UTC().Format(time.RFC3339Nano)}
	q := v.feedQuery(voice, &d)
	items, next, err := tx.FeedOf(ctx, voice.ID, q, v.after(), pageSize)
	if err != nil {
		return nil, err
	}
	d.More = v.more(next)
	cards, err := v.feedCards(ctx, tx, items)
	if err != nil {
		return nil, err
	}
	mark, err := tx.FeedMark(ctx, v.account.ID, voice.ID)
	if err != nil {
		return nil, err
	}
	for i, c := range cards {
		if q.Near != nil {
			c.Far = v.words.Km(q.Near.Kilometres(*items[i].Object.Location.Point))
		}
		if !mark.IsZero() && items[i].At.After(mark) && items[i].Object.AttributedTo != voice.ID {
			d.New = append(d.New, c)
		} else {
			d.Cards = append(d.Cards, c)
		}
	}
	d.Since = v.newSince(mark)
	return &page{Name: "feed", Title: v.words.T("page_feed"), Data: d, NoIndex: true}, nil
}

// feedQuery reads which part of the feed is asked for.
func (v *visit) feedQuery(voice *federation.Actor, d *feedData) (q store.FeedQuery) {
	f := v.form(v.r.URL.Query())
	if kind := f.Value("kind"); slices.Contains(tabs, kind) {
		q.Kind, d.Kind = kind, kind
	}
	for _, kind := range tabs {
		values := url.Values{"as": {voice.Username}}
		if kind != "" {
			values.Set("kind", kind)
		}
		if within := f.Value("within"); slices.Contains(radii, within) && within != "" {
			values.Set("within", within)
		}
		d.Tabs = append(d.Tabs, navLink{URL: "/feed?" + values.Encode(), Name: v.words.T("page_feed_" + cmp.Or(kind, "all")), Current: kind == q.Kind})
	}
	var choices []option
	for _, km := range radii {
		label := v.words.T("form_everywhere")
		if n, err := strconv.ParseFloat(km, 64); err == nil {
			label = v.words.Km(n)
		}
		choices = append(choices, option{Value: km, Label: label})
	}
	d.Within = f.Choice("within", "form_radius", choices)
	d.Within.Hint = ""
	around := voice
	if initiative := v.facts.initiative(); around.Location == nil || around.Location.Point == nil {
		around = initiative
	}
	if around == nil || around.Location == nil || around.Location.Point == nil {
		return q
	}
	d.Place = cmp.Or(around.Location.City, around.Location.Name, around.Name)
	if km, err := strconv.ParseFloat(f.Value("within"), 64); err == nil && slices.Contains(radii, f.Value("within")) {
		q.Near, q.RadiusKm = around.Location.Point, km
	}
	return q
}

// newSince says when somebody was here last: by the day of the week, or the date.
func (v *visit) newSince(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	now, t := v.Now().In(v.zone()), t.In(v.zone())
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, v.zone())
	switch {
	case !t.Before(today):
		return v.words.T("page_feed_since_time", "Time", v.words.Time(t))
	case t.After(today.AddDate(0, 0, -6)):
		return v.words.T("page_feed_since", "Day", v.words.T("weekday_"+strconv.Itoa(int(t.Weekday()))))
	}
	return v.words.T("page_feed_since_date", "Day", v.words.Day(t))
}

// readFeed marks what was shown as read.
func (v *visit) readFeed(ctx context.Context) (*page, error) {
	voice, err := v.voice()
	if err != nil {
		return nil, err
	}
	until, err := time.Parse(time.RFC3339Nano, v.r.PostFormValue("until"))
	if err != nil || until.After(v.Now()) {
		until = v.Now()
	}
	err = v.DB.Update(ctx, func(tx *store.Tx) error { return tx.MarkFeed(ctx, v.account.ID, voice.ID, until) })
	if err != nil {
		return nil, err
	}
	return see(withVoice("/feed", voice), ""), nil
}

// feedCards shows the items of a feed, with who brought them.
func (v *visit) feedCards(ctx context.Context, tx *store.Tx, items []store.FeedItem) ([]*card, error) {
	var list []*federation.Object
	var ids []federation.IRI
	for _, i := range items {
		list = append(list, i.Object)
		if i.By != "" {
			ids = append(ids, i.By)
		}
	}
	cards, err := v.cards(ctx, tx, list)
	if err != nil || len(ids) == 0 {
		return cards, err
	}
	by, err := tx.Actors(ctx, ids...)
	for n, i := range items {
		if i.By != "" {
			cards[n].By = v.actorOf(by[i.By], i.By)
		}
	}
	return cards, err
}
