// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// removed returns the slots of an event that a change takes away.
func (x *expectation) removed(now *federation.Object) (gone []federation.Slot) {
	left := federation.SlotsOf(now)
	for _, s := range federation.SlotsOf(x.Object) {
		if !slices.ContainsFunc(left, func(t federation.Slot) bool { return t.ID == s.ID }) {
			gone = append(gone, s)
		}
	}
	return gone
}

// tellHelpers takes back the slots that a change takes away, and tells who had
// them.
func (x *expectation) tellHelpers(ctx context.Context, tx *store.Tx, now *federation.Object) error {
	helped := map[federation.IRI][]string{}
	for _, s := range x.removed(now) {
		had, err := tx.Helpers(ctx, s.ID)
		if err != nil {
			return err
		}
		for _, e := range had {
			helped[e.From] = append(helped[e.From], s.Name)
			if err := tx.DropEdge(ctx, federation.TakesSlot, e.From, s.ID); err != nil {
				return err
			}
		}
	}
	if now.Gone() || len(helped) == 0 {
		return nil
	}
	for _, e := range x.edges {
		names := helped[e.From]
		if names == nil {
			continue
		}
		if err := x.tellHelper(ctx, tx, now, e, strings.Join(names, ", ")); err != nil {
			return err
		}
	}
	return nil
}

func (x *expectation) tellHelper(ctx context.Context, tx *store.Tx, now *federation.Object, e *federation.Edge, names string) error {
	switch {
	case federation.IsGuest(tx.Home(), e.From):
		return WriteHelper(ctx, tx, now, e.From, "gone", names)
	case e.From.Origin() == tx.Home():
		return tx.Notify(ctx, federation.Notice{For: e.From, Kind: "SlotGone", Actor: x.AttributedTo, Object: x.ID, At: tx.Now(), Again: true})
	case e.Kind == federation.Join && !e.Pending:
		a, err := federation.Agreement(ctx, tx, now, e)
		if err != nil {
			return err
		}
		return publish(ctx, tx, a)
	}
	return nil
}

// WriteHelper queues a letter to a guest about slots: that the organiser counts
// on them ("given"), or does no more ("gone").
func WriteHelper(ctx context.Context, tx *store.Tx, o *federation.Object, guest federation.IRI, what, names string) error {
	g, err := tx.GuestNamed(ctx, guest)
	if errors.Is(err, federation.ErrNotFound) || err == nil && g.Address == "" {
		return nil
	}
	if err != nil {
		return err
	}
	words := locale.New(g.Language)
	title := inLine(SourceOf(o).Name)
	return tx.QueueMail(ctx, &store.Mail{
		Kind: "guest", To: g.Address, Subject: words.T("mail_slot_"+what+"_subject", "Title", title),
		Body: words.T("mail_slot_body", "What", words.T("mail_slot_"+what, "Slots", inLine(names)), "Title", title,
			"When", whenOf(words, o), "Page", o.ID, "URL", guestLink(tx, g)),
	})
}

// guestLink is the page of a guest's own answer.
func guestLink(tx *store.Tx, g *store.Guest) string {
	return tx.Home() + "/guest?" + url.Values{"g": {strconv.FormatInt(g.ID, 10)}, "k": {g.Secret}}.Encode()
}
