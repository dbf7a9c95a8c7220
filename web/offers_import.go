// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/catalogue"
	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/gazetteer"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// listUploadData is what the page to bring a list on shows.
type listUploadData struct {
	Form   *form
	Voices []option
	Files  []fact // that were brought and not published yet
	Fields []fact // what columns may be called
}

func (v *visit) offersImport(ctx context.Context, tx *store.Tx) (*page, error) {
	voice, err := v.voice()
	if err != nil {
		return nil, err
	}
	return v.offersImportPage(ctx, tx, v.form(url.Values{"as": {voice.Username}}))
}

func (v *visit) offersImportPage(ctx context.Context, tx *store.Tx, f *form) (*page, error) {
	voice, err := v.voiceNamed(f.Value("as"))
	if err != nil {
		return nil, err
	}
	d := listUploadData{Form: f, Voices: v.voiceOptions(voice)}
	files, err := tx.BroughtFiles(ctx, v.account.ID, store.FileOffers)
	if err != nil {
		return nil, err
	}
	for _, u := range files {
		d.Files = append(d.Files, fact{Text: u.Name, URL: "/publish/import/" + u.ID})
	}
	for _, name := range catalogue.Fields {
		d.Fields = append(d.Fields, fact{Label: v.words.T("list_" + name), Text: v.words.T("list_" + name + "_hint")})
	}
	return &page{Name: "offers_import", Title: v.words.T("page_list_import"), Data: d, NoIndex: true, Problems: f.mistakes}, nil
}

// bringOffers keeps a list, to be looked through.
func (v *visit) bringOffers(ctx context.Context) (*page, error) {
	f := v.posted()
	voice, err := v.voiceNamed(f.Value("as"))
	if err != nil {
		return nil, err
	}
	u := &store.BroughtFile{Kind: store.FileOffers, Account: v.account.ID, Actor: voice.ID}
	if err := v.takeList(f, u); err != nil {
		return nil, err
	}
	if len(f.mistakes) == 0 {
		err := v.DB.Update(ctx, func(tx *store.Tx) error { return tx.PutBrought(ctx, u) })
		return see("/publish/import/"+u.ID, ""), err
	}
	var p *page
	err = v.DB.View(ctx, func(tx *store.Tx) (err error) {
		p, err = v.offersImportPage(ctx, tx, f)
		return err
	})
	return p, err
}

// takeList reads the file of a form; what is no list is a mistake.
func (v *visit) takeList(f *form, u *store.BroughtFile) error {
	return v.readBrought(f, u, "error_list_missing", catalogue.MaxBytes, func(body []byte) error {
		_, err := catalogue.Read(body)
		return err
	})
}

// A listedRow is a row of a list, and what would come of it.
type listedRow struct {
	*catalogue.Row

	form     outbox.OfferForm
	object   *federation.Object // nil: there are problems
	old      *federation.Object // what was published under its reference
	problems outbox.Problems
	same     bool // as it is published
}

// What would come of a row.
const (
	rowNew     = "new"
	rowChanged = "changed"
	rowSame    = "same"
	rowWrong   = "wrong"
)

func (r *listedRow) state() string {
	switch {
	case r.object == nil:
		return rowWrong
	case r.same:
		return rowSame
	case r.old != nil:
		return rowChanged
	}
	return rowNew
}

// A broughtList is a list that somebody looks through.
type broughtList struct {
	*catalogue.List

	file  *store.BroughtFile
	voice *federation.Actor
	rows  []*listedRow
}

// brought reads a list that the visitor brought, and what would come of it.
func (v *visit) brought(ctx context.Context, tx *store.Tx) (*broughtList, error) {
	u, err := tx.BroughtFile(ctx, v.account.ID, store.FileOffers, v.r.PathValue("file"))
	if err != nil {
		return nil, err
	}
	b := &broughtList{file: u}
	for _, a := range v.voices {
		if a.ID == u.Actor {
			b.voice = a
		}
	}
	if b.voice == nil {
		return nil, fmt.Errorf("file %s: %w", u.ID, federation.ErrNotFound)
	}
	if b.List, err = catalogue.Read(u.Body); err != nil {
		return nil, err
	}
	old, err := v.referred(ctx, tx, b)
	if err != nil {
		return nil, err
	}
	base, err := v.listBase(ctx, tx, b.voice)
	if err != nil {
		return nil, err
	}
	for _, r := range b.Rows {
		b.rows = append(b.rows, v.listed(r, b.voice, old[r.Reference], base))
	}
	return b, nil
}

// referred finds what was published under the references of a list. Those of
// our own lists may be addresses.
func (v *visit) referred(ctx context.Context, tx *store.Tx, b *broughtList) (map[string]*federation.Object, error) {
	var references []string
	var ids []federation.IRI
	for _, r := range b.Rows {
		if r.Reference != "" {
			references = append(references, r.Reference)
			ids = append(ids, federation.IRI(r.Reference))
		}
	}
	known, err := tx.Referred(ctx, b.voice.ID, references)
	if err != nil {
		return nil, err
	}
	for _, id := range known {
		ids = append(ids, id)
	}
	objects, err := tx.Objects(ctx, ids...)
	if err != nil {
		return nil, err
	}
	old := map[string]*federation.Object{}
	for _, reference := range references {
		o := objects[known[reference]]
		if o == nil {
			o = objects[federation.IRI(reference)]
		}
		if o == nil || o.Gone() || !o.Local || o.AttributedTo != b.voice.ID {
			continue
		}
		if _, ok := federation.ProposalOf(o); !ok {
			continue
		}
		if old[reference], err = tx.Whole(ctx, o.ID); err != nil {
			return nil, err
		}
	}
	return old, nil
}

// listBase is what rows do not say: as in the form of a new offer.
func (v *visit) listBase(ctx context.Context, tx *store.Tx, voice *federation.Actor) (outbox.OfferForm, error) {
	values, err := v.likely(ctx, tx, "offer", voice)
	if err != nil {
		return outbox.OfferForm{}, err
	}
	f := offerForm(v.form(values), "offer")
	f.Per = "open"
	if len(f.Modes) == 0 {
		f.Modes = []string{"sale"}
	}
	return f, nil
}

// listed types a row into a form, and makes what would be published.
func (v *visit) listed(r *catalogue.Row, voice *federation.Actor, old *federation.Object, base outbox.OfferForm) *listedRow {
	l := &listedRow{Row: r, old: old, form: base}
	c := outbox.Composer{Now: v.Now(), Zone: v.zone(), Words: v.words, Author: voice, ID: outbox.NewObjectID(v.Origin), Old: old}
	if old != nil {
		l.form = outbox.OfferFormOf(old, v.zone())
		c.Photo = func(id string) (federation.Media, bool) { return photoNamed(old, id) }
	}
	before := l.form
	r.Fill(&l.form)
	if all := gazetteer.Named(l.form.Produced, 2); l.form.ProducedAt == nil && len(all) == 1 {
		l.form.Produced, l.form.ProducedAt = all[0].Name, &all[0].Point
	}
	if p := &l.form.Place; p.City != "" && p.Lat == "" && p.Lon == "" {
		if here := gazetteer.Likeliest(gazetteer.Named(p.City, 40), p.Postal, v.facts.point(), nil); here != nil {
			p.Lat, p.Lon = degrees(here.Point, 4)
		}
	}
	l.problems = slices.Clone(r.Problems)
	o, problems := l.form.Object(c)
	if l.problems = append(l.problems, problems...); len(l.problems) > 0 {
		return l
	}
	l.object = o
	l.same = old != nil && alike(before, l.form)
	return l
}

// photoNamed finds a photo that an object has already.
func photoNamed(o *federation.Object, id string) (federation.Media, bool) {
	for _, m := range o.Attachments {
		if strings.HasSuffix(m.URL, "/media/"+id) {
			return m, true
		}
	}
	return federation.Media{}, false
}

// alike reports whether two forms say the same; how numbers are written does
// not matter.
func alike(a, b outbox.OfferForm) bool {
	for _, f := range []*outbox.OfferForm{&a, &b} {
		for _, s := range []*string{&f.Price, &f.Quantity, &f.Available, &f.Minimum} {
			if d, err := federation.ParseDecimal(*s); err == nil {
				*s = d.Rat().RatString()
			}
		}
		if f.Unit == "" {
			f.Unit = "one"
		}
		if f.Currency == "" && f.Price != "" {
			f.Currency = "EUR"
		}
		tags := strings.FieldsFunc(strings.ToLower(f.Hashtags), func(r rune) bool { return r == ' ' || r == ',' || r == '#' })
		slices.Sort(tags)
		f.Hashtags = strings.Join(tags, " ")
		slices.Sort(f.Modes)
	}
	x, err := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err == nil && err2 == nil && string(x) == string(y)
}

// listPreviewData is what the page to look through a list shows.
type listPreviewData struct {
	Form    *form
	File    string
	Action  string
	Summary string
	Columns []fact
	Unread  []string
	Rows    []listLine
	Wrong   []listLine
	Rejects string
	More    int
	Room    int // for drafts
}

// A listLine is a row of a list as it was understood.
type listLine struct {
	Line                  int
	Title, State, Class   string
	Price, Left, Remarks  string
	Reference, Old, Wrong string
	Ticked                bool
}

func (v *visit) listPreview(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.listPreviewPage(ctx, tx, v.form(nil))
}

func (v *visit) listPreviewPage(ctx context.Context, tx *store.Tx, f *form) (*page, error) {
	b, err := v.brought(ctx, tx)
	if err != nil {
		return nil, err
	}
	d := listPreviewData{Form: f, File: b.file.Name, Action: v.r.URL.Path, Rejects: v.r.URL.Path + "/rejects", More: b.More}
	for _, c := range b.Columns {
		if c.Meaning == "" {
			d.Unread = append(d.Unread, c.Name)
		}
	}
	counts := map[string]int{}
	for _, r := range b.rows {
		counts[r.state()]++
		line := v.listLine(r)
		if f.values != nil {
			line.Ticked = slices.Contains(f.values["row"], strconv.Itoa(r.Line))
		}
		if r.object == nil {
			d.Wrong = append(d.Wrong, line)
		} else {
			d.Rows = append(d.Rows, line)
		}
	}
	d.Summary = v.words.T("page_list_summary", "New", counts[rowNew], "Changed", counts[rowChanged], "Same", counts[rowSame], "Wrong", counts[rowWrong])
	return &page{Name: "offers_preview", Title: v.words.T("page_list_preview"), Data: d, NoIndex: true, Problems: f.mistakes}, nil
}

// listLine shows a row.
func (v *visit) listLine(r *listedRow) listLine {
	l := listLine{
		Line: r.Line, Title: r.Title(), Reference: r.Reference, State: v.words.T("page_list_" + r.state()),
		Class: map[string]string{rowNew: "good", rowChanged: "warn", rowWrong: "bad"}[r.state()],
		Wrong: catalogue.Reasons(v.words, r.problems), Remarks: catalogue.Reasons(v.words, r.Remarks),
		Ticked: r.state() == rowNew || r.state() == rowChanged,
	}
	if l.Title == "" {
		l.Title = v.words.T("page_untitled")
	}
	if r.old != nil {
		l.Old = v.href(r.old)
	}
	if r.object != nil {
		c := v.card(r.object)
		l.Price, l.Left = c.Price, c.Left
	}
	return l
}

// listRejects answers with the rows that cannot be published, and why.
func (v *visit) listRejects(ctx context.Context, tx *store.Tx) (*page, error) {
	b, err := v.brought(ctx, tx)
	if err != nil {
		return nil, err
	}
	var bad []*catalogue.Row
	for _, r := range b.rows {
		if r.object == nil {
			row := *r.Row
			row.Problems = r.problems
			bad = append(bad, &row)
		}
	}
	name := v.words.T("page_list_rejects_file") + "-" + v.Now().In(v.zone()).Format(time.DateOnly) + ".csv"
	return fetch(name, "text/csv; charset=utf-8", sheetOf(catalogue.Rejects(v.words, b.List, bad))), nil
}
