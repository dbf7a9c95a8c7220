// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// A member of one instance comes to the event of another: the organiser's
// server decides, and both know.
func TestAnswersBetweenInstances(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		cafe := launch(t, "cafe", variant{database: fresh(t)})
		amap := launch(t, "amap", variant{database: fresh(t)})
		amap.follow(amap.Actor, cafe.Actor.ID)
		form := repairForm(time.Now())
		form.Capacity = "1"
		o := cafe.invites(form)
		eventually(t, "the event arrives", func() bool { return amap.object(o.ID) != nil })
		ann, bob := amap.member("Person", "ann", false), amap.member("Person", "bob", false)
		answers := func(who *federation.Actor, verb string) {
			t.Helper()
			amap.publish(&federation.Activity{Type: verb, Actor: who.ID, Object: o.ID, To: []federation.IRI{cafe.Actor.ID}})
			settled(amap, cafe)
		}
		state := func(i *instance, who *federation.Actor) string {
			switch e := i.edge(federation.Join, who.ID, o.ID); {
			case e == nil:
				return "none"
			case e.Pending:
				return "waits"
			}
			return "comes"
		}
		both := func(who *federation.Actor, want string) {
			t.Helper()
			eventually(t, who.Username+" "+want+" on both sides", func() bool {
				return state(amap, who) == want && state(cafe, who) == want
			})
		}
		answers(ann, federation.Join)
		both(ann, "comes")
		answers(bob, federation.Join)
		both(bob, "waits")
		answers(ann, federation.Leave)
		both(ann, "none")
		both(bob, "comes") // the place became free
		answers(bob, federation.TentativeAccept)
		both(bob, "none")
		if e := cafe.edge(federation.TentativeAccept, bob.ID, o.ID); e == nil {
			t.Error("the organiser does not know that somebody comes perhaps")
		}
	})
}
