// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"slices"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// declined are those of who voted in a poll that no answer of theirs is left of:
// to say no leaves none.
func (d *answersData) declined(voted []answerLine) []answerLine {
	return slices.DeleteFunc(voted, func(l answerLine) bool {
		return slices.ContainsFunc(d.Groups, func(g answerGroup) bool {
			return slices.ContainsFunc(g.Lines, func(other answerLine) bool { return other.ID == l.ID })
		})
	})
}

// absent are the guests who said that they do not come: all whose answer is no
// edge. Answering takes those that have one out of guests.
func (v *visit) absent(list []*store.Guest, left map[federation.IRI]*store.Guest) answerGroup {
	g := answerGroup{Key: "no", Title: v.words.T("page_answers_no"), None: v.words.T("page_answers_no_none")}
	for _, guest := range list {
		if left[guest.Guest] != nil {
			g.Lines = append(g.Lines, v.guestLine(guest))
		}
	}
	return g
}

func (v *visit) guestLine(g *store.Guest) answerLine {
	door := "page_door_form"
	if !g.Invited.IsZero() {
		door = "page_door_invited"
	}
	if g.Address == "" {
		door = "page_door_hand"
	}
	return answerLine{
		ID: g.Guest, Name: g.Name, Address: g.Address, Door: v.words.T(door), Companions: g.Companions, Words: g.Message,
		At: v.words.Ago(g.Created, v.Now()), Since: v.words.Date(g.Created.In(v.zone())),
	}
}

func (v *visit) answerLines(ctx context.Context, tx *store.Tx, kind string, event federation.IRI, pending bool, guests map[federation.IRI]*store.Guest) ([]answerLine, error) {
	var all []answerLine
	cursor := ""
	for len(all) < maxAnswers {
		edges, next, err := tx.EdgesTo(ctx, kind, event, pending, cursor, 100)
		if err != nil {
			return nil, err
		}
		people, err := v.people(ctx, tx, edges, func(e *federation.Edge) federation.IRI { return e.From })
		if err != nil {
			return nil, err
		}
		for i, e := range edges {
			door, err := v.door(ctx, tx, e)
			if err != nil {
				return nil, err
			}
			line := answerLine{ID: e.From, Who: people[i], Name: people[i].Name, Address: people[i].Handle, Door: door}
			if g := guests[e.From]; g != nil {
				line = v.guestLine(g)
				delete(guests, e.From)
			}
			line.Companions, line.Words = e.Companions, e.Content
			line.At, line.Since = v.words.Ago(e.At, v.Now()), v.words.Date(e.At.In(v.zone()))
			all = append(all, line)
		}
		if cursor = next; next == "" {
			break
		}
	}
	return all, nil
}

// door says by what way somebody answered.
func (v *visit) door(ctx context.Context, tx *store.Tx, e *federation.Edge) (string, error) {
	if e.From.Origin() == v.Origin && e.Kind != federation.Invite {
		return v.words.T("page_door_account"), nil
	}
	if e.Kind == federation.Invite {
		return v.words.T("page_door_invited"), nil
	}
	asked, err := tx.Edge(ctx, federation.Asked, e.From, e.To)
	if ignoreMissing(err) != nil {
		return "", err
	}
	if err == nil && !asked.Pending {
		return v.words.T("page_door_poll"), nil
	}
	return v.words.T("page_door_network"), nil
}
