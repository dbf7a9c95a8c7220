// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// maxNote is how long a note may be, in characters.
const maxNote = 10000

// A mention is an actor that is named in a text.
type mention struct {
	handle string // user@host, as typed
	actor  *federation.Actor
}

// handles finds @user@host in typed text and in the HTML made of it. What
// stands before it is no letter and no part of an address.
var handles = regexp.MustCompile(`(^|[^\w/@.=&;-])@([\w.-]+@[\w-]+(?:\.[\w-]+)+(?::\d+)?|[\w-]+@localhost(?::\d+)?)`)

// maxMentions is how many actors one text may name.
const maxMentions = 10

// mentions finds out whom a note names. Those who are not known here are
// looked up; who cannot be found is left a mere word.
func (v *visit) mentions(ctx context.Context, kind, text string) ([]mention, error) {
	if kind != "note" || utf8.RuneCountInString(text) > maxNote {
		return nil, nil
	}
	var all []mention
	for _, m := range handles.FindAllStringSubmatch(text, -1) {
		handle := strings.TrimRight(m[2], ".-")
		if len(all) == maxMentions || slices.ContainsFunc(all, func(m mention) bool { return m.handle == handle }) {
			continue
		}
		a, err := v.byHandle(ctx, handle)
		if err != nil {
			return nil, err
		}
		if a != nil && !a.Gone {
			all = append(all, mention{handle, a})
		}
	}
	return all, nil
}

// byHandle finds the actor with a handle; nil if it cannot be found now.
func (v *visit) byHandle(ctx context.Context, handle string) (a *federation.Actor, err error) {
	err = v.DB.View(ctx, func(tx *store.Tx) error {
		if name, ok := strings.CutSuffix(strings.ToLower(handle), "@"+v.local("/").Host()); ok {
			a, err = tx.ActorByUsername(ctx, name)
			return err
		}
		a, err = tx.ActorByHandle(ctx, strings.ToLower(handle))
		return err
	})
	if err == nil || ignoreMissing(err) != nil {
		return a, err
	}
	if _, ok := v.lookups.allow(v.account.Name, v.Now()); !ok {
		return nil, nil
	}
	a, _ = v.lookUpActor(ctx, handle) // a peer that does not answer is no mistake of the author
	return a, nil
}

// note makes a short post: what was typed, with links from the hashtags and
// handles in it.
func (v *visit) note(c outbox.Composer, f *form, mentions []mention) (*federation.Object, outbox.Problems) {
	o := &federation.Object{ID: c.ID, Type: "Note", AttributedTo: c.Author.ID, Local: true, Published: c.Now.UTC().Truncate(time.Second)}
	if old := c.Old; old != nil {
		o.ID, o.Published, o.URL, o.InReplyTo, o.Context, o.Extra = old.ID, old.Published, old.URL, old.InReplyTo, old.Context, old.Extra
	}
	text := strings.TrimSpace(f.Value("description"))
	if utf8.RuneCountInString(text) > maxNote {
		return nil, outbox.Problems{{Field: "content", Reason: "error_text_long", Args: []any{"Max", maxNote}}}
	}
	problems := addressNote(o, c.Author, f.Value("audience"), federation.IRI(f.Value("circuit")))
	problems = append(problems, notePhotos(o, c, f)...)
	if text == "" && len(o.Attachments) == 0 {
		problems = append(problems, outbox.Problem{Field: "content", Reason: "error_content_missing"})
	}
	if len(problems) > 0 {
		return nil, problems
	}
	if lang := f.Value("language"); slices.Contains(locale.Languages(), lang) {
		o.Language = lang
	}
	if err := outbox.Readable(v.words, o, text); err != nil {
		return nil, outbox.Problems{{Field: "content", Reason: "error_unknown"}}
	}
	if warning := cut(f.Value("warning"), 200); warning != "" {
		o.Sensitive, o.Summary = true, html.EscapeString(warning)
	}
	v.tagged(o)
	mentioned(o, mentions)
	return o, nil
}

// addressNote says who may read a note.
func addressNote(o *federation.Object, author *federation.Actor, audience string, circuit federation.IRI) outbox.Problems {
	o.Audience = circuit
	switch audience {
	case "", "public":
		o.To, o.Cc = []federation.IRI{federation.Public}, append(some(author.Followers), outbox.CircuitOf(author, circuit)...)
	case "followers":
		o.To, o.Cc = some(author.Followers), some(circuit)
	case "circuit":
		if circuit == "" {
			return outbox.Problems{{Field: "audience", Reason: "error_circuit_missing"}}
		}
		o.To = outbox.CircuitOf(author, circuit)
	default:
		return outbox.Problems{{Field: "to", Reason: "error_audience"}}
	}
	return nil
}

// some returns those that are not empty.
func some(ids ...federation.IRI) []federation.IRI {
	return slices.DeleteFunc(ids, func(id federation.IRI) bool { return id == "" })
}

// notePhotos hangs the photos of a form on a note.
func notePhotos(o *federation.Object, c outbox.Composer, f *form) (problems outbox.Problems) {
	photos, _ := f.photos()
	for _, p := range photos {
		m, ok := c.Photo(p.ID)
		if !ok && c.Old != nil {
			for _, old := range c.Old.Attachments {
				if strings.HasSuffix(old.URL, "/media/"+p.ID) {
					m, ok = old, true
				}
			}
		}
		if !ok {
			return outbox.Problems{{Field: "attachment", Reason: "error_photo_missing"}}
		}
		if m.Name = cut(p.Alt, maxAlt); m.Name == "" {
			problems = outbox.Problems{{Field: "attachment", Reason: "error_alt_missing"}}
		}
		o.Attachments = append(o.Attachments, m)
	}
	if len(photos) > outbox.MaxPhotos {
		problems = append(problems, outbox.Problem{Field: "attachment", Reason: "error_photos_many"})
	}
	return problems
}

// hashtags finds #Words in typed text and in the HTML made of it.
var hashtags = regexp.MustCompile(`(^|[^\w/&#])#([\p{L}\p{M}\p{N}_]*[\p{L}][\p{L}\p{M}\p{N}_]*)`)

// tagged links the hashtags in o and lists them.
func (v *visit) tagged(o *federation.Object) {
	o.Content = hashtags.ReplaceAllStringFunc(o.Content, func(s string) string {
		at := strings.IndexByte(s, '#')
		name := s[at+1:]
		href := v.Origin + "/tags/" + url.PathEscape(federation.Hashtag(name))
		if len(o.Tags) == 20 || utf8.RuneCountInString(name) > 38 {
			return s
		}
		if !slices.ContainsFunc(o.Tags, func(t federation.Tag) bool { return t.Href == href }) {
			o.Tags = append(o.Tags, federation.Tag{Type: "Hashtag", Name: "#" + name, Href: href})
		}
		return s[:at] + `<a href="` + html.EscapeString(href) + `" class="mention hashtag" rel="tag">#<span>` + html.EscapeString(name) + `</span></a>`
	})
}

// mentioned links the handles in o and tags those they name.
func mentioned(o *federation.Object, mentions []mention) {
	for _, m := range mentions {
		tag := federation.Tag{Type: "Mention", Name: "@" + m.handle, Href: string(m.actor.ID)}
		if slices.ContainsFunc(o.Tags, func(t federation.Tag) bool { return t.Href == tag.Href }) {
			continue
		}
		o.Tags = append(o.Tags, tag)
		if !slices.Contains(o.To, m.actor.ID) && !slices.Contains(o.Cc, m.actor.ID) {
			o.Cc = append(o.Cc, m.actor.ID)
		}
	}
	o.Content = handles.ReplaceAllStringFunc(o.Content, func(s string) string {
		at := strings.IndexByte(s, '@')
		typed := s[at+1:]
		handle := strings.TrimRight(typed, ".-")
		i := slices.IndexFunc(mentions, func(m mention) bool { return m.handle == handle })
		if i < 0 {
			return s
		}
		return s[:at] + mentionLink(mentions[i].actor) + typed[len(handle):]
	})
}

// mentionLink writes a mention as Mastodon does.
func mentionLink(a *federation.Actor) string {
	return `<span class="h-card"><a href="` + html.EscapeString(webLink(a.URL, a.ID)) + `" class="u-url mention">@<span>` +
		html.EscapeString(a.Username) + `</span></a></span>`
}
