// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"net/url"
	"slices"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// exchangesData is what the list of exchanges shows.
type exchangesData struct {
	As     string
	Voices []option
	Sides  []navLink
	Groups []exchangeGroup
	State  *form
	States []option
	More   string
	Asked  bool // of others
}

// An exchangeGroup is a part of the list, under a heading.
type exchangeGroup struct {
	Key, Title string
	Lines      []*exchangeView
}

// exchangeStates are what the list can be narrowed to.
var exchangeStates = []struct {
	key    string
	states []string
}{
	{"open", []string{federation.ExchangeProposed, federation.ExchangeCountered}},
	{"agreed", []string{federation.ExchangeAgreed}},
	{"fulfilled", []string{federation.ExchangeFulfilled}},
	{"ended", []string{federation.ExchangeRefused, federation.ExchangeWithdrawn, federation.ExchangeCancelled}},
}

// exchanges lists what others ask of a voice, or what it asks of others: what
// is open first.
func (v *visit) exchanges(ctx context.Context, tx *store.Tx) (*page, error) {
	voice, err := v.voice()
	if err != nil {
		return nil, err
	}
	q := v.r.URL.Query()
	if q.Get("as") == "" {
		if voice, err = v.waitingVoice(ctx, tx, voice); err != nil {
			return nil, err
		}
	}
	d := &exchangesData{As: voice.Username, Voices: v.voiceOptions(voice), State: v.form(url.Values{"state": {q.Get("state")}})}
	d.Asked = q.Get("side") == "asked"
	for _, side := range []string{"received", "asked"} {
		d.Sides = append(d.Sides, navLink{
			URL:  "/exchanges?" + url.Values{"as": {voice.Username}, "side": {side}}.Encode(),
			Name: v.words.T("page_exchanges_" + side), Current: d.Asked == (side == "asked"),
		})
	}
	d.States = []option{{Label: v.words.T("page_exchanges_all")}}
	for _, s := range exchangeStates {
		d.States = append(d.States, option{Value: s.key, Label: v.words.T("page_exchanges_" + s.key)})
	}
	if err := v.exchangeGroups(ctx, tx, voice, d); err != nil {
		return nil, err
	}
	return &page{Name: "exchanges", Title: v.words.T("page_exchanges"), Data: d, NoIndex: true}, nil
}

// waitingVoice is a voice for which something waits, if there is one.
func (v *visit) waitingVoice(ctx context.Context, tx *store.Tx, usual *federation.Actor) (*federation.Actor, error) {
	for _, a := range append([]*federation.Actor{usual}, v.voices[:min(len(v.voices), 10)]...) {
		n, err := tx.WaitingExchanges(ctx, a.ID)
		if err != nil || n > 0 {
			return a, err
		}
	}
	return usual, nil
}

// exchangeGroups reads the list: what waits for the voice comes first, then
// what is not over, then the rest in pages.
func (v *visit) exchangeGroups(ctx context.Context, tx *store.Tx, voice *federation.Actor, d *exchangesData) error {
	i := slices.IndexFunc(exchangeStates, func(s struct {
		key    string
		states []string
	},
	) bool {
		return s.key == d.State.Value("state")
	})
	add := func(key string, states []string, cursor string, limit int) (string, error) {
		list, next, err := tx.ExchangesIn(ctx, voice.ID, !d.Asked, states, cursor, limit)
		if err != nil || len(list) == 0 {
			return "", err
		}
		lines, err := v.exchangeViews(ctx, tx, list, func(*federation.Exchange) federation.IRI { return voice.ID })
		for _, l := range lines {
			l.URL += "?" + url.Values{"as": {voice.Username}}.Encode()
		}
		slices.SortStableFunc(lines, func(a, b *exchangeView) int { return rank(a) - rank(b) })
		d.Groups = append(d.Groups, exchangeGroup{key, v.words.T("page_exchanges_" + key), lines})
		return next, err
	}
	if i >= 0 {
		s := exchangeStates[i]
		next, err := add(s.key, s.states, v.after(), 50)
		d.More = v.more(next)
		return err
	}
	if v.after() == "" {
		for _, s := range exchangeStates[:2] {
			if _, err := add(s.key, s.states, "", 100); err != nil {
				return err
			}
		}
	}
	next, err := add("over", slices.Concat(exchangeStates[2].states, exchangeStates[3].states), v.after(), 50)
	d.More = v.more(next)
	return err
}

// rank puts what waits for the visitor first.
func rank(e *exchangeView) int {
	if e.Waiting {
		return 0
	}
	return 1
}
