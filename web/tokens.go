// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"net/url"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// tokensData is what the page of access tokens shows.
type tokensData struct {
	Form   *form
	Voices []option
	Tokens []tokenLine
	Secret string // of a new one, shown this one time
	Outbox federation.IRI
}

// A tokenLine is a program that may publish for an account.
type tokenLine struct{ ID, Name, For, Since, Used string }

func (v *visit) tokens(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.tokensPage(ctx, tx, v.form(url.Values{}), "", "")
}

func (v *visit) tokensPage(ctx context.Context, tx *store.Tx, f *form, secret string, outbox federation.IRI) (*page, error) {
	list, err := tx.Tokens(ctx, v.account.ID)
	if err != nil {
		return nil, err
	}
	d := tokensData{Form: f, Secret: secret, Outbox: outbox}
	names := map[federation.IRI]string{}
	for _, a := range v.voices {
		names[a.ID] = v.actorOf(a, a.ID).Name
		d.Voices = append(d.Voices, option{Value: a.Username, Label: names[a.ID]})
	}
	for _, t := range list {
		line := tokenLine{ID: t.ID, Name: t.Name, For: names[t.Actor], Since: v.words.Ago(t.Created, v.Now())}
		if !t.Used.IsZero() {
			line.Used = v.words.Ago(t.Used, v.Now())
		}
		d.Tokens = append(d.Tokens, line)
	}
	return &page{Name: "tokens", Title: v.words.T("page_tokens"), Data: d, NoIndex: true, Problems: f.mistakes}, nil
}

// addToken makes a token and shows it once.
func (v *visit) addToken(ctx context.Context) (p *page, err error) {
	voice, err := v.voice()
	if err != nil {
		return nil, err
	}
	f := v.posted()
	name := cut(f.Value("name"), 100)
	if name == "" {
		f.wrong("name", "form_token_name_missing")
	}
	var secret string
	if len(f.mistakes) == 0 {
		err = v.DB.Update(ctx, func(tx *store.Tx) error {
			secret, err = tx.NewToken(ctx, v.account.ID, voice.ID, name)
			return err
		})
		if errors.Is(err, federation.ErrConflict) {
			f.wrong("name", "form_token_many")
		} else if err != nil {
			return nil, err
		}
	}
	if len(f.mistakes) == 0 {
		f = v.form(url.Values{})
	}
	err = v.DB.View(ctx, func(tx *store.Tx) error {
		p, err = v.tokensPage(ctx, tx, f, secret, voice.Outbox)
		return err
	})
	return p, err
}

func (v *visit) endToken(ctx context.Context) (*page, error) {
	err := v.DB.Update(ctx, func(tx *store.Tx) error { return tx.EndToken(ctx, v.account.ID, v.r.PostFormValue("token")) })
	if err != nil {
		return nil, err
	}
	return see("/account/tokens", "token_ended"), nil
}
