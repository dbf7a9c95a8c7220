// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store/storetest"
)

// The index of words is made anew from itself: the program wrote them.
func TestWordsSurviveTheMigrationOfTheirIndex(t *testing.T) {
	path := filepath.Join(t.TempDir(), "maillage.db")
	f := open(t, "sqlite:"+path)
	amap := local("amap")
	f.actors(amap)
	carrots, gone := note(amap, "carottes", f.now()), note(amap, "carottes-perdues", f.now())
	carrots.Content, gone.Content = "<p>Trois kilos de carottes sucrées</p>", "<p>Carottes perdues</p>"
	f.objects(carrots, gone)
	f.objects(&federation.Object{ID: gone.ID, Type: "Tombstone", AttributedTo: amap.ID, Local: true})
	if err := f.db.Close(); err != nil {
		t.Fatal(err)
	}
	migrateBack(t, "sqlite:"+path, 9)
	f = open(t, "sqlite:"+path) // which migrates
	for text, want := range map[string][]federation.IRI{
		"caro": {carrots.ID}, "carottes sucrées": {carrots.ID}, "perdues": nil, "arotte": nil,
	} {
		f.view(func(tx *Tx) error {
			found, _, err := tx.Search(f.ctx, Query{Kinds: []string{"note"}, Text: text, Limit: 10})
			var ids []federation.IRI
			for _, x := range found {
				ids = append(ids, x.Object.ID)
			}
			if !slices.Equal(ids, want) {
				t.Errorf("%q finds %v, not %v", text, ids, want)
			}
			return err
		})
	}
	// Words can still be taken away.
	f.objects(&federation.Object{ID: carrots.ID, Type: "Tombstone", AttributedTo: amap.ID, Local: true})
	f.view(func(tx *Tx) error {
		n, err := tx.number(f.ctx, `SELECT COUNT(*) FROM object_words WHERE object_words MATCH '"car"*'`)
		if n != 0 {
			t.Errorf("%d rows have the words of what is gone", n)
		}
		return err
	})
}

// Events that were called off before their rows said so are found closed, by
// whatever words their documents use; the others stay as they are.
func TestEventsCalledOffLongAgoAreClosed(t *testing.T) {
	each(t, func(f *fixture) {
		amap := local("amap")
		f.actors(amap)
		closed := map[federation.IRI]bool{}
		for n, extra := range []map[string]string{
			{"eventStatus": "EventCancelled", "status": "CANCELLED"},
			{"eventStatus": "https://schema.org/EventCancelled"},
			{"status": "cancelled"},
			{"ical:status": "CANCELLED"},
			{"eventStatus": "", "status": "CANCELLED"},
			{},
			{"eventStatus": "EventScheduled", "status": "CANCELLED"},
			{"status": "CONFIRMED"},
			{"eventStatus": "EventPostponed", "category": "CANCELLED"},
		} {
			o := event(amap, fmt.Sprint("cancelled ", n), f.now(), f.now())
			o.Extra = map[string]json.RawMessage{}
			for name, value := range extra {
				o.Extra[name] = json.RawMessage(strconv.Quote(value))
			}
			f.objects(o)
			closed[o.ID] = federation.IndexOf(o).Closed
		}
		dialect := "sqlite"
		f.update(func(tx *Tx) error {
			if tx.postgres() {
				dialect = "postgres"
			}
			files, err := migrationFiles(dialect)
			if err != nil {
				return err
			}
			up, err := fs.ReadFile(files, "00020_cancelled_events_are_closed.sql")
			if err != nil {
				return err
			}
			statement, _, _ := strings.Cut(string(up), ";") // the first
			if _, err := tx.exec(f.ctx, `UPDATE objects SET closed = 0`); err != nil {
				return err
			}
			return second(tx.exec(f.ctx, statement))
		})
		f.view(func(tx *Tx) error {
			for id, want := range closed {
				if got, err := tx.exists(f.ctx, `SELECT 1 FROM objects WHERE id = ? AND closed = 1`, id); err != nil || got != want {
					t.Errorf("%s is closed: %t, want %t (%v)", id, got, want, err)
				}
			}
			return nil
		})
	})
}

// migrateBack gives a database the schema of an earlier version, with what is
// in it.
func migrateBack(t *testing.T, database string, version int64) {
	t.Helper()
	kind, dialect, open := "postgres", goose.DialectPostgres, func() (*sql.DB, error) { return sql.Open("pgx", database) }
	if path, ok := strings.CutPrefix(database, "sqlite:"); ok {
		kind, dialect, open = "sqlite", goose.DialectSQLite3, func() (*sql.DB, error) {
			pool, err := (&sqlite{path: path}).pool("immediate")
			return pool.DB, err
		}
	}
	pool, err := open()
	if err != nil {
		t.Fatal(err)
	}
	files, err := migrationFiles(kind)
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(dialect, pool, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.DownTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	if err := pool.Close(); err != nil {
		t.Fatal(err)
	}
}

// Tags are put in the order of the lists with what is there, and taken out of
// it again.
func TestTagsSurviveBeingPutInOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db func(string) string) {
		database := db("a")
		f := open(t, database)
		amap, bob := local("amap"), remote("b.example", "bob")
		f.actors(amap, bob)
		first, second, hidden := offer(amap, "un", "offer", f.now().Add(-time.Hour), nil), offer(bob, "deux", "offer", f.now(), nil), offer(bob, "trois", "offer", f.now(), nil)
		fair := event(amap, "foire", f.now().Add(time.Hour), f.now().Add(2*time.Hour))
		hidden.To, hidden.Cc = []federation.IRI{bob.Followers}, nil
		for _, o := range []*federation.Object{first, second, hidden, fair} {
			o.Tags = []federation.Tag{{Type: "Hashtag", Name: "#Racines"}}
		}
		f.objects(first, second, hidden, fair)
		if err := f.db.Close(); err != nil {
			t.Fatal(err)
		}
		migrateBack(t, database, 20)
		f = open(t, database) // which migrates
		for _, few := range []int{0, 1} {
			for what, row := range map[string]struct {
				q    Query
				want []string
			}{
				"all":    {Query{}, []string{"deux", "un", "foire"}},
				"own":    {Query{LocalOnly: true}, []string{"un", "foire"}},
				"author": {Query{Viewer: bob.ID, Kinds: []string{"offer"}}, []string{"trois", "deux", "un"}},
				"next":   {Query{Kinds: []string{"event"}, From: f.now(), Sort: SortStart}, []string{"foire"}},
			} {
				row.q.Tag, row.q.few = "racines", few
				if d := cmp.Diff(row.want, f.search(row.q)); d != "" {
					t.Errorf("%s, few %d: %s", what, few, d)
				}
			}
		}
	})
}
