// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

// question asks and offers answers: a poll. We store it and show it.
var question = Noun{Type: "Question", Check: titled, Context: `"votersCount":"toot:votersCount"`}

// Answers returns the texts one may choose from in a poll.
func Answers(o *Object) []string {
	var list []struct{ Name string }
	for _, key := range []string{"oneOf", "anyOf"} {
		if read(o.Extra[key], &list); len(list) > 0 {
			break
		}
	}
	var names []string
	for _, a := range list {
		names = append(names, a.Name)
	}
	return names
}
