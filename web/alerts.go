// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
	"codeberg.org/maillage/maillage/watch"
)

// alertsData is what the page of alerts shows.
type alertsData struct {
	Alerts   []alertLine
	Mail     string // how letters come
	Most     int
	MostADay int
}

// An alertLine is an alert as its page shows it.
type alertLine struct {
	ID            int64
	Words, Search string // what it waits for, and where that is now
	Found         string
	Paused        bool
}

func (v *visit) alerts(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.alertsPage(ctx, tx, v.form(url.Values{}))
}

func (v *visit) alertsPage(ctx context.Context, tx *store.Tx, f *form) (*page, error) {
	list, err := tx.Alerts(ctx, v.account.ID)
	if err != nil {
		return nil, err
	}
	d := alertsData{Mail: v.words.T("page_alerts_mail_" + v.letters()), Most: store.MaxAlerts, MostADay: watch.MaxPerDay}
	for _, a := range list {
		l := alertLine{ID: a.ID, Words: watch.Describe(v.words, a), Search: searchOf(a), Paused: a.Paused, Found: v.words.T("page_alert_never")}
		if !a.Found.IsZero() {
			l.Found = v.words.T("page_alert_found", "When", v.words.Ago(a.Found, v.Now()))
		}
		d.Alerts = append(d.Alerts, l)
	}
	return &page{Name: "alerts", Title: v.words.T("page_alerts"), Data: d, NoIndex: true, Problems: f.mistakes}, nil
}

// letters says how what alerts find comes by mail.
func (v *visit) letters() string {
	if !v.Mail || v.account.Email == "" || !slices.Contains(notifies, v.account.Notify) {
		return store.MailNone
	}
	return v.account.Notify
}

// searchOf is the search that finds what an alert waits for.
func searchOf(a *store.Alert) string {
	q := url.Values{"open": {"1"}}
	for name, value := range map[string]string{"q": a.Words, "kind": a.Kind, "category": a.Category, "mode": a.Mode, "tag": a.Tag} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if a.Near != nil {
		number := func(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
		q.Set("lat", number(a.Near.Latitude))
		q.Set("lon", number(a.Near.Longitude))
		q.Set("radius", number(a.RadiusKm))
	}
	return "/search?" + q.Encode()
}

// addAlert waits for what a search finds from now on.
func (v *visit) addAlert(ctx context.Context) (*page, error) {
	f := v.posted()
	var p *page
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		a, err := v.alertOf(ctx, tx, f)
		if err != nil {
			return err
		}
		if len(f.mistakes) == 0 {
			err = tx.AddAlert(ctx, a)
			if errors.Is(err, federation.ErrConflict) {
				f.wrong("q", "error_alerts_many", "Max", store.MaxAlerts)
				err = nil
			}
		}
		if err == nil && len(f.mistakes) > 0 {
			p, err = v.alertsPage(ctx, tx, f)
		}
		return err
	})
	if p != nil || err != nil {
		return p, err
	}
	return see("/alerts", "alert"), nil
}

// alertOf reads the search that an alert is made of.
func (v *visit) alertOf(ctx context.Context, tx *store.Tx, f *form) (*store.Alert, error) {
	q, err := v.query(ctx, tx, f)
	if err != nil {
		return nil, err
	}
	a := &store.Alert{
		Account: v.account.ID, Words: strings.Join(strings.Fields(q.Text), " "), Category: cut(q.Category, 60), Mode: cut(q.Mode, 60),
		Tag: cut(q.Tag, 100), Near: q.Near, RadiusKm: q.RadiusKm, Place: v.facts.name(),
	}
	if len(q.Kinds) == 1 {
		a.Kind = q.Kinds[0]
	}
	if a.RadiusKm == 0 {
		a.Near, a.Place = nil, ""
	} else if c := f.around(); c != nil {
		a.Place = placeLabel(*c)
	} else if f.any("lat", "near") {
		a.Place = v.words.T("page_alert_point")
	}
	switch {
	case a.Kind != "" && a.Kind != "offer" && a.Kind != "need":
		f.wrong("kind", "error_alert_kind")
	case a.Words == "" && a.Category == "" && a.Mode == "" && a.Tag == "" && a.RadiusKm == 0:
		f.wrong("q", "error_alert_empty")
	}
	return a, nil
}

// changeAlert pauses an alert, lets it go on, or forgets it.
func (v *visit) changeAlert(ctx context.Context) (*page, error) {
	id, err := strconv.ParseInt(v.r.PathValue("alert"), 10, 64)
	if err != nil {
		return nil, federation.ErrNotFound
	}
	done := "changed"
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		switch v.r.PostFormValue("do") {
		case "pause":
			return tx.PauseAlert(ctx, v.account.ID, id, true)
		case "resume":
			return tx.PauseAlert(ctx, v.account.ID, id, false)
		case "delete":
			done = "deleted"
			return tx.DropAlert(ctx, v.account.ID, id)
		}
		return federation.ErrMalformed
	})
	if err != nil {
		return nil, err
	}
	return see("/alerts", done), nil
}

// waitFor is the search of a list as an alert takes it: what to be told of. Nil
// where there is nothing to wait for.
func (v *visit) waitFor(d *listData) map[string]string {
	if v.account == nil || d.Name == "events" {
		return nil
	}
	f, all := d.Form, map[string]string{}
	for _, name := range []string{"q", "kind", "category", "mode", "tag", "place", "code", "radius", "lat", "lon", "near"} {
		if value := f.Value(name); value != "" {
			all[name] = value
		}
	}
	if !f.any("q", "category", "mode", "tag", "radius") || f.any("kind") && f.Value("kind") != "offer" && f.Value("kind") != "need" {
		return nil
	}
	if d.Name != "search" {
		all["kind"] = strings.TrimSuffix(d.Name, "s")
	}
	return all
}
