// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"fmt"
	"html"
	"strings"
	"unicode/utf8"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// How long a message to those who come may be, and to how many it may go.
const (
	maxToAll   = 2000
	maxWritten = 500
)

// writeToAll sends a message to everybody who comes: a letter to guests, a
// direct note to each of the others, so that nobody learns who else comes.
func (v *visit) writeToAll(ctx context.Context) (p *page, err error) {
	f := v.posted()
	text := strings.TrimSpace(f.Value("words"))
	switch {
	case text == "":
		f.wrong("words", "error_content_missing")
	case utf8.RuneCountInString(text) > maxToAll:
		f.wrong("words", "form_write_long", "Most", maxToAll)
	}
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		o, err := v.own(ctx, tx)
		if err != nil {
			return err
		}
		edges, err := tx.AllAnswers(ctx, o.ID)
		if err != nil {
			return err
		}
		var coming []*federation.Edge
		for _, e := range edges {
			if e.Kind == federation.Join && !e.Pending && e.From != o.AttributedTo {
				coming = append(coming, e)
			}
		}
		if len(coming) > maxWritten {
			f.wrong("words", "form_write_many", "Most", maxWritten)
		}
		if o.Type != "Event" || len(f.mistakes) > 0 {
			p, err = v.answersList(ctx, tx, f)
			return err
		}
		for _, e := range coming {
			if err := v.writeTo(ctx, tx, o, e.From, text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || p != nil {
		return p, err
	}
	return see("/objects/"+v.r.PathValue("id")+"/answers", "written"), nil
}

// writeTo sends one of them the message.
func (v *visit) writeTo(ctx context.Context, tx *store.Tx, o *federation.Object, to federation.IRI, text string) error {
	title := cut(outbox.SourceOf(o).Name, 100)
	if federation.IsGuest(v.Origin, to) {
		g, err := tx.GuestNamed(ctx, to)
		if err != nil || g.Address == "" {
			return ignoreMissing(err)
		}
		words := locale.New(g.Language)
		return tx.QueueMail(ctx, &store.Mail{
			Kind: "guest", To: g.Address, Subject: words.T("mail_guest_write_subject", "Title", title),
			Body: words.T("mail_guest_write_body", "Text", text, "Title", title, "When", v.in(words).when(o, federation.EventOf(o)),
				"Site", v.facts.name(), "URL", v.Origin+guestPath(g), "Page", o.ID),
		})
	}
	a, err := tx.Actor(ctx, to)
	if errors.Is(err, federation.ErrNotFound) || err == nil && a.Gone {
		return nil
	}
	if err != nil {
		return err
	}
	n := &federation.Object{
		ID: outbox.NewObjectID(v.Origin), Type: "Note", AttributedTo: o.AttributedTo, InReplyTo: o.ID,
		To: some(to), Language: v.words.Lang(), Local: true,
	}
	if err := outbox.Readable(v.words, n, text); err != nil {
		return fmt.Errorf("message to %s: %w", to, err)
	}
	link := html.EscapeString(string(o.ID))
	n.Content = "<p>" + mentionLink(a) + "</p>" + n.Content + `<p><a href="` + link + `">` + html.EscapeString(title) + "</a></p>"
	n.Tags = append(n.Tags, federation.Tag{Type: "Mention", Name: "@" + a.Handle, Href: string(to)})
	return outbox.PublishTx(ctx, tx, &federation.Activity{Type: federation.Create, Actor: n.AttributedTo, Enclosed: n, To: n.To})
}
