// SPDX-License-Identifier: AGPL-3.0-or-later

// Package harvest publishes here what people keep in calendars elsewhere: a
// file that somebody brings, or an address that is read again and again. So a
// repair café that has nothing but a calendar can be followed.
//
// [Items] makes dates of what package calendar read: one for each time that
// something happens, so far ahead as is sensible. [Harvest.Take] brings what we
// have in line with them: what is new is published, what changed is changed,
// what is no longer there is withdrawn, and what is the same is left alone.
// It works in small transactions, each of which leaves everything right, so
// that it may be killed anywhere and done again. [Worker] reads each calendar
// when its time has come, and tells followers of the dates: two weeks before
// each, a few a day, never all at once.
//
// What somebody changed by hand here stays until the calendar changes it; what
// somebody deleted here does not come back.
package harvest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/calendar"
	"codeberg.org/maillage/maillage/federation/vocab"
)

// How far ahead what is repeated is published, and how much of one calendar.
// What comes later is published as time goes on.
const (
	Ahead     = 9 * 30 * 24 * time.Hour
	perSeries = 60
	MaxItems  = 1000
)

// An Item is one time at which something happens.
type Item struct {
	Key      string // the same each time the calendar is read
	UID      string
	MadeUID  bool // by us, from what it says
	Repeats  bool // one of several
	Title    string
	Text     string // plain
	Place    string
	Point    *calendar.Point
	URL      string // its own page
	Tags     []string
	Status   string // as in package calendar
	Start    time.Time
	End      time.Time // zero: not said
	AllDay   bool
	Sequence int
	Modified time.Time

	recurrence *calendar.Recurrence // that it is one time of
	day        string               // which one
	moved      bool                 // it differs from the others
}

// Items returns what is not over now, in the order of time: at most [MaxItems],
// and how many more there are.
func Items(f *calendar.File, now time.Time) (items []Item, more int) {
	for _, e := range f.Entries {
		if e.Recurrence == nil {
			if i := itemOf(e, e.Start, e.End); i.over(now) {
				items = append(items, i)
			}
			continue
		}
		items = append(items, timesOf(e, now)...)
	}
	slices.SortStableFunc(items, func(a, b Item) int { return a.Start.Compare(b.Start) })
	seen := map[string]bool{}
	items = slices.DeleteFunc(items, func(i Item) bool {
		was := seen[i.Key]
		seen[i.Key] = true
		return was
	})
	if len(items) > MaxItems {
		more = len(items) - MaxItems
		items = items[:MaxItems:MaxItems]
	}
	return items, more
}

// timesOf returns the times of what is repeated.
func timesOf(e *calendar.Entry, now time.Time) (items []Item) {
	all, _ := e.Recurrence.Between(now, now.Add(Ahead), perSeries)
	for _, o := range all {
		from := e
		if o.Changed {
			for _, c := range e.Changes {
				if c.Was.Equal(o.Was) {
					from = c
				}
			}
		}
		i := itemOf(from, o.Start, o.End)
		// On the clocks of the event, so that it has the same name when somebody
		// says that these are others.
		was := o.Was.In(e.Recurrence.Start.Location()).Format("20060102T150405")
		i.UID, i.MadeUID, i.Repeats, i.Key = e.UID, e.MadeUID, true, e.UID+" "+was
		i.recurrence, i.day, i.moved = e.Recurrence, o.Was.In(e.Recurrence.Start.Location()).Format(time.DateOnly), o.Changed
		if from.Title == "" { // some programs write only what changed
			i.Title = oneLine(e.Title)
		}
		if e.Status == calendar.Cancelled {
			i.Status = e.Status
		}
		items = append(items, i)
	}
	return items
}

func itemOf(e *calendar.Entry, start, end time.Time) Item {
	text := e.Text
	if e.HTML != "" {
		text = vocab.Text(vocab.SanitizeHTML(e.HTML))
	}
	i := Item{
		Key: e.Key(), UID: e.UID, MadeUID: e.MadeUID, Title: oneLine(vocab.CleanText(e.Title)), Text: text, Place: oneLine(vocab.CleanText(e.Place)),
		Point: e.Point, URL: e.URL, Tags: e.Categories, Status: e.Status, Start: start, End: end, AllDay: e.AllDay,
		Sequence: e.Sequence, Modified: e.Modified,
	}
	return i
}

// over reports whether it is not over yet at a time.
func (i Item) over(now time.Time) bool { return i.Start.After(now) || i.End.After(now) }

// ends is when it is over, for what remembers it.
func (i Item) ends() time.Time {
	if i.End.After(i.Start) {
		return i.End
	}
	return i.Start
}

// Digest stands for what it says: when that is the same there is nothing to
// change. When it was written does not count, for some programs write all anew
// at each reading.
func (i Item) Digest() string {
	h := sha256.New()
	point := ""
	if i.Point != nil {
		point = fmt.Sprintf("%.6f %.6f", i.Point.Latitude, i.Point.Longitude)
	}
	for _, s := range append([]string{
		i.Title, i.Text, i.Place, point, i.URL, i.Status, i.Start.Format(time.RFC3339), i.End.Format(time.RFC3339), fmt.Sprint(i.AllDay), i.Start.Location().String(),
	}, i.Tags...) {
		_, _ = fmt.Fprintf(h, "%d %s\n", len(s), s) // a hash does not fail
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
