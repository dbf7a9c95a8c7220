// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"net/http"
	"strings"
	"testing"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
)

// TestPlainHTTP: what any client may expect of any server.
func TestPlainHTTP(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		i := launch(t, "amap", variant{database: fresh(t)})
		offer := i.offers(basketForm())

		// GoToSocial looks up the address of a profile page that people paste
		// into its search, and takes nothing but a document.
		t.Run("the address of a profile leads programs to the actor", func(t *testing.T) {
			a := i.get("/@amap")
			if a.StatusCode != http.StatusFound || a.Header.Get("Location") != string(i.Actor.ID) || !strings.Contains(strings.Join(a.Header.Values("Vary"), ","), "Accept") {
				t.Errorf("%d to %q, Vary %v", a.StatusCode, a.Header.Get("Location"), a.Header.Values("Vary"))
			}
			if a := i.get("/@amap", "Accept", "text/html"); a.StatusCode != http.StatusOK || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
				t.Errorf("people get %d %s", a.StatusCode, a.Header.Get("Content-Type"))
			}
			for _, path := range []string{"/@nobody", "/nobody", "/@", "/@ann@elsewhere.example", "/@..", "/@a%5Cb"} {
				if a := i.get(path); a.StatusCode != http.StatusNotFound {
					t.Errorf("%s: %d", path, a.StatusCode)
				}
			}
		})

		t.Run("who has the document is not sent it again", func(t *testing.T) {
			for _, id := range []federation.IRI{i.Actor.ID, offer.ID, i.Actor.Outbox, i.Actor.Outbox + "?page=", federation.IRI(i.Origin + "/nodeinfo/2.1")} {
				first := i.get(string(id))
				tag := first.Header.Get("ETag")
				if !strings.HasPrefix(tag, `"`) {
					t.Errorf("%s: ETag %q", id, tag)
					continue
				}
				for _, have := range []string{tag, `"other", ` + tag, "W/" + tag, "*"} {
					again := i.get(string(id), "If-None-Match", have)
					if again.StatusCode != http.StatusNotModified || len(again.Body) > 0 || again.Header.Get("ETag") != tag || again.Header.Get("Cache-Control") == "" {
						t.Errorf("%s, If-None-Match %s: %d %v", id, have, again.StatusCode, again.Header)
					}
				}
				if other := i.get(string(id), "If-None-Match", `"other"`); other.StatusCode != http.StatusOK {
					t.Errorf("%s: %d", id, other.StatusCode)
				}
			}
			before := i.get(string(offer.ID)).Header.Get("ETag")
			i.changes(offer.ID, func(o *federation.Object) error { o.Name = "Paniers d’hiver"; return nil })
			if a := i.get(string(offer.ID), "If-None-Match", before); a.StatusCode != http.StatusOK {
				t.Errorf("after a change: %d", a.StatusCode)
			}
		})

		t.Run("methods that mean nothing here", func(t *testing.T) {
			for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodTrace, "PROPFIND"} {
				for _, path := range []string{"/", string(offer.ID), "/inbox"} {
					a := i.do(i.request(method, path, nil))
					if a.StatusCode != http.StatusMethodNotAllowed || a.Header.Get("Allow") != "GET, HEAD, POST, OPTIONS" {
						t.Errorf("%s %s: %d, Allow %q", method, path, a.StatusCode, a.Header.Get("Allow"))
					}
				}
			}
		})

		t.Run("a browser asks whether it may ask", func(t *testing.T) {
			a := i.do(i.request(http.MethodOptions, string(offer.ID), nil, "Origin", "https://reader.example",
				"Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "accept"))
			if a.StatusCode != http.StatusNoContent || a.Header.Get("Access-Control-Allow-Origin") != "*" ||
				a.Header.Get("Access-Control-Allow-Methods") != "GET, HEAD" || a.Header.Get("Access-Control-Allow-Headers") != "Accept" ||
				a.Header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%d %v", a.StatusCode, a.Header)
			}
		})

		t.Run("a HEAD is a GET without its body", func(t *testing.T) {
			for _, accept := range []string{vocab.ActivityJSON, "text/html"} {
				get, head := i.get(string(offer.ID), "Accept", accept), i.do(i.request(http.MethodHead, string(offer.ID), nil, "Accept", accept))
				if head.StatusCode != get.StatusCode || len(head.Body) > 0 || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") || head.Header.Get("ETag") != get.Header.Get("ETag") {
					t.Errorf("%s: %d %v", accept, head.StatusCode, head.Header)
				}
			}
		})

		t.Run("an inbox says how it is read", func(t *testing.T) {
			if a := i.get(string(i.Actor.Inbox)); a.StatusCode != http.StatusUnauthorized || a.Header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%d %v", a.StatusCode, a.Header)
			}
		})

		t.Run("a client does not speak for somebody else", func(t *testing.T) {
			ann := i.member("Person", "ann", false)
			a := i.pen(t, ann).post(jsonDoc{"type": "Create", "actor": i.Actor.ID, "object": jsonDoc{"type": "Note", "content": "x"}})
			if a.StatusCode != http.StatusForbidden {
				t.Errorf("%d %s", a.StatusCode, a.Body)
			}
		})
	})
}
