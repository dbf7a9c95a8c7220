// SPDX-License-Identifier: AGPL-3.0-or-later

package harvest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"codeberg.org/maillage/maillage/calendar"
	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/remote"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// A Report is what came of a reading, as it is kept with the calendar.
type Report struct {
	Entries int // that the calendar has
	Dates   int // of those, and of what they repeat, that are to come
	Cut     int // dates too many
	Outcome Outcome
	Remarks []calendar.Remark
	More    int // remarks that there was no room for
}

// ReportOf returns what came of the last reading.
func ReportOf(c *store.Calendar) (r Report) {
	_ = json.Unmarshal([]byte(c.Report), &r) // none: nothing was read yet
	return r
}

// report puts what came of a reading into its calendar.
func report(c *store.Calendar, f *calendar.File, dates, more int, out Outcome) {
	r := Report{Entries: len(f.Entries), Dates: dates, Cut: more, Outcome: out, Remarks: f.Report.Remarks, More: f.Report.More}
	if raw, err := json.Marshal(r); err == nil { // our own plain values
		c.Report = string(raw)
	}
}

// Parse reads the bytes of a calendar, on the clocks of the instance.
func Parse(body []byte, wallClock bool) (*calendar.File, error) {
	o := calendar.Options{Zone: Zone()}
	if wallClock {
		o.WallClock = []string{"UTC"}
	}
	return calendar.Read(bytes.NewReader(body), o)
}

// Zone is whose clocks an event is on that does not say so.
func Zone() *time.Location {
	if z, ok := locale.Zone("Europe/Paris"); ok {
		return z
	}
	return time.UTC
}

// read asks for a calendar and takes what is in it. What the calendar or its
// server did wrong is no error: it is noted in c, with when to ask again.
func (w *Worker) read(ctx context.Context, c *store.Calendar) error {
	now := w.Now()
	anew := c.Digest == "" || !c.Held.IsZero() || now.Sub(c.Taken) > allAnew
	seen := remote.Seen{ETag: c.ETag, Modified: c.Modified}
	if anew {
		seen = remote.Seen{}
	}
	r, err := w.Client.Calendar(ctx, federation.IRI(c.URL), seen, calendar.MaxBytes)
	if err != nil {
		if ctx.Err() == nil {
			w.fault(c, faultOf(err), err, r.Again)
		}
		return nil
	}
	digest := digestOf(r.Body)
	if r.Unchanged || !anew && digest == c.Digest {
		c.ETag, c.Modified = r.Seen.ETag, r.Seen.Modified
		w.well(c, r.Again)
		return nil
	}
	f, err := Parse(r.Body, c.WallClock)
	if err != nil {
		w.fault(c, notCalendar(r, err), err, r.Again)
		return nil
	}
	if c.Name == "" {
		c.Name = f.Name
	}
	items, more := Items(f, now)
	out, err := w.Take(ctx, c, items, Options{Withdraw: true, Empty: len(f.Entries) == 0, Cut: more > 0})
	if err != nil {
		return err
	}
	c.OwnEvery, c.Taken = f.Refresh, now
	if out.Done() {
		c.Changed = now
		w.log(c).InfoContext(ctx, "calendar changed", "new", out.New, "changed", out.Changed, "removed", out.Removed)
	}
	c.ETag, c.Modified, c.Digest = r.Seen.ETag, r.Seen.Modified, digest
	report(c, f, len(items), more, out)
	w.well(c, r.Again)
	return nil
}

// well notes that a calendar was read.
func (w *Worker) well(c *store.Calendar, again time.Duration) {
	c.Read, c.Faults, c.Failing, c.Fault, c.Detail = w.Now(), 0, time.Time{}, "", ""
	c.Due = w.next(c, again)
}

// fault notes why a calendar could not be read: by the id of a message, and in
// detail.
func (w *Worker) fault(c *store.Calendar, id string, err error, again time.Duration) {
	if c.Faults++; c.Failing.IsZero() {
		c.Failing = w.Now()
	}
	c.Fault, c.Detail = id, cut(err.Error(), 300)
	c.Due = w.next(c, again)
	w.log(c).Info("calendar not read", "why", id, "faults", c.Faults)
}

// faultOf finds the words for why a server did not give a calendar.
func faultOf(err error) string {
	switch {
	case errors.Is(err, remote.ErrLarge):
		return "error_calendar_large"
	case errors.Is(err, remote.ErrPacked):
		return "error_calendar_packed"
	case errors.Is(err, remote.ErrClosed):
		return "error_calendar_closed"
	case errors.Is(err, federation.ErrNotFound):
		return "error_calendar_missing"
	case errors.Is(err, federation.ErrGone):
		return "error_calendar_gone"
	case errors.Is(err, federation.ErrUnavailable):
		return "error_calendar_silent"
	}
	return "error_calendar_private"
}

// notCalendar finds the words for what is no calendar.
func notCalendar(r remote.Reading, err error) string {
	start := bytes.ToLower(bytes.TrimSpace(r.Body[:min(len(r.Body), 1000)]))
	if bytes.HasPrefix(start, []byte("<!doctype html")) || bytes.Contains(start, []byte("<html")) {
		return "error_calendar_page"
	}
	var wrong *federation.FieldError
	if errors.As(err, &wrong) {
		return wrong.Reason
	}
	return "error_calendar_kind"
}

// digestOf stands for what a calendar says, without when it was written: some
// programs write that anew at each reading.
func digestOf(body []byte) string {
	h := sha256.New()
	for line := range bytes.Lines(body) {
		if !bytes.HasPrefix(line, []byte("DTSTAMP")) {
			_, _ = h.Write(line) // a hash does not fail
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
