// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// A press is a button of a page, and what both know once it was pressed.
type press struct {
	by   func(d *trade) *instance
	do   string // "" asks, on the page of the proposal
	more []string
	want string
}

// presses go through three exchanges, with each step that there is.
var presses = []press{
	{byPartner, "", []string{"quantity", "3", "shown", "54"}, `proposed 3 for 54; left 10; reason ""; `},
	{byPublisher, "counter", []string{"quantity", "2", "reason", "Pas tant"}, `countered 3 for 54; left 10; instead 2 for 36; reason "Pas tant"; `},
	{byPartner, "take", nil, `agreed 2 for 36; left 8; reason ""; `},
	{byPublisher, "delivered", []string{"handed", "1"}, `agreed 2 for 36; left 8; reason ""; publisher delivered 1`},
	{byPartner, "delivered", []string{"handed", "1"}, `agreed 2 for 36; left 8; reason ""; partner delivered 1, publisher delivered 1`},
	{byPartner, "paid", nil, `agreed 2 for 36; left 8; reason ""; partner delivered 1, partner paid 36, publisher delivered 1`},
	{byPublisher, "delivered", nil, `agreed 2 for 36; left 8; reason ""; partner delivered 1, partner paid 36, publisher delivered 1, publisher delivered 1`},
	{byPartner, "delivered", nil, `fulfilled 2 for 36; left 8; reason ""; partner delivered 1, partner delivered 1, partner paid 36, publisher delivered 1, publisher delivered 1`},

	{byPartner, "", []string{"quantity", "1", "shown", "18"}, `proposed 1 for 18; left 8; reason ""; `},
	{byPublisher, "accept", nil, `agreed 1 for 18; left 7; reason ""; `},
	{byPartner, "cancel", []string{"reason", "Malade"}, `cancelled 1 for 18; left 8; reason "Malade"; `},

	{byPartner, "", []string{"quantity", "4", "shown", "72"}, `proposed 4 for 72; left 8; reason ""; `},
	{byPublisher, "accept", nil, `agreed 4 for 72; left 4; reason ""; `},
	{byPublisher, "cancel", []string{"reason", "La grêle"}, `cancelled 4 for 72; left 8; reason "La grêle"; `},
}

// A killing presses the buttons of two instances whose processes are killed.
type killing struct {
	*trade

	t         *testing.T
	processes map[*instance]*killable
	visitors  map[*instance]*visitor
	dice      *rand.Rand
}

// TestAnExchangeSurvivesKills: at each step the process that was told to do
// something, the other, or both are killed: in the middle of the request, or once
// it was answered. Then both know the same: nothing twice, and nothing lost. The
// publisher is on PostgreSQL, the partner on SQLite.
func TestAnExchangeSurvivesKills(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	k := &killing{t: t, dice: rand.New(rand.NewPCG(seed, 0)), processes: map[*instance]*killable{}, visitors: map[*instance]*visitor{}}
	begin := func(name, database string) *instance {
		p := prepare(t, name, database)
		p.command = "maillage-brief"
		i := p.introduce().inside()
		k.processes[i], k.visitors[i] = p, i.signedIn(t, "admin-"+name)
		return i
	}
	amap, cafe := begin("amap", onPostgres(t)), begin("cafe", "")
	follow := k.processes[cafe].post(jsonDoc{"type": "Follow", "object": amap.Actor.ID, "to": []federation.IRI{amap.Actor.ID}})
	eventually(t, "the follow of "+follow, func() bool { return amap.follows(cafe.Actor.ID, amap.Actor.ID) })
	k.trade = trades(t, amap, cafe, "10")
	for n, p := range presses {
		k.round(n, p)
	}
	for _, p := range k.processes {
		p.stop()
	}
	for _, i := range []*instance{amap, cafe} {
		if n := i.number("SELECT count(*) FROM exchanges"); n != 3 {
			t.Errorf("%s has %d exchanges, want 3", i.name, n)
		}
	}
}

// round presses a button, kills, and waits until both know what they should.
func (k *killing) round(n int, p press) {
	k.t.Helper()
	side := p.by(k.trade)
	other := k.publisher
	if side == other {
		other = k.partner
	}
	want := "publisher with partner: " + p.want
	victims := [][]*instance{{side}, {other}, {side, other}}[n%3]
	killed, pause := make(chan struct{}), time.Duration(k.dice.IntN(25))*time.Millisecond
	go func() { // in the middle of the request, as often as not
		defer close(killed)
		<-time.After(pause)
		for _, v := range victims {
			k.processes[v].kill()
		}
	}()
	answered := k.press(side, p)
	<-killed
	for _, v := range victims {
		k.processes[v].start()
	}
	k.latest(side)
	if !k.done(side, p) {
		if answered {
			k.t.Errorf("%s was told that %q was done, and it is lost: %s", side.name, p.do, k.account(side))
		}
		if !k.press(side, p) {
			k.t.Fatalf("%s cannot do %q: %s", side.name, p.do, k.account(side))
		}
	}
	k.latest(side)
	k.same(want)
}

// done reports whether a button that was pressed had its effect: what the other
// does in answer may still be to come.
func (k *killing) done(side *instance, p press) bool {
	x := side.exchange(k.offer)
	if x == nil {
		return false
	}
	state, _, _ := strings.Cut(p.want, " ")
	steps := 0
	if _, told, ok := strings.Cut(p.want, `"; `); ok && told != "" {
		steps = len(strings.Split(told, ", "))
	}
	if p.do == "take" {
		return x.State != federation.ExchangeCountered
	}
	return (x.State == state || p.do == "delivered") && len(x.Steps) >= steps
}

// latest remembers which Offer is the last one.
func (k *killing) latest(side *instance) {
	k.t.Helper()
	for _, id := range side.column("SELECT offer FROM exchanges ORDER BY seq DESC LIMIT 1", 0) {
		k.offer = federation.IRI(id)
	}
}

// press sends what the form of a page sends, and reports whether that was answered
// as done: nobody may answer any more.
func (k *killing) press(side *instance, p press) bool {
	k.t.Helper()
	path := "/respond"
	f := url.Values{"as": {side.name}, "do": {p.do}}
	if p.do == "" {
		f.Set("id", string(k.about.ID))
		f.Set("do", "send")
	} else {
		path = strings.TrimPrefix(string(side.exchange(k.offer).ID), side.Origin)
	}
	for n := 0; n+1 < len(p.more); n += 2 {
		f.Set(p.more[n], p.more[n+1])
	}
	r, err := http.NewRequestWithContext(context.WithoutCancel(k.t.Context()), http.MethodPost, side.Origin+path, strings.NewReader(f.Encode()))
	if err != nil {
		k.t.Fatal(err)
	}
	for name, value := range map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin", "Accept": "text/html"} {
		r.Header.Set(name, value)
	}
	client := *k.visitors[side].client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := client.Do(r)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusSeeOther {
		k.t.Errorf("%s, %q: answered %d %.2000s", side.name, p.do, res.StatusCode, body)
	}
	return err == nil && res.StatusCode == http.StatusSeeOther && !strings.Contains(res.Header.Get("Location"), "exchange_changed")
}
