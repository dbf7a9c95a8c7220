// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// The demo is a play in five acts: people arrive, they follow each other
// across the three instances, each publishes, they answer, and members take
// what is offered. What happens between instances goes over the network like everywhere. An instance keeps
// in a setting which acts it has seen, so that a second start does not repeat
// them.

// A demoCast is an initiative, its people and all they publish.
type demoCast struct {
	folder, handle string
	name, kind     string
	colour         string // #rrggbb
	summary        string // HTML
	place          federation.Place
	fields         []federation.Field
	icon, header   demoPicture
	admin, member  demoPerson
	circuits       []demoCircuit
	offers         []demoOffer // and needs
	events         []demoEvent
	calendar       string                // that it kept before it came here, as iCalendar
	seasons        map[string]demoSeason // of events, by their keys
}

// A demoSeason is when an event takes place again.
type demoSeason struct {
	rule    string
	without []int // weeks after the first in which it does not
}

// A demoPerson is somebody with a login.
type demoPerson struct{ username, name, summary string }

// A demoCircuit is a group of initiatives.
type demoCircuit struct{ username, name, summary string }

// A demoPost is what every post has besides its form.
type demoPost struct {
	key     string      // the end of its id
	ago     int         // days since it was written
	picture demoPicture // nil: none
	circuit string      // the username of the circuit it is for
}

type demoOffer struct {
	demoPost
	outbox.OfferForm
}

type demoEvent struct {
	demoPost
	outbox.EventForm
	cancelled bool
}

// demoPatience is how long the play may take: seconds, unless the machine has
// much else to do.
const demoPatience = 3 * time.Minute

// demoAct is the setting that says which acts are over.
const demoAct = "demo"

// Acts.
const (
	actPeople = "people"
	actPosts  = "posts"
	actTalk   = "talk"
	actDeals  = "deals"
)

// play plays what has not been played before.
func (d *demo) play(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, demoPatience)
	defer cancel()
	for _, act := range []func(context.Context, *demoSite) error{
		d.people, d.follows, d.following, d.posts, d.talk, d.deals, d.harvested, d.settled,
	} {
		g, ctx := errgroup.WithContext(ctx)
		for _, s := range d.sites {
			g.Go(func() error {
				if err := act(ctx, s); err != nil {
					return fmt.Errorf("%s: %w", s.cast.name, err)
				}
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			return err
		}
	}
	return nil
}

// once does something in a transaction unless it, or something after it, was
// done before.
func (s *demoSite) once(ctx context.Context, act string, do func(tx *store.Tx) error) error {
	return s.DB.Update(ctx, func(tx *store.Tx) error {
		if over, err := seen(ctx, tx, act); over || err != nil {
			return err
		}
		if err := do(tx); err != nil {
			return err
		}
		return tx.PutSetting(ctx, demoAct, act)
	})
}

func seen(ctx context.Context, tx *store.Tx, act string) (bool, error) {
	last, err := tx.Setting(ctx, demoAct)
	if errors.Is(err, federation.ErrNotFound) {
		return false, nil
	}
	acts := []string{actPeople, actPosts, actTalk, actDeals}
	return slices.Index(acts, last) >= slices.Index(acts, act), err
}

// over reports whether an act was played before: what it needs is not made
// in vain then.
func (s *demoSite) over(ctx context.Context, act string) (over bool, err error) {
	err = s.DB.View(ctx, func(tx *store.Tx) (err error) {
		over, err = seen(ctx, tx, act)
		return err
	})
	return over, err
}

// people makes the initiative's profile, the circuits and the accounts.
func (d *demo) people(ctx context.Context, s *demoSite) error {
	if over, err := s.over(ctx, actPeople); over || err != nil {
		return err
	}
	keys := make([]*outbox.KeyPairs, 1+len(s.cast.circuits))
	for i := range keys { // outside the transaction: it takes a while
		var err error
		if keys[i], err = outbox.NewKeyPairs(); err != nil {
			return err
		}
	}
	pictures, err := developed(s.cast.icon, s.cast.header)
	if err != nil {
		return err
	}
	return s.once(ctx, actPeople, func(tx *store.Tx) error {
		admin, err := s.welcome(ctx, tx, keys[0])
		if err != nil {
			return err
		}
		for i, c := range s.cast.circuits {
			spec := outbox.ActorSpec{Type: "Group", Username: c.username, Name: c.name, Summary: c.summary, Keys: keys[1+i]}
			if _, err := outbox.NewActor(ctx, tx, spec); err != nil {
				return err
			}
		}
		icon, err := s.hang(ctx, tx, admin, pictures[0], s.cast.name)
		if err != nil {
			return err
		}
		header, err := s.hang(ctx, tx, admin, pictures[1], s.cast.name)
		if err != nil {
			return err
		}
		if err := s.settings(ctx, tx, icon); err != nil {
			return err
		}
		return s.profile(ctx, tx, s.actor(s.cast.handle), func(a *federation.Actor) {
			a.Summary, a.Fields, a.Location = s.cast.summary, s.cast.fields, &s.cast.place
			a.Icon, a.Image = icon, header
		})
	})
}

// settings are those that an administrator would have chosen by now.
func (s *demoSite) settings(ctx context.Context, tx *store.Tx, logo *federation.Media) error {
	for key, value := range map[string]string{
		"setup.done": "1", "appearance.colour": s.cast.colour, "about.contact": "bonjour@" + s.cast.folder + ".example",
		"about.moderators": s.cast.admin.name, "appearance.logo": path.Base(logo.URL),
	} {
		if err := tx.PutSetting(ctx, key, value); err != nil {
			return err
		}
	}
	return nil
}

// welcome names the administrator, makes the member's account and returns the
// administrator's.
func (s *demoSite) welcome(ctx context.Context, tx *store.Tx, keys *outbox.KeyPairs) (*store.Account, error) {
	err := s.profile(ctx, tx, s.actor(s.adminName()), func(a *federation.Actor) {
		a.Name, a.Summary = s.cast.admin.name, s.cast.admin.summary
	})
	if err != nil {
		return nil, err
	}
	m := s.cast.member
	person, err := outbox.NewActor(ctx, tx, outbox.ActorSpec{Type: "Person", Username: m.username, Name: m.name, Summary: m.summary, Keys: keys})
	if err != nil {
		return nil, err
	}
	account := &store.Account{
		Name: m.username, Email: m.username + "@" + s.cast.folder + ".example", Role: store.RoleMember, Person: person.ID, Locale: "fr",
	}
	if err := tx.AddAccount(ctx, account); err != nil {
		return nil, err
	}
	return tx.AccountByName(ctx, s.adminName())
}

// profile changes what an actor says of itself, and publishes it.
func (s *demoSite) profile(ctx context.Context, tx *store.Tx, id federation.IRI, change func(*federation.Actor)) error {
	a, err := tx.Actor(ctx, id)
	if err != nil {
		return err
	}
	change(a)
	return outbox.PublishTx(ctx, tx, &federation.Activity{
		Type: federation.Update, Actor: id, Object: id, Profile: a, To: []federation.IRI{federation.Public}, Cc: []federation.IRI{a.Followers},
	})
}

// demoFollows says who follows whom, besides everybody's own initiative.
var demoFollows = [][2]string{
	{"amap", "repair"},
	{"amap", "energie"},
	{"repair", "amap"},
	{"repair", "energie"},
	{"energie", "amap"},
	{"energie", "repair"},
	{"amap", "amap/circuit-legumes"},
	{"repair", "amap/circuit-legumes"},
	{"energie", "amap/circuit-legumes"},
	{"amap/admin", "amap"},
	{"amap/admin", "repair"},
	{"amap/admin", "energie"},
	{"amap/member", "amap"},
	{"amap/member", "repair"},
	{"amap/member", "repair/member"},
	{"repair/admin", "repair"},
	{"repair/admin", "amap"},
	{"repair/admin", "energie"},
	{"repair/admin", "amap/circuit-legumes"},
	{"repair/member", "repair"},
	{"repair/member", "energie"},
	{"repair/member", "energie/member"},
	{"energie/admin", "energie"},
	{"energie/admin", "amap"},
	{"energie/admin", "repair"},
	{"energie/member", "energie"},
	{"energie/member", "amap"},
	{"energie/member", "amap/member"},
}

// follows asks to follow whom the people of s want to follow.
func (d *demo) follows(ctx context.Context, s *demoSite) error {
	for _, f := range demoFollows {
		at, from := d.one(f[0])
		if at != s {
			continue
		}
		there, to := d.one(f[1])
		if ok, err := s.related(ctx, federation.Follow, from, to, true); err != nil {
			return err
		} else if ok {
			continue
		}
		if there != s { // met as people meet: by the address
			id, err := s.Client.Resolve(ctx, "@"+there.handle(path.Base(string(to))))
			if err != nil {
				return err
			}
			if _, err := s.Directory.Actor(ctx, id); err != nil {
				return err
			}
			to = id
		}
		a := &federation.Activity{Type: federation.Follow, Actor: from, Object: to, To: []federation.IRI{to}}
		if err := outbox.Publish(ctx, s.DB, a); err != nil {
			return err
		}
	}
	return nil
}

// following waits until they follow: only then does anything arrive.
func (d *demo) following(ctx context.Context, s *demoSite) error {
	for _, f := range demoFollows {
		at, from := d.one(f[0])
		if at != s {
			continue
		}
		_, to := d.one(f[1])
		err := until(ctx, func() (bool, error) { return s.related(ctx, federation.Follow, from, to, false) })
		if err != nil {
			return fmt.Errorf("%s follows %s: %w", f[0], f[1], err)
		}
	}
	return nil
}

// related reports whether there is an edge, also a pending one if it may be.
func (s *demoSite) related(ctx context.Context, kind string, from, to federation.IRI, maybe bool) (ok bool, err error) {
	err = s.DB.View(ctx, func(tx *store.Tx) error {
		e, err := tx.Edge(ctx, kind, from, to)
		ok = err == nil && (maybe || !e.Pending)
		if errors.Is(err, federation.ErrNotFound) {
			return nil
		}
		return err
	})
	return ok, err
}

// until asks again and again, until something is so.
func until(ctx context.Context, so func() (bool, error)) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := so(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// posts publishes all that the initiative offers, seeks and organises.
func (d *demo) posts(ctx context.Context, s *demoSite) error {
	if over, err := s.over(ctx, actPosts); over || err != nil {
		return err
	}
	var drawn []demoPicture
	for _, o := range s.cast.offers {
		drawn = append(drawn, o.picture)
	}
	for _, e := range s.cast.events {
		drawn = append(drawn, e.picture)
	}
	pictures, err := developed(drawn...)
	if err != nil {
		return err
	}
	return s.once(ctx, actPosts, func(tx *store.Tx) error {
		p, err := s.publisher(ctx, tx)
		if err != nil {
			return err
		}
		for i, o := range s.cast.offers {
			if err := p.offer(ctx, tx, o, pictures[i]); err != nil {
				return fmt.Errorf("%s: %w", o.key, err)
			}
		}
		for i, e := range s.cast.events {
			if err := p.event(ctx, tx, e, pictures[len(s.cast.offers)+i]); err != nil {
				return fmt.Errorf("%s: %w", e.key, err)
			}
		}
		return p.pin(ctx, tx, s.cast.offers[0].key)
	})
}

// settled waits until nothing is on its way any more, so that every page is
// complete when it is first seen.
func (d *demo) settled(ctx context.Context, _ *demoSite) error {
	return until(ctx, func() (bool, error) {
		for _, s := range d.sites {
			if idle, err := s.idle(ctx); !idle || err != nil {
				return false, err
			}
		}
		return true, nil
	})
}

// idle reports whether nothing waits to be sent or applied.
func (s *demoSite) idle(ctx context.Context) (idle bool, err error) {
	err = s.DB.View(ctx, func(tx *store.Tx) error {
		out, _, err := tx.DeliveryDepth(ctx)
		if err != nil {
			return err
		}
		in, _, err := tx.ReceivedDepth(ctx)
		idle = in+out == 0
		return err
	})
	return idle, err
}
