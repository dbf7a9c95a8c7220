// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// TestDocuments: what peers come to fetch, and how they find it.
func TestDocuments(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		i := launch(t, "amap", variant{database: fresh(t)})
		ann := i.member("Person", "ann", false)
		gone := i.member("Person", "partie", false)
		i.publish(&federation.Activity{Type: federation.Delete, Actor: gone.ID, Object: gone.ID, To: []federation.IRI{federation.Public}})
		offer, event := i.offers(basketForm()), i.invites(repairForm(i.now()))
		closed := i.writes(i.Actor, "aux nôtres", i.Actor.Followers)
		p := newForeign(t, "127.0.0.2")
		vera := p.actor("vera")
		vera.follows(i, i.Actor)
		reply := vera.note("J’en prends deux", jsonDoc{"inReplyTo": offer.ID, "cc": []federation.IRI{i.Actor.ID}})
		wantStatus(t, vera.send(i.Actor.Inbox, vera.says("Create", reply, nil)), 202)
		wantStatus(t, vera.send(i.Actor.Inbox, vera.says("Like", offer.ID, nil)), 202)
		i.settle()
		host := hostOf(i.Origin)

		t.Run("WebFinger", func(t *testing.T) {
			finger := func(resource string) *httpAnswer {
				return i.get("/.well-known/webfinger?resource="+resource, "Accept", "application/jrd+json")
			}
			for resource, want := range map[string]federation.IRI{
				"acct:amap@" + host:               i.Actor.ID,
				"acct:AMAP@" + host:               i.Actor.ID,
				"acct:Amap@" + host:               i.Actor.ID,
				"amap@" + host:                    i.Actor.ID,
				"@amap@" + host:                   i.Actor.ID,
				string(i.Actor.ID):                i.Actor.ID,
				i.Actor.URL:                       i.Actor.ID,
				"acct:ann@" + host:                ann.ID,
				i.Origin + "/":                    outbox.InstanceActor(i.Origin),
				i.Origin:                          outbox.InstanceActor(i.Origin),
				"acct:instance@" + host:           outbox.InstanceActor(i.Origin),
				"acct%3Aamap%40" + host:           i.Actor.ID,
				"acct:amap@" + host + "&rel=self": i.Actor.ID,
			} {
				a := finger(resource)
				if a.StatusCode != http.StatusOK || a.Header.Get("Content-Type") != "application/jrd+json" || a.Header.Get("Access-Control-Allow-Origin") != "*" {
					t.Errorf("%s: %d %s", resource, a.StatusCode, a.Header)
					continue
				}
				d := a.doc(t)
				links := map[string]jsonDoc{}
				for _, l := range d["links"].([]any) {
					l := l.(jsonDoc)
					if _, twice := links[fmt.Sprint(l["rel"])]; !twice {
						links[fmt.Sprint(l["rel"])] = l
					}
				}
				if self := links["self"]; self["href"] != string(want) || self["type"] != vocab.ActivityJSON {
					t.Errorf("%s: self is %v", resource, self)
				}
				if !strings.HasPrefix(fmt.Sprint(d["subject"]), "acct:") || !strings.Contains(fmt.Sprint(links["http://ostatus.org/schema/1.0/subscribe"]["template"]), "{uri}") ||
					links["http://webfinger.net/rel/profile-page"]["type"] != "text/html" {
					t.Errorf("%s: %v", resource, d)
				}
				if !slices.Contains(d["aliases"].([]any), any(string(want))) {
					t.Errorf("%s: aliases %v", resource, d["aliases"])
				}
				if _, ok := links["https://www.w3.org/ns/activitystreams#Service"]; ok != (want == outbox.InstanceActor(i.Origin)) {
					t.Errorf("%s: the link of FEP-d556: %v", resource, ok)
				}
			}
			for resource, want := range map[string]int{
				"acct:nobody@" + host:       404,
				"acct:amap@other.example":   404,
				"acct:partie@" + host:       410,
				string(gone.ID):             410,
				"https://other.example/":    404,
				"acct:amap":                 404,
				"":                          400,
				"mailto:amap@" + host:       404,
				strings.Repeat("a", 3000):   400,
				string(vera.ID):             404,
				string(offer.ID):            404,
				"acct:..%2Famap@" + host:    404,
				"acct:amap%2Finbox@" + host: 404,
			} {
				if a := finger(resource); a.StatusCode != want {
					t.Errorf("%.60s: %d, want %d", resource, a.StatusCode, want)
				}
			}
			if a := i.get("/.well-known/webfinger"); a.StatusCode != http.StatusBadRequest {
				t.Errorf("without a resource: %d", a.StatusCode)
			}
		})

		t.Run("host-meta", func(t *testing.T) {
			a := i.get("/.well-known/host-meta")
			var xrd struct {
				Links []struct {
					Rel      string `xml:"rel,attr"`
					Template string `xml:"template,attr"`
				} `xml:"Link"`
			}
			if err := xml.Unmarshal(a.Body, &xrd); err != nil || len(xrd.Links) != 1 || xrd.Links[0].Rel != "lrdd" || xrd.Links[0].Template != i.Origin+"/.well-known/webfinger?resource={uri}" {
				t.Errorf("%v %s", err, a.Body)
			}
			if !strings.HasPrefix(a.Header.Get("Content-Type"), "application/xrd+xml") {
				t.Error(a.Header.Get("Content-Type"))
			}
		})

		t.Run("NodeInfo", func(t *testing.T) {
			links := map[string]string{}
			for _, l := range i.get("/.well-known/nodeinfo").doc(t)["links"].([]any) {
				links[fmt.Sprint(l.(jsonDoc)["rel"])] = fmt.Sprint(l.(jsonDoc)["href"])
			}
			if links["https://www.w3.org/ns/activitystreams#Application"] != string(outbox.InstanceActor(i.Origin)) {
				t.Errorf("no link to the instance actor: %v", links)
			}
			for _, version := range []string{"2.0", "2.1"} {
				a := i.get(links["http://nodeinfo.diaspora.software/ns/schema/"+version])
				d := a.doc(t)
				if want := `application/json; profile="http://nodeinfo.diaspora.software/ns/schema/` + version + `#"`; a.Header.Get("Content-Type") != want || a.Header.Get("Access-Control-Allow-Origin") != "*" {
					t.Errorf("%s: %s", version, a.Header)
				}
				software := d["software"].(jsonDoc)
				if d["version"] != version || software["name"] != "maillage" || software["version"] == "" || (software["repository"] != nil) != (version == "2.1") {
					t.Errorf("%s: %v", version, d)
				}
				services, usage := d["services"].(jsonDoc), d["usage"].(jsonDoc)
				for _, name := range []string{"inbound", "outbound"} {
					if list, ok := services[name].([]any); !ok || len(list) != 0 {
						t.Errorf("services: %v", services)
					}
				}
				if fmt.Sprint(d["protocols"]) != "[activitypub]" || d["openRegistrations"] != false || usage["localPosts"] != 2.0 {
					t.Errorf("%s: %v", version, d)
				}
				if users := usage["users"].(jsonDoc); users["total"] != 2.0 { // the administrator and Ann, who are alive
					t.Errorf("users %v", users)
				}
				if meta := d["metadata"].(jsonDoc); meta["nodeName"] == nil || meta["staffAccounts"] == nil {
					t.Errorf("metadata %v", meta)
				}
			}
			if a := i.get("/nodeinfo/3.0"); a.StatusCode != http.StatusNotFound {
				t.Errorf("3.0: %d", a.StatusCode)
			}
		})

		t.Run("B57 Accept decides what is answered", func(t *testing.T) {
			for _, id := range []string{string(i.Actor.ID), string(offer.ID), string(event.ID)} {
				for accept, wantJSON := range map[string]bool{
					"": false, "*/*": false, "image/*": false, "text/html": false, "application/xhtml+xml": false,
					"application/json":                                                false,
					vocab.ActivityJSON:                                                true,
					"application/ld+json":                                             true,
					vocab.MediaType:                                                   true,
					"APPLICATION/ACTIVITY+JSON":                                       true,
					vocab.ActivityJSON + ", " + vocab.MediaType:                       true,
					"application/activity+json;q=0.1,text/html":                       false,
					"text/html;q=0.1,application/activity+json":                       true,
					"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": false,
					"application/activity+json, */*;q=0.1":                            true,
					"application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\", text/html;q=0.5": true,
					"application/activity+json;q=0": false,
					"nonsense":                      false,
					",,;;":                          false,
				} {
					for _, method := range []string{http.MethodGet, http.MethodHead} {
						r := i.request(method, id, nil)
						r.Header["Accept"] = []string{accept}
						a := i.do(r)
						kind := a.Header.Get("Content-Type")
						if a.StatusCode != http.StatusOK || vocab.IsActivityJSON(kind) != wantJSON || !wantJSON && !strings.HasPrefix(kind, "text/html") {
							t.Errorf("%s %s for %q: %d %s", method, id, accept, a.StatusCode, kind)
						}
						if !strings.Contains(strings.Join(a.Header.Values("Vary"), ","), "Accept") {
							t.Errorf("%s for %q: Vary %v", id, accept, a.Header.Values("Vary"))
						}
						if method == http.MethodHead && len(a.Body) != 0 {
							t.Errorf("HEAD answers %d bytes", len(a.Body))
						}
					}
				}
				page := i.get(id, "Accept", "text/html")
				if link := page.Header.Get("Link") + string(page.Body); !strings.Contains(link, "application/activity+json") {
					t.Errorf("the page of %s does not name its document", id)
				}
			}
		})

		t.Run("every id answers for itself", func(t *testing.T) {
			seen := map[string]bool{}
			for _, query := range []string{
				"SELECT id FROM actors WHERE local = 1 AND gone = 0", "SELECT id FROM objects WHERE local = 1 AND visibility <= 1 AND gone = 0",
				"SELECT id FROM activities WHERE local = 1 AND visibility <= 1 AND type <> 'Delete'",
			} {
				for _, id := range i.column(query, 0) {
					seen[id] = true
				}
			}
			for _, a := range []*federation.Actor{i.Actor, ann} {
				for _, c := range []federation.IRI{a.Outbox, a.Followers, a.Following, a.Featured} {
					seen[string(c)] = true
				}
			}
			actor := i.get(string(i.Actor.ID)).doc(t)
			for _, name := range []string{"inbox", "outbox", "followers", "following", "featured"} {
				if idIn(actor[name]) == "" {
					t.Errorf("the actor names no %s", name)
				}
			}
			if shared := actor["endpoints"].(jsonDoc)["sharedInbox"]; shared != i.Origin+"/inbox" {
				t.Errorf("the shared inbox is %v", shared)
			}
			for id := range seen {
				a := i.get(id)
				if a.StatusCode != http.StatusOK || !vocab.IsActivityJSON(a.Header.Get("Content-Type")) || a.Header.Get("Access-Control-Allow-Origin") != "*" {
					t.Errorf("%s: %d %s", id, a.StatusCode, a.Header)
					continue
				}
				if d := a.doc(t); d["id"] != id || d["@context"] == nil {
					t.Errorf("%s says it is %v", id, d["id"])
				}
				if !strings.HasPrefix(a.Header.Get("Cache-Control"), "public") {
					t.Errorf("%s: %s", id, a.Header.Get("Cache-Control"))
				}
				if err := vocab.Gate(a.Body); err != nil {
					t.Errorf("%s: %v", id, err)
				}
			}
		})

		t.Run("collections have pages of arrays", func(t *testing.T) {
			for n := range 45 {
				i.writes(i.Actor, fmt.Sprint("note ", n), federation.Public, i.Actor.Followers)
			}
			all := i.number("SELECT count(*) FROM activities WHERE actor = " + i.quoted(string(i.Actor.ID)) + " AND visibility <= 1")
			whole := i.get(string(i.Actor.Outbox)).doc(t)
			if whole["type"] != "OrderedCollection" || whole["totalItems"] != float64(all) || whole["first"] == nil {
				t.Errorf("the outbox is %v", whole)
			}
			seen, last := map[string]bool{}, ""
			next, pages := idIn(whole["first"]), 0
			for next != "" && pages < 20 {
				page := i.get(next).doc(t)
				if page["type"] != "OrderedCollectionPage" || page["partOf"] != string(i.Actor.Outbox) || page["id"] != next {
					t.Errorf("a page is %v of %v", page["id"], page["partOf"])
				}
				items, ok := page["orderedItems"].([]any)
				if !ok {
					t.Fatalf("the items are %v", page["orderedItems"])
				}
				for _, item := range items {
					a, ok := item.(jsonDoc)
					if !ok || a["actor"] != string(i.Actor.ID) {
						t.Fatalf("an item is %v", item)
					}
					if a["type"] == "Create" {
						if o, ok := a["object"].(jsonDoc); !ok || o["type"] == nil {
							t.Errorf("a Create without its object: %v", a["object"])
						}
					}
					if seen[idIn(a)] {
						t.Errorf("%s is there twice", idIn(a))
					}
					seen[idIn(a)] = true
					if when := fmt.Sprint(a["published"]); last != "" && when > last {
						t.Errorf("%s after %s", when, last)
					} else {
						last = when
					}
				}
				next, pages = idIn(page["next"]), pages+1
			}
			if len(seen) != all || pages < 3 {
				t.Errorf("%d activities on %d pages, want %d", len(seen), pages, all)
			}
			for path, want := range map[federation.IRI]string{
				i.Actor.Followers + "?page=":          string(vera.ID),
				i.Actor.ID + "/upcoming-events?page=": string(event.ID),
				i.Actor.ID + "/offers?page=":          string(offer.ID),
			} {
				if items, ok := i.get(string(path)).doc(t)["orderedItems"].([]any); !ok || len(items) != 1 || idIn(items[0]) != want {
					t.Errorf("%s: %v", path, items)
				}
			}
			answers, _ := i.get(string(offer.ID)).doc(t)["replies"].(jsonDoc)
			first, _ := answers["first"].(jsonDoc) // GoToSocial reads answers from here only
			if items, ok := i.get(idIn(first["next"])).doc(t)["items"].([]any); !ok || len(items) != 1 || idIn(items[0]) != idIn(reply) {
				t.Errorf("answers by way of %v: %v", answers, items)
			}
			for path, want := range map[federation.IRI]float64{
				i.Actor.Followers: 1, i.Actor.Following: 0, ann.Followers: 0, offer.ID + "/likes": 1, offer.ID + "/shares": 0, offer.ID + "/replies": 1,
				event.ID + "/attendees": 0, event.ID + "/organizers": 1,
			} {
				if got := i.get(string(path)).doc(t)["totalItems"]; got != want {
					t.Errorf("%s counts %v, want %v", path, got, want)
				}
			}
			own, served := i.get(string(event.ID)).doc(t)["organizers"].(jsonDoc), i.get(string(event.ID)+"/organizers").doc(t)
			delete(served, "@context")
			if !reflect.DeepEqual(own, served) {
				t.Errorf("an event says %v of its organizers, and they are served as %v", own, served)
			}
			wantStatus(t, i.get(string(offer.ID)+"/organizers", "Accept", vocab.ActivityJSON), 404)
			i.publish(&federation.Activity{Type: federation.Add, Object: offer.ID, Target: i.Actor.Featured, To: []federation.IRI{i.Actor.Followers}})
			if items, ok := i.get(string(i.Actor.Featured)).doc(t)["orderedItems"].([]any); !ok || len(items) != 1 {
				t.Errorf("one that is featured: %v", items)
			}
			for _, cursor := range []string{"garbage", "-1", "0", "%00", "9999999999999999999999", "';drop", strings.Repeat("a", 5000)} { // B58
				if a := i.get(string(i.Actor.Outbox) + "?page=" + cursor); a.StatusCode != http.StatusBadRequest && a.StatusCode != http.StatusOK {
					t.Errorf("cursor %.20q: %d", cursor, a.StatusCode)
				}
			}
			for _, d := range []federation.IRI{i.Actor.ID + "/nothing", offer.ID + "/nothing", closed.ID + "/replies"} {
				if a := i.get(string(d)); a.StatusCode != http.StatusNotFound {
					t.Errorf("%s: %d", d, a.StatusCode)
				}
			}
		})

		t.Run("what depends on who asks is private", func(t *testing.T) {
			a := vera.reads(closed.ID)
			if a.StatusCode != http.StatusOK || !strings.HasPrefix(a.Header.Get("Cache-Control"), "private") ||
				!strings.Contains(strings.Join(a.Header.Values("Vary"), ","), "Signature") {
				t.Errorf("%d %v", a.StatusCode, a.Header)
			}
			if a := i.get(string(closed.ID)); a.StatusCode != http.StatusNotFound || a.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("anonymous: %d %v", a.StatusCode, a.Header)
			}
		})

		t.Run("a deleted actor is a tombstone", func(t *testing.T) {
			a := i.get(string(gone.ID))
			if d := a.doc(t); a.StatusCode != http.StatusGone || d["type"] != "Tombstone" || d["formerType"] != "Person" || d["id"] != string(gone.ID) {
				t.Errorf("%d %v", a.StatusCode, d)
			}
			for _, c := range []federation.IRI{gone.Outbox, gone.Followers, gone.Featured} {
				if a := i.get(string(c)); a.StatusCode != http.StatusGone {
					t.Errorf("%s: %d", c, a.StatusCode)
				}
			}
			if a := vera.send(gone.Inbox, vera.says("Follow", gone.ID, nil)); a.StatusCode != http.StatusGone && a.StatusCode != http.StatusNotFound {
				t.Errorf("its inbox: %d", a.StatusCode)
			}
			i.update(func(ctx context.Context, tx *store.Tx) error {
				if _, err := outbox.NewActor(ctx, tx, outbox.ActorSpec{Type: "Person", Username: "partie"}); err == nil {
					t.Error("its name is given again")
				}
				return nil
			})
		})

		t.Run("B54 other hosts are not served", func(t *testing.T) {
			for name, request := range map[string]string{
				"another host":    "GET %s HTTP/1.1\r\nHost: other.example\r\n\r\n",
				"no host":         "GET %s HTTP/1.1\r\n\r\n",
				"two hosts":       "GET %s HTTP/1.1\r\nHost: " + host + "\r\nHost: other.example\r\n\r\n",
				"absolute form":   "GET http://other.example%s HTTP/1.1\r\nHost: " + host + "\r\n\r\n",
				"another port":    "POST %s HTTP/1.1\r\nHost: 127.0.0.1:1\r\nContent-Length: 0\r\n\r\n",
				"a host to trust": "GET %s HTTP/1.1\r\nHost: other.example\r\nX-Forwarded-Host: " + host + "\r\n\r\n",
				"user in host":    "GET %s HTTP/1.1\r\nHost: a@" + host + "\r\n\r\n",
			} {
				a, body := wireRequest(t, i, fmt.Sprintf(request, "/actors/amap"))
				if !slices.Contains([]int{400, 421}, a.StatusCode) || bytes.Contains(body, []byte("publicKey")) {
					t.Errorf("%s: %d", name, a.StatusCode)
				}
			}
		})

		t.Run("B55 requests that no honest client sends", func(t *testing.T) {
			var many, long strings.Builder
			for n := range 1000 {
				fmt.Fprintf(&many, "X-%d: a\r\n", n)
			}
			long.WriteString("X-Long: " + strings.Repeat("a", 64<<10) + "\r\n")
			head := " HTTP/1.1\r\nHost: " + host + "\r\n"
			for name, c := range map[string]struct {
				request string
				want    []int
				closes  bool
			}{
				"1 000 headers":     {"GET /actors/amap" + head + many.String() + "\r\n", []int{431}, false},
				"a header of 64 kB": {"GET /actors/amap" + head + long.String() + "\r\n", []int{431}, true},
				"TE identity":       {"POST /inbox" + head + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", []int{400, 501}, true},
				"TE nonsense":       {"POST /inbox" + head + "Transfer-Encoding: nonsense\r\n\r\n", []int{400, 501}, true},
				"two lengths":       {"POST /inbox" + head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", []int{400}, true},
				"length and TE": {
					"POST /inbox" + head + "Content-Type: " + vocab.ActivityJSON + "\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\nGET /smuggled" + head + "\r\n",
					[]int{400, 501},
					true,
				},
				"NUL in a header": {"GET /actors/amap" + head + "X-A: a\x00b\r\n\r\n", []int{400}, true},
			} {
				a, rest := wireRequest(t, i, c.request)
				if !slices.Contains(c.want, a.StatusCode) {
					t.Errorf("%s: %d", name, a.StatusCode)
				}
				if c.closes && bytes.Contains(rest, []byte("HTTP/1.1 ")) {
					t.Errorf("%s: what rode behind was answered: %s", name, rest)
				}
			}
			if a := i.get(string(i.Actor.ID)); a.StatusCode != http.StatusOK {
				t.Errorf("the next good request: %d", a.StatusCode)
			}
		})

		t.Run("B56 path tricks", func(t *testing.T) {
			for _, path := range []string{
				"/actors%2Famap", "//actors/amap", "/actors//amap", "/actors/../actors/amap", "/actors/./amap", "/actors/%2e%2e/actors/amap",
				"/actors/amap/../ann", "/actors/amap%00", "/actors\\amap", "/actors/amap/..%2fann", "/ACTORS/amap", "/actors/amap;x=1", "/actors/%61map%0a",
			} {
				a, body := wireRequest(t, i, "GET "+path+" HTTP/1.1\r\nHost: "+host+"\r\nAccept: "+vocab.ActivityJSON+"\r\n\r\n")
				if !slices.Contains([]int{301, 307, 308, 400, 404}, a.StatusCode) || bytes.Contains(body, []byte("publicKey")) {
					t.Errorf("%q: %d %.80s", path, a.StatusCode, body)
				}
			}
		})

		t.Run("healthz says whether it serves", func(t *testing.T) {
			a := i.get("/healthz")
			if a.StatusCode != http.StatusOK || a.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%d %v", a.StatusCode, a.Header)
			}
			i.stopping.Store(true)
			if a := i.get("/healthz"); a.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("while stopping: %d", a.StatusCode)
			}
			i.stopping.Store(false)
		})
	})
}

// wireRequest sends bytes as they are, and returns the answer and whatever else
// comes back.
func wireRequest(t *testing.T, i *instance, request string) (*http.Response, []byte) {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", hostOf(i.Origin))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatalf("%.60q: %v", request, err)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		t.Fatalf("%.60q: %v", request, err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(io.LimitReader(r, 1<<20)) // until it is closed, or says nothing more
	return resp, append(body, rest...)
}
