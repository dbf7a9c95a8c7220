// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"encoding/json"
	"errors"
	"path"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/store"
)

// An exportedEdge is one edge, from or to the person.
type exportedEdge struct {
	Kind, From, To string
	Pending        bool   `json:",omitempty"`
	Words          string `json:",omitempty"`
	At             time.Time
}

// relationsFile holds whom and what the person follows, likes, shares, blocks
// and joins, and who does so with them; the likes once more as a collection.
func (e *export) relationsFile(ctx context.Context) error {
	var edges []*federation.Edge
	err := e.read(ctx, func(tx *store.Tx) (err error) { edges, err = tx.Relations(ctx, e.person); return err })
	if err != nil {
		return err
	}
	all := []exportedEdge{}
	var likes []federation.IRI
	for _, r := range edges {
		if r.Kind == federation.Flag && r.From != e.person { // who reported is not theirs to know
			continue
		}
		all = append(all, exportedEdge{r.Kind, string(r.From), string(r.To), r.Pending, r.Content, r.At})
		if r.Kind == federation.Like && r.From == e.person {
			likes = append(likes, r.To)
		}
	}
	return errors.Join(e.putJSON("relations.json", all), e.putCollection("likes.json", vocab.IRIs(likes)))
}

// peopleFiles are the lists that other servers read, in Mastodon's form.
func (e *export) peopleFiles(ctx context.Context) error {
	for _, part := range []struct {
		name   string
		header []string
		read   func(*store.Tx, string) ([]*federation.Edge, string, error)
		end    func(*federation.Edge) federation.IRI
	}{
		{
			"follows.csv", followHeader,
			func(tx *store.Tx, c string) ([]*federation.Edge, string, error) {
				return tx.Following(ctx, e.person, c, 100)
			},
			func(r *federation.Edge) federation.IRI { return r.To },
		},
		{
			"followers.csv",
			[]string{"Account address"},
			func(tx *store.Tx, c string) ([]*federation.Edge, string, error) {
				return tx.Followers(ctx, e.person, c, 100)
			},
			func(r *federation.Edge) federation.IRI { return r.From },
		},
		{
			"blocks.csv", nil,
			func(tx *store.Tx, c string) ([]*federation.Edge, string, error) {
				return tx.EdgesFrom(ctx, federation.Block, e.person, false, c, 100)
			},
			func(r *federation.Edge) federation.IRI { return r.To },
		},
	} {
		handles, err := e.handles(ctx, part.read, part.end)
		if err != nil {
			return err
		}
		if part.name == "follows.csv" {
			handles, err = e.withWishes(ctx, handles)
			if err != nil {
				return err
			}
		}
		if err := e.put(part.name, sheetOf(peopleTable(part.header, handles))); err != nil {
			return err
		}
	}
	return nil
}

// withWishes adds those whom the person is still to follow.
func (e *export) withWishes(ctx context.Context, handles []string) ([]string, error) {
	err := e.read(ctx, func(tx *store.Tx) error {
		list, err := tx.Wishes(ctx, e.person)
		for _, w := range list {
			handles = append(handles, w.Handle)
		}
		return err
	})
	return handles, err
}

// followHeader is the first line of a list of follows, as Mastodon writes it.
var followHeader = []string{"Account address", "Show boosts", "Notify on new posts", "Languages"}

// peopleTable is a list of handles as a table.
func peopleTable(header, handles []string) (rows [][]string) {
	if header != nil {
		rows = append(rows, header)
	}
	for _, h := range handles {
		row := []string{h}
		if len(header) > 1 {
			row = append(row, "true", "false", "")
		}
		rows = append(rows, row)
	}
	return rows
}

// handles lists the people at one end of edges, page by page. Who has no
// proven handle is named by id.
func (v *visit) handles(ctx context.Context, read func(*store.Tx, string) ([]*federation.Edge, string, error), end func(*federation.Edge) federation.IRI) (all []string, err error) {
	for cursor := ""; len(all) < maxExported; {
		var next string
		err := v.DB.View(ctx, func(tx *store.Tx) error {
			edges, after, err := read(tx, cursor)
			if err != nil {
				return err
			}
			next = after
			var ids []federation.IRI
			for _, r := range edges {
				ids = append(ids, end(r))
			}
			known, err := tx.Actors(ctx, ids...)
			for _, id := range ids {
				if a := known[id]; a != nil && a.Handle != "" {
					all = append(all, a.Handle)
				} else {
					all = append(all, string(id))
				}
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if cursor = next; next == "" {
			break
		}
	}
	return all, nil
}

// pages reads a list page by page, each in a transaction of its own; never nil.
func pages[T any](ctx context.Context, e *export, read func(*store.Tx, string) ([]T, string, error)) ([]T, error) {
	all := []T{}
	for cursor := ""; len(all) < maxExported; {
		var next string
		err := e.read(ctx, func(tx *store.Tx) error {
			list, after, err := read(tx, cursor)
			all, next = append(all, list...), after
			return err
		})
		if err != nil {
			return nil, err
		}
		if cursor = next; next == "" {
			break
		}
	}
	return all, nil
}

// noticesFile holds what the person was told.
func (e *export) noticesFile(ctx context.Context) error {
	all, err := pages(ctx, e, func(tx *store.Tx, cursor string) ([]store.Noticed, string, error) {
		return tx.Notices(ctx, e.person, cursor, 100)
	})
	if err != nil {
		return err
	}
	return e.putJSON("notices.json", all)
}

// auditFile holds what the account did.
func (e *export) auditFile(ctx context.Context) error {
	all := []store.Deed{}
	for cursor := ""; len(all) < maxExported; {
		var next string
		err := e.read(ctx, func(tx *store.Tx) error {
			list, after, err := tx.Deeds(ctx, store.DeedQuery{Account: e.account.ID}, cursor, 100)
			all, next = append(all, list...), after
			return err
		})
		if err != nil {
			return err
		}
		if cursor = next; next == "" {
			break
		}
	}
	return e.putJSON("audit.json", all)
}

// mailsFile holds which letters were sent to the account, not what they said:
// some held links that sign in.
func (e *export) mailsFile(ctx context.Context) error {
	all := []map[string]any{}
	err := e.read(ctx, func(tx *store.Tx) error {
		list, err := tx.MailsTo(ctx, e.account.Email)
		for _, m := range list {
			all = append(all, map[string]any{"kind": m.Kind, "subject": m.Subject, "state": m.State, "queued": m.Created})
		}
		return err
	})
	if err != nil {
		return err
	}
	return e.putJSON("mails.json", all)
}

// draftsFile holds what was begun and not published.
func (e *export) draftsFile(ctx context.Context) error {
	all := []*store.Draft{}
	err := e.read(ctx, func(tx *store.Tx) error {
		list, err := tx.Drafts(ctx, e.account.ID)
		all = append(all, list...)
		return err
	})
	if err != nil {
		return err
	}
	return e.putJSON("drafts.json", all)
}

// decisionsFile holds what moderators decided about the person, but not who
// among them did.
func (e *export) decisionsFile(ctx context.Context) error {
	all := []map[string]any{}
	err := e.read(ctx, func(tx *store.Tx) error {
		list, err := tx.DecisionsAbout(ctx, e.person)
		for _, d := range list {
			all = append(all, map[string]any{"at": d.At, "target": d.Target, "action": d.Action, "note": d.Note})
		}
		return err
	})
	if err != nil {
		return err
	}
	return e.putJSON("decisions.json", all)
}

// exchangesFile holds what the person asked of others, and others of them.
func (e *export) exchangesFile(ctx context.Context) error {
	all := []*federation.Exchange{}
	for _, published := range []bool{false, true} {
		list, err := pages(ctx, e, func(tx *store.Tx, cursor string) ([]*federation.Exchange, string, error) {
			return tx.Exchanges(ctx, e.person, published, cursor, 100)
		})
		if err != nil {
			return err
		}
		all = append(all, list...)
	}
	return e.putJSON("exchanges.json", all)
}

// mediaFiles are the pictures, and what was said of each.
func (e *export) mediaFiles(ctx context.Context) error {
	var ids []string
	err := e.read(ctx, func(tx *store.Tx) (err error) { ids, err = tx.Pictures(ctx, e.account.ID); return err })
	if err != nil {
		return err
	}
	said := map[string]string{}
	for _, id := range ids {
		var m *store.Media
		err := e.read(ctx, func(tx *store.Tx) (err error) { m, err = tx.Media(ctx, id); return err })
		if errors.Is(err, federation.ErrNotFound) { // removed meanwhile
			continue
		}
		if err != nil {
			return err
		}
		name := "media/" + id + extension(m.MediaType)
		said[name] = m.Alt
		if err := e.put(name, m.Bytes); err != nil {
			return err
		}
	}
	b, err := json.MarshalIndent(said, "", "\t")
	if err != nil {
		return err
	}
	return e.put("media/descriptions.json", b)
}

func extension(mediaType string) string {
	switch kind := path.Base(mediaType); {
	case kind == "jpeg":
		return ".jpg"
	case strings.ContainsAny(kind, "/."):
		return ""
	default:
		return "." + kind
	}
}
