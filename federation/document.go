// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

// document is a file, or says what was handed over or paid, FEP-0837; image is one
// to look at.
var (
	document = Noun{Type: "Document", Check: linked, Context: proposalContext}
	image    = Noun{Type: "Image", Check: linked}
)

// linked wants an address where the file is.
func linked(o *Object) error {
	if o.URL == "" && len(o.Attachments) == 0 {
		return field("url", "error_url_missing", "%s without an address", o.Type)
	}
	return nil
}
