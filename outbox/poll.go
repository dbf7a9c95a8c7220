// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"cmp"
	"context"
	"html"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// phrase finds the words for what one of ours is to say.
func phrase(ctx context.Context, tx *store.Tx, a *federation.Activity) error {
	switch {
	case a.Saying == nil:
		return nil
	case a.Saying.Kind == federation.SayStock:
		return rewrite(locale.New(a.Enclosed.Language), a.Enclosed, tx.Now())
	case a.Saying.Kind == federation.SayReason:
		o, err := tx.Object(ctx, a.Saying.Event)
		if err == nil && a.Saying.Reason != "" {
			a.Content = locale.New(o.Language).T(a.Saying.Reason)
		}
		return err
	case a.Enclosed == nil:
		return nil
	}
	return say(ctx, tx, a)
}

// say finds the words for what an organiser owes to whoever answers by poll, in
// the language of the event, and names them: Mastodon shows a direct message to
// whom it mentions.
func say(ctx context.Context, tx *store.Tx, a *federation.Activity) error {
	about, err := tx.Object(ctx, a.Saying.Event)
	if err != nil {
		return err
	}
	was := about
	if a.Saying.Was != nil {
		was = a.Saying.Was
	}
	if about.Gone() {
		about = was
	}
	to, err := tx.Actor(ctx, a.To[0])
	if err != nil {
		return err
	}
	words := locale.New(about.Language)
	o := a.Enclosed
	o.Language = words.Lang()
	handle := cmp.Or(to.Handle, to.Username+"@"+to.ID.Host())
	o.Tags = []federation.Tag{{Type: "Mention", Name: "@" + handle, Href: string(to.ID)}}
	text := words.T("poll_"+a.Saying.Kind, "Title", SourceOf(about).Name, "When", whenOf(words, about), "Where", whereOf(about), "Before", whenOf(words, was))
	link := html.EscapeString(string(about.ID))
	o.Content = `<p><span class="h-card"><a href="` + html.EscapeString(cmp.Or(to.URL, string(to.ID))) + `" class="u-url mention">@<span>` +
		html.EscapeString(to.Username) + `</span></a></span> ` + html.EscapeString(text) + `</p><p><a href="` + link + `">` + link + `</a></p>`
	if a.Saying.Kind == federation.SayPoll {
		federation.PutOptions(o, []string{words.T("poll_yes"), words.T("poll_maybe"), words.T("poll_no")}, -1)
	}
	return nil
}
