// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"sync"
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

	tag string // of the body
	at  time.Time
}

// Of what was made lately, so much is kept for so long: a calendar of a
// thousand events takes a tenth of a second, and programs come for it at every
// full hour. Every form that is sent clears it.
const (
	keptTime  = time.Minute
	keptBytes = 4 << 20
)

// keptDocuments are those by their address and language.
type keptDocuments struct {
	mu        sync.Mutex
	documents map[string]*document
	bytes     int
	cleared   int // how often
}

// get returns what is kept, or nil and what to give back to put.
func (k *keptDocuments) get(key string, now time.Time) (*document, int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	d := k.documents[key]
	if d == nil || now.Before(d.at) || now.Sub(d.at) > keptTime {
		return nil, k.cleared
	}
	return d, k.cleared
}

// put keeps a document, unless a form was sent while it was made.
func (k *keptDocuments) put(key string, d *document, cleared int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(d.body) > keptBytes/2 || cleared != k.cleared {
		return
	}
	if k.documents == nil || k.bytes+len(d.body) > keptBytes {
		k.documents, k.bytes = map[string]*document{}, 0
	}
	if old := k.documents[key]; old != nil {
		k.bytes -= len(old.body)
	}
	k.documents[key] = d
	k.bytes += len(d.body)
}

func (k *keptDocuments) clear() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.documents, k.bytes, k.cleared = nil, 0, k.cleared+1
}

// serve answers with a document, or that it has not changed.
func (s *Site) serve(f func(v *visit, ctx context.Context, tx *store.Tx) (*document, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := s.visit(w, r)
		d, err := v.document(f)
		if err != nil {
			v.answer(nil, err)
			return
		}
		h := w.Header()
		h.Set("Content-Type", d.mediaType)
		h.Set("Content-Disposition", `inline; filename="`+d.name+`"`)
		h.Set("Content-Language", v.words.Lang())
		h.Set("Vary", "Accept-Language, Cookie")
		h.Set("Cache-Control", "public, max-age=300")
		h.Set("ETag", `"`+d.tag+`"`)
		h.Set("Access-Control-Allow-Origin", "*")
		http.ServeContent(w, r, "", d.modified, bytes.NewReader(d.body))
	})
}

// document returns what was made lately, else makes it.
func (v *visit) document(f serving) (*document, error) {
	ctx := v.r.Context()
	key := v.words.Lang() + " " + v.r.URL.RequestURI()
	d, cleared := v.documents.get(key, v.Now())
	if d != nil {
		return d, nil
	}
	err := v.DB.View(ctx, func(tx *store.Tx) (err error) {
		v.facts.refresh(ctx, tx, v.Now()) // but nobody signs in: readers of feeds have no cookies
		d, err = f(v, ctx, tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(d.body)
	d.tag, d.at = hex.EncodeToString(sum[:12]), v.Now()
	v.documents.put(key, d, cleared)
	return d, nil
}
