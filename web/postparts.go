// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"math/big"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
)

// A photoRow is a photo in a form: what it shows is asked beside it.
type photoRow struct {
	*locale.Printer
	N, Of       int
	ID, Thumb   string
	Alt, InputN string // InputN is the id of the input of the description
	Wrong       string
	Places      []option
}

// photoRows lists the photos of a form, and room for one more.
func (v *visit) photoRows(d *composeData) {
	photos, left := d.Form.photos()
	wrong := d.Form.Wrong("alt")
	taken := false // the id that the list of mistakes leads to
	for i, p := range photos {
		row := photoRow{Printer: v.words, N: i + 1, Of: len(photos), ID: p.ID, Alt: p.Alt, InputN: "f-alt-" + strconv.Itoa(i+1)}
		if !strings.Contains(p.ID, "/") {
			row.Thumb = "/media/" + url.PathEscape(p.ID) + "/thumb"
		}
		if wrong != "" && strings.TrimSpace(p.Alt) == "" {
			if row.Wrong = wrong; !taken {
				row.InputN, taken = "f-alt", true
			}
		}
		for n := range photos {
			row.Places = append(row.Places, option{Value: strconv.Itoa(n + 1), Label: strconv.Itoa(n + 1), Chosen: n == i})
		}
		d.Photos = append(d.Photos, row)
	}
	d.Room = len(photos) < outbox.MaxPhotos
	d.NewAlt = photoRow{Printer: v.words, Alt: at(left, 0), InputN: "f-alt-new"}
	if !taken && len(photos) == 0 {
		d.NewAlt.InputN, d.NewAlt.Wrong = "f-alt", wrong
	}
}

// furtherPhotos reads the photos after the first.
func furtherPhotos(f *form) []outbox.PhotoForm {
	photos, _ := f.photos()
	return photos[min(1, len(photos)):]
}

// A modeChip is a way of exchange to choose, with a picture for those who look
// rather than read.
type modeChip struct {
	option
	Icon   string
	Priced bool // it may have a price
}

// unpriced are the ways of exchange in which nobody pays.
var unpriced = []string{"gift", "barter", "loan", "volunteering"}

func modeChips(f *form) (chips []modeChip) {
	for _, o := range options(f.Printer, "mode_", federation.ExchangeModes) {
		o.Chosen = slices.Contains(f.values["modes"], o.Value)
		chips = append(chips, modeChip{o, wayIcons[o.Value], !slices.Contains(unpriced, o.Value)})
	}
	return chips
}

// checkPrice wants no price where nobody pays: what stands in an input that
// is out of sight shall not be published.
func (f *form) checkPrice() {
	modes := f.values["modes"]
	if len(modes) == 0 || strings.TrimSpace(f.Value("price")) == "" {
		return
	}
	free := !slices.ContainsFunc(modes, func(m string) bool { return !slices.Contains(unpriced, m) })
	if d, err := federation.ParseDecimal(f.Value("price")); err == nil && d.Zero() {
		return
	}
	if free {
		f.wrong("price", "error_price_of_gift")
	}
}

// Priced reports whether the price is to be seen whatever way of exchange is
// chosen: it was typed, or something is wrong with it.
func (f *form) Priced() bool {
	return f.any("price", "part.amount") || f.Wrong("price")+f.Wrong("parts") != ""
}

// Durations of events, in minutes. The usual one is preselected; none says
// that the end is not known, wholeDay that hours do not matter.
var durations = []string{"", "60", "90", usualDuration, "180", "240", "480", wholeDay}

const (
	usualDuration = "120"
	wholeDay      = "day"
)

func durationOptions(w *locale.Printer) (all []option) {
	for _, d := range durations {
		id := d
		if d == "" {
			id = "open"
		}
		all = append(all, option{Value: d, Label: w.T("form_duration_" + id)})
	}
	return all
}

// last puts the end of an event where its duration says, unless an end was
// typed. A day that hours do not matter on lasts from midnight to midnight.
func last(e *outbox.EventForm, duration string) {
	if duration == wholeDay {
		e.StartTime, e.EndTime = "00:00", "23:59"
		if e.EndDate == "" {
			e.EndDate = e.StartDate
		}
		return
	}
	minutes, err := strconv.Atoi(duration)
	if err != nil || !slices.Contains(durations, duration) || e.EndDate+e.EndTime != "" {
		return
	}
	e.Minutes = minutes
}

// durationOf takes the end of an event out of its form if one of the durations
// says the same.
func durationOf(e *outbox.EventForm) string {
	start, err := time.Parse("2006-01-02 15:04", e.StartDate+" "+e.StartTime)
	end, err2 := time.Parse("2006-01-02 15:04", e.EndDate+" "+e.EndTime)
	if err != nil || err2 != nil {
		return ""
	}
	if e.StartTime == "00:00" && e.EndTime == "23:59" {
		if e.StartTime, e.EndTime = "", ""; e.EndDate == e.StartDate {
			e.EndDate = ""
		}
		return wholeDay
	}
	d := strconv.Itoa(int(end.Sub(start) / time.Minute))
	if !slices.Contains(durations, d) {
		return ""
	}
	e.EndDate, e.EndTime = "", ""
	return d
}

// A partTotal says what the parts of a price make, beside the price.
type partTotal struct {
	Words    string
	Equal    bool
	Currency string
}

// totalOf adds the parts up. What is no number is not added: the form says so
// when it is sent.
func totalOf(f *form, currency string) partTotal {
	sum, n := new(big.Rat), 0
	for _, typed := range f.values["part.amount"] {
		if d, err := federation.ParseDecimal(typed); err == nil && strings.TrimSpace(typed) != "" {
			sum.Add(sum, d.Rat())
			n++
		}
	}
	price, err := federation.ParseDecimal(f.Value("price"))
	if n == 0 || err != nil || strings.TrimSpace(f.Value("price")) == "" {
		return partTotal{Currency: currency}
	}
	t := partTotal{Equal: sum.Cmp(price.Rat()) == 0, Currency: currency}
	made := federation.Decimal(strings.TrimSuffix(strings.TrimRight(sum.FloatString(6), "0"), "."))
	id := "form_parts_differ"
	if t.Equal {
		id = "form_parts_equal"
	}
	t.Words = f.T(id, "Sum", f.Money(made, currency), "Price", f.Money(price, currency))
	return t
}
