// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

// names are the strings that nearly every document repeats. A map to itself
// finds them without an allocation.
var names = func() map[string]string {
	m := map[string]string{}
	for _, s := range []string{
		"@context", "id", "type", "actor", "object", "target", "to", "cc", "attributedTo", "content", "contentMap",
		"summary", "published", "updated", "url", "inReplyTo", "conversation", "context", "sensitive", "attachment", "tag",
		"replies", "first", "next", "partOf", "items", "totalItems", "likes", "shares", "name", "href", "mediaType",
		"atomUri", "inReplyToAtomUri", "icon", "image", "width", "height", "blurhash", "focalPoint", "location",
		"latitude", "longitude", "address", "startTime", "endTime", "publicKey", "publicKeyPem", "owner", "endpoints",
		"signature", "signatureValue", "creator", "created", "interactionPolicy", "canQuote", "automaticApproval",
		"Note", "Create", "Update", "Delete", "Announce", "Follow", "Accept", "Undo", "Like", "Mention", "Hashtag", "Document",
		"Image", "Event", "Place", "PostalAddress", "Collection", "CollectionPage", "Person", "Tombstone",
		"https://www.w3.org/ns/activitystreams", "https://www.w3.org/ns/activitystreams#Public", "text/html", "image/jpeg",
		"image/png", "en", "fr", "de", "toot", "ostatus", "schema", "@id", "@type", "@container", "@list",
	} {
		m[s] = s
	}
	return m
}()
