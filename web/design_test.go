// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
	"golang.org/x/net/html"
)

// classes are all that occur in a page.
func classes(t *testing.T, body string) []string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	must(t, err)
	var all []string
	walk(doc, func(n *html.Node) { all = append(all, strings.Fields(attr(n, "class"))...) })
	return all
}

func TestDesignShowsEveryComponent(t *testing.T) {
	i := lone(t)
	page := i.as("").get("/design").wants(t, 200)
	shown := classes(t, page.body)
	for _, sheet := range []string{"21-components.css", "22-cards.css"} {
		css, err := staticFiles.ReadFile("static/style/" + sheet)
		must(t, err)
		for _, m := range regexp.MustCompile(`(?m)^[^@/\t][^{]*\{`).FindAllString(string(css), -1) {
			for _, c := range regexp.MustCompile(`\.([a-z][a-z0-9-]*)`).FindAllStringSubmatch(m, -1) {
				if name := c[1]; !slices.Contains(shown, name) && !slices.Contains(noComponent, name) && !strings.HasPrefix(name, "hue-") && !strings.HasPrefix(name, "part-") {
					t.Errorf("%s: .%s is not on /design", sheet, name)
				}
			}
		}
	}
	if english := i.as("").get("/design?lang=en").wants(t, 200, "piece by piece").body; strings.Contains(english, "page_") {
		t.Error("words are missing in English")
	}
}

// noComponent are the classes of what is a page of its own rather than a
// component.
var noComponent = []string{"stream", "voices", "notices", "unread", "submit", "preview", "links", "photo", "thumb", "by", "until", "at", "reach", "menu", "row", "more", "actions", "toward"}

func TestPriceIsDrawnToScale(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		path := led(i.as("admin").post("/publish/offer", offer()).wants(t, 303)) // 15 + 3 = 18
		page := i.as("").get(path).wants(t, 200, `role="img"`, "Ferme 83", "Livraison 17", `x="83.333%" width="16.667%"`, `fill="url(#hatch-1)"`, `id="hatch-1"`, "Du prix")
		sound(t, "offer", page.body)
		for _, list := range []string{"/", "/offers"} {
			i.as("").get(list).wants(t, 200, `class="pricebar thin"`, "il en reste 12", "18\u202f€ le panier")
		}
	})
}

func TestPricesThatMakeNoBar(t *testing.T) {
	i := lone(t)
	v := i.site.visit(nil, i.as("").request("GET", "/", nil))
	part := func(amounts ...federation.Decimal) (p federation.Proposal) {
		for _, a := range amounts {
			p.Breakdown = append(p.Breakdown, federation.PricePart{Kind: "other", Amount: a})
		}
		return p
	}
	many := make([]federation.Decimal, maxSlices+1)
	for n := range many {
		many[n] = "1"
	}
	for name, p := range map[string]federation.Proposal{"none": part(), "nothing": part("0", "0"), "nonsense": part("x", ""), "a hundred slices": part(many...)} {
		if b := v.priceBar(p); b != nil {
			t.Errorf("%s: %+v", name, b)
		}
	}
	if b := v.priceBar(part("1", "1", "1")); b == nil || b.Parts[2].From != "66.667" || b.Parts[2].Width != "33.333" {
		t.Errorf("thirds: %+v", b)
	}
}

func TestEmptyHomeSaysWhatToDo(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		for who, want := range map[string]bool{"": false, "member": false, "editor": true, "admin": true} {
			page := i.as(who).get("/").wants(t, 200, "Ça se passe bientôt", "On propose", "On cherche", `id="follow"`)
			sound(t, "home of "+who, page.body)
			if got := strings.Contains(page.body, "Bienvenue chez vous") && strings.Contains(page.body, "Annoncez votre premier rendez-vous"); got != want {
				t.Errorf("%q is told what to do first: %v", who, got)
			}
			if !want {
				page.wants(t, 200, "Aucun rendez-vous annoncé", "Les prochaines dates s’afficheront ici.")
			}
		}
		i.as("admin").post("/publish/event", event()).wants(t, 303)
		if page := i.as("admin").get("/").wants(t, 200, "Repair café de rentrée", "Proposez quelque chose"); strings.Contains(page.body, "Bienvenue chez vous") {
			t.Error("still welcomed")
		}
	})
}

func TestHomeShowsCircuits(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.as("admin").post("/settings/circuits", url.Values{"name": {"Circuit légumes"}, "username": {"legumes"}}).wants(t, 303)
		far := federation.IRI("https://peer.example/groups/pain")
		i.update(func(ctx context.Context, tx *store.Tx) error {
			group := &federation.Actor{ID: far, Type: "Group", Username: "pain", Handle: "pain@peer.example", Name: "Circuit pain", Inbox: far + "/inbox", Followers: far + "/followers", Fetched: i.now()}
			if err := tx.PutActor(ctx, group); err != nil {
				return err
			}
			return tx.PutEdge(ctx, &federation.Edge{Kind: federation.Follow, From: i.initiative.ID, To: far, By: "https://amap.example/activities/f", At: i.now()})
		})
		page := i.as("").get("/").wants(t, 200, "Circuit légumes", "Circuit pain", "@pain@peer.example", `class="card whocard circuit h-card"`)
		sound(t, "home", page.body)
	})
}

func TestTabsOfAnActor(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.as("admin")
		b.post("/publish/offer", offer()).wants(t, 303)
		b.post("/publish/event", event()).wants(t, 303)
		b.post("/publish/note", url.Values{"description": {"Bonjour à tout le monde"}, "as": {"amap"}}).wants(t, 303)
		titles := map[string]string{"offer": "Paniers de légumes", "event": "Repair café de rentrée", "note": "Bonjour à tout le monde"}
		for show, path := range map[string]string{"offer": "?show=offer", "event": "?show=event", "note": "?show=note", "": "?show=%3Cb%3E"} {
			page := i.as("").get("/@amap"+path).wants(t, 200, `aria-current="page"`)
			for kind, title := range titles {
				if got, want := strings.Contains(page.body, title), show == "" || show == kind; got != want {
					t.Errorf("%s: %s is there: %v", path, title, got)
				}
			}
		}
		i.as("").get("/@amap?show=need").wants(t, 200, "Rien de publié")
	})
}

func TestBannersOfEvents(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.as("editor")
		path := led(b.post("/publish/event", event()).wants(t, 303))
		f := event()
		f.Set("start.date", "2026-09-19")
		f.Set("end.date", "2026-09-19")
		b.post(path+"/edit", f).wants(t, 303)
		i.as("").get(path).wants(t, 200, "La date a changé", "c’était samedi 12 septembre 2026", `class="dt-start" datetime="2026-09-19T`, "h-event")
		b.post(path+"/cancel", nil).wants(t, 303)
		page := i.as("").get(path).wants(t, 200, "Ce rendez-vous est annulé.")
		if strings.Contains(page.body, `id="answer"`) {
			t.Error("one can still answer")
		}
	})
}

func TestFootOfEveryPage(t *testing.T) {
	i := lone(t)
	for _, path := range []string{"/", "/offers", "/nothing/here"} {
		i.as("").get(path).wants(t, map[bool]int{true: 200, false: 404}[path != "/nothing/here"], `href="/about#contact"`, `href="/about#moderation"`, `href="/accessibility"`, "Installer le vôtre")
	}
	about := i.as("").get("/about").wants(t, 200, `id="contact"`, `id="moderation"`, `id="data"`, "@amap@amap.example", "180 jours", "pas chiffrée de bout en bout")
	if strings.Contains(about.body, "Par courriel") {
		t.Error("an address that nobody gave")
	}
	i.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.PutSetting(ctx, "contact.email", "bonjour@amap.example")
	})
	i.site.facts.forget()
	i.as("").get("/about").wants(t, 200, "Par courriel", "bonjour@amap.example")
	i.as("").get("/about?lang=en").wants(t, 200, "not end-to-end encrypted", "180 days")
}

func TestLogoOfTheInitiative(t *testing.T) {
	i := lone(t)
	if body := i.as("").get("/offers").body; strings.Contains(body, `<link rel="icon" href="/media/`) {
		t.Error("a logo that nobody chose")
	}
	i.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.PutSetting(ctx, "appearance.logo", "abc")
	})
	i.site.facts.forget()
	page := i.as("").get("/offers").wants(t, 200, `<link rel="icon" href="/media/abc/thumb">`, `<img src="/media/abc/thumb" alt="" width="40" height="40">`)
	sound(t, "with a logo", page.body)
}

func TestFaultsHelpOneOnward(t *testing.T) {
	i := lone(t)
	page := i.as("").get("/nothing/here").wants(t, 404, `action="/search"`, `name="q"`, `href="/events"`, `href="/offers"`)
	sound(t, "fault", page.body)
}

func TestInitialsAndHues(t *testing.T) {
	for name, want := range map[string]string{"Les Jardins du Moulin": "LJ", "camille": "C", "  @bob!": "B", "Élodie d’Été": "ÉD", "": "?", "★ ☆": "?", "東京 大阪": "東大"} {
		w := &who{Name: name, ID: federation.IRI("https://a.example/" + url.PathEscape(name))}
		if got := w.Initials(); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
		if h := w.Hue(); h < 0 || h > 5 || h != w.Hue() {
			t.Errorf("%q: hue %d", name, h)
		}
	}
}

func TestNotesWithoutTitleAreNotSaidTwice(t *testing.T) {
	i := lone(t)
	o := i.publish(i.initiative.ID, note("Merci à toutes et à tous pour la récolte de samedi : trois cents kilos de courges et une soupe."))
	i.pass(time.Minute)
	page := i.as("").get("/@amap").wants(t, 200, "Merci à toutes")
	if n := strings.Count(page.body, "Merci à toutes"); n != 1 {
		t.Errorf("its beginning stands there %d times", n)
	}
	i.as("").get(strings.TrimPrefix(string(o.ID), origin)).wants(t, 200, `<h1 class="p-name unseen">`)
}
