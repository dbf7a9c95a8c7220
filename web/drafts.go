// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// draftsData is what the page of drafts shows.
type draftsData struct{ Drafts []draftLine }

// A draftLine is a draft as lists show it.
type draftLine struct {
	ID, Kind, Title, Excerpt, When, URL string
	Edit, Interrupted                   bool
	Photos                              int
}

// drafts lists what the visitor began and did not publish.
func (v *visit) drafts(ctx context.Context, tx *store.Tx) (*page, error) {
	list, err := v.draftsOf(ctx, tx, "")
	if err != nil {
		return nil, err
	}
	return &page{Name: "drafts", Title: v.words.T("page_drafts"), Data: draftsData{list}, NoIndex: true}, nil
}

// draftsOf lists the drafts of new posts of a kind, or all there are.
func (v *visit) draftsOf(ctx context.Context, tx *store.Tx, kind string) (lines []draftLine, err error) {
	list, err := tx.Drafts(ctx, v.account.ID)
	if err != nil {
		return nil, err
	}
	for _, d := range list {
		if kind != "" && d.Action != "/publish/"+kind {
			continue
		}
		l := draftLine{
			ID: d.ID, Kind: v.words.T("page_draft_" + d.Kind), Title: d.Title, When: v.words.Ago(d.Changed, v.Now()),
			Excerpt: cut(strings.Join(d.Fields["description"], " "), 140), Photos: len(d.Fields["photo"]),
			Edit: strings.HasPrefix(d.Action, "/objects/"), Interrupted: d.Interrupted, URL: d.Action + "?draft=" + d.ID,
		}
		if d.Kind == otherForm {
			l.URL = "/drafts/" + d.ID
		}
		if l.Title == "" {
			l.Title = v.words.T("page_untitled")
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// otherForm is the kind of what is no post, such as a reply or a profile.
const otherForm = "other"

// draftPage shows the form of a post as it was left.
func (v *visit) draftPage(ctx context.Context, tx *store.Tx, kind, id string, old *federation.Object) (*page, error) {
	d, err := tx.Draft(ctx, v.account.ID, id)
	if err != nil || d.Kind != kind {
		return see("/drafts", ""), ignoreMissing(err) // published or dropped meanwhile
	}
	values := url.Values(maps.Clone(d.Fields))
	values.Set("draft", d.ID)
	if _, err := v.voiceNamed(values.Get("as")); err != nil && old == nil {
		values.Del("as")
	}
	return v.composePage(ctx, tx, kind, v.form(values), old)
}

// saveDraft keeps what was typed, whatever is wrong with it.
func (v *visit) saveDraft(ctx context.Context, kind string, f *form, old *federation.Object) (*page, error) {
	if len(f.mistakes) == 0 { // else a photo was refused: say so first
		d := v.draftOf(kind, actionOf(kind, v.href, old), f)
		err := v.putDraft(ctx, d)
		if err == nil {
			return see("/drafts", "draft"), nil
		}
		if !f.refuseDraft(err) {
			return nil, err
		}
	}
	var p *page
	err := v.DB.View(ctx, func(tx *store.Tx) (err error) {
		p, err = v.composePage(ctx, tx, kind, f, old)
		return err
	})
	return p, err
}

// actionOf returns where the form of a post is sent.
func actionOf(kind string, href func(*federation.Object) string, old *federation.Object) string {
	if old != nil {
		return href(old) + "/edit"
	}
	return "/publish/" + kind
}

// refuseDraft notes why a draft was not kept, if that is for its author to
// mend.
func (f *form) refuseDraft(err error) bool {
	switch {
	case errors.Is(err, federation.ErrConflict):
		f.wrong("title", "error_drafts_many")
	case errors.Is(err, federation.ErrMalformed):
		f.wrong("description", "error_draft_long")
	default:
		return false
	}
	return true
}

// draftOf makes a draft of a form.
func (v *visit) draftOf(kind, action string, f *form) *store.Draft {
	d := &store.Draft{Account: v.account.ID, ID: f.Value("draft"), Kind: kind, Action: action, Fields: draftFields(f.values)}
	if d.Title = cut(f.Value("title"), 120); d.Title == "" {
		d.Title = cut(f.Value("description"), 60)
	}
	return d
}

// draftFields returns what is worth keeping of a form: no password, and
// nothing of how it is sent.
func draftFields(values url.Values) map[string][]string {
	kept := map[string][]string{}
	for _, p := range keep(values) {
		if !slices.Contains([]string{"do", "draft", "form", "photo.remove", "photo.place"}, p.Name) {
			kept[p.Name] = append(kept[p.Name], p.Value)
		}
	}
	return kept
}

// putDraft stores a draft; one that is gone meanwhile, as a new one.
func (v *visit) putDraft(ctx context.Context, d *store.Draft) error {
	return v.DB.Update(ctx, func(tx *store.Tx) error {
		err := tx.PutDraft(ctx, d)
		if errors.Is(err, federation.ErrNotFound) {
			d.ID = ""
			err = tx.PutDraft(ctx, d)
		}
		return err
	})
}

// keepDraft keeps what is being typed, for the script of the form: it answers
// with the number of the draft. What was published meanwhile does not come
// back.
func (v *visit) keepDraft(ctx context.Context) (*page, error) {
	f := v.posted()
	kind, action, err := v.formAt(ctx, f.Value("form"))
	if err != nil {
		return nil, err
	}
	d := v.draftOf(kind, action, f)
	if err := v.DB.Update(ctx, func(tx *store.Tx) error { return tx.PutDraft(ctx, d) }); err != nil {
		return nil, err
	}
	return &page{text: d.ID}, nil
}

// formAt tells which form of the visitor's is sent to a path.
func (v *visit) formAt(ctx context.Context, path string) (kind, action string, err error) {
	if kind, ok := strings.CutPrefix(path, "/publish/"); ok && slices.Contains(composeKinds, kind) {
		return kind, path, nil
	}
	id, ok := strings.CutSuffix(path, "/edit")
	if ok && strings.HasPrefix(id, "/objects/") {
		err := v.DB.View(ctx, func(tx *store.Tx) error {
			o, err := v.ownAt(ctx, tx, id)
			if err == nil {
				kind, action = kindOf(o), v.href(o)+"/edit"
			}
			return err
		})
		if kind != "" || err != nil {
			return kind, action, err
		}
	}
	return "", "", fmt.Errorf("form %q: %w", cut(path, 100), federation.ErrNotFound)
}

func (v *visit) dropDraft(ctx context.Context) (*page, error) {
	err := v.DB.Update(ctx, func(tx *store.Tx) error { return tx.DropDraft(ctx, v.account.ID, v.r.PathValue("draft")) })
	if err != nil {
		return nil, err
	}
	return see("/drafts", "draft_dropped"), nil
}

// draftForm shows what is no post and was not sent, with a button that sends
// it.
func (v *visit) draftForm(ctx context.Context, tx *store.Tx) (*page, error) {
	d, err := tx.Draft(ctx, v.account.ID, v.r.PathValue("draft"))
	if err != nil {
		return nil, err
	}
	return v.resumePage(d), nil
}

// publishChoice shows what there is to publish, and what was begun.
func (v *visit) publishChoice(ctx context.Context, tx *store.Tx) (*page, error) {
	list, err := v.draftsOf(ctx, tx, "")
	if err != nil {
		return nil, err
	}
	return &page{Name: "publish", Title: v.words.T("page_publish"), Data: publishData{Kinds: composeKinds, Drafts: list[:min(3, len(list))], More: len(list) > 3, Import: editor.allows(v.account)}, NoIndex: true}, nil
}

// publishData is what the page to choose a form on shows.
type publishData struct {
	Kinds  []string
	Drafts []draftLine
	More   bool // drafts than are shown
	Import bool // calendars may be brought
}
