// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"testing"

	"codeberg.org/maillage/maillage/federation"
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
		var entries []federation.Entry
		if err := json.Unmarshal([]byte(ann.get("/ledger/export"+as+"&format=json").wants(t, 200).body), &entries); err != nil {
			t.Fatal(err)
		}
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
