// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// A dateLine is what falls on one day of a season, or when a loan comes back.
type dateLine struct {
	Due, When, What string
	Kind            string
	Done            bool // they who look noted it
	Told            bool // the other did
	Skipped         bool
	Taker           string
	Note            string // the button that notes it; "" if there is none
	MaySkip         bool
	MayPass         bool
}

// dateLines lists what an exchange plans, in order.
func (v *visit) dateLines(x *federation.Exchange, me federation.IRI) (all []dateLine) {
	plan := slices.Clone(x.Terms.Schedule)
	slices.SortStableFunc(plan, func(a, b federation.Commitment) int { return a.Due.Compare(b.Due) })
	for _, c := range plan {
		l := dateLine{
			Due: c.Due.UTC().Format(time.RFC3339), When: v.words.DateTime(c.Due.In(v.zone())), Kind: c.Kind,
			Done: x.DoneOn(c, me), Told: x.DoneOn(c, x.Other(me)), Skipped: c.Skipped, Taker: c.Taker,
		}
		if c.Kind == federation.StepPaid {
			l.What = v.words.T("page_date_paid", "Price", v.words.Money(c.Quantity, currencyCode(x.Terms.Currency)))
		} else {
			l.What = v.words.T("page_date_"+c.Kind, "What", v.words.Quantity(c.Quantity, x.Terms.Quantity.Unit))
		}
		if x.State == federation.ExchangeAgreed && !l.Skipped {
			if !l.Done {
				l.Note = v.words.T("form_date_" + c.Kind)
			}
			open := c.Kind == federation.StepDelivered && !x.DoneOn(c, x.Publisher)
			l.MaySkip, l.MayPass = open && me == x.Publisher, open && me == x.Partner && !x.ByPage(v.Origin)
		}
		all = append(all, l)
	}
	return all
}

// currencyCode is the ISO code of a currency, or the URI that names it.
func currencyCode(uri string) string {
	for code, known := range federation.Currencies {
		if known == uri {
			return code
		}
	}
	return uri
}

// date reads which date of the exchange is meant.
func (d *deal) date() (*federation.Commitment, error) {
	due, err := time.Parse(time.RFC3339, d.f.Value("due"))
	if err != nil {
		return nil, fmt.Errorf("%w: due", federation.ErrMalformed)
	}
	c := d.x.Commitment(d.f.Value("kind"), due)
	if c == nil {
		return nil, fmt.Errorf("%w: nothing falls on %s", federation.ErrConflict, due)
	}
	return c, nil
}

// keptDate notes that what fell on a day was handed over, paid or came back.
func (v *visit) keptDate(ctx context.Context, tx *store.Tx, d *deal) (string, error) {
	c, err := d.date()
	if err != nil {
		return "", err
	}
	if d.x.DoneOn(*c, d.me) {
		return "", federation.ErrConflict
	}
	return "exchange_delivered", outbox.KeepTx(ctx, tx, d.x, d.me, c.Kind, c.Due, "", "")
}

// skipDate says that nothing is handed over on a day.
func (v *visit) skipDate(ctx context.Context, tx *store.Tx, d *deal) (string, error) {
	c, err := d.date()
	if err != nil {
		return "", err
	}
	return "saved", outbox.MarkTx(ctx, tx, d.x, d.me, federation.Mark{Kind: federation.MarkSkipped, Due: c.Due})
}

// passDate says who takes the share of a day.
func (v *visit) passDate(ctx context.Context, tx *store.Tx, d *deal) (string, error) {
	c, err := d.date()
	if err != nil {
		return "", err
	}
	taker := strings.TrimSpace(cut(d.f.Value("taker"), 100))
	if taker == "" {
		d.f.wrong("taker", "error_date_taker")
		return "", nil
	}
	return "saved", outbox.MarkTx(ctx, tx, d.x, d.me, federation.Mark{Kind: federation.MarkPassed, Due: c.Due, Taker: taker})
}
