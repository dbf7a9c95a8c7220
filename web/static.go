// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed static
var staticFiles embed.FS

// sheetName is the style sheet: the files of static/style, one after the other
// in the order of their names. They are apart so that each subject has one.
const sheetName = "site.css"

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
	put := func(name string, body []byte) {
		sum := sha256.Sum256(body)
		ext := path.Ext(name)
		hashed := strings.TrimSuffix(name, ext) + "-" + hex.EncodeToString(sum[:6]) + ext
		names[name] = hashed
		files[hashed] = staticFile{mediaTypes[ext], body}
	}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		body, err := fs.ReadFile(staticFiles, "static/"+e.Name())
		if err != nil {
			panic(err)
		}
		put(e.Name(), body)
	}
	put(sheetName, styleSheet(staticFiles))
	return names, files
}

// mediaTypes are those of our own files; the machine's list may lack one.
var mediaTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png",
	".json": "application/json", ".webmanifest": "application/manifest+json",
}

// styleSheet joins the parts of the style sheet.
func styleSheet(from fs.FS) []byte {
	parts, err := fs.Glob(from, "static/style/*.css") // sorted by name
	if err != nil {
		panic(err) // a pattern in the source
	}
	var all bytes.Buffer
	for _, name := range parts {
		body, err := fs.ReadFile(from, name)
		if err != nil {
			panic(err)
		}
		all.Write(body)
		all.WriteByte('\n')
	}
	return all.Bytes()
}

// staticPath returns the address of a static file, for templates.
func staticPath(name string) string { return "/static/" + staticNames[name] }

// immutable lets browsers keep what has its hash in its name.
const immutable = "public, max-age=31536000, immutable"

func serveStatic(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	if serveTheme(w, name) {
		return
	}
	f, ok := statics[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", f.mediaType)
	w.Header().Set("Cache-Control", immutable)
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
