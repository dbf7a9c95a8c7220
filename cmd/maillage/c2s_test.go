// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
)

// A pen is a client that speaks for one actor of an instance.
type pen struct {
	t     *testing.T
	i     *instance
	actor *federation.Actor
	token string
}

func (i *instance) pen(t *testing.T, actor *federation.Actor) *pen {
	t.Helper()
	return &pen{t: t, i: i, actor: actor, token: i.token(actor.ID)}
}

// post sends a document to the actor's outbox.
func (p *pen) post(doc any, headers ...string) *httpAnswer {
	p.t.Helper()
	r := p.i.request(http.MethodPost, string(p.actor.Outbox), encode(p.t, doc), headers...)
	if r.Header.Get("Authorization") == "" {
		r.Header.Set("Authorization", "Bearer "+p.token)
	}
	if r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", vocab.ActivityJSON)
	}
	return p.i.do(r)
}

// says posts what must be taken, and returns the activity that came of it.
func (p *pen) says(doc any) jsonDoc {
	p.t.Helper()
	a := p.post(doc)
	if a.StatusCode != http.StatusCreated {
		p.t.Fatalf("%s: %d %s", encode(p.t, doc), a.StatusCode, a.Body)
	}
	where := a.Header.Get("Location")
	if !strings.HasPrefix(where, p.i.Origin+"/activities/") {
		p.t.Errorf("Location %q", where)
	}
	spoken := a.doc(p.t)
	if spoken["id"] != where || spoken["actor"] != string(p.actor.ID) || spoken["published"] == nil {
		p.t.Errorf("it is %v by %v at %v, Location %s", spoken["id"], spoken["actor"], spoken["published"], where)
	}
	return spoken
}

// creates posts a new object and returns it as it is served.
func (p *pen) creates(doc jsonDoc) jsonDoc {
	p.t.Helper()
	spoken := p.says(doc)
	if spoken["type"] != "Create" {
		p.t.Errorf("it is a %v", spoken["type"])
	}
	o, ok := spoken["object"].(jsonDoc)
	if !ok {
		p.t.Fatalf("the object is %v", spoken["object"])
	}
	if !strings.HasPrefix(idIn(o), p.i.Origin+"/objects/") || o["attributedTo"] != string(p.actor.ID) || o["published"] == nil {
		p.t.Errorf("it is %v by %v at %v", o["id"], o["attributedTo"], o["published"])
	}
	if got := p.i.get(idIn(o), "Authorization", "Bearer "+p.token); got.StatusCode != http.StatusOK {
		p.t.Errorf("%s answers %d", idIn(o), got.StatusCode)
	} else if served := got.doc(p.t); served["id"] != o["id"] || served["content"] != o["content"] {
		p.t.Errorf("it is served as %v", served)
	}
	return o
}

const public = string(federation.Public)

// TestClientToServer: a client does with a token all that the grammar knows.
// ActivityPub 6.
func TestClientToServer(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		amap := launch(t, "amap", variant{database: fresh(t)})
		p := newForeign(t, "127.0.0.2")
		vera := p.actor("vera")
		note := vera.note("chez vera", nil)
		p.publish(strings.TrimPrefix(idIn(note), p.URL), note)
		ann := amap.member("Person", "ann", false)
		mine, hers := amap.pen(t, amap.Actor), amap.pen(t, ann)

		t.Run("objects are wrapped in a Create", func(t *testing.T) {
			mine.t = t
			for _, doc := range []jsonDoc{
				{"type": "Note", "content": "<p>Bonjour</p>", "to": []string{public}, "cc": []string{string(amap.Actor.Followers)}},
				{"type": "Article", "name": "Réparer un grille-pain", "content": "<p>D’abord…</p>", "to": public},
				{
					"type": "Event", "name": "Repair café", "startTime": time.Now().AddDate(0, 1, 0).UTC().Format(time.RFC3339), "to": []string{public},
					"location": jsonDoc{"type": "Place", "name": "MJC", "address": "3 place de la Paix"},
				},
				{
					"type": "Note", "purpose": "offer", "name": "Paniers", "to": []string{public}, "exchangeMode": []string{"gift"},
					"publishes": jsonDoc{"type": "Intent", "action": "transfer", "resourceQuantity": jsonDoc{"hasUnit": "one", "hasNumericalValue": "1"}},
				},
				{"type": "Note", "content": "<p>Entre nous</p>", "to": []string{string(vera.ID)}},
			} {
				o := mine.creates(doc)
				if o["type"] != doc["type"] {
					t.Errorf("a %v became a %v", doc["type"], o["type"])
				}
				if doc["type"] == "Event" && (o["summary"] == nil || o["summary"] == "") {
					t.Error("an event without words for people")
				}
				if doc["purpose"] == "offer" && !strings.Contains(fmt.Sprint(o["content"]), "Paniers") {
					t.Errorf("an offer without words for people: %v", o["content"])
				}
			}
			p.awaits("Create", federation.IRI(amap.column("SELECT id FROM objects WHERE local = 1 ORDER BY seq DESC LIMIT 1", 0)[0]))
		})

		t.Run("ids, authors and dates are the server's", func(t *testing.T) {
			hers.t = t
			o := hers.creates(jsonDoc{
				"type": "Create", "id": amap.Origin + "/activities/mine", "published": "1999-01-01T00:00:00Z", "to": []string{public},
				"object": jsonDoc{"type": "Note", "id": amap.Origin + "/objects/mine", "published": "1999-01-01T00:00:00Z", "content": "<p>x</p><script>alert(1)</script>"},
			})
			if strings.HasPrefix(fmt.Sprint(o["published"]), "1999") || idIn(o) == amap.Origin+"/objects/mine" {
				t.Errorf("%v of %v", o["id"], o["published"])
			}
			if strings.Contains(fmt.Sprint(o["content"]), "script") {
				t.Errorf("it says %v", o["content"])
			}
			secret := hers.says(jsonDoc{"type": "Note", "content": "<p>caché</p>", "to": []string{public}, "bto": []string{string(amap.Actor.ID)}, "bcc": []string{string(vera.ID)}})
			if raw := encode(t, secret); bytes.Contains(raw, []byte("bto")) || bytes.Contains(raw, []byte("bcc")) {
				t.Errorf("%s", raw)
			}
			p.awaits("Create", federation.IRI(idIn(secret["object"])))
		})

		t.Run("an Update changes what it names, a Delete leaves a tombstone", func(t *testing.T) {
			hers.t = t
			o := hers.creates(jsonDoc{"type": "Note", "content": "<p>avant</p>", "summary": "attention", "to": []string{public}})
			changed := hers.says(jsonDoc{"type": "Update", "object": jsonDoc{"id": o["id"], "content": "<p>après</p>", "summary": nil, "attributedTo": nil}})
			got := amap.get(idIn(o)).doc(t)
			if got["content"] != "<p>après</p>" || got["summary"] != nil && got["summary"] != "" || got["updated"] == nil || got["published"] != o["published"] {
				t.Errorf("it is %v", got)
			}
			if to, ok := changed["to"].([]any); !ok || len(to) != 1 || to[0] != public {
				t.Errorf("the Update is to %v", changed["to"])
			}
			hers.says(jsonDoc{"type": "Delete", "object": o["id"]})
			if a := amap.get(idIn(o)); a.StatusCode != http.StatusGone {
				t.Errorf("it answers %d", a.StatusCode)
			}
			hers.says(jsonDoc{"type": "Update", "object": jsonDoc{"id": ann.ID, "name": "Ann D.", "preferredUsername": "evil", "inbox": "https://evil.example/inbox", "manuallyApprovesFollowers": true}})
			me := amap.get(string(ann.ID)).doc(t)
			if me["name"] != "Ann D." || me["preferredUsername"] != "ann" || me["inbox"] != string(ann.Inbox) || me["manuallyApprovesFollowers"] != true {
				t.Errorf("the profile is %v", me)
			}
			sent := amap.column("SELECT document FROM activities WHERE type = 'Update' AND object = "+amap.quoted(string(ann.ID)), 0)
			if len(sent) != 1 || strings.Contains(sent[0], "evil") {
				t.Errorf("others are told %s", sent)
			}
		})

		t.Run("Follow, Accept, Reject, Undo", func(t *testing.T) {
			hers.t, mine.t = t, t
			f := hers.says(jsonDoc{"type": "Follow", "object": vera.ID})
			p.awaits("Follow", vera.ID)
			wantStatus(t, vera.send(ann.Inbox, vera.says("Accept", f["id"], nil)), 202)
			eventually(t, "it is accepted", func() bool { return amap.follows(ann.ID, vera.ID) })
			hers.says(jsonDoc{"type": "Undo", "object": f["id"]})
			if amap.edge(federation.Follow, ann.ID, vera.ID) != nil {
				t.Error("she still follows")
			}
			p.awaits("Undo", federation.IRI(idIn(f)))

			asked := vera.follows(amap, ann) // who decides herself by now
			if amap.follows(vera.ID, ann.ID) {
				t.Fatal("vera follows at once")
			}
			hers.says(jsonDoc{"type": "Accept", "object": asked["id"]})
			if !amap.follows(vera.ID, ann.ID) {
				t.Error("vera is not accepted")
			}
			p.awaits("Accept", federation.IRI(idIn(asked)))
			hers.says(jsonDoc{"type": "Reject", "object": asked["id"]})
			if amap.edge(federation.Follow, vera.ID, ann.ID) != nil {
				t.Error("vera still follows")
			}
			// Who is of this server is followed without asking anybody else.
			mine.says(jsonDoc{"type": "Follow", "object": ann.ID})
			if e := amap.edge(federation.Follow, amap.Actor.ID, ann.ID); e == nil || !e.Pending {
				t.Errorf("the follow is %+v", e)
			}
		})

		t.Run("Like, Announce, Add, Remove, Block, Flag, Move", func(t *testing.T) {
			hers.t, mine.t = t, t
			like := hers.says(jsonDoc{"type": "Like", "object": note["id"]})
			if amap.edge(federation.Like, ann.ID, federation.IRI(idIn(note))) == nil {
				t.Error("no like")
			}
			p.awaits("Like", federation.IRI(idIn(note)))
			hers.says(jsonDoc{"type": "Undo", "object": like["id"]})
			share := hers.says(jsonDoc{"type": "Announce", "object": note["id"]})
			if to := fmt.Sprint(share["to"]); !strings.Contains(to, public) {
				t.Errorf("the Announce is to %s", to)
			}
			p.awaits("Announce", federation.IRI(idIn(note)))

			o := mine.creates(jsonDoc{"type": "Note", "content": "<p>à épingler</p>", "to": []string{public}})
			mine.says(jsonDoc{"type": "Add", "object": o["id"], "target": amap.Actor.Featured})
			if items, ok := amap.get(string(amap.Actor.Featured)).doc(t)["orderedItems"].([]any); !ok || len(items) != 1 {
				t.Errorf("featured %v", items)
			}
			mine.says(jsonDoc{"type": "Remove", "object": o["id"], "target": amap.Actor.Featured})
			if items, ok := amap.get(string(amap.Actor.Featured)).doc(t)["orderedItems"].([]any); !ok || len(items) != 0 {
				t.Errorf("featured %v", items)
			}
			mine.says(jsonDoc{"type": "Block", "object": vera.ID})
			if amap.edge(federation.Block, amap.Actor.ID, vera.ID) == nil {
				t.Error("no block")
			}
			amap.settle()
			if len(p.received("Block")) != 0 {
				t.Error("the Block was sent")
			}
			mine.says(jsonDoc{"type": "Flag", "object": []any{note["id"], vera.ID}, "content": "pourriel"})

			target := p.actor("newhome")
			target.extra = jsonDoc{"alsoKnownAs": []any{ann.ID}}
			target.show()
			hers.says(jsonDoc{"type": "Move", "object": ann.ID, "target": target.ID})
			if a := amap.knownActor(ann.ID); a.MovedTo != target.ID {
				t.Errorf("she moved to %q", a.MovedTo)
			}
		})

		t.Run("what a token may not do", func(t *testing.T) {
			mine.t, hers.t = t, t
			mineNote := mine.creates(jsonDoc{"type": "Note", "content": "<p>à moi</p>", "to": []string{public}})
			before := amap.dump()
			for _, c := range []struct {
				what    string
				doc     any
				headers []string
				want    []int
			}{
				{"no token", jsonDoc{"type": "Note", "content": "x"}, []string{"Authorization", "Basic eDp5"}, []int{401}},
				{"a false token", jsonDoc{"type": "Note", "content": "x"}, []string{"Authorization", "Bearer nonsense"}, []int{401}},
				{"another's token", jsonDoc{"type": "Note", "content": "x"}, []string{"Authorization", "Bearer " + mine.token}, []int{403}},
				{"another's object", jsonDoc{"type": "Update", "object": jsonDoc{"id": mineNote["id"], "content": forged}}, nil, []int{403}},
				{"deleting another's object", jsonDoc{"type": "Delete", "object": mineNote["id"]}, nil, []int{403}},
				{"deleting another actor", jsonDoc{"type": "Delete", "object": amap.Actor.ID}, nil, []int{403, 404}},
				{"speaking for another", jsonDoc{"type": "Note", "content": forged, "attributedTo": amap.Actor.ID}, nil, []int{403}},
				{"speaking for another, enclosed", jsonDoc{"type": "Create", "object": jsonDoc{"type": "Note", "content": forged, "attributedTo": vera.ID}}, nil, []int{403}},
				{"another's profile", jsonDoc{"type": "Update", "object": jsonDoc{"id": amap.Actor.ID, "type": "Organization", "name": forged}}, nil, []int{403, 404}},
				{"another's featured", jsonDoc{"type": "Add", "object": mineNote["id"], "target": amap.Actor.Featured}, nil, []int{403}},
				{"accepting for another", jsonDoc{"type": "Accept", "object": amap.Origin + "/activities/none"}, nil, []int{404, 422}},
			} {
				a := hers.post(c.doc, c.headers...)
				if !slices.Contains(c.want, a.StatusCode) || !strings.HasPrefix(a.Header.Get("Content-Type"), "application/problem+json") {
					t.Errorf("%s: %d %s %s", c.what, a.StatusCode, a.Header.Get("Content-Type"), a.Body)
				}
				if a.StatusCode == http.StatusUnauthorized && a.Header.Get("WWW-Authenticate") == "" {
					t.Errorf("%s: no challenge", c.what)
				}
			}
			if amap.dump() != before {
				t.Error("something of it had an effect")
			}
		})

		t.Run("what makes no sense names its field", func(t *testing.T) {
			mine.t = t
			soon := time.Now().AddDate(0, 1, 0).UTC()
			before := amap.dump()
			for _, c := range []struct {
				what  string
				doc   any
				field string // empty: any
			}{
				{"no type", jsonDoc{"content": "x"}, "type"},
				{"an empty note", jsonDoc{"type": "Note", "to": []string{public}}, "content"},
				{"an event without a name", jsonDoc{"type": "Event", "startTime": soon.Format(time.RFC3339), "to": []string{public}}, "name"},
				{"an event without a start", jsonDoc{"type": "Event", "name": "x", "to": []string{public}}, "startTime"},
				{"an event that ends before", jsonDoc{"type": "Event", "name": "x", "startTime": soon.Format(time.RFC3339), "endTime": soon.AddDate(0, 0, -1).Format(time.RFC3339), "to": []string{public}}, "endTime"},
				{"an article without a title", jsonDoc{"type": "Article", "to": []string{public}}, "name"},
				{"a Create of nothing", jsonDoc{"type": "Create", "to": []string{public}}, "object"},
				{"a Create of a number", jsonDoc{"type": "Create", "object": 7}, "object"},
				{"an Update of nothing", jsonDoc{"type": "Update", "object": "x"}, "object"},
				{"a Follow of nobody", jsonDoc{"type": "Follow", "object": string(vera.ID) + "-not"}, "object"},
				{"a Like of nothing", jsonDoc{"type": "Like", "object": p.URL + "/none"}, "object"},
				{"a verb of its own", jsonDoc{"type": "Dance", "object": vera.ID}, ""},
				{"a noun of its own", jsonDoc{"type": "Sculpture", "name": "x", "to": []string{public}}, ""},
				{"not JSON", "nonsense", ""},
				{"two keys", `{"type":"Note","type":"Event","content":"x"}`, ""},
				{"a list", "[]", ""},
			} {
				a := mine.post(c.doc)
				problem := jsonDoc{}
				if strings.HasPrefix(a.Header.Get("Content-Type"), "application/problem+json") {
					problem = a.doc(t)
				}
				if a.StatusCode != http.StatusUnprocessableEntity || problem["status"] != 422.0 || problem["detail"] == nil || problem["title"] == nil {
					t.Errorf("%s: %d %s", c.what, a.StatusCode, a.Body)
				}
				if c.field != "" && problem["field"] != c.field {
					t.Errorf("%s: the field is %v, want %s", c.what, problem["field"], c.field)
				}
			}
			if a := mine.post("hello", "Content-Type", "text/plain"); a.StatusCode != http.StatusUnsupportedMediaType {
				t.Errorf("text: %d", a.StatusCode)
			}
			if a := mine.post(`{"type":"Note","content":"` + strings.Repeat("a", 1<<20) + `"}`); a.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("1 MiB: %d", a.StatusCode)
			}
			if amap.dump() != before {
				t.Error("something of it had an effect")
			}
		})

		t.Run("the own inbox and outbox are read with the token", func(t *testing.T) {
			mine.t = t
			direct := mine.creates(jsonDoc{"type": "Note", "content": "<p>pour soi</p>", "to": []string{string(ann.ID)}})
			whisper := vera.note("tout bas", jsonDoc{"to": []federation.IRI{ann.ID}, "cc": []string{}})
			wantStatus(t, vera.send(ann.Inbox, vera.says("Create", whisper, nil)), 202)
			eventually(t, "it arrives", func() bool { return amap.object(federation.IRI(idIn(whisper))) != nil })
			for _, c := range []struct {
				who, where, token string
				status            int
				shows             string
				hides             string
			}{
				{"the author", string(amap.Actor.Outbox) + "?page=", mine.token, 200, idIn(direct), ""},
				{"anonymous", string(amap.Actor.Outbox) + "?page=", "", 200, "", idIn(direct)},
				{"another one", string(amap.Actor.Outbox) + "?page=", amap.token(amap.member("Person", "zoe", false).ID), 200, "", idIn(direct)},
				{"its reader", string(ann.Inbox) + "?page=", hers.token, 200, idIn(whisper), ""},
				{"anonymous", string(ann.Inbox) + "?page=", "", 401, "", idIn(whisper)},
				{"another one", string(ann.Inbox) + "?page=", mine.token, 404, "", idIn(whisper)},
				{"a false token", string(ann.Inbox), "nonsense", 401, "", idIn(whisper)},
			} {
				headers := []string{}
				if c.token != "" {
					headers = []string{"Authorization", "Bearer " + c.token}
				}
				a := amap.get(c.where, headers...)
				if a.StatusCode != c.status || c.shows != "" && !bytes.Contains(a.Body, []byte(c.shows)) || c.hides != "" && bytes.Contains(a.Body, []byte(c.hides)) {
					t.Errorf("%s reads %s: %d %s", c.who, c.where, a.StatusCode, a.Body)
				}
				if c.shows != "" && !strings.HasPrefix(a.Header.Get("Cache-Control"), "private") {
					t.Errorf("%s reads %s: %s", c.who, c.where, a.Header.Get("Cache-Control"))
				}
			}
		})
	})
}
