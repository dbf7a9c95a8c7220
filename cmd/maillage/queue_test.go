// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// A fakeWeb is the whole web as an instance sees it, in memory: who is there,
// what each answers, and what each got.
type fakeWeb struct {
	clock *clock

	mu     sync.Mutex
	answer func(host string, r *http.Request) (*http.Response, error) // nil: 202
	got    []arrival
	tries  map[string][]time.Time // when each host was called, by the clock
}

// An arrival is a document that a host took.
type arrival struct {
	host, inbox, kind, id, object string
}

func newFakeWeb(c *clock) *fakeWeb { return &fakeWeb{clock: c, tries: map[string][]time.Time{}} }

func (n *fakeWeb) RoundTrip(r *http.Request) (*http.Response, error) {
	host := r.URL.Host
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	answer := n.answer
	if last := n.tries[host]; len(last) == 0 || !last[len(last)-1].Equal(n.clock.now()) {
		n.tries[host] = append(last, n.clock.now())
	}
	n.mu.Unlock()
	if answer != nil {
		if resp, err := answer(host, r); resp != nil || err != nil {
			return resp, err
		}
	}
	var doc jsonDoc
	if err := json.Unmarshal(body, &doc); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.got = append(n.got, arrival{host, r.URL.String(), fmt.Sprint(doc["type"]), idIn(doc), idIn(doc["object"])})
	return answerWith(r, http.StatusAccepted), nil
}

// answers changes what hosts answer; nil lets them take everything.
func (n *fakeWeb) answers(f func(host string, r *http.Request) (*http.Response, error)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.answer = f
}

func (n *fakeWeb) arrivals(host string) (list []arrival) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, a := range n.got {
		if host == "" || a.host == host {
			list = append(list, a)
		}
	}
	return list
}

func (n *fakeWeb) tried(host string) []time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.tries[host])
}

// answerWith makes an answer; headers are pairs.
func answerWith(r *http.Request, code int, header ...string) *http.Response {
	resp := &http.Response{
		StatusCode: code, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody, Request: r,
	}
	for n := 0; n+1 < len(header); n += 2 {
		resp.Header.Set(header[n], header[n+1])
	}
	return resp
}

// fan lets an actor of another server follow the initiative, without asking
// that server.
func (i *instance) fan(host, name string) federation.IRI {
	i.t.Helper()
	id := federation.IRI("https://" + host + "/users/" + name)
	i.update(func(ctx context.Context, tx *store.Tx) error {
		a := &federation.Actor{
			ID: id, Type: "Person", Username: name, Inbox: id + "/inbox", Followers: id + "/followers", Fetched: tx.Now(),
			SharedInbox: federation.IRI("https://" + host + "/inbox"),
		}
		if name == "alone" { // on a server without a shared inbox
			a.SharedInbox = ""
		}
		if err := tx.PutActor(ctx, a); err != nil {
			return err
		}
		return tx.PutEdge(ctx, &federation.Edge{Kind: federation.Follow, From: id, To: i.Actor.ID, By: id + "#follow", At: tx.Now()})
	})
	return id
}

// due returns when there is work for the queue next, once no host is being
// delivered to; zero: there is none.
func (i *instance) due() (at time.Time) {
	i.t.Helper()
	eventually(i.t, "nothing is under way", func() bool { return i.number("SELECT count(*) FROM hosts WHERE lease_until > 0") == 0 })
	i.view(func(ctx context.Context, tx *store.Tx) (err error) {
		at, err = tx.NextDue(ctx)
		return err
	})
	return at
}

func (i *instance) host(name string) (h store.Host) {
	i.t.Helper()
	i.view(func(ctx context.Context, tx *store.Tx) error {
		all, err := tx.Hosts(ctx)
		if n := slices.IndexFunc(all, func(h store.Host) bool { return h.Name == name }); n >= 0 {
			h = all[n]
		}
		return err
	})
	return h
}

// queued is an instance with a network and a clock of its own.
func queued(t *testing.T, database string) (*instance, *fakeWeb, *clock) {
	t.Helper()
	c := newClock()
	n := newFakeWeb(c)
	i := launch(t, "amap", variant{
		database: database, strict: true, origin: "https://amap.example",
		settings: []setting{withClock(c.now), withTransport(n), withPace(10*time.Minute, 20*time.Millisecond)},
	})
	return i, n, c
}

// TestHostIsAwayForAWhile: what was published meanwhile arrives when the host
// is back, in order; until then it is called less and less often.
func TestHostIsAwayForAWhile(t *testing.T) {
	steps := []time.Duration{
		time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
	}
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		for _, outage := range []time.Duration{10 * time.Minute, 6 * time.Hour, 6 * 24 * time.Hour} {
			t.Run(outage.String(), func(t *testing.T) {
				i, net, clock := queued(t, fresh(t))
				i.fan("pair.example", "ann")
				net.answers(func(string, *http.Request) (*http.Response, error) { return nil, errors.New("connection refused") })
				begin := clock.now()
				var want []arrival
				for n := range 3 {
					o := i.writes(i.Actor, fmt.Sprint("note ", n), federation.Public, i.Actor.Followers)
					i.changes(o.ID, func(o *federation.Object) error { o.Content = "<p>corrigée</p>"; return nil })
					want = append(want, arrival{kind: "Create", object: string(o.ID)}, arrival{kind: "Update", object: string(o.ID)})
				}
				for {
					tries := len(net.tried("pair.example"))
					if tries == 0 {
						eventually(t, "the first try", func() bool { return len(net.tried("pair.example")) > 0 })
						continue
					}
					var next time.Time
					eventually(t, "the next try is planned", func() bool {
						next = i.due()
						return next.After(clock.now()) && i.host("pair.example").Failures >= tries
					})
					if next.Sub(begin) > outage {
						break
					}
					clock.set(next)
					eventually(t, "the next try", func() bool { return len(net.tried("pair.example")) > tries })
				}
				tried := net.tried("pair.example")
				for n := 1; n < len(tried); n++ {
					step := steps[min(n-1, len(steps)-1)]
					if gap := tried[n].Sub(tried[n-1]); gap < step*8/10 || gap > step*12/10+time.Second {
						t.Errorf("between try %d and %d: %s, want about %s", n-1, n, gap, step)
					}
				}
				if len(net.arrivals("")) != 0 {
					t.Error("something arrived meanwhile")
				}
				net.answers(nil)
				clock.set(begin.Add(outage))
				back := clock.now()
				clock.set(i.due())
				eventually(t, "everything arrives", func() bool { return len(net.arrivals("")) == len(want) })
				i.settle()
				if late := clock.now().Sub(back); late > steps[min(len(tried), len(steps)-1)]*12/10 {
					t.Errorf("it came %s after the host was back", late)
				}
				got := net.arrivals("")
				for _, w := range want {
					n := 0
					for _, a := range got {
						if a.kind == w.kind && a.object == w.object {
							n++
						}
					}
					if n != 1 {
						t.Errorf("%s of %s arrived %d times", w.kind, w.object, n)
					}
				}
				inOrder(t, got)
				if h := i.host("pair.example"); h.State != "ok" || h.Pending != 0 {
					t.Errorf("the host is %+v", h)
				}
			})
		}
	})
}

// inOrder wants the Create of each object before its Updates, and its Delete
// last.
func inOrder(t *testing.T, got []arrival) {
	t.Helper()
	rank := map[string]int{"Create": 0, "Update": 1, "Delete": 2}
	last := map[string]string{}
	for _, a := range got {
		key := a.host + " " + a.object
		if was, ok := last[key]; ok && rank[a.kind] < rank[was] {
			t.Errorf("%s of %s came to %s after its %s", a.kind, a.object, a.host, was)
		}
		last[key] = a.kind
	}
}

// TestDeadHost: after a week a host is set aside; a signed request of its own
// brings it back at once.
func TestDeadHost(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		clock := newClock()
		i := launch(t, "amap", variant{database: fresh(t), settings: []setting{withClock(clock.now), withPace(10*time.Minute, 20*time.Millisecond)}})
		p := newForeign(t, "127.0.0.2")
		vera := p.actor("vera")
		wantStatus(t, vera.send(i.Actor.Inbox, vera.says("Follow", i.Actor.ID, nil)), 202)
		eventually(t, "vera follows", func() bool { return i.follows(vera.ID, i.Actor.ID) })
		i.settle()
		p.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
		old := i.writes(i.Actor, "ancienne", federation.Public, i.Actor.Followers)
		for tries := 0; ; tries++ {
			eventually(t, "a try failed", func() bool { return i.host(p.Host).Failures > tries })
			next := i.due()
			if next.IsZero() {
				break
			}
			clock.set(next)
		}
		if h := i.host(p.Host); h.State != "dormant" || h.Pending != 0 {
			t.Errorf("after a week the host is %+v", h)
		}
		if got := i.column("SELECT d.state FROM deliveries d JOIN activities a ON a.seq = d.activity WHERE a.object = "+i.quoted(string(old.ID)), 0); !slices.Equal(got, []string{"failed"}) {
			t.Errorf("what could not be delivered is %v", got)
		}
		// What is published now waits for its turn.
		later := i.writes(i.Actor, "nouvelle", federation.Public, i.Actor.Followers)
		if next := i.due(); next.Sub(clock.now()) < time.Hour {
			t.Errorf("a dormant host is called again in %s", next.Sub(clock.now()))
		}
		p.answers(nil)
		// It speaks: the new post goes out at once.
		wantStatus(t, vera.sendAt(clock.now(), vera.Signer, i.Actor.Inbox, vera.says("Like", old.ID, nil)), 202)
		p.awaits("Create", later.ID)
		i.settle()
		if h := i.host(p.Host); h.State != "ok" {
			t.Errorf("it is %+v", h)
		}
		// And an administrator may ask for the rest.
		i.update(func(ctx context.Context, tx *store.Tx) error { return tx.RetryHost(ctx, p.Host) })
		p.awaits("Create", old.ID)
	})
}

// TestDeadHostDelaysNobody: beside hosts that hang, refuse or answer errors,
// the good ones get everything at once.
func TestDeadHostDelaysNobody(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		i, net, _ := queued(t, fresh(t))
		const good, posts = 20, 15
		var hanging atomic.Int64
		net.answers(func(host string, r *http.Request) (*http.Response, error) {
			switch {
			case strings.HasPrefix(host, "hangs"):
				hanging.Add(1)
				<-r.Context().Done()
				return nil, r.Context().Err()
			case strings.HasPrefix(host, "refuses"):
				return nil, errors.New("connection refused")
			case strings.HasPrefix(host, "fails"):
				return answerWith(r, http.StatusInternalServerError), nil
			}
			return nil, nil
		})
		for n := range good {
			i.fan(fmt.Sprintf("good%d.example", n), "ann")
		}
		for _, kind := range []string{"hangs", "refuses", "fails"} {
			for n := range 3 {
				i.fan(fmt.Sprintf("%s%d.example", kind, n), "ann")
			}
		}
		for n := range posts {
			i.writes(i.Actor, fmt.Sprint("note ", n), federation.Public, i.Actor.Followers)
		}
		eventually(t, "the good hosts get everything", func() bool { return len(net.arrivals("")) == good*posts })
		if hanging.Load() == 0 {
			t.Error("nobody hangs")
		}
	})
}

// TestPeersAnswers: each answer of a peer has its consequence.
func TestPeersAnswers(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		t.Run("Retry-After is heeded", func(t *testing.T) {
			i, net, clock := queued(t, fresh(t))
			i.fan("busy.example", "ann")
			net.answers(func(_ string, r *http.Request) (*http.Response, error) {
				return answerWith(r, http.StatusTooManyRequests, "Retry-After", "7200"), nil
			})
			i.writes(i.Actor, "doucement", federation.Public, i.Actor.Followers)
			eventually(t, "it was tried", func() bool { return i.host("busy.example").Failures == 1 })
			if wait := i.due().Sub(clock.now()); wait < 2*time.Hour || wait > 3*time.Hour {
				t.Errorf("it is tried again in %s", wait)
			}
			net.answers(nil)
			clock.set(i.due())
			eventually(t, "it arrives", func() bool { return len(net.arrivals("busy.example")) == 1 })
		})
		t.Run("410 ends the follow", func(t *testing.T) {
			i, net, _ := queued(t, fresh(t))
			gone, stays := i.fan("gone.example", "alone"), i.fan("stays.example", "alone")
			net.answers(func(host string, r *http.Request) (*http.Response, error) {
				if host == "gone.example" {
					return answerWith(r, http.StatusGone), nil
				}
				return nil, nil
			})
			i.writes(i.Actor, "adieu", federation.Public, i.Actor.Followers)
			eventually(t, "the follower is forgotten", func() bool { return !i.follows(gone, i.Actor.ID) })
			i.settle()
			if !i.follows(stays, i.Actor.ID) {
				t.Error("so is another one")
			}
			tries := len(net.tried("gone.example"))
			i.writes(i.Actor, "encore", federation.Public, i.Actor.Followers)
			i.settle()
			if len(net.tried("gone.example")) != tries || len(net.arrivals("stays.example")) != 2 {
				t.Errorf("the second post: %v", net.arrivals(""))
			}
		})
		t.Run("a refusal is tried three times, and holds nothing else up", func(t *testing.T) {
			i, net, clock := queued(t, fresh(t))
			i.fan("picky.example", "ann")
			var refused atomic.Int64
			net.answers(func(_ string, r *http.Request) (*http.Response, error) {
				body, err := r.GetBody()
				if err != nil {
					return nil, err
				}
				if raw, err := io.ReadAll(body); err != nil || bytes.Contains(raw, []byte("refusée")) {
					refused.Add(1)
					return answerWith(r, http.StatusForbidden), err
				}
				return nil, nil
			})
			i.writes(i.Actor, "refusée", federation.Public, i.Actor.Followers)
			good := i.writes(i.Actor, "bienvenue", federation.Public, i.Actor.Followers)
			arrived := func() bool {
				return slices.ContainsFunc(net.arrivals(""), func(a arrival) bool { return a.object == string(good.ID) })
			}
			eventually(t, "the other one arrives", arrived)
			for n := int64(1); n < 3; n++ {
				eventually(t, "it is refused", func() bool { return refused.Load() == n && !i.due().IsZero() && i.due().After(clock.now()) })
				clock.set(i.due())
			}
			eventually(t, "it is given up", func() bool { return i.number("SELECT count(*) FROM deliveries WHERE state = 'failed'") == 1 })
			if n := refused.Load(); n != 3 {
				t.Errorf("it was tried %d times", n)
			}
		})
		t.Run("a document that a peer falls over holds nothing else up", func(t *testing.T) {
			for name, falls := range map[string]func(*http.Request) (*http.Response, error){
				"silence": func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
				"500": func(r *http.Request) (*http.Response, error) {
					return answerWith(r, http.StatusInternalServerError), nil
				},
			} {
				i, net, clock := queued(t, fresh(t))
				i.fan("frail.example", "ann")
				net.answers(func(_ string, r *http.Request) (*http.Response, error) {
					body, err := r.GetBody()
					if err != nil {
						return nil, err
					}
					if raw, err := io.ReadAll(body); err != nil || !bytes.Contains(raw, []byte("indigeste")) {
						return nil, err
					}
					return falls(r)
				})
				tried := func(n int) func() bool {
					return func() bool {
						return i.number("SELECT COALESCE(max(attempts), 0) FROM deliveries WHERE state = 'pending'") == n && i.due().After(clock.now())
					}
				}
				i.writes(i.Actor, "indigeste", federation.Public, i.Actor.Followers)
				eventually(t, name+": it was tried", tried(1))
				for n := range 5 {
					i.writes(i.Actor, fmt.Sprint("léger ", n), federation.Public, i.Actor.Followers)
				}
				clock.set(i.due())
				eventually(t, name+": all others arrive", func() bool { return len(net.arrivals("frail.example")) == 5 })
				eventually(t, name+": it was tried again", tried(2))
				if n := i.host("frail.example").Failures; n != 0 {
					t.Errorf("%s: the host failed %d times", name, n)
				}
				clock.set(i.due())
				eventually(t, name+": and again later", tried(3))
			}
		})
		t.Run("401 is answered by the other signature", func(t *testing.T) {
			i, net, _ := queued(t, fresh(t))
			i.fan("modern.example", "ann")
			var first atomic.Int64
			net.answers(func(_ string, r *http.Request) (*http.Response, error) {
				if r.Header.Get("Signature-Input") == "" {
					first.Add(1)
					return answerWith(r, http.StatusUnauthorized), nil
				}
				return nil, nil
			})
			for n := range 3 {
				i.writes(i.Actor, fmt.Sprint("signée ", n), federation.Public, i.Actor.Followers)
				i.settle()
			}
			eventually(t, "they arrive", func() bool { return len(net.arrivals("modern.example")) == 3 })
			if first.Load() != 1 {
				t.Errorf("the refused way was tried %d times", first.Load())
			}
		})
		t.Run("what cannot be read now is read later", func(t *testing.T) {
			clock := newClock()
			i := launch(t, "amap", variant{database: fresh(t), settings: []setting{withClock(clock.now), withPace(10*time.Minute, 20*time.Millisecond)}})
			p, q := newForeign(t, "127.0.0.2"), newForeign(t, "127.0.0.3")
			vera, writer := p.actor("vera"), q.actor("writer")
			note := writer.note("à lire", nil)
			path := strings.TrimPrefix(idIn(note), q.URL)
			q.publishAs(path, "text/plain", http.StatusServiceUnavailable, "later")
			wantStatus(t, vera.send(i.Actor.Inbox, vera.says("Announce", note["id"], jsonDoc{"to": []federation.IRI{i.Actor.ID}})), 202)
			eventually(t, "it was tried", func() bool { return q.asked(path) > 0 })
			q.publish(path, note)
			eventually(t, "it waits", func() bool {
				return i.number("SELECT count(*) FROM received WHERE state = 'pending' AND attempts = 1 AND lease_until = 0") == 1
			})
			if o := i.object(federation.IRI(idIn(note))); o != nil {
				t.Error("it is there")
			}
			clock.advance(11 * time.Second)
			eventually(t, "it is read", func() bool { return i.edge(federation.Announce, vera.ID, federation.IRI(idIn(note))) != nil })
		})
	})
}

// A faulty network loses requests and answers, answers errors, and delivers
// late. What it does depends on its seed.
type faulty struct {
	next http.RoundTripper
	on   atomic.Bool
	mu   sync.Mutex
	dice *rand.Rand
	lost [4]int
}

func (f *faulty) RoundTrip(r *http.Request) (*http.Response, error) {
	if !f.on.Load() || r.Method != http.MethodPost {
		return f.next.RoundTrip(r)
	}
	f.mu.Lock()
	way := f.dice.IntN(10)
	if way < len(f.lost) {
		f.lost[way]++
	}
	f.mu.Unlock()
	switch way {
	case 0: // never arrives
		return nil, errors.New("connection reset")
	case 1: // arrives, and the answer does not
		resp, err := f.next.RoundTrip(r)
		if err == nil {
			_ = resp.Body.Close()
		}
		return nil, errors.New("connection reset after the answer")
	case 2:
		return answerWith(r, http.StatusServiceUnavailable), nil
	case 3: // arrives twice
		again := r.Clone(r.Context())
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		again.Body = body
		if resp, err := f.next.RoundTrip(again); err == nil {
			_ = resp.Body.Close()
		}
	}
	return f.next.RoundTrip(r)
}

// TestFaultyNetwork: whatever the network does, each change has its effect
// once, in order, and both servers end up with the same.
func TestFaultyNetwork(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		clock := newClock()
		transport := &http.Transport{MaxIdleConnsPerHost: 4}
		t.Cleanup(transport.CloseIdleConnections)
		net := &faulty{next: transport, dice: rand.New(rand.NewPCG(seed, 0))}
		pace := withPace(10*time.Minute, 20*time.Millisecond)
		amap := launch(t, "amap", variant{database: fresh(t), settings: []setting{withClock(clock.now), withTransport(net), pace}})
		cafe := launch(t, "cafe", variant{database: fresh(t), settings: []setting{withClock(clock.now), pace}})
		cafe.follow(cafe.Actor, amap.Actor.ID)
		settled(amap, cafe)
		net.on.Store(true)

		var ids []federation.IRI
		dice := rand.New(rand.NewPCG(seed, 1))
		for n := range 12 {
			o := amap.writes(amap.Actor, fmt.Sprint("note ", n), federation.Public, amap.Actor.Followers)
			ids = append(ids, o.ID)
		}
		for n := range 40 {
			id := ids[dice.IntN(len(ids))]
			switch o := amap.object(id); {
			case o.Gone():
			case dice.IntN(8) == 0:
				amap.deletes(id)
			default:
				amap.changes(id, func(o *federation.Object) error { o.Content = fmt.Sprintf("<p>version %d</p>", n); return nil })
			}
			if dice.IntN(4) == 0 {
				clock.advance(time.Duration(dice.IntN(120)) * time.Second)
			}
		}
		drain(t, clock, amap, cafe)
		t.Logf("lost requests %d, lost answers %d, errors %d, duplicates %d", net.lost[0], net.lost[1], net.lost[2], net.lost[3])
		for _, id := range ids {
			here, there := amap.object(id), cafe.object(id)
			if there == nil {
				if !here.Gone() {
					t.Errorf("seed %d: %s never arrived", seed, id)
				}
				continue
			}
			if here.Gone() != there.Gone() || here.Content != there.Content {
				t.Errorf("seed %d: %s is %q there, want %q", seed, id, there.Content, here.Content)
			}
			sent, got := amap.column("SELECT id FROM activities WHERE object = "+amap.quoted(string(id))+" ORDER BY seq", 0),
				cafe.column("SELECT id FROM activities WHERE object = "+cafe.quoted(string(id))+" ORDER BY seq", 0)
			if !isSubsequence(got, sent) {
				t.Errorf("seed %d: %s: applied %v, said %v", seed, id, got, sent)
			}
		}
		if feed := cafe.feed(cafe.Actor.ID); len(slices.Compact(slices.Sorted(slices.Values(feed)))) != len(feed) {
			t.Errorf("seed %d: something is twice in the feed: %v", seed, feed)
		}
	})
}

// isSubsequence reports whether list is what is left of whole when some are
// left out.
func isSubsequence(list, whole []string) bool {
	for _, s := range whole {
		if len(list) > 0 && list[0] == s {
			list = list[1:]
		}
	}
	return len(list) == 0
}

// drain lets the time pass until nothing waits any more.
func drain(t *testing.T, c *clock, list ...*instance) {
	t.Helper()
	eventually(t, "the queues are empty", func() bool {
		waits := false
		for _, i := range list {
			n := i.number("SELECT count(*) FROM received WHERE state = 'pending'") + i.number("SELECT count(*) FROM deliveries WHERE state = 'pending'")
			if n == 0 {
				continue
			}
			waits = true
			busy := i.number("SELECT count(*) FROM hosts WHERE lease_until > 0") + i.number("SELECT count(*) FROM received WHERE lease_until > 0")
			if at := i.due(); busy == 0 && !at.IsZero() {
				c.set(at)
			}
		}
		return !waits
	})
}

// TestTwoProcesses: two programs share the work of one PostgreSQL database;
// nothing is delivered twice, and what one leaves behind the other takes up.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	database := onPostgres(t)
	clock := newClock()
	net := newFakeWeb(clock)
	var at [2]atomic.Int64
	var programs [2]*instance
	for n := range programs {
		counting := roundTripper(func(r *http.Request) (*http.Response, error) {
			at[n].Add(1)
			select { // a little slow, so that both have something to do
			case <-r.Context().Done():
			case <-time.After(5 * time.Millisecond):
			}
			return net.RoundTrip(r)
		})
		programs[n] = launch(t, "amap", variant{
			database: database, strict: true, origin: "https://amap.example",
			settings: []setting{withClock(clock.now), withTransport(counting), withPace(time.Minute, 10*time.Millisecond)},
		})
	}
	a, b := programs[0], programs[1]
	if a.Actor.ID != b.Actor.ID {
		t.Fatal("they are two instances")
	}
	const hosts, posts = 10, 20
	for n := range hosts {
		a.fan(fmt.Sprintf("pair%d.example", n), "ann")
	}
	var both sync.WaitGroup
	for _, i := range programs {
		both.Go(func() {
			for n := range posts / 2 {
				o := &federation.Object{Type: "Note", Content: fmt.Sprint("<p>note ", n, "</p>"), To: []federation.IRI{federation.Public, i.Actor.Followers}}
				if err := i.tryPublish(&federation.Activity{Type: federation.Create, Enclosed: o}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	both.Wait()
	eventually(t, "everything arrives", func() bool { return len(net.arrivals("")) >= hosts*posts })
	a.settle()
	times := map[string]int{}
	for _, got := range net.arrivals("") {
		times[got.inbox+" "+got.id]++
	}
	for what, n := range times {
		if n != 1 {
			t.Errorf("%s was delivered %d times", what, n)
		}
	}
	if len(times) != hosts*posts {
		t.Errorf("%d deliveries, want %d", len(times), hosts*posts)
	}
	if at[0].Load() == 0 || at[1].Load() == 0 {
		t.Errorf("the work was shared %d to %d", at[0].Load(), at[1].Load())
	}

	// Somebody claims a host and dies: when the lease is over others deliver.
	net.answers(func(_ string, r *http.Request) (*http.Response, error) { return nil, errors.New("nobody is there") })
	o := a.writes(a.Actor, "reprise", federation.Public, a.Actor.Followers)
	eventually(t, "all hosts were tried", func() bool {
		return a.number("SELECT count(*) FROM hosts WHERE failures > 0 AND lease_until = 0") == hosts
	})
	clock.set(a.due().Add(time.Hour))
	var claimed int
	a.update(func(ctx context.Context, tx *store.Tx) error {
		work, err := tx.ClaimHosts(ctx, "dead", time.Minute, hosts, 20)
		claimed = len(work)
		return err
	})
	net.answers(nil)
	arrived := func() (n int) {
		for _, got := range net.arrivals("") {
			if got.object == string(o.ID) {
				n++
			}
		}
		return n
	}
	eventually(t, "the others arrive", func() bool { return arrived() >= hosts-claimed })
	clock.advance(2 * time.Minute)
	eventually(t, "all arrive", func() bool { return arrived() == hosts })
}

// TestKilledWorkersWorkIsTakenUp: on SQLite there is one process, so that what
// its predecessor had in hand is taken up at once.
func TestKilledWorkersWorkIsTakenUp(t *testing.T) {
	t.Parallel()
	clock := newClock()
	net := newFakeWeb(clock)
	i := launch(t, "amap", variant{
		database: sqliteFile(t), strict: true, origin: "https://amap.example",
		settings: []setting{withClock(clock.now), withTransport(net), func(o *programOptions) { o.noWorkers = true }},
	})
	i.fan("pair.example", "ann")
	i.writes(i.Actor, "en cours", federation.Public, i.Actor.Followers)
	i.update(func(ctx context.Context, tx *store.Tx) error { // what a killed process leaves
		work, err := tx.ClaimHosts(ctx, soleWorker, 24*time.Hour, 10, 10)
		if len(work) != 1 {
			t.Errorf("claimed %d hosts", len(work))
		}
		return err
	})
	i.stop()
	i.open(withClock(clock.now), withTransport(net))
	eventually(t, "it arrives", func() bool { return len(net.arrivals("pair.example")) == 1 })
}
