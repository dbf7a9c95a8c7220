// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A State is what verbs may see and change. It is satisfied by a store
// transaction, so that a verb happens entirely or not at all.
//
// What does not exist is [ErrNotFound].
type State interface {
	// Now is the time of the transaction.
	Now() time.Time
	// Home is our own origin, such as "https://amap.example".
	Home() string
	// Lock waits until no other transaction works on id.
	Lock(ctx context.Context, id IRI) error

	Actor(ctx context.Context, id IRI) (*Actor, error) // a deleted one has Gone set
	PutActor(ctx context.Context, a *Actor) error
	// DropActor leaves a tombstone of an actor, and deletes its objects and edges.
	DropActor(ctx context.Context, id IRI) error

	Object(ctx context.Context, id IRI) (*Object, error) // a deleted one is a Tombstone
	// Whole returns an object with all that we hold of it, for what is reckoned
	// and decided rather than shown. See [Everyones].
	Whole(ctx context.Context, id IRI) (*Object, error)
	// PutObject stores what everybody may read of an object, and beside it the
	// rest.
	PutObject(ctx context.Context, o *Object) error

	Edge(ctx context.Context, kind string, from, to IRI) (*Edge, error)
	EdgeBy(ctx context.Context, by IRI) (*Edge, error)
	PutEdge(ctx context.Context, e *Edge) error
	DropEdge(ctx context.Context, kind string, from, to IRI) error
	// Taken counts the places of an event that were given: everybody who comes,
	// and whom they bring along.
	Taken(ctx context.Context, event IRI) (int, error)
	// CountTo counts the edges of a kind to something that are not pending.
	CountTo(ctx context.Context, kind string, to IRI) (int, error)
	// FirstPending returns the oldest pending edge of a kind to something.
	FirstPending(ctx context.Context, kind string, to IRI) (*Edge, error)
	// LocalFollowers returns those of our actors who follow id.
	LocalFollowers(ctx context.Context, id IRI) ([]IRI, error)
	// LocalAnswerers returns those of our actors who come to an event, perhaps
	// or for sure, or wait for a place.
	LocalAnswerers(ctx context.Context, event IRI) ([]IRI, error)
	// Engaged returns the events to come that an actor organises and somebody
	// answered, and those that the actor answered.
	Engaged(ctx context.Context, actor IRI) (organised, answered []IRI, err error)

	// Exchange returns the exchange that an Offer, an Agreement or its page
	// names.
	Exchange(ctx context.Context, id IRI) (*Exchange, error)
	// OpenExchange returns what a partner asked of a proposal and nobody decided
	// yet.
	OpenExchange(ctx context.Context, proposal, partner IRI) (*Exchange, error)
	// OpenExchanges returns all that was proposed and not decided, the oldest
	// first.
	OpenExchanges(ctx context.Context, proposal IRI) ([]*Exchange, error)
	// ExchangeWith returns what was agreed on last of a proposal with a partner.
	ExchangeWith(ctx context.Context, proposal, partner IRI) (*Exchange, error)
	PutExchange(ctx context.Context, x *Exchange) error
	// Ledger returns what stands between an actor and others, and what they ask for.
	Ledger(ctx context.Context, actor IRI) ([]*Exchange, error)
	// LedgerLimit is how far below nought balances may go; empty: no limit.
	LedgerLimit(ctx context.Context) (Decimal, error)

	// LogActivity remembers that actor spoke this activity: [ErrSeen] if it
	// was remembered before.
	LogActivity(ctx context.Context, a *Activity) error
	// Suspended reports whether this instance refuses everything from id: the
	// actor, its host or a parent domain of that.
	Suspended(ctx context.Context, id IRI) (bool, error)
	Notify(ctx context.Context, n Notice) error
}

// A Verb gives one activity type its meaning. The same verb runs for our own
// actors and for peers: where an activity came from is not its concern.
type Verb struct {
	Type string
	// Needs lists what must be known before Apply runs. The inbox fetches it
	// first: a verb never waits for the network. Nil: the actor alone.
	Needs func(a *Activity) Needs
	// Apply checks that a.Actor may do this and does it. It returns the
	// activities our own actors owe in answer, without ids.
	Apply func(ctx context.Context, s State, a *Activity) ([]*Activity, error)
}

// Needs names what has to be read from its origin before an activity can be
// applied.
type Needs struct {
	Actors  []IRI // read unless known
	Objects []IRI // read unless known
	Refresh []IRI // actors to read again even if known
	Renew   []IRI // objects to read again, of which somebody else says that they changed
}

// A Noun is an object type we accept.
type Noun struct {
	Type    string
	Check   func(o *Object) error // what makes it well formed; may return a [FieldError]
	Context string                // its own JSON-LD terms: members of a JSON object, without the braces
	Index   func(o *Object) Index // how it is found again; nil: by text, tags, place and time alone
}

// An Index is how an object is found: the generic columns of the store. A new
// noun needs no migration.
type Index struct {
	Kind       string // "offer", "need", "event"; or the type in lower case
	Category   string
	Modes      []string // kinds of exchange
	Tags       []string // hashtags, lower case, without #
	Point      *Point
	Start, End time.Time
	Closed     bool   // nothing is left, or it was cancelled
	Text       string // plain words for full-text search
}

// The verbs' types, as they stand on the wire. The kind of an [Edge] is that
// of the verb that makes it.
const (
	Accept          = "Accept"
	Add             = "Add"
	Announce        = "Announce"
	Block           = "Block"
	Create          = "Create"
	Delete          = "Delete"
	Flag            = "Flag"
	Follow          = "Follow"
	Ignore          = "Ignore"
	Invite          = "Invite"
	Join            = "Join"
	Leave           = "Leave"
	Like            = "Like"
	Move            = "Move"
	Offer           = "Offer"
	Reject          = "Reject"
	Remove          = "Remove"
	TentativeAccept = "TentativeAccept"
	Undo            = "Undo"
	Update          = "Update"
)

// The grammar: every verb and noun this server understands. To teach it a new
// one, write it in a file of its own and name it here.
var (
	verbs = named([]Verb{
		accept, add, announce, block, create, del, flag, follow, ignore, invite, join, leave, like, move, offer, reject, remove,
		tentativeAccept, undo, update,
	}, func(v Verb) string { return v.Type })
	nouns = named([]Noun{
		article, document, event, image, note, page, place, proposal, question,
	}, func(n Noun) string { return n.Type })
)

// Knows reports whether there is a verb of that type.
func Knows(verb string) bool { _, ok := verbs[verb]; return ok }

// NounOf returns the noun that o is: a proposal by its properties, everything
// else by its type.
func NounOf(o *Object) (Noun, bool) {
	if o.Type == "Note" || o.Type == proposal.Type {
		if isProposal(o) {
			return proposal, true
		}
	}
	n, ok := nouns[o.Type]
	return n, ok
}

// IndexOf returns how o is found.
func IndexOf(o *Object) Index {
	n, ok := NounOf(o)
	if ok && n.Index != nil {
		return n.Index(o)
	}
	return index(o)
}

// Apply is the one gate to federated state: every activity, ours or a peer's,
// passes through here, inside a transaction.
//
// The gate holds the authority rules that belong to no single verb: the verb
// is known; the activity's id and its actor have one origin (R5); who is not
// of this server does not speak for it, nor the other way round (R4); the actor is known, not
// deleted and not suspended (R6); what came along is the actor's own or is put
// aside (R7); and it was not applied before (R10).
func Apply(ctx context.Context, s State, a *Activity) ([]*Activity, error) {
	v, ok := verbs[a.Type]
	if !ok {
		return nil, fmt.Errorf("%w: activity %s", ErrUnsupported, a.Type)
	}
	if !a.ID.SameOrigin(a.Actor) {
		return nil, fmt.Errorf("%w: activity %s is not of the host of %s", ErrForbidden, a.ID, a.Actor)
	}
	if a.Local != (a.Actor.Origin() == s.Home()) {
		return nil, fmt.Errorf("%w: %s does not speak from here", ErrForbidden, a.Actor)
	}
	if err := checkActor(ctx, s, a); err != nil {
		return nil, err
	}
	if err := checkSuspended(ctx, s, a); err != nil {
		return nil, err
	}
	a.name()
	setAsideForeign(a)
	if !a.Local {
		mend(a.Enclosed)
	}
	if err := s.Lock(ctx, a.Object); err != nil {
		return nil, err
	}
	if err := s.LogActivity(ctx, a); err != nil {
		if errors.Is(err, ErrSeen) {
			return nil, nil // delivered twice, done once
		}
		return nil, err
	}
	answers, err := v.Apply(ctx, s, a)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", a.Type, a.ID, err)
	}
	passed, err := passOn(ctx, s, a)
	return append(answers, passed...), err
}

// Learn takes in an object that was read from its own origin: the parent of a
// reply, the post that somebody announced. Its owner must be known.
func Learn(ctx context.Context, s State, o *Object) error {
	owner, err := s.Actor(ctx, o.AttributedTo)
	if err != nil {
		return err
	}
	switch {
	case o.ID.Origin() == s.Home():
		return fmt.Errorf("%w: %s is ours", ErrForbidden, o.ID)
	case owner.Gone:
		return fmt.Errorf("%w: %s", ErrGone, owner.ID)
	}
	if err := checkOwn(o, o.AttributedTo); err != nil {
		return err
	}
	if err := notSuspended(ctx, s, o.AttributedTo); err != nil {
		return err
	}
	old, err := s.Object(ctx, o.ID)
	switch {
	case errors.Is(err, ErrNotFound):
		old = nil
	case err != nil:
		return err
	case !replaces(o, old):
		return nil
	}
	clamp(o, s.Now())
	mend(o)
	if err := s.PutObject(ctx, o); err != nil || old == nil {
		return err
	}
	return changed(ctx, s, old, o)
}

// NeedsOf returns what must be known before a can be applied.
func NeedsOf(a *Activity) Needs {
	n := Needs{}
	a.name()
	if v := verbs[a.Type]; v.Needs != nil {
		n = v.Needs(a)
	}
	n.Actors = append([]IRI{a.Actor}, n.Actors...)
	return n
}

// checkActor wants the speaker to be known and alive. Only its own deletion is
// believed of an actor we have never met.
func checkActor(ctx context.Context, s State, a *Activity) error {
	actor, err := s.Actor(ctx, a.Actor)
	switch {
	case err != nil:
		return fmt.Errorf("actor of %s: %w", a.ID, err)
	case actor.Gone && !a.Local && (a.Type == Delete || a.Type == Undo):
		// GoToSocial deletes the posts of who leaves at the same time.
		return fmt.Errorf("%w: %s left and took that along", ErrNotConcerned, a.Actor)
	case actor.Gone:
		return fmt.Errorf("%w: %s was deleted", ErrGone, a.Actor)
	case actor.Local != a.Local:
		return fmt.Errorf("%w: %s", ErrForbidden, a.Actor)
	}
	return nil
}

// checkSuspended refuses whoever is suspended, as speaker or as owner of what
// is spoken of.
func checkSuspended(ctx context.Context, s State, a *Activity) error {
	about := []IRI{a.Actor, a.Object, a.Target}
	if a.Enclosed != nil {
		about = append(about, a.Enclosed.AttributedTo)
	}
	if a.Inner != nil {
		about = append(about, a.Inner.Actor, a.Inner.Object)
	}
	for _, id := range unique(about) {
		if id == Public || id.Origin() == s.Home() {
			continue
		}
		if a.Local && (a.Type == Undo || a.Type == Block || a.Type == Reject || a.Type == Flag) {
			continue // taking leave of a suspended peer is always possible
		}
		if err := notSuspended(ctx, s, id); err != nil {
			return err
		}
	}
	return nil
}

func notSuspended(ctx context.Context, s State, id IRI) error {
	bad, err := s.Suspended(ctx, id)
	if err == nil && bad {
		err = fmt.Errorf("%w: %s is suspended here", ErrForbidden, id)
	}
	return err
}

// setAsideForeign drops what came along unless it is the speaker's own or was
// read from its origin: R7. The id remains, to be fetched; the bytes that held
// the words of another are not kept either.
func setAsideForeign(a *Activity) {
	o := a.Enclosed
	if o != nil && !a.Fetched && checkOwn(o, a.Actor) != nil && o.Type != "Tombstone" {
		a.Enclosed = nil
		if !a.Local {
			a.Raw = nil
		}
	}
	if a.Type == Announce && !a.Local && a.Inner != nil && a.Inner.Actor != a.Actor {
		a.Raw = nil
	}
	if a.Profile != nil && a.Profile.ID != a.Actor {
		a.Profile = nil
	}
}

// checkOwn wants o to be a well-formed noun of owner's, on owner's server.
func checkOwn(o *Object, owner IRI) error {
	if o.AttributedTo != owner || !o.ID.SameOrigin(owner) {
		return fmt.Errorf("%w: %s is not by %s", ErrForbidden, o.ID, owner)
	}
	return nil
}

// checkNoun applies the grammar of nouns to o.
func checkNoun(o *Object) error {
	n, ok := NounOf(o)
	if !ok {
		return fmt.Errorf("%w: object %s", ErrUnsupported, o.Type)
	}
	if n.Check == nil {
		return nil
	}
	return n.Check(o)
}

// replaces reports whether o is a newer state of old, of the same owner and
// kind: R8 and R13.
func replaces(o, old *Object) bool {
	return !old.Gone() && o.AttributedTo == old.AttributedTo && o.Type == old.Type && o.Updated.After(stamp(old))
}

// stamp is when o was last written.
func stamp(o *Object) time.Time {
	if o.Updated.IsZero() {
		return o.Published
	}
	return o.Updated
}

// clamp keeps a peer's clock from putting its posts before everyone's.
func clamp(o *Object, now time.Time) {
	if o.Published.IsZero() || o.Published.After(now) {
		o.Published = now
	}
}

func named[T any](list []T, key func(T) string) map[string]T {
	m := make(map[string]T, len(list))
	for _, t := range list {
		m[key(t)] = t
	}
	return m
}
