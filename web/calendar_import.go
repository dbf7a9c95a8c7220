// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"io"
	"net/url"
	"slices"
	"strconv"
	"time"

	"codeberg.org/maillage/maillage/calendar"
	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/harvest"
	"codeberg.org/maillage/maillage/store"
)

// calendarUploadData is what the page to bring a file on shows.
type calendarUploadData struct {
	Form   *form
	Voices []option
}

func (v *visit) calendarImport(context.Context, *store.Tx) (*page, error) {
	return v.calendarImportPage(v.form(url.Values{})), nil
}

func (v *visit) calendarImportPage(f *form) *page {
	return &page{Name: "calendar_import", Title: v.words.T("page_calendar_import"), Data: calendarUploadData{f, v.publishers()}, NoIndex: true, Problems: f.mistakes}
}

// bringCalendar keeps a file, to be looked through.
func (v *visit) bringCalendar(ctx context.Context) (*page, error) {
	f := v.posted()
	u := &store.BroughtFile{Kind: store.FileCalendar, Account: v.account.ID}
	if a := v.publisher(f); a != nil {
		u.Actor = a.ID
	}
	if err := v.takeCalendar(f, u); err != nil {
		return nil, err
	}
	if len(f.mistakes) > 0 {
		return v.calendarImportPage(f), nil
	}
	if err := v.DB.Update(ctx, func(tx *store.Tx) error { return tx.PutBrought(ctx, u) }); err != nil {
		return nil, err
	}
	return see("/settings/calendars/import/"+u.ID, ""), nil
}

// takeCalendar reads the file of a form; what is no calendar is a mistake.
func (v *visit) takeCalendar(f *form, u *store.BroughtFile) error {
	return v.readBrought(f, u, "error_calendar_file_missing", calendar.MaxBytes, func(body []byte) error {
		_, err := harvest.Parse(body, false)
		return err
	})
}

// readBrought reads the file of a form, of so many bytes at most, and one more, by
// which check knows that it was too large. What check finds is a mistake of the
// form; missing says that there is no file.
func (v *visit) readBrought(f *form, u *store.BroughtFile, missing string, most int64, check func(body []byte) error) error {
	files := v.files("file")
	if len(files) == 0 {
		f.wrong("file", missing)
		return nil
	}
	if wait, ok := v.uploads.allow(v.account.Name, v.Now()); !ok {
		return v.tooMany(wait)
	}
	r, err := files[0].Open()
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // it was only read
	if u.Body, err = io.ReadAll(io.LimitReader(r, most+1)); err != nil {
		return err
	}
	u.Name = cut(files[0].Filename, 100)
	err = check(u.Body)
	var wrong *federation.FieldError
	if errors.As(err, &wrong) {
		f.wrong("file", wrong.Reason)
		return nil
	}
	return err
}

// calendarPreviewData is what the page to look through a file on shows.
type calendarPreviewData struct {
	File, Name, Action string
	Summary            string
	Lines              []previewLine
	Remarks            []string
	More, Further      int
	WallClock, Doubt   bool
	Known              bool // some of it was brought before
	Form               *form
}

// A previewLine is an event of a file as it was understood.
type previewLine struct {
	UID, Title, When, Place, Dates string
	State, Class                   string // in words, and of what kind
	Double                         string // where the other one is
	Ticked                         bool
}

// shownLines is how many events of a file are shown; the others cannot be
// chosen.
const shownLines = 500

// broughtFile reads a file that the visitor brought.
func (v *visit) broughtFile(ctx context.Context, tx *store.Tx) (*store.BroughtFile, *calendar.File, error) {
	u, err := tx.BroughtFile(ctx, v.account.ID, store.FileCalendar, v.r.PathValue("file"))
	if err != nil {
		return nil, nil, err
	}
	f, err := harvest.Parse(u.Body, u.WallClock)
	return u, f, err
}

func (v *visit) calendarPreview(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.calendarPreviewPage(ctx, tx, v.form(nil))
}

func (v *visit) calendarPreviewPage(ctx context.Context, tx *store.Tx, form *form) (*page, error) {
	u, f, err := v.broughtFile(ctx, tx)
	if err != nil {
		return nil, err
	}
	items, more := harvest.Items(f, v.Now())
	lines, err := harvest.Preview(ctx, tx, u.Actor, f, items)
	if err != nil {
		return nil, err
	}
	d := &calendarPreviewData{
		File: u.Name, Name: f.Name, Action: v.r.URL.Path, WallClock: u.WallClock, Remarks: v.remarks(f.Report.Remarks), More: f.Report.More, Form: form,
		Summary: v.words.T("page_calendar_summary", "Entries", len(f.Entries), "Count", len(items)),
		Doubt:   u.WallClock || f.Report.Has("report_utc_doubt") || f.Report.Has("report_utc_repeats"),
	}
	if more > 0 {
		d.Remarks = append(d.Remarks, v.words.T("page_calendar_cut", "Count", more, "Max", harvest.MaxItems))
	}
	for _, l := range lines {
		if len(d.Lines) >= shownLines {
			d.Further++
			continue
		}
		d.Lines = append(d.Lines, v.previewLine(l, form))
		d.Known = d.Known || l.State == harvest.LineSame || l.State == harvest.LineChanged
	}
	return &page{Name: "calendar_preview", Title: v.words.T("page_calendar_preview"), Data: d, NoIndex: true, Problems: form.mistakes}, nil
}

// previewLine shows an event of a file.
func (v *visit) previewLine(l *harvest.Line, f *form) previewLine {
	first := l.Items[0]
	p := previewLine{
		UID: first.UID, Title: first.Title, Place: first.Place, Ticked: l.Ticked(),
		State: v.words.T("page_calendar_line_" + l.State), Class: map[string]string{harvest.LineNew: "good", harvest.LineSame: "", harvest.LineOff: "bad"}[l.State],
	}
	if l.State == store.EntryDouble || l.State == harvest.LineChanged {
		p.Class = "warn"
	}
	if f.values != nil {
		p.Ticked = slices.Contains(f.values["entry"], first.UID)
	}
	if p.Title == "" {
		p.Title = v.words.T("page_untitled")
	}
	if l.Double != "" {
		p.Double = v.href(&federation.Object{ID: l.Double, Local: true})
	}
	if l.Recurrence != nil {
		p.When = l.Recurrence.Describe(v.words)
		p.Dates = v.words.T("page_calendar_dates", "Count", len(l.Items), "First", v.words.Date(first.Start))
		return p
	}
	end := first.End
	if first.AllDay {
		end = end.Add(-time.Minute)
	}
	p.When = v.words.DateRange(first.Start, end, first.Start.Location().String())
	return p
}

// publishCalendar publishes what was chosen of a file, or reads its hours
// another way, or forgets it.
func (v *visit) publishCalendar(ctx context.Context) (*page, error) {
	f := v.posted()
	var u *store.BroughtFile
	var file *calendar.File
	err := v.DB.View(ctx, func(tx *store.Tx) (err error) {
		u, file, err = v.broughtFile(ctx, tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	switch f.Value("do") {
	case "clock":
		u.WallClock = !u.WallClock
		err := v.DB.Update(ctx, func(tx *store.Tx) error { return tx.SetWallClock(ctx, u) })
		return see(v.r.URL.Path, ""), err
	case "drop":
		err := v.DB.Update(ctx, func(tx *store.Tx) error { return tx.DropBrought(ctx, v.account.ID, u.ID) })
		return see("/settings/calendars", ""), err
	}
	if len(f.values["entry"]) == 0 {
		return v.nothingChosen(ctx, f)
	}
	if !v.speaksFor(u.Actor) {
		return nil, federation.ErrNotFound
	}
	if f.Value("do") == "draft" {
		return v.draftCalendar(ctx, f, u, file)
	}
	return v.takeFile(ctx, u, file, f.values["entry"])
}

// nothingChosen says that one has to choose something.
func (v *visit) nothingChosen(ctx context.Context, f *form) (*page, error) {
	f.wrong("entry", "error_calendar_none")
	return v.previewAgain(ctx, f)
}

// previewAgain shows the page with what is wrong.
func (v *visit) previewAgain(ctx context.Context, f *form) (p *page, err error) {
	err = v.DB.View(ctx, func(tx *store.Tx) error {
		p, err = v.calendarPreviewPage(ctx, tx, f)
		return err
	})
	return p, err
}

// takeFile publishes, and leads to what came of it.
func (v *visit) takeFile(ctx context.Context, u *store.BroughtFile, file *calendar.File, chosen []string) (*page, error) {
	name := file.Name
	if name == "" {
		name = u.Name
	}
	h := &harvest.Harvest{DB: v.DB, Log: v.Log, Now: v.Now}
	if _, err := h.TakeFile(ctx, u.Actor, v.account.ID, name, file, chosen); err != nil {
		return nil, err
	}
	var id int64
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		c, err := tx.FileCalendar(ctx, u.Actor)
		if err != nil {
			return err
		}
		id = c.ID
		return tx.DropBrought(ctx, v.account.ID, u.ID)
	})
	return see("/settings/calendars/"+strconv.FormatInt(id, 10), "calendar_imported"), err
}
