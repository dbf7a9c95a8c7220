// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/http"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/signature"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/store"
)

// What one of ours does about an exchange, each in the caller's transaction.
// They pass the gate like everything else; here is only what makes an activity
// of a wish.

// AskTx asks on behalf of one of ours for an agreement on a proposal, and
// returns the exchange it began, or went on with.
func AskTx(ctx context.Context, tx *store.Tx, from, proposal federation.IRI, t federation.Terms) (*federation.Exchange, error) {
	o, err := tx.Whole(ctx, proposal)
	if err != nil {
		return nil, err
	}
	p, ok := federation.ProposalOf(o)
	if !ok {
		return nil, fmt.Errorf("%w: %s is no proposal", federation.ErrUnsupported, o.ID)
	}
	t, err = p.Check(o, t, tx.Now())
	if err != nil {
		return nil, err
	}
	a := federation.NewOffer(o, t, from)
	if err := PublishTx(ctx, tx, a); err != nil {
		return nil, err
	}
	return tx.Exchange(ctx, a.ID)
}

// AcceptCounterTx asks on behalf of the partner for just what the publisher
// would agree to.
func AcceptCounterTx(ctx context.Context, tx *store.Tx, x *federation.Exchange) error {
	if x.Counter == nil || x.State != federation.ExchangeCountered {
		return fmt.Errorf("%w: the exchange is %s", federation.ErrConflict, x.State)
	}
	t := *x.Counter
	t.Message = x.Terms.Message
	if federation.IsGuest(tx.Home(), x.Partner) {
		return RespondTx(ctx, tx, &federation.Exchange{
			Proposal: x.Proposal, Partner: x.Partner, Terms: t, Offer: federation.IRI(fmt.Sprintf("%s#offer-%d", x.Partner, len(x.Turns)+1)),
		})
	}
	o, err := tx.Whole(ctx, x.Proposal)
	if err != nil {
		return err
	}
	return PublishTx(ctx, tx, federation.NewOffer(o, t, x.Partner))
}

// AnswerOfferTx agrees to what was asked of one of ours, refuses it with a
// reason, or says on which other terms it would be agreed to.
func AnswerOfferTx(ctx context.Context, tx *store.Tx, x *federation.Exchange, verb, reason string, counter *federation.Terms) error {
	o, err := tx.Whole(ctx, x.Proposal)
	if err != nil {
		return err
	}
	if counter != nil {
		p, _ := federation.ProposalOf(o)
		checked, err := p.Check(o, federation.Terms{Quantity: counter.Quantity, Mode: counter.Mode, Due: counter.Due}, tx.Now())
		if err != nil {
			return err
		}
		counter.Quantity, counter.Mode = checked.Quantity, checked.Mode
		if counter.Price == nil {
			counter.Price = checked.Price
		}
	}
	return PublishTx(ctx, tx, federation.NewAnswer(verb, x, o, reason, counter))
}

// CancelTx ends an exchange on behalf of one of the two: who asked takes the
// Offer back, who published deletes the agreement.
func CancelTx(ctx context.Context, tx *store.Tx, x *federation.Exchange, by federation.IRI, reason string) error {
	if by == x.Partner && x.ByPage(tx.Home()) {
		owed, err := federation.Retract(ctx, tx, x, reason)
		return owe(ctx, tx, owed, err)
	}
	if by == x.Partner {
		return PublishTx(ctx, tx, &federation.Activity{
			Type: federation.Undo, Actor: by, Object: x.Offer, Content: reason, To: []federation.IRI{x.Publisher},
			Inner: &federation.Activity{ID: x.Offer, Type: federation.Offer, Actor: x.Partner, Object: x.Proposal},
		})
	}
	if x.Open() {
		return AnswerOfferTx(ctx, tx, x, federation.Reject, reason, nil)
	}
	return PublishTx(ctx, tx, &federation.Activity{
		Type: federation.Delete, Actor: by, Object: x.ID, Content: reason, To: []federation.IRI{x.Partner},
	})
}

// HandOverTx says on behalf of one of the two what was handed over or paid;
// all that remains if quantity is empty.
func HandOverTx(ctx context.Context, tx *store.Tx, x *federation.Exchange, by federation.IRI, kind string, quantity federation.Decimal, words string) error {
	return KeepTx(ctx, tx, x, by, kind, time.Time{}, quantity, words)
}

// MarkTx says on behalf of one of the two what changes about the dates of an
// agreement.
func MarkTx(ctx context.Context, tx *store.Tx, x *federation.Exchange, by federation.IRI, m federation.Mark) error {
	x, err := federation.Alone(ctx, tx, x)
	if err != nil {
		return err
	}
	if by == x.Partner && x.ByPage(tx.Home()) {
		owed, err := federation.Change(ctx, tx, x, m)
		return owe(ctx, tx, owed, err)
	}
	return PublishTx(ctx, tx, federation.NewMark(x, by, m))
}

// KeepTx is [HandOverTx] for what fell due on one day of a season.
func KeepTx(ctx context.Context, tx *store.Tx, x *federation.Exchange, by federation.IRI, kind string, due time.Time, quantity federation.Decimal, words string) error {
	x, err := federation.Alone(ctx, tx, x)
	if err != nil {
		return err
	}
	if by == x.Partner && x.ByPage(tx.Home()) {
		owed, err := federation.Confirm(ctx, tx, x, kind, due, quantity, words)
		return owe(ctx, tx, owed, err)
	}
	return PublishTx(ctx, tx, federation.NewStep(x, by, kind, due, quantity, words))
}

// agreed stands in for the agreement that a deletes: it is no object, but its
// tombstone says what it was.
func agreed(ctx context.Context, tx *store.Tx, a *federation.Activity) (*federation.Object, error) {
	x, err := tx.Exchange(ctx, a.Object)
	if err != nil {
		return nil, err
	}
	return &federation.Object{
		ID: x.ID, Type: "Agreement", AttributedTo: x.Publisher, Published: x.At, To: []federation.IRI{x.Partner},
	}, nil
}

// prove encodes a document of one of ours with a proof that it is theirs: a
// receipt can be shown to others. FEP-8b32.
func prove(ctx context.Context, tx *store.Tx, o *federation.Object) error {
	method, secret, err := tx.SigningKey(ctx, o.AttributedTo, "ed25519")
	if err != nil {
		return err
	}
	key, err := signature.ParsePrivateKey(secret)
	if err != nil {
		return err
	}
	private, ok := key.(ed25519.PrivateKey)
	if !ok {
		return fmt.Errorf("key %s of %s is no Ed25519 key", method, o.AttributedTo)
	}
	putExtra(o, "proof", struct{}{}) // so that the context has its terms
	if o.Raw, err = vocab.EncodeObject(o); err != nil {
		return err
	}
	proof, err := vocab.Prove(o.Raw, private, method, tx.Now())
	if err != nil {
		return err
	}
	putExtra(o, "proof", proof)
	o.Raw, err = vocab.EncodeObject(o)
	o.Proven = true
	return err
}

// exchange serves an agreement of ours to the two whose it is.
func (d *Documents) exchange(ctx context.Context, r *http.Request) (doc document, err error) {
	id := d.local("/exchanges/" + r.PathValue("id"))
	viewer := d.viewer(ctx, r)
	err = d.DB.View(ctx, func(tx *store.Tx) error {
		x, err := tx.Exchange(ctx, id)
		switch {
		case err != nil:
			return err
		case x.ID != id || !x.Party(viewer) || x.Agreement != id:
			return notHere(id)
		}
		o, err := tx.Whole(ctx, x.Proposal)
		if err != nil && !errors.Is(err, federation.ErrNotFound) {
			return err
		}
		if o == nil || o.Gone() {
			o = &federation.Object{ID: x.Proposal}
		}
		body, err := vocab.EncodeObject(x.Document(o))
		doc = activityJSON(body)
		doc.private, doc.modified = true, x.Updated
		return err
	})
	return doc, err
}

// RespondTx takes in what somebody without an account asks of a proposal, and
// publishes what is owed for it.
func RespondTx(ctx context.Context, tx *store.Tx, x *federation.Exchange) error {
	owed, err := federation.Respond(ctx, tx, x)
	return owe(ctx, tx, owed, err)
}

// RecordTx writes down what one of ours agreed on elsewhere.
func RecordTx(ctx context.Context, tx *store.Tx, x *federation.Exchange) error {
	owed, err := federation.Record(ctx, tx, x)
	return owe(ctx, tx, owed, err)
}

// owe publishes what is owed, unless there was an error.
func owe(ctx context.Context, tx *store.Tx, owed []*federation.Activity, err error) error {
	if err != nil {
		return err
	}
	for _, a := range owed {
		if err := publish(ctx, tx, a); err != nil {
			return err
		}
	}
	return nil
}
