// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/calendar"
	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// sequenceEpoch is what the sequence of an event counts from, in seconds: as a
// number of 32 bits it lasts for 68 years. Its age would be no measure: an event
// that is told of later, as the dates of a series and of a calendar kept elsewhere
// are, is published a second time, and a calendar does not take what has a smaller
// number than what it has.
var sequenceEpoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// EntryOf makes the entry of an event in a calendar, on the clocks of z.
func EntryOf(o *federation.Object, description string, z *time.Location) calendar.Event {
	e := federation.EventOf(o)
	id := string(o.ID)
	entry := calendar.Event{
		UID: id[strings.LastIndexByte(id, '/')+1:] + "@" + o.ID.Host(), Status: calendar.Confirmed, Zone: z,
		Start: o.Start.In(z), Title: o.Name, Location: placeLine(o.Location), URL: id,
		Description: strings.TrimSpace(description + "\n\n" + id),
		Created:     o.Published, Modified: cmp.Or(o.Updated, o.Published),
	}
	entry.Sequence = max(0, int(entry.Modified.Sub(sequenceEpoch)/time.Second))
	switch e.Status {
	case federation.EventCancelled:
		entry.Status = calendar.Cancelled
	case federation.EventTentative, federation.EventPostponed:
		entry.Status = calendar.Tentative
	}
	if !e.HideEnd {
		entry.End = o.End.In(z)
	}
	if p := o.Location; p != nil && p.Type == "VirtualLocation" {
		entry.Location = p.URL
	} else if p != nil && p.Point != nil {
		entry.Point = &calendar.Point{Latitude: p.Point.Latitude, Longitude: p.Point.Longitude}
	}
	for _, t := range o.Tags {
		if t.Type == "Hashtag" {
			entry.Tags = append(entry.Tags, strings.TrimPrefix(t.Name, "#"))
		}
	}
	wholeDays(&entry)
	return entry
}

// wholeDays makes an event from midnight to midnight, or to the minute before,
// one of days.
func wholeDays(e *calendar.Event) {
	midnight := func(t time.Time) bool { return t.Hour() == 0 && t.Minute() == 0 }
	late := e.End.Hour() == 23 && e.End.Minute() == 59
	if !midnight(e.Start) || !e.End.After(e.Start) || !midnight(e.End) && !late {
		return
	}
	e.AllDay = true
	if late {
		y, m, d := e.End.Date()
		e.End = time.Date(y, m, d+1, 0, 0, 0, 0, e.End.Location())
	}
}

// RepliesTo is the setting with the address that answers by mail come to; empty
// if they are not read.
const RepliesTo = "mail.replies"

// ReplyAddress is where a guest's own answers come to: nobody else knows it.
// "" if answers by mail are not read.
func ReplyAddress(ctx context.Context, tx *store.Tx, g *store.Guest) (string, error) {
	to, err := tx.Setting(ctx, RepliesTo)
	if errors.Is(err, federation.ErrNotFound) || err == nil && to == "" {
		return "", nil
	}
	local, host, ok := strings.Cut(to, "@")
	if err != nil || !ok || g.Address == "" {
		return "", err
	}
	key, err := tx.MailKey(ctx, g)
	return local + "+" + key + "@" + host, err
}

// AddInvitation lets a letter to a guest be answered from a calendar or by a
// word, RFC 5546: the event goes with it, and answers come back to an address of
// the guest's own. It does nothing where answers by mail are not read. method is
// REQUEST, or CANCEL if the event does not take place or the guest is not to
// come; empty: no calendar, just the address.
func AddInvitation(ctx context.Context, tx *store.Tx, m *store.Mail, o *federation.Object, g *store.Guest, method string) error {
	address, err := ReplyAddress(ctx, tx, g)
	if err != nil || address == "" {
		return err
	}
	m.ReplyTo = address
	m.Body = strings.TrimRight(m.Body, "\n") + locale.New(g.Language).T("mail_guest_reply") + "\n"
	if method == "" || o.Type != "Event" {
		return nil
	}
	organiser, err := tx.Actor(ctx, o.AttributedTo)
	if err != nil {
		return err
	}
	e := EntryOf(o, SourceOf(o).Content, inZone(o.Start, federation.EventOf(o).Timezone).Location())
	e.Organizer = calendar.Person{Name: cmp.Or(organiser.Name, organiser.Username), Address: address}
	e.Attendee = calendar.Answer{Person: calendar.Person{Name: g.Name, Address: g.Address}}
	if e.Attendee.Status, err = partstat(ctx, tx, g); err != nil {
		return err
	}
	if method == "CANCEL" {
		e.Sequence, e.Status = e.Sequence+1, calendar.Cancelled
		e.Modified = tx.Now()
	}
	var b bytes.Buffer
	if err := calendar.Write(&b, &calendar.Calendar{Method: method, Events: []calendar.Event{e}}); err != nil {
		return fmt.Errorf("invitation to %s: %w", o.ID, err)
	}
	m.Calendar, m.Method = b.String(), method
	return nil
}

// partstat is a guest's answer as calendars name it. Who waits for a place may
// come.
func partstat(ctx context.Context, tx *store.Tx, g *store.Guest) (string, error) {
	if g.Confirmed.IsZero() {
		return "NEEDS-ACTION", nil
	}
	state, err := GuestState(ctx, tx, g)
	return map[string]string{store.GuestYes: "ACCEPTED", store.GuestMaybe: "TENTATIVE", store.GuestWaiting: "TENTATIVE", store.GuestNo: "DECLINED"}[state], err
}
