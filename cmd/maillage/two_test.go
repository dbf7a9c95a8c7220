// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// A tap remembers what an instance posts, byte for byte.
type tap struct {
	next  http.RoundTripper
	mu    sync.Mutex
	posts []posted
}

func newTap() *tap { return &tap{next: &http.Transport{MaxIdleConnsPerHost: 4}} }

func (w *tap) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost {
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		raw, err := io.ReadAll(body)
		if err != nil {
			return nil, err
		}
		w.mu.Lock()
		w.posts = append(w.posts, posted{path: r.URL.String(), header: r.Header.Clone(), body: raw})
		w.mu.Unlock()
	}
	return w.next.RoundTrip(r)
}

// sent returns how often each activity about an object was posted, by type and
// address, and the documents.
func (w *tap) sent(object federation.IRI) (times map[string]int, docs []jsonDoc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	times = map[string]int{}
	for _, p := range w.posts {
		if d := p.doc(); idIn(d["object"]) == string(object) {
			times[fmt.Sprint(d["type"], " ", d["id"], " ", p.path)]++
			docs = append(docs, d)
		}
	}
	return times, docs
}

func (w *tap) saw(text string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.posts, func(p posted) bool { return bytes.Contains(p.body, []byte(text)) })
}

// TestTwoInstances is the main job: an initiative publishes, another one on
// another server follows, and each change arrives there, once, in order.
func TestTwoInstances(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		wire := newTap()
		amap := launch(t, "amap", variant{database: fresh(t), settings: []setting{withTransport(wire)}})
		cafe := launch(t, "cafe", variant{database: fresh(t)})
		t.Cleanup(wire.next.(*http.Transport).CloseIdleConnections)
		var followed *federation.Activity

		t.Run("a follow is accepted, and the followed is told", func(t *testing.T) {
			followed = cafe.follow(cafe.Actor, amap.Actor.ID)
			if !amap.follows(cafe.Actor.ID, amap.Actor.ID) {
				t.Error("the followed does not know of it")
			}
			if want := []string{"Follow " + string(cafe.Actor.ID)}; !slices.Equal(amap.notices(amap.Actor.ID), want) {
				t.Errorf("notices %q", amap.notices(amap.Actor.ID))
			}
			settled(cafe, amap)
		})

		// arrives checks that what is about an object arrived once and in order.
		arrives := func(t *testing.T, id federation.IRI, verbs ...string) *federation.Object {
			t.Helper()
			eventually(t, fmt.Sprintf("%v of %s arrive", verbs, id), func() bool { return slices.Equal(cafe.spoken(id), verbs) })
			settled(amap, cafe)
			if got := cafe.spoken(id); !slices.Equal(got, verbs) {
				t.Errorf("applied %v, want %v", got, verbs)
			}
			times, _ := wire.sent(id)
			if len(times) != len(verbs) {
				t.Errorf("%d deliveries, want %d: %v", len(times), len(verbs), times)
			}
			for what, n := range times {
				if n != 1 {
					t.Errorf("%s was sent %d times", what, n)
				}
			}
			return cafe.object(id)
		}

		t.Run("an offer arrives whole", func(t *testing.T) {
			o := amap.offers(basketForm())
			got := arrives(t, o.ID, "Create")
			p, ok := federation.ProposalOf(got)
			if !ok {
				t.Fatal("what arrived is no offer")
			}
			if amount, currency := p.Price(); amount != "18" || currency != "EUR" || p.Purpose != "offer" {
				t.Errorf("%s for %s %s", p.Purpose, amount, currency)
			}
			if d := cmp.Diff(string(amap.object(o.ID).Raw), string(got.Raw)); d != "" {
				// What is delivered and what is served differ by the context alone.
				var sent, kept jsonDoc
				if json.Unmarshal(got.Raw, &sent) != nil || json.Unmarshal(amap.object(o.ID).Raw, &kept) != nil {
					t.Fatal("not JSON")
				}
				delete(sent, "@context")
				delete(kept, "@context")
				if d := cmp.Diff(kept, sent); d != "" {
					t.Error(d)
				}
			}
			if feed := cafe.feed(cafe.Actor.ID); !slices.Equal(feed, []federation.IRI{o.ID}) {
				t.Errorf("feed %v", feed)
			}
		})

		t.Run("a need arrives", func(t *testing.T) {
			o := amap.offers(harvestForm())
			if p, ok := federation.ProposalOf(arrives(t, o.ID, "Create")); !ok || p.Purpose != "request" {
				t.Errorf("purpose %q", p.Purpose)
			}
		})

		t.Run("an event arrives, changes, is called off and deleted, in this order", func(t *testing.T) {
			o := amap.invites(repairForm(amap.now()))
			words := locale.New("fr")
			for n := range 5 {
				amap.changes(o.ID, func(o *federation.Object) error { o.Name = fmt.Sprintf("Repair café %d", n); return nil })
			}
			amap.changes(o.ID, func(o *federation.Object) error { return outbox.Cancel(words, o, amap.now()) })
			got := arrives(t, o.ID, "Create", "Update", "Update", "Update", "Update", "Update", "Update")
			if !strings.HasSuffix(got.Name, "Repair café 4") || federation.EventOf(got).Status != federation.EventCancelled {
				t.Errorf("it is %q, %s", got.Name, federation.EventOf(got).Status)
			}
			if !strings.Contains(strings.ToLower(got.Summary), "annulé") {
				t.Errorf("readers are not told that it is called off: %s", got.Summary)
			}
			if n := slices.Index(cafe.feed(cafe.Actor.ID), o.ID); n < 0 {
				t.Error("it is not in the feed")
			}
			amap.deletes(o.ID)
			got = arrives(t, o.ID, "Create", "Update", "Update", "Update", "Update", "Update", "Update", "Delete")
			if !got.Gone() {
				t.Errorf("what is left is a %s", got.Type)
			}
			if slices.Contains(cafe.feed(cafe.Actor.ID), o.ID) {
				t.Error("it is still in the feed")
			}
			a := amap.get(string(o.ID))
			if d := a.doc(t); a.StatusCode != http.StatusGone || d["type"] != "Tombstone" || d["formerType"] != "Event" || d["id"] != string(o.ID) {
				t.Errorf("%d %v", a.StatusCode, d)
			}
			_, docs := wire.sent(o.ID)
			if stone, _ := docs[len(docs)-1]["object"].(jsonDoc); stone["type"] != "Tombstone" || stone["formerType"] != "Event" {
				t.Errorf("the Delete says %v", docs[len(docs)-1]["object"])
			}
		})

		t.Run("a public event is listed by the instance actor", func(t *testing.T) {
			cafe.follow(cafe.Actor, outbox.InstanceActor(amap.Origin))
			o := amap.invites(repairForm(amap.now()))
			eventually(t, "the Announce arrives", func() bool {
				return cafe.edge(federation.Announce, outbox.InstanceActor(amap.Origin), o.ID) != nil
			})
			settled(amap, cafe)
			if feed := cafe.feed(cafe.Actor.ID); feed[0] != o.ID || slices.Contains(feed[1:], o.ID) {
				t.Errorf("feed %v", feed)
			}
		})

		t.Run("an offer is closed and comes back", func(t *testing.T) {
			o := amap.offers(basketForm())
			words := locale.New("fr")
			amap.changes(o.ID, func(o *federation.Object) error { return outbox.Close(words, o, amap.now()) })
			got := arrives(t, o.ID, "Create", "Update")
			if !federation.IndexOf(got).Closed {
				t.Error("it is not closed there")
			}
			amap.changes(o.ID, func(o *federation.Object) error { return outbox.Reopen(words, o, amap.now()) })
			if got := arrives(t, o.ID, "Create", "Update", "Update"); federation.IndexOf(got).Closed {
				t.Error("it is still closed there")
			}
		})

		t.Run("a like and a share are noticed, once, and taken back", func(t *testing.T) {
			o := amap.offers(basketForm())
			arrives(t, o.ID, "Create")
			for _, verb := range []string{federation.Like, federation.Announce} {
				a := &federation.Activity{Type: verb, Actor: cafe.Actor.ID, Object: o.ID, To: []federation.IRI{federation.Public}, Cc: []federation.IRI{amap.Actor.ID}}
				cafe.publish(a)
				eventually(t, verb+" arrives", func() bool { return amap.edge(verb, cafe.Actor.ID, o.ID) != nil })
				want := fmt.Sprintf("%s %s %s", verb, cafe.Actor.ID, o.ID)
				again := *a
				cafe.publish(&again)
				settled(cafe, amap)
				if n := count(amap.notices(amap.Actor.ID), want); n != 1 {
					t.Errorf("noticed %d times: %s", n, want)
				}
				cafe.publish(&federation.Activity{
					Type: federation.Undo, Actor: cafe.Actor.ID, Object: a.ID, To: []federation.IRI{amap.Actor.ID},
					Inner: &federation.Activity{ID: a.ID, Type: verb, Actor: cafe.Actor.ID, Object: o.ID},
				})
				eventually(t, verb+" is taken back", func() bool { return amap.edge(verb, cafe.Actor.ID, o.ID) == nil })
			}
		})

		t.Run("a reply and a mention are noticed", func(t *testing.T) {
			o := amap.offers(basketForm())
			arrives(t, o.ID, "Create")
			cafe.publish(&federation.Activity{Type: federation.Create, Actor: cafe.Actor.ID, Enclosed: &federation.Object{
				Type: "Note", Content: "<p>Il en reste ?</p>", InReplyTo: o.ID, To: []federation.IRI{federation.Public}, Cc: []federation.IRI{amap.Actor.ID},
			}})
			cafe.publish(&federation.Activity{Type: federation.Create, Actor: cafe.Actor.ID, Enclosed: &federation.Object{
				Type: "Note", Content: "<p>Bonjour @amap</p>", To: []federation.IRI{amap.Actor.ID},
				Tags: []federation.Tag{{Type: "Mention", Name: "@amap", Href: string(amap.Actor.ID)}},
			}})
			for _, kind := range []string{"Reply", "Mention"} {
				eventually(t, kind+" is noticed", func() bool {
					return slices.ContainsFunc(amap.notices(amap.Actor.ID), func(n string) bool { return strings.HasPrefix(n, kind+" "+string(cafe.Actor.ID)) })
				})
			}
		})

		t.Run("what is pinned is featured", func(t *testing.T) {
			o := amap.offers(basketForm())
			arrives(t, o.ID, "Create")
			for verb, n := range map[string]int{federation.Add: 1} {
				amap.publish(&federation.Activity{Type: verb, Object: o.ID, Target: amap.Actor.Featured, To: []federation.IRI{amap.Actor.Followers}})
				featured := amap.get(string(amap.Actor.Featured)).doc(t)
				if items, ok := featured["orderedItems"].([]any); !ok || len(items) != n || idIn(items[0]) != string(o.ID) {
					t.Errorf("featured %v", featured["orderedItems"])
				}
			}
			eventually(t, "Add arrives", func() bool { return cafe.edge(federation.Add, amap.Actor.ID, o.ID) != nil })
			amap.publish(&federation.Activity{Type: federation.Remove, Object: o.ID, Target: amap.Actor.Featured, To: []federation.IRI{amap.Actor.Followers}})
			eventually(t, "Remove arrives", func() bool { return cafe.edge(federation.Add, amap.Actor.ID, o.ID) == nil })
		})

		t.Run("a profile changes", func(t *testing.T) {
			profile := *amap.Actor
			profile.Name, profile.Summary = "Les Jardins du Moulin", "<p>Maraîchage</p>"
			amap.publish(&federation.Activity{
				Type: federation.Update, Profile: &profile, Object: profile.ID,
				To: []federation.IRI{federation.Public}, Cc: []federation.IRI{profile.Followers},
			})
			settled(amap, cafe)
			// Read again at most every five minutes: the first time it was just met.
			if a := amap.knownActor(profile.ID); a.Name != "Les Jardins du Moulin" {
				t.Errorf("at home it is %q", a.Name)
			}
			if d := amap.get(string(profile.ID)).doc(t); d["name"] != "Les Jardins du Moulin" {
				t.Errorf("it is served as %v", d["name"])
			}
		})

		t.Run("a post for followers reaches them and nobody else", func(t *testing.T) {
			stranger := cafe.member("Person", "zoe", false)
			o := amap.writes(amap.Actor, "Pour nos adhérents", amap.Actor.Followers)
			arrives(t, o.ID, "Create")
			if !slices.Contains(cafe.feed(cafe.Actor.ID), o.ID) {
				t.Error("the follower does not see it")
			}
			if slices.Contains(cafe.feed(stranger.ID), o.ID) {
				t.Error("somebody else of that server sees it")
			}
			for name, headers := range map[string][]string{
				"anonymous": nil, "a member's token": {"Authorization", "Bearer " + amap.token(amap.member("Person", "membre", false).ID)},
			} {
				if a := amap.get(string(o.ID), headers...); a.StatusCode != http.StatusNotFound {
					t.Errorf("%s: %d", name, a.StatusCode)
				}
			}
			if a := amap.get(string(o.ID), "Authorization", "Bearer "+amap.token(amap.Actor.ID)); a.StatusCode != http.StatusOK {
				t.Errorf("its author: %d", a.StatusCode)
			}
			if a := signedGet(t, cafe, cafe.Actor.ID, o.ID); a.StatusCode != http.StatusOK || !strings.HasPrefix(a.Header.Get("Cache-Control"), "private") {
				t.Errorf("the follower: %d %s", a.StatusCode, a.Header.Get("Cache-Control"))
			}
			if a := signedGet(t, cafe, stranger.ID, o.ID); a.StatusCode != http.StatusNotFound {
				t.Errorf("somebody else of that server: %d", a.StatusCode)
			}
		})

		t.Run("a direct post reaches the one it names", func(t *testing.T) {
			o := amap.writes(amap.Actor, "Entre nous", cafe.Actor.ID)
			arrives(t, o.ID, "Create")
			if !slices.Contains(cafe.feed(cafe.Actor.ID), o.ID) {
				t.Error("it does not see it")
			}
			if a := amap.get(string(o.ID)); a.StatusCode != http.StatusNotFound {
				t.Errorf("anonymous: %d", a.StatusCode)
			}
			if a := signedGet(t, cafe, cafe.Actor.ID, o.ID); a.StatusCode != http.StatusOK {
				t.Errorf("the one it names: %d", a.StatusCode)
			}
		})

		t.Run("bto and bcc never travel", func(t *testing.T) {
			secret := cafe.member("Person", "secrete", false)
			amap.meets(secret.ID)
			o := &federation.Object{Type: "Note", Content: "<p>Copie cachée</p>", To: []federation.IRI{federation.Public}}
			amap.publish(&federation.Activity{
				Type: federation.Create, Enclosed: o, To: o.To,
				Bto: []federation.IRI{secret.ID},
			})
			arrives(t, o.ID, "Create")
			for _, text := range []string{`"bto"`, `"bcc"`, string(secret.ID)} {
				if wire.saw(text) {
					t.Errorf("%s was sent", text)
				}
			}
			a := amap.get(string(o.ID))
			if bytes.Contains(a.Body, []byte("bto")) || bytes.Contains(a.Body, []byte(secret.ID)) {
				t.Errorf("it is served: %s", a.Body)
			}
			settled(amap, cafe)
			if !slices.Contains(cafe.feed(secret.ID), o.ID) {
				t.Error("the hidden addressee does not see it")
			}
		})

		t.Run("a locked actor decides who follows", func(t *testing.T) {
			locked := amap.member("Person", "prudente", true)
			cafe.asks(cafe.Actor, locked.ID)
			eventually(t, "the follow waits", func() bool { e := amap.edge(federation.Follow, cafe.Actor.ID, locked.ID); return e != nil && e.Pending })
			before := amap.writes(locked, "Avant", locked.Followers)
			settled(amap, cafe)
			if times, _ := wire.sent(before.ID); len(times) != 0 || cafe.object(before.ID) != nil {
				t.Errorf("who was not accepted got it: %v", times)
			}
			if a := signedGet(t, cafe, cafe.Actor.ID, before.ID); a.StatusCode != http.StatusNotFound {
				t.Errorf("who was not accepted reads it: %d", a.StatusCode)
			}
			f := amap.edge(federation.Follow, cafe.Actor.ID, locked.ID)
			amap.publish(&federation.Activity{
				Type: federation.Accept, Actor: locked.ID, Object: f.By, To: []federation.IRI{cafe.Actor.ID},
				Inner: &federation.Activity{ID: f.By, Type: federation.Follow, Actor: f.From, Object: f.To},
			})
			eventually(t, "it is accepted", func() bool { return cafe.follows(cafe.Actor.ID, locked.ID) })
			arrives(t, amap.writes(locked, "Après", locked.Followers).ID, "Create")
		})

		t.Run("who does not follow any more gets nothing more", func(t *testing.T) {
			settled(amap, cafe)
			cafe.unfollow(followed)
			eventually(t, "the Undo arrives", func() bool { return amap.edge(federation.Follow, cafe.Actor.ID, amap.Actor.ID) == nil })
			o := amap.offers(basketForm())
			settled(amap, cafe)
			if cafe.object(o.ID) != nil {
				t.Error("it got it")
			}
			followed = cafe.follow(cafe.Actor, amap.Actor.ID)
		})

		t.Run("who is blocked follows no more, and reads nothing that is not public", func(t *testing.T) {
			direct := amap.writes(amap.Actor, "Encore entre nous", cafe.Actor.ID)
			arrives(t, direct.ID, "Create")
			amap.publish(&federation.Activity{Type: federation.Block, Object: cafe.Actor.ID, To: []federation.IRI{cafe.Actor.ID}})
			eventually(t, "the Reject arrives", func() bool { return cafe.edge(federation.Follow, cafe.Actor.ID, amap.Actor.ID) == nil })
			if wire.saw(`"Block"`) {
				t.Error("the Block was sent")
			}
			if a := signedGet(t, cafe, cafe.Actor.ID, direct.ID); a.StatusCode != http.StatusNotFound {
				t.Errorf("the blocked one reads %d", a.StatusCode)
			}
			cafe.asks(cafe.Actor, amap.Actor.ID)
			settled(cafe, amap)
			if amap.edge(federation.Follow, cafe.Actor.ID, amap.Actor.ID) != nil {
				t.Error("it follows again")
			}
			eventually(t, "the follow is refused", func() bool { return cafe.edge(federation.Follow, cafe.Actor.ID, amap.Actor.ID) == nil })
		})
	})
}

func count(list []string, want string) (n int) {
	for _, s := range list {
		if s == want {
			n++
		}
	}
	return n
}

// signedGet asks for a document on behalf of an actor of an instance.
func signedGet(t testing.TB, i *instance, who, id federation.IRI) *httpAnswer {
	t.Helper()
	s, err := (&outbox.Signers{DB: i.DB, Now: time.Now}).Of(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, string(id), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", vocab.ActivityJSON)
	sign(t, r, s)
	return send(t, i.client, r)
}

// TestThreeInstances: what one publishes reaches the others, and answers of a
// third are passed on by the one whose followers they are for.
func TestThreeInstances(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		amap := launch(t, "amap", variant{database: fresh(t)})
		cafe := launch(t, "cafe", variant{database: fresh(t)})
		watt := launch(t, "watt", variant{database: fresh(t)})

		t.Run("a post reaches two servers, and two of one server by one delivery", func(t *testing.T) {
			second := cafe.member("Person", "lea", false)
			for _, f := range []struct {
				i   *instance
				who *federation.Actor
			}{{cafe, cafe.Actor}, {cafe, second}, {watt, watt.Actor}} {
				f.i.follow(f.who, amap.Actor.ID)
			}
			settled(amap, cafe, watt)
			o := amap.offers(basketForm())
			for _, i := range []*instance{cafe, watt} {
				eventually(t, "it arrives at "+i.name, func() bool { return i.object(o.ID) != nil })
			}
			amap.settle()
			n := amap.number("SELECT count(*) FROM deliveries d JOIN activities a ON a.seq = d.activity WHERE a.object = " + amap.quoted(string(o.ID)))
			if n != 2 {
				t.Errorf("%d deliveries to two servers", n)
			}
			for _, who := range []federation.IRI{cafe.Actor.ID, second.ID} {
				if !slices.Contains(cafe.feed(who), o.ID) {
					t.Errorf("%s does not see it", who)
				}
			}
		})

		t.Run("a reply is passed on to the followers it is for", func(t *testing.T) {
			o := amap.offers(basketForm())
			eventually(t, "the post arrives", func() bool { return cafe.object(o.ID) != nil && watt.object(o.ID) != nil })
			reply := &federation.Object{
				Type: "Note", Content: "<p>Deux paniers pour nous</p>", InReplyTo: o.ID,
				To: []federation.IRI{federation.Public}, Cc: []federation.IRI{amap.Actor.ID, amap.Actor.Followers},
			}
			cafe.publish(&federation.Activity{Type: federation.Create, Actor: cafe.Actor.ID, Enclosed: reply})
			eventually(t, "the reply arrives", func() bool { return amap.object(reply.ID) != nil })
			amap.settle()
			// Of raw bytes with the signature of another, the receiver believes
			// nothing: it may only read the reply from its origin.
			if got := watt.object(reply.ID); got != nil && got.AttributedTo != cafe.Actor.ID {
				t.Errorf("it arrived as %s's", got.AttributedTo)
			}
			n := amap.number("SELECT count(*) FROM deliveries d JOIN activities a ON a.seq = d.activity WHERE a.object = " + amap.quoted(string(reply.ID)))
			if n == 0 {
				t.Error("it was not passed on")
			}
			said := cafe.column("SELECT document FROM activities WHERE object = "+cafe.quoted(string(reply.ID)), 0)
			passed := amap.column("SELECT document FROM activities WHERE object = "+amap.quoted(string(reply.ID)), 0)
			if !slices.Equal(said, passed) {
				t.Errorf("other bytes were passed on: %s, want %s", passed, said)
			}
		})

		t.Run("who moves is followed to the new address", func(t *testing.T) {
			old := amap.member("Person", "demenage", false)
			watt.follow(watt.Actor, old.ID)
			home := cafe.member("Person", "arrive", false)
			cafe.update(func(ctx context.Context, tx *store.Tx) error {
				a, err := tx.Actor(ctx, home.ID)
				if err != nil {
					return err
				}
				a.AlsoKnownAs = []federation.IRI{old.ID}
				return tx.PutActor(ctx, a)
			})
			amap.meets(home.ID)
			amap.publish(&federation.Activity{
				Type: federation.Move, Actor: old.ID, Object: old.ID, Target: home.ID, To: []federation.IRI{old.Followers},
			})
			eventually(t, "the follower follows along", func() bool {
				return watt.follows(watt.Actor.ID, home.ID) && watt.edge(federation.Follow, watt.Actor.ID, old.ID) == nil
			})
			eventually(t, "the new home knows", func() bool { return cafe.follows(watt.Actor.ID, home.ID) })
			eventually(t, "the old one too", func() bool { return amap.edge(federation.Follow, watt.Actor.ID, old.ID) == nil })
		})

		t.Run("who is deleted is deleted everywhere", func(t *testing.T) {
			leaver := amap.member("Person", "sen-va", false)
			watt.follow(watt.Actor, leaver.ID)
			o := amap.writes(leaver, "Au revoir", federation.Public, leaver.Followers)
			eventually(t, "the last post arrives", func() bool { return watt.object(o.ID) != nil })
			settled(amap, watt)
			amap.publish(&federation.Activity{Type: federation.Delete, Actor: leaver.ID, Object: leaver.ID, To: []federation.IRI{federation.Public}})
			eventually(t, "the Delete arrives", func() bool { a := watt.knownActor(leaver.ID); return a != nil && a.Gone })
			if o := watt.object(o.ID); o != nil && !o.Gone() {
				t.Error("its post is still there")
			}
			if watt.edge(federation.Follow, watt.Actor.ID, leaver.ID) != nil {
				t.Error("it is still followed")
			}
			if a := amap.get(string(leaver.ID)); a.StatusCode != http.StatusGone {
				t.Errorf("it answers %d", a.StatusCode)
			}
			if a := amap.get("/.well-known/webfinger?resource=acct:sen-va@" + hostOf(amap.Origin)); a.StatusCode != http.StatusGone {
				t.Errorf("WebFinger answers %d", a.StatusCode)
			}
		})
	})
}

// TestPeersKeyIsRotated: a new key is read from its origin, once, and the old
// one is worth nothing any more.
func TestPeersKeyIsRotated(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		clock := newClock()
		amap := launch(t, "amap", variant{database: fresh(t), settings: []setting{withClock(clock.now)}})
		p := newForeign(t, "127.0.0.2")
		vera := p.actor("vera")
		vera.newRSAKey()
		vera.show()
		if a := vera.send(amap.Actor.SharedInbox, vera.says("Follow", amap.Actor.ID, nil)); a.StatusCode != http.StatusAccepted {
			t.Fatal(a.StatusCode)
		}
		eventually(t, "vera follows", func() bool { return amap.follows(vera.ID, amap.Actor.ID) })
		old := vera.Signer
		clock.advance(10 * time.Minute) // a refresh is allowed again
		before := p.asked(vera.Path)
		vera.newRSAKey()
		vera.show()
		for range 3 {
			note := vera.note("avec la nouvelle clé", jsonDoc{"to": []federation.IRI{amap.Actor.ID}})
			if a := vera.sendAt(clock.now(), vera.Signer, amap.Actor.Inbox, vera.says("Create", note, nil)); a.StatusCode != http.StatusAccepted {
				t.Fatalf("signed with the new key: %d", a.StatusCode)
			}
		}
		if n := p.asked(vera.Path) - before; n != 1 {
			t.Errorf("the actor was read %d times", n)
		}
		for range 20 {
			note := vera.note("avec l’ancienne", jsonDoc{"to": []federation.IRI{amap.Actor.ID}})
			if a := vera.sendAt(clock.now(), old, amap.Actor.Inbox, vera.says("Create", note, nil)); a.StatusCode != http.StatusUnauthorized {
				t.Fatalf("signed with the old key: %d", a.StatusCode)
			}
		}
		if n := p.asked(vera.Path) - before; n != 1 {
			t.Errorf("bad signatures made us read the actor %d times", n-1)
		}
	})
}
