// SPDX-License-Identifier: AGPL-3.0-or-later

package mail

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// remindBefore is how long before an event those who wish are reminded.
const remindBefore = 24 * time.Hour

// guests writes to those who answered an event without an account: that they
// have a place now, and the day before if they wish. That is found out here
// rather than where a place becomes free, because that can be anywhere.
func (w *Writer) guests(ctx context.Context) error {
	for {
		taken := 0
		err := w.DB.Update(ctx, func(tx *store.Tx) error {
			up, err := tx.GuestsMovedUp(ctx, 50)
			if err != nil {
				return err
			}
			for _, g := range up {
				g.Told = store.GuestYes
				if err := w.writeGuest(ctx, tx, g, "yes"); err != nil {
					return err
				}
			}
			soon, err := tx.GuestsToRemind(ctx, w.Now().Add(remindBefore), 50)
			if err != nil {
				return err
			}
			for _, g := range soon {
				g.Reminded = w.Now()
				if err := w.writeGuest(ctx, tx, g, "remind"); err != nil {
					return err
				}
			}
			taken = len(up) + len(soon)
			return nil
		})
		if err != nil || taken == 0 {
			return err
		}
	}
}

// writeGuest queues a letter to a guest and notes that it was written.
func (w *Writer) writeGuest(ctx context.Context, tx *store.Tx, g *store.Guest, what string) error {
	if err := tx.PutGuest(ctx, g); err != nil || g.Address == "" {
		return err
	}
	o, err := tx.Object(ctx, g.Event)
	if errors.Is(err, federation.ErrNotFound) || err == nil && o.Gone() {
		return nil
	}
	if err != nil || what == "remind" && !takesPlace(o) {
		return err
	}
	site, err := siteName(ctx, tx)
	if err != nil {
		return err
	}
	d := digest{words: locale.New(g.Language), Writer: w}
	m := &store.Mail{
		Kind: "guest", To: g.Address, Subject: d.words.T("mail_guest_"+what+"_subject", "Title", oneLine(o.Name)),
		Body: d.words.T("mail_guest_"+what+"_body", "Title", oneLine(o.Name), "When", d.when(o, "event"),
			"Where", where(o.Location), "Site", site, "URL", guestPage(tx, g), "Page", o.ID),
	}
	method := "REQUEST"
	if what == "remind" {
		method = "" // they have it
	}
	if err := outbox.AddInvitation(ctx, tx, m, o, g, method); err != nil {
		return err
	}
	return tx.QueueMail(ctx, m)
}

// guestPage is the page of a guest's own answer.
func guestPage(tx *store.Tx, g *store.Guest) string {
	return tx.Home() + "/guest?" + url.Values{"g": {strconv.FormatInt(g.ID, 10)}, "k": {g.Secret}}.Encode()
}
