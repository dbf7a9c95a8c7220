// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
)

// The first page and all that it needs at once is small on the wire.
func TestPagesAreSentCompressed(t *testing.T) {
	i := lone(t)
	for range 6 {
		i.as("admin").post("/publish/offer", offer()).wants(t, 303)
		i.as("admin").post("/publish/event", event()).wants(t, 303)
	}
	b := i.as("")
	sent := 0
	for _, path := range []string{"/", staticPath("site.css")} {
		r := b.request(http.MethodGet, path, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		res, err := b.client.Do(r)
		must(t, err)
		defer res.Body.Close()
		if got := res.Header.Get("Content-Encoding"); got != "gzip" {
			t.Errorf("%s: Content-Encoding %q", path, got)
		}
		if !strings.Contains(strings.Join(res.Header.Values("Vary"), ","), "Accept-Encoding") {
			t.Errorf("%s: Vary %q", path, res.Header.Values("Vary"))
		}
		packed, err := io.ReadAll(res.Body)
		must(t, err)
		sent += len(packed)
		z, err := gzip.NewReader(strings.NewReader(string(packed)))
		must(t, err)
		if text, err := io.ReadAll(z); err != nil || len(text) < 2*len(packed) {
			t.Errorf("%s: %d bytes for %d: %v", path, len(packed), len(text), err)
		}
	}
	if sent > 60_000 {
		t.Errorf("the first page takes %d bytes, without its pictures", sent)
	}
}
