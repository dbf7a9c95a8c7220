// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"encoding/json"
	"slices"
	"time"
)

// An Actor can act: an initiative, a person, a circuit or a service, ours or a
// peer's. ActivityPub 4.
type Actor struct {
	ID       IRI
	Type     string // Organization, Person, Group, Service or Application
	Username string // preferredUsername: the part of the handle before the @
	Handle   string // user@host as proven by WebFinger; empty until it is
	Name     string // plain text
	Summary  string // sanitised HTML
	URL      string // the page for people
	Icon     *Media
	Image    *Media // the header picture

	Inbox, SharedInbox, Outbox, Followers, Following, Featured IRI

	Keys   []Key // public keys; the first RSA key signs requests
	Former []Key `json:",omitempty"` // a peer's keys that were replaced lately

	Locked       bool // manuallyApprovesFollowers: a Follow waits for a person
	Discoverable bool
	Indexable    bool
	Network      Network // who may see whom it follows and who follows it; ours only
	Closed       bool    // is told only of what those it follows write to it; ours only
	AlsoKnownAs  []IRI
	MovedTo      IRI
	Location     *Place
	Fields       []Field
	Tags         []Tag

	Published, Updated time.Time
	Local              bool      // it is ours
	Fetched            time.Time // when a peer's copy was last read from its origin
	Gone               bool      // deleted; kept as a tombstone
}

// A Network says whether others see whom an actor follows and who follows it.
type Network string

// How many there are is always said.
const (
	NetworkUsual  Network = ""       // a person's is hidden, an initiative's is shown
	NetworkShown  Network = "shown"  // who
	NetworkHidden Network = "hidden" // how many only
)

// ShowsNetwork reports whether others see whom a follows and who follows it.
func (a *Actor) ShowsNetwork() bool {
	return a.Network == NetworkShown || a.Network == NetworkUsual && a.Type != "Person"
}

// A Key is a public key of an actor. FEP-521a and security/v1.
type Key struct {
	ID        IRI
	Owner     IRI
	Algorithm string // "rsa" or "ed25519"
	PEM       string // SubjectPublicKeyInfo in PEM

	// Retired is when we learned that the owner no longer lists the key; zero
	// while it does.
	Retired time.Time `json:",omitzero"`
}

// A Field is a line of an actor's profile (schema.org PropertyValue).
type Field struct {
	Name  string // plain text
	Value string // sanitised HTML
}

// An Object is something actors talk about. Its named fields are the core
// ActivityStreams vocabulary; Extra keeps every other property verbatim, and
// the files of the nouns hold typed views of it ([EventOf], [ProposalOf]).
type Object struct {
	ID           IRI
	Type         string // one plain string: Note, Event, Article ...
	AttributedTo IRI
	Name         string // plain text
	Summary      string // sanitised HTML; of a Note: the content warning
	Content      string // sanitised HTML
	Language     string // BCP 47, from contentMap or inLanguage
	URL          string // the page for people
	InReplyTo    IRI
	Context      string // the conversation
	Audience     IRI    // the circuit it was published to. FEP-1b12
	To, Cc       []IRI
	Bto          []IRI // may see it too: hidden addressees; never encoded
	Published    time.Time
	Updated      time.Time // zero if never edited
	Start, End   time.Time // startTime and endTime, with their offset
	Location     *Place
	Image        *Media
	Attachments  []Media
	Tags         []Tag
	Sensitive    bool
	FormerType   string    // of a Tombstone
	Deleted      time.Time // of a Tombstone
	Extra        map[string]json.RawMessage

	Raw   []byte `json:"-"` // the document as it was received or is served
	Local bool   `json:"-"` // it is ours

	// Partial says that some of it is kept from whoever this was read for: it
	// does not take the place of the whole. See [Without].
	Partial bool `json:"-"`

	// Proven says that the proof in Raw was checked: AttributedTo wrote it,
	// wherever it is found. FEP-8b32.
	Proven bool `json:"-"`
}

// Gone reports whether only a tombstone is left of o.
func (o *Object) Gone() bool { return o.Type == "Tombstone" }

// A Media is an Image, Document, Video, Audio or Link beside an object.
type Media struct {
	Type       string // Image, Document, Video, Audio or Link
	MediaType  string
	URL        string
	Name       string // alt text, or the name of a link
	Width      int    // pixels; 0 if unknown
	Height     int
	Blurhash   string
	FocalPoint []float64 // x and y, each from -1 to 1; empty if none
}

// A Tag is a Hashtag, a Mention or a Link in the text of an object.
type Tag struct {
	Type string // Hashtag, Mention, Emoji or Link
	Name string // "#CircuitsCourts", "@ann@example.org"
	Href string
}

// A Place is where something is. Coordinates are WGS 84 degrees.
type Place struct {
	Type    string // Place, or VirtualLocation for an online address
	Name    string
	Street  string
	Postal  string // postal code
	City    string // addressLocality
	Region  string
	Country string
	URL     string // of a VirtualLocation
	Point   *Point // nil if unknown
	Town    *Point `json:",omitempty"` // the middle of its commune, where the author wants no more known; never encoded
}

// A Point is a position on Earth in WGS 84 degrees.
type Point struct{ Latitude, Longitude float64 }

// An Activity is one actor doing one thing. ActivityPub 3.
type Activity struct {
	ID        IRI
	Type      string
	Actor     IRI
	Object    IRI       // what it is done to
	Objects   []IRI     // all of them, where there are several (Flag)
	Enclosed  *Object   // the object itself, when it came along
	Profile   *Actor    // the actor itself, when one came along (Update)
	Inner     *Activity // the activity it is done to (Accept, Reject, Undo, Announce)
	Target    IRI       // of Add, Remove, Move
	Origin    IRI       // of Move
	Content   string    // the reason, of Flag and Reject
	To, Cc    []IRI
	Bto, Bcc  []IRI // delivered to, never stored with the document or shown
	Published time.Time
	Extra     map[string]json.RawMessage

	// Saying is what one of ours is to say, before there are words for it.
	Saying *Saying `json:"-"`

	// Fetched says that Enclosed was read from its own origin, rather than
	// sent along by Actor.
	Fetched bool   `json:"-"`
	Raw     []byte `json:"-"` // the document as received or as delivered
	Local   bool   `json:"-"` // one of our own actors speaks
}

// Addressees returns everyone the activity is addressed to, each once, hidden
// ones included.
func (a *Activity) Addressees() []IRI {
	return unique(a.To, a.Cc, a.Bto, a.Bcc)
}

// Subject returns the innermost thing that a is about: of Undo{Follow{X}} it
// is X. What one actor does about one subject happens in the order it was done.
func (a *Activity) Subject() IRI {
	if a.Inner != nil && a.Inner.Object != "" {
		return a.Inner.Object
	}
	return a.Object
}

// An Edge is a standing relation between two things: who follows whom, who
// likes what, who announced which post. Every ActivityStreams collection we
// serve is a query over edges. There is one edge for each kind, from and to.
type Edge struct {
	Kind    string // the verb that made it: Follow, Like, Announce, Block, Add, Flag, Join, TentativeAccept
	From    IRI
	To      IRI
	Pending bool   // proposed, not yet accepted
	By      IRI    // the activity that made it, for Undo and Accept to name
	Content string // words that came with it: the reason of a Flag
	At      time.Time
	Public  bool // others may see it: a public Announce

	Companions int // of a Join: how many come along

	// Slots of a Join are those that one takes, all of them; nil: as before.
	// They are kept as edges of their own.
	Slots []IRI
}

// A Notice tells one of our actors that somebody did something that concerns
// them: what the page of notifications shows.
type Notice struct {
	For    IRI    // the local actor
	Kind   string // the verb; "Mention", "Reply" or "Guest"; or "Event" and what became of one
	Actor  IRI    // who did it
	Object IRI    // with or to what; may be empty
	Title  string // what that was called, where nothing else says so any more
	At     time.Time
	Again  bool // it is told again each time it happens
}

// Visibility says who may see an object, as its addressing grants.
type Visibility int

// From everyone to the named few. What is not recognised is Direct.
const (
	VisiblePublic    Visibility = iota // Public in to
	VisibleUnlisted                    // Public in cc
	VisibleFollowers                   // a followers collection, no Public
	VisibleDirect                      // named actors only
)

// Visibility computes who may see o. followers is the followers collection of
// its author, or empty if that is not known.
func (o *Object) Visibility(followers IRI) Visibility {
	return visibility(o.To, o.Cc, followers)
}

func visibility(to, cc []IRI, followers IRI) Visibility {
	switch {
	case slices.Contains(to, Public):
		return VisiblePublic
	case slices.Contains(cc, Public):
		return VisibleUnlisted
	case followers != "" && (slices.Contains(to, followers) || slices.Contains(cc, followers)):
		return VisibleFollowers
	}
	return VisibleDirect
}

// unique joins lists and keeps the first of each.
func unique(lists ...[]IRI) []IRI {
	var all []IRI
	seen := map[IRI]bool{}
	for _, l := range lists {
		for _, i := range l {
			if i != "" && !seen[i] {
				seen[i] = true
				all = append(all, i)
			}
		}
	}
	return all
}
