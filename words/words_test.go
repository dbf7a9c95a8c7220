// SPDX-License-Identifier: AGPL-3.0-or-later

package words

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWords(t *testing.T) {
	for text, want := range map[string][]string{
		"Les Pommes de l’été":                     {"les", "pomme", "de", "l", "ete"},
		"<p>Œufs &amp; choux</p><p>à 3 < 4 €</p>": {"oeuf", "chou", "a", "3", "4"},
		"po<em>mm</em>e":                          {"pomme"},
		"un<br>deux":                              {"un", "deu"},
		"e\u0301te\u0301 ÉTÉ":                     {"ete"},
		"<script":                                 {"script"},
		"ﬁn Straße":                               {"fin", "strasse"},
		"日本 語":                                    {"日本", "語"},
		"":                                        nil,
		"a & b | !c 'x':* \"":                     {"a", "b", "c", "x"},
	} {
		if d := cmp.Diff(want, Of(text)); d != "" {
			t.Errorf("%q: %s", text, d)
		}
	}
}

func TestStems(t *testing.T) {
	for _, test := range []struct{ one, other, language string }{
		{"Réparation de vélos", "réparer un vélo", "fr"},
		{"Légumes de saison", "un légume pour la saison", "fr"},
		{"PAIN AU LEVAIN", "pains au levain", "fr"},
		{"Œufs frais", "oeuf frais", "fr"},
		{"fresh vegetables", "a fresh vegetable", "en"},
		{"repairing bikes", "to repair a bike", "en-GB"},
		{"Nous cherchons du bois", "Nous proposons du bois", ""},
	} {
		var s Stemmer
		if d := cmp.Diff(keys(s.Stems(test.one, test.language)), keys(s.Stems(test.other, test.language))); d != "" {
			t.Errorf("%q and %q differ: %s", test.one, test.other, d)
		}
	}
}

func TestStemsRememberHowAWordIsWritten(t *testing.T) {
	got := new(Stemmer).Stems("<b>Vélos</b>, l’Électricité 2026", "fr")
	if d := cmp.Diff([]Stem{{"velo", "vélos"}, {"electr", "électricité"}}, got); d != "" {
		t.Error(d)
	}
}

func keys(list []Stem) (all []string) {
	for _, s := range list {
		all = append(all, s.Key)
	}
	return all
}
