// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// explained is a session that asks for the plan of every statement it runs.
type explained struct {
	session

	explain string
	plans   map[string][]string
}

func (e *explained) ask(ctx context.Context, query string, args []any) {
	if e.plans[query] != nil || !regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE)`).MatchString(query) {
		return
	}
	rows, err := e.session.query(ctx, e.explain+query, args)
	if err != nil {
		e.plans[query] = []string{err.Error()}
		return
	}
	defer rows.Close()
	plan := []string{}
	for rows.Next() {
		var line string
		var a, b, c any
		if strings.Contains(e.explain, "PLAN") {
			err = rows.Scan(&a, &b, &c, &line)
		} else {
			err = rows.Scan(&line)
		}
		if err != nil {
			line = err.Error()
		}
		plan = append(plan, line)
	}
	e.plans[query] = plan
}

func (e *explained) exec(ctx context.Context, query string, args []any) (sql.Result, error) {
	e.ask(ctx, query, args)
	return e.session.exec(ctx, query, args)
}

func (e *explained) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	e.ask(ctx, query, args)
	return e.session.query(ctx, query, args)
}

// scans finds what reads a whole table, or a whole index. The rows of these
// are few, or all are wanted.
var (
	scans   = regexp.MustCompile(`^SCAN (\w+)|Seq Scan on (\w+)`)
	allowed = regexp.MustCompile(`suspensions|settings|accounts|hosts|\b(h|t|i|x)\b|object_words|object_places|VIRTUAL TABLE|received_pending|COVERING INDEX received_lanes|deliveries_by_host|signins|sessions|notices_by_owner|received_others|CONSTANT ROW|INDEX objects_listed|INDEX objects_proposals|COVERING INDEX alerts_behind|json_each|\ba USING (INDEX|COVERING INDEX) actors_by_username`)
)

// Every statement that runs often finds its rows by an index, on data as
// skewed as it becomes.
func TestStatementsUseIndexes(t *testing.T) {
	if testing.Short() {
		t.Skip("it fills a database")
	}
	each(t, func(t *fixture) {
		amap := t.load(load{peers: 150, followed: 40, followers: 120, offers: 500, events: 500, notes: 2500, likes: 1000, queue: 8})
		e := &explained{explain: "EXPLAIN QUERY PLAN ", plans: map[string][]string{}}
		bob := remote("h3.example", "bob")
		o := note(amap, "mine", t.now())
		o.Location, o.Tags = &federation.Place{Point: &federation.Point{Latitude: 48, Longitude: 2}}, []federation.Tag{{Type: "Hashtag", Name: "#x"}}
		err := t.db.Update(t.ctx, func(tx *Tx) error {
			if tx.postgres() { // whether it can, not whether it is worth it for so few rows
				e.explain = "EXPLAIN "
				if _, err := tx.exec(t.ctx, `SET LOCAL enable_seqscan = off`); err != nil {
					return err
				}
			}
			e.session = tx.session
			asked := *tx
			asked.session = e
			return t.everything(&asked, amap, bob, o)
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(e.plans) < 60 {
			t.Errorf("only %d statements", len(e.plans))
		}
		for query, plan := range e.plans {
			for _, line := range plan {
				if m := scans.FindString(line); m != "" && !allowed.MatchString(line) {
					t.Errorf("%s\n\t%s", query, strings.Join(plan, "\n\t"))
					break
				}
			}
		}
	})
}

// What many rows meet is read in the order of the list and not sorted, however
// little SQLite knows of it. PostgreSQL chooses by what it counted: it must be
// able to.
func TestCommonSearchesAreNotSorted(t *testing.T) {
	each(t, func(t *fixture) {
		t.load(load{peers: 50, offers: 300, events: 300, notes: 100})
		t.view(func(tx *Tx) error {
			e := &explained{session: tx.session, explain: "EXPLAIN QUERY PLAN "}
			if tx.postgres() {
				e.explain = "EXPLAIN "
				if _, err := tx.exec(t.ctx, `SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off`); err != nil {
					return err
				}
			}
			near := &federation.Point{Latitude: 46, Longitude: 2}
			for _, q := range []Query{
				{},
				{Mode: "gift"},
				{Tag: "pommes"},
				{Tag: "pommes", Kinds: []string{"offer", "need", "event", "article", "note"}},
				{Tag: "pommes", LocalOnly: true},
				{Tag: "pommes", Mode: "gift"},
				{Tag: "pommes", Near: near, RadiusKm: 900},
				{Tag: "pommes", Kinds: []string{"event"}, Sort: SortStart},
				{Tag: "pommes", Kinds: []string{"event"}, Sort: SortStart, LocalOnly: true},
				{Tag: "pommes", Kinds: []string{"event"}, Ended: t.now(), Sort: SortLast},
				{Category: "food", Mode: "gift"},
				{Near: near, RadiusKm: 900},
				{Kinds: []string{"event"}, Near: near, RadiusKm: 900, Sort: SortStart},
				{Kinds: []string{"event"}, Sort: SortLast},
				{Kinds: []string{"offer"}, LocalOnly: true},
				{Kinds: []string{"event"}, LocalOnly: true, Sort: SortStart},
				{Text: "de saison"},
				{Text: "de saison", LocalOnly: true},
				{Kinds: []string{"event"}, Text: "tous", Sort: SortStart},
			} {
				e.plans = map[string][]string{}
				asked := *tx
				asked.session = e
				q.Limit, q.few = 5, 20
				if q.Text != "" {
					q.few = 200 // the window holds the page
				}
				if err := third(asked.Search(t.ctx, q)); err != nil {
					return err
				}
				for query, plan := range e.plans {
					if text := strings.Join(plan, "\n\t"); strings.Contains(text, "TEMP B-TREE") || strings.Contains(text, "Sort Key") {
						t.Errorf("%+v: %s\n\t%s", q, query, text)
					}
				}
			}
			return nil
		})
	})
}

// everything calls what is called often.
func (t *fixture) everything(tx *Tx, amap, bob *federation.Actor, o *federation.Object) error {
	near := &federation.Point{Latitude: 48, Longitude: 2}
	like := say(bob, federation.Like, "plan", o.ID, amap.ID)
	like.To = append(like.To, "https://h9.example/bob/followers")
	create := say(amap, federation.Create, "plan", o.ID, federation.Public, amap.Followers, bob.ID)
	gone := &federation.Object{ID: o.ID, Type: "Tombstone", AttributedTo: amap.ID}
	del := say(amap, federation.Delete, "plan-delete", o.ID, federation.Public, amap.Followers)
	r := &Received{Activity: like.ID, Actor: bob.ID, Type: "Like", Document: []byte("{}")}
	var hosts []*HostWork
	calls := []func() error{
		func() error { return second(tx.Actor(t.ctx, bob.ID)) },
		func() error { return second(tx.Actors(t.ctx, bob.ID, amap.ID)) },
		func() error { return second(tx.ActorByUsername(t.ctx, "amap")) },
		func() error { return second(tx.ActorByHandle(t.ctx, bob.Handle)) },
		func() error { return second(tx.ActorByKey(t.ctx, bob.Keys[0].ID)) },
		func() error { return second(tx.ActorByFollowers(t.ctx, bob.Followers)) },
		func() error { return second(tx.ActorsByInbox(t.ctx, bob.Inbox)) },
		func() error { return second(tx.LocalActors(t.ctx)) },
		func() error { return tx.PutActor(t.ctx, bob) },
		func() error { return second(tx.Suspended(t.ctx, bob.ID)) },
		func() error { return tx.PutObject(t.ctx, o) },
		func() error { return tx.PutObject(t.ctx, o) },
		func() error { return second(tx.Object(t.ctx, o.ID)) },
		func() error { return second(tx.Objects(t.ctx, o.ID)) },
		func() error {
			return second(tx.MayRead(t.ctx, bob.ID, &federation.Object{AttributedTo: amap.ID, To: []federation.IRI{amap.Followers}}))
		},
		func() error { return third(tx.ObjectsBy(t.ctx, bob.ID, "", "", 20)) },
		func() error { return third(tx.ObjectsIn(t.ctx, bob.ID, "", "", 20)) },
		func() error { return third(tx.Recent(t.ctx, "", 20)) },
		func() error { return third(tx.Replies(t.ctx, o.ID, "", "", 20)) },
		func() error { return second(tx.Featured(t.ctx, amap.ID)) },
		func() error { return second(tx.Counts(t.ctx, o.ID, "https://b.example/1")) },
		func() error { return third(tx.Feed(t.ctx, amap.ID, "", 20)) },
		func() error { return third(tx.Search(t.ctx, Query{Limit: 20})) },
		func() error { return third(tx.Search(t.ctx, Query{Limit: 20, Viewer: amap.ID})) },
		func() error { return third(tx.Search(t.ctx, Query{Text: "pommes saison", Limit: 20})) },
		func() error {
			return third(tx.Search(t.ctx, Query{Near: near, RadiusKm: 20, Sort: SortNear, Limit: 20}))
		},
		func() error {
			return third(tx.Search(t.ctx, Query{Near: near, RadiusKm: 20, Text: "pommes", Limit: 20}))
		},
		func() error {
			return third(tx.Search(t.ctx, Query{Tag: "pommes", Mode: "gift", Category: "food", Limit: 20}))
		},
		func() error {
			return third(tx.Search(t.ctx, Query{Kinds: []string{"event"}, Ended: t.now(), Sort: SortLast, LocalOnly: true, Limit: 20}))
		},
		func() error {
			return third(tx.Search(t.ctx, Query{Kinds: []string{"event"}, Circuit: amap.ID, From: t.now(), Sort: SortStart, Limit: 20}))
		},
		func() error {
			return third(tx.Search(t.ctx, Query{Kinds: []string{"event"}, Author: amap.ID, From: t.now(), Sort: SortStart, LocalOnly: true, Limit: 20}))
		},
		func() error { return third(tx.Upcoming(t.ctx, "", "", 20)) },
		func() error { return third(tx.Engaged(t.ctx, amap.ID)) },
		func() error { return second(tx.Refusals(t.ctx, amap.ID, o.ID)) },
		func() error { return third(tx.ProposalsStamp(t.ctx)) },
		func() error { return tx.OpenProposals(t.ctx, "offer", func(*federation.Object) {}) },
		func() error { return second(tx.Blocked(t.ctx, amap.ID)) },
		func() error { return second(tx.Referred(t.ctx, amap.ID, []string{"a", "b"})) },
		func() error { return second(tx.References(t.ctx, amap.ID)) },
		func() error { return tx.Refer(t.ctx, amap.ID, "a", o.ID) },
		func() error { return second(tx.News(t.ctx)) },
		func() error { return tx.Told(t.ctx, &News{upTo: 1}) },
		func() error { return second(tx.Alerts(t.ctx, 1)) },
		func() error { return second(tx.NoticesSince(t.ctx, amap.ID, "Alert", t.now())) },
		func() error { return tx.LogActivity(t.ctx, create) },
		func() error { return tx.LogActivity(t.ctx, like) },
		func() error { return second(tx.Activity(t.ctx, like.ID)) },
		func() error { return third(tx.Outbox(t.ctx, amap.ID, "", "", 20)) },
		func() error { return second(tx.OutboxCount(t.ctx, amap.ID)) },
		func() error { return third(tx.ActivitiesFor(t.ctx, amap.ID, "", 20)) },
		func() error {
			return tx.PutEdge(t.ctx, &federation.Edge{Kind: "Like", From: bob.ID, To: o.ID, By: like.ID})
		},
		func() error { return second(tx.Edge(t.ctx, "Like", bob.ID, o.ID)) },
		func() error { return second(tx.EdgeBy(t.ctx, like.ID)) },
		func() error { return second(tx.LocalFollowers(t.ctx, bob.ID)) },
		func() error { return second(tx.Followed(t.ctx, bob.ID)) },
		func() error { return third(tx.Followers(t.ctx, amap.ID, "", 20)) },
		func() error { return third(tx.Following(t.ctx, amap.ID, "", 20)) },
		func() error { return second(tx.CountTo(t.ctx, "Follow", amap.ID)) },
		func() error { return tx.DropEdge(t.ctx, "Like", bob.ID, o.ID) },
		func() error { return tx.Notify(t.ctx, federation.Notice{For: amap.ID, Kind: "Like", Actor: bob.ID}) },
		func() error { return third(tx.Notices(t.ctx, amap.ID, "", 20)) },
		func() error { return second(tx.ReceivedByHost(t.ctx)) },
		func() error { return second(tx.UnreadNotices(t.ctx, amap.ID)) },
		func() error { return tx.File(t.ctx, r) },
		func() error { return second(tx.ClaimReceived(t.ctx, "me", time.Minute, 10)) },
		func() error { return tx.RetryReceived(t.ctx, r.ID, t.now(), "") },
		func() error { return tx.DoneReceived(t.ctx, r.ID) },
		func() error { return second(tx.ReceivedDue(t.ctx)) },
		func() error { return second(tx.Enqueue(t.ctx, create, 1, create.Addressees())) },
		func() error { return second(tx.DeliveriesOf(t.ctx, o.ID)) },
		func() error { return second(tx.Sent(t.ctx, amap.ID, o.ID)) },
		func() (err error) { hosts, err = tx.ClaimHosts(t.ctx, "me", time.Minute, 3, 3); return err },
		func() error {
			return tx.FinishHost(t.ctx, "me", hosts[0].Host, []DeliveryResult{{ID: hosts[0].Deliveries[0].ID, Outcome: Delivered}}, time.Time{})
		},
		func() error {
			return tx.FinishHost(t.ctx, "me", hosts[1].Host, []DeliveryResult{{ID: hosts[1].Deliveries[0].ID, Outcome: Retry}}, t.now().Add(time.Hour))
		},
		func() error { return tx.ReviveHost(t.ctx, hosts[1].Host) },
		func() error { return second(tx.NextDue(t.ctx)) },
		func() error { return second(tx.Hosts(t.ctx)) },
		func() error { return tx.LogActivity(t.ctx, del) },
		func() error { return second(tx.Enqueue(t.ctx, del, 1, del.Addressees())) },
		func() error { return tx.PutObject(t.ctx, gone) },
		func() error { return tx.DropActor(t.ctx, "https://h5.example/bob") },
	}
	for i, call := range calls {
		if err := call(); err != nil {
			return fmt.Errorf("call %d: %w", i, err)
		}
	}
	for _, rule := range retention {
		if _, err := tx.exec(t.ctx, rule.query, t.now().Add(-1000*time.Hour), 10); err != nil {
			return err
		}
	}
	return nil
}

func third[T, U any](_ T, _ U, err error) error { return err }
