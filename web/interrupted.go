// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/url"
	"slices"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// A form that is sent when the session is over is not lost. Its words stand in
// the page that asks to sign in. If the session ended by itself we know whose
// it was, and keep the form for them as a draft, with its photos: they find it
// however they sign in.

// interruptedFor is how long a form that was interrupted is shown at once
// after signing in; later it is in the list of drafts.
const interruptedFor = 24 * time.Hour

// resumable are the forms that are no posts in which people write.
var resumable = []string{"/reply", "/report", "/profile", "/settings", "/settings/circuits"}

// lapse notes whose session it was that ended by itself, if it did.
func (v *visit) lapse(ctx context.Context, tx *store.Tx) error {
	c, err := v.r.Cookie(v.cookieName())
	if err != nil || c.Value == "" {
		return nil
	}
	a, err := tx.LapsedSession(ctx, c.Value)
	if err == nil {
		v.lapsed = a
	}
	return ignoreMissing(err)
}

// rescue keeps a form that was sent when the session was over. It says which
// photos came with it and are lost.
func (v *visit) rescue(ctx context.Context, f *form) (kept *store.Draft, lost bool, err error) {
	files := len(v.files("photo.file")) > 0 || v.fileDropped
	kind, ok := v.resumableKind(v.r.URL.Path)
	if v.lapsed == nil || !ok {
		return nil, files, nil
	}
	if err := v.takePhotos(ctx, v.lapsed, f); err != nil && !errors.Is(err, errTooMany) {
		return nil, true, err
	}
	d := &store.Draft{
		Account: v.lapsed.ID, Kind: kind, Action: v.r.URL.Path, Title: cut(f.Value("title"), 120), Interrupted: true,
		ID: f.Value("draft"), Fields: draftFields(f.values),
	}
	if d.Title == "" {
		d.Title = cut(f.Value("description"), 60)
	}
	err = v.putDraft(ctx, d)
	if errors.Is(err, federation.ErrConflict) || errors.Is(err, federation.ErrMalformed) {
		return nil, len(f.mistakes) > 0, nil // the words stand in the page all the same, and the photos are kept
	}
	return d, len(f.mistakes) > 0, err
}

// resumableKind tells what kind of form is sent to a path.
func (v *visit) resumableKind(path string) (kind string, ok bool) {
	if kind, ok := strings.CutPrefix(path, "/publish/"); ok && slices.Contains(composeKinds, kind) {
		return kind, true
	}
	if id, ok := strings.CutSuffix(path, "/edit"); ok && strings.HasPrefix(id, "/objects/") {
		var kind string
		err := v.DB.View(v.r.Context(), func(tx *store.Tx) error {
			o, err := tx.Object(v.r.Context(), v.local(id))
			if err == nil && o.Local {
				kind = kindOf(o)
			}
			return err
		})
		return kind, err == nil && kind != ""
	}
	return otherForm, slices.Contains(resumable, path)
}

// interrupted returns the form that an account was about to send when its
// session ended, to be shown once.
func (v *visit) interrupted(ctx context.Context, account *store.Account) (found *store.Draft) {
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		list, err := tx.Drafts(ctx, account.ID)
		if err != nil {
			return err
		}
		for _, d := range list {
			if d.Interrupted && v.Now().Sub(d.Changed) < interruptedFor {
				found = d
				d.Interrupted = false
				return tx.PutDraft(ctx, d)
			}
		}
		return nil
	})
	if err != nil { // it is in the list of drafts
		v.Log.ErrorContext(ctx, "resume a form", "err", err)
	}
	return found
}

// resumePage shows a form that was interrupted, with a button that sends it.
func (v *visit) resumePage(d *store.Draft) *page {
	data := resumeData{signInData: signInData{Action: d.Action, Kept: keep(d.Fields)}, Title: d.Title, Text: cut(strings.Join(d.Fields["description"], " "), 300), ID: d.ID}
	if d.ID != "" {
		data.Kept = append(data.Kept, pair{"draft", d.ID})
	}
	for _, id := range d.Fields["photo"] {
		if id != "" && !strings.Contains(id, "/") {
			data.Photos = append(data.Photos, picture{Thumb: "/media/" + url.PathEscape(id) + "/thumb"})
		}
	}
	if d.Kind != otherForm && d.ID != "" {
		data.Review = d.Action + "?draft=" + d.ID
	}
	return &page{Name: "resume", Title: v.words.T("page_resume"), Data: data, NoIndex: true}
}

// resumeData is what the page shows that sends a form again.
type resumeData struct {
	signInData
	Title, Text string
	Photos      []picture
	Review      string // the form itself
	ID          string // of the draft; empty: its fields are in the page only
}

// settled drops the draft of a form that is no post, once it was sent.
func (v *visit) settled(ctx context.Context) {
	id := v.r.PostForm.Get("draft")
	if id == "" || v.account == nil || !slices.Contains(resumable, v.r.URL.Path) {
		return
	}
	err := v.DB.Update(ctx, func(tx *store.Tx) error { return tx.DropDraft(ctx, v.account.ID, id) })
	if err != nil {
		v.Log.ErrorContext(ctx, "drop a draft", "err", err)
	}
}

// parseWords reads the fields of a form with files and lets the files pass:
// nobody is known whose they could be.
func (v *visit) parseWords() error {
	r, err := v.r.MultipartReader()
	if err != nil {
		return err
	}
	v.r.PostForm = url.Values{}
	for left := int64(maxForm); ; {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			v.r.Form = v.r.PostForm
			return nil
		}
		if err != nil {
			return err
		}
		n, err := v.word(part, left)
		if left -= n; err != nil {
			return err
		}
	}
}

// word reads one field, or passes over a file.
func (v *visit) word(part *multipart.Part, left int64) (int64, error) {
	if part.FileName() != "" {
		n, err := io.Copy(io.Discard, part)
		v.fileDropped = v.fileDropped || n > 0
		return 0, err
	}
	value, err := io.ReadAll(io.LimitReader(part, left+1))
	if err == nil && int64(len(value)) > left {
		err = multipart.ErrMessageTooLarge
	}
	v.r.PostForm.Add(part.FormName(), string(value))
	return int64(len(value)), err
}
