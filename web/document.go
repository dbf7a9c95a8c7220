// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"codeberg.org/maillage/maillage/store"
)

// A document is what other programs read again and again: a feed or a
// calendar. It is the same for everybody who asks in one language.
type document struct {
	name      string // of the file, for who saves it
	mediaType string
	body      []byte
	modified  time.Time
}

// serve answers with a document, or that it has not changed.
func (s *Site) serve(f func(v *visit, ctx context.Context, tx *store.Tx) (*document, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		v := s.visit(w, r)
		var d *document
		err := s.DB.View(ctx, func(tx *store.Tx) (err error) {
			v.facts.refresh(ctx, tx, v.Now()) // but nobody signs in: readers of feeds have no cookies
			d, err = f(v, ctx, tx)
			return err
		})
		if err != nil {
			v.answer(nil, err)
			return
		}
		sum := sha256.Sum256(d.body)
		h := w.Header()
		h.Set("Content-Type", d.mediaType)
		h.Set("Content-Disposition", `inline; filename="`+d.name+`"`)
		h.Set("Content-Language", v.words.Lang())
		h.Set("Vary", "Accept-Language, Cookie")
		h.Set("Cache-Control", "public, max-age=300")
		h.Set("ETag", `"`+hex.EncodeToString(sum[:12])+`"`)
		h.Set("Access-Control-Allow-Origin", "*")
		http.ServeContent(w, r, "", d.modified, bytes.NewReader(d.body))
	})
}
