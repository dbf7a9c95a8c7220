// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/maillage/maillage/federation"
)

func (f *fixture) account(a *Account) *Account {
	f.Helper()
	f.update(func(tx *Tx) error { return tx.AddAccount(f.ctx, a) })
	return a
}

func TestAccountIsFound(t *testing.T) {
	each(t, func(t *fixture) {
		ann := t.account(&Account{Name: " Ann", Email: "Ann@Example.org", Role: RoleAdmin, Person: home + "/ann", Locale: "fr"})
		bob := t.account(&Account{Name: "bob", Role: RoleMember})
		t.account(&Account{Name: "eve", Role: RoleMember}) // two without an address
		for _, a := range []*Account{{Name: "ANN"}, {Name: "other", Email: "ann@example.ORG"}} {
			err := t.db.Update(t.ctx, func(tx *Tx) error { return tx.AddAccount(t.ctx, a) })
			if !errors.Is(err, federation.ErrConflict) {
				t.Errorf("got %v", err)
			}
		}
		t.view(func(tx *Tx) error {
			for what, find := range map[string]func() (*Account, error){
				"id":     func() (*Account, error) { return tx.Account(t.ctx, ann.ID) },
				"name":   func() (*Account, error) { return tx.AccountByName(t.ctx, "aNN") },
				"email":  func() (*Account, error) { return tx.AccountByEmail(t.ctx, "aNN@example.org") },
				"person": func() (*Account, error) { return tx.AccountByPerson(t.ctx, ann.Person) },
			} {
				got, err := find()
				if d := cmp.Diff(ann, got); d != "" || err != nil {
					t.Errorf("by %s: %s %v", what, d, err)
				}
			}
			for _, err := range []error{second(tx.AccountByEmail(t.ctx, "")), second(tx.AccountByPerson(t.ctx, "")), second(tx.Account(t.ctx, 99))} {
				if !errors.Is(err, federation.ErrNotFound) {
					t.Errorf("got %v", err)
				}
			}
			all, err := tx.Accounts(t.ctx)
			if len(all) != 3 {
				t.Errorf("%v", all)
			}
			return err
		})
		bob.Email = "ann@example.org"
		if err := t.db.Update(t.ctx, func(tx *Tx) error { return tx.UpdateAccount(t.ctx, bob) }); !errors.Is(err, federation.ErrConflict) {
			t.Errorf("got %v", err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestSecretsEnd(t *testing.T) {
	each(t, func(t *fixture) {
		ann := t.account(&Account{Name: "ann", Role: RoleEditor})
		var session, link, token string
		fresh := func() {
			t.update(func(tx *Tx) (err error) {
				if session, err = tx.NewSession(t.ctx, ann.ID, time.Hour, strings.Repeat("x", 1000)); err != nil {
					return err
				}
				if link, err = tx.NewSignIn(t.ctx, ann.ID, time.Hour); err != nil {
					return err
				}
				token, err = tx.NewToken(t.ctx, ann.ID, home+"/amap", "")
				return err
			})
		}
		good := func() (list []string) {
			t.view(func(tx *Tx) error {
				for what, err := range map[string]error{
					"session": second(tx.Session(t.ctx, session)), "link": second(tx.SignIn(t.ctx, link)),
				} {
					if err == nil {
						list = append(list, what)
					} else if !errors.Is(err, federation.ErrNotFound) {
						t.Error(err)
					}
				}
				if a, actor, err := tx.Token(t.ctx, token); err == nil {
					list = append(list, "token")
					if a.ID != ann.ID || actor != home+"/amap" {
						t.Errorf("%v %s", a, actor)
					}
				}
				return nil
			})
			return list
		}
		fresh()
		if len(good()) != 3 {
			t.Errorf("good: %v", good())
		}
		t.update(func(tx *Tx) error { return second(tx.UseSignIn(t.ctx, link)) })
		if err := t.db.Update(t.ctx, func(tx *Tx) error { return second(tx.UseSignIn(t.ctx, link)) }); !errors.Is(err, federation.ErrNotFound) {
			t.Errorf("a link was used twice: %v", err)
		}
		t.advance(50 * time.Minute)
		t.update(func(tx *Tx) error { return tx.TouchSession(t.ctx, session) })
		t.advance(50 * time.Minute)
		if d := cmp.Diff(2, len(good())); d != "" { // the session was prolonged
			t.Error(d)
		}
		t.advance(11 * time.Minute)
		if d := cmp.Diff([]string{"token"}, good()); d != "" {
			t.Error(d)
		}
		fresh()
		t.update(func(tx *Tx) error { return tx.SetPassword(t.ctx, ann.ID, "hash") })
		if len(good()) != 0 {
			t.Errorf("after a new password: %v", good())
		}
		fresh()
		ann.Suspended = true
		t.update(func(tx *Tx) error { return tx.UpdateAccount(t.ctx, ann) })
		fresh()
		if len(good()) != 0 {
			t.Errorf("suspended: %v", good())
		}
		t.view(func(tx *Tx) error {
			n, err := tx.number(t.ctx, `SELECT COUNT(*) FROM sessions WHERE token = ?`, session)
			if n != 0 {
				t.Error("the secret itself is stored")
			}
			return err
		})
	})
}

func TestSpeaks(t *testing.T) {
	each(t, func(t *fixture) {
		amap, circuit, person, other := local("amap"), local("circuit"), local("ann"), local("bob")
		circuit.Type, person.Type, other.Type = "Group", "Person", "Person"
		t.actors(amap, circuit, person, other, remote("b.example", "eve"))
		for role, want := range map[string]int{RoleAdmin: 3, RoleEditor: 3, RoleModerator: 1, RoleMember: 1} {
			a := t.account(&Account{Name: role, Role: role, Person: person.ID})
			t.view(func(tx *Tx) error {
				list, err := tx.Speaks(t.ctx, a)
				if len(list) != want || list[0].ID != person.ID {
					t.Errorf("%s: %v", role, list)
				}
				yes, err2 := tx.MaySpeak(t.ctx, a, amap.ID)
				no, err3 := tx.MaySpeak(t.ctx, a, other.ID)
				if yes != (want == 3) || no {
					t.Errorf("%s: %v %v", role, yes, no)
				}
				return errors.Join(err, err2, err3)
			})
			if role != RoleMember {
				continue
			}
			t.update(func(tx *Tx) error { return tx.Grant(t.ctx, a.ID, circuit.ID) })
			t.view(func(tx *Tx) error {
				yes, err := tx.MaySpeak(t.ctx, a, circuit.ID)
				if !yes {
					t.Error("granted for nothing")
				}
				return err
			})
			t.update(func(tx *Tx) error { return tx.Revoke(t.ctx, a.ID, circuit.ID) })
			t.view(func(tx *Tx) error {
				yes, err := tx.MaySpeak(t.ctx, a, circuit.ID)
				if yes {
					t.Error("revoked for nothing")
				}
				return err
			})
		}
	})
}

func TestMedia(t *testing.T) {
	each(t, func(t *fixture) {
		m := &Media{Account: 1, MediaType: "image/jpeg", Width: 2, Height: 3, Blurhash: "b", Alt: "Une pomme", Bytes: []byte{0, 1, 255}}
		t.update(func(tx *Tx) error { return tx.PutMedia(t.ctx, m) })
		t.view(func(tx *Tx) error {
			got, err := tx.Media(t.ctx, m.ID)
			if err != nil {
				return err
			}
			if !bytes.Equal(got.Bytes, m.Bytes) || got.Alt != m.Alt || got.Width != 2 || len(got.Thumb) != 0 || !got.Created.Equal(t.now()) {
				t.Errorf("%+v", got)
			}
			list, err := tx.MediaOf(t.ctx, 1)
			if len(list) != 1 || list[0].Bytes != nil {
				t.Errorf("%+v", list)
			}
			return err
		})
		t.update(func(tx *Tx) error { return tx.DropMedia(t.ctx, m.ID) })
		if err := t.db.View(t.ctx, func(tx *Tx) error { return second(tx.Media(t.ctx, m.ID)) }); !errors.Is(err, federation.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

func TestSettingsNameOurActors(t *testing.T) {
	each(t, func(t *fixture) {
		amap := local("amap")
		t.actors(amap)
		if err := t.db.View(t.ctx, func(tx *Tx) error { return second(tx.Initiative(t.ctx)) }); !errors.Is(err, federation.ErrNotFound) {
			t.Errorf("got %v", err)
		}
		t.update(func(tx *Tx) error { return tx.PutSetting(t.ctx, "initiative", string(amap.ID)) })
		t.view(func(tx *Tx) error {
			a, err := tx.Initiative(t.ctx)
			if err == nil && a.ID != amap.ID {
				t.Errorf("%v", a)
			}
			return err
		})
	})
}
