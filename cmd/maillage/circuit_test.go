// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
)

// What a member publishes for a circuit on another server reaches those who
// follow the circuit alone: new, changed, called off and deleted.
func TestACircuitOfThreeServers(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		pays := launch(t, "pays", variant{database: fresh(t)})
		cafe := launch(t, "cafe", variant{database: fresh(t)})
		amap := launch(t, "amap", variant{database: fresh(t)})
		circuit := pays.member("Group", "circuit", false)
		ann, tom := amap.member("Person", "ann", false), pays.member("Person", "tom", false)
		cafe.follow(cafe.Actor, circuit.ID)
		amap.follow(ann, circuit.ID)
		pays.follow(tom, circuit.ID)
		mastodon := newForeign(t, "127.0.0.3")
		mia := mastodon.actor("mia")
		mia.follows(pays, circuit)

		form := repairForm(time.Now())
		form.Circuit = string(circuit.ID)
		o := cafe.invites(form)
		for who, i := range map[*instance]federation.IRI{amap: ann.ID, pays: tom.ID} {
			eventually(t, "it is in the feed at "+who.name, func() bool { return slices.Contains(who.feed(i), o.ID) })
			if e := who.edge(federation.Announce, circuit.ID, o.ID); e == nil {
				t.Errorf("%s does not know that the circuit passed it on", who.name)
			}
		}
		t.Run("once for each form of it", func(t *testing.T) {
			settled(cafe, pays, amap)
			var byID, whole int
			for _, p := range mastodon.received("Announce") {
				switch object := p.doc()["object"].(type) {
				case string:
					byID++
					if object != string(o.ID) {
						t.Errorf("announced %s", object)
					}
				case jsonDoc:
					whole++
					if object["type"] != "Create" || object["actor"] != string(cafe.Actor.ID) {
						t.Errorf("announced %v", object)
					}
				}
			}
			if byID != 1 || whole != 1 {
				t.Errorf("announced %d times by id, %d times whole", byID, whole)
			}
			if n := pays.number("SELECT count(*) FROM received WHERE state <> 'done'"); n != 0 {
				t.Errorf("%d were refused", n)
			}
		})
		t.Run("nobody is told of a matter of course", func(t *testing.T) {
			for _, n := range cafe.notices(cafe.Actor.ID) {
				if strings.HasPrefix(n, "Announce") {
					t.Errorf("notice %q", n)
				}
			}
		})
		t.Run("unchanged, byte for byte", func(t *testing.T) {
			created := cafe.get(string(cafe.column("SELECT id FROM activities WHERE type = 'Create' AND object = "+cafe.quoted(string(o.ID)), 0)[0]))
			if !slices.ContainsFunc(mastodon.received("Announce"), func(p posted) bool { return bytes.Contains(p.body, bytes.TrimSpace(created.Body)) }) {
				t.Errorf("no Announce holds %s", created.Body)
			}
		})
		t.Run("its cancellation", func(t *testing.T) {
			cafe.changes(o.ID, func(o *federation.Object) error { return outbox.Cancel(locale.New("fr"), o, cafe.now()) })
			for _, i := range []*instance{amap, pays} {
				eventually(t, i.name+" knows", func() bool {
					return federation.EventOf(i.object(o.ID)).Status == federation.EventCancelled
				})
			}
			eventually(t, "the change is announced", func() bool {
				return slices.ContainsFunc(mastodon.received("Announce"), func(p posted) bool {
					inner, ok := p.doc()["object"].(jsonDoc)
					return ok && inner["type"] == "Update"
				})
			})
		})
		t.Run("its end", func(t *testing.T) {
			cafe.deletes(o.ID)
			for _, i := range []*instance{amap, pays} {
				eventually(t, i.name+" forgets", func() bool { return i.object(o.ID).Gone() })
			}
			eventually(t, "it is withdrawn", func() bool { return len(mastodon.received("Undo")) == 1 })
			eventually(t, "nothing is announced any more", func() bool { return amap.edge(federation.Announce, circuit.ID, o.ID) == nil })
		})
		t.Run("not what a stranger writes for it", func(t *testing.T) {
			stranger := cafe.member("Person", "stranger", false)
			pays.meets(stranger.ID)
			cafe.meets(circuit.ID)
			spam := &federation.Object{
				Type: "Note", Content: "<p>Achetez</p>", Audience: circuit.ID,
				To: []federation.IRI{federation.Public}, Cc: []federation.IRI{circuit.ID},
			}
			cafe.publish(&federation.Activity{Type: federation.Create, Actor: stranger.ID, Enclosed: spam})
			eventually(t, "it arrives", func() bool { return pays.object(spam.ID) != nil })
			settled(cafe, pays, amap)
			if amap.object(spam.ID) != nil || slices.Contains(pays.feed(tom.ID), spam.ID) {
				t.Error("it was passed on")
			}
			if page := pays.get("/@circuit", "Accept", "text/html"); strings.Contains(string(page.Body), "Achetez") {
				t.Error("it stands on the page of the circuit")
			}
		})
	})
}
