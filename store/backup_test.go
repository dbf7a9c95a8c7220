// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store/storetest"
)

// fill puts something into every table.
func (t *fixture) fill() {
	t.Helper()
	amap, bob := local("amap"), remote("b.example", "bob")
	t.actors(amap, bob)
	t.follow(bob, amap)
	t.follow(amap, bob)
	o := offer(amap, "Pommes à cidre", "offer", t.now(), &federation.Point{Latitude: 48.1, Longitude: -1.6})
	o.Tags = []federation.Tag{{Type: "Hashtag", Name: "#été"}}
	o.Raw = []byte{0, 1, 2, 255}
	secret := note(bob, "secret", t.now())
	secret.To, secret.Cc = []federation.IRI{amap.ID}, nil
	buried := note(bob, "buried", t.now())
	t.objects(o, secret, buried)
	dearer := *offer(amap, "Pommes à couteau", "offer", t.now(), nil)
	priced(&dearer, "12")
	t.objects(&dearer)
	again := dearer
	again.Updated = t.now().Add(time.Minute)
	priced(&again, "15")
	t.objects(&again)
	t.objects(&federation.Object{ID: buried.ID, Type: "Tombstone", FormerType: "Note", AttributedTo: bob.ID})
	t.publish(say(amap, federation.Create, "1", o.ID, federation.Public, amap.Followers), -7)
	t.file("b.example", 1, -3)
	t.claimHosts("me", 1, 1)
	ann := t.account(&Account{Name: "ann", Role: RoleAdmin, Person: amap.ID})
	t.update(func(tx *Tx) error {
		_, err := tx.NewSession(t.ctx, ann.ID, time.Hour, "Firefox")
		_, err2 := tx.NewSignIn(t.ctx, ann.ID, time.Hour)
		_, err3 := tx.NewToken(t.ctx, ann.ID, amap.ID, "")
		_, _, err4 := tx.SendForm(t.ctx, ann.ID, "digest", o.ID)
		return errors.Join(err, err2, err3, err4,
			tx.PutDraft(t.ctx, &Draft{Account: ann.ID, Kind: "offer", Action: "/publish/offer", Title: "Œufs", Fields: map[string][]string{"title": {"Œufs"}}}),
			tx.LogActivity(t.ctx, say(bob, federation.Like, "1", o.ID, amap.ID)),
			tx.Notify(t.ctx, federation.Notice{For: amap.ID, Kind: "Like", Actor: bob.ID, Object: o.ID}),
			tx.Grant(t.ctx, ann.ID, amap.ID), tx.PutSetting(t.ctx, "initiative", string(amap.ID)),
			tx.PutMedia(t.ctx, &Media{MediaType: "image/png", Bytes: []byte{0, 255}}),
			tx.PutKey(t.ctx, PrivateKey{ID: amap.ID + "#main-key", Actor: amap.ID, Algorithm: "rsa", Private: "secret"}),
			tx.Suspend(t.ctx, "bad.example", "spam"),
			tx.AddPasskey(t.ctx, Passkey{Credential: "AQID", Account: ann.ID, Name: "Téléphone", Data: "{}"}),
			errOf("", second(tx.WishFollows(t.ctx, ann.ID, amap.ID, []string{"eve@c.example"}))),
			tx.PutCodes(t.ctx, ann.ID, []string{"abcd-efgh"}), tx.MarkFeed(t.ctx, ann.ID, amap.ID, t.now()),
			errOf(tx.NewChallenge(t.ctx, ann.ID, "second", "", time.Hour)),
			errOf(tx.Invite(t.ctx, &Invitation{Email: "bob@example.org", Role: RoleMember, Account: ann.ID, Expires: t.now().Add(time.Hour), Most: 1})),
			tx.Record(Acting(t.ctx, ann.ID, "ann"), Deed{Verb: federation.Create, Actor: amap.ID, Object: string(o.ID)}),
			tx.Complain(t.ctx, &Complaint{Target: bob.ID, Content: "Arnaque", Email: "eve@example.org"}),
			tx.Decide(t.ctx, &Decision{Account: ann.ID, Target: string(bob.ID), Action: "dismiss", Note: "Rien."}),
			tx.SetNoticesMailed(t.ctx, ann.ID, time.Time{}),
			tx.RefuseInvitations(t.ctx, "eve@example.org"),
			tx.AddAlert(t.ctx, &Alert{Account: ann.ID, Words: "pain", Place: "Die", Near: &federation.Point{Latitude: 44.75, Longitude: 5.37}, RadiusKm: 10}),
			tx.Refer(t.ctx, amap.ID, "P-12", o.ID),
			tx.SetRemindChoice(t.ctx, amap.ID, o.ID, RemindDay),
			tx.PutExchange(t.ctx, exchange(o, bob, federation.ExchangeProposed)),
			errOf(tx.NewCalendarKey(t.ctx, ann.ID)),
			tx.PutSeries(t.ctx, &Series{ID: home + "/series/1", Author: amap.ID, Like: o, Rule: "FREQ=WEEKLY", First: "2026-10-15"}),
			errOf("", second(tx.AddSeriesDate(t.ctx, SeriesDate{Series: home + "/series/1", Day: "2026-10-15", Object: o.ID}))),
			tx.PutGuest(t.ctx, &Guest{Event: o.ID, Name: "Zoé", Address: "zoe@example.org", Answer: GuestYes}),
			tx.AddCalendar(t.ctx, &Calendar{Actor: amap.ID, URL: "https://cloud.example/agenda.ics", Name: "Agenda", State: CalendarActive}),
			tx.PutCalendarEvent(t.ctx, &CalendarEvent{Calendar: 1, Key: "1", UID: "1", Title: "Fête", Object: o.ID, State: EntryPublished}),
			tx.PutBrought(t.ctx, &BroughtFile{Kind: FileCalendar, Account: ann.ID, Name: "a.ics", Actor: amap.ID, Body: []byte{0, 255}}),
			tx.PutRespondent(t.ctx, &Respondent{Proposal: o.ID, Name: "Zoé", Address: "zoe@example.org", Language: "fr"}),
			errOf("", second(tx.Subscribe(t.ctx, "eve@example.org", "fr", SubscribedAll))),
			tx.QueueMail(t.ctx, &Mail{Kind: "test", To: "ann@example.org", Subject: "Réunion", Body: "À jeudi."}))
	})
}

func errOf(_ string, err error) error { return err }

// content returns all rows of all tables.
func (t *fixture) content(list []table) map[string][]string {
	t.Helper()
	rows := map[string][]string{}
	t.view(func(tx *Tx) error {
		for _, tab := range list {
			var query strings.Builder
			query.WriteString(`SELECT ` + tab.columns[0])
			for _, c := range tab.columns[1:] {
				query.WriteString(`, ` + c)
			}
			query.WriteString(` FROM ` + tab.name + ` ORDER BY 1, 2`)
			err := tx.each(t.ctx, func(r row) error {
				values, ends := make([]any, len(tab.columns)), make([]any, len(tab.columns))
				for i := range values {
					ends[i] = &values[i]
				}
				err := r.Scan(ends...)
				rows[tab.name] = append(rows[tab.name], fmt.Sprintf("%v", values))
				return err
			}, query.String())
			if err != nil {
				return err
			}
		}
		return nil
	})
	return rows
}

// A backup of either database, restored into either, is the same again.
func TestBackupAndRestoreAcrossDatabases(t *testing.T) {
	storetest.Each(t, func(t *testing.T, from func(string) string) {
		path := filepath.Join(t.TempDir(), "backup")
		a := open(t, from("a"))
		a.fill()
		if err := a.db.Backup(a.ctx, path); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v", info.Mode())
		}
		if err := a.db.Backup(a.ctx, path); !errors.Is(err, os.ErrExist) {
			t.Errorf("a backup was overwritten: %v", err)
		}
		storetest.Each(t, func(t *testing.T, to func(string) string) {
			b := open(t, to("b"))
			b.set(a.now())
			for i := range 2 {
				err := b.db.Restore(b.ctx, path)
				if i == 0 && err != nil {
					t.Fatal(err)
				}
				if i == 1 && !errors.Is(err, ErrNotEmpty) {
					t.Errorf("restored over something: %v", err)
				}
			}
			b.same(a)
			b.goesOn()
		})
		entries, err := os.ReadDir(filepath.Dir(path))
		if err != nil || len(entries) != 1 {
			t.Errorf("left behind: %v, %v", entries, err)
		}
	})
}

// same compares what was restored with what was.
func (b *fixture) same(a *fixture) {
	b.Helper()
	lite := open(b, storetest.SQLite(b)("columns"))
	var list []table
	lite.view(func(tx *Tx) (err error) { list, err = tables(b.ctx, tx); return err })
	want, got := a.content(list), b.content(list)
	if len(want) != len(list) {
		b.Errorf("only %d of %d tables have rows", len(want), len(list))
	}
	for _, c := range []map[string][]string{want, got} { // not held any more; an epoch more
		delete(c, "hosts")
		delete(c, "settings")
	}
	if d := cmp.Diff(want, got); d != "" {
		b.Error(d)
	}
	b.view(func(tx *Tx) error {
		epoch, err := tx.Setting(b.ctx, "epoch")
		if epoch != "1" {
			b.Errorf("epoch %s", epoch)
		}
		return err
	})
}

// goesOn uses what was restored: words, places, leases and new numbers.
func (b *fixture) goesOn() {
	b.Helper()
	if got := b.search(Query{Text: "cidre", Near: &federation.Point{Latitude: 48.1, Longitude: -1.6}, RadiusKm: 1, Tag: "été"}); len(got) != 1 {
		b.Errorf("found %v", got)
	}
	if w := b.claimHosts("other", 10, 10); len(w) != 1 || len(w[0].Deliveries[0].Document) == 0 {
		b.Errorf("claimed %v", w)
	}
	b.objects(note(local("amap"), "later", b.now()))
	b.publish(say(local("amap"), federation.Create, "later", home+"/amap/notes/later", home+"/amap/followers"), 3)
	b.file("b.example", 2, 1)
	b.account(&Account{Name: "later", Role: RoleMember})
}

func TestRestoreRefusesWhatIsNoBackup(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	b := open(t, "sqlite:"+filepath.Join(dir, "b"))
	path := filepath.Join(dir, "backup")
	if err := b.db.Restore(ctx, path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(path, []byte("this is not a database, whatever it may be that it is"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := b.db.Restore(ctx, path); err == nil {
		t.Error("restored from nothing")
	}
	a := open(t, "sqlite:"+filepath.Join(dir, "a"))
	a.fill()
	good := filepath.Join(dir, "good")
	if err := a.db.Backup(ctx, good); err != nil {
		t.Fatal(err)
	}
	bytes, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes[:len(bytes)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := b.db.Restore(ctx, path); err == nil {
		t.Error("restored from half a file")
	}
	// Of a newer version.
	newer := open(t, "sqlite:"+filepath.Join(dir, "newer"))
	newer.update(func(tx *Tx) error {
		_, err := tx.exec(ctx, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`)
		return err
	})
	from := filepath.Join(dir, "from")
	if err := newer.db.Backup(ctx, from); err != nil {
		t.Fatal(err)
	}
	if err := b.db.Restore(ctx, from); err == nil {
		t.Error("restored from the future")
	}
	if err := b.db.Restore(ctx, good); err != nil { // after all that it is still empty
		t.Error(err)
	}
}

// A backup can be made while others write, and holds a state that was.
func TestBackupWhileServing(t *testing.T) {
	each(t, func(t *fixture) {
		amap := local("amap")
		t.actors(amap)
		stop := make(chan struct{})
		var group sync.WaitGroup
		group.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				err := t.db.Update(t.ctx, func(tx *Tx) error { // both or none
					return errors.Join(tx.PutSetting(t.ctx, "a", fmt.Sprint(i)), tx.PutSetting(t.ctx, "b", fmt.Sprint(i)))
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
		dir, err := os.MkdirTemp("", "maillage-backup-")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		for i := range 3 {
			path := filepath.Join(dir, fmt.Sprint(i))
			if err := t.db.Backup(t.ctx, path); err != nil {
				t.Fatal(err)
			}
			b := open(t, "sqlite:"+path)
			b.view(func(tx *Tx) error {
				s, err := tx.Settings(t.ctx)
				if s["a"] != s["b"] {
					t.Errorf("%v", s)
				}
				return err
			})
		}
		close(stop)
		group.Wait()
	})
}

func TestRetentionKeepsWhatMatters(t *testing.T) {
	each(t, func(t *fixture) {
		amap, ann, bob := local("amap"), local("ann"), remote("b.example", "bob")
		t.actors(amap, ann, bob)
		old := func(name string) *federation.Object { return note(bob, name, t.now()) }
		plain, liked, answered, mention, reply := old("plain"), old("liked"), old("answered"), old("mention"), old("reply")
		mention.Cc = append(mention.Cc, amap.ID)
		ours := note(amap, "ours", t.now())
		reply.InReplyTo = ours.ID
		answer := note(ann, "answer", t.now())
		answer.InReplyTo = answered.ID
		future := event(bob, "future", t.now().Add(200*24*time.Hour), time.Time{})
		gone := old("gone")
		t.objects(plain, liked, answered, mention, reply, ours, answer, future, gone)
		t.objects(&federation.Object{ID: gone.ID, Type: "Tombstone", AttributedTo: bob.ID})
		t.edge(&federation.Edge{Kind: federation.Like, From: ann.ID, To: liked.ID})
		t.publish(say(amap, federation.Create, "1", ours.ID, bob.ID), 1)
		t.finish("me", t.claimHosts("me", 1, 1)[0], Delivered, time.Time{})
		r := t.file("b.example", 1, 1)
		t.update(func(tx *Tx) error {
			return errors.Join(tx.LogActivity(t.ctx, say(bob, federation.Like, "1", ours.ID)), tx.RefuseReceived(t.ctx, r.ID, "no"))
		})
		removed := func() (n int) {
			for {
				m, err := t.db.Retention(t.ctx)
				if err != nil {
					t.Fatal(err)
				}
				if n += m; m == 0 {
					return n
				}
			}
		}
		if n := removed(); n != 0 {
			t.Errorf("%d removed at once", n)
		}
		t.advance(8 * 24 * time.Hour)
		if n := removed(); n != 1 { // refused
			t.Errorf("%d removed after a week", n)
		}
		t.advance(23 * 24 * time.Hour)
		if n := removed(); n != 1 { // delivered
			t.Errorf("%d removed after a month", n)
		}
		t.advance(70 * 24 * time.Hour)
		if n := removed(); n != 4 { // the like, the tombstone, the host and the plain note
			t.Errorf("%d removed after 100 days", n)
		}
		t.view(func(tx *Tx) error {
			all, err := tx.Objects(t.ctx, plain.ID, liked.ID, answered.ID, mention.ID, reply.ID, ours.ID, answer.ID, future.ID, gone.ID)
			if all[plain.ID] != nil || all[gone.ID] != nil || len(all) != 7 {
				t.Errorf("%v", all)
			}
			if _, err := tx.Activity(t.ctx, amap.ID+"/activities/1"); err != nil {
				t.Errorf("what we said: %v", err)
			}
			return err
		})
	})
}
