// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"errors"
	"slices"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// A picture that was sent and never published goes; not one that anything uses.
func TestPicturesThatNobodyUsesGo(t *testing.T) {
	each(t, func(t *fixture) {
		amap := local("amap")
		old := note(amap, "old", t.now())
		t.actors(amap)
		t.objects(old)
		account := &Account{Name: "ann", Role: RoleMember, Person: amap.ID}
		t.update(func(tx *Tx) error { return tx.AddAccount(t.ctx, account) })
		names := []string{"published", "edited", "avatar", "logo", "drafted", "forgotten", "deleted"}
		ids := map[string]string{}
		for _, name := range names {
			m := &Media{Account: account.ID, MediaType: "image/jpeg", Bytes: []byte(name), Thumb: []byte(name)}
			t.update(func(tx *Tx) error { return tx.PutMedia(t.ctx, m) })
			ids[name] = m.ID
		}
		shown := func(o *federation.Object, name string) *federation.Object {
			o.Attachments = []federation.Media{{Type: "Image", URL: home + "/media/" + ids[name]}}
			return o
		}
		gone := shown(note(amap, "gone", t.now()), "deleted")
		t.objects(shown(note(amap, "new", t.now()), "published"), shown(old, "edited"), gone)
		t.objects(&federation.Object{ID: gone.ID, Type: "Tombstone", AttributedTo: amap.ID, Local: true})
		amap.Icon = &federation.Media{Type: "Image", URL: home + "/media/" + ids["avatar"]}
		t.actors(amap)
		t.update(func(tx *Tx) error {
			return errors.Join(tx.PutSetting(t.ctx, "appearance.logo", ids["logo"]),
				tx.PutDraft(t.ctx, &Draft{Account: account.ID, Kind: "offer", Action: "/publish/offer", Fields: map[string][]string{"photo": {ids["drafted"]}}}))
		})
		left := func() (left []string) {
			t.view(func(tx *Tx) error {
				sizes, err := tx.MediaSizes(t.ctx, ids["published"], ids["edited"], ids["avatar"], ids["logo"], ids["drafted"], ids["forgotten"], ids["deleted"])
				for _, name := range names {
					if n, ok := sizes[ids[name]]; ok && n == int64(len(name)) {
						left = append(left, name)
					}
				}
				return err
			})
			return left
		}
		for _, step := range []struct {
			after time.Duration
			left  []string
		}{{47 * time.Hour, names}, {2 * time.Hour, names[:5]}, {20 * 24 * time.Hour, names[:5]}, {100 * 24 * time.Hour, names[:5]}} {
			t.advance(step.after)
			for {
				n, err := t.db.Retention(t.ctx)
				if err != nil {
					t.Fatal(err)
				}
				if n == 0 {
					break
				}
			}
			if got := left(); !slices.Equal(got, step.left) {
				t.Fatalf("%v later: %v, not %v", step.after, got, step.left)
			}
		}
	})
}
