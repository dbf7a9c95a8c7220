// SPDX-License-Identifier: AGPL-3.0-or-later

// Package outbox is everything that leaves this server: activities of our own
// actors, published and pushed to the inboxes of peers, and documents that
// peers come to fetch.
//
// [Publish] does what one of our actors asks: it gives the activity an id,
// passes it through the one gate (federation.Apply), stores its exact bytes and
// queues them, in one transaction. [Worker] delivers what is queued.
// [Documents] serves actors, objects, activities and collections, WebFinger,
// NodeInfo and the client-to-server outbox. compose.go and readable.go make
// complete objects from what people typed.
//
// The package never verifies what comes in (inbox does) and never shows a page
// (web does). No network is used inside a transaction.
package outbox

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/store"
)

// Publish does what one of our actors asks, and queues it for everyone it
// concerns, in one transaction. It sets a's id and date.
func Publish(ctx context.Context, db *store.DB, a *federation.Activity) error {
	return db.Update(ctx, func(tx *store.Tx) error { return PublishTx(ctx, tx, a) })
}

// PublishTx is [Publish] within a transaction of the caller. What local actors
// answer is published too. Whoever acts (store.Acting) is recorded.
func PublishTx(ctx context.Context, tx *store.Tx, a *federation.Activity) error {
	if err := publish(ctx, tx, a); err != nil {
		return err
	}
	if err := ownDate(ctx, tx, a); err != nil {
		return err
	}
	return tx.Record(ctx, store.Deed{Verb: a.Type, Actor: a.Actor, Object: string(a.Subject())})
}

// publish does what one of our actors asks, and queues it.
func publish(ctx context.Context, tx *store.Tx, a *federation.Activity) error {
	return do(ctx, tx, a, func() error {
		if err := enqueue(ctx, tx, a); err != nil {
			return err
		}
		if err := tellByPage(ctx, tx, a); err != nil {
			return err
		}
		if listed := list(tx, a); listed != nil {
			return publish(ctx, tx, listed)
		}
		return nil
	})
}

// do does what one of our actors asks. What send queues, what it means for
// those who answered, and what our actors owe in answer is queued behind.
func do(ctx context.Context, tx *store.Tx, a *federation.Activity, send func() error) error {
	a.ID = mint(tx, "activities")
	a.Local = true
	a.Published = tx.Now().UTC().Truncate(time.Second)
	if err := phrase(ctx, tx, a); err != nil {
		return err
	}
	before, err := expected(ctx, tx, a)
	if err != nil {
		return err
	}
	if err := complete(ctx, tx, a); err != nil {
		return err
	}
	raw, err := vocab.EncodeActivity(a)
	if err != nil {
		return fmt.Errorf("encode %s: %w", a.Type, err)
	}
	a.Raw = raw
	owed, err := federation.Apply(ctx, tx, a)
	if err != nil {
		return err
	}
	if err := send(); err != nil {
		return err
	}
	if before != nil {
		if err := before.tell(ctx, tx); err != nil {
			return err
		}
	}
	for _, answer := range owed {
		if err := publish(ctx, tx, answer); err != nil {
			return err
		}
	}
	return nil
}

// mint makes an id that was never used: 128 random bits, so that a restored
// backup cannot give out an id a second time.
func mint(tx *store.Tx, collection string) federation.IRI {
	return federation.IRI(tx.Home() + "/" + collection + "/" + strings.ToLower(rand.Text()))
}

// NewObjectID makes an id for an object that is about to be published.
func NewObjectID(home string) federation.IRI {
	return federation.IRI(home + "/objects/" + strings.ToLower(rand.Text()))
}

// InstanceActor is the Application that stands for the whole instance: it
// signs our fetches and announces our public events.
func InstanceActor(home string) federation.IRI {
	return federation.IRI(home + "/actors/instance")
}

// converse names the conversation that a new object belongs to, so that peers
// keep a thread together: that of what it answers, or one of its own. FEP-7888.
func converse(ctx context.Context, tx *store.Tx, o *federation.Object) error {
	if o.Context != "" { // a receipt is about its agreement, a date about its series
		return nil
	}
	if o.InReplyTo == "" {
		o.Context = string(o.ID) + "#context"
		return nil
	}
	parent, err := tx.Object(ctx, o.InReplyTo)
	if errors.Is(err, federation.ErrNotFound) {
		return nil
	}
	if err == nil {
		o.Context = parent.Context
	}
	return err
}

// complete fills in what the server decides rather than the author, and fixes
// the bytes of what is enclosed.
func complete(ctx context.Context, tx *store.Tx, a *federation.Activity) (err error) {
	switch {
	case a.Type == federation.Offer && a.Enclosed != nil:
		a.Enclosed.ID, a.Enclosed.AttributedTo, a.Enclosed.Raw = "", "", nil // who agrees gives it a name
		return nil
	case a.Type == federation.Delete && a.Object != a.Actor:
		return completeDelete(ctx, tx, a)
	case a.Profile != nil && a.Type == federation.Update:
		return completeProfile(ctx, tx, a)
	case a.Profile != nil: // its id says enough
		a.Profile = nil
		return nil
	case a.Enclosed == nil:
		return nil
	}
	o := a.Enclosed
	o.Local, o.AttributedTo = true, a.Actor
	var left federation.IRI // the circuit that it was for
	switch a.Type {
	case federation.Create:
		if o.ID == "" {
			o.ID = NewObjectID(tx.Home())
		}
		if o.Published.IsZero() {
			o.Published = a.Published
		}
		o.Updated = time.Time{}
		if err := converse(ctx, tx, o); err != nil {
			return err
		}
	case federation.Update:
		old, err := tx.Object(ctx, o.ID)
		if err != nil {
			return err
		}
		o.Published, o.Updated = old.Published, after(tx.Now(), newest(old.Updated, old.Published))
		o.Context, left = old.Context, old.Audience
	default:
		return nil
	}
	if o.URL == "" {
		o.URL = string(o.ID)
	}
	if len(a.To)+len(a.Cc)+len(a.Bto)+len(a.Bcc) == 0 {
		a.To, a.Cc = o.To, o.Cc
	} else {
		o.To, o.Cc = a.To, a.Cc
	}
	if left != "" && left != o.Audience {
		a.Cc = append(slices.Clone(a.Cc), left)
	}
	o.Bto = append(slices.Clone(a.Bto), a.Bcc...)
	a.Object = o.ID
	if err := withhold(ctx, tx, a, o); err != nil {
		return err
	}
	if a.Type == federation.Create && o.Type == "Document" {
		return prove(ctx, tx, o)
	}
	o.Raw, err = vocab.EncodeObject(o)
	return err
}

// withhold sees to it that what an author now keeps from the public does not
// stand in what was said before.
func withhold(ctx context.Context, tx *store.Tx, a *federation.Activity, o *federation.Object) error {
	if !o.Partial {
		delete(o.Extra, "excerpt") // the whole is none, whatever a client says
	}
	if a.Type != federation.Update || !federation.Withholds(o) {
		return nil
	}
	old, err := tx.Object(ctx, o.ID)
	if err != nil {
		return err
	}
	before, now := federation.ReadersOf(old), federation.ReadersOf(o)
	for _, detail := range federation.Details {
		if before.Of(detail) == federation.ReadersPublic && now.Of(detail) != federation.ReadersPublic {
			return tx.BareActivities(ctx, o.ID)
		}
	}
	return nil
}

// completeProfile encloses an actor as it will be, whatever the edit says of
// what cannot be edited.
func completeProfile(ctx context.Context, tx *store.Tx, a *federation.Activity) error {
	if a.Profile.ID != a.Actor {
		return fmt.Errorf("%w: %s belongs to somebody else", federation.ErrForbidden, a.Profile.ID)
	}
	old, err := tx.Actor(ctx, a.Actor)
	if err != nil {
		return err
	}
	edit := *a.Profile
	edit.Updated = after(tx.Now(), old.Updated)
	a.Profile = federation.Edited(old, &edit)
	raw, err := EncodeActor(a.Profile)
	a.Object = a.Actor
	a.Enclosed = &federation.Object{ID: a.Actor, Type: old.Type, Raw: raw}
	return err
}

// completeDelete encloses the tombstone, with the type that was: Gancio leaves
// an event standing otherwise.
func completeDelete(ctx context.Context, tx *store.Tx, a *federation.Activity) (err error) {
	old, err := tx.Object(ctx, a.Object)
	if errors.Is(err, federation.ErrNotFound) {
		old, err = agreed(ctx, tx, a)
	}
	if err != nil {
		return err
	}
	if len(a.Addressees()) == 0 {
		a.To, a.Cc = old.To, old.Cc
	}
	stone := &federation.Object{
		ID: old.ID, Type: "Tombstone", FormerType: old.Type, AttributedTo: old.AttributedTo,
		Published: old.Published, Deleted: a.Published,
	}
	stone.Raw, err = vocab.EncodeObject(stone)
	a.Enclosed = stone
	return err
}

// after returns now in whole seconds, but strictly later than before: peers
// ignore an Update that is not newer, and many count in seconds.
func after(now, before time.Time) time.Time {
	now = now.UTC().Truncate(time.Second)
	if !now.After(before) {
		now = before.UTC().Truncate(time.Second).Add(time.Second)
	}
	return now
}

func newest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// enqueue queues a for its addressees, and a change for everyone who was sent
// what it changes. A Block is nobody's business.
func enqueue(ctx context.Context, tx *store.Tx, a *federation.Activity) error {
	if a.Type == federation.Block || a.Type == federation.Undo && a.Inner != nil && a.Inner.Type == federation.Block {
		return nil
	}
	lane, err := laneOf(ctx, tx, a)
	if err != nil {
		return err
	}
	var more []federation.IRI
	switch {
	case a.Type == federation.Delete && a.Object == a.Actor:
		more, err = tx.KnownInboxes(ctx)
	case a.Type == federation.Update, a.Type == federation.Delete:
		if more, err = tx.Sent(ctx, a.Actor, a.Object); err == nil {
			var answered []federation.IRI // who comes may follow nobody here
			answered, err = tx.AnswererInboxes(ctx, a.Object)
			more = append(more, answered...)
		}
	}
	if err != nil {
		return err
	}
	to, hidden, err := addressees(ctx, tx, a)
	if err != nil {
		return err
	}
	_, err = tx.Enqueue(ctx, a, lane, to, append(more, hidden...)...)
	return err
}

// addressees returns whom a is for, and the personal inboxes of the peers'
// actors who are hidden: at a shared one nobody would know that it is for them.
func addressees(ctx context.Context, tx *store.Tx, a *federation.Activity) (to, hidden []federation.IRI, err error) {
	to = slices.Concat(a.To, a.Cc)
	for _, id := range slices.Concat(a.Bto, a.Bcc) {
		who, err := tx.Actor(ctx, id)
		switch {
		case errors.Is(err, federation.ErrNotFound): // a collection of ours, or nobody
			to = append(to, id)
		case err != nil:
			return nil, nil, err
		case !who.Local && !who.Gone:
			hidden = append(hidden, who.Inbox)
		}
	}
	return to, hidden, nil
}

// laneOf is the lane of what happens to what a is about. All that is said of an
// exchange goes one after the other, in the lane of its proposal: a receipt means
// nothing to whom the Accept has not reached.
func laneOf(ctx context.Context, tx *store.Tx, a *federation.Activity) (int64, error) {
	id := a.Object
	switch o := a.Enclosed; {
	case a.Type == federation.Delete, o != nil && a.Type == federation.Update && o.Type == "Agreement":
	case o != nil && a.Type == federation.Create && o.Context != "" && o.Context != string(o.ID)+"#context" && !slices.Contains(o.To, federation.Public):
		id = federation.IRI(o.Context)
	default:
		return Lane(a.Subject()), nil
	}
	x, err := tx.Exchange(ctx, id)
	if errors.Is(err, federation.ErrNotFound) {
		return Lane(a.Subject()), nil
	}
	if err != nil {
		return 0, err
	}
	return Lane(x.Proposal), nil
}

// Lane numbers the queue lane of what happens to one subject. Two subjects
// that share a number merely wait for each other.
func Lane(subject federation.IRI) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(subject))
	return int64(h.Sum64() >> 1)
}

// list returns the Announce by which the instance actor lists a new public
// event: Mobilizon shows only announced ones.
func list(tx *store.Tx, a *federation.Activity) *federation.Activity {
	if a.Type != federation.Create || a.Enclosed == nil || a.Enclosed.Type != "Event" || !slices.Contains(a.Enclosed.To, federation.Public) {
		return nil
	}
	instance := InstanceActor(tx.Home())
	return &federation.Activity{
		Type: federation.Announce, Actor: instance, Object: a.Object, Local: true,
		To: []federation.IRI{federation.Public}, Cc: []federation.IRI{instance + "/followers", a.Actor},
	}
}

// Status maps an error of the core to an HTTP status.
func Status(err error) int {
	switch {
	case err == nil:
		return 200
	case errors.Is(err, federation.ErrMalformed):
		return 400
	case errors.Is(err, federation.ErrUnauthorized):
		return 401
	case errors.Is(err, federation.ErrForbidden):
		return 403
	case errors.Is(err, federation.ErrNotFound):
		return 404
	case errors.Is(err, federation.ErrConflict):
		return 409
	case errors.Is(err, federation.ErrGone):
		return 410
	case errors.Is(err, federation.ErrUnsupported):
		return 422
	case errors.Is(err, federation.ErrUnavailable), errors.Is(err, context.Canceled): // nobody waits for the answer
		return 503
	}
	return 500
}
