// SPDX-License-Identifier: AGPL-3.0-or-later

// Package locale knows the words: of pages, of mails and of the human text of
// posts, in each language we speak, and how that language writes numbers,
// money, dates and distances.
//
// A language is one file, such as fr.json: adding one is adding that file. A
// message is found by its id, the same in every file; a reason in a
// [federation.FieldError] is such an id. French is the default: it is what is
// shown where a language lacks a message.
//
// The package holds no state of its own and never sees a request, a clock or
// the store. What it returns is plain text: escaping is for templates.
package locale

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"codeberg.org/maillage/maillage/federation"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed *.json
var files embed.FS

// Default is the language of those who did not ask for another.
const Default = "fr"

// A Printer writes in one language. It is safe for concurrent use.
type Printer struct {
	lang  string
	words *i18n.Localizer
	ids   map[string]bool
	plain map[string]string // messages with nothing to fill in: pages have hundreds
}

// A shelf holds everything read from the embedded files.
type shelf struct {
	matcher  language.Matcher
	printers []*Printer // in the order of the matcher's tags, the default first
}

// shelves reads the embedded files once. Whether they are sound is for the
// tests to say: a broken one would leave no language at all.
var shelves = sync.OnceValues(func() (*shelf, error) { return load(files) })

// New returns the printer of the first language we speak among tags, each a
// BCP 47 tag or a whole Accept-Language header. It is never nil.
func New(tags ...string) *Printer {
	s, err := shelves()
	if err != nil {
		return &Printer{lang: Default}
	}
	for _, t := range tags {
		if len(t) > 256 { // nobody speaks that many languages
			continue
		}
		wanted, _, err := language.ParseAcceptLanguage(t)
		if err != nil || len(wanted) == 0 {
			continue
		}
		if _, i, sure := s.matcher.Match(wanted...); sure != language.No {
			return s.printers[i]
		}
	}
	return s.printers[0]
}

// Languages lists the languages we speak, the default first.
func Languages() []string {
	s, err := shelves()
	if err != nil {
		return []string{Default}
	}
	var all []string
	for _, p := range s.printers {
		all = append(all, p.lang)
	}
	return all
}

// Lang returns the BCP 47 tag of the language the printer writes.
func (p *Printer) Lang() string { return p.lang }

// Has reports whether there is a message of that id.
func (p *Printer) Has(id string) bool { return p.ids[id] }

// T returns the message of that id. What it has to hold follows as pairs, name
// and value, or as one map; the number that chooses the plural is named Count,
// and may stand alone. A message that does not exist is shown by its id.
func (p *Printer) T(id string, args ...any) string {
	if !p.ids[id] {
		return id
	}
	if s, ok := p.plain[id]; ok {
		return s
	}
	data := p.arguments(args)
	c := &i18n.LocalizeConfig{MessageID: id, TemplateData: data}
	if n, ok := data["Count"]; ok {
		c.PluralCount, data["Count"] = p.count(n)
	}
	s, err := p.words.Localize(c)
	if err != nil && s == "" {
		return id
	}
	return s
}

// Word returns the name of a code of a vocabulary: Word("mode", "barter") is
// "troc". What a peer calls by a code we do not know is shown by that code.
func (p *Printer) Word(vocabulary, code string) string {
	if id := vocabulary + "_" + code; p.ids[id] {
		return p.T(id)
	}
	return code
}

// arguments turns the arguments of T into what its template sees: never nil,
// so that {{if .Name}} works in a message that got nothing.
func (p *Printer) arguments(args []any) map[string]any {
	data := map[string]any{}
	if len(args) == 1 {
		if m, ok := args[0].(map[string]any); ok {
			maps.Copy(data, m)
			return data
		}
		data["Count"] = args[0]
	}
	for i := 0; i+1 < len(args); i += 2 {
		data[fmt.Sprint(args[i])] = args[i+1]
	}
	return data
}

// count returns a number as the plural rules take it, and as it is shown.
func (p *Printer) count(n any) (plural any, shown string) {
	d := federation.Decimal(fmt.Sprint(n))
	digits := strings.TrimPrefix(string(d), "-")
	if d, err := federation.ParseDecimal(digits); err != nil || d == "" {
		return 0, digits
	}
	return string(d), p.Number(d)
}

// load reads every language file: the default first, the others by name.
func load(from fs.FS) (*shelf, error) {
	names, err := fs.Glob(from, "*.json")
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(names, func(a, b string) int {
		return order(a) - order(b)
	})
	bundle := i18n.NewBundle(language.Make(Default))
	bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	s := &shelf{}
	var tags []language.Tag
	for _, name := range names {
		p, err := read(bundle, from, name)
		if err != nil {
			return nil, fmt.Errorf("language file %s: %w", name, err)
		}
		s.printers = append(s.printers, p)
		tags = append(tags, language.Make(p.lang))
	}
	if len(tags) == 0 {
		return nil, fmt.Errorf("%w: no language file", federation.ErrNotFound)
	}
	for _, p := range s.printers { // what a language lacks is said in the default one
		for id := range s.printers[0].ids {
			text, plain := s.printers[0].plain[id]
			if plain && !p.ids[id] {
				p.plain[id] = text
			}
			p.ids[id] = true
		}
	}
	s.matcher = language.NewMatcher(tags)
	return s, nil
}

func order(file string) int {
	if file == Default+".json" {
		return 0
	}
	return 1
}

// read adds one language file to the bundle, with the spaces its typography
// asks for.
func read(bundle *i18n.Bundle, from fs.FS, name string) (*Printer, error) {
	text, err := fs.ReadFile(from, name)
	if err != nil {
		return nil, err
	}
	f, err := i18n.ParseMessageFileBytes(text, name, map[string]i18n.UnmarshalFunc{"json": json.Unmarshal})
	if err != nil {
		return nil, err
	}
	p := &Printer{lang: f.Tag.String(), words: i18n.NewLocalizer(bundle, f.Tag.String()), ids: map[string]bool{}, plain: map[string]string{}}
	glue := glueOf(f.Messages)
	for _, m := range f.Messages {
		p.ids[m.ID] = true
		for _, form := range []*string{&m.Zero, &m.One, &m.Two, &m.Few, &m.Many, &m.Other} {
			*form = glue.Replace(*form)
		}
		if m.Zero+m.One+m.Two+m.Few+m.Many == "" && !strings.Contains(m.Other, "{{") {
			p.plain[m.ID] = m.Other
		}
	}
	return p, bundle.AddMessages(f.Tag, f.Messages...)
}

// Narrow is the narrow no-break space, which French puts before high
// punctuation and units.
const Narrow = "\u202f"

// glueOf returns what turns the plain spaces of a language file into ones that
// do not break, and its straight apostrophes into curved ones, so that
// translators need not type what they cannot see or find. The file itself says
// around which signs, in the messages that begin with typography.
func glueOf(messages []*i18n.Message) *strings.Replacer {
	var pairs []string
	for _, m := range messages {
		for _, sign := range m.Other {
			switch s := string(sign); m.ID {
			case "typography_before":
				pairs = append(pairs, " "+s, Narrow+s)
			case "typography_after":
				pairs = append(pairs, s+" ", s+Narrow)
			case "typography_apostrophe":
				pairs = append(pairs, "'", s)
			}
		}
	}
	return strings.NewReplacer(pairs...)
}
