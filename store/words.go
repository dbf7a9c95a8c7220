// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"html"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"codeberg.org/maillage/maillage/federation"
)

// Words are folded here rather than by the databases, so that both find the
// same: lower case, without accents, without the s or x of a French plural.

// Bounds of what is indexed of one object.
const (
	maxText  = 64 << 10 // bytes
	maxWord  = 64       // bytes
	maxWords = 2000     // different ones
)

// searchable reports whether the words of an object are indexed: everything
// of ours, and of peers what people look for. Their chatter is not.
func searchable(o *federation.Object, x federation.Index) bool {
	return o.Local || slices.Contains(searchKinds, x.Kind)
}

// words returns the different folded words of a text, which may be HTML.
func words(text string) []string {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	text = html.UnescapeString(withoutTags(text))
	var list []string
	seen := map[string]bool{}
	for w := range strings.FieldsFuncSeq(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r)
	}) {
		if w = fold(w); w != "" && !seen[w] && len(list) < maxWords {
			seen[w] = true
			list = append(list, w)
		}
	}
	return list
}

var ligatures = strings.NewReplacer("œ", "oe", "æ", "ae", "ß", "ss", "ø", "o", "ł", "l", "đ", "d")

// fold brings a word into the form that is compared.
func fold(w string) string {
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

// putWords makes an object found by its words.
func (tx *Tx) putWords(ctx context.Context, seq int64, text string) error {
	all := strings.Join(words(text), " ")
	if tx.postgres() {
		_, err := tx.exec(ctx, `UPDATE objects SET searchable = 1, words = CAST(? AS tsvector) WHERE seq = ?`, all, seq)
		return err
	}
	_, err := tx.exec(ctx, `INSERT INTO object_words (rowid, words) VALUES (?, ?)`, seq, all)
	return err
}

// match is the condition that finds every word of text, or what begins with
// it; "" if there is none. SQLite makes a list of all that has them: no longer
// than the window.
func (tx *Tx) match(text string, in *window) (condition string, args []any) {
	list := words(text)
	if len(list) == 0 {
		return "", nil
	}
	if len(list) > 10 {
		list = list[:10]
	}
	for i, w := range list {
		if tx.postgres() {
			list[i] = "'" + w + "':*"
		} else {
			list[i] = `"` + w + `"*`
		}
	}
	if tx.postgres() {
		return `o.searchable = 1 AND o.words @@ CAST(? AS tsquery)`, []any{strings.Join(list, " & ")}
	}
	args = []any{strings.Join(list, " AND ")}
	if in == nil {
		return `o.seq IN (SELECT rowid FROM object_words WHERE object_words MATCH ?)`, args
	}
	return `o.seq IN (SELECT rowid FROM object_words WHERE object_words MATCH ? AND rowid BETWEEN ? AND ?)`, append(args, in.low, in.high)
}
