// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/maillage/maillage/federation"
)

var update = flag.Bool("update", false, "write what the tests got as what they want")

// TestPeers reads documents with the quirks of each software, one folder per
// peer, and compares what became of them with the .golden file beside it.
func TestPeers(t *testing.T) {
	for _, path := range fixtures(t) {
		t.Run(strings.TrimSuffix(path, ".json"), func(t *testing.T) {
			doc := fixture(t, path)
			if err := Gate(doc); err != nil {
				t.Fatal(err)
			}
			golden(t, path, decoded(t, doc))
		})
	}
}

// decoded reads doc as whatever it is.
func decoded(t *testing.T, doc []byte) any {
	t.Helper()
	if a, err := DecodeActivity(doc); err == nil {
		e, err := Peek(doc)
		if err != nil {
			t.Fatal(err)
		}
		if e.ID != a.ID || e.Actor != a.Actor || e.Type != a.Type {
			t.Errorf("filed as %+v, read as %s %s by %s", e, a.Type, a.ID, a.Actor)
		}
		return map[string]any{"Activity": a, "Envelope": e}
	}
	if a, err := DecodeActor(doc); err == nil {
		return map[string]any{"Actor": a}
	}
	if items, next, total, err := DecodeCollection(doc); err == nil {
		return map[string]any{"Collection": items, "Next": next, "Total": total}
	}
	o, err := DecodeObject(doc)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{"Object": o}
}

func fixtures(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/*/*.json")
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d fixtures, %v", len(paths), err)
	}
	for i, p := range paths {
		paths[i], _ = filepath.Rel("testdata", p)
	}
	return paths
}

func fixture(t testing.TB, path string) []byte {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join("testdata", path))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// golden compares got with the file beside path.
func golden(t *testing.T, path string, got any) {
	t.Helper()
	b, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join("testdata", strings.TrimSuffix(path, ".json")+".golden")
	if *update {
		if err := os.WriteFile(name, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimSpace(string(want)), string(b)); diff != "" {
		t.Error(diff)
	}
}

// What must hold of peers' documents, in words.
func TestQuirks(t *testing.T) {
	activity := func(path string) *federation.Activity {
		a, err := DecodeActivity(fixture(t, path))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		return a
	}
	object := func(path string) *federation.Object {
		o, err := DecodeObject(fixture(t, path))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		return o
	}
	t.Run("the bytes of the note are kept as sent", func(t *testing.T) {
		doc := fixture(t, "mastodon/create-note.json")
		a := activity("mastodon/create-note.json")
		if raw := string(a.Enclosed.Raw); !strings.Contains(string(doc), `"object":`+raw) || string(a.Raw) != string(doc) {
			t.Errorf("got %s", raw)
		}
		if a.Enclosed.Language != "fr" {
			t.Errorf("language %q", a.Enclosed.Language)
		}
	})
	t.Run("the group's Announce is about the post", func(t *testing.T) {
		a := activity("lemmy/announce-create-page.json")
		if a.Object != "https://lemmy.example/post/1" || a.Inner == nil || a.Inner.Enclosed == nil || a.Inner.Actor != "https://lemmy.example/u/nina" {
			t.Errorf("got %+v", a)
		}
		if !strings.HasPrefix(string(a.Inner.Raw), `{"id":"https://lemmy.example/activities/create/1"`) {
			t.Errorf("inner bytes %s", a.Inner.Raw)
		}
	})
	t.Run("an Announce of a like is about the like", func(t *testing.T) {
		if a := activity("lemmy/announce-undo-like.json"); a.Object != "https://lemmy.example/activities/undo/2" || a.Inner.Inner.Object != "https://lemmy.example/post/1" {
			t.Errorf("got %+v", a)
		}
	})
	t.Run("an unknown verb is read", func(t *testing.T) {
		if a := activity("pleroma/emoji-react.json"); a.Type != "EmojiReact" || a.Object != "https://amap.example/offers/1" {
			t.Errorf("got %+v", a)
		}
	})
	t.Run("an unknown noun keeps its type and its properties", func(t *testing.T) {
		o := activity("mitra/create-proposal.json").Enclosed
		p, ok := federation.ProposalOf(o)
		if !ok || o.Type != "Proposal" || p.Primary.Action != "deliverService" || p.Reciprocal.Quantity.Value != "20000" {
			t.Errorf("got %+v of %+v", p, o)
		}
	})
	t.Run("an activity without an id gets one", func(t *testing.T) {
		a := activity("gancio/create-event-two-places.json")
		if !strings.HasPrefix(string(a.ID), "https://gancio.example/federation/u/gancio#sha256-") || len(a.ID) != len("https://gancio.example/federation/u/gancio#sha256-")+64 {
			t.Errorf("got %s", a.ID)
		}
	})
	t.Run("the first place that can be shown", func(t *testing.T) {
		p := activity("gancio/create-event-two-places.json").Enclosed.Location
		if p.Name != "Le Bistrot" || p.Street != "3 rue Haute, Die" || p.Point == nil || p.Point.Latitude != 44.75 {
			t.Errorf("got %+v", p)
		}
		if p := object("gancio/event-virtual.json").Location; p.Type != "VirtualLocation" || p.URL != "https://visio.example/veillee" {
			t.Errorf("got %+v", p)
		}
	})
	t.Run("absurd times are no times", func(t *testing.T) {
		if o := object("wordpress/event.json"); !o.End.IsZero() || o.Start.IsZero() {
			t.Errorf("from %s to %s", o.Start, o.End)
		}
		if o := object("gancio/event-virtual.json"); !o.End.IsZero() {
			t.Errorf("to %s", o.End)
		}
		if o := object("mobilizon/event.json"); o.Updated.IsZero() || o.Start.Format("-07:00") != "+01:00" {
			t.Errorf("updated %s, start %s", o.Updated, o.Start)
		}
	})
	t.Run("the page among several addresses", func(t *testing.T) {
		if u := object("wordpress/event.json").URL; u != "https://blog.example/fete" {
			t.Errorf("got %s", u)
		}
		if u := object("peertube/video.json").URL; u != "https://tube.example/w/1" {
			t.Errorf("got %s", u)
		}
	})
	t.Run("an actor inside an actor property", func(t *testing.T) {
		if a := activity("hubzilla/invite.json"); a.Actor != "https://hub.example/channel/bob" || a.Enclosed.AttributedTo != a.Actor || a.Enclosed.Location.Name != "Salle Sud" {
			t.Errorf("got %+v", a)
		}
	})
	t.Run("plain text becomes paragraphs", func(t *testing.T) {
		if c := object("peertube/video.json").Content; c != "<p>Une visite.</p><p>Avec &lt;Jean&gt; &amp; Léa</p>" {
			t.Errorf("got %s", c)
		}
	})
	t.Run("self-delete is seen", func(t *testing.T) {
		for path, want := range map[string]bool{"mastodon/delete-self.json": true, "mastodon/delete-note.json": false} {
			if e, err := Peek(fixture(t, path)); err != nil || e.SelfDelete != want {
				t.Errorf("%s: %+v, %v", path, e, err)
			}
		}
	})
	t.Run("lanes", func(t *testing.T) {
		for path, want := range map[string]string{
			"mastodon/undo-follow.json":       "https://amap.example/actors/moulin",
			"mastodon/create-note.json":       "https://social.example/users/ann/statuses/1145",
			"mastodon/delete-note.json":       "https://social.example/users/ann/statuses/1145",
			"lemmy/announce-undo-like.json":   "https://lemmy.example/post/1",
			"lemmy/announce-create-page.json": "https://lemmy.example/post/1",
			"friendica/accept-event.json":     "https://amap.example/events/1",
			"mobilizon/join.json":             "https://amap.example/events/1",
			"wordpress/ignore.json":           "https://amap.example/activities/join-1",
		} {
			if e, err := Peek(fixture(t, path)); err != nil || e.Lane != want {
				t.Errorf("%s: %+v, %v", path, e, err)
			}
		}
	})
	t.Run("all about exchanges is in one lane", func(t *testing.T) {
		for _, said := range []string{
			`{"type":"Offer","object":{"type":"Agreement"}}`,
			`{"type":"Undo","object":{"id":"https://a.example/1","type":"Offer","actor":"https://a.example/ann","object":"https://b.example/o"}}`,
			`{"type":"Undo","object":"https://a.example/1"}`,
			`{"type":"Accept","object":"https://b.example/1","result":{"type":"Agreement","id":"https://a.example/x"}}`,
			`{"type":"Create","object":{"type":"Document","id":"https://a.example/x#step-1","context":"https://a.example/x"}}`,
			`{"type":"Create","object":{"type":"Note","id":"https://a.example/x#mark-1","context":"https://a.example/x","kind":"skipped"}}`,
			`{"type":"Update","object":{"type":"Agreement","id":"https://a.example/x"}}`,
			`{"type":"Delete","object":{"type":"Tombstone","formerType":"Agreement","id":"https://a.example/x"}}`,
		} {
			e, err := Peek([]byte(`{"id":"https://a.example/9","actor":"https://a.example/ann",` + said[1:]))
			if err != nil || e.Lane != "https://a.example/ann#exchanges" {
				t.Errorf("%s: %+v, %v", said, e, err)
			}
		}
	})
	t.Run("keys of both kinds, in one form", func(t *testing.T) {
		a, err := DecodeActor(fixture(t, "mastodon/actor.json"))
		if err != nil || len(a.Keys) != 2 || a.Keys[0].Algorithm != "rsa" || a.Keys[1].Algorithm != "ed25519" {
			t.Fatalf("got %+v, %v", a, err)
		}
		g, err := DecodeActor(fixture(t, "mobilizon/group.json"))
		if err != nil || len(g.Keys) != 1 || g.Keys[0].PEM != a.Keys[0].PEM {
			t.Errorf("PKCS #1 was read as %+v, %v", g.Keys, err)
		}
		if a.Image != nil || a.Name != "Ann of the mill" {
			t.Errorf("got image %+v of %q", a.Image, a.Name)
		}
	})
	t.Run("an actor's tombstone is gone", func(t *testing.T) {
		_, err := DecodeActor([]byte(`{"id":"https://a.example/u","type":"Tombstone"}`))
		if !errors.Is(err, federation.ErrGone) {
			t.Errorf("got %v", err)
		}
		if _, err = DecodeActor(fixture(t, "wordpress/event.json")); !errors.Is(err, federation.ErrUnsupported) {
			t.Errorf("got %v", err)
		}
	})
}

func TestNegotiation(t *testing.T) {
	for accept, want := range map[string]bool{
		"":        false,
		"*/*":     false,
		"image/*": false,
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": false,
		"application/activity+json;q=0.1,text/html":                       false,
		"application/activity+json;q=0":                                   false,
		"application/json":                                                false,
		"application/activity+json":                                       true,
		"application/ld+json":                                             true,
		MediaType:                                                         true,
		"application/activity+json, */*;q=0.1":                            true,
		"application/activity+json, text/html":                            true,
		"text/html, application/activity+json":                            false,
		"application/activity+json, text/html;q=0.1":                      true,
		`application/ld+json; profile="https://www.w3.org/ns/activitystreams, x", text/html;q=0.5`: true,
	} {
		if got := Wants(accept); got != want {
			t.Errorf("Wants(%q) = %t", accept, got)
		}
	}
	for contentType, want := range map[string]bool{
		ActivityJSON: true,
		"Application/Activity+JSON; charset=utf-8": true,
		MediaType: true,
		`application/ld+json;  profile="https://www.w3.org/ns/activitystreams"`:                               true,
		`application/ld+json; charset=utf-8; profile="https://www.w3.org/ns/activitystreams"`:                 true,
		`application/ld+json; profile="http://www.w3.org/ns/json-ld#x https://www.w3.org/ns/activitystreams"`: true,
		`application/ld+json; profile="https://www.w3.org/ns/activitystreams.evil"`:                           false,
		"application/ld+json": false,
		"application/json":    false,
		"text/html":           false,
		"":                    false,
	} {
		if got := IsActivityJSON(contentType); got != want {
			t.Errorf("IsActivityJSON(%q) = %t", contentType, got)
		}
	}
}
