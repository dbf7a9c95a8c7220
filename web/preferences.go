// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"net/url"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// setAll stores settings together.
func (v *visit) setAll(ctx context.Context, settings map[string]string) error {
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		for key, value := range settings {
			if err := tx.PutSetting(ctx, key, value); err != nil {
				return err
			}
		}
		return nil
	})
	v.facts.forget()
	return err
}

// tilePresets are servers of map tiles whose terms allow a small site.
var tilePresets = map[string]struct{ url, attribution string }{
	"osm":    {"https://tile.openstreetmap.org/{z}/{x}/{y}.png", "© OpenStreetMap"},
	"osm-fr": {"https://a.tile.openstreetmap.fr/osmfr/{z}/{x}/{y}.png", "© OpenStreetMap France, © OpenStreetMap"},
}

// mapData is what the page of the map's background shows.
type mapData struct {
	Form    *form
	Choices []option
	On      bool
	Host    string
}

func (v *visit) mapSettings(context.Context, *store.Tx) (*page, error) {
	tiles := v.facts.setting("map.tiles")
	choice := "none"
	if tiles != "" {
		choice = "own"
	}
	for name, p := range tilePresets {
		if p.url == tiles {
			choice = name
		}
	}
	return v.mapForm(v.form(url.Values{"choice": {choice}, "tiles": {tiles}, "attribution": {v.facts.setting("map.attribution")}})), nil
}

func (v *visit) mapForm(f *form) *page {
	tiles := v.facts.setting("map.tiles")
	d := mapData{Form: f, Choices: options(v.words, "form_tiles_", []string{"none", "osm-fr", "osm", "own"}), On: tiles != "", Host: federation.IRI(tiles).Host()}
	for i := range d.Choices {
		d.Choices[i].Chosen = d.Choices[i].Value == f.Value("choice")
	}
	return &page{Name: "settings_map", Title: v.words.T("page_map_settings"), Data: d, NoIndex: true, Problems: f.mistakes}
}

// saveMap stores where map tiles come from.
func (v *visit) saveMap(ctx context.Context) (*page, error) {
	f := v.posted()
	var tiles, attribution string
	switch choice := f.Value("choice"); {
	case choice == "none":
	case tilePresets[choice].url != "":
		tiles, attribution = tilePresets[choice].url, tilePresets[choice].attribution
	case choice == "own":
		tiles, attribution = strings.TrimSpace(f.Value("tiles")), cut(f.Value("attribution"), 200)
		if !tileTemplate(tiles) {
			f.wrong("tiles", "error_tiles")
		}
		if attribution == "" {
			f.wrong("attribution", "error_attribution")
		}
	default:
		f.wrong("choice", "error_choice")
	}
	if len(f.mistakes) > 0 {
		return v.mapForm(f), nil
	}
	if err := v.setAll(ctx, map[string]string{"map.tiles": tiles, "map.attribution": attribution}); err != nil {
		return nil, err
	}
	return see("/settings/map", "saved"), nil
}

// tileTemplate reports whether a typed address can be of map tiles: of one
// source, with a place for zoom, column and row.
func tileTemplate(typed string) bool {
	for _, part := range []string{"{z}", "{x}", "{y}"} {
		if strings.Count(typed, part) != 1 {
			return false
		}
	}
	return tileSource(typed) != "" && len(typed) <= 500
}

// rulesData is what the page of rules and contacts shows.
type rulesData struct{ Form *form }

// aboutKeys are the settings of that page, and how long they may be.
var aboutKeys = map[string]int{"about.contact": 300, "about.moderators": 500, "about.rules": 10000}

func (v *visit) aboutSettings(context.Context, *store.Tx) (*page, error) {
	values := url.Values{}
	for key := range aboutKeys {
		values.Set(key, v.facts.setting(key))
	}
	if values.Get("about.rules") == "" {
		values.Set("about.rules", v.words.T("page_rules_proposed"))
	}
	return v.rulesForm(v.form(values)), nil
}

func (v *visit) rulesForm(f *form) *page {
	return &page{Name: "settings_about", Title: v.words.T("page_about_settings"), Data: rulesData{f}, NoIndex: true, Problems: f.mistakes}
}

func (v *visit) saveAbout(ctx context.Context) (*page, error) {
	f := v.posted()
	settings := map[string]string{}
	for key, most := range aboutKeys {
		text := strings.TrimSpace(f.Value(key))
		if len(text) > most {
			f.wrong(key, "error_text_long", "Max", most)
		}
		settings[key] = text
	}
	if contact := settings["about.contact"]; contact == "" {
		f.wrong("about.contact", "error_contact_missing")
	}
	if len(f.mistakes) > 0 {
		return v.rulesForm(f), nil
	}
	if err := v.setAll(ctx, settings); err != nil {
		return nil, err
	}
	return see("/settings/about", "saved"), nil
}

func (v *visit) languageSettings(ctx context.Context, tx *store.Tx) (*page, error) {
	values := url.Values{}
	if err := v.fillLanguage(ctx, tx, values); err != nil {
		return nil, err
	}
	return v.languageForm(v.form(values)), nil
}

// languageData is what the page of the instance's language shows.
type languageData struct {
	Form      *form
	Languages []option
}

func (v *visit) languageForm(f *form) *page {
	return &page{Name: "settings_language", Title: v.words.T("page_language_settings"), Data: languageData{f, v.languageOptions()}, NoIndex: true, Problems: f.mistakes}
}

func (v *visit) saveLanguageSettings(ctx context.Context) (*page, error) {
	f := v.posted()
	f.values.Set("locale", v.words.Lang())
	if err := v.saveLanguage(ctx, f); err != nil {
		return nil, err
	}
	if len(f.mistakes) > 0 {
		return v.languageForm(f), nil
	}
	v.facts.forget()
	return see("/settings/language", "saved"), nil
}
