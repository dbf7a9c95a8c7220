// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// react likes or shares an object, or takes that back.
func (v *visit) react(ctx context.Context) (*page, error) {
	voice, err := v.voice()
	if err != nil {
		return nil, err
	}
	var kind string
	switch v.r.PostFormValue("verb") {
	case "like", "unlike":
		kind = federation.Like
	case "share", "unshare":
		kind = federation.Announce
	default:
		return nil, fmt.Errorf("%w: verb", federation.ErrMalformed)
	}
	undo := strings.HasPrefix(v.r.PostFormValue("verb"), "un")
	var where string
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		o, err := v.readable(ctx, tx, federation.IRI(v.r.PostFormValue("object")))
		if err != nil {
			return err
		}
		where = v.href(o)
		if undo {
			return v.undo(ctx, tx, kind, voice.ID, o.ID, o.AttributedTo)
		}
		a := &federation.Activity{Type: kind, Actor: voice.ID, Object: o.ID, To: []federation.IRI{o.AttributedTo}}
		if kind == federation.Announce {
			a.To, a.Cc = []federation.IRI{federation.Public}, some(voice.Followers, o.AttributedTo)
		}
		return outbox.PublishTx(ctx, tx, a)
	})
	if err != nil {
		return nil, err
	}
	return see(withVoice(where, voice), ""), nil
}

// undo takes back what one of our actors did; nothing if it did not.
func (v *visit) undo(ctx context.Context, tx *store.Tx, kind string, actor, object, tell federation.IRI) error {
	e, err := tx.Edge(ctx, kind, actor, object)
	if err != nil {
		return ignoreMissing(err)
	}
	a := &federation.Activity{
		Type: federation.Undo, Actor: actor, Object: e.By, To: some(tell),
		Inner: &federation.Activity{ID: e.By, Type: kind, Actor: actor, Object: object},
	}
	if kind == federation.Announce {
		a.To = append(a.To, federation.Public)
		if who, err := tx.Actor(ctx, actor); err == nil {
			a.Cc = some(who.Followers)
		}
	}
	return outbox.PublishTx(ctx, tx, a)
}

// withVoice goes on as the same actor.
func withVoice(path string, voice *federation.Actor) string {
	sign := "?"
	if strings.Contains(path, "?") {
		sign = "&"
	}
	return path + sign + "as=" + url.QueryEscape(voice.Username)
}

// reply answers an object: to as many as may read it, and its author.
func (v *visit) reply(ctx context.Context) (*page, error) {
	voice, err := v.voice()
	if err != nil {
		return nil, err
	}
	f := v.posted()
	mentions, err := v.mentions(ctx, "note", f.Value("description"))
	if err != nil {
		return nil, err
	}
	var again *page
	var where string
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		parent, err := v.readable(ctx, tx, federation.IRI(f.Value("object")))
		if err != nil {
			return err
		}
		where = v.href(parent)
		o, err := v.answerTo(ctx, tx, parent, voice, f, mentions)
		if err != nil {
			return err
		}
		if len(f.mistakes) > 0 {
			again, err = v.objectPage(ctx, tx, parent, f)
			return err
		}
		return outbox.PublishTx(ctx, tx, &federation.Activity{Type: federation.Create, Actor: voice.ID, Enclosed: o, To: o.To, Cc: o.Cc})
	})
	if err != nil {
		return nil, err
	}
	if again != nil {
		again.Status = 422
		return again, nil
	}
	return see(withVoice(where, voice), "replied"), nil
}

// answerTo makes the note that answers parent.
func (v *visit) answerTo(ctx context.Context, tx *store.Tx, parent *federation.Object, voice *federation.Actor, f *form, mentions []mention) (*federation.Object, error) {
	if parent.Gone() {
		return nil, fmt.Errorf("%s: %w", parent.ID, federation.ErrGone)
	}
	author, err := tx.Actor(ctx, parent.AttributedTo)
	if err != nil {
		return nil, err
	}
	inner := v.form(url.Values{"description": f.values["description"]})
	c := outbox.Composer{Now: tx.Now().Truncate(time.Second), Author: voice, ID: outbox.NewObjectID(v.Origin), Words: v.words}
	o, problems := v.note(c, inner, nil)
	f.take(problems)
	if len(f.mistakes) > 0 {
		return nil, nil
	}
	o.InReplyTo, o.Context = parent.ID, parent.Context
	addressReply(o, parent, voice, author)
	if author.ID != voice.ID && !slices.ContainsFunc(mentions, func(m mention) bool { return m.actor.ID == author.ID }) {
		o.Tags = append(o.Tags, federation.Tag{Type: "Mention", Name: "@" + handleOf(author), Href: string(author.ID)})
		o.Content = strings.Replace(o.Content, "<p>", "<p>"+mentionLink(author)+" ", 1)
	}
	mentioned(o, mentions)
	return o, nil
}

// addressReply lets an answer be read by those who may read what it answers.
func addressReply(o, parent *federation.Object, voice, author *federation.Actor) {
	o.Audience, o.To, o.Cc = "", nil, nil
	switch parent.Visibility(author.Followers) {
	case federation.VisiblePublic:
		o.To, o.Cc = []federation.IRI{federation.Public}, some(voice.Followers, author.ID, parent.Audience)
		o.Audience = parent.Audience
	case federation.VisibleUnlisted:
		o.To, o.Cc = some(voice.Followers), []federation.IRI{federation.Public, author.ID}
	default:
		o.To = some(author.ID)
		if parent.Audience != "" {
			o.To, o.Audience = some(author.ID, parent.Audience), parent.Audience
		}
	}
	if author.ID == voice.ID { // a thread with oneself
		o.Cc = slices.DeleteFunc(o.Cc, func(id federation.IRI) bool { return id == author.ID })
		if len(o.To) == 1 && o.To[0] == author.ID {
			o.To, o.Cc = parent.To, parent.Cc
		}
	}
}

// reportPage asks what is wrong with an object or an actor.
func (v *visit) reportPage(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.reportForm(ctx, tx, v.form(v.r.URL.Query()))
}

func (v *visit) reportForm(ctx context.Context, tx *store.Tx, f *form) (*page, error) {
	id := federation.IRI(f.Value("id"))
	title := ""
	if o, err := v.readable(ctx, tx, id); err == nil {
		title = v.card(o).Title
	} else if ignoreMissing(err) != nil {
		return nil, err
	} else {
		a, err := tx.Actor(ctx, id)
		if err != nil {
			return nil, err
		}
		title = v.actorOf(a, a.ID).Name
	}
	d := reportData{
		Form: f, ID: string(id), About: title, Remote: id.Origin() != v.Origin, Visitor: v.account == nil, Mail: v.Mail,
		Reasons: append([]option{{Label: v.words.T("form_reason_none")}}, options(v.words, "form_reason_", complaintReasons)...),
	}
	p := &page{Name: "report", Title: v.words.T("page_report"), Data: d, NoIndex: true, Problems: f.mistakes}
	if len(f.mistakes) > 0 {
		p.Status = 422
	}
	return p, nil
}

// reportData is what the page of a report shows.
type reportData struct {
	Form      *form
	ID, About string
	Remote    bool
	Visitor   bool // has no account
	Mail      bool
	Reasons   []option
}

// report tells the moderators here and, if the author wishes, those of the
// peer.
func (v *visit) report(ctx context.Context) (p *page, err error) {
	if v.account == nil {
		return v.complain(ctx)
	}
	f := v.posted()
	if strings.TrimSpace(f.Value("content")) == "" {
		f.wrong("content", "error_content_missing")
	}
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		p, err = v.reportForm(ctx, tx, f) // also finds out whether there is such a thing
		if err != nil || len(f.mistakes) > 0 {
			return err
		}
		id := federation.IRI(f.Value("id"))
		a := &federation.Activity{Type: federation.Flag, Object: id, Objects: []federation.IRI{id}, Content: cut(f.Value("content"), 2000)}
		// The instance reports: peers need not know who did.
		a.Actor = outbox.InstanceActor(v.Origin)
		author := id
		if o, err := tx.Object(ctx, id); err == nil {
			author = o.AttributedTo
			a.Objects = append(a.Objects, author)
		}
		if id.Origin() != v.Origin && f.Value("forward") != "" {
			a.To = []federation.IRI{author}
		}
		return outbox.PublishTx(ctx, tx, a)
	})
	if err != nil || len(f.mistakes) > 0 {
		return p, err
	}
	return see("/feed", "reported"), nil
}
