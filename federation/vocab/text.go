// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/text/unicode/norm"
)

// CleanText makes plain text of what a stranger wrote: in one Unicode form, no
// tags, no control characters, nothing that turns the direction of the words
// around it, and no towers of accents. Entities stay as they are: it is text.
func CleanText(s string) string {
	if plain(s) {
		return s
	}
	s = strings.ToValidUTF8(s, "\ufffd")
	for range maxPasses { // what is taken out may join what stood around it
		clean := strings.TrimSpace(withoutTags(printable(norm.NFC.String(s))))
		if clean == s {
			break
		}
		s = clean
	}
	return s
}

// maxPasses is how often text is cleaned that tries to outwit the cleaning.
const maxPasses = 10

// plain reports whether s is clean already, as nearly everything is.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\n' && c != '\t' || c >= 0x7f || c == '<' {
			return false
		}
	}
	return s == "" || s[0] > ' ' && s[len(s)-1] > ' '
}

// oneLine is CleanText on one line: for names.
func oneLine(s string) string {
	return strings.Join(strings.Fields(CleanText(s)), " ")
}

// tag is an element's tag in plain text, where it has no business.
var tag = regexp.MustCompile(`</?[a-zA-Z][^<>]*>|<!--[^<>]*-->`)

func withoutTags(s string) string {
	if !strings.Contains(s, "<") {
		return s
	}
	return tag.ReplaceAllString(s, "")
}

// maxMarks is how many combining marks may stand on one letter.
const maxMarks = 20

// printable drops what must not be shown. A mark right after a tag goes too:
// it would melt into the bracket as soon as somebody normalises the text.
func printable(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	marks := 0
	var last rune
	for _, r := range s {
		switch {
		case r < ' ' && r != '\n' && r != '\t', r >= 0x7f && r < 0xa0:
			continue
		case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069: // bidi controls
			continue
		case r >= 0x300 && unicode.Is(unicode.M, r):
			if marks++; marks > maxMarks || last == '<' || last == '>' || last == '=' {
				continue
			}
		default:
			marks, last = 0, r
		}
		b.WriteRune(r)
	}
	return b.String()
}

// cut shortens s to n bytes, between runes.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// policy is what HTML may contain: what Mastodon lets through. Everything else
// goes, its words stay.
var policy = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "del", "s", "pre", "blockquote", "code", "b", "strong", "u", "i", "em",
		"ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6", "ruby", "rt", "rp", "span")
	p.AllowNoAttrs().OnElements("span")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("http", "https")
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.AllowAttrs("class").Matching(classNames).OnElements("a", "span")
	p.AddSpaceWhenStrippingTag(true)
	return p
}()

// classNames are the microformats by which servers tell mentions and hashtags.
var classNames = regexp.MustCompile(`^(?:(?:mention|hashtag|invisible|ellipsis|[hpuedt]-[a-z0-9-]{1,32})(?: +|$)){1,8}$`)

// What a link out of strangers' text says of itself.
const (
	relFound  = ` rel="nofollow noreferrer"`
	relForced = ` rel="nofollow noopener noreferrer ugc"`
)

// SanitizeHTML makes safe and well-formed HTML of what a stranger wrote, by a
// strict list of elements. It is done when a document comes in, and again when
// a page is made; twice is the same as once.
func SanitizeHTML(s string) string {
	if s == "" {
		return ""
	}
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "")
	return strings.TrimSpace(balance(strings.ReplaceAll(policy.Sanitize(s), relFound, relForced)))
}

// maxOpen is how many elements may be open at a time.
const maxOpen = 32

// balance closes what was left open and drops what closes nothing, so that a
// stranger's text ends where its place on the page ends. It reads what the
// sanitiser writes: every < begins a tag.
func balance(s string) string {
	var b markup
	b.Grow(len(s) + 16)
	var open []string
	for {
		text, rest, found := strings.Cut(s, "<")
		b.words = append(b.words, text...)
		if !found {
			break
		}
		var t string
		t, s, _ = strings.Cut(rest, ">")
		t = strings.TrimSuffix(t, "/") // <li/> opens, to a browser
		name, closing := strings.CutPrefix(t, "/")
		name, _, _ = strings.Cut(name, " ")
		switch {
		case name == "br":
			b.tag("br")
		case closing:
			open = closeTo(&b, open, name)
		case len(open) < maxOpen && (name != "a" || !slices.Contains(open, "a")):
			open = append(open, name)
			b.tag(printable(t))
		}
	}
	closeAll(&b, open)
	b.flush()
	return b.String()
}

// markup is written by balance. The words between two tags are put into one
// Unicode form together, when all is known that stands between them: what is
// taken out joins its neighbours, and a mark behind a tag shall not eat its
// bracket.
type markup struct {
	strings.Builder
	words []byte
}

func (b *markup) tag(t string) {
	b.flush()
	b.WriteString("<" + t + ">")
}

func (b *markup) flush() {
	words := printable(">" + norm.NFC.String(quotes.Replace(string(b.words))))
	words = norm.NFC.String(words[1:])
	if b.Len() == 0 { // nothing that a mark could stand on
		words = strings.TrimLeftFunc(words, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.M, r) })
	}
	b.WriteString(words)
	b.words = b.words[:0]
}

// quotes need no escape outside a tag, and some peers show summaries as text.
var quotes = strings.NewReplacer("&#39;", "'", "&#34;", `"`)

// closeTo closes elements down to the innermost one of that name, if there is
// one.
func closeTo(b *markup, open []string, name string) []string {
	for i, n := range slices.Backward(open) {
		if n == name {
			closeAll(b, open[i:])
			return open[:i]
		}
	}
	return open
}

func closeAll(b *markup, open []string) {
	for _, n := range slices.Backward(open) {
		b.tag("/" + n)
	}
}

// Text returns the words of HTML: for previews, plain mail and search.
func Text(s string) string {
	if !strings.ContainsAny(s, "<&") {
		return strings.TrimSpace(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	for {
		text, rest, found := strings.Cut(s, "<")
		b.WriteString(text)
		if !found {
			break
		}
		t, after, closed := strings.Cut(rest, ">")
		if !closed { // a lone bracket
			b.WriteString("&lt;")
			s = rest
			continue
		}
		if apart(t) {
			b.WriteByte('\n')
		}
		s = after
	}
	return joinLines(html.UnescapeString(b.String()))
}

// apart reports whether the element of tag t stands on a line of its own.
func apart(t string) bool {
	name, _, _ := strings.Cut(strings.Trim(t, "/ "), " ")
	switch strings.ToLower(name) {
	case "a", "span", "b", "strong", "i", "em", "u", "s", "del", "code", "ruby", "rt", "rp":
		return false
	}
	return true
}

// joinLines drops empty lines and needless spaces.
func joinLines(s string) string {
	var lines []string
	for line := range strings.Lines(s) {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}
