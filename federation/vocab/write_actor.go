// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"cmp"
	"crypto/ed25519"
	"encoding/json"

	"codeberg.org/maillage/maillage/federation"
)

// ActorLinks are the properties of one of our actors that the model does not
// hold, because a peer's are not read.
type ActorLinks struct {
	Webfinger string // user@host, FEP-2c59; the actor's handle if empty

	UpcomingEvents, Offers, Needs, Charters, Endorsements federation.IRI

	Moderators, Members federation.IRI // of a circuit
	MemberCount         int
	Openness            string // open, moderated or invite_only: who may join a circuit
}

// LinksOf returns where an actor of ours has its collections: below its id. The
// instance itself has none.
func LinksOf(a *federation.Actor) ActorLinks {
	if a.Type == "Application" || a.Type == "Service" {
		return ActorLinks{}
	}
	l := ActorLinks{
		UpcomingEvents: a.ID + "/upcoming-events",
		Offers:         a.ID + "/offers",
	}
	if a.Type == "Group" {
		l.Members = a.ID + "/members"
	}
	return l
}

// EncodeActor writes an actor of ours as it is served and delivered.
func EncodeActor(a *federation.Actor, links ActorLinks) ([]byte, error) {
	w := &writer{}
	w.open()
	w.raw("@context", json.RawMessage(federation.ActorContext))
	w.actor(a, links)
	w.close()
	return w.document()
}

// actor writes the members of a after its "@context".
func (w *writer) actor(a *federation.Actor, l ActorLinks) {
	w.iri("id", a.ID)
	w.must("type", a.Type)
	w.must("preferredUsername", a.Username)
	w.text("webfinger", cmp.Or(l.Webfinger, a.Handle)) // FEP-2c59
	w.text("name", a.Name)
	w.text("summary", a.Summary)
	w.text("url", a.URL)
	w.iri("inbox", a.Inbox)
	w.iri("outbox", a.Outbox)
	w.iri("followers", a.Followers)
	w.iri("following", a.Following)
	w.iri("featured", a.Featured)
	if a.SharedInbox != "" {
		w.object("endpoints", func() { w.iri("sharedInbox", a.SharedInbox) })
	}
	w.portrait("icon", a.Icon)
	w.portrait("image", a.Image)
	if l.Moderators != "" { // FEP-1b12, and Lemmy's own name for it
		w.iri("attributedTo", l.Moderators)
		w.iri("moderators", l.Moderators)
		w.truth("postingRestrictedToMods", false)
	}
	w.truth("manuallyApprovesFollowers", a.Locked)
	w.truth("discoverable", a.Discoverable)
	w.truth("indexable", a.Indexable)
	w.stamp("published", a.Published)
	w.stamp("updated", a.Updated)
	if len(a.AlsoKnownAs) > 0 {
		w.iris("alsoKnownAs", a.AlsoKnownAs)
	}
	w.iri("movedTo", a.MovedTo)
	w.keys(a)
	w.place(a.Location)
	w.tags(a.Tags)
	w.fields(a.Fields)
	if a.Discoverable {
		w.object("interactionPolicy", func() { w.approval("canFeature") })
	}
	w.collections(l)
}

func (w *writer) collections(l ActorLinks) {
	if l.Members != "" {
		w.iri("members", l.Members)
		if l.MemberCount > 0 {
			w.count("memberCount", l.MemberCount)
		}
		w.text("openness", l.Openness)
	}
	w.iri("upcomingEvents", l.UpcomingEvents)
	w.iri("offers", l.Offers)
	w.iri("needs", l.Needs)
	w.iri("charters", l.Charters)
	w.iri("endorsements", l.Endorsements)
}

// portrait writes a picture as Mastodon reads it.
func (w *writer) portrait(name string, m *federation.Media) {
	if m == nil {
		return
	}
	w.object(name, func() {
		w.must("type", "Image")
		w.text("mediaType", m.MediaType)
		w.must("url", m.URL)
		w.text("name", m.Name)
	})
}

// keys writes the first RSA key as the one that signs requests, and every
// Ed25519 key as a Multikey. FEP-521a.
func (w *writer) keys(a *federation.Actor) {
	var multi []federation.Key
	rsa := false
	for _, k := range a.Keys {
		switch {
		case k.Algorithm == "ed25519":
			multi = append(multi, k)
		case !rsa:
			rsa = true
			w.object("publicKey", func() {
				w.iri("id", k.ID)
				w.iri("owner", a.ID)
				w.must("publicKeyPem", k.PEM)
			})
		}
	}
	if len(multi) == 0 {
		return
	}
	w.list("assertionMethod", len(multi), func(i int) {
		key, ok := parsePEM(multi[i].PEM).(ed25519.PublicKey)
		if !ok {
			w.err = malformed("key %s is not Ed25519", multi[i].ID)
		}
		w.open()
		w.iri("id", multi[i].ID)
		w.must("type", "Multikey")
		w.iri("controller", a.ID)
		w.must("publicKeyMultibase", Multikey(key))
		w.close()
	})
}

func (w *writer) fields(fields []federation.Field) {
	w.list("attachment", len(fields), func(i int) {
		w.open()
		w.must("type", "PropertyValue")
		w.must("name", fields[i].Name)
		w.must("value", fields[i].Value)
		w.close()
	})
}
