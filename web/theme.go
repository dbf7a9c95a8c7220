// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"

	"github.com/lucasb-eyer/go-colorful"
)

// A theme is what one colour, chosen by an initiative, becomes. The colour
// itself fills buttons and marks; as the colour of links and words it is made
// as much darker or lighter as it takes to be read, in the light and in the
// dark, whatever was chosen.
type theme struct{ light, dark shades }

// Shades are the tokens of 10-base.css that a theme sets.
type shades struct {
	accent, onAccent, tint, brand, onBrand colorful.Color
}

// enough is the contrast of text that WCAG 2.2 asks for (1.4.3), with a little
// for the rounding of browsers.
const enough = 4.55

// The surfaces of 10-base.css that words stand on.
var (
	lightSurfaces = []string{"#fbf6ec", "#fffdf8", "#f4ecdc"}
	darkSurfaces  = []string{"#181610", "#221f17", "#2b271d"}
)

// colourOf reads a colour as "#1b5e3f"; false if it is none.
func colourOf(s string) (colorful.Color, bool) {
	c, err := colorful.Hex(s)
	return c, err == nil && len(s) == 7
}

// newTheme makes a theme of a colour.
func newTheme(c colorful.Color) theme {
	l, chroma, hue := c.OkLch()
	on := readableOn(c)
	t := theme{
		light: shades{brand: c, onBrand: on, tint: shade(.945, min(chroma, .04), hue)},
		dark:  shades{brand: c, onBrand: on, tint: shade(.3, min(chroma, .045), hue)},
	}
	t.light.accent = legible(c, append(colours(lightSurfaces), t.light.tint), func(step float64) colorful.Color {
		return shade(l-step, chroma, hue)
	})
	t.dark.accent = legible(c, append(colours(darkSurfaces), t.dark.tint), func(step float64) colorful.Color {
		return shade(l+step, chroma, hue)
	})
	t.light.onAccent, t.dark.onAccent = readableOn(t.light.accent), readableOn(t.dark.accent)
	return t
}

// legible returns c, or the first of its shades that can be read on all
// surfaces. Black and white can, and are where the steps end.
func legible(c colorful.Color, surfaces []colorful.Color, next func(step float64) colorful.Color) colorful.Color {
	for step := .005; step < 1.01 && !readable(c, surfaces); step += .005 {
		c = next(step)
	}
	return c
}

func readable(c colorful.Color, surfaces []colorful.Color) bool {
	for _, s := range surfaces {
		if contrast(c, s) < enough {
			return false
		}
	}
	return true
}

// readableOn returns the colour of words on a filled surface: white where that
// will do, else a warm black, else black. One of them always will.
func readableOn(surface colorful.Color) colorful.Color {
	for _, s := range []string{"#ffffff", "#14120c"} {
		if c, _ := colourOf(s); contrast(c, surface) >= enough {
			return c
		}
	}
	return colorful.Color{}
}

// shade makes a colour of a lightness, as vivid as screens can show it.
func shade(l, chroma, hue float64) colorful.Color {
	l = min(max(l, 0), 1)
	for chroma > .002 && !colorful.OkLch(l, chroma, hue).IsValid() {
		chroma *= .95
	}
	c, _ := colorful.Hex(colorful.OkLch(l, chroma, hue).Clamped().Hex()) // as rounded as it will be written
	return c
}

// contrast is the ratio of two colours by WCAG 2.2.
func contrast(a, b colorful.Color) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + .05) / (min(la, lb) + .05)
}

func luminance(c colorful.Color) float64 {
	r, g, b := c.LinearRgb()
	return .2126*r + .7152*g + .0722*b
}

func colours(all []string) []colorful.Color {
	var list []colorful.Color
	for _, s := range all {
		c, _ := colourOf(s)
		list = append(list, c)
	}
	return list
}

// css writes the theme as a style sheet.
func (t theme) css() string {
	return ":root{" + t.light.css() + "}@media(prefers-color-scheme:dark){:root{" + t.dark.css() + "}}@media print{:root{--accent:#000;--tint:#fff}}" +
		":root.embed[data-theme=light]{" + t.light.css() + "}:root.embed[data-theme=dark]{" + t.dark.css() + "}\n"
}

func (s shades) css() string {
	return fmt.Sprintf("--accent:%s;--on-accent:%s;--tint:%s;--brand:%s;--on-brand:%s",
		s.accent.Hex(), s.onAccent.Hex(), s.tint.Hex(), s.brand.Hex(), s.onBrand.Hex())
}

// themePath is where the style sheet of a colour is; "" for what is no colour.
// The colour is in its name, and so is a hash of what we make of it: browsers
// may keep it for ever.
func themePath(colour string) string {
	c, ok := colourOf(colour)
	if !ok {
		return ""
	}
	sum := sha256.Sum256([]byte(newTheme(c).css()))
	return "/static/theme-" + strings.TrimPrefix(c.Hex(), "#") + "-" + hex.EncodeToString(sum[:4]) + ".css"
}

// serveTheme answers with the style sheet of the colour in its name and reports
// whether the name is one.
func serveTheme(w http.ResponseWriter, name string) bool {
	rest, ok := strings.CutPrefix(name, "theme-")
	if !ok {
		return false
	}
	colour, _, _ := strings.Cut(rest, "-")
	if themePath("#"+colour) != "/static/"+name {
		return false
	}
	c, _ := colourOf("#" + colour)
	w.Header().Set("Content-Type", mediaTypes[".css"])
	w.Header().Set("Cache-Control", immutable)
	_, _ = w.Write([]byte(newTheme(c).css()))
	return true
}
