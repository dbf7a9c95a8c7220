// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// repeats are the ways in which an event may repeat, as the form offers them.
var repeats = []string{"never", "weekly", "biweekly", "nth", "monthly", "yearly", "rule"}

// maxExtra is how many dates may be added to a series in the form.
const maxExtra = 20

// A seriesForm is what the form shows of a series: when it takes place.
type seriesForm struct {
	Words string // "Tous les jeudis de 18 h 30 à 19 h 30, du ..."
	Note  string // that not everything is published now
	Dates []seriesRow
	Kept  int
	Seen  string // stands for the dates as they are shown
}

// A seriesRow is one date in the form, to be left out by unticking it.
type seriesRow struct {
	Day, Text string
	Kept      bool
}

// repeating reports whether a form is of an event that repeats.
func repeating(f *form) bool {
	r := f.Value("repeat")
	return r != "" && r != "never"
}

// seriesTyped reads how an event repeats, as the form has it; nil with a
// mistake. o is the first date.
func seriesTyped(f *form, o *federation.Object) *store.Series {
	start := inZone(o.Start, federation.EventOf(o).Timezone)
	s := &store.Series{Like: o, First: start.Format(time.DateOnly), Rule: f.ruleOf(start)}
	for _, typed := range f.values["repeat.add"][:min(len(f.values["repeat.add"]), maxExtra)] {
		if strings.TrimSpace(typed) == "" {
			continue
		}
		if d, ok := dayTyped(typed); ok && !slices.Contains(s.Added, d.Format(time.DateOnly)) {
			s.Added = append(s.Added, d.Format(time.DateOnly))
		} else if !ok {
			f.wrong("repeat.add", "error_series_day")
		}
	}
	if len(f.mistakes) > 0 {
		return nil
	}
	return s
}

// ruleOf writes the rule that was chosen.
func (f *form) ruleOf(start time.Time) string {
	day := strings.ToUpper(start.Weekday().String()[:2])
	rule := map[string]string{
		"weekly": "FREQ=WEEKLY", "biweekly": "FREQ=WEEKLY;INTERVAL=2", "monthly": "FREQ=MONTHLY", "yearly": "FREQ=YEARLY",
		"nth": "FREQ=MONTHLY;BYDAY=" + strconv.Itoa((start.Day()+6)/7) + day, "rule": strings.TrimSpace(f.Value("repeat.rule")),
	}[f.Value("repeat")]
	if f.Value("repeat") == "nth" && start.Day() > 28 { // there is not always a fifth
		rule = "FREQ=MONTHLY;BYDAY=-1" + day
	}
	if rule == "" {
		f.wrong("repeat.rule", "error_recurrence")
	}
	until, count := strings.TrimSpace(f.Value("repeat.until")), strings.TrimSpace(f.Value("repeat.count"))
	switch {
	case until != "" && count != "":
		f.wrong("repeat.count", "error_series_end")
	case until != "":
		d, ok := dayTyped(until)
		switch {
		case !ok:
			f.wrong("repeat.until", "error_series_until")
		case d.Format(time.DateOnly) < start.Format(time.DateOnly):
			f.wrong("repeat.until", "error_series_before")
		}
		rule += ";UNTIL=" + d.Format("20060102")
	case count != "":
		n, err := strconv.Atoi(count)
		if err != nil || n < 1 || n > 10_000 {
			f.wrong("repeat.count", "error_series_count")
		}
		rule += ";COUNT=" + strconv.Itoa(n)
	}
	return rule
}

// readSeries reads a series and what of its dates is shown and ticked. It
// reports whether the author saw them before.
func (v *visit) readSeries(f *form, o *federation.Object) (s *store.Series, shown *seriesForm, seen bool) {
	if s = seriesTyped(f, o); s == nil {
		return nil, nil, false
	}
	dates, more, err := outbox.Dates(s, v.Now())
	var wrong *federation.FieldError
	switch {
	case errors.As(err, &wrong):
		f.wrong(ruleField(f), wrong.Reason)
	case err != nil:
		f.wrong(ruleField(f), "error_recurrence")
	case len(dates) == 0:
		f.wrong("repeat", "error_series_none")
	}
	if len(f.mistakes) > 0 {
		return nil, nil, false
	}
	shown = &seriesForm{Seen: seenOf(s)}
	seen = f.Value("repeat.seen") == shown.Seen
	for _, d := range dates {
		row := seriesRow{d.Day, v.words.DateTime(d.Start), true}
		if slices.Contains(f.values["repeat.listed"], d.Day) && !slices.Contains(f.values["repeat.keep"], d.Day) {
			row.Kept = false
			s.Skipped = append(s.Skipped, d.Day)
		} else {
			shown.Kept++
		}
		shown.Dates = append(shown.Dates, row)
	}
	if shown.Kept == 0 {
		f.wrong("repeat.keep", "error_series_none")
	}
	shown.Words = capitalized(outbox.SeriesWords(v.words, s, nil))
	if r, err := outbox.Recurrence(s); err == nil && more {
		id := "form_repeat_more"
		if !r.Ends() {
			id = "form_repeat_open"
		}
		shown.Note = v.words.T(id, "Most", outbox.MaxAhead)
	}
	return s, shown, seen
}

// ruleField is the input that a mistake in the rule is about.
func ruleField(f *form) string {
	if f.Value("repeat") == "rule" {
		return "repeat.rule"
	}
	return "repeat"
}

// seenOf stands for the dates of a series, before any are left out.
func seenOf(s *store.Series) string {
	start := inZone(s.Like.Start, federation.EventOf(s.Like).Timezone)
	sum := sha256.Sum256([]byte(fmt.Sprint(s.Rule, s.First, start.Format("15:04"), start.Location(), s.Added)))
	return hex.EncodeToString(sum[:8])
}

// capitalized begins a sentence.
func capitalized(s string) string {
	r := []rune(s)
	if len(r) == 0 {
		return ""
	}
	return strings.ToUpper(string(r[:1])) + string(r[1:])
}

// Extra are the days that were added to a series, and an empty one.
func (d *composeData) Extra() []input {
	var all []input
	for _, typed := range append(slices.DeleteFunc(slices.Clone(d.Form.values["repeat.add"]), func(s string) bool { return strings.TrimSpace(s) == "" }), "") {
		i := d.Form.Input("repeat.add", "form_repeat_add", "type=date", "value="+typed)
		if len(all) > 0 {
			i.ID += "-" + strconv.Itoa(len(all)+1)
			i.Hint, i.Error = "", ""
		}
		if all = append(all, i); len(all) == maxExtra {
			break
		}
	}
	return all
}

// scopes are what an edit of a date of a series may change.
var scopes = []string{"one", "following", "all"}

// scoped checks that an edit of several dates leaves the day as it is.
func (v *visit) scoped(f *form, o, old *federation.Object) {
	if scope := f.Value("scope"); scope != "following" && scope != "all" {
		return
	}
	day := func(o *federation.Object) string {
		return inZone(o.Start, federation.EventOf(o).Timezone).Format(time.DateOnly)
	}
	if day(o) != day(old) {
		f.wrong("start.date", "error_series_day_moved")
	}
}

// reviseTx changes several dates of a series like one that was edited. It
// reports whether that is what the form asks for.
func (v *visit) reviseTx(ctx context.Context, tx *store.Tx, f *form, o *federation.Object) (bool, error) {
	scope := f.Value("scope")
	if scope != "following" && scope != "all" {
		return false, nil
	}
	d, err := tx.SeriesDateOf(ctx, o.ID)
	if err != nil {
		return false, ignoreMissing(err)
	}
	s, err := tx.Series(ctx, d.Series)
	if err != nil || s.Kept {
		return false, err
	}
	from := ""
	if scope == "following" {
		from = d.Day
	}
	return true, outbox.ReviseSeriesTx(ctx, tx, s, o, from, f.Value("scope.own") != "")
}
