// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"codeberg.org/maillage/maillage/store"
	"github.com/lucasb-eyer/go-colorful"
)

func TestEveryColourCanBeRead(t *testing.T) {
	const least = 4.5 // WCAG 2.2, 1.4.3
	check := func(of colorful.Color, mode string, s shades, surfaces []string) {
		for _, surface := range append(colours(surfaces), s.tint) {
			if got := contrast(s.accent, surface); got < least {
				t.Errorf("%s, %s: the accent %s on %s: %.2f", of.Hex(), mode, s.accent.Hex(), surface.Hex(), got)
			}
		}
		for name, pair := range map[string][2]colorful.Color{"accent": {s.onAccent, s.accent}, "brand": {s.onBrand, s.brand}} {
			if got := contrast(pair[0], pair[1]); got < least {
				t.Errorf("%s, %s: words on the %s: %.2f", of.Hex(), mode, name, got)
			}
		}
	}
	ink := map[string][]string{"light": {"#25221a", "#5f5848"}, "dark": {"#f1eadb", "#bbb29d"}}
	for r := 0; r <= 255; r += 15 {
		for g := 0; g <= 255; g += 15 {
			for b := 0; b <= 255; b += 15 {
				c := colorful.Color{R: float64(r) / 255, G: float64(g) / 255, B: float64(b) / 255}
				th := newTheme(c)
				check(c, "light", th.light, lightSurfaces)
				check(c, "dark", th.dark, darkSurfaces)
				for mode, tint := range map[string]colorful.Color{"light": th.light.tint, "dark": th.dark.tint} {
					if !readable(tint, colours(ink[mode])) {
						t.Errorf("%s, %s: words on the tint %s", c.Hex(), mode, tint.Hex())
					}
				}
			}
		}
	}
}

func TestColoursThatCanBeReadStayAsChosen(t *testing.T) {
	c, _ := colourOf("#73357e")
	if th := newTheme(c); th.light.accent != c || th.light.brand != c || th.dark.brand != c {
		t.Errorf("#73357e became %s", th.light.css())
	}
}

func TestSurfacesAreThoseOfTheSheet(t *testing.T) {
	css := string(styleSheet(staticFiles))
	light, dark, ok := strings.Cut(css, "@media (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("the sheet has no dark colours")
	}
	for n, name := range []string{"paper", "card", "well"} {
		token := regexp.MustCompile(`--` + name + `: (#[0-9a-f]{6});`)
		for sheet, want := range map[string]string{light: lightSurfaces[n], dark: darkSurfaces[n]} {
			if m := token.FindStringSubmatch(sheet); m == nil || m[1] != want {
				t.Errorf("--%s is %v, want %s", name, m, want)
			}
		}
	}
}

func TestColourOfTheInitiative(t *testing.T) {
	i := lone(t)
	themed := regexp.MustCompile(`/static/theme-[0-9a-f]+-[0-9a-f]+\.css`)
	if got := themed.FindString(i.as("").get("/offers").body); got != "" {
		t.Errorf("without a colour: %s", got)
	}
	set := func(colour string) string {
		i.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutSetting(ctx, "appearance.colour", colour) })
		i.site.facts.forget()
		return themed.FindString(i.as("").get("/offers").body)
	}
	path := set("#e9b44c")
	css := i.as("").get(path).wants(t, 200, "--brand:#e9b44c", "prefers-color-scheme:dark")
	if h := css.Header; !strings.Contains(h.Get("Cache-Control"), "immutable") || !strings.HasPrefix(h.Get("Content-Type"), "text/css") {
		t.Errorf("served with %v", h)
	}
	if again := set("#e9b44d"); again == path || again == "" {
		t.Errorf("another colour is at %q", again)
	}
	for _, none := range []string{"", "red", "#fff", "#12345g", "#1b5e3f;}body{display:none"} {
		if got := set(none); got != "" {
			t.Errorf("%q is a colour: %s", none, got)
		}
	}
	for _, name := range []string{"theme-.css", "theme-1b5e3f-00000000.css", "theme-zz-00000000.css", "theme-1b5e3f.css"} {
		i.as("").get("/static/"+name).wants(t, 404)
	}
}
