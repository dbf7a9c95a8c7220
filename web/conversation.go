// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"html/template"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// A replyData is an answer below an object.
type replyData struct {
	*card
	Content template.HTML
	Counts  store.Counts
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
