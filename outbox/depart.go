// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"context"
	"errors"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// DepartTx deletes an actor of ours. Before, it takes back what it answered to
// events, here and elsewhere, so that the places are free; and deletes its own
// events to come one by one, so that everybody who answered them hears of it.
// Whoever voted is told by the actor of the instance: other servers delete what
// somebody says who leaves.
func DepartTx(ctx context.Context, tx *store.Tx, who federation.IRI) error {
	organised, answered, err := tx.Engaged(ctx, who)
	if err != nil {
		return err
	}
	for _, id := range answered {
		if err := Respond(ctx, tx, who, &store.Guest{Event: id, Answer: store.GuestNo}); err != nil {
			return err
		}
	}
	var letters []*Letter
	for _, id := range organised {
		more, err := callOffForGood(ctx, tx, id)
		if err != nil {
			return err
		}
		letters = append(letters, more...)
	}
	err = PublishTx(ctx, tx, &federation.Activity{Type: federation.Delete, Actor: who, Object: who, To: []federation.IRI{federation.Public}})
	if err != nil {
		return err
	}
	for _, l := range letters {
		if err := NoteTx(ctx, tx, l); err != nil {
			return err
		}
	}
	return nil
}

// callOffForGood deletes an event of somebody who leaves, and returns what is to
// be said to those who voted.
func callOffForGood(ctx context.Context, tx *store.Tx, id federation.IRI) (letters []*Letter, err error) {
	o, err := tx.Object(ctx, id)
	if err != nil {
		return nil, err
	}
	edges, err := tx.AllAnswers(ctx, id)
	if err != nil {
		return nil, err
	}
	words := locale.New(o.Language)
	text := words.T("poll_cancelled", "Title", SourceOf(o).Name, "Before", whenOf(words, o))
	for _, e := range edges {
		asked, err := tx.Edge(ctx, federation.Asked, e.From, id)
		if errors.Is(err, federation.ErrNotFound) || err == nil && asked.Pending {
			continue
		}
		if err != nil {
			return nil, err
		}
		letters = append(letters, &Letter{From: InstanceActor(tx.Home()), To: e.From, Language: words.Lang(), Text: text})
	}
	return letters, PublishTx(ctx, tx, &federation.Activity{Type: federation.Delete, Actor: o.AttributedTo, Object: id})
}
