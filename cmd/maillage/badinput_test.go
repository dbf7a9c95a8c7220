// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/signature"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/store"
)

// forged is in whatever must never be stored.
const forged = "CONTREFAIT"

// A siege is an instance among good and bad servers.
type siege struct {
	*instance

	t     *testing.T
	alice *federation.Actor // a member, whom vera's friends write to
	shy   *federation.Actor // a member who decides who follows

	good  *foreign  // the server of vera and of a bad neighbour of hers
	vera  *stranger // followed by the initiative
	mal   *stranger // of vera's server
	evil  *foreign
	eve   *stranger // of an evil server
	other *foreign  // a server that is suspended here
	bad   *stranger

	public   jsonDoc // notes of vera's that are stored here
	narrow   jsonDoc
	ours     *federation.Object // and of ours
	ourClose *federation.Object // for followers
	ourDeep  *federation.Object // direct, to alice
}

func besiege(t *testing.T, database string) *siege {
	t.Helper()
	s := &siege{t: t, instance: launch(t, "amap", variant{database: database})}
	s.alice, s.shy = s.member("Person", "alice", false), s.member("Person", "prudente", true)
	s.good, s.evil, s.other = newForeign(t, "127.0.0.2"), newForeign(t, "127.0.0.3"), newForeign(t, "127.0.0.4")
	s.vera, s.mal = s.good.actor("vera"), s.good.actor("mallory")
	s.eve, s.bad = s.evil.actor("eve"), s.other.actor("bad")
	s.update(func(ctx context.Context, tx *store.Tx) error { return tx.Suspend(ctx, "127.0.0.4", "spam") })

	s.asks(s.Actor, s.vera.ID)
	s.vera.accepts(s.instance, s.Actor)
	s.vera.follows(s.instance, s.Actor)
	s.public, s.narrow = s.vera.note("à tous", nil), s.vera.note("aux miens", jsonDoc{"to": []federation.IRI{s.vera.ID + "/followers"}, "cc": []string{}})
	for _, n := range []jsonDoc{s.public, s.narrow} {
		s.good.publish(strings.TrimPrefix(idIn(n), s.good.URL), n)
		if a := s.vera.send(s.Actor.SharedInbox, s.vera.says("Create", n, nil)); a.StatusCode != http.StatusAccepted {
			t.Fatalf("a good post is refused: %d", a.StatusCode)
		}
	}
	s.ours = s.writes(s.Actor, "Bonjour", federation.Public, s.Actor.Followers)
	s.ourClose = s.writes(s.Actor, "Aux nôtres", s.Actor.Followers)
	s.ourDeep = s.writes(s.Actor, "À Alice", s.alice.ID)
	s.settle()
	if s.object(s.id(s.public)) == nil || s.object(s.id(s.narrow)) == nil {
		t.Fatal("a good post did not arrive")
	}
	return s
}

func (s *siege) id(doc jsonDoc) federation.IRI { return federation.IRI(idIn(doc)) }

// inboxes are the two ways in.
func (s *siege) inboxes() []federation.IRI {
	return []federation.IRI{s.alice.Inbox, s.Actor.SharedInbox}
}

// alive checks that the next good request is answered, soon, and has its
// effect.
func (s *siege) alive(t *testing.T) {
	t.Helper()
	begin := time.Now()
	note := s.vera.note("encore là ?", jsonDoc{"cc": []federation.IRI{s.alice.ID}})
	a := s.vera.send(s.Actor.SharedInbox, s.vera.says("Create", note, nil))
	if a.StatusCode != http.StatusAccepted {
		t.Fatalf("the next good request: %d", a.StatusCode)
	}
	if d := time.Since(begin); d > 5*time.Second { // 1 s, on a machine that has nothing else to do
		t.Errorf("the next good request took %s", d)
	}
	eventually(t, "the next good post arrives", func() bool { return s.object(s.id(note)) != nil })
}

// nothing does what may have no effect, and checks that it has none.
func (s *siege) nothing(t *testing.T, do func()) {
	t.Helper()
	s.settle()
	before := s.dump()
	do()
	s.settle()
	if d := cmp.Diff(strings.Split(before, "\n"), strings.Split(s.dump(), "\n")); d != "" {
		t.Errorf("it had an effect:\n%s", d)
	}
	if s.holds(forged) {
		t.Error("forged text is stored")
	}
}

// refused sends a document to both inboxes; each must answer with one of the
// statuses, and nothing may come of it.
func (s *siege) refused(t *testing.T, from *stranger, doc any, statuses ...int) {
	t.Helper()
	for _, inbox := range s.inboxes() {
		s.nothing(t, func() { wantStatus(t, from.send(inbox, doc), statuses...) })
	}
}

func wantStatus(t *testing.T, a *httpAnswer, statuses ...int) {
	t.Helper()
	if !slices.Contains(statuses, a.StatusCode) {
		t.Errorf("%s %s: %d, want %v", a.Request.Method, a.Request.URL.Path, a.StatusCode, statuses)
	}
}

// toAlice addresses a note to one of ours, so that it is of concern here.
func (s *siege) toAlice(extra jsonDoc) jsonDoc {
	d := jsonDoc{"cc": []federation.IRI{s.alice.ID}}
	for name, v := range extra {
		d[name] = v
	}
	return d
}

// TestBadInput sends what no honest peer sends: the rows of the table of bad
// inputs that concern what federates. Nothing comes of it, and the server goes
// on.
func TestBadInput(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		s := besiege(t, fresh(t))
		for _, test := range []struct {
			name string
			run  func(*siege, *testing.T)
		}{
			{"B1 B2 valid signature of mallory, actor ann, personal and shared inbox", (*siege).b1},
			{"B3 key document at evil claims owner ann", (*siege).b3},
			{"B4 keyId redirects to victim's actor", (*siege).b4},
			{"B5 actor list of two, empty, null, number, missing", (*siege).b5},
			{"B6 embedded actor of a blocked domain", (*siege).b6},
			{"B7 activity id on victim's or our host", (*siege).b7},
			{"B8 Create with id of another's stored note (wider audience)", (*siege).b8},
			{"B9 Create and Announce with an embedded object of a foreign host", (*siege).b9},
			{"B10 forged activity with a known genuine id, then the genuine one", (*siege).b10},
			{"B11 body 1 MiB + 1; chunked without end", (*siege).b11},
			{"B12 duplicate JSON key (plain and escaped), case variant", (*siege).b12},
			{"B13 @graph, @included, @reverse", (*siege).b13},
			{"B14 remote @context; redefined terms; expanded keys", (*siege).b14},
			{"B15 LD signature of vera delivered by mallory", (*siege).b15},
			{"B16 nesting 10 000; tree of 2^14 notes", (*siege).b16},
			{"B17 top level array, null, string, empty, two documents, invalid UTF-8", (*siege).b17},
			{"B18 id number; Accept and Undo without inner actor; object number", (*siege).b18},
			{"B19 to names a non-existing local id, twice; same collection in to and cc", (*siege).b19},
			{"B20 gzip request body; text/plain; application/json", (*siege).b20},
			{"B21 fetched document with foreign id, wrong content type, no id", (*siege).b21},
			{"B22 redirect to elsewhere, data:, loop, 6 hops", (*siege).b22},
			{"B24 gzip 100 kB to 1 GB; Content-Length 10 GB; answer without end", (*siege).b24},
			{"B25 next pointing to itself, fresh page each time", (*siege).b25},
			{"B26 reply chain without end, reply cycle, Announce 100 deep", (*siege).b26},
			{"B27 Update and Delete by another actor of the same host", (*siege).b27},
			{"B28 Update changes owner, id, type class", (*siege).b28},
			{"B29 GET of private, deleted, foreign-audience object", (*siege).b29},
			{"B30 Announce of our private object; reply to us privately", (*siege).b30},
			{"B31 Follow of a locked actor", (*siege).b31},
			{"B32 Accept for a Follow never sent, by the wrong actor", (*siege).b32},
			{"B33 followers-only post of a remote actor", (*siege).b33},
			{"B34 Add and Remove on our followers and featured by remote", (*siege).b34},
			{"B35 Delete then late Create; Update older than stored", (*siege).b35},
			{"B36 Delete(self) of 1 000 unknown actors", (*siege).b36},
			{"B37 Update(Person) with another inbox or key in the body", (*siege).b37},
			{"our own actors do not come by the inbox", (*siege).ourOwn},
			{"a signature covers what it must", (*siege).weakSignatures},
		} {
			t.Run(test.name, func(t *testing.T) {
				test.run(s, t)
				s.alive(t)
			})
		}
	})
}

func (s *siege) b1(t *testing.T) {
	for _, mallory := range []*stranger{s.eve, s.mal} {
		for _, verb := range []string{"Create", "Update"} {
			s.refused(t, mallory, s.vera.says(verb, s.vera.note(forged, s.toAlice(nil)), s.toAlice(nil)), 401, 403)
		}
		s.refused(t, mallory, s.vera.says("Delete", s.public["id"], nil), 401, 403)
		s.refused(t, mallory, s.vera.says("Delete", s.vera.ID, nil), 401, 403)
		s.refused(t, mallory, s.vera.says("Follow", s.shy.ID, nil), 401, 403)
		s.refused(t, mallory, s.vera.says("Undo", jsonDoc{"type": "Follow", "id": s.vera.id("f"), "actor": s.vera.ID, "object": s.Actor.ID}, nil), 401, 403)
		// An actor that is embedded is still that actor.
		s.refused(t, mallory, s.vera.says("Create", s.vera.note(forged, nil), jsonDoc{"actor": s.vera.document()}), 401, 403)
	}
	for _, inbox := range s.inboxes() { // no signature at all
		s.nothing(t, func() {
			r := s.request(http.MethodPost, string(inbox), encode(t, s.vera.says("Create", s.vera.note(forged, nil), nil)), "Content-Type", vocab.ActivityJSON)
			wantStatus(t, s.do(r), 401)
		})
	}
}

func (s *siege) b3(t *testing.T) {
	doc := s.vera.says("Create", s.vera.note(forged, s.toAlice(nil)), nil)
	// A key with an address of its own, said to be vera's.
	key := s.evil.url("/keys/vera")
	s.evil.publish("/keys/vera", jsonDoc{"id": key, "type": "Key", "owner": s.vera.ID, "publicKeyPem": s.eve.public})
	// An actor whose key is said to be vera's.
	thief := s.evil.actor("thief")
	thief.extra = jsonDoc{"publicKey": jsonDoc{"id": thief.Signer.KeyID, "owner": s.vera.ID, "publicKeyPem": thief.public}}
	thief.show()
	// An actor that lists vera's key id with another key.
	double := s.evil.actor("double")
	double.extra = jsonDoc{"publicKey": jsonDoc{"id": s.vera.Signer.KeyID, "owner": s.vera.ID, "publicKeyPem": double.public}}
	double.show()
	for _, signer := range []signature.Signer{
		{KeyID: key, Key: s.eve.Signer.Key},
		thief.Signer, double.Signer,
		{KeyID: s.vera.Signer.KeyID, Key: double.Signer.Key},
		{KeyID: s.eve.Signer.KeyID, Key: s.vera.Signer.Key}, // hers, under another name
	} {
		for _, inbox := range s.inboxes() {
			s.nothing(t, func() { wantStatus(t, s.eve.sendAs(signer, inbox, doc), 401, 403) })
		}
	}
	if a := s.knownActor(s.vera.ID); len(a.Keys) != 1 || a.Keys[0].ID != s.vera.Signer.KeyID {
		t.Errorf("vera's keys are %v", a.Keys)
	}
}

func (s *siege) b4(t *testing.T) {
	to := string(s.vera.ID)
	for _, path := range []string{"/moved", "/keys/moved"} {
		s.evil.take(path, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) })
	}
	for _, key := range []federation.IRI{s.evil.url("/moved#main-key"), s.evil.url("/keys/moved")} {
		for _, actor := range []federation.IRI{s.vera.ID, s.evil.url("/moved")} {
			doc := s.vera.says("Create", s.vera.note(forged, s.toAlice(nil)), jsonDoc{"actor": actor})
			for _, inbox := range s.inboxes() {
				s.nothing(t, func() {
					wantStatus(t, s.eve.sendAs(signature.Signer{KeyID: key, Key: s.eve.Signer.Key}, inbox, doc), 401, 403)
				})
			}
		}
	}
}

func (s *siege) b5(t *testing.T) {
	for _, actor := range []any{
		[]any{s.vera.ID, s.eve.ID}, []any{s.eve.ID, s.vera.ID}, []any{}, nil, 7, "", "vera", jsonDoc{}, jsonDoc{"id": 7},
	} {
		s.refused(t, s.vera, s.vera.says("Create", s.vera.note(forged, s.toAlice(nil)), jsonDoc{"actor": actor}), 400)
	}
	doc := s.vera.says("Create", s.vera.note(forged, s.toAlice(nil)), nil)
	delete(doc, "actor")
	s.refused(t, s.vera, doc, 400)
}

func (s *siege) b6(t *testing.T) {
	for _, actor := range []any{s.bad.ID, s.bad.document(), []any{s.bad.document()}} {
		s.refused(t, s.bad, s.bad.says("Create", s.bad.note(forged, s.toAlice(nil)), jsonDoc{"actor": actor}), 403)
	}
	s.refused(t, s.bad, s.bad.says("Follow", s.Actor.ID, nil), 403)
	// Nor what a good server says of them.
	n := s.bad.note(forged, nil)
	s.other.publish(strings.TrimPrefix(idIn(n), s.other.URL), n)
	s.nothing(t, func() {
		wantStatus(t, s.vera.send(s.alice.Inbox, s.vera.says("Announce", n["id"], s.toAlice(nil))), 202, 403)
	})
	if n := s.other.asked(""); n != 0 {
		t.Errorf("the suspended server was asked %d times", n)
	}
}

func (s *siege) b7(t *testing.T) {
	for _, id := range []federation.IRI{s.good.url("/activities/1"), federation.IRI(s.Origin + "/activities/1"), s.evil.url("/a#") + "x"} {
		if id.SameOrigin(s.eve.ID) {
			continue
		}
		s.refused(t, s.eve, s.eve.says("Create", s.eve.note(forged, s.toAlice(nil)), jsonDoc{"id": id}), 400, 403)
		s.refused(t, s.eve, s.eve.says("Delete", s.public["id"], jsonDoc{"id": id}), 400, 403)
		s.refused(t, s.eve, s.eve.says("Update", s.vera.note(forged, jsonDoc{"id": s.public["id"]}), jsonDoc{"id": id}), 400, 403)
	}
}

// b8 compares all but the log of activities: that somebody said something is
// remembered.
func (s *siege) b8(t *testing.T) {
	for _, mallory := range []*stranger{s.mal, s.eve} {
		for _, id := range []any{s.narrow["id"], s.ourClose.ID} {
			before := s.dumpOf("objects", "object_documents", "object_addressees", "edges", "notices")
			for _, author := range []federation.IRI{mallory.ID, s.vera.ID} {
				note := mallory.note(forged, s.toAlice(jsonDoc{"id": id, "attributedTo": author}))
				for _, inbox := range s.inboxes() {
					wantStatus(t, mallory.send(inbox, mallory.says("Create", note, nil)), 202, 400, 403)
				}
			}
			s.settle()
			if d := cmp.Diff(before, s.dumpOf("objects", "object_documents", "object_addressees", "edges", "notices")); d != "" {
				t.Errorf("%s: %s", mallory.ID, d)
			}
		}
	}
	if s.holds(forged) {
		t.Error("forged text is stored")
	}
}

func (s *siege) dumpOf(tables ...string) (lines []string) {
	for _, l := range strings.Split(s.dump(), "\n") {
		if table, _, _ := strings.Cut(l, ":"); slices.Contains(tables, table) {
			lines = append(lines, l)
		}
	}
	return lines
}

func (s *siege) b9(t *testing.T) {
	genuine := s.vera.note("l’original", nil)
	s.good.publish(strings.TrimPrefix(idIn(genuine), s.good.URL), genuine)
	fake := s.vera.note(forged, jsonDoc{"id": genuine["id"], "cc": []federation.IRI{s.alice.ID}})
	asked := s.good.asked(strings.TrimPrefix(idIn(genuine), s.good.URL))

	// Of an Announce the origin is asked.
	wantStatus(t, s.eve.send(s.alice.Inbox, s.eve.says("Announce", fake, s.toAlice(nil))), 202)
	eventually(t, "the announced note is there", func() bool { return s.object(s.id(genuine)) != nil })
	if o := s.object(s.id(genuine)); !strings.Contains(o.Content, "l’original") {
		t.Errorf("it says %s", o.Content)
	}
	if s.good.asked(strings.TrimPrefix(idIn(genuine), s.good.URL)) == asked {
		t.Error("its origin was not asked")
	}
	// So of an Announce of a Create, as circuits send them.
	second := s.vera.note("le deuxième", nil)
	s.good.publish(strings.TrimPrefix(idIn(second), s.good.URL), second)
	inner := s.vera.says("Create", s.vera.note(forged, jsonDoc{"id": second["id"]}), nil)
	wantStatus(t, s.eve.send(s.Actor.SharedInbox, s.eve.says("Announce", inner, s.toAlice(nil))), 202)
	eventually(t, "the announced note is there", func() bool { return s.object(s.id(second)) != nil })
	// A Create speaks for its actor only.
	third := s.vera.note("le troisième", nil)
	s.good.publish(strings.TrimPrefix(idIn(third), s.good.URL), third)
	s.refused(t, s.eve, s.eve.says("Create", s.vera.note(forged, s.toAlice(jsonDoc{"id": third["id"]})), s.toAlice(nil)), 202, 403)
	s.refused(t, s.eve, s.eve.says("Create", s.vera.note(forged, s.toAlice(jsonDoc{"id": third["id"], "attributedTo": s.eve.ID})), s.toAlice(nil)), 202, 403)
	s.settle()
	if s.holds(forged) {
		t.Error("forged text is stored")
	}
}

func (s *siege) b10(t *testing.T) {
	note := s.vera.note("authentique", s.toAlice(nil))
	genuine := s.vera.says("Create", note, nil)
	fake := s.vera.says("Create", s.vera.note(forged, s.toAlice(jsonDoc{"id": note["id"]})), jsonDoc{"id": genuine["id"]})
	s.refused(t, s.eve, fake, 401, 403)
	s.refused(t, s.mal, fake, 401, 403)
	// The same id in another's mouth.
	s.nothing(t, func() {
		wantStatus(t, s.eve.send(s.alice.Inbox, s.eve.says("Like", s.ours.ID, jsonDoc{"id": genuine["id"]})), 400, 403)
	})
	wantStatus(t, s.vera.send(s.alice.Inbox, genuine), 202)
	eventually(t, "the genuine one works", func() bool { return s.object(s.id(note)) != nil })
}

func (s *siege) b11(t *testing.T) {
	doc := s.vera.says("Create", s.vera.note(forged+strings.Repeat("a", 1<<20), s.toAlice(nil)), nil)
	raw := encode(t, doc)
	padding := func(n int) []byte {
		small := encode(t, s.vera.says("Create", s.vera.note(forged, s.toAlice(nil)), nil))
		return append(small, bytes.Repeat([]byte(" "), n-len(small))...)
	}
	for _, body := range [][]byte{raw, padding(1<<20 + 1)} {
		begin := time.Now()
		s.refused(t, s.vera, body, 413)
		if d := time.Since(begin); d > 10*time.Second {
			t.Errorf("refusing took %s", d)
		}
	}
	for _, inbox := range s.inboxes() { // chunked, without end
		s.nothing(t, func() {
			r := s.vera.letter(s.vera.Signer, inbox, raw)
			var n atomic.Int64
			r.Body = io.NopCloser(readerFunc(func(p []byte) (int, error) {
				n.Add(int64(len(p)))
				return copy(p, bytes.Repeat([]byte("a"), len(p))), nil
			}))
			r.ContentLength, r.GetBody = -1, nil
			begin := time.Now()
			resp, err := s.vera.peer.client.Do(r)
			if err == nil {
				_ = resp.Body.Close()
				if resp.StatusCode != http.StatusRequestEntityTooLarge {
					t.Errorf("a body without end: %d", resp.StatusCode)
				}
			}
			if d := time.Since(begin); d > 30*time.Second {
				t.Errorf("it was read for %s", d)
			}
			if n.Load() > 64<<20 {
				t.Errorf("%d bytes were taken", n.Load())
			}
		})
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func (s *siege) b12(t *testing.T) {
	doc := string(encode(t, s.eve.says("Create", s.eve.note(forged, s.toAlice(nil)), nil)))
	for _, twice := range []string{
		`{"actor":"` + string(s.vera.ID) + `",` + doc[1:],
		doc[:len(doc)-1] + `,"actor":"` + string(s.vera.ID) + `"}`,
		doc[:len(doc)-1] + `,"\u0061ctor":"` + string(s.vera.ID) + `"}`,
		strings.Replace(doc, `"attributedTo"`, `"attributedTo":"`+string(s.vera.ID)+`","attributedTo"`, 1),
	} {
		s.refused(t, s.eve, twice, 400)
		s.refused(t, s.vera, twice, 400)
	}
	// Another case is another name.
	note := s.vera.note("une seule casse", s.toAlice(jsonDoc{"Content": forged, "ID": s.public["id"], "AttributedTo": s.eve.ID}))
	wantStatus(t, s.vera.send(s.alice.Inbox, s.vera.says("Create", note, jsonDoc{"Actor": s.eve.ID, "TYPE": "Delete", "Object": s.public["id"]})), 202)
	eventually(t, "the note is read by its exact names", func() bool { return s.object(s.id(note)) != nil })
	if o := s.object(s.id(note)); o.AttributedTo != s.vera.ID || strings.Contains(o.Content, forged) {
		t.Errorf("%s says %s", o.AttributedTo, o.Content)
	}
	wantStatus(t, s.vera.send(s.alice.Inbox, s.vera.says("Delete", note["id"], nil)), 202) // its bytes are kept
	eventually(t, "it is deleted", func() bool { return s.object(s.id(note)).Gone() })
	s.settle()
}

func (s *siege) b13(t *testing.T) {
	for _, name := range []string{"@graph", "@included", "@reverse", "\\u0040graph"} {
		inner := string(encode(t, s.eve.says("Delete", s.public["id"], jsonDoc{"actor": s.vera.ID})))
		doc := string(encode(t, s.eve.says("Create", s.eve.note(forged, s.toAlice(nil)), nil)))
		s.refused(t, s.eve, doc[:len(doc)-1]+`,"`+name+`":[`+inner+`]}`, 400)
		s.refused(t, s.eve, `{"`+name+`":[`+inner+`]}`, 400)
	}
}

func (s *siege) b14(t *testing.T) {
	context := string(s.evil.url("/context.jsonld"))
	// A remote context is not read: the properties are what their names say.
	note := s.eve.note("contexte lointain", s.toAlice(nil))
	wantStatus(t, s.eve.send(s.alice.Inbox, s.eve.says("Create", note, jsonDoc{"@context": context})), 202)
	// Nor is what a term is redefined to.
	second := s.eve.note("contexte menteur", s.toAlice(nil))
	wantStatus(t, s.eve.send(s.alice.Inbox, s.eve.says("Create", second, jsonDoc{"@context": []any{
		context, jsonDoc{"actor": "as:object", "object": "as:actor", "summary": "as:actor", "@vocab": context},
	}})), 202)
	for _, n := range []jsonDoc{note, second} {
		eventually(t, "it is read plainly", func() bool { return s.object(s.id(n)) != nil })
		if o := s.object(s.id(n)); o.AttributedTo != s.eve.ID {
			t.Errorf("it is %s's", o.AttributedTo)
		}
	}
	if n := s.evil.asked("/context.jsonld"); n != 0 {
		t.Errorf("the context was fetched %d times", n)
	}
	const as = "https://www.w3.org/ns/activitystreams#"
	s.refused(t, s.eve, jsonDoc{
		"@id": s.eve.id("a"), "@type": []string{as + "Create"}, as + "actor": []any{jsonDoc{"@id": s.vera.ID}}, as + "object": []any{s.eve.note(forged, nil)},
	}, 400)
	s.refused(t, s.eve, jsonDoc{"as:type": "Create", "as:actor": s.eve.ID, "as:object": s.eve.note(forged, nil)}, 400)
}

func (s *siege) b15(t *testing.T) {
	for _, mallory := range []*stranger{s.eve, s.mal} {
		s.refused(t, mallory, s.vera.says("Create", s.vera.note(forged, s.toAlice(nil)), jsonDoc{"signature": jsonDoc{
			"type": "RsaSignature2017", "creator": s.vera.Signer.KeyID, "created": "2026-01-01T00:00:00Z", "signatureValue": "bm8=",
		}}), 401, 403)
	}
}

func (s *siege) b16(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000)
	lists := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	var tree func(depth int) string
	tree = func(depth int) string {
		if depth == 0 {
			return `{"type":"Note"}`
		}
		return `{"type":"Note","replies":[` + tree(depth-1) + "," + tree(depth-1) + "]}"
	}
	head := `{"id":"` + string(s.eve.id("a")) + `","type":"Create","actor":"` + string(s.eve.ID) + `","content":"` + forged + `","object":`
	for name, body := range map[string]string{"objects": deep, "lists": lists, "tree": tree(13), "nodes": "[" + strings.Repeat("{},", 50_000) + "{}]"} {
		begin := time.Now()
		s.refused(t, s.eve, head+body+"}", 400)
		// 100 ms for each on a machine that has nothing else to do.
		if d := time.Since(begin); d > 10*time.Second {
			t.Errorf("%s: refusing took %s", name, d)
		}
	}
}

func (s *siege) b17(t *testing.T) {
	doc := string(encode(t, s.eve.says("Create", s.eve.note(forged, s.toAlice(nil)), nil)))
	for _, body := range []string{
		"[]", "[" + doc + "]", "null", `"x"`, "1", "true", "", " ", "{}", doc + doc, doc + "\n{}", doc + "x", doc[:len(doc)-1],
		strings.Replace(doc, forged, forged+"\xff\xfe", 1), strings.Replace(doc, "Create", "\xc0\xafCreate", 1), "\xef\xbb\xbf" + doc + "]",
	} {
		s.refused(t, s.eve, body, 400)
	}
}

func (s *siege) b18(t *testing.T) {
	for name, doc := range map[string]jsonDoc{
		"id number":                  s.eve.says("Create", s.eve.note(forged, s.toAlice(nil)), jsonDoc{"id": 7}),
		"object number":              s.eve.says("Create", 7, nil),
		"object list of numbers":     s.eve.says("Create", []any{7, 8}, nil),
		"object null":                s.eve.says("Create", nil, nil),
		"object true":                s.eve.says("Delete", true, nil),
		"type number":                s.eve.says("Create", s.eve.note(forged, nil), jsonDoc{"type": 7}),
		"Accept without inner actor": s.eve.says("Accept", jsonDoc{"type": "Follow", "object": s.eve.ID}, nil),
		"Undo without inner actor":   s.eve.says("Undo", jsonDoc{"type": "Follow", "object": s.Actor.ID}, nil),
		"Undo of an empty Follow":    s.eve.says("Undo", jsonDoc{"type": "Follow"}, nil),
		"Accept of nothing":          s.eve.says("Accept", jsonDoc{}, nil),
		"Follow of nothing":          s.eve.says("Follow", jsonDoc{"type": "Person"}, nil),
	} {
		t.Run(name, func(t *testing.T) { s.refused(t, s.eve, doc, 400) })
	}
	// Nonsense deeper inside is at least survived.
	for _, doc := range []jsonDoc{
		s.eve.says("Create", s.eve.note(forged, jsonDoc{"id": 7}), nil),
		s.eve.says("Create", s.eve.note(forged, jsonDoc{"attributedTo": 7}), nil),
		s.eve.says("Create", s.eve.note(forged, jsonDoc{"attributedTo": []any{s.eve.ID, s.vera.ID}, "type": []any{}}), nil),
		s.eve.says("Undo", jsonDoc{"type": "Follow", "id": s.eve.id("f"), "actor": []any{s.eve.ID, 7}, "object": jsonDoc{}}, nil),
		s.eve.says("Accept", jsonDoc{"type": "Follow", "id": 7, "actor": s.Actor.ID, "object": s.eve.ID}, nil),
		s.eve.says("Announce", jsonDoc{"type": "Create", "actor": s.eve.ID}, nil),
		s.eve.says("Move", s.eve.ID, jsonDoc{"target": 7}),
		s.eve.says("Flag", []any{7}, nil),
		s.eve.says("Add", s.eve.id("n"), jsonDoc{"target": jsonDoc{}}),
	} {
		s.refusedBut(t, s.eve, doc)
	}
}

func (s *siege) b19(t *testing.T) {
	nobody := s.Origin + "/actors/nobody"
	for _, to := range []jsonDoc{
		{"to": []string{nobody, nobody}},
		{"to": []string{nobody}, "cc": []string{nobody, nobody}},
		{"to": []any{s.Actor.Followers}, "cc": []any{s.Actor.Followers}},
		{"to": []any{s.Actor.Followers, s.Actor.Followers}, "cc": []any{s.alice.ID, s.alice.ID, s.Actor.Inbox}},
		{"to": s.Origin, "cc": s.Origin + "/"},
		{"to": []any{s.vera.ID + "/followers", s.vera.ID + "/followers"}, "cc": []any{s.vera.ID + "/followers"}},
	} {
		for _, inbox := range s.inboxes() {
			note := s.vera.note("à personne", to)
			wantStatus(t, s.vera.send(inbox, s.vera.says("Create", note, nil)), 202)
			s.settle()
		}
		s.alive(t)
	}
}

func (s *siege) b20(t *testing.T) {
	doc := encode(t, s.eve.says("Create", s.eve.note(forged, s.toAlice(nil)), nil))
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(doc)
	_ = z.Close()
	for _, c := range []struct {
		body          []byte
		kind, encoded string
	}{
		{packed.Bytes(), vocab.ActivityJSON, "gzip"},
		{doc, vocab.ActivityJSON, "gzip"},
		{doc, vocab.ActivityJSON, "br"},
		{doc, "text/plain", ""},
		{doc, "application/json", ""},
		{doc, "application/x-www-form-urlencoded", ""},
		{doc, "text/html", ""},
		{doc, "", ""},
		{doc, "image/png", ""},
	} {
		for _, inbox := range s.inboxes() {
			s.nothing(t, func() {
				r := s.eve.letter(s.eve.Signer, inbox, c.body)
				r.Header.Set("Content-Type", c.kind)
				if c.kind == "" {
					r.Header.Del("Content-Type")
				}
				if c.encoded != "" {
					r.Header.Set("Content-Encoding", c.encoded)
				}
				if err := signature.Sign(r, c.body, s.eve.Signer, time.Now()); err != nil {
					if c.kind == "" {
						return // our own signer wants one
					}
					t.Fatal(err)
				}
				wantStatus(t, send(t, s.eve.peer.client, r), 415, 400, 406)
			})
		}
	}
}

func (s *siege) b21(t *testing.T) {
	for name, serve := range map[string]func(path string){
		"foreign id":     func(path string) { s.evil.publish(path, s.vera.note(forged, nil)) },
		"our id":         func(path string) { s.evil.publish(path, s.eve.note(forged, jsonDoc{"id": s.Origin + "/objects/x"})) },
		"foreign author": func(path string) { s.evil.publish(path, s.vera.note(forged, jsonDoc{"id": s.evil.url(path)})) },
		"no id":          func(path string) { n := s.eve.note(forged, nil); delete(n, "id"); s.evil.publish(path, n) },
		"another id":     func(path string) { s.evil.publish(path, s.eve.note(forged, nil)) },
		"text/html": func(path string) {
			s.evil.publishAs(path, "text/html", 200, s.eve.note(forged, jsonDoc{"id": s.evil.url(path)}))
		},
		"an upload": func(path string) {
			s.evil.publishAs(path, "image/png", 200, s.eve.note(forged, jsonDoc{"id": s.evil.url(path)}))
		},
		"plain JSON": func(path string) {
			s.evil.publishAs(path, "application/json", 200, s.eve.note(forged, jsonDoc{"id": s.evil.url(path)}))
		},
		"ld+json no more": func(path string) {
			s.evil.publishAs(path, "application/ld+json", 200, s.eve.note(forged, jsonDoc{"id": s.evil.url(path)}))
		},
		"an error": func(path string) {
			s.evil.publishAs(path, vocab.ActivityJSON, 403, s.eve.note(forged, jsonDoc{"id": s.evil.url(path)}))
		},
		"duplicate keys": func(path string) {
			s.evil.publish(path, `{"id":"`+string(s.evil.url(path))+`","type":"Note","type":"Note","content":"`+forged+`"}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := "/odd/" + strings.ReplaceAll(name, " ", "-")
			serve(path)
			s.refused(t, s.eve, s.eve.says("Announce", s.evil.url(path), s.toAlice(nil)), 202)
			if s.evil.asked(path) == 0 {
				t.Error("nobody asked for it")
			}
		})
	}
}

func (s *siege) b22(t *testing.T) {
	trap := newForeign(t, "127.0.0.5")
	genuine := s.vera.note("chez vera", nil)
	s.good.publish(strings.TrimPrefix(idIn(genuine), s.good.URL), genuine)
	redirect := func(path, to string) {
		s.evil.take(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
		})
	}
	redirect("/r/data", "data:application/activity+json,{}")
	redirect("/r/file", "file:///etc/passwd")
	redirect("/r/ftp", "ftp://127.0.0.5/x")
	redirect("/r/gopher", "gopher://"+trap.Host+"/x")
	redirect("/r/user", "http://user@"+trap.Host+"/x")
	redirect("/r/us", s.Origin+"/healthz")
	redirect("/r/loop", string(s.evil.url("/r/loop")))
	redirect("/r/elsewhere", idIn(genuine))
	redirect("/r/nowhere", "")
	redirect("/r/garbage", "http://[::1")
	for n := range 6 {
		redirect(fmt.Sprintf("/r/hop%d", n), string(s.evil.url(fmt.Sprintf("/r/hop%d", n+1))))
	}
	s.evil.publish("/r/hop6", s.eve.note(forged, jsonDoc{"id": s.evil.url("/r/hop0")}))
	for _, path := range []string{"data", "file", "ftp", "gopher", "user", "us", "loop", "elsewhere", "nowhere", "garbage", "hop0"} {
		s.refused(t, s.eve, s.eve.says("Announce", s.evil.url("/r/"+path), s.toAlice(nil)), 202)
	}
	if n := s.evil.asked("/r/loop"); n > 8 { // twice: once for each way of signing, and inbox
		t.Errorf("the loop was asked %d times", n)
	}
	if n := s.evil.asked("/r/hop4") + s.evil.asked("/r/hop6"); n > 0 {
		t.Error("more than three redirects were followed")
	}
	if n := trap.asked(""); n > 0 {
		t.Errorf("the trap was asked %d times", n)
	}
}

func (s *siege) b24(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	zeros := bytes.Repeat([]byte(" "), 1<<20)
	for range 16 { // what counts is that it is never inflated
		_, _ = z.Write(zeros)
	}
	_ = z.Close()
	s.evil.publishAs("/big/gzip", vocab.ActivityJSON, 200, bomb.Bytes(), "Content-Encoding", "gzip")
	var written sync.Map
	s.evil.take("/big/length", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", vocab.ActivityJSON)
		w.Header().Set("Content-Length", "10737418240")
		endless(w, &written, "length")
	})
	s.evil.take("/big/endless", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", vocab.ActivityJSON)
		endless(w, &written, "endless")
	})
	s.evil.take("/big/header", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", vocab.ActivityJSON)
		w.Header().Set("X-Long", strings.Repeat("a", 1<<20))
		_, _ = w.Write([]byte("{}"))
	})
	for _, path := range []string{"gzip", "length", "endless", "header"} {
		begin := time.Now()
		s.refused(t, s.eve, s.eve.says("Announce", s.evil.url("/big/"+path), s.toAlice(nil)), 202)
		if d := time.Since(begin); d > 30*time.Second {
			t.Errorf("%s took %s", path, d)
		}
	}
	written.Range(func(path, n any) bool {
		// What the kernel takes into its buffers comes on top.
		if n.(int) > 16<<20 {
			t.Errorf("%v: %v bytes were taken", path, n)
		}
		return true
	})
}

// endless writes until nobody listens.
func endless(w http.ResponseWriter, written *sync.Map, name string) {
	chunk, n := bytes.Repeat([]byte(" "), 64<<10), 0
	for n < 1<<30 {
		k, err := w.Write(chunk)
		n += k
		if err != nil {
			break
		}
	}
	written.Store(name, n)
}

func (s *siege) b25(t *testing.T) {
	self := s.evil.url("/pages/self")
	s.evil.publish("/pages/self", jsonDoc{"id": self, "type": "OrderedCollectionPage", "next": self, "orderedItems": []any{s.eve.id("n")}})
	var fresh int
	s.evil.take("/pages/fresh", func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) })
	page := func(n int) string { return fmt.Sprintf("/pages/%d", n) }
	for n := range 50 {
		s.evil.take(page(n), func(w http.ResponseWriter, _ *http.Request) {
			fresh++
			w.Header().Set("Content-Type", vocab.ActivityJSON)
			_ = json.NewEncoder(w).Encode(jsonDoc{
				"id": s.evil.url(page(n)), "type": "OrderedCollectionPage", "next": s.evil.url(page(n + 1)), "orderedItems": []any{s.eve.id("n")},
			})
		})
	}
	items, _, err := s.Client.Collection(t.Context(), self, 1000)
	if n := s.evil.asked("/pages/self"); n > 10 || len(items) > 10 {
		t.Errorf("the page that is its own next was read %d times (%v)", n, err)
	}
	if _, _, err := s.Client.Collection(t.Context(), s.evil.url(page(0)), 1000); fresh > 10 {
		t.Errorf("%d pages were read (%v)", fresh, err)
	}
}

func (s *siege) b26(t *testing.T) {
	chain := func(n int) string { return fmt.Sprintf("/chain/%d", n) }
	for n := range 60 {
		s.evil.publish(chain(n), s.eve.note(fmt.Sprintf("maillon %d", n), jsonDoc{"id": s.evil.url(chain(n)), "inReplyTo": s.evil.url(chain(n + 1))}))
	}
	s.evil.publish("/cycle/a", s.eve.note("a", jsonDoc{"id": s.evil.url("/cycle/a"), "inReplyTo": s.evil.url("/cycle/b")}))
	s.evil.publish("/cycle/b", s.eve.note("b", jsonDoc{"id": s.evil.url("/cycle/b"), "inReplyTo": s.evil.url("/cycle/a")}))
	for _, parent := range []federation.IRI{s.evil.url(chain(0)), s.evil.url("/cycle/a")} {
		before := s.evil.asked("")
		note := s.eve.note("réponse", s.toAlice(jsonDoc{"inReplyTo": parent}))
		wantStatus(t, s.eve.send(s.alice.Inbox, s.eve.says("Create", note, nil)), 202)
		eventually(t, "the reply arrives", func() bool { return s.object(s.id(note)) != nil })
		last := s.evil.url("/cycle/b")
		if parent != s.evil.url("/cycle/a") {
			last = s.evil.url(chain(4))
		}
		eventually(t, "its parents are read", func() bool { return s.object(last) != nil })
		s.settle()
		if n := s.evil.asked("") - before; n > 20 {
			t.Errorf("%d requests for one reply", n)
		}
	}
	// An Announce of an Announce of an Announce ...
	doc := any(s.eve.note(forged, nil))
	for range 100 {
		doc = s.eve.says("Announce", doc, nil)
	}
	before := s.evil.asked("")
	s.refused(t, s.eve, doc, 202, 400)
	for n := range 100 {
		next := any(s.evil.url(fmt.Sprintf("/announce/%d", n+1)))
		s.evil.publish(fmt.Sprintf("/announce/%d", n), s.eve.says("Announce", next, jsonDoc{"id": s.evil.url(fmt.Sprintf("/announce/%d", n))}))
	}
	s.refused(t, s.eve, s.eve.says("Announce", s.evil.url("/announce/0"), s.toAlice(nil)), 202)
	if n := s.evil.asked("") - before; n > 40 { // two inboxes, two activities
		t.Errorf("%d requests for an Announce of Announces", n)
	}
}

func (s *siege) b27(t *testing.T) {
	id := s.public["id"]
	for _, mallory := range []*stranger{s.mal, s.eve} {
		for _, doc := range []jsonDoc{
			mallory.says("Update", mallory.note(forged, jsonDoc{"id": id, "updated": later(1)}), nil),
			mallory.says("Update", s.vera.note(forged, jsonDoc{"id": id, "updated": later(1)}), nil),
			mallory.says("Update", s.vera.document(), nil),
			mallory.says("Delete", id, nil),
			mallory.says("Delete", jsonDoc{"type": "Tombstone", "id": id}, nil),
			mallory.says("Delete", s.vera.ID, nil),
			mallory.says("Delete", s.ours.ID, nil),
			mallory.says("Delete", s.Actor.ID, nil),
			mallory.says("Update", jsonDoc{"type": "Note", "id": s.ours.ID, "attributedTo": mallory.ID, "content": forged}, nil),
			mallory.says("Update", jsonDoc{"type": "Note", "id": s.ours.ID, "attributedTo": s.Actor.ID, "content": forged}, nil),
			mallory.says("Undo", s.edge(federation.Follow, s.vera.ID, s.Actor.ID).By, nil),
			mallory.says("Undo", jsonDoc{"type": "Follow", "id": s.edge(federation.Follow, s.vera.ID, s.Actor.ID).By, "actor": s.vera.ID, "object": s.Actor.ID}, nil),
			mallory.says("Undo", jsonDoc{"type": "Follow", "id": mallory.id("f"), "actor": s.vera.ID, "object": s.Actor.ID}, nil),
			mallory.says("Move", s.vera.ID, jsonDoc{"target": mallory.ID}),
			mallory.says("Add", id, jsonDoc{"target": s.vera.ID + "/featured"}),
			mallory.says("Block", s.Actor.ID, jsonDoc{"actor": s.vera.ID}),
		} {
			s.refusedBut(t, mallory, doc)
		}
	}
}

func later(days int) string { return time.Now().AddDate(0, 0, days).UTC().Format(time.RFC3339) }

// refusedBut wants no effect but that the sender's words are remembered.
func (s *siege) refusedBut(t *testing.T, from *stranger, doc jsonDoc) {
	t.Helper()
	tables := []string{"objects", "object_documents", "object_addressees", "edges", "notices", "actors", "deliveries"}
	for _, inbox := range s.inboxes() {
		before := s.dumpOf(tables...)
		wantStatus(t, from.send(inbox, doc), 202, 400, 401, 403)
		s.settle()
		if d := cmp.Diff(before, s.dumpOf(tables...)); d != "" {
			t.Errorf("%s %v by %s had an effect:\n%s", doc["type"], idIn(doc["object"]), from.ID, d)
		}
	}
	if s.holds(forged) {
		t.Errorf("%s: forged text is stored", doc["type"])
	}
}

func (s *siege) b28(t *testing.T) {
	note := s.vera.note("reste comme c’est", s.toAlice(nil))
	wantStatus(t, s.vera.send(s.alice.Inbox, s.vera.says("Create", note, nil)), 202)
	eventually(t, "the note arrives", func() bool { return s.object(s.id(note)) != nil })
	change := func(extra jsonDoc) jsonDoc {
		n := jsonDoc{}
		for k, v := range note {
			n[k] = v
		}
		n["content"], n["updated"] = forged, later(1)
		for k, v := range extra {
			n[k] = v
		}
		return s.vera.says("Update", n, nil)
	}
	for _, doc := range []jsonDoc{
		change(jsonDoc{"attributedTo": s.mal.ID}),
		change(jsonDoc{"attributedTo": s.eve.ID}),
		change(jsonDoc{"attributedTo": s.Actor.ID}),
		change(jsonDoc{"attributedTo": []any{s.vera.ID, s.eve.ID}, "id": s.ours.ID}),
		change(jsonDoc{"type": "Event", "name": forged, "startTime": later(3)}),
		change(jsonDoc{"type": "Article", "name": forged}),
		change(jsonDoc{"type": "Person", "inbox": s.vera.ID + "/inbox"}),
		change(jsonDoc{"type": "Follow", "actor": s.vera.ID, "object": s.Actor.ID}),
		change(jsonDoc{"id": s.ours.ID}),
	} {
		s.refusedBut(t, s.vera, doc)
	}
}

func (s *siege) b29(t *testing.T) {
	gone := s.writes(s.Actor, "Effacé, et privé", s.Actor.Followers)
	foreignAudience := s.writes(s.Actor, "Aux gens de Vera", s.vera.ID+"/followers")
	fan, waiting, blocked := s.good.actor("fan"), s.good.actor("waiting"), s.good.actor("blocked")
	fan.follows(s.instance, s.Actor)
	blocked.follows(s.instance, s.Actor)
	waiting.follows(s.instance, s.shy)
	shyPost := s.writes(s.shy, "Aux acceptés", s.shy.Followers)
	toBlocked := s.writes(s.Actor, "À toi", blocked.ID)
	s.publish(&federation.Activity{Type: federation.Block, Object: blocked.ID})
	s.settle()
	const nothing = "/objects/abcdefghijklmnopqrstuvwxyz"
	random := s.get(nothing)
	if random.StatusCode != http.StatusNotFound {
		t.Fatalf("what is not there answers %d", random.StatusCode)
	}
	same := func(what string, a *httpAnswer) {
		t.Helper()
		random := random
		for _, c := range []string{"/replies", "/likes"} {
			if strings.HasSuffix(a.Request.URL.Path, c) {
				random = s.get(nothing + c)
			}
		}
		if a.StatusCode != random.StatusCode || !bytes.Equal(a.Body, random.Body) || a.Header.Get("Content-Type") != random.Header.Get("Content-Type") ||
			a.Header.Get("Vary") != random.Header.Get("Vary") || a.Header.Get("Cache-Control") != random.Header.Get("Cache-Control") {
			t.Errorf("%s: %d %s %v; what is not there: %d %s %v", what, a.StatusCode, a.Body, a.Header, random.StatusCode, random.Body, random.Header)
		}
	}
	token := "Bearer " + s.token(s.shy.ID)
	for name, o := range map[string]*federation.Object{"for followers": s.ourClose, "direct": s.ourDeep, "for others": foreignAudience, "of a locked actor": shyPost, "to a blocked one": toBlocked} {
		for _, headers := range [][]string{nil, {"Accept", vocab.MediaType}, {"Authorization", "Bearer nonsense"}, {"Signature", `keyId="x"`}} {
			same(name+", anonymous", s.get(string(o.ID), headers...))
		}
		if o.AttributedTo != s.shy.ID {
			same(name+", another of ours", s.get(string(o.ID), "Authorization", token))
		}
		for who, stranger := range map[string]*stranger{"a stranger": s.eve, "who waits to be accepted": waiting, "the blocked one": blocked, "of a suspended server": s.bad} {
			same(name+", "+who, stranger.reads(o.ID))
		}
		same(name+", its replies", s.get(string(o.ID)+"/replies"))
		same(name+", its likes", s.get(string(o.ID)+"/likes"))
		create := s.column("SELECT id FROM activities WHERE type = 'Create' AND object = "+s.quoted(string(o.ID)), 0)[0]
		same(name+", its Create", s.get(create))
		same(name+", its Create, a stranger", s.eve.reads(federation.IRI(create)))
		if a := s.get(string(o.ID), "Accept", "text/html"); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s, as a page: %d", name, a.StatusCode)
		}
	}
	same("for others, one of those others", s.mal.reads(foreignAudience.ID))
	if a := fan.reads(s.ourClose.ID); a.StatusCode != http.StatusOK {
		t.Errorf("a follower reads %d", a.StatusCode)
	}
	// Somebody's own key is not another's.
	r := s.request(http.MethodGet, string(s.ourClose.ID), nil, "Accept", vocab.ActivityJSON)
	if err := signature.Sign(r, nil, signature.Signer{KeyID: fan.Signer.KeyID, Key: s.eve.Signer.Key}, time.Now()); err != nil {
		t.Fatal(err)
	}
	same("for followers, by a false signature", s.do(r))
	// Nor does an old request open it again.
	r = s.request(http.MethodGet, string(s.ourClose.ID), nil, "Accept", vocab.ActivityJSON)
	if err := signature.Sign(r, nil, fan.Signer, time.Now().Add(-2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	same("for followers, by an old signature", s.do(r))
	s.deletes(gone.ID)
	for _, stranger := range []*stranger{s.eve, waiting, blocked} {
		same("deleted, and private", stranger.reads(gone.ID))
	}
	same("deleted, and private, anonymous", s.get(string(gone.ID)))
	for _, path := range []string{string(s.Actor.Outbox) + "?page=", "/"} {
		for _, secret := range []string{"Aux nôtres", "À Alice", "Aux gens de Vera", "À toi"} {
			if a := s.get(path); bytes.Contains(a.Body, []byte(secret)) {
				t.Errorf("%s shows %q", path, secret)
			}
		}
	}
}

func (s *siege) b30(t *testing.T) {
	wantStatus(t, s.vera.send(s.alice.Inbox, s.vera.says("Announce", s.ourClose.ID, jsonDoc{"to": []federation.IRI{federation.Public}})), 202)
	wantStatus(t, s.eve.send(s.alice.Inbox, s.eve.says("Announce", s.ourDeep.ID, jsonDoc{"to": []federation.IRI{federation.Public}})), 202)
	whisper := s.vera.note("une réponse en privé", jsonDoc{"to": []federation.IRI{s.Actor.ID}, "cc": []string{}, "inReplyTo": s.ours.ID})
	wantStatus(t, s.vera.send(s.Actor.Inbox, s.vera.says("Create", whisper, nil)), 202)
	eventually(t, "the private reply arrives", func() bool { return s.object(s.id(whisper)) != nil })
	s.settle()
	for _, o := range []*federation.Object{s.ourClose, s.ourDeep} {
		if n := s.number("SELECT count(*) FROM edges WHERE kind = 'Announce' AND target = " + s.quoted(string(o.ID))); n != 0 {
			t.Errorf("%s is announced", o.ID)
		}
		if a := s.get(string(o.ID)); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers %d", o.ID, a.StatusCode)
		}
	}
	for _, path := range []string{string(s.ours.ID) + "/replies", string(s.ours.ID) + "/replies?page=", string(s.Actor.Outbox) + "?page=", "/"} {
		if a := s.get(path); bytes.Contains(a.Body, []byte(idIn(whisper))) || bytes.Contains(a.Body, []byte("en privé")) {
			t.Errorf("%s shows the private reply", path)
		}
	}
	s.view(func(ctx context.Context, tx *store.Tx) error {
		for _, viewer := range []federation.IRI{"", s.alice.ID, s.eve.ID} {
			if ok, err := tx.MayRead(ctx, viewer, s.object(s.id(whisper))); err != nil || ok {
				t.Errorf("%q reads it: %v", viewer, err)
			}
		}
		return nil
	})
}

func (s *siege) b31(t *testing.T) {
	keen := s.good.actor("keen")
	keen.follows(s.instance, s.shy)
	if e := s.edge(federation.Follow, keen.ID, s.shy.ID); e == nil || !e.Pending {
		t.Fatalf("the follow is %+v", e)
	}
	o := s.writes(s.shy, "Aux acceptés seulement", s.shy.Followers)
	s.settle()
	for _, p := range s.good.received("") {
		if bytes.Contains(p.body, []byte("acceptés seulement")) {
			t.Error("it was delivered")
		}
	}
	if a := keen.reads(o.ID); a.StatusCode != http.StatusNotFound {
		t.Errorf("it can be fetched: %d", a.StatusCode)
	}
	// To accept oneself is not possible.
	f := s.edge(federation.Follow, keen.ID, s.shy.ID).By
	s.refusedBut(t, keen, keen.says("Accept", f, nil))
	s.refusedBut(t, keen, keen.says("Accept", jsonDoc{"type": "Follow", "id": f, "actor": keen.ID, "object": s.shy.ID}, nil))
	s.refused(t, keen, keen.says("Accept", f, jsonDoc{"actor": s.shy.ID, "id": s.Origin + "/activities/x"}), 400, 401, 403)
	s.refusedBut(t, keen, keen.says("Follow", s.shy.ID, jsonDoc{"id": f, "pending": false}))
}

func (s *siege) b32(t *testing.T) {
	to := s.good.actor("wanted")
	f := s.asks(s.Actor, to.ID)
	s.settle()
	inner := jsonDoc{"type": "Follow", "id": f.ID, "actor": s.Actor.ID, "object": to.ID}
	for _, doc := range []jsonDoc{
		s.eve.says("Accept", f.ID, nil),
		s.eve.says("Accept", inner, nil),
		s.mal.says("Accept", f.ID, nil),
		s.mal.says("Accept", inner, nil),
		s.mal.says("Reject", inner, nil),
		s.mal.says("Accept", jsonDoc{"type": "Follow", "id": f.ID, "actor": s.Actor.ID, "object": s.mal.ID}, nil),
		// For a Follow that nobody sent.
		s.eve.says("Accept", jsonDoc{"type": "Follow", "id": s.Origin + "/activities/none", "actor": s.alice.ID, "object": s.eve.ID}, nil),
		s.eve.says("Accept", s.Origin+"/activities/none", nil),
		s.eve.says("Accept", s.eve.ID, nil),
		s.eve.says("Accept", s.ours.ID, nil),
		s.vera.says("Reject", s.Origin+"/activities/none", nil),
	} {
		from := s.mal
		if doc["actor"] == s.eve.ID {
			from = s.eve
		} else if doc["actor"] == s.vera.ID {
			from = s.vera
		}
		s.refusedBut(t, from, doc)
	}
	if e := s.edge(federation.Follow, s.Actor.ID, to.ID); e == nil || !e.Pending {
		t.Errorf("the follow is %+v", e)
	}
	if s.follows(s.alice.ID, s.eve.ID) {
		t.Error("alice follows eve")
	}
}

func (s *siege) b33(t *testing.T) {
	s.asks(s.shy, s.vera.ID) // and is not accepted
	s.settle()
	note := s.vera.note("aux miens seulement", jsonDoc{"to": []federation.IRI{s.vera.ID + "/followers"}, "cc": []string{}})
	wantStatus(t, s.vera.send(s.Actor.SharedInbox, s.vera.says("Create", note, nil)), 202)
	eventually(t, "it arrives", func() bool { return s.object(s.id(note)) != nil })
	for who, sees := range map[*federation.Actor]bool{s.Actor: true, s.alice: false, s.shy: false} {
		if got := slices.Contains(s.feed(who.ID), s.id(note)); got != sees {
			t.Errorf("%s sees it in the feed: %v", who.Username, got)
		}
		s.view(func(ctx context.Context, tx *store.Tx) error {
			ok, err := tx.MayRead(ctx, who.ID, s.object(s.id(note)))
			if ok != sees {
				t.Errorf("%s may read it: %v", who.Username, ok)
			}
			return err
		})
	}
	// It is nobody's to share.
	if err := s.tryPublish(&federation.Activity{Type: federation.Announce, Object: s.id(note), To: []federation.IRI{federation.Public}}); !errors.Is(err, federation.ErrForbidden) {
		t.Errorf("it can be shared: %v", err)
	}
	for _, path := range []string{"/", "/search?q=seulement", string(s.Actor.Outbox) + "?page="} {
		if a := s.get(path, "Accept", "text/html"); bytes.Contains(a.Body, []byte("aux miens seulement")) {
			t.Errorf("%s shows it", path)
		}
	}
}

func (s *siege) b34(t *testing.T) {
	mine := s.eve.note("épinglé", nil)
	s.evil.publish(strings.TrimPrefix(idIn(mine), s.evil.URL), mine)
	for _, verb := range []string{"Add", "Remove"} {
		for _, target := range []federation.IRI{s.Actor.Followers, s.Actor.Featured, s.Actor.Following, s.Actor.Outbox, s.alice.Inbox, s.vera.ID + "/featured", s.vera.ID + "/followers"} {
			for _, object := range []any{s.eve.ID, s.vera.ID, s.ours.ID, s.public["id"], mine["id"]} {
				if verb == "Remove" && object == mine["id"] {
					continue
				}
				for _, inbox := range s.inboxes()[:1] {
					wantStatus(t, s.eve.send(inbox, s.eve.says(verb, object, jsonDoc{"target": target})), 202, 403)
				}
			}
		}
	}
	s.settle()
	for _, kind := range []string{"Add", "Follow"} {
		if n := s.number("SELECT count(*) FROM edges WHERE kind = '" + kind + "' AND (source = " + s.quoted(string(s.eve.ID)) + " OR target = " + s.quoted(string(s.eve.ID)) + ")"); n != 0 {
			t.Errorf("%d edges of kind %s", n, kind)
		}
	}
	if !s.follows(s.vera.ID, s.Actor.ID) {
		t.Error("a follower was removed")
	}
}

func (s *siege) b35(t *testing.T) {
	late := s.vera.note(forged, s.toAlice(nil))
	wantStatus(t, s.vera.send(s.alice.Inbox, s.vera.says("Delete", late["id"], nil)), 202)
	eventually(t, "the Delete is applied", func() bool { o := s.object(s.id(late)); return o != nil && o.Gone() })
	s.refusedBut(t, s.vera, s.vera.says("Create", late, nil))
	s.refusedBut(t, s.vera, s.vera.says("Update", late, nil))

	note := s.vera.note("récent", s.toAlice(jsonDoc{"updated": later(0)}))
	wantStatus(t, s.vera.send(s.alice.Inbox, s.vera.says("Create", note, nil)), 202)
	eventually(t, "the note arrives", func() bool { return s.object(s.id(note)) != nil })
	for _, updated := range []string{later(-1), later(-400), "1970-01-01T00:00:00Z"} {
		older := s.vera.note(forged, s.toAlice(jsonDoc{"id": note["id"], "updated": updated, "published": updated}))
		s.refusedBut(t, s.vera, s.vera.says("Update", older, nil))
	}
	wantStatus(t, s.vera.send(s.alice.Inbox, s.vera.says("Delete", note["id"], nil)), 202)
	eventually(t, "it is deleted", func() bool { return s.object(s.id(note)).Gone() })
	s.refusedBut(t, s.vera, s.vera.says("Create", s.vera.note(forged, s.toAlice(jsonDoc{"id": note["id"]})), nil))
	s.refusedBut(t, s.vera, s.vera.says("Update", s.vera.note(forged, s.toAlice(jsonDoc{"id": note["id"], "updated": later(2)})), nil))
}

func (s *siege) b36(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	begin := time.Now()
	s.nothing(t, func() {
		for n := range 1000 {
			who := s.evil.url(fmt.Sprintf("/users/gone%d", n))
			doc := jsonDoc{"@context": "https://www.w3.org/ns/activitystreams", "id": who + "#delete", "type": "Delete", "actor": who, "object": who, "to": []federation.IRI{federation.Public}}
			signer := signature.Signer{KeyID: who + "#main-key", Key: s.eve.Signer.Key}
			if a := s.eve.sendAs(signer, s.inboxes()[n%2], doc); a.StatusCode != http.StatusAccepted {
				t.Fatalf("%d", a.StatusCode)
			}
		}
	})
	if d := time.Since(begin); d > 60*time.Second {
		t.Errorf("it took %s", d)
	}
	// Only theirs count: what another part asked for in vain is asked for again.
	for path := range s.evil.paths() {
		if strings.HasPrefix(path, "/users/gone") {
			t.Errorf("%s was asked for", path)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if after.HeapAlloc > before.HeapAlloc+50<<20 {
		t.Errorf("the heap grew from %d to %d bytes", before.HeapAlloc, after.HeapAlloc)
	}
}

func (s *siege) b37(t *testing.T) {
	trap := newForeign(t, "127.0.0.6")
	thief := s.evil.actor("nouvelle")
	before := s.knownActor(s.vera.ID)
	doc := s.vera.document()
	doc["name"], doc["inbox"], doc["endpoints"] = forged, trap.url("/inbox"), jsonDoc{"sharedInbox": trap.url("/inbox")}
	doc["publicKey"] = jsonDoc{"id": s.vera.Signer.KeyID, "owner": s.vera.ID, "publicKeyPem": thief.public}
	for _, inbox := range s.inboxes() {
		wantStatus(t, s.vera.send(inbox, s.vera.says("Update", doc, nil)), 202)
	}
	s.settle()
	after := s.knownActor(s.vera.ID)
	if d := cmp.Diff(before.Keys, after.Keys); d != "" || before.Inbox != after.Inbox || before.SharedInbox != after.SharedInbox || after.Name == forged {
		t.Errorf("vera is %+v", after)
	}
	for _, inbox := range s.inboxes() {
		s.nothing(t, func() {
			wantStatus(t, s.eve.sendAs(signature.Signer{KeyID: s.vera.Signer.KeyID, Key: thief.Signer.Key}, inbox, s.vera.says("Create", s.vera.note(forged, s.toAlice(nil)), nil)), 401)
		})
	}
	s.writes(s.Actor, "à Vera", s.vera.ID)
	s.settle()
	if n := len(trap.received("")) + trap.asked(""); n != 0 {
		t.Errorf("the trap was called %d times", n)
	}
	// An actor may not claim the inbox of another server at its origin either.
	claim := s.evil.actor("claim")
	claim.extra = jsonDoc{"inbox": trap.url("/inbox")}
	claim.show()
	s.nothing(t, func() {
		wantStatus(t, claim.send(s.alice.Inbox, claim.says("Follow", s.Actor.ID, nil)), 401, 403)
	})
	if n := len(trap.received("")); n != 0 {
		t.Errorf("the trap was called %d times", n)
	}
}

func (s *siege) ourOwn(t *testing.T) {
	for _, signer := range []signature.Signer{s.eve.Signer, {KeyID: s.Actor.ID + "#main-key", Key: s.eve.Signer.Key}} {
		for _, doc := range []jsonDoc{
			s.eve.says("Create", s.eve.note(forged, jsonDoc{"attributedTo": s.Actor.ID}), jsonDoc{"actor": s.Actor.ID}),
			s.eve.says("Create", s.eve.note(forged, nil), jsonDoc{"actor": s.Actor.ID, "id": s.Origin + "/activities/y"}),
			s.eve.says("Delete", s.Actor.ID, jsonDoc{"actor": s.Actor.ID}),
			s.eve.says("Delete", s.Origin+"/actors/nobody", jsonDoc{"actor": s.Origin + "/actors/nobody"}),
		} {
			for _, inbox := range s.inboxes() {
				s.nothing(t, func() { wantStatus(t, s.eve.sendAs(signer, inbox, doc), 400, 401, 403) })
			}
		}
	}
	// Not even what truly is ours.
	key, err := s.ourSigner()
	if err != nil {
		t.Fatal(err)
	}
	for _, inbox := range s.inboxes() {
		s.nothing(t, func() {
			doc := jsonDoc{"id": s.Origin + "/activities/z", "type": "Delete", "actor": s.Actor.ID, "object": s.ours.ID}
			wantStatus(t, s.eve.sendAs(key, inbox, doc), 403)
		})
	}
}

func (s *siege) ourSigner() (signer signature.Signer, err error) {
	err = s.DB.View(s.t.Context(), func(tx *store.Tx) error {
		id, pem, err := tx.SigningKey(s.t.Context(), s.Actor.ID, "rsa")
		if err != nil {
			return err
		}
		signer.KeyID = id
		signer.Key, err = signature.ParsePrivateKey(pem)
		return err
	})
	return signer, err
}

func (s *siege) weakSignatures(t *testing.T) {
	doc := encode(t, s.vera.says("Create", s.vera.note(forged, s.toAlice(nil)), nil))
	honest := func() *http.Request { return s.vera.letter(s.vera.Signer, s.alice.Inbox, doc) }
	for name, spoil := range map[string]func(r *http.Request){
		"another body": func(r *http.Request) {
			body := bytes.Replace(doc, []byte("Note"), []byte("Page"), 1)
			r.Body, r.ContentLength, r.GetBody = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
		},
		"another host": func(r *http.Request) { r.Host = "other.example" },
		"another path": func(r *http.Request) { r.URL.Path = "/inbox" },
		"an old date": func(r *http.Request) {
			_ = signature.Sign(r, doc, s.vera.Signer, time.Now().Add(-2*time.Hour))
		},
		"a date to come": func(r *http.Request) {
			_ = signature.Sign(r, doc, s.vera.Signer, time.Now().Add(2*time.Hour))
		},
		"a date changed later": func(r *http.Request) { r.Header.Set("Date", time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)) },
		"two signatures":       func(r *http.Request) { r.Header.Add("Signature", r.Header.Get("Signature")) },
		"fewer headers": func(r *http.Request) {
			r.Header.Set("Signature", strings.Replace(r.Header.Get("Signature"), " digest", "", 1))
		},
		"no digest": func(r *http.Request) { r.Header.Del("Digest") },
		"nonsense": func(r *http.Request) {
			r.Header.Set("Signature", `keyId="`+string(s.vera.Signer.KeyID)+`",signature="bm8="`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s.nothing(t, func() {
				r := honest()
				spoil(r)
				wantStatus(t, send(t, s.vera.peer.client, r), 400, 401, 421)
			})
		})
	}
	// What is sent again has its effect once.
	good := s.vera.says("Create", s.vera.note("une fois", s.toAlice(nil)), nil)
	for range 3 {
		wantStatus(t, s.vera.send(s.alice.Inbox, good), 202)
		wantStatus(t, s.vera.send(s.Actor.SharedInbox, good), 202)
	}
	s.settle()
	if n := s.number("SELECT count(*) FROM activities WHERE id = " + s.quoted(idIn(good))); n != 1 {
		t.Errorf("it is remembered %d times", n)
	}
}

// TestNothingIsDialledThatIsNotPublic: a server that is not on trial asks
// nothing of private and special addresses, whoever names them, and gives no
// hint whether somebody is there.
func TestNothingIsDialledThatIsNotPublic(t *testing.T) {
	t.Parallel()

	var dialled []string
	var mu sync.Mutex
	counting := roundTripper(func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		dialled = append(dialled, r.URL.String())
		return nil, errors.New("there is no network")
	})

	s := launch(t, "stricte", variant{database: sqliteFile(t), strict: true, settings: []setting{withTransport(counting)}})
	trap := newForeign(t, "127.0.0.7")
	eve := trap.actor("eve")
	for _, host := range []string{
		trap.Host, "127.0.0.1", "127.1", "0x7f.1", "2130706433", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
		"192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "168.63.129.16", "8.8.8.8",
		"[::1]", "[::]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[fe80::1]", "[fc00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001:0:0:0::1]", "[ff02::1]", "[2606:4700::1]",
		"localhost", "localhost.", "intranet", "printer", "example.com:8080", "example.com:80", "user@example.com", "a..example",
	} {
		for _, scheme := range []string{"https", "http"} {
			id := scheme + "://" + host + "/users/eve"
			doc := jsonDoc{"id": id + "#1", "type": "Follow", "actor": id, "object": s.Actor.ID}
			for _, inbox := range []federation.IRI{s.Actor.Inbox, s.Actor.SharedInbox} {
				a := eve.sendAs(signature.Signer{KeyID: federation.IRI(id + "#main-key"), Key: eve.Signer.Key}, inbox, doc)
				if a.StatusCode != http.StatusUnauthorized && a.StatusCode != http.StatusBadRequest {
					t.Errorf("%s: %d", id, a.StatusCode)
				}
			}
			if _, err := s.Client.Fetch(t.Context(), federation.IRI(id)); err == nil {
				t.Errorf("%s was fetched", id)
			}
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for _, u := range dialled {
		t.Errorf("dialled %s", u)
	}
	if n := trap.asked("") + len(trap.received("")); n != 0 {
		t.Errorf("the trap was called %d times", n)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestSlowPeers: who sends or answers one byte each second is not waited for
// without end, and holds nobody else up.
func TestSlowPeers(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 30 s")
	}
	t.Parallel()
	s := launch(t, "amap", variant{database: sqliteFile(t)})
	p := newForeign(t, "127.0.0.2")
	vera, slow := p.actor("vera"), p.actor("slow")
	p.take(slow.Path, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", vocab.ActivityJSON)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for range 120 {
			if _, err := w.Write([]byte(" ")); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-tick.C:
			}
		}
	})
	begin := time.Now()
	var both sync.WaitGroup
	both.Go(func() { // one byte a second in an answer
		client := &http.Client{Timeout: 2 * time.Minute}
		a := send(t, client, slow.letter(slow.Signer, s.Actor.SharedInbox, slow.says("Follow", s.Actor.ID, nil)))
		if a.StatusCode == http.StatusAccepted {
			t.Errorf("accepted: %d", a.StatusCode)
		}
	})
	both.Go(func() { // one byte a second in a request
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", hostOf(s.Origin))
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST /inbox HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: 1000\r\n\r\n", hostOf(s.Origin), vocab.ActivityJSON)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_, _ = io.Copy(io.Discard, bufio.NewReader(conn))
		}()
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
				if _, err := conn.Write([]byte(" ")); err != nil {
					return
				}
			}
		}
	})
	for n := range 5 {
		note := vera.note(fmt.Sprint("entre-temps ", n), jsonDoc{"to": []federation.IRI{s.Actor.ID}})
		wantStatus(t, vera.send(s.Actor.SharedInbox, vera.says("Create", note, nil)), 202)
		eventually(t, "good posts arrive meanwhile", func() bool { return s.object(federation.IRI(idIn(note))) != nil })
	}
	both.Wait()
	if d := time.Since(begin); d > 50*time.Second {
		t.Errorf("they were waited for %s", d)
	}
}
