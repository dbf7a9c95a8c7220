// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"codeberg.org/maillage/maillage/federation"
)

// What one document may hold: rules R16 and R18. A node is an object or an
// array; a page of an outbox has a few hundred.
const (
	MaxDocument = 1 << 20 // bytes
	maxDepth    = 32
	maxNodes    = 2000
	maxValues   = 20000
)

// Gate says whether doc is fit to be read at all: valid UTF-8, one JSON object
// and nothing after it, no name twice in an object (escapes resolved), bounded
// in size, depth and number of nodes, and without the JSON-LD keywords that let
// a document say something else than what it seems to.
func Gate(doc []byte) error {
	_, err := scan(doc, false)
	return err
}

// scan is the gate, and builds the tree of doc if it is to be kept.
func scan(doc []byte, keep bool) (map[string]any, error) {
	if len(doc) > MaxDocument {
		return nil, malformed("a document of %d bytes", len(doc))
	}
	if !utf8.Valid(doc) {
		return nil, malformed("not UTF-8")
	}
	s := scanner{dec: newDecoder(doc), keep: keep}
	if s.dec.PeekKind() != '{' {
		return nil, malformed("not a JSON object")
	}
	v, err := s.value(0)
	if err != nil {
		return nil, err
	}
	if _, err := s.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, malformed("more than one document")
	}
	m, _ := v.(map[string]any)
	return m, nil
}

// newDecoder reads doc. Bytes that are not UTF-8 have been refused before:
// allowing them here is for lone surrogates behind escapes, which become U+FFFD.
func newDecoder(doc []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewBuffer(doc), jsontext.AllowInvalidUTF8(true))
}

type scanner struct {
	dec           *jsontext.Decoder
	keep          bool // build the tree
	nodes, values int
}

// value reads the next value. Nulls are as good as absent and become nil.
func (s *scanner) value(depth int) (any, error) {
	kind := s.dec.PeekKind()
	if kind == '{' || kind == '[' {
		s.nodes++
		depth++
	}
	if s.values++; s.values > maxValues || s.nodes > maxNodes || depth > maxDepth {
		return nil, malformed("too large: %d nodes, %d values, %d deep", s.nodes, s.values, depth)
	}
	switch kind {
	case '{':
		return s.object(depth)
	case '[':
		return s.array(depth)
	}
	raw, err := s.dec.ReadValue()
	if err != nil {
		return nil, malformed("%w", err)
	}
	if !s.keep {
		return nil, nil
	}
	return scalar(raw), nil
}

func (s *scanner) object(depth int) (any, error) {
	if _, err := s.dec.ReadToken(); err != nil {
		return nil, malformed("%w", err)
	}
	var m map[string]any
	if s.keep {
		m = make(map[string]any, 8)
	}
	for s.dec.PeekKind() != '}' {
		name, err := s.name()
		if err != nil {
			return nil, err
		}
		v, err := s.value(depth)
		if err != nil {
			return nil, err
		}
		if s.keep && v != nil {
			m[name] = v
		}
	}
	_, err := s.dec.ReadToken()
	return m, wrap(err)
}

// name reads the name of a member.
func (s *scanner) name() (string, error) {
	raw, err := s.dec.ReadValue()
	if err != nil {
		return "", malformed("%w", err)
	}
	name := unquote(raw)
	switch name {
	case "@graph", "@included", "@reverse":
		return "", malformed("%s is not read", name)
	}
	return name, nil
}

func (s *scanner) array(depth int) (any, error) {
	if _, err := s.dec.ReadToken(); err != nil {
		return nil, malformed("%w", err)
	}
	var list []any
	for s.dec.PeekKind() != ']' {
		v, err := s.value(depth)
		if err != nil {
			return nil, err
		}
		if s.keep && v != nil && len(list) < maxList {
			list = append(list, v)
		}
	}
	_, err := s.dec.ReadToken()
	if !s.keep {
		return nil, wrap(err)
	}
	return list, wrap(err)
}

// scalar converts a JSON scalar the way encoding/json does.
func scalar(raw jsontext.Value) any {
	switch raw.Kind() {
	case '"':
		return unquote(raw)
	case 't':
		return true
	case 'f':
		return false
	case '0':
		if f, err := strconv.ParseFloat(string(raw), 64); err == nil && !math.IsInf(f, 0) {
			return f
		}
	}
	return nil
}

// unquote returns the string in a JSON string that the decoder has checked.
func unquote(raw []byte) string {
	if bytes.IndexByte(raw, '\\') < 0 {
		raw = raw[1 : len(raw)-1]
		if known, ok := names[string(raw)]; ok {
			return known // saves the allocation
		}
		return string(raw)
	}
	b, _ := jsontext.AppendUnquote(nil, raw) // a lone surrogate is U+FFFD by now
	return string(b)
}

// malformed makes an error that is a [federation.ErrMalformed].
func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{federation.ErrMalformed}, args...)...)
}

func wrap(err error) error {
	if err != nil {
		return malformed("%w", err)
	}
	return nil
}
