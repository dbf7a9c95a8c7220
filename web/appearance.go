// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"codeberg.org/maillage/maillage/store"
)

// Settings of how the pages look.
const (
	colourSetting = "appearance.colour" // #rrggbb; empty: Maillage's own
	logoSetting   = "appearance.logo"   // the id of a picture
)

// proposedColours are for those who have none; any other can be picked.
var proposedColours = []string{"#1b5e3f", "#00616b", "#1f5a99", "#5b3f98", "#8e2c6b", "#a3231c", "#9a4a00", "#6b5a00", "#4a4f46"}

func (v *visit) colourOptions() []option {
	var all []option
	for _, c := range proposedColours {
		all = append(all, option{Value: c, Label: v.words.T("form_colour_" + c[1:])})
	}
	return all
}

var sixDigits = regexp.MustCompile(`^#?[0-9a-fA-F]{6}$`)

// hexColour reads a colour as browsers send it; nothing is fine, too.
func hexColour(typed string) (string, bool) {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return "", true
	}
	return "#" + strings.ToLower(strings.TrimPrefix(typed, "#")), sixDigits.MatchString(typed)
}

// swatches are the colours to choose from, in a form.
type swatches struct {
	Form      *form
	Colours   []option
	OwnColour bool // none of those
}

func (v *visit) swatches(f *form) swatches {
	s := swatches{Form: f, Colours: v.colourOptions()}
	chosen := f.Value("colour")
	s.OwnColour = chosen != "" && !slices.Contains(proposedColours, chosen)
	return s
}

// chosenColour reads which of the colours proposed was chosen, or the other
// that was picked: it counts, too, if only the picker was touched.
func chosenColour(f *form) (string, bool) {
	touched := f.values.Has("colour.was") && f.Value("colour") != f.Value("colour.was")
	if proposed := f.Value("colour.proposed"); proposed != "" && proposed != "own" && !touched {
		f.values.Set("colour", proposed)
	}
	return hexColour(f.Value("colour"))
}

// appearanceData is what the page of the appearance shows.
type appearanceData struct {
	swatches

	Photo   *picture
	Samples []sample
}

// A sample shows a colour as pages will use it.
type sample struct {
	Label               string
	Paper, Accent, Text string // of a page, of links and buttons, of the words on a button
	Adapted             bool
}

func (v *visit) appearance(ctx context.Context, tx *store.Tx) (*page, error) {
	values := url.Values{}
	if err := v.fillLook(ctx, tx, values); err != nil {
		return nil, err
	}
	if c, ok := hexColour(v.r.URL.Query().Get("colour")); ok && c != "" {
		values.Set("colour", c) // tried, not stored
	}
	return v.appearanceForm(v.form(values)), nil
}

func (v *visit) appearanceForm(f *form) *page {
	d := appearanceData{swatches: v.swatches(f), Photo: formPhoto(f), Samples: v.samples(f.Value("colour"))}
	return &page{Name: "appearance", Title: v.words.T("page_appearance"), Data: d, NoIndex: true, Problems: f.mistakes}
}

// saveAppearance stores colour and logo; the logo is the picture of the
// initiative's profile as well.
func (v *visit) saveAppearance(ctx context.Context) (*page, error) {
	f := v.posted()
	if f.Value("try") != "" {
		colour, _ := chosenColour(f) // what is none shows the stored one
		return see("/settings/appearance?colour="+url.QueryEscape(colour)+"#samples", ""), nil
	}
	if err := v.saveLook(ctx, f); err != nil {
		return nil, err
	}
	if len(f.mistakes) > 0 {
		return v.appearanceForm(f), nil
	}
	v.facts.forget()
	return see("/settings/appearance", "saved"), nil
}

// samples are what a colour becomes on light and on dark pages.
func (v *visit) samples(colour string) []sample {
	c, ok := colourOf(colour)
	if !ok {
		c, _ = colourOf(proposedColours[0])
	}
	t := newTheme(c)
	return []sample{
		{v.words.T("page_sample_light"), lightSurfaces[0], t.light.accent.Hex(), t.light.onAccent.Hex(), t.light.accent != c},
		{v.words.T("page_sample_dark"), darkSurfaces[0], t.dark.accent.Hex(), t.dark.onAccent.Hex(), t.dark.accent != c},
	}
}
