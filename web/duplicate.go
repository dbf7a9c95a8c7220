// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// duplicatePage shows the form of a new post that is filled in like an earlier
// one. Its dates are the next on the same day of the week.
func (v *visit) duplicatePage(ctx context.Context, tx *store.Tx) (*page, error) {
	o, err := v.own(ctx, tx)
	if err != nil {
		return nil, err
	}
	kind := kindOf(o)
	if kind == "" {
		return v.nowhere(ctx, tx)
	}
	values := v.valuesOf(o, kind)
	v.renew(values, o)
	p, err := v.composePage(ctx, tx, kind, v.form(values), nil)
	if err == nil {
		p.Data.(*composeData).Like = v.card(o).Title
	}
	return p, err
}

// renew makes the form of an old post that of a new one.
func (v *visit) renew(values url.Values, o *federation.Object) {
	for _, name := range []string{"status", "previous", "renews"} {
		values.Del(name)
	}
	values.Set("like", strings.TrimPrefix(string(o.ID), v.Origin+"/objects/"))
	for _, a := range v.voices {
		if a.ID == o.AttributedTo {
			values.Set("as", a.Username)
		}
	}
	today := v.Now().In(v.zone())
	if _, event := values["start.date"]; event {
		shiftDays(values, today, "start.date", "end.date")
		return
	}
	shiftDays(values, today, "until", "from")
}

// shiftDays moves the days in a form by whole weeks, so that the first of them
// is the next of its weekday after today. The others keep their distance. What
// is to come anyway stays.
func shiftDays(values url.Values, today time.Time, lead string, rest ...string) {
	first, ok := dayTyped(values.Get(lead))
	if !ok {
		for _, name := range rest {
			values.Del(name) // the first day of something without a last one
		}
		return
	}
	day := time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, time.UTC)
	weeks := 0
	for !first.AddDate(0, 0, 7*weeks).After(day) {
		weeks += max(1, int(day.Sub(first.AddDate(0, 0, 7*weeks)).Hours()/24/7))
	}
	for _, name := range append([]string{lead}, rest...) {
		if t, ok := dayTyped(values.Get(name)); ok {
			values.Set(name, t.AddDate(0, 0, 7*weeks).Format(time.DateOnly))
		}
	}
}

// dayTyped reads a day of a form that browsers fill in.
func dayTyped(typed string) (time.Time, bool) {
	t, err := time.Parse(time.DateOnly, strings.TrimSpace(typed))
	return t, err == nil
}

// duplicated lists the addresses of the pictures of the post that a form is
// like, if the visitor speaks for its author: whoever writes for an initiative
// may use again what another of them uploaded.
func (v *visit) duplicated(ctx context.Context, tx *store.Tx, id string) (map[string]bool, error) {
	if id == "" || strings.Contains(id, "/") {
		return nil, nil
	}
	o, err := v.ownAt(ctx, tx, "/objects/"+id)
	if err != nil {
		return nil, ignoreMissing(err)
	}
	urls := map[string]bool{}
	for _, m := range o.Attachments {
		urls[m.URL] = true
	}
	return urls, nil
}

// next lists what its author may want to do with a post that was just
// published.
func (v *visit) next(o *federation.Object) []fact {
	if done := v.r.URL.Query().Get("done"); done != "published" && done != "series_published" {
		return nil
	}
	var all []fact
	for _, step := range []struct{ name, path string }{
		{"deliveries", "/deliveries"}, {"calendar", "/calendar.ics"}, {"poster", "/poster"}, {"duplicate", "/duplicate"},
	} {
		if step.name == "calendar" && o.Type != "Event" || step.name == "poster" && !slices.Contains(printable, federation.IndexOf(o).Kind) {
			continue
		}
		all = append(all, fact{Text: v.words.T("page_next_" + step.name), URL: v.href(o) + step.path})
	}
	return all
}
