// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// A demoDeed is somebody liking, sharing or answering a post.
type demoDeed struct {
	who  string
	verb string // Like, Announce, or Create for a reply
	at   string // the instance of the post
	key  string
	text string // of a reply
}

var demoDeeds = []demoDeed{
	{"amap/circuit-legumes", federation.Announce, "amap", "paniers", ""},
	{"repair", federation.Announce, "amap", "recolte", ""},
	{"repair", federation.Like, "amap", "paniers", ""},
	{"repair/admin", federation.Like, "energie", "velo-cargo", ""},
	{"repair/admin", federation.Create, "amap", "remorque", "La remorque nous serait utile samedi pour porter l’établi : est-elle libre ?"},
	{"repair/member", federation.Like, "energie", "camera-thermique", ""},
	{"repair/member", federation.Create, "energie", "toitures", "Le toit de notre atelier fait environ 180 m², plein sud. Est-ce que cela suffirait ?"},
	{"amap", federation.Announce, "repair", "repair-cafe", ""},
	{"amap/admin", federation.Like, "repair", "velos", ""},
	{"amap/admin", federation.Create, "energie", "reunion-ecole", "Nous viendrons à plusieurs de l’AMAP. Y aura-t-il une garde d’enfants ?"},
	{"amap/member", federation.Like, "repair", "repair-cafe", ""},
	{"amap/member", federation.Create, "repair", "machine-a-coudre", "Bonjour, je la prendrais volontiers la semaine prochaine pour des sacs à légumes."},
	{"energie", federation.Announce, "amap", "visite-ferme", ""},
	{"energie", federation.Like, "repair", "soudure", ""},
	{"energie/admin", federation.Like, "amap", "farine", ""},
	{"energie/member", federation.Like, "amap", "paniers", ""},
	{"energie/member", federation.Create, "amap", "recolte", "J’apporte deux fourches-bêches et du café."},
}

// talk likes, shares and answers what has arrived at s.
func (d *demo) talk(ctx context.Context, s *demoSite) error {
	if over, err := s.over(ctx, actTalk); over || err != nil {
		return err
	}
	var mine []demoDeed
	for _, deed := range demoDeeds {
		at, _ := d.one(deed.who)
		if at != s {
			continue
		}
		mine = append(mine, deed)
		id := d.sites[deed.at].object(deed.key)
		err := until(ctx, func() (there bool, err error) {
			err = s.DB.View(ctx, func(tx *store.Tx) error {
				_, err := tx.Object(ctx, id)
				if there = err == nil; errors.Is(err, federation.ErrNotFound) {
					return nil
				}
				return err
			})
			return there, err
		})
		if err != nil {
			return fmt.Errorf("%s has not arrived: %w", id, err)
		}
	}
	return s.once(ctx, actTalk, func(tx *store.Tx) error {
		for _, deed := range mine {
			_, who := d.one(deed.who)
			if err := deed.do(ctx, tx, who, d.sites[deed.at].object(deed.key)); err != nil {
				return fmt.Errorf("%s %s %s: %w", deed.who, deed.verb, deed.key, err)
			}
		}
		return nil
	})
}

func (deed demoDeed) do(ctx context.Context, tx *store.Tx, who, id federation.IRI) error {
	o, err := tx.Object(ctx, id)
	if err != nil {
		return err
	}
	actor, err := tx.Actor(ctx, who)
	if err != nil {
		return err
	}
	a := &federation.Activity{Type: deed.verb, Actor: who, Object: id, To: []federation.IRI{o.AttributedTo}}
	switch deed.verb {
	case federation.Announce:
		a.To, a.Cc = []federation.IRI{federation.Public}, []federation.IRI{o.AttributedTo, actor.Followers}
	case federation.Create:
		a.To, a.Cc = []federation.IRI{federation.Public}, []federation.IRI{o.AttributedTo, actor.Followers}
		if a.Enclosed, err = reply(ctx, tx, o, deed.text); err != nil {
			return err
		}
	}
	return outbox.PublishTx(ctx, tx, a)
}

// reply is an answer to a post, which mentions its author.
func reply(ctx context.Context, tx *store.Tx, to *federation.Object, text string) (*federation.Object, error) {
	author, err := tx.Actor(ctx, to.AttributedTo)
	if err != nil {
		return nil, err
	}
	o := &federation.Object{
		ID: outbox.NewObjectID(tx.Home()), Type: "Note", Language: "fr", InReplyTo: to.ID, Context: to.Context,
		Tags: []federation.Tag{{Type: "Mention", Name: "@" + author.Username + "@" + author.ID.Host(), Href: string(author.ID)}},
	}
	return o, outbox.Readable(locale.New("fr"), o, text)
}
