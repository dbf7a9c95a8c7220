// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store/storetest"
)

func TestBothFoldersHaveTheSameMigrations(t *testing.T) {
	names := func(engine string) (list []string) {
		entries, err := fs.ReadDir(migrations, "migrations/"+engine)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			list = append(list, e.Name())
		}
		return list
	}
	if d := cmp.Diff(names("sqlite"), names("postgres")); d != "" {
		t.Error(d)
	}
}

func TestBothDatabasesHaveTheSameColumns(t *testing.T) {
	lite, pg := open(t, storetest.SQLite(t)("a")), open(t, storetest.Postgres(t)("a"))
	var list []table
	lite.view(func(tx *Tx) (err error) { list, err = tables(lite.ctx, tx); return err })
	if len(list) < 20 {
		t.Errorf("%d tables", len(list))
	}
	pg.view(func(tx *Tx) error {
		for _, want := range list {
			got, err := all(pg.ctx, tx, column[string], `
				SELECT column_name FROM information_schema.columns
				WHERE table_schema = 'public' AND table_name = ? AND NOT (table_name LIKE 'object%' AND column_name IN ('words', 'searchable'))
				ORDER BY ordinal_position`, want.name)
			if err != nil {
				return err
			}
			if d := cmp.Diff(want.columns, got); d != "" {
				t.Errorf("%s: %s", want.name, d)
			}
		}
		return nil
	})
}

func TestUpdateCommitsOrLeavesNoTrace(t *testing.T) {
	each(t, func(t *fixture) {
		wrong := errors.New("wrong")
		err := t.db.Update(t.ctx, func(tx *Tx) error {
			if err := tx.PutSetting(t.ctx, "a", "1"); err != nil {
				return err
			}
			return wrong
		})
		if !errors.Is(err, wrong) {
			t.Errorf("got %v", err)
		}
		err = t.db.Update(t.ctx, func(tx *Tx) error {
			if err := tx.PutSetting(t.ctx, "b", "1"); err != nil {
				return err
			}
			panic("oh")
		})
		if err == nil || !strings.Contains(err.Error(), "oh") {
			t.Errorf("got %v", err)
		}
		t.update(func(tx *Tx) error { return tx.PutSetting(t.ctx, "c", "1") })
		t.view(func(tx *Tx) error {
			all, err := tx.Settings(t.ctx)
			if d := cmp.Diff(map[string]string{"c": "1"}, all); d != "" {
				t.Error(d)
			}
			return err
		})
	})
}

func TestUpdateSurvivesAFunctionThatEndsItsGoroutine(t *testing.T) {
	each(t, func(t *fixture) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = t.db.Update(t.ctx, func(tx *Tx) error {
				if err := tx.PutSetting(t.ctx, "a", "1"); err != nil {
					return err
				}
				runtime.Goexit()
				return nil
			})
		}()
		<-done
		t.update(func(tx *Tx) error { return tx.PutSetting(t.ctx, "b", "1") })
		t.view(func(tx *Tx) error {
			if _, err := tx.Setting(t.ctx, "a"); !errors.Is(err, federation.ErrNotFound) {
				t.Errorf("got %v", err)
			}
			return nil
		})
	})
}

func TestManyUpdateAtOnceAndEachCountsOnce(t *testing.T) {
	each(t, func(t *fixture) {
		const goroutines, times = 100, 3
		wrong := errors.New("wrong")
		var failed atomic.Int64
		var group sync.WaitGroup
		for g := range goroutines {
			group.Go(func() {
				for i := range times {
					err := t.db.Update(t.ctx, func(tx *Tx) error {
						if err := tx.Lock(t.ctx, "count"); err != nil {
							return err
						}
						n := 0
						v, err := tx.Setting(t.ctx, "count")
						if err == nil {
							_, err = fmt.Sscan(v, &n)
						}
						if err != nil && !errors.Is(err, federation.ErrNotFound) {
							return err
						}
						if err := tx.PutSetting(t.ctx, "count", fmt.Sprint(n+1)); err != nil {
							return err
						}
						if (g+i)%5 == 0 {
							return wrong
						}
						return nil
					})
					switch {
					case errors.Is(err, wrong):
						failed.Add(1)
					case err != nil:
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		t.view(func(tx *Tx) error {
			v, err := tx.Setting(t.ctx, "count")
			if want := fmt.Sprint(goroutines*times - failed.Load()); v != want {
				t.Errorf("counted %s, want %s", v, want)
			}
			return err
		})
	})
}

func TestACallerWhoLeftIsNotServed(t *testing.T) {
	each(t, func(t *fixture) {
		ctx, cancel := context.WithCancel(t.ctx)
		cancel()
		ran := false
		err := t.db.Update(ctx, func(tx *Tx) error { ran = true; return nil })
		if !errors.Is(err, context.Canceled) || ran {
			t.Errorf("got %v, ran %v", err, ran)
		}
		// One who leaves in the middle takes nobody else's work along.
		ctx, cancel = context.WithCancel(t.ctx)
		var group sync.WaitGroup
		for i := range 20 {
			group.Go(func() {
				if err := t.db.Update(t.ctx, func(tx *Tx) error { return tx.PutSetting(t.ctx, fmt.Sprint(i), "1") }); err != nil {
					t.Error(err)
				}
			})
		}
		err = t.db.Update(ctx, func(tx *Tx) error {
			if err := tx.PutSetting(ctx, "x", "1"); err != nil {
				return err
			}
			cancel()
			return tx.PutSetting(ctx, "y", "1")
		})
		if err == nil {
			t.Error("it was committed")
		}
		group.Wait()
		t.view(func(tx *Tx) error {
			all, err := tx.Settings(t.ctx)
			if len(all) != 20 {
				t.Errorf("%d settings", len(all))
			}
			return err
		})
	})
}

func TestViewCannotWrite(t *testing.T) {
	each(t, func(t *fixture) {
		if err := t.db.View(t.ctx, func(tx *Tx) error { return tx.PutSetting(t.ctx, "a", "1") }); err == nil {
			t.Error("it wrote")
		}
	})
}

func TestAGlanceAsksASingleThing(t *testing.T) {
	each(t, func(t *fixture) {
		bob := remote("b.example", "bob")
		t.actors(bob)
		err := t.db.Glance(t.ctx, func(tx *Tx) error {
			a, err := tx.Actor(t.ctx, bob.ID)
			if err != nil || a.Name != bob.Name {
				t.Errorf("%+v %v", a, err)
			}
			_, err = tx.Actor(t.ctx, bob.ID)
			return err
		})
		if !errors.Is(err, errSecond) {
			t.Errorf("asked twice: %v", err)
		}
		if err := t.db.Glance(t.ctx, func(tx *Tx) error { return tx.PutActor(t.ctx, bob) }); !errors.Is(err, errSecond) {
			t.Errorf("wrote: %v", err)
		}
		// And whoever comes next finds the connection as it was.
		t.view(func(tx *Tx) error { return second(tx.Actor(t.ctx, bob.ID)) })
	})
}

func TestViewSeesOneState(t *testing.T) {
	each(t, func(t *fixture) {
		t.update(func(tx *Tx) error { return tx.PutSetting(t.ctx, "a", "1") })
		t.view(func(tx *Tx) error {
			if _, err := tx.Setting(t.ctx, "a"); err != nil {
				return err
			}
			t.update(func(tx *Tx) error { return tx.PutSetting(t.ctx, "a", "2") })
			v, err := tx.Setting(t.ctx, "a")
			if v != "1" {
				t.Errorf("it changed to %s", v)
			}
			return err
		})
	})
}

func TestWakeAfterCommitOnly(t *testing.T) {
	each(t, func(t *fixture) {
		wake := t.db.wakes[QueueReceived]
		wrong := errors.New("wrong")
		r := &Received{Activity: "https://b.example/1", Actor: "https://b.example/bob", Type: "Like", Document: []byte("{}")}
		err := t.db.Update(t.ctx, func(tx *Tx) error { return errors.Join(tx.File(t.ctx, r), wrong) })
		if !errors.Is(err, wrong) {
			t.Fatal(err)
		}
		select {
		case <-wake:
			t.Error("woken for nothing")
		default:
		}
		t.update(func(tx *Tx) error { return tx.File(t.ctx, r) })
		select {
		case <-wake:
		default:
			t.Error("not woken")
		}
	})
}

func TestOneProcessServesASQLiteFile(t *testing.T) {
	ctx := context.Background()
	name := storetest.SQLite(t)("a")
	db, err := Open(ctx, Options{Database: name, Exclusive: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(ctx, Options{Database: name, Exclusive: true}); !errors.Is(err, ErrInUse) {
		t.Errorf("got %v", err)
	}
	other, err := Open(ctx, Options{Database: name}) // to look, or to back up
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(other.Close(), db.Close(), db.Close()); err != nil {
		t.Error(err)
	}
	if err := db.Update(ctx, func(*Tx) error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
	if err := db.View(ctx, func(*Tx) error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
	info, err := os.Stat(strings.TrimPrefix(name, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	for _, name := range []string{"", "mysql://x", "sqlite:", "sqlite::memory:", "sqlite:/nowhere/at/all.db"} {
		if _, err := Open(context.Background(), Options{Database: name}); err == nil {
			t.Errorf("%q was opened", name)
		}
	}
	_, err := Open(context.Background(), Options{Database: "postgres://u:secret@:bad:/x"})
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

// Every statement that has ?, to be sure that none has one in its words.
func TestNumbered(t *testing.T) {
	got := numbered(`SELECT ?, x FROM y WHERE z IN (?, ?)`, false)
	if want := `SELECT $1, x FROM y WHERE z IN ($2, $3)`; got != want {
		t.Errorf("got %s", got)
	}
	text, args, fixed := expand(`a = ? AND b IN (?) AND c = ?`, []any{1, among([]federation.IRI{"x", "y"}), true})
	if text != `a = ? AND b IN (?, ?) AND c = ?` || !fixed {
		t.Errorf("got %s", text)
	}
	if d := cmp.Diff([]any{int64(1), "x", "y", int64(1)}, args); d != "" {
		t.Error(d)
	}
	for n, want := range map[int]int{0: 1, 1: 1, 3: 4, 200: 256, 257: 257} {
		if got := len(among(make([]int, n))); got != want {
			t.Errorf("a list of %d became %d", n, got)
		}
	}
}

// The house rule: columns are named.
func TestNoStatementSelectsStar(t *testing.T) {
	star := regexp.MustCompile(`(?i)SELECT\s+(\w+\.)?\*`)
	files, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if star.Match(text) {
			t.Errorf("%s selects *", name)
		}
	}
}

func TestMaintainAndPing(t *testing.T) {
	each(t, func(t *fixture) {
		t.actors(local("amap"))
		if err := errors.Join(t.db.Maintain(t.ctx), t.db.Ping(t.ctx)); err != nil {
			t.Error(err)
		}
	})
}

func TestTimesAreMicroseconds(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)
	if got := moment(micros(at)); !got.Equal(at) {
		t.Errorf("got %v", got)
	}
	if !moment(micros(time.Time{})).IsZero() {
		t.Error("no time became one")
	}
}

func TestSeveralProcessesMayStartAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, database func(string) string) {
		name := database("a")
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				db, err := Open(context.Background(), Options{Database: name})
				if err != nil {
					t.Error(err)
					return
				}
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	})
}

// What is answered for is on the disk: WAL and synchronous=FULL (2).
func TestSQLiteIsDurable(t *testing.T) {
	f := open(t, storetest.SQLite(t)("a"))
	f.update(func(tx *Tx) error {
		for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
			got, err := first(f.ctx, tx, column[string], `PRAGMA `+pragma)
			if err != nil {
				return err
			}
			if got != want {
				t.Errorf("%s is %s", pragma, got)
			}
		}
		return nil
	})
}
