// SPDX-License-Identifier: AGPL-3.0-or-later

package inbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation/signature"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/store"
)

// What is refused is refused at both doors, and nothing is filed.
func TestRefusals(t *testing.T) {
	each(t, func(t *fixture) {
		vera, eve := t.peer(), t.peer()
		note := func() doc { return vera.says("Create", vera.note("bonjour", t.anne.ID)) }
		bad := t.peerAt("127.0.0.4")
		t.update(func(tx *store.Tx) error { return tx.Suspend(t.ctx, "127.0.0.4", "spam") })
		for _, c := range []struct {
			name   string
			from   *peer
			doc    any
			header []string
			want   []int
		}{
			{"B1 another's words", eve, note(), nil, []int{401, 403}},
			{"B1 another's deletion of itself", eve, vera.says("Delete", vera.ID), nil, []int{202, 401, 403}}, // of whom we never heard: no effect
			{"B5 two actors", vera, with(note(), doc{"actor": []any{vera.ID, eve.ID}}), nil, []int{400}},
			{"B5 no actor", vera, with(note(), doc{"actor": nil}), nil, []int{400}},
			{"B5 an actor that is a number", vera, with(note(), doc{"actor": 7}), nil, []int{400}},
			{"B7 an id on our host", vera, with(note(), doc{"id": t.server.URL + "/activities/1"}), nil, []int{400, 403}},
			{"B7 an id on another host", vera, with(note(), doc{"id": eve.id("activities")}), nil, []int{403}},
			{"B11 a byte too many", vera, bytes.Repeat([]byte(" "), MaxBody+1), nil, []int{413}},
			{"B17 a list", vera, `[]`, nil, []int{400}},
			{"B17 null", vera, `null`, nil, []int{400}},
			{"B17 a text", vera, `"x"`, nil, []int{400}},
			{"B17 nothing", vera, ``, nil, []int{400}},
			{"B17 two documents", vera, append(encode(t.T, note()), encode(t.T, note())...), nil, []int{400}},
			{"B17 no UTF-8", vera, bytes.Replace(encode(t.T, note()), []byte("bonjour"), []byte("bon\xffjour"), 1), nil, []int{400}},
			{"B20 gzip", vera, note(), []string{"Content-Encoding", "gzip"}, []int{415}},
			{"B20 text/plain", vera, note(), []string{"Content-Type", "text/plain"}, []int{415}},
			{"B20 application/json", vera, note(), []string{"Content-Type", "application/json"}, []int{415}},
			{"one of our own actors", vera, with(note(), doc{"actor": t.anne.ID, "id": string(t.anne.ID) + "#1"}), nil, []int{401, 403}},
			{"a suspended host", bad, bad.says("Create", bad.note("pub", t.anne.ID)), nil, []int{403}},
			{"a signature of yesterday", vera, note(), []string{"Date", time.Now().Add(-25 * time.Hour).UTC().Format(http.TimeFormat)}, []int{401}},
			{"half a signature", vera, note(), []string{"Signature", `keyId="x"`}, []int{400, 401}},
		} {
			for _, path := range []string{"/inbox", "/actors/anne/inbox"} {
				t.Run(c.name+" at "+path, func(tt *testing.T) {
					if status := c.from.send(path, c.doc, c.header...); !slices.Contains(c.want, status) {
						tt.Errorf("%d, want %v", status, c.want)
					}
				})
			}
		}
		unsigned := signature.Signer{}
		if status := vera.sendAs(unsigned, "/inbox", note()); status != http.StatusUnauthorized {
			t.Errorf("unsigned: %d", status)
		}
		if n := bad.asked.Load(); n > 0 {
			t.Errorf("a suspended host was asked %d times", n)
		}
		if list := t.rows("pending"); len(list) > 0 {
			t.Errorf("filed: %+v", list[0])
		}
	})
}

func TestAnInboxNeedsItsActor(t *testing.T) {
	each(t, func(t *fixture) {
		vera := t.peer()
		note := vera.says("Create", vera.note("bonjour", t.anne.ID))
		if status := vera.send("/actors/nobody/inbox", note); status != http.StatusNotFound {
			t.Errorf("nobody's: %d", status)
		}
		t.update(func(tx *store.Tx) error { return tx.DropActor(t.ctx, t.anne.ID) })
		if status := vera.send("/actors/anne/inbox", note); status != http.StatusGone {
			t.Errorf("of one who left: %d", status)
		}
	})
}

// A body of unknown length is cut off as well, and nothing rides behind it.
func TestABodyWithoutEnd(t *testing.T) {
	each(t, func(t *fixture) {
		r, err := http.NewRequestWithContext(t.ctx, http.MethodPost, t.server.URL+"/inbox", io.LimitReader(endless{}, 64<<20))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", vocab.ActivityJSON)
		resp, err := t.server.Client().Do(r)
		if err != nil {
			return // cut off while we were sending
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusRequestEntityTooLarge || !resp.Close {
			t.Errorf("%d, closes %t", resp.StatusCode, resp.Close)
		}
	})
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// What is answered 202 is on disk once, to be applied; or is of no use to us
// and leaves no trace.
func TestAccepted(t *testing.T) {
	each(t, func(t *fixture) {
		vera, gone := t.peer(), t.peer()
		note := vera.says("Create", vera.note("bonjour", t.anne.ID))
		for range 3 { // sent again because our answer was lost
			vera.accepted("/actors/anne/inbox", note)
		}
		list := t.rows("pending")
		if len(list) != 1 {
			t.Fatalf("%d rows", len(list))
		}
		if r := list[0]; r.Recipient != t.anne.ID || r.Actor != vera.ID || r.Type != "Create" || string(r.Activity) != fmt.Sprint(note["id"]) {
			t.Errorf("%+v", r)
		}
		vera.accepted("/inbox", vera.says("Listen", vera.note("une chanson", t.anne.ID))) // no verb of ours
		for range 5 {
			gone.accepted("/inbox", gone.says("Delete", gone.ID))
		}
		if n := gone.asked.Load(); n > 0 {
			t.Errorf("a stranger who left was asked for %d times", n)
		}
		if list := t.rows("pending"); len(list) != 1 {
			t.Errorf("%d rows", len(list))
		}
	})
}

// A key that cannot be read now is no proof of anything: the peer is to come
// back.
func TestAKeyThatCannotBeRead(t *testing.T) {
	each(t, func(t *fixture) {
		vera := t.peer()
		vera.fails(http.StatusInternalServerError)
		note := vera.says("Create", vera.note("bonjour", t.anne.ID))
		if status := vera.send("/inbox", note); status != http.StatusServiceUnavailable {
			t.Errorf("%d", status)
		}
		vera.fails(0)
		t.advance(10 * time.Minute)
		vera.accepted("/inbox", note)
	})
}

// An actor that leaves may have changed its key while its last words waited.
// The old key is good for them for a day, and for nothing else.
func TestFarewellWithAnOldKey(t *testing.T) {
	each(t, func(t *fixture) {
		t.work(nil)
		for _, c := range []struct {
			name  string
			after time.Duration
			want  int
		}{{"within a day", 23 * time.Hour, http.StatusAccepted}, {"later", 25 * time.Hour, http.StatusUnauthorized}} {
			t.Run(c.name, func(*testing.T) {
				vera := t.peer()
				vera.accepted("/inbox", vera.says("Create", vera.note("bonjour", t.anne.ID)))
				t.empties()
				old := vera.signer
				vera.rotate()
				t.advance(10 * time.Minute) // so that the actor may be read again
				vera.accepted("/inbox", vera.says("Update", doc{"id": vera.ID, "type": "Person"}))
				t.empties()
				t.advance(c.after)
				for _, d := range []doc{
					vera.says("Create", vera.note("encore moi", t.anne.ID)),
					vera.says("Update", doc{"id": vera.ID, "type": "Person"}),
					vera.says("Follow", t.amap.ID),
					vera.says("Delete", vera.id("notes")),
				} {
					if status := vera.sendAs(old, "/inbox", d); status != http.StatusUnauthorized {
						t.Errorf("%s with the old key: %d", d["type"], status)
					}
				}
				if status := vera.sendAs(old, "/inbox", vera.says("Delete", vera.ID)); status != c.want {
					t.Errorf("the farewell: %d, want %d", status, c.want)
				}
				t.empties()
				t.view(func(tx *store.Tx) error {
					a, err := tx.Actor(t.ctx, vera.ID)
					if err == nil && a.Gone != (c.want == http.StatusAccepted) {
						t.Errorf("gone: %t", a.Gone)
					}
					return err
				})
			})
		}
	})
}

// Mallory's old key is no use to leave in vera's name.
func TestFarewellInAnothersName(t *testing.T) {
	each(t, func(t *fixture) {
		t.work(nil)
		vera, mallory := t.peer(), t.peer()
		for _, p := range []*peer{vera, mallory} {
			p.accepted("/inbox", p.says("Create", p.note("bonjour", t.anne.ID)))
		}
		t.empties()
		old := mallory.signer
		mallory.rotate()
		t.advance(10 * time.Minute)
		mallory.accepted("/inbox", mallory.says("Update", doc{"id": mallory.ID, "type": "Person"}))
		t.empties()
		for _, s := range []signature.Signer{old, {KeyID: vera.signer.KeyID, Key: old.Key}, mallory.signer} {
			if status := mallory.sendAs(s, "/inbox", vera.says("Delete", vera.ID)); status != http.StatusUnauthorized && status != http.StatusForbidden {
				t.Errorf("%d", status)
			}
		}
	})
}

// Who was deleted at its origin, as we learn when we look for its key, needs
// no second deletion.
func TestFarewellOfOneWhoIsGoneAlready(t *testing.T) {
	each(t, func(t *fixture) {
		t.work(nil)
		vera := t.peer()
		vera.accepted("/inbox", vera.says("Create", vera.note("bonjour", t.anne.ID)))
		t.empties()
		vera.rotate()
		vera.fails(http.StatusGone)
		t.advance(10 * time.Minute)
		vera.accepted("/inbox", vera.says("Delete", vera.ID))
		vera.accepted("/inbox", vera.says("Delete", vera.ID))
		t.view(func(tx *store.Tx) error {
			a, err := tx.Actor(t.ctx, vera.ID)
			if err == nil && !a.Gone {
				t.Error("she is still here")
			}
			return err
		})
	})
}

// When too much waits, peers are asked to come back later; but a host that
// fills its share does not shut the door to the others.
func TestTheQueueIsBounded(t *testing.T) {
	each(t, func(t *fixture) {
		t.handler.limit = 20 // 4 for each host
		greedy := t.peer()
		send := func(p *peer) int { return p.send("/inbox", p.says("Create", p.note("x", t.anne.ID))) }
		recount := func() { t.handler.backlog.read = time.Time{} }
		for range 4 {
			recount()
			if status := send(greedy); status != http.StatusAccepted {
				t.Fatal(status)
			}
		}
		recount()
		if status := send(greedy); status != http.StatusTooManyRequests {
			t.Errorf("the greedy one: %d", status)
		}
		for range 4 {
			if p := t.peer(); send(p) != http.StatusAccepted {
				t.Error("another is shut out")
			} else {
				for range 3 {
					send(p)
				}
			}
			recount()
		}
		late := t.peer()
		if status := send(late); status != http.StatusServiceUnavailable {
			t.Errorf("when it is full: %d", status)
		}
		t.work(nil)
		t.empties()
		recount()
		if status := send(late); status != http.StatusAccepted {
			t.Errorf("when there is room again: %d", status)
		}
	})
}

// The door says nothing of what is behind it.
func TestAnInternalErrorIsNotShown(t *testing.T) {
	each(t, func(t *fixture) {
		vera := t.peer()
		body := encode(t.T, vera.says("Create", vera.note("bonjour", t.anne.ID)))
		ctx, cancel := context.WithCancelCause(t.ctx)
		cancel(errors.New("secret"))
		w := &answer{header: http.Header{}}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.server.URL+"/inbox", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", vocab.ActivityJSON)
		t.handler.ServeHTTP(w, r)
		if w.status < 500 || strings.Contains(w.body.String(), "secret") || strings.Contains(w.body.String(), "context") || w.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d %q %v", w.status, w.body.String(), w.header)
		}
	})
}

type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }
