// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"path/filepath"
	"slices"
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
