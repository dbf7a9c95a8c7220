// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// An embed is a list of ours in a page of another site, by an iframe. It is
// the only thing that may stand in a frame, and knows nobody: cookies are
// neither read nor set, there is no form, and links open a page of ours.

// embedPolicy is what an embed may load, and that any site may frame it.
const embedPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors *; base-uri 'none'; form-action 'none'"

// embedData is what an embed shows.
type embedData struct {
	*locale.Printer

	Title, Site, Origin string
	Theme               string // light, dark, or empty for what the browser prefers
	Sheet               string // the style sheet of the initiative's colour; may be empty
	Cards               []*card
	Empty               string
	All                 string // where everything is
}

// embedLists are what can be embedded.
var embedLists = map[string]store.Query{
	"events": {Kinds: []string{"event"}, Sort: store.SortStart},
	"offers": {Kinds: []string{"offer"}, OpenOnly: true},
	"needs":  {Kinds: []string{"need"}, OpenOnly: true},
}

// embedNames are those in their order.
var embedNames = []string{"events", "offers", "needs"}

// How many things an embed shows, unless told, and at most.
const (
	embedCount = 5
	embedMost  = 30
)

// embed answers the frame of another site.
func (s *Site) embed(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("Content-Security-Policy", embedPolicy)
	head.Set("Referrer-Policy", "no-referrer")
	head.Del("Cross-Origin-Opener-Policy")
	head.Set("Cross-Origin-Resource-Policy", "cross-origin")
	head.Set("X-Robots-Tag", "noindex")
	anonymous := r.Clone(r.Context())
	anonymous.Header.Del("Cookie")
	wishes := anonymous.URL.Query()
	lang := wishes.Get("lang")
	wishes.Del("lang") // which would set a cookie
	anonymous.URL.RawQuery = wishes.Encode()
	v := s.visit(w, anonymous)
	if slices.Contains(locale.Languages(), lang) {
		v.words = locale.New(lang)
	}
	var d *embedData
	err := s.DB.View(r.Context(), func(tx *store.Tx) (err error) {
		v.facts.refresh(r.Context(), tx, v.Now())
		d, err = v.embedded(r.Context(), tx, wishes)
		return err
	})
	if err != nil {
		v.answer(nil, err)
		return
	}
	var b bytes.Buffer
	if err := templates["embed"]().ExecuteTemplate(&b, "embed", d); err != nil {
		s.Log.ErrorContext(r.Context(), "render", "page", "embed", "err", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	head.Set("Content-Type", "text/html; charset=utf-8")
	head.Set("Content-Language", v.words.Lang())
	head.Set("Cache-Control", "public, max-age=300")
	head.Set("Vary", "Accept-Language")
	_, _ = w.Write(straight(b.Bytes()))
}

// embedded reads what an embed shows. What makes no sense in its address is
// left out: its author is not there to be told.
func (v *visit) embedded(ctx context.Context, tx *store.Tx, wishes url.Values) (*embedData, error) {
	list := v.r.PathValue("list")
	q, ok := embedLists[list]
	if !ok {
		return nil, federation.ErrNotFound
	}
	q.LocalOnly, q.Limit, q.Tag = true, embedCount, federation.Hashtag(wishes.Get("tag"))
	if n, err := strconv.Atoi(wishes.Get("count")); err == nil && n > 0 {
		q.Limit = min(n, embedMost)
	}
	if list == "events" {
		q.From = v.Now()
	}
	cards, err := v.publicCards(ctx, tx, q, wishes.Get("circuit"))
	if err != nil {
		return nil, err
	}
	d := &embedData{
		Printer: v.words, Title: v.words.T("page_" + list), Site: v.facts.name(), Origin: v.Origin, Cards: cards,
		Empty: v.words.T("page_" + list + "_empty"), All: v.Origin + "/" + list,
		Sheet: themePath(v.facts.setting(colourSetting)),
	}
	if theme := wishes.Get("theme"); theme == "light" || theme == "dark" {
		d.Theme = theme
	}
	return d, nil
}

// publicCards shows what [visit.publicObjects] finds.
func (v *visit) publicCards(ctx context.Context, tx *store.Tx, q store.Query, circuit string) ([]*card, error) {
	objects, err := v.publicObjects(ctx, tx, q, circuit)
	if err != nil {
		return nil, err
	}
	return v.cards(ctx, tx, objects)
}

// publicObjects runs a query for nobody in particular; of a circuit, if one is
// named, only what was said in it.
func (v *visit) publicObjects(ctx context.Context, tx *store.Tx, q store.Query, circuit string) ([]*federation.Object, error) {
	want := q.Limit
	var group federation.IRI
	if circuit = strings.TrimPrefix(strings.TrimSpace(circuit), "@"); circuit != "" {
		a, err := tx.ActorByUsername(ctx, circuit)
		if err != nil {
			return nil, ignoreMissing(err)
		}
		group, q.Limit = a.ID, 100
	}
	found, _, err := tx.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	var list []*federation.Object
	for _, f := range found {
		if len(list) == want || group != "" && f.Object.Audience != group && f.Object.AttributedTo != group {
			continue
		}
		out, err := v.turnedAway(ctx, tx, group, f.Object.ID)
		if err != nil {
			return nil, err
		}
		if !out {
			list = append(list, f.Object)
		}
	}
	return list, nil
}

// embedsData is what the page that makes an embed shows.
type embedsData struct {
	Form              *form
	Lists, Themes     []option
	Languages, Groups []option
	Code, Src         string
	Height            int
}

// embedsPage makes the code to copy, and shows what it gives.
func (v *visit) embedsPage(ctx context.Context, tx *store.Tx) (*page, error) {
	f := v.form(v.r.URL.Query())
	d := embedsData{
		Form: f, Lists: options(v.words, "page_", embedNames), Themes: options(v.words, "form_theme_", []string{"auto", "light", "dark"}),
		Languages: append([]option{{Label: v.words.T("form_language_auto")}}, v.languageOptions()...),
		Groups:    []option{{Label: v.words.T("form_circuit_all")}},
	}
	groups, err := tx.LocalActors(ctx, "Group")
	if err != nil {
		return nil, err
	}
	for _, g := range groups[:min(len(groups), 100)] {
		d.Groups = append(d.Groups, option{Value: g.Username, Label: v.actorOf(g, g.ID).Name})
	}
	list := f.Value("list")
	if _, ok := embedLists[list]; !ok {
		list = embedNames[0]
	}
	wishes := url.Values{}
	for _, name := range []string{"tag", "circuit", "count", "theme", "lang"} {
		if value := cut(f.Value(name), 100); value != "" && value != "auto" {
			wishes.Set(name, strings.TrimPrefix(value, "#"))
		}
	}
	n, err := strconv.Atoi(f.Value("count"))
	if err != nil || n < 1 {
		n = embedCount
	}
	d.Height = 130 + 112*min(n, embedMost)
	d.Src = "/embed/" + list
	if len(wishes) > 0 {
		d.Src += "?" + wishes.Encode()
	}
	d.Code = v.embedCode(d.Src, v.words.T("page_"+list), d.Height)
	// The example stands in a frame, of ourselves.
	v.w.Header().Set("Content-Security-Policy", policy+"; frame-src 'self'")
	return &page{Name: "embeds", Title: v.words.T("page_embeds"), Data: d, NoIndex: true}, nil
}

// embedCode is the HTML for another site.
func (v *visit) embedCode(src, title string, height int) string {
	escape := strings.NewReplacer("&", "&amp;", `"`, "&quot;", "<", "&lt;")
	return `<iframe src="` + escape.Replace(v.Origin+src) + `" title="` + escape.Replace(title+" · "+v.facts.name()) +
		`" width="100%" height="` + strconv.Itoa(height) + `" loading="lazy" referrerpolicy="no-referrer" style="border:0"></iframe>`
}
