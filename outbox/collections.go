// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/store"
)

// pageSize is how many items a page of a collection holds.
const pageSize = 20

// A pager reads one page of a collection: its items and the cursor of the
// next page, "" at the end.
type pager func(ctx context.Context, tx *store.Tx, cursor string) (items []json.RawMessage, next string, err error)

// collection answers with a collection, or with the page that the query names:
// OrderedCollection{totalItems, first} and pages of it. ActivityPub 5.
func (d *Documents) collection(ctx context.Context, r *http.Request, total func(context.Context, *store.Tx) (int, error), page pager) (document, error) {
	id := d.local(r.URL.Path)
	c := &vocab.Collection{ID: id, Unordered: path.Base(r.URL.Path) == "replies"}
	err := d.DB.View(ctx, func(tx *store.Tx) (err error) {
		if c.Total, err = total(ctx, tx); err != nil {
			return err
		}
		if !r.URL.Query().Has("page") {
			if page != nil {
				c.First = id + "?page="
			}
			return nil
		}
		cursor := r.URL.Query().Get("page")
		c.ID, c.PartOf = pageID(id, cursor), id
		c.Items = []json.RawMessage{}
		if page == nil {
			return nil
		}
		items, next, err := page(ctx, tx, cursor)
		if err != nil {
			return err
		}
		c.Items = append(c.Items, items...)
		if next != "" {
			c.Next = pageID(id, next)
		}
		return nil
	})
	if err != nil {
		return document{}, err
	}
	raw, err := vocab.EncodeCollection(c)
	return activityJSON(raw), err
}

func pageID(id federation.IRI, cursor string) federation.IRI {
	return id + "?page=" + federation.IRI(url.QueryEscape(cursor))
}

// actorCollection serves what hangs on one of our actors.
func (d *Documents) actorCollection(ctx context.Context, r *http.Request) (document, error) {
	a, err := d.alive(ctx, r)
	if err != nil {
		return document{}, err
	}
	switch r.PathValue("collection") {
	case "followers":
		return d.edges(ctx, r, a, (*store.Tx).CountTo, (*store.Tx).Followers, func(e *federation.Edge) federation.IRI { return e.From })
	case "following":
		return d.edges(ctx, r, a, (*store.Tx).CountFrom, (*store.Tx).Following, func(e *federation.Edge) federation.IRI { return e.To })
	case "featured":
		return d.featured(ctx, r, a)
	case "upcoming-events":
		return d.found(ctx, r, store.Query{Kinds: []string{"event"}, Author: a.ID, LocalOnly: true, OpenOnly: true, From: d.Verifier.Now(), Sort: store.SortStart})
	case "offers":
		return d.found(ctx, r, store.Query{Kinds: []string{"offer", "need"}, Author: a.ID, LocalOnly: true, OpenOnly: true})
	}
	return document{}, notHere(d.local(r.URL.Path))
}

func (d *Documents) alive(ctx context.Context, r *http.Request) (*federation.Actor, error) {
	a, err := d.named(ctx, r)
	if err == nil && a.Gone {
		err = fmt.Errorf("%w: %s", federation.ErrGone, a.ID)
	}
	return a, err
}

// edges serves followers and following. A person's are counted but not named,
// unless they want it: who belongs to an initiative is nobody's business.
func (d *Documents) edges(ctx context.Context, r *http.Request, a *federation.Actor,
	count func(*store.Tx, context.Context, string, federation.IRI) (int, error),
	list func(*store.Tx, context.Context, federation.IRI, string, int) ([]*federation.Edge, string, error),
	end func(*federation.Edge) federation.IRI,
) (document, error) {
	total := func(ctx context.Context, tx *store.Tx) (int, error) { return count(tx, ctx, federation.Follow, a.ID) }
	if !a.ShowsNetwork() {
		return d.collection(ctx, r, total, nil)
	}
	return d.collection(ctx, r, total, func(ctx context.Context, tx *store.Tx, cursor string) ([]json.RawMessage, string, error) {
		edges, next, err := list(tx, ctx, a.ID, cursor, pageSize)
		var ids []federation.IRI
		for _, e := range edges {
			ids = append(ids, end(e))
		}
		return vocab.IRIs(ids), next, err
	})
}

// featured serves what an actor pinned, with the objects inside, in one piece.
func (d *Documents) featured(ctx context.Context, r *http.Request, a *federation.Actor) (document, error) {
	c := &vocab.Collection{ID: a.Featured, Items: []json.RawMessage{}}
	err := d.DB.View(ctx, func(tx *store.Tx) error {
		list, err := tx.Featured(ctx, a.ID)
		for _, o := range list {
			if ok, err := tx.MayRead(ctx, "", o); err != nil || !ok || len(o.Raw) == 0 {
				continue
			}
			c.Items = append(c.Items, json.RawMessage(o.Raw))
		}
		c.Total = len(c.Items)
		return err
	})
	if err != nil {
		return document{}, err
	}
	raw, err := vocab.EncodeCollection(c)
	return activityJSON(raw), err
}

// found serves the public objects that a query finds, by their ids.
func (d *Documents) found(ctx context.Context, r *http.Request, q store.Query) (document, error) {
	q.Limit = pageSize
	total := func(ctx context.Context, tx *store.Tx) (int, error) {
		return tx.CountBy(ctx, q.Author, q.From, q.Kinds...)
	}
	return d.collection(ctx, r, total, func(ctx context.Context, tx *store.Tx, cursor string) ([]json.RawMessage, string, error) {
		q.Cursor = cursor
		list, next, err := tx.Search(ctx, q)
		var ids []federation.IRI
		for _, f := range list {
			ids = append(ids, f.Object.ID)
		}
		return vocab.IRIs(ids), next, err
	})
}

// outbox serves an actor's activities, newest first, each embedded: Gancio and
// others import from here.
func (d *Documents) outbox(ctx context.Context, r *http.Request) (document, error) {
	a, err := d.alive(ctx, r)
	if err != nil {
		return document{}, err
	}
	var viewer federation.IRI
	if token, ok := bearer(r); ok {
		if viewer, _, err = d.token(ctx, token); err != nil {
			return document{}, err
		}
	}
	total := func(ctx context.Context, tx *store.Tx) (int, error) { return tx.OutboxCount(ctx, a.ID) }
	doc, err := d.collection(ctx, r, total, func(ctx context.Context, tx *store.Tx, cursor string) ([]json.RawMessage, string, error) {
		list, next, err := tx.Outbox(ctx, a.ID, viewer, cursor, pageSize)
		return embedded(list), next, err
	})
	doc.private = viewer != ""
	return doc, err
}

// inbox serves what an actor received, to itself alone. ActivityPub 5.2.
func (d *Documents) inbox(ctx context.Context, r *http.Request) (document, error) {
	a, err := d.alive(ctx, r)
	if err != nil {
		return document{}, err
	}
	token, ok := bearer(r)
	if !ok {
		return document{}, fmt.Errorf("%w: an inbox is read with a token", federation.ErrUnauthorized)
	}
	viewer, _, err := d.token(ctx, token)
	if err != nil {
		return document{}, err
	}
	if viewer != a.ID {
		return document{}, fmt.Errorf("%w: %s", federation.ErrForbidden, a.Inbox)
	}
	total := func(context.Context, *store.Tx) (int, error) { return 0, nil }
	doc, err := d.collection(ctx, r, total, func(ctx context.Context, tx *store.Tx, cursor string) ([]json.RawMessage, string, error) {
		list, next, err := tx.ActivitiesFor(ctx, a.ID, cursor, pageSize)
		if err != nil {
			return nil, "", err
		}
		items, err := WithObjects(ctx, tx, list)
		return items, next, err
	})
	doc.private = true
	return doc, err
}

// embedded returns the documents of activities.
func embedded(list []store.Spoken) (items []json.RawMessage) {
	for _, s := range list {
		if len(s.Document) > 0 {
			items = append(items, json.RawMessage(s.Document))
		}
	}
	return items
}

// WithObjects returns the documents of received activities. Of a Create or an
// Update only the object's bytes are kept: the activity is put around them.
func WithObjects(ctx context.Context, tx *store.Tx, list []store.Spoken) (items []json.RawMessage, err error) {
	for _, s := range list {
		if len(s.Document) > 0 {
			items = append(items, json.RawMessage(s.Document))
			continue
		}
		a := &federation.Activity{ID: s.ID, Type: s.Type, Actor: s.Actor, Object: s.Object, Published: s.Published}
		if o, err := tx.Object(ctx, s.Object); err == nil && len(o.Raw) > 0 {
			a.Enclosed, a.To, a.Cc = o, o.To, o.Cc
		}
		raw, err := vocab.EncodeActivity(a)
		if err != nil {
			return nil, err
		}
		items = append(items, json.RawMessage(raw))
	}
	return items, nil
}

// objectCollections are what hangs on an object.
func (d *Documents) objectCollections() map[string]answerer {
	return map[string]answerer{
		"replies": d.replies,
		// How many, not who:
		"likes":      d.counted(func(c store.Counts) int { return c.Likes }),
		"shares":     d.counted(func(c store.Counts) int { return c.Shares }),
		"attendees":  d.attendees,
		"organizers": d.organizers,
	}
}

// replies serves the public answers to an object, by their ids.
func (d *Documents) replies(ctx context.Context, r *http.Request) (document, error) {
	id, err := d.publicObject(ctx, r)
	if err != nil {
		return document{}, err
	}
	total := reactions(id, func(c store.Counts) int { return c.Replies })
	return d.collection(ctx, r, total, func(ctx context.Context, tx *store.Tx, cursor string) ([]json.RawMessage, string, error) {
		list, next, err := tx.Replies(ctx, id, "", cursor, pageSize)
		var ids []federation.IRI
		for _, o := range list {
			ids = append(ids, o.ID)
		}
		return vocab.IRIs(ids), next, err
	})
}

// organizers serves who holds an event, as the event itself says it.
func (d *Documents) organizers(ctx context.Context, r *http.Request) (document, error) {
	id := d.local("/objects/" + r.PathValue("id"))
	c := &vocab.Collection{ID: id + "/organizers", Unordered: true, Total: 1}
	err := d.DB.View(ctx, func(tx *store.Tx) error {
		o, _, err := d.readable(ctx, tx, id, "")
		if err == nil && (o.Type != "Event" || len(o.Extra["organizers"]) > 0) {
			err = fmt.Errorf("organizers of %s: %w", id, federation.ErrNotFound)
		}
		if err == nil {
			c.Items = vocab.IRIs([]federation.IRI{o.AttributedTo})
		}
		return err
	})
	if err != nil {
		return document{}, err
	}
	raw, err := vocab.EncodeCollection(c)
	return activityJSON(raw), err
}

// counted serves a collection that says how many it holds, and no more.
func (d *Documents) counted(pick func(store.Counts) int) answerer {
	return func(ctx context.Context, r *http.Request) (document, error) {
		id, err := d.publicObject(ctx, r)
		if err != nil {
			return document{}, err
		}
		return d.collection(ctx, r, reactions(id, pick), nil)
	}
}

// publicObject returns the id of the object in the path, if anybody may read it.
func (d *Documents) publicObject(ctx context.Context, r *http.Request) (federation.IRI, error) {
	id := d.local("/objects/" + r.PathValue("id"))
	return id, d.DB.View(ctx, func(tx *store.Tx) error {
		_, _, err := d.readable(ctx, tx, id, "")
		return err
	})
}

func reactions(id federation.IRI, pick func(store.Counts) int) func(context.Context, *store.Tx) (int, error) {
	return func(ctx context.Context, tx *store.Tx) (int, error) {
		c, err := tx.Counts(ctx, id)
		return pick(c[id]), err
	}
}
