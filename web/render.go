// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"unicode/utf8"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

//go:embed templates/*.html
var templateFiles embed.FS

// templates holds each page by its name, with the layout and the parts it may
// use. A page is parsed when it is shown for the first time: all of them are
// some thirty megabytes of work before the first visitor comes, and most are
// for administrators.
var templates = findTemplates()

// parts are the templates that pages share.
var parts = []string{
	"templates/layout.html", "templates/parts.html", "templates/forms.html", "templates/place.html", "templates/answer.html", "templates/followdialog.html",
	"templates/map.html", "templates/settings_parts.html", "templates/exchange_parts.html", "templates/calendar_parts.html",
}

func findTemplates() map[string]func() *template.Template {
	all := map[string]func() *template.Template{}
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		panic(err) // a pattern in the source
	}
	shared := sync.OnceValue(func() *template.Template {
		return template.Must(template.New("layout.html").Funcs(template.FuncMap{"static": staticPath, "icon": icon}).ParseFS(templateFiles, parts...))
	})
	for _, file := range names {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "templates/"), ".html")
		all[name] = sync.OnceValue(func() *template.Template {
			return template.Must(template.Must(shared().Clone()).ParseFS(templateFiles, file)) // compiled in, and tested
		})
	}
	return all
}

// A page is what a visit is answered with.
type page struct {
	Name     string // of its template
	Title    string
	Status   int // 0: 200
	Data     any
	Problems []mistake // of a form, to be listed on top
	Head     *head     // what other programs read of a page
	Scripts  []string  // modules that make the page more comfortable, such as "map.js"; it works without
	NoIndex  bool

	see   string                    // where to go instead
	file  *download                 // what to answer instead
	tiles string                    // where the tiles of its map come from
	text  string                    // what to answer to a script instead
	send  func(http.ResponseWriter) // what to send instead, if that is long
	hard  bool                      // the same bytes for everyone who gets it
}

// A head is what previews and other servers read of a page about one thing.
type head struct {
	Canonical   string
	Alternate   federation.IRI // the ActivityPub document
	Feeds       []feedLink     // for readers of feeds to find
	Kind        string         // article, profile or website
	Description string
	Image       string // absolute
	ImageAlt    string
	Published   string // RFC 3339
	Creator     string // a handle
}

// A sheet is what the layout writes: a page, and the visit it answers.
type sheet struct {
	*page
	*locale.Printer
	Account   *store.Account
	Unread    int
	Waiting   int    // exchanges
	Site      string // the name of the initiative
	Path      string
	Done      string // what was just done, in words
	Languages []languageLink
	Theme     string // a style sheet with the colours of the initiative
	Logo      string // its picture, small
	Origin    string
	Version   string
}

type languageLink struct {
	Lang, Name, URL string
	Current         bool
}

// Nav makes a link of a menu; its icon may follow, and the kind of thing that
// colours it.
func (s sheet) Nav(url, name string, more ...string) navLink {
	l := navLink{URL: url, Name: s.T(name), Current: s.Path == url}
	if len(more) > 0 {
		l.Icon = more[0]
	}
	if len(more) > 1 {
		l.Class = more[1]
	}
	return l
}

type navLink struct {
	URL, Name, Icon, Class string
	Current                bool
}

// show writes a page.
func (v *visit) show(p *page) {
	if p.Status == 0 && len(p.Problems) > 0 && v.r.Method == http.MethodPost {
		p.Status = http.StatusUnprocessableEntity
	}
	body, err := v.render(p)
	if err != nil {
		v.Log.ErrorContext(v.r.Context(), "render", "page", p.Name, "err", err)
		http.Error(v.w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	v.front.keep(v, p, body)
	v.write(p, body)
}

// render executes a template into memory, so that a fault in it does not leave
// half a page.
func (v *visit) render(p *page) ([]byte, error) {
	parsed := templates[p.Name]
	if parsed == nil {
		return nil, fmt.Errorf("template %q: %w", p.Name, federation.ErrNotFound)
	}
	s := sheet{
		page: p, Printer: v.words, Account: v.account, Unread: v.unread, Waiting: v.waiting, Site: v.facts.name(),
		Origin: v.Origin, Version: v.Version, Theme: v.facts.themePath(), Logo: v.logo(),
	}
	if !p.hard { // what is not there does not say where it is not
		s.Path = v.r.URL.Path
		s.Languages = v.languages()
		s.Done = v.done()
	}
	var b bytes.Buffer
	err := parsed().ExecuteTemplate(&b, "layout.html", s)
	return straight(b.Bytes()), err
}

// logo is the picture at the head of every page: the one that was chosen for
// it, else that of the initiative.
func (v *visit) logo() string {
	if id := v.facts.setting("appearance.logo"); id != "" {
		return "/media/" + url.PathEscape(id) + "/thumb"
	}
	if a := v.facts.initiative(); a != nil {
		if p := v.pictureOf(a.Icon); p != nil {
			return p.Thumb
		}
	}
	return ""
}

// straight takes out the signs that turn the direction of text around, with
// which a name can pretend to be another, and the NUL. They are taken out
// where text comes in, too; here nothing gets past.
func straight(page []byte) []byte {
	if !crooked(page) {
		return page
	}
	return bytes.Map(func(r rune) rune {
		if r == 0 || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' {
			return -1
		}
		return r
	}, page)
}

// crooked reports whether there is anything to take out; there hardly ever is.
func crooked(page []byte) bool {
	if bytes.IndexByte(page, 0) >= 0 {
		return true
	}
	const first = 0xe2 // of the three bytes of U+202A to U+202E and U+2066 to U+2069
	for i := bytes.IndexByte(page, first); i >= 0 && i+2 < len(page); {
		second, third := page[i+1], page[i+2]
		if second == 0x80 && third >= 0xaa && third <= 0xae || second == 0x81 && third >= 0xa6 && third <= 0xa9 {
			return true
		}
		next := bytes.IndexByte(page[i+1:], first)
		if next < 0 {
			return false
		}
		i += 1 + next
	}
	return false
}

func (v *visit) write(p *page, body []byte) {
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.words.Lang())
	if p.tiles != "" {
		h.Set("Content-Security-Policy", policyWith(p.tiles))
	}
	h.Set("Vary", "Accept, Accept-Language, Cookie")
	switch {
	case p.Status >= 400, v.account != nil:
		h.Set("Cache-Control", "private, no-store")
	default:
		h.Set("Cache-Control", "no-cache")
	}
	if p.NoIndex {
		h.Set("X-Robots-Tag", "noindex")
	}
	if p.Head != nil && p.Head.Alternate != "" {
		h.Set("Link", fmt.Sprintf(`<%s>; rel="alternate"; type="%s"`, p.Head.Alternate, vocab.ActivityJSON))
	}
	if p.Status != 0 {
		v.w.WriteHeader(p.Status)
	}
	_, _ = v.w.Write(body)
}

// languages links to the same page in every language.
func (v *visit) languages() []languageLink {
	if v.r.Method != http.MethodGet {
		return nil
	}
	var all []languageLink
	for _, lang := range locale.Languages() {
		q := v.r.URL.Query()
		q.Set("lang", lang)
		all = append(all, languageLink{
			Lang: lang, Name: locale.New(lang).T("language_name"), Current: lang == v.words.Lang(),
			URL: v.r.URL.EscapedPath() + "?" + q.Encode(),
		})
	}
	return all
}

// done returns the words for what the last form did.
func (v *visit) done() string {
	if id := "page_done_" + v.r.URL.Query().Get("done"); v.words.Has(id) {
		return v.words.T(id)
	}
	return ""
}

// more links to the page that cursor begins; "" if there is none.
func (v *visit) more(cursor string) string {
	if cursor == "" {
		return ""
	}
	q := v.r.URL.Query()
	q.Del("done")
	q.Set("after", cursor)
	return v.r.URL.EscapedPath() + "?" + q.Encode()
}

// after returns the cursor of the page that is asked for.
func (v *visit) after() string { return v.r.URL.Query().Get("after") }

// localPath returns where to go next if it is a path of ours, else "/".
func localPath(next string) string {
	if len(next) > 2000 || !strings.HasPrefix(next, "/") || !utf8.ValidString(next) {
		return "/"
	}
	if strings.HasPrefix(next, "//") || strings.ContainsFunc(next, func(r rune) bool { return r < ' ' || r == '\\' || r == 0x7f }) {
		return "/"
	}
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || strings.HasPrefix(u.Path, "//") {
		return "/"
	}
	return next
}
