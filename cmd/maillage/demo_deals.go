// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// A demoDeal is what the member of an initiative asks of it, and how far the
// two came.
type demoDeal struct {
	at, key  string // the instance and the proposal
	quantity federation.Decimal
	message  string
	state    string // where it stands
}

var demoDeals = []demoDeal{
	{"amap", "oeufs", "2", "<p>Je rapporte les boîtes jeudi.</p>", federation.ExchangeProposed},
	{"amap", "paniers", "1", "<p>Sans poireaux si possible, merci !</p>", federation.ExchangeAgreed},
	{"amap", "farine", "5", "", federation.ExchangeFulfilled},
	{"amap", "pain", "2", "<p>Bien cuits, s’il vous plaît.</p>", federation.ExchangeAgreed},
	{"amap", "remorque", "1", "<p>Pour un déménagement, samedi.</p>", federation.ExchangeRefused},
	{"repair", "machine-a-coudre", "1", "<p>Pour des sacs à légumes.</p>", federation.ExchangeAgreed},
	{"repair", "velos", "1", "<p>Un cadre moyen, pour ma fille.</p>", federation.ExchangeProposed},
	{"repair", "petit-electromenager", "1", "", federation.ExchangeFulfilled},
}

// deals lets members ask, and initiatives agree and hand over.
func (d *demo) deals(ctx context.Context, s *demoSite) error {
	return s.once(ctx, actDeals, func(tx *store.Tx) error {
		for _, deal := range demoDeals {
			if d.sites[deal.at] != s {
				continue
			}
			if err := s.deal(ctx, tx, deal); err != nil {
				return fmt.Errorf("%s: %w", deal.key, err)
			}
		}
		return nil
	})
}

func (s *demoSite) deal(ctx context.Context, tx *store.Tx, deal demoDeal) error {
	o, err := tx.Object(ctx, s.object(deal.key))
	if err != nil {
		return err
	}
	p, _ := federation.ProposalOf(o)
	paris := locale.Clocks("")
	day := tx.Now().In(paris).AddDate(0, 0, 3)
	t := federation.Terms{
		Quantity: &federation.Quantity{Unit: p.Usual().Unit, Value: deal.quantity}, Due: time.Date(day.Year(), day.Month(), day.Day(), 18, 30, 0, 0, paris),
		Place: "Maison de la vie associative", Message: deal.message,
	}
	if slices.Contains(p.Modes, "loan") {
		t.Mode, t.Until = "loan", t.Due.AddDate(0, 0, 10)
	}
	if len(p.Dates) > 0 {
		t.Due = time.Time{}
	}
	member := s.actor(s.cast.member.username)
	x, err := outbox.AskTx(ctx, tx, member, o.ID, t)
	if err != nil {
		return err
	}
	switch deal.state {
	case federation.ExchangeProposed:
		return nil
	case federation.ExchangeRefused:
		return outbox.AnswerOfferTx(ctx, tx, x, federation.Reject, "Elle est déjà prise samedi : dimanche, peut-être ?", nil)
	}
	if err := outbox.AnswerOfferTx(ctx, tx, x, federation.Accept, "", nil); err != nil {
		return err
	}
	text := outbox.Letter{From: x.Publisher, To: member, Context: string(x.ID), Language: "fr", Text: "C’est noté, à jeudi !"}
	if err := outbox.NoteTx(ctx, tx, &text); err != nil || deal.state == federation.ExchangeAgreed {
		return err
	}
	for _, by := range []federation.IRI{x.Publisher, member} {
		if err := outbox.HandOverTx(ctx, tx, x, by, federation.StepDelivered, "", ""); err != nil {
			return err
		}
	}
	return nil
}
