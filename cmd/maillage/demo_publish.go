// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/media"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// A demoPublisher publishes for the initiative of one instance.
type demoPublisher struct {
	*demoSite

	initiative *federation.Actor
	admin      *store.Account
	zone       *time.Location
	words      *locale.Printer
}

func (s *demoSite) publisher(ctx context.Context, tx *store.Tx) (*demoPublisher, error) {
	initiative, err := tx.Initiative(ctx)
	if err != nil {
		return nil, err
	}
	admin, err := tx.AccountByName(ctx, s.adminName())
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation("Europe/Paris")
	return &demoPublisher{s, initiative, admin, zone, locale.New("fr")}, err
}

func (p *demoPublisher) offer(ctx context.Context, tx *store.Tx, o demoOffer, photo *media.Photo) error {
	c, err := p.composer(ctx, tx, o.demoPost, &o.CommonForm, photo)
	if err != nil {
		return err
	}
	made, problems := o.Object(c)
	if err := problems.Err(); err != nil {
		return err
	}
	verb := federation.Create
	for _, price := range demoPricesBefore[o.key] {
		was := o.OfferForm
		was.Price, was.Parts = price, nil
		earlier, problems := was.Object(c)
		if err := errors.Join(problems.Err(), p.publish(ctx, tx, verb, earlier)); err != nil {
			return err
		}
		verb = federation.Update
	}
	return p.publish(ctx, tx, verb, made)
}

// event publishes an event, and calls it off if it is to be seen cancelled.
func (p *demoPublisher) event(ctx context.Context, tx *store.Tx, e demoEvent, photo *media.Photo) error {
	c, err := p.composer(ctx, tx, e.demoPost, &e.CommonForm, photo)
	if err != nil {
		return err
	}
	made, problems := e.Object(c)
	if err := problems.Err(); err != nil {
		return err
	}
	if season, ok := p.cast.seasons[e.key]; ok {
		return p.season(ctx, tx, made, season)
	}
	if err := p.publish(ctx, tx, federation.Create, made); err != nil || !e.cancelled {
		return err
	}
	again, err := tx.Object(ctx, made.ID)
	if err != nil {
		return err
	}
	if err := outbox.Cancel(p.words, again, tx.Now()); err != nil {
		return err
	}
	return p.publish(ctx, tx, federation.Update, again)
}

// season publishes an event that takes place again.
func (p *demoPublisher) season(ctx context.Context, tx *store.Tx, o *federation.Object, season demoSeason) error {
	first := o.Start.In(p.zone)
	s := &store.Series{Rule: season.rule, First: first.Format(time.DateOnly)}
	for _, week := range season.without {
		s.Skipped = append(s.Skipped, first.AddDate(0, 0, 7*week).Format(time.DateOnly))
	}
	a := &federation.Activity{Type: federation.Create, Actor: p.initiative.ID, Object: o.ID, Enclosed: o, To: o.To, Cc: o.Cc}
	return outbox.StartSeriesTx(ctx, tx, a, s)
}

// composer does for a post what the form's page does: it takes in the photo and
// says who writes, and when.
func (p *demoPublisher) composer(ctx context.Context, tx *store.Tx, post demoPost, f *outbox.CommonForm, photo *media.Photo) (outbox.Composer, error) {
	f.Language = "fr"
	if post.circuit != "" {
		f.Circuit = string(p.actor(post.circuit))
	}
	c := outbox.Composer{
		Now: tx.Now().AddDate(0, 0, -post.ago), Zone: p.zone, Words: p.words, Author: p.initiative, ID: p.object(post.key),
	}
	m, err := p.hang(ctx, tx, p.admin, photo, f.Alt)
	if err != nil || m == nil {
		return c, err
	}
	f.Photo = m.URL
	c.Photo = func(id string) (federation.Media, bool) { return *m, id == f.Photo }
	return c, nil
}

func (p *demoPublisher) publish(ctx context.Context, tx *store.Tx, verb string, o *federation.Object) error {
	return outbox.PublishTx(ctx, tx, &federation.Activity{Type: verb, Actor: p.initiative.ID, Object: o.ID, Enclosed: o, To: o.To, Cc: o.Cc})
}

// pin shows a post on top of the initiative's profile.
func (p *demoPublisher) pin(ctx context.Context, tx *store.Tx, key string) error {
	return outbox.PublishTx(ctx, tx, &federation.Activity{
		Type: federation.Add, Actor: p.initiative.ID, Object: p.object(key), Target: p.initiative.Featured,
		To: []federation.IRI{federation.Public}, Cc: []federation.IRI{p.initiative.Followers},
	})
}

// hang stores a photo and returns how posts and profiles show it; nil for none.
func (s *demoSite) hang(ctx context.Context, tx *store.Tx, by *store.Account, photo *media.Photo, alt string) (*federation.Media, error) {
	if photo == nil {
		return nil, nil
	}
	m := &store.Media{
		Account: by.ID, MediaType: photo.MediaType, Width: photo.Width, Height: photo.Height, Blurhash: photo.Blurhash,
		Alt: alt, Created: tx.Now(), Bytes: photo.Data, Thumb: photo.Thumb,
	}
	if err := tx.PutMedia(ctx, m); err != nil {
		return nil, err
	}
	return &federation.Media{
		Type: "Image", MediaType: m.MediaType, URL: s.Origin + "/media/" + m.ID, Name: alt,
		Width: m.Width, Height: m.Height, Blurhash: m.Blurhash,
	}, nil
}
