// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// notificationsData is what the page of notifications shows.
type notificationsData struct {
	As      string
	Voices  []option
	Asking  []*who // to follow, and waiting for an answer
	Notices []notice
	More    string
	Unread  bool
	Until   string // of what is marked as read
}

// A notice says that somebody did something.
type notice struct {
	Words  string
	Who    *who
	Object *card
	At     string
	Read   bool
}

// notifications shows what concerns a voice.
func (v *visit) notifications(ctx context.Context, tx *store.Tx) (*page, error) {
	voice, err := v.voice()
	if err != nil {
		return nil, err
	}
	d := notificationsData{As: voice.Username, Voices: v.voiceOptions(voice), Until: v.Now().UTC().Format(time.RFC3339Nano)}
	if d.Asking, err = v.asking(ctx, tx, voice.ID); err != nil {
		return nil, err
	}
	list, next, err := tx.Notices(ctx, voice.ID, v.after(), pageSize)
	if err != nil {
		return nil, err
	}
	d.More = v.more(next)
	if d.Notices, err = v.notices(ctx, tx, list); err != nil {
		return nil, err
	}
	for _, n := range d.Notices {
		d.Unread = d.Unread || !n.Read
	}
	return &page{Name: "notifications", Title: v.words.T("page_notifications"), Data: d, NoIndex: true}, nil
}

// asking lists those who wait to follow an actor.
func (v *visit) asking(ctx context.Context, tx *store.Tx, actor federation.IRI) ([]*who, error) {
	edges, _, err := tx.EdgesTo(ctx, federation.Follow, actor, true, "", 50)
	if err != nil {
		return nil, err
	}
	return v.people(ctx, tx, edges, func(e *federation.Edge) federation.IRI { return e.From })
}

// people shows one end of some edges.
func (v *visit) people(ctx context.Context, tx *store.Tx, edges []*federation.Edge, end func(*federation.Edge) federation.IRI) ([]*who, error) {
	var ids []federation.IRI
	for _, e := range edges {
		ids = append(ids, end(e))
	}
	known, err := tx.Actors(ctx, ids...)
	if err != nil {
		return nil, err
	}
	var all []*who
	for _, id := range ids {
		all = append(all, v.actorOf(known[id], id))
	}
	return all, nil
}

// notices puts notices into words; what they are about is read together.
func (v *visit) notices(ctx context.Context, tx *store.Tx, list []store.Noticed) ([]notice, error) {
	var actors, objects []federation.IRI
	for _, n := range list {
		actors = append(actors, n.Actor)
		if n.Object != "" {
			objects = append(objects, n.Object)
		}
	}
	who, err := tx.Actors(ctx, actors...)
	if err != nil {
		return nil, err
	}
	about, err := tx.Objects(ctx, objects...)
	if err != nil {
		return nil, err
	}
	var all []notice
	for _, n := range list {
		line := notice{Who: v.actorOf(who[n.Actor], n.Actor), At: v.words.Ago(n.At, v.Now()), Read: n.Read}
		line.Words = v.words.T("page_notice_" + n.Kind)
		if o := about[n.Object]; o != nil && !o.Gone() {
			if _, ok, err := v.viewer(ctx, tx, o); err != nil {
				return nil, err
			} else if ok {
				line.Object = v.card(o)
			}
		}
		all = append(all, line)
	}
	return all, nil
}

// readNotifications marks what was shown as read.
func (v *visit) readNotifications(ctx context.Context) (*page, error) {
	voice, err := v.voice()
	if err != nil {
		return nil, err
	}
	until, err := time.Parse(time.RFC3339Nano, v.r.PostFormValue("until"))
	if err != nil || until.After(v.Now()) {
		until = v.Now()
	}
	err = v.DB.Update(ctx, func(tx *store.Tx) error { return tx.ReadNotices(ctx, voice.ID, until) })
	if err != nil {
		return nil, err
	}
	return see(withVoice("/notifications", voice), ""), nil
}
