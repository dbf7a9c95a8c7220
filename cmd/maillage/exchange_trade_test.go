// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// A trade is an exchange between two instances under way: what the two do, and
// what each of them knows.
type trade struct {
	t                  *testing.T
	publisher, partner *instance
	about              *federation.Object
	offer              federation.IRI // the latest that was asked
	due                time.Time      // when it is to be handed over
}

// trades publishes something that can be asked for, and waits until the other
// knows of it.
func trades(t *testing.T, publisher, partner *instance, left string) *trade {
	t.Helper()
	return tradesIn(t, publisher, partner, baskets(left))
}

func tradesIn(t *testing.T, publisher, partner *instance, f outbox.OfferForm) *trade {
	t.Helper()
	d := &trade{t: t, publisher: publisher, partner: partner, about: publisher.offers(f)}
	eventually(t, "the offer arrives", func() bool { d.again(); return partner.object(d.about.ID) != nil })
	return d
}

func so(n federation.Decimal) federation.Terms {
	return federation.Terms{Quantity: &federation.Quantity{Unit: "one", Value: n}}
}

func (d *trade) ask(n federation.Decimal) {
	d.t.Helper()
	d.partner.update(func(ctx context.Context, tx *store.Tx) error {
		known, err := tx.Object(ctx, d.about.ID)
		if err != nil {
			return err
		}
		terms := so(n)
		terms.Due = d.due
		x, err := outbox.AskTx(ctx, tx, d.partner.Actor.ID, known.ID, terms)
		if err == nil {
			d.offer = x.Offer
		}
		return err
	})
}

// does lets one side do something about the exchange.
func (d *trade) does(side *instance, what func(context.Context, *store.Tx, *federation.Exchange) error) {
	d.t.Helper()
	side.update(func(ctx context.Context, tx *store.Tx) error {
		x, err := tx.Exchange(ctx, d.offer)
		if err != nil {
			return err
		}
		return what(ctx, tx, x)
	})
}

func (d *trade) answer(verb, reason string, counter *federation.Terms) {
	d.t.Helper()
	d.does(d.publisher, func(ctx context.Context, tx *store.Tx, x *federation.Exchange) error {
		return outbox.AnswerOfferTx(ctx, tx, x, verb, reason, counter)
	})
}

func (d *trade) accept()              { d.t.Helper(); d.answer(federation.Accept, "", nil) }
func (d *trade) refuse(reason string) { d.t.Helper(); d.answer(federation.Reject, reason, nil) }

func (d *trade) counter(n federation.Decimal) {
	d.t.Helper()
	t := so(n)
	d.answer(federation.Reject, "Pas tant", &t)
}

// take asks for what the publisher would agree to.
func (d *trade) take() {
	d.t.Helper()
	d.does(d.partner, func(ctx context.Context, tx *store.Tx, x *federation.Exchange) error {
		if err := outbox.AcceptCounterTx(ctx, tx, x); err != nil {
			return err
		}
		x, err := tx.Exchange(ctx, x.ID)
		if err == nil {
			d.offer = x.Offer
		}
		return err
	})
}

// tell says that so much was handed over or paid: all of it if n is empty.
func (d *trade) tell(side *instance, kind string, n federation.Decimal) {
	d.t.Helper()
	d.does(side, func(ctx context.Context, tx *store.Tx, x *federation.Exchange) error {
		return outbox.HandOverTx(ctx, tx, x, side.Actor.ID, kind, n, "")
	})
}

func (d *trade) cancel(side *instance, reason string) {
	d.t.Helper()
	d.does(side, func(ctx context.Context, tx *store.Tx, x *federation.Exchange) error {
		return outbox.CancelTx(ctx, tx, x, side.Actor.ID, reason)
	})
}

// account is everything that one side holds of the exchange, without what only
// it can know: the ids of its own pages, and when it learned of something.
func (d *trade) account(side *instance) string {
	d.t.Helper()
	x := side.exchange(d.offer)
	if x == nil {
		return "nothing"
	}
	who := func(id federation.IRI) string {
		switch id {
		case d.publisher.Actor.ID:
			return "publisher"
		case d.partner.Actor.ID:
			return "partner"
		}
		return string(id)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s with %s: %s %s; left %s", who(x.Publisher), who(x.Partner), x.State, termsOf(&x.Terms), side.left(x.Proposal))
	if x.Counter != nil && x.State == federation.ExchangeCountered {
		fmt.Fprintf(&b, "; instead %s", termsOf(x.Counter))
	}
	fmt.Fprintf(&b, "; reason %q", x.Reason)
	steps := make([]string, len(x.Steps))
	for n, s := range x.Steps {
		if steps[n] = fmt.Sprintf("%s %s %s", who(s.By), s.Kind, s.Quantity); s.Signed == nil {
			steps[n] += " without a proof"
		}
	}
	slices.Sort(steps) // of the two sides they may cross
	fmt.Fprintf(&b, "; %s", strings.Join(steps, ", "))
	return b.String()
}

func termsOf(t *federation.Terms) string {
	if t.Price == nil {
		return string(t.Quantity.Value)
	}
	return fmt.Sprintf("%s for %s", t.Quantity.Value, t.Price.Value)
}

// told lists what each side was told of the exchange.
func (d *trade) told() (all []string) {
	d.t.Helper()
	for _, side := range []*instance{d.publisher, d.partner} {
		x := side.exchange(d.offer)
		if x == nil {
			continue
		}
		for _, n := range side.column(fmt.Sprintf("SELECT kind FROM notices WHERE object = %s ORDER BY kind", side.quoted(string(x.ID))), 0) {
			all = append(all, side.name+": "+n)
		}
	}
	return all
}

// same waits until both know the same of the exchange, which is this.
func (d *trade) same(want string) {
	d.t.Helper()
	var a, b string
	defer func() {
		if d.t.Failed() {
			d.t.Logf("wanted        %s\nthe publisher %s\nthe partner   %s", want, a, b)
		}
	}()
	eventually(d.t, "both know the same", func() bool {
		d.again()
		a, b = d.account(d.publisher), d.account(d.partner)
		return a == b && (want == "" || a == want)
	})
}

// again lets both call each other at once, whatever failed before.
func (d *trade) again() {
	d.t.Helper()
	for _, pair := range [][2]*instance{{d.publisher, d.partner}, {d.partner, d.publisher}} {
		host := hostOf(pair[1].Origin)
		if pair[0].host(host).Failures == 0 && pair[0].resting() == 0 {
			continue
		}
		err := pair[0].DB.Update(context.WithoutCancel(d.t.Context()), func(tx *store.Tx) error { return tx.RetryHost(d.t.Context(), host) })
		if err != nil && !errors.Is(err, federation.ErrNotFound) {
			d.t.Fatal(err)
		}
	}
}

// resting is how many deliveries wait for better times, or were given up.
func (i *instance) resting() int {
	i.t.Helper()
	return i.number(fmt.Sprintf(`SELECT count(*) FROM deliveries WHERE state = 'failed' OR state = 'pending' AND due > %d`, i.now().UnixMicro()))
}

// settles waits until all that the two have to say was said, whatever failed
// before.
func (d *trade) settles() {
	d.t.Helper()
	eventually(d.t, "everything is said", func() bool {
		d.again()
		said := true
		for _, i := range []*instance{d.publisher, d.partner} {
			said = said && i.number(`SELECT count(*) FROM deliveries WHERE state IN ('pending', 'failed')`) == 0
		}
		return said
	})
	settled(d.publisher, d.partner)
}

// A cable is the network of an instance, that can be cut: before a request
// leaves, or before its answer comes back.
type cable struct {
	next  *http.Transport
	state atomic.Int32
	lost  atomic.Int32
}

// What a cable does.
const (
	whole int32 = iota
	losesRequests
	losesAnswers
)

func newCable(t *testing.T) *cable {
	c := &cable{next: &http.Transport{MaxIdleConnsPerHost: 4}}
	t.Cleanup(c.next.CloseIdleConnections)
	return c
}

var errCut = errors.New("the cable is cut")

func (c *cable) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.state.Load() == losesRequests {
		c.lost.Add(1)
		return nil, errCut
	}
	res, err := c.next.RoundTrip(r)
	if err == nil && c.state.Load() == losesAnswers {
		_ = res.Body.Close()
		c.lost.Add(1)
		return nil, errCut
	}
	return res, err
}

// becomes changes what the cable does, and begins to count.
func (c *cable) becomes(state int32) {
	c.lost.Store(0)
	c.state.Store(state)
}
