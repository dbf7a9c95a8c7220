// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
)

// An ArticleForm is a guide or a report as typed: its description is Markdown.
type ArticleForm struct{ CommonForm }

// Object makes the article, or tells all that is wrong.
func (f ArticleForm) Object(c Composer) (*federation.Object, Problems) {
	var ps Problems
	o, s := c.object("Article", f.CommonForm, &ps)
	if strings.TrimSpace(f.Description) == "" {
		ps.add("content", "error_content_missing")
	}
	return c.finish(o, s, ps)
}

// ArticleFormOf returns the form that makes the article o, to edit it.
func ArticleFormOf(o *federation.Object) ArticleForm { return ArticleForm{commonFormOf(o)} }

// article writes an article, and the summary that is all Mastodon shows of it.
// FEP-b2b8.
func (w writer) article() error {
	body, err := markdown(w.s.Content)
	if err != nil {
		return fmt.Errorf("text of %s: %w", w.o.ID, err)
	}
	tags, err := w.render("text.html", layout{Tags: w.hashtags()})
	if err != nil {
		return err
	}
	w.o.Content = body + tags
	w.o.Summary = escapeText.Replace(teaser(textOf(body), summaryLength))
	return nil
}

// teaser returns the beginning of a text on one line.
func teaser(words string, most int) string {
	words = strings.Join(strings.Fields(words), " ")
	if utf8.RuneCountInString(words) <= most {
		return words
	}
	return firstWords(words, most-1) + "…"
}

// writing reads Markdown. Raw HTML in it is left out; what remains is
// sanitised all the same.
var writing = goldmark.New(
	goldmark.WithExtensions(extension.Strikethrough, extension.Linkify),
	goldmark.WithRendererOptions(html.WithHardWraps()))

// markdown writes Markdown as HTML. The title of the page is the only heading
// of the first level: those in the text are one lower.
func markdown(source string) (string, error) {
	src := []byte(printableLines(source))
	tree := writing.Parser().Parse(text.NewReader(src))
	err := ast.Walk(tree, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if h, ok := n.(*ast.Heading); ok && entering {
			h.Level = min(h.Level+1, 6)
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	if err := writing.Renderer().Render(&b, src, tree); err != nil {
		return "", err
	}
	return vocab.SanitizeHTML(b.String()), nil
}

// printableLines is printable for a text of several lines.
func printableLines(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, l := range lines {
		lines[i] = printable(strings.ReplaceAll(l, "\t", "    "))
	}
	return strings.Join(lines, "\n")
}
