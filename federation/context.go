// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Namespace is where our own terms live. Each is documented in docs/ns.md.
const Namespace = "https://codeberg.org/maillage/maillage/ns#"

// The JSON-LD terms of our documents, one fixed text per family, so that a
// document's bytes never change by themselves. Members of a JSON object,
// without the braces. schema.org is "http://schema.org#", as the Fediverse
// writes it, and nothing but the contexts everyone has cached is remote.
const (
	commonContext = `"Hashtag":"as:Hashtag","sensitive":"as:sensitive",` +
		`"toot":"http://joinmastodon.org/ns#","focalPoint":{"@id":"toot:focalPoint","@container":"@list"},"blurhash":"toot:blurhash",` +
		`"schema":"http://schema.org#","address":"schema:address","PostalAddress":"schema:PostalAddress",` +
		`"streetAddress":"schema:streetAddress","postalCode":"schema:postalCode","addressLocality":"schema:addressLocality",` +
		`"addressRegion":"schema:addressRegion","addressCountry":"schema:addressCountry","inLanguage":"schema:inLanguage",` +
		`"gts":"https://gotosocial.org/ns#","interactionPolicy":{"@id":"gts:interactionPolicy","@type":"@id"},` +
		`"canQuote":{"@id":"gts:canQuote","@type":"@id"},"automaticApproval":{"@id":"gts:automaticApproval","@type":"@id"},` +
		`"VirtualLocation":"https://w3id.org/fep/8a8e/VirtualLocation",` +
		`"maillage":"` + Namespace + `"`

	// FEP-0837 exactly, and what it does not name: how an exchange is made,
	// what kind of thing it is about, and what a price is made of.
	proposalContext = `"om2":"http://www.ontology-of-units-of-measure.org/resource/om-2/","vf":"https://w3id.org/valueflows/ont/vf#",` +
		`"Proposal":"vf:Proposal","Intent":"vf:Intent","Agreement":"vf:Agreement","Commitment":"vf:Commitment",` +
		`"EconomicEvent":"vf:EconomicEvent","action":"vf:action","purpose":"vf:purpose","unitBased":"vf:unitBased",` +
		`"publishes":"vf:publishes","reciprocal":"vf:reciprocal","resourceConformsTo":{"@id":"vf:resourceConformsTo","@type":"@id"},` +
		`"resourceQuantity":"vf:resourceQuantity","availableQuantity":"vf:availableQuantity","minimumQuantity":"vf:minimumQuantity",` +
		`"satisfies":{"@id":"vf:satisfies","@type":"@id"},"stipulates":"vf:stipulates","stipulatesReciprocal":"vf:stipulatesReciprocal",` +
		`"fulfills":{"@id":"vf:fulfills","@type":"@id"},"due":{"@id":"vf:due","@type":"http://www.w3.org/2001/XMLSchema#dateTime"},"hasUnit":"om2:hasUnit","hasNumericalValue":"om2:hasNumericalValue",` +
		`"exchangeMode":"maillage:exchangeMode","resourceCategory":"maillage:resourceCategory",` +
		`"priceBreakdown":{"@id":"maillage:priceBreakdown","@container":"@list"},"amount":"maillage:amount","kind":"maillage:kind",` +
		`"agreesAtOnce":"maillage:agreesAtOnce","cancelHours":"maillage:cancelHours","threshold":"maillage:threshold","dates":{"@id":"maillage:dates","@container":"@list"},"payments":"maillage:payments",` +
		`"repeats":"maillage:repeats","noticeDays":"maillage:noticeDays","changeHours":"maillage:changeHours","renews":{"@id":"maillage:renews","@type":"@id"},"renewal":{"@id":"maillage:renewal","@type":"@id"},"refuses":"maillage:refuses",` +
		`"fep8a8e":"https://w3id.org/fep/8a8e/","timezone":"fep8a8e:timezone",` +
		`"schedule":{"@id":"maillage:schedule","@container":"@list"},"paymentLink":{"@id":"maillage:paymentLink","@type":"@id"},` +
		`"contact":"maillage:contact","intermediaries":"maillage:intermediaries","producedAt":"maillage:producedAt",` +
		`"readers":{"@id":"maillage:readers","@type":"@json"},"excerpt":"maillage:excerpt"`

	eventContext = `"fep8a8e":"https://w3id.org/fep/8a8e/","timezone":"fep8a8e:timezone",` +
		`"eventStatus":{"@id":"fep8a8e:eventStatus","@type":"@vocab"},"EventScheduled":"fep8a8e:EventScheduled",` +
		`"EventCancelled":"fep8a8e:EventCancelled","EventPostponed":"fep8a8e:EventPostponed",` +
		`"EventRescheduled":"fep8a8e:EventRescheduled","EventMovedOnline":"fep8a8e:EventMovedOnline",` +
		`"EventTentative":"fep8a8e:EventTentative",` +
		`"previousStartTime":{"@id":"fep8a8e:previousStartTime","@type":"http://www.w3.org/2001/XMLSchema#dateTime"},` +
		`"displayEndTime":"fep8a8e:displayEndTime","joinMode":"fep8a8e:joinMode",` +
		`"externalParticipationUrl":"fep8a8e:externalParticipationUrl",` +
		`"attendees":{"@id":"fep8a8e:attendees","@type":"@id"},"organizers":{"@id":"fep8a8e:organizers","@type":"@id"},` +
		`"category":{"@id":"fep8a8e:category","@container":"@list"},"isBannerImage":"fep8a8e:isBannerImage",` +
		`"ical":"http://www.w3.org/2002/12/cal/ical#","status":"ical:status","mz":"https://joinmobilizon.org/ns#",` +
		`"isOnline":"mz:isOnline","participantCount":"mz:participantCount","participationMessage":"mz:participationMessage",` +
		`"anonymousParticipationEnabled":"mz:anonymousParticipationEnabled",` +
		`"maximumAttendeeCapacity":"schema:maximumAttendeeCapacity","remainingAttendeeCapacity":"schema:remainingAttendeeCapacity","companions":"maillage:companions",` +
		`"isBasedOn":{"@id":"schema:isBasedOn","@type":"@id"},` +
		`"om2":"http://www.ontology-of-units-of-measure.org/resource/om-2/","vf":"https://w3id.org/valueflows/ont/vf#",` +
		`"Intent":"vf:Intent","action":"vf:action","resourceQuantity":"vf:resourceQuantity",` +
		`"hasUnit":"om2:hasUnit","hasNumericalValue":"om2:hasNumericalValue",` +
		`"slots":{"@id":"maillage:slots","@type":"@id"},"helpersShown":"maillage:helpersShown",` +
		`"series":{"@id":"maillage:series","@type":"@id"},` +
		`"pt":"https://joinpeertube.org/ns#","commentsEnabled":"pt:commentsEnabled"`

	actorContext = `"manuallyApprovesFollowers":"as:manuallyApprovesFollowers","alsoKnownAs":{"@id":"as:alsoKnownAs","@type":"@id"},` +
		`"movedTo":{"@id":"as:movedTo","@type":"@id"},"featured":{"@id":"toot:featured","@type":"@id"},` +
		`"canFeature":{"@id":"https://w3id.org/fep/7aa9#canFeature","@type":"@id"},"discoverable":"toot:discoverable",` +
		`"indexable":"toot:indexable","PropertyValue":"schema:PropertyValue","value":"schema:value",` +
		`"webfinger":"https://purl.archive.org/socialweb/webfinger#webfinger","fep8a8e":"https://w3id.org/fep/8a8e/",` +
		`"upcomingEvents":{"@id":"fep8a8e:upcomingEvents","@type":"@id"},` +
		`"moderators":{"@id":"https://join-lemmy.org/ns#moderators","@type":"@id"},` +
		`"postingRestrictedToMods":"https://join-lemmy.org/ns#postingRestrictedToMods","mz":"https://joinmobilizon.org/ns#",` +
		`"memberCount":"mz:memberCount","members":{"@id":"mz:members","@type":"@id"},"openness":"mz:openness",` +
		`"offers":{"@id":"maillage:offers","@type":"@id"},"needs":{"@id":"maillage:needs","@type":"@id"},` +
		`"charters":{"@id":"maillage:charters","@type":"@id"},"endorsements":{"@id":"maillage:endorsements","@type":"@id"},` +
		`"adhesions":{"@id":"maillage:adhesions","@type":"@id"}`
)

// The contexts a document may name instead of spelling out.
const (
	// PlainContext is the "@context" of a document that uses ActivityStreams
	// alone.
	PlainContext     = `"https://www.w3.org/ns/activitystreams"`
	securityContext  = `"https://w3id.org/security/v1"`
	multikeyContext  = `"https://www.w3.org/ns/cid/v1"`
	integrityContext = `"https://w3id.org/security/data-integrity/v2"`
)

// Each noun's whole "@context", put together once.
var contexts = func() map[string]string {
	m := map[string]string{}
	for name, n := range nouns {
		m[name] = whole(PlainContext, commonContext, n.Context)
	}
	return m
}()

var (
	// ActorContext is the "@context" of an actor's document.
	ActorContext = whole(PlainContext+","+securityContext+","+multikeyContext, commonContext, actorContext)
	// SharedContext is the "@context" of a document that may hold objects of
	// every kind: a page of an outbox, or an activity with properties of its
	// own such as a result.
	SharedContext = func() string {
		terms := []string{commonContext}
		for _, name := range slices.Sorted(maps.Keys(nouns)) {
			terms = append(terms, nouns[name].Context)
		}
		return whole(PlainContext, terms...)
	}()
)

// ContextOf returns the "@context" of a document that holds o: the family of
// its noun, or everything for a type that is no noun of ours, such as an
// agreement. It is JSON, ready to be written.
func ContextOf(o *Object) string {
	if o.Gone() {
		return PlainContext
	}
	c := SharedContext
	if n, ok := NounOf(o); ok {
		c = contexts[n.Type]
	}
	if _, signed := o.Extra["proof"]; signed { // FEP-8b32
		return strings.Replace(c, PlainContext, PlainContext+","+integrityContext, 1)
	}
	return c
}

// Covered reports whether [SharedContext] defines all that context c does, so
// that a document of the one can embed one of the other without repeating it.
func Covered(c string) bool {
	if c == PlainContext || c == SharedContext {
		return true
	}
	for _, known := range contexts {
		if c == known {
			return true
		}
	}
	return false
}

// whole joins contexts that are named and terms that are spelt out. A term that
// several families use is defined once.
func whole(named string, families ...string) string {
	var terms []string
	seen := map[string]bool{}
	for _, f := range families {
		d := json.NewDecoder(strings.NewReader("{" + f + "}"))
		_, _ = d.Token() // the brace
		for d.More() {
			var value json.RawMessage
			key, err := d.Token()
			if err != nil || d.Decode(&value) != nil {
				break // a constant that is not JSON: the tests read every context
			}
			if name, _ := key.(string); !seen[name] {
				seen[name] = true
				terms = append(terms, `"`+name+`":`+string(value))
			}
		}
	}
	return "[" + named + ",{" + strings.Join(terms, ",") + "}]"
}
