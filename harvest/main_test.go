// SPDX-License-Identifier: AGPL-3.0-or-later

package harvest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/remote"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
	"codeberg.org/maillage/maillage/store/storetest"
)

func TestMain(m *testing.M) {
	if database := os.Getenv(childDatabase); database != "" {
		fmt.Println(readInAnotherProcess(database))
		os.Exit(1)
	}
	storetest.Main(m, opened)
}

// opened is for storetest.
func opened(database string) (io.Closer, error) {
	return store.Open(context.Background(), store.Options{Database: database})
}

const home = "https://repair.example"

// A bench is an instance with an initiative that has a follower elsewhere, and
// a server whose calendars change as the test wants.
type bench struct {
	testing.TB

	ctx    context.Context
	db     *store.DB
	worker *Worker
	author *federation.Actor
	server *httptest.Server

	mu    sync.Mutex
	clock time.Time
	pages map[string]*served
}

// A served calendar is what the server has at a path.
type served struct {
	body   string
	etag   string
	status int
	header http.Header
	answer http.HandlerFunc // instead of all that
	asked  int
	unread int // answered 304
}

var keyPairs = sync.OnceValues(outbox.NewKeyPairs)

func each(t *testing.T, f func(b *bench)) {
	eachDatabase(t, func(b *bench, _ string) { f(b) })
}

// eachDatabase also says where the database is.
func eachDatabase(t *testing.T, f func(b *bench, database string)) {
	storetest.Each(t, func(t *testing.T, db func(string) string) {
		database := db("harvest")
		f(start(t, database), database)
	})
}

func start(t testing.TB, database string) *bench {
	t.Helper()
	b := &bench{TB: t, ctx: context.Background(), clock: time.Date(2026, 9, 1, 10, 0, 0, 0, time.UTC), pages: map[string]*served{}}
	var err error
	b.db, err = store.Open(b.ctx, store.Options{Database: database, Origin: home, Now: b.now})
	b.must(err)
	t.Cleanup(func() { _ = b.db.Close() })
	b.server = httptest.NewServer(http.HandlerFunc(b.serve))
	t.Cleanup(b.server.Close)
	b.author = b.actor("Organization", "repair")
	b.actor("Application", "instance")
	client := remote.New(remote.Options{AllowPrivate: true, Origin: home, Now: b.now})
	b.worker = &Worker{Harvest: Harvest{DB: b.db, Log: slog.New(slog.DiscardHandler), Now: b.now}, Client: client, Owner: "test"}
	peer := federation.IRI("https://mastodon.example/users/ann")
	b.update(func(tx *store.Tx) error {
		a := &federation.Actor{ID: peer, Type: "Person", Username: "ann", Inbox: peer + "/inbox", Followers: peer + "/followers"}
		if err := tx.PutActor(b.ctx, a); err != nil {
			return err
		}
		return tx.PutEdge(b.ctx, &federation.Edge{Kind: federation.Follow, From: peer, To: b.author.ID, By: peer + "/follow"})
	})
	return b
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.clock
}

func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clock = b.clock.Add(d)
}

func (b *bench) update(f func(*store.Tx) error) {
	b.Helper()
	b.must(b.db.Update(b.ctx, f))
}

func (b *bench) view(f func(*store.Tx) error) {
	b.Helper()
	b.must(b.db.View(b.ctx, f))
}

func (b *bench) actor(kind, name string) (a *federation.Actor) {
	b.Helper()
	keys, err := keyPairs()
	b.must(err)
	b.update(func(tx *store.Tx) (err error) {
		a, err = outbox.NewActor(b.ctx, tx, outbox.ActorSpec{Type: kind, Username: name, Name: name, Keys: keys})
		return err
	})
	return a
}

// answers lets a handler answer for a page; nil: the page itself.
func (b *bench) answers(page *served, answer http.HandlerFunc) {
	b.mu.Lock()
	defer b.mu.Unlock()
	page.answer = answer
}

// serve is a server of calendars, such as Nextcloud is.
func (b *bench) serve(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	s := b.pages[r.URL.Path]
	if s == nil {
		b.mu.Unlock()
		http.NotFound(w, r)
		return
	}
	s.asked++
	if answer := s.answer; answer != nil {
		b.mu.Unlock()
		answer(w, r)
		return
	}
	defer b.mu.Unlock()
	for name := range s.header {
		w.Header().Set(name, s.header.Get(name))
	}
	w.Header().Set("Content-Type", "text/calendar; charset=utf-8")
	if s.etag != "" {
		w.Header().Set("ETag", s.etag)
	}
	if s.etag != "" && r.Header.Get("If-None-Match") == s.etag {
		s.unread++
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if s.status != 0 {
		w.WriteHeader(s.status)
		return
	}
	_, _ = w.Write([]byte(s.body))
}

// put changes a calendar; its ETag with it.
func (b *bench) put(path string, events ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pages[path] == nil {
		b.pages[path] = &served{}
	}
	s := b.pages[path]
	s.body, s.status, s.answer = calendarOf(events...), 0, nil
	s.etag = fmt.Sprintf(`"%d-%s"`, len(s.body), digestOf([]byte(s.body)))
}

func calendarOf(events ...string) string {
	return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//\r\nX-WR-CALNAME:Agenda du repair café\r\n" + strings.Join(events, "") + "END:VCALENDAR\r\n"
}

// vevent makes an event of lines.
func vevent(lines ...string) string {
	return "BEGIN:VEVENT\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VEVENT\r\n"
}

// workshop makes an event of an hour on a day of September.
func workshop(uid string, day int, title string, more ...string) string {
	return vevent(append([]string{
		"UID:" + uid, "SUMMARY:" + title,
		fmt.Sprintf("DTSTART;TZID=Europe/Paris:202609%02dT140000", day), fmt.Sprintf("DTEND;TZID=Europe/Paris:202609%02dT170000", day),
	}, more...)...)
}

// follow adds the calendar at a path.
func (b *bench) follow(path string) *store.Calendar {
	b.Helper()
	c := &store.Calendar{Actor: b.author.ID, URL: b.server.URL + path, State: store.CalendarActive}
	b.update(func(tx *store.Tx) error { return tx.AddCalendar(b.ctx, c) })
	return c
}

// read lets an hour pass and reads what is due.
func (b *bench) read() {
	b.Helper()
	b.pass(75 * time.Minute)
	for {
		read, err := b.worker.ReadNext(b.ctx)
		b.must(err)
		if !read {
			return
		}
	}
}

func (b *bench) calendar(id int64) (c *store.Calendar) {
	b.Helper()
	b.view(func(tx *store.Tx) (err error) { c, err = tx.Calendar(b.ctx, id); return err })
	return c
}

func (b *bench) rows(id int64) (list []*store.CalendarEvent) {
	b.Helper()
	b.view(func(tx *store.Tx) (err error) { list, err = tx.CalendarEvents(b.ctx, id); return err })
	return list
}

// titles lists what our actor publishes: each title with the day and, if it is
// called off, a sign.
func (b *bench) titles() (list []string) {
	b.Helper()
	b.view(func(tx *store.Tx) error {
		found, _, err := tx.Search(b.ctx, store.Query{Kinds: []string{"event"}, From: b.now(), Sort: store.SortStart, Limit: 100})
		for _, f := range found {
			o := f.Object
			line := o.Start.In(Zone()).Format("02.01 15:04 ") + outbox.SourceOf(o).Name
			if federation.EventOf(o).Status == federation.EventCancelled {
				line += " (off)"
			}
			list = append(list, line)
		}
		return err
	})
	return list
}

func (b *bench) wants(titles ...string) {
	b.Helper()
	if got := b.titles(); !slices.Equal(got, titles) {
		b.Errorf("published:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(titles, "\n"))
	}
}

// sent lists what waits for the follower, by type and object.
func (b *bench) sent() (list []string) {
	b.Helper()
	b.view(func(tx *store.Tx) error {
		all, _, err := tx.DeliveriesIn(b.ctx, "pending", "", 100)
		for _, d := range all {
			s, err := tx.Activity(b.ctx, d.Activity)
			if err != nil {
				return err
			}
			list = append(list, s.Type)
		}
		return err
	})
	slices.Sort(list)
	return list
}
