// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/media"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// takePhoto stores the photo that came with a form and puts its id into the
// form, so that it is not lost when something else is wrong. A file that is no
// photo is a mistake of the form.
func (v *visit) takePhoto(ctx context.Context, f *form) error {
	if f.Value("photo.remove") != "" {
		f.values.Set("photo", "")
	}
	files := v.files("photo.file")
	if len(files) == 0 {
		return nil
	}
	id, err := v.storePhoto(ctx, v.account, files[0], f.Value("alt"))
	if err := f.refusePhoto(files[0], err); err != nil {
		return err
	}
	if id != "" {
		f.values.Set("photo", id)
	}
	return nil
}

// takePhotos does the same for a form of several photos: those that are there
// are put in order, without those to be removed; those that came follow.
// Descriptions stand in the order of the photos, those of new ones last.
func (v *visit) takePhotos(ctx context.Context, account *store.Account, f *form) error {
	photos, alts := f.photos()
	for _, file := range v.files("photo.file") {
		if len(photos) == outbox.MaxPhotos {
			f.wrong("photo", "error_photos_many")
			break
		}
		alt := at(alts, 0)
		id, err := v.storePhoto(ctx, account, file, alt)
		if err := f.refusePhoto(file, err); err != nil {
			return err
		}
		if id == "" {
			continue
		}
		photos = append(photos, outbox.PhotoForm{ID: id, Alt: alt})
		alts = alts[min(1, len(alts)):]
	}
	f.putPhotos(photos, alts)
	return nil
}

// files lists what was chosen in an input for files; one left empty sends a
// file without a byte.
func (v *visit) files(name string) []*multipart.FileHeader {
	if v.r.MultipartForm == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(v.r.MultipartForm.File[name]), func(h *multipart.FileHeader) bool { return h.Size == 0 })
}

// storePhoto makes a photo small and keeps it for an account.
func (v *visit) storePhoto(ctx context.Context, account *store.Account, file *multipart.FileHeader, alt string) (id string, err error) {
	if wait, ok := v.uploads.allow(account.Name, v.Now()); !ok {
		return "", v.tooMany(wait)
	}
	r, err := file.Open()
	if err != nil {
		return "", err
	}
	defer r.Close() //nolint:errcheck // it was only read
	p, err := media.Process(r)
	if err != nil {
		return "", err
	}
	m := &store.Media{
		Account: account.ID, MediaType: p.MediaType, Width: p.Width, Height: p.Height, Blurhash: p.Blurhash,
		Alt: cut(alt, maxAlt), Bytes: p.Data, Thumb: p.Thumb,
	}
	err = v.DB.Update(ctx, func(tx *store.Tx) error { return tx.PutMedia(ctx, m) })
	return m.ID, err
}

// maxAlt is how long the description of a photo may be, in characters.
const maxAlt = 1500

// refusePhoto notes a file that is no photo as a mistake, with its name: among
// four one wants to know which. What else went wrong is returned.
func (f *form) refusePhoto(file *multipart.FileHeader, err error) error {
	var wrong *federation.FieldError
	if !errors.As(err, &wrong) {
		return err
	}
	f.mistakes = append(f.mistakes, mistake{"photo", f.T("form_photo_refused", "Name", cut(file.Filename, 60), "Why", f.T(wrong.Reason))})
	return nil
}

// photos reads the photos of a form in the order that was asked for, and the
// descriptions that are left for new ones.
func (f *form) photos() (photos []outbox.PhotoForm, alts []string) {
	type placed struct {
		outbox.PhotoForm
		place int
	}
	var list []placed
	alts = f.values["alt"]
	for i, id := range f.values["photo"] {
		if id == "" {
			continue
		}
		p := placed{outbox.PhotoForm{ID: id, Alt: at(alts, 0)}, 2 * i}
		alts = alts[min(1, len(alts)):]
		if n, err := strconv.Atoi(at(f.values["photo.place"], i)); err == nil {
			if p.place = 2 * (n - 1); n-1 < i { // moved up: before the one that is there
				p.place--
			} else if n-1 > i {
				p.place++
			}
		}
		if !slices.Contains(f.values["photo.remove"], id) {
			list = append(list, p)
		}
	}
	slices.SortStableFunc(list, func(a, b placed) int { return a.place - b.place })
	for _, p := range list {
		photos = append(photos, p.PhotoForm)
	}
	return photos, alts
}

// putPhotos writes photos into a form, and the descriptions that are left.
func (f *form) putPhotos(photos []outbox.PhotoForm, left []string) {
	for _, name := range []string{"photo", "alt", "photo.place", "photo.remove"} {
		f.values.Del(name)
	}
	for _, p := range photos {
		f.values.Add("photo", p.ID)
		f.values.Add("alt", p.Alt)
	}
	if alt := strings.TrimSpace(at(left, 0)); alt != "" {
		f.values.Add("alt", alt)
	}
}

// photo returns the photo of a form, if it is the visitor's own.
func (v *visit) photo(ctx context.Context, tx *store.Tx, f *form) (*federation.Media, error) {
	m, err := v.mediaOf(ctx, tx, f.Value("photo"))
	if err != nil || m == nil || m.Account != v.account.ID {
		return nil, err
	}
	return v.attachment(m), nil
}

// mediaOf returns what was uploaded under an id; nil if nothing was.
func (v *visit) mediaOf(ctx context.Context, tx *store.Tx, id string) (*store.Media, error) {
	if id == "" {
		return nil, nil
	}
	m, err := tx.Media(ctx, id)
	if err != nil {
		return nil, ignoreMissing(err)
	}
	return m, nil
}

// attachment shows an upload to other servers.
func (v *visit) attachment(m *store.Media) *federation.Media {
	return &federation.Media{
		Type: "Image", MediaType: m.MediaType, URL: v.Origin + "/media/" + m.ID, Name: m.Alt,
		Width: m.Width, Height: m.Height, Blurhash: m.Blurhash,
	}
}

// photosOf returns the photos of a form that its author may publish, by their
// ids: their own uploads, and those of the post that is duplicated.
func (v *visit) photosOf(ctx context.Context, tx *store.Tx, f *form) (map[string]federation.Media, error) {
	shared, err := v.duplicated(ctx, tx, f.Value("like"))
	if err != nil {
		return nil, err
	}
	found := map[string]federation.Media{}
	for i, id := range f.values["photo"] {
		if i > outbox.MaxPhotos {
			break
		}
		m, err := v.mediaOf(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		if m != nil && (m.Account == v.account.ID || shared[v.Origin+"/media/"+id]) {
			found[id] = *v.attachment(m)
		}
	}
	return found, nil
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
