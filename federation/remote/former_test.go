// SPDX-License-Identifier: AGPL-3.0-or-later

package remote

import (
	"context"
	"crypto"
	"crypto/rsa"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

func TestAReplacedKeyIsKnownForADay(t *testing.T) {
	for _, c := range []struct {
		name  string
		newID federation.IRI
	}{
		{"another key under the same id", annKey},
		{"another key under another id", annKey + "-2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			docs := map[federation.IRI]string{ann: actorDoc(ann, annKey, key1())}
			n := newNetwork(t)
			n.serve(docs)
			d, clk, _ := directory(n)
			refresh := func() {
				t.Helper()
				clk.pass(refreshWait)
				if _, err := d.Refresh(context.Background(), ann); err != nil {
					t.Fatal(err)
				}
				n.requests()
			}
			refresh()
			wantNoFormer(t, d, annKey)
			docs[ann] = actorDoc(ann, c.newID, key2())
			refresh()
			wantFormer(t, d, annKey, key1())
			refresh() // it is not forgotten by the next reading
			clk.pass(farewellAge - refreshWait - time.Second)
			wantFormer(t, d, annKey, key1())
			clk.pass(time.Second)
			wantNoFormer(t, d, annKey)
			refresh()
			if a, err := d.Cache.Actor(context.Background(), ann); err != nil || len(a.Former) > 0 {
				t.Errorf("what is of no use is kept: %v %v", a.Former, err)
			}
		})
	}
}

func TestOnlyTheActorsOwnKeysAreFormerKeys(t *testing.T) {
	n := newNetwork(t)
	docs := map[federation.IRI]string{ann: actorDoc(ann, annKey, key1()), mallory: actorDoc(mallory, mallory+"#k", key2())}
	n.serve(docs)
	d, clk, _ := directory(n)
	ctx := context.Background()
	for range 2 {
		for _, id := range []federation.IRI{ann, mallory} {
			if _, err := d.Refresh(ctx, id); err != nil {
				t.Fatal(err)
			}
		}
		clk.pass(refreshWait)
		docs[mallory] = actorDoc(mallory, mallory+"#k2", key1())
	}
	_, err := d.Former(ann).PublicKey(ctx, mallory+"#k", false)
	wantErr(t, err, federation.ErrForbidden)
	_, err = d.Former("https://there.example/users/nobody").PublicKey(ctx, annKey, false)
	wantErr(t, err, federation.ErrNotFound)
	if k, err := d.Former(mallory).PublicKey(ctx, mallory+"#k", true); err != nil || k.Owner != mallory {
		t.Error(k, err)
	}
}

func TestFormerKeysAreFew(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	key := func(n int) federation.Key {
		return federation.Key{ID: annKey + federation.IRI(rune('a'+n)), Owner: ann, PEM: string(rune('a' + n))}
	}
	a := &federation.Actor{ID: ann}
	for i := range 20 {
		next := &federation.Actor{ID: ann, Keys: []federation.Key{key(i)}}
		next.Former = formerKeys(a, next, at.Add(time.Duration(i)*time.Minute))
		a = next
	}
	if len(a.Former) != maxFormer || a.Former[0].ID != key(18).ID {
		t.Errorf("%v", a.Former)
	}
}

func wantFormer(t *testing.T, d *Directory, id federation.IRI, key *rsa.PrivateKey) {
	t.Helper()
	k, err := d.Former(ann).PublicKey(context.Background(), id, true)
	if pub, ok := k.Key.(interface{ Equal(x crypto.PublicKey) bool }); err != nil || k.Owner != ann || !ok || !pub.Equal(key.Public()) {
		t.Errorf("%v %v", k, err)
	}
	wantRequests(t, d.Client.net.(*network), 0)
}

func wantNoFormer(t *testing.T, d *Directory, id federation.IRI) {
	t.Helper()
	_, err := d.Former(ann).PublicKey(context.Background(), id, true)
	wantErr(t, err, federation.ErrForbidden)
}
