// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// feedData is what the page of the feed shows.
type feedData struct {
	As     string
	Voices []option
	Cards  []*card
	More   string
}

// feed shows what those whom a voice follows published and shared.
func (v *visit) feed(ctx context.Context, tx *store.Tx) (*page, error) {
	voice, err := v.voice()
	if err != nil {
		return nil, err
	}
	items, next, err := tx.Feed(ctx, voice.ID, v.after(), pageSize)
	if err != nil {
		return nil, err
	}
	d := feedData{As: voice.Username, Voices: v.voiceOptions(voice), More: v.more(next)}
	if d.Cards, err = v.feedCards(ctx, tx, items); err != nil {
		return nil, err
	}
	return &page{Name: "feed", Title: v.words.T("page_feed"), Data: d, NoIndex: true}, nil
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
