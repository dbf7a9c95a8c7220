// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/mail"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// Who has no account asks by mail: what was typed waits until the link of a
// letter was opened and its button pressed. That letter and all later ones lead
// to the page of the exchange, which is the same as for everybody else.

// askRespondent sends a letter to confirm what was asked.
func (v *visit) askRespondent(ctx context.Context, o *federation.Object, f *form, t federation.Terms) (*page, error) {
	r := &store.Respondent{Proposal: o.ID, Language: v.words.Lang(), Asked: t}
	if r.Name = cut(f.Value("name"), maxGuestName); r.Name == "" {
		f.wrong("name", "form_guest_name_missing")
	}
	address, err := mail.ParseAddress(f.Value("address"))
	if err != nil {
		f.wrong("address", "form_mail_address_wrong")
	}
	if len(f.mistakes) > 0 {
		return v.respondForm(o, f, "ask"), nil
	}
	r.Address = address
	for _, key := range []string{"net " + network(v.r), "to " + address} {
		if wait, ok := v.mails.allow(key, v.Now()); !ok {
			return nil, v.tooMany(wait)
		}
	}
	err = v.DB.Update(ctx, func(tx *store.Tx) error { return v.inviteRespondent(ctx, tx, o, r) })
	if errors.Is(err, federation.ErrConflict) {
		return nil, errTooMany
	}
	if err != nil {
		return nil, err
	}
	return v.respondForm(o, f, "asked"), nil
}

// inviteRespondent keeps what was typed until it is confirmed, and queues the
// letter for that. What somebody asked for, and nobody decided yet, is not
// changed by whoever knows their address: they are sent their link again.
func (v *visit) inviteRespondent(ctx context.Context, tx *store.Tx, o *federation.Object, r *store.Respondent) error {
	kind := "confirm"
	old, err := tx.Asking(ctx, o.ID, r.Address)
	switch {
	case errors.Is(err, federation.ErrNotFound):
	case err != nil:
		return err
	case old.Confirmed.IsZero():
		r.ID, r.Partner, r.Secret, r.Created = old.ID, old.Partner, old.Secret, tx.Now()
	default:
		x, err := tx.Exchange(ctx, old.Exchange)
		if ignoreMissing(err) != nil {
			return err
		}
		if err == nil && x.Open() {
			r, kind = old, "known"
		}
	}
	if kind == "confirm" {
		if err := tx.PutRespondent(ctx, r); err != nil {
			return err
		}
	}
	words := locale.New(r.Language)
	args := append(outbox.ExchangeArgs(words, o, &federation.Exchange{Terms: r.Asked}, v.zone()), "Title", cut(o.Name, 100), "Name", r.Name,
		"Site", v.facts.name(), "URL", v.Origin+outbox.RespondentPath(v.Origin, r), "Page", o.ID)
	return tx.QueueMail(ctx, &store.Mail{
		Kind: "exchange", To: r.Address, Subject: words.T("mail_exchange_"+kind+"_subject", args...), Body: words.T("mail_exchange_"+kind+"_body", args...),
	})
}

// asker returns whoever the link of the first letter names.
func (v *visit) asker(ctx context.Context, tx *store.Tx) (*store.Respondent, error) {
	id, err := strconv.ParseInt(v.r.FormValue("g"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("respondent: %w", federation.ErrNotFound)
	}
	return tx.Respondent(ctx, id, v.r.FormValue("k"))
}

// confirmPage is behind the link of the first letter. Programs that look at
// mail open links, and must not decide: it asks.
func (v *visit) confirmPage(ctx context.Context, tx *store.Tx) (*page, error) {
	r, err := v.asker(ctx, tx)
	if errors.Is(err, federation.ErrNotFound) {
		return v.respondOver("over"), nil
	}
	if err != nil {
		return nil, err
	}
	if r.Exchange != "" {
		return see(outbox.RespondentPath(v.Origin, r), ""), nil
	}
	return v.confirmForm(ctx, tx, r, nil)
}

func (v *visit) respondOver(do string) *page {
	return &page{Name: "respond", Title: v.words.T("page_respond_" + do), Data: respondData{Do: do}, NoIndex: true, hard: true}
}

// confirmForm shows what is to be confirmed, or why it cannot be.
func (v *visit) confirmForm(ctx context.Context, tx *store.Tx, r *store.Respondent, refusal error) (*page, error) {
	o, err := tx.Object(ctx, r.Proposal)
	if errors.Is(err, federation.ErrNotFound) || err == nil && o.Gone() {
		return v.respondOver("over"), nil
	}
	if err != nil {
		return nil, err
	}
	d := respondData{Card: v.card(o), Do: "confirm", Key: r.ID, Secret: r.Secret, ID: o.ID, Asked: v.termFacts(o, r.Asked)}
	p, _ := federation.ProposalOf(o)
	if refusal == nil {
		_, refusal = p.Check(o, r.Asked, v.Now())
	}
	var wrong *federation.FieldError
	if errors.As(refusal, &wrong) {
		d.Problem = v.words.T(wrong.Reason)
	} else if refusal != nil {
		return nil, refusal
	}
	return &page{Name: "respond", Title: v.words.T("page_respond_confirm"), Data: d, NoIndex: true, hard: true}, nil
}

// confirmResponse lets what was asked count, once.
func (v *visit) confirmResponse(ctx context.Context) (p *page, err error) {
	var r *store.Respondent
	err = v.DB.Update(ctx, func(tx *store.Tx) (err error) {
		if r, err = v.asker(ctx, tx); err != nil || r.Exchange != "" { // pressed twice
			return err
		}
		p, err = v.settleResponse(ctx, tx, r)
		return err
	})
	var wrong *federation.FieldError
	switch {
	case errors.Is(err, federation.ErrNotFound), errors.Is(err, federation.ErrGone):
		return v.respondOver("over"), nil
	case errors.As(err, &wrong):
		err = v.DB.View(ctx, func(tx *store.Tx) (err error) {
			p, err = v.confirmForm(ctx, tx, r, wrong)
			return err
		})
		return p, err
	case err != nil || p != nil:
		return p, err
	}
	return see(outbox.RespondentPath(v.Origin, r), "exchange_proposed"), nil
}

// settleResponse asks in the name of who confirmed. Whoever has an account with
// that address asks as themselves.
func (v *visit) settleResponse(ctx context.Context, tx *store.Tx, r *store.Respondent) (*page, error) {
	account, err := tx.AccountByEmail(ctx, r.Address)
	if ignoreMissing(err) != nil {
		return nil, err
	}
	if err == nil && !account.Suspended && account.Person != "" {
		if _, err := outbox.AskTx(ctx, tx, account.Person, r.Proposal, r.Asked); err != nil {
			return nil, err
		}
		return v.respondOver("account"), tx.DropRespondent(ctx, r)
	}
	offer := r.Partner + "#offer"
	x := &federation.Exchange{Proposal: r.Proposal, Partner: r.Partner, Terms: r.Asked, Offer: offer}
	r.Exchange, r.Confirmed = federation.ExchangeID(v.Origin, offer), tx.Now()
	if err := tx.PutRespondent(ctx, r); err != nil {
		return nil, err
	}
	return nil, outbox.RespondTx(ctx, tx, x)
}

// forgetMe takes back what a respondent asked, and forgets who that was.
func (v *visit) forgetMe(ctx context.Context) (*page, error) {
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		r, err := v.asker(ctx, tx)
		if err != nil {
			return err
		}
		if r.Exchange != "" {
			x, err := tx.Exchange(ctx, r.Exchange)
			if ignoreMissing(err) != nil {
				return err
			}
			if err == nil && (x.Open() || x.State == federation.ExchangeAgreed) {
				if err := outbox.CancelTx(ctx, tx, x, x.Partner, ""); err != nil {
					return err
				}
			}
		}
		return tx.DropRespondent(ctx, r)
	})
	var wrong *federation.FieldError
	switch {
	case errors.Is(err, federation.ErrNotFound):
		return v.respondOver("over"), nil
	case errors.As(err, &wrong): // too late to cancel
		return v.stillBound(ctx)
	case err != nil:
		return nil, err
	}
	return v.respondOver("forgotten"), nil
}

// stillBound leads back to an exchange that cannot be left any more.
func (v *visit) stillBound(ctx context.Context) (*page, error) {
	var where string
	err := v.DB.View(ctx, func(tx *store.Tx) error {
		r, err := v.asker(ctx, tx)
		if err == nil {
			where = outbox.RespondentPath(v.Origin, r)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return see(where, "exchange_bound"), nil
}
