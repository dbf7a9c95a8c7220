// SPDX-License-Identifier: AGPL-3.0-or-later

package remote

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
)

// How long we go by what we know.
const (
	actorAge    = 24 * time.Hour  // then an actor is read again when used
	refreshWait = 5 * time.Minute // between two readings of one actor or key. Rule R2
	refusalAge  = time.Hour       // of a key that is not there
	failureAge  = time.Minute     // of a host that does not answer
	keyAge      = time.Hour       // of a parsed key; then the Cache is asked again
)

// How much we hold in memory.
const (
	maxKeys  = 50_000
	maxTries = 50_000
)

// A Cache remembers actors, ours and those of peers. What it does not have is
// ErrNotFound.
type Cache interface {
	Actor(ctx context.Context, id federation.IRI) (*federation.Actor, error)
	PutActor(ctx context.Context, a *federation.Actor) error
	// ActorByKey returns the actor among whose Keys is one with that id.
	ActorByKey(ctx context.Context, keyID federation.IRI) (*federation.Actor, error)
	// DropActor is called when the origin of an actor says that it is gone.
	DropActor(ctx context.Context, id federation.IRI) error
}

// A Directory finds actors, their keys and their objects, here or on the web.
// It is safe for concurrent use; its fields are not to be changed once it is
// used.
type Directory struct {
	Client *Client
	Cache  Cache
	Now    func() time.Time // time.Now if nil

	once    sync.Once
	flights singleflight.Group // readings under way, joined by who else wants them
	tries   *otter.Cache[federation.IRI, try]
	keys    *otter.Cache[federation.IRI, entry]
}

// A try is how the last reading of an actor ended.
type try struct {
	until time.Time // before which there is no other
	err   error
}

func (d *Directory) init() {
	d.once.Do(func() {
		d.tries = otter.Must(&otter.Options[federation.IRI, try]{MaximumSize: maxTries})
		d.keys = otter.Must(&otter.Options[federation.IRI, entry]{MaximumSize: maxKeys})
	})
}

func (d *Directory) now() time.Time {
	if d.Now == nil {
		return time.Now()
	}
	return d.Now()
}

// Actor returns an actor: ours, or a peer's as it was in the last day. If the
// peer does not answer, an older copy has to do. An actor that its origin says
// is deleted is ErrGone.
func (d *Directory) Actor(ctx context.Context, id federation.IRI) (*federation.Actor, error) {
	a, err := d.Cache.Actor(ctx, id)
	switch {
	case err == nil && a.Gone:
		return nil, fmt.Errorf("actor %s: %w", id, federation.ErrGone)
	case err == nil && (a.Local || d.Client.ours(id) || d.now().Sub(a.Fetched) < actorAge):
		return a, nil
	case err != nil && (!errors.Is(err, federation.ErrNotFound) || d.Client.ours(id)):
		return nil, fmt.Errorf("actor %s: %w", id, err)
	}
	newer, failed := d.renew(ctx, id)
	if failed == nil || a == nil || err != nil || errors.Is(failed, federation.ErrGone) {
		return newer, failed
	}
	return a, nil
}

// Refresh reads an actor again from its origin, unless that was done in the
// last five minutes. An actor of ours is as it is.
func (d *Directory) Refresh(ctx context.Context, id federation.IRI) (*federation.Actor, error) {
	if d.Client.ours(id) {
		return d.Cache.Actor(ctx, id)
	}
	return d.renew(ctx, id)
}

// Object reads an object from its origin, and the actor it is attributed to
// too, so that whoever wants to store it has both. The owner is of the same
// origin. A Tombstone has no owner.
func (d *Directory) Object(ctx context.Context, id federation.IRI) (*federation.Object, error) {
	d.init()
	return join(ctx, &d.flights, "object "+string(id), func(ctx context.Context) (*federation.Object, error) {
		o, err := d.readObject(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("object %s: %w", id, err)
		}
		return o, nil
	})
}

func (d *Directory) readObject(ctx context.Context, id federation.IRI) (*federation.Object, error) {
	doc, err := d.Client.Fetch(ctx, id)
	if err != nil {
		return nil, err
	}
	o, err := vocab.DecodeObject(doc)
	switch {
	case err != nil:
		return nil, err
	case o.ID != id:
		return nil, forbidden("it is %s", o.ID)
	case o.Gone():
		return o, nil
	case !o.AttributedTo.SameOrigin(id):
		return nil, forbidden("it is attributed to %q", o.AttributedTo)
	}
	if _, err := d.Actor(ctx, o.AttributedTo); err != nil {
		return nil, err
	}
	return o, nil
}

// renew reads an actor from its origin, once in a while and once at a time.
func (d *Directory) renew(ctx context.Context, id federation.IRI) (*federation.Actor, error) {
	d.init()
	return join(ctx, &d.flights, "actor "+string(id), func(ctx context.Context) (*federation.Actor, error) {
		if t, ok := d.tries.GetIfPresent(id); ok && d.now().Before(t.until) {
			if t.err != nil {
				return nil, t.err
			}
			if a, err := d.Cache.Actor(ctx, id); !errors.Is(err, federation.ErrNotFound) {
				return a, err
			}
		}
		a, err := d.readActor(ctx, id)
		if err != nil {
			err = fmt.Errorf("actor %s: %w", id, err)
		}
		if wait := patience(err, refreshWait); wait > 0 {
			d.tries.Set(id, try{until: d.now().Add(wait), err: err})
		}
		return a, err
	})
}

// patience is how long an outcome stands: long for what the peer said or did,
// short for a peer that could not be asked, and not at all for what is no fault
// of the peer's.
func patience(err error, long time.Duration) time.Duration {
	switch {
	case err == nil:
		return long
	case errors.Is(err, ErrBudget):
		return 0
	case errors.Is(err, federation.ErrUnavailable):
		return failureAge
	case definitive(err):
		return long
	}
	return 0
}

// definitive reports whether an error is about the thing asked for.
func definitive(err error) bool {
	for _, kind := range []error{
		federation.ErrMalformed, federation.ErrForbidden, federation.ErrNotFound,
		federation.ErrGone, federation.ErrUnsupported, federation.ErrUnauthorized,
	} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

func (d *Directory) readActor(ctx context.Context, id federation.IRI) (*federation.Actor, error) {
	old, err := d.Cache.Actor(ctx, id)
	if err != nil && !errors.Is(err, federation.ErrNotFound) {
		return nil, err
	}
	doc, err := d.Client.Fetch(ctx, id)
	if err == nil {
		var a *federation.Actor
		if a, err = vocab.DecodeActor(doc); err == nil {
			return a, d.learn(ctx, id, old, a)
		}
	}
	if errors.Is(err, federation.ErrGone) && old != nil {
		d.forget(old)
		if err := d.Cache.DropActor(ctx, id); err != nil && !errors.Is(err, federation.ErrNotFound) {
			return nil, err
		}
	}
	return nil, err
}

// learn checks what an actor says of itself and remembers it.
func (d *Directory) learn(ctx context.Context, id federation.IRI, old, a *federation.Actor) error {
	if a.ID != id {
		return forbidden("it is %s", a.ID)
	}
	if !a.Inbox.SameOrigin(id) {
		return forbidden("its inbox is %q", a.Inbox)
	}
	// An actor speaks for its own origin: it may not claim the collections, or
	// the shared inbox, of another. Rule R5.
	for _, i := range []*federation.IRI{&a.SharedInbox, &a.Outbox, &a.Followers, &a.Following, &a.Featured} {
		if !i.SameOrigin(id) {
			*i = ""
		}
	}
	a.Keys = ownKeys(a)
	a.Former = formerKeys(old, a, d.now())
	a.Local, a.Gone, a.Fetched = false, false, d.now()
	if old != nil && a.Handle == "" && old.Username == a.Username {
		a.Handle = old.Handle // proven before, for the same name
	}
	if err := d.Cache.PutActor(ctx, a); err != nil {
		return err
	}
	if old != nil {
		d.forget(old)
	}
	d.remember(a)
	return nil
}

// join runs f, or waits for the same f that is already running. It goes on for
// the others when ctx ends, but no longer than a request may take.
func join[T any](ctx context.Context, g *singleflight.Group, key string, f func(context.Context) (T, error)) (T, error) {
	for {
		ch := g.DoChan(key, func() (any, error) { return f(context.WithoutCancel(ctx)) })
		select {
		case <-ctx.Done():
			var none T
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return none, fmt.Errorf("%w: %w", federation.ErrUnavailable, ctx.Err())
			}
			return none, ctx.Err()
		case r := <-ch:
			// Somebody else's budget is spent, ours is not: ask ourselves.
			if errors.Is(r.Err, ErrBudget) && r.Shared && !spent(ctx) {
				continue
			}
			v, _ := r.Val.(T)
			return v, r.Err
		}
	}
}
