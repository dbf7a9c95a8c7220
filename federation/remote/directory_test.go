// SPDX-License-Identifier: AGPL-3.0-or-later

package remote

import (
	"context"
	"crypto/rsa"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/signature"
)

func TestActor(t *testing.T) {
	ctx := context.Background()
	docs := map[federation.IRI]string{ann: actorDoc(ann, annKey, key1())}
	n := newNetwork(t)
	n.serve(docs)
	d, clk, c := directory(n)
	read := func() *federation.Actor {
		t.Helper()
		a, err := d.Actor(ctx, ann)
		if err != nil || a.ID != ann || a.Local {
			t.Fatal(a, err)
		}
		return a
	}
	read()
	wantRequests(t, n, 1)
	clk.pass(23 * time.Hour)
	read()
	wantRequests(t, n, 0)
	clk.pass(2 * time.Hour)
	if a := read(); !a.Fetched.Equal(clk.now()) {
		t.Error("a stale copy was not read again")
	}
	wantRequests(t, n, 1)

	there := n.hosts["there.example"]
	for _, status := range []int{404, 500} {
		clk.pass(25 * time.Hour)
		n.hosts["there.example"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
		read() // an old copy has to do
		wantRequests(t, n, 1)
		read() // and the peer is not asked each time
		wantRequests(t, n, 0)
	}
	n.hosts["there.example"] = there
	clk.pass(25 * time.Hour)
	n.hosts["there.example"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) }
	_, err := d.Actor(ctx, ann)
	wantErr(t, err, federation.ErrGone)
	if _, err := c.Actor(ctx, ann); err == nil {
		t.Error("a deleted actor was kept")
	}
}

func TestActorOfOursIsNeverFetched(t *testing.T) {
	ctx, n := context.Background(), newNetwork(t)
	bob := federation.IRI(here + "/users/bob")
	keyID := bob + "#main-key"
	d, _, c := directory(n, &federation.Actor{
		ID: bob, Local: true, Keys: []federation.Key{{ID: keyID, Owner: bob, PEM: public(key1())}},
	})
	if _, err := d.Actor(ctx, bob); err != nil {
		t.Error(err)
	}
	if _, err := d.Refresh(ctx, bob); err != nil {
		t.Error(err)
	}
	for _, refresh := range []bool{false, true} {
		if k, err := d.PublicKey(ctx, keyID, refresh); err != nil || k.Owner != bob {
			t.Error(k, err)
		}
	}
	_, err := d.PublicKey(ctx, here+"/users/nobody#main-key", true)
	wantErr(t, err, federation.ErrNotFound)
	_, err = d.Actor(ctx, here+"/users/nobody")
	wantErr(t, err, federation.ErrNotFound)
	_, err = d.Object(ctx, here+"/notes/1")
	wantErr(t, err, federation.ErrForbidden)
	c.actors[bob].Gone = true
	_, err = d.Actor(ctx, bob)
	wantErr(t, err, federation.ErrGone)
	wantRequests(t, n, 0)
}

func TestActorMayNotClaimAnothersCollections(t *testing.T) {
	doc := strings.ReplaceAll(actorDoc(ann, annKey, key1()), `"outbox":"`+string(ann), `"followers":"https://evil.example/f","outbox":"https://evil.example`)
	n := newNetwork(t)
	n.serve(map[federation.IRI]string{ann: doc})
	d, _, _ := directory(n)
	a, err := d.Actor(context.Background(), ann)
	if err != nil || a.Outbox != "" || a.Followers != "" || a.Inbox == "" {
		t.Errorf("%+v %v", a, err)
	}
	n.serve(map[federation.IRI]string{mallory: strings.ReplaceAll(actorDoc(mallory, mallory+"#k", key1()),
		string(mallory)+"/inbox", "https://there.example/inbox")})
	_, err = d.Actor(context.Background(), mallory)
	wantErr(t, err, federation.ErrForbidden)
}

func TestActorHasOneName(t *testing.T) {
	const alias = federation.IRI("https://there.example/@ann")
	n := newNetwork(t)
	n.serve(map[federation.IRI]string{ann: actorDoc(ann, annKey, key1()), alias: actorDoc(ann, annKey, key1())})
	d, _, _ := directory(n)
	_, err := d.Actor(context.Background(), alias)
	wantErr(t, err, federation.ErrForbidden)
}

func TestRefreshWaits(t *testing.T) {
	ctx, n := context.Background(), newNetwork(t)
	n.serve(map[federation.IRI]string{ann: actorDoc(ann, annKey, key1())})
	d, clk, _ := directory(n)
	for _, want := range []int{1, 0, 0} {
		if _, err := d.Refresh(ctx, ann); err != nil {
			t.Fatal(err)
		}
		wantRequests(t, n, want)
	}
	clk.pass(refreshWait)
	if _, err := d.Refresh(ctx, ann); err != nil {
		t.Fatal(err)
	}
	wantRequests(t, n, 1)
}

func TestConcurrentReadingsAreJoined(t *testing.T) {
	n := newNetwork(t)
	arrived, release := make(chan struct{}, 100), make(chan struct{})
	n.hosts["there.example"] = func(w http.ResponseWriter, _ *http.Request) {
		arrived <- struct{}{}
		<-release
		answerActivity(w, actorDoc(ann, annKey, key1()))
	}
	d, _, _ := directory(n)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if k, err := d.PublicKey(context.Background(), annKey, false); err != nil || k.Owner != ann {
				t.Error(k, err)
			}
		})
	}
	<-arrived
	impatient, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := d.Actor(impatient, ann); err == nil {
		t.Error("waited although nobody waits")
	}
	close(release)
	wg.Wait()
	wantRequests(t, n, 1)
}

func TestAnothersBudgetIsNotOurs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		release := make(chan struct{})
		var asked atomic.Int32
		n.hosts["there.example"] = func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1) > 1 {
				answerActivity(w, actorDoc(ann, annKey, key1()))
				return
			}
			<-release
			http.Redirect(w, r, string(ann), http.StatusFound)
		}
		d, _, _ := directory(n)
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := d.Actor(WithBudget(context.Background(), 1), ann)
			wantErr(t, err, ErrBudget)
		})
		synctest.Wait()
		wg.Go(func() {
			if _, err := d.Actor(WithBudget(context.Background(), 1), ann); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		close(release)
		wg.Wait()
		wantRequests(t, n, 2)
	})
}

func TestObject(t *testing.T) {
	const note = federation.IRI("https://there.example/notes/1")
	ctx, n := context.Background(), newNetwork(t)
	docs := map[federation.IRI]string{
		ann: actorDoc(ann, annKey, key1()), note: noteDoc(note, ann),
		"https://there.example/notes/2": noteDoc("https://there.example/notes/2", mallory),
		"https://there.example/notes/3": noteDoc("https://there.example/notes/3", "https://there.example/users/nobody"),
		"https://there.example/notes/4": `{"@context":"https://www.w3.org/ns/activitystreams","id":"https://there.example/notes/4","type":"Tombstone"}`,
		"https://there.example/notes/5": noteDoc(note, ann), // an alias
	}
	n.serve(docs)
	d, _, c := directory(n)
	o, err := d.Object(ctx, note)
	if err != nil || o.AttributedTo != ann {
		t.Fatal(o, err)
	}
	if _, err := c.Actor(ctx, ann); err != nil {
		t.Error("its owner was not read: ", err)
	}
	if o, err = d.Object(ctx, "https://there.example/notes/4"); err != nil || !o.Gone() {
		t.Error(o, err)
	}
	for id, want := range map[federation.IRI]error{
		"https://there.example/notes/2": federation.ErrForbidden,
		"https://there.example/notes/3": federation.ErrNotFound,
		"https://there.example/notes/5": federation.ErrForbidden,
		"https://there.example/notes/6": federation.ErrNotFound,
	} {
		_, err := d.Object(ctx, id)
		wantErr(t, err, want)
	}
}

func TestPublicKey(t *testing.T) {
	t.Run("with a fragment", func(t *testing.T) {
		n := newNetwork(t)
		n.serve(map[federation.IRI]string{ann: actorDoc(ann, annKey, key1())})
		d, _, c := directory(n)
		wantKey(t, d, annKey, ann, key1())
		wantRequests(t, n, 1)
		c.reads = 0
		wantKey(t, d, annKey, ann, key1())
		wantRequests(t, n, 0)
		if c.reads != 0 {
			t.Error("a known key was read from the cache again")
		}
	})
	t.Run("from the cache", func(t *testing.T) {
		n := newNetwork(t)
		d, clk, c := directory(n, &federation.Actor{
			ID: ann, Keys: []federation.Key{{ID: annKey, Owner: ann, PEM: public(key1())}},
		})
		wantKey(t, d, annKey, ann, key1())
		wantKey(t, d, annKey, ann, key1())
		if c.reads != 1 {
			t.Error(c.reads, " reads")
		}
		clk.pass(keyAge)
		wantKey(t, d, annKey, ann, key1())
		if c.reads != 2 {
			t.Error(c.reads, " reads")
		}
		wantRequests(t, n, 0)
	})
	t.Run("with a query, as WordPress has", func(t *testing.T) {
		const author = federation.IRI("https://blog.example/?author=2")
		n := newNetwork(t)
		n.serve(map[federation.IRI]string{
			author:                           actorDoc(author, author+"#main-key", key1()),
			"https://blog.example/?author=3": actorDoc("https://blog.example/?author=3", "https://blog.example/?author=3#main-key", key2()),
		})
		d, _, _ := directory(n)
		wantKey(t, d, author+"#main-key", author, key1())
		wantKey(t, d, "https://blog.example/?author=3#main-key", "https://blog.example/?author=3", key2())
	})
	t.Run("with an address that serves the actor, as GoToSocial has", func(t *testing.T) {
		keyID := ann + "/main-key"
		doc := actorDoc(ann, keyID, key1())
		n := newNetwork(t)
		n.serve(map[federation.IRI]string{ann: doc, keyID: doc})
		d, _, _ := directory(n)
		wantKey(t, d, keyID, ann, key1())
		wantRequests(t, n, 2)
	})
	t.Run("with an address that serves the key", func(t *testing.T) {
		keyID := federation.IRI("https://there.example/keys/1")
		for _, owner := range []string{"owner", "controller"} {
			n := newNetwork(t)
			n.serve(map[federation.IRI]string{ann: actorDoc(ann, keyID, key1()), keyID: keyDoc(keyID, owner, ann, key1())})
			d, _, _ := directory(n)
			wantKey(t, d, keyID, ann, key1())
		}
	})
	t.Run("named like its owner", func(t *testing.T) {
		n := newNetwork(t)
		n.serve(map[federation.IRI]string{ann: actorDoc(ann, ann, key1())})
		d, _, _ := directory(n)
		wantKey(t, d, ann, ann, key1())
	})
}

func keyDoc(id federation.IRI, property string, owner federation.IRI, key *rsa.PrivateKey) string {
	return fmt.Sprintf(`{"@context":"https://w3id.org/security/v1","id":%q,"type":"Key",%q:%q,"publicKeyPem":%q}`,
		id, property, owner, public(key))
}

func wantKey(t *testing.T, d *Directory, id, owner federation.IRI, key *rsa.PrivateKey) {
	t.Helper()
	k, err := d.PublicKey(context.Background(), id, false)
	if err != nil || k.ID != id || k.Owner != owner || !same(k.Key, key.Public()) {
		t.Errorf("key %s of %q: %v", k.ID, k.Owner, err)
	}
}

func TestKeyIsNotBelieved(t *testing.T) {
	keyID := federation.IRI("https://there.example/keys/1")
	for name, docs := range map[string]map[federation.IRI]string{
		"its owner lists another":  {ann: actorDoc(ann, annKey, key1()), keyID: keyDoc(keyID, "owner", ann, key2())},
		"its owner lists it other": {ann: actorDoc(ann, keyID, key1()), keyID: keyDoc(keyID, "owner", ann, key2())},
		"no owner":                 {ann: actorDoc(ann, keyID, key1()), keyID: keyDoc(keyID, "x", ann, key1())},
		"owner elsewhere":          {keyID: keyDoc(keyID, "owner", mallory, key1()), mallory: actorDoc(mallory, keyID, key1())},
		"owner's key elsewhere":    {keyID: keyDoc(keyID, "owner", ann, key1()), ann: strings.ReplaceAll(actorDoc(ann, keyID, key1()), `"owner":"`+string(ann), `"owner":"`+string(mallory))},
		"another document":         {keyID: keyDoc(keyID+"x", "owner", ann, key1()), ann: actorDoc(ann, keyID, key1())},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t)
			n.serve(docs)
			d, _, _ := directory(n)
			if k, err := d.PublicKey(context.Background(), keyID, false); !definitive(err) {
				t.Error(k, err)
			}
		})
	}
}

func TestMissingKeyIsRemembered(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		status int
		want   error
		wait   time.Duration
	}{
		{404, federation.ErrNotFound, refusalAge},
		{410, federation.ErrGone, refusalAge},
		{403, federation.ErrForbidden, refusalAge},
		{500, federation.ErrUnavailable, failureAge},
	} {
		n := newNetwork(t)
		n.hosts["there.example"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(c.status) }
		d, clk, _ := directory(n)
		ask := func(requests int) {
			t.Helper()
			_, err := d.PublicKey(ctx, annKey, false)
			wantErr(t, err, c.want)
			wantRequests(t, n, requests)
		}
		ask(1)
		ask(0)
		clk.pass(c.wait - time.Second)
		ask(0)
		clk.pass(time.Second)
		ask(1)
	}
	t.Run("but not what is our own doing", func(t *testing.T) {
		n := newNetwork(t)
		n.serve(map[federation.IRI]string{ann: actorDoc(ann, annKey, key1())})
		d, _, _ := directory(n)
		_, err := d.PublicKey(WithBudget(ctx, 0), annKey, false)
		wantErr(t, err, ErrBudget)
		wantKey(t, d, annKey, ann, key1())
	})
}

func TestKeyRotation(t *testing.T) {
	ctx := context.Background()
	docs := map[federation.IRI]string{ann: actorDoc(ann, annKey, key1())}
	n := newNetwork(t)
	n.serve(docs)
	d, clk, _ := directory(n)
	v := &signature.Verifier{Keys: d, Origin: here, Now: clk.now}
	verify := func(key *rsa.PrivateKey) error {
		r := httptest.NewRequest("POST", "/inbox", nil)
		r.Host, r.Header = "here.example", http.Header{"Content-Type": {"application/activity+json"}}
		must(0, signature.Sign(r, []byte("{}"), signature.Signer{KeyID: annKey, Key: key}, clk.now()))
		_, _, err := v.Verify(r, []byte("{}"))
		return err
	}
	if err := verify(key1()); err != nil {
		t.Fatal(err)
	}
	wantRequests(t, n, 1)

	for range 100 { // forgeries
		wantErr(t, verify(key2()), federation.ErrUnauthorized)
	}
	wantRequests(t, n, 0)
	clk.pass(refreshWait)
	for range 100 {
		wantErr(t, verify(key2()), federation.ErrUnauthorized)
	}
	wantRequests(t, n, 1)

	n.mu.Lock()
	docs[ann] = actorDoc(ann, annKey, key2())
	n.mu.Unlock()
	clk.pass(refreshWait)
	if err := verify(key2()); err != nil {
		t.Error("the new key: ", err)
	}
	wantErr(t, verify(key1()), federation.ErrUnauthorized)
	wantRequests(t, n, 1)

	n.mu.Lock()
	docs[ann] = actorDoc(ann, annKey+"-2", key1())
	n.mu.Unlock()
	clk.pass(refreshWait)
	if _, err := d.Refresh(ctx, ann); err != nil {
		t.Fatal(err)
	}
	wantKey(t, d, annKey+"-2", ann, key1())
	wantErr(t, verify(key2()), federation.ErrUnauthorized) // no longer listed
}
