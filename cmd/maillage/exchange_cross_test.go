// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// crossings are what the two say to each other before either hears the other: what
// became of it, as both must see it.
var crossings = map[string]struct {
	before func(d *trade)
	partner,
	publisher func(d *trade)
	want string
}{
	"accepted, and withdrawn": {
		func(d *trade) { d.ask("2") },
		func(d *trade) { d.cancel(d.partner, "Malade") }, (*trade).accept,
		`cancelled 2 for 36; left 10; reason "Malade"; `,
	},
	"accepted, and withdrawn too late for what was agreed": {
		func(d *trade) { d.due = time.Now().Add(24 * time.Hour); d.ask("2") },
		func(d *trade) { d.cancel(d.partner, "Malade") }, (*trade).accept,
		`agreed 2 for 36; left 8; reason ""; `,
	},
	"handed over in part, and cancelled by who asked": {
		func(d *trade) { d.ask("2"); d.same(""); d.accept() },
		func(d *trade) { d.cancel(d.partner, "Malade") },
		func(d *trade) { d.tell(d.publisher, federation.StepDelivered, "1") },
		`agreed 2 for 36; left 8; reason ""; publisher delivered 1`,
	},
	"received in part, and cancelled by who published": {
		func(d *trade) { d.ask("2"); d.same(""); d.accept() },
		func(d *trade) { d.tell(d.partner, federation.StepDelivered, "1") },
		func(d *trade) { d.cancel(d.publisher, "La grêle") },
		`cancelled 2 for 36; left 10; reason "La grêle"; partner delivered 1`,
	},
	"cancelled by both": {
		func(d *trade) { d.ask("2"); d.same(""); d.accept() },
		func(d *trade) { d.cancel(d.partner, "Malade") },
		func(d *trade) { d.cancel(d.publisher, "Malade") },
		`cancelled 2 for 36; left 10; reason "Malade"; `,
	},
	"handed over, and received": {
		func(d *trade) { d.ask("2"); d.same(""); d.accept() },
		func(d *trade) { d.tell(d.partner, federation.StepDelivered, "") },
		func(d *trade) { d.tell(d.publisher, federation.StepDelivered, "") },
		`fulfilled 2 for 36; left 8; reason ""; partner delivered 2, publisher delivered 2`,
	},
	"something else is proposed, and asked": {
		func(d *trade) { d.ask("2") },
		func(d *trade) { d.ask("4") },
		func(d *trade) { d.counter("1") },
		`proposed 4 for 72; left 10; reason ""; `,
	},
	"accepted, and asked for more": {
		func(d *trade) { d.ask("2") },
		func(d *trade) { d.ask("4") },
		(*trade).accept,
		`proposed 4 for 72; left 10; reason ""; `,
	},
}

// TestBothSpeakAtOnce: whatever the two decide while neither hears the other, they
// end with the same.
func TestBothSpeakAtOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		amap, cafe, cables := cabled(t, fresh(t), fresh(t))
		for what, c := range crossings {
			t.Run(what, func(t *testing.T) {
				f := baskets("10")
				f.CancelHours = "48"
				d := tradesIn(t, amap, cafe, f)
				c.before(d)
				d.same("")
				settled(amap, cafe)
				for _, cable := range cables {
					cable.becomes(losesRequests)
				}
				first := d.offer
				c.partner(d)
				latest := d.offer
				d.offer = first // the publisher knows no other
				c.publisher(d)
				d.offer = latest
				for _, cable := range cables {
					eventually(t, "a try fails", func() bool { return cable.lost.Load() > 0 })
				}
				for _, cable := range cables {
					cable.becomes(whole)
				}
				d.same("publisher with partner: " + c.want)
			})
		}
	})
}
