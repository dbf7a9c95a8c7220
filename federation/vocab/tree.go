// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/go-fed/activity/streams"
	as "github.com/go-fed/activity/streams/vocab"
	"github.com/go-json-experiment/json/jsontext"

	"codeberg.org/maillage/maillage/federation"
)

// A class is where a type stands in the ActivityStreams vocabulary.
type class int

const (
	isUnknown class = iota
	isObject
	isActivity
	isActor
	isLink
)

// classes holds the types that go-fed knows. To any other it is told a
// supertype, because it refuses what it does not know. A Question is an
// activity to the vocabulary and an object to everyone.
var classes = map[string]class{
	streams.ActivityStreamsAcceptName: isActivity, streams.ActivityStreamsActivityName: isActivity,
	streams.ActivityStreamsAddName: isActivity, streams.ActivityStreamsAnnounceName: isActivity,
	streams.ActivityStreamsArriveName: isActivity, streams.ActivityStreamsBlockName: isActivity,
	streams.ActivityStreamsCreateName: isActivity, streams.ActivityStreamsDeleteName: isActivity,
	streams.ActivityStreamsDislikeName: isActivity, streams.ActivityStreamsFlagName: isActivity,
	streams.ActivityStreamsFollowName: isActivity, streams.ActivityStreamsIgnoreName: isActivity,
	streams.ActivityStreamsIntransitiveActivityName: isActivity, streams.ActivityStreamsInviteName: isActivity,
	streams.ActivityStreamsJoinName: isActivity, streams.ActivityStreamsLeaveName: isActivity,
	streams.ActivityStreamsLikeName: isActivity, streams.ActivityStreamsListenName: isActivity,
	streams.ActivityStreamsMoveName: isActivity, streams.ActivityStreamsOfferName: isActivity,
	streams.ActivityStreamsReadName: isActivity, streams.ActivityStreamsRejectName: isActivity,
	streams.ActivityStreamsRemoveName: isActivity, streams.ActivityStreamsTentativeAcceptName: isActivity,
	streams.ActivityStreamsTentativeRejectName: isActivity, streams.ActivityStreamsTravelName: isActivity,
	streams.ActivityStreamsUndoName: isActivity, streams.ActivityStreamsUpdateName: isActivity,
	streams.ActivityStreamsViewName: isActivity,

	streams.ActivityStreamsApplicationName: isActor, streams.ActivityStreamsGroupName: isActor,
	streams.ActivityStreamsOrganizationName: isActor, streams.ActivityStreamsPersonName: isActor,
	streams.ActivityStreamsServiceName: isActor,

	streams.ActivityStreamsArticleName: isObject, streams.ActivityStreamsAudioName: isObject,
	streams.ActivityStreamsCollectionName: isObject, streams.ActivityStreamsCollectionPageName: isObject,
	streams.ActivityStreamsDocumentName: isObject, streams.ActivityStreamsEventName: isObject,
	streams.ActivityStreamsImageName: isObject, streams.ActivityStreamsNoteName: isObject,
	streams.ActivityStreamsObjectName: isObject, streams.ActivityStreamsOrderedCollectionName: isObject,
	streams.ActivityStreamsOrderedCollectionPageName: isObject, streams.ActivityStreamsPageName: isObject,
	streams.ActivityStreamsPlaceName: isObject, streams.ActivityStreamsProfileName: isObject,
	streams.ActivityStreamsQuestionName: isObject, streams.ActivityStreamsRelationshipName: isObject,
	streams.ActivityStreamsTombstoneName: isObject, streams.ActivityStreamsVideoName: isObject,

	streams.ActivityStreamsLinkName: isLink, streams.ActivityStreamsMentionName: isLink,
}

// The most of each that is read of a document. What is beyond is dropped.
const (
	maxList        = 1000 // addressees, and elements of any list
	maxTags        = 50
	maxAttachments = 20
	maxFields      = 50
	maxAliases     = 256
	maxKeys        = 10
	maxObjects     = 100

	maxName    = 2048
	maxField   = 2047
	maxCaption = 10_000
	maxSummary = 20_000
	maxContent = 200_000
)

// A node is an object of a document: its tree, and its bytes as received.
type node struct {
	tree map[string]any
	raw  []byte
	part map[string]json.RawMessage // its members; filled by members
}

// read takes doc through the gate and through go-fed, and returns its tree. A
// bug in a library must not stop the server: a panic is a malformed document.
func read(doc []byte, activity bool) (n *node, t as.Type, err error) {
	defer func() {
		if p := recover(); p != nil {
			n, t, err = nil, nil, malformed("%v", p)
		}
	}()
	m, err := scan(doc, true)
	if err != nil {
		return nil, nil, err
	}
	// Never what the sender says: a context could rename every property.
	m["@context"] = profile
	normalise(m, activity)
	if typeOf(m) == "" {
		return nil, nil, malformed("a document without a type")
	}
	if t, err = streams.ToType(context.Background(), m); err != nil {
		return nil, nil, malformed("%w", err)
	}
	return &node{tree: m, raw: doc}, t, nil
}

// normalise gives every object of a tree a type that go-fed takes: the first
// one it knows, or [own, supertype]. The type we go by is always the first.
func normalise(m map[string]any, activity bool) {
	own := pick(m["type"])
	switch {
	case classes[own] != isUnknown:
		m["type"] = own
	case activity || m["object"] != nil && m["actor"] != nil && m["attributedTo"] == nil:
		m["type"] = []any{own, streams.ActivityStreamsActivityName}
	default:
		m["type"] = []any{own, streams.ActivityStreamsObjectName}
	}
	for name, v := range m {
		if name == "@context" || strings.HasSuffix(name, "Map") {
			continue
		}
		switch v := v.(type) {
		case map[string]any:
			normalise(v, false)
		case []any:
			for _, e := range v {
				if inner, ok := e.(map[string]any); ok {
					normalise(inner, false)
				}
			}
		}
	}
}

// pick chooses the type of an object: the first one in the vocabulary, or else
// the first. Prefixes and full addresses of the vocabulary are taken off.
func pick(v any) string {
	first := ""
	for _, e := range list(v) {
		s, ok := e.(string)
		if !ok {
			continue
		}
		for _, prefix := range []string{"as:", profile + "#", "vf:", "ValueFlows:", federation.ValueFlows} {
			s = strings.TrimPrefix(s, prefix)
		}
		if classes[s] != isUnknown {
			return s
		}
		if first == "" {
			first = CleanText(cut(s, 100))
		}
	}
	return first
}

// typeOf returns the type of an object that was normalised.
func typeOf(m map[string]any) string {
	if l, ok := m["type"].([]any); ok && len(l) > 0 {
		s, _ := l[0].(string)
		return s
	}
	s, _ := m["type"].(string)
	return s
}

// outline builds the tree of an object with only what an envelope needs.
func outline(dec *jsontext.Decoder, depth int) (map[string]any, error) {
	m := make(map[string]any, 4)
	if _, err := dec.ReadToken(); err != nil {
		return nil, malformed("%w", err)
	}
	for dec.PeekKind() != '}' {
		raw, err := dec.ReadValue()
		if err != nil {
			return nil, malformed("%w", err)
		}
		name := unquote(raw)
		switch name {
		case "id", "type", "actor", "object", "attributedTo", "kind", "formerType", "result":
		default:
			if err := dec.SkipValue(); err != nil {
				return nil, malformed("%w", err)
			}
			continue
		}
		v, err := outlineValue(dec, depth+1)
		if err != nil {
			return nil, err
		}
		if v != nil {
			m[name] = v
		}
	}
	_, err := dec.ReadToken()
	return m, wrap(err)
}

func outlineValue(dec *jsontext.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, malformed("%d deep", depth)
	}
	switch dec.PeekKind() {
	case '{':
		return outline(dec, depth)
	case '[':
		if _, err := dec.ReadToken(); err != nil {
			return nil, malformed("%w", err)
		}
		l := []any{}
		for dec.PeekKind() != ']' {
			v, err := outlineValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			if v != nil && len(l) < maxList {
				l = append(l, v)
			}
		}
		_, err := dec.ReadToken()
		return l, wrap(err)
	}
	raw, err := dec.ReadValue()
	if err != nil {
		return nil, malformed("%w", err)
	}
	return scalar(raw), nil
}

// members returns the members of a node as they were received.
func (n *node) members() map[string]json.RawMessage {
	if n.part == nil {
		n.part = make(map[string]json.RawMessage, len(n.tree))
		each(n.raw, func(name string, value json.RawMessage) { n.part[name] = value })
	}
	return n.part
}

// each walks over the members of a JSON object that passed the gate.
func each(raw []byte, do func(name string, value json.RawMessage)) {
	dec := newDecoder(raw)
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '{' {
		return
	}
	for dec.PeekKind() == '"' {
		key, err := dec.ReadValue()
		if err != nil {
			return
		}
		name := unquote(key)
		value, err := dec.ReadValue()
		if err != nil {
			return
		}
		end := dec.InputOffset() // the decoder's own bytes may be reused
		do(name, raw[end-int64(len(value)):end:end])
	}
}

// child returns the object in a member, or nil: itself, or the only one in a
// list.
func (n *node) child(name string) *node {
	m := embedded(n.tree[name])
	if m == nil {
		return nil
	}
	raw := n.members()[name]
	if _, isList := n.tree[name].([]any); isList {
		raw = json.RawMessage(firstObject(raw))
	}
	return &node{tree: m, raw: raw}
}

// firstObject returns the first object in a list.
func firstObject(raw []byte) []byte {
	for _, e := range elements(raw) {
		if len(e) > 0 && e[0] == '{' {
			return e
		}
	}
	return nil
}

// elements returns what is in a JSON array; of anything else, itself.
func elements(raw []byte) (all []json.RawMessage) {
	dec := newDecoder(raw)
	switch dec.PeekKind() {
	case '[':
	case 'n', 0:
		return nil
	default:
		return []json.RawMessage{raw}
	}
	_, _ = dec.ReadToken()
	for k := dec.PeekKind(); k != ']' && k != 0; k = dec.PeekKind() {
		v, err := dec.ReadValue()
		if err != nil {
			return all
		}
		end := dec.InputOffset()
		all = append(all, raw[end-int64(len(v)):end:end])
	}
	return all
}

// extra returns the members that have no field in the model, verbatim.
func (n *node) extra(known map[string]bool) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	for name, raw := range n.members() {
		if known[name] || len(name) > maxCaption || string(raw) == "null" {
			continue
		}
		if m == nil {
			m = map[string]json.RawMessage{}
		}
		m[CleanText(name)] = storable(raw)
	}
	return m
}

// storable returns raw, unless it hides behind escapes what a database cannot
// hold: then that is cleaned.
func storable(raw json.RawMessage) json.RawMessage {
	s := string(raw)
	if !strings.Contains(s, `\u0000`) && !strings.Contains(s, `\ud`) && !strings.Contains(s, `\uD`) {
		return raw
	}
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return json.RawMessage("null")
	}
	clean, err := json.Marshal(withoutNUL(v))
	if err != nil {
		return json.RawMessage("null")
	}
	return clean
}

func withoutNUL(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, "\x00", "")
	case []any:
		for i := range v {
			v[i] = withoutNUL(v[i])
		}
	case map[string]any:
		clean := make(map[string]any, len(v))
		for k, e := range v {
			clean[strings.ReplaceAll(k, "\x00", "")] = withoutNUL(e)
		}
		return clean
	}
	return v
}
