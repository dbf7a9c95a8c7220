// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/mail"
	"codeberg.org/maillage/maillage/store"
)

// Following by mail needs no account: an address, a letter with a link to
// confirm, and in every letter a link to change one's mind. Nobody learns from
// these pages who follows.

// subscribed are what one may follow by mail.
var subscribed = []string{store.SubscribedAll, store.SubscribedEvents, store.SubscribedOffers}

// subscribeData is what the page of following by mail shows.
type subscribeData struct {
	Form      *form
	What      []option
	Languages []option
	Asked     bool // the letter is under way
}

func (v *visit) subscribePage(ctx context.Context, tx *store.Tx) (*page, error) {
	if !v.Mail {
		return v.nowhere(ctx, tx)
	}
	return v.subscribeForm(v.form(url.Values{"what": {store.SubscribedAll}, "language": {v.words.Lang()}}), false), nil
}

func (v *visit) subscribeForm(f *form, asked bool) *page {
	d := subscribeData{Form: f, Asked: asked, What: options(v.words, "page_subscribed_", subscribed), Languages: languageOptions()}
	return &page{Name: "subscribe", Title: v.words.T("page_subscribe"), Data: d, NoIndex: true, Problems: f.mistakes}
}

func languageOptions() []option {
	var all []option
	for _, lang := range locale.Languages() {
		all = append(all, option{Value: lang, Label: locale.New(lang).T("language_name")})
	}
	return all
}

// subscribe sends a letter to confirm. What the page says does not tell
// whether the address follows already.
func (v *visit) subscribe(ctx context.Context) (*page, error) {
	if !v.Mail {
		return nil, fmt.Errorf("mail: %w", federation.ErrNotFound)
	}
	f := v.posted()
	address, err := mail.ParseAddress(f.Value("address"))
	if err != nil {
		f.wrong("address", "form_mail_address_wrong")
	}
	what, language := wanted(f)
	if len(f.mistakes) > 0 {
		return v.subscribeForm(f, false), nil
	}
	for _, key := range []string{"net " + network(v.r), "to " + address} {
		if wait, ok := v.mails.allow(key, v.Now()); !ok {
			return nil, v.tooMany(wait)
		}
	}
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		s, err := tx.Subscribe(ctx, address, language, what)
		if err != nil {
			return err
		}
		return v.queueConfirm(ctx, tx, s)
	})
	if errors.Is(err, federation.ErrConflict) {
		return nil, errTooMany
	}
	if err != nil {
		return nil, err
	}
	return v.subscribeForm(f, true), nil
}

// wanted reads what is to be followed and in which language.
func wanted(f *form) (what, language string) {
	what, language = f.Value("what"), f.Value("language")
	if !slices.Contains(subscribed, what) {
		what = store.SubscribedAll
	}
	if !slices.Contains(locale.Languages(), language) {
		language = f.Lang()
	}
	return what, language
}

// queueConfirm queues the letter with the link: to confirm, or to change what
// was confirmed long ago.
func (v *visit) queueConfirm(ctx context.Context, tx *store.Tx, s *store.Subscription) error {
	words := locale.New(s.Language)
	url := v.Origin + "/mail/confirm?" + subscriptionQuery(s)
	m := &store.Mail{
		Kind: "subscribe", To: s.Address, Subject: words.T("mail_confirm_subject", "Site", v.facts.name()),
		Body: words.T("mail_confirm_body", "Site", v.facts.name(), "Origin", v.Origin, "URL", url),
	}
	if !s.Confirmed.IsZero() {
		url = v.Origin + "/mail/manage?" + subscriptionQuery(s)
		m.Subject, m.Body = words.T("mail_known_subject", "Site", v.facts.name()), words.T("mail_known_body", "Site", v.facts.name(), "URL", url)
	}
	_, err := tx.QueueMailOnce(ctx, m, mailEvery)
	return err
}

func subscriptionQuery(s *store.Subscription) string {
	return url.Values{"s": {strconv.FormatInt(s.ID, 10)}, "k": {s.Secret}}.Encode()
}

// subscriptionData is what the pages behind the links of letters show.
type subscriptionData struct {
	Form      *form
	Do        string // confirm, manage, stop; confirmed, changed, ended; over
	ID        int64
	Secret    string
	Address   string
	What      []option
	Languages []option
	Already   bool // it was confirmed before
}

// subscription returns the one that the link names.
func (v *visit) subscription(ctx context.Context, tx *store.Tx) (*store.Subscription, error) {
	id, err := strconv.ParseInt(v.r.FormValue("s"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("subscription: %w", federation.ErrNotFound)
	}
	return tx.Subscription(ctx, id, v.r.FormValue("k"))
}

// subscriptionPage asks whether to confirm, to change or to end: programs that
// look at mail open links, and must not decide.
func (v *visit) subscriptionPage(ctx context.Context, tx *store.Tx) (*page, error) {
	if !v.Mail {
		return v.nowhere(ctx, tx)
	}
	do := v.r.URL.Path[len("/mail/"):]
	s, err := v.subscription(ctx, tx)
	if errors.Is(err, federation.ErrNotFound) {
		return v.subscriptionForm(nil, "over"), nil
	}
	if err != nil {
		return nil, err
	}
	return v.subscriptionForm(s, do), nil
}

func (v *visit) subscriptionForm(s *store.Subscription, do string) *page {
	d := subscriptionData{Do: do, Form: v.form(nil)}
	p := &page{Name: "subscription", Title: v.words.T("page_subscription_" + do), NoIndex: true, hard: true}
	if s != nil {
		d.ID, d.Secret, d.Address, d.Already = s.ID, s.Secret, s.Address, !s.Confirmed.IsZero()
		d.Form = v.form(url.Values{"what": {s.What}, "language": {s.Language}})
		d.What, d.Languages = options(v.words, "page_subscribed_", subscribed), languageOptions()
	}
	p.Data = d
	return p
}

// confirmSubscription makes it last.
func (v *visit) confirmSubscription(ctx context.Context) (*page, error) {
	return v.subscriptionDone(ctx, "confirmed", func(tx *store.Tx, s *store.Subscription) error {
		if !s.Confirmed.IsZero() {
			return nil // pressed twice
		}
		return tx.ConfirmSubscription(ctx, s.ID)
	})
}

func (v *visit) changeSubscription(ctx context.Context) (*page, error) {
	what, language := wanted(v.posted())
	return v.subscriptionDone(ctx, "changed", func(tx *store.Tx, s *store.Subscription) error {
		s.What, s.Language = what, language
		return tx.ChangeSubscription(ctx, s.ID, language, what)
	})
}

// endSubscription forgets the address: by the button of its page, or by the
// mail program (RFC 8058), which follows no redirection.
func (v *visit) endSubscription(ctx context.Context) (*page, error) {
	return v.subscriptionDone(ctx, "ended", func(tx *store.Tx, s *store.Subscription) error { return tx.EndSubscription(ctx, s.ID) })
}

func (v *visit) subscriptionDone(ctx context.Context, do string, f func(*store.Tx, *store.Subscription) error) (*page, error) {
	if !v.Mail {
		return nil, fmt.Errorf("mail: %w", federation.ErrNotFound)
	}
	var s *store.Subscription
	err := v.DB.Update(ctx, func(tx *store.Tx) (err error) {
		if s, err = v.subscription(ctx, tx); err != nil {
			return err
		}
		return f(tx, s)
	})
	if errors.Is(err, federation.ErrNotFound) {
		return v.subscriptionForm(nil, "over"), nil
	}
	if err != nil {
		return nil, err
	}
	return v.subscriptionForm(s, do), nil
}
