// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"fmt"
	"net/url"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// followersData is what the pages of followers and of followed show.
type followersData struct {
	As      string
	Voices  []option
	Count   int
	People  []*who
	Waiting []*who // asked to follow, or whom we asked
	Blocked []*who
	More    string
	Mine    bool // those whom we follow
	Q       string
	Form    *form // of a list to bring along
	Queued  int   // from such a list
	Failed  []string
}

// followers lists who follows a voice, who wants to, and who is blocked.
func (v *visit) followers(ctx context.Context, tx *store.Tx) (*page, error) {
	voice, err := v.voice()
	if err != nil {
		return nil, err
	}
	d := followersData{As: voice.Username, Voices: v.voiceOptions(voice), Q: cut(v.r.URL.Query().Get("q"), 100)}
	edges, next, err := tx.Followers(ctx, voice.ID, v.after(), pageSize)
	if d.Q != "" {
		next = ""
		edges, err = tx.Found(ctx, federation.Follow, voice.ID, true, d.Q, 100)
	}
	if err != nil {
		return nil, err
	}
	from := func(e *federation.Edge) federation.IRI { return e.From }
	d.More = v.more(next)
	if d.People, err = v.people(ctx, tx, edges, from); err != nil {
		return nil, err
	}
	if d.Count, err = tx.CountTo(ctx, federation.Follow, voice.ID); err != nil {
		return nil, err
	}
	if d.Waiting, err = v.asking(ctx, tx, voice.ID); err != nil {
		return nil, err
	}
	blocks, _, err := tx.EdgesFrom(ctx, federation.Block, voice.ID, false, "", 100)
	if err != nil {
		return nil, err
	}
	d.Blocked, err = v.people(ctx, tx, blocks, func(e *federation.Edge) federation.IRI { return e.To })
	return &page{Name: "followers", Title: v.words.T("page_followers"), Data: d, NoIndex: true}, err
}

// following lists whom a voice follows or has asked to follow.
func (v *visit) following(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.followingPage(ctx, tx, v.form(url.Values{}))
}

func (v *visit) followingPage(ctx context.Context, tx *store.Tx, f *form) (*page, error) {
	voice, err := v.voice()
	if err != nil {
		return nil, err
	}
	d := followersData{As: voice.Username, Voices: v.voiceOptions(voice), Mine: true, Q: cut(v.r.URL.Query().Get("q"), 100), Form: f}
	to := func(e *federation.Edge) federation.IRI { return e.To }
	edges, next, err := tx.Following(ctx, voice.ID, v.after(), pageSize)
	if d.Q != "" {
		next = ""
		edges, err = tx.Found(ctx, federation.Follow, voice.ID, false, d.Q, 100)
	}
	if err != nil {
		return nil, err
	}
	d.More = v.more(next)
	if d.People, err = v.people(ctx, tx, edges, to); err != nil {
		return nil, err
	}
	if d.Count, err = tx.CountFrom(ctx, federation.Follow, voice.ID); err != nil {
		return nil, err
	}
	waiting, _, err := tx.EdgesFrom(ctx, federation.Follow, voice.ID, true, "", 50)
	if err != nil {
		return nil, err
	}
	if d.Waiting, err = v.people(ctx, tx, waiting, to); err != nil {
		return nil, err
	}
	wishes, err := tx.Wishes(ctx, voice.ID)
	for _, w := range wishes {
		if w.Failed {
			d.Failed = append(d.Failed, w.Handle)
		} else {
			d.Queued++
		}
	}
	return &page{Name: "followers", Title: v.words.T("page_following"), Data: d, NoIndex: true, Problems: f.mistakes}, err
}

// acceptFollower lets somebody follow a locked actor, or refuses it.
func (v *visit) acceptFollower(ctx context.Context) (*page, error) {
	switch v.r.PostFormValue("answer") {
	case "accept":
		return v.answerFollow(ctx, federation.Accept, "accepted", "/notifications")
	case "reject":
		return v.answerFollow(ctx, federation.Reject, "rejected", "/notifications")
	}
	return v.unanswered(), nil
}

// removeFollower ends later what was accepted.
func (v *visit) removeFollower(ctx context.Context) (*page, error) {
	return v.answerFollow(ctx, federation.Reject, "removed", "/followers")
}

func (v *visit) answerFollow(ctx context.Context, verb, done, where string) (*page, error) {
	voice, err := v.voice()
	if err != nil {
		return nil, err
	}
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		e, err := tx.Edge(ctx, federation.Follow, federation.IRI(v.r.PostFormValue("actor")), voice.ID)
		if err != nil {
			return fmt.Errorf("follow: %w", err)
		}
		return outbox.PublishTx(ctx, tx, &federation.Activity{
			Type: verb, Actor: voice.ID, Object: e.By, To: []federation.IRI{e.From},
			Inner: &federation.Activity{ID: e.By, Type: federation.Follow, Actor: e.From, Object: e.To},
		})
	})
	if err != nil {
		return nil, err
	}
	return see(withVoice(where, voice), done), nil
}
