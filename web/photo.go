// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/media"
	"codeberg.org/maillage/maillage/store"
)

// takePhoto stores the photo that came with a form and puts its id into the
// form, so that it is not lost when something else is wrong. A file that is no
// photo is a mistake of the form.
func (v *visit) takePhoto(ctx context.Context, f *form) error {
	if f.Value("photo.remove") != "" {
		f.values.Set("photo", "")
	}
	file, header, err := v.r.FormFile("photo.file")
	switch {
	case errors.Is(err, http.ErrMissingFile), errors.Is(err, http.ErrNotMultipart), err == nil && header.Size == 0:
		return nil
	case err != nil:
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read
	if wait, ok := v.uploads.allow(v.account.Name, v.Now()); !ok {
		return v.tooMany(wait)
	}
	p, err := media.Process(file)
	var wrong *federation.FieldError
	if errors.As(err, &wrong) {
		f.wrong("photo", wrong.Reason)
		return nil
	}
	if err != nil {
		return err
	}
	m := &store.Media{
		Account: v.account.ID, MediaType: p.MediaType, Width: p.Width, Height: p.Height, Blurhash: p.Blurhash,
		Alt: cut(f.Value("alt"), 1500), Bytes: p.Data, Thumb: p.Thumb,
	}
	if err := v.DB.Update(ctx, func(tx *store.Tx) error { return tx.PutMedia(ctx, m) }); err != nil {
		return err
	}
	f.values.Set("photo", m.ID)
	return nil
}

// photo returns the photo of a form, if it is the visitor's own.
func (v *visit) photo(ctx context.Context, tx *store.Tx, f *form) (*federation.Media, error) {
	id := f.Value("photo")
	if id == "" {
		return nil, nil
	}
	m, err := tx.Media(ctx, id)
	if err != nil || m.Account != v.account.ID {
		return nil, ignoreMissing(err)
	}
	return &federation.Media{
		Type: "Image", MediaType: m.MediaType, URL: v.Origin + "/media/" + m.ID, Name: m.Alt,
		Width: m.Width, Height: m.Height, Blurhash: m.Blurhash,
	}, nil
}

// picture serves a photo.
func (s *Site) picture(w http.ResponseWriter, r *http.Request) {
	s.serveMedia(w, r, func(m *store.Media) []byte { return m.Bytes })
}

// thumbnail serves its small copy.
func (s *Site) thumbnail(w http.ResponseWriter, r *http.Request) {
	s.serveMedia(w, r, func(m *store.Media) []byte { return m.Thumb })
}

// serveMedia sends bytes that we encoded ourselves, as what they are, whatever
// is asked for: never as a page, a script or a document of ActivityPub.
func (s *Site) serveMedia(w http.ResponseWriter, r *http.Request, which func(*store.Media) []byte) {
	ctx := r.Context()
	var m *store.Media
	err := s.DB.View(ctx, func(tx *store.Tx) (err error) {
		m, err = tx.Media(ctx, r.PathValue("id"))
		return err
	})
	if err != nil {
		if !errors.Is(err, federation.ErrNotFound) {
			s.Log.ErrorContext(ctx, "media", "err", err)
		}
		s.read(anyone, (*visit).nowhere).ServeHTTP(w, r)
		return
	}
	body := which(m)
	kind := http.DetectContentType(body)
	if !strings.HasPrefix(kind, "image/") || kind == "image/svg+xml" {
		kind = "application/octet-stream"
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	_, _ = w.Write(body)
}
