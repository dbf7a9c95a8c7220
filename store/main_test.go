// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m, opened) }

// opened is for storetest.
func opened(database string) (io.Closer, error) {
	return Open(context.Background(), Options{Database: database})
}

const home = "https://amap.example"

// A clock that tests set.
type clock struct{ micros atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.set(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	return c
}

func (c *clock) now() time.Time          { return time.UnixMicro(c.micros.Load()).UTC() }
func (c *clock) set(t time.Time)         { c.micros.Store(t.UnixMicro()) }
func (c *clock) advance(d time.Duration) { c.micros.Add(d.Microseconds()) }

// A fixture is an open database with shorthands.
type fixture struct {
	testing.TB
	*clock
	db  *DB
	ctx context.Context
}

// each runs f on an empty database of each kind.
func each(t *testing.T, f func(t *fixture)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db func(string) string) { f(open(t, db("a"))) })
}

func open(t testing.TB, database string) *fixture {
	t.Helper()
	c := newClock()
	db, err := Open(context.Background(), Options{Database: database, Origin: home, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return &fixture{t, c, db, context.Background()}
}

// update and view fail the test if the transaction does.
func (f *fixture) update(fn func(*Tx) error) {
	f.Helper()
	if err := f.db.Update(f.ctx, fn); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) view(fn func(*Tx) error) {
	f.Helper()
	if err := f.db.View(f.ctx, fn); err != nil {
		f.Fatal(err)
	}
}

// local and remote make actors.
func local(name string) *federation.Actor {
	a := actorAt(home, name)
	a.Local, a.Type = true, "Organization"
	return a
}

func remote(host, name string) *federation.Actor { return actorAt("https://"+host, name) }

func actorAt(origin, name string) *federation.Actor {
	id := federation.IRI(origin + "/" + name)
	return &federation.Actor{
		ID: id, Type: "Person", Username: name, Name: "Name of " + name, Handle: name + "@" + id.Host(),
		Inbox: id + "/inbox", SharedInbox: federation.IRI(origin + "/inbox"), Outbox: id + "/outbox",
		Followers: id + "/followers", Following: id + "/following", Featured: id + "/featured",
		Keys: []federation.Key{{ID: id + "#main-key", Owner: id, Algorithm: "rsa", PEM: "PEM of " + name}},
	}
}

func (f *fixture) actors(list ...*federation.Actor) {
	f.Helper()
	f.update(func(tx *Tx) error {
		for _, a := range list {
			if err := tx.PutActor(f.ctx, a); err != nil {
				return err
			}
		}
		return nil
	})
}

func (f *fixture) objects(list ...*federation.Object) {
	f.Helper()
	f.update(func(tx *Tx) error {
		for _, o := range list {
			if err := tx.PutObject(f.ctx, o); err != nil {
				return err
			}
		}
		return nil
	})
}

func (f *fixture) follow(from, to *federation.Actor) {
	f.Helper()
	f.edge(&federation.Edge{Kind: federation.Follow, From: from.ID, To: to.ID, By: from.ID + "/follow" + federation.IRI(to.Username)})
}

func (f *fixture) edge(e *federation.Edge) {
	f.Helper()
	f.update(func(tx *Tx) error { return tx.PutEdge(f.ctx, e) })
}

// note makes a public note.
func note(by *federation.Actor, name string, at time.Time) *federation.Object {
	return &federation.Object{
		ID: by.ID + "/notes/" + federation.IRI(name), Type: "Note", AttributedTo: by.ID, Content: "<p>" + name + "</p>",
		To: []federation.IRI{federation.Public}, Cc: []federation.IRI{by.Followers}, Published: at, Local: by.Local,
		Raw: fmt.Appendf(nil, `{"id":%q}`, name),
	}
}

// say logs an activity about an object.
func say(by *federation.Actor, verb, name string, object federation.IRI, to ...federation.IRI) *federation.Activity {
	return &federation.Activity{
		ID: by.ID + "/activities/" + federation.IRI(name), Type: verb, Actor: by.ID, Object: object,
		To: to, Local: by.Local, Raw: []byte(`{"activity":"` + name + `"}`),
	}
}

func ids(list []*federation.Object) (names []string) {
	for _, o := range list {
		names = append(names, string(o.ID))
	}
	return names
}
