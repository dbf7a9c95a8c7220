// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"bytes"
	"context"
	"fmt"
	"html/template"
	"strings"

	"codeberg.org/maillage/maillage/calendar"
	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// ownCalendarData is what the page about a member's own calendar shows.
type ownCalendarData struct {
	Address string // "" until there is one
	Webcal  template.URL
}

func (v *visit) ownCalendarPage(ctx context.Context, tx *store.Tx) (*page, error) {
	secret, err := tx.CalendarKey(ctx, v.account.ID)
	if err != nil {
		return nil, err
	}
	d := ownCalendarData{}
	if secret != "" {
		d.Address = v.Origin + "/calendars/" + secret
		_, rest, _ := strings.Cut(d.Address, "://")
		d.Webcal = template.URL("webcal://" + rest) //nolint:gosec // our own origin and letters
	}
	return &page{Name: "owncalendar", Title: v.words.T("page_own_calendar"), Data: d, NoIndex: true}, nil
}

// changeOwnCalendar makes a new address for a member's calendar, or takes it
// away.
func (v *visit) changeOwnCalendar(ctx context.Context) (*page, error) {
	done := "calendar_new"
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		if v.r.PostFormValue("do") == "end" {
			done = "calendar_ended"
			return tx.EndCalendarKey(ctx, v.account.ID)
		}
		_, err := tx.NewCalendarKey(ctx, v.account.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	return see("/account/calendar", done), nil
}

// ownCalendar serves what a member answered and what comes of those they
// follow, to whoever has the address.
func (v *visit) ownCalendar(ctx context.Context, tx *store.Tx) (*page, error) {
	account, err := tx.CalendarAccount(ctx, v.r.PathValue("secret"))
	if err != nil {
		return nil, err
	}
	list, err := v.ownDates(ctx, tx, account.Person)
	if err != nil {
		return nil, err
	}
	c := &calendar.Calendar{Name: v.words.T("page_own_calendar_name", "Site", v.facts.name()), URL: v.Origin + "/events"}
	for _, o := range list {
		c.Events = append(c.Events, v.entryOf(o))
	}
	v.alarm(c)
	var b bytes.Buffer
	if err := calendar.Write(&b, c); err != nil {
		return nil, fmt.Errorf("calendar: %w", err)
	}
	return fetch("agenda.ics", "text/calendar; charset=utf-8; method=PUBLISH", b.Bytes()), nil
}

// ownDates finds what person answered, and what comes of those they follow.
func (v *visit) ownDates(ctx context.Context, tx *store.Tx, person federation.IRI) (list []*federation.Object, err error) {
	answered, err := tx.Given(ctx, person)
	if err != nil {
		return nil, err
	}
	seen := map[federation.IRI]bool{}
	add := func(o *federation.Object) error {
		if seen[o.ID] || len(list) >= calendarSize {
			return nil
		}
		ok, err := tx.MayRead(ctx, person, o)
		if ok {
			seen[o.ID], list = true, append(list, o)
		}
		return err
	}
	for _, o := range answered {
		if err := add(o); err != nil {
			return nil, err
		}
	}
	follows, _, err := tx.Following(ctx, person, "", 100)
	if err != nil {
		return nil, err
	}
	for _, f := range follows {
		found, _, err := tx.Search(ctx, store.Query{Kinds: []string{"event"}, Author: f.To, From: v.Now(), Viewer: person, Sort: store.SortStart, Limit: 60})
		if err != nil {
			return nil, err
		}
		for _, x := range found {
			if err := add(x.Object); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}
