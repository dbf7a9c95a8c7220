// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"encoding/xml"
	"image/color"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"

	"codeberg.org/maillage/maillage/federation"
)

// anEvent makes an event of the initiative, begun in so many days.
func (i *instance) anEvent(name string, days int) *federation.Object {
	i.t.Helper()
	at := i.now().AddDate(0, 0, days)
	o := &federation.Object{
		Type: "Event", Name: name, Content: "<p>Venez <b>tous</b></p>", To: []federation.IRI{federation.Public}, Start: at, End: at.Add(2 * time.Hour),
		Location: &federation.Place{Type: "Place", Name: "Ferme du Moulin", City: "Étampes", Point: &federation.Point{Latitude: 48.43, Longitude: 2.16}},
		Tags:     []federation.Tag{{Type: "Hashtag", Name: "#Paniers", Href: origin + "/tags/paniers"}},
	}
	federation.Event{Timezone: "Europe/Paris"}.Put(o)
	return i.publish(i.initiative.ID, o)
}

// anAtom is what the tests read of a feed.
type anAtom struct {
	Title   string `xml:"title"`
	ID      string `xml:"id"`
	Updated string `xml:"updated"`
	Links   []struct {
		Href string `xml:"href,attr"`
		Rel  string `xml:"rel,attr"`
	} `xml:"link"`
	Entries []struct {
		Title   string `xml:"title"`
		ID      string `xml:"id"`
		Updated string `xml:"updated"`
		Content string `xml:"content"`
	} `xml:"entry"`
}

func readAtom(t testing.TB, r response) (a anAtom) {
	t.Helper()
	must(t, xml.Unmarshal([]byte(r.body), &a))
	return a
}

func TestFeeds(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.as("")
		if a := readAtom(t, b.get("/feed.atom").wants(t, 200)); len(a.Entries) != 0 || a.Updated == "" {
			t.Errorf("of nothing: %+v", a)
		}
		made := i.as("admin").post("/publish/offer", offer()).wants(t, 303)
		id := origin + strings.TrimSuffix(made.Header.Get("Location"), "?done=published")
		i.pass(time.Minute)
		event := i.anEvent("Fête <script>alert(1)</script> & distribution", 3)
		i.publish(i.accounts["editor"].Person, note("pour Camille", i.accounts["moderator"].Person))
		secret := i.publish(i.accounts["editor"].Person, note("abonnés", federation.IRI(string(i.accounts["editor"].Person)+"/followers")))

		res := b.get("/feed.atom").wants(t, 200, "application/atom+xml")
		a := readAtom(t, res)
		if len(a.Entries) != 2 || a.Entries[0].ID != string(event.ID) || a.Entries[1].ID != id || a.ID != origin+"/feed.atom" || len(a.Links) != 2 {
			t.Fatalf("%+v", a)
		}
		e := a.Entries[0]
		if !strings.Contains(e.Content, "Ferme du Moulin") || !strings.Contains(e.Content, "2026") || e.Updated != "2026-09-01T10:01:00Z" {
			t.Errorf("%+v", e)
		}
		if strings.Contains(e.Content, "<script") {
			t.Error(e.Content)
		}
		if strings.Contains(res.body, "Camille</") || strings.Contains(res.body, string(secret.ID)) {
			t.Error("a feed says what is not public")
		}
		for path, want := range map[string][]string{
			"/events/feed.atom": {string(event.ID)}, "/offers/feed.atom": {id}, "/needs/feed.atom": nil,
			"/tags/paniers/feed.atom": {string(event.ID)}, "/@amap/feed.atom": {string(event.ID), id}, "/@camille-editor/feed.atom": nil,
			"/offers/feed.atom?q=nowhere": nil,
		} {
			var got []string
			for _, e := range readAtom(t, b.get(path).wants(t, 200)).Entries {
				got = append(got, e.ID)
			}
			if strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("%s: %v", path, got)
			}
		}
		rss := b.get("/feed.rss").wants(t, 200, "<guid", "<pubDate>", string(event.ID))
		must(t, xml.Unmarshal([]byte(rss.body), new(struct {
			Channel struct {
				Title string `xml:"title"`
			} `xml:"channel"`
		})))
		for _, path := range []string{"/@nobody/feed.atom", "/amap/feed.atom", "/@amap/other.txt", "/@amap/feed.atom/x"} {
			b.get(path).wants(t, 404)
		}
		b.get("/offers/feed.atom?lat=x&lon=y").wants(t, 400)
	})
}

// A reader that has seen a feed gets it again only when it changed.
func TestFeedsAreNotReadTwice(t *testing.T) {
	i := lone(t)
	i.anEvent("Fête", 3)
	b := i.as("")
	for _, path := range []string{"/feed.atom", "/events/feed.rss", "/events/calendar.ics"} {
		first := b.get(path).wants(t, 200)
		again := b.request(http.MethodGet, path, nil)
		again.Header.Set("If-None-Match", first.Header.Get("ETag"))
		i.pass(time.Hour)
		b.send(again).wants(t, 304)
		again = b.request(http.MethodGet, path, nil)
		again.Header.Set("If-Modified-Since", first.Header.Get("Last-Modified"))
		b.send(again).wants(t, 304)
	}
	etag := b.get("/feed.atom").Header.Get("ETag")
	i.anEvent("Une autre", 4)
	if b.get("/feed.atom").Header.Get("ETag") != etag {
		t.Error("it is made anew for each reader")
	}
	i.pass(keptTime + time.Second)
	if b.get("/feed.atom").Header.Get("ETag") == etag {
		t.Error("a new entry changes nothing")
	}
}

// What is published by a form is there at once.
func TestFormsRenewFeeds(t *testing.T) {
	i := lone(t)
	i.as("").get("/offers/feed.atom").wants(t, 200)
	i.as("admin").post("/publish/offer", offer()).wants(t, 303)
	i.as("").get("/offers/feed.atom").wants(t, 200, "Paniers de légumes")
}

func TestDocumentsKeptAreBounded(t *testing.T) {
	var k keptDocuments
	now := time.Now()
	for n := range 20 {
		_, cleared := k.get("", now)
		k.put(strconv.Itoa(n), &document{body: make([]byte, keptBytes/4), at: now}, cleared)
		k.put("long", &document{body: make([]byte, keptBytes), at: now}, cleared)
		total := 0
		for _, d := range k.documents {
			total += len(d.body)
		}
		if total > keptBytes || total != k.bytes || total == 0 {
			t.Fatalf("%d bytes are kept, as %d", total, k.bytes)
		}
	}
	_, cleared := k.get("", now)
	k.clear()
	k.put("old", &document{at: now}, cleared)
	if d, _ := k.get("old", now); d != nil {
		t.Error("what was made before a form was sent is kept after it")
	}
}

func TestPagesNameTheirFeeds(t *testing.T) {
	i := lone(t)
	b := i.as("")
	for path, want := range map[string]string{
		"/": `href="/feed.atom"`, "/events": `href="/events/calendar.ics"`, "/offers": `href="/offers/feed.rss"`, "/@amap": `href="/@amap/calendar.ics"`,
		"/tags/amap": `href="/tags/amap/feed.atom"`,
	} {
		b.get(path).wants(t, 200, `<link rel="alternate" type="application/atom&#43;xml"`, want)
	}
	b.get("/").wants(t, 200, `href="webcal://amap.example/events/calendar.ics"`)
	b.get("/@camille-editor").wants(t, 200, `href="webcal://amap.example/@camille-editor/calendar.ics"`)
}

func TestCalendars(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		soon := i.anEvent("Distribution; de paniers,\r\nEND:VEVENT", 3)
		i.anEvent("Passée", -10)
		i.anEvent("Trop vieille", -200)
		i.publish(i.initiative.ID, note("ce n’est pas un événement"))
		b := i.as("")
		parse := func(path string) map[string]*ics.VEvent {
			t.Helper()
			res := b.get(path).wants(t, 200)
			if ct := res.Header.Get("Content-Type"); !strings.HasPrefix(ct, "text/calendar") {
				t.Error(ct)
			}
			cal, err := ics.ParseCalendar(strings.NewReader(res.body))
			must(t, err)
			all := map[string]*ics.VEvent{}
			for _, e := range cal.Events() {
				all[e.GetProperty(ics.ComponentPropertySummary).Value] = e
			}
			return all
		}
		for _, path := range []string{"/events/calendar.ics", "/@amap/calendar.ics", "/tags/paniers/calendar.ics"} {
			if all := parse(path); len(all) != 2 || all["Passée"] == nil || all["Distribution; de paniers, END:VEVENT"] == nil {
				t.Errorf("%s: %v", path, all)
			}
		}
		one := strings.TrimPrefix(string(soon.ID), origin)
		e := parse(one + "/calendar.ics")["Distribution; de paniers, END:VEVENT"]
		at, err := e.GetStartAt()
		if err != nil || !at.Equal(soon.Start) {
			t.Error(at, err)
		}
		if got := e.GetProperty(ics.ComponentPropertyUrl).Value; got != string(soon.ID) {
			t.Error(got)
		}
		uid, sequence := e.Id(), e.GetProperty(ics.ComponentPropertySequence).Value
		i.pass(time.Hour)
		i.as("admin").post(one+"/cancel", nil).wants(t, 303)
		for title, cancelled := range parse(one + "/calendar.ics") {
			t.Log(title)
			e = cancelled
		}
		if e.Id() != uid || e.GetProperty(ics.ComponentPropertySequence).Value == sequence || e.GetProperty(ics.ComponentPropertyStatus).Value != "CANCELLED" {
			t.Error(e.Serialize(&ics.SerializationConfiguration{MaxLength: 75, PropertyMaxLength: 75, NewLine: "\n"}))
		}
		b.get("/objects/none/calendar.ics").wants(t, 404)
		made := i.as("admin").post("/publish/offer", offer()).wants(t, 303)
		u, err := url.Parse(made.Header.Get("Location"))
		must(t, err)
		b.get(u.Path+"/calendar.ics").wants(t, 404)
	})
}

func TestFeedsTellHowLargeAPhotoIs(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.as("editor").upload("/publish/offer", with(offer(), "alt", "Des courges"), shot(t, color.White)).wants(t, 303)
		feed := i.browser().get("/offers/feed.rss").wants(t, 200, "<enclosure ").body
		m := regexp.MustCompile(`<enclosure url="` + origin + `(/media/[^"]+)" length="(\d+)"`).FindStringSubmatch(feed)
		if m == nil {
			t.Fatal(feed)
		}
		if got := len(i.browser().get(m[1]).wants(t, 200).body); number(int64(got)) != m[2] {
			t.Errorf("length=%s of %d bytes", m[2], got)
		}
	})
}
