// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What an author types is plain text with a little light markup: an empty line
// between paragraphs, "- " before the points of a list, **strong**, *stress*
// and web addresses. It becomes blocks, which templates write as HTML.

// A block is a paragraph, or a list whose points are its lines.
type block struct {
	List  bool
	Lines [][]span
}

// A span is a stretch of text of one kind.
type span struct {
	Text       string
	Link       string // where it leads, if it is a web address
	Strong, Em bool
}

// blocksOf reads the text of an author.
func blocksOf(body string) []block {
	var all []block
	open := false // the last block takes further lines
	for line := range strings.SplitSeq(strings.ReplaceAll(body, "\r\n", "\n"), "\n") {
		line = strings.TrimSpace(printable(line))
		point, isPoint := listPoint(line)
		switch {
		case line == "":
			open = false
			continue
		case isPoint:
			line = point
		}
		if !open || all[len(all)-1].List != isPoint {
			all = append(all, block{List: isPoint})
			open = true
		}
		last := &all[len(all)-1]
		last.Lines = append(last.Lines, spansOf(line))
	}
	return all
}

// listPoint returns the text of a list's point.
func listPoint(line string) (string, bool) {
	for _, sign := range []string{"- ", "* ", "• "} {
		if rest, ok := strings.CutPrefix(line, sign); ok {
			return strings.TrimSpace(rest), true
		}
	}
	return line, false
}

var lightMarkup = regexp.MustCompile(`\*\*[^*\s][^*]*\*\*|\*[^*\s][^*]*\*|https?://[^\s<>"]+`)

// spansOf finds the marked stretches of a line.
func spansOf(line string) []span {
	var all []span
	at := 0
	for _, m := range lightMarkup.FindAllStringIndex(line, -1) {
		s := spanOf(line[m[0]:m[1]])
		if s.Em && !standsAlone(line, m[0], m[1]) {
			continue // 3*4*5 is arithmetic
		}
		end := m[1]
		if s.Link != "" {
			end = m[0] + len(s.Link)
		}
		if m[0] > at {
			all = append(all, span{Text: line[at:m[0]]})
		}
		all = append(all, s)
		at = end
	}
	if at < len(line) {
		all = append(all, span{Text: line[at:]})
	}
	return all
}

func spanOf(s string) span {
	switch {
	case strings.HasPrefix(s, "**"):
		return span{Text: strings.Trim(s, "*"), Strong: true}
	case strings.HasPrefix(s, "*"):
		return span{Text: strings.Trim(s, "*"), Em: true}
	}
	s = strings.TrimRight(s, ".,;:!?'’»…*") // the sentence goes on, the address does not
	if !strings.Contains(s, "(") {
		s = strings.TrimRight(s, ").,")
	}
	return span{Text: s, Link: s}
}

// standsAlone reports whether no letter or digit touches line[from:to].
func standsAlone(line string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(line[:from])
	after, _ := utf8.DecodeRuneInString(line[to:])
	word := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	return !word(before) && !word(after)
}

// shorten cuts blocks after at most so many visible characters, at a word, and
// ends them with an ellipsis. Less than a few words are no words at all.
func shorten(all []block, most int) []block {
	if visibleBlocks(all) <= most {
		return all
	}
	const few = 20
	if most < few {
		return nil
	}
	var short []block
	for _, b := range all {
		next := block{List: b.List}
		most-- // the break between blocks
		for _, line := range b.Lines {
			most--
			kept, cut := cutLine(line, most)
			if len(kept) > 0 {
				next.Lines = append(next.Lines, kept)
			}
			if cut {
				return ellipsis(short, next)
			}
			most -= visibleSpans(line)
		}
		short = append(short, next)
	}
	return short
}

// cutLine keeps the words of a line that leave room for an ellipsis, and
// reports whether it had to cut. Half an address would lead elsewhere: a link
// is kept whole or left out.
func cutLine(line []span, most int) (kept []span, cut bool) {
	room := most - 1
	for _, s := range line {
		n := utf8.RuneCountInString(s.Text)
		if n <= room {
			kept = append(kept, s)
			room -= n
			continue
		}
		if s.Text = firstWords(s.Text, room); s.Text != "" && s.Link == "" {
			kept = append(kept, s)
		}
		return kept, true
	}
	return kept, false
}

// ellipsis ends a text that was cut in its last block.
func ellipsis(all []block, last block) []block {
	if len(last.Lines) > 0 {
		all = append(all, last)
	}
	if len(all) == 0 {
		return nil
	}
	lines := all[len(all)-1].Lines
	end := slices.Clone(lines[len(lines)-1])
	if s := &end[len(end)-1]; s.Link == "" {
		s.Text = strings.TrimRightFunc(s.Text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsPunct(r) }) + "…"
	} else {
		end = append(end, span{Text: "…"})
	}
	all[len(all)-1].Lines = append(slices.Clone(lines[:len(lines)-1]), end)
	return all
}

// firstWords returns the words at the beginning of s that fit into so many
// characters; "" if not one does.
func firstWords(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	if most < 1 {
		return ""
	}
	head := string(runes[:most])
	if !unicode.IsSpace(runes[most]) {
		head = head[:max(0, strings.LastIndexFunc(head, unicode.IsSpace))]
	}
	return strings.TrimRightFunc(head, unicode.IsSpace)
}

func visibleBlocks(all []block) (n int) {
	for _, b := range all {
		n++
		for _, line := range b.Lines {
			n += 1 + visibleSpans(line)
		}
	}
	return n
}

func visibleSpans(line []span) (n int) {
	for _, s := range line {
		n += utf8.RuneCountInString(s.Text)
	}
	return n
}

// plain returns the words of blocks on one line, without their markup.
func plain(all []block) string {
	var b strings.Builder
	for _, bl := range all {
		for _, line := range bl.Lines {
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			for _, s := range line {
				b.WriteString(s.Text)
			}
		}
	}
	return b.String()
}

var (
	lineEnds = regexp.MustCompile(`(?i)<br\s*/?>|</li>`)
	textEnds = regexp.MustCompile(`(?i)</(p|ul|ol|div|h[1-6]|blockquote)>`)
	markup   = regexp.MustCompile(`<[^>]*>`)

	manySpaces = regexp.MustCompile(` {2,}`)
)

// textOf returns the words of sanitised HTML: one line for a line, an empty
// one between paragraphs.
func textOf(content string) string {
	content = lineEnds.ReplaceAllString(content, "\n")
	content = textEnds.ReplaceAllString(content, "\n\n")
	return strings.TrimSpace(html.UnescapeString(markup.ReplaceAllString(content, "")))
}

// visible counts the characters a reader sees of HTML, line breaks included.
func visible(content string) int { return utf8.RuneCountInString(textOf(content)) }

// printable returns s without what nobody can read: control characters,
// invalid bytes, and the marks that turn the direction of a line.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r == utf8.RuneError, unicode.IsControl(r), r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
			return -1
		}
		return r
	}, s)
}

// cleanTitle cleans a title: one line, nothing that a peer which writes titles
// into its pages unescaped (Mastodon, for events) would take for markup.
func cleanTitle(s string) string {
	s = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ", "\u2028", " ", "\u2029", " ", "<", "‹", ">", "›").Replace(s)
	return strings.TrimSpace(manySpaces.ReplaceAllString(printable(s), " "))
}
