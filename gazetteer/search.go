// SPDX-License-Identifier: AGPL-3.0-or-later

package gazetteer

import (
	"cmp"
	"math"
	"slices"
	"sort"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"codeberg.org/maillage/maillage/federation"
)

// maxText is how much of a question is read, in bytes.
const maxText = 100

// Search returns at most n places that a text may mean, the likeliest first:
// those of exactly that name, those whose name begins so, those with a word
// that does; each kind has to be ten times larger to come before the other.
func Search(text string, n int) []Place { return search(text, nil, n) }

// SearchNear is Search for somebody at a point: what is near is likelier.
func SearchNear(text string, near federation.Point, n int) []Place { return search(text, &near, n) }

// Named returns the places of exactly that name, at most n, the largest first.
// Names that communes had before count if no commune has it now.
func Named(text string, n int) []Place {
	a := world()
	bare, inside, _ := strings.Cut(bounded(text), "(")
	words := fold(bare)
	whole := " " + strings.Join(words, " ")
	var now, former []hit
	for _, h := range a.hits(words, nil) {
		switch l := a.lines[h.line]; {
		case a.name(h.line) != whole:
		case l.name == a.places[l.place].name:
			now = append(now, h)
		default:
			former = append(former, h)
		}
	}
	if len(now) == 0 {
		now = former
	}
	return a.best(now, inside, n)
}

// Same reports whether two names of places are the same but for case, accents,
// hyphens and abbreviations.
func Same(a, b string) bool { return slices.Equal(fold(a), fold(b)) }

// A hit is a line that matches.
type hit struct {
	line  int
	score float64
}

func search(text string, near *federation.Point, n int) []Place {
	a := world()
	text, inside, _ := strings.Cut(bounded(text), "(") // "Saint-Denis (La Réunion)", as candidates are shown
	return a.best(a.hits(fold(text), near), inside, n)
}

func bounded(text string) string {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	return text
}

// best returns the places with the highest scores, each once: in a region, if
// one is named.
func (a *atlas) best(hits []hit, region string, n int) []Place {
	slices.SortFunc(hits, func(x, y hit) int { return cmp.Or(cmp.Compare(y.score, x.score), cmp.Compare(x.line, y.line)) })
	region = strings.Join(fold(region), " ")
	var list []Place
	seen := map[uint32]bool{}
	for _, h := range hits {
		l := a.lines[h.line]
		r := a.areas[a.places[l.place].area]
		if seen[l.place] || region != "" && !strings.HasPrefix(strings.Join(fold(r.name), " "), region) && !strings.HasPrefix(strings.ToLower(r.code), region) {
			continue
		}
		if len(list) == n {
			break
		}
		seen[l.place] = true
		list = append(list, a.place(l.place, l.name))
	}
	return list
}

// name returns a line without its end.
func (a *atlas) name(n int) string {
	end := len(a.folded)
	if n+1 < len(a.lines) {
		end = int(a.lines[n+1].from)
	}
	return a.folded[a.lines[n].from : end-1]
}

// hits finds the lines with a word that begins with the longest of words, and
// keeps those that have the others too.
func (a *atlas) hits(words []string, near *federation.Point) (hits []hit) {
	if len(words) == 0 {
		return nil
	}
	rarest := words[0]
	for _, w := range words[1:] {
		if len(w) > len(rarest) && w != "saint" && w != "sainte" {
			rarest = w
		}
	}
	whole := " " + strings.Join(words, " ")
	needle := " " + rarest
	for at := 0; ; {
		i := strings.Index(a.folded[at:], needle)
		if i < 0 {
			return hits
		}
		n := sort.Search(len(a.lines), func(k int) bool { return int(a.lines[k].from) > at+i }) - 1
		name := a.name(n)
		if has(name, words) {
			hits = append(hits, hit{n, a.score(n, name, whole, near)})
		}
		at = int(a.lines[n].from) + len(name)
	}
}

// has reports whether each of words begins a word of name.
func has(name string, words []string) bool {
	for _, w := range words {
		i := strings.Index(name, w)
		for i > 0 && name[i-1] != ' ' {
			next := strings.Index(name[i+1:], w)
			if next < 0 {
				return false
			}
			i += 1 + next
		}
		if i < 0 {
			return false
		}
	}
	return true
}

// score is higher for what is likelier meant. A name that fits better is worth
// more than being large, and being near as much as being a hundred times
// larger.
func (a *atlas) score(n int, name, whole string, near *federation.Point) float64 {
	l := a.lines[n]
	e := &a.places[l.place]
	score := math.Log10(float64(e.population) + 10)
	switch {
	case name == whole:
		score += 3
	case strings.HasPrefix(name, whole+" "):
		score += 2
	case strings.HasPrefix(name, whole):
		score++
	}
	if l.name != e.name {
		score -= 2 // not called so any more
	}
	if near != nil {
		km := near.Kilometres(federation.Point{Latitude: float64(e.lat) / 1e4, Longitude: float64(e.lon) / 1e4})
		score += 2 / (1 + km/30)
	}
	return score
}

// appendFolded writes the words of a name, each after a space. Most names are
// plain enough to do without the tables of Unicode.
func appendFolded(to []byte, name string) []byte {
	begin, gap := len(to), true
	for i := range len(name) {
		c := name[i] | 0x20 // lower case
		switch {
		case name[i] >= 0x80:
			return append(append(to[:begin], ' '), strings.Join(fold(name), " ")...)
		case c >= 'a' && c <= 'z' || name[i] >= '0' && name[i] <= '9':
			if gap {
				to = append(to, ' ')
			}
			to, gap = append(to, c), false
		default:
			gap = true
		}
	}
	if strings.Contains(name, "St ") || strings.Contains(name, "St.") || strings.Contains(name, "Ste ") {
		return append(append(to[:begin], ' '), strings.Join(fold(name), " ")...)
	}
	return to
}

var ligatures = strings.NewReplacer("œ", "oe", "æ", "ae", "ß", "ss")

// fold splits a name into the words that are compared: lower case, without
// accents, abbreviations written out.
func fold(name string) []string {
	plain := strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case unicode.IsLetter(r), unicode.IsDigit(r):
			return r
		}
		return ' '
	}, norm.NFD.String(ligatures.Replace(strings.ToLower(name))))
	words := strings.Fields(plain)
	for i, w := range words {
		switch w {
		case "st":
			words[i] = "saint"
		case "ste":
			words[i] = "sainte"
		}
	}
	return words
}
