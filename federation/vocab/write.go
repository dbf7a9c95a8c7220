// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"codeberg.org/maillage/maillage/federation"
)

// A writer writes one JSON document, members in the order in which they are
// put. Empty strings, addresses and times are left out; lists are always
// arrays. The first error stays.
type writer struct {
	b    []byte
	name []map[string]bool // the names written, of each object that is open
	err  error
	seen bool // what is not for everybody is written, too
}

func (w *writer) open() {
	w.b = append(w.b, '{')
	w.name = append(w.name, map[string]bool{})
}

func (w *writer) close() {
	w.b = append(w.b, '}')
	w.name = w.name[:len(w.name)-1]
}

// key begins a member. The same one twice would be refused by everyone.
func (w *writer) key(name string) {
	seen := w.name[len(w.name)-1]
	if seen[name] && w.err == nil {
		w.err = fmt.Errorf("property %s written twice", name)
	}
	if len(seen) > 0 {
		w.b = append(w.b, ',')
	}
	seen[name] = true
	w.quote(name)
	w.b = append(w.b, ':')
}

func (w *writer) quote(s string) {
	w.b, _ = jsontext.AppendQuote(w.b, strings.ToValidUTF8(s, "\ufffd"))
}

func (w *writer) must(name, s string) {
	w.key(name)
	w.quote(s)
}

func (w *writer) text(name, s string) {
	if s != "" {
		w.must(name, s)
	}
}

func (w *writer) iri(name string, i federation.IRI) { w.text(name, string(i)) }

func (w *writer) truth(name string, v bool) {
	w.key(name)
	w.b = strconv.AppendBool(w.b, v)
}

func (w *writer) count(name string, n int) {
	w.key(name)
	w.b = strconv.AppendInt(w.b, int64(n), 10)
}

// float writes a number that is no integer, whatever its value: Mobilizon
// loses a latitude of 45.
func (w *writer) float(f float64) {
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	w.b = append(w.b, s...)
}

// stamp writes when something was published or edited.
func (w *writer) stamp(name string, t time.Time) {
	if !t.IsZero() {
		w.must(name, t.UTC().Format(time.RFC3339))
	}
}

// moment writes when something happens, with its offset.
func (w *writer) moment(name string, t time.Time) {
	if !t.IsZero() {
		w.must(name, t.Format(time.RFC3339))
	}
}

// iris writes a list of addresses, even if it is empty.
func (w *writer) iris(name string, ids []federation.IRI) {
	w.list(name, len(ids), func(i int) { w.quote(string(ids[i])) })
}

// list writes an array of n elements.
func (w *writer) list(name string, n int, element func(i int)) {
	w.key(name)
	w.b = append(w.b, '[')
	for i := range n {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		element(i)
	}
	w.b = append(w.b, ']')
}

// object writes a member that is an object.
func (w *writer) object(name string, inside func()) {
	w.key(name)
	w.open()
	inside()
	w.close()
}

// raw writes a member that is JSON already.
func (w *writer) raw(name string, v json.RawMessage) {
	w.key(name)
	w.verbatim(v)
}

// verbatim writes JSON without its white space.
func (w *writer) verbatim(v json.RawMessage) {
	b, err := jsontext.AppendFormat(w.b, v, jsontext.AllowInvalidUTF8(true), jsontext.PreserveRawStrings(true))
	if err != nil {
		w.err = fmt.Errorf("a property that is not JSON: %w", err)
		return
	}
	w.b = b
}

// extra writes the properties that have no field in the model, in the order of
// their names. They cannot replace one that has.
func (w *writer) extra(m map[string]json.RawMessage) {
	seen := w.name[len(w.name)-1]
	for _, name := range slices.Sorted(maps.Keys(m)) {
		switch {
		case seen[name], len(m[name]) == 0, strings.HasPrefix(name, "@"), name == "bto", name == "bcc", name == "signature":
		default:
			w.raw(name, m[name])
		}
	}
}

// document returns what was written.
func (w *writer) document() ([]byte, error) {
	if w.err != nil {
		return nil, w.err
	}
	return w.b, nil
}
