// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"cmp"
	"context"
	"errors"
	"html"
	"net/url"
	"strconv"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// Whoever takes part in an exchange by our pages alone hears of what the other
// does by a letter, or as an actor by a direct note, with the link to its page.

// RespondentPath is the page of the exchange of a respondent, or the one on
// which they confirm that they ask.
func RespondentPath(home string, r *store.Respondent) string {
	key := url.Values{"g": {strconv.FormatInt(r.ID, 10)}, "k": {r.Secret}}.Encode()
	if r.Exchange == "" {
		return "/respond/confirm?" + key
	}
	return strings.TrimPrefix(string(r.Exchange), home) + "?" + key
}

// tellByPage tells them of what a does.
func tellByPage(ctx context.Context, tx *store.Tx, a *federation.Activity) error {
	id, what := told(tx, a)
	if id == "" {
		return nil
	}
	x, err := tx.Exchange(ctx, id)
	if errors.Is(err, federation.ErrNotFound) || err == nil && (!x.ByPage(tx.Home()) || a.Actor != x.Publisher) {
		return nil
	}
	if err != nil {
		return err
	}
	if what == federation.ExchangeRefused {
		what = x.State // or countered
	}
	return WriteRespondentTx(ctx, tx, x, what, a.Content)
}

// told returns which exchange an activity is about, and what it says of it.
func told(tx *store.Tx, a *federation.Activity) (id federation.IRI, what string) {
	switch {
	case (a.Type == federation.Accept || a.Type == federation.Reject) && a.Inner != nil && a.Inner.Type == federation.Offer:
		what = federation.ExchangeAgreed
		if a.Type == federation.Reject {
			what = federation.ExchangeRefused
		}
		return a.Object, what
	case a.Type == federation.Delete && strings.HasPrefix(string(a.Object), tx.Home()+"/exchanges/"):
		return a.Object, federation.ExchangeCancelled
	case a.Type == federation.Create && a.Enclosed != nil && a.Enclosed.Type == "Document" && a.Enclosed.Context != "":
		return federation.IRI(a.Enclosed.Context), "told"
	case a.Type == federation.Create && a.Enclosed != nil:
		if m, ok := federation.MarkOf(a.Enclosed); ok && m.Kind == federation.MarkRenewed {
			return federation.IRI(a.Enclosed.Context), "renewed"
		} else if ok {
			return federation.IRI(a.Enclosed.Context), "dates"
		}
	}
	return "", ""
}

// WriteRespondentTx tells whoever takes part by our pages alone what became of
// an exchange, if they can be reached. said is what the other said with it.
func WriteRespondentTx(ctx context.Context, tx *store.Tx, x *federation.Exchange, what, said string) error {
	r, err := tx.RespondentOf(ctx, x.ID)
	if err != nil {
		if errors.Is(err, federation.ErrNotFound) {
			return nil
		}
		return err
	}
	o, err := tx.Whole(ctx, x.Proposal)
	if errors.Is(err, federation.ErrNotFound) || err == nil && o.Gone() {
		o, err = &federation.Object{ID: x.Proposal}, nil
	}
	if err != nil {
		return err
	}
	publisher, err := tx.Actor(ctx, x.Publisher)
	if err != nil {
		return err
	}
	zone, err := clocks(ctx, tx)
	if err != nil {
		return err
	}
	words := locale.New(r.Language)
	title := inLine(cmp.Or(SourceOf(o).Name, o.Name))
	args := append(ExchangeArgs(words, o, x, zone), "Name", inLine(r.Name), "Said", ReasonWords(words, said), "Site", cmp.Or(publisher.Name, publisher.Username),
		"Title", title, "URL", tx.Home()+RespondentPath(tx.Home(), r), "Page", x.Proposal)
	if r.Address == "" {
		text := words.T("mail_exchange_"+what+"_note", args...)
		return NoteTx(ctx, tx, &Letter{
			From: x.Publisher, To: x.Partner, Context: string(x.ID), InReplyTo: x.Offer.Document(), Language: r.Language, Text: text,
		})
	}
	return tx.QueueMail(ctx, &store.Mail{
		Kind: "exchange", To: r.Address, Subject: words.T("mail_exchange_"+what+"_subject", args...),
		Body: words.T("mail_exchange_"+what+"_body", args...),
	})
}

// clocks are those of the instance.
func clocks(ctx context.Context, tx *store.Tx) (*time.Location, error) {
	name, err := tx.Setting(ctx, locale.ZoneSetting)
	if errors.Is(err, federation.ErrNotFound) {
		err = nil
	}
	return locale.Clocks(name), err
}

// ExchangeArgs is what messages about an exchange may say of its terms.
func ExchangeArgs(words *locale.Printer, o *federation.Object, x *federation.Exchange, zone *time.Location) []any {
	t := x.Terms
	if x.State == federation.ExchangeCountered && x.Counter != nil {
		t = *x.Counter
	}
	return []any{
		"What", AmountWords(words, o, t.Quantity), "Price", SumWords(words, o, t.Price), "When", DueWords(words, t.Due, zone), "Where", inLine(t.Place),
	}
}

// A Letter is a direct note of one of ours to one actor.
type Letter struct {
	From, To  federation.IRI
	Context   string // the conversation
	InReplyTo federation.IRI
	Language  string
	Text      string // as typed
}

// NoteTx sends a letter. It names whom it is for: Mastodon shows a direct
// message to whom it mentions.
func NoteTx(ctx context.Context, tx *store.Tx, l *Letter) error {
	to, err := tx.Actor(ctx, l.To)
	if errors.Is(err, federation.ErrNotFound) || err == nil && to.Gone {
		return nil
	}
	if err != nil {
		return err
	}
	n := &federation.Object{
		ID: NewObjectID(tx.Home()), Type: "Note", AttributedTo: l.From, InReplyTo: l.InReplyTo, Context: l.Context,
		To: []federation.IRI{l.To}, Language: l.Language, Local: true,
	}
	if err := Readable(locale.New(l.Language), n, l.Text); err != nil {
		return err
	}
	handle := cmp.Or(to.Handle, to.Username+"@"+to.ID.Host())
	n.Tags = append(n.Tags, federation.Tag{Type: "Mention", Name: "@" + handle, Href: string(to.ID)})
	n.Content = `<p><span class="h-card"><a href="` + html.EscapeString(cmp.Or(to.URL, string(to.ID))) + `" class="u-url mention">@<span>` +
		html.EscapeString(to.Username) + `</span></a></span></p>` + n.Content
	return publish(ctx, tx, &federation.Activity{Type: federation.Create, Actor: l.From, Enclosed: n, To: n.To})
}
