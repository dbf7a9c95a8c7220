// SPDX-License-Identifier: AGPL-3.0-or-later

// Package words takes texts apart into the words that are compared: by the
// search of either database, by alerts, and by what puts offers and needs
// together.
//
// A word is folded: lower case, without accents, without the s or x of a
// French plural ([Fold]). That is what is searched, since people type what
// they look for in whole words. Offers and needs are written by people who
// know nothing of each other, so of those the stems are compared: who looks
// for "réparer des vélos" is answered by "réparation de vélo" ([Stems]).
package words

import (
	"html"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Bounds of what is indexed of one object.
const (
	maxText  = 64 << 10 // bytes
	maxWord  = 64       // bytes
	maxWords = 2000     // different ones
)

// Of returns the different folded words of a text, which may be HTML.
func Of(text string) []string {
	var list []string
	seen := map[string]bool{}
	for w := range each(text) {
		if w = Fold(w); w != "" && !seen[w] && len(list) < maxWords {
			seen[w] = true
			list = append(list, w)
		}
	}
	return list
}

// each goes through the words of a text as they are written.
func each(text string) iter.Seq[string] {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	return strings.FieldsFuncSeq(html.UnescapeString(withoutTags(text)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r)
	})
}

var ligatures = strings.NewReplacer("œ", "oe", "æ", "ae", "ß", "ss", "ø", "o", "ł", "l", "đ", "d")

// Fold brings a word into the form that is compared.
func Fold(w string) string {
	w = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return r
	}, norm.NFKD.String(ligatures.Replace(strings.ToLower(w))))
	if len(w) > 3 && (w[len(w)-1] == 's' || w[len(w)-1] == 'x') {
		w = w[:len(w)-1]
	}
	if len(w) > maxWord {
		w = strings.ToValidUTF8(w[:maxWord], "")
	}
	return w
}

// withoutTags replaces the tags of HTML by spaces. A lone < is no tag.
func withoutTags(s string) string {
	if !strings.Contains(s, "<") {
		return s
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "<")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		r, _ := utf8.DecodeRuneInString(rest)
		_, after, closed := strings.Cut(rest, ">")
		if !closed || r != '/' && r != '!' && !unicode.IsLetter(r) {
			b.WriteByte('<')
			s = rest
			continue
		}
		if !inline(rest) {
			b.WriteByte(' ')
		}
		s = after
	}
}

// inline reports whether a tag may stand within a word.
func inline(tag string) bool {
	name := strings.TrimPrefix(tag, "/")
	name = name[:strings.IndexFunc(name+">", func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })]
	switch strings.ToLower(name) {
	case "a", "b", "i", "em", "strong", "span", "u", "s", "code":
		return true
	}
	return false
}
