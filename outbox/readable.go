// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
)

// How long a text may be before Mastodon folds it, and before a summary is no
// summary, in visible characters.
const (
	contentLength = 500
	summaryLength = 400
)

//go:embed readable/*.html
var readableFiles embed.FS

var readableTemplates = template.Must(template.ParseFS(readableFiles, "readable/*.html"))

// A Source is what an author typed, kept beside the text that is made of it
// so that it can be edited: the property source of ActivityPub 3.3, with the
// title and the few words for which no vocabulary has a property.
type Source struct {
	Content   string             `json:"content"` // the body
	MediaType string             `json:"mediaType"`
	Name      string             `json:"name,omitempty"`      // the title, without a status before it
	Price     string             `json:"price,omitempty"`     // of an event, in words
	UnitName  string             `json:"unitName,omitempty"`  // what one unit is called: "le panier"
	Timezone  string             `json:"timezone,omitempty"`  // on whose clocks the days of an offer begin and end
	Photo     string             `json:"photo,omitempty"`     // the upload's id
	Available federation.Decimal `json:"available,omitempty"` // what was left when it was closed
	Repeats   string             `json:"repeats,omitempty"`   // of the first date of a series: when there are others
}

// SourceOf returns what the author of o typed; of a post that was not written
// here, as much of it as can be told.
func SourceOf(o *federation.Object) Source {
	var s Source
	if err := json.Unmarshal(o.Extra["source"], &s); err != nil || s.Content == "" && s.Name == "" {
		s.Content = textOf(o.Content)
	}
	s.MediaType = mediaType(o.Type)
	s.Name = BareTitle(o.Name)
	return s
}

// mediaType is how authors write: articles in Markdown, all else in plain text
// with a little light markup.
func mediaType(kind string) string {
	if kind == "Article" {
		return "text/markdown"
	}
	return "text/plain"
}

// put writes the source into o.
func (s Source) put(o *federation.Object) { putExtra(o, "source", s) }

// putExtra sets a property of o, in a map of its own.
func putExtra(o *federation.Object, name string, v any) {
	raw, err := json.Marshal(v)
	if err != nil { // only our own plain values come here
		return
	}
	if o.Extra = maps.Clone(o.Extra); o.Extra == nil {
		o.Extra = map[string]json.RawMessage{}
	}
	o.Extra[name] = raw
}

// Readable makes the human text of o from its fields and from body, which is
// what its author wrote: the one place where this is done. It has to run again
// after every change of o.
//
// The content of an offer or a need says everything, because it is all that
// most readers see. Of an event Mastodon shows the summary, as HTML, and never
// the content; others show the content. The title of an event carries its
// status when it will not take place as planned; the bare one stays in the
// source.
func Readable(p *locale.Printer, o *federation.Object, body string) error {
	s := SourceOf(o)
	s.Content = body
	o.Name = cleanTitle(s.Name)
	s.Name = o.Name
	s.put(o)
	if o.Language == "" {
		o.Language = p.Lang()
	}
	w := writer{p, o, s}
	switch _, isProposal := federation.ProposalOf(o); {
	case isProposal && (o.Type == "Note" || o.Type == "Proposal"):
		return w.proposal()
	case o.Type == "Event":
		return w.event()
	case o.Type == "Article":
		return w.article()
	}
	text, err := w.render("text.html", layout{Body: blocksOf(body), Tags: w.hashtags()})
	o.Content = text
	return err
}

// A layout is what a template puts in order.
type layout struct {
	Closed   string
	Heading  string
	Body     []block
	Lines    []string
	Link     string
	LinkText string
	// Of an event: GoToSocial shows no title.
	Page, Title string
	// Of an event that is one of several dates:
	Series, Repeats, SeriesText string
	Tags                        []federation.Tag
}

// A writer writes the text of one object in one language.
type writer struct {
	*locale.Printer
	o *federation.Object
	s Source
}

func (w writer) render(name string, l layout) (string, error) {
	var b strings.Builder
	if err := readableTemplates.ExecuteTemplate(&b, name, l); err != nil {
		return "", fmt.Errorf("text of %s: %w", w.o.ID, err)
	}
	return b.String(), nil
}

// proposal writes an offer or a need. The author's own words are what is
// shortened when everything together is too long: facts are not.
// They are what everybody may read, for whomever the object is: servers that
// know nothing of readers show the text to all.
func (w writer) proposal() error {
	shown := federation.Everyones(w.o)
	p, _ := federation.ProposalOf(shown)
	emoji := "🥕"
	if p.Purpose == federation.PurposeRequest {
		emoji = "🙏"
	}
	l := layout{
		Heading:  emoji + " " + w.T("post_"+p.Purpose) + " " + w.o.Name,
		Lines:    w.facts(shown, p),
		Link:     w.page(),
		LinkText: w.T("post_answer_" + p.Purpose),
		Tags:     w.hashtags(),
	}
	if p.Primary.Available != nil && p.Primary.Available.Value.Zero() {
		l.Closed = w.T("post_fulfilled")
	}
	bare, err := w.render("proposal.html", l)
	if err != nil {
		return err
	}
	l.Body = shorten(blocksOf(w.s.Content), contentLength-visible(bare)-len("\n\n"))
	w.o.Content, err = w.render("proposal.html", l)
	w.o.Summary = "" // of a Note it would be a content warning
	return err
}

// facts lists how, what for, how much, where and until when.
func (w writer) facts(o *federation.Object, p federation.Proposal) []string {
	lines := w.how(p)
	if group := federation.ReadersOf(o).Of(federation.DetailPrice); group != federation.ReadersPublic {
		lines = append(lines, "💶 "+w.T("post_price_"+group))
	}
	if origin := OriginWords(w.Printer, o, p); origin != "" {
		lines = append(lines, "🌱 "+origin)
	}
	if q := w.howMuch(p); q != "" {
		lines = append(lines, "📦 "+q)
	}
	if place := w.place(o.Location, false); place != "" {
		lines = append(lines, "📍 "+place)
	}
	if p.Contact != "" {
		lines = append(lines, "☎️ "+p.Contact)
	}
	if p.Every != "" && len(p.Dates) > 0 {
		lines = append(lines, "🗓️ "+RhythmWords(w.Printer, p.Every, w.onClocks(p.Dates[0])))
	} else if n := len(p.Dates); n > 0 {
		lines = append(lines, "🗓️ "+w.T("post_season", "Count", n, "From", w.Day(w.onClocks(p.Dates[0])), "Until", w.Day(w.onClocks(p.Dates[n-1]))))
	} else if d := w.validity(); d != "" {
		lines = append(lines, "🗓️ "+d)
	}
	return lines
}

// how says what is asked in return and which ways of exchange there are.
func (w writer) how(p federation.Proposal) []string {
	price, said := w.price(p)
	var modes []string
	open := false // money, of which nobody said how much
	secret := federation.ReadersOf(w.o).Of(federation.DetailPrice) != federation.ReadersPublic
	for _, m := range p.Modes {
		if !slices.Contains(said, m) {
			modes = append(modes, w.Word("mode", m))
			open = open || price == "" && !secret && (m == "sale" || m == "localCurrency")
		}
	}
	words := w.or(modes)
	switch {
	case price == "" && words == "":
		return nil
	case price == "" && open:
		return []string{"🤝 " + capital(w.T("post_price_agree", "Modes", words))}
	case price == "":
		return []string{"🤝 " + capital(words)}
	case words != "":
		price = w.T("post_price_or", "Price", price, "Modes", words)
	}
	lines := []string{"💶 " + price}
	if len(p.Breakdown) > 0 {
		lines = append(lines, w.T("post_parts", "Parts", w.parts(p)))
	}
	return lines
}

// price writes what is asked in return, and lists the modes of exchange that
// it already speaks of.
func (w writer) price(p federation.Proposal) (words string, said []string) {
	amount, currency := p.Price()
	if amount == "" {
		return "", nil
	}
	q := p.Reciprocal.Quantity
	switch {
	case amount.Zero():
		return w.T("post_free"), []string{"sale"}
	case q.Unit != "" && q.Unit != "one": // so many hours, so many kilos
		words, said = w.Quantity(amount, q.Unit), []string{"timeBank"}
	default:
		words, said = w.Money(amount, currency), []string{"sale"}
		if _, official := federation.Currencies[currency]; !official {
			said = append(said, "localCurrency")
		}
	}
	switch {
	case p.UnitBased == nil:
		return w.T("per_open", "Price", words), said
	case *p.UnitBased:
		return w.perUnit(words, p.Primary.Quantity), said
	case p.Primary.Action == "deliverService":
		return w.T("per_all", "Price", words), said
	}
	return w.T("per_lot", "Price", words), said
}

// perUnit writes a price for each unit: "18 € le panier" as the author names
// it, "4 € le kg", "10 € les 5 kg".
func (w writer) perUnit(price string, q *federation.Quantity) string {
	unit := "one"
	if q != nil {
		unit = q.Unit
	}
	switch one := q == nil || q.Value.Cmp("1") == 0; {
	case !one:
		return w.T("per_quantity", "Price", price, "Quantity", w.Quantity(q.Value, q.Unit))
	case unit == "one" && w.s.UnitName != "":
		return PerNamed(w.Printer, price, w.s.UnitName)
	case w.Has("per_" + unit):
		return w.T("per_"+unit, "Price", price)
	}
	return price
}

// PerNamed writes a price for each of what has a name of its own: "18 € le
// panier", "2 € par botte".
func PerNamed(p *locale.Printer, price, name string) string {
	lower := strings.ToLower(name)
	for a := range strings.FieldsSeq(p.T("per_articles")) {
		if strings.HasPrefix(lower, a+" ") || strings.HasSuffix(a, "’") && strings.HasPrefix(strings.ReplaceAll(lower, "'", "’"), a) {
			return price + " " + name
		}
	}
	return p.T("per_name", "Price", price, "Unit", name)
}

// parts writes what the price is made of: "12 € production, 4 € logistique".
func (w writer) parts(p federation.Proposal) string {
	_, currency := p.Price()
	var all []string
	for _, part := range p.Breakdown {
		name := part.Name
		if name == "" {
			name = w.Word("part", part.Kind)
		}
		all = append(all, w.T("post_part", "Amount", w.Money(part.Amount, currency), "Name", name))
	}
	return strings.Join(all, ", ")
}

// howMuch writes the quantity, what is left of it and the least one may take;
// what says nothing ("1", or what the price already named) is left out.
func (w writer) howMuch(p federation.Proposal) string {
	var all []string
	i := p.Primary
	amount, _ := p.Price()
	priced := amount != "" && p.UnitBased != nil && *p.UnitBased
	if q := i.Quantity; q != nil && !priced && !single(q) && (i.Available == nil || q.Value.Cmp("1") != 0) {
		all = append(all, w.Quantity(q.Value, q.Unit))
	}
	if q := i.Available; q != nil && !q.Value.Zero() {
		all = append(all, w.T("post_left_"+p.Purpose, "Quantity", w.Quantity(q.Value, q.Unit)))
	}
	if q := i.Minimum; q != nil && !q.Value.Zero() && !single(q) {
		all = append(all, w.T("post_minimum", "Quantity", w.Quantity(q.Value, q.Unit)))
	}
	if q := p.Threshold; q != nil {
		all = append(all, w.T("post_threshold", "Quantity", w.Quantity(q.Value, q.Unit)))
	}
	return capital(strings.Join(all, ", "))
}

func single(q *federation.Quantity) bool {
	return (q.Unit == "one" || q.Unit == "") && q.Value.Cmp("1") == 0
}

// validity writes from when until when an offer stands.
func (w writer) validity() string {
	from, until := w.Day(w.onClocks(w.o.Start)), w.Day(w.onClocks(w.o.End))
	switch {
	case !w.o.Start.IsZero() && !w.o.End.IsZero():
		return w.T("post_from_until", "From", from, "Until", until)
	case !w.o.End.IsZero():
		return w.T("post_until", "Until", until)
	case !w.o.Start.IsZero():
		return w.T("post_from", "From", from)
	}
	return ""
}

// onClocks puts a time on the clocks of the author.
func (w writer) onClocks(t time.Time) time.Time {
	if z, err := time.LoadLocation(w.s.Timezone); err == nil && w.s.Timezone != "" {
		return t.In(z)
	}
	return t
}

// place writes where: the name or the street, and the town with the number of
// its French department: "Ferme du Moulin, Valence (26)".
func (w writer) place(l *federation.Place, online bool) string {
	var all []string
	if l != nil && l.Type != "VirtualLocation" {
		all = append(all, l.Name)
		if l.Name == "" {
			all[0] = l.Street
		}
		if town := l.City; town != "" && town != l.Name {
			all = append(all, town)
		}
	}
	all = slices.DeleteFunc(all, func(s string) bool { return s == "" })
	where := strings.Join(all, ", ")
	if d := department(l); d != "" && where != "" {
		where += " (" + d + ")"
	}
	switch {
	case where == "" && online:
		return w.T("post_online")
	case online:
		return w.T("post_place_online", "Place", where)
	}
	return where
}

// department returns the number of a French department from a postal code;
// none for Corsica, whose codes do not tell 2A from 2B.
func department(l *federation.Place) string {
	if l == nil || len(l.Postal) != 5 || strings.Trim(l.Postal, "0123456789") != "" || l.City == "" {
		return ""
	}
	switch strings.ToLower(l.Country) {
	case "fr", "france":
	default:
		return ""
	}
	switch l.Postal[:2] {
	case "20":
		return ""
	case "97", "98":
		return l.Postal[:3]
	}
	return l.Postal[:2]
}

// hashtags returns the hashtags of the object that lead somewhere.
func (w writer) hashtags() []federation.Tag {
	var all []federation.Tag
	for _, t := range w.o.Tags {
		if t.Type == "Hashtag" && t.Href != "" {
			all = append(all, t)
		}
	}
	return all
}

// page returns where people read the object.
func (w writer) page() string {
	if w.o.URL != "" {
		return w.o.URL
	}
	return string(w.o.ID)
}

// or joins words: "don, prêt ou troc".
func (w writer) or(list []string) string {
	if n := len(list); n > 1 {
		return strings.Join(list[:n-1], ", ") + w.T("post_or") + list[n-1]
	}
	return strings.Join(list, "")
}

// capital returns s beginning with a capital letter.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}
