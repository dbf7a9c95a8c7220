// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"fmt"

	"codeberg.org/maillage/maillage/federation"
)

// DecodeActor reads an actor, which must have an id and an inbox. What is no
// actor is [federation.ErrUnsupported]; the tombstone of one is
// [federation.ErrGone]. Handle is left empty: only WebFinger proves it.
func DecodeActor(doc []byte) (a *federation.Actor, err error) {
	defer recovered(&err)
	n, _, err := read(doc, false)
	if err != nil {
		return nil, err
	}
	switch kind := typeOf(n.tree); {
	case kind == "Tombstone":
		return nil, fmt.Errorf("%w: %s", federation.ErrGone, idOf(n.tree))
	case classes[kind] != isActor:
		return nil, unsupported("%s is no actor", kind)
	}
	return n.actor()
}

func (n *node) actor() (*federation.Actor, error) {
	m := n.tree
	id, err := ownID(m)
	if err != nil {
		return nil, err
	}
	endpoints, _ := m["endpoints"].(map[string]any)
	a := &federation.Actor{
		ID: id, Type: typeOf(m),
		Username: oneLine(cut(text(m["preferredUsername"]), maxName)),
		Name:     oneLine(cut(localised(m, "name"), maxName)),
		Summary:  SanitizeHTML(cut(localised(m, "summary"), maxSummary)),
		URL:      link(m["url"], "text/html"),
		Icon:     picture(m["icon"]), Image: picture(m["image"]),
		Inbox: idOf(m["inbox"]), SharedInbox: idOf(endpoints["sharedInbox"]), Outbox: idOf(m["outbox"]),
		Followers: idOf(m["followers"]), Following: idOf(m["following"]), Featured: idOf(m["featured"]),
		Locked:       truth(m["manuallyApprovesFollowers"]),
		Discoverable: truth(m["discoverable"]),
		Indexable:    truth(m["indexable"]),
		AlsoKnownAs:  idsOf(m["alsoKnownAs"], maxAliases),
		MovedTo:      idOf(m["movedTo"]),
		Location:     place(m["location"]),
		Fields:       fields(m["attachment"]),
		Tags:         tags(m["tag"]),
		Published:    moment(m["published"]), Updated: moment(m["updated"]),
	}
	a.Keys = keys(m, id)
	if a.ID == "" || a.Inbox == "" {
		return nil, malformed("an actor without an id or an inbox")
	}
	return a, nil
}

// fields reads the lines of a profile.
func fields(v any) (all []federation.Field) {
	for _, e := range list(v) {
		m, ok := e.(map[string]any)
		if !ok || len(all) == maxFields {
			continue
		}
		switch typeOf(m) {
		case "PropertyValue", "schema:PropertyValue", "http://schema.org#PropertyValue":
		default:
			continue
		}
		f := federation.Field{
			Name:  oneLine(cut(localised(m, "name"), maxField)),
			Value: SanitizeHTML(cut(text(m["value"]), maxField)),
		}
		if f.Name != "" || f.Value != "" {
			all = append(all, f)
		}
	}
	return all
}

func unsupported(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{federation.ErrUnsupported}, args...)...)
}
