// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

// article is a longer text with a title: a guide, a report. FEP-b2b8.
var article = Noun{Type: "Article", Check: func(o *Object) error {
	if o.Name == "" {
		return field("name", "error_name_missing", "an article without a title")
	}
	return nil
}}
