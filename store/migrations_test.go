// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"

	"codeberg.org/maillage/maillage/federation"
)

// The index of words is made anew from itself: the program wrote them.
func TestWordsSurviveTheMigrationOfTheirIndex(t *testing.T) {
	path := filepath.Join(t.TempDir(), "maillage.db")
	f := open(t, "sqlite:"+path)
	amap := local("amap")
	f.actors(amap)
	carrots, gone := note(amap, "carottes", f.now()), note(amap, "carottes-perdues", f.now())
	carrots.Tags = []federation.Tag{{Type: "Hashtag", Name: "#Racines"}}
	carrots.Content, gone.Content = "<p>Trois kilos de carottes sucrées</p>", "<p>Carottes perdues</p>"
	f.objects(carrots, gone)
	f.objects(&federation.Object{ID: gone.ID, Type: "Tombstone", AttributedTo: amap.ID, Local: true})
	if err := f.db.Close(); err != nil {
		t.Fatal(err)
	}
	lite := &sqlite{path: path}
	pool, err := lite.pool("immediate")
	if err != nil {
		t.Fatal(err)
	}
	files, err := migrationFiles("sqlite")
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, pool.DB, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.DownTo(context.Background(), 9); err != nil {
		t.Fatal(err)
	}
	if err := pool.Close(); err != nil {
		t.Fatal(err)
	}
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
	f.view(func(tx *Tx) error { // and hashtags, which are put in another order
		found, _, err := tx.Search(f.ctx, Query{Kinds: []string{"note"}, Tag: "racines", LocalOnly: true})
		if len(found) != 1 || found[0].Object.ID != carrots.ID {
			t.Errorf("#racines finds %v", found)
		}
		return err
	})
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
