// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"slices"
	"strings"
	"testing"

	"codeberg.org/maillage/maillage/federation"
)

// A move is one thing that one of the two does, and what both know then.
type move struct {
	what string
	by   func(d *trade) *instance
	do   func(d *trade)
}

func byPublisher(d *trade) *instance { return d.publisher }
func byPartner(d *trade) *instance   { return d.partner }

// courses are the ways that an exchange can go: each step that the two can take
// is in one of them.
var courses = map[string][]move{
	"haggled, and handed over in parts": {
		{"ask", byPartner, func(d *trade) { d.ask("3") }},
		{"propose something else", byPublisher, func(d *trade) { d.counter("2") }},
		{"agree to that", byPartner, (*trade).take},
		{"hand over a part", byPublisher, func(d *trade) { d.tell(d.publisher, federation.StepDelivered, "1") }},
		{"confirm a part", byPartner, func(d *trade) { d.tell(d.partner, federation.StepDelivered, "1") }},
		{"confirm the rest", byPartner, func(d *trade) { d.tell(d.partner, federation.StepDelivered, "") }},
		{"hand over the rest", byPublisher, func(d *trade) { d.tell(d.publisher, federation.StepDelivered, "") }},
		{"pay", byPartner, func(d *trade) { d.tell(d.partner, federation.StepPaid, "") }},
		{"receipt of the payment", byPublisher, func(d *trade) { d.tell(d.publisher, federation.StepPaid, "") }},
	},
	"accepted, and cancelled by who asked": {
		{"ask", byPartner, func(d *trade) { d.ask("2") }},
		{"accept", byPublisher, (*trade).accept},
		{"cancel", byPartner, func(d *trade) { d.cancel(d.partner, "Malade") }},
	},
	"handed over in part, and cancelled by who published": {
		{"ask", byPartner, func(d *trade) { d.ask("3") }},
		{"accept", byPublisher, (*trade).accept},
		{"hand over a part", byPublisher, func(d *trade) { d.tell(d.publisher, federation.StepDelivered, "1") }},
		{"cancel", byPublisher, func(d *trade) { d.cancel(d.publisher, "La récolte est perdue") }},
	},
	"refused": {
		{"ask", byPartner, func(d *trade) { d.ask("1") }},
		{"refuse", byPublisher, func(d *trade) { d.refuse("Plus rien") }},
	},
	"withdrawn": {
		{"ask", byPartner, func(d *trade) { d.ask("1") }},
		{"withdraw", byPartner, func(d *trade) { d.cancel(d.partner, "") }},
	},
}

// A fault strikes while a move is made; what it returns repairs it.
var faults = map[string]func(d *trade, by, to *instance, cables map[*instance]*cable) (repair func()){
	"the request is lost": func(_ *trade, by, to *instance, cables map[*instance]*cable) func() {
		cables[by].becomes(losesRequests)
		cables[to].becomes(losesRequests)
		return func() { cables[by].becomes(whole); cables[to].becomes(whole) }
	},
	"the answer is lost": func(_ *trade, by, to *instance, cables map[*instance]*cable) func() {
		cables[by].becomes(losesAnswers)
		cables[to].becomes(losesAnswers)
		return func() { cables[by].becomes(whole); cables[to].becomes(whole) }
	},
	"who spoke stops before it is sent": func(_ *trade, by, _ *instance, cables map[*instance]*cable) func() {
		cables[by].becomes(losesRequests)
		return func() { by.stop(); cables[by].becomes(whole); by.open(withTransport(cables[by])) }
	},
	"the other is away": func(_ *trade, by, to *instance, cables map[*instance]*cable) func() {
		cables[by].becomes(whole)
		to.stop()
		return func() { to.open(withTransport(cables[to])) }
	},
}

// TestAnExchangeSurvivesEveryCut lets each fault strike at each step of each
// course: afterwards both know what they would have known without, and were told
// of the same. On PostgreSQL the connection is cut, and nobody is stopped.
func TestAnExchangeSurvivesEveryCut(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		database := fresh(t)
		amap, cafe, cables := cabled(t, database, fresh(t))
		for course, moves := range courses {
			smooth := trades(t, amap, cafe, "10")
			var want, told []string
			for _, m := range moves {
				m.do(smooth)
				smooth.same("")
				want = append(want, smooth.account(amap))
			}
			smooth.settles()
			told = smooth.told()
			for fault, strike := range faults {
				if !strings.HasPrefix(database, "sqlite:") && !strings.HasSuffix(fault, "lost") {
					continue
				}
				d := trades(t, amap, cafe, "10")
				for n, m := range moves {
					by := m.by(d)
					to := amap
					if by == amap {
						to = cafe
					}
					repair := strike(d, by, to, cables)
					m.do(d)
					eventually(t, course+", "+m.what+": a try fails", func() bool {
						return cables[by].lost.Load() > 0 || by.host(hostOf(to.Origin)).Failures > 0
					})
					repair()
					d.same(want[n])
				}
				d.settles()
				if got := d.told(); !slices.Equal(got, told) {
					t.Errorf("%s, %s: told %v, want %v", course, fault, got, told)
				}
			}
		}
	})
}

// cabled launches two instances whose networks can be cut, and who know each
// other.
func cabled(t *testing.T, one, two string) (amap, cafe *instance, cables map[*instance]*cable) {
	t.Helper()
	a, c := newCable(t), newCable(t)
	amap = launch(t, "amap", variant{database: one, settings: []setting{withTransport(a)}})
	cafe = launch(t, "cafe", variant{database: two, settings: []setting{withTransport(c)}})
	cafe.follow(cafe.Actor, amap.Actor.ID)
	return amap, cafe, map[*instance]*cable{amap: a, cafe: c}
}

// TestWhatIsSaidWhileTheOtherIsAwayComesInOrder: one of the two says several
// things that cannot be sent; when they can, they are understood.
func TestWhatIsSaidWhileTheOtherIsAwayComesInOrder(t *testing.T) {
	runs := map[string]struct {
		before func(d *trade)
		away   func(d *trade)
		want   string
	}{
		"asked, and withdrawn": {
			func(*trade) {}, func(d *trade) { d.ask("2"); d.cancel(d.partner, "") },
			`publisher with partner: withdrawn 2 for 36; left 10; reason ""; `,
		},
		"accepted, handed over in parts, and paid": {
			func(d *trade) { d.ask("3") }, func(d *trade) {
				d.accept()
				d.tell(d.publisher, federation.StepDelivered, "1")
				d.tell(d.publisher, federation.StepDelivered, "")
				d.tell(d.publisher, federation.StepPaid, "")
			},
			`publisher with partner: agreed 3 for 54; left 7; reason ""; publisher delivered 1, publisher delivered 2, publisher paid 54`,
		},
		"accepted, and cancelled": {
			func(d *trade) { d.ask("3") }, func(d *trade) { d.accept(); d.cancel(d.publisher, "La récolte est perdue") },
			`publisher with partner: cancelled 3 for 54; left 10; reason "La récolte est perdue"; `,
		},
		"received in parts": {
			func(d *trade) { d.ask("3"); d.same(""); d.accept() }, func(d *trade) {
				d.tell(d.partner, federation.StepDelivered, "2")
				d.tell(d.partner, federation.StepDelivered, "")
				d.tell(d.partner, federation.StepPaid, "")
			},
			`publisher with partner: agreed 3 for 54; left 7; reason ""; partner delivered 1, partner delivered 2, partner paid 54`,
		},
	}
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		amap, cafe, cables := cabled(t, fresh(t), fresh(t))
		for what, run := range runs {
			for range 3 {
				d := trades(t, amap, cafe, "10")
				run.before(d)
				if d.offer != "" {
					d.same("")
				}
				for _, c := range cables {
					c.becomes(losesRequests)
				}
				run.away(d)
				eventually(t, what+": a try fails", func() bool { return cables[amap].lost.Load()+cables[cafe].lost.Load() > 0 })
				for _, c := range cables {
					c.becomes(whole)
				}
				d.same(run.want)
			}
		}
	})
}
