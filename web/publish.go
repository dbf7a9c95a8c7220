// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// composeData is what the form of a post shows.
type composeData struct {
	*groups
	Form    *form
	Kind    string // offer, need, event, note or article
	Action  string
	Edit    bool
	Back    string // where to go instead
	Photos  []photoRow
	NewAlt  photoRow // the description of a photo to come
	Room    bool     // for another photo
	Parts   []partRow
	Slots   []slotRow
	Total   partTotal
	Modes   []modeChip
	Drafts  []draftLine // that were begun before
	Preview *previewData
	Like    string // the title of the post that this one is like
	Series  *seriesForm
	Scopes  []option // what an edit of a date of a series may change

	Voices, Circuits, Audiences, Languages []option
	Units, Sectors, Currencies, Pers       []option
	Categories, Statuses, Joins, Actions   []option
	Durations, Agrees, Rhythms, Repeats    []option
	Hands, Readers                         []option
	EachReader                             []readerRow
}

// composeKinds are the forms there are, in the order of the choice between
// them.
var composeKinds = []string{"event", "offer", "need", "note", "article"}

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

func (v *visit) articlePage(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.newPage(ctx, tx, "article")
}

func (v *visit) publishOffer(ctx context.Context) (*page, error) { return v.compose(ctx, "offer", nil) }

func (v *visit) publishNeed(ctx context.Context) (*page, error) { return v.compose(ctx, "need", nil) }

func (v *visit) publishEvent(ctx context.Context) (*page, error) { return v.compose(ctx, "event", nil) }

func (v *visit) publishNote(ctx context.Context) (*page, error) { return v.compose(ctx, "note", nil) }

func (v *visit) publishArticle(ctx context.Context) (*page, error) {
	return v.compose(ctx, "article", nil)
}

// newPage shows a form with what is likely to be right, or the draft that is
// asked for.
func (v *visit) newPage(ctx context.Context, tx *store.Tx, kind string) (*page, error) {
	if id := v.r.URL.Query().Get("draft"); id != "" {
		return v.draftPage(ctx, tx, kind, id, nil)
	}
	voice, err := v.voice()
	if err != nil {
		return nil, err
	}
	values, err := v.likely(ctx, tx, kind, voice)
	if err != nil {
		return nil, err
	}
	p, err := v.composePage(ctx, tx, kind, v.form(values), nil)
	if err != nil {
		return nil, err
	}
	p.Data.(*composeData).Drafts, err = v.draftsOf(ctx, tx, kind)
	return p, err
}

// likely fills in what most posts of a kind have: the place of whoever speaks,
// their language, and the ways of exchange of the last time.
func (v *visit) likely(ctx context.Context, tx *store.Tx, kind string, voice *federation.Actor) (url.Values, error) {
	values := url.Values{
		"as": {voice.Username}, "timezone": {v.zone().String()}, "place.country": {"France"}, "language": {v.words.Lang()},
	}
	switch kind {
	case "offer", "need":
		values.Set("per", "unit")
		modes, err := v.usualModes(ctx, tx, kind, voice)
		if err != nil {
			return nil, err
		}
		values["modes"] = modes
	case "event":
		values.Set("duration", usualDuration)
	}
	if kind != "note" && kind != "article" {
		putPlace(values, voice.Location)
	}
	return values, nil
}

// usualModes returns the ways of exchange of the last offer or need, or the
// sale with which an initiative is likely to begin.
func (v *visit) usualModes(ctx context.Context, tx *store.Tx, kind string, voice *federation.Actor) ([]string, error) {
	list, _, err := tx.ObjectsBy(ctx, voice.ID, voice.ID, "", 30)
	if err != nil {
		return nil, err
	}
	for _, o := range list {
		if p, ok := federation.ProposalOf(o); ok && federation.IndexOf(o).Kind == kind {
			return p.Modes, nil
		}
	}
	if kind == "offer" && voice.Type == "Organization" {
		return []string{"sale"}, nil
	}
	return nil, nil
}

// composePage shows the form of a post: of a new one, or of old to edit it.
func (v *visit) composePage(ctx context.Context, tx *store.Tx, kind string, f *form, old *federation.Object) (*page, error) {
	voice, err := v.voiceOf(f, old)
	if err != nil {
		return nil, err
	}
	d := &composeData{Form: f, Kind: kind, Action: "/publish/" + kind, Parts: v.partRows(f), Slots: v.slotRows(f), Voices: v.voiceOptions(voice)}
	title := "page_publish_" + kind
	if old != nil {
		d.Edit, d.Back, d.Voices, title = true, v.href(old), nil, "page_edit"
		d.Action = d.Back + "/edit"
		if s, err := tx.Series(ctx, federation.EventOf(old).Series); err == nil && !s.Kept {
			d.Scopes = options(v.words, "form_scope_", scopes)
		} else if ignoreMissing(err) != nil {
			return nil, err
		}
	}
	if f.Value("key") == "" {
		f.values.Set("key", strings.ToLower(rand.Text()))
	}
	if d.Circuits, err = v.circuitOptions(ctx, tx, voice); err != nil {
		return nil, err
	}
	v.photoRows(d)
	v.vocabularies(d)
	d.groups = v.groupsOf(d, voice)
	return &page{Name: "compose", Title: v.words.T(title), Data: d, NoIndex: true, Problems: f.mistakes, Scripts: append([]string{"compose.js", "slots.js"}, placeScripts...)}, nil
}

// voiceOf returns who speaks: the author of what is edited, else the voice
// that was chosen.
func (v *visit) voiceOf(f *form, old *federation.Object) (*federation.Actor, error) {
	if old == nil {
		return v.voiceNamed(f.Value("as"))
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

// compose makes or changes a post, keeps it as a draft or shows what it will
// look like, as the button that was pressed says; or shows the form again with
// what is wrong.
func (v *visit) compose(ctx context.Context, kind string, old *federation.Object) (*page, error) {
	f := v.posted()
	digest := v.digest()
	if err := v.takePhotos(ctx, v.account, f); err != nil {
		return nil, err
	}
	do := f.Value("do")
	if do == "draft" {
		return v.saveDraft(ctx, kind, f, old)
	}
	a, p, err := v.sound(ctx, kind, f, old, do == "preview")
	if a == nil || err != nil {
		return p, err
	}
	err = v.DB.Update(ctx, func(tx *store.Tx) error { return v.sendTx(ctx, tx, a, digest, f) })
	if err != nil {
		return v.refused(ctx, kind, f, old, err)
	}
	done := "published"
	if f.series != nil {
		done = "series_published"
	}
	if old != nil {
		done = "changed"
	}
	return see(v.href(a.Enclosed), done), nil
}

// sound reads a form. It returns what would be published, or else the page
// that says why not, or shows what it would look like.
func (v *visit) sound(ctx context.Context, kind string, f *form, old *federation.Object, preview bool) (a *federation.Activity, p *page, err error) {
	mentions, err := v.mentions(ctx, kind, f.Value("description"))
	if err != nil {
		return nil, nil, err
	}
	err = v.DB.View(ctx, func(tx *store.Tx) (err error) {
		a, err = v.draft(ctx, tx, kind, f, old, mentions)
		if err != nil {
			return err
		}
		var shown *seriesForm
		if a != nil && kind == "event" && old == nil && repeating(f) {
			seen := false
			if f.series, shown, seen = v.readSeries(f, a.Enclosed); len(f.mistakes) > 0 {
				a = nil
			}
			preview = preview || !seen // nobody publishes dates that they did not see
		}
		if a != nil && !preview {
			return nil
		}
		if p, err = v.composePage(ctx, tx, kind, f, old); err != nil {
			return err
		}
		if p.Data.(*composeData).Series = shown; a == nil || f.Value("do") != "preview" && shown != nil {
			a = nil // the dates are enough to look at
			return nil
		}
		p.Data.(*composeData).Preview, err = v.preview(ctx, tx, a)
		a = nil
		return err
	})
	return a, p, err
}

// digest stands for everything that was sent, files by their names and sizes.
// Forms without a key of their own have none.
func (v *visit) digest() string {
	if v.r.PostForm.Get("key") == "" {
		return ""
	}
	h := sha256.New()
	_, _ = fmt.Fprintln(h, v.r.URL.Path, v.r.PostForm.Encode()) // a hash does not fail
	for _, file := range v.files("photo.file") {
		_, _ = fmt.Fprintln(h, file.Filename, file.Size)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// sendTx publishes what a form made, unless the very same form was sent
// before: then a points to what came of it. Its draft is done with.
func (v *visit) sendTx(ctx context.Context, tx *store.Tx, a *federation.Activity, digest string, f *form) error {
	if digest != "" {
		made, again, err := tx.SendForm(ctx, v.account.ID, digest, a.Enclosed.ID)
		if err != nil {
			return err
		}
		if again {
			a.Enclosed = &federation.Object{ID: made, Local: true}
			return nil
		}
	}
	err := v.publishTx(ctx, tx, a, f)
	if err == nil {
		err = v.refer(ctx, tx, f, a.Enclosed)
	}
	if draft := f.Value("draft"); err == nil && draft != "" {
		err = tx.DropDraft(ctx, v.account.ID, draft)
	}
	return err
}

// publishTx publishes what a form made: a post, a series, or a change of one
// date or of several.
func (v *visit) publishTx(ctx context.Context, tx *store.Tx, a *federation.Activity, f *form) error {
	if f.series != nil {
		return outbox.StartSeriesTx(ctx, tx, a, f.series)
	}
	if a.Type == federation.Update {
		if done, err := v.reviseTx(ctx, tx, f, a.Enclosed); done || err != nil {
			return err
		}
	}
	return outbox.PublishTx(ctx, tx, a)
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
	voice, err := v.voiceOf(f, old)
	if err != nil {
		return nil, err
	}
	photos, err := v.photosOf(ctx, tx, f)
	if err != nil {
		return nil, err
	}
	if err := v.checkCircuit(ctx, tx, voice, f, old); err != nil {
		return nil, err
	}
	c := outbox.Composer{
		Now: v.Now(), Zone: v.zone(), Words: v.words, Author: voice, ID: outbox.NewObjectID(v.Origin), Old: old,
		Photo: func(id string) (federation.Media, bool) {
			m, ok := photos[id]
			return m, ok
		},
	}
	o, problems := v.objectOf(c, kind, f, mentions)
	f.take(problems)
	if o != nil && old != nil && kind == "event" {
		v.scoped(f, o, old)
	}
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
	case "article":
		return outbox.ArticleForm{CommonForm: commonForm(f)}.Object(c)
	}
	f.checkPrice()
	return offerForm(f, kind).Object(c)
}
