// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"golang.org/x/text/language"
)

// Limits of what is typed, in characters. Mobilizon takes titles of 3 to 200
// and hashtags of fewer than 40 with their #.
const (
	maxTitle    = 200
	maxBody     = 10000
	maxArticle  = 40000
	maxHashtag  = 38
	maxHashtags = 20
)

// A Composer turns what was typed into objects that are ready to publish. It
// holds what a form does not: who writes, when, and in which words. It does no
// I/O, and does the same each time.
type Composer struct {
	Now    time.Time
	Zone   *time.Location    // the instance's own, where an offer's days begin; nil: UTC
	Words  *locale.Printer   // for a form that names no language of its own
	Author *federation.Actor // who speaks
	ID     federation.IRI    // of the new object; ignored when Old is set
	URL    string            // the page for people; empty: the id
	// Photo returns the upload of that id. Nil: there are none.
	Photo func(id string) (federation.Media, bool)
	// DefaultCover is the picture of events that have none. Nil: no picture.
	DefaultCover *federation.Media
	// Old is the object that is edited: it keeps its id, its date and every
	// property that forms know nothing of. Nil for a new one.
	Old *federation.Object
}

// A Problem is one mistake in what was typed.
type Problem struct {
	Field  string // the property's name, as in a [federation.FieldError]
	Reason string // a message id of package locale
	Args   []any  // for the message: pairs of name and value
}

// Text says what is wrong, in the reader's language.
func (p Problem) Text(words *locale.Printer) string {
	args := slices.Clone(p.Args)
	for i, arg := range args {
		if s, ok := arg.(sum); ok {
			args[i] = words.Money(s.amount, s.currency)
		}
	}
	return words.T(p.Reason, args...)
}

// A sum is an argument of a problem that each language writes in its way.
type sum struct {
	amount   federation.Decimal
	currency string
}

// Problems are all the mistakes in what was typed, none if it is well.
type Problems []Problem

// Of returns the mistakes in one field.
func (ps Problems) Of(field string) Problems {
	return slices.DeleteFunc(slices.Clone(ps), func(p Problem) bool { return p.Field != field })
}

// Err returns the first mistake as a [federation.FieldError], or nil.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return &federation.FieldError{Field: ps[0].Field, Reason: ps[0].Reason, Detail: fmt.Sprint(ps[0].Reason, " ", ps[0].Args)}
}

// add notes a mistake, once for each field and reason.
func (ps *Problems) add(field, reason string, args ...any) {
	for _, p := range *ps {
		if p.Field == field && p.Reason == reason {
			return
		}
	}
	*ps = append(*ps, Problem{field, reason, args})
}

// addError notes what the grammar says of an object.
func (ps *Problems) addError(err error) {
	var f *federation.FieldError
	if errors.As(err, &f) {
		ps.add(f.Field, f.Reason)
		return
	}
	ps.add("", "error_unknown")
}

// A PlaceForm is where something is, as typed.
type PlaceForm struct {
	Name, Street, Postal, City, Region, Country string
	Lat, Lon                                    string // degrees; both or none

	Town *federation.Point // the middle of the commune; nil if it is not known
}

// A CommonForm is what every post has, as typed.
type CommonForm struct {
	Title       string
	Description string // plain text with light markup
	Place       PlaceForm
	Photo       string // the id of an upload
	Alt         string // what the photo shows; required with one
	More        []PhotoForm
	Hashtags    string // "#a #b" or "a, b"
	Language    string // BCP 47; empty: the reader's
	Audience    string // one of locale.Audiences; empty: public
	Circuit     string // the id of the circuit it is for
}

// A PhotoForm is a photo after the first.
type PhotoForm struct{ ID, Alt string }

// MaxPhotos is how many photos a post may have: Mastodon shows four.
const MaxPhotos = 4

// object begins an object with what every post has.
func (c Composer) object(kind string, f CommonForm, ps *Problems) (*federation.Object, Source) {
	o := &federation.Object{
		ID: c.ID, Type: kind, URL: c.URL, AttributedTo: c.Author.ID, Local: true,
		Published: c.Now.UTC().Truncate(time.Second),
	}
	s := Source{Content: body(f.Description, kind, ps), MediaType: mediaType(kind), Photo: f.Photo}
	if c.Old != nil {
		c.continueOld(o)
		s.Repeats = SourceOf(c.Old).Repeats
	}
	if o.URL == "" {
		o.URL = string(o.ID)
	}
	o.Name = title(f.Title, ps)
	o.Location = f.Place.place(ps)
	o.Tags = append(o.Tags, hashtags(f.Hashtags, o.ID.Origin(), ps)...)
	o.Language = c.language(f.Language, ps)
	c.address(o, f, ps)
	c.photos(o, f, ps)
	return o, s
}

// continueOld takes over from the object that is edited what a form does not
// know.
func (c Composer) continueOld(o *federation.Object) {
	old := c.Old
	o.ID, o.Published, o.Context, o.InReplyTo, o.Sensitive = old.ID, old.Published, old.Context, old.InReplyTo, old.Sensitive
	o.Extra = maps.Clone(old.Extra)
	o.Updated = later(old, c.Now)
	if o.URL == "" {
		o.URL = old.URL
	}
	for _, t := range old.Tags {
		if t.Type != "Hashtag" {
			o.Tags = append(o.Tags, t)
		}
	}
}

// later returns now, or a second after o was last written if that is not
// before now: peers ignore an update that is not strictly newer.
func later(o *federation.Object, now time.Time) time.Time {
	now = now.UTC().Truncate(time.Second)
	for _, t := range []time.Time{o.Published, o.Updated} {
		if !now.After(t) {
			now = t.UTC().Truncate(time.Second).Add(time.Second)
		}
	}
	return now
}

func title(typed string, ps *Problems) string {
	t := BareTitle(cleanTitle(typed))
	switch {
	case t == "":
		ps.add("name", "error_name_missing")
	case utf8.RuneCountInString(t) > maxTitle:
		ps.add("name", "error_name_long", "Max", maxTitle)
	}
	return t
}

func body(typed, kind string, ps *Problems) string {
	most := maxBody
	if kind == "Article" {
		most = maxArticle
	}
	if utf8.RuneCountInString(typed) > most {
		ps.add("content", "error_text_long", "Max", most)
		return ""
	}
	return strings.TrimSpace(strings.ReplaceAll(typed, "\r\n", "\n"))
}

// language returns the language of a post: the one typed, else the reader's.
func (c Composer) language(typed string, ps *Problems) string {
	if typed == "" {
		return c.words("").Lang()
	}
	t, err := language.Parse(typed)
	if err != nil {
		ps.add("inLanguage", "error_language")
		return ""
	}
	return t.String()
}

// words returns who writes the words of a post in that language.
func (c Composer) words(lang string) *locale.Printer {
	if lang == "" && c.Words != nil {
		return c.Words
	}
	return locale.New(lang)
}

// zone returns the clocks of the instance.
func (c Composer) zone() *time.Location {
	if c.Zone == nil {
		return time.UTC
	}
	return c.Zone
}

// address says who may read the object.
func (c Composer) address(o *federation.Object, f CommonForm, ps *Problems) {
	var circuit federation.IRI
	if f.Circuit != "" {
		var err error
		if circuit, err = federation.ParseIRI(f.Circuit); err != nil {
			ps.add("audience", "error_url")
		}
	}
	o.Audience = circuit
	switch f.Audience {
	case "", "public":
		o.To = []federation.IRI{federation.Public}
		o.Cc = append(filled(c.Author.Followers), CircuitOf(c.Author, circuit)...)
		putExtra(o, "interactionPolicy", quotable)
		return
	case "followers":
		o.To, o.Cc = filled(c.Author.Followers), filled(circuit)
	case "circuit":
		o.To = CircuitOf(c.Author, circuit)
		if f.Circuit == "" {
			ps.add("audience", "error_circuit_missing")
		}
	case "invited": // and nobody else knows of it
		if o.Audience, o.To = "", []federation.IRI{c.Author.ID}; o.Type != "Event" {
			ps.add("to", "error_audience")
		}
	default:
		ps.add("to", "error_audience")
	}
	delete(o.Extra, "interactionPolicy")
}

// quotable lets everyone quote a public post, as Mastodon 4.5 asks for.
var quotable = map[string]map[string][]federation.IRI{"canQuote": {"automaticApproval": {federation.Public}}}

// CircuitOf returns whom a post of author's has to name to reach a circuit: the
// circuit, and if it is one of ours also its followers, whom nobody but us can
// reach. One on another server passes on itself what it gets.
func CircuitOf(author *federation.Actor, circuit federation.IRI) []federation.IRI {
	switch {
	case circuit == "":
		return nil
	case circuit.Origin() != author.ID.Origin():
		return []federation.IRI{circuit}
	}
	return []federation.IRI{circuit, circuit + "/followers"}
}

func filled(list ...federation.IRI) []federation.IRI {
	return slices.DeleteFunc(list, func(i federation.IRI) bool { return i == "" })
}

// audienceOf returns what address would make the addressing of o from.
func audienceOf(o *federation.Object) string {
	switch {
	case slices.Contains(o.To, federation.Public), slices.Contains(o.Cc, federation.Public):
		return "public"
	case len(o.To) == 1 && o.To[0] == o.AttributedTo:
		return "invited"
	case o.Audience != "" && slices.Contains(o.To, o.Audience):
		return "circuit"
	}
	return "followers"
}

// photos puts the pictures first among the attachments. Others that were there
// remain.
func (c Composer) photos(o *federation.Object, f CommonForm, ps *Problems) {
	if c.Old != nil {
		o.Attachments = otherAttachments(c.Old)
	}
	var list []federation.Media
	for _, p := range append([]PhotoForm{{f.Photo, f.Alt}}, f.More...) {
		if p.ID == "" {
			continue
		}
		m, ok := c.upload(p.ID)
		if !ok {
			ps.add("attachment", "error_photo_missing")
		}
		if m.Name = strings.TrimSpace(printable(p.Alt)); m.Name == "" {
			ps.add("attachment", "error_alt_missing")
		}
		if m.Type == "" {
			m.Type = "Image"
		}
		list = append(list, m)
	}
	if len(list) > MaxPhotos {
		ps.add("attachment", "error_photos_many", "Max", MaxPhotos)
	}
	if len(list) > 0 {
		first := list[0]
		o.Image = &first
		o.Attachments = append(list, o.Attachments...)
	}
}

// upload returns a photo by its id, or one that the edited object already has.
func (c Composer) upload(id string) (federation.Media, bool) {
	if c.Photo != nil {
		if m, ok := c.Photo(id); ok {
			return m, true
		}
	}
	if c.Old == nil {
		return federation.Media{}, false
	}
	if photoOf(c.Old) == id {
		return *firstImage(c.Old), true
	}
	for _, m := range furtherImages(c.Old) {
		if pictureID(m.URL) == id {
			return m, true
		}
	}
	return federation.Media{}, false
}

// photoOf returns the id of the first photo of o: that of the upload, or its
// address if o was not written here. A default cover is none.
func photoOf(o *federation.Object) string {
	i := firstImage(o)
	switch {
	case i == nil:
		return ""
	case len(o.Extra["source"]) > 0:
		return SourceOf(o).Photo
	}
	return i.URL
}

// pictureID returns the id of an upload from its address; of any other picture
// the address.
func pictureID(url string) string {
	if i := strings.LastIndex(url, "/media/"); i >= 0 {
		if id := url[i+len("/media/"):]; id != "" && !strings.Contains(id, "/") {
			return id
		}
	}
	return url
}

// isImage reports whether an attachment is a picture.
func isImage(m federation.Media) bool { return m.Type == "Image" || m.Type == "Document" }

// furtherImages returns the pictures of o after the first, as many as a form
// holds.
func furtherImages(o *federation.Object) (list []federation.Media) {
	for _, m := range o.Attachments {
		if isImage(m) {
			list = append(list, m)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list[1:min(len(list), MaxPhotos)]
}

func firstImage(o *federation.Object) *federation.Media {
	for i := range o.Attachments {
		if isImage(o.Attachments[i]) {
			return &o.Attachments[i]
		}
	}
	return o.Image
}

// otherAttachments returns those of o that no field of a form stands for.
func otherAttachments(o *federation.Object) []federation.Media {
	var rest []federation.Media
	images := 0
	for _, m := range o.Attachments {
		if isImage(m) {
			if images++; images <= MaxPhotos {
				continue
			}
		}
		if m.Type != "Link" || m.Name != websiteName {
			rest = append(rest, m)
		}
	}
	return rest
}

// commonFormOf is the inverse of object.
func commonFormOf(o *federation.Object) CommonForm {
	s := SourceOf(o)
	f := CommonForm{
		Title: s.Name, Description: s.Content, Place: placeFormOf(o.Location), Photo: photoOf(o),
		Language: o.Language, Audience: audienceOf(o), Circuit: string(o.Audience),
	}
	if f.Photo != "" {
		f.Alt = firstImage(o).Name
		for _, m := range furtherImages(o) {
			f.More = append(f.More, PhotoForm{pictureID(m.URL), m.Name})
		}
	}
	var names []string
	for _, t := range o.Tags {
		if t.Type == "Hashtag" {
			names = append(names, t.Name)
		}
	}
	f.Hashtags = strings.Join(names, " ")
	return f
}

// finish writes the words of an object and lets the grammar have the last word
// on it, so that a form never lets through what the gate refuses.
func (c Composer) finish(o *federation.Object, s Source, ps Problems) (*federation.Object, Problems) {
	if n, ok := federation.NounOf(o); ok && n.Check != nil && len(ps) == 0 {
		if err := n.Check(o); err != nil {
			ps.addError(err)
		}
	}
	if len(ps) > 0 {
		return nil, ps
	}
	s.put(o)
	if err := Readable(c.words(o.Language), o, s.Content); err != nil {
		ps.addError(err)
		return nil, ps
	}
	return o, nil
}
