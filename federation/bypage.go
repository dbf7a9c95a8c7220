// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Who asked without an account, or by a message, has no server that could send
// us activities about an exchange: a page here is their door, and these are the
// functions behind it. They do what the gate does when an activity comes, by
// the same code. Who may use the door is for the site to prove.

// Retract takes back what such a partner asked for, or cancels what was agreed.
func Retract(ctx context.Context, s State, x *Exchange, reason string) ([]*Activity, error) {
	if !x.ByPage(s.Home()) {
		return nil, fmt.Errorf("%w: %s speaks for themselves", ErrForbidden, x.Partner)
	}
	owed, _, err := withdrawal(ctx, s, &Activity{Actor: x.Partner, Object: x.ID, Content: reason, Local: true})
	return owed, err
}

// Confirm takes in what such a partner says was handed over or paid.
func Confirm(ctx context.Context, s State, x *Exchange, kind string, due time.Time, quantity Decimal, words string) ([]*Activity, error) {
	if !x.ByPage(s.Home()) {
		return nil, fmt.Errorf("%w: %s speaks for themselves", ErrForbidden, x.Partner)
	}
	a := NewStep(x, x.Partner, kind, due, quantity, words)
	a.Enclosed.Context, a.Published, a.Enclosed.Published, a.Local = string(x.ID), s.Now(), s.Now(), true
	owed, _, err := fulfilment(ctx, s, a, a.Enclosed)
	return owed, err
}

// Change takes in what such a partner says about the dates of an agreement.
func Change(ctx context.Context, s State, x *Exchange, m Mark) ([]*Activity, error) {
	if !x.ByPage(s.Home()) {
		return nil, fmt.Errorf("%w: %s speaks for themselves", ErrForbidden, x.Partner)
	}
	a := NewMark(x, x.Partner, m)
	a.Enclosed.Context, a.Published, a.Local = string(x.ID), s.Now(), true
	owed, _, err := mark(ctx, s, a, a.Enclosed)
	return owed, err
}

// Record writes down what one of ours agreed on elsewhere, with somebody who
// wrote to them. x names the proposal, the partner, the terms, and as its Offer
// something that is recorded once. Stock is taken as for every agreement.
func Record(ctx context.Context, s State, x *Exchange) ([]*Activity, error) {
	if err := s.Lock(ctx, x.Proposal); err != nil {
		return nil, err
	}
	o, publisher, err := offered(ctx, s, x.Proposal, x.Partner)
	switch {
	case err != nil:
		return nil, err
	case !publisher.Local || publisher.ID != x.Publisher:
		return nil, fmt.Errorf("%w: %s is not for %s to agree on", ErrForbidden, o.ID, x.Publisher)
	}
	x.ID, x.At, x.Recorded = ExchangeID(s.Home(), x.Offer), s.Now(), true
	if known, err := s.Exchange(ctx, x.ID); !errors.Is(err, ErrNotFound) {
		if err == nil {
			*x = *known // pressed twice
		}
		return nil, err
	}
	p, _ := ProposalOf(o)
	price := x.Terms.Price
	x.Terms.Price = nil
	if x.Terms, err = p.Check(o, x.Terms, s.Now()); err != nil {
		return nil, err
	}
	if price != nil && Priced(x.Terms.Mode) {
		x.Terms.Price = price // what the two agreed on
	}
	x.Purpose = p.Purpose
	if err := withinLimit(ctx, s, x); err != nil {
		return nil, err
	}
	owed, err := takeStock(ctx, s, x)
	if err != nil {
		return nil, err
	}
	x.Agreement, x.Payment = x.ID, p.Payment
	x.begin(s.Now(), s.Now())
	return owed, errors.Join(become(ctx, s, x, ExchangeAgreed), tellParty(ctx, s, x, x.Partner, "Agreed"))
}

// Remark keeps what one of the two says to the other where one of them is no
// actor.
func Remark(ctx context.Context, s State, x *Exchange, by IRI, text string) error {
	if text = strings.TrimSpace(text); text == "" || !x.Party(by) || !x.ByPage(s.Home()) {
		return fmt.Errorf("%w: a remark", ErrMalformed)
	}
	now, err := Alone(ctx, s, x)
	if err != nil {
		return err
	}
	if len(now.Said) >= maxSaid {
		return fmt.Errorf("%w: %d messages", ErrConflict, maxSaid)
	}
	now.Said = append(now.Said, Said{By: by, Text: brief(text), At: s.Now()})
	*x = *now
	return errors.Join(become(ctx, s, x, x.State), tellParty(ctx, s, x, x.Other(by), "Remark"))
}
