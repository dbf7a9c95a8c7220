// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import "strings"

// note is a short text.
var note = Noun{Type: "Note", Check: func(o *Object) error {
	if o.Content == "" && len(o.Attachments) == 0 && o.Name == "" {
		return field("content", "error_content_missing", "an empty note")
	}
	return nil
}}

// page is what forums call a post (Lemmy, PieFed). Its title is its name.
var page = Noun{Type: "Page", Check: titled}

// titled wants a name or a text.
func titled(o *Object) error {
	if o.Name == "" && o.Content == "" {
		return field("name", "error_name_missing", "%s without a name", o.Type)
	}
	return nil
}

// index is what can be said of any object: its words, tags, place and time.
// The kind of a plain noun is its type in lower case.
func index(o *Object) Index {
	x := Index{Kind: strings.ToLower(o.Type), Start: o.Start, End: o.End, Text: o.Name + "\n" + o.Summary + "\n" + o.Content}
	for _, t := range o.Tags {
		if t.Type == "Hashtag" && len(x.Tags) < maxTags {
			x.Tags = append(x.Tags, Hashtag(t.Name))
		}
	}
	if o.Location != nil {
		x.Point = o.Location.Point
		x.Text += "\n" + o.Location.Name + "\n" + o.Location.City
	}
	return x
}

// maxTags is how many hashtags of a post count.
const maxTags = 50

// Hashtag returns the form of a hashtag that is compared: no #, lower case.
// FEP-eb48.
func Hashtag(name string) string {
	return strings.ToLower(strings.TrimPrefix(name, "#"))
}
