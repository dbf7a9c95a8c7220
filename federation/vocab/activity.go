// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"github.com/go-fed/activity/streams"

	"codeberg.org/maillage/maillage/federation"
)

// activityFields are the properties that have a field in [federation.Activity].
// A linked data signature is never looked at.
var activityFields = set("@context", "id", "type", "actor", "object", "target", "origin", "content", "contentMap",
	"to", "cc", "bto", "bcc", "published", "signature")

// DecodeActivity reads an activity. What it is done to comes along as Enclosed
// (an object), Profile (an actor) or Inner (an activity), each with its bytes
// as received; Object is always its id. The group's Announce{Create{X}},
// Announce{Update{X}} and Announce{Delete{X}} are about X. FEP-1b12.
//
// The activity keeps doc; the caller must not change it.
func DecodeActivity(doc []byte) (a *federation.Activity, err error) {
	defer recovered(&err)
	n, t, err := read(doc, true)
	if err != nil {
		return nil, err
	}
	if !streams.IsOrExtendsActivityStreamsActivity(t) || classes[typeOf(n.tree)] == isObject {
		return nil, malformed("%s is no activity", typeOf(n.tree))
	}
	e, err := envelope(n.tree, doc)
	if err != nil {
		return nil, err
	}
	a = &federation.Activity{ID: e.ID, Type: e.Type, Actor: e.Actor, Object: e.Object}
	if err := n.activity(a, 0); err != nil {
		return nil, err
	}
	return a, nil
}

// activity fills in everything but the envelope.
func (n *node) activity(a *federation.Activity, depth int) error {
	m := n.tree
	a.Objects = idsOf(m["object"], maxObjects)
	a.Target, a.Origin = idOf(m["target"]), idOf(m["origin"])
	a.Content = CleanText(cut(localised(m, "content"), maxSummary))
	a.To, a.Cc = idsOf(m["to"], maxList), idsOf(m["cc"], maxList)
	a.Bto, a.Bcc = idsOf(m["bto"], maxList), idsOf(m["bcc"], maxList)
	a.Published = moment(m["published"])
	a.Extra = n.extra(activityFields)
	a.Raw = n.raw
	if c := n.child("object"); c != nil {
		return c.enclose(a, depth)
	}
	return nil
}

// maxInner is how many activities may be inside each other:
// Announce{Undo{Accept{Follow}}}.
const maxInner = 4

// enclose puts what came along into its field of a.
func (n *node) enclose(a *federation.Activity, depth int) error {
	kind := typeOf(n.tree)
	switch {
	case kind == "": // an id in an object
		return nil
	case classes[kind] == isLink:
		return nil
	case classes[kind] == isActor:
		if p, err := n.actor(); err == nil { // if not, its id is enough
			a.Profile = p
		}
		return nil
	case n.isActivity():
		return n.inner(a, depth)
	}
	o, err := n.object()
	if err != nil {
		return err
	}
	a.Enclosed = o
	return nil
}

// isActivity reports whether go-fed was told that this is an activity.
func (n *node) isActivity() bool {
	if l, ok := n.tree["type"].([]any); ok && len(l) == 2 {
		return l[1] == streams.ActivityStreamsActivityName
	}
	return classes[typeOf(n.tree)] == isActivity
}

func (n *node) inner(a *federation.Activity, depth int) error {
	if depth >= maxInner {
		return malformed("activities inside each other")
	}
	id, err := ownID(n.tree)
	if err != nil {
		return err
	}
	// That it has one actor is a matter of whoever believes it: an inner
	// activity of several actors is nobody's.
	actor, _ := sole(n.tree["actor"])
	in := &federation.Activity{ID: id, Type: typeOf(n.tree), Actor: actor, Object: idOf(n.tree["object"])}
	if err := n.activity(in, depth+1); err != nil {
		return err
	}
	a.Inner = in
	if a.Type == "Announce" && (in.Type == "Create" || in.Type == "Update" || in.Type == "Delete") && in.Object != "" {
		a.Object = in.Object
		a.Objects = in.Objects
	}
	return nil
}

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// recovered turns a panic into an error, as the last resort against what a
// stranger sends.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = malformed("%v", p)
	}
}
