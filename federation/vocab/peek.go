// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"crypto/sha256"
	"encoding/hex"

	"codeberg.org/maillage/maillage/federation"
)

// An Envelope is what one must know of an activity to file it.
type Envelope struct {
	ID     federation.IRI // made from the actor and the bytes if it has none
	Type   string
	Actor  federation.IRI
	Object federation.IRI // as written: of a group's Announce, the activity; empty for an agreement without an id
	Inner  string         // the type of an embedded object; may be empty

	// Lane is what the activity is about in the end: the id of the note in
	// Create{Note}, of the actor in Undo{Follow{Actor}}. Activities of one
	// actor in one lane are worked off in order. Of exchanges each names another
	// thing (the Offer, the agreement, a receipt): they have one lane together.
	Lane string
	// SelfDelete says that an actor deletes itself: its key may be gone.
	SelfDelete bool
}

// Peek reads the envelope of an activity and applies [Gate]. It refuses what
// cannot be an activity: none or several actors, an id that is no address, a
// missing type, an answer to nothing.
func Peek(doc []byte) (*Envelope, error) {
	if err := Gate(doc); err != nil {
		return nil, err
	}
	m, err := outline(newDecoder(doc), 0)
	if err != nil {
		return nil, err
	}
	normalise(m, true)
	return envelope(m, doc)
}

// envelope reads the envelope from a tree, whole or an outline.
func envelope(m map[string]any, doc []byte) (*Envelope, error) {
	e := &Envelope{Type: typeOf(m)}
	if e.Type == "" {
		return nil, malformed("an activity without a type")
	}
	var err error
	if e.Actor, err = sole(m["actor"]); err != nil {
		return nil, malformed("actor of %s: %w", e.Type, err)
	}
	if e.ID, err = ownID(m); err != nil {
		return nil, err
	}
	if e.ID == "" { // Gancio and others send activities without an id
		sum := sha256.Sum256(doc)
		e.ID = e.Actor.Document() + "#sha256-" + federation.IRI(hex.EncodeToString(sum[:]))
	}
	if err := e.about(m); err != nil {
		return nil, err
	}
	e.SelfDelete = e.Type == "Delete" && e.Object == e.Actor
	return e, nil
}

// about reads what an activity is done to.
func (e *Envelope) about(m map[string]any) error {
	object := m["object"]
	if bad(object) {
		return malformed("object of %s is neither an address nor an object", e.Type)
	}
	e.Object = idOf(object)
	inner := embedded(object)
	if _, err := ownID(inner); err != nil {
		return err
	}
	e.Inner = typeOf(inner)
	if e.Object == "" && !usable(e.Type, inner) {
		return malformed("%s of nothing", e.Type)
	}
	switch e.Lane = string(innermost(object, e.Object)); {
	case e.exchanges(m, inner):
		e.Lane = string(e.Actor) + "#exchanges"
	case e.Lane == "":
		e.Lane = string(e.ID)
	}
	return nil
}

// exchanges reports whether an activity with these members is about an exchange.
// A withdrawal that names no more than an id may be one of an Offer.
func (e *Envelope) exchanges(m, inner map[string]any) bool {
	switch e.Type {
	case "Offer":
		return true
	case "Accept", "Reject":
		return e.Inner == "Offer" || m["result"] != nil
	case "Undo":
		return e.Inner == "Offer" || inner == nil
	case "Create":
		return e.Inner == "Document" || inner["kind"] != nil // a receipt, or a mark
	case "Update", "Delete":
		return e.Inner == "Agreement" || inner["formerType"] == "Agreement"
	}
	return false
}

// usable reports whether an activity of that type makes sense with an object
// that has no id. Answers and withdrawals must at least say whose deed they
// mean, and to what.
func usable(verb string, inner map[string]any) bool {
	switch verb {
	case "Accept", "Reject", "TentativeAccept", "TentativeReject", "Undo":
		return idOf(inner["actor"]) != "" && idOf(inner["object"]) != ""
	case "Follow", "Announce", "Like", "Dislike", "Block", "Join", "Leave", "Move", "Delete", "Flag":
		return false
	case "Arrive", "Travel", "IntransitiveActivity":
		return true
	}
	return inner != nil || classes[verb] != isActivity
}

// innermost descends through activities to the thing they are about.
func innermost(object any, id federation.IRI) federation.IRI {
	for range maxDepth {
		inner := embedded(object)
		if inner == nil || idOf(inner["actor"]) == "" || inner["object"] == nil {
			break
		}
		object = inner["object"]
		if i := idOf(object); i != "" {
			id = i
		}
	}
	return id
}
