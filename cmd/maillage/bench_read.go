// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// benchRead measures what people and peers fetch, from an instance in a
// process of its own: so that its memory and its start are its own too.
type benchRead struct {
	Items       int           `default:"10000" help:"How many offers and needs, and how many events, we have published."`
	PeerItems   int           `default:"30000" help:"How many we hold of peers."`
	Stored      int           `default:"0" help:"How many activities of peers are then stored, to measure everything once more with them."`
	Duration    time.Duration `default:"3s" help:"How long each figure is measured."`
	Connections int           `default:"16" help:"How many requests are under way at once."`
}

// AfterApply refuses what measures nothing.
func (c *benchRead) AfterApply() error {
	if err := positive("--items", c.Items); err != nil {
		return err
	}
	return positive("--connections", c.Connections)
}

// Run does it.
func (c *benchRead) Run(ctx context.Context, e *env, b *benchCommand) error {
	t, err := b.instance(ctx, e)
	if err != nil {
		return err
	}
	defer t.remove()
	r := b.report("read", fmt.Sprintf("%d offers and needs and %d events of ours, %d of peers, %d connections", c.Items, c.Items, c.PeerItems, c.Connections))
	targets, err := c.fill(ctx, e, t, r)
	t.stop()
	t.Client.Close()
	if err != nil {
		return err
	}
	config := *t.config
	config.Origin, config.Listen = t.Origin, []string{t.address()} // every id begins with it
	s := &reading{bench: c, command: b, env: e, config: &config, targets: targets}
	if r.Figures, err = s.measure(ctx); err != nil {
		return err
	}
	if c.Stored > 0 {
		if err := s.again(ctx, r); err != nil {
			return err
		}
	}
	return r.print(e.stdout, b.JSON)
}

// again measures once more, with the activities of peers.
func (s *reading) again(ctx context.Context, r *report) error {
	s.env.say("storing %d activities ...", s.bench.Stored)
	if err := s.store(ctx); err != nil {
		return err
	}
	more, err := s.measure(ctx)
	if err != nil {
		return err
	}
	r.Setting += fmt.Sprintf("; with %d activities of peers stored, and before", s.bench.Stored)
	r.Figures = compare(r.Figures, more)
	return nil
}

// fill publishes and stores what is to be read, and says where it is.
func (c *benchRead) fill(ctx context.Context, e *env, t *benchInstance, r *report) (m map[string][]string, err error) {
	if r.Limits, err = measureLimits(ctx, t.DB, 3*time.Second); err != nil {
		return nil, err
	}
	e.say("publishing %d offers, needs and events, storing %d of peers ...", 2*c.Items, c.PeerItems)
	var us *federation.Actor
	if err := t.DB.View(ctx, func(tx *store.Tx) (err error) { us, err = tx.Initiative(ctx); return err }); err != nil {
		return nil, err
	}
	objects, err := fillOwn(ctx, t.DB, us, c.Items)
	if err != nil {
		return nil, err
	}
	if err := fillPeers(ctx, t.DB, c.PeerItems); err != nil {
		return nil, err
	}
	actor := strings.TrimPrefix(string(us.ID), t.Origin)
	return map[string][]string{
		"object": objects, "actor": {actor, "/actors/instance"}, "outbox": {actor + "/outbox?page="},
		"webfinger": {"/.well-known/webfinger?resource=" + url.QueryEscape("acct:"+us.Handle)},
	}, t.DB.Maintain(ctx)
}

// A reading measures an instance that has been filled.
type reading struct {
	bench   *benchRead
	command *benchCommand
	env     *env
	config  *Config
	targets map[string][]string
	session string // of the administrator
}

// asked is what is fetched, and how often a second it should be.
type asked struct {
	name    string
	accept  string
	paths   []string
	atLeast float64
}

const (
	acceptJSON = "application/activity+json"
	acceptHTML = "text/html"
)

func (s *reading) list() []asked {
	return []asked{
		{"actor documents", acceptJSON, s.targets["actor"], 5000},
		{"object documents, 1000 of them in turn", acceptJSON, s.targets["object"], 5000},
		{"WebFinger", "application/jrd+json", s.targets["webfinger"], 5000},
		{"first page", acceptHTML, []string{"/"}, 1500},
		{"first page, made anew for each", acceptHTML, []string{"/?lang=fr"}, 0},
		{"outbox pages", acceptJSON, s.targets["outbox"], 0},
		{"object pages", acceptHTML, s.targets["object"], 0},
		{"list of events", acceptHTML, []string{"/events"}, 0},
		{"search page, by words", acceptHTML, []string{"/search?q=courges", "/search?q=pain", "/search?q=reparer"}, 0},
	}
}

// measure starts the instance and asks it for everything.
func (s *reading) measure(ctx context.Context) (figures []figure, err error) {
	r := &report{}
	if err := s.searches(ctx, r); err != nil {
		return nil, err
	}
	if err := s.signIn(ctx); err != nil {
		return nil, err
	}
	in, err := s.serve(ctx, r)
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := in.end(); err == nil {
			err = e
		}
	}()
	s.env.say("reading ...")
	stop, err := s.command.profile()
	if err != nil {
		return nil, err
	}
	defer stop()
	host := strings.TrimPrefix(s.config.Origin, "http://")
	for _, a := range s.list() {
		l := &load{
			address: host, connections: s.bench.Connections, status: http.StatusOK, duration: s.bench.Duration,
			request: rotate(host, a.accept, a.paths),
		}
		got, err := l.run(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.name, err)
		}
		r.atLeast(a.name, got.perSecond(), "/s", a.atLeast)
		r.add(a.name+", p99", milliseconds(quantile(got.latencies, 0.99)), "ms")
	}
	if err := s.pages(ctx, r, host); err != nil {
		return nil, err
	}
	if m := in.memory(); m.own > 0 {
		r.add("memory after all that", m.own, "MB")
	}
	return r.Figures, nil
}

// searches measures the store itself.
func (s *reading) searches(ctx context.Context, r *report) error {
	db, err := store.Open(ctx, store.Options{Database: s.config.Database, Origin: s.config.Origin})
	if err != nil {
		return err
	}
	defer db.Close()
	kinds := []string{"offer", "need", "event"}
	for _, search := range []struct {
		name   string
		atMost float64
		query  func(i int) store.Query
	}{
		{"search within 20 km", 20, func(i int) store.Query {
			c := benchTowns[i%len(benchTowns)]
			return store.Query{Kinds: kinds, Near: &federation.Point{Latitude: c.lat, Longitude: c.lon}, RadiusKm: 20, Sort: store.SortNear, Limit: 20}
		}},
		{"search within 100 km", 20, func(i int) store.Query {
			c := benchTowns[i%len(benchTowns)]
			return store.Query{Kinds: kinds, Near: &federation.Point{Latitude: c.lat, Longitude: c.lon}, RadiusKm: 100, Sort: store.SortNear, Limit: 20}
		}},
		{"search by two words", 0, func(i int) store.Query {
			return store.Query{Kinds: kinds, Text: benchGoods[i%len(benchGoods)], Limit: 20}
		}},
		{"next events", 0, func(int) store.Query {
			return store.Query{Kinds: []string{"event"}, From: time.Now(), Sort: store.SortStart, Limit: 20}
		}},
	} {
		took, err := s.search(ctx, db, search.query)
		if err != nil {
			return fmt.Errorf("%s: %w", search.name, err)
		}
		r.atMost(search.name+", median", milliseconds(quantile(took, 0.5)), "ms", search.atMost)
		r.atMost(search.name+", p95", milliseconds(quantile(took, 0.95)), "ms", search.atMost)
	}
	return nil
}

// search asks the same of several places, one after the other, and returns how
// long that took, sorted.
func (s *reading) search(ctx context.Context, db *store.DB, query func(i int) store.Query) (took []time.Duration, err error) {
	end := time.Now().Add(s.bench.Duration)
	for i := 0; i < 300 && (i < len(benchTowns) || time.Now().Before(end)); i++ {
		begin := time.Now()
		err := db.View(ctx, func(tx *store.Tx) error {
			_, _, err := tx.Search(ctx, query(i))
			return err
		})
		if err != nil {
			return nil, err
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	return took, nil
}

// store adds what peers' actors did.
func (s *reading) store(ctx context.Context) error {
	db, err := store.Open(ctx, store.Options{Database: s.config.Database, Origin: s.config.Origin})
	if err != nil {
		return err
	}
	defer db.Close()
	if err := fillActivities(ctx, db, s.bench.Stored, func(done int) { s.env.say("%d stored ...", done) }); err != nil {
		return err
	}
	return db.Maintain(ctx)
}

// compare puts the figures before and after more was stored together. Rates
// may halve and times may double.
func compare(before, after []figure) []figure {
	worst := 1.0
	for i := range after {
		f, was := &after[i], before[i].Value
		f.Before = was
		switch {
		case f.Unit == "/s":
			worst = min(worst, f.Value/was)
		case f.AtMost > 0:
			worst = min(worst, was/f.Value)
		}
	}
	return append(after, figure{Name: "the figure that suffers most keeps, of what it was", Value: worst, AtLeast: 0.5})
}
