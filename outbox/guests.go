// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"context"
	"fmt"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// AnswerTx takes in what a guest who confirmed answers, and publishes what
// others are owed who move up. It returns what became of it, and notes in the
// guest that they know.
func AnswerTx(ctx context.Context, tx *store.Tx, g *store.Guest) (state string, err error) {
	kinds := map[string]string{store.GuestYes: federation.Join, store.GuestMaybe: federation.TentativeAccept, store.GuestNo: federation.Leave}
	kind, ok := kinds[g.Answer]
	if !ok {
		return "", fmt.Errorf("%w: answer %q", federation.ErrMalformed, g.Answer)
	}
	owed, err := federation.Answer(ctx, tx, &federation.Edge{
		Kind: kind, From: g.Guest, To: g.Event, Companions: g.Companions, Content: g.Message, Slots: g.Slots,
	})
	if err != nil {
		return "", err
	}
	for _, a := range owed {
		if err := publish(ctx, tx, a); err != nil {
			return "", err
		}
	}
	g.Slots = nil // they have them now, or cannot
	if g.Told, err = GuestState(ctx, tx, g); err != nil {
		return "", err
	}
	return g.Told, tx.PutGuest(ctx, g)
}

// GuestState names what became of a guest's answer: yes, waiting, maybe or no.
func GuestState(ctx context.Context, tx *store.Tx, g *store.Guest) (string, error) {
	given, err := tx.AnswersBy(ctx, g.Guest, g.Event)
	if err != nil {
		return "", err
	}
	e := given[g.Event]
	switch {
	case e == nil:
		return store.GuestNo, nil
	case e.Kind == federation.TentativeAccept:
		return store.GuestMaybe, nil
	case e.Pending:
		return store.GuestWaiting, nil
	}
	return store.GuestYes, nil
}
