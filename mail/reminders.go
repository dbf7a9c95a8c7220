// SPDX-License-Identifier: AGPL-3.0-or-later

package mail

import (
	"context"
	"errors"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// reminders tells members who want it that an event they come to is soon: by a
// notice, and by mail if they chose so.
func (w *Writer) reminders(ctx context.Context) error {
	for _, kind := range []string{store.RemindDay, store.RemindHours} {
		for {
			taken := 0
			err := w.DB.Update(ctx, func(tx *store.Tx) error {
				due, err := tx.TakeReminders(ctx, kind, 50)
				if err != nil {
					return err
				}
				taken = len(due)
				for _, r := range due {
					if err := w.remind(ctx, tx, r); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			if taken == 0 {
				break
			}
		}
	}
	return nil
}

// byPage names the letters for what whoever takes part in an exchange by our pages
// is reminded of; about the next season they are written to once there is one.
var byPage = map[string]string{"Due": "due", "Overdue": "overdue"}

// commitments reminds the two of an exchange of what falls due.
func (w *Writer) commitments(ctx context.Context) error {
	for taken := 1; taken > 0; {
		err := w.DB.Update(ctx, func(tx *store.Tx) error {
			due, err := tx.ExchangesToRemind(ctx, 50)
			taken = len(due)
			for _, x := range due {
				told, err2 := federation.Remind(ctx, tx, x)
				if what := byPage[told]; err2 == nil && what != "" && x.ByPage(tx.Home()) {
					err2 = outbox.WriteRespondentTx(ctx, tx, x, what, "")
				}
				err = errors.Join(err, err2)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// takesPlace reports whether it makes sense to remind somebody of an event.
func takesPlace(o *federation.Object) bool {
	status := federation.EventOf(o).Status
	return !o.Gone() && status != federation.EventCancelled && status != federation.EventPostponed
}

func (w *Writer) remind(ctx context.Context, tx *store.Tx, r *store.Reminder) error {
	a, err := tx.Account(ctx, r.Account)
	if err != nil {
		return err
	}
	o, err := tx.Object(ctx, r.Event)
	if errors.Is(err, federation.ErrNotFound) || err == nil && !takesPlace(o) {
		return nil
	}
	if err != nil {
		return err
	}
	n := federation.Notice{For: a.Person, Kind: "Remind", Actor: o.AttributedTo, Object: o.ID, At: tx.Now(), Again: true}
	if err := tx.Notify(ctx, n); err != nil || !r.Mail || a.Email == "" {
		return err
	}
	does, err := doing(ctx, tx, o, a.Person)
	if err != nil {
		return err
	}
	site, err := siteName(ctx, tx)
	if err != nil {
		return err
	}
	d := digest{words: locale.New(a.Locale), Writer: w}
	return tx.QueueMail(ctx, &store.Mail{
		Kind: "remind", To: a.Email, Subject: d.words.T("mail_remind_subject", "Title", oneLine(o.Name)),
		Body: d.words.T("mail_remind_body", "Name", oneLine(a.Name), "Title", oneLine(o.Name), "When", d.when(o, "event"),
			"Where", where(o.Location), "Slots", does, "Page", pageOf(tx, o.ID), "Account", tx.Home()+"/account#reminders", "Site", site),
	})
}

// doing names what somebody takes care of at an event.
func doing(ctx context.Context, tx *store.Tx, o *federation.Object, who federation.IRI) (string, error) {
	held, err := federation.Held(ctx, tx, o, who)
	var names []string
	for _, s := range federation.SlotsOf(o) {
		for _, id := range held {
			if id == s.ID {
				names = append(names, oneLine(s.Name))
			}
		}
	}
	return strings.Join(names, ", "), err
}
