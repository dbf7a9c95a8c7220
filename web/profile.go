// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// profileData is what the form of a profile shows.
type profileData struct {
	Form   *form
	Who    *who
	As     string
	Action string
	Voices []option
	Rows   []fieldRow
	Photo  *picture
	Locked bool

	Networks []option
}

// Is reports whether a box is ticked.
func (d profileData) Is(name string) bool { return d.Form.Value(name) != "" }

// A fieldRow is one line of a profile, to be typed.
type fieldRow struct {
	N           int
	Name, Value string
}

// maxFields is how many lines a profile has; Mastodon shows four.
const maxFields = 4

func (v *visit) profilePage(ctx context.Context, tx *store.Tx) (*page, error) {
	a, err := v.profiled()
	if err != nil {
		return nil, err
	}
	values := url.Values{"name": {a.Name}, "summary": {strings.TrimSpace(vocab.Text(a.Summary))}}
	putPlace(values, a.Location)
	for name, on := range map[string]bool{"locked": a.Locked, "discoverable": a.Discoverable, "indexable": a.Indexable, "closed": a.Closed} {
		if on {
			values.Set(name, "1")
		}
	}
	values.Set("network", networkOf(a))
	for _, f := range a.Fields {
		values.Add("field.name", f.Name)
		values.Add("field.value", vocab.Text(f.Value))
	}
	if p := v.pictureOf(a.Icon); p != nil {
		values.Set("photo", strings.TrimPrefix(p.Src, "/media/"))
		values.Set("alt", p.Alt)
	}
	return v.profileForm(a, v.form(values)), nil
}

// networkOf says whether others see whom an actor follows, as its form does.
func networkOf(a *federation.Actor) string {
	if a.ShowsNetwork() {
		return string(federation.NetworkShown)
	}
	return string(federation.NetworkHidden)
}

// networks are what one can choose there.
var networks = []string{string(federation.NetworkShown), string(federation.NetworkHidden)}

// profiled returns whose profile it is: on the pages of settings the
// initiative or a circuit, elsewhere the visitor.
func (v *visit) profiled() (*federation.Actor, error) {
	if strings.HasPrefix(v.r.URL.Path, "/settings") {
		return v.voice()
	}
	for _, a := range v.voices {
		if a.ID == v.account.Person {
			return a, nil
		}
	}
	return nil, fmt.Errorf("profile: %w", federation.ErrNotFound)
}

func (v *visit) profileForm(a *federation.Actor, f *form) *page {
	d := profileData{Form: f, Who: v.actorOf(a, a.ID), As: a.Username, Action: v.r.URL.Path, Locked: f.Value("locked") != ""}
	d.Networks = options(v.words, "page_network_", networks)
	if strings.HasPrefix(d.Action, "/settings") {
		d.Voices = v.voiceOptions(a)
	}
	for i := range maxFields {
		d.Rows = append(d.Rows, fieldRow{i + 1, at(f.values["field.name"], i), at(f.values["field.value"], i)})
	}
	if id := f.Value("photo"); id != "" && !strings.Contains(id, "/") {
		d.Photo = &picture{Src: "/media/" + url.PathEscape(id), Thumb: "/media/" + url.PathEscape(id) + "/thumb", Alt: f.Value("alt")}
	}
	return &page{Name: "profile", Title: v.words.T("page_profile"), Data: d, NoIndex: true, Problems: f.mistakes, Scripts: placeScripts}
}

// saveProfile changes an actor and tells its followers.
func (v *visit) saveProfile(ctx context.Context) (*page, error) {
	old, err := v.profiled()
	if err != nil {
		return nil, err
	}
	f := v.posted()
	if err := v.takePhoto(ctx, f); err != nil {
		return nil, err
	}
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		a, err := v.profile(ctx, tx, old.ID, f)
		if err != nil || len(f.mistakes) > 0 {
			return err
		}
		return outbox.PublishTx(ctx, tx, &federation.Activity{
			Type: federation.Update, Actor: a.ID, Profile: a, To: []federation.IRI{federation.Public}, Cc: some(a.Followers),
		})
	})
	if err != nil {
		return nil, err
	}
	if len(f.mistakes) > 0 {
		return v.profileForm(old, f), nil
	}
	v.facts.forget()
	return see(withVoice(v.r.URL.Path, old), "saved"), nil
}

// profile reads the form of a profile into a copy of the actor.
func (v *visit) profile(ctx context.Context, tx *store.Tx, id federation.IRI, f *form) (*federation.Actor, error) {
	old, err := tx.Actor(ctx, id)
	if err != nil {
		return nil, err
	}
	a := *old
	if a.Name = cut(f.Value("name"), 100); a.Name == "" {
		f.wrong("name", "error_name_missing")
	}
	if len(f.Value("summary")) > 10000 {
		f.wrong("summary", "error_text_long", "Max", 10000)
		return &a, nil
	}
	a.Summary = v.html(f.Value("summary"))
	a.Locked, a.Closed = f.Value("locked") != "", f.Value("closed") != ""
	a.Discoverable, a.Indexable = f.Value("discoverable") != "", f.Value("indexable") != ""
	switch n := federation.Network(f.Value("network")); n {
	case federation.NetworkShown, federation.NetworkHidden:
		a.Network = n
	}
	a.Location = v.place(f)
	a.Fields = nil
	for i := range min(len(f.values["field.name"]), maxFields) {
		name, value := cut(f.values["field.name"][i], 100), cut(at(f.values["field.value"], i), 500)
		if name != "" && value != "" {
			a.Fields = append(a.Fields, federation.Field{Name: name, Value: inline(v.html(value))})
		}
	}
	return &a, v.portrait(ctx, tx, &a, f)
}

// inline takes the one paragraph away that a short text is.
func inline(html string) string {
	if rest, ok := strings.CutPrefix(html, "<p>"); ok && strings.Count(html, "<p>") == 1 {
		return strings.TrimSuffix(rest, "</p>")
	}
	return html
}

// portrait hangs the picture of the form on an actor.
func (v *visit) portrait(ctx context.Context, tx *store.Tx, a *federation.Actor, f *form) error {
	id := f.Value("photo")
	if id == "" {
		a.Icon = nil
		return nil
	}
	if p := v.pictureOf(a.Icon); p != nil && p.Src == "/media/"+id {
		icon := *a.Icon
		icon.Name = cut(f.Value("alt"), 1500)
		a.Icon = &icon
		return nil
	}
	m, err := v.photo(ctx, tx, f)
	if err != nil {
		return err
	}
	if m == nil {
		f.wrong("photo", "error_photo_missing")
		return nil
	}
	if m.Name = cut(f.Value("alt"), 1500); m.Name == "" {
		f.wrong("photo", "error_alt_missing")
	}
	a.Icon = m
	return nil
}

// place reads the place of a form; nil if nothing was typed.
func (v *visit) place(f *form) *federation.Place {
	typed := f.placed()
	p := &federation.Place{
		Type: "Place", Name: cut(typed.Name, 200), Street: cut(typed.Street, 200), Postal: cut(typed.Postal, 20),
		City: cut(typed.City, 100), Region: cut(typed.Region, 100), Country: cut(typed.Country, 100),
	}
	if typed.Lat != "" || typed.Lon != "" {
		if p.Point = pointOf(typed.Lat, typed.Lon); p.Point == nil {
			f.wrong("place.lat", "error_place")
		}
	}
	if *p == (federation.Place{Type: "Place", Country: p.Country}) {
		return nil
	}
	return p
}
