// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/csv"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// TestHoursThatMembersGiveEachOther goes from an offer of two hours to the
// ledger, and to the limit.
func TestHoursThatMembersGiveEachOther(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		person := map[string]federation.IRI{"ann": i.account("ann", store.RoleMember).Person, "bob": i.account("bob", store.RoleAdmin).Person}
		ann, bob := i.as("ann"), i.as("bob")
		each := true
		o := &federation.Object{ID: outbox.NewObjectID(origin), Type: "Note", Name: "Cours de guitare", Content: "<p>Le soir</p>", To: []federation.IRI{federation.Public}}
		federation.Proposal{
			Purpose: federation.PurposeOffer, Modes: []string{"timeBank"}, UnitBased: &each,
			Primary:    federation.Intent{Quantity: &federation.Quantity{Unit: "hour", Value: "1"}},
			Reciprocal: &federation.Intent{Quantity: &federation.Quantity{Unit: federation.HourUnit, Value: "1"}},
		}.Put(o)
		o = i.publish(person["ann"], o)
		ask := func(ctx context.Context, tx *store.Tx, hours federation.Decimal) (*federation.Exchange, error) {
			return outbox.AskTx(ctx, tx, person["bob"], o.ID, federation.Terms{Quantity: &federation.Quantity{Unit: "hour", Value: hours}})
		}
		ann.get("/ledger?as=camille-ann").wants(t, 200, "Aucun échange")
		i.update(func(ctx context.Context, tx *store.Tx) error {
			x, err := ask(ctx, tx, "2")
			if err != nil {
				return err
			}
			if err := outbox.AnswerOfferTx(ctx, tx, x, federation.Accept, "", nil); err != nil {
				return err
			}
			for _, who := range []string{"ann", "bob"} {
				if x, err = tx.Exchange(ctx, x.ID); err != nil {
					return err
				}
				if err := outbox.HandOverTx(ctx, tx, x, person[who], federation.StepDelivered, "", "Deux heures"); err != nil {
					return err
				}
			}
			return nil
		})
		as := "?as=" + "camille-ann"
		ann.get("/ledger"+as).wants(t, 200, "signé par les deux", "2")
		bob.get("/ledger?as="+"camille-bob").wants(t, 200, "−2")
		entries := i.exported(ann, "camille-ann").Entries
		if len(entries) != 1 || entries[0].To != person["ann"] || entries[0].Amount != "2" || !entries[0].Both || len(entries[0].Signed) != 2 {
			t.Errorf("%+v", entries)
		}
		ann.get("/ledger/export"+as+"&format=csv").wants(t, 200, "signed_by_both", ",2,hour,")
		ann.get("/ledger?as="+"camille-bob").wants(t, 404)

		bob.post("/settings/ledger", url.Values{"limit": {"beaucoup"}}).wants(t, 422, "f-limit-error")
		bob.post("/settings/ledger", url.Values{"limit": {"3"}}).wants(t, 303)
		bob.get("/ledger?as="+"camille-bob").wants(t, 200, "ne descend pas sous")
		err := i.db.Update(t.Context(), func(tx *store.Tx) error { _, err := ask(t.Context(), tx, "2"); return err })
		var f *federation.FieldError
		if !errors.As(err, &f) || f.Reason != "error_ledger_limit" {
			t.Errorf("four hours with a limit of three: %v", err)
		}
	})
}

// exported is the ledger of somebody as a file.
func (i *instance) exported(b *browser, as string) (file ledgerFile) {
	i.t.Helper()
	must(i.t, json.Unmarshal([]byte(b.get("/ledger/export?as="+as+"&format=json").wants(i.t, 200).body), &file))
	return file
}

// statement reads an exported ledger with nothing but the file: whether the
// receipts in it were signed by the two of each entry, with the keys in it.
func statement(file ledgerFile, now time.Time) error {
	for _, e := range file.Entries {
		signed := map[federation.IRI]bool{}
		for _, doc := range e.Signed {
			var owner federation.IRI
			_, err := vocab.CheckProof(doc, now, func(method federation.IRI) (ed25519.PublicKey, error) {
				for _, k := range file.Keys {
					if k.ID != method {
						continue
					}
					block, _ := pem.Decode([]byte(k.PEM))
					key, err := x509.ParsePKIXPublicKey(block.Bytes)
					if public, ok := key.(ed25519.PublicKey); ok && err == nil {
						owner = k.Owner
						return public, nil
					}
				}
				return nil, errors.New("no such key in the file")
			})
			if err != nil {
				return err
			}
			signed[owner] = true
		}
		if !signed[e.From] || !signed[e.To] {
			return fmt.Errorf("%s is not signed by both", e.Exchange)
		}
	}
	return nil
}

// TestTheExportedLedgerAddsUpToNought lets three people ask, agree, refuse, take
// back, confirm and write down at random, and recomputes everything from the files.
func TestTheExportedLedgerAddsUpToNought(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		const limit = 6
		random := rand.New(rand.NewPCG(5, 26))
		names := []string{"ann", "bob", "cleo"}
		var people []federation.IRI
		var offers []*federation.Object
		i.update(func(ctx context.Context, tx *store.Tx) error {
			return tx.PutSetting(ctx, store.LedgerLimitSetting, fmt.Sprint(limit))
		})
		each := true
		for n, name := range names {
			people = append(people, i.account(name, store.RoleMember).Person)
			for _, purpose := range []string{federation.PurposeOffer, federation.PurposeRequest} {
				o := &federation.Object{ID: outbox.NewObjectID(origin), Type: "Note", Name: "Coup de main", Content: "<p>Une heure</p>", To: []federation.IRI{federation.Public}}
				federation.Proposal{
					Purpose: purpose, Modes: []string{"timeBank"}, UnitBased: &each, AtOnce: n == 0,
					Primary:    federation.Intent{Quantity: &federation.Quantity{Unit: "hour", Value: "1"}},
					Reciprocal: &federation.Intent{Quantity: &federation.Quantity{Unit: federation.HourUnit, Value: "1"}},
				}.Put(o)
				offers = append(offers, i.publish(people[n], o))
			}
		}
		var all []federation.IRI
		refused, done := 0, map[string]int{}
		for range 150 {
			err := i.db.Update(t.Context(), func(tx *store.Tx) error {
				ctx := t.Context()
				if what := random.IntN(6); what < 3 || len(all) == 0 {
					o := offers[random.IntN(len(offers))]
					from := people[random.IntN(len(people))]
					terms := federation.Terms{Quantity: &federation.Quantity{Unit: "hour", Value: federation.Decimal(fmt.Sprint(1 + random.IntN(4)))}}
					if from == o.AttributedTo {
						return nil
					}
					if what == 0 {
						x := &federation.Exchange{Proposal: o.ID, Publisher: o.AttributedTo, Partner: from, Offer: federation.IRI(fmt.Sprintf("%s#said-%d", from, len(all))), Terms: terms}
						if err := outbox.RecordTx(ctx, tx, x); err != nil {
							return err
						}
						all = append(all, x.ID)
						return nil
					}
					x, err := outbox.AskTx(ctx, tx, from, o.ID, terms)
					if err == nil {
						all = append(all, x.ID)
					}
					return err
				}
				x, err := tx.Exchange(ctx, all[random.IntN(len(all))])
				if err != nil {
					return err
				}
				switch act := random.IntN(5); {
				case x.Open() && act < 3:
					return outbox.AnswerOfferTx(ctx, tx, x, federation.Accept, "", nil)
				case x.Open() && act == 3:
					return outbox.AnswerOfferTx(ctx, tx, x, federation.Reject, "Pas cette fois", nil)
				case x.Open():
					return outbox.CancelTx(ctx, tx, x, x.Partner, "")
				case x.State == federation.ExchangeAgreed && act == 0:
					return outbox.CancelTx(ctx, tx, x, []federation.IRI{x.Publisher, x.Partner}[random.IntN(2)], "Malade")
				case x.State == federation.ExchangeAgreed:
					for _, by := range []federation.IRI{x.Publisher, x.Partner} {
						if err := outbox.HandOverTx(ctx, tx, x, by, federation.StepDelivered, "", ""); err != nil {
							return err
						}
					}
				}
				return nil
			})
			var f *federation.FieldError
			switch {
			case errors.As(err, &f) && strings.HasPrefix(f.Reason, "error_ledger_limit"):
				refused++
			case err != nil && !errors.As(err, &f):
				t.Fatal(err)
			}
		}
		for _, who := range people {
			i.update(func(ctx context.Context, tx *store.Tx) error {
				list, err := tx.Ledger(ctx, who)
				for _, b := range federation.Balances(who, list) {
					if !b.Within(federation.Decimal(fmt.Sprint(limit)), "0") {
						t.Errorf("%s is at %+v", who, b)
					}
				}
				for _, x := range list {
					done[x.State]++
				}
				return err
			})
		}
		if refused == 0 || done[federation.ExchangeFulfilled] == 0 || done[federation.ExchangeAgreed] == 0 {
			t.Fatalf("too little happened: %d beyond the limit, %v", refused, done)
		}

		sum, balances := new(big.Rat), map[federation.IRI]*big.Rat{}
		for n, name := range names {
			b := i.as(name)
			body := b.get("/ledger/export?format=csv&as=camille-"+name).wants(t, 200).body
			rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
			must(t, err)
			balances[people[n]] = new(big.Rat)
			for _, row := range rows[1:] {
				amount := federation.Decimal(row[3]).Rat()
				switch people[n] {
				case federation.IRI(row[1]):
					balances[people[n]].Sub(balances[people[n]], amount)
				case federation.IRI(row[2]):
					balances[people[n]].Add(balances[people[n]], amount)
				default:
					t.Errorf("%v is not of %s", row, name)
				}
			}
			sum.Add(sum, balances[people[n]])
			file := i.exported(b, "camille-"+name)
			var ours ledgerFile
			for _, e := range file.Entries {
				if ours.Keys = file.Keys; e.Both { // what was recorded is signed by who wrote it down alone
					ours.Entries = append(ours.Entries, e)
				}
			}
			if err := statement(ours, i.now()); err != nil || len(ours.Entries) == 0 {
				t.Errorf("%s: %d entries, %v", name, len(ours.Entries), err)
			}
			if len(ours.Entries) > 0 {
				forged := bytes.Replace(ours.Entries[0].Signed[0], []byte(`"hasNumericalValue": "`), []byte(`"hasNumericalValue": "9`), 1)
				forged = bytes.Replace(forged, []byte("Document"), []byte("Note"), 1)
				ours.Entries[0].Signed[0] = forged
				if statement(ours, i.now()) == nil {
					t.Error("a forged receipt is taken for signed")
				}
			}
		}
		if sum.Sign() != 0 {
			t.Errorf("the balances add up to %s: %v", sum.FloatString(2), balances)
		}
	})
}
