// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"html/template"
	"regexp"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/store"
)

// previewData is what a post will look like, here and elsewhere. Nothing of it
// is stored.
type previewData struct {
	Page     *objectData
	Photos   []picture
	Mastodon fediPost
	Others   *fediPost // on servers that show the full text where Mastodon does not
	Private  bool
	Hidden   []string // what the public will not see
}

// A fediPost is a post as an app of the fediverse shows it.
type fediPost struct {
	Author  *who
	Warning string
	Body    template.HTML
	Photos  []picture
	Tags    []string // those that do not stand in the text
}

// preview shows what an activity would publish.
func (v *visit) preview(ctx context.Context, tx *store.Tx, a *federation.Activity) (*previewData, error) {
	o := *federation.Everyones(a.Enclosed)
	if o.URL == "" {
		o.URL = string(o.ID)
	}
	cards, err := v.cards(ctx, tx, []*federation.Object{&o})
	if err != nil {
		return nil, err
	}
	d := &previewData{Hidden: v.hiddenLines(a.Enclosed), Private: o.Visibility("") > federation.VisibleUnlisted, Photos: v.pictures(&o)}
	d.Page = &objectData{
		card: cards[0], Content: unlinked(v.content(&o)), Language: o.Language, Facts: v.factsOf(&o), Tags: v.tags(&o),
	}
	if o.Sensitive {
		d.Page.Warning = cut(vocab.Text(o.Summary), 500)
	}
	d.Mastodon, d.Others = mastodon(&o), others(&o)
	for _, p := range []*fediPost{&d.Mastodon, d.Others} {
		if p != nil {
			p.Author, p.Photos = cards[0].Author, d.Photos
		}
	}
	return d, nil
}

// pictures lists the pictures of a post that are ours.
func (v *visit) pictures(o *federation.Object) (all []picture) {
	for i := range o.Attachments {
		if p := v.pictureOf(&o.Attachments[i]); p != nil {
			all = append(all, *p)
		}
	}
	return all
}

// converted are the kinds of objects of which Mastodon shows the name, the
// summary and a link, and never the content.
func converted(kind string) bool { return kind == "Event" || kind == "Article" || kind == "Page" }

// mastodon writes a post as Mastodon does: app/lib/activitypub/parser, 4.3 and
// later.
func mastodon(o *federation.Object) fediPost {
	if !converted(o.Type) {
		p := fediPost{Body: unlinked(safe(o.Content))}
		if o.Summary != "" {
			p.Warning = cut(vocab.Text(o.Summary), 500)
		}
		return p
	}
	body := "<p><strong>" + template.HTMLEscapeString(o.Name) + "</strong></p><p>" + o.Summary + "</p><p><a href=\"" +
		template.HTMLEscapeString(o.URL) + "\">" + template.HTMLEscapeString(shortLink(o.URL)) + "</a></p>"
	p := fediPost{Body: unlinked(safe(body))}
	for _, t := range o.Tags {
		if t.Type == "Hashtag" {
			p.Tags = append(p.Tags, t.Name)
		}
	}
	return p
}

// others writes a post as servers do that show its full text.
func others(o *federation.Object) *fediPost {
	if !converted(o.Type) {
		return nil
	}
	return &fediPost{Body: unlinked(safe("<p><strong>" + template.HTMLEscapeString(o.Name) + "</strong></p>" + o.Content))}
}

// shortLink writes an address as apps do: without its scheme, and not to its
// end.
func shortLink(url string) string {
	_, url, _ = strings.Cut(url, "://")
	if r := []rune(url); len(r) > 30 {
		return string(r[:30]) + "…"
	}
	return url
}

var linkTags = regexp.MustCompile(`<(/?)a(?: [^>]*)?>`)

// unlinked makes links look like links that lead nowhere: what is not
// published cannot be visited.
func unlinked(html template.HTML) template.HTML {
	return template.HTML(linkTags.ReplaceAllStringFunc(string(html), func(tag string) string { //nolint:gosec // sanitised before; tags are replaced by fixed ones
		if strings.HasPrefix(tag, "</") {
			return "</span>"
		}
		return `<span class="link">`
	}))
}
