// SPDX-License-Identifier: AGPL-3.0-or-later

package federation_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	. "codeberg.org/maillage/maillage/federation"
)

// memory is a State made of maps: what the verbs are tried against.
type memory struct {
	now        time.Time
	actors     map[IRI]Actor
	objects    map[IRI]Object
	edges      map[string]Edge
	activities map[string]bool
	suspended  map[IRI]bool
	notices    []Notice
	exchanges  map[IRI]Exchange
	limit      Decimal
}

var noon = time.Date(2026, 9, 12, 12, 0, 0, 0, time.UTC)

const (
	home  = "https://home.example"
	other = "https://other.example"
	ann   = IRI(home + "/actors/ann") // ours
	bob   = IRI(home + "/actors/bob") // ours, approves followers
	vera  = IRI(other + "/vera")      // a peer's
	mal   = IRI(other + "/mallory")   // of vera's server
	evil  = IRI("https://evil.example/eve")
)

func newMemory() *memory {
	s := &memory{
		now: noon, actors: map[IRI]Actor{}, objects: map[IRI]Object{}, edges: map[string]Edge{},
		activities: map[string]bool{}, suspended: map[IRI]bool{}, exchanges: map[IRI]Exchange{},
	}
	for _, id := range []IRI{ann, bob, vera, mal, evil} {
		s.actors[id] = Actor{
			ID: id, Type: "Person", Local: id.Origin() == home, Followers: id + "/followers", Featured: id + "/featured",
			Inbox: id + "/inbox", Locked: id == bob,
		}
	}
	return s
}

func (s *memory) Now() time.Time                  { return s.now }
func (s *memory) Home() string                    { return home }
func (s *memory) Lock(context.Context, IRI) error { return nil }
func (s *memory) Notify(_ context.Context, n Notice) error {
	s.notices = append(s.notices, n)
	return nil
}

func (s *memory) Actor(_ context.Context, id IRI) (*Actor, error) {
	if a, ok := s.actors[id]; ok {
		return &a, nil
	}
	return nil, fmt.Errorf("actor %s: %w", id, ErrNotFound)
}

func (s *memory) PutActor(_ context.Context, a *Actor) error { s.actors[a.ID] = *a; return nil }

func (s *memory) DropActor(_ context.Context, id IRI) error {
	a := s.actors[id]
	a.Gone = true
	s.actors[id] = a
	maps.DeleteFunc(s.edges, func(_ string, e Edge) bool { return e.From == id || e.To == id })
	maps.DeleteFunc(s.objects, func(_ IRI, o Object) bool { return o.AttributedTo == id })
	return nil
}

func (s *memory) Object(_ context.Context, id IRI) (*Object, error) {
	if o, ok := s.objects[id]; ok {
		return &o, nil
	}
	return nil, fmt.Errorf("object %s: %w", id, ErrNotFound)
}

func (s *memory) Whole(ctx context.Context, id IRI) (*Object, error) { return s.Object(ctx, id) }

func (s *memory) PutObject(_ context.Context, o *Object) error { s.objects[o.ID] = *o; return nil }

func edgeKey(kind string, from, to IRI) string { return fmt.Sprintf("%s %s %s", kind, from, to) }

func (s *memory) Edge(_ context.Context, kind string, from, to IRI) (*Edge, error) {
	if e, ok := s.edges[edgeKey(kind, from, to)]; ok {
		return &e, nil
	}
	return nil, fmt.Errorf("edge: %w", ErrNotFound)
}

func (s *memory) EdgeBy(_ context.Context, by IRI) (*Edge, error) {
	for _, e := range s.edges {
		if e.By == by {
			return &e, nil
		}
	}
	return nil, fmt.Errorf("edge by %s: %w", by, ErrNotFound)
}

func (s *memory) PutEdge(_ context.Context, e *Edge) error {
	s.edges[edgeKey(e.Kind, e.From, e.To)] = *e
	return nil
}

func (s *memory) DropEdge(ctx context.Context, kind string, from, to IRI) error {
	if _, err := s.Edge(ctx, kind, from, to); err != nil {
		return err
	}
	delete(s.edges, edgeKey(kind, from, to))
	return nil
}

func (s *memory) CountTo(_ context.Context, kind string, to IRI) (n int, err error) {
	for _, e := range s.edges {
		if e.Kind == kind && e.To == to && !e.Pending {
			n++
		}
	}
	return n, nil
}

func (s *memory) Taken(_ context.Context, event IRI) (n int, err error) {
	for _, e := range s.edges {
		if e.Kind == Join && e.To == event && !e.Pending {
			n += 1 + e.Companions
		}
	}
	return n, nil
}

func (s *memory) FirstPending(_ context.Context, kind string, to IRI) (*Edge, error) {
	var oldest *Edge
	for _, e := range s.edges {
		if e.Kind == kind && e.To == to && e.Pending && (oldest == nil || e.At.Before(oldest.At)) {
			oldest = &e
		}
	}
	if oldest == nil {
		return nil, fmt.Errorf("pending %s of %s: %w", kind, to, ErrNotFound)
	}
	return oldest, nil
}

func (s *memory) LocalFollowers(_ context.Context, id IRI) (list []IRI, err error) {
	for _, e := range s.edges {
		if e.Kind == Follow && e.To == id && !e.Pending && e.From.Origin() == home {
			list = append(list, e.From)
		}
	}
	slices.Sort(list)
	return list, nil
}

func (s *memory) Engaged(_ context.Context, who IRI) (organised, answered []IRI, err error) {
	for _, e := range s.edges {
		if e.Kind != Join && e.Kind != TentativeAccept {
			continue
		}
		if s.objects[e.To].AttributedTo == who {
			organised = append(organised, e.To)
		}
		if e.From == who {
			answered = append(answered, e.To)
		}
	}
	slices.Sort(organised)
	slices.Sort(answered)
	return slices.Compact(organised), slices.Compact(answered), nil
}

func (s *memory) LocalAnswerers(_ context.Context, id IRI) (list []IRI, err error) {
	for _, e := range s.edges {
		if (e.Kind == Join || e.Kind == TentativeAccept) && e.To == id && e.From.Origin() == home {
			list = append(list, e.From)
		}
	}
	slices.Sort(list)
	return list, nil
}

func (s *memory) LogActivity(_ context.Context, a *Activity) error {
	k := fmt.Sprintf("%s %s", a.ID, a.Actor)
	if s.activities[k] {
		return ErrSeen
	}
	s.activities[k] = true
	return nil
}

func (s *memory) Suspended(_ context.Context, id IRI) (bool, error) {
	return s.suspended[id] || s.suspended[IRI(id.Host())], nil
}

// world is everything that can be seen of a state, to compare two of them.
func (s *memory) world() string {
	raw, err := json.Marshal([]any{s.actors, s.objects, s.edges, s.exchanges})
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// follows puts an accepted Follow.
func (s *memory) follows(from, to IRI) {
	s.edges[edgeKey(Follow, from, to)] = Edge{Kind: Follow, From: from, To: to, By: from + "#follow", At: s.now}
}

// note is a public note of author's.
func note(author IRI, name string) *Object {
	return &Object{
		ID: IRI(author.Origin() + "/notes/" + name), Type: "Note", AttributedTo: author, Content: "<p>" + name + "</p>",
		To: []IRI{Public}, Cc: []IRI{author + "/followers"}, Published: noon.Add(-time.Hour),
	}
}

// act is an activity of actor's, with an id of its own.
func act(verb string, actor, object IRI) *Activity {
	return &Activity{
		ID:   IRI(fmt.Sprintf("%s/activities/%s-%x", actor.Origin(), verb, len(object)*31+len(actor))) + IRI("/") + IRI(object.Host()) + IRI(actor[len(actor.Origin()):]),
		Type: verb, Actor: actor, Object: object, Local: actor.Origin() == home, Published: noon,
	}
}

// post is the Create of o.
func post(o *Object) *Activity {
	a := act(Create, o.AttributedTo, o.ID)
	a.Enclosed, a.To, a.Cc = o, o.To, o.Cc
	return a
}

func (s *memory) Exchange(_ context.Context, id IRI) (*Exchange, error) {
	for _, x := range s.exchanges {
		if id != "" && (x.ID == id || x.Offer == id || x.Agreement == id) {
			return &x, nil
		}
	}
	return nil, fmt.Errorf("exchange %s: %w", id, ErrNotFound)
}

func (s *memory) OpenExchange(_ context.Context, proposal, partner IRI) (*Exchange, error) {
	for _, x := range s.exchanges {
		if x.Proposal == proposal && x.Partner == partner && x.Open() {
			return &x, nil
		}
	}
	return nil, fmt.Errorf("exchange of %s: %w", partner, ErrNotFound)
}

func (s *memory) OpenExchanges(_ context.Context, proposal IRI) (list []*Exchange, err error) {
	for _, id := range slices.Sorted(maps.Keys(s.exchanges)) {
		if x := s.exchanges[id]; x.Proposal == proposal && x.State == ExchangeProposed {
			list = append(list, &x)
		}
	}
	return list, nil
}

func (s *memory) ExchangeWith(_ context.Context, proposal, partner IRI) (*Exchange, error) {
	for _, id := range slices.Sorted(maps.Keys(s.exchanges)) {
		if x := s.exchanges[id]; x.Proposal == proposal && x.Partner == partner && (x.State == ExchangeAgreed || x.State == ExchangeFulfilled) {
			return &x, nil
		}
	}
	return nil, fmt.Errorf("exchange of %s: %w", partner, ErrNotFound)
}

func (s *memory) Ledger(_ context.Context, actor IRI) (list []*Exchange, err error) {
	for _, id := range slices.Sorted(maps.Keys(s.exchanges)) {
		if x := s.exchanges[id]; x.Party(actor) {
			list = append(list, &x)
		}
	}
	return list, nil
}

func (s *memory) LedgerLimit(context.Context) (Decimal, error) { return s.limit, nil }

func (s *memory) PutExchange(_ context.Context, x *Exchange) error {
	s.exchanges[x.ID] = *x
	return nil
}
