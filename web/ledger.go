// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// ledgerData is what somebody earned and owes in time and local currencies.
type ledgerData struct {
	As       string
	Voices   []option
	Balances []balanceLine
	Entries  []ledgerLine
	Limit    string
	CSV      string
	JSON     string
}

// A balanceLine is one unit: what is left, and what will be.
type balanceLine struct {
	Sum, Earned, Spent, Bound string
	Owes                      bool
}

// An ledgerLine is one exchange that both confirmed, or agreed on.
type ledgerLine struct {
	At, Time, Amount, URL string
	With                  *who
	Earned, Open, Both    bool
}

// ledger shows the balances of a voice, and the entries that they come from.
func (v *visit) ledger(ctx context.Context, tx *store.Tx) (*page, error) {
	voice, list, err := v.ledgerOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	as := url.Values{"as": {voice.Username}}
	d := ledgerData{As: voice.Username, Voices: v.voiceOptions(voice), CSV: "/ledger/export?format=csv&" + as.Encode(), JSON: "/ledger/export?format=json&" + as.Encode()}
	for _, b := range federation.Balances(voice.ID, list) {
		d.Balances = append(d.Balances, v.balanceLine(b))
	}
	if limit := federation.Decimal(v.facts.setting(store.LedgerLimitSetting)); limit != "" {
		d.Limit = v.words.Number(limit)
	}
	var ids []federation.IRI
	for _, x := range list {
		ids = append(ids, x.Other(voice.ID))
	}
	known, err := tx.Actors(ctx, ids...)
	if err != nil {
		return nil, err
	}
	for _, x := range slices.Backward(list) {
		if e, ok := x.Entry(); ok && len(d.Entries) < ledgerLines {
			other := x.Other(voice.ID)
			d.Entries = append(d.Entries, ledgerLine{
				At: v.words.Date(e.At.In(v.zone())), Time: e.At.Format(time.RFC3339), Amount: v.unitAmount(e.Amount, e.Unit), URL: strings.TrimPrefix(string(x.ID), v.Origin),
				With: v.actorOf(known[other], other), Earned: e.To == voice.ID, Open: x.State == federation.ExchangeAgreed, Both: e.Both,
			})
		}
	}
	return &page{Name: "ledger", Title: v.words.T("page_ledger"), Data: d, NoIndex: true}, nil
}

// ledgerLines is how many entries the page has; the files have all.
const ledgerLines = 200

func (v *visit) ledgerOf(ctx context.Context, tx *store.Tx) (*federation.Actor, []*federation.Exchange, error) {
	voice, err := v.voice()
	if err != nil {
		return nil, nil, err
	}
	list, err := tx.Ledger(ctx, voice.ID)
	return voice, list, err
}

func (v *visit) balanceLine(b federation.Balance) balanceLine {
	sum, owes := b.Sum()
	l := balanceLine{
		Sum: v.unitAmount(sum, b.Unit), Owes: owes, Earned: v.unitAmount(b.Earned, b.Unit), Spent: v.unitAmount(b.Spent, b.Unit),
	}
	if owes {
		l.Sum = "−" + l.Sum
	}
	if !b.Bound.Zero() {
		l.Bound = v.unitAmount(b.Bound, b.Unit)
	}
	return l
}

// unitAmount writes an amount in hours or in a local currency.
func (v *visit) unitAmount(amount federation.Decimal, unit string) string {
	if unit == federation.HourUnit {
		return v.words.Quantity(amount, unit)
	}
	return v.words.Money(amount, unit)
}

// ledgerExport is the ledger as a table, or with the signed receipts, so that
// anybody can check it without us.
func (v *visit) ledgerExport(ctx context.Context, tx *store.Tx) (*page, error) {
	voice, list, err := v.ledgerOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	name := "ledger-" + voice.Username + "-" + v.Now().In(v.zone()).Format(time.DateOnly)
	entries := []federation.Entry{}
	for _, x := range list {
		if e, ok := x.Entry(); ok && x.State == federation.ExchangeFulfilled {
			entries = append(entries, e)
		}
	}
	if v.r.URL.Query().Get("format") == "json" {
		keys, err := v.ledgerKeys(ctx, tx, entries)
		if err != nil {
			return nil, err
		}
		body, err := json.MarshalIndent(ledgerFile{entries, keys}, "", "\t")
		return fetch(name+".json", "application/json", body), err
	}
	rows := [][]string{{"at", "from", "to", "amount", "unit", "exchange", "signed_by_both", "signature_from", "signature_to"}}
	for _, e := range entries {
		both := "no"
		if e.Both {
			both = "yes"
		}
		rows = append(rows, []string{
			e.At.UTC().Format(time.RFC3339), string(e.From), string(e.To), string(e.Amount), e.Unit, string(e.Exchange), both, e.Signature(e.From), e.Signature(e.To),
		})
	}
	return fetch(name+".csv", "text/csv; charset=utf-8", sheetOf(rows)), nil
}

// A ledgerFile is what is needed to check a ledger without asking any server:
// the statements with the receipts of both, and the keys that signed them.
type ledgerFile struct {
	Entries []federation.Entry `json:"entries"`
	Keys    []ledgerKey        `json:"keys"`
}

// A ledgerKey is a public key of one of the parties.
type ledgerKey struct {
	ID        federation.IRI `json:"id"`
	Owner     federation.IRI `json:"owner"`
	Algorithm string         `json:"algorithm"`
	PEM       string         `json:"publicKeyPem"`
}

// ledgerKeys are those of all who signed, with the ones they had before.
func (v *visit) ledgerKeys(ctx context.Context, tx *store.Tx, entries []federation.Entry) ([]ledgerKey, error) {
	var ids []federation.IRI
	for _, e := range entries {
		for _, id := range []federation.IRI{e.From, e.To} {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	actors, err := tx.Actors(ctx, ids...)
	if err != nil {
		return nil, err
	}
	keys := []ledgerKey{}
	for _, id := range ids {
		if a := actors[id]; a != nil {
			for _, k := range slices.Concat(a.Keys, a.Former) {
				if k.Algorithm == "ed25519" {
					keys = append(keys, ledgerKey{k.ID, id, k.Algorithm, k.PEM})
				}
			}
		}
	}
	return keys, nil
}

// ledgerSettings is where an administrator sets how much members may owe.
func (v *visit) ledgerSettings(context.Context, *store.Tx) (*page, error) {
	limit := v.words.Number(federation.Decimal(v.facts.setting(store.LedgerLimitSetting)))
	if v.facts.setting(store.LedgerLimitSetting) == "" {
		limit = ""
	}
	return v.ledgerForm(v.form(url.Values{"limit": {limit}})), nil
}

func (v *visit) ledgerForm(f *form) *page {
	return &page{Name: "settings_ledger", Title: v.words.T("page_settings_ledger"), Data: f, NoIndex: true, Problems: f.mistakes}
}

func (v *visit) saveLedger(ctx context.Context) (*page, error) {
	f := v.posted()
	limit := federation.Decimal("")
	if typed := strings.TrimSpace(f.Value("limit")); typed != "" {
		var err error
		if limit, err = federation.ParseDecimal(typed); errors.Is(err, federation.ErrMalformed) {
			f.wrong("limit", "error_number")
		}
	}
	if len(f.mistakes) > 0 {
		return v.ledgerForm(f), nil
	}
	if err := v.setAll(ctx, map[string]string{store.LedgerLimitSetting: string(limit)}); err != nil {
		return nil, err
	}
	return see("/settings/ledger", "saved"), nil
}
