// SPDX-License-Identifier: AGPL-3.0-or-later

package locale

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// shown makes the spaces that do not break visible: _ is the narrow one, ~ the
// wide one.
func shown(s string) string { return strings.NewReplacer("\u202f", "_", "\u00a0", "~").Replace(s) }

func messages(t testing.TB, lang string) map[string]any {
	t.Helper()
	raw, err := files.ReadFile(lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]any{}
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatalf("%s: %v", lang, err)
	}
	return m
}

func TestWhichLanguage(t *testing.T) {
	if got := Languages(); got[0] != "fr" || !slices.Contains(got, "en") {
		t.Fatal(got)
	}
	for tags, want := range map[string]string{
		"": "fr", "fr-CH, fr;q=0.9, en;q=0.8": "fr", "en-GB,en;q=0.5": "en", "de, en;q=0.7": "en", "eu": "fr",
		"*": "fr", ";;;": "fr", "en": "en", "zz-!!": "fr",
	} {
		if got := New(tags).Lang(); got != want {
			t.Errorf("%q: %s, want %s", tags, got, want)
		}
	}
	if got := New().Lang(); got != "fr" {
		t.Error(got)
	}
	if got := New(strings.Repeat("en-", 500)).Lang(); got != "fr" {
		t.Error(got)
	}
}

func TestALanguageIsOneFile(t *testing.T) {
	fr, err := files.ReadFile("fr.json")
	if err != nil {
		t.Fatal(err)
	}
	s, err := load(fstest.MapFS{"fr.json": {Data: fr}, "br.json": {Data: []byte(`{"month_1": "Genver"}`)}})
	if err != nil {
		t.Fatal(err)
	}
	p := s.printers[1]
	if got := p.T("month_1"); got != "Genver" || p.Lang() != "br" {
		t.Errorf("%s: %q", p.Lang(), got)
	}
	if got := p.T("month_2"); got != "février" {
		t.Errorf("what it lacks is %q", got)
	}
}

func TestWords(t *testing.T) {
	fr, en := New("fr"), New("en")
	for _, c := range []struct{ got, want string }{
		{fr.T("no_such_message"), "no_such_message"},
		{fr.T("ago_days", "Count", 1), "il y a 1 jour"},
		{fr.T("ago_days", 3), "il y a 3 jours"},
		{fr.T("ago_days", map[string]any{"Count": int64(0)}), "il y a 0 jour"},
		{en.T("ago_days", "Count", 0), "0 days ago"},
		{fr.T("ago_days", "Count", 2_000_000), "il y a 2_000_000 jours"},
		{fr.T("error_number"), "Ceci n’est pas un nombre."},
		{fr.T("error_number", "Value", "x"), "Ceci n’est pas un nombre_: x."},
		{fr.Word("mode", "barter"), "troc"},
		{en.Word("mode", "barter"), "barter"},
		{fr.Word("mode", "potlatch"), "potlatch"},
		{fr.T("post_offer"), "Offre_:"},
		{en.T("post_offer"), "Offer:"},
	} {
		if got := shown(c.got); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	fr, en := New("fr"), New("en")
	for _, c := range []struct{ got, want string }{
		{fr.Number("12000"), "12_000"},
		{en.Number("1234567.50"), "1,234,567.5"},
		{fr.Number("999"), "999"},
		{fr.Number("<b>"), "<b>"},
		{fr.Money("18", "EUR"), "18_€"},
		{fr.Money("2.5", "EUR"), "2,50_€"},
		{fr.Money("2.00", "EUR"), "2_€"},
		{fr.Money("0.125", "EUR"), "0,125_€"},
		{en.Money("2.5", "EUR"), "€2.50"},
		{fr.Money("18", "CHF"), "18_CHF"},
		{fr.Money("18", "https://lagonette.example/ns#gonette"), "18_gonette"},
		{en.Money("18", "https://lagonette.example/monnaie/gonette"), "18~gonette"},
		{fr.Money("18", "https://lagonette.example/"), "18_lagonette.example"},
		{fr.Quantity("5", "kilogram"), "5_kg"},
		{fr.Quantity("2.50", "litre"), "2,5_L"},
		{fr.Quantity("12", "one"), "12"},
		{fr.Quantity("1", "day"), "1_jour"},
		{fr.Quantity("1.5", "day"), "1,5_jour"},
		{en.Quantity("1.5", "day"), "1.5~days"},
		{en.Quantity("1", "hour"), "1~hour"},
		{fr.Quantity("3", "bushel"), "3 bushel"},
		{fr.Km(0.854), "850_m"},
		{fr.Km(2.44), "2,4_km"},
		{fr.Km(36.6), "37_km"},
		{fr.Km(0.999), "1_km"},
		{en.Km(2.44), "2.4~km"},
	} {
		if got := shown(c.got); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestDates(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	at := func(month time.Month, day, hour, minute int) time.Time {
		return time.Date(2026, month, day, hour, minute, 0, 0, paris)
	}
	fr, en := New("fr"), New("en")
	noon := at(9, 12, 14, 0)
	for _, c := range []struct{ got, want string }{
		{fr.Date(noon), "samedi 12 septembre 2026"},
		{fr.Date(at(8, 1, 0, 0)), "samedi 1er août 2026"},
		{en.Date(at(8, 1, 0, 0)), "Saturday 1 August 2026"},
		{fr.Day(noon), "12 septembre 2026"},
		{fr.Time(at(9, 12, 18, 30)), "18_h_30"},
		{fr.Time(at(9, 12, 18, 5)), "18_h_05"},
		{fr.Time(at(9, 12, 0, 0)), "0_h"},
		{en.Time(at(9, 12, 18, 30)), "6:30~pm"},
		{en.Time(at(9, 12, 0, 0)), "12~am"},
		{en.Time(at(9, 12, 12, 0)), "12~pm"},
		{fr.DateTime(noon), "samedi 12 septembre 2026, 14_h"},
		{fr.DateRange(noon, at(9, 12, 18, 0), "Europe/Paris"), "samedi 12 septembre 2026, 14_h_–_18_h"},
		{en.DateRange(noon, at(9, 12, 18, 0), "Europe/Paris"), "Saturday 12 September 2026, 2~pm – 6~pm"},
		{fr.DateRange(noon.UTC(), at(9, 12, 18, 0).UTC(), "Europe/Paris"), "samedi 12 septembre 2026, 14_h_–_18_h"},
		{fr.DateRange(noon, time.Time{}, ""), "samedi 12 septembre 2026, 14_h"},
		{fr.DateRange(noon, noon, "Europe/Valence"), "samedi 12 septembre 2026, 14_h"},
		{fr.DateRange(noon, at(9, 13, 12, 30), ""), "du samedi 12 septembre, 14_h, au dimanche 13 septembre 2026, 12_h_30"},
		{en.DateRange(noon, at(9, 13, 12, 30), ""), "Saturday 12 September, 2~pm, to Sunday 13 September 2026, 12:30~pm"},
		{fr.DateRange(at(12, 31, 20, 0), at(12, 31, 20, 0).Add(6*time.Hour), ""), "jeudi 31 décembre 2026, 20_h_–_2_h"},
		{fr.DateRange(at(12, 30, 20, 0), at(12, 30, 20, 0).Add(40*time.Hour), ""), "du mercredi 30 décembre 2026, 20_h, au vendredi 1er janvier 2027, 12_h"},
		{fr.DateRange(at(9, 12, 0, 0), at(9, 13, 0, 0), ""), "samedi 12 septembre 2026"},
		{fr.DateRange(at(9, 12, 0, 0), at(9, 13, 23, 59), ""), "du samedi 12 septembre au dimanche 13 septembre 2026"},
		{fr.Ago(noon, noon.Add(-time.Hour)), "à l’instant"},
		{fr.Ago(noon, noon.Add(5*time.Minute)), "il y a 5 minutes"},
		{fr.Ago(noon, noon.Add(time.Hour)), "il y a 1 heure"},
		{en.Ago(noon, noon.Add(49*time.Hour)), "2 days ago"},
		{fr.Ago(noon, noon.Add(30*24*time.Hour)), "le 12 septembre 2026"},
	} {
		if got := shown(c.got); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestEveryLanguageIsComplete(t *testing.T) {
	french := messages(t, "fr")
	for _, lang := range Languages() {
		t.Run(lang, func(t *testing.T) {
			own := messages(t, lang)
			for id := range french {
				if _, ok := own[id]; !ok {
					t.Errorf("%s is missing", id)
				}
			}
			for id, m := range own {
				if _, ok := french[id]; !ok {
					t.Errorf("%s is unknown to French", id)
				}
				if d := fields(french[id]); d != fields(m) {
					t.Errorf("%s holds %s, in French %s", id, fields(m), d)
				}
				forms, ok := m.(map[string]any)
				if !ok {
					continue
				}
				for _, form := range plurals(lang) {
					if s, _ := forms[form].(string); s == "" {
						t.Errorf("%s has no plural form %q", id, form)
					}
				}
			}
		})
	}
}

// plurals returns the plural forms a language has (CLDR), by counting.
func plurals(lang string) []string {
	names := map[plural.Form]string{plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other"}
	all := []string{"other"}
	for _, n := range []int{0, 1, 2, 3, 4, 5, 6, 11, 21, 100, 101, 1_000_000} {
		f := names[plural.Cardinal.MatchPlural(language.Make(lang), n, 0, 0, 0, 0)]
		if !slices.Contains(all, f) {
			all = append(all, f)
		}
	}
	if lang == "fr" && !slices.Contains(all, "many") { // CLDR 38: 1 000 000 de paniers
		all = append(all, "many")
	}
	return all
}

var field = regexp.MustCompile(`\.[A-Z]\w*`)

// fields lists what a message has to be given, apart from the clock of 12 hours.
func fields(message any) string {
	raw, err := json.Marshal(message)
	if err != nil {
		return err.Error()
	}
	all := field.FindAllString(string(raw), -1)
	all = slices.DeleteFunc(all, func(s string) bool { return s == ".Hour" || s == ".Hour12" || s == ".Half" })
	slices.Sort(all)
	return strings.Join(slices.Compact(all), " ")
}

func TestEveryCodeHasAName(t *testing.T) {
	for vocabulary, codes := range map[string][]string{
		"mode": federation.ExchangeModes, "unit": federation.Units, "per": federation.Units, "part": federation.PartKinds,
		"sector": Sectors, "kind": Kinds, "category": EventCategories, "status": EventStatuses, "join": JoinModes, "audience": Audiences,
		"quantity": slices.DeleteFunc(slices.Clone(federation.Units), func(s string) bool { return s == "one" }),
	} {
		for _, code := range codes {
			if !New("fr").Has(vocabulary + "_" + code) {
				t.Errorf("%s_%s has no name", vocabulary, code)
			}
		}
	}
}

// How messages are named in code and templates. A literal that is joined to
// something names all messages that begin with it.
var (
	inCode = []*regexp.Regexp{
		regexp.MustCompile(`\b[Tt]\("([a-z][\w-]*)"`),
		regexp.MustCompile(`Word\("([a-z]+)",`),
		regexp.MustCompile(`"((?:error|page|form|nav|recurrence|report)_[\w-]*)"`),
	}
	inTemplates = []*regexp.Regexp{
		regexp.MustCompile(`"((?:error|page|form|nav)_[\w-]*)"`),
		regexp.MustCompile(`\bT "([a-z][\w-]*)"`),
		regexp.MustCompile(`\bT \((?:print|printf) "([a-z][\w-]*_)`),
		regexp.MustCompile(`\b[wW]ord "([a-z]+)"`),
	}
)

// named finds every message id in the sources of the program: whole ids, and
// beginnings of ids (the names of vocabularies among them).
func named(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if d != nil && d.IsDir() && (d.Name() == "testdata" || d.Name() == "docs" || len(path) > 1 && strings.HasPrefix(d.Name(), ".")) {
				return fs.SkipDir
			}
			return err
		}
		patterns := inTemplates
		switch filepath.Ext(path) {
		case ".go":
			patterns = inCode
			if strings.HasSuffix(path, "_test.go") {
				return nil
			}
		case ".html", ".txt", ".tmpl", ".xml":
		default:
			return nil
		}
		text, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		for _, p := range patterns {
			for _, m := range p.FindAllStringSubmatch(string(text), -1) {
				id := m[1]
				if strings.Contains(p.String(), "ord") {
					id += "_"
				}
				found[id] = path
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestEveryMessageThatIsNamedExists(t *testing.T) {
	french := messages(t, "fr")
	used := named(t)
	if len(used) < 50 {
		t.Fatalf("only %d ids found: the test looks in the wrong place", len(used))
	}
	for id, path := range used {
		if _, ok := french[id]; ok {
			continue
		}
		begins := false
		for m := range french {
			begins = begins || strings.HasSuffix(id, "_") && strings.HasPrefix(m, id)
		}
		if !begins {
			t.Errorf("%s names %q, which no language has", path, id)
		}
	}
}

func TestEveryMessageIsNamed(t *testing.T) {
	used := named(t)
	lists := []string{
		"unit_", "sector_", "kind_", "category_", "join_", "audience_", "language_name", // of forms
		"quantity_", "money_", "typography_", // of this package
		"form_", // of package web, which makes some of their ids from the names of fields
	}
	for id := range messages(t, "fr") {
		ok := used[id] != "" || slices.ContainsFunc(lists, func(l string) bool { return strings.HasPrefix(id, l) })
		for u := range used {
			ok = ok || strings.HasSuffix(u, "_") && strings.HasPrefix(id, u)
		}
		if !ok {
			t.Errorf("nobody says %s", id)
		}
	}
}

func TestFrenchTypography(t *testing.T) {
	bad := regexp.MustCompile(`[ \x{00a0}][;:!?»%€]|[^\x{202f}/s]:( |$)|[^\x{202f}][!?;»]|\d h\b|'|\.\.\.`)
	p := New("fr")
	for id := range messages(t, "fr") {
		if strings.HasPrefix(id, "typography") {
			continue
		}
		s := strings.ReplaceAll(p.T(id, "Count", 2), "<no value>", "x")
		if found := bad.FindString(s); found != "" {
			t.Errorf("%s: %q in %q", id, found, s)
		}
	}
}

func FuzzPrinter(f *testing.F) {
	f.Add("12000.50", "EUR", int64(0), int64(3600), "fr")
	f.Add("x", "https://x.example/#y", int64(-1), int64(1<<40), "en-GB;q=0.1")
	f.Fuzz(func(t *testing.T, number, unit string, from, to int64, lang string) {
		p := New(lang)
		p.Money(federation.Decimal(number), unit)
		p.Quantity(federation.Decimal(number), unit)
		p.DateRange(time.Unix(from, 0), time.Unix(to, 0), unit)
		p.T("ago_days", "Count", number)
	})
}

// What a peer counts in UTC, without a zone, is shown on the clocks at home.
func TestLocal(t *testing.T) {
	utc := time.Date(2026, 7, 14, 10, 0, 0, 0, time.UTC)
	there := utc.In(time.FixedZone("", -5*3600))
	for _, c := range []struct {
		t    time.Time
		zone string
		want string
	}{
		{utc, "", "12:00"},
		{utc, "Romance Standard Time", "12:00"},
		{utc, "UTC", "10:00"},
		{utc, "Europe/Lisbon", "11:00"},
		{there, "", "05:00"},
	} {
		if got := Local(c.t, c.zone).Format("15:04"); got != c.want {
			t.Errorf("%s in %q: %s, want %s", c.t, c.zone, got, c.want)
		}
	}
	if !Local(time.Time{}, "").IsZero() {
		t.Error("no time became one")
	}
}
