// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// withNumbers adds to the document of an event how many come and how many
// places are left, as Mobilizon names it. They are reckoned when the event is
// fetched: nobody is sent an Update for each answer.
func withNumbers(o *federation.Object, taken int, doc []byte) []byte {
	e := federation.EventOf(o)
	end := bytes.LastIndexByte(doc, '}')
	if !e.TakesAnswers() || end < 2 {
		return doc
	}
	for _, name := range []string{"participantCount", "remainingAttendeeCapacity", "proof"} { // its author counts, or signed the bytes
		if _, ok := o.Extra[name]; ok {
			return doc
		}
	}
	numbers := fmt.Sprintf(`,"participantCount":%d`, taken)
	if e.Capacity > 0 {
		numbers += fmt.Sprintf(`,"remainingAttendeeCapacity":%d`, max(0, e.Capacity-taken))
	}
	return append(append(bytes.Clone(doc[:end]), numbers...), doc[end:]...)
}

// attendees says how many come to an event, not who.
func (d *Documents) attendees(ctx context.Context, r *http.Request) (document, error) {
	id, err := d.publicObject(ctx, r)
	if err != nil {
		return document{}, err
	}
	return d.collection(ctx, r, func(ctx context.Context, tx *store.Tx) (int, error) { return tx.Taken(ctx, id) }, nil)
}
