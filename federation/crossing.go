// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"context"
	"errors"
	"slices"
)

// Two servers decide without hearing each other, and what they say may cross on its
// way. The publisher keeps the stock, so the publisher's server has the last word,
// and says it where it differs from what the partner's server thinks; what was
// handed over is a fact that both keep. See decision 0030.

// maxFormer is how many Offers of an exchange are remembered that others replaced.
const maxFormer = 20

// crossed takes in an Accept that comes after its Offer was withdrawn: it was agreed
// on, and the withdrawal ends it. The name of the agreement is kept, since the
// publisher may answer that it stands.
func crossed(ctx context.Context, s State, a *Activity, x *Exchange) error {
	id, _, err := agreementIn(a.Extra["result"], a.Actor)
	if err != nil {
		return err
	}
	x.Agreement, x.EndedBy = id, x.Partner
	return become(ctx, s, x, ExchangeCancelled)
}

// outdated takes in an Accept of an Offer that one of ours has replaced by another:
// who agreed has to be told that it is not wanted any more.
func outdated(ctx context.Context, s State, a *Activity) (owed []*Activity, ok bool, err error) {
	_, proposal, _ := termsIn(members(a.Extra["result"]))
	if proposal == "" && a.Inner != nil {
		proposal = a.Inner.Object
	}
	if a.Local || proposal == "" {
		return nil, false, nil
	}
	for _, who := range a.To {
		x, err := s.OpenExchange(ctx, proposal, who)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, false, err
		}
		if x.Publisher != a.Actor || x.Partner.Origin() != s.Home() || !slices.Contains(x.Former, a.Object) {
			continue
		}
		return []*Activity{{
			Type: Undo, Actor: x.Partner, Object: a.Object, To: []IRI{x.Publisher},
			Inner: &Activity{ID: a.Object, Type: Offer, Actor: x.Partner, Object: x.Proposal},
		}}, true, nil
	}
	return nil, false, nil
}

// stands tells a partner on another server, who takes back what was agreed on, that
// this cannot be, and why: there it is over already.
func stands(ctx context.Context, s State, a *Activity, x *Exchange, wrong error) ([]*Activity, error) {
	var f *FieldError
	if a.Local || x.Publisher.Origin() != s.Home() || !errors.As(wrong, &f) {
		return nil, wrong
	}
	kept := Mark{Kind: MarkKept, Refused: ExchangeCancelled, Reason: f.Reason}
	return []*Activity{NewMark(x, x.Publisher, kept)}, tellParty(ctx, s, x, x.Publisher, "TurnedDown")
}

// resume goes on with what the partner cancelled, because the publisher says that it
// stands.
func (x *Exchange) resume(a *Activity, m Mark) {
	if x.State != ExchangeCancelled || x.EndedBy != x.Partner || a.Actor != x.Publisher {
		return // said on the publisher's side, or heard before
	}
	x.State, x.Reason, x.EndedBy = ExchangeAgreed, "", ""
	if x.settled() {
		x.State = ExchangeFulfilled
	}
	x.turn(MarkKept, m.Reason, a.Published)
}
