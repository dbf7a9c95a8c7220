// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"codeberg.org/maillage/maillage/federation"
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
	p := &page{Name: "compose", Title: v.words.T(title), Data: d, NoIndex: true, Problems: f.mistakes, Scripts: placeScripts}
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
