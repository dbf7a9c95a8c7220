// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-fed/activity/streams"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"codeberg.org/maillage/maillage/federation"
)

const moulin = federation.IRI("https://amap.example/actors/moulin")

// An offer as our pages make it.
func offer() *federation.Object {
	per := true
	o := &federation.Object{
		ID: "https://amap.example/offers/1", Type: "Note", AttributedTo: moulin, Local: true,
		Name: "Paniers de légumes", Content: "<p><strong>🥕 Offre : paniers de légumes</strong></p>", Language: "fr",
		URL: "https://amap.example/offres/paniers", Context: "https://amap.example/contexts/1",
		Audience: "https://pays.example/circuits/legumes",
		To:       []federation.IRI{federation.Public}, Cc: []federation.IRI{moulin + "/followers", "https://pays.example/circuits/legumes"},
		Bto:       []federation.IRI{"https://social.example/users/secret"},
		Published: time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC),
		End:       time.Date(2026, 12, 19, 23, 59, 59, 0, paris),
		Location: &federation.Place{
			Type: "Place", Name: "Ferme du Moulin", Street: "12 chemin du Moulin", Postal: "26000", City: "Valence",
			Region: "Drôme", Country: "FR", Point: &federation.Point{Latitude: 45, Longitude: 4.8924},
		},
		Attachments: []federation.Media{{
			Type: "Image", MediaType: "image/jpeg", URL: "https://amap.example/media/panier.jpg", Name: "Une cagette",
			Width: 1200, Height: 800, Blurhash: "UBL_:rOpGG-oBUNG", FocalPoint: []float64{0, -0.25},
		}},
		Tags: []federation.Tag{{Type: "Hashtag", Name: "#AMAP", Href: "https://amap.example/tags/amap"}},
	}
	federation.Proposal{
		Purpose: federation.PurposeOffer,
		Primary: federation.Intent{
			Action: "transfer", ConformsTo: "https://www.wikidata.org/wiki/Q11004",
			Quantity: &federation.Quantity{Unit: "one", Value: "1"}, Available: &federation.Quantity{Unit: "one", Value: "12"},
			Minimum: &federation.Quantity{Unit: "one", Value: "1"},
		},
		Reciprocal: &federation.Intent{
			Action: "transfer", ConformsTo: federation.Currencies["EUR"], Quantity: &federation.Quantity{Unit: "one", Value: "18.50"},
		},
		UnitBased: &per, Modes: []string{"sale", "timeBank"}, Category: "food",
		Breakdown: []federation.PricePart{{Name: "Maraîcher", Kind: "production", Amount: "15"}, {Name: "Livraison", Kind: "logistics", Amount: "3.50"}},
	}.Put(o)
	return o
}

func need() *federation.Object {
	o := &federation.Object{
		ID: "https://amap.example/needs/77", Type: "Note", AttributedTo: moulin, Local: true,
		Name: "Cherche local", Content: "<p><strong>🙏 Besoin : une salle</strong></p>", Language: "fr",
		To: []federation.IRI{federation.Public}, Published: time.Date(2026, 9, 1, 9, 0, 0, 0, time.UTC),
		Updated:  time.Date(2026, 9, 2, 9, 0, 0, 0, time.UTC),
		Location: &federation.Place{Type: "Place", City: "Valence", Point: &federation.Point{Latitude: 44.9334, Longitude: 4}},
	}
	federation.Proposal{
		Purpose: federation.PurposeRequest,
		Primary: federation.Intent{Action: "deliverService", Quantity: &federation.Quantity{Unit: "hour", Value: "4"}},
		Modes:   []string{"loan"},
	}.Put(o)
	return o
}

var paris = time.FixedZone("", 2*60*60)

func fair() *federation.Object {
	o := &federation.Object{
		ID: "https://amap.example/events/1", Type: "Event", AttributedTo: moulin, Local: true,
		Name: "Repair café", Summary: "🗓️ samedi 12 septembre 2026, 14 h – 18 h · 📍 MJC", Content: "<p>On répare.</p>", Language: "fr",
		URL: "https://amap.example/agenda/repair", To: []federation.IRI{federation.Public}, Cc: []federation.IRI{moulin + "/followers"},
		Published: time.Date(2026, 8, 20, 12, 0, 0, 0, paris),
		Start:     time.Date(2026, 9, 12, 14, 0, 0, 0, paris), End: time.Date(2026, 9, 12, 18, 0, 0, 0, paris),
		Location: &federation.Place{Type: "Place", Name: "MJC", City: "Valence", Point: &federation.Point{Latitude: 44.9334, Longitude: 4.8924}},
		Image:    &federation.Media{Type: "Image", MediaType: "image/jpeg", URL: "https://amap.example/media/repair.jpg", Width: 1200, Height: 675},
		Attachments: []federation.Media{
			{Type: "Link", MediaType: "text/html", Name: "Website", URL: "https://mjc.example/ateliers"},
		},
		Tags: []federation.Tag{{Type: "Hashtag", Name: "#RepairCafe", Href: "https://amap.example/tags/repaircafe"}},
		Extra: map[string]json.RawMessage{
			"remainingAttendeeCapacity": json.RawMessage(" 17 "), "participantCount": json.RawMessage("23"),
		},
	}
	federation.Event{Timezone: "Europe/Paris", Category: "WORKSHOPS_SKILL_SHARING", Capacity: 40}.Put(o)
	federation.PutSlots(o, []federation.Slot{{
		ID: o.ID + "#slot-1", Name: "Vaisselle", People: 2,
		Start: time.Date(2026, 9, 12, 18, 0, 0, 0, paris), End: time.Date(2026, 9, 12, 20, 0, 0, 0, paris),
	}})
	return o
}

func initiative() *federation.Actor {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)).Public()
	_, ed := canonical(key)
	return &federation.Actor{
		ID: moulin, Type: "Organization", Username: "moulin", Handle: "moulin@amap.example", Name: "Les Jardins du Moulin",
		Summary: "<p>AMAP</p>", URL: "https://amap.example/@moulin",
		Icon:  &federation.Media{Type: "Image", MediaType: "image/png", URL: "https://amap.example/media/logo.png"},
		Image: &federation.Media{Type: "Image", MediaType: "image/png", URL: "https://amap.example/media/header.png"},
		Inbox: moulin + "/inbox", SharedInbox: "https://amap.example/inbox", Outbox: moulin + "/outbox",
		Followers: moulin + "/followers", Following: moulin + "/following", Featured: moulin + "/featured",
		Keys: []federation.Key{
			{ID: moulin + "#main-key", Owner: moulin, Algorithm: "rsa", PEM: testRSA},
			{ID: moulin + "#ed25519-key", Owner: moulin, Algorithm: "ed25519", PEM: ed},
		},
		Discoverable: true, Indexable: true, AlsoKnownAs: []federation.IRI{"https://agenda.example/@jardins"},
		Location:  &federation.Place{Type: "Place", Name: "Ferme du Moulin", Point: &federation.Point{Latitude: 44.9334, Longitude: 4.8924}},
		Fields:    []federation.Field{{Name: "Retrait", Value: "jeudi 18 h"}},
		Tags:      []federation.Tag{{Type: "Hashtag", Name: "#AMAP", Href: "https://amap.example/tags/amap"}},
		Published: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Updated: time.Date(2026, 8, 30, 12, 0, 0, 0, time.UTC),
		Local: true,
	}
}

const testRSA = "-----BEGIN PUBLIC KEY-----\n@\n-----END PUBLIC KEY-----\n"

// ours returns every kind of document we write.
func ours(t *testing.T) map[string][]byte {
	t.Helper()
	docs := map[string][]byte{}
	put := func(name string, doc []byte, err error) {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		docs[name] = doc
	}
	for name, o := range map[string]*federation.Object{"offer": offer(), "need": need(), "event": fair()} {
		doc, err := EncodeObject(o)
		put(name, doc, err)
		a := &federation.Activity{
			ID: o.ID + "/activities/create", Type: "Create", Actor: moulin, Object: o.ID, Enclosed: o, To: o.To, Cc: o.Cc,
			Bto: []federation.IRI{"https://social.example/users/secret"}, Bcc: []federation.IRI{"https://social.example/users/secret"}, Published: o.Published,
		}
		doc, err = EncodeActivity(a)
		put(name+"-create", doc, err)
	}
	a := initiative()
	doc, err := EncodeActor(a, LinksOf(a))
	put("organization", doc, err)
	doc, err = EncodeActivity(&federation.Activity{ID: moulin + "/updates/1", Type: "Update", Actor: moulin, Object: moulin, Profile: a, To: []federation.IRI{federation.Public}})
	put("organization-update", doc, err)
	g := initiative()
	g.Type, g.Keys = "Group", nil
	links := LinksOf(g)
	links.Moderators, links.MemberCount, links.Openness, links.Needs = moulin+"/moderators", 14, "moderated", moulin+"/needs"
	doc, err = EncodeActor(g, links)
	put("group", doc, err)
	doc, err = EncodeTombstone(&federation.Object{ID: "https://amap.example/events/1", Type: "Event", Deleted: time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)})
	put("tombstone", doc, err)
	join := &federation.Activity{
		ID: "https://agenda.example/join/1f", Type: "Join", Actor: "https://agenda.example/@lea", Object: "https://amap.example/events/1",
		Extra: map[string]json.RawMessage{"participationMessage": json.RawMessage(`"J'apporte un grille-pain"`)},
	}
	doc, err = EncodeActivity(join)
	put("join", doc, err)
	doc, err = EncodeActivity(&federation.Activity{ID: moulin + "/accepts/1", Type: "Accept", Actor: moulin, Object: join.ID, Inner: join, To: []federation.IRI{join.Actor}})
	put("accept", doc, err)
	doc, err = EncodeCollection(&Collection{ID: moulin + "/replies", Unordered: true, Total: 1, First: moulin + "/replies?page="})
	put("replies", doc, err)
	receipt := &federation.Object{
		ID: moulin + "/exchanges/1#step-1", Type: "Document", AttributedTo: moulin, Name: "Deux paniers", Context: string(moulin) + "/exchanges/1",
		To: []federation.IRI{"https://social.example/users/ann"}, URL: string(moulin) + "/exchanges/1#step-1", Local: true, Published: time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC),
		Extra: map[string]json.RawMessage{
			"fulfills": json.RawMessage(`["https://amap.example/exchanges/1#primary"]`), "due": json.RawMessage(`"2026-09-01T18:00:00Z"`),
			"resourceQuantity": json.RawMessage(`{"hasUnit":"one","hasNumericalValue":"2"}`), "kind": json.RawMessage(`"returned"`),
		},
	}
	doc, err = EncodeActivity(&federation.Activity{ID: moulin + "/creates/1", Type: "Create", Actor: moulin, Object: receipt.ID, Enclosed: receipt, To: receipt.To})
	put("receipt-create", doc, err)
	page := &Collection{ID: moulin + "/outbox?page=1", Total: 41, PartOf: moulin + "/outbox", Next: moulin + "/outbox?page=2", Items: []json.RawMessage{docs["event-create"]}}
	doc, err = EncodeCollection(page)
	put("outbox-page", doc, err)
	doc, err = EncodeCollection(&Collection{ID: moulin + "/followers", Owner: moulin, Total: 1, Items: IRIs([]federation.IRI{"https://social.example/users/ann"})})
	put("followers", doc, err)
	return docs
}

// TestOurDocuments compares what we write, byte by byte, with testdata/ours.
func TestOurDocuments(t *testing.T) {
	for name, doc := range ours(t) {
		t.Run(name, func(t *testing.T) {
			var pretty bytes.Buffer
			if err := json.Indent(&pretty, doc, "", "  "); err != nil {
				t.Fatal(err)
			}
			pretty.WriteByte('\n')
			path := filepath.Join("testdata", "ours", name+".jsonld")
			if *update {
				if err := os.WriteFile(path, pretty.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), pretty.String()); diff != "" {
				t.Error(diff)
			}
			if err := Gate(doc); err != nil {
				t.Error(err)
			}
			if bytes.Contains(doc, []byte("secret")) {
				t.Error("it names a hidden addressee")
			}
		})
	}
}

// Go-fed, which knows nothing of us, reads everything we write.
func TestGoFedReadsOurDocuments(t *testing.T) {
	for name, doc := range ours(t) {
		var m map[string]any
		if err := json.Unmarshal(doc, &m); err != nil {
			t.Fatal(err)
		}
		v, err := streams.ToType(context.Background(), m)
		if err != nil || v.GetTypeName() != m["type"] {
			t.Errorf("%s: %v, %v", name, v, err)
		}
	}
}

// What we write is what we read, but for what only we know.
func TestRoundTrip(t *testing.T) {
	ignore := cmp.Options{
		cmpopts.IgnoreFields(federation.Object{}, "Raw", "Local", "Extra", "Bto", "Attachments", "Location", "Image"),
		cmpopts.IgnoreFields(federation.Actor{}, "Local", "Handle", "Keys"),
		cmpopts.EquateEmpty(), cmpopts.EquateApproxTime(0),
	}
	for _, want := range []*federation.Object{offer(), need(), fair()} {
		doc, err := EncodeObject(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeObject(doc)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, ignore); diff != "" {
			t.Errorf("%s: %s", want.ID, diff)
		}
		p, ok := federation.ProposalOf(want)
		q, ok2 := federation.ProposalOf(got)
		if diff := cmp.Diff(p, q); diff != "" || ok != ok2 {
			t.Error(diff)
		}
		if diff := cmp.Diff(federation.EventOf(want), federation.EventOf(got)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(federation.SlotsOf(want), federation.SlotsOf(got)); diff != "" {
			t.Error(diff)
		}
		again, err := EncodeObject(func() *federation.Object { got.Local = true; return got }())
		if err != nil || !bytes.Equal(again, doc) {
			t.Errorf("written again: %v\n%s\n%s", err, doc, again)
		}
	}
	want := initiative()
	doc, err := EncodeActor(want, LinksOf(want))
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeActor(doc)
	if diff := cmp.Diff(want, got, ignore); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if len(got.Keys) != 1 || got.Keys[0] != want.Keys[1] { // the RSA key is a fake
		t.Errorf("keys %+v", got.Keys)
	}
}

// Every property and type we write is defined: in ActivityStreams or in the
// document's own context. Everyone who expands JSON-LD drops the others.
func TestEveryTermIsDefined(t *testing.T) {
	for name, doc := range ours(t) {
		var m map[string]any
		if err := json.Unmarshal(doc, &m); err != nil {
			t.Fatal(err)
		}
		defined(t, name, m, map[string]bool{})
	}
}

func defined(t *testing.T, where string, m map[string]any, terms map[string]bool) {
	t.Helper()
	terms = maps.Clone(terms)
	for _, c := range list(m["@context"]) {
		switch c := c.(type) {
		case map[string]any:
			for term := range c {
				terms[term] = true
			}
		case string:
			for term := range strings.FieldsSeq(remote[c]) {
				terms[term] = true
			}
		}
	}
	for name, v := range m {
		if name == "@context" {
			continue
		}
		if !terms[name] {
			t.Errorf("%s: %s is not defined", where, name)
		}
		if s, ok := v.(string); ok && name == "type" && !terms[s] {
			t.Errorf("%s: type %s is not defined", where, s)
		}
		if strings.HasSuffix(name, "Map") {
			continue
		}
		for _, e := range list(v) {
			if inner, ok := e.(map[string]any); ok {
				defined(t, where+"."+name, inner, terms)
			}
		}
	}
}

// remote holds the terms of the contexts we name, as far as we use them.
var remote = map[string]string{
	profile: `id type Accept Create Update Delete Join Note Event Organization Group Tombstone Image Link Place Document Collection
		CollectionPage OrderedCollection OrderedCollectionPage actor object to cc audience attributedTo name nameMap summary content contentMap
		published updated url href mediaType startTime endTime attachment tag location latitude longitude image icon width height
		context replies likes shares items totalItems orderedItems partOf next first last formerType deleted inbox outbox
		followers following endpoints sharedInbox preferredUsername`,
	"https://w3id.org/security/v1": "publicKey owner publicKeyPem",
	"https://www.w3.org/ns/cid/v1": "assertionMethod Multikey controller publicKeyMultibase",
}

// The properties that the peers of docs/decisions look for, in each family.
func TestProperties(t *testing.T) {
	docs := ours(t)
	for name, want := range map[string]string{
		"offer": `@context id type attributedTo to cc audience published url name content contentMap sensitive attachment tag location endTime
			context replies likes shares interactionPolicy purpose publishes reciprocal unitBased exchangeMode priceBreakdown resourceCategory`,
		"event": `@context id type actor attributedTo to cc published url name nameMap summary content contentMap mediaType inLanguage startTime endTime
			timezone displayEndTime location image attachment tag category status eventStatus isOnline joinMode anonymousParticipationEnabled
			maximumAttendeeCapacity remainingAttendeeCapacity participantCount attendees organizers commentsEnabled replies likes shares interactionPolicy sensitive slots`,
		"offer-create": `@context id type actor published to cc audience object`,
		"accept":       `@context id type actor to object`,
		"organization": `@context id type preferredUsername webfinger name summary url inbox outbox followers following featured endpoints icon image
			manuallyApprovesFollowers discoverable indexable published updated alsoKnownAs publicKey assertionMethod location tag attachment
			interactionPolicy upcomingEvents offers`,
		"group": `@context id type preferredUsername webfinger name summary url inbox outbox followers following featured endpoints icon image
			attributedTo moderators postingRestrictedToMods manuallyApprovesFollowers discoverable indexable published updated alsoKnownAs
			location tag attachment interactionPolicy members memberCount openness upcomingEvents offers needs`,
	} {
		var m map[string]json.RawMessage
		if err := json.Unmarshal(docs[name], &m); err != nil {
			t.Fatal(err)
		}
		fields := strings.Fields(want)
		slices.Sort(fields)
		if diff := cmp.Diff(fields, slices.Sorted(maps.Keys(m))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for name, part := range map[string]string{
		"offer":        `"latitude":45.0,"longitude":4.8924`,
		"need":         `"latitude":44.9334,"longitude":4.0`,
		"offer-create": `"focalPoint":[0.0,-0.25]`,
		"event":        `"startTime":"2026-09-12T14:00:00+02:00"`,
		"event-create": `"published":"2026-08-20T10:00:00Z"`,
	} {
		if !bytes.Contains(docs[name], []byte(part)) {
			t.Errorf("%s has no %s", name, part)
		}
	}
	if bytes.Contains(docs["offer"], []byte(`"updated"`)) {
		t.Error("an offer that was never edited says when it was")
	}
}

func TestEmbedding(t *testing.T) {
	t.Run("what a circuit announces is unchanged", func(t *testing.T) {
		raw := fixture(t, "mastodon/create-note.json")
		in, err := DecodeActivity(raw)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := EncodeActivity(&federation.Activity{ID: moulin + "/announces/1", Type: "Announce", Actor: moulin, Object: in.Object, Inner: in})
		if err != nil || !bytes.Contains(doc, bytes.TrimSpace(raw)) {
			t.Errorf("%v\n%s", err, doc)
		}
	})
	t.Run("served bytes are delivered, without context and hidden addressees", func(t *testing.T) {
		o := offer()
		raw, err := EncodeObject(o)
		if err != nil {
			t.Fatal(err)
		}
		o.Raw = append(raw[:len(raw)-1], `,"bto":["https://social.example/users/secret"]}`...)
		doc, err := EncodeActivity(&federation.Activity{ID: moulin + "/1", Type: "Create", Actor: moulin, Object: o.ID, Enclosed: o, To: o.To})
		if err != nil || bytes.Count(doc, []byte("@context")) != 1 || bytes.Contains(doc, []byte("secret")) {
			t.Errorf("%v\n%s", err, doc)
		}
	})
	t.Run("a foreign context stays with its object", func(t *testing.T) {
		o := &federation.Object{Type: "Note", ID: "https://b.example/1", Raw: []byte(`{"@context":["x:y"],"type":"Note","id":"https://b.example/1"}`)}
		doc, err := EncodeActivity(&federation.Activity{ID: moulin + "/1", Type: "Create", Actor: moulin, Object: o.ID, Enclosed: o})
		if err != nil || !bytes.Contains(doc, []byte(`"object":{"@context":["x:y"]`)) {
			t.Errorf("%v\n%s", err, doc)
		}
	})
	t.Run("a signed statement keeps its context", func(t *testing.T) {
		o := &federation.Object{Type: "Relationship", ID: "https://a.example/1", Extra: map[string]json.RawMessage{"proof": json.RawMessage(`{"type":"DataIntegrityProof"}`)}}
		raw, err := EncodeObject(o)
		if err != nil || !bytes.Contains(raw, []byte("data-integrity/v2")) {
			t.Fatalf("%v\n%s", err, raw)
		}
		o.Raw = raw
		doc, err := EncodeActivity(&federation.Activity{ID: moulin + "/1", Type: "Create", Actor: moulin, Object: o.ID, Enclosed: o})
		if err != nil || !bytes.Contains(doc, append([]byte(`"object":`), raw...)) {
			t.Errorf("%v\n%s", err, doc)
		}
	})
	t.Run("extra properties replace nothing", func(t *testing.T) {
		o := offer()
		o.Extra["id"], o.Extra["@context"], o.Extra["bto"], o.Extra["signature"] = json.RawMessage(`"x"`), json.RawMessage(`"y"`), json.RawMessage(`"z"`), json.RawMessage(`{}`)
		doc, err := EncodeObject(o)
		if err != nil || Gate(doc) != nil || bytes.Contains(doc, []byte(`"x"`)) || bytes.Contains(doc, []byte("bto")) {
			t.Errorf("%v\n%s", err, doc)
		}
		o.Extra["broken"] = json.RawMessage(`{"a"`)
		if _, err := EncodeObject(o); err == nil {
			t.Error("wrote what is not JSON")
		}
	})
}

// A term means the same in every family, so that families can be joined.
func TestContextsAgree(t *testing.T) {
	seen := map[string]any{}
	for _, c := range []string{federation.ActorContext, federation.SharedContext, federation.ContextOf(offer()), federation.ContextOf(fair())} {
		var parts []any
		if err := json.Unmarshal([]byte(c), &parts); err != nil || parts[0] != profile {
			t.Fatalf("%v\n%s", err, c)
		}
		terms, _ := parts[len(parts)-1].(map[string]any)
		if len(terms) < 20 {
			t.Errorf("only %d terms in %s", len(terms), c)
		}
		for term, meaning := range terms {
			if old, ok := seen[term]; ok && !cmp.Equal(old, meaning) {
				t.Errorf("%s is %v and %v", term, old, meaning)
			}
			seen[term] = meaning
		}
	}
}

// TestAddressesSayThatTheyAre: a reader of JSON-LD takes a property that holds an
// address for a text, if the context does not say so. Fedify fell over an agreement
// that satisfies a text.
func TestAddressesSayThatTheyAre(t *testing.T) {
	docs := ours(t)
	docs["agreement"] = []byte(`{"@context":` + federation.ContextOf(offer()) + `,
		"stipulates":{"satisfies":"https://home.example/1#primary"},"fulfills":["https://home.example/1#primary"]}`)
	for name, doc := range docs {
		var tree map[string]any
		if err := json.Unmarshal(doc, &tree); err != nil {
			t.Fatal(err)
		}
		terms := map[string]any{}
		for _, c := range list(tree["@context"]) {
			if c, ok := c.(map[string]any); ok {
				maps.Copy(terms, c)
			}
		}
		delete(tree, "@context")
		untyped(terms, tree, func(key, value string) { t.Errorf("%s: %s is the address %s, and its term a text", name, key, value) })
	}
}

// untyped finds addresses in properties that our own terms have for texts.
func untyped(terms map[string]any, v any, found func(key, value string)) {
	m, ok := v.(map[string]any)
	if !ok {
		return
	}
	for key, v := range m {
		for _, e := range list(v) {
			s, _ := e.(string)
			if _, plain := terms[key].(string); plain && strings.HasPrefix(s, "https://") {
				found(key, s)
			}
			untyped(terms, e, found)
		}
	}
}
