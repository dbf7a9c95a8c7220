// SPDX-License-Identifier: AGPL-3.0-or-later

package harvest

import (
	"context"
	"errors"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"codeberg.org/maillage/maillage/calendar"
	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// off reports whether it does not take place.
func (i Item) off() bool { return i.Status == calendar.Cancelled }

// isMade reports whether a name was made by package calendar.
func isMade(uid string) bool { return strings.HasSuffix(uid, "@made.invalid") }

// double returns the event here that an item seems to be: the same entry of
// another calendar, or one that begins at the same time and has the same title,
// or the same place and a similar title; "" if there is none.
func double(ctx context.Context, tx *store.Tx, row *store.CalendarEvent, i Item) (federation.IRI, error) {
	same, err := tx.SameEntry(ctx, row)
	if err == nil {
		return same.Object, nil
	}
	if !errors.Is(err, federation.ErrNotFound) {
		return "", err
	}
	list, err := tx.EventsAt(ctx, i.Start, row.Calendar)
	if err != nil {
		return "", err
	}
	for _, o := range list {
		if alike(i, o) {
			return o.ID, nil
		}
	}
	return "", nil
}

// alike compares an item with an event that begins at the same time.
func alike(i Item, o *federation.Object) bool {
	title, other := fold(i.Title), fold(outbox.SourceOf(o).Name)
	if title == "" || other == "" {
		return false
	}
	place, there := fold(i.Place), ""
	if p := o.Location; p != nil {
		there = fold(p.Name + " " + p.Street + " " + p.Postal + " " + p.City)
	}
	near := place == "" || there == "" || overlap(place, there)
	return title == other && near || overlap(title, other) && place != "" && there != "" && near
}

// overlap reports whether one text is all of the other, or its beginning.
func overlap(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	return strings.HasPrefix(b+" ", a+" ") || len(a) > 8 && strings.Contains(" "+b+" ", " "+a+" ")
}

// fold leaves of a text what two people would write alike.
func fold(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case unicode.IsLetter(r), unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return ' '
	}, norm.NFKD.String(s))
	return oneLine(s)
}

// Withdraw takes back the event of an entry, within a transaction: it is called
// off if anybody was told of it or answered, else deleted.
func Withdraw(ctx context.Context, tx *store.Tx, row *store.CalendarEvent, lang string) error {
	row.State = store.EntryRemoved
	o, err := tx.Object(ctx, row.Object)
	if errors.Is(err, federation.ErrNotFound) || err == nil && o.Gone() {
		return tx.PutCalendarEvent(ctx, row)
	}
	if err != nil {
		return err
	}
	answers, err := tx.AllAnswers(ctx, o.ID)
	if err != nil {
		return err
	}
	if row.Announced.IsZero() && len(answers) == 0 {
		a := &federation.Activity{Type: federation.Delete, Actor: o.AttributedTo, Object: o.ID}
		if err := outbox.PublishQuietlyTx(ctx, tx, a); err != nil {
			return err
		}
		return tx.PutCalendarEvent(ctx, row)
	}
	mine := *o
	if federation.EventOf(o).Status != federation.EventCancelled {
		if err := outbox.Cancel(locale.New(lang), &mine, tx.Now()); err != nil {
			return err
		}
		if err := outbox.PublishTx(ctx, tx, &federation.Activity{Type: federation.Update, Actor: o.AttributedTo, Enclosed: &mine}); err != nil {
			return err
		}
	}
	return tx.PutCalendarEvent(ctx, row)
}
