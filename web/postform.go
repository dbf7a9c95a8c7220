// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
)

// A partRow is one line of the break-up of a price.
type partRow struct {
	*locale.Printer
	N            int
	Name, Amount string
	Kinds        []option
}

// shownParts is how many lines of the break-up a new form has.
const shownParts = 4

// usualParts are what an empty line stands for until something is chosen.
var usualParts = []string{"production", "logistics", "distribution", "solidarity", "other"}

// vocabularies fills in what there is to choose from.
func (v *visit) vocabularies(d *composeData) {
	w := v.words
	none := option{Label: w.T("form_none")}
	d.Modes = modeChips(d.Form)
	d.Durations = durationOptions(w)
	d.Repeats = options(w, "form_repeat_", repeats)
	d.Units = options(w, "unit_", federation.Units)
	d.Sectors = append([]option{none}, options(w, "sector_", locale.Sectors)...)
	d.Categories = options(w, "category_", locale.EventCategories)
	d.Statuses = options(w, "status_", locale.EventStatuses)
	d.Joins = options(w, "join_", locale.JoinModes)
	d.Audiences = options(w, "audience_", locale.Audiences)
	if d.Kind != "event" {
		d.Audiences = slices.DeleteFunc(d.Audiences, func(o option) bool { return o.Value == "invited" })
	}
	d.Actions = options(w, "form_action_", []string{"goods", "service"})
	v.openVocabularies(d)
	d.Agrees = options(w, "form_agree_", []string{"ask", "once"})
	d.Rhythms = append([]option{{Label: w.T("form_every_none")}}, options(w, "form_every_", federation.Rhythms)...)
	d.Pers = options(w, "form_per_", []string{"open", "unit", "lot"})
	d.Currencies = options(w, "form_currency_", []string{"EUR", "CHF", "hour"})
	if c := d.Form.Value("currency"); c != "" && !slices.ContainsFunc(d.Currencies, func(o option) bool { return o.Value == c }) {
		d.Currencies = append(d.Currencies, option{Value: c, Label: locale.CurrencyName(c)})
	}
	for _, lang := range locale.Languages() {
		d.Languages = append(d.Languages, option{Value: lang, Label: locale.New(lang).T("language_name")})
	}
}

// commonForm reads what every post has.
func commonForm(f *form) outbox.CommonForm {
	return outbox.CommonForm{
		Title: f.Value("title"), Description: f.Value("description"),
		Place: f.placed(),
		Photo: f.Value("photo"), Alt: f.Value("alt"), More: furtherPhotos(f), Hashtags: f.Value("hashtags"), Language: f.Value("language"),
		Audience: f.Value("audience"), Circuit: f.Value("circuit"),
	}
}

func offerForm(f *form, kind string) outbox.OfferForm {
	o := outbox.OfferForm{
		CommonForm: commonForm(f), Purpose: federation.PurposeOffer, Modes: f.values["modes"], Action: f.Value("action"),
		Quantity: f.Value("quantity"), Unit: f.Value("unit"), UnitName: f.Value("unit.name"), Available: f.Value("available"),
		Minimum: f.Value("minimum"), Price: f.Value("price"), Currency: f.Value("currency"), Per: f.Value("per"),
		From: f.Value("from"), Until: f.Value("until"), Category: f.Value("category"),
	}
	if kind == "need" {
		o.Purpose = federation.PurposeRequest
	}
	o.AtOnce, o.Threshold, o.CancelHours, o.Payment = f.Value("agree") == "once", f.Value("threshold"), f.Value("cancel.hours"), f.Value("payment")
	o.Dates, o.Payments = f.Value("dates"), f.Value("payments")
	o.Every, o.NoticeDays, o.ChangeHours = f.Value("every"), f.Value("notice.days"), f.Value("change.hours")
	o.Renews = federation.IRI(f.Value("renews"))
	o.OpenForm = openForm(f)
	if other := strings.TrimSpace(f.Value("currency.other")); other != "" {
		o.Currency = other
	}
	for i := range min(len(f.values["part.amount"]), 20) {
		o.Parts = append(o.Parts, outbox.PartForm{Name: at(f.values["part.name"], i), Kind: at(f.values["part.kind"], i), Amount: at(f.values["part.amount"], i)})
	}
	return o
}

func eventForm(f *form) outbox.EventForm {
	e := outbox.EventForm{
		CommonForm: commonForm(f), StartDate: f.Value("start.date"), StartTime: f.Value("start.time"),
		EndDate: f.Value("end.date"), EndTime: f.Value("end.time"), Timezone: f.Value("timezone"), Online: f.Value("online"),
		Capacity: f.Value("capacity"), Category: f.Value("category"), Price: f.Value("price"), Status: f.Value("status"),
		JoinMode: f.Value("join"), ExternalURL: f.Value("external"), PreviousStart: f.Value("previous"),
	}
	e.Slots, e.HelpersShown = slotsInForm(f), f.Value("helpers") != ""
	last(&e, f.Value("duration"))
	return e
}

// valuesOf is the inverse: the form that edits o.
func (v *visit) valuesOf(o *federation.Object, kind string) url.Values {
	switch kind {
	case "event":
		return eventValues(outbox.EventFormOf(o))
	case "article":
		return commonValues(outbox.ArticleFormOf(o).CommonForm)
	}
	values := offerValues(outbox.OfferFormOf(o, v.zone()))
	if o.Sensitive {
		values.Set("warning", o.Summary)
	}
	return values
}

func commonValues(c outbox.CommonForm) url.Values {
	values := url.Values{}
	for name, value := range map[string]string{
		"title": c.Title, "description": c.Description, "place.name": c.Place.Name, "place.street": c.Place.Street,
		"place.postal": c.Place.Postal, "place.city": c.Place.City, "place.region": c.Place.Region,
		"place.country": c.Place.Country, "place.lat": c.Place.Lat, "place.lon": c.Place.Lon,
		"hashtags": c.Hashtags, "language": c.Language, "audience": c.Audience, "circuit": c.Circuit,
	} {
		values.Set(name, value)
	}
	for _, p := range append([]outbox.PhotoForm{{ID: c.Photo, Alt: c.Alt}}, c.More...) {
		if p.ID != "" {
			values.Add("photo", p.ID)
			values.Add("alt", p.Alt)
		}
	}
	knowPlace(values)
	return values
}

func offerValues(o outbox.OfferForm) url.Values {
	values := commonValues(o.CommonForm)
	for name, value := range map[string]string{
		"action": o.Action, "quantity": o.Quantity, "unit": o.Unit, "unit.name": o.UnitName, "available": o.Available,
		"minimum": o.Minimum, "price": o.Price, "currency": o.Currency, "per": o.Per, "from": o.From, "until": o.Until,
		"category": o.Category,
	} {
		values.Set(name, value)
	}
	values["modes"] = o.Modes
	openValues(values, o.OpenForm)
	if o.AtOnce {
		values.Set("agree", "once")
	}
	for name, value := range map[string]string{
		"threshold": o.Threshold, "cancel.hours": o.CancelHours, "payment": o.Payment, "dates": o.Dates, "payments": o.Payments,
		"every": o.Every, "notice.days": o.NoticeDays, "change.hours": o.ChangeHours, "renews": string(o.Renews),
	} {
		values.Set(name, value)
	}
	for _, p := range o.Parts {
		values.Add("part.name", p.Name)
		values.Add("part.kind", p.Kind)
		values.Add("part.amount", p.Amount)
	}
	return values
}

func eventValues(e outbox.EventForm) url.Values {
	duration := durationOf(&e)
	values := commonValues(e.CommonForm)
	for name, value := range map[string]string{
		"start.date": e.StartDate, "start.time": e.StartTime, "end.date": e.EndDate, "end.time": e.EndTime,
		"timezone": e.Timezone, "online": e.Online, "capacity": e.Capacity, "category": e.Category, "price": e.Price,
		"status": e.Status, "join": e.JoinMode, "external": e.ExternalURL, "previous": e.PreviousStart, "duration": duration,
	} {
		values.Set(name, value)
	}
	putSlots(values, e.Slots, e.HelpersShown)
	return values
}

// partRows are the lines of the break-up as typed, and a few empty ones.
func (v *visit) partRows(f *form) []partRow {
	n := max(shownParts, min(len(f.values["part.amount"])+1, 20))
	rows := make([]partRow, n)
	for i := range rows {
		kind := at(f.values["part.kind"], i)
		if kind == "" || strings.TrimSpace(at(f.values["part.name"], i)+at(f.values["part.amount"], i)) == "" {
			kind = usualParts[i%len(usualParts)]
		}
		kinds := options(v.words, "part_", federation.PartKinds)
		for k := range kinds {
			kinds[k].Chosen = kinds[k].Value == kind
		}
		rows[i] = partRow{v.words, i + 1, at(f.values["part.name"], i), at(f.values["part.amount"], i), kinds}
	}
	return rows
}

// putPlace fills a place into a form.
func putPlace(values url.Values, p *federation.Place) {
	if p == nil {
		return
	}
	for name, value := range map[string]string{
		"place.name": p.Name, "place.street": p.Street, "place.postal": p.Postal, "place.city": p.City,
		"place.region": p.Region, "place.country": p.Country,
	} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if p.Point != nil {
		values.Set("place.lat", strconv.FormatFloat(p.Point.Latitude, 'f', -1, 64))
		values.Set("place.lon", strconv.FormatFloat(p.Point.Longitude, 'f', -1, 64))
	}
	knowPlace(values)
}

// at returns the i-th of list; "" if there are not so many.
func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}
