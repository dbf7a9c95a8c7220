// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed static
var staticFiles embed.FS

// A staticFile is served under a name that holds the hash of its bytes, so
// that browsers may keep it for ever.
type staticFile struct {
	mediaType string
	body      []byte
}

// staticNames gives each file's hashed name; statics each hashed name's file.
var staticNames, statics = readStatic()

func readStatic() (map[string]string, map[string]staticFile) {
	names, files := map[string]string{}, map[string]staticFile{}
	entries, err := fs.ReadDir(staticFiles, "static")
	if err != nil {
		panic(err) // the directory is compiled in
	}
	for _, e := range entries {
		body, err := fs.ReadFile(staticFiles, "static/"+e.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(body)
		ext := path.Ext(e.Name())
		hashed := strings.TrimSuffix(e.Name(), ext) + "-" + hex.EncodeToString(sum[:6]) + ext
		names[e.Name()] = hashed
		files[hashed] = staticFile{mime.TypeByExtension(ext), body}
	}
	return names, files
}

// staticPath returns the address of a static file, for templates.
func staticPath(name string) string { return "/static/" + staticNames[name] }

func serveStatic(w http.ResponseWriter, r *http.Request) {
	f, ok := statics[r.PathValue("file")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", f.mediaType)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(f.body)
}

// favicon answers browsers that did not read the page.
func favicon(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, staticPath("icon.svg"), http.StatusFound)
}

// robots asks crawlers to leave alone what is not meant for them.
func robots(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	_, _ = w.Write([]byte("User-agent: *\nDisallow: /search\nDisallow: /sign-in\nDisallow: /peer/\nDisallow: /settings\n"))
}
