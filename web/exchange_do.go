// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// maxReason is how long a reason may be.
const maxReason = 500

// A deal is one of the two doing something about an exchange.
type deal struct {
	*door

	f *form
	o *federation.Object
}

// deals are what may be done, by the name of the button. What is done returns
// the message that says so.
var deals = map[string]func(*visit, context.Context, *store.Tx, *deal) (string, error){
	"accept":    (*visit).acceptExchange,
	"refuse":    (*visit).refuseExchange,
	"counter":   (*visit).counterExchange,
	"take":      (*visit).takeCounter,
	"cancel":    (*visit).cancelExchange,
	"delivered": (*visit).handedOver,
	"paid":      (*visit).paid,
	"write":     (*visit).writeExchange,
	"kept":      (*visit).keptDate,
	"skip":      (*visit).skipDate,
	"pass":      (*visit).passDate,
	"change":    (*visit).changeDate,
	"pause":     (*visit).pauseOrder,
	"end":       (*visit).endOrder,
	"longer":    (*visit).askLonger,
	"extend":    (*visit).grantLonger,
	"keep":      (*visit).denyLonger,
	"renew":     (*visit).goOn,
	"decline":   (*visit).goNot,
}

// doExchange does what a button of the page of an exchange says.
func (v *visit) doExchange(ctx context.Context) (p *page, err error) {
	do, ok := deals[v.r.PostFormValue("do")]
	f := v.posted()
	var in *door
	var done string
	err = v.DB.Update(ctx, func(tx *store.Tx) (err error) {
		f.mistakes = nil // of an attempt before this
		if in, err = v.exchangeDoor(ctx, tx); err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("%w: do", federation.ErrMalformed)
		}
		d := &deal{door: in, f: f}
		if d.o, err = v.proposalOf(ctx, tx, in.x, in.me); err != nil {
			return err
		}
		if done, err = do(v, ctx, tx, d); err == nil && len(f.mistakes) > 0 {
			err = errTyped
		}
		return err
	})
	switch {
	case err == nil:
		return see(v.exchangePath(in.x)+v.doorQuery(in), done), nil
	case errors.Is(err, errTyped), f.wrongDeal(err):
	case errors.Is(err, federation.ErrConflict): // the other was faster, or it was pressed twice
		return see(v.exchangePath(in.x)+v.doorQuery(in), "exchange_changed"), nil
	default:
		return nil, err
	}
	err = v.DB.View(ctx, func(tx *store.Tx) (err error) {
		if in, err = v.exchangeDoor(ctx, tx); err == nil {
			p, err = v.exchangeShown(ctx, tx, in, f)
		}
		return err
	})
	return p, err
}

// errTyped says that a form has mistakes.
var errTyped = errors.New("mistakes in the form")

// wrongDeal notes what the core says cannot be, in the part of the page that it
// belongs to: inputs of the same name stand in several.
func (f *form) wrongDeal(err error) bool {
	before := len(f.mistakes)
	if !f.wrongTerms(err) {
		return false
	}
	for i := before; i < len(f.mistakes); i++ {
		f.mistakes[i].Field = f.dealInput(f.mistakes[i].Field)
	}
	return true
}

// dealInput is the input of the part of the page that was sent.
func (f *form) dealInput(name string) string {
	switch f.Value("do") {
	case "delivered":
		return "handed"
	case "cancel", "refuse":
		return "reason"
	case "counter":
		return name
	case "change", "skip":
		return "changed"
	case "kept":
		return "part"
	case "pause":
		return "pause.from"
	case "end":
		return "end.date"
	case "longer":
		return "longer.date"
	}
	return "deal"
}

// doorQuery is what the address of the page ends in.
func (v *visit) doorQuery(in *door) string {
	d := exchangeData{As: in.as}
	if in.by != nil {
		d.Key, d.Secret = in.by.ID, in.by.Secret
	}
	return d.Query()
}

// reason reads why; one is wanted where somebody counts on it.
func (f *form) reason(wanted bool) string {
	text := strings.TrimSpace(f.Value("reason"))
	switch {
	case wanted && text == "":
		f.wrong("reason", "form_exchange_reason_missing")
	case utf8.RuneCountInString(text) > maxReason:
		f.wrong("reason", "form_exchange_reason_long", "Most", maxReason)
	}
	return text
}

func (v *visit) acceptExchange(ctx context.Context, tx *store.Tx, d *deal) (string, error) {
	if d.me != d.x.Publisher {
		return "", federation.ErrConflict
	}
	return "exchange_agreed", outbox.AnswerOfferTx(ctx, tx, d.x, federation.Accept, "", nil)
}

func (v *visit) refuseExchange(ctx context.Context, tx *store.Tx, d *deal) (string, error) {
	if d.me != d.x.Publisher {
		return "", federation.ErrConflict
	}
	reason := d.f.reason(true)
	if len(d.f.mistakes) > 0 {
		return "", nil
	}
	return "exchange_refused", outbox.AnswerOfferTx(ctx, tx, d.x, federation.Reject, reason, nil)
}

// counterExchange says to what the publisher would agree instead.
func (v *visit) counterExchange(ctx context.Context, tx *store.Tx, d *deal) (string, error) {
	p, ok := federation.ProposalOf(d.o)
	if d.me != d.x.Publisher || !ok {
		return "", federation.ErrConflict
	}
	t := federation.Terms{Quantity: d.f.amount("quantity", *d.x.Terms.Quantity), Mode: d.x.Terms.Mode, Due: v.due(d.f), Place: cut(d.f.Value("place"), maxExchangePlace)}
	if p.Reciprocal != nil && p.Reciprocal.Quantity != nil && federation.Priced(t.Mode) {
		t.Price = d.f.amount("price", federation.Quantity{Unit: p.Reciprocal.Quantity.Unit})
	}
	reason := d.f.reason(false)
	if len(d.f.mistakes) > 0 {
		return "", nil
	}
	return "exchange_countered", outbox.AnswerOfferTx(ctx, tx, d.x, federation.Reject, reason, &t)
}

// takeCounter agrees to what the publisher proposed.
func (v *visit) takeCounter(ctx context.Context, tx *store.Tx, d *deal) (string, error) {
	if d.me != d.x.Partner {
		return "", federation.ErrConflict
	}
	return "exchange_taken", outbox.AcceptCounterTx(ctx, tx, d.x)
}

// cancelExchange takes back what was asked, or ends what was agreed on.
func (v *visit) cancelExchange(ctx context.Context, tx *store.Tx, d *deal) (string, error) {
	if !d.x.Open() && d.x.State != federation.ExchangeAgreed {
		return "", federation.ErrConflict
	}
	reason := d.f.reason(d.x.State == federation.ExchangeAgreed)
	if len(d.f.mistakes) > 0 {
		return "", nil
	}
	done := "exchange_cancelled"
	if d.x.Open() {
		done = "exchange_withdrawn"
	}
	return done, outbox.CancelTx(ctx, tx, d.x, d.me, reason)
}

// handedOver notes what was handed over or received: all that remains, unless
// an amount was typed.
func (v *visit) handedOver(ctx context.Context, tx *store.Tx, d *deal) (string, error) {
	var quantity federation.Decimal
	if typed := strings.TrimSpace(d.f.Value("handed")); typed != "" {
		n, err := federation.ParseDecimal(typed)
		if err != nil {
			d.f.wrong("handed", "error_number", "Value", typed)
			return "", nil
		}
		quantity = n
	}
	words := cut(d.f.Value("words"), maxReason)
	return "exchange_delivered", outbox.HandOverTx(ctx, tx, d.x, d.me, federation.StepDelivered, quantity, words)
}

func (v *visit) paid(ctx context.Context, tx *store.Tx, d *deal) (string, error) {
	if d.x.Terms.Price == nil {
		return "", federation.ErrConflict
	}
	return "exchange_paid", outbox.HandOverTx(ctx, tx, d.x, d.me, federation.StepPaid, "", "")
}

// writeExchange sends a message to the other of the two: a direct note between
// actors, else a line of the exchange, and a letter.
func (v *visit) writeExchange(ctx context.Context, tx *store.Tx, d *deal) (string, error) {
	text := strings.TrimSpace(d.f.Value("words"))
	switch {
	case text == "":
		d.f.wrong("words", "error_content_missing")
	case utf8.RuneCountInString(text) > maxExchangeWords:
		d.f.wrong("words", "form_write_long", "Most", maxExchangeWords)
	}
	if len(d.f.mistakes) > 0 {
		return "", nil
	}
	x := d.x
	if federation.IsGuest(v.Origin, x.Partner) || d.by != nil {
		if err := federation.Remark(ctx, tx, x, d.me, text); err != nil || d.me == x.Partner {
			return "exchange_written", err
		}
		return "exchange_written", outbox.WriteRespondentTx(ctx, tx, x, "remark", text)
	}
	names, last, err := v.lastNote(ctx, tx, x)
	if err != nil {
		return "", err
	}
	return "exchange_written", outbox.NoteTx(ctx, tx, &outbox.Letter{
		From: d.me, To: x.Other(d.me), Context: names, InReplyTo: last, Language: v.words.Lang(), Text: text,
	})
}

// lastNote returns the conversation of an exchange, by the name that both
// servers know, and the note that was written last.
func (v *visit) lastNote(ctx context.Context, tx *store.Tx, x *federation.Exchange) (name string, last federation.IRI, err error) {
	name = string(x.Agreement)
	if name == "" {
		name = string(x.Offer)
	}
	notes, err := tx.Talk(ctx, x.Publisher, x.Partner, x.ID, x.Offer, x.Agreement)
	if len(notes) > 0 {
		last = notes[len(notes)-1].ID
	}
	return name, last, err
}
