// SPDX-License-Identifier: AGPL-3.0-or-later

package words

import (
	"strings"
	"unicode"

	"github.com/kljensen/snowball/english"
	"github.com/kljensen/snowball/french"
)

// A Stem is what is left of a word when its endings are taken away.
type Stem struct {
	Key  string // what is compared; nobody is to read it
	Word string // how it was written, in lower case
}

// A Stemmer finds stems, and remembers those of the words it has seen: there
// are few different ones in ten thousand offers. Its zero value is ready. It
// is not for several goroutines at once.
type Stemmer struct {
	french, english map[string]string
}

const (
	maxStems = 60    // of a text: what is meant stands at its beginning
	maxKnown = 50000 // words that are remembered
)

// Stems returns the different stems of a text, which may be HTML, without
// those that say nothing about what is offered or sought. Whatever is not said
// to be English counts as French: what two texts have in common is found
// either way.
func (s *Stemmer) Stems(text, language string) []Stem {
	known, stem := &s.french, stemFrench
	if strings.HasPrefix(strings.ToLower(language), "en") {
		known, stem = &s.english, stemEnglish
	}
	if *known == nil || len(*known) > maxKnown {
		*known = map[string]string{}
	}
	var list []Stem
	for w := range each(text) {
		key, ok := (*known)[w]
		if !ok {
			key = stem(strings.ToLower(w))
			(*known)[strings.Clone(w)] = key
		}
		if key == "" || has(list, key) {
			continue
		}
		if list = append(list, Stem{key, strings.ToLower(w)}); len(list) == maxStems {
			break
		}
	}
	return list
}

func has(list []Stem, key string) bool {
	for _, s := range list {
		if s.Key == key {
			return true
		}
	}
	return false
}

func stemFrench(w string) string {
	if french.IsStopWord(w) {
		return ""
	}
	return meaning(w, french.Stem(w, true))
}

func stemEnglish(w string) string {
	if english.IsStopWord(w) {
		return ""
	}
	return meaning(w, english.Stem(w, true))
}

// meaning folds the stem of a word; "" for one that says nothing here.
func meaning(w, stem string) string {
	if len([]rune(w)) < 2 || len(w) > maxWord || strings.IndexFunc(w, unicode.IsLetter) < 0 {
		return ""
	}
	if stem = Fold(stem); idle[stem] || idle[Fold(w)] {
		return ""
	}
	return stem
}

// idle are words that every offer and need may have, folded: how one says that
// one offers or seeks, and when.
var idle = func() map[string]bool {
	all := map[string]bool{}
	for w := range strings.FieldsSeq(`
		cherch recherch cherchon recherchon proposon echangeon vendon pretons pouvon avon somm propos offr offre offron besoin demand don donn donne vend vent achat achet echang troc pret
		disponibl dispo contre pour avec sans chez tres plus bien bon bonjour merci tout tous toute salut contact contacter
		association asso collectif structur membre adherent benevol personn gens ici nous vous etre avoir fair
		jour semain mois annee an lundi mardi mercredi jeudi vendredi samedi dimanche matin soir heur weekend
		janvier fevrier mars avril mai juin juillet aout septembr octobr novembr decembr
		petit petite grand grande nouveau nouvel neuf euro prix gratuit libr possible possibl selon environ aussi
		kilo kg gramm litre piec unit lot
		offer need look lookin seek want wanted give giv free sell swap trad exchang avail available please thank thanks hello
		our your we you good new small larg great day week month year monday tuesday wednesday thursday friday saturday sunday
		morn morning evening hour people member associat somebodi someon anyon help
		les des une aux par que qui sur dans est sont the and for are with from
	`) {
		all[w] = true
	}
	return all
}()
