// SPDX-License-Identifier: AGPL-3.0-or-later

package watch

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
	"codeberg.org/maillage/maillage/words"
)

// NoticeAlert is the kind of the notices that alerts make. Their title is what
// the alert waits for, in words.
const NoticeAlert = "Alert"

// MaxPerDay is of how much somebody is told in a day, by all their alerts.
const MaxPerDay = 20

// maxRounds bounds what is worked off at once: the rest comes next time.
const maxRounds = 20

// alerts holds what came against all alerts.
func (w *Watch) alerts(ctx context.Context) error {
	for range maxRounds {
		var more bool
		err := w.DB.View(ctx, func(tx *store.Tx) error { // mostly there is nothing, and nothing to write
			news, err := tx.News(ctx)
			more = news != nil
			return err
		})
		if err != nil || !more {
			return err
		}
		err = w.DB.Update(ctx, func(tx *store.Tx) error {
			news, err := tx.News(ctx)
			if err != nil || news == nil {
				return err
			}
			t := &telling{tx: tx, now: w.Now(), accounts: map[int64]*reader{}}
			if err := news.Each(func(o *federation.Object, a *store.Alert) error { return t.hold(ctx, o, a) }); err != nil {
				return err
			}
			return tx.Told(ctx, news)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// A telling holds alerts against news in one transaction.
type telling struct {
	tx       *store.Tx
	now      time.Time
	accounts map[int64]*reader
	object   *federation.Object // that is looked at
	index    federation.Index
	words    []string
}

// A reader is whose alerts are held.
type reader struct {
	*store.Account

	voices  []*federation.Actor
	blocked map[federation.IRI]bool
	told    int // today
}

// hold tells an account of an object if its alert waits for that.
func (t *telling) hold(ctx context.Context, o *federation.Object, a *store.Alert) error {
	if t.object != o {
		t.object, t.index = o, federation.IndexOf(o)
		t.words = words.Of(t.index.Text + " " + strings.Join(t.index.Tags, " "))
	}
	if !o.End.IsZero() && o.End.Before(t.now) || !fits(a, t.index, t.words) {
		return nil
	}
	r, err := t.reader(ctx, a.Account)
	if err != nil || r.Suspended || r.Person == "" || r.told >= MaxPerDay || r.blocked[o.AttributedTo] {
		return err
	}
	if slices.ContainsFunc(r.voices, func(v *federation.Actor) bool { return v.ID == o.AttributedTo }) {
		return nil
	}
	if bad, err := t.tx.Suspended(ctx, o.AttributedTo); err != nil || bad {
		return err
	}
	r.told++
	err = t.tx.Notify(ctx, federation.Notice{
		For: r.Person, Kind: NoticeAlert, Actor: o.AttributedTo, Object: o.ID, Title: Describe(locale.New(r.Locale), a),
	})
	if err != nil {
		return err
	}
	return t.tx.AlertFound(ctx, a.ID)
}

func (t *telling) reader(ctx context.Context, account int64) (*reader, error) {
	if r := t.accounts[account]; r != nil {
		return r, nil
	}
	a, err := t.tx.Account(ctx, account)
	if err != nil {
		return nil, err
	}
	r := &reader{Account: a}
	if r.voices, err = t.tx.Speaks(ctx, a); err != nil {
		return nil, err
	}
	if r.blocked, err = t.tx.Blocked(ctx, a.Person); err != nil {
		return nil, err
	}
	if r.told, err = t.tx.NoticesSince(ctx, a.Person, NoticeAlert, t.now.Add(-24*time.Hour)); err != nil {
		return nil, err
	}
	t.accounts[account] = r
	return r, nil
}

// fits reports whether an alert waits for something, as a search would find it.
func fits(a *store.Alert, x federation.Index, has []string) bool {
	switch {
	case a.Kind != "" && a.Kind != x.Kind,
		a.Category != "" && a.Category != x.Category,
		a.Mode != "" && !slices.Contains(x.Modes, a.Mode),
		a.Tag != "" && !slices.Contains(x.Tags, federation.Hashtag(a.Tag)),
		x.Closed:
		return false
	}
	if a.Near != nil && (x.Point == nil || a.Near.Kilometres(*x.Point) > a.RadiusKm) {
		return false
	}
	for _, w := range words.Of(a.Words) {
		if !slices.ContainsFunc(has, func(h string) bool { return strings.HasPrefix(h, w) }) {
			return false
		}
	}
	return true
}

// Describe says in a few words what an alert waits for.
func Describe(p *locale.Printer, a *store.Alert) string {
	var parts []string
	if a.Words != "" {
		parts = append(parts, a.Words)
	}
	if a.Tag != "" {
		parts = append(parts, "#"+a.Tag)
	}
	if a.Kind != "" {
		parts = append(parts, p.T("page_alert_"+a.Kind))
	}
	if a.Category != "" {
		parts = append(parts, p.Word("sector", a.Category))
	}
	if a.Mode != "" {
		parts = append(parts, p.Word("mode", a.Mode))
	}
	if a.Near != nil {
		parts = append(parts, p.T("page_alert_near", "Km", p.Quantity(federation.Decimal(strconv.FormatFloat(a.RadiusKm, 'f', -1, 64)), "kilometre"), "Place", a.Place))
	}
	return strings.Join(parts, ", ")
}
