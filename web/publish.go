// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// composeData is what the form of a post shows.
type composeData struct {
	Form   *form
	Kind   string // offer, need, event or note
	Action string
	Edit   bool
	Back   string // where to go instead
	Photo  *picture
	Parts  []partRow

	Voices, Circuits, Audiences, Languages  []option
	Modes, Units, Sectors, Currencies, Pers []option
	Categories, Statuses, Joins, Actions    []option
}

// A partRow is one line of the break-up of a price.
type partRow struct {
	*locale.Printer
	N            int
	Name, Amount string
	Kinds        []option
}

// shownParts is how many lines of the break-up a new form has.
const shownParts = 4

func (v *visit) offerPage(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.newPage(ctx, tx, "offer")
}

func (v *visit) needPage(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.newPage(ctx, tx, "need")
}

func (v *visit) eventPage(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.newPage(ctx, tx, "event")
}

func (v *visit) notePage(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.newPage(ctx, tx, "note")
}

func (v *visit) publishOffer(ctx context.Context) (*page, error) { return v.publish(ctx, "offer") }
func (v *visit) publishNeed(ctx context.Context) (*page, error)  { return v.publish(ctx, "need") }
func (v *visit) publishEvent(ctx context.Context) (*page, error) { return v.publish(ctx, "event") }
func (v *visit) publishNote(ctx context.Context) (*page, error)  { return v.publish(ctx, "note") }

// newPage shows an empty form, at the place of whoever speaks.
func (v *visit) newPage(ctx context.Context, tx *store.Tx, kind string) (*page, error) {
	voice, err := v.voice()
	if err != nil {
		return nil, err
	}
	values := url.Values{"as": {voice.Username}, "timezone": {defaultZone}, "place.country": {"France"}, "language": {v.words.Lang()}}
	if kind != "note" {
		putPlace(values, voice.Location)
	}
	return v.composePage(ctx, tx, kind, v.form(values), nil)
}

// composePage shows the form of a post: of a new one, or of old to edit it.
func (v *visit) composePage(ctx context.Context, tx *store.Tx, kind string, f *form, old *federation.Object) (*page, error) {
	voice, err := v.voiceOf(old)
	if err != nil {
		return nil, err
	}
	d := &composeData{Form: f, Kind: kind, Action: "/publish/" + kind, Parts: v.partRows(f), Voices: v.voiceOptions(voice)}
	title := "page_publish_" + kind
	if old != nil {
		d.Edit, d.Back, d.Voices, title = true, v.href(old), nil, "page_edit"
		d.Action = d.Back + "/edit"
	}
	if d.Circuits, err = v.circuitOptions(ctx, tx, voice); err != nil {
		return nil, err
	}
	if id := f.Value("photo"); id != "" && !strings.Contains(id, "/") {
		d.Photo = &picture{Src: "/media/" + url.PathEscape(id), Thumb: "/media/" + url.PathEscape(id) + "/thumb", Alt: f.Value("alt")}
	}
	v.vocabularies(d)
	p := &page{Name: "compose", Title: v.words.T(title), Data: d, NoIndex: true, Problems: f.mistakes}
	if len(f.mistakes) > 0 {
		p.Status = http.StatusUnprocessableEntity
	}
	return p, nil
}

// voiceOf returns who speaks: the author of what is edited, else the voice
// that was chosen.
func (v *visit) voiceOf(old *federation.Object) (*federation.Actor, error) {
	if old == nil {
		return v.voice()
	}
	for _, a := range v.voices {
		if a.ID == old.AttributedTo {
			return a, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", old.ID, federation.ErrNotFound)
}

// vocabularies fills in what there is to choose from.
func (v *visit) vocabularies(d *composeData) {
	w := v.words
	none := option{Label: w.T("form_none")}
	d.Modes = options(w, "mode_", federation.ExchangeModes)
	d.Units = options(w, "unit_", federation.Units)
	d.Sectors = append([]option{none}, options(w, "sector_", locale.Sectors)...)
	d.Categories = options(w, "category_", locale.EventCategories)
	d.Statuses = options(w, "status_", locale.EventStatuses)
	d.Joins = options(w, "join_", locale.JoinModes)
	d.Audiences = options(w, "audience_", locale.Audiences)
	d.Actions = options(w, "form_action_", []string{"goods", "service"})
	d.Pers = options(w, "form_per_", []string{"open", "unit", "lot"})
	d.Currencies = options(w, "form_currency_", []string{"EUR", "CHF", "hour"})
	if c := d.Form.Value("currency"); c != "" && !slices.ContainsFunc(d.Currencies, func(o option) bool { return o.Value == c }) {
		d.Currencies = append(d.Currencies, option{Value: c, Label: locale.CurrencyName(c)})
	}
	for _, lang := range locale.Languages() {
		d.Languages = append(d.Languages, option{Value: lang, Label: locale.New(lang).T("language_name")})
	}
}

// circuitOptions lists the circuits that a voice may publish to: ours, and
// those of peers that it follows.
func (v *visit) circuitOptions(ctx context.Context, tx *store.Tx, voice *federation.Actor) ([]option, error) {
	groups, err := tx.LocalActors(ctx, "Group")
	if err != nil {
		return nil, err
	}
	edges, _, err := tx.Following(ctx, voice.ID, "", 100)
	if err != nil {
		return nil, err
	}
	var ids []federation.IRI
	for _, e := range edges {
		ids = append(ids, e.To)
	}
	followed, err := tx.Actors(ctx, ids...)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if a := followed[id]; a != nil && a.Type == "Group" && !a.Local {
			groups = append(groups, a)
		}
	}
	all := []option{{Label: v.words.T("form_none")}}
	for _, a := range groups {
		if !a.Gone && a.ID != voice.ID {
			all = append(all, option{Value: string(a.ID), Label: v.actorOf(a, a.ID).Name})
		}
	}
	return all, nil
}

// publish makes a new post of what was typed.
func (v *visit) publish(ctx context.Context, kind string) (*page, error) {
	return v.compose(ctx, kind, nil)
}

// compose makes or changes a post, or shows the form again with what is wrong.
func (v *visit) compose(ctx context.Context, kind string, old *federation.Object) (*page, error) {
	f := v.posted()
	if err := v.takePhoto(ctx, f); err != nil {
		return nil, err
	}
	mentions, err := v.mentions(ctx, kind, f.Value("description"))
	if err != nil {
		return nil, err
	}
	var p *page
	err = v.DB.View(ctx, func(tx *store.Tx) (err error) {
		a, err := v.draft(ctx, tx, kind, f, old, mentions)
		if err == nil && a != nil {
			p = &page{Data: a}
			return nil
		}
		if err == nil {
			p, err = v.composePage(ctx, tx, kind, f, old)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	a, sound := p.Data.(*federation.Activity)
	if !sound {
		return p, nil
	}
	if err := outbox.Publish(ctx, v.DB, a); err != nil {
		return v.refused(ctx, kind, f, old, err)
	}
	done := "published"
	if old != nil {
		done = "changed"
	}
	return see(v.href(a.Enclosed), done), nil
}

// refused shows the form again when the gate found a mistake that the form
// did not.
func (v *visit) refused(ctx context.Context, kind string, f *form, old *federation.Object, refusal error) (p *page, err error) {
	var wrong *federation.FieldError
	if !errors.As(refusal, &wrong) {
		return nil, refusal
	}
	f.take(outbox.Problems{{Field: wrong.Field, Reason: wrong.Reason}})
	err = v.DB.View(ctx, func(tx *store.Tx) (err error) {
		p, err = v.composePage(ctx, tx, kind, f, old)
		return err
	})
	return p, err
}

// draft makes the activity that publishes what was typed; nil if there are
// mistakes, which the form then holds.
func (v *visit) draft(ctx context.Context, tx *store.Tx, kind string, f *form, old *federation.Object, mentions []mention) (*federation.Activity, error) {
	voice, err := v.voiceOf(old)
	if err != nil {
		return nil, err
	}
	photo, err := v.photo(ctx, tx, f)
	if err != nil {
		return nil, err
	}
	if err := v.checkCircuit(ctx, tx, voice, f, old); err != nil {
		return nil, err
	}
	c := outbox.Composer{
		Now: v.Now(), Zone: zone, Words: v.words, Author: voice, ID: outbox.NewObjectID(v.Origin), Old: old,
		Photo: func(id string) (federation.Media, bool) {
			if photo == nil || id != f.Value("photo") {
				return federation.Media{}, false
			}
			return *photo, true
		},
	}
	o, problems := v.objectOf(c, kind, f, mentions)
	f.take(problems)
	if len(f.mistakes) > 0 {
		return nil, nil
	}
	a := &federation.Activity{Type: federation.Create, Actor: voice.ID, Enclosed: o, To: o.To, Cc: o.Cc}
	if old != nil {
		a.Type = federation.Update
	}
	return a, nil
}

// checkCircuit wants the circuit to be one that was offered.
func (v *visit) checkCircuit(ctx context.Context, tx *store.Tx, voice *federation.Actor, f *form, old *federation.Object) error {
	id := f.Value("circuit")
	if id == "" || old != nil && id == string(old.Audience) {
		return nil
	}
	known, err := v.circuitOptions(ctx, tx, voice)
	if err == nil && !slices.ContainsFunc(known, func(o option) bool { return o.Value == id }) {
		f.wrong("circuit", "error_circuit_missing")
	}
	return err
}

// objectOf reads a form of one kind.
func (v *visit) objectOf(c outbox.Composer, kind string, f *form, mentions []mention) (*federation.Object, outbox.Problems) {
	switch kind {
	case "event":
		return eventForm(f).Object(c)
	case "note":
		return v.note(c, f, mentions)
	}
	return offerForm(f, kind).Object(c)
}

// commonForm reads what every post has.
func commonForm(f *form) outbox.CommonForm {
	return outbox.CommonForm{
		Title: f.Value("title"), Description: f.Value("description"),
		Place: outbox.PlaceForm{
			Name: f.Value("place.name"), Street: f.Value("place.street"), Postal: f.Value("place.postal"),
			City: f.Value("place.city"), Region: f.Value("place.region"), Country: f.Value("place.country"),
			Lat: f.Value("place.lat"), Lon: f.Value("place.lon"),
		},
		Photo: f.Value("photo"), Alt: f.Value("alt"), Hashtags: f.Value("hashtags"), Language: f.Value("language"),
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
	if other := strings.TrimSpace(f.Value("currency.other")); other != "" {
		o.Currency = other
	}
	for i := range min(len(f.values["part.amount"]), 20) {
		o.Parts = append(o.Parts, outbox.PartForm{Name: at(f.values["part.name"], i), Kind: at(f.values["part.kind"], i), Amount: at(f.values["part.amount"], i)})
	}
	return o
}

func eventForm(f *form) outbox.EventForm {
	return outbox.EventForm{
		CommonForm: commonForm(f), StartDate: f.Value("start.date"), StartTime: f.Value("start.time"),
		EndDate: f.Value("end.date"), EndTime: f.Value("end.time"), Timezone: f.Value("timezone"), Online: f.Value("online"),
		Capacity: f.Value("capacity"), Category: f.Value("category"), Price: f.Value("price"), Status: f.Value("status"),
		JoinMode: f.Value("join"), ExternalURL: f.Value("external"), PreviousStart: f.Value("previous"),
	}
}

// valuesOf is the inverse: the form that edits o.
func valuesOf(o *federation.Object, kind string) url.Values {
	if kind == "event" {
		return eventValues(outbox.EventFormOf(o))
	}
	values := offerValues(outbox.OfferFormOf(o, zone))
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
		"place.country": c.Place.Country, "place.lat": c.Place.Lat, "place.lon": c.Place.Lon, "photo": c.Photo, "alt": c.Alt,
		"hashtags": c.Hashtags, "language": c.Language, "audience": c.Audience, "circuit": c.Circuit,
	} {
		values.Set(name, value)
	}
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
	for _, p := range o.Parts {
		values.Add("part.name", p.Name)
		values.Add("part.kind", p.Kind)
		values.Add("part.amount", p.Amount)
	}
	return values
}

func eventValues(e outbox.EventForm) url.Values {
	values := commonValues(e.CommonForm)
	for name, value := range map[string]string{
		"start.date": e.StartDate, "start.time": e.StartTime, "end.date": e.EndDate, "end.time": e.EndTime,
		"timezone": e.Timezone, "online": e.Online, "capacity": e.Capacity, "category": e.Category, "price": e.Price,
		"status": e.Status, "join": e.JoinMode, "external": e.ExternalURL, "previous": e.PreviousStart,
	} {
		values.Set(name, value)
	}
	return values
}

// partRows are the lines of the break-up as typed, and a few empty ones.
func (v *visit) partRows(f *form) []partRow {
	n := max(shownParts, min(len(f.values["part.amount"])+1, 20))
	rows := make([]partRow, n)
	for i := range rows {
		kind := at(f.values["part.kind"], i)
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
}

// at returns the i-th of list; "" if there are not so many.
func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}
