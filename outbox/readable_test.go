// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"github.com/google/go-cmp/cmp"
)

// TestReadableGolden compares the texts readers see, word by word. With
// UPDATE_GOLDEN set it writes them instead.
func TestReadableGolden(t *testing.T) {
	gift := OfferForm{
		CommonForm: CommonForm{Title: "Compost mûr", Description: "Trois bacs à vider avant l'hiver.\n\n- venez avec des seaux\n- **entrée** par le jardin", Place: PlaceForm{City: "Lyon", Postal: "69007", Country: "FR"}},
		Purpose:    "offer", Modes: []string{"gift"}, Available: "150", Unit: "kilogram", Minimum: "10", From: "2026-09-01",
	}
	need := OfferForm{
		CommonForm: CommonForm{Title: "Une salle pour 30 personnes", Description: "Le samedi après-midi, chauffée.", Place: PlaceForm{Name: "Valence"}, Hashtags: "RepairCafe"},
		Purpose:    "request", Modes: []string{"loan", "gift", "sale"}, Action: "service", Quantity: "4", Unit: "hour", Until: "2026-12-31",
	}
	kilo := OfferForm{
		CommonForm: CommonForm{Title: "Miel & pollen <bio>"}, Purpose: "offer", Modes: []string{"sale"}, Quantity: "1", Unit: "kilogram",
		Price: "2,5", Per: "unit", Available: "7,5",
	}
	days := eventForm()
	days.StartDate, days.EndDate, days.EndTime = "2026-09-12", "2026-09-13", "12:30"
	online := eventForm()
	online.Place, online.Online, online.Price = PlaceForm{}, "https://visio.example/salle", ""
	both := eventForm()
	both.Online = "https://visio.example/salle"
	sale := saleForm()
	sale.Language = ""
	long := saleForm()
	long.Description = strings.Repeat("Des légumes de saison, cueillis le matin même. ", 40)
	for _, lang := range []string{"fr", "en"} {
		c := composer(t, lang)
		offers := map[string]OfferForm{"offer": sale, "gift": gift, "need": need, "kilo": kilo, "long": long}
		for name, f := range offers {
			f.Language = ""
			if lang == "en" && f.UnitName != "" {
				f.UnitName = "basket"
			}
			o, ps := f.Object(c)
			if len(ps) > 0 {
				t.Fatal(name, ps)
			}
			golden(t, name+"."+lang, o)
			if name == "offer" {
				must(t, Close(c.Words, o, c.Now))
				golden(t, "closed."+lang, o)
			}
		}
		for name, f := range map[string]EventForm{"event": eventForm(), "days": days, "online": online, "both": both} {
			f.Language = ""
			o, ps := f.Object(c)
			if len(ps) > 0 {
				t.Fatal(name, ps)
			}
			golden(t, name+"."+lang, o)
			if name != "event" {
				continue
			}
			for _, status := range []string{federation.EventCancelled, federation.EventPostponed, federation.EventMovedOnline, federation.EventTentative} {
				must(t, SetStatus(c.Words, o, status, c.Now))
				golden(t, status+"."+lang, o)
			}
		}
		moved := eventForm()
		moved.Language, moved.Status, moved.PreviousStart = "", federation.EventRescheduled, "2026-09-05T14:00:00+02:00"
		o, ps := moved.Object(c)
		if len(ps) > 0 {
			t.Fatal(ps)
		}
		golden(t, "moved."+lang, o)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func golden(t *testing.T, name string, o *federation.Object) {
	t.Helper()
	file := filepath.Join("testdata", "readable", name+".txt")
	// Spaces that do not break are shown as _ (narrow) and ~ in the files.
	shown := strings.NewReplacer("\u202f", "_", "\u00a0", "~", "</p>", "</p>\n", "<br>", "<br>\n").Replace(
		fmt.Sprintf("name: %s\nsummary: %s\nlanguage: %s\n\n%s", o.Name, o.Summary, o.Language, o.Content))
	if os.Getenv("UPDATE_GOLDEN") != "" {
		must(t, os.MkdirAll(filepath.Dir(file), 0o755))
		must(t, os.WriteFile(file, []byte(shown), 0o644))
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if d := cmp.Diff(string(bytes.TrimSpace(want)), strings.TrimSpace(shown)); d != "" {
		t.Errorf("%s: %s", name, d)
	}
	if n := visible(o.Content); o.Type == "Note" && n > contentLength {
		t.Errorf("%s: %d visible characters", name, n)
	}
	if bad := regexp.MustCompile(`<(/?)(p|br|strong|em|a|ul|li)\b`).ReplaceAllString(o.Content, ""); strings.Contains(bad, "<") {
		t.Errorf("%s: a tag that peers drop: %s", name, bad)
	}
}

func TestReadableIsDeterministic(t *testing.T) {
	var first string
	for range 20 {
		o, _ := saleForm().Object(composer(t, "fr"))
		if first == "" {
			first = o.Content
		}
		if o.Content != first {
			t.Fatal(cmp.Diff(first, o.Content))
		}
	}
}

func TestNothingAnAuthorTypesBecomesMarkup(t *testing.T) {
	evil := `<script>alert(1)</script> & "quotes" javascript:alert(1) <img src=x onerror=y> https://x.example/"><b> **<i>x</i>**`
	f := saleForm()
	f.Title, f.Description, f.Alt, f.UnitName, f.Place.Name, f.Parts[2].Name = evil, evil, evil, evil, evil, evil
	f.Title = evil[:100]
	o, ps := f.Object(composer(t, "fr"))
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	e := eventForm()
	e.Title, e.Description, e.Price, e.Place.City = evil[:100], evil, evil, evil
	ev, ps := e.Object(composer(t, "fr"))
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	for _, s := range []string{o.Content, ev.Content, ev.Summary, ev.Name} {
		for _, tag := range []string{"<script", "<img", "<i>", "<b>", `href="javascript`} {
			if strings.Contains(s, tag) {
				t.Errorf("%s in %s", tag, s)
			}
		}
	}
	if strings.Contains(ev.Summary, " & ") || !strings.Contains(ev.Summary, "&amp;") {
		t.Error(ev.Summary)
	}
}

func TestLightMarkup(t *testing.T) {
	for _, c := range []struct{ typed, want string }{
		{"un\ndeux\r\n\r\ntrois", "<p>un<br>deux</p><p>trois</p>"},
		{"- un\n- deux\ntrois", "<ul><li>un</li><li>deux</li></ul><p>trois</p>"},
		{"**fort** et *doux*, 3*4*5", "<p><strong>fort</strong> et <em>doux</em>, 3*4*5</p>"},
		{"voir https://a.example/x, ou (https://b.example).", `<p>voir <a href="https://a.example/x">https://a.example/x</a>, ou (<a href="https://b.example">https://b.example</a>).</p>`},
		{"a < b & c", "<p>a &lt; b &amp; c</p>"},
		{"", ""},
		{"****", "<p>****</p>"},
		{"\x00\u202e", ""},
	} {
		o := &federation.Object{ID: "https://a.example/1", Type: "Note"}
		must(t, Readable(locale.New("fr"), o, c.typed))
		if o.Content != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.typed, o.Content, c.want)
		}
	}
}

func TestBareTitles(t *testing.T) {
	for _, s := range []string{"[Annulé] Fête", "[Cancelled] Fête", "[Reporté] Fête", "[Postponed] Fête", "Fête"} {
		if got := BareTitle(s); got != "Fête" {
			t.Errorf("%q: %q", s, got)
		}
	}
}

func TestSourceOfAPostWrittenElsewhere(t *testing.T) {
	o := &federation.Object{Name: "Pain", Content: "<p>Un pain<br>au levain &amp; cuit</p><ul><li>bio</li><li>local</li></ul>"}
	want := Source{Name: "Pain", MediaType: "text/plain", Content: "Un pain\nau levain & cuit\n\nbio\nlocal"}
	if d := cmp.Diff(want, SourceOf(o)); d != "" {
		t.Error(d)
	}
}

func FuzzReadable(f *testing.F) {
	f.Add("Titre", "**corps** https://x.example/ <b>\n- a")
	f.Add("[Annulé] x", strings.Repeat("mot ", 300))
	f.Add("\xff", "* * ** *a* http://")
	f.Fuzz(func(t *testing.T, title, body string) {
		c := composer(t, "fr")
		form := saleForm()
		form.Title, form.Description = title, body
		o, ps := form.Object(c)
		if len(ps) > 0 {
			return
		}
		if n := visible(o.Content); n > contentLength && len([]rune(o.Name)) < 100 {
			t.Errorf("%d visible characters: %s", n, o.Content)
		}
		again := OfferFormOf(o, c.Zone)
		c.Old, c.Now = o, c.Now.Add(time.Hour)
		o2, ps := again.Object(c)
		if len(ps) > 0 || o2.Content != o.Content {
			t.Errorf("editing nothing changed it: %v\n%s\n%s", ps, o.Content, o2.Content)
		}
	})
}
