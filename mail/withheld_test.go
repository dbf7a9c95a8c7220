// SPDX-License-Identifier: AGPL-3.0-or-later

package mail

import (
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// A letter to those who follow by mail tells what everybody may read.
func TestLettersTellNothingThatIsWithheld(t *testing.T) {
	eachDesk(t, func(d *desk) {
		d.follower("zoe@example.org", "fr", store.SubscribedAll)
		d.at = time.Date(2026, 9, 15, 12, 0, 0, 0, time.UTC)
		f := outbox.OfferForm{
			CommonForm: outbox.CommonForm{Title: "Panier discret", Description: "De saison.", Place: outbox.PlaceForm{Name: "Cave bleue", Street: "3 rue des Farfadets", City: "Valence"}},
			Purpose:    federation.PurposeOffer, Modes: []string{"sale"}, Unit: "one", Available: "86421", Price: "73919", Currency: "EUR", Per: "unit",
			OpenForm: outbox.OpenForm{Contact: "Zanzibarine", Readers: federation.Readers{}},
		}
		for _, detail := range federation.Details {
			f.Readers[detail] = federation.ReadersNetwork
		}
		o, problems := f.Object(outbox.Composer{Now: d.at, Words: locale.New("fr"), Author: d.initiative, ID: outbox.NewObjectID(origin)})
		if err := problems.Err(); err != nil {
			d.Fatal(err)
		}
		d.publish(o)
		d.at = time.Date(2026, 9, 17, 5, 0, 0, 0, time.UTC)
		list := d.write()
		if len(list) != 1 || !strings.Contains(list[0].body, "Panier discret") {
			d.Fatalf("%d letters", len(list))
		}
		for _, secret := range []string{"73919", "73 919", "73\u202f919", "86421", "86\u202f421", "Farfadets", "Cave bleue", "Zanzibarine"} {
			if strings.Contains(list[0].body, secret) {
				d.Errorf("the letter tells %q:\n%s", secret, list[0].body)
			}
		}
	})
}
