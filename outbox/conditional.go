// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"

	"codeberg.org/maillage/maillage/federation/vocab"
)

// write sends a document, or says that who asks has it already. RFC 9110, 13.
//
// The mark is made of the bytes: those of an actor or of a collection change
// without any date that we could name.
func (doc *document) write(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("X-Content-Type-Options", "nosniff")
	if doc.private || doc.varies {
		h.Add("Vary", "Authorization, Signature, Signature-Input")
	}
	if doc.private {
		h.Set("Cache-Control", "private, no-store")
	} else {
		h.Set("Cache-Control", "public, max-age=180")
	}
	if !doc.modified.IsZero() {
		h.Set("Last-Modified", doc.modified.UTC().Format(http.TimeFormat))
	}
	if !doc.private && doc.status == 0 {
		sum := sha256.Sum256(doc.body)
		tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
		h.Set("ETag", tag)
		if has(r.Header.Values("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	h.Set("Content-Type", doc.mediaType)
	if doc.status != 0 {
		w.WriteHeader(doc.status)
	}
	_, _ = w.Write(doc.body)
}

// has reports whether a list of entity tags names tag.
func has(lists []string, tag string) bool {
	for _, list := range lists {
		for t := range strings.SplitSeq(list, ",") {
			if t = strings.TrimSpace(t); t == "*" || strings.TrimPrefix(t, "W/") == tag {
				return true
			}
		}
	}
	return false
}

// profile leads programs from the address of an actor's page, which is what
// people copy, to the actor. GoToSocial takes nothing but a document from it.
func (d *Documents) profile(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutPrefix(r.PathValue("handle"), "@")
	if d.Pages != nil && (!ok || !vocab.Wants(r.Header.Get("Accept"))) {
		d.Pages.ServeHTTP(w, r)
		return
	}
	w.Header().Add("Vary", "Accept")
	r.SetPathValue("name", name)
	a, err := d.alive(r.Context(), r)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=180")
	http.Redirect(w, r, string(a.ID), http.StatusFound)
}
