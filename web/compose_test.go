// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"maps"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
	"golang.org/x/net/html"
)

// article is a form that is well.
func article() url.Values {
	return url.Values{
		"title": {"Accueillir une nouvelle personne"}, "as": {"amap"}, "hashtags": {"#Guide"},
		"description": {"# Avant\n\nOn prévient **tout le monde**.\n\n- les clés\n- le cahier\n\nVoir [la charte](https://amap.example/charte)."},
	}
}

// shot is a small photo of one colour.
func shot(t testing.TB, c color.Color) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 60, 40))
	for x := range 60 {
		for y := range 40 {
			img.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	must(t, png.Encode(&b, img))
	return b.Bytes()
}

// uploads posts a form with several files, by their names.
func (b *browser) uploads(path string, values url.Values, names []string, files ...[]byte) response {
	b.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, list := range values {
		for _, v := range list {
			must(b.t, w.WriteField(name, v))
		}
	}
	for i, file := range files {
		part, err := w.CreateFormFile("photo.file", names[i])
		must(b.t, err)
		_, err = part.Write(file)
		must(b.t, err)
	}
	must(b.t, w.Close())
	r := b.request(http.MethodPost, path, &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return b.send(r)
}

// with returns a form with other values, "" to leave one out.
func with(form url.Values, pairs ...string) url.Values {
	f := maps.Clone(form)
	for i := 0; i < len(pairs); i += 2 {
		if f.Del(pairs[i]); pairs[i+1] != "" {
			f.Set(pairs[i], pairs[i+1])
		}
	}
	return f
}

// filled returns what the form of a page would send.
func filled(t testing.TB, body string) url.Values {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	must(t, err)
	values := url.Values{}
	walk(doc, func(n *html.Node) {
		if n.Data != "form" || !strings.Contains(attr(n, "class"), "compose") {
			return
		}
		walk(n, func(n *html.Node) {
			name, kind := attr(n, "name"), attr(n, "type")
			switch {
			case name == "" || kind == "file" || n.Data == "button":
			case (kind == "checkbox" || kind == "radio") && !has(n, "checked"):
			case n.Data == "input":
				values.Add(name, attr(n, "value"))
			case n.Data == "textarea" && n.FirstChild != nil:
				values.Add(name, n.FirstChild.Data)
			case n.Data == "textarea":
				values.Add(name, "")
			case n.Data == "select":
				values.Add(name, selected(n))
			}
		})
	})
	return values
}

// selected returns the value of a select.
func selected(n *html.Node) (value string) {
	first := true
	walk(n, func(o *html.Node) {
		if o.Data == "option" && (first || has(o, "selected")) {
			value, first = attr(o, "value"), false
		}
	})
	return value
}

// objects counts what the initiative has published.
func (i *instance) objects() (n int) {
	i.t.Helper()
	i.update(func(ctx context.Context, tx *store.Tx) error {
		list, _, err := tx.ObjectsBy(ctx, i.initiative.ID, i.initiative.ID, "", 100)
		n = len(list)
		return err
	})
	return n
}

// What is asked at first sight: labels and legends outside folded groups, two
// inputs in one line that make one answer counting once.
func TestAFormBeginsWithSixQuestions(t *testing.T) {
	i := lone(t)
	for _, kind := range composeKinds {
		page := i.as("admin").get("/publish/"+kind).wants(t, 200)
		sound(t, kind, page.body)
		doc, err := html.Parse(strings.NewReader(page.body))
		must(t, err)
		var asked []string
		walk(doc, func(n *html.Node) {
			name := attr(n, "name")
			if name == "" || attr(n, "type") == "hidden" || n.Data == "button" || n.Data == "meta" || inside(n, "details") || !inside(n, "form") {
				return
			}
			if name == "unit" || name == "currency" || len(asked) > 0 && asked[len(asked)-1] == name || name == "alt" {
				return // the other half of an answer
			}
			asked = append(asked, name)
		})
		if len(asked) == 0 || len(asked) > 6 {
			t.Errorf("%s asks %v", kind, asked)
		}
	}
}

// inside reports whether n is in an element of that name within the form.
func inside(n *html.Node, name string) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Data == name && (name != "form" || strings.Contains(attr(p, "class"), "compose")) {
			return true
		}
		if p.Data == "form" {
			return false
		}
	}
	return false
}

func TestADraftIsKeptUntilItIsPublished(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.as("admin")
		f := with(offer(), "do", "draft", "price", "dix-huit", "alt", "Une cagette")
		got := b.uploads("/publish/offer", f, []string{"a.png"}, shot(t, color.White)).wants(t, 303)
		if got.Header.Get("Location") != "/drafts?done=draft" || i.objects() != 0 {
			t.Fatalf("leads to %s, %d published", got.Header.Get("Location"), i.objects())
		}
		page := b.get("/drafts?done=draft").wants(t, 200, "Brouillon enregistré.", "Paniers de légumes", "1 photo", "Reprendre")
		sound(t, "drafts", page.body)
		at := strings.Index(page.body, "/publish/offer?draft=")
		path, _, _ := strings.Cut(page.body[at:], `"`)
		b.get("/publish/offer").wants(t, 200, "Vous avez un brouillon", path)
		if strings.Contains(b.get("/publish/event").body, path) {
			t.Error("an offer is no draft of an event")
		}
		page = b.get(path).wants(t, 200, `value="dix-huit"`, "Récoltés le **matin**.", "Une cagette", "/thumb")
		sound(t, "resumed", page.body)

		// To others it is not there.
		for _, who := range []string{"editor", "member"} {
			i.as(who).get(path).wants(t, 303)
			if strings.Contains(i.as(who).get("/drafts").body, "Paniers") {
				t.Errorf("%s sees it", who)
			}
			i.as(who).post(strings.Replace(path, "/publish/offer?draft=", "/drafts/", 1)+"/delete", nil).wants(t, 303)
		}
		send := filled(t, b.get(path).body)
		send.Set("price", "18")
		made := b.post("/publish/offer", send).wants(t, 303)
		i.as("").get(led(made)).wants(t, 200, "Paniers de légumes", `alt="Une cagette"`)
		b.get("/drafts").wants(t, 200, "Aucun brouillon")
		b.get(path).wants(t, 303) // published meanwhile
	})
}

func TestAutosave(t *testing.T) {
	i := lone(t)
	b := i.as("editor")
	f := with(event(), "form", "/publish/event")
	got := b.post("/drafts/keep", f).wants(t, 200)
	if kind := got.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/plain") || len(got.body) != 26 {
		t.Fatalf("%s %q", kind, got.body)
	}
	f.Set("draft", got.body)
	f.Set("title", "Repair café d’hiver")
	if again := b.post("/drafts/keep", f).wants(t, 200); again.body != got.body {
		t.Errorf("a second draft: %q", again.body)
	}
	b.get("/publish/event?draft="+got.body).wants(t, 200, "Repair café d’hiver")
	i.as("admin").post("/drafts/keep", f).wants(t, 404)
	for _, form := range []string{"", "/publish/none", "/settings", "/objects/none/edit", "//evil.example/publish/event"} {
		b.post("/drafts/keep", with(f, "form", form)).wants(t, 404)
	}
	made := b.post("/publish/event", f).wants(t, 303)
	b.post("/drafts/keep", f).wants(t, 404) // what is published does not come back

	edit := with(event(), "form", led(made)+"/edit", "title", "Repair café de Noël")
	id := b.post("/drafts/keep", edit).wants(t, 200).body
	b.get(led(made)+"/edit?draft="+id).wants(t, 200, "Repair café de Noël")
	i.as("member").post("/drafts/keep", edit).wants(t, 404)
	i.as("").post("/drafts/keep", edit).wants(t, 401)
}

func TestPreviewShowsEverythingAndStoresNothing(t *testing.T) {
	i := lone(t)
	b := i.as("admin")
	for kind, test := range map[string]struct {
		form  url.Values
		words []string
	}{
		"offer": {offer(), []string{"🥕 Offre", "Il en reste 12", "class=\"toot\"", "#AMAP", "Ferme du Moulin", "Détail du prix"}},
		"need":  {with(offer(), "title", "Une remorque"), []string{"🙏", "Une remorque"}},
		"event": {with(event(), "hashtags", "#RepairCafe"), []string{"<strong>Repair café de rentrée</strong>", "🗓️ samedi 12 septembre 2026", "📍 MJC", "#RepairCafe", "Mobilizon", "amap.example/objects/"}},
		"note":  {url.Values{"description": {"Merci pour les #Courges"}, "warning": {"gratitude"}, "as": {"amap"}}, []string{"<summary>gratitude</summary>", "Merci pour les"}},
		"article": {
			article(), []string{"<h2>Avant</h2>", "<li>les clés</li>", "Avant On prévient tout le monde. les clés le cahier Voir la charte."},
		},
	} {
		f := with(test.form, "do", "preview", "alt", "Une cagette verte")
		page := b.uploads("/publish/"+kind, f, []string{"a.png"}, shot(t, color.White)).wants(t, 200, append(test.words, "Aperçu", "Vu depuis Mastodon", `alt="Une cagette verte"`, "@amap@amap.example")...)
		sound(t, kind, page.body)
		if i.objects() != 0 {
			t.Fatalf("%s: published", kind)
		}
		// What stands below is the same form, photo included.
		again := filled(t, page.body)
		if again.Get("description") != f.Get("description") || len(again["photo"]) != 1 || again.Get("alt") != "Une cagette verte" {
			t.Errorf("%s: %v", kind, again)
		}
		b.post("/publish/"+kind, with(again, "do", "preview", "description", strings.Repeat("x", 50000))).wants(t, 422, "trop long")
	}
	i.update(func(ctx context.Context, tx *store.Tx) error {
		n, _, err := tx.DeliveryDepth(ctx)
		if n != 0 {
			t.Errorf("%d deliveries", n)
		}
		return err
	})
}

// B64: the same form sent twice publishes once; another one is another one.
func TestTheSameFormTwicePublishesOnce(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		b := i.as("admin")
		f := filled(t, b.get("/publish/offer").wants(t, 200).body)
		for name, list := range offer() {
			f[name] = list
		}
		where := make([]string, 4)
		var wg sync.WaitGroup
		for n := range where {
			wg.Go(func() { where[n] = led(i.as("admin").post("/publish/offer", f)) })
		}
		wg.Wait()
		for _, w := range where {
			if w != where[0] || !strings.HasPrefix(w, "/objects/") {
				t.Errorf("led to %v", where)
			}
		}
		if n := i.objects(); n != 1 {
			t.Errorf("%d published", n)
		}
		// Back in the browser, and something else typed.
		b.post("/publish/offer", with(f, "title", "Paniers de fruits")).wants(t, 303)
		if n := i.objects(); n != 2 {
			t.Errorf("%d published", n)
		}
	})
}

func TestSeveralPhotosInTheirOrder(t *testing.T) {
	i := lone(t)
	b := i.as("admin")
	names := []string{"rouge.png", "bleu.png", "texte.png", "iphone.heic", "vert.png"}
	files := [][]byte{shot(t, color.RGBA{200, 0, 0, 255}), shot(t, color.RGBA{0, 0, 200, 255}), []byte("ceci est un texte"), []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), shot(t, color.RGBA{0, 200, 0, 255})}
	f := with(event(), "alt", "Du rouge")
	page := b.uploads("/publish/event", f, names, files...).wants(t, 422, "texte.png", "n’est pas une photo", "iphone.heic", "plus compatible", "Décrivez la photo", "f-alt-error")
	sound(t, "photos", page.body)
	f = filled(t, page.body)
	if len(f["photo"]) != 3 || f["alt"][0] != "Du rouge" {
		t.Fatalf("%v %v", f["photo"], f["alt"])
	}
	red, blue, green := f["photo"][0], f["photo"][1], f["photo"][2]
	f["alt"] = []string{"Du rouge", "Du bleu", "Du vert"}
	f["photo.place"] = []string{"3", "1", "2"} // blue, green, red
	made := b.post("/publish/event", f).wants(t, 303)
	if got := pictures(i.object(led(made))); got != blue+" Du bleu, "+green+" Du vert, "+red+" Du rouge" {
		t.Errorf("published %s", got)
	}
	i.as("").get(led(made)).wants(t, 200, `alt="Du bleu"`, `alt="Du vert"`, `alt="Du rouge"`)

	// Edited by another one of the initiative: one goes, one comes.
	f = filled(t, i.as("editor").get(led(made)+"/edit").wants(t, 200).body)
	f["photo.remove"] = []string{green}
	f["alt"] = []string{"Du bleu", "Du vert", "Du rouge vif", "Du blanc"}
	i.as("editor").uploads(led(made)+"/edit", f, []string{"blanc.png"}, shot(t, color.White)).wants(t, 303)
	if got := pictures(i.object(led(made))); !strings.HasPrefix(got, blue+" Du bleu, "+red+" Du rouge vif, ") || !strings.HasSuffix(got, " Du blanc") {
		t.Errorf("edited %s", got)
	}

	// Five are one too many; what came first is kept.
	five := make([][]byte, 5)
	for n := range five {
		five[n] = shot(t, color.RGBA{uint8(40 * n), 0, 0, 255})
	}
	page = b.uploads("/publish/note", url.Values{"description": {"photos"}, "as": {"amap"}}, []string{"1", "2", "3", "4", "5"}, five...).wants(t, 422, "Quatre photos au plus")
	f = filled(t, page.body)
	if len(f["photo"]) != 4 {
		t.Fatalf("%v", f["photo"])
	}
	f["alt"] = []string{"un", "deux", "trois", "quatre"}
	made = b.post("/publish/note", f).wants(t, 303)
	if n := len(i.object(led(made)).Attachments); n != 4 {
		t.Errorf("%d photos", n)
	}
}

// pictures writes the photos of an object and what they show.
func pictures(o *federation.Object) string {
	var all []string
	for _, m := range o.Attachments {
		all = append(all, strings.TrimPrefix(m.URL, origin+"/media/")+" "+m.Name)
	}
	return strings.Join(all, ", ")
}

// A photo as phones make them is made small, not refused.
func TestAHeavyPhotoIsMadeSmall(t *testing.T) {
	i := lone(t)
	img := image.NewRGBA(image.Rect(0, 0, 3000, 2200))
	r := rand.New(rand.NewPCG(1, 2))
	for n := range img.Pix {
		img.Pix[n] = uint8(r.Uint32()) | uint8(n%4/3*255)
	}
	var b bytes.Buffer
	must(t, jpeg.Encode(&b, img, &jpeg.Options{Quality: 98}))
	if b.Len() < 9<<20 {
		t.Fatalf("only %d bytes", b.Len())
	}
	made := i.as("admin").upload("/publish/offer", with(offer(), "alt", "Du bruit"), b.Bytes()).wants(t, 303)
	m := i.object(led(made)).Attachments[0]
	if m.Width != 1600 || m.Height != 1173 {
		t.Errorf("%d by %d", m.Width, m.Height)
	}
	page := i.as("admin").upload("/publish/offer", with(offer(), "alt", "Trop"), make([]byte, 21<<20)).wants(t, 422, "20 Mo au plus", "Paniers de légumes")
	sound(t, "too heavy", page.body)
}

func TestDuplicate(t *testing.T) {
	i := lone(t)
	b := i.as("editor")
	first := b.upload("/publish/event", with(event(), "alt", "Un grille-pain"), shot(t, color.White)).wants(t, 303)
	b.post(led(first)+"/cancel", nil).wants(t, 303)
	i.pass(40 * 24 * time.Hour) // a Sunday, 11 October; the event was on Saturday 12 September
	b = i.as("admin")
	page := b.get(led(first)+"/duplicate").wants(t, 200, "Rempli d’après", `value="2026-10-17"`, "Un grille-pain")
	sound(t, "duplicate", page.body)
	n := i.objects()
	f := filled(t, page.body)
	if f.Get("end.date") != "" || f.Get("duration") != "240" || f.Get("previous") != "" {
		t.Errorf("%v", f)
	}
	made := b.post("/publish/event", f).wants(t, 303)
	o := i.object(led(made))
	if led(made) == led(first) || i.objects() != n+1 || !o.Start.Equal(time.Date(2026, 10, 17, 12, 0, 0, 0, time.UTC)) || o.End.Sub(o.Start) != 4*time.Hour || federation.EventOf(o).Status == federation.EventCancelled {
		t.Errorf("%+v", o)
	}
	if len(o.Attachments) != 1 || o.Attachments[0].Name != "Un grille-pain" {
		t.Errorf("the photo of the editor, used again by the administrator: %v", o.Attachments)
	}
	i.as("").get(led(first)).wants(t, 200, "12 septembre")

	was := b.post("/publish/offer", with(offer(), "from", "2026-12-05", "until", "2026-12-19")).wants(t, 303)
	i.pass(90 * 24 * time.Hour) // 9 January 2027
	b = i.as("admin")
	b.get(led(was)+"/duplicate").wants(t, 200, `value="2027-01-16"`, `value="2027-01-02"`, `value="Livraison"`)
	// B60: neither the page nor the photo is for others.
	i.as("member").get(led(first)+"/duplicate").wants(t, 404)
	theft := url.Values{"description": {"à moi"}, "photo": f["photo"], "alt": {"x"}, "like": {f.Get("like")}}
	i.as("member").post("/publish/note", theft).wants(t, 422, "n’est plus là")
}
